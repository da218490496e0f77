//! App Runner from end to end in practice: a world made from the plan, a deployment that AWS rolls back, both services as
//! they were.

use crate::account::Account;
use crate::home::{Home, Ran, repository};

/// Given to the plan as its secret variable.
const TOKEN: &str = "tk-7f3c9a51d2e84b60";

fn walk(home: &Home, scenario: &str) -> Ran {
    let plan = repository("crates/cli/tests/plans/apps.plan.md");
    let words =
        ["run", plan.to_str().unwrap(), "--practice", "--scenario", scenario, "--auto-sign", "--trust"];
    home.run_with(&[("HOLDPOINT_SECRET_TOKEN", TOKEN)], &[&words[..], &["--speed", "600"]].concat())
}

#[test]
fn a_front_is_created_and_a_shop_is_updated() {
    let home = Home::new();
    walk(&home, "healthy").exits(0).says(&["✓ Create the front", "✓ Update the shop", "done: every step"]);
    let id = &home.runs()[0];
    let account = Account::of(&home, id);
    assert_eq!(account.operations(), ["CreateAutoScalingConfiguration", "CreateService", "UpdateService"]);
    let sent = account.effects().into_iter().find(|effect| effect.starts_with("CreateService")).unwrap();
    assert!(sent.contains(TOKEN), "AWS gets the token itself: {sent}");
    let report = home.run(&["report", id, "--format", "json"]).exits(0);
    assert!(!report.out.contains(TOKEN), "and nobody else does");
    home.run(&["verify", id]).exits(0).says(&["intact"]);
}

#[test]
fn an_update_that_aws_rolls_back_is_no_success_and_the_set_goes_back() {
    let home = Home::new();
    walk(&home, "crash_loop").exits(1).says(&[
        "✓ Create the front",
        "✕ Update the shop",
        "AWS rolled shop back",
        "ROLLBACK_SUCCEEDED",
    ]);
    home.run(&["rollback", "last", "--preview"]).exits(0).says(&["shop-front"]);
    home.run(&["rollback", "last"]).exits(1).says(&["↩ Create the front", "rolled back"]);
    let id = &home.runs()[0];
    let operations = Account::of(&home, id).operations();
    // The shop is back by AWS's own rollback: nothing more is sent to it.
    let expected = ["CreateAutoScalingConfiguration", "CreateService", "UpdateService", "DeleteService"];
    assert_eq!(operations, expected);
    assert_eq!(home.json(&["runs", "--json"])[0]["status"], "rolled_back");
    home.run(&["verify", id]).exits(0).says(&["intact"]);
}
