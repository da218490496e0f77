//! Declares the window's commands, so that the page may call only those that its capability names.

use std::error::Error;
use tauri_build::{AppManifest, Attributes, try_build};

fn main() -> Result<(), Box<dyn Error>> {
    // The page is part of the program: built anew, it is embedded anew.
    println!("cargo::rerun-if-changed=../ui/dist");
    let commands =
        AppManifest::new().commands(&["rpc", "subscribe", "unsubscribe", "pick_plan", "pick_save"]);
    try_build(Attributes::new().app_manifest(commands))?;
    Ok(())
}
