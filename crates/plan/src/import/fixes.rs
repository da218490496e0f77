//! Repairs that findings of the result offer, applied one after the other, each where the text has it by then.

use crate::{Diagnostic, Fix, Reading, edit, read};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Repairs that the findings of a text offer: the finding's number, and the repair's id. It stays the same while other
/// repairs are made: it is of the finding and of what it would change, numbered where that comes several times.
pub fn fixes(reading: &Reading) -> Vec<(usize, String)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let offered = reading.diagnostics.iter().enumerate();
    offered
        .filter_map(|(at, finding)| Some((at, finding, finding.fix.as_ref()?)))
        .map(|(at, finding, fix)| {
            let base = id(&reading.text, finding, fix);
            let count = seen.entry(base.clone()).or_insert(0);
            *count += 1;
            (at, if *count == 1 { base } else { format!("{base}_{count}") })
        })
        .collect()
}

/// The text with the repairs of these ids, and how it is read then. Ids that nothing offers any more are passed by.
/// `fits` says whether the file's encoding has a text.
pub(super) fn applied(mut reading: Reading, ids: &[String], fits: impl Fn(&str) -> bool) -> Reading {
    for wanted in ids {
        let offered = fixes(&reading);
        let found = offered.iter().find(|(_, id)| id == wanted);
        let fix = found.and_then(|(at, _)| reading.diagnostics.get(*at)?.fix.as_ref());
        let Some(fix) = fix.filter(|fix| fix.edits.iter().all(|edit| fits(&edit.text))) else { continue };
        // A repair that does not go together with itself is the finding's defect; the text stays as it is.
        if let Ok(text) = edit::apply(&reading.text, &fix.edits) {
            reading = read(text.as_bytes());
        }
    }
    reading
}

fn id(text: &str, finding: &Diagnostic, fix: &Fix) -> String {
    let mut hash = Sha256::new();
    hash.update(finding.code.as_bytes());
    hash.update(finding.message.as_bytes());
    for edit in &fix.edits {
        hash.update([0]);
        hash.update(text.get(edit.span.start..edit.span.end).unwrap_or_default());
        hash.update([0]);
        hash.update(edit.text.as_bytes());
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
