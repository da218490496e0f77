//! What a service was before a run changed it, kept as content.

use super::definition::{self, by_digest, short};
use super::register::describe;
use super::service::{digests, read};
use holdpoint_cloud::{Cloud, Deployment, Service};
use holdpoint_plan::Action;
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The key of a service in the rollback set: `ecs/<cluster>/<service>`.
pub(crate) fn key(cluster: &str, service: &str) -> String {
    format!("ecs/{}/{service}", short(cluster))
}

/// The key of a step's service, where its arguments are known.
pub(crate) fn keys(with: &Value) -> Vec<String> {
    match (with["cluster"].as_str(), with["service"].as_str()) {
        (Some(cluster), Some(service)) if !cluster.contains("{{") && !service.contains("{{") => {
            vec![key(cluster, service)]
        }
        _ => Vec::new(),
    }
}

/// The default undo of what changes a service: back to what was pinned.
pub(crate) fn rollback(action: &Action) -> Action {
    Action {
        uses: "ecs.rollback".into(),
        with: json!({"cluster": action.with["cluster"], "service": action.with["service"], "to": "pinned"}),
        expect: json!({}),
        script: None,
    }
}

/// Content of a pin: `{cluster, service, service_arn, task_definition, definition, images: {container: repo@digest},
/// image, desired_count, running_count, deployment}`. `image` is that of the first container. `None` for a service
/// that does not exist.
pub(crate) async fn content(cloud: &Cloud, key: &str) -> Result<Option<Value>, Diagnosis> {
    let parts = key.strip_prefix("ecs/").and_then(|rest| rest.split_once('/'));
    let (cluster, name) =
        parts.ok_or_else(|| Diagnosis::of(format!("`{key}` is not the key of an ECS service")))?;
    let Some(service) = read(cloud, cluster, name).await? else { return Ok(None) };
    let Some(standing) = standing(&service) else {
        return Err(Diagnosis::of(format!(
            "The service {name} has no deployment that could be gone back to"
        ))
        .hint("Is it deployed by something else than ECS's rolling deployments?"));
    };
    let described = describe(cloud, &standing.task_definition).await?;
    let body = described["taskDefinition"].as_object().cloned().unwrap_or_default();
    let digests = digests(cloud, cluster, name, None, &standing.task_definition).await?;
    let images: BTreeMap<String, String> = definition::images(&body)
        .into_iter()
        .map(|(container, image)| match digests.get(&container) {
            Some(digest) => (container, by_digest(&image, digest)),
            // Nothing runs, so that nothing tells the digest: the reference is all there is.
            None => (container, image),
        })
        .collect();
    let first = definition::containers(&body).next().and_then(|container| container["name"].as_str());
    let image = first.and_then(|name| images.get(name)).cloned();
    Ok(Some(json!({
        "cluster": cluster,
        "service": name,
        "service_arn": service.service_arn,
        "task_definition": standing.task_definition,
        "definition": definition::registrable(&described),
        "images": images,
        "image": image,
        "desired_count": service.desired_count,
        "running_count": service.running_count,
        "deployment": standing.id,
    })))
}

/// The deployment that a service stands on: the primary when it is complete, else the one with most tasks running.
fn standing(service: &Service) -> Option<&Deployment> {
    match service.primary() {
        Some(primary) if primary.is_complete() => Some(primary),
        primary => service.deployments.iter().max_by_key(|found| found.running_count).or(primary),
    }
}
