//! Checks of what an account holds. All of them only read.

pub(crate) mod databases;
mod meters;
mod names;
mod network;
mod schema;
mod secrets;

use crate::files::Files;
use crate::look::Reader;
use holdpoint_cloud::Cloud;
use holdpoint_engine::Executor;
use std::sync::Arc;

/// The kinds of this family that ask AWS. In an assumed world the world was made of what the plan expects: that is marked.
pub(crate) fn executors(cloud: &Cloud, files: &Files, assumed: bool) -> Vec<Arc<dyn Executor>> {
    let cloud = || cloud.clone();
    vec![
        Arc::new(Reader(secrets::Secrets { cloud: cloud(), assumed })),
        Arc::new(Reader(network::Network { cloud: cloud(), assumed })),
        Arc::new(Reader(databases::Databases { cloud: cloud(), assumed })),
        Arc::new(Reader(schema::Schemas { cloud: cloud(), files: files.clone(), assumed })),
        Arc::new(Reader(names::Names { cloud: cloud() })),
        Arc::new(Reader(meters::Meters { cloud: cloud(), assumed })),
    ]
}

/// Says of judgements that they were of a world made from the plan.
fn assuming(judgements: &mut [holdpoint_run::Judgement], assumed: bool) {
    judgements.iter_mut().for_each(|judgement| judgement.assumed = assumed);
}
