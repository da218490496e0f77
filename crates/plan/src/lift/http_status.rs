//! Which status a text says should come. One that it speaks of otherwise (`503 means that it still starts`) is none.

/// Words behind which a text speaks of another case than the one that should come.
const OTHERWISE: [&str; 20] = [
    "if",
    "otherwise",
    "when",
    "whenever",
    "unless",
    "else",
    "until",
    "except",
    "instead",
    "once",
    "wenn",
    "falls",
    "sonst",
    "ansonsten",
    "si",
    "sinon",
    "caso",
    "before",
    "while",
    "in case",
];

/// Words of what should not come.
const FAILURES: [&str; 36] = [
    "bad",
    "broken",
    "fail",
    "fails",
    "failed",
    "failure",
    "failing",
    "error",
    "errors",
    "wrong",
    "down",
    "unhealthy",
    "rollback",
    "roll",
    "stop",
    "abort",
    "wait",
    "retry",
    "problem",
    "problems",
    "issue",
    "issues",
    "means",
    "mean",
    "trouble",
    "crash",
    "crashed",
    "escalate",
    "investigate",
    "starting",
    "old",
    "fehler",
    "kaputt",
    "defekt",
    "falla",
    "erreur",
];

/// Words before a code that say that it should come.
const TOLD_BEFORE: [&str; 20] = [
    "status", "code", "return", "returns", "expect", "expected", "be", "get", "gives", "with", "an", "a",
    "response", "is", "output", "respond", "responds", "erwartet", "gibt", "answers",
];

/// Words after a code that name it.
const TOLD_AFTER: [&str; 10] =
    ["ok", "created", "accepted", "no", "found", "forbidden", "unauthorized", "status", "response", "not"];

/// Words after a number that make it no status.
const UNITS: [&str; 12] = [
    "ms",
    "seconds",
    "s",
    "mb",
    "kb",
    "items",
    "rows",
    "records",
    "tasks",
    "times",
    "milliseconds",
    "requests",
];

/// Codes that should come, as far as it is sure.
#[derive(Debug, Default)]
pub(crate) struct Statuses {
    codes: Vec<u64>,
    unsure: bool,
}

impl Statuses {
    /// Takes a line in; whether it speaks of a status.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        let found = codes_in(line);
        let spoken = found.unsure || !found.codes.is_empty();
        self.unsure |= found.unsure;
        self.codes.extend(found.codes);
        spoken
    }

    /// The codes in order, and whether they are not sure: then there are none.
    pub(crate) fn taken(mut self) -> (Vec<u64>, bool) {
        self.codes.sort_unstable();
        self.codes.dedup();
        // That a server fails is no way of answering well beside another.
        let breaks = self.codes.iter().any(|code| *code >= 500) && self.codes.iter().any(|code| *code < 500);
        if self.unsure || breaks {
            return (Vec::new(), true);
        }
        (self.codes, false)
    }
}

/// Status codes that should come: `200 OK`, `HTTP/2 204`, `status 401`, `200 or 204`, or a line that is only a number.
fn codes_in(line: &str) -> Statuses {
    let lower = line.to_lowercase();
    let mut found = Statuses::default();
    let alone = words_of(&lower).len() == 1;
    // Whether codes were told under a condition: another one behind it is as good as they are.
    let mut conditioned = false;
    for clause in clauses(&lower) {
        let words = words_of(clause);
        if conditioned {
            found.unsure |= codes_spoken(&words);
            continue;
        }
        let end = words.iter().position(|word| OTHERWISE.contains(word));
        let (said, rest) = words.split_at(end.unwrap_or(words.len()));
        let codes = told(said, alone, &found.codes);
        if said.iter().any(|word| FAILURES.contains(word)) {
            // `should return a 404 error`, against `500 = broken`.
            let wanted = said
                .iter()
                .any(|word| word.starts_with("expect") || word.starts_with("return") || *word == "should");
            found.unsure |= wanted && codes_spoken(said);
        } else {
            conditioned = end.is_some() && !codes.is_empty();
            found.unsure |= conditioned && (codes_spoken(rest) || codes.iter().any(|code| *code >= 500));
            found.codes.extend(codes);
        }
        if end.is_some() && !conditioned {
            break;
        }
    }
    found
}

/// The parts of a line that may each speak of another status.
fn clauses(line: &str) -> Vec<&str> {
    let mut parts = vec![line];
    for mark in [", ", "; ", ". ", " (", ")", " - ", " – ", " — ", " and ", " but ", " | ", " / "] {
        parts = parts.into_iter().flat_map(|part| part.split(mark)).collect();
    }
    parts
}

fn words_of(text: &str) -> Vec<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '/' | '.')))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.is_empty())
        .collect()
}

fn code(word: &str) -> Option<u64> {
    word.parse().ok().filter(|code| word.len() == 3 && (100..600).contains(code))
}

fn codes_spoken(words: &[&str]) -> bool {
    words.iter().any(|word| code(word).is_some())
}

/// The codes of a clause. One that goes on with a list (`200, 201 or 204`) tells those of the same hundred.
fn told(words: &[&str], alone: bool, before: &[u64]) -> Vec<u64> {
    let mut found: Vec<u64> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(code) = code(word) else { continue };
        let previous = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
        let after = words.get(at + 1).copied().unwrap_or_default();
        let goes_on = at == 0
            && (words.len() == 1 || after == "or")
            && before.last().is_some_and(|one| one / 100 == code / 100);
        let is_told = alone
            || goes_on
            || previous.starts_with("http")
            || TOLD_BEFORE.contains(&previous)
            || TOLD_AFTER.contains(&after)
            || (previous == "or" && !found.is_empty());
        if is_told && !UNITS.contains(&after) {
            found.push(code);
        }
    }
    found
}
