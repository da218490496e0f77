//! `apprunner.update`: one UpdateService, followed by its operation's id.

use super::fitness;
use super::follow::follow;
use super::input;
use super::operation::{
    AppRunner, UPDATE, begun, changed_meanwhile, is_as_planned, receipt, send_in_turn, unsettled, until_shown,
};
use super::requisites::{self, Requisites, with_made};
use super::rules::{Wrong, image_type};
use super::service::{World, configuration, existing, find, list};
use crate::ecs::{already_says, confirmed};
use crate::failure::{arguments, failed};
use crate::service_step::{Change, Doing, Done};
use async_trait::async_trait;
use holdpoint_cloud::registry::Registries;
use holdpoint_cloud::{AppService, Cloud, OperationState};
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_plan::kinds::AppUpdate;
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Receipt};
use serde_json::{Value, json};

/// The kind `apprunner.update`.
pub(crate) struct Update {
    pub(crate) cloud: Cloud,
    pub(crate) registries: Registries,
}

#[async_trait]
impl Change for Update {
    type Of = AppRunner;

    fn kind(&self) -> &'static str {
        "apprunner.update"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: AppUpdate = arguments(&task.with)?;
        let (mut world, found, operations) = World::now(&self.cloud, task, &with.service).await?;
        let service = existing(found, &with.service)?;
        refused(&with, &service)?;
        let mut given =
            Requisites::find(&self.cloud, task, with.auto_scaling.as_ref(), with.vpc_connector.as_ref())
                .await?;
        world.more = json!({"given": given.value()});
        let input = input::update(&service, &with, given.scaling.as_deref(), given.connector.as_deref());
        let name = &world.service;
        if given.actions.is_empty() && input::is_empty(&input) {
            let going = operations.first().filter(|newest| newest.is_going());
            world.follows = going.map(|going| going.id.clone());
            return Ok(Intent {
                summary: format!("{name} is configured so already"),
                already: Some(match going {
                    Some(going) => {
                        format!("{name} says so already, and its {} {} is followed", going.kind, going.id)
                    }
                    None => format!("{name} says so already; UpdateService would change nothing"),
                }),
                world: world.value(),
                ..Intent::default()
            });
        }
        let reads_secrets = !with.secrets.is_empty() || !service.secrets().is_empty();
        if reads_secrets {
            world.notes.push(
                "Its secrets are read now, by this deployment, and not again before the next one.".into(),
            );
        }
        if let Some(image) = &with.image {
            let command = with.start_command.as_deref().or(service.start_command());
            let port = with.port.map_or_else(|| service.port().to_owned(), |port| port.to_string());
            world.notes.extend(fitness::notes(&self.registries, task, image, command, &port).await?);
        }
        for note in &world.notes {
            task.progress.line("notice", None, note.clone());
        }
        let summary = format!("Update {name} ({}): {}", service.status, input::told(&service, &input));
        let mut actions = std::mem::take(&mut given.actions);
        actions.push(ActionPlan { call: UPDATE.0.into(), input });
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    async fn act(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let Doing { task, planned, .. } = *doing;
        if requisites::is_one(&planned.call) {
            return requisites::make(&self.cloud, planned).await;
        }
        until_shown(task, || self.send(doing)).await
    }

    async fn observe(&self, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, planned, receipts } = *doing;
        if requisites::is_one(&planned.call) {
            return requisites::observe(&self.cloud, task, planned).await;
        }
        let with: AppUpdate = arguments(&task.with)?;
        let given = Requisites::from_intent(&world.more["given"]);
        let found = find(&self.cloud, world.arn()?).await?;
        let service = existing(found, &with.service)?;
        let wanted = input::update(&service, &with, given.scaling.as_deref(), given.connector.as_deref());
        observe(&self.cloud, task, world, &with_made(&wanted, receipts)).await
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        Ok(follow(&self.cloud, &done).await)
    }
}

impl Update {
    async fn send(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let Doing { task, world, receipts, planned } = *doing;
        let with: AppUpdate = arguments(&task.with).map_err(ActError::Refused)?;
        // What somebody else's operation brings while this one waits for its turn is in the service afterwards.
        let arn = world.arn().map_err(ActError::Refused)?;
        let seen = super::queue::free(&self.cloud, task, arn).await.map_err(ActError::Refused)?;
        let service = existing(seen.service, &with.service).map_err(ActError::Refused)?;
        let given = Requisites::from_intent(&world.more["given"]);
        let made = input::update(&service, &with, given.scaling.as_deref(), given.connector.as_deref());
        if !is_as_planned(&planned.input, &made) {
            return Err(changed_meanwhile(&with.service));
        }
        send_in_turn(&self.cloud, task, UPDATE.0, &with_made(&made, receipts), receipts).await
    }
}

/// Whether an UpdateService whose answer was lost took effect: a new operation of that type, of a service that says what
/// was asked for. One that AWS has rolled back already says no more what it wanted.
pub(super) async fn observe(
    cloud: &Cloud,
    task: &Task,
    world: &World,
    wanted: &Value,
) -> Result<Observation, Diagnosis> {
    let arn = world.arn()?;
    let new = begun(cloud, task, world, arn, UPDATE.1).await?;
    match new.as_slice() {
        [] => Ok(Observation::TookNoEffect {
            why: format!("no {} of {} has begun since", UPDATE.1, world.service),
        }),
        [one] => {
            // The operation may be shown by one replica, and what it brings not yet by another.
            let wanted = without_arn(wanted);
            let says = confirmed(task, || async {
                let found = cloud.app_service(arn).await;
                let found = found.map_err(|error| failed("The service cannot be read", &error))?;
                let service = existing(found, &world.service)?;
                Ok(already_says(&configuration(&service), &wanted).then_some(()))
            });
            if says.await?.is_some() {
                return Ok(Observation::TookEffect(receipt(arn, &one.id, None)));
            }
            let ended = list(cloud, arn).await?.into_iter().find(|found| found.id == one.id);
            let why = match ended.map(|ended| ended.state()) {
                Some(OperationState::Succeeded) => {
                    "it succeeded, and the service says something else than this step"
                }
                Some(_) | None => "the service does not say what it was to bring",
            };
            Ok(unsettled(world, arn, UPDATE.1, &new, why))
        }
        many => Ok(unsettled(
            world,
            arn,
            UPDATE.1,
            many,
            "more than one has begun, and App Runner does not say whose they are",
        )),
    }
}

fn without_arn(input: &Value) -> Value {
    let mut input = input.clone();
    if let Some(members) = input.as_object_mut() {
        members.remove("ServiceArn");
    }
    input
}

fn refused(with: &AppUpdate, service: &AppService) -> Result<(), Diagnosis> {
    let of_image = with.image.is_some() || with.port.is_some() || with.start_command.is_some();
    let of_variables = !with.environment.is_empty() || !with.secrets.is_empty();
    if service.image().is_none() && (of_image || of_variables || with.access_role.is_some()) {
        return Err(Diagnosis::of(format!(
            "{} is built from code, not from an image, and App Runner does not change the one into the other",
            with.service
        ))
        .hint("Deploy it (`apprunner.deploy`), or create a service that runs an image."));
    }
    let mut wrong = Wrong::default();
    wrong.command(with.start_command.as_deref());
    let text = |member: &str| service.instance_configuration[member].as_str();
    if with.cpu.is_some() || with.memory.is_some() {
        wrong.sizes(with.cpu.as_deref().or(text("Cpu")), with.memory.as_deref().or(text("Memory")));
    }
    wrong.health(with.health.as_ref());
    wrong.requisites(with.auto_scaling.as_ref(), with.vpc_connector.as_ref());
    if let Some(image) = &with.image {
        let role = service.source_configuration["AuthenticationConfiguration"]["AccessRoleArn"].as_str();
        let of = with.image_type.unwrap_or_else(|| image_type(image));
        wrong.image(image, of, with.access_role.as_deref().or(role));
    }
    wrong.done(&format!("The update of {}", with.service))
}
