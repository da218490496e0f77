//! Where the members of a JSON object stand in its text. The text must be valid JSON.

use std::ops::Range;

/// A member of an object.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// Where its name begins, with the quote.
    pub(crate) start: usize,
    pub(crate) value: Range<usize>,
}

/// An object in a text.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) members: Vec<Member>,
    /// Just after the opening brace.
    inside: usize,
    /// The closing brace.
    close: usize,
}

/// Edits of a text.
pub(crate) struct Edit;

impl Edit {
    /// The text with a range replaced.
    pub(crate) fn replace(text: &str, range: Range<usize>, with: &str) -> String {
        format!("{}{with}{}", &text[..range.start], &text[range.end..])
    }
}

/// Where the outermost value begins.
pub(crate) fn root(text: &str) -> usize {
    skip_space(text.as_bytes(), 0)
}

/// The members of the object that begins at `start`.
pub(crate) fn members(text: &str, start: usize) -> Object {
    let bytes = text.as_bytes();
    let inside = start + 1;
    let mut members = Vec::new();
    let mut at = skip_space(bytes, inside);
    while bytes.get(at) == Some(&b'"') {
        let key_start = at;
        let key_end = skip_string(bytes, at);
        let key = serde_json::from_str(&text[key_start..key_end]).unwrap_or_default();
        let colon = skip_space(bytes, key_end);
        let value_start = skip_space(bytes, colon + 1);
        let value_end = skip_value(bytes, value_start);
        members.push(Member { key, start: key_start, value: value_start..value_end });
        at = skip_space(bytes, value_end);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
    }
    Object { members, inside, close: at }
}

impl Object {
    /// What stands before a member on its line, when each has a line of its own.
    pub(crate) fn indent(&self, text: &str) -> Option<String> {
        let before = &text[self.inside..self.members.first()?.start];
        let (_, indent) = before.rsplit_once('\n')?;
        (!indent.is_empty()).then(|| indent.to_owned())
    }

    /// One more member at the end, written as the last one is; in an object without any, on a line of its own after
    /// `line` and `unit`, with the closing brace after `line`.
    pub(crate) fn append(&self, text: &str, key: &str, value: &str, line: &str, unit: &str) -> String {
        let key = serde_json::Value::from(key);
        match self.members.last() {
            None => {
                let inner = format!("{line}{unit}{key}: {value}{line}");
                Edit::replace(text, self.inside..self.close, &inner)
            }
            Some(last) => {
                let from = match self.members.len() {
                    1 => self.inside,
                    n => self.members[n - 2].value.end,
                };
                // After the comma, when there is one.
                let space =
                    text[from..last.start].trim_start_matches(|c: char| c != ',' && c.is_whitespace());
                let space = match space.strip_prefix(',') {
                    Some(after) => after,
                    None => &text[from..last.start],
                };
                let colon = if text[last.start..last.value.start].ends_with(':') { ":" } else { ": " };
                Edit::replace(text, last.value.end..last.value.end, &format!(",{space}{key}{colon}{value}"))
            }
        }
    }

    /// One member less.
    pub(crate) fn without(&self, text: &str, index: usize) -> String {
        let member = &self.members[index];
        let range = if index > 0 {
            self.members[index - 1].value.end..member.value.end
        } else if let Some(next) = self.members.get(1) {
            member.start..next.start
        } else {
            self.inside..self.close
        };
        Edit::replace(text, range, "")
    }
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

fn skip_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn skip_value(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = skip_string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' if depth == 0 => return at,
            byte if byte.is_ascii_whitespace() && depth == 0 => return at,
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}
