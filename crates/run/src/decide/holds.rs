//! Holds: arriving, signing, and what makes a signature void.

use super::said_why;
use crate::obligation::after;
use crate::people::may_sign;
use crate::{
    At, Covered, Decision, Effect, Fact, HoldKey, HoldState, Mode, Refusal, Signature, State, covers_digest,
    next,
};
use holdpoint_plan::Hold;
use holdpoint_plan::kinds::Dur;
use std::collections::BTreeSet;

/// The run arrives at a hold: what signatures cover from now on.
pub(super) fn open(state: &State, hold: HoldKey, covers: Vec<Covered>) -> Result<Vec<Fact>, Refusal> {
    if state.rule_of(&hold).is_none() {
        return Err(Refusal::Absent(format!("hold before {hold}")));
    }
    match next(state) {
        Some(Effect::OpenHold(due)) if due == hold => Ok(vec![Fact::HoldOpened { hold, covers }]),
        Some(_) | None if state.holds.contains_key(&hold) => {
            Err(Refusal::NotNow(format!("the hold before {hold} is open already")))
        }
        Some(_) | None => Err(Refusal::NotNow(format!("the run has not arrived at the hold before {hold}"))),
    }
}

/// Somebody signs: whether it counts is decided here, and nowhere later.
pub(super) fn sign(
    state: &State,
    hold: HoldKey,
    signature: Signature,
    now: At,
) -> Result<Vec<Fact>, Refusal> {
    let rule = state.rule_of(&hold).ok_or_else(|| Refusal::Absent(format!("hold before {hold}")))?;
    let open = arrived(state, &hold)?;
    if open.satisfied_at.is_some() {
        return Err(Refusal::NotNow(format!("the hold before {hold} is signed already")));
    }
    let reopened = opened_anew(rule, open, &hold, now);
    could_be_of_this_run(state, open, &signature)?;
    match signature.decision {
        Decision::NoGo => said_why(signature.reason.as_deref().unwrap_or_default(), "a no-go")?,
        Decision::Go => {
            let started = state.started.as_ref().ok_or(Refusal::NotBegun)?;
            may_sign(rule, Some(&started.starter.person), &signature.signer.person)
                .map_err(Refusal::Signature)?;
            let people =
                open.signatures.iter().filter(|one| one.decision == Decision::Go && reopened.is_none());
            for other in people.map(|one| &one.signer.person) {
                if !signature.signer.person.certainly_other_than(other) {
                    return Err(Refusal::Signature(format!(
                        "{} has signed, and {} is not certainly another person",
                        other.name, signature.signer.person.name
                    )));
                }
            }
        }
    }
    Ok(reopened.into_iter().flatten().chain([Fact::Signed { hold, signature }]).collect())
}

/// One person passes a hold in an emergency. Whoever said no-go is not passed over.
pub(super) fn break_glass(
    state: &State,
    hold: HoldKey,
    signature: Box<Signature>,
    now: At,
) -> Result<Vec<Fact>, Refusal> {
    let rule = state.rule_of(&hold).ok_or_else(|| Refusal::Absent(format!("hold before {hold}")))?;
    let open = arrived(state, &hold)?;
    if open.satisfied_at.is_some() {
        return Err(Refusal::NotNow(format!("the hold before {hold} is signed already")));
    }
    if !rule.break_glass {
        return Err(Refusal::NotNow(format!(
            "the plan forbids that one person passes the hold before {hold}"
        )));
    }
    if let Some(no) = open.no_go() {
        return Err(Refusal::NotNow(format!(
            "{} said no-go, and an emergency does not pass over that: have it reconsidered",
            no.signer.person.name
        )));
    }
    if signature.decision != Decision::Go || signature.auto {
        return Err(Refusal::Signature("a person breaks the glass, and to go".into()));
    }
    could_be_of_this_run(state, open, &signature)?;
    said_why(signature.reason.as_deref().unwrap_or_default(), "breaking the glass")?;
    let reopened = opened_anew(rule, open, &hold, now);
    Ok(reopened.into_iter().flatten().chain([Fact::GlassBroken { hold, signature }]).collect())
}

/// Voids a hold of which a signature counts no longer, so that what is signed now does not fall with it.
fn opened_anew(rule: &Hold, open: &HoldState, hold: &HoldKey, now: At) -> Option<[Fact; 2]> {
    let why = expired(rule, open, now)?;
    let (hold, covers) = (hold.clone(), open.covers.clone());
    Some([Fact::HoldVoided { hold: hold.clone(), why }, Fact::HoldOpened { hold, covers }])
}

fn arrived<'a>(state: &'a State, hold: &HoldKey) -> Result<&'a HoldState, Refusal> {
    if state.aborted.is_some() || state.rollback.is_some() {
        return Err(Refusal::NotNow(format!("the run does not go on behind the hold before {hold}")));
    }
    let open = state.holds.get(hold).filter(|open| !open.lapsed);
    open.ok_or_else(|| Refusal::NotNow(format!("the run has not arrived at the hold before {hold}")))
}

/// Whether it covers what stands here, was made for this account, and was not given before.
fn could_be_of_this_run(state: &State, open: &HoldState, signature: &Signature) -> Result<(), Refusal> {
    if signature.covers != covers_digest(&open.covers) {
        return Err(Refusal::Signature(
            "what it covers is not what stands here now; read it again and sign again".into(),
        ));
    }
    if state.holds.values().any(|known| holds_signature(known, signature)) {
        return Err(Refusal::Signature("it was given before; sign anew".into()));
    }
    if signature.auto && state.mode() == Mode::Live {
        return Err(Refusal::Signature("a live run is signed by people, not by --auto-sign".into()));
    }
    let started = state.started.as_ref().ok_or(Refusal::NotBegun)?;
    if signature.signer.account != started.target.account {
        return Err(Refusal::Signature(format!(
            "it was made in account {}, and the run is pinned to {}",
            signature.signer.account, started.target.account
        )));
    }
    Ok(())
}

/// Voids the first hold whose signatures cover something else than is so now, or count no longer, and opens it anew.
pub(super) fn void(state: &State, covered: &[(HoldKey, Vec<Covered>)], now: At) -> Option<Vec<Fact>> {
    covered.iter().find_map(|(hold, covers)| {
        let open = state.holds.get(hold)?;
        let why = match covers_digest(covers) == covers_digest(&open.covers) {
            true => expired(state.rule_of(hold)?, open, now)?,
            false => format!("changed since it was signed: {}", difference(&open.covers, covers)),
        };
        Some(vec![
            Fact::HoldVoided { hold: hold.clone(), why },
            Fact::HoldOpened { hold: hold.clone(), covers: covers.clone() },
        ])
    })
}

/// Why a go of this hold counts no longer; a no-go stands until it is reconsidered. A clock that was put back makes none older.
fn expired(rule: &Hold, open: &HoldState, now: At) -> Option<String> {
    let goes = |one: &&Signature| one.decision == Decision::Go;
    let old = open.signatures.iter().filter(goes).find(|one| after(one.signer.at, rule.valid) < now)?;
    Some(format!(
        "{} signed at {}, and a signature counts for {} here",
        old.signer.person.name,
        old.signer.at,
        Dur::new(rule.valid)
    ))
}

fn difference(before: &[Covered], now: &[Covered]) -> String {
    let parts = |covered: &[Covered]| -> BTreeSet<(String, String)> {
        covered.iter().map(|one| (one.name.clone(), one.digest.clone())).collect()
    };
    let names: BTreeSet<_> =
        parts(before).symmetric_difference(&parts(now)).map(|(name, _)| name.clone()).collect();
    match names.is_empty() {
        true => "the order of what is covered".into(),
        false => names.into_iter().collect::<Vec<_>>().join(", "),
    }
}

/// Whether the hold has this very signature, valid or void: the device signs over the chain's head, so that two
/// signatures are never alike.
fn holds_signature(hold: &HoldState, signature: &Signature) -> bool {
    let void = hold.voided.iter().map(|(one, _)| one);
    hold.signatures.iter().chain(void).any(|one| {
        one.device_signature == signature.device_signature
            && one.head == signature.head
            && one.signer.request_id == signature.signer.request_id
    })
}
