//! Following one deployment by its id to its true end.

use super::boot::Boots;
use super::evidence::Evidence;
use super::hooks;
use super::rollout::{Sight, Target, Verdict, judge};
use super::service::{LAGS, World, digests};
use super::view;
use crate::ecs::definition::short;
use crate::failure::failed;
use crate::strangers::Strangers;
use holdpoint_cloud::{AttachedTask, CallError, Cloud, Listing, Millis, Service, ServiceDeployment};
use holdpoint_engine::{Ending, Task};
use holdpoint_run::Diagnosis;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// Time between two looks, in plan time. What is a fact is told within it, the answers that confirm it and those that
/// explain it, so within 2 s (the bench measures it). A quiet look is one DescribeServiceDeployments: 60 a minute.
const POLL: Duration = Duration::from_secs(1);
/// The service and its tasks are read when their deployment has changed, and at least at every so many looks: at most 10
/// DescribeServices, 20 ListTasks and 20 DescribeTasks a minute while nothing changes. ECS refills 20 reads of this kind
/// a second for an account (API throttling, developer guide), so that ten runs at once leave it most of them.
const FULL_EVERY: u32 = 6;
/// Deadline where the plan says nothing, beside the times that the deployment itself is told to wait. Without a circuit
/// breaker a crash loop goes on for ever.
const DEADLINE: Duration = Duration::from_secs(20 * 60);

/// What runs at the end of a deployment that succeeded.
pub(crate) struct Arrival {
    /// The service as last seen.
    pub(crate) service: Service,
    /// The deployment that was followed to the end.
    pub(crate) target: Target,
    /// Its service deployment, where AWS shows it.
    pub(crate) service_deployment: Option<String>,
    /// Digest of each container's image.
    pub(crate) images: BTreeMap<String, String>,
    /// The longest time that a task was seen to take from running to healthy.
    pub(crate) boot: Option<Duration>,
    /// Words of AWS's that are not known.
    pub(crate) strangers: Strangers,
}

/// One deployment, being followed.
pub(crate) struct Following<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) task: &'a Task,
    pub(crate) cluster: &'a str,
    pub(crate) service: &'a str,
    /// What is followed.
    pub(crate) target: Target,
    /// When it came into being, for finding its service deployment.
    pub(crate) created_at: Option<Millis>,
    /// Service deployments that were there before.
    pub(crate) known: Vec<String>,
    /// Deployments that were there before: none of them can have taken its place, so that a look which shows one of them
    /// as the primary is older than what is followed.
    pub(crate) before: Vec<String>,
    /// There was no service before: one that AWS does not show yet is not one that is gone.
    pub(crate) created: bool,
    /// Newest event before.
    pub(crate) since_event: Option<String>,
}

impl<'a> Following<'a> {
    /// Follows what an action on `world` started.
    pub(crate) fn after(
        cloud: &'a Cloud,
        task: &'a Task,
        world: &'a World,
        target: Target,
        created_at: Option<Millis>,
    ) -> Self {
        let new = !world.deployments.contains(&target.deployment);
        Self {
            cloud,
            task,
            cluster: &world.cluster,
            service: &world.service,
            target,
            created_at,
            before: if new { world.deployments.clone() } else { Vec::new() },
            created: world.service_arn.is_none(),
            known: world.service_deployments.clone(),
            since_event: world.newest_event.clone(),
        }
    }

    /// Looks until the deployment has ended, one way or the other, or the deadline has passed.
    pub(crate) async fn until_ended(mut self) -> Result<Arrival, Ending> {
        let clock = &self.task.clock;
        let mut limit = self.task.timeout.unwrap_or(DEADLINE);
        let mut deadline = clock.elapsed() + limit;
        let mut seen = Seen::default();
        let mut arn: Option<String> = None;
        let mut looked = clock.elapsed();
        loop {
            let sight = match self.look(&mut arn, &mut seen).await {
                Ok(sight) => sight,
                Err(error) if is_passing(&error) && clock.elapsed() < deadline => {
                    self.task.progress.says(format!("AWS cannot be asked now, asking again: {error}"));
                    clock.sleep(POLL * 2).await;
                    continue;
                }
                Err(error) => {
                    let what = format!("The deployment of {} goes on, and cannot be followed", self.service);
                    return Err(Ending::Failed(failed(&what, &error)));
                }
            };
            seen.listed = false;
            self.tell(&sight, &mut seen).await;
            let spent = clock.elapsed().saturating_sub(looked);
            looked = clock.elapsed();
            // AWS has a clock of its own for what a person is asked, and for what it is told to wait.
            if self.attend(&sight, &mut seen).await {
                deadline += spent;
            } else if self.task.timeout.is_none() && seen.told_to_wait.is_none() {
                let told = view::told_to_wait(sight.ours.as_ref());
                seen.told_to_wait = sight.ours.is_some().then_some(told);
                limit += told;
                deadline += told;
            }
            match self.judged(&sight, &mut seen) {
                Verdict::Deployed => return self.arrive(sight, &seen).await.map_err(Ending::Failed),
                Verdict::Failed(why) => {
                    let headline = format!("Not deployed: {why}.").replace("..", ".");
                    return Err(Ending::Failed(self.diagnose(headline, &sight, &mut seen).await));
                }
                Verdict::RolledBack(_) => {
                    let sight = self.gone_back(&mut arn, &mut seen, sight).await;
                    let on = sight.service.as_ref().and_then(Service::primary).map(|primary| {
                        format!(
                            "it runs {} of {} tasks on {}",
                            primary.running_count,
                            primary.desired_count,
                            short(&primary.task_definition)
                        )
                    });
                    let headline = format!(
                        "Not deployed. AWS rolled the service back; {}.",
                        on.unwrap_or_else(|| "what it runs now is not known".into())
                    );
                    return Err(Ending::RolledBackByAws(self.diagnose(headline, &sight, &mut seen).await));
                }
                Verdict::Superseded { by, task_definition } => {
                    let headline = format!(
                        "Not deployed: another deployment took its place ({by}, {}).",
                        short(&task_definition)
                    );
                    let diagnosis = self.diagnose(headline, &sight, &mut seen).await.hint(
                        "Find out who deployed (CloudTrail, UpdateService), agree on one, then retry or keep theirs.",
                    );
                    return Err(Ending::Superseded(diagnosis));
                }
                Verdict::Follow(other) => {
                    seen.quiet = FULL_EVERY;
                    let says = format!(
                        "{} was replaced by {}, which brings the same task definition: following that one",
                        self.target.deployment, other.id
                    );
                    self.task.progress.says(says);
                    self.known.extend(arn.take());
                    self.created_at = other.created_at;
                    seen.began = None;
                    self.target.deployment = other.id;
                }
                Verdict::Going => {}
            }
            if clock.elapsed() >= deadline {
                let headline = format!(
                    "Not deployed within {} s; nothing was stopped, AWS goes on with it.",
                    limit.as_secs()
                );
                let diagnosis = self.diagnose(headline, &sight, &mut seen).await;
                return Err(Ending::Failed(without_breaker(diagnosis, &sight)));
            }
            clock.sleep(POLL).await;
        }
    }

    /// What a look has come to. One that shows what was before is no verdict: reads may be older than the call.
    fn judged(&self, sight: &Sight, seen: &mut Seen) -> Verdict {
        let now = self.task.clock.elapsed();
        if sight.service.is_some() {
            seen.missing = None;
        } else if self.created && now.saturating_sub(*seen.missing.get_or_insert(now)) < LAGS {
            return Verdict::Going;
        }
        seen.began = seen.began.or_else(|| self.began(sight));
        let primary = sight.service.as_ref().and_then(Service::primary);
        let primary_began = primary.and_then(|primary| primary.created_at);
        // Nothing that began before it can have taken its place.
        let is_late = primary_began.zip(seen.began).is_some_and(|(its, ours)| its < ours);
        match judge(&self.target, sight) {
            Verdict::Superseded { by, .. } if is_late || self.before.contains(&by) => Verdict::Going,
            Verdict::Follow(other) if is_late || self.before.contains(&other.id) => Verdict::Going,
            verdict @ (Verdict::Going
            | Verdict::Deployed
            | Verdict::Failed(_)
            | Verdict::RolledBack(_)
            | Verdict::Superseded { .. }
            | Verdict::Follow(_)) => verdict,
        }
    }

    /// When what is followed began, as far as AWS shows it.
    fn began(&self, sight: &Sight) -> Option<Millis> {
        let shown = sight.service.as_ref().and_then(|service| service.deployment(&self.target.deployment));
        let shown = shown.and_then(|deployment| deployment.created_at).or(self.created_at);
        shown.or_else(|| sight.ours.as_ref()?.created_at)
    }

    /// The sight once it shows what AWS went back to: the service was asked before its deployment's end was seen.
    async fn gone_back(&self, arn: &mut Option<String>, seen: &mut Seen, mut sight: Sight) -> Sight {
        let clock = &self.task.clock;
        let deadline = clock.elapsed() + LAGS;
        loop {
            seen.quiet = FULL_EVERY;
            sight = self.look(arn, seen).await.unwrap_or(sight);
            let back = sight.service.as_ref().and_then(Service::primary);
            let shown =
                back.is_none_or(|primary| primary.id != self.target.deployment && primary.is_complete());
            if shown || clock.elapsed() >= deadline {
                return sight;
            }
            clock.sleep(POLL).await;
        }
    }

    /// Asks the operator what AWS waits for, and takes back what was settled elsewhere. True while AWS waits.
    async fn attend(&self, sight: &Sight, seen: &mut Seen) -> bool {
        let waiting = sight.ours.as_ref().and_then(|ours| Some((ours, ours.waiting_hook()?)));
        if let Some(key) = seen.asked.clone()
            && waiting.is_none_or(|(_, hook)| hook.hook_id != key)
        {
            let why = hooks::settled(sight.ours.as_ref(), &key);
            self.task.progress.line("hook", None, format!("{key}: {why}"));
            self.task.asks.withdraw(&key, &why).await;
            seen.asked = None;
        }
        let Some((ours, hook)) = waiting else { return false };
        if seen.asked.as_ref() != Some(&hook.hook_id) {
            let question = hooks::question(self.service, ours, hook);
            self.task.progress.line("hook", None, question.ask.instructions.clone());
            seen.asked = Some(hook.hook_id.clone());
            self.task.asks.ask(question).await;
        }
        true
    }

    /// Looks at the service deployment, and at the service when that has changed or was not read for a while.
    async fn look(&self, arn: &mut Option<String>, seen: &mut Seen) -> Result<Sight, CallError> {
        if let Some(known) = arn.as_ref()
            && let Some(before) = &seen.sight
            && seen.quiet < FULL_EVERY
        {
            let ours = self.cloud.service_deployment(known).await?;
            let same = ours.is_some() && ours == before.ours;
            if same && !ours.as_ref().is_some_and(ServiceDeployment::is_over) {
                seen.quiet += 1;
                return Ok(before.clone());
            }
        }
        seen.quiet = 0;
        let service = self.cloud.service(self.cluster, self.service).await?;
        let mut ours = None;
        if !seen.unlisted {
            match self.service_deployment(arn, service.as_ref()).await {
                Ok(found) => ours = found,
                Err(error) if error.is_unavailable() => {
                    seen.unlisted = true;
                    self.task.progress.says(format!("Following by DescribeServices alone: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        let sight = Sight { service, ours };
        seen.sight = Some(sight.clone());
        Ok(sight)
    }

    async fn service_deployment(
        &self,
        arn: &mut Option<String>,
        service: Option<&Service>,
    ) -> Result<Option<ServiceDeployment>, CallError> {
        if arn.is_none() {
            let shown = service.and_then(|service| service.deployment(&self.target.deployment));
            let made = self.created_at.or_else(|| shown.and_then(|deployment| deployment.created_at));
            *arn = self.find(made).await?;
        }
        match arn {
            Some(arn) => self.cloud.service_deployment(arn).await,
            None => Ok(None),
        }
    }

    /// AWS nowhere links a deployment's id to its service deployment: it is the new one that was made at the same
    /// moment and brings our task definition.
    async fn find(&self, made: Option<Millis>) -> Result<Option<String>, CallError> {
        let Some(made) = made else { return Ok(None) };
        let mut list = self.cloud.service_deployments(self.cluster, self.service, 20).await?;
        list.retain(|found| !self.known.contains(&found.service_deployment_arn));
        list.sort_by_key(|found| found.created_at.map_or(u64::MAX, |at| at.0.abs_diff(made.0)));
        for found in list {
            let Some(target) = found.target() else { continue };
            let revisions = self.cloud.service_revisions(&[target.to_owned()]).await?;
            if revisions.iter().any(|revision| revision.task_definition == self.target.task_definition) {
                return Ok(Some(found.service_deployment_arn));
            }
        }
        Ok(None)
    }

    async fn tell(&self, sight: &Sight, seen: &mut Seen) {
        let Some(service) = &sight.service else { return };
        view::strangers(self.task, &mut seen.strangers, &self.target, service, sight.ours.as_ref());
        let mut fresh = Vec::new();
        for event in &service.events {
            // Newest first: what stands behind the newest one that was there before is older still.
            if Some(&event.id) == self.since_event.as_ref() {
                break;
            }
            if seen.events.insert(event.id.clone()) {
                fresh.push(event);
            }
        }
        for event in fresh.into_iter().rev() {
            self.task.progress.line("event", Some(event.created_at.0), event.message.clone());
        }
        if seen.quiet == 0 {
            // Tasks are for the eye and for evidence: where they may not be listed, the rollout is followed without.
            if let Ok(tasks) = self.tasks().await {
                seen.evidence.keep(&tasks, &self.target.deployment);
                seen.boots.see(&tasks, &self.target.deployment, self.task.clock.elapsed());
                seen.tasks = tasks;
                seen.listed = true;
            }
        }
        let asked_at = self.task.clock.now();
        seen.stage.see(sight.ours.as_ref(), asked_at);
        self.task.progress.rollout(view::rollout(
            &self.target,
            service,
            sight.ours.as_ref(),
            &seen.tasks,
            &seen.stage,
            asked_at,
        ));
        self.task.progress.says(view::sentence(
            &self.target,
            service,
            sight.ours.as_ref(),
            &seen.stage,
            asked_at,
        ));
    }

    async fn tasks(&self) -> Result<Vec<AttachedTask>, CallError> {
        let mut tasks = self.cloud.tasks(self.cluster, self.service, Listing::Running).await?;
        tasks.extend(self.cloud.tasks(self.cluster, self.service, Listing::Stopped).await?);
        Ok(tasks)
    }

    async fn arrive(&self, sight: Sight, seen: &Seen) -> Result<Arrival, Diagnosis> {
        let revision = match sight.ours.as_ref().and_then(ServiceDeployment::target) {
            Some(arn) => {
                let found = self.cloud.service_revisions(&[arn.to_owned()]).await.unwrap_or_default();
                found.into_iter().next()
            }
            None => None,
        };
        let definition = &self.target.task_definition;
        let images = digests(self.cloud, self.cluster, self.service, revision.as_ref(), definition).await?;
        let service = sight.service.unwrap_or_default();
        let service_deployment = sight.ours.map(|ours| ours.service_deployment_arn);
        Ok(Arrival {
            service,
            target: self.target.clone(),
            service_deployment,
            images,
            boot: seen.boots.slowest(),
            strangers: seen.strangers.clone(),
        })
    }

    async fn diagnose(&self, headline: String, sight: &Sight, seen: &mut Seen) -> Diagnosis {
        if !seen.listed
            && let Ok(tasks) = self.tasks().await
        {
            seen.evidence.keep(&tasks, &self.target.deployment);
        }
        let diagnosis = seen.evidence.diagnosis(self.cloud, self.task, headline, &self.target, sight).await;
        seen.strangers.told(diagnosis)
    }
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    events: HashSet<String>,
    tasks: Vec<AttachedTask>,
    /// Whether they were listed in this look.
    listed: bool,
    evidence: Evidence,
    unlisted: bool,
    /// The newest full look, and how many quiet ones were made since.
    sight: Option<Sight>,
    quiet: u32,
    /// Id of the hook that was asked about.
    asked: Option<String>,
    /// How long AWS itself waits in this deployment, once known.
    told_to_wait: Option<Duration>,
    stage: view::Stage,
    boots: Boots,
    strangers: Strangers,
    /// Since when AWS shows no service.
    missing: Option<Duration>,
    /// When what is followed began.
    began: Option<Millis>,
}

/// Whether waiting may mend it: a session that is renewed meanwhile, a network that comes back.
pub(crate) fn is_passing(error: &CallError) -> bool {
    match error {
        CallError::Expired { .. }
        | CallError::Throttled { .. }
        | CallError::Unreachable { .. }
        | CallError::Ambiguous { .. } => true,
        CallError::Refused { .. } | CallError::Denied { .. } | CallError::Unreadable { .. } => false,
    }
}

fn without_breaker(diagnosis: Diagnosis, sight: &Sight) -> Diagnosis {
    let breaker = sight.service.as_ref().is_some_and(|service| service.breaker().0);
    if breaker {
        return diagnosis.hint("Give the step a longer `timeout` if it is only slow, else roll back.");
    }
    diagnosis
        .hint("The service has no deployment circuit breaker: AWS tries for ever. Roll back.")
        .hint("Set `deployment: { circuit_breaker: { enable: true, rollback: true } }` in the plan.")
}

/// Where a deployment was made, from a receipt.
pub(crate) fn created_at(body: &serde_json::Value) -> Option<Millis> {
    body["created_at"].as_i64().map(Millis)
}
