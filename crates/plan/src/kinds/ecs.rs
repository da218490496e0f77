//! Amazon ECS: task definitions and services.

use super::Dur;
use super::ecs_deployment::{DeploymentRules, LoadBalancer, Strategy};
use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `with` of `ecs.register`: exactly one of `definition`, `file` and `from`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EcsRegister {
    /// The input of RegisterTaskDefinition as AWS writes it (`containerDefinitions`, …).
    pub definition: Option<Map<String, Value>>,
    /// The same in a JSON file, relative to the plan's folder.
    pub file: Option<String>,
    /// A family or task definition to copy; a family means its latest active revision.
    pub from: Option<String>,
    /// Family to register in; else that of the definition.
    pub family: Option<String>,
    /// Changes to containers, by their names.
    pub set: BTreeMap<String, ContainerSet>,
    /// Task CPU units, e.g. `"512"`.
    pub cpu: Option<String>,
    /// Task memory in MiB, e.g. `"1024"`.
    pub memory: Option<String>,
    /// Tags of the task definition.
    pub tags: BTreeMap<String, String>,
    /// Say what is doubtful about it (see `ecs.lint`); true when absent.
    #[serde(default = "yes")]
    pub lint: bool,
}

/// Changes to one container of a task definition. What is not named stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContainerSet {
    /// Image, best by digest.
    pub image: Option<String>,
    /// Environment variables to set; others stay.
    pub environment: BTreeMap<String, String>,
    /// Environment variables to take away.
    pub environment_remove: Vec<String>,
    /// Secrets to set (`valueFrom` by name); others stay.
    pub secrets: BTreeMap<String, String>,
    /// Command.
    pub command: Option<Vec<String>>,
    /// Entry point.
    pub entry_point: Option<Vec<String>>,
    /// Container CPU units.
    pub cpu: Option<u32>,
    /// Container memory in MiB.
    pub memory: Option<u32>,
}

/// `expect` of `ecs.register`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RegisterExpect {
    /// Image of each container, by the container's name.
    pub images: BTreeMap<String, String>,
}

/// `with` of `ecs.create`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsCreate {
    /// Cluster name or ARN.
    pub cluster: String,
    /// Name of the new service.
    pub service: String,
    /// Task definition ARN, or `family:revision`.
    pub task_definition: String,
    /// How many tasks.
    pub desired_count: u32,
    /// Launch type; `FARGATE` when absent.
    pub launch_type: Option<LaunchType>,
    /// Fargate platform version; AWS's latest when absent.
    pub platform_version: Option<String>,
    /// Network of the tasks, for `awsvpc`.
    pub network: Option<Network>,
    /// Load balancer targets.
    #[serde(default)]
    pub load_balancers: Vec<LoadBalancer>,
    /// How deployments go.
    pub deployment: Option<DeploymentRules>,
    /// Whether an old revision can run on the data as this one leaves it. Where AWS may roll back by itself and a container
    /// migrates at its start, anything but `true` is warned of.
    pub schema_compatible: Option<bool>,
    /// Say what is doubtful about the task definition (see `ecs.lint`); true when absent.
    #[serde(default = "yes")]
    pub lint: bool,
    /// Time in which failing load balancer health checks are ignored.
    pub health_check_grace: Option<Dur>,
    /// Tags of the service.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Where tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LaunchType {
    /// On AWS Fargate.
    Fargate,
    /// On EC2 instances of the cluster.
    Ec2,
    /// On the operator's own machines.
    External,
}

impl LaunchType {
    /// As AWS writes it.
    pub fn as_aws(self) -> &'static str {
        match self {
            Self::Fargate => "FARGATE",
            Self::Ec2 => "EC2",
            Self::External => "EXTERNAL",
        }
    }
}

/// Network of tasks (`awsvpcConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Subnet ids.
    pub subnets: Vec<String>,
    /// Security group ids.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// Give tasks a public address; false when absent.
    #[serde(default)]
    pub assign_public_ip: bool,
}

/// `with` of `ecs.deploy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsDeploy {
    /// Cluster name or ARN.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Task definition ARN or `family:revision`; the running one when absent (then `force` is wanted).
    pub task_definition: Option<String>,
    /// How many tasks; unchanged when absent, so that auto scaling keeps its say.
    pub desired_count: Option<u32>,
    /// Start a deployment even if nothing changes; false when absent.
    #[serde(default)]
    pub force: bool,
    /// How the deployment goes; unchanged when absent.
    pub deployment: Option<DeploymentRules>,
    /// Fargate platform version; unchanged when absent.
    pub platform_version: Option<String>,
    /// Network of the tasks; unchanged when absent.
    pub network: Option<Network>,
    /// Load balancer targets; unchanged when absent.
    pub load_balancers: Option<Vec<LoadBalancer>>,
    /// Whether the old revision can run on the data as the new one leaves it. Where AWS may roll back by itself and a
    /// container migrates at its start, anything but `true` is warned of.
    pub schema_compatible: Option<bool>,
    /// Say what is doubtful about the task definition (see `ecs.lint`); true when absent.
    #[serde(default = "yes")]
    pub lint: bool,
    /// Time in which failing load balancer health checks are ignored; unchanged when absent.
    pub health_check_grace: Option<Dur>,
}

/// `expect` of `ecs.create` and `ecs.deploy`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeployExpect {
    /// Digest (`sha256:…`) that each container must run, by the container's name.
    pub images: BTreeMap<String, String>,
    /// How many tasks must run when it is deployed; the desired count when absent.
    pub running: Option<u32>,
}

/// `with` of `ecs.wait`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsWait {
    /// Cluster name or ARN.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Step after whose intent the deployment came into being, whoever's tool started it.
    pub since: String,
}

/// `with` of `ecs.scale`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsScale {
    /// Cluster name or ARN.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// How many tasks.
    pub desired_count: u32,
}

/// `expect` of `ecs.scale` and `ecs.rollback`: nothing, the kind itself says when it is done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsNothing {}

/// `with` of `ecs.check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsCheck {
    /// Cluster name or ARN.
    pub cluster: String,
    /// Service name.
    pub service: String,
}

/// `expect` of `ecs.check`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EcsCheckExpect {
    /// Whether the service exists; true when absent.
    pub exists: Option<bool>,
    /// How many tasks run.
    pub running: Option<u32>,
    /// How many tasks are wanted.
    pub desired: Option<u32>,
    /// Task definition of the primary deployment: ARN, `family:revision`, or a family for any of its revisions.
    pub task_definition: Option<String>,
    /// Health of every running task by its container checks; unknown is not healthy.
    pub health: Option<Health>,
    /// State of the primary deployment's rollout.
    pub rollout: Option<Rollout>,
    /// Strategy of the service's deployments.
    pub deployment_strategy: Option<Strategy>,
    /// Number of the primary deployment's task definition.
    pub revision: Option<u32>,
    /// Whether every running task has a public address, or none.
    pub public_ip: Option<bool>,
    /// No task of another revision runs any more.
    pub only_revision: Option<bool>,
    /// Digest (`sha256:…`) that each container runs, by the container's name.
    pub images: BTreeMap<String, String>,
}

/// Health of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All container checks pass.
    Healthy,
    /// Some container check fails.
    Unhealthy,
    /// There is no container check, or no answer yet.
    Unknown,
}

/// State of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rollout {
    /// All tasks are those of the primary deployment.
    Completed,
    /// Under way.
    InProgress,
    /// Given up.
    Failed,
}

/// `with` of `ecs.rollback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsRollback {
    /// Cluster name or ARN.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// `pinned` for what ran when the run began (for a service that was absent: scale to zero, then delete), or a task definition.
    pub to: String,
}

pub(super) fn yes() -> bool {
    true
}

/// What `ecs.create`, `ecs.deploy` and their like measured.
const BOOT: OutputSpec = OutputSpec {
    name: "boot",
    doc: "How long the slowest task that was watched took from running to healthy, about, as `45s`; null where no container has a health check.",
};

const DEPLOYED: &[OutputSpec] = &[
    OutputSpec { name: "deployment", doc: "Id of the deployment, `ecs-svc/…`." },
    OutputSpec { name: "service_deployment", doc: "ARN of the service deployment." },
    OutputSpec { name: "task_definition", doc: "ARN of the task definition that runs." },
    OutputSpec { name: "images", doc: "Digest of each container's image, by the container's name." },
    OutputSpec { name: "running_count", doc: "How many tasks run." },
    BOOT,
];

const PINNED: &str = "ecs.rollback to pinned";

pub(super) fn list() -> [KindSpec; 7] {
    [
        KindSpec {
            outputs: &[
                OutputSpec { name: "task_definition", doc: "ARN of the new revision." },
                OutputSpec { name: "family", doc: "Its family." },
                OutputSpec { name: "revision", doc: "Its number." },
                OutputSpec {
                    name: "images",
                    doc: "Image of each container as registered, by the container's name.",
                },
            ],
            default_undo: Some(
                "none is needed: a revision that nothing runs changes nothing, and is never deregistered",
            ),
            ..spec::<EcsRegister, RegisterExpect>(
                "ecs.register",
                "ecs",
                "Registers a revision of a task definition.",
                Effect::Once,
            )
        },
        KindSpec {
            outputs: &[
                OutputSpec { name: "service_arn", doc: "ARN of the service." },
                OutputSpec { name: "deployment", doc: "Id of its first deployment, `ecs-svc/…`." },
                OutputSpec { name: "service_deployment", doc: "ARN of the service deployment." },
                OutputSpec { name: "task_definition", doc: "ARN of the task definition that runs." },
                OutputSpec {
                    name: "images",
                    doc: "Digest of each container's image, by the container's name.",
                },
                OutputSpec { name: "running_count", doc: "How many tasks run." },
                BOOT,
            ],
            default_undo: Some("scale to zero, then delete, if the service was absent when the run began"),
            ..spec::<EcsCreate, DeployExpect>(
                "ecs.create",
                "ecs",
                "Creates a service and follows its first deployment to the end.",
                Effect::Idempotent,
            )
        },
        KindSpec {
            outputs: DEPLOYED,
            default_undo: Some(PINNED),
            ..spec::<EcsDeploy, DeployExpect>(
                "ecs.deploy",
                "ecs",
                "Updates a service and follows that deployment by its id to deployed, failed, rolled back or superseded.",
                Effect::Once,
            )
        },
        KindSpec {
            outputs: DEPLOYED,
            ..spec::<EcsWait, DeployExpect>(
                "ecs.wait",
                "ecs",
                "Follows the deployment that came into being after a step, whoever's tool started it.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: &[OutputSpec { name: "running_count", doc: "How many tasks run." }],
            default_undo: Some("scale to the pinned count"),
            ..spec::<EcsScale, EcsNothing>(
                "ecs.scale",
                "ecs",
                "Sets how many tasks a service wants and waits until they run.",
                Effect::Idempotent,
            )
        },
        KindSpec {
            outputs: &[
                OutputSpec { name: "running_count", doc: "How many tasks run." },
                OutputSpec { name: "desired_count", doc: "How many tasks are wanted." },
                OutputSpec {
                    name: "task_definition",
                    doc: "ARN of the primary deployment's task definition.",
                },
                OutputSpec {
                    name: "images",
                    doc: "Digest of each container's image, by the container's name.",
                },
                OutputSpec { name: "deployment", doc: "Id of the primary deployment." },
                OutputSpec {
                    name: "addresses",
                    doc: "Of each running task of the primary deployment, as of now: `{task, private_ip, public_ip}`.",
                },
                OutputSpec { name: "private_ip", doc: "Private address of the first of them, or null." },
                OutputSpec { name: "public_ip", doc: "Public address of the first that has one, or null." },
            ],
            ..spec::<EcsCheck, EcsCheckExpect>("ecs.check", "ecs", "What a service is now.", Effect::Read)
        },
        KindSpec {
            outputs: DEPLOYED,
            default_undo: Some("none: it is itself a way back"),
            practice: PracticeMode::Sim,
            ..spec::<EcsRollback, EcsNothing>(
                "ecs.rollback",
                "ecs",
                "Brings a service back to what was pinned, or to a named task definition.",
                Effect::Idempotent,
            )
        },
    ]
}
