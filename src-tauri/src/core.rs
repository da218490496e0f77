//! The console behind the window.

use crate::stream::Streams;
use holdpoint_api::{Config, Console, Problem, dispatch};
use holdpoint_identity::Env;
use holdpoint_steps::{Access, AwsOutfitter, SimCommand};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The console, or why there is none: a window that cannot open its ledger says so in its page.
pub struct Core {
    console: Result<Arc<Console>, Problem>,
    /// Who hears what changes.
    pub streams: Streams,
}

impl Core {
    /// Opens everything that is kept. `program` is this executable; `plan` is opened at once.
    pub fn open(env: &Env, program: &Path, plan: Option<String>) -> Self {
        let console = console(env, program, plan);
        if let Err(problem) = &console {
            tracing::error!(%problem, "the console did not open");
        }
        Self { console, streams: Streams::default() }
    }

    /// The console.
    pub fn console(&self) -> Result<&Arc<Console>, Problem> {
        self.console.as_ref().map_err(Clone::clone)
    }

    /// Carries a call out.
    pub async fn call(&self, name: &str, args: Value) -> Result<Value, Problem> {
        dispatch(self.console()?, name, args).await
    }
}

/// `holdpoint`, which simulates the practice account: `HOLDPOINT_CLI`, else the one beside this program.
pub fn cli(env: &Env, program: &Path) -> PathBuf {
    match env.os("HOLDPOINT_CLI").filter(|value| !value.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => program.with_file_name(format!("holdpoint{}", std::env::consts::EXE_SUFFIX)),
    }
}

fn console(env: &Env, program: &Path, plan: Option<String>) -> Result<Arc<Console>, Problem> {
    let sim = SimCommand { program: cli(env, program), args: vec!["sim".into()] };
    if !sim.program.is_file() {
        tracing::warn!(
            "{} is not there: nothing can be practised until HOLDPOINT_CLI names the `holdpoint` program",
            sim.program.display()
        );
    }
    let outfitter = AwsOutfitter::new(env.clone(), sim);
    let config = Config::of(env.clone(), Arc::new(outfitter.clone()), "console", env!("CARGO_PKG_VERSION"))?;
    let identities = config.open_identities();
    let (tokens, keeper) = (Some(identities.tokens.clone()), Some(identities.keeper.clone()));
    Console::open(Config {
        open_at_start: plan,
        outfitter: Arc::new(outfitter.with(Access { tokens, keeper })),
        identities: Some(identities),
        open_url: Arc::new(|url| open::that_detached(url).map_err(|error| error.to_string())),
        ..config
    })
}
