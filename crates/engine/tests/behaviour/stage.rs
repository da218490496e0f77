//! A stage to walk runs on: a plan, a world, a ledger, and an operator who answers as told.

use crate::model::registry;
use crate::people::{Drawer, HandClock, TwoPeople};
use crate::tape::Tape;
use crate::world::{Things, World};
use ed25519_dalek::SigningKey;
use holdpoint_engine::{Begin, EngineError, RunFolder, RunHandle, Tools, Undisturbed, begin, resume};
use holdpoint_ledger::{Anchors, Ledger};
use holdpoint_plan::{Plan, Severity, Target};
use holdpoint_redact::{Redactor, Secret};
use holdpoint_run::{
    Actor, Answer, Choice, Command, Decision, Interruption, Lane, Mode, Receipt, RunId, interruption,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// How the operator answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    /// Signs, as this person.
    Go(&'static str),
    /// Says no, as this person.
    NoGo(&'static str),
    /// Passes a hold alone, as this person.
    Glass(&'static str),
    Retry,
    Skip,
    /// Looks at the world, and says what is true of what nobody knows.
    Look,
    /// Answers what is asked while a step is followed, signed by the run's own person.
    Option(&'static str),
    /// Gives the fields of a manual step.
    Answer(&'static [(&'static str, &'static str)]),
    RollBack,
    Abort,
}

/// What an operator does at each interruption, by its name.
pub(crate) type Replies = &'static [(&'static str, Reply)];

/// Everything around one run.
pub(crate) struct Stage {
    pub(crate) run: RunId,
    pub(crate) world: Arc<World>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) folder: TempDir,
    pub(crate) plan: Arc<Plan>,
    seals: Arc<Drawer>,
    /// Of all processes of this run.
    pub(crate) clock: Arc<HandClock>,
    /// Given when the run wants them.
    pub(crate) secrets: &'static [(&'static str, &'static str)],
    bytes: Vec<u8>,
}

impl Stage {
    pub(crate) fn new(plan: &str, things: Things) -> (Self, Arc<Tape>) {
        let world = Arc::new(World::new(things));
        let tape = Arc::new(Tape::new(&world));
        (Self::on(plan, world, Arc::clone(&tape) as Arc<dyn Ledger>), tape)
    }

    /// The same run as another process finds it: another world and ledger, another folder, the same plan and seals.
    pub(crate) fn again(&self, world: Arc<World>, ledger: Arc<dyn Ledger>) -> Self {
        Self {
            run: self.run.clone(),
            world,
            ledger,
            folder: tempfile::tempdir().unwrap(),
            plan: Arc::clone(&self.plan),
            seals: Arc::clone(&self.seals),
            clock: Arc::default(),
            secrets: self.secrets,
            bytes: self.bytes.clone(),
        }
    }

    pub(crate) fn on(plan: &str, world: Arc<World>, ledger: Arc<dyn Ledger>) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour/plans").join(plan);
        let bytes = std::fs::read(path).unwrap();
        let reading = holdpoint_plan::read(&bytes);
        let errors: Vec<_> =
            reading.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{plan}: {errors:#?}");
        let plan = Arc::new(reading.plan);
        let run = RunId::new("RUN00001").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (seals, clock) = (Arc::default(), Arc::default());
        Self { run, world, ledger, folder, plan, seals, clock, secrets: &[], bytes }
    }

    pub(crate) fn tools(&self) -> Tools {
        Tools {
            ledger: Arc::clone(&self.ledger),
            anchors: self.anchors(),
            device: SigningKey::from_bytes(&[7; 32]),
            registry: registry(&self.world),
            desk: Arc::new(TwoPeople { world: Arc::clone(&self.world), clock: Arc::clone(&self.clock) }),
            clock: Arc::clone(&self.clock) as Arc<dyn holdpoint_engine::Clock>,
            redactor: Arc::new(Redactor::new([])),
            seals: Arc::clone(&self.seals) as Arc<dyn holdpoint_engine::Seals>,
            folder: RunFolder::make(self.folder.path().join("run")).unwrap(),
            plan_folder: self.folder.path().to_owned(),
            driver: "pid 41 on desk".into(),
            points: Arc::new(Undisturbed),
        }
    }

    pub(crate) fn anchors(&self) -> Anchors {
        Anchors::new(self.folder.path().join("anchors"))
    }

    /// Begins the run.
    pub(crate) async fn begin(&self) -> Result<RunHandle, EngineError> {
        let target = Target { account: "111122223333".into(), region: "eu-central-1".into(), role: None };
        let wanted = Begin {
            run: self.run.clone(),
            plan: Arc::clone(&self.plan),
            plan_bytes: self.bytes.clone(),
            plan_path: "plan.md".into(),
            mode: Mode::Practice,
            target,
            profile: "kim".into(),
            scenario: None,
            speed: 1.0,
            vars: BTreeMap::new(),
            secrets: BTreeMap::new(),
            git_sha: None,
            working_copy: None,
            version: "0".into(),
        };
        begin(self.tools(), wanted).await
    }

    /// Goes on with the run, in another process as it were.
    pub(crate) async fn resume(&self) -> Result<RunHandle, EngineError> {
        self.resume_with(self.tools()).await
    }

    /// The same, with tools of its own.
    pub(crate) async fn resume_with(&self, tools: Tools) -> Result<RunHandle, EngineError> {
        tools.folder.keep_plan(&self.bytes)?;
        resume(tools, &self.run, Arc::clone(&self.plan), "resumed").await
    }

    /// Walks until the run is over, stops, or waits for something that is not told or to be left.
    pub(crate) async fn walk(&self, run: &RunHandle, replies: Replies) {
        let told = |waits: &Interruption| {
            replies.iter().find(|(name, _)| *name == named(waits)).map(|(_, reply)| *reply)
        };
        self.walk_as(run, &mut { told }).await;
    }

    /// Walks as an operator decides, who leaves what waits where there is no reply.
    pub(crate) async fn walk_as(
        &self,
        run: &RunHandle,
        operator: &mut dyn FnMut(&Interruption) -> Option<Reply>,
    ) {
        let mut changes = run.changes();
        for _ in 0..10_000 {
            changes.borrow_and_update();
            let (halted, wants) = run.board(|board| (board.halted.is_some(), board.wants.clone()));
            if halted || run.is_finished() {
                return;
            }
            if run.board(|board| board.lapsed.is_some()) {
                self.world.sign_in();
            }
            for name in wants {
                let value = self.secrets.iter().find(|(given, _)| *given == name);
                let (_, value) = value.unwrap_or_else(|| panic!("nobody knows {name}"));
                run.give_secret(name, Secret::new(*value)).await.unwrap();
            }
            if let Some(waits) = interruption(&run.state()) {
                match operator(&waits) {
                    None => return,
                    // A disk that fills up under the operator's answer halts the run, and is seen above.
                    Some(reply) => drop(self.answer(run, waits, reply).await),
                }
                continue;
            }
            // The run is not left to wait for ever: whoever drives it has gone.
            if changes.changed().await.is_err() {
                return;
            }
        }
        panic!("the run goes in circles: {:?}", run.state().steps);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what is no answer is told as such")]
    async fn answer(&self, run: &RunHandle, waits: Interruption, reply: Reply) -> Result<(), EngineError> {
        let why = || "as told".to_owned();
        match (waits, reply) {
            (Interruption::Hold(hold) | Interruption::NoGo(hold), Reply::Go(who)) => {
                run.sign(hold, Decision::Go, who, None, false).await
            }
            (Interruption::Hold(hold), Reply::Glass(who)) => run.break_glass(hold, who, why()).await,
            (Interruption::Hold(hold), Reply::NoGo(who)) => {
                run.sign(hold, Decision::NoGo, who, Some(why()), false).await
            }
            (Interruption::Asking(work), Reply::Answer(fields)) => {
                let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
                run.answer(work, Answer { fields: fields.collect(), ..Answer::default() }, kim(), None).await
            }
            (Interruption::Asking(work), Reply::Option(option)) => {
                let answer = Answer { option: Some(option.to_owned()), ..Answer::default() };
                run.answer(work, answer, kim(), None).await
            }
            (_, Reply::RollBack) => {
                run.command(
                    Command::RollBack { by: kim(), reason: why(), only: None, accepts: BTreeMap::new() },
                    "kim",
                )
                .await
            }
            (_, Reply::Abort) => run.command(Command::Abort { by: kim(), reason: why() }, "kim").await,
            (
                Interruption::Failure(work) | Interruption::Unknown(work) | Interruption::Asking(work),
                reply,
            ) => {
                let action = run.state().work(&work).map_or(0, |known| known.receipts.len());
                let choice = match reply {
                    Reply::Retry => Choice::Retry { mended: None },
                    Reply::Skip => Choice::Skip { reason: why() },
                    Reply::Look => {
                        let attempt = run.state().work(&work).map_or(0, |known| known.attempt);
                        let lane = if work.lane == Lane::Undo { "undo/" } else { "" };
                        let effect = format!("{}/{}/{lane}{attempt}#{action}", self.run, work.step);
                        match self.world.things().took_effect.contains(&effect) {
                            true => {
                                let receipt =
                                    Receipt { external: Vec::new(), request_id: None, body: Value::Null };
                                Choice::TookEffect { action, receipt }
                            }
                            false => Choice::TookNoEffect { action, reason: why() },
                        }
                    }
                    other => panic!("{other:?} is no answer to {work}"),
                };
                run.choose(work, choice, kim()).await
            }
            (waits, reply) => panic!("{reply:?} is no answer to {}", named(&waits)),
        }
    }

    /// Begins and walks.
    pub(crate) async fn whole(&self, replies: Replies) -> RunHandle {
        let run = self.begin().await.unwrap();
        self.walk(&run, replies).await;
        run
    }
}

/// Who sits at the console.
pub(crate) fn kim() -> Actor {
    Actor { name: "kim".into(), through: "console".into() }
}

/// Lets go of a run and waits until its driver has, too.
pub(crate) async fn let_go(run: RunHandle) {
    let mut changes = run.changes();
    drop(run);
    while changes.changed().await.is_ok() {}
}

/// An interruption by its name in [`Replies`].
pub(crate) fn named(waits: &Interruption) -> String {
    match waits {
        Interruption::Hold(hold) => format!("hold {hold}"),
        Interruption::NoGo(hold) => format!("no-go {hold}"),
        Interruption::Asking(work) => format!("asking {work}"),
        Interruption::Failure(work) => format!("failure {work}"),
        Interruption::Unknown(work) => format!("unknown {work}"),
        Interruption::Stale(step) => format!("stale {step}"),
    }
}
