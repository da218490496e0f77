//! What runs left for later, as shown.

use super::{RunSummary, Weight};
use holdpoint_run::{At, Mode, ObligationState};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something that a run left for later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(rename = "Obligation")]
pub struct ObligationView {
    /// The run.
    pub run: String,
    /// Unique in it.
    pub id: String,
    /// What is to be done, in the author's words.
    pub what: String,
    /// Who sees to it; nobody in particular when absent.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<String>,
    /// That is past.
    pub overdue: bool,
    /// Since when it stands.
    pub opened_at: String,
    /// The plan's title.
    pub plan: String,
    /// The account that it is about.
    pub account: String,
    /// Its alias.
    pub alias: Option<String>,
    /// How careful to be.
    pub weight: Weight,
    /// It was practised: nobody has to do it.
    pub practice: bool,
}

/// As it stands in a run that is listed so.
pub(crate) fn obligation_view(run: &RunSummary, known: &ObligationState, now: At) -> ObligationView {
    let obligation = &known.obligation;
    ObligationView {
        run: run.run.clone(),
        id: obligation.id.clone(),
        what: obligation.what.clone(),
        owner: obligation.owner.clone(),
        due: obligation.due.map(|due| due.to_string()),
        overdue: known.is_overdue(now),
        opened_at: known.opened_at.to_string(),
        plan: run.title.clone(),
        account: run.account.clone(),
        alias: run.alias.clone(),
        weight: run.weight,
        practice: run.mode == Mode::Practice,
    }
}
