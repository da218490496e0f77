//! The SDKs' grammar, as `aws-runtime` 1 has it (`env_config/parse.rs` and `normalize.rs`), with lines and columns and
//! with every fault instead of the first. The loader that runs is the SDK's own; a test holds the two together.

use super::reading::{Fault, Reading, SectionId, SectionKind, Value};
use crate::FileKind;
use std::collections::{BTreeMap, HashMap};

pub(super) const SPACE: [char; 2] = [' ', '\t'];
pub(super) const COMMENT: [char; 2] = ['#', ';'];

/// A section as it is written, repeated headings merged.
struct Raw<'a> {
    name: &'a str,
    lines: Vec<usize>,
    values: BTreeMap<String, Value>,
}

/// Reads a file.
pub(super) fn read(kind: FileKind, text: &str) -> Result<Reading, Vec<Fault>> {
    let (mut raws, faults) = scan(text);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut reading = Reading::default();
    let has_prefixed_default =
        kind == FileKind::Config && raws.iter().any(|raw| parts(raw.name) == (Some("profile"), "default"));
    for raw in &mut raws {
        let line = raw.lines.first().copied().unwrap_or_default();
        let id = match id_of(kind, raw.name) {
            Ok(Some(id)) => id,
            Ok(None) => continue,
            Err(why) => {
                reading.ignored.push((line, why));
                continue;
            }
        };
        if has_prefixed_default && raw.name.trim_matches(SPACE) == "default" {
            let why = "[default] is ignored: [profile default] replaces it as a whole".to_owned();
            reading.ignored.push((line, why));
            continue;
        }
        let section = reading.sections.entry(id).or_default();
        section.lines.append(&mut raw.lines);
        for (key, value) in std::mem::take(&mut raw.values) {
            if is_identifier(&key) {
                section.values.insert(key, value);
            } else {
                let why = format!(
                    "`{key}` is ignored: a key has only letters, digits and _ - / . % @ : +, and no space"
                );
                reading.ignored.push((value.line, why));
            }
        }
    }
    reading.ignored.sort();
    Ok(reading)
}

/// The section that a heading's text (between the brackets) stands for: `Ok(None)` for kinds that mean nothing here.
pub(super) fn id_of(kind: FileKind, heading: &str) -> Result<Option<SectionId>, String> {
    let ignored = |why: String| Err(format!("[{heading}] is ignored: {why}"));
    let (prefix, name) = parts(heading);
    match (kind, prefix) {
        (_, _) if !is_identifier(name) => {
            ignored("a name has only letters, digits and _ - / . % @ : +".to_owned())
        }
        (FileKind::Config, Some(prefix)) => {
            Ok(kind_of(prefix).map(|kind| SectionId { kind, name: name.to_owned() }))
        }
        (FileKind::Config, None) if name == "default" => Ok(Some(SectionId::profile(name))),
        (FileKind::Config, None) => ignored(format!("in this file a profile's heading is [profile {name}]")),
        (FileKind::Credentials, None) => Ok(Some(SectionId::profile(name))),
        (FileKind::Credentials, Some(_)) => {
            ignored(format!("in the credentials file a profile's heading is its name alone, [{name}]"))
        }
    }
}

/// A heading's prefix and name.
fn parts(heading: &str) -> (Option<&str>, &str) {
    let heading = heading.trim_matches(SPACE);
    match heading.split_once(SPACE) {
        Some((prefix, name)) => (Some(prefix.trim()), name.trim()),
        None => (None, heading.trim()),
    }
}

fn kind_of(prefix: &str) -> Option<SectionKind> {
    match prefix {
        "profile" => Some(SectionKind::Profile),
        "sso-session" => Some(SectionKind::SsoSession),
        "services" => Some(SectionKind::Services),
        _ => None,
    }
}

/// The characters of names and keys; an empty text passes, as it does in the SDK.
pub(super) fn is_identifier(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b))
}

/// Removes a comment and the space around what is left. On properties a comment needs space before it.
pub(super) fn without_comment(line: &str, needs_space: bool) -> &str {
    let line = line.trim_matches(SPACE);
    let mut after_space = false;
    for (at, c) in line.char_indices() {
        if COMMENT.contains(&c) && (after_space || !needs_space) {
            return line[..at].trim_matches(SPACE);
        }
        after_space = c.is_whitespace();
    }
    line
}

/// What the text between a heading's brackets is.
pub(super) fn heading_of(line: &str) -> Option<&str> {
    without_comment(line, false).strip_prefix('[')?.strip_suffix(']')
}

fn scan(text: &str) -> (Vec<Raw<'_>>, Vec<Fault>) {
    let mut raws: Vec<Raw<'_>> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut faults = Vec::new();
    // The section read now; `None` before the first. After a fault reading goes on, to find all of them.
    let mut at: Option<usize> = None;
    let mut property: Option<(String, bool)> = None;
    let mut lost = false;
    for (number, line) in text.lines().enumerate().map(|(i, line)| (i + 1, line)) {
        if line.trim_matches(SPACE).is_empty() || line.starts_with(COMMENT) {
            continue;
        }
        let first = line.chars().take_while(|c| SPACE.contains(c)).count() + 1;
        if line.starts_with('[') {
            property = None;
            lost = false;
            match heading_of(line) {
                Some(name) => {
                    let i = *index.entry(name).or_insert_with(|| {
                        raws.push(Raw { name, lines: Vec::new(), values: BTreeMap::new() });
                        raws.len() - 1
                    });
                    raws[i].lines.push(number);
                    at = Some(i);
                }
                None => {
                    lost = true;
                    let end = without_comment(line, false).chars().count() + 1;
                    faults.push(Fault::new(
                        number,
                        end,
                        "a heading does not end with `]`",
                        "close it, and put what follows on a line of its own",
                    ));
                }
            }
        } else if lost {
            // Belongs to a heading that could not be read: no fault of its own.
        } else if line.starts_with(SPACE) {
            match (at, &property) {
                (Some(i), Some((key, is_group))) => {
                    if *is_group && let Err(fault) = pair_of(line, number, first) {
                        faults.push(fault);
                    }
                    if let Some(value) = raws[i].values.get_mut(key) {
                        value.text.push('\n');
                        value.text.push_str(line.trim_matches(SPACE));
                    }
                }
                (Some(_), None) => faults.push(Fault::new(
                    number,
                    first,
                    "an indented line follows no key",
                    "remove the space before it, or remove the line",
                )),
                (None, _) => faults.push(outside(number, first)),
            }
        } else {
            match (at, pair_of(line, number, first)) {
                (None, _) => faults.push(outside(number, first)),
                (Some(i), Ok((key, value))) => {
                    property = Some((key.clone(), value.is_empty()));
                    raws[i].values.insert(key, Value { text: value.to_owned(), line: number });
                }
                (Some(_), Err(fault)) => {
                    property = None;
                    faults.push(fault);
                }
            }
        }
    }
    (raws, faults)
}

fn outside(line: usize, column: usize) -> Fault {
    Fault::new(
        line,
        column,
        "something stands before the first heading",
        "put it below a [profile …] heading",
    )
}

fn pair_of(line: &str, number: usize, column: usize) -> Result<(String, &str), Fault> {
    let Some((key, value)) = without_comment(line, true).split_once('=') else {
        return Err(Fault::new(number, column, "there is no `=`", "write `key = value`, or remove the line"));
    };
    let (key, value) = (key.trim_matches(SPACE), value.trim_matches(SPACE));
    if key.is_empty() {
        return Err(Fault::new(number, column, "there is no key before `=`", "name it, or remove the line"));
    }
    Ok((key.to_ascii_lowercase(), value))
}
