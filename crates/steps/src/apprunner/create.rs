//! `apprunner.create`: a new service, made once whatever happens to the answer, with what it needs.

use super::follow::{follow, with_notes};
use super::input;
use super::operation::{
    AppRunner, CREATE, DELETE, UPDATE, begun, changed_meanwhile, is_as_planned, mark_of, receipt, send,
    send_in_turn, unsettled,
};
use super::queue::free;
use super::requisites::{self, Requisites, with_made};
use super::rules::{Wrong, image_type};
use super::service::{World, existing, find, list};
use super::{fitness, update};
use crate::ecs::{already_says, confirmed, is_marked, stem};
use crate::failure::arguments;
use crate::service_step::{Change, Doing, Done, Family as _};
use async_trait::async_trait;
use holdpoint_cloud::registry::Registries;
use holdpoint_cloud::{AppOperation, AppService, Cloud};
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_plan::kinds::{AppCreate, Repair};
use holdpoint_run::{ActionPlan, Diagnosis, Intent, Receipt};
use serde_json::{Value, json};

/// The kind `apprunner.create`.
pub(crate) struct Create {
    pub(crate) cloud: Cloud,
    pub(crate) registries: Registries,
}

#[async_trait]
impl Change for Create {
    type Of = AppRunner;

    fn kind(&self) -> &'static str {
        "apprunner.create"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: AppCreate = arguments(&task.with)?;
        refused(&with)?;
        let (mut world, found, operations) = World::now(&self.cloud, task, &with.name).await?;
        match found {
            None => self.anew(task, &with, world, None).await,
            Some(service) => {
                let mark = mark_of(&self.cloud, &service.service_arn).await?;
                let ours = mark.is_some_and(|mark| is_marked(&mark, &stem(task)));
                world.more = json!({"ours": ours});
                self.again(task, &with, &service, &operations, world, ours).await
            }
        }
    }

    async fn act(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let Doing { task, world, planned, receipts } = *doing;
        if requisites::is_one(&planned.call) {
            return requisites::make(&self.cloud, planned).await;
        }
        let with: AppCreate = arguments(&task.with).map_err(ActError::Refused)?;
        match planned.call.as_str() {
            call if call == DELETE.0 => AppRunner::send(&self.cloud, doing).await,
            call if call == UPDATE.0 => {
                let found = find(&self.cloud, &with.name).await;
                let service =
                    found.and_then(|found| existing(found, &with.name)).map_err(ActError::Refused)?;
                let made = whole(&service, &with, &Requisites::from_intent(&world.more["given"]));
                if !is_as_planned(&planned.input, &made) {
                    return Err(changed_meanwhile(&with.name));
                }
                send_in_turn(&self.cloud, task, call, &with_made(&made, receipts), receipts).await
            }
            call => {
                if let Some(arn) = world.arn.as_deref() {
                    // It was deleted by the action before: the name is free once it is gone.
                    free(&self.cloud, task, arn).await.map_err(ActError::Refused)?;
                }
                let given = Requisites::from_intent(&world.more["given"]);
                let made = input::create(&with, &task.mark(), given.scaling.as_deref(), way_out(&given));
                if !is_as_planned(&planned.input, &made) {
                    return Err(changed_meanwhile(&with.name));
                }
                let sent = send(&self.cloud, call, &with_made(&made, receipts)).await;
                sent.map_err(|error| closed(error, world.more["first"] == true))
            }
        }
    }

    async fn observe(&self, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, planned, receipts } = *doing;
        if requisites::is_one(&planned.call) {
            return requisites::observe(&self.cloud, task, planned).await;
        }
        match planned.call.as_str() {
            call if call == DELETE.0 => AppRunner::settle(&self.cloud, doing).await,
            call if call == UPDATE.0 => {
                let with: AppCreate = arguments(&task.with)?;
                let given = Requisites::from_intent(&world.more["given"]);
                let wanted = input::configured(&with, given.scaling.as_deref(), way_out(&given));
                update::observe(&self.cloud, task, world, &with_made(&wanted, receipts)).await
            }
            _ => self.created(task, world).await,
        }
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        let ending = follow(&self.cloud, &done).await;
        Ok(recreated(&done.world, ending))
    }
}

impl Create {
    /// There is none of that name, or there will not be: it is created.
    async fn anew(
        &self,
        task: &Task,
        with: &AppCreate,
        mut world: World,
        deleted: Option<&AppService>,
    ) -> Result<Intent, Diagnosis> {
        let mut given =
            Requisites::find(&self.cloud, task, with.auto_scaling.as_ref(), with.vpc_connector.as_ref())
                .await?;
        world.notes = notes(with);
        world.notes.extend(self.fitness(task, with).await?);
        let first = self.is_first(deleted).await?;
        world.more = json!({"given": given.value(), "first": first, "url_before": deleted.map(|service| service.service_url.clone())});
        let mut actions = std::mem::take(&mut given.actions);
        let mut summary = format!("Create the App Runner service {} with {}", with.name, with.image);
        if let Some(service) = deleted {
            let input = json!({"ServiceArn": service.service_arn});
            actions.push(ActionPlan { call: DELETE.0.into(), input });
            summary = format!(
                "Delete {}, whose creation failed, and create it anew with {}: its address {} changes",
                with.name, with.image, service.service_url
            );
        }
        if first {
            summary.push_str(
                ". App Runner takes no new customers since 2026-04-30, and this account has no service: AWS may refuse",
            );
        }
        let input = input::create(with, &task.mark(), given.scaling.as_deref(), way_out(&given));
        actions.push(ActionPlan { call: CREATE.0.into(), input });
        for note in &world.notes {
            task.progress.line("notice", None, note.clone());
        }
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    /// There is one of that name. If this step made it, the step goes on with it; one that failed is repaired as the plan
    /// says; anybody else's is left alone.
    async fn again(
        &self,
        task: &Task,
        with: &AppCreate,
        service: &AppService,
        operations: &[AppOperation],
        mut world: World,
        ours: bool,
    ) -> Result<Intent, Diagnosis> {
        match service.status.as_str() {
            "CREATE_FAILED" => match with.repair.unwrap_or(Repair::Fail) {
                Repair::Fail => Err(create_failed(with, service)),
                Repair::Recreate => self.anew(task, with, world, Some(service)).await,
                Repair::Update => self.mended(task, with, service, world).await,
            },
            "DELETE_FAILED" => Err(Diagnosis::of(format!(
                "There is a service {} already, and its deletion failed",
                with.name
            ))
            .says("What AWS says", "App Runner: DELETE_FAILED")
            .hint("Delete it first (`apprunner.delete`), then retry.")),
            _ if !ours => Err(Diagnosis::of(format!(
                "There is an App Runner service {} already, and this step did not create it",
                with.name
            ))
            .says("It is", format!("{} with {}", service.status, service.image().unwrap_or("code")))
            .hint(
                "Use `apprunner.update` to change a service that exists, or give the new one another name.",
            )),
            "OPERATION_IN_PROGRESS" => {
                world.follows =
                    operations.first().filter(|newest| newest.is_going()).map(|newest| newest.id.clone());
                Ok(Intent {
                    summary: format!("{} is being created by this step", with.name),
                    already: Some(format!(
                        "{} carries this step's mark: its operation is followed",
                        with.name
                    )),
                    world: world.value(),
                    ..Intent::default()
                })
            }
            _ => {
                let given = Requisites::find(
                    &self.cloud,
                    task,
                    with.auto_scaling.as_ref(),
                    with.vpc_connector.as_ref(),
                )
                .await?;
                let wanted = input::configured(with, given.scaling.as_deref(), way_out(&given));
                if given.actions.is_empty() && says(service, &wanted) {
                    return Ok(Intent {
                        summary: format!("{} was created by this step before", with.name),
                        already: Some(format!(
                            "{} carries this step's mark and this configuration",
                            with.name
                        )),
                        world: world.value(),
                        ..Intent::default()
                    });
                }
                self.mended(task, with, service, world).await
            }
        }
    }

    /// Brings a service that exists to what the step says.
    async fn mended(
        &self,
        task: &Task,
        with: &AppCreate,
        service: &AppService,
        mut world: World,
    ) -> Result<Intent, Diagnosis> {
        let mut given =
            Requisites::find(&self.cloud, task, with.auto_scaling.as_ref(), with.vpc_connector.as_ref())
                .await?;
        world.notes = notes(with);
        world.notes.extend(self.fitness(task, with).await?);
        world.more = json!({"given": given.value()});
        let input = whole(service, with, &given);
        let mut actions = std::mem::take(&mut given.actions);
        let summary = format!(
            "Update {} ({}) to what this step says: {}",
            with.name,
            service.status,
            input::told(service, &input)
        );
        actions.push(ActionPlan { call: UPDATE.0.into(), input });
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    async fn fitness(&self, task: &Task, with: &AppCreate) -> Result<Vec<String>, Diagnosis> {
        let port = with.port.unwrap_or(8080).to_string();
        fitness::notes(&self.registries, task, &with.image, with.start_command.as_deref(), &port).await
    }

    async fn is_first(&self, deleted: Option<&AppService>) -> Result<bool, Diagnosis> {
        let listed = self.cloud.app_services().await;
        let listed = listed
            .map_err(|error| crate::failure::failed("The App Runner services cannot be listed", &error))?;
        Ok(deleted.is_none() && listed.is_empty())
    }

    /// Whether CreateService took effect: the service is there, and carries this attempt's mark.
    async fn created(&self, task: &Task, world: &World) -> Result<Observation, Diagnosis> {
        let anew = |found: &AppService| world.arn.as_ref() != Some(&found.service_arn);
        // A service may be shown before its tags are.
        let found = confirmed(task, || async {
            let Some(found) = find(&self.cloud, &world.service).await?.filter(anew) else { return Ok(None) };
            let mark = mark_of(&self.cloud, &found.service_arn).await?;
            Ok(mark.map(|mark| (found, Some(mark))))
        });
        let found = match found.await? {
            Some(found) => Some(found),
            None => find(&self.cloud, &world.service).await?.filter(anew).map(|found| (found, None)),
        };
        let Some((service, mark)) = found else {
            return Ok(Observation::TookNoEffect {
                why: format!("there is no new service {}", world.service),
            });
        };
        if !mark.as_deref().is_some_and(|mark| is_marked(mark, &task.mark())) {
            return Ok(Observation::TookNoEffect {
                why: format!(
                    "the service {} was made by somebody else (its mark is {}, ours would be {})",
                    world.service,
                    mark.as_deref().unwrap_or("missing"),
                    task.mark()
                ),
            });
        }
        let none = World::default();
        let made = begun(&self.cloud, task, &none, &service.service_arn, CREATE.1).await?;
        Ok(match made.as_slice() {
            [one] => Observation::TookEffect(receipt(&service.service_arn, &one.id, None)),
            [] => {
                let newest = list(&self.cloud, &service.service_arn).await?.into_iter().next();
                let id = newest.map(|newest| newest.id).unwrap_or_default();
                Observation::TookEffect(receipt(&service.service_arn, &id, None))
            }
            many => unsettled(world, &service.service_arn, CREATE.1, many, "a service is created once"),
        })
    }
}

fn refused(with: &AppCreate) -> Result<(), Diagnosis> {
    let mut wrong = Wrong::default();
    wrong.name("apprunner.service", &with.name);
    wrong.command(with.start_command.as_deref());
    wrong.sizes(with.cpu.as_deref(), with.memory.as_deref());
    wrong.health(with.health.as_ref());
    wrong.requisites(with.auto_scaling.as_ref(), with.vpc_connector.as_ref());
    let of = with.image_type.unwrap_or_else(|| image_type(&with.image));
    wrong.image(&with.image, of, with.access_role.as_deref());
    wrong.done(&format!("The service {}", with.name))
}

fn notes(with: &AppCreate) -> Vec<String> {
    let mut notes = Vec::new();
    if !with.secrets.is_empty() {
        notes.push(
            "Secrets are read when a deployment starts, and only then: after a rotation, deploy again (`apprunner.deploy`)."
                .to_owned(),
        );
    }
    if with.public == Some(false) {
        notes.push(
            "It answers only inside of a VPC, through a VPC ingress connection: check it by its status (`apprunner.check`), not by HTTP from here."
                .to_owned(),
        );
    }
    notes
}

/// The input of UpdateService that brings a service to the whole of what the step says.
fn whole(service: &AppService, with: &AppCreate, given: &Requisites) -> Value {
    let mut input = input::configured(with, given.scaling.as_deref(), way_out(given));
    input["ServiceArn"] = json!(service.service_arn);
    input
}

/// A new service goes out through the internet unless a connector is named.
fn way_out(given: &Requisites) -> Option<&str> {
    given.connector.as_deref().filter(|connector| *connector != "none")
}

fn says(service: &AppService, wanted: &Value) -> bool {
    already_says(&super::service::configuration(service), wanted)
}

fn create_failed(with: &AppCreate, service: &AppService) -> Diagnosis {
    Diagnosis::of(format!("The App Runner service {} exists, and its creation failed", with.name))
        .says("What AWS says", "App Runner: CREATE_FAILED")
        .says("Log", format!("{}, then {}", service.log_group("application"), service.log_group("service")))
        .says("Service", service.service_arn.clone())
        .hint("Read the log and correct the cause. It serves nothing, has nothing to go back to, and counts towards the quota.")
        .hint("`repair: update` updates it to what this step says and keeps its address.")
        .hint(format!(
            "`repair: recreate` deletes and creates it anew: its address {} changes, and whatever was made from it is stale.",
            service.service_url
        ))
}

/// An account that may not create services any more is told what App Runner says, and what takes its place.
fn closed(error: ActError, first: bool) -> ActError {
    match error {
        ActError::Refused(diagnosis) if first => ActError::Refused(
            diagnosis
                .hint("App Runner is closed to new customers since 2026-04-30, and this account has no service: if that is why, no right will help.")
                .hint("ECS Express Mode takes its place: `express.deploy` runs the same image behind a load balancer."),
        ),
        other @ (ActError::Refused(_) | ActError::Ambiguous(_)) => other,
    }
}

/// Says which outputs of an earlier creation are stale.
fn recreated(world: &World, ending: Ending) -> Ending {
    let Some(before) = world.more["url_before"].as_str() else { return ending };
    match ending {
        Ending::Succeeded { outputs, secret_outputs, judgements, note } => {
            let now = outputs.get("url").and_then(|url| url.value.as_ref()).and_then(Value::as_str);
            let said = format!(
                "Created anew: the address was https://{before} and is {}. What other steps or people took from the first one is stale: url, host, service_arn, service_id, log_groups.",
                now.unwrap_or("another")
            );
            Ending::Succeeded { outputs, secret_outputs, judgements, note: with_notes(note, &[said]) }
        }
        other @ (Ending::Failed(_)
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => other,
    }
}
