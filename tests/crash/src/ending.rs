//! How a run ended: all that must be the same, however often the console died on the way.

use crate::account::Account;
use crate::home::Home;
use serde_json::{Value, json};

/// How the line of a layer begins that a registry took.
const LAYER: &str = "effect PutBlob ";

/// A line for each thing: effects, deployments, steps, signatures, changes, the end.
pub type Ending = Vec<String>;

/// How the only run of a home ended.
pub fn ending(home: &Home) -> Ending {
    let runs = home.runs();
    assert_eq!(runs.len(), 1, "one story is one run");
    ending_of(home, &runs[0])
}

/// How a run ended, after its journal was verified.
pub fn ending_of(home: &Home, run: &str) -> Ending {
    home.run(&["verify", run]).exits(0).says(&["intact", "all anchored"]);
    let account = Account::of(home, run);
    let report = home.json(&["report", run, "--format", "json"]);
    let of = |list: &Value| list.as_array().unwrap().clone();
    let mut lines: Ending = account.effects().iter().map(|effect| format!("effect {effect}")).collect();
    // Layers of an image are sent at the same time: their order is nobody's.
    let layers = |one: &String, other: &String| [one, other].iter().all(|line| line.starts_with(LAYER));
    lines.chunk_by_mut(layers).for_each(<[String]>::sort);
    lines.extend(account.deployments().iter().map(|deployment| format!("deployment {deployment}")));
    lines.extend(account.services().iter().map(|service| format!("service {service}")));
    for step in of(&report["stages"]).iter().flat_map(|stage| of(&stage["steps"])) {
        lines.push(format!("step {} {}", step["id"], step["status"]));
    }
    for hold in of(&report["holds"]) {
        let who = of(&hold["signatures"]).into_iter();
        let who: Vec<_> =
            who.map(|one| json!([one["name"], one["decision"], one["auto"], one["void"]])).collect();
        lines.push(format!("hold {} {} {}", hold["hold"], hold["satisfied"], json!(who)));
    }
    for change in of(&report["changes"]) {
        lines.push(format!("change {} {} {}", change["work"], change["call"], change["undone"]));
    }
    lines.push(format!("end {}", report["outcome"]["end"]));
    lines
}

/// The lines that are calls which took effect.
pub fn effects(ending: &Ending) -> usize {
    ending.iter().filter(|line| line.starts_with("effect ")).count()
}

/// What is in one ending and not, or not there, in the other.
pub(crate) fn difference(ending: &Ending, expected: &Ending) -> String {
    let only = |mark: &str, of: &Ending, other: &Ending| {
        let lines = of.iter().filter(|line| !other.contains(line));
        lines.map(|line| format!("  {mark} {line}\n")).collect::<String>()
    };
    let text = only("-", expected, ending) + &only("+", ending, expected);
    if text.is_empty() { format!("  the same in another order, or how often:\n{ending:#?}") } else { text }
}
