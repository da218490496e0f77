//! Checklist items and the comments that name them.

use crate::document::{Comment, Task};
use crate::findings::{Findings, did_you_mean, short};
use crate::kinds::Dur;
use crate::{Item, ItemId, Later, Span, StepId};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// An item and the place of the step that it names.
#[derive(Debug)]
pub(crate) struct DraftItem {
    pub(crate) item: Item,
    pub(crate) from_span: Option<Span>,
}

const KEYS: [&str; 6] = ["id", "from", "evidence", "optional", "later", "owner"];
const EVIDENCE: [&str; 3] = ["note", "screenshot", "file"];

/// Reads an item; its id is made of its text when no comment names it.
pub(crate) fn item(task: &Task, names: &mut Names, findings: &mut Findings<'_>) -> Option<DraftItem> {
    let mut said = Said::default();
    let text = match task.text.split_once("<!--").filter(|(_, rest)| rest.trim_start().starts_with("hp:")) {
        // Markdown takes a comment that never closes for text.
        Some((before, _)) => {
            findings.error_hint(
                "comment",
                task.span,
                "the comment of this item is not closed on its line",
                "End it with `-->`.".to_owned(),
            );
            before.trim_end()
        }
        None => task.text.as_str(),
    };
    for comment in &task.comments {
        said.read(comment, findings);
    }
    if let (Some(span), None) = (said.owner_span, said.later) {
        findings.error_hint(
            "unknown-key",
            span,
            "an owner of what is not left for later has nothing to do",
            "Write `later=7d` as well.".to_owned(),
        );
    }
    let id = match said.id {
        Some((id, span)) => {
            if !names.taken.insert(id.as_str().to_owned()) {
                findings.error_hint(
                    "duplicate-id",
                    span,
                    format!("the id `{id}` is taken"),
                    "Ids are unique in the file.".to_owned(),
                );
            }
            id
        }
        None => names.made(text)?,
    };
    Some(DraftItem {
        item: Item {
            id,
            text: text.to_owned(),
            claimed: task.claimed,
            from: said.from.as_ref().map(|(id, _)| id.clone()),
            evidence: said.evidence,
            optional: said.optional,
            later: said.later.map(|within| Later { within, owner: said.owner }),
            span: task.span,
        },
        from_span: said.from.map(|(_, span)| span),
    })
}

/// An `hp:` comment that stands at no item.
pub(crate) fn stray(comment: &Comment, findings: &mut Findings<'_>) {
    findings.warning(
        "stray-comment",
        comment.span,
        "this `hp:` comment stands at no checklist item, so it says nothing",
        "Put it on the line of a `- [ ]` item.".to_owned(),
    );
}

#[derive(Default)]
struct Said {
    id: Option<(ItemId, Span)>,
    from: Option<(StepId, Span)>,
    evidence: Option<String>,
    optional: bool,
    later: Option<Duration>,
    owner: Option<String>,
    owner_span: Option<Span>,
}

impl Said {
    fn read(&mut self, comment: &Comment, findings: &mut Findings<'_>) {
        if !comment.closed {
            findings.error_hint(
                "comment",
                comment.span,
                "this comment is not closed",
                "End it with `-->`.".to_owned(),
            );
            return;
        }
        let lead = comment.inner.find("hp:").map_or(0, |at| at + 3);
        let mut seen: Vec<&str> = Vec::new();
        let mut at = lead;
        while let Some(word) = next_word(&comment.inner, at) {
            at = word.1;
            let span = Span { start: comment.span.start + word.0, end: comment.span.start + word.1 };
            let text = comment.inner.get(word.0..word.1).unwrap_or("");
            let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
            if seen.contains(&key) {
                findings.error("duplicate-key", span, format!("`{}` is here a second time", short(key)));
                continue;
            }
            seen.push(key);
            self.word(key, value, span, findings);
        }
    }

    fn word(&mut self, key: &str, value: Option<&str>, span: Span, findings: &mut Findings<'_>) {
        let value = value.map(|value| value.trim_matches(['"', '\'']));
        match (key, value) {
            ("optional", None | Some("true")) => self.optional = true,
            ("id" | "from" | "evidence" | "later" | "owner", None | Some("")) => {
                findings.error_hint(
                    "comment",
                    span,
                    format!("`{key}` has no value"),
                    format!("Write `{key}=…` without spaces."),
                );
            }
            ("id", Some(text)) => match ItemId::new(text) {
                Ok(id) => self.id = Some((id, span)),
                Err(bad) => {
                    findings.error("bad-id", span, bad.to_string());
                }
            },
            ("from", Some(text)) => match text.strip_prefix("steps.").map(StepId::new) {
                Some(Ok(id)) => self.from = Some((id, span)),
                Some(Err(_)) | None => findings.error_hint(
                    "comment",
                    span,
                    format!("`{}` names no step", short(text)),
                    format!(
                        "Write `from=steps.{}`.",
                        crate::sections::slug(text.trim_start_matches("steps."))
                    ),
                ),
            },
            ("owner", Some(text)) => {
                self.owner = Some(text.to_owned());
                self.owner_span = Some(span);
            }
            ("later", Some(text)) => match text.parse::<Dur>() {
                Ok(within) => self.later = Some(within.get()),
                Err(_) => findings.error_hint(
                    "wrong-type",
                    span,
                    format!("`{}` is no length of time", short(text)),
                    "Write when it is due after the list is signed: `later=7d`.".to_owned(),
                ),
            },
            ("evidence", Some(text)) if EVIDENCE.contains(&text) => self.evidence = Some(text.to_owned()),
            ("evidence", Some(text)) => {
                findings.error_hint(
                    "unknown-word",
                    span,
                    format!("`{}` is no evidence", short(text)),
                    did_you_mean(text, &EVIDENCE),
                );
            }
            _ => {
                findings.error_hint(
                    "unknown-key",
                    span,
                    format!("`{}` means nothing in an `hp:` comment", short(key)),
                    did_you_mean(key, &KEYS),
                );
            }
        }
    }
}

/// Start and end of the next word from a byte on.
fn next_word(text: &str, from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let start = from + rest.find(|c: char| !c.is_whitespace())?;
    let word = text.get(start..)?;
    Some((start, start + word.find(char::is_whitespace).unwrap_or(word.len())))
}

/// Names of items that are taken, and the last number given to those of one text.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
    numbers: HashMap<String, usize>,
}

impl Names {
    /// `i` and ten digits of the text's hash; a second item of the same text gets `_2`.
    fn made(&mut self, text: &str) -> Option<ItemId> {
        let digest = Sha256::digest(text.as_bytes());
        let hash: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        let base = format!("i{hash}");
        let number = self.numbers.entry(base.clone()).or_insert(1);
        let mut name = base.clone();
        while !self.taken.insert(name.clone()) {
            *number += 1;
            name = format!("{base}_{number}");
        }
        ItemId::new(name).ok()
    }
}
