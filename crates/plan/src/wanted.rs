//! What must exist in an account before a run, by what the steps of a plan say.

use crate::{Action, Plan, Role, Span, Step, render};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// An ECS cluster.
    Cluster,
    /// A service of an ECS cluster.
    Service,
    /// A family of task definitions.
    Family,
    /// A log group.
    LogGroup,
    /// A service of App Runner.
    AppService,
    /// A secret of Secrets Manager.
    Secret,
    /// A parameter of Parameter Store.
    Parameter,
    /// A database of RDS.
    Database,
    /// A cluster of databases.
    DatabaseCluster,
    /// An image in a registry of the account, by its whole reference.
    Image,
}

impl Thing {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Cluster => "ECS cluster",
            Self::Service => "service",
            Self::Family => "family of task definitions",
            Self::LogGroup => "log group",
            Self::AppService => "App Runner service",
            Self::Secret => "secret",
            Self::Parameter => "parameter",
            Self::Database => "database",
            Self::DatabaseCluster => "database cluster",
            Self::Image => "image",
        }
    }
}

/// A thing that a step works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is.
    pub thing: Thing,
    /// Its name: never an ARN, never a template.
    pub name: String,
    /// Cluster of a service.
    pub within: Option<String>,
    /// Where the first step that works with it names it.
    pub span: Span,
    /// An earlier step may make it: a script, or Terraform.
    pub perhaps_made: bool,
    /// A database must be reachable by the Data API.
    pub data_api: bool,
    /// What the step expects of a database; null for everything else.
    pub expect: Value,
}

/// Every thing once, in order of the file. Values that are known only in the run are left out, as is what an earlier step makes.
pub fn wanted(plan: &Plan, text: &str) -> Vec<Wanted> {
    let vars: Map<String, Value> =
        plan.vars.iter().filter_map(|var| Some((var.name.clone(), var.default.clone()?))).collect();
    let mut gatherer = Gatherer {
        text,
        context: json!({ "vars": vars }),
        found: Vec::new(),
        seen: BTreeSet::new(),
        perhaps_made: false,
    };
    let walked = plan.stages.iter().filter(|stage| !matches!(stage.role, Role::Rollback | Role::Reference));
    for step in walked.flat_map(|stage| &stage.steps) {
        gatherer.action(step, &step.action);
        step.after.iter().for_each(|check| gatherer.action(step, &check.action));
        gatherer.made(step);
    }
    gatherer.found
}

struct Gatherer<'t> {
    text: &'t str,
    context: Value,
    found: Vec<Wanted>,
    seen: BTreeSet<(Thing, Option<String>, String)>,
    perhaps_made: bool,
}

impl Gatherer<'_> {
    fn action(&mut self, step: &Step, action: &Action) {
        let (with, uses) = (&action.with, action.uses.as_str());
        let absent = ["exists", "exist"]
            .iter()
            .any(|key| action.expect.get(key).and_then(Value::as_bool) == Some(false));
        if uses == "soak" {
            let checks = with.get("checks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            for check in checks {
                let uses = check.get("uses").and_then(Value::as_str).unwrap_or_default().to_owned();
                let value = |key: &str| check.get(key).cloned().unwrap_or_default();
                self.action(
                    step,
                    &Action { uses, with: value("with"), expect: value("expect"), script: None },
                );
            }
        }
        if absent {
            return;
        }
        let family = uses.split_once('.').map_or(uses, |(family, _)| family);
        match family {
            "ecs" | "logs" => {
                self.want(step, Thing::Cluster, self.text_of(with.get("cluster")), None);
                if uses != "ecs.create" {
                    let cluster = self.text_of(with.get("cluster"));
                    self.want(step, Thing::Service, self.text_of(with.get("service")), cluster);
                }
                if uses != "ecs.register" {
                    let definition = self.text_of(with.get("task_definition"));
                    let family = definition.map(|name| name.split(':').next().unwrap_or_default().to_owned());
                    self.want(step, Thing::Family, family, None);
                }
                self.want(step, Thing::LogGroup, self.text_of(with.get("group")), None);
                self.each(step, Thing::LogGroup, with.get("groups"));
            }
            "apprunner" => self.want(step, Thing::AppService, self.text_of(with.get("service")), None),
            "secrets" => {
                self.each(step, Thing::Secret, with.get("secrets"));
                self.each(step, Thing::Parameter, with.get("parameters"));
            }
            "rds" => {
                self.want(step, Thing::Database, self.text_of(with.get("database")), None);
                self.want(step, Thing::DatabaseCluster, self.text_of(with.get("cluster")), None);
                let api = action.expect.get("data_api").and_then(Value::as_bool) == Some(true)
                    || action.expect.get("reachable_from").and_then(Value::as_str) == Some("console");
                if let Some(last) = self
                    .found
                    .last_mut()
                    .filter(|last| matches!(last.thing, Thing::Database | Thing::DatabaseCluster))
                {
                    last.data_api |= api;
                    if last.expect.is_null() {
                        last.expect = render(&action.expect, &self.context).unwrap_or_default();
                    }
                }
            }
            "schema" => {
                self.want(step, Thing::DatabaseCluster, self.text_of(with.get("cluster")), None);
                if let Some(last) = self.found.last_mut().filter(|last| last.thing == Thing::DatabaseCluster)
                {
                    last.data_api = true;
                }
                self.want(step, Thing::Secret, self.text_of(with.get("secret")), None);
            }
            "image" => {
                for key in ["image", "from"] {
                    let image = self.text_of(with.get(key)).filter(|image| image.contains(".dkr.ecr."));
                    self.want(step, Thing::Image, image, None);
                }
            }
            _ => {}
        }
    }

    fn each(&mut self, step: &Step, thing: Thing, list: Option<&Value>) {
        for one in list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
            self.want(step, thing, self.text_of(Some(one)), None);
        }
    }

    /// A text as far as variables' defaults make it known.
    fn text_of(&self, value: Option<&Value>) -> Option<String> {
        let rendered = render(value?, &self.context).ok()?;
        rendered.as_str().filter(|text| !text.is_empty() && !text.starts_with("arn:")).map(str::to_owned)
    }

    fn want(&mut self, step: &Step, thing: Thing, name: Option<String>, within: Option<String>) {
        let Some(name) = name else { return };
        if !self.seen.insert((thing, within.clone(), name.clone())) {
            return;
        }
        let Span { start, end } = step.span;
        let at = self.text.get(start..end).and_then(|text| text.find(&name));
        let span = at.map_or(Span { start, end: start }, |at| Span {
            start: start + at,
            end: start + at + name.len(),
        });
        self.found.push(Wanted {
            thing,
            name,
            within,
            span,
            perhaps_made: self.perhaps_made,
            data_api: false,
            expect: Value::Null,
        });
    }

    /// What is there once the step has run.
    fn made(&mut self, step: &Step) {
        let with = &step.action.with;
        let new = match step.action.uses.as_str() {
            "ecs.create" => self
                .text_of(with.get("service"))
                .map(|name| (Thing::Service, self.text_of(with.get("cluster")), name)),
            "ecs.register" => {
                self.text_of(with.pointer("/definition/family")).map(|name| (Thing::Family, None, name))
            }
            "apprunner.create" => self.text_of(with.get("name")).map(|name| (Thing::AppService, None, name)),
            "express.deploy" => {
                let cluster = self.text_of(with.get("cluster")).unwrap_or_else(|| "default".to_owned());
                self.text_of(with.get("name")).map(|name| (Thing::Service, Some(cluster), name))
            }
            "image.build" | "image.mirror" => {
                let tags = with.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let to = self.text_of(with.get("to"));
                let images: Vec<String> =
                    tags.iter().filter_map(|tag| self.text_of(Some(tag))).chain(to).collect();
                self.seen.extend(images.into_iter().map(|image| (Thing::Image, None, image)));
                None
            }
            "terraform.apply" | "manual" | "http.request" => {
                self.perhaps_made = true;
                None
            }
            "shell" => {
                self.perhaps_made |= step.effect.changes();
                None
            }
            _ => None,
        };
        self.seen.extend(new);
    }
}
