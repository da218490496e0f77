//! What AWS is asked: ECS, App Runner, ECR, CloudWatch Logs, and the facts of networks, databases and metrics; and
//! [`registry`], what registries of images are asked.
//!
//! Invariant: every failed call says truthfully whether it may have taken effect ([`CallError::may_have_taken_effect`]),
//! and a call that changes something is sent once, repeated only after an answer that says it was throttled.
//!
//! The SDK signs, resolves endpoints and credentials, sends, and understands errors. Arguments and answers stay JSON as
//! AWS writes it: what an intent shows is what is sent, and members that this SDK does not know yet survive
//! (docs/adr/0020).

pub mod address;
mod apprunner;
mod ecr;
mod ecs;
mod ecs_deployments;
mod ecs_express;
mod ecs_tasks;
mod error;
mod listing;
mod logs;
mod model;
mod pace;
mod query;
pub mod registry;
mod repositories;
mod secrets;
mod wire;

pub use apprunner::{AppOperation, AppScaling, AppService, AppSummary, OperationState, VpcConnector};
pub use ecr::TaggedImage;
pub use ecs_deployments::{
    HookDetail, RevisionCount, RollbackFacts, ServiceAlarms, ServiceBreaker, ServiceDeployment,
};
pub use ecs_express::{ExpressService, ExpressStatus};
pub use ecs_tasks::Listing;
pub use error::CallError;
pub use logs::{LogLine, LogQuery, MergedTail, Tail};
pub use model::{
    AttachedTask, Attachment, Container, ContainerImage, Deployment, Detail, Event, Millis, Service,
    ServiceRevision, Tag, TaskState,
};
pub use pace::Pace;
pub use query::{
    Alarm, Database, DatabaseCluster, Datapoint, Meter, NetworkInterface, Opening, ParameterFacts, Route,
    RouteTable, Rows, SecurityGroup, Statement, Subnet, TargetHealth, Vpc, VpcEndpoint,
};
pub use secrets::SecretFacts;
pub use wire::Answer;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest wait for one answer; after it, a call that changes something may have taken effect.
const ATTEMPT: Duration = Duration::from_secs(20);

/// AWS with one identity in one region. Cheap to clone.
#[derive(Clone)]
pub struct Cloud {
    apprunner: aws_sdk_apprunner::Client,
    ecr: aws_sdk_ecr::Client,
    ecs: aws_sdk_ecs::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    query: query::Query,
    secrets: aws_sdk_secretsmanager::Client,
    region: Option<String>,
    pacer: Arc<pace::Pacer>,
    registries: Option<registry::Registries>,
}

impl Cloud {
    /// Clients that use exactly this configuration's credentials, region and endpoint. Waits between throttled calls
    /// go through `pace`. Time limits that the configuration sets are kept.
    pub fn new(config: &SdkConfig, pace: Arc<dyn Pace>) -> Self {
        let limits = limits(config);
        let apprunner = aws_sdk_apprunner::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits.clone())
            .build();
        let ecr = aws_sdk_ecr::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits.clone())
            .build();
        let ecs = aws_sdk_ecs::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits.clone())
            .build();
        let logs = aws_sdk_cloudwatchlogs::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits.clone())
            .build();
        let secrets = aws_sdk_secretsmanager::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(limits.clone())
            .build();
        let query = query::Query::new(config, limits);
        Self {
            query,
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets),
            apprunner: aws_sdk_apprunner::Client::from_conf(apprunner),
            ecr: aws_sdk_ecr::Client::from_conf(ecr),
            region: config.region().map(ToString::to_string),
            ecs: aws_sdk_ecs::Client::from_conf(ecs),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs),
            pacer: Arc::new(pace::Pacer::new(pace)),
            registries: None,
        }
    }

    /// The same, with registries that are asked of the images that its services run.
    #[must_use]
    pub fn with_registries(self, registries: registry::Registries) -> Self {
        Self { registries: Some(registries), ..self }
    }

    /// Registries of images, where this identity has been given them.
    pub fn registries(&self) -> Option<&registry::Registries> {
        self.registries.as_ref()
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}

fn limits(config: &SdkConfig) -> TimeoutConfig {
    let given = config.timeout_config();
    TimeoutConfig::builder()
        .connect_timeout(given.and_then(TimeoutConfig::connect_timeout).unwrap_or(CONNECT))
        .operation_attempt_timeout(
            given.and_then(TimeoutConfig::operation_attempt_timeout).unwrap_or(ATTEMPT),
        )
        .build()
}
