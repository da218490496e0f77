//! Log groups that cannot exist.

use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::{Severity, Span, limits};
use regex::Regex;
use std::sync::LazyLock;

/// `/aws/apprunner/<one part>/service`: the id of the service is missing.
static SHORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"/aws/apprunner/([^/\s"'`]+)/(service|application)\b"#).ok());

/// Longest name of a service that anybody gives, in bytes. In the pattern it would be a hundred copies of it.
const LONGEST: usize = 120;

/// Most places that are told.
const MOST: usize = 50;

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for found in SHORT.iter().flat_map(|short| short.captures_iter(scene.text)).take(MOST) {
        let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
        // A variable may hold both parts.
        if name.len() > LONGEST {
            continue;
        }
        let upper = name.as_str().to_ascii_uppercase();
        if upper.starts_with('$') && (upper.contains("ID") || upper.contains("PATH") || upper.contains("ARN"))
            || name.as_str().contains("{{")
        {
            continue;
        }
        findings.add(
            Severity::Warning,
            "log-group",
            Span::from(whole.range()),
            "there is no such log group: App Runner puts the service's id behind its name",
            Some("Write `/aws/apprunner/<name>/<service id>/service` for App Runner's own events, `…/application` for what the program prints; the id is the last part of the service's ARN.".to_owned()),
            None,
        );
    }
    named(scene, findings);
}

/// Names that CloudWatch Logs refuses.
fn named(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let Some(rule) = limits::rule("logs.group") else { return };
    let called = scene.calls.iter().filter(|call| call.program == "aws").filter_map(|call| {
        let (service, operation) = call.aws()?;
        let group = match (service, operation) {
            ("logs", "tail") => call.bare().nth(2)?,
            ("logs", _) => call.option("--log-group-name")?,
            _ => return None,
        };
        group.known.then(|| (group.text.clone(), group.span))
    });
    let typed = scene.typed().filter(|(_, draft)| draft.step.action.uses == "logs.expect").filter_map(
        |(_, draft)| {
            let group = super::scene::plain(&draft.step.action.with, "group")?;
            Some((group.to_owned(), scene.place(draft, group)))
        },
    );
    for (group, span) in called.chain(typed) {
        // An ARN names one, too; what is to be filled in is said elsewhere.
        if group.starts_with("arn:") || group.contains(['<', '>', '$', '{']) {
            continue;
        }
        if let Err(unfit) = rule.check(&group) {
            findings.add(
                Severity::Warning,
                "log-group",
                span,
                format!("there can be no such log group: {}", short(&unfit.why)),
                None,
                None,
            );
        }
    }
}
