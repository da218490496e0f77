//! A failure kept as a check of the plan's preflight, and two runs beside each other.

use crate::home::{Home, repository};
use std::fs;
use std::path::{Path, PathBuf};

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
effect: idempotent
undo: { uses: manual, with: { instructions: "Nothing has to be undone.", confirm: left as it is } }
```

```sh
echo sorter 0412 begins
```

### Its queue has room

```yaml step
id: queue
uses: shell
effect: read
```

```sh
echo 'ERROR parcel queue north-2 is full of <b>`boxes`</b>' >&2
test -e room
```
"#;

fn practise(home: &Home, plan: &Path) -> crate::home::Ran {
    home.run(&["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust"])
}

/// A home with a run that failed at its second step.
fn failed() -> (Home, PathBuf) {
    let home = Home::new();
    let plan = home.file("work/parcels.plan.md", PLAN);
    practise(&home, &plan).exits(1).says(&["✕ Its queue has room (queue)"]);
    (home, plan)
}

#[test]
fn a_failure_becomes_the_first_check_of_the_next_run() {
    let (home, plan) = failed();
    let id = home.runs()[0].clone();

    let shown = home.run(&["lesson", "last"]).exits(0);
    let shown =
        shown.says(&["+## Before anything changes", "+role: before", "+id: lesson", "+effect: read", &id]);
    assert!(shown.err.contains("nothing was written") && shown.err.contains("--as item"), "{shown:?}");
    assert!(shown.out.contains("+test -e room"), "the script comes along: {shown:?}");
    assert_eq!(fs::read_to_string(&plan).unwrap(), PLAN, "looking writes nothing");

    home.run(&["lesson", &format!("{id}:queue"), "--apply"]).exits(0).complains(&["trusted anew"]);
    let text = fs::read_to_string(&plan).unwrap();
    assert!(text.contains("Learnt on 20") && text.contains(&id), "it names the incident: {text}");
    let without: String = text.split("## Before anything changes").next().unwrap().to_owned()
        + &text[text.find("## Sort").unwrap()..];
    assert_eq!(without, PLAN, "nothing else of the file was touched");
    home.run(&["check", plan.to_str().unwrap()]).exits(0);

    // The next run finds it before anything is changed, and goes through once it is mended.
    let again = practise(&home, &plan).exits(1);
    assert!(again.out.contains("(lesson)") && !again.out.contains("start_sorter"), "{again:?}");
    home.file("work/room", "");
    practise(&home, &plan).exits(0).says(&["(lesson)", "(start_sorter)", "(queue)"]);
}

#[test]
fn a_lesson_is_kept_as_an_item_and_in_another_file() {
    let (home, plan) = failed();
    let other = home.kept().join("other.plan.md");
    let other = other.to_str().unwrap();
    home.run(&["lesson", "last", "queue", "--as", "item", "-o", other]).exits(0);
    let text = fs::read_to_string(other).unwrap();
    assert!(text.contains("- [ ] Seen to:"), "{text}");
    assert_eq!(fs::read_to_string(&plan).unwrap(), PLAN);
    home.run(&["check", other]).exits(0);
    home.run(&["lesson", "last", "queue", "-o", other]).exits(1).complains(&["is there already"]);
    home.run(&["lesson", "last", "queue", "-o", other, "--force"]).exits(0);
}

/// What cannot be kept is refused with its reason, and nothing is written.
#[test]
fn what_is_no_lesson_is_refused() {
    let (home, plan) = failed();
    let path = plan.to_str().unwrap();
    for (words, says) in [
        (&["lesson", "last", "start_sorter"][..], "has not failed"),
        (&["lesson", "last", "nowhere"], "has not failed"),
        (&["lesson", "last", "Not An Id"], "Not An Id"),
        (&["lesson", "last", "--as", "magic"], "same or item"),
        (&["lesson", "NOSUCH"], "no run NOSUCH"),
    ] {
        let ran = home.run(words);
        assert!(matches!(ran.code, Some(1 | 2)) && ran.err.contains(says), "{words:?}: {ran:?}");
    }
    for (text, says) in [
        ("# Only a guide\n\nSome text.\n", "is a guide"),
        (PLAN.replace("uses: shell\neffect: read", "uses: nothing.known").as_str(), "has errors"),
    ] {
        fs::write(&plan, text).unwrap();
        let ran = home.run(&["lesson", "last", "queue", "--apply"]).exits(1);
        assert!(ran.err.contains(says) && ran.err.contains(path), "{ran:?}");
        assert_eq!(fs::read_to_string(&plan).unwrap(), text);
    }
}

#[test]
fn two_runs_are_compared_step_by_step() {
    let home = Home::new();
    let plan = repository("crates/cli/tests/plans/broker.plan.md");
    let words = ["run", plan.to_str().unwrap(), "--practice", "--auto-sign", "--trust", "--speed", "600"];
    home.run(&words).exits(0);
    home.run(&[&words[..], &["--scenario", "crash_loop"]].concat()).exits(1);
    let [second, first] = <[String; 2]>::try_from(home.runs()).unwrap();

    let told = home.run(&["compare", &first, &second]).exits(0);
    told.says(&[
        "scenario: healthy, and crash_loop",
        "≠ deploy_api",
        "succeeded, and rolled back by aws",
        "= ",
    ]);
    let compared = home.json(&["compare", &first, &second, "--json"]);
    let step = |id: &str| {
        let steps = compared["steps"].as_array().unwrap();
        steps.iter().find(|step| step["step"] == id).unwrap_or_else(|| panic!("{id}: {compared}")).clone()
    };
    assert_eq!(step("deploy_api")["one"]["status"], "succeeded");
    assert_eq!(step("deploy_api")["other"]["status"], "rolled_back_by_aws");
    assert!(step("deploy_api")["differs"].as_array().is_some_and(|all| !all.is_empty()));

    let same = home.json(&["compare", &first, &first, "--json"]);
    assert_eq!(same["differs"].as_array().map(Vec::len), Some(0), "{same}");
    for step in same["steps"].as_array().unwrap() {
        assert!(step["differs"].as_array().unwrap().is_empty(), "{step}");
        assert!(step["outputs"].as_array().unwrap().is_empty(), "{step}");
    }
    home.run(&["compare", &first, "NOSUCH"]).exits(2).complains(&["no run NOSUCH"]);
}
