//! `terraform.apply`: exactly the plan that was reviewed, once.
//!
//! Terraform works in `act`, and goes on when the console dies: what it says and how it ended are in the step's folder,
//! where `observe` finds them. A recorded apply is its calls, one action each.

use super::Common;
use super::bench::{Bench, Teller, over, unkept};
use super::envelope::{Envelope, Spent, commit, digest_of, open};
use super::faults::{self, Fault, Lock};
use super::ground::{Ground, below, choose, own_folder};
use super::job::{Left, Place};
use super::outcome::{Applying, Outcome, conclude};
use super::output::{given, read_outputs};
use super::program::private_file;
use super::stream::Stream;
use super::unlock::{self, Then};
use crate::failure::{act_failed, arguments, strange};
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{TerraformApply, TerraformNothing, TerraformProgram};
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, OutputValue, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Changes that an intent names; the others are counted.
const NAMED: usize = 300;
/// How often it is looked whether the holder of a lock has come back.
const LOOK: Duration = Duration::from_secs(20);

/// The kind `terraform.apply`.
pub(crate) struct Apply(pub(crate) Common);

#[async_trait]
impl Executor for Apply {
    fn kind(&self) -> &'static str {
        "terraform.apply"
    }

    fn can_stop(&self) -> bool {
        true
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: TerraformApply = arguments(&task.with)?;
        let _: TerraformNothing = arguments(&task.expect)?;
        let envelope = open(task, &with.plan).await?;
        check(task, &envelope)?;
        unspent(task, &envelope)?;
        let facts = &envelope.facts;
        let summary =
            format!("apply {} in {}: {}", short(&envelope.digest), dir_of(&envelope), facts.summary);
        let world = json!({ "state": facts.state, "workspace": facts.workspace, "commit": facts.commit });
        if !facts.applyable {
            let already = Some("the plan changes nothing".to_owned());
            return Ok(Intent { summary, world, already, ..Intent::default() });
        }
        let actions = match self.ground(task, &envelope)? {
            Ground::Recorded(recording) => {
                let calls = recording.apply()?.calls.into_iter();
                calls.map(|(call, input)| ActionPlan { call, input }).collect()
            }
            Ground::Real(folder) => {
                self.bench(task, &envelope, folder).await?;
                let named: Vec<Value> = facts
                    .changes
                    .iter()
                    .take(NAMED)
                    .map(|(address, action)| json!(format!("{action} {address}")))
                    .collect();
                let input = json!({
                    "plan": envelope.digest, "dir": dir_of(&envelope), "workspace": facts.workspace,
                    "program": format!("{} {}", facts.program, facts.program_version),
                    "changes": named, "all": facts.changes.len(),
                });
                vec![ActionPlan { call: format!("{} apply", facts.program), input }]
            }
            Ground::Not(_) => Vec::new(),
        };
        Ok(Intent { summary, actions, world, ..Intent::default() })
    }

    async fn act(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        _: &[Receipt],
    ) -> Result<Receipt, ActError> {
        let with: TerraformApply = arguments(&task.with).map_err(ActError::Refused)?;
        let envelope = open(task, &with.plan).await.map_err(ActError::Refused)?;
        let planned =
            intent.actions.get(action).ok_or_else(|| ActError::Refused(strange("it has fewer actions")))?;
        let lock = unlock::lock_of(&planned.input);
        check(task, &envelope).map_err(ActError::Refused)?;
        unspent(task, &envelope).map_err(ActError::Refused)?;
        match self.ground(task, &envelope).map_err(ActError::Refused)? {
            Ground::Recorded(_) => {
                Spent::write(task, &envelope.digest).map_err(|error| ActError::Refused(unkept(&error)))?;
                let sent = self.0.cloud.change(&planned.call, &planned.input).await;
                let what = format!("The recorded call {}", planned.call);
                let answer = sent.map_err(|error| act_failed(&what, &error))?;
                Ok(sent_receipt(planned, answer.request_id))
            }
            Ground::Real(folder) => self.apply(task, &with, &envelope, folder, (planned, lock)).await,
            Ground::Not(why) => Err(ActError::Refused(Diagnosis::of(format!("It cannot be applied: {why}")))),
        }
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        receipts: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let with: TerraformApply = arguments(&task.with)?;
        let envelope = open(task, &with.plan).await?;
        let planned = intent.actions.get(action).ok_or_else(|| strange("it has fewer actions"))?;
        match self.ground(task, &envelope)? {
            Ground::Recorded(_) => self.0.observe_recorded(task, intent, planned, receipts).await,
            Ground::Real(folder) => self.observe_real(task, &envelope, folder).await,
            Ground::Not(why) => Ok(Observation::TookNoEffect { why }),
        }
    }

    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending {
        self.finish(task, intent, receipts).await.unwrap_or_else(Ending::Failed)
    }
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn dir_of(envelope: &Envelope) -> &str {
    envelope.facts.with.dir.as_deref().unwrap_or(".")
}

/// What a recorded call left.
fn sent_receipt(planned: &ActionPlan, request_id: Option<String>) -> Receipt {
    Receipt {
        external: vec![External { kind: "call".into(), id: planned.call.clone() }],
        request_id,
        body: json!({ "outcome": "applied", "recorded": true }),
    }
}

/// All that the plan was made from is still so.
fn check(task: &Task, envelope: &Envelope) -> Result<(), Diagnosis> {
    let facts = &envelope.facts;
    let stale = |headline: String| {
        Err(Diagnosis::of(headline).hint("Plan again, have the new plan signed, and apply that one."))
    };
    if facts.account != task.account || facts.region != task.region {
        return stale(format!(
            "The plan was made for account {} in {}, and the run is pinned to {} in {}",
            facts.account, facts.region, task.account, task.region
        ));
    }
    let own = own_folder(task, facts.with.dir.as_deref())?;
    let folder = match task.mode {
        holdpoint_run::Mode::Live => own.clone(),
        // What practice itself changed is in the copies.
        holdpoint_run::Mode::Practice => practised_folder(task, &own, facts.recorded),
    };
    for (file, digest) in &facts.var_files {
        let now = digest_of(&below(&folder, file)?).map_err(|error| unkept(&error))?;
        if now.as_ref() != Some(digest) {
            let what = if now.is_some() { "was changed" } else { "is gone" };
            return stale(format!("The variables file {file} {what} after the plan was made"));
        }
    }
    let now = commit(&own);
    if now != facts.commit {
        let word =
            |commit: &Option<String>| commit.as_deref().map_or("none".to_owned(), |c| short(c).to_owned());
        return stale(format!(
            "The plan was made at commit {}, and the folder is at {} now",
            word(&facts.commit),
            word(&now)
        ));
    }
    Ok(())
}

fn practised_folder(task: &Task, own: &std::path::Path, recorded: bool) -> PathBuf {
    let copy = super::ground::copies(task)
        .ok()
        .map(|root| root.join(own.strip_prefix(&task.folder).unwrap_or(std::path::Path::new(""))));
    copy.filter(|copy| copy.is_dir() && !recorded).unwrap_or_else(|| own.to_owned())
}

/// A plan is applied once, by one attempt.
fn unspent(task: &Task, envelope: &Envelope) -> Result<(), Diagnosis> {
    match Spent::of(task, &envelope.digest).filter(|spent| spent.mark != task.mark()) {
        None => Ok(()),
        Some(spent) => Err(Diagnosis::of("This plan was applied before, and a plan is applied once")
            .says("Applied by", spent.mark)
            .says("At", spent.at)
            .hint("Plan again: the new plan shows what is left to do. Have it signed, and apply that one.")),
    }
}

impl Apply {
    fn ground(&self, task: &Task, envelope: &Envelope) -> Result<Ground, Diagnosis> {
        let with = &envelope.facts.with;
        choose(&self.0.child, task, with.dir.as_deref(), program_of(envelope))
    }

    async fn bench(&self, task: &Task, envelope: &Envelope, folder: PathBuf) -> Result<Bench, Diagnosis> {
        let mut bench = Bench::open(&self.0.child, task, folder, program_of(envelope)).await?;
        let now = bench.workspace(envelope.facts.with.workspace.as_deref()).await?;
        match now == envelope.facts.workspace {
            true => Ok(bench),
            false => Err(Diagnosis::of(format!(
                "The plan was made in the workspace `{}`, and `{now}` is selected now",
                envelope.facts.workspace
            ))
            .hint("Select that workspace again, or write `workspace` in the step that plans.")),
        }
    }

    async fn apply(
        &self,
        task: &Task,
        with: &TerraformApply,
        envelope: &Envelope,
        folder: PathBuf,
        (planned, lock): (&ActionPlan, Option<Lock>),
    ) -> Result<Receipt, ActError> {
        let bench = self.bench(task, envelope, folder).await.map_err(ActError::Refused)?;
        if let Some(lock) = lock {
            let done = unlock::take_away(&bench, &lock).await.map_err(ActError::Refused)?;
            task.progress.line("terraform", None, format!("the lock {} was {done}", lock.id));
        }
        let file = task.scratch.join("apply.tfplan");
        private_file(&file, envelope.plan()).map_err(|error| ActError::Refused(unkept(&error)))?;
        let mut arguments: Vec<String> = ["apply", "-json", "-input=false"].map(str::to_owned).into();
        if let Some(limit) = with.lock_timeout {
            arguments.push(format!("-lock-timeout={}s", limit.get().as_secs()));
        }
        if let Some(count) = with.parallelism {
            arguments.push(format!("-parallelism={count}"));
        }
        arguments.push(file.display().to_string());
        Spent::write(task, &envelope.digest).map_err(|error| ActError::Refused(unkept(&error)))?;
        let place = Place::of(&task.scratch, "apply");
        let started = place.start(&bench.program.path, &arguments, &bench.folder, &bench.around).await;
        let job = match started {
            Ok(job) => job,
            Err(diagnosis) => {
                Spent::take_back(task, &envelope.digest);
                return Err(ActError::Refused(diagnosis));
            }
        };
        task.progress.says("applying");
        let mut teller = Teller::new(task, expected(envelope));
        let (end, late) = job.watch(|line| teller.take(line), over(task, task.timeout), &task.stops).await;
        let stream = teller.end();
        // The plan is spent, or sealed: it is not left lying about.
        let _ = std::fs::remove_file(&file);
        let complaints = place.complaints().await;
        match conclude(&Applying {
            bench: &bench,
            envelope,
            stream: &stream,
            complaints: &complaints,
            end,
            late,
        }) {
            Outcome::Over(body) => self.receipt(&bench, envelope, body).await,
            Outcome::Nothing(diagnosis) => {
                Spent::take_back(task, &envelope.digest);
                match locked(&bench, &stream, planned, &diagnosis) {
                    Some(receipt) => {
                        // What this attempt said is told; the next one is another job.
                        place.forget().await;
                        Ok(receipt)
                    }
                    None => Err(ActError::Refused(diagnosis)),
                }
            }
            Outcome::Killed(diagnosis) => Err(ActError::Ambiguous(diagnosis)),
        }
    }

    /// Nothing was applied, since the state is locked, and its holder may be gone: somebody is asked.
    async fn ask(
        &self,
        task: &Task,
        intent: &Intent,
        envelope: &Envelope,
        lock: &Lock,
        told: Diagnosis,
    ) -> Result<Ending, Diagnosis> {
        let Ground::Real(folder) = self.ground(task, envelope)? else { return Ok(Ending::Failed(told)) };
        let bench = self.bench(task, envelope, folder).await?;
        let planned = intent.actions.last().ok_or_else(|| strange("it has fewer actions"))?;
        while let Some(question) = unlock::question(&bench, lock, Then::Apply(planned)) {
            if !task.asks.ask(question).await {
                return Ok(Ending::Failed(told));
            }
            task.clock.sleep(LOOK).await;
        }
        task.asks.withdraw(&unlock::key(lock), "a Terraform of this machine works on the state").await;
        Ok(Ending::Failed(told))
    }

    async fn receipt(
        &self,
        bench: &Bench,
        envelope: &Envelope,
        mut body: Value,
    ) -> Result<Receipt, ActError> {
        // A state that cannot be read now says nothing against what was done.
        let state = bench.state_mark().await.ok().flatten();
        body["state"] = json!(state);
        let mut external = vec![External { kind: "terraform_plan".into(), id: envelope.digest.clone() }];
        if let Some(state) = state {
            let id = format!("{}#{}", state.lineage, state.serial);
            external.push(External { kind: "terraform_state".into(), id });
        }
        Ok(Receipt { external, request_id: None, body })
    }

    async fn observe_real(
        &self,
        task: &Task,
        envelope: &Envelope,
        folder: PathBuf,
    ) -> Result<Observation, Diagnosis> {
        let place = Place::of(&task.scratch, "apply");
        let left = place.left().await;
        if left == Left::Nothing
            || Spent::of(task, &envelope.digest).is_none_or(|spent| spent.mark != task.mark())
        {
            return Ok(Observation::TookNoEffect {
                why: "Terraform was never started with this plan".into(),
            });
        }
        if let Left::Running(pid) = left {
            task.progress.says(format!("Terraform still works (process {pid}): following it"));
        }
        let bench = self.bench(task, envelope, folder).await?;
        let mut teller = Teller::new(task, expected(envelope));
        let (end, late) =
            place.attach().watch(|line| teller.take(line), over(task, task.timeout), &task.stops).await;
        let stream = teller.end();
        let complaints = place.complaints().await;
        match conclude(&Applying {
            bench: &bench,
            envelope,
            stream: &stream,
            complaints: &complaints,
            end,
            late,
        }) {
            Outcome::Over(body) => match self.receipt(&bench, envelope, body).await {
                Ok(receipt) => Ok(Observation::TookEffect(receipt)),
                Err(ActError::Refused(diagnosis) | ActError::Ambiguous(diagnosis)) => Err(diagnosis),
            },
            Outcome::Nothing(diagnosis) => Ok(Observation::TookNoEffect { why: diagnosis.headline }),
            Outcome::Killed(diagnosis) => self.after_a_kill(task, &bench, envelope, &stream, diagnosis).await,
        }
    }

    /// Terraform was killed at work: what the state and a fresh look at the world say of each change.
    async fn after_a_kill(
        &self,
        task: &Task,
        bench: &Bench,
        envelope: &Envelope,
        stream: &Stream,
        diagnosis: Diagnosis,
    ) -> Result<Observation, Diagnosis> {
        let found = super::outcome::left_to_do(task, bench, envelope).await;
        super::bench::forget_variables(task);
        match found {
            Ok(left) => {
                let body = super::outcome::killed_body(bench, envelope, stream, &left);
                match self.receipt(bench, envelope, body).await {
                    Ok(receipt) => Ok(Observation::TookEffect(receipt)),
                    Err(ActError::Refused(diagnosis) | ActError::Ambiguous(diagnosis)) => Err(diagnosis),
                }
            }
            Err(why) => Ok(Observation::Unsettled(
                diagnosis.says("What is left to do", format!("could not be planned: {}", why.headline)).hint(
                    "Look at the state and at AWS, then say whether it took effect. It is not applied again.",
                ),
            )),
        }
    }

    async fn finish(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Result<Ending, Diagnosis> {
        let with: TerraformApply = arguments(&task.with)?;
        let envelope = open(task, &with.plan).await?;
        if let Some((lock, told)) = receipts.last().and_then(|receipt| locked_by(&receipt.body)) {
            return self.ask(task, intent, &envelope, &lock, told).await;
        }
        if let Some(failed) = receipts.last().and_then(|receipt| super::outcome::failed(&receipt.body)) {
            Place::of(&task.scratch, "apply").forget().await;
            return Ok(Ending::Failed(failed));
        }
        let counts = counts(&envelope);
        let (mut outputs, mut secret_outputs, note) = match self.ground(task, &envelope)? {
            Ground::Not(why) => return Ok(Ending::NotPractised(why)),
            Ground::Recorded(recording) => {
                let (open, secret) = given(&recording.apply()?.outputs);
                (open, secret, Some("practised from recorded calls; its outputs are assumed".to_owned()))
            }
            Ground::Real(folder) => {
                let bench = self.bench(task, &envelope, folder).await?;
                let (open, secret) = read_outputs(&bench).await?;
                (open, secret, intent.already.clone())
            }
        };
        Place::of(&task.scratch, "apply").forget().await;
        outputs.insert("applied".into(), OutputValue::plain(counts));
        secret_outputs.remove("applied");
        Ok(Ending::Succeeded { outputs, secret_outputs, judgements: Vec::new(), note })
    }
}

/// What an apply leaves that found the state locked, where somebody can be asked about the lock.
fn locked(bench: &Bench, stream: &Stream, planned: &ActionPlan, told: &Diagnosis) -> Option<Receipt> {
    let Fault::Locked(lock) = faults::fault(stream) else { return None };
    unlock::question(bench, &lock, Then::Apply(planned))?;
    let body = json!({ "outcome": "locked", "lock": lock, "diagnosis": told });
    Some(Receipt { external: Vec::new(), request_id: None, body })
}

/// The lock that such a receipt speaks of, and what was told.
fn locked_by(body: &Value) -> Option<(Lock, Diagnosis)> {
    let lock = unlock::lock_of(body).filter(|_| body["outcome"] == "locked")?;
    Some((lock, serde_json::from_value(body["diagnosis"].clone()).ok()?))
}

fn program_of(envelope: &Envelope) -> Option<TerraformProgram> {
    match envelope.facts.program.as_str() {
        "tofu" => Some(TerraformProgram::Tofu),
        _ => Some(TerraformProgram::Terraform),
    }
}

fn expected(envelope: &Envelope) -> Stream {
    let mut stream = Stream::new("apply");
    stream
        .expects(envelope.facts.changes.iter().map(|(address, action)| (address.as_str(), action.as_str())));
    stream
}

fn counts(envelope: &Envelope) -> Value {
    let mut counts: BTreeMap<&str, u64> =
        ["create", "update", "replace", "delete"].into_iter().map(|action| (action, 0)).collect();
    for (_, action) in &envelope.facts.changes {
        if let Some(count) = counts.get_mut(action.as_str()) {
            *count += 1;
        }
    }
    json!(counts)
}
