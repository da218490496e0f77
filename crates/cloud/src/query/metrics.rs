//! Amazon CloudWatch: values of a metric, and alarms.

use super::{Form, Service};
use crate::{CallError, Cloud};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A metric over a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// E.g. `AWS/ECS`.
    pub namespace: String,
    /// E.g. `CPUUtilization`.
    pub metric: String,
    /// By name.
    pub dimensions: BTreeMap<String, String>,
    /// `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount`, or a percentile such as `p99`.
    pub statistic: String,
    /// Length of one value's time; CloudWatch takes multiples of 60 s, and 1, 5, 10, 20 and 30 s of fine metrics.
    pub period: Duration,
    /// From when, seconds since 1970, inclusive.
    pub from: i64,
    /// Until when, exclusive.
    pub to: i64,
}

/// One value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Datapoint {
    /// When its time begins, as CloudWatch writes it.
    pub at: String,
    /// The value.
    pub value: f64,
    /// What it is measured in.
    pub unit: String,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// The metric that it watches; empty for one made of several.
    pub metric: String,
}

impl Cloud {
    /// The values of a metric, oldest first; none where nothing was measured.
    pub async fn datapoints(&self, meter: &Meter) -> Result<Vec<Datapoint>, CallError> {
        let simple =
            ["Average", "Sum", "Minimum", "Maximum", "SampleCount"].contains(&meter.statistic.as_str());
        let mut fields: Form = vec![
            ("Namespace".to_owned(), meter.namespace.clone()),
            ("MetricName".to_owned(), meter.metric.clone()),
            ("StartTime".to_owned(), time(meter.from)),
            ("EndTime".to_owned(), time(meter.to)),
            ("Period".to_owned(), meter.period.as_secs().max(1).to_string()),
        ];
        let list = if simple { "Statistics" } else { "ExtendedStatistics" };
        fields.push((format!("{list}.member.1"), meter.statistic.clone()));
        for (number, (name, value)) in (1..).zip(&meter.dimensions) {
            fields.push((format!("Dimensions.member.{number}.Name"), name.clone()));
            fields.push((format!("Dimensions.member.{number}.Value"), value.clone()));
        }
        let statistic = meter.statistic.clone();
        let mut found = self
            .query(Service::CloudWatch, "GetMetricStatistics", &fields, move |tree| {
                let points = tree.items("Datapoints").filter_map(|item| {
                    let value = match simple {
                        true => item.number(&statistic),
                        false => item
                            .items("ExtendedStatistics")
                            .find(|entry| entry.text("key").as_deref() == Some(&statistic))
                            .and_then(|entry| entry.number("value")),
                    };
                    Some(Datapoint {
                        at: item.or_empty("Timestamp"),
                        value: value?,
                        unit: item.or_empty("Unit"),
                    })
                });
                points.collect::<Vec<_>>()
            })
            .await?;
        // CloudWatch promises no order; its times sort as they are written.
        found.sort_by(|a, b| a.at.cmp(&b.at));
        Ok(found)
    }

    /// Alarms by name; those that do not exist are left out.
    pub async fn alarms(&self, names: &[String]) -> Result<Vec<Alarm>, CallError> {
        let mut found = Vec::new();
        // AWS's limit of names a call.
        for names in names.chunks(100) {
            let mut fields: Form = (1..)
                .zip(names)
                .map(|(number, name)| (format!("AlarmNames.member.{number}"), name.clone()))
                .collect();
            fields.push(("AlarmTypes.member.1".to_owned(), "MetricAlarm".to_owned()));
            fields.push(("AlarmTypes.member.2".to_owned(), "CompositeAlarm".to_owned()));
            let page = self.query_pages(
                Service::CloudWatch,
                "DescribeAlarms",
                fields,
                ("NextToken", "NextToken"),
                |tree| {
                    let items = tree.items("MetricAlarms").chain(tree.items("CompositeAlarms"));
                    let alarm = |item: super::Tree<'_>| Alarm {
                        name: item.or_empty("AlarmName"),
                        state: item.or_empty("StateValue"),
                        reason: item.or_empty("StateReason"),
                        metric: item.or_empty("MetricName"),
                    };
                    items.map(alarm).collect()
                },
            );
            found.extend(page.await?);
        }
        Ok(found)
    }
}

/// A time as the Query protocol writes it.
fn time(seconds: i64) -> String {
    let at = aws_smithy_types::DateTime::from_secs(seconds);
    at.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap_or_default()
}
