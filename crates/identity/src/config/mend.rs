//! Repairs of a file's text that change nothing of what the SDKs read, and make the AWS CLI read the same.

use super::doc::Doc;
use super::draft::{Draft, EditError};
use super::reading::{Grammar, SectionId, SectionKind, read};
use super::sdk::{SPACE, without_comment};
use super::write;
use crate::FileKind;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::path::Path;

/// A repair of a file's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mend {
    /// A byte order mark is taken away; UTF-16 becomes UTF-8; line ends of carriage returns alone become line feeds.
    Encoding,
    /// Comments behind values and headings move to lines of their own.
    InlineComments,
    /// Repeated sections are merged, and of repeated keys all but the last become comments.
    Duplicates,
    /// `sso_start_url` and `sso_region` beside `sso_session` go, where they say what the session says.
    SsoBeside,
}

/// Prepares a repair. The draft is empty when there is nothing to repair.
///
/// # Errors
/// [`EditError`], among them that the file cannot be read, and that the repair would change a meaning.
pub fn mend(path: &Path, kind: FileKind, mend: &Mend) -> Result<Draft, EditError> {
    if *mend == Mend::Encoding {
        return recode(path, kind);
    }
    Draft::of(path, kind, |text| {
        let mut doc = Doc::new(kind, text);
        let touched = match mend {
            Mend::Encoding => BTreeSet::new(),
            Mend::InlineComments => inline_comments(&mut doc),
            Mend::Duplicates => duplicates(&mut doc),
            Mend::SsoBeside => sso_beside(&mut doc, text),
        };
        Ok((doc.text(), touched))
    })
}

/// The bytes as plain UTF-8 text, when they are some text at all.
pub(crate) fn plain_text(bytes: &[u8]) -> Option<String> {
    let units = |pair: fn([u8; 2]) -> u16| {
        let rest = bytes.get(2..).unwrap_or_default();
        let units: Vec<u16> = rest.chunks_exact(2).map(|two| pair([two[0], two[1]])).collect();
        String::from_utf16(&units).ok().filter(|_| rest.len() % 2 == 0)
    };
    let text = match bytes {
        [0xFF, 0xFE, ..] => units(u16::from_le_bytes)?,
        [0xFE, 0xFF, ..] => units(u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok()?.to_owned(),
        bytes => std::str::from_utf8(bytes).ok()?.to_owned(),
    };
    Some(if text.contains('\r') && !text.contains('\n') { text.replace('\r', "\n") } else { text })
}

fn recode(path: &Path, kind: FileKind) -> Result<Draft, EditError> {
    let io = |why| EditError::Io { path: path.to_owned(), what: "read", why };
    let bytes = write::bytes_of(&write::target_of(path).map_err(io)?).map_err(io)?;
    let text = bytes.as_deref().map_or(Some(String::new()), plain_text);
    let text = text.ok_or_else(|| EditError::NotText { path: path.to_owned() })?;
    // Nothing was readable by both before, so every section may be read anew.
    let touched = [Grammar::Sdk, Grammar::Botocore]
        .into_iter()
        .filter_map(|grammar| read(grammar, kind, &text).ok())
        .flat_map(|reading| reading.sections.into_keys())
        .collect();
    Draft::new(path, kind, bytes.as_deref(), text, touched)
}

fn inline_comments(doc: &mut Doc) -> BTreeSet<SectionId> {
    let mut touched = BTreeSet::new();
    // From the end, so that lines put in do not move those still to come.
    for (range, id) in doc.all_ranges().into_iter().rev() {
        for at in range.clone().rev() {
            let line = doc.line(at);
            let is_property = !line.starts_with(SPACE) && !line.starts_with(['#', ';']) && line.contains('=');
            if at != range.start && !is_property {
                continue;
            }
            let bare = without_comment(line, at != range.start);
            let comment = line.trim_matches(SPACE)[bare.len()..].trim_matches(SPACE).to_owned();
            // `key = # text` has no value: which of the two it was meant to be, only its author knows.
            if comment.is_empty() || bare.ends_with('=') {
                continue;
            }
            let text = bare.to_owned();
            doc.set_line(at, text);
            doc.insert(at, vec![comment]);
            touched.extend(id.clone());
        }
    }
    touched
}

fn duplicates(doc: &mut Doc) -> BTreeSet<SectionId> {
    // `[default]` and `[profile default]` are two sections for the SDKs, and one replaces the other.
    let default = SectionId::profile("default");
    let is_two = |(range, id): &(Range<usize>, Option<SectionId>)| {
        id.as_ref() == Some(&default) && doc.line(range.start).contains("profile")
    };
    let has_two_defaults = doc.all_ranges().iter().any(is_two);
    let mut touched = doc.merge_repeated(|id| has_two_defaults && *id == default);
    for (range, id) in doc.all_ranges() {
        let Some(id) = id else { continue };
        let mut later = HashSet::new();
        for (key, lines) in doc.properties(&range).into_iter().rev() {
            if later.insert(key) {
                continue;
            }
            for line in lines {
                let text = format!("# {}", doc.line(line));
                doc.set_line(line, text);
            }
            touched.insert(id.clone());
        }
    }
    touched
}

fn sso_beside(doc: &mut Doc, text: &str) -> BTreeSet<SectionId> {
    let Ok(reading) = read(Grammar::Sdk, FileKind::Config, text) else { return BTreeSet::new() };
    let mut same: BTreeMap<SectionId, BTreeSet<String>> = BTreeMap::new();
    for (id, section) in reading.sections.iter().filter(|(id, _)| id.kind == SectionKind::Profile) {
        let session = section.get("sso_session").map(SectionId::sso_session);
        let Some(session) = session.and_then(|id| reading.section(&id)) else { continue };
        for key in ["sso_start_url", "sso_region"] {
            if section.get(key).is_some() && section.get(key) == session.get(key) {
                same.entry(id.clone()).or_default().insert(key.to_owned());
            }
        }
    }
    doc.unset_many(&same);
    same.into_keys().collect()
}
