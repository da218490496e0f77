//! Roles to assume: by who is signed in, and by a web identity. What a role may do afterwards is not simulated.

use serde_json::{Value, json};

use super::{credentials, denied, duration, invalid, one_time_code};
use crate::aws_error::AwsError;
use crate::clock::SECOND;
use crate::directory::{Asking, Directory, Trust, principals};
use crate::people::{Caller, People};
use crate::world::Env;

/// The longest session of a role that was assumed by a role's session.
const CHAINED: u64 = 3600;

pub(super) fn assume_role(
    people: &mut People,
    directory: &Directory,
    env: &mut Env,
    caller: &Caller,
    input: &Value,
) -> Result<Value, AwsError> {
    let (account, role) = role_of(input)?;
    check_names(input)?;
    let arn = input["RoleArn"].as_str().unwrap_or_default();
    let refused = |action: &str| {
        denied(format!("User: {} is not authorized to perform: sts:{action} on resource: {arn}", caller.arn))
    };
    // The code of a session that was begun with one counts on.
    let mfa = one_time_code(directory, caller, input)? || caller.mfa;
    let given = input["SourceIdentity"].as_str();
    let source_identity = match (caller.source_identity.as_deref(), given) {
        // Once set it stays, along the whole chain.
        (Some(kept), Some(given)) if kept != given => return Err(refused("SetSourceIdentity")),
        (Some(kept), _) => Some(kept),
        (None, given) => given,
    };
    let session_name = input["RoleSessionName"].as_str().unwrap_or_default();
    let asking = Asking {
        principals: principals(caller),
        external_id: input["ExternalId"].as_str(),
        source_identity,
        session_name,
        mfa,
    };
    let trust = directory.trust(&account, &role).map_err(|_| refused("AssumeRole"))?;
    if trust.is_some_and(|trust| !trust.allows(&asking)) {
        return Err(refused("AssumeRole"));
    }
    let seconds = seconds_of(input, trust)?;
    if seconds > CHAINED && caller.arn.contains(":assumed-role/") {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining".to_owned(),
        ));
    }
    let expires = env.now() + seconds * SECOND;
    let session = people.assume_as(
        &mut env.ids,
        &account,
        &role,
        session_name,
        source_identity.map(str::to_owned),
        expires,
    );
    let mut answer = json!({
        "Credentials": credentials(&session, expires),
        "AssumedRoleUser": {"AssumedRoleId": session.caller.user_id, "Arn": session.caller.arn},
        "PackedPolicySize": 6,
    });
    if let Some(identity) = source_identity {
        answer["SourceIdentity"] = json!(identity);
    }
    Ok(answer)
}

pub(super) fn with_web_identity(
    people: &mut People,
    directory: &Directory,
    env: &mut Env,
    input: &Value,
) -> Result<Value, AwsError> {
    let (account, role) = role_of(input)?;
    check_names(input)?;
    let token = input["WebIdentityToken"].as_str().unwrap_or_default();
    let identity = directory.web_identities.iter().find(|known| known.token == token).ok_or_else(|| {
        AwsError::new(
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for this token",
        )
    })?;
    if identity.expired {
        return Err(AwsError::new(
            "ExpiredTokenException",
            "Token expired: current date/time must be before the expiration date/time",
        ));
    }
    let session_name = input["RoleSessionName"].as_str().unwrap_or_default();
    let asking = Asking {
        principals: vec![format!("arn:aws:iam::{account}:oidc-provider/{}", identity.provider)],
        external_id: None,
        source_identity: None,
        session_name,
        mfa: false,
    };
    let refused = || denied("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    let trust = directory.trust(&account, &role).map_err(|_| refused())?;
    if trust.is_some_and(|trust| !trust.allows(&asking)) {
        return Err(refused());
    }
    let expires = env.now() + seconds_of(input, trust)? * SECOND;
    let session = people.assume(&mut env.ids, &account, &role, session_name, expires);
    Ok(json!({
        "Credentials": credentials(&session, expires),
        "AssumedRoleUser": {"AssumedRoleId": session.caller.user_id, "Arn": session.caller.arn},
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": format!("arn:aws:iam::{account}:oidc-provider/{}", identity.provider),
        "Audience": identity.audience,
        "PackedPolicySize": 6,
    }))
}

/// Account and name of the role. Its path is no part of its session's ARN.
fn role_of(input: &Value) -> Result<(String, String), AwsError> {
    let arn = input["RoleArn"].as_str().unwrap_or_default();
    arn.strip_prefix("arn:aws:iam::")
        .and_then(|rest| rest.split_once(":role/"))
        .filter(|(account, role)| account.len() == 12 && !role.is_empty())
        .map(|(account, role)| (account.to_owned(), role.rsplit('/').next().unwrap_or(role).to_owned()))
        .ok_or_else(|| invalid(format!("{arn} is invalid")))
}

fn check_names(input: &Value) -> Result<(), AwsError> {
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
    Ok(())
}

fn seconds_of(input: &Value, trust: Option<&Trust>) -> Result<u64, AwsError> {
    let Some(text) = input["DurationSeconds"].as_str() else { return Ok(3600) };
    let seconds = duration(text, 43_200)?;
    if trust.is_some_and(|trust| seconds > trust.max_seconds) {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".to_owned(),
        ));
    }
    Ok(seconds)
}
