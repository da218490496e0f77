//! The practice account as it stood before the deployment: the world file beside the plan, else made from the plan.
//!
//! What is made from the plan alone answers as the plan expects; what is judged of it is marked *assumed*.

mod account;

use super::apprunner::Apps;
use account::Account;
use holdpoint_plan::kinds::{EcsCheckExpect, HeaderRule, RedirectRule, Soak};
use holdpoint_plan::{Action, Plan, Target, render};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use url::Url;

/// A practice world.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// What the simulator is furnished with.
    pub json: Value,
    /// It was made from the plan's own expectations: answers of it prove nothing about the real thing.
    pub assumed: bool,
}

/// Why there is no world.
#[derive(Debug, thiserror::Error)]
pub enum FurnishError {
    /// The world file cannot be read.
    #[error("the practice world {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// Plan and world file disagree.
    #[error(
        "the practice world {path} is of {found}, the plan's target is {expected}: let both name the same"
    )]
    OtherTarget {
        /// The file.
        path: PathBuf,
        /// Of the world.
        found: String,
        /// Of the plan.
        expected: String,
    },
}

/// Account of a plan without a target.
const ACCOUNT: &str = "111122223333";

/// The world of a plan at `path`: `<name>.world.json` beside `<name>.plan.md` when it is there, with the plan's target
/// and two people where it says nothing; else one made from everything that the plan names.
pub fn furnish(plan: &Plan, path: &Path) -> Result<World, FurnishError> {
    let file = beside(path);
    let written = match std::fs::read(&file) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(FurnishError::Unreadable { path: file, why: error.to_string() }),
    };
    let Some(bytes) = written else {
        let mut json = derive(plan);
        complete(&mut json, plan.target.as_ref());
        return Ok(World { json: Value::Object(json), assumed: true });
    };
    let mut json: Map<String, Value> = serde_json::from_slice(&bytes)
        .map_err(|error| FurnishError::Unreadable { path: file.clone(), why: error.to_string() })?;
    complete(&mut json, plan.target.as_ref());
    if let Some(target) = &plan.target {
        for (member, expected) in [("account", &target.account), ("region", &target.region)] {
            let found = json[member].as_str().unwrap_or_default();
            if found != expected {
                let (found, expected) = (format!("{member} {found}"), format!("{member} {expected}"));
                return Err(FurnishError::OtherTarget { path: file, found, expected });
            }
        }
    }
    Ok(World { json: Value::Object(json), assumed: false })
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(".md").unwrap_or(&name);
    let stem = stem.strip_suffix(".plan").unwrap_or(stem);
    path.with_file_name(format!("{stem}.world.json"))
}

fn complete(json: &mut Map<String, Value>, target: Option<&Target>) {
    let mut put = |member: &str, value: Value| {
        json.entry(member).or_insert(value);
    };
    put("account", json!(target.map_or(ACCOUNT, |target| &target.account)));
    put("region", json!(target.map_or("eu-west-1", |target| &target.region)));
    put("role", json!(target.and_then(|target| target.role.as_deref()).unwrap_or("Deployer")));
    put("people", json!([{"name": "practice.operator"}, {"name": "practice.second"}]));
}

/// Everything that a plan names, as far as it can be known before the run.
#[derive(Default)]
struct Named {
    /// Service by cluster and name: tasks wanted, family.
    services: BTreeMap<(String, String), (u32, Option<String>)>,
    created: BTreeSet<(String, String)>,
    groups: BTreeSet<String>,
    /// Containers that `set` names, by family.
    families: BTreeMap<String, BTreeSet<String>>,
    routes: BTreeMap<String, Vec<Value>>,
    lines: BTreeMap<String, Vec<String>>,
    /// Lines that must come in an order, by group: they are logged before the others.
    ordered: BTreeMap<String, Vec<String>>,
    apps: Apps,
    account: Account,
}

fn derive(plan: &Plan) -> Map<String, Value> {
    let vars: Map<String, Value> =
        plan.vars.iter().filter_map(|var| Some((var.name.clone(), var.default.clone()?))).collect();
    let context = json!({"vars": vars});
    let mut named = Named::default();
    for step in plan.steps() {
        named.look(&step.action, &context);
        for check in &step.after {
            named.look(&check.action, &context);
        }
        if let Some(undo) = &step.undo {
            named.look(undo, &context);
        }
    }
    let apps = named.apps.world(
        plan.target.as_ref().map_or(ACCOUNT, |target| &target.account),
        plan.target.as_ref().map_or("eu-west-1", |target| &target.region),
    );
    let mut world = named.world();
    if !apps.is_null() {
        world.insert("apprunner".into(), apps);
    }
    world
}

impl Named {
    fn look(&mut self, action: &Action, context: &Value) {
        let with = known(&action.with, context);
        let expect = known(&action.expect, context);
        let text = |member: &str| with[member].as_str().map(str::to_owned);
        let service = text("cluster").zip(text("service"));
        self.apps.look(&action.uses, &with, &expect);
        self.account.look(&action.uses, &with, &expect);
        match action.uses.as_str() {
            "ecs.create" => self.created.extend(service),
            "ecs.deploy" | "ecs.check" | "ecs.scale" | "ecs.wait" | "ecs.rollback" => {
                let Some(service) = service else { return };
                let entry = self.services.entry(service).or_insert((1, None));
                if let Ok(expect) = holdpoint_plan::typed::<EcsCheckExpect>(&expect) {
                    entry.0 = expect.desired.or(expect.running).unwrap_or(entry.0);
                }
                if let Some(definition) = text("task_definition") {
                    entry.1 = Some(family(&definition).to_owned());
                }
            }
            "ecs.register" => {
                if let Some(from) = text("from") {
                    let containers =
                        with["set"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
                    self.families.entry(family(&from).to_owned()).or_default().extend(containers);
                }
                self.look_for_groups(&with);
            }
            "logs.expect" => {
                let Some(group) = text("group") else { return };
                let texts = |member: &str| -> Vec<String> {
                    let texts = expect[member].as_array().into_iter().flatten();
                    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
                };
                let ordered = self.ordered.entry(group.clone()).or_default();
                for text in texts("in_order") {
                    if !ordered.contains(&text) {
                        ordered.push(text);
                    }
                }
                self.lines.entry(group.clone()).or_default().extend(texts("contains"));
                self.groups.insert(group);
            }
            "http.check" | "http.request" => self.look_at_address(&with, &expect),
            "soak" => {
                for check in holdpoint_plan::typed::<Soak>(&with).map(|soak| soak.checks).unwrap_or_default()
                {
                    let (with, expect) = (Value::Object(check.with), Value::Object(check.expect));
                    self.look(&Action { uses: check.uses, with, expect, script: None }, context);
                }
            }
            _ => {}
        }
    }

    fn look_at_address(&mut self, with: &Value, expect: &Value) {
        let Some(url) = with["url"].as_str().and_then(|url| Url::parse(url).ok()) else { return };
        let Some(host) = url.host_str() else { return };
        let status = expect["status"].as_u64().or_else(|| expect["status"][0].as_u64()).unwrap_or(200);
        let mut route = json!({"path": url.path(), "status": status});
        if let Some(json) = expect.get("json") {
            route["json"] = json.clone();
        } else if let Some(text) = expect["body_contains"].as_array() {
            let text: Vec<&str> = text.iter().filter_map(Value::as_str).collect();
            route["text"] = json!(text.join("\n"));
        }
        let headers = expect["headers"].as_object().into_iter().flatten().filter_map(|(name, rule)| {
            let value = match rule {
                Value::String(value) => value.clone(),
                Value::Bool(true) => "practice".to_owned(),
                Value::Number(value) => value.to_string(),
                Value::Null | Value::Bool(false) | Value::Array(_) | Value::Object(_) => return None,
            };
            Some((name.clone(), Value::String(value)))
        });
        let mut headers: Map<String, Value> = headers.collect();
        if let Some(location) = location(expect) {
            headers.insert("location".into(), json!(location));
        }
        route["headers"] = Value::Object(headers);
        let refused = expect["origin_refused"] == true;
        if let Some(origin) = with["preflight"]["origin"].as_str().filter(|_| !refused) {
            let method = with["preflight"]["method"].as_str().unwrap_or("GET");
            let headers = with["preflight"]["headers"].as_array().cloned().unwrap_or_default();
            route["cors"] = json!({"origins": [origin], "methods": [method], "headers": headers});
        }
        self.routes.entry(host.to_owned()).or_default().push(route);
    }

    fn look_for_groups(&mut self, with: &Value) {
        let containers = with["definition"]["containerDefinitions"].as_array().into_iter().flatten();
        let groups = containers.filter_map(|container| {
            container["logConfiguration"]["options"]["awslogs-group"].as_str().map(str::to_owned)
        });
        self.groups.extend(groups);
    }

    fn world(mut self) -> Map<String, Value> {
        let standing: Vec<_> =
            self.services.iter().filter(|(service, _)| !self.created.contains(*service)).collect();
        let mut definitions = BTreeMap::new();
        let mut services = Vec::new();
        let mut behaviours = Vec::new();
        for ((cluster, name), (desired, family)) in &standing {
            let family = family.clone().unwrap_or_else(|| name.clone());
            let containers = self.families.remove(&family).unwrap_or_default();
            let group = self.lines.keys().find(|group| group.contains(name.as_str())).cloned();
            let group = group.unwrap_or_else(|| format!("/ecs/{name}"));
            self.groups.insert(group.clone());
            definitions.insert(family.clone(), definition(&family, &containers, &group));
            services.push(json!({"cluster": cluster, "name": name, "task_definition": family, "desired": desired,
                "create": {"launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-practice"]}}}}));
        }
        for (family, containers) in &self.families {
            let group = format!("/ecs/{family}");
            self.groups.insert(group.clone());
            definitions.entry(family.clone()).or_insert_with(|| definition(family, containers, &group));
        }
        let lines = self.ordered.values().chain(self.lines.values()).flatten();
        let lines: Vec<Value> = lines.map(|line| json!({"after": 1.0, "line": line})).collect();
        if !lines.is_empty() {
            behaviours.push(json!({"match": {}, "behaviour": {"logs": lines}}));
        }
        let of_ecs = standing.first().map(|(service, _)| *service).or_else(|| self.created.first());
        let of_ecs = of_ecs.map(|(cluster, service)| json!({"cluster": cluster, "service": service}));
        let serves = of_ecs.or_else(|| self.apps.first().map(|service| json!({"service": service})));
        let mut hosts = Vec::new();
        if let Some(serves) = serves {
            let routes: Vec<Value> = self.routes.values().flatten().cloned().collect();
            if !routes.is_empty() {
                behaviours
                    .push(json!({"match": {"service": serves["service"]}, "behaviour": {"routes": routes}}));
            }
            hosts.extend(self.routes.keys().filter(|host| *host != "task").map(|host| {
                let mut place = serves.clone();
                place["host"] = json!(host);
                place
            }));
        }
        let clusters: BTreeSet<&String> =
            self.services.keys().chain(&self.created).map(|(cluster, _)| cluster).collect();
        let world = json!({
            "clusters": clusters,
            "task_definitions": definitions.into_values().collect::<Vec<_>>(),
            "services": services,
            "log_groups": self.groups.iter().map(|group| json!({"name": group})).collect::<Vec<_>>(),
            "hosts": hosts,
            "behaviours": behaviours,
        });
        match world {
            Value::Object(mut world) => {
                self.account.into_world(&mut world);
                world
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Map::new()
            }
        }
    }
}

/// The redirect that a check expects.
fn location(expect: &Value) -> Option<String> {
    let rule: RedirectRule = holdpoint_plan::typed(expect.get("redirect")?).ok()?;
    let host = rule.host.as_deref().or(expect["redirect_host"].as_str())?;
    let scheme = rule.scheme.as_deref().unwrap_or("https");
    let mut url = Url::parse(&format!("{scheme}://{host}{}", rule.path.as_deref().unwrap_or("/"))).ok()?;
    let mut query: BTreeMap<String, String> = BTreeMap::new();
    if rule.pkce {
        // The example of RFC 7636, appendix B.
        query.insert("code_challenge".into(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into());
        query.insert("code_challenge_method".into(), "S256".into());
    }
    if !rule.scopes.is_empty() {
        query.insert("scope".into(), rule.scopes.join(" "));
    }
    if let Some(host) = rule.redirect_uri_host {
        query.insert("redirect_uri".into(), format!("https://{host}/callback"));
    }
    for (name, rule) in rule.query {
        match rule {
            HeaderRule::Is(value) => query.insert(name, value),
            HeaderRule::Present => query.entry(name).or_insert_with(|| "practice".into()).clone().into(),
            HeaderRule::Absent => query.remove(&name),
        };
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Some(url.to_string())
}

/// Rendered as far as it can be: members whose values only a run knows are left out.
fn known(value: &Value, context: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), known(member, context)))
            .filter(|(_, member)| !member.is_null())
            .collect(),
        Value::Array(items) => items.iter().map(|item| known(item, context)).collect(),
        Value::String(_) => render(value, context).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn family(definition: &str) -> &str {
    let name = definition.rsplit('/').next().unwrap_or(definition);
    name.split(':').next().unwrap_or(name)
}

fn definition(family: &str, containers: &BTreeSet<String>, group: &str) -> Value {
    let app = BTreeSet::from(["app".to_owned()]);
    let names = if containers.is_empty() { &app } else { containers };
    let containers = names.iter().map(|name| {
        json!({
            "name": name, "image": format!("practice.example/{family}:before"), "essential": true,
            "portMappings": [{"containerPort": 8080}],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": group, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "practice"}},
        })
    });
    json!({
        "family": family, "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/practice"),
        "containerDefinitions": containers.collect::<Vec<_>>(),
    })
}
