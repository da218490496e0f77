//! App Runner on the wire: JSON 1.0, `X-Amz-Target: AppRunner.<Operation>`.

mod connectors;
mod containers;
mod ingress;
pub(crate) mod model;
mod observability;
mod operations;
mod scaling;
mod services;
mod settings;
mod stand;
mod tags;
mod validate;

use serde_json::Value;

use crate::apprunner::model::{Due, Service};
use crate::aws_error::AwsError;
use crate::behaviour::Rule;
use crate::world::{Env, Estate};

pub(crate) use operations::pushed;
pub(crate) use services::environment;
pub(crate) use stand::{Furnishing, stand};

/// Answers one call.
pub(crate) fn serve(
    estate: &mut Estate,
    env: &mut Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "CreateService" => services::create(estate, env, input),
        "UpdateService" => services::update(estate, env, input),
        "StartDeployment" => services::start_deployment(estate, env, input),
        "PauseService" => services::pause(estate, env, input),
        "ResumeService" => services::resume(estate, env, input),
        "DeleteService" => services::delete(estate, env, input),
        "DescribeService" => services::describe(&estate.apprunner, env, input),
        "ListServices" => services::list(&estate.apprunner, input),
        "ListOperations" => services::list_operations(&estate.apprunner, env, input),
        "CreateAutoScalingConfiguration" => scaling::create(&mut estate.apprunner, env, input),
        "DescribeAutoScalingConfiguration" => scaling::describe(&estate.apprunner, env, input),
        "ListAutoScalingConfigurations" => scaling::list(&estate.apprunner, env, input),
        "ListServicesForAutoScalingConfiguration" => scaling::users(&estate.apprunner, env, input),
        "DeleteAutoScalingConfiguration" => scaling::delete(&mut estate.apprunner, env, input),
        "UpdateDefaultAutoScalingConfiguration" => scaling::make_default(&mut estate.apprunner, env, input),
        "CreateVpcConnector" => connectors::create(&mut estate.apprunner, &estate.network, env, input),
        "DescribeVpcConnector" => connectors::describe(&estate.apprunner, env, input),
        "ListVpcConnectors" => connectors::list(&estate.apprunner, input),
        "DeleteVpcConnector" => connectors::delete(&mut estate.apprunner, env, input),
        "CreateVpcIngressConnection" => ingress::create(&mut estate.apprunner, env, input),
        "DescribeVpcIngressConnection" => ingress::describe(&estate.apprunner, env, input),
        "ListVpcIngressConnections" => ingress::list(&estate.apprunner, input),
        "UpdateVpcIngressConnection" => ingress::update(&mut estate.apprunner, env, input),
        "DeleteVpcIngressConnection" => ingress::delete(&mut estate.apprunner, env, input),
        "CreateObservabilityConfiguration" => observability::create(&mut estate.apprunner, env, input),
        "DescribeObservabilityConfiguration" => observability::describe(&estate.apprunner, env, input),
        "ListObservabilityConfigurations" => observability::list(&estate.apprunner, input),
        "DeleteObservabilityConfiguration" => observability::delete(&mut estate.apprunner, env, input),
        "TagResource" => tags::tag(&mut estate.apprunner, input),
        "UntagResource" => tags::untag(&mut estate.apprunner, input),
        "ListTagsForResource" => tags::list(&estate.apprunner, input),
        other => Err(AwsError::not_implemented("apprunner", other)),
    }
}

/// Something that was scheduled happens.
pub(crate) fn happen(estate: &mut Estate, env: &mut Env, due: Due) {
    match due {
        Due::Operation { service, operation, step } => {
            operations::step(estate, env, &service, &operation, step);
        }
        Due::Says { group, stream, at, message } => {
            if estate.logs.ensure_stream(env, &group, &stream) {
                estate.logs.write(env, &group, &stream, at, &message);
            }
        }
        Due::Ingress { arn } => ingress::settle(&mut estate.apprunner, env, &arn),
        Due::Forgotten { service } => estate.apprunner.services.retain(|s| s.id != service),
    }
}

/// What runs takes on new behaviours, and what was held is let go if they say so.
pub(crate) fn behave_now(estate: &mut Estate, env: &mut Env, rules: &[Rule]) {
    let Estate { apprunner, logs, .. } = estate;
    for service in &mut apprunner.services {
        containers::behave_now(env, logs, service, rules);
    }
    operations::let_go(apprunner, env);
}

/// The service whose URL this is, also of one that does not serve.
pub(crate) fn by_url<'a>(estate: &'a Estate, host: &str) -> Option<&'a Service> {
    estate.apprunner.services.iter().rev().find(|s| s.url.eq_ignore_ascii_case(host))
}

/// The service of a name that is not deleted.
pub(crate) fn by_name<'a>(estate: &'a Estate, name: &str) -> Option<&'a Service> {
    estate.apprunner.services.iter().find(|s| s.name == name && s.deleted_at.is_none())
}
