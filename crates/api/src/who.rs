//! Who one is here: switched at once from what the files say, vouched for by STS as soon as it answers.

use crate::Problem;
use crate::console::Console;
use crate::marks::{alias_of, colour_of, weight_of};
use crate::profiles::Shown;
use crate::times::iso_of;
use crate::views::{ClockKind, Identity, IdentityClock, IdentityStanding, Profile, Update};
use holdpoint_identity::{Caller, Opening, RoleError, Session, WhoamiError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The identity chosen, and what STS said of profiles before.
#[derive(Default)]
pub(crate) struct Who {
    now: Option<Identity>,
    /// Which switch `now` belongs to: an answer to an older one comes too late.
    turn: u64,
    /// By profile; its account and role are shown until STS answers anew.
    vouched: BTreeMap<String, Vouched>,
    /// What `now` calls with; tells how long it lasts.
    session: Option<Session>,
}

#[derive(Clone)]
struct Vouched {
    account: String,
    role: Option<String>,
    region: String,
}

impl Console {
    /// Switches to a profile at once: the answer is what the files and earlier answers say. STS is asked behind it,
    /// and its answer pushed. An open run keeps its own identity.
    pub async fn use_identity(self: &Arc<Self>, profile: Option<&str>) -> Result<Identity, Problem> {
        let found = self.read_profiles().await?;
        let wanted = profile.or_else(|| self.config.env.get("AWS_PROFILE"));
        let name = wanted.unwrap_or("default");
        let entry = found.profiles.iter().find(|entry| entry.name == name);
        if entry.is_none() && wanted.is_some() {
            return Err(Problem::new(format!("there is no profile `{name}`"))
                .code("not_found")
                .hint("`profiles.list` names those that there are; a file may have changed"));
        }
        if let Some(chosen) = profile {
            let now = self.clock.now().0 / 1000;
            self.change_prefs(|prefs| prefs.choose(chosen, now))?;
        }
        let shown = entry.map(|entry| Shown::new(self.prefs()).profile(entry));
        let (identity, turn) = self.switch(profile, shown);
        self.tell(Update::Identity { view: Box::new(identity.clone()) });
        let (console, profile) = (Arc::clone(self), profile.map(str::to_owned));
        tokio::spawn(async move { console.vouch(profile, turn).await });
        Ok(identity)
    }

    /// Asks STS who a profile is, and remembers it as the identity chosen.
    pub async fn check_identity(self: &Arc<Self>, profile: Option<&str>) -> Result<Identity, Problem> {
        let shown = self.read_profiles().await.ok();
        let name = profile.unwrap_or("default");
        let entry = shown.as_ref().and_then(|found| found.profiles.iter().find(|entry| entry.name == name));
        let entry = entry.map(|entry| Shown::new(self.prefs()).profile(entry));
        let (caller, session) = self.ask_sts(profile).await?;
        let (_, turn) = self.switch(profile, entry);
        let view = self.vouched(profile, turn, &caller, session);
        self.tell(Update::Identity { view: Box::new(view.clone()) });
        Ok(view)
    }

    /// The identity chosen; with its marks as they are now.
    pub(crate) fn identity_now(&self) -> Option<Identity> {
        self.who().now.clone()
    }

    /// The clocks of the identity chosen, from memory and files.
    pub fn identity_clocks(&self) -> Vec<IdentityClock> {
        let session = self.who().session.clone();
        session.as_ref().map(clocks_of).unwrap_or_default()
    }

    /// The role's keys of the identity chosen, and its profile.
    pub(crate) fn role_clock(&self) -> Option<(String, holdpoint_identity::Clock)> {
        let who = self.who();
        let profile = who.now.as_ref()?.profile.clone().unwrap_or_else(|| "the environment".to_owned());
        Some((profile, who.session.as_ref()?.clocks().role?))
    }

    /// A session was signed in to, or out of: the identity that comes from it is asked for again.
    pub(crate) fn check_again(self: &Arc<Self>, key: &str) {
        let (profile, turn) = {
            let mut who = self.who();
            let Some(now) = who.now.as_mut() else { return };
            if now.session.as_deref() != Some(key) {
                return;
            }
            now.standing = IdentityStanding::Checking;
            (now.profile.clone(), who.turn)
        };
        let console = Arc::clone(self);
        tokio::spawn(async move { console.vouch(profile, turn).await });
    }

    /// The identity chosen wears the marks that were changed.
    pub(crate) fn recolour(&self) {
        let prefs = self.prefs();
        let changed = {
            let mut who = self.who();
            let Some(now) = who.now.as_mut() else { return };
            let before = now.clone();
            let names = [now.profile.as_deref().unwrap_or_default()];
            (now.weight, now.weight_guessed) = weight_of(&prefs, Some(&now.account), &names);
            now.alias = alias_of(&prefs, &now.account);
            now.colour = colour_of(&prefs, &now.account);
            (*now != before).then(|| now.clone())
        };
        if let Some(view) = changed {
            self.tell(Update::Identity { view: Box::new(view) });
        }
    }

    /// Takes the place of the identity before, without asking anybody.
    fn switch(&self, profile: Option<&str>, shown: Option<Profile>) -> (Identity, u64) {
        let mut who = self.who();
        let before = who.vouched.get(profile.unwrap_or_default()).cloned();
        let own = |name| self.config.env.get(name).map(str::to_owned);
        let region = own("AWS_REGION").or_else(|| own("AWS_DEFAULT_REGION"));
        let file = |of: fn(&Profile) -> Option<String>| shown.as_ref().and_then(of);
        let account = file(|p| p.account.clone()).or_else(|| before.as_ref().map(|b| b.account.clone()));
        let account = account.unwrap_or_default();
        let prefs = self.prefs();
        let (weight, weight_guessed) = weight_of(&prefs, Some(&account), &[profile.unwrap_or_default()]);
        let identity = Identity {
            profile: profile.map(str::to_owned),
            alias: alias_of(&prefs, &account),
            colour: colour_of(&prefs, &account),
            role: file(|p| p.role.clone()).or_else(|| before.as_ref().and_then(|b| b.role.clone())),
            region: region
                .or_else(|| file(|p| p.region.clone()))
                .or_else(|| before.map(|b| b.region))
                .unwrap_or_default(),
            arn: None,
            weight,
            weight_guessed,
            standing: IdentityStanding::Checking,
            problem: None,
            session: file(|p| p.session.clone()),
            checked_at: None,
            clocks: Vec::new(),
            account,
        };
        who.turn += 1;
        who.session = None;
        who.now = Some(identity.clone());
        (identity, who.turn)
    }

    /// Asks STS, and pushes its answer unless somebody has switched on.
    async fn vouch(self: Arc<Self>, profile: Option<String>, turn: u64) {
        match self.ask_sts(profile.as_deref()).await {
            Ok((caller, session)) => {
                let view = self.vouched(profile.as_deref(), turn, &caller, session);
                if self.who().turn == turn {
                    self.tell(Update::Identity { view: Box::new(view) });
                }
            }
            Err(problem) => {
                let refused = {
                    let mut who = self.who();
                    if who.turn != turn {
                        return;
                    }
                    let Some(now) = who.now.as_mut() else { return };
                    now.standing = IdentityStanding::Refused;
                    now.problem = Some(problem);
                    now.clone()
                };
                self.tell(Update::Identity { view: Box::new(refused) });
            }
        }
    }

    fn vouched(&self, profile: Option<&str>, turn: u64, caller: &Caller, session: Session) -> Identity {
        let region = session.region().to_owned();
        let prefs = self.prefs();
        let mut who = self.who();
        let role = role_of(&caller.arn);
        let known = Vouched { account: caller.account.clone(), role: role.clone(), region: region.clone() };
        who.vouched.insert(profile.unwrap_or_default().to_owned(), known);
        let (weight, weight_guessed) =
            weight_of(&prefs, Some(&caller.account), &[profile.unwrap_or_default()]);
        let before = who.now.as_ref();
        let identity = Identity {
            profile: profile.map(str::to_owned),
            account: caller.account.clone(),
            alias: alias_of(&prefs, &caller.account),
            colour: colour_of(&prefs, &caller.account),
            role,
            region,
            arn: Some(caller.arn.clone()),
            weight,
            weight_guessed,
            standing: IdentityStanding::Checked,
            problem: None,
            session: before.and_then(|identity| identity.session.clone()),
            checked_at: Some(self.clock.now().to_string()),
            clocks: clocks_of(&session),
        };
        if who.turn == turn {
            who.now = Some(identity.clone());
            who.session = Some(session);
        }
        identity
    }

    /// Who STS says that a profile is, and the region of its calls.
    async fn ask_sts(&self, profile: Option<&str>) -> Result<(Caller, Session), Problem> {
        let opening = Opening {
            keeper: Some(&self.identities.keeper),
            ..Opening::new(&self.config.env).profile(profile).tokens(&self.identities.tokens)
        };
        let session = Session::open(&opening).await.map_err(|error| Problem::new(error.to_string()))?;
        let caller = session.whoami().await.map_err(|error| refused(&error))?;
        Ok((caller, session))
    }

    fn who(&self) -> MutexGuard<'_, Who> {
        self.who.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why STS does not vouch; the code says when a sign-in would help.
fn refused(error: &WhoamiError) -> Problem {
    let problem = Problem::new(error.to_string());
    match error {
        WhoamiError::SignInExpired { .. } | WhoamiError::Role(RoleError::SignIn { .. }) => {
            problem.code("signed_out")
        }
        WhoamiError::NotAssigned { .. }
        | WhoamiError::Role(_)
        | WhoamiError::NoCredentials { .. }
        | WhoamiError::Expired { .. }
        | WhoamiError::UnknownKey { .. }
        | WhoamiError::Signature { .. }
        | WhoamiError::ClockSkew { .. }
        | WhoamiError::Denied { .. }
        | WhoamiError::Unreachable { .. }
        | WhoamiError::Timeout { .. }
        | WhoamiError::NotSts { .. }
        | WhoamiError::Throttled { .. }
        | WhoamiError::Service { .. } => problem,
    }
}

fn clocks_of(session: &Session) -> Vec<IdentityClock> {
    let clocks = session.clocks();
    let view = |what, clock: holdpoint_identity::Clock| IdentityClock {
        what,
        ends_at: iso_of(clock.ends_at),
        renews: clock.renews,
        source: clock.source,
    };
    let single =
        [(ClockKind::Sso, clocks.sso), (ClockKind::Token, clocks.token), (ClockKind::Role, clocks.role)];
    let single = single.into_iter().filter_map(|(what, clock)| clock.map(|clock| view(what, clock)));
    single.chain(clocks.registry.into_iter().map(|clock| view(ClockKind::Registry, clock))).collect()
}

/// Name of the role or permission set in a caller's ARN: of `AWSReservedSSO_Deployer_0123456789abcdef` it is `Deployer`.
fn role_of(arn: &str) -> Option<String> {
    let (_, rest) = arn.split_once(":assumed-role/")?;
    let role = rest.split('/').next()?;
    let set = role.strip_prefix("AWSReservedSSO_").and_then(|set| set.rsplit_once('_'));
    Some(set.map_or(role, |(name, _)| name).to_owned())
}

/// What a console holds of it.
pub(crate) type Held = Mutex<Who>;
