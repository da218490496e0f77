//! "Save as check": a failure becomes a step of the plan's preflight, with prose that names the incident.
//!
//! What is offered is of two kinds: a typed check that would have told it before anything was changed, where one can be made
//! of the failure; and an item for a person to tick, always. It is an edit of the plan's own file, shown as a diff before it is
//! written; nothing else of the file is touched.

use crate::Problem;
use crate::console::{Console, read_plan};
use crate::importing::save_whole;
use crate::views::{LessonOffer, LessonView};
use holdpoint_plan::{
    Action, Edit, Effect, Level, Reading, Role, Severity, Stage, Step, StepId, apply, kind, read,
};
use holdpoint_report::DiagnosisReport;
use holdpoint_run::{RunId, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use similar::TextDiff;
use std::path::Path;
use ts_rs::TS;

/// Longest quotation of a failure in the prose, in characters.
const QUOTED: usize = 240;

/// A failure, and how it is to be kept.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LessonWanted {
    /// The run's id.
    pub run: String,
    /// The step that failed.
    pub step: String,
    /// Which of the offers, by its id; null is the first.
    #[serde(rename = "as")]
    pub kind: Option<String>,
}

/// A lesson that was shown.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LessonSave {
    /// The run's id.
    pub run: String,
    /// The step that failed.
    pub step: String,
    /// Which of the offers.
    #[serde(rename = "as")]
    pub kind: String,
    /// SHA-256 of the plan's file as it was when it was shown.
    pub digest: String,
}

/// A lesson as it would be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    /// What is shown.
    pub view: LessonView,
    /// The whole file with it.
    pub text: String,
}

/// What could stand in the plan.
struct Offer {
    id: &'static str,
    title: String,
    step: Map<String, Value>,
    script: Option<(String, String)>,
    /// A checklist's item, instead of a check.
    item: Option<String>,
}

impl Console {
    /// What a failure would add to the plan's preflight. Nothing is written.
    ///
    /// # Errors
    /// Nothing of the step has failed; the plan's file is gone, is a guide, or has errors.
    pub async fn lesson(&self, wanted: &LessonWanted) -> Result<Lesson, Problem> {
        let run = RunId::new(wanted.run.clone())?;
        let step =
            StepId::new(wanted.step.clone()).map_err(|bad| Problem::new(bad.to_string()).code("usage"))?;
        let state = self.state(&run).await?;
        let (report, _) = self.reported(&run).await?;
        let failure = report.diagnoses.iter().rev().find(|one| one.work.step == step).ok_or_else(|| {
            Problem::new(format!("step {step} of run {run} has not failed"))
                .code("refused")
                .hint("a lesson is learnt from a failure: `holdpoint show RUN` names what has failed")
        })?;
        let known = state
            .plan
            .step(&step)
            .ok_or_else(|| Problem::new(format!("run {run} has no step {step}")).code("not_found"))?;
        let started = state.started.as_ref().ok_or_else(|| Problem::new(format!("run {run} never began")))?;
        let (path, (bytes, reading)) = read_plan(&started.plan_path)?;
        fits(&path, &bytes, &reading)?;
        let offers = offers(&state, known, failure);
        let offer = match &wanted.kind {
            None => offers.first(),
            Some(id) => offers.iter().find(|offer| offer.id == id),
        };
        let offer = offer.ok_or_else(|| {
            let ids: Vec<&str> = offers.iter().map(|offer| offer.id).collect();
            Problem::new(format!("this failure can be kept as {}", ids.join(" or "))).code("usage")
        })?;
        let incident = incident(&state, failure);
        let (id, text) = inserted(&reading, offer, &incident)?;
        let diff = TextDiff::from_lines(&reading.text, &text).unified_diff().context_radius(2).to_string();
        let view = LessonView {
            path,
            digest: reading.plan.digest.clone(),
            id,
            kind: offer.id.to_owned(),
            diff,
            offers: offers
                .iter()
                .map(|offer| LessonOffer { id: offer.id.to_owned(), title: offer.title.clone() })
                .collect(),
        };
        Ok(Lesson { view, text })
    }

    /// Writes a lesson that was shown to the plan's file.
    ///
    /// # Errors
    /// As [`Console::lesson`]; the file has changed since it was shown.
    pub async fn save_lesson(&self, save: &LessonSave) -> Result<LessonView, Problem> {
        let wanted =
            LessonWanted { run: save.run.clone(), step: save.step.clone(), kind: Some(save.kind.clone()) };
        let lesson = self.lesson(&wanted).await?;
        if lesson.view.digest != save.digest {
            return Err(Problem::new(format!("{} has changed since it was shown", lesson.view.path))
                .code("refused")
                .hint("look at it again, then save it"));
        }
        save_whole(Path::new(&lesson.view.path), lesson.text.as_bytes(), true)?;
        Ok(lesson.view)
    }
}

/// Whether something can be put into the file without changing anything else of it.
fn fits(path: &str, bytes: &[u8], reading: &Reading) -> Result<(), Problem> {
    if bytes != reading.text.as_bytes() {
        return Err(Problem::new(format!(
            "{path} is not plain UTF-8, and is not written in another encoding"
        ))
        .code("refused")
        .hint("save it as UTF-8 without a mark at its beginning"));
    }
    if reading.plan.level == Level::Guide {
        return Err(Problem::new(format!(
            "{path} is a guide: it has no steps that a check could stand before"
        ))
        .code("refused")
        .hint("make a checked plan of it first: `holdpoint import`"));
    }
    match reading.diagnostics.iter().find(|finding| finding.severity == Severity::Error) {
        None => Ok(()),
        Some(error) => Err(Problem::new(format!("{path} has errors: {}", error.message))
            .code("plan_errors")
            .hint(format!("`holdpoint check {path}` says where"))),
    }
}

/// What happened, in one paragraph of Markdown.
fn incident(state: &State, failure: &DiagnosisReport) -> String {
    let started = state.started.as_ref();
    let mode = started.map_or_else(String::new, |started| format!(", {}", started.mode));
    let day: String = failure.at.to_string().chars().take(10).collect();
    let said: Vec<String> = failure
        .diagnosis
        .says
        .iter()
        .map(|said| format!("{}: {}", quoted(&said.who), quoted(&said.what)))
        .collect();
    let mut text = format!(
        "Learnt on {day} (run {}{mode}), when `{}` failed: {}.",
        state.run,
        failure.work.step,
        quoted(failure.diagnosis.headline.trim_end_matches('.'))
    );
    if let Some(first) = said.first() {
        text.push_str(&format!(" {}.", first.trim_end_matches('.')));
    }
    if let Some(known) = failure.diagnosis.known.first() {
        text.push_str(&format!(" It is a known problem: {}.", quoted(known.title.trim_end_matches('.'))));
    }
    text
}

/// Somebody else's text on one line, as text: nothing in it is markup.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    for letter in line.chars().take(QUOTED) {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '$' => {
                out.push('\\');
                out.push(letter);
            }
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    if line.chars().count() > QUOTED {
        out.push('…');
    }
    out
}

fn offers(state: &State, failed: &Step, failure: &DiagnosisReport) -> Vec<Offer> {
    let mut offers: Vec<Offer> = Vec::new();
    offers.extend(of_known(state, failed, failure));
    offers.extend(of_step(state, failed));
    let what =
        failure.diagnosis.known.first().map_or(failure.diagnosis.headline.as_str(), |known| &known.title);
    offers.push(Offer {
        id: "item",
        title: "An item for a person to tick".into(),
        step: Map::new(),
        script: None,
        item: Some(format!("Seen to: {}", quoted(what.trim_end_matches('.')))),
    });
    offers
}

/// A check that a known problem asks for, with what the failed step was about.
fn of_known(state: &State, failed: &Step, failure: &DiagnosisReport) -> Option<Offer> {
    let ids: Vec<&str> = failure.diagnosis.known.iter().map(|known| known.id.as_str()).collect();
    let is = |wanted: &[&str]| ids.iter().any(|id| wanted.contains(id));
    let check = |uses: &str, title: String, with: Value, expect: Value| Offer {
        id: "check",
        title,
        step: step_of(uses, with, expect),
        script: None,
        item: None,
    };
    if is(&[
        "exec-format-error",
        "exits-at-once",
        "program-not-found",
        "cannot-pull-image",
        "image-not-found",
    ]) {
        let image = image_of(state, failed)?;
        let expect = if is(&["exits-at-once"]) {
            json!({"command": true})
        } else {
            json!({"platform": "linux/amd64"})
        };
        return Some(check(
            "image.inspect",
            "A look at the image, before anything changes".into(),
            json!({"image": image}),
            expect,
        ));
    }
    if is(&["service-not-found", "cluster-not-found", "service-deleted"]) {
        let (cluster, service) = (failed.action.with.get("cluster")?, failed.action.with.get("service")?);
        let with = json!({"cluster": cluster, "service": service});
        let there = !needs_steps(&with);
        return there.then(|| {
            check("ecs.check", "Whether the service is there".into(), with, json!({"exists": true}))
        });
    }
    None
}

/// The failed step itself, where it only reads and stood behind the preflight.
fn of_step(state: &State, failed: &Step) -> Option<Offer> {
    let stands_before = state.plan.stage_of(&failed.id).is_some_and(|stage| stage.role == Role::Before);
    let spec = kind(&failed.action.uses)?;
    let person = matches!(failed.action.uses.as_str(), "checklist" | "manual" | "decision");
    let Action { with, expect, script, uses } = &failed.action;
    if stands_before || person || failed.effect != Effect::Read || needs_steps(with) || needs_steps(expect) {
        return None;
    }
    let mut step = step_of(uses, with.clone(), expect.clone());
    if spec.effect != Effect::Read {
        step.insert("effect".into(), "read".into());
    }
    let script = script.as_ref().filter(|_| spec.takes_script);
    if spec.takes_script && script.is_none() {
        return None;
    }
    Some(Offer {
        id: "same",
        title: format!("The same check as `{}`, before anything changes", failed.id),
        step,
        script: script.map(|script| (script.language.clone(), script.text.clone())),
        item: None,
    })
}

fn step_of(uses: &str, with: Value, expect: Value) -> Map<String, Value> {
    let is_empty = |value: &Value| value.as_object().is_none_or(Map::is_empty);
    let mut step = Map::new();
    step.insert("uses".into(), uses.into());
    if !is_empty(&with) {
        step.insert("with".into(), with);
    }
    if !is_empty(&expect) {
        step.insert("expect".into(), expect);
    }
    step.insert("estimate".into(), "5s..1m".into());
    step
}

/// Whether a value needs what later steps give.
fn needs_steps(value: &Value) -> bool {
    let text = value.to_string();
    text.contains("steps.") || text.contains("pinned[")
}

/// The image that a failed step was about: as the plan names it, else as it was sent; its own, else that of the steps before.
fn image_of(state: &State, failed: &Step) -> Option<String> {
    let upto = state.plan.steps().position(|step| step.id == failed.id)?;
    let mut steps: Vec<&Step> = state.plan.steps().take(upto + 1).collect();
    steps.reverse();
    steps.into_iter().filter(|step| step.effect.changes()).find_map(|step| {
        let written = image_in(&step.action.with).filter(|image| !needs_steps(&Value::String(image.clone())));
        let sent = || {
            let known = state.steps.get(&step.id)?;
            known
                .forward
                .intent
                .iter()
                .flat_map(|intent| &intent.actions)
                .find_map(|action| image_in(&action.input))
        };
        written.or_else(sent)
    })
}

fn image_in(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => {
            let named = ["image", "ImageIdentifier", "imageIdentifier"]
                .iter()
                .find_map(|name| map.get(*name)?.as_str());
            named.map(str::to_owned).or_else(|| map.values().find_map(image_in))
        }
        Value::Array(items) => items.iter().find_map(image_in),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The text with the offer at the end of the first stage for preflight, which is made where there is none; and the id of what
/// came in.
fn inserted(reading: &Reading, offer: &Offer, incident: &str) -> Result<(String, String), Problem> {
    let plan = &reading.plan;
    let taken = |id: &str| {
        plan.steps().any(|step| step.id.as_str() == id)
            || plan.stages.iter().any(|stage| stage.id.as_str() == id)
    };
    let free = |stem: &str| -> String {
        let numbered =
            (1..).map(|number| if number == 1 { stem.to_owned() } else { format!("{stem}_{number}") });
        numbered.into_iter().find(|id| !taken(id)).unwrap_or_default()
    };
    let id = free("lesson");
    let before = plan.stages.iter().find(|stage| stage.role == Role::Before);
    let (at, level, lead) = match before {
        Some(stage) => (stage.span.end, level_of(reading, stage), String::new()),
        None => {
            let first = plan.stages.first();
            let at = first.map_or(reading.text.len(), |stage| stage.span.start);
            let level = first.map_or(2, |stage| level_of(reading, stage));
            let marks = "#".repeat(level);
            let lead = format!(
                "{marks} Before anything changes\n\n```yaml stage\nid: {}\nrole: before\n```\n\n",
                free("before")
            );
            (at, level, lead)
        }
    };
    let above = reading.text.get(..at).unwrap_or_default();
    let gap = if above.is_empty() || above.ends_with("\n\n") {
        ""
    } else if above.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let below = if at < reading.text.len() { "\n" } else { "" };
    let marks = "#".repeat((level + 1).min(6));
    let body = body(offer, &id)?;
    let text = format!("{gap}{lead}{marks} A lesson: {}\n\n{incident}\n\n{body}{below}", heading(offer));
    let new =
        apply(&reading.text, &[Edit::insert(at, text)]).map_err(|error| Problem::new(error.to_string()))?;
    let again = read(new.as_bytes());
    let error = again.diagnostics.iter().find(|finding| finding.severity == Severity::Error);
    if let Some(error) = error {
        return Err(Problem::new(format!("this check would not fit into the plan: {}", error.message))
            .code("refused")
            .hint("`--as item` keeps it as an item for a person to tick"));
    }
    let step = again.plan.steps().find(|step| step.id.as_str() == id);
    let stage = step.and_then(|step| again.plan.stage_of(&step.id));
    if stage.is_none_or(|stage| stage.role != Role::Before) {
        return Err(Problem::new("this check would not stand in a stage for preflight").code("refused"));
    }
    Ok((id, new))
}

fn heading(offer: &Offer) -> String {
    match &offer.item {
        Some(_) => "to be seen to".into(),
        None => offer.title.replace('`', ""),
    }
}

/// YAML takes JSON for what it is: values are written so, keys as a person would.
fn body(offer: &Offer, id: &str) -> Result<String, Problem> {
    let mut lines = vec!["```yaml step".to_owned(), format!("id: {id}")];
    if let Some(item) = &offer.item {
        lines.extend(["uses: checklist".into(), "```".into(), String::new(), format!("- [ ] {item}")]);
        return Ok(lines.join("\n") + "\n");
    }
    for (name, value) in &offer.step {
        let plain = value
            .as_str()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte)));
        lines.push(match plain {
            Some(text) => format!("{name}: {text}"),
            None => format!("{name}: {value}"),
        });
    }
    lines.push("```".into());
    if let Some((language, script)) = &offer.script {
        let longest = script.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        lines.extend([String::new(), format!("{fence}{language}"), script.trim_end().to_owned(), fence]);
    }
    Ok(lines.join("\n") + "\n")
}

/// How deep the heading of a stage is; a line that acts as one counts as level 2.
fn level_of(reading: &Reading, stage: &Stage) -> usize {
    let line = reading.text.get(stage.span.start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let marks = line.trim_start().chars().take_while(|letter| *letter == '#').count();
    if (1..=5).contains(&marks) { marks } else { 2 }
}
