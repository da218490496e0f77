//! CloudWatch Logs on the wire: JSON 1.1, `X-Amz-Target: Logs_20140328.<Operation>`.

mod events;
mod groups;
mod pattern;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::clock::Micros;
use crate::world::Env;

/// Logs of one account and region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logs {
    groups: BTreeMap<String, Group>,
}

#[derive(Debug, Clone)]
struct Group {
    name: String,
    arn: String,
    created_at: Micros,
    retention: Option<u64>,
    tags: BTreeMap<String, String>,
    streams: BTreeMap<String, Stream>,
}

#[derive(Debug, Clone)]
struct Stream {
    name: String,
    arn: String,
    created_at: Micros,
    /// By time, then by order of arrival.
    events: Vec<LogEvent>,
    arrived: u64,
}

#[derive(Debug, Clone)]
struct LogEvent {
    id: String,
    /// Milliseconds since the epoch.
    at: i64,
    ingested: i64,
    message: String,
}

/// Answers one call.
pub(crate) fn serve(
    logs: &mut Logs,
    env: &mut Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "CreateLogGroup" => groups::create(logs, env, input),
        "DeleteLogGroup" => groups::delete(logs, input),
        "DescribeLogGroups" => groups::describe(logs, input),
        "PutRetentionPolicy" => groups::put_retention(logs, input),
        "DeleteRetentionPolicy" => groups::delete_retention(logs, input),
        "TagResource" => groups::tag(logs, input),
        "UntagResource" => groups::untag(logs, input),
        "ListTagsForResource" => groups::list_tags(logs, input),
        "CreateLogStream" => groups::create_stream(logs, env, input),
        "DeleteLogStream" => groups::delete_stream(logs, input),
        "DescribeLogStreams" => groups::describe_streams(logs, input),
        "PutLogEvents" => events::put(logs, env, input),
        "GetLogEvents" => events::get(logs, input),
        "FilterLogEvents" => events::filter(logs, input),
        other => Err(AwsError::not_implemented("logs", other)),
    }
}

impl Logs {
    /// A group, made unless it is there.
    pub(crate) fn ensure_group(&mut self, env: &Env, name: &str) {
        if !self.groups.contains_key(name) {
            self.groups.insert(
                name.to_owned(),
                Group {
                    name: name.to_owned(),
                    arn: env.arn("logs", &format!("log-group:{name}")),
                    created_at: env.now(),
                    retention: None,
                    tags: BTreeMap::new(),
                    streams: BTreeMap::new(),
                },
            );
        }
    }

    /// Sets a group's retention in days.
    pub(crate) fn retain_for(&mut self, name: &str, days: u64) {
        if let Some(group) = self.groups.get_mut(name) {
            group.retention = Some(days);
        }
    }

    /// A stream, made unless it is there; false when its group is missing.
    pub(crate) fn ensure_stream(&mut self, env: &Env, group: &str, stream: &str) -> bool {
        let Some(group) = self.groups.get_mut(group) else { return false };
        if !group.streams.contains_key(stream) {
            let arn = format!("{}:log-stream:{stream}", group.arn);
            group.streams.insert(
                stream.to_owned(),
                Stream {
                    name: stream.to_owned(),
                    arn,
                    created_at: env.now(),
                    events: Vec::new(),
                    arrived: 0,
                },
            );
        }
        true
    }
}

impl Logs {
    /// The names of its groups.
    pub(crate) fn names(&self) -> impl Iterator<Item = Value> {
        self.groups.keys().map(|name| Value::from(name.as_str()))
    }

    /// A line that was said at the wall time `at` and arrives now. Lost when group or stream were deleted meanwhile, as with
    /// the real driver.
    pub(crate) fn write(&mut self, env: &Env, group: &str, stream: &str, at: Micros, message: &str) {
        let now = milliseconds(env.now());
        if let Some(stream) = self.groups.get_mut(group).and_then(|g| g.streams.get_mut(stream)) {
            stream.push(milliseconds(at).min(now), now, message.to_owned());
        }
    }
}

impl Stream {
    fn push(&mut self, at: i64, ingested: i64, message: String) {
        self.arrived += 1;
        // 56 digits, as CloudWatch's own, growing with time and arrival.
        let hash = crate::seeded::digest(&[self.arn.as_bytes(), &self.arrived.to_be_bytes()]);
        let tail = hash.iter().take(17).fold(String::new(), |text, b| text + &format!("{:02}", b % 100));
        let id = format!("3{at:013}{:08}{tail}", self.arrived);
        let place = self.events.partition_point(|e| e.at <= at);
        self.events.insert(place, LogEvent { id, at, ingested, message });
    }
}

fn milliseconds(at: Micros) -> i64 {
    i64::try_from(at / 1000).unwrap_or(i64::MAX)
}

fn no_group() -> AwsError {
    AwsError::new("ResourceNotFoundException", "The specified log group does not exist.")
}

fn no_stream() -> AwsError {
    AwsError::new("ResourceNotFoundException", "The specified log stream does not exist.")
}

/// A group's name, by `logGroupName` or `logGroupIdentifier` (a name or an ARN).
fn group_name(input: &Value) -> Result<&str, AwsError> {
    let given = input["logGroupName"]
        .as_str()
        .or_else(|| {
            let identifier = input["logGroupIdentifier"].as_str()?;
            let name = identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name);
            Some(name.strip_suffix(":*").unwrap_or(name))
        })
        .unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
    if given.is_empty() || given.len() > 512 || !given.chars().all(fits) {
        return Err(AwsError::invalid_parameter(
            "1 validation error detected: Value at 'logGroupName' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        ));
    }
    Ok(given)
}
