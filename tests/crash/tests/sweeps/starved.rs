//! The disk is full, or says no: the run halts and says so, is never told as a success, and goes on when there is space.

use crate::stories::{DONE, spread};
use crate::tracing::{Traced, traced};
use holdpoint_crash::{Home, each, ending, sweep, whole};

/// The disk is full at a moment that `LEAVE` decides; then there is space again.
const FULL: &str = r#"
mount -t tmpfs -o size=40m none "$HOLDPOINT_HOME" 2>/dev/null || exit 77
"$PROGRAM" runs 2>/dev/null
dd if=/dev/zero of="$HOLDPOINT_HOME/fill" bs=4096 2>/dev/null
truncate -s "-${LEAVE}K" "$HOLDPOINT_HOME/fill"
"$PROGRAM" run "$PLAN" --practice --trust --auto-sign --speed 2000 >/dev/null; echo "full $?"
rm "$HOLDPOINT_HOME/fill"
if [ "$("$PROGRAM" runs --json)" = "[]" ]; then
  "$PROGRAM" run "$PLAN" --practice --trust --auto-sign --speed 2000 >/dev/null; echo "ended $?"
else
  "$PROGRAM" verify last; echo "verified $?"
  "$PROGRAM" resume last --auto-sign >/dev/null; echo "ended $?"
fi
"$PROGRAM" verify last
grep -c '"k":"call"' "$HOLDPOINT_HOME"/runs/*/sim/journal.jsonl
"#;

#[test]
fn a_full_disk_halts_and_loses_nothing() {
    let every = if whole() { 4 } else { 50 };
    let leaves: Vec<u32> = (0..=320).step_by(every).collect();
    each("R2", "a disk that is full at some moment, kB left", &leaves, |leave| full(*leave));
}

fn full(leave: u32) -> Option<String> {
    let home = Home::new();
    std::fs::create_dir_all(home.kept()).unwrap();
    // A mount namespace of its own: the file system ends with the shell.
    let mut shell = home.shell(FULL);
    shell.env("PLAN", DONE.plan()).env("LEAVE", leave.to_string());
    let ran = home.ran(shell);
    if matches!(ran.code, Some(77 | 1 | 126 | 127)) && ran.out.is_empty() {
        println!("skipped: there is no mount namespace here ({})", ran.err);
        return None;
    }
    let wrong = [
        (!ran.out.contains("full 1"), "it did not fail"),
        (!ran.err.contains("full") && !ran.err.contains("No space"), "it does not say why"),
        (ran.out.contains("verified 1"), "the journal is damaged"),
        (!ran.out.contains("ended 0") || !ran.out.contains("all anchored"), "it does not go on"),
        (!ran.out.trim_end().ends_with("\n4"), "not each call once"),
    ];
    let what = wrong.iter().find(|(wrong, _)| *wrong)?.1;
    Some(format!("{what}: {}\n{}", ran.out, ran.err))
}

/// A disk that fails says so by these calls of the program's own.
const OF_DISKS: [&str; 7] = ["pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink", "mkdir"];

#[test]
fn a_call_of_the_disk_that_fails_is_no_success() {
    let Some(counts) = traced(&Home::new(), &DONE.words(&DONE.plan())) else { return };
    let of_disks = |case: &String| OF_DISKS.iter().any(|call| case.starts_with(&format!("{call}#")));
    let cases = spread(counts.cases().into_iter().filter(of_disks).collect(), 12);
    let (expected, _, _) = DONE.undisturbed();
    sweep("R2", "the nth call of the program to its disk fails", &cases, &expected, |case| {
        let home = Home::new();
        let ran = Traced::fail(&home, case, "EIO", &DONE.words(&DONE.plan()));
        // What it can do without, it may do without: then it has come to its end, and that is checked.
        if ran.code != Some(0) {
            assert!(!ran.err.is_empty() && !ran.err.contains("panicked"), "{case}: {ran:?}");
            DONE.finish(&home);
        }
        ending(&home)
    });
}
