//! `exec`: a program under one identity. Its credentials come from an endpoint that ends with it.

use crate::args::Exec;
use crate::commands::exec_folder::ExecFolder;
use crate::commands::{registry, sessions};
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_identity::{ChildAccess, ChildFiles, CredentialsEndpoint, Env, Source, profiles, program_env};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitStatus;
use tokio::process::{Child, Command};

/// Starts the program, waits for its end, and ends as it did.
pub(crate) async fn exec(args: Exec, env: &Env) -> Result<Exit, Problem> {
    let Some((program, words)) = args.program.split_first() else {
        return Err(Problem::new("no program: `holdpoint exec --profile P -- PROGRAM …`").code("usage"));
    };
    let session = sessions::open(env, args.profile.as_deref(), args.region.as_deref()).await?;
    // A program that starts without credentials says something else about it, and each something different.
    session.lasts_until().await.map_err(|error| Problem::new(error.to_string()))?;
    let folder = ExecFolder::make()?;
    let names: Vec<String> = profiles(env)
        .await?
        .profiles
        .into_iter()
        .map(|profile| profile.name)
        .filter(|name| plain(name))
        .collect();
    let files = ChildFiles::write(folder.path(), names.iter().map(String::as_str), session.region(), None);
    let files = files.map_err(|error| Problem::new(error.to_string()))?;
    let endpoint = CredentialsEndpoint::open(&session, folder.path()).await;
    let endpoint = endpoint.map_err(|error| Problem::new(error.to_string()))?;
    endpoint.ready().await.map_err(|error| Problem::new(error.to_string()))?;
    let access = ChildAccess { endpoint: &endpoint, files: &files, region: session.region(), practice: None };
    // What is no profile is said in words, which no profile has for a name.
    let chosen = match session.source() {
        Source::Profile(name) => name.clone(),
        other @ (Source::Environment | Source::Container | Source::WebIdentity | Source::Practice) => {
            other.to_string()
        }
    };
    let mut variables = program_env(env, &access, &chosen);
    let logins = registry::of_program(&session, env, folder.path()).await?;
    logins.furnish(&mut variables, &BTreeMap::new());
    let child = match start(program, words, &variables) {
        Ok(child) => child,
        Err(error) => {
            // 127 and 126, as every shell has it.
            output::error(&error.to_string());
            return Ok(Exit::Of(if error.is("no_program") { 127 } else { 126 }));
        }
    };
    let status = wait(child).await?;
    Ok(Exit::Of(code(status)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program that a person asked for, with the environment that identity made for it"
)]
fn start(
    program: &OsString,
    words: &[OsString],
    variables: &BTreeMap<OsString, OsString>,
) -> Result<Child, Problem> {
    let mut command = Command::new(program);
    command.args(words).env_clear().envs(variables).kill_on_drop(true);
    command.spawn().map_err(|error| {
        let name = Path::new(program).display().to_string();
        if error.kind() == std::io::ErrorKind::NotFound {
            return Problem::new(format!("there is no program `{name}`"))
                .hint("check its name and PATH")
                .code("no_program");
        }
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            return Problem::new(format!("`{name}` may not be started: {error}")).hint("make it executable");
        }
        Problem::new(format!("`{name}` could not be started: {error}"))
    })
}

/// Names that both the AWS CLI and the SDKs read; another one cannot be reached by either in a generated file.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b))
}

/// Waits for the program. What a terminal sends goes to it and to us; what another process sends to us is passed on.
#[cfg(unix)]
async fn wait(mut child: Child) -> Result<ExitStatus, Problem> {
    use std::io::IsTerminal as _;
    use tokio::signal::unix::{SignalKind, signal};
    let listen =
        |kind| signal(kind).map_err(|error| Problem::new(format!("signals cannot be passed on: {error}")));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    let mut quit = listen(SignalKind::quit())?;
    let (mut one, mut two) = (listen(SignalKind::user_defined1())?, listen(SignalKind::user_defined2())?);
    // A key that was pressed has reached the whole group already: passed on, it would arrive twice.
    let pressed = std::io::stdin().is_terminal();
    loop {
        let (signal, by_key) = tokio::select! {
            status = child.wait() => {
                return status.map_err(|error| Problem::new(format!("the program was lost: {error}")));
            }
            Some(()) = interrupt.recv() => (rustix::process::Signal::INT, true),
            Some(()) = quit.recv() => (rustix::process::Signal::QUIT, true),
            Some(()) = terminate.recv() => (rustix::process::Signal::TERM, false),
            Some(()) = hangup.recv() => (rustix::process::Signal::HUP, false),
            Some(()) = one.recv() => (rustix::process::Signal::USR1, false),
            Some(()) = two.recv() => (rustix::process::Signal::USR2, false),
        };
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let (Some(id), false) = (id, by_key && pressed) {
            // It may have ended in between.
            let _ = rustix::process::kill_process(id, signal);
        }
    }
}

#[cfg(not(unix))]
async fn wait(mut child: Child) -> Result<ExitStatus, Problem> {
    loop {
        tokio::select! {
            status = child.wait() => {
                return status.map_err(|error| Problem::new(format!("the program was lost: {error}")));
            }
            // The console sends it to every process that is attached to it.
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

/// The program's own exit code; 128 and the signal's number when one ended it, as shells have it.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    let Some(code) = status.code() else {
        output::note("the program ended without a code");
        return 1;
    };
    u8::try_from(code).unwrap_or(1)
}
