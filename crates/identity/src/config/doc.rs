//! A file of profiles as concrete text: edits touch the lines that they mean, and every other byte stays as it is.
//!
//! Only what both grammars read alike can be written: `key = value` with safe names, no comment behind a value, no
//! value that goes on in a second line.

use super::reading::SectionId;
use super::sdk::{self, COMMENT, SPACE};
use crate::FileKind;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A key and a value that both grammars read alike.
#[derive(Clone, PartialEq, Eq)]
pub struct Pair {
    key: String,
    value: String,
}

/// Something that one of the grammars would not read as it is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEdit {
    /// A name that the SDKs drop.
    #[error("`{0}` cannot be a section's name: use letters, digits and _ - / . % @ : +")]
    Name(String),
    /// A key that one of the grammars splits or drops.
    #[error("`{0}` cannot be a key: use letters, digits and _ - / . % @ +")]
    Key(String),
    /// A value that would be read as something else.
    #[error("the value of `{key}` cannot be written: {why}")]
    Value {
        /// Its key.
        key: String,
        /// Why not.
        why: &'static str,
    },
    /// The section to be added is there.
    #[error("{0} is in the file already")]
    Exists(SectionId),
    /// The section to be changed is not there.
    #[error("{0} is not in the file")]
    Missing(SectionId),
    /// A generated block without its end.
    #[error("line {line} begins a generated block that has no end: put `{end}` below its last section")]
    OpenBlock {
        /// Line of its beginning, from 1.
        line: usize,
        /// The line that is missing.
        end: &'static str,
    },
}

/// The last line of a generated block.
pub(super) const BLOCK_END: &str = "# holdpoint: end";

/// A file's text, line by line.
#[derive(Clone)]
pub struct Doc {
    kind: FileKind,
    lines: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    text: String,
    /// `\n`, `\r\n`, or nothing for a last line without an end.
    end: &'static str,
}

impl Pair {
    /// Takes a key and a value that both grammars read alike.
    ///
    /// # Errors
    /// [`BadEdit::Key`], [`BadEdit::Value`].
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Result<Self, BadEdit> {
        let (key, value) = (key.into(), value.into());
        if key.is_empty() || key.contains(':') || !sdk::is_identifier(&key) || key != key.to_ascii_lowercase()
        {
            return Err(BadEdit::Key(key));
        }
        let odd = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
        let why = if value.is_empty() {
            "it is empty, which begins a group of indented lines"
        } else if value.contains(odd) {
            "it has a line end, a tab or another control character"
        } else if value.trim() != value {
            "it begins or ends with a space"
        } else if value.starts_with(COMMENT) || value.contains(" #") || value.contains(" ;") {
            "a # or ; after a space begins a comment for some tools and not for others"
        } else {
            return Ok(Self { key, value });
        };
        Err(BadEdit::Value { key, why })
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// The key alone: a value may be a secret.
impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pair").field(&self.key).finish()
    }
}

impl Doc {
    /// Takes a text apart; [`Self::text`] gives it back byte for byte.
    pub fn new(kind: FileKind, text: &str) -> Self {
        let lines = text
            .split_inclusive('\n')
            .map(|line| match line.strip_suffix("\r\n") {
                Some(text) => Line { text: text.to_owned(), end: "\r\n" },
                None => match line.strip_suffix('\n') {
                    Some(text) => Line { text: text.to_owned(), end: "\n" },
                    None => Line { text: line.to_owned(), end: "" },
                },
            })
            .collect();
        Self { kind, lines }
    }

    /// The text.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.lines.iter().map(|l| l.text.len() + 2).sum());
        for line in &self.lines {
            text.push_str(&line.text);
            text.push_str(line.end);
        }
        text
    }

    /// Gives a key of a section this value: in its place when it is there, else behind the section's last key.
    ///
    /// # Errors
    /// [`BadEdit::Missing`] without the section.
    pub fn set(&mut self, id: &SectionId, pair: &Pair) -> Result<(), BadEdit> {
        self.set_many(&BTreeMap::from([(id.clone(), vec![pair.clone()])]))
    }

    /// Gives keys of many sections their values, as [`Self::set`] does; nothing is changed when a section is missing.
    ///
    /// # Errors
    /// [`BadEdit::Missing`].
    pub fn set_many(&mut self, values: &BTreeMap<SectionId, Vec<Pair>>) -> Result<(), BadEdit> {
        let mut ranges: BTreeMap<&SectionId, Vec<Range<usize>>> = BTreeMap::new();
        for (range, id) in self.all_ranges() {
            if let Some((id, _)) = id.as_ref().and_then(|id| values.get_key_value(id)) {
                ranges.entry(id).or_default().push(range);
            }
        }
        if let Some(missing) = values.keys().find(|id| !ranges.contains_key(id)) {
            return Err(BadEdit::Missing(missing.clone()));
        }
        // What is done where, from the end on: a line that is put in moves only what is behind it.
        let mut edits: Vec<(Range<usize>, &Pair)> = Vec::new();
        for (id, pairs) in values {
            let ranges = ranges.remove(id).unwrap_or_default();
            let known: Vec<_> = ranges.iter().flat_map(|range| self.properties(range)).collect();
            let Some(last) = ranges.last() else { continue };
            let end = self.end_of_keys(last);
            for pair in pairs {
                let found = known.iter().rfind(|(key, _)| *key == pair.key).map(|(_, at)| at.clone());
                edits.push((found.unwrap_or(end..end), pair));
            }
        }
        // Several at one place keep their order: the last of them is put in first.
        edits.reverse();
        edits.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
        for (at, pair) in edits {
            match at.is_empty() {
                true => self.insert(at.start, vec![format!("{} = {}", pair.key, pair.value)]),
                false => self.replace(at, pair),
            }
        }
        Ok(())
    }

    /// Removes a key of a section, wherever it stands in it; whether there was one.
    pub fn unset(&mut self, id: &SectionId, key: &str) -> bool {
        self.unset_many(&BTreeMap::from([(id.clone(), BTreeSet::from([key.to_owned()]))]))
    }

    /// Removes keys of many sections; whether there was any of them.
    pub fn unset_many(&mut self, keys: &BTreeMap<SectionId, BTreeSet<String>>) -> bool {
        let mut removed = false;
        for (range, id) in self.all_ranges().into_iter().rev() {
            let Some(keys) = id.and_then(|id| keys.get(&id)) else { continue };
            for (_, at) in self.properties(&range).into_iter().rev().filter(|(key, _)| keys.contains(key)) {
                self.lines.drain(at);
                removed = true;
            }
        }
        removed
    }

    /// Adds a section at the end, behind an empty line.
    ///
    /// # Errors
    /// [`BadEdit::Name`]; [`BadEdit::Exists`].
    pub fn add_section(&mut self, id: &SectionId, pairs: &[Pair]) -> Result<(), BadEdit> {
        self.add_sections(&[(id.clone(), pairs.to_vec())])
    }

    /// Adds many sections at the end, each behind an empty line; none of them when one cannot be added.
    ///
    /// # Errors
    /// [`BadEdit::Name`]; [`BadEdit::Exists`].
    pub fn add_sections(&mut self, sections: &[(SectionId, Vec<Pair>)]) -> Result<(), BadEdit> {
        let mut known: BTreeSet<SectionId> = self.sections().into_iter().collect();
        let mut lines = Vec::new();
        let mut needs_gap = self.lines.last().is_some_and(|line| !line.text.trim_matches(SPACE).is_empty());
        for (id, pairs) in sections {
            if id.name.is_empty() || !sdk::is_identifier(&id.name) {
                return Err(BadEdit::Name(id.name.clone()));
            }
            if !known.insert(id.clone()) {
                return Err(BadEdit::Exists(id.clone()));
            }
            if needs_gap {
                lines.push(String::new());
            }
            needs_gap = true;
            lines.push(id.heading(self.kind));
            lines.extend(pairs.iter().map(|pair| format!("{} = {}", pair.key, pair.value)));
        }
        self.insert(self.lines.len(), lines);
        Ok(())
    }

    /// Removes a section with its keys; a comment or an empty line behind its last key stays.
    pub fn remove_section(&mut self, id: &SectionId) -> bool {
        self.remove_sections(&BTreeSet::from([id.clone()]))
    }

    /// Removes many sections, as [`Self::remove_section`] does; whether there was any of them.
    pub fn remove_sections(&mut self, ids: &BTreeSet<SectionId>) -> bool {
        let mut removed = false;
        for (range, id) in self.all_ranges().into_iter().rev() {
            if id.is_some_and(|id| ids.contains(&id)) {
                let end = self.end_of_keys(&range);
                // One empty line goes with it, so that removing what was added leaves no gap.
                let gap = end < range.end && self.lines[end].text.trim_matches(SPACE).is_empty();
                self.lines.drain(range.start..end + usize::from(gap));
                removed = true;
            }
        }
        removed
    }

    /// Gives a section another name, in place.
    ///
    /// # Errors
    /// [`BadEdit::Name`], [`BadEdit::Exists`], [`BadEdit::Missing`].
    pub fn rename_section(&mut self, id: &SectionId, to: &SectionId) -> Result<(), BadEdit> {
        self.rename_sections(&BTreeMap::from([(id.clone(), to.clone())]))
    }

    /// Gives many sections other names; none of them when one cannot have its own.
    ///
    /// # Errors
    /// As [`Self::rename_section`].
    pub fn rename_sections(&mut self, names: &BTreeMap<SectionId, SectionId>) -> Result<(), BadEdit> {
        let headings = self.headings();
        let known: BTreeSet<_> = headings.iter().filter_map(|(_, id)| id.clone()).collect();
        for (id, to) in names {
            if to.name.is_empty() || !sdk::is_identifier(&to.name) {
                return Err(BadEdit::Name(to.name.clone()));
            }
            if known.contains(to) {
                return Err(BadEdit::Exists(to.clone()));
            }
            if !known.contains(id) {
                return Err(BadEdit::Missing(id.clone()));
            }
        }
        for (at, id) in headings {
            if let Some(to) = id.and_then(|id| names.get(&id)) {
                self.lines[at].text = to.heading(self.kind);
            }
        }
        Ok(())
    }

    /// The sections in their order, each as often as it has a heading.
    pub fn sections(&self) -> Vec<SectionId> {
        self.headings().into_iter().filter_map(|(_, id)| id).collect()
    }

    /// The inside of the block that was generated for `owner`.
    ///
    /// # Errors
    /// [`BadEdit::OpenBlock`].
    pub fn block(&self, owner: &str) -> Result<Option<Self>, BadEdit> {
        let inside = self.block_range(owner)?.map(|range| range.start + 1..range.end - 1);
        Ok(inside.map(|range| Self { kind: self.kind, lines: self.lines[range].to_vec() }))
    }

    /// Puts a block in the place of the one of the same owner, or at the end. An empty one is taken out.
    ///
    /// # Errors
    /// [`BadEdit::OpenBlock`].
    pub fn set_block(&mut self, owner: &str, inside: &Self) -> Result<(), BadEdit> {
        let text = |line: &Line| line.text.clone();
        let mut lines: Vec<String> = inside.lines.iter().map(text).collect();
        while lines.last().is_some_and(|line| line.trim_matches(SPACE).is_empty()) {
            lines.pop();
        }
        let is_empty = lines.is_empty();
        lines.insert(0, block_start(owner));
        lines.push(BLOCK_END.to_owned());
        match self.block_range(owner)? {
            Some(range) => {
                // A file whose last line is the block's keeps its end as it was.
                let end = self.lines[range.end - 1].end;
                let gap = range.start > 0 && self.lines[range.start - 1].text.is_empty();
                let from = range.start - usize::from(is_empty && gap);
                self.lines.drain(if is_empty { from..range.end } else { range.clone() });
                if !is_empty {
                    let count = lines.len();
                    self.insert(range.start, lines);
                    self.lines[range.start + count - 1].end = end;
                }
            }
            None if is_empty => {}
            None => {
                if self.lines.last().is_some_and(|line| !line.text.trim_matches(SPACE).is_empty()) {
                    lines.insert(0, String::new());
                }
                self.insert(self.lines.len(), lines);
            }
        }
        Ok(())
    }

    /// Headings, each with its line's index; `None` for one that means nothing.
    pub(super) fn headings(&self) -> Vec<(usize, Option<SectionId>)> {
        let starts = self.lines.iter().enumerate().filter(|(_, line)| line.text.starts_with('['));
        starts
            .map(|(at, line)| {
                let heading = sdk::heading_of(&line.text);
                (at, heading.and_then(|heading| sdk::id_of(self.kind, heading).ok().flatten()))
            })
            .collect()
    }

    /// The lines of all sections in their order, each from its heading to the next.
    pub(super) fn all_ranges(&self) -> Vec<(Range<usize>, Option<SectionId>)> {
        let headings = self.headings();
        let ends: Vec<_> = headings.iter().skip(1).map(|(at, _)| *at).chain([self.lines.len()]).collect();
        headings.into_iter().zip(ends).map(|((at, id), end)| (at..end, id)).collect()
    }

    /// The keys of a section's lines, each with the lines of its value.
    pub(super) fn properties(&self, range: &Range<usize>) -> Vec<(String, Range<usize>)> {
        let mut found: Vec<(String, Range<usize>)> = Vec::new();
        for at in range.start + 1..range.end {
            let text = &self.lines[at].text;
            if text.trim_matches(SPACE).is_empty() || text.starts_with(COMMENT) {
                continue;
            }
            if text.starts_with(SPACE) {
                if let Some((_, lines)) = found.last_mut() {
                    lines.end = at + 1;
                }
            } else if let Some((key, _)) = text.split_once('=') {
                found.push((key.trim_matches(SPACE).to_ascii_lowercase(), at..at + 1));
            }
        }
        found
    }

    /// A line's text.
    pub(super) fn line(&self, at: usize) -> &str {
        &self.lines[at].text
    }

    /// Puts another text in the place of a line's.
    pub(super) fn set_line(&mut self, at: usize, text: String) {
        self.lines[at].text = text;
    }

    /// Puts the keys of each section that stands again behind those of its first heading, and takes the later headings
    /// out; a section for which `keeps` says so stays as often as it stands. The sections that were merged.
    pub(super) fn merge_repeated(&mut self, keeps: impl Fn(&SectionId) -> bool) -> BTreeSet<SectionId> {
        let ranges = self.all_ranges();
        let mut seen: BTreeMap<SectionId, usize> = BTreeMap::new();
        // By the range of its first heading: what is put behind its keys. Of a later one only what follows its keys stays.
        let mut moved: BTreeMap<usize, Vec<Line>> = BTreeMap::new();
        let mut later = BTreeSet::new();
        let mut merged = BTreeSet::new();
        for (at, (range, id)) in ranges.iter().enumerate() {
            let Some(id) = id.as_ref().filter(|id| !keeps(id)) else { continue };
            match seen.get(id) {
                None => {
                    seen.insert(id.clone(), at);
                }
                Some(first) => {
                    let lines = self.lines[range.start + 1..self.end_of_keys(range)].to_vec();
                    moved.entry(*first).or_default().extend(lines);
                    later.insert(at);
                    merged.insert(id.clone());
                }
            }
        }
        if merged.is_empty() {
            return merged;
        }
        let end = self.line_end();
        let before = ranges.first().map_or(self.lines.len(), |(range, _)| range.start);
        let mut lines = self.lines[..before].to_vec();
        for (at, (range, _)) in ranges.iter().enumerate() {
            let keys = self.end_of_keys(range);
            if !later.contains(&at) {
                lines.extend_from_slice(&self.lines[range.start..keys]);
            }
            lines.extend(moved.remove(&at).unwrap_or_default());
            lines.extend_from_slice(&self.lines[keys..range.end]);
        }
        // The file's last line may have had no end, and may have moved.
        let last = lines.len().saturating_sub(1);
        lines[..last].iter_mut().filter(|line| line.end.is_empty()).for_each(|line| line.end = end);
        self.lines = lines;
        merged
    }

    /// The line behind a section's last key.
    fn end_of_keys(&self, range: &Range<usize>) -> usize {
        self.properties(range).last().map_or(range.start + 1, |(_, at)| at.end)
    }

    /// The file's own line end.
    fn line_end(&self) -> &'static str {
        self.lines.iter().map(|line| line.end).find(|end| !end.is_empty()).unwrap_or("\n")
    }

    /// Puts lines in, with the file's own line end.
    pub(super) fn insert(&mut self, at: usize, lines: Vec<String>) {
        let end = self.line_end();
        if let Some(before) = at.checked_sub(1).and_then(|at| self.lines.get_mut(at))
            && before.end.is_empty()
        {
            before.end = end;
        }
        self.lines.splice(at..at, lines.into_iter().map(|text| Line { text, end }));
    }

    fn replace(&mut self, at: Range<usize>, pair: &Pair) {
        let line = &self.lines[at.start].text;
        let Some((before, value)) = line.split_once('=') else { return };
        let space = &value[..value.len() - value.trim_start_matches(SPACE).len()];
        let bare = sdk::without_comment(line, true);
        let comment = line.trim_matches(SPACE)[bare.len()..].trim_matches(SPACE).to_owned();
        let text = format!("{before}={space}{}", pair.value);
        let start = at.start;
        self.lines.drain(start + 1..at.end);
        self.lines[start].text = text;
        if !comment.is_empty() {
            // A comment behind a value is part of it for the AWS CLI: it moves to a line of its own.
            self.insert(start, vec![comment]);
        }
    }

    /// The whole block, its two marking lines included.
    pub(super) fn block_range(&self, owner: &str) -> Result<Option<Range<usize>>, BadEdit> {
        let start = block_start(owner);
        let Some(from) = self.lines.iter().position(|line| line.text.trim_end() == start) else {
            return Ok(None);
        };
        let marks = |line: &Line| line.text.starts_with("# holdpoint: ");
        let next = self.lines[from + 1..].iter().position(marks).map(|at| from + 1 + at);
        match next {
            Some(end) if self.lines[end].text.trim_end() == BLOCK_END => Ok(Some(from..end + 1)),
            Some(_) | None => Err(BadEdit::OpenBlock { line: from + 1, end: BLOCK_END }),
        }
    }
}

fn block_start(owner: &str) -> String {
    format!("# holdpoint: generated for session {owner}")
}
