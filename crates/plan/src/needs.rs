//! `needs`: names of steps and stages, in an order that can be.

use crate::findings::{Findings, near, short};
use crate::names::{Index, Place};
use crate::read::StageDraft;
use crate::{Need, Span, StageId, StepId};
use std::collections::BTreeMap;

/// What a stage needs, and what each of its steps does.
type Resolved = (Vec<StageId>, Vec<Vec<Need>>);

impl Index<'_> {
    /// Names in `needs` → steps and stages; unknown, later and circular ones are reported.
    pub(crate) fn resolve(&self, stages: &[StageDraft], findings: &mut Findings<'_>) -> Vec<Resolved> {
        let mut edges: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut later: Vec<(usize, usize, String, Span)> = Vec::new();
        let mut all = Vec::new();
        for (stage_at, stage) in stages.iter().enumerate() {
            let mut stage_needs = Vec::new();
            for (name, span) in &stage.needs {
                match self.stages.get(name) {
                    Some(at) => {
                        edges.entry(stage_at).or_default().push(*at);
                        if *at >= stage_at {
                            later.push((stage_at, *at, name.clone(), *span));
                        } else {
                            stage_needs.push(stages.get(*at).map(|stage| stage.stage.id.clone()));
                        }
                    }
                    None => self.unknown_need(name, *span, "stage", findings),
                }
            }
            let mut step_needs = Vec::new();
            for (step_at, step) in stage.steps.iter().enumerate() {
                let place = Place { stage: stage_at, step: step_at };
                let mut needs = Vec::new();
                for (name, span) in &step.needs {
                    if let Some(facts) = self.steps.get(name) {
                        if facts.place.stage != stage_at {
                            edges.entry(stage_at).or_default().push(facts.place.stage);
                        }
                        if facts.place == place {
                            findings.error("needs-cycle", *span, format!("`{}` needs itself", short(name)));
                        } else if facts.place > place {
                            self.too_late(stages, place, facts.place, name, *span, findings);
                        } else {
                            needs.extend(StepId::new(name.clone()).map(Need::Step));
                        }
                    } else if let Some(at) = self.stages.get(name) {
                        if *at == stage_at {
                            findings.error(
                                "needs-cycle",
                                *span,
                                format!(
                                    "`{}` stands in the stage `{}` and needs all of it, itself included",
                                    step.step.id,
                                    short(name)
                                ),
                            );
                        } else {
                            edges.entry(stage_at).or_default().push(*at);
                            if *at > stage_at {
                                later.push((stage_at, *at, name.clone(), *span));
                            } else {
                                needs.extend(StageId::new(name.clone()).map(Need::Stage));
                            }
                        }
                    } else {
                        self.unknown_need(name, *span, "step or stage", findings);
                    }
                }
                step_needs.push(needs);
            }
            all.push((stage_needs.into_iter().flatten().collect(), step_needs));
        }
        for (from, to, name, span) in later {
            let text = match way(&edges, to, from) {
                Some(back) => {
                    let ids: Vec<&str> = std::iter::once(from)
                        .chain(back)
                        .filter_map(|at| stages.get(at).map(|stage| stage.stage.id.as_str()))
                        .collect();
                    findings.error_hint(
                        "needs-cycle",
                        span,
                        format!("these stages need each other: {}", ids.join(" → ")),
                        "Take one of the needs out.".to_owned(),
                    );
                    continue;
                }
                None => format!("the stage `{}` comes later, so this can never be done", short(&name)),
            };
            findings.error_hint(
                "needs-later",
                span,
                text,
                "Steps go strictly in order of the file; `needs` only blocks.".to_owned(),
            );
        }
        all
    }

    fn too_late(
        &self,
        stages: &[StageDraft],
        place: Place,
        other: Place,
        name: &str,
        span: Span,
        findings: &mut Findings<'_>,
    ) {
        let at = |place: Place| stages.get(place.stage).and_then(|stage| stage.steps.get(place.step));
        let own = at(place).map(|step| step.step.id.as_str().to_owned()).unwrap_or_default();
        if let Some(back) = self.back(stages, other, &own) {
            findings.error_hint(
                "needs-cycle",
                span,
                format!("these steps need each other: {own} → {}", back.join(" → ")),
                "Take one of the needs out.".to_owned(),
            );
            return;
        }
        findings.error_hint(
            "needs-later",
            span,
            format!("`{}` comes later, so this can never be done", short(name)),
            "Steps go strictly in order of the file; `needs` only blocks.".to_owned(),
        );
    }

    /// The way of `needs` from a step back to another.
    fn back(&self, stages: &[StageDraft], from: Place, wanted: &str) -> Option<Vec<String>> {
        let mut ways = vec![from];
        let mut came: BTreeMap<Place, Option<Place>> = BTreeMap::from([(from, None)]);
        while let Some(at) = ways.pop() {
            let step = stages.get(at.stage)?.steps.get(at.step)?;
            if step.step.id.as_str() == wanted {
                let mut path = Vec::new();
                let mut next = Some(at);
                while let Some(place) = next {
                    let step = stages.get(place.stage)?.steps.get(place.step)?;
                    path.push(step.step.id.as_str().to_owned());
                    next = came.get(&place).copied().flatten();
                }
                path.reverse();
                return Some(path);
            }
            for (name, _) in &step.needs {
                if let Some(facts) = self.steps.get(name)
                    && !came.contains_key(&facts.place)
                {
                    came.insert(facts.place, Some(at));
                    ways.push(facts.place);
                }
            }
        }
        None
    }

    fn unknown_need(&self, name: &str, span: Span, what: &str, findings: &mut Findings<'_>) {
        if self.stated.contains(name) {
            return;
        }
        if findings.is_full() {
            findings.error("unknown-need", span, "");
            return;
        }
        let stages = self.stages.keys().map(String::as_str);
        let near = if what == "stage" {
            near(name, stages)
        } else {
            near(name, stages.chain(self.steps.keys().map(String::as_str)))
        };
        findings.error_hint(
            "unknown-need",
            span,
            format!("there is no {what} `{}`", short(name)),
            near.map(|name| format!("Did you mean `{name}`?")),
        );
    }
}

/// A way along edges.
fn way(edges: &BTreeMap<usize, Vec<usize>>, from: usize, to: usize) -> Option<Vec<usize>> {
    let mut came: BTreeMap<usize, Option<usize>> = BTreeMap::from([(from, None)]);
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            let mut path = Vec::new();
            let mut next = Some(at);
            while let Some(place) = next {
                path.push(place);
                next = came.get(&place).copied().flatten();
            }
            path.reverse();
            return Some(path);
        }
        for next in edges.get(&at).into_iter().flatten() {
            if !came.contains_key(next) {
                came.insert(*next, Some(at));
                open.push(*next);
            }
        }
    }
    None
}
