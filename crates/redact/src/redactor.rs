//! The filter's rules: known values in every form, and what is secret by its look.

use crate::needles::Needles;
use crate::patterns::{self, InKey};
use crate::{Filter, Secret, bare};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

/// What stands in the place of a secret.
pub const REDACTED: &str = "‹redacted›";

/// Values shorter than this many bytes are not looked for by value: they would strike ordinary words.
pub const SHORTEST: usize = 6;

/// Knows the values that must never be seen. Clones share what they know, so a value added to one is known to all,
/// filters that are already running included.
#[derive(Clone)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

struct Known {
    secrets: Vec<Secret>,
    needles: Arc<Needles>,
}

impl Redactor {
    /// Knows these values, and what is secret by its look.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let secrets: Vec<_> = secrets.into_iter().filter(|s| s.expose().len() >= SHORTEST).cloned().collect();
        let needles = Arc::new(Needles::of(secrets.iter().map(Secret::expose)));
        Self { known: Arc::new(RwLock::new(Known { secrets, needles })) }
    }

    /// Learns values. Says whether all of them are long enough to be looked for ([`SHORTEST`]).
    pub fn add<'a>(&self, secrets: impl IntoIterator<Item = &'a Secret>) -> bool {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.secrets.len();
        let mut all_long = true;
        for secret in secrets {
            if secret.expose().len() < SHORTEST {
                all_long = false;
            } else if !known.secrets.contains(secret) {
                known.secrets.push(secret.clone());
            }
        }
        if known.secrets.len() > before {
            known.needles = Arc::new(Needles::of(known.secrets.iter().map(Secret::expose)));
        }
        all_long
    }

    /// The text without secrets; borrowed when there is none.
    pub fn redact_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.redact_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// The bytes without secrets; borrowed when there is none.
    pub fn redact_bytes<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let found = find(&self.needles(), text, &mut InKey::default());
        if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(replace(text, found, 0)) }
    }

    /// The value without secrets: in strings, in keys, in whatever stands under a name such as `password`, and in
    /// `{"name": "DB_PASSWORD", "value": …}` as in a task definition's environment.
    pub fn redact_value(&self, value: Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value,
            Value::Number(number) => {
                let text = number.to_string();
                match self.redact_str(&text) {
                    Cow::Borrowed(_) => Value::Number(number),
                    Cow::Owned(text) => Value::String(text),
                }
            }
            Value::String(text) => Value::String(self.redact_str(&text).into_owned()),
            Value::Array(items) => items.into_iter().map(|item| self.redact_value(item)).collect(),
            Value::Object(fields) => {
                let named = ["name", "Name", "key", "Key"].iter().any(|key| {
                    fields.get(*key).and_then(Value::as_str).is_some_and(patterns::is_secret_name)
                });
                let fields = fields.into_iter().map(|(key, field)| {
                    let secret =
                        patterns::is_secret_name(&key) || named && matches!(key.as_str(), "value" | "Value");
                    let hide = secret
                        && (field.is_number() || field.as_str().is_some_and(|text| !is_reference(text)));
                    let field = if hide { Value::from(REDACTED) } else { self.redact_value(field) };
                    (self.redact_str(&key).into_owned(), field)
                });
                Value::Object(fields.collect())
            }
        }
    }

    /// A filter for one stream of bytes.
    pub fn filter(&self) -> Filter {
        Filter::new(self.clone())
    }

    pub(crate) fn needles(&self) -> Arc<Needles> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).needles.clone()
    }
}

/// Says how many values it knows, and none of them.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Redactor({} values)", known.secrets.len())
    }
}

/// A secret in a text, and what showed it to be one: a name before it, for instance.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) secret: Range<usize>,
    pub(crate) context: Range<usize>,
}

impl Found {
    /// A secret that shows itself.
    pub(crate) fn at(secret: Range<usize>) -> Self {
        Self { context: secret.clone(), secret }
    }
}

/// Every secret of `text`, in no order; they may overlap.
pub(crate) fn find(needles: &Needles, text: &[u8], key: &mut InKey) -> Vec<Found> {
    let mut found = Vec::new();
    needles.find(text, &mut found);
    if let Some(bare) = bare::bare(text) {
        let mut within = Vec::new();
        needles.find(&bare.text, &mut within);
        patterns::find(&bare.text, key, &mut within);
        found.extend(
            within.iter().filter(|found| !found.secret.is_empty()).map(|found| Found {
                secret: bare.place(&found.secret),
                context: bare.place(&found.context),
            }),
        );
    } else {
        patterns::find(text, key, &mut found);
    }
    found
}

/// `text` from `shown` on, with every secret replaced; one that began before `shown` was replaced there.
pub(crate) fn replace(text: &[u8], found: Vec<Found>, shown: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() - shown);
    let mut at = shown;
    for secret in join(found) {
        if secret.end <= at {
            continue;
        }
        if secret.start >= at {
            out.extend_from_slice(&text[at..secret.start]);
            out.extend_from_slice(REDACTED.as_bytes());
        }
        at = secret.end;
    }
    out.extend_from_slice(&text[at..]);
    out
}

/// The secrets, sorted and joined where they touch.
fn join(mut found: Vec<Found>) -> Vec<Range<usize>> {
    found.sort_unstable_by_key(|found| (found.secret.start, found.secret.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for Found { secret, .. } in found {
        match joined.last_mut() {
            Some(last) if secret.start <= last.end => last.end = last.end.max(secret.end),
            Some(_) | None => joined.push(secret),
        }
    }
    joined
}

/// A pointer to a secret is what a reviewer needs to see.
fn is_reference(text: &str) -> bool {
    text.is_empty() || text.starts_with("arn:aws") || text.starts_with("${") || text.starts_with("{{")
}
