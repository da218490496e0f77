//! What a worker has at hand: the run as it was when the effect fell due, and the line to the driver.

use crate::asks::AskRun;
use crate::context::{self, Secrets};
use crate::safe::WorkSafe;
use crate::tools::Tools;
use crate::veil::{veil, veil_diagnosis};
use crate::worker::FromWorker;
use crate::{Began, Ending, Executor, Nobody, Note, Progress, Stops, Task};
use holdpoint_plan::{Action, Check, Step};
use holdpoint_redact::Secret;
use holdpoint_run::{
    Command, Diagnosis, HoldKey, How, Intent, Judgement, KnownProblem, Lane, Outcome, OutputValue, Pin,
    Receipt, State, Work,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
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
    /// Notes that were told and not yet taken.
    pub(crate) backlog: Arc<AtomicUsize>,
    /// What a person says of stopping.
    pub(crate) stops: Stops,
    /// How often this action was found to have had no effect.
    pub(crate) resent: u32,
}

/// Work that has begun: what it goes on with.
pub(crate) struct Begun {
    pub(crate) task: Task,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) intent: Intent,
    pub(crate) receipts: Vec<Receipt>,
}

/// The run was stopped while the worker worked: it goes home.
pub(crate) struct Stopped;

pub(crate) type Sent<T> = Result<T, Stopped>;

/// How long a failing check of `after` waits before it looks again, plan time.
const CHECK_AGAIN: Duration = Duration::from_secs(2);

impl Desktop {
    /// Names without secrets: what a signature covers is shown and stored.
    pub(crate) fn open_context(&self) -> Value {
        context::context(&self.state, &self.pins, &Secrets::new())
    }

    pub(crate) fn context(&self) -> Value {
        context::context(&self.state, &self.pins, &self.secrets)
    }

    pub(crate) fn step(&self, work: &Work) -> Option<Arc<Step>> {
        self.state.plan.step(&work.step).cloned().map(Arc::new)
    }

    /// Names of secrets that this work uses and this process does not hold.
    pub(crate) fn missing_secrets(&self, work: &Work) -> Vec<String> {
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

    pub(crate) fn tell(&self, work: &Work) -> Progress {
        Progress::counted(work.clone(), self.notes.clone(), Arc::clone(&self.backlog))
    }

    pub(crate) fn send(&self, message: FromWorker) -> Sent<()> {
        self.link.send(message).map_err(|_| Stopped)
    }

    /// Has a command carried out; returns when its facts are on disk.
    pub(crate) async fn carry(&self, command: Command) -> Sent<()> {
        let (reply, answer) = oneshot::channel();
        self.send(FromWorker::Carry(Box::new(command), reply))?;
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Stopped),
        }
    }

    pub(crate) async fn receive(&self, work: Work, action: usize, receipt: Receipt, how: How) -> Sent<()> {
        match veil(&self.tools.redactor, receipt) {
            Ok(receipt) => self.carry(Command::Receive { work, action, receipt, how }).await,
            Err(diagnosis) => self.carry(Command::BecomeUnknown { work, diagnosis }).await,
        }
    }

    pub(crate) async fn fail(&self, work: &Work, diagnosis: Diagnosis) -> Sent<()> {
        self.end(work.clone(), Outcome::Failed, diagnosis).await
    }

    pub(crate) async fn fail_frontier(&self, diagnosis: Diagnosis) -> Sent<()> {
        let open = self.state.plan.steps().find(|step| !self.state.status(&step.id).is_done());
        match open {
            Some(step) => self.fail(&Work::forward(step.id.clone()), diagnosis).await,
            None => Err(Stopped),
        }
    }

    pub(crate) async fn end(
        &self,
        work: Work,
        how: fn(Diagnosis) -> Outcome,
        diagnosis: Diagnosis,
    ) -> Sent<()> {
        self.unless_lapsed(&work).await?;
        let diagnosis = self.known(veil_diagnosis(&self.tools.redactor, diagnosis));
        self.carry(Command::Conclude { work, outcome: Box::new(how(diagnosis)) }).await
    }

    /// Stops here when the sign-in is over: what was about to fail is performed again after the next one. Asked at every
    /// failure, because an expired sign-in shows in as many ways as there are clients.
    pub(crate) async fn unless_lapsed(&self, work: &Work) -> Sent<()> {
        let Some(lapse) = self.tools.desk.lapsed().await else { return Ok(()) };
        self.send(FromWorker::Lapsed(work.clone(), lapse))?;
        Err(Stopped)
    }

    /// Adds the known problems that match.
    pub(crate) fn known(&self, diagnosis: Diagnosis) -> Diagnosis {
        let found = holdpoint_known::find(&crate::problem::evidence(&diagnosis));
        let known = found.into_iter().map(|one| KnownProblem {
            id: one.problem.id.clone(),
            title: one.problem.title.clone(),
            meaning: one.problem.meaning.clone(),
            repairs: one.problem.repairs.clone(),
        });
        Diagnosis { known: known.collect(), ..diagnosis }
    }

    pub(crate) fn assemble(&self, work: &Work) -> Result<(Task, Arc<dyn Executor>), Diagnosis> {
        let action = context::action_of(&self.state, work)
            .ok_or_else(|| Diagnosis::of(format!("{work} is not in the plan of this run")))?;
        self.prepare_task(work, &action, &self.context())
    }

    pub(crate) fn prepare_task(
        &self,
        work: &Work,
        action: &Action,
        names: &Value,
    ) -> Result<(Task, Arc<dyn Executor>), Diagnosis> {
        let executor = self.tools.registry.get(&action.uses).cloned().ok_or_else(|| {
            Diagnosis::of(format!("this version of Holdpoint cannot walk steps of kind {}", action.uses))
        })?;
        let (with, expect) = holdpoint_plan::render_action(action, names).map_err(|error| {
            Diagnosis::of(error.to_string())
                .hint("walk the step that gives the value again, then retry this one")
        })?;
        let script = action.script.as_ref().map(|script| script.text.clone());
        let task = self
            .task(work, action, with, expect, script)?
            .ok_or_else(|| Diagnosis::of(format!("{work} is not in the plan of this run")))?;
        Ok((task, executor))
    }

    pub(crate) fn task(
        &self,
        work: &Work,
        action: &Action,
        with: Value,
        expect: Value,
        script: Option<String>,
    ) -> Result<Option<Task>, Diagnosis> {
        let scratch = work.to_string().replace(' ', "-");
        let scratch =
            self.tools.folder.scratch(&scratch).map_err(|error| Diagnosis::of(error.to_string()))?;
        Ok(self.task_in(work, action, with, expect, script, scratch))
    }

    fn task_in(
        &self,
        work: &Work,
        action: &Action,
        with: Value,
        expect: Value,
        script: Option<String>,
        scratch: PathBuf,
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
            stops: self.stops.clone(),
            asks: Arc::new(AskRun { desk: self.clone(), work: work.clone() }),
            safe: Arc::new(WorkSafe { desk: self.clone(), work: work.clone() }),
            scratch,
            step,
        })
    }

    pub(crate) fn began(&self) -> BTreeMap<String, Began> {
        let begun = self.state.steps.iter().filter_map(|(id, step)| {
            let (at, intent) = (step.forward.began_at?, step.forward.intent.as_ref()?);
            let began = Began { at, receipts: step.forward.receipts.clone(), world: intent.world.clone() };
            Some((id.to_string(), began))
        });
        begun.collect()
    }

    /// What a step that has begun goes on with.
    pub(crate) fn resume(&self, work: &Work) -> Result<Begun, Diagnosis> {
        let (task, executor) = self.assemble(work)?;
        let known = self.state.work(work);
        let intent = known.and_then(|known| known.intent.clone());
        let intent = intent.ok_or_else(|| Diagnosis::of(format!("{work} has no intent")))?;
        let receipts = known.map(|known| known.receipts.clone()).unwrap_or_default();
        Ok(Begun { task, executor, intent, receipts })
    }

    pub(crate) fn covers_before(
        &self,
        work: &Work,
    ) -> Result<Vec<(HoldKey, Vec<holdpoint_run::Covered>)>, String> {
        if work.lane == Lane::Undo {
            return Ok(Vec::new());
        }
        let names = self.open_context();
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
    pub(crate) async fn check(
        &self,
        work: &Work,
        check: &Check,
        outputs: &BTreeMap<String, OutputValue>,
        secret_outputs: &BTreeMap<String, Secret>,
    ) -> Result<Vec<Judgement>, Diagnosis> {
        let mut names = self.context();
        let plain = outputs.iter().filter_map(|(name, output)| Some((name.clone(), output.seen()?)));
        let secret = secret_outputs
            .iter()
            .map(|(name, value)| (name.clone(), Value::String(value.expose().to_owned())));
        names["steps"][work.step.as_str()]["outputs"] = Value::Object(plain.chain(secret).collect());
        let (task, executor) = self.prepare_task(work, &check.action, &names)?;
        let task = Task { timeout: check.timeout, asks: Arc::new(Nobody), stops: Stops::never(), ..task };
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

    pub(crate) async fn check_once(
        &self,
        task: &Task,
        executor: &dyn Executor,
        check: &Check,
    ) -> Result<Vec<Judgement>, Diagnosis> {
        let uses = &check.action.uses;
        let intent = executor.prepare(task).await?;
        match executor.follow(task, &intent, &[]).await {
            Ending::Succeeded { judgements, outputs, .. } => {
                match broken(&judgements, &format!("the check {uses} after it fails")) {
                    Some(diagnosis) => Err(diagnosis.with(executor.explains(&outputs))),
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

pub(crate) fn broken(judgements: &[Judgement], headline: &str) -> Option<Diagnosis> {
    let mut broken = judgements.iter().filter(|one| !one.holds).peekable();
    broken.peek()?;
    Some(broken.fold(Diagnosis::of(headline), |diagnosis, one| {
        diagnosis.says(one.what.clone(), format!("expected {}, found {}", one.expected, one.found))
    }))
}
