//! An alarm that looks at its metric: M of the last N values beyond the threshold raise it (CloudWatch user guide, "Alarm
//! evaluation").

use super::settings::Settings;
use super::statistics;
use super::{Metrics, alarms};
use crate::clock::{Micros, SECOND, iso8601};
use crate::ecs;
use crate::ecs::incidents::AlarmState;
use crate::schedule::What;
use crate::world::{Env, Estate};

/// What looking at the metric comes to: a state and its reason. `None`: it stays as it is.
pub(super) fn judge(metrics: &Metrics, env: &Env, of: &Settings) -> Option<(AlarmState, String)> {
    let period = of.number("Period") as Micros * SECOND;
    let count = of.number("EvaluationPeriods") as usize;
    let now = env.now_at(env.t);
    // Whole periods only: what has just begun says nothing yet.
    let end = now / period * period;
    let start = end.saturating_sub(count as Micros * period);
    let dimensions = of
        .shown
        .get("Dimensions")
        .and_then(|all| all.as_array())
        .into_iter()
        .flatten()
        .filter_map(|d| Some((d["Name"].as_str()?.to_owned(), d["Value"].as_str()?.to_owned())))
        .collect();
    let series = metrics.find(
        of.text("Namespace").unwrap_or_default(),
        of.text("MetricName").unwrap_or_default(),
        &dimensions,
    );
    let series = series.filter(|series| of.text("Unit").is_none_or(|unit| series.unit == unit));
    let found: Vec<(Micros, f64)> = statistics::buckets(series, env, start, end, period)
        .into_iter()
        .filter_map(|(at, values)| Some((at, statistics::of_values(&values, of.statistic())?)))
        .collect();
    let missing = count.saturating_sub(found.len());
    let treat = of.text("TreatMissingData").unwrap_or("missing");
    if found.is_empty() {
        return match treat {
            "ignore" => None,
            "breaching" => Some((AlarmState::Alarm, none_received(count, "Breaching"))),
            "notBreaching" => Some((AlarmState::Ok, none_received(count, "NonBreaching"))),
            _ => {
                let reason = match count {
                    1 => "Insufficient Data: 1 datapoint was unknown.".to_owned(),
                    many => format!("Insufficient Data: {many} datapoints were unknown."),
                };
                Some((AlarmState::InsufficientData, reason))
            }
        };
    }
    let breaching: Vec<&(Micros, f64)> = found.iter().filter(|(_, value)| breaches(of, *value)).collect();
    let counted = breaching.len() + if treat == "breaching" { missing } else { 0 };
    let (enough, threshold) = (of.enough(), of.number("Threshold"));
    let words = words(of.text("ComparisonOperator").unwrap_or_default());
    let listed = |points: &[&(Micros, f64)]| {
        let points: Vec<String> =
            points.iter().map(|(at, value)| format!("{value:?} ({})", day(*at))).collect();
        points.join(", ")
    };
    Some(if counted >= enough {
        let (some, were) = (breaching.len(), if breaching.len() == 1 { "was" } else { "were" });
        let reason = format!(
            "Threshold Crossed: {some} out of the last {count} datapoints [{}] {were} {words} the threshold ({threshold:?}) \
             (minimum {enough} datapoint{} for OK -> ALARM transition).",
            listed(&breaching),
            if enough == 1 { "" } else { "s" }
        );
        (AlarmState::Alarm, reason)
    } else {
        let fine: Vec<&(Micros, f64)> = found.iter().filter(|(_, value)| !breaches(of, *value)).collect();
        let (some, were) = (fine.len(), if fine.len() == 1 { "was" } else { "were" });
        let needed = count.saturating_sub(enough) + 1;
        let reason = format!(
            "Threshold Crossed: {some} out of the last {count} datapoints [{}] {were} not {words} the threshold ({threshold:?}) \
             (minimum {needed} datapoint{} for ALARM -> OK transition).",
            listed(&fine),
            if needed == 1 { "" } else { "s" }
        );
        (AlarmState::Ok, reason)
    })
}

/// Looks at an alarm now, and again each period until values that came up to now have all been seen.
pub(crate) fn happen(estate: &mut Estate, env: &mut Env, name: &str, again: u64) {
    let Some(settings) = estate.metrics.alarms.get(name).cloned() else { return };
    if let Some((state, reason)) = judge(&estate.metrics, env, &settings)
        && env.alarm(name) != Some(state)
    {
        alarms::turn(&mut estate.metrics, env, name, state, reason);
        ecs::alarms_changed(estate, env);
    }
    if again > 0 {
        let what = What::Alarm { name: name.to_owned(), again: again - 1 };
        env.after_real(settings.number("Period") as u64, what);
    }
}

/// Looks at an alarm in `seconds` of simulated duration, and then for as long as what is new can change it. Values and their
/// times are not shortened by the speed, so that the periods after the first are real ones.
pub(super) fn look_in(env: &mut Env, of: &Settings, name: &str, seconds: f64) {
    let again = of.number("EvaluationPeriods") as u64 + 1;
    env.after_exactly(seconds, What::Alarm { name: name.to_owned(), again });
}

fn breaches(of: &Settings, value: f64) -> bool {
    let threshold = of.number("Threshold");
    match of.text("ComparisonOperator").unwrap_or_default() {
        "GreaterThanOrEqualToThreshold" => value >= threshold,
        "GreaterThanThreshold" => value > threshold,
        "LessThanThreshold" => value < threshold,
        _ => value <= threshold,
    }
}

fn words(comparison: &str) -> &'static str {
    match comparison {
        "GreaterThanOrEqualToThreshold" => "greater than or equal to",
        "GreaterThanThreshold" => "greater than",
        "LessThanThreshold" => "less than",
        _ => "less than or equal to",
    }
}

fn none_received(count: usize, treated: &str) -> String {
    let (periods, points) =
        if count == 1 { ("period", "datapoint was") } else { ("periods", "datapoints were") };
    format!(
        "Threshold Crossed: no datapoints were received for {count} {periods} and {count} missing {points} treated as [{treated}]."
    )
}

/// `01/02/26 03:04:05`, day first, as reasons write it.
fn day(at: Micros) -> String {
    let text = iso8601(at);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    format!("{}/{}/{} {}", part(8..10), part(5..7), part(2..4), part(11..19))
}
