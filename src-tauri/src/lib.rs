//! The window: it shows the page, answers its calls and streams what changes. Invariant: it decides nothing.
//!
//! - [`Core`]: the console behind the window, or why there is none.
//! - [`window`]: the one window and where it may go; [`commands`]: all that the page may call.
//! - [`stream`]: changes, at most one message a frame.

pub mod commands;
mod core;
pub mod stream;
pub mod window;

pub use crate::core::{Core, cli};

use tauri::{Builder, Runtime};

/// Everything of the program but the core itself, so that tests can have it without a screen.
pub fn builder<R: Runtime>(builder: Builder<R>, core: Core) -> Builder<R> {
    builder.plugin(tauri_plugin_dialog::init()).manage(core).invoke_handler(tauri::generate_handler![
        commands::rpc,
        commands::subscribe,
        commands::unsubscribe,
        commands::pick_plan,
        commands::pick_save,
    ])
}
