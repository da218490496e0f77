//! Repositories and settings of a registry.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::ecr::Asked;
use crate::registry::{Place, Repository};

pub(crate) fn create(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let place = asked.place()?;
    check_name(&place.repository)?;
    let immutable = mutability(asked)?.unwrap_or(false);
    let labels = labels(asked)?;
    if asked.env.images.registries.repository(&place).is_some() {
        return Err(AwsError::new(
            "RepositoryAlreadyExistsException",
            format!(
                "The repository with name '{}' already exists in the registry with id '{}'",
                place.repository, asked.account
            ),
        ));
    }
    let scan_on_push = asked.input["imageScanningConfiguration"]["scanOnPush"].as_bool().unwrap_or(false);
    let encryption = asked.input["encryptionConfiguration"].as_object().map(|map| Value::Object(map.clone()));
    let created_at = asked.env.now();
    let repository =
        Repository { created_at, immutable, scan_on_push, labels, encryption, ..Repository::default() };
    let said = said(asked, &place, &repository);
    asked.registry().repositories.insert(place.repository.clone(), repository);
    asked.env.images.refresh(&place);
    Ok(json!({ "repository": said }))
}

pub(crate) fn describe(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let named: Option<Vec<String>> = asked.input["repositoryNames"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let host = asked.host();
    let registries = &asked.env.images.registries;
    let place = |name: &String| Place { host: host.clone(), repository: name.clone() };
    if let Some(names) = named {
        let mut repositories = Vec::new();
        for name in &names {
            let place = place(name);
            let found = registries.repository(&place).ok_or_else(|| asked.no_repository(name))?;
            repositories.push(said(asked, &place, found));
        }
        return Ok(json!({ "repositories": repositories }));
    }
    let all = registries.hosts.get(&host).map(|registry| &registry.repositories);
    let all: Vec<Value> =
        all.into_iter().flatten().map(|(name, repository)| said(asked, &place(name), repository)).collect();
    let (page, next) = asked.page(all)?;
    Ok(with_next(json!({ "repositories": page }), next))
}

pub(crate) fn delete(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let place = asked.place()?;
    let found = asked.repository()?;
    if !found.manifests.is_empty() && asked.input["force"] != true {
        return Err(AwsError::new(
            "RepositoryNotEmptyException",
            format!(
                "The repository with name '{}' in registry with id '{}' cannot be deleted because it still contains images",
                place.repository, asked.account
            ),
        ));
    }
    let answer = json!({ "repository": said(asked, &place, found) });
    asked.registry().repositories.remove(&place.repository);
    Ok(answer)
}

pub(crate) fn put_mutability(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let immutable = mutability(asked)?.ok_or_else(|| {
        AwsError::invalid_parameter(
            "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'must not be null'",
        )
    })?;
    asked.repository_mut()?.immutable = immutable;
    Ok(of_repository(asked, "imageTagMutability", json!(mutability_name(immutable))))
}

pub(crate) fn put_scanning(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let on_push = asked.input["imageScanningConfiguration"]["scanOnPush"].as_bool().unwrap_or(false);
    asked.repository_mut()?.scan_on_push = on_push;
    Ok(of_repository(asked, "imageScanningConfiguration", json!({ "scanOnPush": on_push })))
}

pub(crate) fn tag(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let labels = labels(asked)?;
    of_arn(asked)?.labels.extend(labels);
    Ok(json!({}))
}

pub(crate) fn untag(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let keys: Vec<String> = asked.input["tagKeys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    of_arn(asked)?.labels.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

pub(crate) fn list_tags(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let labels = &of_arn(asked)?.labels;
    let tags: Vec<Value> = labels.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    Ok(json!({ "tags": tags }))
}

pub(crate) fn registry(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    Ok(json!({"registryId": asked.account, "replicationConfiguration": {"rules": []}}))
}

pub(crate) fn setting(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let name = asked.required("name")?;
    let value = match name.as_str() {
        "BLOB_MOUNTING" if asked.registry().mounts => "ENABLED",
        "BLOB_MOUNTING" => "DISABLED",
        "BASIC_SCAN_TYPE_VERSION" => "AWS_NATIVE",
        "REGISTRY_POLICY_SCOPE" => "V2",
        _ => return Err(no_setting(&name)),
    };
    Ok(json!({"name": name, "value": value}))
}

pub(crate) fn put_setting(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let (name, value) = (asked.required("name")?, asked.required("value")?);
    let mounts = match (name.as_str(), value.as_str()) {
        ("BLOB_MOUNTING", "ENABLED") => true,
        ("BLOB_MOUNTING", "DISABLED") => false,
        _ => return Err(no_setting(&format!("{name} with the value {value}"))),
    };
    asked.registry().mounts = mounts;
    Ok(json!({"name": name, "value": value}))
}

/// Adds where a list goes on.
pub(crate) fn with_next(mut answer: Value, next: Option<String>) -> Value {
    if let Some(token) = next {
        answer["nextToken"] = json!(token);
    }
    answer
}

/// An answer that names the repository and one thing of it.
pub(crate) fn of_repository(asked: &Asked<'_>, member: &str, value: Value) -> Value {
    let mut answer = json!({"registryId": asked.account, "repositoryName": asked.input["repositoryName"]});
    answer[member] = value;
    answer
}

fn no_setting(what: &str) -> AwsError {
    AwsError::new("ValidationException", format!("The account setting {what} is not one that is done here"))
}

fn said(asked: &Asked<'_>, place: &Place, of: &Repository) -> Value {
    let encryption = of.encryption.clone().unwrap_or_else(|| json!({"encryptionType": "AES256"}));
    json!({
        "repositoryArn": asked.env.arn("ecr", &format!("repository/{}", place.repository)),
        "registryId": asked.account,
        "repositoryName": place.repository,
        "repositoryUri": place.to_string(),
        "createdAt": epoch_seconds(of.created_at),
        "imageTagMutability": mutability_name(of.immutable),
        "imageScanningConfiguration": {"scanOnPush": of.scan_on_push},
        "encryptionConfiguration": encryption,
    })
}

fn mutability_name(immutable: bool) -> &'static str {
    if immutable { "IMMUTABLE" } else { "MUTABLE" }
}

/// Whether tags are to be immutable; exclusions are not done, and said so.
fn mutability(asked: &Asked<'_>) -> Result<Option<bool>, AwsError> {
    match asked.text("imageTagMutability") {
        None => Ok(None),
        Some("MUTABLE") => Ok(Some(false)),
        Some("IMMUTABLE") => Ok(Some(true)),
        Some(other @ ("IMMUTABLE_WITH_EXCLUSION" | "MUTABLE_WITH_EXCLUSION")) => {
            Err(AwsError::not_implemented("ecr", &format!("imageTagMutability {other}")))
        }
        Some(other) => Err(AwsError::invalid_parameter(format!(
            "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: '{other}' is not a member of the enum"
        ))),
    }
}

fn labels(asked: &Asked<'_>) -> Result<BTreeMap<String, String>, AwsError> {
    let mut labels = BTreeMap::new();
    for tag in asked.input["tags"].as_array().into_iter().flatten() {
        let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) else {
            return Err(AwsError::new("InvalidTagParameterException", "A tag needs Key and Value."));
        };
        labels.insert(key.to_owned(), value.to_owned());
    }
    if labels.len() > 50 {
        return Err(AwsError::new("TooManyTagsException", "A repository can have 50 tags at most."));
    }
    Ok(labels)
}

fn of_arn<'a>(asked: &'a mut Asked<'_>) -> Result<&'a mut Repository, AwsError> {
    let arn = asked.required("resourceArn")?;
    let name = arn.split_once(":repository/").map(|(_, name)| name.to_owned()).ok_or_else(|| {
        AwsError::invalid_parameter(
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'",
        )
    })?;
    let place = Place { host: asked.host(), repository: name.clone() };
    let none = asked.no_repository(&name);
    asked.env.images.registries.repository_mut(&place).ok_or(none)
}

/// By the pattern of the API's model.
fn check_name(name: &str) -> Result<(), AwsError> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_part = |part: &str| {
        // Words, with `.`, `_`, `__` or any number of `-` between two of them.
        let split = part.replace("__", ".").replace('_', ".");
        split.split('.').all(|run| {
            let words: Vec<&str> = run.split('-').collect();
            words.first().is_some_and(|w| is_word(w))
                && words.last().is_some_and(|w| is_word(w))
                && words.iter().all(|w| w.is_empty() || is_word(w))
        })
    };
    if (2..=256).contains(&name.len()) && name.split('/').all(is_part) {
        return Ok(());
    }
    Err(AwsError::invalid_parameter(
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression \
         '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*''",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["api", "shop/api", "a--b", "a__b", "a.b/c_d", "team-1/x2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["a", "Api", "-a", "a-", "a//b", "a..b", "a___b", "/a", "a/", "a b", ""] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
