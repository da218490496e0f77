//! What is said of secrets without their values.

use serde_json::{Map, Value, json};

use super::{Secret, Secrets, invalid_parameter};
use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::world::Env;

/// DescribeSecret, also of one that is scheduled for deletion.
pub(crate) fn describe(secrets: &Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let secret = secrets.find(env, input)?;
    let mut body = render(secret);
    let stages: Map<String, Value> = secret
        .versions
        .iter()
        .filter(|v| !v.stages.is_empty())
        .map(|v| (v.id.clone(), json!(v.stages)))
        .collect();
    body["VersionIdsToStages"] = Value::Object(stages);
    Ok(body)
}

/// ListSecrets, filtered, by name.
pub(crate) fn list(secrets: &Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let with_deleted = input["IncludePlannedDeletion"].as_bool().unwrap_or(false);
    let filters: Vec<&Value> = input["Filters"].as_array().into_iter().flatten().collect();
    let mut all: Vec<Value> = secrets
        .by_name
        .values()
        .filter(|s| s.deletion_at.is_none_or(|at| with_deleted && at > env.now()))
        .filter(|s| !env.hides_secret(&s.name) && filters.iter().all(|filter| fits(s, filter)))
        .map(|s| {
            let mut body = render(s);
            let stages: Map<String, Value> =
                s.versions.iter().map(|v| (v.id.clone(), json!(v.stages))).collect();
            body["SecretVersionsToStages"] = Value::Object(stages);
            body
        })
        .collect();
    if input["SortOrder"] == "desc" {
        all.reverse();
    }
    page(all, input, "SecretList")
}

/// ListSecretVersionIds.
pub(crate) fn versions(secrets: &Secrets, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let secret = secrets.find(env, input)?;
    let deprecated = input["IncludeDeprecated"].as_bool().unwrap_or(false);
    let all = secret
        .versions
        .iter()
        .rev()
        .filter(|v| deprecated || !v.stages.is_empty())
        .map(|v| json!({"VersionId": v.id, "VersionStages": v.stages, "CreatedDate": epoch_seconds(v.created_at)}))
        .collect();
    let mut body = page(all, input, "Versions")?;
    body["ARN"] = json!(secret.arn);
    body["Name"] = json!(secret.name);
    Ok(body)
}

/// Whether a secret fits a filter: one of its values is the beginning of what it is about, `!` negates.
fn fits(secret: &Secret, filter: &Value) -> bool {
    let texts: Vec<&str> = match filter["Key"].as_str().unwrap_or_default() {
        "name" => vec![&secret.name],
        "description" => secret.description.as_deref().into_iter().collect(),
        "tag-key" => secret.tags.keys().map(String::as_str).collect(),
        "tag-value" => secret.tags.values().map(String::as_str).collect(),
        _ => std::iter::once(secret.name.as_str())
            .chain(secret.description.as_deref())
            .chain(secret.tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]))
            .collect(),
    };
    filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str).any(|value| {
        match value.strip_prefix('!') {
            Some(not) => !texts.iter().any(|text| text.starts_with(not)),
            None => texts.iter().any(|text| text.starts_with(value)),
        }
    })
}

fn render(secret: &Secret) -> Value {
    let tags: Vec<Value> =
        secret.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let mut body = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": epoch_seconds(secret.created_at),
        "LastChangedDate": epoch_seconds(secret.changed_at),
        "Tags": tags,
    });
    for (member, text) in [("Description", &secret.description), ("KmsKeyId", &secret.key)] {
        if let Some(text) = text {
            body[member] = json!(text);
        }
    }
    for (member, at) in [
        ("LastAccessedDate", secret.accessed_at),
        ("LastRotatedDate", secret.rotated_at),
        ("DeletedDate", secret.deletion_at),
    ] {
        if let Some(at) = at {
            body[member] = json!(epoch_seconds(at));
        }
    }
    if secret.rotated_at.is_some() {
        body["RotationEnabled"] = json!(true);
    }
    body
}

fn page(all: Vec<Value>, input: &Value, member: &str) -> Result<Value, AwsError> {
    let size = input["MaxResults"].as_u64().unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(invalid_parameter("MaxResults must be between 1 and 100."));
    }
    let from: usize = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| AwsError::new("InvalidNextTokenException", "The NextToken value is invalid."))?,
    };
    let end = from + size as usize;
    let more = all.len() > end;
    let mut body = json!({ member: all.into_iter().skip(from).take(size as usize).collect::<Vec<_>>() });
    if more {
        body["NextToken"] = json!(format!("page-{end}"));
    }
    Ok(body)
}
