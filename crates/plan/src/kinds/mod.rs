//! The kinds of step: one table, from the very types that executors read.

mod account;
mod apprunner;
mod checks;
mod database;
mod ecs;
mod ecs_deployment;
mod ecs_task;
mod express;
mod files;
mod fit;
mod http;
mod image;
mod length;
mod local;
mod person;
mod schema;
mod shell;
mod table;
mod terraform;

pub use account::{
    EndpointsExpect, ExistingNames, MetricsCheck, MetricsExpect, NamesCheck, NetworkCheck, NetworkExpect,
    NewName, NothingMore, RdsCheck, RdsExpect, RuleExpect, SecretsCheck, SecretsExpect, SubnetExpect,
    SubnetType, Venue,
};
pub use apprunner::{
    AppCheckExpect, AppCreate, AppDeploy, AppExpect, AppHealth, AppNamed, AppNothing, AppRollback, AppUpdate,
    AppWait, AutoScaling, Connector, ConnectorPlace, HealthProtocol, ImageType, IpType, Repair, ScalingSizes,
};
pub use checks::{LogsExpect, LogsExpectation, Soak, SoakCheck, SoakExpect};
pub use database::{Migrations, SchemaCheck, SchemaExpect, SchemaLog, TableExpect};
pub use ecs::{
    ContainerSet, DeployExpect, EcsCheck, EcsCheckExpect, EcsCreate, EcsDeploy, EcsNothing, EcsRegister,
    EcsRollback, EcsScale, EcsWait, Health, LaunchType, Network, RegisterExpect, Rollout,
};
pub use ecs_deployment::{
    Alarms, Canary, CircuitBreaker, DeploymentRules, Linear, LoadBalancer, Strategy, Threshold,
    ThresholdKind, TrafficShift,
};
pub use ecs_task::{EcsLint, EcsLintExpect, EcsRunTask, RunTaskExpect};
pub use express::{
    ExpressCheck, ExpressCheckExpect, ExpressDeploy, ExpressDeployExpect, ExpressMetric, ExpressNetwork,
    ExpressNothing, ExpressRollback, ExpressScaling,
};
pub use files::{FileAssert, FileRule, GitApply, GitApplyExpect, GitState, GitStateExpect, UnchangedSince};
pub use fit::render_action;
pub use http::{
    HeaderRule, HttpCheck, HttpExpect, HttpRequest, Preflight, RedirectRule, StatusSet, TaskAddress, TaskHost,
};
pub use image::{
    ImageBuild, ImageBuildExpect, ImageInspect, ImageInspectExpect, ImageMirror, ImageMirrorExpect,
    ScanLimits,
};
pub use length::{BadDur, Dur};
pub use local::{LocalCheck, LocalProgram};
pub use person::{Checklist, Choice, CopyText, Decision, Evidence, Field, Manual, Nothing};
pub use schema::{json_schema, kinds_page};
pub use shell::{Shell, ShellExpect, ShellName};
pub use table::{KNOWN_LATER, KindSpec, NotTyped, OutputSpec, PracticeMode, kind, kinds, typed};
pub use terraform::{
    DriftRule, GuardName, Guards, PlanCounts, TerraformApply, TerraformInit, TerraformNothing,
    TerraformOutput, TerraformOutputExpect, TerraformPlan, TerraformPlanExpect, TerraformProgram,
    TerraformVars, TextList,
};
