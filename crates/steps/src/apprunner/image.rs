//! The image of a service: what its reference says, and what the registry says of it.

use crate::failure::failed;
use holdpoint_cloud::{AppOperation, AppService, Cloud, Millis, OperationState, TaggedImage};
use holdpoint_run::Diagnosis;

/// The digest in a reference.
pub(crate) fn digest_in(image: &str) -> Option<&str> {
    image.split_once('@').map(|(_, digest)| digest)
}

/// A reference by digest instead of by tag.
pub(crate) fn by_digest(image: &str, digest: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let end = name[slash..].find(':').map_or(name.len(), |at| slash + at);
    format!("{}@{digest}", &name[..end])
}

/// What a tag of ECR names now. `None` where it is not in ECR, is not there, or may not be asked.
pub(crate) async fn tagged(cloud: &Cloud, image: &str) -> Result<Option<TaggedImage>, Diagnosis> {
    match cloud.ecr_image(image).await {
        Ok(found) => Ok(found),
        Err(error) if error.is_unavailable() => Ok(None),
        Err(error) => Err(failed(&format!("The image {image} cannot be looked up in ECR"), &error)),
    }
}

/// Digest of the image that a service runs, where it is certain: App Runner does not tell it. A reference by digest says
/// it; a tag says it if what it names was pushed before the newest deployment began. (Whether ECR moves `imagePushedAt`
/// when an old image is only given the tag is to be confirmed.)
pub(crate) async fn running_digest(
    cloud: &Cloud,
    service: &AppService,
    operations: &[AppOperation],
) -> Result<Option<String>, Diagnosis> {
    let Some(image) = service.image() else { return Ok(None) };
    if let Some(digest) = digest_in(image) {
        return Ok(Some(digest.to_owned()));
    }
    let Some(found) = tagged(cloud, image).await? else { return Ok(None) };
    let before =
        matches!((found.pushed_at, deployed_at(operations)), (Some(pushed), Some(began)) if pushed <= began);
    // Operations are kept for a time only: a service that lists none was deployed long before.
    let long_ago = operations.is_empty() && found.pushed_at < service.updated_at;
    Ok((before || long_ago).then_some(found.digest))
}

/// Whether the tag of a service names an image that was pushed after its newest deployment began; `None` where that
/// cannot be told. What is configured by digest has no newer one.
pub(crate) async fn has_newer(
    cloud: &Cloud,
    service: &AppService,
    operations: &[AppOperation],
) -> Result<Option<bool>, Diagnosis> {
    let Some(image) = service.image() else { return Ok(None) };
    if digest_in(image).is_some() {
        return Ok(Some(false));
    }
    let Some(found) = tagged(cloud, image).await? else { return Ok(None) };
    let since = deployed_at(operations).or(service.updated_at);
    Ok(match (found.pushed_at, since) {
        (Some(pushed), Some(since)) => Some(pushed > since),
        (None, _) | (_, None) => None,
    })
}

/// When the newest deployment that succeeded began: from then on an image counts as newer.
pub(crate) fn deployed_at(operations: &[AppOperation]) -> Option<Millis> {
    let deployed =
        operations.iter().filter(|found| found.state() == OperationState::Succeeded && brings(found));
    deployed.filter_map(|found| found.started_at).max()
}

/// Whether an operation pulls the image.
pub(crate) fn brings(operation: &AppOperation) -> bool {
    matches!(operation.kind.as_str(), "CREATE_SERVICE" | "UPDATE_SERVICE" | "START_DEPLOYMENT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_gives_way_to_a_digest() {
        let table = [
            ("r.example:5000/shop/api:1", "r.example:5000/shop/api@sha256:a"),
            ("r.example/api", "r.example/api@sha256:a"),
            ("r.example/api@sha256:b", "r.example/api@sha256:a"),
            ("r.example/api:1@sha256:b", "r.example/api@sha256:a"),
        ];
        for (image, expected) in table {
            assert_eq!(by_digest(image, "sha256:a"), expected);
        }
    }
}
