//! The console behind the commands that need one.

use crate::plug;
use holdpoint_api::{Config, Console, Problem};
use holdpoint_identity::Env;
use holdpoint_steps::{Access, AwsOutfitter, SimCommand};
use std::sync::Arc;

/// Opens it: the simulator is this very program.
pub(crate) fn open(env: &Env) -> Result<Arc<Console>, Problem> {
    let config = Config { points: plug::points(env), ..config(env)? };
    let identities = config.open_identities();
    let (tokens, keeper) = (Some(identities.tokens.clone()), Some(identities.keeper.clone()));
    let outfitter = Arc::new(outfitter(env)?.with(Access { tokens, keeper }));
    Console::open(Config { outfitter, identities: Some(identities), ..config })
}

/// Sign-ins for a command that looks at an account without a run.
pub(crate) fn access(env: &Env) -> Result<Access, Problem> {
    let identities = config(env)?.open_identities();
    Ok(Access { tokens: Some(identities.tokens.clone()), keeper: Some(identities.keeper.clone()) })
}

/// What it is opened with, for commands that need only its folder.
pub(crate) fn config(env: &Env) -> Result<Config, Problem> {
    Config::of(env.clone(), Arc::new(outfitter(env)?), "cli", env!("CARGO_PKG_VERSION"))
}

fn outfitter(env: &Env) -> Result<AwsOutfitter, Problem> {
    let program = std::env::current_exe()
        .map_err(|error| Problem::new(format!("this program does not find itself: {error}")))?;
    Ok(AwsOutfitter::new(env.clone(), SimCommand { program, args: vec!["sim".into()] }))
}
