//! `image.inspect`: what an image is, asked of its registry.

use super::subject::{ecr_of, platform, reference, told};
use crate::failure::{arguments, failed};
use crate::patience::Patience;
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_cloud::registry::{Content, Found, ImageRef, Registries, in_words};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{ImageInspect, ImageInspectExpect, ScanLimits};
use holdpoint_run::{Diagnosis, Intent, Judgement, OutputValue, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a scan that has not ended is looked at, in plan time.
const LOOK: Duration = Duration::from_secs(5);
/// How long a scan is waited for where the plan says nothing.
const SCAN: Duration = Duration::from_secs(300);

/// The kind `image.inspect`.
pub(crate) struct Inspect {
    pub(super) cloud: Cloud,
    pub(super) registries: Registries,
}

#[async_trait]
impl Executor for Inspect {
    fn kind(&self) -> &'static str {
        "image.inspect"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: ImageInspect = arguments(&task.with)?;
        reference(&with.image)?;
        with.platform.as_deref().map(platform).transpose()?;
        Ok(Intent { summary: format!("Look at {}", with.image), ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`image.inspect` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`image.inspect` changes nothing".into() })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        match self.look(task).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Inspect {
    async fn look(&self, task: &Task) -> Result<Ending, Diagnosis> {
        let with: ImageInspect = arguments(&task.with)?;
        let expect: ImageInspectExpect = arguments(&task.expect)?;
        let image = reference(&with.image)?;
        let wanted = with.platform.as_deref().or(expect.platform.as_deref()).map(platform).transpose()?;
        let what = format!("{image} cannot be looked at");
        let should_exist = expect.exists.unwrap_or(true);
        let exists = |found: bool| judgement("exists", should_exist, found);
        let patience = Patience::of(task);
        let looking = format!("Looking at {image}");
        let found = match patience.within(&looking, self.registries.find(&image, wanted.as_ref())).await? {
            Err(fault) if fault.is_missing() && expect.exists.is_some() => {
                return Ok(succeeded(BTreeMap::new(), vec![exists(false)]));
            }
            found => found.map_err(|fault| told(&what, &fault))?,
        };
        let mut judgements = if expect.exists.is_some() { vec![exists(true)] } else { Vec::new() };
        judgements.extend(judge(&expect, &found));
        if !expect.files.is_empty() || !expect.files_lack.is_empty() {
            task.progress.says(format!("looking into the layers of {image}"));
            let paths: Vec<String> = expect.files.iter().chain(&expect.files_lack).cloned().collect();
            let has =
                patience.within(&looking, self.registries.files_in(&image, &found.image, &paths)).await?;
            let has = has.map_err(|fault| told(&what, &fault))?;
            let word = |found: bool| if found { "it is there" } else { "it is not there" };
            for (paths, wanted) in [(&expect.files, true), (&expect.files_lack, false)] {
                judgements.extend(paths.iter().map(|path| {
                    let found = has.get(path).copied().unwrap_or_default();
                    judgement(&format!("the file {path}"), word(wanted), word(found))
                }));
            }
        }
        let findings = self.findings(task, &image, &found, expect.scan.is_some()).await?;
        if let Some(limits) = expect.scan {
            judgements.extend(judge_scan(&limits, findings.as_ref()));
        }
        Ok(succeeded(outputs(&image, &found, findings), judgements))
    }

    /// Findings of ECR by severity. Where they are expected, a scan that has not ended is waited for.
    async fn findings(
        &self,
        task: &Task,
        image: &ImageRef,
        found: &Found,
        expected: bool,
    ) -> Result<Option<Value>, Diagnosis> {
        let Some(registry) = ecr_of(task, image) else { return Ok(None) };
        let deadline = task.clock.elapsed() + task.timeout.unwrap_or(SCAN);
        loop {
            let digest = found.image.digest.as_str();
            let scan = match self.cloud.image_scan(&registry.account, image.repository(), digest).await {
                Ok(scan) => scan,
                // Who did not ask for findings need not have the right to them.
                Err(error) if !expected => {
                    tracing::debug!(%error, "the findings of a scan cannot be read");
                    return Ok(None);
                }
                Err(error) => return Err(failed("The findings of ECR's scan cannot be read", &error)),
            };
            let Some(scan) = scan else { return Ok(None) };
            let status = scan["imageScanStatus"]["status"].as_str().unwrap_or_default();
            // Enhanced scanning is ACTIVE as long as it goes on looking.
            if matches!(status, "COMPLETE" | "ACTIVE") {
                let counts = &scan["imageScanFindings"]["findingSeverityCounts"];
                return Ok(Some(if counts.is_object() { counts.clone() } else { json!({}) }));
            }
            let goes_on = matches!(status, "IN_PROGRESS" | "PENDING");
            if !expected || !goes_on || task.clock.elapsed() >= deadline {
                return Ok(None);
            }
            task.progress.says("waiting for ECR's scan of the image");
            task.clock.sleep(LOOK).await;
        }
    }
}

fn judge(expect: &ImageInspectExpect, found: &Found) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    let start = &found.configuration.config;
    if let Some(expected) = &expect.platform {
        let offered = in_words(&found.platforms);
        let holds =
            platform(expected).is_ok_and(|wanted| found.platforms.iter().any(|one| one.fits(&wanted)));
        judgements.push(Judgement { holds, ..judgement("platform", expected, offered) });
    }
    if let Some(expected) = &expect.digest {
        let is_either =
            [&found.top.digest, &found.image.digest].iter().any(|digest| digest.as_str() == expected);
        judgements.push(Judgement { holds: is_either, ..judgement("digest", expected, &found.top.digest) });
    }
    if let Some(expected) = expect.command {
        let has = [&start.entrypoint, &start.cmd]
            .iter()
            .any(|words| words.as_ref().is_some_and(|words| !words.is_empty()));
        let word = |has: bool| if has { "it says what runs" } else { "it says nothing of what runs" };
        judgements.push(judgement("command", word(expected), word(has)));
    }
    for port in &expect.ports {
        let exposed: Vec<&str> =
            start.exposed_ports.iter().flat_map(|ports| ports.keys()).map(String::as_str).collect();
        let holds = exposed.iter().any(|one| *one == format!("{port}/tcp") || *one == port.to_string());
        let found = if exposed.is_empty() { "none".to_owned() } else { exposed.join(", ") };
        judgements.push(Judgement { holds, ..judgement("exposed port", port, found) });
    }
    for (name, expected) in &expect.labels {
        let found = start.labels.as_ref().and_then(|labels| labels.get(name)).and_then(Value::as_str);
        judgements.push(judgement(&format!("label {name}"), expected, found.unwrap_or("not there")));
    }
    judgements
}

fn judge_scan(limits: &ScanLimits, findings: Option<&Value>) -> Vec<Judgement> {
    let rows = [
        ("CRITICAL", limits.critical),
        ("HIGH", limits.high),
        ("MEDIUM", limits.medium),
        ("LOW", limits.low),
    ];
    let judged = |(name, limit): (&str, Option<u64>)| {
        let limit = limit?;
        let what = format!("{} findings", name.to_lowercase());
        let expected = format!("at most {limit}");
        Some(match findings {
            // No scan is no proof.
            None => {
                Judgement { holds: false, ..judgement(&what, expected, "there is no scan of this image") }
            }
            Some(findings) => {
                let found = findings[name].as_u64().unwrap_or(0);
                Judgement { holds: found <= limit, ..judgement(&what, expected, found) }
            }
        })
    };
    rows.into_iter().filter_map(judged).collect()
}

fn outputs(image: &ImageRef, found: &Found, findings: Option<Value>) -> BTreeMap<String, OutputValue> {
    let start = &found.configuration.config;
    let (config, size) = match &found.image.content {
        Content::Image { config, layers } => {
            (json!(config.digest), json!(layers.iter().map(|layer| layer.size).sum::<u64>()))
        }
        Content::Index(_) => (Value::Null, Value::Null),
    };
    let ports: Vec<&String> = start.exposed_ports.iter().flat_map(|ports| ports.keys()).collect();
    let platforms: Vec<String> = found.platforms.iter().map(ToString::to_string).collect();
    let outputs = [
        ("digest", json!(found.top.digest)),
        ("manifest_digest", json!(found.image.digest)),
        ("image", json!(image.at(&found.image.digest).to_string())),
        ("platform", json!(found.platform.to_string())),
        ("platforms", json!(platforms)),
        ("config_digest", config),
        ("command", json!(start.cmd)),
        ("entrypoint", json!(start.entrypoint)),
        ("exposed_ports", json!(ports)),
        ("size", size),
        ("labels", json!(start.labels)),
        ("created", json!(found.configuration.created)),
        ("findings", findings.unwrap_or(Value::Null)),
    ];
    outputs.into_iter().map(|(name, value)| (name.to_owned(), OutputValue::plain(value))).collect()
}

fn judgement(what: &str, expected: impl ToString, found: impl ToString) -> Judgement {
    let (expected, found) = (expected.to_string(), found.to_string());
    Judgement { what: what.to_owned(), holds: expected == found, expected, found, assumed: false }
}

fn succeeded(outputs: BTreeMap<String, OutputValue>, judgements: Vec<Judgement>) -> Ending {
    Ending::Succeeded { outputs, secret_outputs: BTreeMap::new(), judgements, note: None }
}
