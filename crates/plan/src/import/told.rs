//! Where commands stand outside of code fences, and which of them a text tells to run.

use super::site::continuation;
use super::unfenced;
use crate::Span;
use crate::document::Part;
use crate::shell::{Reach, Shape, parse, reach_of};

/// What tells somebody to run something, in the languages that plans are written in.
const TELLS: [&str; 45] = [
    "run ",
    "run:",
    "execute",
    "type ",
    "enter ",
    "issue ",
    "invoke",
    "start with",
    "ausführen",
    "führe",
    "führen",
    "aufrufen",
    "starte",
    "eingeben",
    "exécuter",
    "exécutez",
    "lancez",
    "lancer",
    "tapez",
    "ejecute",
    "ejecutar",
    "ejecuta",
    "ejecutamos",
    "corre ",
    "execute",
    "executar",
    "rode ",
    "rodar",
    "esegui",
    "eseguire",
    "lancia",
    "voer ",
    "draai ",
    "uruchom",
    "wykonaj",
    "выполните",
    "выполнить",
    "запустите",
    "виконайте",
    "запустіть",
    "çalıştır",
    "kör ",
    "実行",
    "运行",
    "执行",
];

/// What says that it is not to be run here, or is only spoken of.
const SPEAKS: [&str; 34] = [
    "do not",
    "don't",
    "never",
    "instead of",
    "rather than",
    "equivalent",
    "same as",
    "similar to",
    "as if",
    "for example",
    "e.g.",
    "such as",
    "would",
    "used to",
    "previously",
    "already",
    "no need",
    "without running",
    "if needed",
    "optionally",
    "must not",
    "nicht",
    "statt",
    "anstatt",
    "z. b.",
    "ne pas",
    "n'exécutez",
    "au lieu",
    "no ejecut",
    "en lugar",
    "não ",
    "invece",
    "не ",
    "しない",
];

/// A command outside of a code fence, and where a step for it would go.
#[derive(Debug)]
pub(super) struct Told {
    /// In one line.
    pub(super) command: String,
    pub(super) span: Span,
    /// A byte of the line after which its step would stand.
    pub(super) inside: usize,
    pub(super) lead: String,
    pub(super) place: Place,
    /// What stands before it in its section and would count for it in a shell, as `cd` does.
    pub(super) behind: Option<String>,
}

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Sentence,
    Checklist,
    Table,
    Heading,
    /// It is a line by itself.
    Plain,
}

impl Place {
    /// Why a command there is only offered.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Sentence => "It stands in a sentence. Accepted, it becomes a step after it.",
            Self::Checklist => "It stands in a checklist. Accepted, it becomes a step after that item.",
            Self::Table => "It stands in a table. Accepted, it becomes a step after the table.",
            Self::Heading => "It stands in a heading. Accepted, it becomes a step after it.",
            Self::Plain => "It stands in plain text. Accepted, it becomes a step after it.",
        }
    }

    /// What is said of one that is left alone.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Sentence => "a command in a sentence",
            Self::Checklist => "a command in a checklist",
            Self::Table => "a command in a table",
            Self::Heading => "a command in a heading",
            Self::Plain => "a command in plain text",
        }
    }
}

/// Commands outside of code fences, in order of the file: code in a paragraph or an item that tells to run it, code of an item
/// or a cell of its own, and lines that are commands. Quotes are left to what they are.
pub(super) fn told(text: &str, parts: &[Part]) -> Vec<Told> {
    let spans = |wanted: fn(&Part) -> Option<Span>| {
        let mut spans: Vec<Span> = parts.iter().filter_map(wanted).collect();
        spans.sort();
        spans.into_iter().peekable()
    };
    let mut fences = spans(|part| match part {
        Part::Fence(fence) => Some(fence.span),
        Part::Task(_) | Part::Heading(_) | Part::Row(_) | Part::Comment(_) => None,
    });
    let mut headings = spans(|part| match part {
        Part::Heading(heading) => Some(heading.span),
        Part::Task(_) | Part::Fence(_) | Part::Row(_) | Part::Comment(_) => None,
    });
    let mut seeker = Seeker::default();
    let mut at = 0;
    for line in text.split_inclusive('\n').chain(std::iter::once("")) {
        let start = at;
        at += line.len();
        while fences.next_if(|span| span.end <= start).is_some() {}
        while headings.next_if(|span| span.end <= start).is_some() {}
        let inside = |span: Option<&Span>| span.is_some_and(|span| span.start < at);
        let bare = line.trim();
        if inside(fences.peek()) {
            seeker.ends();
        } else if inside(headings.peek()) {
            seeker.ends();
            seeker.behind = None;
            seeker.heading(start, line);
        } else if bare.starts_with('|') {
            seeker.paragraph();
            seeker.table.push((start, line));
        } else if bare.is_empty() || bare.starts_with(['>', '#', '<']) {
            seeker.ends();
        } else {
            seeker.rows();
            if marker(line).is_some() {
                seeker.paragraph();
            }
            seeker.lines.push((start, line));
        }
    }
    seeker.ends();
    seeker.found
}

/// What has been read and not been looked through yet.
#[derive(Default)]
struct Seeker<'t> {
    lines: Vec<(usize, &'t str)>,
    table: Vec<(usize, &'t str)>,
    behind: Option<String>,
    found: Vec<Told>,
}

impl Seeker<'_> {
    fn ends(&mut self) {
        self.paragraph();
        self.rows();
    }

    /// The commands of a paragraph: an item of a list, or lines that no blank one parts.
    fn paragraph(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        let (Some((_, first)), Some((last, end))) = (lines.first(), lines.last()) else { return };
        // Code by indentation is no sentence.
        if first.starts_with("    ") && marker(first).is_none() || first.starts_with('\t') {
            return;
        }
        let item = marker(first);
        let prefix = item.unwrap_or_else(|| first.len() - first.trim_start_matches(' ').len());
        let lead = continuation(first.get(..prefix).unwrap_or_default());
        let inside = last + end.trim_end().len();
        let boxed = first.get(prefix..).is_some_and(is_boxed);
        let place = if boxed && item.is_some() { Place::Checklist } else { Place::Sentence };
        let mut plain: Option<(String, Span)> = None;
        for (number, (start, line)) in lines.iter().enumerate() {
            let begins = if number == 0 { prefix } else { line.len() - line.trim_start().len() };
            let rest = line.get(begins..).unwrap_or_default().trim_end();
            if let Some((command, span)) = &mut plain {
                command.push(' ');
                command.push_str(rest.trim_end_matches('\\').trim_end());
                span.end = start + begins + rest.len();
            } else if unfenced::is_command(rest) {
                let command = rest.strip_prefix("$ ").unwrap_or(rest).trim_end_matches('\\').trim_end();
                plain = Some((
                    command.to_owned(),
                    Span { start: start + begins, end: start + begins + rest.len() },
                ));
            } else {
                self.moves(rest);
            }
            if !rest.ends_with('\\')
                && let Some((command, span)) = plain.take()
            {
                self.push(command, span, span.end, &lead, Place::Plain);
            }
            let codes = codes(line);
            let speaks = !codes.is_empty() && speaks_of(line);
            for (at, code) in codes {
                self.moves(code);
                let before = line.get(prefix.min(at)..at).unwrap_or_default();
                let after = line.get(at + code.len()..).unwrap_or_default();
                let own = item.is_some() && (is_alone(before, after) || is_named(before, after));
                if (tells(line, at, code.len()) || own && !speaks) && is_command(code) {
                    let span = Span { start: start + at, end: start + at + code.len() };
                    self.push(code.to_owned(), span, inside, &lead, place);
                }
            }
        }
    }

    /// The commands of a table: code that begins its cell. Their steps would stand after the table.
    fn rows(&mut self) {
        let rows = std::mem::take(&mut self.table);
        let Some((last, end)) = rows.last() else { return };
        let inside = last + end.trim_end().len();
        for (start, line) in rows {
            let lead: String = line.chars().take_while(|c| *c == ' ').collect();
            for (at, code) in codes(line) {
                let before = line.get(..at).unwrap_or_default().trim_end_matches(['`', ' ', '*']);
                let begins = before.ends_with('|') && !before.ends_with("\\|");
                if (begins || tells(line, at, code.len())) && is_command(code) && is_whole(code) {
                    let span = Span { start: start + at, end: start + at + code.len() };
                    self.push(code.replace("\\|", "|"), span, inside, &lead, Place::Table);
                }
            }
        }
    }

    fn heading(&mut self, start: usize, line: &str) {
        let inside = start + line.trim_end().len();
        for (at, code) in codes(line) {
            if tells(line, at, code.len()) && is_command(code) && is_whole(code) {
                let span = Span { start: start + at, end: start + at + code.len() };
                self.push(code.to_owned(), span, inside, "", Place::Heading);
            }
        }
    }

    fn push(&mut self, command: String, span: Span, inside: usize, lead: &str, place: Place) {
        let behind = self.behind.clone();
        self.found.push(Told { command, span, inside, lead: lead.to_owned(), place, behind });
    }

    /// Keeps in mind what a shell would keep for the commands that come.
    fn moves(&mut self, code: &str) {
        let mut words = code.split_whitespace();
        let moved = match (words.next(), words.next(), words.next()) {
            (Some("cd" | "pushd" | "source" | "."), Some(_), None) => true,
            (Some("export"), Some(set), _) => set.contains('='),
            _ => false,
        };
        if moved {
            self.behind = Some(code.to_owned());
        }
    }
}

/// `[ ] …`
fn is_boxed(rest: &str) -> bool {
    matches!(rest.as_bytes(), [b'[', b' ' | b'x' | b'X', b']', b' ', ..])
}

/// Whether an item is nothing but its code.
fn is_alone(before: &str, after: &str) -> bool {
    let before = if is_boxed(before) { before.get(4..).unwrap_or_default() } else { before };
    before.trim_matches(['`', ' ', '*']).is_empty()
        && after.trim_matches(['`', ' ', '*', '.', '\n', '\r']).is_empty()
}

/// `Apply the plan: …`, and nothing after it but a remark: an item says what is done, and its code how.
fn is_named(before: &str, after: &str) -> bool {
    let after = after.trim_start_matches('`').trim();
    before.trim_end_matches(['`', ' ', '*']).ends_with([':', '：'])
        && (after.chars().all(|c| matches!(c, '.' | ';' | '*' | '。' | '✅'))
            || after.starts_with(['(', '（', '→', '—', '–']))
}

/// Whether a command has what it works on: `aws ecs update-service` alone is a name.
fn is_whole(code: &str) -> bool {
    let words = code.split_whitespace().count();
    code.contains(" -") || code.contains("://") || words > if code.starts_with("aws ") { 3 } else { 1 }
}

/// Bytes of the mark of an item, with what stands before and after it.
fn marker(line: &str) -> Option<usize> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let rest = line.get(indent..)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match digits {
        0 => rest.starts_with(['-', '*', '+']).then_some(1)?,
        1..=9 => rest.get(digits..)?.starts_with(['.', ')']).then_some(digits + 1)?,
        _ => return None,
    };
    let blank = rest.get(mark..)?.bytes().take_while(|byte| *byte == b' ').count();
    (1..=4).contains(&blank).then_some(indent + mark + blank)
}

/// Longest line that is looked through: a sentence is shorter.
const LONGEST: usize = 4_000;

/// Code between backticks on a line: where, and its text.
fn codes(line: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    if line.len() > LONGEST {
        return found;
    }
    let mut at = 0;
    while let Some(open) = line.get(at..).and_then(|rest| rest.find('`')).map(|open| at + open) {
        let ticks = line.get(open..).unwrap_or_default().bytes().take_while(|byte| *byte == b'`').count();
        let from = open + ticks;
        let fence = "`".repeat(ticks);
        let Some(end) = line.get(from..).and_then(|rest| rest.find(&fence)).map(|end| from + end) else {
            break;
        };
        let code = line.get(from..end).unwrap_or_default();
        let lead = code.len() - code.trim_start().len();
        found.push((from + lead, code.trim()));
        at = end + ticks;
    }
    found
}

/// Whether the sentence around a place tells to run what stands there.
fn tells(line: &str, at: usize, length: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let after = line.get(at + length..).unwrap_or_default();
    // The sentence, without other code.
    let begins = before.rfind(". ").or_else(|| before.rfind('。')).map_or(0, |end| end + 1);
    let ends = after.find(". ").or_else(|| after.find('。')).unwrap_or(after.len());
    let sentence =
        format!(" {} {}", before.get(begins..).unwrap_or_default(), after.get(..ends).unwrap_or_default());
    let sentence = sentence.to_lowercase();
    let speaks = speaks_of(&sentence);
    let told = TELLS.iter().any(|word| {
        sentence.match_indices(word).any(|(at, _)| {
            let before = sentence.get(..at).and_then(|text| text.chars().next_back());
            !before.is_some_and(char::is_alphabetic) || !word.is_ascii()
        })
    });
    told && !speaks
}

/// Whether a text says that what stands in it is not to be run, or only speaks of it.
fn speaks_of(text: &str) -> bool {
    let text = text.to_lowercase();
    SPEAKS.iter().any(|word| text.contains(word))
}

/// A program that is known, with something that it is told to do; not its bare name.
fn is_command(code: &str) -> bool {
    let script = parse(code);
    let [statement] = script.statements.as_slice() else { return false };
    let program = code.split_whitespace().next().unwrap_or_default();
    let own = program.starts_with("./") && program.len() > 2;
    match &statement.shape {
        Shape::Simple(_) | Shape::Pipeline(_) | Shape::List(_) => {
            let reach = reach_of(&statement.shape).reach;
            code.split_whitespace().count() > 1 && !matches!(reach, Reach::Unknown | Reach::Local) || own
        }
        Shape::Assignments(_) | Shape::Compound { .. } | Shape::NotUnderstood(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::told;
    use crate::document::parts;

    fn commands(text: &str) -> Vec<String> {
        told(text, &parts(text, 0)).into_iter().map(|one| one.command).collect()
    }

    #[test]
    fn what_a_sentence_tells_to_run_is_offered() {
        for (text, command) in [
            ("Then run `terraform apply tfplan` from there.", "terraform apply tfplan"),
            ("1. Run `aws ecs list-tasks --cluster shop`\n2. Wait", "aws ecs list-tasks --cluster shop"),
            ("- `docker push shop/api:1`", "docker push shop/api:1"),
            ("Danach `./migrate.sh prod` ausführen.", "./migrate.sh prod"),
            ("Exécutez `terraform plan -out=tfplan` puis lisez-le.", "terraform plan -out=tfplan"),
            ("次に `terraform apply tfplan` を実行します。", "terraform apply tfplan"),
            ("- [ ] Look: `aws ecs list-tasks --cluster shop`", "aws ecs list-tasks --cluster shop"),
            ("- [x] `docker push shop/api:1`", "docker push shop/api:1"),
            ("- **Prüfung:** `aws s3 ls s3://shop-b` → leer", "aws s3 ls s3://shop-b"),
            ("1. Apply: `terraform apply tfplan` (after the review)", "terraform apply tfplan"),
            ("| ECS | `aws ecs list-tasks --cluster shop` (slow) |\n", "aws ecs list-tasks --cluster shop"),
            ("| run `terraform apply tfplan` |", "terraform apply tfplan"),
            ("## Run `terraform apply tfplan`", "terraform apply tfplan"),
            (
                "Then:\n\naws ecs wait services-stable \\\n  --cluster shop --services api\n",
                "aws ecs wait services-stable --cluster shop --services api",
            ),
            ("- docker push -q shop/api:1", "docker push -q shop/api:1"),
            ("Wait.\nFinally, execute ``aws s3 sync a s3://b`` once", "aws s3 sync a s3://b"),
        ] {
            assert_eq!(commands(text), [command], "{text}");
        }
    }

    #[test]
    fn what_a_shell_would_keep_is_known() {
        let text =
            "`cd infra`\n\nRun `terraform apply tfplan`.\n\n## Next\n\nRun `terraform plan -out=tfplan`.\n";
        let found: Vec<_> = told(text, &parts(text, 0)).into_iter().map(|one| one.behind).collect();
        assert_eq!(found, [Some("cd infra".to_owned()), None]);
    }

    #[test]
    fn what_a_sentence_speaks_of_is_not() {
        for text in [
            "Do not run `terraform apply` here.",
            "Never execute `terraform destroy -auto-approve`.",
            "This is equivalent to running `aws ecs list-tasks --cluster shop`.",
            "The output of `aws ecs list-tasks --cluster shop` shows two tasks.",
            "Run it in `eu-central-1` with `--force`.",
            "Run `terraform`.",
            "## What `terraform apply tfplan` does",
            "> run `terraform apply tfplan`",
            "| CI | calls `terraform apply tfplan` |",
            "| Deploy | `aws ecs update-service` |",
            "- [ ] Never run `terraform apply tfplan`",
            "- The image: `docker pull shop/api:1` fetches it",
            "docker and terraform are needed - both of them.",
            "    run `terraform apply tfplan`",
            "```\nrun `terraform apply tfplan`\n```",
            "The prune `docker image prune -f` is nightly.",
        ] {
            assert_eq!(commands(text), Vec::<String>::new(), "{text}");
        }
    }
}
