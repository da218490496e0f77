//! A folder with a configuration, and steps on it.

use holdpoint_conformance::{Room, walk};
use holdpoint_engine::{Ending, Task};
use holdpoint_run::{Diagnosis, Mode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A value that must be seen nowhere.
pub(crate) const HUSH: &str = "hush-hush-4711";

/// A room with a configuration in its folder `infra`.
pub(crate) struct Scene {
    pub(crate) room: Room,
}

/// Whether Terraform is here; says so as the last line of a test's output where it is not.
pub(crate) fn is_absent() -> bool {
    let absent = Command::new("terraform").arg("version").env("CHECKPOINT_DISABLE", "1").output().is_err();
    if absent {
        println!("skipped: terraform is not installed");
    }
    absent
}

impl Scene {
    pub(crate) async fn with(text: &str) -> Self {
        let scene = Self { room: Room::open("healthy").await };
        scene.write("main.tf", text);
        scene
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

    /// Somebody else's Terraform in the same folder.
    pub(crate) fn by_hand(&self, arguments: &[&str]) -> Output {
        self.other(arguments).output().unwrap()
    }

    pub(crate) fn other(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(self.folder()).env("CHECKPOINT_DISABLE", "1");
        command.env_remove("TF_CLI_CONFIG_FILE").stdin(std::process::Stdio::null());
        command
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

/// Waits until something is so; what waits for ever is stopped by the test's own limit.
pub(crate) async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Terraform itself, a child of the process whose id is in the step's folder.
pub(crate) fn terraform_of(task: &Task) -> Option<i32> {
    let witness = std::fs::read_to_string(task.scratch.join("apply/pid")).ok()?;
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes.into_iter().find_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let rest: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        (rest.get(1) == Some(&witness.trim())).then(|| entry.file_name().to_str()?.parse().ok())?
    })
}

pub(crate) fn signal(pid: i32, name: &str) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}
