//! `secrets.check`: whether secrets exist by their names.

use super::assuming;
use crate::failure::{arguments, failed};
use crate::look::{Found, Look, judged, list};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, SecretFacts};
use holdpoint_engine::Task;
use holdpoint_plan::kinds::{SecretsCheck, SecretsExpect};
use holdpoint_run::{Diagnosis, Judgement};
use serde_json::{Map, json};

/// The kind `secrets.check`.
pub(crate) struct Secrets {
    pub(crate) cloud: Cloud,
    pub(crate) assumed: bool,
}

#[async_trait]
impl Look for Secrets {
    fn kind(&self) -> &'static str {
        "secrets.check"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: SecretsCheck = arguments(&task.with)?;
        if let Some(name) = with.keys.keys().find(|name| !with.secrets.contains(name)) {
            return Err(Diagnosis::of(format!("`keys` names `{name}`, which is not among `secrets`"))
                .hint("Write it in `secrets` too."));
        }
        Ok(format!("Look for {}", list(with.secrets.iter().map(String::as_str))))
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: SecretsCheck = arguments(&task.with)?;
        let expect: SecretsExpect = arguments(&task.expect)?;
        let mut seen: Vec<(&String, Option<SecretFacts>)> = Vec::new();
        for name in &with.secrets {
            let secret = self.cloud.secret(name).await;
            seen.push((
                name,
                secret.map_err(|error| failed(&format!("The secret {name} cannot be read"), &error))?,
            ));
        }
        let usable = |secret: &Option<SecretFacts>| {
            secret.as_ref().is_some_and(|secret| secret.deleted_date.is_none())
        };
        let missing: Vec<&str> =
            seen.iter().filter(|(_, secret)| !usable(secret)).map(|(name, _)| name.as_str()).collect();
        // Only asked for where it helps: names are compared with those that exist.
        let known = match missing.is_empty() || expect.exist == Some(false) {
            true => Vec::new(),
            false => self.cloud.secret_names().await.unwrap_or_default(),
        };
        let mut found = Found::default();
        for (name, secret) in &seen {
            found.judgements.extend(judge(&expect, name, secret.as_ref(), &known, task.clock.now().0));
            if let Some(keys) = with.keys.get(*name)
                && usable(secret)
            {
                found.judgements.push(self.keys(name, keys).await?);
            }
        }
        assuming(&mut found.judgements, self.assumed);
        let there: Vec<&str> =
            seen.iter().filter(|(_, secret)| usable(secret)).map(|(name, _)| name.as_str()).collect();
        let arns: Map<_, _> = seen
            .iter()
            .filter_map(|(name, secret)| Some(((*name).clone(), json!(secret.as_ref()?.arn))))
            .collect();
        found.outputs = vec![("found", json!(there)), ("missing", json!(missing)), ("arns", json!(arns))];
        Ok(found)
    }
}

impl Secrets {
    async fn keys(&self, name: &str, wanted: &[String]) -> Result<Judgement, Diagnosis> {
        let keys = self.cloud.secret_keys(name).await;
        let keys = keys.map_err(|error| failed(&format!("The keys of {name} cannot be read"), &error))?;
        let what = format!("keys of {name}");
        let expected = list(wanted.iter().map(String::as_str));
        let Some(keys) = keys else {
            return Ok(judged(what, expected, "its value is no JSON object", false));
        };
        let lacking: Vec<&str> =
            wanted.iter().filter(|key| !keys.contains(key)).map(String::as_str).collect();
        let told = match lacking.is_empty() {
            true => "all of them".to_owned(),
            false => format!(
                "not there: {}; there are: {}",
                list(lacking.iter().copied()),
                list(keys.iter().map(String::as_str))
            ),
        };
        Ok(judged(what, expected, told, lacking.is_empty()))
    }
}

fn judge(
    expect: &SecretsExpect,
    name: &str,
    secret: Option<&SecretFacts>,
    known: &[String],
    now: i64,
) -> Vec<Judgement> {
    let should = expect.exist.unwrap_or(true);
    let deleted = secret.and_then(|secret| secret.deleted_date);
    let told = match (secret, deleted) {
        (None, _) => match holdpoint_plan::near(name, known.iter().map(String::as_str)) {
            Some(meant) => format!("does not exist; did you mean `{meant}`?"),
            None => "does not exist".to_owned(),
        },
        (Some(_), Some(_)) => "is scheduled for deletion: restore it".to_owned(),
        (Some(_), None) => "exists".to_owned(),
    };
    let there = secret.is_some() && deleted.is_none();
    // A secret that is being deleted still occupies its name, so it is not absent either.
    let holds = if should {
        there || (secret.is_some() && expect.not_deleted == Some(false))
    } else {
        secret.is_none()
    };
    let mut judgements =
        vec![judged(format!("secret {name}"), if should { "exists" } else { "does not exist" }, told, holds)];
    if let (Some(limit), Some(secret)) = (expect.rotated_within, secret) {
        let newest =
            secret.last_rotated_date.into_iter().chain(secret.last_changed_date).map(|at| at.0).max();
        let age = newest.map(|at| now.saturating_sub(at).max(0));
        let allowed = i64::try_from(limit.get().as_millis()).unwrap_or(i64::MAX);
        let told =
            age.map_or("never changed".to_owned(), |age| format!("changed {} days ago", age / 86_400_000));
        let holds = age.is_some_and(|age| age <= allowed);
        judgements.push(judged(format!("secret {name} was changed within"), limit, told, holds));
    }
    judgements
}
