//! Markdown as written: headings, fences, tasks and comments in order, each with its place. Nothing is meant yet.

use crate::mapped::Mapped;
use crate::shell::{Dialect, Script, parse, parse_as};
use crate::understand::{Named, Number, mark_of, mark_of_title, named, number as number_of, status_column};
use crate::{Mark, Span};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// What a plan is made of, as far as reading it goes.
#[derive(Debug)]
pub(crate) enum Part {
    Heading(Heading),
    Fence(Fence),
    Task(Task),
    /// A row of a table that has a column "Status": in a guide, an item of a checklist.
    Row(Task),
    /// An `hp:` comment outside a task.
    Comment(Comment),
}

#[derive(Debug, Clone)]
pub(crate) struct Heading {
    pub(crate) level: u8,
    pub(crate) title: String,
    /// No heading of Markdown but a bold, numbered line alone in its paragraph.
    pub(crate) bold: bool,
    pub(crate) span: Span,
    says: Arc<TitleSays>,
}

#[derive(Debug, Clone)]
pub(crate) struct Fence {
    /// Everything after the ticks, e.g. `yaml step`.
    pub(crate) info: String,
    pub(crate) body: Mapped,
    /// With its ticks.
    pub(crate) span: Span,
    says: Arc<FenceSays>,
}

#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) text: String,
    pub(crate) claimed: bool,
    pub(crate) comments: Vec<Comment>,
    pub(crate) span: Span,
    /// Number of the outermost list, so that items in a row are known.
    pub(crate) list: usize,
}

/// The inside of `<!-- hp: … -->`.
#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) inner: String,
    /// Where the inside stands.
    pub(crate) span: Span,
    pub(crate) closed: bool,
}

impl Part {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Heading(heading) => heading.span,
            Self::Fence(fence) => fence.span,
            Self::Task(task) | Self::Row(task) => task.span,
            Self::Comment(comment) => comment.span,
        }
    }
}

impl Heading {
    fn new(level: u8, title: String, bold: bool, span: Span) -> Self {
        Self { level, title, bold, span, says: Arc::default() }
    }

    /// The number that its title begins with.
    pub(crate) fn number(&self) -> Option<&Number> {
        self.says.number.get_or_init(|| number_of(&self.title)).as_ref()
    }

    /// The status that its title bears.
    pub(crate) fn mark(&self) -> Option<Mark> {
        *self.says.mark.get_or_init(|| mark_of_title(&self.title))
    }

    /// The role that its title names, with how sure that is.
    pub(crate) fn named(&self) -> Option<Named> {
        *self.says.named.get_or_init(|| named(&self.title))
    }
}

impl Fence {
    pub(crate) fn new(info: &str, body: Mapped, span: Span) -> Self {
        Self { info: info.to_owned(), body, span, says: Arc::default() }
    }

    /// Its text as commands of the language that it says.
    pub(crate) fn script(&self) -> &Arc<Script> {
        self.says.script.get_or_init(|| Arc::new(parse_as(&self.body.text, Dialect::of_info(&self.info))))
    }

    /// Its text as commands, whatever language it says.
    pub(crate) fn commands(&self) -> Arc<Script> {
        Arc::clone(match Dialect::of_info(&self.info) {
            // What is not said is read as POSIX.
            Dialect::Unsaid | Dialect::Posix => self.script(),
            Dialect::Session | Dialect::Other(_) => {
                self.says.commands.get_or_init(|| Arc::new(parse(&self.body.text)))
            }
        })
    }

    /// First word after the ticks.
    pub(crate) fn language(&self) -> &str {
        self.info.split([' ', '\t', ',', '{']).next().unwrap_or("")
    }

    /// `step` of `yaml step`, `stage` of `yaml stage`.
    pub(crate) fn role(&self) -> Option<&str> {
        let mut words = self.info.split_whitespace();
        let yaml = words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("yaml") || word.eq_ignore_ascii_case("yml"));
        words.next().filter(|_| yaml)
    }
}

/// Markdown extensions that plans are read with.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH
}

/// What titles and fences say, for all who ask: found out when the first one does.
#[derive(Debug, Default)]
struct TitleSays {
    number: OnceLock<Option<Number>>,
    named: OnceLock<Option<Named>>,
    mark: OnceLock<Option<Mark>>,
}

#[derive(Debug, Default)]
struct FenceSays {
    script: OnceLock<Arc<Script>>,
    commands: OnceLock<Arc<Script>>,
}

/// What was read before, for titles and fences that come again: an import reads those of a plan in the plan itself, in its
/// repair and in the result, and what they say is asked once.
#[derive(Debug, Default)]
pub(crate) struct Again {
    titles: HashMap<String, Arc<TitleSays>>,
    fences: HashMap<String, Arc<FenceSays>>,
}

impl Again {
    fn title(&mut self, title: &str) -> Arc<TitleSays> {
        if let Some(says) = self.titles.get(title) {
            return Arc::clone(says);
        }
        Arc::clone(self.titles.entry(title.to_owned()).or_default())
    }

    fn fence(&mut self, fence: &Fence) -> Arc<FenceSays> {
        Arc::clone(self.fences.entry(format!("{}\n{}", fence.info, fence.body.text)).or_default())
    }
}

/// Takes the body of a plan (from `offset` on) apart.
pub(crate) fn parts(text: &str, offset: usize) -> Vec<Part> {
    parts_again(text, offset, &mut Again::default())
}

/// The same for a text of which much may have been read before.
pub(crate) fn parts_again(text: &str, offset: usize, again: &mut Again) -> Vec<Part> {
    parts_heard(text, offset, again, |_, _| {})
}

/// The same for somebody who listens to the events of the Markdown, too.
pub(crate) fn parts_heard<'t>(
    text: &'t str,
    offset: usize,
    again: &mut Again,
    mut heard: impl FnMut(Event<'t>, Range<usize>),
) -> Vec<Part> {
    let body = text.get(offset..).unwrap_or("");
    crate::work::spend(body.len());
    let mut reader = Reader { again: std::mem::take(again), ..Reader::default() };
    for (event, range) in Parser::new_ext(body, options()).into_offset_iter() {
        let range = (range.start + offset)..(range.end + offset);
        heard(event.clone(), range.clone());
        reader.event(event, range);
    }
    *again = reader.again;
    reader.parts.sort_by_key(|part| part.span().start);
    reader.parts
}

#[derive(Default)]
struct Reader {
    parts: Vec<Part>,
    again: Again,
    heading: Option<Heading>,
    fence: Option<Fence>,
    /// Open items; those that are no tasks are `None`.
    items: Vec<Option<Task>>,
    depth: usize,
    list: usize,
    table: Option<Table>,
    html: String,
    html_at: Option<usize>,
    /// Level of the last heading of Markdown.
    level: u8,
    bold: Bold,
}

/// A paragraph that may turn out to be a bold line alone.
#[derive(Default)]
struct Bold {
    text: String,
    span: Option<Span>,
    strong: bool,
}

impl Bold {
    fn say(&mut self, text: &str) {
        // A symbol after the bold words, as in "**Step 2** ✅", belongs to the title.
        if self.strong || !text.chars().any(char::is_alphanumeric) {
            self.text.push_str(text);
        } else {
            self.span = None;
        }
    }
}

/// A table on its way, for its rows.
#[derive(Default)]
struct Table {
    header: Vec<String>,
    cells: Vec<String>,
    row: Span,
    rows: Vec<(Span, Vec<String>)>,
}

impl Table {
    /// The rows as tasks, if the table tells statuses.
    fn tasks(&self, list: usize) -> Vec<Task> {
        let cells = self.rows.iter().map(|(_, cells)| cells.as_slice());
        let Some(column) = status_column(&self.header, cells) else { return Vec::new() };
        self.rows.iter().filter_map(|(span, cells)| task(*span, cells, column, list)).collect()
    }
}

fn task(span: Span, cells: &[String], column: usize, list: usize) -> Option<Task> {
    let status = cells.get(column)?;
    let others = cells.iter().enumerate().filter(|(at, _)| *at != column).map(|(_, cell)| words(cell));
    let text = others.filter(|cell| cell.chars().any(char::is_alphanumeric)).collect::<Vec<_>>().join(" · ");
    let claimed = mark_of(status) == Some(Mark::Done);
    (!text.is_empty()).then(|| Task { text, claimed, comments: Vec::new(), span, list })
}

impl Reader {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match &event {
            Event::Text(text) | Event::Code(text) => self.bold.say(text),
            Event::SoftBreak | Event::HardBreak | Event::InlineHtml(_) => self.bold.span = None,
            Event::Start(_)
            | Event::End(_)
            | Event::Html(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.fence {
                Some(fence) => fence.body.push(&text, range),
                None => self.say(&text),
            },
            Event::Code(text) => {
                if let Some(heading) = &mut self.heading {
                    heading.title.push_str(&text);
                } else if self.table.is_some() {
                    self.say(&text);
                } else if let Some(Some(task)) = self.items.last_mut() {
                    task.text.push('`');
                    task.text.push_str(&text);
                    task.text.push('`');
                }
            }
            Event::SoftBreak | Event::HardBreak => self.say(" "),
            Event::TaskListMarker(claimed) => {
                let list = self.list;
                if let Some(item @ None) = self.items.last_mut() {
                    *item = Some(Task {
                        text: String::new(),
                        claimed,
                        comments: Vec::new(),
                        span: range.into(),
                        list,
                    });
                }
            }
            Event::InlineHtml(html) => self.comment(&html, range.start),
            Event::Html(html) => {
                self.html_at.get_or_insert(range.start);
                self.html.push_str(&html);
            }
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.say(&text)
            }
            Event::Rule => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.heading = Some(Heading::new(number(level), String::new(), false, range.into()));
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                self.fence = Some(Fence::new(info.trim(), Mapped::at(range.start), range.into()));
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => {
                // Indented code has no language and is nobody's: it is swallowed so that its text is no prose.
                self.fence = Some(Fence::new("\u{0}", Mapped::default(), range.into()));
            }
            Tag::List(_) => {
                if self.depth == 0 {
                    self.list += 1;
                }
                self.depth += 1;
            }
            Tag::Item => self.items.push(None),
            Tag::Table(_) => {
                self.list += 1;
                self.table = Some(Table::default());
            }
            Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.cells.clear();
                    table.row = range.into();
                }
            }
            Tag::TableCell => {
                if let Some(table) = &mut self.table {
                    table.cells.push(String::new());
                }
            }
            Tag::HtmlBlock => {
                self.html.clear();
                self.html_at = None;
            }
            Tag::Paragraph => {
                let alone = self.items.is_empty() && self.table.is_none();
                self.bold = Bold { text: String::new(), span: alone.then(|| range.into()), strong: false };
            }
            Tag::Strong => self.bold.strong = true,
            Tag::BlockQuote(_)
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::TableHead
            | Tag::Emphasis
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. }
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                if let Some(mut heading) = self.heading.take() {
                    heading.title = words(&heading.title);
                    heading.says = self.again.title(&heading.title);
                    self.level = heading.level;
                    self.parts.push(Part::Heading(heading));
                }
            }
            TagEnd::CodeBlock => {
                if let Some(mut fence) = self.fence.take().filter(|fence| fence.info != "\u{0}") {
                    // Ours hold no commands.
                    if !matches!(fence.role(), Some("step" | "stage")) {
                        fence.says = self.again.fence(&fence);
                    }
                    self.parts.push(Part::Fence(fence));
                }
            }
            TagEnd::List(_) => self.depth = self.depth.saturating_sub(1),
            TagEnd::Item => {
                if let Some(Some(mut task)) = self.items.pop() {
                    task.text = words(&task.text);
                    self.parts.push(Part::Task(task));
                }
            }
            TagEnd::Table => {
                let rows = self.table.take().map(|table| table.tasks(self.list)).unwrap_or_default();
                self.parts.extend(rows.into_iter().map(Part::Row));
            }
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.header = std::mem::take(&mut table.cells);
                }
            }
            TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    let cells = std::mem::take(&mut table.cells);
                    table.rows.push((table.row, cells));
                }
            }
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.html);
                if let Some(at) = self.html_at.take() {
                    self.comment(&html, at);
                }
            }
            TagEnd::Paragraph => self.bold_line(),
            TagEnd::Strong => self.bold.strong = false,
            TagEnd::BlockQuote(_)
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::TableCell
            | TagEnd::Emphasis
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    /// "**Step 1: build**" alone in a paragraph acts as a heading below the one above it.
    fn bold_line(&mut self) {
        let bold = std::mem::take(&mut self.bold);
        let Some(span) = bold.span else { return };
        let title = words(&bold.text);
        let level = (self.level + 1).clamp(2, 6);
        let mut heading = Heading::new(level, title, true, span);
        heading.says = self.again.title(&heading.title);
        if heading.title.chars().count() <= 120 && heading.number().is_some() {
            self.parts.push(Part::Heading(heading));
        }
    }

    fn say(&mut self, text: &str) {
        if let Some(heading) = &mut self.heading {
            heading.title.push_str(text);
        } else if let Some(table) = &mut self.table {
            if let Some(cell) = table.cells.last_mut() {
                cell.push_str(text);
            }
        } else if let Some(Some(task)) = self.items.last_mut() {
            task.text.push_str(text);
        }
    }

    fn comment(&mut self, html: &str, at: usize) {
        let mut from = 0;
        while let Some(found) = html.get(from..).and_then(|rest| rest.find("<!--")) {
            let start = from + found + 4;
            let inside = html.get(start..).unwrap_or("");
            let (length, closed) = inside.find("-->").map_or((inside.len(), false), |end| (end, true));
            let inner = inside.get(..length).unwrap_or("");
            if inner.trim_start().starts_with("hp:") {
                let comment = Comment {
                    inner: inner.to_owned(),
                    span: Span { start: at + start, end: at + start + length },
                    closed,
                };
                match self.items.last_mut() {
                    Some(Some(task)) => task.comments.push(comment),
                    _ => self.parts.push(Part::Comment(comment)),
                }
            }
            from = start + length;
        }
    }
}

/// The fence that begins at a place.
pub(crate) fn fence_at(parts: &[Part], start: usize) -> Option<&Fence> {
    let from = parts.partition_point(|part| part.span().start < start);
    let here = parts.get(from..)?.iter().take_while(|part| part.span().start == start);
    here.into_iter().find_map(|part| match part {
        Part::Fence(fence) => Some(fence),
        Part::Heading(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
    })
}

/// White space as single spaces, none at the ends.
pub(crate) fn words(text: &str) -> String {
    // Most texts are so already.
    let bytes = text.as_bytes();
    let sound = |pair: &[u8]| pair != b"  " && pair.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if bytes.len() > 1
        && bytes.windows(2).all(sound)
        && bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
    {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// 1 to 6.
pub(crate) fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
