//! `git.apply`: a patch to the working copy, once. In practice a copy of the touched files gets it.

use super::patch::{Fit, Merged, Patch, unwritable, write};
use super::process::Git;
use crate::failure::{arguments, strange};
use crate::files::Files;
use crate::look::{Found, judged, list};
use async_trait::async_trait;
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_plan::kinds::{GitApply, GitApplyExpect};
use holdpoint_run::chain::hex;
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Lane, Mode, Receipt};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// The kind `git.apply`.
pub(crate) struct Apply {
    pub(crate) git: Git,
    pub(crate) files: Files,
}

#[async_trait]
impl Executor for Apply {
    fn kind(&self) -> &'static str {
        "git.apply"
    }

    fn undo(&self, action: &Action) -> Option<Action> {
        let mut with = action.with.clone();
        if with["check_only"] == true || with["reverse"] == true {
            return None;
        }
        with.as_object_mut()?.insert("reverse".into(), json!(true));
        Some(Action { uses: self.kind().into(), with, expect: json!({}), script: None })
    }

    fn pins(&self, with: &Value) -> Vec<String> {
        with["sha256"].as_str().map(key).into_iter().collect()
    }

    async fn pin(&self, task: &Task, _: &str) -> Result<Option<Value>, Diagnosis> {
        // The patch may be made by a step before this one: then it is not there yet, and not applied.
        match self.ready(task).await {
            Ok((patch, _)) => {
                let fit = patch.fit(&self.git, &self.files, task).await?;
                Ok(Some(json!({"applied": (fit == Fit::Applied) != patch.reverse})))
            }
            Err(_) => Ok(None),
        }
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let (patch, with) = self.ready(task).await?;
        let word = if with.reverse { "Take back" } else { "Apply" };
        let mut intent = Intent {
            summary: format!("{word} {} ({})", with.patch, list(patch.names.iter().map(String::as_str))),
            world: json!({"files": patch.names, "already": false, "resolved": null}),
            ..Intent::default()
        };
        if task.work.lane == Lane::Undo && task.pins.get(&key(&with.sha256)).is_some_and(was_there) {
            intent.summary = format!("Leave {}: it was there before the run", with.patch);
            intent.world["already"] = json!(true);
            return Ok(intent);
        }
        match patch.fit(&self.git, &self.files, task).await? {
            Fit::Applies => {}
            Fit::Applied => {
                intent.world["already"] = json!(true);
                return Ok(intent);
            }
            Fit::Both => {
                return Err(Diagnosis::of(format!(
                    "{} fits both ways: whether it was applied already cannot be told",
                    with.patch
                ))
                .hint("Make the patch with more lines around its changes (`git diff -U10`)."));
            }
            Fit::Neither(why) if with.three_way => {
                let resolved = self.merged(task, &patch, &with, &why).await?;
                if resolved.is_empty() {
                    intent.world["already"] = json!(true);
                    return Ok(intent);
                }
                let path = task.scratch.join("resolved.patch");
                write(&path, &resolved).await.map_err(|error| unwritable(&error))?;
                intent.world["resolved"] = json!(hex(&Sha256::digest(&resolved)));
            }
            Fit::Neither(why) => return Err(does_not_fit(&with, &why)),
        }
        if !with.check_only {
            let input = json!({
                "patch": with.patch, "sha256": with.sha256, "files": patch.names, "reverse": with.reverse,
                "merged": intent.world["resolved"],
            });
            intent.actions = vec![ActionPlan { call: "git apply".into(), input }];
        }
        Ok(intent)
    }

    async fn act(&self, task: &Task, intent: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        let (patch, _) = self.effective(task, intent).await.map_err(ActError::Refused)?;
        let said = match task.mode {
            Mode::Live => match &patch.top {
                Some((top, way)) => self.git.feed(top, &patch.words(way, &[]), &patch.bytes).await,
                None => {
                    self.git
                        .alone(&patch.dir.real, &patch.words(Path::new(""), &[]), Some(&patch.bytes))
                        .await
                }
            },
            Mode::Practice => self.on_copies(&patch).await,
        };
        let said = match said {
            Ok(said) if said.ok() => return Ok(receipt(&patch)),
            Ok(said) => said.stderr,
            Err(diagnosis) => diagnosis.headline,
        };
        // Git checks everything before it writes anything, but a disk may be full in the middle.
        let diagnosis = Diagnosis::of("git did not apply the patch").says("What git says", said.trim());
        match patch.fit(&self.git, &self.files, task).await {
            Ok(Fit::Applies) => Err(ActError::Refused(diagnosis.hint("Nothing was changed. Retry."))),
            Ok(Fit::Applied) => Ok(receipt(&patch)),
            Ok(Fit::Both | Fit::Neither(_)) | Err(_) => Err(ActError::Ambiguous(diagnosis)),
        }
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        _: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let (patch, with) = self.effective(task, intent).await?;
        Ok(match patch.fit(&self.git, &self.files, task).await? {
            Fit::Applied => Observation::TookEffect(receipt(&patch)),
            Fit::Applies => Observation::TookNoEffect { why: format!("{} can still be applied", with.patch) },
            Fit::Both | Fit::Neither(_) => Observation::Unsettled(
                Diagnosis::of(format!(
                    "Whether {} was applied cannot be told: it may be in parts",
                    with.patch
                ))
                .says("Files", list(patch.names.iter().map(String::as_str)))
                .hint("Look at `git diff` of these files. Restore them, then say that it took no effect."),
            ),
        })
    }

    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending {
        match self.ending(task, intent, receipts) {
            Ok(found) => found.ending(),
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Apply {
    async fn ready(&self, task: &Task) -> Result<(Patch, GitApply), Diagnosis> {
        let with: GitApply = arguments(&task.with)?;
        let patch = Patch::read(&self.git, &self.files, task, &with).await?;
        Ok((patch, with))
    }

    /// The patch that is applied: the plan's, or what a three-way merge made of it, which the intent names.
    async fn effective(&self, task: &Task, intent: &Intent) -> Result<(Patch, GitApply), Diagnosis> {
        let (mut patch, with) = self.ready(task).await?;
        if let Some(digest) = intent.world["resolved"].as_str() {
            let merged = tokio::fs::read(task.scratch.join("resolved.patch")).await.unwrap_or_default();
            if hex(&Sha256::digest(&merged)) != digest {
                return Err(strange("the merged patch is no longer in the run's folder"));
            }
            // It has paths from the folder, and the direction is in it.
            (patch.bytes, patch.strip, patch.reverse) = (merged, 0, false);
        }
        Ok((patch, with))
    }

    async fn merged(
        &self,
        task: &Task,
        patch: &Patch,
        with: &GitApply,
        why: &str,
    ) -> Result<Vec<u8>, Diagnosis> {
        match patch.merge(&self.git, &self.files, task).await? {
            Merged::Patch(bytes) => Ok(bytes),
            Merged::Conflicts(files) => Err(Diagnosis::of(format!(
                "{} is in conflict with {}",
                with.patch,
                list(files.iter().map(String::as_str))
            ))
            .says("Files in conflict", files.join("\n"))
            .says("What git says", why)
            .hint(
                "Nothing was changed. Merge these files by hand, make a new patch, and name it in the plan.",
            )),
            Merged::Impossible(merge) => Err(does_not_fit(with, why).says("Three-way merge", merge)),
        }
    }

    /// Applies to the run's copies, which later steps of the run read instead of the real files.
    async fn on_copies(&self, patch: &Patch) -> Result<super::process::Ran, Diagnosis> {
        let copies = self.files.copies().ok_or_else(|| strange("practice has no folder for copies"))?;
        for name in &patch.names {
            let place = patch.place(name);
            let copy = crate::files::copied(copies, &place.relative);
            let bytes = self.files.bytes(&place).await.map_err(|error| unwritable(&error))?;
            if let Some(bytes) = bytes {
                write(&copy, &bytes).await.map_err(|error| unwritable(&error))?;
            }
        }
        let ground = copies.join("now");
        tokio::fs::create_dir_all(&ground).await.map_err(|error| unwritable(&error))?;
        let said =
            self.git.alone(&ground, &patch.words(&patch.dir.relative, &[]), Some(&patch.bytes)).await?;
        for name in &patch.names {
            let relative = patch.place(name).relative;
            let mark = crate::files::gone(copies, &relative);
            let kept = match crate::files::copied(copies, &relative).exists() {
                true => match tokio::fs::remove_file(&mark).await {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                },
                false => write(&mark, b"").await,
            };
            kept.map_err(|error| unwritable(&error))?;
        }
        Ok(said)
    }

    fn ending(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Result<Found, Diagnosis> {
        let with: GitApply = arguments(&task.with)?;
        let expect: GitApplyExpect = arguments(&task.expect)?;
        let mut names: Vec<String> =
            serde_json::from_value(intent.world["files"].clone()).unwrap_or_default();
        names.sort();
        let already = intent.world["already"] == true;
        let mut judgements = Vec::new();
        if let Some(mut wanted) = expect.files {
            wanted.sort();
            let shown = |names: &[String]| list(names.iter().map(String::as_str));
            judgements.push(judged("touched files", shown(&wanted), shown(&names), wanted == names));
        }
        let note = if already {
            Some(
                if with.reverse { "there was nothing to take back" } else { "it was applied already" }
                    .to_owned(),
            )
        } else if with.check_only {
            Some("it would apply; nothing was changed".to_owned())
        } else if task.mode == Mode::Practice {
            Some("it was applied to a copy of these files, which later checks of this run read".to_owned())
        } else {
            (!intent.world["resolved"].is_null()).then(|| "it was merged three ways".to_owned())
        };
        Ok(Found {
            outputs: vec![
                ("applied", json!(!receipts.is_empty())),
                ("already_applied", json!(already)),
                ("files", json!(names)),
            ],
            judgements,
            note,
        })
    }
}

fn key(sha256: impl AsRef<str>) -> String {
    format!("git/{}", sha256.as_ref().trim().to_ascii_lowercase())
}

fn was_there(pin: &holdpoint_run::Pin) -> bool {
    pin.content.as_ref().is_some_and(|content| content["applied"] == true)
}

fn receipt(patch: &Patch) -> Receipt {
    Receipt { external: Vec::new(), request_id: None, body: json!({"files": patch.names}) }
}

fn does_not_fit(with: &GitApply, why: &str) -> Diagnosis {
    let files: Vec<&str> = why
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .filter_map(|line| {
            line.strip_suffix(": patch does not apply")
                .or_else(|| line.strip_suffix(": No such file or directory"))
        })
        .collect();
    let diagnosis = Diagnosis::of(format!("{} does not fit {}", with.patch, list(files.iter().copied())))
        .says("What git says", why)
        .hint("Nothing was changed. Look what changed in these files since the patch was made, and make it anew.");
    if with.three_way { diagnosis } else { diagnosis.hint("Or let git merge it: `three_way: true`.") }
}
