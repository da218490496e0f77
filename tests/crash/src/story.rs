//! A run from its beginning to its end, in one or two commands, and what an operator does who finds the console gone.

use crate::ending::{Ending, ending};
use crate::home::{Home, Ran, repository};
use std::collections::BTreeMap;

/// Which plan, how fast, in which practice account, and whether it goes back.
#[derive(Debug, Clone, Copy)]
pub struct Story {
    /// The plan, from the repository's root.
    pub plan: &'static str,
    /// By what durations are divided.
    pub speed: &'static str,
    /// What befalls it.
    pub scenario: &'static str,
    /// The run fails, and is rolled back.
    pub back: bool,
}

impl Story {
    /// The command that walks it.
    pub fn words(self, plan: &str) -> Vec<&str> {
        let words = ["run", plan, "--practice", "--trust", "--auto-sign"];
        [&words[..], &["--speed", self.speed, "--scenario", self.scenario]].concat()
    }

    /// Where its plan is.
    pub fn plan(self) -> String {
        repository(self.plan).into_os_string().into_string().unwrap()
    }

    /// Walks it with more in its environment.
    pub fn walk(self, home: &Home, env: &[(&str, &str)]) -> Ran {
        home.run_with(env, &self.words(&self.plan()))
    }

    /// Goes on, and rolls back what failed.
    pub fn finish(self, home: &Home) -> Ran {
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
    pub fn undisturbed(self) -> (Ending, Vec<String>, Vec<String>) {
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

/// Fails unless a signal ended it.
pub fn killed(ran: &Ran, point: &str) {
    assert_eq!(ran.code, None, "{point} was not passed: {ran:?}");
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
