//! Which sections are stages, and what they are for.

use crate::document::Heading;
use crate::understand::Named;
use crate::{Role, Span};
use std::collections::BTreeMap;

/// A section that is a stage, on its way to becoming one.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) role: Role,
    /// From the heading to the next of its level or above.
    pub(crate) span: Span,
    /// A `yaml stage` fence stands in it.
    pub(crate) fenced: bool,
}

/// The headings of a plan with the extent of their sections.
#[derive(Debug)]
pub(crate) struct Outline<'h> {
    headings: Vec<(&'h Heading, usize)>,
    /// For each heading the one whose section it stands in.
    parents: Vec<Option<usize>>,
    /// What each heading says its section is for.
    roles: Vec<Option<Named>>,
    /// Where commands stand, in order.
    commands: Vec<usize>,
    end: usize,
    title: String,
}

impl<'h> Outline<'h> {
    pub(crate) fn new(headings: Vec<&'h Heading>, end: usize, title: &str) -> Self {
        // Sections close from the end backwards: one pass, whatever the nesting.
        let mut open_at = [end; 7];
        let mut extents = vec![end; headings.len()];
        for (index, heading) in headings.iter().enumerate().rev() {
            let level = usize::from(heading.level).min(6);
            if let (Some(extent), Some(next)) = (extents.get_mut(index), open_at.get(1..=level)) {
                *extent = next.iter().copied().min().unwrap_or(end);
            }
            if let Some(slot) = open_at.get_mut(level) {
                *slot = heading.span.start;
            }
        }
        let roles = headings.iter().map(|heading| heading.named()).collect();
        let parents = parents(&headings);
        let headings = headings.into_iter().zip(extents).collect();
        Self { headings, parents, roles, commands: Vec::new(), end, title: title.to_owned() }
    }

    pub(crate) fn commands(&mut self, at: impl Iterator<Item = usize>) {
        self.commands = at.collect();
    }

    /// Whether any title's word is one that commands below it may overrule.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.roles.iter().flatten().any(|named| named.unless_it_changes)
    }

    /// Takes it that a section in which something is changed is to be walked, unless its title says without doubt that it
    /// is not: under "Resources" they may be listed, or made.
    pub(crate) fn changes(&mut self, at: impl Iterator<Item = usize>) {
        for place in at {
            for index in self.indices_above(place).collect::<Vec<_>>() {
                let Some(role) = self.roles.get_mut(index) else { break };
                if role.is_some_and(|named| !named.unless_it_changes) {
                    break;
                }
                *role = None;
            }
        }
    }

    /// What a heading's section is for, as far as its title and its commands say.
    pub(crate) fn role(&self, heading: &Heading) -> Option<Role> {
        let index = self.headings.partition_point(|(one, _)| one.span.start < heading.span.start);
        self.roles.get(index).copied().flatten().map(|named| named.role)
    }

    /// Whether a place below a heading at `from`, or anywhere, is read only in an emergency or to look things up: as the
    /// sections around it say, that of the whole file apart.
    pub(crate) fn is_beside(&self, at: usize, from: usize) -> bool {
        self.above(at)
            .take_while(|(heading, _)| heading.span.start > from || (from == 0 && heading.level > 1))
            .any(|(heading, _)| matches!(self.role(heading), Some(Role::Rollback | Role::Reference)))
    }

    /// Every heading with the end of its section.
    pub(crate) fn sections(&self) -> impl Iterator<Item = (&'h Heading, usize)> + '_ {
        self.headings.iter().copied()
    }

    /// The innermost heading above a place.
    pub(crate) fn heading(&self, at: usize) -> Option<&'h Heading> {
        let index = self.headings.partition_point(|(heading, _)| heading.span.start <= at);
        self.headings.get(index.checked_sub(1)?).map(|(heading, _)| *heading)
    }

    /// The section of the innermost heading above a place.
    pub(crate) fn section(&self, at: usize, fenced: bool) -> Section {
        let index = self.headings.partition_point(|(heading, _)| heading.span.start <= at);
        match index.checked_sub(1).and_then(|index| self.headings.get(index)) {
            Some((heading, end)) => self.section_of(heading, *end, fenced),
            None => self.root(fenced),
        }
    }

    /// Stages of a file without `yaml stage` fences: headings that look like it, else those of level 2; and those with a role.
    pub(crate) fn guessed(&self) -> Vec<Section> {
        let numbered = self.headings.iter().any(|(heading, _)| is_numbered(heading));
        let mut stages: Vec<Section> = Vec::new();
        let mut split_until = 0;
        let mut counted_level = None;
        for (index, (heading, end)) in self.headings.iter().enumerate() {
            if stages.last().is_some_and(|last| heading.span.start < last.span.end)
                || heading.level == 1 && !is_numbered(heading)
            {
                continue;
            }
            let role = self.role(heading);
            let wanted = if numbered {
                is_numbered(heading)
                    || role == Some(Role::Rollback)
                    || (role.is_some() && !self.holds(index, is_numbered))
            } else {
                let counted = self.children_are_counted(index);
                let splits = role.is_none()
                    && heading.level == 2
                    && (counted.is_some() || self.children_have_roles(index));
                if splits {
                    counted_level = counted;
                    split_until = *end;
                }
                let child = role.is_some() || counted_level == Some(heading.level);
                !splits && (heading.level == 2 || (heading.span.start < split_until && child))
            };
            if wanted {
                stages.push(self.section_of(heading, *end, false));
            }
        }
        stages
    }

    /// Prose sections whose role is to be read, beside the stages that fences name.
    pub(crate) fn references(&self, taken: &Taken) -> Vec<Section> {
        let mut found: Vec<Section> = Vec::new();
        for (heading, end) in &self.headings {
            let role = self.role(heading);
            let inside = found.last().is_some_and(|last| heading.span.start < last.span.end);
            let wanted =
                heading.level > 1 && matches!(role, Some(Role::Rollback | Role::Reference)) && !inside;
            if wanted && !taken.overlaps(heading.span.start, *end) {
                found.push(self.section_of(heading, *end, false));
            }
        }
        found
    }

    /// A stage for something that stands in none: the outermost section below the title that holds no other stage.
    pub(crate) fn implied(&self, at: usize, taken: &Taken) -> Section {
        let free = self
            .above(at)
            .filter(|(heading, end)| heading.level > 1 && !taken.overlaps(heading.span.start, *end))
            .last()
            .map(|(heading, end)| self.section_of(heading, end, false));
        let mut implied = free.unwrap_or_else(|| {
            let mut own = self.section(at, false);
            own.span.start = own.span.start.max(taken.end_before(at));
            own
        });
        implied.span.end =
            implied.span.end.min(taken.start_after(at).unwrap_or(self.end)).max(implied.span.start);
        implied
    }

    /// Headings above a place, the innermost first.
    fn above(&self, at: usize) -> impl Iterator<Item = (&'h Heading, usize)> + '_ {
        self.indices_above(at).filter_map(|index| self.headings.get(index).copied())
    }

    fn indices_above(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let last = self.headings.partition_point(|(heading, _)| heading.span.start <= at).checked_sub(1);
        std::iter::successors(last, |index| {
            crate::work::spend(1);
            self.parents.get(*index).copied().flatten()
        })
    }

    fn section_of(&self, heading: &Heading, end: usize, fenced: bool) -> Section {
        let said = self.role(heading);
        // "Step 6: monitoring notes" is walked: only what is not numbered can be mere reference.
        let role = match said {
            Some(Role::Reference | Role::After | Role::Before) if is_numbered(heading) => Role::Deploy,
            Some(role) => role,
            None => Role::Deploy,
        };
        let title = heading.title.trim_end_matches(':').trim();
        let title = if title.is_empty() { "Untitled" } else { title };
        Section { title: title.to_owned(), role, span: Span { start: heading.span.start, end }, fenced }
    }

    fn root(&self, fenced: bool) -> Section {
        let end = self.headings.first().map_or(self.end, |(heading, _)| heading.span.start);
        Section {
            title: self.title.clone(),
            role: Role::Deploy,
            span: Span { start: 0, end: if fenced { self.end } else { end } },
            fenced,
        }
    }

    fn holds(&self, index: usize, test: impl Fn(&Heading) -> bool) -> bool {
        let Some((_, end)) = self.headings.get(index) else { return false };
        self.headings
            .iter()
            .skip(index + 1)
            .take_while(|(heading, _)| heading.span.start < *end)
            .any(|(heading, _)| test(heading))
    }

    /// The level of children that are counted "1. …", "2. …" and hold commands: those are stages.
    fn children_are_counted(&self, index: usize) -> Option<u8> {
        let (_, end) = *self.headings.get(index)?;
        let inside = self.headings.iter().skip(index + 1).take_while(|(heading, _)| heading.span.start < end);
        let mut children = inside.filter_map(|(heading, end)| Some((heading, *end, bare_number(heading)?)));
        let (first, first_end, start) = children.next().filter(|(.., start)| *start <= 1)?;
        let (mut all, mut busy) = (1, usize::from(self.runs_in(first.span.start, first_end)));
        let mut last = start;
        for (child, end, value) in children.filter(|(child, ..)| child.level == first.level) {
            if value != last + 1 {
                return None;
            }
            last = value;
            all += 1;
            busy += usize::from(self.runs_in(child.span.start, end));
        }
        // A list of problems is counted too, and shows a command here and there.
        (last > start && busy * 2 > all).then_some(first.level)
    }

    fn runs_in(&self, start: usize, end: usize) -> bool {
        let at = self.commands.partition_point(|command| *command < start);
        self.commands.get(at).is_some_and(|command| *command < end)
    }

    fn children_have_roles(&self, index: usize) -> bool {
        self.holds(index, |heading| {
            let role = heading.named().map(|named| named.role);
            matches!(role, Some(Role::Before | Role::After | Role::Deploy))
        })
    }
}

/// For each heading the last one before it of a level above its own.
fn parents(headings: &[&Heading]) -> Vec<Option<usize>> {
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut found = Vec::with_capacity(headings.len());
    for (index, heading) in headings.iter().enumerate() {
        while open.last().is_some_and(|(_, level)| *level >= heading.level) {
            open.pop();
        }
        found.push(open.last().map(|(index, _)| *index));
        open.push((index, heading.level));
    }
    found
}

/// Where stages stand, for quick questions; starts and ends.
#[derive(Debug, Default)]
pub(crate) struct Taken(BTreeMap<usize, usize>);

impl Taken {
    pub(crate) fn add(&mut self, span: Span) {
        let end = self.0.entry(span.start).or_insert(span.end);
        *end = span.end.max(*end);
    }

    /// Whether a stage shares bytes with a range.
    fn overlaps(&self, start: usize, end: usize) -> bool {
        self.0.range(..end).next_back().is_some_and(|(_, stage_end)| *stage_end > start)
    }

    fn end_before(&self, at: usize) -> usize {
        self.0.range(..=at).next_back().map_or(0, |(_, end)| (*end).min(at))
    }

    fn start_after(&self, at: usize) -> Option<usize> {
        self.0.range(at + 1..).next().map(|(start, _)| *start)
    }
}

/// A name made of a title: lowercase ASCII words joined by `_`, at most 40 characters, empty when nothing is left.
pub(crate) fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        if out.len() >= 40 {
            break;
        }
    }
    let out = out.trim_end_matches('_');
    match out.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("n{out}"),
        _ => out.to_owned(),
    }
}

/// "Stage 2: …", "Étape 1", "Step 3 – …".
fn is_numbered(heading: &Heading) -> bool {
    heading.number().is_some_and(|number| number.keyed)
}

/// "2", "A": nothing but a number.
pub(crate) fn is_number_alone(text: &str) -> bool {
    let text = text.trim_matches(['*', '.', ')', ' ']);
    (1..=2).contains(&text.len())
        && (text.bytes().all(|byte| byte.is_ascii_digit())
            || text.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// "1. Build", "2) Push": its place among its siblings.
fn bare_number(heading: &Heading) -> Option<u32> {
    heading.number().filter(|number| !number.keyed).and_then(|number| number.value)
}
