//! What a service is before it is changed, and how that is told apart from what it is after.

use super::definition::{self, MARK};
use super::register::{describe, find_definition};
use crate::failure::failed;
use holdpoint_cloud::{Cloud, Deployment, Service, ServiceRevision};
use holdpoint_engine::Task;
use holdpoint_run::Diagnosis;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

/// Seconds before each further look for what is missing. ECS and App Runner are eventually consistent: their
/// documentation asks clients to look again with growing pauses, from a couple of seconds on.
const PAUSES: [u64; 5] = [2, 4, 8, 16, 30];
/// For so long a read may still show what was before a call, or nothing of what it made: all [`PAUSES`] together.
pub(crate) const LAGS: Duration = Duration::from_secs(60);

/// A service as it was when the intent was written. Everything new since is told by what is not in here, not by clocks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct World {
    /// As the step names it.
    pub(crate) cluster: String,
    /// As the step names it.
    pub(crate) service: String,
    /// The service's ARN; absent when there was none.
    pub(crate) service_arn: Option<String>,
    /// Tasks wanted.
    pub(crate) desired: u32,
    /// Tasks running.
    pub(crate) running: u32,
    /// The primary deployment.
    pub(crate) primary: Option<Deployment>,
    /// Ids of its deployments.
    pub(crate) deployments: Vec<String>,
    /// ARNs of its newest service deployments, as far as they may be listed.
    pub(crate) service_deployments: Vec<String>,
    /// Id of its newest event.
    pub(crate) newest_event: Option<String>,
    /// Task definition that is wanted, by ARN.
    pub(crate) target: String,
    /// Whether this run registered the wanted task definition: then nobody else deploys it by chance.
    pub(crate) registered_here: bool,
    /// Anything that only one kind needs.
    pub(crate) more: Value,
}

impl World {
    /// Looks at a service.
    pub(crate) async fn of(
        cloud: &Cloud,
        cluster: &str,
        service: &str,
    ) -> Result<(Self, Option<Service>), Diagnosis> {
        let found = read(cloud, cluster, service).await?;
        Self::with(cloud, cluster, service, found).await
    }

    /// Looks at a service that this run may have changed before: no sooner than AWS shows that.
    pub(crate) async fn now(
        cloud: &Cloud,
        task: &Task,
        cluster: &str,
        service: &str,
    ) -> Result<(Self, Option<Service>), Diagnosis> {
        let found = caught_up(cloud, task, cluster, service).await?;
        Self::with(cloud, cluster, service, found).await
    }

    async fn with(
        cloud: &Cloud,
        cluster: &str,
        service: &str,
        found: Option<Service>,
    ) -> Result<(Self, Option<Service>), Diagnosis> {
        let mut world = Self { cluster: cluster.to_owned(), service: service.to_owned(), ..Self::default() };
        if let Some(found) = &found {
            world.service_arn = Some(found.service_arn.clone());
            world.desired = found.desired_count;
            world.running = found.running_count;
            world.primary = found.primary().cloned();
            world.deployments = found.deployments.iter().map(|deployment| deployment.id.clone()).collect();
            world.newest_event = found.events.first().map(|event| event.id.clone());
            // A role that may not list them is no reason to stop: the deployments above tell most of it.
            world.service_deployments = match cloud.service_deployments(cluster, service, 20).await {
                Ok(list) => list.into_iter().map(|deployment| deployment.service_deployment_arn).collect(),
                Err(error) if error.is_unavailable() => Vec::new(),
                Err(error) => {
                    return Err(failed(&format!("The deployments of {service} cannot be listed"), &error));
                }
            };
        }
        Ok((world, found))
    }

    /// As an intent keeps it.
    pub(crate) fn value(&self) -> Value {
        json!(self)
    }

    /// From an intent.
    pub(crate) fn from_intent(world: &Value) -> Result<Self, Diagnosis> {
        Self::deserialize(world).map_err(|error| crate::failure::strange(&error.to_string()))
    }

    /// Notes the task definition that is wanted and whether this run registered it.
    pub(crate) async fn aim(&mut self, cloud: &Cloud, task: &Task, wanted: &str) -> Result<Value, Diagnosis> {
        let described = described(cloud, task, wanted).await?;
        let arn = described["taskDefinition"]["taskDefinitionArn"].as_str().unwrap_or(wanted);
        if described["taskDefinition"]["status"] == "INACTIVE" {
            return Err(Diagnosis::of(format!(
                "{} is deregistered and cannot be deployed",
                definition::short(arn)
            ))
            .hint("Register it again (`ecs.register` with `from`), then deploy the new revision.")
            .hint("Terraform deregisters what it replaces unless `skip_destroy` is set."));
        }
        self.target = arn.to_owned();
        let run = format!("{}/", task.run);
        self.registered_here = definition::tag(&described, MARK).is_some_and(|mark| mark.starts_with(&run));
        Ok(described)
    }

    /// Whether a deployment came into being after this look.
    pub(crate) fn is_new(&self, deployment: &Deployment) -> bool {
        !self.deployments.contains(&deployment.id)
    }
}

/// A service that exists and is not on its way out; `None` otherwise.
pub(crate) async fn read(cloud: &Cloud, cluster: &str, service: &str) -> Result<Option<Service>, Diagnosis> {
    match cloud.service(cluster, service).await {
        Ok(found) => Ok(found.filter(Service::is_active)),
        Err(error) if error.code() == Some("ClusterNotFoundException") => {
            Err(Diagnosis::of(format!("There is no cluster `{cluster}` in this account and region"))
                .hint("Compare the cluster's name, the account and the region with the plan's target."))
        }
        Err(error) => Err(failed(&format!("The service {service} cannot be read"), &error)),
    }
}

/// A service that must exist.
pub(crate) fn existing(found: Option<Service>, cluster: &str, service: &str) -> Result<Service, Diagnosis> {
    found.ok_or_else(|| {
        Diagnosis::of(format!("There is no service `{service}` in the cluster `{cluster}`"))
            .hint("A service, its task definition's family and its log group may have different names: compare them.")
    })
}

/// Images by digest that a deployment's tasks run: by the service revision, else by the running tasks.
pub(crate) async fn digests(
    cloud: &Cloud,
    cluster: &str,
    service: &str,
    revision: Option<&ServiceRevision>,
    task_definition: &str,
) -> Result<BTreeMap<String, String>, Diagnosis> {
    if let Some(revision) = revision
        && !revision.container_images.is_empty()
    {
        let images = &revision.container_images;
        return Ok(images
            .iter()
            .map(|image| (image.container_name.clone(), image.image_digest.clone()))
            .collect());
    }
    let tasks = cloud
        .tasks(cluster, service, holdpoint_cloud::Listing::Running)
        .await
        .map_err(|error| failed(&format!("The tasks of {service} cannot be read"), &error))?;
    let newest = tasks
        .into_iter()
        .filter(|task| task.task_definition_arn == task_definition && task.started_at.is_some())
        .max_by_key(|task| task.started_at);
    let containers = newest.map(|task| task.containers).unwrap_or_default();
    Ok(containers
        .into_iter()
        .filter_map(|container| Some((container.name, container.image_digest?)))
        .collect())
}

/// What every attempt of a step marks its things with; an attempt's number follows it.
pub(crate) fn stem(task: &Task) -> String {
    let mark = task.mark();
    match mark.rsplit_once('/') {
        Some((stem, _)) => format!("{stem}/"),
        None => mark,
    }
}

/// Whether a mark is this one, or of this step when `wanted` is a stem.
pub(crate) fn is_marked(found: &str, wanted: &str) -> bool {
    found == wanted || (wanted.ends_with('/') && found.starts_with(wanted))
}

/// Looks a few times for something that ECS may not show at once.
pub(crate) async fn confirmed<T, F>(task: &Task, look: impl Fn() -> F) -> Result<Option<T>, Diagnosis>
where
    F: Future<Output = Result<Option<T>, Diagnosis>>,
{
    for pause in PAUSES {
        if let Some(found) = look().await? {
            return Ok(Some(found));
        }
        task.progress.says(format!("AWS does not show it; it may come late, looking again in {pause} s"));
        task.clock.sleep(Duration::from_secs(pause)).await;
    }
    look().await
}

/// A task definition by name or ARN. One that this run registered is there, however late AWS shows it.
pub(crate) async fn described(cloud: &Cloud, task: &Task, name: &str) -> Result<Value, Diagnosis> {
    let receipts = task.began.values().flat_map(|began| &began.receipts);
    if !receipts.flat_map(|receipt| &receipt.external).any(|made| made.id == name) {
        return describe(cloud, name).await;
    }
    match confirmed(task, || find_definition(cloud, name)).await? {
        Some(described) => Ok(described),
        None => describe(cloud, name).await,
    }
}

/// A service, at least as new as what this run has done to it: a read from before a deployment that it has the receipt
/// of is no base to judge from.
async fn caught_up(
    cloud: &Cloud,
    task: &Task,
    cluster: &str,
    service: &str,
) -> Result<Option<Service>, Diagnosis> {
    let receipts = task.began.values().flat_map(|began| &began.receipts);
    let newest = receipts
        .filter(|receipt| {
            receipt.external.iter().any(|made| made.kind == "service" && is_named(&made.id, cluster, service))
        })
        .filter_map(|receipt| {
            Some((receipt.body["created_at"].as_i64()?, receipt.body["deployment"].as_str()?))
        })
        .max();
    let Some((at, id)) = newest else { return read(cloud, cluster, service).await };
    let shows = |found: &Service| {
        found
            .deployments
            .iter()
            .any(|shown| shown.id == id || shown.created_at.is_some_and(|made| made.0 > at))
    };
    let look = || async { Ok(read(cloud, cluster, service).await?.filter(|found| shows(found))) };
    match confirmed(task, look).await? {
        Some(found) => Ok(Some(found)),
        // It was deleted, or AWS has another history than this run: what it shows is what there is.
        None => read(cloud, cluster, service).await,
    }
}

/// Whether an ARN is that of a service, `…:service/<cluster>/<service>` or, of old, `…:service/<service>`.
fn is_named(arn: &str, cluster: &str, service: &str) -> bool {
    let Some((_, names)) = arn.split_once(":service/") else { return false };
    let (cluster, service) = (definition::short(cluster), definition::short(service));
    names.split_once('/').map_or(names == service, |(of, name)| of == cluster && name == service)
}

/// Whether `now` already says everything that `wanted` says. Lists of names are compared as sets.
pub(crate) fn already_says(now: &Value, wanted: &Value) -> bool {
    match (now, wanted) {
        (_, Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| already_says(now.get(name).unwrap_or(&Value::Null), wanted))
        }
        (Value::Array(now), Value::Array(wanted)) => {
            now.len() == wanted.len() && wanted.iter().all(|item| now.contains(item))
        }
        _ => now == wanted,
    }
}
