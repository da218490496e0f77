//! Lifecycle policies, which are kept and never carried out, and repository policies, which let other accounts in.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::ecr::Asked;
use crate::ecr::repositories::of_repository;

pub(crate) fn lifecycle(asked: &mut Asked<'_>, operation: &str) -> Result<Value, AwsError> {
    let missing = absent(asked, "LifecyclePolicyNotFoundException", "Lifecycle policy");
    let text = match operation {
        "PutLifecyclePolicy" => {
            let text = checked(asked, "lifecyclePolicyText", "rules")?;
            asked.repository_mut()?.lifecycle = Some(text.clone());
            return Ok(of_repository(asked, "lifecyclePolicyText", json!(text)));
        }
        "GetLifecyclePolicy" => asked.repository()?.lifecycle.clone(),
        _ => asked.repository_mut()?.lifecycle.take(),
    };
    let text = text.ok_or(missing)?;
    let mut answer = of_repository(asked, "lifecyclePolicyText", json!(text));
    answer["lastEvaluatedAt"] = json!(epoch_seconds(asked.env.now()));
    Ok(answer)
}

pub(crate) fn repository(asked: &mut Asked<'_>, operation: &str) -> Result<Value, AwsError> {
    let missing = absent(asked, "RepositoryPolicyNotFoundException", "Repository policy");
    let text = match operation {
        "SetRepositoryPolicy" => {
            let text = checked(asked, "policyText", "Statement")?;
            asked.repository_mut()?.policy = Some(text.clone());
            return Ok(of_repository(asked, "policyText", json!(text)));
        }
        "GetRepositoryPolicy" => asked.repository()?.policy.clone(),
        _ => asked.repository_mut()?.policy.take(),
    };
    let text = text.ok_or(missing)?;
    Ok(of_repository(asked, "policyText", json!(text)))
}

fn absent(asked: &Asked<'_>, code: &str, what: &str) -> AwsError {
    AwsError::new(
        code,
        format!(
            "{what} does not exist for the repository with name '{}' in the registry with id '{}'",
            asked.text("repositoryName").unwrap_or_default(),
            asked.account
        ),
    )
}

/// A policy is JSON with the member that makes it one.
fn checked(asked: &Asked<'_>, member: &str, has: &str) -> Result<String, AwsError> {
    let text = asked.required(member)?;
    let read: Option<Value> = serde_json::from_str(&text).ok();
    if read.is_some_and(|policy| policy[has].is_array() || policy[has].is_object()) {
        return Ok(text);
    }
    Err(AwsError::invalid_parameter(format!(
        "Invalid parameter at '{member}' failed to satisfy constraint: 'Invalid policy: {has} is missing'"
    )))
}
