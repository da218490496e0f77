//! The host map: names that lead to services, and what their containers answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::apprunner;
use crate::apprunner::model::Service;
use crate::behaviour::{Cors, Route};
use crate::ecs::model::{Task, TaskStatus};
use crate::ecs::stages;
use crate::images::Reference;
use crate::world::World;

/// A name and the service that it leads to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Host {
    pub(crate) host: String,
    #[serde(default = "default_cluster")]
    pub(crate) cluster: String,
    pub(crate) service: String,
    /// It leads where the test traffic of a deployment goes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) test: bool,
}

fn default_cluster() -> String {
    "default".to_owned()
}

/// All names.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    /// Name to account, region, and where it leads.
    map: BTreeMap<String, (String, String, Host)>,
}

impl Hosts {
    pub(crate) fn put(&mut self, account: &str, region: &str, host: &Host) {
        let place = (account.to_owned(), region.to_owned(), host.clone());
        self.map.insert(host.host.to_ascii_lowercase(), place);
    }

    /// Name, cluster and service of each.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.map
            .iter()
            .map(|(name, (_, _, host))| (name.as_str(), host.cluster.as_str(), host.service.as_str()))
    }

    fn knows(&self, name: &str) -> bool {
        self.map.contains_key(&name.to_ascii_lowercase())
    }
}

/// Whether a name leads to a service: one of the map, an address that App Runner gave out, or one of a task.
pub(crate) fn knows(world: &World, name: &str) -> bool {
    world.hosts.knows(name) || is_app_runner(name) || at_address(world, name).is_some()
}

/// The value of an environment variable, by its name.
type Variable<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;

/// What answers a request: a container of ECS or of App Runner.
struct Served<'a> {
    service: &'a str,
    revision: String,
    task: &'a str,
    image: &'a str,
    digest: &'a str,
    routes: Option<&'a Vec<Route>>,
    variable: Variable<'a>,
}

/// What a browser or check asks.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    /// Lower-case names.
    pub(crate) headers: &'a [(String, String)],
}

/// What it gets.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) wait_ms: u64,
}

/// Which requests were answered so far; it is no part of the world, since nothing else depends on it.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    turns: BTreeMap<String, usize>,
    /// Task and route.
    warm: std::collections::BTreeSet<(String, usize)>,
}

/// Answers a request to a host of the map, or of App Runner.
pub(crate) fn answer(world: &World, traffic: &mut Traffic, asked: &Asked<'_>) -> Answer {
    let name = asked.host.to_ascii_lowercase();
    let Some((account, region, Host { cluster, service, test, .. })) = world.hosts.map.get(&name) else {
        if let Some(task) = at_address(world, &name) {
            return from_task(traffic, asked, task);
        }
        if !is_app_runner(&name) {
            return failure(404, &format!("no host {name} in the simulator's host map"));
        }
        let found = world.estates.values().find_map(|estate| apprunner::by_url(estate, &name));
        return from_app_runner(traffic, asked, found);
    };
    let estate = world.estates.get(&(account.clone(), region.clone()));
    let of_ecs =
        estate.and_then(|e| e.ecs.clusters.get(cluster)).filter(|c| c.services.contains_key(service));
    let Some(cluster) = of_ecs else {
        let found = estate.and_then(|estate| apprunner::by_name(estate, service));
        if found.is_some() {
            return from_app_runner(traffic, asked, found);
        }
        return failure(502, &format!("host {name} leads to service {service}, which does not exist"));
    };
    let fit: Vec<&Task> = cluster
        .tasks
        .iter()
        .filter(|t| t.service.as_ref() == Some(service) && t.status == TaskStatus::Running && t.healthy)
        .collect();
    let turn = traffic.turns.entry(name).or_default();
    *turn += 1;
    let fit = stages::serving(&cluster.services[service], fit, *turn, *test);
    if fit.is_empty() {
        return failure(503, &format!("service {service} has no running, healthy task"));
    }
    let task = fit[*turn % fit.len()];
    from_task(traffic, asked, task)
}

/// The running task that has this address. Who reaches it in a VPC is not simulated: security groups let everybody in.
fn at_address<'a>(world: &'a World, name: &str) -> Option<&'a Task> {
    name.parse::<std::net::IpAddr>().ok()?;
    let tasks = world.estates.values().flat_map(|e| e.ecs.clusters.values()).flat_map(|c| &c.tasks);
    tasks
        .filter(|t| t.status == TaskStatus::Running && t.connected_at.is_some())
        .find(|t| t.ip == name || t.public_ip.as_deref() == Some(name))
}

fn from_task(traffic: &mut Traffic, asked: &Asked<'_>, task: &Task) -> Answer {
    let service = task.service.as_deref().unwrap_or_default();
    let main = task.task_definition.main_container();
    let (container, definition) = (&task.containers[main], &task.task_definition.containers()[main]);
    let served = Served {
        service,
        revision: task.task_definition.short(),
        task: &task.id,
        image: &container.image,
        digest: &container.digest,
        routes: container.behaviour.routes.as_ref(),
        variable: Box::new(|wanted| {
            let pairs = definition["environment"].as_array()?;
            pairs.iter().find(|p| p["name"] == wanted)?["value"].as_str().map(str::to_owned)
        }),
    };
    from_container(traffic, asked, &served)
}

/// A name that App Runner gives out, to whichever service.
fn is_app_runner(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".awsapprunner.com")
}

/// A service that serves nothing, or only inside of a VPC, is not found from here: the proxy before it answers 404.
/// (To be confirmed for private ones.)
fn from_app_runner(traffic: &mut Traffic, asked: &Asked<'_>, service: Option<&Service>) -> Answer {
    let serving = service.filter(|s| s.is_public()).and_then(|s| Some((s, s.serving.as_ref()?)));
    let Some((service, instance)) = serving else {
        let headers = vec![("server".to_owned(), "envoy".to_owned())];
        return Answer { status: 404, headers, body: Vec::new(), wait_ms: 0 };
    };
    let served = Served {
        service: &service.name,
        revision: instance.digest.clone(),
        task: &instance.id,
        image: &instance.image,
        digest: &instance.digest,
        routes: instance.behaviour.routes.as_ref(),
        variable: Box::new(|wanted| apprunner::environment(instance, wanted)),
    };
    from_container(traffic, asked, &served)
}

fn from_container(traffic: &mut Traffic, asked: &Asked<'_>, served: &Served<'_>) -> Answer {
    let mut answer = from_routes(traffic, asked, served);
    for (header, value) in
        [("x-sim-service", served.service), ("x-sim-revision", &served.revision), ("x-sim-task", served.task)]
    {
        answer.headers.push((header.to_owned(), value.to_owned()));
    }
    answer
}

fn from_routes(traffic: &mut Traffic, asked: &Asked<'_>, served: &Served<'_>) -> Answer {
    let service = served.service;
    let Some(routes) = served.routes else {
        let body =
            json!({"status": "ok", "service": service, "revision": served.revision, "image": served.image});
        return Answer {
            status: 200,
            headers: content_type("application/json"),
            body: body.to_string().into(),
            wait_ms: 0,
        };
    };
    let header = |name: &str| asked.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let path = asked.path.split('?').next().unwrap_or_default();
    let leads_here = |route: &Route| match route.path.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == route.path,
    };
    let origin = header("origin");
    let preflight = header("access-control-request-method").filter(|_| asked.method == "OPTIONS");
    if let Some(method) = preflight {
        let cors = routes.iter().filter(|r| leads_here(r)).find_map(|r| r.cors.as_ref());
        if let Some(cors) = cors.map(|cors| allowing(cors, served)) {
            return preflight_answer(&cors, origin, method, header("access-control-request-headers"));
        }
    }
    let found = routes.iter().enumerate().find(|(_, r)| {
        let admits = |(name, value): (&String, &String)| {
            header(&name.to_ascii_lowercase()) == Some(filled(value, served).as_str())
        };
        leads_here(r)
            && r.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(asked.method))
            && r.requires.iter().all(admits)
    });
    let Some((index, route)) = found else {
        return failure(404, &format!("{service} has no route {} {path}", asked.method));
    };
    let fill = |text: &str| filled(text, served);
    let (kind, body) = match (&route.json, &route.text) {
        (Some(json), _) => ("application/json", filled_value(json, &fill).to_string()),
        (None, Some(text)) => ("text/plain; charset=utf-8", fill(text)),
        (None, None) => ("text/plain; charset=utf-8", String::new()),
    };
    let mut headers = content_type(kind);
    for (name, value) in &route.headers {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name.to_ascii_lowercase(), fill(value)));
    }
    if let Some(cors) = &route.cors {
        headers.extend(cors_headers(&allowing(cors, served), origin));
    }
    let first = traffic.warm.insert((served.task.to_owned(), index));
    Answer {
        status: route.status,
        headers,
        body: if asked.method == "HEAD" { Vec::new() } else { body.into() },
        wait_ms: if first { route.first_ms } else { route.then_ms },
    }
}

/// With `${env.NAME}` and the like filled in among its origins: a variable may list several, with commas.
fn allowing(cors: &Cors, served: &Served<'_>) -> Cors {
    let listed = cors.origins.iter().flat_map(|origin| {
        filled(origin, served).split(',').map(|one| one.trim().to_owned()).collect::<Vec<_>>()
    });
    Cors { origins: listed.collect(), ..cors.clone() }
}

fn preflight_answer(cors: &Cors, origin: Option<&str>, method: &str, asked_headers: Option<&str>) -> Answer {
    let mut headers = cors_headers(cors, origin);
    let allowed_headers = asked_headers
        .into_iter()
        .flat_map(|list| list.split(','))
        .all(|asked| cors.headers.iter().any(|h| h == "*" || h.eq_ignore_ascii_case(asked.trim())));
    let allowed =
        !headers.is_empty() && allowed_headers && cors.methods.iter().any(|m| m == "*" || m == method);
    if !allowed {
        // A refusal is an answer without the headers that would permit: the browser decides.
        return Answer {
            status: 403,
            headers: vec![("vary".into(), "Origin".into())],
            body: Vec::new(),
            wait_ms: 0,
        };
    }
    headers.push(("access-control-allow-methods".into(), cors.methods.join(", ")));
    if !cors.headers.is_empty() {
        headers.push(("access-control-allow-headers".into(), cors.headers.join(", ")));
    }
    if let Some(age) = cors.max_age {
        headers.push(("access-control-max-age".into(), age.to_string()));
    }
    Answer { status: 204, headers, body: Vec::new(), wait_ms: 0 }
}

fn cors_headers(cors: &Cors, origin: Option<&str>) -> Vec<(String, String)> {
    let Some(origin) = origin.filter(|o| cors.origins.iter().any(|a| a == "*" || a == o)) else {
        return Vec::new();
    };
    let any = cors.origins.iter().any(|a| a == "*") && !cors.credentials;
    let mut headers = vec![
        ("access-control-allow-origin".to_owned(), if any { "*".to_owned() } else { origin.to_owned() }),
        ("vary".to_owned(), "Origin".to_owned()),
    ];
    if cors.credentials {
        headers.push(("access-control-allow-credentials".to_owned(), "true".to_owned()));
    }
    headers
}

fn filled_value(value: &Value, fill: &dyn Fn(&str) -> String) -> Value {
    if let Some(text) = value.as_str() {
        return json!(fill(text));
    }
    if let Some(list) = value.as_array() {
        return list.iter().map(|v| filled_value(v, fill)).collect();
    }
    match value.as_object() {
        Some(map) => map.iter().map(|(key, v)| (key.clone(), filled_value(v, fill))).collect(),
        None => value.clone(),
    }
}

/// Fills `${service}`, `${revision}`, `${task}`, `${image}`, `${tag}`, `${digest}`, `${env.NAME}`; others stay as they are.
fn filled(text: &str, served: &Served<'_>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, left)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        let value = match name {
            "service" => Some(served.service.to_owned()),
            "revision" => Some(served.revision.clone()),
            "task" => Some(served.task.to_owned()),
            "image" => Some(served.image.to_owned()),
            "digest" => Some(served.digest.to_owned()),
            "tag" => Reference::parse(served.image).tag,
            other => other.strip_prefix("env.").and_then(|wanted| (served.variable)(wanted)),
        };
        match value {
            Some(value) => out.push_str(&value),
            None => out.push_str(&format!("${{{name}}}")),
        }
        rest = left;
    }
    out.push_str(rest);
    out
}

fn content_type(kind: &str) -> Vec<(String, String)> {
    vec![("content-type".to_owned(), kind.to_owned())]
}

fn failure(status: u16, reason: &str) -> Answer {
    let body = json!({ "error": reason }).to_string().into();
    Answer { status, headers: content_type("application/json"), body, wait_ms: 0 }
}
