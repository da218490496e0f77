//! A folder with a configuration, and steps on it.

use super::stage::{Case, Stage};
use holdpoint_conformance::{Room, walk};
use holdpoint_engine::{Ending, Task};
use holdpoint_run::{Diagnosis, Mode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A value that must be seen nowhere.
pub(crate) const HUSH: &str = "hush-hush-4711";

/// A room with a configuration in its folder `infra`.
pub(crate) struct Scene {
    pub(crate) room: Room,
    pub(crate) stage: Stage,
}

impl Scene {
    /// Nothing where the case is for a Terraform that is not here.
    pub(crate) async fn open(case: Case, text: &str) -> Option<Self> {
        let stage = Stage::set(case)?;
        let scene = Self { room: stage.room().await, stage };
        scene.write("main.tf", text);
        Some(scene)
    }

    /// Ends it.
    pub(crate) async fn close(self) {
        self.stage.strike(self.room.folder());
        self.room.close().await;
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.room.folder().join("infra")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.folder()).unwrap();
        std::fs::write(self.folder().join(name), text).unwrap();
    }

    /// A step of a live run.
    pub(crate) fn task(&self, name: &str, kind: &str, with: Value) -> Task {
        let mut with = with;
        // An apply goes by what its plan was made with.
        if self.stage.program() != "terraform" && kind != "terraform.apply" {
            with["program"] = json!(self.stage.program());
        }
        Task { mode: Mode::Live, ..self.room.task(name, kind, with) }
    }

    pub(crate) async fn plan(&self, with: Value, expect: Value) -> Ending {
        let mut with = with;
        with["dir"] = json!("infra");
        let task = Task { expect, ..self.task("plan", "terraform.plan", with) };
        walk(self.room.executor("terraform.plan").as_ref(), &task).await
    }

    /// A plan that succeeds; the step that applies it.
    pub(crate) async fn planned(&self, with: Value) -> Task {
        let outputs = outputs(self.plan(with, json!({})).await);
        self.task("apply", "terraform.apply", json!({ "plan": outputs["file"] }))
    }

    /// Since when a lock is held, as Terraform itself tells it: in its own file beside a local state, else in the recording.
    pub(crate) fn locked_since(&self) -> String {
        let own = std::fs::read_to_string(self.folder().join(".terraform.tfstate.lock.info"));
        match (self.stage.recorded("Created:"), own) {
            (Some(since), _) => since,
            (None, Ok(own)) => {
                let own: Value = serde_json::from_str(&own).unwrap();
                // RFC 3339 there, and Go's own form in what is said: to the second they are the same.
                own["Created"].as_str().unwrap().replace('T', " ")[..19].to_owned()
            }
            (None, Err(why)) => panic!("nothing tells since when: {why}"),
        }
    }

    /// Whether somebody waits at the gate.
    pub(crate) fn is_at_the_gate(&self) -> bool {
        self.stage.gate().with_extension("there").exists()
    }

    /// Lets them go on.
    pub(crate) fn open_the_gate(&self) {
        std::fs::write(self.stage.gate().with_extension("go"), "").unwrap();
    }

    /// What somebody else's Terraform in the same folder does, and says; what it did is part of a recording.
    pub(crate) fn by_hand(&self, arguments: &[&str]) -> Option<String> {
        let output: Output = self.other(arguments)?.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    }

    /// Somebody else's Terraform, which goes on beside the step; nobody where a recording plays.
    pub(crate) fn other(&self, arguments: &[&str]) -> Option<Command> {
        let mut command = self.stage.is_real().then(|| Command::new("terraform"))?;
        command.args(arguments).current_dir(self.folder()).env("CHECKPOINT_DISABLE", "1");
        command.env("AWS_ACCESS_KEY_ID", "made-up").env("AWS_SECRET_ACCESS_KEY", "made-up");
        command.env_remove("TF_CLI_CONFIG_FILE").stdin(Stdio::null());
        Some(command)
    }

    /// All files of the run's working folder and everything that was kept, as text.
    pub(crate) fn left_behind(&self) -> String {
        let mut text = String::new();
        for (name, bytes) in self.room.safe.kept() {
            text.push_str(&format!("{name}\n{}\n", String::from_utf8_lossy(&bytes)));
        }
        let mut folders = vec![self.room.folder().join("scratch")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    let bytes = std::fs::read(entry.path()).unwrap_or_default();
                    text.push_str(&format!(
                        "{}\n{}\n",
                        entry.path().display(),
                        String::from_utf8_lossy(&bytes)
                    ));
                }
            }
        }
        text
    }
}

/// Outputs of a success whose judgements hold.
pub(crate) fn outputs(ending: Ending) -> BTreeMap<String, Value> {
    holdpoint_conformance::succeeded(ending)
}

/// What is found of the judgements that do not hold.
pub(crate) fn broken(ending: Ending) -> Vec<String> {
    let Ending::Succeeded { judgements, .. } = ending else { panic!("no judgement: {ending:?}") };
    judgements
        .into_iter()
        .filter(|one| !one.holds)
        .map(|one| format!("{}: {}", one.what, one.found))
        .collect()
}

pub(crate) fn failed(ending: Ending) -> Diagnosis {
    match ending {
        Ending::Failed(diagnosis) => diagnosis,
        ending @ (Ending::Succeeded { .. }
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => panic!("not a failure: {ending:?}"),
    }
}

/// A resource `slow` that says it is at the gate, and waits until it is opened.
pub(crate) fn gated(gate: &Path, more: &str) -> String {
    format!(
        "resource \"terraform_data\" \"slow\" {{\n  {more}\n  provisioner \"local-exec\" {{\n    command = \"echo at-the-gate; touch {0}.there; \
         until test -e {0}.go; do sleep 0.05; done\"\n  }}\n}}\n",
        gate.display()
    )
}

/// Waits until something is so; what waits for ever is stopped by the test's own limit.
pub(crate) async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Terraform itself, or who plays it: a child of the process whose id is in the step's folder, or behind who records it.
pub(crate) fn terraform_of(task: &Task) -> Option<i32> {
    let witness = std::fs::read_to_string(task.scratch.join("apply/pid")).ok()?;
    let first = child_of(witness.trim())?;
    child_of(&first).or(Some(first))?.parse().ok()
}

/// A child of that process that is called Terraform.
fn child_of(parent: &str) -> Option<String> {
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes.into_iter().find_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (name, rest) = stat.rsplit_once(')')?;
        let is = name.ends_with("(terraform") && rest.split_whitespace().nth(1) == Some(parent);
        is.then(|| entry.file_name().to_str().map(str::to_owned))?
    })
}

pub(crate) fn signal(pid: i32, name: &str) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}
