//! What ran before and what runs now, service by service: from what was pinned, and from what the run's own steps saw.

use super::index::Index;
use super::is_walked;
use crate::model::*;
use holdpoint_plan::{Action, StepId};
use holdpoint_run::{Moment, Outcome, OutputValue, State, Status, Work, WorkState};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Every service that was pinned.
pub(super) fn services(state: &State, index: &Index) -> Vec<ServiceReport> {
    let mut services: BTreeMap<&str, ServiceReport> = BTreeMap::new();
    // The last look before the first change counts; a service that a later revision of the plan brings in has one of its own.
    for pin in &index.pins {
        let is_newer = pin.moment == Moment::BeforeFirstChange;
        if let Some(content) = side(pin).filter(|_| is_newer || !services.contains_key(pin.key.as_str())) {
            let report = ServiceReport {
                key: pin.key.clone(),
                now: content.clone(),
                before: content,
                by: None,
                note: None,
            };
            services.insert(&pin.key, report);
        }
    }
    let context = context(state);
    for (work, known) in walked(state) {
        let Some(action) = action_of(state, &work) else { continue };
        for key in keys(&action, known, &context) {
            if let Some(service) = services.get_mut(key.as_str()) {
                let event = index.newest.get(&work).copied().unwrap_or_default();
                seen(service, &work, known, event);
            }
        }
    }
    services.into_values().collect()
}

/// Work that has begun, in the order in which it ended; what goes on is last.
fn walked(state: &State) -> Vec<(Work, &WorkState)> {
    let steps = state.plan.stages.iter().filter(|stage| is_walked(stage)).flat_map(|stage| &stage.steps);
    let mut all: Vec<(Work, &WorkState)> = Vec::new();
    for step in steps {
        let Some(known) = state.steps.get(&step.id) else { continue };
        all.push((Work::forward(step.id.clone()), &known.forward));
        all.push((Work::undo(step.id.clone()), &known.undo));
    }
    all.retain(|(_, known)| known.attempt > 0);
    all.sort_by_key(|(_, known)| known.ended_at.map_or(i64::MAX, |at| at.0));
    all
}

fn seen(service: &mut ServiceReport, work: &Work, known: &WorkState, event: u64) {
    let back = is_undo(work);
    let changes = known.intent.as_ref().is_some_and(|intent| !intent.actions.is_empty());
    match &known.outcome {
        Some(Outcome::Succeeded { outputs, .. }) => {
            service.by = Some(work.step.clone());
            service.note = None;
            if back && changes {
                service.note = Some("put back".into());
                service.now = Side { event, ..service.before.clone() };
            }
            if changes && !back {
                service.note = Some("changed; nothing looked at it since".into());
                called(service, known, event);
            }
            if told(&mut service.now, known, outputs, event) && !back {
                service.note = None;
            }
        }
        Some(
            Outcome::Failed(why)
            | Outcome::RolledBackByAws(why)
            | Outcome::Superseded(why)
            | Outcome::Unknown(why),
        ) if changes => {
            service.by = Some(work.step.clone());
            service.note = Some(format!("not certain: {work}: {}", why.headline));
            service.now.event = event;
        }
        None if changes && known.status == Status::Unknown => {
            service.by = Some(work.step.clone());
            service.note = Some(format!("not certain: nobody knows whether {work} took effect"));
            service.now.event = event;
        }
        Some(_) | None => {}
    }
}

/// Takes in what was asked for of this service, in calls that were answered.
fn called(service: &mut ServiceReport, known: &WorkState, event: u64) {
    for action in known.intent.iter().flat_map(|intent| &intent.actions) {
        if !keys_of_call(&action.input).contains(&service.key) {
            continue;
        }
        let now = &mut service.now;
        (now.exists, now.event) = (true, event);
        if let Some(revision) = action.input["taskDefinition"].as_str() {
            now.revision = Some(last_part(revision));
            // Whose images these are is told by who looks.
            now.images.clear();
        }
        if let Some(count) = action.input["desiredCount"].as_i64() {
            now.count = Some(count);
        }
    }
}

/// Takes in what a success tells, and whether it tells anything of a service.
fn told(now: &mut Side, known: &WorkState, outputs: &BTreeMap<String, OutputValue>, event: u64) -> bool {
    let deletes = known.intent.iter().flat_map(|intent| &intent.actions).any(|action| {
        action.call.ends_with(":DeleteService") || action.call.ends_with(":DeleteExpressGatewayService")
    });
    if deletes {
        *now = Side { event, ..Side::default() };
        return true;
    }
    let value = |name: &str| outputs.get(name).and_then(|output| output.value.as_ref());
    let mut says = false;
    if let Some(revision) = value("task_definition").and_then(Value::as_str) {
        now.revision = Some(last_part(revision));
        says = true;
    }
    if let Some(images) = value("images").and_then(Value::as_object) {
        now.images = images_of(images);
        says = true;
    } else if let Some(image) = value("digest").or_else(|| value("image")).and_then(Value::as_str) {
        now.images = vec![(String::new(), digest_of(image))];
        says = true;
    }
    if let Some(count) = value("running_count").and_then(Value::as_i64) {
        now.count = Some(count);
        says = true;
    }
    if says {
        now.exists = true;
        now.event = event;
    }
    says
}

fn side(pin: &PinReport) -> Option<Side> {
    let event = pin.event;
    if !["ecs/", "apprunner/", "express/"].iter().any(|family| pin.key.starts_with(family)) {
        return None;
    }
    let Some(content) = &pin.content else { return Some(Side { event, ..Side::default() }) };
    let images = match content["images"].as_object() {
        Some(images) => images_of(images),
        None => {
            content["image"].as_str().map(|image| (String::new(), digest_of(image))).into_iter().collect()
        }
    };
    Some(Side {
        exists: true,
        revision: content["task_definition"].as_str().map(last_part),
        images,
        count: content["desired_count"].as_i64(),
        event,
    })
}

fn images_of(images: &Map<String, Value>) -> Vec<(String, String)> {
    let named =
        images.iter().filter_map(|(container, image)| Some((container.clone(), digest_of(image.as_str()?))));
    named.collect()
}

/// The digest of a reference that has one, else the reference.
fn digest_of(image: &str) -> String {
    image.rsplit_once('@').map_or(image, |(_, digest)| digest).to_owned()
}

fn last_part(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

/// The pins that a piece of work is about: by its receipts, its calls and its arguments.
fn keys(action: &Action, known: &WorkState, context: &Value) -> Vec<String> {
    let mut keys = Vec::new();
    for external in known.receipts.iter().flat_map(|receipt| &receipt.external) {
        keys.extend(key_of_arn(&external.id));
    }
    for action in known.intent.iter().flat_map(|intent| &intent.actions) {
        keys.extend(keys_of_call(&action.input));
    }
    let family = action.uses.split('.').next().unwrap_or_default();
    // What cannot be rendered, because it needs a secret or an output that is not there, names nothing.
    if let Ok(with) = holdpoint_plan::render(&action.with, context) {
        let service = with["service"].as_str().or(with["name"].as_str());
        keys.extend(key_of(family, with["cluster"].as_str(), service));
    }
    keys.sort();
    keys.dedup();
    keys
}

fn keys_of_call(input: &Value) -> Vec<String> {
    let arn = ["ServiceArn", "serviceArn"].iter().find_map(|name| input[*name].as_str());
    let cluster = input["cluster"].as_str();
    let named = ["service", "serviceName"].iter().filter_map(|name| input[*name].as_str());
    let named = named.filter_map(|service| key_of("ecs", cluster, Some(service)));
    arn.and_then(key_of_arn).into_iter().chain(named).collect()
}

fn key_of(family: &str, cluster: Option<&str>, service: Option<&str>) -> Option<String> {
    let service = last_part(service?);
    match family {
        "ecs" => Some(format!("ecs/{}/{service}", last_part(cluster?))),
        "apprunner" => Some(format!("apprunner/{service}")),
        "express" => {
            Some(format!("express/{}/{service}", cluster.map_or_else(|| "default".into(), last_part)))
        }
        _ => None,
    }
}

/// `arn:aws:ecs:…:service/<cluster>/<name>`, `arn:aws:apprunner:…:service/<name>/<id>`.
fn key_of_arn(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, _, _, resource] = parts.as_slice() else { return None };
    let parts: Vec<&str> = resource.split('/').collect();
    match (*service, parts.as_slice()) {
        ("ecs", ["service", cluster, name]) => Some(format!("ecs/{cluster}/{name}")),
        ("apprunner", ["service", name, ..]) => Some(format!("apprunner/{name}")),
        _ => None,
    }
}

fn action_of(state: &State, work: &Work) -> Option<Action> {
    if is_undo(work) {
        let set = &state.rollback.as_ref()?.set;
        return set.iter().find(|item| item.step == work.step).map(|item| item.action.clone());
    }
    state.plan.step(&work.step).map(|step| step.action.clone())
}

/// The names that arguments may use. Secrets are not among them.
fn context(state: &State) -> Value {
    let outputs = |id: &StepId| {
        let known = state.steps.get(id).into_iter().flat_map(|known| &known.forward.outputs);
        known.filter_map(|(name, output)| Some((name.clone(), output.seen()?))).collect::<Map<_, _>>()
    };
    let steps: Map<String, Value> =
        state.steps.keys().map(|id| (id.to_string(), json!({ "outputs": outputs(id) }))).collect();
    json!({ "vars": state.vars, "steps": steps, "run": { "id": state.run.as_str() } })
}
