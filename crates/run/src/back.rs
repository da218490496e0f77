//! Going back: which steps, in which order, what stands against it, and what has to be said before.

use crate::{Refusal, State, Status, UndoItem};
use holdpoint_plan::{NameUsed, Need, OldVersion, Step, StepId, names_used};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something that whoever rolls back must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caution {
    /// Names it when it is accepted, e.g. `schema:migrate`.
    pub id: String,
    /// The step that it is about.
    pub step: StepId,
    /// What kind.
    pub kind: CautionKind,
    /// What is so, in a sentence.
    pub says: String,
    /// Whether nothing is rolled back before somebody has said why it may be.
    pub must_accept: bool,
}

/// Kinds of caution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CautionKind {
    /// A database's schema stays as the run left it.
    Schema,
    /// Terraform did it, and will do it again at its next apply.
    Terraform,
    /// Nothing puts it back.
    NoUndo,
}

/// A caution that somebody accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Which: [`Caution::id`].
    pub caution: String,
    /// What it said.
    pub says: String,
    /// Why it is accepted.
    pub reason: String,
}

impl State {
    /// What a rollback of `only` these steps would do now, or of all that have touched something: last first.
    ///
    /// # Errors
    /// [`Refusal::NotNow`] where a part would tear apart what belongs together, with the steps that are missing.
    pub fn rollback_of(&self, only: Option<&BTreeSet<StepId>>) -> Result<Vec<UndoItem>, Refusal> {
        let whole = self.rollback_set();
        let Some(only) = only else { return Ok(whole) };
        if let Some(stranger) = only.iter().find(|id| !whole.iter().any(|item| &&item.step == id)) {
            return Err(match self.plan.step(stranger) {
                Some(_) if self.is_touched(stranger) => {
                    Refusal::NotNow(format!("the plan has nothing that puts {stranger} back"))
                }
                Some(_) => Refusal::NotNow(format!("{stranger} has changed nothing that could be put back")),
                None => Refusal::Absent(format!("step {stranger}")),
            });
        }
        self.whole_groups(only)?;
        self.nothing_built_on(only)?;
        Ok(whole.into_iter().filter(|item| only.contains(&item.step)).collect())
    }

    /// What must be known before these steps are put back.
    pub fn cautions(&self, set: &[UndoItem]) -> Vec<Caution> {
        let back = |id: &StepId| set.iter().any(|item| &item.step == id);
        let touched = self.plan.steps().filter(|step| self.is_touched(&step.id));
        let mut cautions = Vec::new();
        for step in touched {
            if let Some(schema) = step.schema.as_ref().filter(|_| !back(&step.id)) {
                let (must_accept, says) = match schema.old_version {
                    OldVersion::Works => (false, "the version that ran before works with it"),
                    OldVersion::Breaks => (true, "the version that ran before does not work with it"),
                    OldVersion::Unknown => {
                        (true, "nobody has said whether the version that ran before works with it")
                    }
                };
                cautions.push(Caution {
                    id: format!("schema:{}", step.id),
                    step: step.id.clone(),
                    kind: CautionKind::Schema,
                    says: format!("the schema stays changed ({}): {says}", schema.why),
                    must_accept,
                });
            } else if !back(&step.id) && !self.has_undo(&step.id) {
                let torn =
                    self.group_of(&step.id).map(|group| format!(", and {}", group.why)).unwrap_or_default();
                cautions.push(Caution {
                    id: format!("no-undo:{}", step.id),
                    step: step.id.clone(),
                    kind: CautionKind::NoUndo,
                    says: format!("{} stays as it is: the plan has nothing that puts it back{torn}", step.id),
                    must_accept: !torn.is_empty(),
                });
            }
            if step.action.is_terraform_apply() && back(&step.id) {
                cautions.push(Caution {
                    id: format!("terraform:{}", step.id),
                    step: step.id.clone(),
                    kind: CautionKind::Terraform,
                    says: format!(
                        "Terraform's configuration still says what {} applied: its next apply does it again \
                         unless the code is taken back, too",
                        step.id
                    ),
                    must_accept: true,
                });
            }
        }
        cautions
    }

    /// Other steps of its group that have to go back with it.
    pub(crate) fn group_of(&self, step: &StepId) -> Option<&holdpoint_plan::Together> {
        self.plan.together.iter().find(|group| group.steps.contains(step))
    }

    pub(crate) fn is_touched(&self, step: &StepId) -> bool {
        self.steps.get(step).is_some_and(|known| known.touched)
    }

    fn has_undo(&self, step: &StepId) -> bool {
        self.undo.iter().any(|item| &item.step == step)
    }

    fn whole_groups(&self, only: &BTreeSet<StepId>) -> Result<(), Refusal> {
        for group in &self.plan.together {
            let chosen = group.steps.iter().any(|step| only.contains(step));
            let left = |step: &&StepId| !only.contains(*step) && self.is_touched(step);
            if let Some(left) = group.steps.iter().find(left).filter(|_| chosen) {
                return Err(Refusal::NotNow(format!(
                    "{left} has to go back as well: {} ({})",
                    group.why,
                    listed(&group.steps)
                )));
            }
        }
        Ok(())
    }

    /// A step that stays may not stand on one that goes, be it by way of others.
    fn nothing_built_on(&self, only: &BTreeSet<StepId>) -> Result<(), Refusal> {
        let mut reached: Vec<(StepId, StepId)> = Vec::new();
        loop {
            let known = |id: &StepId| only.contains(id) || reached.iter().any(|(step, _)| step == id);
            let next = self.plan.steps().filter(|step| !known(&step.id)).find_map(|step| {
                let below = stands_on(step).find(|id| known(id))?;
                Some((step.id.clone(), below))
            });
            let Some((step, below)) = next else { return Ok(()) };
            if self.is_touched(&step) && self.status(&step) != Status::Compensated {
                return Err(Refusal::NotNow(format!(
                    "{step} was built on {below} and has changed something: roll back both"
                )));
            }
            reached.push((step, below));
        }
    }
}

/// The steps that a step needs, or whose outputs it uses. What stands in another stage only comes first.
fn stands_on(step: &Step) -> impl Iterator<Item = StepId> {
    let needed = step.needs.iter().filter_map(|need| match need {
        Need::Step(id) => Some(id.clone()),
        Need::Stage(_) => None,
    });
    let used = names_used(step).into_iter().filter_map(|name| match name {
        NameUsed::Output { step, .. } => Some(step),
        NameUsed::Var(_) | NameUsed::Pinned { .. } | NameUsed::Run(_) => None,
    });
    needed.chain(used)
}

/// `api, worker`.
pub(crate) fn listed(steps: &[StepId]) -> String {
    steps.iter().map(StepId::as_str).collect::<Vec<_>>().join(", ")
}
