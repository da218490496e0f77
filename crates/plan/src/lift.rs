//! Commands of a script into typed steps that do the same: where anything of a command has no place in a step, it stays
//! `shell`, with the reason.
//!
//! Nothing is lifted into a step that would do something else. A wrong lift is worse than none.

mod assigned;
mod aws;
mod aws_apprunner;
mod aws_deployment;
mod aws_ecr;
mod aws_ecs;
mod aws_ecs_reads;
mod aws_ecs_tasks;
mod aws_logs;
mod aws_others;
mod context;
mod docker;
mod docker_later;
mod flags;
mod git;
mod hoist;
mod http;
mod http_printed;
mod http_said;
mod http_status;
mod kept;
mod layers;
mod marks;
mod named;
mod piped;
mod said;
mod shorthand;
mod terraform;
mod terraform_said;
mod undo;
mod values;
mod verdict;
mod waiting;

pub use context::{Context, Facts};
pub use hoist::hoist;
pub(crate) use hoist::shared;
pub(crate) use named::{Named, pieces, speaks_for_itself};
pub use undo::{is_example, subject, way_back};
pub use verdict::{Kept, Lifted, NewVar, Verdict};

use crate::shell::{Command, Joint, Script, Shape, Statement, Unwrapped, Word, WrapperKind, unwrap_command};
use said::Said;
use values::Values;
use verdict::{Answer, Draft, Keep, keep};

/// What becomes of the statement `at` of a script, whose text is `text`. A lifted one may take the statements after it, too.
pub fn lift(script: &Script, at: usize, text: &str, context: &Context) -> Verdict {
    let mut verdict = verdict(script, at, text, context);
    if let (Verdict::Kept(kept), Some(statement)) = (&mut verdict, script.statements.get(at)) {
        kept::with_exported(kept, statement, text, context);
    }
    verdict
}

/// The same, of whose environment only what the statement names is said: a plan may export much.
pub(crate) fn verdict(script: &Script, at: usize, text: &str, context: &Context) -> Verdict {
    crate::work::spend(1);
    let Some(statement) = script.statements.get(at) else {
        return Verdict::Absorbed { why: "There is no such statement.".to_owned() };
    };
    let values = Values::new(context, text);
    let scene = Scene { script, text, at, values };
    match scene.statement(statement) {
        Ok(Answer::Step(draft)) => Verdict::Lifted(Box::new(finished(*draft, scene.values))),
        Ok(Answer::Absorb(why)) => Verdict::Absorbed { why: sentence(&why) },
        Err(Keep(why)) => Verdict::Kept(kept::kept(statement, text, context, sentence(&why))),
    }
}

/// The statement `at` as it stays when it is not lifted, whatever it could become; `why` is a sentence. Of its environment
/// only what it names is said.
pub(crate) fn kept(script: &Script, at: usize, text: &str, context: &Context, why: &str) -> Kept {
    match script.statements.get(at) {
        Some(statement) => kept::kept(statement, text, context, why.to_owned()),
        None => kept::nothing(why.to_owned()),
    }
}

/// A statement and all that tells what it means.
pub(crate) struct Scene<'a> {
    pub(crate) script: &'a Script,
    pub(crate) text: &'a str,
    pub(crate) at: usize,
    pub(crate) values: Values<'a>,
}

/// One command of the statement, without what only says who runs it.
pub(crate) struct Call<'a, 's> {
    pub(crate) scene: &'s Scene<'a>,
    pub(crate) unwrapped: Unwrapped<'s>,
    /// The name of the program, without its folder.
    pub(crate) program: String,
    /// Where its output goes.
    pub(crate) output: Output,
}

/// Where the output of a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    /// To whoever runs it.
    Screen,
    /// To a `grep` for this text, which fails when no line has it.
    Searched {
        /// What a line must hold.
        text: String,
        /// Whether small and capital letters are the same.
        any_case: bool,
    },
    /// Into a variable of the shell.
    Variable(String),
}

impl<'a> Scene<'a> {
    pub(crate) fn context(&self) -> &'a Context {
        self.values.context
    }

    /// What should come of so many statements from this one on.
    pub(crate) fn said(&self, take: usize) -> Said {
        Said::of(self.script, self.text, self.at, take, self.context())
    }

    /// The statement so many after this one, as the one command that it is.
    pub(crate) fn later(&self, count: usize) -> Option<Call<'a, '_>> {
        let statement = self.script.statements.get(self.at + count)?;
        if statement.background || self.script.problems_of(statement).next().is_some() {
            return None;
        }
        match &statement.shape {
            Shape::Simple(command) => self.call(command, Output::Screen).ok(),
            Shape::Assignments(_)
            | Shape::Pipeline(_)
            | Shape::List(_)
            | Shape::Compound { .. }
            | Shape::NotUnderstood(_) => None,
        }
    }

    fn statement(&self, statement: &Statement) -> Result<Answer, Keep> {
        if let Shape::NotUnderstood(why) = &statement.shape {
            return keep(why.clone());
        }
        if let Some(problem) = self.script.problems_of(statement).next() {
            return keep(problem.message.clone());
        }
        if statement.background {
            return keep("it runs in the background, beside what comes after it");
        }
        self.shape(&statement.shape)
    }

    fn shape(&self, shape: &Shape) -> Result<Answer, Keep> {
        match shape {
            Shape::Assignments(assignments) => assigned::lift(self, assignments),
            Shape::Simple(command) => self.command(command, Output::Screen),
            Shape::Pipeline(commands) => piped::lift(self, commands),
            Shape::List(items) => self.list(items),
            Shape::Compound { word, commands } => waiting::compound(self, word, commands),
            Shape::NotUnderstood(why) => keep(why.clone()),
        }
    }

    /// `cd x && y`, `y && echo done`, `y || exit 1`: one command that does something, among others that need no step.
    fn list(&self, items: &[(Joint, Box<Shape>)]) -> Result<Answer, Keep> {
        if let Some(((_, first), rest)) = items.split_first()
            && let Shape::Simple(command) = first.as_ref()
            && assigned::moves(first)
            && !rest.is_empty()
        {
            return self.elsewhere(command, rest);
        }
        let mut found: Option<Answer> = None;
        let mut absorbed: Vec<String> = Vec::new();
        for (joint, shape) in items {
            let gives_up = matches!(shape.as_ref(), Shape::Simple(command) if is_giving_up(command));
            if *joint == Joint::Or {
                if gives_up {
                    continue;
                }
                return keep("what comes after `||` runs only when it fails");
            }
            if *joint == Joint::Beside {
                return keep("it runs in the background, beside what comes after it");
            }
            let says = match shape.as_ref() {
                Shape::Simple(command) => assigned::is_talk(command),
                Shape::Assignments(_)
                | Shape::Pipeline(_)
                | Shape::List(_)
                | Shape::Compound { .. }
                | Shape::NotUnderstood(_) => false,
            };
            if says {
                absorbed.push("It only says something.".to_owned());
                continue;
            }
            if assigned::moves(shape) {
                return keep(
                    "it goes to another folder and does more on the same line: write that as two lines",
                );
            }
            match self.shape(shape)? {
                Answer::Absorb(why) => absorbed.push(why),
                Answer::Step(draft) if draft.take > 1 => return keep("it does several things in one line"),
                Answer::Step(draft) => match found {
                    Some(_) => return keep("it does several things in one line"),
                    None => found = Some(Answer::Step(draft)),
                },
            }
        }
        Ok(found.unwrap_or_else(|| Answer::Absorb(absorbed.join(" "))))
    }

    /// `cd x && y`: y, seen from there.
    fn elsewhere(&self, first: &Command, rest: &[(Joint, Box<Shape>)]) -> Result<Answer, Keep> {
        let mut context = self.context().clone();
        assigned::learn_command(&mut context, first);
        let there = Scene {
            script: self.script,
            text: self.text,
            at: self.at,
            values: Values::new(&context, self.text),
        };
        let answer = there.list(rest);
        self.values.absorb(there.values);
        match answer? {
            Answer::Step(draft) if draft.take > 1 => keep("it does several things in one line"),
            Answer::Step(draft) => Ok(Answer::Step(draft)),
            Answer::Absorb(_) => keep("it goes to another folder and back"),
        }
    }

    /// A command of the statement.
    pub(crate) fn command(&self, command: &Command, output: Output) -> Result<Answer, Keep> {
        if assigned::is_talk(command) {
            return Ok(Answer::Absorb("It only says something.".to_owned()));
        }
        let call = self.call(command, output)?;
        if let Some(answer) = assigned::command(&call)? {
            return Ok(answer);
        }
        if call.unwrapped.repeats {
            return waiting::repeated(&call);
        }
        call.lift()
    }

    pub(crate) fn call<'s>(&'s self, command: &'s Command, output: Output) -> Result<Call<'a, 's>, Keep> {
        let unwrapped = unwrap_command(command);
        kept::redirects(unwrapped.redirects, &self.values)?;
        for wrapper in &unwrapped.wrappers {
            match &wrapper.kind {
                WrapperKind::Environment => return keep("it gets its variables from somewhere else"),
                WrapperKind::Folder => {
                    return keep("it runs in another folder than the lines around it: write `cd` before it");
                }
                WrapperKind::Timeout { limit } => {
                    self.values.guess(format!("the limit of {limit} is left to the step's own `timeout`"));
                }
                WrapperKind::Privilege => self.values.guess("it is done without `sudo`"),
                WrapperKind::Credential { .. }
                | WrapperKind::Assignments
                | WrapperKind::Watch { .. }
                | WrapperKind::Other => {}
            }
        }
        let program = match unwrapped.words.first() {
            Some(word) => self.values.text(word)?,
            None => return keep("it names no program"),
        };
        let program = program.rsplit('/').next().unwrap_or(&program).to_owned();
        Ok(Call { scene: self, unwrapped, program, output })
    }
}

impl<'a> Call<'a, '_> {
    /// The words after the program.
    pub(crate) fn arguments(&self) -> &[Word] {
        self.unwrapped.words.get(1..).unwrap_or_default()
    }

    pub(crate) fn values(&self) -> &Values<'a> {
        &self.scene.values
    }

    pub(crate) fn context(&self) -> &'a Context {
        self.scene.context()
    }

    /// The word at a place after the program, when it has no variables.
    pub(crate) fn word(&self, at: usize) -> Option<String> {
        self.arguments().get(at)?.literal().map(|text| text.into_owned())
    }

    /// By the program.
    pub(crate) fn lift(&self) -> Result<Answer, Keep> {
        match self.program.as_str() {
            "aws" => aws::lift(self),
            "terraform" | "tofu" => terraform::lift(self),
            "docker" | "podman" => docker::lift(self),
            "skopeo" | "crane" => docker::copy(self),
            "curl" => http::curl(self),
            "wget" => http::wget(self),
            "git" => git::lift(self),
            "open" | "xdg-open" | "start" => waiting::open(self),
            "sleep" => keep("it only lets time pass: say what is waited for, and a check can wait for it"),
            name => keep(format!("`{}` has no typed step", said::short(&marks::written(name)))),
        }
    }
}

fn finished(draft: Draft, values: Values<'_>) -> Lifted {
    let context = values.context;
    let reaches = values.reached();
    let (mut vars, guessed) = values.taken();
    let with = marks::written_map(draft.with);
    let expect =
        (!draft.expect.is_empty()).then(|| serde_json::Value::Object(marks::written_map(draft.expect)));
    let used = marks::variables(&(&with, &expect));
    vars.retain(|var| used.contains(&var.name));
    let own = vars.len();
    for var in context.vars_named(used.iter().map(String::as_str)) {
        if !vars.iter().take(own).any(|known| known.name == var.name) {
            vars.push(var);
        }
    }
    Lifted {
        take: draft.take,
        uses: draft.uses.to_owned(),
        name: name_of(&draft.name),
        sets: draft.sets,
        makes: draft.makes,
        reaches,
        undo: undo::of(draft.uses, &with),
        vars,
        after: Vec::new(),
        effect: draft.effect,
        guessed: guessed.into_iter().map(|guess| sentence(&guess)).collect(),
        with,
        expect,
    }
}

/// `deploy_api` of `deploy api-v2`: fit for an id.
fn name_of(text: &str) -> String {
    let name = values::var_name(&marks::written(text).replace("vars.", ""));
    let mut short: String = name.chars().take(40).collect();
    while short.ends_with('_') {
        short.pop();
    }
    short
}

/// `exit 1`, `return 1`, `false`.
fn is_giving_up(command: &Command) -> bool {
    let words: Option<Vec<_>> = command.words.iter().map(Word::literal).collect();
    let words = words.unwrap_or_default();
    match words.iter().map(AsRef::as_ref).collect::<Vec<&str>>().as_slice() {
        ["exit" | "return", code] => code.parse::<u8>().is_ok_and(|code| code != 0),
        ["false"] => true,
        _ => false,
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let text = marks::written(text);
    let text = text.trim();
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}
