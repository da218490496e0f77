//! Killed at random moments of a walk and of its rollback: a part of how long each takes here, by a seed.

#![expect(clippy::disallowed_methods, reason = "a random moment is a part of how long the story takes here")]

use crate::stories::{BACK, DONE};
use holdpoint_crash::{Ending, Home, Numbers, Story, account, ending, seeds, sweep};
use std::time::{Duration, Instant};

/// Where the random moments come from.
const SEED: u64 = 20_260_101;

fn moments(of: u64, every_day: usize) -> Vec<String> {
    let mut numbers = Numbers::of(SEED + of);
    (0..seeds(every_day)).map(|_| numbers.part().to_string()).collect()
}

/// Starts it, and kills it after that part of the time.
fn kill(home: &Home, words: &[&str], took: Duration, moment: &str) {
    let mut running = home.start(home.command(words));
    std::thread::sleep(took.mul_f64(moment.parse().unwrap()));
    running.child.kill().unwrap();
    running.end();
}

fn timed(story: Story) -> (Ending, Duration) {
    let home = Home::new();
    let began = Instant::now();
    story.walk(&home, &[]).exits(i32::from(story.back));
    let took = began.elapsed();
    story.finish(&home);
    (ending(&home), took)
}

#[test]
fn a_walk_survives_random_moments() {
    let (expected, took) = timed(DONE);
    sweep("R1", "five stages, killed at random moments", &moments(0, 6), &expected, |moment| {
        let home = Home::new();
        kill(&home, &DONE.words(&DONE.plan()), took, moment);
        DONE.finish(&home);
        ending(&home)
    });
}

#[test]
fn a_rollback_survives_random_moments() {
    let failed = Home::new();
    BACK.walk(&failed, &[]).exits(1);
    account::end(&failed.folder(&failed.runs()[0]).join("sim"));
    let whole = failed.copy();
    let began = Instant::now();
    whole.run(&["rollback", "last"]).exits(1);
    let took = began.elapsed();
    sweep("R1", "its rollback, killed at random moments", &moments(1, 3), &ending(&whole), |moment| {
        let home = failed.copy();
        kill(&home, &["rollback", "last"], took, moment);
        BACK.finish(&home);
        ending(&home)
    });
}
