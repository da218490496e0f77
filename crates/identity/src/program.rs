//! The environment of a program that a person starts under an identity: theirs, without every other way to an identity.
//!
//! A step of a run gets an allow-list ([`crate::child_env`]). A program of a person's own choice needs what its tools
//! were set up with, so here it is a list of what must go.

use crate::session::CREDENTIAL_VARIABLES;
use crate::{ChildAccess, Env, child};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Of `AWS_*` only these stay: they choose no identity, region or endpoint.
const KEPT: [&str; 10] = [
    "AWS_CA_BUNDLE",
    "AWS_DEFAULT_OUTPUT",
    "AWS_PAGER",
    "AWS_MAX_ATTEMPTS",
    "AWS_RETRY_MODE",
    "AWS_DEFAULTS_MODE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_SDK_UA_APP_ID",
];
const KEPT_PREFIXES: [&str; 1] = ["AWS_CLI_"];
/// Other tools' ways to an identity, and our own secrets.
const DROPPED: [&str; 4] =
    ["BOTO_CONFIG", "SAML2AWS_PASSWORD", "DOCKER_AUTH_CONFIG", "ECS_CONTAINER_METADATA_URI_V4"];
const DROPPED_PREFIXES: [&str; 4] = ["HOLDPOINT_SECRET_", "HOLDPOINT_PASSPHRASE", "AWSUME_", "GRANTED_"];

/// The whole environment of the program. Start it with exactly this (`env_clear`). `HOLDPOINT_PROFILE` says for prompts
/// whose identity it has: the profile's name, or what else the session's [`crate::Source`] is in words.
pub fn program_env(env: &Env, access: &ChildAccess<'_>, profile: &str) -> BTreeMap<OsString, OsString> {
    let mut program: BTreeMap<OsString, OsString> = env
        .iter()
        .filter(|(name, _)| name.to_str().is_none_or(stays))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let pager = program.get(OsStr::new("AWS_PAGER")).cloned();
    child::lead_to_the_pin(&mut program, access);
    // A person at a terminal may have chosen a pager; a step has nobody to press its keys.
    match pager {
        Some(pager) => program.insert("AWS_PAGER".into(), pager),
        None => program.remove(OsStr::new("AWS_PAGER")),
    };
    program.insert("HOLDPOINT_PROFILE".into(), profile.into());
    program
}

fn stays(name: &str) -> bool {
    // Windows does not tell case apart.
    let upper = name.to_ascii_uppercase();
    let name = if cfg!(windows) { upper.as_str() } else { name };
    if CREDENTIAL_VARIABLES.contains(&name)
        || DROPPED.contains(&name)
        || DROPPED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    {
        return false;
    }
    !name.starts_with("AWS_")
        || KEPT.contains(&name)
        || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
