//! `compare`: two runs beside each other.

use crate::args::Compare;
use crate::exit::Exit;
use crate::{console, output};
use holdpoint_api::Problem;
use holdpoint_api::views::{ComparedRun, ComparedSide, ComparedStep, ComparedValue, ComparisonView};
use holdpoint_identity::Env;

/// Compares two runs.
pub(crate) async fn compare(args: &Compare, env: &Env) -> Result<Exit, Problem> {
    let console = console::open(env)?;
    let (one, other) = (console.find(&args.one).await?, console.find(&args.other).await?);
    let compared = console.compare(&one, &other).await?;
    match args.json {
        true => output::json(&compared),
        false => told(&compared),
    }
    Ok(Exit::Done)
}

fn told(compared: &ComparisonView) {
    run("first ", &compared.one);
    run("second", &compared.other);
    for difference in &compared.differs {
        line(&format!("  {difference}"));
    }
    line("");
    for step in &compared.steps {
        step_line(step);
    }
    let changed: Vec<&ComparedValue> = compared.services.iter().collect();
    if !changed.is_empty() {
        line("\nRuns in the end:");
        changed.iter().for_each(|service| value(service, "  "));
    }
}

fn run(which: &str, run: &ComparedRun) {
    let scenario = run.scenario.as_ref().map(|scenario| format!(" ({scenario})")).unwrap_or_default();
    line(&format!("{which}  {}  {}{scenario}  {}  {:.1} s", run.run, run.mode, run.started_at, run.took));
    line(&format!("        {}", run.outcome));
}

fn step_line(step: &ComparedStep) {
    let mark = if step.differs.is_empty() { "=" } else { "≠" };
    let took = |side: &Option<ComparedSide>| match side.as_ref().and_then(|side| side.took) {
        Some(seconds) => format!("{seconds:.1} s"),
        None => "–".to_owned(),
    };
    line(&format!(
        "{mark} {:<28} {:>10} {:>10}  {}",
        step.step,
        took(&step.one),
        took(&step.other),
        step.title
    ));
    for difference in &step.differs {
        line(&format!("      {difference}"));
    }
    for side in [("first", &step.one), ("second", &step.other)] {
        if let (false, Some(said)) =
            (step.differs.is_empty(), side.1.as_ref().and_then(|one| one.said.as_ref()))
        {
            line(&format!("      {}: {said}", side.0));
        }
    }
    step.outputs.iter().for_each(|output| value(output, "      "));
}

fn value(compared: &ComparedValue, indent: &str) {
    let of = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".into());
    let sign = if compared.one == compared.other { "=" } else { "≠" };
    line(&format!("{indent}{} {sign} {} | {}", compared.name, of(&compared.one), of(&compared.other)));
}

fn line(text: &str) {
    output::line(text);
}
