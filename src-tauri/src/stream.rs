//! Changes on their way to the page: at most one message a frame, and of a run only the newest view.

use holdpoint_api::views::Update;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

/// Shortest time between two messages: one frame of a screen of 60 Hz.
pub const FRAME: Duration = Duration::from_millis(16);

/// What has changed since the last message.
#[derive(Debug, Default)]
pub struct Batch {
    updates: Vec<Update>,
}

impl Batch {
    /// Adds a change. A newer view of a run, a sign-in, the identity or the lock takes the place of an older one; lines
    /// join those of the same step; what is to be asked for anew is told once; every notice is told.
    pub fn add(&mut self, update: Update) {
        match update {
            Update::Run { view } => {
                self.updates
                    .retain(|known| !matches!(known, Update::Run { view: older } if older.run == view.run));
                self.updates.push(Update::Run { view });
            }
            Update::Log { run, step, lines } => {
                let same = self.updates.iter_mut().find_map(|known| match known {
                    Update::Log { run: of, step: at, lines } if *of == run && *at == step => Some(lines),
                    Update::Log { .. }
                    | Update::Run { .. }
                    | Update::Home
                    | Update::Accounts
                    | Update::SignIn { .. }
                    | Update::Identity { .. }
                    | Update::Lock { .. }
                    | Update::Notice { .. } => None,
                });
                match same {
                    Some(known) => known.extend(lines),
                    None => self.updates.push(Update::Log { run, step, lines }),
                }
            }
            Update::Home | Update::Accounts => {
                if !self.updates.contains(&update) {
                    self.updates.push(update);
                }
            }
            Update::SignIn { view } => {
                self.updates.retain(
                    |known| !matches!(known, Update::SignIn { view: older } if older.session == view.session),
                );
                self.updates.push(Update::SignIn { view });
            }
            Update::Identity { .. } => {
                self.updates.retain(|known| !matches!(known, Update::Identity { .. }));
                self.updates.push(update);
            }
            Update::Lock { .. } => {
                self.updates.retain(|known| !matches!(known, Update::Lock { .. }));
                self.updates.push(update);
            }
            Update::Notice { .. } => self.updates.push(update),
        }
    }

    /// Takes what there is, in the order in which it last changed.
    pub fn take(&mut self) -> Vec<Update> {
        std::mem::take(&mut self.updates)
    }
}

/// Who hears what changes: one task for each channel that the page opened.
#[derive(Default)]
pub struct Streams {
    tasks: Mutex<BTreeMap<u32, JoinHandle<()>>>,
}

impl Streams {
    /// Sends changes to a channel until it is closed or the console is gone.
    pub fn open(&self, updates: Receiver<Update>, channel: Channel<Vec<Update>>) {
        let id = channel.id();
        let task = tauri::async_runtime::spawn(pump(updates, move |batch| channel.send(batch).is_ok()));
        if let Some(older) = self.lock().insert(id, task) {
            older.abort();
        }
    }

    /// Ends one. Ending it twice is no mistake.
    pub fn close(&self, id: u32) {
        if let Some(task) = self.lock().remove(&id) {
            task.abort();
        }
    }

    /// Ends all: the page that opened them is gone.
    pub fn close_all(&self) {
        for (_, task) in std::mem::take(&mut *self.lock()) {
            task.abort();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, JoinHandle<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Collects for a frame, sends, and again, until `send` fails or nothing can change any more.
pub async fn pump(mut updates: Receiver<Update>, send: impl Fn(Vec<Update>) -> bool) {
    let mut batch = Batch::default();
    let mut open = true;
    while open {
        open = heard(updates.recv().await, &mut batch);
        let frame = Instant::now() + FRAME;
        while open && let Ok(next) = timeout_at(frame, updates.recv()).await {
            open = heard(next, &mut batch);
        }
        let changes = batch.take();
        if !changes.is_empty() && !send(changes) {
            return;
        }
    }
}

/// Whether more can come. Whoever was too slow has missed the oldest changes; the newest view of a run is never among
/// them, so it is enough to have the first screen asked for anew.
fn heard(next: Result<Update, RecvError>, batch: &mut Batch) -> bool {
    match next {
        Ok(update) => batch.add(update),
        Err(RecvError::Lagged(missed)) => {
            tracing::warn!(missed, "the window was too slow for some changes");
            batch.add(Update::Home);
        }
        Err(RecvError::Closed) => return false,
    }
    true
}
