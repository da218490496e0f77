//! Going on with an edited plan.

use super::{checklist, obligations, said_why};
use crate::{Adopted, Adoption, Fact, HoldKey, Refusal, State, Work, differences};
use holdpoint_plan::StepId;

/// The revision takes the plan's place, on condition that what it changes is what was shown, and that somebody has said
/// what becomes of each changed step with a result. Holds that stand open cover the new revision, and are signed anew.
pub(super) fn adopt(state: &State, adopted: Box<Adopted>) -> Result<Vec<Fact>, Refusal> {
    said_why(&adopted.reason, "going on with an edited plan")?;
    if adopted.digest == state.plan.digest {
        return Err(Refusal::NotNow("the run is walked by this very revision already".into()));
    }
    let plan = state.revisions.get(&adopted.digest);
    let plan = plan.ok_or_else(|| Refusal::Absent(format!("revision {}", adopted.digest)))?;
    let changes = differences(state, plan)?;
    if changes != adopted.changes {
        return Err(Refusal::NotNow(
            "the run has gone on since the revision was looked at: look again".into(),
        ));
    }
    let undecided = changes.iter().find(|change| change.decide && !adopted.fates.contains_key(&change.step));
    if let Some(change) = undecided {
        return Err(Refusal::NotNow(format!(
            "{} is another step now, and has a result: say whether that counts or it is walked again",
            change.step
        )));
    }
    let decides = |step: &StepId| changes.iter().any(|change| change.decide && &change.step == step);
    if let Some(stranger) = adopted.fates.keys().find(|step| !decides(step)) {
        return Err(Refusal::NotNow(format!("there is nothing to decide about {stranger}")));
    }
    let why = format!("the plan was replaced by revision {}", adopted.digest.get(..12).unwrap_or_default());
    let open =
        state.holds.iter().filter(|(hold, known)| !known.lapsed && stands_before_something(state, hold));
    let mut facts: Vec<Fact> =
        open.map(|(hold, _)| Fact::HoldVoided { hold: hold.clone(), why: why.clone() }).collect();
    for (step, _) in adopted.fates.iter().filter(|(_, fate)| **fate == Adoption::Again) {
        facts.extend(checklist::untick(state, &Work::forward(step.clone()), &adopted.by));
        facts.extend(obligations::of_a_step_walked_again(state, step, &adopted.by));
    }
    facts.push(Fact::PlanAdopted(adopted));
    Ok(facts)
}

fn stands_before_something(state: &State, hold: &HoldKey) -> bool {
    let open = |step: &StepId| !state.status(step).is_done();
    match hold {
        HoldKey::Step(step) => open(step),
        HoldKey::Stage(stage) => {
            state.plan.stage(stage).is_some_and(|stage| stage.steps.iter().any(|step| open(&step.id)))
        }
    }
}
