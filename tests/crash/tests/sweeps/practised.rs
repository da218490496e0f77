//! The plans that come with Holdpoint, killed at random moments of a practice, resumed, and ended as if nothing had
//! happened.

#![expect(
    clippy::disallowed_methods,
    reason = "a random moment is a part of how long the practice takes here"
)]

use holdpoint_crash::{Home, Numbers, Ran, ending, repository, seeds, sweep};
use std::path::Path;
use std::time::Instant;

/// Where the random moments come from.
const SEED: u64 = 20_260_404;
/// Asked for by one of the plans; others do not look.
const TOKEN: (&str, &str) = ("HOLDPOINT_SECRET_USER_TOKEN", "practice-token-1");

/// A home with a copy of the plans: some make a working copy beside themselves.
fn home() -> Home {
    let home = Home::new();
    lay_out(&repository("plans"), &home.kept().join("plans"));
    home
}

fn lay_out(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        // A working copy that somebody's own practice has left beside the plan is not the plan's.
        let made = entry.path().join(".git").exists();
        match entry.file_type().unwrap().is_dir() {
            true if !made => lay_out(&entry.path(), &to.join(entry.file_name())),
            true => {}
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

fn words(home: &Home, plan: &str) -> Vec<String> {
    let path = home.kept().join(format!("plans/{plan}.plan.md")).into_os_string().into_string().unwrap();
    ["run", &path, "--practice", "--auto-sign", "--trust", "--speed", "240"].map(str::to_owned).to_vec()
}

fn walk(home: &Home, plan: &str) -> Ran {
    let words = words(home, plan);
    home.run_with(&[TOKEN], &words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn survives(plan: &str) {
    let undisturbed = home();
    let began = Instant::now();
    walk(&undisturbed, plan).exits(0);
    let took = began.elapsed();
    let mut numbers = Numbers::of(SEED + plan.len() as u64);
    let moments: Vec<String> = (0..seeds(2)).map(|_| numbers.part().to_string()).collect();
    sweep("R1", &format!("{plan}, killed at random moments"), &moments, &ending(&undisturbed), |moment| {
        let home = home();
        let words = words(&home, plan);
        let mut command = home.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
        command.envs([TOKEN]);
        let mut running = home.start(command);
        std::thread::sleep(took.mul_f64(moment.parse().unwrap()));
        running.child.kill().unwrap();
        running.end();
        match home.runs().is_empty() {
            true => walk(&home, plan),
            false => home.run_with(&[TOKEN], &["resume", "last", "--auto-sign"]),
        }
        .exits(0);
        ending(&home)
    });
}

#[test]
fn agents_on_app_runner() {
    survives("agents-on-app-runner");
}

#[test]
fn app_runner_to_express_mode() {
    survives("app-runner-to-express-mode");
}

#[test]
fn ecs_api_and_worker() {
    survives("ecs-api-and-worker");
}

#[test]
fn ecs_migrations_at_start() {
    survives("ecs-migrations-at-start");
}

#[test]
fn private_database() {
    survives("private-database");
}

#[test]
fn reapply_a_patch() {
    survives("reapply-a-patch");
}
