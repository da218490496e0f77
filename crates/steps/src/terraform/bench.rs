//! One folder with one program: initialised, its workspace known, its state read. What plan, apply and output share.

use super::envelope::StateMark;
use super::faults;
use super::ground::below;
use super::job::{End, Place};
use super::program::{
    Program, Said, Surroundings, captured, command, find, private_file, surroundings, unstartable,
};
use super::show::{Looks, Shown, read};
use super::stream::Stream;
use crate::shell::Child;
use crate::shell::process::Group;
use holdpoint_engine::Task;
use holdpoint_plan::kinds::{TerraformInit, TerraformPlan, TerraformProgram};
use holdpoint_run::Diagnosis;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

/// For so long the complaints of a program are waited for that has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How often a card is drawn at most, real time.
const DRAWN: Duration = Duration::from_millis(150);

/// A folder with a program.
pub(crate) struct Bench {
    pub(crate) program: Program,
    pub(crate) folder: PathBuf,
    pub(crate) around: Surroundings,
}

impl Bench {
    /// Opens one: finds the program, makes its environment.
    pub(crate) async fn open(
        child: &Child,
        task: &Task,
        folder: PathBuf,
        program: Option<TerraformProgram>,
    ) -> Result<Self, Diagnosis> {
        let program = find(child, task, program).await?;
        let around = surroundings(child, task).await?;
        Ok(Self { program, folder, around })
    }

    /// A short command, to its end.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> Result<Said, Diagnosis> {
        captured(&self.program.path, arguments, &self.folder, &self.around).await
    }

    /// Initialises, where it is needed or asked for.
    pub(crate) async fn init(
        &self,
        task: &Task,
        with: &TerraformPlan,
        needed: bool,
    ) -> Result<(), Diagnosis> {
        let how = with.init.unwrap_or(TerraformInit::Needed);
        let must = needed
            || how == TerraformInit::Upgrade
            || !with.backend_config.is_empty()
            || !self.is_initialised();
        if how == TerraformInit::No || !must {
            return Ok(());
        }
        let mut arguments = vec!["init".to_owned(), "-input=false".to_owned(), "-no-color".to_owned()];
        if how == TerraformInit::Upgrade {
            arguments.push("-upgrade".into());
        }
        // Keys of a backend are secrets: they go into a file, not onto a command line that everybody can read.
        let settings = task.scratch.join("backend.tfbackend");
        if !with.backend_config.is_empty() {
            let text: String = with
                .backend_config
                .iter()
                .map(|(name, value)| {
                    format!("{name} = {}\n", super::vars::literal(&Value::String(value.clone()), 0))
                })
                .collect();
            private_file(&settings, text.as_bytes()).map_err(|error| unkept(&error))?;
            arguments.push("-reconfigure".into());
            arguments.push(format!("-backend-config={}", settings.display()));
        }
        task.progress.says("initialising");
        let done = self.work(task, "init", &arguments, Stream::new("init"), task.timeout).await;
        // What was written for it goes, whatever came of it.
        let _ = std::fs::remove_file(&settings);
        let (end, stream, complaints) = done?;
        match end {
            End::Exit(0) => Ok(()),
            End::Exit(_) | End::Killed => {
                let said = format!("{} could not initialise", self.name());
                let mut told = faults::told(&said, self.program.name, &stream, &complaints);
                if faults::fault(&stream) == faults::Fault::NotInitialised {
                    told.hints.clear();
                }
                Err(told.hint(
                    "See what it says: a provider that cannot be had, or a backend that cannot be reached.",
                ))
            }
        }
    }

    fn is_initialised(&self) -> bool {
        self.folder.join(".terraform").is_dir()
    }

    /// `Terraform` or `OpenTofu`, for sentences.
    pub(crate) fn name(&self) -> &'static str {
        if self.program.name == "tofu" { "OpenTofu" } else { "Terraform" }
    }

    /// The workspace that is worked in from here on; one that is asked for must exist.
    pub(crate) async fn workspace(&mut self, wanted: Option<&str>) -> Result<String, Diagnosis> {
        let Some(wanted) = wanted else {
            let said = self.ask(&["workspace", "show"]).await?;
            let name = String::from_utf8_lossy(&said.stdout).trim().to_owned();
            return match said.code {
                Some(0) if !name.is_empty() => Ok(name),
                _ => Err(self.failed("does not say which workspace is selected", &said)),
            };
        };
        let said = self.ask(&["workspace", "list"]).await?;
        if said.code != Some(0) {
            return Err(self.failed("does not list its workspaces", &said));
        }
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let all: Vec<&str> =
            text.lines().map(|line| line.trim_start_matches('*').trim()).filter(|l| !l.is_empty()).collect();
        match all.contains(&wanted) {
            true => {
                // Chosen for these commands alone: what the operator has selected stays selected.
                self.around.environment.insert("TF_WORKSPACE".into(), wanted.into());
                Ok(wanted.to_owned())
            }
            false => Err(Diagnosis::of(format!("There is no workspace `{wanted}`"))
                .says("There are", all.join(", "))
                .hint(format!(
                    "Correct `workspace`, or make it: `{} workspace new {wanted}`.",
                    self.program.name
                ))),
        }
    }

    /// A short command that failed, in words.
    pub(crate) fn failed(&self, what: &str, said: &Said) -> Diagnosis {
        Diagnosis::of(format!("{} {what}", self.name()))
            .says("It says", said.words())
            .hint("Run the same in the folder by hand to see more, then retry.")
    }

    /// Which version of which state, read without its lock; `None` when there is none.
    pub(crate) async fn state_mark(&self) -> Result<Option<StateMark>, Diagnosis> {
        let said = self.ask(&["state", "pull"]).await?;
        if said.code != Some(0) {
            return Err(self.failed("cannot read its state", &said));
        }
        if said.stdout.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        StateMark::of(&said.stdout).map_err(|_| {
            Diagnosis::of("The state is not JSON").hint("Look at it with `terraform state pull`.")
        })
    }

    /// The backend, as `init` wrote it down.
    pub(crate) fn backend(&self) -> Value {
        backend_of(&self.folder)
    }

    /// A long command that only reads, followed line by line. It is interrupted when nobody waits for it any more.
    pub(crate) async fn work(
        &self,
        task: &Task,
        name: &str,
        arguments: &[String],
        stream: Stream,
        limit: Option<Duration>,
    ) -> Result<(End, Stream, String), Diagnosis> {
        let place = Place::of(&task.scratch, name);
        let job = place.start(&self.program.path, arguments, &self.folder, &self.around).await?;
        let mut guard = job.guard();
        let mut teller = Teller::new(task, stream);
        let (end, late) = job.watch(|line| teller.take(line), over(task, limit), &task.stops).await;
        guard.0 = None;
        let complaints = place.complaints().await;
        place.forget().await;
        let stream = teller.end();
        if late {
            let limit = limit.unwrap_or_default().as_secs();
            return Err(Diagnosis::of(format!(
                "{} was stopped: it worked longer than {limit} s",
                self.name()
            ))
            .hint("Give the step a longer `timeout`, then retry."));
        }
        Ok((end, stream, complaints))
    }

    /// A saved plan, read as it comes.
    pub(crate) async fn show<L: Looks + Send + 'static>(
        &self,
        plan: &Path,
        mut looks: L,
    ) -> Result<(Shown, L), Diagnosis> {
        let mut command = command(&self.program.path, &self.folder, &self.around);
        command.args(["show", "-json", "-no-color"]).arg(plan).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| unstartable(&self.program.path, &error))?;
        let group = Group::of(process.id());
        let (mut out, err) = (process.stdout.take(), process.stderr.take());
        let (send, receive) = tokio::sync::mpsc::channel::<Vec<u8>>(8);
        let reading = tokio::task::spawn_blocking(move || {
            let shown = read(Chunks { from: receive, chunk: Vec::new(), at: 0 }, &mut looks);
            (shown, looks)
        });
        let complaining = tokio::spawn(complaints(err));
        let feeding = async {
            let out = out.as_mut()?;
            let mut chunk = vec![0; 128 * 1024];
            while let Ok(count) = out.read(&mut chunk).await {
                if count == 0 {
                    break;
                }
                if send.send(chunk[..count].to_vec()).await.is_err() {
                    // The reader has given up, and its reason counts: the program would write to nobody for ever.
                    return None;
                }
            }
            process.wait().await.ok()
        };
        let status = self.around.patience.within("`show -json`", feeding).await?;
        match status {
            Some(_) => group.ended(),
            None => drop(group),
        }
        drop(send);
        let (shown, looks) =
            reading.await.map_err(|error| Diagnosis::of(format!("The plan could not be read: {error}")))?;
        // What the program left behind may hold its standard error open: that is not waited for.
        let stderr = tokio::time::timeout(LAST_WORDS, complaining).await;
        let stderr = stderr.ok().and_then(Result::ok).unwrap_or_default();
        if let Some(status) = status.filter(|status| !status.success()) {
            let said = Said { code: status.code(), stdout: Vec::new(), stderr };
            return Err(self.failed(&format!("does not show the plan: it ended with {status}"), &said));
        }
        let shown = shown.map_err(|error| {
            let told = Diagnosis::of(format!("The plan of {} cannot be read: {error}", self.name()))
                .says("Program", format!("{} {}", self.program.name, self.program.version))
                .hint("Use a version of Terraform 1.x or OpenTofu 1.x, then retry.");
            match String::from_utf8_lossy(&stderr).trim() {
                "" => told,
                words => told.says("It says", words.to_owned()),
            }
        })?;
        Ok((shown, looks))
    }

    /// Writes variables where only the operator reads them; the argument that names the file.
    pub(crate) fn variables(&self, task: &Task, with: &TerraformPlan) -> Result<Option<String>, Diagnosis> {
        if with.vars.is_empty() {
            return Ok(None);
        }
        let path = task.scratch.join("vars.tfvars.json");
        let bytes = serde_json::to_vec(&with.vars).unwrap_or_default();
        private_file(&path, &bytes).map_err(|error| unkept(&error))?;
        Ok(Some(format!("-var-file={}", path.display())))
    }

    /// Arguments of `plan` for what a step asks for, without where to save it.
    pub(crate) fn plan_arguments(&self, task: &Task, with: &TerraformPlan) -> Result<Vec<String>, Diagnosis> {
        let mut all: Vec<String> =
            ["plan", "-json", "-input=false", "-detailed-exitcode"].map(str::to_owned).into();
        if let Some(limit) = with.lock_timeout {
            all.push(format!("-lock-timeout={}s", limit.get().as_secs()));
        }
        if let Some(count) = with.parallelism {
            all.push(format!("-parallelism={count}"));
        }
        for file in &with.var_file.0 {
            all.push(format!("-var-file={}", below(&self.folder, file)?.display()));
        }
        all.extend(self.variables(task, with)?);
        all.extend(with.targets.iter().map(|address| format!("-target={address}")));
        all.extend(with.replace.iter().map(|address| format!("-replace={address}")));
        if with.refresh_only {
            all.push("-refresh-only".into());
        }
        if with.destroy {
            all.push("-destroy".into());
        }
        Ok(all)
    }
}

/// What a program complains of, as far as it is told.
async fn complaints(err: Option<tokio::process::ChildStderr>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(err) = err {
        let (mut first, mut sink) = (err.take(64 * 1024), tokio::io::sink());
        // What cannot be read is not said, and what is too long is read all the same: a full pipe would stop the program.
        let _ = first.read_to_end(&mut text).await;
        let _ = tokio::io::copy(&mut first.into_inner(), &mut sink).await;
    }
    text
}

/// The backend of a folder, as `init` wrote it down there; null where it is the folder itself.
pub(crate) fn backend_of(folder: &Path) -> Value {
    let bytes = std::fs::read(folder.join(".terraform/terraform.tfstate")).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Forgets the private file of variables.
pub(crate) fn forget_variables(task: &Task) {
    // What cannot be removed goes with the run's folder of working files.
    let _ = std::fs::remove_file(task.scratch.join("vars.tfvars.json"));
}

pub(crate) fn unkept(error: &std::io::Error) -> Diagnosis {
    Diagnosis::of(format!("A working file could not be written: {error}"))
        .hint("See that the run's folder can be written and has space, then retry.")
}

/// Waits until a step's time is over, by its clock.
pub(crate) async fn over(task: &Task, limit: Option<Duration>) {
    match limit {
        Some(limit) => task.clock.sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Tells the operator what Terraform says.
pub(crate) struct Teller<'t> {
    task: &'t Task,
    stream: Stream,
    drawn: Option<tokio::time::Instant>,
}

impl<'t> Teller<'t> {
    pub(crate) fn new(task: &'t Task, stream: Stream) -> Self {
        Self { task, stream, drawn: None }
    }

    /// Takes a line.
    pub(crate) fn take(&mut self, line: &str) {
        if let Some(text) = self.stream.take(line) {
            self.task.progress.line("terraform", None, text);
        }
        if self.drawn.is_none_or(|at| at.elapsed() >= DRAWN) {
            self.drawn = Some(tokio::time::Instant::now());
            self.task.progress.shows(self.stream.card());
        }
    }

    /// All was said.
    pub(crate) fn end(self) -> Stream {
        self.task.progress.shows(self.stream.card());
        self.stream
    }
}

/// Bytes that come by a channel, for a reader that waits for them on a thread of its own.
struct Chunks {
    from: tokio::sync::mpsc::Receiver<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.chunk.len() {
            match self.from.blocking_recv() {
                Some(chunk) => (self.chunk, self.at) = (chunk, 0),
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.chunk.len() - self.at);
        into[..count].copy_from_slice(&self.chunk[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
