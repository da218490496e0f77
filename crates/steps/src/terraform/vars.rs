//! `terraform.vars`: variables set in a variables file. Only the bytes of what is set change.

mod edit;

pub(crate) use edit::literal;

use super::ground::{below, copied_file};
use super::sources;
use crate::failure::{arguments, strange};
use async_trait::async_trait;
use edit::{edited, masked};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_plan::kinds::{TerraformNothing, TerraformVars};
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, Mode, Receipt};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Largest file that is edited.
const LARGEST: u64 = 4 << 20;

/// The kind `terraform.vars`.
pub(crate) struct Vars;

fn key(file: &str) -> String {
    format!("file/{file}")
}

#[async_trait]
impl Executor for Vars {
    fn kind(&self) -> &'static str {
        "terraform.vars"
    }

    fn undo(&self, action: &Action) -> Option<Action> {
        let with = json!({ "file": action.with["file"], "restore": "pinned" });
        Some(Action { uses: "terraform.vars".into(), with, expect: Value::Null, script: None })
    }

    fn pins(&self, with: &Value) -> Vec<String> {
        with["file"].as_str().map(key).into_iter().collect()
    }

    async fn pin(&self, task: &Task, key: &str) -> Result<Option<Value>, Diagnosis> {
        let file = key.strip_prefix("file/").unwrap_or(key);
        let own = below(&task.folder, file)?;
        Ok(text_of(&own)?.map(|text| json!({ "text": text })))
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: TerraformVars = arguments(&task.with)?;
        let _: TerraformNothing = arguments(&task.expect)?;
        let change = Change::of(task, &with)?;
        let summary = match with.restore.is_some() {
            true => format!("put {} back as it was", with.file),
            false => format!("set {} in {}", names(&with).join(", "), with.file),
        };
        let world = json!({ "sha256": change.before.as_deref().map(sha) });
        if change.before == change.after {
            let already = Some("the file is so already".to_owned());
            return Ok(Intent { summary, world, already, ..Intent::default() });
        }
        let input = json!({
            "file": with.file, "diff": change.diff, "before": change.before.as_deref().map(sha),
            "after": change.after.as_deref().map(sha),
        });
        let actions = vec![ActionPlan { call: "file:write".into(), input }];
        Ok(Intent { summary, actions, world, ..Intent::default() })
    }

    async fn act(&self, task: &Task, intent: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        let with: TerraformVars = arguments(&task.with).map_err(ActError::Refused)?;
        let change = Change::of(task, &with).map_err(ActError::Refused)?;
        let planned = intent.actions.first().map(|action| &action.input);
        let planned = planned.ok_or_else(|| ActError::Refused(strange("it has no action")))?;
        if planned["before"] != json!(change.before.as_deref().map(sha)) {
            return Err(ActError::Refused(
                Diagnosis::of(format!("{} was changed by somebody else since the diff was shown", with.file))
                    .hint("Retry: the diff is made anew."),
            ));
        }
        task.progress.line("diff", None, change.diff.clone());
        write(&change.path, change.after.as_deref()).map_err(|error| {
            ActError::Refused(
                Diagnosis::of(format!("{} could not be written: {error}", with.file)).hint(
                    "See that the file and its folder can be written and the disk has space, then retry.",
                ),
            )
        })?;
        Ok(receipt(&with.file, planned))
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        _: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let with: TerraformVars = arguments(&task.with)?;
        let planned =
            intent.actions.first().map(|action| &action.input).ok_or_else(|| strange("it has no action"))?;
        let now = json!(text_of(&place(task, &with.file)?)?.as_deref().map(sha));
        Ok(if now == planned["after"] {
            Observation::TookEffect(receipt(&with.file, planned))
        } else if now == planned["before"] {
            Observation::TookNoEffect { why: "the file is as it was".into() }
        } else {
            Observation::Unsettled(
                Diagnosis::of(format!("{} is neither as it was nor as it was to be", with.file))
                    .hint("See who else edits it, then say whether the step took effect."),
            )
        })
    }

    async fn follow(&self, task: &Task, _: &Intent, receipts: &[Receipt]) -> Ending {
        let done = || -> Result<Ending, Diagnosis> {
            let with: TerraformVars = arguments(&task.with)?;
            let now = text_of(&place(task, &with.file)?)?;
            let diff = receipts.first().map_or(json!(""), |receipt| receipt.body["diff"].clone());
            Ok(Ending::outputs([("diff", diff), ("sha256", json!(now.as_deref().map(sha)))]))
        };
        done().unwrap_or_else(Ending::Failed)
    }
}

fn receipt(file: &str, planned: &Value) -> Receipt {
    let id = format!("{file}@{}", planned["after"].as_str().unwrap_or("absent"));
    Receipt {
        external: vec![External { kind: "file".into(), id }],
        request_id: None,
        body: json!({ "diff": planned["diff"], "after": planned["after"] }),
    }
}

fn names(with: &TerraformVars) -> Vec<String> {
    with.set.keys().cloned().chain(with.unset.iter().cloned()).collect()
}

fn sha(text: &str) -> String {
    super::envelope::hex(text.as_bytes())
}

/// The file that is edited: the plan's own, or practice's copy of it.
fn place(task: &Task, file: &str) -> Result<PathBuf, Diagnosis> {
    let own = below(&task.folder, file)?;
    if !file.ends_with(".tfvars") {
        return Err(Diagnosis::of(format!("{file} is no variables file that can be edited"))
            .hint("Write the path of a `.tfvars` file."));
    }
    match task.mode {
        Mode::Live => Ok(own),
        Mode::Practice => copied_file(task, &own).map_err(|error| {
            Diagnosis::of(format!("{file} could not be copied for practice: {error}"))
                .hint("See that the run's folder can be written, then retry.")
        }),
    }
}

fn text_of(path: &Path) -> Result<Option<String>, Diagnosis> {
    let wrong = |why: String| {
        Diagnosis::of(format!("{} cannot be edited: {why}", path.display()))
            .hint("See what the file is, then retry.")
    };
    match std::fs::metadata(path) {
        Ok(found) if found.len() > LARGEST => return Err(wrong("it is larger than 4 MB".into())),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    String::from_utf8(bytes).map(Some).map_err(|_| wrong("it is not UTF-8".into()))
}

/// What becomes of a file.
struct Change {
    path: PathBuf,
    before: Option<String>,
    after: Option<String>,
    diff: String,
}

impl Change {
    fn of(task: &Task, with: &TerraformVars) -> Result<Self, Diagnosis> {
        let path = place(task, &with.file)?;
        let before = text_of(&path)?;
        let after = match with.restore.as_deref() {
            None => Some(edited(before.as_deref().unwrap_or_default(), with).map_err(|why| {
                Diagnosis::of(format!("{} cannot be edited: {why}", with.file))
                    .hint("Correct the file or the step, then retry.")
            })?),
            Some("pinned") => restored(task, with, before.as_deref())?,
            Some(other) => {
                return Err(Diagnosis::of(format!("`restore: {other}` is not known"))
                    .hint("Write `restore: pinned`."));
            }
        };
        let secret = secret_names(task, &path);
        let (old, new) = (before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
        let (old, new) = masked(old, new, &secret);
        let diff = similar::TextDiff::from_lines(&old, &new).unified_diff().context_radius(2).to_string();
        Ok(Self { path, before, after, diff })
    }
}

/// The bytes of before, unless somebody else has edited the file since.
fn restored(task: &Task, with: &TerraformVars, now: Option<&str>) -> Result<Option<String>, Diagnosis> {
    let pin = task.pins.get(&key(&with.file)).ok_or_else(|| {
        Diagnosis::of(format!("Nothing is pinned of {}", with.file))
            .hint("Restore it by hand: it is in the repository.")
    })?;
    let pinned = pin.content.as_ref().and_then(|content| content["text"].as_str().map(str::to_owned));
    let wrote = task.began.get(task.work.step.as_str()).and_then(|began| began.receipts.first());
    let wrote = wrote.and_then(|receipt| receipt.body["after"].as_str());
    let is_ours = wrote.is_none() || wrote == now.map(sha).as_deref();
    if now == pinned.as_deref() || is_ours {
        return Ok(pinned);
    }
    Err(Diagnosis::of(format!("{} was edited by somebody else after this run wrote it", with.file))
        .hint("Put it back by hand, or leave this undo out: their edit would be lost."))
}

/// Variables that the configuration calls sensitive: in the file's folder and in those above it.
fn secret_names(task: &Task, path: &Path) -> Vec<String> {
    let root = match task.mode {
        Mode::Live => Some(task.folder.clone()),
        Mode::Practice => super::ground::copies(task).ok(),
    };
    let Some(root) = root else { return Vec::new() };
    let relative = path.strip_prefix(&root).unwrap_or(Path::new(""));
    let own = task.folder.join(relative);
    let folders = own.ancestors().skip(1).take_while(|folder| folder.starts_with(&task.folder));
    folders.flat_map(sources::sensitive).collect()
}

/// Writes beside, syncs, renames: the file is whole, before or after. Its mode stays.
fn write(path: &Path, text: Option<&str>) -> std::io::Result<()> {
    let Some(text) = text else {
        return match std::fs::remove_file(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
    };
    // What a link leads to is what is edited.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = path.with_extension("tfvars.holdpoint-new");
    let mode = std::fs::metadata(&path).map(|found| found.permissions());
    let mut file = std::fs::File::create(&beside)?;
    if let Ok(mode) = mode {
        file.set_permissions(mode)?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, &path)
}
