//! The simulated world: a fold over the journal's lines. It reads no clock and no disk, so a replay gives the same world.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::apprunner::model::AppRunner;
use crate::aws_error::AwsError;
use crate::balancing::Balancing;
use crate::behaviour::{Behaviour, Rule, Subject};
use crate::clock::{Epoch, Micros, SECOND};
use crate::cloudwatch::Metrics;
use crate::directory::{self, Directory};
use crate::ecr::{self, EcrSwitches};
use crate::ecs::incidents::{AlarmState, HookAnswer, Incident, Plot};
use crate::ecs::model::Ecs;
use crate::fault::{Fault, Faults};
use crate::federation::{self, Federation};
use crate::furnish;
use crate::hosts::{Host, Hosts};
use crate::images::Images;
use crate::journal::{CallLine, Line};
use crate::logs::Logs;
use crate::network::Network;
use crate::parameters::Parameters;
use crate::people::People;
use crate::rds::Databases;
use crate::record::Record;
use crate::registry;
use crate::replicas::Replicas;
use crate::scenario::Scenario;
use crate::schedule::{Schedule, What};
use crate::secrets::Secrets;
use crate::seeded::{Seeded, digest};
use crate::sso::{self, Sso};

/// What belongs to one account in one region.
#[derive(Clone, Default)]
pub(crate) struct Estate {
    pub(crate) ecs: Ecs,
    pub(crate) logs: Logs,
    pub(crate) apprunner: AppRunner,
    pub(crate) secrets: Secrets,
    pub(crate) parameters: Parameters,
    pub(crate) network: Network,
    pub(crate) databases: Databases,
    pub(crate) balancing: Balancing,
    pub(crate) metrics: Metrics,
}

/// What operations need beside the estate that they work on.
pub(crate) struct Env {
    pub(crate) account: String,
    pub(crate) region: String,
    /// The moment being worked at, elapsed.
    pub(crate) t: Micros,
    pub(crate) epoch: Epoch,
    /// Seconds by which the service's clock is ahead of the machine's.
    pub(crate) skew: i64,
    /// How far in the past things are dated: used while furnishing what has stood for long.
    pub(crate) backdate: Micros,
    pub(crate) speed: f64,
    pub(crate) ids: Seeded,
    pub(crate) jitter: Seeded,
    pub(crate) schedule: Schedule,
    pub(crate) images: Images,
    /// Behaviours of the world, oldest first.
    pub(crate) rules: Vec<Rule>,
    pub(crate) scenario: Scenario,
    /// Behaviours that changes brought; they have the last word.
    pub(crate) changed: Vec<Rule>,
    /// What befalls deployments, as the world has it and as changes brought it.
    pub(crate) plots: [Plot; 2],
    /// CloudWatch alarms by account, region and name.
    alarms: BTreeMap<(String, String, String), AlarmState>,
    /// Zone and address block of the subnets that a world describes.
    pub(crate) subnets: BTreeMap<String, (Option<String>, String)>,
    /// Names that an operation gave to services, for the host map.
    pub(crate) named: Vec<Host>,
    /// Set by an operation that was accepted and changed nothing.
    pub(crate) no_effect: bool,
    /// What tokens, passwords and links of registries are sealed with.
    pub(crate) key: [u8; 32],
    /// References `<registry>/<repository>:<tag>` that lead elsewhere since now, not told to anybody yet.
    pub(crate) pushes: Vec<String>,
}

impl Env {
    /// The wall time of what is being done.
    pub(crate) fn now(&self) -> Micros {
        self.now_at(self.t).saturating_sub(self.backdate)
    }

    /// The service's wall time at an elapsed moment.
    pub(crate) fn now_at(&self, t: Micros) -> Micros {
        skewed(self.epoch.wall(t), self.skew)
    }

    /// Account and region.
    pub(crate) fn place(&self) -> (&str, &str) {
        (&self.account, &self.region)
    }

    /// The wall time so many seconds of simulated duration from now.
    pub(crate) fn wall_after(&self, seconds: f64) -> Micros {
        self.now() + (seconds.max(0.0) / self.speed * SECOND as f64).round() as Micros
    }

    /// Does `what` after so many seconds of simulated duration, a little more or less.
    pub(crate) fn after(&mut self, seconds: f64, what: What) {
        let jittered = seconds * (0.9 + 0.2 * self.jitter.fraction());
        self.after_exactly(jittered, what);
    }

    /// Does `what` after so many seconds of simulated duration.
    pub(crate) fn after_exactly(&mut self, seconds: f64, what: What) {
        let micros = self.shortened(seconds);
        self.schedule.put(self.t + micros, (self.account.clone(), self.region.clone()), what);
    }

    /// How long so many seconds of simulated duration really are.
    pub(crate) fn shortened(&self, seconds: f64) -> Micros {
        (seconds.max(0.0) / self.speed * SECOND as f64).round() as Micros
    }

    /// The state of an alarm of this account and region; `None`: there is none, and none goes off.
    pub(crate) fn alarm(&self, name: &str) -> Option<AlarmState> {
        self.alarms.get(&(self.account.clone(), self.region.clone(), name.to_owned())).copied()
    }

    /// The alarms of this account and region.
    pub(crate) fn alarms_here(&self) -> impl Iterator<Item = (&str, AlarmState)> {
        self.alarms_of(&self.account, &self.region)
    }

    /// The alarms of an account and region.
    pub(crate) fn alarms_of(&self, account: &str, region: &str) -> impl Iterator<Item = (&str, AlarmState)> {
        self.alarms
            .iter()
            .filter(move |((a, r, _), _)| a == account && r == region)
            .map(|((_, _, name), state)| (name.as_str(), *state))
    }

    /// An alarm comes to be, or to another state.
    pub(crate) fn set_alarm(&mut self, name: &str, state: AlarmState) {
        self.alarms.insert((self.account.clone(), self.region.clone(), name.to_owned()), state);
    }

    /// An alarm is gone; whether there was one.
    pub(crate) fn forget_alarm(&mut self, name: &str) -> bool {
        self.alarms.remove(&(self.account.clone(), self.region.clone(), name.to_owned())).is_some()
    }

    /// What befalls deployments.
    pub(crate) fn incidents(&self) -> impl Iterator<Item = &Incident> {
        let [world, changed] = &self.plots;
        world.incidents.iter().chain(&self.scenario.incidents).chain(&changed.incidents)
    }

    /// What a hook's function answers now; the last rule that fits counts.
    pub(crate) fn hook_answer(&self, subject: &Subject<'_>, function: &str, stage: &str) -> HookAnswer {
        let [world, changed] = &self.plots;
        let mut rules = world.hooks.iter().chain(&self.scenario.hooks).chain(&changed.hooks);
        rules
            .rfind(|rule| rule.fits(function, stage) && rule.matches.fits(subject))
            .map_or(HookAnswer::Succeeded, |rule| rule.answer)
    }

    /// Does `what` after so many seconds that the speed does not shorten.
    pub(crate) fn after_real(&mut self, seconds: u64, what: What) {
        self.schedule.put(self.t + seconds * SECOND, (self.account.clone(), self.region.clone()), what);
    }

    /// `arn:aws:<service>:<region>:<account>:<rest>`.
    pub(crate) fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.region, self.account)
    }

    /// How a container that starts now behaves: image, then world, then scenario.
    pub(crate) fn behaviour(&self, subject: &Subject<'_>) -> Behaviour {
        let mut behaviour = Behaviour::default();
        if let Some(of_image) = self.images.find(subject.image).and_then(|image| image.behaviour.as_ref()) {
            behaviour.overlay(of_image);
        }
        for rule in self.rules.iter().chain(&self.scenario.tasks).chain(&self.changed) {
            if rule.matches.fits(subject) {
                behaviour.overlay(&rule.behaviour);
            }
        }
        behaviour
    }
}

/// The furnished practice account.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) role: String,
}

/// Everything.
pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) estates: BTreeMap<(String, String), Estate>,
    pub(crate) people: People,
    /// How many keys came to their end by being used.
    pub(crate) keys_ended: u64,
    pub(crate) sso: Sso,
    pub(crate) directory: Directory,
    pub(crate) federation: Federation,
    pub(crate) ecr: EcrSwitches,
    pub(crate) home: Option<Home>,
    /// Digests of the worlds furnished so far.
    pub(crate) furnished: Vec<String>,
    pub(crate) hosts: Hosts,
    pub(crate) record: Record,
    pub(crate) faults: Faults,
    /// Faults that changes brought, the latest first.
    pub(crate) changed_faults: Vec<Fault>,
    /// What replicas that lag may still answer.
    replicas: Replicas,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            env: Env {
                account: String::new(),
                region: String::new(),
                t: 0,
                epoch: Epoch::default(),
                skew: 0,
                backdate: 0,
                speed: 1.0,
                ids: Seeded::new(seed, "ids"),
                jitter: Seeded::new(seed, "jitter"),
                schedule: Schedule::default(),
                images: Images::default(),
                rules: Vec::new(),
                scenario: Scenario::default(),
                changed: Vec::new(),
                plots: Default::default(),
                alarms: BTreeMap::new(),
                subnets: BTreeMap::new(),
                named: Vec::new(),
                no_effect: false,
                key: digest(&[b"registry", &seed.to_be_bytes()]),
                pushes: Vec::new(),
            },
            estates: BTreeMap::new(),
            keys_ended: 0,
            people: People::default(),
            sso: Sso::new(seed),
            directory: Directory::default(),
            federation: Federation::new(seed),
            ecr: EcrSwitches::default(),
            home: None,
            furnished: Vec::new(),
            hosts: Hosts::default(),
            record: Record::default(),
            faults: Faults::default(),
            changed_faults: Vec::new(),
            replicas: Replicas::default(),
        }
    }

    /// Takes in a line, new or replayed. Only a call has an answer.
    pub(crate) fn apply(&mut self, line: &Line) -> Result<Value, AwsError> {
        self.advance(line.t());
        match line {
            Line::Start { t, wall, speed, scenario, .. } => {
                self.env.epoch = Epoch { wall: *wall, elapsed: *t };
                self.env.speed = *speed;
                if self.env.scenario != **scenario {
                    for (reference, image) in &scenario.images {
                        self.env.images.set(reference, image.clone());
                    }
                    self.env.scenario = (**scenario).clone();
                }
                self.refresh_faults();
                Ok(Value::Null)
            }
            Line::Tick { .. } => Ok(Value::Null),
            Line::Wall { t, wall } => {
                self.env.epoch = Epoch { wall: *wall, elapsed: *t };
                Ok(Value::Null)
            }
            Line::Furnish { world, .. } => {
                furnish::furnish(self, world);
                // It stands as if for long: every replica shows it.
                self.replicas.catch_up();
                Ok(Value::Null)
            }
            Line::SignIn { name, .. } => {
                self.sign_in(name);
                Ok(Value::Null)
            }
            Line::Behave { change, .. } => {
                furnish::behave(self, change);
                Ok(Value::Null)
            }
            Line::Expire { asked, .. } => {
                sso::expire(&mut self.sso, &mut self.people, self.env.now(), asked);
                Ok(Value::Null)
            }
            Line::Count { throttled, expired_key, faults, .. } => {
                if let Some(operation) = throttled {
                    self.record.throttle(operation);
                }
                if let Some(key) = expired_key
                    && self.people.expire(key)
                {
                    self.keys_ended += 1;
                }
                if let Some(counts) = faults {
                    self.faults.set_counts(counts);
                }
                Ok(Value::Null)
            }
            Line::Call(call) => {
                self.remember(call.t);
                self.call(call)
            }
        }
    }

    /// Keeps what is true before something happens, for replicas that lag.
    fn remember(&mut self, t: Micros) {
        if let Some(seconds) = self.faults.longest_lag() {
            let since = t.saturating_sub(self.env.shortened(seconds as f64));
            self.replicas.remember(t, since, &self.estates, &self.env.images);
        }
    }

    /// Lets everything happen that is due until the elapsed moment `t`. Answers whether anything did.
    pub(crate) fn advance(&mut self, t: Micros) -> bool {
        let mut moved = false;
        while let Some((due, place, what)) = self.env.schedule.take_due(t) {
            moved = true;
            self.remember(due);
            self.env.t = due.max(self.env.t);
            let estate = self.estates.entry(place.clone()).or_default();
            (self.env.account, self.env.region) = place;
            crate::ecs::happen(estate, &mut self.env, what);
        }
        self.env.t = self.env.t.max(t);
        moved
    }

    /// Puts the faults of changes and scenario in force, those of the latest change first.
    pub(crate) fn refresh_faults(&mut self) {
        let faults = self.changed_faults.iter().chain(&self.env.scenario.faults).cloned().collect();
        self.faults.replace(faults);
    }

    /// A call that reads; it leaves no trace.
    pub(crate) fn read(&mut self, call: &CallLine) -> Result<Value, AwsError> {
        // It sees its own moment, and leaves the one that a replay would come to.
        let was = self.env.t;
        self.env.t = was.max(call.t);
        let answer = self.serve(call);
        self.env.t = was;
        answer
    }

    /// A call that reads, from a replica that is so many seconds of simulated duration behind.
    pub(crate) fn read_as_of(&mut self, call: &CallLine, seconds: u64) -> Result<Value, AwsError> {
        let then = call.t.saturating_sub(self.env.shortened(seconds as f64));
        self.replicas.swap(then, &mut self.estates, &mut self.env.images);
        let answer = self.read(call);
        self.replicas.swap(then, &mut self.estates, &mut self.env.images);
        answer
    }

    /// Tells who watches them of the tags that were pushed.
    pub(crate) fn tell_pushes(&mut self) {
        for reference in std::mem::take(&mut self.env.pushes) {
            self.pushed(&reference);
        }
    }

    /// An image was pushed under a reference: who watches it may begin a deployment.
    pub(crate) fn pushed(&mut self, reference: &str) {
        for (place, estate) in &mut self.estates {
            (self.env.account, self.env.region) = place.clone();
            crate::apprunner::pushed(estate, &mut self.env, reference);
        }
    }

    /// A new session of one of the people.
    pub(crate) fn sign_in(&mut self, name: &str) {
        let Some(home) = &self.home else { return };
        let account = self.env.scenario.identity.account.clone().unwrap_or_else(|| home.account.clone());
        self.people.sign_in(&mut self.env.ids, &account, &home.role, name);
    }

    fn call(&mut self, call: &CallLine) -> Result<Value, AwsError> {
        self.env.no_effect = false;
        let answer = match &call.refused {
            Some(refusal) => Err(refusal.clone()),
            None => self.serve(call),
        };
        for host in std::mem::take(&mut self.env.named) {
            self.hosts.put(&self.env.account, &self.env.region, &host);
        }
        let at = self.env.epoch.wall(self.env.t);
        self.record.call(call, at, answer.as_ref().err(), self.env.no_effect);
        self.tell_pushes();
        answer
    }

    fn serve(&mut self, call: &CallLine) -> Result<Value, AwsError> {
        let place = (call.caller.account.clone(), call.region.clone());
        (self.env.account, self.env.region) = place.clone();
        match call.service.as_str() {
            "sts" => {
                let (people, directory, caller) = (&mut self.people, &self.directory, &call.caller);
                crate::sts::serve(people, directory, &mut self.env, caller, &call.operation, &call.input)
            }
            "iam" => directory::serve(&self.directory, &call.caller, &call.operation),
            "ecr" => {
                let (switches, env) = (&self.ecr, &mut self.env);
                ecr::serve(switches, env, &call.caller, &call.operation, &call.input)
            }
            "registry" => registry::serve_change(&mut self.env, &call.operation, &call.input),
            "signin" => {
                let federation = &mut self.federation;
                federation::serve(federation, &self.people, &self.env, &call.operation, &call.input)
            }
            service @ ("sso" | "sso-oidc") => {
                let (sso, people) = (&mut self.sso, &mut self.people);
                sso::serve(sso, people, &mut self.env, service, &call.operation, &call.input)
            }
            "ecs" => {
                let estate = self.estates.entry(place).or_default();
                crate::ecs::serve(estate, &mut self.env, &call.caller, &call.operation, &call.input)
            }
            "apprunner" => {
                let estate = self.estates.entry(place).or_default();
                crate::apprunner::serve(estate, &mut self.env, &call.operation, &call.input)
            }
            "secretsmanager" => {
                let estate = self.estates.entry(place).or_default();
                crate::secrets::serve(&mut estate.secrets, &mut self.env, &call.operation, &call.input)
            }
            "ssm" => {
                let estate = self.estates.entry(place).or_default();
                let parameters = &mut estate.parameters;
                crate::parameters::serve(
                    parameters,
                    &mut self.env,
                    &call.caller,
                    &call.operation,
                    &call.input,
                )
            }
            "ec2" => {
                let estate = self.estates.entry(place).or_default();
                crate::ec2::serve(estate, &mut self.env, &call.operation, &call.input)
            }
            "rds" => {
                let estate = self.estates.entry(place).or_default();
                crate::rds::serve(&estate.databases, &self.env, &call.operation, &call.input)
            }
            "rds-data" => {
                let estate = self.estates.entry(place).or_default();
                let (databases, secrets) = (&estate.databases, &estate.secrets);
                crate::rds::data::serve(databases, secrets, &self.env, &call.operation, &call.input)
            }
            "elasticloadbalancing" => {
                let estate = self.estates.entry(place).or_default();
                crate::balancing::serve(estate, &call.operation, &call.input)
            }
            "cloudwatch" => {
                let estate = self.estates.entry(place).or_default();
                crate::cloudwatch::serve(estate, &mut self.env, &call.operation, &call.input)
            }
            "logs" => {
                let estate = self.estates.entry(place).or_default();
                crate::logs::serve(&mut estate.logs, &mut self.env, &call.operation, &call.input)
            }
            other => Err(AwsError::not_implemented(other, &call.operation)),
        }
    }
}

/// Whether an operation changes something, by service and name.
pub(crate) fn changes(service: &str, operation: &str) -> bool {
    match service {
        "sts" => ["AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken"].contains(&operation),
        "signin" => operation == "getSigninToken",
        "sso" => ["GetRoleCredentials", "Logout"].contains(&operation),
        // A poll is remembered, since the next one may be too early; only the page of a device reads.
        "sso-oidc" => operation != "DevicePage",
        "registry" => true,
        // Parts of a layer are kept on disk; that it is whole is what changes something.
        "ecr" => {
            !["Describe", "List", "Get", "BatchGet", "BatchCheck", "InitiateLayerUpload", "UploadLayerPart"]
                .iter()
                .any(|prefix| operation.starts_with(prefix))
        }
        "ecs"
        | "logs"
        | "apprunner"
        | "secretsmanager"
        | "ssm"
        | "ec2"
        | "rds"
        | "elasticloadbalancing"
        | "cloudwatch" => {
            !["Describe", "List", "Get", "Filter", "Discover", "StartQuery", "TestMetricFilter"]
                .iter()
                .any(|prefix| operation.starts_with(prefix))
        }
        _ => false,
    }
}

/// A wall time as a clock shows it that is so many seconds ahead, or behind.
pub(crate) fn skewed(at: Micros, seconds: i64) -> Micros {
    let by = seconds.unsigned_abs() * SECOND;
    if seconds < 0 { at.saturating_sub(by) } else { at + by }
}
