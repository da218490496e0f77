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
`crates/known/src/catalogue.rs`.
";

fn section(problem: &Problem) -> String {
    let Problem { id, title, meaning, cause, checks, repairs, source, matchers, .. } = problem;
    let patterns: String = matchers.iter().map(|matcher| format!("- {}\n", pattern(matcher))).collect();
    format!(
        "\n<a id=\"{id}\"></a>\n\n## {title}\n\n{}\n\n{}\n\nLook at:\n\n{}\nTo do:\n\n{}\nRecognised by:\n\n{patterns}\nSource: {}\n",
        meaning.trim(),
        cause.trim(),
        numbered(checks),
        numbered(repairs),
        source.trim(),
    )
}

fn numbered(lines: &[String]) -> String {
    lines.iter().enumerate().map(|(index, line)| format!("{}. {}\n", index + 1, line.trim())).collect()
}

fn pattern(matcher: &Matcher) -> String {
    let also = matcher.all.iter().map(|also| format!(", with `{}`", also.regex));
    let not = matcher.none.iter().map(|not| format!(", without `{}`", not.regex));
    format!("`{}`{}", matcher.regex, also.chain(not).collect::<String>())
}
