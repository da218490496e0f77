//! `login` and `logout`: SSO sessions, signed in by a person and out again.

use crate::args::{Login, Logout};
use crate::commands::sessions;
use crate::exit::Exit;
use crate::{browser, output};
use holdpoint_api::Problem;
use holdpoint_identity::{
    Cancel, Env, How, Keeping, SignInEvent, SignInEvents, SignOutError, SsoSession, Standing, tokens_for,
};
use jiff::Timestamp;
use std::time::SystemTime;

/// Signs in. An interrupt cancels it, here and for everybody who joined.
pub(crate) async fn login(args: &Login, env: &Env) -> Result<Exit, Problem> {
    let session = sessions::chosen(env, args.session.as_deref(), args.profile.as_deref()).await?;
    let how = if args.device { How::Device } else { How::Browser };
    let tokens = tokens_for(env, &session).await;
    let cancel = Cancel::new();
    let asked_by = format!("holdpoint login (process {})", std::process::id());
    let terminal = Terminal { env, no_browser: args.no_browser };
    let signing_in = tokens.sign_in(&session, how, &asked_by, &terminal, &cancel);
    tokio::pin!(signing_in);
    let standing = tokio::select! {
        standing = &mut signing_in => standing,
        _ = tokio::signal::ctrl_c() => {
            cancel.cancel();
            signing_in.await
        }
    };
    let standing = standing.map_err(|error| Problem::new(error.to_string()))?;
    output::line(said(&session, &standing));
    Ok(Exit::Done)
}

/// Signs out, here and at AWS.
pub(crate) async fn logout(args: &Logout, env: &Env) -> Result<Exit, Problem> {
    let sessions = match args.all {
        true => holdpoint_identity::sso_sessions(env).await?,
        false => vec![sessions::chosen(env, args.session.as_deref(), args.profile.as_deref()).await?],
    };
    let mut exit = Exit::Done;
    for session in &sessions {
        let tokens = tokens_for(env, session).await;
        if args.all && tokens.standing(session) == Standing::SignedOut {
            continue;
        }
        match tokens.sign_out(session).await {
            Ok(()) => output::line(format!("signed out of {}", session.name)),
            // The token is gone from this machine: that is what was asked for.
            Err(error @ SignOutError::NotTold { .. }) => {
                output::line(format!("signed out of {}", session.name));
                output::note(error);
            }
            Err(error @ SignOutError::Trouble(_)) => {
                output::error(&format!("{}: {error}", session.name));
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}

/// How a session stands, in a line.
pub(crate) fn said(session: &SsoSession, standing: &Standing) -> String {
    let name = &session.name;
    match standing {
        Standing::SignedIn { expires_at, renews, kept, .. } => {
            let renewed = if *renews { ", renewed without you until the session ends" } else { "" };
            let place = match kept {
                Keeping::Shared => "shared with the AWS CLI",
                Keeping::Vault => "kept in the vault",
            };
            format!("signed in to {name} until {}{renewed}; {place}", shown(*expires_at))
        }
        Standing::Expired { since, renews: true } => {
            format!("the token of {name} ended at {} and is renewed when it is used", shown(*since))
        }
        Standing::Expired { since, renews: false } => {
            format!("the sign-in of {name} ended at {}: `holdpoint login {name}`", shown(*since))
        }
        Standing::SignedOut => format!("nobody is signed in to {name}: `holdpoint login {name}`"),
        Standing::Torn { path, why } => {
            format!("{} is not a token ({why}): `holdpoint login {name}` replaces it", path.display())
        }
        Standing::VaultLocked { why } => format!("the token of {name} is in the vault: {why}"),
    }
}

fn shown(at: SystemTime) -> String {
    match Timestamp::try_from(at) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => "a time that cannot be shown".to_owned(),
    }
}

/// What a sign-in tells is shown on standard error: standard output is for its end.
struct Terminal<'a> {
    env: &'a Env,
    no_browser: bool,
}

impl SignInEvents for Terminal<'_> {
    fn tell(&self, event: &SignInEvent) {
        match event {
            SignInEvent::Waiting { asked_by } => {
                output::note(format!("{asked_by} is signing in to this session: waiting for it"));
            }
            SignInEvent::Open { url } => {
                output::note(format!(
                    "sign in in the browser; if none appears, open this address:\n\n  {url}\n"
                ));
            }
            SignInEvent::NoBrowser { why } => {
                output::note(format!("no browser could be opened ({why}): a code follows"));
            }
            SignInEvent::Code { url, url_complete, user_code, .. } => {
                output::note(format!(
                    "open {url} in any browser and type\n\n  {user_code}\n\nor open {url_complete} and compare the code"
                ));
            }
            SignInEvent::Slower { interval } => {
                output::note(format!("AWS asks for patience: asking every {} s", interval.as_secs()));
            }
            SignInEvent::Foreign => {
                output::note("a browser came back from another sign-in and was turned away: still waiting");
            }
            SignInEvent::Returned => output::note("the browser came back"),
        }
    }

    fn open(&self, url: &str) -> Result<(), String> {
        // The address is shown; a person opens it where they like, on this machine.
        if self.no_browser { Ok(()) } else { browser::open(self.env, url) }
    }
}
