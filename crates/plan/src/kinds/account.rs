//! Checks of what an account holds: `secrets.check`, `network.check`, `rds.check`, `names.check`, `metrics.check`.

use super::Dur;
use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `with` of `secrets.check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretsCheck {
    /// Names or ARNs of secrets in Secrets Manager.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Names or ARNs of parameters in Systems Manager's Parameter Store. Nothing is decrypted.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// Keys that a secret's JSON must have, by the secret's name. Only for these secrets is the value read, and of it only
    /// the names of its keys are looked at.
    #[serde(default)]
    pub keys: BTreeMap<String, Vec<String>>,
}

/// `expect` of `secrets.check`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SecretsExpect {
    /// Whether each of them exists; true when absent. One that is scheduled for deletion does not.
    pub exist: Option<bool>,
    /// Each was rotated, or changed by hand, within this time.
    pub rotated_within: Option<Dur>,
    /// None is scheduled for deletion; true when absent.
    pub not_deleted: Option<bool>,
}

/// `with` of `network.check`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkCheck {
    /// Ids of subnets.
    pub subnets: Vec<String>,
    /// Id of the VPC; that of the subnets when absent.
    pub vpc: Option<String>,
    /// VPC endpoints that the deployment is going to create, by service: `s3`, or `com.amazonaws.eu-west-1.s3`. Those that
    /// exist already are told in `existing`.
    pub endpoints: Vec<String>,
    /// Ids of security groups; all of the VPC when absent.
    pub security_groups: Vec<String>,
    /// Name or ARN of a VPC connector of App Runner, which must use exactly `subnets`.
    pub connector: Option<String>,
}

/// `expect` of `network.check`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkExpect {
    /// What single subnets must be.
    pub subnets: Vec<SubnetExpect>,
    /// VPC endpoints that must, and must not, exist.
    pub endpoints: EndpointsExpect,
    /// No security group lets a database's port be reached from the internet or from a wide range; true when absent.
    pub no_public_database: Option<bool>,
    /// Rules of security groups that must, and must not, exist.
    pub rules: Vec<RuleExpect>,
}

/// What a subnet must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubnetExpect {
    /// Id.
    pub id: String,
    /// Availability zone, e.g. `eu-west-1a`.
    pub zone: Option<String>,
    /// Where its default route leads.
    #[serde(rename = "type")]
    pub kind: Option<SubnetType>,
    /// Its tag `Name`.
    pub name: Option<String>,
}

/// Where a subnet's default route leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubnetType {
    /// To an internet gateway.
    Public,
    /// To the internet by something in between, such as a NAT gateway.
    Private,
    /// Nowhere.
    Isolated,
}

impl SubnetType {
    /// As in a plan.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Isolated => "isolated",
        }
    }
}

/// VPC endpoints, by service: `s3`, or `com.amazonaws.eu-west-1.s3`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointsExpect {
    /// They must exist.
    pub present: Vec<String>,
    /// They must not.
    pub absent: Vec<String>,
}

/// An inbound rule of a security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleExpect {
    /// Id of the security group.
    pub group: String,
    /// The port that is open.
    pub port: u16,
    /// For whom: a range of addresses, a security group or a prefix list.
    pub from: String,
    /// Whether there is such a rule; true when absent.
    pub present: Option<bool>,
}

/// `with` of `rds.check`: exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RdsCheck {
    /// Identifier of a database.
    pub database: Option<String>,
    /// Identifier of a cluster.
    pub cluster: Option<String>,
}

/// `expect` of `rds.check`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RdsExpect {
    /// E.g. `postgres`, `aurora-postgresql`.
    pub engine: Option<String>,
    /// Exactly this version, or with `*` at its end any that begins so: `15.12`, `15.*`.
    pub version: Option<String>,
    /// This version or a later one.
    pub at_least: Option<String>,
    /// Its status; `available` when absent.
    pub status: Option<String>,
    /// Whether its host has a public address.
    pub public: Option<bool>,
    /// Whether the Data API is switched on.
    pub data_api: Option<bool>,
    /// From where it can be worked with.
    pub reachable_from: Option<Venue>,
}

/// From where a database can be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Venue {
    /// From this machine.
    Here,
    /// From inside its VPC.
    Vpc,
    /// By the query editor of the AWS console, which needs Aurora's Data API.
    Console,
}

/// `with` of `names.check`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamesCheck {
    /// Names that are going to be given.
    pub names: Vec<NewName>,
    /// The `changes` of a `terraform.plan`: names that it computed are checked too.
    pub terraform_plan: Option<Value>,
    /// Things that must exist by exactly these names.
    pub existing: ExistingNames,
}

/// A name that is going to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewName {
    /// What it is the name of: `apprunner.service`, `apprunner.auto_scaling`, `ecs.service`, `ecr.repository`, ….
    pub kind: String,
    /// The name.
    pub name: String,
}

/// Names of what exists.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExistingNames {
    /// ECS clusters.
    pub clusters: Vec<String>,
    /// ECS services, by cluster.
    pub services: BTreeMap<String, Vec<String>>,
    /// Families of task definitions.
    pub families: Vec<String>,
    /// Log groups.
    pub log_groups: Vec<String>,
}

/// `with` of `metrics.check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricsCheck {
    /// E.g. `AWS/ECS`.
    pub namespace: String,
    /// E.g. `CPUUtilization`.
    pub metric: String,
    /// Dimensions, by name; all that the metric has must be given.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount` or a percentile such as `p99`; `Average` when absent.
    pub statistic: Option<String>,
    /// Time that one value stands for; 1m when absent.
    pub period: Option<Dur>,
    /// From when on: a step (from its intent) or a length of time back from now; 10m when absent.
    pub since: Option<String>,
}

/// `expect` of `metrics.check`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsExpect {
    /// No value is below this.
    pub at_least: Option<f64>,
    /// No value is above this.
    pub at_most: Option<f64>,
    /// There are at least so many values; 1 when absent. With 0 a metric that has none yet will do.
    pub datapoints: Option<u32>,
}

/// `expect` of a check that says it all in `with`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingMore {}

const fn output(name: &'static str, doc: &'static str) -> OutputSpec {
    OutputSpec { name, doc }
}

pub(super) fn list() -> [KindSpec; 5] {
    [
        KindSpec {
            outputs: const {
                &[
                    output("found", "Names of the secrets and parameters that exist."),
                    output("missing", "Names of those that do not, or are scheduled for deletion."),
                    output("arns", "ARN of each that exists, by the name that the plan gives it."),
                ]
            },
            ..spec::<SecretsCheck, SecretsExpect>(
                "secrets.check",
                "checks",
                "Whether secrets and parameters exist by their names; their values are not read.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: const {
                &[
                    output("subnets", "Each subnet: id, name, zone, addresses, type, VPC."),
                    output("endpoints", "The VPC's endpoints: id, service, type, state."),
                    output("security_groups", "Each security group with its inbound rules."),
                    output(
                        "existing",
                        "What `endpoints` names and exists already: import it, or do not create it.",
                    ),
                ]
            },
            ..spec::<NetworkCheck, NetworkExpect>(
                "network.check",
                "checks",
                "Subnets, VPC endpoints and security groups, and that no database is open to the world.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: const {
                &[
                    output("endpoint", "Its host, or null."),
                    output("port", "Its port, or null."),
                    output("engine_version", "Its version."),
                    output("public", "Whether its host has a public address."),
                    output("data_api", "Whether the Data API is switched on."),
                    output(
                        "venues",
                        "From where it can be worked with: `here`, `ecs.run_task`, `data_api`, `console`.",
                    ),
                    output("private_note", "What to do instead of trying from this machine, or null."),
                ]
            },
            ..spec::<RdsCheck, RdsExpect>(
                "rds.check",
                "checks",
                "A database's version, and from where it can be reached; nothing connects to it.",
                Effect::Read,
            )
        },
        KindSpec {
            practice: PracticeMode::Sim,
            outputs: const {
                &[
                    output("unfit", "Names that AWS would refuse, with why and a name that fits."),
                    output("missing", "Names of things that do not exist, with what was probably meant."),
                    output("checked", "How many names were checked."),
                ]
            },
            ..spec::<NamesCheck, NothingMore>(
                "names.check",
                "checks",
                "Whether AWS takes names that are going to be given, and whether others exist.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: const {
                &[
                    output("value", "The newest value, or null."),
                    output("lowest", "The lowest value, or null."),
                    output("highest", "The highest value, or null."),
                    output("datapoints", "How many values there are."),
                ]
            },
            ..spec::<MetricsCheck, MetricsExpect>(
                "metrics.check",
                "checks",
                "Values of a CloudWatch metric.",
                Effect::Read,
            )
        },
    ]
}
