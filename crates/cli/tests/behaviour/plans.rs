//! The plans that come with Holdpoint, practised from end to end: healthy, and in the failures that each is about. Each
//! ends in the state that it says.

use crate::account::Account;
use crate::home::{Home, Ran, repository};
use std::path::{Path, PathBuf};

/// How a plan is practised, and how that ends.
struct Case {
    plan: &'static str,
    scenario: &'static str,
    code: i32,
    says: &'static [&'static str],
    /// Calls that took effect, in order; empty where they are another test's subject.
    operations: &'static [&'static str],
}

const APP_RUNNER: &[Case] = &[
    Case {
        plan: "agents-on-app-runner",
        scenario: "healthy",
        code: 0,
        says: &[
            "✓ A sign-in comes back to the backend",
            "✓ Nothing newer waits in the registry",
            "done: every step",
        ],
        operations: &[],
    },
    Case {
        plan: "agents-on-app-runner",
        scenario: "exits_zero",
        code: 1,
        says: &["✕ The connector", "CREATE_FAILED", "Exit code        0", "Known problem"],
        operations: &[],
    },
];

const PATCH: &[Case] = &[
    Case {
        plan: "reapply-a-patch",
        scenario: "healthy",
        code: 0,
        says: &[
            "✓ B: the patch, relaxed",
            "– A: the patch as it was",
            "connections in step: 1 updated",
            "done: every step",
        ],
        operations: &["UpdateService"],
    },
    Case {
        plan: "reapply-a-patch",
        scenario: "crash_loop",
        code: 1,
        says: &["Deploy it", "ROLLBACK_SUCCEEDED"],
        operations: &["UpdateService"],
    },
];

const DATABASE: &[Case] = &[
    Case {
        plan: "private-database",
        scenario: "healthy",
        code: 0,
        says: &["✓ The table is seen from inside the VPC", "done: every step"],
        operations: &[
            "RegisterTaskDefinition",
            "UpdateService",
            "RegisterTaskDefinition",
            "UpdateService",
            "RunTask",
        ],
    },
    Case {
        plan: "private-database",
        scenario: "crash_loop",
        code: 1,
        says: &["✕ Deploy it", "circuit breaker"],
        operations: &["RegisterTaskDefinition", "UpdateService"],
    },
];

const MIGRATIONS: &[Case] = &[
    Case {
        plan: "ecs-migrations-at-start",
        scenario: "healthy",
        code: 0,
        says: &["✓ The migrations ran, and before the application", "✓ It answers there", "done: every step"],
        operations: &["RegisterTaskDefinition", "UpdateService"],
    },
    Case {
        plan: "ecs-migrations-at-start",
        scenario: "unhealthy",
        code: 1,
        says: &["✕ Deploy that revision", "failed container health checks"],
        operations: &["RegisterTaskDefinition", "UpdateService"],
    },
    Case {
        plan: "ecs-migrations-at-start",
        scenario: "wrong_architecture",
        code: 1,
        says: &["exec format error"],
        operations: &["RegisterTaskDefinition", "UpdateService"],
    },
];

const WORKER: &[Case] = &[
    Case {
        plan: "ecs-api-and-worker",
        scenario: "healthy",
        code: 0,
        says: &["✓ Apply that plan", "✓ Deploy the API", "done: every step"],
        operations: &[
            "CreateLogGroup",
            "PutRetentionPolicy",
            "PutMetricAlarm",
            "PutMetricAlarm",
            "RegisterTaskDefinition",
            "RegisterTaskDefinition",
            "CreateService",
            "UpdateService",
        ],
    },
    Case {
        plan: "ecs-api-and-worker",
        scenario: "crash_loop",
        code: 1,
        says: &["✕ Deploy the API", "circuit breaker", "AWS rolled the service back"],
        operations: &[],
    },
];

#[test]
fn three_services_on_app_runner() {
    check(APP_RUNNER);
}

#[test]
fn a_patch_comes_back_in_the_form_that_was_decided() {
    check(PATCH);
}

#[test]
fn a_database_that_only_a_console_reaches() {
    check(DATABASE);
}

#[test]
fn migrations_at_the_start_of_a_container() {
    check(MIGRATIONS);
}

#[test]
fn an_api_and_its_worker_with_terraform() {
    check(WORKER);
}

/// What a failed run changed is put back as a set, and the account stands as before.
#[test]
fn a_worker_that_terraform_made_goes_back_with_its_api() {
    let home = Home::new();
    let plans = plans(&home);
    walk(&home, &plans, "ecs-api-and-worker", "crash_loop").exits(1);
    home.run(&["rollback", "last", "--preview"]).exits(0).says(&["broker-api", "broker-worker"]);
    home.run(&["rollback", "last"]).exits(1).says(&["↩ Deploy the API", "↩ Apply that plan", "rolled back"]);
    let account = Account::of(&home, &home.runs()[0]);
    assert_eq!(account.operations().last().map(String::as_str), Some("DeleteService"));
    let (answer, _) = account.answer("api.broker.example", "/healthz");
    assert_eq!(answer["version"].as_str(), Some("2.3.0"));
}

fn check(cases: &[Case]) {
    for case in cases {
        let home = Home::new();
        let ran = walk(&home, &plans(&home), case.plan, case.scenario);
        let name = format!("{} in {}", case.plan, case.scenario);
        assert_eq!(ran.code, Some(case.code), "{name}: {ran:?}");
        for text in case.says {
            assert!(ran.out.contains(text), "{name}: no {text:?} in\n{}", ran.out);
        }
        let id = &home.runs()[0];
        if !case.operations.is_empty() {
            assert_eq!(Account::of(&home, id).operations(), case.operations, "{name}");
        }
        home.run(&["verify", id]).exits(0).says(&["intact"]);
        home.run(&["report", id]).exits(0).says(&["PRACTICE"]);
    }
}

fn walk(home: &Home, plans: &Path, plan: &str, scenario: &str) -> Ran {
    let plan = plans.join(format!("{plan}.plan.md"));
    let words = ["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust", "--speed", "600"];
    // Asked for by one of the plans; others do not look.
    let token = ("HOLDPOINT_SECRET_USER_TOKEN", "practice-token-1");
    home.run_with(&[token], &[&words[..], &["--scenario", scenario]].concat())
}

/// A copy of the plans: one of them makes a working copy beside itself.
fn plans(home: &Home) -> PathBuf {
    let copy = home.kept().join("plans");
    lay_out(&repository("plans"), &copy);
    copy
}

fn lay_out(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // A working copy that somebody's own practice has left beside the plan is not the plan's.
        let made = entry.path().join(".git").exists();
        match entry.file_type().unwrap().is_dir() {
            true if !made => lay_out(&entry.path(), &to.join(entry.file_name())),
            true => {}
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}
