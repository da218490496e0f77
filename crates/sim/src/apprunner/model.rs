//! What App Runner keeps of one account and region.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::behaviour::{Behaviour, Origin};
use crate::clock::Micros;

/// App Runner of one account and region.
#[derive(Debug, Clone, Default)]
pub(crate) struct AppRunner {
    /// In the order of their creation; deleted ones for as long as they are described.
    pub(crate) services: Vec<Service>,
    pub(crate) scaling: Vec<Scaling>,
    pub(crate) connectors: Vec<Connector>,
    pub(crate) ingresses: Vec<Ingress>,
    pub(crate) observability: Vec<Observability>,
    /// By ARN.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// A service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) arn: String,
    /// A host name, without a scheme.
    pub(crate) url: String,
    pub(crate) created_at: Micros,
    pub(crate) updated_at: Micros,
    pub(crate) deleted_at: Option<Micros>,
    pub(crate) status: Status,
    pub(crate) settings: Settings,
    /// What answers requests; none before the first deployment, while paused and after the end.
    pub(crate) serving: Option<Instance>,
    /// The last version that ran, which a pause keeps and a resumption deploys again.
    pub(crate) last_good: Option<Instance>,
    /// Oldest first.
    pub(crate) operations: Vec<Operation>,
    /// Digests of the versions that completed a deployment.
    pub(crate) completed: Vec<String>,
}

/// What a service is configured to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// SourceConfiguration, InstanceConfiguration and so on, with their defaults filled in.
    pub(crate) body: Map<String, Value>,
    /// The ARN of its auto scaling configuration's revision.
    pub(crate) scaling: String,
}

/// A version of the application that runs, or is being tried.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) settings: Settings,
    pub(crate) image: String,
    pub(crate) digest: String,
    pub(crate) behaviour: Behaviour,
    pub(crate) origin: Origin,
    pub(crate) is_new: bool,
}

/// A service's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    CreateFailed,
    Running,
    Deleted,
    DeleteFailed,
    Paused,
    OperationInProgress,
}

/// An operation: one at a time for a service.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) status: Phase,
    pub(crate) started_at: Micros,
    pub(crate) updated_at: Micros,
    pub(crate) ended_at: Option<Micros>,
    /// The id that logs name, and the stream of the deployment.
    pub(crate) deployment: String,
    /// What the service was before.
    pub(crate) was: Status,
    pub(crate) before: Settings,
    pub(crate) attempt: Option<Instance>,
    /// Why it fails, as logs say it.
    pub(crate) failure: Option<Failure>,
    /// It goes no further until it is let.
    pub(crate) held: bool,
}

/// Why a deployment failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What follows `Failure reason : `.
    pub(crate) reason: Option<String>,
    /// Nothing was started yet.
    pub(crate) before_start: bool,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Update,
    Deploy,
    Pause,
    Resume,
    Delete,
}

/// An operation's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending,
    InProgress,
    Failed,
    Succeeded,
    RollbackInProgress,
    RollbackFailed,
    RollbackSucceeded,
}

/// A revision of an auto scaling configuration.
#[derive(Debug, Clone)]
pub(crate) struct Scaling {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) revision: u64,
    pub(crate) max_concurrency: u64,
    pub(crate) min_size: u64,
    pub(crate) max_size: u64,
    pub(crate) created_at: Micros,
    pub(crate) deleted_at: Option<Micros>,
    pub(crate) is_default: bool,
}

/// A VPC connector.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) revision: u64,
    pub(crate) subnets: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) created_at: Micros,
    pub(crate) deleted_at: Option<Micros>,
}

/// A VPC ingress connection: the way from a VPC to a private service.
#[derive(Debug, Clone)]
pub(crate) struct Ingress {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) service: String,
    pub(crate) vpc: String,
    pub(crate) endpoint: String,
    pub(crate) domain: String,
    pub(crate) status: IngressStatus,
    pub(crate) created_at: Micros,
    pub(crate) deleted_at: Option<Micros>,
}

/// A VPC ingress connection's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IngressStatus {
    PendingCreation,
    Available,
    PendingUpdate,
    PendingDeletion,
    Deleted,
}

/// A revision of an observability configuration.
#[derive(Debug, Clone)]
pub(crate) struct Observability {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) revision: u64,
    pub(crate) traced: bool,
    pub(crate) created_at: Micros,
    pub(crate) deleted_at: Option<Micros>,
}

/// Something that will happen in App Runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Due {
    /// A step of a service's operation.
    Operation { service: String, operation: String, step: Step },
    /// A line of a container reaches its log group, `at` its wall time.
    Says { group: String, stream: String, at: Micros, message: String },
    /// A VPC ingress connection has become what it was becoming.
    Ingress { arn: String },
    /// A deleted service is no longer described.
    Forgotten { service: String },
}

/// A step of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Begins,
    Pulls,
    Pulled,
    Provisioned,
    Starts,
    Passes,
    Exits,
    FailsHealth,
    Routed,
    Succeeds,
    Fails,
    RolledBack,
    Ends,
}

impl Status {
    /// As the wire has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CreateFailed => "CREATE_FAILED",
            Self::Running => "RUNNING",
            Self::Deleted => "DELETED",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::Paused => "PAUSED",
            Self::OperationInProgress => "OPERATION_IN_PROGRESS",
        }
    }

    /// The status of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [
            Self::CreateFailed,
            Self::Running,
            Self::Deleted,
            Self::DeleteFailed,
            Self::Paused,
            Self::OperationInProgress,
        ]
        .into_iter()
        .find(|status| status.name() == name)
    }
}

impl Kind {
    /// As the wire has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE_SERVICE",
            Self::Update => "UPDATE_SERVICE",
            Self::Deploy => "START_DEPLOYMENT",
            Self::Pause => "PAUSE_SERVICE",
            Self::Resume => "RESUME_SERVICE",
            Self::Delete => "DELETE_SERVICE",
        }
    }
}

impl Phase {
    /// As the wire has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Failed => "FAILED",
            Self::Succeeded => "SUCCEEDED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::RollbackSucceeded => "ROLLBACK_SUCCEEDED",
        }
    }
}

impl IngressStatus {
    /// As the wire has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PendingCreation => "PENDING_CREATION",
            Self::Available => "AVAILABLE",
            Self::PendingUpdate => "PENDING_UPDATE",
            Self::PendingDeletion => "PENDING_DELETION",
            Self::Deleted => "DELETED",
        }
    }
}

impl Service {
    /// `/aws/apprunner/<name>/<id>/<kind>`.
    pub(crate) fn log_group(&self, kind: &str) -> String {
        format!("/aws/apprunner/{}/{}/{kind}", self.name, self.id)
    }

    /// Whether requests from outside of a VPC reach it.
    pub(crate) fn is_public(&self) -> bool {
        self.settings.at("/NetworkConfiguration/IngressConfiguration/IsPubliclyAccessible")
            != &Value::Bool(false)
    }
}

impl Settings {
    /// The member at a JSON pointer; null where there is none.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        let mut parts = pointer.splitn(3, '/').skip(1);
        let top = parts.next().and_then(|name| self.body.get(name));
        match (top, parts.next()) {
            (Some(value), Some(rest)) => value.pointer(&format!("/{rest}")).unwrap_or(&Value::Null),
            (Some(value), None) => value,
            (None, _) => &Value::Null,
        }
    }

    /// The image reference as it was written.
    pub(crate) fn image(&self) -> &str {
        self.at("/SourceConfiguration/ImageRepository/ImageIdentifier").as_str().unwrap_or_default()
    }

    /// The container's port.
    pub(crate) fn port(&self) -> &str {
        self.at("/SourceConfiguration/ImageRepository/ImageConfiguration/Port").as_str().unwrap_or("8080")
    }

    /// Whether a pushed image starts a deployment.
    pub(crate) fn deploys_by_itself(&self) -> bool {
        self.at("/SourceConfiguration/AutoDeploymentsEnabled") == &Value::Bool(true)
    }

    /// The references of its secrets and parameters, by the variable that they fill.
    pub(crate) fn secrets(&self) -> Vec<(&str, &str)> {
        self.at("/SourceConfiguration/ImageRepository/ImageConfiguration/RuntimeEnvironmentSecrets")
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, from)| Some((name.as_str(), from.as_str()?)))
            .collect()
    }
}
