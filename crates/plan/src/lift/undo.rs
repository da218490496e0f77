//! What a step is about, and what takes it back: so that commands of a rollback section find the steps that they undo.

use super::verdict::Lifted;
use serde_json::{Map, Value, json};

/// What a step is about, e.g. `ecs/<cluster>/<service>`: steps about the same thing have the same subject.
pub fn subject(lifted: &Lifted) -> Option<String> {
    let text = |name: &str| lifted.with.get(name).and_then(Value::as_str);
    match lifted.uses.as_str() {
        "ecs.deploy" | "ecs.create" | "ecs.scale" | "ecs.rollback" => {
            Some(format!("ecs/{}/{}", text("cluster")?, text("service")?))
        }
        uses if uses.starts_with("apprunner.") => {
            let service = text("service").or_else(|| text("name"))?;
            let name = service
                .split(":service/")
                .nth(1)
                .map_or(service, |rest| rest.split('/').next().unwrap_or(rest));
            Some(format!("apprunner/{name}"))
        }
        _ => None,
    }
}

/// A step of a rollback section as the `undo` of a step about the same thing. `None` where it is no way back.
///
/// A revision that the text names is kept: an author who writes `api:41` means that one, and not what happens to run when
/// the run begins.
pub fn way_back(lifted: &Lifted) -> Option<Value> {
    let text = |name: &str| lifted.with.get(name).and_then(Value::as_str);
    match lifted.uses.as_str() {
        "ecs.deploy" => {
            let only = ["cluster", "service", "task_definition", "force"];
            if !lifted.with.keys().all(|name| only.contains(&name.as_str())) {
                return None;
            }
            let to = text("task_definition").filter(|to| to.contains([':', '{']))?;
            Some(json!({
                "uses": "ecs.rollback",
                "with": { "cluster": text("cluster")?, "service": text("service")?, "to": to },
            }))
        }
        "ecs.scale" | "apprunner.pause" | "apprunner.resume" | "apprunner.delete" | "apprunner.update" => {
            Some(json!({ "uses": lifted.uses, "with": lifted.with }))
        }
        _ => None,
    }
}

/// Whether a text gives something as an example (`e.g., revision 5`): a number beside it is not the one that is meant.
pub fn is_example(text: &str) -> bool {
    const LEADS: [&str; 12] = [
        "e.g.",
        "e.g,",
        "(eg ",
        "(eg.",
        "for example",
        "for instance",
        "z. b.",
        "z.b.",
        "zum beispiel",
        "p. ex.",
        "par exemple",
        "por ejemplo",
    ];
    let lower = text.to_lowercase().replace('\u{a0}', " ");
    LEADS.iter().any(|lead| lower.contains(lead))
}

/// What undoes a step whose kind knows no way back of its own; `None` where it does, or none is known.
pub(crate) fn of(uses: &str, with: &Map<String, Value>) -> Option<Value> {
    match uses {
        "image.build" if with.get("push") == Some(&Value::Bool(true)) => {
            let tags = with.get("tags").and_then(Value::as_array)?;
            let names: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
            Some(json!({
                "uses": "manual",
                "with": { "instructions": format!(
                    "An image that nothing deploys does no harm. Where a tag was moved, point it at the image of before again: {}. \
                     The step's `previous_digest` names that of the first.",
                    names.join(", ")
                ) },
            }))
        }
        _ => None,
    }
}
