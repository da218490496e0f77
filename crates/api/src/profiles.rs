//! The profiles of the two files as shown, read once until a file changes: ten thousand are no reason to wait.

use crate::Problem;
use crate::console::Console;
use crate::marks::{alias_of, colour_of, weight_of};
use crate::times::iso;
use crate::views::{Profile, Profiles};
use holdpoint_identity::{Kind, Prefs, SsoSession};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What was read, and from what.
#[derive(Default)]
pub(crate) struct Read {
    last: Mutex<Option<(Vec<Stamp>, Found)>>,
}

/// The profiles, and the sign-ins that they share.
type Found = (Arc<holdpoint_identity::Profiles>, Arc<Vec<SsoSession>>);

/// A file as it was read: one that is replaced has another number, one that is written another time or length.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    path: PathBuf,
    is: Option<(SystemTime, u64, u64)>,
}

impl Console {
    /// The profiles of the configuration files.
    pub async fn profiles(&self) -> Result<Profiles, Problem> {
        let found = self.read_profiles().await?;
        let default = self.config.env.get("AWS_PROFILE").map(str::to_owned);
        let has_default = found.profiles.iter().any(|profile| profile.name == "default");
        let more = found.problems.iter().map(|problem| problem.text.clone());
        let explanation: Vec<String> = found.explanation.iter().cloned().chain(more).collect();
        let shown = Shown::new(self.prefs());
        Ok(Profiles {
            profiles: found.profiles.iter().map(|profile| shown.profile(profile)).collect(),
            explanation: (!explanation.is_empty()).then(|| explanation.join("; ")),
            default: default.or_else(|| has_default.then(|| "default".to_owned())),
        })
    }

    /// The profiles, from memory while no file has changed.
    pub(crate) async fn read_profiles(&self) -> Result<Arc<holdpoint_identity::Profiles>, Problem> {
        Ok(self.read_files().await?.0)
    }

    /// The SSO sessions, from memory while no file has changed.
    pub(crate) async fn sso_sessions(&self) -> Result<Arc<Vec<SsoSession>>, Problem> {
        Ok(self.read_files().await?.1)
    }

    async fn read_files(&self) -> Result<Found, Problem> {
        if let Some((stamps, found)) = &*self.read.last.lock().unwrap_or_else(PoisonError::into_inner)
            && stamps.iter().all(|stamp| stamp.is == state_of(&stamp.path))
        {
            return Ok(found.clone());
        }
        // Looked at before it is read: what is written meanwhile makes the next reading a new one.
        let before = holdpoint_identity::profile_files(&self.config.env);
        let stamps: Vec<Stamp> = before.into_iter().map(|path| Stamp { is: state_of(&path), path }).collect();
        let profiles = Arc::new(holdpoint_identity::profiles(&self.config.env).await?);
        let sessions = Arc::new(holdpoint_identity::sso_sessions(&self.config.env).await?);
        let found = (profiles, sessions);
        *self.read.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamps, found.clone()));
        Ok(found)
    }
}

/// Profiles beside what the operator chose.
pub(crate) struct Shown {
    prefs: Arc<Prefs>,
    used: HashMap<String, i64>,
    favourites: HashSet<String>,
}

impl Shown {
    pub(crate) fn new(prefs: Arc<Prefs>) -> Self {
        let used = prefs.recent.iter().map(|recent| (recent.profile.clone(), recent.at)).collect();
        let favourites = prefs.favourites.iter().cloned().collect();
        Self { prefs, used, favourites }
    }

    pub(crate) fn profile(&self, profile: &holdpoint_identity::Profile) -> Profile {
        let account = profile.account.as_deref();
        let alias = account.and_then(|account| alias_of(&self.prefs, account));
        let names = [profile.name.as_str(), alias.as_deref().unwrap_or_default()];
        let (weight, weight_guessed) = weight_of(&self.prefs, account, &names);
        Profile {
            name: profile.name.clone(),
            kind: kind_in_words(&profile.kind),
            account: profile.account.clone(),
            role: profile.role.clone(),
            region: profile.region.clone(),
            session: profile.sign_in.as_deref().map(holdpoint_identity::session_key),
            colour: account.and_then(|account| colour_of(&self.prefs, account)),
            alias,
            weight,
            weight_guessed,
            favourite: self.favourites.contains(&profile.name),
            last_used: self.used.get(&profile.name).copied().map(iso),
            problems: profile.problems.clone(),
        }
    }
}

fn state_of(path: &PathBuf) -> Option<(SystemTime, u64, u64)> {
    let meta = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&meta);
    #[cfg(not(unix))]
    let number = 0;
    Some((meta.modified().ok()?, meta.len(), number))
}

fn kind_in_words(kind: &Kind) -> String {
    match kind {
        Kind::AssumeRole { source } => format!("role, assumed from {source}"),
        Kind::CredentialSource { source } => format!("role, from {source}"),
        Kind::WebIdentity => "web identity".into(),
        Kind::SsoSession => "SSO session".into(),
        Kind::LegacySso => "SSO without refresh".into(),
        Kind::Login => "aws login".into(),
        Kind::Process => "credential process".into(),
        Kind::Static => "access keys in a file".into(),
        Kind::RegionOnly => "settings only".into(),
    }
}
