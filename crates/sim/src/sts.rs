//! STS: who is calling, roles to assume, sessions of users. Query protocol; `input` is the form as an object, the answer is XML's content as JSON.

mod assume;

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{Micros, SECOND, iso8601};
use crate::directory::Directory;
use crate::people::{Caller, Credentials, People};
use crate::world::Env;

/// Answers one call.
pub(crate) fn serve(
    people: &mut People,
    directory: &Directory,
    env: &mut Env,
    caller: &Caller,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "GetCallerIdentity" => {
            Ok(json!({"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account}))
        }
        "AssumeRole" => assume::assume_role(people, directory, env, caller, input),
        "AssumeRoleWithWebIdentity" => assume::with_web_identity(people, directory, env, input),
        "GetSessionToken" => session_token(people, directory, env, caller, input),
        "GetAccessKeyInfo" => {
            let key = input["AccessKeyId"].as_str().unwrap_or_default();
            // What AWS says of a key that nobody ever had is to be confirmed.
            let known =
                people.find(key).ok_or_else(|| invalid(format!("{key} is not a valid access key ID")))?;
            Ok(json!({"Account": known.caller.account}))
        }
        other => Err(AwsError::not_implemented("sts", other)),
    }
}

/// A session of a user with long-term keys.
fn session_token(
    people: &mut People,
    directory: &Directory,
    env: &mut Env,
    caller: &Caller,
    input: &Value,
) -> Result<Value, AwsError> {
    if people.find(&caller.access_key_id).is_none_or(|c| c.token.is_some()) {
        return Err(denied("Cannot call GetSessionToken with session credentials"));
    }
    let mfa = one_time_code(directory, caller, input)?;
    let seconds = match input["DurationSeconds"].as_str() {
        None => 43_200,
        Some(text) => duration(text, 129_600)?,
    };
    let expires = env.now() + seconds * SECOND;
    let session = people.user_session(&mut env.ids, caller, mfa, expires);
    Ok(json!({ "Credentials": credentials(&session, expires) }))
}

/// Whether a one-time code was given; an error when it is wrong.
fn one_time_code(directory: &Directory, caller: &Caller, input: &Value) -> Result<bool, AwsError> {
    let (serial, code) = match (input["SerialNumber"].as_str(), input["TokenCode"].as_str()) {
        (None, None) => return Ok(false),
        (Some(serial), Some(code)) => (serial, code),
        (Some(_), None) | (None, Some(_)) => {
            return Err(denied(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            ));
        }
    };
    // A device belongs to one user; who signs in through Identity Center has none of IAM's.
    let own =
        serial == crate::directory::serial(&caller.account, &caller.name) && caller.arn.contains(":user/");
    match directory.devices.get(serial).filter(|_| own) {
        None => Err(denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and \
             associated with this user.",
        )),
        Some(right) if right != code => {
            Err(denied("MultiFactorAuthentication failed with invalid MFA one time pass code. "))
        }
        Some(_) => Ok(true),
    }
}

/// Seconds between 900 and `most`.
fn duration(text: &str, most: u64) -> Result<u64, AwsError> {
    let seconds = text.parse::<u64>().ok().filter(|s| (900..=most).contains(s));
    seconds.ok_or_else(|| invalid(format!("DurationSeconds must be between 900 and {most}, not {text}")))
}

fn credentials(session: &Credentials, expires: Micros) -> Value {
    json!({
        "AccessKeyId": session.caller.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": iso8601(expires),
    })
}

fn invalid(message: String) -> AwsError {
    AwsError::new("ValidationError", message)
}

fn denied(message: impl Into<String>) -> AwsError {
    AwsError::with_status("AccessDenied", 403, message)
}
