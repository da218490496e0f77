//! What is wrong with a plan that reads well: checks across steps, and defects that its author did not see.

mod across;
mod amend;
mod calls;
mod command_line;
mod configuration;
mod containers;
mod database;
mod deploys;
mod destroys;
mod digests;
mod groups;
mod handover;
mod hcl;
mod looked_up;
mod named_again;
mod names;
mod opened;
mod prose;
mod readiness;
mod remedies;
mod rollbacks;
mod scene;
mod scripts;
mod secrets;
mod target;
mod terraform;
mod wanting;
mod web;

pub use configuration::configuration;

use crate::document::Part;
use crate::findings::Findings;
use crate::read::StageDraft;
use crate::{Level, Target, Var};
use scene::Scene;
use std::collections::HashSet;

/// What is known of a plan besides its stages.
pub(crate) struct Known<'p> {
    pub(crate) parts: &'p [Part],
    pub(crate) vars: &'p [Var],
    pub(crate) stated: &'p HashSet<String>,
    pub(crate) target: Option<&'p Target>,
    pub(crate) level: Level,
    /// Whether the plan says how long the whole of it takes.
    pub(crate) estimated: bool,
}

/// Runs all checks and resolves `needs`. Time is linear in the text.
pub(crate) fn check(text: &str, stages: &mut [StageDraft], known: &Known<'_>, findings: &mut Findings<'_>) {
    across::check(text, stages, known.vars, known.stated, known.level, findings);
    let scene = Scene::new(text, stages, known);
    secrets::check(&scene, findings);
    command_line::check(&scene, findings);
    deploys::check(&scene, findings);
    rollbacks::check(&scene, findings);
    readiness::check(&scene, findings);
    terraform::check(&scene, findings);
    groups::check(&scene, findings);
    database::check(&scene, findings);
    opened::check(&scene, findings);
    named_again::check(&scene, findings);
    names::check(&scene, findings);
    containers::check(&scene, findings);
    digests::check(&scene, findings);
    target::check(&scene, findings);
    web::check(&scene, findings);
    scripts::check(&scene, findings);
    destroys::check(&scene, findings);
    looked_up::check(&scene, findings);
    wanting::check(&scene, findings);
}
