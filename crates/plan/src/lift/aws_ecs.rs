//! ECS: what changes services and task definitions.

use super::Call;
use super::aws::{Aws, Operation, own};
use super::aws_deployment::{deployment, load_balancers, network, tags};
use super::context::Dir;
use super::flags::Takes::{Many, Nothing, One};
use super::marks::has_gap;
use super::values::number;
use super::verdict::{Answer, Draft, Keep, keep};
use serde_json::Value;

pub(crate) const ALL: &[Operation] = &[
    Operation {
        service: "ecs",
        name: "update-service",
        flags: &[
            ("--cluster", One),
            ("--service", One),
            ("--task-definition", One),
            ("--desired-count", One),
            ("--force-new-deployment", Nothing),
            ("--no-force-new-deployment", Nothing),
            ("--deployment-configuration", One),
            ("--network-configuration", One),
            ("--load-balancers", Many),
            ("--platform-version", One),
            ("--health-check-grace-period-seconds", One),
        ],
        lift: update,
    },
    Operation {
        service: "ecs",
        name: "create-service",
        flags: &[
            ("--cluster", One),
            ("--service-name", One),
            ("--task-definition", One),
            ("--desired-count", One),
            ("--launch-type", One),
            ("--platform-version", One),
            ("--network-configuration", One),
            ("--load-balancers", Many),
            ("--deployment-configuration", One),
            ("--health-check-grace-period-seconds", One),
            ("--tags", Many),
        ],
        lift: create,
    },
    Operation {
        service: "ecs",
        name: "register-task-definition",
        flags: &[("--family", One), ("--tags", Many)],
        lift: register,
    },
];

fn update(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    let options = &aws.options;
    let (cluster, service) = (cluster(aws)?, options.needed("--service")?);
    for name in [&cluster, &service] {
        own(aws.call, name)?;
    }
    let count = options.one("--desired-count").map(|text| number("--desired-count", text)).transpose()?;
    let force = options.switch("--force-new-deployment", "--no-force-new-deployment") == Some(true);
    let task_definition = options.one("--task-definition").map(str::to_owned);
    let others = [
        "--deployment-configuration",
        "--network-configuration",
        "--load-balancers",
        "--platform-version",
        "--health-check-grace-period-seconds",
    ];
    let only_count = task_definition.is_none() && !force && !others.iter().any(|name| options.has(name));
    let short = short_name(&service);
    if only_count {
        let Some(count) = count else { return keep("it changes nothing") };
        let verb = if count == 0 { "stop" } else { "scale" };
        let draft = Draft::of("ecs.scale", format!("{verb}_{short}"))
            .with("cluster", cluster.clone())
            .with("service", service.clone())
            .with("desired_count", count);
        return Ok(waited(aws.call, draft, &cluster, &service).into());
    }
    if count.as_ref().is_some_and(|count| *count == 0) {
        return keep("it stops all tasks and changes more: a deployment of no tasks proves nothing");
    }
    if let Some(definition) = &task_definition {
        own(aws.call, definition)?;
        if !has_gap(definition) && !definition.contains(':') {
            aws.call
                .values()
                .guess(format!("`{definition}` means its newest revision at that time, as AWS takes it"));
        }
    }
    if !force
        && task_definition.is_none()
        && !options.has("--network-configuration")
        && !options.has("--platform-version")
        && !options.has("--load-balancers")
    {
        return keep("it sets how deployments go and starts none");
    }
    let draft = Draft::of("ecs.deploy", format!("deploy_{short}"))
        .with("cluster", cluster.clone())
        .with("service", service.clone())
        .maybe("task_definition", task_definition)
        .maybe("desired_count", count)
        .maybe("force", force.then_some(true))
        .maybe("deployment", options.one("--deployment-configuration").map(deployment).transpose()?)
        .maybe("network", options.one("--network-configuration").map(network).transpose()?)
        .maybe("load_balancers", balancers(aws)?)
        .maybe("platform_version", options.one("--platform-version"))
        .maybe("health_check_grace", grace(aws)?);
    Ok(waited(aws.call, draft, &cluster, &service).into())
}

fn create(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    let options = &aws.options;
    let (cluster, service) = (cluster(aws)?, options.needed("--service-name")?);
    let Some(count) = options.one("--desired-count") else { return keep("it names no `--desired-count`") };
    let Some(launch_type) = options.one("--launch-type") else {
        return keep("without `--launch-type` AWS chooses by the cluster");
    };
    if !["FARGATE", "EC2", "EXTERNAL"].contains(&launch_type) {
        return keep(format!("the launch type `{launch_type}` is not known"));
    }
    if count == "0" {
        return keep("it creates a service without tasks: a deployment of no tasks proves nothing");
    }
    let draft = Draft::of("ecs.create", format!("create_{}", short_name(&service)))
        .with("cluster", cluster.clone())
        .with("service", service.clone())
        .with("task_definition", options.needed("--task-definition")?)
        .with("desired_count", number("--desired-count", count)?)
        .with("launch_type", launch_type)
        .maybe("platform_version", options.one("--platform-version"))
        .maybe("network", options.one("--network-configuration").map(network).transpose()?)
        .maybe("load_balancers", balancers(aws)?)
        .maybe("deployment", options.one("--deployment-configuration").map(deployment).transpose()?)
        .maybe("health_check_grace", grace(aws)?)
        .maybe("tags", tags(&options.all("--tags"), "key", "value")?);
    Ok(waited(aws.call, draft, &cluster, &service).into())
}

fn register(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    let options = &aws.options;
    options.refuse(&["--cli-input-yaml"], "takes the request from somewhere else")?;
    let Some(from) = options.one("--cli-input-json") else {
        return keep(
            "its containers stand on the command line: put the definition into a JSON file, and `ecs.register` takes it",
        );
    };
    let sets = aws.captured(&[
        ("taskDefinition.taskDefinitionArn", "task_definition"),
        ("taskDefinition.revision", "revision"),
        ("taskDefinition.family", "family"),
    ])?;
    let draft = Draft::of("ecs.register", "register");
    let mut draft = match from.strip_prefix("file://") {
        Some(path) => {
            let path = file(aws.call, path)?;
            let stem = path.rsplit('/').next().unwrap_or(&path).trim_end_matches(".json").to_owned();
            let mut draft = draft.with("file", path);
            draft.name = format!("register_{stem}");
            draft
        }
        None => match serde_json::from_str::<Value>(from) {
            Ok(Value::Object(definition)) => match secret_in(&Value::Object(definition.clone())) {
                Some(name) => return keep(format!("`{name}` is a secret that stands in the text")),
                None => draft.with("definition", definition),
            },
            Ok(_) | Err(_) => return keep("`--cli-input-json` is no JSON that is known before it runs"),
        },
    };
    if let Some(sets) = sets {
        draft.sets = Some(sets);
    } else {
        aws.shown_only()?;
    }
    Ok(draft
        .maybe("family", options.one("--family"))
        .maybe("tags", tags(&options.all("--tags"), "key", "value")?)
        .into())
}

/// The first variable of a definition that holds a secret in clear text.
fn secret_in(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => {
            let text = |name: &str| map.get(name).and_then(Value::as_str);
            let open = text("name").zip(text("value")).filter(|(name, value)| {
                super::values::is_secret(name) && !has_gap(value) && !value.is_empty()
            });
            open.map(|(name, _)| name.to_owned()).or_else(|| map.values().find_map(secret_in))
        }
        Value::Array(list) => list.iter().find_map(secret_in),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The cluster of a command: AWS takes `default` where none is named.
pub(crate) fn cluster(aws: &Aws<'_, '_, '_>) -> Result<String, Keep> {
    let cluster = aws.options.one("--cluster").unwrap_or("default").to_owned();
    own(aws.call, &cluster)?;
    Ok(cluster)
}

/// A file of the plan's folder, seen from the folder that the script is in.
pub(crate) fn file(call: &Call<'_, '_>, path: &str) -> Result<String, Keep> {
    if path.starts_with(['/', '~']) || path.contains("..") || has_gap(path) && path.starts_with('\u{E000}') {
        return keep(format!("`{}` is a file outside of the plan's folder", super::assigned::shown(path)));
    }
    let path = path.trim_start_matches("./");
    match &call.context().folder() {
        Dir::At(dir) if dir.is_empty() => Ok(path.to_owned()),
        Dir::At(dir) => Ok(format!("{dir}/{path}")),
        Dir::Unknown(why) => keep(format!("the folder is not known: {why}")),
    }
}

/// The last part of an ARN or name, for a step's id.
pub(crate) fn short_name(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

/// A step that follows its deployment takes a wait for it along.
fn waited(call: &Call<'_, '_>, mut draft: Draft, cluster: &str, service: &str) -> Draft {
    if let Some(next) = call.scene.later(1)
        && super::aws_ecs_reads::waits_for(&next, cluster, service)
    {
        draft.take = 2;
    }
    draft
}

fn balancers(aws: &Aws<'_, '_, '_>) -> Result<Option<Value>, Keep> {
    let words = aws.options.all("--load-balancers");
    if aws.options.has("--load-balancers") { load_balancers(&words).map(Some) } else { Ok(None) }
}

fn grace(aws: &Aws<'_, '_, '_>) -> Result<Option<String>, Keep> {
    match aws.options.one("--health-check-grace-period-seconds") {
        None => Ok(None),
        Some(text) => match text.parse::<u32>() {
            Ok(seconds) => Ok(Some(format!("{seconds}s"))),
            Err(_) => keep("the grace period is only known when it runs"),
        },
    }
}
