//! `holdpoint`: everything without a window.
//!
//! Exit codes: 0 done; 1 failed, refused or rolled back; 2 usage; 3 waits for a person.

mod args;
mod asking;
mod browser;
mod commands;
mod console;
mod diagnosis;
mod exit;
mod interrupts;
mod output;
mod plug;
mod walk;

use args::{Args, Command};
use clap::Parser as _;
use commands::registry_helper;
use exit::Exit;
use holdpoint_identity::Env;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    // First of all: a client of registries waits for the helper at every image.
    if words.next().is_some_and(|program| registry_helper::is_asked(&program)) {
        let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        return registry_helper::answer(&words, Env::new(environment()));
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Where the terminal is gone there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    start_log(args.verbose);
    let env = Env::new(environment());
    let runtime = match &args.command {
        // One call and no more: threads would cost more than they save.
        Command::Whoami(_)
        | Command::Login(_)
        | Command::Logout(_)
        | Command::Accounts(_)
        | Command::Exec(_)
        | Command::CredentialProcess(_)
        | Command::Env(_)
        | Command::Console(_)
        | Command::Doctor(_)
        | Command::Check(_)
        | Command::Explain(_)
        | Command::Schema(_)
        | Command::Import(_)
        | Command::Logs(_)
        | Command::Profiles(_)
        | Command::Image(_)
        | Command::Registry(_) => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        Command::Trust(_)
        | Command::Run(_)
        | Command::Runs(_)
        | Command::Show(_)
        | Command::Known(_)
        | Command::Resume(_)
        | Command::Adopt(_)
        | Command::Rollback(_)
        | Command::Obligations(_)
        | Command::Verify(_)
        | Command::Report(_)
        | Command::Compare(_)
        | Command::Lesson(_)
        | Command::Sim(_) => {
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
        }
    };
    let exit = match runtime {
        Ok(runtime) => runtime.block_on(commands::carry_out(args.command, env)),
        Err(error) => {
            output::error(&format!("no threads to be had: {error}"));
            Exit::Failed
        }
    };
    match exit {
        Exit::Done if !output::is_whole() => Exit::Failed.into(),
        Exit::Done | Exit::Failed | Exit::Usage | Exit::Waits | Exit::Of(_) => exit.into(),
    }
}

/// The edge hands the environment on as an argument: nothing below reads it.
fn environment() -> std::env::VarsOs {
    std::env::vars_os()
}

/// Warnings and worse on standard error; more with `-v`. No secret reaches a log: values are redacted before.
fn start_log(verbose: u8) {
    let level = match verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    // The SDK remarks on every odd line of a configuration file; `holdpoint doctor` says it in words with a repair.
    let sdk = if verbose > 1 { level } else { tracing::Level::ERROR };
    let filter = Targets::new().with_default(level).with_target("aws_", sdk);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    tracing_subscriber::registry().with(lines).with(filter).init();
}
