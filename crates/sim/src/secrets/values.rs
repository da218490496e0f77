//! Values of secrets and their versions.

use serde_json::{Value, json};

use super::{Secret, Secrets, Version, invalid_parameter, invalid_request, not_found, tags_of};
use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::world::Env;

/// CreateSecret.
pub(crate) fn create(secrets: &mut Secrets, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    secrets.expire(env.now());
    let name = input["Name"].as_str().unwrap_or_default().to_owned();
    let fits = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(fits) {
        return Err(invalid_parameter(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ));
    }
    let version = version(env, input)?;
    if let Some(secret) = secrets.by_name.get(&name) {
        if secret.deletion_at.is_some() {
            return Err(invalid_request(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ));
        }
        let same = |known: &Version| {
            version
                .as_ref()
                .is_some_and(|v| known.id == v.id && known.text == v.text && known.binary == v.binary)
        };
        if secret.versions.iter().any(same) {
            env.no_effect = true;
            return Ok(named(secret, version.as_ref()));
        }
        return Err(AwsError::new(
            "ResourceExistsException",
            format!("The operation failed because the secret {name} already exists."),
        ));
    }
    let suffix = env.ids.letters(6, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    let text = |member: &str| input[member].as_str().map(str::to_owned);
    let now = env.now();
    let mut secret = Secret {
        arn: env.arn("secretsmanager", &format!("secret:{name}-{suffix}")),
        name: name.clone(),
        description: text("Description"),
        key: text("KmsKeyId"),
        created_at: now,
        changed_at: now,
        accessed_at: None,
        rotated_at: None,
        deletion_at: None,
        versions: Vec::new(),
        tags: tags_of(&input["Tags"]),
    };
    let answer = named(&secret, version.as_ref());
    secret.versions.extend(version);
    secrets.told = true;
    secrets.by_name.insert(name, secret);
    Ok(answer)
}

/// PutSecretValue: a new version that becomes the current one, unless other stages are given.
pub(crate) fn put(secrets: &mut Secrets, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let version = version(env, input)?
        .ok_or_else(|| invalid_parameter("You must provide either SecretString or SecretBinary."))?;
    let stages: Vec<String> = match input["VersionStages"].as_array() {
        Some(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => vec!["AWSCURRENT".to_owned()],
    };
    let now = env.now();
    let secret = secrets.find_mut(env, input)?;
    secret.usable()?;
    let (id, no_effect) = (version.id.clone(), add(secret, version, &stages, now)?);
    let stages = secret.versions.iter().find(|v| v.id == id).map(|v| v.stages.clone());
    let answer = json!({"ARN": secret.arn, "Name": secret.name, "VersionId": id, "VersionStages": stages});
    env.no_effect = no_effect;
    Ok(answer)
}

/// UpdateSecret: its description or key, and a new current version where a value is given.
pub(crate) fn update(secrets: &mut Secrets, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let version = version(env, input)?;
    let now = env.now();
    let secret = secrets.find_mut(env, input)?;
    secret.usable()?;
    for (member, place) in [("Description", &mut secret.description), ("KmsKeyId", &mut secret.key)] {
        if let Some(text) = input[member].as_str() {
            *place = Some(text.to_owned());
        }
    }
    secret.changed_at = now;
    let answer = named(secret, version.as_ref());
    if let Some(version) = version {
        add(secret, version, &["AWSCURRENT".to_owned()], now)?;
    }
    Ok(answer)
}

/// GetSecretValue, of the current version unless another is named.
pub(crate) fn get(secrets: &Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let secret = secrets.find(env, input)?;
    secret.usable()?;
    let stage = input["VersionStage"].as_str();
    let id = input["VersionId"].as_str();
    let wanted = stage.or_else(|| id.is_none().then_some("AWSCURRENT"));
    let found = secret
        .versions
        .iter()
        .rev()
        .filter(|v| id.is_none_or(|id| v.id == id))
        .find(|v| wanted.is_none_or(|stage| v.stages.iter().any(|s| s == stage)));
    let Some(version) = found else {
        let what = match (wanted, id) {
            (_, Some(id)) => format!("VersionId: {id}"),
            (stage, None) => format!("staging label: {}", stage.unwrap_or("AWSCURRENT")),
        };
        let message = format!("Secrets Manager can't find the specified secret value for {what}");
        return Err(AwsError::new(&not_found().code, message));
    };
    let mut body = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "VersionStages": version.stages,
        "CreatedDate": epoch_seconds(version.created_at),
    });
    if let Some(text) = &version.text {
        body["SecretString"] = json!(text);
    }
    if let Some(binary) = &version.binary {
        body["SecretBinary"] = json!(binary);
    }
    Ok(body)
}

/// The version that a request brings; none when it brings no value.
fn version(env: &mut Env, input: &Value) -> Result<Option<Version>, AwsError> {
    let text = input["SecretString"].as_str().map(str::to_owned);
    let binary = input["SecretBinary"].as_str().map(str::to_owned);
    if text.is_some() && binary.is_some() {
        return Err(invalid_parameter(
            "You can't specify both a binary secret value and a string secret value.",
        ));
    }
    let token = input["ClientRequestToken"].as_str().map(str::to_owned);
    if token.as_ref().is_some_and(|t| !(32..=64).contains(&t.len())) {
        return Err(invalid_parameter("ClientRequestToken must be 32-64 characters long."));
    }
    if text.is_none() && binary.is_none() {
        return Ok(None);
    }
    let id = token.unwrap_or_else(|| env.ids.uuid());
    let stages = vec!["AWSCURRENT".to_owned()];
    Ok(Some(Version { id, text, binary, stages, created_at: env.now() }))
}

/// Adds a version and moves its stages to it. Answers whether it was there already.
fn add(secret: &mut Secret, mut version: Version, stages: &[String], now: u64) -> Result<bool, AwsError> {
    if let Some(known) = secret.versions.iter().find(|v| v.id == version.id) {
        if known.text == version.text && known.binary == version.binary {
            return Ok(true);
        }
        return Err(AwsError::new(
            "ResourceExistsException",
            "You can't use the same ClientRequestToken for a different secret value.",
        ));
    }
    let current = "AWSCURRENT".to_owned();
    for known in &mut secret.versions {
        if stages.contains(&current) {
            known.stages.retain(|s| s != "AWSPREVIOUS");
            if known.stages.contains(&current) {
                known.stages.push("AWSPREVIOUS".to_owned());
            }
        }
        known.stages.retain(|s| !stages.contains(s));
    }
    version.stages = stages.to_vec();
    secret.versions.push(version);
    secret.changed_at = now;
    Ok(false)
}

fn named(secret: &Secret, version: Option<&Version>) -> Value {
    let mut body = json!({"ARN": secret.arn, "Name": secret.name});
    if let Some(version) = version {
        body["VersionId"] = json!(version.id);
    }
    body
}
