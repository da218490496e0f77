//! What follows the end of a run: its anchor, its sealed originals deleted, its tools ended.

use crate::Problem;
use crate::console::Console;
use holdpoint_ledger::{Anchor, Verdict};
use holdpoint_run::RunId;

impl Console {
    /// Makes up for what a crash just after the end of a run left undone: the end is anchored, what was sealed is deleted, and
    /// what was started for the run ends. Of a run that is open or driven, of a damaged one, and of one that was closed
    /// in full, nothing is changed.
    pub async fn close(&self, run: &RunId) -> Result<(), Problem> {
        let kept = self.kept(run).await?;
        if kept.state.end.is_none() || self.handle(run).is_some() {
            return Ok(());
        }
        let Ok(_lock) = kept.folder.lock(&self.config.driver)? else {
            // Whoever drives it closes it.
            return Ok(());
        };
        match kept.verdict {
            Verdict::Intact { count, head, anchored } if anchored < count => {
                self.anchors.keep(&Anchor::sign(self.device()?, run, count, &head, self.clock.now()))?;
            }
            Verdict::Intact { .. } => {}
            Verdict::Bad { .. } | Verdict::NotAsAnchored { .. } => return Ok(()),
        }
        kept.folder.forget_sealed()?;
        if let Err(diagnosis) = self.config.outfitter.retire(&kept.folder).await {
            tracing::warn!(why = diagnosis.headline, "the tools of a run that is over");
        }
        Ok(())
    }
}
