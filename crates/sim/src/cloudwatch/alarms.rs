//! Alarms: those that a call made, which look at their metric, and those that the world or a change named, which are a name and
//! a state.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::settings::{Settings, constraint, read_tags};
use super::{Metrics, evaluation};
use crate::aws_error::AwsError;
use crate::ecs;
use crate::ecs::incidents::AlarmState;
use crate::protocol::query::{moment, number, texts};
use crate::schedule::What;
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
    let action = input["ActionPrefix"].as_str();
    let wanted = input["StateValue"].as_str();
    for member in ["ChildrenOfAlarmName", "ParentsOfAlarmName"] {
        if !input[member].is_null() {
            return Err(AwsError::not_implemented("cloudwatch", &format!("DescribeAlarms with {member}")));
        }
    }
    let found: Vec<Value> = env
        .alarms_here()
        .filter(|(name, _)| names.is_empty() || names.contains(name))
        .filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)))
        .filter(|(_, state)| wanted.is_none_or(|wanted| value(*state) == wanted))
        .filter(|_| types.is_empty() || types.contains(&"MetricAlarm"))
        .map(|(name, state)| render(metrics, env, name, state))
        .filter(|alarm| {
            action.is_none_or(|prefix| {
                ["OKActions", "AlarmActions", "InsufficientDataActions"]
                    .iter()
                    .flat_map(|member| texts(&alarm[*member]))
                    .any(|action| action.starts_with(prefix))
            })
        })
        .collect();
    page(found, input)
}

/// PutMetricAlarm: a new alarm has no data yet; one that exists keeps its state and its tags.
pub(crate) fn put(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let mut settings = Settings::read(input)?;
    let name = settings.text("AlarmName").unwrap_or_default().to_owned();
    let updated = moment(env.now());
    match estate.metrics.alarms.get(&name) {
        Some(standing) => settings.tags = standing.tags.clone(),
        None if env.alarm(&name).is_none() => {
            let reason = "Unchecked: Initial alarm creation".to_owned();
            turn(&mut estate.metrics, env, &name, AlarmState::InsufficientData, reason);
        }
        None => {}
    }
    settings.shown.insert("AlarmConfigurationUpdatedTimestamp".to_owned(), updated);
    evaluation::look_in(env, &settings, &name, FIRST_LOOK);
    estate.metrics.alarms.insert(name, settings);
    Ok(Value::Null)
}

/// DeleteAlarms: those that exist go, whatever else was named; where none does, none is found.
pub(crate) fn delete(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let names = texts(&input["AlarmNames"]);
    if names.is_empty() || names.len() > 100 {
        return Err(constraint(
            &names.join(", "),
            "alarmNames",
            "Member must have length between 1 and 100, inclusive",
        ));
    }
    let mut gone = 0;
    for name in names {
        gone += usize::from(env.forget_alarm(name));
        estate.metrics.alarms.remove(name);
        estate.metrics.set.remove(name);
    }
    if gone == 0 { Err(not_found()) } else { Ok(Value::Null) }
}

/// SetAlarmState: what watches the alarm sees it at once. One that looks at a metric says what that says at its next look.
pub(crate) fn set(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let name = input["AlarmName"].as_str().unwrap_or_default();
    let state = match input["StateValue"].as_str() {
        Some("OK") => AlarmState::Ok,
        Some("ALARM") => AlarmState::Alarm,
        Some("INSUFFICIENT_DATA") => AlarmState::InsufficientData,
        other => {
            let rule = "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]";
            return Err(constraint(other.unwrap_or_default(), "stateValue", rule));
        }
    };
    let Some(known) = env.alarm(name) else { return Err(not_found()) };
    let reason = input["StateReason"].as_str().unwrap_or_default().to_owned();
    turn(&mut estate.metrics, env, name, state, reason);
    if let Some(settings) = estate.metrics.alarms.get(name) {
        let what = What::Alarm { name: name.to_owned(), again: 0 };
        env.after_real(settings.number("Period") as u64, what);
    }
    ecs::alarms_changed(estate, env);
    env.no_effect = known == state;
    Ok(Value::Null)
}

/// TagResource, UntagResource and ListTagsForResource, of alarms that a call made.
pub(crate) fn tag(
    metrics: &mut Metrics,
    env: &Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let arn = input["ResourceARN"].as_str().unwrap_or_default();
    let name = arn.strip_prefix(env.arn("cloudwatch", "alarm:").as_str());
    let Some(of) = name.and_then(|name| metrics.alarms.get_mut(name)) else {
        return Err(AwsError::with_status("ResourceNotFoundException", 404, "Unknown"));
    };
    if operation == "ListTagsForResource" {
        let tags: Vec<Value> =
            of.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        return Ok(json!({ "Tags": tags }));
    }
    let mut tags: BTreeMap<String, String> = of.tags.clone();
    tags.extend(read_tags(&input["Tags"])?);
    tags.retain(|key, _| !texts(&input["TagKeys"]).contains(&key.as_str()));
    if tags.len() > 50 {
        return Err(AwsError::new("InvalidParameterValue", "An alarm can have at most 50 tags."));
    }
    of.tags = tags;
    Ok(json!({}))
}

/// An alarm comes to a state.
pub(super) fn turn(metrics: &mut Metrics, env: &mut Env, name: &str, state: AlarmState, reason: String) {
    env.set_alarm(name, state);
    metrics.set.insert(name.to_owned(), (env.now(), reason));
}

/// As DescribeAlarms shows it. Of one that is only named, what it measures is not known.
fn render(metrics: &Metrics, env: &Env, name: &str, state: AlarmState) -> Value {
    let begun = (env.epoch.wall(0), "Unchecked: Initial alarm creation".to_owned());
    let (at, reason) = metrics.set.get(name).cloned().unwrap_or(begun);
    let mut shown: Map<String, Value> = match metrics.alarms.get(name) {
        Some(settings) => settings.shown.clone(),
        None => Map::from_iter([
            ("AlarmConfigurationUpdatedTimestamp".to_owned(), moment(env.epoch.wall(0))),
            ("ActionsEnabled".to_owned(), json!(true)),
            ("OKActions".to_owned(), json!([])),
            ("AlarmActions".to_owned(), json!([])),
            ("InsufficientDataActions".to_owned(), json!([])),
        ]),
    };
    shown.extend([
        ("AlarmName".to_owned(), json!(name)),
        ("AlarmArn".to_owned(), json!(env.arn("cloudwatch", &format!("alarm:{name}")))),
        ("StateValue".to_owned(), json!(value(state))),
        ("StateReason".to_owned(), json!(reason)),
        ("StateUpdatedTimestamp".to_owned(), moment(at)),
        ("StateTransitionedTimestamp".to_owned(), moment(at)),
    ]);
    Value::Object(shown)
}

fn not_found() -> AwsError {
    AwsError::with_status("ResourceNotFound", 404, "Unknown")
}

/// Seconds after which a new alarm looks at its metric for the first time: alarms are evaluated each minute.
const FIRST_LOOK: f64 = 60.0;

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
