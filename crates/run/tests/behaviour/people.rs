//! People and what they sign. `alice` is a verified user, `alice/source` the same name as SourceIdentity,
//! `alice/other` the same name in another Identity Center, `alice/admin` another role of alice, `build?` unverified.

use super::plans::{ACCOUNT, REGION};
use holdpoint_run::{Actor, At, Checked, Decision, HoldKey, Person, Signature, State, covers_digest};

pub(crate) fn actor(name: &str) -> Actor {
    Actor { name: name.into(), through: "console".into() }
}

pub(crate) fn checked(who: &str, account: &str, at: At) -> Checked {
    let (name, kind) = who.split_once('/').unwrap_or((who, ""));
    let verified = !name.ends_with('?');
    let name = name.trim_end_matches('?');
    let instance = match (kind, verified) {
        (_, false) => None,
        ("source", true) => Some(ACCOUNT.to_owned()),
        ("other", true) => Some("https://other.awsapps.com/start".to_owned()),
        (_, true) => Some("https://example.awsapps.com/start".to_owned()),
    };
    let role = if kind == "admin" { "Admin" } else { "Deployer" };
    Checked {
        account: account.into(),
        arn: format!("arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{role}_0123456789abcdef/{name}"),
        user_id: format!("AROAEXAMPLE{role}:{name}"),
        region: REGION.into(),
        request_id: format!("request-{}", at.0),
        at,
        person: Person { name: name.into(), instance, verified },
    }
}

/// What somebody would sign now, words: `nogo`, `auto`, `account=…`, `covers=…`, `reason=…`.
pub(crate) fn signature(state: &State, hold: &HoldKey, who: &str, words: &[String], at: At) -> Signature {
    let covers = state.holds.get(hold).map(|open| covers_digest(&open.covers)).unwrap_or_default();
    signed(state, covers, who, words, at)
}

/// The same over anything else that is covered.
pub(crate) fn signed(state: &State, covers: String, who: &str, words: &[String], at: At) -> Signature {
    let mut signature = Signature {
        decision: Decision::Go,
        signer: checked(who, ACCOUNT, at),
        covers,
        head: state.head.clone(),
        device_signature: format!("signed at {}", state.head),
        device_key: "k0".repeat(32),
        auto: false,
        reason: None,
    };
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("nogo", _) => signature.decision = Decision::NoGo,
            ("auto", _) => signature.auto = true,
            ("account", account) => signature.signer = checked(who, account, at),
            ("covers", digest) => signature.covers = digest.into(),
            ("reason", why) => signature.reason = Some(why.into()),
            other => panic!("a signature has no {other:?}"),
        }
    }
    signature
}
