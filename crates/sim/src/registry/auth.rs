//! Who asks a registry: ECR's passwords, users with passwords, and the tokens of the token server. Nothing that is given out is stored:
//! it carries what it says and a seal over it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::{Micros, SECOND, iso8601};
use crate::registry::answer::Refusal;
use crate::registry::model::{Auth, Place, Registries, ecr_owner};
use crate::seeded::{digest, hex};
use crate::world::World;

/// How long the token server's tokens are good.
const TOKEN_SECONDS: u64 = 300;

/// Whose credentials they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// Of AWS; empty for a user of another registry.
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) name: String,
}

impl Holder {
    pub(crate) fn named(name: &str) -> Self {
        Self { account: String::new(), arn: name.to_owned(), name: name.to_owned() }
    }
}

/// Why something sealed is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    Foreign,
    Expired,
}

/// What is asked of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Pull,
    Push,
}

impl Wish {
    fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Envelope {
    payload: String,
    datakey: String,
    version: String,
    #[serde(rename = "type")]
    kind: String,
    expiration: u64,
}

/// The password behind `AWS:`, in the form of AWS's: the base64 of an envelope, good until `expires`, new each time.
pub(crate) fn sealed(key: &[u8; 32], holder: &Holder, now: Micros, expires: Micros) -> String {
    let filler: String =
        (0..16u64).map(|n| hex(&digest(&[key, &now.to_be_bytes(), &n.to_be_bytes()]))).collect();
    let payload = STANDARD.encode(json!({ "holder": holder, "filler": filler }).to_string());
    let expiration = expires / SECOND;
    let datakey = STANDARD.encode(seal(key, &payload, expiration));
    let (version, kind) = ("2".to_owned(), "DATA_KEY".to_owned());
    let envelope = Envelope { payload, datakey, version, kind, expiration };
    STANDARD.encode(serde_json::to_string(&envelope).unwrap_or_default())
}

/// Whose password it is.
pub(crate) fn unsealed(key: &[u8; 32], password: &str, now: Micros) -> Result<Holder, Unfit> {
    let bytes = STANDARD.decode(password).map_err(|_| Unfit::Foreign)?;
    let envelope: Envelope = serde_json::from_slice(&bytes).map_err(|_| Unfit::Foreign)?;
    if envelope.datakey != STANDARD.encode(seal(key, &envelope.payload, envelope.expiration)) {
        return Err(Unfit::Foreign);
    }
    let payload = STANDARD.decode(&envelope.payload).map_err(|_| Unfit::Foreign)?;
    let payload: Value = serde_json::from_slice(&payload).map_err(|_| Unfit::Foreign)?;
    if envelope.expiration * SECOND <= now {
        return Err(Unfit::Expired);
    }
    serde_json::from_value(payload["holder"].clone()).map_err(|_| Unfit::Foreign)
}

fn seal(key: &[u8; 32], payload: &str, expiration: u64) -> String {
    let once = digest(&[key, payload.as_bytes(), &expiration.to_be_bytes()]);
    hex(&digest(&[key, &once]))
}

/// What an `Authorization` header says.
pub(crate) enum Shown {
    Nothing,
    Basic { user: String, password: String },
    Bearer(String),
    Unreadable,
}

impl Shown {
    pub(crate) fn read(header: Option<&str>) -> Self {
        let Some((scheme, rest)) = header.and_then(|header| header.split_once(' ')) else {
            return if header.is_some() { Self::Unreadable } else { Self::Nothing };
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            return Self::Bearer(rest.trim().to_owned());
        }
        let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match decoded.as_deref().and_then(|text| text.split_once(':')) {
            // A client without credentials that answers a challenge all the same.
            Some(("", "")) => Self::Nothing,
            Some((user, password)) if scheme.eq_ignore_ascii_case("basic") => {
                Self::Basic { user: user.to_owned(), password: password.to_owned() }
            }
            _ => Self::Unreadable,
        }
    }
}

/// Whether a request for `place` is let in, and as whom.
pub(crate) fn admit(
    world: &World,
    host: &str,
    place: &Place,
    wish: Wish,
    shown: &Shown,
) -> Result<Holder, Refusal> {
    let registries = &world.env.images.registries;
    let auth = registries.auth(&place.host);
    let scope = format!("repository:{}:{}", asked_name(registries, place), scope_actions(wish));
    let challenge = || match auth {
        Auth::Ecr => Refusal::plain(401, "Not Authorized\n").challenged(ecr_challenge(&place.host)),
        Auth::Token => Refusal::new(401, "UNAUTHORIZED", "authentication required")
            .challenged(bearer_challenge(host, Some(&scope))),
        Auth::Basic | Auth::Anonymous => Refusal::new(401, "UNAUTHORIZED", "authentication required")
            .challenged("Basic realm=\"Registry Realm\"".to_owned()),
    };
    let holder = match (auth, shown) {
        (Auth::Anonymous, _) => return Ok(Holder::named("anonymous")),
        (_, Shown::Bearer(token)) => {
            let holder = by_token(world, token, place, wish).map_err(|unfit| match unfit {
                TokenRefused::Unfit => challenge(),
                TokenRefused::Scope => {
                    Refusal::new(401, "DENIED", "requested access to the resource is denied").challenged(
                        format!("{},error=\"insufficient_scope\"", bearer_challenge(host, Some(&scope))),
                    )
                }
            })?;
            if auth != Auth::Ecr {
                return Ok(holder);
            }
            holder
        }
        (Auth::Ecr, Shown::Basic { user, password }) => by_ecr(world, user, password)?,
        (_, Shown::Basic { user, password }) => {
            return if is_user(registries, &place.host, user, password) {
                Ok(Holder::named(user))
            } else {
                Err(challenge())
            };
        }
        (_, Shown::Nothing | Shown::Unreadable) => {
            let public = registries.hosts.get(&place.host).is_some_and(|r| r.public);
            // Basic authentication has no anonymous pull; a token must be fetched even by nobody.
            return if auth == Auth::Basic && public && wish == Wish::Pull {
                Ok(Holder::named("anonymous"))
            } else {
                Err(challenge())
            };
        }
    };
    of_account(registries, place, wish, holder)
}

/// Whether what was shown is somebody's at all: what `/v2/` itself answers for.
pub(crate) fn is_somebody(world: &World, shown: &Shown) -> Result<Option<Holder>, Refusal> {
    let registries = &world.env.images.registries;
    match shown {
        Shown::Nothing | Shown::Unreadable => Ok(None),
        Shown::Bearer(token) => Ok(read_token(world, token).map(|token| token.holder)),
        Shown::Basic { user, password } => {
            let known = registries.hosts.iter().any(|(host, _)| is_user(registries, host, user, password));
            match (known, user.as_str()) {
                (true, _) => Ok(Some(Holder::named(user))),
                (false, "AWS") => by_ecr(world, user, password).map(Some),
                (false, _) => Ok(None),
            }
        }
    }
}

/// What `/v2/` itself asks for: ECR's way, and before it the token server's where a registry has one.
pub(crate) fn challenges(registries: &Registries, host: &str) -> Vec<String> {
    let home = registries.home.clone().unwrap_or_else(|| "registry.example".to_owned());
    let mut challenges = vec![ecr_challenge(&home)];
    if registries.hosts.values().any(|registry| registry.auth == Auth::Token) {
        challenges.insert(0, bearer_challenge(host, None));
    }
    challenges
}

#[derive(Debug, Serialize, Deserialize)]
struct Token {
    holder: Holder,
    /// Name as asked for, and actions.
    access: Vec<(String, Vec<String>)>,
    expires: u64,
}

/// The token server's answer: what of the scopes whoever asks may have.
pub(crate) fn token(world: &World, scopes: &[String], shown: &Shown) -> Result<Value, Refusal> {
    let registries = &world.env.images.registries;
    let wrong = || {
        Refusal::new(401, "UNAUTHORIZED", "incorrect username or password")
            .challenged("Basic realm=\"Registry Realm\"".to_owned())
    };
    let holder = match shown {
        Shown::Basic { .. } => is_somebody(world, shown)?.ok_or_else(wrong)?,
        Shown::Nothing => Holder::named("anonymous"),
        Shown::Bearer(_) | Shown::Unreadable => return Err(wrong()),
    };
    let mut access = Vec::new();
    for scope in scopes.iter().flat_map(|scope| scope.split(' ')) {
        let Some((kind, rest)) = scope.split_once(':') else { continue };
        let Some((name, actions)) = rest.rsplit_once(':') else { continue };
        if kind != "repository" {
            continue;
        }
        let place = registries.place(name);
        let may = |action: &&str| match registries.auth(&place.host) {
            Auth::Anonymous => true,
            Auth::Ecr => !holder.account.is_empty(),
            Auth::Basic | Auth::Token => {
                let registry = registries.hosts.get(&place.host);
                registry
                    .is_some_and(|r| r.users.contains_key(&holder.name) || (r.public && *action == "pull"))
            }
        };
        let granted: Vec<String> = actions.split(',').filter(may).map(str::to_owned).collect();
        access.push((name.to_owned(), granted));
    }
    let now = world.env.now();
    let expires = now / SECOND + TOKEN_SECONDS;
    let text = serde_json::to_string(&Token { holder, access, expires }).unwrap_or_default();
    let payload = URL_SAFE_NO_PAD.encode(text);
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#);
    let token = format!("{header}.{payload}.{}", seal(&world.env.key, &payload, expires));
    Ok(json!({
        "token": token,
        "access_token": token,
        "expires_in": TOKEN_SECONDS,
        "issued_at": iso8601(now),
    }))
}

enum TokenRefused {
    Unfit,
    Scope,
}

fn by_token(world: &World, token: &str, place: &Place, wish: Wish) -> Result<Holder, TokenRefused> {
    let token = read_token(world, token).ok_or(TokenRefused::Unfit)?;
    let registries = &world.env.images.registries;
    let covers = token
        .access
        .iter()
        .any(|(name, actions)| registries.place(name) == *place && actions.iter().any(|a| a == wish.name()));
    if covers { Ok(token.holder) } else { Err(TokenRefused::Scope) }
}

fn read_token(world: &World, token: &str) -> Option<Token> {
    let mut parts = token.split('.');
    let (_, payload, mac) = (parts.next()?, parts.next()?, parts.next()?);
    let read: Token = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let sound = seal(&world.env.key, payload, read.expires) == mac;
    (sound && read.expires * SECOND > world.env.now()).then_some(read)
}

fn by_ecr(world: &World, user: &str, password: &str) -> Result<Holder, Refusal> {
    let expired =
        Refusal::new(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.");
    // What a malformed or foreign token gets, as `docker login` shows it: 400 Bad Request.
    let foreign = Refusal::plain(400, "Bad Request\n");
    if user != "AWS" {
        return Err(foreign);
    }
    if let Some(chosen) = &world.ecr.password {
        let home = world.home.as_ref().map(|home| home.account.clone()).unwrap_or_default();
        return if chosen == password {
            Ok(Holder { account: home, ..Holder::named("AWS") })
        } else {
            Err(foreign)
        };
    }
    unsealed(&world.env.key, password, world.env.now()).map_err(|unfit| match unfit {
        Unfit::Expired => expired,
        Unfit::Foreign => foreign,
    })
}

/// ECR lets only its own account in, and those that the repository's policy names.
fn of_account(registries: &Registries, place: &Place, wish: Wish, holder: Holder) -> Result<Holder, Refusal> {
    let Some((account, region)) = ecr_owner(&place.host) else { return Ok(holder) };
    let named = registries.repository(place).and_then(|repository| repository.policy.as_deref());
    let is_known = !holder.account.is_empty();
    if account == holder.account || is_known && named.is_some_and(|policy| policy.contains(&holder.account)) {
        return Ok(holder);
    }
    let action = match wish {
        Wish::Pull => "ecr:BatchGetImage",
        Wish::Push => "ecr:InitiateLayerUpload",
    };
    let message = format!(
        "User: {} is not authorized to perform: {action} on resource: arn:aws:ecr:{region}:{account}:repository/{} because \
         no resource-based policy allows the {action} action",
        holder.arn, place.repository
    );
    Err(Refusal::new(403, "DENIED", message))
}

fn is_user(registries: &Registries, host: &str, user: &str, password: &str) -> bool {
    registries.hosts.get(host).and_then(|r| r.users.get(user)).is_some_and(|known| known == password)
}

fn scope_actions(wish: Wish) -> &'static str {
    match wish {
        Wish::Pull => "pull",
        Wish::Push => "pull,push",
    }
}

/// The name by which a client asks for a place.
fn asked_name(registries: &Registries, place: &Place) -> String {
    if registries.home.as_deref() == Some(place.host.as_str()) {
        place.repository.clone()
    } else {
        place.to_string()
    }
}

fn ecr_challenge(host: &str) -> String {
    format!("Basic realm=\"https://{host}/\",service=\"ecr.amazonaws.com\"")
}

fn bearer_challenge(host: &str, scope: Option<&str>) -> String {
    let scope = scope.map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
    format!("Bearer realm=\"http://{host}/_registry/token\",service=\"holdpoint-sim\"{scope}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_says_whose_it_is_until_it_expires() {
        let holder = Holder { account: "111122223333".into(), ..Holder::named("practice.operator") };
        let key = [7; 32];
        let password = sealed(&key, &holder, 5 * SECOND, 20 * SECOND);
        assert_eq!(unsealed(&key, &password, 19 * SECOND), Ok(holder.clone()));
        assert_eq!(unsealed(&key, &password, 20 * SECOND), Err(Unfit::Expired));
        assert_eq!(unsealed(&[8; 32], &password, 0), Err(Unfit::Foreign));
        assert_eq!(unsealed(&key, "cGFzcw==", 0), Err(Unfit::Foreign));
        assert_ne!(password, sealed(&key, &holder, 6 * SECOND, 20 * SECOND));
    }
}
