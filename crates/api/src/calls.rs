//! The one list of calls: from it come the router and the TypeScript.

use crate::Problem;
use crate::adoption::RunAdopt;
use crate::args::*;
use crate::back::GoBack;
use crate::choices::PrefsSet;
use crate::comparing::RunPair;
use crate::console::Console;
use crate::drafts::ProfilesGenerate;
use crate::fixing::PlanFix;
use crate::history::RunsWanted;
use crate::importing::{PlanImport, PlanImportSave};
use crate::learn::{KnownForm, KnownFrom};
use crate::lesson::{LessonSave, LessonWanted};
use crate::obligations::Moved;
use crate::runs::{Chosen, StartRequest};
use crate::views::{
    AccountsView, AnswerView, ComparisonView, DoctorView, DraftView, EditedView, FixPreview, HistoryView,
    Home, Identity, IdentityClock, ImportSaved, ImportView, KnownDraft, KnownOffer, LessonView, LockView,
    LogPage, ObligationView, PlanView, PrefsView, Profiles, RollbackSet, RunSummary, RunView, SignInView,
    VaultView,
};
use crate::which::hold_key;
use holdpoint_plan::{ItemId, StepId, Target};
use holdpoint_redact::Secret;
use holdpoint_run::{Answer, Mode, RunId};
use serde_json::Value;
use std::collections::BTreeSet;
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
    /// Shows what a guide would become as a checked plan. Nothing is written.
    "plan.import": PlanImport => ImportView = |c, a| Box::pin(async move { c.import_plan(&a) });
    /// Writes what an import showed to a file of its own; the guide stays as it is.
    "plan.import_save": PlanImportSave => ImportSaved = |c, a| Box::pin(async move { c.save_import(&a) });
    /// Shows what the repair of a finding would change. Nothing is written.
    "plan.fix_preview": PlanFix => FixPreview = |c, a| Box::pin(async move { c.preview_fix(&a) });
    /// Makes a repair that was shown, in the plan's own file.
    "plan.fix": PlanFix => PlanView = |c, a| Box::pin(async move { c.fix_plan(&a) });
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
    "prefs.set": PrefsSet => PrefsView = |c, a| Box::pin(async move { c.choose_pref(a).await });
    /// Sessions, accounts, profiles and where secrets are kept, from files and memory alone.
    "accounts.view": Nothing => AccountsView = |c, _| Box::pin(async move { c.accounts_view().await });
    /// Asks the portal for a session's accounts anew, behind what is shown.
    "accounts.refresh": SessionRef => Nothing = |c, a| Box::pin(async move {
        c.refresh_accounts(&a.session).await?;
        Ok(Nothing {})
    });
    /// Begins a sign-in, or joins the one that is under way. Answers at once; what comes is pushed.
    "sso.sign_in": SignIn => SignInView = |c, a| Box::pin(async move {
        c.sign_in(&a.session, a.device, a.asked_by).await
    });
    /// Ends a sign-in for everybody who waits for it.
    "sso.cancel": SessionRef => Nothing = |c, a| Box::pin(async move {
        c.cancel_sign_in(&a.session).await?;
        Ok(Nothing {})
    });
    /// Opens the page of a sign-in once more.
    "sso.open": SessionRef => SignInView = |c, a| Box::pin(async move { c.open_sign_in(&a.session).await });
    /// Signs out of a session.
    "sso.sign_out": SessionRef => Nothing = |c, a| Box::pin(async move {
        c.sign_out(&a.session).await?;
        Ok(Nothing {})
    });
    /// What expires of the identity chosen, and when.
    "identity.clocks": Nothing => Vec<IdentityClock> = |c, _| Box::pin(async move { Ok(c.identity_clocks()) });
    /// Prepares profiles for the accounts of a session. Nothing is written.
    "profiles.generate": ProfilesGenerate => DraftView = |c, a| Box::pin(async move { c.generate_profiles(a).await });
    /// What each kind of client would do with a profile.
    "profiles.answers": ProfileNamed => Vec<AnswerView> = |c, a| Box::pin(async move {
        c.client_answers(&a.profile).await
    });
    /// Makes a change that was shown, with a backup.
    "draft.apply": DraftRef => DraftView = |c, a| Box::pin(async move { c.apply_draft(&a.id) });
    /// Takes a change back.
    "draft.undo": DraftRef => DraftView = |c, a| Box::pin(async move { c.undo_draft(&a.id) });
    /// Examines everything. Nothing is changed.
    "doctor.run": Nothing => DoctorView = |c, _| Box::pin(async move { Ok(c.examine().await) });
    /// Shows what a repair would change.
    "doctor.preview": FindingRef => DraftView = |c, a| Box::pin(async move {
        c.preview_repair(&a.code, a.place.as_deref())
    });
    /// Makes a repair that was shown.
    "doctor.repair": DraftRef => DraftView = |c, a| Box::pin(async move { c.apply_draft(&a.id) });
    /// Forgets what is held in memory alone.
    "secrets.forget": SecretRef => Nothing = |c, a| Box::pin(async move {
        c.forget_secret(&a.what)?;
        Ok(Nothing {})
    });
    /// Asks STS who a profile is.
    "identity.check": ProfileRef => Identity = |c, a| Box::pin(async move { c.check_identity(a.profile.as_deref()).await });
    /// Begins a run.
    "run.start": RunStart => RunView = |c, a| Box::pin(async move {
        let run = c.start(start_request(a)).await?;
        c.view(&run).await
    });
    /// All runs, the newest first.
    "runs.list": Nothing => Vec<RunSummary> = |c, _| Box::pin(async move { c.summaries().await });
    /// Runs that are looked for, the newest first.
    "runs.history": RunsWanted => HistoryView = |c, a| Box::pin(async move { c.history(&a).await });
    /// Two runs beside each other, step by step.
    "runs.compare": RunPair => ComparisonView = |c, a| Box::pin(async move {
        c.compare(&RunId::new(a.one)?, &RunId::new(a.other)?).await
    });
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
    /// Signs in again for a practice run whose sign-in is over.
    "run.sign_in": RunRef => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.sign_in_again(&run).await?;
        c.view(&run).await
    });
    /// Signs a hold as somebody who signs in here for this one signature. Answers at once; where to sign in is pushed.
    "run.sign_as_guest": RunGuest => SignInView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.sign_as_guest(&run, hold_key(&a.hold)?, a.decision, a.reason).await
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
        c.answer(&run, c.walked(&run, step_id(a.step)?).await?, answer, a.who.as_deref()).await?;
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
        c.answer(&run, c.walked(&run, step_id(a.step)?).await?, answer, None).await?;
        c.view(&run).await
    });
    /// Gives a secret that a run waits for.
    "run.secret": RunSecret => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.give_secret(&run, a.name, Secret::new(a.value)).await?;
        c.view(&run).await
    });
    /// Passes a hold alone, in an emergency.
    "run.break_glass": RunGlass => RunView = |c, a| Box::pin(async move {
        let (run, hold) = (RunId::new(a.run)?, hold_key(&a.hold)?);
        c.break_glass(&run, &hold, &a.who, a.reason).await?;
        c.view(&run).await
    });
    /// What a rollback would do.
    "run.rollback_preview": RunPart => RollbackSet = |c, a| Box::pin(async move {
        c.rollback_preview(&RunId::new(a.run)?, step_ids(a.only)?.as_ref()).await
    });
    /// Rolls back the whole set, or a part that can stand alone.
    "run.rollback": RunRollback => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        let back = GoBack { reason: a.reason, only: step_ids(a.only)?, accepts: a.accepts };
        c.roll_back(&run, back).await?;
        c.view(&run).await
    });
    /// What runs left for later, and still stands.
    "obligation.list": Nothing => Vec<ObligationView> = |c, _a| Box::pin(async move {
        c.obligations().await
    });
    /// Closes something that a run left for later; the run may be over.
    "obligation.close": ObligationClose => Vec<ObligationView> = |c, a| Box::pin(async move {
        c.close_obligation(&RunId::new(a.run)?, &a.id, a.reason, a.evidence).await?;
        c.obligations().await
    });
    /// Puts it off, or hands it on.
    "obligation.move": ObligationMove => Vec<ObligationView> = |c, a| Box::pin(async move {
        let moved = Moved { within: a.within, owner: a.owner, reason: a.reason };
        c.move_obligation(&RunId::new(a.run)?, &a.id, moved).await?;
        c.obligations().await
    });
    /// Has the step that goes on stopped gently, where it can be: it ends what it must, and puts away what it has.
    "run.stop": RunStop => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.stop(&run, false, a.reason).await?;
        c.view(&run).await
    });
    /// Has a step killed that was asked to stop gently: it may leave a lock, a state in parts, and things that no state knows.
    "run.kill": RunReason => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.stop(&run, true, Some(a.reason)).await?;
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
    /// Goes on with an open run that another process drives: that one is asked to let go first.
    "run.take_over": RunTakeOver => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run)?;
        c.take_over(&run, a.force).await?;
        c.view(&run).await
    });
    /// What the plan's file says now, where an open run is walked by something else.
    "run.edited": RunRef => Option<EditedView> = |c, a| Box::pin(async move { c.edited(&RunId::new(a.run)?).await });
    /// Goes on with an edited plan that was shown.
    "run.adopt": RunAdopt => RunView = |c, a| Box::pin(async move {
        let run = RunId::new(a.run.clone())?;
        c.adopt_edited(a).await?;
        c.view(&run).await
    });
    /// Lines of a step's log after a line.
    "run.log": RunLog => LogPage = |c, a| Box::pin(async move {
        c.log(&RunId::new(a.run)?, step_id(a.step)?, a.after_line).await
    });
    /// What a failure offers to be recognised by. Nothing is written.
    "known.offer": KnownFrom => KnownOffer = |c, a| Box::pin(async move {
        c.known_offer(&RunId::new(a.run)?, &step_id(a.step)?).await
    });
    /// Shows the file of a known problem before it is saved. Nothing is written.
    "known.draft": KnownForm => KnownDraft = |c, a| Box::pin(async move { c.known_draft(&a).await });
    /// Saves a known problem of one's own; a file that is there is never replaced.
    "known.save": KnownForm => RunView = |c, a| Box::pin(async move {
        c.save_known(&a).await?;
        c.view(&RunId::new(a.run)?).await
    });
    /// Shows what a failure would add to the plan's preflight. Nothing is written.
    "lesson.preview": LessonWanted => LessonView = |c, a| Box::pin(async move { Ok(c.lesson(&a).await?.view) });
    /// Writes a lesson that was shown to the plan's own file.
    "lesson.save": LessonSave => LessonView = |c, a| Box::pin(async move { c.save_lesson(&a).await });
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

fn step_ids(texts: Option<Vec<String>>) -> Result<Option<BTreeSet<StepId>>, Problem> {
    texts.map(|texts| texts.into_iter().map(step_id).collect()).transpose()
}

fn step_id(text: String) -> Result<StepId, Problem> {
    StepId::new(text).map_err(|bad| Problem::new(bad.to_string()).code("usage"))
}

fn chosen(text: &str) -> Result<Chosen, Problem> {
    if let Some(from) = text.strip_prefix("again:") {
        return step_id(from.to_owned()).map(Chosen::Again);
    }
    match text {
        "retry" => Ok(Chosen::Retry),
        "skip" => Ok(Chosen::Skip),
        "settle_succeeded" => Ok(Chosen::TookEffect),
        "settle_failed" => Ok(Chosen::TookNoEffect),
        other => Err(Problem::new(format!(
            "`{other}` is no choice: retry, again:<step>, skip, settle_succeeded, settle_failed"
        ))
        .code("usage")),
    }
}
