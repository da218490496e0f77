//! Images of a repository, by tag and by digest.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::epoch_seconds;
use crate::ecr::repositories::with_next;
use crate::ecr::{Asked, scans};
use crate::registry::{Manifest, Refused, Repository, Unreadable};

pub(crate) fn describe(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let repository = asked.repository()?;
    let named = identifiers(asked, "imageIds");
    let manifests: Vec<&Manifest> = if named.is_empty() {
        let wanted = filter(asked);
        let mut all: Vec<&Manifest> =
            repository.manifests.values().filter(|m| is_wanted(repository, &m.digest, &wanted)).collect();
        all.sort_by(|a, b| (b.pushed_at, &a.digest).cmp(&(a.pushed_at, &b.digest)));
        all
    } else {
        let find = |id: &Value| find(repository, id).map_err(|_| no_image(asked, id));
        named.iter().map(find).collect::<Result<_, _>>()?
    };
    let details: Vec<Value> = manifests.iter().map(|m| detail(asked, repository, m)).collect();
    let (page, next) = asked.page(details)?;
    Ok(with_next(json!({ "imageDetails": page }), next))
}

pub(crate) fn list(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let repository = asked.repository()?;
    let wanted = filter(asked);
    let mut ids = Vec::new();
    for digest in repository.manifests.keys().filter(|digest| is_wanted(repository, digest, &wanted)) {
        let tags = repository.tags_of(digest);
        if tags.is_empty() {
            ids.push(json!({ "imageDigest": digest }));
        }
        ids.extend(tags.iter().map(|tag| json!({"imageDigest": digest, "imageTag": tag})));
    }
    let (page, next) = asked.page(ids)?;
    Ok(with_next(json!({ "imageIds": page }), next))
}

pub(crate) fn batch_get(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let repository = asked.repository()?;
    let accepted: Vec<&str> = asked.input["acceptedMediaTypes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in &identifiers(asked, "imageIds") {
        let manifest = match find(repository, id) {
            Ok(found) => found,
            Err((code, reason)) => {
                failures.push(json!({"imageId": id, "failureCode": code, "failureReason": reason}));
                continue;
            }
        };
        if !accepted.is_empty() && !accepted.contains(&manifest.media_type.as_str()) {
            let reason =
                format!("Requested image has the media type {}, which is not accepted", manifest.media_type);
            failures.push(json!({"imageId": id, "failureCode": "ImageNotFound", "failureReason": reason}));
            continue;
        }
        images.push(image(asked, manifest, id["imageTag"].as_str()));
    }
    Ok(json!({"images": images, "failures": failures}))
}

pub(crate) fn put(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let place = asked.place()?;
    asked.repository()?;
    let text = asked.required("imageManifest")?;
    let tag = asked.text("imageTag").map(str::to_owned);
    let platform = asked.text("_platform").map(str::to_owned);
    let now = asked.env.now();
    let manifest = Manifest::read(&text, asked.text("imageManifestMediaType"), platform, now)
        .map_err(|reason| unreadable(&reason))?;
    if let Some(named) = asked.text("imageDigest").filter(|named| *named != manifest.digest) {
        return Err(AwsError::new(
            "ImageDigestDoesNotMatchException",
            format!(
                "The specified image digest '{named}' does not match the digest '{}' that was calculated",
                manifest.digest
            ),
        ));
    }
    let digest = manifest.digest.clone();
    let answer = json!({ "image": image(asked, &manifest, tag.as_deref()) });
    let (account, name) = (asked.account.clone(), place.repository.clone());
    let put = asked.repository_mut()?.put(manifest, tag.as_deref()).map_err(|refused| match refused {
        Refused::Blobs(missing) => AwsError::new(
            "LayersNotFoundException",
            format!("Layers with digests '[{}]' are not found in the repository with name '{name}' in the registry with id '{account}'", missing.join(", ")),
        ),
        Refused::Manifests(missing) => AwsError::new(
            "ReferencedImagesNotFoundException",
            format!("Images with digests '[{}]' required for pushing image into repository with name '{name}' in the registry with id '{account}' do not exist", missing.join(", ")),
        ),
        Refused::Immutable(tag) => AwsError::new(
            "ImageTagAlreadyExistsException",
            format!("The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the repository is immutable."),
        ),
    })?;
    if !put.changed {
        let tagged = tag.map_or_else(String::new, |tag| format!(" and tag '{tag}'"));
        return Err(AwsError::new(
            "ImageAlreadyExistsException",
            format!(
                "Image with digest '{digest}'{tagged} already exists in the repository with name '{name}' in registry with id '{account}'"
            ),
        ));
    }
    if let Some(tag) = tag.filter(|_| put.tagged) {
        asked.env.pushes.push(format!("{place}:{tag}"));
    }
    asked.env.images.refresh(&place);
    Ok(answer)
}

pub(crate) fn batch_delete(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let place = asked.place()?;
    let ids = identifiers(asked, "imageIds");
    let repository = asked.repository_mut()?;
    let (mut gone, mut failures) = (Vec::new(), Vec::new());
    for id in &ids {
        let (digest, tag) = match find(repository, id) {
            Ok(found) => (found.digest.clone(), id["imageTag"].as_str().map(str::to_owned)),
            Err((code, reason)) => {
                failures.push(json!({"imageId": id, "failureCode": code, "failureReason": reason}));
                continue;
            }
        };
        let is_last = tag.as_ref().is_some_and(|tag| repository.tags_of(&digest) == [tag.as_str()]);
        match tag {
            // By a tag it is taken from that tag, and from the repository with its last one.
            Some(tag) if !is_last => {
                repository.tags.remove(&tag);
                gone.push(json!({"imageDigest": digest, "imageTag": tag}));
                continue;
            }
            _ => {}
        }
        let parent = repository.manifests.values().find(|m| m.children().iter().any(|c| c.digest == digest));
        if let Some(parent) = parent {
            let reason = format!("Requested image referenced by manifest list: [{}]", parent.digest);
            failures.push(
                json!({"imageId": id, "failureCode": "ImageReferencedByManifestList", "failureReason": reason}),
            );
            continue;
        }
        let tags: Vec<String> = repository.tags_of(&digest).into_iter().map(str::to_owned).collect();
        if tags.is_empty() {
            gone.push(json!({ "imageDigest": digest }));
        }
        gone.extend(tags.iter().map(|tag| json!({"imageDigest": digest, "imageTag": tag})));
        repository.remove(&digest);
    }
    asked.env.no_effect = gone.is_empty();
    asked.env.images.refresh(&place);
    Ok(json!({"imageIds": gone, "failures": failures}))
}

/// A tag, a digest, or both, which then have to agree.
pub(crate) fn find<'a>(
    repository: &'a Repository,
    id: &Value,
) -> Result<&'a Manifest, (&'static str, &'static str)> {
    let not_found = ("ImageNotFound", "Requested image not found");
    match (id["imageDigest"].as_str(), id["imageTag"].as_str()) {
        (None, None) => {
            Err(("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"))
        }
        (Some(digest), _) if !crate::registry::is_digest(digest) => Err((
            "InvalidImageDigest",
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        )),
        (Some(digest), None) => repository.find(digest).ok_or(not_found),
        (digest, Some(tag)) => {
            let found =
                repository.tags.get(tag).and_then(|to| repository.manifests.get(to)).ok_or(not_found)?;
            if digest.is_some_and(|digest| digest != found.digest) {
                return Err(("ImageTagDoesNotMatchDigest", "The tag does not lead to the digest"));
            }
            Ok(found)
        }
    }
}

/// Where a single image is meant and is not there.
pub(crate) fn no_image(asked: &Asked<'_>, id: &Value) -> AwsError {
    let shown =
        |member: &str| id[member].as_str().map_or_else(|| "'null'".to_owned(), |text| format!("'{text}'"));
    AwsError::new(
        "ImageNotFoundException",
        format!(
            "The image with imageId {{imageDigest:{}, imageTag:{}}} does not exist within the repository with name '{}' in the \
             registry with id '{}'",
            shown("imageDigest"),
            shown("imageTag"),
            asked.text("repositoryName").unwrap_or_default(),
            asked.account
        ),
    )
}

fn identifiers(asked: &Asked<'_>, member: &str) -> Vec<Value> {
    asked.input[member].as_array().cloned().unwrap_or_default()
}

fn filter(asked: &Asked<'_>) -> String {
    asked.input["filter"]["tagStatus"].as_str().unwrap_or("ANY").to_owned()
}

fn is_wanted(repository: &Repository, digest: &str, status: &str) -> bool {
    let tagged = !repository.tags_of(digest).is_empty();
    match status {
        "TAGGED" => tagged,
        "UNTAGGED" => !tagged,
        _ => true,
    }
}

fn image(asked: &Asked<'_>, manifest: &Manifest, tag: Option<&str>) -> Value {
    let mut id = json!({ "imageDigest": manifest.digest });
    if let Some(tag) = tag {
        id["imageTag"] = json!(tag);
    }
    json!({
        "registryId": asked.account,
        "repositoryName": asked.input["repositoryName"],
        "imageId": id,
        "imageManifest": &*manifest.text,
        "imageManifestMediaType": manifest.media_type,
    })
}

fn detail(asked: &Asked<'_>, repository: &Repository, manifest: &Manifest) -> Value {
    let mut detail = json!({
        "registryId": asked.account,
        "repositoryName": asked.input["repositoryName"],
        "imageDigest": manifest.digest,
        "imagePushedAt": epoch_seconds(manifest.pushed_at),
        "imageManifestMediaType": manifest.media_type,
    });
    let tags = repository.tags_of(&manifest.digest);
    if !tags.is_empty() {
        detail["imageTags"] = json!(tags);
    }
    if !manifest.is_index() {
        detail["imageSizeInBytes"] = json!(manifest.size());
        detail["artifactMediaType"] = json!(manifest.artifact_type);
    }
    if let Some(subject) = &manifest.subject {
        detail["subjectManifestDigest"] = json!(subject);
    }
    if let Some(scan) = repository.scans.get(&manifest.digest) {
        detail["imageScanStatus"] = scans::status(asked.env, scan);
        if let Some(summary) = scans::summary(asked.env, scan) {
            detail["imageScanFindingsSummary"] = summary;
        }
    }
    detail
}

fn unreadable(reason: &Unreadable) -> AwsError {
    AwsError::invalid_parameter(format!(
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{reason}'"
    ))
}
