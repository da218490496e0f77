//! Names of what exists, for who wrote another.

use crate::wire::{Nature, call};
use crate::{CallError, Cloud};
use serde_json::{Value, json};

/// Names that are read at most: a person compares them by eye.
const MOST: usize = 1_000;

/// Reads pages of one list of texts.
macro_rules! pages {
    ($cloud:expr, $client:ident . $operation:ident, $name:expr, $input:expr, $read:expr) => {{
        let mut found: Vec<String> = Vec::new();
        let mut token: Option<String> = None;
        while found.len() < MOST {
            let mut input = $input;
            if let Some(token) = &token {
                input["nextToken"] = json!(token);
            }
            let answer = call!($cloud, $client.$operation, Nature::Read, $name, input)?;
            found.extend($read(&answer.body));
            let next = answer.body["nextToken"].as_str().map(str::to_owned);
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        Ok(found)
    }};
}

impl Cloud {
    /// Names of the ECS clusters.
    pub async fn cluster_names(&self) -> Result<Vec<String>, CallError> {
        pages!(self, ecs.list_clusters, "ecs:ListClusters", json!({}), |body: &Value| tails(
            body,
            "clusterArns"
        ))
    }

    /// Names of a cluster's services; none when there is no such cluster.
    pub async fn service_names(&self, cluster: &str) -> Result<Vec<String>, CallError> {
        let listed: Result<Vec<String>, CallError> = async {
            pages!(
                self,
                ecs.list_services,
                "ecs:ListServices",
                json!({"cluster": cluster, "maxResults": 100}),
                |body: &Value| tails(body, "serviceArns")
            )
        }
        .await;
        match listed {
            Err(error) if error.code() == Some("ClusterNotFoundException") => Ok(Vec::new()),
            listed => listed,
        }
    }

    /// Families of task definitions that have an active revision.
    pub async fn family_names(&self) -> Result<Vec<String>, CallError> {
        pages!(
            self,
            ecs.list_task_definition_families,
            "ecs:ListTaskDefinitionFamilies",
            json!({"status": "ACTIVE"}),
            |body: &Value| texts(&body["families"])
        )
    }

    /// Names of log groups that begin so; all for an empty beginning.
    pub async fn log_group_names(&self, beginning: &str) -> Result<Vec<String>, CallError> {
        let input = || match beginning {
            "" => json!({}),
            beginning => json!({"logGroupNamePrefix": beginning}),
        };
        pages!(self, logs.describe_log_groups, "logs:DescribeLogGroups", input(), |body: &Value| {
            let groups = body["logGroups"].as_array().map(Vec::as_slice).unwrap_or_default();
            groups
                .iter()
                .filter_map(|group| group["logGroupName"].as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        })
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// What stands after the last `/` of each ARN.
fn tails(body: &Value, member: &str) -> Vec<String> {
    texts(&body[member]).iter().filter_map(|arn| arn.rsplit('/').next().map(str::to_owned)).collect()
}
