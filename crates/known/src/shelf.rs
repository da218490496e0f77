//! Known problems of one's own: files beside a plan and in the user's folder, handed in as text.

use crate::bounds::read_own;
use crate::compile::Rules;
use crate::find::ordered;
use crate::{Evidence, Fault, Problem};
use std::collections::BTreeMap;

/// Most of what was seen that problems of one's own are looked for in, in bytes: a failure's texts are shorter, and
/// somebody else's expressions cost time with each.
const LOOKED_AT: usize = 64 * 1024;

/// Most expressions of all files together.
const MOST_MATCHERS: usize = 256;

/// Whose a problem of one's own is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The user's: a file of the user's folder.
    User,
    /// The plan's: a file beside it.
    Plan,
}

impl Owner {
    /// As commands and views name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Plan => "plan",
        }
    }
}

/// A file as it was found.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Whose it is.
    pub owner: Owner,
    /// Its path, as it is shown.
    pub path: &'a str,
    /// Stem of its name.
    pub id: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// A problem of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Whose it is.
    pub owner: Owner,
    /// Path of its file.
    pub path: String,
    /// The problem.
    pub problem: Problem,
}

/// A problem of one's own that the evidence shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMatch<'s> {
    /// The problem.
    pub own: &'s Own,
    /// The line that shows it.
    pub line: String,
}

/// Problems of one's own, read and compiled. What is wrong with a file is told, and the others stay.
pub struct Shelf {
    own: Vec<Own>,
    rules: Rules,
    faults: Vec<(String, Fault)>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { own: Vec::new(), rules: Rules::none(), faults: Vec::new() }
    }
}

impl Shelf {
    /// Reads files, the user's before a plan's: where two have one id, the user's counts, because nobody vouched for
    /// what stands beside a plan.
    pub fn of<'a>(files: impl IntoIterator<Item = File<'a>>) -> Self {
        let mut files: Vec<File<'a>> = files.into_iter().collect();
        files.sort_by_key(|file| (file.owner, file.id));
        let (mut own, mut rules, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let mut taken: BTreeMap<&str, File<'a>> = BTreeMap::new();
        for file in files {
            if let Some(first) = taken.get(file.id) {
                // The same text twice says nothing new: a copy of what the plan brings is no mistake.
                if first.text != file.text {
                    let message = format!(
                        "`{}` is the id of {}, which counts: give this file another name",
                        file.id, first.path
                    );
                    faults.push((file.path.to_owned(), Fault::whole(message)));
                }
                continue;
            }
            match read_own(file.id, file.text, own.len()) {
                Ok((_, compiled)) if rules.len() + compiled.len() > MOST_MATCHERS => {
                    let message = format!(
                        "with this file there are more than {MOST_MATCHERS} matchers in all: remove what is not needed"
                    );
                    faults.push((file.path.to_owned(), Fault::whole(message)));
                }
                Ok((problem, compiled)) => {
                    taken.insert(file.id, file);
                    own.push(Own { owner: file.owner, path: file.path.to_owned(), problem });
                    rules.extend(compiled);
                }
                Err(fault) => faults.push((file.path.to_owned(), fault)),
            }
        }
        let rules = Rules::new(rules).unwrap_or_else(|why| {
            faults.extend(
                own.iter().map(|own| (own.path.clone(), Fault::whole(format!("all files together: {why}")))),
            );
            own.clear();
            Rules::none()
        });
        Self { own, rules, faults }
    }

    /// The same with one fault more, of a file or folder that could not be handed in.
    #[must_use]
    pub fn with_fault(mut self, path: impl Into<String>, fault: Fault) -> Self {
        self.faults.push((path.into(), fault));
        self
    }

    /// The problems, the user's first, by id.
    pub fn own(&self) -> &[Own] {
        &self.own
    }

    /// What could not be used: path of the file, and what is wrong with it.
    pub fn faults(&self) -> &[(String, Fault)] {
        &self.faults
    }

    /// The problems of one's own that the evidence shows, best first, ordered as by [`find`](crate::find).
    pub fn find(&self, evidence: &Evidence) -> Vec<OwnMatch<'_>> {
        if self.own.is_empty() {
            return Vec::new();
        }
        let evidence = evidence.first(LOOKED_AT);
        let found = ordered(&self.rules, &evidence, |index| self.own.get(index).map(|own| &own.problem));
        found
            .into_iter()
            .filter_map(|(index, _, line)| Some(OwnMatch { own: self.own.get(index)?, line }))
            .collect()
    }
}
