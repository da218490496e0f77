//! Killed at system calls, wherever in the program they are made: by `strace`, which counts them for each thread.

use crate::stories::{BACK, DONE, spread};
use crate::tracing::{Traced, traced};
use holdpoint_crash::{Home, account, ending, sweep};

#[test]
fn a_walk_survives_kills_at_system_calls() {
    let Some(counts) = traced(&Home::new(), &DONE.words(&DONE.plan())) else { return };
    let (expected, _, _) = DONE.undisturbed();
    let cases = spread(counts.cases(), 24);
    assert!(cases.len() > 8, "{counts:?}");
    sweep("R1", "five stages, killed at system calls", &cases, &expected, |case| {
        let home = Home::new();
        Traced::kill(&home, case, &DONE.words(&DONE.plan()));
        DONE.finish(&home);
        ending(&home)
    });
}

#[test]
fn a_rollback_survives_kills_at_system_calls() {
    let failed = Home::new();
    BACK.walk(&failed, &[]).exits(1);
    account::end(&failed.folder(&failed.runs()[0]).join("sim"));
    let whole = failed.copy();
    let Some(counts) = traced(&whole, &["rollback", "last"]) else { return };
    let cases = spread(counts.cases(), 40);
    sweep("R1", "its rollback, killed at system calls", &cases, &ending(&whole), |case| {
        let home = failed.copy();
        Traced::kill(&home, case, &["rollback", "last"]);
        BACK.finish(&home);
        ending(&home)
    });
}
