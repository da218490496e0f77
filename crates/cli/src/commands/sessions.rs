//! Sessions as the commands open them.

use crate::{asking, output};
use holdpoint_api::Problem;
use holdpoint_identity::{Env, MfaAsk, MfaAsker, Opening, Session, SsoSession, sso_sessions};
use holdpoint_redact::Secret;
use std::sync::Arc;

/// A session whose second factor is asked for at the terminal, when there is one.
pub(crate) async fn open(env: &Env, profile: Option<&str>, region: Option<&str>) -> Result<Session, Problem> {
    let mut opening = Opening::new(env).profile(profile).region(region);
    if output::has_person_at_stderr() {
        opening.mfa = Some(Arc::new(Terminal));
    }
    Session::open(&opening).await.map_err(|error| Problem::new(error.to_string()))
}

/// A session that asks nobody.
pub(crate) async fn silent(
    env: &Env,
    profile: Option<&str>,
    region: Option<&str>,
) -> Result<Session, Problem> {
    let opening = Opening::new(env).profile(profile).region(region);
    Session::open(&opening).await.map_err(|error| Problem::new(error.to_string()))
}

/// The SSO session that a command means: the one named; that of the profile; that of `AWS_PROFILE`; the only one.
pub(crate) async fn chosen(
    env: &Env,
    named: Option<&str>,
    profile: Option<&str>,
) -> Result<SsoSession, Problem> {
    let sessions = sso_sessions(env).await?;
    let find = |name: &str| {
        let same = |session: &&SsoSession| session.name == name;
        let url = |session: &&SsoSession| {
            session.start_url.trim_end_matches(['/', '#']) == name.trim_end_matches(['/', '#'])
        };
        sessions.iter().find(same).or_else(|| sessions.iter().find(url)).cloned()
    };
    let names = || sessions.iter().map(|session| session.name.as_str()).collect::<Vec<_>>().join(", ");
    let usage = |text: String| Problem::new(text).code("usage");
    if let Some(name) = named {
        return find(name).ok_or_else(|| match sessions.is_empty() {
            true => none(),
            false => usage(format!("there is no SSO session `{name}`: there are {}", names())),
        });
    }
    let by_env = env.get("AWS_PROFILE").filter(|_| profile.is_none());
    if let Some(name) = profile.or(by_env) {
        let all = holdpoint_identity::profiles(env).await?.profiles;
        let found = all.iter().find(|one| one.name == name);
        match (found, found.and_then(|profile| profile.sign_in.as_deref())) {
            (None, _) if profile.is_some() => {
                return Err(usage(format!("there is no profile `{name}`"))
                    .hint("`holdpoint profiles` lists those that there are"));
            }
            (Some(_), Some(sign_in)) => {
                return find(sign_in).ok_or_else(|| {
                    usage(format!(
                        "profile `{name}` signs in to `{sign_in}`, which has no start URL or region"
                    ))
                });
            }
            (Some(_), None) if profile.is_some() => {
                return Err(usage(format!("profile `{name}` signs in to no SSO session")));
            }
            // What the environment happens to name is no reason to refuse the only session there is.
            (None | Some(_), _) => {}
        }
    }
    match sessions.as_slice() {
        [] => Err(none()),
        [one] => Ok(one.clone()),
        _ => Err(usage(format!("there are several SSO sessions, name one: {}", names()))),
    }
}

fn none() -> Problem {
    Problem::new("the AWS configuration has no SSO session").code("usage").hint(
        "`aws configure sso` makes one, or write an [sso-session NAME] with sso_start_url and sso_region",
    )
}

struct Terminal;

impl MfaAsker for Terminal {
    fn code(&self, ask: &MfaAsk) -> Option<Secret> {
        output::note(format!(
            "{} of profile `{}` asks for the code of {}",
            ask.role_arn, ask.profile, ask.device
        ));
        asking::secret("code").ok().map(Secret::new)
    }
}
