//! Names in templates and expressions: whether there is such a thing, and whether it is there by then.

use crate::draft::{Draft, Site};
use crate::findings::{Findings, near, short};
use crate::read::StageDraft;
use crate::template::{NameUsed, Path, expression_paths, foreseen, named, template_paths};
use crate::{Span, StepId, Var};
use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) stage: usize,
    pub(crate) step: usize,
}

pub(crate) struct StepFacts {
    pub(crate) place: Place,
    /// `None` when the kind is unknown: then any output will do.
    pub(crate) outputs: Option<Vec<String>>,
    pub(crate) kind: String,
    /// Ids of a decision's options.
    pub(crate) options: Vec<String>,
}

pub(crate) struct Index<'v> {
    pub(crate) steps: BTreeMap<String, StepFacts>,
    pub(crate) stages: HashMap<String, usize>,
    vars: &'v [Var],
    /// Ids that fences state, those that could not be read included: what they lack is said there.
    pub(crate) stated: &'v HashSet<String>,
}

impl<'v> Index<'v> {
    pub(crate) fn new(stages: &[StageDraft], vars: &'v [Var], stated: &'v HashSet<String>) -> Self {
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

    pub(crate) fn site(&self, site: &Site, place: Place, own: Option<&Draft>, findings: &mut Findings<'_>) {
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

    pub(crate) fn known_step(
        &self,
        name: &str,
        span: Span,
        findings: &mut Findings<'_>,
    ) -> Option<&StepFacts> {
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
    pub(crate) fn when(&self, when: &str, step: &Draft, findings: &mut Findings<'_>) {
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

    pub(crate) fn since(
        &self,
        name: &str,
        span: Span,
        after: bool,
        place: Place,
        findings: &mut Findings<'_>,
    ) {
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
}

fn outputs(draft: &Draft) -> Option<Vec<String>> {
    let kind = draft.kind?;
    if matches!(kind.name, "terraform.apply" | "terraform.output") {
        // What a configuration gives is known when it is applied.
        return None;
    }
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
