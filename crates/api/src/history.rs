//! Runs in lists: all of them, and those that somebody looks for.
//!
//! A run that is over and left nothing for later does not change any more: what a list says of it is kept, by the hash of its
//! newest event, and computed anew when that is another. How an account is called and marked is looked up each time.

use crate::Problem;
use crate::console::Console;
use crate::marks::{alias_of, weight_of};
use crate::obligations::standing;
use crate::runs::is_over;
use crate::views::{
    HistoryView, ObligationView, PastRun, RunFacts, RunSummary, Waiting, Weight, run_summary, waiting,
};
use holdpoint_engine::Board;
use holdpoint_ledger::{Derived, Entry, Ledger, RunRow};
use holdpoint_run::{Mode, RunId, State};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use ts_rs::TS;

/// Most rows of one answer.
const MOST: usize = 500;

/// A run among others.
pub(crate) struct Listed {
    pub(crate) summary: RunSummary,
    pub(crate) waiting: Option<Waiting>,
    /// What it left for later and still stands.
    pub(crate) obligations: Vec<ObligationView>,
    /// The services that it is about, as their pins are called.
    pub(crate) services: Vec<String>,
}

/// What is kept of a run that does not change any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Settled {
    summary: RunSummary,
    /// By its name an account's weight is guessed.
    profile: String,
    services: Vec<String>,
}

/// What is kept, in memory and beside the ledger.
pub(crate) struct Held {
    file: Derived,
    known: OnceLock<Mutex<Known>>,
}

type Known = HashMap<RunId, ([u8; 32], Arc<Settled>)>;

impl Held {
    pub(crate) fn new(path: &Path, version: &str) -> Self {
        Self { file: Derived::new(path, version), known: OnceLock::new() }
    }

    fn known(&self) -> &Mutex<Known> {
        self.known.get_or_init(|| {
            let read = |(run, entry): (RunId, Entry)| {
                let settled: Settled = serde_json::from_slice(&entry.bytes).ok()?;
                Some((run, (entry.head, Arc::new(settled))))
            };
            Mutex::new(self.file.all().into_iter().filter_map(read).collect())
        })
    }

    fn get(&self, row: &RunRow) -> Option<Arc<Settled>> {
        let known = self.known().lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&row.run).filter(|(head, _)| *head == row.head).map(|(_, settled)| Arc::clone(settled))
    }

    fn keep(&self, new: Vec<(RunRow, Settled)>) {
        let mut entries = Vec::new();
        for (row, settled) in new {
            if let Ok(bytes) = serde_json::to_vec(&settled) {
                entries.push((row.run.clone(), Entry { head: row.head, bytes }));
            }
            let mut known = self.known().lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(row.run, (row.head, Arc::new(settled)));
        }
        self.file.keep(&entries);
    }
}

/// What somebody looks for among all runs. Words must all be found, in any of a run's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RunsWanted {
    /// Words of the plan, its path, a service, an account, its alias, a person, the run's id, how it ended.
    pub words: String,
    /// `live`, `practice`, or null for both.
    #[ts(type = "Mode | null")]
    pub mode: Option<Mode>,
    /// How many of the newest to leave out.
    pub after: usize,
    /// How many to show.
    pub most: usize,
}

impl Console {
    /// All runs, the newest first. One that cannot be read is told in the log, and does not hide the others.
    pub async fn summaries(&self) -> Result<Vec<RunSummary>, Problem> {
        Ok(self.all_runs().await?.into_iter().map(|run| run.summary).collect())
    }

    /// The runs that are looked for, the newest first.
    pub async fn history(&self, wanted: &RunsWanted) -> Result<HistoryView, Problem> {
        let all = self.all_runs().await?;
        let words: Vec<String> = wanted.words.split_whitespace().map(str::to_lowercase).collect();
        let total = all.len();
        let mut found = 0;
        let mut rows = Vec::new();
        for run in all {
            if !fits(&run, &words, wanted.mode) {
                continue;
            }
            found += 1;
            if found > wanted.after && rows.len() < wanted.most.min(MOST) {
                rows.push(PastRun { summary: run.summary, services: run.services });
            }
        }
        Ok(HistoryView { rows, found: number(found), total: number(total) })
    }

    pub(crate) async fn all_runs(&self) -> Result<Vec<Listed>, Problem> {
        let (mut all, mut new) = (Vec::new(), Vec::new());
        let prefs = self.prefs();
        for row in self.ledger.runs().await? {
            if let Some(settled) = self.history.get(&row) {
                let mut summary = settled.summary.clone();
                summary.alias = alias_of(&prefs, &summary.account);
                (summary.weight, summary.weight_guessed) = match summary.mode {
                    Mode::Practice => (Weight::Practice, false),
                    Mode::Live => weight_of(&prefs, Some(&summary.account), &[&settled.profile]),
                };
                let services = settled.services.clone();
                all.push(Listed { summary, waiting: None, obligations: Vec::new(), services });
                continue;
            }
            match self.listed(&row).await {
                Ok(Some((listed, settled))) => {
                    all.push(listed);
                    new.extend(settled.map(|settled| (row, settled)));
                }
                Ok(None) => {}
                Err(problem) => tracing::warn!(run = %row.run, %problem, "a run that cannot be listed"),
            }
        }
        self.history.keep(new);
        Ok(all)
    }

    async fn listed(&self, row: &RunRow) -> Result<Option<(Listed, Option<Settled>)>, Problem> {
        let prefs = self.prefs();
        let here = self.opened().get(&row.run).map(|open| (open.handle.clone(), Arc::clone(&open.text)));
        if let Some((handle, text)) = here.filter(|(handle, _)| !is_over(handle)) {
            let state = handle.state();
            let listed = handle.board(|board| {
                let facts = RunFacts {
                    driven_here: true,
                    ..RunFacts::new(&state, board, &text, &prefs, self.clock.now())
                };
                self.listed_by(&facts)
            });
            return Ok(listed.map(|listed| (listed, None)));
        }
        let kept = self.kept(&row.run).await?;
        let board = Board::default();
        let driven_by = if kept.state.end.is_none() { self.driven_by(&kept.folder)? } else { None };
        let facts = RunFacts {
            driven_by,
            ..RunFacts::new(&kept.state, &board, &kept.text, &prefs, self.clock.now())
        };
        // Somebody may have appended since the row was read: what is kept must be of the head that it is kept by.
        let is_settled = kept.state.end.is_some() && kept.state.head == holdpoint_run::chain::hex(&row.head);
        Ok(self.listed_by(&facts).map(|listed| {
            let profile = kept.state.started.as_ref().map(|started| started.profile.clone());
            let settled = Settled {
                summary: listed.summary.clone(),
                profile: profile.unwrap_or_default(),
                services: listed.services.clone(),
            };
            let stays = is_settled && listed.obligations.is_empty() && kept.verdict.is_intact();
            (listed, stays.then_some(settled))
        }))
    }

    fn listed_by(&self, facts: &RunFacts<'_>) -> Option<Listed> {
        let summary = run_summary(facts)?;
        let obligations = standing(facts.state, &summary, self.clock.now());
        Some(Listed { summary, waiting: waiting(facts), obligations, services: services(facts.state) })
    }
}

/// The services that a run is about: `broker/api` of `ecs/broker/api`.
fn services(state: &State) -> Vec<String> {
    let names = state.pins.keys().filter_map(|key| key.split_once('/')).map(|(_, name)| name.to_owned());
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

fn fits(run: &Listed, words: &[String], mode: Option<Mode>) -> bool {
    let summary = &run.summary;
    if mode.is_some_and(|mode| mode != summary.mode) {
        return false;
    }
    if words.is_empty() {
        return true;
    }
    let mut names = [
        summary.title.as_str(),
        &summary.plan_path,
        &summary.account,
        summary.alias.as_deref().unwrap_or_default(),
        &summary.started_by,
        &summary.run,
        &summary.said,
    ]
    .join("\n")
    .to_lowercase();
    for service in &run.services {
        names.push('\n');
        names.push_str(&service.to_lowercase());
    }
    words.iter().all(|word| names.contains(word.as_str()))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
