//! The deployment circuit breaker: failures are counted, it trips, and a deployment gives way to the last one that completed.

use crate::behaviour::Origin;
use crate::clock::SECOND;
use crate::ecs::model::{
    BreakerStatus, Deployment, DeploymentStatus, Rollback, RolloutState, Service, ServiceDeployment, Task,
};
use crate::ecs::scheduler::say;
use crate::ecs::strategy::Strategy;
use crate::ecs::{alarms, stages};
use crate::rollout::back_off;
use crate::schedule::What;
use crate::world::Env;

const TRIPPED: &str = "ECS deployment circuit breaker: tasks failed to start.";

/// A task of a service failed: count it, and see whether the breaker trips. What counts is what `failedTasks` counts
/// (Deployment, API reference): not launched, not RUNNING, or failing its health checks. A task that reached RUNNING and
/// ended before it counted as healthy is taken for one that did not start; to be confirmed (containers-roadmap#1206).
pub(crate) fn failed(env: &mut Env, service: &mut Service, task: &mut Task) {
    if let Some(deployment) = task.deployment.clone() {
        count(env, service, &deployment, 0.0);
    }
}

/// A deployment's task failed, or could not be placed. The scheduler looks again after the back-off, and after `at_least` seconds.
pub(crate) fn count(env: &mut Env, service: &mut Service, deployment: &str, at_least: f64) {
    let now = env.now();
    let t = env.t;
    let breaker = service.breaker();
    let threshold = breaker.threshold.of(service.desired);
    service.steady = false;
    let found = service.deployments.iter_mut().enumerate().find(|(_, d)| d.id == deployment);
    let Some((place, deployment)) = found else { return };
    deployment.failures_in_a_row += 1;
    deployment.updated_at = now;
    let in_a_row = deployment.failures_in_a_row;
    let wait = back_off(in_a_row).max(at_least);
    deployment.not_before = t + (wait / env.speed * SECOND as f64).round() as u64;
    // Of a superseded deployment nothing is judged any more.
    let rolling = place == 0 && deployment.rollout_state == RolloutState::InProgress && !deployment.halted;
    if rolling {
        deployment.failed_tasks += 1;
    }
    let (arn, count, origin) =
        (deployment.service_deployment.clone(), deployment.failed_tasks, deployment.origin);
    if rolling
        && origin != Origin::Rollback
        && let Some(of) = service.service_deployment_mut(&arn)
    {
        of.failures = count;
        of.all_failures += 1;
        of.updated_at = now;
    }
    if in_a_row == 3 || (in_a_row >= 8 && in_a_row.is_power_of_two()) {
        say(
            env,
            service,
            "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of \
             the Amazon ECS Developer Guide.",
        );
    }
    if rolling && breaker.enable && count >= threshold {
        trip(env, service, &arn);
    } else if wait > 0.0 {
        let cluster = cluster_of(&arn);
        env.after_exactly(wait, What::Reconcile { cluster, service: service.name.clone() });
    }
}

/// A deployment gives way to the one that completed last. Answers false when there is none.
pub(crate) fn roll_back(env: &mut Env, service: &mut Service, tasks: &mut [Task], reason: &str) -> bool {
    let Some(back_to) = service.completed.clone() else { return false };
    let Some(revision) = service.revisions.iter().find(|r| r.arn == back_to.revision).cloned() else {
        return false;
    };
    let Some(failed) = service.deployments.first_mut() else { return false };
    let now = env.now();
    failed.halted = true;
    let arn = failed.service_deployment.clone();
    if let Some(deployment) = service.service_deployment_mut(&arn) {
        deployment.status = DeploymentStatus::RollbackInProgress;
        deployment.reason = reason.to_owned();
        deployment.rollback =
            Some(Rollback { reason: reason.to_owned(), started_at: now, revision: revision.arn.clone() });
        deployment.updated_at = now;
        stages::go_back(deployment);
    }
    let tripped = service.service_deployment(&arn).is_some_and(|d| d.breaker == BreakerStatus::Triggered);
    let cause = if tripped { "ECS deployment circuit breaker" } else { "ECS deployment failed" };
    let alternate =
        service.deployments.iter().find(|d| d.revision == revision.arn).is_some_and(|d| d.alternate);
    let id = format!("ecs-svc/{}", env.ids.digits19());
    // What still runs of that revision stays: the new deployment counts it as its own.
    let former: Vec<String> =
        service.deployments.iter().filter(|d| d.revision == revision.arn).map(|d| d.id.clone()).collect();
    for task in tasks.iter_mut().filter(|t| t.deployment.as_ref().is_some_and(|d| former.contains(d))) {
        task.deployment = Some(id.clone());
    }
    service.task_definition.clone_from(&revision.task_definition);
    service.express.clone_from(&revision.express);
    // What a revision is made from goes back with it; how deployments are done is the service's own and stays.
    let configuration = service.settings.get("deploymentConfiguration").cloned();
    service.settings.clone_from(&revision.settings);
    if let Some(configuration) = configuration {
        service.settings.insert("deploymentConfiguration".to_owned(), configuration);
    }
    say(env, service, &format!("rolling back to deployment {}.", back_to.deployment_id));
    service.deployments.insert(
        0,
        Deployment {
            id,
            task_definition: revision.task_definition,
            revision: revision.arn,
            service_deployment: arn,
            origin: Origin::Rollback,
            is_new: false,
            rollout_state: RolloutState::InProgress,
            reason: format!("{cause}: rolling back to deploymentId {}.", back_to.deployment_id),
            halted: false,
            failed_tasks: 0,
            failures_in_a_row: 0,
            not_before: 0,
            alternate,
            created_at: now,
            updated_at: now,
        },
    );
    service.steady = false;
    true
}

/// The service is being deleted: what is in flight stops. The wording is to be confirmed.
pub(crate) fn abandon(env: &mut Env, service: &mut Service) {
    end_in_flight(env, service, "The service deployment was stopped because the service is being deleted.");
}

/// What is in flight gives way to a newer deployment. The wording is to be confirmed.
pub(crate) fn supersede(env: &mut Env, service: &mut Service) {
    end_in_flight(
        env,
        service,
        "The service deployment was stopped because a newer service deployment was started.",
    );
}

/// How a deployment failed, in the words of each place where ECS says so.
pub(crate) struct Failure<'a> {
    /// `rolloutStateReason`.
    pub(crate) rollout: &'a str,
    /// "deployment failed: …" in the service's events.
    pub(crate) event: Option<&'a str>,
    /// `statusReason` when nothing is rolled back.
    pub(crate) stopped: &'a str,
    /// `statusReason` and the rollback's reason otherwise.
    pub(crate) rolled_back: &'a str,
    pub(crate) roll_back: bool,
}

/// A deployment has failed: it starts nothing more, and gives way to the last that completed where that is wanted and there is one.
pub(crate) fn fail(env: &mut Env, service: &mut Service, arn: &str, failure: &Failure<'_>) {
    let now = env.now();
    let Some(deployment) = service.deployments.iter_mut().find(|d| d.service_deployment == arn) else {
        return;
    };
    deployment.rollout_state = RolloutState::Failed;
    failure.rollout.clone_into(&mut deployment.reason);
    deployment.halted = true;
    deployment.updated_at = now;
    let was_rollback = deployment.origin == Origin::Rollback;
    let id = deployment.id.clone();
    if let Some(event) = failure.event {
        say(env, service, &format!("(deployment {id}) deployment failed: {event}."));
    }
    let wants_rollback = !was_rollback && failure.roll_back && service.completed.is_some();
    if let Some(of) = service.service_deployment_mut(arn) {
        of.updated_at = now;
        if wants_rollback {
            of.status = DeploymentStatus::RollbackRequested;
            failure.rolled_back.clone_into(&mut of.because);
        } else if was_rollback {
            of.status = DeploymentStatus::RollbackFailed;
            of.finished_at = Some(now);
            end_watch(env, of);
        } else {
            of.status = DeploymentStatus::Stopped;
            failure.stopped.clone_into(&mut of.reason);
            of.stopped_at = Some(now);
            of.finished_at = Some(now);
            end_watch(env, of);
        }
    }
    if wants_rollback {
        // The rollback itself begins a moment later, so that RollbackRequested can be seen.
        let cluster = cluster_of(arn);
        let (service, deployment) = (service.name.clone(), arn.to_owned());
        env.after(1.0, What::StopDeployment { cluster, service, deployment });
    }
}

/// Nothing judges a deployment any more.
pub(crate) fn end_watch(env: &mut Env, of: &mut ServiceDeployment) {
    if of.breaker == BreakerStatus::Monitoring {
        of.breaker = BreakerStatus::MonitoringComplete;
    }
    alarms::end(env, of);
}

/// That nothing is rolled back is worded as the rollback is (terraform-provider-aws's tests show that one); to be confirmed.
fn trip(env: &mut Env, service: &mut Service, arn: &str) {
    if let Some(of) = service.service_deployment_mut(arn) {
        of.breaker = BreakerStatus::Triggered;
    }
    let roll_back = service.breaker().rollback;
    fail(
        env,
        service,
        arn,
        &Failure {
            rollout: TRIPPED,
            event: Some("tasks failed to start"),
            stopped: "Service deployment stopped because the circuit breaker threshold was exceeded.",
            rolled_back: "Service deployment rolled back because the circuit breaker threshold was exceeded.",
            roll_back,
        },
    );
}

fn end_in_flight(env: &mut Env, service: &mut Service, reason: &str) {
    let now = env.now();
    let mut given_up = Vec::new();
    for of in service.service_deployments.iter_mut().filter(|d| !d.status.is_terminal()) {
        // A revision that was brought up beside another goes, unless it is what serves by now.
        if of.strategy != Strategy::Rolling && !stages::cleans_up(of) {
            given_up.push(of.arn.clone());
        }
        of.status = DeploymentStatus::Stopped;
        of.reason = reason.to_owned();
        of.stopped_at = Some(now);
        of.finished_at = Some(now);
        of.updated_at = now;
        end_watch(env, of);
    }
    for d in service.deployments.iter_mut().filter(|d| given_up.contains(&d.service_deployment)) {
        d.halted |= d.origin != Origin::Rollback;
    }
}

/// The cluster's name out of `arn:…:service-deployment/<cluster>/<service>/<id>`.
fn cluster_of(arn: &str) -> String {
    arn.split('/').nth(1).unwrap_or_default().to_owned()
}
