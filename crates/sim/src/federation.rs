//! Federated sign-in to the console: credentials for a time become a token, and the token a page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{Micros, SECOND};
use crate::people::{Caller, People};
use crate::seeded::Seeded;
use crate::world::Env;

const ANY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// A token is good for 15 minutes (IAM User Guide, "Enable custom identity broker access to the AWS console").
const LIFE: Micros = 900 * SECOND;

/// Sign-in tokens that were given out.
pub(crate) struct Federation {
    ids: Seeded,
    tokens: BTreeMap<String, (Caller, Micros)>,
}

impl Federation {
    pub(crate) fn new(seed: u64) -> Self {
        Self { ids: Seeded::new(seed, "federation"), tokens: BTreeMap::new() }
    }
}

/// Answers one request of the federation endpoint.
pub(crate) fn serve(
    federation: &mut Federation,
    people: &People,
    env: &Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "getSigninToken" => sign_in_token(federation, people, env, input),
        "login" => login(federation, env, input),
        other => Err(AwsError::not_implemented("signin", other)),
    }
}

fn sign_in_token(
    federation: &mut Federation,
    people: &People,
    env: &Env,
    input: &Value,
) -> Result<Value, AwsError> {
    let refuse = |message: &str| AwsError::new("ValidationError", message);
    let session: Value = serde_json::from_str(input["Session"].as_str().unwrap_or_default())
        .map_err(|_| refuse("Session is not JSON."))?;
    let text = |member: &str| session[member].as_str();
    let given = people.find(text("sessionId").unwrap_or_default());
    let given = given.filter(|c| text("sessionKey") == Some(&c.secret));
    let given = given.ok_or_else(|| refuse("These credentials are not valid."))?;
    if given.token.is_none() || given.caller.arn.contains(":user/") {
        return Err(refuse("Only credentials of a role that was assumed can sign in to the console."));
    }
    if text("sessionToken") != given.token.as_deref() {
        return Err(refuse("These credentials are not valid."));
    }
    if given.expired || given.expires.is_some_and(|at| at <= env.now()) {
        return Err(refuse("These credentials have expired."));
    }
    if let Some(seconds) = input["SessionDuration"].as_str()
        && !seconds.parse::<u64>().is_ok_and(|s| (900..=43_200).contains(&s))
    {
        return Err(refuse("SessionDuration is between 900 and 43200 seconds."));
    }
    let mut token = String::new();
    while token.len() < 512 {
        token.push_str(&federation.ids.letters(32, ANY));
    }
    federation.tokens.insert(token.clone(), (given.caller.clone(), env.now() + LIFE));
    Ok(json!({ "SigninToken": token }))
}

fn login(federation: &Federation, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let token = input["SigninToken"].as_str().unwrap_or_default();
    let (caller, _) =
        federation.tokens.get(token).filter(|(_, ends)| env.now() < *ends).ok_or_else(|| {
            AwsError::new("ValidationError", "The sign-in token is not valid, or has expired.")
        })?;
    let destination = input["Destination"].as_str().unwrap_or_default();
    if !destination.starts_with("https://") && !destination.starts_with("http://127.0.0.1:") {
        return Err(AwsError::new("ValidationError", "Destination is no address of a console."));
    }
    // The console itself is not simulated: the page says who would be in it, and where.
    let said =
        format!("{} is signed in to account {}, on the way to {destination}", caller.arn, caller.account);
    Ok(json!({"page": "said", "title": "The console", "said": said}))
}
