//! Two drivers: one drives; the other asks it to let go, or shuts it out when it does not answer.

use crate::home::{Home, Ran};
use crate::terminal::Terminal;
use std::path::PathBuf;

const PLAN: &str = "---
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

```yaml step
id: one
uses: shell
effect: once
practice: { command: sh say.sh one }
```

```bash
false
```

## Second

```yaml stage
id: second
hold: { signatures: 1 }
```

```yaml step
id: two
uses: shell
effect: once
practice: { command: sh say.sh two }
```

```bash
false
```
";

/// A run that somebody drives at a terminal, where it waits for their signature.
struct Driven {
    home: Home,
    plan: PathBuf,
    terminal: Terminal,
}

impl Driven {
    fn new() -> Self {
        let home = Home::new();
        home.file("say.sh", "echo $1 >> said\n");
        let plan = home.file("two.plan.md", PLAN);
        let mut terminal =
            Terminal::open(&home, &[], &["run", plan.to_str().unwrap(), "--practice", "--trust"]);
        terminal.shows("g = go");
        home.run(&["resume", "last", "--auto-sign"])
            .exits(1)
            .complains(&["is driven by pid", "--take-over` asks that one to let go"]);
        Self { home, plan, terminal }
    }

    /// The process that drives.
    fn pid(&self) -> String {
        let view = self.home.json(&["show", "last", "--json"]);
        let what = view["driven_by"]["what"].as_str().unwrap();
        what.split(' ').nth(1).unwrap().to_owned()
    }

    fn signal(&self, name: &str, pid: &str) {
        self.home.ran(self.home.beside("kill", &[name, pid])).exits(0);
    }

    /// What was done is done once, and the journal is whole, whatever the first driver did when it woke.
    fn ends(self) -> Ran {
        let ran =
            self.terminal.answers(&[("q = leave it open:", "g"), ("signed by [practice.operator]:", "")]);
        let said = std::fs::read_to_string(self.plan.with_file_name("said")).unwrap();
        assert_eq!(said, "one\ntwo\n", "{ran:?}");
        self.home.run(&["verify", "last"]).exits(0).says(&["intact", "all anchored"]);
        ran
    }
}

#[test]
fn a_driver_that_is_asked_lets_go() {
    let run = Driven::new();
    // A driver that is starved of the processor may hear too late, and is asked again.
    let taken = || run.home.run(&["resume", "last", "--take-over", "--auto-sign"]);
    let heard =
        std::iter::repeat_with(taken).take(9).find(|ran| !ran.err.contains("does not answer")).unwrap();
    heard.exits(0).says(&["done: every step"]);
    run.home.run(&["report", "last"]).exits(0).says(&["taken over from pid", "which let go"]);
    run.ends().exits(1).says(&["took this run over"]);
}

#[test]
fn a_stopped_driver_is_shut_out_and_can_do_nothing_when_it_wakes() {
    let run = Driven::new();
    let pid = run.pid();
    run.signal("-STOP", &pid);
    run.home
        .run(&["resume", "last", "--take-over", "--auto-sign"])
        .exits(1)
        .complains(&["drives this run and does not answer", "take it over all the same"]);
    run.home
        .run(&["resume", "last", "--take-over", "--force", "--auto-sign"])
        .exits(0)
        .says(&["done: every step"]);
    run.home.run(&["report", "last"]).exits(0).says(&["taken over from pid", "which did not answer"]);
    run.signal("-CONT", &run.terminal.id().to_string());
    run.signal("-CONT", &pid);
    run.ends().exits(1);
}
