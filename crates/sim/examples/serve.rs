//! Serves a simulator from the command line, for client tests without the `holdpoint` command:
//! `serve sim --state DIR [--port N] [--scenario F] [--speed X] [--seed S]`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = holdpoint_sim::Options::new("sim-state");
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "sim");
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--state" => options.state_dir = value.into(),
            "--port" => options.port = Some(value.parse()?),
            "--scenario" => options.scenario = Some(value),
            "--speed" => options.speed = value.parse()?,
            "--seed" => options.seed = value.parse()?,
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    // As text: what `main` returns is shown in its debug form.
    let served = tokio::runtime::Runtime::new()?
        .block_on(async { holdpoint_sim::serve(options).await?.finished().await })
        .map_err(|error| error.to_string());
    Ok(served?)
}
