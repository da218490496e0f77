//! Which profile answers for a host.

use super::host::{EcrRegistry, host_of, registry_of};
use crate::{Env, Profiles};
use std::collections::BTreeMap;

/// Hosts and their profiles: what the operator mapped, and for ECR's hosts the profile of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registries {
    mapped: BTreeMap<String, String>,
    /// Profile and account, where the profile says.
    accounts: Vec<(String, String)>,
    /// `AWS_PROFILE`: who has chosen one means it among several of an account.
    chosen: Option<String>,
}

/// Who answers for a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The host, as [`host_of`] gives it.
    pub host: String,
    /// Its registry, when the host is one of ECR's.
    pub registry: Option<EcrRegistry>,
    /// The profile.
    pub profile: String,
    /// Why this one.
    pub by: By,
}

/// Why a profile answers for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The operator mapped the host to it.
    Mapping,
    /// It is the only profile of the registry's account.
    Account,
    /// It is of the registry's account, and `AWS_PROFILE` names it.
    Choice,
}

/// Why nobody answers for a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unowned {
    /// Not mapped and not ECR's: a client goes on without a login.
    #[error("{host} is not mapped to a profile and is no private registry of ECR")]
    NotOurs {
        /// The host.
        host: String,
    },
    /// ECR's, and no profile is known to be of its account. There is no pull without a login from such a registry.
    #[error(
        "no profile is known to belong to the account {account} of {host}: run `holdpoint registry map {host} PROFILE`"
    )]
    NoProfile {
        /// The host.
        host: String,
        /// Its account.
        account: String,
    },
    /// Several profiles are of the account.
    #[error(
        "{} profiles belong to the account {account} of {host} ({}): choose with `holdpoint registry map {host} PROFILE`",
        profiles.len(),
        first(profiles)
    )]
    Ambiguous {
        /// The host.
        host: String,
        /// Its account.
        account: String,
        /// The candidates, in the order of the files.
        profiles: Vec<String>,
    },
}

impl Registries {
    /// From the operator's mapping, the profiles of the files and the environment's choice.
    pub fn new(
        mapped: impl IntoIterator<Item = (String, String)>,
        profiles: Option<&Profiles>,
        env: &Env,
    ) -> Self {
        let of_account = |profile: &crate::Profile| Some((profile.name.clone(), profile.account.clone()?));
        Self {
            // A host that is none can never be asked for.
            mapped: mapped
                .into_iter()
                .filter_map(|(host, profile)| Some((host_of(&host).ok()?, profile)))
                .collect(),
            accounts: profiles
                .map(|found| found.profiles.iter().filter_map(of_account).collect())
                .unwrap_or_default(),
            chosen: env.get("AWS_PROFILE").map(str::to_owned),
        }
    }

    /// The operator's mapping alone.
    pub fn mapped(&self) -> &BTreeMap<String, String> {
        &self.mapped
    }

    /// Who answers for a host as [`host_of`] gives it.
    ///
    /// # Errors
    /// [`Unowned`].
    pub fn owner(&self, host: &str) -> Result<Owner, Unowned> {
        let registry = registry_of(host);
        let owner = |profile: &str, by| Owner {
            host: host.to_owned(),
            registry: registry.clone(),
            profile: profile.to_owned(),
            by,
        };
        if let Some(profile) = self.mapped.get(host) {
            return Ok(owner(profile, By::Mapping));
        }
        let Some(registry) = &registry else {
            return Err(Unowned::NotOurs { host: host.to_owned() });
        };
        let candidates: Vec<&String> = self
            .accounts
            .iter()
            .filter(|(_, account)| *account == registry.account)
            .map(|(name, _)| name)
            .collect();
        match candidates.as_slice() {
            [] => Err(Unowned::NoProfile { host: host.to_owned(), account: registry.account.clone() }),
            [only] => Ok(owner(only, By::Account)),
            several => match &self.chosen {
                Some(chosen) if several.contains(&chosen) => Ok(owner(chosen, By::Choice)),
                Some(_) | None => Err(Unowned::Ambiguous {
                    host: host.to_owned(),
                    account: registry.account.clone(),
                    profiles: several.iter().map(|name| (*name).clone()).collect(),
                }),
            },
        }
    }
}

fn first(profiles: &[String]) -> String {
    let shown: Vec<&str> = profiles.iter().take(8).map(String::as_str).collect();
    let more = if profiles.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
