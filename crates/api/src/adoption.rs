//! A plan that was edited while a run of it is open: what that changes for the run, and going on with it.

use crate::console::{Console, read_plan};
use crate::fit::{may_be_run, nothing_unfilled};
use crate::views::{EditedView, Update, change_views};
use crate::{Problem, kept};
use holdpoint_engine::{Adopting, Revision, adopt_undriven};
use holdpoint_plan::{Plan, Reading, StepId};
use holdpoint_run::chain::hex;
use holdpoint_run::{Adoption, Mode, RunId, State, StepChange, differences};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use similar::TextDiff;
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// An edited plan that was shown, and what is decided about it.
#[derive(Debug, Clone, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunAdopt {
    /// The run.
    pub run: String,
    /// SHA-256 of what was shown.
    pub digest: String,
    /// The list of changes that was shown, by its name.
    pub shown: String,
    /// What becomes of each changed step that has a result.
    #[ts(type = "Record<string, \"keep\" | \"again\">")]
    pub fates: BTreeMap<String, Adoption>,
    /// Why; kept in the journal.
    pub reason: String,
}

impl Console {
    /// What the plan's file says now, where that is something else than what the open run is walked by. A file that is
    /// not there any more was not edited: the run has its own copy.
    ///
    /// # Errors
    /// There is no such run, or it cannot be read.
    pub async fn edited(&self, run: &RunId) -> Result<Option<EditedView>, Problem> {
        let walked = self.walked_by(run).await?;
        let Some(started) = walked.state.started.as_ref().filter(|_| walked.state.end.is_none()) else {
            return Ok(None);
        };
        let Ok((path, (_, reading))) = read_plan(&started.plan_path) else { return Ok(None) };
        if reading.plan.digest == walked.state.plan.digest {
            return Ok(None);
        }
        let fits = fits(&path, &reading, &walked.state);
        let changes = fits.as_ref().map(Vec::as_slice).unwrap_or_default();
        let diff = TextDiff::from_lines(&*walked.text, &reading.text);
        Ok(Some(EditedView {
            digest: reading.plan.digest.clone(),
            walked: walked.state.plan.digest.clone(),
            trusted: kept::is_trusted(&self.places, &path, &reading.plan.digest)?,
            diff: diff.unified_diff().context_radius(2).to_string(),
            changes: change_views(&walked.state, &reading.plan, changes),
            shown: name_of(changes),
            refused: fits.err(),
            path,
        }))
    }

    /// Goes on with the edited plan that was shown: in the driver where this process drives; where nobody does, before
    /// the next driver begins anything.
    ///
    /// # Errors
    /// It, or what it changes, is not what was shown; it is not trusted; somebody else drives; the run cannot go on with
    /// it; a changed step with a result of which nobody says what becomes.
    pub async fn adopt_edited(&self, asked: RunAdopt) -> Result<(), Problem> {
        self.ledger.writable()?;
        let run = RunId::new(asked.run)?;
        let state = self.walked_by(&run).await?.state;
        let path = state.started.as_ref().map(|started| started.plan_path.clone()).unwrap_or_default();
        let (path, (bytes, reading)) = read_plan(&path)?;
        if reading.plan.digest != asked.digest {
            return Err(Problem::new(format!("{path} has changed since it was shown"))
                .code("refused")
                .hint("look at it again, then decide"));
        }
        let changes = fits(&path, &reading, &state)?;
        if name_of(&changes) != asked.shown {
            return Err(Problem::new("the run has gone on since the edited plan was shown")
                .code("refused")
                .hint("look at it again, then decide"));
        }
        if !kept::is_trusted(&self.places, &path, &reading.plan.digest)? {
            return Err(Problem::new(format!("{path} is not trusted as it is now: a plan can run anything"))
                .code("untrusted")
                .hint(
                    "read it, then trust this content: `holdpoint trust PLAN`, or `holdpoint adopt --trust`",
                ));
        }
        let text: Arc<str> = reading.text.into();
        let adopting = Adopting {
            revision: Revision { plan: Arc::new(reading.plan), bytes, path },
            fates: fates(asked.fates)?,
            changes,
            by: self.actor(),
            reason: asked.reason,
        };
        match self.handle(&run).filter(|handle| !handle.is_finished()) {
            Some(handle) => {
                handle.adopt(adopting).await?;
                if let Some(open) = self.opened().get_mut(&run) {
                    open.text = text;
                }
            }
            None => self.adopt_beside(&run, adopting).await?,
        }
        self.tell(Update::Home);
        Ok(())
    }

    async fn adopt_beside(&self, run: &RunId, adopting: Adopting) -> Result<(), Problem> {
        let kept = self.kept(run).await?;
        if let Some(driver) = self.driven_by(&kept.folder)? {
            let driven = format!("run {run} is driven by {driver}: the edited plan is adopted there");
            return Err(Problem::new(driven).code("driven"));
        }
        let tools = self.outfitted(run, &kept).await?;
        Ok(adopt_undriven(tools, run, kept.plans, adopting).await?)
    }

    /// What an open run is walked by.
    async fn walked_by(&self, run: &RunId) -> Result<Walked, Problem> {
        let here = self.opened().get(run).map(|open| (open.handle.clone(), Arc::clone(&open.text)));
        Ok(match here {
            Some((handle, text)) => Walked { state: handle.state(), text },
            None => {
                let kept = self.kept(run).await?;
                Walked { state: Arc::new(kept.state), text: kept.text.into() }
            }
        })
    }
}

struct Walked {
    state: Arc<State>,
    text: Arc<str>,
}

/// What the edited plan changes for a run, where the run can go on with it.
fn fits(path: &str, reading: &Reading, state: &State) -> Result<Vec<StepChange>, Problem> {
    may_be_run(path, reading)?;
    if state.mode() == Mode::Live {
        let known = state.vars.iter().map(|(name, value)| (name.clone(), value.to_string()));
        nothing_unfilled(path, reading, &known.collect())?;
    }
    has_its_values(&reading.plan, state)?;
    differences(state, &reading.plan).map_err(|unfit| {
        Problem::new(format!("the run cannot go on with the edited plan: {unfit}")).code("refused")
    })
}

/// A variable that is new must bring its value: nobody is asked for one in the middle of a run.
fn has_its_values(plan: &Plan, state: &State) -> Result<(), Problem> {
    let lacks = plan
        .vars
        .iter()
        .find(|var| !var.secret && var.default.is_none() && !state.vars.contains_key(&var.name));
    match lacks {
        Some(var) => {
            Err(Problem::new(format!("the edited plan has a new variable `{}` without a value", var.name))
                .code("refused")
                .hint("give it a default in the plan"))
        }
        None => Ok(()),
    }
}

/// A name for a list of changes: two lists that differ have two.
fn name_of(changes: &[StepChange]) -> String {
    hex(&Sha256::digest(serde_json::to_vec(changes).unwrap_or_default()))
}

fn fates(asked: BTreeMap<String, Adoption>) -> Result<BTreeMap<StepId, Adoption>, Problem> {
    let named = |(step, fate): (String, Adoption)| {
        let step = StepId::new(step).map_err(|bad| Problem::new(bad.to_string()).code("usage"))?;
        Ok((step, fate))
    };
    asked.into_iter().map(named).collect()
}
