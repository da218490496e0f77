//! CloudWatch on the wire, as far as a deployment needs it, metrics to look at and alarms on one metric: Query, JSON 1.0, and Smithy's RPC v2 with CBOR.

mod alarms;
mod evaluation;
mod settings;
mod statistics;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{Micros, SECOND};
use crate::protocol::query::items;
use crate::world::{Env, Estate};

pub(crate) use self::evaluation::happen;
use self::settings::Settings;

/// Metrics of one account and region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics {
    series: Vec<Series>,
    /// Alarms that calls made, by name.
    alarms: BTreeMap<String, Settings>,
    /// When an alarm came to its state, and why.
    set: BTreeMap<String, (Micros, String)>,
}

/// A metric with its dimensions.
#[derive(Debug, Clone)]
struct Series {
    namespace: String,
    metric: String,
    dimensions: BTreeMap<String, String>,
    unit: String,
    /// Microseconds between two values.
    every: Micros,
    /// From which wall time on it had which values; the last of each goes on.
    segments: Vec<(Micros, Vec<f64>)>,
}

/// A metric of a world, or of a change. One value every `period` seconds, the oldest first; the last of them is that of now,
/// and goes on until other values come. None: nothing is reported.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Furnishing {
    pub(crate) namespace: String,
    pub(crate) metric: String,
    #[serde(default)]
    pub(crate) dimensions: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) values: Vec<f64>,
    #[serde(default = "minute")]
    pub(crate) period: u64,
    #[serde(default = "count")]
    pub(crate) unit: String,
}

fn minute() -> u64 {
    60
}

fn count() -> String {
    "Count".to_owned()
}

/// Answers one call.
pub(crate) fn serve(
    estate: &mut Estate,
    env: &mut Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let metrics = &estate.metrics;
    match operation {
        "DescribeAlarms" => alarms::describe(metrics, env, input),
        "PutMetricAlarm" => alarms::put(estate, env, input),
        "DeleteAlarms" => alarms::delete(estate, env, input),
        "SetAlarmState" => alarms::set(estate, env, input),
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            alarms::tag(&mut estate.metrics, env, operation, input)
        }
        "GetMetricStatistics" => statistics::of_one(metrics, env, input),
        "GetMetricData" => statistics::of_many(metrics, env, input),
        "ListMetrics" => list(metrics, input),
        other => Err(AwsError::not_implemented("cloudwatch", other)),
    }
}

impl Metrics {
    /// Sets the values of a metric, from now on; alarms on it look at them.
    pub(crate) fn set(&mut self, env: &mut Env, of: &Furnishing) {
        let now = env.now_at(env.t);
        let every = of.period.max(1) * SECOND;
        let is_it = |s: &Series| {
            (&s.namespace, &s.metric, &s.dimensions) == (&of.namespace, &of.metric, &of.dimensions)
        };
        if !self.series.iter().any(is_it) {
            self.series.push(Series {
                namespace: of.namespace.clone(),
                metric: of.metric.clone(),
                dimensions: of.dimensions.clone(),
                unit: of.unit.clone(),
                every,
                segments: Vec::new(),
            });
        }
        let Some(series) = self.series.iter_mut().find(|s| is_it(s)) else { return };
        // The first values reach back; later ones replace what is from now on.
        let back =
            if series.segments.is_empty() { of.values.len().saturating_sub(1) as u64 * every } else { 0 };
        series.segments.push((now.saturating_sub(back), of.values.clone()));
        for (name, alarm) in &self.alarms {
            if alarm.text("MetricName") == Some(&of.metric) {
                evaluation::look_in(env, alarm, name, 0.0);
            }
        }
    }

    /// Namespace, metric and dimensions of each.
    pub(crate) fn overview(&self) -> Vec<Value> {
        self.series
            .iter()
            .map(|s| json!({"namespace": s.namespace, "metric": s.metric, "dimensions": s.dimensions}))
            .collect()
    }

    fn find(&self, namespace: &str, metric: &str, dimensions: &BTreeMap<String, String>) -> Option<&Series> {
        self.series
            .iter()
            .find(|s| s.namespace == namespace && s.metric == metric && s.dimensions == *dimensions)
    }
}

impl Series {
    /// Its values with their wall times, from `start` up to `end` and no later than now.
    fn between(&self, start: Micros, end: Micros, now: Micros) -> Vec<(Micros, f64)> {
        let mut found = Vec::new();
        for (index, (from, values)) in self.segments.iter().enumerate() {
            let until = self.segments.get(index + 1).map_or(now, |(next, _)| *next).min(end);
            let Some(last) = values.last() else { continue };
            // The first place of its own at or after the start.
            let skipped = start.saturating_sub(*from).div_ceil(self.every);
            let mut place = skipped;
            loop {
                let at = from + place * self.every;
                if at > until || at >= end || at > now {
                    break;
                }
                found.push((at, *values.get(place as usize).unwrap_or(last)));
                place += 1;
            }
        }
        found
    }
}

/// ListMetrics, by namespace, name and dimensions; a dimension without a value fits any.
fn list(metrics: &Metrics, input: &Value) -> Result<Value, AwsError> {
    let wanted = |member: &str, is: &str| input[member].as_str().is_none_or(|w| w == is);
    let dimensions = items(&input["Dimensions"]);
    let has = |series: &Series| {
        dimensions.iter().all(|d| {
            let value = d["Name"].as_str().and_then(|name| series.dimensions.get(name));
            value.is_some_and(|value| d["Value"].as_str().is_none_or(|w| w == value))
        })
    };
    let found: Vec<Value> = metrics
        .series
        .iter()
        .filter(|s| wanted("Namespace", &s.namespace) && wanted("MetricName", &s.metric) && has(s))
        .map(|s| {
            let dimensions: Vec<Value> =
                s.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
            json!({"Namespace": s.namespace, "MetricName": s.metric, "Dimensions": dimensions})
        })
        .collect();
    let from = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|n| n.parse::<usize>().ok())
            .ok_or_else(|| AwsError::new("InvalidParameterValue", "Invalid nextToken"))?,
    };
    let more = found.len() > from + PAGE;
    let mut body = json!({"Metrics": found.into_iter().skip(from).take(PAGE).collect::<Vec<_>>()});
    if more {
        body["NextToken"] = json!(format!("page-{}", from + PAGE));
    }
    Ok(body)
}

/// ListMetrics answers so many at once (API reference).
const PAGE: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_goes_on_until_others_come() {
        let minute = 60 * SECOND;
        let series = Series {
            namespace: "A".into(),
            metric: "b".into(),
            dimensions: BTreeMap::new(),
            unit: "Count".into(),
            every: minute,
            segments: vec![(0, vec![1.0, 2.0]), (3 * minute, vec![]), (5 * minute, vec![9.0])],
        };
        let at = |start: u64, end: u64| {
            let found = series.between(start * minute, end * minute, 6 * minute);
            found.into_iter().map(|(at, value)| (at / minute, value)).collect::<Vec<_>>()
        };
        assert_eq!(at(0, 10), [(0, 1.0), (1, 2.0), (2, 2.0), (3, 2.0), (5, 9.0), (6, 9.0)]);
        assert_eq!(at(1, 2), [(1, 2.0)]);
    }
}
