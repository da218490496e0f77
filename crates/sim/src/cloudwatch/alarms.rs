//! Alarms: those that the world or a change named, by name and state. What they measure is not simulated.

use serde_json::{Value, json};

use super::Metrics;
use crate::aws_error::AwsError;
use crate::ecs;
use crate::ecs::incidents::AlarmState;
use crate::protocol::query::{moment, number, texts};
use crate::world::{Env, Estate};

/// DescribeAlarms, by name, prefix and state.
pub(crate) fn describe(metrics: &Metrics, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let names = texts(&input["AlarmNames"]);
    let prefix = input["AlarmNamePrefix"].as_str();
    if prefix.is_some() && !names.is_empty() {
        return Err(AwsError::new(
            "ValidationError",
            "AlarmNamePrefix and AlarmNames cannot be specified in the same request.",
        ));
    }
    let types = texts(&input["AlarmTypes"]);
    let wanted = input["StateValue"].as_str();
    let found: Vec<Value> = env
        .alarms
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()))
        .filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)))
        .filter(|(_, state)| wanted.is_none_or(|wanted| value(**state) == wanted))
        .filter(|_| types.is_empty() || types.contains(&"MetricAlarm"))
        .map(|(name, state)| {
            let begun = (env.epoch.wall(0), "Unchecked: Initial alarm creation".to_owned());
            let (at, reason) = metrics.set.get(name).cloned().unwrap_or(begun);
            json!({
                "AlarmName": name,
                "AlarmArn": env.arn("cloudwatch", &format!("alarm:{name}")),
                "AlarmConfigurationUpdatedTimestamp": moment(env.epoch.wall(0)),
                "ActionsEnabled": true,
                "OKActions": [],
                "AlarmActions": [],
                "InsufficientDataActions": [],
                "StateValue": value(*state),
                "StateReason": reason,
                "StateUpdatedTimestamp": moment(at),
            })
        })
        .collect();
    page(found, input)
}

/// SetAlarmState: what watches the alarm sees it at once.
pub(crate) fn set(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let name = input["AlarmName"].as_str().unwrap_or_default();
    let state = match input["StateValue"].as_str() {
        Some("OK") => AlarmState::Ok,
        Some("ALARM") => AlarmState::Alarm,
        Some("INSUFFICIENT_DATA") => AlarmState::InsufficientData,
        other => {
            let message = format!(
                "1 validation error detected: Value '{}' at 'stateValue' failed to satisfy constraint: Member must satisfy enum \
                 value set: [INSUFFICIENT_DATA, ALARM, OK]",
                other.unwrap_or_default()
            );
            return Err(AwsError::new("ValidationError", message));
        }
    };
    let Some(known) = env.alarms.get_mut(name) else {
        return Err(AwsError::with_status("ResourceNotFound", 404, "Unknown"));
    };
    env.no_effect = *known == state;
    *known = state;
    let reason = input["StateReason"].as_str().unwrap_or_default().to_owned();
    estate.metrics.set.insert(name.to_owned(), (env.now(), reason));
    ecs::alarms_changed(estate, env);
    Ok(Value::Null)
}

/// As the wire has it.
fn value(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Ok => "OK",
        AlarmState::Alarm => "ALARM",
        AlarmState::InsufficientData => "INSUFFICIENT_DATA",
    }
}

/// One page: `MaxRecords` is 1 to 100, 50 unless given.
fn page(all: Vec<Value>, input: &Value) -> Result<Value, AwsError> {
    let size = number(&input["MaxRecords"]).unwrap_or(50.0);
    let from = match input["NextToken"].as_str() {
        None => Some(0),
        Some(token) => token.strip_prefix("page-").and_then(|n| n.parse::<usize>().ok()),
    };
    let Some(from) = from.filter(|_| (1.0..=100.0).contains(&size)) else {
        return Err(AwsError::new("InvalidNextToken", "The next token specified is invalid."));
    };
    let end = from + size as usize;
    let more = all.len() > end;
    let some: Vec<Value> = all.into_iter().skip(from).take(size as usize).collect();
    let mut body = json!({"MetricAlarms": some, "CompositeAlarms": []});
    if more {
        body["NextToken"] = json!(format!("page-{end}"));
    }
    Ok(body)
}
