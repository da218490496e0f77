//! The stories that are told over and over.

use holdpoint_crash::{Story, whole};

/// Five stages to the end.
pub(crate) const DONE: Story =
    Story { plan: "tests/crash/plans/five.plan.md", speed: "2000", scenario: "healthy", back: false };
/// The same plan, whose deployment fails, and everything goes back.
pub(crate) const BACK: Story = Story { scenario: "crash_loop", back: true, ..DONE };
/// A plan as large as a real one.
pub(crate) const BROKER: Story = Story { plan: "crates/cli/tests/plans/broker.plan.md", ..DONE };

/// Every `nth` of them, and those around a call that changes something always; all of them when all are asked for.
pub(crate) fn sample(points: &[String], nth: usize) -> Vec<String> {
    let chosen = points.iter().enumerate().filter(|(at, point)| {
        whole() || at % nth == 0 || point.contains("-act#") || point.contains(":intended#")
    });
    chosen.map(|(_, point)| point.clone()).collect()
}

/// Every `nth`, from its middle on; all of them when all are asked for.
pub(crate) fn spread(cases: Vec<String>, nth: usize) -> Vec<String> {
    if whole() {
        return cases;
    }
    cases.into_iter().skip(nth / 2).step_by(nth).collect()
}
