//! Tasks of ECS: listed in pages, described in batches, with what is attached to them.

use crate::ecs::typed;
use crate::model::AttachedTask;
use crate::wire::{Nature, call};
use crate::{CallError, Cloud};
use serde_json::{Value, json};

/// Which tasks are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Those that are wanted to run.
    Running,
    /// Those that are not: AWS shows them for about an hour.
    Stopped,
}

impl Cloud {
    /// Tasks of a service, all pages.
    pub async fn tasks(
        &self,
        cluster: &str,
        service: &str,
        listing: Listing,
    ) -> Result<Vec<AttachedTask>, CallError> {
        self.listed(cluster, json!({"serviceName": service}), listing).await
    }

    /// Tasks of a family of task definitions, whoever runs them, all pages. AWS lets `startedBy` stand only alone, where
    /// it finds no stopped tasks: the family finds both.
    pub async fn tasks_of_family(
        &self,
        cluster: &str,
        family: &str,
        listing: Listing,
    ) -> Result<Vec<AttachedTask>, CallError> {
        self.listed(cluster, json!({"family": family}), listing).await
    }

    /// Tasks by their ARNs with their tags, a hundred a call (AWS's limit). Those that AWS does not show any more are
    /// left out.
    pub async fn tasks_by_arn(&self, cluster: &str, arns: &[String]) -> Result<Vec<AttachedTask>, CallError> {
        let name = "ecs:DescribeTasks";
        let mut found = Vec::new();
        for arns in arns.chunks(100) {
            let input = json!({"cluster": cluster, "tasks": arns, "include": ["TAGS"]});
            let answer = call!(self, ecs.describe_tasks, Nature::Read, name, input)?;
            found.extend(typed::<Vec<AttachedTask>>(name, &answer, "tasks")?);
        }
        Ok(found)
    }

    async fn listed(
        &self,
        cluster: &str,
        filter: Value,
        listing: Listing,
    ) -> Result<Vec<AttachedTask>, CallError> {
        let name = "ecs:ListTasks";
        let status = match listing {
            Listing::Running => "RUNNING",
            Listing::Stopped => "STOPPED",
        };
        let mut arns: Vec<String> = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut input = filter.clone();
            input["cluster"] = json!(cluster);
            input["desiredStatus"] = json!(status);
            if let Some(token) = &token {
                input["nextToken"] = json!(token);
            }
            let answer = call!(self, ecs.list_tasks, Nature::Read, name, input)?;
            arns.extend(typed::<Vec<String>>(name, &answer, "taskArns")?);
            let next = answer.body["nextToken"].as_str().map(str::to_owned);
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        self.tasks_by_arn(cluster, &arns).await
    }
}
