//! `sim`: the simulated AWS, a process of its own.

use crate::args::Sim;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_sim::Options;
use std::time::Duration;

/// Serves until it is told to end, or has idled.
pub(crate) async fn sim(args: Sim) -> Result<Exit, Problem> {
    let options = Options {
        state_dir: args.state,
        port: args.port,
        scenario: args.scenario,
        speed: args.speed,
        seed: args.seed,
        idle_exit: args.idle_exit.map(Duration::from_secs),
    };
    let running = holdpoint_sim::serve(options).await.map_err(|error| Problem::new(error.to_string()))?;
    output::line(serde_json::json!({ "endpoint": format!("http://127.0.0.1:{}", running.port()) }));
    running.finished().await.map_err(|error| Problem::new(error.to_string()))?;
    Ok(Exit::Done)
}
