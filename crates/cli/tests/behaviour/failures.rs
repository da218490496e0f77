//! Every scenario of the simulator, walked far enough to meet its failure: what the console then says is a known
//! problem. `crates/cli/tests/failures.yaml` says how each is walked and what it must be recognised as.

use crate::home::{Home, Ran, repository};
use holdpoint_known::{Evidence, Place};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// The plans that are walked, a test each: deployments on ECS, App Runner, registries.
const GROUPS: [&str; 3] = ["tests/clients/plans/", "/apps.plan.md", "/mirror.plan.md"];
/// Walks at once: most of a walk is waiting.
const AT_ONCE: usize = 3;
/// Plan seconds in a second, unless a walk says otherwise: slow enough that a busy machine makes no deadline of its own
/// slowness.
const SPEED: u32 = 240;
/// Given to plans that have a secret variable.
const TOKEN: (&str, &str) = ("HOLDPOINT_SECRET_TOKEN", "tk-7f3c9a51d2e84b60");
/// How often an unanswered run is looked at again before it counts as one that never ends.
const LOOKS: usize = 400;

/// How a scenario is walked once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Walk {
    /// The plan, from the repository's root.
    plan: String,
    /// A scenario laid over it, where the scenario by itself is one that is got over.
    #[serde(default)]
    over: Value,
    /// The problem that is recognised first; none where the walk ends well.
    #[serde(default)]
    known: Option<String>,
    /// Nobody signs or answers: the run waits, and is resumed until it has ended without a person.
    #[serde(default)]
    unanswered: bool,
    /// The run is refused before it begins, or stops for a person: what the program prints is recognised.
    #[serde(default)]
    told: bool,
    /// What the report must have besides.
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    speed: Option<u32>,
}

/// The walks of each scenario.
fn walks() -> BTreeMap<String, Vec<Walk>> {
    let text = std::fs::read_to_string(repository("crates/cli/tests/failures.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

#[test]
fn no_scenario_is_left_out() {
    let files = std::fs::read_dir(repository("crates/sim/scenarios")).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let walks = walks();
    let walked: BTreeSet<String> = walks.keys().cloned().collect();
    assert_eq!(walked, files, "crates/cli/tests/failures.yaml says of each scenario how it is walked");
    for (scenario, walks) in walks {
        assert!(!walks.is_empty(), "{scenario} is not walked");
        for Walk { plan, .. } in walks {
            assert!(GROUPS.iter().any(|group| plan.contains(group)), "{scenario}: nobody walks {plan}");
        }
    }
}

#[test]
fn every_failure_of_a_deployment_on_ecs_is_a_known_problem() {
    walk_all(|plan| plan.contains(GROUPS[0]));
}

#[test]
fn every_failure_of_app_runner_is_a_known_problem() {
    walk_all(|plan| plan.contains(GROUPS[1]));
}

#[test]
fn every_failure_of_a_registry_is_a_known_problem() {
    walk_all(|plan| plan.contains(GROUPS[2]));
}

/// Walks those of some plans.
fn walk_all(of: impl Fn(&str) -> bool) {
    let all: Vec<(String, Walk)> = walks()
        .into_iter()
        .flat_map(|(scenario, walks)| walks.into_iter().map(move |walk| (scenario.clone(), walk)))
        .filter(|(_, walk)| of(&walk.plan))
        .collect();
    assert!(!all.is_empty());
    let (left, wrong) = (Mutex::new(all.into_iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().next();
                    let Some((scenario, walk)) = next else { return };
                    if let Err(why) = check(&scenario, &walk) {
                        wrong.lock().unwrap().push(format!("{scenario} ({}): {why}", walk.plan));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn check(scenario: &str, walk: &Walk) -> Result<(), String> {
    let home = Home::new();
    let ran = ended(&home, scenario, walk);
    if walk.told {
        let known = recognised(&format!("{}\n{}", ran.out, ran.err));
        let expected = walk.known.iter().cloned().collect::<Vec<_>>();
        return match known.first() == expected.first() && !matches!(ran.code, Some(0)) {
            true => Ok(()),
            false => Err(format!("{known:?} instead of {expected:?} in {ran:?}")),
        };
    }
    let report = home.run(&["report", "last", "--format", "json"]);
    let report: Value =
        serde_json::from_str(&report.out).map_err(|why| format!("{why}: {ran:?} {report:?}"))?;
    let known: Vec<&str> = last_diagnosis(&report).map(|of| ids(&of["known"])).unwrap_or_default();
    let ended_well = report["outcome"]["end"] == "done";
    let lacks = walk.says.iter().find(|text| !ran.out.contains(text.as_str()));
    match (&walk.known, lacks) {
        (_, Some(text)) => Err(format!("{text:?} is not said: {ran:?}")),
        (None, _) if ended_well && ran.code == Some(0) => Ok(()),
        (Some(expected), _) if !ended_well && known.first() == Some(&expected.as_str()) => Ok(()),
        (expected, _) => Err(format!("{known:?} instead of {expected:?}: {ran:?}")),
    }
}

/// Walks the plan to its end.
fn ended(home: &Home, scenario: &str, walk: &Walk) -> Ran {
    let plan = repository(&walk.plan);
    let over = home.file("over.json", walk.over.to_string());
    let scenario = match walk.over.is_null() {
        true => scenario.to_owned(),
        false => format!("{scenario}+{}", over.display()),
    };
    let speed = walk.speed.unwrap_or(SPEED).to_string();
    let mut words = vec!["run", plan.to_str().unwrap(), "--practice", "--trust", "--speed", &speed];
    words.extend(["--scenario", &scenario]);
    if !walk.unanswered {
        words.push("--auto-sign");
    }
    let mut ran = home.run_with(&[TOKEN], &words);
    for _ in 0..LOOKS {
        // Who waits for a person is looked at again: what nobody answers goes on by itself when its time is over.
        if !walk.unanswered || walk.told || ran.code != Some(3) {
            break;
        }
        ran = home.run_with(&[TOKEN], &["resume", "last"]);
    }
    ran
}

fn last_diagnosis(report: &Value) -> Option<&Value> {
    report["diagnoses"].as_array()?.last().map(|last| &last["diagnosis"])
}

fn ids(known: &Value) -> Vec<&str> {
    known.as_array().into_iter().flatten().filter_map(|one| one["id"].as_str()).collect()
}

/// What a text that the program printed is recognised as.
fn recognised(text: &str) -> Vec<String> {
    let found = holdpoint_known::find(&Evidence::default().with(Place::Other, text));
    found.into_iter().map(|one| one.problem.id.clone()).collect()
}
