//! Homes that older releases have kept: each run in them is read, verified and told as that release told it, and one that
//! was open is gone on with.
//!
//! A folder of `releases/` is a version of the ledger: `home` is what that release left (a run that ended, one that went
//! back, one whose console was killed), and a text for each run, written with `UPDATE=1` by that very release. A folder is
//! added when the version changes, and never altered.

use holdpoint_crash::{Home, ending_of, record, repository};
use std::path::Path;

const RELEASES: &str = "tests/crash/releases";

#[test]
fn what_older_releases_kept_is_read_and_gone_on_with() {
    let mut releases: Vec<_> =
        std::fs::read_dir(repository(RELEASES)).unwrap().map(|entry| entry.unwrap().path()).collect();
    releases.sort();
    assert!(!releases.is_empty());
    for release in releases {
        let cases = check(&release);
        record("R12", "runs kept by older releases", holdpoint_crash::Found { cases, violations: 0 });
    }
}

fn check(release: &Path) -> usize {
    let home = Home::holding(&release.join("home"));
    let runs = home.json(&["runs", "--json"]);
    let runs = runs.as_array().unwrap();
    assert_eq!(runs.len(), 3, "{}", release.display());
    for run in runs {
        let (id, open) = (run["id"].as_str().unwrap(), run["ended_at"].is_null());
        if open {
            home.run(&["verify", id]).exits(0).says(&["intact"]);
            home.run(&["resume", id, "--auto-sign"]).exits(0);
        }
        let told = ending_of(&home, id).join("\n") + "\n";
        let kept = release.join(format!("{id}.txt"));
        #[expect(clippy::disallowed_methods, reason = "asked for by hand, when a release is added")]
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&kept, &told).unwrap();
        }
        assert_eq!(told, std::fs::read_to_string(&kept).unwrap(), "{} of {}", id, release.display());
    }
    runs.len()
}
