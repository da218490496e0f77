//! Holds with their signatures, checklists with their ticks.

use crate::document::{Block, Line, Row, Section};
use crate::model::*;
use crate::words::{self, Tone};

pub(super) fn holds(report: &Report) -> Option<Section> {
    if report.holds.is_empty() {
        return None;
    }
    let mut blocks = Vec::new();
    for hold in &report.holds {
        let state = match (hold.satisfied, hold.event) {
            (true, _) => (Tone::Ok, "signed"),
            (false, Some(_)) => (Tone::Hold, "open"),
            (false, None) => (Tone::Quiet, "not reached"),
        };
        blocks.push(Block::Heading(
            Line::plain(format!("Before {}", hold.hold)).state(state).maybe_event(hold.event),
        ));
        blocks.push(Block::Text(Line::plain(format!("Wants {}.", hold.wants))));
        let covers = hold.covers.iter().map(|(name, shown)| Line::plain("Covers").code(name).code(shown));
        let covers: Vec<_> = covers.collect();
        if !covers.is_empty() {
            blocks.push(Block::List(covers));
        }
        if !hold.signatures.is_empty() {
            let heads = vec!["Decision", "Who", "ARN", "Covers", "STS request", "Device key", "When"];
            blocks.push(Block::Table(heads, hold.signatures.iter().map(signature).collect()));
        }
    }
    Some(Section { id: "holds", title: "Holds and signatures".into(), blocks })
}

fn signature(signature: &SignatureReport) -> Row {
    let mut decision = Line::of_state(words::decision(signature.decision));
    if let Some(reason) = &signature.reason {
        decision = decision.text(reason);
    }
    if let Some(void) = &signature.void {
        decision = decision.state((Tone::Danger, "void")).quiet(void);
    }
    let mut who = Line::new().strong(&signature.name);
    if !signature.verified {
        who = who.state((Tone::Warn, "unverified"));
    }
    if signature.glass {
        who = who.state((Tone::Danger, "glass broken"));
    }
    if signature.auto {
        who = who.state((Tone::Warn, "auto-signed"));
    }
    Row::new([
        decision,
        who,
        Line::of_code(&signature.arn),
        Line::of_code(words::short(&signature.covers)),
        Line::of_code(&signature.request_id),
        Line::of_code(words::short(&signature.device_key)),
        Line::plain(signature.at.to_string()).event(signature.event),
    ])
}

pub(super) fn checklists(report: &Report) -> Option<Section> {
    if report.checklists.is_empty() {
        return None;
    }
    let mut blocks = Vec::new();
    for list in &report.checklists {
        blocks.push(Block::Heading(Line::plain(&list.title).code(list.step.as_str())));
        let heads = vec!["Item", "State", "By", "Evidence or reason", "When"];
        blocks.push(Block::Table(heads, list.items.iter().map(item).collect()));
    }
    Some(Section { id: "checklists", title: "Checklists".into(), blocks })
}

fn item(item: &ItemReport) -> Row {
    let mut text = Line::plain(&item.text);
    if item.optional {
        text = text.quiet("(optional)");
    }
    if item.claimed {
        text = text.quiet("(claimed in the file, not counted)");
    }
    let Some(tick) = &item.tick else {
        let state = if item.optional { (Tone::Quiet, "open") } else { (Tone::Warn, "open") };
        return Row::new([text, Line::of_state(state), Line::new(), Line::new(), Line::new()]);
    };
    let state = if tick.on { (Tone::Ok, "ticked") } else { (Tone::Warn, "taken back") };
    let mut why = Line::new();
    for said in [&tick.evidence, &tick.reason].into_iter().flatten() {
        why = why.text(said);
    }
    let by = Line::plain(&tick.by).quiet(format!("through {}", tick.through));
    Row::new([text, Line::of_state(state), by, why, Line::plain(tick.at.to_string()).event(tick.event)])
}
