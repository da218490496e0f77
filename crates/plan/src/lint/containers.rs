//! Images: for which platform, under which tag, and whether what is pushed was built.

use super::calls::Call;
use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::{Edit, Fix, Level, Severity};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What somebody writes who deploys containers to AWS.
const ON_AWS: [&str; 6] = ["fargate", "app runner", "apprunner", ".dkr.ecr.", "aws ecs", "uses: ecs."];

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    if scene.says(&ON_AWS) && !scene.says(&["docker_default_platform", "arm64", "graviton"]) {
        platforms(scene, findings);
    }
    latest(scene, findings);
    latest_of_steps(scene, findings);
    never_built(scene, findings);
}

fn is_build(call: &Call) -> bool {
    call.is_docker("build")
        || call.is_docker("buildx") && call.bare().nth(1).is_some_and(|word| word.text == "build")
}

fn platforms(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mirrors = scene.calls.iter().any(|call| call.is_docker("push"));
    for call in &scene.calls {
        // An image of one's own registry has the platform that it was pushed with; public ones mostly have several.
        let own =
            |text: &str| text.contains("@sha256:") || text.contains(".dkr.ecr.") || text.starts_with('$');
        let pulls = call.is_docker("pull") && mirrors && !call.args.iter().any(|arg| own(&arg.text));
        if !(is_build(call) || pulls)
            || call.has("--platform")
            || call.nested
            || scene.is_local(call.span.start)
        {
            continue;
        }
        let verb = call.args.iter().find(|arg| matches!(arg.text.as_str(), "build" | "pull"));
        findings.add(
            if scene.level == Level::Checked { Severity::Warning } else { Severity::Note },
            "no-platform",
            call.span,
            "this takes the platform of whatever machine runs it: on an ARM machine the container ends with `exec format error` on AWS",
            Some("Write `--platform linux/amd64`, or `linux/arm64` where the task asks for ARM.".to_owned()),
            verb.map(|verb| Fix {
                title: "Add `--platform linux/amd64`".to_owned(),
                edits: vec![Edit::insert(verb.span.end, " --platform linux/amd64")],
            }),
        );
    }
}

/// Repository and tag of a reference; no tag is `latest`, a digest is `None`.
fn parts(reference: &str) -> Option<(&str, &str)> {
    if reference.contains('@') {
        return None;
    }
    let name = reference.rfind('/').map_or(0, |at| at + 1);
    let colon = reference.get(name..)?.find(':').map(|at| name + at);
    // `${REPO:-x}` has a colon of its own.
    match colon.and_then(|at| Some((reference.get(..at)?, reference.get(at + 1..)?))) {
        Some((repository, tag)) if !tag.contains('}') || tag.starts_with("${") => Some((repository, tag)),
        Some(_) => None,
        None => Some((reference, "latest")),
    }
}

/// Whether an image is whatever `latest` is.
pub(super) fn latest_tag(image: &str) -> bool {
    parts(image).is_some_and(|(_, tag)| tag == "latest")
}

/// Images that a call pushes.
fn pushed(call: &Call) -> Vec<&str> {
    if call.is_docker("push") && !call.has("--all-tags") && !call.has("-a") {
        return call.bare().nth(1).map(|arg| arg.text.as_str()).into_iter().collect();
    }
    if is_build(call) && call.has("--push") { tags(call) } else { Vec::new() }
}

fn tags(call: &Call) -> Vec<&str> {
    let after = |name: &'static str| {
        call.args
            .iter()
            .zip(call.args.iter().skip(1))
            .filter(move |(arg, _)| arg.text == name)
            .map(|(_, value)| value.text.as_str())
    };
    let joined = call.args.iter().filter_map(|arg| arg.text.strip_prefix("--tag="));
    after("-t").chain(after("--tag")).chain(joined).collect()
}

/// Repositories to which nothing but `latest` is pushed.
fn latest(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut repositories: BTreeMap<&str, (bool, &Call)> = BTreeMap::new();
    for call in &scene.calls {
        let pushed = pushed(call);
        if pushed.is_empty() || scene.is_local(call.span.start) {
            continue;
        }
        for (repository, tag) in pushed.into_iter().filter_map(parts) {
            let entry = repositories.entry(repository).or_insert((true, call));
            entry.0 &= tag == "latest";
        }
    }
    for (repository, (_, call)) in repositories.into_iter().filter(|(_, (only, _))| *only) {
        findings.add(
            Severity::Note,
            "latest-only",
            call.span,
            format!(
                "`{}` gets no tag but `latest`: the next push takes away what a rollback would need",
                short(repository)
            ),
            Some(
                "Push a tag that is never used again (the commit, the version), too, and deploy that one."
                    .to_owned(),
            ),
            None,
        );
    }
}

/// Steps that deploy whatever `latest` is at that moment.
fn latest_of_steps(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for (_, draft) in scene.typed() {
        let action = &draft.step.action;
        let mut images = Vec::new();
        if matches!(
            action.uses.as_str(),
            "ecs.register" | "express.deploy" | "apprunner.create" | "apprunner.update"
        ) {
            collect(&action.with, &mut images);
        }
        for image in images.into_iter().filter(|image| !image.contains("{{") && !image.is_empty()) {
            if latest_tag(image) {
                findings.add(
                    Severity::Warning,
                    "latest-only",
                    scene.place(draft, image),
                    format!("`{}` is whatever `latest` is when a task starts: two tasks can run different images, and no rollback finds the old one", short(image)),
                    Some("Name a tag that is never used again, or best the digest (`image.inspect` gives it).".to_owned()),
                    None,
                );
            }
        }
    }
}

/// The images that arguments of a step name.
pub(super) fn collect<'v>(value: &'v Value, images: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().filter(|_| key == "image") {
                    Some(text) => images.push(text),
                    None => collect(value, images),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|item| collect(item, images)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A push of a tag that nothing in the plan builds, pulls or sets, though it does for another tag of that repository.
fn never_built(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    let mut there: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for call in &scene.calls {
        let made: Vec<&str> = if is_build(call) {
            tags(call)
        } else if call.is_docker("tag") {
            call.bare().nth(2).map(|arg| arg.text.as_str()).into_iter().collect()
        } else if call.is_docker("pull") {
            call.bare().last().map(|arg| arg.text.as_str()).into_iter().collect()
        } else {
            Vec::new()
        };
        for (repository, tag) in made.into_iter().filter_map(parts) {
            there.entry(repository).or_default().insert(tag);
        }
        if !call.is_docker("push") {
            continue;
        }
        for (repository, tag) in pushed(call).into_iter().filter_map(parts) {
            let Some(others) = there.get(repository).filter(|others| !others.contains(tag)) else { continue };
            findings.add(
                Severity::Warning,
                "tag-not-built",
                call.span,
                format!(
                    "`{}:{}` is pushed, but nothing before builds it or gives it that tag",
                    short(repository),
                    short(tag)
                ),
                Some(format!(
                    "There is: {}.",
                    crate::findings::list(&others.iter().take(5).copied().collect::<Vec<_>>())
                )),
                None,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn references_are_taken_apart() {
        assert_eq!(
            parts("registry.example:5000/shop/api"),
            Some(("registry.example:5000/shop/api", "latest"))
        );
        assert_eq!(parts("shop/api:1.2"), Some(("shop/api", "1.2")));
        assert_eq!(parts("${REPO}:${TAG}"), Some(("${REPO}", "${TAG}")));
        assert_eq!(parts("shop/api@sha256:00"), None);
    }
}
