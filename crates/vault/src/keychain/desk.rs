//! One thread that does all of a keychain's work: its libraries block, may start a runtime of their own, and on
//! Windows do not keep the order of calls that come from several threads.

use super::items::Items;
use crate::{StoreName, VaultError};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

type Job = Box<dyn FnOnce(&mut Items) + Send>;

/// How long a keychain may take before it is told that it gave no answer.
#[derive(Debug, Clone, Copy)]
pub struct Patience(pub Duration);

impl Default for Patience {
    /// Two minutes: a person may have to find a window and type a password.
    fn default() -> Self {
        Self(Duration::from_secs(120))
    }
}

/// Hands work to the thread and waits for the answer, inside a runtime or outside of one.
pub(super) struct Desk {
    jobs: Sender<Job>,
    store: StoreName,
    patience: Patience,
}

impl Desk {
    /// Starts the thread, and the store on it.
    pub(super) fn start(
        store: StoreName,
        patience: Patience,
        open: impl FnOnce() -> Result<Items, VaultError> + Send + 'static,
    ) -> Result<Self, VaultError> {
        let (jobs, work) = mpsc::channel::<Job>();
        let (opened, is_open) = mpsc::channel();
        thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || {
                let mut items = match open() {
                    Ok(items) => items,
                    Err(error) => {
                        // Nobody waits any more when this cannot be told.
                        drop(opened.send(Err(error)));
                        return;
                    }
                };
                drop(opened.send(Ok(())));
                for job in work {
                    job(&mut items);
                }
            })
            .map_err(|error| VaultError::Keychain { store, why: format!("no thread for it: {error}") })?;
        let desk = Self { jobs, store, patience };
        desk.wait(&is_open)??;
        Ok(desk)
    }

    /// Does `work` on the thread. After [`VaultError::NoAnswer`] it may still be done later.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Items) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let (answer, answered) = mpsc::channel();
        let job: Job = Box::new(move |items| drop(answer.send(work(items))));
        self.jobs.send(job).map_err(|_| self.gone())?;
        self.wait(&answered)?
    }

    fn wait<T>(&self, answered: &mpsc::Receiver<T>) -> Result<T, VaultError> {
        answered.recv_timeout(self.patience.0).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                VaultError::NoAnswer { store: self.store, seconds: self.patience.0.as_secs() }
            }
            RecvTimeoutError::Disconnected => self.gone(),
        })
    }

    fn gone(&self) -> VaultError {
        VaultError::Keychain { store: self.store, why: "its library stopped with a fault".to_owned() }
    }
}
