//! The repair of a damaged file as edits that a person accepts or refuses. Nothing is repaired silently.

use crate::document::{self, Part};
use crate::{Edit, Repaired, Span, decode, front, repair};
use encoding_rs::UTF_8;
use serde::{Deserialize, Serialize};

/// A repair that can be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairOffer {
    /// What is wrong, for the banner: a sentence part for each damage.
    pub damage: String,
    /// The encoding of the file, if it is not UTF-8 or bears a mark: accepted, it becomes UTF-8 without one.
    pub encoding: Option<String>,
    /// Changes of [`Reading::text`](crate::Reading::text), none of which overlap.
    pub edits: Vec<Edit>,
    /// How many places are repaired.
    pub places: usize,
    /// How many of them had lost bytes, and were completed from a table of likely symbols.
    pub guessed: usize,
}

/// What could be repaired in a file: text that was misread and saved, a mark or another encoding, mixed line ends, tabs that
/// YAML forbids. `None` when nothing is damaged, or the bytes are no text.
pub fn repair_edits(bytes: &[u8]) -> Option<RepairOffer> {
    let decoded = decode::decode(bytes);
    if decoded.remarks.iter().any(|remark| remark.fatal) {
        return None;
    }
    let text = decoded.text.as_str();
    let parts = document::parts(text, front::cut(text).body);
    offered(bytes, text, repair::repair(text).as_ref(), &parts)
}

/// The same for a text that was read already.
pub(crate) fn offered(
    bytes: &[u8],
    text: &str,
    repaired: Option<&Repaired>,
    parts: &[Part],
) -> Option<RepairOffer> {
    let mut said = Vec::new();
    let (encoding, mark) = decode::encoding_of(bytes);
    let foreign = encoding != UTF_8;
    if foreign {
        said.push(format!("the file is {}", decode::name_of(encoding)));
    } else if mark > 0 {
        said.push("the file begins with a byte order mark".to_owned());
    }
    let mut edits = Vec::new();
    let (mut places, mut guessed) = (0, 0);
    if let Some(repaired) = repaired {
        edits.extend(lines_changed(text, &repaired.text));
        (places, guessed) = (repaired.places, repaired.guessed);
        said.push(repaired.damage.clone());
    }
    let mut more = |damage: &str, found: Vec<Edit>| {
        if !found.is_empty() {
            said.push(format!("{damage} ({})", found.len()));
            places += found.len();
            edits.extend(found);
        }
    };
    more("line ends are mixed", line_ends(text));
    more("tabs indent YAML", tabs(text, parts));
    more("byte order marks stand inside the text", marks(text));
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    // A mark inside a stretch that was misread waits for the next offer: edits never overlap.
    let mut done = 0;
    edits.retain(|edit| {
        let free = edit.span.start >= done;
        done = done.max(edit.span.end);
        free
    });
    let name = (foreign || mark > 0).then(|| decode::name_of(encoding));
    (!said.is_empty()).then(|| RepairOffer {
        damage: said.join("; "),
        encoding: name,
        edits,
        places,
        guessed,
    })
}

/// An edit for each line that differs; a repair leaves line ends where they are.
fn lines_changed(before: &str, after: &str) -> Vec<Edit> {
    let mut at = 0;
    let mut edits = Vec::new();
    for (old, new) in before.split_inclusive('\n').zip(after.split_inclusive('\n')) {
        if old != new {
            let lead = common(old.chars(), new.chars());
            let (old_rest, new_rest) = (old.get(lead..).unwrap_or(""), new.get(lead..).unwrap_or(""));
            let tail = common(old_rest.chars().rev(), new_rest.chars().rev());
            let text = new_rest.get(..new_rest.len() - tail).unwrap_or("").to_owned();
            edits.push(Edit { span: Span { start: at + lead, end: at + old.len() - tail }, text });
        }
        at += old.len();
    }
    edits
}

/// Bytes of the characters that two texts begin with.
fn common(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).map(|(c, _)| c.len_utf8()).sum()
}

/// Ends that differ from those of most lines. A file with one kind of end keeps it.
fn line_ends(text: &str) -> Vec<Edit> {
    let bytes = text.as_bytes();
    let mut ends: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => "\r\n",
            b'\r' => "\r",
            b'\n' => "\n",
            _ => "",
        };
        if !end.is_empty() {
            ends.push((at, end));
        }
        at += end.len().max(1);
    }
    let count = |wanted: &str| ends.iter().filter(|(_, end)| *end == wanted).count();
    let most = if count("\r\n") > count("\n") { "\r\n" } else { "\n" };
    let wrong = ends.iter().filter(|(_, end)| *end != most);
    wrong
        .map(|(at, end)| Edit { span: Span { start: *at, end: at + end.len() }, text: most.to_owned() })
        .collect()
}

/// Tabs that indent lines of front matter and of our fences: two spaces each.
fn tabs(text: &str, parts: &[Part]) -> Vec<Edit> {
    let cut = front::cut(text);
    let mut places: Vec<Span> = cut.yaml.iter().map(crate::mapped::Mapped::whole).collect();
    places.extend(parts.iter().filter_map(|part| match part {
        Part::Fence(fence) if matches!(fence.role(), Some("step" | "stage")) => Some(fence.span),
        Part::Fence(_) | Part::Heading(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
    }));
    let mut edits = Vec::new();
    for span in places {
        let mut at = span.start;
        for line in text.get(span.start..span.end).unwrap_or("").split_inclusive('\n') {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            let lead = line.get(..indent).unwrap_or("");
            if lead.contains('\t') {
                edits.push(Edit {
                    span: Span { start: at, end: at + indent },
                    text: lead.replace('\t', "  "),
                });
            }
            at += line.len();
        }
    }
    edits
}

fn marks(text: &str) -> Vec<Edit> {
    let found = text.match_indices('\u{feff}');
    found
        .map(|(at, mark)| Edit { span: Span { start: at, end: at + mark.len() }, text: String::new() })
        .collect()
}
