//! IAM Identity Center: instances with people, accounts and roles; sign-in (SSO OIDC), the access portal, and the switches of tests.
//!
//! Where AWS states no wording or number the code says "to be confirmed". Lifetimes are real seconds, whatever the speed.

mod approval;
mod expiry;
mod instance;
mod oidc;
mod portal;
mod switches;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{Micros, iso8601};
use crate::people::People;
use crate::seeded::Seeded;
use crate::world::Env;

pub(crate) use self::expiry::{Expire, expire};
pub(crate) use self::instance::{Instance, Organisation, default_instance};
pub(crate) use self::switches::{Rate, Switches};

use self::tokens::{Access, Client, Code, Device, Refresh, Session};

/// Everything that Identity Center knows.
pub(crate) struct Sso {
    pub(crate) instances: Vec<Instance>,
    pub(crate) switches: Switches,
    /// A stream of its own: sign-ins do not alter the ids of what is deployed.
    ids: Seeded,
    clients: BTreeMap<String, Client>,
    /// By device code.
    devices: BTreeMap<String, Device>,
    codes: BTreeMap<String, Code>,
    sessions: Vec<Session>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    /// How often a refresh token that was exchanged before came again.
    reused: u64,
}

impl Sso {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            instances: Vec::new(),
            switches: Switches::default(),
            ids: Seeded::new(seed, "sso"),
            clients: BTreeMap::new(),
            devices: BTreeMap::new(),
            codes: BTreeMap::new(),
            sessions: Vec::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
            reused: 0,
        }
    }

    /// Puts an instance in place of the one with the same start URL.
    pub(crate) fn put(&mut self, instance: Instance) {
        match self.instances.iter_mut().find(|known| known.is_at(&instance.start_url)) {
            Some(known) => *known = instance,
            None => self.instances.push(instance),
        }
    }

    /// Who holds an access token, for faults and pacing; what the token is worth is decided when the call is served.
    pub(crate) fn holder(&self, access_token: &str) -> Option<&str> {
        let access = self.access.get(access_token)?;
        Some(&self.sessions.get(access.session)?.person)
    }

    /// The state for the admin API, without any token.
    pub(crate) fn state(&self, people: &People, now: Micros) -> Value {
        let instances: Vec<Value> = self
            .instances
            .iter()
            .map(|i| {
                json!({
                    "start_url": i.start_url, "region": i.region, "people": i.people(people), "accounts": i.accounts,
                })
            })
            .collect();
        let sessions: Vec<Value> = self
            .sessions
            .iter()
            .enumerate()
            .map(|(index, s)| {
                let mine = self.access.values().filter(|a| a.session == index);
                let access = mine.filter(|a| a.expires > now).map(|a| a.expires).max();
                let renews = self.refresh.values().any(|r| r.session == index && r.is_good(now));
                json!({
                    "person": s.person,
                    "start_url": s.start_url,
                    "ends_at": iso8601(s.ends),
                    "open": s.is_open(now),
                    "access_ends_at": access.filter(|_| s.is_open(now)).map(iso8601),
                    "renews": renews && s.is_open(now),
                })
            })
            .collect();
        let waiting: Vec<Value> = self
            .devices
            .values()
            .filter(|d| d.is_waiting(now))
            .map(|d| json!({"user_code": d.user_code, "start_url": d.start_url, "ends_at": iso8601(d.expires)}))
            .collect();
        json!({
            "instances": instances,
            "sessions": sessions,
            "waiting": waiting,
            "reused_refresh_tokens": self.reused,
        })
    }
}

/// Answers one call of `sso-oidc` or `sso`.
pub(crate) fn serve(
    sso: &mut Sso,
    people: &mut People,
    env: &mut Env,
    service: &str,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match (service, operation) {
        ("sso-oidc", "RegisterClient") => oidc::register_client(sso, env, input),
        ("sso-oidc", "StartDeviceAuthorization") => oidc::start_device_authorization(sso, env, input),
        ("sso-oidc", "CreateToken") => oidc::create_token(sso, people, env, input),
        ("sso-oidc", "Authorize") => approval::authorize(sso, people, env, input),
        ("sso-oidc", "DevicePage") => approval::device_page(sso, people, env, input),
        ("sso-oidc", "DecideDevice") => approval::decide_device(sso, people, env, input),
        ("sso", operation) => portal::serve(sso, people, env, operation, input),
        (service, operation) => Err(AwsError::not_implemented(service, operation)),
    }
}
