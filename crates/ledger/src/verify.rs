//! Is this journal what was written?

use crate::Anchor;
use holdpoint_run::RunId;
use holdpoint_run::chain::{self, ChainError, Event, Stored, genesis, hex};
use std::fmt;

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every event is as it was written, and all up to the newest anchor is signed.
    Intact {
        /// Events.
        count: u64,
        /// Hash of the newest, hex.
        head: String,
        /// How many of them an anchor covers.
        anchored: u64,
    },
    /// An event is damaged; all before it are intact.
    Bad {
        /// Why, with the first bad event.
        why: ChainError,
        /// How many events before it are intact.
        intact: u64,
    },
    /// The chain is whole and is not the one that was anchored: it was cut or written anew.
    NotAsAnchored {
        /// The count of the first anchor that does not fit.
        count: u64,
        /// What is wrong.
        why: String,
    },
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        match self {
            Self::Intact { .. } => true,
            Self::Bad { .. } | Self::NotAsAnchored { .. } => false,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intact { count, head, anchored } if count == anchored => {
                write!(f, "intact: {count} events, all anchored, head {head}")
            }
            Self::Intact { count, head, anchored } => write!(
                f,
                "intact up to anchor {anchored}, unanchored tail of {} events, head {head}",
                count - anchored
            ),
            Self::Bad { why, intact } => write!(f, "not intact: {why}; the first {intact} events are intact"),
            Self::NotAsAnchored { why, .. } => write!(f, "not intact: {why}"),
        }
    }
}

/// Checks chain and anchors, and reads the events of the intact part.
pub fn verify(run: &RunId, stored: &[Stored], anchors: &[Anchor]) -> (Verdict, Vec<Event>) {
    let mut events = Vec::with_capacity(stored.len());
    let mut prev = genesis(run);
    for (one, seq) in stored.iter().zip(1..) {
        match chain::open(run, seq, &prev, one) {
            Ok(event) => events.push(event),
            Err(why) => return (Verdict::Bad { why, intact: seq - 1 }, events),
        }
        prev = one.hash;
    }
    let count = stored.len() as u64;
    if let Some((count, why)) = anchors.iter().find_map(|anchor| misfit(run, stored, anchors, anchor)) {
        return (Verdict::NotAsAnchored { count, why }, events);
    }
    let anchored = anchors.iter().map(|anchor| anchor.count).max().unwrap_or(0);
    (Verdict::Intact { count, head: hex(&prev), anchored }, events)
}

fn misfit(run: &RunId, stored: &[Stored], anchors: &[Anchor], anchor: &Anchor) -> Option<(u64, String)> {
    let at = anchor.count;
    if &anchor.run != run || !anchor.is_genuine() {
        return Some((
            at,
            format!("the anchor at event {at} does not carry a genuine signature of its device"),
        ));
    }
    if anchors.first().is_some_and(|first| first.key != anchor.key) {
        return Some((at, format!("the anchor at event {at} was signed by another device")));
    }
    match usize::try_from(at).ok().and_then(|at| at.checked_sub(1)).and_then(|index| stored.get(index)) {
        Some(event) if hex(&event.hash) == anchor.head => None,
        Some(_) => {
            Some((at, format!("event {at} is not the one that was anchored: the journal was written anew")))
        }
        None => Some((
            at,
            format!("{} events are left of {at} that were anchored: the journal was cut", stored.len()),
        )),
    }
}
