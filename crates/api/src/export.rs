//! Reports and verdicts of runs.

use crate::args::ReportFormat;
use crate::console::Console;
use crate::{Problem, ReportFile};
use holdpoint_ledger::{Anchor, Check, LedgerError, Verdict};
use holdpoint_redact::Redactor;
use holdpoint_report::{AnchorFact, Report, Sources};
use holdpoint_run::RunId;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Events of a journal that are checked at once.
const PART: u64 = 4096;

/// A report as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportText {
    /// The text.
    pub text: String,
    /// What `verify` says of its journal.
    pub verdict: String,
    /// Whether nothing is wrong with it.
    pub intact: bool,
}

impl Console {
    /// Writes a run's report. Of a damaged journal it tells the intact part, and says so.
    pub async fn report(&self, run: &RunId, format: ReportFormat) -> Result<ReportText, Problem> {
        let (report, intact) = self.reported(run).await?;
        let text = written(&report, format)?;
        Ok(ReportText { text, verdict: report.chain.verdict, intact })
    }

    /// A run's report, and whether its journal is intact.
    pub(crate) async fn reported(&self, run: &RunId) -> Result<(Report, bool), Problem> {
        let kept = self.kept(run).await?;
        let (verdict, events, anchors) = self.verify(run).await?;
        let stored = self.stored(run).await?;
        let anchors: Vec<AnchorFact> = anchors.into_iter().map(anchor_fact).collect();
        let plans = plans_of(std::iter::once(kept.folder.plan()?).chain(kept.folder.revisions()?));
        let intact = verdict.is_intact() && kept.verdict.is_intact();
        let sources = Sources {
            state: &kept.state,
            events: &events,
            stored: stored.get(..events.len()).unwrap_or(&stored),
            anchors: &anchors,
            verdict: &verdict.to_string(),
            plan_text: Some(&kept.text),
            plans: if intact { Ok(&plans) } else { Err("the journal is damaged") },
            writer: &self.config.version,
            redactor: &Redactor::new([]),
        };
        Ok((holdpoint_report::report(&sources).map_err(failed)?, intact))
    }

    /// Checks a run's journal in parts, whatever its length: what is said of it, and how many events are intact.
    pub async fn verdict(&self, run: &RunId) -> Result<(Verdict, u64), Problem> {
        let anchors = self.anchors.of(run)?;
        let mut check = Check::new(run, &anchors);
        let mut intact = 0;
        loop {
            let part = match self.ledger.part(run, intact, PART).await {
                // A file that cannot be read to its end still has a beginning.
                Err(LedgerError::Unreadable { .. }) => {
                    let (verdict, events, _) = self.verify(run).await?;
                    return Ok((verdict, events.len() as u64));
                }
                part => part?,
            };
            if part.is_empty() {
                return Ok((check.verdict(), intact));
            }
            for stored in &part {
                if check.take(stored).is_none() {
                    return Ok((check.verdict(), intact));
                }
                intact += 1;
            }
        }
    }

    /// Writes a run's report to a file.
    pub async fn export(&self, run: &RunId, format: ReportFormat, path: &str) -> Result<ReportFile, Problem> {
        let report = self.report(run, format).await?;
        std::fs::write(Path::new(path), &report.text).map_err(|error| {
            Problem::new(format!("the report could not be written to {path}: {error}"))
                .hint("choose another place")
        })?;
        let sha256 = holdpoint_run::chain::hex(&Sha256::digest(report.text.as_bytes()));
        Ok(ReportFile { path: path.to_owned(), bytes: report.text.len() as u64, sha256 })
    }
}

/// A report in one of its forms.
pub(crate) fn written(report: &Report, format: ReportFormat) -> Result<String, Problem> {
    match format {
        ReportFormat::Markdown => Ok(holdpoint_report::to_markdown(report)),
        ReportFormat::Html => Ok(holdpoint_report::to_html(report)),
        ReportFormat::Json => holdpoint_report::to_json(report).map_err(failed),
    }
}

/// Plans by the digest of their bytes.
pub(crate) fn plans_of(all: impl Iterator<Item = Vec<u8>>) -> Vec<(String, Vec<u8>)> {
    all.map(|bytes| (holdpoint_run::chain::hex(&Sha256::digest(&bytes)), bytes)).collect()
}

pub(crate) fn failed(error: holdpoint_report::ReportError) -> Problem {
    Problem::new(error.to_string())
}

fn anchor_fact(one: Anchor) -> AnchorFact {
    AnchorFact { count: one.count, head: one.head, key: one.key, signature: one.signature, at: one.at }
}
