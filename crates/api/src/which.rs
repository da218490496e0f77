//! Which run, and from which commit.

use crate::Problem;
use crate::console::Console;
use holdpoint_ledger::Ledger;
use holdpoint_plan::{StageId, StepId};
use holdpoint_run::{HoldKey, RunId};
use std::path::Path;

impl Console {
    /// Finds a run by the beginning of its id, or the newest by `last`.
    pub async fn find(&self, text: &str) -> Result<RunId, Problem> {
        let rows = self.ledger.runs().await?;
        if text == "last" {
            let newest = rows.first().ok_or_else(|| {
                Problem::new("there is no run yet")
                    .code("not_found")
                    .hint("`holdpoint run PLAN --practice` begins one")
            })?;
            return Ok(newest.run.clone());
        }
        let upper = text.to_ascii_uppercase();
        let fit: Vec<_> =
            rows.iter().filter(|row| row.run.as_str().starts_with(&upper) && !upper.is_empty()).collect();
        match fit.as_slice() {
            [one] => Ok(one.run.clone()),
            [] => Err(Problem::new(format!("there is no run {text}"))
                .code("not_found")
                .hint("`holdpoint runs` lists them")),
            several => {
                let ids: Vec<_> = several.iter().map(|row| row.run.as_str()).collect();
                Err(Problem::new(format!("{text} is the beginning of {}", ids.join(", "))).code("usage"))
            }
        }
    }
}

/// A new run's id: ten characters without those that are mistaken for one another (Crockford's base 32).
pub(crate) fn new_run_id() -> Result<RunId, Problem> {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut bytes = [0_u8; 10];
    getrandom::fill(&mut bytes)
        .map_err(|error| Problem::new(format!("the system gives no random bytes: {error}")))?;
    let text: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect();
    Ok(RunId::new(text)?)
}

/// Short commit id of the folder's git work tree, read from its files: no program is started for it.
pub(crate) fn git_sha(folder: &Path) -> Option<String> {
    let git = folder.ancestors().map(|folder| folder.join(".git")).find(|git| git.is_dir())?;
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let full = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_owned(),
        Some(name) => match std::fs::read_to_string(git.join(name)) {
            Ok(id) => id.trim().to_owned(),
            Err(_) => {
                let packed = std::fs::read_to_string(git.join("packed-refs")).ok()?;
                packed.lines().find_map(|line| line.strip_suffix(name).map(|id| id.trim().to_owned()))?
            }
        },
    };
    full.get(..12).map(str::to_owned)
}

/// Reads `stage:<id>` or `step:<id>`.
pub fn hold_key(text: &str) -> Result<HoldKey, Problem> {
    let bad =
        || Problem::new(format!("`{text}` does not name a hold: `stage:<id>` or `step:<id>`")).code("usage");
    match text.split_once(':') {
        Some(("stage", id)) => StageId::new(id).map(HoldKey::Stage).map_err(|_| bad()),
        Some(("step", id)) => StepId::new(id).map(HoldKey::Step).map_err(|_| bad()),
        Some(_) | None => Err(bad()),
    }
}
