//! A plan against its account, before any run: who would work there, and whether what its steps work with exists. Only reads.

use crate::access::Access;
use crate::checks::databases;
use crate::desks;
use crate::workshop::{ClockPace, WorkshopError, pin};
use holdpoint_cloud::{CallError, Cloud};
use holdpoint_engine::Clock;
use holdpoint_identity::Env;
use holdpoint_plan::kinds::RdsExpect;
use holdpoint_plan::{
    Diagnostic, Reading, Remark, Severity, Span, Target, Thing, Wanted, near, remarks, wanted,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Looks at an account.
pub struct Survey {
    /// The environment.
    pub env: Env,
    /// What sessions of this process share.
    pub access: Access,
    /// The profile to look with.
    pub profile: Option<String>,
    /// What the plan is pinned to.
    pub target: Target,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What a survey found.
#[derive(Debug)]
pub struct Surveyed {
    /// Findings, in order of place.
    pub findings: Vec<Diagnostic>,
    /// How many things were looked for.
    pub looked: usize,
}

/// What there is of one kind of thing, or why nobody can say.
type Listed = Result<Vec<String>, String>;

impl Survey {
    /// Asks who the profile is, then for everything that the steps name. Where the profile is not the plan's target, nothing else
    /// is asked.
    pub async fn look(self, reading: &Reading) -> Result<Surveyed, WorkshopError> {
        let pin = pin(&self.target)?;
        let region = Some(self.target.region.as_str());
        let session = self.access.session(&self.env, self.profile.as_deref(), region, None).await?;
        if let Err(diagnosis) = desks::assert_pin(&session, &pin, self.clock.as_ref()).await {
            let said = diagnosis
                .says
                .iter()
                .map(|said| format!("{}: {}", said.who, said.what))
                .collect::<Vec<_>>()
                .join("; ");
            let message = match said.as_str() {
                "" => diagnosis.headline.clone(),
                said => format!("{}: {said}", diagnosis.headline),
            };
            let span = place_of_target(reading);
            let hint = diagnosis.hints.first().cloned();
            let remark = Remark { code: "identity", severity: Severity::Error, span, message, hint };
            return Ok(Surveyed { findings: remarks(&reading.text, vec![remark]), looked: 0 });
        }
        let cloud = Cloud::new(session.config(), Arc::new(ClockPace(Arc::clone(&self.clock))));
        let things = wanted(&reading.plan, &reading.text);
        let mut lists: BTreeMap<(Thing, Option<String>), Listed> = BTreeMap::new();
        let mut found = Vec::new();
        for one in &things {
            if one.thing == Thing::Image {
                found.extend(image(&cloud, &self.target.region, one).await);
                continue;
            }
            let key = (one.thing, one.within.clone());
            if !lists.contains_key(&key) {
                let listed = list(&cloud, one).await.map_err(|error| error.to_string());
                if let Err(why) = &listed {
                    found.push(unanswered(one, why));
                }
                lists.insert(key.clone(), listed);
            }
            if let Some(Ok(names)) = lists.get(&key)
                && !is_beyond_the_list(&cloud, one, names).await
            {
                found.extend(judged(one, names));
            }
        }
        found.extend(data_api(&cloud, &things).await);
        found.extend(versions(&cloud, &things).await);
        Ok(Surveyed { findings: remarks(&reading.text, found), looked: things.len() })
    }
}

/// Where the plan says its account.
fn place_of_target(reading: &Reading) -> Span {
    let account = reading.plan.target.as_ref().map(|target| target.account.as_str()).unwrap_or_default();
    match reading.text.find(account).filter(|_| !account.is_empty()) {
        Some(at) => Span { start: at, end: at + account.len() },
        None => Span::default(),
    }
}

async fn list(cloud: &Cloud, one: &Wanted) -> Result<Vec<String>, CallError> {
    Ok(match one.thing {
        Thing::Cluster => cloud.cluster_names().await?,
        Thing::Service => cloud.service_names(one.within.as_deref().unwrap_or("default")).await?,
        Thing::Family => cloud.family_names().await?,
        Thing::LogGroup => cloud.log_group_names("").await?,
        Thing::AppService => {
            cloud.app_services().await?.into_iter().map(|service| service.service_name).collect()
        }
        Thing::Secret => cloud.secret_names().await?,
        Thing::Parameter => cloud.parameter_names().await?,
        Thing::Database => cloud.databases().await?.into_iter().map(|database| database.id).collect(),
        Thing::DatabaseCluster => {
            cloud.database_clusters().await?.into_iter().map(|cluster| cluster.id).collect()
        }
        // Asked for one by one.
        Thing::Image => Vec::new(),
    })
}

/// Only so many secrets and parameters are listed; one that is not among them is asked for by its name.
async fn is_beyond_the_list(cloud: &Cloud, one: &Wanted, names: &[String]) -> bool {
    if names.contains(&one.name) {
        return false;
    }
    match one.thing {
        Thing::Secret => {
            let secret = cloud.secret(&one.name).await;
            secret.is_ok_and(|secret| secret.is_some_and(|secret| secret.deleted_date.is_none()))
        }
        Thing::Parameter => {
            let found = cloud.parameters(std::slice::from_ref(&one.name)).await;
            found.is_ok_and(|found| found.iter().any(Option::is_some))
        }
        Thing::Cluster
        | Thing::Service
        | Thing::Family
        | Thing::LogGroup
        | Thing::AppService
        | Thing::Database
        | Thing::DatabaseCluster
        | Thing::Image => false,
    }
}

fn judged(one: &Wanted, names: &[String]) -> Option<Remark> {
    if names.contains(&one.name) {
        return None;
    }
    let within =
        one.within.as_ref().map(|cluster| format!(" in the cluster `{cluster}`")).unwrap_or_default();
    let hint = match near(&one.name, names.iter().map(String::as_str)) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None if names.is_empty() => {
            "There is none at all: look whether this is the account and region that is meant.".to_owned()
        }
        None if names.len() <= 12 => format!("There are: {}.", names.join(", ")),
        None => format!("There are {} others.", names.len()),
    };
    Some(not_there(one, &format!("there is no {} `{}`{within}", one.thing.words(), one.name), hint))
}

fn not_there(one: &Wanted, missing: &str, hint: String) -> Remark {
    let (severity, perhaps) = match one.perhaps_made {
        true => (Severity::Note, "; an earlier step may make it"),
        false => (Severity::Warning, ""),
    };
    Remark {
        code: "not-there",
        severity,
        span: one.span,
        message: format!("{missing}{perhaps}"),
        hint: Some(hint),
    }
}

fn unanswered(one: &Wanted, why: &str) -> Remark {
    Remark {
        code: "not-looked-at",
        severity: Severity::Note,
        span: one.span,
        message: format!("nobody could look for the {} `{}`: {why}", one.thing.words(), one.name),
        hint: Some("Look with a profile that may read it.".to_owned()),
    }
}

/// Databases that must be worked with by the Data API, and cannot.
async fn data_api(cloud: &Cloud, things: &[Wanted]) -> Vec<Remark> {
    let mut found = Vec::new();
    for one in things.iter().filter(|one| one.data_api) {
        let cluster = match one.thing {
            Thing::DatabaseCluster => cloud.database_cluster(&one.name).await,
            Thing::Database => match cloud.database(&one.name).await {
                Ok(Some(database)) => match database.cluster {
                    Some(cluster) => cloud.database_cluster(&cluster).await,
                    None => Ok(None),
                },
                Ok(None) => continue,
                Err(error) => Err(error),
            },
            Thing::Cluster
            | Thing::Service
            | Thing::Family
            | Thing::LogGroup
            | Thing::AppService
            | Thing::Secret
            | Thing::Parameter
            | Thing::Image => continue,
        };
        match cluster {
            Ok(cluster) if cluster.as_ref().is_some_and(|cluster| cluster.data_api) => {}
            Ok(_) => found.push(Remark {
                code: "no-data-api",
                severity: Severity::Warning,
                span: one.span,
                message: format!(
                    "the {} `{}` has no Data API, so the console's query editor cannot reach it",
                    one.thing.words(),
                    one.name
                ),
                hint: Some(
                    "Switch it on (Aurora only), or run the SQL by a task inside of the VPC.".to_owned(),
                ),
            }),
            Err(error) => found.push(unanswered(one, &error.to_string())),
        }
    }
    found
}

/// An image of a registry of this region: whether its repository and its tag are there.
async fn image(cloud: &Cloud, region: &str, one: &Wanted) -> Option<Remark> {
    let (host, rest) = one.name.split_once('/')?;
    let account = host.split('.').next()?;
    // Another region is another endpoint, which this profile's session is not for.
    if !host.contains(&format!(".ecr.{region}.")) {
        return None;
    }
    let repository = rest.split(['@', ':']).next()?;
    let missing = match cloud.ecr_image(&one.name).await {
        Ok(Some(_)) => return None,
        Ok(None) => match cloud.repository(account, repository).await {
            Ok(Some(_)) => format!("the repository `{repository}` has no image `{}`", one.name),
            Ok(None) => format!("there is no repository `{repository}` in the account {account}"),
            Err(error) => return Some(unanswered(one, &error.to_string())),
        },
        Err(error) => return Some(unanswered(one, &error.to_string())),
    };
    let hint = "Look whether account, region, repository and tag are those that are meant.";
    Some(not_there(one, &missing, hint.to_owned()))
}

/// Databases that run another version than their step expects.
async fn versions(cloud: &Cloud, things: &[Wanted]) -> Vec<Remark> {
    let mut found = Vec::new();
    for one in things {
        let Ok(expect) = serde_json::from_value::<RdsExpect>(one.expect.clone()) else { continue };
        let version = match one.thing {
            Thing::Database => cloud.database(&one.name).await.ok().flatten().map(|one| one.version),
            Thing::DatabaseCluster => {
                cloud.database_cluster(&one.name).await.ok().flatten().map(|one| one.version)
            }
            Thing::Cluster
            | Thing::Service
            | Thing::Family
            | Thing::LogGroup
            | Thing::AppService
            | Thing::Secret
            | Thing::Parameter
            | Thing::Image => continue,
        };
        // What is not there, or was refused, has been said.
        let Some(version) = version else { continue };
        for (wanted, _) in databases::versions(&expect, &version).into_iter().filter(|(_, holds)| !holds) {
            found.push(Remark {
                code: "other-version",
                severity: Severity::Warning,
                span: one.span,
                message: format!(
                    "the {} `{}` runs {version}, and the step expects {wanted}",
                    one.thing.words(),
                    one.name
                ),
                hint: Some("Write the version that runs, or upgrade the database before the run.".to_owned()),
            });
        }
    }
    found
}
