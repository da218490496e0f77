//! The outside world: things with sizes, what was sent to it, and what will go wrong.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Something that goes wrong once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Preparing is refused.
    PrepareFails,
    /// The action is refused and takes no effect.
    Refused,
    /// The connection breaks before the action arrives.
    LostBefore,
    /// The action takes effect and its answer is lost.
    LostAfter,
    /// Looking at the world settles nothing.
    Blind,
    /// What was started fails, saying this in its log.
    Fails(&'static str),
    /// What was started never ends.
    Hangs,
    /// The executor has a defect, and panics.
    Breaks,
    /// What was started waits for an answer before it goes on.
    Asks,
    /// Looking at what was started finds that AWS put back what ran before.
    PutBack,
}

/// All there is outside. A copy of it is the world at that moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Things {
    /// What exists, by key.
    pub(crate) sizes: BTreeMap<String, Value>,
    /// Actions that took effect: mark and number.
    pub(crate) took_effect: Vec<String>,
    /// Faults to come, by work (`scale_api`, `undo of scale_api`, `check of scale_api`).
    pub(crate) faults: Vec<(&'static str, Fault)>,
}

/// The world.
#[derive(Debug, Default)]
pub(crate) struct World {
    things: Mutex<Things>,
    sign_in: watch::Sender<SignIn>,
}

/// A sign-in that may end.
#[derive(Debug, Clone, Copy, Default)]
struct SignIn {
    /// Calls so far.
    calls: usize,
    /// It ends at this call, from 1.
    ends_at: Option<usize>,
    over: bool,
}

impl World {
    pub(crate) fn new(things: Things) -> Self {
        Self { things: Mutex::new(things), sign_in: watch::Sender::default() }
    }

    pub(crate) fn things(&self) -> MutexGuard<'_, Things> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the sign-in end at a call, from 1.
    pub(crate) fn end_sign_in_at(&self, call: usize) {
        self.sign_in.send_modify(|sign_in| sign_in.ends_at = Some(call));
    }

    /// Counts a call; false when nobody is signed in.
    pub(crate) fn answers(&self) -> bool {
        self.sign_in.send_modify(|sign_in| {
            sign_in.calls += 1;
            sign_in.over |= sign_in.ends_at == Some(sign_in.calls);
        });
        !self.sign_in.borrow().over
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.sign_in.borrow().calls
    }

    pub(crate) fn is_signed_out(&self) -> bool {
        self.sign_in.borrow().over
    }

    pub(crate) fn sign_in(&self) {
        self.sign_in.send_modify(|sign_in| sign_in.over = false);
    }

    pub(crate) async fn signed_in(&self) {
        // The sender is this world itself.
        let _ = self.sign_in.subscribe().wait_for(|sign_in| !sign_in.over).await;
    }

    /// Whether this fault strikes now; then it is used up.
    pub(crate) fn strikes(&self, work: &str, matches: impl Fn(Fault) -> bool) -> Option<Fault> {
        let mut things = self.things();
        let at = things.faults.iter().position(|(of, fault)| *of == work && matches(*fault))?;
        Some(things.faults.remove(at).1)
    }
}

/// Two services as they are before a run.
pub(crate) fn shop() -> Things {
    let sizes = [("ecs/shop/api", 2), ("ecs/shop/web", 1)];
    Things {
        sizes: sizes.into_iter().map(|(key, size)| (key.to_owned(), Value::from(size))).collect(),
        ..Things::default()
    }
}
