//! `together`: names of steps that go back as one, resolved against the steps that there are.

use crate::findings::{Findings, near, short};
use crate::front::Joined;
use crate::read::StageDraft;
use crate::{Span, StepId, Together};
use std::collections::HashMap;

/// Groups of steps; unknown names, names that stand in two groups, and steps that change nothing are reported.
pub(crate) fn joined(groups: &[Joined], stages: &[StageDraft], findings: &mut Findings<'_>) -> Vec<Together> {
    let changes: HashMap<&str, bool> = stages
        .iter()
        .flat_map(|stage| &stage.steps)
        .map(|draft| (draft.step.id.as_str(), draft.step.effect.changes()))
        .collect();
    let mut taken: HashMap<&str, Span> = HashMap::new();
    let mut all = Vec::new();
    for group in groups {
        let mut steps = Vec::new();
        for (name, span) in &group.steps {
            match changes.get(name.as_str()) {
                None => findings.error_hint(
                    "together",
                    *span,
                    format!("there is no step `{}`", short(name)),
                    near(name, changes.keys().copied()).map(|name| format!("Did you mean `{name}`?")),
                ),
                Some(false) => findings.error_hint(
                    "together",
                    *span,
                    format!("`{}` changes nothing, so there is nothing to put back", short(name)),
                    "Name the steps whose changes belong together.".to_owned(),
                ),
                Some(true) if taken.insert(name, *span).is_some() => findings.error_hint(
                    "together",
                    *span,
                    format!("`{}` stands in `together` twice", short(name)),
                    "Make one group of all that must go back as one.".to_owned(),
                ),
                Some(true) => steps.extend(StepId::new(name.clone())),
            }
        }
        all.push(Together { steps, why: group.why.clone(), span: group.span });
    }
    all
}
