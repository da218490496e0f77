//! The doctor, and which identity each client would use.

use crate::Problem;
use crate::console::Console;
use crate::views::{AnswerView, DoctorFinding, DoctorView, DraftView, FindingWeight};
use holdpoint_identity::config::{Client, Origin, answers};
use holdpoint_identity::doctor::{Examine, Finding, Repair, Weight, examine};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How long an endpoint may take to tell the time.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the last examination found, so that a repair is of what was shown.
pub(crate) type Held = Mutex<Vec<Finding>>;

impl Console {
    /// Examines everything. Nothing is changed.
    pub async fn examine(&self) -> DoctorView {
        let failure = self.vault.failure();
        let vault: &dyn holdpoint_vault::Vault = self.vault.as_ref();
        let vault = match &failure {
            Some(error) => Some(Err(error.as_ref())),
            None if self.vault.refusal().is_some() => None,
            None => Some(Ok(vault)),
        };
        let found = examine(&Examine {
            env: &self.config.env,
            home: &self.places.home,
            vault,
            now: self.system_now(),
            patience: PATIENCE,
        })
        .await;
        let (fine, findings): (Vec<_>, Vec<_>) =
            found.iter().map(finding).partition(|shown| shown.weight == FindingWeight::Ok);
        *self.findings.lock().unwrap_or_else(PoisonError::into_inner) = found;
        DoctorView { findings, fine, at: self.clock.now().to_string() }
    }

    /// Shows what the repair of a finding of the last examination would change. Nothing is changed.
    pub fn preview_repair(&self, code: &str, place: Option<&str>) -> Result<DraftView, Problem> {
        let found = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |one: &&Finding| {
            let spot = one.spot.as_ref().map(ToString::to_string);
            one.code.to_string() == code && spot.as_deref() == place
        };
        let (title, repair) = found
            .iter()
            .filter(same)
            .find_map(|one| one.repair.clone().map(|repair| (finding(one).title, repair)))
            .ok_or_else(|| {
                Problem::new(format!("the last examination has no repair of `{code}` there"))
                    .code("not_found")
                    .hint("examine again: it may be repaired already")
            })?;
        drop(found);
        Ok(self.show(title, repair, Vec::new(), Vec::new()))
    }

    /// What each kind of client would do with a profile, by name and by `AWS_PROFILE`.
    pub async fn client_answers(&self, profile: &str) -> Result<Vec<AnswerView>, Problem> {
        let found = answers(&self.config.env, Some(profile)).await?;
        // Holdpoint's own sessions are opened with the profile given.
        let own = found.answers.iter().find(|answer| answer.client == Client::Rust && answer.explicit);
        let own = own.map(|answer| (answer.source, answer.account.clone(), answer.region.clone()));
        let view = |answer: &holdpoint_identity::config::ClientAnswer| AnswerView {
            client: client(answer.client).to_owned(),
            explicit: answer.explicit,
            source: origin(answer.source).to_owned(),
            account: answer.account.clone(),
            region: answer.region.clone(),
            why: answer.why.clone(),
            differs: own
                .as_ref()
                .is_some_and(|own| *own != (answer.source, answer.account.clone(), answer.region.clone())),
        };
        Ok(found.answers.iter().map(view).collect())
    }

    /// The console's clock, as the system's time.
    pub(crate) fn system_now(&self) -> SystemTime {
        let now = u64::try_from(self.clock.now().0).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_millis(now)
    }
}

fn finding(found: &Finding) -> DoctorFinding {
    DoctorFinding {
        code: found.code.to_string(),
        weight: match found.weight {
            Weight::Ok => FindingWeight::Ok,
            Weight::Note => FindingWeight::Note,
            Weight::Warning => FindingWeight::Warning,
            Weight::Problem => FindingWeight::Problem,
        },
        title: found.code.title().to_owned(),
        said: found.said.clone(),
        place: found.spot.as_ref().map(ToString::to_string),
        repair: found.repair.as_ref().map(|repair| {
            match repair {
                Repair::Edit(_) => "changes the file",
                Repair::Chmod { .. } => "changes who may read it",
                Repair::Remove(_) => "moves it to the backups",
                Repair::Command(_) => "a command for you",
            }
            .to_owned()
        }),
    }
}

fn client(client: Client) -> &'static str {
    match client {
        Client::AwsCli => "AWS CLI 2",
        Client::Boto3 => "boto3, AWS CLI 1",
        Client::Js => "JavaScript SDK, CDK",
        Client::Go => "Go SDK, Terraform",
        Client::Rust => "Rust SDK, Holdpoint",
        Client::Java => "Java SDK",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Environment => "keys in the environment",
        Origin::AssumeRole => "role",
        Origin::WebIdentity => "role by web identity",
        Origin::Sso => "SSO",
        Origin::Login => "aws login",
        Origin::Process => "credential process",
        Origin::Keys => "keys in a file",
        Origin::Container => "container endpoint",
        Origin::Instance => "instance metadata",
        Origin::Nothing => "none",
        Origin::Fails => "stops with an error",
        Origin::Uncertain => "depends on its version",
    }
}
