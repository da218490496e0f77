//! Killed, as `kill -9` does, at every named point and at random moments, a run goes on and ends as if nothing had
//! happened: the practice account's own record has the same calls, each once; the journal is intact; the report tells
//! the same.

use crate::account::{self, Account};
use crate::home::{Home, Ran, repository};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Where the random moments come from.
const SEED: u64 = 20_260_101;
/// Cases at a time.
const AT_ONCE: usize = 2;

/// A run from its beginning to its end, in one or two commands.
#[derive(Clone, Copy)]
struct Story {
    plan: &'static str,
    speed: &'static str,
    scenario: &'static str,
    /// The run fails, and is rolled back.
    back: bool,
}

const DONE: Story =
    Story { plan: "crates/cli/tests/plans/pair.plan.md", speed: "2000", scenario: "healthy", back: false };
const BACK: Story = Story { scenario: "crash_loop", back: true, ..DONE };
const WHOLE: Story = Story { plan: "crates/cli/tests/plans/broker.plan.md", ..DONE };

/// All that must be the same, however often the console died: a line each.
pub(crate) type Ending = Vec<String>;

impl Story {
    fn walk(self, home: &Home, env: &[(&str, &str)]) -> Ran {
        let plan = repository(self.plan);
        let words = ["run", plan.to_str().unwrap(), "--practice", "--trust", "--auto-sign"];
        let words = [&words[..], &["--speed", self.speed, "--scenario", self.scenario]].concat();
        home.run_with(env, &words)
    }

    /// What an operator does who finds the console gone: go on, and roll back what failed.
    fn finish(self, home: &Home) -> Ran {
        let mut ran = match home.runs().is_empty() {
            // Killed before the run's first fact was stored: there is no run, and nothing was started.
            true => self.walk(home, &[]),
            false => home.run(&["resume", "last", "--auto-sign"]),
        };
        if self.back && !is_over(home) {
            ran = home.run(&["rollback", "last"]);
        }
        ran.exits(i32::from(self.back))
    }

    /// The whole story undisturbed; with the points that each of its commands passes.
    fn undisturbed(self) -> (Ending, Vec<String>, Vec<String>) {
        let home = Home::new();
        let logs = [home.file("walk.points", ""), home.file("back.points", "")];
        let [walk, back] = logs.each_ref().map(|log| log.to_str().unwrap());
        self.walk(&home, &[("HOLDPOINT_POINTS_LOG", walk)]).exits(i32::from(self.back));
        if self.back {
            home.run_with(&[("HOLDPOINT_POINTS_LOG", back)], &["rollback", "last"]).exits(1);
        }
        let ending = ending(&home);
        (ending, points(walk), points(back))
    }
}

fn is_over(home: &Home) -> bool {
    !home.json(&["runs", "--json"])[0]["ended_at"].is_null()
}

/// Names of points in a log, each with how often it had been passed.
fn points(log: &str) -> Vec<String> {
    let mut passed = BTreeMap::new();
    let text = std::fs::read_to_string(log).unwrap();
    let numbered = text.lines().map(|name| {
        let nth = passed.entry(name.to_owned()).and_modify(|nth| *nth += 1).or_insert(1);
        format!("{name}#{nth}")
    });
    numbered.collect()
}

/// How the newest run of a home ended.
fn ending(home: &Home) -> Ending {
    home.run(&["verify", "last"]).exits(0).says(&["intact", "all anchored"]);
    let runs = home.runs();
    assert_eq!(runs.len(), 1, "one story is one run");
    let account = Account::of(home, &runs[0]);
    let report = home.json(&["report", "last", "--format", "json"]);
    let of = |list: &Value| list.as_array().unwrap().clone();
    let mut lines: Ending = account.effects().iter().map(|effect| format!("effect {effect}")).collect();
    lines.extend(account.deployments().iter().map(|deployment| format!("deployment {deployment}")));
    for step in of(&report["stages"]).iter().flat_map(|stage| of(&stage["steps"])) {
        lines.push(format!("step {} {}", step["id"], step["status"]));
    }
    for hold in of(&report["holds"]) {
        let who = of(&hold["signatures"]).into_iter();
        let who: Vec<_> =
            who.map(|one| json!([one["name"], one["decision"], one["auto"], one["void"]])).collect();
        lines.push(format!("hold {} {} {}", hold["hold"], hold["satisfied"], json!(who)));
    }
    for change in of(&report["changes"]) {
        lines.push(format!("change {} {} {}", change["work"], change["call"], change["undone"]));
    }
    lines.push(format!("end {}", report["outcome"]["end"]));
    lines
}

/// What is in one ending and not, or not there, in the other.
fn difference(ending: &Ending, expected: &Ending) -> String {
    let only = |mark: &str, of: &Ending, other: &Ending| {
        let lines = of.iter().filter(|line| !other.contains(line));
        lines.map(|line| format!("  {mark} {line}\n")).collect::<String>()
    };
    let text = only("-", expected, ending) + &only("+", ending, expected);
    if text.is_empty() { format!("  the same in another order, or how often:\n{ending:#?}") } else { text }
}

/// Walks all cases, and names every one that ends otherwise.
pub(crate) fn sweep(cases: &[String], expected: &Ending, case: impl Fn(&str) -> Ending + Sync) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let ended = catch_unwind(AssertUnwindSafe(|| case(name)));
                    let why = match ended {
                        Ok(ending) if &ending == expected => continue,
                        Ok(ending) => format!("{name}: ended otherwise\n{}", difference(&ending, expected)),
                        Err(_) => format!("{name}: see the panic above"),
                    };
                    failed.lock().unwrap().push(why);
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} cases\n{}", failed.len(), cases.len(), failed.join("\n"));
}

fn effects(ending: &Ending) -> usize {
    ending.iter().filter(|line| line.starts_with("effect ")).count()
}

fn killed(ran: &Ran, point: &str) {
    assert_eq!(ran.code, None, "{point} was not passed: {ran:?}");
}

#[test]
fn a_walk_survives_every_point() {
    let (expected, points, _) = DONE.undisturbed();
    assert!(effects(&expected) == 4 && points.len() > 60, "{points:?}");
    sweep(&points, &expected, |point| {
        let home = Home::new();
        killed(&DONE.walk(&home, &[("HOLDPOINT_CRASH_AT", point)]), point);
        DONE.finish(&home);
        ending(&home)
    });
}

#[test]
fn a_rollback_survives_every_point() {
    let (expected, _, points) = BACK.undisturbed();
    assert!(effects(&expected) > 5 && points.len() > 12, "{points:?}");
    // One run that has failed and waits; each case begins with a copy of it.
    let failed = Home::new();
    BACK.walk(&failed, &[]).exits(1);
    account::end(&failed.folder(&failed.runs()[0]).join("sim"));
    sweep(&points, &expected, |point| {
        let home = failed.copy();
        killed(&home.run_with(&[("HOLDPOINT_CRASH_AT", point)], &["rollback", "last"]), point);
        BACK.finish(&home);
        ending(&home)
    });
}

#[test]
fn a_failing_deployment_survives_every_point() {
    let (expected, points, _) = BACK.undisturbed();
    // Until the deployment is sent it is the walk of above.
    let from = points.iter().rposition(|point| point.starts_with("before-act")).unwrap();
    sweep(&points[from..], &expected, |point| {
        let home = Home::new();
        killed(&BACK.walk(&home, &[("HOLDPOINT_CRASH_AT", point)]), point);
        BACK.finish(&home);
        ending(&home)
    });
}

#[test]
fn a_whole_plan_survives_a_sample_of_points() {
    let (expected, points, _) = WHOLE.undisturbed();
    let acts = |point: &&String| point.contains("-act#");
    let sample: Vec<_> = points.iter().step_by(17).chain(points.iter().filter(acts)).cloned().collect();
    sweep(&sample, &expected, |point| {
        let home = Home::new();
        killed(&WHOLE.walk(&home, &[("HOLDPOINT_CRASH_AT", point)]), point);
        WHOLE.finish(&home);
        ending(&home)
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a random moment is a part of how long the walk takes here")]
fn a_walk_survives_ten_random_moments() {
    let began = Instant::now();
    let (expected, _, _) = DONE.undisturbed();
    let took = began.elapsed();
    let moments: Vec<String> = randoms(SEED).take(10).map(|part| part.to_string()).collect();
    eprintln!("seed {SEED}: killed after these parts of {took:?}: {}", moments.join(" "));
    sweep(&moments, &expected, |moment| {
        let home = Home::new();
        let plan = repository(DONE.plan);
        let words =
            ["run", plan.to_str().unwrap(), "--practice", "--trust", "--auto-sign", "--speed", "2000"];
        let mut running = home.start(home.command(&words));
        std::thread::sleep(took.mul_f64(moment.parse().unwrap()));
        running.child.kill().unwrap();
        running.end();
        DONE.finish(&home);
        ending(&home)
    });
}

#[test]
fn a_walk_survives_the_death_of_its_account_too() {
    let (expected, points, _) = DONE.undisturbed();
    let acts: Vec<_> = points.into_iter().filter(|point| point.contains("-act#")).collect();
    sweep(&acts, &expected, |point| {
        let home = Home::new();
        killed(&DONE.walk(&home, &[("HOLDPOINT_CRASH_AT", point)]), point);
        let pid = account::pid(&home.folder(&home.runs()[0]).join("sim")).unwrap();
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        while rustix::process::test_kill_process(pid).is_ok() {
            std::thread::sleep(Duration::from_millis(2));
        }
        DONE.finish(&home);
        ending(&home)
    });
}

/// Numbers from 0 to 1: a xorshift, so that a seed is a sequence on every machine.
fn randoms(seed: u64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(seed), |state| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 7);
        Some(state ^ (state << 17))
    })
    .skip(8)
    .map(|state| (state >> 11) as f64 / (1_u64 << 53) as f64)
}
