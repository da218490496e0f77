//! Worlds: the practice account as it stood before the deployment, and changes to it while it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::apprunner;
use crate::balancing;
use crate::behaviour::Rule;
use crate::clock::{Micros, SECOND};
use crate::cloudwatch;
use crate::directory::{Role, User, WebIdentity, serial};
use crate::ecr::EcrSwitches;
use crate::ecs;
use crate::ecs::incidents::{AlarmState, HookRule, Incident};
use crate::ecs::model::Ecs;
use crate::fault::Fault;
use crate::hosts::Host;
use crate::images::Image;
use crate::network::Network;
use crate::parameters;
use crate::rds;
use crate::record::content_digest;
use crate::registry::{self, RegistryOf, RepositoryOf, Stocked, ecr_host};
use crate::secrets;
use crate::sso::{Organisation, Switches, default_instance};
use crate::world::{Env, Estate, Home, World};

/// How long the furnished things have stood.
const STOOD: Micros = 86_400 * SECOND;

/// A world, as posted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Furnishing {
    #[serde(default = "account")]
    pub(crate) account: String,
    #[serde(default = "region")]
    pub(crate) region: String,
    #[serde(default = "role")]
    pub(crate) role: String,
    #[serde(default = "people")]
    pub(crate) people: Vec<Person>,
    #[serde(default)]
    pub(crate) clusters: Vec<String>,
    #[serde(default)]
    pub(crate) images: BTreeMap<String, Image>,
    /// RegisterTaskDefinition's inputs.
    #[serde(default)]
    pub(crate) task_definitions: Vec<Value>,
    #[serde(default)]
    pub(crate) services: Vec<StandingService>,
    #[serde(default)]
    pub(crate) log_groups: Vec<LogGroup>,
    #[serde(default)]
    pub(crate) hosts: Vec<Host>,
    #[serde(default)]
    pub(crate) behaviours: Vec<Rule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) apprunner: Option<apprunner::Furnishing>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets: Vec<secrets::Furnishing>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parameters: Vec<parameters::Furnishing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) network: Option<Network>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) databases: Vec<rds::Furnishing>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) target_groups: Vec<balancing::TargetGroup>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) load_balancers: Vec<balancing::LoadBalancer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) metrics: Vec<cloudwatch::Furnishing>,
    /// What befalls deployments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) incidents: Vec<Incident>,
    /// What lifecycle hooks' functions answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hooks: Vec<HookRule>,
    /// CloudWatch alarms by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) alarms: BTreeMap<String, AlarmState>,
    /// Identity Center; without it one instance is made of account, role and people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sso: Option<Organisation>,
    /// Roles that can be assumed; an account that names none lets any be assumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<Role>,
    /// Users with long-term keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) users: Vec<User>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) web_identities: Vec<WebIdentity>,
    /// The account's alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<String>,
    /// Repositories of the home account's ECR, or of the registry that the name begins with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) repositories: Vec<RepositoryOf>,
    /// Other registries, by host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) registries: BTreeMap<String, RegistryOf>,
    /// What was made of the two; never posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stocked: Vec<Stocked>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StandingService {
    #[serde(default = "default_cluster")]
    pub(crate) cluster: String,
    pub(crate) name: String,
    /// Family, `family:revision` or ARN.
    pub(crate) task_definition: String,
    #[serde(default = "one")]
    pub(crate) desired: u32,
    /// Further members of CreateService's input.
    #[serde(default)]
    pub(crate) create: Map<String, Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogGroup {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) retention_days: Option<u64>,
}

/// A change while it runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    #[serde(default)]
    pub(crate) images: BTreeMap<String, Image>,
    #[serde(default)]
    pub(crate) behaviours: Vec<Rule>,
    #[serde(default)]
    pub(crate) hosts: Vec<Host>,
    /// Values of metrics from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) metrics: Vec<cloudwatch::Furnishing>,
    /// Tables of databases, in place of those that they have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) databases: Vec<rds::Migrated>,
    #[serde(default)]
    pub(crate) faults: Vec<Fault>,
    /// What befalls deployments that begin from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) incidents: Vec<Incident>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hooks: Vec<HookRule>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) alarms: BTreeMap<String, AlarmState>,
    /// The behaviours are also for tasks that run already.
    #[serde(default)]
    pub(crate) running: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sso: Option<Switches>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ecr: Option<EcrSwitches>,
    /// Seconds by which the service's clock is ahead of the machine's; negative: behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skew_seconds: Option<i32>,
    /// Images that were pushed, as in a world: repositories of the home account's ECR, or of the registry that the name begins with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) repositories: Vec<RepositoryOf>,
    /// Other registries, by host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) registries: BTreeMap<String, RegistryOf>,
    /// What was made of the two; never posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stocked: Vec<Stocked>,
}

impl Change {
    /// Whether images were pushed.
    pub(crate) fn brings_images(&self) -> bool {
        !self.repositories.is_empty() || !self.registries.is_empty()
    }
}

fn account() -> String {
    "111122223333".to_owned()
}

fn region() -> String {
    "eu-west-1".to_owned()
}

fn role() -> String {
    "Deployer".to_owned()
}

fn default_cluster() -> String {
    "default".to_owned()
}

fn one() -> u32 {
    1
}

fn people() -> Vec<Person> {
    ["practice.operator", "practice.second"].map(|name| Person { name: name.to_owned() }).to_vec()
}

impl Furnishing {
    /// What makes two worlds the same.
    pub(crate) fn digest(&self) -> String {
        let posted = Self { stocked: Vec::new(), ..self.clone() };
        serde_json::to_value(posted).map_or_else(|_| String::new(), |value| content_digest(&value))
    }

    /// Whether the world can be furnished; says which member cannot.
    pub(crate) fn check(&self, world: &World) -> Result<(), String> {
        if self.account.len() != 12 || !self.account.chars().all(|c| c.is_ascii_digit()) {
            return Err(format!("account: {:?} is not twelve digits", self.account));
        }
        if let Some(person) = self.people.iter().find(|p| !is_session_name(&p.name)) {
            return Err(format!("people: {:?} cannot be a session name", person.name));
        }
        if let Some(user) = self.users.iter().find(|u| !is_session_name(&u.name)) {
            return Err(format!("users: {:?} cannot be a user's name", user.name));
        }
        if let Some(role) = self.roles.iter().find(|r| !(3600..=43_200).contains(&r.trust.max_seconds)) {
            return Err(format!("roles: {}: max_seconds is between 3600 and 43200", role.name));
        }
        if let Some(home) = world.home.as_ref().filter(|h| h.account != self.account) {
            return Err(format!(
                "account: {} is furnished already; use another --state for {}",
                home.account, self.account
            ));
        }
        for instance in self.sso.iter().flat_map(|s| &s.instances) {
            instance.check().map_err(|reason| format!("sso: {}: {reason}", instance.start_url))?;
        }
        // Tried on an empty estate beside what stands, so that a mistake leaves nothing half furnished.
        let mut env = trial(self);
        let mut estate = Estate::default();
        let standing = world.estates.get(&(self.account.clone(), self.region.clone()));
        if let Some(standing) = standing {
            estate.ecs = Ecs { families: standing.ecs.families.clone(), ..Ecs::default() };
            estate.network = standing.network.clone();
            estate.databases = standing.databases.clone();
            estate.balancing = standing.balancing.clone();
            estate.apprunner = standing.apprunner.clone();
        }
        build(self, &mut estate, &mut env)
    }
}

/// Furnishes a world that was checked. The same content again changes nothing.
pub(crate) fn furnish(world: &mut World, of: &Furnishing) {
    let digest = of.digest();
    if world.furnished.contains(&digest) {
        return;
    }
    world.furnished.push(digest);
    world.home = Some(Home { account: of.account.clone(), region: of.region.clone(), role: of.role.clone() });
    for person in &of.people {
        if !world.people.knows(&person.name) {
            world.sign_in(&person.name);
        }
    }
    match &of.sso {
        Some(organisation) => organisation.instances.iter().for_each(|i| world.sso.put(i.clone())),
        None if world.sso.instances.is_empty() => {
            world.sso.put(default_instance(&of.region, &of.account, &of.role));
        }
        None => {}
    }
    furnish_directory(world, of);
    (world.env.account, world.env.region) = (of.account.clone(), of.region.clone());
    world.env.backdate = STOOD;
    world.env.images.registries.home = Some(ecr_host(&of.account, &of.region));
    for stocked in &of.stocked {
        registry::enter(&mut world.env, stocked, false);
    }
    world.env.backdate = 0;
    for (reference, image) in &of.images {
        // What a scenario says of an image stands.
        if !world.env.scenario.images.contains_key(reference) {
            world.env.images.set(reference, image.clone());
        }
    }
    world.env.rules.extend(of.behaviours.iter().cloned());
    let [plot, _] = &mut world.env.plots;
    plot.incidents.extend(of.incidents.iter().cloned());
    plot.hooks.extend(of.hooks.iter().cloned());
    for host in &of.hosts {
        world.hosts.put(&of.account, &of.region, host);
    }
    (world.env.account, world.env.region) = (of.account.clone(), of.region.clone());
    for (name, state) in &of.alarms {
        world.env.set_alarm(name, *state);
    }
    let estate = world.estates.entry((of.account.clone(), of.region.clone())).or_default();
    world.env.backdate = STOOD;
    if let Err(reason) = build(of, estate, &mut world.env) {
        // Checked before it was journaled; what is said here can only be a difference between the two.
        tracing::error!(%reason, "the world was furnished in part");
    }
    world.env.backdate = 0;
}

/// Roles, users and names; what is named again is put in place of what was.
fn furnish_directory(world: &mut World, of: &Furnishing) {
    for role in &of.roles {
        world.directory.put(&of.account, role);
    }
    for user in &of.users {
        world.people.hire(&mut world.env.ids, &of.account, &user.name);
        world.directory.devices.insert(serial(&of.account, &user.name), user.mfa_code.clone());
    }
    for identity in &of.web_identities {
        world.directory.web_identities.retain(|known| known.token != identity.token);
        world.directory.web_identities.push(identity.clone());
    }
    let named = of.sso.iter().flat_map(|s| &s.instances).flat_map(|i| &i.accounts);
    let aliases = named.filter_map(|a| Some((a.id.clone(), a.alias.clone()?)));
    world.directory.aliases.extend(aliases);
    world.directory.aliases.extend(of.alias.clone().map(|alias| (of.account.clone(), alias)));
}

/// Takes in a change.
pub(crate) fn behave(world: &mut World, change: &Change) {
    for stocked in &change.stocked {
        registry::enter(&mut world.env, stocked, true);
    }
    for (reference, image) in &change.images {
        world.env.images.set(reference, image.clone());
    }
    let pushed: Vec<String> = change.images.keys().cloned().collect();
    world.env.changed.extend(change.behaviours.iter().cloned());
    let [_, plot] = &mut world.env.plots;
    plot.incidents.extend(change.incidents.iter().cloned());
    plot.hooks.extend(change.hooks.iter().cloned());
    for (place, estate) in &mut world.estates {
        (world.env.account, world.env.region) = place.clone();
        // The alarms of a change are those of the practice account.
        if change.alarms.is_empty()
            || world.home.as_ref().is_none_or(|home| *place != (home.account.clone(), home.region.clone()))
        {
            continue;
        }
        for (name, state) in &change.alarms {
            world.env.set_alarm(name, *state);
        }
        ecs::alarms_changed(estate, &mut world.env);
    }
    if change.running {
        for (place, estate) in &mut world.estates {
            (world.env.account, world.env.region) = place.clone();
            ecs::behave_now(estate, &mut world.env, &change.behaviours);
            apprunner::behave_now(estate, &mut world.env, &change.behaviours);
        }
    }
    if let Some(home) = world.home.clone() {
        for host in &change.hosts {
            world.hosts.put(&home.account, &home.region, host);
        }
        (world.env.account, world.env.region) = (home.account.clone(), home.region.clone());
        let estate = world.estates.entry((home.account, home.region)).or_default();
        for metric in &change.metrics {
            estate.metrics.set(&mut world.env, metric);
        }
        for database in &change.databases {
            estate.databases.migrate(database);
        }
    }
    if let Some(switches) = &change.sso {
        world.sso.switches.overlay(switches);
    }
    if let Some(switches) = &change.ecr {
        world.ecr.overlay(switches);
    }
    if let Some(seconds) = change.skew_seconds {
        world.env.skew = seconds.into();
    }
    for reference in &pushed {
        world.pushed(reference);
    }
    world.tell_pushes();
    world.changed_faults.splice(0..0, change.faults.iter().cloned());
    world.refresh_faults();
}

fn build(of: &Furnishing, estate: &mut Estate, env: &mut Env) -> Result<(), String> {
    for group in &of.log_groups {
        estate.logs.ensure_group(env, &group.name);
        if let Some(days) = group.retention_days {
            estate.logs.retain_for(&group.name, days);
        }
    }
    for name in of.clusters.iter().chain(of.services.iter().map(|s| &s.cluster)) {
        ecs::stand_cluster(estate, env, name).map_err(|e| format!("clusters: {name}: {}", e.message))?;
    }
    for (index, definition) in of.task_definitions.iter().enumerate() {
        ecs::stand_task_definition(estate, env, definition)
            .map_err(|e| format!("task_definitions[{index}]: {}", e.message))?;
    }
    if let Some(network) = &of.network {
        estate.network.add(env, network);
        let known = estate.network.subnets.iter().map(|s| (s.id.clone(), (s.zone.clone(), s.cidr.clone())));
        env.subnets.extend(known);
    }
    for database in &of.databases {
        estate.databases.stand(env, database)?;
    }
    estate.balancing.stand(env, &of.target_groups, &of.load_balancers)?;
    for metric in &of.metrics {
        estate.metrics.set(env, metric);
    }
    for secret in &of.secrets {
        secrets::stand(&mut estate.secrets, env, secret)?;
    }
    for parameter in &of.parameters {
        parameters::stand(&mut estate.parameters, env, parameter)?;
    }
    if let Some(apprunner) = &of.apprunner {
        apprunner::stand(estate, env, apprunner)?;
    }
    for service in &of.services {
        let mut input = Value::Object(service.create.clone());
        input["cluster"] = json!(service.cluster);
        input["serviceName"] = json!(service.name);
        input["taskDefinition"] = json!(service.task_definition);
        input["desiredCount"] = json!(service.desired);
        ecs::stand_service(estate, env, &input)
            .map_err(|e| format!("services: {}: {}", service.name, e.message))?;
    }
    Ok(())
}

fn trial(of: &Furnishing) -> Env {
    let mut env = World::new(0).env;
    (env.account, env.region) = (of.account.clone(), of.region.clone());
    env
}

fn is_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}
