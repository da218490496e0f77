//! Words of a command as values of a step: quotes taken away, variables looked up.

use super::context::{Context, Known};
use super::git;
use super::marks::{gap, has_gap, is_gap, is_strange};
use super::verdict::{Keep, NewVar, keep};
use crate::shell::{Word, WordPart};
use serde_json::Value;
use std::cell::RefCell;

/// Reads words, and keeps in mind which variables and guesses that took.
pub(crate) struct Values<'c> {
    pub(crate) context: &'c Context,
    /// The script, in which words have their quotes.
    script: &'c str,
    vars: RefCell<Vec<NewVar>>,
    guessed: RefCell<Vec<String>>,
    reaches: RefCell<Vec<(String, String)>>,
}

impl<'c> Values<'c> {
    pub(crate) fn new(context: &'c Context, script: &'c str) -> Self {
        Self {
            context,
            script,
            vars: RefCell::default(),
            guessed: RefCell::default(),
            reaches: RefCell::default(),
        }
    }

    /// The variables and guesses of everything that was read.
    pub(crate) fn taken(self) -> (Vec<NewVar>, Vec<String>) {
        (self.vars.into_inner(), self.guessed.into_inner())
    }

    /// Notes a region or profile that is taken for the target's.
    pub(crate) fn reach(&self, what: &str, name: &str) {
        let pair = (what.to_owned(), name.to_owned());
        let mut reaches = self.reaches.borrow_mut();
        if !reaches.contains(&pair) {
            reaches.push(pair);
        }
    }

    /// The regions and profiles that were taken for the target's.
    pub(crate) fn reached(&self) -> Vec<(String, String)> {
        self.reaches.borrow().clone()
    }

    /// Notes what was assumed.
    pub(crate) fn guess(&self, what: impl Into<String>) {
        let what = what.into();
        let mut guessed = self.guessed.borrow_mut();
        if !guessed.contains(&what) {
            guessed.push(what);
        }
    }

    /// Notes a variable that the plan needs, and gives the gap that it fills.
    pub(crate) fn ask(&self, var: NewVar) -> String {
        let gap = gap(&format!("vars.{}", var.name));
        let mut vars = self.vars.borrow_mut();
        if !vars.iter().any(|known| known.name == var.name) {
            vars.push(var);
        }
        gap
    }

    /// Says that what fills a gap is a secret, whatever it is called.
    pub(crate) fn make_secret(&self, text: &str) {
        for var in self.vars.borrow_mut().iter_mut() {
            if text == gap(&format!("vars.{}", var.name)) {
                var.secret = true;
                var.default = None;
            }
        }
    }

    /// Takes over what the reading of an inner script has noted.
    pub(crate) fn absorb(&self, inner: Values<'_>) {
        for (what, name) in inner.reached() {
            self.reach(&what, &name);
        }
        let (vars, guessed) = inner.taken();
        vars.into_iter().for_each(|var| {
            self.ask(var);
        });
        guessed.into_iter().for_each(|guess| self.guess(guess));
    }

    /// The text of a word, with gaps where it names variables.
    pub(crate) fn text(&self, word: &Word) -> Result<String, Keep> {
        self.read(word, word.raw(self.script).contains('"'))
    }

    /// The same where a shell takes nothing apart: behind `NAME=`.
    pub(crate) fn quoted_text(&self, word: &Word) -> Result<String, Keep> {
        self.read(word, true)
    }

    fn read(&self, word: &Word, quoted: bool) -> Result<String, Keep> {
        let mut text = String::new();
        for part in &word.parts {
            match part {
                WordPart::Text { text: piece, .. } => {
                    if is_strange(piece) {
                        return keep("it holds characters of the private use area");
                    }
                    text.push_str(piece);
                }
                WordPart::Variable { name, otherwise, exact } => {
                    if !exact {
                        return keep(format!("what it makes of `${name}` is only known to a shell"));
                    }
                    let value = self.variable(name, otherwise.as_deref())?;
                    let settled = self.context.settled(&value).unwrap_or_else(|| value.clone());
                    if !quoted && settled.contains([' ', '\t', '\n', '*', '?', '[']) {
                        return keep(format!("a shell takes `${name}` apart, which has no quotes around it"));
                    }
                    text.push_str(&value);
                }
                WordPart::Command(inner) => text.push_str(&self.computed(inner)?),
                WordPart::Arithmetic(_) => return keep("it computes a number"),
                WordPart::Glob(glob) if glob.starts_with('~') => {
                    return keep("`~` is another folder for everybody");
                }
                WordPart::Glob(glob) => {
                    return keep(format!("`{glob}` is only known to the shell that expands it"));
                }
                WordPart::Placeholder(what) => text.push_str(&self.placeholder(what)),
                WordPart::Template(_) => {
                    return keep("a template stands in the script, where plans have none");
                }
            }
        }
        Ok(text)
    }

    /// The text of a word that names no variable whose value may differ.
    pub(crate) fn literal(&self, word: &Word) -> Result<String, Keep> {
        let text = self.text(word)?;
        if has_gap(&text) { keep("what it does depends on a variable") } else { Ok(text) }
    }

    /// What `$NAME` stands for.
    pub(crate) fn variable(&self, name: &str, otherwise: Option<&str>) -> Result<String, Keep> {
        match self.context.variables.get(name) {
            Some(Known::Text(text)) => {
                self.context.vars_of(text).into_iter().for_each(|var| {
                    self.ask(var);
                });
                Ok(text.clone())
            }
            Some(Known::Computed { why, .. }) => keep(format!("`${name}` {why}")),
            None => {
                if let Some(text) = self.of_target(name) {
                    return Ok(text);
                }
                if is_the_shells(name) {
                    return keep(format!("`${name}` is only known to the shell that runs it"));
                }
                let default = otherwise.filter(|text| !text.is_empty()).map(str::to_owned);
                if default.as_deref().is_some_and(|text| text.contains(['$', '`'])) {
                    return keep(format!("what `${name}` falls back to is only known to a shell"));
                }
                let name_in_plan = var_name(name);
                let secret = is_secret(name);
                if default.is_none() {
                    self.guess(format!("`${name}` is set nowhere before: it is asked for"));
                }
                Ok(self.ask(NewVar {
                    name: name_in_plan,
                    default: default.filter(|_| !secret),
                    secret,
                    description: Some(format!("`${name}` of the script")),
                }))
            }
        }
    }

    /// Variables that are called as the target's facts are: every shell of Holdpoint's has the same values in them.
    fn of_target(&self, name: &str) -> Option<String> {
        match name {
            "AWS_REGION" | "AWS_DEFAULT_REGION" => self.context.facts.region.clone(),
            "AWS_ACCOUNT_ID" => self.context.facts.account.clone(),
            _ => None,
        }
    }

    /// `$(…)`, where the plan knows the same.
    fn computed(&self, inner: &str) -> Result<String, Keep> {
        let script = crate::shell::parse(inner);
        if let Some(value) = git::is_run_sha(&script) {
            self.guess("the plan lies in the repository whose commit is meant");
            return Ok(value);
        }
        if super::aws_others::is_account(&script)
            && let Some(account) = &self.context.facts.account
        {
            return Ok(account.clone());
        }
        keep(format!("`$({})` is computed when it runs", super::said::short(inner)))
    }

    /// `<task-arn>`, `YOUR_TOKEN`: asked for.
    pub(crate) fn placeholder(&self, what: &str) -> String {
        let bare = bare(what);
        let name = placeholder_name(what);
        self.guess(format!("`{what}` is to be filled in: it is asked for"));
        self.ask(NewVar {
            secret: is_secret(bare),
            name,
            default: None,
            description: Some(format!("What the text calls `{what}`")),
        })
    }
}

/// A count: a number, or the gap that one fills.
pub(crate) fn number(flag: &str, text: &str) -> Result<Value, Keep> {
    if is_gap(text) {
        return Ok(Value::String(text.to_owned()));
    }
    match text.parse::<u64>() {
        Ok(number) => Ok(number.into()),
        Err(_) => keep(format!("`{flag}` is no number: `{text}`")),
    }
}

/// A placeholder without what it stands between.
fn bare(what: &str) -> &str {
    what.trim_matches(['<', '>', '{', '}', '[', ']', '$'])
}

/// A name of the plan for a placeholder.
pub(crate) fn placeholder_name(what: &str) -> String {
    let bare = bare(what);
    var_name(crate::shell::yours(bare).or_else(|| bare.strip_prefix("your-")).unwrap_or(bare))
}

/// A name of the plan for a name of the shell.
pub(crate) fn var_name(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    let out = out.trim_matches('_');
    match out.chars().next() {
        Some(c) if c.is_ascii_lowercase() => out.to_owned(),
        Some(_) => format!("v_{out}"),
        None => "value".to_owned(),
    }
}

/// Whether what is called so is not to be seen.
pub(crate) fn is_secret(name: &str) -> bool {
    let upper = name.to_uppercase().replace('-', "_");
    let name_only = ["_ARN", "_NAME", "_ID", "_PATH", "_FILE", "_URL", "_LENGTH", "_EXPIRY"]
        .iter()
        .any(|tail| upper.ends_with(tail));
    !name_only
        && [
            "TOKEN",
            "SECRET",
            "PASSWORD",
            "PASSWD",
            "APIKEY",
            "API_KEY",
            "CREDENTIAL",
            "PRIVATE_KEY",
            "JWT",
            "BEARER",
            "ACCESS_KEY",
            "AUTH_HEADER",
            "COOKIE",
            "PGPASS",
            "WEBHOOK",
        ]
        .iter()
        .any(|part| upper.contains(part))
}

/// Variables that mean something else on every machine, or in every shell.
pub(crate) fn is_the_shells(name: &str) -> bool {
    name.chars().all(|c| !c.is_ascii_alphabetic())
        || matches!(
            name,
            "HOME"
                | "PATH"
                | "USER"
                | "LOGNAME"
                | "PWD"
                | "OLDPWD"
                | "SHELL"
                | "HOSTNAME"
                | "TMPDIR"
                | "EDITOR"
                | "RANDOM"
                | "SECONDS"
                | "UID"
                | "EUID"
                | "PPID"
                | "IFS"
                | "LINENO"
                | "BASH_SOURCE"
                | "BASHPID"
                | "PIPESTATUS"
                | "OSTYPE"
                | "LANG"
                | "TERM"
                | "REPLY"
                | "FUNCNAME"
                | "BASH_VERSION"
                | "DISPLAY"
        )
}
