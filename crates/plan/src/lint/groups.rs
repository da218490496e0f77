//! Log groups that cannot exist.

use super::amend;
use super::named_again::{Quoting, quoting};
use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::{Edit, Fix, Severity, Span, limits};
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
            with_id(scene, Span::from(whole.range()), name.as_str(), name.end()),
        );
    }
    named(scene, findings);
}

/// The repair: the service's id is a variable of the plan, which is asked for at the start.
fn with_id(scene: &Scene<'_>, whole: Span, name: &str, at: usize) -> Option<Fix> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let id = format!("{}_service_id", crate::sections::slug(name));
    let known = scene.vars.iter().find(|var| var.name == id);
    if !plain || known.is_some_and(|var| var.secret) {
        return None;
    }
    let said =
        format!("{{ description: \"Id of the App Runner service {name}: the last part of its ARN\" }}");
    let mut edits: Vec<Edit> = match known {
        Some(_) => Vec::new(),
        None => vec![amend::declare(scene, &id, &said)?],
    };
    let inside = |span: Span| span.start <= whole.start && whole.end <= span.end;
    if let Some(listing) = scene
        .listings
        .iter()
        .find(|listing| inside(listing.place(Span { start: 0, end: listing.fence.body.text.len() })))
    {
        let text = listing.fence.body.text.as_str();
        let start = listing.place(Span { start: 0, end: 0 }).start;
        let shell = matches!(listing.fence.language(), "bash" | "sh" | "zsh") && listing.is_flush(scene.text);
        let quoted = quoting(text).filter(|_| shell)?.get(&(at - start)).copied()?;
        let variable = id.to_ascii_uppercase();
        if quoted == Quoting::Single || text.contains(&variable) {
            return None;
        }
        edits.push(Edit::insert(at, format!("/${{{variable}}}")));
        let env = [(variable, format!("\"{{{{ vars.{id} }}}}\""))];
        edits.push(amend::add_environment(scene, listing.owner?, &env)?);
    } else {
        let (_, draft) = scene.typed().find(|(_, draft)| inside(draft.step.span))?;
        let group = super::scene::plain(&draft.step.action.with, "group")?;
        if scene.text.get(whole.start..whole.end) != Some(group) {
            return None;
        }
        edits.push(Edit::insert(at, format!("/{{{{ vars.{id} }}}}")));
        let quoted = scene.text.get(..whole.start).is_some_and(|before| before.ends_with(['"', '\'']));
        if !quoted {
            edits.push(Edit::insert(whole.start, "\""));
            edits.push(Edit::insert(whole.end, "\""));
        }
    }
    Some(Fix { title: "Ask for the service's id".to_owned(), edits })
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
