//! The form of a case: a name, the target, fences with what the prose says after them, and the answers.
//!
//! ```text
//! === name of the case
//! target: account=111122223333 region=eu-central-1
//! ~~~
//! aws ecs …
//! ~~~ prose after the fence, if any
//! > 1 ecs.deploy {"cluster":…}
//! ```

use holdpoint_plan::lift::{Context, Facts, Lifted, NewVar, Verdict, hoist, lift};
use holdpoint_plan::shell::parse;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// A case.
pub(crate) struct Case {
    pub(crate) name: String,
    target: String,
    /// Whether values that several steps name are to become variables.
    hoists: bool,
    pub(crate) fences: Vec<Fence>,
}

/// A fence.
pub(crate) struct Fence {
    pub(crate) script: String,
    after: String,
}

/// A statement and its answer.
pub(crate) struct Outcome {
    fence: usize,
    statement: usize,
    id: Option<String>,
    pub(crate) verdict: Verdict,
}

impl Outcome {
    /// Statements that it covers.
    pub(crate) fn take(&self) -> usize {
        match &self.verdict {
            Verdict::Lifted(lifted) => lifted.take,
            Verdict::Kept(_) | Verdict::Absorbed { .. } => 1,
        }
    }
}

/// The folder of the cases.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/lift")
}

/// The files of cases.
pub(crate) fn files() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".txt"))
        .collect();
    names.sort();
    names
}

/// The cases of a file.
pub(crate) fn cases(file: &str, text: &str) -> Vec<Case> {
    let mut found: Vec<Case> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            found.push(Case {
                name: name.to_owned(),
                target: String::new(),
                hoists: false,
                fences: Vec::new(),
            });
            inside = false;
            continue;
        }
        let case = found.last_mut().unwrap_or_else(|| panic!("{file} does not begin with a case"));
        if let Some(rest) = line.strip_prefix("~~~") {
            inside = !inside;
            match (inside, case.fences.last_mut()) {
                (true, _) => case.fences.push(Fence { script: String::new(), after: String::new() }),
                (false, Some(fence)) => fence.after = rest.trim().to_owned(),
                (false, None) => panic!("{file}: a fence ends that did not begin"),
            }
        } else if inside {
            let fence = case.fences.last_mut().unwrap();
            fence.script.push_str(line);
            fence.script.push('\n');
        } else if let Some(target) = line.strip_prefix("target: ") {
            case.target = target.to_owned();
        } else if line == "hoist: yes" {
            case.hoists = true;
        } else {
            assert!(line.is_empty() || line.starts_with("> "), "{file}: {line}");
        }
    }
    found
}

impl Case {
    fn facts(&self) -> Facts {
        let fact = |name: &str| {
            self.target
                .split_whitespace()
                .find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
        };
        Facts { account: fact("account"), region: fact("region"), profile: fact("profile") }
    }

    /// Lifts all of it.
    pub(crate) fn run(&self) -> Vec<Outcome> {
        let mut context = Context::new(self.facts());
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut ids = BTreeSet::new();
        let scripts: Vec<_> =
            self.fences.iter().map(|fence| (Arc::new(parse(&fence.script)), fence.script.clone())).collect();
        let scripts = Arc::new(scripts);
        for (fence, Fence { script: text, after }) in self.fences.iter().enumerate() {
            let script = parse(text);
            context.begin_fence();
            context.expect_later(&scripts, fence + 1);
            if !after.is_empty() {
                context.expect_after([after.clone()]);
            }
            let mut at = 0;
            while at < script.statements.len() {
                let verdict = lift(&script, at, text, &context);
                let wanted = match &verdict {
                    Verdict::Lifted(lifted) => Some(lifted.name.clone()),
                    Verdict::Kept(_) => Some(format!("shell_{}_{}", fence + 1, at + 1)),
                    Verdict::Absorbed { .. } => None,
                };
                let id = wanted.map(|wanted| {
                    (1..)
                        .map(|count| if count == 1 { wanted.clone() } else { format!("{wanted}_{count}") })
                        .find(|id| ids.insert(id.clone()))
                        .unwrap()
                });
                context.enter(&script, text, at, &verdict, id.as_deref());
                let outcome = Outcome { fence: fence + 1, statement: at + 1, id, verdict };
                at += outcome.take();
                outcomes.push(outcome);
            }
        }
        if self.hoists {
            let mut steps: Vec<&mut Lifted> = outcomes
                .iter_mut()
                .filter_map(|outcome| match &mut outcome.verdict {
                    Verdict::Lifted(lifted) => Some(&mut **lifted),
                    Verdict::Kept(_) | Verdict::Absorbed { .. } => None,
                })
                .collect();
            hoist(&mut steps, &context.vars());
        }
        outcomes
    }

    /// The case as its file has it, with these answers.
    pub(crate) fn answered(&self, outcomes: &[Outcome]) -> String {
        let mut text = format!("=== {}\n", self.name);
        if !self.target.is_empty() {
            text.push_str(&format!("target: {}\n", self.target));
        }
        if self.hoists {
            text.push_str("hoist: yes\n");
        }
        for (at, fence) in self.fences.iter().enumerate() {
            let space = if fence.after.is_empty() { "" } else { " " };
            text.push_str(&format!("~~~\n{}~~~{space}{}\n", fence.script, fence.after));
            for outcome in outcomes.iter().filter(|outcome| outcome.fence == at + 1) {
                text.push_str(&answer(outcome));
            }
        }
        text.push('\n');
        text
    }

    /// A plan with all its steps.
    pub(crate) fn plan(&self, outcomes: &[Outcome]) -> String {
        let facts = self.facts();
        let mut vars: Vec<&NewVar> = Vec::new();
        let mut steps = String::new();
        for outcome in outcomes {
            let id = outcome.id.as_deref().unwrap_or_default();
            match &outcome.verdict {
                Verdict::Lifted(lifted) => {
                    vars.extend(&lifted.vars);
                    let mut step = json!({ "id": id, "uses": lifted.uses, "with": lifted.with });
                    let map = step.as_object_mut().unwrap();
                    map.extend(lifted.expect.clone().map(|expect| ("expect".to_owned(), expect)));
                    map.extend(lifted.undo.clone().map(|undo| ("undo".to_owned(), undo)));
                    steps.push_str(&format!("```yaml step\n{step}\n```\n\n"));
                }
                Verdict::Kept(kept) => {
                    vars.extend(&kept.vars);
                    let mut with = Map::new();
                    if !kept.env.is_empty() {
                        with.insert("env".into(), json!(kept.env));
                    }
                    with.extend(kept.dir.clone().map(|dir| ("dir".to_owned(), dir.into())));
                    let step = json!({ "id": id, "uses": "shell", "with": with, "effect": kept.effect });
                    steps.push_str(&format!("```yaml step\n{step}\n```\n\n```sh\ntrue\n```\n\n"));
                }
                Verdict::Absorbed { .. } => {}
            }
        }
        let defined: Map<String, Value> = vars
            .into_iter()
            .map(|var| {
                let mut fields = Map::new();
                fields.extend(var.default.clone().map(|text| ("default".to_owned(), Value::String(text))));
                if var.secret {
                    fields.insert("secret".into(), true.into());
                }
                (var.name.clone(), Value::Object(fields))
            })
            .collect();
        let target = json!({
            "account": facts.account.unwrap_or_else(|| "111122223333".into()),
            "region": facts.region.unwrap_or_else(|| "eu-central-1".into()),
        });
        let front = json!({ "version": 1, "title": "Case", "target": target, "vars": defined });
        format!("---\nholdpoint: {front}\n---\n# Case\n\n## All\n\n```yaml stage\nid: all\n```\n\n{steps}")
    }
}

fn answer(outcome: &Outcome) -> String {
    let at = outcome.statement;
    match &outcome.verdict {
        Verdict::Absorbed { why } => format!("> {at} absorbed: {why}\n"),
        Verdict::Kept(kept) => {
            let mut text = format!(
                "> {at} kept, {}: {}",
                serde_json::to_value(kept.effect).unwrap().as_str().unwrap(),
                kept.why
            );
            if !kept.env.is_empty() {
                text.push_str(&format!(" env {}", json!(kept.env)));
            }
            if let Some(dir) = &kept.dir {
                text.push_str(&format!(" in {dir}"));
            }
            text.push('\n');
            text
        }
        Verdict::Lifted(lifted) => {
            let range =
                if lifted.take > 1 { format!("{at}..{}", at + lifted.take - 1) } else { at.to_string() };
            let mut text = format!(
                "> {range} {} {} {}",
                outcome.id.as_deref().unwrap(),
                lifted.uses,
                json!(lifted.with)
            );
            if let Some(expect) = &lifted.expect {
                text.push_str(&format!(" expect {expect}"));
            }
            if let Some((variable, output)) = &lifted.sets {
                text.push_str(&format!(" sets {variable} from {output}"));
            }
            if let Some(file) = &lifted.makes {
                text.push_str(&format!(" makes {file}"));
            }
            text.push('\n');
            for var in &lifted.vars {
                let default =
                    var.default.as_ref().map_or_else(|| "asked for".to_owned(), |text| format!("= {text}"));
                let secret = if var.secret { ", secret" } else { "" };
                text.push_str(&format!(">   var {} {default}{secret}\n", var.name));
            }
            for guess in &lifted.guessed {
                text.push_str(&format!(">   guessed: {guess}\n"));
            }
            text
        }
    }
}
