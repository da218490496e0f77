//! One call that starts an operation, and whether one whose answer was lost has started it.

use super::queue::{free, told};
use super::service::{World, list};
use super::{delete, pin};
use crate::ecs::{LAGS, confirmed};
use crate::failure::{act_failed, failed, strange};
use crate::service_step::{Doing, Family};
use async_trait::async_trait;
use holdpoint_cloud::{AppOperation, CallError, Cloud, OperationState};
use holdpoint_engine::{ActError, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_redact::REDACTED;
use holdpoint_run::{Diagnosis, External, Receipt};
use serde_json::{Value, json};
use std::time::Duration;

/// Call, and the type of the operation that it starts.
pub(crate) const UPDATE: (&str, &str) = ("apprunner:UpdateService", "UPDATE_SERVICE");
/// The same of a deployment.
pub(crate) const DEPLOY: (&str, &str) = ("apprunner:StartDeployment", "START_DEPLOYMENT");
/// The same of a pause.
pub(crate) const PAUSE: (&str, &str) = ("apprunner:PauseService", "PAUSE_SERVICE");
/// The same of a resumption.
pub(crate) const RESUME: (&str, &str) = ("apprunner:ResumeService", "RESUME_SERVICE");
/// The same of a deletion.
pub(crate) const DELETE: (&str, &str) = ("apprunner:DeleteService", "DELETE_SERVICE");
/// The same of a creation.
pub(crate) const CREATE: (&str, &str) = ("apprunner:CreateService", "CREATE_SERVICE");

/// Time between two attempts at a service that is busy with what is not shown, in plan time.
const AGAIN: Duration = Duration::from_secs(10);

/// App Runner's services, as steps change them.
pub(crate) enum AppRunner {}

#[async_trait]
impl Family for AppRunner {
    type World = World;

    fn keys(with: &Value) -> Vec<String> {
        pin::keys(with)
    }

    async fn content(cloud: &Cloud, key: &str) -> Result<Option<Value>, Diagnosis> {
        pin::content(cloud, key).await
    }

    fn rollback(action: &Action) -> Action {
        pin::rollback(action)
    }

    fn world(stored: &Value) -> Result<World, Diagnosis> {
        World::from_intent(stored)
    }

    async fn send(cloud: &Cloud, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let Doing { task, planned, receipts, .. } = *doing;
        until_shown(task, || send_in_turn(cloud, task, &planned.call, &planned.input, receipts)).await
    }

    /// Of what the call alone tells: [`by_type`].
    async fn settle(cloud: &Cloud, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, planned, .. } = *doing;
        match planned.call.as_str() {
            call if call == DELETE.0 => delete::observe(cloud, task, world).await,
            call if call == PAUSE.0 => by_type(cloud, task, world, PAUSE.1).await,
            call if call == RESUME.0 => by_type(cloud, task, world, RESUME.1).await,
            other => Err(strange(&format!("it calls {other}"))),
        }
    }
}

/// Sends a call that starts an operation, and makes its receipt.
pub(crate) async fn send(cloud: &Cloud, call: &str, input: &Value) -> Result<Receipt, ActError> {
    let what = match call {
        "apprunner:CreateService" => "The service was not created",
        "apprunner:UpdateService" => "The service was not updated",
        "apprunner:StartDeployment" => "No deployment was started",
        "apprunner:PauseService" => "The service was not paused",
        "apprunner:ResumeService" => "The service was not resumed",
        _ => "The service was not deleted",
    };
    let answer = cloud.change(call, input).await.map_err(|error| busy(what, &error))?;
    let operation = answer.body["OperationId"].as_str().unwrap_or_default();
    let arn = answer.body["Service"]["ServiceArn"].as_str().or(input["ServiceArn"].as_str());
    match arn {
        Some(arn) if !operation.is_empty() => Ok(receipt(arn, operation, answer.request_id.clone())),
        Some(_) | None => Err(ActError::Ambiguous(Diagnosis::of(
            "AWS's answer names no operation, so that it is not known what was started",
        ))),
    }
}

/// The receipt of an operation.
pub(crate) fn receipt(arn: &str, operation: &str, request_id: Option<String>) -> Receipt {
    let mut external = vec![External { kind: "service".into(), id: arn.to_owned() }];
    if !operation.is_empty() {
        external.push(External { kind: "operation".into(), id: operation.to_owned() });
    }
    Receipt { external, request_id, body: json!({"service_arn": arn, "operation": operation}) }
}

/// Sends once more, a few times, what App Runner refused because of an operation that reads do not show yet: a refusal
/// took no effect.
pub(crate) async fn until_shown<F>(task: &Task, send: impl Fn() -> F) -> Result<Receipt, ActError>
where
    F: Future<Output = Result<Receipt, ActError>>,
{
    let deadline = task.clock.elapsed() + LAGS;
    loop {
        let sent = send().await;
        let busy = matches!(&sent, Err(ActError::Refused(why)) if is_busy(why));
        if !busy || task.clock.elapsed() >= deadline {
            return sent;
        }
        task.progress
            .says("App Runner says that the service is busy, and does not show with what yet: asking again");
        task.clock.sleep(AGAIN).await;
    }
}

/// Whether App Runner refused a call because of another operation.
fn is_busy(why: &Diagnosis) -> bool {
    why.says.iter().any(|said| said.who == "What AWS says" && said.what.contains("OPERATION_IN_PROGRESS"))
        && why.headline.contains("Exception")
}

/// Waits until nothing else is under way, then sends. What this step itself started before must have succeeded.
pub(crate) async fn send_in_turn(
    cloud: &Cloud,
    task: &Task,
    call: &str,
    input: &Value,
    before: &[Receipt],
) -> Result<Receipt, ActError> {
    let arn =
        input["ServiceArn"].as_str().ok_or_else(|| ActError::Refused(strange("it names no service")))?;
    let seen = free(cloud, task, arn).await.map_err(ActError::Refused)?;
    if let Some(earlier) = before.iter().rev().find_map(|receipt| receipt.body["operation"].as_str())
        && let Some(ended) = seen.operations.iter().find(|operation| operation.id == earlier)
        && ended.state() != OperationState::Succeeded
    {
        let headline = format!("What comes next was not sent: {} did not succeed", ended.kind);
        return Err(ActError::Refused(
            Diagnosis::of(headline)
                .says("Operation", told(arn, ended))
                .hint("Look into its log, then retry."),
        ));
    }
    send(cloud, call, input).await
}

/// Operations of a type that began after the intent, newest first. Looked for a few times: a list may lag behind.
pub(crate) async fn begun(
    cloud: &Cloud,
    task: &Task,
    world: &World,
    arn: &str,
    kind: &str,
) -> Result<Vec<AppOperation>, Diagnosis> {
    let found = confirmed(task, || async {
        let operations = list(cloud, arn).await?;
        let new: Vec<_> =
            operations.into_iter().filter(|found| found.kind == kind && world.is_new(found)).collect();
        Ok((!new.is_empty()).then_some(new))
    });
    Ok(found.await?.unwrap_or_default())
}

/// Whether a call whose answer was lost started its operation, where the type alone says so: nobody pauses, resumes or
/// deletes a service that stands as it did, and if somebody else did, the outcome is what this step wants.
async fn by_type(cloud: &Cloud, task: &Task, world: &World, kind: &str) -> Result<Observation, Diagnosis> {
    let arn = world.arn()?;
    let new = begun(cloud, task, world, arn, kind).await?;
    Ok(match new.as_slice() {
        [] => Observation::TookNoEffect { why: format!("no {kind} of {} has begun since", world.service) },
        [one] => Observation::TookEffect(receipt(arn, &one.id, None)),
        many => unsettled(
            world,
            arn,
            kind,
            many,
            "more than one has begun, and App Runner does not say whose they are",
        ),
    })
}

/// Several operations may be ours: the operator decides.
pub(crate) fn unsettled(
    world: &World,
    arn: &str,
    kind: &str,
    found: &[AppOperation],
    why: &str,
) -> Observation {
    let mut diagnosis = Diagnosis::of(format!(
        "A {kind} of {} has begun since, and it may be ours or somebody else's",
        world.service
    ));
    for found in found {
        diagnosis = diagnosis.says("Operation", told(arn, found));
    }
    let (call, _) = kind.split_once('_').unwrap_or((kind, ""));
    Observation::Unsettled(
        diagnosis.says("Why it is not certain", why).hint(format!(
            "Look in CloudTrail for who called App Runner ({call}…) at that time: if it is this role, it took effect."
        )),
    )
}

/// Reads a service's tag; a role that may not is no reason to stop, it only knows less.
pub(crate) async fn mark_of(cloud: &Cloud, arn: &str) -> Result<Option<String>, Diagnosis> {
    match cloud.app_tag(arn, crate::ecs::MARK).await {
        Ok(mark) => Ok(mark),
        Err(error) if error.is_unavailable() => Ok(None),
        Err(error) => Err(failed("The service's tags cannot be read", &error)),
    }
}

/// Whether what is about to be sent is what the intent says. The intent is stored redacted, so that what was hidden in it
/// fits anything.
pub(crate) fn is_as_planned(planned: &Value, made: &Value) -> bool {
    match (planned, made) {
        (Value::String(text), made) if text.contains(REDACTED) => !made.is_null(),
        (Value::Object(planned), Value::Object(made)) => {
            planned.len() == made.len()
                && planned
                    .iter()
                    .all(|(name, planned)| made.get(name).is_some_and(|made| is_as_planned(planned, made)))
        }
        (Value::Array(planned), Value::Array(made)) => {
            planned.len() == made.len()
                && planned.iter().zip(made).all(|(planned, made)| is_as_planned(planned, made))
        }
        (planned, made) => planned == made,
    }
}

/// What would be sent is not what the intent says, so that it was not sent.
pub(crate) fn changed_meanwhile(service: &str) -> ActError {
    ActError::Refused(
        Diagnosis::of(format!("{service} is no longer what it was when this was prepared; nothing was sent"))
            .hint("Somebody changed it meanwhile. Retry the step: it will be prepared anew."),
    )
}

fn busy(what: &str, error: &CallError) -> ActError {
    match (act_failed(what, error), error.code()) {
        (ActError::Refused(diagnosis), Some("InvalidStateException")) => ActError::Refused(
            diagnosis.hint("App Runner does one operation at a time, and some only in some states: look at the service's status, then retry."),
        ),
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_redacted_fits_and_nothing_else_does() {
        let planned = json!({"a": {"DB_PASSWORD": REDACTED, "MODE": "live"}, "l": [1, 2]});
        let table = [
            (json!({"a": {"DB_PASSWORD": "x", "MODE": "live"}, "l": [1, 2]}), true),
            (json!({"a": {"DB_PASSWORD": "x", "MODE": "test"}, "l": [1, 2]}), false),
            (json!({"a": {"DB_PASSWORD": "x", "MODE": "live", "MORE": "1"}, "l": [1, 2]}), false),
            (json!({"a": {"MODE": "live"}, "l": [1, 2]}), false),
            (json!({"a": {"DB_PASSWORD": "x", "MODE": "live"}, "l": [2, 1]}), false),
        ];
        for (made, fits) in table {
            assert_eq!(is_as_planned(&planned, &made), fits, "{made}");
        }
    }
}
