//! `cargo xtask …`: set up, show, test and measure Holdpoint.
//!
//! It only starts the tools that do the work, and says in one line what came of it. CI types the same commands.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool for developers: it starts cargo, npm and apt as the developer, asks whether there is a screen, and measures"
)]

mod bench;
mod crash;
mod demo;
mod e2e;
mod front;
mod fuzz;
mod http;
mod part;
mod place;
mod python;
mod setup;
mod test;
mod tool;
mod types;
mod window;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "What a person types while working on Holdpoint", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing to build and test: system packages, the UI's packages; then build the UI.
    Setup,
    /// Open the window on the practice account with an example plan; without a display, walk the plan headless.
    Demo {
        /// Walk the plan headless even where there is a display.
        #[arg(long)]
        headless: bool,
        /// Divide durations by this in the headless walk.
        #[arg(long, default_value_t = 60.0)]
        speed: f64,
    },
    /// Everything that CI runs, in order; the last line is the summary.
    Test {
        /// Only the parts whose name starts with this, e.g. `rules` or `ui`.
        #[arg(long)]
        only: Option<String>,
    },
    /// The real window, walked by WebDriver on a screen of its own.
    E2e,
    /// Write the files that are generated from the code (TypeScript, schema, tables of kinds).
    Types {
        /// Only say whether they are current.
        #[arg(long)]
        check: bool,
    },
    /// Record anew what the Terraform of this machine says, for the cases that are played where there is none.
    RecordTerraform,
    /// Mutated inputs against the laws of reading, importing and scripts, as long as you like. Input that breaks one is kept.
    Fuzz {
        /// How long each target runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// One of `plan`, `shell`, `import`; without it all, one after the other.
        target: Option<String>,
    },
    /// The whole sweeps of crashes, failing disks and power losses, of which the tests run a sample; prints their figures.
    Crash {
        /// Only these rows, e.g. `r1,r4`.
        #[arg(long)]
        only: Option<String>,
        /// Random cases of each sweep that has them.
        #[arg(long, default_value_t = 100)]
        seeds: u32,
        /// Write the figures into docs/how-it-is-tested.md.
        #[arg(long)]
        record: bool,
    },
    /// Speed as ratios against a peer measured in the same run. Builds for release.
    Bench {
        /// Pairs of runs to take the median of.
        #[arg(long, default_value_t = 15)]
        pairs: usize,
        /// Only these measures, e.g. `images,outcomes`.
        #[arg(long)]
        only: Option<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Setup => setup::all(),
        Command::Demo { headless, speed } => demo::run(headless, speed),
        Command::Test { only } => return test::run(only.as_deref()),
        Command::E2e => e2e::run(),
        Command::Types { check } => types::run(check),
        Command::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()),
        Command::Crash { only, seeds, record } => crash::run(only.as_deref(), seeds, record),
        Command::Bench { pairs, only } => bench::run(pairs, only.as_deref()),
        Command::RecordTerraform => test::record_terraform(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("\nfailed: {failure}");
            ExitCode::FAILURE
        }
    }
}
