//! `image`: images looked at and copied between registries, by hand.

use crate::args::{Image, ImageInspect, ImageMirror, ImageVerb};
use crate::commands::registry;
use crate::exit::Exit;
use crate::output;
use holdpoint_api::Problem;
use holdpoint_identity::Env;
use holdpoint_plan::kinds;
use holdpoint_run::Diagnosis;
use holdpoint_steps::Images;
use serde_json::Value;

/// Carries it out.
pub(crate) async fn image(args: Image, env: &Env) -> Result<Exit, Problem> {
    let images = Images::of(env.clone(), registry::desk(env).await?);
    match args.verb {
        ImageVerb::Inspect(args) => inspect(&args, &images).await,
        ImageVerb::Mirror(args) => mirror(args, &images).await,
    }
}

async fn inspect(args: &ImageInspect, images: &Images) -> Result<Exit, Problem> {
    let found = images.inspect(&args.image, args.platform.as_deref()).await.map_err(told)?;
    misfits(&found, args);
    if args.json {
        output::json(&found);
        return Ok(Exit::Done);
    }
    for (name, words) in [
        ("image", "image"),
        ("platform", "platform"),
        ("platforms", "offered"),
        ("entrypoint", "entry point"),
        ("command", "command"),
        ("exposed_ports", "ports"),
        ("created", "made"),
        ("size", "bytes"),
    ] {
        let shown = match &found[name] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Array(list) => list
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(" "),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_)) => other.to_string(),
        };
        output::line(format!("{words:<12} {shown}"));
    }
    Ok(Exit::Done)
}

async fn mirror(args: ImageMirror, images: &Images) -> Result<Exit, Problem> {
    let is_json = args.json;
    let order = kinds::ImageMirror {
        from: args.from,
        to: args.to,
        platform: Some(args.platform),
        tags: args.tags,
        create_repository: false,
        concurrency: Some(args.concurrency),
    };
    let done = images.mirror(&order, output::note).await.map_err(told)?;
    match is_json {
        true => output::json(&done),
        false => output::line(done["image"].as_str().unwrap_or_default()),
    }
    Ok(Exit::Done)
}

/// What an image is not fit for, with the known problem that would come of it: for App Runner and for tasks that do not name
/// an architecture, which run on linux/amd64, and for the port that a service asks.
fn misfits(found: &Value, args: &ImageInspect) {
    let words = |name: &str| -> Vec<&str> {
        found[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let offered = words("platforms");
    if args.platform.is_none() && !offered.is_empty() && !offered.iter().any(|one| one.starts_with(PLATFORM))
    {
        let told = Diagnosis::of(format!(
            "it is not for {PLATFORM}, which App Runner runs alone, and Fargate where a task definition names no architecture"
        ));
        warn(told.says("Platform", format!("wanted {PLATFORM}, offered {}", offered.join(", "))));
    }
    let ports = words("exposed_ports");
    let exposes = |port: u16| ports.iter().any(|one| one.split('/').next() == Some(&port.to_string()));
    if let Some(port) = args.port.filter(|port| !ports.is_empty() && !exposes(*port)) {
        warn(Diagnosis::of(format!(
            "it says that it listens on {}, and will be asked on port {port}",
            ports.join(", ")
        )));
    }
}

/// The platform of what says nothing of another one.
const PLATFORM: &str = "linux/amd64";

fn warn(diagnosis: Diagnosis) {
    output::note(Problem::from(diagnosis).to_string());
}

fn told(diagnosis: Diagnosis) -> Problem {
    diagnosis.into()
}
