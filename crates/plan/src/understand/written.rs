//! The plan as written, for its meaning: headings, texts with their styles, items, tables and code, in order of place.

use super::labels::{self, LabelSaid};
use crate::document::{self, Again, Part, number};
use crate::{Span, front};
use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use std::ops::Range;

/// The plan as written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// In order of place.
    pub(crate) nodes: Vec<Node>,
    /// Items of all lists, in order of place; texts and code name theirs by its index.
    pub(crate) items: Vec<Item>,
    /// Lines `key: value` of front matter that is not ours.
    pub(crate) front: Vec<(String, String, Span)>,
    /// Where headings begin, and their titles.
    heads: Vec<(usize, String)>,
    /// Where rules stand: what follows one belongs to the heading above it no more.
    rules: Vec<usize>,
}

#[derive(Debug)]
pub(crate) enum Node {
    Heading(Text),
    /// A paragraph, or the text of a tight item.
    Text(Text),
    Table(Table),
    Code(Code),
}

/// Text with its styles.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) span: Span,
    pub(crate) runs: Vec<Run>,
    /// 1 to 6 for a heading, else 0.
    pub(crate) level: u8,
    /// The innermost item that it stands in.
    pub(crate) item: Option<usize>,
    /// Labels at the starts of its lines: asked for by everything that reads, so found once.
    pub(crate) labels: Vec<LabelSaid>,
}

/// A stretch of text in one style.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) span: Span,
    pub(crate) style: Style,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Strong,
    Code,
    /// Where it leads.
    Link(String),
    /// A line ends.
    Break,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) span: Span,
    /// It stands in no other item.
    pub(crate) outermost: bool,
    /// Number of its list in the file.
    pub(crate) list: usize,
    /// Its number in an ordered list.
    pub(crate) ordinal: Option<u64>,
    /// Its box: ticked or not.
    pub(crate) task: Option<bool>,
    /// Its first text.
    pub(crate) text: String,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) span: Span,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) span: Span,
    pub(crate) cells: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) span: Span,
    /// First word after the ticks, lowercase; empty for none and for indented code.
    pub(crate) language: String,
    /// `stage` or `step` after `yaml`: it is ours.
    pub(crate) ours: bool,
    pub(crate) fenced: bool,
    pub(crate) text: String,
    /// Where each piece of `text` begins, in it and in the plan.
    pub(crate) pieces: Vec<(usize, usize)>,
    pub(crate) item: Option<usize>,
}

impl Node {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Heading(text) | Self::Text(text) => text.span,
            Self::Table(table) => table.span,
            Self::Code(code) => code.span,
        }
    }
}

impl Code {
    /// A language in which commands are written, or none.
    pub(crate) fn is_command(&self) -> bool {
        !self.ours && (self.is_shell() || (self.fenced && self.language.is_empty()))
    }

    /// It says that it is for a shell.
    pub(crate) fn is_shell(&self) -> bool {
        matches!(
            self.language.as_str(),
            "bash"
                | "sh"
                | "shell"
                | "zsh"
                | "console"
                | "shell-session"
                | "shellsession"
                | "terminal"
                | "ksh"
                | "fish"
                | "powershell"
                | "ps1"
                | "pwsh"
                | "cmd"
                | "bat"
                | "sh-session"
                | "bash-session"
        )
    }
}

impl Code {
    /// The place in the plan of a byte of the code.
    pub(crate) fn place(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        let place = self
            .pieces
            .get(index)
            .map_or(self.span.start, |(start, place)| place + at.saturating_sub(*start));
        place.min(self.span.end)
    }
}

impl Text {
    /// The words, without marks of Markdown; lines are parted by `\n`.
    pub(crate) fn plain(&self) -> String {
        let mut out = String::new();
        for run in &self.runs {
            out.push_str(if run.style == Style::Break { "\n" } else { &run.text });
        }
        out
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[Run]> {
        self.runs.split(|run| run.style == Style::Break).filter(|line| !line.is_empty())
    }
}

/// The words of some runs.
pub(crate) fn plain(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}

/// From the first run to the last.
pub(crate) fn extent(runs: &[Run]) -> Span {
    let start = runs.first().map_or(0, |run| run.span.start);
    Span { start, end: runs.last().map_or(start, |run| run.span.end) }
}

impl Written {
    /// A text as written, and its parts, from one reading of its Markdown.
    pub(crate) fn with_parts(text: &str, again: &mut Again) -> (Self, Vec<Part>) {
        let cut = front::cut(text);
        let mut reader = Reader::default();
        let parts = document::parts_heard(text, cut.body, again, |event, range| reader.event(event, range));
        reader.written.nodes.sort_by_key(|node| node.span().start);
        if let Some(yaml) = &cut.yaml {
            let mut at = yaml.whole().start;
            for line in yaml.text.split_inclusive('\n') {
                reader.front(line, at);
                at += line.len();
            }
        }
        (reader.written, parts)
    }

    /// Whether a rule stands between two places.
    pub(crate) fn ruled_off(&self, from: usize, to: usize) -> bool {
        let at = self.rules.partition_point(|rule| *rule < from);
        self.rules.get(at).is_some_and(|rule| *rule < to)
    }

    /// The title of the heading above a place.
    pub(crate) fn heading_before(&self, at: usize) -> Option<&str> {
        let index = self.heads.partition_point(|(start, _)| *start < at);
        self.heads.get(index.checked_sub(1)?).map(|(_, title)| title.as_str())
    }
}

#[derive(Default)]
struct Reader {
    written: Written,
    text: Option<Text>,
    code: Option<Code>,
    table: Option<Table>,
    row: Row,
    /// Open items and open lists.
    items: Vec<usize>,
    lists: Vec<(usize, Option<u64>)>,
    count: usize,
    strong: usize,
    link: Option<String>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => {
                    code.pieces.push((code.text.len(), range.start));
                    code.text.push_str(&text);
                }
                None => {
                    let style = match &self.link {
                        Some(link) => Style::Link(link.clone()),
                        None if self.strong > 0 => Style::Strong,
                        None => Style::Plain,
                    };
                    self.say(&text, range, style);
                }
            },
            Event::Code(text) => self.say(&text, range, Style::Code),
            Event::SoftBreak | Event::HardBreak => self.say("", range, Style::Break),
            Event::TaskListMarker(done) => {
                if let Some(item) = self.items.last().and_then(|item| self.written.items.get_mut(*item)) {
                    item.task = Some(done);
                }
            }
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.say(&text, range, Style::Plain);
            }
            Event::InlineHtml(html) => {
                if html.starts_with("<br") {
                    self.say("", range, Style::Break);
                }
            }
            Event::Rule => self.written.rules.push(range.start),
            Event::Html(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.flush();
                self.text = Some(Text {
                    span: range.into(),
                    level: number(level),
                    item: self.item(),
                    runs: Vec::new(),
                    labels: Vec::new(),
                });
            }
            Tag::Paragraph => {
                self.flush();
                self.text = Some(Text {
                    span: range.into(),
                    level: 0,
                    item: self.item(),
                    runs: Vec::new(),
                    labels: Vec::new(),
                });
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                let (info, fenced) = match &kind {
                    CodeBlockKind::Fenced(info) => (info.trim(), true),
                    CodeBlockKind::Indented => ("", false),
                };
                let mut words = info.split([' ', '\t', ',', '{']);
                let language = words.next().unwrap_or("").to_lowercase();
                let ours = matches!(language.as_str(), "yaml" | "yml")
                    && matches!(words.next(), Some("stage" | "step"));
                self.code = Some(Code {
                    span: range.into(),
                    language,
                    ours,
                    fenced,
                    item: self.item(),
                    ..Code::default()
                });
            }
            Tag::List(first) => {
                self.flush();
                self.count += 1;
                self.lists.push((self.count, first));
            }
            Tag::Item => {
                let (list, ordinal) = self.lists.last_mut().map_or((0, None), |(list, next)| {
                    let ordinal = *next;
                    *next = next.map(|number| number.saturating_add(1));
                    (*list, ordinal)
                });
                let outermost = self.items.is_empty();
                self.items.push(self.written.items.len());
                self.written.items.push(Item {
                    span: range.into(),
                    outermost,
                    list,
                    ordinal,
                    task: None,
                    text: String::new(),
                });
            }
            Tag::Table(_) => self.table = Some(Table { span: range.into(), ..Table::default() }),
            Tag::TableHead | Tag::TableRow => self.row = Row { span: range.into(), cells: Vec::new() },
            Tag::TableCell => self.row.cells.push(String::new()),
            Tag::Strong => self.strong += 1,
            Tag::Link { dest_url, .. } => self.link = Some(dest_url.into_string()),
            Tag::BlockQuote(_)
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Emphasis
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Image { .. }
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Paragraph | TagEnd::List(_) => {
                self.flush();
                if matches!(tag, TagEnd::List(_)) {
                    self.lists.pop();
                }
            }
            TagEnd::Item => {
                self.flush();
                self.items.pop();
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.written.nodes.push(Node::Code(code));
                }
            }
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.header = std::mem::take(&mut self.row.cells);
                }
            }
            TagEnd::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(std::mem::take(&mut self.row));
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.written.nodes.push(Node::Table(table));
                }
            }
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Link => self.link = None,
            TagEnd::BlockQuote(_)
            | TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::TableCell
            | TagEnd::Emphasis
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Image
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    fn item(&self) -> Option<usize> {
        self.items.last().copied()
    }

    fn say(&mut self, text: &str, range: Range<usize>, style: Style) {
        if self.table.is_some() {
            if let Some(cell) = self.row.cells.last_mut() {
                cell.push_str(if style == Style::Break { " " } else { text });
            }
            return;
        }
        let item = self.item();
        let open = self.text.get_or_insert_with(|| Text {
            span: range.clone().into(),
            level: 0,
            item,
            runs: Vec::new(),
            labels: Vec::new(),
        });
        open.span.end = open.span.end.max(range.end);
        match open.runs.last_mut() {
            // Escapes and entities come in pieces.
            Some(last) if last.style == style && style != Style::Break && style != Style::Code => {
                last.text.push_str(text);
                last.span.end = range.end;
            }
            Some(_) | None => open.runs.push(Run { text: text.to_owned(), span: range.into(), style }),
        }
    }

    /// A text is complete.
    fn flush(&mut self) {
        let Some(mut text) = self.text.take() else { return };
        if text.level > 0 {
            let title = crate::document::words(&text.plain());
            let span = if text.runs.is_empty() { text.span } else { extent(&text.runs) };
            self.written.heads.push((text.span.start, title.clone()));
            text.runs = vec![Run { text: title, span, style: Style::Plain }];
            self.written.nodes.push(Node::Heading(text));
            return;
        }
        if let Some(item) =
            text.item.and_then(|item| self.written.items.get_mut(item)).filter(|item| item.text.is_empty())
        {
            item.text = text.lines().next().map(plain).unwrap_or_default().trim().to_owned();
        }
        text.labels = text.lines().filter_map(labels::line).collect();
        self.written.nodes.push(Node::Text(text));
    }

    fn front(&mut self, line: &str, at: usize) {
        let Some((key, value)) = line.split_once(':') else { return };
        let value = value.trim().trim_matches(['"', '\'']);
        if key.starts_with([' ', '#', '-']) || value.is_empty() || key == "holdpoint" {
            return;
        }
        let start = at + line.find(value).unwrap_or(key.len() + 1);
        self.written.front.push((key.to_owned(), value.to_owned(), Span { start, end: start + value.len() }));
    }
}
