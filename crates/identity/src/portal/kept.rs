//! The tree as it was known last: `accounts/<key>.json` below `HOLDPOINT_HOME`. It holds names and addresses and no
//! secret; a file that cannot be read is as good as none.

use super::tree::Account;
use crate::sso::Trouble;
use crate::sso::{Found, file_write, read_as};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    accounts: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    name: String,
    email: String,
    roles: Vec<String>,
    /// Seconds since 1970.
    known_since: Option<u64>,
}

/// The accounts as they were known; `None` when nothing is.
pub(super) fn read(home: &Path, key: &str) -> Option<Vec<Account>> {
    let parse = |bytes: &[u8]| serde_json::from_slice::<File>(bytes).map_err(|error| error.to_string());
    let path = file_of(home, key);
    match read_as(&path, parse) {
        Ok(Found::One(file)) if file.version == VERSION => {
            Some(file.accounts.into_iter().map(account_of).collect())
        }
        Ok(Found::One(_) | Found::Nothing) => None,
        Ok(Found::Torn { why, .. }) => {
            tracing::warn!(why, path = %path.display(), "the known accounts cannot be read; they are asked for anew");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "the known accounts cannot be read; they are asked for anew");
            None
        }
    }
}

/// Keeps the accounts.
pub(super) fn write(home: &Path, key: &str, accounts: &[Account]) -> Result<(), Trouble> {
    let lines = accounts.iter().map(line_of).collect();
    let file = File { version: VERSION, accounts: lines };
    let path = file_of(home, key);
    let bytes = serde_json::to_vec(&file).map_err(|error| Trouble::Broke { why: error.to_string() })?;
    file_write(&path, &bytes)
}

fn file_of(home: &Path, key: &str) -> PathBuf {
    home.join("accounts").join(format!("{key}.json"))
}

fn account_of(line: Line) -> Account {
    let at = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    Account {
        id: line.id,
        name: line.name,
        email: line.email,
        roles: line.roles,
        known_since: line.known_since.and_then(at),
    }
}

fn line_of(account: &Account) -> Line {
    let seconds =
        |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs());
    Line {
        id: account.id.clone(),
        name: account.name.clone(),
        email: account.email.clone(),
        roles: account.roles.clone(),
        known_since: account.known_since.and_then(seconds),
    }
}
