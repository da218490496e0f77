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
    let mut check = Check::new(run, anchors);
    let events = stored.iter().map_while(|one| check.take(one)).collect();
    (check.verdict(), events)
}

/// A check of a journal, event by event: of any length, in little memory.
pub struct Check<'a> {
    run: &'a RunId,
    anchors: &'a [Anchor],
    /// Number and hash of the newest event that is intact.
    head: (u64, [u8; 32]),
    bad: Option<ChainError>,
    /// The first anchor that does not fit.
    misfit: Option<(u64, String)>,
}

impl<'a> Check<'a> {
    /// Begins before the first event.
    pub fn new(run: &'a RunId, anchors: &'a [Anchor]) -> Self {
        let mut check = Self { run, anchors, head: (0, genesis(run)), bad: None, misfit: None };
        check.misfit = anchors.iter().find_map(|anchor| check.stranger(anchor));
        check
    }

    /// Takes the next event; `None` once the chain is broken.
    pub fn take(&mut self, stored: &Stored) -> Option<Event> {
        if self.bad.is_some() {
            return None;
        }
        let seq = self.head.0 + 1;
        match chain::open(self.run, seq, &self.head.1, stored) {
            Ok(event) => {
                self.head = (seq, stored.hash);
                self.anchored();
                Some(event)
            }
            Err(why) => {
                self.bad = Some(why);
                None
            }
        }
    }

    /// The answer, once all events were taken.
    pub fn verdict(self) -> Verdict {
        let (count, head) = self.head;
        if let Some(why) = self.bad {
            return Verdict::Bad { why, intact: count };
        }
        let cut = || {
            let beyond = self.anchors.iter().find(|anchor| anchor.count > count || anchor.count == 0)?;
            let at = beyond.count;
            Some((at, format!("{count} events are left of {at} that were anchored: the journal was cut")))
        };
        if let Some((count, why)) = self.misfit.or_else(cut) {
            return Verdict::NotAsAnchored { count, why };
        }
        let anchored = self.anchors.iter().map(|anchor| anchor.count).max().unwrap_or(0);
        Verdict::Intact { count, head: hex(&head), anchored }
    }

    /// Whether the newest event is the one that was anchored, where one was.
    fn anchored(&mut self) {
        let (at, head) = self.head;
        let mut here = self.anchors.iter().filter(|anchor| anchor.count == at);
        if self.misfit.is_none() && here.any(|anchor| anchor.head != hex(&head)) {
            let why = format!("event {at} is not the one that was anchored: the journal was written anew");
            self.misfit = Some((at, why));
        }
    }

    fn stranger(&self, anchor: &Anchor) -> Option<(u64, String)> {
        let at = anchor.count;
        if &anchor.run != self.run || !anchor.is_genuine() {
            let why = format!("the anchor at event {at} does not carry a genuine signature of its device");
            return Some((at, why));
        }
        if self.anchors.first().is_some_and(|first| first.key != anchor.key) {
            return Some((at, format!("the anchor at event {at} was signed by another device")));
        }
        None
    }
}
