//! Filter patterns for unstructured events: terms, "quoted phrases", -excluded, ?any (CloudWatch Logs user guide, "Filter pattern syntax").

use crate::aws_error::AwsError;

/// A pattern, read. The empty one matches everything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pattern {
    all: Vec<String>,
    none: Vec<String>,
    any: Vec<String>,
}

impl Pattern {
    /// Reads a pattern. JSON, space-delimited and regular-expression patterns are refused by name.
    pub(crate) fn parse(text: &str) -> Result<Self, AwsError> {
        let text = text.trim();
        if text.starts_with('{') || text.starts_with('[') || text.starts_with('%') {
            return Err(AwsError::invalid_parameter(format!(
                "Invalid filter pattern: the holdpoint simulator does not implement JSON, space-delimited and regular-expression patterns: {text}"
            )));
        }
        let mut pattern = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (list, after) = match rest.as_bytes()[0] {
                b'-' => (&mut pattern.none, &rest[1..]),
                b'?' => (&mut pattern.any, &rest[1..]),
                _ => (&mut pattern.all, rest),
            };
            let (term, left) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| {
                    AwsError::invalid_parameter(format!(
                        "Invalid filter pattern: a quotation mark is not closed: {text}"
                    ))
                })?,
                None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !after.starts_with('"') && !term.chars().all(|c| plain(c) || !c.is_ascii()) {
                return Err(AwsError::invalid_parameter(format!("Invalid character(s) in term '{term}'")));
            }
            if !term.is_empty() {
                list.push(term.to_owned());
            }
            rest = left.trim_start();
        }
        Ok(pattern)
    }

    /// Terms are case-sensitive and match anywhere.
    pub(crate) fn matches(&self, message: &str) -> bool {
        self.all.iter().all(|term| message.contains(term))
            && !self.none.iter().any(|term| message.contains(term))
            && (self.any.is_empty()
                || !self.all.is_empty()
                || self.any.iter().any(|term| message.contains(term)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, message: &str, fits: bool) {
        assert_eq!(Pattern::parse(pattern).unwrap().matches(message), fits, "{pattern} on {message}");
    }

    #[test]
    fn patterns() {
        check("", "anything", true);
        check("ERROR", "[ERROR] disk", true);
        check("ERROR", "[error] disk", false);
        check("ERROR disk", "disk: ERROR", true);
        check("ERROR tape", "disk: ERROR", false);
        check("\"listening on 0.0.0.0\"", "now listening on 0.0.0.0:8080", true);
        check("\"listening on 0.0.0.0\"", "listening 0.0.0.0 on", false);
        check("ERROR -timeout", "ERROR timeout", false);
        check("ERROR -\"read timeout\"", "ERROR timeout", true);
        check("?ERROR ?WARN", "WARN low", true);
        check("?ERROR ?WARN", "INFO low", false);
        // Beside a plain term, ?terms no longer count (user guide).
        check("?ERROR INFO", "INFO low", true);
        check("-ERROR", "INFO", true);
        for refused in ["{ $.a = 1 }", "[ip, user]", "%\\d+%", "\"open", "a.b"] {
            assert!(Pattern::parse(refused).is_err(), "{refused}");
        }
    }
}
