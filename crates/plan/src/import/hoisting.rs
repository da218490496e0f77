//! Names that several steps share become variables of the plan, where nothing else in the plan goes by them.

use super::Outcome;
use super::compose::Composer;
use super::fences::named as named_step;
use crate::lift::{Context, Named, shared};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

impl Composer<'_> {
    /// Gives names to clusters, services, ARNs, addresses and registries that steps share among themselves or with a script.
    /// The text of a script stays as it is: where it names such a value itself, a finding says so and offers to let it read
    /// the variable. What a script is handed by its environment, and what a person is told, refer to the variable.
    pub(super) fn hoist(&mut self, context: &mut Context) {
        let account = context.facts().account.clone();
        let may = |value: &str| {
            // What lies in another account than the target is to be seen where it is named.
            !account.as_ref().is_some_and(|account| {
                let digits = |part: &&str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
                value.split([':', '.', '/']).find(digits).is_some_and(|named| named != account)
            })
        };
        let kept: Vec<&str> = self.kept().collect();
        let named = Named::of(kept.iter().copied());
        let steps = self.made.fences.iter().flat_map(|fence| &fence.pieces).flat_map(|piece| &piece.steps);
        let found = shared(steps.filter_map(with_of), &context.vars(), &may, &|value| named.has(value));
        let mut changed = BTreeSet::new();
        let steps = self.made.fences.iter_mut().flat_map(|fence| &mut fence.pieces);
        for step in steps.flat_map(|piece| &mut piece.steps) {
            let id = named_step(step).map(str::to_owned);
            let mut used = false;
            for with in actions(step) {
                used |= !found.refer(with).is_empty();
                if let Some(env) = with.get_mut("env").and_then(Value::as_object_mut) {
                    env.values_mut().for_each(|value| found.refer_whole(value));
                }
            }
            if let Some(Value::String(told)) =
                step.get_mut("undo").and_then(|undo| undo.pointer_mut("/with/instructions"))
            {
                found.refer_in(told);
            }
            changed.extend(id.filter(|_| used));
        }
        for var in found.made {
            context.remember(var);
        }
        self.show_again(&changed);
    }

    /// The commands that stay scripts, word for word.
    fn kept(&self) -> impl Iterator<Item = &str> {
        self.made.proposals.iter().filter_map(|proposal| match &proposal.outcome {
            Outcome::Kept { .. } => Some(proposal.command.as_str()),
            Outcome::Lifted { .. } | Outcome::Absorbed { .. } | Outcome::Offered { .. } => None,
        })
    }

    /// The proposals of steps as they are written now.
    fn show_again(&mut self, changed: &BTreeSet<String>) {
        let ascii = self.made.ascii;
        let steps = self.made.fences.iter().flat_map(|fence| &fence.pieces).flat_map(|piece| &piece.steps);
        let shown: Vec<(String, String)> = steps
            .filter_map(|step| {
                let id = named_step(step).filter(|id| changed.contains(*id))?;
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
