//! Practice from end to end on the plan that comes with Holdpoint: each scenario ends as documented, with a diagnosis
//! that names the cause.

use crate::account::Account;
use crate::home::{Home, Ran, repository};

const HOST: &str = "api.broker.example";

/// Walks the plan in a scenario, signed by itself.
fn walk(home: &Home, scenario: &str) -> Ran {
    let plan = repository("plans/ecs-api-and-worker.plan.md");
    let words =
        ["run", plan.to_str().unwrap(), "--practice", "--scenario", scenario, "--auto-sign", "--trust"];
    home.run(&[&words[..], &["--speed", "600"]].concat())
}

#[test]
fn healthy_walks_to_the_end_and_leaves_evidence() {
    let home = Home::new();
    walk(&home, "healthy").exits(0).says(&["✓ Deploy the API (deploy_api)", "done: every step"]);
    let runs = home.json(&["runs", "--json"]);
    let id = runs[0]["id"].as_str().unwrap();
    assert_eq!((&runs[0]["status"], &runs[0]["mode"]), (&"succeeded".into(), &"practice".into()));

    let account = Account::of(&home, id);
    let operations = ["RegisterTaskDefinition", "CreateService", "RegisterTaskDefinition", "UpdateService"];
    assert_eq!(account.operations(), operations);
    let (answer, revision) = account.answer(HOST, "/healthz");
    assert_eq!((answer["version"].as_str(), revision.as_str()), (Some("2.4.0"), "broker-api:2"));

    home.run(&["verify", id]).exits(0).says(&["intact", "all anchored"]);
    home.run(&["show", "last"]).exits(0).says(&[id, "Deploy the API", "111122223333"]);
    let shown = home.json(&["show", id, "--json"]);
    assert_eq!(shown["run"], id);

    home.run(&["report", id]).exits(0).says(&["PRACTICE", "walked to its end", "all anchored"]);
    let html = home.run(&["report", id, "--format", "html"]).exits(0).says(&["<!doctype html>", "PRACTICE"]);
    assert!(!html.out.contains("src=\"http"), "the report is one self-contained file");
    let report = home.json(&["report", id, "--format", "json"]);
    assert_eq!(report["outcome"]["end"], "done");
    let signed: Vec<_> = report["holds"].as_array().unwrap().iter().map(|hold| &hold["satisfied"]).collect();
    assert_eq!(signed, [true, true]);
    let file = home.kept().join("report.html");
    let written = home.run(&["report", id, "--format", "html", "--output", file.to_str().unwrap()]).exits(0);
    assert!(written.err.contains("sha256"), "{}", written.err);
    assert_eq!(std::fs::read_to_string(file).unwrap(), html.out);
}

#[test]
fn a_crash_loop_is_diagnosed_and_put_back_as_a_set() {
    let home = Home::new();
    walk(&home, "crash_loop")
        .exits(1)
        .says(&["✕ Deploy the API", "circuit breaker", "relation \"tasks\" does not exist", "exit code 1"])
        .complains(&["holdpoint rollback"]);
    home.run(&["rollback", "last", "--preview"]).exits(0).says(&["broker-api", "broker-worker"]);
    home.run(&["rollback", "last"]).exits(1).says(&[
        "↩ Deploy the API",
        "↩ Create its service",
        "rolled back",
    ]);

    let id = &home.runs()[0];
    let account = Account::of(&home, id);
    assert_eq!(account.operations().last().unwrap(), "DeleteService");
    let (answer, revision) = account.answer(HOST, "/healthz");
    assert_eq!((answer["version"].as_str(), revision.as_str()), (Some("2.3.0"), "broker-api:1"));
    home.run(&["verify", "last"]).exits(0).says(&["intact", "all anchored"]);
    home.run(&["report", "last"])
        .exits(0)
        .says(&["✗ rolled back", "every undo of the rollback set succeeded"]);
    assert_eq!(home.json(&["runs", "--json"])[0]["status"], "rolled_back");
    // It is over: nothing goes on, and nothing is done again.
    home.run(&["resume", "last", "--auto-sign"]).exits(1);
    home.run(&["rollback", "last"]).exits(1).complains(&["is over"]);
}
