//! Task definitions as AWS writes them: the form that is registered, changes to it, its images.

use holdpoint_plan::kinds::{ContainerSet, EcsRegister};
use holdpoint_run::Diagnosis;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Tag that says which attempt of which step registered or created something.
pub(crate) const MARK: &str = "holdpoint:mark";
/// Tag with the digest of what was registered, tags left out.
pub(crate) const CONTENT: &str = "holdpoint:content";
/// Tag of a digest-pinned copy: the revision that it was copied from.
pub(crate) const COPY_OF: &str = "holdpoint:copy-of";

/// Members that DescribeTaskDefinition adds and RegisterTaskDefinition refuses.
const READ_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// The input that would register a described task definition once more, with its own tags but without ours and AWS's.
pub(crate) fn registrable(described: &Value) -> Map<String, Value> {
    let mut input = described["taskDefinition"].as_object().cloned().unwrap_or_default();
    for member in READ_ONLY {
        input.remove(member);
    }
    let own = |tag: &&Value| {
        tag["key"].as_str().is_some_and(|key| !key.starts_with("holdpoint:") && !key.starts_with("aws:"))
    };
    let tags: Vec<Value> = described["tags"].as_array().into_iter().flatten().filter(own).cloned().collect();
    if !tags.is_empty() {
        input.insert("tags".into(), Value::Array(tags));
    }
    input
}

/// Applies a step's changes.
pub(crate) fn change(input: &mut Map<String, Value>, with: &EcsRegister) -> Result<(), Diagnosis> {
    if let Some(family) = &with.family {
        input.insert("family".into(), json!(family));
    }
    if let Some(cpu) = &with.cpu {
        input.insert("cpu".into(), json!(cpu));
    }
    if let Some(memory) = &with.memory {
        input.insert("memory".into(), json!(memory));
    }
    for (key, value) in &with.tags {
        set_tag(input, key, value);
    }
    for (name, set) in &with.set {
        let names: Vec<String> = containers(input).map(|container| text(container, "name")).collect();
        let container = input
            .get_mut("containerDefinitions")
            .and_then(Value::as_array_mut)
            .and_then(|all| all.iter_mut().find(|container| container["name"] == name.as_str()))
            .and_then(Value::as_object_mut);
        let Some(container) = container else {
            return Err(Diagnosis::of(format!("The task definition has no container `{name}`"))
                .hint(format!("Its containers are: {}. Correct `set` in the plan.", names.join(", "))));
        };
        change_container(container, set);
    }
    Ok(())
}

/// Sets or replaces a tag of a registration.
pub(crate) fn set_tag(input: &mut Map<String, Value>, key: &str, value: &str) {
    let tags = input.entry("tags").or_insert_with(|| json!([]));
    if let Some(tags) = tags.as_array_mut() {
        tags.retain(|tag| tag["key"] != key);
        tags.push(json!({"key": key, "value": value}));
    }
}

/// Value of a tag of something described (`tags` beside it) or registered.
pub(crate) fn tag<'a>(holder: &'a Value, key: &str) -> Option<&'a str> {
    holder["tags"].as_array()?.iter().find(|tag| tag["key"] == key)?["value"].as_str()
}

/// SHA-256 of the content that would be registered, tags left out, 40 hex digits: a tag's value stays readable.
pub(crate) fn content_digest(input: &Map<String, Value>) -> String {
    let mut content = input.clone();
    content.remove("tags");
    let mut hex = String::new();
    for byte in Sha256::digest(sorted(&Value::Object(content)).to_string()).iter().take(20) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Image of each container, by the container's name.
pub(crate) fn images(definition: &Map<String, Value>) -> BTreeMap<String, String> {
    containers(definition).map(|container| (text(container, "name"), text(container, "image"))).collect()
}

/// Pins images to digests; containers without a known digest keep their reference.
pub(crate) fn pin_images(input: &mut Map<String, Value>, digests: &BTreeMap<String, String>) {
    let all = input.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    for container in all.into_iter().flatten() {
        let digest = container["name"].as_str().and_then(|name| digests.get(name));
        if let Some(digest) = digest {
            container["image"] = json!(by_digest(container["image"].as_str().unwrap_or_default(), digest));
        }
    }
}

/// `repo@sha256:…` for a reference and its digest; a pinned `repo@digest` is returned as it is.
pub(crate) fn by_digest(image: &str, digest: &str) -> String {
    if digest.contains('@') {
        return digest.to_owned();
    }
    format!("{}@{digest}", repository(image))
}

/// The reference without tag and digest.
pub(crate) fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        // A colon before the last slash belongs to a registry's port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        Some(_) | None => image,
    }
}

/// `linux/amd64`, as in the task definition; Fargate's default when it says nothing.
pub(crate) fn platform(definition: &Map<String, Value>) -> String {
    let asked =
        |member: &str| definition.get("runtimePlatform").and_then(|platform| platform[member].as_str());
    let system = asked("operatingSystemFamily").unwrap_or("LINUX").to_ascii_lowercase();
    let processor = match asked("cpuArchitecture") {
        Some("ARM64") => "arm64",
        Some(_) | None => "amd64",
    };
    format!("{}/{processor}", system.split('_').next().unwrap_or("linux"))
}

/// Log group and stream prefix of a container that logs to CloudWatch Logs with names we can know.
pub(crate) fn log_place(definition: &Map<String, Value>, container: &str) -> Option<(String, String)> {
    let container = containers(definition).find(|found| found["name"] == container)?;
    let log = &container["logConfiguration"];
    if log["logDriver"] != "awslogs" {
        return None;
    }
    let option = |name: &str| log["options"][name].as_str().map(str::to_owned);
    Some((option("awslogs-group")?, option("awslogs-stream-prefix")?))
}

/// The digest in an image's reference.
pub(crate) fn digest_of(image: &str) -> Option<&str> {
    image.rsplit_once('@').map(|(_, digest)| digest)
}

/// `family:revision` of a task definition's ARN.
pub(crate) fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Containers of a definition.
pub(crate) fn containers(definition: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    definition.get("containerDefinitions").and_then(Value::as_array).into_iter().flatten()
}

fn change_container(container: &mut Map<String, Value>, set: &ContainerSet) {
    if let Some(image) = &set.image {
        container.insert("image".into(), json!(image));
    }
    if let Some(command) = &set.command {
        container.insert("command".into(), json!(command));
    }
    if let Some(entry_point) = &set.entry_point {
        container.insert("entryPoint".into(), json!(entry_point));
    }
    if let Some(cpu) = set.cpu {
        container.insert("cpu".into(), json!(cpu));
    }
    if let Some(memory) = set.memory {
        container.insert("memory".into(), json!(memory));
    }
    if !set.environment.is_empty() || !set.environment_remove.is_empty() {
        merge(container, "environment", "value", &set.environment, &set.environment_remove);
    }
    if !set.secrets.is_empty() {
        merge(container, "secrets", "valueFrom", &set.secrets, &[]);
    }
}

fn merge(
    container: &mut Map<String, Value>,
    list: &str,
    member: &str,
    set: &BTreeMap<String, String>,
    remove: &[String],
) {
    let entries = container.entry(list).or_insert_with(|| json!([]));
    let Some(entries) = entries.as_array_mut() else { return };
    entries
        .retain(|entry| !entry["name"].as_str().is_some_and(|name| remove.iter().any(|gone| gone == name)));
    for (name, value) in set {
        match entries.iter_mut().find(|entry| entry["name"] == name.as_str()) {
            Some(entry) => entry[member] = json!(value),
            None => entries.push(json!({"name": name, member: value})),
        }
    }
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> =
                members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lose_tag_and_digest_but_no_port() {
        for (image, repository_) in [
            ("api", "api"),
            ("api:1.4", "api"),
            ("registry.example:5000/api", "registry.example:5000/api"),
            ("registry.example:5000/api:1.4", "registry.example:5000/api"),
            ("registry.example/api:1.4@sha256:ab", "registry.example/api"),
        ] {
            assert_eq!(repository(image), repository_, "{image}");
        }
        assert_eq!(by_digest("r/api:1", "sha256:ab"), "r/api@sha256:ab");
    }

    #[test]
    fn set_changes_what_it_names_and_nothing_else() {
        let described = json!({
            "taskDefinition": {"taskDefinitionArn": "arn", "revision": 3, "family": "api", "containerDefinitions": [
                {"name": "app", "image": "api:1", "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
            ]},
            "tags": [{"key": "team", "value": "core"}, {"key": MARK, "value": "x"}],
        });
        let mut input = registrable(&described);
        let with: EcsRegister = serde_json::from_value(json!({
            "set": {"app": {"image": "api:2", "environment": {"A": "3", "C": "4"}, "environment_remove": ["B"]}}
        }))
        .unwrap();
        change(&mut input, &with).unwrap();
        assert_eq!(
            Value::Object(input),
            json!({"family": "api", "containerDefinitions": [
                {"name": "app", "image": "api:2", "environment": [{"name": "A", "value": "3"}, {"name": "C", "value": "4"}]}
            ], "tags": [{"key": "team", "value": "core"}]})
        );
    }

    #[test]
    fn a_container_that_is_not_there_is_named() {
        let mut input = Map::new();
        let with = EcsRegister {
            set: BTreeMap::from([("web".into(), ContainerSet::default())]),
            ..Default::default()
        };
        assert!(change(&mut input, &with).unwrap_err().headline.contains("`web`"));
    }

    #[test]
    fn content_ignores_tags_and_order() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let one = content_digest(&map(json!({"a": 1, "b": 2, "tags": [1]})));
        assert_eq!(one, content_digest(&map(json!({"b": 2, "a": 1}))));
        assert_eq!(one.len(), 40);
    }
}
