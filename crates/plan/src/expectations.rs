//! What the comments of a command say should come of it: `# Expected: …`, `# Should return 200 OK`.

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
    let mut found: Vec<Expectation> = Vec::new();
    let mut open = false;
    for (index, line) in script.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix('#').filter(|rest| !rest.starts_with('!')) else {
            open = false;
            continue;
        };
        let text = comment.trim_start_matches('#').trim();
        if begins(text) {
            found.push(Expectation { line: index + 1, text: text.to_owned() });
            open = text.ends_with(':');
        } else if open && let Some(last) = found.last_mut() {
            last.text.push('\n');
            last.text.push_str(text);
        }
    }
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
        let script = "#!/bin/sh\n# Check it\ncurl x\n# Expected:\n# {\"a\": 1}\n# b\n\n# Should return 200 OK\nls # Should not count\n# Second request should be faster\n";
        let found = expectations(script);
        let lines: Vec<usize> = found.iter().map(|one| one.line).collect();
        assert_eq!(lines, [4, 8, 10]);
        assert_eq!(found[0].text, "Expected:\n{\"a\": 1}\nb");
    }
}
