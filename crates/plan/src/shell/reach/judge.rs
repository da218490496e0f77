//! The verdict on a command, with those that it runs in turn.

use super::arguments::{Arguments, shown, unknown};
use super::table::{Inner, Says, tool};
use super::{sql, web};
use crate::Effect;
use crate::shell::{Command, Redirect, Shape, Word, WordPart, parse, unwrap_command};
use std::borrow::Cow;

/// Commands inside of commands that are looked into.
pub(super) const DEEPEST: usize = 4;

/// What repeating a command would do, from harmless to worst. What is not known counts as worse than a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// It touches this shell and the screen only: `echo`, `cd`, `export`.
    Local,
    /// It changes nothing.
    Read,
    /// It changes something, and twice is as once.
    Idempotent,
    /// It changes something each time.
    Change,
    /// Nothing is known of it.
    Unknown,
    /// It destroys something.
    Destroy,
}

impl Reach {
    /// The effect that a step has which runs such a command.
    pub fn effect(self) -> Effect {
        match self {
            Self::Local | Self::Read => Effect::Read,
            Self::Idempotent => Effect::Idempotent,
            Self::Change | Self::Unknown => Effect::Once,
            Self::Destroy => Effect::Destructive,
        }
    }
}

/// A verdict and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// What repeating would do.
    pub reach: Reach,
    /// Why that is thought, in a clause: "`aws s3 rm` destroys something".
    pub why: Cow<'static, str>,
}

/// What repeating a command would do: its words without wrappers ([`unwrap_command`]), with the commands in its
/// substitutions. Redirects are not looked at; [`reach_of`] does.
pub fn reach(words: &[Word]) -> Reached {
    of_words(words, 0)
}

/// What repeating a statement would do: the worst of its commands, their substitutions and redirects.
pub fn reach_of(shape: &Shape) -> Reached {
    of_shape(shape, 0)
}

/// Whether a word names a program, or a shell's own command, that the tables know.
pub fn known_program(name: &str) -> bool {
    tool(program_of(name)).is_some()
}

fn verdict(reach: Reach, why: impl Into<Cow<'static, str>>) -> Reached {
    Reached { reach, why: why.into() }
}

fn worse(one: Reached, other: Reached) -> Reached {
    if other.reach > one.reach { other } else { one }
}

/// What repeating one command would do, with its redirects.
pub(super) fn reach_of_command(command: &Command) -> Reached {
    of_command(command, 0)
}

fn of_shape(shape: &Shape, depth: usize) -> Reached {
    match shape {
        Shape::Assignments(list) => list
            .iter()
            .map(|assignment| of_parts(std::slice::from_ref(&assignment.value), depth))
            .fold(verdict(Reach::Local, "it sets variables"), worse),
        Shape::NotUnderstood(why) => verdict(Reach::Unknown, why.clone()),
        Shape::Simple(command) => of_command(command, depth),
        Shape::Pipeline(commands) | Shape::Compound { commands, .. } => {
            commands.iter().map(|command| of_command(command, depth)).fold(nothing(), worse)
        }
        Shape::List(items) => items.iter().map(|(_, shape)| of_shape(shape, depth)).fold(nothing(), worse),
    }
}

fn nothing() -> Reached {
    verdict(Reach::Local, "it runs no program")
}

fn of_command(command: &Command, depth: usize) -> Reached {
    let unwrapped = unwrap_command(command);
    let mut found = of_words(&unwrapped.words, depth);
    for assignment in unwrapped.environment.iter() {
        found = worse(found, of_parts(std::slice::from_ref(&assignment.value), depth));
    }
    for redirect in &command.redirects {
        found = worse(found, of_redirect(redirect));
        if let Some(heredoc) = redirect.heredoc.as_ref() {
            found = worse(found, fed(&unwrapped.words, &heredoc.body, depth));
        }
    }
    found
}

/// What a program reads from a heredoc, where that is a script or SQL.
fn fed(words: &[Word], body: &str, depth: usize) -> Reached {
    let program = words.first().map(|word| program_of(&shown(word)).to_owned()).unwrap_or_default();
    match program.as_str() {
        "psql" | "mysql" | "mariadb" | "sqlite3" => sql::judge(body),
        "bash" | "sh" | "zsh" | "ssh" => of_script(body, depth),
        _ => nothing(),
    }
}

fn of_redirect(redirect: &Redirect) -> Reached {
    let operator = redirect.operator.trim_start_matches(|c: char| c.is_ascii_digit());
    let writes = operator.contains('>') && !operator.ends_with('&');
    let target = redirect.target.literal();
    let file = !target.is_some_and(|target| target.starts_with("/dev/"));
    match (writes && file, operator.contains(">>")) {
        (true, true) => verdict(Reach::Change, "it adds to a file"),
        (true, false) => verdict(Reach::Idempotent, "it writes a file"),
        (false, _) => nothing(),
    }
}

fn of_words(words: &[Word], depth: usize) -> Reached {
    crate::work::spend(words.len() + 1);
    let Some(first) = words.first() else { return nothing() };
    let substituted = of_parts(words, depth);
    let name = shown(first);
    if unknown(&name) || name.is_empty() {
        return verdict(Reach::Unknown, "which program it runs is not known before it runs");
    }
    let mut found = of_program(program_of(&name), words, depth);
    if substituted.reach > found.reach {
        found = substituted;
    }
    found
}

fn of_program(program: &str, words: &[Word], depth: usize) -> Reached {
    let arguments = Arguments::of(words);
    let Some(tool) = tool(program) else {
        return match arguments.words() {
            [only] if matches!(only.as_str(), "--version" | "--help" | "-h" | "-V") => {
                verdict(Reach::Read, "it prints about itself")
            }
            _ => verdict(Reach::Unknown, format!("what `{program}` does is not known here")),
        };
    };
    let about_itself = match arguments.words() {
        [only] => matches!(only.as_str(), "--version" | "-version" | "--help" | "-h" | "-V"),
        words => words.last().is_some_and(|last| last == "--help"),
    };
    let Some(answer) = tool.answer(&arguments) else {
        return if about_itself {
            verdict(Reach::Read, "it prints about itself")
        } else {
            verdict(
                Reach::Unknown,
                format!("what {} does is not known here", called(program, &arguments, &tool.values)),
            )
        };
    };
    match answer.says {
        Says::Reach(_) if about_itself => verdict(Reach::Read, "it prints about itself"),
        Says::Reach(reach) if !answer.why.is_empty() => verdict(reach, answer.why),
        Says::Reach(reach) => verdict(reach, because(reach, &called(program, &arguments, &tool.values))),
        Says::Web => web::judge(program, &arguments),
        Says::Sql(options) => of_sql(program, &arguments, options),
        Says::Inner(Inner::Option(option)) => match arguments.value(option) {
            _ if depth >= DEEPEST => deep(),
            Some(script) if option == "-c" || option == "--command" => of_text(script, depth),
            Some(_) => behind(words, &arguments, option, depth),
            None => verdict(Reach::Unknown, "which command it runs is not said"),
        },
        Says::Inner(Inner::Dashes) => behind(words, &arguments, "--", depth),
        Says::Inner(Inner::After(count)) => {
            let skipped = answer.met + count;
            let operands = operands_of(program, &arguments, &tool.values);
            let own = operands.get(skipped).map(|at| at + 1);
            let dashes = arguments.words().iter().position(|word| word == "--").map(|at| at + 2);
            match own.or(dashes).and_then(|at| words.get(at..)) {
                _ if depth >= DEEPEST => deep(),
                Some([only]) if program == "ssh" => of_text(&shown(only), depth + 1),
                Some(inner) if !inner.is_empty() => of_words(inner, depth + 1),
                Some(_) | None => verdict(Reach::Unknown, "what is done in a session is not known"),
            }
        }
    }
}

/// Places of the operands of a program that runs another; options of these take the next word.
fn operands_of(program: &str, arguments: &Arguments, values: &[&str]) -> Vec<usize> {
    const DOCKER: &[&str] = &[
        "-e",
        "--env",
        "-u",
        "--user",
        "-w",
        "--workdir",
        "--env-file",
        "--index",
        "-f",
        "-p",
        "--name",
        "-v",
        "--entrypoint",
    ];
    const SSH: &[&str] =
        &["-i", "-l", "-p", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-m", "-W", "-w", "-E"];
    const XARGS: &[&str] = &["-n", "-I", "-P", "-d", "-L", "-s", "-a", "-E", "-j"];
    let own = match program {
        "ssh" => SSH,
        "xargs" | "parallel" => XARGS,
        _ => DOCKER,
    };
    let all: Vec<&str> = values.iter().chain(own).copied().collect();
    arguments.operands(&all)
}

/// The command behind a mark among the words (`--`, `-exec`).
fn behind(words: &[Word], arguments: &Arguments, mark: &str, depth: usize) -> Reached {
    let at = arguments.words().iter().position(|word| word == mark);
    match at.and_then(|at| words.get(at + 2..)) {
        _ if depth >= DEEPEST => deep(),
        Some(inner) if !inner.is_empty() => of_words(inner, depth + 1),
        Some(_) | None => verdict(Reach::Unknown, "which command it runs is not said"),
    }
}

fn deep() -> Reached {
    verdict(Reach::Unknown, "commands stand too deeply inside of commands")
}

fn of_text(script: &str, depth: usize) -> Reached {
    if unknown(script) && script.trim_matches(['\u{0}', ' ']).is_empty() {
        return verdict(Reach::Unknown, "which command it runs is not known before it runs");
    }
    // What is filled in later stands for an argument, not for nothing.
    of_script(&script.replace('\u{0}', "$LATER"), depth)
}

fn of_script(script: &str, depth: usize) -> Reached {
    if depth >= DEEPEST {
        return deep();
    }
    parse(script)
        .statements
        .iter()
        .map(|statement| of_shape(&statement.shape, depth + 1))
        .fold(nothing(), worse)
}

fn of_sql(program: &str, arguments: &Arguments, options: &str) -> Reached {
    let mut texts = options.split_whitespace().flat_map(|option| arguments.values(option)).peekable();
    if texts.peek().is_none() {
        // `sqlite3 file 'select 1'` has its SQL last.
        let last = arguments.words().last().filter(|last| last.contains(' '));
        return match last {
            Some(text) => sql::judge(text),
            None => verdict(Reach::Unknown, format!("which SQL `{program}` runs is not said here")),
        };
    }
    texts.map(sql::judge).fold(verdict(Reach::Read, "its SQL only reads"), worse)
}

/// What the substitutions in words run.
fn of_parts(words: &[Word], depth: usize) -> Reached {
    let mut found = nothing();
    for part in words.iter().flat_map(|word| &word.parts) {
        let inside = match part {
            WordPart::Command(inside) => inside.as_str(),
            WordPart::Text { .. }
            | WordPart::Variable { .. }
            | WordPart::Arithmetic(_)
            | WordPart::Glob(_)
            | WordPart::Placeholder(_)
            | WordPart::Template(_) => continue,
        };
        found = worse(found, of_script(inside, depth));
    }
    found
}

/// Name of a program without its folder.
fn program_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Program and subcommand, quoted.
fn called(program: &str, arguments: &Arguments, values: &[&str]) -> String {
    let mut text = format!("`{program}");
    for at in arguments.operands(values).into_iter().take(2) {
        let word = arguments.at(at).unwrap_or_default();
        let named = !word.is_empty()
            && word.len() <= 40
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte));
        if !named {
            break;
        }
        text.push(' ');
        text.push_str(word);
    }
    text.push('`');
    text
}

fn because(reach: Reach, called: &str) -> String {
    match reach {
        Reach::Local => format!("{called} touches this shell only"),
        Reach::Read => format!("{called} only reads"),
        Reach::Idempotent => format!("{called} done twice is as done once"),
        Reach::Change => format!("{called} changes something"),
        Reach::Unknown => format!("what {called} does depends on what it is given"),
        Reach::Destroy => format!("{called} destroys something"),
    }
}
