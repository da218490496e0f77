//! The life of a task, from PROVISIONING to STOPPED. Durations are those of a Fargate task at speed 1.

use crate::behaviour::{Check, Origin, Rule, Subject};
use crate::ecs::interface::{self, Network};
use crate::ecs::model::{
    Awaits, Container, Health, Stop, Tags, Task, TaskDefinition, TaskStatus, is_essential,
};
use crate::ecs::{log_driver, reasons};
use crate::logs::Logs;
use crate::parameters::Parameters;
use crate::schedule::{Step, What};
use crate::secrets::Secrets;
use crate::world::Env;
use serde_json::Value;

const ATTACH: f64 = 6.0;
const BEFORE_PULL: f64 = 2.0;
const PULL: f64 = 8.0;
const START: f64 = 2.0;
const REGISTER: f64 = 3.0;
const TARGET_PASSES: f64 = 10.0;
const TARGET_FAILS: f64 = 30.0;
/// A task without any check counts as healthy when it has run for so long. AWS names no number; to be confirmed.
const SETTLE: f64 = 10.0;
const DRAIN: f64 = 10.0;
const TERM: f64 = 3.0;
const DEPROVISION: f64 = 5.0;
/// Stopped tasks are described for about an hour.
const REMEMBERED: u64 = 3600;

/// What a task is started from.
pub(crate) struct Launch<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) service: Option<&'a str>,
    pub(crate) group: String,
    pub(crate) started_by: Option<String>,
    pub(crate) deployment: Option<String>,
    pub(crate) task_definition: &'a TaskDefinition,
    /// Container, image as written, digest.
    pub(crate) images: &'a [(String, String, String)],
    pub(crate) origin: Origin,
    pub(crate) is_new: bool,
    pub(crate) launch_type: String,
    pub(crate) network: Network,
    pub(crate) target_group: Option<String>,
    pub(crate) tags: Tags,
    pub(crate) overrides: Value,
    pub(crate) exec: bool,
}

/// What a step meant for the service that the task belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Nothing,
    Moved,
    Registered {
        target_group: String,
    },
    Healthy,
    /// It ended by itself, or never started.
    Failed,
    FailsTarget {
        target_group: String,
    },
    FailsContainerCheck,
}

/// Begins a task's life.
pub(crate) fn launch(env: &mut Env, tasks: &mut Vec<Task>, of: &Launch<'_>) -> String {
    let id = env.ids.hex(32);
    let main = of.task_definition.main_container();
    let containers: Vec<Container> = of
        .task_definition
        .containers()
        .iter()
        .enumerate()
        .map(|(index, definition)| {
            let text = |member: &str| definition[member].as_str().unwrap_or_default().to_owned();
            let (name, image) = (text("name"), text("image"));
            let command = overridden(&of.overrides, &name, "command").unwrap_or(&definition["command"]);
            let command: Vec<&str> =
                command.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let behaviour = env.behaviour(&Subject {
                command: &command.join(" "),
                cluster: of.cluster,
                service: of.service,
                family: &of.task_definition.family,
                image: &image,
                container: &name,
                is_main: index == main,
                origin: of.origin,
                is_new: of.is_new,
            });
            let digest = of
                .images
                .iter()
                .find(|(container, ..)| *container == name)
                .map_or_else(|| env.images.resolve(&image), |(.., digest)| digest.clone());
            Container {
                log: log_driver::target(definition, &name, &id),
                essential: is_essential(definition),
                status: TaskStatus::Pending,
                health: Health::Unknown,
                exit_code: None,
                reason: None,
                runtime_id: format!("{id}-{:010}", env.ids.number() % 10_000_000_000),
                name,
                image,
                digest,
                behaviour,
            }
        })
        .collect();
    let slow = containers.iter().filter_map(|c| c.behaviour.slow).fold(1.0, f64::max);
    let interface = interface::make(env, &of.network, tasks);
    let now = env.now();
    tasks.push(Task {
        arn: env.arn("ecs", &format!("task/{}/{id}", of.cluster)),
        id: id.clone(),
        service: of.service.map(str::to_owned),
        group: of.group.clone(),
        started_by: of.started_by.clone(),
        deployment: of.deployment.clone(),
        task_definition: of.task_definition.clone(),
        origin: of.origin,
        is_new: of.is_new,
        status: TaskStatus::Provisioning,
        wanted: true,
        healthy: false,
        awaits: Vec::new(),
        containers,
        ip: interface.private_ip,
        public_ip: interface.public_ip,
        security_groups: of.network.security_groups.clone(),
        eni: interface.id,
        mac: interface.mac,
        subnet: interface.subnet,
        attachment: env.ids.uuid(),
        zone: interface.zone,
        launch_type: of.launch_type.clone(),
        stop: None,
        tags: of.tags.clone(),
        overrides: of.overrides.clone(),
        target_group: of.target_group.clone(),
        registered: false,
        exec: of.exec,
        slow,
        version: 1,
        created_at: now,
        connected_at: None,
        pull_started_at: None,
        pull_stopped_at: None,
        started_at: None,
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: None,
    });
    next(env, of.cluster, &id, ATTACH * slow, Step::Attached);
    id
}

/// Takes a task one step on. `grace` is the service's health check grace period in seconds.
pub(crate) fn step(
    env: &mut Env,
    (logs, secrets, parameters): (&mut Logs, &Secrets, &Parameters),
    cluster: &str,
    task: &mut Task,
    step: &Step,
    grace: f64,
) -> Outcome {
    let now = env.now();
    let id = task.id.clone();
    task.version += 1;
    // A task that is on its way out does not go on starting.
    let starting = task.wanted;
    match step {
        Step::Attached if starting => {
            task.status = TaskStatus::Pending;
            task.connected_at = Some(now);
            let reason = reasons::not_set_up(env, secrets, parameters, task)
                .or_else(|| task.containers.iter().find_map(|c| log_driver::prepare(env, logs, c)));
            if let Some(reason) = reason {
                fail_to_start(env, cluster, task, &reason);
                return Outcome::Failed;
            }
            next(env, cluster, &id, BEFORE_PULL * task.slow, Step::PullBegins);
            Outcome::Moved
        }
        Step::PullBegins if starting => {
            task.pull_started_at = Some(now);
            next(env, cluster, &id, PULL * task.slow, Step::PullEnds);
            Outcome::Moved
        }
        Step::PullEnds if starting => {
            let platform = platform(&task.task_definition);
            let mut errors =
                task.containers.iter().map(|c| reasons::not_pulled(env, c, &platform)).enumerate();
            if let Some((index, reason)) = errors.find_map(|(index, error)| Some((index, error?))) {
                task.containers[index].reason = Some(reason.clone());
                fail_to_start(env, cluster, task, &reason);
                return Outcome::Failed;
            }
            task.pull_stopped_at = Some(now);
            if task.target_group.is_some() {
                task.status = TaskStatus::Activating;
            }
            next(env, cluster, &id, START * task.slow, Step::Runs);
            Outcome::Moved
        }
        Step::Runs if starting => {
            runs(env, None, cluster, task, grace);
            Outcome::Moved
        }
        Step::TargetRegisters if starting => {
            task.registered = true;
            task.target_group
                .clone()
                .map_or(Outcome::Nothing, |target_group| Outcome::Registered { target_group })
        }
        Step::TargetVerdict { passing: true } if starting => passes(task, Awaits::Target),
        Step::TargetVerdict { passing: false } if starting => task
            .target_group
            .clone()
            .map_or(Outcome::Nothing, |target_group| Outcome::FailsTarget { target_group }),
        Step::ContainerVerdict { container, passing } if starting => {
            task.containers[*container].health = if *passing { Health::Healthy } else { Health::Unhealthy };
            if !*passing {
                return Outcome::FailsContainerCheck;
            }
            let all = task.containers.iter().zip(task.task_definition.containers()).all(|(c, definition)| {
                !c.essential || definition["healthCheck"].is_null() || c.health == Health::Healthy
            });
            if all { passes(task, Awaits::Container) } else { Outcome::Moved }
        }
        Step::Settles if starting => passes(task, Awaits::Settling),
        Step::Exits { container } if starting => {
            let container = &mut task.containers[*container];
            let Some(exit) = container.behaviour.exit.clone() else { return Outcome::Nothing };
            container.status = TaskStatus::Stopped;
            container.exit_code = Some(exit.code);
            container.reason = exit.reason;
            if !container.essential {
                return Outcome::Moved;
            }
            let reason = exit.stopped_reason.as_deref().unwrap_or("Essential container in task exited");
            stop(env, cluster, task, "EssentialContainerExited", reason);
            Outcome::Failed
        }
        Step::Drained => {
            task.status = TaskStatus::Stopping;
            task.registered = false;
            next(env, cluster, &id, TERM, Step::Ended);
            Outcome::Moved
        }
        Step::Ended => {
            task.status = TaskStatus::Deprovisioning;
            task.execution_stopped_at = Some(now);
            for container in &mut task.containers {
                // What ran was told to end and did, by SIGTERM; what never ran has no exit code.
                if container.status == TaskStatus::Running {
                    container.exit_code = Some(143);
                }
                container.status = TaskStatus::Stopped;
            }
            next(env, cluster, &id, DEPROVISION, Step::Deprovisioned);
            Outcome::Moved
        }
        Step::Deprovisioned => {
            task.status = TaskStatus::Stopped;
            task.stopped_at = Some(now);
            env.after_real(
                REMEMBERED,
                What::Task { cluster: cluster.to_owned(), task: id, step: Step::Forgotten },
            );
            Outcome::Moved
        }
        Step::Attached
        | Step::PullBegins
        | Step::PullEnds
        | Step::Runs
        | Step::TargetRegisters
        | Step::TargetVerdict { .. }
        | Step::ContainerVerdict { .. }
        | Step::Settles
        | Step::Exits { .. }
        | Step::Forgotten => Outcome::Nothing,
    }
}

/// Sends a task on its way out.
pub(crate) fn stop(env: &mut Env, cluster: &str, task: &mut Task, code: &'static str, reason: &str) {
    if !task.wanted {
        return;
    }
    task.wanted = false;
    task.healthy = false;
    task.stop = Some(Stop { code, reason: reason.to_owned() });
    task.stopping_at = Some(env.now());
    env.schedule.drop_task(&task.id);
    let id = task.id.clone();
    let by_itself = code == "EssentialContainerExited" || code == "TaskFailedToStart";
    if task.registered && !by_itself {
        task.status = TaskStatus::Deactivating;
        next(env, cluster, &id, DRAIN, Step::Drained);
    } else {
        task.registered = false;
        task.status = TaskStatus::Stopping;
        next(env, cluster, &id, if by_itself { 0.5 } else { TERM }, Step::Ended);
    }
}

/// A running task takes on new behaviours: what it answers, what it says from now on, its end, a check that begins to fail.
pub(crate) fn behave_now(env: &mut Env, cluster: &str, task: &mut Task, rules: &[Rule]) {
    if !task.wanted || task.status != TaskStatus::Running {
        return;
    }
    let id = task.id.clone();
    let main = task.task_definition.main_container();
    for (index, container) in task.containers.iter_mut().enumerate() {
        let definition = &task.task_definition.containers()[index];
        let command =
            overridden(&task.overrides, &container.name, "command").unwrap_or(&definition["command"]);
        let command: Vec<&str> = command.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let subject = Subject {
            command: &command.join(" "),
            cluster,
            service: task.service.as_deref(),
            family: &task.task_definition.family,
            image: &container.image,
            container: &container.name,
            is_main: index == main,
            origin: task.origin,
            is_new: task.is_new,
        };
        let fitting: Vec<&Rule> = rules.iter().filter(|rule| rule.matches.fits(&subject)).collect();
        for Rule { behaviour, .. } in fitting {
            container.behaviour.overlay(behaviour);
            if let Some(target) = container.log.as_ref().filter(|_| behaviour.logs.is_some()) {
                log_driver::say(env, target, container);
            }
            if let Some(exit) = &behaviour.exit {
                let step = Step::Exits { container: index };
                env.after_exactly(
                    exit.after,
                    What::Task { cluster: cluster.to_owned(), task: id.clone(), step },
                );
            }
            let check = &task.task_definition.containers()[index]["healthCheck"];
            if behaviour.health == Some(Check::Failing) && !check.is_null() {
                let seconds = |member: &str, default: f64| check[member].as_f64().unwrap_or(default);
                let after = seconds("interval", 30.0) * seconds("retries", 3.0);
                next(env, cluster, &id, after, Step::ContainerVerdict { container: index, passing: false });
            }
            if behaviour.target == Some(Check::Failing) && task.target_group.is_some() {
                next(env, cluster, &id, TARGET_FAILS, Step::TargetVerdict { passing: false });
            }
        }
    }
}

/// A task of a furnished service: it has run for long.
pub(crate) fn stand(env: &mut Env, logs: &mut Logs, cluster: &str, task: &mut Task) {
    env.schedule.drop_task(&task.id);
    let now = env.now();
    task.connected_at = Some(now);
    task.pull_started_at = Some(now);
    task.pull_stopped_at = Some(now);
    for container in &task.containers {
        // A missing group was furnished away: the container then runs without one, as if the group had been deleted since.
        let _ = log_driver::prepare(env, logs, container);
    }
    runs(env, Some(logs), cluster, task, 0.0);
    env.schedule.drop_task(&task.id);
    for (container, definition) in task.containers.iter_mut().zip(task.task_definition.containers()) {
        if !definition["healthCheck"].is_null() {
            container.health = Health::Healthy;
        }
    }
    task.registered = task.target_group.is_some();
    task.awaits.clear();
    task.healthy = true;
}

/// With `logs` the containers have said long ago what they say at their start; without, they will say it.
fn runs(env: &mut Env, mut logs: Option<&mut Logs>, cluster: &str, task: &mut Task, grace: f64) {
    task.status = TaskStatus::Running;
    task.started_at = Some(env.now());
    let id = task.id.clone();
    let mut awaits = Vec::new();
    let definitions = task.task_definition.containers().to_vec();
    let platform = platform(&task.task_definition);
    for (index, (container, definition)) in task.containers.iter_mut().zip(&definitions).enumerate() {
        container.status = TaskStatus::Running;
        log_driver::speak(env, logs.as_deref_mut(), container, definition, &platform);
        if let Some(exit) = &container.behaviour.exit {
            let what = What::Task {
                cluster: cluster.to_owned(),
                task: id.clone(),
                step: Step::Exits { container: index },
            };
            env.after_exactly(exit.after, what);
        }
        let check = &definition["healthCheck"];
        if container.essential && !check.is_null() {
            let seconds = |member: &str, default: f64| check[member].as_f64().unwrap_or(default);
            let interval = seconds("interval", 30.0);
            let passing = container.behaviour.health != Some(Check::Failing);
            let after = if passing {
                interval
            } else {
                seconds("startPeriod", 0.0) + interval * seconds("retries", 3.0)
            };
            next(env, cluster, &id, after * task.slow, Step::ContainerVerdict { container: index, passing });
            if !awaits.contains(&Awaits::Container) {
                awaits.push(Awaits::Container);
            }
        }
    }
    if task.target_group.is_some() {
        let passing = task.containers.iter().all(|c| c.behaviour.target != Some(Check::Failing));
        next(env, cluster, &id, REGISTER, Step::TargetRegisters);
        let after =
            if passing { REGISTER + TARGET_PASSES * task.slow } else { REGISTER + grace + TARGET_FAILS };
        next(env, cluster, &id, after, Step::TargetVerdict { passing });
        awaits.push(Awaits::Target);
    }
    if awaits.is_empty() {
        awaits.push(Awaits::Settling);
        next(env, cluster, &id, SETTLE, Step::Settles);
    }
    task.awaits = awaits;
}

fn passes(task: &mut Task, check: Awaits) -> Outcome {
    task.awaits.retain(|a| *a != check);
    if !task.awaits.is_empty() || task.healthy {
        return Outcome::Moved;
    }
    task.healthy = true;
    Outcome::Healthy
}

/// `os/architecture` as images name it; Fargate's default is linux/amd64.
fn platform(definition: &TaskDefinition) -> String {
    let runtime = definition.body.get("runtimePlatform").cloned().unwrap_or(Value::Null);
    let os = runtime["operatingSystemFamily"].as_str().unwrap_or("LINUX");
    let architecture = match runtime["cpuArchitecture"].as_str() {
        Some("ARM64") => "arm64",
        _ => "amd64",
    };
    format!("{}/{architecture}", if os.starts_with("WINDOWS") { "windows" } else { "linux" })
}

fn fail_to_start(env: &mut Env, cluster: &str, task: &mut Task, reason: &str) {
    stop(env, cluster, task, "TaskFailedToStart", reason);
}

/// What a task's overrides say of a container.
pub(crate) fn overridden<'a>(overrides: &'a Value, container: &str, member: &str) -> Option<&'a Value> {
    let list = overrides["containerOverrides"].as_array()?;
    list.iter().find(|o| o["name"] == container)?.get(member).filter(|value| !value.is_null())
}

fn next(env: &mut Env, cluster: &str, task: &str, seconds: f64, step: Step) {
    env.after(seconds, What::Task { cluster: cluster.to_owned(), task: task.to_owned(), step });
}
