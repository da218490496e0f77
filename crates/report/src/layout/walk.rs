//! What was walked: stages and steps, deviations, diagnoses, the rollback.

use crate::document::{Block, Line, Row, Section};
use crate::model::*;
use crate::words::{self, Tone};
use holdpoint_run::Judgement;

pub(super) fn deviations(report: &Report) -> Option<Section> {
    let rows = report.deviations.iter().map(|one| {
        Row::new([
            Line::of_state(kind(one.kind)),
            Line::plain(&one.about),
            Line::plain(&one.why),
            Line::plain(one.by.as_deref().unwrap_or("")),
            Line::plain(one.at.to_string()).event(one.event),
        ])
    });
    let heads = vec!["Kind", "About", "Why", "By", "When"];
    super::table("deviations", "Decisions and deviations", heads, rows.collect())
}

fn kind(kind: DeviationKind) -> (Tone, &'static str) {
    match kind {
        DeviationKind::Skipped => (Tone::Warn, "left out"),
        DeviationKind::SkippedByCondition => (Tone::Quiet, "left out by its condition"),
        DeviationKind::Retried => (Tone::Warn, "walked again"),
        DeviationKind::Kept => (Tone::Warn, "kept though stale"),
        DeviationKind::NotPractised => (Tone::Warn, "not practised"),
        DeviationKind::Assumed => (Tone::Warn, "assumed"),
        DeviationKind::Settled => (Tone::Warn, "unknown, settled"),
        DeviationKind::TickedByHand => (Tone::Warn, "ticked by hand"),
        DeviationKind::GlassBroken => (Tone::Danger, "glass broken"),
        DeviationKind::PlanReplaced => (Tone::Hold, "plan replaced"),
        DeviationKind::HoldVoided => (Tone::Hold, "signatures void"),
        DeviationKind::DriverChanged => (Tone::Quiet, "driver changed"),
        DeviationKind::Aborted => (Tone::Danger, "given up"),
    }
}

pub(super) fn diagnoses(report: &Report) -> Option<Section> {
    if report.diagnoses.is_empty() {
        return None;
    }
    let mut blocks = Vec::new();
    for one in &report.diagnoses {
        let heading = Line::plain(one.work.to_string())
            .quiet(format!("attempt {}", one.attempt))
            .state(words::status(one.status))
            .event(one.event);
        blocks.push(Block::Heading(heading));
        blocks.push(Block::Text(Line::new().strong(&one.diagnosis.headline)));
        let says =
            one.diagnosis.says.iter().map(|said| Line::plain(format!("{}:", said.who)).text(&said.what));
        let known = one.diagnosis.known.iter().flat_map(|problem| {
            let name =
                Line::plain("Known problem:").strong(&problem.title).code(&problem.id).text(&problem.meaning);
            std::iter::once(name)
                .chain(problem.repairs.iter().map(|repair| Line::plain("Repair:").text(repair)))
        });
        let hints = one.diagnosis.hints.iter().map(|hint| Line::plain("Now:").text(hint));
        let points: Vec<_> = says.chain(known).chain(hints).collect();
        if !points.is_empty() {
            blocks.push(Block::List(points));
        }
        if !one.diagnosis.last_log.is_empty() {
            blocks.push(Block::Log(one.diagnosis.last_log.clone()));
        }
        blocks.push(Block::Text(match &one.then {
            Some(then) => Line::new().strong("What was done about it:").text(&then.text).event(then.event),
            None => Line::of_state((Tone::Warn, "nothing was done about it")),
        }));
    }
    Some(Section { id: "diagnoses", title: "Diagnoses and repairs".into(), blocks })
}

pub(super) fn stages(report: &Report) -> Section {
    let mut blocks = Vec::new();
    for stage in &report.stages {
        let took =
            stage.wall.map_or_else(|| "not begun".into(), |wall| format!("took {}", words::duration(wall)));
        let heading = Line::plain(&stage.title).code(stage.id.as_str()).quiet(format!(
            "{}, {took}, planned {}",
            words::role(stage.role),
            words::estimate(stage.estimate)
        ));
        blocks.push(Block::Heading(heading));
        let heads = vec!["Step", "Kind", "Status", "What was done", "Planned", "Took", "Events"];
        blocks.push(Block::Table(heads, stage.steps.iter().flat_map(step).collect()));
        for step in &stage.steps {
            let judgements =
                step.attempts.last().map(|attempt| judged(&step.id, attempt)).unwrap_or_default();
            if !judgements.is_empty() {
                let heads = vec!["Judged", "Expected", "Found", "Holds", "Event"];
                blocks.push(Block::Table(heads, judgements));
            }
        }
    }
    Section { id: "stages", title: "Stages and steps".into(), blocks }
}

/// A row for each attempt; one for a step that has none.
fn step(step: &StepReport) -> Vec<Row> {
    let name = || Line::plain(&step.title).code(step.id.as_str());
    let planned = || Line::plain(words::estimate(step.estimate));
    if step.attempts.is_empty() {
        let row = [name(), Line::of_code(&step.kind), stands(step, Line::new()), Line::new(), planned()];
        let when = [Line::plain("–"), Line::new().maybe_event(step.event)];
        return vec![Row::new(row.into_iter().chain(when))];
    }
    let last = step.attempts.len() - 1;
    let row = |(index, attempt): (usize, &Attempt)| {
        let own = attempt.status.map_or_else(Line::new, |status| Line::of_state(words::status(status)));
        let state = match (index == last, attempt.status) {
            (true, Some(status)) if status == step.status => stands(step, Line::new()),
            // The step's own status stands at its newest attempt, beside what became of that.
            (true, _) => stands(step, own),
            (false, Some(_)) => own,
            (false, None) => own.quiet("did not end"),
        };
        let newest = attempt.ended_event.unwrap_or(attempt.event);
        let since = step.event.filter(|event| index == last && *event > newest);
        Row::new([
            name(),
            Line::of_code(&step.kind),
            state.quiet(format!("attempt {}", attempt.number)),
            done(attempt),
            planned(),
            Line::plain(words::between(attempt.began, attempt.ended)),
            Line::new()
                .event(attempt.event)
                .maybe_event(attempt.ended_event.filter(|end| *end != attempt.event))
                .maybe_event(since),
        ])
    };
    step.attempts.iter().enumerate().map(row).collect()
}

fn stands(step: &StepReport, line: Line) -> Line {
    let line = line.state(words::status(step.status));
    match step.stale.is_empty() {
        true => line,
        false => line.state((Tone::Warn, "stale")).quiet(step.stale.join(", ")),
    }
}

fn done(attempt: &Attempt) -> Line {
    let mut line = Line::plain(&attempt.intent);
    if let Some(already) = &attempt.already {
        line = line.text(format!("– nothing was left to do: {already}"));
    }
    if let Some((answer, by)) = &attempt.answer {
        line = line.text(format!("– {by}: {answer}"));
    }
    if let Some(note) = &attempt.note {
        line = line.quiet(note);
    }
    line
}

fn judged(step: &holdpoint_plan::StepId, attempt: &Attempt) -> Vec<Row> {
    let row = |judgement: &Judgement| {
        let mut holds =
            Line::of_state(if judgement.holds { (Tone::Ok, "yes") } else { (Tone::Danger, "no") });
        if judgement.assumed {
            holds = holds.state((Tone::Warn, "assumed"));
        }
        Row::new([
            Line::of_code(step.as_str()).text(&judgement.what),
            Line::of_code(&judgement.expected),
            Line::of_code(&judgement.found),
            holds,
            Line::new().maybe_event(attempt.ended_event),
        ])
    };
    attempt.judgements.iter().map(row).collect()
}

pub(super) fn rollback(report: &Report) -> Option<Section> {
    let rollback = report.rollback.as_ref()?;
    let mut blocks = vec![Block::Text(
        Line::plain("Begun by")
            .strong(&rollback.by)
            .text(format!("at {}, because:", rollback.at))
            .text(&rollback.reason)
            .event(rollback.event),
    )];
    let rows = rollback.items.iter().enumerate().map(|(index, item)| {
        let newest = item.attempts.last();
        let took = newest.map_or_else(|| "–".into(), |attempt| words::between(attempt.began, attempt.ended));
        Row::new([
            Line::plain((index + 1).to_string()),
            Line::of_code(item.step.as_str()),
            Line::of_code(&item.kind),
            newest.map_or_else(|| Line::plain(&item.summary), done),
            Line::of_state(words::status(item.status)).quiet(format!("attempts: {}", item.attempts.len())),
            Line::plain(took),
            Line::new()
                .maybe_event(newest.map(|attempt| attempt.event))
                .maybe_event(newest.and_then(|attempt| attempt.ended_event)),
        ])
    });
    let heads = vec!["Order", "Step", "Kind", "What was done", "Status", "Took", "Events"];
    blocks.push(Block::Table(heads, rows.collect()));
    if !rollback.without_undo.is_empty() {
        let names: Vec<_> = rollback.without_undo.iter().map(|step| step.as_str()).collect();
        blocks.push(Block::Text(
            Line::of_state((Tone::Warn, "nothing undoes"))
                .text(names.join(", "))
                .quiet("what they changed stands"),
        ));
    }
    Some(Section { id: "rollback", title: "Rollback".into(), blocks })
}
