//! One file a command, or a family of them.

mod accounts;
mod adopting;
mod aws_console;
mod check;
mod comparing;
mod configurations;
mod doctor;
mod exec;
mod exec_folder;
mod explain;
mod fixing;
mod handing_out;
mod identity;
mod image;
mod import;
mod known;
mod lesson;
mod listing;
mod logs;
mod obligations;
mod registry;
pub(crate) mod registry_helper;
mod reports;
mod sessions;
mod signing_in;
mod sim;
mod walking;

pub(crate) use walking::accept_at_the_terminal;

use crate::args::Command;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_identity::Env;
use holdpoint_vault::Choice;

/// Carries a command out; a problem is told and becomes an exit code.
pub(crate) async fn carry_out(command: Command, env: Env) -> Exit {
    if let Some(Err(no)) = env.get("HOLDPOINT_VAULT").map(str::parse::<Choice>) {
        output::error(&format!("HOLDPOINT_VAULT: {no}, or unset it"));
        return Exit::Usage;
    }
    let done = match command {
        Command::Check(args) => check::check(&args, &env).await,
        Command::Explain(args) => explain::explain(&args),
        Command::Schema(args) => explain::schema(args.name),
        Command::Import(args) => import::import(&args),
        Command::Trust(args) => check::trust(&args, &env),
        Command::Run(args) => walking::run(args, &env).await,
        Command::Resume(args) => walking::resume(args, &env).await,
        Command::Adopt(args) => adopting::adopt(args, &env).await,
        Command::Rollback(args) => walking::rollback(args, &env).await,
        Command::Obligations(args) => obligations::obligations(args, &env).await,
        Command::Runs(args) => listing::runs(&args, &env).await,
        Command::Show(args) => listing::show(&args, &env).await,
        Command::Verify(args) => reports::verify(&args, &env).await,
        Command::Report(args) => reports::report(&args, &env).await,
        Command::Compare(args) => comparing::compare(&args, &env).await,
        Command::Lesson(args) => lesson::lesson(&args, &env).await,
        Command::Profiles(args) => identity::profiles(&args, &env).await,
        Command::Whoami(args) => identity::whoami(&args, &env).await,
        Command::Registry(args) => registry::registry(args, &env).await,
        Command::Image(args) => image::image(args, &env).await,
        Command::Login(args) => signing_in::login(&args, &env).await,
        Command::Logout(args) => signing_in::logout(&args, &env).await,
        Command::Accounts(args) => accounts::accounts(&args, &env).await,
        Command::Exec(args) => exec::exec(args, &env).await,
        Command::CredentialProcess(args) => handing_out::credential_process(&args, &env).await,
        Command::Env(args) => handing_out::variables(&args, &env).await,
        Command::Console(args) => aws_console::console(&args, &env).await,
        Command::Known(args) => known::known(&args, &env).await,
        Command::Logs(args) => logs::logs(&args, &env).await,
        Command::Doctor(args) => doctor::doctor(&args, &env).await,
        Command::Sim(args) => sim::sim(args).await,
    };
    done.unwrap_or_else(|problem| told(&problem))
}

fn told(problem: &Problem) -> Exit {
    output::error(&problem.to_string());
    if problem.is("usage") || problem.is("not_found") {
        Exit::Usage
    } else if problem.is("untrusted") {
        Exit::Waits
    } else {
        Exit::Failed
    }
}
