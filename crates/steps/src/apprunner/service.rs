//! What a service is before it is changed, and how that is told apart from what it is after.

use crate::ecs::confirmed;
use crate::failure::{failed, strange};
use holdpoint_cloud::{AppOperation, AppService, Cloud};
use holdpoint_engine::Task;
use holdpoint_run::{Diagnosis, Receipt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// So many operations are listed: an older one is not shown any more.
const NEWEST: usize = 20;

/// A service as it was when the intent was written. What is new since is told by operations that are not in here.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct World {
    /// As the step names it.
    pub(crate) service: String,
    /// ARN; absent when there was none.
    pub(crate) arn: Option<String>,
    /// Status.
    pub(crate) status: Option<String>,
    /// Image that it was configured with.
    pub(crate) image: Option<String>,
    /// Ids of its operations, newest first.
    pub(crate) operations: Vec<String>,
    /// Id of an operation that was found under way and is followed, where nothing is to be sent.
    pub(crate) follows: Option<String>,
    /// What an operator should know before signing, and at the end.
    pub(crate) notes: Vec<String>,
    /// Anything that only one kind needs.
    pub(crate) more: Value,
}

impl World {
    /// Looks at a service.
    pub(crate) async fn of(
        cloud: &Cloud,
        service: &str,
    ) -> Result<(Self, Option<AppService>, Vec<AppOperation>), Diagnosis> {
        let found = find(cloud, service).await?;
        let mut world = Self { service: name_of(service).to_owned(), ..Self::default() };
        let mut operations = Vec::new();
        if let Some(found) = &found {
            operations = list(cloud, &found.service_arn).await?;
            world.arn = Some(found.service_arn.clone());
            world.status = Some(found.status.clone());
            world.image = found.image().map(str::to_owned);
            world.operations = operations.iter().map(|operation| operation.id.clone()).collect();
        }
        Ok((world, found, operations))
    }

    /// Looks at a service that this run may have changed before: no sooner than AWS shows that.
    pub(crate) async fn now(
        cloud: &Cloud,
        task: &Task,
        service: &str,
    ) -> Result<(Self, Option<AppService>, Vec<AppOperation>), Diagnosis> {
        let Some((arn, operation)) = done_before(task, service) else {
            return Self::of(cloud, service).await;
        };
        let look = || async {
            let seen = Self::of(cloud, service).await?;
            let shows = seen.0.arn.as_deref() == Some(arn)
                && (seen.2.len() >= NEWEST || seen.2.iter().any(|shown| shown.id == operation));
            Ok(shows.then_some(seen))
        };
        match confirmed(task, look).await? {
            Some(seen) => Ok(seen),
            // It was deleted, or is another of that name: what AWS shows is what there is.
            None => Self::of(cloud, service).await,
        }
    }

    /// As an intent keeps it.
    pub(crate) fn value(&self) -> Value {
        json!(self)
    }

    /// From an intent.
    pub(crate) fn from_intent(world: &Value) -> Result<Self, Diagnosis> {
        Self::deserialize(world).map_err(|error| strange(&error.to_string()))
    }

    /// The ARN of a service that was there.
    pub(crate) fn arn(&self) -> Result<&str, Diagnosis> {
        self.arn.as_deref().ok_or_else(|| strange("it names no service"))
    }

    /// Whether an operation began after this look.
    pub(crate) fn is_new(&self, operation: &AppOperation) -> bool {
        !self.operations.contains(&operation.id)
    }
}

/// The newest operation on a service that this run has the receipt of, with the service's ARN.
fn done_before<'a>(task: &'a Task, service: &str) -> Option<(&'a str, &'a str)> {
    let newest = task.began.values().max_by_key(|began| {
        let on = began.receipts.iter().any(|receipt| operation_on(receipt, service).is_some());
        on.then_some(began.at.0)
    })?;
    newest.receipts.iter().rev().find_map(|receipt| operation_on(receipt, service))
}

fn operation_on<'a>(receipt: &'a Receipt, service: &str) -> Option<(&'a str, &'a str)> {
    let arn = receipt.body["service_arn"].as_str()?;
    let operation = receipt.body["operation"].as_str().filter(|operation| !operation.is_empty())?;
    (arn == service || name_of(arn) == service).then_some((arn, operation))
}

/// The name in a name or ARN: `arn:aws:apprunner:<region>:<account>:service/<name>/<id>`.
pub(crate) fn name_of(service: &str) -> &str {
    match service.split_once(":service/") {
        Some((_, rest)) if service.starts_with("arn:") => rest.split('/').next().unwrap_or(rest),
        Some(_) | None => service,
    }
}

/// A service by name or ARN.
pub(crate) async fn find(cloud: &Cloud, service: &str) -> Result<Option<AppService>, Diagnosis> {
    let found = cloud.app_service_named(service).await;
    found.map_err(|error| failed(&format!("The App Runner service {service} cannot be read"), &error))
}

/// A service that must exist.
pub(crate) fn existing(found: Option<AppService>, service: &str) -> Result<AppService, Diagnosis> {
    found.ok_or_else(|| {
        Diagnosis::of(format!("There is no App Runner service `{service}` in this account and region"))
            .hint("Compare the name, the account and the region with the plan's target; `apprunner.create` makes a service.")
    })
}

/// Its newest operations.
pub(crate) async fn list(cloud: &Cloud, arn: &str) -> Result<Vec<AppOperation>, Diagnosis> {
    let listed = cloud.app_operations(arn).await;
    listed.map_err(|error| failed(&format!("The operations of {} cannot be listed", name_of(arn)), &error))
}

/// What of a service UpdateService takes, as AWS writes it.
pub(crate) fn configuration(service: &AppService) -> Value {
    let mut configuration = json!({
        "SourceConfiguration": service.source_configuration,
        "InstanceConfiguration": service.instance_configuration,
        "HealthCheckConfiguration": service.health_check_configuration,
        "NetworkConfiguration": service.network_configuration,
        "AutoScalingConfigurationArn": service.scaling(),
        "ObservabilityConfiguration": service.observability_configuration,
    });
    if let Some(members) = configuration.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    configuration
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_by_name_or_arn() {
        let arn =
            "arn:aws:apprunner:eu-west-1:111122223333:service/orders-web/0123456789abcdef0123456789abcdef";
        for (given, name) in
            [(arn, "orders-web"), ("orders-web", "orders-web"), ("a:service/b", "a:service/b")]
        {
            assert_eq!(name_of(given), name);
        }
    }
}
