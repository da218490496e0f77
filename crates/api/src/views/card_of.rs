//! What an executor tells, as a card; a form that it does not know is left out.

use super::{CardFact, CardView, LayerProgress, ResourceChange, ResourceProgress, ValueChange};
use holdpoint_run::{Outcome, WorkState};
use serde_json::Value;

/// The card of a step: what its outcome holds for good, else what it told last.
pub(super) fn card(kind: &str, known: &WorkState, told: Option<&Value>) -> Option<CardView> {
    match (kind, &known.outcome) {
        ("terraform.plan", Some(Outcome::Succeeded { outputs, .. })) => {
            Some(changes(|name| outputs.get(name).and_then(|output| output.value.as_ref())))
        }
        _ => told.and_then(of_view),
    }
}

fn of_view(view: &Value) -> Option<CardView> {
    match view.get("card")?.as_str()? {
        "changes" => Some(changes(|name| view.get(name))),
        "terraform" => Some(CardView::Apply {
            said: text(view, "phase"),
            resources: list(view, "resources").map(resource).collect(),
        }),
        "mirror" => Some(CardView::Mirror {
            from: text(view, "from"),
            to: text(view, "to"),
            layers: list(view, "layers").map(layer).collect(),
            bytes: number(view, "bytes"),
            total: number(view, "total"),
        }),
        "operation" => Some(CardView::Operation {
            service: text(view, "service"),
            operation: text(view, "operation"),
            kind: text(view, "type"),
            status: text(view, "status"),
            since: view.get("since").and_then(moment),
            facts: list(view, "steps").map(fact).collect(),
        }),
        _ => None,
    }
}

fn changes<'v>(part: impl Fn(&str) -> Option<&'v Value>) -> CardView {
    let rows = |name: &str, others: &str| {
        let all = |name: &str| part(name).and_then(Value::as_array).into_iter().flatten();
        all(name).map(change).chain(all(others).filter_map(in_short)).collect()
    };
    CardView::Changes {
        summary: part("summary").and_then(shown).unwrap_or_default(),
        changes: rows("changes", "others"),
        drift: rows("drift", "other_drift"),
    }
}

/// `create aws_s3_bucket.logs`: what is told of a change where there are very many.
fn in_short(told: &Value) -> Option<ResourceChange> {
    let (action, address) = told.as_str()?.split_once(' ')?;
    Some(ResourceChange {
        address: address.to_owned(),
        action: action.to_owned(),
        reason: None,
        values: Vec::new(),
    })
}

fn change(view: &Value) -> ResourceChange {
    let paths: Vec<&str> = list(view, "replace_paths").filter_map(Value::as_str).collect();
    ResourceChange {
        address: text(view, "address"),
        action: text(view, "action"),
        reason: view.get("reason").and_then(Value::as_str).map(str::to_owned),
        values: list(view, "before_after").map(|value| value_change(value, &paths)).collect(),
    }
}

fn value_change(view: &Value, forcing: &[&str]) -> ValueChange {
    let path = text(view, "path");
    let sensitive = view["sensitive"] == true;
    let side = |name: &str| view.get(name).and_then(shown).filter(|_| !sensitive);
    let beneath = |forcing: &&str| {
        path.strip_prefix(*forcing).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    ValueChange {
        forces: forcing.iter().any(beneath),
        before: side("before"),
        after: side("after"),
        unknown: view["unknown"] == true,
        sensitive,
        path,
    }
}

fn resource(view: &Value) -> ResourceProgress {
    ResourceProgress {
        address: text(view, "address"),
        action: text(view, "action"),
        state: text(view, "state"),
        seconds: view["seconds"].as_f64(),
    }
}

fn layer(view: &Value) -> LayerProgress {
    LayerProgress {
        digest: text(view, "digest"),
        size: number(view, "size"),
        done: number(view, "done"),
        state: text(view, "state"),
    }
}

fn fact(view: &Value) -> CardFact {
    CardFact { label: text(view, "label"), text: text(view, "text") }
}

/// A value as text: strings as they are, nothing for null.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}

/// A moment: text as it is, numbers as milliseconds since 1970.
fn moment(value: &Value) -> Option<String> {
    match value.as_i64() {
        Some(at) => Some(holdpoint_run::At(at).to_string()),
        None => value.as_str().map(str::to_owned),
    }
}

fn text(view: &Value, name: &str) -> String {
    view.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(view: &Value, name: &str) -> u64 {
    view.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn list<'a>(view: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    view.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_of_changes_masks_and_says_what_forces() {
        let view = json!({"card": "changes", "summary": "1 to replace", "drift": [], "changes": [{
            "address": "aws_db_instance.main", "action": "replace", "reason": "cannot be updated in place", "replace_paths": ["engine"],
            "before_after": [
                {"path": "engine", "before": "mysql", "after": "postgres", "sensitive": false, "unknown": false},
                {"path": "engine_version", "before": 8, "after": null, "sensitive": false, "unknown": true},
                {"path": "password", "before": "leaked", "after": "leaked", "sensitive": true, "unknown": false},
            ],
        }]});
        let Some(CardView::Changes { changes, .. }) = of_view(&view) else { panic!("a table of changes") };
        let values = &changes[0].values;
        assert_eq!(
            [values[0].forces, values[1].forces],
            [true, false],
            "`engine_version` is not beneath `engine`"
        );
        assert_eq!(values[1].before.as_deref(), Some("8"));
        assert_eq!((values[2].before.as_deref(), values[2].after.as_deref()), (None, None));
    }

    #[test]
    fn a_form_of_a_later_version_is_left_out() {
        assert_eq!(of_view(&json!({"card": "hologram"})), None);
        assert_eq!(of_view(&json!({"no": "card"})), None);
    }
}
