//! `docker-credential-holdpoint`: this program by another name, which clients of registries start for each image.
//!
//! In a run or in `holdpoint exec` it asks the process that started the child: no runtime, no session and no sign-in
//! of its own. Elsewhere it answers by itself.

use crate::commands::registry;
use crate::output;
use holdpoint_identity::Env;
use holdpoint_identity::registries::{
    self, Login, Question, RegistryAccess, RegistryDesk, RegistryError, Reply,
};
use holdpoint_redact::Secret;
use holdpoint_vault::docker::{self, Answer, Output, Request, Server};
use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Whether this program was started by the helper's name.
pub(crate) fn is_asked(program: &OsStr) -> bool {
    let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or_default();
    let name = name.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(name);
    name == "docker-credential-holdpoint"
}

/// Answers one question of a client, by the protocol: what goes wrong is said on standard output, with exit code 1.
pub(crate) fn answer(arguments: &[String], env: Env) -> ExitCode {
    let answer = match asked(arguments) {
        Ok(request) => reply(request, &env),
        Err(said) => Answer::Failed(said),
    };
    if let Answer::Failed(said) = &answer {
        // Docker's client throws away what a helper says on standard output and goes on without a login
        // (docker/cli, `ResolveAuthConfig`); standard error it passes on.
        output::error(said);
    }
    let output = docker::print(&answer);
    let Output { stdout, code } = output;
    let mut out = std::io::stdout();
    // A client that has gone away is not told; nothing was changed for it.
    let told = out.write_all(stdout.expose()).and_then(|()| out.flush());
    if told.is_err() { ExitCode::FAILURE } else { ExitCode::from(code) }
}

fn asked(arguments: &[String]) -> Result<Request, String> {
    let verb = docker::verb(arguments).map_err(|error| error.to_string())?;
    let mut input = Vec::new();
    if verb.reads_input() {
        let most = docker::LONGEST_INPUT as u64 + 1;
        let read = std::io::stdin().lock().take(most).read_to_end(&mut input);
        read.map_err(|error| format!("standard input cannot be read: {error}"))?;
    }
    docker::parse(verb, &input).map_err(|error| error.to_string())
}

fn reply(request: Request, env: &Env) -> Answer {
    if let Request::Version = request {
        return Answer::Version(format!("docker-credential-holdpoint {}", env!("CARGO_PKG_VERSION")));
    }
    if let Some(file) = RegistryAccess::file_in(env) {
        return of_parent(&file, request);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(of_our_own(request, env)),
        Err(error) => Answer::Failed(format!("no threads to be had: {error}")),
    }
}

/// The process that started this one's ancestors answers.
fn of_parent(file: &Path, request: Request) -> Answer {
    let (question, url) = match request {
        Request::Get(Server { url, host }) => (Question::Get { host }, url),
        Request::Store { server, username, secret } => {
            let question =
                Question::Store { host: server.host, username, secret: secret.expose().to_owned() };
            (question, server.url)
        }
        Request::Erase(Server { url, host }) => (Question::Erase { host }, url),
        Request::List | Request::Version => (Question::List, String::new()),
    };
    match registries::ask(file, &question) {
        Ok(Reply::Login { username, secret }) => Answer::Login { url, username, secret: Secret::new(secret) },
        Ok(Reply::Hosts { hosts }) => Answer::List(hosts),
        Ok(Reply::Done) => Answer::Done,
        Ok(Reply::Nobodys) => Answer::NotOurs,
        Ok(Reply::Failed { said }) => Answer::Failed(said),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

async fn of_our_own(request: Request, env: &Env) -> Answer {
    let desk = match registry::desk(env).await {
        Ok(desk) => desk,
        Err(problem) => return Answer::Failed(problem.to_string()),
    };
    match carry_out(&desk, request).await {
        Ok(answer) => answer,
        Err(error) if error.is_nobodys() => Answer::NotOurs,
        Err(error) => Answer::Failed(error.to_string()),
    }
}

async fn carry_out(desk: &RegistryDesk, request: Request) -> Result<Answer, RegistryError> {
    Ok(match request {
        Request::Get(Server { url, host }) => {
            let Login { username, secret, .. } = desk.login(&host).await?;
            Answer::Login { url, username, secret }
        }
        Request::Store { server, username, secret } => {
            desk.store(&server.host, Login { username, secret, ends_at: None })?;
            Answer::Done
        }
        Request::Erase(Server { host, .. }) => {
            desk.erase(&host)?;
            Answer::Done
        }
        Request::List | Request::Version => Answer::List(desk.list()),
    })
}
