//! Practice from end to end on the plan that comes with Holdpoint: each scenario ends as documented, with a diagnosis
//! that names the cause.

use crate::account::{self, Account};
use crate::home::{Home, Ran, repository};

const HOST: &str = "api.broker.example";

/// Walks the plan in a scenario, signed by itself.
fn walk(home: &Home, scenario: &str) -> Ran {
    let plan = repository("crates/cli/tests/plans/broker.plan.md");
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
        .says(&["AWS rolled the service back; it runs 2 of 2 tasks on broker-api:1"])
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

#[test]
fn expired_keys_pause_a_run_and_repeat_nothing() {
    let home = Home::new();
    let plan = repository("crates/cli/tests/plans/broker.plan.md");
    let words = ["run", plan.to_str().unwrap(), "--practice", "--scenario", "expired", "--trust"];
    // Nobody is there to sign: the run is walked as far as its hold, and resumed with somebody who signs.
    home.run(&[&words[..], &["--speed", "600"]].concat()).exits(3);
    home.run(&["resume", "last", "--auto-sign"]).exits(0).says(&[
        "paused: the practice sign-in of practice.operator is over",
        "signed in again: going on",
        "done: every step",
    ]);
    let account = Account::of(&home, &home.runs()[0]);
    let creates = account.operations().iter().filter(|operation| *operation == "CreateService").count();
    assert_eq!(creates, 1);
    home.run(&["verify", "last"]).exits(0).says(&["intact"]);
}

/// How a scenario ends, and what its diagnosis must name.
struct Ends {
    scenario: &'static str,
    code: i32,
    says: &'static [&'static str],
    operations: usize,
}

#[test]
fn each_scenario_ends_as_documented_and_names_its_cause() {
    let ends = |scenario, code, operations, says| Ends { scenario, code, says, operations };
    let scenarios = [
        ends(
            "wrong-architecture",
            1,
            4,
            &["exec format error", "exit code 255", "built for another processor"][..],
        ),
        ends("unhealthy", 1, 4, &["Task failed container health checks", "AWS rolled the service back"]),
        ends("slow", 0, 4, &["done: every step"]),
        ends("throttled", 0, 4, &["done: every step"]),
        ends(
            "denied",
            1,
            0,
            &["ecs:RegisterTaskDefinition was denied", "not authorized to perform", "Request"],
        ),
        ends("expired", 0, 4, &["paused: the practice sign-in of", "signed in again", "done: every step"]),
    ];
    for Ends { scenario, code, says, operations } in scenarios {
        let home = Home::new();
        let ran = walk(&home, scenario);
        assert_eq!(ran.code, Some(code), "{scenario}: {ran:?}");
        says.iter()
            .for_each(|text| assert!(ran.out.contains(text), "{scenario}: no {text:?} in\n{}", ran.out));
        let id = &home.runs()[0];
        let effects = Account::of(&home, id).operations();
        assert_eq!(effects.len(), operations, "{scenario}: {effects:?}");
        home.run(&["verify", id]).exits(0).says(&["intact"]);
        home.run(&["report", id]).exits(0).says(&["PRACTICE", &format!("scenario {scenario}")]);
    }
}

#[test]
fn the_wrong_account_is_refused_before_anything_is_called() {
    let home = Home::new();
    walk(&home, "wrong_account").exits(1).complains(&[
        "999988887777",
        "pinned to 111122223333",
        "Choose the profile that leads to the plan's target",
    ]);
    assert!(home.runs().is_empty());
}

#[test]
fn a_hold_waits_for_a_person_and_goes_on_when_somebody_signs() {
    let home = Home::new();
    let plan = repository("crates/cli/tests/plans/broker.plan.md");
    let words = ["run", plan.to_str().unwrap(), "--practice", "--trust", "--speed", "600"];
    // Nobody sits at the terminal: the checklist waits, and so does whoever asks again.
    home.run(&words).exits(3).complains(&["waits for a person", "holdpoint resume"]);
    home.run(&["resume", "last"]).exits(3).complains(&["waits for a person"]);
    let told = home.run(&["resume", "last", "--json"]).exits(3);
    let told: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["run"], home.runs()[0].as_str());
    home.run(&["resume", "last", "--auto-sign"]).exits(0).says(&["done: every step"]);
    home.run(&["report", "last"]).exits(0).says(&["practised with --auto-sign"]);

    // A hold alone: what is before it is done, what is behind it was not touched.
    let plan = repository("crates/cli/tests/plans/held.plan.md");
    let words = ["run", plan.to_str().unwrap(), "--practice", "--trust", "--speed", "2000"];
    home.run(&words).exits(3).complains(&["waits for signatures before", "holdpoint resume"]);
    let id = home.runs()[0].clone();
    assert!(Account::of(&home, &id).effects().is_empty());
    home.run(&["resume", &id, "--auto-sign"]).exits(0);
    assert_eq!(Account::of(&home, &id).operations(), ["UpdateService"]);
    assert_eq!(home.runs().len(), 2);
    assert_eq!(home.runs()[0], id, "the newest comes first");
}

#[test]
fn profiles_are_listed_for_programs_and_people() {
    let home = Home::new();
    assert_eq!(home.json(&["profiles", "--json"]), serde_json::json!([]));
    let config = "[default]\nregion = eu-central-1\n\n[profile shop]\nregion = eu-west-1\nsso_session = house\n\
                  sso_account_id = 111122223333\nsso_role_name = Deployer\n\n[sso-session house]\n\
                  sso_start_url = https://example.awsapps.example/start\nsso_region = eu-west-1\n";
    home.file(".aws/config", config);
    let profiles = home.json(&["profiles", "--json"]);
    let names: Vec<_> =
        profiles.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["default", "shop"]);
    home.run(&["profiles"]).exits(0).says(&["shop  111122223333  Deployer  eu-west-1"]);
}

#[test]
fn whoami_asks_the_endpoint_that_the_environment_names() {
    let home = Home::new();
    let state = home.kept().join("runs/alone/sim");
    let mut simulator = home.start(home.command(&["sim", "--state", state.to_str().unwrap()]));
    while !simulator.out().contains('\n') {
        assert!(simulator.child.try_wait().unwrap().is_none(), "{:?}", simulator.end());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let told: serde_json::Value = serde_json::from_str(&simulator.out()).unwrap();
    let endpoint = told["endpoint"].as_str().unwrap();
    let person = &account::people(&state)[0];
    let of = |name: &str| person[name].as_str().unwrap();
    let env = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", of("access_key_id")),
        ("AWS_SECRET_ACCESS_KEY", of("secret_access_key")),
        ("AWS_SESSION_TOKEN", of("session_token")),
    ];
    let told = home.run_with(&env, &["whoami", "--json"]).exits(0);
    let caller: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&caller["account"], &caller["arn"]), (&person["account"], &person["arn"]));
    assert_eq!(caller["region"], "eu-central-1");
    home.run_with(&env, &["whoami"]).exits(0).says(&["account  111122223333", "eu-central-1"]);
    let wrong = [&env[..3], &[("AWS_SECRET_ACCESS_KEY", "no"), env[4]]].concat();
    home.run_with(&wrong, &["whoami"])
        .exits(1)
        .complains(&["the secret key is not the one of this access key"]);
    account::end(&state);
    simulator.end().exits(0);
}
