//! The page for people that lists the catalogue.

use crate::{Matcher, Problem, catalogue};

/// `docs/known-problems.md`, whole.
pub fn page() -> String {
    let mut problems: Vec<&Problem> = catalogue().iter().collect();
    problems.sort_by_key(|problem| problem.title.to_lowercase());
    let contents: String =
        problems.iter().map(|problem| format!("- [{}](#{})\n", problem.title, problem.id)).collect();
    let sections: String = problems.into_iter().map(section).collect();
    format!("{HEAD}\n{contents}{sections}")
}

const HEAD: &str = "<!-- Written from known-problems/ by the tests of crates/known: UPDATE=1 cargo test -p holdpoint-known -->

# Known problems

What Holdpoint recognises when a step fails, by the texts that AWS, a container or a command left behind. A match
explains; it never acts. A problem is a file of `known-problems/`; to add one, write a file with examples and name it in
`crates/known/src/catalogue.rs`. How to keep problems of your own, and to save a failure as one, stands in
[own-known-problems.md](own-known-problems.md).
";

fn section(problem: &Problem) -> String {
    let Problem { id, title, .. } = problem;
    format!("\n<a id=\"{id}\"></a>\n\n## {title}\n{}", problem.section())
}

impl Problem {
    /// All that is known of it, as Markdown, without its heading.
    pub fn section(&self) -> String {
        let Self { meaning, cause, checks, repairs, source, matchers, .. } = self;
        let patterns: String = matchers.iter().map(|matcher| format!("- {}\n", pattern(matcher))).collect();
        let said = [meaning, cause].map(|text| text.trim()).into_iter().filter(|text| !text.is_empty());
        let mut section: String = said.map(|text| format!("\n{text}\n")).collect();
        if !checks.is_empty() {
            section.push_str(&format!("\nLook at:\n\n{}", numbered(checks)));
        }
        if !repairs.is_empty() {
            section.push_str(&format!("\nTo do:\n\n{}", numbered(repairs)));
        }
        section.push_str(&format!("\nRecognised by:\n\n{patterns}"));
        if !source.trim().is_empty() {
            section.push_str(&format!("\nSource: {}\n", source.trim()));
        }
        section
    }
}

fn numbered(lines: &[String]) -> String {
    lines.iter().enumerate().map(|(index, line)| format!("{}. {}\n", index + 1, line.trim())).collect()
}

fn pattern(matcher: &Matcher) -> String {
    let also = matcher.all.iter().map(|also| format!(", with `{}`", also.regex));
    let not = matcher.none.iter().map(|not| format!(", without `{}`", not.regex));
    format!("`{}`{}", matcher.regex, also.chain(not).collect::<String>())
}
