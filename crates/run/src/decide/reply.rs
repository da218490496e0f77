//! Questions of a step that is followed: asked once, settled elsewhere or by a signed answer.

use super::said_why;
use crate::people::may_sign;
use crate::{
    Decision, Fact, HoldKey, Mode, Question, Refusal, Signature, State, Status, Work, covers_digest,
};

/// A step asks. The same question again, or one that was answered in this attempt, is nothing new.
pub(super) fn ask(state: &State, work: Work, question: Box<Question>) -> Result<Vec<Fact>, Refusal> {
    let known = state.work(&work).ok_or_else(|| Refusal::Absent(format!("step {}", work.step)))?;
    if known.status != Status::Waiting {
        return Err(Refusal::NotNow(format!("{work} is not being followed, so it cannot ask")));
    }
    let answered = known.replies.iter().any(|(key, _)| key == &question.key);
    if answered || known.question.as_ref() == Some(&*question) {
        return Ok(Vec::new());
    }
    Ok(vec![Fact::Asked { work, question }])
}

/// What was asked is settled elsewhere. Settled already, it is nothing new.
pub(super) fn withdraw(state: &State, work: Work, key: String, why: String) -> Result<Vec<Fact>, Refusal> {
    let known = state.work(&work).ok_or_else(|| Refusal::Absent(format!("step {}", work.step)))?;
    Ok(match known.question.as_ref().is_some_and(|question| question.key == key) {
        true => vec![Fact::Withdrawn { work, key, why }],
        false => Vec::new(),
    })
}

/// Somebody answers: whether it counts is decided here. Who may sign before the step may answer it.
pub(super) fn reply(
    state: &State,
    work: Work,
    key: String,
    option: String,
    signature: Box<Signature>,
) -> Result<Vec<Fact>, Refusal> {
    let known = state.work(&work).ok_or_else(|| Refusal::Absent(format!("step {}", work.step)))?;
    let question = known.question.as_ref().filter(|question| question.key == key);
    let question = question
        .filter(|_| known.status == Status::Waiting)
        .ok_or_else(|| Refusal::NotNow(format!("{work} does not ask this any more: it is settled")))?;
    let options: Vec<_> = question.ask.options.iter().map(|one| one.id.as_str()).collect();
    if !options.contains(&option.as_str()) {
        return Err(Refusal::Answer(format!("`{option}` is none of {}", options.join(", "))));
    }
    if question.reasons.contains(&option) {
        said_why(signature.reason.as_deref().unwrap_or_default(), &format!("`{option}`"))?;
    }
    counts(state, &work, question, &option, &signature)?;
    Ok(vec![Fact::Replied { work, key, option, signature }])
}

fn counts(
    state: &State,
    work: &Work,
    question: &Question,
    option: &str,
    signature: &Signature,
) -> Result<(), Refusal> {
    let started = state.started.as_ref().ok_or(Refusal::NotBegun)?;
    if signature.decision != Decision::Go {
        return Err(Refusal::Signature("an answer is signed with go, whatever it says".into()));
    }
    if signature.covers != covers_digest(&question.covers(option)) {
        return Err(Refusal::Signature(
            "what it covers is not what is asked now; read it again and answer again".into(),
        ));
    }
    if signature.auto && state.mode() == Mode::Live {
        return Err(Refusal::Signature("a live run is answered by people, not by --auto-sign".into()));
    }
    if signature.signer.account != started.target.account {
        return Err(Refusal::Signature(format!(
            "it was made in account {}, and the run is pinned to {}",
            signature.signer.account, started.target.account
        )));
    }
    match state.rule_of(&HoldKey::Step(work.step.clone())) {
        Some(rule) => may_sign(rule, Some(&started.starter.person), &signature.signer.person)
            .map_err(Refusal::Signature),
        None => Ok(()),
    }
}
