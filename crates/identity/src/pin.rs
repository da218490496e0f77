//! The account pin: what a plan may touch, compared with who is calling before each change.

use crate::Caller;
use crate::arn::{self, Principal};

/// The partition, account, region and role that a run is pinned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// `aws`, `aws-cn`, `aws-us-gov`, …; derived from the region by [`Pin::new`].
    pub partition: String,
    /// Twelve digits.
    pub account: String,
    /// Region name.
    pub region: String,
    /// A role's name, a permission set's name for an Identity Center role, or a role's ARN; `None` pins no role.
    pub role: Option<String>,
}

/// A caller that was found to be what the pin says. There is no other way to get one than [`Pin::assert`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    caller: Caller,
    region: String,
}

impl Pinned {
    /// Who is calling.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The region that was compared.
    pub fn region(&self) -> &str {
        &self.region
    }
}

/// Why a text cannot be a pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPin {
    /// The account is not twelve digits.
    #[error("`{0}` is not an account: write its twelve digits in quotes, leading zeros included")]
    Account(String),
    /// The region is empty or has characters that no region has.
    #[error("`{0}` is not a region: write its name, such as eu-central-1")]
    Region(String),
}

/// The caller is not what the plan is pinned to: a hard stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain())]
pub struct PinMismatch {
    /// Everything that differs; never empty.
    pub differences: Vec<Difference>,
    /// The caller's ARN.
    pub arn: String,
}

/// One thing that differs from the pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `partition`, `account`, `region` or `role`.
    pub what: &'static str,
    /// What the plan is pinned to.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Pin {
    /// A pin for an account and a region; the partition is the region's.
    ///
    /// # Errors
    /// [`BadPin`] when the account or the region cannot be one.
    pub fn new(account: &str, region: &str, role: Option<&str>) -> Result<Self, BadPin> {
        if !arn::is_account(account) {
            return Err(BadPin::Account(account.to_owned()));
        }
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if region.is_empty() || !region.bytes().all(fits) {
            return Err(BadPin::Region(region.to_owned()));
        }
        Ok(Self {
            partition: partition_of(region).to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            role: role.map(str::to_owned),
        })
    }

    /// Compares the caller, and the region that its calls go to, with the pin. Says everything that differs.
    ///
    /// # Errors
    /// [`PinMismatch`].
    pub fn assert(&self, caller: &Caller, region: &str) -> Result<Pinned, PinMismatch> {
        let mut differences = Vec::new();
        let mut compare = |what, expected: &str, found: &str| {
            if expected != found {
                differences.push(Difference { what, expected: expected.to_owned(), found: found.to_owned() });
            }
        };
        compare("partition", &self.partition, &caller.partition);
        compare("account", &self.account, &caller.account);
        compare("region", &self.region, region);
        if let Some(role) = self.role.as_deref()
            && !self.role_fits(role, &caller.arn)
        {
            compare("role", role, &principal_in_words(&caller.arn));
        }
        if differences.is_empty() {
            return Ok(Pinned { caller: caller.clone(), region: region.to_owned() });
        }
        Err(PinMismatch { differences, arn: caller.arn.clone() })
    }

    fn role_fits(&self, expected: &str, caller: &str) -> bool {
        let Some((_, _, Principal::Role { role, .. })) = arn::caller(caller) else { return false };
        // An ARN pins its account too; GetCallerIdentity leaves a role's path out, so the path cannot be compared.
        let name = match expected.strip_prefix("arn:") {
            None => expected,
            Some(_) => {
                let prefix = format!("arn:{}:iam::{}:role/", self.partition, self.account);
                let Some(path) = expected.strip_prefix(&prefix) else { return false };
                path.rsplit('/').next().unwrap_or(path)
            }
        };
        !name.is_empty() && (name == role || arn::permission_set(role) == Some(name))
    }
}

impl PinMismatch {
    fn explain(&self) -> String {
        let differences: Vec<_> = self
            .differences
            .iter()
            .map(|d| format!("{} is {} and the plan is pinned to {}", d.what, d.found, d.expected))
            .collect();
        format!(
            "stopped before anything was called: {} (calling as {}); choose the profile that leads to the plan's target",
            differences.join("; "),
            self.arn
        )
    }
}

/// The partition of a region, by the prefixes of the SDKs' `partitions.json`.
pub(crate) fn partition_of(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-iso-", "aws-iso"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

fn principal_in_words(caller: &str) -> String {
    match arn::caller(caller) {
        Some((_, _, Principal::Role { role, .. })) => match arn::permission_set(role) {
            Some(set) => format!("{set} ({role})"),
            None => role.to_owned(),
        },
        Some((_, _, Principal::User { name })) => format!("no role but the user {name}"),
        Some((_, _, Principal::Federated { name })) => format!("no role but the federated user {name}"),
        Some((_, _, Principal::Root)) => "no role but the root user".to_owned(),
        None => format!("unknown ({caller})"),
    }
}
