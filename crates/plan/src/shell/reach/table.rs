//! The tables: a file a family of tools, a rule a line, the first that fits counts.
//!
//! ```text
//! tool NAME…                      rules up to the next `tool` are for these programs
//! values OPTION…                  options that take the next word and may stand before a subcommand
//! REACH PATTERN…  why             two blanks before the reason; without a reason, one is made of the reach
//! ```
//!
//! `REACH` is `local`, `read`, `idempotent`, `change`, `destroy`, `unknown`, or names who looks further: `sql OPTION…` (into the
//! SQL that the options hold), `inner` (at the command behind `--`, behind `after N` words, or in an option), `web` (at the
//! method of a request). A pattern is met word by word by the arguments that are no options: `a|b` either, `a-*` a beginning,
//! `*` any, `$` none left; `+--x` asks for an option, `+-X:VALUE` for its value, `~TEXT` for a text in any argument, and `-x`
//! for an option in the place of a subcommand.

use super::arguments::Arguments;
use super::judge::Reach;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a rule says of a command that it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Reach(Reach),
    /// SQL in the values of these options.
    Sql(&'static str),
    /// The command that starts at this word, counted from 0, or that an option holds.
    Inner(Inner),
    Web,
}

/// Where the command stands that another one runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inner {
    /// Behind `--`.
    Dashes,
    /// After so many words that are no options, those of the pattern not counted.
    After(usize),
    /// In the value of an option.
    Option(&'static str),
}

pub(super) struct Rule {
    says: Says,
    tokens: Vec<Token>,
    why: &'static str,
}

/// What a rule answered.
pub(super) struct Answer {
    pub(super) says: Says,
    pub(super) why: &'static str,
    /// Words that are no options and that the pattern met.
    pub(super) met: usize,
}

#[derive(Default)]
pub(super) struct Tool {
    pub(super) values: Vec<&'static str>,
    rules: Vec<Rule>,
    /// Places of the rules that ask for one of these words first.
    begun: HashMap<&'static str, Vec<usize>>,
    /// Places of the others.
    open: Vec<usize>,
}

impl Tool {
    pub(super) fn answer(&self, arguments: &Arguments) -> Option<Answer> {
        let operands = arguments.operands(&self.values);
        let first = operands.first().and_then(|at| arguments.at(*at));
        let begun = first.and_then(|word| self.begun.get(word)).map(Vec::as_slice).unwrap_or_default();
        // Both in order, as the rules are.
        let (mut begun, mut open) = (begun.iter().peekable(), self.open.iter().peekable());
        std::iter::from_fn(|| match (begun.peek(), open.peek()) {
            (Some(one), Some(other)) if one < other => begun.next(),
            (Some(_), None) => begun.next(),
            (_, _) => open.next(),
        })
        .filter_map(|at| self.rules.get(*at))
        .find_map(|rule| {
            let met = rule.meets(arguments, &operands)?;
            Some(Answer { says: rule.says, why: rule.why, met })
        })
    }

    fn add(&mut self, rule: Rule) {
        let place = self.rules.len();
        match rule.first_words() {
            Some(words) => words.for_each(|word| self.begun.entry(word).or_default().push(place)),
            None => self.open.push(place),
        }
        self.rules.push(rule);
    }
}

/// One word of a pattern, read once: a plan is full of commands, and each is held against many rules.
enum Token {
    /// An option is given.
    Given(&'static str),
    /// An option has this value.
    Valued(&'static str, &'static str),
    /// A text stands in any argument.
    Says(&'static str),
    /// No word is left.
    End,
    /// A word, or an option in its place, in one of these forms.
    Word(Vec<Form>),
}

enum Form {
    Exactly(&'static str),
    Any,
    /// How it begins and how it ends.
    Between(&'static str, &'static str),
}

impl Token {
    fn read(token: &'static str) -> Self {
        if let Some(option) = token.strip_prefix('+') {
            return match option.split_once(':') {
                Some((option, value)) => Self::Valued(option, value),
                None => Self::Given(option),
            };
        }
        match token.strip_prefix('~') {
            Some(text) => Self::Says(text),
            None if token == "$" => Self::End,
            None => Self::Word(token.split('|').map(Form::read).collect()),
        }
    }
}

impl Form {
    fn read(form: &'static str) -> Self {
        match form.split_once('*') {
            None => Self::Exactly(form),
            Some(("", "")) => Self::Any,
            Some((lead, tail)) => Self::Between(lead, tail),
        }
    }

    fn is_option(&self, arguments: &Arguments) -> bool {
        match self {
            Self::Exactly(option) => option.starts_with('-') && arguments.has(option),
            Self::Any | Self::Between(..) => false,
        }
    }

    fn fits(&self, word: &str) -> bool {
        match self {
            Self::Exactly(exactly) => *exactly == word,
            Self::Any => true,
            Self::Between(lead, tail) => {
                !word.is_empty() && word.strip_prefix(lead).is_some_and(|rest| rest.ends_with(tail))
            }
        }
    }
}

impl Rule {
    /// The words of which the first operand must be one, where the rule asks for nothing but exact words there.
    fn first_words(&self) -> Option<impl Iterator<Item = &'static str>> {
        let first = self.tokens.iter().find(|token| matches!(token, Token::Word(_) | Token::End))?;
        let Token::Word(forms) = first else { return None };
        let exact = |form: &Form| match form {
            Form::Exactly(word) if !word.starts_with('-') => Some(*word),
            Form::Exactly(_) | Form::Any | Form::Between(..) => None,
        };
        let words: Option<Vec<&'static str>> = forms.iter().map(exact).collect();
        words.map(Vec::into_iter)
    }

    fn meets(&self, arguments: &Arguments, operands: &[usize]) -> Option<usize> {
        let mut met = 0;
        for token in &self.tokens {
            let operand = operands.get(met).and_then(|at| arguments.at(*at));
            let fits = match token {
                Token::Given(option) => arguments.has(option),
                Token::Valued(option, value) => {
                    arguments.value(option).is_some_and(|given| given.eq_ignore_ascii_case(value))
                }
                Token::Says(text) => arguments.words().iter().any(|word| word.contains(text)),
                Token::End => operand.is_none(),
                Token::Word(forms) => {
                    let option = forms.iter().any(|form| form.is_option(arguments));
                    let named =
                        !option && operand.is_some_and(|word| forms.iter().any(|form| form.fits(word)));
                    met += usize::from(named);
                    option || named
                }
            };
            if !fits {
                return None;
            }
        }
        Some(met)
    }
}

/// The rules for a program.
pub(super) fn tool(name: &str) -> Option<&'static Tool> {
    TABLES.by_name.get(name).and_then(|at| TABLES.tools.get(*at))
}

#[derive(Default)]
struct Tables {
    tools: Vec<Tool>,
    by_name: HashMap<&'static str, usize>,
    /// Lines that say nothing; a test asks that there are none.
    wrong: Vec<String>,
}

const FILES: [&str; 5] = [
    include_str!("aws.txt"),
    include_str!("infrastructure.txt"),
    include_str!("containers.txt"),
    include_str!("code.txt"),
    include_str!("machine.txt"),
];

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables::default();
    for line in FILES.iter().flat_map(|file| file.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        if !tables.line(line) {
            tables.wrong.push(line.to_owned());
        }
    }
    tables
});

impl Tables {
    /// Takes one line in; whether it says something.
    fn line(&mut self, line: &'static str) -> bool {
        if let Some(names) = line.strip_prefix("tool ") {
            let at = self.tools.len();
            self.tools.push(Tool::default());
            return names.split_whitespace().all(|name| self.by_name.insert(name, at).is_none());
        }
        let Some(tool) = self.tools.last_mut() else { return false };
        if let Some(values) = line.strip_prefix("values ") {
            tool.values.extend(values.split_whitespace());
            return true;
        }
        match rule(line) {
            Some(rule) => {
                tool.add(rule);
                true
            }
            None => false,
        }
    }
}

fn rule(line: &'static str) -> Option<Rule> {
    let (head, why) = line.split_once("  ").unwrap_or((line, ""));
    let (word, pattern) = head.split_once(' ').unwrap_or((head, ""));
    let mut tokens: Vec<&'static str> = pattern.split_whitespace().collect();
    let says = match word {
        "local" => Says::Reach(Reach::Local),
        "read" => Says::Reach(Reach::Read),
        "idempotent" => Says::Reach(Reach::Idempotent),
        "change" => Says::Reach(Reach::Change),
        "destroy" => Says::Reach(Reach::Destroy),
        "unknown" => Says::Reach(Reach::Unknown),
        "web" => Says::Web,
        "sql" => {
            let options = if pattern.starts_with('-') { 0 } else { pattern.find(" -")? + 1 };
            tokens.retain(|token| !token.starts_with('-'));
            Says::Sql(pattern.get(options..)?)
        }
        "inner" => {
            let last = tokens.pop()?;
            Says::Inner(if last == "--" {
                Inner::Dashes
            } else if last.starts_with('-') {
                // It fits only where the option is given.
                tokens.push(last);
                Inner::Option(last)
            } else {
                tokens.pop().filter(|word| *word == "after")?;
                Inner::After(last.parse().ok()?)
            })
        }
        _ => return None,
    };
    Some(Rule { says, tokens: tokens.into_iter().map(Token::read).collect(), why: why.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_says_something_and_no_program_stands_twice() {
        assert_eq!(TABLES.wrong, Vec::<String>::new());
        assert!(TABLES.by_name.len() > 300, "{} programs", TABLES.by_name.len());
    }
}
