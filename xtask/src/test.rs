//! Everything that CI runs, in order, cheapest first where order is free.

use crate::part::{Ended, Part, run_all};
use crate::place::{built, root};
use crate::tool::{Failure, Tool, cargo, find, program_of_cargo};
use crate::{e2e, front, python, setup, types};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The parts. The UI is built before Rust, because the window is compiled with it inside. One target folder and
/// always the whole workspace: a package alone selects other features and compiles the SDKs again.
const PARTS: &[Part] = &[
    Part { name: "setup: system packages", work: || passed(setup::system(true)) },
    Part { name: "setup: AWS's clients", work: install_clients },
    Part { name: "format: rustfmt", work: || passed(cargo(["fmt", "--all", "--check"]).run()) },
    Part {
        name: "rules: arrows, files, requirements",
        work: || passed(cargo(["test", "--package", "holdpoint-house"]).run()),
    },
    Part { name: "deny: licences, bans, sources", work: deny },
    Part { name: "ui: packages", work: || passed(front::packages()) },
    Part { name: "ui: types and accessibility", work: || passed(front::npm(&["run", "check"])?.run()) },
    Part { name: "ui: lint", work: || passed(front::npm(&["run", "lint"])?.run()) },
    Part { name: "ui: tests", work: || passed(front::npm(&["run", "test"])?.run()) },
    Part { name: "ui: build", work: || passed(front::npm(&["run", "build"])?.run()) },
    Part { name: "lint: clippy, warnings are errors", work: lint },
    Part {
        name: "build: everything",
        work: || passed(cargo(["build", "--workspace", "--all-targets"]).run()),
    },
    Part { name: "rust: tests", work: rust_tests },
    Part {
        name: "rust: examples in documentation",
        work: || passed(cargo(["test", "--workspace", "--doc"]).run()),
    },
    Part { name: "generated: files are current", work: || passed(types::run(true)) },
    Part { name: "clients: the AWS CLI and boto3 on the simulator", work: clients },
    Part { name: "e2e: the real window by WebDriver", work: window },
];

/// Runs them.
pub(crate) fn run(only: Option<&str>) -> ExitCode {
    run_all(PARTS, only)
}

fn passed(outcome: Result<(), Failure>) -> Result<Ended, Failure> {
    outcome.map(|()| Ended::Passed)
}

fn lint() -> Result<Ended, Failure> {
    passed(cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run())
}

/// cargo-deny compiles in about two minutes on two cores; the owners of crates are also held by the rules.
fn deny() -> Result<Ended, Failure> {
    let deny = match program_of_cargo("cargo-deny") {
        Ok(deny) => deny,
        Err(failure) => {
            return Ok(Ended::Skipped(format!(
                "cargo-deny is not here and could not be installed: {failure}"
            )));
        }
    };
    // Not `advisories`: its database is fetched from a forge at every run, which would make this suite depend on it.
    passed(Tool::new(deny, ["--workspace", "check", "bans", "licenses", "sources"]).run())
}

fn rust_tests() -> Result<Ended, Failure> {
    let tests = if find("cargo-nextest").is_some() {
        cargo(["nextest", "run", "--workspace", "--profile", "ci", "--no-fail-fast"])
    } else {
        println!("cargo-nextest is not here: cargo test runs the same tests, one crate after the other");
        cargo(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"])
    };
    let tests = tests.env("HOLDPOINT_BIN", built("holdpoint")).env_remove("UPDATE");
    // Tests that have AWS's own clients as neighbours find them there; without them they say that they skip.
    match python::programs().and_then(|programs| path_with(&programs)) {
        Ok(path) => passed(tests.env("PATH", path).run()),
        Err(failure) => {
            println!("AWS's clients could not be installed: {failure}");
            passed(tests.run())
        }
    }
}

/// Has the cases of Terraform played by the real one, and what it says written down.
pub(crate) fn record_terraform() -> Result<(), Failure> {
    if find("terraform").is_none() {
        return Err(Failure::Missing {
            tool: "terraform".to_owned(),
            next: "install it: recordings are made of the real one".to_owned(),
        });
    }
    let path = path_with(&python::programs()?)?;
    let play = cargo(["test", "--package", "holdpoint-conformance", "--test", "suites", "--", "::real::"]);
    play.env("HOLDPOINT_RECORD_TERRAFORM", "1").env("PATH", path).run()
}

/// `PATH` with a folder before the others.
fn path_with(folder: &Path) -> Result<OsString, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path)))
        .map_err(|error| Failure::Other(format!("failed to put {} on PATH: {error}", folder.display())))
}

/// Before everything that has them as neighbours: suites of Rust find the AWS CLI and moto beside boto3.
fn install_clients() -> Result<Ended, Failure> {
    Ok(match programs_of_clients() {
        Ok(_) => Ended::Passed,
        Err(why) => Ended::Skipped(why),
    })
}

/// AWS's clients, installed; else why they are not.
fn programs_of_clients() -> Result<PathBuf, String> {
    if find("python3").is_none() {
        return Err("python3 is not here".to_owned());
    }
    python::programs().map_err(|failure| format!("AWS's clients could not be installed: {failure}"))
}

fn clients() -> Result<Ended, Failure> {
    let programs = match programs_of_clients() {
        Ok(programs) => programs,
        Err(why) => return Ok(Ended::Skipped(why)),
    };
    let path = path_with(&programs)?;
    let tests =
        Tool::new(programs.join("python"), ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/clients"]);
    passed(tests.within(&root()).env("PATH", path).env("HOLDPOINT_BIN", built("holdpoint")).run())
}

fn window() -> Result<Ended, Failure> {
    if !e2e::exists() {
        return Ok(Ended::Skipped("tests/e2e is not in this tree".to_owned()));
    }
    passed(e2e::walk())
}
