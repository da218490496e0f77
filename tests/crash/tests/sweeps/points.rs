//! Killed, as `kill -9` does, at named points: before and after each fact is stored, before and after each call that
//! changes something.

use crate::stories::{BACK, BROKER, DONE, sample};
use holdpoint_crash::{Home, account, effects, ending, killed, sweep};
use std::time::Duration;

#[test]
fn a_walk_survives_its_points() {
    let (expected, points, _) = DONE.undisturbed();
    assert!(effects(&expected) == 4 && points.len() > 60, "{points:?}");
    sweep("R1", "five stages, killed at named points", &sample(&points, 5), &expected, |point| {
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
    sweep("R1", "its rollback, killed at named points", &sample(&points, 1), &expected, |point| {
        let home = failed.copy();
        killed(&home.run_with(&[("HOLDPOINT_CRASH_AT", point)], &["rollback", "last"]), point);
        BACK.finish(&home);
        ending(&home)
    });
}

#[test]
fn a_failing_deployment_survives_its_points() {
    let (expected, points, _) = BACK.undisturbed();
    // Until the deployment is sent it is the walk of above.
    let from = points.iter().rposition(|point| point.starts_with("before-act")).unwrap();
    sweep(
        "R1",
        "a deployment that fails, killed at named points",
        &sample(&points[from..], 2),
        &expected,
        |point| {
            let home = Home::new();
            killed(&BACK.walk(&home, &[("HOLDPOINT_CRASH_AT", point)]), point);
            BACK.finish(&home);
            ending(&home)
        },
    );
}

#[test]
fn a_plan_as_large_as_a_real_one_survives_its_points() {
    let (expected, points, _) = BROKER.undisturbed();
    sweep("R1", "six stages, killed at named points", &sample(&points, 40), &expected, |point| {
        let home = Home::new();
        killed(&BROKER.walk(&home, &[("HOLDPOINT_CRASH_AT", point)]), point);
        BROKER.finish(&home);
        ending(&home)
    });
}

#[test]
fn a_walk_survives_the_death_of_its_account_too() {
    let (expected, points, _) = DONE.undisturbed();
    let acts: Vec<_> = points.into_iter().filter(|point| point.contains("-act#")).collect();
    sweep("R1", "killed around a call, and the practice account with it", &acts, &expected, |point| {
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
