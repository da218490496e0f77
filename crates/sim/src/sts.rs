//! STS: who is calling, and roles to assume. Query protocol; `input` is the form as an object, the answer is XML's content as JSON.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{SECOND, iso8601};
use crate::people::{Caller, People};
use crate::world::Env;

/// Answers one call.
pub(crate) fn serve(
    people: &mut People,
    env: &mut Env,
    caller: &Caller,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "GetCallerIdentity" => {
            Ok(json!({"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account}))
        }
        "AssumeRole" => assume_role(people, env, input),
        other => Err(AwsError::not_implemented("sts", other)),
    }
}

/// AssumeRole: any role that does not say in its name that it is closed; what it may do is not simulated.
fn assume_role(people: &mut People, env: &mut Env, input: &Value) -> Result<Value, AwsError> {
    let invalid = |message: String| AwsError::new("ValidationError", message);
    let arn = input["RoleArn"].as_str().unwrap_or_default();
    let (account, role) = arn
        .strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.split_once(":role/"))
        .filter(|(account, role)| account.len() == 12 && !role.is_empty())
        .ok_or_else(|| invalid(format!("{arn} is invalid")))?;
    for member in ["RoleSessionName", "SourceIdentity"] {
        let Some(name) = input[member].as_str().or_else(|| (member == "RoleSessionName").then_some(""))
        else {
            continue;
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if !(2..=64).contains(&name.len()) || !name.chars().all(fits) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{name}' at '{}{}' failed to satisfy constraint: Member must satisfy regular \
                 expression pattern: [\\w+=,.@-]*",
                member[..1].to_lowercase(),
                &member[1..]
            )));
        }
    }
    let seconds = match input["DurationSeconds"].as_str() {
        None => 3600,
        Some(text) => {
            text.parse::<u64>().ok().filter(|s| (900..=43_200).contains(s)).ok_or_else(|| {
                invalid(format!("DurationSeconds must be between 900 and 43200, not {text}"))
            })?
        }
    };
    let expires = env.now() + seconds * SECOND;
    let name = input["RoleSessionName"].as_str().unwrap_or_default();
    // A role's path is no part of its session's ARN.
    let role = role.rsplit('/').next().unwrap_or(role);
    let session = people.assume(&mut env.ids, account, role, name, expires);
    let mut answer = json!({
        "Credentials": {
            "AccessKeyId": session.caller.access_key_id,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": iso8601(expires),
        },
        "AssumedRoleUser": {"AssumedRoleId": session.caller.user_id, "Arn": session.caller.arn},
        "PackedPolicySize": 6,
    });
    if let Some(identity) = input["SourceIdentity"].as_str() {
        answer["SourceIdentity"] = json!(identity);
    }
    Ok(answer)
}
