//! `names.check`: whether AWS takes names that are going to be given, and whether others exist.

use crate::failure::{arguments, failed};
use crate::look::{Found, Look, judged};
use crate::near::{absent, meant};
use async_trait::async_trait;
use holdpoint_cloud::{CallError, Cloud};
use holdpoint_engine::Task;
use holdpoint_plan::kinds::NamesCheck;
use holdpoint_plan::limits::{self as names, NameRule};
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};

/// The kind `names.check`.
pub(crate) struct Names {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Look for Names {
    fn kind(&self) -> &'static str {
        "names.check"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: NamesCheck = arguments(&task.with)?;
        for new in &with.names {
            rule(&new.kind)?;
        }
        if with.terraform_plan.as_ref().is_some_and(|plan| !plan.is_array() && !plan.is_null()) {
            return Err(Diagnosis::of(
                "`terraform_plan` is not the list of changes of a `terraform.plan` step",
            )
            .hint("Write `terraform_plan: \"{{ steps.<id>.outputs.changes }}\"`."));
        }
        Ok("Check names".into())
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: NamesCheck = arguments(&task.with)?;
        let mut found = Found::default();
        let (mut unfit, mut missing) = (Vec::new(), Vec::new());
        let mut checked = 0_usize;
        let mut given: Vec<(&NameRule, String, Option<String>)> = Vec::new();
        for new in &with.names {
            given.push((rule(&new.kind)?, new.name.clone(), None));
        }
        given.extend(computed(with.terraform_plan.as_ref()));
        for (rule, name, address) in given {
            checked += 1;
            let what = address.map_or_else(
                || format!("name of {}", rule.kind),
                |address| format!("name of {} at {address}", rule.kind),
            );
            let expected = format!("{} to {} characters: {}", rule.least, rule.most, rule.words);
            match rule.check(&name) {
                Ok(()) => found.judgements.push(judged(what, expected, name, true)),
                Err(bad) => {
                    let told = match &bad.proposal {
                        Some(proposal) => format!("{}; `{proposal}` would do", bad.why),
                        None => bad.why.clone(),
                    };
                    unfit.push(
                        json!({"kind": rule.kind, "name": name, "why": bad.why, "proposal": bad.proposal}),
                    );
                    found.judgements.push(judged(what, expected, told, false));
                }
            }
        }
        for (what, name, known) in self.existing(&with).await? {
            checked += 1;
            let there = known.contains(&name);
            let told = if there { "exists".to_owned() } else { absent(&name, &known) };
            if !there {
                let meant = meant(&name, &known);
                missing.push(json!({"what": what, "name": name, "meant": meant}));
            }
            found.judgements.push(judged(format!("{what} {name}"), "exists", told, there));
        }
        found.outputs =
            vec![("unfit", json!(unfit)), ("missing", json!(missing)), ("checked", json!(checked))];
        Ok(found)
    }
}

impl Names {
    /// Names that must exist, each with those that do.
    async fn existing(&self, with: &NamesCheck) -> Result<Vec<(String, String, Vec<String>)>, Diagnosis> {
        let existing = &with.existing;
        let mut found = Vec::new();
        if !existing.clusters.is_empty() {
            let known = listed("clusters", self.cloud.cluster_names().await)?;
            found.extend(
                existing.clusters.iter().map(|name| ("cluster".to_owned(), name.clone(), known.clone())),
            );
        }
        for (cluster, services) in &existing.services {
            let known = listed("services", self.cloud.service_names(cluster).await)?;
            let what = format!("service in {cluster}");
            found.extend(services.iter().map(|name| (what.clone(), name.clone(), known.clone())));
        }
        if !existing.families.is_empty() {
            let known = listed("task definitions", self.cloud.family_names().await)?;
            found.extend(
                existing.families.iter().map(|name| ("family".to_owned(), name.clone(), known.clone())),
            );
        }
        if !existing.log_groups.is_empty() {
            let known = listed("log groups", self.cloud.log_group_names("").await)?;
            found.extend(
                existing.log_groups.iter().map(|name| ("log group".to_owned(), name.clone(), known.clone())),
            );
        }
        Ok(found)
    }
}

fn listed(what: &str, names: Result<Vec<String>, CallError>) -> Result<Vec<String>, Diagnosis> {
    names.map_err(|error| failed(&format!("The {what} cannot be listed"), &error))
}

fn rule(kind: &str) -> Result<&'static NameRule, Diagnosis> {
    names::rule(kind).ok_or_else(|| {
        let diagnosis = Diagnosis::of(format!("`{kind}` is nothing whose names are checked"));
        match holdpoint_plan::near(kind, names::kinds()) {
            Some(meant) => diagnosis.hint(format!("Did you mean `{meant}`?")),
            None => diagnosis.hint(format!("There are: {}.", names::kinds().collect::<Vec<_>>().join(", "))),
        }
    })
}

/// Names in a Terraform plan's changes, as Terraform computed them: known values of created, updated and replaced resources.
fn computed(changes: Option<&Value>) -> Vec<(&'static NameRule, String, Option<String>)> {
    let changes = changes.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for change in changes {
        let action = change["action"].as_str().unwrap_or_default();
        if !matches!(action, "create" | "update" | "replace") {
            continue;
        }
        let kind = change["type"].as_str().unwrap_or_default();
        for rule in names::rules_of_terraform(kind) {
            let values = change["before_after"].as_array().map(Vec::as_slice).unwrap_or_default();
            let name = values
                .iter()
                .find(|value| value["path"] == rule.terraform.1 && value["unknown"] != true)
                .and_then(|value| value["after"].as_str());
            if let Some(name) = name {
                found.push((rule, name.to_owned(), change["address"].as_str().map(str::to_owned)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_terraform_computed_are_read_from_its_changes() {
        let changes = json!([
            {"address": "aws_apprunner_service.a", "type": "aws_apprunner_service", "action": "create",
             "before_after": [{"path": "service_name", "before": null, "after": "shop-backend", "unknown": false}]},
            {"address": "aws_lb.b", "type": "aws_lb", "action": "delete",
             "before_after": [{"path": "name", "before": "x", "after": null}]},
            {"address": "aws_lb.c", "type": "aws_lb", "action": "create",
             "before_after": [{"path": "name", "before": null, "after": null, "unknown": true}]},
        ]);
        let found: Vec<_> =
            computed(Some(&changes)).into_iter().map(|(rule, name, _)| (rule.kind, name)).collect();
        assert_eq!(found, [("apprunner.service", "shop-backend".to_owned())]);
    }
}
