//! The names that templates see: `vars`, `steps`, `pinned`, `run`.

use holdpoint_plan::{Action, NameUsed, Step, names_used, value_of};
use holdpoint_redact::Secret;
use holdpoint_run::{Covered, HoldKey, Lane, Pin, State, Used, Work, json_digest};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Values that only memory holds. Names are `vars.<name>` and `steps.<id>.outputs.<name>`.
pub(crate) type Secrets = BTreeMap<String, Secret>;

/// All names and their values, secrets among them in plain. Never stored.
pub(crate) fn context(state: &State, pins: &BTreeMap<String, Pin>, secrets: &Secrets) -> Value {
    let started = state.started.as_ref();
    let mut vars: Map<String, Value> =
        state.vars.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut steps = Map::new();
    for (id, step) in &state.steps {
        let outputs =
            step.forward.outputs.iter().filter_map(|(name, output)| Some((name.clone(), output.seen()?)));
        steps.insert(id.to_string(), json!({ "outputs": Map::from_iter(outputs) }));
    }
    for (name, secret) in secrets {
        let value = Value::String(secret.expose().to_owned());
        match name.split('.').collect::<Vec<_>>().as_slice() {
            ["vars", name] => {
                vars.insert((*name).to_owned(), value);
            }
            ["steps", id, "outputs", name] => {
                if let Some(outputs) = steps.get_mut(*id).and_then(|step| step.get_mut("outputs")) {
                    outputs[*name] = value;
                }
            }
            _ => {}
        }
    }
    let pinned: Map<String, Value> =
        pins.iter().map(|(key, pin)| (key.clone(), pin.content.clone().unwrap_or(Value::Null))).collect();
    json!({
        "vars": vars,
        "steps": steps,
        "pinned": pinned,
        "run": {
            "id": state.run.as_str(),
            "started": state.started_at.map(|at| at.to_string()),
            "actor": started.map(|started| started.starter.person.name.clone()),
            "git_sha": started.and_then(|started| started.git_sha.clone()),
        },
    })
}

/// The action of a piece of work: the step's, or what undoes it.
pub(crate) fn action_of(state: &State, work: &Work) -> Option<Action> {
    match work.lane {
        Lane::Forward => state.plan.step(&work.step).map(|step| step.action.clone()),
        Lane::Undo => {
            let set = &state.rollback.as_ref()?.set;
            set.iter().find(|item| item.step == work.step).map(|item| item.action.clone())
        }
    }
}

/// Secrets that a step uses and this process does not hold: variables nobody has given yet, and outputs of a step that
/// ran before a restart.
pub(crate) fn missing_secrets(state: &State, step: &Step, secrets: &Secrets) -> Vec<String> {
    let wanted = |name: NameUsed| match name {
        NameUsed::Var(name) => {
            let secret = state.plan.vars.iter().any(|var| var.secret && var.name == name);
            secret.then(|| format!("vars.{name}"))
        }
        NameUsed::Output { step, output } => {
            let known = state.steps.get(&step)?.forward.outputs.get(&output)?;
            known.is_secret().then(|| format!("steps.{step}.outputs.{output}"))
        }
        NameUsed::Pinned { .. } | NameUsed::Run(_) => None,
    };
    names_used(step).into_iter().filter_map(wanted).filter(|name| !secrets.contains_key(name)).collect()
}

/// Values that went into a step, by name and digest: its lineage. Secrets have no digest.
pub(crate) fn used(state: &State, step: &Step) -> Vec<Used> {
    let value = |name: NameUsed| match name {
        NameUsed::Var(name) => {
            let digest = json_digest(state.vars.get(&name)?);
            Some(Used { name: format!("vars.{name}"), digest })
        }
        NameUsed::Output { step, output } => {
            let digest = state.steps.get(&step)?.forward.outputs.get(&output)?.digest.clone();
            Some(Used { name: format!("steps.{step}.outputs.{output}"), digest })
        }
        NameUsed::Pinned { .. } | NameUsed::Run(_) => None,
    };
    names_used(step).into_iter().filter_map(value).collect()
}

/// What signatures at a hold cover now: the plan, the account and region, and what the plan names.
pub(crate) fn covers(state: &State, hold: &HoldKey, context: &Value) -> Result<Vec<Covered>, String> {
    let started = state.started.as_ref().ok_or("the run has not begun")?;
    let rule = state.rule_of(hold).ok_or_else(|| format!("the plan has no hold before {hold}"))?;
    let target = json!({ "account": started.target.account, "region": started.target.region, "role": started.target.role });
    let mut covered = vec![
        Covered {
            name: "plan".into(),
            digest: state.plan.digest.clone(),
            shown: state.plan.digest.chars().take(12).collect(),
        },
        Covered {
            name: "target".into(),
            digest: json_digest(&target),
            shown: format!("{} {}", started.target.account, started.target.region),
        },
    ];
    for expression in &rule.covers {
        let value = value_of(expression, context).map_err(|error| format!("{expression}: {error}"))?;
        covered.push(Covered { name: expression.clone(), digest: json_digest(&value), shown: shown(&value) });
    }
    Ok(covered)
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.chars().count() > 96 {
        true => format!("{}…", text.chars().take(95).collect::<String>()),
        false => text,
    }
}
