//! What RegisterTaskDefinition refuses, in AWS's words. Of a health check the API's model has the limits and nobody shows the
//! words; to be confirmed.

use serde_json::Value;

use crate::aws_error::AwsError;

/// Fargate's sizes: CPU units, the least and most memory in MiB and its step (ECS developer guide, "Task CPU and memory").
const SIZES: [(u64, u64, u64, u64); 7] = [
    (256, 512, 2048, 512),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16_384, 1024),
    (4096, 8192, 30_720, 1024),
    (8192, 16_384, 61_440, 4096),
    (16_384, 32_768, 122_880, 8192),
];

/// Whether the input requires Fargate.
pub(crate) fn asks_fargate(input: &Value) -> bool {
    input["requiresCompatibilities"].as_array().is_some_and(|list| list.iter().any(|c| c == "FARGATE"))
}

/// Checks a RegisterTaskDefinition input.
pub(crate) fn task_definition(input: &Value) -> Result<(), AwsError> {
    let family = input["family"].as_str().unwrap_or_default();
    if family.is_empty() {
        return Err(AwsError::client("Family should not be null or empty."));
    }
    if family.len() > 255 || !family.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Err(AwsError::client("Family contains invalid characters."));
    }
    let containers = input["containerDefinitions"].as_array().map_or(&[][..], Vec::as_slice);
    if containers.is_empty() {
        return Err(AwsError::client("Container list cannot be empty."));
    }
    if containers.len() > 10 {
        return Err(AwsError::client("Too many containers: a task definition has at most 10."));
    }
    let mut names = Vec::new();
    for container in containers {
        let name = container["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(AwsError::client("Container.name should not be null or empty."));
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return Err(AwsError::client("Container.name contains invalid characters."));
        }
        if names.contains(&name) {
            return Err(AwsError::client(format!("Container name must be unique: {name}")));
        }
        names.push(name);
        if container["image"].as_str().unwrap_or_default().is_empty() {
            return Err(AwsError::client("Container.image should not be null or empty."));
        }
        if container["image"].as_str().is_some_and(|image| image.contains(char::is_whitespace)) {
            return Err(AwsError::client("Container.image contains invalid characters."));
        }
        logging(container)?;
        health_check(&container["healthCheck"])?;
        secrets(container, &input["executionRoleArn"])?;
    }
    if !containers.iter().any(super::model::is_essential) {
        return Err(AwsError::client("At least one container must be essential."));
    }
    if asks_fargate(input) {
        return fargate(input, containers);
    }
    let sized = !input["memory"].is_null();
    let all_sized = containers.iter().all(|c| !c["memory"].is_null() || !c["memoryReservation"].is_null());
    if !sized && !all_sized {
        return Err(AwsError::client(
            "Invalid setting for container. At least one of 'memory' or 'memoryReservation' must be specified.",
        ));
    }
    Ok(())
}

fn logging(container: &Value) -> Result<(), AwsError> {
    let configuration = &container["logConfiguration"];
    if configuration["logDriver"] == "awslogs" {
        for option in ["awslogs-group", "awslogs-region"] {
            if configuration["options"][option].as_str().unwrap_or_default().is_empty() {
                return Err(AwsError::client(format!("Log driver awslogs requires options: {option}")));
            }
        }
    }
    Ok(())
}

/// The limits of the API's model (HealthCheck).
fn health_check(check: &Value) -> Result<(), AwsError> {
    if check.is_null() {
        return Ok(());
    }
    let words = check["command"].as_array().map_or(&[][..], Vec::as_slice);
    let says = |word: &&Value| word.as_str().is_some_and(|word| !word.trim().is_empty());
    let first = words.first().and_then(Value::as_str).unwrap_or_default();
    let runs = if matches!(first, "CMD" | "CMD-SHELL") { words.get(1..).unwrap_or_default() } else { words };
    if !runs.iter().any(|word| says(&word)) {
        return Err(AwsError::client("Health check command should not be null or empty."));
    }
    for (member, least, most) in
        [("interval", 5, 300), ("timeout", 2, 60), ("retries", 1, 10), ("startPeriod", 0, 300)]
    {
        let given = &check[member];
        if !given.is_null() && !given.as_i64().is_some_and(|value| (least..=most).contains(&value)) {
            return Err(AwsError::client(format!(
                "Health check {member} must be between {least} and {most}: {given}"
            )));
        }
    }
    Ok(())
}

/// In the words that users show: fabfuel/ecs-deploy#87 and dagster-io/dagster#11622.
fn secrets(container: &Value, execution_role: &Value) -> Result<(), AwsError> {
    let named = |member: &str| -> Vec<&str> {
        container[member].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect()
    };
    let names = named("secrets");
    if names.is_empty() {
        return Ok(());
    }
    if execution_role.as_str().unwrap_or_default().is_empty() {
        return Err(AwsError::client(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ));
    }
    let plain = named("environment");
    let twice = names.iter().enumerate().find(|(at, name)| {
        plain.contains(*name) || names.get(..*at).is_some_and(|before| before.contains(*name))
    });
    match twice {
        Some((_, name)) => Err(AwsError::client(format!(
            "The secret name must be unique and not shared with any new or existing environment variables set on the \
             container, such as '{name}'."
        ))),
        None => Ok(()),
    }
}

fn fargate(input: &Value, containers: &[Value]) -> Result<(), AwsError> {
    if input["networkMode"] != "awsvpc" {
        return Err(AwsError::client("Fargate only supports network mode 'awsvpc'."));
    }
    for member in ["cpu", "memory"] {
        if input[member].is_null() {
            return Err(AwsError::client(format!(
                "Fargate requires that '{member}' be defined at the task level."
            )));
        }
    }
    fargate_size(&input["cpu"], &input["memory"])?;
    let uses_awslogs = containers.iter().any(|c| c["logConfiguration"]["logDriver"] == "awslogs");
    if uses_awslogs && input["executionRoleArn"].is_null() {
        return Err(AwsError::client(
            "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
        ));
    }
    Ok(())
}

/// Whether Fargate has tasks of this size.
pub(crate) fn fargate_size(cpu: &Value, memory: &Value) -> Result<(), AwsError> {
    let none = || {
        AwsError::client(format!(
            "No Fargate configuration exists for given values: {} CPU, {} memory. See the Amazon ECS documentation for the valid values.",
            text(cpu),
            text(memory)
        ))
    };
    let cpu = units(cpu, "vcpu").ok_or_else(none)?;
    let memory = units(memory, "gb").ok_or_else(none)?;
    let fits = SIZES.iter().any(|(c, least, most, by)| {
        *c == cpu && (*least..=*most).contains(&memory) && (memory - least) % by == 0
    });
    // 256 CPU units come with 512, 1024 or 2048 MiB: not with 1536.
    if !fits || (cpu == 256 && memory == 1536) {
        return Err(none());
    }
    Ok(())
}

/// `"256"`, `".25 vCPU"`, `"512"`, `"0.5 GB"` → units of 1/1024.
fn units(value: &Value, unit: &str) -> Option<u64> {
    let given = text(value).to_ascii_lowercase().replace(' ', "");
    match given.strip_suffix(unit) {
        Some(number) => number.parse::<f64>().ok().map(|n| (n * 1024.0).round() as u64),
        None => given.parse().ok(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(cpu: &str, memory: &str, expected: Option<&str>) {
        let input = json!({
            "family": "api", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": cpu,
            "memory": memory, "containerDefinitions": [{"name": "app", "image": "api:1"}]
        });
        let got = task_definition(&input).err().map(|e| e.message);
        assert_eq!(got.is_some(), expected.is_some(), "{cpu} {memory}: {got:?}");
        assert!(got.unwrap_or_default().contains(expected.unwrap_or_default()));
    }

    #[test]
    fn fargate_sizes() {
        check("256", "512", None);
        check(".25 vCPU", "1 GB", None);
        check("1024", "3072", None);
        check("8192", "20480", None);
        check("256", "1536", Some("No Fargate configuration exists for given values: 256 CPU, 1536 memory"));
        check("300", "512", Some("300 CPU"));
        check("1024", "1024", Some("1024 memory"));
    }
}
