//! Where a fence may be cut: between two statements, above the comments of the second, below what is said of the first.

use crate::expectations_of;
use crate::shell::Script;
use std::collections::BTreeSet;

/// What the lines between statements are.
pub(super) struct Gaps {
    comments: BTreeSet<usize>,
    blank: BTreeSet<usize>,
}

impl Gaps {
    pub(super) fn of(script: &Script, text: &str) -> Self {
        let said: BTreeSet<usize> = expectations_of(script, text)
            .iter()
            .flat_map(|one| {
                let first = one.line.saturating_sub(1);
                first..first + one.text.split('\n').count()
            })
            .collect();
        let own = script.comments.iter().filter(|comment| comment.own_line).map(|comment| comment.line);
        Self {
            // What a comment expects is said of the command above it.
            comments: own.filter(|line| !said.contains(line)).collect(),
            blank: text
                .split('\n')
                .enumerate()
                .filter(|(_, line)| line.trim().is_empty())
                .map(|(at, _)| at)
                .collect(),
        }
    }

    /// The line at which the second of two statements begins, with the comments above it: between the line after the
    /// first one's last and its own.
    pub(super) fn cut(&self, after: usize, own: usize) -> usize {
        let mut cut = own;
        let mut line = own;
        while line > after {
            line -= 1;
            if self.comments.contains(&line) {
                cut = line;
            } else if !self.blank.contains(&line) {
                break;
            }
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::Gaps;
    use crate::shell::parse;

    #[test]
    fn comments_go_with_the_command_below_and_expectations_with_the_one_above() {
        let text = "# First\nls a\n# Expected: b\n# more of it\n\n# Second\n\n# of two\nls c\n# last\n";
        let script = parse(text);
        assert_eq!(script.statements.len(), 2);
        assert_eq!(Gaps::of(&script, text).cut(2, 8), 3);
        let text = "ls a\n# Expected:\n# {}\n# Then\nls b\n";
        assert_eq!(Gaps::of(&parse(text), text).cut(1, 4), 4);
        let text = "$ ls a\nout\n$ ls b\n";
        assert_eq!(Gaps::of(&parse(text), text).cut(1, 2), 2);
    }
}
