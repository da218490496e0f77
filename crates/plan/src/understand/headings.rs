//! Sections: which are stages, what they are for, how far and how long.

use super::labels::Label;
use super::written::{Node, Written};
use super::{Form, SectionMeaning, durations, marks, named, number};
use crate::document::{Fence, Heading, Part};
use crate::sections::{Outline, is_number_alone};
use crate::shell::{Reach, reach_of};
use crate::{Role, Span, draft};
use std::collections::{HashMap, HashSet};

/// Sections of a plan, in order of place. What is a stage is asked of the very outline that the reader of plans uses.
pub(super) fn sections(text: &str, parts: &[Part], written: &Written) -> Vec<SectionMeaning> {
    let headings: Vec<&Heading> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Heading(heading) => Some(heading),
            Part::Fence(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
        })
        .collect();
    let outline = Outline::new(headings, text.len(), "").with_commands(parts);
    let stages = stages(parts, &outline);
    let mut found: Vec<SectionMeaning> = outline
        .sections()
        .map(|(heading, end)| meaning(heading, end, outline.role(heading), &stages))
        .collect();
    inherit(&mut found);
    found.extend(items(written, &found));
    found.sort_by_key(|section| section.heading.start);
    said_within(written, &mut found);
    claimed_elsewhere(written, &mut found);
    found
}

/// What stands inside a section is for what that section is for, unless its own title says otherwise.
fn inherit(sections: &mut [SectionMeaning]) {
    let mut open: Vec<(usize, Option<Role>)> = Vec::new();
    for section in sections {
        while open.last().is_some_and(|(end, _)| *end <= section.span.start) {
            open.pop();
        }
        let above = open.last().and_then(|(_, role)| *role);
        if section.role.is_none() && above.is_some() {
            section.role = above;
            section.why = format!("it stands in a section that is {}", above.map_or("", word));
        }
        // A title over everything ("Session summary") says nothing about each part.
        let whole = section.level <= 1 && !section.is_stage;
        open.push((section.span.end, section.role.filter(|_| !whole)));
    }
}

/// Start of a heading → the role of the stage that begins there.
fn stages(parts: &[Part], outline: &Outline<'_>) -> HashMap<usize, Option<Role>> {
    let fenced: HashSet<usize> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Fence(fence) if fence.role() == Some("stage") => {
                outline.heading(fence.span.start).map(|heading| heading.span.start)
            }
            Part::Fence(_) | Part::Heading(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
        })
        .collect();
    if fenced.is_empty() {
        return outline.guessed().into_iter().map(|stage| (stage.span.start, Some(stage.role))).collect();
    }
    fenced.into_iter().map(|start| (start, None)).collect()
}

fn meaning(
    heading: &Heading,
    end: usize,
    said: Option<Role>,
    stages: &HashMap<usize, Option<Role>>,
) -> SectionMeaning {
    let numbered = heading.number();
    let stage = stages.get(&heading.span.start);
    let why = match (stage, numbered, said) {
        (Some(None), _, _) => "a `yaml stage` fence stands in it".to_owned(),
        (Some(Some(role)), Some(number), _) => {
            format!("its title is numbered {}, and it is {}", number.text, word(*role))
        }
        (Some(Some(role)), None, Some(_)) => format!("its title says {}", word(*role)),
        (Some(Some(_)), None, None) => "it stands at the level of the stages".to_owned(),
        (None, _, Some(role)) => {
            format!("its title says {}, and it stands inside or beside the stages", word(role))
        }
        (None, _, None) => "nothing says that it is a stage".to_owned(),
    };
    SectionMeaning {
        heading: heading.span,
        span: Span { start: heading.span.start, end },
        title: heading.title.clone(),
        level: heading.level,
        form: if heading.bold { Form::Bold } else { Form::Heading },
        role: stage.copied().flatten().or(said),
        is_stage: stage.is_some(),
        number: numbered.map(|number| number.text.clone()),
        status: heading.mark(),
        estimate: (heading.title.contains(['(', '~', '[', '（', '⏱']))
            .then(|| durations::estimate(&heading.title))
            .flatten(),
        why,
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Before => "before the deployment",
        Role::Deploy => "deployment",
        Role::Verify => "verification",
        Role::After => "after the deployment",
        Role::Rollback => "rollback",
        Role::Reference => "reference",
    }
}

/// Items of ordered lists that hold commands: steps of the section that they stand in.
fn items(written: &Written, headings: &[SectionMeaning]) -> Vec<SectionMeaning> {
    let mut holding: HashSet<usize> = HashSet::new();
    for node in &written.nodes {
        if let Node::Code(code) = node
            && code.is_command()
            && let Some(item) = code.item
        {
            holding.insert(item);
        }
    }
    let found =
        written.items.iter().enumerate().filter(|(at, item)| holding.contains(at) && item.ordinal.is_some());
    found
        .map(|(_, item)| {
            let above = headings.partition_point(|section| section.heading.start <= item.span.start);
            let above = above.checked_sub(1).and_then(|at| headings.get(at));
            SectionMeaning {
                heading: Span { start: item.span.start, end: item.span.start },
                span: item.span,
                title: item.text.clone(),
                level: 6,
                form: Form::Item,
                role: item_role(&item.text).or_else(|| above.and_then(|section| section.role)),
                is_stage: false,
                number: item.ordinal.map(|number| number.to_string()),
                status: marks::in_heading(&item.text),
                estimate: durations::estimate(&item.text).filter(|_| item.text.contains(['(', '~'])),
                why: "a numbered item that holds commands".to_owned(),
            }
        })
        .collect()
}

/// What an item that holds commands is for: its words must leave no doubt.
fn item_role(text: &str) -> Option<Role> {
    named(text).filter(|named| !named.unless_it_changes).map(|named| named.role)
}

/// Status and estimate from the lines of a section, before its first subsection.
fn said_within(written: &Written, sections: &mut [SectionMeaning]) {
    for node in &written.nodes {
        let Node::Text(text) = node else { continue };
        let at = sections.partition_point(|section| section.heading.start <= text.span.start);
        let mut above = sections.get_mut(..at).unwrap_or_default().iter_mut().rev();
        let Some(section) =
            above.find(|section| section.form != Form::Item && text.span.start < section.span.end)
        else {
            continue;
        };
        if (section.level <= 1 && !section.is_stage)
            || written.ruled_off(section.heading.end, text.span.start)
        {
            continue;
        }
        for said in &text.labels {
            match said.label {
                Some(Label::Status) if section.status.is_none() => section.status = marks::of(&said.value),
                Some(Label::Estimate) if section.estimate.is_none() => {
                    section.estimate = durations::estimate(&said.value);
                }
                _ => {}
            }
        }
    }
}

/// A table of phases, or a list of what is done, says the status of stages that bear none: "| 2 | Deploy API | READY |".
fn claimed_elsewhere(written: &Written, sections: &mut [SectionMeaning]) {
    let mut claims = HashMap::new();
    for node in &written.nodes {
        let Node::Table(table) = node else { continue };
        let Some(column) =
            marks::status_column(&table.header, table.rows.iter().map(|row| row.cells.as_slice()))
        else {
            continue;
        };
        for row in &table.rows {
            let first = row.cells.first().map_or("", |cell| cell.trim());
            let counted = number(first)
                .map(|number| number.text)
                .or_else(|| is_number_alone(first).then(|| first.to_owned()));
            if let (Some(counted), Some(mark)) =
                (counted, row.cells.get(column).and_then(|cell| marks::of(cell)))
            {
                claims.entry(counted).or_insert(mark);
            }
        }
    }
    for section in sections.iter_mut().filter(|section| section.is_stage && section.status.is_none()) {
        if let Some(numbered) = number(&section.title).filter(|number| number.keyed) {
            section.status = claims.get(&numbered.text).copied();
        }
    }
}

impl Outline<'_> {
    /// Where commands stand, so that numbered headings over them are known for stages, and sections that change something
    /// for what is walked.
    pub(crate) fn with_commands(mut self, parts: &[Part]) -> Self {
        let fences = || {
            parts.iter().filter_map(|part| match part {
                Part::Fence(fence) if draft::is_command(fence) => Some(fence),
                Part::Fence(_) | Part::Heading(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
            })
        };
        self.commands(fences().map(|fence| fence.span.start));
        if self.is_in_doubt() {
            self.changes(fences().filter(|fence| changes(fence)).map(|fence| fence.span.start));
        }
        self
    }
}

/// Whether commands change something. Those that destroy are asked about, and not walked because of their place.
fn changes(fence: &Fence) -> bool {
    fence.script().statements.iter().any(|statement| match reach_of(&statement.shape).reach {
        Reach::Idempotent | Reach::Change | Reach::Unknown => true,
        Reach::Local | Reach::Read | Reach::Destroy => false,
    })
}
