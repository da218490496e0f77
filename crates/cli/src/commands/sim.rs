//! `sim`: the simulated AWS, a process of its own.

use crate::args::Sim;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_sim::Options;
use std::time::Duration;

/// Serves until it is told to end, or has idled; or lists what it can play.
pub(crate) async fn sim(args: Sim) -> Result<Exit, Problem> {
    let Some(state_dir) = args.state.filter(|_| !args.scenarios) else {
        let all = holdpoint_sim::builtin_scenarios();
        let width = all.iter().map(|scenario| scenario.name.len()).max().unwrap_or_default();
        for scenario in all {
            output::line(format!("{:width$}  {}", scenario.name, scenario.about));
        }
        return Ok(Exit::Done);
    };
    let options = Options {
        state_dir,
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
