//! Commands in sentences: "then run `aws ecs …`". Nothing is inserted for them unless the operator accepts it: whether a
//! sentence tells to do something or speaks of it, a person sees better.

use super::compose::{Composer, FreeStep};
use super::fences::Purpose;
use super::site::continuation;
use super::{Outcome, Proposal};
use crate::document::{Part, words};
use crate::lift::{Context, Lifted, Verdict, lift};
use crate::shell::{Reach, Shape, parse, reach_of};
use crate::{Effect, Span, rules};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most of them that are offered: a reference of commands is no plan.
const MOST: usize = 200;

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

/// A command in a sentence, and where a step for it would go.
struct Told {
    command: String,
    span: Span,
    /// A byte of the line after which its step would stand.
    inside: usize,
    lead: String,
}

impl Composer<'_> {
    /// Offers what stands in sentences, and inserts what was accepted.
    pub(super) fn sentences(&mut self, parts: &[Part], context: &mut Context) {
        if !self.text.contains('`') {
            return;
        }
        let fenced: BTreeSet<String> = self.made.proposals.iter().map(|one| words(&one.command)).collect();
        let told = told(self.text, parts);
        let mut made: Vec<FreeStep> = Vec::new();
        let walked: Vec<Told> = told
            .into_iter()
            .filter(|one| self.purpose(one.span.start) == Purpose::Walked)
            .take(MOST)
            .collect();
        for one in walked {
            let plain = words(&one.command);
            // The fence below the sentence, or another one, has it.
            if fenced.iter().any(|command| command == &plain || command.starts_with(&format!("{plain} "))) {
                continue;
            }
            let script = parse(&one.command);
            let ([statement], true) = (script.statements.as_slice(), script.problems.is_empty()) else {
                continue;
            };
            let mut own = Context::new(context.facts().clone());
            own.begin_fence();
            let verdict = lift(&script, 0, &one.command, &own);
            let effect = match &verdict {
                Verdict::Lifted(lifted) => effect_of(lifted),
                Verdict::Kept(_) => reach_of(&statement.shape).reach.effect(),
                Verdict::Absorbed { .. } => continue,
            };
            let id = self.id(&one.command);
            let accepted = self.options.accepted.contains(&id) && self.room > 0;
            let outcome = match accepted {
                true => self.accept(&one, &verdict, effect, context, &mut made),
                false => Outcome::Offered {
                    uses: match &verdict {
                        Verdict::Lifted(lifted) => lifted.uses.clone(),
                        Verdict::Kept(_) | Verdict::Absorbed { .. } => "shell".to_owned(),
                    },
                    effect,
                    why: "It stands in a sentence. Accepted, it becomes a step after it.".to_owned(),
                },
            };
            let line = self.lines.line(one.span.start);
            self.made.proposals.push(Proposal { id, span: one.span, line, command: one.command, outcome });
        }
        self.made.free.extend(made);
        self.made.free.sort_by_key(|free| free.inside);
        self.made.proposals.sort_by_key(|one| one.span.start);
    }

    /// A step for a command, where it was asked for.
    fn accept(
        &mut self,
        told: &Told,
        verdict: &Verdict,
        effect: Effect,
        context: &mut Context,
        made: &mut Vec<FreeStep>,
    ) -> Outcome {
        self.room = self.room.saturating_sub(1);
        let mut step = Map::new();
        let (outcome, script) = match verdict {
            Verdict::Lifted(lifted) => {
                let id = self.names.free(lifted.name.clone());
                step.insert("id".to_owned(), id.clone().into());
                step.insert("uses".to_owned(), lifted.uses.clone().into());
                let more = [
                    ("with", (!lifted.with.is_empty()).then(|| Value::Object(lifted.with.clone()))),
                    ("effect", lifted.effect.map(|effect| rules::word(effect).into())),
                    ("expect", lifted.expect.clone()),
                    ("after", (!lifted.after.is_empty()).then(|| lifted.after.clone().into())),
                    ("undo", lifted.undo.clone()),
                ];
                for (key, value) in more {
                    step.extend(value.map(|value| (key.to_owned(), value)));
                }
                lifted.vars.iter().for_each(|var| context.remember(var.clone()));
                let yaml = super::written::mapping(&step, self.made.ascii).join("\n");
                let guessed = lifted.guessed.clone();
                (Outcome::Lifted { uses: lifted.uses.clone(), step: id, yaml, guessed }, None)
            }
            Verdict::Kept(_) | Verdict::Absorbed { .. } => {
                let id = self.names.free("command".to_owned());
                step.insert("id".to_owned(), id.clone().into());
                step.insert("uses".to_owned(), "shell".into());
                if effect != Effect::Once {
                    step.insert("effect".to_owned(), rules::word(effect).into());
                }
                let why = match verdict {
                    Verdict::Kept(kept) => {
                        kept.vars.iter().for_each(|var| context.remember(var.clone()));
                        if !kept.env.is_empty() {
                            step.insert("with".to_owned(), serde_json::json!({ "env": kept.env }));
                        }
                        kept.why.clone()
                    }
                    Verdict::Lifted(_) | Verdict::Absorbed { .. } => String::new(),
                };
                let outcome =
                    Outcome::Kept { uses: "shell".to_owned(), step: id, effect, why, refused: false };
                (outcome, Some(told.command.clone()))
            }
        };
        self.conditions(&mut step, told.span.start, effect.changes());
        made.push(FreeStep { inside: told.inside, lead: told.lead.clone(), steps: vec![step], script });
        outcome
    }
}

fn effect_of(lifted: &Lifted) -> Effect {
    lifted.effect.or(crate::kind(&lifted.uses).map(|kind| kind.effect)).unwrap_or(Effect::Once)
}

/// Commands in sentences, in order of the file: code in a paragraph or an item that tells to run it. Headings, tables, quotes
/// and checklists are left to what they are.
fn told(text: &str, parts: &[Part]) -> Vec<Told> {
    let mut taken = parts
        .iter()
        .filter_map(|part| match part {
            Part::Fence(fence) => Some(fence.span),
            Part::Task(task) => Some(task.span),
            Part::Heading(heading) => Some(heading.span),
            Part::Row(_) | Part::Comment(_) => None,
        })
        .collect::<Vec<_>>();
    taken.sort();
    let mut taken = taken.into_iter().peekable();
    let mut found = Vec::new();
    let mut at = 0;
    let mut lines: Vec<(usize, &str)> = Vec::new();
    for line in text.split_inclusive('\n').chain(std::iter::once("")) {
        let start = at;
        at += line.len();
        while taken.next_if(|span| span.end <= start).is_some() {}
        let inside = taken.peek().is_some_and(|span| span.start < at);
        let bare = line.trim();
        let ends = inside || bare.is_empty() || bare.starts_with(['|', '>', '#', '<']);
        if ends || marker(line).is_some() {
            paragraph(&lines, &mut found);
            lines.clear();
        }
        if !ends {
            lines.push((start, line));
        }
    }
    found
}

/// The commands of a paragraph: an item of a list, or lines that no blank one parts.
fn paragraph(lines: &[(usize, &str)], found: &mut Vec<Told>) {
    let (Some((_, first)), Some((last, end))) = (lines.first(), lines.last()) else { return };
    // Code by indentation is no sentence.
    if first.starts_with("    ") && marker(first).is_none() || first.starts_with('\t') {
        return;
    }
    let prefix = marker(first).unwrap_or_else(|| first.len() - first.trim_start_matches(' ').len());
    let lead = continuation(first.get(..prefix).unwrap_or_default());
    let inside = last + end.trim_end().len();
    for (start, line) in lines {
        for (at, code) in codes(line) {
            let alone = line
                .get(prefix.min(at)..at)
                .is_some_and(|before| before.trim_matches(['`', ' ', '*']).is_empty())
                && line
                    .get(at + code.len()..)
                    .is_some_and(|after| after.trim_matches(['`', ' ', '*', '.', '\n', '\r']).is_empty());
            if (tells(line, at, code.len()) || alone && marker(first).is_some()) && is_command(code) {
                let span = Span { start: start + at, end: start + at + code.len() };
                found.push(Told { command: code.to_owned(), span, inside, lead: lead.clone() });
            }
        }
    }
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

/// Code between backticks on a line: where, and its text.
fn codes(line: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
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
    let speaks = SPEAKS.iter().any(|word| sentence.contains(word));
    let told = TELLS.iter().any(|word| {
        sentence.match_indices(word).any(|(at, _)| {
            let before = sentence.get(..at).and_then(|text| text.chars().next_back());
            !before.is_some_and(char::is_alphabetic) || !word.is_ascii()
        })
    });
    told && !speaks
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
            ("Wait.\nFinally, execute ``aws s3 sync a s3://b`` once", "aws s3 sync a s3://b"),
        ] {
            assert_eq!(commands(text), [command], "{text}");
        }
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
            "## Run `terraform apply tfplan`",
            "> run `terraform apply tfplan`",
            "| run `terraform apply tfplan` |",
            "- [ ] run `terraform apply tfplan`",
            "    run `terraform apply tfplan`",
            "```\nrun `terraform apply tfplan`\n```",
            "The prune `docker image prune -f` is nightly.",
        ] {
            assert_eq!(commands(text), Vec::<String>::new(), "{text}");
        }
    }
}
