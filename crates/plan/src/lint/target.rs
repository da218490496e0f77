//! Accounts and regions that differ: from the plan's target, or from each other.

use super::calls::Call;
use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::{Role, Severity, Span};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Services whose commands belong where the deployment is. Others (certificates for CloudFront, global services, prices)
/// have good reasons to be asked elsewhere.
const HERE: [&str; 11] = [
    "ecs",
    "apprunner",
    "ecr",
    "logs",
    "elbv2",
    "rds",
    "secretsmanager",
    "ssm",
    "servicediscovery",
    "application-autoscaling",
    "ec2",
];

/// An ARN of what a deployment changes, or a registry: region and account.
static PLACES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"arn:aws[a-z-]*:(?:ecs|apprunner|logs|elasticloadbalancing|rds):([a-z]{2}(?:-[a-z]+)+-[0-9]):([0-9]{12}):|\b([0-9]{12})\.dkr\.ecr\.([a-z]{2}(?:-[a-z]+)+-[0-9])\.amazonaws").ok()
});

/// Bytes of the shortest text that [`PLACES`] finds something in: `arn:aws:ecs:aa-b-1:111122223333:`.
const SHORTEST_PLACE: usize = 32;

/// Where a call goes to, as far as it says.
struct Named {
    span: Span,
    region: Option<String>,
    account: Option<String>,
}

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let named: Vec<Named> = scene.calls.iter().flat_map(places).collect();
    match scene.target {
        Some(target) => {
            for one in &named {
                against(one.region.as_deref(), &target.region, "region", one.span, findings);
                against(one.account.as_deref(), &target.account, "account", one.span, findings);
            }
            of_steps(scene, &target.region, &target.account, findings);
        }
        None => {
            among(
                named.iter().filter_map(|one| Some((one.region.as_deref()?, one.span))),
                "region",
                findings,
            );
            among(
                named.iter().filter_map(|one| Some((one.account.as_deref()?, one.span))),
                "account",
                findings,
            );
        }
    }
    unsaid(scene, &named, findings);
}

fn places(call: &Call) -> Vec<Named> {
    let mut found = Vec::new();
    let images = matches!(call.program.as_str(), "docker" | "podman" | "nerdctl" | "crane" | "skopeo");
    // Nothing shorter holds what is looked for, and most arguments are.
    for arg in call.args.iter().filter(|arg| arg.text.len() >= SHORTEST_PLACE) {
        for captures in PLACES.iter().flat_map(|places| places.captures_iter(&arg.text)) {
            let get = |at| captures.get(at).map(|part: regex::Match<'_>| part.as_str().to_owned());
            let (region, account) = (get(1).or_else(|| get(4)), get(2).or_else(|| get(3)));
            // Images are copied from account to account and region to region.
            if !images {
                found.push(Named { span: arg.span, region, account });
            }
        }
    }
    if let Some((service, _)) = call.aws().filter(|(service, _)| HERE.contains(service))
        && let Some(region) = call.value("--region").filter(|region| is_region(region))
    {
        let _ = service;
        let span = call.option("--region").map_or(call.span, |arg| arg.span);
        found.push(Named { span, region: Some(region.to_owned()), account: None });
    }
    found
}

fn is_region(text: &str) -> bool {
    text.split('-').count() >= 3
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn against(named: Option<&str>, target: &str, what: &str, span: Span, findings: &mut Findings<'_>) {
    if let Some(named) = named.filter(|named| *named != target) {
        findings.add(
            Severity::Warning,
            "target-differs",
            span,
            format!("the plan's target is {what} `{target}`, and this goes to `{}`", short(named)),
            Some(
                "Correct one of them; a step that belongs elsewhere belongs into a plan of its own."
                    .to_owned(),
            ),
            None,
        );
    }
}

/// The few against the many: where one place is clearly the plan's, another is a slip.
fn among<'n>(named: impl Iterator<Item = (&'n str, Span)>, what: &str, findings: &mut Findings<'_>) {
    let mut counts: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for (name, span) in named {
        counts.entry(name).or_default().push(span);
    }
    let Some((most, many)) = counts.iter().max_by_key(|(_, spans)| spans.len()) else { return };
    for (name, spans) in counts.iter().filter(|(name, spans)| *name != most && spans.len() * 2 <= many.len())
    {
        if let Some(span) = spans.first() {
            findings.add(
                Severity::Warning,
                "target-differs",
                *span,
                format!(
                    "this goes to {what} `{}`, and {} other commands to `{}`",
                    short(name),
                    many.len(),
                    short(most)
                ),
                Some("Correct it, or say beside it why it goes elsewhere.".to_owned()),
                None,
            );
        }
    }
}

/// Arguments of typed steps.
fn of_steps(scene: &Scene<'_>, region: &str, account: &str, findings: &mut Findings<'_>) {
    for (_, draft) in scene.typed().filter(|(_, draft)| draft.step.action.uses != "image.mirror") {
        let with = draft.step.action.with.to_string();
        let mut seen = BTreeSet::new();
        for captures in PLACES.iter().flat_map(|places| places.captures_iter(&with)) {
            // A registry may well be in another account.
            let (Some(own_region), Some(own_account)) = (captures.get(1), captures.get(2)) else { continue };
            for (own, wanted, what) in
                [(own_region.as_str(), region, "region"), (own_account.as_str(), account, "account")]
            {
                if seen.insert(own.to_owned()) {
                    against(Some(own), wanted, what, scene.place(draft, own), findings);
                }
            }
        }
    }
}

/// A command that leaves the region to whatever is configured, in a plan that names several.
fn unsaid(scene: &Scene<'_>, named: &[Named], findings: &mut Findings<'_>) {
    let regions: BTreeSet<&str> = named.iter().filter_map(|one| one.region.as_deref()).collect();
    if regions.len() < 2 || scene.target.is_some() || scene.says(&["aws_region=", "aws_default_region="]) {
        return;
    }
    let silent =
        scene.calls.iter().filter(|call| !matches!(scene.role_of(call), Some(Role::Reference))).find(
            |call| {
                call.aws().is_some_and(|(service, _)| HERE.contains(&service))
                    && !call.has("--region")
                    && places(call).is_empty()
                    && !call.environment.iter().any(|(name, _)| name.ends_with("_REGION"))
            },
        );
    if let Some(call) = silent {
        findings.add(
            Severity::Note,
            "no-region",
            call.span,
            format!(
                "this names no region, and the plan names {}: it goes wherever the profile happens to point",
                regions.len()
            ),
            Some("Add `--region`.".to_owned()),
            None,
        );
    }
}
