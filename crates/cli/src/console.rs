//! The console behind the commands that need one.

use crate::plug;
use holdpoint_api::{Config, Console, Problem};
use holdpoint_identity::Env;
use holdpoint_steps::{AwsOutfitter, SimCommand};
use std::sync::Arc;

/// Opens it: the simulator is this very program.
pub(crate) fn open(env: &Env) -> Result<Arc<Console>, Problem> {
    Console::open(Config { points: plug::points(env), ..config(env)? })
}

/// What it is opened with, for commands that need only its folder.
pub(crate) fn config(env: &Env) -> Result<Config, Problem> {
    let program = std::env::current_exe()
        .map_err(|error| Problem::new(format!("this program does not find itself: {error}")))?;
    let sim = SimCommand { program, args: vec!["sim".into()] };
    let outfitter = Arc::new(AwsOutfitter::new(env.clone(), sim));
    Config::of(env.clone(), outfitter, "cli", env!("CARGO_PKG_VERSION"))
}
