//! The kinds of step that can be walked.

use crate::Executor;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Executors by kind.
#[derive(Clone, Default)]
pub struct Registry {
    executors: BTreeMap<&'static str, Arc<dyn Executor>>,
}

impl Registry {
    /// The executor of a kind.
    pub fn get(&self, kind: &str) -> Option<&Arc<dyn Executor>> {
        self.executors.get(kind)
    }

    /// All kinds, in order of name.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.executors.keys().copied()
    }
}

impl FromIterator<Arc<dyn Executor>> for Registry {
    fn from_iter<T: IntoIterator<Item = Arc<dyn Executor>>>(executors: T) -> Self {
        Self { executors: executors.into_iter().map(|executor| (executor.kind(), executor)).collect() }
    }
}
