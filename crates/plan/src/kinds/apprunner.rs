//! AWS App Runner: services that run one image, and their operations.

use super::Dur;
use super::table::{KindSpec, OutputSpec, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `with` of `apprunner.create`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppCreate {
    /// Name of the new service: 4 to 40 letters, digits, `-` and `_`.
    pub name: String,
    /// Image in ECR or ECR Public, best by digest.
    pub image: String,
    /// Kind of its repository; found out from the reference when absent.
    pub image_type: Option<ImageType>,
    /// Port that the program listens on; AWS's 8080 when absent.
    pub port: Option<u16>,
    /// Command in place of the image's own, in one line.
    pub start_command: Option<String>,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Environment variables that come from Secrets Manager or Parameter Store, by ARN. They are read when a deployment starts, and only then.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// ARN of the role that pulls the image; wanted for ECR.
    pub access_role: Option<String>,
    /// ARN of the role that the program works with.
    pub instance_role: Option<String>,
    /// Processor, e.g. `"1 vCPU"` or `"1024"`; AWS's 1 vCPU when absent.
    pub cpu: Option<String>,
    /// Memory, e.g. `"2 GB"` or `"2048"`; AWS's 2 GB when absent.
    pub memory: Option<String>,
    /// Whether a pushed image starts a deployment by itself; false when absent, which is not AWS's own default.
    #[serde(default)]
    pub auto_deploy: bool,
    /// How its health is judged; AWS's TCP check when absent.
    pub health: Option<AppHealth>,
    /// ARN of an auto scaling configuration, or what one must say: it is used when it exists, and made when it does not.
    pub auto_scaling: Option<AutoScaling>,
    /// ARN of a VPC connector, or what one must be: it is used when it exists, and made when it does not. Without it, connections go out through the internet.
    pub vpc_connector: Option<Connector>,
    /// Whether it answers from outside of a VPC; true when absent.
    pub public: Option<bool>,
    /// Kind of addresses; AWS's IPV4 when absent.
    pub ip_type: Option<IpType>,
    /// Tags of the service.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What to do with a service of that name whose creation failed before; `fail` when absent.
    pub repair: Option<Repair>,
}

/// `with` of `apprunner.update`. What is not named stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppUpdate {
    /// Name or ARN of the service.
    pub service: String,
    /// Image in ECR or ECR Public, best by digest.
    pub image: Option<String>,
    /// Kind of its repository; found out from the reference when absent.
    pub image_type: Option<ImageType>,
    /// Port that the program listens on.
    pub port: Option<u16>,
    /// Command in place of the image's own, in one line; `""` takes it away.
    pub start_command: Option<String>,
    /// Environment variables to set; others stay.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Environment variables to take away.
    #[serde(default)]
    pub environment_remove: Vec<String>,
    /// Environment variables that come from Secrets Manager or Parameter Store, by ARN; others stay.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Secrets to take away, by variable.
    #[serde(default)]
    pub secrets_remove: Vec<String>,
    /// ARN of the role that pulls the image.
    pub access_role: Option<String>,
    /// ARN of the role that the program works with.
    pub instance_role: Option<String>,
    /// Processor, e.g. `"1 vCPU"` or `"1024"`.
    pub cpu: Option<String>,
    /// Memory, e.g. `"2 GB"` or `"2048"`.
    pub memory: Option<String>,
    /// Whether a pushed image starts a deployment by itself.
    pub auto_deploy: Option<bool>,
    /// How its health is judged.
    pub health: Option<AppHealth>,
    /// ARN of an auto scaling configuration, or what one must say: it is used when it exists, and made when it does not.
    pub auto_scaling: Option<AutoScaling>,
    /// ARN of a VPC connector, `none`, or what one must be: it is used when it exists, and made when it does not.
    pub vpc_connector: Option<Connector>,
    /// Whether it answers from outside of a VPC.
    pub public: Option<bool>,
    /// Kind of addresses.
    pub ip_type: Option<IpType>,
}

/// Kind of an image's repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImageType {
    /// A private repository in ECR.
    #[serde(rename = "ECR")]
    Ecr,
    /// A public one, `public.ecr.aws/…`.
    #[serde(rename = "ECR_PUBLIC")]
    EcrPublic,
}

/// Kind of addresses of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IpType {
    /// IPv4.
    #[serde(rename = "IPV4")]
    Ipv4,
    /// IPv4 and IPv6.
    #[serde(rename = "DUAL_STACK")]
    DualStack,
}

/// How App Runner judges a service's health.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppHealth {
    /// `HTTP` asks for a path, `TCP` only connects; `HTTP` when absent and a path is named.
    pub protocol: Option<HealthProtocol>,
    /// Path that is asked for; `/` when absent.
    pub path: Option<String>,
    /// Time between two checks, 1s to 20s.
    pub interval: Option<Dur>,
    /// Longest time for an answer, 1s to 20s.
    pub timeout: Option<Dur>,
    /// Checks in a row that must pass, 1 to 20.
    pub healthy: Option<u32>,
    /// Checks in a row that must fail, 1 to 20.
    pub unhealthy: Option<u32>,
}

/// Protocol of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum HealthProtocol {
    /// A request.
    Http,
    /// A connection.
    Tcp,
}

/// An auto scaling configuration: one that exists, or what one must say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AutoScaling {
    /// ARN.
    Arn(String),
    /// What it says.
    Of(ScalingSizes),
}

/// What an auto scaling configuration says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingSizes {
    /// Name: 4 to 32 letters, digits, `-` and `_`.
    pub name: String,
    /// Instances that are kept, 1 to 25; 1 when absent.
    pub min: Option<u32>,
    /// Instances at most; 25 when absent.
    pub max: Option<u32>,
    /// Requests at a time for each instance, 1 to 200; 100 when absent.
    pub concurrency: Option<u32>,
}

/// A VPC connector: one that exists, or what one must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Connector {
    /// ARN; `none` for connections through the internet.
    Arn(String),
    /// What it is.
    Of(ConnectorPlace),
}

/// What a VPC connector is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectorPlace {
    /// Name: 4 to 40 letters, digits, `-` and `_`.
    pub name: String,
    /// Subnet ids, exactly these.
    pub subnets: Vec<String>,
    /// Security group ids; the VPC's own when absent.
    #[serde(default)]
    pub security_groups: Vec<String>,
}

/// What to do with a service whose creation failed: it serves nothing and has nothing to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// Update it to what the step says. Its address stays.
    Update,
    /// Delete it and create it anew. Its address, ARN and id change.
    Recreate,
    /// Stop, and say so.
    Fail,
}

/// `with` of `apprunner.pause`, `apprunner.resume`, `apprunner.delete` and `apprunner.check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppNamed {
    /// Name or ARN of the service.
    pub service: String,
}

/// `with` of `apprunner.deploy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppDeploy {
    /// Name or ARN of the service.
    pub service: String,
    /// Step that pushed the image. With automatic deployment on, the deployment that began after it is followed; the run's first step when absent.
    pub since: Option<String>,
    /// How long, with automatic deployment on, the push may take to start a deployment before this step starts one; 3m when absent.
    pub within: Option<Dur>,
}

/// `with` of `apprunner.wait`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppWait {
    /// Name or ARN of the service.
    pub service: String,
    /// Step after whose intent the operation began, whoever's tool started it.
    pub since: String,
    /// How long the operation may take to begin; 3m when absent.
    pub within: Option<Dur>,
}

/// `with` of `apprunner.rollback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppRollback {
    /// Name or ARN of the service.
    pub service: String,
    /// `pinned` for what was when the run began (a service that was absent is deleted, one that was paused is paused), or an image.
    pub to: String,
}

/// `expect` of `apprunner.create`, `apprunner.update`, `apprunner.deploy` and `apprunner.wait`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppExpect {
    /// Status of the service, e.g. `RUNNING`.
    pub status: Option<String>,
    /// Image that it is configured with: the reference, or its digest.
    pub image: Option<String>,
    /// Host that it answers at.
    pub url_host: Option<String>,
}

/// `expect` of `apprunner.pause`, `resume`, `delete` and `rollback`: nothing, the kind itself says when it is done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppNothing {}

/// `expect` of `apprunner.check`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppCheckExpect {
    /// Whether the service exists; true when absent.
    pub exists: Option<bool>,
    /// Status, e.g. `RUNNING` or `PAUSED`.
    pub status: Option<String>,
    /// Whether a pushed image starts a deployment by itself.
    pub auto_deploy: Option<bool>,
    /// Image that it is configured with: the reference, or its digest.
    pub image: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Command in place of the image's own; `""` for none.
    pub start_command: Option<String>,
    /// Whether it answers from outside of a VPC.
    pub public: Option<bool>,
    /// Subnets of its VPC connector, exactly these; an empty list for no connector.
    pub subnets: Option<Vec<String>>,
    /// Security groups of its VPC connector, exactly these.
    pub security_groups: Option<Vec<String>>,
    /// Its VPC connector: ARN or name; `none` for none.
    pub vpc_connector: Option<String>,
    /// Whether the tag that it is configured with names an image that was pushed after its newest deployment began.
    pub newer_image: Option<bool>,
    /// Host that it answers at.
    pub url_host: Option<String>,
}

const SERVICE: &[OutputSpec] = &[
    OutputSpec { name: "service_arn", doc: "ARN of the service." },
    OutputSpec { name: "service_id", doc: "Its id." },
    OutputSpec { name: "url", doc: "Address that it answers at, with `https://`." },
    OutputSpec { name: "host", doc: "The same without `https://`." },
    OutputSpec { name: "operation", doc: "Id of the operation that was followed, or of the newest one." },
    OutputSpec { name: "status", doc: "Status of the service." },
    OutputSpec { name: "log_groups", doc: "Its log groups: `application` and `service`." },
    OutputSpec { name: "image", doc: "Image that it is configured with." },
    OutputSpec { name: "digest", doc: "Digest of that image, where it is known." },
];

const CHECKED: &[OutputSpec] = &[
    OutputSpec { name: "service_arn", doc: "ARN of the service." },
    OutputSpec { name: "service_id", doc: "Its id." },
    OutputSpec { name: "url", doc: "Address that it answers at, with `https://`." },
    OutputSpec { name: "host", doc: "The same without `https://`." },
    OutputSpec { name: "operation", doc: "Id of its newest operation." },
    OutputSpec { name: "status", doc: "Its status." },
    OutputSpec { name: "log_groups", doc: "Its log groups: `application` and `service`." },
    OutputSpec { name: "image", doc: "Image that it is configured with." },
    OutputSpec { name: "digest", doc: "Digest of that image, where it is known." },
    OutputSpec { name: "auto_deploy", doc: "Whether a pushed image starts a deployment by itself." },
    OutputSpec { name: "port", doc: "Port." },
    OutputSpec { name: "start_command", doc: "Command in place of the image's own, or null." },
    OutputSpec { name: "public", doc: "Whether it answers from outside of a VPC." },
    OutputSpec { name: "vpc_connector", doc: "ARN of its VPC connector, or null." },
    OutputSpec { name: "subnets", doc: "Subnets of its VPC connector." },
    OutputSpec { name: "security_groups", doc: "Security groups of its VPC connector." },
    OutputSpec {
        name: "newer_image",
        doc: "Whether a newer image was pushed under its tag, or null where that is not known.",
    },
];

const PINNED: &str = "apprunner.rollback to pinned";

pub(super) fn list() -> [KindSpec; 9] {
    [
        KindSpec {
            outputs: SERVICE,
            default_undo: Some("delete the service, if it was absent when the run began"),
            ..spec::<AppCreate, AppExpect>(
                "apprunner.create",
                "apprunner",
                "Creates a service, with its auto scaling configuration and VPC connector, and follows the operation to its end.",
                Effect::Idempotent,
            )
        },
        KindSpec {
            outputs: SERVICE,
            default_undo: Some(PINNED),
            ..spec::<AppUpdate, AppExpect>(
                "apprunner.update",
                "apprunner",
                "Updates a service and follows that operation by its id: succeeded, failed or rolled back by AWS.",
                Effect::Idempotent,
            )
        },
        KindSpec {
            outputs: SERVICE,
            default_undo: Some(PINNED),
            ..spec::<AppDeploy, AppExpect>(
                "apprunner.deploy",
                "apprunner",
                "Deploys the newest image of the configured tag, or follows the deployment that a push has started.",
                Effect::Once,
            )
        },
        KindSpec {
            outputs: SERVICE,
            ..spec::<AppWait, AppExpect>(
                "apprunner.wait",
                "apprunner",
                "Follows the operation that began after a step, whoever's tool started it.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: SERVICE,
            default_undo: Some("apprunner.resume, if it ran when the run began"),
            ..spec::<AppNamed, AppNothing>(
                "apprunner.pause",
                "apprunner",
                "Pauses a service: it answers nothing until it is resumed.",
                Effect::Idempotent,
            )
        },
        KindSpec {
            outputs: SERVICE,
            default_undo: Some("apprunner.pause, if it was paused when the run began"),
            ..spec::<AppNamed, AppNothing>(
                "apprunner.resume",
                "apprunner",
                "Resumes a paused service, which deploys its last version again.",
                Effect::Idempotent,
            )
        },
        spec::<AppNamed, AppNothing>(
            "apprunner.delete",
            "apprunner",
            "Deletes a service for good: nothing brings its address back.",
            Effect::Idempotent,
        ),
        KindSpec {
            outputs: CHECKED,
            ..spec::<AppNamed, AppCheckExpect>(
                "apprunner.check",
                "apprunner",
                "What a service is now.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: SERVICE,
            default_undo: Some("none: it is itself a way back"),
            ..spec::<AppRollback, AppNothing>(
                "apprunner.rollback",
                "apprunner",
                "Brings a service back to what was pinned, or to a named image.",
                Effect::Idempotent,
            )
        },
    ]
}
