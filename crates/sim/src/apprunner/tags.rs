//! Tags of App Runner's resources.

use serde_json::{Value, json};

use crate::apprunner::model::{AppRunner, Status};
use crate::apprunner::validate::{invalid, not_found};
use crate::aws_error::AwsError;

/// Tags that a resource can have.
const MOST: usize = 50;

/// TagResource.
pub(crate) fn tag(estate: &mut AppRunner, input: &Value) -> Result<Value, AwsError> {
    let arn = resource(estate, input)?;
    put(estate, &arn, &input["Tags"])?;
    Ok(json!({}))
}

/// UntagResource.
pub(crate) fn untag(estate: &mut AppRunner, input: &Value) -> Result<Value, AwsError> {
    let arn = resource(estate, input)?;
    let tags = estate.tags.entry(arn).or_default();
    for key in input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        tags.remove(key);
    }
    Ok(json!({}))
}

/// ListTagsForResource.
pub(crate) fn list(estate: &AppRunner, input: &Value) -> Result<Value, AwsError> {
    let arn = resource(estate, input)?;
    let tags: Vec<Value> = estate
        .tags
        .get(&arn)
        .into_iter()
        .flatten()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Ok(json!({"Tags": tags}))
}

/// Adds the tags of a request to a resource.
pub(crate) fn put(estate: &mut AppRunner, arn: &str, asked: &Value) -> Result<(), AwsError> {
    let mut tags = estate.tags.get(arn).cloned().unwrap_or_default();
    for tag in asked.as_array().into_iter().flatten() {
        let key = tag["Key"].as_str().unwrap_or_default();
        let value = tag["Value"].as_str().unwrap_or_default();
        if key.is_empty() || key.len() > 128 || key.starts_with("aws:") || value.len() > 256 {
            return Err(invalid(format!("The tag {key} is not valid.")));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() > MOST {
        return Err(invalid(format!("A resource can't have more than {MOST} tags.")));
    }
    estate.tags.insert(arn.to_owned(), tags);
    Ok(())
}

/// The ARN of a resource that is there.
fn resource(estate: &AppRunner, input: &Value) -> Result<String, AwsError> {
    let arn = input["ResourceArn"].as_str().unwrap_or_default();
    let is_known = estate.services.iter().any(|s| s.arn == arn && s.status != Status::Deleted)
        || estate.scaling.iter().any(|s| s.arn == arn && s.deleted_at.is_none())
        || estate.connectors.iter().any(|c| c.arn == arn && c.deleted_at.is_none())
        || estate.ingresses.iter().any(|i| i.arn == arn && i.deleted_at.is_none())
        || estate.observability.iter().any(|o| o.arn == arn && o.deleted_at.is_none());
    if is_known { Ok(arn.to_owned()) } else { Err(not_found("A resource", arn)) }
}
