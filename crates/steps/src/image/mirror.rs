//! `image.mirror`: an image from registry to registry, by digest.
//!
//! Its actions: the repository where it is wanted and missing, the layers, and the manifest under its names. Each says by
//! reading whether it took effect, and what is there is never sent again, so that a copy goes on where it was.

use super::card::Card;
use super::subject::{USUAL, act_told, ecr_of, platform, reference, told};
use crate::ecs::confirmed;
use crate::failure::{act_failed, arguments, failed, strange};
use crate::patience::Patience;
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_cloud::registry::{Digest, Mirror, Moved, Registries, Stands, Survey, Wanted, in_words};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{ImageMirror, ImageMirrorExpect};
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, Judgement, OutputValue, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Layers at once where the plan says nothing.
pub(super) const AT_ONCE: u8 = 4;
/// The actions.
const CREATE: &str = "ecr:CreateRepository";
const COPY: &str = "registry:CopyLayers";
const NAME: &str = "registry:PutManifest";
/// What is waited for no longer than the step may take.
const LOOKING: &str = "Looking at the registries";

/// The kind `image.mirror`.
pub(crate) struct Copy {
    pub(super) cloud: Cloud,
    pub(super) registries: Registries,
}

#[async_trait]
impl Executor for Copy {
    fn kind(&self) -> &'static str {
        "image.mirror"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: ImageMirror = arguments(&task.with)?;
        let mirror = wanted(&with)?;
        let create = self.missing_repository(task, &with, &mirror).await?;
        let survey = Patience::of(task).within(LOOKING, self.registries.survey(&mirror)).await?;
        let survey = survey.map_err(|fault| told(&format!("{} cannot be copied", with.from), &fault))?;
        let mut actions = Vec::new();
        actions.extend(create.map(|input| ActionPlan { call: CREATE.into(), input }));
        if survey.needs_blobs() {
            actions.push(ActionPlan { call: COPY.into(), input: copy_input(&mirror, &survey) });
        }
        if !survey.is_there || !survey.missing_tags().is_empty() {
            let input = json!({
                "repository": mirror.to.name(), "digest": survey.digest, "tags": survey.missing_tags(),
            });
            actions.push(ActionPlan { call: NAME.into(), input });
        }
        let already = actions.is_empty().then(|| format!("{} is there under its names", survey.digest));
        let image = mirror.to.at(&survey.digest);
        Ok(Intent {
            summary: summary(&mirror, &survey),
            actions,
            world: world(&mirror, &survey, &image.to_string()),
            already,
            ..Intent::default()
        })
    }

    async fn act(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        _: &[Receipt],
    ) -> Result<Receipt, ActError> {
        let planned =
            intent.actions.get(action).ok_or_else(|| ActError::Refused(strange("it has no such action")))?;
        if planned.call == CREATE {
            return self.create(&planned.input).await;
        }
        let (mirror, survey) = self.again(task, intent).await.map_err(ActError::Refused)?;
        let with: ImageMirror = arguments(&task.with).map_err(ActError::Refused)?;
        let patience = Patience::of(task);
        match planned.call.as_str() {
            COPY => {
                let card = Arc::new(Card::new(&mirror, &survey, task.progress.clone()));
                card.show();
                let told_card = Arc::clone(&card);
                let heard = Arc::new(move |digest: &Digest, step| told_card.heard(digest, step));
                let at_once = usize::from(with.concurrency.unwrap_or(AT_ONCE).max(1));
                let copying = self.registries.copy_blobs(&mirror, &survey, at_once, heard);
                // What has arrived stays, and is not sent again; nothing has a name yet.
                let moved = patience.within("Copying", copying).await.map_err(ActError::Refused)?;
                let moved = moved.map_err(|fault| act_told("The layers were not copied", &fault))?;
                Ok(copied(&moved))
            }
            NAME => {
                let put =
                    patience.within("Naming the copy", self.registries.put_names(&mirror, &survey)).await;
                put.map_err(ActError::Ambiguous)?
                    .map_err(|fault| act_told("The image got no name", &fault))?;
                Ok(named(intent))
            }
            call => Err(ActError::Refused(strange(&format!("`{call}` is none of its actions")))),
        }
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        action: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let planned = intent.actions.get(action).ok_or_else(|| strange("it has no such action"))?;
        if planned.call == CREATE {
            let (account, name) = repository_in(&planned.input)?;
            let found = confirmed(task, || async {
                let found = self.cloud.repository(account, name).await;
                found.map_err(|error| failed("The repository cannot be looked for", &error))
            });
            return Ok(match found.await? {
                Some(_) => Observation::TookEffect(created(name, None)),
                None => Observation::TookNoEffect { why: format!("there is no repository {name}") },
            });
        }
        let (_, survey) = self.again(task, intent).await?;
        let left = survey.of(Stands::Missing).count() + survey.of(Stands::Neighbour).count();
        let none = |why: String| Ok(Observation::TookNoEffect { why });
        match planned.call.as_str() {
            COPY if survey.needs_blobs() => {
                none(format!("{left} of {} layers are missing", survey.blobs.len()))
            }
            COPY => Ok(Observation::TookEffect(copied(&planned_moves(&planned.input)))),
            NAME if !survey.is_there || !survey.missing_tags().is_empty() => {
                none("not all of its names lead to it".to_owned())
            }
            NAME => Ok(Observation::TookEffect(named(intent))),
            call => Err(strange(&format!("`{call}` is none of its actions"))),
        }
    }

    async fn follow(&self, task: &Task, intent: &Intent, receipts: &[Receipt]) -> Ending {
        match self.verified(task, intent, receipts).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Copy {
    /// What is to be created, where a repository of ECR is missing.
    async fn missing_repository(
        &self,
        task: &Task,
        with: &ImageMirror,
        mirror: &Mirror,
    ) -> Result<Option<Value>, Diagnosis> {
        let Some(registry) = ecr_of(task, &mirror.to) else { return Ok(None) };
        let name = mirror.to.repository();
        match self.cloud.repository(&registry.account, name).await {
            Ok(Some(_)) => Ok(None),
            Ok(None) if with.create_repository => {
                Ok(Some(json!({"registryId": registry.account, "repositoryName": name})))
            }
            Ok(None) => Err(Diagnosis::of(format!("There is no repository `{name}` in {registry}"))
                .hint("Create it, or say `create_repository: true` in the step.")),
            // Who may push need not be allowed to look: the push will tell.
            Err(error) if error.is_unavailable() && !with.create_repository => Ok(None),
            Err(error) => Err(failed(&format!("The repository `{name}` cannot be looked for"), &error)),
        }
    }

    async fn create(&self, input: &Value) -> Result<Receipt, ActError> {
        let (_, name) = repository_in(input).map_err(ActError::Refused)?;
        match self.cloud.change(CREATE, input).await {
            Ok(answer) => Ok(created(name, answer.request_id)),
            Err(error) if error.code() == Some("RepositoryAlreadyExistsException") => Ok(created(name, None)),
            Err(error) => Err(act_failed(&format!("The repository `{name}` was not created"), &error)),
        }
    }

    /// The same copy as when it was prepared: by the source's digest, even when its tag has moved.
    async fn again(&self, task: &Task, intent: &Intent) -> Result<(Mirror, Survey), Diagnosis> {
        let with: ImageMirror = arguments(&task.with)?;
        let planned = wanted(&with)?;
        let text = |name: &str| intent.world[name].as_str().unwrap_or_default().to_owned();
        let from = text("source").parse().map_err(|_| strange("it names no source"))?;
        let mirror = Mirror { from, ..planned };
        let survey = Patience::of(task).within(LOOKING, self.registries.survey(&mirror)).await?;
        let survey = survey.map_err(|fault| told(&format!("{} cannot be copied", with.from), &fault))?;
        match survey.digest.as_str() == text("digest") {
            true => Ok((mirror, survey)),
            false => Err(strange("the source leads to another image than it names")),
        }
    }

    async fn verified(
        &self,
        task: &Task,
        intent: &Intent,
        receipts: &[Receipt],
    ) -> Result<Ending, Diagnosis> {
        let with: ImageMirror = arguments(&task.with)?;
        let expect: ImageMirrorExpect = arguments(&task.expect)?;
        let mirror = wanted(&with)?;
        let text = |name: &str| intent.world[name].as_str().unwrap_or_default().to_owned();
        let digest: Digest = text("digest").parse().map_err(|_| strange("it names no digest"))?;
        let platforms = Patience::of(task).within(LOOKING, self.registries.verify(&mirror, &digest)).await?;
        let platforms = platforms
            .map_err(|fault| told(&format!("{} is not what was copied", mirror.to.name()), &fault))?;
        let moved = receipts.iter().find(|receipt| receipt.body["copied_bytes"].is_u64());
        let number = |name: &str| moved.map_or(0, |receipt| receipt.body[name].as_u64().unwrap_or(0));
        let skipped = match moved {
            Some(_) => number("present"),
            None => intent.world["layers"].as_array().map_or(0, |layers| layers.len() as u64),
        };
        let mut judgements = Vec::new();
        if let Some(expected) = &expect.digest {
            judgements.push(judgement("digest", expected, digest.as_str(), expected == digest.as_str()));
        }
        if let Some(expected) = &expect.platform {
            let wanted = platform(expected)?;
            let offered = platforms.iter().any(|found| found.fits(&wanted));
            judgements.push(judgement("platform", expected, &in_words(&platforms), offered));
        }
        let outputs = [
            ("source_digest", json!(text("source_digest"))),
            ("digest", json!(digest)),
            ("image", json!(mirror.to.at(&digest).to_string())),
            ("platform", json!(in_words(&platforms))),
            ("copied_bytes", json!(number("copied_bytes"))),
            ("skipped_layers", json!(skipped)),
            ("mounted_layers", json!(number("mounted"))),
        ];
        let outputs = outputs.into_iter().map(|(name, value)| (name.to_owned(), OutputValue::plain(value)));
        Ok(Ending::Succeeded {
            outputs: outputs.collect(),
            secret_outputs: BTreeMap::new(),
            judgements,
            note: intent.already.clone(),
        })
    }
}

/// The copy that a step asks for.
pub(super) fn wanted(with: &ImageMirror) -> Result<Mirror, Diagnosis> {
    let (from, to) = (reference(&with.from)?, reference(&with.to)?);
    let correct = |why: String| Diagnosis::of(why).hint("Correct the step in the plan.");
    if to.digest().is_some() {
        return Err(correct(format!(
            "`{}` names a digest: a copy has the digest of what is copied",
            with.to
        )));
    }
    let own = to.tag().or_else(|| from.tag().filter(|_| to.tag().is_none()));
    // Neither a tag nor a digest is `latest`, as for every client.
    let own = own.or((from.digest().is_none()).then_some("latest"));
    let mut tags: Vec<String> = own.map(str::to_owned).into_iter().collect();
    for tag in &with.tags {
        to.tagged(tag).map_err(|error| correct(error.to_string()))?;
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    let wanted = match with.platform.as_deref().unwrap_or(USUAL) {
        "all" => Wanted::All,
        text => Wanted::One(platform(text)?),
    };
    Ok(Mirror { from, to, wanted, tags })
}

fn summary(mirror: &Mirror, survey: &Survey) -> String {
    let count = |stands| survey.of(stands).count();
    let mut parts = Vec::new();
    for (number, words) in [
        (count(Stands::Missing), format!("to copy, {}", size(survey.bytes(Stands::Missing)))),
        (count(Stands::Neighbour), "to mount".to_owned()),
        (count(Stands::Present), "there already".to_owned()),
        (count(Stands::Foreign), "to be had elsewhere".to_owned()),
    ] {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    format!("Copy {} to {}: {}", mirror.from, mirror.to.name(), parts.join(" · "))
}

/// Bytes, for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

fn copy_input(mirror: &Mirror, survey: &Survey) -> Value {
    let of = |stands| -> Vec<Value> {
        survey
            .of(stands)
            .map(|blob| json!({"digest": blob.descriptor.digest, "size": blob.descriptor.size}))
            .collect()
    };
    json!({
        "from": survey.source.to_string(),
        "to": mirror.to.name(),
        "bytes": survey.bytes(Stands::Missing),
        "copy": of(Stands::Missing),
        "mount": of(Stands::Neighbour),
        "present": of(Stands::Present),
    })
}

fn world(mirror: &Mirror, survey: &Survey, image: &str) -> Value {
    let layers: Vec<Value> = survey.blobs.iter().map(|blob| json!(blob.descriptor.digest)).collect();
    let tags: Vec<Value> = survey.tags.iter().map(|(tag, was)| json!({"tag": tag, "was": was})).collect();
    json!({
        "source": survey.source.to_string(),
        "source_digest": survey.source_digest,
        "digest": survey.digest,
        "image": image,
        "platform": mirror.platform(),
        "platforms": survey.platforms.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "layers": layers,
        "tags": tags,
    })
}

/// What an action would have done, when its answer was lost and all is there.
fn planned_moves(input: &Value) -> Moved {
    let count = |name: &str| input[name].as_array().map_or(0, |all| all.len() as u64);
    Moved {
        bytes: input["bytes"].as_u64().unwrap_or(0),
        copied: count("copy"),
        mounted: count("mount"),
        present: count("present"),
    }
}

fn copied(moved: &Moved) -> Receipt {
    let body = json!({
        "copied_bytes": moved.bytes, "copied": moved.copied, "mounted": moved.mounted, "present": moved.present,
    });
    Receipt { external: Vec::new(), request_id: None, body }
}

fn named(intent: &Intent) -> Receipt {
    let id = intent.world["image"].as_str().unwrap_or_default().to_owned();
    Receipt { external: vec![External { kind: "image".into(), id }], request_id: None, body: json!({}) }
}

fn created(name: &str, request_id: Option<String>) -> Receipt {
    let external = vec![External { kind: "repository".into(), id: name.to_owned() }];
    Receipt { external, request_id, body: json!({}) }
}

fn repository_in(input: &Value) -> Result<(&str, &str), Diagnosis> {
    let text = |name: &str| input[name].as_str().ok_or_else(|| strange("it names no repository"));
    Ok((text("registryId")?, text("repositoryName")?))
}

fn judgement(what: &str, expected: &str, found: &str, holds: bool) -> Judgement {
    Judgement { what: what.into(), expected: expected.into(), found: found.into(), holds, assumed: false }
}
