//! The service scheduler: keeps a service at its desired count, rolls deployments forward, counts failures, trips the breaker, rolls back.

use serde_json::{Value, json};

use crate::behaviour::Origin;
use crate::ecs::incidents::Target;
use crate::ecs::model::{
    BreakerStatus, Cluster, Completed, Deployment, DeploymentStatus, Ecs, Event, Families, RolloutState,
    Service, ServiceDeployment, ServiceStatus, Task, TaskStatus,
};
use crate::ecs::strategy::{Strategy, phases};
use crate::ecs::task_life::{self, Outcome};
use crate::ecs::{alarms, breaker, incidents, placement, stages, strings};
use crate::rollout::{Standing, moves};
use crate::schedule::What;
use crate::world::{Env, Estate};

/// Seconds for which a rolling deployment with alarms is watched after it settled.
const BAKE_WITH_ALARMS: f64 = 60.0;

/// Says something in the service's events.
pub(crate) fn say(env: &mut Env, service: &mut Service, what: &str) {
    let event =
        Event { id: env.ids.uuid(), at: env.now(), message: format!("(service {}) {what}", service.name) };
    service.events.push_front(event);
    service.events.truncate(100);
}

/// A task went one step on: what that means for its service.
pub(crate) fn task_moved(
    estate: &mut Estate,
    env: &mut Env,
    cluster_name: &str,
    task_id: &str,
    outcome: Outcome,
) {
    let Some(cluster) = estate.ecs.clusters.get_mut(cluster_name) else { return };
    let Some(task) = cluster.tasks.iter_mut().find(|t| t.id == task_id) else { return };
    let Some(service) = task.service.clone().and_then(|name| cluster.services.get_mut(&name)) else { return };
    let name = service.name.clone();
    match outcome {
        Outcome::Nothing => return,
        Outcome::Moved => {}
        Outcome::Registered { target_group } => {
            say(env, service, &format!("registered 1 targets in (target-group {target_group})"));
        }
        Outcome::Healthy => {
            let reset = service.breaker().reset_on_healthy;
            let now = env.now();
            if let Some(of_task) =
                service.deployments.iter_mut().find(|d| Some(&d.id) == task.deployment.as_ref())
            {
                of_task.failures_in_a_row = 0;
                if reset && of_task.rollout_state == RolloutState::InProgress {
                    of_task.failed_tasks = 0;
                    of_task.updated_at = now;
                    let arn = of_task.service_deployment.clone();
                    if let Some(d) = service.service_deployment_mut(&arn) {
                        d.failures = 0;
                    }
                }
            }
        }
        Outcome::FailsTarget { target_group } => {
            let port = placement::first_port(&task.task_definition);
            say(
                env,
                service,
                &format!(
                    "(task {task_id}) (port {port}) is unhealthy in (target-group {target_group}) due to (reason Health checks failed)."
                ),
            );
            let reason = format!("Task failed ELB health checks in (target-group {target_group})");
            task_life::stop(env, cluster_name, task, "ServiceSchedulerInitiated", &reason);
            say(env, service, &format!("has stopped 1 running tasks: (task {task_id})."));
            breaker::failed(env, service, task);
        }
        Outcome::FailsContainerCheck => {
            say(env, service, &format!("(task {task_id}) failed container health checks."));
            task_life::stop(
                env,
                cluster_name,
                task,
                "ServiceSchedulerInitiated",
                "Task failed container health checks",
            );
            say(env, service, &format!("has stopped 1 running tasks: (task {task_id})."));
            breaker::failed(env, service, task);
        }
        Outcome::Failed => breaker::failed(env, service, task),
    }
    reconcile(estate, env, cluster_name, &name);
}

/// Brings a service one step nearer to what is asked of it.
pub(crate) fn reconcile(estate: &mut Estate, env: &mut Env, cluster_name: &str, service_name: &str) {
    let Ecs { clusters, families, .. } = &mut estate.ecs;
    let Some(cluster) = clusters.get_mut(cluster_name) else { return };
    let Cluster { services, tasks, .. } = cluster;
    let Some(service) = services.get_mut(service_name) else { return };
    match service.status {
        ServiceStatus::Inactive => return,
        ServiceStatus::Draining => return drain(env, cluster_name, service, tasks),
        ServiceStatus::Active => {}
    }
    let Some(primary) = service.deployments.first().cloned() else { return };
    if !begun(env, cluster_name, service, &primary.service_deployment) {
        return;
    }
    let standing = stand_now(service, tasks, &primary);
    let staged = stages::is_staged(service, &primary);
    let mut next = moves(&standing);
    if staged {
        stages::advance(env, service, &primary.service_deployment, &standing);
        if let Some(of) = service.service_deployment(&primary.service_deployment) {
            next = stages::moves(of, &standing);
            if let Some((old, missing)) = stages::kept(service, of, &standing) {
                placement::start_tasks(env, families, cluster_name, service, tasks, &old, missing);
            }
        }
    }
    if primary.halted {
        next.start = 0;
        next.stop_old = 0;
    }
    // A deployment that was rolled back from has no claim on room or capacity: its tasks go at once.
    let given_up: Vec<String> =
        service.deployments.iter().skip(1).filter(|d| d.halted).map(|d| d.id.clone()).collect();
    let mut leaving: Vec<String> = tasks
        .iter()
        .filter(|t| t.wanted && t.deployment.as_ref().is_some_and(|d| given_up.contains(d)))
        .map(|t| t.id.clone())
        .collect();
    let oldest = |old: bool, count: u32| -> Vec<String> {
        let mut list: Vec<&Task> = tasks
            .iter()
            .filter(|t| {
                t.service.as_deref() == Some(service_name)
                    && t.wanted
                    && (t.deployment.as_ref() != Some(&primary.id)) == old
            })
            .collect();
        // Those that are not healthy go first.
        list.sort_by_key(|t| t.healthy);
        list.iter().take(count as usize).map(|t| t.id.clone()).collect()
    };
    leaving.extend(oldest(true, next.stop_old));
    leaving.extend(oldest(false, next.stop_new));
    leaving.sort();
    leaving.dedup();
    placement::stop_tasks(
        env,
        cluster_name,
        service,
        tasks,
        &leaving,
        &format!("Scaling activity initiated by (deployment {})", primary.id),
    );
    if next.start > 0 {
        if env.t < primary.not_before {
            // A look at the right moment was scheduled when the wait was decided.
            service.steady = false;
        } else {
            placement::start_tasks(env, families, cluster_name, service, tasks, &primary, next.start);
        }
    }
    let is_left = |id: &str| {
        tasks.iter().any(|t| t.deployment.as_deref() == Some(id) && t.status < TaskStatus::Deprovisioning)
    };
    let primary_id = primary.id.clone();
    service.deployments.retain(|d| d.id == primary_id || is_left(&d.id));
    let standing = stand_now(service, tasks, &primary);
    let settled = standing.new_live == standing.desired
        && standing.new_healthy == standing.desired
        && service.deployments.len() == 1
        && !tasks.iter().any(|t| {
            t.service.as_deref() == Some(service_name) && !t.wanted && t.status < TaskStatus::Deprovisioning
        });
    let through = primary.rollout_state == RolloutState::InProgress
        && !primary.halted
        && if staged {
            settled && service.service_deployment(&primary.service_deployment).is_some_and(stages::cleans_up)
        } else {
            let ready = settled || early(service, tasks, &primary, &standing);
            baked(env, cluster_name, service, &primary, ready)
        };
    if through {
        complete(env, service);
    }
    if settled && !service.steady && !primary.halted {
        service.steady = true;
        say(env, service, "has reached a steady state.");
    }
}

/// A new PRIMARY deployment of the service's current task definition and settings; what was in flight is superseded.
pub(crate) fn deploy(
    env: &mut Env,
    families: &Families,
    cluster_name: &str,
    service: &mut Service,
    origin: Origin,
) {
    let now = env.now();
    breaker::supersede(env, service);
    let images = placement::resolve(env, families, &service.task_definition);
    let is_new = is_new(families, service, &images);
    let digits = env.ids.digits19();
    let revision = env.arn("ecs", &format!("service-revision/{cluster_name}/{}/{digits}", service.name));
    let source = service.completed.as_ref().map(|c| c.revision.clone());
    service.revisions.push(crate::ecs::model::ServiceRevision {
        arn: revision.clone(),
        task_definition: service.task_definition.clone(),
        images,
        settings: service.settings.clone(),
        express: service.express.clone(),
        created_at: now,
    });
    let id = format!("ecs-svc/{}", env.ids.digits19());
    let letters = env.ids.letters(21, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    let arn = env.arn("ecs", &format!("service-deployment/{cluster_name}/{}/{letters}", service.name));
    let breaker = service.breaker();
    let configuration = service.settings.get("deploymentConfiguration").cloned().unwrap_or(json!({}));
    let strategy = Strategy::of(&configuration);
    // Of two sets of target groups the new revision takes the one that does not serve now.
    let alternate =
        strategy != Strategy::Rolling && service.deployments.first().is_some_and(|d| !d.alternate);
    let of = ServiceDeployment {
        arn: arn.clone(),
        deployment_id: id.clone(),
        origin,
        task_definition: service.task_definition.clone(),
        target: revision.clone(),
        sources: source.into_iter().collect(),
        status: DeploymentStatus::Pending,
        reason: String::new(),
        created_at: now,
        started_at: None,
        finished_at: None,
        stopped_at: None,
        updated_at: now,
        breaker: if breaker.enable { BreakerStatus::Monitoring } else { BreakerStatus::Disabled },
        threshold: breaker.threshold.of(service.desired),
        failures: 0,
        all_failures: 0,
        rollback: None,
        because: String::new(),
        about: about(families, cluster_name, service, origin, is_new),
        alarms: alarms::watch(env, &configuration),
        strategy,
        phases: phases(&configuration, service.completed.is_none(), service.deployments.len() > 1),
        phase: None,
        phase_ends: 0,
        managed: is_managed(&service.settings),
        production: 0.0,
        test: 0.0,
        hooks: Vec::new(),
        baked: None,
        configuration,
    };
    incidents::expect(env, &of, None);
    service.service_deployments.push(of);
    service.deployments.insert(
        0,
        Deployment {
            rollout_state: RolloutState::InProgress,
            reason: format!("ECS deployment {id} in progress."),
            id,
            task_definition: service.task_definition.clone(),
            revision,
            service_deployment: arn,
            origin,
            is_new,
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
    service.unplaced = None;
}

/// Whether ECS shifts the traffic of a service itself: behind load balancers, or with Service Connect.
pub(crate) fn is_managed(settings: &serde_json::Map<String, Value>) -> bool {
    settings.get("loadBalancers").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
        || settings.get("serviceConnectConfiguration").is_some_and(|c| c["enabled"] == true)
}

/// Marks the PRIMARY deployment as completed.
pub(crate) fn complete(env: &mut Env, service: &mut Service) {
    let now = env.now();
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.rollout_state = RolloutState::Completed;
    primary.reason = format!("ECS deployment {} completed.", primary.id);
    primary.updated_at = now;
    primary.failed_tasks = 0;
    let (id, revision, arn) =
        (primary.id.clone(), primary.revision.clone(), primary.service_deployment.clone());
    if let Some(deployment) = service.service_deployment_mut(&arn) {
        let rolled_back = deployment.rollback.is_some();
        deployment.status =
            if rolled_back { DeploymentStatus::RollbackSuccessful } else { DeploymentStatus::Successful };
        breaker::end_watch(env, deployment);
        stages::finish(deployment);
        deployment.started_at = deployment.started_at.or(Some(now));
        deployment.finished_at = Some(now);
        deployment.updated_at = now;
    }
    let ran = service
        .revisions
        .iter()
        .find(|r| r.arn == revision)
        .map(|r| (r.task_definition.clone(), content_of(&r.images)));
    if let Some(ran) = ran.filter(|ran| !service.proven.contains(ran)) {
        service.proven.push(ran);
    }
    service.completed = Some(Completed { deployment_id: id.clone(), revision });
    say(env, service, &format!("(deployment {id}) deployment completed."));
}

/// What matches see of a deployment: the first essential container of what it deploys.
fn about(families: &Families, cluster: &str, service: &Service, origin: Origin, is_new: bool) -> Target {
    let definition = placement::find_definition(families, &service.task_definition);
    let container = definition.map_or(&Value::Null, |d| &d.containers()[d.main_container()]);
    let text = |member: &str| container[member].as_str().unwrap_or_default().to_owned();
    Target {
        cluster: cluster.to_owned(),
        service: service.name.clone(),
        family: definition.map_or_else(String::new, |d| d.family.clone()),
        container: text("name"),
        image: text("image"),
        command: strings(container, "command").join(" "),
        origin,
        is_new,
    }
}

/// Whether the early success criteria of a rolling deployment are met (DeploymentEarlySuccessCriteria).
fn early(service: &Service, tasks: &[Task], primary: &Deployment, standing: &Standing) -> bool {
    let criteria = service
        .service_deployment(&primary.service_deployment)
        .map_or(&Value::Null, |d| &d.configuration["earlySuccessCriteria"]);
    if criteria["enable"] != true || primary.origin == Origin::Rollback {
        return false;
    }
    let percent = criteria["healthyPercent"].as_u64().unwrap_or(100);
    let wanted = (u64::from(standing.desired) * percent).div_ceil(100);
    u64::from(standing.new_healthy) >= wanted
        && (criteria["sourceServiceRevisionCleanup"] == "DEFERRED" || stages::alone(service, tasks, primary))
}

/// Whether a rolling deployment that is `ready` has also been watched for long enough.
fn baked(
    env: &mut Env,
    cluster_name: &str,
    service: &mut Service,
    primary: &Deployment,
    ready: bool,
) -> bool {
    let (t, name) = (env.t, service.name.clone());
    let Some(of) = service.service_deployment_mut(&primary.service_deployment) else { return ready };
    if !ready {
        of.baked = None;
        return false;
    }
    // ECS computes the time from the alarms' own configuration and lets nobody set it; to be confirmed.
    let alarmed = if of.alarms.status == BreakerStatus::Monitoring { BAKE_WITH_ALARMS } else { 0.0 };
    let seconds = alarmed.max(of.configuration["bakeTimeInMinutes"].as_f64().unwrap_or(0.0) * 60.0);
    if seconds == 0.0 || primary.origin == Origin::Rollback || primary.origin == Origin::Furnish {
        return true;
    }
    match of.baked {
        Some(until) => t >= until,
        None => {
            of.baked = Some(t + env.shortened(seconds));
            env.after_exactly(seconds, What::Reconcile { cluster: cluster_name.to_owned(), service: name });
            false
        }
    }
}

/// A service deployment is PENDING for a moment. False while it is; then the scheduler looks again by itself.
fn begun(env: &mut Env, cluster_name: &str, service: &mut Service, arn: &str) -> bool {
    let now = env.now();
    let name = service.name.clone();
    let Some(deployment) =
        service.service_deployment_mut(arn).filter(|d| d.status == DeploymentStatus::Pending)
    else {
        return true;
    };
    if deployment.created_at == now {
        env.after(1.0, What::Reconcile { cluster: cluster_name.to_owned(), service: name });
        return false;
    }
    deployment.status = DeploymentStatus::InProgress;
    deployment.started_at = Some(now);
    deployment.updated_at = now;
    true
}

fn drain(env: &mut Env, cluster_name: &str, service: &mut Service, tasks: &mut [Task]) {
    let name = service.name.clone();
    let own = |t: &Task| t.service.as_deref() == Some(name.as_str());
    let ids: Vec<String> = tasks.iter().filter(|t| own(t) && t.wanted).map(|t| t.id.clone()).collect();
    let reason = service
        .deployments
        .first()
        .map_or_else(String::new, |d| format!("Scaling activity initiated by (deployment {})", d.id));
    placement::stop_tasks(env, cluster_name, service, tasks, &ids, &reason);
    if tasks.iter().any(|t| own(t) && t.status < TaskStatus::Stopped) {
        return;
    }
    service.status = ServiceStatus::Inactive;
    service.deployments.clear();
    service.gone_at = Some(env.now());
    env.after_real(3600, What::Forget { cluster: cluster_name.to_owned(), service: name });
}

fn stand_now(service: &Service, tasks: &[Task], primary: &Deployment) -> Standing {
    let mut standing = Standing {
        desired: service.desired,
        minimum_healthy_percent: service.percent("minimumHealthyPercent", 100),
        maximum_percent: service.percent("maximumPercent", 200),
        new_live: 0,
        new_healthy: 0,
        old_live: 0,
        old_healthy: 0,
    };
    for task in tasks.iter().filter(|t| t.service.as_deref() == Some(service.name.as_str()) && t.wanted) {
        let healthy = u32::from(task.healthy);
        if task.deployment.as_ref() == Some(&primary.id) {
            standing.new_live += 1;
            standing.new_healthy += healthy;
        } else {
            standing.old_live += 1;
            standing.old_healthy += healthy;
        }
    }
    standing
}

/// Whether what is deployed has not yet completed a deployment of this service. A copy of what has, pinned by digest, is not new.
fn is_new(families: &Families, service: &Service, images: &[(String, String, String)]) -> bool {
    if service.proven.iter().any(|(arn, _)| *arn == service.task_definition) {
        return false;
    }
    let pinned = placement::find_definition(families, &service.task_definition).is_some_and(|definition| {
        definition.containers().iter().all(|c| c["image"].as_str().is_some_and(|image| image.contains('@')))
    });
    !(pinned && service.proven.iter().any(|(_, content)| *content == content_of(images)))
}

fn content_of(images: &[(String, String, String)]) -> Value {
    images.iter().map(|(container, _, digest)| json!([container, digest])).collect()
}
