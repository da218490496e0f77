//! Where Terraform works: the plan's own folder when it is live, a copy in the run's folder when it is practice.

use super::envelope::limited;
use super::program::private_folder;
use super::sources;
use crate::shell::Child;
use holdpoint_engine::Task;
use holdpoint_plan::kinds::TerraformProgram;
use holdpoint_run::{Diagnosis, Mode};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Never copied: what is large, or holds what is real.
const NOT_COPIED: [&str; 5] = [".terraform", ".git", "node_modules", "practice", ".venv"];
/// Largest file that a copy takes.
const LARGEST: u64 = 32 << 20;

/// How a step is walked.
pub(crate) enum Ground {
    /// Terraform runs here.
    Real(PathBuf),
    /// It is practised from what was recorded.
    Recorded(Recording),
    /// It is not practised.
    Not(String),
}

/// What was recorded beside a configuration, in its folder `practice`.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    folder: PathBuf,
}

impl Recording {
    fn beside(dir: &Path) -> Option<Self> {
        let folder = dir.join("practice");
        folder.join("plan.json").is_file().then_some(Self { folder })
    }

    /// A `terraform show -json` of a plan.
    pub(crate) fn plan(&self) -> PathBuf {
        self.folder.join("plan.json")
    }

    /// `{"calls": [{"call", "input"}], "outputs": {…}}`; empty where none is beside the plan.
    pub(crate) fn apply(&self) -> Result<Applied, Diagnosis> {
        let path = self.folder.join("apply.json");
        let wrong = |why: String| {
            Diagnosis::of(format!("{} cannot be practised: {why}", path.display()))
                .hint("Its form is in docs/terraform.md.")
        };
        let bytes = match limited(&path, LARGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Applied::default()),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let whole: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        let mut calls = Vec::new();
        for call in whole["calls"].as_array().into_iter().flatten() {
            let name = call["call"].as_str().filter(|name| name.contains(':'));
            let name = name.ok_or_else(|| wrong("a call is written `service:Operation`".into()))?;
            calls.push((name.to_owned(), call["input"].clone()));
        }
        Ok(Applied { calls, outputs: whole["outputs"].clone() })
    }
}

/// What an apply does, and gives, in practice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Applied {
    /// Calls of AWS, `ecs:UpdateService` with its input.
    pub(crate) calls: Vec<(String, Value)>,
    /// Outputs by name: a value, or `{"value", "sensitive"}` as `terraform output -json` has it.
    pub(crate) outputs: Value,
}

/// The configuration's own folder, below the plan's.
pub(crate) fn own_folder(task: &Task, dir: Option<&str>) -> Result<PathBuf, Diagnosis> {
    let folder = below(&task.folder, dir.unwrap_or("."))?;
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(Diagnosis::of(format!("There is no folder {}", folder.display()))
            .hint("`dir` is relative to the folder of the plan file.")),
    }
}

/// A path below a folder, without any way out of it.
pub(crate) fn below(folder: &Path, relative: &str) -> Result<PathBuf, Diagnosis> {
    let path = Path::new(relative);
    if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(Diagnosis::of(format!("`{relative}` leads out of the plan's folder"))
            .hint("Keep the plan file above the folders that it works on."));
    }
    Ok(path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .fold(folder.to_owned(), |at, part| at.join(part)))
}

/// Decides where a step works.
pub(crate) fn choose(
    child: &Child,
    task: &Task,
    dir: Option<&str>,
    program: Option<TerraformProgram>,
) -> Result<Ground, Diagnosis> {
    let own = own_folder(task, dir)?;
    if task.mode == Mode::Live {
        return Ok(Ground::Real(own));
    }
    let is_installed = super::program::installed(child, program).is_some();
    let found = sources::read(&own)?;
    let foreign: Vec<&String> = found.providers.iter().filter(|name| !is_built_in(name)).collect();
    let recording = Recording::beside(&own);
    if foreign.is_empty() && is_installed {
        return practised(task, &own, dir, found.has_backend);
    }
    if let Some(recording) = recording {
        return Ok(Ground::Recorded(recording));
    }
    if !is_installed {
        return Ok(Ground::Not(
            "Terraform is not installed, and nothing is recorded in the folder `practice`".into(),
        ));
    }
    let missing: Vec<&str> = foreign
        .iter()
        .filter(|name| !is_there(&own, name) && !is_mirrored(child))
        .map(|name| name.as_str())
        .collect();
    if missing.is_empty() {
        return practised(task, &own, dir, found.has_backend);
    }
    Ok(Ground::Not(format!(
        "the providers {} are not on this machine, and nothing is recorded in the folder `practice`",
        missing.join(", ")
    )))
}

fn is_built_in(provider: &str) -> bool {
    provider == "terraform"
}

/// Whether a provider was installed for the configuration.
fn is_there(dir: &Path, provider: &str) -> bool {
    let Ok(hosts) = std::fs::read_dir(dir.join(".terraform/providers")) else { return false };
    let named = provider.rsplit('/').next().unwrap_or(provider);
    hosts.flatten().any(|host| {
        let spaces = std::fs::read_dir(host.path()).into_iter().flatten().flatten();
        spaces.into_iter().any(|space| space.path().join(named).is_dir())
    })
}

/// Whether the operator's own settings say where providers come from.
fn is_mirrored(child: &Child) -> bool {
    let Some(path) = child.env.os("TF_CLI_CONFIG_FILE") else { return false };
    std::fs::read_to_string(path).is_ok_and(|text| text.contains("filesystem_mirror"))
}

/// The copy that practice works on; made once a run, so that what one step changes the next one sees.
fn practised(task: &Task, own: &Path, dir: Option<&str>, has_backend: bool) -> Result<Ground, Diagnosis> {
    let made = || -> std::io::Result<PathBuf> {
        let root = copies(task)?;
        let copy = root.join(own.strip_prefix(&task.folder).unwrap_or(Path::new("")));
        if copy.join(".holdpoint-copy").exists() {
            return Ok(copy);
        }
        let mut seen = BTreeSet::new();
        copy_with_modules(&task.folder, &root, own, &mut seen)?;
        let state = own.join("practice").join("terraform.tfstate");
        if state.is_file() {
            std::fs::copy(state, copy.join("terraform.tfstate"))?;
        }
        let providers = own.join(".terraform/providers");
        if providers.is_dir() {
            private_folder(&copy.join(".terraform"))?;
            #[cfg(unix)]
            std::os::unix::fs::symlink(providers, copy.join(".terraform/providers"))?;
        }
        if has_backend {
            // The state that is somewhere else is real: practice has its own, beside the copy.
            std::fs::write(
                copy.join("zz_holdpoint_practice_override.tf"),
                "terraform {\n  backend \"local\" {}\n}\n",
            )?;
        }
        std::fs::write(copy.join(".holdpoint-copy"), "")?;
        Ok(copy)
    };
    made().map(Ground::Real).map_err(|error| {
        Diagnosis::of(format!("{} could not be copied for practice: {error}", dir.unwrap_or(".")))
            .hint("See that the run's folder can be written and has space, then retry.")
    })
}

/// The folder of the run's copies.
pub(crate) fn copies(task: &Task) -> std::io::Result<PathBuf> {
    let root = task.scratch.parent().map(|all| all.join("terraform-copies"));
    let root = root.ok_or_else(|| std::io::Error::other("the step has no folder"))?;
    private_folder(&root)?;
    Ok(root)
}

/// Copies a file of the plan's folder into the copies, unless it is there already.
pub(crate) fn copied_file(task: &Task, own: &Path) -> std::io::Result<PathBuf> {
    let copy = copies(task)?.join(own.strip_prefix(&task.folder).unwrap_or(own));
    if !copy.exists() && own.exists() {
        if let Some(folder) = copy.parent() {
            private_folder(folder)?;
        }
        std::fs::copy(own, &copy)?;
    }
    Ok(copy)
}

fn copy_with_modules(
    base: &Path,
    root: &Path,
    dir: &Path,
    seen: &mut BTreeSet<PathBuf>,
) -> std::io::Result<()> {
    if !seen.insert(dir.to_owned()) {
        return Ok(());
    }
    let Ok(relative) = dir.strip_prefix(base) else {
        return Err(std::io::Error::other(format!("{} is not below the plan's folder", dir.display())));
    };
    copy_folder(dir, &root.join(relative), 0)?;
    let modules = sources::read(dir).map(|found| found.modules).unwrap_or_default();
    for module in modules {
        let target = lexical(&dir.join(module));
        if target.is_dir() && !target.starts_with(dir) {
            copy_with_modules(base, root, &target, seen)?;
        }
    }
    Ok(())
}

fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => out.push(part),
        }
    }
    out
}

fn copy_folder(from: &Path, to: &Path, depth: u32) -> std::io::Result<()> {
    private_folder(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        // What a link leads to may be anywhere; a copy follows none.
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < 12 && !NOT_COPIED.iter().any(|left_out| *left_out == name) {
            copy_folder(&entry.path(), &to.join(&name), depth + 1)?;
        } else if kind.is_file() && entry.metadata()?.len() <= LARGEST && !to.join(&name).exists() {
            std::fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}
