//! AWS App Runner.

mod check;
mod create;
mod delete;
mod deploy;
mod evidence;
mod fitness;
mod follow;
mod image;
mod input;
mod operation;
mod pause;
mod pin;
mod queue;
mod requisites;
mod rollback;
mod rules;
mod service;
mod update;
mod view;
mod wait;

use crate::service_step::ServiceStep;
use holdpoint_cloud::Cloud;
use holdpoint_cloud::registry::Registries;
use holdpoint_engine::Executor;
use std::sync::Arc;

pub(crate) use service::name_of;

/// The kinds of this family.
pub(crate) fn executors(cloud: &Cloud, registries: &Registries) -> Vec<Arc<dyn Executor>> {
    let cloud = || cloud.clone();
    vec![
        Arc::new(ServiceStep(create::Create { cloud: cloud(), registries: registries.clone() })),
        Arc::new(ServiceStep(update::Update { cloud: cloud(), registries: registries.clone() })),
        Arc::new(ServiceStep(deploy::Deploy { cloud: cloud() })),
        Arc::new(wait::Wait { cloud: cloud() }),
        Arc::new(ServiceStep(pause::Switch { cloud: cloud(), way: pause::Way::Pause })),
        Arc::new(ServiceStep(pause::Switch { cloud: cloud(), way: pause::Way::Resume })),
        Arc::new(ServiceStep(delete::Delete { cloud: cloud() })),
        Arc::new(check::Check { cloud: cloud() }),
        Arc::new(ServiceStep(rollback::Rollback { cloud: cloud() })),
    ]
}
