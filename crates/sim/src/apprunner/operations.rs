//! What an operation goes through, from PENDING to its end, and what App Runner writes about it into the service's logs.
//! The order of lines and their times are those of services that their users describe; what nobody shows is said to be to be confirmed.

use crate::apprunner::containers::{self, Verdict};
use crate::apprunner::model::{AppRunner, Due, Failure, Kind, Operation, Phase, Service, Status, Step};
use crate::apprunner::services::service_mut;
use crate::behaviour::{Fate, Origin};
use crate::logs::Logs;
use crate::schedule::What;
use crate::world::{Env, Estate};

const BEGIN: f64 = 3.0;
const PIPELINE: f64 = 15.0;
const PULL: f64 = 60.0;
const PROVISION: f64 = 11.0;
const START: f64 = 10.0;
const PASS: f64 = 35.0;
const FAIL_HEALTH: f64 = 360.0;
const ROUTE: f64 = 30.0;
const SUCCEED: f64 = 2.0;
const FAIL: f64 = 18.0;
const ROLL_BACK: f64 = 240.0;
const PAUSE: f64 = 45.0;
const DELETE: f64 = 60.0;
/// An update of a paused service deploys nothing. To be confirmed.
const UPDATE_PAUSED: f64 = 10.0;
/// Seconds for which a deleted service is still described; AWS names no number.
const REMEMBERED: u64 = 3600;

/// What an operation says when its call is accepted, and the first thing that it will do.
pub(crate) fn announce(estate: &mut Estate, env: &mut Env, service: &str, operation: &str) {
    let Estate { apprunner, logs, .. } = estate;
    let Some(of) = service_mut(apprunner, service) else { return };
    let Some(index) = of.operations.iter().position(|o| o.id == operation) else { return };
    let (kind, deployment) = (of.operations[index].kind, of.operations[index].deployment.clone());
    let started = match kind {
        Kind::Create => "Service creation started.",
        Kind::Update => "Service update started.",
        Kind::Deploy => "Deployment started.",
        Kind::Pause => "Service pause started.",
        Kind::Resume => "Service resume started.",
        Kind::Delete => "Service deletion started.",
    };
    say(env, logs, of, "Service status is set to OPERATION_IN_PROGRESS.");
    say(env, logs, of, started);
    let trigger = match kind {
        Kind::Create => Some("SERVICE_CREATE"),
        Kind::Update if of.operations[index].was != Status::Paused => Some("SERVICE_UPDATE"),
        Kind::Deploy => Some("SERVICE_DEPLOY"),
        Kind::Resume => Some("SERVICE_RESUME"),
        Kind::Update | Kind::Pause | Kind::Delete => None,
    };
    if let Some(trigger) = trigger {
        say(
            env,
            logs,
            of,
            &format!("Deployment with ID : {deployment} started. Triggering event : {trigger}"),
        );
        let reference = crate::images::Reference::parse(of.settings.image());
        let tag = reference.tag.or(reference.digest).unwrap_or_else(|| "latest".to_owned());
        let artifact = format!(
            "Deployment Artifact: [Repo Type: ECR], [Image URL: {}], [Image Tag: {tag}]",
            reference.name
        );
        say(env, logs, of, &artifact);
    }
    next(env, service, operation, BEGIN, Step::Begins);
}

/// An operation goes a step on.
pub(crate) fn step(estate: &mut Estate, env: &mut Env, service: &str, operation: &str, step: Step) {
    let Estate { apprunner, logs, secrets, parameters, .. } = estate;
    let has_ingress = apprunner
        .ingresses
        .iter()
        .any(|i| i.deleted_at.is_none() && i.service.ends_with(&format!("/{service}")));
    let Some(of) = service_mut(apprunner, service) else { return };
    let Some(index) = of.operations.iter().position(|o| o.id == operation) else { return };
    if of.operations[index].ended_at.is_some() {
        return;
    }
    let now = env.now();
    let slow = of.operations[index].attempt.as_ref().and_then(|a| a.behaviour.slow).unwrap_or(1.0);
    let go = |env: &mut Env, seconds: f64, then: Step| next(env, service, operation, seconds, then);
    match step {
        Step::Begins => {
            set(&mut of.operations[index], Phase::InProgress, now);
            begins(env, logs, of, index, has_ingress);
        }
        Step::Pulls => {
            if of.operations[index].kind == Kind::Create && of.settings.deploys_by_itself() {
                say(env, logs, of, "Successfully created pipeline for automatic deployments.");
            }
            let image = crate::images::Reference::parse(of.settings.image()).name;
            say(env, logs, of, &format!("Pulling image {image} from ECR repository."));
            detail(env, logs, of, index, "Starting to pull your application image.");
            go(env, PULL * slow, Step::Pulled);
        }
        Step::Pulled => match containers::why_not_started(env, (secrets, parameters), of, index) {
            Some((said, reason)) => {
                say(env, logs, of, &said);
                detail(env, logs, of, index, &said);
                fails(env, of, index, reason, true);
            }
            None => {
                containers::pinned(env, of, index);
                say(env, logs, of, "Successfully pulled your application image from ECR.");
                detail(env, logs, of, index, "Successfully pulled your application image from ECR.");
                go(env, PROVISION * slow, Step::Provisioned);
            }
        },
        Step::Provisioned => {
            let reach = if of.is_public() { "publicly" } else { "privately" };
            let message =
                format!("Provisioning instances and deploying image for {reach} accessible service.");
            say(env, logs, of, &message);
            go(env, START * slow, Step::Starts);
        }
        Step::Starts => {
            let check = containers::check_of(&of.settings, true);
            say(env, logs, of, &format!("Performing health check on {check}."));
            match containers::start(env, logs, of, index) {
                Verdict::Passes { after } => go(env, (PASS + after) * slow, Step::Passes),
                Verdict::Exits { after } => go(env, after, Step::Exits),
                Verdict::FailsHealth => go(env, FAIL_HEALTH, Step::FailsHealth),
            }
        }
        Step::Passes => {
            say(env, logs, of, "Health check is successful. Routing traffic to application.");
            go(env, ROUTE, Step::Routed);
        }
        Step::Routed => {
            say(env, logs, of, "Successfully routed incoming traffic to application.");
            of.serving = of.operations[index].attempt.clone();
            go(env, SUCCEED, Step::Succeeds);
        }
        Step::Exits => {
            let exit = of.operations[index].attempt.as_ref().and_then(|a| a.behaviour.exit.as_ref());
            let code = exit.map_or(1, |e| e.code);
            let message = format!(
                "Your application stopped or failed to start. See logs for more information.  Container exit code: {code}"
            );
            say(env, logs, of, &message);
            fails(env, of, index, None, false);
        }
        Step::FailsHealth => {
            let check = containers::check_of(&of.settings, false);
            let message = format!(
                "Health check failed on {check}. Check your configured port number. For more information, see the application logs."
            );
            say(env, logs, of, &message);
            fails(env, of, index, Some("Health check failed."), false);
        }
        Step::Succeeds => succeeds(env, logs, of, index),
        Step::Fails => failed(env, logs, of, index),
        Step::RolledBack => rolled_back(env, logs, of, index),
        Step::Ends => ends(env, logs, of, index),
    }
}

/// An image was pushed: services that watch it and run begin a deployment. One that is busy or paused misses it;
/// for a busy one that is to be confirmed, for a paused one the developer guide says so.
pub(crate) fn pushed(estate: &mut Estate, env: &mut Env, reference: &str) {
    let name = |text: &str| {
        let parsed = crate::images::Reference::parse(text);
        (parsed.name, parsed.tag.unwrap_or_else(|| "latest".to_owned()), parsed.digest)
    };
    let pushed = name(reference);
    let watching: Vec<String> = estate
        .apprunner
        .services
        .iter()
        .filter(|s| s.status == Status::Running && s.settings.deploys_by_itself())
        .filter(|s| name(s.settings.image()) == pushed)
        .filter(|s| s.serving.as_ref().is_none_or(|i| i.digest != env.images.resolve(s.settings.image())))
        .map(|s| s.id.clone())
        .collect();
    for id in watching {
        // The service is there: it was just found.
        let _ = crate::apprunner::services::begin(estate, env, &id, Kind::Deploy);
    }
}

/// Operations that were held go on if what held them says so no more.
pub(crate) fn let_go(apprunner: &mut AppRunner, env: &mut Env) {
    for service in &mut apprunner.services {
        let Some(index) = service.operations.iter().position(|o| o.held) else { continue };
        if containers::fate(env, service, index) != Fate::Stuck {
            service.operations[index].held = false;
            let id = service.operations[index].id.clone();
            next(env, &service.id, &id, BEGIN, Step::Begins);
        }
    }
}

/// An App Runner line of the service's event log.
pub(crate) fn say(env: &Env, logs: &mut Logs, service: &Service, message: &str) {
    write(env, logs, service, "events", message);
}

fn begins(env: &mut Env, logs: &mut Logs, of: &mut Service, index: usize, has_ingress: bool) {
    let fate = containers::fate(env, of, index);
    let (kind, was) = (of.operations[index].kind, of.operations[index].was);
    let (service, operation) = (of.id.clone(), of.operations[index].id.clone());
    if fate == Fate::Stuck {
        of.operations[index].held = true;
        return;
    }
    if fate == Fate::Fails {
        of.operations[index].failure = Some(Failure { reason: None, before_start: true });
    }
    match kind {
        Kind::Pause => next(env, &service, &operation, PAUSE, Step::Ends),
        Kind::Delete => {
            // The API reference asks that no VPC ingress connection be active; what comes of one is to be confirmed.
            if has_ingress {
                of.operations[index].failure = Some(Failure { reason: None, before_start: true });
            }
            next(env, &service, &operation, DELETE, Step::Ends);
        }
        Kind::Update if was == Status::Paused => next(env, &service, &operation, UPDATE_PAUSED, Step::Ends),
        Kind::Create | Kind::Update | Kind::Deploy | Kind::Resume => {
            containers::attempt(env, of, index);
            let slow = of.operations[index].attempt.as_ref().and_then(|a| a.behaviour.slow).unwrap_or(1.0);
            let same_image = of.serving.as_ref().is_some_and(|i| i.image == of.settings.image());
            if fate == Fate::Fails {
                fails(env, of, index, None, true);
            } else if kind == Kind::Update && same_image && of.settings.secrets().is_empty() {
                // Only the configuration changes: nothing is pulled.
                containers::pinned(env, of, index);
                next(env, &service, &operation, PROVISION * slow, Step::Provisioned);
            } else {
                let after = if kind == Kind::Create { PIPELINE } else { 1.0 };
                next(env, &service, &operation, after, Step::Pulls);
            }
        }
    }
    if kind == Kind::Delete {
        say(env, logs, of, "Deleting the resources of the service.");
    }
}

fn fails(env: &mut Env, of: &mut Service, index: usize, reason: Option<&str>, before_start: bool) {
    let operation = &mut of.operations[index];
    operation.failure = Some(Failure { reason: reason.map(str::to_owned), before_start });
    let (service, operation) = (of.id.clone(), operation.id.clone());
    next(env, &service, &operation, FAIL, Step::Fails);
}

fn succeeds(env: &mut Env, logs: &mut Logs, of: &mut Service, index: usize) {
    let now = env.now();
    let operation = &mut of.operations[index];
    end(operation, Phase::Succeeded, now);
    let (kind, deployment) = (operation.kind, operation.deployment.clone());
    let attempt = operation.attempt.clone();
    if let Some(attempt) = attempt {
        let digest = containers::content(&attempt.settings, &attempt.digest);
        if !of.completed.contains(&digest) {
            of.completed.push(digest);
        }
        of.serving = Some(attempt.clone());
        of.last_good = Some(attempt);
    }
    settle(of, Status::Running, now);
    say(env, logs, of, &format!("Deployment with ID : {deployment} succeeded."));
    detail(env, logs, of, index, "Successfully deployed your application image.");
    let message = match kind {
        Kind::Create => "Service creation completed successfully.",
        Kind::Update => "Service update completed successfully. New configuration is deployed.",
        Kind::Deploy => "Deployment completed successfully.",
        Kind::Resume => "Service resume completed successfully.",
        Kind::Pause | Kind::Delete => return,
    };
    say(env, logs, of, message);
    say(env, logs, of, "Service status is set to RUNNING.");
}

fn failed(env: &mut Env, logs: &mut Logs, of: &mut Service, index: usize) {
    let now = env.now();
    let operation = &mut of.operations[index];
    let (kind, was) = (operation.kind, operation.was);
    let failure = operation.failure.clone().unwrap_or(Failure { reason: None, before_start: false });
    let why = failure.reason.map_or_else(String::new, |reason| format!(" Failure reason : {reason}"));
    let message = format!("Deployment with ID : {} failed.{why}", operation.deployment);
    say(env, logs, of, &message);
    detail(env, logs, of, index, "Failed to deploy your application image.");
    let operation = &mut of.operations[index];
    match (kind, was) {
        (Kind::Create, _) | (Kind::Update, Status::CreateFailed) => {
            end(operation, Phase::Failed, now);
            settle(of, Status::CreateFailed, now);
            say(env, logs, of, "Service status is set to CREATE_FAILED.");
        }
        // That a service stays paused then is to be confirmed.
        (Kind::Resume, _) => {
            end(operation, Phase::Failed, now);
            settle(of, Status::Paused, now);
            say(env, logs, of, "Service status is set to PAUSED.");
        }
        (Kind::Deploy, _) if failure.before_start => {
            end(operation, Phase::Failed, now);
            settle(of, Status::Running, now);
            say(env, logs, of, "Service status is set to RUNNING.");
        }
        (Kind::Deploy | Kind::Update | Kind::Pause | Kind::Delete, _) => {
            set(operation, Phase::RollbackInProgress, now);
            let (service, id) = (of.id.clone(), operation.id.clone());
            // Nobody shows the lines of a rollback; these are to be confirmed.
            say(env, logs, of, "Rolling back to the last successful deployment.");
            next(env, &service, &id, ROLL_BACK, Step::RolledBack);
        }
    }
}

fn rolled_back(env: &mut Env, logs: &mut Logs, of: &mut Service, index: usize) {
    let now = env.now();
    let stands = of.last_good.as_ref().is_none_or(|i| containers::stands(env, &of.name, i, Origin::Rollback));
    let operation = &mut of.operations[index];
    let (phase, message) = if stands {
        (Phase::RollbackSucceeded, "Successfully rolled back to the last successful deployment.")
    } else {
        (Phase::RollbackFailed, "Failed to roll back to the last successful deployment.")
    };
    end(operation, phase, now);
    of.settings = operation.before.clone();
    // What served goes on serving: a version replaces it only when it is healthy.
    of.serving = of.last_good.clone();
    settle(of, Status::Running, now);
    say(env, logs, of, message);
    say(env, logs, of, "Service status is set to RUNNING.");
}

/// A pause, a deletion or an update of a paused service ends.
fn ends(env: &mut Env, logs: &mut Logs, of: &mut Service, index: usize) {
    let now = env.now();
    let operation = &mut of.operations[index];
    let failed = operation.failure.is_some();
    end(operation, if failed { Phase::Failed } else { Phase::Succeeded }, now);
    let (kind, was) = (operation.kind, operation.was);
    let before = operation.before.clone();
    let status = match (kind, failed) {
        (Kind::Pause, false) => {
            of.serving = None;
            Status::Paused
        }
        (Kind::Delete, false) => {
            of.serving = None;
            of.deleted_at = Some(now);
            env.after_real(REMEMBERED, What::AppRunner(Due::Forgotten { service: of.id.clone() }));
            Status::Deleted
        }
        (Kind::Delete, true) => Status::DeleteFailed,
        (Kind::Create | Kind::Update | Kind::Deploy | Kind::Pause | Kind::Resume, true) => {
            of.settings = before;
            was
        }
        (Kind::Create | Kind::Update | Kind::Deploy | Kind::Resume, false) => was,
    };
    settle(of, status, now);
    say(env, logs, of, &format!("Service status is set to {}.", status.name()));
}

fn settle(of: &mut Service, status: Status, now: u64) {
    of.status = status;
    of.updated_at = now;
}

fn set(operation: &mut Operation, status: Phase, now: u64) {
    operation.status = status;
    operation.updated_at = now;
}

fn end(operation: &mut Operation, status: Phase, now: u64) {
    set(operation, status, now);
    operation.ended_at = Some(now);
}

/// A line of the deployment's own log.
fn detail(env: &Env, logs: &mut Logs, of: &Service, index: usize, message: &str) {
    let stream = format!("deployment/{}", of.operations[index].deployment);
    write(env, logs, of, &stream, message);
}

fn write(env: &Env, logs: &mut Logs, of: &Service, stream: &str, message: &str) {
    let group = of.log_group("service");
    logs.ensure_group(env, &group);
    logs.ensure_stream(env, &group, stream);
    logs.write(env, &group, stream, env.now(), &format!("[AppRunner] {message}"));
}

fn next(env: &mut Env, service: &str, operation: &str, seconds: f64, step: Step) {
    let (service, operation) = (service.to_owned(), operation.to_owned());
    env.after(seconds, What::AppRunner(Due::Operation { service, operation, step }));
}
