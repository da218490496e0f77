//! Lifecycle hooks: Lambda functions that are asked in a stage, and pauses that wait for ContinueServiceDeployment.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{Micros, epoch_seconds};
use crate::ecs::breaker::{self, Failure};
use crate::ecs::incidents::HookAnswer;
use crate::ecs::model::{DeploymentStatus, Service, ServiceDeployment};
use crate::ecs::{deployments, scheduler, strings};
use crate::schedule::What;
use crate::world::{Env, Estate};

/// Seconds until a function has answered. AWS gives it fifteen minutes; to be confirmed.
const ANSWERS: f64 = 2.0;
/// A function that answered IN_PROGRESS is asked again after so many seconds (developer guide, "Lifecycle hooks").
const AGAIN: f64 = 30.0;
/// `timeoutInMinutes` unless given (DeploymentLifecycleHookTimeoutConfiguration).
const TIMEOUT: f64 = 1440.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookStatus {
    AwaitingAction,
    InProgress,
    Succeeded,
    Failed,
    TimedOut,
}

impl HookStatus {
    fn name(self) -> &'static str {
        match self {
            Self::AwaitingAction => "AWAITING_ACTION",
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        }
    }
}

/// One hook in the stage that the deployment is in.
#[derive(Debug, Clone)]
pub(crate) struct HookRun {
    pub(crate) id: String,
    /// The Lambda function; none of a pause.
    pub(crate) function: Option<String>,
    pub(crate) stage: &'static str,
    pub(crate) status: HookStatus,
    pub(crate) expires_at: Micros,
    /// On time-out it goes on, instead of rolling back.
    pub(crate) then_continue: bool,
}

impl HookRun {
    fn lets_pass(&self) -> bool {
        match self.status {
            HookStatus::Succeeded => true,
            HookStatus::TimedOut => self.then_continue,
            HookStatus::AwaitingAction | HookStatus::InProgress | HookStatus::Failed => false,
        }
    }
}

/// Whether all hooks of the stage let the deployment pass.
pub(crate) fn passed(of: &ServiceDeployment) -> bool {
    of.hooks.iter().all(HookRun::lets_pass)
}

/// The hooks of a stage begin; those of the one before are done with.
pub(crate) fn begin(env: &mut Env, of: &mut ServiceDeployment, stage: &'static str) {
    of.hooks.clear();
    let configured = of.configuration["lifecycleHooks"].as_array().cloned().unwrap_or_default();
    for hook in configured.iter().filter(|hook| strings(hook, "lifecycleStages").contains(&stage)) {
        let function = (hook["targetType"] != "PAUSE")
            .then(|| hook["hookTargetArn"].as_str().unwrap_or_default().to_owned());
        let timeout = &hook["timeoutConfiguration"];
        let lasts = timeout["timeoutInMinutes"].as_f64().unwrap_or(TIMEOUT) * 60.0;
        let letters = env.ids.letters(32, ALPHABET) + &env.ids.letters(11, ALPHABET);
        let run = HookRun {
            id: format!("ecs-{}-{letters}", if function.is_some() { "lambda" } else { "pause" }),
            stage,
            status: if function.is_some() { HookStatus::InProgress } else { HookStatus::AwaitingAction },
            // The time is shortened as all durations are, and the stamp says when it is really over.
            expires_at: env.now() + env.shortened(lasts),
            then_continue: timeout["action"] == "CONTINUE",
            function,
        };
        if run.function.is_some() {
            due(env, of, &run.id, ANSWERS, false);
        }
        due(env, of, &run.id, lasts, true);
        of.hooks.push(run);
    }
}

/// A function answers, or the time of a hook is over.
pub(crate) fn happen(
    estate: &mut Estate,
    env: &mut Env,
    place: (&str, &str),
    arn: &str,
    id: &str,
    expires: bool,
) {
    let (cluster_name, service_name) = place;
    let cluster = estate.ecs.clusters.get_mut(cluster_name);
    let Some(service) = cluster.and_then(|c| c.services.get_mut(service_name)) else { return };
    let Some(of) = service.service_deployment_mut(arn).filter(|d| d.status == DeploymentStatus::InProgress)
    else {
        return;
    };
    let waits = |run: &&mut HookRun| {
        run.id == id && [HookStatus::AwaitingAction, HookStatus::InProgress].contains(&run.status)
    };
    let subject = of.about.clone();
    let Some(run) = of.hooks.iter_mut().find(waits) else { return };
    let stage = run.stage;
    if expires {
        run.status = HookStatus::TimedOut;
        if !run.then_continue {
            // Of a function that is not done in time nobody shows the words; to be confirmed.
            let why = match &run.function {
                None => format!("{stage} pause hook timed out."),
                Some(function) => {
                    format!("{stage} lifecycle hook(s) failed. Lifecycle hook target {function} timed out.")
                }
            };
            fail(env, service, arn, &why);
        }
    } else {
        let function = run.function.clone().unwrap_or_default();
        match env.hook_answer(&subject.subject(), &function, stage) {
            HookAnswer::Succeeded => run.status = HookStatus::Succeeded,
            HookAnswer::InProgress => {
                let of = of.clone();
                return due(env, &of, id, AGAIN, false);
            }
            HookAnswer::Failed => {
                run.status = HookStatus::Failed;
                let why = format!(
                    "{stage} lifecycle hook(s) failed. Lifecycle hook target {function} returned FAILED status."
                );
                fail(env, service, arn, &why);
            }
        }
    }
    scheduler::reconcile(estate, env, cluster_name, service_name);
}

/// ContinueServiceDeployment: a pause is over, one way or the other. The messages are those of "Troubleshooting Amazon ECS blue/green
/// deployments" (developer guide), which names no codes: to be confirmed; of those in the API's model InvalidParameterException fits best.
pub(crate) fn go_on(estate: &mut Estate, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let arn = input["serviceDeploymentArn"].as_str().unwrap_or_default().to_owned();
    let not_found =
        || AwsError::new("ServiceDeploymentNotFoundException", "The service deployment does not exist.");
    let (cluster_name, service_name) = deployments::place(&arn).ok_or_else(not_found)?;
    let service = estate
        .ecs
        .clusters
        .get_mut(&cluster_name)
        .and_then(|c| c.services.get_mut(&service_name))
        .ok_or_else(not_found)?;
    let of = service.service_deployment_mut(&arn).ok_or_else(not_found)?;
    let goes_on = match input["action"].as_str() {
        None | Some("CONTINUE") => true,
        Some("ROLLBACK") => false,
        Some(other) => return Err(AwsError::invalid_parameter(format!("Invalid action: {other}"))),
    };
    if of.status != DeploymentStatus::InProgress {
        return Err(AwsError::invalid_parameter(
            "Continuing a service deployment is not allowed for service deployment in terminal states.",
        ));
    }
    let id = input["hookId"].as_str().unwrap_or_default();
    if !is_hook_id(id) {
        return Err(AwsError::invalid_parameter(
            "Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}",
        ));
    }
    let waits = |run: &&mut HookRun| run.id == id && run.status == HookStatus::AwaitingAction;
    let run = of.hooks.iter_mut().find(waits).ok_or_else(|| {
        AwsError::invalid_parameter(
            "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN",
        )
    })?;
    if goes_on {
        run.status = HookStatus::Succeeded;
    } else {
        run.status = HookStatus::Failed;
        // Nobody shows the words; to be confirmed.
        let why = format!("{} pause hook was rolled back by a user.", run.stage);
        fail(env, service, &arn, &why);
    }
    scheduler::reconcile(estate, env, &cluster_name, &service_name);
    Ok(json!({"serviceDeploymentArn": arn}))
}

/// DeploymentLifecycleHookDetails on the wire.
pub(crate) fn render(hooks: &[HookRun]) -> Value {
    hooks
        .iter()
        .map(|run| {
            let mut body = json!({
                "hookId": run.id,
                "targetType": if run.function.is_some() { "AWS_LAMBDA" } else { "PAUSE" },
                "status": run.status.name(),
                "expiresAt": epoch_seconds(run.expires_at),
                "timeoutAction": if run.then_continue { "CONTINUE" } else { "ROLLBACK" },
            });
            if let Some(function) = &run.function {
                body["targetArn"] = json!(function);
            }
            body
        })
        .collect()
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

fn due(env: &mut Env, of: &ServiceDeployment, hook: &str, seconds: f64, expires: bool) {
    let what = What::Hook {
        cluster: of.about.cluster.clone(),
        service: of.about.service.clone(),
        deployment: of.arn.clone(),
        hook: hook.to_owned(),
        expires,
    };
    env.after_exactly(seconds, what);
}

/// `ecs-{hookType}-{id}`.
fn is_hook_id(text: &str) -> bool {
    let parts = text.strip_prefix("ecs-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(kind, id)| !kind.is_empty() && !id.is_empty())
}

/// A deployment that a hook does not let pass goes back, whatever breaker and alarms say. `statusReason` is the developer guide's
/// ("Troubleshooting Amazon ECS blue/green deployments"), and the event has it whole; `rolloutStateReason`, and what is said where
/// there is nothing to go back to, are to be confirmed.
fn fail(env: &mut Env, service: &mut Service, arn: &str, why: &str) {
    let rolled_back = format!("Service deployment rolled back because {why}");
    breaker::fail(
        env,
        service,
        arn,
        &Failure {
            rollout: &format!("ECS deployment failed: {why}"),
            event: Some(rolled_back.trim_end_matches('.')),
            stopped: &format!("Service deployment stopped because {why}"),
            rolled_back: &rolled_back,
            roll_back: true,
        },
    );
}
