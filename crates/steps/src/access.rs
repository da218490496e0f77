//! What a process's sessions share: one door to tokens, so that a sign-in and a renewal serve all, and one keeper, so
//! that a lock forgets all.

use holdpoint_identity::registries::OpenSession;
use holdpoint_identity::{Env, Keeper, Opening, RunTag, Session, SessionError, Tokens};
use std::sync::Arc;

/// Handed on by the edge; without it each session reads tokens for itself, and nothing forgets it.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// This process's tokens.
    pub tokens: Option<Tokens>,
    /// Forgets credentials and closes endpoints.
    pub keeper: Option<Keeper>,
}

impl Access {
    /// Opens a session; roles on its way carry the run's name.
    pub(crate) async fn session(
        &self,
        env: &Env,
        profile: Option<&str>,
        region: Option<&str>,
        run: Option<RunTag>,
    ) -> Result<Session, SessionError> {
        let opening = Opening {
            tokens: self.tokens.as_ref(),
            keeper: self.keeper.as_ref(),
            run,
            ..Opening::new(env).profile(profile).region(region)
        };
        Session::open(&opening).await
    }

    /// Opens sessions later, as [`Access::session`] does.
    pub(crate) fn opens(&self, env: &Env, run: Option<RunTag>) -> OpenSession {
        let (access, env) = (self.clone(), env.clone());
        Arc::new(move |profile, region| {
            let (access, env, run) = (access.clone(), env.clone(), run.clone());
            Box::pin(async move { access.session(&env, Some(&profile), region.as_deref(), run).await })
        })
    }
}
