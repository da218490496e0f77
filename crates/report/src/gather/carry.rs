//! The journal that a report carries, and how it is read back.

use super::Sources;
use crate::model::*;
use holdpoint_redact::Redactor;
use holdpoint_run::Fact;
use holdpoint_run::chain::hex;
use serde_json::Value;
use std::fmt::Write as _;

/// Largest journal that a report carries, in bytes: a report is mailed, and opened in a browser.
const LARGEST: usize = 32 * 1024 * 1024;

/// Takes the journal along where that is possible: all of it byte for byte, or nothing of it.
pub(super) fn carried(sources: &Sources<'_>) -> Carried {
    match journal(sources) {
        Ok(journal) => Carried::Journal(Box::new(journal)),
        Err(why) => Carried::Not(why),
    }
}

fn journal(sources: &Sources<'_>) -> Result<Journal, String> {
    let known = sources.plans?;
    let mut plans = Vec::new();
    let mut missing = None;
    for digest in digests(sources) {
        match known.iter().find(|(of, _)| *of == digest) {
            Some((_, bytes)) => plans.push(copy(bytes)),
            None => missing = Some(digest),
        }
    }
    if let Some(digest) = missing {
        return Err(format!("the plan {} is not at hand", crate::words::short(&digest)));
    }
    let mut size: usize = known.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut events = Vec::new();
    for stored in sources.stored {
        size += stored.bytes.len();
        let text =
            std::str::from_utf8(&stored.bytes).map_err(|_| format!("event {} is not UTF-8", stored.seq))?;
        if shows(sources.redactor, text) {
            return Err(format!(
                "event {} holds what must not be seen, and without it nothing could be checked",
                stored.seq
            ));
        }
        events.push(text.to_owned());
    }
    let secret = |plan: &PlanCopy| match plan {
        PlanCopy::Text(text) => sources.redactor.redact_str(text) != text.as_str(),
        PlanCopy::Hex(_) => false,
    };
    if plans.iter().any(secret) {
        return Err(
            "the plan's text holds what must not be seen, and without it nothing could be checked".into()
        );
    }
    if size > LARGEST {
        return Err(format!(
            "the journal has {}, which is too large for a report",
            crate::words::size(size as u64)
        ));
    }
    Ok(Journal {
        writer: sources.writer.to_owned(),
        run: sources.state.run.clone(),
        anchors: sources.anchors.to_vec(),
        plans,
        events,
    })
}

/// The plans that were walked, in order.
fn digests(sources: &Sources<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for event in sources.events {
        let digest = if let Fact::Started(started) = &event.event {
            &started.plan_digest
        } else if let Fact::PlanAdopted(adopted) = &event.event {
            &adopted.digest
        } else {
            continue;
        };
        if !all.contains(digest) {
            all.push(digest.clone());
        }
    }
    all
}

/// Whether the redactor would take anything out of an event's values.
fn shows(redactor: &Redactor, text: &str) -> bool {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => redactor.redact_value(value.clone()) != value,
        Err(_) => true,
    }
}

fn copy(bytes: &[u8]) -> PlanCopy {
    match std::str::from_utf8(bytes) {
        Ok(text) => PlanCopy::Text(text.to_owned()),
        Err(_) => PlanCopy::Hex(hex(bytes)),
    }
}

impl PlanCopy {
    /// The file's bytes.
    ///
    /// # Errors
    /// What is no hex.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Hex(text) => unhex(text).ok_or_else(|| "a plan in the report is damaged".to_owned()),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// A journal as JSON that may stand in HTML: it ends no element, and has nothing but ASCII in it.
pub(crate) fn for_html(journal: &Journal) -> String {
    // Texts alone: nothing in it can fail to be written.
    let text = serde_json::to_string(journal).unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' | '>' | '&' | '\'' => write_escaped(&mut out, letter as u16),
            ascii if ascii.is_ascii() => out.push(ascii),
            other => other.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write_escaped(&mut out, *unit)),
        }
    }
    out
}

fn write_escaped(out: &mut String, unit: u16) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{unit:04x}");
}
