//! An import, done → as shown.

use super::Damage;
use super::import::{
    ImportFinding, ImportRow, ImportStateView, ImportView, LeftAloneView, OutcomeView, ProposalView,
};
use super::plan_of::{finding, number};
use holdpoint_plan::import::{Import, ImportState, Outcome, Proposal, fixes};
use holdpoint_plan::{RepairOffer, apply};
use similar::{ChangeTag, TextDiff};
use std::path::Path;

/// The whole view of an import of the file at `path`.
pub(crate) fn import_view(path: &str, digest: String, done: &Import) -> ImportView {
    let offered = fixes(&done.reading);
    let findings = done.reading.diagnostics.iter().enumerate().map(|(at, one)| {
        let fix = offered.iter().find(|(of, _)| *of == at).map(|(_, id)| id.clone());
        ImportFinding { finding: finding(one), fix, fix_title: one.fix.as_ref().map(|fix| fix.title.clone()) }
    });
    ImportView {
        path: path.to_owned(),
        digest,
        title: done.reading.plan.title.clone(),
        state: match done.state {
            ImportState::Imported => ImportStateView::Imported,
            ImportState::CheckedAlready => ImportStateView::CheckedAlready,
            ImportState::NothingToWalk => ImportStateView::NothingToWalk,
            ImportState::Unchanged => ImportStateView::Unchanged,
        },
        said: done.said(),
        proposals: done.proposals.iter().map(proposal).collect(),
        left: done
            .left
            .iter()
            .map(|one| LeftAloneView { line: number(one.line), what: one.what.clone(), why: one.why.clone() })
            .collect(),
        rows: rows(&done.original, &done.text),
        findings: findings.collect(),
        damage: done.offer.as_ref().map(|offer| Damage {
            said: offer.damage.clone(),
            places: number(offer.places),
            guessed: number(offer.guessed),
        }),
        damage_diff: done.offer.as_ref().and_then(|offer| repair_diff(&done.original, offer)),
        repaired: done.repaired,
        suggested: suggested(path),
    }
}

fn proposal(one: &Proposal) -> ProposalView {
    let mut view = ProposalView {
        id: one.id.clone(),
        line: number(one.line),
        command: one.command.clone(),
        outcome: OutcomeView::Absorbed,
        kind: None,
        step: None,
        yaml: None,
        effect: None,
        why: None,
        guessed: Vec::new(),
    };
    match &one.outcome {
        Outcome::Lifted { uses, step, yaml, guessed } => {
            view.outcome = OutcomeView::Lifted;
            view.kind = Some(uses.clone());
            view.step = Some(step.clone());
            view.yaml = Some(yaml.clone());
            view.guessed.clone_from(guessed);
        }
        Outcome::Kept { uses, step, effect, why, refused } => {
            view.outcome = if *refused { OutcomeView::Refused } else { OutcomeView::Kept };
            view.kind = Some(uses.clone());
            view.step = Some(step.clone());
            view.effect = Some(*effect);
            view.why = Some(why.clone());
        }
        Outcome::Absorbed { why } => view.why = Some(why.clone()),
        Outcome::Offered { uses, effect, why } => {
            view.outcome = OutcomeView::Offered;
            view.kind = Some(uses.clone());
            view.effect = Some(*effect);
            view.why = Some(why.clone());
        }
    }
    view
}

/// The repair, line by line.
fn repair_diff(text: &str, offer: &RepairOffer) -> Option<String> {
    let better = apply(text, &offer.edits).ok().filter(|better| better != text)?;
    Some(TextDiff::from_lines(text, &better).unified_diff().context_radius(1).to_string())
}

/// Both texts line by line: what is the same stands side by side.
fn rows(before: &str, after: &str) -> Vec<ImportRow> {
    let diff = TextDiff::from_lines(before, after);
    let mut rows: Vec<ImportRow> = Vec::new();
    let (mut from, mut to) = (0, 0);
    // Lines that go, waiting for those that come in their place.
    let mut gone: Vec<usize> = Vec::new();
    for change in diff.iter_all_changes() {
        let text = change.value().trim_end_matches(['\n', '\r']).to_owned();
        match change.tag() {
            ChangeTag::Equal => {
                (from, to) = (from + 1, to + 1);
                gone.clear();
                rows.push(ImportRow {
                    from: Some(number(from)),
                    to: Some(number(to)),
                    before: Some(text),
                    after: None,
                });
            }
            ChangeTag::Delete => {
                from += 1;
                gone.push(rows.len());
                rows.push(ImportRow { from: Some(number(from)), to: None, before: Some(text), after: None });
            }
            ChangeTag::Insert => {
                to += 1;
                let place = (!gone.is_empty()).then(|| gone.remove(0));
                match place.and_then(|at| rows.get_mut(at)) {
                    Some(row) => (row.to, row.after) = (Some(number(to)), Some(text)),
                    None => rows.push(ImportRow {
                        from: None,
                        to: Some(number(to)),
                        before: None,
                        after: Some(text),
                    }),
                }
            }
        }
    }
    rows
}

/// `DEPLOYMENT_PLAN.md` → `DEPLOYMENT_PLAN.plan.md`, beside it.
fn suggested(path: &str) -> String {
    let file = Path::new(path);
    let stem = file.file_stem().map_or("deployment".into(), |stem| stem.to_string_lossy());
    let stem = stem.strip_suffix(".plan").map_or_else(|| stem.to_string(), |stem| format!("{stem}.checked"));
    file.with_file_name(format!("{stem}.plan.md")).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::{rows, suggested};

    #[test]
    fn lines_that_stay_stand_side_by_side() {
        let said: Vec<String> = rows("a\r\nb\nc\n", "new\na\r\nB\nc\nend\n")
            .iter()
            .map(|row| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                format!(
                    "{} {}|{} {}",
                    row.from.unwrap_or(0),
                    text(&row.before),
                    row.to.unwrap_or(0),
                    text(&row.after)
                )
            })
            .collect();
        assert_eq!(said, ["0 |1 new", "1 a|2 ", "2 b|3 B", "3 c|4 ", "0 |5 end"]);
    }

    #[test]
    fn the_suggested_name_is_another() {
        assert_eq!(suggested("/x/DEPLOY.md"), "/x/DEPLOY.plan.md");
        assert_eq!(suggested("/x/a.plan.md"), "/x/a.checked.plan.md");
        assert_eq!(suggested("/x/notes"), "/x/notes.plan.md");
    }
}
