//! Where this process keeps things.

use crate::Env;
use holdpoint_vault::Vault;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Holdpoint's folder and the vault in it.
#[derive(Clone)]
pub struct Places {
    /// `HOLDPOINT_HOME`.
    pub home: PathBuf,
    /// The opened vault; `None` where none was opened, and then nothing is read from one.
    pub vault: Option<Arc<dyn Vault>>,
}

impl Places {
    /// The folder that the environment says, without a vault: `HOLDPOINT_HOME`, else `XDG_DATA_HOME/holdpoint`, else
    /// `~/.local/share/holdpoint`. `None` when there is no home folder either.
    pub fn of(env: &Env) -> Option<Self> {
        let home = match (env.get("HOLDPOINT_HOME"), env.get("XDG_DATA_HOME")) {
            (Some(home), _) => PathBuf::from(home),
            (None, Some(data)) => PathBuf::from(data).join("holdpoint"),
            (None, None) => env.home()?.join(".local/share/holdpoint"),
        };
        Some(Self { home, vault: None })
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("home", &self.home).field("vault", &self.vault.is_some()).finish()
    }
}
