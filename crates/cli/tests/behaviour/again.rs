//! What failed in part is planned again, signed again and applied, in the same run.

use crate::home::{Home, repository};

#[test]
fn after_a_partial_apply_the_run_is_walked_again_from_its_plan() {
    let home = Home::new();
    let read = |path: &str| std::fs::read(repository(path)).unwrap();
    let plan = home.file("two.plan.md", read("crates/cli/tests/plans/two-resources.plan.md"));
    home.file(
        "infra/main.tf",
        "resource \"terraform_data\" \"first\" {}\nresource \"terraform_data\" \"second\" {}\n",
    );
    let program = home.file("bin/terraform", read("crates/cli/tests/programs/terraform"));
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let path = [("PATH", path.as_str())];

    let run = ["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust", "--speed", "600"];
    home.run_with(&path, &run)
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
