//! What a grammar makes of a file: sections, keys and values with their lines, or the faults for which it refuses it.

use super::{botocore, sdk};
use crate::FileKind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A way to read the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grammar {
    /// The SDKs' specification, as `aws-runtime` has it.
    Sdk,
    /// Python's `RawConfigParser` as botocore uses it: boto3 and the AWS CLI.
    Botocore,
}

/// The kinds of section that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SectionKind {
    /// `[profile x]`, `[default]`, and every section of the credentials file.
    Profile,
    /// `[sso-session x]`.
    SsoSession,
    /// `[services x]`.
    Services,
}

/// Which section, by meaning and not by spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SectionId {
    /// Its kind.
    pub kind: SectionKind,
    /// Its name, case as written.
    pub name: String,
}

/// A value. It may be a secret, so it is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// Its text, the lines of a longer one joined by `\n`.
    pub text: String,
    /// Where it stands, from 1.
    pub line: usize,
}

/// A section as a grammar reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// The lines of its headings, from 1.
    pub lines: Vec<usize>,
    /// Its values by key, lower case.
    pub values: BTreeMap<String, Value>,
}

/// A whole file as a grammar reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The sections that mean something.
    pub sections: BTreeMap<SectionId, Section>,
    /// Sections and keys that are dropped: line, and why in a whole sentence.
    pub ignored: Vec<(usize, String)>,
}

/// Something for which a grammar refuses the whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is there.
    pub what: String,
    /// What to do about it.
    pub next: String,
}

/// Reads a text by a grammar.
///
/// # Errors
/// Every fault that is found; a tool that reads by this grammar refuses the whole file for the first of them.
pub fn read(grammar: Grammar, kind: FileKind, text: &str) -> Result<Reading, Vec<Fault>> {
    match grammar {
        Grammar::Sdk => sdk::read(kind, text),
        Grammar::Botocore => botocore::read(kind, text),
    }
}

impl SectionId {
    /// A profile's section.
    pub fn profile(name: impl Into<String>) -> Self {
        Self { kind: SectionKind::Profile, name: name.into() }
    }

    /// An `[sso-session]`.
    pub fn sso_session(name: impl Into<String>) -> Self {
        Self { kind: SectionKind::SsoSession, name: name.into() }
    }

    /// The heading that both grammars read as this section in a file of this kind.
    pub fn heading(&self, file: FileKind) -> String {
        match (file, self.kind) {
            (FileKind::Credentials, _) => format!("[{}]", self.name),
            (FileKind::Config, SectionKind::Profile) if self.name == "default" => "[default]".to_owned(),
            (FileKind::Config, SectionKind::Profile) => format!("[profile {}]", self.name),
            (FileKind::Config, SectionKind::SsoSession) => format!("[sso-session {}]", self.name),
            (FileKind::Config, SectionKind::Services) => format!("[services {}]", self.name),
        }
    }
}

impl fmt::Display for SectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.heading(FileKind::Config))
    }
}

impl Section {
    /// A value by its key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|value| value.text.as_str())
    }
}

impl Reading {
    /// A section.
    pub fn section(&self, id: &SectionId) -> Option<&Section> {
        self.sections.get(id)
    }
}

impl Fault {
    pub(super) fn new(line: usize, column: usize, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { line, column, what: what.into(), next: next.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}; {}", self.line, self.column, self.what, self.next)
    }
}

impl fmt::Display for Grammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sdk => "the AWS SDKs",
            Self::Botocore => "the AWS CLI and boto3",
        })
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").field("line", &self.line).finish_non_exhaustive()
    }
}
