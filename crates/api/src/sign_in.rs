//! Sign-ins as the page follows them: one a session whoever asks, told as it goes on, ended by anybody.

use crate::Problem;
use crate::console::Console;
use crate::times::iso_of;
use crate::views::{KeptIn, NoticeKind, NoticeView, SignInState, SignInView, Update};
use holdpoint_engine::Invitation;
use holdpoint_identity::{
    Cancel, How, Keeping, SignInError, SignInEvent, SignInEvents, SignOutError, SsoSession, Standing,
};
use holdpoint_run::{Decision, HoldKey, RunId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long a cancelled sign-in is waited for.
const CANCELLED_WITHIN: Duration = Duration::from_secs(5);

/// The sign-ins that were asked for here.
#[derive(Default)]
pub(crate) struct SignIns {
    attempts: u32,
    /// The newest of each session.
    views: BTreeMap<String, SignInView>,
    /// What ends each of those that are under way, from the moment at which it was asked for.
    cancels: BTreeMap<String, Cancel>,
    /// Told whenever one is over.
    over: Arc<Notify>,
}

/// What a console holds of them.
pub(crate) type Held = Mutex<SignIns>;

impl Console {
    /// Begins a sign-in, or joins the one that is under way, and returns at once; what comes is pushed.
    pub async fn sign_in(
        self: &Arc<Self>,
        key: &str,
        device: bool,
        asked_by: Option<String>,
    ) -> Result<SignInView, Problem> {
        let session = self.sso_session(key).await?;
        let asked_by = asked_by.unwrap_or_else(|| "the console".to_owned());
        let (view, new) = self.joined(&session, key, &asked_by);
        self.tell(Update::SignIn { view: Box::new(view.clone()) });
        if let Some(cancel) = new {
            let (console, attempt) = (Arc::clone(self), view.attempt);
            tokio::spawn(async move { console.follow(session, attempt, device, &asked_by, &cancel).await });
        }
        Ok(view)
    }

    /// Ends a sign-in for everybody who waits for it, and returns when it is over: who begins anew then joins none that
    /// is about to end. One that is over already stays as it is.
    pub async fn cancel_sign_in(self: &Arc<Self>, key: &str) -> Result<(), Problem> {
        let asked_here = self.sign_ins().cancels.get(key).cloned();
        match asked_here {
            Some(cancel) => cancel.cancel(),
            None => {
                let session = self.sso_session(key).await?;
                self.identities.tokens.cancel_sign_in(&session);
            }
        }
        let over = Arc::clone(&self.sign_ins().over);
        let ended = async {
            loop {
                let next = over.notified();
                if !self.sign_in_now(key).is_some_and(|view| is_under_way(&view)) {
                    return;
                }
                next.await;
            }
        };
        // One that another program is in the middle of does not end by this.
        let _ = tokio::time::timeout(CANCELLED_WITHIN, ended).await;
        Ok(())
    }

    /// Opens the page of a sign-in in the browser once more.
    pub async fn open_sign_in(self: &Arc<Self>, key: &str) -> Result<SignInView, Problem> {
        let view = self.sign_in_now(key).filter(is_under_way).ok_or_else(|| {
            Problem::new("there is no sign-in under way here").code("not_found").hint("sign in anew")
        })?;
        let Some(url) = view.url_complete.as_ref().or(view.url.as_ref()) else {
            return Err(Problem::new("the page of this sign-in is not known yet").hint("wait a moment"));
        };
        self.browse(url).map_err(|why| {
            Problem::new(format!("no browser could be opened: {why}")).hint(format!("open {url}"))
        })?;
        Ok(view)
    }

    /// Signs out: AWS is told, the token is removed, and what was fetched with it is forgotten here.
    pub async fn sign_out(self: &Arc<Self>, key: &str) -> Result<(), Problem> {
        let session = self.sso_session(key).await?;
        let done = self.identities.tokens.sign_out(&session).await;
        self.identities.keeper.forget_credentials();
        self.tell(Update::Accounts);
        self.check_again(key);
        match done {
            Ok(()) => Ok(()),
            Err(SignOutError::NotTold { why }) => {
                let said = format!("AWS could not be told ({why}): the session there ends by itself.");
                self.tell(Update::Notice {
                    view: NoticeView {
                        kind: NoticeKind::Note,
                        title: format!("Signed out of {} on this machine", session.name),
                        said,
                        session: None,
                        ends_at: None,
                    },
                });
                Ok(())
            }
            Err(SignOutError::Trouble(trouble)) => Err(Problem::new(trouble.to_string())),
        }
    }

    /// Moves a session's token to the vault, or to where the AWS CLI finds it. No new sign-in.
    pub async fn keep_session(self: &Arc<Self>, key: &str, kept: KeptIn) -> Result<(), Problem> {
        let session = self.sso_session(key).await?;
        let keeping = match kept {
            KeptIn::Shared => Keeping::Shared,
            KeptIn::Vault => Keeping::Vault,
        };
        let moved = self.identities.tokens.keep(&session, keeping).await;
        moved.map_err(|trouble| Problem::new(trouble.to_string()))?;
        self.reread_prefs()?;
        self.tell(Update::Accounts);
        Ok(())
    }

    /// Signs a hold as somebody who signs in at this console for this one signature. Returns at once; where to sign in
    /// is pushed, and `sso.cancel` with the view's session ends it.
    pub async fn sign_as_guest(
        self: &Arc<Self>,
        run: &RunId,
        hold: HoldKey,
        decision: Decision,
        reason: Option<String>,
    ) -> Result<SignInView, Problem> {
        let handle = self.handle(run).ok_or_else(|| {
            Problem::new(format!("run {run} is not driven here")).hint("resume it first").code("refused")
        })?;
        let key = format!("guest:{run}");
        if let Some(under) = self.sign_in_now(&key).filter(is_under_way) {
            return Ok(under);
        }
        let cancel = Cancel::new();
        let view = {
            let mut all = self.sign_ins();
            all.cancels.insert(key.clone(), cancel.clone());
            all.begin(&key, "somebody else, for one signature", "the console")
        };
        self.tell(Update::SignIn { view: Box::new(view.clone()) });
        let (console, attempt) = (Arc::clone(self), view.attempt);
        tokio::spawn(async move {
            let show = |invitation: Invitation| {
                console.change_sign_in(&key, attempt, |view| invited(view, invitation));
            };
            let signed = tokio::select! {
                signed = handle.sign_as_guest(hold, decision, reason, &show) => Some(signed),
                () = cancel.cancelled() => None,
            };
            console.sign_ins().cancels.remove(&key);
            console.change_sign_in(&key, attempt, |view| match signed {
                Some(Ok(())) => end(view, SignInState::SignedIn, "Signed; the sign-in is forgotten.", None),
                Some(Err(error)) => {
                    end(view, SignInState::Failed, "It was not signed.", Some(Problem::from(error)));
                }
                None => end(view, SignInState::Cancelled, "Cancelled; nothing was signed.", None),
            });
        });
        Ok(view)
    }

    /// The newest sign-in of a session that was asked for here.
    pub(crate) fn sign_in_now(&self, key: &str) -> Option<SignInView> {
        self.sign_ins().views.get(key).cloned()
    }

    /// Joins what is under way, or begins one that can be cancelled from now on.
    fn joined(&self, session: &SsoSession, key: &str, asked_by: &str) -> (SignInView, Option<Cancel>) {
        let mut all = self.sign_ins();
        if let Some(view) = all.views.get_mut(key)
            && is_under_way(view)
        {
            if !view.asked_by.iter().any(|known| known == asked_by) {
                view.asked_by.push(asked_by.to_owned());
            }
            return (view.clone(), None);
        }
        let cancel = Cancel::new();
        all.cancels.insert(key.to_owned(), cancel.clone());
        (all.begin(key, &session.name, asked_by), Some(cancel))
    }

    async fn follow(
        self: Arc<Self>,
        session: SsoSession,
        attempt: u32,
        device: bool,
        asked_by: &str,
        cancel: &Cancel,
    ) {
        let key = session.key();
        let teller = Teller { console: &self, key: &key, attempt };
        let how = if device { How::Device } else { How::Browser };
        let done = self.identities.tokens.sign_in(&session, how, asked_by, &teller, cancel).await;
        let is_in = done.is_ok();
        self.sign_ins().cancels.remove(&key);
        self.change_sign_in(&key, attempt, |view| ended(view, &done));
        self.tell(Update::Accounts);
        if is_in {
            self.check_again(&key);
            // What the session reaches is what one signs in for.
            if let Err(problem) = self.refresh_accounts(&key).await {
                tracing::warn!(%problem, "the accounts are not asked for");
            }
        }
    }

    /// Changes the newest view and tells it; a word of an older attempt changes nothing.
    fn change_sign_in(&self, key: &str, attempt: u32, change: impl FnOnce(&mut SignInView)) {
        let changed = {
            let mut all = self.sign_ins();
            let Some(view) = all.views.get_mut(key).filter(|view| view.attempt == attempt) else { return };
            change(view);
            let (changed, over) = (view.clone(), Arc::clone(&all.over));
            if !is_under_way(&changed) {
                over.notify_waiters();
            }
            changed
        };
        self.tell(Update::SignIn { view: Box::new(changed) });
    }

    fn sign_ins(&self) -> MutexGuard<'_, SignIns> {
        self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SignIns {
    fn begin(&mut self, key: &str, name: &str, asked_by: &str) -> SignInView {
        self.attempts += 1;
        let view = SignInView {
            session: key.to_owned(),
            name: name.to_owned(),
            attempt: self.attempts,
            state: SignInState::Starting,
            url: None,
            url_complete: None,
            user_code: None,
            ends_at: None,
            asked_by: vec![asked_by.to_owned()],
            open_by_hand: false,
            said: "Identity Center is asked for a sign-in.".to_owned(),
            problem: None,
        };
        self.views.insert(key.to_owned(), view.clone());
        view
    }
}

/// Whether it is to be waited for.
pub(crate) fn is_under_way(view: &SignInView) -> bool {
    match view.state {
        SignInState::Starting | SignInState::Browser | SignInState::Code => true,
        SignInState::SignedIn | SignInState::Cancelled | SignInState::Failed => false,
    }
}

struct Teller<'a> {
    console: &'a Console,
    key: &'a str,
    attempt: u32,
}

impl SignInEvents for Teller<'_> {
    fn tell(&self, event: &SignInEvent) {
        self.console.change_sign_in(self.key, self.attempt, |view| told(view, event));
    }

    fn open(&self, url: &str) -> Result<(), String> {
        self.console.browse(url)
    }
}

fn told(view: &mut SignInView, event: &SignInEvent) {
    match event {
        SignInEvent::Waiting { asked_by } => {
            view.asked_by.retain(|known| known != asked_by);
            view.asked_by.insert(0, asked_by.clone());
            view.said = format!("{asked_by} is signing in already: this waits for the same sign-in.");
        }
        SignInEvent::Open { url } => {
            view.state = SignInState::Browser;
            view.url = Some(url.clone());
            view.said = "Allow the sign-in in your browser; it comes back by itself.".into();
        }
        SignInEvent::NoBrowser { why } => {
            view.open_by_hand = true;
            view.said = format!("No browser could be opened ({why}): a code follows, for any browser.");
        }
        SignInEvent::Code { url, url_complete, user_code, expires_at } => {
            view.state = SignInState::Code;
            view.url = Some(url.clone());
            view.url_complete = Some(url_complete.clone());
            view.user_code = Some(user_code.clone());
            view.ends_at = Some(iso_of(*expires_at));
            view.said = "Open the page, compare the code, and allow the sign-in.".into();
        }
        SignInEvent::Slower { interval } => {
            view.said = format!("AWS wants to be asked less often: every {} s now.", interval.as_secs());
        }
        SignInEvent::Foreign => {
            view.said =
                "A browser came with the answer to another sign-in and was turned away; this one goes on."
                    .into();
        }
        SignInEvent::Returned => view.said = "The browser came back; the token is fetched.".into(),
    }
}

fn invited(view: &mut SignInView, invitation: Invitation) {
    view.state = SignInState::Code;
    view.url = Some(invitation.url);
    view.user_code = Some(invitation.user_code);
    view.ends_at = Some(crate::times::iso(invitation.ends_at));
    // This machine's browser knows who sits here; who signs is to be somebody else.
    view.open_by_hand = true;
    view.said = "Whoever signs opens the page in a private window, compares the code, and signs in.".into();
}

fn ended(view: &mut SignInView, done: &Result<Standing, SignInError>) {
    match done {
        Ok(Standing::SignedIn { expires_at, renews, .. }) => {
            let until = iso_of(*expires_at);
            let said = if *renews {
                "Signed in; it renews itself.".into()
            } else {
                format!("Signed in until {until}.")
            };
            end(view, SignInState::SignedIn, &said, None);
            view.ends_at = Some(until);
        }
        Ok(
            Standing::Expired { .. }
            | Standing::SignedOut
            | Standing::Torn { .. }
            | Standing::VaultLocked { .. },
        ) => {
            end(view, SignInState::SignedIn, "Signed in.", None);
        }
        Err(SignInError::Cancelled { .. }) => {
            end(view, SignInState::Cancelled, "Cancelled; nothing was changed.", None);
        }
        Err(error) => {
            end(view, SignInState::Failed, "Nobody was signed in.", Some(Problem::new(error.to_string())));
        }
    }
}

fn end(view: &mut SignInView, state: SignInState, said: &str, problem: Option<Problem>) {
    view.state = state;
    view.said = said.to_owned();
    view.problem = problem;
}
