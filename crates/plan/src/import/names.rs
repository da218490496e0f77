//! Ids for what an import adds: free in the file, and near to what the author calls the thing.

use crate::document::{Fence, Part};
use crate::sections::slug;
use std::collections::{HashMap, HashSet};

/// Ids that are taken.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    numbers: HashMap<String, usize>,
    /// Names in the order in which they were given, each with its base and the base's number before.
    given: Vec<(String, String, usize)>,
}

impl Names {
    /// Those that fences of the file state already.
    pub(super) fn of(parts: &[Part]) -> Self {
        let mut names = Self::default();
        for part in parts {
            if let Part::Fence(fence) = part
                && matches!(fence.role(), Some("step" | "stage"))
            {
                names.taken.extend(stated(fence));
            }
        }
        names
    }

    /// A free id near to a title: `Step 3: Apply Terraform` gives `apply_terraform`.
    pub(super) fn near(&mut self, title: &str, fallback: &str) -> String {
        let title = title.split(" (").next().filter(|title| !slug(title).is_empty()).unwrap_or(title);
        let base = match slug(unnumbered(title)) {
            empty if empty.is_empty() => slug(title),
            base => base,
        };
        self.free(if base.is_empty() { fallback.to_owned() } else { base })
    }

    /// The name itself, or with a number.
    pub(super) fn free(&mut self, base: String) -> String {
        let number = self.numbers.entry(base.clone()).or_insert(1);
        let before = *number;
        let mut name = base.clone();
        while !self.taken.insert(name.clone()) {
            *number += 1;
            name = format!("{base}_{number}");
        }
        self.given.push((name.clone(), base, before));
        name
    }

    /// Where to go back to.
    pub(super) fn mark(&self) -> usize {
        self.given.len()
    }

    /// Takes back what was given since a mark.
    pub(super) fn back(&mut self, mark: usize) {
        for (name, base, before) in self.given.drain(mark.min(self.given.len())..).rev() {
            self.taken.remove(&name);
            self.numbers.insert(base, before);
        }
    }
}

fn stated(fence: &Fence) -> Option<String> {
    let line = fence.body.text.lines().find_map(|line| line.strip_prefix("id:"))?;
    Some(line.trim().trim_matches(['"', '\'']).to_owned())
}

/// A title without what only numbers it: "Step 3:", "2.", "Phase A –".
pub(super) fn unnumbered(title: &str) -> &str {
    let plain = title.trim_start_matches(|c: char| !c.is_alphanumeric());
    let (head, rest) = match plain.find([':', '.', ')', '–', '—', '-']) {
        Some(at) => plain.split_at(at),
        None => return plain,
    };
    let mut words = head.split_whitespace();
    let short = head.split_whitespace().count() <= 2 && head.len() <= 24;
    let numbers = words.next_back().is_some_and(|last| {
        last.chars().all(|c| c.is_numeric()) || (last.chars().count() == 1 && head.contains(' '))
    });
    let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    if short && numbers && !rest.is_empty() { rest } else { plain }
}

#[cfg(test)]
mod tests {
    use super::unnumbered;

    #[test]
    fn numbers_are_no_part_of_a_name() {
        for (title, name) in [
            ("Step 3: Apply Terraform", "Apply Terraform"),
            ("✅ 2. Build and push", "Build and push"),
            ("Phase A – wire", "wire"),
            ("Pre-deployment checks", "Pre-deployment checks"),
            ("Stage 1", "Stage 1"),
            ("Roll-back", "Roll-back"),
        ] {
            assert_eq!(unnumbered(title), name);
        }
    }
}
