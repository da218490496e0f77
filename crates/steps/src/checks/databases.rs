//! `rds.check`: a database's version, and from where it can be worked with. Nothing connects to it.

use super::assuming;
use crate::failure::{arguments, failed};
use crate::look::{Found, Look, equal, judged, list};
use async_trait::async_trait;
use holdpoint_cloud::{CallError, Cloud};
use holdpoint_engine::Task;
use holdpoint_plan::kinds::{RdsCheck, RdsExpect, Venue};
use holdpoint_run::{Diagnosis, Judgement};
use serde_json::json;
use std::cmp::Ordering;

/// The kind `rds.check`.
pub(crate) struct Databases {
    pub(crate) cloud: Cloud,
    pub(crate) assumed: bool,
}

/// A database or a cluster, as far as it is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Standing {
    id: String,
    pub(super) engine: String,
    version: String,
    status: String,
    host: Option<String>,
    port: Option<u16>,
    public: bool,
    pub(super) data_api: bool,
}

#[async_trait]
impl Look for Databases {
    fn kind(&self) -> &'static str {
        "rds.check"
    }

    fn summary(&self, task: &Task) -> Result<String, Diagnosis> {
        let with: RdsCheck = arguments(&task.with)?;
        match (&with.database, &with.cluster) {
            (Some(name), None) => Ok(format!("Look at the database {name}")),
            (None, Some(name)) => Ok(format!("Look at the database cluster {name}")),
            _ => Err(Diagnosis::of("`rds.check` wants exactly one of `database` and `cluster`")
                .hint("Correct the step in the plan.")),
        }
    }

    async fn look(&self, task: &Task) -> Result<Found, Diagnosis> {
        let with: RdsCheck = arguments(&task.with)?;
        let expect: RdsExpect = arguments(&task.expect)?;
        let standing = self.standing(&with).await?;
        let venues = venues(&standing);
        let mut judgements = judge(&expect, &standing, &venues);
        assuming(&mut judgements, self.assumed);
        let note = private_note(&standing, &venues);
        Ok(Found {
            outputs: vec![
                ("endpoint", json!(standing.host)),
                ("port", json!(standing.port)),
                ("engine_version", json!(standing.version)),
                ("public", json!(standing.public)),
                ("data_api", json!(standing.data_api)),
                ("venues", json!(venues)),
                ("private_note", json!(note)),
            ],
            judgements,
            note,
        })
    }
}

impl Databases {
    async fn standing(&self, with: &RdsCheck) -> Result<Standing, Diagnosis> {
        let read = |error: &CallError| failed("The database cannot be read", error);
        if let Some(id) = &with.cluster {
            let Some(cluster) = self.cloud.database_cluster(id).await.map_err(|error| read(&error))? else {
                let all = self.cloud.database_clusters().await.unwrap_or_default();
                return Err(absent("cluster", id, all.iter().map(|one| one.id.as_str())));
            };
            // Whether a cluster is public is a matter of its instances: the writer's counts.
            let writer = match cluster.members.first() {
                Some(writer) => self.cloud.database(writer).await.map_err(|error| read(&error))?,
                None => None,
            };
            return Ok(Standing {
                id: cluster.id,
                engine: cluster.engine,
                version: cluster.version,
                status: cluster.status,
                host: cluster.host,
                port: cluster.port,
                public: writer.is_some_and(|writer| writer.public),
                data_api: cluster.data_api,
            });
        }
        let id = with.database.as_deref().unwrap_or_default();
        let Some(database) = self.cloud.database(id).await.map_err(|error| read(&error))? else {
            let all = self.cloud.databases().await.unwrap_or_default();
            return Err(absent("database", id, all.iter().map(|one| one.id.as_str())));
        };
        let cluster = match &database.cluster {
            Some(cluster) => self.cloud.database_cluster(cluster).await.map_err(|error| read(&error))?,
            None => None,
        };
        Ok(Standing {
            id: database.id,
            engine: database.engine,
            version: database.version,
            status: database.status,
            host: database.host,
            port: database.port,
            public: database.public,
            data_api: cluster.is_some_and(|cluster| cluster.data_api),
        })
    }
}

/// That there is none of that identifier, with what was probably meant.
pub(super) fn absent<'a>(what: &str, id: &str, all: impl Iterator<Item = &'a str>) -> Diagnosis {
    let all: Vec<&str> = all.collect();
    let diagnosis = Diagnosis::of(format!("There is no {what} `{id}` in this account and region"));
    match holdpoint_plan::near(id, all.iter().copied()) {
        Some(meant) => diagnosis.hint(format!("Did you mean `{meant}`?")),
        None => diagnosis.hint(format!("There are: {}.", list(all))),
    }
}

/// From where it can be worked with. The console's query editor speaks the Data API, which is Aurora's alone.
pub(super) fn venues(standing: &Standing) -> Vec<&'static str> {
    let aurora = standing.engine.starts_with("aurora");
    let mut venues = Vec::new();
    if standing.public {
        venues.push("here");
    }
    venues.push("ecs.run_task");
    if aurora && standing.data_api {
        venues.extend(["data_api", "console"]);
    }
    venues
}

fn private_note(standing: &Standing, venues: &[&str]) -> Option<String> {
    if standing.public {
        return None;
    }
    let aurora = standing.engine.starts_with("aurora");
    let console = match (aurora, standing.data_api) {
        (true, true) => "",
        (true, false) => " The query editor of the console would need the Data API, which is off.",
        (false, _) => " The query editor of the console is for Aurora only.",
    };
    Some(format!(
        "{} is private: do not try from here, a connection would time out, as it should (`[Errno 10060]` on Windows). \
         What works: {}.{console}",
        standing.id,
        venues.join(", ")
    ))
}

fn judge(expect: &RdsExpect, standing: &Standing, venues: &[&str]) -> Vec<Judgement> {
    let status = expect.status.as_deref().unwrap_or("available");
    let mut judgements = vec![equal("status", status, &standing.status)];
    if let Some(engine) = &expect.engine {
        judgements.push(equal("engine", engine, &standing.engine));
    }
    for (wanted, holds) in versions(expect, &standing.version) {
        judgements.push(judged("engine version", wanted, &standing.version, holds));
    }
    if let Some(public) = expect.public {
        judgements.push(equal("public", public, standing.public));
    }
    if let Some(data_api) = expect.data_api {
        judgements.push(equal("Data API", data_api, standing.data_api));
    }
    if let Some(venue) = expect.reachable_from {
        let (word, name) = match venue {
            Venue::Here => ("this machine", "here"),
            Venue::Vpc => ("its VPC", "ecs.run_task"),
            Venue::Console => ("the console", "console"),
        };
        judgements.push(judged("can be worked with from", word, venues.join(", "), venues.contains(&name)));
    }
    judgements
}

/// What is wanted of a version, in words, and whether it holds.
pub(crate) fn versions(expect: &RdsExpect, version: &str) -> Vec<(String, bool)> {
    let exactly = expect.version.iter().map(|wanted| {
        let holds = match wanted.strip_suffix('*') {
            Some(beginning) => version.starts_with(beginning),
            None => *wanted == version,
        };
        (wanted.clone(), holds)
    });
    let least = expect
        .at_least
        .iter()
        .map(|least| (format!("{least} or later"), compare(version, least) != Ordering::Less));
    exactly.chain(least).collect()
}

/// Part by part: numbers as numbers (15.12 is later than 15.7), words as words.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            // 15.12 is at least 15.
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                _ => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let table = [
            ("15.12", "15.7", true),
            ("15.7", "15.12", false),
            ("15.12", "15", true),
            ("15", "15.1", false),
            ("8.0.mysql_aurora.3.05.2", "8.0.mysql_aurora.3.04.0", true),
            ("16.1", "15.12", true),
        ];
        for (found, least, holds) in table {
            assert_eq!(compare(found, least) != Ordering::Less, holds, "{found} {least}");
        }
    }

    #[test]
    fn venues_are_those_that_work() {
        let of = |engine: &str, public, data_api| {
            venues(&Standing { engine: engine.into(), public, data_api, ..Standing::default() }).join(" ")
        };
        assert_eq!(of("postgres", false, false), "ecs.run_task");
        assert_eq!(of("postgres", true, false), "here ecs.run_task");
        assert_eq!(of("aurora-postgresql", false, true), "ecs.run_task data_api console");
        assert_eq!(of("aurora-postgresql", false, false), "ecs.run_task");
        let private = Standing { engine: "postgres".into(), id: "shop".into(), ..Standing::default() };
        let note = private_note(&private, &venues(&private)).unwrap_or_default();
        assert!(note.contains("do not try from here") && note.contains("Aurora only"), "{note}");
    }
}
