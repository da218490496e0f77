//! `metrics.check`: values of a CloudWatch metric.

use super::assuming;
use crate::failure::{arguments, failed};
use crate::look::{Found, Look, judged};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, Datapoint, Meter};
use holdpoint_engine::Task;
use holdpoint_plan::kinds::{Dur, MetricsCheck, MetricsExpect};
use holdpoint_run::{Diagnosis, Judgement};
use serde_json::json;
use std::time::Duration;

/// Time that one value stands for where the plan says nothing.
const PERIOD: Duration = Duration::from_secs(60);
/// How far back is looked where the plan says nothing.
const SINCE: i64 = 600;
/// Values that CloudWatch gives at once (GetMetricStatistics).
const MOST: i64 = 1_440;

/// The kind `metrics.check`.
pub(crate) struct Meters {
    pub(crate) cloud: Cloud,
    pub(crate) assumed: bool,
}

#[async_trait]
impl Look for Meters {
    fn kind(&self) -> &'static str {
        "metrics.check"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: MetricsCheck = arguments(&task.with)?;
        meter(&with, task)?;
        Ok(format!("Read {} of {}", with.metric, with.namespace))
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: MetricsCheck = arguments(&task.with)?;
        let expect: MetricsExpect = arguments(&task.expect)?;
        let meter = meter(&with, task)?;
        let points = self.cloud.datapoints(&meter).await;
        let points =
            points.map_err(|error| failed(&format!("The metric {} cannot be read", with.metric), &error))?;
        let mut judgements = judge(&expect, &with.metric, &points);
        assuming(&mut judgements, self.assumed);
        let values = || points.iter().map(|point| point.value);
        Ok(Found {
            outputs: vec![
                ("value", json!(points.last().map(|point| point.value))),
                ("lowest", json!(values().reduce(f64::min))),
                ("highest", json!(values().reduce(f64::max))),
                ("datapoints", json!(points.len())),
            ],
            judgements,
            note: None,
        })
    }
}

fn judge(expect: &MetricsExpect, metric: &str, points: &[Datapoint]) -> Vec<Judgement> {
    let least = expect.datapoints.unwrap_or(1);
    let enough = usize::try_from(least).is_ok_and(|least| points.len() >= least);
    let mut judgements = vec![judged(
        format!("values of {metric}"),
        format!("at least {least}"),
        if points.is_empty() { "nothing was measured".to_owned() } else { points.len().to_string() },
        enough,
    )];
    let at = |point: Option<&Datapoint>| {
        point.map_or("nothing was measured".to_owned(), |point| format!("{} at {}", point.value, point.at))
    };
    let by = |a: &&Datapoint, b: &&Datapoint| a.value.total_cmp(&b.value);
    if let Some(limit) = expect.at_least {
        let lowest = points.iter().min_by(by);
        let holds = lowest.is_none_or(|point| point.value >= limit);
        judgements.push(judged(format!("lowest {metric}"), format!("at least {limit}"), at(lowest), holds));
    }
    if let Some(limit) = expect.at_most {
        let highest = points.iter().max_by(by);
        let holds = highest.is_none_or(|point| point.value <= limit);
        judgements.push(judged(format!("highest {metric}"), format!("at most {limit}"), at(highest), holds));
    }
    judgements
}

fn meter(with: &MetricsCheck, task: &Task) -> Result<Meter, Diagnosis> {
    let bad = |why: String| Diagnosis::of(why).hint("Correct it in the plan.");
    let period = with.period.map_or(PERIOD, Dur::get).as_secs();
    if !(matches!(period, 1 | 5 | 10 | 20 | 30) || (period >= 60 && period.is_multiple_of(60))) {
        return Err(bad(format!(
            "`period` is {period} s: CloudWatch takes 1, 5, 10, 20, 30 and multiples of 60"
        )));
    }
    let statistic = with.statistic.clone().unwrap_or_else(|| "Average".into());
    let simple = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"].contains(&statistic.as_str());
    let percentile = statistic.strip_prefix('p').and_then(|rest| rest.parse::<f64>().ok());
    if !simple && !percentile.is_some_and(|percent| (0.0..=100.0).contains(&percent)) {
        return Err(bad(format!(
            "`{statistic}` is no statistic: write Average, Sum, Minimum, Maximum, SampleCount or p99"
        )));
    }
    let now = task.clock.now().0 / 1_000;
    let from = match &with.since {
        None => now - SINCE,
        Some(since) => match (task.began.get(since), since.parse::<Dur>()) {
            (Some(began), _) => began.at.0 / 1_000,
            (None, Ok(length)) => now - i64::try_from(length.get().as_secs()).unwrap_or(i64::MAX),
            (None, Err(_)) => {
                return Err(bad(format!(
                    "`since: {since}` is neither a step that has begun nor a length of time"
                )));
            }
        },
    };
    let seconds = i64::try_from(period).unwrap_or(60);
    // A value stands at the beginning of its time: the one that is being measured counts too.
    let from = from - from.rem_euclid(seconds);
    if (now - from) / seconds > MOST {
        return Err(bad(format!(
            "that is more than {MOST} values: write a longer `period` or a shorter `since`"
        )));
    }
    Ok(Meter {
        namespace: with.namespace.clone(),
        metric: with.metric.clone(),
        dimensions: with.dimensions.clone(),
        statistic,
        period: Duration::from_secs(period),
        from,
        to: now + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_for_every_value_and_nothing_measured_is_not_enough() {
        let points = [1.0, 5.0, 3.0].map(|value| Datapoint { at: "t".into(), value, unit: "Count".into() });
        let table = [
            (Some(1.0), Some(5.0), None, true),
            (Some(1.5), None, None, false),
            (None, Some(4.0), None, false),
            (None, None, Some(4), false),
        ];
        for (at_least, at_most, datapoints, holds) in table {
            let judged = judge(&MetricsExpect { at_least, at_most, datapoints }, "errors", &points);
            assert_eq!(judged.iter().all(|one| one.holds), holds, "{judged:?}");
        }
        let nothing =
            |datapoints| judge(&MetricsExpect { datapoints, ..MetricsExpect::default() }, "errors", &[]);
        assert!(!nothing(None)[0].holds);
        assert!(nothing(Some(0))[0].holds);
    }
}
