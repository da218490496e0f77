//! `secrets.check`: whether secrets and parameters exist by their names.

use super::assuming;
use crate::failure::{arguments, failed};
use crate::look::{Found, Look, judged, list};
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, ParameterFacts, SecretFacts};
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
        if with.secrets.is_empty() && with.parameters.is_empty() {
            return Err(Diagnosis::of("Nothing is named: neither `secrets` nor `parameters`")
                .hint("Name what must exist; a task definition has it in `valueFrom`."));
        }
        Ok(format!("Look for {}", list(with.secrets.iter().chain(&with.parameters).map(String::as_str))))
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: SecretsCheck = arguments(&task.with)?;
        let expect: SecretsExpect = arguments(&task.expect)?;
        let (parameters, secrets): (Vec<&String>, Vec<&String>) =
            with.secrets.iter().partition(|reference| is_parameter(reference));
        let parameters: Vec<String> = parameters.into_iter().chain(&with.parameters).cloned().collect();
        let mut seen = self.secrets(&secrets).await?;
        seen.extend(self.parameters(&parameters).await?);
        let missing: Vec<&str> =
            seen.iter().filter(|one| !one.is_usable()).map(|one| one.name.as_str()).collect();
        let helps = !missing.is_empty() && expect.exist != Some(false);
        let known = if helps { self.known(&seen).await } else { Vec::new() };
        let mut found = Found::default();
        for one in &seen {
            found.judgements.extend(judge(&expect, one, &known, task.clock.now().0));
            if let Some(keys) = with.keys.get(&one.name)
                && one.is_usable()
            {
                found.judgements.push(self.keys(&one.name, keys).await?);
            }
        }
        assuming(&mut found.judgements, self.assumed);
        let there: Vec<&str> =
            seen.iter().filter(|one| one.is_usable()).map(|one| one.name.as_str()).collect();
        let arns: Map<_, _> =
            seen.iter().filter_map(|one| Some((one.name.clone(), json!(one.facts.as_ref()?.arn)))).collect();
        found.outputs = vec![("found", json!(there)), ("missing", json!(missing)), ("arns", json!(arns))];
        Ok(found)
    }
}

/// A secret or a parameter that the plan names.
struct Seen {
    /// `secret` or `parameter`.
    what: &'static str,
    /// As the plan names it.
    name: String,
    facts: Option<Facts>,
}

/// What is known of one that exists.
struct Facts {
    arn: String,
    is_deleted: bool,
    /// When its value was changed last, by rotation or otherwise.
    changed_at: Option<i64>,
}

impl Seen {
    fn is_usable(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| !facts.is_deleted)
    }
}

impl Facts {
    fn of_secret(secret: SecretFacts) -> Self {
        let changed = secret.last_rotated_date.into_iter().chain(secret.last_changed_date);
        Self {
            arn: secret.arn,
            is_deleted: secret.deleted_date.is_some(),
            changed_at: changed.map(|at| at.0).max(),
        }
    }

    fn of_parameter(parameter: ParameterFacts) -> Self {
        let changed_at = parameter.last_modified_date.map(|at| at.0);
        Self { arn: parameter.arn, is_deleted: false, changed_at }
    }
}

/// An ARN says by itself which of the two it is of: a task definition's `secrets` have both.
fn is_parameter(reference: &str) -> bool {
    reference.starts_with("arn:") && reference.contains(":ssm:")
}

impl Secrets {
    async fn secrets(&self, names: &[&String]) -> Result<Vec<Seen>, Diagnosis> {
        let mut seen = Vec::new();
        for name in names {
            let secret = self.cloud.secret(name).await;
            let secret =
                secret.map_err(|error| failed(&format!("The secret {name} cannot be read"), &error))?;
            let name = (*name).clone();
            seen.push(Seen { what: "secret", name, facts: secret.map(Facts::of_secret) });
        }
        Ok(seen)
    }

    async fn parameters(&self, names: &[String]) -> Result<Vec<Seen>, Diagnosis> {
        let found = self.cloud.parameters(names).await;
        let found = found.map_err(|error| failed("The parameters cannot be looked for", &error))?;
        let seen = names.iter().zip(found).map(|(name, found)| Seen {
            what: "parameter",
            name: name.clone(),
            facts: found.map(Facts::of_parameter),
        });
        Ok(seen.collect())
    }

    /// Names that exist, each with what it is of; only asked for where one is missing. Who may not list them is told less.
    async fn known(&self, seen: &[Seen]) -> Vec<(&'static str, String)> {
        let lacks = |what: &str| seen.iter().any(|one| one.what == what && one.facts.is_none());
        let mut known = Vec::new();
        if lacks("secret") {
            let names = self.cloud.secret_names().await.unwrap_or_default();
            known.extend(names.into_iter().map(|name| ("secret", name)));
        }
        if lacks("parameter") {
            let names = self.cloud.parameter_names().await.unwrap_or_default();
            known.extend(names.into_iter().map(|name| ("parameter", name)));
        }
        known
    }

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

fn judge(expect: &SecretsExpect, one: &Seen, known: &[(&str, String)], now: i64) -> Vec<Judgement> {
    let Seen { what, name, facts } = one;
    let should = expect.exist.unwrap_or(true);
    let alike = || {
        let alike = known.iter().filter(|(of, _)| of == what).map(|(_, name)| name.as_str());
        holdpoint_plan::near(name, alike)
    };
    let told = match facts {
        None => match alike() {
            Some(meant) => format!("does not exist; did you mean `{meant}`?"),
            None => "does not exist".to_owned(),
        },
        Some(facts) if facts.is_deleted => "is scheduled for deletion: restore it".to_owned(),
        Some(_) => "exists".to_owned(),
    };
    // A secret that is being deleted still occupies its name, so it is not absent either.
    let holds = if should {
        one.is_usable() || (facts.is_some() && expect.not_deleted == Some(false))
    } else {
        facts.is_none()
    };
    let mut judgements =
        vec![judged(format!("{what} {name}"), if should { "exists" } else { "does not exist" }, told, holds)];
    if let (Some(limit), Some(facts)) = (expect.rotated_within, facts) {
        let age = facts.changed_at.map(|at| now.saturating_sub(at).max(0));
        let allowed = i64::try_from(limit.get().as_millis()).unwrap_or(i64::MAX);
        let told =
            age.map_or("never changed".to_owned(), |age| format!("changed {} days ago", age / 86_400_000));
        let holds = age.is_some_and(|age| age <= allowed);
        judgements.push(judged(format!("{what} {name} was changed within"), limit, told, holds));
    }
    judgements
}
