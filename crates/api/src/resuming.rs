//! Going on with an open run: resumed where nobody drives it, taken over from who does.

use crate::Problem;
use crate::console::Console;
use crate::runs::Kept;
use holdpoint_engine::{Tools, Want, resume, take_over};
use holdpoint_run::RunId;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How an open run comes to be driven here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nobody drives it.
    Resume,
    /// Who drives it is asked to let go; with `force`, one that does not answer is shut out.
    TakeOver { force: bool },
}

impl Console {
    /// Goes on with an open run that nobody drives; one that this process drives already is left as it is.
    ///
    /// # Errors
    /// It is over; somebody else drives it; its tools cannot be had.
    pub async fn resume(self: &Arc<Self>, run: &RunId) -> Result<(), Problem> {
        self.go_on(run, Way::Resume).await
    }

    /// Goes on with an open run that another process may drive: that one is asked to let go first.
    ///
    /// # Errors
    /// As [`Self::resume`]; the driver does not answer (`silent`) and is not shut out by `force`; it has to end something
    /// first (`busy`).
    pub async fn take_over(self: &Arc<Self>, run: &RunId, force: bool) -> Result<(), Problem> {
        self.go_on(run, Way::TakeOver { force }).await
    }

    async fn go_on(self: &Arc<Self>, run: &RunId, way: Way) -> Result<(), Problem> {
        if let Some(handle) = self.handle(run) {
            if handle.state().end.is_some() || handle.board(|board| board.halted.is_none()) {
                return Ok(());
            }
            // What stopped here is mended, or it stops again.
            handle.let_go("resumed after it had stopped").await;
            self.opened().remove(run);
        }
        self.ledger.writable()?;
        let kept = self.kept(run).await?;
        if let Some((end, _)) = kept.state.end {
            self.close(run).await?;
            let over = format!("run {run} is over, it is {}", end.in_words());
            return Err(Problem::new(over)
                .code("refused")
                .hint("what is over is neither resumed nor rolled back: `holdpoint report` names what ran before, a new run can deploy it"));
        }
        if way == Way::Resume
            && let Some(driver) = self.driven_by(&kept.folder)?
        {
            return Err(Problem::new(format!(
                "run {run} is driven by {driver}: it can be read here, not driven"
            ))
            .code("driven")
            .hint(format!("`holdpoint resume {run} --take-over` asks that one to let go")));
        }
        let tools = self.outfitted(run, &kept).await?;
        let plans = kept.plans.clone();
        let handle = match way {
            Way::Resume => resume(tools, run, plans, "resumed").await?,
            Way::TakeOver { force } => take_over(tools, run, plans, force).await?,
        };
        self.employ(run.clone(), handle, kept.text.into());
        Ok(())
    }

    /// What an open run that nobody drives is driven with.
    pub(crate) async fn outfitted(&self, run: &RunId, kept: &Kept) -> Result<Tools, Problem> {
        let started =
            kept.state.started.clone().ok_or_else(|| Problem::new(format!("run {run} never began")))?;
        let want = Want {
            run: run.clone(),
            folder: kept.folder.clone(),
            mode: started.mode,
            target: Some(started.target.clone()),
            profile: Some(started.profile.clone()),
            plan: Arc::clone(&kept.state.plan),
            plan_path: PathBuf::from(&started.plan_path),
            scenario: started.scenario.clone(),
            speed: started.speed,
        };
        let outfit = self.config.outfitter.outfit(&want).await?;
        let path = Path::new(&started.plan_path);
        self.tools(&kept.folder, path, started.speed, outfit.registry, outfit.desk)
    }
}
