//! IAM as far as sign-in needs it: roles and whom they trust, users with long-term keys, web identities, aliases of accounts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::behaviour::glob;
use crate::people::Caller;

/// What the world says of IAM.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// By account. An account that names none lets any role be assumed by anybody.
    roles: BTreeMap<String, Vec<Role>>,
    /// One-time codes by the serial number of their device.
    pub(crate) devices: BTreeMap<String, String>,
    pub(crate) web_identities: Vec<WebIdentity>,
    pub(crate) aliases: BTreeMap<String, String>,
}

/// A role that can be assumed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    /// Without it the world's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) trust: Trust,
}

/// Under which conditions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trust {
    /// ARNs of roles, sessions, users and accounts (`…:root`), or account ids; `*` matches any run of characters. Empty: everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) principals: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
    /// A source identity is required.
    #[serde(default)]
    pub(crate) source_identity: bool,
    /// A pattern of session names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session_name: Option<String>,
    /// The longest session, in seconds.
    #[serde(default = "hour")]
    pub(crate) max_seconds: u64,
    /// A one-time code is required.
    #[serde(default)]
    pub(crate) mfa: bool,
}

/// A token of a web identity that is accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebIdentity {
    pub(crate) token: String,
    /// Trusted by roles as the principal `arn:aws:iam::<account>:oidc-provider/<provider>`.
    pub(crate) provider: String,
    pub(crate) subject: String,
    #[serde(default = "audience")]
    pub(crate) audience: String,
    #[serde(default)]
    pub(crate) expired: bool,
}

/// A user with long-term keys and a device for one-time codes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) name: String,
    #[serde(default = "mfa_code")]
    pub(crate) mfa_code: String,
}

fn hour() -> u64 {
    3600
}

fn audience() -> String {
    "sts.amazonaws.com".to_owned()
}

fn mfa_code() -> String {
    "123456".to_owned()
}

/// The serial number of a user's device.
pub(crate) fn serial(account: &str, user: &str) -> String {
    format!("arn:aws:iam::{account}:mfa/{user}")
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            principals: Vec::new(),
            external_id: None,
            source_identity: false,
            session_name: None,
            max_seconds: hour(),
            mfa: false,
        }
    }
}

impl Directory {
    /// Puts a role in place of the one with its name.
    pub(crate) fn put(&mut self, home: &str, role: &Role) {
        let account = role.account.clone().unwrap_or_else(|| home.to_owned());
        let roles = self.roles.entry(account).or_default();
        match roles.iter_mut().find(|known| known.name == role.name) {
            Some(known) => *known = role.clone(),
            None => roles.push(role.clone()),
        }
    }

    /// The trust of a role; `None` where any role may be assumed, an error where it is none of those that there are.
    pub(crate) fn trust(&self, account: &str, role: &str) -> Result<Option<&Trust>, Untrusted> {
        match self.roles.get(account) {
            None => Ok(None),
            Some(roles) => {
                roles.iter().find(|known| known.name == role).map(|role| Some(&role.trust)).ok_or(Untrusted)
            }
        }
    }
}

/// The role is not there, or does not trust whoever asks; AWS does not tell which.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Untrusted;

/// A request to assume a role, as conditions see it.
pub(crate) struct Asking<'a> {
    /// The names under which the caller may be trusted.
    pub(crate) principals: Vec<String>,
    pub(crate) external_id: Option<&'a str>,
    pub(crate) source_identity: Option<&'a str>,
    pub(crate) session_name: &'a str,
    pub(crate) mfa: bool,
}

impl Trust {
    /// Whether all conditions are met.
    pub(crate) fn allows(&self, asking: &Asking<'_>) -> bool {
        let named = |pattern: &String| asking.principals.iter().any(|name| glob(pattern, name));
        (self.principals.is_empty() || self.principals.iter().any(named))
            && self.external_id.as_deref().is_none_or(|wanted| asking.external_id == Some(wanted))
            && (!self.source_identity || asking.source_identity.is_some())
            && self.session_name.as_deref().is_none_or(|pattern| glob(pattern, asking.session_name))
            && (!self.mfa || asking.mfa)
    }
}

/// The names under which a caller may be trusted: itself, its role, its account.
pub(crate) fn principals(caller: &Caller) -> Vec<String> {
    let account = &caller.account;
    let mut names = vec![caller.arn.clone(), account.clone(), format!("arn:aws:iam::{account}:root")];
    let role = caller.arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next());
    names.extend(role.map(|role| format!("arn:aws:iam::{account}:role/{role}")));
    names
}

/// Answers one call of IAM.
pub(crate) fn serve(directory: &Directory, caller: &Caller, operation: &str) -> Result<Value, AwsError> {
    match operation {
        "ListAccountAliases" => {
            let aliases: Vec<&String> = directory.aliases.get(&caller.account).into_iter().collect();
            Ok(json!({"AccountAliases": aliases, "IsTruncated": false}))
        }
        other => Err(AwsError::not_implemented("iam", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_trust() {
        let caller = Caller {
            account: "111122223333".to_owned(),
            arn: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer_0123456789abcdef/ann"
                .to_owned(),
            ..Caller::unsigned("ann")
        };
        let trust = |change: fn(&mut Trust)| {
            let mut trust = Trust::default();
            change(&mut trust);
            trust
        };
        let asking = |change: fn(&mut Asking<'_>)| {
            let mut asking = Asking {
                principals: principals(&caller),
                external_id: None,
                source_identity: None,
                session_name: "ann",
                mfa: false,
            };
            change(&mut asking);
            asking
        };
        let table: [(&str, Trust, Asking<'_>, bool); 12] = [
            ("nothing asked", Trust::default(), asking(|_| ()), true),
            (
                "root",
                trust(|t| t.principals = vec!["arn:aws:iam::111122223333:root".into()]),
                asking(|_| ()),
                true,
            ),
            ("account", trust(|t| t.principals = vec!["111122223333".into()]), asking(|_| ()), true),
            ("other", trust(|t| t.principals = vec!["444455556666".into()]), asking(|_| ()), false),
            (
                "permission set",
                trust(|t| t.principals = vec!["arn:aws:iam::*:role/AWSReservedSSO_Deployer_*".into()]),
                asking(|_| ()),
                true,
            ),
            (
                "external id",
                trust(|t| t.external_id = Some("x".into())),
                asking(|a| a.external_id = Some("x")),
                true,
            ),
            (
                "wrong id",
                trust(|t| t.external_id = Some("x".into())),
                asking(|a| a.external_id = Some("y")),
                false,
            ),
            ("no identity", trust(|t| t.source_identity = true), asking(|_| ()), false),
            (
                "identity",
                trust(|t| t.source_identity = true),
                asking(|a| a.source_identity = Some("ann")),
                true,
            ),
            ("name", trust(|t| t.session_name = Some("run-*".into())), asking(|_| ()), false),
            ("no code", trust(|t| t.mfa = true), asking(|_| ()), false),
            ("code", trust(|t| t.mfa = true), asking(|a| a.mfa = true), true),
        ];
        for (name, trust, asking, allowed) in table {
            assert_eq!(trust.allows(&asking), allowed, "{name}");
        }
    }

    #[test]
    fn an_account_that_names_roles_has_no_others() {
        let mut directory = Directory::default();
        assert!(matches!(directory.trust("111122223333", "Any"), Ok(None)));
        directory
            .put("111122223333", &Role { account: None, name: "Reader".into(), trust: Trust::default() });
        assert!(matches!(directory.trust("111122223333", "Reader"), Ok(Some(_))));
        assert_eq!(directory.trust("111122223333", "Any").unwrap_err(), Untrusted);
        assert!(matches!(directory.trust("444455556666", "Any"), Ok(None)));
    }
}
