//! Commands of a section to look things up in, which change something: a run does not walk them.

use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::shell::Reach;
use crate::{Level, Role, Severity};

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    if scene.level != Level::Checked {
        return;
    }
    let looked_up = |role: Option<Role>| role == Some(Role::Reference);
    for (at, listing) in scene.listings.iter().enumerate() {
        if listing.owner.is_some() || !looked_up(listing.role) {
            continue;
        }
        let changes = |reach: Reach| matches!(reach, Reach::Change | Reach::Destroy);
        let Some(call) = scene.calls_of(at).iter().find(|call| changes(call.reach)) else { continue };
        findings.add(
            Severity::Note,
            "change-looked-up",
            call.span,
            format!("`{}` changes something here, in a section to look things up: a run does not walk it", short(&call.program)),
            Some("Leave it so where it is for emergencies. Should a run do it, give the section a title that says what is done.".to_owned()),
            None,
        );
    }
}
