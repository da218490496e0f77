//! Plans by hand: `stage deploy needs=before hold=1,else` and, below it, `change api undo when=…`; `together api worker`.

use holdpoint_plan::{
    Action, Effect, Hold, Item, ItemId, Later, Level, Need, OldVersion, Plan, Role, SchemaChange, Span,
    Stage, StageId, Step, StepId, Target, Together,
};
use holdpoint_run::json_digest;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// The account of every plan here.
pub(crate) const ACCOUNT: &str = "111122223333";
/// The region of every plan here.
pub(crate) const REGION: &str = "eu-central-1";

pub(crate) fn plan(lines: &[&str]) -> Plan {
    let mut stages: Vec<Stage> = Vec::new();
    let mut together = Vec::new();
    for line in lines {
        let mut words = line.split_whitespace();
        let (first, name) = (words.next().unwrap(), words.next().unwrap());
        let rest: Vec<_> = words.collect();
        if first == "stage" {
            stages.push(stage(name, &rest));
        } else if first == "together" {
            let steps = std::iter::once(name).chain(rest).map(id).collect();
            together.push(Together { steps, why: "one runs the jobs".into(), span: Span::default() });
        } else {
            stages.last_mut().expect("a step stands in a stage").steps.push(step(first, name, &rest));
        }
    }
    Plan {
        level: Level::Checked,
        title: "A plan".into(),
        target: Some(target()),
        vars: Vec::new(),
        estimate: None,
        stages,
        together,
        digest: digest(&lines.join("\n")),
    }
}

fn digest(text: &str) -> String {
    json_digest(&json!(text))
}

pub(crate) fn target() -> Target {
    Target { account: ACCOUNT.into(), region: REGION.into(), role: Some("Deployer".into()) }
}

pub(crate) fn id(text: &str) -> StepId {
    StepId::new(text).unwrap()
}

fn stage(name: &str, rest: &[&str]) -> Stage {
    let mut stage = Stage {
        id: StageId::new(name).unwrap(),
        title: name.into(),
        role: Role::Deploy,
        needs: Vec::new(),
        estimate: None,
        hold: None,
        steps: Vec::new(),
        span: Span::default(),
    };
    for word in rest {
        match word.split_once('=').unwrap_or((word, "")) {
            ("hold", rule) => stage.hold = Some(hold(rule)),
            ("needs", other) => stage.needs.push(StageId::new(other).unwrap()),
            ("role", "rollback") => stage.role = Role::Rollback,
            ("role", "reference") => stage.role = Role::Reference,
            other => panic!("a stage has no {other:?}"),
        }
    }
    stage
}

/// `3h`
pub(crate) fn hours(text: &str) -> Duration {
    let hours: u64 = text.trim_end_matches('h').parse().unwrap();
    Duration::from_secs(hours * 3600)
}

/// `hold=2,else,by:bob,by:carol,valid:2h,noglass`
fn hold(rule: &str) -> Hold {
    let mut hold = Hold {
        signatures: 1,
        by_someone_else: false,
        by: Vec::new(),
        covers: Vec::new(),
        valid: Hold::VALID,
        break_glass: true,
        span: Span::default(),
    };
    for part in rule.split(',') {
        match part.split_once(':') {
            Some(("by", name)) => hold.by.push(name.into()),
            Some(("valid", length)) => hold.valid = hours(length),
            None if part == "noglass" => hold.break_glass = false,
            Some(other) => panic!("a hold has no {other:?}"),
            None if part == "else" => hold.by_someone_else = true,
            None => hold.signatures = part.parse().unwrap(),
        }
    }
    hold
}

/// First words: `read`, `probe` (a read that sends something), `change` (one action), `twice` (two actions), `ask`, `list`.
fn step(first: &str, name: &str, rest: &[&str]) -> Step {
    let effect = if matches!(first, "change" | "twice") { Effect::Idempotent } else { Effect::Read };
    let action = |uses: &str| Action { uses: uses.into(), with: json!({}), expect: json!({}), script: None };
    let mut step = Step {
        id: id(name),
        title: name.into(),
        action: action(first),
        when: None,
        needs: Vec::new(),
        effect,
        outputs: BTreeMap::new(),
        hold: None,
        estimate: None,
        timeout: None,
        retry: 0,
        after: Vec::new(),
        undo: None,
        schema: None,
        practice: None,
        items: Vec::new(),
        prose: None,
        span: Span::default(),
    };
    for word in rest {
        match word.split_once('=').unwrap_or((word, "")) {
            ("undo", _) => step.undo = Some(action("undo")),
            ("when", condition) => step.when = Some(condition.into()),
            ("hold", rule) => step.hold = Some(hold(rule)),
            ("needs", other) => step.needs.push(Need::Step(id(other))),
            ("needs_stage", other) => step.needs.push(Need::Stage(StageId::new(other).unwrap())),
            // What the model executor uses: an output of another step.
            ("uses", other) => {
                step.action.with =
                    json!({ "uses": other, "value": format!("{{{{ steps.{other}.outputs.value }}}}") })
            }
            ("item", form) => step.items.push(item(form)),
            // What the model executor says of its intent.
            ("leaves", rest) => step.action.with = json!({ "leaves": rest }),
            ("by", "terraform") => step.action.uses = "terraform.apply".into(),
            ("schema", word) => {
                let old_version = match word {
                    "works" => OldVersion::Works,
                    "breaks" => OldVersion::Breaks,
                    "unknown" => OldVersion::Unknown,
                    other => panic!("an old version does not {other}"),
                };
                step.schema = Some(SchemaChange { old_version, why: "a column is gone".into() });
            }
            other => panic!("a step has no {other:?}"),
        }
    }
    step
}

/// `item=name,from:step,evidence:screenshot,optional,later:3h`
fn item(form: &str) -> Item {
    let mut parts = form.split(',');
    let name = parts.next().unwrap();
    let mut item = Item {
        id: ItemId::new(name).unwrap(),
        text: format!("{name} is right"),
        claimed: false,
        from: None,
        evidence: None,
        optional: false,
        later: None,
        span: Span::default(),
    };
    for part in parts {
        match part.split_once(':') {
            Some(("from", step)) => item.from = Some(id(step)),
            Some(("evidence", kind)) => item.evidence = Some(kind.into()),
            Some(("later", length)) => {
                item.later = Some(Later { within: hours(length), owner: Some("platform".into()) });
            }
            None if part == "optional" => item.optional = true,
            other => panic!("an item has no {other:?}"),
        }
    }
    item
}
