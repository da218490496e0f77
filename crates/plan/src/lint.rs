//! Checks across steps: ids, needs, names, order, and what a checked plan should not lack.

use crate::draft::{Draft, Site};
use crate::findings::{Findings, near, short};
use crate::read::StageDraft;
use crate::template::{NameUsed, Path, expression_paths, foreseen, named, template_paths};
use crate::{Level, Need, Role, Span, StageId, StepId, Var};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Runs all checks and resolves `needs`.
pub(crate) fn check(
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
            if level == Level::Checked && !matches!(stage.stage.role, Role::Rollback | Role::Reference) {
                wanting(step, findings);
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    stage: usize,
    step: usize,
}

struct StepFacts {
    place: Place,
    /// `None` when the kind is unknown: then any output will do.
    outputs: Option<Vec<String>>,
    kind: String,
    /// Ids of a decision's options.
    options: Vec<String>,
}

struct Index<'v> {
    steps: BTreeMap<String, StepFacts>,
    stages: HashMap<String, usize>,
    vars: &'v [Var],
    /// Ids that fences state, those that could not be read included: what they lack is said there.
    stated: &'v HashSet<String>,
}

type Resolved = (Vec<StageId>, Vec<Vec<Need>>);

impl<'v> Index<'v> {
    fn new(stages: &[StageDraft], vars: &'v [Var], stated: &'v HashSet<String>) -> Self {
        let mut steps = BTreeMap::new();
        let mut names = HashMap::new();
        for (stage_at, stage) in stages.iter().enumerate() {
            names.entry(stage.stage.id.as_str().to_owned()).or_insert(stage_at);
            for (step_at, draft) in stage.steps.iter().enumerate() {
                let facts = StepFacts {
                    place: Place { stage: stage_at, step: step_at },
                    outputs: outputs(draft),
                    kind: draft.step.action.uses.clone(),
                    options: options(draft),
                };
                steps.entry(draft.step.id.as_str().to_owned()).or_insert(facts);
            }
        }
        Self { steps, stages: names, vars, stated }
    }

    fn site(&self, site: &Site, place: Place, own: Option<&Draft>, findings: &mut Findings<'_>) {
        let paths = if site.expression { expression_paths(&site.text) } else { template_paths(&site.text) };
        match paths {
            Err(reason) => {
                let what = if site.expression { "expression" } else { "template" };
                findings.error_hint(
                    "template",
                    site.span,
                    format!("the {what} `{}` is not well formed: {reason}", short(&site.text)),
                    site.expression.then(|| {
                        "Write e.g. `steps.choose.outputs.option == \"b\"`, without braces.".to_owned()
                    }),
                );
            }
            Ok(paths) => {
                for path in &paths {
                    self.path(path, site, place, own, findings);
                }
            }
        }
    }

    fn path(&self, path: &Path, site: &Site, place: Place, own: Option<&Draft>, findings: &mut Findings<'_>) {
        let written = path.join(".");
        let mut unknown = |message: String, hint: Option<String>| {
            findings.error_hint("undefined-name", site.span, message, hint);
        };
        let root = path.first().map_or("", String::as_str);
        match named(path) {
            Some(NameUsed::Var(name)) => {
                if !self.vars.iter().any(|var| var.name == name) {
                    let names = self.vars.iter().map(|var| var.name.as_str());
                    let hint = near(&name, names).map_or_else(
                        || format!("Declare it: `vars: {{ {}: {{ default: … }} }}`.", short(&name)),
                        |name| format!("Did you mean `vars.{name}`?"),
                    );
                    unknown(format!("there is no variable `{}`", short(&name)), Some(hint));
                }
            }
            Some(NameUsed::Run(name)) => {
                const FACTS: [&str; 4] = ["id", "started", "actor", "git_sha"];
                if !FACTS.contains(&name.as_str()) {
                    unknown(
                        format!("a run has no `{}`", short(&name)),
                        crate::findings::did_you_mean(&name, &FACTS),
                    );
                }
            }
            Some(NameUsed::Pinned { of, what }) => {
                if let Some((message, hint)) = pinned(&of, what.as_deref()) {
                    unknown(message, Some(hint));
                }
            }
            Some(NameUsed::Output { step, output }) => {
                self.output(&step, &output, site, place, own, findings)
            }
            None if root == "steps" && path.len() < 4 => unknown(
                format!("`{}` is not a whole name", short(&written)),
                Some("Write `steps.<id>.outputs.<name>`.".to_owned()),
            ),
            None if matches!(root, "vars" | "run" | "pinned" | "steps") => {
                unknown(format!("`{}` names nothing", short(&written)), Some("Write `steps.<id>.outputs.<name>`, `vars.<name>`, `run.<name>` or `pinned[\"ecs/<cluster>/<service>\"].<what>`.".to_owned()));
            }
            None => {
                let hint = near(root, ["vars", "steps", "pinned", "run"]).map_or_else(
                    || "There are: `vars`, `steps`, `pinned`, `run`.".to_owned(),
                    |name| format!("Did you mean `{name}`?"),
                );
                unknown(format!("there is no `{}`", short(root)), Some(hint));
            }
        }
    }

    fn output(
        &self,
        step: &StepId,
        output: &str,
        site: &Site,
        place: Place,
        own: Option<&Draft>,
        findings: &mut Findings<'_>,
    ) {
        let Some(facts) = self.known_step(step.as_str(), site.span, findings) else { return };
        let is_own = own.is_some_and(|own| own.step.id == *step);
        if is_own && !site.after {
            findings.error(
                "used-too-soon",
                site.span,
                format!("`{step}` uses its own output, which is not there before it has run"),
            );
        } else if !is_own && facts.place >= place {
            findings.error_hint(
                "used-too-soon",
                site.span,
                format!("`{step}` comes later, so its output `{}` is not there yet", short(output)),
                "Steps go strictly in order of the file.".to_owned(),
            );
        }
        if let Some(outputs) = &facts.outputs
            && !outputs.iter().any(|name| name == output)
        {
            let names: Vec<&str> = outputs.iter().map(String::as_str).collect();
            let hint = near(output, names.iter().copied()).map_or_else(
                || match (names.as_slice(), facts.kind.as_str()) {
                    ([], _) => format!("`{}` has none.", facts.kind),
                    (_, "shell") => {
                        format!("Declare it at `{step}`: `outputs: {{ {}: {{}} }}`.", short(output))
                    }
                    _ => format!("There are: {}.", crate::findings::list(&names)),
                },
                |name| format!("Did you mean `{name}`?"),
            );
            findings.error_hint(
                "unknown-output",
                site.span,
                format!("`{step}` (`{}`) has no output `{}`", facts.kind, short(output)),
                hint,
            );
        }
    }

    fn known_step(&self, name: &str, span: Span, findings: &mut Findings<'_>) -> Option<&StepFacts> {
        let found = self.steps.get(name);
        if found.is_none() && self.stated.contains(name) && !self.stages.contains_key(name) {
            return None;
        }
        if found.is_none() && findings.is_full() {
            findings.error("undefined-name", span, "");
        } else if found.is_none() {
            let hint = near(name, self.steps.keys().map(String::as_str))
                .map(|name| format!("Did you mean `{name}`?"));
            findings.error_hint("undefined-name", span, format!("there is no step `{}`", short(name)), hint);
        }
        found
    }

    /// An expression that is always the same, or asks for an option that a decision does not have.
    fn when(&self, when: &str, step: &Draft, findings: &mut Findings<'_>) {
        let span = step
            .sites
            .iter()
            .find(|site| site.expression && site.text == when)
            .map_or(step.id_span, |site| site.span);
        let foreseen = foreseen(when);
        if let Some(constant) = foreseen.constant {
            let (text, hint) = if constant {
                (format!("`{}` always runs: its `when` names nothing", step.step.id), "Leave `when` out.")
            } else {
                (
                    format!("`{}` never runs: its `when` is never true", step.step.id),
                    "Leave the step out, or let `when` ask for something.",
                )
            };
            findings.warning("when", span, text, hint.to_owned());
        }
        for (path, text) in foreseen.compared {
            let Some(NameUsed::Output { step: of, output }) = named(&path) else { continue };
            let Some(facts) =
                self.steps.get(of.as_str()).filter(|facts| output == "option" && !facts.options.is_empty())
            else {
                continue;
            };
            if !facts.options.contains(&text) {
                let names: Vec<&str> = facts.options.iter().map(String::as_str).collect();
                findings.error_hint(
                    "when",
                    span,
                    format!("`{of}` has no option `{}`, so this is never true", short(&text)),
                    crate::findings::did_you_mean(&text, &names),
                );
            }
        }
    }

    fn since(&self, name: &str, span: Span, after: bool, place: Place, findings: &mut Findings<'_>) {
        let Some(facts) = self.known_step(name, span, findings) else { return };
        if facts.place > place || (facts.place == place && !after) {
            findings.error_hint(
                "used-too-soon",
                span,
                format!("`{}` has not begun by then", short(name)),
                "`since` names an earlier step.".to_owned(),
            );
        }
    }

    /// Names in `needs` → steps and stages; unknown, later and circular ones are reported.
    fn resolve(&self, stages: &[StageDraft], findings: &mut Findings<'_>) -> Vec<Resolved> {
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

fn outputs(draft: &Draft) -> Option<Vec<String>> {
    let kind = draft.kind?;
    let mut names: Vec<String> = kind.outputs.iter().map(|output| output.name.to_owned()).collect();
    names.extend(draft.step.outputs.keys().cloned());
    if kind.name == "manual"
        && let Some(fields) = draft.step.action.with.get("fields").and_then(|fields| fields.as_object())
    {
        names.extend(fields.keys().cloned());
    }
    Some(names)
}

fn options(draft: &Draft) -> Vec<String> {
    let options = draft.step.action.with.get("options").and_then(|options| options.as_object());
    options
        .filter(|_| draft.step.action.uses == "decision")
        .into_iter()
        .flat_map(|options| options.keys().cloned())
        .collect()
}

/// What is wrong with `pinned[of].what`, and what to write.
fn pinned(of: &str, what: Option<&str>) -> Option<(String, String)> {
    let parts: Vec<&str> = of.split('/').collect();
    let facts: &[&str] = match parts.as_slice() {
        ["ecs", cluster, service] if !cluster.is_empty() && !service.is_empty() => {
            &["task_definition", "image", "desired_count"]
        }
        ["apprunner", service] if !service.is_empty() => &["image", "configuration"],
        _ => {
            return Some((
                format!("nothing is pinned under `{}`", short(of)),
                "Write `pinned[\"ecs/<cluster>/<service>\"]`.".to_owned(),
            ));
        }
    };
    match what {
        Some(what) if facts.contains(&what) => None,
        Some(what) => Some((
            format!("what is pinned has no `{}`", short(what)),
            near(what, facts.iter().copied()).map_or_else(
                || format!("There are: {}.", crate::findings::list(facts)),
                |name| format!("Did you mean `{name}`?"),
            ),
        )),
        None => Some((
            format!("`pinned[\"{}\"]` is not a whole name", short(of)),
            format!("Write which: {}.", crate::findings::list(facts)),
        )),
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

/// What a checked plan should not lack.
fn wanting(draft: &Draft, findings: &mut Findings<'_>) {
    let Some(kind) = draft.kind.filter(|_| draft.written) else { return };
    let step = &draft.step;
    if step.effect.changes() && step.undo.is_none() && kind.default_undo.is_none() {
        findings.warning(
            "no-undo",
            draft.id_span,
            format!("`{}` changes something and says not how to undo it", step.id),
            "Write `undo: { uses: …, with: … }`; `manual` will do where only a person can.".to_owned(),
        );
    }
    if !draft.estimated && step.action.uses != "checklist" {
        findings.note(
            "no-estimate",
            draft.id_span,
            format!("`{}` has no estimate", step.id),
            "Write `estimate: 1m..2m`.".to_owned(),
        );
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
