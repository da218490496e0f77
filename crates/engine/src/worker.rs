//! One effect of a run, from its beginning to its command. The worker decides nothing that could be decided before.

use crate::context;
use crate::desktop::{Begun, Desktop, Sent, Stopped, broken};
use crate::tools::Tools;
use crate::veil::{veil, veil_diagnosis};
use crate::{ActError, Ending, Lapse, Observation, Point};
use holdpoint_plan::Step;
use holdpoint_redact::Secret;
use holdpoint_run::{
    Command, Diagnosis, Effect, HoldKey, How, Lane, Mode, Moment, Outcome, OutputValue, Pin, Work,
};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// What a worker tells the driver.
pub(crate) enum FromWorker {
    /// Store this; the answer comes when it is on disk.
    Carry(Box<Command>, oneshot::Sender<bool>),
    /// These secrets are wanted before the step can begin.
    Wants(Vec<String>),
    /// Originals of pins, for the memory of the driver.
    Originals(Vec<Pin>),
    /// Secret outputs, for the memory of the driver.
    Secrets(Vec<(String, Secret)>),
    /// The effect waits for a sign-in, and is to be performed again after it.
    Lapsed(Work, Lapse),
    /// The run's lock is another driver's by now: nothing was sent.
    ShutOut,
    /// The effect is through.
    Done,
}

/// How often an action that certainly took no effect is sent again without asking.
const RESENDS: u32 = 2;
/// Performs one effect. Work whose secrets this process does not hold waits for them, wherever a restart found it: it
/// can neither be sent nor followed without.
pub(crate) async fn perform(desk: Desktop, effect: Effect) -> Result<(), Stopped> {
    if let Effect::Begin(work) | Effect::Act(work, _) | Effect::Settle(work, _) | Effect::Follow(work) =
        &effect
    {
        let missing = desk.missing_secrets(work);
        if !missing.is_empty() {
            return desk.send(FromWorker::Wants(missing));
        }
    }
    match effect {
        Effect::Pin(moment) => pin(&desk, moment).await,
        Effect::OpenHold(hold) => open_hold(&desk, hold).await,
        Effect::Begin(work) => begin(&desk, work).await,
        Effect::Act(work, action) => act(&desk, work, action).await,
        Effect::Settle(work, action) => {
            desk.tell(&work).says("the answer was lost: looking at what AWS shows");
            settle(&desk, work, action, None).await
        }
        Effect::Follow(work) => follow(&desk, work).await,
        Effect::Close(end) => desk.carry(Command::Close { end }).await,
    }
}

/// Reads what every step, and every undo, would change. Used before the run begins, too.
pub(crate) async fn read_pins(desk: &Desktop) -> Result<Vec<Pin>, Diagnosis> {
    let names = desk.context();
    let mut pins: BTreeMap<String, Pin> = BTreeMap::new();
    for step in desk.state.plan.steps().filter(|step| step.effect.changes()) {
        for action in std::iter::once(&step.action).chain(&step.undo) {
            let Some(executor) = desk.tools.registry.get(&action.uses) else { continue };
            let with = as_far_as_known(&action.with, &names);
            for key in executor.pins(&with) {
                if !pins.contains_key(&key) {
                    let task =
                        desk.task(&Work::forward(step.id.clone()), action, with.clone(), Value::Null, None)?;
                    let Some(task) = task else { continue };
                    let content = executor.pin(&task, &key).await?;
                    pins.insert(key.clone(), Pin { key, content, sealed: None });
                }
            }
        }
    }
    Ok(pins.into_values().collect())
}

/// Arguments without those that only a step of this run will know: they do not name what existed before.
fn as_far_as_known(with: &Value, names: &Value) -> Value {
    let Value::Object(arguments) = with else { return Value::Null };
    let known = arguments
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), holdpoint_plan::render(value, names).ok()?)));
    Value::Object(known.collect())
}

/// Pins for the journal: redacted, their originals sealed where redaction took something.
pub(crate) async fn veil_pins(tools: &Tools, pins: &[Pin]) -> Result<Vec<Pin>, Diagnosis> {
    let mut veiled = Vec::with_capacity(pins.len());
    for pin in pins {
        let clean = veil(&tools.redactor, pin.clone()).map_err(|diagnosis| *diagnosis)?;
        let sealed = match &pin.content {
            Some(content) if clean != *pin => {
                let plain = content.to_string().into_bytes();
                Some(tools.seals.seal(&tools.folder, &plain).await.map_err(Diagnosis::of)?)
            }
            Some(_) | None => None,
        };
        veiled.push(Pin { sealed, ..clean });
    }
    Ok(veiled)
}

async fn pin(desk: &Desktop, moment: Moment) -> Sent<()> {
    let read = match read_pins(desk).await {
        Ok(pins) => veil_pins(&desk.tools, &pins).await.map(|veiled| (pins, veiled)),
        Err(diagnosis) => Err(diagnosis),
    };
    match read {
        Ok((originals, pins)) => {
            desk.send(FromWorker::Originals(originals))?;
            desk.carry(Command::Pin { moment, pins }).await
        }
        Err(diagnosis) => {
            let said = format!(
                "what runs now could not be kept for a rollback, so nothing is changed: {}",
                diagnosis.headline
            );
            desk.fail_frontier(Diagnosis { headline: said, ..diagnosis }).await
        }
    }
}

async fn open_hold(desk: &Desktop, hold: HoldKey) -> Sent<()> {
    match context::covers(&desk.state, &hold, &desk.open_context()) {
        Ok(covers) => {
            let covers = match veil(&desk.tools.redactor, covers) {
                Ok(covers) => covers,
                Err(diagnosis) => return desk.fail_frontier(*diagnosis).await,
            };
            desk.carry(Command::OpenHold { hold, covers }).await
        }
        Err(why) => {
            let headline = format!("what the hold before {hold} covers cannot be told: {why}");
            let hint = "A signature covers values that may be seen: take a secret out of `covers`.";
            desk.fail_frontier(Diagnosis::of(headline).hint(hint)).await
        }
    }
}

async fn begin(desk: &Desktop, work: Work) -> Sent<()> {
    let Some(step) = desk.step(&work) else { return Err(Stopped) };
    if work.lane == Lane::Forward {
        if let Some(condition) = &step.when {
            match holdpoint_plan::truth(condition, &desk.context()) {
                Ok(true) => {}
                Ok(false) => return desk.carry(Command::SkipByCondition { step: step.id.clone() }).await,
                Err(error) => {
                    return desk.fail(&work, Diagnosis::of(format!("its condition: {error}"))).await;
                }
            }
        }
        if let Some(diagnosis) = short_lease(desk, &step).await {
            return desk.fail(&work, diagnosis).await;
        }
    }
    let (task, executor) = match desk.assemble(&work) {
        Ok(both) => both,
        Err(diagnosis) => return desk.fail(&work, diagnosis).await,
    };
    let changes = work.lane == Lane::Undo || step.effect.changes();
    let identity = match changes {
        true => match desk.tools.desk.assert_pin().await {
            Ok(checked) => Some(checked),
            Err(diagnosis) => return desk.fail(&work, diagnosis).await,
        },
        false => None,
    };
    let intent = match executor.prepare(&task).await {
        Ok(intent) => match veil(&desk.tools.redactor, intent) {
            Ok(intent) => intent,
            Err(diagnosis) => return desk.fail(&work, *diagnosis).await,
        },
        Err(diagnosis) => return desk.fail(&work, diagnosis).await,
    };
    let covers = match desk.covers_before(&work) {
        Ok(covers) => covers,
        Err(why) => return desk.fail(&work, Diagnosis::of(why)).await,
    };
    let used = match work.lane {
        Lane::Forward => context::used(&desk.state, &step),
        Lane::Undo => Vec::new(),
    };
    desk.carry(Command::Intend { work, intent: Box::new(intent), identity, used, covers }).await
}

/// A stage does not start unless what is left of the session covers its estimate.
async fn short_lease(desk: &Desktop, step: &Step) -> Option<Diagnosis> {
    let stage = desk.state.plan.stage_of(&step.id)?;
    let first = stage.steps.first().is_some_and(|first| first.id == step.id);
    let needed = stage.estimate.filter(|_| first && desk.state.mode() == Mode::Live)?.to;
    let left = desk.tools.desk.left().await?;
    (left < needed).then(|| {
        Diagnosis::of(format!(
            "the session ends in {} min, and stage {} is estimated at up to {} min",
            left.as_secs() / 60,
            stage.id,
            needed.as_secs().div_ceil(60)
        ))
        .hint("sign in again, then retry")
    })
}

async fn act(desk: &Desktop, work: Work, action: usize) -> Sent<()> {
    let Begun { task, executor, intent, receipts } = match desk.resume(&work) {
        Ok(all) => all,
        Err(diagnosis) => return desk.fail(&work, diagnosis).await,
    };
    let waited =
        intent.ask.is_some() || desk.state.work(&work).is_some_and(|known| known.epoch != desk.state.epoch);
    let changes = work.lane == Lane::Undo || task.step.effect.changes();
    let answered = desk.state.work(&work).is_some_and(|known| known.is_reply(action));
    if (answered || (action == 0 && waited && changes))
        && let Err(diagnosis) = desk.tools.desk.assert_pin().await
    {
        return desk.fail(&work, diagnosis).await;
    }
    desk.carry(Command::Send { work: work.clone(), action }).await?;
    desk.tools.points.reached(&Point::BeforeAct);
    // A driver that was stopped here, and shut out meanwhile, sends nothing any more: whoever drives now finds out.
    if !desk.tools.folder.is_driven_by(&desk.tools.driver) {
        desk.send(FromWorker::ShutOut)?;
        return Err(Stopped);
    }
    let answer = executor.act(&task, &intent, action, &receipts).await;
    desk.tools.points.reached(&Point::AfterAct);
    match answer {
        Ok(receipt) => desk.receive(work, action, receipt, How::Answered).await,
        Err(ActError::Refused(diagnosis)) => {
            let why = diagnosis.headline.clone();
            desk.carry(Command::NotSent { work: work.clone(), action, why }).await?;
            desk.fail(&work, diagnosis).await
        }
        Err(ActError::Ambiguous(diagnosis)) => {
            desk.tell(&work).says("the answer was lost: looking at what AWS shows");
            settle(desk, work, action, Some(diagnosis)).await
        }
    }
}

/// Finds out, by reading alone, whether an action took effect. Never sends it.
async fn settle(desk: &Desktop, work: Work, action: usize, lost: Option<Diagnosis>) -> Sent<()> {
    let Begun { task, executor, intent, receipts } = match desk.resume(&work) {
        Ok(all) => all,
        Err(diagnosis) => {
            return desk.carry(Command::BecomeUnknown { work, diagnosis: Box::new(diagnosis) }).await;
        }
    };
    let unknown = match executor.observe(&task, &intent, action, &receipts).await {
        Ok(Observation::TookEffect(receipt)) => {
            return desk.receive(work, action, receipt, How::Observed).await;
        }
        Ok(Observation::TookNoEffect { why }) => {
            desk.carry(Command::NotSent { work: work.clone(), action, why }).await?;
            return match (desk.resent >= RESENDS, lost) {
                (true, Some(lost)) => desk.fail(&work, lost).await,
                (true, None) | (false, _) => Ok(()),
            };
        }
        Ok(Observation::Unsettled(diagnosis)) => diagnosis,
        Err(diagnosis) => Diagnosis {
            headline: format!("whether it took effect could not be found out: {}", diagnosis.headline),
            ..diagnosis
        },
    };
    let diagnosis = match lost {
        Some(lost) => unknown.says("The answer", lost.headline),
        None => unknown,
    };
    desk.unless_lapsed(&work).await?;
    let diagnosis = Box::new(desk.known(veil_diagnosis(&desk.tools.redactor, diagnosis)));
    desk.carry(Command::BecomeUnknown { work, diagnosis }).await
}

async fn follow(desk: &Desktop, work: Work) -> Sent<()> {
    let Begun { task, executor, intent, receipts } = match desk.resume(&work) {
        Ok(all) => all,
        Err(diagnosis) => return desk.fail(&work, diagnosis).await,
    };
    let (outputs, secret_outputs, mut judgements, note) =
        match executor.follow(&task, &intent, &receipts).await {
            Ending::Succeeded { outputs, secret_outputs, judgements, note } => {
                (outputs, secret_outputs, judgements, note)
            }
            Ending::Failed(diagnosis) => return desk.fail(&work, diagnosis).await,
            Ending::RolledBackByAws(diagnosis) => {
                return desk.end(work, Outcome::RolledBackByAws, diagnosis).await;
            }
            Ending::Superseded(diagnosis) => return desk.end(work, Outcome::Superseded, diagnosis).await,
            Ending::NotPractised(why) => {
                return desk
                    .carry(Command::Conclude { work, outcome: Box::new(Outcome::NotPractised { why }) })
                    .await;
            }
        };
    for (name, value) in secret_outputs.iter() {
        desk.tools.redactor.add([value]);
        tracing::debug!(output = name, "secret output kept in memory");
    }
    if let Some(diagnosis) = broken(&judgements, "its result is not what the plan expects") {
        return desk.fail(&work, diagnosis.with(executor.explains(&outputs))).await;
    }
    if work.lane == Lane::Forward && !task.step.after.is_empty() {
        desk.carry(Command::Verify { work: work.clone() }).await?;
        for check in &task.step.after {
            match desk.check(&work, check, &outputs, &secret_outputs).await {
                Ok(more) => judgements.extend(more),
                Err(diagnosis) => return desk.fail(&work, diagnosis).await,
            }
        }
    }
    let step = work.step.clone();
    let kept = secret_outputs.keys().map(|name| (name.clone(), OutputValue::secret()));
    let outputs = outputs.into_iter().chain(kept).collect();
    let outcome = Outcome::Succeeded { outputs, judgements, note };
    let outcome = match veil(&desk.tools.redactor, outcome) {
        Ok(outcome) => outcome,
        Err(diagnosis) => return desk.fail(&work, *diagnosis).await,
    };
    let named =
        secret_outputs.into_iter().map(|(name, value)| (format!("steps.{step}.outputs.{name}"), value));
    desk.send(FromWorker::Secrets(named.collect()))?;
    desk.carry(Command::Conclude { work, outcome: Box::new(outcome) }).await
}
