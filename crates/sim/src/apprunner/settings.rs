//! A service's settings out of CreateService's and UpdateService's input: checked, with AWS's defaults filled in.

use serde_json::{Map, Value, json};

use crate::apprunner::model::{AppRunner, Settings};
use crate::apprunner::validate::{Violations, arn_path, invalid};
use crate::apprunner::{connectors, scaling};
use crate::aws_error::AwsError;
use crate::world::Env;

/// vCPU and memory that go together (App Runner developer guide, "Vcpu and memory").
const SIZES: [(&str, &[&str]); 5] = [
    ("256", &["512", "1024"]),
    ("512", &["1024"]),
    ("1024", &["2048", "3072", "4096"]),
    ("2048", &["4096", "6144"]),
    ("4096", &["8192", "10240", "12288"]),
];

/// The pattern of the API model.
const IMAGE_PATTERN: &str = "([0-9]{12}.dkr.ecr.[a-z\\-]+-[0-9]{1}.amazonaws.com\\/((?:[a-z0-9]+(?:[._-][a-z0-9]+)*\\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*)\
(:([\\w\\d+\\-=._:\\/@])+|@([\\w\\d\\:]+))?)|(^public\\.ecr\\.aws\\/.+\\/((?:[a-z0-9]+(?:[._-][a-z0-9]+)*\\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*)(:([\\w\\d+\\-=._:\\/@])+|@([\\w\\d\\:]+))?)";

/// The settings that `input` asks for, over those that stand.
pub(crate) fn read(
    estate: &AppRunner,
    env: &Env,
    input: &Value,
    standing: Option<&Settings>,
) -> Result<Settings, AwsError> {
    check(input)?;
    let mut body = standing.map(|s| s.body.clone()).unwrap_or_default();
    if !input["SourceConfiguration"].is_null() {
        body.insert("SourceConfiguration".to_owned(), source(env, &input["SourceConfiguration"])?);
    } else if standing.is_none() {
        let mut violations = Violations::default();
        violations.missing("sourceConfiguration");
        violations.done()?;
    }
    let instance = over(body.get("InstanceConfiguration"), &input["InstanceConfiguration"]);
    body.insert("InstanceConfiguration".to_owned(), size(instance)?);
    let health = json!({
        "Protocol": "TCP", "Path": "/", "Interval": 5, "Timeout": 2, "HealthyThreshold": 1, "UnhealthyThreshold": 5
    });
    let health =
        over(Some(&health), &over(body.get("HealthCheckConfiguration"), &input["HealthCheckConfiguration"]));
    body.insert("HealthCheckConfiguration".to_owned(), health);
    body.insert(
        "NetworkConfiguration".to_owned(),
        network(estate, env, &body, &input["NetworkConfiguration"])?,
    );
    let observed = over(Some(&json!({"ObservabilityEnabled": false})), &input["ObservabilityConfiguration"]);
    if !input["ObservabilityConfiguration"].is_null() || !body.contains_key("ObservabilityConfiguration") {
        if let Some(arn) = observed["ObservabilityConfigurationArn"].as_str() {
            let known = estate.observability.iter().any(|o| o.deleted_at.is_none() && o.arn.starts_with(arn));
            if !known {
                return Err(invalid(format!(
                    "The specified observability configuration {arn} doesn't exist."
                )));
            }
        }
        body.insert("ObservabilityConfiguration".to_owned(), observed);
    }
    if standing.is_none() && !input["EncryptionConfiguration"].is_null() {
        body.insert("EncryptionConfiguration".to_owned(), input["EncryptionConfiguration"].clone());
    }
    let scaling = match (&input["AutoScalingConfigurationArn"], standing) {
        (Value::Null, Some(standing)) => standing.scaling.clone(),
        (Value::Null, None) => scaling::default_of(estate, env).arn,
        (arn, _) => {
            let path = arn_path(arn, "autoScalingConfigurationArn", "autoscalingconfiguration", env.place())?;
            scaling::find(estate, env, &path).map(|s| s.arn).ok_or_else(|| {
                invalid(format!("The specified auto scaling configuration {arn} doesn't exist."))
            })?
        }
    };
    Ok(Settings { body, scaling })
}

/// The constraints of single members.
fn check(input: &Value) -> Result<(), AwsError> {
    let mut violations = Violations::default();
    let health = &input["HealthCheckConfiguration"];
    violations.one_of(&health["Protocol"], "healthCheckConfiguration.protocol", &["TCP", "HTTP"]);
    for (member, name) in [
        ("Interval", "interval"),
        ("Timeout", "timeout"),
        ("HealthyThreshold", "healthyThreshold"),
        ("UnhealthyThreshold", "unhealthyThreshold"),
    ] {
        violations.number(&health[member], &format!("healthCheckConfiguration.{name}"), 1, 20);
    }
    let network = &input["NetworkConfiguration"];
    violations.one_of(
        &network["EgressConfiguration"]["EgressType"],
        "networkConfiguration.egressConfiguration.egressType",
        &["DEFAULT", "VPC"],
    );
    violations.one_of(
        &network["IpAddressType"],
        "networkConfiguration.ipAddressType",
        &["IPV4", "DUAL_STACK"],
    );
    let repository = &input["SourceConfiguration"]["ImageRepository"];
    if !repository.is_null() {
        violations.one_of(
            &repository["ImageRepositoryType"],
            "sourceConfiguration.imageRepository.imageRepositoryType",
            &["ECR", "ECR_PUBLIC"],
        );
        if repository["ImageRepositoryType"].is_null() {
            violations.missing("sourceConfiguration.imageRepository.imageRepositoryType");
        }
        match repository["ImageIdentifier"].as_str() {
            None => violations.missing("sourceConfiguration.imageRepository.imageIdentifier"),
            Some(image) if !is_ecr(image) && !is_ecr_public(image) => {
                violations.pattern(
                    image,
                    "sourceConfiguration.imageRepository.imageIdentifier",
                    IMAGE_PATTERN,
                );
            }
            Some(_) => {}
        }
    }
    violations.done()
}

fn source(env: &Env, source: &Value) -> Result<Value, AwsError> {
    if !source["CodeRepository"].is_null() {
        return Err(AwsError::not_implemented("apprunner", "services built from a source code repository"));
    }
    let repository = &source["ImageRepository"];
    if repository.is_null() {
        return Err(invalid("Either CodeRepository or ImageRepository must be specified."));
    }
    let image = repository["ImageIdentifier"].as_str().unwrap_or_default();
    let is_private = repository["ImageRepositoryType"] == "ECR";
    if is_private != is_ecr(image) {
        return Err(invalid("The image identifier doesn't match the image repository type."));
    }
    if is_private && source["AuthenticationConfiguration"]["AccessRoleArn"].is_null() {
        return Err(invalid("Authentication configuration is invalid."));
    }
    let wants = source["AutoDeploymentsEnabled"].as_bool();
    // An image of another account or of ECR Public cannot be watched (API reference, SourceConfiguration).
    let watchable = is_private && image.starts_with(&format!("{}.", env.account));
    if wants == Some(true) && !watchable {
        return Err(invalid("Automatic deployments aren't supported for the specified image repository."));
    }
    let configuration = &repository["ImageConfiguration"];
    let port = configuration["Port"].as_str().unwrap_or("8080");
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(invalid(format!("The specified port {port} is not valid.")));
    }
    for member in ["RuntimeEnvironmentVariables", "RuntimeEnvironmentSecrets"] {
        let names = configuration[member].as_object().into_iter().flatten().map(|(name, _)| name);
        // "Keys with a prefix of AWSAPPRUNNER are reserved for system use and aren't valid" (API reference); the words of
        // the refusal are to be confirmed.
        if let Some(name) = names.into_iter().find(|name| name.starts_with("AWSAPPRUNNER")) {
            return Err(invalid(format!(
                "Environment variable {name} is not valid: keys with a prefix of AWSAPPRUNNER are reserved."
            )));
        }
    }
    let mut source = source.clone();
    source["AutoDeploymentsEnabled"] = json!(wants.unwrap_or(watchable));
    source["ImageRepository"]["ImageConfiguration"]["Port"] = json!(port);
    Ok(source)
}

fn size(mut instance: Value) -> Result<Value, AwsError> {
    let cpu = match instance["Cpu"].as_str().unwrap_or("1024") {
        "0.25 vCPU" => "256",
        "0.5 vCPU" => "512",
        "1 vCPU" => "1024",
        "2 vCPU" => "2048",
        "4 vCPU" => "4096",
        plain => plain,
    }
    .to_owned();
    let given = instance["Memory"].as_str().unwrap_or("2048");
    let memory = match given.strip_suffix(" GB") {
        Some("0.5") => "512".to_owned(),
        Some(gigabytes) => {
            gigabytes.parse::<u64>().map_or_else(|_| given.to_owned(), |n| (n * 1024).to_string())
        }
        None => given.to_owned(),
    };
    let mut violations = Violations::default();
    let all_memory: Vec<&str> = SIZES.iter().flat_map(|(_, memory)| memory.iter().copied()).collect();
    if !SIZES.iter().any(|(known, _)| *known == cpu) {
        let pattern = "256|512|1024|2048|4096|(0.25|0.5|1|2|4) vCPU";
        violations.pattern(&cpu, "instanceConfiguration.cpu", pattern);
    }
    if !all_memory.contains(&memory.as_str()) {
        let pattern = "512|1024|2048|3072|4096|6144|8192|10240|12288|(0.5|1|2|3|4|6|8|10|12) GB";
        violations.pattern(&memory, "instanceConfiguration.memory", pattern);
    }
    violations.done()?;
    if !SIZES.iter().any(|(known, fits)| *known == cpu && fits.contains(&memory.as_str())) {
        // The wording is to be confirmed.
        return Err(invalid(format!(
            "The specified combination of CPU {cpu} and memory {memory} is not supported."
        )));
    }
    instance["Cpu"] = json!(cpu);
    instance["Memory"] = json!(memory);
    Ok(instance)
}

fn network(
    estate: &AppRunner,
    env: &Env,
    standing: &Map<String, Value>,
    asked: &Value,
) -> Result<Value, AwsError> {
    let mut network = json!({
        "EgressConfiguration": {"EgressType": "DEFAULT"},
        "IngressConfiguration": {"IsPubliclyAccessible": true},
        "IpAddressType": "IPV4",
    });
    for layer in [standing.get("NetworkConfiguration").unwrap_or(&Value::Null), asked] {
        for (member, value) in layer.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()) {
            network[member.as_str()] = value.clone();
        }
    }
    let egress = &network["EgressConfiguration"];
    let connector = &egress["VpcConnectorArn"];
    match (egress["EgressType"].as_str(), connector.is_null()) {
        (Some("VPC"), true) => Err(invalid("VpcConnectorArn must be specified when EgressType is VPC.")),
        (Some("VPC"), false) => {
            let path = arn_path(connector, "vpcConnectorArn", "vpcconnector", env.place())?;
            let known = connectors::find(estate, &path)
                .ok_or_else(|| invalid(format!("The specified VPC connector {connector} doesn't exist.")))?;
            network["EgressConfiguration"]["VpcConnectorArn"] = json!(known.arn);
            Ok(network)
        }
        (_, false) => Err(invalid("VpcConnectorArn is only valid when EgressType is VPC.")),
        (_, true) => Ok(network),
    }
}

/// `under` with the given members of `over` in place of its own.
fn over(under: Option<&Value>, over: &Value) -> Value {
    let mut merged = under.filter(|v| v.is_object()).cloned().unwrap_or_else(|| json!({}));
    for (member, value) in over.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()) {
        merged[member.as_str()] = value.clone();
    }
    merged
}

/// `<account>.dkr.ecr.<region>.amazonaws.com/<repository>…`.
fn is_ecr(image: &str) -> bool {
    let Some((host, repository)) = image.split_once('/') else { return false };
    let Some((account, rest)) = host.split_once(".dkr.ecr.") else { return false };
    let region = rest.strip_suffix(".amazonaws.com").unwrap_or_default();
    let is_region = region.rsplit_once('-').is_some_and(|(place, number)| {
        number.len() == 1
            && number.chars().all(|c| c.is_ascii_digit())
            && place.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    });
    account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && is_region
        && repository.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
}

fn is_ecr_public(image: &str) -> bool {
    image.strip_prefix("public.ecr.aws/").is_some_and(|rest| rest.contains('/') && !rest.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_of_ecr_fit() {
        for (image, fits) in [
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api:1.4", true),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@sha256:00", true),
            ("public.ecr.aws/shop/api:1", true),
            ("public.ecr.aws/api", false),
            ("registry.example/api:1", false),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", false),
            ("1111.dkr.ecr.eu-west-1.amazonaws.com/api", false),
        ] {
            assert_eq!(is_ecr(image) || is_ecr_public(image), fits, "{image}");
        }
    }

    #[test]
    fn cpu_and_memory_go_together() {
        for (cpu, memory, fits) in [
            (json!("1 vCPU"), json!("2 GB"), true),
            (json!("0.25 vCPU"), json!("0.5 GB"), true),
            (json!("256"), json!("2048"), false),
            (json!(null), json!(null), true),
            (json!("3 vCPU"), json!("2 GB"), false),
        ] {
            let size = size(json!({"Cpu": cpu, "Memory": memory}));
            assert_eq!(size.is_ok(), fits, "{cpu} {memory}");
        }
    }
}
