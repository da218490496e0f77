//! Reports and verdicts of runs.

use crate::args::ReportFormat;
use crate::console::Console;
use crate::{Problem, ReportFile};
use holdpoint_redact::Redactor;
use holdpoint_report::{AnchorFact, Sources};
use holdpoint_run::RunId;
use sha2::{Digest, Sha256};
use std::path::Path;

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
        let kept = self.kept(run).await?;
        let (verdict, events, anchors) = self.verify(run).await?;
        let stored = self.stored(run).await?;
        let anchors: Vec<AnchorFact> = anchors
            .into_iter()
            .map(|one| AnchorFact {
                count: one.count,
                head: one.head,
                key: one.key,
                signature: one.signature,
                at: one.at,
            })
            .collect();
        let told = verdict.to_string();
        let intact = kept.verdict.is_intact();
        let sources = Sources {
            state: &kept.state,
            events: &events,
            stored: stored.get(..events.len()).unwrap_or(&stored),
            anchors: &anchors,
            verdict: &told,
            plan_text: Some(&kept.text),
            redactor: &Redactor::new([]),
        };
        let failed = |error: holdpoint_report::ReportError| Problem::new(error.to_string());
        let report = holdpoint_report::report(&sources).map_err(failed)?;
        let text = match format {
            ReportFormat::Markdown => holdpoint_report::to_markdown(&report),
            ReportFormat::Html => holdpoint_report::to_html(&report),
            ReportFormat::Json => holdpoint_report::to_json(&report).map_err(failed)?,
        };
        Ok(ReportText { text, verdict: told, intact })
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
