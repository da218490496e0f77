//! The plan as its author wrote it, as blocks of HTML that are safe to show: no raw HTML, no live links, no images, classes only.

use crate::document::{Fence, number, options};
use crate::findings::Lines;
use crate::mapped::Mapped;
use crate::{Reading, Span, StageId, StepId, front};
use pulldown_cmark::{Alignment, CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// A block of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What to show. Holds nothing but the elements of Markdown with classes; links are spans with `data-href`.
    pub html: String,
    /// First line, from 1.
    pub start_line: usize,
    /// Last line, from 1.
    pub end_line: usize,
    /// Where it stands in the text that was rendered (the repaired one, where there is one).
    pub span: Span,
    /// What it is.
    pub kind: BlockKind,
    /// The step that it belongs to: its fence, the command it owns, its checklist.
    pub step: Option<StepId>,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum BlockKind {
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// A paragraph.
    Paragraph,
    /// A list without boxes.
    List,
    /// A list with boxes, which is a step.
    Checklist,
    /// Code.
    Code {
        /// First word after the ticks.
        language: String,
        /// The step that owns it, if one does.
        owner: Option<StepId>,
    },
    /// A table.
    Table,
    /// A quote.
    Quote,
    /// A `yaml stage` fence.
    StageFence {
        /// The stage, when it could be read.
        id: Option<StageId>,
    },
    /// A `yaml step` fence.
    StepFence {
        /// The step, when it could be read.
        id: Option<StepId>,
    },
    /// A rule.
    Rule,
    /// Raw HTML, shown as text.
    Html,
    /// The front matter.
    FrontMatter,
}

/// Blocks of a text, read for themselves.
pub fn blocks(text: &str) -> Vec<Block> {
    view(&crate::read(text.as_bytes()))
}

/// Blocks of a plan that was read: of the repaired text where there is one, since its lines are the same.
pub fn view(reading: &Reading) -> Vec<Block> {
    let text = reading.repaired.as_ref().map_or(reading.text.as_str(), |repaired| repaired.text.as_str());
    let owners = Owners::new(reading);
    let lines = Lines::new(text);
    let cut = front::cut(text);
    let mut blocks = Vec::new();
    if let Some(yaml) = &cut.yaml {
        let html =
            format!("<pre class=\"code\"><code class=\"language-yaml\">{}</code></pre>", escape(&yaml.text));
        blocks.push(block(html, 0..cut.body, BlockKind::FrontMatter, None, text, &lines));
    }
    let body = text.get(cut.body..).unwrap_or("");
    let mut depth = 0_usize;
    let mut open: Option<Open> = None;
    for (event, range) in Parser::new_ext(body, options()).into_offset_iter() {
        let range = (range.start + cut.body)..(range.end + cut.body);
        let starts = matches!(event, Event::Start(_));
        let ends = matches!(event, Event::End(_));
        if depth == 0 && !ends {
            open = Some(Open {
                range: range.clone(),
                kind: kind_of(&event),
                writer: Writer::default(),
                tasks: false,
            });
        }
        if let Some(open) = &mut open {
            open.tasks |= matches!(event, Event::TaskListMarker(_));
            open.writer.event(event);
        }
        depth = if starts { depth + 1 } else { depth.saturating_sub(usize::from(ends)) };
        if depth == 0
            && let Some(done) = open.take()
        {
            blocks.push(finish(done, text, &lines, &owners));
        }
    }
    blocks
}

struct Open {
    range: Range<usize>,
    kind: BlockKind,
    writer: Writer,
    tasks: bool,
}

/// Which lines belong to which step, by lines because the repaired text has other offsets.
struct Owners {
    /// First line of a step's fence, checklist or command → the step.
    steps: BTreeMap<usize, (usize, StepId)>,
    /// First line of a script → its step.
    scripts: BTreeMap<usize, StepId>,
    stages: BTreeMap<usize, (usize, StageId)>,
}

impl Owners {
    fn new(reading: &Reading) -> Self {
        let lines = Lines::new(&reading.text);
        let last = |span: Span| lines.line(span.end.saturating_sub(1).max(span.start));
        let mut owners = Self { steps: BTreeMap::new(), scripts: BTreeMap::new(), stages: BTreeMap::new() };
        for stage in &reading.plan.stages {
            owners.stages.insert(lines.line(stage.span.start), (last(stage.span), stage.id.clone()));
            for step in &stage.steps {
                owners.steps.insert(lines.line(step.span.start), (last(step.span), step.id.clone()));
                if let Some(script) = &step.action.script {
                    owners.scripts.insert(lines.line(script.span.start), step.id.clone());
                }
            }
        }
        owners
    }

    /// The step whose lines hold these.
    fn step(&self, first: usize, last: usize) -> Option<StepId> {
        if let Some((_, (end, id))) = self.steps.range(..=first).next_back()
            && first <= *end
        {
            return Some(id.clone());
        }
        // A list may hold a step's fence or its items deeper inside.
        self.steps.range(first..=last).next().map(|(_, (_, id))| id.clone())
    }

    fn script(&self, first: usize, last: usize) -> Option<StepId> {
        self.scripts.range(first..=last).next().map(|(_, id)| id.clone())
    }

    fn stage(&self, line: usize) -> Option<StageId> {
        self.stages
            .range(..=line)
            .next_back()
            .filter(|(_, (end, _))| line <= *end)
            .map(|(_, (_, id))| id.clone())
    }
}

fn finish(open: Open, text: &str, lines: &Lines<'_>, owners: &Owners) -> Block {
    let mut done = block(open.writer.html, open.range, open.kind, None, text, lines);
    let (first, last) = (done.start_line, done.end_line);
    match &mut done.kind {
        kind @ BlockKind::List if open.tasks => {
            *kind = BlockKind::Checklist;
            done.step = owners.step(first, last);
        }
        BlockKind::Code { owner, .. } => {
            *owner = owners.script(first, last);
            done.step.clone_from(owner);
        }
        BlockKind::StepFence { id } => {
            *id = owners.step(first, first);
            done.step.clone_from(id);
        }
        BlockKind::StageFence { id } => *id = owners.stage(first),
        BlockKind::Table => done.step = owners.step(first, last),
        BlockKind::Heading { .. }
        | BlockKind::Paragraph
        | BlockKind::List
        | BlockKind::Checklist
        | BlockKind::Quote
        | BlockKind::Rule
        | BlockKind::Html
        | BlockKind::FrontMatter => {}
    }
    done
}

fn block(
    html: String,
    range: Range<usize>,
    kind: BlockKind,
    step: Option<StepId>,
    text: &str,
    lines: &Lines<'_>,
) -> Block {
    let inside = text.get(range.clone()).unwrap_or("").trim_end().len();
    let end = range.start + inside.max(1);
    Block {
        html,
        start_line: lines.line(range.start),
        end_line: lines.line(end - 1),
        span: Span { start: range.start, end: range.start + inside },
        kind,
        step,
    }
}

fn kind_of(event: &Event<'_>) -> BlockKind {
    if matches!(event, Event::Rule) {
        return BlockKind::Rule;
    }
    if matches!(event, Event::Html(_) | Event::InlineHtml(_)) {
        return BlockKind::Html;
    }
    let Event::Start(tag) = event else { return BlockKind::Paragraph };
    if let Tag::Heading { level, .. } = tag {
        BlockKind::Heading { level: number(*level) }
    } else if let Tag::CodeBlock(CodeBlockKind::Fenced(info)) = tag {
        let fence = Fence::new(info, Mapped::default(), Span::default());
        match fence.role() {
            Some("stage") => BlockKind::StageFence { id: None },
            Some("step") => BlockKind::StepFence { id: None },
            _ => BlockKind::Code { language: fence.language().to_owned(), owner: None },
        }
    } else if let Tag::CodeBlock(CodeBlockKind::Indented) = tag {
        BlockKind::Code { language: String::new(), owner: None }
    } else if let Tag::List(_) = tag {
        BlockKind::List
    } else if let Tag::Table(_) = tag {
        BlockKind::Table
    } else if let Tag::BlockQuote(_) = tag {
        BlockKind::Quote
    } else if let Tag::HtmlBlock = tag {
        BlockKind::Html
    } else {
        BlockKind::Paragraph
    }
}

#[derive(Default)]
struct Writer {
    html: String,
    aligns: Vec<Alignment>,
    cell: usize,
    header: bool,
    image: Option<String>,
    /// Closing tags of open links: a span for those that lead somewhere, nothing for the others.
    links: Vec<&'static str>,
    /// How many quotes, lists and items are open.
    depth: usize,
}

/// Quotes and lists deeper than this are shown flat: a page nested a million times is an attack on its viewer.
const DEEPEST: usize = 24;

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => {
                let nests = matches!(tag, Tag::BlockQuote(_) | Tag::List(_) | Tag::Item);
                self.depth += usize::from(nests);
                if !nests || self.depth <= DEEPEST {
                    self.start(tag);
                }
            }
            Event::End(tag) => {
                let nests = matches!(tag, TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item);
                if !nests || self.depth <= DEEPEST {
                    self.end(tag);
                }
                self.depth = self.depth.saturating_sub(usize::from(nests));
            }
            Event::InlineHtml(text) if text.starts_with("<!--") => {
                self.html.push_str("<span class=\"comment\">");
                self.text(&text);
                self.html.push_str("</span>");
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(text) => {
                self.html.push_str("<code>");
                self.text(&text);
                self.html.push_str("</code>");
            }
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text)
            }
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>"),
            Event::Rule => self.html.push_str("<hr>"),
            Event::TaskListMarker(true) => self.html.push_str("<span class=\"box claimed\">☑</span> "),
            Event::TaskListMarker(false) => self.html.push_str("<span class=\"box\">☐</span> "),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.html.push_str("<p>"),
            Tag::Heading { level, .. } => self.html.push_str(&format!("<h{}>", number(level))),
            Tag::BlockQuote(_) => self.html.push_str("<blockquote>"),
            Tag::CodeBlock(kind) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or("").to_owned(),
                    CodeBlockKind::Indented => String::new(),
                };
                let safe: String =
                    language.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(32).collect();
                self.html.push_str(&format!("<pre class=\"code\"><code class=\"language-{safe}\">"));
            }
            Tag::HtmlBlock => self.html.push_str("<pre class=\"raw\">"),
            Tag::List(None) => self.html.push_str("<ul>"),
            Tag::List(Some(first)) => self.html.push_str(&format!("<ol start=\"{first}\">")),
            Tag::Item => self.html.push_str("<li>"),
            Tag::FootnoteDefinition(_) => self.html.push_str("<div class=\"footnote\">"),
            Tag::DefinitionList => self.html.push_str("<dl>"),
            Tag::DefinitionListTitle => self.html.push_str("<dt>"),
            Tag::DefinitionListDefinition => self.html.push_str("<dd>"),
            Tag::Table(aligns) => {
                self.aligns = aligns;
                self.html.push_str("<table>");
            }
            Tag::TableHead => {
                self.header = true;
                self.cell = 0;
                self.html.push_str("<thead><tr>");
            }
            Tag::TableRow => {
                self.cell = 0;
                self.html.push_str("<tr>");
            }
            Tag::TableCell => {
                let class = match self.aligns.get(self.cell) {
                    Some(Alignment::Right) => " class=\"right\"",
                    Some(Alignment::Center) => " class=\"center\"",
                    Some(Alignment::None | Alignment::Left) | None => "",
                };
                self.html.push_str(&format!("<{}{class}>", if self.header { "th" } else { "td" }));
            }
            Tag::Emphasis => self.html.push_str("<em>"),
            Tag::Strong => self.html.push_str("<strong>"),
            Tag::Strikethrough => self.html.push_str("<del>"),
            Tag::Superscript => self.html.push_str("<sup>"),
            Tag::Subscript => self.html.push_str("<sub>"),
            Tag::Link { dest_url, .. } => {
                if leads_out(&dest_url) {
                    self.html.push_str(&format!("<span class=\"link\" data-href=\"{}\">", escape(&dest_url)));
                    self.links.push("</span>");
                } else {
                    // Inside the file, or a scheme that a console does not open: its text alone.
                    self.links.push("");
                }
            }
            Tag::Image { dest_url, .. } => {
                self.html.push_str("<span class=\"image\">");
                self.image = Some(dest_url.to_string());
            }
            Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.html.push_str("</p>"),
            TagEnd::Heading(level) => self.html.push_str(&format!("</h{}>", number(level))),
            TagEnd::BlockQuote(_) => self.html.push_str("</blockquote>"),
            TagEnd::CodeBlock => self.html.push_str("</code></pre>"),
            TagEnd::HtmlBlock => self.html.push_str("</pre>"),
            TagEnd::List(true) => self.html.push_str("</ol>"),
            TagEnd::List(false) => self.html.push_str("</ul>"),
            TagEnd::Item => self.html.push_str("</li>"),
            TagEnd::FootnoteDefinition => self.html.push_str("</div>"),
            TagEnd::DefinitionList => self.html.push_str("</dl>"),
            TagEnd::DefinitionListTitle => self.html.push_str("</dt>"),
            TagEnd::DefinitionListDefinition => self.html.push_str("</dd>"),
            TagEnd::Table => self.html.push_str("</tbody></table>"),
            TagEnd::TableHead => {
                self.header = false;
                self.html.push_str("</tr></thead><tbody>");
            }
            TagEnd::TableRow => self.html.push_str("</tr>"),
            TagEnd::TableCell => {
                self.cell += 1;
                self.html.push_str(if self.header { "</th>" } else { "</td>" });
            }
            TagEnd::Emphasis => self.html.push_str("</em>"),
            TagEnd::Strong => self.html.push_str("</strong>"),
            TagEnd::Strikethrough => self.html.push_str("</del>"),
            TagEnd::Superscript => self.html.push_str("</sup>"),
            TagEnd::Subscript => self.html.push_str("</sub>"),
            TagEnd::Link => {
                let close = self.links.pop().unwrap_or("");
                self.html.push_str(close);
            }
            TagEnd::Image => {
                let url = self.image.take().unwrap_or_default();
                self.html.push_str(" (");
                self.text(&url);
                self.html.push_str(")</span>");
            }
            TagEnd::MetadataBlock(_) => {}
        }
    }

    fn text(&mut self, text: &str) {
        self.html.push_str(&escape(text));
    }
}

/// Links that may be offered: to the web or to a mailbox, with nothing that hides in them.
fn leads_out(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
        && !url.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Text as HTML. Characters that turn the direction of text are made visible: they can make a command read as another.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
                out.push_str(&format!("[U+{:04X}]", u32::from(c)));
            }
            '\0' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}
