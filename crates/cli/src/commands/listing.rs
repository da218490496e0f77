//! `runs`, `show`.

use super::adopting::tell_if_edited;
use crate::args::{OfRun, Runs};
use crate::exit::Exit;
use crate::{console, diagnosis, output};
use holdpoint_api::Problem;
use holdpoint_api::views::{RunSummary, RunView, StepStatus};
use holdpoint_identity::Env;
use serde_json::json;

/// Lists runs, the newest first.
pub(crate) async fn runs(args: &Runs, env: &Env) -> Result<Exit, Problem> {
    let runs = console::open(env)?.summaries().await?;
    if args.json {
        output::json(&runs.iter().map(as_json).collect::<Vec<_>>());
    } else if runs.is_empty() {
        output::note("no run yet: `holdpoint run PLAN --practice` begins one");
    } else {
        for run in &runs {
            let done = format!("{}/{}", run.steps_done, run.steps_total);
            let glass = if run.glass_broken { "  GLASS BROKEN" } else { "" };
            output::line(format!(
                "{}  {}  {:<8}  {:>7}  {}  {}{glass}",
                run.run, run.started_at, run.mode, done, run.title, run.said
            ));
        }
    }
    Ok(Exit::Done)
}

/// Shows a run.
pub(crate) async fn show(args: &OfRun, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let run = console.find(&args.run).await?;
    let view = console.view(&run).await?;
    match args.json {
        true => output::json(&view),
        false => {
            shown(&view);
            tell_if_edited(&console, &run).await;
        }
    }
    Ok(Exit::Done)
}

fn as_json(run: &RunSummary) -> serde_json::Value {
    json!({
        "id": run.run,
        "title": run.title,
        "plan": run.plan_path,
        "mode": run.mode,
        "status": run.status,
        "account": run.account,
        "started_at": run.started_at,
        "started_by": run.started_by,
        "ended_at": run.ended_at,
        "steps_done": run.steps_done,
        "steps_total": run.steps_total,
        "said": run.said,
        "glass_broken": run.glass_broken,
        "updated_at": run.updated_at,
        "driven_by": run.driven_by.as_ref().map(|driver| &driver.what),
        "standing": run.standing,
    })
}

fn shown(view: &RunView) {
    output::line(format!("{}  run {} ({})", view.title, view.run, view.mode));
    output::line(format!("  {}", view.said));
    output::line(format!("  plan {} {}", view.plan_path, &view.plan_digest));
    let role = view.identity.role.clone().unwrap_or_else(|| "-".into());
    output::line(format!(
        "  account {}  region {}  role {role}",
        view.identity.account, view.identity.region
    ));
    output::line(format!("  started {} by {}", view.started_at, view.started_by.name));
    for glass in &view.broken {
        output::line(format!(
            "  GLASS BROKEN: {} passed the hold before {} alone at {}: {}",
            glass.person.name, glass.before, glass.at, glass.reason
        ));
    }
    view.driven_by.iter().for_each(|driver| output::line(format!("  driven by {}", driver.what)));
    if view.resumable {
        output::line(format!("  nobody drives it; its newest event is of {}", view.updated_at));
    }
    view.standing.iter().for_each(|note| output::line(format!("    {}", note.says)));
    for stage in view.stages.iter().filter(|stage| !stage.steps.is_empty()) {
        output::line(format!("\n{} [{}]", stage.title, words(stage.status)));
        for step in &stage.steps {
            let said = step.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
            output::line(format!(
                "  {:<14} {} ({}){said}",
                format!("{:?}", step.status),
                step.title,
                step.kind
            ));
            for item in &step.items {
                output::line(format!("      [{}] {}", if item.on { "x" } else { " " }, item.text));
            }
            if let Some(why) = &step.diagnosis {
                output::line(format!("      ✕ {}", why.title));
                why.facts
                    .iter()
                    .for_each(|fact| output::line(format!("        {}: {}", fact.label, fact.text)));
                why.known.iter().for_each(|known| diagnosis::problem(known, "        "));
                for fault in &why.own_faults {
                    output::line(format!("        Not read: {fault}"));
                }
            }
        }
    }
    if !view.rollback.steps.is_empty() {
        output::line("\nIf it must be undone:");
        view.rollback
            .steps
            .iter()
            .for_each(|undo| output::line(format!("  {} [{}]", undo.text, words(undo.status))));
    }
}

fn words(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Pending => "pending",
        StepStatus::Blocked => "blocked",
        StepStatus::Ready => "ready",
        StepStatus::Held => "held",
        StepStatus::Running => "running",
        StepStatus::Waiting => "waiting",
        StepStatus::Verifying => "verifying",
        StepStatus::Succeeded => "succeeded",
        StepStatus::Failed => "failed",
        StepStatus::Unknown => "unknown",
        StepStatus::RolledBackByAws => "rolled back by AWS",
        StepStatus::Superseded => "superseded",
        StepStatus::Skipped => "skipped",
        StepStatus::Compensated => "put back",
        StepStatus::NotPractised => "not practised",
    }
}
