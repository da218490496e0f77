//! What happens to deployments because a world, a scenario or a change says so: alarms that go off, tasks that turn bad in a stage,
//! hooks that fail or never answer, somebody else's deployment in between, somebody who deletes the service, a rollback that fails.

use serde::{Deserialize, Serialize};

use crate::behaviour::{Behaviour, Origin, Rule, Subject, TaskMatch, glob};
use crate::ecs::model::{DeploymentStatus, Ecs, ServiceDeployment};
use crate::ecs::{alarms, scheduler, services, task_life};
use crate::schedule::What;
use crate::world::{Env, Estate};

/// An incident and the deployments that it befalls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Incident {
    /// `image` is that of the first essential container.
    #[serde(default, rename = "match")]
    pub(crate) matches: TaskMatch,
    /// The stage in which it happens; without one, from the deployment's beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stage: Option<String>,
    /// Seconds after that.
    #[serde(default)]
    pub(crate) after: f64,
    /// Those of the deployment's alarms that go off (`*` matches any run of characters).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) alarms: Vec<String>,
    /// The deployment's running tasks take it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behaviour: Option<Behaviour>,
    /// Somebody else deploys what completed last, again.
    #[serde(default)]
    pub(crate) superseded: bool,
    /// Somebody else deletes the service.
    #[serde(default)]
    pub(crate) deleted: bool,
    /// A rollback of it fails, for this reason. `stage` and `after` do not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rollback_fails: Option<String>,
}

/// What a hook's Lambda function answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HookAnswer {
    #[default]
    Succeeded,
    Failed,
    /// Not yet; it is asked again.
    InProgress,
}

/// Which Lambda functions answer how. The last that fits counts; without any they succeed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HookRule {
    #[serde(default, rename = "match")]
    pub(crate) matches: TaskMatch,
    /// The function's ARN (`*` matches any run of characters).
    #[serde(default = "any")]
    pub(crate) function: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stage: Option<String>,
    pub(crate) answer: HookAnswer,
}

fn any() -> String {
    "*".to_owned()
}

impl HookRule {
    pub(crate) fn fits(&self, function: &str, stage: &str) -> bool {
        glob(&self.function, function) && self.stage.as_deref().is_none_or(|wanted| wanted == stage)
    }
}

/// The state of a CloudWatch alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

/// Incidents and hooks' answers, as one layer has them.
#[derive(Debug, Default)]
pub(crate) struct Plot {
    pub(crate) incidents: Vec<Incident>,
    pub(crate) hooks: Vec<HookRule>,
}

/// A deployment as matches see it: its target's first essential container.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) cluster: String,
    pub(crate) service: String,
    pub(crate) family: String,
    pub(crate) container: String,
    pub(crate) image: String,
    pub(crate) command: String,
    pub(crate) origin: Origin,
    pub(crate) is_new: bool,
}

impl Target {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            cluster: &self.cluster,
            service: Some(&self.service),
            family: &self.family,
            image: &self.image,
            container: &self.container,
            command: &self.command,
            is_main: true,
            origin: self.origin,
            is_new: self.is_new,
        }
    }
}

/// Schedules what befalls a deployment from its beginning on, or in a stage that it enters now.
pub(crate) fn expect(env: &mut Env, of: &ServiceDeployment, stage: Option<&str>) {
    if of.about.origin == Origin::Furnish {
        return;
    }
    let subject = of.about.subject();
    let due: Vec<Incident> = env
        .incidents()
        .filter(|i| i.rollback_fails.is_none() && i.stage.as_deref() == stage && i.matches.fits(&subject))
        .cloned()
        .collect();
    for incident in due {
        let what = What::Incident {
            cluster: of.about.cluster.clone(),
            service: of.about.service.clone(),
            deployment: of.arn.clone(),
            incident: Box::new(incident.clone()),
        };
        env.after_exactly(incident.after, what);
    }
}

/// Why a rollback of this deployment fails, if it does.
pub(crate) fn rollback_fails(env: &Env, of: &ServiceDeployment) -> Option<String> {
    let subject = of.about.subject();
    env.incidents().filter(|i| i.matches.fits(&subject)).find_map(|i| i.rollback_fails.clone())
}

/// It happens, if the deployment is still in flight.
pub(crate) fn happen(
    estate: &mut Estate,
    env: &mut Env,
    place: (&str, &str),
    arn: &str,
    incident: &Incident,
) {
    let (cluster_name, service_name) = place;
    let Ecs { clusters, families, .. } = &mut estate.ecs;
    let Some(cluster) = clusters.get_mut(cluster_name) else { return };
    let Some(service) = cluster.services.get_mut(service_name) else { return };
    let Some(of) = service.service_deployment_mut(arn).filter(|d| d.status == DeploymentStatus::InProgress)
    else {
        return;
    };
    let deployment = of.deployment_id.clone();
    let mut gone_off = Vec::new();
    for name in &of.alarms.names {
        if incident.alarms.iter().any(|pattern| glob(pattern, name)) {
            gone_off.push(name.clone());
        }
    }
    of.alarms.by_incident |= !gone_off.is_empty();
    if let Some(behaviour) = &incident.behaviour {
        let rule = Rule { matches: TaskMatch::default(), behaviour: behaviour.clone() };
        for task in cluster.tasks.iter_mut().filter(|t| t.deployment.as_deref() == Some(&deployment)) {
            task_life::behave_now(env, cluster_name, task, std::slice::from_ref(&rule));
        }
    }
    if incident.superseded
        && let Some(back_to) = service.completed.clone()
        && let Some(revision) = service.revisions.iter().find(|r| r.arn == back_to.revision).cloned()
    {
        service.task_definition = revision.task_definition;
        let configuration = service.settings.get("deploymentConfiguration").cloned();
        service.settings = revision.settings;
        service.settings.extend(configuration.map(|c| ("deploymentConfiguration".to_owned(), c)));
        scheduler::deploy(env, families, cluster_name, service, Origin::Update);
    }
    if incident.deleted {
        services::wind_down(env, service);
    }
    for name in &gone_off {
        env.set_alarm(name, AlarmState::Alarm);
    }
    alarms::look(estate, env);
    scheduler::reconcile(estate, env, cluster_name, service_name);
}
