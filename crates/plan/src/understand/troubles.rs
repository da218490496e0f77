//! Problem, cause, repair: as headings with labels, as tables, as labels in a row.

use super::labels::{self, Label};
use super::topics::{Topic, Topics};
use super::written::{Node, Table, Written};
use super::{SectionMeaning, Trouble, Understanding, marks};
use crate::Span;

pub(super) fn read(written: &Written, topics: &Topics, found: &mut Understanding) {
    let mut reader = Reader { all: Vec::new(), open: None, field: None };
    for node in &written.nodes {
        match node {
            Node::Heading(text) => {
                reader.close();
                let title = text.plain();
                let own = topics.at(text.span.start) == Some(Topic::Troubles)
                    && super::topics::topic(&title).is_none();
                if own && titled(&found.sections, text.span.start) {
                    let problem = without_label(&title);
                    reader.open = Some(Trouble { span: text.span, problem, cause: None, fix: None });
                }
            }
            Node::Table(table) => rows(table, &mut reader.all),
            Node::Text(text) => {
                for said in &text.labels {
                    reader.label(said.label, said.span, said.value.clone());
                }
                if reader.field.is_some() && text.item.is_some() {
                    reader.add(text.plain().trim());
                }
            }
            Node::Code(code) => reader.add(code.text.trim_end()),
        }
    }
    reader.close();
    found.troubles = reader.all;
    found.troubles.sort_by_key(|trouble| trouble.span.start);
}

struct Reader {
    all: Vec<Trouble>,
    open: Option<Trouble>,
    /// A label without a value: what follows is its value.
    field: Option<Label>,
}

impl Reader {
    fn label(&mut self, label: Option<Label>, span: Span, value: String) {
        let Some(label @ (Label::Problem | Label::Cause | Label::Fix)) = label else {
            self.field = None;
            return;
        };
        self.field = value.is_empty().then_some(label);
        if label == Label::Problem {
            // "Symptoms:" below a heading that names the problem adds to it; a second "Problem:" begins anew.
            let told = self.open.as_ref().is_some_and(|open| open.cause.is_some() || open.fix.is_some());
            if told || self.open.is_none() {
                self.close();
                self.field = None;
                self.open = Some(Trouble { span, problem: value, cause: None, fix: None });
                return;
            }
        }
        let Some(open) = &mut self.open else { return };
        open.span.end = open.span.end.max(span.end);
        if !value.is_empty() {
            put(open, label, &value);
        }
    }

    fn add(&mut self, text: &str) {
        if let (Some(field), Some(open)) = (self.field, &mut self.open) {
            put(open, field, text);
        }
    }

    /// A problem of which neither cause nor repair is told is only a complaint.
    fn close(&mut self) {
        self.field = None;
        let told = self.open.take().filter(|open| open.cause.is_some() || open.fix.is_some());
        self.all.extend(told.filter(|open| !open.problem.trim().is_empty()));
    }
}

fn put(trouble: &mut Trouble, label: Label, text: &str) {
    let field = if label == Label::Cause {
        &mut trouble.cause
    } else if label == Label::Fix {
        &mut trouble.fix
    } else {
        trouble.problem.push_str(" – ");
        trouble.problem.push_str(text);
        return;
    };
    match field {
        Some(before) => {
            before.push('\n');
            before.push_str(text);
        }
        None => *field = Some(text.to_owned()),
    }
}

fn titled(sections: &[SectionMeaning], start: usize) -> bool {
    sections.binary_search_by_key(&start, |section| section.heading.start).is_ok()
}

/// "Issue: login fails" → "login fails".
fn without_label(title: &str) -> String {
    let bare = marks::bare(title);
    match bare.split_once([':', '：']) {
        Some((words, rest)) if labels::of(words) == Some(Label::Problem) => rest.trim().to_owned(),
        _ => bare,
    }
}

fn rows(table: &Table, troubles: &mut Vec<Trouble>) {
    let column = |wanted: Label| table.header.iter().position(|name| labels::of(name) == Some(wanted));
    let Some(problem) = column(Label::Problem) else { return };
    let (cause, fix) = (column(Label::Cause), column(Label::Fix));
    if cause.is_none() && fix.is_none() {
        return;
    }
    for row in &table.rows {
        let cell =
            |at: usize| row.cells.get(at).map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty());
        if let Some(problem) = cell(problem) {
            troubles.push(Trouble {
                span: row.span,
                problem,
                cause: cause.and_then(cell),
                fix: fix.and_then(cell),
            });
        }
    }
}
