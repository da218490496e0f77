//! The record of every call that changes something: the oracle that tests compare a run with.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::aws_error::AwsError;
use crate::clock::{Micros, epoch_seconds};
use crate::journal::CallLine;
use crate::seeded::{digest, hex};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    TookEffect,
    /// Accepted, and nothing changed.
    NoEffect,
    Refused,
}

/// One call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Recorded {
    pub(crate) seq: u64,
    pub(crate) at: f64,
    pub(crate) service: String,
    pub(crate) operation: String,
    pub(crate) request_id: String,
    pub(crate) actor: String,
    pub(crate) digest: String,
    pub(crate) summary: String,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) calls: Vec<Recorded>,
    pub(crate) throttled: BTreeMap<String, u64>,
}

impl Record {
    pub(crate) fn call(&mut self, call: &CallLine, at: Micros, error: Option<&AwsError>, no_effect: bool) {
        // Who somebody is alters nothing that a deployment is made of.
        if ["sts", "sso", "sso-oidc", "signin"].contains(&call.service.as_str()) {
            return;
        }
        let outcome = match (error, no_effect) {
            (Some(_), _) => Outcome::Refused,
            (None, true) => Outcome::NoEffect,
            (None, false) => Outcome::TookEffect,
        };
        self.calls.push(Recorded {
            seq: self.calls.len() as u64 + 1,
            at: epoch_seconds(at),
            service: call.service.clone(),
            operation: call.operation.clone(),
            request_id: call.request_id.clone(),
            actor: call.caller.arn.clone(),
            digest: content_digest(&call.input),
            summary: summary(&call.input),
            outcome,
            error: error.map(|e| e.code.clone()),
        });
    }

    pub(crate) fn throttle(&mut self, operation: &str) {
        *self.throttled.entry(operation.to_owned()).or_default() += 1;
    }
}

/// SHA-256 of a value with its keys sorted.
pub(crate) fn content_digest(value: &Value) -> String {
    hex(&digest(&[sorted(value).to_string().as_bytes()]))
}

fn sorted(value: &Value) -> Value {
    if let Some(map) = value.as_object() {
        let ordered: BTreeMap<&String, Value> =
            map.iter().map(|(key, member)| (key, sorted(member))).collect();
        return ordered.into_iter().map(|(key, member)| (key.clone(), member)).collect();
    }
    match value.as_array() {
        Some(list) => list.iter().map(sorted).collect(),
        None => value.clone(),
    }
}

/// The scalar parameters, and the images of containers: never environment values, never what is in a secret or a parameter.
fn summary(input: &Value) -> String {
    let mut parts: Vec<String> = input.as_object().map_or_else(Vec::new, |map| {
        map.iter()
            .filter(|(key, v)| {
                !["SecretString", "SecretBinary", "Value"].contains(&key.as_str())
                    && (v.is_string() || v.is_number() || v.is_boolean())
            })
            .map(|(key, v)| format!("{key}={}", v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect()
    });
    parts.extend(
        input["containerDefinitions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|c| Some(format!("{}={}", c["name"].as_str()?, c["image"].as_str()?))),
    );
    let image = &input["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"];
    parts.extend(image.as_str().map(|image| format!("image={image}")));
    parts.join(" ")
}
