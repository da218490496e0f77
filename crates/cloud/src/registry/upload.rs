//! A blob into a registry: mounted from a neighbour where that is possible, else streamed in one piece, gone on with from
//! where the registry says that it has it, and closed under its digest only when all of it was what it should be.

use super::blob::BlobReader;
use super::client::ANSWER;
use super::client::{Ask, Registries, Right, Spot};
use super::digest::Digest;
use super::error::RegistryFault;
use super::manifest::{Descriptor, Manifest};
use super::read::STALLED;
use super::reference::ImageRef;
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderValue, RANGE};
use hyper::{Method, Response, StatusCode};
use std::pin::pin;
use url::Url;

/// Pieces that wait for the other side. With the longest piece this bounds what a blob in flight needs.
const WAITING: usize = 4;
/// Times that a blob is begun or gone on with.
const TRIES: u32 = 6;

/// How a blob came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// Its neighbour's.
    Mounted,
    /// All its bytes were sent.
    Copied,
}

/// Why a body did not get through.
enum Broken {
    /// Its source failed: nothing is gained by another try.
    Source(RegistryFault),
    /// The target did not take it.
    Target(RegistryFault),
}

impl Registries {
    /// Brings a blob into a repository. `told` hears how many of its bytes are there.
    pub(crate) async fn push_blob(
        &self,
        to: &ImageRef,
        from: &ImageRef,
        blob: &Descriptor,
        what: &str,
        told: &(dyn Fn(u64) + Sync),
    ) -> Result<Arrived, RegistryFault> {
        let mut reader = BlobReader::new(self, from, blob, what);
        let neighbour = (to.host() == from.host() && to.repository() != from.repository()).then_some(from);
        let Some(mut location) = self.begin(to, neighbour, blob).await? else { return Ok(Arrived::Mounted) };
        let mut offset = 0;
        let mut tries = 0;
        loop {
            let sent = self.send_from(to, &location, &mut reader, offset, told).await;
            let fault = match sent {
                Ok(next) => match self.finish(to, next, &blob.digest).await {
                    Ok(()) => return Ok(Arrived::Copied),
                    Err(fault) => fault,
                },
                Err(Broken::Source(fault)) => {
                    self.give_up(to, location).await;
                    return Err(fault);
                }
                Err(Broken::Target(fault)) => fault,
            };
            tries += 1;
            if tries >= TRIES || !may_be_gone_on_with(&fault) {
                self.give_up(to, location).await;
                return Err(fault);
            }
            tracing::debug!(%fault, tries, "an upload was cut");
            self.back_off(tries).await;
            // An answer that was lost may have closed it.
            if self.has_blob(to, &blob.digest).await? {
                return Ok(Arrived::Copied);
            }
            let standing = match is_over(&fault) {
                true => None,
                // A refusal may be lost, too: the registry closes the connection on a body that it does not want.
                false => self.standing(to, &location, blob.size).await.filter(|(_, at)| *at > offset),
            };
            match standing {
                Some((next, at)) => (location, offset) = (next, at),
                None => {
                    self.give_up(to, location).await;
                    let begun = self.begin(to, None, blob).await?;
                    let Some(begun) = begun else { return Ok(Arrived::Mounted) };
                    (location, offset) = (begun, 0);
                }
            }
            reader.rewind(offset);
        }
    }

    /// Puts a manifest under a tag or its digest.
    pub(crate) async fn put_manifest(&self, to: &ImageRef, manifest: &Manifest) -> Result<(), RegistryFault> {
        let spot = Spot::Path(format!("manifests/{}", to.wanted()));
        let mut ask = Ask::new(to, Right::Push, Method::PUT, spot, format!("the manifest of {to}"));
        if let Ok(media_type) = HeaderValue::from_str(&manifest.media_type) {
            ask.headers.insert(CONTENT_TYPE, media_type);
        }
        ask.body = manifest.bytes.clone();
        let answer = self.ask(ask).await?;
        let said = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        // Registries answer by SHA-256, whatever the manifest was asked for by.
        match said.and_then(|said| said.parse::<Digest>().ok()) {
            Some(found) if !found.fits(&manifest.bytes) => Err(RegistryFault::Lying {
                what: "the manifest that was put".to_owned(),
                host: to.host().to_owned(),
                expected: manifest.digest.clone(),
                found,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Begins an upload; `None` when the blob was mounted instead.
    async fn begin(
        &self,
        to: &ImageRef,
        neighbour: Option<&ImageRef>,
        blob: &Descriptor,
    ) -> Result<Option<Url>, RegistryFault> {
        let what = format!("an upload to {}", to.name());
        if let Some(from) = neighbour {
            let path = format!("blobs/uploads/?mount={}&from={}", blob.digest, self.repository(from));
            let ask = Ask::new(to, Right::Mount(from.clone()), Method::POST, Spot::Path(path), &what);
            match self.ask(ask).await {
                Ok(answer) if answer.status() == StatusCode::CREATED => return Ok(None),
                Ok(answer) => return self.location(to, &answer).map(Some),
                // A registry that gives no right to mount may still take an upload.
                Err(RegistryFault::Denied { .. }) => {}
                Err(RegistryFault::Answered { status, .. }) if status < 500 => {}
                Err(fault) => return Err(fault),
            }
        }
        let ask = Ask::new(to, Right::Push, Method::POST, Spot::Path("blobs/uploads/".to_owned()), &what);
        let answer = self.ask(ask).await?;
        self.location(to, &answer).map(Some)
    }

    /// Streams the rest of a blob; where to close it.
    async fn send_from(
        &self,
        to: &ImageRef,
        location: &Url,
        reader: &mut BlobReader,
        offset: u64,
        told: &(dyn Fn(u64) + Sync),
    ) -> Result<Url, Broken> {
        let length = reader.size() - offset;
        if length == 0 {
            // Nothing is left to send, but it must be what it should be.
            while reader.next().await.map_err(Broken::Source)?.is_some() {}
            return Ok(location.clone());
        }
        let mut ask = Ask::new(
            to,
            Right::Push,
            Method::PATCH,
            Spot::At(location.clone()),
            format!("an upload to {}", to.name()),
        );
        ask.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        if offset > 0
            && let Ok(range) = HeaderValue::from_str(&format!("{offset}-{}", reader.size() - 1))
        {
            ask.headers.insert(CONTENT_RANGE, range);
        }
        let (sender, body) = Channel::<Bytes, std::io::Error>::new(WAITING);
        let mut answer = pin!(self.stream(&ask, body.boxed_unsync(), length));
        let mut feeding = pin!(feed(reader, sender, offset, told));
        let late = || RegistryFault::Lost {
            host: to.host().to_owned(),
            what: ask.what.clone(),
            why: format!("none within {} s", ANSWER.as_secs()),
        };
        let mut is_fed = false;
        let answer = tokio::select! {
            answer = &mut answer => answer,
            fed = &mut feeding => {
                if let Err(Some(fault)) = fed {
                    return Err(Broken::Source(fault));
                }
                is_fed = true;
                tokio::time::timeout(ANSWER, &mut answer).await.unwrap_or_else(|_| Err(late()))
            }
        };
        let answer = answer.map_err(Broken::Target)?;
        if !answer.status().is_success() {
            return Err(Broken::Target(self.refusal(&ask, answer).await));
        }
        let next = self.location(to, &answer).map_err(Broken::Target)?;
        if is_fed {
            return Ok(next);
        }
        // It has all bytes and says so before its source was found to be what it should be.
        match feeding.await {
            Ok(()) => Ok(next),
            Err(Some(fault)) => Err(Broken::Source(fault)),
            Err(None) => Err(Broken::Target(RegistryFault::NotARegistry {
                host: to.host().to_owned(),
                why: "it said that it has an upload before it had all of it".to_owned(),
            })),
        }
    }

    async fn finish(&self, to: &ImageRef, mut location: Url, digest: &Digest) -> Result<(), RegistryFault> {
        location.query_pairs_mut().append_pair("digest", digest.as_str());
        let what = format!("the end of the upload of {}", digest.short());
        self.ask(Ask::new(to, Right::Push, Method::PUT, Spot::At(location), what)).await.map(drop)
    }

    /// How far an upload came, and where to go on; `None` when the registry does not say.
    async fn standing(&self, to: &ImageRef, location: &Url, size: u64) -> Option<(Url, u64)> {
        let ask =
            Ask::new(to, Right::Push, Method::GET, Spot::At(location.clone()), "the state of an upload");
        let answer = self.ask(ask).await.ok()?;
        let next = self.location(to, &answer).unwrap_or_else(|_| location.clone());
        let at = reached(&answer)?;
        (at <= size).then_some((next, at))
    }

    /// Lets the registry forget an upload. It would by itself, some day.
    async fn give_up(&self, to: &ImageRef, location: Url) {
        let ask = Ask::new(to, Right::Push, Method::DELETE, Spot::At(location), "an upload");
        if let Err(fault) = self.ask(ask).await {
            tracing::debug!(%fault, "an upload that was given up could not be removed");
        }
    }
}

/// Hands a blob on, piece by piece. `Err(None)`: nobody takes it any more, which whoever waits for the answer knows better.
async fn feed(
    reader: &mut BlobReader,
    mut sender: Sender<Bytes, std::io::Error>,
    offset: u64,
    told: &(dyn Fn(u64) + Sync),
) -> Result<(), Option<RegistryFault>> {
    let mut sent = offset;
    loop {
        match reader.next().await {
            Ok(Some(piece)) => {
                let length = piece.len() as u64;
                match tokio::time::timeout(STALLED, sender.send_data(piece)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return Err(None),
                }
                sent += length;
                told(sent);
            }
            Ok(None) => return Ok(()),
            Err(fault) => {
                // The body must not look as if it had ended well.
                sender.abort(std::io::Error::other("its source failed"));
                return Err(Some(fault));
            }
        }
    }
}

/// The number of bytes that `Range: 0-N` says; `0-0` is what registries say of none.
fn reached(answer: &Response<Incoming>) -> Option<u64> {
    let range = answer.headers().get(RANGE)?.to_str().ok()?;
    let (_, last) = range.trim_start_matches("bytes=").split_once('-')?;
    let last: u64 = last.trim().parse().ok()?;
    Some(if last == 0 { 0 } else { last.saturating_add(1) })
}

/// Whether it says that the upload is nowhere, or elsewhere than was said: it is begun anew. `0-0` for instance is said of
/// no byte, and of one.
fn is_over(fault: &RegistryFault) -> bool {
    matches!(fault, RegistryFault::Answered { status, .. } if *status < 500 && *status != 429)
        || fault.is_missing()
}

fn may_be_gone_on_with(fault: &RegistryFault) -> bool {
    match fault {
        RegistryFault::Lost { .. } | RegistryFault::Unconnected { .. } => true,
        RegistryFault::Missing { .. } | RegistryFault::Throttled { .. } => true,
        RegistryFault::Answered { status, code, .. } => {
            *status >= 500
                || matches!(*status, 408 | 416 | 429)
                || code == "BLOB_UPLOAD_INVALID"
                || code == "BLOB_UPLOAD_UNKNOWN"
        }
        RegistryFault::Denied { .. }
        | RegistryFault::Reference(_)
        | RegistryFault::Address(_)
        | RegistryFault::NoLogin { .. }
        | RegistryFault::NotARegistry { .. }
        | RegistryFault::BadManifest { .. }
        | RegistryFault::UnknownManifest { .. }
        | RegistryFault::Lying { .. }
        | RegistryFault::Size { .. }
        | RegistryFault::Platform { .. } => false,
    }
}
