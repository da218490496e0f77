//! YAML → a tree in which every node knows its place, within budgets, with all its findings.

use crate::Span;
use crate::findings::{Findings, short};
use crate::mapped::Mapped;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};
use std::collections::HashMap;

/// Deepest nesting.
const DEEPEST: usize = 32;
/// Most nodes of one fence, those that aliases stand for counted each time.
const MOST_NODES: usize = 20_000;
/// Longest YAML of one fence, in bytes.
const LONGEST: usize = 256 * 1024;

/// A node.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// A number with its spelling: `012` is a number that somebody meant as text.
    Number(Number, String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number, _) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(list) => Value::Array(list.iter().map(Node::to_value).collect()),
            Kind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// "the number 5", "a list", … for messages.
    pub(crate) fn what(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(value) => value.to_string(),
            Kind::Number(_, spelling) => format!("the number {}", short(spelling)),
            Kind::Text(text) => format!("the text `{}`", short(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            Kind::Null | Kind::Bool(_) | Kind::Number(..) | Kind::Text(_) | Kind::List(_) => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Null | Kind::Bool(_) | Kind::Number(..) | Kind::List(_) | Kind::Map(_) => None,
        }
    }
}

/// Reads one document. `None` when there is no usable tree; the findings say why. Empty YAML is a null node.
pub(crate) fn parse(source: &Mapped, findings: &mut Findings<'_>) -> Option<Node> {
    if source.text.len() > LONGEST {
        findings.error_hint(
            "yaml-budget",
            source.span(0..source.text.len()),
            format!("this YAML has {} bytes; {LONGEST} is the most", source.text.len()),
            "Move large texts into files beside the plan.".to_owned(),
        );
        return None;
    }
    Builder { source, places: Places::new(&source.text), anchors: HashMap::new(), nodes: 0 }.run(findings)
}

/// Character index → byte index; YAML counts in characters.
struct Places<'t> {
    text: &'t str,
    table: Option<Vec<usize>>,
}

impl<'t> Places<'t> {
    fn new(text: &'t str) -> Self {
        let table = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self { text, table }
    }

    fn byte(&self, index: usize) -> usize {
        match &self.table {
            None => index.min(self.text.len()),
            Some(table) => table.get(index).copied().unwrap_or(self.text.len()),
        }
    }
}

struct Builder<'s> {
    source: &'s Mapped,
    places: Places<'s>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

/// A list or mapping that is not closed yet.
struct Open {
    span: Span,
    anchor: usize,
    content: Content,
    before: usize,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(Option<String>, Span)> },
}

impl Builder<'_> {
    fn run(mut self, findings: &mut Findings<'_>) -> Option<Node> {
        let mut parser = Parser::new_from_str(&self.source.text);
        let mut open: Vec<Open> = Vec::new();
        let mut root: Option<Node> = None;
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, place) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = self.places.byte(error.marker().index());
                    let span = self.source.span(at..at);
                    findings.error_hint(
                        "yaml",
                        span,
                        format!("this YAML cannot be read: {}", error.info()),
                        hint_for(error.info()),
                    );
                    return None;
                }
            };
            let span = self.span(&place);
            let (node, anchor) = match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        findings.error(
                            "yaml",
                            span,
                            "a second YAML document begins here; one fence holds one",
                        );
                        return root;
                    }
                    continue;
                }
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
                Event::SequenceStart(anchor, tag) => {
                    refuse_tag(tag.as_deref(), span, findings);
                    open.push(Open { span, anchor, content: Content::List(Vec::new()), before: self.nodes });
                    if open.len() > DEEPEST {
                        findings.error(
                            "yaml-budget",
                            span,
                            format!("this YAML is nested deeper than {DEEPEST} levels"),
                        );
                        return None;
                    }
                    continue;
                }
                Event::MappingStart(anchor, tag) => {
                    refuse_tag(tag.as_deref(), span, findings);
                    open.push(Open {
                        span,
                        anchor,
                        content: Content::Map { entries: Vec::new(), key: None },
                        before: self.nodes,
                    });
                    if open.len() > DEEPEST {
                        findings.error(
                            "yaml-budget",
                            span,
                            format!("this YAML is nested deeper than {DEEPEST} levels"),
                        );
                        return None;
                    }
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(closed) = open.pop() else { continue };
                    let span = Span { start: closed.span.start, end: span.end.max(closed.span.start) };
                    let kind = match closed.content {
                        Content::List(list) => Kind::List(list),
                        Content::Map { entries, .. } => Kind::Map(entries),
                    };
                    let node = Node { span: self.trimmed(span), kind };
                    if closed.anchor > 0 {
                        self.anchors.insert(closed.anchor, (node.clone(), self.nodes - closed.before + 1));
                    }
                    (node, 0)
                }
                Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                    Some((node, size)) => {
                        self.nodes += size;
                        (Node { span, ..node }, 0)
                    }
                    None => {
                        findings.error("yaml", span, "this alias stands inside what it names");
                        return None;
                    }
                },
                Event::Scalar(text, style, anchor, tag) => {
                    let forced = is_str(tag.as_deref());
                    if !forced {
                        refuse_tag(tag.as_deref(), span, findings);
                    }
                    let kind = if style == ScalarStyle::Plain && !forced {
                        plain(&text)
                    } else {
                        Kind::Text(text.into_owned())
                    };
                    (Node { span, kind }, anchor)
                }
            };
            self.nodes += 1;
            if self.nodes > MOST_NODES {
                findings.error_hint(
                    "yaml-budget",
                    node.span,
                    format!(
                        "this YAML has more than {MOST_NODES} nodes, those that aliases stand for included"
                    ),
                    "Write out what is needed, without aliases of aliases.".to_owned(),
                );
                return None;
            }
            if anchor > 0 {
                self.anchors.insert(anchor, (node.clone(), 1));
            }
            match open.last_mut() {
                None => root = Some(node),
                Some(parent) => place_in(parent, node, findings),
            }
        }
        Some(root.unwrap_or(Node { span: self.source.span(0..0), kind: Kind::Null }))
    }

    fn span(&self, place: &saphyr_parser::Span) -> Span {
        let start = self.places.byte(place.start.index());
        let end = self.places.byte(place.end.index()).max(start);
        self.source.span(start..end)
    }

    /// A block collection ends where the next token begins; what is shown ends with its text.
    fn trimmed(&self, span: Span) -> Span {
        span
    }
}

fn place_in(parent: &mut Open, node: Node, findings: &mut Findings<'_>) {
    match &mut parent.content {
        Content::List(list) => list.push(node),
        Content::Map { entries, key } => match key.take() {
            None => {
                let name = match &node.kind {
                    Kind::Text(text) => Some(text.clone()),
                    Kind::Bool(value) => Some(value.to_string()),
                    Kind::Number(_, spelling) => Some(spelling.clone()),
                    Kind::Null | Kind::List(_) | Kind::Map(_) => {
                        findings.error(
                            "yaml-key",
                            node.span,
                            format!("a key must be text, and this is {}", node.what()),
                        );
                        None
                    }
                };
                *key = Some((name, node.span));
            }
            Some((None, _)) => {}
            Some((Some(name), key_span)) => {
                if entries.iter().any(|entry| entry.key == name) {
                    findings.error_hint(
                        "duplicate-key",
                        key_span,
                        format!("the key `{}` is here a second time", short(&name)),
                        "Keep one of them: YAML programs differ in which one they take.".to_owned(),
                    );
                } else {
                    entries.push(Entry { key: name, key_span, value: node });
                }
            }
        },
    }
}

fn is_str(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| {
        (tag.is_yaml_core_schema() && tag.suffix == "str") || (tag.handle.is_empty() && tag.suffix == "!")
    })
}

fn refuse_tag(tag: Option<&Tag>, span: Span, findings: &mut Findings<'_>) {
    if let Some(tag) = tag {
        findings.error_hint(
            "yaml-tag",
            span,
            format!("the tag `{}` means nothing here", short(&tag.to_string())),
            "Leave the tag out.".to_owned(),
        );
    }
}

/// A plain scalar by YAML 1.2's core schema: `yes` and `on` are text.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Kind::Text(text.to_owned());
    }
    let number = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        unsigned.parse::<i64>().map(Number::from).or_else(|_| unsigned.parse::<u64>().map(Number::from)).ok()
    } else if let Some(hex) = text.strip_prefix("0x") {
        i64::from_str_radix(hex, 16).ok().map(Number::from)
    } else if let Some(octal) = text.strip_prefix("0o") {
        i64::from_str_radix(octal, 8).ok().map(Number::from)
    } else if digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
        && digits.bytes().any(|byte| byte.is_ascii_digit())
    {
        text.parse::<f64>().ok().and_then(Number::from_f64)
    } else {
        None
    };
    match number {
        Some(number) => Kind::Number(number, text.to_owned()),
        None => Kind::Text(text.to_owned()),
    }
}

fn hint_for(info: &str) -> Option<String> {
    let hint = if info.contains("tab") {
        "Indent with spaces."
    } else if info.contains("mapping values are not allowed") || info.contains("mapping value") {
        "Quote the text if it has `: ` in it, and check the indentation."
    } else if info.contains("block mapping") || info.contains("simple key") || info.contains("indent") {
        "Check the indentation of this line and the one before."
    } else if info.contains("flow") {
        "A bracket or a comma is missing; quote `{{ … }}` as \"{{ … }}\"."
    } else {
        return None;
    };
    Some(hint.to_owned())
}
