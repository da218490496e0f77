//! What a person's browser sees of a sign-in: the authorization request of a client with PKCE, and the approval of a device.

use serde_json::{Map, Value, json};
use url::Url;

use super::Sso;
use super::instance::Instance;
use super::switches::Approve;
use super::tokens::{Code, Decision, long_token};
use crate::aws_error::AwsError;
use crate::clock::SECOND;
use crate::people::People;
use crate::protocol::encoded;
use crate::world::Env;

/// The authorization endpoint, and the form of its page. Answers where the browser goes, or which page it shows.
pub(super) fn authorize(sso: &mut Sso, people: &People, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let text = |member: &str| input[member].as_str().unwrap_or_default();
    // Until client and address are known to belong together, nobody is sent anywhere.
    let refuse = |message: String| AwsError::new("InvalidRequestException", message);
    let (id, redirect) = (text("client_id").to_owned(), text("redirect_uri").to_owned());
    let client = sso.clients.get(&id).filter(|c| env.now() < c.expires);
    let client = client
        .ok_or_else(|| refuse("This client is not registered, or its registration has ended.".to_owned()))?;
    if !client.redirects.iter().any(|registered| is_same(registered, &redirect)) {
        return Err(refuse(format!("The address {redirect} is none that this client registered.")));
    }
    let instance = client.issuer.as_deref().and_then(|url| sso.instances.iter().find(|i| i.is_at(url)));
    let instance = instance.ok_or_else(|| refuse("This client registered for no start URL.".to_owned()))?;
    let state = text("state");
    let lead = |members: &[(&str, &str)]| {
        let mut location = redirect.clone();
        for (name, value) in members.iter().chain((!state.is_empty()).then_some(&("state", state))) {
            location.push(if location.contains('?') { '&' } else { '?' });
            location.push_str(&format!("{name}={}", encoded(value)));
        }
        json!({ "location": location })
    };
    if text("response_type") != "code" {
        return Ok(lead(&[("error", "unsupported_response_type")]));
    }
    let challenge = text("code_challenge");
    if text("code_challenge_method") != "S256" || !(43..=128).contains(&challenge.len()) {
        return Ok(lead(&[
            ("error", "invalid_request"),
            ("error_description", "code challenge of method S256 required"),
        ]));
    }
    // AWS names it `scopes`; OAuth `scope`.
    let asked = [text("scopes"), text("scope")].into_iter().find(|s| !s.is_empty()).unwrap_or_default();
    let scopes: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
    if scopes.iter().any(|scope| !client.scopes.contains(scope)) {
        return Ok(lead(&[("error", "invalid_scope")]));
    }
    let scopes = if scopes.is_empty() { client.scopes.clone() } else { scopes };
    let names = instance.people(people);
    let person = match (by_hand(input)?, sso.switches.approve()) {
        (Some(Decision::Allow(person)), _) | (None, Approve::Auto(person)) => person,
        (Some(Decision::Deny), _) | (None, Approve::Deny) => return Ok(lead(&[("error", "access_denied")])),
        (None, Approve::Never) => return Ok(json!({"page": "waiting"})),
        (None, Approve::Hand) => {
            return Ok(chooser(instance, &names, &client.name, "/_holdpoint/authorize", input));
        }
    };
    if !names.contains(&person) {
        return Ok(lead(&[("error", "access_denied")]));
    }
    let code = Code {
        client: id,
        redirect: redirect.clone(),
        challenge: challenge.to_owned(),
        start_url: instance.start_url.clone(),
        person,
        scopes,
        expires: env.now() + sso.switches.code_seconds.unwrap_or(600) * SECOND,
        used: false,
    };
    let value = long_token(&mut sso.ids, "", 86);
    let answer = lead(&[("code", &value)]);
    sso.codes.insert(value, code);
    Ok(answer)
}

/// The page behind `verificationUri`.
pub(super) fn device_page(sso: &Sso, people: &People, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let given = input["user_code"].as_str().unwrap_or_default();
    if given.is_empty() {
        return Ok(json!({"page": "enter_code", "said": ""}));
    }
    let Some(device) = find_device(sso, env, given).and_then(|code| sso.devices.get(&code)) else {
        let said = format!("No sign-in waits for the code {given}.");
        return Ok(json!({"page": "enter_code", "said": said}));
    };
    if sso.switches.approve() == Approve::Never {
        return Ok(json!({"page": "waiting"}));
    }
    let instance = sso.instances.iter().find(|i| i.is_at(&device.start_url));
    let instance =
        instance.ok_or_else(|| AwsError::new("InvalidRequestException", "Its start URL is gone."))?;
    let client = sso.clients.get(&device.client).map_or("A client", |c| c.name.as_str());
    let fields = json!({ "user_code": device.user_code });
    let mut page = chooser(instance, &instance.people(people), client, "/_holdpoint/device", &fields);
    page["user_code"] = json!(device.user_code);
    Ok(page)
}

/// The form of that page, which tests may send as well.
pub(super) fn decide_device(
    sso: &mut Sso,
    people: &People,
    env: &Env,
    input: &Value,
) -> Result<Value, AwsError> {
    let given = input["user_code"].as_str().unwrap_or_default();
    let refuse = |message: String| AwsError::new("InvalidRequestException", message);
    let decision = by_hand(input)?.ok_or_else(|| refuse("decision: allow or deny".to_owned()))?;
    let code = find_device(sso, env, given)
        .ok_or_else(|| refuse(format!("No sign-in waits for the code {given}.")))?;
    let device = sso.devices.get_mut(&code);
    let device = device.ok_or_else(|| refuse("The sign-in is gone.".to_owned()))?;
    let instance = sso.instances.iter().find(|i| i.is_at(&device.start_url));
    if let Decision::Allow(person) = &decision
        && !instance.is_some_and(|i| i.people(people).contains(person))
    {
        return Err(refuse(format!("{person} is none of the people of {}.", device.start_url)));
    }
    let (title, said) = match &decision {
        Decision::Allow(person) => {
            ("Request approved", format!("Signed in as {person}. You can close this page."))
        }
        Decision::Deny => ("Request denied", "Nobody was signed in. You can close this page.".to_owned()),
    };
    device.decision = Some(decision);
    Ok(json!({"page": "said", "title": title, "said": said}))
}

/// Whether an address may be registered: loopback without TLS, or TLS anywhere.
pub(super) fn may_register(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|uri| {
        uri.fragment().is_none() && (uri.scheme() == "https" || (uri.scheme() == "http" && is_loopback(&uri)))
    })
}

/// Whether an address is the registered one; the port of a loopback address is free (RFC 8252, 7.3).
fn is_same(registered: &str, given: &str) -> bool {
    let (Ok(known), Ok(uri)) = (Url::parse(registered), Url::parse(given)) else { return false };
    if !is_loopback(&known) {
        return registered == given;
    }
    known.scheme() == uri.scheme()
        && known.host_str() == uri.host_str()
        && known.path() == uri.path()
        && known.query() == uri.query()
        && uri.fragment().is_none()
        && uri.username().is_empty()
}

fn is_loopback(uri: &Url) -> bool {
    matches!(uri.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// What the form says.
fn by_hand(input: &Value) -> Result<Option<Decision>, AwsError> {
    match input["decision"].as_str() {
        None => Ok(None),
        Some("deny") => Ok(Some(Decision::Deny)),
        Some("allow") => {
            let person = input["person"].as_str().filter(|p| !p.is_empty());
            let person =
                person.ok_or_else(|| AwsError::new("InvalidRequestException", "person: say who signs in"))?;
            Ok(Some(Decision::Allow(person.to_owned())))
        }
        Some(_) => Err(AwsError::new("InvalidRequestException", "decision: allow or deny")),
    }
}

/// The device code behind a user code, written in any case and with or without its dash.
fn find_device(sso: &Sso, env: &Env, user_code: &str) -> Option<String> {
    let plain = |code: &str| code.replace(['-', ' '], "").to_ascii_uppercase();
    let wanted = plain(user_code);
    let waiting = |d: &super::tokens::Device| plain(&d.user_code) == wanted && d.is_waiting(env.now());
    sso.devices.iter().find(|(_, d)| waiting(d)).map(|(code, _)| code.clone())
}

fn chooser(instance: &Instance, names: &[String], client: &str, action: &str, fields: &Value) -> Value {
    let fields: Map<String, Value> = fields
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !["person", "decision"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({
        "page": "choose", "client": client, "start_url": instance.start_url, "people": names, "action": action, "fields": fields,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let portless = "http://127.0.0.1/oauth/callback";
        for (registered, given, same) in [
            (portless, "http://127.0.0.1:45678/oauth/callback", true),
            (portless, "http://127.0.0.1/oauth/callback", true),
            (portless, "http://127.0.0.1:45678/oauth/other", false),
            (portless, "http://localhost:45678/oauth/callback", false),
            (portless, "https://127.0.0.1:45678/oauth/callback", false),
            (portless, "http://127.0.0.1.evil.example/oauth/callback", false),
            (portless, "http://127.0.0.1@evil.example/oauth/callback", false),
            (portless, "http://me@127.0.0.1/oauth/callback", false),
            (portless, "http://127.0.0.1:1/oauth/callback?next=x", false),
            (portless, "http://127.0.0.1:1/oauth/callback#x", false),
            ("https://app.example/cb", "https://app.example/cb", true),
            ("https://app.example/cb", "https://app.example:8443/cb", false),
        ] {
            assert_eq!(is_same(registered, given), same, "{registered} {given}");
        }
        for (uri, may) in [
            (portless, true),
            ("http://app.example/cb", false),
            ("https://app.example/cb", true),
            ("x", false),
        ] {
            assert_eq!(may_register(uri), may, "{uri}");
        }
    }
}
