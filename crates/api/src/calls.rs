//! The one list of calls: from it come the router and the TypeScript.

use crate::Problem;
use crate::choices::PrefsSet;
use crate::console::Console;
use crate::runs::{Chosen, StartRequest, hold_key};
use crate::views::{
    Home, Identity, LockView, LogPage, PlanView, PrefsView, Profiles, RollbackSet, RunSummary, RunView,
    TargetView, VaultView,
};
use holdpoint_plan::{ItemId, StepId, Target};
use holdpoint_redact::Secret;
use holdpoint_run::{Answer, Decision, Mode, RunId, Work};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// A call, as documents and TypeScript list it.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// E.g. `run.sign`.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// TypeScript of its arguments.
    pub args: fn(&ts_rs::Config) -> String,
    /// TypeScript of its reply.
    pub reply: fn(&ts_rs::Config) -> String,
}

/// Arguments of a call that has none.
#[derive(Debug, Clone, Copy, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(type = "Record<string, never>")]
pub struct Nothing {}

/// A plan file.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlanAt {
    /// Where.
    pub path: String,
}

/// A plan file with the content that was shown.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PlanShown {
    /// Where.
    pub path: String,
    /// SHA-256 of what was shown.
    pub digest: String,
}

/// A profile.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ProfileRef {
    /// Its name; null is the default.
    pub profile: Option<String>,
}

/// A new run.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunStart {
    /// The plan file.
    pub path: String,
    /// SHA-256 of what was shown.
    pub digest: String,
    /// Live or practice.
    #[ts(type = "Mode")]
    pub mode: Mode,
    /// Profile; in practice, the person.
    pub profile: Option<String>,
    /// The simulator's scenario.
    pub scenario: Option<String>,
    /// Divides durations, in practice.
    pub speed: f64,
    /// Target for a plan that names none.
    pub target: Option<TargetView>,
    /// Variables by name; secret ones among them.
    pub vars: BTreeMap<String, String>,
}

/// A run.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunRef {
    /// Its id.
    pub run: String,
}

/// A run with a reason.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunReason {
    /// Its id.
    pub run: String,
    /// Why.
    pub reason: String,
}

/// A signature.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunSign {
    /// Its id.
    pub run: String,
    /// `stage:<id>` or `step:<id>`.
    pub hold: String,
    /// Go or no-go.
    #[ts(type = "\"go\" | \"no_go\"")]
    pub decision: Decision,
    /// Profile; in practice, the person.
    pub person: String,
    /// Why; wanted for a no-go.
    pub reason: Option<String>,
}

/// A tick.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunTick {
    /// Its id.
    pub run: String,
    /// The checklist.
    pub step: String,
    /// The item.
    pub item: String,
    /// Ticked, or not.
    pub on: bool,
    /// Why by hand.
    pub reason: Option<String>,
    /// A note, or the digest of a file.
    pub evidence: Option<String>,
}

/// An answer.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunAnswer {
    /// Its id.
    pub run: String,
    /// The step that asks.
    pub step: String,
    /// Values of its fields.
    pub fields: BTreeMap<String, String>,
    /// The option.
    pub option: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The phrase, where one is to be typed.
    pub phrase: Option<String>,
    /// A note, or the digest of a file.
    pub evidence: Option<String>,
}

/// A decision.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunChoose {
    /// Its id.
    pub run: String,
    /// The step.
    pub step: String,
    /// `retry`, `skip`, `settle_succeeded` or `settle_failed`.
    pub choice: String,
    /// Why.
    pub reason: Option<String>,
}

/// A phrase, typed.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunConfirm {
    /// Its id.
    pub run: String,
    /// The step that asks.
    pub step: String,
    /// As typed.
    pub phrase: String,
}

/// A secret that a run waits for. It goes to memory and nowhere else.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunSecret {
    /// Its id.
    pub run: String,
    /// Its name, as in `wants`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A place in a log.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunLog {
    /// Its id.
    pub run: String,
    /// The step.
    pub step: String,
    /// Lines after this one.
    pub after_line: u64,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// Markdown.
    Markdown,
    /// One self-contained file.
    Html,
    /// For programs.
    Json,
}

/// Where a report goes.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReportArgs {
    /// The run's id.
    pub run: String,
    /// Its form.
    pub format: ReportFormat,
    /// The file.
    pub path: String,
}

/// A report, written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ReportFile {
    /// The file.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: String,
}

/// Where secrets are to be kept.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct VaultChoose {
    /// `keychain` or `file`.
    #[ts(type = "\"keychain\" | \"file\"")]
    pub store: String,
    /// Opens the file from now on; without one, a key file does.
    pub passphrase: Option<String>,
}

/// What opens the lock.
#[derive(Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LockOpen {
    /// The vault's passphrase, where there is one.
    pub passphrase: Option<String>,
}

/// What `verify` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Verified {
    /// Nothing is wrong.
    pub intact: bool,
    /// In words.
    pub said: String,
}

macro_rules! calls {
    ($( $(#[doc = $doc:literal])+ $name:literal: $args:ty => $reply:ty = $body:expr; )+) => {
        /// Every call.
        pub const CALLS: &[Call] = &[$(Call {
            name: $name,
            doc: concat!($($doc),+),
            args: <$args as TS>::inline,
            reply: <$reply as TS>::name,
        }),+];

        async fn route(console: Arc<Console>, name: &str, args: Value) -> Result<Value, Problem> {
            match name {
                $($name => {
                    let args: $args = read_args(name, args)?;
                    let body: fn(Arc<Console>, $args) -> Reply<$reply> = $body;
                    let reply = body(console, args).await?;
                    serde_json::to_value(reply).map_err(|error| Problem::new(format!("{name}: {error}")))
                })+
                other => Err(Problem::new(format!("there is no call `{other}`")).code("usage")),
            }
        }
    };
}

type Reply<T> = std::pin::Pin<Box<dyn Future<Output = Result<T, Problem>> + Send>>;

calls! {
    /// The first screen.
    "home.view": Nothing => Home = |c, _| Box::pin(async move { c.home().await });
    /// Opens a plan to look at; nothing of it is run.
    "plan.open": PlanAt => PlanView = |c, a| Box::pin(async move { c.open_plan(&a.path) });
    /// Trusts the content that was shown, at its path.
    "plan.trust": PlanShown => PlanView = |c, a| Box::pin(async move { c.trust(&a.path, &a.digest) });
    /// The profiles of the configuration files.
    "profiles.list": Nothing => Profiles = |c, _| Box::pin(async move { c.profiles().await });
    /// Switches to a profile at once; STS is asked behind it, and its answer pushed.
    "identity.use": ProfileRef => Identity = |c, a| Box::pin(async move { c.use_identity(a.profile.as_deref()).await });
    /// The store of secrets.
    "vault.view": Nothing => VaultView = |c, _| Box::pin(async move { Ok(c.vault_view()) });
    /// Moves secrets to another store, or opens a locked one.
    "vault.choose": VaultChoose => VaultView = |c, a| Box::pin(async move {
        c.choose_vault(&a.store, a.passphrase.map(Secret::new)).await
    });
    /// How the lock stands. From the first look on the time is minded.
    "lock.view": Nothing => LockView = |c, _| Box::pin(async move { Ok(c.lock_view()) });
    /// Somebody is there.
    "lock.touch": Nothing => LockView = |c, _| Box::pin(async move { Ok(c.touch()) });
    /// Locks at once.
    "lock.now": Nothing => LockView = |c, _| Box::pin(async move { Ok(c.lock_now()) });
    /// Opens the lock.
    "lock.open": LockOpen => LockView = |c, a| Box::pin(async move { c.unlock(a.passphrase.map(Secret::new)).await });
    /// What the operator chose.
    "prefs.view": Nothing => PrefsView = |c, _| Box::pin(async move { c.choices() });
    /// Makes one choice.
    "prefs.set": PrefsSet => PrefsView = |c, a| Box::pin(async move { c.choose_pref(a) });
    /// Asks STS who a profile is.
    "identity.check": ProfileRef => Identity = |c, a| Box::pin(async move { c.check_identity(a.profile.as_deref()).await });
    /// Begins a run.
    "run.start": RunStart => RunView = |c, a| Box::pin(async move {
        let run = c.start(start_request(a)).await?;
        c.view(&run).await
    });
    /// All runs, the newest first.
    "runs.list": Nothing => Vec<RunSummary> = |c, _| Box::pin(async move { c.summaries().await });
    /// A run, all of it.
    "run.view": RunRef => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        let view = c.view(&run).await?;
        c.watch(&run, &view);
        Ok(view)
    });
    /// Signs a hold.
    "run.sign": RunSign => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.sign(&run, &hold_key(&a.hold)?, a.decision, &a.person, a.reason, false).await?;
        c.view(&run).await
    });
    /// Ticks or unticks an item of a checklist.
    "run.tick": RunTick => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        let item = ItemId::new(a.item).map_err(|bad| Problem::new(bad.to_string()).code("usage"))?;
        c.tick(&run, step_id(a.step)?, item, a.on, a.reason, a.evidence).await?;
        c.view(&run).await
    });
    /// Answers what a step asks.
    "run.answer": RunAnswer => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        let fields = a.fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        let answer = Answer { fields, option: a.option, reason: a.reason, phrase: a.phrase, evidence: a.evidence };
        c.answer(&run, Work::forward(step_id(a.step)?), answer).await?;
        c.view(&run).await
    });
    /// Decides an interruption.
    "run.choose": RunChoose => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.choose(&run, step_id(a.step)?, chosen(&a.choice)?, a.reason).await?;
        c.view(&run).await
    });
    /// Types the phrase that a step wants before it sends anything.
    "run.confirm": RunConfirm => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        let answer = Answer { phrase: Some(a.phrase), ..Answer::default() };
        c.answer(&run, Work::forward(step_id(a.step)?), answer).await?;
        c.view(&run).await
    });
    /// Gives a secret that a run waits for.
    "run.secret": RunSecret => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.give_secret(&run, a.name, Secret::new(a.value)).await?;
        c.view(&run).await
    });
    /// What a rollback would do.
    "run.rollback_preview": RunRef => RollbackSet = |c, a| Box::pin(async move {
        c.rollback_preview(&RunId::new(a.run)?).await
    });
    /// Rolls back the whole set.
    "run.rollback": RunReason => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.roll_back(&run, &a.reason).await?;
        c.view(&run).await
    });
    /// Gives up: ends the run and leaves everything as it is.
    "run.abort": RunReason => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.abort(&run, &a.reason).await?;
        c.view(&run).await
    });
    /// Goes on with an open run that nobody drives.
    "run.resume": RunRef => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.resume(&run).await?;
        c.view(&run).await
    });
    /// Lines of a step's log after a line.
    "run.log": RunLog => LogPage = |c, a| Box::pin(async move {
        c.log(&RunId::new(a.run)?, step_id(a.step)?, a.after_line).await
    });
    /// Checks a run's journal against its chain and its anchors.
    "run.verify": RunRef => Verified = |c, a| Box::pin(async move {
        let (verdict, _, _) = c.verify(&RunId::new(a.run)?).await?;
        Ok(Verified { intact: verdict.is_intact(), said: verdict.to_string() })
    });
    /// Writes a run's report to a file.
    "report.export": ReportArgs => ReportFile = |c, a| Box::pin(async move {
        c.export(&RunId::new(a.run)?, a.format, &a.path).await
    });
}

/// Carries a call out. A panic in it is caught, told, and ends nothing but the call.
pub async fn dispatch(console: &Arc<Console>, name: &str, args: Value) -> Result<Value, Problem> {
    console.may(name)?;
    let (console, call) = (Arc::clone(console), name.to_owned());
    let done = tokio::spawn(async move { route(console, &call, args).await });
    done.await.unwrap_or_else(|gone| {
        tracing::error!(call = name, %gone, "a call panicked");
        Err(Problem::new(format!("{name} failed inside Holdpoint"))
            .hint("this is a defect: please report it with the log"))
    })
}

fn read_args<T: serde::de::DeserializeOwned>(name: &str, args: Value) -> Result<T, Problem> {
    serde_json::from_value(args)
        .map_err(|error| Problem::new(format!("the arguments of {name} do not fit: {error}")).code("usage"))
}

fn start_request(args: RunStart) -> StartRequest {
    StartRequest {
        path: args.path,
        digest: Some(args.digest),
        practice: args.mode == Mode::Practice,
        profile: args.profile,
        scenario: args.scenario,
        speed: args.speed,
        target: args.target.map(|target| Target {
            account: target.account,
            region: target.region,
            role: target.role,
        }),
        vars: args.vars,
    }
}

fn step_id(text: String) -> Result<StepId, Problem> {
    StepId::new(text).map_err(|bad| Problem::new(bad.to_string()).code("usage"))
}

fn chosen(text: &str) -> Result<Chosen, Problem> {
    match text {
        "retry" => Ok(Chosen::Retry),
        "skip" => Ok(Chosen::Skip),
        "settle_succeeded" => Ok(Chosen::TookEffect),
        "settle_failed" => Ok(Chosen::TookNoEffect),
        other => {
            Err(Problem::new(format!("`{other}` is no choice: retry, skip, settle_succeeded, settle_failed"))
                .code("usage"))
        }
    }
}
