//! StopServiceDeployment: a rollout in flight goes back to what it came from, by ECS itself, without a second deployment.
//!
//! It works where no circuit breaker and no alarm would roll back (API reference), it shifts traffic back instead of going
//! through another bake, and it comes to the same service revision, and so to the same digests. It applies only while a
//! rollout is in flight whose source is exactly what is to come back. A rollout that ends before the call arrives, and a
//! role without the right to it, leave the way by UpdateService: the call's receipt says which it was.

use super::definition::{digest_of, short};
use super::follow::Following;
use super::rollout::Target;
use super::service::{World, confirmed};
use crate::failure::{act_failed, failed, strange};
use holdpoint_cloud::{CallError, Cloud, Millis, Service, ServiceDeployment};
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_run::{ActionPlan, Diagnosis, External, Receipt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The call.
pub(super) const STOP: &str = "ecs:StopServiceDeployment";

/// A rollout that would go back to what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InFlight {
    /// ARN of the service deployment.
    pub(super) arn: String,
    /// Its id among the service's deployments.
    pub(super) deployment: String,
    /// What it brings.
    pub(super) task_definition: String,
    pub(super) created_at: Option<Millis>,
}

impl InFlight {
    /// As an intent keeps it.
    pub(super) fn of(stored: &Value) -> Result<Self, Diagnosis> {
        Self::deserialize(stored).map_err(|error| strange(&error.to_string()))
    }

    /// Follows it to the end of its way back: that AWS rolled it back is what was wanted, and any other end is handed on.
    pub(super) async fn follow_back(
        &self,
        cloud: &Cloud,
        task: &Task,
        world: &World,
    ) -> Result<Option<Ending>, Diagnosis> {
        let target =
            Target { deployment: self.deployment.clone(), task_definition: self.task_definition.clone() };
        let mut following = Following::after(cloud, task, world, target, self.created_at);
        following.known.retain(|arn| *arn != self.arn);
        match following.until_ended().await {
            Err(Ending::RolledBackByAws(_)) => Ok(None),
            Err(ending) => Ok(Some(ending)),
            Ok(_) => Err(Diagnosis::of(format!(
                "The deployment of {} was told to go back, and came to its end all the same",
                self.brings()
            ))
            .hint("Retry: it is brought back by a deployment of its own.")),
        }
    }

    /// The action that stops it.
    pub(super) fn action(&self) -> ActionPlan {
        let input = json!({"serviceDeploymentArn": self.arn, "stopType": "ROLLBACK"});
        ActionPlan { call: STOP.into(), input }
    }

    /// What it brings, in short.
    pub(super) fn brings(&self) -> &str {
        short(&self.task_definition)
    }
}

/// The rollout in flight that goes back to this revision with these digests when it is stopped. What cannot be read, and what
/// is not certain, is none: the way by UpdateService asks less.
pub(super) async fn in_flight(
    cloud: &Cloud,
    world: &World,
    service: &Service,
    old: &str,
    pinned: &BTreeMap<String, String>,
) -> Option<InFlight> {
    let primary = service.primary()?;
    let list = cloud.service_deployments(&world.cluster, &world.service, 5).await.ok()?;
    let newest = list.into_iter().find(|found| goes(&found.status))?;
    let ours = cloud.service_deployment(&newest.service_deployment_arn).await.ok()??;
    let [source] = ours.source_service_revisions.as_slice() else { return None };
    if !goes(&ours.status) {
        return None;
    }
    let target = ours.target()?.to_owned();
    let revisions = cloud.service_revisions(&[source.arn.clone(), target.clone()]).await.ok()?;
    let find = |arn: &str| revisions.iter().find(|revision| revision.service_revision_arn == arn);
    let (from, to) = (find(&source.arn)?, find(&target)?);
    let same = pinned.iter().all(|(container, image)| {
        let ran = from.container_images.iter().find(|ran| ran.container_name == *container);
        // Without a digest nothing ran when it was pinned, and the revision alone is compared.
        digest_of(image).is_none_or(|digest| ran.is_some_and(|ran| ran.image_digest == digest))
    });
    let fits = from.task_definition == old && same && to.task_definition == primary.task_definition;
    fits.then(|| InFlight {
        arn: ours.service_deployment_arn.clone(),
        deployment: primary.id.clone(),
        task_definition: to.task_definition.clone(),
        created_at: primary.created_at,
    })
}

/// Sends the call. What refuses it for certain leaves the way by UpdateService.
pub(super) async fn send(cloud: &Cloud, input: &Value) -> Result<Receipt, ActError> {
    match cloud.change(STOP, input).await {
        Ok(answer) => Ok(receipt(input, answer.request_id, &json!({"stopped": true}))),
        Err(error @ (CallError::Refused { .. } | CallError::Denied { .. })) => {
            // It may be going back already: by a call of ours whose answer was lost, by its breaker, by somebody else.
            let back = goes_back(cloud, input).await.map_err(ActError::Refused)?.is_some();
            Ok(receipt(input, None, &json!({"stopped": back, "why": error.to_string()})))
        }
        Err(error) => Err(act_failed("The deployment was not stopped", &error)),
    }
}

/// Whether the call took effect: the deployment goes back, or went. Who asked for it makes no difference to what comes.
pub(super) async fn observe(cloud: &Cloud, task: &Task, input: &Value) -> Result<Observation, Diagnosis> {
    let found = confirmed(task, || goes_back(cloud, input)).await?;
    Ok(match found {
        Some(_) => Observation::TookEffect(receipt(input, None, &json!({"stopped": true}))),
        None => Observation::TookNoEffect { why: "the deployment is not going back".into() },
    })
}

/// Whether a rollout was stopped, so that what the intent names after it is not needed.
pub(super) fn is_stopped(receipts: &[Receipt]) -> bool {
    receipts.iter().any(|receipt| receipt.body["stopped"] == true)
}

/// The receipt of a call that was not needed, and was not sent.
pub(super) fn unneeded() -> Receipt {
    let why = "the rollout that was in flight was stopped, and goes back by itself";
    Receipt { external: Vec::new(), request_id: None, body: json!({"not_sent": why}) }
}

async fn goes_back(cloud: &Cloud, input: &Value) -> Result<Option<ServiceDeployment>, Diagnosis> {
    let arn = input["serviceDeploymentArn"].as_str();
    let arn = arn.ok_or_else(|| strange("it names no service deployment"))?;
    let found = cloud.service_deployment(arn).await;
    let found = found.map_err(|error| failed("The deployment in flight cannot be read", &error))?;
    Ok(found.filter(|found| found.status.starts_with("ROLLBACK")))
}

/// Whether a service deployment can be stopped.
fn goes(status: &str) -> bool {
    matches!(status, "PENDING" | "IN_PROGRESS")
}

fn receipt(input: &Value, request_id: Option<String>, body: &Value) -> Receipt {
    let id = input["serviceDeploymentArn"].as_str().unwrap_or_default().to_owned();
    Receipt {
        external: vec![External { kind: "service_deployment".into(), id }],
        request_id,
        body: body.clone(),
    }
}
