//! What does the same by hand: the author's own commands, and the calls that were sent as commands of the AWS CLI.

use super::index::Index;
use super::is_walked;
use crate::model::*;
use holdpoint_plan::Step;
use holdpoint_run::{ActionPlan, State, Work};
use serde_json::Value;

/// One entry for each step that has a command, in order of the plan.
pub(super) fn commands(state: &State, index: &Index) -> Vec<CommandReport> {
    let steps = state.plan.stages.iter().filter(|stage| is_walked(stage)).flat_map(|stage| &stage.steps);
    steps.filter_map(|step| of(state, index, step)).collect()
}

fn of(state: &State, index: &Index, step: &Step) -> Option<CommandReport> {
    let written = step.action.script.as_ref().filter(|script| !script.text.trim().is_empty());
    let written = written.map(|script| Written {
        language: script.language.clone(),
        text: script.text.clone(),
        ran: step.action.uses == "shell",
        event: index.plan_event(&state.plan.digest),
    });
    let ran = written.as_ref().is_some_and(|script| script.ran);
    let mut sent: Vec<Sent> = Vec::new();
    for work in [Work::forward(step.id.clone()), Work::undo(step.id.clone())] {
        // A script that ran stands above already.
        let all = index.sent.iter().filter(|(of, _)| of == &work).map(|(_, sent)| sent);
        sent.extend(all.filter(|sent| !(ran && sent.call == "shell")).cloned());
    }
    (written.is_some() || !sent.is_empty()).then(|| CommandReport {
        step: step.id.clone(),
        title: step.title.clone(),
        written,
        sent,
    })
}

/// A command that sends the same call; `None` where there is no program that does.
pub(super) fn command(action: &ActionPlan, region: &str) -> Option<String> {
    if action.call == "http" {
        return curl(&action.input);
    }
    let (service, operation) = action.call.split_once(':')?;
    let operation = operation.starts_with(|letter: char| letter.is_ascii_uppercase()).then_some(operation)?;
    if !operation.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let input = quoted(&action.input.to_string());
    Some(format!("aws {} {} --region {region} --cli-input-json {input}", program(service)?, kebab(operation)))
}

/// The AWS CLI's word for a service that we name as IAM does.
fn program(service: &str) -> Option<&str> {
    match service {
        "ecs"
        | "ecr"
        | "apprunner"
        | "logs"
        | "cloudwatch"
        | "iam"
        | "ec2"
        | "rds"
        | "sts"
        | "ssm"
        | "secretsmanager"
        | "application-autoscaling" => Some(service),
        "elasticloadbalancing" => Some("elbv2"),
        "s3" => Some("s3api"),
        "rds-data" => Some("rds-data"),
        _ => None,
    }
}

/// `UpdateService` → `update-service`, `CreateDBInstance` → `create-db-instance`, as botocore writes it.
fn kebab(operation: &str) -> String {
    let letters: Vec<char> = operation.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                let small_follows = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
                !before.is_ascii_uppercase() || small_follows
            });
        if begins {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn curl(input: &Value) -> Option<String> {
    let url = input["url"].as_str()?;
    let mut words = vec!["curl".to_owned(), "--request".into(), quoted(input["method"].as_str()?)];
    for name in input["headers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        words.extend(["--header".into(), quoted(&format!("{name}: …"))]);
    }
    if let Some(body) = input["body"].as_str() {
        words.extend(["--data".into(), quoted(body)]);
    }
    words.push(quoted(url));
    Some(words.join(" "))
}

/// One word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+".contains(&byte);
    match !text.is_empty() && text.bytes().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::{command, quoted};
    use holdpoint_run::ActionPlan;
    use serde_json::{Value, json};

    #[test]
    fn calls_are_written_as_the_cli_names_them() {
        let table: [(&str, Value, Option<&str>); 8] = [
            (
                "ecs:UpdateService",
                json!({"service": "api"}),
                Some(r#"aws ecs update-service --region eu-west-1 --cli-input-json '{"service":"api"}'"#),
            ),
            (
                "rds:DescribeDBInstances",
                json!({}),
                Some("aws rds describe-db-instances --region eu-west-1 --cli-input-json '{}'"),
            ),
            (
                "elasticloadbalancing:CreateRule",
                json!({"a": "it's"}),
                Some(r#"aws elbv2 create-rule --region eu-west-1 --cli-input-json '{"a":"it'\''s"}'"#),
            ),
            (
                "http",
                json!({"method": "POST", "url": "https://a.example/x?y=1", "headers": ["X-Key"], "body": "{}"}),
                Some("curl --request POST --header 'X-Key: …' --data '{}' 'https://a.example/x?y=1'"),
            ),
            ("registry:CopyLayers", json!({}), None),
            ("terraform apply", json!({}), None),
            ("docker:buildx build", json!({}), None),
            ("ecs:Drop; rm -rf /", json!({}), None),
        ];
        for (call, input, wanted) in table {
            let action = ActionPlan { call: call.into(), input };
            assert_eq!(command(&action, "eu-west-1").as_deref(), wanted, "{call}");
        }
    }

    #[test]
    fn a_word_stays_a_word() {
        assert_eq!(quoted("a.b/c:d"), "a.b/c:d");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("$(x) 'y'"), r"'$(x) '\''y'\'''");
    }
}
