//! Following one operation by its id to its true end, and judging what then is.
//!
//! The operation is judged, not the service: RUNNING after a rollback by AWS is a failed deployment.

use super::evidence::Failed;
use super::image::running_digest;
use super::queue::{STUCK, Watch, stuck, told};
use super::service::{World, list, name_of};
use super::view;
use crate::ecs::{LAGS, is_passing};
use crate::failure::{arguments, failed, strange};
use crate::service_step::Done;
use crate::strangers::Strangers;
use holdpoint_cloud::{
    AppOperation, AppService, CallError, Cloud, LogLine, LogQuery, Millis, OperationState, Tail,
};
use holdpoint_engine::{Ending, Task};
use holdpoint_plan::kinds::AppExpect;
use holdpoint_run::{Diagnosis, Judgement, OutputValue};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Time between two looks, in plan time.
const POLL: Duration = Duration::from_secs(3);
/// Deadline where the plan says nothing; an operation that is older than [`STUCK`] ends the wait before.
const DEADLINE: Duration = Duration::from_secs(30 * 60);
/// Logs are read at every so many looks.
const LOGS_EVERY: u32 = 2;
/// How long the service may say OPERATION_IN_PROGRESS after its operation has ended.
const SETTLES: Duration = Duration::from_secs(60);

/// What is at the end of an operation that succeeded.
pub(crate) struct Arrival {
    /// The service; `None` when it was deleted.
    pub(crate) service: Option<AppService>,
    /// The operation.
    pub(crate) operation: String,
    /// Words of AWS's that are not known.
    pub(crate) strangers: Strangers,
}

/// One operation, being followed.
pub(crate) struct Following<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) task: &'a Task,
    pub(crate) arn: &'a str,
    pub(crate) operation: &'a str,
    /// The operation takes the service away.
    pub(crate) deletes: bool,
}

#[derive(Default)]
struct Seen {
    tails: [Tail; 2],
    last: Option<LogLine>,
    unread: bool,
    rounds: u32,
    /// The operation has ended: this is the last look.
    ended: bool,
    watch: Watch,
    strangers: Strangers,
    /// When the newest sight of the service was last changed.
    updated: Option<Millis>,
    /// Since when AWS shows no service.
    missing: Option<Duration>,
}

impl Seen {
    fn take(&mut self, service: Option<&AppService>, now: Duration) {
        match service {
            Some(service) => {
                self.updated = self.updated.max(service.updated_at);
                self.missing = None;
            }
            None => {
                self.missing.get_or_insert(now);
            }
        }
    }
}

impl Following<'_> {
    /// Looks until the operation has ended, one way or the other, or the deadline has passed.
    pub(crate) async fn until_ended(self) -> Result<Arrival, Ending> {
        let clock = &self.task.clock;
        let limit = self.task.timeout.unwrap_or(DEADLINE);
        let deadline = clock.elapsed() + limit;
        let name = name_of(self.arn);
        let mut seen = Seen::default();
        loop {
            let (service, operation) = match self.look().await {
                Ok(sight) => sight,
                Err(error) if is_passing(&error) && clock.elapsed() < deadline => {
                    self.task.progress.says(format!("AWS cannot be asked now, asking again: {error}"));
                    clock.sleep(POLL * 2).await;
                    continue;
                }
                Err(error) => {
                    let what = format!("The operation on {name} goes on, and cannot be followed");
                    return Err(Ending::Failed(failed(&what, &error)));
                }
            };
            seen.take(service.as_ref(), clock.elapsed());
            if service.is_none() && self.deletes {
                return Ok(Arrival {
                    service: None,
                    operation: self.operation.to_owned(),
                    strangers: seen.strangers,
                });
            }
            if let Some(operation) = operation {
                self.tell(service.as_ref(), &operation, &mut seen).await;
                if !operation.is_going() {
                    let ended = self.ended(operation.state(), service, &operation, &mut seen).await;
                    return ended.map_err(|ending| with_strangers(&seen.strangers, ending));
                }
                let age = seen.watch.age(self.task, &operation);
                let hangs = age >= STUCK && self.task.timeout.is_none();
                if hangs || clock.elapsed() >= deadline {
                    let late = self.late(service.as_ref(), &operation, age, limit).await;
                    return Err(Ending::Failed(seen.strangers.told(late)));
                }
            } else if seen.missing.is_some_and(|since| clock.elapsed().saturating_sub(since) >= LAGS) {
                let headline =
                    format!("{name} was deleted while its operation {} was followed", self.operation);
                return Err(Ending::Superseded(
                    Diagnosis::of(headline).hint("Find out who deleted it (CloudTrail, DeleteService)."),
                ));
            } else if clock.elapsed() >= deadline {
                let headline = format!("App Runner does not list the operation {} of {name}", self.operation);
                return Err(Ending::Failed(
                    Diagnosis::of(headline).says("Looked for", format!("{} s", limit.as_secs())),
                ));
            }
            clock.sleep(POLL).await;
        }
    }

    async fn look(&self) -> Result<(Option<AppService>, Option<AppOperation>), CallError> {
        let operations = self.cloud.app_operations(self.arn).await?;
        let own = operations.into_iter().find(|found| found.id == self.operation);
        Ok((self.cloud.app_service(self.arn).await?, own))
    }

    async fn ended(
        &self,
        state: OperationState,
        service: Option<AppService>,
        operation: &AppOperation,
        seen: &mut Seen,
    ) -> Result<Arrival, Ending> {
        let name = name_of(self.arn);
        let service = self.settled(service, seen.updated).await;
        (seen.rounds, seen.ended) = (0, true);
        self.tell(service.as_ref(), operation, seen).await;
        let status = service.as_ref().map_or("gone", |service| service.status.as_str());
        let failure = Failed {
            cloud: self.cloud,
            task: self.task,
            arn: self.arn,
            service: service.as_ref(),
            operation,
        };
        match state {
            OperationState::Succeeded if matches!(status, "CREATE_FAILED" | "DELETE_FAILED") => {
                let headline = format!("Not done: App Runner service {name} is {status}.");
                Err(Ending::Failed(failure.diagnosis(headline).await))
            }
            OperationState::Succeeded | OperationState::Going | OperationState::RollingBack => Ok(Arrival {
                service,
                operation: self.operation.to_owned(),
                strangers: seen.strangers.clone(),
            }),
            OperationState::Failed => {
                let headline = match operation.kind.as_str() {
                    "CREATE_SERVICE" => format!(
                        "Not created: App Runner service {name} is {status}. It serves nothing and has nothing to go back to."
                    ),
                    "DELETE_SERVICE" => format!("Not deleted: App Runner service {name} is {status}."),
                    kind => format!("Not done: {kind} of {name} failed; the service is {status}."),
                };
                let mut diagnosis = failure.diagnosis(headline).await;
                if operation.kind == "DELETE_SERVICE" {
                    diagnosis = diagnosis
                        .hint("Retry the deletion; App Runner takes DeleteService again in this state.");
                }
                Err(Ending::Failed(diagnosis))
            }
            OperationState::RolledBack => {
                let headline =
                    format!("Not deployed. AWS rolled {name} back; it is {status} with what ran before.");
                Err(Ending::RolledBackByAws(failure.diagnosis(headline).await))
            }
            OperationState::RollbackFailed => {
                let headline = format!(
                    "Not deployed, and AWS could not put back what ran before: {name} is {status} and may answer nothing."
                );
                let diagnosis = failure.diagnosis(headline).await.hint(
                    "Roll back now: an update to the pinned configuration is the only way that App Runner leaves.",
                );
                Err(Ending::Failed(diagnosis))
            }
        }
    }

    /// The service once it says what it became, and nothing older than what was seen of it before.
    async fn settled(&self, mut service: Option<AppService>, seen: Option<Millis>) -> Option<AppService> {
        let deadline = self.task.clock.elapsed() + SETTLES;
        let is_old =
            |service: &AppService| service.status == "OPERATION_IN_PROGRESS" || service.updated_at < seen;
        while service.as_ref().is_some_and(is_old) && self.task.clock.elapsed() < deadline {
            self.task.clock.sleep(POLL).await;
            service = self.cloud.app_service(self.arn).await.unwrap_or(service);
        }
        service
    }

    async fn late(
        &self,
        service: Option<&AppService>,
        operation: &AppOperation,
        age: Duration,
        limit: Duration,
    ) -> Diagnosis {
        if age >= STUCK {
            return stuck(self.arn, operation, age);
        }
        let headline = format!(
            "{} of {} has not ended within {} s; nothing was stopped, AWS goes on with it.",
            operation.kind,
            name_of(self.arn),
            limit.as_secs()
        );
        let failure = Failed { cloud: self.cloud, task: self.task, arn: self.arn, service, operation };
        failure
            .diagnosis(headline)
            .await
            .hint("Give the step a longer `timeout`, then follow it again by a retry.")
    }

    async fn tell(&self, service: Option<&AppService>, operation: &AppOperation, seen: &mut Seen) {
        if let Some(service) = service
            && seen.rounds.is_multiple_of(LOGS_EVERY)
            && !seen.unread
        {
            for (at, of) in ["application", "service"].into_iter().enumerate() {
                let query = LogQuery {
                    group: service.log_group(of),
                    from: operation.started_at.map(|at| at.0),
                    ..LogQuery::default()
                };
                let Some(tail) = seen.tails.get_mut(at) else { continue };
                // The last look reads the whole window once more: a line that came late must not be missed.
                let lines = match seen.ended {
                    true => tail.whole(self.cloud, &query).await,
                    false => tail.next(self.cloud, &query).await,
                };
                match lines {
                    Ok(lines) => {
                        for line in lines.into_iter().flatten() {
                            self.task.progress.line(&query.group, Some(line.timestamp), line.message.clone());
                            if of == "service" {
                                seen.last = Some(line);
                            }
                        }
                    }
                    // Lines are for the eye: where they may not be read, the operation is followed without.
                    Err(error) => seen.unread = error.is_unavailable(),
                }
            }
        }
        view::strangers(self.task, &mut seen.strangers, service, operation);
        seen.rounds += 1;
        let name = name_of(self.arn);
        let asked_at = self.task.clock.now();
        self.task.progress.shows(view::operation(name, service, operation, seen.last.as_ref(), asked_at));
        self.task.progress.says(view::sentence(name, operation, seen.last.as_ref()));
    }
}

/// A failure with the words that are not known.
fn with_strangers(strangers: &Strangers, ending: Ending) -> Ending {
    match ending {
        Ending::Failed(diagnosis) => Ending::Failed(strangers.told(diagnosis)),
        Ending::RolledBackByAws(diagnosis) => Ending::RolledBackByAws(strangers.told(diagnosis)),
        Ending::Superseded(diagnosis) => Ending::Superseded(strangers.told(diagnosis)),
        other @ (Ending::Succeeded { .. } | Ending::NotPractised(_)) => other,
    }
}

/// Follows what a step sent, or found under way, and judges its `expect`.
pub(crate) async fn follow(cloud: &Cloud, done: &Done<'_, World>) -> Ending {
    let Done { task, world, already, receipts } = done;
    let note = already.clone();
    let sent = receipts.iter().rev().find(|receipt| receipt.body["operation"].is_string());
    let operation = sent.and_then(|receipt| receipt.body["operation"].as_str());
    let arn = sent.and_then(|receipt| receipt.body["service_arn"].as_str()).or(world.arn.as_deref());
    let Some(arn) = arn else { return Ending::Failed(strange("it names no service")) };
    let Some(operation) = operation.or(world.follows.as_deref()) else {
        return standing(cloud, task, arn, note).await;
    };
    let following = Following { cloud, task, arn, operation, deletes: false };
    match following.until_ended().await {
        Ok(arrival) => arrived(cloud, task, arrival, with_notes(note, &world.notes)).await,
        Err(ending) => ending,
    }
}

/// Nothing was to be done: the service is judged as it stands.
async fn standing(cloud: &Cloud, task: &Task, arn: &str, note: Option<String>) -> Ending {
    match cloud.app_service(arn).await {
        Ok(Some(service)) => {
            arrived(
                cloud,
                task,
                Arrival { service: Some(service), operation: String::new(), strangers: Strangers::default() },
                note,
            )
            .await
        }
        Ok(None) => Ending::Failed(Diagnosis::of(format!("{} does not exist any more", name_of(arn)))),
        Err(error) => Ending::Failed(failed(&format!("{} cannot be read", name_of(arn)), &error)),
    }
}

/// A service after its operation succeeded, judged.
pub(crate) async fn arrived(cloud: &Cloud, task: &Task, arrival: Arrival, note: Option<String>) -> Ending {
    let expect: AppExpect = match arguments(&task.expect) {
        Ok(expect) => expect,
        Err(diagnosis) => return Ending::Failed(diagnosis),
    };
    let note = arrival.strangers.noted(note);
    let Some(service) = &arrival.service else {
        return Ending::Failed(Diagnosis::of("The service does not exist any more"));
    };
    match outputs(cloud, service, &arrival.operation).await {
        Ok(outputs) => {
            let digest = outputs["digest"].as_str().map(str::to_owned);
            succeeded(outputs, judge(&expect, service, digest.as_deref()), note)
        }
        Err(diagnosis) => Ending::Failed(diagnosis),
    }
}

/// Outputs that every kind of this family has.
pub(crate) async fn outputs(
    cloud: &Cloud,
    service: &AppService,
    operation: &str,
) -> Result<BTreeMap<&'static str, Value>, Diagnosis> {
    let operations = list(cloud, &service.service_arn).await?;
    let newest = operations.first().map(|newest| newest.id.clone()).unwrap_or_default();
    let digest = running_digest(cloud, service, &operations).await?;
    Ok(BTreeMap::from([
        ("service_arn", json!(service.service_arn)),
        ("service_id", json!(service.service_id)),
        ("url", json!(format!("https://{}", service.service_url))),
        ("host", json!(service.service_url)),
        ("operation", json!(if operation.is_empty() { newest } else { operation.to_owned() })),
        ("status", json!(service.status)),
        ("log_groups", json!([service.log_group("application"), service.log_group("service")])),
        ("image", json!(service.image())),
        ("digest", json!(digest)),
    ]))
}

/// What holds of a service, for the members that several kinds share.
pub(crate) fn judge(expect: &AppExpect, service: &AppService, digest: Option<&str>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    if let Some(expected) = &expect.status {
        judgements.push(judgement("status", expected, &service.status));
    }
    if let Some(expected) = &expect.image {
        judgements.push(judge_image(expected, service, digest));
    }
    if let Some(expected) = &expect.url_host {
        judgements.push(judgement("host", expected, &service.service_url));
    }
    judgements
}

/// An image by its reference or its digest.
pub(crate) fn judge_image(expected: &str, service: &AppService, digest: Option<&str>) -> Judgement {
    let image = service.image().unwrap_or("none: the service is built from code");
    let wanted = expected.rsplit('@').next().unwrap_or(expected);
    let holds = expected == image || (wanted.starts_with("sha256:") && digest == Some(wanted));
    let found = digest.map_or_else(|| image.to_owned(), |digest| format!("{image} ({digest})"));
    Judgement { holds, ..judgement("image", expected, &found) }
}

/// Two texts that should be the same.
pub(crate) fn judgement(what: &str, expected: &str, found: &str) -> Judgement {
    Judgement {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        holds: expected == found,
        assumed: false,
    }
}

/// A success.
pub(crate) fn succeeded(
    outputs: BTreeMap<&'static str, Value>,
    judgements: Vec<Judgement>,
    note: Option<String>,
) -> Ending {
    Ending::Succeeded {
        outputs: outputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
            .collect(),
        secret_outputs: BTreeMap::new(),
        judgements,
        note,
    }
}

/// A note with those that the intent gathered.
pub(crate) fn with_notes(note: Option<String>, more: &[String]) -> Option<String> {
    let all: Vec<String> = note.into_iter().chain(more.iter().cloned()).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// An operation that is followed though somebody else may have started it.
pub(crate) fn joined(arn: &str, operation: &AppOperation) -> String {
    format!(
        "A deployment is under way or done already, and a second one is not started: {}",
        told(arn, operation)
    )
}
