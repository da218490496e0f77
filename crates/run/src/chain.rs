//! The chain of events: what is stored, and how damage to it is found.
//!
//! `hash = SHA-256(prev_hash ‖ stored bytes)`; bytes are stored as written and never re-serialised.

use crate::{At, Fact, Mode, RunId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Version of the event's form that this code writes: 2 knows revisions, broken glass and obligations. Newer ones are
/// read-only.
pub const FORMAT: u32 = 2;

/// The hash before the first event of a run: that of its name.
pub fn genesis(run: &RunId) -> [u8; 32] {
    Sha256::digest(format!("holdpoint run {run}").as_bytes()).into()
}

/// What the driver knows when it writes an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Wall clock.
    pub at: At,
    /// Milliseconds since the driver started.
    pub monotonic: u64,
    /// Who caused it, for people.
    pub actor: String,
    /// ARN that the run works as, once it is known.
    pub identity: Option<String>,
    /// Live or practice.
    pub mode: Mode,
    /// What happened.
    pub fact: Fact,
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Dense, from 1; decides order.
    pub seq: u64,
    /// JSON, exactly as hashed.
    pub bytes: Vec<u8>,
    /// Hash of the event before.
    pub prev: [u8; 32],
    /// Hash of this one.
    pub hash: [u8; 32],
}

/// An event as it is read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Event {
    /// The run that it belongs to.
    pub run: RunId,
    /// Its number.
    pub seq: u64,
    /// Wall clock.
    pub at: At,
    /// Milliseconds since its driver started.
    pub monotonic: u64,
    /// Who caused it.
    pub actor: String,
    /// ARN that the run worked as.
    pub identity: Option<String>,
    /// Live or practice.
    pub mode: Mode,
    /// What happened.
    pub event: Fact,
}

/// Why stored events cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Not what its hash says.
    #[error("event {seq} was altered: its bytes do not match its hash")]
    Altered {
        /// The first bad event.
        seq: u64,
    },
    /// Does not follow the event before.
    #[error("event {seq} does not follow the one before it: an event was removed, moved or replaced")]
    Broken {
        /// The first bad event.
        seq: u64,
    },
    /// Matches its hash, and cannot be read.
    #[error("event {seq} cannot be read: {why}")]
    Unreadable {
        /// The first bad event.
        seq: u64,
        /// What the reader says.
        why: String,
    },
    /// Written by a newer version.
    #[error(
        "event {seq} was written by a newer version of Holdpoint (format {format}, this one reads up to {FORMAT}): \
         update Holdpoint to drive this run"
    )]
    Newer {
        /// The first such event.
        seq: u64,
        /// Its format.
        format: u32,
    },
}

/// Gives a draft its number and its place in the chain.
pub fn seal(run: &RunId, seq: u64, prev: [u8; 32], draft: &Draft) -> Result<Stored, serde_json::Error> {
    #[derive(Serialize)]
    struct Written<'a> {
        format: u32,
        run: &'a RunId,
        seq: u64,
        at: At,
        monotonic: u64,
        actor: &'a str,
        identity: Option<&'a str>,
        mode: Mode,
        prev_hash: String,
        event: &'a Fact,
    }
    let bytes = serde_json::to_vec(&Written {
        format: FORMAT,
        run,
        seq,
        at: draft.at,
        monotonic: draft.monotonic,
        actor: &draft.actor,
        identity: draft.identity.as_deref(),
        mode: draft.mode,
        prev_hash: hex(&prev),
        event: &draft.fact,
    })?;
    let hash = link(&prev, &bytes);
    Ok(Stored { seq, bytes, prev, hash })
}

/// Checks one event against the hash before it and reads it.
pub fn open(run: &RunId, seq: u64, prev: &[u8; 32], stored: &Stored) -> Result<Event, ChainError> {
    if stored.seq != seq || &stored.prev != prev {
        return Err(ChainError::Broken { seq });
    }
    if link(prev, &stored.bytes) != stored.hash {
        return Err(ChainError::Altered { seq });
    }
    let event = parse(seq, &stored.bytes)?;
    if event.seq != seq || &event.run != run {
        return Err(ChainError::Broken { seq });
    }
    Ok(event)
}

/// The hash of an event whose predecessor has the hash `prev`.
pub fn link(prev: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(prev);
    hash.update(bytes);
    hash.finalize().into()
}

/// Lowercase hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn parse(seq: u64, bytes: &[u8]) -> Result<Event, ChainError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let unreadable = |error: serde_json::Error| ChainError::Unreadable { seq, why: error.to_string() };
    let Format { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if format > FORMAT {
        return Err(ChainError::Newer { seq, format });
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}
