//! `git.apply`, `git.state` and `file.assert` on real repositories, live and in practice.

#![expect(clippy::unwrap_used, reason = "a suite stops at what it did not expect")]

use holdpoint_conformance::cases::{MAIN, PATCH, commit, git, patch, repository};
use holdpoint_conformance::{Room, succeeded, walk};
use holdpoint_engine::{ActError, Ending, Task};
use holdpoint_run::{Diagnosis, Mode};
use serde_json::{Value, json};
use std::path::PathBuf;

struct Bench {
    room: Room,
    repo: PathBuf,
}

impl Bench {
    async fn open() -> Self {
        let room = Room::open("healthy").await;
        let repo = room.folder().join("repo");
        repository(&repo);
        Self { room, repo }
    }

    fn task(&self, kind: &str, with: Value, expect: Value, mode: Mode) -> Task {
        Task { mode, expect, ..self.room.task("step", kind, with) }
    }

    async fn walk(&self, kind: &str, with: &Value, expect: Value, mode: Mode) -> Ending {
        let task = self.task(kind, with.clone(), expect, mode);
        walk(self.room.executor(kind).as_ref(), &task).await
    }

    async fn refused(&self, kind: &str, with: &Value, expect: Value) -> Diagnosis {
        let task = self.task(kind, with.clone(), expect, Mode::Live);
        self.room.executor(kind).prepare(&task).await.unwrap_err()
    }

    fn main(&self) -> String {
        std::fs::read_to_string(self.repo.join("main.tf")).unwrap()
    }
}

fn words(diagnosis: &Diagnosis) -> String {
    format!("{diagnosis:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_is_applied_once_and_taken_back() {
    let bench = Bench::open().await;
    let with = patch(bench.room.folder(), PATCH);
    let outputs = succeeded(bench.walk("git.apply", &with, json!({"files": ["main.tf"]}), Mode::Live).await);
    assert_eq!((&outputs["applied"], &outputs["already_applied"]), (&json!(true), &json!(false)));
    assert!(bench.main().contains("15.12"));
    let again = succeeded(bench.walk("git.apply", &with, json!({}), Mode::Live).await);
    assert_eq!((&again["applied"], &again["already_applied"]), (&json!(false), &json!(true)));
    let mut back = with.clone();
    back["reverse"] = json!(true);
    succeeded(bench.walk("git.apply", &back, json!({}), Mode::Live).await);
    assert_eq!(bench.main(), MAIN);
    assert_eq!(git(&bench.repo, &["status", "--porcelain"]), "", "neither the index nor a file is changed");
    bench.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn practice_changes_a_copy_that_later_checks_read() {
    let bench = Bench::open().await;
    let with = patch(bench.room.folder(), PATCH);
    succeeded(bench.walk("git.apply", &with, json!({}), Mode::Practice).await);
    assert_eq!(bench.main(), MAIN, "the real file stays");
    let hcl = json!({"resource.aws_db_instance.main.engine_version": "15.12"});
    let files = json!({"files": [{"path": "repo/main.tf", "hcl": hcl}]});
    succeeded(bench.walk("file.assert", &files, json!({}), Mode::Practice).await);
    let again = succeeded(bench.walk("git.apply", &with, json!({}), Mode::Practice).await);
    assert_eq!(again["already_applied"], true);
    bench.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_a_patch_makes_renames_and_deletes_are_practised_too() {
    let bench = Bench::open().await;
    std::fs::write(bench.repo.join("old.tf"), "a = 1\nb = 2\nc = 3\n").unwrap();
    std::fs::write(bench.repo.join("gone.tf"), "x = 1\n").unwrap();
    commit(&bench.repo, "Second");
    git(&bench.repo, &["mv", "old.tf", "new.tf"]);
    git(&bench.repo, &["rm", "--quiet", "gone.tf"]);
    std::fs::write(bench.repo.join("made.tf"), "y = 1\n").unwrap();
    git(&bench.repo, &["add", "--all"]);
    let text = git(&bench.repo, &["diff", "--cached", "--find-renames"]) + "\n";
    git(&bench.repo, &["reset", "--quiet", "--hard"]);
    let with = patch(bench.room.folder(), &text);
    let files = json!(["gone.tf", "made.tf", "new.tf", "old.tf"]);
    let outputs = succeeded(bench.walk("git.apply", &with, json!({"files": files}), Mode::Practice).await);
    assert_eq!(outputs["files"], files);
    let rules = json!({"files": [
        {"path": "repo/old.tf", "exists": false}, {"path": "repo/gone.tf", "exists": false},
        {"path": "repo/new.tf", "contains": ["b = 2"]}, {"path": "repo/made.tf"},
    ]});
    succeeded(bench.walk("file.assert", &rules, json!({}), Mode::Practice).await);
    assert!(bench.repo.join("old.tf").exists());
    succeeded(bench.walk("git.apply", &with, json!({}), Mode::Practice).await);
    bench.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_names_the_files_and_changes_nothing() {
    let bench = Bench::open().await;
    let with = patch(bench.room.folder(), PATCH);
    std::fs::write(bench.repo.join("main.tf"), MAIN.replace("15.7", "14.2")).unwrap();
    commit(&bench.repo, "Another version");
    let diagnosis = bench.refused("git.apply", &with, json!({})).await;
    assert!(
        diagnosis.headline.contains("main.tf") && words(&diagnosis).contains("three_way"),
        "{diagnosis:?}"
    );
    let mut merging = with.clone();
    merging["three_way"] = json!(true);
    let diagnosis = bench.refused("git.apply", &merging, json!({})).await;
    assert!(diagnosis.headline.contains("main.tf"), "{diagnosis:?}");
    assert!(!bench.main().contains("<<<<"), "no conflict is left behind");
    let mut other = with.clone();
    other["sha256"] = json!("00");
    assert!(bench.refused("git.apply", &other, json!({})).await.headline.contains("not the patch"));
    bench.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_three_way_merge_takes_what_is_next_to_other_changes() {
    let bench = Bench::open().await;
    let lines = |changed: &[(usize, &str)]| -> String {
        (1..=20)
            .map(|at| {
                changed
                    .iter()
                    .find(|(line, _)| *line == at)
                    .map_or(format!("line {at}\n"), |(_, text)| format!("{text}\n"))
            })
            .collect()
    };
    let write =
        |changed: &[(usize, &str)]| std::fs::write(bench.repo.join("main.tf"), lines(changed)).unwrap();
    write(&[]);
    commit(&bench.repo, "Lines");
    write(&[(10, "ten of the patch")]);
    let text = git(&bench.repo, &["diff", "--full-index"]) + "\n";
    // Two lines above: in the patch's context, so that it does not fit as it is.
    write(&[(8, "eight of ours")]);
    commit(&bench.repo, "Beside it");
    let mut with = patch(bench.room.folder(), &text);
    assert!(bench.refused("git.apply", &with, json!({})).await.headline.contains("does not fit"));
    with["three_way"] = json!(true);
    succeeded(bench.walk("git.apply", &with, json!({}), Mode::Practice).await);
    assert_eq!(bench.main(), lines(&[(8, "eight of ours")]));
    // What practice merged is in its copies, which a live run does not have.
    std::fs::remove_dir_all(bench.room.folder().join("files")).unwrap();
    succeeded(bench.walk("git.apply", &with, json!({}), Mode::Live).await);
    assert_eq!(bench.main(), lines(&[(8, "eight of ours"), (10, "ten of the patch")]));
    let again = succeeded(bench.walk("git.apply", &with, json!({}), Mode::Live).await);
    assert_eq!(again["already_applied"], true);
    with["reverse"] = json!(true);
    succeeded(bench.walk("git.apply", &with, json!({}), Mode::Live).await);
    assert_eq!(bench.main(), lines(&[(8, "eight of ours")]));
    assert_eq!(git(&bench.repo, &["status", "--porcelain"]), "");
    bench.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_the_plans_folder() {
    let bench = Bench::open().await;
    let outside = bench.room.folder().parent().unwrap().to_owned();
    std::os::unix::fs::symlink(&outside, bench.repo.join("out")).unwrap();
    for path in ["../x", "/etc/hostname", "repo/out/x", "repo/.git/config", "repo/../../x"] {
        let files = json!({"files": [{"path": path}]});
        bench.refused("file.assert", &files, json!({})).await;
        assert!(bench.walk_patch_at(path).await, "{path}");
    }
    let evil = PATCH.replace("main.tf", "../../evil.tf");
    let with = patch(bench.room.folder(), &evil);
    bench.refused("git.apply", &with, json!({})).await;
    let through = "--- /dev/null\n+++ b/out/evil.tf\n@@ -0,0 +1 @@\n+x\n";
    let with = patch(bench.room.folder(), through);
    bench.refused("git.apply", &with, json!({})).await;
    assert!(!outside.join("evil.tf").exists());
    bench.room.close().await;
}

impl Bench {
    /// Whether a patch at this path is refused.
    async fn walk_patch_at(&self, path: &str) -> bool {
        let with = json!({"patch": path, "sha256": "00", "dir": "repo"});
        let task = self.task("git.apply", with, json!({}), Mode::Live);
        self.room.executor("git.apply").prepare(&task).await.is_err()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_runs_nothing_of_its_own() {
    let bench = Bench::open().await;
    let proof = bench.room.folder().join("ran");
    let program = bench.room.folder().join("evil.sh");
    std::fs::write(&program, format!("#!/bin/sh\ntouch {}\ncat\n", proof.display())).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let evil = program.display().to_string();
    for hook in ["post-index-change", "pre-commit", "post-checkout"] {
        std::fs::copy(&program, bench.repo.join(".git/hooks").join(hook)).unwrap();
    }
    git(&bench.repo, &["config", "core.pager", &evil]);
    git(&bench.repo, &["config", "diff.external", &evil]);
    git(&bench.repo, &["config", "core.sshCommand", &evil]);
    // Set by hand: git itself would run it from here on.
    let config = bench.repo.join(".git/config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}\tfsmonitor = {evil}\n[core]\n\tfsmonitor = {evil}\n")).unwrap();
    let with = patch(bench.room.folder(), PATCH);
    let state = json!({"dir": "repo"});
    std::fs::write(bench.repo.join("main.tf"), format!("{MAIN}\n")).unwrap();
    let _ = bench.walk("git.state", &state, json!({"unchanged_since": {"base": "main"}}), Mode::Live).await;
    let _ =
        bench.room.executor("git.apply").prepare(&bench.task("git.apply", with, json!({}), Mode::Live)).await;
    assert!(!proof.exists(), "a program of the repository ran");
    std::fs::write(&config, format!("{text}[filter \"x\"]\n\tclean = {evil}\n")).unwrap();
    std::fs::write(bench.repo.join(".gitattributes"), "*.tf filter=x\n").unwrap();
    let ending = bench.walk("git.state", &state, json!({}), Mode::Live).await;
    let Ending::Failed(diagnosis) = ending else { panic!("{ending:?}") };
    assert!(diagnosis.headline.contains("filter.x.clean"), "{diagnosis:?}");
    assert!(!proof.exists(), "a filter of the repository ran");
    bench.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_working_copy_is_told_as_it_is() {
    let bench = Bench::open().await;
    let state = json!({"dir": "repo"});
    let first = git(&bench.repo, &["rev-parse", "HEAD"]);
    git(&bench.repo, &["tag", "base"]);
    std::fs::write(bench.repo.join("other.tf"), "a = 1\n").unwrap();
    commit(&bench.repo, "Second");
    std::fs::write(bench.repo.join("new file.tf"), "a = 1\n").unwrap();
    let table = [
        (json!({"clean": false, "branch": "main"}), true),
        (json!({"clean": true}), false),
        (json!({"branch": "other"}), false),
        (json!({"contains_commit": first}), true),
        (json!({"contains_commit": "0123456"}), false),
        (json!({"commit": first}), false),
        (json!({"unchanged_since": {"base": "base", "paths": ["main.tf"]}}), true),
        (json!({"unchanged_since": {"base": "base"}}), false),
        (json!({"ahead": 0}), false),
    ];
    for (expect, expected) in table {
        let ending = bench.walk("git.state", &state, expect.clone(), Mode::Live).await;
        let Ending::Succeeded { outputs, judgements, .. } = ending else { panic!("{expect}: {ending:?}") };
        assert_eq!(judgements.iter().all(|judgement| judgement.holds), expected, "{expect}: {judgements:?}");
        assert_eq!(outputs["changed_files"].value, Some(json!(["new file.tf"])));
    }
    bench.refused("git.state", &state, json!({"contains_commit": "--output=x"})).await;
    bench.room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_that_stopped_fitting_is_refused_in_the_last_moment() {
    let bench = Bench::open().await;
    let with = patch(bench.room.folder(), PATCH);
    let task = bench.task("git.apply", with, json!({}), Mode::Live);
    let executor = bench.room.executor("git.apply");
    let intent = executor.prepare(&task).await.unwrap();
    std::fs::write(bench.repo.join("main.tf"), "something else\n").unwrap();
    let error = executor.act(&task, &intent, 0, &[]).await.unwrap_err();
    assert!(matches!(error, ActError::Ambiguous(_)), "{error:?}");
    assert_eq!(bench.main(), "something else\n");
    bench.room.close().await;
}
