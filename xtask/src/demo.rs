//! Shows the product on the practice account: in the window, or, without a screen, headless to the report.

use crate::place::{built, root, target};
use crate::tool::{Failure, Tool, cargo, folder, write};
use crate::{front, setup};
use serde_json::Value;
use std::path::Path;
use std::time::Instant;

/// The plan that is walked.
const PLAN: &str = "plans/ecs-api-and-worker.plan.md";

/// Builds what is missing and shows it.
pub(crate) fn run(headless: bool, speed: f64) -> Result<(), Failure> {
    setup::system(false)?;
    front::build()?;
    println!("building the window and the command line (the first time takes some minutes)");
    cargo(["build", "--workspace", "--bins"]).run()?;
    if headless || !display() {
        if !headless {
            println!(
                "\nThere is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so the window cannot open."
            );
        }
        println!("Walking {PLAN} in practice, headless, {speed} times as fast.\n");
        return walk(speed);
    }
    println!("\nOpening the window with {PLAN}. Trust it, choose Practise, and walk it.");
    Tool::new(built("holdpoint-console"), [PLAN]).env("HOLDPOINT_HOME", home()?).run()
}

/// The same plan by the command line, to the exported report.
fn walk(speed: f64) -> Result<(), Failure> {
    let home = home()?;
    let started = Instant::now();
    let speed = speed.to_string();
    let run = ["run", PLAN, "--practice", "--auto-sign", "--trust", "--speed", &speed];
    holdpoint(&home, run).run()?;
    let took = started.elapsed().as_secs();

    let runs = holdpoint(&home, ["runs", "--json"]).output()?;
    let id = newest(&runs)
        .ok_or_else(|| Failure::Other(format!("`holdpoint runs --json` names no run: {runs}")))?;
    for (format, extension) in [("html", "html"), ("md", "md")] {
        let report = holdpoint(&home, ["report", &id, "--format", format]).output()?;
        write(&home.join(format!("report.{extension}")), &report)?;
    }
    let verdict = holdpoint(&home, ["verify", &id]).output()?;
    println!("\nrun      {id}, {took} s");
    println!("report   {}", home.join("report.html").display());
    println!("         {}", home.join("report.md").display());
    println!("verify   {}", verdict.trim());
    Ok(())
}

fn holdpoint<A: AsRef<str>>(home: &Path, arguments: impl IntoIterator<Item = A>) -> Tool {
    Tool::new(built("holdpoint"), arguments).env("HOLDPOINT_HOME", home).within(&root())
}

/// A home of the demo's own: it never touches what the developer keeps.
fn home() -> Result<std::path::PathBuf, Failure> {
    let home = target().join("demo");
    folder(&home)?;
    Ok(home)
}

/// `runs --json` is newest first.
fn newest(runs: &str) -> Option<String> {
    let runs: Value = serde_json::from_str(runs).ok()?;
    runs.get(0)?.get("id")?.as_str().map(str::to_owned)
}

fn display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
