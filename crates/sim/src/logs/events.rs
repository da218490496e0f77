//! Log events: put, get one stream's, filter many streams'.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::logs::pattern::Pattern;
use crate::logs::{LogEvent, Logs, group_name, milliseconds, no_group, no_stream};
use crate::world::Env;

const DAY: i64 = 86_400_000;

/// PutLogEvents: events older than 14 days or more than two hours ahead are left out and said to be.
pub(crate) fn put(logs: &mut Logs, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let group = logs.groups.get_mut(group_name(input)?).ok_or_else(no_group)?;
    let stream =
        group.streams.get_mut(input["logStreamName"].as_str().unwrap_or_default()).ok_or_else(no_stream)?;
    let now = milliseconds(env.now());
    let events = input["logEvents"].as_array().map_or(&[][..], Vec::as_slice);
    if events.is_empty() || events.len() > 10_000 {
        return Err(AwsError::invalid_parameter("logEvents must have 1 to 10000 members."));
    }
    let times: Vec<i64> = events.iter().map(|e| e["timestamp"].as_i64().unwrap_or_default()).collect();
    if times.windows(2).any(|pair| pair[0] > pair[1]) {
        return Err(AwsError::invalid_parameter(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    if events.iter().any(|e| e["message"].as_str().unwrap_or_default().is_empty()) {
        return Err(AwsError::invalid_parameter(
            "1 validation error detected: Value at 'logEvents.member.message' failed to satisfy constraint: Member must have \
             length greater than or equal to 1",
        ));
    }
    let old = times.iter().take_while(|at| **at < now - 14 * DAY).count();
    let new_from = times.iter().position(|at| *at > now + DAY / 12);
    for (event, at) in
        events.iter().zip(&times).skip(old).take(new_from.unwrap_or(events.len()).saturating_sub(old))
    {
        stream.push(*at, now, event["message"].as_str().unwrap_or_default().to_owned());
    }
    let mut answer = json!({"nextSequenceToken": format!("{:056}", stream.arrived)});
    if old > 0 {
        answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] = json!(old);
    }
    if let Some(from) = new_from {
        answer["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"] = json!(from);
    }
    Ok(answer)
}

/// GetLogEvents: one stream, forward from the head or backward from the tail. At an end the token comes back as it was sent.
pub(crate) fn get(logs: &Logs, input: &Value) -> Result<Value, AwsError> {
    let group = logs.groups.get(group_name(input)?).ok_or_else(no_group)?;
    let stream =
        group.streams.get(input["logStreamName"].as_str().unwrap_or_default()).ok_or_else(no_stream)?;
    let range: Vec<&LogEvent> = stream.events.iter().filter(|e| in_range(e, input)).collect();
    let limit = limit(input)?;
    // A place is a count of events in the range: those before a forward token, those from a backward one on are behind it.
    let (from, to) = match input["nextToken"].as_str() {
        Some(token) => {
            let place = token
                .get(2..)
                .and_then(|n| n.parse::<usize>().ok())
                .filter(|_| token.starts_with("f/") || token.starts_with("b/"))
                .ok_or_else(|| AwsError::invalid_parameter("The specified nextToken is invalid."))?
                .min(range.len());
            if token.starts_with("f/") {
                (place, range.len().min(place + limit))
            } else {
                (place.saturating_sub(limit), place)
            }
        }
        None if input["startFromHead"].as_bool().unwrap_or(false) => (0, range.len().min(limit)),
        None => (range.len().saturating_sub(limit), range.len()),
    };
    let events: Vec<Value> = range[from..to]
        .iter()
        .map(|e| json!({"timestamp": e.at, "message": e.message, "ingestionTime": e.ingested}))
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": format!("f/{to:056}"),
        "nextBackwardToken": format!("b/{from:056}"),
    }))
}

/// FilterLogEvents: many streams by time, in pages.
pub(crate) fn filter(logs: &Logs, input: &Value) -> Result<Value, AwsError> {
    let group = logs.groups.get(group_name(input)?).ok_or_else(no_group)?;
    let names: Option<Vec<&str>> =
        input["logStreamNames"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect());
    let prefix = input["logStreamNamePrefix"].as_str();
    if names.is_some() && prefix.is_some() {
        return Err(AwsError::invalid_parameter(
            "LogStreamNamePrefix and LogStreamNames cannot both be specified in the same request.",
        ));
    }
    if names.iter().flatten().any(|name| !group.streams.contains_key(*name)) {
        return Err(no_stream());
    }
    let pattern = Pattern::parse(input["filterPattern"].as_str().unwrap_or_default())?;
    let mut found: Vec<(&str, &LogEvent)> = group
        .streams
        .values()
        .filter(|s| names.as_ref().is_none_or(|n| n.contains(&s.name.as_str())))
        .filter(|s| prefix.is_none_or(|p| s.name.starts_with(p)))
        .flat_map(|s| s.events.iter().map(|e| (s.name.as_str(), e)))
        .filter(|(_, e)| in_range(e, input) && pattern.matches(&e.message))
        .collect();
    found.sort_by(|a, b| (a.1.at, &a.1.id).cmp(&(b.1.at, &b.1.id)));
    let limit = limit(input)?;
    // The token is the last event seen, so that events which arrive between two pages do not shift the pages.
    let from = match input["nextToken"].as_str() {
        None => 0,
        Some(token) => {
            let (at, id) = token
                .split_once('/')
                .and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id)))
                .ok_or_else(|| AwsError::invalid_parameter("The specified nextToken is invalid."))?;
            found.partition_point(|(_, e)| (e.at, e.id.as_str()) <= (at, id))
        }
    };
    let page: Vec<&(&str, &LogEvent)> = found.iter().skip(from).take(limit).collect();
    let mut answer = json!({
        "events": page.iter().map(|(stream, e)| json!({
            "logStreamName": stream, "timestamp": e.at, "message": e.message, "ingestionTime": e.ingested, "eventId": e.id
        })).collect::<Vec<_>>(),
        "searchedLogStreams": [],
    });
    if let Some((_, end)) = page.last().filter(|_| found.len() > from + page.len()) {
        answer["nextToken"] = json!(format!("{}/{}", end.at, end.id));
    }
    Ok(answer)
}

/// `startTime` is inclusive, `endTime` exclusive for GetLogEvents and inclusive for FilterLogEvents; one millisecond apart.
fn in_range(event: &LogEvent, input: &Value) -> bool {
    let inclusive = input["logStreamName"].is_null();
    input["startTime"].as_i64().is_none_or(|start| event.at >= start)
        && input["endTime"].as_i64().is_none_or(|end| event.at < end || (inclusive && event.at == end))
}

fn limit(input: &Value) -> Result<usize, AwsError> {
    let limit = input["limit"].as_u64().unwrap_or(10_000);
    if !(1..=10_000).contains(&limit) {
        return Err(AwsError::invalid_parameter("limit must be between 1 and 10000."));
    }
    Ok(limit as usize)
}
