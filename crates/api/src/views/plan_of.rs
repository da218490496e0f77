//! A plan, read → as shown.

use super::overview_of::{Told, claim, overview};
use super::{
    Block, Damage, EstimateView, Finding, FindingFix, HoldRule, PlanStage, PlanStep, PlanVar, PlanView,
    PracticeKind, TargetView,
};
use holdpoint_plan::import::fixes;
use holdpoint_plan::{BlockKind, Estimate, Hold, PracticeMode, Reading, Stage, Step, kind};

/// The whole view of a plan that was read from `path`.
pub(crate) fn plan_view(path: &str, reading: &Reading, trusted: bool) -> PlanView {
    let plan = &reading.plan;
    let told = Told::of(&reading.text);
    PlanView {
        path: path.to_owned(),
        digest: plan.digest.clone(),
        title: plan.title.clone(),
        level: plan.level,
        trusted,
        target: plan.target.as_ref().map(|target| TargetView {
            account: target.account.clone(),
            region: target.region.clone(),
            role: target.role.clone(),
        }),
        estimate: plan.estimate.map(estimate),
        vars: plan.vars.iter().map(var).collect(),
        stages: plan.stages.iter().map(|stage| plan_stage(&told, stage)).collect(),
        overview: overview(&told),
        blocks: holdpoint_plan::view(reading).into_iter().map(block).collect(),
        findings: reading.diagnostics.iter().map(finding).collect(),
        fixes: fixes(reading).into_iter().filter_map(|(at, id)| fix(reading, at, id)).collect(),
        damage: reading.repaired.as_ref().map(|repaired| Damage {
            said: repaired.damage.clone(),
            places: number(repaired.places),
            guessed: number(repaired.guessed),
        }),
        scenarios: super::scenarios::all(),
    }
}

pub(crate) fn estimate(estimate: Estimate) -> EstimateView {
    EstimateView { from: estimate.from.as_secs_f64(), to: estimate.to.as_secs_f64() }
}

pub(super) fn hold_rule(hold: &Hold) -> HoldRule {
    HoldRule {
        signatures: hold.signatures,
        by_someone_else: hold.by_someone_else,
        by: hold.by.clone(),
        valid_minutes: u32::try_from(hold.valid.as_secs() / 60).unwrap_or(u32::MAX),
        break_glass: hold.break_glass,
    }
}

fn var(var: &holdpoint_plan::Var) -> PlanVar {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    PlanVar {
        name: var.name.clone(),
        default: var.default.as_ref().map(text),
        secret: var.secret,
        description: var.description.clone(),
    }
}

fn plan_stage(told: &Told, stage: &Stage) -> PlanStage {
    PlanStage {
        id: stage.id.to_string(),
        title: stage.title.clone(),
        role: stage.role,
        estimate: stage.estimate.map(estimate),
        hold: stage.hold.as_ref().map(hold_rule),
        claim: claim(told, stage),
        steps: stage.steps.iter().map(|step| plan_step(told, step)).collect(),
    }
}

fn plan_step(told: &Told, step: &Step) -> PlanStep {
    let spec = kind(&step.action.uses);
    let kinds_own = spec.and_then(|spec| spec.default_undo).filter(|_| step.effect.changes());
    let plans_own = step.undo.as_ref().map(|undo| undo.uses.clone());
    PlanStep {
        id: step.id.to_string(),
        title: step.title.clone(),
        kind: step.action.uses.clone(),
        effect: step.effect,
        estimate: step.estimate.map(estimate),
        hold: step.hold.as_ref().map(hold_rule),
        undo: plans_own.or_else(|| kinds_own.map(str::to_owned)),
        practice: match spec.map(|spec| spec.practice) {
            Some(PracticeMode::Sim) => PracticeKind::Sim,
            Some(PracticeMode::Local) => PracticeKind::Local,
            Some(PracticeMode::StandIn) => PracticeKind::StandIn,
            Some(PracticeMode::NotPractised) | None => PracticeKind::NotPractised,
        },
        line: told.line(step.span.start),
    }
}

fn block(block: holdpoint_plan::Block) -> Block {
    Block {
        html: block.html,
        start_line: number(block.start_line),
        end_line: number(block.end_line),
        kind: match block.kind {
            BlockKind::Heading { .. } => "heading",
            BlockKind::Paragraph => "paragraph",
            BlockKind::List => "list",
            BlockKind::Checklist => "checklist",
            BlockKind::Code { .. } => "code",
            BlockKind::Table => "table",
            BlockKind::Quote => "quote",
            BlockKind::StageFence { .. } => "stage_fence",
            BlockKind::StepFence { .. } => "step_fence",
            BlockKind::Rule => "rule",
            BlockKind::Html => "html",
            BlockKind::FrontMatter => "front_matter",
        }
        .to_owned(),
        step: block.step.map(|step| step.to_string()),
    }
}

fn fix(reading: &Reading, at: usize, id: String) -> Option<FindingFix> {
    let title = reading.diagnostics.get(at)?.fix.as_ref()?.title.clone();
    Some(FindingFix { finding: number(at), id, title })
}

pub(super) fn finding(diagnostic: &holdpoint_plan::Diagnostic) -> Finding {
    Finding {
        code: diagnostic.code.clone(),
        severity: diagnostic.severity,
        message: diagnostic.message.clone(),
        line: number(diagnostic.line),
        column: number(diagnostic.column),
        excerpt: diagnostic.excerpt.clone(),
        hint: diagnostic.hint.clone(),
    }
}

pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
