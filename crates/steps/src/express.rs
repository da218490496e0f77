//! ECS Express Mode: a service for the web made from an image and two roles. Behind it is an ordinary service of ECS, so that
//! what goes on is followed as any deployment is.

mod check;
mod deploy;
mod follow;
mod rollback;
mod settings;

use crate::service_step::ServiceStep;
use holdpoint_cloud::Cloud;
use holdpoint_engine::Executor;
use std::sync::Arc;

/// The kinds of this family.
pub(crate) fn executors(cloud: &Cloud) -> Vec<Arc<dyn Executor>> {
    vec![
        Arc::new(ServiceStep(deploy::Deploy { cloud: cloud.clone() })),
        Arc::new(check::Check { cloud: cloud.clone() }),
        Arc::new(ServiceStep(rollback::Rollback { cloud: cloud.clone() })),
    ]
}
