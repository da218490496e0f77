//! `terraform.plan`: planned to a file, read, judged, sealed.

use super::Common;
use super::bench::{Bench, forget_variables, unkept};
use super::envelope::{Digesting, Facts, commit, digest_of, limited, seal};
use super::expect::{has_changes, judge, summary};
use super::faults::{self, Fault, Lock};
use super::ground::{Ground, Recording, below, choose, own_folder};
use super::guards::{Finding, Pinned, Watch};
use super::job::End;
use super::show::{Shown, read};
use super::sources;
use super::stream::Stream;
use super::table::Action;
use super::unlock;
use crate::failure::{arguments, strange};
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{TerraformInit, TerraformPlan, TerraformPlanExpect};
use holdpoint_run::{Diagnosis, External, Intent, OutputValue, Question, Receipt};
use serde::Serializer as _;
use serde::ser::SerializeMap as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Largest table in outputs; the whole one is kept as evidence.
const TABLE: usize = 192 * 1024;
/// Largest table of drift in outputs.
const DRIFT: usize = 64 * 1024;
/// Largest file of a plan: it is sealed, and opened, as a whole.
const LARGEST: u64 = 256 << 20;
/// How often a locked state is tried again while somebody is asked about its lock.
const LOOK: Duration = Duration::from_secs(20);

/// The kind `terraform.plan`.
pub(crate) struct Plan(pub(crate) Common);

#[async_trait]
impl Executor for Plan {
    fn kind(&self) -> &'static str {
        "terraform.plan"
    }

    fn can_stop(&self) -> bool {
        true
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: TerraformPlan = arguments(&task.with)?;
        let _: TerraformPlanExpect = arguments(&task.expect)?;
        own_folder(task, with.dir.as_deref())?;
        let what = if with.destroy { "plan to destroy" } else { "plan" };
        let summary = format!("{what} {}", with.dir.as_deref().unwrap_or("."));
        Ok(Intent { summary, ..Intent::default() })
    }

    /// Planning changes nothing; what an answer adds is taking away a lock.
    async fn act(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        _: &[Receipt],
    ) -> Result<Receipt, ActError> {
        let lock = intent.actions.get(action).and_then(|planned| unlock::lock_of(&planned.input));
        let lock = lock.ok_or_else(|| ActError::Refused(strange("planning changes nothing")))?;
        let done = self.take_away(task, &lock).await.map_err(ActError::Refused)?;
        let external = vec![External { kind: "terraform_lock".into(), id: lock.id }];
        Ok(Receipt { external, request_id: None, body: json!({ "lock": done }) })
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect {
            why: "a lock that is taken away is looked for again, and never another one taken".into(),
        })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        let done = self.plan_or_ask(task).await;
        forget_variables(task);
        done
    }
}

/// Why there is no plan.
enum Unplanned {
    /// Somebody holds the lock; what a person may be asked about it.
    Locked(Diagnosis, Box<Option<Question>>),
    /// Something else.
    Failed(Diagnosis),
}

impl From<Diagnosis> for Unplanned {
    fn from(diagnosis: Diagnosis) -> Self {
        Self::Failed(diagnosis)
    }
}

/// A plan that was made, from wherever.
struct Made {
    shown: Shown,
    watch: Watch,
    facts: Facts,
    file: Vec<u8>,
    backend: Value,
    warnings: Vec<String>,
}

impl Plan {
    /// Plans; asks about a lock whose holder may be gone, and plans as soon as it is free, however that came.
    async fn plan_or_ask(&self, task: &Task) -> Ending {
        let mut asked: Option<String> = None;
        loop {
            let (told, question) = match self.plan(task).await {
                Ok(ending) => {
                    if let Some(key) = asked {
                        task.asks.withdraw(&key, "the lock was given back").await;
                    }
                    return ending;
                }
                Err(Unplanned::Failed(told)) => (told, None),
                Err(Unplanned::Locked(told, question)) => (told, *question),
            };
            let key = question.as_ref().map(|question| question.key.clone());
            if let Some(before) = asked.take().filter(|before| Some(before) != key.as_ref()) {
                task.asks.withdraw(&before, "the lock is not held by that one any more").await;
            }
            let Some(question) = question else { return Ending::Failed(told) };
            if !task.asks.ask(question).await {
                return Ending::Failed(told);
            }
            asked = key;
            task.progress.says("waiting for the lock, or for an answer");
            task.clock.sleep(LOOK).await;
        }
    }

    async fn take_away(&self, task: &Task, lock: &Lock) -> Result<&'static str, Diagnosis> {
        let with: TerraformPlan = arguments(&task.with)?;
        match choose(&self.0.child, task, with.dir.as_deref(), with.program)? {
            Ground::Real(folder) => {
                let mut bench = Bench::open(&self.0.child, task, folder, with.program).await?;
                bench.workspace(with.workspace.as_deref()).await?;
                unlock::take_away(&bench, lock).await
            }
            Ground::Recorded(_) | Ground::Not(_) => Err(strange("there is no lock in practice")),
        }
    }

    async fn plan(&self, task: &Task) -> Result<Ending, Unplanned> {
        let with: TerraformPlan = arguments(&task.with)?;
        let expect: TerraformPlanExpect = arguments(&task.expect)?;
        let ground = choose(&self.0.child, task, with.dir.as_deref(), with.program)?;
        let (made, note) = match ground {
            Ground::Not(why) => return Ok(Ending::NotPractised(why)),
            Ground::Real(folder) => (self.real(task, &with, folder).await?, None),
            Ground::Recorded(recording) => {
                (recorded(task, &with, &recording)?, Some("practised from a recorded plan".to_owned()))
            }
        };
        Ok(self.conclude(task, &with, &expect, made, note).await?)
    }

    async fn real(
        &self,
        task: &Task,
        with: &TerraformPlan,
        folder: std::path::PathBuf,
    ) -> Result<Made, Unplanned> {
        let mut bench = Bench::open(&self.0.child, task, folder, with.program).await?;
        bench.init(task, with, false).await?;
        let workspace = bench.workspace(with.workspace.as_deref()).await?;
        let before = bench.state_mark().await;
        let file = task.scratch.join("plan.tfplan");
        let mut arguments = bench.plan_arguments(task, with)?;
        arguments.push(format!("-out={}", file.display()));
        task.progress.says("planning");
        let (mut end, mut stream, mut complaints) =
            bench.work(task, "plan", &arguments, Stream::new("plan"), task.timeout).await?;
        let may_init = with.init != Some(TerraformInit::No);
        if !matches!(end, End::Exit(0 | 2)) && may_init && faults::fault(&stream) == Fault::NotInitialised {
            bench.init(task, with, true).await?;
            (end, stream, complaints) =
                bench.work(task, "plan", &arguments, Stream::new("plan"), task.timeout).await?;
        }
        let did = format!("{} could not plan", bench.name());
        match end {
            End::Exit(0 | 2) => {}
            End::Exit(_) => {
                // A plan that failed is saved all the same, and could be applied in part by other means.
                let _ = std::fs::remove_file(&file);
                let told = faults::told(&did, bench.program.name, &stream, &complaints);
                return Err(match faults::fault(&stream) {
                    Fault::Locked(lock) => {
                        let question = unlock::question(&bench, &lock, unlock::Then::Plan);
                        Unplanned::Locked(told, Box::new(question))
                    }
                    Fault::Stale
                    | Fault::Incomplete
                    | Fault::Cycle(_)
                    | Fault::NotInitialised
                    | Fault::Interrupted
                    | Fault::Other => Unplanned::Failed(told),
                });
            }
            End::Killed => {
                let told = Diagnosis::of(format!(
                    "{} was killed while it planned; nothing was changed",
                    bench.name()
                ));
                let hint = "Retry. If the state is locked then, its last holder is the one that was killed.";
                return Err(told.says("Standard error", complaints).hint(hint).into());
            }
        }
        // An existing state that cannot be told apart later is a reason to stop only when it is there.
        let (before, after) = (before?, bench.state_mark().await?);
        if before != after {
            let _ = std::fs::remove_file(&file);
            return Err(Diagnosis::of("The state was changed by somebody else while this plan was made")
                .hint("See who else works on it, then retry.")
                .into());
        }
        let plan = limited(&file, LARGEST).map_err(|error| unkept(&error))?;
        let showed = bench.show(&file, Watch::default()).await;
        // From here on there is only the sealed one.
        let _ = std::fs::remove_file(&file);
        let (shown, watch) = showed?;
        let warnings = stream.complaints.iter().filter(|one| !one.is_error).map(faults::words).collect();
        let facts = facts(task, with, &shown, &bench.folder, |facts| Facts {
            workspace,
            program: bench.program.name.into(),
            program_version: bench.program.version.clone(),
            state: after,
            ..facts
        })?;
        Ok(Made { shown, watch, facts, file: plan, backend: bench.backend(), warnings })
    }

    async fn conclude(
        &self,
        task: &Task,
        with: &TerraformPlan,
        expect: &TerraformPlanExpect,
        made: Made,
        note: Option<String>,
    ) -> Result<Ending, Diagnosis> {
        let Made { shown, mut watch, facts, file, backend, warnings } = made;
        if shown.errored
            || (shown.complete == Some(false) && with.targets.is_empty() && shown.applyable == Some(false))
        {
            return Err(Diagnosis::of("The plan is incomplete: something failed while it was made")
                .says("What it would do", summary(&shown))
                .hint("Mend what it complains of, and plan again: an incomplete plan is never applied."));
        }
        self.ask_endpoints(task, &mut watch).await;
        self.ask_databases(task, &mut watch).await;
        let found = sources::read(&own_folder(task, with.dir.as_deref())?)?;
        let pinned = Pinned { account: &task.account, region: &task.region };
        let findings = watch.findings(&shown, &found, &backend, &pinned, expect, &with.guards.off);
        let mut judgements = judge(expect, &shown);
        for judgement in &mut judgements {
            judgement.assumed = facts.recorded;
        }
        judgements.extend(findings.iter().filter(|finding| finding.stops).map(Finding::judgement));
        let table = whole(&shown, &facts, &warnings, &findings)
            .map_err(|error| Diagnosis::of(format!("What the plan would do has no JSON form: {error}")))?;
        task.safe.keep("terraform-plan.json", "application/json", &table).await?;
        drop(table);
        let (changes, drift) = (shown.changes.view(TABLE), shown.drift.view(DRIFT));
        task.progress.shows(json!({
            "card": "changes", "summary": facts.summary, "changes": changes, "others": shown.changes.others(),
            "drift": drift, "other_drift": shown.drift.others(),
        }));
        let digest = seal(task, &facts, &file).await?;
        let mut notes: Vec<String> = note.into_iter().collect();
        notes.extend(findings.iter().filter(|finding| !finding.stops).map(|finding| {
            format!("{} ({}): {}. {}", finding.address, finding.value, finding.reason, finding.repair)
        }));
        notes.extend(shown.checks.iter().map(|check| format!("check does not pass: {check}")));
        if !shown.drift.rows.is_empty() {
            notes.push(format!("{} changed outside of Terraform (see `drift`)", shown.drift.rows.len()));
        }
        let outputs = [
            ("file", json!(format!("plan:{digest}"))),
            ("sha256", json!(digest)),
            ("summary", json!(facts.summary)),
            ("create", json!(shown.changes.count(Action::Create))),
            ("update", json!(shown.changes.count(Action::Update))),
            ("replace", json!(shown.changes.count(Action::Replace))),
            ("delete", json!(shown.changes.count(Action::Delete))),
            ("changes", changes),
            ("others", shown.changes.others()),
            ("drift", drift),
            ("other_drift", shown.drift.others()),
            ("has_changes", json!(has_changes(&shown))),
            ("findings", findings.iter().map(Finding::view).collect()),
        ];
        Ok(Ending::Succeeded {
            outputs: outputs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
                .collect(),
            secret_outputs: BTreeMap::new(),
            judgements,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        })
    }

    /// What AWS has is asked of AWS where it can be; what cannot be asked is judged by the state alone.
    async fn ask_endpoints(&self, task: &Task, watch: &mut Watch) {
        let vpcs: BTreeSet<String> = watch.wanted_endpoints().iter().map(|(vpc, ..)| vpc.clone()).collect();
        for vpc in vpcs {
            match self.0.cloud.vpc_endpoints(&vpc).await {
                Ok(endpoints) => {
                    for endpoint in endpoints {
                        watch.endpoint_is_there(&vpc, &endpoint.service, &endpoint.id);
                    }
                }
                Err(error) => {
                    task.progress.says(format!("the endpoints of {vpc} could not be asked for: {error}"))
                }
            }
        }
    }

    /// Versions of databases are asked of AWS too: what runs may be newer than the state, or not in it at all.
    async fn ask_databases(&self, task: &Task, watch: &mut Watch) {
        for wanted in watch.wanted_databases() {
            let id = &wanted.id;
            let found = match wanted.is_cluster {
                true => self.0.cloud.database_cluster(id).await.map(|found| found.map(|found| found.version)),
                false => self.0.cloud.database(id).await.map(|found| found.map(|found| found.version)),
            };
            match found {
                Ok(Some(version)) => watch.database_runs(&wanted, &version),
                Ok(None) => {}
                Err(error) => {
                    task.progress
                        .says(format!("the version of the database {id} could not be asked for: {error}"));
                }
            }
        }
    }
}

/// Facts that are the same wherever a plan comes from.
fn facts(
    task: &Task,
    with: &TerraformPlan,
    shown: &Shown,
    folder: &Path,
    more: impl FnOnce(Facts) -> Facts,
) -> Result<Facts, Diagnosis> {
    let own = own_folder(task, with.dir.as_deref())?;
    let mut var_files = BTreeMap::new();
    for file in &with.var_file.0 {
        let digest = digest_of(&below(folder, file)?).map_err(|error| unkept(&error))?;
        let digest = digest.ok_or_else(|| {
            Diagnosis::of(format!("There is no variables file {file}"))
                .hint("`var_file` is relative to `dir`.")
        })?;
        var_files.insert(file.clone(), digest);
    }
    let changes = shown.changes.changing().map(|row| (row.address.clone(), row.action.as_str().to_owned()));
    Ok(more(Facts {
        account: task.account.clone(),
        region: task.region.clone(),
        mark: task.mark(),
        with: with.clone(),
        workspace: with.workspace.clone().unwrap_or_else(|| "default".into()),
        program: "terraform".into(),
        program_version: shown.terraform_version.clone(),
        var_files,
        commit: commit(&own),
        state: None,
        changes: changes.collect(),
        applyable: shown.applyable.unwrap_or_else(|| has_changes(shown)),
        summary: summary(shown),
        recorded: false,
    }))
}

/// The whole table, as it is kept: every row, with every value that is kept of it.
fn whole(
    shown: &Shown,
    facts: &Facts,
    warnings: &[String],
    findings: &[Finding],
) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    let mut writer = serde_json::Serializer::pretty(&mut bytes);
    let mut map = writer.serialize_map(None)?;
    map.serialize_entry("summary", &facts.summary)?;
    map.serialize_entry("terraform", &facts.program_version)?;
    map.serialize_entry("workspace", &facts.workspace)?;
    map.serialize_entry("changes", &shown.changes.whole())?;
    map.serialize_entry("unchanged", &shown.changes.unchanged)?;
    map.serialize_entry("drift", &shown.drift.whole())?;
    map.serialize_entry("outputs", &shown.outputs)?;
    map.serialize_entry("sensitive_outputs", &shown.sensitive_outputs)?;
    map.serialize_entry("checks", &shown.checks)?;
    map.serialize_entry("warnings", warnings)?;
    map.serialize_entry("findings", &findings.iter().map(Finding::view).collect::<Vec<_>>())?;
    map.end()?;
    Ok(bytes)
}

/// A recorded plan: read as it comes, and sealed by its digest alone. What would be applied is recorded beside it.
fn recorded(task: &Task, with: &TerraformPlan, recording: &Recording) -> Result<Made, Diagnosis> {
    let path = recording.plan();
    let unread =
        |error: &std::io::Error| Diagnosis::of(format!("{} cannot be read: {error}", path.display()));
    let mut file = Digesting::new(std::fs::File::open(&path).map_err(|error| unread(&error))?);
    let mut watch = Watch::default();
    let shown = read(&mut file, &mut watch).map_err(|error| {
        Diagnosis::of(format!("The recorded plan {} cannot be read: {error}", path.display()))
            .hint("Record it again: `terraform show -json <plan> > practice/plan.json`.")
    })?;
    let folder = own_folder(task, with.dir.as_deref())?;
    let facts = facts(task, with, &shown, &folder, |facts| Facts { recorded: true, ..facts })?;
    let file = file.digest().map_err(|error| unread(&error))?.into_bytes();
    Ok(Made { shown, watch, facts, file, backend: Value::Null, warnings: Vec::new() })
}
