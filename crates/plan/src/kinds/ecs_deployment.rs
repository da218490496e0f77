//! How a deployment of ECS goes: strategy, circuit breaker, alarms, lifecycle hooks, load balancers.

use super::Dur;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A load balancer target of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadBalancer {
    /// ARN of the target group.
    pub target_group: String,
    /// Container that answers.
    pub container: String,
    /// Its port.
    pub port: u16,
    /// What blue/green, linear and canary deployments shift traffic with.
    pub shift: Option<TrafficShift>,
}

/// The second target group and the listener rules of a deployment that shifts traffic (`advancedConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficShift {
    /// ARN of the other target group.
    pub alternate_target_group: String,
    /// ARN of the listener rule (of a network load balancer: the listener) with the production traffic.
    pub production_listener_rule: Option<String>,
    /// ARN of the one with the test traffic.
    pub test_listener_rule: Option<String>,
    /// ARN of the role that lets ECS call Elastic Load Balancing.
    pub role: String,
}

/// How a deployment goes (`deploymentConfiguration`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeploymentRules {
    /// Least share of running tasks, in percent of the desired count.
    pub minimum_healthy_percent: Option<u32>,
    /// Largest share of running tasks, in percent of the desired count.
    pub maximum_percent: Option<u32>,
    /// When ECS gives up by itself.
    pub circuit_breaker: Option<CircuitBreaker>,
    /// How the old revision gives way to the new one; `ROLLING` when the service says nothing else.
    pub strategy: Option<Strategy>,
    /// How long both revisions stay after production traffic has shifted, in whole minutes.
    pub bake: Option<Dur>,
    /// Steps of a `LINEAR` deployment.
    pub linear: Option<Linear>,
    /// The first share of a `CANARY` deployment.
    pub canary: Option<Canary>,
    /// CloudWatch alarms that make a deployment fail.
    pub alarms: Option<Alarms>,
    /// Lifecycle hooks as AWS writes them (`targetType`, `hookTargetArn`, `lifecycleStages`, `timeoutConfiguration`, …). A
    /// `PAUSE` hook becomes a question while the step is followed.
    pub lifecycle_hooks: Option<Vec<Map<String, Value>>>,
}

/// How the old revision gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Strategy {
    /// Task by task.
    Rolling,
    /// A whole second set of tasks, then all traffic at once.
    BlueGreen,
    /// A whole second set of tasks, then traffic in equal steps.
    Linear,
    /// A whole second set of tasks, then a small share of traffic, then the rest.
    Canary,
}

/// Steps of a linear deployment (`linearConfiguration`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Linear {
    /// Share of traffic of each step, in percent, a multiple of 0.1 from 3 to 100; AWS's 10 when absent.
    pub step_percent: Option<f64>,
    /// How long each step stays, in whole minutes; AWS's 6 minutes when absent.
    pub step_bake: Option<Dur>,
}

/// The first share of a canary deployment (`canaryConfiguration`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Canary {
    /// Share of traffic, in percent, a multiple of 0.1 from 0.1 to 100; AWS's 5 when absent.
    pub percent: Option<f64>,
    /// How long it stays, in whole minutes; AWS's 10 minutes when absent.
    pub bake: Option<Dur>,
}

/// CloudWatch alarms of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// Names of the alarms.
    pub names: Vec<String>,
    /// Whether they count; true when absent.
    #[serde(default = "yes")]
    pub enable: bool,
    /// Whether ECS goes back to the last completed deployment when one goes off.
    #[serde(default)]
    pub rollback: bool,
}

/// The deployment circuit breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircuitBreaker {
    /// Whether it is on.
    pub enable: bool,
    /// Whether ECS goes back to the last completed deployment.
    #[serde(default)]
    pub rollback: bool,
    /// How many failures it takes; half of the desired count, from 3 to 200, when the service says nothing else.
    pub threshold: Option<Threshold>,
    /// Whether a task that becomes healthy sets the count back to 0; AWS's true when absent.
    pub reset_on_healthy_task: Option<bool>,
}

/// How many failures a circuit breaker takes (`thresholdConfiguration`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// What the value means.
    #[serde(rename = "type")]
    pub kind: ThresholdKind,
    /// The number of failures, or the percentage of the desired count.
    pub value: u32,
}

/// What a threshold's value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ThresholdKind {
    /// So many failures.
    Count,
    /// A percentage of the desired count, at least 3 and at most 200 failures.
    BoundedPercent,
    /// A percentage of the desired count, whatever it comes to.
    UnboundedPercent,
}

fn yes() -> bool {
    true
}
