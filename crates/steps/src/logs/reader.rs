//! Logs for a person: the groups behind a service's name, read as one log and followed.

use crate::ecs::{log_places, read_service};
use crate::failure::failed;
use async_trait::async_trait;
use holdpoint_cloud::{Cloud, LogQuery, MergedTail, Pace};
use holdpoint_identity::Session;
use holdpoint_run::Diagnosis;
use std::sync::Arc;
use std::time::Duration;

/// Where to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogPlace {
    /// A log group by name.
    Group(String),
    /// The groups that a service's containers log to, by its running task definition.
    Service {
        /// Cluster.
        cluster: String,
        /// Service.
        service: String,
    },
    /// Both groups of an App Runner service: the application's and App Runner's own.
    AppRunner(String),
}

/// A line with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Log group.
    pub group: String,
    /// Log stream.
    pub stream: String,
    /// When it was written, milliseconds since 1970.
    pub at: i64,
    /// The text, exactly as it stands there.
    pub text: String,
}

/// Reads several groups as one log, without gaps and doubles.
#[derive(Debug)]
pub struct LogReader {
    cloud: Cloud,
    tail: MergedTail,
}

impl LogReader {
    /// Finds the groups of the places and begins at `from`, milliseconds since 1970.
    pub async fn open(session: &Session, places: &[LogPlace], from: Option<i64>) -> Result<Self, Diagnosis> {
        let cloud = Cloud::new(session.config(), Arc::new(Sleep));
        let mut queries: Vec<LogQuery> = Vec::new();
        for place in places {
            for (group, prefix) in groups(&cloud, place).await? {
                let query = LogQuery { group, prefix, from, streams: Vec::new() };
                if !queries.contains(&query) {
                    queries.push(query);
                }
            }
        }
        Ok(Self { cloud, tail: MergedTail::new(queries) })
    }

    /// Lines that were not there at the last look, oldest first.
    pub async fn next(&mut self) -> Result<Vec<LogEntry>, Diagnosis> {
        let lines = self.tail.next(&self.cloud).await;
        let lines = lines.map_err(|error| failed("The log cannot be read", &error))?;
        let entry = |(group, line): (String, holdpoint_cloud::LogLine)| LogEntry {
            group,
            stream: line.log_stream_name,
            at: line.timestamp,
            text: line.message,
        };
        Ok(lines.into_iter().map(entry).collect())
    }

    /// The groups, in order.
    pub fn groups(&self) -> Vec<String> {
        self.tail.groups()
    }

    /// Groups that did not exist at the last look.
    pub fn missing(&self) -> &[String] {
        self.tail.missing()
    }
}

/// Groups of a place, each with the prefix of the streams that are meant.
async fn groups(cloud: &Cloud, place: &LogPlace) -> Result<Vec<(String, Option<String>)>, Diagnosis> {
    match place {
        LogPlace::Group(group) => Ok(vec![(group.clone(), None)]),
        LogPlace::Service { cluster, service } => {
            let Some(found) = read_service(cloud, cluster, service).await? else {
                return Err(Diagnosis::of(format!(
                    "There is no service `{service}` in the cluster `{cluster}`"
                ))
                .hint("Name it as CLUSTER/SERVICE; a log group has a name of its own: --group."));
            };
            let places = log_places(cloud, &found).await?;
            if places.is_empty() {
                return Err(Diagnosis::of(format!(
                    "No container of {service} logs to CloudWatch: its task definition names no awslogs driver"
                )));
            }
            Ok(places.into_iter().map(|(group, prefix)| (group, Some(prefix))).collect())
        }
        LogPlace::AppRunner(name) => {
            let found = cloud.app_service_named(name).await;
            let found = found.map_err(|error| failed(&format!("{name} cannot be read"), &error))?;
            let Some(service) = found else {
                return Err(Diagnosis::of(format!("There is no App Runner service `{name}` in this region")));
            };
            Ok(["application", "service"].map(|of| (service.log_group(of), None)).into())
        }
    }
}

struct Sleep;

#[async_trait]
impl Pace for Sleep {
    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
