//! Fuzzing: each target of `fuzz/` for some time, from the cases of the tests on.

use crate::place::{root, target};
use crate::tool::{Failure, Tool, folder, program_of_cargo};

/// Targets, and the folders whose files they begin with.
const TARGETS: [(&str, &[&str]); 3] = [
    ("plan", &[PLANS, CASES, "crates/plan/tests/lint", "crates/plan/tests/understand"]),
    ("shell", &["crates/plan/tests/shell"]),
    ("import", &[PLANS, CASES, "crates/plan/tests/guides", "crates/plan/tests/twins"]),
];
const PLANS: &str = "plans";
const CASES: &str = "crates/plan/tests/cases";

/// Builds the targets and runs one of them, or all. What it comes to is kept under the target folder, and so is an input
/// that breaks a law, with its path in the last lines.
pub(crate) fn run(seconds: u32, only: Option<&str>) -> Result<(), Failure> {
    if let Some(unknown) = only.filter(|only| TARGETS.iter().all(|(name, _)| name != only)) {
        let known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Other(format!("no target `{unknown}`; there are {}", known.join(", "))));
    }
    let home = target().join("fuzz");
    let fuzz = program_of_cargo("cargo-fuzz")?;
    // Without a sanitizer the compiler of the workspace will do: there is no unsafe code of ours to look at.
    let build = ["fuzz", "build", "--fuzz-dir", "fuzz", "--sanitizer", "none"];
    let home_text = home.display().to_string();
    Tool::new(&fuzz, build).env("CARGO_TARGET_DIR", &home_text).run()?;
    let programs = programs(&home)?;
    for (name, seeds) in TARGETS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let (found, broken) = (home.join("found").join(name), home.join("broken").join(name));
        folder(&found)?;
        folder(&broken)?;
        let seeds = seeds.iter().map(|seeds| root().join(seeds).display().to_string());
        let mut arguments = vec![found.display().to_string()];
        arguments.extend(seeds);
        arguments.push(format!("-max_total_time={seconds}"));
        arguments.push(format!("-artifact_prefix={}/", broken.display()));
        arguments.extend(["-max_len=16384", "-timeout=20", "-rss_limit_mb=2048"].map(str::to_owned));
        Tool::new(programs.join(name), arguments).run()?;
    }
    Ok(())
}

/// Where cargo-fuzz puts what it builds: in a folder of the machine's own triple.
fn programs(home: &std::path::Path) -> Result<std::path::PathBuf, Failure> {
    let said = Tool::new("rustc", ["-vV"]).output()?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Failure::Other("`rustc -vV` does not say its host".to_owned()))?;
    Ok(home.join(host).join("release"))
}
