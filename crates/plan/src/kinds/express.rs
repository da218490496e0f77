//! ECS Express Mode: a service for the web from an image and two roles.

use super::ecs::Rollout;
use super::table::{KindSpec, OutputSpec, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `with` of `express.deploy`. What is absent keeps what the service has, or AWS's default when it is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpressDeploy {
    /// Name of the service; it is created when it does not exist.
    pub name: String,
    /// Cluster name; `default` when absent.
    pub cluster: Option<String>,
    /// Image, best by digest.
    pub image: String,
    /// Port that the container answers on; AWS's 80 when absent.
    pub port: Option<u16>,
    /// Command in place of the image's.
    pub command: Option<Vec<String>>,
    /// Environment variables: all of them, when given.
    pub environment: Option<BTreeMap<String, String>>,
    /// Secrets (`valueFrom` by name): all of them, when given.
    pub secrets: Option<BTreeMap<String, String>>,
    /// CPU units, e.g. `"512"`; AWS's 256 when absent.
    pub cpu: Option<String>,
    /// Memory in MiB, e.g. `"1024"`; AWS's 512 when absent.
    pub memory: Option<String>,
    /// Path that tells whether it is healthy; AWS's `/ping` when absent.
    pub health_check_path: Option<String>,
    /// How many tasks, and by what.
    pub scaling: Option<ExpressScaling>,
    /// ARN of the role that pulls the image and reads the secrets; wanted to create.
    pub execution_role: Option<String>,
    /// ARN of the role that makes load balancer, certificate and scaling; wanted to create.
    pub infrastructure_role: Option<String>,
    /// ARN of the role that the program has.
    pub task_role: Option<String>,
    /// Subnets and security groups; AWS's choice in the default VPC when absent.
    pub network: Option<ExpressNetwork>,
    /// Tags of a service that is created.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// How a service of Express Mode scales.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpressScaling {
    /// Fewest tasks.
    pub min: Option<u32>,
    /// Most tasks.
    pub max: Option<u32>,
    /// What is measured.
    pub metric: Option<ExpressMetric>,
    /// The value that is aimed at.
    pub target: Option<u32>,
}

/// What scaling measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExpressMetric {
    /// Average CPU, in percent.
    AverageCpu,
    /// Average memory, in percent.
    AverageMemory,
    /// Requests a task.
    RequestCountPerTarget,
}

/// Where a service of Express Mode runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpressNetwork {
    /// Subnet ids: public ones for a public address.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
}

/// `expect` of `express.deploy`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpressDeployExpect {
    /// Digest (`sha256:…`) that the container must run.
    pub digest: Option<String>,
}

/// `with` of `express.check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpressCheck {
    /// Name of the service.
    pub name: String,
    /// Cluster name; `default` when absent.
    pub cluster: Option<String>,
}

/// `expect` of `express.check`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpressCheckExpect {
    /// Whether it exists; true when absent.
    pub exists: Option<bool>,
    /// Image as configured.
    pub image: Option<String>,
    /// Port as configured.
    pub port: Option<u16>,
    /// Path as configured.
    pub health_check_path: Option<String>,
    /// How many tasks run, at least.
    pub running_at_least: Option<u32>,
    /// State of the primary deployment's rollout.
    pub rollout: Option<Rollout>,
    /// Subnets, exactly these.
    pub subnets: Option<Vec<String>>,
}

/// `with` of `express.rollback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpressRollback {
    /// Name of the service.
    pub name: String,
    /// Cluster name; `default` when absent.
    pub cluster: Option<String>,
    /// `pinned` for what was configured when the run began (for a service that was absent: delete it), or an image.
    pub to: String,
}

/// `expect` of `express.rollback`: nothing, the kind itself says when it is done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpressNothing {}

const DEPLOYED: &[OutputSpec] = &[
    OutputSpec { name: "service_arn", doc: "ARN of the service." },
    OutputSpec { name: "url", doc: "Address that AWS gave it." },
    OutputSpec { name: "deployment", doc: "Id of the deployment, `ecs-svc/…`." },
    OutputSpec { name: "service_deployment", doc: "ARN of the service deployment." },
    OutputSpec { name: "task_definition", doc: "ARN of the task definition that runs." },
    OutputSpec { name: "images", doc: "Digest of each container's image, by the container's name." },
    OutputSpec { name: "running_count", doc: "How many tasks run." },
];

pub(super) fn list() -> [KindSpec; 3] {
    [
        KindSpec {
            outputs: DEPLOYED,
            default_undo: Some("express.rollback to pinned"),
            ..spec::<ExpressDeploy, ExpressDeployExpect>(
                "express.deploy",
                "express",
                "Creates or updates a service of ECS Express Mode and follows that deployment to its true end.",
                Effect::Idempotent,
            )
        },
        KindSpec {
            outputs: &[
                OutputSpec { name: "service_arn", doc: "ARN of the service." },
                OutputSpec { name: "url", doc: "Address that AWS gave it." },
                OutputSpec { name: "status", doc: "`ACTIVE` or `DRAINING`." },
                OutputSpec { name: "image", doc: "Image as configured." },
                OutputSpec {
                    name: "images",
                    doc: "Digest of each container's image, by the container's name.",
                },
                OutputSpec { name: "running_count", doc: "How many tasks run." },
                OutputSpec { name: "desired_count", doc: "How many tasks are wanted." },
                OutputSpec { name: "deployment", doc: "Id of the primary deployment." },
            ],
            ..spec::<ExpressCheck, ExpressCheckExpect>(
                "express.check",
                "express",
                "What a service of ECS Express Mode is now.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: DEPLOYED,
            default_undo: Some("none: it is itself a way back"),
            ..spec::<ExpressRollback, ExpressNothing>(
                "express.rollback",
                "express",
                "Brings a service of ECS Express Mode back to what was pinned, or to a named image.",
                Effect::Idempotent,
            )
        },
    ]
}
