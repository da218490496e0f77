//! Words of AWS's that this version does not know: tolerated, told to the operator once each, and kept with the outcome.

use holdpoint_engine::Task;
use holdpoint_run::Diagnosis;
use std::collections::BTreeSet;

/// What a diagnosis calls them.
const LABEL: &str = "Not known to this version";

/// The words that were met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Strangers {
    met: BTreeSet<String>,
}

impl Strangers {
    /// Takes what AWS says of `what`; tells the operator when it is none of the `known` ones.
    pub(crate) fn meet(&mut self, task: &Task, what: &str, said: Option<&str>, known: &[&str]) {
        let Some(said) = said.filter(|said| !said.is_empty() && !known.contains(said)) else { return };
        let met = format!("{what} {said}");
        if !self.met.contains(&met) {
            let told = format!("AWS says a word that this version does not know: {met}; it decides nothing");
            task.progress.line("notice", None, told);
            self.met.insert(met);
        }
    }

    /// A note with them.
    pub(crate) fn noted(&self, note: Option<String>) -> Option<String> {
        let met = (!self.met.is_empty())
            .then(|| format!("AWS said what this version does not know: {}", self.list()));
        let all: Vec<String> = note.into_iter().chain(met).collect();
        (!all.is_empty()).then(|| all.join(" · "))
    }

    /// A diagnosis with them.
    pub(crate) fn told(&self, diagnosis: Diagnosis) -> Diagnosis {
        match self.met.is_empty() {
            true => diagnosis,
            false => diagnosis.says(LABEL, self.list()),
        }
    }

    fn list(&self) -> String {
        self.met.iter().cloned().collect::<Vec<_>>().join(", ")
    }
}
