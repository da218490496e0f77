//! `deploymentConfiguration` and load balancers of a service: what ECS refuses, and what it fills in. Where only the rule is
//! documented and not the message, the message is ours; to be confirmed.

use serde_json::{Map, Value, json};

use crate::aws_error::AwsError;
use crate::ecs::model::TaskDefinition;
use crate::ecs::strategy::Strategy;
use crate::ecs::{given, strings};

const HOOK_STAGES: [&str; 8] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];

/// Where a deployment may pause ("Troubleshooting Amazon ECS blue/green deployments", developer guide).
const PAUSE_STAGES: [&str; 5] = [
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];

/// Lays the members of `over` over those of a configuration: what is not given stays.
pub(crate) fn merge(under: &mut Value, over: &Value) {
    if !under.is_object() {
        *under = json!({});
    }
    for (member, value) in over.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        under[member.as_str()] = value.clone();
    }
}

/// Checks what CreateService and UpdateService were given, beside what stands.
pub(crate) fn check(
    input: &Value,
    settings: &Map<String, Value>,
    definition: Option<&TaskDefinition>,
) -> Result<(), AwsError> {
    controller(input)?;
    let none = Value::Null;
    let before = settings.get("deploymentConfiguration").unwrap_or(&none);
    let mut after = before.clone();
    merge(&mut after, &input["deploymentConfiguration"]);
    let name = after["strategy"].as_str().unwrap_or("ROLLING");
    let strategy = Strategy::parse(name)
        .ok_or_else(|| AwsError::invalid_parameter(format!("Invalid deployment strategy: {name}")))?;
    breaker(&after["deploymentCircuitBreaker"])?;
    alarms(&after["alarms"])?;
    percents(strategy, &after)?;
    traffic(strategy, &after)?;
    let asked = &input["deploymentConfiguration"];
    if asked["strategy"] == "BLUE_GREEN"
        && before["strategy"] != "BLUE_GREEN"
        && asked["bakeTimeInMinutes"].is_null()
    {
        return Err(AwsError::invalid_parameter(
            "bakeTimeInMinutes must be specified when the deployment strategy is BLUE_GREEN.",
        ));
    }
    hooks(strategy, &after["lifecycleHooks"])?;
    early_success(strategy, &after)?;
    let balanced = given(input, "loadBalancers").or_else(|| settings.get("loadBalancers")).unwrap_or(&none);
    balancers(strategy, balanced, definition)?;
    grace(given(input, "healthCheckGracePeriodSeconds"), balanced, definition)
}

/// In AWS's words (terraform-provider-aws#31104). The API's model has learnt since that the period is for containers' own
/// health checks, too, and "unused" without any: whether it is still refused then is to be confirmed.
fn grace(
    period: Option<&Value>,
    balancers: &Value,
    definition: Option<&TaskDefinition>,
) -> Result<(), AwsError> {
    let has_balancer = balancers.as_array().is_some_and(|list| !list.is_empty());
    let is_checked = definition.is_some_and(|definition| {
        definition.containers().iter().any(|container| !container["healthCheck"].is_null())
    });
    if period.is_none_or(Value::is_null) || has_balancer || is_checked {
        return Ok(());
    }
    Err(AwsError::invalid_parameter(
        "Health check grace period is only valid for services configured to use load balancers",
    ))
}

/// Fills in what ECS answers when it was not given.
pub(crate) fn fill(configuration: &mut Value) {
    for (member, default) in [
        ("deploymentCircuitBreaker", json!({"enable": false, "rollback": false})),
        ("maximumPercent", json!(200)),
        ("minimumHealthyPercent", json!(100)),
        ("strategy", json!("ROLLING")),
        ("bakeTimeInMinutes", json!(0)),
    ] {
        if configuration[member].is_null() {
            configuration[member] = default;
        }
    }
    let traffic = match Strategy::of(configuration) {
        Strategy::Rolling | Strategy::BlueGreen => None,
        Strategy::Linear => {
            Some(("linearConfiguration", json!({"stepPercent": 10.0, "stepBakeTimeInMinutes": 6})))
        }
        Strategy::Canary => {
            Some(("canaryConfiguration", json!({"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10})))
        }
    };
    if let Some((member, mut defaults)) = traffic {
        merge(&mut defaults, &configuration[member]);
        configuration[member] = defaults;
    }
    let hooks = configuration.get_mut("lifecycleHooks").and_then(Value::as_array_mut);
    for hook in hooks.into_iter().flatten() {
        if hook["targetType"].is_null() {
            hook["targetType"] = json!("AWS_LAMBDA");
        }
    }
}

fn controller(input: &Value) -> Result<(), AwsError> {
    match input["deploymentController"]["type"].as_str() {
        None | Some("ECS") => Ok(()),
        Some(other) => Err(AwsError::with_status(
            "UnknownOperationException",
            501,
            format!("holdpoint simulator does not implement deployments of controller {other}"),
        )),
    }
}

fn breaker(breaker: &Value) -> Result<(), AwsError> {
    if breaker.is_null() {
        return Ok(());
    }
    if !breaker["enable"].is_boolean() || !breaker["rollback"].is_boolean() {
        return Err(AwsError::invalid_parameter("deploymentCircuitBreaker needs enable and rollback."));
    }
    let threshold = &breaker["thresholdConfiguration"];
    if threshold.is_null() {
        return Ok(());
    }
    let value = threshold["value"].as_i64();
    let fits = match threshold["type"].as_str() {
        Some("COUNT") => value.is_some_and(|v| v >= 1),
        Some("BOUNDED_PERCENT" | "UNBOUNDED_PERCENT") => value.is_some_and(|v| (1..=100).contains(&v)),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(AwsError::invalid_parameter(
        "thresholdConfiguration needs a type (COUNT, BOUNDED_PERCENT or UNBOUNDED_PERCENT) and a value that it can have.",
    ))
}

fn alarms(alarms: &Value) -> Result<(), AwsError> {
    if alarms.is_null() {
        return Ok(());
    }
    let names = alarms["alarmNames"].as_array();
    if names.is_none() || !alarms["enable"].is_boolean() || !alarms["rollback"].is_boolean() {
        return Err(AwsError::invalid_parameter("alarms needs alarmNames, enable and rollback."));
    }
    if alarms["enable"] == true && names.is_none_or(Vec::is_empty) {
        return Err(AwsError::invalid_parameter(
            "alarms must name at least one alarm when they are enabled.",
        ));
    }
    Ok(())
}

fn percents(strategy: Strategy, configuration: &Value) -> Result<(), AwsError> {
    for member in ["minimumHealthyPercent", "maximumPercent"] {
        let value = &configuration[member];
        if !value.is_null() && value.as_i64().is_none_or(|v| v < 0) {
            return Err(AwsError::invalid_parameter(format!("{member} must be 0 or more.")));
        }
    }
    let least = configuration["minimumHealthyPercent"].as_i64().unwrap_or(100);
    let most = configuration["maximumPercent"].as_i64().unwrap_or(200);
    if strategy == Strategy::Rolling && (least, most) == (100, 100) {
        return Err(AwsError::invalid_parameter(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ));
    }
    if strategy == Strategy::Rolling && (least > most || most == 0) {
        return Err(AwsError::invalid_parameter(format!(
            "maximumPercent {most} leaves no room for minimumHealthyPercent {least}."
        )));
    }
    Ok(())
}

fn traffic(strategy: Strategy, configuration: &Value) -> Result<(), AwsError> {
    within(&configuration["bakeTimeInMinutes"], "bakeTimeInMinutes", 0.0, 1440.0, 1.0)?;
    for (member, only, percent, least, minutes) in [
        ("linearConfiguration", Strategy::Linear, "stepPercent", 3.0, "stepBakeTimeInMinutes"),
        ("canaryConfiguration", Strategy::Canary, "canaryPercent", 0.1, "canaryBakeTimeInMinutes"),
    ] {
        let of = &configuration[member];
        if of.is_null() {
            continue;
        }
        if strategy != only {
            let name = if only == Strategy::Linear { "LINEAR" } else { "CANARY" };
            return Err(AwsError::invalid_parameter(format!(
                "{member} is only valid when the deployment strategy is {name}."
            )));
        }
        within(&of[percent], percent, least, 100.0, 0.1)?;
        within(&of[minutes], minutes, 0.0, 1440.0, 1.0)?;
    }
    Ok(())
}

fn hooks(strategy: Strategy, hooks: &Value) -> Result<(), AwsError> {
    let hooks = hooks.as_array().map_or(&[][..], Vec::as_slice);
    if strategy == Strategy::Rolling && !hooks.is_empty() {
        // The stages at which hooks run are those of the other strategies; to be confirmed.
        return Err(AwsError::invalid_parameter(
            "lifecycleHooks are not supported with the deployment strategy ROLLING.",
        ));
    }
    for hook in hooks {
        let stages = strings(hook, "lifecycleStages");
        if stages.is_empty() {
            return Err(AwsError::invalid_parameter(
                "lifecycleStages must be specified for a lifecycle hook.",
            ));
        }
        // The wording is to be confirmed.
        if let Some(stage) = stages.iter().find(|stage| !HOOK_STAGES.contains(stage)) {
            return Err(AwsError::invalid_parameter(format!("Invalid lifecycle stage: {stage}")));
        }
        match hook["targetType"].as_str() {
            None | Some("AWS_LAMBDA") => {
                for member in ["hookTargetArn", "roleArn"] {
                    if !hook[member].as_str().is_some_and(|arn| arn.starts_with("arn:")) {
                        return Err(AwsError::invalid_parameter(format!(
                            "{member} must be specified for a lifecycle hook of type AWS_LAMBDA."
                        )));
                    }
                }
            }
            Some("PAUSE") => {
                if !hook["hookTargetArn"].is_null() {
                    return Err(AwsError::invalid_parameter(
                        "hookTargetArn is not applicable to PAUSE hooks.",
                    ));
                }
                if !stages.iter().all(|stage| PAUSE_STAGES.contains(stage)) {
                    return Err(AwsError::invalid_parameter(
                        "Invalid lifecycle stage provided for Pause Hook",
                    ));
                }
            }
            Some(_) => {
                return Err(AwsError::invalid_parameter(
                    "Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE",
                ));
            }
        }
        let timeout = &hook["timeoutConfiguration"];
        within(&timeout["timeoutInMinutes"], "timeoutInMinutes", 1.0, 20_160.0, 1.0)?;
        if !timeout["action"].is_null() && timeout["action"] != "CONTINUE" && timeout["action"] != "ROLLBACK"
        {
            return Err(AwsError::invalid_parameter("The action of a time-out is CONTINUE or ROLLBACK."));
        }
    }
    Ok(())
}

fn early_success(strategy: Strategy, configuration: &Value) -> Result<(), AwsError> {
    let criteria = &configuration["earlySuccessCriteria"];
    if criteria.is_null() || criteria["enable"] != true {
        return Ok(());
    }
    if strategy != Strategy::Rolling {
        return Err(AwsError::invalid_parameter(
            "earlySuccessCriteria is only valid when the deployment strategy is ROLLING.",
        ));
    }
    let least = configuration["minimumHealthyPercent"].as_i64().unwrap_or(100);
    let cleanup = criteria["sourceServiceRevisionCleanup"].as_str();
    let healthy = criteria["healthyPercent"].as_i64();
    if !matches!(cleanup, Some("BLOCKING" | "DEFERRED"))
        || !healthy.is_some_and(|h| (least..=100).contains(&h))
    {
        return Err(AwsError::invalid_parameter(
            "earlySuccessCriteria needs sourceServiceRevisionCleanup (BLOCKING or DEFERRED) and a healthyPercent from \
             minimumHealthyPercent to 100.",
        ));
    }
    Ok(())
}

fn balancers(
    strategy: Strategy,
    balancers: &Value,
    definition: Option<&TaskDefinition>,
) -> Result<(), AwsError> {
    for balancer in balancers.as_array().into_iter().flatten() {
        if let Some(definition) = definition {
            let name = balancer["containerName"].as_str().unwrap_or_default();
            let port = balancer["containerPort"].as_u64().unwrap_or_default();
            let container = definition.containers().iter().find(|c| c["name"] == name).ok_or_else(|| {
                AwsError::invalid_parameter(format!(
                    "The container {name} does not exist in the task definition."
                ))
            })?;
            let ports = container["portMappings"].as_array();
            if !ports.into_iter().flatten().any(|p| p["containerPort"] == port) {
                return Err(AwsError::invalid_parameter(format!(
                    "The container {name} did not have a container port {port} defined."
                )));
            }
        }
        if strategy == Strategy::Rolling {
            continue;
        }
        if balancer["targetGroupArn"].is_null() {
            return Err(AwsError::invalid_parameter(
                "A Classic Load Balancer is only supported with the deployment strategy ROLLING.",
            ));
        }
        let advanced = &balancer["advancedConfiguration"];
        for member in ["alternateTargetGroupArn", "productionListenerRule", "roleArn"] {
            if !advanced[member].as_str().is_some_and(|arn| arn.starts_with("arn:")) {
                return Err(AwsError::invalid_parameter(format!(
                    "advancedConfiguration.{member} must be specified for a load balancer of a service whose deployment strategy \
                     is not ROLLING."
                )));
            }
        }
        if advanced["alternateTargetGroupArn"] == balancer["targetGroupArn"] {
            return Err(AwsError::invalid_parameter(
                "The alternate target group must be another one than the target group.",
            ));
        }
    }
    Ok(())
}

/// A number, where it is given: from `least` to `most` in steps of `step`.
fn within(value: &Value, member: &str, least: f64, most: f64, step: f64) -> Result<(), AwsError> {
    if value.is_null() {
        return Ok(());
    }
    let fits = value.as_f64().is_some_and(|v| {
        let steps = v / step;
        (least..=most).contains(&v) && (steps - steps.round()).abs() < 1e-6
    });
    if fits {
        return Ok(());
    }
    Err(AwsError::invalid_parameter(format!("{member} must be a multiple of {step} from {least} to {most}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(configuration: Value) -> Option<String> {
        check(&json!({"deploymentConfiguration": configuration}), &Map::new(), None).err().map(|e| e.message)
    }

    #[test]
    fn configurations() {
        let hook =
            |hook: Value| json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": [hook]});
        for (configuration, said) in [
            (json!({}), None),
            (json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}), None),
            (json!({"strategy": "BLUE_GREEN"}), Some("bakeTimeInMinutes must be specified")),
            (json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1441}), Some("from 0 to 1440")),
            (json!({"strategy": "SLOWLY"}), Some("Invalid deployment strategy: SLOWLY")),
            (json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.9}}), Some("stepPercent")),
            (json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 33.3}}), None),
            (
                json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.15}}),
                Some("multiple of 0.1"),
            ),
            (
                json!({"strategy": "CANARY", "linearConfiguration": {}}),
                Some("only valid when the deployment strategy is LINEAR"),
            ),
            (hook(json!({"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]})), None),
            (
                hook(json!({"targetType": "PAUSE", "lifecycleStages": ["TEST_TRAFFIC_SHIFT"]})),
                Some("Invalid lifecycle stage provided for Pause Hook"),
            ),
            (
                hook(json!({"targetType": "PAUSE", "lifecycleStages": ["BAKE_TIME"]})),
                Some("Invalid lifecycle stage"),
            ),
            (hook(json!({"lifecycleStages": ["POST_SCALE_UP"]})), Some("hookTargetArn must be specified")),
            (
                json!({"lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}]}),
                Some("ROLLING"),
            ),
            (
                json!({"alarms": {"alarmNames": [], "enable": true, "rollback": true}}),
                Some("at least one alarm"),
            ),
            (json!({"deploymentCircuitBreaker": {"enable": true}}), Some("enable and rollback")),
            (
                json!({"deploymentCircuitBreaker": {"enable": true, "rollback": true,
                "thresholdConfiguration": {"type": "COUNT", "value": 0}}}),
                Some("thresholdConfiguration"),
            ),
            (
                json!({"earlySuccessCriteria": {"enable": true, "healthyPercent": 50}}),
                Some("earlySuccessCriteria needs"),
            ),
            (json!({"minimumHealthyPercent": 100, "maximumPercent": 100}), Some("will block deployments")),
            (json!({"maximumPercent": 100}), Some("will block deployments")),
            (json!({"minimumHealthyPercent": 200, "maximumPercent": 100}), Some("leaves no room")),
            (json!({"minimumHealthyPercent": 0, "maximumPercent": 100}), None),
            (
                json!({"minimumHealthyPercent": 50, "earlySuccessCriteria": {"enable": true, "healthyPercent": 50,
                "sourceServiceRevisionCleanup": "DEFERRED"}}),
                None,
            ),
        ] {
            let got = refused(configuration.clone());
            assert_eq!(got.is_some(), said.is_some(), "{configuration}: {got:?}");
            assert!(got.unwrap_or_default().contains(said.unwrap_or_default()), "{configuration}");
        }
    }
}
