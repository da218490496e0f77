//! When the signatures at a hold are enough.

use crate::{Decision, Person, Signature};
use holdpoint_plan::Hold;

/// Whether `signatures` satisfy `rule`, for a run that `starter` started. One standing no-go is enough to stop it.
pub fn satisfied(rule: &Hold, starter: Option<&Person>, signatures: &[Signature]) -> bool {
    if signatures.iter().any(|one| one.decision == Decision::NoGo) {
        return false;
    }
    let mut counted: Vec<&Person> = Vec::new();
    for signature in signatures {
        let person = &signature.signer.person;
        let someone_else = counted.iter().all(|other| person.certainly_other_than(other));
        if may_sign(rule, starter, person).is_ok() && someone_else {
            counted.push(person);
        }
    }
    counted.len() >= rule.signatures as usize
}

/// Whether this person's signature can count at this hold at all; if not, why.
pub(crate) fn may_sign(rule: &Hold, starter: Option<&Person>, person: &Person) -> Result<(), String> {
    if !rule.by.is_empty() && !rule.by.contains(&person.name) {
        return Err(format!("{} is not among {}, who may sign here", person.name, rule.by.join(", ")));
    }
    if !rule.by.is_empty() && !person.verified {
        return Err(format!(
            "AWS does not vouch for the name {}, and this hold names who may sign",
            person.name
        ));
    }
    if rule.by_someone_else && !starter.is_some_and(|starter| person.certainly_other_than(starter)) {
        let starter = starter.filter(|starter| !starter.verified);
        return Err(if let Some(starter) = starter {
            format!(
                "AWS does not vouch for the name {}, who started this run, so nobody can count as somebody else: \
                 start it with an Identity Center role or a session that carries a SourceIdentity",
                starter.name
            )
        } else if person.verified {
            format!("{} started this run, and this hold wants somebody else", person.name)
        } else {
            format!(
                "AWS does not vouch for the name {}, so it cannot count as somebody else than who started the run: \
                 sign with an Identity Center role or a session that carries a SourceIdentity",
                person.name
            )
        });
    }
    Ok(())
}
