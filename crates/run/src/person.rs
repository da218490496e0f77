//! People and what they sign.

use crate::At;
use serde::{Deserialize, Serialize};

/// Who gave a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Name to show: the person's, or the login name of who sits at the console.
    pub name: String,
    /// `console`, `cli`, or `auto-sign`.
    pub through: String,
}

/// A human being as AWS knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Identity Center user name, or SourceIdentity; for somebody unverified the ARN's last part.
    pub name: String,
    /// The Identity Center instance, or the account of a SourceIdentity; names are unique only within it.
    pub instance: Option<String>,
    /// Whether AWS vouches for the name. Somebody unverified never counts as someone else.
    pub verified: bool,
}

impl Person {
    /// Whether the two are certainly different human beings: both verified, in one kind of directory, with different
    /// names or with one name in two Identity Center instances. One human may have a name in Identity Center and
    /// another as SourceIdentity, and a name may be written in capitals.
    pub fn certainly_other_than(&self, other: &Self) -> bool {
        let same_name = self.name.to_lowercase() == other.name.to_lowercase();
        let apart = !self.is_source_identity()
            && matches!((&self.instance, &other.instance), (Some(mine), Some(theirs)) if mine != theirs);
        self.verified
            && other.verified
            && self.is_source_identity() == other.is_source_identity()
            && (!same_name || apart)
    }

    /// A SourceIdentity's instance is the account that set it; that of Identity Center is an address.
    fn is_source_identity(&self) -> bool {
        self.instance.as_deref().is_some_and(|instance| instance.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// What STS said of an identity, just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Twelve digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The caller's unique id.
    pub user_id: String,
    /// The region that calls go to; STS knows none.
    pub region: String,
    /// The request id of GetCallerIdentity, to be found in CloudTrail.
    pub request_id: String,
    /// When it was asked.
    pub at: At,
    /// Who that is.
    pub person: Person,
}

/// Go or no-go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Work may pass.
    Go,
    /// It may not.
    NoGo,
}

/// One signature at a hold. No signed request and no token is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Go or no-go.
    pub decision: Decision,
    /// Who signed, as STS said at that moment.
    pub signer: Checked,
    /// Digest of what is covered: see [`crate::covers_digest`].
    pub covers: String,
    /// Hash of the newest event when it was signed, hex.
    pub head: String,
    /// Ed25519 signature of this device over `covers` and `head`, hex.
    pub device_signature: String,
    /// The device's public key, hex.
    pub device_key: String,
    /// Signed without a person at the console; practice only.
    pub auto: bool,
    /// What the signer said; required for a no-go.
    pub reason: Option<String>,
}
