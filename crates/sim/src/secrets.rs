//! Secrets Manager on the wire: JSON 1.1, `X-Amz-Target: secretsmanager.<Operation>`. Whoever starts containers asks here
//! whether what they name is there.

mod listing;
mod values;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::glob;
use crate::clock::{Micros, SECOND};
use crate::world::Env;

/// Secrets of one account and region.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    by_name: BTreeMap<String, Secret>,
    /// A world or a call said which secrets there are: others do not exist. Until then all do.
    told: bool,
}

#[derive(Clone)]
struct Secret {
    name: String,
    arn: String,
    description: Option<String>,
    key: Option<String>,
    created_at: Micros,
    changed_at: Micros,
    accessed_at: Option<Micros>,
    rotated_at: Option<Micros>,
    /// When it will be gone; it cannot be read until it is restored.
    deletion_at: Option<Micros>,
    /// Oldest first.
    versions: Vec<Version>,
    tags: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Version {
    id: String,
    text: Option<String>,
    /// Base64, as it came.
    binary: Option<String>,
    stages: Vec<String>,
    created_at: Micros,
}

/// Why a container cannot get a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lack {
    NotFound,
    MarkedForDeletion,
    /// It has no such JSON key.
    NoKey(String),
}

/// A secret of a world.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Furnishing {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// Instead of a value: a JSON object with these keys, whose values are made up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) keys: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Scheduled for deletion.
    #[serde(default)]
    pub(crate) deleted: bool,
    /// Rotation is on, and the last one so many days ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rotated_days: Option<u64>,
}

const DAY: Micros = 86_400 * SECOND;

/// Answers one call.
pub(crate) fn serve(
    secrets: &mut Secrets,
    env: &mut Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "CreateSecret" => values::create(secrets, env, input),
        "PutSecretValue" => values::put(secrets, env, input),
        "UpdateSecret" => values::update(secrets, env, input),
        "GetSecretValue" => values::get(secrets, env, input),
        "DescribeSecret" => listing::describe(secrets, env, input),
        "ListSecrets" => listing::list(secrets, env, input),
        "ListSecretVersionIds" => listing::versions(secrets, env, input),
        "DeleteSecret" => delete(secrets, env, input),
        "RestoreSecret" => restore(secrets, env, input),
        "TagResource" => tag(secrets, env, input),
        "UntagResource" => untag(secrets, env, input),
        other => Err(AwsError::not_implemented("secretsmanager", other)),
    }
}

/// Puts a world's secret there, unless it is there.
pub(crate) fn stand(secrets: &mut Secrets, env: &mut Env, of: &Furnishing) -> Result<(), String> {
    if !of.keys.is_empty() && of.value.is_some() {
        return Err(format!("secrets: {}: value and keys exclude each other", of.name));
    }
    secrets.told = true;
    if secrets.by_name.contains_key(&of.name) {
        return Ok(());
    }
    let made_up = |env: &mut Env, key: &String| (key.clone(), json!(format!("practice-{}", env.ids.hex(12))));
    let text = match &of.value {
        Some(value) => value.clone(),
        None if of.keys.is_empty() => format!("practice-{}", env.ids.hex(12)),
        None => {
            let pairs: Map<String, Value> = of.keys.iter().map(|key| made_up(env, key)).collect();
            Value::Object(pairs).to_string()
        }
    };
    let input = json!({"Name": of.name, "SecretString": text, "Description": of.description});
    values::create(secrets, env, &input).map_err(|e| format!("secrets: {}: {}", of.name, e.message))?;
    let now = env.now();
    if let Some(secret) = secrets.by_name.get_mut(&of.name) {
        secret.rotated_at = of.rotated_days.map(|days| (now + env.backdate).saturating_sub(days * DAY));
        secret.deletion_at = of.deleted.then_some(now + env.backdate + 30 * DAY);
    }
    Ok(())
}

impl Secrets {
    /// Why a container cannot get what `reference` names: a secret's ARN or name, with ECS's `:key:stage:version` or
    /// without. Parameters of Systems Manager are not its business.
    pub(crate) fn lacks(&self, env: &Env, reference: &str) -> Option<Lack> {
        let (named, key) = reference_parts(reference)?;
        if env.hides_secret(&named) {
            return Some(Lack::NotFound);
        }
        let Some(secret) = self.by_name.values().find(|s| s.is(&named)) else {
            return self.told.then_some(Lack::NotFound);
        };
        if secret.deletion_at.is_some() {
            return Some(Lack::MarkedForDeletion);
        }
        let key = key?;
        let text = secret.current().and_then(|v| v.text.as_deref()).unwrap_or_default();
        let has = serde_json::from_str::<Value>(text).is_ok_and(|value| value.get(&key).is_some());
        if has { None } else { Some(Lack::NoKey(key)) }
    }

    /// Name, ARN, keys where the value is a JSON object, and whether it is being deleted. Never a value.
    pub(crate) fn overview(&self) -> impl Iterator<Item = Value> {
        self.by_name.values().map(|secret| {
            let text = secret.current().and_then(|v| v.text.as_deref()).unwrap_or_default();
            let keys: Vec<String> = serde_json::from_str::<Map<String, Value>>(text)
                .map_or_else(|_| Vec::new(), |pairs| pairs.keys().cloned().collect());
            json!({"name": secret.name, "arn": secret.arn, "keys": keys, "deleted": secret.deletion_at.is_some()})
        })
    }

    /// What is scheduled to be gone by now, is.
    fn expire(&mut self, now: Micros) {
        self.by_name.retain(|_, secret| secret.deletion_at.is_none_or(|at| at > now));
    }

    fn find(&self, env: &Env, input: &Value) -> Result<&Secret, AwsError> {
        let id = input["SecretId"].as_str().unwrap_or_default();
        let gone = |s: &&Secret| s.deletion_at.is_none_or(|at| at > env.now());
        self.by_name
            .values()
            .filter(gone)
            .find(|s| s.is(id) && !env.hides_secret(&s.name))
            .ok_or_else(not_found)
    }

    fn find_mut(&mut self, env: &Env, input: &Value) -> Result<&mut Secret, AwsError> {
        self.expire(env.now());
        let name = self.find(env, input)?.name.clone();
        self.by_name.get_mut(&name).ok_or_else(not_found)
    }
}

impl Secret {
    /// Whether a name, an ARN, or an ARN without its six last characters means it.
    fn is(&self, reference: &str) -> bool {
        let without_suffix = self.arn.rsplit_once('-').map_or("", |(head, _)| head);
        reference == self.name || reference == self.arn || reference == without_suffix
    }

    fn current(&self) -> Option<&Version> {
        self.versions.iter().rev().find(|v| v.stages.iter().any(|s| s == "AWSCURRENT"))
    }

    /// It can be read and written.
    fn usable(&self) -> Result<(), AwsError> {
        match self.deletion_at {
            None => Ok(()),
            Some(_) => Err(invalid_request(
                "You can't perform this operation on the secret because it was marked for deletion.",
            )),
        }
    }
}

impl Env {
    /// Whether the scenario has the secret missing.
    fn hides_secret(&self, reference: &str) -> bool {
        let name = reference.rsplit_once(":secret:").map_or(reference, |(_, name)| name);
        self.scenario.secrets_missing.iter().any(|pattern| glob(pattern, name))
    }
}

/// What a container's definition names: the secret and the key in it. `None` for a parameter.
fn reference_parts(reference: &str) -> Option<(String, Option<String>)> {
    let Some((head, tail)) = reference.split_once(":secret:") else {
        // A bare name in a task definition is a parameter's.
        return None;
    };
    if !head.starts_with("arn:") || !head.contains(":secretsmanager:") {
        return None;
    }
    let mut parts = tail.split(':');
    let name = parts.next().unwrap_or_default();
    let key = parts.next().filter(|key| !key.is_empty()).map(str::to_owned);
    Some((format!("{head}:secret:{name}"), key))
}

/// DeleteSecret: after a window, or at once.
fn delete(secrets: &mut Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let force = input["ForceDeleteWithoutRecovery"].as_bool().unwrap_or(false);
    let window = &input["RecoveryWindowInDays"];
    if force && !window.is_null() {
        return Err(invalid_parameter(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let days = window.as_u64().unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid_parameter(
            "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        ));
    }
    let now = env.now();
    let secret = secrets.find_mut(env, input)?;
    if !force {
        secret.usable()?;
    }
    let at = if force { now } else { now + days * DAY };
    secret.deletion_at = Some(at);
    let answer = json!({
        "ARN": secret.arn, "Name": secret.name, "DeletionDate": crate::clock::epoch_seconds(at)
    });
    secrets.expire(now);
    Ok(answer)
}

/// RestoreSecret.
fn restore(secrets: &mut Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let secret = secrets.find_mut(env, input)?;
    secret.deletion_at = None;
    Ok(json!({"ARN": secret.arn, "Name": secret.name}))
}

fn tag(secrets: &mut Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let secret = secrets.find_mut(env, input)?;
    secret.usable()?;
    secret.tags.extend(tags_of(&input["Tags"]));
    Ok(json!({}))
}

fn untag(secrets: &mut Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let secret = secrets.find_mut(env, input)?;
    secret.usable()?;
    for key in input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        secret.tags.remove(key);
    }
    Ok(json!({}))
}

fn tags_of(asked: &Value) -> BTreeMap<String, String> {
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
    asked.as_array().into_iter().flatten().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

fn not_found() -> AwsError {
    AwsError::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

fn invalid_request(message: &str) -> AwsError {
    AwsError::new("InvalidRequestException", message)
}

fn invalid_parameter(message: &str) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_a_secret_and_a_key() {
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-a1b2c3";
        for (reference, leads) in [
            (arn.to_owned(), Some((arn.to_owned(), None))),
            (format!("{arn}:password::"), Some((arn.to_owned(), Some("password".to_owned())))),
            (format!("{arn}:::"), Some((arn.to_owned(), None))),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/shop/db".to_owned(), None),
            ("shop-db".to_owned(), None),
        ] {
            assert_eq!(reference_parts(&reference), leads, "{reference}");
        }
    }
}
