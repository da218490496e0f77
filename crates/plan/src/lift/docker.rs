//! Docker and its like: builds that are tagged and pushed, images that are copied or looked at.

use super::aws_ecs::file;
use super::docker_later;
use super::flags::Takes::{Nothing, One};
use super::flags::{Flag, Options, Style, read};
use super::marks::has_gap;
use super::values::Values;
use super::verdict::{Answer, Draft, Keep, keep};
use super::{Call, Output, Scene};
use crate::shell::Shape;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const BUILD: &[Flag] = &[
    ("--tag|-t", One),
    ("--file|-f", One),
    ("--platform", One),
    ("--build-arg", One),
    ("--target", One),
    ("--no-cache", Nothing),
    ("--pull", Nothing),
    ("--push", Nothing),
    ("--load", Nothing),
    ("--progress", One),
    ("--provenance", One),
    ("--quiet|-q", Nothing),
];

/// How far a script is looked through for a use of an image.
const FARTHEST: usize = 400;

/// Images of a build that are on the way to their registry.
struct Chain {
    /// Names that the built image has.
    names: BTreeSet<String>,
    pushed: Vec<String>,
}

impl Chain {
    /// Whether the image has that name: `api` and `api:latest` are one.
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| docker_later::plain(own) == docker_later::plain(name))
    }
}

/// By subcommand.
pub(crate) fn lift(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    if let Some(name) = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_DEFAULT_PLATFORM", "BUILDX_BUILDER"]
        .iter()
        .find(|name| call.context().felt.contains_key(**name))
    {
        return keep(format!("`{name}` changes what it does"));
    }
    for assignment in call.unwrapped.environment.iter() {
        let harmless = matches!(
            assignment.name.as_str(),
            "DOCKER_BUILDKIT" | "BUILDKIT_PROGRESS" | "DOCKER_CLI_HINTS" | "AWS_PROFILE" | "AWS_REGION"
        );
        if !harmless {
            return keep(format!("it sets `{}` for itself", assignment.name));
        }
    }
    let words: Vec<String> = (0..3).map_while(|at| call.word(at)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rest = |count: usize| call.arguments().get(count..).unwrap_or_default();
    match words.as_slice() {
        ["build", ..] => build(call, &read(call.values(), rest(1), Style::Gnu, &[BUILD])?, false),
        ["buildx" | "image", "build", ..] => {
            let options = read(call.values(), rest(2), Style::Gnu, &[BUILD])?;
            build(call, &options, words.first() == Some(&"buildx"))
        }
        ["manifest", "inspect", ..] => {
            inspect(call, &read(call.values(), rest(2), Style::Gnu, &[&[("--verbose|-v", Nothing)]])?)
        }
        ["buildx", "imagetools", "inspect", ..] => {
            inspect(call, &read(call.values(), rest(3), Style::Gnu, &[&[("--raw", Nothing)]])?)
        }
        ["pull", ..] => mirror(call),
        ["login", ..] => {
            keep("it signs in, where a step does that by itself for images in the plan's own registry")
        }
        ["push", ..] => keep(
            "no statement directly before it builds that image: what is pushed is whatever has that name",
        ),
        ["tag", ..] => keep("it only gives an image of this machine another name"),
        [verb, ..] => keep(format!("`{} {verb}` has no typed step", call.program)),
        [] => keep("it names no command"),
    }
}

/// `skopeo copy docker://a docker://b`, `crane copy a b`.
pub(crate) fn copy(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    let verb = call.word(0).unwrap_or_default();
    if !matches!(verb.as_str(), "copy" | "cp") {
        return keep(format!("`{} {verb}` has no typed step", call.program));
    }
    const COPY: &[Flag] =
        &[("--all|-a", Nothing), ("--platform", One), ("--override-os", One), ("--override-arch", One)];
    let options = read(call.values(), call.arguments().get(1..).unwrap_or_default(), Style::Gnu, &[COPY])?;
    let skopeo = call.program == "skopeo";
    let [from, to] = options.rest.as_slice() else { return keep("it does not name two images") };
    let strip = |text: &str| -> Result<String, Keep> {
        if !skopeo {
            return Ok(text.to_owned());
        }
        match text.strip_prefix("docker://") {
            Some(text) => Ok(text.to_owned()),
            None => keep("it copies from or to something that is no registry"),
        }
    };
    let (from, to) = (strip(from)?, strip(to)?);
    let platform = match (
        options.has("--all"),
        options.one("--platform"),
        options.one("--override-os"),
        options.one("--override-arch"),
    ) {
        (true, None, None, None) => "all".to_owned(),
        (false, Some(platform), None, None) => platform.to_owned(),
        (false, None, Some(os), Some(arch)) => format!("{os}/{arch}"),
        // crane copies the whole index, skopeo what fits the machine that it runs on.
        (false, None, None, None) if !skopeo => "all".to_owned(),
        _ => return keep("which platform it copies depends on the machine that it runs on"),
    };
    mirrored(call, &from, &to, &platform, Vec::new()).map(Answer::from)
}

fn build(call: &Call<'_, '_>, options: &Options, buildx: bool) -> Result<Answer, Keep> {
    if call.output != Output::Screen {
        return keep("its output is needed");
    }
    if call.program != "docker" {
        return keep("`image.build` works by `docker buildx`");
    }
    options.refuse(&["--pull"], "fetches the base image anew")?;
    if options.one("--provenance").is_some_and(|value| value != "false") {
        return keep("`--provenance` has no field in a step");
    }
    let context = match options.rest.as_slice() {
        [context] if context.contains("://") || context.starts_with("git@") || context == "-" => {
            return keep("its context is no folder of the plan");
        }
        [context] => context.clone(),
        _ => return keep("it names no folder to build"),
    };
    let tags = options.all("--tag");
    if tags.is_empty() {
        return keep("it gives the image no name");
    }
    let Some(platform) = options.one("--platform") else {
        return keep(
            "without `--platform` it builds for the machine that it runs on, and a step for linux/amd64",
        );
    };
    if platform.contains(',') {
        return keep("it builds for several platforms, and a step for one");
    }
    let mut arguments = Map::new();
    for pair in options.all("--build-arg") {
        let Some((name, value)) = pair.split_once('=') else {
            return keep(format!("the build argument `{pair}` comes from the environment"));
        };
        if super::values::is_secret(name) {
            return keep(format!(
                "the build argument `{name}` looks like a secret, which would stay in the image"
            ));
        }
        arguments.insert(name.to_owned(), value.into());
    }
    let context = if context == "." { String::new() } else { context };
    let folder = file(call, &context)?;
    let folder = folder.trim_end_matches('/').to_owned();
    let dockerfile = match options.one("--file") {
        None => None,
        Some(path) => Some(beside(&file(call, path)?, &folder)?),
    };
    let mut chain = Chain { names: tags.iter().cloned().collect(), pushed: Vec::new() };
    let own_push = options.has("--push");
    let take = if own_push {
        chain.pushed = tags.clone();
        1
    } else {
        follow(call, &mut chain)?
    };
    if buildx && !own_push && !options.has("--load") && chain.pushed.is_empty() {
        call.values().guess("the builder leaves the image in this machine's Docker, as Docker's own does");
    }
    let push = !chain.pushed.is_empty();
    let names = if push { chain.pushed } else { tags };
    if push {
        docker_later::refuse_if_used(call, take, &chain.names, &names)?;
    }
    for name in &names {
        own_registry(call, name)?;
    }
    let short = names.first().map(|name| repository(name)).unwrap_or_default();
    let mut draft = Draft::of("image.build", format!("build_{short}"))
        .with("context", if folder.is_empty() { ".".to_owned() } else { folder })
        .maybe("dockerfile", dockerfile)
        .with("tags", json!(names))
        .with("platform", platform)
        .maybe("build_args", (!arguments.is_empty()).then_some(arguments))
        .maybe("target", options.one("--target"))
        .maybe("cache", options.has("--no-cache").then_some(false))
        .maybe("push", push.then_some(true));
    draft.take = take;
    Ok(draft.into())
}

/// Follows the statements after a build as long as they only name and push what it built. Gives how many belong to it.
fn follow(call: &Call<'_, '_>, chain: &mut Chain) -> Result<usize, Keep> {
    let scene = call.scene;
    let mut count = 1;
    let mut take = 1;
    while let Some(statement) = scene.script.statements.get(scene.at + count) {
        if is_sign_in(&statement.shape) || is_note(&statement.shape) {
            count += 1;
            continue;
        }
        let Some(next) = scene.later(count) else { break };
        if next.program != call.program || !next.unwrapped.environment.is_empty() {
            break;
        }
        let words: Result<Vec<String>, Keep> =
            next.arguments().iter().map(|word| next.values().text(word)).collect();
        let Ok(words) = words else { break };
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["tag", from, to] | ["image", "tag", from, to] if chain.has(from) => {
                chain.names.insert((*to).to_owned());
            }
            ["push", name] | ["image", "push", name] if chain.has(name) => {
                chain.pushed.push((*name).to_owned());
                take = count + 1;
            }
            _ => break,
        }
        count += 1;
    }
    Ok(take)
}

/// A sign-in to a registry, which a step does by itself.
fn is_sign_in(shape: &Shape) -> bool {
    let Shape::Pipeline(commands) = shape else { return false };
    let [first, second] = commands.as_slice() else { return false };
    let has = |command: &crate::shell::Command, name: &str| {
        command.words.iter().any(|word| word.literal().as_deref() == Some(name))
    };
    has(first, "ecr") && has(first, "get-login-password") && has(second, "login")
}

fn is_note(shape: &Shape) -> bool {
    matches!(shape, Shape::Simple(command) if super::assigned::is_talk(command))
}

/// `docker pull a; docker tag a b; docker push b`.
fn mirror(call: &Call<'_, '_>) -> Result<Answer, Keep> {
    let options = read(
        call.values(),
        call.arguments().get(1..).unwrap_or_default(),
        Style::Gnu,
        &[&[("--platform", One), ("--quiet|-q", Nothing)]],
    )?;
    let [from] = options.rest.as_slice() else { return keep("it names no image") };
    let mut chain = Chain { names: [from.clone()].into(), pushed: Vec::new() };
    let take = follow(call, &mut chain)?;
    let Some((to, more)) = chain.pushed.split_first() else {
        return keep("it fetches an image to this machine");
    };
    let Some(platform) = options.one("--platform") else {
        return keep("without `--platform` it fetches the image for the machine that it runs on");
    };
    docker_later::refuse_if_used(call, take, &chain.names, &chain.pushed)?;
    let mut draft = mirrored(call, from, to, platform, more.to_vec())?;
    draft.take = take;
    Ok(draft.into())
}

fn mirrored(
    call: &Call<'_, '_>,
    from: &str,
    to: &str,
    platform: &str,
    more: Vec<String>,
) -> Result<Draft, Keep> {
    let (from, to) = (whole(from)?, whole(to)?);
    own_registry(call, &to)?;
    let (repository_of, _) = split(&to);
    let mut tags = Vec::new();
    for other in more {
        let (place, tag) = split(&other);
        match tag {
            Some(tag) if place == repository_of => tags.push(tag.to_owned()),
            Some(_) | None => return keep("it pushes into several repositories"),
        }
    }
    Ok(Draft::of("image.mirror", format!("mirror_{}", repository(&to)))
        .with("from", from)
        .with("to", to)
        .with("platform", platform)
        .maybe("tags", (!tags.is_empty()).then(|| json!(tags))))
}

fn inspect(call: &Call<'_, '_>, options: &Options) -> Result<Answer, Keep> {
    if call.output != Output::Screen {
        return keep("its output is needed");
    }
    let [image] = options.rest.as_slice() else { return keep("it names no image") };
    let said = call.scene.said(1).all();
    let platform = ["linux/amd64", "linux/arm64"].into_iter().find(|platform| said.contains(platform));
    Ok(Draft::of("image.inspect", format!("inspect_{}", repository(image)))
        .with("image", whole(image)?)
        .expects("platform", platform.map(Value::from))
        .into())
}

/// A name with its registry, which Docker leaves away for its own.
fn whole(name: &str) -> Result<String, Keep> {
    let first = name.split('/').next().unwrap_or_default();
    let registry = name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    if registry {
        return Ok(name.to_owned());
    }
    if has_gap(first) {
        return keep("the registry of the image is only known when it runs");
    }
    Ok(if name.contains('/') { format!("docker.io/{name}") } else { format!("docker.io/library/{name}") })
}

/// Refuses registries of ECR that are not the plan's own.
fn own_registry(call: &Call<'_, '_>, name: &str) -> Result<(), Keep> {
    let Some(settled) = call.context().settled(name) else { return Ok(()) };
    let host = settled.split('/').next().unwrap_or_default();
    let Some((account, rest)) = host.split_once(".dkr.ecr.") else { return Ok(()) };
    let region = rest.split('.').next().unwrap_or_default();
    let facts = &call.context().facts;
    for (what, found, wanted) in [("account", account, &facts.account), ("region", region, &facts.region)] {
        if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != found) {
            return keep(format!("it pushes to the {what} `{found}`, and the plan's is `{wanted}`"));
        }
    }
    Ok(())
}

/// The Dockerfile seen from the context, which is how a step names it.
fn beside(path: &str, folder: &str) -> Result<String, Keep> {
    if folder.is_empty() {
        return Ok(path.to_owned());
    }
    match path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) => Ok(rest.to_owned()),
        None => keep("its Dockerfile stands outside of the folder that it builds"),
    }
}

/// Repository and tag.
fn split(name: &str) -> (&str, Option<&str>) {
    let tail = name.rsplit('/').next().unwrap_or(name);
    match tail.rsplit_once(':') {
        Some((_, tag)) => (name.get(..name.len() - tag.len() - 1).unwrap_or(name), Some(tag)),
        None => (name, None),
    }
}

fn repository(name: &str) -> String {
    let (place, _) = split(name.split('@').next().unwrap_or(name));
    place.rsplit('/').next().unwrap_or(place).to_owned()
}

/// Whether every push after a sign-in, in the same script, belongs to a step that signs in by itself.
pub(crate) fn pushes_are_steps(scene: &Scene<'_>) -> bool {
    let statements = scene.script.statements.get(scene.at + 1..).unwrap_or_default();
    if statements.len() > FARTHEST {
        return false;
    }
    let (mut covered, mut pushes) = (0, 0);
    for (count, statement) in statements.iter().enumerate() {
        let at = scene.at + 1 + count;
        let commands = statement.commands();
        let has = |names: &[&str]| {
            commands.iter().any(|command| {
                command
                    .words
                    .iter()
                    .any(|word| word.literal().is_some_and(|text| names.contains(&text.as_ref())))
            })
        };
        if !has(&["docker", "podman", "helm", "skopeo", "crane", "docker-compose"]) {
            continue;
        }
        if has(&["build", "pull", "copy"]) && at >= covered {
            let there = Scene {
                script: scene.script,
                text: scene.text,
                at,
                values: Values::new(scene.context(), scene.text),
            };
            if let Shape::Simple(command) = &statement.shape
                && let Ok(Answer::Step(draft)) = there.command(command, Output::Screen)
            {
                covered = at + draft.take;
                pushes += 1;
                continue;
            }
        }
        if at >= covered && has(&["push", "pull", "build", "copy", "run", "up"]) {
            return false;
        }
    }
    pushes > 0
}
