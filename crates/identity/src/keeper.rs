//! What must forget: the credentials in memory and the endpoints that hand them out, when the screen locks.

use crate::shared::SharedSource;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

/// Knows every open source of credentials and every endpoint that was opened through it, and lets go of them at once.
/// It keeps none of them alive. Clones are the same keeper.
#[derive(Clone, Default)]
pub struct Keeper(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    sources: Vec<Weak<SharedSource>>,
    doors: Vec<Weak<dyn Door>>,
}

/// Something that can be closed for good.
pub(crate) trait Door: Send + Sync {
    /// Closes it; who asks later is told that it is closed. Whether it was open.
    fn close(&self) -> bool;
}

/// What was let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Sources that held credentials.
    pub credentials: usize,
    /// Endpoints that were open.
    pub endpoints: usize,
}

impl Keeper {
    /// A keeper of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets role credentials and closes container endpoints. A session that is used afterwards gets credentials
    /// anew from its source; an endpoint stays closed.
    pub fn forget(&self) -> Forgotten {
        let (sources, doors) = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let sources: Vec<_> = kept.sources.iter().filter_map(Weak::upgrade).collect();
            (sources, std::mem::take(&mut kept.doors))
        };
        let endpoints = doors.iter().filter_map(Weak::upgrade).filter(|door| door.close()).count();
        let credentials = sources.iter().filter(|source| source.forget()).count();
        Forgotten { credentials, endpoints }
    }

    /// Forgets role credentials and leaves endpoints open, for a step that still runs.
    pub fn forget_credentials(&self) -> usize {
        let sources: Vec<_> = {
            let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.sources.iter().filter_map(Weak::upgrade).collect()
        };
        sources.iter().filter(|source| source.forget()).count()
    }

    /// How many sources hold credentials that end, and when the first of them does.
    pub fn held(&self) -> (usize, Option<SystemTime>) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ends: Vec<_> =
            kept.sources.iter().filter_map(Weak::upgrade).filter_map(|source| source.ends_at()).collect();
        (ends.len(), ends.into_iter().min())
    }

    /// How many endpoints are open.
    pub fn endpoints(&self) -> usize {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.doors.iter().filter(|door| door.strong_count() > 0).count()
    }

    pub(crate) fn watch_source(&self, source: &Arc<SharedSource>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.sources.retain(|source| source.strong_count() > 0);
        kept.sources.push(Arc::downgrade(source));
    }

    pub(crate) fn watch_door(&self, door: Weak<dyn Door>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.doors.retain(|door| door.strong_count() > 0);
        kept.doors.push(door);
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper")
    }
}
