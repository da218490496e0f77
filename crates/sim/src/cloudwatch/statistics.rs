//! Statistics of metrics: GetMetricStatistics and GetMetricData.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Metrics, Series};
use crate::aws_error::AwsError;
use crate::clock::{Micros, SECOND, parse_basic_iso8601};
use crate::protocol::query::{is_true, items, moment, number, texts};
use crate::world::Env;

/// Datapoints that one GetMetricStatistics may ask for (API reference).
const MOST: u64 = 1440;

/// GetMetricStatistics.
pub(crate) fn of_one(metrics: &Metrics, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let (start, end) = range(input)?;
    let period = period(&input["Period"])?;
    let names = texts(&input["Statistics"]);
    let extended = texts(&input["ExtendedStatistics"]);
    if names.is_empty() == extended.is_empty() {
        return Err(AwsError::new(
            "InvalidParameterCombination",
            "Exactly one of the parameters Statistics and ExtendedStatistics must be specified",
        ));
    }
    if (end - start) / period > MOST {
        let asked = (end - start) / period;
        return Err(AwsError::new(
            "InvalidParameterCombination",
            format!(
                "You have requested up to {asked} datapoints, which exceeds the limit of {MOST}. You may reduce the datapoints \
                 requested by increasing Period, or decreasing the time range."
            ),
        ));
    }
    let series = find(metrics, input)?;
    let unit = input["Unit"].as_str();
    let series = series.filter(|s| unit.is_none_or(|unit| s.unit == unit));
    let points: Vec<Value> = buckets(series, env, start, end, period)
        .into_iter()
        .map(|(at, values)| {
            let mut point = json!({"Timestamp": moment(at), "Unit": series.map(|s| &s.unit)});
            for name in &names {
                point[*name] = json!(of_values(&values, name));
            }
            if !extended.is_empty() {
                point["ExtendedStatistics"] = extended
                    .iter()
                    .map(|name| ((*name).to_owned(), json!(of_values(&values, name))))
                    .collect();
            }
            point
        })
        .collect();
    for name in names.iter().chain(&extended) {
        if of_values(&[1.0], name).is_none() {
            return Err(AwsError::new(
                "InvalidParameterValue",
                format!("The value {name} for parameter Statistics is not supported."),
            ));
        }
    }
    Ok(json!({"Label": input["MetricName"], "Datapoints": points}))
}

/// GetMetricData, without metric math.
pub(crate) fn of_many(metrics: &Metrics, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let (start, end) = range(input)?;
    let ascending = input["ScanBy"] == "TimestampAscending";
    let mut results = Vec::new();
    for query in items(&input["MetricDataQueries"]) {
        let id = query["Id"].as_str().unwrap_or_default();
        if !id.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(AwsError::new(
                "ValidationError",
                format!("The value for query Id '{id}' is not valid. It must begin with a lowercase letter."),
            ));
        }
        if !query["Expression"].is_null() {
            return Err(AwsError::not_implemented("cloudwatch", "GetMetricData with an Expression"));
        }
        if !query["ReturnData"].is_null() && !is_true(&query["ReturnData"]) {
            continue;
        }
        let stat = &query["MetricStat"];
        let name = stat["Stat"].as_str().unwrap_or("Average");
        let invalid = || AwsError::new("ValidationError", format!("The statistic '{name}' is not valid."));
        of_values(&[1.0], name).ok_or_else(invalid)?;
        let series = find(metrics, &stat["Metric"])?;
        let mut points: Vec<(Micros, f64)> = buckets(series, env, start, end, period(&stat["Period"])?)
            .into_iter()
            .filter_map(|(at, values)| Some((at, of_values(&values, name)?)))
            .collect();
        if !ascending {
            points.reverse();
        }
        results.push(json!({
            "Id": id,
            "Label": query["Label"].as_str().or_else(|| stat["Metric"]["MetricName"].as_str()),
            "Timestamps": points.iter().map(|(at, _)| moment(*at)).collect::<Vec<_>>(),
            "Values": points.iter().map(|(_, value)| json!(value)).collect::<Vec<_>>(),
            "StatusCode": "Complete",
        }));
    }
    Ok(json!({"MetricDataResults": results, "Messages": []}))
}

fn find<'a>(metrics: &'a Metrics, of: &Value) -> Result<Option<&'a Series>, AwsError> {
    let text = |member: &str| {
        of[member]
            .as_str()
            .ok_or_else(|| AwsError::new("MissingParameter", format!("The parameter {member} is required.")))
    };
    let dimensions: BTreeMap<String, String> = items(&of["Dimensions"])
        .into_iter()
        .filter_map(|d| Some((d["Name"].as_str()?.to_owned(), d["Value"].as_str()?.to_owned())))
        .collect();
    Ok(metrics.find(text("Namespace")?, text("MetricName")?, &dimensions))
}

/// The values of each period that has any, by the beginning of the period.
pub(super) fn buckets(
    series: Option<&Series>,
    env: &Env,
    start: Micros,
    end: Micros,
    period: Micros,
) -> Vec<(Micros, Vec<f64>)> {
    let mut buckets: BTreeMap<Micros, Vec<f64>> = BTreeMap::new();
    let now = env.now_at(env.t);
    // Periods begin at multiples of themselves, so that two calls see the same ones.
    let aligned = start / period * period;
    for (at, value) in series.map(|s| s.between(aligned, end, now)).unwrap_or_default() {
        buckets.entry(at / period * period).or_default().push(value);
    }
    buckets.into_iter().collect()
}

/// A statistic by its name; `p99` and the like are percentiles.
pub(super) fn of_values(values: &[f64], name: &str) -> Option<f64> {
    let count = values.len() as f64;
    let sum: f64 = values.iter().sum();
    match name {
        "SampleCount" => Some(count),
        "Sum" => Some(sum),
        "Average" => Some(sum / count),
        "Minimum" => Some(values.iter().copied().fold(f64::INFINITY, f64::min)),
        "Maximum" => Some(values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        _ => {
            let percent: f64 = name.strip_prefix('p')?.parse().ok().filter(|p| (0.0..=100.0).contains(p))?;
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            let place = ((percent / 100.0 * count).ceil() as usize).clamp(1, sorted.len());
            sorted.get(place - 1).copied()
        }
    }
}

fn period(of: &Value) -> Result<Micros, AwsError> {
    let seconds = number(of).unwrap_or(0.0);
    let fits = [1.0, 5.0, 10.0, 20.0, 30.0].contains(&seconds) || (seconds > 0.0 && seconds % 60.0 == 0.0);
    if !fits {
        return Err(AwsError::new(
            "InvalidParameterValue",
            "Period must be 1, 5, 10, 20, 30, or a multiple of 60.",
        ));
    }
    Ok(seconds as Micros * SECOND)
}

fn range(input: &Value) -> Result<(Micros, Micros), AwsError> {
    let at = |member: &str| {
        time(&input[member]).ok_or_else(|| {
            AwsError::new("InvalidParameterValue", format!("The parameter {member} must be a timestamp."))
        })
    };
    let (start, end) = (at("StartTime")?, at("EndTime")?);
    if start >= end {
        return Err(AwsError::new(
            "InvalidParameterValue",
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    Ok((start, end))
}

/// A moment in any protocol's form: epoch seconds, or ISO 8601 in UTC.
fn time(of: &Value) -> Option<Micros> {
    if let Some(seconds) = of.as_f64() {
        return Some((seconds * SECOND as f64) as Micros);
    }
    let text = of.as_str()?;
    let bare = text.split('.').next()?.trim_end_matches('Z').trim_end_matches("+00:00");
    parse_basic_iso8601(&format!("{}Z", bare.replace(['-', ':'], "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_and_moments() {
        let values = [1.0, 2.0, 3.0, 10.0];
        for (name, is) in [
            ("Sum", 16.0),
            ("Average", 4.0),
            ("Maximum", 10.0),
            ("Minimum", 1.0),
            ("SampleCount", 4.0),
            ("p50", 2.0),
            ("p99", 10.0),
        ] {
            assert_eq!(of_values(&values, name), Some(is), "{name}");
        }
        assert_eq!(of_values(&values, "median"), None);
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.123Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+00:00",
        ] {
            assert_eq!(time(&json!(text)), Some(1_767_225_600 * SECOND), "{text}");
        }
        assert_eq!(time(&json!(1_767_225_600)), Some(1_767_225_600 * SECOND));
        assert_eq!(time(&json!("soon")), None);
    }
}
