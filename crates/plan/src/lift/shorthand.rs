//! Structures on the AWS CLI's command line: JSON, or its shorthand `name=value,list=[a,b],inner={x=y}`.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html>

use super::verdict::{Keep, keep};
use serde_json::{Map, Value};

/// Constructs inside of constructs; API models have four.
const DEEPEST: usize = 12;

/// A structure or a list, from one word.
pub(crate) fn structure(flag: &str, text: &str) -> Result<Value, Keep> {
    let text = text.trim();
    if text.starts_with("file://") || text.starts_with("fileb://") || text.starts_with("http") {
        return keep(format!("`{flag}` is read from `{text}`, which the plan does not see"));
    }
    if text.starts_with(['{', '[']) {
        return match serde_json::from_str(text) {
            Ok(value) => Ok(value),
            Err(_) => keep(format!("`{flag}` is no JSON")),
        };
    }
    let mut reader = Reader { chars: text.chars().collect(), at: 0, depth: 0 };
    match reader.pairs(None) {
        Some(map) if reader.at == reader.chars.len() => Ok(Value::Object(map)),
        Some(_) | None => keep(format!("`{flag}` is written in a way that is not known here")),
    }
}

/// A list of structures, from the words of an option: one JSON list, or a structure each.
pub(crate) fn structures(flag: &str, words: &[String]) -> Result<Vec<Value>, Keep> {
    let mut list = Vec::new();
    for word in words {
        match structure(flag, word)? {
            Value::Array(many) => list.extend(many),
            one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                list.push(one);
            }
        }
    }
    Ok(list)
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Takes a mark, with the blanks and line breaks around it, which the AWS CLI passes over.
    fn take(&mut self, wanted: char) -> bool {
        let start = self.at;
        self.blanks();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += 1;
            self.blanks();
        } else {
            self.at = start;
        }
        found
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|c| c.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// `a=1,b=[2,3],c=4,5`: a value after a comma that is no pair belongs to the list of the pair before.
    fn pairs(&mut self, end: Option<char>) -> Option<Map<String, Value>> {
        let mut map = Map::new();
        let mut last: Option<String> = None;
        loop {
            match self.key() {
                Some(key) => {
                    let value = self.value()?;
                    if map.insert(key.clone(), value).is_some() {
                        return None;
                    }
                    last = Some(key);
                }
                None => {
                    let more = self.value()?;
                    let before = map.get_mut(last.as_ref()?)?;
                    if let Value::Array(list) = before {
                        list.push(more);
                    } else {
                        *before = Value::Array(vec![before.take(), more]);
                    }
                }
            }
            // The last one may end with a comma.
            if self.take(',') && (end.is_none() || self.peek() != end) {
                continue;
            }
            self.blanks();
            return (self.peek() == end).then_some(map);
        }
    }

    fn key(&mut self) -> Option<String> {
        let start = self.at;
        let mut key = String::new();
        while let Some(c) =
            self.peek().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '#'))
        {
            key.push(c);
            self.at += 1;
        }
        if !key.is_empty() && self.take('=') {
            return Some(key);
        }
        self.at = start;
        None
    }

    fn value(&mut self) -> Option<Value> {
        match self.peek() {
            Some('[') => self.inside(|reader| {
                let mut list = Vec::new();
                if reader.take(']') {
                    return Some(Value::Array(list));
                }
                loop {
                    list.push(reader.value()?);
                    if reader.take(',') && reader.peek() != Some(']') {
                        continue;
                    }
                    return reader.take(']').then_some(Value::Array(list));
                }
            }),
            Some('{') => self.inside(|reader| {
                let map = reader.pairs(Some('}'))?;
                reader.take('}').then_some(Value::Object(map))
            }),
            Some(mark @ ('"' | '\'')) => {
                self.at += 1;
                let mut text = String::new();
                loop {
                    let c = self.peek()?;
                    self.at += 1;
                    if c == mark {
                        return Some(Value::String(text));
                    }
                    if c == '\\' {
                        text.push(self.peek()?);
                        self.at += 1;
                    } else {
                        text.push(c);
                    }
                }
            }
            _ => {
                let mut text = String::new();
                while let Some(c) = self.peek().filter(|c| !matches!(c, ',' | ']' | '}')) {
                    text.push(c);
                    self.at += 1;
                }
                Some(Value::String(text.trim_end().to_owned()))
            }
        }
    }

    fn inside(&mut self, read: impl FnOnce(&mut Self) -> Option<Value>) -> Option<Value> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.at += 1;
        self.blanks();
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }
}

/// The members of a structure, each to be taken once, so that what is left over is known.
pub(crate) struct Members<'f> {
    flag: &'f str,
    map: Map<String, Value>,
}

impl<'f> Members<'f> {
    /// Of a structure.
    pub(crate) fn of(flag: &'f str, value: Value) -> Result<Self, Keep> {
        match value {
            Value::Object(map) => Ok(Self { flag, map }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                keep(format!("`{flag}` is no structure"))
            }
        }
    }

    /// A structure in it.
    pub(crate) fn inner(&mut self, name: &str) -> Result<Option<Members<'f>>, Keep> {
        self.map.remove(name).map(|value| Members::of(self.flag, value)).transpose()
    }

    /// A text; numbers as they are written.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Keep> {
        match self.map.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
            Some(Value::Array(_) | Value::Object(_)) => {
                keep(format!("`{name}` in `{}` is no text", self.flag))
            }
        }
    }

    /// A number, or a gap that one fills.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<Value>, Keep> {
        self.text(name)?.map(|text| super::values::number(name, &text)).transpose()
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Keep> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true" | "True") => Ok(Some(true)),
            Some("false" | "False") => Ok(Some(false)),
            Some(_) => keep(format!("`{name}` in `{}` is neither true nor false", self.flag)),
        }
    }

    /// A list of texts; a single text is a list of one.
    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<String>>, Keep> {
        let Some(value) = self.map.remove(name) else { return Ok(None) };
        let items = match value {
            Value::Array(items) => items,
            one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                vec![one]
            }
        };
        let texts = items.into_iter().map(|item| match item {
            Value::String(text) => Ok(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                keep(format!("`{name}` in `{}` is no list of texts", self.flag))
            }
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// The value as it is.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name)
    }

    /// Refuses what has not been taken.
    pub(crate) fn done(self) -> Result<(), Keep> {
        match self.map.keys().next() {
            Some(name) => keep(format!("`{name}` in `{}` has no field in a step", self.flag)),
            None => Ok(()),
        }
    }
}
