//! What stands beside what: items in a row, the fence that a step owns, the prose before it.

use crate::document::{Fence, Part, Task};
use crate::findings::Findings;
use crate::read::StageDraft;
use crate::sections::Outline;
use crate::{Role, Span};

pub(crate) fn stage_fence<'p>(part: &'p Part, findings: &mut Findings<'_>) -> Option<&'p Fence> {
    let Part::Fence(fence) = part else { return None };
    match fence.role()? {
        "stage" => Some(fence),
        "step" => None,
        other => {
            if let Some(meant) = crate::findings::near(other, ["step", "stage"]) {
                let message = format!(
                    "this fence is `yaml {}`, which is nothing of ours",
                    crate::findings::short(other)
                );
                findings.warning(
                    "unknown-fence",
                    fence.span,
                    message,
                    format!("Did you mean `yaml {meant}`?"),
                );
            }
            None
        }
    }
}

pub(crate) fn checklist_name(title: &str) -> String {
    if title.to_ascii_lowercase().contains("checklist") {
        title.to_owned()
    } else {
        format!("{title} checklist")
    }
}

/// Tasks in a row: of one list, with nothing between.
pub(crate) fn task_run(parts: &[Part], from: usize) -> (Vec<&Task>, usize) {
    let mut run: Vec<&Task> = Vec::new();
    let mut index = from;
    while let Some(Part::Task(task) | Part::Row(task)) = parts.get(index) {
        if run.first().is_some_and(|first| first.list != task.list) {
            break;
        }
        run.push(task);
        index += 1;
    }
    (run, index)
}

/// The code fence directly after a step fence, blank lines apart.
pub(crate) fn owned_fence<'p>(text: &str, step: &Fence, next: Option<&'p Part>) -> Option<&'p Fence> {
    let Some(Part::Fence(fence)) = next else { return None };
    let between = text.get(step.span.end..fence.span.start)?;
    // In a quote a blank line and the beginning of the next one have the quote's mark.
    let nothing = between.chars().all(|c| c.is_whitespace() || c == '>');
    (nothing && !matches!(fence.role(), Some("step" | "stage"))).then_some(fence)
}

pub(crate) fn unowned(
    fence: &Fence,
    outline: &Outline<'_>,
    stages: &[StageDraft],
    findings: &mut Findings<'_>,
) {
    let at = fence.span.start;
    let stage = stages
        .partition_point(|stage| stage.stage.span.start <= at)
        .checked_sub(1)
        .and_then(|index| stages.get(index));
    // What is only read in an emergency may show commands that nothing walks: the same sections that an import leaves.
    let stage = stage.filter(|stage| at < stage.stage.span.end).map(|stage| &stage.stage);
    let never_walked = stage.is_some_and(|stage| matches!(stage.role, Role::Rollback | Role::Reference));
    if never_walked || outline.is_beside(at, stage.map_or(0, |stage| stage.span.start)) {
        return;
    }
    // Comments and what one printed are nothing to run.
    if fence.commands().statements.is_empty() {
        return;
    }
    findings.warning(
        "unowned-fence",
        fence.span,
        "no step owns this code fence, so a run passes it by",
        "Put a `yaml step` fence directly before it: `uses: shell` runs it, any other kind replaces it."
            .to_owned(),
    );
}

/// The text before a step, without white space at its ends.
pub(crate) fn prose(text: &str, from: usize, to: usize) -> Option<Span> {
    let between = text.get(from..to)?;
    let trimmed = between.trim();
    if trimmed.is_empty() {
        return None;
    }
    let start = from + (between.len() - between.trim_start().len());
    Some(Span { start, end: start + trimmed.len() })
}
