//! The task of one run: it alone stores facts, and it has at most one worker.

use crate::board::Board;
use crate::context::Secrets;
use crate::desktop::Desktop;
use crate::evidence::EvidenceLog;
use crate::folder::{DriverLock, FolderError};
use crate::handle::{Message, Shared};
use crate::journal::{Journal, JournalError};
use crate::taking_over::LOOK;
use crate::tools::{EngineError, Tools};
use crate::veil::{veil_note, veil_said};
use crate::worker::{FromWorker, perform};
use crate::{Note, Stop, Stops};
use holdpoint_redact::Secret;
use holdpoint_run::{
    Actor, Choice, Command, Effect, Interruption, Lane, Pin, Status, Work, interruption, next,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// The driver of a run, as long as it runs in this process.
pub(crate) struct Driver {
    pub(crate) tools: Tools,
    pub(crate) journal: Journal,
    pub(crate) shared: Arc<Shared>,
    pub(crate) secrets: Secrets,
    pub(crate) originals: BTreeMap<String, Pin>,
    pub(crate) evidence: EvidenceLog,
    pub(crate) resent: BTreeMap<(Work, u32, usize), u32>,
    /// How often each work was repeated by the plan since an operator last spoke of it.
    pub(crate) repeated: BTreeMap<Work, u32>,
    /// The work that waits for a sign-in.
    pub(crate) lapsed: Option<Work>,
    /// Held until everything that this driver stores is stored.
    pub(crate) lock: Option<DriverLock>,
    /// Why this driver is to let go, once nothing is being sent: said here, or asked for beside the lock.
    pub(crate) leaving: Option<String>,
    pub(crate) asked: Option<String>,
}

/// The worker and what it tells.
struct Job {
    task: JoinHandle<()>,
    from: mpsc::UnboundedReceiver<FromWorker>,
    notes: mpsc::UnboundedReceiver<(Work, Note)>,
    backlog: Arc<AtomicUsize>,
    stop: watch::Sender<Stop>,
}

/// Notes that are kept by one write. A person who says something waits for no more than these.
const BATCH: usize = 512;

/// Why a driver ends that was stopped, or hung, while somebody took its run over.
const SHUT_OUT: &str = "another driver took this run over while this one did not answer";

/// Why a driver stops whose worker ended without a word: it panicked. What it did is found out when the run goes on.
const BROKE: &str =
    "a defect of Holdpoint's ended the step's work: resume the run, and report what standard error says";

impl Driver {
    /// Drives until the run is over, stops, or nobody holds it any more.
    pub(crate) async fn drive(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        let mut job: Option<Job> = None;
        self.publish();
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            if self.leaves(&mut job) {
                break;
            }
            if job.is_none() && self.may_go_on() {
                match next(&self.journal.state) {
                    Some(effect) => job = Some(self.employ(effect)),
                    None if self.journal.state.end.is_some() => break,
                    None => {}
                }
            }
            let Some(current) = job.as_mut() else {
                tokio::select! {
                    biased;
                    message = inbox.recv() => match message {
                        Some(message) => self.hear(message, &mut job).await,
                        None => break,
                    },
                    () = self.tools.desk.renewed(), if self.lapsed.is_some() => self.renew(),
                    _ = looks.tick() => self.heed_request(),
                }
                continue;
            };
            tokio::select! {
                // A person is heard first, however much a script says; what it said is kept before its end is.
                biased;
                message = inbox.recv() => match message {
                    Some(message) => self.hear(message, &mut job).await,
                    None => {
                        dismiss(&mut job);
                        break;
                    }
                },
                _ = looks.tick() => self.heed_request(),
                Some(first) = current.notes.recv() => self.hear_out(current, first),
                told = current.from.recv() => match told {
                    Some(FromWorker::Done) => {
                        self.drain(current);
                        job = None;
                    }
                    None => {
                        self.drain(current);
                        job = None;
                        self.shared.change(|board| board.halted = Some(BROKE.to_owned()));
                        self.publish();
                    }
                    Some(told) => self.told(told).await,
                },
            }
        }
        self.finish();
    }

    /// Somebody may ask this driver to let go, or have shut it out while it was stopped. A folder that cannot be read asks
    /// for nothing.
    fn heed_request(&mut self) {
        if self.lock.is_some() && !self.tools.folder.is_driven_by(&self.tools.driver) {
            self.leaving = Some(SHUT_OUT.to_owned());
        }
        let asked = self.tools.folder.asked_by().unwrap_or_default();
        self.asked = asked.map(|who| format!("{who} took this run over"));
    }

    /// Whether this driver is to let go and can: what is being sent is waited for, so that its answer is kept. Whoever asks
    /// is told so.
    fn leaves(&mut self, job: &mut Option<Job>) -> bool {
        let Some(why) = self.leaving.clone().or_else(|| self.asked.clone()) else { return false };
        if let Some(work) = self.sending().filter(|_| job.is_some()) {
            // Who asks learns it when the lock is free, too.
            let _ = self.tools.folder.say_heard(&format!("{work} is through, which is being sent"));
            return false;
        }
        if let Some(job) = job.as_mut() {
            self.drain(job);
        }
        dismiss(job);
        self.shared.change(|board| board.halted = Some(why));
        true
    }

    /// The work whose action was sent, and is not answered yet.
    fn sending(&self) -> Option<Work> {
        let state = &self.journal.state;
        let works = state.steps.keys().flat_map(|id| [Work::forward(id.clone()), Work::undo(id.clone())]);
        works.into_iter().find(|work| state.work(work).is_some_and(|known| known.status == Status::Sent))
    }

    fn may_go_on(&self) -> bool {
        self.shared.board(|board| board.halted.is_none() && board.wants.is_empty() && board.lapsed.is_none())
    }

    /// Starts a worker on an effect.
    fn employ(&mut self, effect: Effect) -> Job {
        let (link, from) = mpsc::unbounded_channel();
        let (notes, heard) = mpsc::unbounded_channel();
        let backlog = Arc::new(AtomicUsize::new(0));
        let said =
            work_of(&effect).and_then(|work| self.journal.state.work(work)).and_then(|known| known.stopping);
        let (stop, stops) = watch::channel(Stop::of(said));
        if let Effect::Begin(work) = &effect {
            self.shared.change(|board| board.clear(work));
        }
        let desk = Desktop {
            tools: self.tools.clone(),
            state: Arc::clone(&self.journal.state),
            pins: Arc::new(self.pins()),
            secrets: Arc::new(self.secrets.clone()),
            notes,
            backlog: Arc::clone(&backlog),
            link: link.clone(),
            stops: Stops::new(stops),
            resent: self.resent(&effect),
        };
        let task = tokio::spawn(async move {
            // A worker that was stopped has told why already, or has nobody left to tell.
            let _ = perform(desk, effect).await;
            let _ = link.send(FromWorker::Done);
        });
        Job { task, from, notes: heard, backlog, stop }
    }

    /// Pins with the originals that memory holds.
    fn pins(&self) -> BTreeMap<String, Pin> {
        let mut pins = self.journal.state.pins.clone();
        pins.extend(self.originals.iter().map(|(key, pin)| (key.clone(), pin.clone())));
        pins
    }

    fn resent(&self, effect: &Effect) -> u32 {
        match effect {
            Effect::Act(work, action) | Effect::Settle(work, action) => {
                let attempt = self.journal.state.work(work).map_or(0, |known| known.attempt);
                self.resent.get(&(work.clone(), attempt, *action)).copied().unwrap_or(0)
            }
            Effect::Pin(_)
            | Effect::OpenHold(_)
            | Effect::Begin(_)
            | Effect::Follow(_)
            | Effect::Close(_) => 0,
        }
    }

    async fn told(&mut self, told: FromWorker) {
        match told {
            FromWorker::Carry(command, reply) => {
                let done = self.carry_out(*command, "holdpoint").await;
                // A worker that is gone does not wait for the answer.
                let _ = reply.send(done.is_ok());
                if let Err(JournalError::Refused(refusal)) = done {
                    tracing::warn!(%refusal, "a worker's command came too late");
                }
            }
            FromWorker::Wants(names) => {
                self.shared.change(|board| board.wants = names);
                self.publish();
            }
            FromWorker::Lapsed(work, lapse) => {
                self.remark(&work, format!("paused: {}", lapse.said));
                self.lapsed = Some(work);
                self.shared.change(|board| board.lapsed = Some(lapse));
                self.publish();
            }
            FromWorker::Originals(pins) => {
                self.originals.extend(pins.into_iter().map(|pin| (pin.key.clone(), pin)))
            }
            FromWorker::Secrets(named) => self.secrets.extend(named),
            FromWorker::ShutOut => {
                self.shared.change(|board| board.halted = Some(SHUT_OUT.to_owned()));
                self.publish();
            }
            FromWorker::Done => {}
        }
    }

    async fn hear(&mut self, message: Message, job: &mut Option<Job>) {
        match message {
            Message::Command(command, actor, reply) => {
                let stops = matches!(
                    *command,
                    Command::RollBack { .. }
                        | Command::Abort { .. }
                        | Command::Choose { .. }
                        // The answer's action is the next thing to do; the step is followed again behind it.
                        | Command::Reply { .. }
                );
                if let Some(job) = job {
                    self.drain(job);
                }
                let stop = if let Command::Stop { hard, .. } = &*command { Some(*hard) } else { None };
                let done = self.obey(*command, &actor).await;
                if let (Ok(()), Some(job)) = (&done, job.as_ref()) {
                    // Who works hears it when it is stored.
                    stop.into_iter()
                        .for_each(|hard| job.stop.send_modify(|said| *said = Stop::of(Some(hard))));
                }
                if stops && done.is_ok() {
                    dismiss(job);
                    self.lapsed = None;
                    self.shared.change(|board| {
                        board.wants.clear();
                        board.lapsed = None;
                    });
                    // What the dismissed work said so far is evidence, too; a folder that cannot keep it halts the run.
                    for work in self.evidence.open() {
                        let _ = self.keep_log(&work).await;
                    }
                }
                // Who asked may be gone; the fact stands.
                let _ = reply.send(done.map_err(EngineError::from));
            }
            Message::Secret(name, value) => self.learn(name, value),
            Message::LetGo(why) => self.leaving = Some(why),
            Message::Know(plan, pins) => {
                Arc::make_mut(&mut self.journal.state).know(plan);
                // Whether or not it is adopted: they are what was before, either way.
                self.originals.extend(pins.into_iter().map(|pin| (pin.key.clone(), pin)));
            }
        }
    }

    /// Somebody signed in: what waited for it is performed again.
    fn renew(&mut self) {
        if let Some(work) = self.lapsed.take() {
            self.remark(&work, "signed in again: going on".to_owned());
        }
        self.shared.change(|board| board.lapsed = None);
        self.publish();
    }

    /// Shows a remark of the engine's own, and keeps it with the log.
    fn remark(&mut self, work: &Work, text: String) {
        self.note(work.clone(), Note::Says { text: text.clone() });
        self.note(work.clone(), Note::Line { source: "holdpoint".into(), at: None, text });
    }

    fn learn(&mut self, name: String, value: Secret) {
        self.tools.redactor.add([&value]);
        self.shared.change(|board| board.wants.retain(|wanted| wanted != &name));
        self.secrets.insert(name, value);
        self.publish();
    }

    /// Carries a command out, with what belongs to it: the log of a work that ends is kept first; a failed attempt that
    /// the plan lets repeat is repeated.
    async fn carry_out(&mut self, command: Command, actor: &str) -> Result<(), JournalError> {
        if let Some(why) = self.shared.board(|board| board.halted.clone()) {
            return Err(JournalError::Misfit { run: self.journal.state.run.clone(), why });
        }
        let ends = if let Command::Conclude { work, .. } = &command { Some(work.clone()) } else { None };
        if let Command::NotSent { work, action, .. } = &command {
            let attempt = self.journal.state.work(work).map_or(0, |known| known.attempt);
            *self.resent.entry((work.clone(), attempt, *action)).or_default() += 1;
        }
        if let Some(work) = &ends {
            self.keep_log(work).await?;
        }
        self.store(command, actor).await?;
        match ends {
            Some(work) => self.repeat(work).await,
            None => Ok(()),
        }
    }

    /// Carries out what somebody asks for.
    async fn obey(&mut self, command: Command, actor: &str) -> Result<(), JournalError> {
        let run = self.journal.state.run.clone();
        let command = veil_said(&self.tools.redactor, command)
            .map_err(|dropped| JournalError::Misfit { run, why: dropped.headline })?;
        if let Command::Choose { work, .. } = &command {
            self.repeated.remove(work);
        }
        self.carry_out(command, actor).await
    }

    /// Repeats a failed attempt that the plan lets be repeated.
    async fn repeat(&mut self, work: Work) -> Result<(), JournalError> {
        if !self.repeats(&work) {
            return Ok(());
        }
        *self.repeated.entry(work.clone()).or_default() += 1;
        let by = Actor { name: "the plan".into(), through: "retry".into() };
        let choice = Choice::Retry { mended: Some("the plan lets it be tried again".into()) };
        self.store(Command::Choose { work, choice, by }, "the plan").await
    }

    /// The last driver may have gone between a failure and its repetition.
    pub(crate) async fn repeat_what_failed_last(&mut self) {
        if let Some(Interruption::Failure(work)) = interruption(&self.journal.state)
            && let Err(error) = self.repeat(work).await
        {
            tracing::warn!(%error, "what failed before the restart is not repeated");
        }
    }

    async fn store(&mut self, command: Command, actor: &str) -> Result<(), JournalError> {
        let done = self.journal.carry_out(command, actor).await;
        match &done {
            Ok(()) | Err(JournalError::Refused(_)) => {}
            Err(error) => {
                tracing::error!(%error, "the run stops here");
                self.shared.change(|board| board.halted = Some(error.to_string()));
            }
        }
        self.publish();
        done
    }

    async fn keep_log(&mut self, work: &Work) -> Result<(), JournalError> {
        let kept = self.evidence.close(work);
        if let Some(evidence) = self.or_halt(kept)? {
            self.store(Command::Keep { work: work.clone(), evidence }, "holdpoint").await?;
            let forgotten = self.evidence.forget(work);
            self.or_halt(forgotten)?;
        }
        Ok(())
    }

    /// What the folder gives; when it gives nothing, the run stops here.
    fn or_halt<T>(&self, done: Result<T, FolderError>) -> Result<T, JournalError> {
        done.map_err(|error| {
            tracing::error!(%error, "the run stops here");
            self.shared.change(|board| board.halted = Some(error.to_string()));
            self.publish();
            JournalError::Misfit { run: self.journal.state.run.clone(), why: error.to_string() }
        })
    }

    /// Whether the plan lets a failed attempt be repeated without asking: reads, and what twice is as once.
    fn repeats(&self, work: &Work) -> bool {
        let state = &self.journal.state;
        let Some((step, known)) = state.plan.step(&work.step).zip(state.work(work)) else { return false };
        let harmless = match step.effect {
            holdpoint_plan::Effect::Read | holdpoint_plan::Effect::Idempotent => true,
            holdpoint_plan::Effect::Once | holdpoint_plan::Effect::Destructive => false,
        };
        work.lane == Lane::Forward
            && harmless
            && known.status == Status::Failed
            && known.attempt <= step.retry
            // A preparation that fails counts no attempt, and must not be repeated for ever.
            && self.repeated.get(work).copied().unwrap_or_default() < step.retry
    }

    fn note(&mut self, work: Work, note: Note) {
        self.notes(vec![(work, note)]);
    }

    /// Keeps what was told, then shows it.
    fn notes(&mut self, mut told: Vec<(Work, Note)>) {
        for (_, note) in &mut told {
            let said = std::mem::replace(note, Note::Says { text: String::new() });
            *note = veil_note(&self.tools.redactor, said);
        }
        let taken = self.evidence.take(&told);
        // Evidence that cannot be kept halts the run: what is halted is seen by whoever looks next.
        let _ = self.or_halt(taken);
        self.shared.change(|board| told.into_iter().for_each(|(work, note)| board.take(work, note)));
        self.shared.wake();
    }

    /// Takes a note, and those that wait behind it.
    fn hear_out(&mut self, job: &mut Job, first: (Work, Note)) {
        let mut told = vec![first];
        while told.len() < BATCH
            && let Ok(next) = job.notes.try_recv()
        {
            told.push(next);
        }
        job.backlog.fetch_sub(told.len(), Ordering::Relaxed);
        self.notes(told);
    }

    fn drain(&mut self, job: &mut Job) {
        while let Ok(first) = job.notes.try_recv() {
            self.hear_out(job, first);
        }
    }

    fn publish(&self) {
        self.shared.publish(Arc::clone(&self.journal.state));
    }

    fn finish(&mut self) {
        if self.journal.state.end.is_some()
            && let Err(error) = self.tools.folder.forget_sealed()
        {
            self.shared.change(|board: &mut Board| board.halted = Some(error.to_string()));
        }
        // Who hears that it is over may drive, or settle, what is left.
        drop(self.lock.take());
        self.publish();
        self.shared.over();
    }
}

/// Sends a worker home. What it was sending is never cut off: the rules refuse to stop a run while it sends.
/// The work that an effect is about.
fn work_of(effect: &Effect) -> Option<&Work> {
    match effect {
        Effect::Begin(work) | Effect::Act(work, _) | Effect::Settle(work, _) | Effect::Follow(work) => {
            Some(work)
        }
        Effect::Pin(_) | Effect::OpenHold(_) | Effect::Close(_) => None,
    }
}

fn dismiss(job: &mut Option<Job>) {
    if let Some(job) = job.take() {
        job.task.abort();
    }
}
