//! `ecs.rollback`: back to what was pinned, as content; each undo is idempotent.
//!
//! A service that was absent is scaled to zero and deleted, in two actions. Otherwise its old revision is deployed if
//! it is active and names its images by digest; if it names them by tag, a tag may have been pushed again since, so
//! that a copy pinned to the digests that ran is registered and deployed. A rollout that is still in flight and came from
//! just that is stopped, so that ECS itself brings it back; the rest of the actions is then not needed.

use super::calls::{self, Ecs};
use super::definition::{self, CONTENT, COPY_OF, MARK, short};
use super::deploy::{arrived, follow_update};
use super::follow::Arrival;
use super::pin;
use super::register::{describe, find_definition, send_registration};
use super::rollout::Target;
use super::service::{World, confirmed, existing, is_marked, read, stem};
use super::stop::{self, InFlight, STOP};
use super::update::UPDATE;
use crate::failure::{act_failed, arguments, failed, strange};
use crate::service_step::{Change, Doing, Done};
use crate::strangers::Strangers;
use async_trait::async_trait;
use holdpoint_cloud::Cloud;
use holdpoint_engine::{ActError, Ending, Observation, Task};
use holdpoint_plan::Action;
use holdpoint_plan::kinds::EcsRollback;
use holdpoint_run::{ActionPlan, Diagnosis, External, Intent, Receipt};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const REGISTER: &str = "ecs:RegisterTaskDefinition";
const DELETE: &str = "ecs:DeleteService";
/// Stands in an intent for what the registration before gives.
const REGISTERED: &str = "the revision registered before";
/// Revisions that are looked through for a copy.
const LOOKED_AT: u32 = 20;
/// Time between two looks, in plan time.
const POLL: Duration = Duration::from_millis(1500);
/// Deadline for the last tasks to stop, where the plan says nothing.
const DEADLINE: Duration = Duration::from_secs(10 * 60);

/// The kind `ecs.rollback`.
pub(crate) struct Rollback {
    pub(crate) cloud: Cloud,
}

#[async_trait]
impl Change for Rollback {
    type Of = Ecs;

    fn kind(&self) -> &'static str {
        "ecs.rollback"
    }

    fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Going back is not undone.
    fn undo(&self, _: &Action) -> Option<Action> {
        None
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: EcsRollback = arguments(&task.with)?;
        if with.to != "pinned" {
            return self.back(task, &with, &json!({"task_definition": with.to})).await;
        }
        let key = pin::key(&with.cluster, &with.service);
        let pin = task.pins.get(&key).ok_or_else(|| {
            Diagnosis::of(format!(
                "Nothing was pinned for {key}, so that there is nothing known to go back to"
            ))
            .hint("Name a task definition in `to`, or roll back by hand.")
        })?;
        match &pin.content {
            Some(content) => self.back(task, &with, content).await,
            None => self.away(task, &with).await,
        }
    }

    async fn act(&self, doing: &Doing<'_, World>) -> Result<Receipt, ActError> {
        let Doing { task, world, planned, receipts } = *doing;
        if stop::is_stopped(receipts) {
            return Ok(stop::unneeded());
        }
        match planned.call.as_str() {
            STOP => stop::send(&self.cloud, &planned.input).await,
            REGISTER => {
                let input = self.copy(task, &world.more).await.map_err(ActError::Refused)?;
                if definition::tag(&input, CONTENT) != definition::tag(&planned.input, CONTENT) {
                    return Err(ActError::Refused(
                        Diagnosis::of("The copy is no longer what the intent says").hint("Retry the step."),
                    ));
                }
                send_registration(&self.cloud, &input).await
            }
            DELETE => self.delete(task, world, &planned.input).await,
            call => calls::send(&self.cloud, call, &with_registered(&planned.input, receipts)).await,
        }
    }

    async fn observe(&self, doing: &Doing<'_, World>) -> Result<Observation, Diagnosis> {
        let Doing { task, world, planned, receipts } = *doing;
        if stop::is_stopped(receipts) {
            return Ok(Observation::TookEffect(stop::unneeded()));
        }
        match planned.call.as_str() {
            STOP => stop::observe(&self.cloud, task, &planned.input).await,
            REGISTER => {
                let family = planned.input["family"].as_str().unwrap_or_default().to_owned();
                let mark = task.mark();
                let found = confirmed(task, || self.marked(&family, &mark, None)).await?;
                Ok(match found {
                    Some(arn) => Observation::TookEffect(registered(&arn)),
                    None => {
                        Observation::TookNoEffect { why: format!("no revision of {family} carries {mark}") }
                    }
                })
            }
            DELETE => Ok(match read(&self.cloud, &world.cluster, &world.service).await? {
                None => Observation::TookEffect(deleted(world)),
                Some(_) => Observation::TookNoEffect {
                    why: format!("the service {} is still active", world.service),
                },
            }),
            call => {
                // What this rollback asks for is wanted whoever got there: a second UpdateService to it starts nothing.
                let world = World { registered_here: true, ..world.clone() };
                let input = with_registered(&planned.input, receipts);
                calls::settle(&self.cloud, task, &world, call, &input).await
            }
        }
    }

    async fn follow(&self, done: Done<'_, World>) -> Result<Ending, Diagnosis> {
        let already = done.already.clone();
        if done.world.more["absent"] == true {
            return self.gone(done.task, &done.world, already).await;
        }
        if stop::is_stopped(done.receipts) {
            return self.brought_back(&done).await;
        }
        if done.world.more["desired_count"] == 0 {
            return self.at_rest(done.task, &done.world, already).await;
        }
        Ok(follow_update(&self.cloud, &done, already).await)
    }
}

impl Rollback {
    /// To a service that was there.
    async fn back(&self, task: &Task, with: &EcsRollback, content: &Value) -> Result<Intent, Diagnosis> {
        let (mut world, found) = World::now(&self.cloud, task, &with.cluster, &with.service).await?;
        let service = existing(found, &with.cluster, &with.service)?;
        let old =
            content["task_definition"].as_str().ok_or_else(|| strange("the pin names no task definition"))?;
        let described = describe(&self.cloud, old).await?;
        let body = described["taskDefinition"].as_object().cloned().unwrap_or_default();
        let old = body.get("taskDefinitionArn").and_then(Value::as_str).unwrap_or(old).to_owned();
        let active = body.get("status").is_none_or(|status| status == "ACTIVE");
        let digests = text_map(&content["images"]);
        let by_digest = definition::images(&body).values().all(|image| image.contains("@sha256:"));
        let desired = content["desired_count"].as_u64();
        world.more = json!({"desired_count": desired, "copy_of": old, "images": content["images"]});
        world.target.clone_from(&old);
        if let Some(already) = self.stands(&service, &world, &old, &digests, desired).await? {
            world.target = service.task_definition.clone();
            return Ok(Intent {
                summary: format!("{} is back already", with.service),
                already: Some(already),
                world: world.value(),
                ..Intent::default()
            });
        }
        let mut update = json!({"cluster": with.cluster, "service": with.service});
        if let Some(desired) = desired {
            update["desiredCount"] = json!(desired);
        }
        let mut actions = Vec::new();
        // A stop brings back what ran, and not how many of it were wanted.
        let same_count = desired.is_none_or(|desired| desired == u64::from(service.desired_count));
        let in_flight = match same_count && service.desired_count > 0 {
            true => stop::in_flight(&self.cloud, &world, &service, &old, &digests).await,
            false => None,
        };
        if let Some(in_flight) = &in_flight {
            world.more["in_flight"] = json!(in_flight);
            actions.push(in_flight.action());
        }
        let mut to = short(&old).to_owned();
        // A named revision is what the plan's author wants as it is; a pin is content, and tags may have moved since.
        if active && (by_digest || digests.is_empty()) {
            update["taskDefinition"] = json!(old);
        } else {
            let input = self.copy(task, &world.more).await?;
            let family = input["family"].as_str().unwrap_or_default();
            let made = definition::tag(&input, CONTENT).map(str::to_owned);
            if let Some(arn) = self.marked(family, &stem(task), made.as_deref()).await? {
                update["taskDefinition"] = json!(arn);
                world.target.clone_from(&arn);
            } else {
                actions.push(ActionPlan { call: REGISTER.into(), input });
                update["taskDefinition"] = json!(REGISTERED);
            }
            to = format!("a copy of {to} pinned by digest");
        }
        actions.push(ActionPlan { call: UPDATE.into(), input: update });
        let now = world.primary.as_ref().map_or("nothing", |primary| short(&primary.task_definition));
        let summary = match &in_flight {
            Some(in_flight) => format!(
                "Stop the deployment of {} to {}, which brings it back to {}; should it have ended by then, bring it back to {to}",
                in_flight.brings(),
                with.service,
                short(&old)
            ),
            None => format!("Bring {} back from {now} to {to}", with.service),
        };
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    /// Follows the rollout that was stopped to the end of its way back: that AWS rolled it back is what was wanted.
    async fn brought_back(&self, done: &Done<'_, World>) -> Result<Ending, Diagnosis> {
        let Done { task, world, already, .. } = done;
        let more = &world.more;
        let stopped = InFlight::of(&more["in_flight"])?;
        if let Some(ending) = stopped.follow_back(&self.cloud, task, world).await? {
            return Ok(ending);
        }
        let old = more["copy_of"].as_str().ok_or_else(|| strange("it names no revision to go back to"))?;
        let (digests, desired) = (text_map(&more["images"]), more["desired_count"].as_u64());
        let deadline = task.clock.elapsed() + task.timeout.unwrap_or(DEADLINE);
        loop {
            let service = existing(
                read(&self.cloud, &world.cluster, &world.service).await?,
                &world.cluster,
                &world.service,
            )?;
            if self.stands(&service, world, old, &digests, desired).await?.is_some() {
                let primary = service.primary().cloned().unwrap_or_default();
                let images = self.runs(world, &primary.task_definition).await?;
                let target = Target { deployment: primary.id, task_definition: primary.task_definition };
                let service_deployment = Some(stopped.arn);
                let strangers = Strangers::default();
                let arrival = Arrival { service, target, service_deployment, images, boot: None, strangers };
                return Ok(arrived(task, arrival, already.clone()));
            }
            if task.clock.elapsed() >= deadline {
                return Err(Diagnosis::of(format!(
                    "AWS brought {} back, and it does not run {} with the pinned images",
                    world.service,
                    short(old)
                ))
                .hint("Retry: what runs now is looked at, and brought back by a deployment of its own."));
            }
            task.clock.sleep(POLL).await;
        }
    }

    /// Digest of each container's image that runs of a revision.
    async fn runs(&self, world: &World, revision: &str) -> Result<BTreeMap<String, String>, Diagnosis> {
        super::service::digests(&self.cloud, &world.cluster, &world.service, None, revision).await
    }

    /// To no service at all.
    async fn away(&self, task: &Task, with: &EcsRollback) -> Result<Intent, Diagnosis> {
        let (mut world, found) = World::now(&self.cloud, task, &with.cluster, &with.service).await?;
        world.more = json!({"absent": true});
        let Some(service) = found else {
            return Ok(Intent {
                summary: format!("{} does not exist, as before", with.service),
                already: Some(format!("there is no service {}, as when the run began", with.service)),
                world: world.value(),
                ..Intent::default()
            });
        };
        world.target = service.task_definition.clone();
        let mut actions = Vec::new();
        if service.desired_count > 0 {
            let input = json!({"cluster": with.cluster, "service": with.service, "desiredCount": 0});
            actions.push(ActionPlan { call: UPDATE.into(), input });
        }
        let input = json!({"cluster": with.cluster, "service": with.service});
        actions.push(ActionPlan { call: DELETE.into(), input });
        let summary =
            format!("Scale {} to zero, then delete it: it was absent when the run began", with.service);
        Ok(Intent { summary, actions, world: world.value(), ..Intent::default() })
    }

    /// Why nothing is left to do: the service is complete on the old revision, or on our copy of it, with the digests
    /// and the count that were pinned.
    async fn stands(
        &self,
        service: &holdpoint_cloud::Service,
        world: &World,
        old: &str,
        pinned: &BTreeMap<String, String>,
        desired: Option<u64>,
    ) -> Result<Option<String>, Diagnosis> {
        let Some(primary) = service.primary() else { return Ok(None) };
        if desired.is_some_and(|desired| desired != u64::from(service.desired_count))
            || !primary.is_complete()
            || service.deployments.len() > 1
        {
            return Ok(None);
        }
        let running = describe(&self.cloud, &primary.task_definition).await?;
        if primary.task_definition != old && definition::tag(&running, COPY_OF) != Some(old) {
            return Ok(None);
        }
        let now = self.runs(world, &primary.task_definition).await?;
        let same =
            pinned.iter().all(|(container, image)| match (now.get(container), image.rsplit_once('@')) {
                (Some(now), Some((_, digest))) => now == digest,
                // Nothing ran when it was pinned, or nothing runs now: the revision alone is compared.
                (None, _) | (_, None) => true,
            });
        Ok(same.then(|| {
            format!("{} runs {} with the pinned images", world.service, short(&primary.task_definition))
        }))
    }

    /// The registration of a digest-pinned copy. `more` is what the intent keeps of the pin.
    async fn copy(&self, task: &Task, more: &Value) -> Result<Value, Diagnosis> {
        let old = more["copy_of"].as_str().ok_or_else(|| strange("it names no revision to copy"))?;
        let described = describe(&self.cloud, old).await?;
        let mut input: Map<String, Value> = definition::registrable(&described);
        definition::pin_images(&mut input, &text_map(&more["images"]));
        let content = definition::content_digest(&input);
        definition::set_tag(&mut input, MARK, &task.mark());
        definition::set_tag(&mut input, CONTENT, &content);
        definition::set_tag(&mut input, COPY_OF, old);
        Ok(Value::Object(input))
    }

    async fn marked(
        &self,
        family: &str,
        mark: &str,
        content: Option<&str>,
    ) -> Result<Option<String>, Diagnosis> {
        let newest = self.cloud.newest_revisions(family, LOOKED_AT).await;
        for arn in
            newest.map_err(|error| failed(&format!("The revisions of {family} cannot be listed"), &error))?
        {
            let Some(described) = find_definition(&self.cloud, &arn).await? else { continue };
            let ours = definition::tag(&described, MARK).is_some_and(|found| is_marked(found, mark));
            if ours && content.is_none_or(|content| definition::tag(&described, CONTENT) == Some(content)) {
                return Ok(Some(arn));
            }
        }
        Ok(None)
    }

    /// Deletes the service once its last task has stopped; the call is sent once.
    async fn delete(&self, task: &Task, world: &World, input: &Value) -> Result<Receipt, ActError> {
        let limit = task.timeout.unwrap_or(DEADLINE);
        let deadline = task.clock.elapsed() + limit;
        loop {
            let Some(service) =
                read(&self.cloud, &world.cluster, &world.service).await.map_err(ActError::Refused)?
            else {
                return Ok(deleted(world));
            };
            let left = service.running_count + service.pending_count;
            if left == 0 {
                break;
            }
            if task.clock.elapsed() >= deadline {
                let headline =
                    format!("{left} tasks of {} still run after {} s", world.service, limit.as_secs());
                return Err(ActError::Refused(
                    Diagnosis::of(headline).hint("Wait for them to stop, then retry."),
                ));
            }
            task.progress.says(format!("{}: {left} tasks are still stopping", world.service));
            task.clock.sleep(POLL).await;
        }
        let answer = self.cloud.change(DELETE, input).await;
        let answer = answer.map_err(|error| act_failed("The service was not deleted", &error))?;
        Ok(Receipt { request_id: answer.request_id, ..deleted(world) })
    }

    async fn gone(&self, task: &Task, world: &World, note: Option<String>) -> Result<Ending, Diagnosis> {
        let deadline = task.clock.elapsed() + task.timeout.unwrap_or(DEADLINE);
        loop {
            if read(&self.cloud, &world.cluster, &world.service).await?.is_none() {
                return Ok(at_zero(note));
            }
            if task.clock.elapsed() >= deadline {
                return Err(Diagnosis::of(format!("The service {} is still active", world.service)));
            }
            task.clock.sleep(POLL).await;
        }
    }

    /// A service that wanted no task when it was pinned is back when it wants and runs none.
    async fn at_rest(&self, task: &Task, world: &World, note: Option<String>) -> Result<Ending, Diagnosis> {
        let deadline = task.clock.elapsed() + task.timeout.unwrap_or(DEADLINE);
        loop {
            match read(&self.cloud, &world.cluster, &world.service).await? {
                Some(service) if service.desired_count == 0 && service.running_count == 0 => {
                    return Ok(at_zero(note));
                }
                Some(_) if task.clock.elapsed() < deadline => task.clock.sleep(POLL).await,
                Some(_) | None => {
                    return Err(Diagnosis::of(format!("{} did not come to rest at 0 tasks", world.service)));
                }
            }
        }
    }
}

fn with_registered(input: &Value, receipts: &[Receipt]) -> Value {
    let mut input = input.clone();
    if input["taskDefinition"] == REGISTERED {
        let is_made = |receipt: &&Receipt| receipt.external.iter().any(|of| of.kind == "task_definition");
        let made = receipts.iter().find(is_made).map(|receipt| receipt.body["task_definition"].clone());
        input["taskDefinition"] = made.unwrap_or_default();
    }
    input
}

fn registered(arn: &str) -> Receipt {
    Receipt {
        external: vec![External { kind: "task_definition".into(), id: arn.to_owned() }],
        request_id: None,
        body: json!({"task_definition": arn}),
    }
}

fn deleted(world: &World) -> Receipt {
    let id = world.service_arn.clone().unwrap_or_else(|| world.service.clone());
    Receipt {
        external: vec![External { kind: "service".into(), id }],
        request_id: None,
        body: json!({"deleted": true}),
    }
}

fn at_zero(remark: Option<String>) -> Ending {
    let mut ending = Ending::outputs([("running_count", json!(0))]);
    if let Ending::Succeeded { note, .. } = &mut ending {
        *note = remark;
    }
    ending
}

fn text_map(value: &Value) -> BTreeMap<String, String> {
    let members = value.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
