//! What AWS says of services, deployments and tasks, in our own types. Unknown words stay words.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A moment of AWS's: milliseconds since 1970. On the wire it is seconds with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(from)?;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of any real date fit")]
        Ok(Self((seconds * 1000.0).round() as i64))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A service.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// ARN.
    pub service_arn: String,
    /// Name.
    pub service_name: String,
    /// ARN of its cluster.
    pub cluster_arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// Tasks wanted.
    pub desired_count: u32,
    /// Tasks running.
    pub running_count: u32,
    /// Tasks starting.
    pub pending_count: u32,
    /// Task definition of the primary deployment.
    pub task_definition: String,
    /// Deployments, at most one of them `PRIMARY`.
    pub deployments: Vec<Deployment>,
    /// Newest first, at most 100.
    pub events: Vec<Event>,
    /// As AWS writes it.
    pub deployment_configuration: serde_json::Value,
    /// As AWS writes it.
    pub network_configuration: serde_json::Value,
    /// As AWS writes it.
    pub load_balancers: serde_json::Value,
    /// Fargate platform version.
    pub platform_version: Option<String>,
    /// Seconds.
    pub health_check_grace_period_seconds: Option<u32>,
    /// Tags, when asked for.
    pub tags: Vec<Tag>,
    /// When it was created.
    pub created_at: Option<Millis>,
}

impl Service {
    /// Whether it exists for a deployment: one that is draining or gone does not.
    pub fn is_active(&self) -> bool {
        // A status of a later API is no end: only the two that are known as such are.
        !matches!(self.status.as_str(), "" | "DRAINING" | "INACTIVE")
    }

    /// The deployment that the service is going to.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.status == "PRIMARY")
    }

    /// The deployment of that id.
    pub fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }

    /// Whether the deployment circuit breaker is on, and whether it rolls back.
    pub fn breaker(&self) -> (bool, bool) {
        let of = |name: &str| {
            self.deployment_configuration["deploymentCircuitBreaker"][name].as_bool().unwrap_or_default()
        };
        (of("enable"), of("rollback"))
    }
}

/// A deployment of a service as DescribeServices shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    /// `ecs-svc/…`.
    pub id: String,
    /// `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// ARN.
    pub task_definition: String,
    /// Tasks wanted.
    pub desired_count: u32,
    /// Tasks starting.
    pub pending_count: u32,
    /// Tasks running.
    pub running_count: u32,
    /// Tasks that failed in a row.
    pub failed_tasks: u32,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`; absent for controllers and load balancers without it.
    pub rollout_state: Option<String>,
    /// Why.
    pub rollout_state_reason: Option<String>,
    /// When it was made.
    pub created_at: Option<Millis>,
}

impl Deployment {
    /// Whether its rollout is complete. A service whose deployments have no rollout state counts by its tasks.
    pub fn is_complete(&self) -> bool {
        match self.rollout_state.as_deref() {
            Some(state) => state == "COMPLETED",
            None => self.running_count == self.desired_count,
        }
    }
}

/// An event of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// Unique.
    pub id: String,
    /// When.
    pub created_at: Millis,
    /// What.
    pub message: String,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// A service revision: a task definition with its images by digest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceRevision {
    /// ARN.
    pub service_revision_arn: String,
    /// ARN of the task definition.
    pub task_definition: String,
    /// Images as resolved.
    pub container_images: Vec<ContainerImage>,
}

/// An image as resolved for a revision.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerImage {
    /// Container.
    pub container_name: String,
    /// `sha256:…`.
    pub image_digest: String,
    /// As in the task definition.
    pub image: String,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AttachedTask {
    /// ARN.
    pub task_arn: String,
    /// ARN.
    pub task_definition_arn: String,
    /// Who started it: a deployment's id, for a service's task.
    pub started_by: Option<String>,
    /// `PROVISIONING` … `STOPPED`.
    pub last_status: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health_status: Option<String>,
    /// Kind of stop; words of a later API are kept.
    pub stop_code: Option<String>,
    /// Why it stopped; AWS may leave it empty.
    pub stopped_reason: Option<String>,
    /// When it was made.
    pub created_at: Option<Millis>,
    /// When all its containers ran.
    pub started_at: Option<Millis>,
    /// When its containers ended.
    pub execution_stopped_at: Option<Millis>,
    /// When it was gone.
    pub stopped_at: Option<Millis>,
    /// Containers.
    pub containers: Vec<Container>,
    /// What is attached to it: its network interface, volumes.
    pub attachments: Vec<Attachment>,
    /// Tags, when asked for.
    pub tags: Vec<Tag>,
    /// Where its capacity came from: `FARGATE`, `EC2`, `EXTERNAL`, or a word of a later API.
    pub launch_type: Option<String>,
}

impl AttachedTask {
    /// A fact of its network interface, e.g. `networkInterfaceId` or `privateIPv4Address`.
    pub fn network(&self, fact: &str) -> Option<&str> {
        let interface = self.attachments.iter().find(|found| found.kind == "ElasticNetworkInterface")?;
        let detail = interface.details.iter().find(|detail| detail.name == fact)?;
        detail.value.as_deref().filter(|value| !value.is_empty())
    }

    /// The last part of its ARN, as in names of log streams.
    pub fn id(&self) -> &str {
        self.task_arn.rsplit('/').next().unwrap_or(&self.task_arn)
    }

    /// What it does.
    pub fn state(&self) -> TaskState {
        match self.last_status.as_str() {
            "STOPPED" | "STOPPING" | "DEACTIVATING" | "DEPROVISIONING" => TaskState::Gone,
            "RUNNING" if self.desired_status == "STOPPED" => TaskState::Gone,
            "RUNNING" if self.health_status.as_deref() == Some("UNHEALTHY") => TaskState::Unhealthy,
            "RUNNING" => TaskState::Up,
            _ => TaskState::Starting,
        }
    }

    /// Whether it was stopped because fewer tasks were wanted, which is no failure.
    pub fn was_scaled_in(&self) -> bool {
        self.stopped_reason
            .as_deref()
            .is_some_and(|reason| reason.starts_with("Scaling activity initiated by"))
    }
}

/// Something attached to a task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attachment {
    /// `ElasticNetworkInterface`, `Service Connect`, `AmazonElasticBlockStorage`, or a word of a later API.
    #[serde(rename = "type")]
    pub kind: String,
    /// `PRECREATED` … `ATTACHED` … `DELETED`.
    pub status: String,
    /// By name.
    pub details: Vec<Detail>,
}

/// One fact of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// E.g. `privateIPv4Address`.
    pub name: String,
    /// Its value.
    pub value: Option<String>,
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// On its way.
    Starting,
    /// Running, and not known to be unhealthy.
    Up,
    /// Running, and its checks fail.
    Unhealthy,
    /// Stopping or stopped.
    Gone,
}

/// A container of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Name.
    pub name: String,
    /// As in the task definition.
    pub image: Option<String>,
    /// `sha256:…`.
    pub image_digest: Option<String>,
    /// Exit code, once it ended by itself.
    pub exit_code: Option<i32>,
    /// What the agent says.
    pub reason: Option<String>,
    /// `PENDING` … `STOPPED`.
    pub last_status: String,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health_status: Option<String>,
}
