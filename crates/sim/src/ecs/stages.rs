//! A deployment that is not rolling goes through its stages: the new revision is brought up beside the old one, traffic goes over,
//! both bake, the old one is taken away.

use crate::behaviour::Origin;
use crate::ecs::model::{
    Deployment, DeploymentStatus, RolloutState, Service, ServiceDeployment, Task, TaskStatus,
};
use crate::ecs::strategy::{Phase, Strategy};
use crate::ecs::{hooks, incidents};
use crate::rollout::{Moves, Standing};
use crate::schedule::What;
use crate::world::Env;

/// Whether the PRIMARY deployment goes through stages now.
pub(crate) fn is_staged(service: &Service, primary: &Deployment) -> bool {
    primary.origin != Origin::Rollback
        && primary.rollout_state == RolloutState::InProgress
        && service
            .service_deployment(&primary.service_deployment)
            .is_some_and(|d| d.strategy != Strategy::Rolling && !d.status.is_terminal())
}

/// The stage that a deployment is in.
pub(crate) fn phase(of: &ServiceDeployment) -> Option<&Phase> {
    of.phases.get(of.phase?)
}

/// Whether what was there before is being taken away.
pub(crate) fn cleans_up(of: &ServiceDeployment) -> bool {
    phase(of).is_some_and(|p| p.stage == "CLEAN_UP")
}

/// Goes on as far as hooks, waiting times and tasks allow.
pub(crate) fn advance(env: &mut Env, service: &mut Service, arn: &str, standing: &Standing) {
    let t = env.t;
    let Some(of) = service.service_deployment_mut(arn) else { return };
    while of.status == DeploymentStatus::InProgress {
        let next = match of.phase {
            None => 0,
            Some(_) if !hooks::passed(of) || t < of.phase_ends => return,
            Some(now) => match of.phases.get(now).map(|p| p.stage) {
                Some("SCALE_UP") if standing.new_healthy < standing.desired => return,
                Some("CLEAN_UP") | None => return,
                Some(_) => now + 1,
            },
        };
        enter(env, of, next);
    }
}

/// What to start and stop in this stage: the old revision stays whole until the new one has all of the traffic and has baked.
pub(crate) fn moves(of: &ServiceDeployment, standing: &Standing) -> Moves {
    let scaled = of.phases.iter().position(|p| p.stage == "SCALE_UP");
    let up = of.phase.is_some() && of.phase >= scaled;
    Moves {
        start: if up { standing.desired.saturating_sub(standing.new_live) } else { 0 },
        stop_old: if cleans_up(of) { standing.old_live } else { 0 },
        stop_new: standing.new_live.saturating_sub(standing.desired),
    }
}

/// The old revision loses a task while it still serves: the deployment that replaces it, and how many.
pub(crate) fn kept(
    service: &Service,
    of: &ServiceDeployment,
    standing: &Standing,
) -> Option<(Deployment, u32)> {
    let missing = standing.desired.saturating_sub(standing.old_live);
    if missing == 0 || cleans_up(of) {
        return None;
    }
    let old = service.deployments.iter().skip(1).find(|d| !d.halted)?;
    Some((old.clone(), missing))
}

/// The production traffic goes back to where it came from.
pub(crate) fn go_back(of: &mut ServiceDeployment) {
    (of.production, of.test) = (0.0, 0.0);
    if of.phase.is_some() {
        of.phase = of.phases.len().checked_sub(1);
    }
}

/// Everything is where it was to go.
pub(crate) fn finish(of: &mut ServiceDeployment) {
    if of.strategy != Strategy::Rolling && of.rollback.is_none() {
        (of.production, of.test) = (100.0, 0.0);
        of.phase = of.phases.len().checked_sub(1);
    }
}

/// The tasks that a request of this turn may go to: by the shares of production traffic, or of test traffic.
pub(crate) fn serving<'a>(service: &Service, tasks: Vec<&'a Task>, turn: usize, test: bool) -> Vec<&'a Task> {
    let Some(of) = service.service_deployments.last() else { return tasks };
    if !of.managed || of.strategy == Strategy::Rolling || of.status.is_terminal() {
        return tasks;
    }
    let share = if test { of.test } else { of.production };
    // So many of a hundred go to the target, evenly spread.
    let gone = |turn: usize| (turn as f64 * share / 100.0).floor();
    let to_target = gone(turn) > gone(turn.saturating_sub(1));
    let is_target = |t: &&Task| t.deployment.as_deref() == Some(of.deployment_id.as_str());
    tasks.into_iter().filter(|t| is_target(t) == to_target).collect()
}

/// Whether a deployment's former tasks have all gone.
pub(crate) fn alone(service: &Service, tasks: &[Task], primary: &Deployment) -> bool {
    !tasks.iter().any(|t| {
        t.service.as_deref() == Some(service.name.as_str())
            && t.deployment.as_ref() != Some(&primary.id)
            && t.status < TaskStatus::Deprovisioning
    })
}

fn enter(env: &mut Env, of: &mut ServiceDeployment, index: usize) {
    let Some(phase) = of.phases.get(index).cloned() else { return };
    let entered = of.phase.and_then(|now| of.phases.get(now)).map(|p| p.stage);
    of.phase = Some(index);
    of.phase_ends = env.t + env.shortened(phase.lasts);
    of.updated_at = env.now();
    if of.managed {
        of.production = phase.production.unwrap_or(of.production);
        of.test = phase.test.unwrap_or(of.test);
        if phase.stage == "CLEAN_UP" {
            of.test = 0.0;
        }
    }
    hooks::begin(env, of, phase.hooks);
    if entered != Some(phase.stage) {
        incidents::expect(env, of, Some(phase.stage));
    }
    if phase.lasts > 0.0 {
        let (cluster, service) = (of.about.cluster.clone(), of.about.service.clone());
        env.after_exactly(phase.lasts, What::Reconcile { cluster, service });
    }
}
