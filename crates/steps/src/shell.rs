//! `shell`: the script in the fence after the step, exactly as it is written.
//!
//! A script that changes something runs in `act`, once; its end is written to the run's folder by the process that runs
//! it, so that a crash of ours leaves evidence of it. What the evidence leaves open is asked of a person, but for a script
//! that the plan calls idempotent: it runs again. A script that only reads runs in `follow`.

pub(crate) mod process;
mod registries;

use crate::failure::{arguments, strange};
use crate::practice::Simulator;
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_identity::registries::OpenSession;
use holdpoint_identity::{Env, Session, wrapper_in};
use holdpoint_plan::Effect;
use holdpoint_plan::kinds::{Shell, ShellExpect, ShellName};
use holdpoint_redact::Secret;
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Judgement, Lane, Mode, OutputValue, Receipt};
use process::{NotRun, Ran, evidence, run, still_runs};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Longest standard output that a receipt and an output keep.
const KEPT: usize = 64 * 1024;
/// What a person may do about a script that is idempotent.
const REPEATS: &str = "Retry: the plan says that it is idempotent.";
/// Lines of standard error in a diagnosis.
const LAST_LINES: usize = 20;

/// What a child process is given.
#[derive(Clone)]
pub(crate) struct Child {
    /// The environment that it gets the harmless part of.
    pub(crate) env: Env,
    /// Whose credentials it may ask for.
    pub(crate) session: Session,
    /// The run's folder.
    pub(crate) folder: PathBuf,
    /// Profiles that exist: those that a script names lead to the pin.
    pub(crate) profiles: Vec<String>,
    /// Where the simulator is, in practice.
    pub(crate) practice: Option<String>,
    /// The simulator itself: what it recorded tells which calls took effect.
    pub(crate) simulator: Option<Simulator>,
    /// Our command-line program, which is also the credential helper of Docker's clients.
    pub(crate) program: PathBuf,
    /// Opens the profiles that registries are mapped to.
    pub(crate) open: OpenSession,
}

/// The kind `shell`.
pub(crate) struct Scripts {
    child: Child,
    /// Standard output of scripts with a secret output, by mark: in memory only.
    held: Mutex<HashMap<String, String>>,
}

impl Scripts {
    pub(crate) fn new(child: Child) -> Self {
        Self { child, held: Mutex::default() }
    }
}

#[async_trait]
impl Executor for Scripts {
    fn kind(&self) -> &'static str {
        "shell"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: Shell = arguments(&task.with)?;
        let what = script(task)?;
        let shell = shell_of(task, &with);
        // What is not run cannot choose an identity: any plan can be practised.
        if let Some(wrapper) = wrapper_in(what.text)
            && effect(task).changes()
            && what.not_practised.is_none()
        {
            return Err(Diagnosis::of(format!(
                "The script starts `{wrapper}`, which would choose an identity of its own"
            ))
            .hint("Take it out of the script: the run gives the script the pinned identity.")
            .hint(
                "If that tool is your only way to credentials, make it a profile's `credential_process`.",
            ));
        }
        let first = what.text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let summary = format!("{} script: {}", shell.as_str(), first.unwrap_or("(empty)"));
        if what.not_practised.is_some() || !effect(task).changes() {
            return Ok(Intent { summary, ..Intent::default() });
        }
        let names: Vec<&String> = with.env.keys().collect();
        let input =
            json!({"shell": shell.as_str(), "script": what.text, "sha256": digest(what.text), "env": names});
        let actions = vec![ActionPlan { call: "shell".into(), input }];
        Ok(Intent { summary, actions, ..Intent::default() })
    }

    async fn act(&self, task: &Task, intent: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        let what = script(task).map_err(ActError::Refused)?;
        let planned = intent.actions.first().map(|action| action.input["sha256"].clone());
        if planned != Some(json!(digest(what.text))) {
            return Err(ActError::Refused(strange("the script is not the one that it names")));
        }
        match self.run(task, what.text).await {
            Ok(ran) => Ok(Receipt { external: Vec::new(), request_id: None, body: self.keep(task, ran) }),
            Err(NotRun::Before(why)) => {
                Err(ActError::Refused(Diagnosis::of(format!("The script was not started: {why}"))))
            }
            Err(NotRun::Killed(why)) => {
                let killed = Diagnosis::of(format!("The script was killed: {why}"))
                    .says("What it did until then", "is not known");
                Err(match effect(task) {
                    Effect::Idempotent => ActError::Refused(killed.hint(REPEATS)),
                    Effect::Read | Effect::Once | Effect::Destructive => ActError::Ambiguous(
                        killed.hint("Look at what it changes, then say whether it took effect."),
                    ),
                })
            }
        }
    }

    async fn observe(
        &self,
        task: &Task,
        _: &Intent,
        _: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let found = evidence(&self.child.folder, &task.mark()).await;
        if !found.began {
            return Ok(Observation::TookNoEffect { why: "the script was never started".into() });
        }
        let runs = still_runs(&found).await;
        let found = evidence(&self.child.folder, &task.mark()).await;
        if !runs && effect(task) == Effect::Idempotent {
            let why = "it was started, what came of it was lost, and the plan says that it may be repeated";
            return Ok(Observation::TookNoEffect { why: why.into() });
        }
        let diagnosis = match found.exit {
            Some(code) => {
                Diagnosis::of(format!("The script ended with exit code {code} while nobody was watching"))
                    .says("Its output", "was lost with the process that read it")
            }
            None => Diagnosis::of(match runs {
                true => "The script was started, and a process of it still runs",
                false => "The script was started, and how it ended is not known",
            })
            .says("Its process", found.pid.map_or("left no id".into(), |pid| format!("has the id {pid}"))),
        };
        Ok(Observation::Unsettled(
            diagnosis.hint("Look at what it changes, then say whether it took effect."),
        ))
    }

    async fn follow(&self, task: &Task, _: &Intent, receipts: &[Receipt]) -> Ending {
        match self.conclude(task, receipts).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Scripts {
    async fn conclude(&self, task: &Task, receipts: &[Receipt]) -> Result<Ending, Diagnosis> {
        let what = script(task)?;
        if let Some(why) = what.not_practised {
            return Ok(Ending::NotPractised(why));
        }
        let body = match receipts.first() {
            Some(receipt) => receipt.body.clone(),
            None if effect(task).changes() => return Err(strange("it has no receipt")),
            None => match self.run(task, what.text).await {
                Ok(ran) => self.keep(task, ran),
                Err(NotRun::Before(why)) => {
                    return Err(Diagnosis::of(format!("The script was not started: {why}")));
                }
                Err(NotRun::Killed(why)) => {
                    return Err(Diagnosis::of(format!("The script was killed: {why}")));
                }
            },
        };
        if body["exit"].is_null() {
            return Ok(Ending::Succeeded {
                outputs: BTreeMap::new(),
                secret_outputs: BTreeMap::new(),
                judgements: Vec::new(),
                note: Some("its output was lost, so that nothing of it was judged".into()),
            });
        }
        self.judged(task, &body)
    }

    fn judged(&self, task: &Task, body: &Value) -> Result<Ending, Diagnosis> {
        let expect: ShellExpect = arguments(&task.expect)?;
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&task.mark());
        let stdout = held.as_deref().or_else(|| body["stdout"].as_str()).unwrap_or_default();
        let stderr = body["stderr"].as_str().unwrap_or_default();
        let exit = body["exit"].as_i64().unwrap_or(-1);
        if exit != i64::from(expect.exit) {
            let mut diagnosis =
                Diagnosis::of(format!("The script ended with exit code {exit}, expected {}", expect.exit));
            let lines: Vec<&str> = stderr.lines().collect();
            diagnosis.last_log = lines
                .iter()
                .skip(lines.len().saturating_sub(LAST_LINES))
                .map(|line| (*line).to_owned())
                .collect();
            return Ok(Ending::Failed(match diagnosis.last_log.last().cloned() {
                Some(last) => diagnosis.says("Last words", last),
                None => diagnosis.says("Last words", "none on standard error"),
            }));
        }
        let contains = |what: &str, text: &str, wanted: &String, present: bool| Judgement {
            what: what.to_owned(),
            expected: wanted.clone(),
            found: if text.contains(wanted.as_str()) {
                "it is there".into()
            } else {
                "it is not there".into()
            },
            holds: text.contains(wanted.as_str()) == present,
            assumed: false,
        };
        let judgements = expect
            .stdout_contains
            .iter()
            .map(|wanted| contains("standard output contains", stdout, wanted, true))
            .chain(
                expect.stdout_lacks.iter().map(|text| contains("standard output lacks", stdout, text, false)),
            )
            .chain(
                expect.stderr_lacks.iter().map(|text| contains("standard error lacks", stderr, text, false)),
            );
        let judgements = judgements.collect();
        let (outputs, secret_outputs) = outputs(task, stdout, exit, body["truncated"] == true)?;
        Ok(Ending::Succeeded { outputs, secret_outputs, judgements, note: None })
    }

    async fn run(&self, task: &Task, text: &str) -> Result<Ran, NotRun> {
        let with: Shell = arguments(&task.with).map_err(|diagnosis| NotRun::Before(diagnosis.headline))?;
        run(&self.child, task, &with, shell_of(task, &with), text, !has_secret(task)).await
    }

    /// What a receipt holds of a script that ran. Standard output with a secret in it stays in memory.
    fn keep(&self, task: &Task, ran: Ran) -> Value {
        let mut body = json!({"exit": ran.exit, "stderr": ran.stderr, "truncated": ran.truncated});
        if has_secret(task) {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(task.mark(), ran.stdout);
        } else {
            body["stdout"] = json!(ran.stdout);
        }
        body
    }
}

/// The script that runs, or why none does.
struct Script<'a> {
    text: &'a str,
    not_practised: Option<String>,
}

fn script(task: &Task) -> Result<Script<'_>, Diagnosis> {
    let text = task.script.as_deref().ok_or_else(|| {
        Diagnosis::of("The step has no script").hint("Write a code fence directly after the step's fence.")
    })?;
    if task.mode == Mode::Live || !effect(task).changes() {
        return Ok(Script { text, not_practised: None });
    }
    let practice = task.step.practice.as_ref().filter(|_| task.work.lane == Lane::Forward);
    if let Some(command) = practice.and_then(|practice| practice.command.as_deref()) {
        return Ok(Script { text: command, not_practised: None });
    }
    let why = practice.and_then(|practice| practice.skip.clone());
    let why = why.unwrap_or_else(|| "the script changes something, and practice cannot know what".into());
    Ok(Script { text, not_practised: Some(why) })
}

/// Effect of the script in hand: an undo, and a script that stands for another kind, may be sent once.
fn effect(task: &Task) -> Effect {
    match task.work.lane {
        Lane::Forward if task.step.action.uses == "shell" => task.step.effect,
        Lane::Forward | Lane::Undo => Effect::Once,
    }
}

fn shell_of(task: &Task, with: &Shell) -> ShellName {
    let language =
        task.step.action.script.as_ref().and_then(|script| ShellName::from_language(&script.language));
    with.shell.or(language).unwrap_or(ShellName::Bash)
}

fn has_secret(task: &Task) -> bool {
    task.work.lane == Lane::Forward && task.step.outputs.values().any(|output| output.secret)
}

type Outputs = (BTreeMap<String, OutputValue>, BTreeMap<String, Secret>);

fn outputs(task: &Task, stdout: &str, exit: i64, truncated: bool) -> Result<Outputs, Diagnosis> {
    let mut plain = BTreeMap::from([("exit".to_owned(), OutputValue::plain(json!(exit)))]);
    let mut secret = BTreeMap::new();
    if !has_secret(task) {
        plain.insert("stdout".into(), OutputValue::plain(json!(stdout.trim())));
    }
    if task.work.lane == Lane::Undo {
        return Ok((plain, secret));
    }
    let parsed: Option<Value> = serde_json::from_str(stdout).ok();
    for (name, output) in &task.step.outputs {
        let value = match &output.pointer {
            None => json!(stdout.trim()),
            Some(pointer) => {
                let found = parsed.as_ref().and_then(|parsed| parsed.pointer(pointer));
                found.cloned().ok_or_else(|| {
                    let why = match (&parsed, truncated) {
                        (None, true) => "standard output is too long to be read as JSON",
                        (None, false) => "standard output is no JSON",
                        (Some(_), _) => "nothing is there",
                    };
                    Diagnosis::of(format!("The output `{name}` cannot be had from {pointer}: {why}"))
                })?
            }
        };
        if output.secret {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if text.is_empty() {
                return Err(Diagnosis::of(format!("The secret output `{name}` is not in memory any more"))
                    .hint("Retry the step: it runs again."));
            }
            secret.insert(name.clone(), Secret::new(text));
            plain.insert(name.clone(), OutputValue::secret());
        } else {
            plain.insert(name.clone(), OutputValue::plain(value));
        }
    }
    Ok((plain, secret))
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
