//! Names that several steps share become variables of the plan, where nothing else in the plan goes by them.

use super::Outcome;
use super::compose::Composer;
use super::fences::named;
use crate::lift::{Context, shared};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

impl Composer<'_> {
    /// Gives names to clusters, services, ARNs, addresses and registries that steps share. A value that a script names, too,
    /// stays written out: with another value of the variable, script and step would work on different things.
    pub(super) fn hoist(&mut self, context: &mut Context) {
        let scripts: Vec<String> = self.scripts();
        let account = context.facts().account.clone();
        let may = |value: &str| {
            // What lies in another account than the target is to be seen where it is named.
            let elsewhere = account.as_ref().is_some_and(|account| {
                let digits = |part: &&str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
                value.split([':', '.', '/']).find(digits).is_some_and(|named| named != account)
            });
            !elsewhere && !scripts.iter().any(|script| names(script, value))
        };
        let steps = self.made.fences.iter().flat_map(|fence| &fence.pieces).flat_map(|piece| &piece.steps);
        let found = shared(steps.filter_map(with_of), context.vars(), &may);
        let mut changed = BTreeSet::new();
        let steps = self.made.fences.iter_mut().flat_map(|fence| &mut fence.pieces);
        for step in steps.flat_map(|piece| &mut piece.steps) {
            let id = named(step).map(str::to_owned);
            let mut used = false;
            for with in actions(step) {
                used |= !found.refer(with).is_empty();
            }
            changed.extend(id.filter(|_| used));
        }
        for var in found.made {
            context.remember(var);
        }
        self.show_again(&changed);
    }

    /// What is left as a script, or as a text for a person, word for word.
    fn scripts(&self) -> Vec<String> {
        let kept = self.made.proposals.iter().filter_map(|proposal| match &proposal.outcome {
            Outcome::Kept { .. } => Some(proposal.command.clone()),
            Outcome::Lifted { .. } | Outcome::Absorbed { .. } => None,
        });
        let free = self.made.free.iter().flat_map(|free| &free.steps);
        let steps = self.made.fences.iter().flat_map(|fence| &fence.pieces).flat_map(|piece| &piece.steps);
        let told = steps.filter_map(|step| step.get("undo")?.pointer("/with/instructions")?.as_str());
        kept.chain(free.map(|step| Value::Object(step.clone()).to_string()))
            .chain(told.map(str::to_owned))
            .collect()
    }

    /// The proposals of steps as they are written now.
    fn show_again(&mut self, changed: &BTreeSet<String>) {
        let ascii = self.made.ascii;
        let steps = self.made.fences.iter().flat_map(|fence| &fence.pieces).flat_map(|piece| &piece.steps);
        let shown: Vec<(String, String)> = steps
            .filter_map(|step| {
                let id = named(step).filter(|id| changed.contains(*id))?;
                Some((id.to_owned(), super::written::mapping(step, ascii).join("\n")))
            })
            .collect();
        for (id, written) in shown {
            for proposal in &mut self.made.proposals {
                if let Outcome::Lifted { step, yaml, .. } = &mut proposal.outcome
                    && *step == id
                {
                    yaml.clone_from(&written);
                }
            }
        }
    }
}

fn with_of(step: &Map<String, Value>) -> Option<&Map<String, Value>> {
    step.get("with").and_then(Value::as_object)
}

/// The arguments of all that a step does: its own, those of its checks and of its way back.
fn actions(step: &mut Map<String, Value>) -> Vec<&mut Map<String, Value>> {
    let mut found = Vec::new();
    for (key, value) in step {
        match (key.as_str(), value) {
            ("with", Value::Object(with)) => found.push(with),
            ("undo", Value::Object(undo)) => {
                found.extend(undo.get_mut("with").and_then(Value::as_object_mut))
            }
            ("after", Value::Array(checks)) => found.extend(
                checks.iter_mut().filter_map(|check| check.get_mut("with").and_then(Value::as_object_mut)),
            ),
            _ => {}
        }
    }
    found
}

/// Whether a script names a value: it stands there, and no longer name around it.
fn names(script: &str, value: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    script.match_indices(value).any(|(at, _)| {
        let before = script.get(..at).and_then(|text| text.chars().next_back());
        let after = script.get(at + value.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}
