//! Our helper in the operator's own configuration of Docker, by a lossless edit: only the members in question change,
//! order, spaces and everything else stay. Nothing is written before the difference has been shown.

use super::docker_config::HELPER;
use super::json_text::{Edit, Member, members, root};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const MEMBER: &str = "credHelpers";

/// A change that is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperDraft {
    /// The file.
    pub path: PathBuf,
    /// Its content; empty when it is not there.
    pub before: String,
    /// Its content after the change.
    pub after: String,
    /// The difference, unified. It shows only lines at the change.
    pub diff: String,
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The file.
    pub path: PathBuf,
    /// What it was before; `None` when it was not there.
    pub backup: Option<PathBuf>,
}

/// Why a configuration of Docker is not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
    /// The file is not what Docker writes.
    #[error("{path} is not changed: {why}; correct it by hand first")]
    NotDockers {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Somebody has changed the file meanwhile.
    #[error("{path} has changed since the difference was shown: look at it again")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("{path} cannot be written: {why}; it is as it was")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
}

impl HelperDraft {
    /// Our helper for these hosts.
    ///
    /// # Errors
    /// [`InstallError::Unreadable`], [`InstallError::NotDockers`].
    pub fn add(path: &Path, hosts: &[String]) -> Result<Self, InstallError> {
        Self::make(path, |text, config| {
            let mut text = text.to_owned();
            for host in hosts {
                text = with_host(&text, host)?;
                let helpers = config.entry(MEMBER).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(helpers) = helpers {
                    helpers.insert(host.clone(), json!(HELPER));
                }
            }
            Ok(text)
        })
    }

    /// Without our helper: for these hosts, or for all when none are given. Helpers of others stay.
    ///
    /// # Errors
    /// [`InstallError::Unreadable`], [`InstallError::NotDockers`].
    pub fn remove(path: &Path, hosts: Option<&[String]>) -> Result<Self, InstallError> {
        Self::make(path, |text, config| {
            let Some(Value::Object(helpers)) = config.get_mut(MEMBER) else { return Ok(text.to_owned()) };
            let ours = |host: &String, helper: &Value| {
                *helper == json!(HELPER) && hosts.is_none_or(|hosts| hosts.contains(host))
            };
            let gone: Vec<String> = helpers
                .iter()
                .filter(|(host, helper)| ours(host, helper))
                .map(|(host, _)| host.clone())
                .collect();
            helpers.retain(|host, _| !gone.contains(host));
            let is_empty = helpers.is_empty() && !gone.is_empty();
            let mut text = text.to_owned();
            for host in &gone {
                text = without(&text, &[MEMBER, host])?;
            }
            if is_empty {
                config.remove(MEMBER);
                text = without(&text, &[MEMBER])?;
            }
            Ok(text)
        })
    }

    /// Whether there is anything to do.
    pub fn changes(&self) -> bool {
        self.before != self.after
    }

    /// Writes it: a copy of what was there into `backups`, then the file as a whole.
    ///
    /// # Errors
    /// [`InstallError::Changed`], [`InstallError::Unwritable`], [`InstallError::Unreadable`].
    pub fn apply(&self, backups: &Path) -> Result<Installed, InstallError> {
        if read(&self.path)?.unwrap_or_default() != self.before {
            return Err(InstallError::Changed { path: self.path.clone() });
        }
        let backup = (!self.before.is_empty()).then(|| {
            let name: String =
                Sha256::digest(&self.before).iter().take(6).map(|b| format!("{b:02x}")).collect();
            backups.join(format!("docker-config-{name}.json"))
        });
        if let Some(backup) = &backup {
            let unwritable = |why| InstallError::Unwritable { path: backup.clone(), why };
            fs::create_dir_all(backups).map_err(unwritable)?;
            whole(backup, &self.before, None).map_err(unwritable)?;
        }
        // A link stays one: what it leads to is written.
        let target = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let unwritable = |why| InstallError::Unwritable { path: target.clone(), why };
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(unwritable)?;
        }
        let mode = fs::metadata(&target).ok().map(|found| found.permissions());
        whole(&target, &self.after, mode).map_err(unwritable)?;
        Ok(Installed { path: target, backup })
    }

    /// `change` gives the new text and makes the same change to the parsed configuration: they must agree.
    fn make(
        path: &Path,
        change: impl FnOnce(&str, &mut Map<String, Value>) -> Result<String, &'static str>,
    ) -> Result<Self, InstallError> {
        let wrong = |why: &str| InstallError::NotDockers { path: path.to_owned(), why: why.to_owned() };
        let before = read(path)?.unwrap_or_default();
        let blank = before.trim().is_empty();
        // Docker writes tabs.
        let text = if blank { "{\n}\n" } else { before.as_str() };
        let mut config = match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(config)) => config,
            Ok(_) => return Err(wrong("it is no JSON object")),
            // The parser's own words may quote a password.
            Err(error) => return Err(wrong(&format!("it is no JSON at line {}", error.line()))),
        };
        if config.get(MEMBER).is_some_and(|helpers| !helpers.is_object()) {
            return Err(wrong("its credHelpers are no JSON object"));
        }
        let mut after = change(text, &mut config).map_err(wrong)?;
        let read_back = serde_json::from_str::<Value>(&after).ok();
        if read_back != Some(Value::Object(config)) {
            return Err(wrong("it has something twice, and an edit would not be read as it is meant"));
        }
        if after == text {
            after.clone_from(&before);
        }
        let name = path.display().to_string();
        let diff = similar::TextDiff::from_lines(before.as_str(), after.as_str());
        let diff = diff.unified_diff().context_radius(2).header(&name, &name).to_string();
        Ok(Self { path: path.to_owned(), before, after, diff })
    }
}

fn with_host(text: &str, host: &str) -> Result<String, &'static str> {
    let top = members(text, root(text));
    let helper = json!(HELPER).to_string();
    match named(&top.members, MEMBER)? {
        None => {
            let unit = top.indent(text).unwrap_or_else(|| "\t".to_owned());
            let inner = format!("{{\n{unit}{unit}{}: {helper}\n{unit}}}", json!(host));
            Ok(top.append(text, MEMBER, &inner, "\n", &unit))
        }
        Some(member) => {
            let helpers = members(text, member.value.start);
            match named(&helpers.members, host)? {
                Some(known) => Ok(Edit::replace(text, known.value.clone(), &helper)),
                None => {
                    let unit = top.indent(text).unwrap_or_else(|| "\t".to_owned());
                    Ok(helpers.append(text, host, &helper, &format!("\n{unit}"), &unit))
                }
            }
        }
    }
}

fn without(text: &str, path: &[&str]) -> Result<String, &'static str> {
    let mut object = members(text, root(text));
    let mut at = 0;
    while at + 1 < path.len() {
        let member = named(&object.members, path[at])?.ok_or("a member is not there")?;
        object = members(text, member.value.start);
        at += 1;
    }
    let index =
        object.members.iter().position(|member| member.key == path[at]).ok_or("a member is not there")?;
    Ok(object.without(text, index))
}

/// A member by name, which stands there once.
fn named<'a>(members: &'a [Member], name: &str) -> Result<Option<&'a Member>, &'static str> {
    let mut found = members.iter().filter(|member| member.key == name);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err("it has something twice, and an edit would not be read as it is meant"),
        (found, None) => Ok(found),
    }
}

fn read(path: &Path) -> Result<Option<String>, InstallError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(InstallError::Unreadable { path: path.to_owned(), why }),
    }
}

/// The file as a whole or not at all: written beside it, synced, renamed over it. Without a mode: 0600.
fn whole(path: &Path, text: &str, mode: Option<fs::Permissions>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".holdpoint-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Some(mode) = mode {
        file.as_file().set_permissions(mode)?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
