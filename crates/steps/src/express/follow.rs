//! Following what Express Mode started: the new deployment of the service behind it, to its true end.

use super::settings::{self, DELETE, Standing, look, says};
use crate::ecs::{Arrival, Following, LAGS, Target, World, confirmed, read_service};
use crate::failure::{act_failed, failed, strange};
use crate::service_step::{Doing, Family};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, Deployment};
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_run::{Diagnosis, External, Judgement, OutputValue, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the deployment may take to come into being, beside what reads lag; a change of scaling alone starts none.
const APPEARS: Duration = Duration::from_secs(30);
/// Time between two looks, in plan time.
const POLL: Duration = Duration::from_millis(1500);
/// Deadline for a service to go, where the plan says nothing.
const GOES: Duration = Duration::from_secs(15 * 60);

/// Services of Express Mode, as steps change them.
pub(crate) enum Express {}

#[async_trait]
impl Family for Express {
    type World = World;

    fn keys(with: &Value) -> Vec<String> {
        settings::keys(with)
    }

    async fn content(cloud: &Cloud, key: &str) -> Result<Option<Value>, Diagnosis> {
        settings::pinned(cloud, key).await
    }

    fn rollback(action: &Action) -> Action {
        settings::undo(action)
    }

    fn world(stored: &Value) -> Result<World, Diagnosis> {
        World::from_intent(stored)
    }

    async fn send(cloud: &Cloud, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        send(cloud, &doing.planned.call, &doing.planned.input).await
    }

    /// Of a deletion: whether a configuration took effect is told by the step that made it.
    async fn settle(cloud: &Cloud, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        match doing.planned.call.as_str() {
            DELETE => deleted(cloud, doing.world).await,
            other => Err(strange(&format!("it calls {other}"))),
        }
    }
}

/// Sends one of the calls and makes its receipt.
pub(super) async fn send(cloud: &Cloud, call: &str, input: &Value) -> Result<Receipt, ActError> {
    let answer = cloud.change(call, input).await;
    let answer = answer.map_err(|error| act_failed("The Express Mode service was not changed", &error))?;
    let arn = answer.body["service"]["serviceArn"].as_str().or(input["serviceArn"].as_str());
    match arn {
        Some(arn) => Ok(receipt(arn, answer.request_id)),
        None => Err(ActError::Ambiguous(Diagnosis::of("AWS's answer names no service"))),
    }
}

/// The receipt of a call that concerns this service.
pub(super) fn receipt(arn: &str, request_id: Option<String>) -> Receipt {
    Receipt {
        external: vec![External { kind: "service".into(), id: arn.to_owned() }],
        request_id,
        body: json!({"service_arn": arn}),
    }
}

/// Whether an update took effect: the newest configuration says so. Twice is as once.
pub(super) fn updated(standing: Option<&Standing>, input: &Value) -> Observation {
    match standing {
        Some(standing) if says(&standing.newest(), input) => {
            Observation::TookEffect(receipt(&standing.service.service_arn, None))
        }
        Some(_) => {
            Observation::TookNoEffect { why: "its newest configuration is not what was asked for".into() }
        }
        None => Observation::TookNoEffect { why: "there is no such service".into() },
    }
}

/// What came of a change: reads may show late that it took effect, so that what shows nothing of it is looked at again.
pub(super) async fn settled<F>(task: &Task, look: impl Fn() -> F) -> Result<Observation, Diagnosis>
where
    F: Future<Output = Result<Observation, Diagnosis>>,
{
    let took = confirmed(task, || async {
        let seen = look().await?;
        Ok(matches!(seen, Observation::TookEffect(_)).then_some(seen))
    });
    match took.await? {
        Some(took) => Ok(took),
        None => look().await,
    }
}

/// Whether a deletion took effect.
async fn deleted(cloud: &Cloud, world: &World) -> Result<Observation, Diagnosis> {
    let arn = world.service_arn.clone().ok_or_else(|| strange("it names no service"))?;
    Ok(match read_service(cloud, &world.cluster, &world.service).await? {
        None => Observation::TookEffect(receipt(&arn, None)),
        Some(_) => Observation::TookNoEffect {
            why: format!("{} is still active; {DELETE} was not taken", world.service),
        },
    })
}

/// Follows to the end; `digest` is what the container must run, where the plan says.
pub(super) async fn follow(
    cloud: &Cloud,
    task: &Task,
    world: &World,
    note: Option<String>,
    digest: Option<&str>,
) -> Ending {
    let found = match started(cloud, task, world, note.is_some()).await {
        Ok(found) => found,
        Err(diagnosis) => return Ending::Failed(diagnosis),
    };
    let target = Target { deployment: found.id.clone(), task_definition: found.task_definition.clone() };
    let mut following = Following::after(cloud, task, world, target, found.created_at);
    if !world.is_new(&found) {
        // Nothing new was started: the service deployment to look at is one of those that were there.
        following.known.clear();
    }
    match following.until_ended().await {
        Ok(arrival) => arrived(cloud, world, arrival, note, digest).await,
        Err(ending) => ending,
    }
}

/// Waits until a service is gone.
pub(super) async fn gone(cloud: &Cloud, task: &Task, world: &World, note: Option<String>) -> Ending {
    let deadline = task.clock.elapsed() + task.timeout.unwrap_or(GOES);
    loop {
        match read_service(cloud, &world.cluster, &world.service).await {
            Ok(None) => {
                return Ending::Succeeded {
                    outputs: BTreeMap::from([("running_count".to_owned(), OutputValue::plain(json!(0)))]),
                    secret_outputs: BTreeMap::new(),
                    judgements: Vec::new(),
                    note,
                };
            }
            Ok(Some(_)) if task.clock.elapsed() < deadline => {
                task.progress.says(format!("{} is on its way out", world.service));
                task.clock.sleep(POLL).await;
            }
            Ok(Some(_)) => {
                return Ending::Failed(Diagnosis::of(format!(
                    "The service {} is still active",
                    world.service
                )));
            }
            Err(diagnosis) => return Ending::Failed(diagnosis),
        }
    }
}

/// The deployment that the change started, or the one that stands where none was needed.
async fn started(cloud: &Cloud, task: &Task, world: &World, already: bool) -> Result<Deployment, Diagnosis> {
    let deadline = task.clock.elapsed() + APPEARS + LAGS;
    loop {
        let found = read_service(cloud, &world.cluster, &world.service).await?;
        let primary = found.as_ref().and_then(|service| service.primary().cloned());
        match primary {
            Some(primary) if already || world.is_new(&primary) => return Ok(primary),
            Some(primary) if task.clock.elapsed() >= deadline => return Ok(primary),
            None if task.clock.elapsed() >= deadline => {
                return Err(Diagnosis::of(format!("{} has no deployment", world.service)).hint(
                    "Look at the service in the console: Express Mode may still be making what is around it.",
                ));
            }
            Some(_) | None => {
                task.progress.says(format!("Waiting for the deployment of {} to begin", world.service));
                task.clock.sleep(POLL).await;
            }
        }
    }
}

async fn arrived(
    cloud: &Cloud,
    world: &World,
    arrival: Arrival,
    note: Option<String>,
    digest: Option<&str>,
) -> Ending {
    let url = match look(cloud, &world.cluster, &world.service).await {
        Ok((_, standing)) => standing.and_then(|standing| standing.express.url()),
        Err(diagnosis) => return Ending::Failed(diagnosis),
    };
    let judgements = digest.map(|expected| {
        let found = arrival.images.values().next().cloned().unwrap_or_else(|| "not known".into());
        let tail = |text: &str| text.rsplit('@').next().unwrap_or(text).to_owned();
        Judgement {
            what: "image".into(),
            holds: tail(&found) == tail(expected),
            expected: expected.to_owned(),
            found,
            assumed: false,
        }
    });
    let running = arrival.service.primary().map_or(0, |primary| primary.running_count);
    let outputs = [
        ("service_arn", json!(arrival.service.service_arn)),
        ("url", json!(url)),
        ("deployment", json!(arrival.target.deployment)),
        ("service_deployment", json!(arrival.service_deployment)),
        ("task_definition", json!(arrival.target.task_definition)),
        ("images", json!(arrival.images)),
        ("running_count", json!(running)),
    ];
    Ending::Succeeded {
        outputs: outputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
            .collect(),
        secret_outputs: BTreeMap::new(),
        judgements: judgements.into_iter().collect(),
        note,
    }
}

/// The service's tags, from the world: whose it is.
pub(super) async fn mark_of(cloud: &Cloud, world: &World) -> Result<Option<String>, Diagnosis> {
    let found = cloud.service(&world.cluster, &world.service).await;
    let found =
        found.map_err(|error| failed(&format!("The service {} cannot be read", world.service), &error))?;
    Ok(found.and_then(|service| {
        let mark = service.tags.into_iter().find(|tag| tag.key == crate::ecs::MARK)?;
        Some(mark.value)
    }))
}
