//! The inputs of CreateService and UpdateService.

use super::rules::{cpu_units, image_type, image_type_word, memory_mib};
use super::service::configuration;
use holdpoint_cloud::AppService;
use holdpoint_plan::kinds::{AppCreate, AppHealth, AppUpdate, HealthProtocol, IpType};
use serde_json::{Map, Value, json};

/// The input of CreateService. `scaling` and `connector` are ARNs, or what stands for them.
pub(crate) fn create(with: &AppCreate, mark: &str, scaling: Option<&str>, connector: Option<&str>) -> Value {
    let mut input = configured(with, scaling, connector);
    input["ServiceName"] = json!(with.name);
    let mut tags: Vec<Value> = with
        .tags
        .iter()
        .filter(|(key, _)| key.as_str() != crate::ecs::MARK)
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    tags.push(json!({"Key": crate::ecs::MARK, "Value": mark}));
    input["Tags"] = json!(tags);
    input
}

/// What a step that creates says of a service's configuration, without name and tags.
pub(crate) fn configured(with: &AppCreate, scaling: Option<&str>, connector: Option<&str>) -> Value {
    let mut run = Map::new();
    if let Some(port) = with.port {
        run.insert("Port".into(), json!(port.to_string()));
    }
    if let Some(command) = with.start_command.as_deref().filter(|command| !command.is_empty()) {
        run.insert("StartCommand".into(), json!(command));
    }
    if !with.environment.is_empty() {
        run.insert("RuntimeEnvironmentVariables".into(), json!(with.environment));
    }
    if !with.secrets.is_empty() {
        run.insert("RuntimeEnvironmentSecrets".into(), json!(with.secrets));
    }
    let of = with.image_type.unwrap_or_else(|| image_type(&with.image));
    let mut repository = json!({"ImageIdentifier": with.image, "ImageRepositoryType": image_type_word(of)});
    if !run.is_empty() {
        repository["ImageConfiguration"] = Value::Object(run);
    }
    // Said always: AWS's own default differs by where the image is.
    let mut source = json!({"ImageRepository": repository, "AutoDeploymentsEnabled": with.auto_deploy});
    if let Some(role) = &with.access_role {
        source["AuthenticationConfiguration"] = json!({"AccessRoleArn": role});
    }
    let mut input = json!({"SourceConfiguration": source});
    let instance = instance(with.cpu.as_deref(), with.memory.as_deref(), with.instance_role.as_deref());
    put(&mut input, "InstanceConfiguration", instance);
    put(&mut input, "HealthCheckConfiguration", with.health.as_ref().map(health).unwrap_or_default());
    if let Some(scaling) = scaling {
        input["AutoScalingConfigurationArn"] = json!(scaling);
    }
    put(&mut input, "NetworkConfiguration", network(connector, with.public, with.ip_type));
    input
}

/// The input of UpdateService that brings a service to what a step that updates says; what it does not name stays.
/// Whole members are sent, because App Runner takes each as the new whole.
pub(crate) fn update(
    service: &AppService,
    with: &AppUpdate,
    scaling: Option<&str>,
    connector: Option<&str>,
) -> Value {
    let now = configuration(service);
    let mut wanted = now.clone();
    let source = &mut wanted["SourceConfiguration"];
    let repository = &mut source["ImageRepository"];
    if let Some(image) = &with.image {
        repository["ImageIdentifier"] = json!(image);
        let of = with.image_type.unwrap_or_else(|| image_type(image));
        repository["ImageRepositoryType"] = json!(image_type_word(of));
    }
    if let Some(port) = with.port {
        repository["ImageConfiguration"]["Port"] = json!(port.to_string());
    }
    if let Some(command) = &with.start_command {
        repository["ImageConfiguration"]["StartCommand"] =
            if command.is_empty() { Value::Null } else { json!(command) };
    }
    for (member, set, remove) in [
        ("RuntimeEnvironmentVariables", &with.environment, &with.environment_remove),
        ("RuntimeEnvironmentSecrets", &with.secrets, &with.secrets_remove),
    ] {
        if set.is_empty() && remove.is_empty() {
            continue;
        }
        let mut variables = repository["ImageConfiguration"][member].as_object().cloned().unwrap_or_default();
        variables.extend(set.iter().map(|(name, value)| (name.clone(), json!(value))));
        variables.retain(|name, _| !remove.contains(name));
        repository["ImageConfiguration"][member] = Value::Object(variables);
    }
    if let Some(role) = &with.access_role {
        source["AuthenticationConfiguration"] = json!({"AccessRoleArn": role});
    }
    if let Some(auto_deploy) = with.auto_deploy {
        source["AutoDeploymentsEnabled"] = json!(auto_deploy);
    }
    let instance = instance(with.cpu.as_deref(), with.memory.as_deref(), with.instance_role.as_deref());
    merge(&mut wanted["InstanceConfiguration"], instance);
    merge(&mut wanted["HealthCheckConfiguration"], with.health.as_ref().map(health).unwrap_or_default());
    let network = network(connector, with.public, with.ip_type);
    if !network["EgressConfiguration"].is_null() {
        // The way out is one or the other: a connector's ARN does not stay beside DEFAULT.
        wanted["NetworkConfiguration"]["EgressConfiguration"] = Value::Null;
    }
    merge(&mut wanted["NetworkConfiguration"], network);
    if let Some(scaling) = scaling {
        wanted["AutoScalingConfigurationArn"] = json!(scaling);
    }
    changed(service, &now, wanted)
}

/// The input of UpdateService that brings a service to a whole configuration; only members that differ are in it.
pub(crate) fn to(service: &AppService, configuration_wanted: &Value) -> Value {
    changed(service, &configuration(service), configuration_wanted.clone())
}

/// Whether an input of UpdateService changes anything.
pub(crate) fn is_empty(input: &Value) -> bool {
    input.as_object().is_none_or(|members| members.keys().all(|name| name == "ServiceArn"))
}

/// What differs, in words for a summary: `image, port`.
pub(crate) fn told(service: &AppService, input: &Value) -> String {
    let mut words = Vec::new();
    let source = &input["SourceConfiguration"];
    if !source.is_null() {
        let (was, is) = (&service.source_configuration, source);
        let run = |of: &Value, member: &str| of["ImageRepository"]["ImageConfiguration"][member].clone();
        let repository = |of: &Value| of["ImageRepository"]["ImageIdentifier"].clone();
        if repository(was) != repository(is) {
            words.push(format!("image {}", repository(is).as_str().unwrap_or_default()));
        }
        for (member, word) in [
            ("Port", "port"),
            ("StartCommand", "start command"),
            ("RuntimeEnvironmentVariables", "environment"),
            ("RuntimeEnvironmentSecrets", "secrets"),
        ] {
            if run(was, member) != run(is, member) {
                words.push(word.to_owned());
            }
        }
        for (member, word) in [
            ("AuthenticationConfiguration", "access role"),
            ("AutoDeploymentsEnabled", "automatic deployment"),
        ] {
            if was[member] != is[member] {
                words.push(word.to_owned());
            }
        }
    }
    for (member, word) in [
        ("InstanceConfiguration", "instance"),
        ("HealthCheckConfiguration", "health check"),
        ("NetworkConfiguration", "network"),
        ("AutoScalingConfigurationArn", "auto scaling"),
        ("ObservabilityConfiguration", "observability"),
    ] {
        if !input[member].is_null() {
            words.push(word.to_owned());
        }
    }
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn changed(service: &AppService, now: &Value, mut wanted: Value) -> Value {
    without_nulls(&mut wanted);
    let mut input = json!({"ServiceArn": service.service_arn});
    for (name, member) in wanted.as_object().into_iter().flatten() {
        if now[name] != *member && !member.is_null() {
            input[name] = member.clone();
        }
    }
    input
}

fn instance(cpu: Option<&str>, memory: Option<&str>, role: Option<&str>) -> Value {
    let mut value = json!({});
    if let Some(cpu) = cpu {
        value["Cpu"] = json!(cpu_units(cpu).unwrap_or_else(|| cpu.to_owned()));
    }
    if let Some(memory) = memory {
        value["Memory"] = json!(memory_mib(memory).unwrap_or_else(|| memory.to_owned()));
    }
    if let Some(role) = role {
        value["InstanceRoleArn"] = json!(role);
    }
    value
}

fn health(health: &AppHealth) -> Value {
    let mut value = json!({});
    let protocol = health.protocol.or_else(|| health.path.as_ref().map(|_| HealthProtocol::Http));
    if let Some(protocol) = protocol {
        value["Protocol"] = json!(match protocol {
            HealthProtocol::Http => "HTTP",
            HealthProtocol::Tcp => "TCP",
        });
    }
    if let Some(path) = &health.path {
        value["Path"] = json!(path);
    }
    if let Some(interval) = health.interval {
        value["Interval"] = json!(interval.get().as_secs());
    }
    if let Some(timeout) = health.timeout {
        value["Timeout"] = json!(timeout.get().as_secs());
    }
    if let Some(healthy) = health.healthy {
        value["HealthyThreshold"] = json!(healthy);
    }
    if let Some(unhealthy) = health.unhealthy {
        value["UnhealthyThreshold"] = json!(unhealthy);
    }
    value
}

fn network(connector: Option<&str>, public: Option<bool>, ip_type: Option<IpType>) -> Value {
    let mut value = json!({});
    match connector {
        None => {}
        Some("none") => value["EgressConfiguration"] = json!({"EgressType": "DEFAULT"}),
        Some(arn) => {
            value["EgressConfiguration"] = json!({"EgressType": "VPC", "VpcConnectorArn": arn});
        }
    }
    if let Some(public) = public {
        value["IngressConfiguration"] = json!({"IsPubliclyAccessible": public});
    }
    if let Some(ip_type) = ip_type {
        value["IpAddressType"] = json!(match ip_type {
            IpType::Ipv4 => "IPV4",
            IpType::DualStack => "DUAL_STACK",
        });
    }
    value
}

fn put(input: &mut Value, name: &str, member: Value) {
    if member.as_object().is_some_and(|members| !members.is_empty()) {
        input[name] = member;
    }
}

/// Puts the members of `more` over those of `into`.
fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, more) in more {
                merge(into.entry(name).or_insert(Value::Null), more);
            }
        }
        (_, Value::Null) => {}
        (into, Value::Object(more)) if more.is_empty() && into.is_null() => {}
        (into, more) => *into = more,
    }
}

fn without_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(without_nulls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> AppService {
        serde_json::from_value(json!({
            "ServiceArn": "arn", "ServiceName": "shop", "Status": "RUNNING",
            "SourceConfiguration": {
                "ImageRepository": {"ImageIdentifier": "r/shop:1", "ImageRepositoryType": "ECR", "ImageConfiguration": {
                    "Port": "8080", "StartCommand": "serve", "RuntimeEnvironmentVariables": {"A": "1", "B": "2"}}},
                "AutoDeploymentsEnabled": true,
            },
            "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048"},
            "NetworkConfiguration": {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": "c"},
                "IngressConfiguration": {"IsPubliclyAccessible": true}},
        }))
        .unwrap()
    }

    fn updated(with: Value) -> Value {
        let mut with = with;
        with["service"] = json!("shop");
        let with: AppUpdate = serde_json::from_value(with).unwrap();
        let connector = match &with.vpc_connector {
            Some(holdpoint_plan::kinds::Connector::Arn(arn)) => Some(arn.as_str()),
            _ => None,
        };
        update(&service(), &with, None, connector)
    }

    #[test]
    fn an_update_sends_whole_members_and_only_those_that_differ() {
        assert!(is_empty(&updated(json!({}))));
        assert!(is_empty(&updated(json!({"port": 8080, "cpu": "1 vCPU", "environment": {"A": "1"}}))));

        let input =
            updated(json!({"image": "r/shop:2", "environment": {"C": "3"}, "environment_remove": ["B"]}));
        let repository = &input["SourceConfiguration"]["ImageRepository"];
        assert_eq!(repository["ImageIdentifier"], "r/shop:2");
        assert_eq!(
            repository["ImageConfiguration"]["RuntimeEnvironmentVariables"],
            json!({"A": "1", "C": "3"})
        );
        assert_eq!(repository["ImageConfiguration"]["StartCommand"], "serve");
        assert_eq!(input["SourceConfiguration"]["AutoDeploymentsEnabled"], true);
        assert!(input["NetworkConfiguration"].is_null());
        assert_eq!(told(&service(), &input), "image r/shop:2, environment");

        let input = updated(json!({"start_command": ""}));
        let run = &input["SourceConfiguration"]["ImageRepository"]["ImageConfiguration"];
        assert!(run.get("StartCommand").is_none());

        let input = updated(json!({"vpc_connector": "none"}));
        assert_eq!(input["NetworkConfiguration"]["EgressConfiguration"], json!({"EgressType": "DEFAULT"}));
        assert_eq!(input["NetworkConfiguration"]["IngressConfiguration"]["IsPubliclyAccessible"], true);
    }
}
