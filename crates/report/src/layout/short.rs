//! The report in short: what those who wait ask, what who goes on must know, what runs now, how far each area is.

use crate::document::{Block, Line, Row, Section};
use crate::model::*;
use crate::words::{self, Tone};

pub(super) fn summary(report: &Report) -> Section {
    let said = |statement: &Statement| Line::plain(&statement.text).event(statement.event);
    let stakeholders = &report.summary.stakeholders;
    let blocker = stakeholders.blocker.as_ref();
    let mut facts = vec![
        ("Status", said(&stakeholders.status)),
        ("Arrival", said(&stakeholders.arrival)),
        ("Blocker", blocker.map_or_else(|| Line::new().quiet("nothing stands in the way"), said)),
    ];
    match stakeholders.risks.as_slice() {
        [] => facts.push(("Risk", Line::new().quiet("none is known"))),
        risks => facts.extend(risks.iter().map(|risk| ("Risk", said(risk)))),
    }
    let blocks = vec![
        Block::Heading(Line::plain("For those who wait for it")),
        Block::Facts(facts),
        Block::Heading(Line::plain("For whoever goes on from here")),
        Block::List(report.summary.operator.iter().map(with_commands).collect()),
    ];
    Section { id: "summary", title: "In short".into(), blocks }
}

/// What stands between backticks is to be typed.
fn with_commands(statement: &Statement) -> Line {
    let mut line = Line::new();
    for (at, part) in statement.text.split('`').enumerate() {
        line = if at % 2 == 0 { line.text(part.trim()) } else { line.code(part) };
    }
    line.event(statement.event)
}

pub(super) fn services(report: &Report) -> Option<Section> {
    let rows = report.services.iter().map(|service| {
        let same = words::side(&service.before) == words::side(&service.now);
        let mut state = match (&service.note, same) {
            (Some(note), _) if note.starts_with("not certain") => {
                Line::of_state((Tone::Danger, "not certain"))
            }
            (_, true) => Line::of_state((Tone::Quiet, "as it was")),
            (_, false) => Line::of_state((Tone::Ok, "changed")),
        };
        if let Some(note) = &service.note {
            state = state.quiet(note);
        }
        if let Some(by) = &service.by {
            state = state.quiet("by").code(by.as_str());
        }
        Row::new([Line::of_code(&service.key), side(&service.before), side(&service.now), state])
    });
    let heads = vec!["Service", "Ran before", "Runs now", "What came of it"];
    super::table("services", "What ran before and what runs now", heads, rows.collect())
}

fn side(side: &Side) -> Line {
    if !side.exists {
        return Line::new().quiet("absent").event(side.event);
    }
    let mut line = match &side.revision {
        Some(revision) => Line::new().strong(revision),
        None => Line::plain("there"),
    };
    if let Some(count) = side.count {
        line = line.quiet(if count == 1 { "1 task".into() } else { format!("{count} tasks") });
    }
    for (container, image) in &side.images {
        line = line.quiet(container).code(image);
    }
    line.event(side.event)
}

pub(super) fn readiness(report: &Report) -> Option<Section> {
    let rows = report.readiness.iter().map(|area| {
        let what = match area.of {
            AreaKind::Steps => "steps",
            AreaKind::Items => "items",
            AreaKind::Claim => "the plan's own claim",
        };
        let far = match &area.claimed {
            Some(claim) => Line::plain(claim).quiet("not counted"),
            None => {
                let percent = area.done * 100 / area.all.max(1);
                let tone = if area.done == area.all { Tone::Ok } else { Tone::Warn };
                Line::of_state((tone, &format!("{percent} %")))
                    .quiet(format!("{} of {}", area.done, area.all))
            }
        };
        Row::new([Line::plain(&area.area), Line::plain(what), far.event(area.event)])
    });
    super::table("readiness", "Readiness by area", vec!["Area", "Counted", "How far"], rows.collect())
}

pub(super) fn choices(report: &Report) -> Option<Section> {
    let rows = report.choices.iter().map(|choice| {
        let mut taken = Line::new().strong(&choice.chosen);
        if choice.recommended {
            taken = taken.quiet("recommended by the plan");
        }
        let mut others = Line::new();
        for (option, risk) in &choice.turned_down {
            others = others.text(option);
            if let Some(risk) = risk {
                others = others.quiet(format!("({risk})"));
            }
        }
        Row::new([
            Line::of_code(choice.step.as_str()),
            taken,
            others,
            Line::plain(&choice.by),
            Line::plain(choice.reason.as_deref().unwrap_or("")),
            Line::plain(choice.at.to_string()).event(choice.event),
        ])
    });
    let heads = vec!["Step", "Chosen", "Turned down", "By", "Why", "When"];
    super::table("choices", "Choices", heads, rows.collect())
}

pub(super) fn obligations(report: &Report) -> Option<Section> {
    let rows = report.obligations.iter().map(|one| {
        let state = match &one.closed {
            None => Line::of_state((Tone::Warn, "open")),
            Some((by, reason, at)) => {
                Line::of_state((Tone::Ok, "closed")).text(format!("by {by}: {reason}")).quiet(at.to_string())
            }
        };
        Row::new([
            Line::of_code(&one.id).text(&one.what),
            Line::plain(one.owner.as_deref().unwrap_or("nobody is named")),
            Line::plain(one.due.map_or_else(|| "no date".into(), |due| due.to_string())),
            Line::of_code(one.step.as_str()).quiet(format!("since {}", one.opened)),
            state.event(one.event),
        ])
    });
    let heads = vec!["What", "Who", "Due", "Left by", "State"];
    super::table("obligations", "Left for later", heads, rows.collect())
}
