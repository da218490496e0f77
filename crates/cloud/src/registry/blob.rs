//! A blob as it comes: checked against its digest and its size while it passes, gone on with after a cut.

use super::client::{Ask, Registries, Right, Spot};
use super::digest::{Check, Digest};
use super::error::RegistryFault;
use super::manifest::Descriptor;
use super::read::STALLED;
use super::reference::ImageRef;
use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::StatusCode;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderValue, RANGE};
use std::time::Duration;

/// Cuts in a row without a byte between them after which one gives up.
const CUTS: u32 = 5;
/// Cuts of one blob.
const CUTS_IN_ALL: u32 = 100;
/// How far apart the states are that one can go back to.
const MARK: u64 = 4 * 1024 * 1024;
/// Longest piece that is handed on at once.
const PIECE: usize = 256 * 1024;

/// Reads a blob.
pub(crate) struct BlobReader {
    registries: Registries,
    image: ImageRef,
    digest: Digest,
    size: u64,
    what: String,
    at: u64,
    check: Check,
    /// States of the check at earlier places, the first at 0.
    marks: Vec<(u64, Check)>,
    body: Option<Incoming>,
    /// What came with the last piece and was too long for one.
    rest: Bytes,
    /// Bytes that come and are known already.
    skip: u64,
    cuts: u32,
    cuts_in_all: u32,
    /// How far it ever came.
    furthest: u64,
}

impl BlobReader {
    pub(crate) fn new(registries: &Registries, image: &ImageRef, blob: &Descriptor, what: &str) -> Self {
        let check = Check::of(&blob.digest);
        Self {
            registries: registries.clone(),
            image: image.clone(),
            digest: blob.digest.clone(),
            size: blob.size,
            what: what.to_owned(),
            at: 0,
            marks: vec![(0, check.clone())],
            check,
            body: None,
            rest: Bytes::new(),
            skip: 0,
            cuts: 0,
            cuts_in_all: 0,
            furthest: 0,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The next piece; `None` once all came and is what it should be.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, RegistryFault> {
        loop {
            if !self.rest.is_empty() {
                let piece = self.rest.split_to(self.rest.len().min(PIECE));
                return Ok(Some(piece));
            }
            if self.at == self.size {
                return self.ended().await;
            }
            let Some(body) = &mut self.body else {
                self.open().await?;
                continue;
            };
            let cut = match tokio::time::timeout(STALLED, body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.take(bytes)?;
                    }
                    continue;
                }
                Ok(Some(Err(error))) => error.to_string(),
                Ok(None) => "it ended too soon".to_owned(),
                Err(_) => format!("nothing came for {} s", STALLED.as_secs()),
            };
            self.cut(cut).await?;
        }
    }

    /// Goes back to an earlier place. What was before it is read again from the nearest state that is known.
    pub(crate) fn rewind(&mut self, to: u64) {
        self.body = None;
        self.rest = Bytes::new();
        self.marks.retain(|(at, _)| *at <= to);
        if let Some((at, check)) = self.marks.last() {
            self.at = *at;
            self.check = check.clone();
            self.skip = to - at;
        }
    }

    async fn open(&mut self) -> Result<(), RegistryFault> {
        let spot = Spot::Path(format!("blobs/{}", self.digest));
        let mut ask = Ask::new(&self.image, Right::Pull, Method::GET, spot, self.name());
        if self.at > 0
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.at))
        {
            ask.headers.insert(RANGE, range);
        }
        let answer = self.registries.ask(ask).await?;
        let from = match answer.status() {
            StatusCode::PARTIAL_CONTENT => self.at,
            // It knows no ranges: all of it comes again.
            _ => 0,
        };
        let length =
            answer.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let whole = length.map(|length| length.saturating_add(from));
        if let Some(whole) = whole.filter(|whole| *whole != self.size) {
            return Err(self.wrong_size(whole));
        }
        if from < self.at {
            let wanted = self.at + self.skip;
            self.rewind(0);
            self.skip = wanted;
        }
        self.body = Some(answer.into_body());
        Ok(())
    }

    /// Counts and checks what came; what is known already is not handed on.
    fn take(&mut self, bytes: Bytes) -> Result<(), RegistryFault> {
        let length = bytes.len() as u64;
        if length == 0 {
            return Ok(());
        }
        if self.at + length > self.size {
            return Err(self.wrong_size(self.at + length));
        }
        self.check.take(&bytes);
        self.at += length;
        if self.at > self.furthest {
            self.furthest = self.at;
            self.cuts = 0;
        }
        if self.at - self.marks.last().map_or(0, |(at, _)| *at) >= MARK {
            self.marks.push((self.at, self.check.clone()));
        }
        let known = self.skip.min(length);
        self.skip -= known;
        self.rest = bytes.slice(usize::try_from(known).unwrap_or(bytes.len())..);
        Ok(())
    }

    /// Opens it anew from where it was cut, a few times.
    async fn cut(&mut self, why: String) -> Result<(), RegistryFault> {
        self.body = None;
        self.cuts += 1;
        self.cuts_in_all += 1;
        if self.cuts < CUTS && self.cuts_in_all < CUTS_IN_ALL {
            tracing::debug!(what = self.name(), at = self.at, why, "a blob was cut");
            self.registries.back_off(self.cuts).await;
            return Ok(());
        }
        let why =
            format!("{} of {} bytes came before it was cut again and again: {why}", self.furthest, self.size);
        Err(RegistryFault::Lost { host: self.image.host().to_owned(), what: self.name(), why })
    }

    async fn ended(&mut self) -> Result<Option<Bytes>, RegistryFault> {
        // Bytes beyond the size are a lie, too; the end of the body also lets its connection be used again.
        if let Some(mut body) = self.body.take()
            && let Ok(Some(Ok(frame))) = tokio::time::timeout(Duration::from_secs(5), body.frame()).await
            && frame.data_ref().is_some_and(|bytes| !bytes.is_empty())
        {
            return Err(self.wrong_size(self.size + frame.data_ref().map_or(0, |bytes| bytes.len() as u64)));
        }
        let found = self.check.clone().found();
        match found == self.digest {
            true => Ok(None),
            false => Err(RegistryFault::Lying {
                what: self.what.clone(),
                host: self.image.host().to_owned(),
                expected: self.digest.clone(),
                found,
            }),
        }
    }

    fn wrong_size(&self, found: u64) -> RegistryFault {
        RegistryFault::Size {
            what: self.what.clone(),
            host: self.image.host().to_owned(),
            expected: self.digest.clone(),
            size: self.size,
            found,
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.what, self.digest)
    }
}
