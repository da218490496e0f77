//! What the plan says besides: costs, what comes after, its revisions, and what does the same by hand.

use crate::document::{Block, Line, Row, Section};
use crate::model::*;
use crate::words::{self, Tone};

pub(super) fn costs(report: &Report) -> Option<Section> {
    let costs = report.costs.as_ref()?;
    let rows = costs.items.iter().map(|item| {
        let kind = match (item.total, item.new) {
            (true, _) => Line::new().strong("total"),
            (false, true) => Line::of_state((Tone::Hold, "new with this change")),
            (false, false) => Line::new().quiet("there already"),
        };
        let line = Line::plain(&item.item).quiet(format!("line {} of the plan", item.line));
        Row::new([line, Line::plain(words::money(&item.amount)), kind])
    });
    let sums = |sums: &[Money]| {
        let all: Vec<String> = sums.iter().map(words::money).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(" and ") }
    };
    let mut change = Line::plain("This change adds")
        .strong(sums(&costs.change))
        .text(format!("to {} that is there already.", sums(&costs.standing)))
        .event(costs.event);
    if costs.adds_up == Some(false) {
        change = change.state((Tone::Warn, "the plan's total is not the sum of its lines"));
    }
    let blocks = vec![
        Block::Text(Line::new().quiet("As the plan says; nothing of it was measured.")),
        Block::Table(vec!["Item", "Cost", "Change"], rows.collect()),
        Block::Text(change),
    ];
    Some(Section { id: "costs", title: "Costs".into(), blocks })
}

pub(super) fn next_steps(report: &Report) -> Option<Section> {
    if report.next_steps.is_empty() {
        return None;
    }
    let steps = report.next_steps.iter();
    let points = steps.map(|step| {
        Line::plain(&step.text).quiet(format!("line {} of the plan", step.line)).event(step.event)
    });
    let intro = Line::new().quiet("What the plan says remains to be done, and does not mark as done.");
    let blocks = vec![Block::Text(intro), Block::List(points.collect())];
    Some(Section { id: "next", title: "Afterwards".into(), blocks })
}

pub(super) fn revisions(report: &Report) -> Option<Section> {
    // One plan stands at the top of the report already.
    if report.revisions.len() < 2 {
        return None;
    }
    let rows = report.revisions.iter().map(|one| {
        Row::new([
            Line::of_code(&one.digest),
            Line::plain(&one.path),
            Line::plain(&one.by),
            Line::plain(one.reason.as_deref().unwrap_or("the run began with it")),
            Line::plain(one.changes.join(", ")),
            Line::plain(one.at.to_string()).event(one.event),
        ])
    });
    let heads = vec!["SHA-256", "File", "By", "Why", "Changed", "Since"];
    super::table("revisions", "Revisions of the plan", heads, rows.collect())
}

pub(super) fn commands(report: &Report) -> Option<Section> {
    if report.commands.is_empty() {
        return None;
    }
    let intro = "What each step did, as commands: the author's own, and the calls that were sent. A value that is masked \
                 here, or that an earlier call gave, stands in words.";
    let mut blocks = vec![Block::Text(Line::new().quiet(intro))];
    for one in &report.commands {
        blocks.push(Block::Heading(Line::plain(&one.title).code(one.step.as_str())));
        if let Some(written) = &one.written {
            let what = match written.ran {
                true => "The plan's own script, which the step ran",
                false => "The plan's own command, which the step stands for",
            };
            let language = Line::plain(what).quiet(&written.language).event(written.event);
            blocks.push(Block::Text(language));
            blocks.push(Block::Log(written.text.lines().map(Into::into).collect()));
        }
        for sent in &one.sent {
            let what = if sent.undo { "Sent on the way back" } else { "Sent" };
            blocks.push(Block::Text(Line::plain(what).code(&sent.call).event(sent.event)));
            if let Some(command) = &sent.command {
                blocks.push(Block::Log(command.lines().map(Into::into).collect()));
            }
        }
    }
    Some(Section { id: "commands", title: "Command reference".into(), blocks })
}
