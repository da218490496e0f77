//! Reads the keys of a YAML mapping into Rust values, reporting unknown keys and wrong types.

use crate::findings::{Findings, a, did_you_mean, list, short};
use crate::kinds::Dur;
use crate::yaml::{Kind, Node};
use crate::{Estimate, Span};
use std::time::Duration;

/// A mapping whose keys have been checked.
pub(crate) struct Fields<'n> {
    node: &'n Node,
    /// "step", "hold", … for messages.
    what: &'static str,
}

impl<'n> Fields<'n> {
    /// Checks that the node is a mapping with known keys. A null node is a mapping without any.
    pub(crate) fn open(
        node: &'n Node,
        what: &'static str,
        names: &[&str],
        findings: &mut Findings<'_>,
    ) -> Option<Self> {
        match &node.kind {
            Kind::Null => {}
            Kind::Map(entries) => {
                for entry in entries.iter().filter(|entry| !names.contains(&entry.key.as_str())) {
                    let hint = did_you_mean(&entry.key, names)
                        .or_else(|| Some(format!("There are: {}.", list(names))));
                    findings.error_hint(
                        "unknown-key",
                        entry.key_span,
                        format!("`{}` is no key of {}", short(&entry.key), a(what)),
                        hint,
                    );
                }
            }
            Kind::Bool(_) | Kind::Number(..) | Kind::Text(_) | Kind::List(_) => {
                findings.error(
                    "wrong-type",
                    node.span,
                    format!("{} must be a mapping (`key: value`), and this is {}", a(what), node.what()),
                );
                return None;
            }
        }
        Some(Self { node, what })
    }

    pub(crate) fn span(&self) -> Span {
        self.node.span
    }

    /// The value, where there is one that is not null.
    pub(crate) fn node(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key).filter(|node| !matches!(node.kind, Kind::Null))
    }

    pub(crate) fn text(&self, key: &str, findings: &mut Findings<'_>) -> Option<String> {
        let node = self.node(key)?;
        match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Number(_, spelling) => {
                self.wrong(key, "text", node, Some(format!("Quote it: \"{}\".", short(spelling))), findings);
                None
            }
            Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) => {
                self.wrong(key, "text", node, None, findings);
                None
            }
        }
    }

    pub(crate) fn flag(&self, key: &str, findings: &mut Findings<'_>) -> Option<bool> {
        let node = self.node(key)?;
        match &node.kind {
            Kind::Bool(value) => Some(*value),
            Kind::Text(text) => {
                let meant = match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" => Some("true"),
                    "no" | "off" | "n" => Some("false"),
                    _ => None,
                };
                self.wrong(
                    key,
                    "true or false",
                    node,
                    meant.map(|meant| format!("Write `{meant}`.")),
                    findings,
                );
                None
            }
            Kind::Null | Kind::Number(..) | Kind::List(_) | Kind::Map(_) => {
                self.wrong(key, "true or false", node, None, findings);
                None
            }
        }
    }

    pub(crate) fn count(&self, key: &str, findings: &mut Findings<'_>) -> Option<u32> {
        let node = self.node(key)?;
        let count = match &node.kind {
            Kind::Number(number, _) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            Kind::Null | Kind::Bool(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => None,
        };
        if count.is_none() {
            self.wrong(key, "a whole number from 0 on", node, None, findings);
        }
        count
    }

    pub(crate) fn duration(&self, key: &str, findings: &mut Findings<'_>) -> Option<Duration> {
        let node = self.node(key)?;
        let parsed = node.text().and_then(|text| text.parse::<Dur>().ok());
        if parsed.is_none() {
            self.wrong(
                key,
                "a length of time",
                node,
                Some("Write `90s`, `5m` or `1h30m`.".to_owned()),
                findings,
            );
        }
        parsed.map(Dur::get)
    }

    pub(crate) fn estimate(&self, key: &str, findings: &mut Findings<'_>) -> Option<Estimate> {
        let node = self.node(key)?;
        let hint = || Some("Write `5m..8m`, or `5m` for both.".to_owned());
        let parsed = node.text().and_then(|text| {
            let (from, to) = text.split_once("..").unwrap_or((text, text));
            Some((from.trim().parse::<Dur>().ok()?.get(), to.trim().parse::<Dur>().ok()?.get()))
        });
        match parsed {
            None => {
                self.wrong(key, "an estimate", node, hint(), findings);
                None
            }
            Some((from, to)) if from > to => {
                findings.error_hint("estimate", node.span, "the estimate ends before it begins", hint());
                None
            }
            Some((from, to)) => Some(Estimate { from, to }),
        }
    }

    /// A list of texts with their places.
    pub(crate) fn texts(&self, key: &str, findings: &mut Findings<'_>) -> Vec<(String, Span)> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Kind::List(items) = &node.kind else {
            let hint = node.text().map(|text| format!("Write `{key}: [{}]`.", short(text)));
            self.wrong(key, "a list", node, hint, findings);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.text() {
                Some(text) => texts.push((text.to_owned(), item.span)),
                None => self.wrong(key, "a list of texts", item, None, findings),
            }
        }
        texts
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(
        &self,
        key: &str,
        words: &[(&'static str, T)],
        findings: &mut Findings<'_>,
    ) -> Option<T> {
        let node = self.node(key)?;
        let text = self.text(key, findings)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            findings.error_hint(
                "unknown-word",
                node.span,
                format!("`{}` is no {key} of {}", short(&text), a(self.what)),
                did_you_mean(&text, &names),
            );
        }
        found
    }

    fn wrong(&self, key: &str, wanted: &str, node: &Node, hint: Option<String>, findings: &mut Findings<'_>) {
        findings.error_hint(
            "wrong-type",
            node.span,
            format!("`{key}` of {} must be {wanted}, and this is {}", a(self.what), node.what()),
            hint,
        );
    }
}
