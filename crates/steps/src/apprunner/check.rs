//! `apprunner.check`: what a service is now.

use super::follow::{judge, judgement, outputs, succeeded};
use super::image::has_newer;
use super::service::{find, list, name_of};
use crate::failure::{arguments, failed};
use crate::near;
use async_trait::async_trait;
use holdpoint_cloud::{AppService, Cloud, VpcConnector};
use holdpoint_engine::{ActError, Ending, Executor, Observation, Task};
use holdpoint_plan::kinds::{AppCheckExpect, AppExpect, AppNamed};
use holdpoint_run::{Diagnosis, Intent, Judgement, Receipt};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The kind `apprunner.check`.
pub(crate) struct Check {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Executor for Check {
    fn kind(&self) -> &'static str {
        "apprunner.check"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: AppNamed = arguments(&task.with)?;
        Ok(Intent {
            summary: format!("Look at the App Runner service {}", name_of(&with.service)),
            ..Intent::default()
        })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`apprunner.check` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`apprunner.check` changes nothing".into() })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        match self.look(task).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }
}

impl Check {
    async fn look(&self, task: &Task) -> Result<Ending, Diagnosis> {
        let with: AppNamed = arguments(&task.with)?;
        let expect: AppCheckExpect = arguments(&task.expect)?;
        let found = find(&self.cloud, &with.service).await?;
        let wanted = expect.exists.unwrap_or(true);
        let exists = judgement("exists", &wanted.to_string(), &found.is_some().to_string());
        let Some(service) = found else {
            let exists = match wanted {
                true => {
                    let known = self.cloud.app_services().await.unwrap_or_default();
                    let known: Vec<String> = known.into_iter().map(|known| known.service_name).collect();
                    Judgement { found: near::absent(name_of(&with.service), &known), ..exists }
                }
                false => exists,
            };
            return Ok(succeeded(BTreeMap::new(), vec![exists], None));
        };
        let connector = self.connector(&service).await?;
        let operations = list(&self.cloud, &service.service_arn).await?;
        let newer = has_newer(&self.cloud, &service, &operations).await?;
        let mut outputs = outputs(&self.cloud, &service, "").await?;
        let digest = outputs["digest"].as_str().map(str::to_owned);
        let mut judgements = if expect.exists.is_some() { vec![exists] } else { Vec::new() };
        let shared = AppExpect {
            status: expect.status.clone(),
            image: expect.image.clone(),
            url_host: expect.url_host.clone(),
        };
        judgements.extend(judge(&shared, &service, digest.as_deref()));
        judgements.extend(judge_more(&expect, &service, connector.as_ref(), newer));
        outputs.insert("auto_deploy", json!(service.deploys_by_itself()));
        outputs.insert("port", json!(service.port()));
        outputs.insert("start_command", json!(service.start_command()));
        outputs.insert("public", json!(service.is_public()));
        outputs.insert("vpc_connector", json!(service.connector()));
        let place = connector.unwrap_or_default();
        outputs.insert("subnets", json!(place.subnets));
        outputs.insert("security_groups", json!(place.security_groups));
        outputs.insert("newer_image", json!(newer));
        Ok(succeeded(outputs, judgements, note(&service, newer)))
    }

    async fn connector(&self, service: &AppService) -> Result<Option<VpcConnector>, Diagnosis> {
        let Some(arn) = service.connector() else { return Ok(None) };
        let found = self.cloud.vpc_connector(arn).await;
        let found =
            found.map_err(|error| failed(&format!("The VPC connector {arn} cannot be read"), &error))?;
        Ok(Some(found.unwrap_or_else(|| VpcConnector {
            vpc_connector_arn: arn.to_owned(),
            ..VpcConnector::default()
        })))
    }
}

fn judge_more(
    expect: &AppCheckExpect,
    service: &AppService,
    connector: Option<&VpcConnector>,
    newer: Option<bool>,
) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    let mut say =
        |what: &str, expected: String, found: String| judgements.push(judgement(what, &expected, &found));
    if let Some(expected) = expect.auto_deploy {
        say("automatic deployment", expected.to_string(), service.deploys_by_itself().to_string());
    }
    if let Some(expected) = expect.port {
        say("port", expected.to_string(), service.port().to_owned());
    }
    if let Some(expected) = &expect.start_command {
        say("start command", expected.clone(), service.start_command().unwrap_or_default().to_owned());
    }
    if let Some(expected) = expect.public {
        say("public", expected.to_string(), service.is_public().to_string());
    }
    if let Some(expected) = &expect.subnets {
        let found = connector.map(|found| found.subnets.as_slice()).unwrap_or_default();
        say("subnets", sorted(expected), sorted(found));
    }
    if let Some(expected) = &expect.security_groups {
        let found = connector.map(|found| found.security_groups.as_slice()).unwrap_or_default();
        say("security groups", sorted(expected), sorted(found));
    }
    if let Some(expected) = &expect.vpc_connector {
        let found = connector.map_or("none", |found| {
            if expected.starts_with("arn:") {
                found.vpc_connector_arn.as_str()
            } else {
                found.vpc_connector_name.as_str()
            }
        });
        say("VPC connector", expected.clone(), found.to_owned());
    }
    if let Some(expected) = expect.newer_image {
        let found = newer.map_or_else(
            || "not known: the tag cannot be looked up in ECR".to_owned(),
            |newer| newer.to_string(),
        );
        say("newer image", expected.to_string(), found);
    }
    judgements
}

fn note(service: &AppService, newer: Option<bool>) -> Option<String> {
    match (newer, service.deploys_by_itself()) {
        (Some(true), false) => Some(format!(
            "A newer image was pushed than the one that runs, and automatic deployment is off: nothing deploys it. Deploy it with `apprunner.deploy {{ service: {} }}`.",
            service.service_name
        )),
        (Some(true), true) => {
            Some("A newer image was pushed than the one that runs; automatic deployment is on, so that its deployment is due.".to_owned())
        }
        (Some(false) | None, _) if service.status == "PAUSED" => Some("It is paused: it answers nothing.".to_owned()),
        (Some(false) | None, _) => None,
    }
}

fn sorted(ids: &[String]) -> String {
    let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    if ids.is_empty() { "none".to_owned() } else { ids.into_iter().collect::<Vec<_>>().join(", ") }
}
