//! What ECS keeps: clusters, task definitions, services with their deployments and revisions, tasks.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value};

use crate::behaviour::{Behaviour, Origin};
use crate::clock::Micros;
use crate::ecs::alarms::Watched;
use crate::ecs::hooks::HookRun;
use crate::ecs::incidents::Target;
use crate::ecs::strategy::{Phase, Strategy};
use crate::rollout::Threshold;

/// ECS of one account and region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ecs {
    pub(crate) clusters: BTreeMap<String, Cluster>,
    pub(crate) families: Families,
}

/// Task definitions by family, oldest revision first.
pub(crate) type Families = BTreeMap<String, Vec<TaskDefinition>>;

#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) settings: Value,
    pub(crate) tags: Tags,
    pub(crate) services: BTreeMap<String, Service>,
    /// In order of creation; stopped ones stay for about an hour.
    pub(crate) tasks: Vec<Task>,
    /// RunTask's client tokens.
    pub(crate) tokens: BTreeMap<String, Ran>,
}

/// What a client token of RunTask stands for, for 24 hours.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) content: String,
    /// Elapsed moment until which it counts.
    pub(crate) until: Micros,
    /// The answer of then; tasks are forgotten sooner than tokens.
    pub(crate) tasks: Vec<(String, Value)>,
}

/// Tags in order of setting.
pub(crate) type Tags = Vec<(String, String)>;

#[derive(Debug, Clone)]
pub(crate) struct TaskDefinition {
    pub(crate) family: String,
    pub(crate) revision: u32,
    pub(crate) arn: String,
    pub(crate) active: bool,
    /// Members as DescribeTaskDefinition answers them.
    pub(crate) body: Map<String, Value>,
    pub(crate) tags: Tags,
}

impl TaskDefinition {
    pub(crate) fn containers(&self) -> &[Value] {
        self.body.get("containerDefinitions").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// `family:revision`.
    pub(crate) fn short(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }

    /// Index of the container that a behaviour without a name is for: the first essential one.
    pub(crate) fn main_container(&self) -> usize {
        self.containers().iter().position(is_essential).unwrap_or(0)
    }
}

/// A container is essential unless it says otherwise.
pub(crate) fn is_essential(container: &Value) -> bool {
    container["essential"].as_bool().unwrap_or(true)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceStatus {
    Active,
    Draining,
    Inactive,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) status: ServiceStatus,
    pub(crate) desired: u32,
    pub(crate) task_definition: String,
    /// Members of CreateService and UpdateService that are kept as given.
    pub(crate) settings: Map<String, Value>,
    pub(crate) tags: Tags,
    pub(crate) client_token: Option<(String, String)>,
    pub(crate) created_at: Micros,
    pub(crate) created_by: String,
    /// Newest first; index 0 is PRIMARY.
    pub(crate) deployments: Vec<Deployment>,
    /// Oldest first.
    pub(crate) service_deployments: Vec<ServiceDeployment>,
    pub(crate) revisions: Vec<ServiceRevision>,
    /// Newest first, at most 100.
    pub(crate) events: VecDeque<Event>,
    /// The last deployment that completed.
    pub(crate) completed: Option<Completed>,
    /// Task definitions that completed a deployment of this service, and what they ran, by digest.
    pub(crate) proven: Vec<(String, Value)>,
    /// "has reached a steady state" was said and nothing moved since.
    pub(crate) steady: bool,
    /// Why no task could be placed, as it was said last.
    pub(crate) unplaced: Option<String>,
    /// Express Mode's own configuration, of a service that it made.
    pub(crate) express: Option<Value>,
    /// When it became INACTIVE.
    pub(crate) gone_at: Option<Micros>,
}

#[derive(Debug, Clone)]
pub(crate) struct Completed {
    pub(crate) deployment_id: String,
    pub(crate) revision: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) at: Micros,
    pub(crate) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) task_definition: String,
    pub(crate) revision: String,
    pub(crate) service_deployment: String,
    pub(crate) origin: Origin,
    pub(crate) is_new: bool,
    pub(crate) rollout_state: RolloutState,
    pub(crate) reason: String,
    /// Starts nothing any more: tripped, stopped or aborted.
    pub(crate) halted: bool,
    /// Failures since the last healthy task.
    pub(crate) failed_tasks: u32,
    /// Failures since the back-off was last reset.
    pub(crate) failures_in_a_row: u32,
    /// Elapsed moment before which no task is started.
    pub(crate) not_before: Micros,
    /// Its tasks register with the alternate target groups.
    pub(crate) alternate: bool,
    pub(crate) created_at: Micros,
    pub(crate) updated_at: Micros,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeploymentStatus {
    Pending,
    InProgress,
    Successful,
    StopRequested,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl DeploymentStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::StopRequested => "STOP_REQUESTED",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    pub(crate) fn is_terminal(self) -> bool {
        match self {
            Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed => true,
            Self::Pending
            | Self::InProgress
            | Self::StopRequested
            | Self::RollbackRequested
            | Self::RollbackInProgress => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakerStatus {
    Disabled,
    Monitoring,
    MonitoringComplete,
    Triggered,
}

impl BreakerStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Monitoring => "MONITORING",
            Self::MonitoringComplete => "MONITORING_COMPLETE",
            Self::Triggered => "TRIGGERED",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ServiceDeployment {
    pub(crate) arn: String,
    pub(crate) deployment_id: String,
    pub(crate) origin: Origin,
    pub(crate) task_definition: String,
    pub(crate) target: String,
    pub(crate) sources: Vec<String>,
    pub(crate) status: DeploymentStatus,
    pub(crate) reason: String,
    pub(crate) created_at: Micros,
    pub(crate) started_at: Option<Micros>,
    pub(crate) finished_at: Option<Micros>,
    pub(crate) stopped_at: Option<Micros>,
    pub(crate) updated_at: Micros,
    pub(crate) configuration: Value,
    pub(crate) breaker: BreakerStatus,
    pub(crate) threshold: u32,
    pub(crate) failures: u32,
    pub(crate) all_failures: u32,
    pub(crate) rollback: Option<Rollback>,
    /// Why it is to be rolled back, once that was asked for.
    pub(crate) because: String,
    /// What matches of incidents and hooks see of it.
    pub(crate) about: Target,
    pub(crate) alarms: Watched,
    pub(crate) strategy: Strategy,
    pub(crate) phases: Vec<Phase>,
    /// The phase that it is in, once it has begun.
    pub(crate) phase: Option<usize>,
    /// Elapsed moment before which the phase does not end.
    pub(crate) phase_ends: Micros,
    /// ECS shifts the traffic: there is a load balancer or Service Connect.
    pub(crate) managed: bool,
    /// The target's shares of traffic, in percent.
    pub(crate) production: f64,
    pub(crate) test: f64,
    /// Hooks of the current stage.
    pub(crate) hooks: Vec<HookRun>,
    /// Elapsed moment at which a rolling deployment has baked.
    pub(crate) baked: Option<Micros>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub(crate) reason: String,
    pub(crate) started_at: Micros,
    pub(crate) revision: String,
}

#[derive(Debug, Clone)]
pub(crate) struct ServiceRevision {
    pub(crate) arn: String,
    pub(crate) task_definition: String,
    /// Container, image as written, digest.
    pub(crate) images: Vec<(String, String, String)>,
    pub(crate) settings: Map<String, Value>,
    pub(crate) express: Option<Value>,
    pub(crate) created_at: Micros,
}

/// The breaker as a service's configuration has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Breaker {
    pub(crate) enable: bool,
    pub(crate) rollback: bool,
    pub(crate) threshold: Threshold,
    pub(crate) reset_on_healthy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TaskStatus {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl TaskStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Unknown,
    Healthy,
    Unhealthy,
}

impl Health {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// What ended or will end a task.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) service: Option<String>,
    pub(crate) group: String,
    pub(crate) started_by: Option<String>,
    /// The deployment that counts it as its own; after a rollback that is not the one that started it.
    pub(crate) deployment: Option<String>,
    pub(crate) task_definition: TaskDefinition,
    pub(crate) origin: Origin,
    pub(crate) is_new: bool,
    pub(crate) status: TaskStatus,
    /// Not on its way out.
    pub(crate) wanted: bool,
    pub(crate) healthy: bool,
    /// Checks that have yet to pass before it counts as healthy.
    pub(crate) awaits: Vec<Awaits>,
    pub(crate) containers: Vec<Container>,
    pub(crate) ip: String,
    pub(crate) eni: String,
    pub(crate) mac: String,
    pub(crate) public_ip: Option<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) subnet: String,
    pub(crate) attachment: String,
    pub(crate) zone: String,
    pub(crate) launch_type: String,
    pub(crate) stop: Option<Stop>,
    pub(crate) tags: Tags,
    pub(crate) overrides: Value,
    pub(crate) target_group: Option<String>,
    pub(crate) registered: bool,
    pub(crate) exec: bool,
    /// Factor on its starting times.
    pub(crate) slow: f64,
    pub(crate) version: u64,
    pub(crate) created_at: Micros,
    pub(crate) connected_at: Option<Micros>,
    pub(crate) pull_started_at: Option<Micros>,
    pub(crate) pull_stopped_at: Option<Micros>,
    pub(crate) started_at: Option<Micros>,
    pub(crate) stopping_at: Option<Micros>,
    pub(crate) execution_stopped_at: Option<Micros>,
    pub(crate) stopped_at: Option<Micros>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaits {
    Container,
    Target,
    Settling,
}

#[derive(Debug, Clone)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) digest: String,
    pub(crate) essential: bool,
    pub(crate) status: TaskStatus,
    pub(crate) health: Health,
    pub(crate) exit_code: Option<i32>,
    pub(crate) reason: Option<String>,
    pub(crate) runtime_id: String,
    pub(crate) log: Option<LogTarget>,
    pub(crate) behaviour: Behaviour,
}

/// Where a container's output goes.
#[derive(Debug, Clone)]
pub(crate) struct LogTarget {
    pub(crate) group: String,
    pub(crate) stream: String,
    pub(crate) create_group: bool,
}

impl Service {
    /// A number in the kept `deploymentConfiguration`.
    pub(crate) fn percent(&self, member: &str, default: u32) -> u32 {
        self.settings
            .get("deploymentConfiguration")
            .and_then(|c| c[member].as_u64())
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(default)
    }

    pub(crate) fn breaker(&self) -> Breaker {
        let none = Value::Null;
        let c =
            self.settings.get("deploymentConfiguration").map_or(&none, |c| &c["deploymentCircuitBreaker"]);
        let threshold = &c["thresholdConfiguration"];
        let value = threshold["value"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(50);
        Breaker {
            enable: c["enable"].as_bool().unwrap_or(false),
            rollback: c["rollback"].as_bool().unwrap_or(false),
            threshold: match threshold["type"].as_str() {
                Some("COUNT") => Threshold::Count(value),
                Some("BOUNDED_PERCENT") => Threshold::BoundedPercent(value),
                Some("UNBOUNDED_PERCENT") => Threshold::UnboundedPercent(value),
                _ => Threshold::DEFAULT,
            },
            reset_on_healthy: c["resetOnHealthyTask"].as_bool().unwrap_or(true),
        }
    }

    pub(crate) fn service_deployment(&self, arn: &str) -> Option<&ServiceDeployment> {
        self.service_deployments.iter().find(|d| d.arn == arn)
    }

    pub(crate) fn service_deployment_mut(&mut self, arn: &str) -> Option<&mut ServiceDeployment> {
        self.service_deployments.iter_mut().find(|d| d.arn == arn)
    }
}
