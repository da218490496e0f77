//! Scripts that a shell reads differently than their author: typographic quotes, empty variables, failures passed by.

use super::named_again::{Quoting, quoting};
use super::scene::{Listing, Scene};
use crate::findings::Findings;
use crate::shell::{Command, Reach, Shape, Word, WordPart};
use crate::{Edit, Fix, Level, Role, Severity};

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for (at, listing) in scene.listings.iter().enumerate() {
        misread(listing, findings);
        for statement in &listing.script.statements {
            for command in statement.commands() {
                removal(listing, command, findings);
            }
        }
        blind_removal(listing, findings);
        passed_by(scene, at, listing, findings);
    }
}

/// What a shell takes differently.
fn misread(listing: &Listing<'_>, findings: &mut Findings<'_>) {
    if listing.role == Some(Role::Reference) {
        return;
    }
    for problem in &listing.script.problems {
        let span = listing.place(problem.span);
        let fix = problem.meant.as_ref().map(|meant| Fix {
            title: format!("Write `{}`", crate::findings::short(meant)),
            edits: vec![Edit::replace(span, meant.clone())],
        });
        findings.add(Severity::Warning, "shell-text", span, problem.message.clone(), None, fix);
    }
    words_of_lambda(listing, findings);
}

/// `orders:$LATEST` without single quotes: Lambda's word for the newest code is a variable of the shell, which is empty.
fn words_of_lambda(listing: &Listing<'_>, findings: &mut Findings<'_>) {
    const WORD: &str = "$LATEST";
    let text = listing.fence.body.text.as_str();
    if !text.contains(WORD) || !text.contains("lambda") || text.contains("LATEST=") {
        return;
    }
    let Some(places) = quoting(text) else { return };
    for (at, _) in text.match_indices(WORD) {
        let before = text.get(..at).unwrap_or_default();
        let meant = before.ends_with(':')
            || before.ends_with("--qualifier ")
            || before.ends_with("--function-version ");
        if !meant || !matches!(places.get(&at), Some(Quoting::None | Quoting::Double)) {
            continue;
        }
        let span = listing.place(crate::Span { start: at, end: at + WORD.len() });
        findings.add(
            Severity::Warning,
            "shell-text",
            span,
            "for a shell `$LATEST` is a variable, and an empty one: Lambda never sees it",
            None,
            Some(Fix {
                title: "Write `\\$LATEST`".to_owned(),
                edits: vec![Edit::replace(span, format!("\\{WORD}"))],
            }),
        );
    }
}

/// `rm -rf $DIR/`: with an empty variable that is `rm -rf /`.
fn removal(listing: &Listing<'_>, command: &Command, findings: &mut Findings<'_>) {
    let words = crate::shell::unwrap_command(command).words;
    let mut words = words.iter();
    if words.next().and_then(Word::literal).as_deref() != Some("rm") {
        return;
    }
    let rest: Vec<&Word> = words.collect();
    let recursive = rest.iter().filter_map(|word| word.literal()).any(|word| {
        word == "--recursive" || word.starts_with('-') && !word.starts_with("--") && word.contains(['r', 'R'])
    });
    for word in rest.into_iter().filter(|_| recursive) {
        // A guarded variable (`${X:?}`) is not `exact`.
        let [WordPart::Variable { name, exact: true, otherwise: None }, rest @ ..] = word.parts.as_slice()
        else {
            continue;
        };
        let below = match rest {
            [] => false,
            [WordPart::Text { text, .. }, ..] => text.starts_with('/'),
            [WordPart::Glob(_), ..] => true,
            _ => false,
        };
        if !below {
            continue;
        }
        let span = listing.place(word.span);
        let raw = word.raw(&listing.fence.body.text);
        let (plain, braced) = (format!("${name}"), format!("${{{name}}}"));
        let meant = if raw.contains(&braced) {
            raw.replacen(&braced, &format!("${{{name}:?}}"), 1)
        } else {
            raw.replacen(&plain, &format!("${{{name}:?}}"), 1)
        };
        findings.add(
            Severity::Warning,
            "rm-variable",
            span,
            format!("where `{name}` is empty, this removes from the root of the file system"),
            Some(format!("Write `${{{name}:?}}`, which stops when it is empty.")),
            Some(Fix { title: format!("Write `${{{name}:?}}`"), edits: vec![Edit::replace(span, meant)] }),
        );
    }
}

/// `cd build` and then `rm -rf *`: where there is no `build`, it removes what stands here.
fn blind_removal(listing: &Listing<'_>, findings: &mut Findings<'_>) {
    let mut careful = false;
    let mut moved = None;
    for statement in &listing.script.statements {
        let Shape::Simple(command) = &statement.shape else {
            moved = None;
            continue;
        };
        let words: Vec<String> =
            command.words.iter().map(|word| word.raw(&listing.fence.body.text).to_owned()).collect();
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["set", flags, ..] if flags.starts_with('-') && flags.contains('e') => careful = true,
            ["cd", _] => moved = Some(command.span),
            ["rm", rest @ ..] if moved.is_some() && !careful => {
                let relative = rest.iter().any(|word| !word.starts_with(['-', '/', '~', '$', '"', '\'']));
                let recursive = rest.iter().any(|word| word.starts_with('-') && word.contains(['r', 'R']));
                if let Some(span) = moved.filter(|_| relative && recursive) {
                    findings.add(
                        Severity::Warning,
                        "cd-unchecked",
                        listing.place(span),
                        "where this folder is missing, `cd` fails and the `rm` below works in the folder before",
                        Some("Join them: `cd … && rm …`.".to_owned()),
                        None,
                    );
                }
            }
            _ => {}
        }
    }
}

/// A script of a step that goes on after a command has failed.
fn passed_by(scene: &Scene<'_>, at: usize, listing: &Listing<'_>, findings: &mut Findings<'_>) {
    if scene.level != Level::Checked || listing.owner.is_none() || listing.fence.body.text.contains("set -") {
        return;
    }
    let calls: Vec<_> = scene.calls_of(at).iter().filter(|call| !call.nested).collect();
    // The exit code of a script is that of its last command: a change before it may fail unseen.
    let last = calls.iter().map(|call| call.statement).max().unwrap_or(0);
    let lost = calls
        .iter()
        .find(|call| call.statement < last && matches!(call.reach, Reach::Change | Reach::Destroy));
    if let Some(call) = lost {
        findings.add(
            Severity::Warning,
            "failure-passed-by",
            call.span,
            "when this fails the script goes on, and the step passes if its last command does",
            Some("Begin the script with `set -euo pipefail`.".to_owned()),
            Some(Fix {
                title: "Begin with `set -euo pipefail`".to_owned(),
                edits: vec![Edit::insert(listing.fence.body.place(0), "set -euo pipefail\n")],
            })
            .filter(|_| {
                matches!(listing.fence.language(), "bash" | "zsh")
                    && !listing.fence.body.text.starts_with("#!")
                    && listing.is_flush(scene.text)
            }),
        );
    }
}
