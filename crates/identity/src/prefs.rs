//! What the operator chose: favourites, recent profiles, marks of accounts, registries, where tokens are kept.
//!
//! One file, `identities.json` below `HOLDPOINT_HOME`. Members that this version does not know survive each change, so
//! that an older Holdpoint takes nothing from a newer one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// How many profiles are remembered as recent.
const RECENT: usize = 30;
/// Minutes without a touch before the console locks, while nobody chose.
const IDLE_MINUTES: u32 = 15;
/// A longer file was not written by Holdpoint.
const LONGEST: u64 = 16 << 20;

/// What the operator chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// Profiles that come first.
    pub favourites: Vec<String>,
    /// Profiles switched to, the newest first.
    pub recent: Vec<Recent>,
    /// Marks, by account id.
    pub accounts: BTreeMap<String, Mark>,
    /// Keys of the sessions whose tokens are kept in the vault alone; the others are shared with the AWS CLI.
    pub in_vault: Vec<String>,
    /// Profiles, by registry host.
    pub registries: BTreeMap<String, String>,
    /// Minutes without a touch before the console locks; 0 is never.
    pub idle_minutes: u32,
    /// The profile chosen last.
    pub chosen: Option<String>,
    /// What a newer Holdpoint wrote.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// A profile switched to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Its name.
    pub profile: String,
    /// Seconds since 1970.
    pub at: i64,
}

/// Marks of an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// What the operator calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// Production, or certainly not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub production: Option<bool>,
    /// First among the others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub favourite: bool,
    /// What a newer Holdpoint wrote.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Why preferences could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PrefsError {
    /// The file is there and is not what Holdpoint writes. It is left as it is.
    #[error("{} is damaged ({why}): repair it, or move it away and Holdpoint makes a new one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system refused. What was there is there still.
    #[error("{} could not be {did}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read`, `written` or `locked`.
        did: &'static str,
        /// The system's words.
        error: std::io::Error,
    },
}

impl Default for Prefs {
    fn default() -> Self {
        Self {
            favourites: Vec::new(),
            recent: Vec::new(),
            accounts: BTreeMap::new(),
            in_vault: Vec::new(),
            registries: BTreeMap::new(),
            idle_minutes: IDLE_MINUTES,
            chosen: None,
            rest: Map::new(),
        }
    }
}

impl Prefs {
    /// Reads what is there; nothing chosen yet is the default.
    ///
    /// # Errors
    /// [`PrefsError`].
    pub fn open(home: &Path) -> Result<Self, PrefsError> {
        let path = file_in(home);
        let io = |error| PrefsError::Io { path: path.clone(), did: "read", error };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(io(error)),
        };
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(io)?;
        let damaged = |why: String| PrefsError::Damaged { path: path.clone(), why };
        if bytes.len() as u64 > LONGEST {
            return Err(damaged(format!("it is longer than {LONGEST} bytes")));
        }
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))
    }

    /// Reads, changes and writes under a lock, so that two processes lose nothing of each other. The file is replaced
    /// whole or stays as it was; what does not change is not written.
    ///
    /// # Errors
    /// [`PrefsError`].
    pub fn change(home: &Path, change: impl FnOnce(&mut Self)) -> Result<Self, PrefsError> {
        let path = file_in(home);
        let lock = path.with_extension("lock");
        let locked = |error| PrefsError::Io { path: lock.clone(), did: "locked", error };
        let held = private().read(true).write(true).create(true).truncate(false).open(&lock);
        let held = held.map_err(locked)?;
        held.lock().map_err(locked)?;
        let before = Self::open(home)?;
        let mut after = before.clone();
        change(&mut after);
        if after != before {
            after.write(home).map_err(|error| PrefsError::Io { path, did: "written", error })?;
        }
        Ok(after)
    }

    /// Whether the tokens of this session are kept in the vault alone.
    pub fn is_in_vault(&self, session: &str) -> bool {
        self.in_vault.iter().any(|key| key == session)
    }

    /// Keeps the tokens of this session in the vault alone, or shares them with the AWS CLI.
    pub fn keep_in_vault(&mut self, session: &str, alone: bool) {
        self.in_vault.retain(|key| key != session);
        if alone {
            self.in_vault.push(session.to_owned());
        }
    }

    /// Makes a profile the chosen one, and the newest of the recent ones.
    pub fn choose(&mut self, profile: &str, at: i64) {
        self.recent.retain(|recent| recent.profile != profile);
        self.recent.insert(0, Recent { profile: profile.to_owned(), at });
        self.recent.truncate(RECENT);
        self.chosen = Some(profile.to_owned());
    }

    /// When a profile was last switched to, in seconds since 1970.
    pub fn used(&self, profile: &str) -> Option<i64> {
        self.recent.iter().find(|recent| recent.profile == profile).map(|recent| recent.at)
    }

    /// Puts a profile first, or no longer.
    pub fn favour(&mut self, profile: &str, on: bool) {
        self.favourites.retain(|name| name != profile);
        if on {
            self.favourites.push(profile.to_owned());
        }
    }

    /// Changes the marks of an account; an account without any is not kept.
    pub fn mark(&mut self, account: &str, change: impl FnOnce(&mut Mark)) {
        let mut mark = self.accounts.remove(account).unwrap_or_default();
        change(&mut mark);
        if mark != Mark::default() {
            self.accounts.insert(account.to_owned(), mark);
        }
    }

    fn write(&self, home: &Path) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        // Beside it and with mode 0600; dropped before it is persisted, it removes itself.
        let mut beside = tempfile::Builder::new().prefix("identities.").suffix(".new").tempfile_in(home)?;
        beside.write_all(&bytes)?;
        beside.as_file().sync_all()?;
        beside.persist(file_in(home)).map_err(|failed| failed.error)?;
        Ok(())
    }
}

fn file_in(home: &Path) -> PathBuf {
    home.join("identities.json")
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_found_again_and_nothing_of_others_is_lost() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(Prefs::open(home.path()).unwrap(), Prefs::default());
        let newer = r#"{"wallpaper":"blue","accounts":{"111122223333":{"alias":"till","mood":3}}}"#;
        std::fs::write(file_in(home.path()), newer).unwrap();
        let changed = Prefs::change(home.path(), |prefs| {
            prefs.mark("111122223333", |mark| mark.production = Some(true));
            prefs.mark("444455556666", |_| {});
            prefs.favour("till-deployer", true);
            prefs.keep_in_vault("abc", true);
            prefs.choose("b", 2);
            prefs.choose("a", 3);
            prefs.choose("b", 4);
        });
        let changed = changed.unwrap();
        assert_eq!(Prefs::open(home.path()).unwrap(), changed);
        assert_eq!(changed.accounts.len(), 1, "an account without marks is not kept");
        assert!(changed.is_in_vault("abc") && !changed.is_in_vault("abd"));
        assert_eq!((changed.used("b"), changed.used("c")), (Some(4), None));
        assert_eq!(changed.recent.len(), 2);
        let kept: Value = serde_json::from_slice(&std::fs::read(file_in(home.path())).unwrap()).unwrap();
        assert_eq!(kept["wallpaper"], "blue");
        assert_eq!(kept["accounts"]["111122223333"]["mood"], 3);
        assert_eq!(kept["accounts"]["111122223333"]["alias"], "till");
    }

    #[test]
    fn a_damaged_file_is_named_and_left_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        for damaged in [&b""[..], b"{", b"[]", b"\xff\xfe", br#"{"recent":7}"#] {
            std::fs::write(file_in(home.path()), damaged).unwrap();
            let said = Prefs::change(home.path(), |prefs| prefs.favour("x", true)).unwrap_err().to_string();
            assert!(said.contains("identities.json is damaged"), "{said}");
            assert_eq!(std::fs::read(file_in(home.path())).unwrap(), damaged);
        }
    }

    #[test]
    fn many_at_once_lose_nothing() {
        let home = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for n in 0..16 {
                let home = home.path();
                scope.spawn(move || {
                    Prefs::change(home, |prefs| prefs.favour(&format!("p{n}"), true)).unwrap()
                });
            }
        });
        assert_eq!(Prefs::open(home.path()).unwrap().favourites.len(), 16);
        let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "the file and its lock: {left:?}");
    }
}
