//! Where the two grammars read one file differently. Values are never told: they may be secrets.

use super::reading::{Reading, Section, SectionId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A place that the SDKs and the AWS CLI read differently.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// The section.
    pub section: SectionId,
    /// The key; `None` when the whole section is read by one of the two only.
    pub key: Option<String>,
    /// Where to look, from 1.
    pub line: usize,
    /// A whole sentence, without values.
    pub said: String,
}

/// Every difference between the two readings of one file.
pub fn differences(sdk: &Reading, botocore: &Reading) -> Vec<Difference> {
    let mut found = Vec::new();
    let ids: BTreeSet<_> = sdk.sections.keys().chain(botocore.sections.keys()).collect();
    for id in ids {
        match (sdk.section(id), botocore.section(id)) {
            (Some(a), Some(b)) => of_section(id, a, b, &mut found),
            (Some(a), None) => found.push(alone(id, a, "the AWS SDKs", "the AWS CLI")),
            (None, Some(b)) => found.push(alone(id, b, "the AWS CLI", "the AWS SDKs")),
            (None, None) => {}
        }
    }
    found.sort_by_key(|difference| difference.line);
    found
}

/// A value as both mean it: a group of indented lines by its keys, anything else by its text.
#[derive(PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    Text(&'a str),
    Group(BTreeMap<&'a str, &'a str>),
}

/// What a value means.
pub(super) fn meaning(text: &str) -> Meaning<'_> {
    let Some(group) = text.strip_prefix('\n') else { return Meaning::Text(text) };
    let pairs = group.lines().filter_map(|line| line.split_once('='));
    Meaning::Group(pairs.map(|(key, value)| (key.trim(), value.trim())).collect())
}

/// Whether two readings of a section mean the same.
pub(super) fn alike(a: Option<&Section>, b: Option<&Section>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            a.values.len() == b.values.len()
                && a.values
                    .iter()
                    .zip(&b.values)
                    .all(|((ka, va), (kb, vb))| ka == kb && meaning(&va.text) == meaning(&vb.text))
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn alone(id: &SectionId, section: &Section, one: &str, other: &str) -> Difference {
    let line = section.lines.first().copied().unwrap_or(1);
    let said = format!("{id} exists for {one} and not for {other}");
    Difference { section: id.clone(), key: None, line, said }
}

fn of_section(id: &SectionId, sdk: &Section, botocore: &Section, found: &mut Vec<Difference>) {
    let keys: BTreeSet<_> = sdk.values.keys().chain(botocore.values.keys()).collect();
    for key in keys {
        let (line, said) = match (sdk.values.get(key), botocore.values.get(key)) {
            (Some(a), Some(b)) if meaning(&a.text) == meaning(&b.text) => continue,
            (Some(a), Some(b)) => {
                let why = if a.line != b.line {
                    "the two take it from different lines"
                } else if b.text.starts_with(&a.text) {
                    "the AWS CLI takes the comment behind it as part of the value"
                } else {
                    "the two read its text differently"
                };
                (b.line, format!("`{key}` of {id} has two values: {why}"))
            }
            (Some(a), None) => {
                (a.line, format!("`{key}` of {id} exists for the AWS SDKs and not for the AWS CLI"))
            }
            (None, Some(b)) => {
                (b.line, format!("`{key}` of {id} exists for the AWS CLI and not for the AWS SDKs"))
            }
            (None, None) => continue,
        };
        found.push(Difference { section: id.clone(), key: Some(key.clone()), line, said });
    }
}
