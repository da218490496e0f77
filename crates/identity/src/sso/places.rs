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
    /// `~/.local/share/holdpoint` (`~/Library/Application Support/Holdpoint` on macOS, `%LOCALAPPDATA%\\Holdpoint` on
    /// Windows). `None` when there is no home folder either.
    pub fn of(env: &Env) -> Option<Self> {
        Some(Self { home: home_of(env)?, vault: None })
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("home", &self.home).field("vault", &self.vault.is_some()).finish()
    }
}

fn home_of(env: &Env) -> Option<PathBuf> {
    let set = |name: &str| env.os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(home) = set("HOLDPOINT_HOME") {
        return Some(home);
    }
    if cfg!(windows) {
        return set("LOCALAPPDATA").map(|data| data.join("Holdpoint"));
    }
    if cfg!(target_os = "macos") {
        return env.home().map(|home| home.join("Library/Application Support/Holdpoint"));
    }
    set("XDG_DATA_HOME")
        .map(|data| data.join("holdpoint"))
        .or_else(|| env.home().map(|home| home.join(".local/share/holdpoint")))
}
