//! What is doubtful about a task definition before it runs: pure rules over what AWS will be told.
//!
//! Whether a tool of a health check is in the image is said to be unknown here, never assumed: `lint_image` looks. How long
//! a container takes to become healthy AWS does not tell: it is measured while a deployment is followed (`boot`).

use super::definition::containers;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// One doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Names the rule.
    pub(crate) rule: &'static str,
    /// The container, where it is one's.
    pub(crate) container: Option<String>,
    /// What is doubtful, and what to do.
    pub(crate) text: String,
}

impl Finding {
    /// As an output shows it.
    pub(crate) fn value(&self) -> Value {
        json!({"rule": self.rule, "container": self.container, "text": self.text})
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        match &self.container {
            Some(container) => format!("{container}: {}", self.text),
            None => self.text.clone(),
        }
    }
}

/// Programs that a health check may ask with, and that small images lack.
const CLIENTS: [&str; 5] = ["curl", "wget", "nc", "grpc_health_probe", "pg_isready"];
/// Words of a container's start that change a database.
const MIGRATIONS: [&str; 10] = [
    "migrate",
    "migration",
    "alembic upgrade",
    "prisma db push",
    "flyway",
    "liquibase",
    "db:schema:load",
    "typeorm schema:sync",
    "dbmate",
    "goose up",
];

/// All doubts about a definition. `path` is what the application answers on, where that is known.
pub(crate) fn lint(definition: &Map<String, Value>, path: Option<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut needs_role = false;
    for container in containers(definition) {
        needs_role |= container["secrets"].as_array().is_some_and(|secrets| !secrets.is_empty())
            || container["logConfiguration"]["logDriver"] == "awslogs"
            || container["image"].as_str().is_some_and(|image| image.contains(".dkr.ecr."));
        one(container, path, &mut findings);
    }
    let fargate = definition
        .get("requiresCompatibilities")
        .and_then(Value::as_array)
        .is_some_and(|kinds| kinds.iter().any(|kind| kind == "FARGATE"));
    let role = definition.get("executionRoleArn").and_then(Value::as_str).unwrap_or_default();
    if fargate && needs_role && role.is_empty() {
        findings.push(Finding {
            rule: "execution_role",
            container: None,
            text: "there is no `executionRoleArn`, which Fargate wants for ECR, awslogs and secrets".into(),
        });
    }
    findings
}

/// What of a container's start changes a database, so that two revisions may not run on the same data.
pub(crate) fn migrates(definition: &Map<String, Value>) -> Option<String> {
    containers(definition).find_map(|container| {
        let words = |member: &str| {
            let list = container[member].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        };
        let start = format!("{} {}", words("entryPoint"), words("command"));
        let found = MIGRATIONS.iter().any(|word| start.to_ascii_lowercase().contains(word));
        found.then(|| format!("{} starts with `{}`", name(container), start.trim()))
    })
}

/// Health checks whose start period is shorter than a start was measured to be.
pub(crate) fn slow_starts(definition: &Map<String, Value>, boot: Duration) -> Vec<Finding> {
    let checked = containers(definition).filter(|container| container["healthCheck"].is_object());
    let slow = checked.filter_map(|container| {
        let check = &container["healthCheck"];
        let seconds = |member: &str, default: u64| check[member].as_u64().unwrap_or(default);
        let start = seconds("startPeriod", 0);
        let boot = boot.as_secs();
        let stopped = start + seconds("interval", 30) * seconds("retries", 3);
        let then = match boot < stopped {
            true => format!("failures count before it is up, and it is stopped after about {stopped} s"),
            false => format!("it is stopped as unhealthy after about {stopped} s, before it is up"),
        };
        (start < boot).then(|| Finding {
            rule: "start_period",
            container: Some(name(container)),
            text: format!("a start was measured to take {boot} s and `startPeriod` is {start} s: {then}"),
        })
    });
    slow.collect()
}

/// The client that a health check's line asks with, of those that small images lack.
pub(super) fn asked_with(line: &str) -> Option<&'static str> {
    let programs: Vec<&str> = parts(line).collect();
    CLIENTS.into_iter().find(|client| programs.contains(client))
}

fn parts(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| letter.is_whitespace() || "|&;()".contains(letter))
}

fn one(container: &Value, path: Option<&str>, findings: &mut Vec<Finding>) {
    let mut doubt = |rule: &'static str, text: String| {
        findings.push(Finding { rule, container: Some(name(container)), text });
    };
    let image = container["image"].as_str().unwrap_or_default();
    let tag = image.rsplit('/').next().unwrap_or_default().rsplit_once(':').map(|(_, tag)| tag);
    if !image.contains('@') && tag.is_none_or(|tag| tag == "latest") {
        doubt(
            "image_tag",
            format!(
                "the image `{image}` may be another one tomorrow: name it by digest, or by a tag that stays"
            ),
        );
    }
    let log = &container["logConfiguration"];
    if log.is_null() {
        doubt("no_log", "it has no `logConfiguration`: what it says before it ends is lost".into());
    } else if log["logDriver"] == "awslogs" && log["options"]["awslogs-stream-prefix"].is_null() {
        doubt("log_prefix", "awslogs has no `awslogs-stream-prefix`: its log cannot be told from others', and Fargate refuses it".into());
    }
    let check = &container["healthCheck"];
    if check.is_null() {
        let serves = container["portMappings"].as_array().is_some_and(|ports| !ports.is_empty());
        if serves && container["essential"] != false {
            doubt(
                "no_health_check",
                "it serves a port and has no `healthCheck`: ECS takes it for well as soon as it runs".into(),
            );
        }
        return;
    }
    health_check(container, check, path, &mut doubt);
}

fn health_check(
    container: &Value,
    check: &Value,
    path: Option<&str>,
    doubt: &mut dyn FnMut(&'static str, String),
) {
    let command: Vec<&str> =
        check["command"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (form, words) = match command.split_first() {
        Some((form @ (&"CMD" | &"CMD-SHELL" | &"NONE"), rest)) => (*form, rest.to_vec()),
        _ => {
            doubt(
                "form",
                "the health check's `command` begins with neither `CMD`, `CMD-SHELL` nor `NONE`".into(),
            );
            return;
        }
    };
    match (form, words.as_slice()) {
        ("NONE", _) => {
            doubt("no_health_check", "its health check is switched off (`NONE`)".into());
            return;
        }
        (_, []) => doubt("form", format!("the health check's `{form}` has no command")),
        ("CMD", [one]) if one.trim().contains(' ') => {
            doubt(
                "form",
                format!(
                    "`CMD` runs a program of the name `{one}`: write its words apart, or use `CMD-SHELL`"
                ),
            );
        }
        ("CMD-SHELL", [_, more, ..]) => {
            doubt(
                "form",
                format!(
                    "`CMD-SHELL` takes one text for the shell; `{more}` and what follows is not part of it"
                ),
            );
        }
        _ => {}
    }
    let line = words.join(" ");
    let programs: Vec<&str> = parts(&line).collect();
    if let Some(client) = asked_with(&line) {
        doubt(
            "tool",
            format!(
                "whether `{client}` is in the image is unknown: small images lack it, and the check then always fails"
            ),
        );
        let fails = ["-f", "--fail", "-sf", "-fs", "-fsS", "-sSf", "-fsSL", "--fail-with-body"];
        if client == "curl" && !programs.iter().any(|word| fails.contains(word)) {
            doubt("curl_fail", "`curl` without `-f` takes an answer of 500 for a success".into());
        }
    }
    if let Some((port, found)) = address(&line) {
        let ports = container["portMappings"].as_array().into_iter().flatten();
        let ports: Vec<u64> = ports.filter_map(|mapping| mapping["containerPort"].as_u64()).collect();
        if !ports.is_empty() && !ports.contains(&port) {
            doubt("port", format!("the health check asks port {port}, and the container serves {ports:?}"));
        }
        if let Some(path) = path
            && found != path
        {
            doubt(
                "path",
                format!("the health check asks `{found}`, and the application answers on `{path}`"),
            );
        }
    }
    times(check, doubt);
}

/// AWS's defaults: interval 30 s, timeout 5 s, 3 retries, no start period.
fn times(check: &Value, doubt: &mut dyn FnMut(&'static str, String)) {
    let seconds = |member: &str, default: u64| check[member].as_u64().unwrap_or(default);
    let (interval, timeout) = (seconds("interval", 30), seconds("timeout", 5));
    let (retries, start) = (seconds("retries", 3), seconds("startPeriod", 0));
    let missing: Vec<&str> = ["interval", "timeout", "retries", "startPeriod"]
        .into_iter()
        .filter(|member| check[*member].is_null())
        .collect();
    if !missing.is_empty() {
        doubt(
            "times",
            format!(
                "the health check does not say {}: AWS takes 30 s, 5 s, 3 and no start period",
                missing.join(", ")
            ),
        );
    }
    if timeout >= interval {
        doubt("times", format!("an answer may take {timeout} s and the next check comes after {interval} s"));
    }
    if start == 0 {
        let after = interval * retries;
        doubt(
            "start_period",
            format!(
                "without `startPeriod` a container that takes longer than about {after} s to start is stopped as unhealthy"
            ),
        );
    }
}

/// Port and path of the first address on this machine that a command names.
fn address(line: &str) -> Option<(u64, String)> {
    let at = line.find("://")?;
    let scheme = line.get(..at)?;
    let rest = line.get(at + 3..)?;
    let end =
        rest.find(|letter: char| letter.is_whitespace() || "'\")|;&".contains(letter)).unwrap_or(rest.len());
    let (host, path) = match rest.get(..end)?.split_once('/') {
        Some((host, path)) => (host, format!("/{path}")),
        None => (rest.get(..end)?, "/".to_owned()),
    };
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (host, if scheme.ends_with("https") { 443 } else { 80 }),
    };
    matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]").then_some((port, path))
}

/// A container's name, for whoever reads.
pub(super) fn name(container: &Value) -> String {
    container["name"].as_str().unwrap_or("a container without a name").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(container: Value, path: Option<&str>) -> Vec<&'static str> {
        let definition = json!({"containerDefinitions": [container]});
        lint(definition.as_object().unwrap(), path).into_iter().map(|finding| finding.rule).collect()
    }

    fn checked(check: Value) -> Value {
        json!({"name": "app", "image": "api:1", "portMappings": [{"containerPort": 8080}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/g", "awslogs-stream-prefix": "p"}},
            "healthCheck": check})
    }

    #[test]
    fn what_is_well_is_not_doubted() {
        let check = json!({"command": ["CMD", "/app/healthy"], "interval": 10, "timeout": 5, "retries": 3, "startPeriod": 60});
        assert!(rules(checked(check), Some("/health")).is_empty());
    }

    #[test]
    fn each_doubt_has_its_rule() {
        let well = |command: Value| json!({"command": command, "interval": 10, "timeout": 5, "retries": 3, "startPeriod": 60});
        let table: Vec<(Value, &[&str])> = vec![
            (well(json!(["curl -f http://localhost:8080/health"])), &["form"]),
            (well(json!(["CMD", "curl -f http://localhost:8080/health"])), &["form", "tool"]),
            (
                well(json!(["CMD-SHELL", "curl -f http://localhost:8080/health", "|| exit 1"])),
                &["form", "tool"],
            ),
            (
                well(json!(["CMD-SHELL", "curl http://localhost:8080/health || exit 1"])),
                &["tool", "curl_fail"],
            ),
            (well(json!(["CMD-SHELL", "wget -q -O- http://127.0.0.1:3000/health"])), &["tool", "port"]),
            (well(json!(["CMD-SHELL", "wget -q -O- http://localhost:8080/healthz"])), &["tool", "path"]),
            (well(json!(["CMD-SHELL", "wget -q -O- http://db.example:3000/x"])), &["tool"]),
            (well(json!(["NONE"])), &["no_health_check"]),
            (json!({"command": ["CMD", "/app/healthy"]}), &["times", "start_period"]),
            (
                json!({"command": ["CMD", "/app/healthy"], "interval": 5, "timeout": 5, "retries": 3, "startPeriod": 9}),
                &["times"],
            ),
        ];
        for (check, expected) in table {
            assert_eq!(rules(checked(check.clone()), Some("/health")), expected, "{check}");
        }
    }

    #[test]
    fn a_start_that_was_measured_is_compared() {
        let of = |start: u64, boot: u64| {
            let check = json!({"command": ["CMD", "/x"], "interval": 10, "retries": 3, "startPeriod": start});
            let definition =
                json!({"containerDefinitions": [{"name": "app", "healthCheck": check}, {"name": "side"}]});
            let found = slow_starts(definition.as_object().unwrap(), Duration::from_secs(boot));
            found.into_iter().map(|finding| finding.text).collect::<Vec<_>>()
        };
        assert!(of(60, 60).is_empty());
        assert!(
            matches!(of(20, 45).as_slice(), [text] if text.contains("45 s") && text.contains("failures count"))
        );
        assert!(matches!(of(20, 50).as_slice(), [text] if text.contains("before it is up")));
    }

    #[test]
    fn containers_without_what_tells_of_them_are_named() {
        let bare = json!({"name": "app", "image": "registry.example:5000/api", "portMappings": [{"containerPort": 80}]});
        assert_eq!(rules(bare, None), ["image_tag", "no_log", "no_health_check"]);
        let definition = json!({"requiresCompatibilities": ["FARGATE"], "containerDefinitions": [
            {"name": "app", "image": "api@sha256:ab", "secrets": [{"name": "A", "valueFrom": "a"}],
                "logConfiguration": {"logDriver": "awslogs", "options": {}}}]});
        let found = lint(definition.as_object().unwrap(), None);
        assert_eq!(
            found.iter().map(|finding| finding.rule).collect::<Vec<_>>(),
            ["log_prefix", "execution_role"]
        );
    }

    #[test]
    fn migrations_at_the_start_are_seen() {
        let starts = |command: Value| {
            let definition = json!({"containerDefinitions": [{"name": "app", "command": command}]});
            migrates(definition.as_object().unwrap()).is_some()
        };
        assert!(starts(json!(["sh", "-c", "python manage.py migrate && gunicorn app"])));
        assert!(starts(json!(["alembic", "upgrade", "head"])));
        assert!(!starts(json!(["node", "server.js"])));
    }
}
