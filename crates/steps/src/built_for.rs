//! What an image is built for, asked of its registry once a deployment of it has failed.

use holdpoint_cloud::Cloud;
use holdpoint_cloud::registry::{ImageRef, in_words};
use std::time::Duration;

/// A diagnosis waits no longer for a registry: what AWS says is told without it.
const LIMIT: Duration = Duration::from_secs(10);

/// The platforms of an image in words, by its digest where that is known: a tag may lead elsewhere by now. Whatever keeps
/// the registry from telling is said as that, because a diagnosis is never held up by it; why stands in the log only, since
/// its words, `not found` or `denied`, would pass for the failure's own.
pub(crate) async fn built_for(cloud: &Cloud, image: &str, digest: Option<&str>) -> String {
    let unknown = |why: &dyn std::fmt::Display| {
        tracing::debug!(image, %why, "the platform of an image that failed cannot be told");
        "built for a platform that its registry does not tell".to_owned()
    };
    let Some(registries) = cloud.registries() else { return unknown(&"no registries are asked here") };
    let reference: ImageRef = match image.parse() {
        Ok(reference) => reference,
        Err(error) => return unknown(&error),
    };
    let reference = match digest.and_then(|digest| digest.parse().ok()) {
        Some(digest) => reference.at(&digest),
        None => reference,
    };
    match tokio::time::timeout(LIMIT, registries.platforms(&reference)).await {
        Ok(Ok(platforms)) if platforms.is_empty() => unknown(&"its index names none"),
        Ok(Ok(platforms)) => format!("built for {}", in_words(&platforms)),
        Ok(Err(fault)) => unknown(&fault),
        Err(late) => unknown(&late),
    }
}
