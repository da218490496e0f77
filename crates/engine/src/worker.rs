//! One effect of a run, from its beginning to its command. The worker decides nothing that could be decided before.

use crate::context::{self, Secrets};
use crate::tools::Tools;
use crate::veil::{veil, veil_diagnosis};
use crate::{ActError, Began, Ending, Executor, Note, Observation, Point, Progress, Task};
use holdpoint_plan::{Action, Check, Step};
use holdpoint_redact::Secret;
use holdpoint_run::{
    Command, Diagnosis, Effect, HoldKey, How, Intent, Judgement, KnownProblem, Lane, Mode, Moment, Outcome,
    OutputValue, Pin, Receipt, State, Work,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What a worker sees: the run as it was when the effect fell due.
#[derive(Clone)]
pub(crate) struct Desktop {
    pub(crate) tools: Tools,
    pub(crate) state: Arc<State>,
    pub(crate) pins: Arc<BTreeMap<String, Pin>>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) notes: mpsc::UnboundedSender<(Work, Note)>,
    pub(crate) link: mpsc::UnboundedSender<FromWorker>,
    /// How often this action was found to have had no effect.
    pub(crate) resent: u32,
}

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
    /// The effect is through.
    Done,
}

/// Work that has begun: what it goes on with.
struct Begun {
    task: Task,
    executor: Arc<dyn Executor>,
    intent: Intent,
    receipts: Vec<Receipt>,
}

/// The run was stopped while the worker worked: it goes home.
pub(crate) struct Stopped;

type Step1<T> = Result<T, Stopped>;

/// How often an action that certainly took no effect is sent again without asking.
const RESENDS: u32 = 2;
/// How long a failing check of `after` waits before it looks again, plan time.
const CHECK_AGAIN: Duration = Duration::from_secs(2);

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

/// Reads what every step of the rollback set would change. Used before the run begins, too.
pub(crate) async fn read_pins(desk: &Desktop) -> Result<Vec<Pin>, Diagnosis> {
    let context = desk.context();
    let mut pins: BTreeMap<String, Pin> = BTreeMap::new();
    for step in desk.state.plan.steps().filter(|step| step.effect.changes()) {
        let Some(executor) = desk.tools.registry.get(&step.action.uses) else { continue };
        // What cannot be rendered yet depends on a step of this run, so nothing of it existed before.
        let Ok(with) = holdpoint_plan::render(&step.action.with, &context) else { continue };
        for key in executor.pins(&with) {
            if !pins.contains_key(&key) {
                let task =
                    desk.task(&Work::forward(step.id.clone()), &step.action, with.clone(), Value::Null, None);
                let Some(task) = task else { continue };
                let content = executor.pin(&task, &key).await?;
                pins.insert(key.clone(), Pin { key, content, sealed: None });
            }
        }
    }
    Ok(pins.into_values().collect())
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

async fn pin(desk: &Desktop, moment: Moment) -> Step1<()> {
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

async fn open_hold(desk: &Desktop, hold: HoldKey) -> Step1<()> {
    match context::covers(&desk.state, &hold, &desk.context()) {
        Ok(covers) => {
            let covers = match veil(&desk.tools.redactor, covers) {
                Ok(covers) => covers,
                Err(diagnosis) => return desk.fail_frontier(*diagnosis).await,
            };
            desk.carry(Command::OpenHold { hold, covers }).await
        }
        Err(why) => {
            let headline = format!("what the hold before {hold} covers cannot be told: {why}");
            desk.fail_frontier(Diagnosis::of(headline)).await
        }
    }
}

async fn begin(desk: &Desktop, work: Work) -> Step1<()> {
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

async fn act(desk: &Desktop, work: Work, action: usize) -> Step1<()> {
    let Begun { task, executor, intent, receipts } = match desk.resume(&work) {
        Ok(all) => all,
        Err(diagnosis) => return desk.fail(&work, diagnosis).await,
    };
    let waited =
        intent.ask.is_some() || desk.state.work(&work).is_some_and(|known| known.epoch != desk.state.epoch);
    let changes = work.lane == Lane::Undo || task.step.effect.changes();
    if action == 0
        && waited
        && changes
        && let Err(diagnosis) = desk.tools.desk.assert_pin().await
    {
        return desk.fail(&work, diagnosis).await;
    }
    desk.carry(Command::Send { work: work.clone(), action }).await?;
    desk.tools.points.reached(&Point::BeforeAct);
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
async fn settle(desk: &Desktop, work: Work, action: usize, lost: Option<Diagnosis>) -> Step1<()> {
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
    let diagnosis = Box::new(desk.known(veil_diagnosis(&desk.tools.redactor, diagnosis)));
    desk.carry(Command::BecomeUnknown { work, diagnosis }).await
}

async fn follow(desk: &Desktop, work: Work) -> Step1<()> {
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
        return desk.fail(&work, diagnosis).await;
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

fn broken(judgements: &[Judgement], headline: &str) -> Option<Diagnosis> {
    let mut broken = judgements.iter().filter(|one| !one.holds).peekable();
    broken.peek()?;
    Some(broken.fold(Diagnosis::of(headline), |diagnosis, one| {
        diagnosis.says(one.what.clone(), format!("expected {}, found {}", one.expected, one.found))
    }))
}

impl Desktop {
    fn context(&self) -> Value {
        context::context(&self.state, &self.pins, &self.secrets)
    }

    fn step(&self, work: &Work) -> Option<Arc<Step>> {
        self.state.plan.step(&work.step).cloned().map(Arc::new)
    }

    /// Names of secrets that this work uses and this process does not hold.
    fn missing_secrets(&self, work: &Work) -> Vec<String> {
        let Some(step) = self.state.plan.step(&work.step) else { return Vec::new() };
        match work.lane {
            Lane::Forward => context::missing_secrets(&self.state, step, &self.secrets),
            Lane::Undo => {
                let Some(action) = context::action_of(&self.state, work) else { return Vec::new() };
                let undo =
                    Step { action, when: None, after: Vec::new(), undo: None, hold: None, ..step.clone() };
                context::missing_secrets(&self.state, &undo, &self.secrets)
            }
        }
    }

    fn tell(&self, work: &Work) -> Progress {
        Progress::new(work.clone(), self.notes.clone())
    }

    fn send(&self, message: FromWorker) -> Step1<()> {
        self.link.send(message).map_err(|_| Stopped)
    }

    /// Has a command carried out; returns when its facts are on disk.
    async fn carry(&self, command: Command) -> Step1<()> {
        let (reply, answer) = oneshot::channel();
        self.send(FromWorker::Carry(Box::new(command), reply))?;
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Stopped),
        }
    }

    async fn receive(&self, work: Work, action: usize, receipt: Receipt, how: How) -> Step1<()> {
        match veil(&self.tools.redactor, receipt) {
            Ok(receipt) => self.carry(Command::Receive { work, action, receipt, how }).await,
            Err(diagnosis) => self.carry(Command::BecomeUnknown { work, diagnosis }).await,
        }
    }

    async fn fail(&self, work: &Work, diagnosis: Diagnosis) -> Step1<()> {
        self.end(work.clone(), Outcome::Failed, diagnosis).await
    }

    async fn fail_frontier(&self, diagnosis: Diagnosis) -> Step1<()> {
        let open = self.state.plan.steps().find(|step| !self.state.status(&step.id).is_done());
        match open {
            Some(step) => self.fail(&Work::forward(step.id.clone()), diagnosis).await,
            None => Err(Stopped),
        }
    }

    async fn end(&self, work: Work, how: fn(Diagnosis) -> Outcome, diagnosis: Diagnosis) -> Step1<()> {
        let diagnosis = self.known(veil_diagnosis(&self.tools.redactor, diagnosis));
        self.carry(Command::Conclude { work, outcome: Box::new(how(diagnosis)) }).await
    }

    /// Adds the known problems that match.
    fn known(&self, diagnosis: Diagnosis) -> Diagnosis {
        let found = holdpoint_known::find(&crate::problem::evidence(&diagnosis));
        let known = found.into_iter().map(|one| KnownProblem {
            id: one.problem.id.clone(),
            title: one.problem.title.clone(),
            meaning: one.problem.meaning.clone(),
            repairs: one.problem.repairs.clone(),
        });
        Diagnosis { known: known.collect(), ..diagnosis }
    }

    fn assemble(&self, work: &Work) -> Result<(Task, Arc<dyn Executor>), Diagnosis> {
        let action = context::action_of(&self.state, work)
            .ok_or_else(|| Diagnosis::of(format!("{work} is not in the plan of this run")))?;
        self.prepare_task(work, &action, &self.context())
    }

    fn prepare_task(
        &self,
        work: &Work,
        action: &Action,
        names: &Value,
    ) -> Result<(Task, Arc<dyn Executor>), Diagnosis> {
        let executor = self.tools.registry.get(&action.uses).cloned().ok_or_else(|| {
            Diagnosis::of(format!("this version of Holdpoint cannot walk steps of kind {}", action.uses))
        })?;
        let render = |value: &Value| {
            holdpoint_plan::render(value, names).map_err(|error| {
                Diagnosis::of(error.to_string())
                    .hint("walk the step that gives the value again, then retry this one")
            })
        };
        let (with, expect) = (render(&action.with)?, render(&action.expect)?);
        let script = action.script.as_ref().map(|script| script.text.clone());
        let task = self
            .task(work, action, with, expect, script)
            .ok_or_else(|| Diagnosis::of(format!("{work} is not in the plan of this run")))?;
        Ok((task, executor))
    }

    fn task(
        &self,
        work: &Work,
        action: &Action,
        with: Value,
        expect: Value,
        script: Option<String>,
    ) -> Option<Task> {
        let step = self.step(work)?;
        let known = self.state.work(work)?;
        let started = self.state.started.as_ref()?;
        let begun = known.status != holdpoint_run::Status::Pending;
        let attempt = if begun { known.attempt } else { known.attempt + 1 };
        let secrets = self.secrets.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Some(Task {
            run: self.state.run.clone(),
            mode: started.mode,
            work: work.clone(),
            attempt,
            uses: action.uses.clone(),
            with,
            expect,
            script,
            region: started.target.region.clone(),
            account: started.target.account.clone(),
            folder: self.tools.plan_folder.clone(),
            pins: Arc::clone(&self.pins),
            began: Arc::new(self.began()),
            answer: known.answer.as_ref().map(|(answer, _)| answer.clone()),
            secrets: Arc::new(secrets),
            timeout: step.timeout,
            clock: Arc::clone(&self.tools.clock),
            progress: self.tell(work),
            step,
        })
    }

    fn began(&self) -> BTreeMap<String, Began> {
        let begun = self.state.steps.iter().filter_map(|(id, step)| {
            let (at, intent) = (step.forward.began_at?, step.forward.intent.as_ref()?);
            let began = Began { at, receipts: step.forward.receipts.clone(), world: intent.world.clone() };
            Some((id.to_string(), began))
        });
        begun.collect()
    }

    /// What a step that has begun goes on with.
    fn resume(&self, work: &Work) -> Result<Begun, Diagnosis> {
        let (task, executor) = self.assemble(work)?;
        let known = self.state.work(work);
        let intent = known.and_then(|known| known.intent.clone());
        let intent = intent.ok_or_else(|| Diagnosis::of(format!("{work} has no intent")))?;
        let receipts = known.map(|known| known.receipts.clone()).unwrap_or_default();
        Ok(Begun { task, executor, intent, receipts })
    }

    fn covers_before(&self, work: &Work) -> Result<Vec<(HoldKey, Vec<holdpoint_run::Covered>)>, String> {
        if work.lane == Lane::Undo {
            return Ok(Vec::new());
        }
        let names = self.context();
        let stage = self.state.plan.stage_of(&work.step).map(|stage| HoldKey::Stage(stage.id.clone()));
        let holds = stage.into_iter().chain([HoldKey::Step(work.step.clone())]);
        let open = holds.filter(|hold| self.state.holds.contains_key(hold));
        let covers = open.map(|hold| {
            let covers = context::covers(&self.state, &hold, &names)?;
            let covers = veil(&self.tools.redactor, covers).map_err(|diagnosis| diagnosis.headline)?;
            Ok((hold, covers))
        });
        covers.collect()
    }

    /// Runs one check of `after`, again and again until its timeout where it has one.
    async fn check(
        &self,
        work: &Work,
        check: &Check,
        outputs: &BTreeMap<String, OutputValue>,
        secret_outputs: &BTreeMap<String, Secret>,
    ) -> Result<Vec<Judgement>, Diagnosis> {
        let mut names = self.context();
        let plain = outputs.iter().filter_map(|(name, output)| Some((name.clone(), output.value.clone()?)));
        let secret = secret_outputs
            .iter()
            .map(|(name, value)| (name.clone(), Value::String(value.expose().to_owned())));
        names["steps"][work.step.as_str()]["outputs"] = Value::Object(plain.chain(secret).collect());
        let (task, executor) = self.prepare_task(work, &check.action, &names)?;
        let task = Task { timeout: check.timeout, ..task };
        let began = self.tools.clock.elapsed();
        loop {
            let failure = match self.check_once(&task, executor.as_ref(), check).await {
                Ok(judgements) => return Ok(judgements),
                Err(failure) => failure,
            };
            let spent = self.tools.clock.elapsed().saturating_sub(began);
            if check.timeout.is_none_or(|timeout| spent >= timeout) {
                return Err(failure);
            }
            task.progress.says(format!("{}: not yet: {}", check.action.uses, failure.headline));
            self.tools.clock.sleep(CHECK_AGAIN).await;
        }
    }

    async fn check_once(
        &self,
        task: &Task,
        executor: &dyn Executor,
        check: &Check,
    ) -> Result<Vec<Judgement>, Diagnosis> {
        let uses = &check.action.uses;
        let intent = executor.prepare(task).await?;
        match executor.follow(task, &intent, &[]).await {
            Ending::Succeeded { judgements, .. } => {
                match broken(&judgements, &format!("the check {uses} after it fails")) {
                    Some(diagnosis) => Err(diagnosis),
                    None => Ok(judgements),
                }
            }
            Ending::Failed(diagnosis)
            | Ending::RolledBackByAws(diagnosis)
            | Ending::Superseded(diagnosis) => Err(Diagnosis {
                headline: format!("the check {uses} after it: {}", diagnosis.headline),
                ..diagnosis
            }),
            Ending::NotPractised(why) => Ok(vec![Judgement {
                what: uses.clone(),
                expected: "a check".into(),
                found: format!("not practised: {why}"),
                holds: true,
                assumed: true,
            }]),
        }
    }
}
