//! What failed or was stopped in part is planned again, signed again and applied, in the same run.

use crate::home::{Home, Ran, repository};
use std::path::PathBuf;

/// A home with the plan, its configuration, and a Terraform of its own; what to walk it with.
struct Two {
    home: Home,
    plan: PathBuf,
    path: String,
}

impl Two {
    fn new() -> Self {
        let home = Home::new();
        let read = |path: &str| std::fs::read(repository(path)).unwrap();
        let plan = home.file("two.plan.md", read("crates/cli/tests/plans/two-resources.plan.md"));
        let text = "resource \"terraform_data\" \"first\" {}\nresource \"terraform_data\" \"second\" {}\n";
        home.file("infra/main.tf", text);
        let program = home.file("bin/terraform", read("crates/cli/tests/programs/terraform"));
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
        Self { home, plan, path }
    }

    fn walks(&self) -> [&str; 7] {
        ["run", self.plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust", "--speed", "600"]
    }
}

#[test]
fn after_a_partial_apply_the_run_is_walked_again_from_its_plan() {
    let two = Two::new();
    let (home, path) = (&two.home, [("PATH", two.path.as_str())]);
    home.run_with(&path, &two.walks())
        .exits(1)
        .says(&["✕ Apply (make_apply)", "applied in part", "create terraform_data.first", "it broke"])
        .complains(&["--from make_plan` walks again from make_plan"]);
    // The plan is spent: trying the same once more is refused, and says what to do instead.
    home.run_with(&path, &["resume", "last", "--auto-sign", "--retry"])
        .exits(1)
        .says(&["a plan is applied once", "Plan again"]);
    home.run(&["resume", "last", "--from", "nowhere"]).complains(&["cannot be walked again from nowhere"]);
    // Without somebody who signs, what was signed for the old plan does not let the new one pass.
    home.run_with(&path, &["resume", "last", "--from", "make_plan"])
        .exits(3)
        .says(&["✓ Plan (make_plan)"])
        .complains(&["waits for signatures before"]);
    home.run_with(&path, &["resume", "last", "--auto-sign"]).exits(0).says(&["✓ Apply", "done: every step"]);

    let report = home.json(&["report", "last", "--format", "json"]);
    let hold = &report["holds"][0];
    let void: Vec<_> = hold["signatures"].as_array().unwrap().iter().map(|one| &one["void"]).collect();
    assert_eq!(void.len(), 2, "each plan has a signature of its own: {hold}");
    assert_eq!((void[0], void[1].is_null()), (&"walked again from make_plan".into(), true), "{hold}");
    home.run(&["verify", "last"]).exits(0).says(&["intact", "all anchored"]);
}

#[test]
fn an_interrupt_stops_terraform_gently_and_the_run_goes_on_from_there() {
    let two = Two::new();
    let (home, path) = (&two.home, [("PATH", two.path.as_str())]);
    home.file("infra/slow", "");
    let mut command = home.command(&two.walks());
    command.envs(path);
    let walking = home.start(command);
    // Terraform has begun with what it will not end.
    while !walking.out().contains("terraform terraform_data.second") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = walking.child.id().to_string();
    #[expect(clippy::disallowed_methods, reason = "a key at the keyboard")]
    let mut key = std::process::Command::new("kill");
    assert!(key.args(["-INT", &pid]).status().unwrap().success());
    walking
        .end()
        .exits(1)
        .says(&[
            "✕ Apply (make_apply)",
            "was interrupted: the plan is applied in part",
            "terraform_data.first",
        ])
        .complains(&["interrupted: it stops, and puts its state away", "--from make_plan"]);
    // What is left is planned, signed and applied.
    home.run_with(&path, &["resume", "last", "--auto-sign", "--from", "make_plan"])
        .exits(0)
        .says(&["✓ Apply", "done: every step"]);
    home.run(&["verify", "last"]).exits(0).says(&["intact", "all anchored"]);
}

/// Walks a plan whose one script takes its time, kills Holdpoint in it, and resumes.
fn killed_in_a_script(effect: &str) -> (Home, Ran) {
    let home = Home::new();
    let head = "---\nholdpoint:\n  version: 1\n  title: A script\n  target: { account: \"111122223333\", region: eu-central-1, role: Deployer }\n---\n";
    let stage = "# A script\n\n## Do it\n\n```yaml stage\nid: do\n```\n\n### Write\n\n";
    let step = format!(
        "```yaml step\nid: write\nuses: shell\n{effect}\npractice: {{ command: sh write.sh }}\n```\n\n```bash\nfalse\n```\n"
    );
    let plan = home.file("script.plan.md", format!("{head}{stage}{step}"));
    home.file("write.sh", "echo began >> said\nsleep 2\necho ended >> said\n");
    let words = ["run", plan.to_str().unwrap(), "--practice", "--trust", "--auto-sign"];
    let mut walking = home.start(home.command(&words));
    let said = plan.with_file_name("said");
    while !said.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    walking.child.kill().unwrap();
    walking.end();
    let resumed = home.run(&["resume", "last", "--auto-sign"]);
    (home, resumed)
}

fn said(home: &Home) -> String {
    std::fs::read_to_string(home.file("script.plan.md", "").with_file_name("said")).unwrap()
}

#[test]
fn a_script_that_may_be_repeated_is_after_its_first_process_has_ended() {
    let (home, resumed) = killed_in_a_script("effect: idempotent");
    resumed.exits(0).says(&["✓ Write", "done: every step"]);
    assert_eq!(said(&home), "began\nended\nbegan\nended\n", "one after the other");
}

#[test]
fn a_script_that_may_run_once_is_a_persons_to_judge() {
    let (home, resumed) = killed_in_a_script("effect: once");
    resumed.exits(3).complains(&["nobody knows whether write took effect"]);
    assert_eq!(said(&home), "began\nended\n", "it did not run again");
}
