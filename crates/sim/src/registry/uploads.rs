//! Uploads of blobs: whole or in chunks, resumed, cancelled, or mounted from another repository.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::json;

use crate::registry::answer::{Answer, Refusal};
use crate::registry::change::name_unknown;
use crate::registry::manifest::is_digest;
use crate::registry::model::{Auth, Place};
use crate::registry::serve::{Call, Stop};
use crate::registry::store::Upload;

/// Begins an upload; with `mount` and `from` the blob may be there already, with `digest` it comes along.
pub(crate) async fn start(call: &Call<'_>, name: &str, body: Incoming) -> Result<Answer, Stop> {
    stands(call)?;
    if let Some(digest) = call.query("mount")
        && let Some(size) = mountable(call, &digest)
    {
        call.change("MountBlob", json!({"digest": digest, "size": size, "from": call.query("from")}))?;
        return Ok(created(call, name, &digest));
    }
    let id = call.new_id();
    call.store().begin(&call.place.to_string(), &id).await?;
    if let Some(digest) = call.query("digest") {
        return finish(call, name, &id, &digest, body).await;
    }
    Ok(going_on(call, name, &id, 0, 202))
}

/// A chunk; it has to begin where the upload ends.
pub(crate) async fn patch(call: &Call<'_>, name: &str, id: &str, body: Incoming) -> Result<Answer, Stop> {
    let upload = find(call, id).await?;
    let mut upload = upload.lock().await;
    follows(call, name, id, &upload)?;
    take(&mut upload, body).await?;
    Ok(going_on(call, name, id, upload.size(), 202))
}

/// The end of an upload, perhaps with its last chunk.
pub(crate) async fn complete(call: &Call<'_>, name: &str, id: &str, body: Incoming) -> Result<Answer, Stop> {
    let digest = call
        .query("digest")
        .ok_or_else(|| Refusal::new(400, "DIGEST_INVALID", "digest parameter is missing"))?;
    finish(call, name, id, &digest, body).await
}

/// How far it came.
pub(crate) async fn status(call: &Call<'_>, name: &str, id: &str) -> Result<Answer, Stop> {
    let upload = find(call, id).await?;
    let size = upload.lock().await.size();
    Ok(going_on(call, name, id, size, 204))
}

pub(crate) async fn cancel(call: &Call<'_>, _name: &str, id: &str) -> Result<Answer, Stop> {
    let upload = find(call, id).await?;
    let upload = upload.lock().await;
    call.store().cancel(id, &upload).await?;
    Ok(Answer::of(204))
}

async fn finish(call: &Call<'_>, name: &str, id: &str, digest: &str, body: Incoming) -> Result<Answer, Stop> {
    if !is_digest(digest) {
        return Err(Refusal::new(400, "DIGEST_INVALID", "provided digest is not a sha256 digest").into());
    }
    let upload = find(call, id).await?;
    let mut upload = upload.lock().await;
    follows(call, name, id, &upload)?;
    take(&mut upload, body).await?;
    if upload.digest() != digest {
        // The upload is over: who sent other bytes than it names cannot go on from them.
        call.store().cancel(id, &upload).await?;
        return Err(Refusal::new(
            400,
            "DIGEST_INVALID",
            format!("provided digest did not match uploaded content: {} came", upload.digest()),
        )
        .into());
    }
    call.store().keep(id, &upload, digest).await?;
    call.change("PutBlob", json!({"digest": digest, "size": upload.size()}))?;
    Ok(created(call, name, digest))
}

/// Writes a body as it comes. What came before a connection broke stays, so that the upload can be resumed.
async fn take(upload: &mut Upload, mut body: Incoming) -> Result<(), Stop> {
    let mut writer = upload.writer().await?;
    let mut broken = false;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            broken = true;
            break;
        };
        let data: Bytes = frame.into_data().unwrap_or_default();
        writer.write(&data).await?;
    }
    writer.end().await?;
    if broken {
        return Err(Refusal::new(400, "BLOB_UPLOAD_INVALID", "the body broke off").into());
    }
    Ok(())
}

/// A `Content-Range` that does not begin where the upload ends is refused with how far it came.
fn follows(call: &Call<'_>, name: &str, id: &str, upload: &Upload) -> Result<(), Stop> {
    let Some(header) = call.header("content-range") else { return Ok(()) };
    let range = header.trim().trim_start_matches("bytes").trim_start_matches(['=', ' ']);
    let range = range.split('/').next().unwrap_or_default();
    let (from, to) = range.split_once('-').unwrap_or_default();
    let (from, to) = (from.parse::<u64>().ok(), to.parse::<u64>().ok());
    let length = call.header("content-length").and_then(|text| text.parse::<u64>().ok());
    let fits = match (from, to) {
        (Some(from), Some(to)) => {
            from == upload.size() && length.is_none_or(|length| (to + 1).checked_sub(from) == Some(length))
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(Refusal::new(416, "BLOB_UPLOAD_INVALID", "the chunk does not follow what came before it")
        .with("location", call.address(&format!("/v2/{name}/blobs/uploads/{id}")))
        .with("range", so_far(upload.size()))
        .with("docker-upload-uuid", id.to_owned())
        .into())
}

async fn find(call: &Call<'_>, id: &str) -> Result<std::sync::Arc<tokio::sync::Mutex<Upload>>, Stop> {
    let found = call.store().upload(&call.place.to_string(), id).await?;
    Ok(found.ok_or_else(|| Refusal::new(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"))?)
}

/// ECR makes no repository because somebody pushes to it.
fn stands(call: &Call<'_>) -> Result<(), Stop> {
    call.look(|registries| {
        if registries.auth(&call.place.host) == Auth::Ecr && registries.repository(&call.place).is_none() {
            return Err(name_unknown(&call.place).into());
        }
        Ok(())
    })
}

/// The size of a blob that can be had from elsewhere in the same registry. ECR does so only where the account says so.
fn mountable(call: &Call<'_>, digest: &str) -> Option<u64> {
    let from = call.query("from");
    call.look(|registries| {
        let registry = registries.hosts.get(&call.place.host)?;
        if registry.auth == Auth::Ecr && !registry.mounts {
            return None;
        }
        let from: Place = registries.place(&from?);
        if from.host != call.place.host {
            return None;
        }
        registries.repository(&from)?.blobs.get(digest).copied()
    })
}

fn created(call: &Call<'_>, name: &str, digest: &str) -> Answer {
    Answer::of(201)
        .with("location", &call.address(&format!("/v2/{name}/blobs/{digest}")))
        .with("docker-content-digest", digest)
}

fn going_on(call: &Call<'_>, name: &str, id: &str, size: u64, status: u16) -> Answer {
    Answer::of(status)
        .with("location", &call.address(&format!("/v2/{name}/blobs/uploads/{id}")))
        .with("range", &so_far(size))
        .with("docker-upload-uuid", id)
}

/// `0-<last byte>`; of nothing it is `0-0`, as Docker's registry has it.
fn so_far(size: u64) -> String {
    format!("0-{}", size.saturating_sub(1))
}
