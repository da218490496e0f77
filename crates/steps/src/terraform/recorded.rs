//! What the practice account shows of recorded calls.

use super::Common;
use holdpoint_engine::{Observation, Task};
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, Receipt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

impl Common {
    /// Whether a call of this intent took effect: the simulator's own record says so. Calls alike are told apart by how
    /// many of them were answered before.
    pub(super) async fn observe_recorded(
        &self,
        task: &Task,
        intent: &Intent,
        planned: &ActionPlan,
        receipts: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let Some(simulator) = &self.child.simulator else {
            return Ok(Observation::Unsettled(Diagnosis::of("Recorded calls are for practice alone")));
        };
        let record = simulator.record().await.map_err(|error| {
            Diagnosis::of(format!("The practice account does not say what was called: {error}"))
        })?;
        let wanted = digest(&planned.input);
        let (service, operation) = planned.call.split_once(':').unwrap_or_default();
        // Seconds since 1970; what was before this step began is not of it.
        let since =
            task.began.get(task.work.step.as_str()).map_or(0.0, |began| began.at.0 as f64 / 1000.0 - 1.0);
        let calls = record["calls"].as_array().into_iter().flatten();
        let mut same = calls.filter(|call| {
            call["service"] == service
                && call["operation"] == operation
                && call["digest"] == wanted.as_str()
                && call["outcome"] != "refused"
                && call["at"].as_f64().is_some_and(|at| at >= since)
        });
        let alike = intent.actions.iter().take(receipts.len());
        let before = alike.filter(|other| other.call == planned.call && other.input == planned.input).count();
        Ok(match same.nth(before) {
            Some(call) => Observation::TookEffect(Receipt {
                external: vec![External { kind: "call".into(), id: planned.call.clone() }],
                request_id: call["request_id"].as_str().map(str::to_owned),
                body: json!({ "outcome": "applied", "recorded": true }),
            }),
            None => {
                Observation::TookNoEffect { why: format!("the practice account has no {}", planned.call) }
            }
        })
    }
}

/// The digest that the record gives parameters: SHA-256 with keys sorted.
fn digest(input: &Value) -> String {
    Sha256::digest(sorted(input).to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<&String, Value> =
                map.iter().map(|(key, value)| (key, sorted(value))).collect();
            ordered.into_iter().map(|(key, value)| (key.clone(), value)).collect()
        }
        Value::Array(list) => list.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
