//! Killed at system calls, wherever in the program they are made: by `strace`, which counts them for each thread.

use crate::stories::{BACK, DONE, spread};
use crate::tracing::{Traced, traced};
use holdpoint_crash::{Home, account, ending, sweep};
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_walk_survives_kills_at_system_calls() {
    let Some(counts) = traced(&Home::new(), &DONE.words(&DONE.plan())) else { return };
    let (expected, _, _) = DONE.undisturbed();
    let cases = spread(counts.cases(), 10);
    assert!(cases.len() > 5, "{counts:?}");
    let killed = AtomicUsize::new(0);
    sweep("R1", "five stages, killed at system calls", &cases, &expected, |case| {
        let home = Home::new();
        let ran = Traced::kill(&home, case, &DONE.words(&DONE.plan()));
        killed.fetch_add(usize::from(ran.code.is_none()), Ordering::SeqCst);
        DONE.finish(&home);
        ending(&home)
    });
    // Which thread makes how many calls differs from run to run, but not as much as that.
    let killed = killed.into_inner();
    assert!(killed * 4 > cases.len(), "{killed} of {} were killed", cases.len());
}

#[test]
fn a_rollback_survives_kills_at_system_calls() {
    let failed = Home::new();
    BACK.walk(&failed, &[]).exits(1);
    account::end(&failed.folder(&failed.runs()[0]).join("sim"));
    let whole = failed.copy();
    let Some(counts) = traced(&whole, &["rollback", "last"]) else { return };
    let cases = spread(counts.cases(), 20);
    sweep("R1", "its rollback, killed at system calls", &cases, &ending(&whole), |case| {
        let home = failed.copy();
        Traced::kill(&home, case, &["rollback", "last"]);
        BACK.finish(&home);
        ending(&home)
    });
}
