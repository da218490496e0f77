//! What an alarm is set to: PutMetricAlarm's input, judged and kept. Codes and limits are those of the API reference; a message
//! that no source shows is ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::aws_error::AwsError;
use crate::protocol::query::{is_true, items, number, texts};

/// An alarm on one metric, as DescribeAlarms shows it, and its tags.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(super) shown: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
}

const STATISTICS: [&str; 5] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
const COMPARISONS: [&str; 4] = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
];
/// Those of anomaly detection.
const BANDS: [&str; 3] =
    ["LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"];
const MISSING: [&str; 4] = ["breaching", "notBreaching", "ignore", "missing"];
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

impl Settings {
    /// Of an input. Alarms on expressions, bands and PromQL are refused by name.
    pub(super) fn read(input: &Value) -> Result<Self, AwsError> {
        let mut shown = Map::new();
        let text = |member: &str| input[member].as_str().filter(|text| !text.is_empty());
        let name = text("AlarmName").ok_or_else(|| constraint("", "alarmName", "Member must not be null"))?;
        if name.chars().count() > 255 {
            return Err(constraint(name, "alarmName", "Member must have length less than or equal to 255"));
        }
        for member in ["Metrics", "EvaluationCriteria", "ThresholdMetricId"] {
            if !input[member].is_null() {
                return Err(AwsError::not_implemented(
                    "cloudwatch",
                    &format!("PutMetricAlarm with {member}"),
                ));
            }
        }
        if !input["EvaluationInterval"].is_null() {
            return Err(refused("EvaluationInterval is only for alarms with EvaluationCriteria"));
        }
        for member in ["MetricName", "Namespace"] {
            let value = text(member).ok_or_else(|| missing(member))?;
            shown.insert(member.to_owned(), json!(value));
        }
        match (text("Statistic"), text("ExtendedStatistic")) {
            (Some(statistic), None) => {
                one_of(statistic, "statistic", &STATISTICS)?;
                shown.insert("Statistic".to_owned(), json!(statistic));
            }
            (None, Some(statistic)) => {
                if super::statistics::of_values(&[1.0], statistic).is_none() {
                    return Err(AwsError::not_implemented(
                        "cloudwatch",
                        &format!("PutMetricAlarm with the statistic {statistic}"),
                    ));
                }
                shown.insert("ExtendedStatistic".to_owned(), json!(statistic));
            }
            _ => return Err(refused("Exactly one of Statistic and ExtendedStatistic must be specified")),
        }
        let comparison = text("ComparisonOperator").ok_or_else(|| missing("ComparisonOperator"))?;
        if BANDS.contains(&comparison) {
            return Err(AwsError::not_implemented("cloudwatch", "PutMetricAlarm of anomaly detection"));
        }
        one_of(comparison, "comparisonOperator", &COMPARISONS)?;
        shown.insert("ComparisonOperator".to_owned(), json!(comparison));
        let threshold = number(&input["Threshold"]).ok_or_else(|| missing("Threshold"))?;
        shown.insert("Threshold".to_owned(), json!(threshold));
        periods(input, &mut shown)?;
        optional(input, &mut shown)?;
        let tags = read_tags(&input["Tags"])?;
        shown.insert("AlarmName".to_owned(), json!(name));
        Ok(Self { shown, tags })
    }

    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.shown.get(member)?.as_str()
    }

    /// A number that reading has made sure of.
    pub(super) fn number(&self, member: &str) -> f64 {
        self.shown.get(member).and_then(Value::as_f64).unwrap_or(0.0)
    }

    pub(super) fn statistic(&self) -> &str {
        self.text("Statistic").or_else(|| self.text("ExtendedStatistic")).unwrap_or_default()
    }

    /// How many values that breach the threshold raise it: M of N.
    pub(super) fn enough(&self) -> usize {
        let of_all = self.number("EvaluationPeriods");
        self.shown.get("DatapointsToAlarm").and_then(Value::as_f64).unwrap_or(of_all) as usize
    }
}

/// Tags of an input: at most fifty, each with a key.
pub(super) fn read_tags(of: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let tags: Option<BTreeMap<String, String>> = items(of)
        .into_iter()
        .map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str().unwrap_or("").to_owned())))
        .collect();
    tags.filter(|tags| tags.len() <= 50)
        .ok_or_else(|| refused("At most 50 tags can be given, each with a key and a value"))
}

/// A value that does not fit the model, in the words of the services' own validation.
pub(super) fn constraint(value: &str, member: &str, rule: &str) -> AwsError {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}"
    );
    AwsError::new("ValidationError", message)
}

/// Period, periods and how many of them.
fn periods(input: &Value, shown: &mut Map<String, Value>) -> Result<(), AwsError> {
    let period = number(&input["Period"]).ok_or_else(|| missing("Period"))?;
    if !([10.0, 20.0, 30.0].contains(&period) || (period >= 60.0 && period % 60.0 == 0.0)) {
        return Err(refused("Period must be 10, 20, 30 or a multiple of 60"));
    }
    let whole = |member: &str| {
        let given = &input[member];
        if given.is_null() {
            return Ok(None);
        }
        let rule = "Member must have value greater than or equal to 1";
        match number(given).filter(|n| *n >= 1.0 && n.fract() == 0.0) {
            Some(n) => Ok(Some(n)),
            None => Err(constraint(&given.to_string(), member, rule)),
        }
    };
    let all = whole("EvaluationPeriods")?.ok_or_else(|| missing("EvaluationPeriods"))?;
    // The longest time that an alarm looks back on: seven days from an hour's period on, else one.
    let longest = if period >= HOUR { 7.0 * DAY } else { DAY };
    if all * period > longest {
        return Err(refused(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), or seven days with \
             a Period of an hour and more",
        ));
    }
    shown.insert("Period".to_owned(), json!(period as u64));
    shown.insert("EvaluationPeriods".to_owned(), json!(all as u64));
    if let Some(some) = whole("DatapointsToAlarm")? {
        if some > all {
            // As Terraform's users report it (hashicorp/terraform#24070).
            return Err(refused("DatapointsToAlarm must be less than or equal to EvaluationPeriods"));
        }
        shown.insert("DatapointsToAlarm".to_owned(), json!(some as u64));
    }
    Ok(())
}

fn optional(input: &Value, shown: &mut Map<String, Value>) -> Result<(), AwsError> {
    let dimensions: Vec<Value> = items(&input["Dimensions"])
        .into_iter()
        .map(
            |d| json!({"Name": d["Name"].as_str().unwrap_or(""), "Value": d["Value"].as_str().unwrap_or("")}),
        )
        .collect();
    if dimensions.len() > 30 || dimensions.iter().any(|d| d["Name"] == "" || d["Value"] == "") {
        return Err(refused("At most 30 dimensions can be given, each with a name and a value"));
    }
    shown.insert("Dimensions".to_owned(), json!(dimensions));
    for member in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
        let actions = texts(&input[member]);
        if actions.len() > 5 {
            return Err(constraint(
                &actions.join(", "),
                member,
                "Member must have length less than or equal to 5",
            ));
        }
        if let Some(bad) = actions.iter().find(|action| !action.starts_with("arn:")) {
            return Err(refused(format!("Invalid arn syntax: {bad}")));
        }
        shown.insert(member.to_owned(), json!(actions));
    }
    let enabled = &input["ActionsEnabled"];
    shown.insert("ActionsEnabled".to_owned(), json!(enabled.is_null() || is_true(enabled)));
    if let Some(treat) = input["TreatMissingData"].as_str() {
        one_of(treat, "treatMissingData", &MISSING)?;
        shown.insert("TreatMissingData".to_owned(), json!(treat));
    }
    for member in ["AlarmDescription", "Unit", "EvaluateLowSampleCountPercentile"] {
        if let Some(value) = input[member].as_str() {
            shown.insert(member.to_owned(), json!(value));
        }
    }
    Ok(())
}

fn one_of(value: &str, member: &str, set: &[&str]) -> Result<(), AwsError> {
    if set.contains(&value) {
        return Ok(());
    }
    Err(constraint(value, member, &format!("Member must satisfy enum value set: [{}]", set.join(", "))))
}

fn missing(member: &str) -> AwsError {
    refused(format!("The parameter {member} must be specified"))
}

fn refused(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_judged_as_the_reference_says() {
        let good = json!({
            "AlarmName": "a", "MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Threshold": 1, "Period": 60,
            "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 2,
        });
        assert_eq!(Settings::read(&good).map(|s| s.enough()), Ok(2));
        let with = |changes: Value| {
            let mut input = good.clone();
            for (member, value) in changes.as_object().into_iter().flatten() {
                input[member] = value.clone();
            }
            Settings::read(&input).map(|_| ()).map_err(|e| (e.code, e.message))
        };
        for (changes, code, says) in [
            (json!({"AlarmName": null}), "ValidationError", "alarmName"),
            (json!({"AlarmName": "x".repeat(256)}), "ValidationError", "255"),
            (json!({"MetricName": null}), "ValidationError", "MetricName"),
            (json!({"Period": 45}), "ValidationError", "multiple of 60"),
            (json!({"Period": null}), "ValidationError", "Period"),
            (json!({"Threshold": null}), "ValidationError", "Threshold"),
            (json!({"Statistic": "Mean"}), "ValidationError", "SampleCount"),
            (json!({"ExtendedStatistic": "p99"}), "ValidationError", "Exactly one"),
            (json!({"EvaluationPeriods": 0}), "ValidationError", "greater than or equal to 1"),
            (json!({"EvaluationPeriods": 1441}), "ValidationError", "86400"),
            (json!({"DatapointsToAlarm": 3}), "ValidationError", "less than or equal to EvaluationPeriods"),
            (json!({"ComparisonOperator": "Above"}), "ValidationError", "comparisonOperator"),
            (json!({"TreatMissingData": "shrug"}), "ValidationError", "notBreaching"),
            (json!({"AlarmActions": ["mail me"]}), "ValidationError", "mail me"),
            (json!({"Metrics": []}), "UnknownOperationException", "Metrics"),
            (
                json!({"ComparisonOperator": "GreaterThanUpperThreshold"}),
                "UnknownOperationException",
                "anomaly",
            ),
        ] {
            let (is, message) = with(changes.clone()).unwrap_err();
            assert!(is == code && message.contains(says), "{changes}: {is}: {message}");
        }
        assert_eq!(with(json!({"Period": 3600, "EvaluationPeriods": 168})), Ok(()));
        assert_eq!(with(json!({"Statistic": null, "ExtendedStatistic": "p99.9"})), Ok(()));
    }
}
