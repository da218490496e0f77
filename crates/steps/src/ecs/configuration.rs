//! Members of CreateService and UpdateService that a step writes: how deployments go, network, load balancers.

use holdpoint_plan::kinds::{DeploymentRules, Dur, LoadBalancer, Network, Strategy, ThresholdKind};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};

/// `deploymentConfiguration`. What the rules do not name is left out, so that the service keeps it.
pub(super) fn deployment(rules: &DeploymentRules) -> Result<Value, Diagnosis> {
    let mut value = json!({});
    if let Some(percent) = rules.minimum_healthy_percent {
        value["minimumHealthyPercent"] = json!(percent);
    }
    if let Some(percent) = rules.maximum_percent {
        value["maximumPercent"] = json!(percent);
    }
    if let Some(breaker) = &rules.circuit_breaker {
        let mut written = json!({"enable": breaker.enable, "rollback": breaker.rollback});
        if let Some(threshold) = &breaker.threshold {
            let kind = match threshold.kind {
                ThresholdKind::Count => "COUNT",
                ThresholdKind::BoundedPercent => "BOUNDED_PERCENT",
                ThresholdKind::UnboundedPercent => "UNBOUNDED_PERCENT",
            };
            written["thresholdConfiguration"] = json!({"type": kind, "value": threshold.value});
        }
        if let Some(reset) = breaker.reset_on_healthy_task {
            written["resetOnHealthyTask"] = json!(reset);
        }
        value["deploymentCircuitBreaker"] = written;
    }
    if let Some(strategy) = rules.strategy {
        value["strategy"] = json!(word(strategy));
    }
    if let Some(bake) = rules.bake {
        value["bakeTimeInMinutes"] = minutes("bake", bake)?;
    }
    if let Some(linear) = &rules.linear {
        of_strategy(rules, Strategy::Linear, "linear")?;
        let mut written = json!({});
        if let Some(percent) = linear.step_percent {
            written["stepPercent"] = json!(percent);
        }
        if let Some(bake) = linear.step_bake {
            written["stepBakeTimeInMinutes"] = minutes("linear.step_bake", bake)?;
        }
        value["linearConfiguration"] = written;
    }
    if let Some(canary) = &rules.canary {
        of_strategy(rules, Strategy::Canary, "canary")?;
        let mut written = json!({});
        if let Some(percent) = canary.percent {
            written["canaryPercent"] = json!(percent);
        }
        if let Some(bake) = canary.bake {
            written["canaryBakeTimeInMinutes"] = minutes("canary.bake", bake)?;
        }
        value["canaryConfiguration"] = written;
    }
    if let Some(alarms) = &rules.alarms {
        value["alarms"] =
            json!({"alarmNames": alarms.names, "enable": alarms.enable, "rollback": alarms.rollback});
    }
    if let Some(hooks) = &rules.lifecycle_hooks {
        value["lifecycleHooks"] = json!(hooks);
    }
    Ok(value)
}

/// `networkConfiguration`.
pub(super) fn network(network: &Network) -> Value {
    json!({"awsvpcConfiguration": {
        "subnets": network.subnets,
        "securityGroups": network.security_groups,
        "assignPublicIp": if network.assign_public_ip { "ENABLED" } else { "DISABLED" },
    }})
}

/// `loadBalancers`.
pub(super) fn load_balancers(balancers: &[LoadBalancer]) -> Value {
    let one = |balancer: &LoadBalancer| {
        let mut written = json!({
            "targetGroupArn": balancer.target_group,
            "containerName": balancer.container,
            "containerPort": balancer.port,
        });
        if let Some(shift) = &balancer.shift {
            let mut advanced =
                json!({"alternateTargetGroupArn": shift.alternate_target_group, "roleArn": shift.role});
            if let Some(rule) = &shift.production_listener_rule {
                advanced["productionListenerRule"] = json!(rule);
            }
            if let Some(rule) = &shift.test_listener_rule {
                advanced["testListenerRule"] = json!(rule);
            }
            written["advancedConfiguration"] = advanced;
        }
        written
    };
    balancers.iter().map(one).collect()
}

/// A strategy as AWS writes it.
pub(super) fn word(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Rolling => "ROLLING",
        Strategy::BlueGreen => "BLUE_GREEN",
        Strategy::Linear => "LINEAR",
        Strategy::Canary => "CANARY",
    }
}

/// AWS counts these times in minutes: a part of one would be lost.
fn minutes(name: &str, length: Dur) -> Result<Value, Diagnosis> {
    let seconds = length.get().as_secs();
    if !seconds.is_multiple_of(60) || length.get().subsec_nanos() > 0 {
        return Err(Diagnosis::of(format!("`deployment.{name}` is not a number of whole minutes"))
            .hint("AWS counts it in minutes: write e.g. `5m`."));
    }
    Ok(json!(seconds / 60))
}

fn of_strategy(rules: &DeploymentRules, wanted: Strategy, name: &str) -> Result<(), Diagnosis> {
    match rules.strategy {
        Some(strategy) if strategy != wanted => Err(Diagnosis::of(format!(
            "`deployment.{name}` belongs to the strategy {}, and the step wants {}",
            word(wanted),
            word(strategy)
        ))
        .hint("Correct the step in the plan.")),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rules: Value) -> Result<Value, String> {
        let rules: DeploymentRules = serde_json::from_value(rules).unwrap();
        deployment(&rules).map_err(|diagnosis| diagnosis.headline)
    }

    #[test]
    fn rules_are_written_as_aws_reads_them() {
        let table = [
            (
                json!({"circuit_breaker": {"enable": true, "threshold": {"type": "COUNT", "value": 5}, "reset_on_healthy_task": false}}),
                json!({"deploymentCircuitBreaker": {"enable": true, "rollback": false, "resetOnHealthyTask": false,
                    "thresholdConfiguration": {"type": "COUNT", "value": 5}}}),
            ),
            (
                json!({"strategy": "CANARY", "canary": {"percent": 5.5, "bake": "10m"}, "bake": "2h"}),
                json!({"strategy": "CANARY", "bakeTimeInMinutes": 120,
                    "canaryConfiguration": {"canaryPercent": 5.5, "canaryBakeTimeInMinutes": 10}}),
            ),
            (
                json!({"strategy": "LINEAR", "linear": {"step_percent": 20.0, "step_bake": "3m"}}),
                json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 20.0, "stepBakeTimeInMinutes": 3}}),
            ),
            (
                json!({"alarms": {"names": ["api-5xx"], "rollback": true}, "lifecycle_hooks": [{"targetType": "PAUSE"}]}),
                json!({"alarms": {"alarmNames": ["api-5xx"], "enable": true, "rollback": true},
                    "lifecycleHooks": [{"targetType": "PAUSE"}]}),
            ),
        ];
        for (rules, expected) in table {
            assert_eq!(written(rules).unwrap(), expected);
        }
    }

    #[test]
    fn what_aws_would_lose_or_ignore_is_refused() {
        assert!(written(json!({"bake": "90s"})).unwrap_err().contains("whole minutes"));
        assert!(written(json!({"strategy": "LINEAR", "canary": {}})).unwrap_err().contains("CANARY"));
    }
}
