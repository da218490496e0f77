//! Repairs of findings, carried out together.

use crate::{Edit, Reading, apply, read};

/// Rounds of repairs: one may bring another to light, and a repair that brings itself to light again must end.
const ROUNDS: usize = 8;

/// A plan after its repairs.
#[derive(Debug)]
pub struct Mended {
    /// The text.
    pub text: String,
    /// What was done, in order: code and title of each repair.
    pub done: Vec<(String, String)>,
}

/// Carries out every repair that the findings offer, those that touch the same bytes one after the other.
pub fn mend(reading: &Reading) -> Mended {
    let mut mended = Mended { text: reading.text.clone(), done: Vec::new() };
    let mut current: Option<Reading> = None;
    for _ in 0..ROUNDS {
        let findings = &current.as_ref().unwrap_or(reading).diagnostics;
        let mut edits: Vec<Edit> = Vec::new();
        let mut done = Vec::new();
        for (finding, fix) in findings.iter().filter_map(|finding| Some((finding, finding.fix.as_ref()?))) {
            let touches = |edit: &Edit| {
                edits
                    .iter()
                    .any(|other| edit.span.start <= other.span.end && other.span.start <= edit.span.end)
            };
            if !fix.edits.iter().any(touches) {
                edits.extend(fix.edits.iter().cloned());
                done.push((finding.code.clone(), fix.title.clone()));
            }
        }
        let Ok(text) = apply(&mended.text, &edits) else { break };
        if edits.is_empty() || text == mended.text {
            break;
        }
        mended.done.extend(done);
        current = Some(read(text.as_bytes()));
        mended.text = text;
    }
    mended
}

#[cfg(test)]
mod tests {
    use super::mend;
    use crate::read;

    #[test]
    fn repairs_of_one_place_come_one_after_the_other_and_end() {
        let plan =
            "# Shop\n\n## Step 1: Build\n\n```bash\nterraform plan\nterraform apply\nrm -rf $A/* $B/*\n```\n";
        let mended = mend(&read(plan.as_bytes()));
        assert!(
            mended
                .text
                .contains("terraform plan -out=tfplan\nterraform apply tfplan\nrm -rf ${A:?}/* ${B:?}/*"),
            "{}",
            mended.text
        );
        assert_eq!(mended.done.len(), 3);
        assert!(mend(&read(mended.text.as_bytes())).done.is_empty());
    }
}
