//! The plans that come with Holdpoint, practised from end to end: healthy, and in the failures that each is about.
//! `crates/cli/tests/examples` has a file for each plan: how it is practised, what is said, which calls took effect, and
//! what stands in the account at the end.

use crate::account::{Account, admin};
use crate::home::{Home, Ran, repository};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Where the cases are.
const CASES: &str = "crates/cli/tests/examples";
/// Walks at once: most of a walk is waiting.
const AT_ONCE: usize = 3;
/// Asked for by one of the plans; others do not look.
const TOKEN: (&str, &str) = ("HOLDPOINT_SECRET_USER_TOKEN", "practice-token-1");

/// The file of a plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Walks {
    /// Plan seconds in a second: less where programs of this machine run, whose own time it does not divide.
    speed: u32,
    cases: Vec<Case>,
}

/// How a plan is practised, and how that ends.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// A built-in scenario of the simulator.
    #[serde(default = "healthy")]
    scenario: String,
    /// A scenario laid over it.
    #[serde(default)]
    over: Value,
    /// Members of the plan's world that are other ones, by JSON pointer; `-` adds to a list.
    #[serde(default)]
    world: BTreeMap<String, Value>,
    /// Texts of the plan that are other ones, wherever they stand.
    #[serde(default)]
    plan: BTreeMap<String, String>,
    /// The same in files beside it, by path.
    #[serde(default)]
    files: BTreeMap<PathBuf, BTreeMap<String, String>>,
    code: i32,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
    /// What changes in the account afterwards; then the step that failed is walked once more.
    #[serde(default)]
    then: Option<Then>,
    /// The run is rolled back at last.
    #[serde(default)]
    back: Option<Back>,
    /// Calls that took effect, in order.
    operations: Vec<String>,
    /// Every service that stands at the end, with what it runs.
    stands: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    /// The body of `POST /_holdpoint/behave`.
    behave: Value,
    code: i32,
    says: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    code: i32,
    says: Vec<String>,
}

fn healthy() -> String {
    "healthy".to_owned()
}

#[test]
fn no_plan_is_left_out() {
    let names = |folder: &str, end: &str| -> BTreeSet<String> {
        let files = std::fs::read_dir(repository(folder)).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        files.filter_map(|file| file.strip_suffix(end).map(str::to_owned)).collect()
    };
    let plans = names("plans", ".plan.md");
    assert_eq!(names(CASES, ".yaml"), plans, "{CASES} has a file for each plan");
    for plan in plans {
        let cases = walks(&plan).cases;
        assert_eq!((cases[0].name.as_str(), cases[0].code), ("healthy", 0), "{plan}");
        assert!(cases.iter().any(|case| case.code != 0), "{plan}: nothing goes wrong");
        let distinct: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(distinct.len(), cases.len(), "{plan}: two cases of one name");
    }
}

#[test]
fn three_services_on_app_runner() {
    walk_all("agents-on-app-runner");
}

#[test]
fn a_patch_comes_back_in_the_form_that_was_decided() {
    walk_all("reapply-a-patch");
}

#[test]
fn a_database_that_only_a_console_reaches() {
    walk_all("private-database");
}

#[test]
fn migrations_at_the_start_of_a_container() {
    walk_all("ecs-migrations-at-start");
}

#[test]
fn a_service_moves_from_app_runner_to_express_mode() {
    walk_all("app-runner-to-express-mode");
}

#[test]
fn an_api_and_its_worker_with_terraform() {
    walk_all("ecs-api-and-worker");
}

/// What a failed run changed is put back as a set, and the account stands as before.
#[test]
fn a_worker_that_terraform_made_goes_back_with_its_api() {
    let home = Home::new();
    let plan = plans(&home).join("ecs-api-and-worker.plan.md");
    walk(&home, &plan, "crash_loop", walks("ecs-api-and-worker").speed).exits(1);
    home.run(&["rollback", "last", "--preview"]).exits(0).says(&["broker-api", "broker-worker"]);
    // The services first; that nothing has to be undone to the working copy is then said by a person.
    home.run(&["rollback", "last"]).exits(1).complains(&["its next apply does it again"]);
    let accept = "terraform:apply_worker=the commit is reverted, too";
    home.run(&["rollback", "last", "--accept", accept])
        .exits(3)
        .says(&["↩ Deploy the API", "↩ Apply that plan"]);
    home.run(&["resume", "last", "--auto-sign"]).exits(1).says(&["rolled back"]);
    let account = Account::of(&home, &home.runs()[0]);
    assert_eq!(account.operations().last().map(String::as_str), Some("DeleteService"));
    let (answer, _) = account.answer("api.broker.example", "/healthz");
    assert_eq!(answer["version"].as_str(), Some("2.3.0"));
}

fn walks(plan: &str) -> Walks {
    let path = repository(&format!("{CASES}/{plan}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn walk_all(plan: &str) {
    let Walks { speed, cases } = walks(plan);
    let (left, wrong) = (Mutex::new(cases.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().next();
                    let Some(case) = next else { return };
                    let found = check(plan, case, speed);
                    if !found.is_empty() {
                        wrong.lock().unwrap().push(format!("{plan}, {}: {}", case.name, found.join("\n")));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

/// What is otherwise than the case says.
fn check(plan: &str, case: &Case, speed: u32) -> Vec<String> {
    let home = Home::new();
    let folder = plans(&home);
    let path = folder.join(format!("{plan}.plan.md"));
    alter(&path, &case.plan);
    case.files.iter().for_each(|(file, texts)| alter(&folder.join(file), texts));
    alter_world(&folder.join(format!("{plan}.world.json")), &case.world);
    let over = home.file("over.json", case.over.to_string());
    let scenario = match case.over.is_null() {
        true => case.scenario.clone(),
        false => format!("{}+{}", case.scenario, over.display()),
    };
    let mut wrong = Vec::new();
    let ran = walk(&home, &path, &scenario, speed);
    wrong.extend(otherwise(&ran, case.code, &case.says, &case.lacks));
    let Some(id) = home.runs().first().cloned() else {
        wrong.push("no run began".to_owned());
        return wrong;
    };
    if let Some(then) = &case.then {
        let account = Account::of(&home, &id);
        admin(account.port(), "POST", "behave", &then.behave);
        let words = ["resume", &id, "--retry", "--auto-sign"];
        let ran = home.run_with(&[TOKEN], &words);
        wrong.extend(otherwise(&ran, then.code, &then.says, &[]));
    }
    if let Some(back) = &case.back {
        let ran = home.run_with(&[TOKEN], &["rollback", &id]);
        wrong.extend(otherwise(&ran, back.code, &back.says, &[]));
    }
    let account = Account::of(&home, &id);
    let mut differs = |what: &str, expected: &[String], found: Vec<String>| {
        if expected != found {
            wrong.push(format!("{what}: expected {expected:#?}, found {found:#?}"));
        }
    };
    differs("operations", &case.operations, account.operations());
    differs("stands", &case.stands, account.services());
    for (words, text) in [(["verify", &id], "intact"), (["report", &id], "PRACTICE")] {
        let ran = home.run(&words);
        if ran.code != Some(0) || !ran.out.contains(text) {
            wrong.push(format!("{words:?}: no {text:?} in {ran:?}"));
        }
    }
    wrong
}

fn otherwise(ran: &Ran, code: i32, says: &[String], lacks: &[String]) -> Option<String> {
    let missing = says.iter().filter(|text| !ran.out.contains(text.as_str()));
    let besides = lacks.iter().filter(|text| ran.out.contains(text.as_str()));
    let mut found: Vec<String> = missing.map(|text| format!("no {text:?}")).collect();
    found.extend(besides.map(|text| format!("{text:?} is said")));
    if ran.code != Some(code) {
        found.push(format!("code {:?} instead of {code}", ran.code));
    }
    (!found.is_empty()).then(|| format!("{} in\n{}\n{}", found.join(", "), ran.out, ran.err))
}

fn alter(path: &Path, texts: &BTreeMap<String, String>) {
    let mut content = std::fs::read_to_string(path).unwrap();
    for (text, other) in texts {
        assert!(content.contains(text), "{} has no {text:?}", path.display());
        content = content.replace(text, other);
    }
    std::fs::write(path, content).unwrap();
}

fn alter_world(path: &Path, members: &BTreeMap<String, Value>) {
    let mut world: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for (pointer, value) in members {
        let (of, member) = pointer.rsplit_once('/').unwrap();
        let of = world.pointer_mut(of).unwrap_or_else(|| panic!("{} has no {of}", path.display()));
        match (of, member) {
            (Value::Array(list), "-") => list.push(value.clone()),
            (Value::Array(list), nth) => list[nth.parse::<usize>().unwrap()] = value.clone(),
            (of, name) => of[name] = value.clone(),
        }
    }
    std::fs::write(path, world.to_string()).unwrap();
}

fn walk(home: &Home, plan: &Path, scenario: &str, speed: u32) -> Ran {
    let speed = speed.to_string();
    let words = ["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust", "--speed", &speed];
    home.run_with(&[TOKEN], &[&words[..], &["--scenario", scenario]].concat())
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
