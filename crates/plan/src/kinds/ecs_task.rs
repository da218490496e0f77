//! Amazon ECS: tasks outside of services, and what a task definition looks like before it runs.

use super::Dur;
use super::ecs::{LaunchType, Network, yes};
use super::table::{KindSpec, OutputSpec, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `with` of `ecs.run_task`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsRunTask {
    /// Cluster name or ARN.
    pub cluster: String,
    /// Task definition ARN, `family:revision`, or a family for its latest active revision.
    pub task_definition: String,
    /// Container whose command, environment, exit code and log this is about; the first essential one when absent.
    pub container: Option<String>,
    /// Command in place of the task definition's.
    pub command: Option<Vec<String>>,
    /// Environment variables to add or replace.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// How many tasks, 1 to 10 (AWS's limit); 1 when absent.
    #[schemars(range(min = 1, max = 10))]
    pub count: Option<u32>,
    /// Launch type; `FARGATE` when absent.
    pub launch_type: Option<LaunchType>,
    /// Fargate platform version; AWS's latest when absent.
    pub platform_version: Option<String>,
    /// Network of the task, for `awsvpc`.
    pub network: Option<Network>,
    /// Task CPU units in place of the task definition's, e.g. `"1024"`.
    pub cpu: Option<String>,
    /// Task memory in MiB in place of the task definition's, e.g. `"2048"`.
    pub memory: Option<String>,
    /// What AWS shows as who started it; this run and step when absent.
    pub started_by: Option<String>,
    /// Whether `aws ecs execute-command` may enter it; false when absent.
    #[serde(default)]
    pub enable_execute_command: bool,
    /// How long lines that must come are waited for after the task has ended; 30 s when absent. CloudWatch shows lines late.
    pub logs_within: Option<Dur>,
}

/// `expect` of `ecs.run_task`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunTaskExpect {
    /// Exit code of the container; 0 when absent.
    pub exit: Option<i32>,
    /// Texts, each of which some line of its log must contain.
    pub logs_contain: Vec<String>,
    /// Texts that no line of its log may contain.
    pub logs_lack: Vec<String>,
}

/// `with` of `ecs.lint`: exactly one of `task_definition`, `definition`, `file`, and `service` with `cluster`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EcsLint {
    /// Task definition ARN, `family:revision`, or a family for its latest active revision.
    pub task_definition: Option<String>,
    /// The input of RegisterTaskDefinition as AWS writes it.
    pub definition: Option<Map<String, Value>>,
    /// The same in a JSON file, relative to the plan's folder.
    pub file: Option<String>,
    /// Service whose task definition is looked at.
    pub service: Option<String>,
    /// Cluster of `service`.
    pub cluster: Option<String>,
    /// Path that the application answers on, as an `http.check` of it has it.
    pub path: Option<String>,
    /// Look into the image for the program of the health check, which may mean to read all of its layers; true when absent.
    #[serde(default = "yes")]
    pub look_inside: bool,
    /// How long a container takes to become healthy, as measured: the output `boot` of an earlier deployment. `startPeriod` is
    /// compared with it.
    pub boot: Option<Dur>,
    /// Rules that do not count: `image_tag`, `no_log`, `log_prefix`, `no_health_check`, `form`, `tool`, `curl_fail`, `port`,
    /// `path`, `times`, `start_period`, `execution_role`.
    pub ignore: Vec<String>,
}

/// `expect` of `ecs.lint`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EcsLintExpect {
    /// How many findings are let pass at most; any number when absent.
    pub findings: Option<u32>,
}

pub(super) fn list() -> [KindSpec; 2] {
    [
        KindSpec {
            outputs: &[
                OutputSpec { name: "task", doc: "ARN of the (first) task." },
                OutputSpec { name: "tasks", doc: "ARNs of all tasks." },
                OutputSpec {
                    name: "exit",
                    doc: "Exit code of the container; of several tasks the first that is not 0.",
                },
                OutputSpec { name: "stopped_reason", doc: "What AWS says of the end." },
                OutputSpec { name: "log_group", doc: "Log group of the container, or null." },
                OutputSpec {
                    name: "log_stream",
                    doc: "Log stream of the (first) task's container, or null.",
                },
                OutputSpec { name: "last_lines", doc: "The last 20 lines of the log." },
            ],
            ..spec::<EcsRunTask, RunTaskExpect>(
                "ecs.run_task",
                "ecs",
                "Runs a task outside of any service, e.g. a migration, and follows it to its exit code, with its log.",
                Effect::Once,
            )
        },
        KindSpec {
            outputs: &[OutputSpec {
                name: "findings",
                doc: "What is doubtful: `{rule, container, text}` each.",
            }],
            ..spec::<EcsLint, EcsLintExpect>(
                "ecs.lint",
                "ecs",
                "What is doubtful about a task definition: health check, image, log, roles.",
                Effect::Read,
            )
        },
    ]
}
