//! The programs that a script calls: each with its arguments, its variables filled in where they are known.

use super::scene::Listing;
use crate::Span;
use crate::shell::{self, Command, Reach, Shape, Word, WordPart};
use std::borrow::Cow;
use std::collections::HashMap;

/// Substitutions inside of substitutions that are looked into.
const DEEPEST: usize = 3;
/// Longest value of a variable that is filled in.
const LONGEST_VALUE: usize = 512;
/// Most programs of a plan that are looked at.
const MOST: usize = 20_000;

/// A program that is called.
#[derive(Debug)]
pub(crate) struct Call {
    /// Its name without a folder, e.g. `aws`.
    pub(crate) program: String,
    /// Its arguments.
    pub(crate) args: Vec<Arg>,
    /// Where it stands in the plan; a call inside of `$(…)` has the place of that.
    pub(crate) span: Span,
    /// Which listing of the scene.
    pub(crate) listing: usize,
    /// Which statement of the listing's script.
    pub(crate) statement: usize,
    /// The variable that its output is put into.
    pub(crate) captured: Option<String>,
    /// It stands inside of `$(…)`, so that places in it are not known.
    pub(crate) nested: bool,
    /// Again and again: `watch`, a loop.
    pub(crate) repeats: bool,
    /// Something reads its output, or ends it after a while.
    pub(crate) bounded: bool,
    /// Variables for it alone.
    pub(crate) environment: Vec<(String, String)>,
    /// What repeating it would do.
    pub(crate) reach: Reach,
    /// Why that is thought, in a clause.
    pub(crate) why: Cow<'static, str>,
}

/// An argument.
#[derive(Debug, Clone)]
pub(crate) struct Arg {
    /// As the program would see it; what is not known stays as `${NAME}`, `$(…)`.
    pub(crate) text: String,
    /// Whether all of it is known.
    pub(crate) known: bool,
    /// Where it stands in the plan.
    pub(crate) span: Span,
}

/// Variables whose values are known, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    values: HashMap<String, String>,
}

impl Variables {
    fn set(&mut self, name: &str, value: &Word) {
        match self.text(value) {
            (text, true) if text.len() <= LONGEST_VALUE => {
                self.values.insert(name.to_owned(), text);
            }
            _ => {
                self.values.remove(name);
            }
        }
    }

    fn text(&self, word: &Word) -> (String, bool) {
        let (mut text, mut known) = (String::new(), true);
        for part in &word.parts {
            match part {
                WordPart::Text { text: own, .. } => text.push_str(own),
                WordPart::Variable { name, exact: true, otherwise } => {
                    match self.values.get(name).or(otherwise.as_ref()) {
                        Some(value) => text.push_str(value),
                        None => {
                            known = false;
                            text.push_str(&format!("${{{name}}}"));
                        }
                    }
                }
                WordPart::Variable { name, .. } => {
                    known = false;
                    text.push_str(&format!("${{{name}}}"));
                }
                WordPart::Command(inner) => {
                    known = false;
                    text.push_str(&format!("$({inner})"));
                }
                WordPart::Arithmetic(inner) => {
                    known = false;
                    text.push_str(&format!("$(({inner}))"));
                }
                WordPart::Glob(inner) | WordPart::Placeholder(inner) | WordPart::Template(inner) => {
                    known = false;
                    text.push_str(inner);
                }
            }
        }
        (text, known)
    }
}

/// Adds the calls of a listing.
pub(crate) fn gather(at: usize, listing: &Listing<'_>, variables: &mut Variables, calls: &mut Vec<Call>) {
    for (number, statement) in listing.script.statements.iter().enumerate() {
        let place = |span: Span| listing.place(span);
        let mut gatherer = Gatherer { listing: at, statement: number, place: &place, variables, calls };
        gatherer.shape(&statement.shape, false, 0);
    }
}

struct Gatherer<'g> {
    listing: usize,
    statement: usize,
    place: &'g dyn Fn(Span) -> Span,
    variables: &'g mut Variables,
    calls: &'g mut Vec<Call>,
}

impl Gatherer<'_> {
    fn shape(&mut self, shape: &Shape, repeats: bool, depth: usize) {
        match shape {
            Shape::Assignments(list) => {
                for assignment in list {
                    self.substitutions(&assignment.value, Some(&assignment.name), depth);
                    self.variables.set(&assignment.name, &assignment.value);
                }
            }
            Shape::Simple(command) => self.command(command, repeats, false, None, depth),
            Shape::Pipeline(commands) => {
                for (at, command) in commands.iter().enumerate() {
                    self.command(command, repeats, at + 1 < commands.len(), None, depth);
                }
            }
            Shape::List(items) => items.iter().for_each(|(_, shape)| self.shape(shape, repeats, depth)),
            Shape::Compound { word, commands } => {
                let again = repeats || matches!(word.as_str(), "for" | "while" | "until" | "select");
                commands.iter().for_each(|command| self.command(command, again, false, None, depth));
            }
            Shape::NotUnderstood(_) => {}
        }
    }

    fn command(
        &mut self,
        command: &Command,
        repeats: bool,
        piped: bool,
        captured: Option<&str>,
        depth: usize,
    ) {
        for word in &command.words {
            self.substitutions(word, None, depth);
        }
        let unwrapped = shell::unwrap_command(command);
        let place = |span: Span| (self.place)(span);
        let mut args = unwrapped.words.iter().map(|word| {
            let (text, known) = self.variables.text(word);
            Arg { text, known, span: place(word.span) }
        });
        let Some(program) = args.next().filter(|_| self.calls.len() < MOST) else { return };
        let name = program.text.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let args: Vec<Arg> = args.collect();
        let reached = shell::reach(&unwrapped.words);
        let timed = unwrapped
            .wrappers
            .iter()
            .any(|wrapper| matches!(wrapper.kind, shell::WrapperKind::Timeout { .. }));
        let environment = unwrapped
            .environment
            .iter()
            .map(|assignment| (assignment.name.clone(), self.variables.text(&assignment.value).0))
            .collect();
        self.calls.push(Call {
            program: name,
            args,
            span: place(command.span),
            listing: self.listing,
            statement: self.statement,
            captured: captured.map(str::to_owned),
            nested: depth > 0,
            repeats: repeats || unwrapped.repeats,
            bounded: piped || timed || captured.is_some(),
            environment,
            reach: reached.reach,
            why: reached.why,
        });
    }

    /// Programs inside of `$(…)`.
    fn substitutions(&mut self, word: &Word, into: Option<&str>, depth: usize) {
        if depth >= DEEPEST {
            return;
        }
        for part in &word.parts {
            let WordPart::Command(inner) = part else { continue };
            let script = shell::parse(inner);
            let whole = (self.place)(word.span);
            let place = move |_: Span| whole;
            let (listing, statement) = (self.listing, self.statement);
            let first = self.calls.len();
            for inner in &script.statements {
                let mut gatherer = Gatherer {
                    listing,
                    statement,
                    place: &place,
                    variables: self.variables,
                    calls: self.calls,
                };
                gatherer.shape(&inner.shape, false, depth + 1);
            }
            for call in self.calls.iter_mut().skip(first) {
                call.captured = call.captured.take().or_else(|| into.map(str::to_owned));
                call.bounded = true;
            }
        }
    }
}

/// Options of the AWS CLI that stand before or after the service and have a value.
const GLOBAL: [&str; 9] = [
    "--region",
    "--profile",
    "--output",
    "--query",
    "--endpoint-url",
    "--color",
    "--ca-bundle",
    "--cli-read-timeout",
    "--cli-connect-timeout",
];

impl Call {
    /// Service and operation of a call of the AWS CLI.
    pub(crate) fn aws(&self) -> Option<(&str, &str)> {
        (self.program == "aws").then_some(())?;
        let mut words = self.bare().map(|word| word.text.as_str());
        Some((words.next()?, words.next().unwrap_or("")))
    }

    /// Whether it is this operation of the AWS CLI.
    pub(crate) fn is_aws(&self, service: &str, operation: &str) -> bool {
        self.aws() == Some((service, operation))
    }

    /// Arguments that are neither an option nor the value of one that is known to take one.
    pub(crate) fn bare(&self) -> impl Iterator<Item = &Arg> {
        let mut args = self.args.iter();
        std::iter::from_fn(move || {
            loop {
                let arg = args.next()?;
                if GLOBAL.contains(&arg.text.as_str()) {
                    args.next();
                } else if !arg.text.starts_with('-') {
                    return Some(arg);
                }
            }
        })
    }

    /// The value of an option: `--name value` or `--name=value`.
    pub(crate) fn option(&self, name: &str) -> Option<&Arg> {
        let at = self.args.iter().position(|arg| arg.text == name)?;
        self.args.get(at + 1).filter(|arg| !arg.text.starts_with("--"))
    }

    /// The same, also where it is joined by `=`.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.option(name)
            .map(|arg| arg.text.as_str())
            .or_else(|| self.args.iter().find_map(|arg| arg.text.strip_prefix(name)?.strip_prefix('=')))
    }

    /// All values of an option that takes several.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let Some(at) = self.args.iter().position(|arg| arg.text == name) else {
            return self.value(name).into_iter().collect();
        };
        let rest = self.args.iter().skip(at + 1);
        rest.take_while(|arg| !arg.text.starts_with('-')).map(|arg| arg.text.as_str()).collect()
    }

    /// Whether an option stands there, with or without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.args.iter().any(|arg| {
            arg.text == name || arg.text.strip_prefix(name).is_some_and(|rest| rest.starts_with('='))
        })
    }

    /// Where the last argument ends: an option can be added there.
    pub(crate) fn end(&self) -> usize {
        self.args.last().map_or(self.span.end, |arg| arg.span.end)
    }

    /// Subcommand, such as `apply` of `terraform -chdir=x apply`.
    pub(crate) fn verb(&self) -> &str {
        self.args.iter().find(|arg| !arg.text.starts_with('-')).map_or("", |arg| arg.text.as_str())
    }

    pub(crate) fn is_terraform(&self, verb: &str) -> bool {
        matches!(self.program.as_str(), "terraform" | "tofu") && self.verb() == verb
    }

    /// `docker build`, `podman push` and the like.
    pub(crate) fn is_docker(&self, verb: &str) -> bool {
        matches!(self.program.as_str(), "docker" | "podman" | "nerdctl") && self.verb() == verb
    }
}
