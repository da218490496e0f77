//! What the comments of a command say should come of it: `# Expected: …`, `# Should return 200 OK`.

use crate::shell::{Script, Shape, parse};

/// An expectation in a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Line of the script, from 1.
    pub line: usize,
    /// What the comment says, without its mark; the lines of an "Expected:" block together.
    pub text: String,
}

/// Expectations in the comments of a script, in order. They are shown beside the output and judged by a person.
pub fn expectations(script: &str) -> Vec<Expectation> {
    // No shell has a comment without it.
    if !script.contains('#') {
        return Vec::new();
    }
    expectations_of(&parse(script), script)
}

/// The same of a script that has been read already.
pub(crate) fn expectations_of(read: &Script, script: &str) -> Vec<Expectation> {
    let mut found: Vec<Expectation> = Vec::new();
    // The line on which a comment would still belong to the expectation above it.
    let mut open = None;
    for Said { line, text, own_line } in comments(read, script) {
        if begins(&text) {
            open = text.ends_with(':').then_some(line + 1);
            found.push(Expectation { line: line + 1, text });
        } else if open == Some(line)
            && own_line
            && let Some(last) = found.last_mut()
        {
            last.text.push('\n');
            last.text.push_str(&text);
            open = Some(line + 1);
        }
    }
    found
}

struct Said {
    /// From 0.
    line: usize,
    text: String,
    own_line: bool,
}

/// Comments of a script. Where a statement is not understood, its lines that begin with `#` are taken for comments.
fn comments(read: &Script, script: &str) -> Vec<Said> {
    let mut found: Vec<Said> = Vec::new();
    for comment in &read.comments {
        let shebang =
            script.get(comment.span.start..comment.span.end).is_some_and(|raw| raw.starts_with("#!"));
        if !shebang {
            let text = comment.text.clone();
            found.push(Said { line: comment.line, text, own_line: comment.own_line });
        }
    }
    let mut broken =
        read.statements.iter().filter(|one| matches!(one.shape, Shape::NotUnderstood(_))).peekable();
    if broken.peek().is_none() {
        return found;
    }
    let lines: Vec<&str> = script.lines().collect();
    for statement in broken {
        for line in statement.lines.clone() {
            let raw = lines.get(line).copied().unwrap_or_default().trim_start();
            if raw.starts_with('#') {
                found.push(Said {
                    line,
                    text: raw.trim_start_matches('#').trim().to_owned(),
                    own_line: true,
                });
            }
        }
    }
    found.sort_by_key(|one| one.line);
    found
}

fn begins(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["expected", "expect ", "should ", "you should see", "must ", "returns ", "output:"]
        .iter()
        .any(|lead| lower.starts_with(lead))
        || lower.contains(" should be ")
        || lower.contains(" should return")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_that_expect() {
        let script = "#!/bin/sh\n# Check it\ncurl x\n# Expected:\n# {\"a\": 1}\n# b\n\n# Should return 200 OK\nls # Should list it\n# Second request should be faster\n";
        let found = expectations(script);
        let lines: Vec<usize> = found.iter().map(|one| one.line).collect();
        assert_eq!(lines, [4, 8, 9, 10]);
        assert_eq!(found[0].text, "Expected:\n{\"a\": 1}\nb");
    }

    #[test]
    fn what_only_looks_like_a_comment_expects_nothing() {
        let script =
            "echo '\n# Expected: a\n' # Should be b\ncat <<EOF\n# Expected: c\nEOF\necho x#should be d\n";
        let found = expectations(script);
        let told: Vec<(usize, &str)> = found.iter().map(|one| (one.line, one.text.as_str())).collect();
        assert_eq!(told, [(3, "Should be b")]);
    }

    #[test]
    fn comments_in_what_is_not_understood_still_expect() {
        let found = expectations("for x in a; do\n# Expected: one line\necho $x\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
    }
}
