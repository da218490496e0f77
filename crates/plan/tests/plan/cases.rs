//! Plans, good and bad, each a folder: `plan.md` and what reading it gives.

use crate::common::{entries, home, same, shown};

#[test]
fn every_case_reads_as_expected() {
    let mut problems = Vec::new();
    for case in entries(&home().join("tests/cases")) {
        let bytes = std::fs::read(case.join("plan.md")).expect("a case has a plan.md");
        let reading = holdpoint_plan::read(&bytes);
        for finding in &reading.diagnostics {
            let span = finding.span;
            assert!(
                reading.text.get(span.start..span.end).is_some(),
                "{}: a span inside the text: {finding:?}",
                case.display()
            );
        }
        same(&shown(&reading), &case.join("expected.txt"), &mut problems);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn our_own_plans_have_no_findings() {
    for plan in entries(&home().join("../../plans"))
        .iter()
        .filter(|path| path.to_string_lossy().ends_with(".plan.md"))
    {
        let reading = holdpoint_plan::read(&std::fs::read(plan).expect("read a plan"));
        assert!(reading.diagnostics.is_empty(), "{}:\n{}", plan.display(), shown(&reading));
        let steps = reading.plan.steps().filter(|step| step.effect.changes());
        assert!(steps.count() >= 2, "{} changes something", plan.display());
    }
}
