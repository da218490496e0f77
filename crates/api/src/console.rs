//! Everything that a host of the console holds.

use crate::door::VaultDoor;
use crate::identities::Identities;
use crate::places::Places;
use crate::runs::Open;
use crate::views::{Home, PlanView, RunSummary, Update, plan_view};
use crate::{Problem, kept};
use crate::{
    accounts, drafts, examination, history, lock, notices, obligations, own, profiles, sign_in, who,
};
use ed25519_dalek::SigningKey;
use holdpoint_engine::{Clock, MachineClock, Outfitter, Points};
use holdpoint_identity::{Env, Prefs};
use holdpoint_ledger::{Anchors, SqliteLedger};
use holdpoint_plan::{LARGEST, Reading};
use holdpoint_redact::Secret;
use holdpoint_run::{Actor, RunId};
use holdpoint_vault::{Choice, NoChoice};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::broadcast;

/// Past runs that the first screen shows; the history has all of them.
const FEW: usize = 12;

/// Opens a page in the person's browser; the reason when that is not possible.
pub type OpenUrl = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// What a host chooses.
pub struct Config {
    /// `HOLDPOINT_HOME`.
    pub home: PathBuf,
    /// The environment, as an argument.
    pub env: Env,
    /// Where the tools of runs come from.
    pub outfitter: Arc<dyn Outfitter>,
    /// Who pulls the plug, in tests.
    pub points: Arc<dyn Points>,
    /// Version of Holdpoint.
    pub version: String,
    /// Name of who sits at the console, for commands that AWS does not know of.
    pub operator: String,
    /// `console` or `cli`.
    pub through: String,
    /// Who drives: "pid 41 on host".
    pub driver: String,
    /// Where secrets are to be kept, while nobody chose.
    pub vault: Choice,
    /// What opens the vault, when a passphrase does and one was given.
    pub passphrase: Option<Secret>,
    /// What the edge has opened already, to hand it to the outfitter; else the console opens its own.
    pub identities: Option<Identities>,
    /// Opens a page in the person's browser; the reason when that is not possible.
    pub open_url: OpenUrl,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// A plan to open at the start.
    pub open_at_start: Option<String>,
}

impl Config {
    /// What the environment says: `HOLDPOINT_HOME`, else `XDG_DATA_HOME/holdpoint`, else `~/.local/share/holdpoint`
    /// (`~/Library/Application Support/Holdpoint` on macOS, `%LOCALAPPDATA%\\Holdpoint` on Windows); who sits here from
    /// `USER` or `USERNAME`. `through` is `console` or `cli`.
    pub fn of(
        env: Env,
        outfitter: Arc<dyn Outfitter>,
        through: &str,
        version: &str,
    ) -> Result<Self, Problem> {
        let home = holdpoint_identity::Places::of(&env).map(|places| places.home).ok_or_else(|| {
            Problem::new("no folder to keep things in: neither HOLDPOINT_HOME nor HOME is set")
                .hint("set HOLDPOINT_HOME to a folder of your own")
        })?;
        let operator = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| env.get(name));
        let host =
            std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
        let host = host
            .or_else(|| env.get("COMPUTERNAME").map(str::to_owned))
            .unwrap_or_else(|| "this machine".into());
        Ok(Self {
            home,
            operator: operator.unwrap_or("operator").to_owned(),
            driver: format!("pid {} on {host}", std::process::id()),
            through: through.to_owned(),
            version: version.to_owned(),
            vault: choice_of(&env)?,
            passphrase: env.get("HOLDPOINT_VAULT_PASSPHRASE").map(Secret::new),
            identities: None,
            open_url: Arc::new(|_| Err("this console opens no pages".to_owned())),
            clock: Arc::new(MachineClock::new(1.0)),
            open_at_start: None,
            points: Arc::new(holdpoint_engine::Undisturbed),
            outfitter,
            env,
        })
    }
}

impl Config {
    /// Opens the vault as far as that needs no person, and what stands on it.
    pub fn open_identities(&self) -> Identities {
        Identities::open(&self.home, &self.env, self.vault, self.passphrase.as_ref())
    }
}

/// `HOLDPOINT_VAULT`: where the secrets of a new home are to be kept.
fn choice_of(env: &Env) -> Result<Choice, Problem> {
    let Some(name) = env.get("HOLDPOINT_VAULT") else { return Ok(Choice::Auto) };
    name.parse().map_err(|no: NoChoice| {
        Problem::new(format!("HOLDPOINT_VAULT: {no}")).hint("set it to one of these, or unset it")
    })
}

/// A host's console.
pub struct Console {
    pub(crate) config: Config,
    pub(crate) places: Places,
    pub(crate) ledger: Arc<SqliteLedger>,
    pub(crate) anchors: Anchors,
    pub(crate) identities: Identities,
    pub(crate) vault: Arc<VaultDoor>,
    device: OnceLock<SigningKey>,
    pub(crate) sign_ins: sign_in::Held,
    pub(crate) trees: accounts::Held,
    pub(crate) drafts: drafts::Held,
    pub(crate) findings: examination::Held,
    pub(crate) told: notices::Held,
    pub(crate) own: own::Held,
    pub(crate) lock: lock::Held,
    pub(crate) clock: Arc<dyn Clock>,
    open: Mutex<BTreeMap<RunId, Open>>,
    pub(crate) who: who::Held,
    pub(crate) prefs: Mutex<Arc<Prefs>>,
    pub(crate) read: profiles::Read,
    watched: Mutex<BTreeSet<RunId>>,
    pub(crate) history: history::Held,
    pub(crate) updates: broadcast::Sender<Update>,
}

impl Console {
    /// Opens everything that is kept.
    pub fn open(config: Config) -> Result<Arc<Self>, Problem> {
        let places = Places::make(&config.home)?;
        let prefs = Prefs::open(&places.home)?;
        let ledger = SqliteLedger::open(&places.ledger())?;
        let identities = config.identities.clone().unwrap_or_else(|| config.open_identities());
        let vault = Arc::clone(&identities.vault);
        let clock = Arc::clone(&config.clock);
        Ok(Arc::new(Self {
            anchors: Anchors::new(places.anchors()),
            ledger: Arc::new(ledger),
            lock: lock::Held::new(vault.standing().wants_passphrase(), clock.now()),
            vault,
            device: OnceLock::new(),
            sign_ins: sign_in::Held::default(),
            trees: accounts::Held::default(),
            drafts: drafts::Held::default(),
            findings: examination::Held::default(),
            told: notices::Held::default(),
            own: own::Held::default(),
            identities,
            clock,
            open: Mutex::default(),
            who: who::Held::default(),
            prefs: Mutex::new(Arc::new(prefs)),
            read: profiles::Read::default(),
            watched: Mutex::default(),
            history: history::Held::new(&places.derived(), &config.version),
            updates: broadcast::Sender::new(256),
            places,
            config,
        }))
    }

    /// What changes, as it changes. A listener that is slow misses some, and asks anew.
    pub fn updates(&self) -> broadcast::Receiver<Update> {
        self.updates.subscribe()
    }

    /// The key that signs for this device.
    pub(crate) fn device(&self) -> Result<&SigningKey, Problem> {
        if let Some(key) = self.device.get() {
            return Ok(key);
        }
        if let Some(refusal) = self.vault.refusal() {
            return Err(refusal);
        }
        let key = holdpoint_vault::device_key(self.vault.as_ref())?;
        Ok(self.device.get_or_init(|| key))
    }

    /// Opens a page in the person's browser: of the web, and nothing that a page could name besides.
    pub(crate) fn browse(&self, url: &str) -> Result<(), String> {
        let is_web = url.starts_with("https://") || url.starts_with("http://127.0.0.1:");
        if !is_web {
            return Err("the address is none of the web".to_owned());
        }
        (self.config.open_url)(url)
    }

    /// Who gives commands here.
    pub fn actor(&self) -> Actor {
        Actor { name: self.config.operator.clone(), through: self.config.through.clone() }
    }

    /// The first screen.
    pub async fn home(&self) -> Result<Home, Problem> {
        let runs = self.all_runs().await?;
        let (mut summaries, mut waiting, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for run in runs {
            summaries.push(run.summary);
            waiting.extend(run.waiting);
            left.extend(run.obligations);
        }
        obligations::sort(&mut left);
        let (open, mut past): (Vec<RunSummary>, Vec<RunSummary>) =
            summaries.into_iter().partition(|summary| summary.ended_at.is_none());
        let past_count = u32::try_from(past.len()).unwrap_or(u32::MAX);
        past.truncate(FEW);
        Ok(Home {
            waiting,
            obligations: left,
            open,
            past,
            past_count,
            recent: kept::recent(&self.places)?,
            examples: kept::examples(&self.places)?,
            identity: self.identity_now(),
            open_at_start: self.config.open_at_start.clone(),
        })
    }

    /// Opens a plan to look at. Nothing of it is run.
    pub fn open_plan(&self, path: &str) -> Result<PlanView, Problem> {
        let (path, reading) = read_plan(path)?;
        kept::opened(&self.places, &path, &reading.1.plan.title, self.clock.now())?;
        let trusted = kept::is_trusted(&self.places, &path, &reading.1.plan.digest)?;
        Ok(plan_view(&path, &reading.1, trusted))
    }

    /// Trusts the content of a plan at its path.
    pub fn trust(&self, path: &str, digest: &str) -> Result<PlanView, Problem> {
        let (path, (_, reading)) = read_plan(path)?;
        if reading.plan.digest != digest {
            return Err(Problem::new(format!("{path} has changed since it was shown"))
                .hint("read it again, then trust it"));
        }
        kept::trust(&self.places, &path, digest, self.clock.now())?;
        Ok(plan_view(&path, &reading, true))
    }

    pub(crate) fn opened(&self) -> MutexGuard<'_, BTreeMap<RunId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs of others that are followed here.
    pub(crate) fn watched(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a plan file: its path made absolute, its bytes and what they mean. A file that is larger than any plan is
/// read only as far as it takes to say so.
pub(crate) fn read_plan(path: &str) -> Result<(String, (Vec<u8>, Reading)), Problem> {
    let could_not = |error: std::io::Error| {
        let problem = Problem::new(format!("{path} cannot be opened: {error}"));
        if error.kind() == std::io::ErrorKind::NotFound {
            problem.code("not_found").hint("check the path; it may have been moved")
        } else if error.kind() == std::io::ErrorKind::IsADirectory {
            problem.hint("name a file: DEPLOYMENT_PLAN.md, deploy.plan.md")
        } else {
            problem
        }
    };
    let full = std::fs::canonicalize(Path::new(path)).map_err(could_not)?;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&full).map_err(could_not)?;
    file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(could_not)?;
    let reading = holdpoint_plan::read(&bytes);
    Ok((full.display().to_string(), (bytes, reading)))
}
