//! A plan that is edited while its run is open: told, shown, decided step by step, adopted, or refused.

use crate::home::Home;
use serde_json::Value;
use std::path::PathBuf;

const HEAD: &str = "---
holdpoint:
  version: 1
  title: Two stages
  target: { account: \"111122223333\", region: eu-central-1, role: Deployer }
---
# Two stages

## First

```yaml stage
id: first
```
";

const SECOND: &str = "
## Second

```yaml stage
id: second
hold: { signatures: 1 }
```
";

fn step(id: &str, says: &str) -> String {
    format!(
        "\n### {id}\n\n```yaml step\nid: {id}\nuses: shell\neffect: idempotent\npractice: {{ command: sh say.sh {says} }}\n```\n\n```bash\nfalse\n```\n"
    )
}

/// A home with a run that waits for a signature before its second stage.
struct Waiting {
    home: Home,
    plan: PathBuf,
}

impl Waiting {
    fn new() -> Self {
        let home = Home::new();
        home.file("say.sh", "echo $1 >> said\n");
        let plan = home.file("two.plan.md", Self::text(&[("one", "1"), ("both", "2")], &[("last", "3")]));
        let waiting = Self { home, plan };
        let words = ["run", waiting.plan.to_str().unwrap(), "--practice", "--trust"];
        waiting.home.run(&words).exits(3).says(&["✓ both"]).complains(&["waits for signatures before"]);
        waiting
    }

    fn text(first: &[(&str, &str)], second: &[(&str, &str)]) -> String {
        let steps = |of: &[(&str, &str)]| of.iter().map(|(id, says)| step(id, says)).collect::<String>();
        format!("{HEAD}{}{SECOND}{}", steps(first), steps(second))
    }

    fn edit(&self, text: &str) {
        std::fs::write(&self.plan, text).unwrap();
    }

    /// What the steps did, in order.
    fn said(&self) -> String {
        std::fs::read_to_string(self.plan.with_file_name("said")).unwrap()
    }
}

fn adopts<'w>(given: &[&'w str]) -> Vec<&'w str> {
    ["adopt", "last"].into_iter().chain(given.iter().copied()).collect()
}

#[test]
fn an_edit_is_told_shown_and_adopted_step_by_step() {
    let run = Waiting::new();
    let home = &run.home;
    home.run(&["adopt", "last", "--preview"]).exits(0).complains(&["was not edited"]);
    run.edit(&Waiting::text(&[("one", "uno"), ("both", "due")], &[("new", "new"), ("last", "3")]));

    home.run(&["show", "last"]).exits(0).complains(&["was edited since", "--preview"]);
    home.run(&["resume", "last"]).exits(3).complains(&["goes on with the plan as it was"]);
    home.run(&["adopt", "last", "--preview"])
        .exits(0)
        .says(&["-practice: { command: sh say.sh 1 }", "+practice: { command: sh say.sh uno }"])
        .says(&["changed  one (one); it has a result: --keep one or --again one", "added    new (new)"])
        .complains(&["not trusted yet"]);
    let shown = home.json(&["adopt", "last", "--preview", "--json"]);
    let decide = |change: &Value| (change["step"].clone(), change["decide"].clone());
    let changes: Vec<_> = shown["changes"].as_array().unwrap().iter().map(decide).collect();
    let expected = [("one", true), ("both", true), ("new", false)];
    assert_eq!(changes, expected.map(|(step, decide)| (step.into(), decide.into())), "{shown}");
    let (now, walked) = (shown["digest"].as_str().unwrap(), shown["walked"].as_str().unwrap());

    let decided = ["--keep", "one", "--again", "both", "--reason", "the second was wrong"];
    home.run(&adopts(&decided)).exits(3).complains(&["is not trusted as it is now"]);
    home.run(&adopts(&["--trust", "--keep", "one"])).exits(2).complains(&["--reason"]);
    home.run(&adopts(&["--trust", "--keep", "one", "--reason", "why"]))
        .exits(1)
        .complains(&["both is another step now, and has a result", "--again both"]);
    home.run(&adopts(&["--keep", "new", "--reason", "why"]))
        .exits(2)
        .complains(&["nothing to decide about `new`"]);
    home.run(&adopts(&["--keep", "one,both", "--again", "one", "--reason", "why"]))
        .exits(2)
        .complains(&["both kept and walked again"]);
    assert_eq!(run.said(), "1\n2\n", "what was refused changed nothing");

    let [decided, trust] = [&decided[..], &["--trust", "--json"]];
    let adopted = home.json(&adopts(&[decided, trust].concat()));
    assert_eq!((&adopted["adopted"], &adopted["instead_of"]), (&now.into(), &walked.into()), "{adopted}");
    home.run(&["adopt", "last", "--preview"]).exits(0).complains(&["was not edited"]);
    home.run(&["resume", "last", "--auto-sign"]).exits(0).says(&["✓ both", "✓ new", "done: every step"]);
    assert_eq!(run.said(), "1\n2\ndue\nnew\n3\n", "one was kept, both walked again, new is new");

    assert_eq!(home.json(&["show", "last", "--json"])["plan_digest"], now);
    home.run(&["verify", "last"]).exits(0).says(&["intact", "all anchored"]);
    home.run(&["report", "last"]).exits(0).says(&["the second was wrong", walked, now]);
}

#[test]
fn what_a_run_cannot_go_on_with_is_refused_by_name() {
    let run = Waiting::new();
    let first = [("one", "1"), ("both", "2")];
    let cases = [
        (Waiting::text(&first[..1], &[("last", "3")]), "has no step both"),
        (
            Waiting::text(&first, &[("last", "3")]).replace("eu-central-1", "eu-west-1"),
            "another account, region or role",
        ),
        (Waiting::text(&first, &[("last", "3")]).replace("uses: shell", "uses: shall"), "errors"),
        (
            Waiting::text(&first, &[("last", "3")]).replace("  target:", "  vars:\n    tag: {}\n  target:"),
            "new variable `tag` without a value",
        ),
    ];
    for (text, why) in &cases {
        run.edit(text);
        run.home.run(&["adopt", "last", "--preview"]).exits(1).complains(&[why]);
        run.home.run(&adopts(&["--trust", "--reason", "try"])).exits(1).complains(&[why]);
    }
    // Words alone are no other step; the signature wanted is wanted still.
    run.edit(&format!("{}\nA word more.\n", Waiting::text(&first, &[("last", "3")])));
    run.home.run(&["adopt", "last", "--preview"]).exits(0).says(&["only words differ"]);
    run.home.run(&adopts(&["--trust", "--reason", "a word more"])).exits(0);
    run.home.run(&["resume", "last"]).exits(3).complains(&["waits for signatures before"]);
    run.home.run(&["resume", "last", "--auto-sign"]).exits(0);
    run.edit("# Another one\n");
    run.home.run(&["adopt", "last", "--preview"]).exits(0).complains(&["or the run is over"]);
    assert_eq!(run.said(), "1\n2\n3\n");
    run.home.run(&["verify", "last"]).exits(0).says(&["intact"]);
}
