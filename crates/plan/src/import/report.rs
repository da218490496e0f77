//! What an import did, as Markdown: counts first, then every command with its line, then what is left to a person.

use super::{Import, ImportState, Outcome, Proposal};
use crate::Severity;
use std::fmt::Write;

/// How many of each outcome there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Commands became typed steps.
    pub lifted: usize,
    /// Commands stayed scripts.
    pub kept: usize,
    /// Commands need no step of their own.
    pub absorbed: usize,
    /// Commands outside of code fences are offered.
    pub offered: usize,
    /// Something was left alone.
    pub left: usize,
}

impl Import {
    /// How many of each outcome there are.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { left: self.left.len(), ..Counts::default() };
        for proposal in &self.proposals {
            match proposal.outcome {
                Outcome::Lifted { .. } => counts.lifted += 1,
                Outcome::Kept { .. } => counts.kept += 1,
                Outcome::Absorbed { .. } => counts.absorbed += 1,
                Outcome::Offered { .. } => counts.offered += 1,
            }
        }
        counts
    }

    /// One sentence for the file as a whole.
    pub fn said(&self) -> String {
        let counts = self.counts();
        match self.state {
            ImportState::Imported => format!(
                "{} became a checked plan: {} lifted, {} kept as scripts, {} in need of no step, {} left alone.{}",
                plural(self.proposals.len() - counts.offered, "command"),
                counts.lifted,
                counts.kept,
                counts.absorbed,
                counts.left,
                said_of_offers(counts.offered)
            ),
            ImportState::CheckedAlready => "This is a checked plan already; nothing was inserted.".to_owned(),
            ImportState::NothingToWalk => {
                let nothing = "There is no fence of commands, no checklist and no stage in it, so nothing was inserted.";
                match counts.offered {
                    0 => nothing.to_owned(),
                    many => format!("{nothing} Offered outside of code fences: {}.", plural(many, "command")),
                }
            }
            ImportState::Unchanged => "Nothing was inserted: the file cannot be changed safely.".to_owned(),
        }
    }

    /// What was done with every command, and why, as Markdown.
    pub fn report(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "# Import of {}\n\n{}\n", inline(&self.reading.plan.title), self.said());
        if let Some(offer) = &self.offer {
            let done =
                if self.repaired { "Repaired" } else { "Damaged, and left so (`--repair` repairs it)" };
            let guessed = match offer.guessed {
                0 => String::new(),
                some => format!(", {some} of them completed by guess"),
            };
            let places = plural(offer.places, "place");
            let _ = writeln!(out, "{done}: {}: {places}{guessed}.\n", inline(&offer.damage));
        }
        self.counted(&mut out);
        self.section(&mut out, "Lifted into typed steps", |one| match &one.outcome {
            Outcome::Lifted { uses, step, guessed, .. } => {
                let mut text = format!("`{uses}` as `{step}`");
                for guess in guessed {
                    let _ = write!(text, "\n  - assumed: {}", inline(guess));
                }
                Some(text)
            }
            Outcome::Kept { .. } | Outcome::Absorbed { .. } | Outcome::Offered { .. } => None,
        });
        self.section(&mut out, "Kept as they are", |one| match &one.outcome {
            Outcome::Kept { uses, step, effect, why, refused } => {
                let refused = if *refused { "refused; " } else { "" };
                Some(format!(
                    "`{uses}` as `{step}`, {}: {refused}{}",
                    crate::rules::word(*effect),
                    inline(why)
                ))
            }
            Outcome::Lifted { .. } | Outcome::Absorbed { .. } | Outcome::Offered { .. } => None,
        });
        self.section(&mut out, "In need of no step", |one| match &one.outcome {
            Outcome::Absorbed { why } => Some(inline(why)),
            Outcome::Lifted { .. } | Outcome::Kept { .. } | Outcome::Offered { .. } => None,
        });
        self.section(&mut out, "Offered: `--accept ID` makes a step of it", |one| match &one.outcome {
            Outcome::Offered { uses, effect, why } => {
                Some(format!("`{uses}`, {}: {}", crate::rules::word(*effect), inline(why)))
            }
            Outcome::Lifted { .. } | Outcome::Kept { .. } | Outcome::Absorbed { .. } => None,
        });
        if !self.left.is_empty() {
            let _ = writeln!(out, "## Left alone\n");
            for one in &self.left {
                let _ = writeln!(out, "- line {}: {}: {}", one.line, inline(&one.what), inline(&one.why));
            }
            out.push('\n');
        }
        self.findings(&mut out);
        out
    }

    fn counted(&self, out: &mut String) {
        let counts = self.counts();
        let count = |severity| self.reading.diagnostics.iter().filter(|one| one.severity == severity).count();
        let _ = writeln!(out, "| what | how many |\n|---|---|");
        for (what, many) in [
            ("commands", self.proposals.len() - counts.offered),
            ("lifted into typed steps", counts.lifted),
            ("kept as scripts", counts.kept),
            ("in need of no step", counts.absorbed),
            ("left alone", counts.left),
        ]
        .into_iter()
        .chain((counts.offered > 0).then_some(("offered", counts.offered)))
        .chain([
            ("stages", self.reading.plan.stages.len()),
            ("steps", self.reading.plan.steps().count()),
            ("errors in the result", count(Severity::Error)),
            ("warnings", count(Severity::Warning)),
            ("notes", count(Severity::Note)),
        ]) {
            let _ = writeln!(out, "| {what} | {many} |");
        }
        out.push('\n');
    }

    fn section(&self, out: &mut String, title: &str, say: impl Fn(&Proposal) -> Option<String>) {
        let mut lines = self.proposals.iter().filter_map(|one| Some((one, say(one)?))).peekable();
        if lines.peek().is_none() {
            return;
        }
        let _ = writeln!(out, "## {title}\n");
        for (one, said) in lines {
            let _ = writeln!(out, "- line {}: {} → {said} (`{}`)", one.line, code(&one.command), one.id);
        }
        out.push('\n');
    }

    fn findings(&self, out: &mut String) {
        if self.reading.diagnostics.is_empty() {
            return;
        }
        let _ = writeln!(out, "## Findings of the result\n");
        for one in &self.reading.diagnostics {
            let severity = match one.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            let _ = write!(out, "- line {}: {severity} `{}`: {}", one.line, one.code, inline(&one.message));
            if let Some(hint) = &one.hint {
                let _ = write!(out, " {}", inline(hint));
            }
            out.push('\n');
        }
    }
}

fn said_of_offers(offered: usize) -> String {
    match offered {
        0 => String::new(),
        1 => " 1 more stands outside of code fences and is offered.".to_owned(),
        many => format!(" {many} more stand outside of code fences and are offered."),
    }
}

/// A command in one line of code, cut where it is long.
fn code(command: &str) -> String {
    let line = crate::document::words(command);
    let line = match line.char_indices().nth(100) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    };
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{line}{pad}{ticks}")
}

/// Text of the author's in a line of the report, so that it cannot become a heading, a table or HTML.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for c in crate::document::words(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '|' => out.push_str("\\|"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
