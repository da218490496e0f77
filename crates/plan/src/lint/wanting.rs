//! What a checked plan that changes something should not lack: somebody who says go, and a look at what became of it.

use super::remedies;
use super::scene::{Listing, Scene};
use crate::draft::Draft;
use crate::findings::Findings;
use crate::read::StageDraft;
use crate::{Effect, Level, Role, Severity, shell};
use serde_json::Value;
use std::collections::HashMap;

/// Kinds that ask a person by themselves.
const ASKS: [&str; 4] = ["manual", "decision", "checklist", "http.request"];

/// Kinds that look at what a deployment became.
const LOOKS: [&str; 11] = [
    "http.check",
    "ecs.check",
    "ecs.wait",
    "apprunner.check",
    "apprunner.wait",
    "express.check",
    "logs.expect",
    "soak",
    "metrics.check",
    "rds.check",
    "network.check",
];

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    if scene.level != Level::Checked {
        return;
    }
    let walked = |stage: &StageDraft| !matches!(stage.stage.role, Role::Rollback | Role::Reference);
    let all: Vec<(&StageDraft, &Draft)> = scene.steps().filter(|(stage, _)| walked(stage)).collect();
    let home = Home::of(scene);
    let beyond = |draft: &Draft| changes(draft) && !home.keeps(draft);
    unheld(scene, &all, &beyond, findings);
    let steps: Vec<(&StageDraft, &Draft)> = scene.typed().collect();
    unseen(&steps, findings);
    for (_, draft) in &steps {
        let (unexpecting, undoing) = (is_unexpecting(draft), is_without_way_back(draft));
        // What a script does is asked last: it is the dearest question.
        if (unexpecting || undoing) && !home.keeps(draft) {
            if unexpecting {
                no_expectation(draft, findings);
            }
            if undoing {
                no_undo(scene, draft, findings);
            }
        }
    }
    if !scene.estimated {
        estimates(scene, &steps, findings);
    }
}

fn changes(draft: &Draft) -> bool {
    draft.written
        && draft.step.effect.changes()
        && draft.kind.is_some()
        && !ASKS.contains(&draft.step.action.uses.as_str())
}

/// Steps that work on this machine alone: what they put ready there needs no way back and nobody's signature.
struct Home<'s, 'p> {
    /// The scripts of steps, by where the steps begin.
    scripts: HashMap<usize, &'s Listing<'p>>,
}

impl<'s, 'p> Home<'s, 'p> {
    fn of(scene: &'s Scene<'p>) -> Self {
        let owned = scene.listings.iter().filter_map(|listing| Some((listing.owner?, listing)));
        Self { scripts: owned.map(|(draft, listing)| (draft.step.span.start, listing)).collect() }
    }

    fn keeps(&self, draft: &Draft) -> bool {
        let action = &draft.step.action;
        if draft.written && action.uses == "image.build" {
            return action.with.get("push").and_then(Value::as_bool) != Some(true);
        }
        self.scripts.get(&draft.step.span.start).is_some_and(|listing| {
            let statements = &listing.script.statements;
            !statements.is_empty() && statements.iter().all(|one| shell::stays_here(&one.shape))
        })
    }
}

/// Whether a step changes something and has no way back.
fn is_without_way_back(draft: &Draft) -> bool {
    let step = &draft.step;
    draft.kind.is_some_and(|kind| step.effect.changes() && step.undo.is_none() && kind.default_undo.is_none())
}

fn no_undo(scene: &Scene<'_>, draft: &Draft, findings: &mut Findings<'_>) {
    findings.add(
        Severity::Warning,
        "no-undo",
        draft.id_span,
        format!("`{}` changes something and says not how to undo it", draft.step.id),
        Some("Write `undo: { uses: …, with: … }`; `manual` will do where only a person can.".to_owned()),
        remedies::undo(scene, draft),
    );
}

/// Steps without an estimate: those that change something where the plan has estimates, else the plan as a whole.
fn estimates(scene: &Scene<'_>, steps: &[(&StageDraft, &Draft)], findings: &mut Findings<'_>) {
    let estimated = |stage: &StageDraft, draft: &Draft| draft.estimated || stage.stage.estimate.is_some();
    let missing: Vec<&Draft> = steps
        .iter()
        .filter(|(stage, draft)| !estimated(stage, draft))
        .map(|(_, draft)| *draft)
        .filter(|draft| draft.kind.is_some() && draft.step.action.uses != "checklist")
        .collect();
    if steps.iter().any(|(stage, draft)| estimated(stage, draft)) {
        for draft in missing.into_iter().filter(|draft| draft.step.effect.changes()) {
            let message = format!("`{}` has no estimate", draft.step.id);
            let hint = Some("Write `estimate: 1m..2m`.".to_owned());
            let fix = remedies::estimate(scene, draft);
            findings.add(Severity::Note, "no-estimate", draft.id_span, message, hint, fix);
        }
        return;
    }
    let Some(first) = missing.first() else { return };
    let message = match missing.len() {
        1 => format!("`{}` has no estimate", first.step.id),
        count => format!("none of the {count} steps has an estimate"),
    };
    let hint = "Write `estimate: 1m..2m` at steps or stages, or one for the whole plan under `holdpoint:`.";
    let fix = remedies::estimate_of_all(scene, &missing).or_else(|| remedies::estimate(scene, first));
    findings.add(Severity::Note, "no-estimate", first.id_span, message, Some(hint.to_owned()), fix);
}

/// The first change that nobody has signed for. A signature, a choice and a checklist before the deployment are for all that
/// comes after them; another checklist, or a person's task, for what it speaks of and for its own stage.
fn unheld(
    scene: &Scene<'_>,
    steps: &[(&StageDraft, &Draft)],
    beyond: &dyn Fn(&Draft) -> bool,
    findings: &mut Findings<'_>,
) {
    let mut asked: Vec<(&StageDraft, &Draft)> = Vec::new();
    for (stage, draft) in steps {
        if stage.stage.hold.is_some() || draft.step.hold.is_some() {
            return;
        }
        if asks(draft) {
            if draft.step.action.uses == "decision"
                || stage.stage.role == Role::Before
                || lets_go(scene, stage, draft)
            {
                return;
            }
            asked.push((stage, draft));
            continue;
        }
        if !beyond(draft) || prepares(draft) || stage.stage.role == Role::Before {
            continue;
        }
        let here = |of: &StageDraft| of.stage.id == stage.stage.id;
        if asked.iter().any(|(of, ask)| here(of) || speaks_of(scene, of, ask, draft)) {
            continue;
        }
        let unrelated =
            asked.last().map(|(_, ask)| format!("; `{}` before it is about something else", ask.step.id));
        let destructive = draft.step.effect == Effect::Destructive;
        findings.add(
            if destructive { Severity::Warning } else { Severity::Note },
            "no-hold",
            draft.id_span,
            format!(
                "`{}` changes something before anybody has signed{}",
                draft.step.id,
                unrelated.unwrap_or_default()
            ),
            Some(
                "Put `hold: { signatures: 1 }` at this step or its stage, or a `decision` before it."
                    .to_owned(),
            ),
            remedies::hold(scene, draft),
        );
        return;
    }
}

/// What a checklist or a person's task says, in lower case, with the title of its stage.
fn words_of(scene: &Scene<'_>, stage: &StageDraft, draft: &Draft) -> String {
    let step = &draft.step;
    let own = scene.lower().get(step.span.start..step.span.end).unwrap_or_default();
    let items: Vec<&str> = stage.items.iter().flatten().map(|one| one.item.text.as_str()).collect();
    format!("{} {} {own} {}", stage.stage.title, step.title, items.join(" ")).to_lowercase()
}

/// Whether a checklist is about going on as such: "Go / no-go", "approved", "Freigabe".
fn lets_go(scene: &Scene<'_>, stage: &StageDraft, draft: &Draft) -> bool {
    const GO: [&str; 26] = [
        "no-go",
        "go/no",
        "go?",
        "approve",
        "approval",
        "sign-off",
        "sign off",
        "signed off",
        "ready to",
        "readiness",
        "proceed",
        "preflight",
        "pre-flight",
        "pre-deploy",
        "before deploy",
        "freigabe",
        "freigegeben",
        "genehmigt",
        "approuv",
        "feu vert",
        "aprobad",
        "aprovad",
        "approvat",
        "одобр",
        "承認",
        "批准",
    ];
    let said = words_of(scene, stage, draft);
    GO.iter().any(|word| said.contains(word))
}

/// Whether it names what a change works on: its service, its cluster, its folder.
fn speaks_of(scene: &Scene<'_>, stage: &StageDraft, ask: &Draft, change: &Draft) -> bool {
    let said = words_of(scene, stage, ask);
    let with = &change.step.action.with;
    ["service", "cluster", "family", "dir", "name"].iter().any(|key| {
        let named =
            with.get(*key).and_then(Value::as_str).filter(|name| name.len() > 2 && !name.contains("{{"));
        named.is_some_and(|name| {
            said.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '/'))
                .any(|word| word == name.to_lowercase())
        })
    })
}

/// What a deployment needs is put ready; what runs stays as it is.
fn prepares(draft: &Draft) -> bool {
    let uses = draft.step.action.uses.as_str();
    uses.starts_with("image.") || matches!(uses, "ecs.register" | "git.apply" | "terraform.vars")
}

/// Steps at which a person says that it may go on.
fn asks(draft: &Draft) -> bool {
    matches!(draft.step.action.uses.as_str(), "decision" | "manual" | "checklist")
}

/// Nothing looks at the world after the last change.
fn unseen(steps: &[(&StageDraft, &Draft)], findings: &mut Findings<'_>) {
    let Some(last) = steps.iter().rposition(|(_, draft)| changes(draft)) else { return };
    let Some((_, draft)) = steps.get(last) else { return };
    // These kinds follow what they change to its true end by themselves.
    let follows = draft
        .step
        .action
        .uses
        .split_once('.')
        .is_some_and(|(family, _)| matches!(family, "ecs" | "apprunner" | "express"));
    let looked = steps.iter().skip(last + 1).any(|(_, later)| {
        LOOKS.contains(&later.step.action.uses.as_str()) || asks(later) || !later.step.effect.changes()
    });
    if follows || looked || !draft.step.after.is_empty() {
        return;
    }
    findings.add(
        Severity::Note,
        "no-verification",
        draft.id_span,
        format!("after `{}` nothing looks at what became of it", draft.step.id),
        Some("Add an `http.check`, an `ecs.check` or a `logs.expect`, in `after` or as a step.".to_owned()),
        None,
    );
}

/// Twice is not as once.
fn twice(effect: Effect) -> bool {
    matches!(effect, Effect::Once | Effect::Destructive)
}

/// Whether a script changes something and is judged by its exit code alone.
fn is_unexpecting(draft: &Draft) -> bool {
    let step = &draft.step;
    let expects = step.action.expect.as_object().is_some_and(|expect| !expect.is_empty());
    step.action.uses == "shell" && twice(step.effect) && !expects && step.after.is_empty()
}

fn no_expectation(draft: &Draft, findings: &mut Findings<'_>) {
    findings.add(
        Severity::Note,
        "no-expectation",
        draft.id_span,
        format!("`{}` is judged by its exit code alone", draft.step.id),
        Some(
            "Write what must be so afterwards: `expect: { stdout_contains: […] }`, or an `after`.".to_owned(),
        ),
        None,
    );
}
