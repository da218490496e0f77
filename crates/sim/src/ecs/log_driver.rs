//! The `awslogs` driver: where a container's output goes, and what it says.

use serde_json::Value;

use crate::behaviour::{Exit, LogLine};
use crate::ecs::model::{Container, LogTarget};
use crate::images::Image;
use crate::logs::Logs;
use crate::schedule::What;
use crate::world::Env;

/// The stream `<prefix>/<container>/<task id>` of a container definition; `None` with another driver or none.
pub(crate) fn target(definition: &Value, container: &str, task: &str) -> Option<LogTarget> {
    let configuration = &definition["logConfiguration"];
    if configuration["logDriver"] != "awslogs" {
        return None;
    }
    let options = &configuration["options"];
    let group = options["awslogs-group"].as_str()?.to_owned();
    let stream = match options["awslogs-stream-prefix"].as_str() {
        Some(prefix) => format!("{prefix}/{container}/{task}"),
        None => task.to_owned(),
    };
    Some(LogTarget { group, stream, create_group: options["awslogs-create-group"] == "true" })
}

/// Makes the stream. Answers why the task cannot start when the group is missing.
pub(crate) fn prepare(env: &mut Env, logs: &mut Logs, container: &Container) -> Option<String> {
    let target = container.log.as_ref()?;
    if target.create_group {
        logs.ensure_group(env, &target.group);
    }
    if logs.ensure_stream(env, &target.group, &target.stream) {
        return None;
    }
    Some(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to \
         create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"
            .to_owned(),
    )
}

/// Schedules what a container that starts now will say, or writes it at once for one that started long ago.
/// An image of another platform than the task's says one thing and ends.
pub(crate) fn speak(
    env: &mut Env,
    logs: Option<&mut Logs>,
    container: &mut Container,
    definition: &Value,
    platform: &str,
) {
    let found = env.images.find(&container.image);
    let runs = found.map_or_else(|| Image::default().runs_on(platform), |image| image.runs_on(platform));
    if container.behaviour.exit.is_none() && !runs {
        container.behaviour.exit = Some(Exit { after: 0.2, code: 255, ..Exit::default() });
        container.behaviour.logs = Some(vec![LogLine {
            after: 0.1,
            line: "exec /app/entrypoint.sh: exec format error".to_owned(),
            ..LogLine::default()
        }]);
    }
    let Some(target) = container.log.clone() else { return };
    let lines = container.behaviour.logs.clone().unwrap_or_else(|| {
        let ready = match definition["portMappings"][0]["containerPort"].as_u64() {
            Some(port) => format!("listening on 0.0.0.0:{port}"),
            None => "started".to_owned(),
        };
        vec![
            LogLine { after: 0.2, line: "starting".to_owned(), ..LogLine::default() },
            LogLine { after: 1.0, line: ready, ..LogLine::default() },
        ]
    });
    container.behaviour.logs = Some(lines);
    match logs {
        Some(logs) => {
            for said in messages(container) {
                logs.write(env, &target.group, &target.stream, env.now(), &said.line);
            }
        }
        None => say(env, &target, container),
    }
}

/// Schedules the lines of a container's behaviour, from now.
pub(crate) fn say(env: &mut Env, target: &LogTarget, container: &Container) {
    for LogLine { after, line: message, late } in messages(container) {
        let (group, stream) = (target.group.clone(), target.stream.clone());
        let at = env.wall_after(after);
        env.after_exactly(after + late, What::Log { group, stream, at, message });
    }
}

/// With `${image}` and `${digest}` filled in.
pub(crate) fn filled(text: &str, container: &Container) -> String {
    text.replace("${digest}", &container.digest).replace("${image}", &container.image)
}

fn messages(container: &Container) -> Vec<LogLine> {
    let lines = container.behaviour.logs.iter().flatten();
    lines.map(|said| LogLine { line: filled(&said.line, container), ..said.clone() }).collect()
}
