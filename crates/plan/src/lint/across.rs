//! Checks across steps: ids, needs, names and order.

use crate::findings::Findings;
use crate::names::{Index, Place};
use crate::read::StageDraft;
use crate::{Level, Var, placeholders};
use std::collections::{HashMap, HashSet};

/// Runs all checks and resolves `needs`.
pub(crate) fn check(
    text: &str,
    stages: &mut [StageDraft],
    vars: &[Var],
    stated: &HashSet<String>,
    level: Level,
    findings: &mut Findings<'_>,
) {
    duplicate_ids(stages, findings);
    let index = Index::new(stages, vars, stated);
    for (stage_at, stage) in stages.iter().enumerate() {
        let first = Place { stage: stage_at, step: 0 };
        for site in &stage.sites {
            index.site(site, first, None, findings);
        }
        for (step_at, step) in stage.steps.iter().enumerate() {
            let place = Place { stage: stage_at, step: step_at };
            for site in &step.sites {
                index.site(site, place, Some(step), findings);
            }
            placeholders::check(step, level, text, findings);
            if let Some(when) = &step.step.when {
                index.when(when, step, findings);
            }
            for (name, span, after) in &step.since {
                index.since(name, *span, *after, place, findings);
            }
            for item in stage.items.get(step_at).into_iter().flatten() {
                if let (Some(from), Some(span)) = (&item.item.from, item.from_span) {
                    index.known_step(from.as_str(), span, findings);
                }
            }
        }
    }
    stale_deploys(stages, findings);
    let resolved = index.resolve(stages, findings);
    for (stage, (stage_needs, step_needs)) in stages.iter_mut().zip(resolved) {
        stage.stage.needs = stage_needs;
        for (step, needs) in stage.steps.iter_mut().zip(step_needs) {
            step.step.needs = needs;
        }
    }
}

fn duplicate_ids(stages: &[StageDraft], findings: &mut Findings<'_>) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for stage in stages {
        let own = std::iter::once((stage.stage.id.as_str(), stage.id_span));
        let steps = stage.steps.iter().map(|step| (step.step.id.as_str(), step.id_span));
        for (id, span) in own.chain(steps) {
            let line = findings.lines.line(span.start);
            if let Some(first) = seen.get(id) {
                findings.error_hint(
                    "duplicate-id",
                    span,
                    format!("the id `{id}` is taken since line {first}"),
                    "Ids are unique in the file, stages and steps together.".to_owned(),
                );
            } else {
                seen.insert(id, line);
            }
        }
    }
}

/// A deploy that passes by what was registered for it redeploys the old revision.
fn stale_deploys(stages: &[StageDraft], findings: &mut Findings<'_>) {
    let mut registered: Option<&str> = None;
    for draft in stages.iter().flat_map(|stage| &stage.steps) {
        let with = &draft.step.action.with;
        match draft.step.action.uses.as_str() {
            "ecs.register" => registered = Some(draft.step.id.as_str()),
            "ecs.create" => registered = None,
            "ecs.deploy" if with.get("task_definition").is_none() => {
                if let Some(step) = registered {
                    findings.warning(
                        "old-revision",
                        draft.id_span,
                        format!("`{}` names no task definition, so ECS deploys the old one and not what `{step}` registered", draft.step.id),
                        format!("Write `task_definition: \"{{{{ steps.{step}.outputs.task_definition }}}}\"`."),
                    );
                }
            }
            "ecs.deploy" => registered = None,
            _ => {}
        }
    }
}
