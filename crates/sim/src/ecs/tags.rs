//! Tags of clusters, services, task definitions and tasks.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::ecs::model::{Ecs, Tags};
use crate::ecs::strings;

/// The wire's list of tags.
pub(crate) fn read(tags: &Value) -> Tags {
    tags.as_array()
        .into_iter()
        .flatten()
        .filter_map(|tag| {
            Some((tag["key"].as_str()?.to_owned(), tag["value"].as_str().unwrap_or_default().to_owned()))
        })
        .collect()
}

/// Tags as the wire lists them.
pub(crate) fn render(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// TagResource.
pub(crate) fn tag(ecs: &mut Ecs, input: &Value) -> Result<Value, AwsError> {
    let tags = find(ecs, input["resourceArn"].as_str().unwrap_or_default())?;
    for (key, value) in read(&input["tags"]) {
        match tags.iter_mut().find(|(known, _)| *known == key) {
            Some((_, current)) => *current = value,
            None => tags.push((key, value)),
        }
    }
    Ok(json!({}))
}

/// UntagResource.
pub(crate) fn untag(ecs: &mut Ecs, input: &Value) -> Result<Value, AwsError> {
    let keys = strings(input, "tagKeys");
    find(ecs, input["resourceArn"].as_str().unwrap_or_default())?
        .retain(|(key, _)| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

/// ListTagsForResource.
pub(crate) fn list(ecs: &Ecs, input: &Value) -> Result<Value, AwsError> {
    let arn = input["resourceArn"].as_str().unwrap_or_default();
    let clusters = ecs.clusters.values();
    let found = clusters
        .clone()
        .find(|c| c.arn == arn)
        .map(|c| &c.tags)
        .or_else(|| {
            clusters.clone().flat_map(|c| c.services.values()).find(|s| s.arn == arn).map(|s| &s.tags)
        })
        .or_else(|| clusters.clone().flat_map(|c| &c.tasks).find(|t| t.arn == arn).map(|t| &t.tags))
        .or_else(|| ecs.families.values().flatten().find(|d| d.arn == arn).map(|d| &d.tags));
    found.map(|tags| json!({"tags": render(tags)})).ok_or_else(|| missing(arn))
}

fn find<'a>(ecs: &'a mut Ecs, arn: &str) -> Result<&'a mut Tags, AwsError> {
    if let Some(definition) = ecs.families.values_mut().flatten().find(|d| d.arn == arn) {
        return Ok(&mut definition.tags);
    }
    for cluster in ecs.clusters.values_mut() {
        if cluster.arn == arn {
            return Ok(&mut cluster.tags);
        }
        if let Some(service) = cluster.services.values_mut().find(|s| s.arn == arn) {
            return Ok(&mut service.tags);
        }
        if let Some(task) = cluster.tasks.iter_mut().find(|t| t.arn == arn) {
            return Ok(&mut task.tags);
        }
    }
    Err(missing(arn))
}

fn missing(arn: &str) -> AwsError {
    AwsError::invalid_parameter(format!("The specified resource cannot be found: {arn}"))
}
