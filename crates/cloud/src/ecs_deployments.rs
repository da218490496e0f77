//! What AWS says of service deployments: stages, traffic, hooks, alarms, circuit breaker. Unknown words stay words.

use crate::Millis;
use serde::Deserialize;
use serde_json::Value;

/// A service deployment, with its history.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceDeployment {
    /// ARN.
    pub service_deployment_arn: String,
    /// `PENDING`, `IN_PROGRESS`, `SUCCESSFUL`, `STOPPED`, `STOP_REQUESTED`, `ROLLBACK_REQUESTED`,
    /// `ROLLBACK_IN_PROGRESS`, `ROLLBACK_SUCCESSFUL`, `ROLLBACK_FAILED`, or a word of a later API.
    pub status: String,
    /// Why.
    pub status_reason: Option<String>,
    /// When it was asked for.
    pub created_at: Option<Millis>,
    /// When it began.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
    /// When it last changed.
    pub updated_at: Option<Millis>,
    /// Where it stands: `RECONCILE_SERVICE` … `PRODUCTION_TRAFFIC_SHIFT` … `BAKE_TIME`, `CLEAN_UP`.
    pub lifecycle_stage: Option<String>,
    /// Hooks that ran, run or wait.
    pub lifecycle_hook_details: Vec<HookDetail>,
    /// How it goes, as AWS writes it.
    pub deployment_configuration: Value,
    /// What ran before.
    pub source_service_revisions: Vec<RevisionCount>,
    /// What is wanted. ListServiceDeployments writes it as [`Self::target_service_revision_arn`].
    pub target_service_revision: Option<RevisionCount>,
    /// ARN of what is wanted, in a listing.
    pub target_service_revision_arn: Option<String>,
    /// The rollback, when there is one.
    pub rollback: Option<RollbackFacts>,
    /// The circuit breaker, when it is on.
    pub deployment_circuit_breaker: Option<ServiceBreaker>,
    /// The alarms, when there are some.
    pub alarms: Option<ServiceAlarms>,
}

impl ServiceDeployment {
    /// ARN of the revision that it brings.
    pub fn target(&self) -> Option<&str> {
        self.target_service_revision
            .as_ref()
            .map(|revision| revision.arn.as_str())
            .or(self.target_service_revision_arn.as_deref())
    }

    /// The PAUSE hook that waits for somebody to go on or back.
    pub fn waiting_hook(&self) -> Option<&HookDetail> {
        self.lifecycle_hook_details.iter().find(|hook| hook.waits())
    }

    /// Whether AWS does nothing more about it.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "SUCCESSFUL" | "STOPPED" | "ROLLBACK_SUCCESSFUL" | "ROLLBACK_FAILED")
    }
}

/// A lifecycle hook of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HookDetail {
    /// Names it.
    pub hook_id: String,
    /// `AWS_LAMBDA` or `PAUSE`.
    pub target_type: String,
    /// ARN of the function.
    pub target_arn: Option<String>,
    /// `AWAITING_ACTION`, `IN_PROGRESS`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`.
    pub status: String,
    /// When AWS takes its own action.
    pub expires_at: Option<Millis>,
    /// `ROLLBACK` or `CONTINUE`.
    pub timeout_action: Option<String>,
}

impl HookDetail {
    /// Whether it waits for somebody.
    pub fn waits(&self) -> bool {
        self.status == "AWAITING_ACTION"
    }
}

/// Tasks and traffic of one revision.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RevisionCount {
    /// ARN of the service revision.
    pub arn: String,
    /// Tasks wanted.
    pub requested_task_count: u32,
    /// Tasks running.
    pub running_task_count: u32,
    /// Tasks starting.
    pub pending_task_count: u32,
    /// Share of the test traffic, in percent.
    pub requested_test_traffic_weight: Option<f64>,
    /// Share of the production traffic, in percent.
    pub requested_production_traffic_weight: Option<f64>,
}

/// A rollback by AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollbackFacts {
    /// Why.
    pub reason: Option<String>,
    /// When it began.
    pub started_at: Option<Millis>,
    /// ARN of the revision that it goes back to.
    pub service_revision_arn: Option<String>,
}

/// The circuit breaker of a service deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceBreaker {
    /// `TRIGGERED`, `MONITORING`, `MONITORING_COMPLETE` or `DISABLED`.
    pub status: String,
    /// Failures so far.
    pub failure_count: u32,
    /// Failures at which it trips.
    pub threshold: u32,
}

/// The alarms of a service deployment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceAlarms {
    /// `TRIGGERED`, `MONITORING`, `MONITORING_COMPLETE` or `DISABLED`.
    pub status: String,
    /// Names of all.
    pub alarm_names: Vec<String>,
    /// Names of those that went off.
    pub triggered_alarm_names: Vec<String>,
}
