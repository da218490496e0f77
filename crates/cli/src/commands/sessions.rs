//! Sessions as the commands open them.

use crate::{asking, output};
use holdpoint_api::Problem;
use holdpoint_identity::{Env, MfaAsk, MfaAsker, Opening, Session};
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
