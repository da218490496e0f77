//! What people do in a guide: choices between options, and work by hand. Both become steps of their own.

use super::compose::{Composer, FreeStep};
use super::fences::Purpose;
use crate::Span;
use crate::document::Part;
use crate::sections::slug;
use crate::understand::{Decision, Form, ManualStep, OptionSaid};
use serde_json::{Map, Value, json};

impl Composer<'_> {
    pub(super) fn by_people(&mut self, parts: &[Part]) {
        let decisions = self.understood.decisions.clone();
        decisions.iter().for_each(|decision| self.decision(decision));
        let manual = self.understood.manual_steps.clone();
        for step in &manual {
            if !holds_part(parts, step.span) {
                self.manual(step);
            }
        }
    }

    fn decision(&mut self, decision: &Decision) {
        let open: Vec<&OptionSaid> = decision.options.iter().filter(|option| !option.rejected).collect();
        let (Some(first), Some(last)) = (decision.options.first(), decision.options.last()) else { return };
        // One option that is left is no choice any more.
        if open.len() < 2 || self.purpose(first.span.start) != Purpose::Walked {
            return;
        }
        let id = self.names.free("choose".to_owned());
        let mut options = Map::new();
        for (number, option) in open.iter().enumerate() {
            let letter = option.letter.as_deref().map(slug).filter(|letter| !letter.is_empty());
            let base = letter.or_else(|| Some(slug(&option.title)).filter(|name| !name.is_empty()));
            let mut name = base.unwrap_or_else(|| format!("option_{}", number + 1));
            while options.contains_key(&name) {
                name = format!("{name}_{}", number + 1);
            }
            let mut choice = Map::new();
            choice.insert("title".to_owned(), option.title.clone().into());
            let details: Vec<String> = option
                .pros
                .iter()
                .map(|pro| format!("+ {pro}"))
                .chain(option.cons.iter().map(|con| format!("- {con}")))
                .collect();
            if !details.is_empty() {
                choice.insert("details".to_owned(), details.join("\n").into());
            }
            if option.recommended {
                choice.insert("recommended".to_owned(), true.into());
            }
            let sections = &self.understood.sections;
            if let Some(section) =
                sections.iter().find(|one| one.heading.start == option.span.start && one.form != Form::Item)
            {
                self.choices.push((section.span, format!("steps.{id}.outputs.option == \"{name}\"")));
            }
            options.insert(name, Value::Object(choice));
        }
        let mut step = Map::new();
        step.insert("id".to_owned(), id.into());
        step.insert("uses".to_owned(), "decision".into());
        let question = if decision.title.trim().is_empty() { "Which way?" } else { decision.title.as_str() };
        step.insert("with".to_owned(), json!({ "question": question, "options": options }));
        // A choice stands before the sections that hang on it, and after a list or a table of its options.
        let sectioned = self.choices.iter().any(|(span, _)| span.start == first.span.start);
        let inside =
            if sectioned { self.ends_before(first.span.start) } else { self.ends_before(last.span.end) };
        self.made.free.push(FreeStep { inside, lead: String::new(), steps: vec![step], script: None });
    }

    fn manual(&mut self, manual: &ManualStep) {
        if self.purpose(manual.span.start) != Purpose::Walked || manual.instructions.is_empty() {
            return;
        }
        let id = self.names.free("by_hand".to_owned());
        let mut with = Map::new();
        with.insert("instructions".to_owned(), manual.instructions.join("\n").into());
        if let Some(link) = manual.links.first() {
            with.insert("link".to_owned(), link.clone().into());
        }
        if let Some(sql) = &manual.sql {
            with.insert("copy".to_owned(), json!([{ "label": "SQL", "text": sql }]));
        }
        let mut step = Map::new();
        step.insert("id".to_owned(), id.into());
        step.insert("uses".to_owned(), "manual".into());
        step.insert("with".to_owned(), Value::Object(with));
        self.conditions(&mut step, manual.span.start, true);
        let inside = self.ends_before(manual.span.end);
        self.made.free.push(FreeStep { inside, lead: String::new(), steps: vec![step], script: None });
    }

    /// The last byte before a place that is no white space.
    fn ends_before(&self, at: usize) -> usize {
        self.text.get(..at).map_or(0, |before| before.trim_end().len())
    }

    /// A stage without anything to run or to tick, but with a list of what is to be done: a person does it.
    pub(super) fn stage_by_hand(&mut self, section: Span) -> bool {
        let taken = |free: &FreeStep| section.start <= free.inside && free.inside <= section.end;
        if self.made.free.iter().any(taken) {
            return true;
        }
        let heading = self.understood.sections.iter().find(|one| one.heading.start == section.start);
        let from = heading.filter(|one| one.number.is_some()).map(|one| one.heading.end);
        let Some(body) = from.and_then(|from| self.text.get(from..section.end)) else { return false };
        let instructions = body.trim().trim_end_matches(['-', '*', '_']).trim_end().replace('\r', "");
        let is_item = |line: &str| {
            let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
            digits.len() < line.len() && digits.starts_with(['.', ')'])
        };
        if instructions.contains("```") || !instructions.lines().any(is_item) {
            return false;
        }
        let id = self.names.free("by_hand".to_owned());
        let mut step = Map::new();
        step.insert("id".to_owned(), id.into());
        step.insert("uses".to_owned(), "manual".into());
        step.insert("with".to_owned(), json!({ "instructions": instructions }));
        self.conditions(&mut step, section.start, true);
        let inside = self.ends_before(section.end);
        self.made.free.push(FreeStep { inside, lead: String::new(), steps: vec![step], script: None });
        true
    }
}

/// Whether a checklist or a fence stands in a range: then it is that, and no prose.
fn holds_part(parts: &[Part], span: Span) -> bool {
    parts.iter().any(|part| match part {
        Part::Task(task) => task.span.start < span.end && task.span.end > span.start,
        Part::Fence(_) | Part::Heading(_) | Part::Row(_) | Part::Comment(_) => false,
    })
}
