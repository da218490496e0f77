//! Which lines of plain text are commands; and commands in sentences that nobody tells to run: a walk passes them by, and whoever
//! imports the plan is told.

use super::compose::Composer;
use crate::Span;
use crate::lift::{Context, Verdict, lift};
use crate::shell::parse;
use std::collections::BTreeSet;

/// Programs by which a line of plain text is known for a command, if a subcommand follows.
const PROGRAMS: [&str; 7] = ["aws", "docker", "terraform", "tofu", "kubectl", "helm", "podman"];

impl Composer<'_> {
    /// Reports inline code that is a command and is not offered as a step, with what a code fence would make of it.
    pub(super) fn inline(&mut self) {
        let context = Context::new(self.facts());
        let passed: BTreeSet<Span> = self.made.left.iter().map(|one| one.span).collect();
        for said in self.understood.commands_inline.clone() {
            // What is offered, or was accepted, is said there.
            let proposals = &self.made.proposals;
            let from = proposals.partition_point(|one| one.span.end <= said.span.start);
            if proposals.get(from).is_some_and(|one| one.span.start < said.span.end)
                || passed
                    .range(Span { start: said.span.start, end: 0 }..)
                    .next()
                    .is_some_and(|one| one.start < said.span.end)
            {
                continue;
            }
            let script = parse(&said.text);
            let would = match lift(&script, 0, &said.text, &context) {
                Verdict::Lifted(lifted) => format!("become `{}`", lifted.uses),
                Verdict::Kept(kept) => format!("stay a script: {}", kept.why),
                Verdict::Absorbed { why } => format!("need no step: {why}"),
            };
            let why = format!("a run passes it by; in a code fence of its own it would {would}");
            self.leave(said.span, "a command in a sentence", &why);
        }
    }
}

/// `aws ecs describe-services \`, `$ docker push …`: a program, a subcommand and more, and no sentence.
pub(super) fn is_command(line: &str) -> bool {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let mut words = line.split_whitespace();
    let program = words.next().is_some_and(|word| PROGRAMS.contains(&word));
    let plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let subcommand = words.next().is_some_and(plain);
    let more = line.contains(" --") || line.contains(" -") || line.ends_with('\\') || line.contains("://");
    program && subcommand && more && !line.ends_with(['.', ':', '?', '!']) && !line.contains('`')
}

#[cfg(test)]
mod tests {
    use super::is_command;

    #[test]
    fn commands_are_told_from_sentences() {
        for command in
            ["aws ecs describe-services \\", "$ docker push -q shop/api:1", "terraform apply -auto-approve"]
        {
            assert!(is_command(command), "{command}");
        }
        for text in [
            "aws ecs is what runs it.",
            "docker and terraform are needed - both of them.",
            "terraform apply",
            "Use aws ecs update-service --force-new-deployment",
            "aws ecs update-service with `--force-new-deployment`",
        ] {
            assert!(!is_command(text), "{text}");
        }
    }
}
