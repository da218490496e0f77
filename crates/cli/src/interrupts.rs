//! Ctrl-C at a run: what goes on is stopped, where it can be; else the program ends, and the run is gone on with later.

use crate::{asking, output};
use holdpoint_api::Console;
use holdpoint_engine::RunHandle;
use holdpoint_run::RunId;
use std::sync::Arc;

/// The code of a program that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// Heeds interrupts as long as what it gives is kept.
pub(crate) fn heed(console: &Arc<Console>, run: &RunId, handle: &RunHandle, silent: bool) -> Heeding {
    let (console, run, handle) = (Arc::clone(console), run.clone(), handle.clone());
    Heeding(tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            let hard = match handle.stoppable() {
                Some((_, None)) => false,
                // Nobody is here who could answer for it.
                Some((_, Some(false))) if !output::has_person() || silent => continue,
                Some((_, Some(false))) => {
                    let sure = "  it was interrupted, and puts its state away. Kill it all the same? What it makes may then be in no state.";
                    if !asking::yes(sure).unwrap_or(false) {
                        continue;
                    }
                    true
                }
                Some((_, Some(true))) => continue,
                None => std::process::exit(INTERRUPTED),
            };
            match console.stop(&run, hard, None).await {
                Ok(()) if hard => output::note("killed; what is left to do is looked at"),
                Ok(()) => output::note("interrupted: it stops, and puts its state away"),
                Err(problem) => output::error(&problem.to_string()),
            }
        }
    }))
}

/// Heeds until it is dropped.
pub(crate) struct Heeding(tokio::task::JoinHandle<()>);

impl Drop for Heeding {
    fn drop(&mut self) {
        self.0.abort();
    }
}
