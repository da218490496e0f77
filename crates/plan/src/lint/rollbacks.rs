//! Ways back that lead somewhere else: half of a set, or a change that Terraform will undo.

use super::calls::Call;
use super::scene::Scene;
use crate::findings::{Findings, list, short};
use crate::{Role, Severity, Span};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    half_a_set(scene, findings);
    behind_terraform(scene, findings);
}

/// A service: its cluster and its name.
type Service = (String, String);

fn changed(call: &Call) -> Option<Service> {
    let name = match call.aws()? {
        ("ecs", "update-service") => call.value("--service")?,
        ("ecs", "create-service") => call.value("--service-name")?,
        _ => return None,
    };
    Some((call.value("--cluster").unwrap_or("default").to_owned(), name.to_owned()))
}

/// Services that were changed together go back together.
fn half_a_set(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut forward: BTreeSet<Service> = BTreeSet::new();
    // By the heading above: what stands under one heading is walked as one.
    let mut back: BTreeMap<usize, (Span, BTreeSet<Service>)> = BTreeMap::new();
    for (role, call) in scene.said_calls() {
        let Some(service) = changed(call) else { continue };
        if role == Some(Role::Rollback) {
            let under = scene.heading(call.span.start).map_or(0, |heading| heading.span.start);
            back.entry(under).or_insert_with(|| (call.span, BTreeSet::new())).1.insert(service);
        } else {
            forward.insert(service);
        }
    }
    let all: BTreeSet<&Service> = back.values().flat_map(|(_, services)| services).collect();
    let together: BTreeSet<&Service> = forward.iter().chain(all.iter().copied()).collect();
    if back.is_empty()
        || together.len() < 2
        || back.values().any(|(_, services)| services.len() == together.len())
    {
        return;
    }
    // Only services of one cluster are taken for a set.
    let clusters: BTreeSet<&str> = together.iter().map(|(cluster, _)| cluster.as_str()).collect();
    let Some((span, services)) = back.values().next().filter(|_| clusters.len() == 1) else { return };
    let names = |services: &mut dyn Iterator<Item = &Service>| {
        let short: Vec<String> = services.map(|(_, name)| short(name)).collect();
        list(&short.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let left: Vec<&Service> =
        together.iter().copied().filter(|service| !services.contains(*service)).collect();
    // One that no way back names at all is worse than a choice of ways.
    let missing = left.iter().any(|service| !all.contains(*service));
    let message = format!(
        "this takes back {} and leaves {} as it is, though both change in this plan",
        names(&mut services.iter()),
        names(&mut left.iter().copied()),
    );
    let severity = if missing { Severity::Warning } else { Severity::Note };
    findings.add(severity, "half-a-set", *span, message, Some("Write one way back for all of them, in order: what runs the same jobs must not run twice, and not nowhere.".to_owned()), None);
}

/// What Terraform manages goes back to Terraform's version with the next apply.
fn behind_terraform(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let applies =
        scene.said_calls().any(|(role, call)| call.is_terraform("apply") && role != Some(Role::Rollback))
            || scene.typed().any(|(_, draft)| draft.step.action.uses == "terraform.apply");
    let services = scene.says(&["aws_ecs_service", "aws_apprunner_service"]);
    if !applies || !services {
        return;
    }
    let mut by_hand = scene.said_calls().filter(|(role, call)| {
        *role == Some(Role::Rollback)
            && (call.is_aws("ecs", "update-service") && call.has("--task-definition")
                || call.is_aws("apprunner", "update-service"))
    });
    let Some((_, call)) = by_hand.next().filter(|(_, call)| !says_terraform(scene, call)) else { return };
    findings.add(
        Severity::Warning,
        "rollback-behind-terraform",
        call.span,
        "Terraform manages this service and does not know of this rollback: its next `apply` brings the bad version back",
        Some("Put the old version into the Terraform configuration as part of the way back, or say who does and when.".to_owned()),
        None,
    );
}

/// Whether the section's own words speak of Terraform: then its author has thought of the next apply.
fn says_terraform(scene: &Scene<'_>, call: &Call) -> bool {
    let Some(heading) = scene.heading(call.span.start) else { return false };
    let end = scene.heading_after(call.span.start).map_or(scene.text.len(), |next| next.span.start);
    let fences = scene.fences.iter().map(|fence| fence.span);
    let mut from = heading.span.end;
    let mut inside: Vec<Span> = fences.filter(|span| from <= span.start && span.end <= end).collect();
    inside.push(Span { start: end, end });
    inside.into_iter().any(|span| {
        let prose = scene.lower().get(from..span.start).unwrap_or_default();
        from = span.end;
        prose.contains("terraform")
    })
}
