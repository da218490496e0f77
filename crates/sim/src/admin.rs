//! The admin API under `/_holdpoint/`: furnish, people, record, facts, behave. Its contract is docs/simulator.md.

use serde_json::{Value, json};

use crate::clock::epoch_seconds;
use crate::core::{Core, Delivery, Reply, Request};
use crate::directory::serial;
use crate::ecs::model::{DeploymentStatus, RolloutState};
use crate::furnish::{Change, Furnishing};
use crate::inspection;
use crate::journal::{JournalError, Line};
use crate::overview::overview;
use crate::people::Credentials;
use crate::registry::Stocked;
use crate::world::World;

/// What the process is, for `health`.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) seed: u64,
    pub(crate) speed: f64,
    pub(crate) scenario: String,
}

/// An answer, and whether the process is to end after it.
pub(crate) struct Answered {
    pub(crate) reply: Reply,
    pub(crate) ends: bool,
}

/// Answers a call under `/_holdpoint/`.
pub(crate) fn answer(
    core: &mut Core,
    identity: &Identity,
    request: &Request,
    stocked: Vec<Stocked>,
) -> Result<Answered, JournalError> {
    core.tick()?;
    let t = core.elapsed();
    let action = request.path.strip_prefix("/_holdpoint/").unwrap_or_default();
    // Asking how it is does not keep it from ending for idleness.
    if action != "health" {
        core.active_at = t;
    }
    let mut ends = false;
    let answer = match (request.method.as_str(), action) {
        ("GET", "health") => Ok(json!({
            "ok": true,
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "seed": identity.seed,
            "speed": identity.speed,
            "scenario": identity.scenario,
            "elapsed": epoch_seconds(t),
        })),
        ("GET", "people") => Ok(json!({"people": people(&core.world), "users": users(&core.world)})),
        ("GET", "record") => Ok(json!({
            "calls": core.world.record.calls,
            "throttled": core.world.record.throttled,
            "answered": core.answered
        })),
        ("GET", "estate") => Ok(overview(&core.world)),
        ("GET", "facts") => {
            Ok(json!({"deployments": facts(&core.world), "operations": operations(&core.world)}))
        }
        ("GET", "") => return Ok(Answered { reply: inspection::page(core, identity), ends: false }),
        ("POST", "furnish") => furnish(core, t, &request.body, stocked)?,
        ("POST", "behave") => match parse::<Change>(&request.body) {
            // Where a repository without a host belongs is said by the world.
            Ok(change) if change.brings_images() && core.world.home.is_none() => {
                Err("repositories: furnish a world first".to_owned())
            }
            Ok(mut change) => {
                change.stocked = stocked;
                let _ = core.take_in(&Line::Behave { t, change: Box::new(change) })?;
                Ok(json!({}))
            }
            Err(reason) => Err(reason),
        },
        ("GET", "sso") => Ok(core.world.sso.state(&core.world.people, core.world.env.now_at(t))),
        ("POST", "sso/expire") => match parse(&request.body) {
            Ok(asked) => {
                let _ = core.take_in(&Line::Expire { t, asked })?;
                Ok(json!({}))
            }
            Err(reason) => Err(reason),
        },
        ("POST", "sign-in") => sign_in(core, t, &request.body)?,
        ("POST", "shutdown") => {
            ends = true;
            Ok(json!({"ok": true}))
        }
        (method, _) => {
            let body =
                json!({"error": format!("no {method} {}; the calls are in docs/simulator.md", request.path)});
            return Ok(Answered { reply: reply(404, &body), ends: false });
        }
    };
    let reply = match answer {
        Ok(body) => reply(200, &body),
        Err(reason) => mistake(&reason),
    };
    Ok(Answered { reply, ends })
}

/// The answer to something that cannot be taken in.
pub(crate) fn mistake(reason: &str) -> Reply {
    reply(400, &json!({ "error": reason }))
}

type Outcome = Result<Value, String>;

fn furnish(core: &mut Core, t: u64, body: &[u8], stocked: Vec<Stocked>) -> Result<Outcome, JournalError> {
    let mut world = match parse::<Furnishing>(body) {
        Ok(world) => world,
        Err(reason) => return Ok(Err(reason)),
    };
    if !core.world.furnished.contains(&world.digest()) {
        if let Err(reason) = world.check(&core.world) {
            return Ok(Err(reason));
        }
        world.stocked = stocked;
        let _ = core.take_in(&Line::Furnish { t, world: Box::new(world.clone()) })?;
    }
    Ok(Ok(json!({
        "account": world.account, "region": world.region, "role": world.role,
        "people": people(&core.world), "users": users(&core.world),
    })))
}

fn sign_in(core: &mut Core, t: u64, body: &[u8]) -> Result<Outcome, JournalError> {
    let asked: Value = match parse(body) {
        Ok(asked) => asked,
        Err(reason) => return Ok(Err(reason)),
    };
    let Some(name) = asked["name"].as_str().filter(|name| core.world.people.knows(name)) else {
        return Ok(Err("name: it is none of the furnished people".to_owned()));
    };
    let _ = core.take_in(&Line::SignIn { t, name: name.to_owned() })?;
    let person =
        core.world.people.current().find(|(known, _)| *known == name).map(|(name, c)| person(name, c));
    Ok(person.ok_or_else(|| format!("{name} could not sign in")))
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn people(world: &World) -> Vec<Value> {
    world.people.current().map(|(name, credentials)| person(name, credentials)).collect()
}

/// Users with long-term keys.
fn users(world: &World) -> Vec<Value> {
    let users = world.people.users();
    users
        .map(|(name, c)| {
            let mut user = person(name, c);
            user["mfa_serial"] = json!(serial(&c.caller.account, name));
            user
        })
        .collect()
}

fn person(name: &str, c: &Credentials) -> Value {
    json!({
        "name": name,
        "arn": c.caller.arn,
        "user_id": c.caller.user_id,
        "account": c.caller.account,
        "access_key_id": c.caller.access_key_id,
        "secret_access_key": c.secret,
        "session_token": c.token,
        "expired": c.expired,
    })
}

/// Ground truth of each operation of App Runner.
fn operations(world: &World) -> Vec<Value> {
    let mut facts = Vec::new();
    for ((account, region), estate) in &world.estates {
        for service in &estate.apprunner.services {
            facts.extend(service.operations.iter().map(|o| {
                json!({
                    "account": account,
                    "region": region,
                    "service": service.name,
                    "service_arn": service.arn,
                    "id": o.id,
                    "type": o.kind.name(),
                    "status": o.status.name(),
                    "started_at": epoch_seconds(o.started_at),
                    "terminal_at": o.ended_at.map(epoch_seconds),
                    "service_status": service.status.name(),
                    "held": o.held,
                })
            }));
        }
    }
    facts
}

/// Ground truth of each service deployment.
fn facts(world: &World) -> Vec<Value> {
    let mut facts = Vec::new();
    for ((account, region), estate) in &world.estates {
        for cluster in estate.ecs.clusters.values() {
            for service in cluster.services.values() {
                for d in &service.service_deployments {
                    let live = service.deployments.iter().find(|l| l.id == d.deployment_id);
                    let rollout = match (live.map(|l| l.rollout_state), d.status) {
                        (Some(RolloutState::Completed), _) | (None, DeploymentStatus::Successful) => {
                            "COMPLETED"
                        }
                        (Some(RolloutState::Failed), _) => "FAILED",
                        (Some(RolloutState::InProgress), _) => "IN_PROGRESS",
                        (None, DeploymentStatus::RollbackSuccessful | DeploymentStatus::RollbackFailed) => {
                            "FAILED"
                        }
                        (
                            None,
                            DeploymentStatus::Pending
                            | DeploymentStatus::InProgress
                            | DeploymentStatus::StopRequested
                            | DeploymentStatus::Stopped
                            | DeploymentStatus::RollbackRequested
                            | DeploymentStatus::RollbackInProgress,
                        ) => "GONE",
                    };
                    facts.push(json!({
                        "account": account,
                        "region": region,
                        "cluster": cluster.name,
                        "service": service.name,
                        "deployment_id": d.deployment_id,
                        "service_deployment_arn": d.arn,
                        "task_definition": d.task_definition,
                        "origin": d.origin,
                        "started_at": epoch_seconds(d.created_at),
                        "terminal_at": d.finished_at.filter(|_| d.status.is_terminal()).map(epoch_seconds),
                        "status": d.status.name(),
                        "rollout_state": rollout,
                        "failed_tasks": d.all_failures,
                    }));
                }
            }
        }
    }
    facts
}

fn reply(status: u16, body: &Value) -> Reply {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Reply { status, headers, body: body.to_string().into(), delivery: Delivery::Whole }
}
