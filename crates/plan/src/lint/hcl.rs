//! As much of Terraform's language as fences of a plan show: resources with their attributes, and settings.

use super::scene::Scene;
use crate::Span;

/// A resource that a fence shows whole.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    pub(crate) span: Span,
    /// Just after its opening brace.
    pub(crate) inside: usize,
    pub(crate) attributes: Vec<Attribute>,
    /// Blocks directly in it, such as `ingress { … }`.
    pub(crate) blocks: Vec<Block>,
}

/// `name { … }` directly in a resource.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) attributes: Vec<Attribute>,
    open: bool,
}

/// `name = value` directly in a resource or in one of its blocks.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// The text of a quoted value without interpolation.
    pub(crate) text: Option<String>,
    /// As it is written; a list to its end.
    pub(crate) value: String,
    pub(crate) span: Span,
}

impl Attribute {
    /// Whether its list goes on in the next line.
    fn goes_on(&self) -> bool {
        self.value.starts_with('[') && self.value.matches('[').count() > self.value.matches(']').count()
    }
}

impl Resource {
    /// Takes a line that stands in it, so deep.
    fn line(&mut self, depth: usize, code: &str, span: Span) {
        let own = &mut self.attributes;
        let attributes = match (depth, self.blocks.last_mut().filter(|block| block.open)) {
            (1, _) => own,
            (2, Some(block)) => &mut block.attributes,
            _ => return,
        };
        if let Some(list) = attributes.last_mut().filter(|attribute| attribute.goes_on()) {
            list.value.push_str(code);
            return;
        }
        if let Some((name, value)) = code.split_once('=') {
            let (name, value) = (name.trim().to_owned(), value.trim());
            attributes.push(Attribute { name, text: quoted(value), value: value.to_owned(), span });
        } else if depth == 1
            && let Some(name) = code.strip_suffix('{')
        {
            let name = name.trim().to_owned();
            self.blocks.push(Block { name, span, attributes: Vec::new(), open: true });
        }
    }
}

/// Resources of all fences of Terraform.
pub(crate) fn resources(scene: &Scene<'_>) -> Vec<Resource> {
    let fences = scene.fences.iter().filter(|fence| matches!(fence.language(), "hcl" | "tf" | "terraform"));
    fences.flat_map(|fence| of(&fence.body.text, |range| fence.body.span(range))).collect()
}

/// Resources of a text.
pub(crate) fn of(text: &str, place: impl Fn(std::ops::Range<usize>) -> Span) -> Vec<Resource> {
    let mut found: Vec<Resource> = Vec::new();
    let mut depth: usize = 0;
    // Only a resource whose end is there is shown whole.
    let mut open: Option<Resource> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let start = at + (line.len() - trimmed.len());
        let code = without_comment(trimmed.trim_end());
        if depth == 0
            && let Some(kind) = header(code)
        {
            let span = place(start..start + code.len());
            let (attributes, blocks) = (Vec::new(), Vec::new());
            open = Some(Resource { kind, span, inside: span.end, attributes, blocks });
        } else if let Some(resource) = &mut open {
            resource.line(depth, code, place(start..start + code.len()));
        }
        let (opens, closes) = braces(code);
        depth = (depth + opens).saturating_sub(closes);
        if depth <= 1
            && let Some(block) = open.as_mut().and_then(|resource| resource.blocks.last_mut())
        {
            block.open = false;
        }
        if depth == 0
            && let Some(resource) = open.take_if(|_| closes > 0)
        {
            found.push(resource);
        }
        at += line.len();
    }
    found
}

fn header(line: &str) -> Option<String> {
    let rest = line.strip_prefix("resource")?.trim_start();
    let kind = rest.strip_prefix('"')?.split_once('"')?.0;
    line.ends_with('{').then(|| kind.to_owned())
}

fn quoted(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains("${") && !inner.contains('"')).then(|| inner.to_owned())
}

fn without_comment(line: &str) -> &str {
    if line.starts_with('#') || line.starts_with("//") {
        return "";
    }
    line.split_once(" #").map_or(line, |(code, _)| code).trim_end()
}

/// Braces outside of quotes.
fn braces(line: &str) -> (usize, usize) {
    let mut quoted = false;
    let (mut opens, mut closes) = (0, 0);
    for byte in line.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'{' if !quoted => opens += 1,
            b'}' if !quoted => closes += 1,
            _ => {}
        }
    }
    (opens, closes)
}
