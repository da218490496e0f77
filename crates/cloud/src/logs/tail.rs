//! Following logs: what is new since the last look, with no gap and no double, from one group or several.
//!
//! CloudWatch Logs shows a line seconds after it was written, sometimes minutes, and with the time at which it was written.
//! So each look goes back a while behind the newest line, now and then a long while, lines are told apart by their event ids,
//! and [`Tail::whole`] reads the window from its beginning once more, for what came later than that.

use super::{LogLine, LogQuery};
use crate::{CallError, Cloud};
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

/// How far a look goes back behind the newest line, milliseconds. Lines that come later still are found by
/// [`Tail::whole`]. AWS names no bound ("typically within seconds"); to be confirmed.
const LOOK_BACK: i64 = 120_000;

/// Every so many looks go back much further, for lines that come minutes late.
const LONG_EVERY: u32 = 10;
/// How far those go back, milliseconds.
const LONG_BACK: i64 = 15 * 60_000;

/// Which lines of a group were already seen.
#[derive(Debug, Default)]
pub struct Tail {
    /// A digest of each event id: a million lines are 16 MB, not 60.
    seen: HashSet<(u64, u64)>,
    keys: (RandomState, RandomState),
    newest: Option<i64>,
    looks: u32,
}

impl Tail {
    /// Lines that were not there at the last look, oldest first; `None` while the group does not exist.
    pub async fn next(&mut self, cloud: &Cloud, query: &LogQuery) -> Result<Option<Vec<LogLine>>, CallError> {
        self.looks = self.looks.wrapping_add(1);
        let from = self.begins_at(query.from);
        self.look(cloud, &LogQuery { from, ..query.clone() }).await
    }

    /// Lines of the whole window that no look has seen: those that came late.
    pub async fn whole(
        &mut self,
        cloud: &Cloud,
        query: &LogQuery,
    ) -> Result<Option<Vec<LogLine>>, CallError> {
        self.look(cloud, query).await
    }

    /// Where the next look begins: a while behind the newest line, and never before the window.
    fn begins_at(&self, from: Option<i64>) -> Option<i64> {
        let far = if self.looks.is_multiple_of(LONG_EVERY) { LONG_BACK } else { LOOK_BACK };
        let back = self.newest.map(|newest| newest - far);
        match (from, back) {
            (Some(from), Some(back)) => Some(from.max(back)),
            (from, back) => from.or(back),
        }
    }

    async fn look(&mut self, cloud: &Cloud, query: &LogQuery) -> Result<Option<Vec<LogLine>>, CallError> {
        let Some(lines) = cloud.log_lines(query).await? else { return Ok(None) };
        Ok(Some(self.take(lines)))
    }

    fn take(&mut self, lines: Vec<LogLine>) -> Vec<LogLine> {
        self.newest = lines.iter().map(|line| line.timestamp).chain(self.newest).max();
        let keys = &self.keys;
        let seen = &mut self.seen;
        lines
            .into_iter()
            .filter(|line| seen.insert((keys.0.hash_one(&line.event_id), keys.1.hash_one(&line.event_id))))
            .collect()
    }
}

/// Several groups as one log.
#[derive(Debug, Default)]
pub struct MergedTail {
    tails: Vec<(LogQuery, Tail)>,
    missing: Vec<String>,
}

impl MergedTail {
    /// Groups, each with what is looked for in it.
    pub fn new(queries: impl IntoIterator<Item = LogQuery>) -> Self {
        let tails = queries.into_iter().map(|query| (query, Tail::default())).collect();
        Self { tails, missing: Vec::new() }
    }

    /// Lines of all groups that were not there at the last look, with their groups, oldest first. A group that does not
    /// exist yet is left out and named by [`MergedTail::missing`].
    pub async fn next(&mut self, cloud: &Cloud) -> Result<Vec<(String, LogLine)>, CallError> {
        self.read(cloud, false).await
    }

    /// Lines of the whole window that no look has seen.
    pub async fn whole(&mut self, cloud: &Cloud) -> Result<Vec<(String, LogLine)>, CallError> {
        self.read(cloud, true).await
    }

    /// Groups that did not exist at the last look.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Finds out which groups exist, and reads nothing.
    pub async fn look_for(&mut self, cloud: &Cloud) -> Result<(), CallError> {
        self.missing.clear();
        for (query, _) in &self.tails {
            if !cloud.log_group_exists(&query.group).await? {
                self.missing.push(query.group.clone());
            }
        }
        Ok(())
    }

    /// The groups, in order.
    pub fn groups(&self) -> Vec<String> {
        self.tails.iter().map(|(query, _)| query.group.clone()).collect()
    }

    /// Puts the queries of groups anew, where other streams are to be read; what was seen stays seen.
    pub fn narrow(&mut self, narrow: impl Fn(&mut LogQuery)) {
        self.tails.iter_mut().for_each(|(query, _)| narrow(query));
    }

    async fn read(&mut self, cloud: &Cloud, whole: bool) -> Result<Vec<(String, LogLine)>, CallError> {
        let mut lines = Vec::new();
        self.missing.clear();
        for (query, tail) in &mut self.tails {
            let new = match whole {
                true => tail.whole(cloud, query).await?,
                false => tail.next(cloud, query).await?,
            };
            match new {
                Some(new) => lines.extend(new.into_iter().map(|line| (query.group.clone(), line))),
                None => self.missing.push(query.group.clone()),
            }
        }
        // Stable: lines of one moment stay in the order of their groups.
        lines.sort_by_key(|(_, line)| line.timestamp);
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, timestamp: i64) -> LogLine {
        LogLine { event_id: id.into(), timestamp, ..LogLine::default() }
    }

    #[test]
    fn a_line_that_comes_late_is_taken_once() {
        let mut tail = Tail::default();
        let ids = |lines: Vec<LogLine>| lines.into_iter().map(|line| line.event_id).collect::<Vec<_>>();
        assert_eq!(ids(tail.take(vec![line("a", 1_000), line("b", 500_000)])), ["a", "b"]);
        assert_eq!(ids(tail.take(vec![line("b", 500_000), line("late", 450_000)])), ["late"]);
        assert!(tail.take(vec![line("a", 1_000), line("late", 450_000)]).is_empty());
    }

    #[test]
    fn a_look_goes_back_behind_the_newest_line_and_never_before_the_window() {
        let mut tail = Tail { looks: 1, ..Tail::default() };
        assert_eq!(tail.begins_at(Some(7)), Some(7));
        tail.take(vec![line("a", 500_000)]);
        assert_eq!(tail.begins_at(Some(7)), Some(380_000));
        assert_eq!(tail.begins_at(Some(400_000)), Some(400_000));
        assert_eq!(tail.begins_at(None), Some(380_000));
        tail.take(vec![line("b", 2_000_000)]);
        tail.looks = LONG_EVERY;
        assert_eq!(tail.begins_at(Some(7)), Some(1_100_000), "now and then a look goes back much further");
        tail.looks += 1;
        assert_eq!(tail.begins_at(Some(7)), Some(1_880_000));
    }
}
