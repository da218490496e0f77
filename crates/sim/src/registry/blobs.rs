//! Blobs: their bytes, whole or a range of them, from disk. ECR sends clients elsewhere for them, as it does to S3.

use serde_json::json;

use crate::clock::SECOND;
use crate::registry::answer::{Answer, Content, Refusal};
use crate::registry::change::name_unknown;
use crate::registry::model::{Auth, ecr_owner};
use crate::registry::route::value;
use crate::registry::serve::{Call, Stop};
use crate::seeded::{digest, hex};
use crate::world::Env;

/// How long a link to a layer is good, in seconds, as GetDownloadUrlForLayer's.
const LINK_SECONDS: u64 = 3600;

pub(crate) async fn get(call: &Call<'_>, digest: &str) -> Result<Answer, Stop> {
    holds(call, digest)?;
    if ecr_owner(&call.place.host).is_some() && !call.is_head {
        return Ok(Answer::of(307).with("location", &call.link(digest)));
    }
    bytes(call, digest).await
}

/// The bytes behind a link: who has it needs nothing else.
pub(crate) async fn download(call: &Call<'_>, digest: &str) -> Result<Answer, Stop> {
    if !call.link_is_good(digest, call.raw_query()) {
        return Err(Refusal::plain(
            403,
            "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
        )
        .into());
    }
    bytes(call, digest).await
}

pub(crate) fn delete(call: &Call<'_>, digest: &str) -> Result<Answer, Stop> {
    if ecr_owner(&call.place.host).is_some() {
        return Err(Refusal::new(405, "UNSUPPORTED", "The operation is unsupported.").into());
    }
    holds(call, digest)?;
    call.change("DeleteBlob", json!({ "digest": digest }))?;
    Ok(Answer::of(202))
}

/// Path and query of a link to a layer.
pub(crate) fn link(env: &Env, digest: &str) -> String {
    let expires = env.now() / SECOND + LINK_SECONDS;
    format!("/_registry/layers/{digest}?expires={expires}&signature={}", signature(env, digest, expires))
}

pub(crate) fn is_linked(env: &Env, digest: &str, query: &str) -> bool {
    let expires = value(query, "expires").and_then(|text| text.parse::<u64>().ok());
    expires.is_some_and(|expires| {
        expires * SECOND > env.now()
            && value(query, "signature").is_some_and(|s| s == signature(env, digest, expires))
    })
}

fn signature(env: &Env, of: &str, expires: u64) -> String {
    hex(&digest(&[b"layer", &env.key, of.as_bytes(), &expires.to_be_bytes()]))
}

fn holds(call: &Call<'_>, digest: &str) -> Result<(), Stop> {
    call.look(|registries| {
        let is_ecr = registries.auth(&call.place.host) == Auth::Ecr;
        match registries.repository(&call.place) {
            Some(repository) if repository.blobs.contains_key(digest) => Ok(()),
            None if is_ecr => Err(name_unknown(&call.place).into()),
            _ => Err(Refusal::new(404, "BLOB_UNKNOWN", "blob unknown to registry").into()),
        }
    })
}

async fn bytes(call: &Call<'_>, digest: &str) -> Result<Answer, Stop> {
    let unknown = || Refusal::new(404, "BLOB_UNKNOWN", "blob unknown to registry");
    let path = call.store().blob(digest).ok_or_else(unknown)?;
    let size = tokio::fs::metadata(&path).await.map_err(|_| unknown())?.len();
    let range = call.header("range").map_or(Some((0, size)), |header| range(header, size));
    let Some((from, length)) = range else {
        return Err(Refusal::new(416, "RANGE_INVALID", "the range is outside of the blob")
            .with("content-range", format!("bytes */{size}"))
            .into());
    };
    let is_part = length != size || (call.header("range").is_some() && size > 0);
    let mut answer = Answer::of(if is_part { 206 } else { 200 })
        .with("content-type", "application/octet-stream")
        .with("docker-content-digest", digest)
        .with("etag", &format!("\"{digest}\""))
        .with("accept-ranges", "bytes");
    if is_part {
        let last = (from + length).saturating_sub(1);
        answer = answer.with("content-range", &format!("bytes {from}-{last}/{size}"));
    }
    answer.body = Content::File { path, from, length };
    Ok(answer)
}

/// Where to begin and how much, of a range header; `None` when nothing of it is there. What is no range of bytes is passed over,
/// as HTTP has it.
fn range(header: &str, size: u64) -> Option<(u64, u64)> {
    let whole = Some((0, size));
    let Some((from, to)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return whole;
    };
    match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), _) if from >= size => None,
        (Ok(from), Ok(to)) if to >= from => Some((from, to.min(size - 1) - from + 1)),
        (Ok(from), Err(_)) if to.trim().is_empty() => Some((from, size - from)),
        (Err(_), Ok(0)) => None,
        (Err(_), Ok(last)) if from.trim().is_empty() && size > 0 => {
            let length = last.min(size);
            Some((size - length, length))
        }
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (header, expected) in [
            ("bytes=0-3", Some((0, 4))),
            ("bytes=4-", Some((4, 6))),
            ("bytes=-3", Some((7, 3))),
            ("bytes=8-99", Some((8, 2))),
            ("bytes=10-", None),
            ("bytes=-0", None),
            ("bytes=5-2", Some((0, 10))),
            ("bytes=0-1,4-5", Some((0, 10))),
            ("lines=1-2", Some((0, 10))),
        ] {
            assert_eq!(range(header, 10), expected, "{header}");
        }
    }
}
