//! What a service was before a run changed it, kept as content.

use super::image::running_digest;
use super::service::{configuration, find, list, name_of};
use holdpoint_cloud::Cloud;
use holdpoint_plan::Action;
use holdpoint_run::Diagnosis;
use serde_json::{Value, json};

/// The key of a service in the rollback set: `apprunner/<service>`.
pub(crate) fn key(service: &str) -> String {
    format!("apprunner/{}", name_of(service))
}

/// The key of a step's service, where its arguments are known. `apprunner.create` calls it `name`.
pub(crate) fn keys(with: &Value) -> Vec<String> {
    let named = with["service"].as_str().or(with["name"].as_str());
    named.filter(|service| !service.is_empty() && !service.contains("{{")).map(key).into_iter().collect()
}

/// The default undo of what changes a service: back to what was pinned.
pub(crate) fn rollback(action: &Action) -> Action {
    let service =
        if action.with["service"].is_null() { &action.with["name"] } else { &action.with["service"] };
    Action {
        uses: "apprunner.rollback".into(),
        with: json!({"service": service, "to": "pinned"}),
        expect: json!({}),
        script: None,
    }
}

/// Content of a pin: `{service, service_arn, service_id, url, status, image, digest, configuration, operation}`. `image`
/// is by digest where the digest is certain; `configuration` is what UpdateService takes; `operation` is the newest one.
/// `None` for a service that does not exist.
pub(crate) async fn content(cloud: &Cloud, key: &str) -> Result<Option<Value>, Diagnosis> {
    let name = key
        .strip_prefix("apprunner/")
        .ok_or_else(|| Diagnosis::of(format!("`{key}` is not the key of an App Runner service")))?;
    let Some(service) = find(cloud, name).await? else { return Ok(None) };
    let operations = list(cloud, &service.service_arn).await?;
    let digest = running_digest(cloud, &service, &operations).await?;
    let image = match (service.image(), &digest) {
        (Some(image), Some(digest)) => Some(super::image::by_digest(image, digest)),
        (image, _) => image.map(str::to_owned),
    };
    Ok(Some(json!({
        "service": service.service_name,
        "service_arn": service.service_arn,
        "service_id": service.service_id,
        "url": service.service_url,
        "status": service.status,
        "image": image,
        "digest": digest,
        "configuration": configuration(&service),
        "operation": operations.first().map(|newest| newest.id.clone()),
    })))
}
