//! What is wrong with a machine's AWS set-up, and the repair of each thing. Examining changes nothing; a repair is shown
//! before it is made, and made only when it is asked for.

mod caches;
mod code;
mod docker;
mod files;
mod machine;
mod own;
mod precedence;
mod repair;

pub use code::Code;
pub use repair::{Done, Repair, RepairError, repair};

use crate::Env;
use crate::config::Draft;
use holdpoint_vault::{Vault, VaultError};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What is examined, and with what.
pub struct Examine<'a> {
    /// The environment.
    pub env: &'a Env,
    /// `HOLDPOINT_HOME`.
    pub home: &'a Path,
    /// The vault as it was opened; `None` when nobody tried.
    pub vault: Option<Result<&'a dyn Vault, &'a VaultError>>,
    /// The time.
    pub now: SystemTime,
    /// How long an endpoint may take to tell the time; none is asked with zero.
    pub patience: Duration,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Looked at, and right.
    Ok,
    /// Worth knowing.
    Note,
    /// It works now, and somebody will be sorry.
    Warning,
    /// Something does not work, or a secret lies open.
    Problem,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The file or folder.
    pub path: PathBuf,
    /// The line, from 1, when there is one.
    pub line: Option<usize>,
}

/// One thing that was found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which kind of thing.
    pub code: Code,
    /// How much it weighs.
    pub weight: Weight,
    /// What is the case, in a whole sentence without secrets, and what to do.
    pub said: String,
    /// Where.
    pub spot: Option<Spot>,
    /// How it is repaired, when it can be.
    pub repair: Option<Repair>,
}

/// Examines everything. What is fine is told, too, with [`Weight::Ok`], a finding for each subject; the heaviest come
/// first.
pub async fn examine(with: &Examine<'_>) -> Vec<Finding> {
    let mut findings = files::examine(with).await;
    let mut add = |part: Vec<Finding>| findings.extend(part);
    add(precedence::examine(with).await);
    add(caches::examine(with));
    add(docker::examine(with));
    add(own::examine(with));
    add(machine::examine(with));
    add(machine::clock(with).await);
    findings.sort_by(|a, b| b.weight.cmp(&a.weight).then(a.code.cmp(&b.code)));
    findings
}

impl Finding {
    fn new(code: Code, weight: Weight, said: impl Into<String>) -> Self {
        Self { code, weight, said: said.into(), spot: None, repair: None }
    }

    fn fine(code: Code, said: impl Into<String>) -> Self {
        Self::new(code, Weight::Ok, said)
    }

    fn at(mut self, path: &Path, line: Option<usize>) -> Self {
        self.spot = Some(Spot { path: path.to_owned(), line });
        self
    }

    fn with(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }

    /// With a change of a file's text, unless that would change nothing.
    fn with_draft<E>(self, draft: Result<Draft, E>) -> Self {
        match draft {
            Ok(draft) if !draft.is_empty() => self.with(Repair::Edit(draft)),
            Ok(_) | Err(_) => self,
        }
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.path.display()),
            None => write!(f, "{}", self.path.display()),
        }
    }
}
