//! How long tasks take from running to healthy: AWS does not tell it, so it is measured while a deployment is followed.

use holdpoint_cloud::AttachedTask;
use std::collections::BTreeMap;
use std::time::Duration;

/// What was seen of the starts of a deployment's tasks.
#[derive(Debug, Default)]
pub(super) struct Boots {
    /// When a task was first seen running and not yet healthy, in plan time; none once it was healthy.
    running: BTreeMap<String, Option<Duration>>,
    slowest: Option<Duration>,
}

impl Boots {
    /// Takes a look at `now`, in plan time.
    pub(super) fn see(&mut self, tasks: &[AttachedTask], deployment: &str, now: Duration) {
        let own = tasks.iter().filter(|task| task.started_by.as_deref() == Some(deployment));
        for task in own.filter(|task| task.started_at.is_some()) {
            let is_healthy = task.health_status.as_deref() == Some("HEALTHY");
            // One that was healthy when it was first seen says nothing.
            let since = self.running.entry(task.id().to_owned()).or_insert((!is_healthy).then_some(now));
            if is_healthy && let Some(since) = since.take() {
                self.slowest = self.slowest.max(Some(now.saturating_sub(since)));
            }
        }
    }

    /// The longest start that was seen, whole seconds, about: as exact as the looks at the tasks are near each other.
    pub(super) fn slowest(&self) -> Option<Duration> {
        self.slowest.map(|slowest| Duration::from_secs(slowest.as_millis().div_ceil(1000) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_cloud::Millis;

    fn task(id: &str, by: &str, runs: bool, health: &str) -> AttachedTask {
        AttachedTask {
            task_arn: format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{id}"),
            started_by: Some(by.to_owned()),
            started_at: runs.then_some(Millis(1)),
            health_status: Some(health.to_owned()),
            ..AttachedTask::default()
        }
    }

    #[test]
    fn the_slowest_start_that_was_seen_whole() {
        let mut boots = Boots::default();
        let at = Duration::from_secs;
        boots.see(&[task("a", "new", false, "UNKNOWN"), task("old", "old", true, "UNKNOWN")], "new", at(0));
        boots.see(&[task("a", "new", true, "UNKNOWN"), task("b", "new", true, "HEALTHY")], "new", at(5));
        assert_eq!(boots.slowest(), None, "`b` was healthy when it was first seen");
        boots.see(&[task("a", "new", true, "HEALTHY"), task("old", "old", true, "HEALTHY")], "new", at(27));
        assert_eq!(boots.slowest(), Some(at(22)));
        boots.see(&[task("a", "new", true, "HEALTHY")], "new", at(90));
        assert_eq!(boots.slowest(), Some(at(22)));
    }
}
