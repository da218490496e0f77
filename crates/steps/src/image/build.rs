//! `image.build`: an image by `docker buildx`, live, as a child of the run with the run's identity.
//!
//! Values of arguments and secrets reach Docker by its environment: a command line can be read by everybody on the machine.

use super::subject::{USUAL, platform, reference, told};
use crate::failure::{arguments, strange};
use crate::shell::Child;
use crate::shell::process::{NotRun, Ran, evidence, place, run, run_words};
use async_trait::async_trait;
use holdpoint_cloud::registry::{Digest, ImageRef, Registries};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{ImageBuild, ImageBuildExpect, Shell, ShellName};
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, Judgement, Lane, Mode, OutputValue, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// The action.
const BUILD: &str = "docker:buildx build";
/// Where buildx leaves the digest.
const METADATA: &str = "metadata.json";
/// Lines of standard error in a diagnosis.
const LAST_LINES: usize = 20;

/// The kind `image.build`.
pub(crate) struct Build {
    pub(super) registries: Registries,
    pub(super) child: Child,
}

#[async_trait]
impl Executor for Build {
    fn kind(&self) -> &'static str {
        "image.build"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: ImageBuild = arguments(&task.with)?;
        let first = first_tag(&with)?;
        platform(with.platform.as_deref().unwrap_or(USUAL))?;
        context(task, &with)?;
        let summary = format!("Build {} from {}", with.tags.join(", "), with.context);
        match stands_for(task) {
            Stands::Nothing(_) => return Ok(Intent { summary, ..Intent::default() }),
            Stands::Command(text) => {
                let actions = vec![ActionPlan { call: "shell".into(), input: json!({"script": text}) }];
                return Ok(Intent { summary, actions, ..Intent::default() });
            }
            Stands::Itself => {}
        }
        if !is_in_path(&self.child, "docker") {
            return Err(Diagnosis::of("There is no program `docker` on this machine").hint(
                "Install Docker with its buildx plugin, or build elsewhere and copy with `image.mirror`.",
            ));
        }
        let previous = match with.push {
            true => {
                let found = self.registries.digest(&first).await;
                found.map_err(|fault| told(&format!("{first} cannot be looked at"), &fault))?
            }
            false => None,
        };
        let words = words(task, &with, Path::new(METADATA))?;
        let shown: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let actions = vec![ActionPlan { call: BUILD.into(), input: json!({"command": shown}) }];
        Ok(Intent { summary, actions, world: json!({"previous": previous}), ..Intent::default() })
    }

    async fn act(&self, task: &Task, intent: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        let with: ImageBuild = arguments(&task.with).map_err(ActError::Refused)?;
        let planned = intent.actions.first().map(|action| action.call.as_str());
        let ran = match (stands_for(task), planned) {
            (Stands::Command(text), Some("shell")) => {
                run(&self.child, task, &Shell::default(), ShellName::Bash, &text, true).await
            }
            (Stands::Itself, Some(BUILD)) => {
                let metadata = self.folder(task).join(METADATA);
                let words = words(task, &with, &metadata).map_err(ActError::Refused)?;
                let env = environment(&with).map_err(ActError::Refused)?;
                let shell = Shell { env, ..Shell::default() };
                run_words(&self.child, task, &shell, words, "", true).await
            }
            _ => return Err(ActError::Refused(strange("it does not name what is run"))),
        };
        match ran {
            Ok(ran) if ran.exit == 0 => self.receipt(task, &with).map_err(ActError::Ambiguous),
            // What was pushed before it failed, if anything, has no name: tags are pushed last.
            Ok(ran) => Ok(Receipt { external: Vec::new(), request_id: None, body: failed_body(&ran) }),
            Err(NotRun::Before(why)) => {
                Err(ActError::Refused(Diagnosis::of(format!("The build was not started: {why}"))))
            }
            Err(NotRun::Killed(why)) => Err(ActError::Ambiguous(
                Diagnosis::of(format!("The build was killed: {why}"))
                    .hint("Look at what the tag leads to, then retry: a build may be done again."),
            )),
        }
    }

    async fn observe(
        &self,
        task: &Task,
        _: &Intent,
        _: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let with: ImageBuild = arguments(&task.with)?;
        let found = evidence(&self.child.folder, &task.mark()).await;
        Ok(match (found.began, found.exit) {
            (false, _) => Observation::TookNoEffect { why: "the build was never started".into() },
            (true, Some(0)) => Observation::TookEffect(self.receipt(task, &with)?),
            (true, Some(code)) => {
                Observation::TookNoEffect { why: format!("the build ended with exit code {code}") }
            }
            (true, None) => Observation::Unsettled(
                Diagnosis::of("The build was started, and how it ended is not known")
                    .says(
                        "Its process",
                        found.pid.map_or("left no id".into(), |pid| format!("had the id {pid}")),
                    )
                    .hint("Look whether it still runs and what the tag leads to; a build may be done again."),
            ),
        })
    }

    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending {
        match self.conclude(task, intent, receipts).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Build {
    fn folder(&self, task: &Task) -> PathBuf {
        let folder = place(&self.child.folder, &task.mark());
        // Absolute, since Docker is started in the plan's folder.
        std::path::absolute(&folder).unwrap_or(folder)
    }

    /// What a build that ended well left; what stands for one leaves no digest.
    fn receipt(&self, task: &Task, with: &ImageBuild) -> Result<Receipt, Diagnosis> {
        if !matches!(stands_for(task), Stands::Itself) {
            return Ok(Receipt { external: Vec::new(), request_id: None, body: json!({"exit": 0}) });
        }
        let file = self.folder(task).join(METADATA);
        let unknown = |why: String| {
            Diagnosis::of(format!("The build ended well, and what it built is not known: {why}"))
                .hint("Update Docker's buildx plugin: it writes the digest by `--metadata-file`.")
        };
        let text = std::fs::read(&file).map_err(|error| unknown(format!("{}: {error}", file.display())))?;
        let metadata: Value = serde_json::from_slice(&text).map_err(|error| unknown(error.to_string()))?;
        let digest = metadata["containerimage.digest"].as_str().and_then(|text| text.parse::<Digest>().ok());
        let digest = digest.ok_or_else(|| unknown("its metadata holds no digest".into()))?;
        let id = format!("{}@{digest}", first_tag(with)?.name());
        let external = vec![External { kind: "image".into(), id }];
        Ok(Receipt { external, request_id: None, body: json!({"exit": 0, "digest": digest}) })
    }

    async fn conclude(
        &self,
        task: &Task,
        intent: &Intent,
        receipts: &[Receipt],
    ) -> Result<Ending, Diagnosis> {
        let with: ImageBuild = arguments(&task.with)?;
        let expect: ImageBuildExpect = arguments(&task.expect)?;
        let body = match (stands_for(task), receipts.first()) {
            (Stands::Nothing(why), _) => return Ok(Ending::NotPractised(why)),
            (Stands::Command(_) | Stands::Itself, Some(receipt)) => &receipt.body,
            (Stands::Command(_) | Stands::Itself, None) => return Err(strange("it has no receipt")),
        };
        if body["exit"] != 0 {
            return Ok(Ending::Failed(explained(body)));
        }
        let (digest, previous) = (body["digest"].clone(), intent.world["previous"].clone());
        let is_practised = digest.is_null();
        let (mut image, mut changed) = (Value::Null, Value::Null);
        if with.push && !is_practised {
            let first = first_tag(&with)?;
            let pushed: Digest =
                digest.as_str().unwrap_or_default().parse().map_err(|_| strange("no digest"))?;
            let found = self.registries.digest(&first).await;
            let found = found.map_err(|fault| told(&format!("{first} cannot be looked at"), &fault))?;
            if found.as_ref() != Some(&pushed) {
                let found = found.map_or("nothing".to_owned(), |digest| digest.to_string());
                return Err(Diagnosis::of(format!("{first} does not lead to what was built"))
                    .says("Expected", pushed.to_string())
                    .says("Found", found)
                    .hint("Somebody else may have pushed meanwhile: build again."));
            }
            image = json!(first.at(&pushed).to_string());
            changed = json!(digest != previous);
        }
        let judged = |expected: bool| Judgement {
            what: "changed".into(),
            expected: expected.to_string(),
            found: changed.as_bool().map_or("not known".into(), |changed| told_change(changed, expected)),
            holds: is_practised || changed == json!(expected),
            assumed: is_practised,
        };
        let judgements = expect.changed.map(judged).into_iter().collect();
        let outputs =
            [("digest", digest), ("previous_digest", previous), ("changed", changed), ("image", image)];
        let outputs = outputs.into_iter().map(|(name, value)| (name.to_owned(), OutputValue::plain(value)));
        let note = is_practised.then(|| "the step's own practice command stood for the build".to_owned());
        Ok(Ending::Succeeded {
            outputs: outputs.collect(),
            secret_outputs: BTreeMap::new(),
            judgements,
            note,
        })
    }
}

fn told_change(changed: bool, expected: bool) -> String {
    match (changed, expected) {
        (false, true) => "false: the digest is unchanged".into(),
        (changed, _) => changed.to_string(),
    }
}

/// What is run: the build, what the plan names for it in practice, or nothing, and why.
enum Stands {
    Itself,
    Command(String),
    Nothing(String),
}

fn stands_for(task: &Task) -> Stands {
    if task.mode == Mode::Live {
        return Stands::Itself;
    }
    let practice = task.step.practice.as_ref().filter(|_| task.work.lane == Lane::Forward);
    match practice.and_then(|practice| practice.command.clone()) {
        Some(command) => Stands::Command(command),
        None => {
            let why = practice.and_then(|practice| practice.skip.clone());
            Stands::Nothing(why.unwrap_or_else(|| "a build needs Docker and the network".into()))
        }
    }
}

fn first_tag(with: &ImageBuild) -> Result<ImageRef, Diagnosis> {
    for tag in &with.tags {
        if reference(tag)?.digest().is_some() {
            return Err(Diagnosis::of(format!("`{tag}` names a digest: a build gets names only"))
                .hint("Correct the step in the plan."));
        }
    }
    let first = with.tags.first();
    let first = first.ok_or_else(|| Diagnosis::of("`tags` is empty").hint("Name the image in the plan."))?;
    reference(first)
}

/// The context's folder, which must be in the plan's.
fn context(task: &Task, with: &ImageBuild) -> Result<PathBuf, Diagnosis> {
    let inside = |text: &str| {
        Path::new(text).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    };
    for text in std::iter::once(&with.context).chain(&with.dockerfile) {
        if !inside(text) {
            return Err(Diagnosis::of(format!("`{text}` leads out of the plan's folder"))
                .hint("Correct the step in the plan."));
        }
    }
    Ok(task.folder.join(&with.context))
}

/// The whole command line. Nothing in it is a value of an argument or a secret.
fn words(task: &Task, with: &ImageBuild, metadata: &Path) -> Result<Vec<OsString>, Diagnosis> {
    let context = context(task, with)?;
    let mut words: Vec<OsString> = Vec::new();
    let mut say = |parts: &[&str]| words.extend(parts.iter().map(OsString::from));
    // A provenance names the time of the build, so that the same image would have another digest each time.
    say(&["docker", "buildx", "build", "--progress=plain", "--provenance=false"]);
    say(&["--platform", with.platform.as_deref().unwrap_or(USUAL)]);
    for tag in &with.tags {
        say(&["--tag", tag]);
    }
    if let Some(target) = &with.target {
        say(&["--target", target]);
    }
    if with.cache == Some(false) {
        say(&["--no-cache"]);
    }
    for name in with.build_args.keys() {
        say(&["--build-arg", name]);
    }
    for (number, id) in with.secrets.keys().enumerate() {
        say(&["--secret", &format!("id={id},env={}", variable(number))]);
    }
    say(&[if with.push { "--push" } else { "--load" }]);
    if let Some(dockerfile) = &with.dockerfile {
        words.push("--file".into());
        words.push(context.join(dockerfile).into());
    }
    words.push("--metadata-file".into());
    words.push(metadata.into());
    words.push("--".into());
    words.push(context.into());
    Ok(words)
}

fn variable(number: usize) -> String {
    format!("BUILD_SECRET_{number}")
}

/// What Docker reads by name. A name that means something to Docker itself cannot be an argument's.
fn environment(with: &ImageBuild) -> Result<BTreeMap<String, String>, Diagnosis> {
    let is_name = |name: &str| {
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
    };
    let taken = ["PATH", "HOME", "USER", "SHELL", "TMPDIR"];
    for name in with.build_args.keys() {
        let upper = name.to_ascii_uppercase();
        let is_dockers = ["DOCKER_", "BUILDX_", "BUILDKIT_", "BUILD_SECRET_", "AWS_"];
        if !is_name(name)
            || taken.contains(&upper.as_str())
            || is_dockers.iter().any(|prefix| upper.starts_with(prefix))
        {
            return Err(Diagnosis::of(format!("`{name}` cannot be the name of a build argument here")).hint(
                "It reaches Docker by its environment, where that name has a meaning: choose another one.",
            ));
        }
    }
    let id_fits = |id: &str| {
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    if let Some(id) = with.secrets.keys().find(|id| !id_fits(id)) {
        return Err(Diagnosis::of(format!("`{id}` cannot be the id of a secret"))
            .hint("Letters, digits, dots, hyphens and underscores can."));
    }
    let secrets = with.secrets.values().enumerate().map(|(number, value)| (variable(number), value.clone()));
    Ok(with.build_args.clone().into_iter().chain(secrets).collect())
}

fn is_in_path(child: &Child, program: &str) -> bool {
    let names: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ""] } else { &[""] };
    child.env.os("PATH").is_some_and(|path| {
        std::env::split_paths(path)
            .any(|folder| names.iter().any(|ending| folder.join(format!("{program}{ending}")).is_file()))
    })
}

fn failed_body(ran: &Ran) -> Value {
    let lines: Vec<&str> = ran.stderr.lines().chain(ran.stdout.lines()).collect();
    let last: Vec<&str> = lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).copied().collect();
    json!({"exit": ran.exit, "last": last})
}

/// Why a build failed, in words of what is to be done.
fn explained(body: &Value) -> Diagnosis {
    let last: Vec<String> =
        body["last"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let has = |text: &str| last.iter().any(|line| line.contains(text));
    let diagnosis = Diagnosis::of(format!("The build ended with exit code {}", body["exit"]));
    let diagnosis = if has("unknown command: docker buildx") || has("'buildx' is not a docker command") {
        diagnosis.hint("Docker has no buildx plugin on this machine: install the package `docker-buildx`.")
    } else if has("Cannot connect to the Docker daemon") || has("failed to connect to the docker API") {
        diagnosis.hint("Docker is not running, or this user may not use it: start it, then retry.")
    } else if has("exec format error") {
        diagnosis.hint("This machine cannot run programs of that platform: install `qemu-user-static`, or use a builder that can.")
    } else if has("denied") || has("unauthorized") || has("no basic auth credentials") {
        diagnosis.hint("The registry did not take the push: allow the role to write this repository.")
    } else {
        diagnosis.hint("Correct what the last lines say, then retry.")
    };
    let diagnosis = match last.iter().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => diagnosis.says("Last words", line.clone()),
        None => diagnosis.says("Last words", "none"),
    };
    Diagnosis { last_log: last, ..diagnosis }
}
