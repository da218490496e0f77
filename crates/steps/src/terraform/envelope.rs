//! The sealed plan: its file together with everything that it was made from, under one digest.
//!
//! A signature that covers the digest covers all of it: folder, workspace, account, variables, commit. The whole is
//! sealed, since a plan's file holds the plain values of secrets.

use holdpoint_engine::{Task, Unsealed};
use holdpoint_plan::kinds::TerraformPlan;
use holdpoint_run::Diagnosis;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"holdpoint terraform plan 1\n";

/// What a plan was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// Account that the run was pinned to.
    pub(crate) account: String,
    /// Its region.
    pub(crate) region: String,
    /// The attempt that made it.
    pub(crate) mark: String,
    /// Arguments of the step, so that the same can be planned again to see what is left to do.
    pub(crate) with: TerraformPlan,
    /// Workspace.
    pub(crate) workspace: String,
    /// `terraform` or `tofu`.
    pub(crate) program: String,
    /// Its version.
    pub(crate) program_version: String,
    /// Digests of the variables files, by their names in the step.
    pub(crate) var_files: BTreeMap<String, String>,
    /// Commit of the repository that the folder is in.
    pub(crate) commit: Option<String>,
    /// The state that the plan is for; `None` when there is none yet.
    pub(crate) state: Option<StateMark>,
    /// What is done to what, in order.
    pub(crate) changes: Vec<(String, String)>,
    /// Whether there is anything to apply.
    pub(crate) applyable: bool,
    /// In one line.
    pub(crate) summary: String,
    /// Practised from a recording.
    pub(crate) recorded: bool,
}

/// Which state, and which version of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateMark {
    /// Identity of the state from its first version on.
    pub(crate) lineage: String,
    /// Counts its versions.
    pub(crate) serial: u64,
}

impl StateMark {
    /// Of a state's JSON, of whose resources nothing is kept; `None` when it says of no version.
    ///
    /// # Errors
    /// When it is not JSON.
    pub(crate) fn of(state: &[u8]) -> serde_json::Result<Option<Self>> {
        #[derive(Deserialize)]
        struct Head {
            lineage: Option<String>,
            serial: Option<u64>,
        }
        let Head { lineage, serial } = serde_json::from_slice(state)?;
        Ok(lineage.zip(serial).map(|(lineage, serial)| Self { lineage, serial }))
    }
}

/// A sealed plan that was opened.
pub(crate) struct Envelope {
    pub(crate) facts: Facts,
    pub(crate) digest: String,
    bytes: Unsealed,
    plan_at: usize,
}

impl Envelope {
    /// The plan's file.
    pub(crate) fn plan(&self) -> &[u8] {
        self.bytes.expose().get(self.plan_at..).unwrap_or_default()
    }
}

/// Seals a plan's file with its facts; the digest of both.
pub(crate) async fn seal(task: &Task, facts: &Facts, plan: &[u8]) -> Result<String, Diagnosis> {
    let facts = serde_json::to_vec(facts)
        .map_err(|error| Diagnosis::of(format!("What the plan was made from has no JSON form: {error}")))?;
    let whole = Unsealed::new([MAGIC, &facts, b"\n", plan].concat());
    task.safe.seal(whole.expose()).await
}

/// Opens the plan that `plan:<sha256>` names.
pub(crate) async fn open(task: &Task, reference: &str) -> Result<Envelope, Diagnosis> {
    let digest = reference.strip_prefix("plan:").filter(|digest| is_digest(digest)).ok_or_else(|| {
        Diagnosis::of(format!("`{reference}` is no sealed plan"))
            .hint("Write `plan: \"{{ steps.<id>.outputs.file }}\"`, with the id of a `terraform.plan` step before this one.")
    })?;
    let bytes = task.safe.open(digest).await?;
    let strange = || {
        Diagnosis::of("The sealed plan is not in the form that this version writes")
            .hint("Walk the step that planned again.")
    };
    let rest = bytes.expose().strip_prefix(MAGIC).ok_or_else(strange)?;
    let length = rest.iter().position(|byte| *byte == b'\n').ok_or_else(strange)?;
    let facts: Facts = serde_json::from_slice(&rest[..length]).map_err(|_| strange())?;
    let plan_at = MAGIC.len() + length + 1;
    Ok(Envelope { facts, digest: digest.to_owned(), plan_at, bytes })
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Digest of a file; `None` when it is not there.
pub(crate) fn digest_of(path: &Path) -> std::io::Result<Option<String>> {
    match std::fs::File::open(path) {
        Ok(file) => Digesting::new(file).digest().map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file of at most so many bytes. One that is longer is not read to its end, however it grows meanwhile.
pub(crate) fn limited(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    up_to(std::fs::File::open(path)?, most)
}

fn up_to(from: impl Read, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        true => Ok(bytes),
        false => Err(std::io::Error::other(format!("it is larger than {} MiB", most >> 20))),
    }
}

/// SHA-256, hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A reader that knows the SHA-256 of what went through it.
pub(crate) struct Digesting<R> {
    from: R,
    seen: Sha256,
}

impl<R: Read> Digesting<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, seen: Sha256::new() }
    }

    /// Of the whole, hex; what was not read yet is read first.
    pub(crate) fn digest(mut self) -> std::io::Result<String> {
        std::io::copy(&mut self, &mut std::io::sink())?;
        Ok(self.seen.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.from.read(into)?;
        self.seen.update(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// The commit that a folder's repository is at, read without starting anything; `None` outside of a repository.
pub(crate) fn commit(folder: &Path) -> Option<String> {
    let git = folder.ancestors().map(|folder| folder.join(".git")).find(|path| path.exists())?;
    let git = match std::fs::read_to_string(&git) {
        // A worktree or submodule: a file that says where its repository is.
        Ok(text) => git.parent()?.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => git,
    };
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return Some(head.trim().to_owned()) };
    let common = std::fs::read_to_string(git.join("commondir")).map(|text| git.join(text.trim()));
    let folders: Vec<PathBuf> = std::iter::once(git.clone()).chain(common.ok()).collect();
    let loose = folders.iter().find_map(|folder| std::fs::read_to_string(folder.join(name)).ok());
    let packed = || {
        let text =
            folders.iter().find_map(|folder| std::fs::read_to_string(folder.join("packed-refs")).ok())?;
        text.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' ').map(str::to_owned))
    };
    loose.map(|text| text.trim().to_owned()).or_else(packed).filter(|commit| !commit.is_empty())
}

/// Says that a plan was used, beside the run's working files: it is applied once, whoever asks again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// The attempt that used it.
    pub(crate) mark: String,
    /// When, in the words of a report.
    pub(crate) at: String,
}

impl Spent {
    fn path(task: &Task, digest: &str) -> Option<PathBuf> {
        Some(task.scratch.parent()?.join("terraform-spent").join(digest))
    }

    /// Who used the plan.
    pub(crate) fn of(task: &Task, digest: &str) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(Self::path(task, digest)?).ok()?).ok()
    }

    /// Writes, durably, that this attempt uses the plan now.
    pub(crate) fn write(task: &Task, digest: &str) -> std::io::Result<()> {
        let path = Self::path(task, digest).ok_or_else(|| std::io::Error::other("the step has no folder"))?;
        if let Some(folder) = path.parent() {
            super::program::private_folder(folder)?;
        }
        let spent = Self { mark: task.mark(), at: task.clock.now().to_string() };
        super::program::private_file(&path, &serde_json::to_vec(&spent)?)
    }

    /// Takes it back: nothing was applied.
    pub(crate) fn take_back(task: &Task, digest: &str) {
        if let Some(path) = Self::path(task, digest) {
            // One that stays only asks for another plan.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_read_up_to_its_limit_and_digested_on_its_way() {
        let bytes = [7_u8; 1000];
        assert_eq!(up_to(bytes.as_slice(), 1000).unwrap().len(), 1000);
        assert!(up_to(bytes.as_slice(), 999).unwrap_err().to_string().contains("larger than"));
        // It has no end, and is given up all the same.
        assert!(up_to(std::io::repeat(7), 4096).is_err());
        assert_eq!(Digesting::new(bytes.as_slice()).digest().unwrap(), hex(&bytes));
    }
}
