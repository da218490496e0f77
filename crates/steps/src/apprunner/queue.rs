//! One operation at a time: somebody else's is waited for, and one that hangs is named.

use super::service::name_of;
use crate::ecs::{is_passing, moment};
use crate::failure::failed;
use holdpoint_cloud::{AppOperation, AppService, Cloud};
use holdpoint_engine::Task;
use holdpoint_run::Diagnosis;
use std::time::Duration;

/// An operation that takes longer hangs: App Runner cannot cancel one, and only AWS support can (aws-semantics 15).
pub(crate) const STUCK: Duration = Duration::from_secs(20 * 60);
/// Time between two looks, in plan time.
const POLL: Duration = Duration::from_secs(5);

/// What a service is once nothing is under way any more.
pub(crate) struct Free {
    /// The service; `None` when it is gone.
    pub(crate) service: Option<AppService>,
    /// Its operations, newest first.
    pub(crate) operations: Vec<AppOperation>,
}

/// Waits until no operation is under way. Nothing is sent meanwhile: App Runner would refuse it.
pub(crate) async fn free(cloud: &Cloud, task: &Task, arn: &str) -> Result<Free, Diagnosis> {
    let clock = &task.clock;
    let begun = clock.elapsed();
    let limit = task.timeout.unwrap_or(STUCK * 2);
    let mut watch = Watch::default();
    loop {
        let (service, operations) = match look(cloud, arn).await {
            Ok(seen) => seen,
            Err(error) if is_passing(&error) && clock.elapsed() < begun + limit => {
                task.progress.says(format!("AWS cannot be asked now, asking again: {error}"));
                clock.sleep(POLL).await;
                continue;
            }
            Err(error) => return Err(failed(&format!("{} cannot be read", name_of(arn)), &error)),
        };
        let going = operations.iter().find(|operation| operation.is_going());
        let busy = service.as_ref().is_some_and(|service| service.status == "OPERATION_IN_PROGRESS");
        if going.is_none() && !busy {
            return Ok(Free { service, operations });
        }
        let age = going.map(|going| watch.age(task, going));
        match going {
            Some(going) => task.progress.says(format!(
                "{} is busy: waiting for {} {} (since {})",
                name_of(arn),
                going.kind,
                going.id,
                since(going)
            )),
            None => task
                .progress
                .says(format!("{} is busy with an operation that is not listed yet", name_of(arn))),
        }
        if let (Some(going), Some(age)) = (going, age)
            && age >= STUCK
        {
            return Err(stuck(arn, going, age));
        }
        if clock.elapsed() >= begun + limit {
            let headline =
                format!("{} is still busy after {} s; nothing was sent", name_of(arn), limit.as_secs());
            let diagnosis = Diagnosis::of(headline).says("What AWS says", "OPERATION_IN_PROGRESS");
            let diagnosis = match going {
                Some(going) => diagnosis.says("Operation", told(arn, going)),
                None => diagnosis.says("Operation", "ListOperations shows none under way"),
            };
            return Err(diagnosis.hint("Wait until it is over, then retry."));
        }
        clock.sleep(POLL).await;
    }
}

/// How long an operation has been under way. Part of it may lie before this process looked: that part is counted by
/// AWS's time, the rest by the run's clock, which divides durations in practice.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    of: String,
    seen: Duration,
    before: Duration,
}

impl Watch {
    /// Its age now.
    pub(crate) fn age(&mut self, task: &Task, operation: &AppOperation) -> Duration {
        let now = task.clock.elapsed();
        if self.of != operation.id {
            let before = operation.started_at.map_or(0, |at| task.clock.now().0.saturating_sub(at.0));
            let before = Duration::from_millis(u64::try_from(before).unwrap_or_default());
            *self = Self { of: operation.id.clone(), seen: now, before };
        }
        self.before + now.saturating_sub(self.seen)
    }
}

/// An operation that does not end.
pub(crate) fn stuck(arn: &str, operation: &AppOperation, age: Duration) -> Diagnosis {
    Diagnosis::of(format!(
        "{} hangs: {} {} has been under way for {} min, and App Runner cannot cancel it",
        name_of(arn),
        operation.kind,
        operation.id,
        age.as_secs() / 60
    ))
    .says("What AWS says", format!("OPERATION_IN_PROGRESS · {}", operation.status))
    .says("Operation", told(arn, operation))
    .hint(format!("Open a support case with AWS; name the service {arn} and the operation {}.", operation.id))
    .hint("Do not send anything else to the service meanwhile: App Runner refuses it. Retry once the operation has ended.")
}

/// An operation with everything that names it.
pub(crate) fn told(arn: &str, operation: &AppOperation) -> String {
    let mut text = format!("{} {} {}", operation.kind, operation.id, operation.status);
    if let Some(at) = operation.started_at {
        text.push_str(&format!(", began {}", moment(at)));
    }
    if let Some(at) = operation.ended_at {
        text.push_str(&format!(", ended {}", moment(at)));
    }
    format!("{text}, of {arn}")
}

async fn look(
    cloud: &Cloud,
    arn: &str,
) -> Result<(Option<AppService>, Vec<AppOperation>), holdpoint_cloud::CallError> {
    let service = cloud.app_service(arn).await?;
    Ok((service, cloud.app_operations(arn).await?))
}

fn since(operation: &AppOperation) -> String {
    operation.started_at.map_or_else(|| "an unknown time".to_owned(), moment)
}
