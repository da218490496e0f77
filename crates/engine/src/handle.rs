//! A run, as everybody but its driver sees it.

use crate::Invitation;
use crate::board::Board;
use crate::tools::{EngineError, Tools};
use holdpoint_plan::Plan;
use holdpoint_redact::Secret;
use holdpoint_run::{
    Actor, Answer, Checked, Choice, Command, Covered, Decision, HoldKey, Pin, Question, Refusal, RunId,
    Signature, State, Status, Work, covers_digest,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// What the driver is told.
pub(crate) enum Message {
    Command(Box<Command>, String, oneshot::Sender<Result<(), EngineError>>),
    Secret(String, Secret),
    /// Somebody else is to drive: this driver ends, and the run stays open.
    LetGo(String),
    /// A revision of the plan that may be adopted next, with the originals of what it pins anew.
    Know(Arc<Plan>, Vec<Pin>),
}

/// What the driver shows.
pub(crate) struct Shared {
    board: Mutex<Board>,
    state: watch::Sender<Arc<State>>,
    version: watch::Sender<u64>,
    over: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self {
            board: Mutex::new(Board::default()),
            state: watch::Sender::new(state),
            version: watch::Sender::new(0),
            over: watch::Sender::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn board<T>(&self, read: impl FnOnce(&Board) -> T) -> T {
        read(&self.lock())
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Board)) {
        change(&mut self.lock());
    }

    pub(crate) fn wake(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    pub(crate) fn publish(&self, state: Arc<State>) {
        self.state.send_replace(state);
        self.wake();
    }

    pub(crate) fn over(&self) {
        self.over.send_replace(true);
        self.wake();
    }
}

/// A run that this process drives.
#[derive(Clone)]
pub struct RunHandle {
    pub(crate) shared: Arc<Shared>,
    pub(crate) inbox: mpsc::UnboundedSender<Message>,
    pub(crate) tools: Tools,
}

impl RunHandle {
    /// Which run.
    pub fn id(&self) -> RunId {
        self.state().run.clone()
    }

    /// Whether another handle is of the same driver.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// What is known now.
    pub fn state(&self) -> Arc<State> {
        self.shared.state.borrow().clone()
    }

    /// What goes on now.
    pub fn board<T>(&self, read: impl FnOnce(&Board) -> T) -> T {
        self.shared.board(read)
    }

    /// Changes whenever there is something new to show.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }

    /// Names that may sign here.
    pub fn signers(&self) -> Vec<String> {
        self.tools.desk.signers()
    }

    /// The run's folder.
    pub fn folder(&self) -> &crate::RunFolder {
        &self.tools.folder
    }

    /// Whether the driver has gone.
    pub fn is_finished(&self) -> bool {
        *self.shared.over.borrow()
    }

    /// Waits until the driver has gone: the run is over, or it stopped here.
    pub async fn finished(&self) {
        let mut over = self.shared.over.subscribe();
        // A sender that is gone means that the driver is, too.
        let _ = over.wait_for(|over| *over).await;
    }

    /// Signs a hold, as the person whom STS makes of `who`.
    pub async fn sign(
        &self,
        hold: HoldKey,
        decision: Decision,
        who: &str,
        reason: Option<String>,
        auto: bool,
    ) -> Result<(), EngineError> {
        let signer = self
            .tools
            .desk
            .signer(who)
            .await
            .map_err(|diagnosis| EngineError::Identity(Box::new(diagnosis)))?;
        self.sign_by(signer, hold, decision, reason, auto).await
    }

    /// Signs in again for a run whose sign-in is over, where that takes nobody at a browser.
    pub async fn sign_in(&self) -> Result<(), EngineError> {
        let signed_in = self.tools.desk.sign_in().await;
        signed_in.map_err(|diagnosis| EngineError::Identity(Box::new(diagnosis)))
    }

    /// Signs a hold as somebody who signs in for this one signature; `show` is told where.
    pub async fn sign_as_guest(
        &self,
        hold: HoldKey,
        decision: Decision,
        reason: Option<String>,
        show: &(dyn Fn(Invitation) + Send + Sync),
    ) -> Result<(), EngineError> {
        let guest = self.tools.desk.guest(show).await;
        let signer = guest.map_err(|diagnosis| EngineError::Identity(Box::new(diagnosis)))?;
        self.sign_by(signer, hold, decision, reason, false).await
    }

    /// Passes a hold alone in an emergency, as the person whom STS makes of `who`.
    pub async fn break_glass(&self, hold: HoldKey, who: &str, reason: String) -> Result<(), EngineError> {
        let signer = self.tools.desk.signer(who).await;
        let signer = signer.map_err(|diagnosis| EngineError::Identity(Box::new(diagnosis)))?;
        let covers = self.state().holds.get(&hold).map(|open| open.covers.clone()).unwrap_or_default();
        let name = signer.person.name.clone();
        let signature = Box::new(self.signature(signer, Decision::Go, &covers, Some(reason), false));
        self.command(Command::BreakGlass { hold, signature }, &name).await
    }

    async fn sign_by(
        &self,
        signer: Checked,
        hold: HoldKey,
        decision: Decision,
        reason: Option<String>,
        auto: bool,
    ) -> Result<(), EngineError> {
        let state = self.state();
        let covers = state.holds.get(&hold).map(|open| open.covers.clone()).unwrap_or_default();
        let name = signer.person.name.clone();
        let signature = self.signature(signer, decision, &covers, reason, auto);
        self.command(Command::Sign { hold, signature: Box::new(signature) }, &name).await
    }

    /// Answers what a step asks before it begins, or while it is followed: the latter is signed, as the person whom STS
    /// makes of `who`, the run's own where nobody is named. Secret fields go to memory, never to the journal.
    pub async fn answer(
        &self,
        work: Work,
        mut answer: Answer,
        by: Actor,
        who: Option<&str>,
    ) -> Result<(), EngineError> {
        let state = self.state();
        if let Some(question) = state.work(&work).and_then(|known| known.question.clone()) {
            return self.reply(work, &question, answer, who).await;
        }
        let ask =
            state.work(&work).and_then(|known| known.intent.as_ref()).and_then(|intent| intent.ask.as_ref());
        for field in ask.iter().flat_map(|ask| &ask.fields).filter(|field| field.secret) {
            if let Some(value) = answer.fields.get_mut(&field.name)
                && let Some(text) = value.as_str().filter(|text| !text.is_empty())
            {
                self.give_secret(format!("answers.{}.{}", work.step, field.name), Secret::new(text)).await?;
                *value = serde_json::Value::Null;
            }
        }
        let name = by.name.clone();
        self.command(Command::Answer { work, answer, by }, &name).await
    }

    async fn reply(
        &self,
        work: Work,
        question: &Question,
        answer: Answer,
        who: Option<&str>,
    ) -> Result<(), EngineError> {
        let own = self.tools.desk.signers().into_iter().next().unwrap_or_default();
        let signer = self.tools.desk.signer(who.unwrap_or(&own)).await;
        let signer = signer.map_err(|diagnosis| EngineError::Identity(Box::new(diagnosis)))?;
        let option = answer.option.unwrap_or_default();
        let signature = self.signature(signer, Decision::Go, &question.covers(&option), answer.reason, false);
        let name = signature.signer.person.name.clone();
        let (key, signature) = (question.key.clone(), Box::new(signature));
        self.command(Command::Reply { work, key, option, signature }, &name).await
    }

    /// A signature of this device over what is covered and the chain's head.
    fn signature(
        &self,
        signer: Checked,
        decision: Decision,
        covers: &[Covered],
        reason: Option<String>,
        auto: bool,
    ) -> Signature {
        let head = self.state().head.clone();
        let covers = covers_digest(covers);
        let (device_signature, device_key) = self.tools.sign(&covers, &head);
        Signature { decision, signer, covers, head, device_signature, device_key, auto, reason }
    }

    /// Decides an interruption.
    pub async fn choose(&self, work: Work, choice: Choice, by: Actor) -> Result<(), EngineError> {
        let name = by.name.clone();
        self.command(Command::Choose { work, choice, by }, &name).await
    }

    /// The work in hand, where it can be stopped, and whether that was asked for already; true when hard.
    pub fn stoppable(&self) -> Option<(Work, Option<bool>)> {
        let state = self.state();
        let lane = |id: &holdpoint_plan::StepId| match state.rollback.is_some() {
            true => Work::undo(id.clone()),
            false => Work::forward(id.clone()),
        };
        state.plan.steps().map(|step| lane(&step.id)).find_map(|work| {
            let known = state.work(&work)?;
            let goes_on = matches!(known.status, Status::Sent | Status::Waiting);
            let action = crate::context::action_of(&state, &work).filter(|_| goes_on)?;
            let executor = self.tools.registry.get(&action.uses)?;
            executor.can_stop().then_some((work, known.stopping))
        })
    }

    /// Has the work in hand stopped: gently, and when that was asked for already, hard.
    pub async fn stop(&self, hard: bool, reason: Option<String>, by: Actor) -> Result<(), EngineError> {
        let (work, _) = self.stoppable().ok_or_else(|| {
            let why = "nothing goes on that could be stopped from here".to_owned();
            EngineError::Journal(crate::JournalError::Refused(Refusal::NotNow(why)))
        })?;
        let name = by.name.clone();
        self.command(Command::Stop { work, hard, by, reason }, &name).await
    }

    /// Gives a secret, `vars.<name>`, that the run waits for; it stays in memory.
    pub async fn give_secret(&self, name: String, value: Secret) -> Result<(), EngineError> {
        self.inbox.send(Message::Secret(name, value)).map_err(|_| self.gone())
    }

    /// Ends the driver as soon as nothing is being sent; the run stays open, for another to go on with.
    pub async fn let_go(&self, why: &str) {
        // A driver that has gone already has let go.
        let _ = self.inbox.send(Message::LetGo(why.to_owned()));
        self.finished().await;
    }

    /// Any other command.
    pub async fn command(&self, command: Command, actor: &str) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        let message = Message::Command(Box::new(command), actor.to_owned(), reply);
        self.inbox.send(message).map_err(|_| self.gone())?;
        answer.await.map_err(|_| self.gone())?
    }

    pub(crate) fn gone(&self) -> EngineError {
        let halted = self.shared.board(|board| board.halted.clone());
        let end = self.state().end.map(|(end, _)| format!("it is over, it is {}", end.in_words()));
        EngineError::Halted(halted.or(end).unwrap_or_else(|| "its driver has gone".into()))
    }
}

impl Tools {
    /// The device's signature over what is covered and the chain's head, and its public key; both hex.
    fn sign(&self, covers: &str, head: &str) -> (String, String) {
        use ed25519_dalek::Signer as _;
        use holdpoint_run::chain::hex;
        let signature = self.device.sign(format!("holdpoint sign-off 1\n{covers}\n{head}\n").as_bytes());
        (hex(&signature.to_bytes()), hex(self.device.verifying_key().as_bytes()))
    }
}
