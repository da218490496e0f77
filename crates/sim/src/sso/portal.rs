//! The access portal: a person's accounts and roles, and credentials of a role.

use serde_json::{Value, json};

use super::Sso;
use super::instance::Instance;
use crate::aws_error::AwsError;
use crate::clock::SECOND;
use crate::people::People;
use crate::world::Env;

/// The largest page (synfinatic/aws-sso-cli #1343), and that of a client that names none (aws/aws-tools-for-powershell #401).
const LARGEST: usize = 100;
const PAGE: usize = 20;

/// Answers one call of the portal. Whoever asks is known by the access token, which is judged here.
pub(super) fn serve(
    sso: &mut Sso,
    people: &mut People,
    env: &Env,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let now = env.now();
    let unauthorized =
        || AwsError::with_status("UnauthorizedException", 401, "Session token not found or invalid");
    let token = input["accessToken"].as_str().and_then(|token| sso.access.get(token));
    let access = token.filter(|a| now < a.expires).ok_or_else(unauthorized)?;
    let fits = access.scopes.is_empty() || access.scopes.iter().any(|s| s == "sso:account:access");
    let session = sso.sessions.get(access.session).filter(|s| fits && s.is_open(now));
    let session = session.ok_or_else(unauthorized)?;
    let person = session.person.clone();
    let instance = sso.instances.iter().find(|i| i.is_at(&session.start_url)).ok_or_else(unauthorized)?;
    if !instance.people(people).contains(&person) {
        return Err(unauthorized());
    }
    match operation {
        "ListAccounts" => {
            let all: Vec<Value> = instance
                .accounts_of(&person)
                .map(|a| json!({"accountId": a.id, "accountName": a.name, "emailAddress": a.email}))
                .collect();
            page("accountList", &all, input)
        }
        "ListAccountRoles" => {
            let id = input["accountId"].as_str().unwrap_or_default();
            let all: Vec<Value> = roles(instance, &person, id)?
                .into_iter()
                .map(|role| json!({"roleName": role, "accountId": id}))
                .collect();
            page("roleList", &all, input)
        }
        "GetRoleCredentials" => {
            let id = input["accountId"].as_str().unwrap_or_default();
            let role = input["roleName"].as_str().unwrap_or_default();
            if !roles(instance, &person, id)?.contains(&role) {
                return Err(no_access());
            }
            let seconds = sso.switches.role_seconds.unwrap_or(instance.role_seconds);
            let expires = now + seconds * SECOND;
            let given = people.reserved(&mut sso.ids, id, role, &person, expires);
            Ok(json!({"roleCredentials": {
                "accessKeyId": given.caller.access_key_id,
                "secretAccessKey": given.secret,
                "sessionToken": given.token,
                "expiration": expires / SECOND * 1000,
            }}))
        }
        "Logout" => {
            let index = access.session;
            sso.sessions[index].signed_out = true;
            Ok(Value::Null)
        }
        other => Err(AwsError::not_implemented("sso", other)),
    }
}

/// The roles of a person in an account of the instance.
fn roles<'a>(instance: &'a Instance, person: &'a str, account: &str) -> Result<Vec<&'a str>, AwsError> {
    let known = instance.accounts.iter().find(|a| a.id == account);
    let known = known.ok_or_else(|| {
        // That it is this one, and not ForbiddenException, is to be confirmed.
        AwsError::with_status("ResourceNotFoundException", 404, format!("Account {account} does not exist"))
    })?;
    let roles: Vec<&str> = known.roles.iter().filter_map(|r| r.of(person)).collect();
    if roles.is_empty() { Err(no_access()) } else { Ok(roles) }
}

fn no_access() -> AwsError {
    AwsError::with_status("ForbiddenException", 403, "No access")
}

/// One page of `all`, and where the next one begins.
fn page(member: &str, all: &[Value], input: &Value) -> Result<Value, AwsError> {
    let invalid = |message: &str| AwsError::new("InvalidRequestException", message);
    let size = match input["maxResults"].as_str() {
        None => PAGE,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|n| (1..=LARGEST).contains(n))
            .ok_or_else(|| invalid("ResultSize parameter must be within the valid limits of: 1-100"))?,
    };
    let from = match input["nextToken"].as_str() {
        None => 0,
        Some(text) => text
            .strip_prefix("sim-")
            .and_then(|n| n.parse::<usize>().ok())
            .filter(|n| *n <= all.len())
            .ok_or_else(|| invalid("Invalid next_token"))?,
    };
    let until = all.len().min(from + size);
    let next = (until < all.len()).then(|| format!("sim-{until}"));
    Ok(json!({ member: &all[from..until], "nextToken": next }))
}
