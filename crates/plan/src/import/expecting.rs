//! What must come of a script that is kept: what a text says word for word that it prints, and with which code it ends. Prose is
//! for a person to judge, and what is another each time is not compared.

use super::blocks::Block;
use super::compose::Composer;
use crate::document::Fence;
use crate::shell::{Script, Shape, Statement, Word, unwrap_command};
use regex::Regex;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Most lines of an answer that are compared.
const MOST: usize = 5;
/// Longest line that is compared.
const LONGEST: usize = 120;

/// Programs whose answers go to standard output, whatever becomes of what they say besides.
const PRINTS: [&str; 33] = [
    "aws",
    "cat",
    "ls",
    "grep",
    "egrep",
    "rg",
    "jq",
    "yq",
    "echo",
    "printf",
    "head",
    "tail",
    "wc",
    "sort",
    "uniq",
    "cut",
    "awk",
    "sed",
    "tr",
    "column",
    "psql",
    "kubectl",
    "dig",
    "nslookup",
    "host",
    "hostname",
    "uname",
    "date",
    "sha256sum",
    "node",
    "cargo",
    "systemctl",
    "whoami",
];

/// `exit code 2`, `Exit-Code: 2`, `code de sortie 2`.
static ENDS_WITH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:exit(?:s| with)?[ -]?(?:code|status)|return code|exit(?:s)? with|rückgabewert|beendigungscode|code de (?:sortie|retour)|código de (?:salida|saída|retorno)|codice di uscita|exitcode|kod wyjścia|код (?:выхода|завершения|возврата|завершення)|çıkış kodu|終了コード|退出码|退出碼|종료 코드)\W{0,4}(?:is |of |von |ist |должен быть |は|为|為)?\W{0,3}(\d{1,3})\b",
    )
    .ok()
});

/// One of these stands in every line in which [`ENDS_WITH`] finds something, in lower case.
const CODE_WORDS: [&str; 11] =
    ["exit", "code", "código", "codice", "rückgabewert", "kod ", "код ", "kodu", "コード", "退出", "코드"];

/// What changes from run to run: dates, times, addresses, ids, counts of bytes, ages.
static UNSTEADY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)\d{4}-\d{2}-\d{2} | \d{1,2}:\d{2} | \d+\.\d+\.\d+\.\d+ | \b[0-9a-f]*(?:\d[0-9a-f]*[a-f]|[a-f][0-9a-f]*\d)[0-9a-f]{5,}\b | \b\d{5,}\b | \bago\b
          | \d\s?(?:ms|s|sec|seconds|minutes?|m|h|[kmg]i?b|bytes|%)\b | x{3,} | \byyyy | \.\.\. | … | [<>~≈$*{}\[\]│─┌├└|] | \t | \s{3,} | ^\s*[-•+=\#]",
    )
    .ok()
});

impl Composer<'_> {
    /// Puts into a step what the comments of its script, and after the last script of a fence the text, say for sure.
    pub(super) fn expect_of_script(
        &mut self,
        fence: &Fence,
        script: &Script,
        block: &Block,
        text: &str,
        last: bool,
        step: &mut Map<String, Value>,
    ) {
        if step.get("uses").and_then(Value::as_str) != Some("shell") {
            return;
        }
        let statements = script.statements.get(block.statements.clone()).unwrap_or_default();
        let mut found =
            Said { prints: is_printed(statements), codes: text.contains("http_code"), ..Said::default() };
        for comment in crate::expectations(text) {
            found.comment(&comment.text);
        }
        if last {
            let numbers = self.said.get(&fence.span.start).map(Vec::as_slice).unwrap_or_default();
            for one in numbers.iter().filter_map(|number| self.understood.expectations.get(*number)) {
                found.prose(&one.text, &one.literal);
            }
        }
        let mut expect = Map::new();
        // The exit code of a script is that of its last command.
        if let ([_], [exit]) = (statements, found.exits.as_slice())
            && *exit != 0
        {
            expect.insert("exit".to_owned(), json!(exit));
        }
        found.texts.dedup();
        found.texts.truncate(MOST);
        if !found.texts.is_empty() {
            expect.insert("stdout_contains".to_owned(), json!(found.texts));
        }
        if !expect.is_empty() {
            step.insert("expect".to_owned(), Value::Object(expect));
        }
    }
}

/// What is said of a script.
#[derive(Default)]
struct Said {
    texts: Vec<String>,
    exits: Vec<u64>,
    /// Whether what it prints comes on standard output for sure.
    prints: bool,
    /// Whether it prints the status of a request.
    codes: bool,
}

impl Said {
    /// A comment: what stands below "Expected output:", what is quoted, or a word such as `ACTIVE`.
    fn comment(&mut self, text: &str) {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        if is_negated(first) {
            return;
        }
        self.code(first);
        let lower = first.to_lowercase();
        if !rest.is_empty() {
            let printed = lower.contains("output") || lower.contains("prints");
            return self.block(rest.lines().map(str::trim), printed);
        }
        let value = first.split_once(':').map_or("", |(_, value)| value.trim());
        match quoted(first).as_slice() {
            [one] => self.literal(one),
            [] if lower.starts_with("expected output") || lower.starts_with("output") => self.literal(value),
            [] if is_word(value) => self.literal(value),
            _ => {}
        }
    }

    /// Prose after the fence: a block of what is printed, or code at the end of the line.
    fn prose(&mut self, text: &str, literal: &[String]) {
        if is_negated(text.lines().next().unwrap_or_default()) {
            return;
        }
        if literal.is_empty() {
            self.code(text);
            if is_status(text.trim()) {
                self.literal(text.trim());
            }
            return;
        }
        self.block(literal.iter().map(String::as_str), true);
    }

    fn code(&mut self, line: &str) {
        if !line.bytes().any(|byte| byte.is_ascii_digit()) {
            return;
        }
        // Most comments speak of nothing of the kind, and need not be looked at closely.
        let lower = line.to_lowercase();
        if !CODE_WORDS.iter().any(|word| lower.contains(word)) {
            return;
        }
        let found = ENDS_WITH.as_ref().and_then(|ends| ends.captures(line));
        self.exits.extend(
            found.and_then(|found| found.get(1)?.as_str().parse::<u64>().ok()).filter(|code| *code < 256),
        );
    }

    /// Lines of an answer; where it is not said that they are printed, each must be a word of its own kind.
    fn block<'l>(&mut self, lines: impl Iterator<Item = &'l str>, printed: bool) {
        for line in lines.filter(|line| !line.is_empty()) {
            if printed || is_word(line) {
                self.literal(line);
            }
        }
    }

    fn literal(&mut self, text: &str) {
        let text = text.trim();
        let number = text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (2..=LONGEST).contains(&text.len())
            && text.chars().any(char::is_alphanumeric)
            // A bare number stands in many an answer; the status of a request only where the script prints it.
            && (!number || self.codes && is_status(text))
            && UNSTEADY.as_ref().is_some_and(|unsteady| !unsteady.is_match(text))
            && !text.contains("\":");
        if self.prints && fits {
            self.texts.push(text.to_owned());
        }
    }
}

/// Whether all that is printed comes on standard output: of each statement that prints, the last program does, and nothing
/// is kept in a file or a variable.
fn is_printed(statements: &[Statement]) -> bool {
    let mut any = false;
    for statement in statements {
        let commands = match &statement.shape {
            Shape::Assignments(_) => continue,
            Shape::Simple(command) => vec![command],
            Shape::Pipeline(commands) => commands.last().into_iter().collect(),
            Shape::List(_) | Shape::Compound { .. } | Shape::NotUnderstood(_) => return false,
        };
        for command in commands {
            let both = command
                .redirects
                .iter()
                .any(|redirect| redirect.operator == "2>&" || redirect.operator == "2>&1");
            let away = command.redirects.iter().any(|redirect| {
                let operator = redirect.operator.trim_start_matches('1');
                operator.starts_with('>') || operator.starts_with("&>")
            });
            let words = unwrap_command(command).words;
            let program = words.first().and_then(Word::literal).unwrap_or_default();
            let program = program.rsplit('/').next().unwrap_or_default().to_owned();
            let has = |option: &str| words.iter().filter_map(Word::literal).any(|word| word == option);
            let prints = PRINTS.contains(&program.as_str())
                || program == "curl" && !has("-v") && !has("--verbose") && !has("-o") && !has("-O")
                || program == "curl" && has("-w") && !has("-v")
                || matches!(program.as_str(), "docker" | "podman")
                    && ["ps", "images", "inspect", "version"].iter().any(|word| has(word))
                || matches!(program.as_str(), "terraform" | "tofu")
                    && ["output", "version", "validate", "workspace", "state"].iter().any(|word| has(word));
            if away || !(both || prints) {
                return false;
            }
            any = true;
        }
    }
    any
}

/// `ACTIVE`, `PONG`, `ROLLOUT_COMPLETED`: a word that no sentence has.
fn is_word(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        || is_status(text)
}

/// `200`: three digits, as a status of HTTP has.
fn is_status(text: &str) -> bool {
    text.len() == 3
        && text.starts_with(['2', '3', '4', '5'])
        && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands in backticks or double quotes.
fn quoted(text: &str) -> Vec<&str> {
    let mark = if text.contains('`') { '`' } else { '"' };
    text.split(mark).skip(1).step_by(2).filter(|piece| !piece.trim().is_empty()).collect()
}

/// Whether a sentence says what must not be.
fn is_negated(text: &str) -> bool {
    let lower = format!(" {} ", text.to_lowercase());
    [
        " not ",
        " no ",
        "n't ",
        " never ",
        " without ",
        " nothing ",
        " empty ",
        " nicht ",
        " kein",
        " ohne ",
        " pas ",
        " sans ",
        " aucun",
        " sin ",
        " ningun",
        " ningún",
        " não ",
        " sem ",
        " non ",
        " senza ",
        " niet ",
        " geen ",
        " nie ",
        " bez ",
        " не ",
        " нет ",
        " без ",
        " yok",
        "ない",
        "不",
        "无",
        "無",
        "없",
        " or ",
        " oder ",
        " ou ",
        " lub ",
        " или ",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{ENDS_WITH, Said, UNSTEADY};

    #[test]
    fn exit_codes_are_read_in_several_languages() {
        assert!(ENDS_WITH.is_some() && UNSTEADY.is_some());
        for (text, code) in [
            ("Expected: exit code 2", Some(2)),
            ("Should exit with 3 when there are changes", Some(3)),
            ("Erwartet: Exit-Code 2", Some(2)),
            ("Attendu : code de sortie 1", Some(1)),
            ("Ожидается код выхода 2", Some(2)),
            ("終了コード：2", Some(2)),
            ("Expected: 2 services", None),
            ("Expected: status code 200", None),
        ] {
            let mut said = Said::default();
            said.code(text);
            assert_eq!(said.exits.first().copied(), code, "{text}");
        }
    }

    #[test]
    fn what_changes_from_run_to_run_is_not_compared() {
        let mut said = Said { prints: true, ..Said::default() };
        for text in [
            "2026-01-02 deployed",
            "started at 12:30",
            "task 0123456789abcdef0 is up",
            "10.0.3.17 answers",
            "done in 14s",
            "api   ACTIVE   2",
            "<version> is running",
            "Deploying…",
            "2",
            "200",
            "{\"status\": \"ok\"}",
        ] {
            said.literal(text);
            assert!(said.texts.is_empty(), "{text}");
        }
        for text in ["healthy", "api is running version 1.4", "ACTIVE", "All 12 migrations are applied."] {
            said.literal(text);
            assert_eq!(said.texts.pop().as_deref(), Some(text));
        }
    }
}
