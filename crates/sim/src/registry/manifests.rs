//! Manifests by tag and by digest, lists of tags, and what refers to a manifest.

use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::registry::answer::{Answer, Content, Refusal};
use crate::registry::change::name_unknown;
use crate::registry::facts;
use crate::registry::manifest::{
    DOCKER_IMAGE, DOCKER_LIST, Manifest, OCI_INDEX, is_digest, known_media_type, sha256,
};
use crate::registry::model::{Repository, ecr_owner};
use crate::registry::route::value;
use crate::registry::serve::{Call, Stop, read};

/// The largest manifest that is taken (the distribution specification asks for 4 MiB at least).
const LARGEST: usize = 4 << 20;

pub(crate) fn get(call: &Call<'_>, reference: &str) -> Result<Answer, Stop> {
    let unknown = || {
        let ecr = ecr_owner(&call.place.host).is_some();
        Refusal::new(
            404,
            "MANIFEST_UNKNOWN",
            if ecr { "Requested image not found" } else { "manifest unknown" },
        )
    };
    let accepted = accepted(&call.headers("accept"));
    let manifest = call.look(|registries| {
        let repository = registries.repository(&call.place).ok_or_else(|| name_unknown(&call.place))?;
        let found = repository.find(reference).ok_or_else(unknown)?;
        let takes =
            |media_type: &str| accepted.is_empty() || accepted.iter().any(|a| a == media_type || a == "*/*");
        if takes(&found.media_type) {
            return Ok(found.clone());
        }
        // Who knows no lists is given the image for linux/amd64, by a tag.
        if found.media_type == DOCKER_LIST && !is_digest(reference) && takes(DOCKER_IMAGE) {
            let child = found.children().iter().find(|c| c.platform.as_deref() == Some("linux/amd64"));
            if let Some(child) = child.and_then(|child| repository.find(&child.digest)) {
                return Ok(child.clone());
            }
        }
        let message =
            format!("manifest of type {} found, but accept header does not support it", found.media_type);
        Err(Stop::from(Refusal::new(404, "MANIFEST_UNKNOWN", message)))
    })?;
    let mut answer = Answer::of(200)
        .with("content-type", &manifest.media_type)
        .with("docker-content-digest", &manifest.digest)
        .with("etag", &format!("\"{}\"", manifest.digest));
    answer.body = Content::Bytes(manifest.text.as_bytes().to_vec());
    Ok(answer)
}

pub(crate) async fn put(call: &Call<'_>, reference: &str, body: Incoming) -> Result<Answer, Stop> {
    let bytes = read(body, LARGEST).await?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Refusal::new(400, "MANIFEST_INVALID", "manifest invalid: it is not UTF-8"))?;
    let media_type =
        call.header("content-type").map(|text| text.split(';').next().unwrap_or_default().trim());
    let media_type =
        media_type.filter(|text| !["", "application/json", "application/octet-stream"].contains(text));
    if let Some(unknown) = media_type.filter(|media_type| !known_media_type(media_type)) {
        let message = format!("manifest invalid: unsupported media type {unknown:?}");
        return Err(Refusal::new(400, "MANIFEST_INVALID", message).into());
    }
    let digest = sha256(text.as_bytes());
    let tag = if reference.contains(':') { None } else { Some(reference) };
    if tag.is_none() && reference != digest {
        let message = format!("provided digest did not match uploaded content: {digest} came");
        return Err(Refusal::new(400, "DIGEST_INVALID", message).into());
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(Refusal::new(400, "TAG_INVALID", "manifest tag did not match URI").into());
    }
    let platform = facts::platform(call.store(), text, media_type).await;
    let input = json!({"digest": digest, "tag": tag, "media_type": media_type, "manifest": text, "platform": platform});
    let put = call.change("PutManifest", input)?;
    let path = format!("/v2/{}/manifests/{digest}", call.place);
    let mut answer =
        Answer::of(201).with("location", &call.address(&path)).with("docker-content-digest", &digest);
    if let Some(subject) = put["subject"].as_str() {
        answer = answer.with("oci-subject", subject);
    }
    Ok(answer)
}

pub(crate) fn delete(call: &Call<'_>, reference: &str) -> Result<Answer, Stop> {
    // ECR has an operation of its own for it; what its `/v2/` says is to be confirmed.
    if ecr_owner(&call.place.host).is_some() {
        return Err(Refusal::new(405, "UNSUPPORTED", "The operation is unsupported.").into());
    }
    call.look(|registries| registries.repository(&call.place).map(|_| ()))
        .ok_or_else(|| name_unknown(&call.place))?;
    if is_digest(reference) {
        call.change("DeleteManifest", json!({ "digest": reference }))?;
    } else {
        call.change("DeleteTag", json!({ "tag": reference }))?;
    }
    Ok(Answer::of(202))
}

/// The tags in order; `n` and `last` page through them.
pub(crate) fn tags(call: &Call<'_>, name: &str) -> Result<Answer, Stop> {
    let number = match call.query("n") {
        None => usize::MAX,
        Some(text) => text.parse::<usize>().map_err(|_| {
            Refusal::new(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
        })?,
    };
    let last = call.query("last");
    let (tags, is_more) = call.look(|registries| {
        let repository = registries.repository(&call.place).ok_or_else(|| name_unknown(&call.place))?;
        let mut after = repository.tags.keys().filter(|tag| last.as_ref().is_none_or(|last| *tag > last));
        let tags: Vec<String> = after.by_ref().take(number).cloned().collect();
        Ok::<_, Stop>((tags, after.next().is_some()))
    })?;
    let mut answer = Answer::json(200, &json!({"name": name, "tags": tags}));
    if let Some(last) = tags.last().filter(|_| is_more) {
        let link = format!("</v2/{name}/tags/list?last={last}&n={number}>; rel=\"next\"");
        answer = answer.with("link", &link);
    }
    Ok(answer)
}

/// An index of the manifests whose subject it is; empty when there is none.
pub(crate) fn referrers(call: &Call<'_>, digest: &str) -> Result<Answer, Stop> {
    if !is_digest(digest) {
        return Err(Refusal::new(400, "DIGEST_INVALID", "it is not a sha256 digest").into());
    }
    let wanted = value(call.raw_query(), "artifactType");
    let found: Vec<Value> = call.look(|registries| {
        let Some(repository) = registries.repository(&call.place) else { return Vec::new() };
        of_subject(repository, digest)
            .filter(|m| wanted.is_none() || m.artifact_type == wanted)
            .map(|m| {
                json!({
                    "mediaType": m.media_type, "digest": m.digest, "size": m.text.len(),
                    "artifactType": m.artifact_type, "annotations": m.annotations,
                })
            })
            .collect()
    });
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found});
    let answer = Answer::json(200, &index);
    let answer = Answer {
        headers: answer.headers.into_iter().filter(|(n, _)| n != "content-type").collect(),
        ..answer
    };
    let answer = answer.with("content-type", OCI_INDEX);
    Ok(if wanted.is_some() { answer.with("oci-filters-applied", "artifactType") } else { answer })
}

fn of_subject<'a>(repository: &'a Repository, digest: &'a str) -> impl Iterator<Item = &'a Manifest> {
    repository.manifests.values().filter(move |m| m.subject.as_deref() == Some(digest))
}

/// Media types of `Accept` headers, without their weights.
fn accepted(headers: &[String]) -> Vec<String> {
    let types = headers.iter().flat_map(|header| header.split(','));
    types
        .map(|text| text.split(';').next().unwrap_or_default().trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// As the distribution specification writes tags.
fn is_tag(tag: &str) -> bool {
    tag.len() <= 128
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}
