//! A step of a run → as shown.

use super::card_of::card;
use super::diagnosis_of::{diagnosis, shown_work};
use super::plan_of::estimate;
use super::rollout_of;
use super::run_of::RunFacts;
use super::{
    AskView, CheckResult, CheckStatus, ChecklistItem, ChoiceView, CopyView, FieldView, LogLine, LogPage,
    OptionView, Sample, ScriptView, StepEvent, StepStatus, StepView,
};
use holdpoint_engine::{Line, WorkBoard};
use holdpoint_plan::{Item, Step, StepId};
use holdpoint_run::{
    Ask, Interruption, ItemState, Judgement, Outcome, Standing, State, Status, Work, WorkState, sources,
    standing,
};
use serde_json::Value;

pub(super) fn step_view(facts: &RunFacts<'_>, step: &Step) -> StepView {
    let state = facts.state;
    let shown = &shown_work(state, &step.id);
    let known = state.work(shown).cloned().unwrap_or_default();
    let board = facts.board.work(shown);
    StepView {
        id: step.id.to_string(),
        title: step.title.clone(),
        kind: step.action.uses.clone(),
        effect: step.effect,
        status: status(state, step),
        said: said(facts, step, &known, board),
        subject: subject(&step.action.with),
        prose_html: facts.prose(step),
        script: step.action.script.as_ref().map(|script| ScriptView {
            language: script.language.clone(),
            text: script.text.clone(),
            runs: step.action.uses == "shell",
        }),
        started_at: known.began_at.map(|at| at.to_string()),
        ended_at: known.ended_at.map(|at| at.to_string()),
        estimate: step.estimate.map(estimate),
        attempt: known.attempt,
        stale: state.steps.get(&step.id).is_some_and(|known| !known.stale.is_empty()),
        rollout: board.and_then(|board| board.rollout.as_ref()).and_then(rollout_of::rollout),
        card: card(&step.action.uses, &known, board.and_then(|board| board.card.as_ref())),
        samples: board.and_then(|board| board.rollout.as_ref()).map(samples).unwrap_or_default(),
        checks: checks(&known),
        events: board.map(events).unwrap_or_default(),
        items: step.items.iter().map(|item| checklist_item(state, step, item)).collect(),
        diagnosis: diagnosis(&known, facts.own),
        choices: choices(facts, shown),
        ask: ask(&known),
        log_lines: board.map_or(0, |board| board.total),
        log_source: board
            .and_then(|board| board.lines.iter().rev().find(|line| !is_event(line)))
            .map(|l| l.source.clone()),
    }
}

/// Where a step stands, in the words of the screen.
pub(super) fn status(state: &State, step: &Step) -> StepStatus {
    match standing(state, &step.id) {
        Standing::Blocked(_) => StepStatus::Blocked,
        Standing::Ready => StepStatus::Ready,
        Standing::Held => StepStatus::Held,
        Standing::Is(status) => work_status(status),
    }
}

/// A lifecycle's status in the words of the screen.
pub(super) fn work_status(status: Status) -> StepStatus {
    match status {
        Status::Pending => StepStatus::Pending,
        Status::Running | Status::Asking | Status::Sent => StepStatus::Running,
        Status::Waiting => StepStatus::Waiting,
        Status::Verifying => StepStatus::Verifying,
        Status::Succeeded => StepStatus::Succeeded,
        Status::Failed => StepStatus::Failed,
        Status::Unknown => StepStatus::Unknown,
        Status::RolledBackByAws => StepStatus::RolledBackByAws,
        Status::Superseded => StepStatus::Superseded,
        Status::Skipped => StepStatus::Skipped,
        Status::Compensated => StepStatus::Compensated,
        Status::NotPractised => StepStatus::NotPractised,
    }
}

/// Lines of a work's log after line `after`, without the events, which have their own place.
pub(crate) fn log_page(board: Option<&WorkBoard>, after: u64) -> LogPage {
    let Some(board) = board else { return LogPage { lines: Vec::new(), total: 0 } };
    let lines = board.lines.iter().filter(|line| line.number > after && !is_event(line)).map(log_line);
    LogPage { lines: lines.collect(), total: board.total }
}

fn said(facts: &RunFacts<'_>, step: &Step, known: &WorkState, board: Option<&WorkBoard>) -> Option<String> {
    if let Standing::Blocked(need) = standing(facts.state, &step.id) {
        return Some(format!("waits for {need}"));
    }
    if let Some((by, why)) = &known.skipped {
        return Some(match by {
            Some(by) => format!("left out by {}: {why}", by.name),
            None => format!("its condition says no: {why}"),
        });
    }
    match &known.outcome {
        Some(Outcome::NotPractised { why }) => return Some(why.clone()),
        Some(Outcome::Succeeded { note: Some(note), .. }) => return Some(note.clone()),
        Some(_) | None => {}
    }
    let stale =
        facts.state.steps.get(&step.id).map(|known| known.stale.join(", ")).filter(|names| !names.is_empty());
    if let Some(names) = stale {
        return Some(format!("{names} has changed since it was used here"));
    }
    let intent = known.intent.as_ref().map(|intent| intent.summary.clone());
    board.and_then(|board| board.says.clone()).filter(|_| known.status.is_active()).or(intent)
}

fn subject(with: &Value) -> Option<String> {
    let text = |name: &str| with.get(name).and_then(Value::as_str);
    match (text("service"), text("cluster"), text("group"), text("url"), text("family")) {
        (Some(service), Some(cluster), ..) => Some(format!("service {service} in {cluster}")),
        (_, _, Some(group), ..) => Some(format!("log group {group}")),
        (_, _, _, Some(url), _) => Some(url.to_owned()),
        (_, _, _, _, Some(family)) => Some(format!("task definition {family}")),
        _ => None,
    }
}

fn checks(known: &WorkState) -> Vec<CheckResult> {
    let Some(Outcome::Succeeded { judgements, .. }) = &known.outcome else { return Vec::new() };
    judgements.iter().map(check).collect()
}

fn check(judgement: &Judgement) -> CheckResult {
    CheckResult {
        title: judgement.what.clone(),
        status: if judgement.holds { CheckStatus::Passed } else { CheckStatus::Failed },
        expected: Some(judgement.expected.clone()),
        found: Some(judgement.found.clone()),
        assumed: judgement.assumed,
    }
}

fn checklist_item(state: &State, step: &Step, item: &Item) -> ChecklistItem {
    let tick = state.steps.get(&step.id).and_then(|known| known.items.get(&item.id));
    ChecklistItem {
        id: item.id.to_string(),
        text: item.text.clone(),
        on: tick.is_some_and(|tick| tick.on),
        claimed: item.claimed,
        optional: item.optional,
        from: item
            .from
            .as_ref()
            .map(|from| state.plan.step(from).map_or_else(|| from.to_string(), |s| s.title.clone())),
        evidence: item.evidence.clone(),
        said: tick.map(tick_said),
    }
}

fn tick_said(tick: &ItemState) -> String {
    let by = match tick.by.through.as_str() {
        "step" => format!("by its step, {}", tick.at),
        _ => format!("by {}, {}", tick.by.name, tick.at),
    };
    let reason = tick.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let evidence = tick.evidence.as_ref().map(|evidence| format!(" · {evidence}")).unwrap_or_default();
    match tick.on {
        true => format!("ticked {by}{reason}{evidence}"),
        false => format!("unticked {by}{reason}"),
    }
}

/// Ways on from an interruption of this work.
fn choices(facts: &RunFacts<'_>, work: &Work) -> Vec<ChoiceView> {
    let retry = choice("retry", "Retry…", "Walks this step once more.", false);
    let skip = choice("skip", "Skip with reason…", "Leaves this step out; the report says so and why.", true);
    let rollback = choice(
        "rollback",
        "Roll back the set…",
        "Puts back everything that this run changed, in order.",
        true,
    );
    let abort = choice("abort", "Abort…", "Ends the run and leaves everything as it is.", true);
    let can_roll_back = facts.state.rollback.is_none() && !facts.state.rollback_set().is_empty();
    let mut ways = match &facts.interruption {
        Some(Interruption::Failure(failed)) if failed == work => {
            let again = sources(facts.state, work).into_iter().map(|from| again(facts, &from));
            std::iter::once(retry).chain(again).chain([skip]).collect()
        }
        Some(Interruption::Unknown(unknown)) if unknown == work => vec![
            choice(
                "settle_succeeded",
                "It took effect…",
                "You have seen that it did: the run goes on from there.",
                true,
            ),
            choice("settle_failed", "It did not…", "You have seen that it did not: it is sent again.", true),
            skip,
        ],
        Some(Interruption::Stale(stale)) if stale == &work.step && !work.is_undo() => vec![
            choice("retry", "Walk it again…", "Walks this step with the value as it is now.", false),
            choice(
                "skip",
                "Keep it…",
                "Keeps the result that used the old value; the report says why.",
                true,
            ),
        ],
        Some(_) | None => return Vec::new(),
    };
    ways.extend(can_roll_back.then_some(rollback));
    ways.push(abort);
    ways
}

/// The way back to a step whose result the failed one used.
fn again(facts: &RunFacts<'_>, from: &StepId) -> ChoiceView {
    let title = facts.state.plan.step(from).map_or_else(|| from.to_string(), |step| step.title.clone());
    choice(
        &format!("again:{from}"),
        &format!("Walk again from “{title}”…"),
        "Walks that step and this one once more. What was signed for its old result does not count.",
        false,
    )
}

fn choice(choice: &str, title: &str, about: &str, needs_reason: bool) -> ChoiceView {
    ChoiceView { choice: choice.into(), title: title.into(), about: about.into(), needs_reason }
}

fn ask(known: &WorkState) -> Option<AskView> {
    if let Some(question) = &known.question {
        return Some(AskView::Decision {
            question: question.ask.instructions.clone(),
            options: question.ask.options.iter().map(option).collect(),
            expires_at: question.expires_at.map(|at| at.to_string()),
            if_unanswered: question.if_unanswered.clone(),
        });
    }
    let intent = known.intent.as_ref().filter(|_| known.status == Status::Asking)?;
    let ask = intent.ask.as_ref()?;
    Some(match ask {
        Ask { items: true, .. } => AskView::Checklist,
        Ask { options, instructions, .. } if !options.is_empty() => AskView::Decision {
            question: instructions.clone(),
            options: options.iter().map(option).collect(),
            expires_at: None,
            if_unanswered: None,
        },
        Ask { phrase: Some(phrase), .. } if !intent.actions.is_empty() => {
            AskView::Phrase { about: intent.summary.clone(), phrase: phrase.clone() }
        }
        Ask { instructions, link, copy, fields, phrase, evidence, .. } => AskView::Fields {
            instructions_html: html_of(instructions),
            link: link.clone(),
            copy: copy
                .iter()
                .map(|one| CopyView { label: Some(one.label.clone()), text: one.text.clone() })
                .collect(),
            fields: fields
                .iter()
                .map(|field| FieldView {
                    name: field.name.clone(),
                    prompt: field.prompt.clone(),
                    secret: field.secret,
                    optional: field.optional,
                    pattern: field.pattern.clone(),
                })
                .collect(),
            evidence: evidence.clone(),
            confirm: phrase.clone(),
        },
    })
}

fn option(option: &holdpoint_run::AskOption) -> OptionView {
    OptionView {
        id: option.id.clone(),
        title: option.title.clone(),
        risk: option.risk.clone(),
        details: option.details.clone(),
        recommended: option.recommended,
    }
}

/// Markdown of a plan as HTML that is safe to show.
pub(super) fn html_of(markdown: &str) -> String {
    holdpoint_plan::blocks(markdown).into_iter().map(|block| block.html).collect::<Vec<_>>().join("\n")
}

fn is_event(line: &Line) -> bool {
    line.source == "event"
}

fn events(board: &WorkBoard) -> Vec<StepEvent> {
    let event = |line: &Line| StepEvent {
        at: line.at.map(|at| holdpoint_run::At(at).to_string()).unwrap_or_default(),
        text: line.text.clone(),
        bad: sounds_bad(&line.text),
    };
    board.lines.iter().rev().filter(|line| is_event(line)).take(100).map(event).collect()
}

/// Words by which ECS events tell of trouble (those that AWS Copilot marks, too).
fn sounds_bad(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "fail",
        "unhealthy",
        "error",
        "throttle",
        "unable",
        "missing",
        "alarm detected",
        "rolling back",
        "stopped (",
    ]
    .iter()
    .any(|word| text.contains(word))
}

fn log_line(line: &Line) -> LogLine {
    let (text, mark) = match line.text.split_once('\u{1}') {
        Some((mark, text)) => (text.to_owned(), Some(mark.to_owned())),
        None => (line.text.clone(), None),
    };
    LogLine {
        number: line.number,
        at: line.at.map(|at| holdpoint_run::At(at).to_string()),
        source: line.source.clone(),
        text,
        mark,
    }
}

/// Samples of a soak, in order of time, from its series: `[{check, points: [{at, ok, values}]}]`.
fn samples(view: &Value) -> Vec<Sample> {
    let list =
        |view: &Value, name: &str| view.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut all = Vec::new();
    for series in list(view, "series") {
        let check = series.get("check").and_then(Value::as_str).unwrap_or_default().to_owned();
        all.extend(list(&series, "points").iter().map(|point| Sample {
            at: moment(point, "at"),
            ok: point.get("ok").and_then(Value::as_bool).unwrap_or(false),
            said: format!("{check}{}", values(point)),
        }));
    }
    all.sort_by(|one, other| one.at.cmp(&other.at));
    all
}

fn values(point: &Value) -> String {
    let values = point.get("values").and_then(Value::as_object);
    let told = values.into_iter().flatten().map(|(name, value)| format!(" · {name} {value}"));
    told.collect()
}

/// A moment as ISO text, from text or from milliseconds.
pub(super) fn moment(view: &Value, name: &str) -> String {
    match view.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => {
            number.as_i64().map(|at| holdpoint_run::At(at).to_string()).unwrap_or_default()
        }
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}

pub(super) fn count(view: &Value, name: &str) -> u32 {
    view.get(name).and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

pub(super) fn seconds_between(from: i64, to: i64) -> f64 {
    // Milliseconds of a run fit a double exactly.
    (to - from).max(0) as f64 / 1000.0
}
