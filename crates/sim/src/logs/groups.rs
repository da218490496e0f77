//! Log groups and streams.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::logs::{Group, Logs, Stream, group_name, milliseconds, no_group, no_stream};
use crate::world::Env;

/// The retention periods that CloudWatch Logs knows, in days (PutRetentionPolicy, API reference).
const RETENTIONS: [u64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// CreateLogGroup.
pub(crate) fn create(logs: &mut Logs, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let name = group_name(input)?;
    if logs.groups.contains_key(name) {
        return Err(AwsError::new(
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ));
    }
    logs.ensure_group(env, name);
    set_tags(logs, name, &input["tags"])?;
    Ok(json!({}))
}

/// DeleteLogGroup.
pub(crate) fn delete(logs: &mut Logs, input: &Value) -> Result<Value, AwsError> {
    logs.groups.remove(group_name(input)?).map(|_| json!({})).ok_or_else(no_group)
}

/// DescribeLogGroups, by prefix or pattern, 50 at once.
pub(crate) fn describe(logs: &Logs, input: &Value) -> Result<Value, AwsError> {
    let prefix = input["logGroupNamePrefix"].as_str().unwrap_or_default();
    let pattern = input["logGroupNamePattern"].as_str().unwrap_or_default().to_lowercase();
    let all: Vec<Value> = logs
        .groups
        .values()
        .filter(|g| g.name.starts_with(prefix) && g.name.to_lowercase().contains(&pattern))
        .map(render)
        .collect();
    paged(all, input, "logGroups")
}

/// PutRetentionPolicy.
pub(crate) fn put_retention(logs: &mut Logs, input: &Value) -> Result<Value, AwsError> {
    let days = input["retentionInDays"].as_u64().unwrap_or_default();
    if !RETENTIONS.contains(&days) {
        return Err(AwsError::invalid_parameter(format!("Invalid retention value: {days}")));
    }
    let group = logs.groups.get_mut(group_name(input)?).ok_or_else(no_group)?;
    group.retention = Some(days);
    Ok(json!({}))
}

/// DeleteRetentionPolicy.
pub(crate) fn delete_retention(logs: &mut Logs, input: &Value) -> Result<Value, AwsError> {
    logs.groups.get_mut(group_name(input)?).ok_or_else(no_group)?.retention = None;
    Ok(json!({}))
}

/// TagResource.
pub(crate) fn tag(logs: &mut Logs, input: &Value) -> Result<Value, AwsError> {
    let name = resource(input).to_owned();
    set_tags(logs, &name, &input["tags"])?;
    Ok(json!({}))
}

/// UntagResource.
pub(crate) fn untag(logs: &mut Logs, input: &Value) -> Result<Value, AwsError> {
    let group = logs.groups.get_mut(resource(input)).ok_or_else(no_group)?;
    for key in input["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        group.tags.remove(key);
    }
    Ok(json!({}))
}

/// ListTagsForResource.
pub(crate) fn list_tags(logs: &Logs, input: &Value) -> Result<Value, AwsError> {
    let group = logs.groups.get(resource(input)).ok_or_else(no_group)?;
    Ok(json!({ "tags": group.tags }))
}

/// CreateLogStream.
pub(crate) fn create_stream(logs: &mut Logs, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let (group, stream) = (group_name(input)?, stream_name(input)?);
    if logs.groups.get(group).ok_or_else(no_group)?.streams.contains_key(stream) {
        return Err(AwsError::new(
            "ResourceAlreadyExistsException",
            "The specified log stream already exists",
        ));
    }
    logs.ensure_stream(env, group, stream);
    Ok(json!({}))
}

/// DeleteLogStream.
pub(crate) fn delete_stream(logs: &mut Logs, input: &Value) -> Result<Value, AwsError> {
    let group = logs.groups.get_mut(group_name(input)?).ok_or_else(no_group)?;
    group.streams.remove(stream_name(input)?).map(|_| json!({})).ok_or_else(no_stream)
}

/// DescribeLogStreams, by name or by last event, 50 at once.
pub(crate) fn describe_streams(logs: &Logs, input: &Value) -> Result<Value, AwsError> {
    let group = logs.groups.get(group_name(input)?).ok_or_else(no_group)?;
    let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
    let by_time = input["orderBy"] == "LastEventTime";
    if by_time && !prefix.is_empty() {
        return Err(AwsError::invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let mut streams: Vec<&Stream> = group.streams.values().filter(|s| s.name.starts_with(prefix)).collect();
    if by_time {
        streams.sort_by_key(|s| s.events.last().map_or(i64::MIN, |e| e.at));
    }
    if input["descending"].as_bool().unwrap_or(false) {
        streams.reverse();
    }
    let all = streams
        .into_iter()
        .map(|s| {
            let mut body = json!({
                "logStreamName": s.name,
                "creationTime": milliseconds(s.created_at),
                "arn": s.arn,
                "storedBytes": 0,
                "uploadSequenceToken": format!("{:056}", s.arrived),
            });
            if let (Some(first), Some(end)) = (s.events.first(), s.events.last()) {
                body["firstEventTimestamp"] = json!(first.at);
                body["lastEventTimestamp"] = json!(end.at);
                body["lastIngestionTime"] = json!(s.events.iter().map(|e| e.ingested).max());
            }
            body
        })
        .collect();
    paged(all, input, "logStreams")
}

fn stream_name(input: &Value) -> Result<&str, AwsError> {
    let name = input["logStreamName"].as_str().unwrap_or_default();
    if name.is_empty() || name.len() > 512 || name.contains([':', '*']) {
        return Err(AwsError::invalid_parameter(
            "1 validation error detected: Value at 'logStreamName' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [^:*]*",
        ));
    }
    Ok(name)
}

fn set_tags(logs: &mut Logs, name: &str, tags: &Value) -> Result<(), AwsError> {
    let group = logs.groups.get_mut(name).ok_or_else(no_group)?;
    for (key, value) in tags.as_object().into_iter().flatten() {
        group.tags.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    Ok(())
}

/// The group's name out of `resourceArn`.
fn resource(input: &Value) -> &str {
    let arn = input["resourceArn"].as_str().unwrap_or_default();
    let name = arn.split_once(":log-group:").map_or(arn, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name)
}

fn render(group: &Group) -> Value {
    let mut body = json!({
        "logGroupName": group.name,
        "creationTime": milliseconds(group.created_at),
        "metricFilterCount": 0,
        "arn": format!("{}:*", group.arn),
        "logGroupArn": group.arn,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    });
    if let Some(days) = group.retention {
        body["retentionInDays"] = json!(days);
    }
    body
}

fn paged(all: Vec<Value>, input: &Value, member: &str) -> Result<Value, AwsError> {
    let size = input["limit"].as_u64().unwrap_or(50);
    if !(1..=50).contains(&size) {
        return Err(AwsError::invalid_parameter("limit must be between 1 and 50."));
    }
    let size = size as usize;
    let from: usize = match input["nextToken"].as_str() {
        None => 0,
        Some(token) => {
            token.parse().map_err(|_| AwsError::invalid_parameter("The specified nextToken is invalid."))?
        }
    };
    let more = all.len() > from + size;
    let mut answer = json!({ member: all.into_iter().skip(from).take(size).collect::<Vec<_>>() });
    if more {
        answer["nextToken"] = json!((from + size).to_string());
    }
    Ok(answer)
}
