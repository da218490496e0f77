//! CloudWatch Logs: finding lines, and following groups.

use crate::ecs::typed;
use crate::wire::{Nature, call};
use crate::{CallError, Cloud};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashSet;

mod tail;

pub use tail::{MergedTail, Tail};

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogLine {
    /// Unique within its group; empty where the call does not say.
    pub event_id: String,
    /// The stream that it stands in.
    pub log_stream_name: String,
    /// When it was written, milliseconds since 1970.
    pub timestamp: i64,
    /// The text.
    pub message: String,
}

/// What is looked for in a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogQuery {
    /// Group.
    pub group: String,
    /// Streams; all when empty. At most 100 are asked for at once.
    pub streams: Vec<String>,
    /// Only streams whose names begin so; not together with `streams`.
    pub prefix: Option<String>,
    /// From when, milliseconds since 1970, inclusive.
    pub from: Option<i64>,
}

impl Cloud {
    /// Whether a log group of exactly that name exists.
    pub async fn log_group_exists(&self, group: &str) -> Result<bool, CallError> {
        Ok(self.log_groups_named(Some(group)).await?.iter().any(|name| name == group))
    }

    /// Names of all log groups.
    pub async fn log_groups(&self) -> Result<Vec<String>, CallError> {
        self.log_groups_named(None).await
    }

    async fn log_groups_named(&self, prefix: Option<&str>) -> Result<Vec<String>, CallError> {
        let name = "logs:DescribeLogGroups";
        let mut names = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut input = json!({});
            if let Some(prefix) = prefix {
                input["logGroupNamePrefix"] = json!(prefix);
            }
            if let Some(token) = &token {
                input["nextToken"] = json!(token);
            }
            let answer = call!(self, logs.describe_log_groups, Nature::Read, name, input)?;
            let groups = answer.body["logGroups"].as_array().map(Vec::as_slice).unwrap_or_default();
            names.extend(groups.iter().filter_map(|group| group["logGroupName"].as_str().map(str::to_owned)));
            let next = answer.body["nextToken"].as_str().map(str::to_owned);
            if next.is_none() || next == token {
                return Ok(names);
            }
            token = next;
        }
    }

    /// All lines of a query, all pages, each once, oldest first. `None` when the group does not exist.
    pub async fn log_lines(&self, query: &LogQuery) -> Result<Option<Vec<LogLine>>, CallError> {
        let name = "logs:FilterLogEvents";
        let mut lines: Vec<LogLine> = Vec::new();
        let mut seen = HashSet::new();
        let mut batches: Vec<&[String]> =
            if query.streams.is_empty() { vec![&[]] } else { query.streams.chunks(100).collect() };
        while let Some(streams) = batches.pop() {
            let mut token: Option<String> = None;
            loop {
                let mut input = json!({"logGroupName": query.group});
                if !streams.is_empty() {
                    input["logStreamNames"] = json!(streams);
                } else if let Some(prefix) = &query.prefix {
                    input["logStreamNamePrefix"] = json!(prefix);
                }
                if let Some(from) = query.from {
                    input["startTime"] = json!(from.max(0));
                }
                if let Some(token) = &token {
                    input["nextToken"] = json!(token);
                }
                let answer = match call!(self, logs.filter_log_events, Nature::Read, name, input) {
                    Err(error) if error.code() == Some("ResourceNotFoundException") => {
                        if !self.log_group_exists(&query.group).await? {
                            return Ok(None);
                        }
                        // One stream that is not there yet refuses them all: the others are asked for one by one.
                        if streams.len() > 1 {
                            batches.extend(streams.chunks(1));
                        }
                        break;
                    }
                    answer => answer?,
                };
                let page: Vec<LogLine> = typed(name, &answer, "events")?;
                lines.extend(page.into_iter().filter(|line| seen.insert(line.event_id.clone())));
                let next = answer.body["nextToken"].as_str().map(str::to_owned);
                if next.is_none() || next == token {
                    break;
                }
                token = next;
            }
        }
        lines.sort_by_key(|line| line.timestamp);
        Ok(Some(lines))
    }

    /// The last lines of one stream, oldest first; empty when the stream or its group does not exist.
    pub async fn last_log_lines(
        &self,
        group: &str,
        stream: &str,
        most: u32,
    ) -> Result<Vec<LogLine>, CallError> {
        let name = "logs:GetLogEvents";
        let input = json!({
            "logGroupName": group, "logStreamName": stream, "startFromHead": false, "limit": most.min(10_000),
        });
        match call!(self, logs.get_log_events, Nature::Read, name, input) {
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(Vec::new()),
            answer => typed(name, &answer?, "events"),
        }
    }
}
