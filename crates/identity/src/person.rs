//! Who a caller is as a person: signatures are counted by people, not by roles.

use crate::Caller;
use crate::arn::{self, Principal};
use std::fmt;

/// A person, as far as AWS vouches for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// The Identity Center user name in the session name of an `AWSReservedSSO_*` role.
    IdentityCenter {
        /// The user name, as in the session name.
        user: String,
        /// The SSO instance: the profile's start URL, when it is known.
        instance: Option<String>,
    },
    /// The SourceIdentity that the role's session was started with; it cannot be changed along a role chain.
    SourceIdentity {
        /// As set at AssumeRole.
        name: String,
    },
    /// Nobody vouches for who this is; it never counts as someone else.
    Unverified {
        /// The caller's ARN.
        arn: String,
    },
}

impl Person {
    /// The person behind a caller. `instance` is the start URL of the SSO session that the credentials came from and
    /// `source_identity` what the session was started with, each when known: GetCallerIdentity tells neither.
    pub fn of(caller: &Caller, instance: Option<&str>, source_identity: Option<&str>) -> Self {
        if let Some((_, _, Principal::Role { role, session })) = arn::caller(&caller.arn)
            && arn::permission_set(role).is_some()
        {
            return Self::IdentityCenter {
                user: session.to_owned(),
                instance: instance.map(|url| url.trim_end_matches(['/', '#']).to_ascii_lowercase()),
            };
        }
        match source_identity {
            Some(name) if !name.is_empty() => Self::SourceIdentity { name: name.to_owned() },
            Some(_) | None => Self::Unverified { arn: caller.arn.clone() },
        }
    }

    /// Whether somebody vouches for who this is.
    pub fn is_verified(&self) -> bool {
        !matches!(self, Self::Unverified { .. })
    }
}

/// Whether two signers must be counted as one. They are two only when that is certain: both verified, of one kind,
/// and with different names, or with one name in two different SSO instances.
pub fn same_person(a: &Person, b: &Person) -> bool {
    match (a, b) {
        (Person::Unverified { .. }, _) | (_, Person::Unverified { .. }) => true,
        (
            Person::IdentityCenter { user: a, instance: a_instance },
            Person::IdentityCenter { user: b, instance: b_instance },
        ) => {
            let apart = matches!((a_instance, b_instance), (Some(a), Some(b)) if a != b);
            a.eq_ignore_ascii_case(b) && !apart
        }
        (Person::SourceIdentity { name: a }, Person::SourceIdentity { name: b }) => a.eq_ignore_ascii_case(b),
        // One human may appear under both; nothing says that two such names are two people.
        (Person::IdentityCenter { .. }, Person::SourceIdentity { .. })
        | (Person::SourceIdentity { .. }, Person::IdentityCenter { .. }) => true,
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdentityCenter { user, .. } => f.write_str(user),
            Self::SourceIdentity { name } => write!(f, "{name} (source identity)"),
            Self::Unverified { arn } => write!(f, "unverified ({arn})"),
        }
    }
}
