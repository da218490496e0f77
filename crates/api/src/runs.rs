//! Runs: begun, gone on with, looked at, decided.

use crate::console::{Console, read_plan};
use crate::fit::{may_be_run, nothing_unfilled, split_vars};
use crate::seals::VaultSeals;
use crate::views::{LogPage, RunFacts, RunView, log_page, run_view};
use crate::which::{git_sha, new_run_id};
use crate::{Problem, kept};
use holdpoint_engine::{
    Begin, Board, Clock, MachineClock, Plans, RunFolder, RunHandle, Tools, Want, begin, fold,
};
use holdpoint_ledger::{Anchor, Ledger, LedgerError, Verdict};
use holdpoint_plan::{ItemId, StepId, Target};
use holdpoint_redact::{Redactor, Secret};
use holdpoint_run::chain::{ChainError, Event, Stored};
use holdpoint_run::{
    Answer, Choice, Command, Decision, HoldKey, Interruption, Mode, Receipt, RunId, State, Work, interruption,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run that this process drives.
pub(crate) struct Open {
    pub(crate) handle: RunHandle,
    pub(crate) text: Arc<str>,
}

/// What a new run is to be.
#[derive(Clone, Default)]
pub struct StartRequest {
    /// The plan file.
    pub path: String,
    /// Digest that was shown; `None` when nobody was shown anything.
    pub digest: Option<String>,
    /// Practice, or live.
    pub practice: bool,
    /// Profile, or person in practice.
    pub profile: Option<String>,
    /// The simulator's scenario.
    pub scenario: Option<String>,
    /// Divides durations, in practice.
    pub speed: f64,
    /// Target for a plan that names none.
    pub target: Option<Target>,
    /// Variables by name; secret ones among them.
    pub vars: BTreeMap<String, String>,
}

/// How an operator decides an interruption; names as in the views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Once more.
    Retry,
    /// Once more from an earlier step on.
    Again(StepId),
    /// Leave it out.
    Skip,
    /// The unknown action took effect.
    TookEffect,
    /// It did not.
    TookNoEffect,
}

impl Console {
    /// Begins a run. Refused while the plan is untrusted or has errors; then nothing was started.
    pub async fn start(self: &Arc<Self>, want: StartRequest) -> Result<RunId, Problem> {
        self.ledger.writable()?;
        let (path, (bytes, reading)) = read_plan(&want.path)?;
        let plan = Arc::new(reading.plan.clone());
        if want.digest.as_ref().is_some_and(|shown| shown != &plan.digest) {
            return Err(Problem::new(format!("{path} has changed since it was shown"))
                .hint("read it again, then start"));
        }
        may_be_run(&path, &reading)?;
        if !want.practice {
            nothing_unfilled(&path, &reading, &want.vars)?;
        }
        if !kept::is_trusted(&self.places, &path, &plan.digest)? {
            return Err(Problem::new(format!("{path} is not trusted yet: a plan can run anything"))
                .code("untrusted")
                .hint("read it, then trust this content: `holdpoint trust PLAN`, or run with --trust"));
        }
        let mode = if want.practice { Mode::Practice } else { Mode::Live };
        let run = new_run_id()?;
        let folder = RunFolder::make(self.places.run(run.as_str()))?;
        let outfit_want = Want {
            run: run.clone(),
            folder: folder.clone(),
            mode,
            target: plan.target.clone().or_else(|| want.target.clone()),
            profile: want.profile.clone(),
            plan: Arc::clone(&plan),
            plan_path: PathBuf::from(&path),
            scenario: want.scenario.clone(),
            speed: want.speed,
        };
        let begun = self.begin(&outfit_want, &want, bytes, &path).await;
        match begun {
            Ok(handle) => {
                self.employ(run.clone(), handle, reading.text.into());
                Ok(run)
            }
            Err(problem) => {
                if self.has_begun(&run).await {
                    return Err(
                        problem.hint(format!("run {run} has begun: `holdpoint resume {run}` goes on"))
                    );
                }
                // Nothing was started: what was made for it goes again.
                if let Err(more) = self.config.outfitter.retire(&folder).await {
                    tracing::warn!(why = more.headline, "the tools of a run that did not begin");
                }
                if let Err(error) = std::fs::remove_dir_all(folder.path()) {
                    tracing::warn!(%error, "the folder of a run that did not begin");
                }
                Err(problem)
            }
        }
    }

    /// Whether anything of a run is stored. A journal that cannot be read counts as one: what it needs must not go.
    async fn has_begun(&self, run: &RunId) -> bool {
        self.ledger.read(run, 0).await.map_or(true, |stored| !stored.is_empty())
    }

    async fn begin(
        &self,
        outfit_want: &Want,
        want: &StartRequest,
        plan_bytes: Vec<u8>,
        path: &str,
    ) -> Result<RunHandle, Problem> {
        let outfit = self.config.outfitter.outfit(outfit_want).await?;
        let speed = if want.practice { want.speed } else { 1.0 };
        let tools = self.tools(&outfit_want.folder, Path::new(path), speed, outfit.registry, outfit.desk)?;
        let plan = &outfit_want.plan;
        let (secrets, vars) = split_vars(plan, &want.vars)?;
        let folder = Path::new(path).parent().map(Path::to_owned).unwrap_or_default();
        let begin_with = Begin {
            run: outfit_want.run.clone(),
            plan: Arc::clone(plan),
            plan_bytes,
            plan_path: path.to_owned(),
            mode: outfit_want.mode,
            target: outfit.target,
            profile: outfit.profile,
            scenario: want.practice.then(|| want.scenario.clone().unwrap_or_else(|| "healthy".to_owned())),
            speed,
            vars,
            secrets,
            git_sha: git_sha(&folder),
            working_copy: self.config.outfitter.working_copy(&folder).await,
            version: self.config.version.clone(),
        };
        Ok(begin(tools, begin_with).await?)
    }

    /// The driver's handle of a run that this process drives.
    pub fn handle(&self, run: &RunId) -> Option<RunHandle> {
        self.opened().get(run).map(|open| open.handle.clone())
    }

    /// A run's state, from its driver or from its journal.
    pub async fn state(&self, run: &RunId) -> Result<Arc<State>, Problem> {
        match self.handle(run).filter(|handle| !is_over(handle)) {
            Some(handle) => Ok(handle.state()),
            None => Ok(Arc::new(self.kept(run).await?.state)),
        }
    }

    /// A run, all of it.
    pub async fn view(&self, run: &RunId) -> Result<RunView, Problem> {
        let here = self.opened().get(run).map(|open| (open.handle.clone(), Arc::clone(&open.text)));
        let view = match here {
            Some((handle, text)) => self.view_of(&handle, &text),
            None => {
                let kept = self.kept(run).await?;
                let board = Board::default();
                let driven_by = if kept.state.end.is_none() { self.driven_by(&kept.folder)? } else { None };
                let prefs = self.prefs();
                let own = self.shelf_for(&kept.state);
                let facts = RunFacts::new(&kept.state, &board, &kept.text, &prefs, self.clock.now());
                run_view(&RunFacts { driven_by, own: own.as_deref(), ..facts })
            }
        };
        view.ok_or_else(|| Problem::new(format!("run {run} never began")))
    }

    /// Signs a hold; `hold` as in the views: `stage:<id>` or `step:<id>`.
    pub async fn sign(
        &self,
        run: &RunId,
        hold: &HoldKey,
        decision: Decision,
        who: &str,
        reason: Option<String>,
        auto: bool,
    ) -> Result<(), Problem> {
        Ok(self.driving(run)?.sign(hold.clone(), decision, who, reason, auto).await?)
    }

    /// Passes a hold alone, in an emergency, as the person whom STS makes of `who`.
    pub async fn break_glass(
        &self,
        run: &RunId,
        hold: &HoldKey,
        who: &str,
        reason: String,
    ) -> Result<(), Problem> {
        Ok(self.driving(run)?.break_glass(hold.clone(), who, reason).await?)
    }

    /// Ticks or unticks an item.
    pub async fn tick(
        &self,
        run: &RunId,
        step: StepId,
        item: ItemId,
        on: bool,
        reason: Option<String>,
        evidence: Option<String>,
    ) -> Result<(), Problem> {
        let by = self.actor();
        let name = by.name.clone();
        Ok(self.driving(run)?.command(Command::Tick { step, item, on, by, reason, evidence }, &name).await?)
    }

    /// Answers what a step asks. What it asks while it is followed is signed, by `who` or as the run itself.
    pub async fn answer(
        &self,
        run: &RunId,
        work: Work,
        answer: Answer,
        who: Option<&str>,
    ) -> Result<(), Problem> {
        Ok(self.driving(run)?.answer(work, answer, self.actor(), who).await?)
    }

    /// Decides the interruption that a run stands at, or one of its steps.
    pub async fn choose(
        &self,
        run: &RunId,
        step: StepId,
        chosen: Chosen,
        reason: Option<String>,
    ) -> Result<(), Problem> {
        let handle = self.driving(run)?;
        let state = handle.state();
        let work = walked_in(&state, step);
        let action = state.work(&work).map_or(0, |known| known.receipts.len());
        let why = reason.clone().unwrap_or_default();
        let choice = match chosen {
            Chosen::Retry => Choice::Retry { mended: reason },
            Chosen::Again(from) => Choice::Again { from, reason },
            Chosen::Skip => Choice::Skip { reason: why },
            Chosen::TookEffect => Choice::TookEffect { action, receipt: said_by_operator(&why) },
            Chosen::TookNoEffect => Choice::TookNoEffect { action, reason: why },
        };
        Ok(handle.choose(work, choice, self.actor()).await?)
    }

    /// Has what goes on stopped, where it can be: gently, and then hard.
    pub async fn stop(&self, run: &RunId, hard: bool, reason: Option<String>) -> Result<(), Problem> {
        Ok(self.driving(run)?.stop(hard, reason, self.actor()).await?)
    }

    /// Gives up.
    pub async fn abort(&self, run: &RunId, reason: &str) -> Result<(), Problem> {
        let by = self.actor();
        let name = by.name.clone();
        Ok(self.driving(run)?.command(Command::Abort { by, reason: reason.to_owned() }, &name).await?)
    }

    /// Gives a secret that a run waits for.
    pub async fn give_secret(&self, run: &RunId, name: String, value: Secret) -> Result<(), Problem> {
        Ok(self.driving(run)?.give_secret(name, value).await?)
    }

    /// Signs in again for a practice run whose sign-in is over; in a live run a person does, at a browser.
    pub async fn sign_in_again(&self, run: &RunId) -> Result<(), Problem> {
        Ok(self.driving(run)?.sign_in().await?)
    }

    /// Lines of a step's log after a line.
    pub async fn log(&self, run: &RunId, step: StepId, after: u64) -> Result<LogPage, Problem> {
        let Some(handle) = self.handle(run) else { return Ok(log_page(None, after)) };
        let undo = Work::undo(step.clone());
        Ok(handle
            .board(|board| log_page(board.work(&undo).or_else(|| board.work(&Work::forward(step))), after)))
    }

    /// Checks a run's journal against its chain and its anchors.
    pub async fn verify(&self, run: &RunId) -> Result<(Verdict, Vec<Event>, Vec<Anchor>), Problem> {
        let anchors = self.anchors.of(run)?;
        // A file that cannot be read to its end still has a beginning.
        let (stored, unreadable) = match self.ledger.read(run, 0).await {
            Err(LedgerError::Unreadable { why, .. }) => (self.ledger.salvage(run).await, Some(why)),
            read => (self.some_of(run, read?)?, None),
        };
        let (mut verdict, events) = holdpoint_ledger::verify(run, &stored, &anchors);
        if let Some(why) = unreadable {
            let intact = events.len() as u64;
            verdict = Verdict::Bad { why: ChainError::Unreadable { seq: intact + 1, why }, intact };
        }
        Ok((verdict, events, anchors))
    }

    /// What waits for a person in a run, if anything does.
    pub async fn interruption(&self, run: &RunId) -> Result<Option<Interruption>, Problem> {
        Ok(interruption(&*self.state(run).await?))
    }

    pub(crate) async fn stored(&self, run: &RunId) -> Result<Vec<Stored>, Problem> {
        self.some_of(run, self.ledger.read(run, 0).await?)
    }

    /// What was read of a run; nothing is a run that there is not.
    fn some_of(&self, run: &RunId, stored: Vec<Stored>) -> Result<Vec<Stored>, Problem> {
        match stored.is_empty() {
            true => Err(Problem::new(format!("there is no run {run} in {}", self.places.home.display()))
                .code("not_found")
                .hint("`holdpoint runs` lists them")),
            false => Ok(stored),
        }
    }

    /// A run, as it is kept.
    pub(crate) async fn kept(&self, run: &RunId) -> Result<Kept, Problem> {
        let stored = self.stored(run).await?;
        let folder = RunFolder::make(self.places.run(run.as_str()))?;
        let bytes = std::iter::once(folder.plan()?).chain(folder.revisions()?);
        let mut texts = BTreeMap::new();
        let mut read = bytes.map(|bytes| {
            let reading = holdpoint_plan::read(&bytes);
            texts.insert(reading.plan.digest.clone(), reading.text);
            Arc::new(reading.plan)
        });
        let first = read.next().ok_or_else(|| Problem::new(format!("run {run} has no plan")))?;
        let plans = Plans { first, revisions: read.collect() };
        let (state, verdict) = fold(run, plans.clone(), &stored, &self.anchors.of(run)?)?;
        let text = texts.remove(&state.plan.digest).unwrap_or_default();
        Ok(Kept { state, verdict, plans, text, folder })
    }

    /// Waits until what was started for a run that is over has ended, too.
    pub async fn settled(&self, run: &RunId) {
        let Some(handle) = self.handle(run) else { return };
        if let Err(diagnosis) = self.config.outfitter.retire(handle.folder()).await {
            tracing::warn!(why = diagnosis.headline, "the tools of a run that is over");
        }
    }

    /// The view of a run that this process drives.
    pub(crate) fn view_of(&self, handle: &RunHandle, text: &str) -> Option<RunView> {
        let (state, signers, prefs) = (handle.state(), handle.signers(), self.prefs());
        let finished = handle.is_finished() && state.end.is_none();
        let stoppable = handle.stoppable().filter(|_| !handle.is_finished());
        let own = self.shelf_for(&state);
        handle.board(|board| {
            let facts = RunFacts::new(&state, board, text, &prefs, self.clock.now());
            run_view(&RunFacts { signers, driven_here: !finished, stoppable, own: own.as_deref(), ..facts })
        })
    }

    /// What is walked of a step now: itself, or its undo.
    pub(crate) async fn walked(&self, run: &RunId, step: StepId) -> Result<Work, Problem> {
        Ok(walked_in(&*self.state(run).await?, step))
    }

    pub(crate) fn driving(&self, run: &RunId) -> Result<RunHandle, Problem> {
        self.handle(run).ok_or_else(|| {
            Problem::new(format!("run {run} is not driven here")).hint("resume it first").code("refused")
        })
    }

    pub(crate) fn driven_by(&self, folder: &RunFolder) -> Result<Option<String>, Problem> {
        Ok(folder.driver()?)
    }

    pub(crate) fn tools(
        &self,
        folder: &RunFolder,
        plan_path: &Path,
        speed: f64,
        registry: holdpoint_engine::Registry,
        desk: Arc<dyn holdpoint_engine::Desk>,
    ) -> Result<Tools, Problem> {
        let clock: Arc<dyn Clock> = Arc::new(MachineClock::new(speed));
        let driver = format!("{} since {}", self.config.driver, clock.now());
        Ok(Tools {
            ledger: Arc::clone(&self.ledger) as Arc<dyn Ledger>,
            anchors: self.anchors.clone(),
            device: self.device()?.clone(),
            registry,
            desk,
            clock,
            redactor: Arc::new(Redactor::new([])),
            seals: Arc::new(VaultSeals { vault: Arc::clone(&self.vault) }),
            folder: folder.clone(),
            plan_folder: plan_path.parent().map(Path::to_owned).unwrap_or_default(),
            driver,
            points: Arc::clone(&self.config.points),
        })
    }
}

fn walked_in(state: &State, step: StepId) -> Work {
    if state.rollback.is_some() { Work::undo(step) } else { Work::forward(step) }
}

/// Whether a run that was driven here has ended: what becomes of it from then on stands in its journal alone.
pub(crate) fn is_over(handle: &RunHandle) -> bool {
    handle.is_finished() && handle.state().end.is_some()
}

/// A run as it is kept.
pub(crate) struct Kept {
    pub(crate) state: State,
    pub(crate) verdict: Verdict,
    pub(crate) plans: Plans,
    /// Text of the plan that is walked now.
    pub(crate) text: String,
    pub(crate) folder: RunFolder,
}

fn said_by_operator(why: &str) -> Receipt {
    Receipt { external: Vec::new(), request_id: None, body: json!({ "said_by_operator": why }) }
}
