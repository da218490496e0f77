//! Known problems of one's own: read where a failure is told, listed, tried, saved from a failure.

use crate::home::{Home, Ran};
use serde_json::Value;
use std::path::PathBuf;

const PLAN: &str = r#"---
holdpoint:
  version: 1
  title: Move parcels
  target: { account: "111122223333", region: eu-central-1 }
---
# Move parcels

## Sort

```yaml stage
id: sort
```

```yaml step
id: start_sorter
uses: shell
effect: read
```

```sh
echo "sorter 0412 begins" >&2
echo "2026-11-21T09:14:03Z ERROR parcel queue north-2 is full after 4112 ms, DB_PASSWORD=hunter2-and-more" >&2
exit 3
```
"#;

const OWN: &str = "title: The parcel queue is full\nmatch:\n  - regex: 'parcel queue \\S+ is full'\ncause: The sorter was off.\nrepairs:\n  - Start the sorter\nexamples:\n  yes:\n    - {output: 'parcel queue south is full'}\n  no:\n    - {output: 'parcel queue south is empty'}\n";

/// A home with a plan whose only step fails.
fn failing() -> (Home, PathBuf) {
    let home = Home::new();
    let plan = home.file("work/parcels.plan.md", PLAN);
    (home, plan)
}

fn walk(home: &Home, plan: &std::path::Path) -> Ran {
    home.run(&["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust"])
}

#[test]
fn ones_own_explain_a_failure_and_a_broken_file_hides_nothing() {
    let (home, plan) = failing();
    home.file("holdpoint/known-problems/queue-full.yaml", OWN);
    home.file(
        "work/known-problems/sorter.yaml",
        OWN.replace("parcel queue", "sorter").replace("is full", "begins"),
    );
    home.file("work/known-problems/broken.yaml", "title: [\n");
    home.file("work/known-problems/out-of-memory.yaml", OWN);
    home.file("work/elsewhere.yaml", OWN.replace("parcel queue", "ERROR"));
    let link = home.kept().parent().unwrap().join("work/known-problems/link.yaml");
    std::os::unix::fs::symlink("../elsewhere.yaml", &link).unwrap();
    let told = walk(&home, &plan).exits(1).says(&[
        "Your problem     The parcel queue is full",
        "cause          The sorter was off.",
        "queue-full.yaml (user)",
        "sorter.yaml (plan)",
        "repair: Start the sorter",
        "broken.yaml:1:8: ",
        "`out-of-memory` is a problem that Holdpoint knows itself",
        "link.yaml:1:1: it is a link that leads out of its folder",
    ]);
    assert!(!told.out.contains("elsewhere"), "what is linked to is not read: {told:?}");
    home.run(&["show", "last"]).exits(0).says(&["Your problem", "broken.yaml:1:8"]);
    let shown = home.json(&["show", "last", "--json"]);
    let step = &shown["stages"][0]["steps"][0]["diagnosis"];
    assert_eq!(step["known"][0]["own"]["owner"], "user", "{step}");
    assert_eq!(step["own_faults"].as_array().unwrap().len(), 3, "{step}");
    // Files are read as they are now, and one that is gone is gone.
    std::fs::remove_file(home.kept().join("known-problems/queue-full.yaml")).unwrap();
    let after = home.json(&["show", "last", "--json"]);
    assert_eq!(after["stages"][0]["steps"][0]["diagnosis"]["known"][0]["own"]["owner"], "plan");
}

#[test]
fn a_failure_is_saved_and_recognised_from_then_on() {
    let (home, plan) = failing();
    walk(&home, &plan).exits(1);
    let add = [
        "known",
        "add",
        "--from",
        "last",
        "--title",
        "The parcel queue is full",
        "--cause",
        "The sorter was off",
    ];
    let preview = home.run(&[&add[..], &["--preview"]].concat()).exits(0).says(&[
        "1  log: 2026-11-21T09:14:03Z ERROR parcel queue north-2 is full",
        r"regex: 'ERROR parcel queue north-\d+ is full after \d+ ms, DB_PASSWORD'",
    ]);
    assert!(!preview.out.contains("hunter2"), "{preview:?}");
    let file = home.kept().join("known-problems/the-parcel-queue-is-full.yaml");
    assert!(!file.exists(), "a preview writes nothing");
    home.run(&add).exits(0).says(&["the-parcel-queue-is-full: "]);
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(!written.contains("hunter2") && written.contains("step start_sorter"), "{written}");
    home.run(&["known", "check", file.to_str().unwrap()]).exits(0).says(&["1 of 1 examples recognised"]);
    home.run(&["show", "last"]).exits(0).says(&["Your problem", "The parcel queue is full"]);
    walk(&home, &plan).exits(1).says(&["Your problem     The parcel queue is full"]);

    // Nothing is overwritten, and what another problem is about is not taken from it.
    home.run(&add).exits(1).complains(&["`the-parcel-queue-is-full` is there already"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written);
    let again = [&add[..], &["--id", "again"]].concat();
    home.run(&again).exits(1).complains(&["it would also explain what is about the-parcel-queue-is-full"]);
    home.run(&[&add[..], &["--id", "throttled", "--match", "parcel"]].concat())
        .exits(1)
        .complains(&["`throttled` is a problem that Holdpoint knows itself"]);
    home.run(&[&add[..], &["--id", "../../etc", "--match", "parcel"]].concat())
        .exits(1)
        .complains(&["an id has 1 to 64"]);
    home.run(&[&add[..], &["--id", "wide", "--match", ".*"]].concat())
        .exits(1)
        .complains(&["it would also explain"]);
    home.run(&[&add[..], &["--id", "other", "--match", "belt jammed"]].concat())
        .exits(1)
        .complains(&["it does not match the message"]);
    home.run(&[&add[..], &["--id", "open", "--match", "("]].concat()).exits(1).complains(&["unclosed group"]);
    home.run(&[&add[..], &["--message", "99"]].concat()).exits(2).complains(&["--preview lists them"]);
    home.run(&["known", "add", "--from", "last:nowhere", "--title", "T", "--cause", "C"])
        .complains(&["has no step nowhere"]);

    // Beside the plan, for everybody who has it; not through a link that leads elsewhere.
    let beside = [&again[..], &["--to", "plan", "--match", "queue north-\\d+ is full after"]].concat();
    std::fs::remove_file(&file).unwrap();
    let folder = plan.parent().unwrap().join("known-problems");
    let elsewhere = home.file("elsewhere/kept", "").parent().unwrap().to_owned();
    std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
    home.run(&beside).exits(1).complains(&["is a link that leads elsewhere"]);
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 1, "nothing was written through it");
    std::fs::remove_file(&folder).unwrap();
    home.run(&beside).exits(0);
    assert!(folder.join("again.yaml").exists());
    home.run(&["show", "last"]).exits(0).says(&["again.yaml (plan)"]);
}

#[test]
fn only_a_failure_is_saved() {
    let home = Home::new();
    let plan = home.file("fine.plan.md", PLAN.replace("exit 3", "exit 0"));
    walk(&home, &plan).exits(0);
    home.run(&["known", "add", "--from", "last", "--title", "T", "--cause", "C"])
        .exits(1)
        .complains(&["no step of run", "has failed"]);
    home.run(&["known", "add", "--from", "last:start_sorter", "--title", "T", "--cause", "C"])
        .exits(1)
        .complains(&["has not failed"]);
}

#[test]
fn problems_are_listed_shown_and_tried() {
    let (home, plan) = failing();
    home.file("holdpoint/known-problems/queue-full.yaml", OWN);
    home.file("work/known-problems/belt.yaml", OWN.replace("parcel queue", "belt"));
    let all = home.json(&["known", "list", "--json", "--plan", plan.to_str().unwrap()]);
    let all: Vec<(&str, &str)> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["owner"].as_str().unwrap(), one["id"].as_str().unwrap()))
        .collect();
    assert_eq!(all[..3], [("user", "queue-full"), ("plan", "belt"), ("holdpoint", "access-denied")]);
    home.run(&["known", "list"]).exits(0).says(&["user       queue-full", "holdpoint  throttled"]);
    home.run(&["known", "show", "queue-full"]).exits(0).says(&[
        "(user)",
        "The sorter was off.",
        "1. Start the sorter",
    ]);
    home.run(&["known", "show", "throttled"]).exits(0).says(&["Holdpoint's own", "Recognised by:"]);
    home.run(&["known", "show", "throtled"]).exits(2).complains(&["did you mean `throttled`?"]);

    let good = home.file("good.yaml", OWN);
    home.run(&["known", "check", good.to_str().unwrap()])
        .exits(0)
        .says(&["1 of 1 examples recognised, 1 of 1 left alone"]);
    let wrong = home.file("wrong.yaml", OWN.replace("is full'\n", "is (full|empty)'\n"));
    home.run(&["known", "check", good.to_str().unwrap(), wrong.to_str().unwrap()]).exits(1).says(&[
        "wrong.yaml: examples.no[0] is recognised: output: parcel queue south is empty",
        "0 of 1 left alone",
    ]);
    let key = home.file("key.yaml", format!("{OWN}colour: red\n"));
    home.run(&["known", "check", key.to_str().unwrap()])
        .exits(1)
        .says(&["key.yaml:12:1: unknown field `colour`"]);
    let latin = home.file("latin.yaml", [OWN.as_bytes(), b"# \xe4\n"].concat());
    home.run(&["known", "check", latin.to_str().unwrap()])
        .exits(1)
        .says(&["latin.yaml:12:3: it is not UTF-8"]);
    let large = home.file("large.yaml", "#".repeat(65 * 1024));
    home.run(&["known", "check", large.to_str().unwrap()]).exits(1).says(&["at most 65536"]);
    home.run(&["known", "check", home.kept().to_str().unwrap()]).exits(1).says(&["it is no file"]);
    let schema: Value = home.json(&["schema", "known-problem"]);
    assert_eq!(schema["required"][0], "title");
    assert_eq!(home.json(&["schema"])["$schema"], home.json(&["schema", "plan"])["$schema"]);
}
