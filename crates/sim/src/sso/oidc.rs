//! SSO OIDC: client registration, device authorization, and the three grants of CreateToken (RFC 6749, 7636, 8628).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Sso;
use super::switches::Approve;
use super::tokens::{Access, Client, Decision, Device, Refresh, Session, long_token, user_code};
use crate::aws_error::AwsError;
use crate::clock::{Micros, SECOND};
use crate::people::People;
use crate::seeded::digest;
use crate::world::Env;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CODE_GRANT: &str = "authorization_code";
const REFRESH_GRANT: &str = "refresh_token";

pub(super) fn register_client(sso: &mut Sso, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let name = text(input, "clientName")?;
    if text(input, "clientType")? != "public" {
        return Err(AwsError::new(
            "InvalidClientMetadataException",
            "Only clients of type public are supported",
        ));
    }
    let grants = list(input, "grantTypes")?;
    if let Some(other) =
        grants.iter().find(|g| ![DEVICE_GRANT, CODE_GRANT, REFRESH_GRANT].contains(&g.as_str()))
    {
        return Err(AwsError::new(
            "UnsupportedGrantTypeException",
            format!("Unsupported grant type: {other}"),
        ));
    }
    let redirects = list(input, "redirectUris")?;
    if let Some(other) = redirects.iter().find(|uri| !super::approval::may_register(uri)) {
        return Err(AwsError::new("InvalidRedirectUriException", format!("Invalid redirect URI: {other}")));
    }
    let issuer = input["issuerUrl"].as_str().map(str::to_owned);
    let instance = match &issuer {
        Some(url) => Some(sso.instances.iter().find(|i| i.is_at(url)).ok_or_else(|| no_instance(url))?),
        None => sso.instances.first(),
    };
    if grants.iter().any(|g| g == CODE_GRANT) && (issuer.is_none() || redirects.is_empty()) {
        let message = "issuerUrl and redirectUris are required for the authorization_code grant";
        return Err(AwsError::new("InvalidRequestException", message));
    }
    let scopes = list(input, "scopes")?;
    if grants.iter().any(|g| g == CODE_GRANT) && scopes.is_empty() {
        // To be confirmed; synfinatic/aws-sso-cli #1359 met it.
        return Err(AwsError::new("InvalidScopeException", "Invalid scope"));
    }
    let of_instance = instance.map_or(7_776_000, |i| i.client_seconds);
    let now = env.now();
    let expires = now + sso.switches.client_seconds.unwrap_or(of_instance) * SECOND;
    let id = long_token(&mut sso.ids, "sim", 34);
    let secret = long_token(&mut sso.ids, "eyJraWQiOiJrZXktc2ltIiwiYWxnIjoiSFMzODQifQ.", 1400);
    let client = Client { secret: secret.clone(), name, scopes, grants, redirects, issuer, expires };
    sso.clients.insert(id.clone(), client);
    Ok(json!({
        "clientId": id,
        "clientSecret": secret,
        "clientIdIssuedAt": now / SECOND,
        "clientSecretExpiresAt": expires / SECOND,
    }))
}

pub(super) fn start_device_authorization(sso: &mut Sso, env: &Env, input: &Value) -> Result<Value, AwsError> {
    let client = authentic_client(sso, env, input)?;
    may_use(sso, &client, DEVICE_GRANT)?;
    let start_url = text(input, "startUrl")?;
    let instance =
        sso.instances.iter().find(|i| i.is_at(&start_url)).ok_or_else(|| no_instance(&start_url))?;
    let start_url = instance.start_url.clone();
    let seconds = sso.switches.device_seconds.unwrap_or(600);
    // AWS answers 1 (aws/aws-cli #5878 shows polls a second apart).
    let interval = sso.switches.interval.unwrap_or(1);
    let code = long_token(&mut sso.ids, "", 86);
    let user_code = user_code(&mut sso.ids);
    sso.devices.insert(
        code.clone(),
        Device {
            user_code: user_code.clone(),
            client,
            start_url,
            expires: env.now() + seconds * SECOND,
            interval,
            polled: None,
            polls: 0,
            decision: None,
            used: false,
        },
    );
    Ok(json!({
        "deviceCode": code,
        "userCode": user_code,
        "expiresIn": seconds,
        "interval": interval,
    }))
}

pub(super) fn create_token(
    sso: &mut Sso,
    people: &People,
    env: &Env,
    input: &Value,
) -> Result<Value, AwsError> {
    let grant = text(input, "grantType")?;
    let client = authentic_client(sso, env, input)?;
    if ![DEVICE_GRANT, CODE_GRANT, REFRESH_GRANT].contains(&grant.as_str()) {
        return Err(AwsError::new(
            "UnsupportedGrantTypeException",
            format!("Unsupported grant type: {grant}"),
        ));
    }
    may_use(sso, &client, &grant)?;
    match grant.as_str() {
        DEVICE_GRANT => by_device(sso, people, env, &client, input),
        CODE_GRANT => by_code(sso, env, &client, input),
        _ => by_refresh(sso, env, &client, input),
    }
}

fn by_device(
    sso: &mut Sso,
    people: &People,
    env: &Env,
    client: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    let now = env.now();
    let wanted = text(input, "deviceCode")?;
    let approve = sso.switches.approve();
    let hold_back = sso.switches.pending.unwrap_or(0);
    let invalid = || AwsError::new("InvalidGrantException", "Invalid device code provided");
    let device = sso.devices.get_mut(&wanted).filter(|d| d.client == client).ok_or_else(invalid)?;
    if device.used {
        return Err(invalid());
    }
    if now >= device.expires {
        // The wording is to be confirmed.
        return Err(AwsError::new("ExpiredTokenException", "Device code has expired"));
    }
    let hasty = device.polled.is_some_and(|at| now < at + device.interval * SECOND);
    device.polled = Some(now);
    device.polls += 1;
    if hasty || sso.switches.slows_down() {
        device.interval += 5;
        return Err(AwsError::new("SlowDownException", "Slow down polling for token"));
    }
    let pending = || AwsError::new("AuthorizationPendingException", "Authorization is still pending");
    if device.polls <= hold_back {
        return Err(pending());
    }
    if device.decision.is_none() {
        device.decision = match approve {
            Approve::Auto(person) => Some(Decision::Allow(person)),
            Approve::Deny => Some(Decision::Deny),
            Approve::Hand | Approve::Never => None,
        };
    }
    let (person, start_url) = match &device.decision {
        None => return Err(pending()),
        Some(Decision::Deny) => return Err(denied()),
        Some(Decision::Allow(person)) => (person.clone(), device.start_url.clone()),
    };
    let instance =
        sso.instances.iter().find(|i| i.is_at(&start_url)).ok_or_else(|| no_instance(&start_url))?;
    if !instance.people(people).contains(&person) {
        return Err(denied());
    }
    device.used = true;
    let scopes = sso.clients.get(client).map(|c| c.scopes.clone()).unwrap_or_default();
    let session = begin_session(sso, now, person, start_url);
    Ok(hand_out(sso, now, client, session, scopes))
}

fn by_code(sso: &mut Sso, env: &Env, client: &str, input: &Value) -> Result<Value, AwsError> {
    let now = env.now();
    let (wanted, verifier, redirect) =
        (text(input, "code")?, text(input, "codeVerifier")?, text(input, "redirectUri")?);
    // One refusal for every reason, as OAuth wants it; the wording is to be confirmed.
    let invalid = || AwsError::new("InvalidGrantException", "Invalid authorization code provided");
    let code = sso.codes.get_mut(&wanted).filter(|c| c.client == client && !c.used).ok_or_else(invalid)?;
    // Tried is spent, whatever comes of it: a code is not for guessing verifiers.
    code.used = true;
    let challenge = URL_SAFE_NO_PAD.encode(digest(&[verifier.as_bytes()]));
    if now >= code.expires
        || code.redirect != redirect
        || code.challenge != challenge
        || !(43..=128).contains(&verifier.len())
    {
        return Err(invalid());
    }
    let (person, start_url, scopes) = (code.person.clone(), code.start_url.clone(), code.scopes.clone());
    let session = begin_session(sso, now, person, start_url);
    Ok(hand_out(sso, now, client, session, scopes))
}

fn by_refresh(sso: &mut Sso, env: &Env, client: &str, input: &Value) -> Result<Value, AwsError> {
    let now = env.now();
    let wanted = text(input, "refreshToken")?;
    let asked = list(input, "scope")?;
    let invalid = || AwsError::new("InvalidGrantException", "Invalid refresh token provided");
    let token = sso.refresh.get_mut(&wanted).filter(|r| r.client == client).ok_or_else(invalid)?;
    if token.used {
        sso.reused += 1;
        return Err(invalid());
    }
    let session = token.session;
    if !token.is_good(now) || !sso.sessions.get(session).is_some_and(|s| s.is_open(now)) {
        return Err(invalid());
    }
    if asked.iter().any(|scope| !token.scopes.contains(scope)) {
        return Err(AwsError::new("InvalidScopeException", "Invalid scope"));
    }
    token.used = true;
    let scopes = token.scopes.clone();
    Ok(hand_out(sso, now, client, session, scopes))
}

fn begin_session(sso: &mut Sso, now: Micros, person: String, start_url: String) -> usize {
    let of_instance =
        sso.instances.iter().find(|i| i.is_at(&start_url)).map_or(28_800, |i| i.session_seconds);
    let ends = now + sso.switches.session_seconds.unwrap_or(of_instance) * SECOND;
    sso.sessions.push(Session { person, start_url, ends, signed_out: false });
    sso.sessions.len() - 1
}

/// An access token, and a refresh token for clients that asked for scopes. Without one the access token lasts as long as the session.
fn hand_out(sso: &mut Sso, now: Micros, client: &str, session: usize, scopes: Vec<String>) -> Value {
    let (start_url, ends) = (sso.sessions[session].start_url.clone(), sso.sessions[session].ends);
    let instance = sso.instances.iter().find(|i| i.is_at(&start_url));
    let asks = sso.clients.get(client).is_some_and(|c| {
        !c.scopes.is_empty() && (c.grants.is_empty() || c.grants.iter().any(|g| g == REFRESH_GRANT))
    });
    let renews = asks && sso.switches.refresh.unwrap_or_else(|| instance.is_some_and(|i| i.refresh));
    let seconds = sso.switches.access_token_seconds.or_else(|| instance.map(|i| i.access_token_seconds));
    let expires = match seconds.filter(|_| renews) {
        Some(seconds) => ends.min(now + seconds * SECOND),
        None => ends,
    };
    let token = long_token(&mut sso.ids, "aoaAAAAA", 340);
    sso.access.insert(token.clone(), Access { session, scopes: scopes.clone(), expires });
    // Its clients see these members too, and null for what there is not.
    let mut answer = json!({
        "accessToken": token,
        "tokenType": "Bearer",
        "expiresIn": (expires - now) / SECOND,
        "refreshToken": null,
        "idToken": null,
        "issuedTokenType": null,
        "originSessionId": null,
        "aws_sso_app_session_id": null,
    });
    if renews {
        let refresh = long_token(&mut sso.ids, "aorAAAAA", 370);
        let kept = Refresh { session, client: client.to_owned(), scopes, used: false, ends: None };
        sso.refresh.insert(refresh.clone(), kept);
        answer["refreshToken"] = json!(refresh);
    }
    answer
}

/// The id of the client that a call names, if its secret is right and its registration has not ended.
fn authentic_client(sso: &Sso, env: &Env, input: &Value) -> Result<String, AwsError> {
    let (id, secret) = (text(input, "clientId")?, text(input, "clientSecret")?);
    // That a registration which has ended is answered like one that never was is to be confirmed.
    let good = sso.clients.get(&id).is_some_and(|c| c.secret == secret && env.now() < c.expires);
    if good {
        Ok(id)
    } else {
        Err(AwsError::with_status("InvalidClientException", 401, "Invalid client provided"))
    }
}

/// A client that named its grants is held to them.
fn may_use(sso: &Sso, client: &str, grant: &str) -> Result<(), AwsError> {
    let fits = sso.clients.get(client).is_some_and(|c| {
        if c.grants.is_empty() { grant != CODE_GRANT } else { c.grants.iter().any(|g| g == grant) }
    });
    let message = format!("Client is not authorized to use grant type {grant}");
    if fits { Ok(()) } else { Err(AwsError::new("UnauthorizedClientException", message)) }
}

fn denied() -> AwsError {
    AwsError::new("AccessDeniedException", "Access denied")
}

fn no_instance(start_url: &str) -> AwsError {
    AwsError::new("InvalidRequestException", format!("Invalid start url provided: {start_url}"))
}

fn text(input: &Value, member: &str) -> Result<String, AwsError> {
    input[member]
        .as_str()
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| AwsError::new("InvalidRequestException", format!("{member} is required")))
}

fn list(input: &Value, member: &str) -> Result<Vec<String>, AwsError> {
    let wrong = || AwsError::new("InvalidRequestException", format!("{member} must be a list of strings"));
    if input[member].is_null() {
        return Ok(Vec::new());
    }
    let given = input[member].as_array().ok_or_else(wrong)?;
    given.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}
