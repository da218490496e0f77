//! `git.state` and `git.apply`: what a working copy is at, and a patch to it.
//!
//! A repository is somebody else's data. Git itself runs programs that a repository's own configuration names, so hooks,
//! monitors, pagers and transports are switched off, and a repository that names filters or merge drivers is refused.

mod apply;
mod copy;
mod patch;
mod process;
mod state;

pub(crate) use copy::working_copy;

use crate::files::Files;
use crate::look::Reader;
use holdpoint_engine::Executor;
use holdpoint_identity::Env;
use std::sync::Arc;

/// The kinds of this family.
pub(crate) fn executors(env: &Env, files: &Files) -> Vec<Arc<dyn Executor>> {
    let git = process::Git::new(env);
    vec![
        Arc::new(Reader(state::State { git: git.clone(), files: files.clone() })),
        Arc::new(apply::Apply { git, files: files.clone() }),
    ]
}
