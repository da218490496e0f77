//! What cannot be brought back, and whether anybody is asked before.

use super::calls::Call;
use super::scene::Scene;
use crate::findings::Findings;
use crate::shell::Reach;
use crate::{Edit, Effect, Fix, Level, Role, Severity};

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for (at, listing) in scene.listings.iter().enumerate() {
        let mut calls = scene.calls_of(at).iter();
        match listing.owner.filter(|_| scene.level == Level::Checked) {
            Some(draft) => {
                let step = &draft.step;
                let mut worst: Option<&Call> = None;
                for call in calls {
                    let rank = |call: &Call| {
                        u8::from(call.reach == Reach::Destroy) * 2 + u8::from(call.reach == Reach::Change)
                    };
                    if rank(call) > worst.map_or(0, rank) {
                        worst = Some(call);
                    }
                }
                let Some(call) = worst else { continue };
                match (call.reach, step.effect) {
                    (Reach::Destroy, Effect::Read | Effect::Idempotent | Effect::Once) => findings.add(
                        Severity::Warning,
                        "destroys",
                        call.span,
                        format!("{}, and the step says `effect: {}`", call.why, crate::rules::word(step.effect)),
                        Some("Write `effect: destructive`: then it is confirmed by typing, and never repeated.".to_owned()),
                        fix(scene, draft.id_span.end, step.effect),
                    ),
                    (Reach::Change, Effect::Read) => findings.add(
                        Severity::Warning,
                        "effect-doubtful",
                        call.span,
                        format!("{}, and the step says `effect: read`: it would be repeated without asking", call.why),
                        Some("Leave `effect` out, or say what is true.".to_owned()),
                        None,
                    ),
                    _ => {}
                }
            }
            None if scene.level == Level::Guide
                && listing.role != Some(Role::Reference)
                && !scene.is_local(listing.fence.span.start) =>
            {
                if let Some(call) = calls.find(|call| call.reach == Reach::Destroy && !call.nested) {
                    findings.add(
                        Severity::Note,
                        "destroys",
                        call.span,
                        format!("{}, and nobody is asked before", call.why),
                        Some(
                            "In a checked plan: `effect: destructive`, a hold, and a phrase to type."
                                .to_owned(),
                        ),
                        None,
                    );
                }
            }
            None => {}
        }
    }
}

/// A line after the step's id, unless the step says its effect already.
fn fix(scene: &Scene<'_>, after_id: usize, effect: Effect) -> Option<Fix> {
    let rest = scene.text.get(after_id..)?;
    // Only where the id stands on a line of its own, at the margin.
    let line = super::deploys::line_of(scene, after_id);
    let written = scene.text.get(line.start..line.end)?;
    let flush = written.starts_with("id:") && rest.starts_with(['\n', '\r']);
    (flush && effect == Effect::Once).then(|| Fix {
        title: "Write `effect: destructive`".to_owned(),
        edits: vec![Edit::insert(after_id, "\neffect: destructive")],
    })
}
