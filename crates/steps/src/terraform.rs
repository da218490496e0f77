//! Terraform and OpenTofu: a plan that is read and sealed, applied once, and what it gives.

mod apply;
mod bench;
mod envelope;
mod expect;
mod faults;
mod ground;
mod guards;
mod job;
mod outcome;
mod output;
mod plan;
mod program;
mod recorded;
mod show;
mod sources;
mod stream;
mod table;
mod unlock;
mod vars;

use crate::shell::Child;
use holdpoint_cloud::Cloud;
use holdpoint_engine::Executor;
use std::sync::Arc;

/// What the kinds of this family work with.
#[derive(Clone)]
pub(crate) struct Common {
    /// What a child process is given.
    child: Arc<Child>,
    /// AWS, for what Terraform does not say; in practice where recorded calls go.
    cloud: Cloud,
}

/// The kinds of this family.
pub(crate) fn executors(cloud: &Cloud, child: Arc<Child>) -> Vec<Arc<dyn Executor>> {
    let common = Common { child, cloud: cloud.clone() };
    vec![
        Arc::new(plan::Plan(common.clone())),
        Arc::new(apply::Apply(common.clone())),
        Arc::new(output::Output(common)),
        Arc::new(vars::Vars),
    ]
}
