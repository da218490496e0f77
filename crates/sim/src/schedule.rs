//! What will happen, by elapsed moment; of two at one moment the one put first comes first.

use std::collections::BTreeMap;

use crate::apprunner::model::Due;
use crate::clock::Micros;
use crate::ecs::incidents::Incident;

/// Account and region.
pub(crate) type Place = (String, String);

/// Something that will happen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Task {
        cluster: String,
        task: String,
        step: Step,
    },
    /// The service scheduler looks at a service again.
    Reconcile {
        cluster: String,
        service: String,
    },
    /// A stop or rollback that was asked for begins.
    StopDeployment {
        cluster: String,
        service: String,
        deployment: String,
    },
    /// A hook's function answers, or its time is over.
    Hook {
        cluster: String,
        service: String,
        deployment: String,
        hook: String,
        expires: bool,
    },
    /// Something befalls a deployment that is in flight.
    Incident {
        cluster: String,
        service: String,
        deployment: String,
        incident: Box<Incident>,
    },
    /// A line that a container wrote at the wall time `at` is shown.
    Log {
        group: String,
        stream: String,
        at: Micros,
        message: String,
    },
    /// A deleted cluster member is no longer described.
    Forget {
        cluster: String,
        service: String,
    },
    /// Something of App Runner.
    AppRunner(Due),
    /// An alarm looks at its metric, and so many times again.
    Alarm {
        name: String,
        again: u64,
    },
}

/// A step in a task's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Attached,
    PullBegins,
    PullEnds,
    Runs,
    TargetRegisters,
    TargetVerdict { passing: bool },
    ContainerVerdict { container: usize, passing: bool },
    Settles,
    Exits { container: usize },
    Drained,
    Ended,
    Deprovisioned,
    Forgotten,
}

#[derive(Debug, Default)]
pub(crate) struct Schedule {
    due: BTreeMap<(Micros, u64), (Place, What)>,
    count: u64,
}

impl Schedule {
    pub(crate) fn put(&mut self, at: Micros, place: Place, what: What) {
        self.count += 1;
        self.due.insert((at, self.count), (place, what));
    }

    /// The elapsed moment of the next thing to happen.
    pub(crate) fn next(&self) -> Option<Micros> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// Takes the next thing that is due until `t`.
    pub(crate) fn take_due(&mut self, t: Micros) -> Option<(Micros, Place, What)> {
        let entry = self.due.first_entry().filter(|entry| entry.key().0 <= t)?;
        let ((at, _), (place, what)) = entry.remove_entry();
        Some((at, place, what))
    }

    /// Drops what a task would still have done.
    pub(crate) fn drop_task(&mut self, id: &str) {
        self.due.retain(|_, (_, what)| match what {
            What::Task { task, .. } => task != id,
            What::Reconcile { .. }
            | What::StopDeployment { .. }
            | What::Hook { .. }
            | What::Incident { .. }
            | What::Log { .. }
            | What::Forget { .. }
            | What::AppRunner(_)
            | What::Alarm { .. } => true,
        });
    }
}
