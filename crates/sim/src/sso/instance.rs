//! An instance of Identity Center: its start URL, who may sign in, and which roles of which accounts they get.

use serde::{Deserialize, Serialize};

use crate::people::People;

/// `sso` of a world.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Organisation {
    pub(crate) instances: Vec<Instance>,
}

/// One instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instance {
    pub(crate) start_url: String,
    #[serde(default = "region")]
    pub(crate) region: String,
    /// Who may sign in; without it all people of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) people: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) accounts: Vec<Account>,
    #[serde(default = "hour")]
    pub(crate) access_token_seconds: u64,
    #[serde(default = "eight_hours")]
    pub(crate) session_seconds: u64,
    #[serde(default = "ninety_days")]
    pub(crate) client_seconds: u64,
    #[serde(default = "hour")]
    pub(crate) role_seconds: u64,
    /// Whether clients that ask for scopes get refresh tokens.
    #[serde(default = "yes")]
    pub(crate) refresh: bool,
}

/// An account, as the portal lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) email: String,
    /// As IAM lists it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<String>,
    #[serde(default)]
    pub(crate) roles: Vec<Assignment>,
}

/// A permission set, for everybody or for some.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Assignment {
    Everybody(String),
    Some { name: String, people: Vec<String> },
}

impl Assignment {
    /// The permission set's name, if it is assigned to this person.
    pub(crate) fn of(&self, person: &str) -> Option<&str> {
        match self {
            Self::Everybody(name) => Some(name),
            Self::Some { name, people } => people.iter().any(|p| p == person).then_some(name),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Everybody(name) | Self::Some { name, .. } => name,
        }
    }
}

/// The instance of a world that says nothing about any: one account, one role, all its people.
pub(crate) fn default_instance(region: &str, account: &str, role: &str) -> Instance {
    Instance {
        start_url: "https://practice.example/start".to_owned(),
        region: region.to_owned(),
        people: None,
        accounts: vec![Account {
            id: account.to_owned(),
            name: "practice".to_owned(),
            email: "practice@accounts.example".to_owned(),
            alias: None,
            roles: vec![Assignment::Everybody(role.to_owned())],
        }],
        access_token_seconds: hour(),
        session_seconds: eight_hours(),
        client_seconds: ninety_days(),
        role_seconds: hour(),
        refresh: true,
    }
}

impl Instance {
    /// Whether a start URL means this instance: AWS takes them with and without `/` and `#` at the end.
    pub(crate) fn is_at(&self, start_url: &str) -> bool {
        bare(&self.start_url) == bare(start_url)
    }

    /// Who may sign in.
    pub(crate) fn people(&self, people: &People) -> Vec<String> {
        match &self.people {
            Some(names) => names.clone(),
            None => people.current().map(|(name, _)| name.to_owned()).collect(),
        }
    }

    /// The accounts in which a person has at least one role.
    pub(crate) fn accounts_of<'a>(&'a self, person: &'a str) -> impl Iterator<Item = &'a Account> {
        self.accounts.iter().filter(move |a| a.roles.iter().any(|r| r.of(person).is_some()))
    }

    /// What is wrong with it, by member.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !["http://", "https://"].iter().any(|scheme| self.start_url.starts_with(scheme)) {
            return Err(format!("start_url: {:?} is no http or https address", self.start_url));
        }
        for account in &self.accounts {
            if account.id.len() != 12 || !account.id.chars().all(|c| c.is_ascii_digit()) {
                return Err(format!("accounts: {:?} is not twelve digits", account.id));
            }
            // A role's name is at most 64 characters, of which AWSReservedSSO_ and the suffix take 32.
            let fits = |name: &str| {
                (1..=32).contains(&name.len())
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
            };
            if let Some(role) = account.roles.iter().find(|r| !fits(r.name())) {
                return Err(format!(
                    "accounts: {}: {:?} cannot be a permission set",
                    account.id,
                    role.name()
                ));
            }
        }
        let seconds =
            [self.access_token_seconds, self.session_seconds, self.client_seconds, self.role_seconds];
        if seconds.iter().any(|s| *s == 0 || *s > 10 * ninety_days()) {
            return Err("lifetimes are between 1 second and 900 days".to_owned());
        }
        Ok(())
    }
}

fn bare(start_url: &str) -> &str {
    start_url.split('#').next().unwrap_or_default().trim_end_matches('/')
}

fn region() -> String {
    "eu-west-1".to_owned()
}

fn hour() -> u64 {
    3600
}

fn eight_hours() -> u64 {
    28_800
}

fn ninety_days() -> u64 {
    7_776_000
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_urls_are_the_same_with_and_without_their_ends() {
        let instance = default_instance("eu-west-1", "111122223333", "Deployer");
        for (url, same) in [
            ("https://practice.example/start", true),
            ("https://practice.example/start/", true),
            ("https://practice.example/start#/", true),
            ("https://practice.example/start/#/?tab=accounts", true),
            ("https://practice.example/starter", false),
            ("http://practice.example/start", false),
        ] {
            assert_eq!(instance.is_at(url), same, "{url}");
        }
    }
}
