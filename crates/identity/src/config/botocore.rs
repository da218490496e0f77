//! Python's grammar, as botocore uses it: `configparser.RawConfigParser` (strict, `=` and `:`, whole-line comments only)
//! and `botocore/configloader.py`. A differential test reads the same files with botocore itself.

use super::reading::{Fault, Reading, Section, SectionId, SectionKind, Value};
use crate::FileKind;
use std::collections::{BTreeMap, HashMap};

/// A section as `RawConfigParser` has it.
struct Raw {
    name: String,
    line: usize,
    values: BTreeMap<String, Value>,
}

/// Reads a file.
pub(super) fn read(kind: FileKind, text: &str) -> Result<Reading, Vec<Fault>> {
    let (raws, defaults) = scan(text)?;
    let mut reading = Reading::default();
    for raw in raws {
        let id = match kind {
            FileKind::Config => id_of(&raw.name),
            FileKind::Credentials => Some(SectionId::profile(raw.name.as_str())),
        };
        let Some(id) = id else {
            let why = format!("[{}] is no profile to the AWS CLI: its heading is not of two words", raw.name);
            if ["profile", "sso-session", "services"].iter().any(|prefix| raw.name.starts_with(prefix)) {
                reading.ignored.push((raw.line, why));
            }
            continue;
        };
        let mut values = defaults.clone();
        values.extend(raw.values);
        // Two headings of one meaning, `[default]` and `[profile default]`, are not merged: the later one is taken.
        reading.sections.insert(id, Section { lines: vec![raw.line], values });
    }
    Ok(reading)
}

fn id_of(heading: &str) -> Option<SectionId> {
    // botocore asks how the heading begins, so `[profiles x]` is a profile to it, too.
    let kind = if heading.starts_with("profile") {
        SectionKind::Profile
    } else if heading.starts_with("sso-session") {
        SectionKind::SsoSession
    } else if heading.starts_with("services") {
        SectionKind::Services
    } else {
        return (heading == "default").then(|| SectionId::profile("default"));
    };
    let [_, name]: [String; 2] = shell_words(heading)?.try_into().ok()?;
    Some(SectionId { kind, name })
}

type Scanned = (Vec<Raw>, BTreeMap<String, Value>);

fn scan(text: &str) -> Result<Scanned, Vec<Fault>> {
    let text = unify_line_ends(text);
    let mut raws: Vec<Raw> = Vec::new();
    let mut defaults = BTreeMap::new();
    let mut headings: HashMap<String, usize> = HashMap::new();
    let mut keys: HashMap<(usize, String), usize> = HashMap::new();
    let mut faults = Vec::new();
    // `usize::MAX` is `[DEFAULT]`, whose keys are everybody's.
    let mut at: Option<usize> = None;
    let mut option: Option<String> = None;
    let mut indent = 0;
    for (number, line) in text.split('\n').enumerate().map(|(i, line)| (i + 1, line)) {
        let value = line.trim_matches(is_space);
        if value.starts_with(['#', ';']) {
            continue;
        }
        let target = |raws: &mut Vec<Raw>, defaults: &mut BTreeMap<String, Value>, key: &str, more: &str| {
            let values = match at {
                Some(usize::MAX) => Some(defaults),
                Some(i) => raws.get_mut(i).map(|raw| &mut raw.values),
                None => None,
            };
            if let Some(value) = values.and_then(|values| values.get_mut(key)) {
                value.text.push('\n');
                value.text.push_str(more);
            }
        };
        if value.is_empty() {
            if let Some(key) = &option {
                target(&mut raws, &mut defaults, key, "");
            }
            continue;
        }
        let depth = line.chars().take_while(|c| is_space(*c)).count();
        if let Some(key) = &option
            && depth > indent
        {
            target(&mut raws, &mut defaults, key, value);
            continue;
        }
        indent = depth;
        let fault = |what: String, next: &str| Fault::new(number, depth + 1, what, next);
        if let Some(name) = heading_of(value) {
            option = None;
            if name == "DEFAULT" {
                at = Some(usize::MAX);
            } else if let Some(first) = headings.get(name) {
                faults.push(fault(
                    format!("[{name}] stands twice, first on line {first}"),
                    "merge the two sections into one",
                ));
                at = raws.iter().position(|raw| raw.name == name);
            } else {
                headings.insert(name.to_owned(), number);
                raws.push(Raw { name: name.to_owned(), line: number, values: BTreeMap::new() });
                at = Some(raws.len() - 1);
            }
        } else if let Some(i) = at {
            option = None;
            let Some((key, text)) = pair_of(value) else {
                faults.push(fault(
                    "there is neither `=` nor `:`".to_owned(),
                    "write `key = value`, or remove the line",
                ));
                continue;
            };
            if key.is_empty() {
                faults.push(fault("there is no key".to_owned(), "name it, or remove the line"));
                continue;
            }
            let key = key.to_lowercase();
            if let Some(first) = keys.get(&(i, key.clone())) {
                faults.push(fault(
                    format!("`{key}` stands twice in its section, first on line {first}"),
                    "keep one of the two lines",
                ));
            } else {
                keys.insert((i, key.clone()), number);
            }
            let entry = Value { text: text.to_owned(), line: number };
            match i {
                usize::MAX => defaults.insert(key.clone(), entry),
                i => raws[i].values.insert(key.clone(), entry),
            };
            option = Some(key);
        } else {
            faults.push(fault(
                "something stands before the first heading".to_owned(),
                "put it below a [profile …] heading",
            ));
        }
    }
    for values in raws.iter_mut().map(|raw| &mut raw.values).chain([&mut defaults]) {
        for value in values.values_mut() {
            value.text.truncate(value.text.trim_end_matches(is_space).len());
            faults.extend(nested_fault(value));
        }
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
    if faults.is_empty() { Ok((raws, defaults)) } else { Err(faults) }
}

/// A value that begins with a line end is a group of `key = value` lines, and every line must be one.
fn nested_fault(value: &Value) -> Option<Fault> {
    let group = value.text.strip_prefix('\n')?;
    let at = group
        .split(is_line_end)
        .position(|line| !line.trim_matches(is_space).is_empty() && !line.contains('='))?;
    Some(Fault::new(
        value.line + 1 + at,
        1,
        "a line of an indented group has no `=`",
        "write `key = value`, or remove the line",
    ))
}

/// `\[(?P<header>.+)\]`, matched at the beginning: up to the last bracket of the line.
fn heading_of(value: &str) -> Option<&str> {
    let rest = value.strip_prefix('[')?;
    let end = rest.rfind(']')?;
    (end > 0).then(|| &rest[..end])
}

fn pair_of(value: &str) -> Option<(&str, &str)> {
    let at = value.find(['=', ':'])?;
    Some((value[..at].trim_end_matches(is_space), value[at + 1..].trim_matches(is_space)))
}

/// `shlex.split` in its POSIX mode; `None` where it raises.
fn shell_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(chars.next()?),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Python's text mode: `\r\n` and a lone `\r` are line ends.
fn unify_line_ends(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}

/// `str.isspace` of Python: Unicode's white space and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// What `str.splitlines` of Python splits at.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
