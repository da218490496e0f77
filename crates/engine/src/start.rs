//! How a run comes to be driven: begun, or gone on with.

use crate::context::Secrets;
use crate::desktop::Desktop;
use crate::driver::Driver;
use crate::evidence::EvidenceLog;
use crate::folder::{DriverLock, RunFolder};
use crate::handle::{RunHandle, Shared};
use crate::journal::{Journal, Pen};
use crate::plans::Plans;
use crate::taking_over::Asked;
use crate::tools::{EngineError, Tools};
use crate::worker::{read_pins, veil_pins};
use holdpoint_plan::{Plan, Target};
use holdpoint_redact::Secret;
use holdpoint_run::chain::hex;
use holdpoint_run::{
    At, Command, Diagnosis, Fact, Mode, Moment, Pin, RunId, Started, State, UndoItem, WorkingCopy,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What a new run is to be.
#[derive(Debug, Clone)]
pub struct Begin {
    /// Its id; the name of its folder.
    pub run: RunId,
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its bytes.
    pub plan_bytes: Vec<u8>,
    /// Where it was opened, for people.
    pub plan_path: String,
    /// Live or practice.
    pub mode: Mode,
    /// What it is pinned to.
    pub target: Target,
    /// The profile, or the practice person.
    pub profile: String,
    /// The simulator's scenario.
    pub scenario: Option<String>,
    /// The simulator's speed; 1 in a live run.
    pub speed: f64,
    /// Variables given; defaults fill in.
    pub vars: BTreeMap<String, Value>,
    /// Secret variables given so far.
    pub secrets: BTreeMap<String, Secret>,
    /// State of the plan's folder.
    pub git_sha: Option<String>,
    /// The working copy that it lies in.
    pub working_copy: Option<WorkingCopy>,
    /// Version of Holdpoint.
    pub version: String,
}

/// Begins a run. When this fails nothing was started and nothing is stored.
pub async fn begin(tools: Tools, begin: Begin) -> Result<RunHandle, EngineError> {
    let lock = lock(&tools)?;
    tools.folder.keep_plan(&begin.plan_bytes)?;
    let starter = tools.desk.assert_pin().await.map_err(identity)?;
    let secrets: Secrets =
        begin.secrets.iter().map(|(name, value)| (format!("vars.{name}"), value.clone())).collect();
    tools.redactor.add(secrets.values());
    let started = Started {
        title: begin.plan.title.clone(),
        plan_digest: begin.plan.digest.clone(),
        plan_path: begin.plan_path.clone(),
        mode: begin.mode,
        target: begin.target.clone(),
        profile: begin.profile.clone(),
        starter,
        scenario: begin.scenario.clone(),
        speed: begin.speed,
        vars: vars(&begin),
        git_sha: begin.git_sha.clone(),
        working_copy: begin.working_copy.clone(),
        version: begin.version.clone(),
        driver: tools.driver.clone(),
        undo: undo_items(&tools, &begin.plan),
    };
    let (originals, pins) = first_pins(&tools, &begin, &started, &secrets).await.map_err(identity)?;
    let mut journal = Journal::open(&begin.run, Arc::clone(&begin.plan), tools.pen()).await?;
    journal.carry_out(Command::Start(Box::new(started)), "holdpoint").await?;
    journal.carry_out(Command::Pin { moment: Moment::Start, pins }, "holdpoint").await?;
    Ok(employ(tools, journal, secrets, originals, lock).await)
}

/// Goes on with a run whose driver has gone.
pub async fn resume(
    tools: Tools,
    run: &RunId,
    plans: impl Into<Plans>,
    reason: &str,
) -> Result<RunHandle, EngineError> {
    let lock = lock(&tools)?;
    go_on(tools, run, plans.into(), reason, lock).await
}

/// Goes on with a run that another process may drive: that one is asked to let go first. One that does not answer keeps
/// the run, unless `force`: then it is shut out, and its next append and its next effect are refused.
///
/// # Errors
/// [`EngineError::Silent`], [`EngineError::Busy`]; as [`resume`].
pub async fn take_over(
    tools: Tools,
    run: &RunId,
    plans: impl Into<Plans>,
    force: bool,
) -> Result<RunHandle, EngineError> {
    let Some(before) = tools.folder.driver()? else { return resume(tools, run, plans, "resumed").await };
    let (lock, how) = match tools.folder.ask_to_let_go(&tools.driver).await? {
        Asked::LetGo(lock) => (lock, "which let go"),
        Asked::Busy(what) => return Err(EngineError::Busy { driver: before, what }),
        Asked::Silent if !force => return Err(EngineError::Silent(before)),
        Asked::Silent => {
            let wrested = tools.folder.wrest(&before, &tools.driver)?;
            (wrested.ok_or(EngineError::Driven(before.clone()))?, "which did not answer")
        }
    };
    go_on(tools, run, plans.into(), &format!("taken over from {before}, {how}"), lock).await
}

async fn go_on(
    tools: Tools,
    run: &RunId,
    plans: Plans,
    reason: &str,
    lock: DriverLock,
) -> Result<RunHandle, EngineError> {
    let mut journal = Journal::open(run, plans, tools.pen()).await?;
    if let Some(started) = &journal.state.started {
        let found = hex(&Sha256::digest(tools.folder.plan()?));
        if found != started.plan_digest {
            let expected = started.plan_digest.clone();
            return Err(EngineError::PlanAltered { run: run.to_string(), expected, found });
        }
    }
    if journal.state.end.is_none() {
        let command = Command::TakeOver { driver: tools.driver.clone(), reason: reason.to_owned() };
        journal.carry_out(command, "holdpoint").await?;
    }
    let originals = originals(&tools, &journal.state).await.map_err(EngineError::Halted)?;
    Ok(employ(tools, journal, Secrets::new(), originals, lock).await)
}

fn lock(tools: &Tools) -> Result<DriverLock, EngineError> {
    tools.folder.lock(&tools.driver)?.map_err(EngineError::Driven)
}

fn identity(diagnosis: Diagnosis) -> EngineError {
    EngineError::Identity(Box::new(diagnosis))
}

fn vars(begin: &Begin) -> BTreeMap<String, Value> {
    let open = begin.plan.vars.iter().filter(|var| !var.secret);
    let value =
        |name: &str, default: &Option<Value>| begin.vars.get(name).cloned().or_else(|| default.clone());
    open.filter_map(|var| Some((var.name.clone(), value(&var.name, &var.default)?))).collect()
}

/// What can be undone, as data: the plan's own undo, else the kind's.
pub(crate) fn undo_items(tools: &Tools, plan: &Plan) -> Vec<UndoItem> {
    let changing = plan.steps().filter(|step| step.effect.changes());
    let item = |step: &holdpoint_plan::Step| {
        let kind = tools.registry.get(&step.action.uses);
        let action = step.undo.clone().or_else(|| kind.and_then(|kind| kind.undo(&step.action)))?;
        let summary = format!("{}: {}", step.title, action.uses);
        Some(UndoItem { step: step.id.clone(), action, summary })
    };
    changing.filter_map(item).collect()
}

/// Reads the pins before anything is stored: a run that cannot keep what is does not begin.
async fn first_pins(
    tools: &Tools,
    begin: &Begin,
    started: &Started,
    secrets: &Secrets,
) -> Result<(BTreeMap<String, Pin>, Vec<Pin>), Diagnosis> {
    let mut ahead = State::new(begin.run.clone(), Arc::clone(&begin.plan));
    ahead.started = Some(Arc::new(started.clone()));
    ahead.vars.clone_from(&started.vars);
    ahead.started_at = Some(At(tools.clock.now().0));
    let (link, _from) = mpsc::unbounded_channel();
    let (notes, _heard) = mpsc::unbounded_channel();
    let desk = Desktop {
        tools: tools.clone(),
        state: Arc::new(ahead),
        pins: Arc::default(),
        secrets: Arc::new(secrets.clone()),
        notes,
        link,
        backlog: Arc::default(),
        resent: 0,
        stops: crate::Stops::never(),
    };
    let pins = read_pins(&desk).await?;
    let veiled = veil_pins(tools, &pins).await?;
    Ok((pins.into_iter().map(|pin| (pin.key.clone(), pin)).collect(), veiled))
}

/// Opens the sealed originals of a run that goes on.
async fn originals(tools: &Tools, state: &State) -> Result<BTreeMap<String, Pin>, String> {
    let mut originals = BTreeMap::new();
    if state.end.is_some() {
        return Ok(originals);
    }
    for (key, pin) in &state.pins {
        if let Some(digest) = &pin.sealed {
            let plain = tools.seals.open(&tools.folder, digest).await?;
            let content = serde_json::from_slice(&plain)
                .map_err(|error| format!("what was sealed of {key}: {error}"))?;
            originals.insert(key.clone(), Pin { content: Some(content), ..pin.clone() });
        }
    }
    Ok(originals)
}

async fn employ(
    tools: Tools,
    journal: Journal,
    secrets: Secrets,
    originals: BTreeMap<String, Pin>,
    lock: DriverLock,
) -> RunHandle {
    let shared = Arc::new(Shared::new(Arc::clone(&journal.state)));
    let (inbox, messages) = mpsc::unbounded_channel();
    let handle = RunHandle { shared: Arc::clone(&shared), inbox, tools: tools.clone() };
    let evidence = EvidenceLog::new(tools.folder.clone(), Arc::clone(&tools.clock));
    let mut driver = Driver {
        tools,
        journal,
        shared,
        secrets,
        originals,
        evidence,
        resent: BTreeMap::new(),
        repeated: BTreeMap::new(),
        lapsed: None,
        lock: Some(lock),
        leaving: None,
        asked: None,
    };
    driver.repeat_what_failed_last().await;
    tokio::spawn(driver.drive(messages));
    handle
}

/// Stores what becomes of an obligation, in a run that nobody drives: it may be over long since.
///
/// # Errors
/// [`EngineError::Driven`] while somebody drives it; a refusal; a ledger that cannot be written.
pub async fn settle_obligation(
    pen: Pen,
    folder: &RunFolder,
    run: &RunId,
    plans: impl Into<Plans>,
    driver: &str,
    command: Command,
    by: &str,
) -> Result<(), EngineError> {
    let _lock = folder.lock(driver)?.map_err(EngineError::Driven)?;
    let mut journal = Journal::open(run, plans, pen).await?;
    Ok(journal.carry_out(command, by).await?)
}

/// Names the kind of a fact to who lists runs.
pub fn started_of(fact: &Fact) -> Option<&Started> {
    if let Fact::Started(started) = fact { Some(started) } else { None }
}
