//! What a caller adds to a chain of roles: the name of the run, and somebody who knows a code.

use holdpoint_redact::Secret;
use std::fmt;

/// Longest `RoleSessionName` and `SourceIdentity` (STS API reference, AssumeRole).
const LONGEST: usize = 64;

/// The name of a run, for CloudTrail: role sessions are called `holdpoint-<id>`, and their source identity is the id
/// where the role's trust allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTag(String);

impl RunTag {
    /// Of a run's id. What STS takes in no name is replaced: it takes `A-Z a-z 0-9 _ + = , . @ -`.
    pub fn new(run: &str) -> Self {
        let fit = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
        Self(run.chars().map(fit).take(LONGEST - "holdpoint-".len()).collect())
    }

    /// The name of role sessions.
    pub fn session_name(&self) -> String {
        format!("holdpoint-{}", self.0)
    }

    /// The source identity; none when the id is too short to be one (two characters).
    pub fn source_identity(&self) -> Option<&str> {
        (self.0.len() >= 2).then_some(self.0.as_str())
    }
}

/// What is asked of a person with a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaAsk {
    /// The profile that has `mfa_serial`.
    pub profile: String,
    /// The device: an ARN, or the serial number of one that is held in the hand.
    pub device: String,
    /// The role that is to be taken on.
    pub role_arn: String,
}

/// Asks for the code that the device shows. It is called on a thread where waiting for a person blocks nobody.
pub trait MfaAsker: Send + Sync {
    /// The code, or `None` when the person gives up.
    fn code(&self, ask: &MfaAsk) -> Option<Secret>;
}

impl fmt::Debug for dyn MfaAsker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MfaAsker")
    }
}

#[cfg(test)]
mod tests {
    use super::RunTag;

    #[test]
    fn a_tag_is_what_sts_takes() {
        for (run, name, source) in [
            ("01J9Z", "holdpoint-01J9Z", Some("01J9Z")),
            ("a b/ü", "holdpoint-a-b--", Some("a-b--")),
            ("x", "holdpoint-x", None),
        ] {
            let tag = RunTag::new(run);
            assert_eq!((tag.session_name().as_str(), tag.source_identity()), (name, source));
        }
        assert_eq!(RunTag::new(&"r".repeat(200)).session_name().len(), 64);
    }
}
