//! Amazon ECS.

mod addresses;
mod boot;
mod calls;
mod check;
mod configuration;
mod create;
mod definition;
mod deploy;
mod evidence;
mod follow;
mod hooks;
mod lint;
mod lint_image;
mod lint_step;
mod pin;
mod register;
mod rollback;
mod rollout;
mod run_task;
mod run_task_follow;
mod scale;
mod service;
mod stop;
mod update;
mod view;
mod wait;

use crate::failure::failed;
use crate::service_step::ServiceStep;
use holdpoint_cloud::registry::Registries;
use holdpoint_cloud::{Cloud, Listing, Service};
use holdpoint_engine::Executor;
use holdpoint_run::Diagnosis;
use std::sync::Arc;

pub(crate) use definition::{MARK, by_digest, short};
pub(crate) use follow::{Arrival, Following, is_passing};
pub(crate) use rollout::Target;
pub(crate) use service::{
    LAGS, World, already_says, confirmed, digests, is_marked, read as read_service, stem,
};
pub(crate) use view::moment;

/// The kinds of this family.
pub(crate) fn executors(cloud: &Cloud, registries: &Registries) -> Vec<Arc<dyn Executor>> {
    let cloud = || cloud.clone();
    vec![
        Arc::new(register::Register { cloud: cloud() }),
        Arc::new(ServiceStep(create::Create { cloud: cloud() })),
        Arc::new(ServiceStep(deploy::Deploy { cloud: cloud() })),
        Arc::new(ServiceStep(wait::Wait { cloud: cloud() })),
        Arc::new(ServiceStep(scale::Scale { cloud: cloud() })),
        Arc::new(check::Check { cloud: cloud() }),
        Arc::new(ServiceStep(rollback::Rollback { cloud: cloud() })),
        Arc::new(lint_step::Lint { cloud: cloud(), registries: registries.clone() }),
        Arc::new(run_task::RunTask { cloud: cloud() }),
    ]
}

/// Log groups of a service's containers, by its running task definition, each with the prefix of their streams.
pub(crate) async fn log_places(cloud: &Cloud, service: &Service) -> Result<Vec<(String, String)>, Diagnosis> {
    let Some(primary) = service.primary() else { return Ok(Vec::new()) };
    let described = register::describe(cloud, &primary.task_definition).await?;
    let body = described["taskDefinition"].as_object().cloned().unwrap_or_default();
    let names = definition::containers(&body).filter_map(|container| container["name"].as_str());
    let place = |name: &str| {
        definition::log_place(&body, name).map(|(group, prefix)| (group, format!("{prefix}/{name}/")))
    };
    Ok(names.filter_map(place).collect())
}

/// Names of the log streams, in a group, of the running tasks of a service's primary deployment.
pub(crate) async fn log_streams(
    cloud: &Cloud,
    cluster: &str,
    service: &Service,
    group: &str,
) -> Result<Vec<String>, Diagnosis> {
    let Some(primary) = service.primary() else { return Ok(Vec::new()) };
    let described = register::describe(cloud, &primary.task_definition).await?;
    let body = described["taskDefinition"].as_object().cloned().unwrap_or_default();
    let tasks = cloud
        .tasks(cluster, &service.service_name, Listing::Running)
        .await
        .map_err(|error| failed(&format!("The tasks of {} cannot be read", service.service_name), &error))?;
    let own = tasks.iter().filter(|task| task.started_by.as_deref() == Some(primary.id.as_str()));
    let streams = own.flat_map(|task| {
        definition::containers(&body).filter_map(|container| {
            let name = container["name"].as_str()?;
            let (of, prefix) = definition::log_place(&body, name)?;
            (of == group).then(|| format!("{prefix}/{name}/{}", task.id()))
        })
    });
    Ok(streams.collect())
}
