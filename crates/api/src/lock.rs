//! The lock: after a while without a touch the screen is covered, commands are refused, and what is held in memory is
//! forgotten; while a step runs that waits for the step (docs/adr/0036).

use crate::Problem;
use crate::console::Console;
use crate::views::{LockView, Update};
use holdpoint_redact::Secret;
use holdpoint_run::{At, Status};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

/// What may be asked while the screen is covered: to look, and to open it.
const WHILE_LOCKED: [&str; 10] = [
    "lock.view",
    "lock.now",
    "lock.open",
    "lock.touch",
    "home.view",
    "runs.list",
    "run.view",
    "run.log",
    "prefs.view",
    "vault.view",
];

/// How long between two looks at the time, at most: a machine that slept locks when it wakes.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What a console holds of it.
pub(crate) struct Held {
    state: Mutex<State>,
    minding: Once,
}

struct State {
    /// Since when it is locked.
    since: Option<At>,
    touched: At,
    /// What of it is still to be forgotten, and why not yet.
    waits_for: Option<String>,
}

impl Held {
    /// Locked from the start when a passphrase is wanted.
    pub(crate) fn new(locked: bool, now: At) -> Self {
        let state = State { since: locked.then_some(now), touched: now, waits_for: None };
        Self { state: Mutex::new(state), minding: Once::new() }
    }
}

impl Console {
    /// How the lock stands. From the first look on it is minded.
    pub fn lock_view(self: &Arc<Self>) -> LockView {
        self.lock.minding.call_once(|| drop(tokio::spawn(mind(Arc::downgrade(self)))));
        self.lock_now_is()
    }

    /// Somebody is there.
    pub fn touch(self: &Arc<Self>) -> LockView {
        let now = self.clock.now();
        self.lock_state().touched = now;
        self.lock_view()
    }

    /// Locks at once.
    pub fn lock_now(self: &Arc<Self>) -> LockView {
        let now = self.clock.now();
        {
            let mut state = self.lock_state();
            if state.since.is_some() {
                drop(state);
                return self.lock_now_is();
            }
            state.since = Some(now);
        }
        self.forget_or_wait();
        let view = self.lock_now_is();
        self.tell(Update::Lock { view: view.clone() });
        view
    }

    /// Opens it: with the vault's passphrase where there is one, else by asking.
    pub async fn unlock(self: &Arc<Self>, passphrase: Option<Secret>) -> Result<LockView, Problem> {
        let door = Arc::clone(&self.vault);
        let opened = tokio::task::spawn_blocking(move || {
            if !door.has_passphrase() {
                return Ok(());
            }
            let Some(passphrase) = passphrase else {
                return Err(Problem::new("the vault's passphrase opens this lock").code("passphrase"));
            };
            door.unlock(Some(&passphrase)).map_err(|error| {
                Problem::new(error.to_string())
                    .code("passphrase")
                    .hint("type it again; the caps lock may be on")
            })
        });
        opened.await.map_err(|gone| Problem::new(format!("the vault was not asked: {gone}")))??;
        let now = self.clock.now();
        {
            let mut state = self.lock_state();
            (state.since, state.waits_for, state.touched) = (None, None, now);
        }
        let view = self.lock_now_is();
        self.tell(Update::Lock { view: view.clone() });
        self.tell(Update::Accounts);
        Ok(view)
    }

    /// Refuses what is not for a covered screen.
    pub(crate) fn may(&self, call: &str) -> Result<(), Problem> {
        if self.lock_state().since.is_none() || WHILE_LOCKED.contains(&call) {
            return Ok(());
        }
        Err(Problem::new("the console is locked")
            .code("locked")
            .hint("unlock it first; runs go on meanwhile"))
    }

    /// A run has changed: what waited for its step may go now.
    pub(crate) fn settle_lock(&self) {
        let before = self.lock_state().waits_for.clone();
        if before.is_some() {
            self.forget_or_wait();
            let view = self.lock_now_is();
            if view.waits_for != before {
                self.tell(Update::Lock { view });
            }
        }
    }

    /// Forgets what is held, unless a step that runs here needs it: then that waits for the step, and says so.
    fn forget_or_wait(&self) {
        let needs = self.running_step();
        let mut state = self.lock_state();
        if state.since.is_none() {
            return;
        }
        state.waits_for = needs;
        if state.waits_for.is_none() {
            let gone = self.identities.keeper.forget();
            self.identities.tokens.forget();
            tracing::info!(credentials = gone.credentials, endpoints = gone.endpoints, "locked");
            // A run that goes on, at a hold or between two steps, signs and renews by it.
            if self.opened().values().all(|open| open.handle.is_finished()) {
                self.vault.close();
            }
        }
    }

    /// A step that this process is carrying out, in words.
    fn running_step(&self) -> Option<String> {
        let handles: Vec<_> = self.opened().values().map(|open| open.handle.clone()).collect();
        handles.iter().filter(|handle| !handle.is_finished()).find_map(|handle| {
            let state = handle.state();
            let steps = state.plan.stages.iter().flat_map(|stage| &stage.steps);
            let step = steps.into_iter().find(|step| is_carried_out(state.status(&step.id)))?;
            Some(format!("step `{}` of run {} uses its credentials until it ends", step.title, handle.id()))
        })
    }

    fn lock_now_is(&self) -> LockView {
        let passphrase = self.vault.has_passphrase();
        let idle_minutes = self.prefs().idle_minutes;
        let state = self.lock_state();
        LockView {
            locked: state.since.is_some(),
            since: state.since.map(|at| at.to_string()),
            waits_for: state.waits_for.clone(),
            passphrase,
            idle_minutes,
        }
    }

    /// Locks when nobody was there for long enough; how long until the next look.
    fn look_at_idleness(self: &Arc<Self>) -> Duration {
        let idle = Duration::from_secs(u64::from(self.prefs().idle_minutes) * 60);
        let (locked, touched) = {
            let state = self.lock_state();
            (state.since.is_some(), state.touched)
        };
        if locked || idle.is_zero() {
            return LOOK_EVERY;
        }
        // A wall clock that was set back counts as a touch: nobody is locked out by it.
        let passed = u64::try_from(self.clock.now().0 - touched.0).unwrap_or_default();
        match idle.checked_sub(Duration::from_millis(passed)) {
            Some(left) if !left.is_zero() => left.min(LOOK_EVERY),
            Some(_) | None => {
                self.lock_now();
                LOOK_EVERY
            }
        }
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.lock.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Minds the time for as long as there is a console.
async fn mind(console: std::sync::Weak<Console>) {
    while let Some(here) = console.upgrade() {
        let next = here.look_at_idleness();
        here.look_at_ends().await;
        let clock = Arc::clone(&here.clock);
        drop(here);
        clock.sleep(next).await;
    }
}

/// Whether a step in this state may be using credentials now. One that asks a person does not.
fn is_carried_out(status: Status) -> bool {
    match status {
        Status::Running | Status::Sent | Status::Waiting | Status::Verifying => true,
        Status::Pending
        | Status::Asking
        | Status::Succeeded
        | Status::Failed
        | Status::Unknown
        | Status::RolledBackByAws
        | Status::Superseded
        | Status::Skipped
        | Status::Compensated
        | Status::NotPractised => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_may_be_asked_while_locked_are_calls() {
        for name in super::WHILE_LOCKED {
            assert!(crate::CALLS.iter().any(|call| call.name == name), "{name}");
        }
    }
}
