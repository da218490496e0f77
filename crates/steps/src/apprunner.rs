//! AWS App Runner.

mod check;
mod create;
mod delete;
mod deploy;
mod evidence;
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

use holdpoint_cloud::Cloud;
use holdpoint_engine::Executor;
use std::sync::Arc;

pub(crate) use service::name_of;

/// The kinds of this family.
pub(crate) fn executors(cloud: &Cloud) -> Vec<Arc<dyn Executor>> {
    let cloud = || cloud.clone();
    vec![
        Arc::new(create::Create { cloud: cloud() }),
        Arc::new(update::Update { cloud: cloud() }),
        Arc::new(deploy::Deploy { cloud: cloud() }),
        Arc::new(wait::Wait { cloud: cloud() }),
        Arc::new(pause::Switch { cloud: cloud(), way: pause::Way::Pause }),
        Arc::new(pause::Switch { cloud: cloud(), way: pause::Way::Resume }),
        Arc::new(delete::Delete { cloud: cloud() }),
        Arc::new(check::Check { cloud: cloud() }),
        Arc::new(rollback::Rollback { cloud: cloud() }),
    ]
}
