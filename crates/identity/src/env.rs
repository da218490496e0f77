//! The environment as an argument: only the edge reads the process's own.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Environment variables, as the edge found them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
}

impl Env {
    /// Takes the variables, for instance `Env::new(std::env::vars_os())` at the edge.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(vars: impl IntoIterator<Item = (K, V)>) -> Self {
        Self { vars: vars.into_iter().map(|(k, v)| (k.into(), v.into())).collect() }
    }

    /// The variable, when it is set to text that is not empty. An empty variable counts as unset, as for the AWS CLI.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.os(name).and_then(OsStr::to_str).filter(|text| !text.is_empty())
    }

    /// The variable as it is, empty or not UTF-8 included.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(k, v)| (k.as_os_str(), v.as_os_str()))
    }

    /// The home folder, by the SDK's order: `HOME`, `USERPROFILE`, `HOMEDRIVE` with `HOMEPATH`.
    pub fn home(&self) -> Option<PathBuf> {
        if let Some(home) = self.os("HOME").or_else(|| self.os("USERPROFILE")) {
            return Some(home.into());
        }
        let mut home = self.os("HOMEDRIVE")?.to_owned();
        home.push(self.os("HOMEPATH")?);
        Some(home.into())
    }

    /// The same without these variables.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        let mut vars = self.vars.clone();
        for name in names {
            vars.remove(OsStr::new(name));
        }
        Self { vars }
    }

    /// The same with this variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    /// What the SDK reads: variables that are not UTF-8 are unset to it, as `std::env::var` makes them.
    pub(crate) fn for_sdk(&self) -> aws_types::os_shim_internal::Env {
        let text = |s: &OsStr| s.to_str().map(str::to_owned);
        let map: HashMap<_, _> = self.iter().filter_map(|(k, v)| Some((text(k)?, text(v)?))).collect();
        map.into()
    }
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.vars.keys()).finish()
    }
}
