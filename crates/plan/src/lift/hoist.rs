//! Values that several steps name become variables of the plan, so that each is said once.

use super::named::{pieces, speaks_for_itself};
use super::values::var_name;
use super::verdict::{Lifted, NewVar};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How often a value must be named.
const ENOUGH: usize = 2;

/// A value that stands in several steps, by what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Cluster,
    Service,
    Arn,
    /// The beginning of an address: scheme and host.
    Url,
    /// The registry of an image.
    Registry,
}

/// Makes variables of clusters, services, ARNs, addresses and registries that at least two of the steps name, and lets the
/// steps refer to them. `taken` are the variables that the plan has; a value that one of them has already is referred to by
/// its name. Gives the new ones.
pub fn hoist(steps: &mut [&mut Lifted], taken: &[NewVar]) -> Vec<NewVar> {
    let names = shared(steps.iter().map(|step| &step.with), taken, &|_| true, &|_| false);
    for step in steps.iter_mut() {
        for name in names.refer(&mut step.with) {
            let var = names.made.iter().chain(taken).find(|var| var.name == name);
            if let Some(var) = var.filter(|_| !step.vars.iter().any(|known| known.name == name)) {
                step.vars.push(var.clone());
            }
        }
    }
    names.made
}

/// Values that got a name.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// New variables of the plan.
    pub(crate) made: Vec<NewVar>,
    names: BTreeMap<(What, String), String>,
}

impl Shared {
    /// Lets the arguments of a step refer to the variables; the names of those that they come to refer to.
    pub(crate) fn refer(&self, with: &mut Map<String, Value>) -> Vec<String> {
        let mut used: Vec<String> = Vec::new();
        for (name, value) in with {
            replace(name, value, &self.names, &mut used);
        }
        used
    }

    /// Lets a value refer to the variable that it is equal to: what a script is handed by its environment.
    pub(crate) fn refer_whole(&self, value: &mut Value) {
        let Value::String(text) = value else { return };
        if let Some(((_, _), name)) = self.names.iter().find(|((_, own), _)| own == text) {
            *text = format!("{{{{ vars.{name} }}}}");
        }
    }

    /// Lets a text for a person refer to the variables that it names, so that it says the same. A text with marks of a template
    /// in it stays as it is.
    pub(crate) fn refer_in(&self, text: &mut String) {
        if ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
            return;
        }
        let (mut written, mut from) = (String::new(), 0);
        for piece in pieces(text) {
            let named = piece.flagged || speaks_for_itself(piece.text);
            let name =
                self.names.iter().find(|((_, own), _)| own == piece.text && named).map(|(_, name)| name);
            if let Some(name) = name.filter(|_| piece.at >= from) {
                written.push_str(text.get(from..piece.at).unwrap_or_default());
                written.push_str(&format!("{{{{ vars.{name} }}}}"));
                from = piece.at + piece.text.len();
            }
        }
        if from > 0 {
            written.push_str(text.get(from..).unwrap_or_default());
            *text = written;
        }
    }
}

/// The values that at least two of the arguments name, or one and something `beside` them, if they may have a name.
pub(crate) fn shared<'w>(
    steps: impl Iterator<Item = &'w Map<String, Value>>,
    taken: &[NewVar],
    may: &dyn Fn(&str) -> bool,
    beside: &dyn Fn(&str) -> bool,
) -> Shared {
    let mut found: BTreeMap<(What, String), usize> = BTreeMap::new();
    for with in steps {
        let mut own: Vec<(What, String)> = Vec::new();
        for (name, value) in with {
            look(name, value, &mut |what, text| own.push((what, text.to_owned())));
        }
        own.sort();
        own.dedup();
        for one in own {
            *found.entry(one).or_default() += 1;
        }
    }
    let open = taken.iter().filter(|var| !var.secret);
    let mut by_value: HashMap<&str, &str> = HashMap::new();
    for (var, value) in open.filter_map(|var| Some((var, var.default.as_deref()?))) {
        by_value.entry(value).or_insert(&var.name);
    }
    let mut names = Free::of(taken);
    let mut shared = Shared::default();
    for ((what, text), count) in found {
        if (count < ENOUGH && !beside(&text)) || !may(&text) {
            continue;
        }
        let name = match by_value.get(text.as_str()) {
            Some(name) => (*name).to_owned(),
            None => {
                let name = names.take(base_name(what, &text));
                shared.made.push(NewVar {
                    name: name.clone(),
                    default: Some(text.clone()),
                    secret: false,
                    description: Some(describe(what).to_owned()),
                });
                name
            }
        };
        shared.names.insert((what, text), name);
    }
    shared
}

/// Names that are not taken yet.
struct Free {
    taken: HashSet<String>,
    /// The number that was last tried for a name.
    tried: HashMap<String, usize>,
}

impl Free {
    fn of(taken: &[NewVar]) -> Self {
        Self { taken: taken.iter().map(|var| var.name.clone()).collect(), tried: HashMap::new() }
    }

    /// The name, or the first of it with a number that is free. Names stay taken, so that none is tried twice.
    fn take(&mut self, base: String) -> String {
        let tried = self.tried.entry(base.clone()).or_default();
        loop {
            *tried += 1;
            let name = if *tried == 1 { base.clone() } else { format!("{base}_{tried}") };
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// The values of an argument that may be hoisted.
fn look(name: &str, value: &Value, found: &mut dyn FnMut(What, &str)) {
    match value {
        Value::String(text) => {
            if let Some((what, part)) = part_of(name, text) {
                found(what, part);
            }
        }
        Value::Array(list) if matches!(name, "tags" | "secrets") => {
            list.iter().for_each(|item| look(name, item, found))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
    }
}

fn replace(name: &str, value: &mut Value, names: &BTreeMap<(What, String), String>, used: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let Some((what, part)) = part_of(name, text) else { return };
            let Some(variable) = names.get(&(what, part.to_owned())) else { return };
            let rest = text.get(part.len()..).unwrap_or_default().to_owned();
            *text = format!("{{{{ vars.{variable} }}}}{rest}");
            used.push(variable.clone());
        }
        Value::Array(list) if matches!(name, "tags" | "secrets") => {
            list.iter_mut().for_each(|item| replace(name, item, names, used));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {}
    }
}

/// What of a text, from its beginning, may be hoisted. Texts with templates have been, or stand for themselves.
fn part_of<'t>(name: &str, text: &'t str) -> Option<(What, &'t str)> {
    let plain = |part: &str| !part.is_empty() && !part.contains("{{");
    let whole = |what: What| plain(text).then_some((what, text));
    match name {
        _ if text.starts_with("arn:") && !matches!(name, "image" | "url") => whole(What::Arn),
        "cluster" => whole(What::Cluster),
        "service" => whole(What::Service),
        "url" => {
            let host = text.split_once("://")?.1;
            let host = host.split(['/', '?', '#']).next()?;
            let end = text.find(host)? + host.len();
            text.get(..end).filter(|part| plain(part)).map(|part| (What::Url, part))
        }
        "image" | "from" | "to" | "tags" => {
            let (host, _) = text.split_once('/')?;
            (host.contains(".dkr.ecr.") && plain(host)).then_some((What::Registry, host))
        }
        _ => None,
    }
}

fn base_name(what: What, text: &str) -> String {
    match what {
        What::Cluster => "cluster".to_owned(),
        What::Service => match var_name(text) {
            name if name.ends_with("_service") => name,
            name => format!("{name}_service"),
        },
        What::Registry => "registry".to_owned(),
        What::Arn => {
            let resource = text.rsplit(':').next().unwrap_or(text);
            let mut parts = resource.split('/').filter(|part| !part.is_empty());
            let (first, second) = (parts.next().unwrap_or(resource), parts.next());
            format!("{}_arn", var_name(second.unwrap_or(first)))
        }
        What::Url => {
            let host = text.split_once("://").map_or(text, |(_, host)| host);
            format!("{}_url", var_name(host.split(['.', ':']).next().unwrap_or(host)))
        }
    }
}

fn describe(what: What) -> &'static str {
    match what {
        What::Cluster => "Cluster",
        What::Service => "Service",
        What::Arn => "ARN",
        What::Url => "Address",
        What::Registry => "Registry of the images",
    }
}

#[cfg(test)]
mod tests {
    use super::shared;
    use serde_json::{Map, Value, json};

    /// What refers to variables says, with their values put in, what it said before.
    #[test]
    fn names_put_back_give_the_same_bytes() {
        let steps = [
            json!({ "cluster": "shop-prod", "service": "api", "image": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/api:1" }),
            json!({ "cluster": "shop-prod", "service": "api-service", "url": "https://api.shop.example/health?a=1" }),
            json!({ "url": "https://api.shop.example", "tags": ["111122223333.dkr.ecr.eu-central-1.amazonaws.com/api:2"] }),
            json!({ "service": "api-service", "role": "arn:aws:iam::111122223333:role/run" }),
        ];
        let told = "aws ecs wait services-stable --cluster shop-prod --services 'api-service' # shop-prod\ncurl https://api.shop.example/x";
        let steps: Vec<Map<String, Value>> = steps.iter().filter_map(Value::as_object).cloned().collect();
        let found = shared(steps.iter(), &[], &|_| true, &|value| value.starts_with("arn:"));
        assert_eq!(found.made.len(), 5, "{:?}", found.made);
        let back = |text: String| {
            found.made.iter().fold(text, |text, var| {
                text.replace(
                    &format!("{{{{ vars.{} }}}}", var.name),
                    var.default.as_deref().unwrap_or_default(),
                )
            })
        };
        for step in steps {
            let mut other = step.clone();
            assert!(!found.refer(&mut other).is_empty() && other != step);
            assert_eq!(back(json!(other).to_string()), json!(step).to_string());
        }
        let mut other = told.to_owned();
        found.refer_in(&mut other);
        assert_eq!(other.matches("{{ vars.").count(), 3, "{other}");
        assert_eq!(back(other), told);
        let mut kept = "${#list} --cluster shop-prod".to_owned();
        found.refer_in(&mut kept);
        assert_eq!(kept, "${#list} --cluster shop-prod");
    }
}
