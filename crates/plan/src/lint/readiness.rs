//! Waits that prove nothing, and commands that never end.

use super::calls::Call;
use super::scene::{Listing, Scene};
use crate::findings::Findings;
use crate::shell::Comment;
use crate::{Edit, Fix, Role, Severity, Span};

/// Seconds from which on `sleep` is meant as a wait for something.
const A_WAIT: f64 = 10.0;

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for (at, listing) in scene.listings.iter().enumerate() {
        expectations(scene, at, listing, findings);
    }
    for call in &scene.calls {
        primary(call, findings);
        sleeps(scene, call, findings);
        endless(scene, call, findings);
    }
    told(scene, findings);
    stable(scene, findings);
}

/// The same, where a typed step looks instead: the reader goes by the text.
fn told(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for (at, listing) in scene.told.iter().enumerate() {
        let looks =
            scene.told_calls.iter().any(|call| call.listing == at && call.is_aws("ecs", "describe-services"));
        let comments = &listing.script.comments;
        let says = |word: &str| comments.iter().find(|comment| comment.text.contains(word));
        if let Some(comment) = says("PRIMARY").filter(|_| looks && says("COMPLETED").is_none()) {
            findings.add(
                Severity::Note,
                "wait-proves-nothing",
                listing.place(comment.span),
                "a deployment is `PRIMARY` from its first moment: whoever reads this takes it for done too early",
                Some("Write `\"rolloutState\": \"COMPLETED\"` instead; the step itself does not go by it.".to_owned()),
                None,
            );
        }
    }
}

/// Comments below a look at a service that take for its end what is so from the beginning.
fn expectations(scene: &Scene<'_>, at: usize, listing: &Listing<'_>, findings: &mut Findings<'_>) {
    let looks = scene.calls_of(at).iter().filter(|call| call.is_aws("ecs", "describe-services"));
    for call in looks {
        let Some(statement) = listing.script.statements.get(call.statement) else { continue };
        let next =
            listing.script.statements.get(call.statement + 1).map_or(usize::MAX, |next| next.span.start);
        let below: Vec<&Comment> = listing
            .script
            .comments
            .iter()
            .filter(|comment| comment.span.start >= statement.span.end && comment.span.start < next)
            .collect();
        let says = |word: &str| below.iter().find(|comment| comment.text.contains(word));
        if says("rolloutState").is_some() || says("COMPLETED").is_some() {
            continue;
        }
        if let Some(comment) = says("PRIMARY") {
            say_primary(listing.place(comment.span), findings);
        } else if let (Some(comment), Some(_)) = (says("runningCount"), says("desiredCount"))
            && deployed_before(scene, call)
        {
            findings.add(
                Severity::Warning,
                "wait-proves-nothing",
                listing.place(comment.span),
                "these counts are the same right after the deployment has begun: the old tasks run until the new ones are healthy",
                Some("Look for `rolloutState` `COMPLETED` of the deployment with the new task definition; `ecs.wait` does.".to_owned()),
                None,
            );
        }
    }
}

/// Whether the same script has started a deployment of that service before.
fn deployed_before(scene: &Scene<'_>, look: &Call) -> bool {
    let services = look.values("--services");
    scene.calls_of(look.listing).iter().take_while(|call| call.statement < look.statement).any(|call| {
        call.is_aws("ecs", "update-service")
            && (call.has("--force-new-deployment") || call.has("--task-definition"))
            && call.value("--service").is_some_and(|service| services.contains(&service))
    })
}

fn say_primary(span: Span, findings: &mut Findings<'_>) {
    findings.add(
        Severity::Warning,
        "wait-proves-nothing",
        span,
        "a deployment is `PRIMARY` from its first moment: this does not say that it is done",
        Some("Look for `rolloutState` `COMPLETED` of the deployment with the new task definition; `ecs.wait` does.".to_owned()),
        None,
    );
}

/// `[ "$STATUS" = PRIMARY ]`, `… | grep PRIMARY`.
fn primary(call: &Call, findings: &mut Findings<'_>) {
    if matches!(call.program.as_str(), "[" | "[[" | "test" | "grep" | "egrep" | "rg")
        && call.args.iter().any(|arg| matches!(arg.text.trim_matches('"'), "PRIMARY"))
    {
        say_primary(call.span, findings);
    }
}

/// A fixed time instead of a look.
fn sleeps(scene: &Scene<'_>, call: &Call, findings: &mut Findings<'_>) {
    if call.program != "sleep" || call.repeats || call.nested {
        return;
    }
    let Some(time) = call.args.first().map(|arg| arg.text.as_str()) else { return };
    // Inside of a statement that does more, such as `cmd || sleep 5`, it is no wait of its own.
    let alone = scene.calls_of(call.listing).iter().filter(|other| other.statement == call.statement);
    if seconds(time).is_none_or(|seconds| seconds < A_WAIT) || alone.count() > 1 {
        return;
    }
    findings.add(
        Severity::Note,
        "sleep-as-wait",
        call.span,
        format!("`sleep {time}` waits for the clock and not for what should happen"),
        Some("Wait for the thing itself: `ecs.wait`, `apprunner.wait`, an `http.check` with a timeout, or `soak` where the time is the point.".to_owned()),
        None,
    );
}

fn seconds(time: &str) -> Option<f64> {
    let (number, unit) = match time.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => time.split_at_checked(at)?,
        None => (time, "s"),
    };
    let times = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * times)
}

/// Commands that follow something until somebody presses Ctrl-C.
fn endless(scene: &Scene<'_>, call: &Call, findings: &mut Findings<'_>) {
    if call.bounded || scene.role_of(call) == Some(Role::Reference) || ends_itself(scene, call) {
        return;
    }
    let Some(flag) = following(call) else { return };
    let span = call.args.iter().find(|arg| arg.text == flag).map_or(call.span, |arg| arg.span);
    let before =
        scene.text.get(..span.start).map_or(0, |head| head.len() - head.trim_end_matches([' ', '\t']).len());
    let on_one_line = before > 0 && !call.nested;
    let fix = on_one_line.then(|| Fix {
        title: format!("Take `{flag}` out"),
        edits: vec![Edit::replace(span.start - before..span.end, "")],
    });
    findings.add(
        if scene.level == crate::Level::Checked { Severity::Warning } else { Severity::Note },
        "endless",
        call.span,
        format!("`{} … {flag}` follows until somebody stops it: the step never ends", call.program),
        Some("Leave it out, or use `logs.expect`, which ends when the lines have come; `holdpoint logs` follows beside a run.".to_owned()),
        fix,
    );
}

/// In the background, or in a pipeline whose reader ends it.
fn ends_itself(scene: &Scene<'_>, call: &Call) -> bool {
    scene
        .listing_of(call)
        .and_then(|listing| listing.script.statements.get(call.statement))
        .is_some_and(|statement| statement.background)
}

fn following(call: &Call) -> Option<&'static str> {
    let has = |flags: &[&'static str]| {
        flags.iter().copied().find(|flag| call.args.iter().any(|arg| arg.text == *flag))
    };
    let verb = |word: &str| call.bare().any(|arg| arg.text == word);
    match call.program.as_str() {
        "aws" if call.is_aws("logs", "tail") => has(&["--follow"]),
        "aws" if call.is_aws("logs", "start-live-tail") => Some(""),
        "docker" | "podman" | "docker-compose" | "kubectl" if verb("logs") => has(&["-f", "--follow"]),
        "tail" => has(&["-f", "-F", "--follow"]),
        "journalctl" => has(&["-f", "--follow"]),
        "heroku" if verb("logs") => has(&["--tail", "-t"]),
        _ => None,
    }
}

/// `services-stable` is true again after ECS has rolled back.
fn stable(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut deployed: Option<&Call> = None;
    let last_look = scene.calls.iter().rposition(|call| {
        call.is_aws("ecs", "describe-services")
            || call.is_aws("ecs", "describe-tasks")
            || call.is_aws("ecs", "describe-service-deployments")
    });
    for (at, call) in scene.calls.iter().enumerate() {
        if call.is_aws("ecs", "update-service") || call.is_aws("ecs", "create-service") {
            deployed = call
                .has("--task-definition")
                .then_some(call)
                .filter(|_| scene.role_of(call) != Some(Role::Rollback));
        } else if call.program == "aws"
            && call.bare().map(|arg| arg.text.as_str()).take(3).eq(["ecs", "wait", "services-stable"])
            && let Some(change) = deployed
        {
            let looked = last_look.is_some_and(|look| look > at);
            if change.listing == call.listing && !looked {
                findings.add(
                    Severity::Note,
                    "stable-is-not-new",
                    call.span,
                    "a service is stable again, too, when ECS has rolled the deployment back: nothing looks at which revision runs",
                    Some("Compare `services[0].taskDefinition` with what was deployed afterwards; `ecs.deploy` follows the deployment by its id.".to_owned()),
                    None,
                );
            }
            deployed = None;
        }
    }
}
