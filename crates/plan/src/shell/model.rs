//! What a shell script is made of, with the place of every piece.

use crate::Span;
use std::borrow::Cow;
use std::ops::Range;

/// A script as it is written. Spans count bytes of the text that was parsed.
///
/// Every line that is neither blank nor only a comment belongs to exactly one of `statements` and `output`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// What would be executed, in order.
    pub statements: Vec<Statement>,
    /// Comments, in order; also those inside of a statement that spans several lines.
    pub comments: Vec<Comment>,
    /// What a shell would take differently than its author meant, in order.
    pub problems: Vec<Problem>,
    /// What a command printed, typed into the script below its prompt. It is not executed.
    pub output: Vec<Typed>,
    /// Prompts before commands. They are not executed.
    pub prompts: Vec<Span>,
}

impl Script {
    /// Problems that stand in the lines of a statement. Nothing with a problem should be rewritten by guess.
    pub fn problems_of(&self, statement: &Statement) -> impl Iterator<Item = &Problem> {
        let span = statement.span;
        self.problems.iter().filter(move |problem| {
            problem.span.start < span.end.max(span.start + 1) && problem.span.end >= span.start
        })
    }

    /// Comments that stand above a statement with nothing between them, nearest last.
    pub fn comments_above(&self, statement: &Statement) -> &[Comment] {
        let end = self.comments.partition_point(|comment| comment.span.start < statement.span.start);
        let mut start = end;
        let mut line = statement.lines.start;
        while let Some(comment) = start.checked_sub(1).and_then(|at| self.comments.get(at)) {
            if !comment.own_line || comment.line + 1 != line {
                break;
            }
            line = comment.line;
            start -= 1;
        }
        self.comments.get(start..end).unwrap_or_default()
    }
}

/// What stands between two line ends at the top level; the unit that has an owner. `a; b` on one line is one statement,
/// a [`Shape::List`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// From the first byte of the first command to the last byte of the last one, with the bodies of its heredocs.
    pub span: Span,
    /// Lines that it touches, whole, from 0. No two statements share a line.
    pub lines: Range<usize>,
    /// What it says.
    pub shape: Shape,
    /// Whether it ends in `&`.
    pub background: bool,
}

impl Statement {
    /// All simple commands in it, also those inside of loops and conditions.
    pub fn commands(&self) -> Vec<&Command> {
        let mut found = Vec::new();
        self.shape.collect(&mut found);
        found
    }
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Only variables are set; also by `export`, `readonly`, `local`, `declare` and `typeset`.
    Assignments(Vec<Assignment>),
    /// One command.
    Simple(Command),
    /// Commands whose output goes into the next one; two or more.
    Pipeline(Vec<Command>),
    /// Several of the above, or compounds, joined; two or more.
    List(Vec<(Joint, Box<Shape>)>),
    /// A loop, a condition, a group, a function, a test.
    Compound {
        /// `for`, `while`, `until`, `select`, `if`, `case`, `{`, `(`, `((`, `[[`, `function`, `!` (a negated pipeline), or
        /// `|` (a pipeline with a compound in it).
        word: String,
        /// All simple commands in it, in order, for classification.
        commands: Vec<Command>,
    },
    /// Nothing can be said about it but where it stands; the reason in a sentence.
    NotUnderstood(String),
}

impl Shape {
    pub(super) fn collect<'s>(&'s self, found: &mut Vec<&'s Command>) {
        match self {
            Self::Assignments(_) | Self::NotUnderstood(_) => {}
            Self::Simple(command) => found.push(command),
            Self::Pipeline(commands) | Self::Compound { commands, .. } => found.extend(commands),
            Self::List(items) => items.iter().for_each(|(_, shape)| shape.collect(found)),
        }
    }
}

/// How a command of a list follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Joint {
    /// It is the first.
    First,
    /// `&&`: only if the one before succeeded.
    And,
    /// `||`: only if the one before failed.
    Or,
    /// `;`: after the one before, whatever became of it.
    Then,
    /// `&`: beside the one before, which stays in the background.
    Beside,
}

/// `NAME=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Name of the variable.
    pub name: String,
    /// Its value; `NAME+=x` has `$NAME` before it, an array is one [`WordPart::Glob`].
    pub value: Word,
    /// Whether `export` (or `declare -x`) gives it to every later command.
    pub exported: bool,
    /// Name and value.
    pub span: Span,
}

/// One program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// From its first to its last word, without the bodies of heredocs.
    pub span: Span,
    /// Variables for this command only.
    pub assignments: Vec<Assignment>,
    /// Program first; empty if there are only redirects.
    pub words: Vec<Word>,
    /// In order.
    pub redirects: Vec<Redirect>,
}

/// `> file`, `2>&1`, `<<EOF`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Descriptor, operator and target.
    pub span: Span,
    /// With its descriptor: `>`, `2>`, `>>`, `&>`, `2>&`, `<`, `<<`, `<<-`, `<<<`.
    pub operator: String,
    /// File, descriptor, text (`<<<`) or delimiter (`<<`).
    pub target: Word,
    /// The body, where the operator is `<<` or `<<-`.
    pub heredoc: Option<Heredoc>,
}

/// The text below a command that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// Text that the command reads, with the tabs gone that `<<-` removes.
    pub body: String,
    /// Whether variables and substitutions in it are replaced: the delimiter is not quoted.
    pub expands: bool,
    /// The body in the script, without the line of the delimiter.
    pub span: Span,
}

/// One argument as the shell would pass it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// With its quotes.
    pub span: Span,
    /// Pieces in order; none for `''`.
    pub parts: Vec<WordPart>,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordPart {
    /// Itself, quotes and escapes taken away.
    Text {
        /// What the program would see.
        text: String,
        /// Whether it stood in quotes.
        quoted: bool,
    },
    /// `$NAME`.
    Variable {
        /// Without `$` and braces.
        name: String,
        /// The text of `${NAME:-text}` and `${NAME:=text}`.
        otherwise: Option<String>,
        /// `$x`, `${x}` or `${x:-y}`; not `${x%y}`, `${#x}`, `${x[0]}`, `$@`.
        exact: bool,
    },
    /// What stands inside of `$(…)`, backticks, `<(…)` or `>(…)`.
    Command(String),
    /// What stands inside of `$((…))`.
    Arithmetic(String),
    /// What a shell would expand by files or lists: `*`, `?`, `[a-z]`, `{a,b}`, a leading `~`, an array's `(…)`.
    Glob(String),
    /// Something that was to be filled in: `<arn>`, `YOUR_TOKEN`, `service/…`, with its marks.
    Placeholder(String),
    /// `{{ vars.x }}` of a plan, with its braces.
    Template(String),
}

impl Word {
    /// What the program would see, where that is known: every part is text.
    pub fn literal(&self) -> Option<Cow<'_, str>> {
        match self.parts.as_slice() {
            [] => Some(Cow::Borrowed("")),
            [WordPart::Text { text, .. }] => Some(Cow::Borrowed(text)),
            parts => parts
                .iter()
                .map(|part| match part {
                    WordPart::Text { text, .. } => Some(text.as_str()),
                    WordPart::Variable { .. }
                    | WordPart::Command(_)
                    | WordPart::Arithmetic(_)
                    | WordPart::Glob(_)
                    | WordPart::Placeholder(_)
                    | WordPart::Template(_) => None,
                })
                .collect::<Option<String>>()
                .map(Cow::Owned),
        }
    }

    /// The word as it is written, from the script that was parsed.
    pub fn raw<'s>(&self, script: &'s str) -> &'s str {
        script.get(self.span.start..self.span.end).unwrap_or_default()
    }
}

/// `# text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From `#` to the end of the line.
    pub span: Span,
    /// Without `#` marks and blanks around it.
    pub text: String,
    /// Line, from 0.
    pub line: usize,
    /// Whether nothing but blanks stands before it.
    pub own_line: bool,
}

/// A line that nobody executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The line without its end.
    pub span: Span,
    /// Line, from 0.
    pub line: usize,
}

/// Something that a shell would take differently than its author meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// What is wrong and what to do, in a sentence.
    pub message: String,
    /// What to write in place of the span, where that is certain.
    pub meant: Option<String>,
}
