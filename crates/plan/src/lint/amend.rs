//! Lines that a repair puts into the fence of a step: after its other keys, or into its `with`.

use super::scene::Scene;
use crate::draft::Draft;
use crate::{Edit, Fix};

/// A repair that adds keys at the end of a step's fence. `None` where its YAML is not a key a line, at the margin.
pub(crate) fn add_keys(
    scene: &Scene<'_>,
    draft: &Draft,
    title: impl Into<String>,
    lines: &[String],
) -> Option<Fix> {
    let fence = Written::of(scene.text, draft)?;
    let text: String = lines.iter().map(|line| format!("{line}{}", fence.eol)).collect();
    Some(Fix { title: title.into(), edits: vec![Edit::insert(fence.end, text)] })
}

/// What hands variables to a step's script: `name` → value, as YAML writes them. `None` where they cannot be put in by adding
/// alone, or a name is taken.
pub(crate) fn add_environment(scene: &Scene<'_>, draft: &Draft, names: &[(String, String)]) -> Option<Edit> {
    let fence = Written::of(scene.text, draft)?;
    let with = &draft.step.action.with;
    let taken = with.get("env").and_then(serde_json::Value::as_object);
    if taken.is_some_and(|taken| names.iter().any(|(name, _)| taken.contains_key(name))) {
        return None;
    }
    let flow: Vec<String> = names.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let flow = flow.join(", ");
    let eol = fence.eol;
    if with.as_object().is_none_or(serde_json::Map::is_empty) && fence.line("with:").is_none() {
        return Some(Edit::insert(fence.end, format!("with: {{ env: {{ {flow} }} }}{eol}")));
    }
    let (start, line) = fence.line("with:")?;
    if taken.is_some() {
        // In flow style the mapping is one that begins on this line; in block style each name has a line.
        if let Some(at) = line.find("env: {") {
            return Some(Edit::insert(start + at + "env: {".len(), format!(" {flow},")));
        }
        let (start, line) = fence.line("  env:")?;
        let next = start + line.len();
        return match line.trim_end() {
            "  env:" => {
                let lines: String =
                    names.iter().map(|(name, value)| format!("    {name}: {value}{eol}")).collect();
                Some(Edit::insert(next, lines))
            }
            flowing => flowing
                .find("env: {")
                .map(|at| Edit::insert(start + at + "env: {".len(), format!(" {flow},"))),
        };
    }
    match line.trim_end() {
        "with:" => Some(Edit::insert(start + line.len(), format!("  env: {{ {flow} }}{eol}"))),
        flowing if flowing.starts_with("with: {") => {
            Some(Edit::insert(start + "with: {".len(), format!(" env: {{ {flow} }},")))
        }
        _ => None,
    }
}

/// A line under `holdpoint:` of the front matter. `None` where that is not a key a line.
pub(crate) fn in_front(scene: &Scene<'_>, line: &str) -> Option<Edit> {
    let (start, lead, eol) = front(scene.text)?;
    Some(Edit::insert(start, format!("{lead}{line}{eol}")))
}

/// Declares a variable of the plan; `fields` as YAML writes them on one line.
pub(crate) fn declare(scene: &Scene<'_>, name: &str, fields: &str) -> Option<Edit> {
    let (start, lead, eol) = front(scene.text)?;
    let mut at = start;
    for line in scene.text.get(start..)?.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == "---" || !bare.is_empty() && !bare.starts_with(&lead) {
            break;
        }
        let Some(own) = bare.strip_prefix(&lead) else {
            at += line.len();
            continue;
        };
        if own == "vars:" {
            return Some(Edit::insert(at + line.len(), format!("{lead}{lead}{name}: {fields}{eol}")));
        }
        if own.starts_with("vars: {") {
            return Some(Edit::insert(at + lead.len() + "vars: {".len(), format!(" {name}: {fields},")));
        }
        at += line.len();
    }
    Some(Edit::insert(start, format!("{lead}vars: {{ {name}: {fields} }}{eol}")))
}

/// Where the first line under `holdpoint:` begins, what its keys are indented by, and how lines end.
fn front(text: &str) -> Option<(usize, String, &'static str)> {
    if !text.starts_with("---") {
        return None;
    }
    let at = text.find("\nholdpoint:")? + 1;
    let line = text.get(at..)?.split_inclusive('\n').next()?;
    // What stands behind the colon is the mapping itself, or only a comment.
    let rest = line.strip_prefix("holdpoint:")?.trim();
    let next = text.get(at + line.len()..)?;
    let indent = next.len() - next.trim_start_matches(' ').len();
    let inside = text.get(..at)?.matches("\n---").next().is_none();
    let eol = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
    (inside && indent > 0 && (rest.is_empty() || rest.starts_with('#')))
        .then(|| (at + line.len(), " ".repeat(indent), eol))
}

/// The YAML of a step's fence as it is written.
struct Written<'t> {
    yaml: &'t str,
    start: usize,
    /// Where the closing line begins.
    end: usize,
    eol: &'static str,
}

impl<'t> Written<'t> {
    fn of(text: &'t str, draft: &Draft) -> Option<Self> {
        let from = draft.step.span.start;
        if !draft.written || !text.get(..from)?.is_empty() && !text.get(..from)?.ends_with('\n') {
            return None;
        }
        let all = text.get(from..draft.step.span.end)?;
        let opening = all.split_inclusive('\n').next()?;
        let tick = opening.chars().next().filter(|tick| matches!(tick, '`' | '~'))?;
        let ticks = opening.chars().take_while(|c| *c == tick).count();
        let mut end = opening.len();
        for line in all.get(opening.len()..)?.split_inclusive('\n') {
            let bare = line.trim_end();
            if bare.chars().count() >= ticks && bare.chars().all(|c| c == tick) {
                let yaml = all.get(opening.len()..end)?;
                let eol = if opening.ends_with("\r\n") { "\r\n" } else { "\n" };
                let found = Self { yaml, start: from + opening.len(), end: from + end, eol };
                // Keys at the margin, one a line; a mapping in braces or a further document has no such end.
                let plain = found.line("id:").is_some()
                    && !yaml.lines().any(|line| line.starts_with(['{', '-', '.']));
                return plain.then_some(found);
            }
            end += line.len();
        }
        None
    }

    /// The line that begins so: where, and its text with its end.
    fn line(&self, lead: &str) -> Option<(usize, &'t str)> {
        let mut at = self.start;
        for line in self.yaml.split_inclusive('\n') {
            if line.starts_with(lead) {
                return Some((at, line));
            }
            at += line.len();
        }
        None
    }
}
