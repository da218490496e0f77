//! What stands before a command and only says who runs it, with which environment, how long or how often.

use super::model::{Assignment, Command, Redirect, Shape, Word, WordPart};
use super::parse::parse;
use super::words::name_length;
use crate::Span;
use std::borrow::Cow;

/// Wrappers around wrappers that are taken away; nobody types more.
const DEEPEST: usize = 12;

/// A command without its wrappers; what needs no change is the command's own, because it is asked for again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwrapped<'c> {
    /// From the outermost in.
    pub wrappers: Vec<Wrapper>,
    /// Variables for this command only, of every wrapper.
    pub environment: Cow<'c, [Assignment]>,
    /// The program and its arguments; empty if the wrapper runs nothing (`aws-vault exec prod --`).
    pub words: Cow<'c, [Word]>,
    /// Whether it is run again and again until somebody stops it.
    pub repeats: bool,
    /// As in the command.
    pub redirects: &'c [Redirect],
}

/// Something that only runs another command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapper {
    /// What it is for.
    pub kind: WrapperKind,
    /// Its words, without those of the command.
    pub span: Span,
}

/// What a wrapper is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrapperKind {
    /// It fetches credentials: `aws-vault exec prod --`.
    Credential {
        /// Name of the program.
        tool: String,
        /// The profile, where it names one that is known before the run.
        profile: Option<String>,
    },
    /// It gives or takes variables that do not stand in the line: `chamber exec`, `doppler run --`, `env -i`.
    Environment,
    /// It sets variables that stand in the line: `env A=b`.
    Assignments,
    /// It runs the command in another folder: `env -C infra`.
    Folder,
    /// It repeats the command: `watch -n 5`.
    Watch {
        /// Seconds between two runs, as written; 2 if nothing is written.
        seconds: String,
    },
    /// It ends the command after some time.
    Timeout {
        /// As written: `30`, `5m`.
        limit: String,
    },
    /// It runs the command as another user.
    Privilege,
    /// It changes nothing about the command: `time`, `nohup`, `command`.
    Other,
}

/// How a wrapper's own arguments end.
enum Ends {
    /// At the first word that is no option, or behind `--`.
    Options,
    /// Behind `--`; without it, after so many words that are no options.
    Dashes(usize),
}

struct Spec {
    /// Program and subcommands.
    lead: &'static [&'static str],
    make: fn(&[String]) -> WrapperKind,
    /// Options that take the next word.
    valued: &'static [&'static str],
    ends: Ends,
    /// Whether `NAME=value` before the command is an assignment.
    assigns: bool,
}

/// The command without what only says who runs it or how it is watched. `docker exec` and its like stay: there the command
/// runs elsewhere.
pub fn unwrap_command(command: &Command) -> Unwrapped<'_> {
    crate::work::spend(1);
    let mut unwrapped = Unwrapped {
        wrappers: Vec::new(),
        environment: Cow::Borrowed(&command.assignments),
        words: Cow::Borrowed(&command.words),
        repeats: false,
        redirects: &command.redirects,
    };
    while let Some(wrapper) = peel(&mut unwrapped) {
        unwrapped.repeats |= matches!(wrapper.kind, WrapperKind::Watch { .. });
        unwrapped.wrappers.push(wrapper);
        if unwrapped.words.is_empty() || unwrapped.wrappers.len() >= DEEPEST {
            break;
        }
    }
    unwrapped
}

/// Takes the outermost wrapper away.
fn peel(unwrapped: &mut Unwrapped<'_>) -> Option<Wrapper> {
    let words = &unwrapped.words;
    let first = words.first()?.literal()?;
    let program = first.rsplit('/').next().unwrap_or_default();
    let spec = SPECS.iter().find(|spec| spec.lead.first() == Some(&program) && leads(words, spec.lead))?;
    let mut at = spec.lead.len();
    let mut own = Vec::new();
    let mut operands = 0;
    let dashes = match spec.ends {
        Ends::Dashes(_) => words.iter().position(|word| word.literal().as_deref() == Some("--")),
        Ends::Options => None,
    };
    if let (Ends::Dashes(_), Some(dashes)) = (&spec.ends, dashes) {
        own.extend(words.get(at..dashes).unwrap_or_default().iter().map(shown));
        at = dashes + 1;
    } else {
        while let Some(word) = words.get(at) {
            let text = shown(word);
            if text == "--" {
                at += 1;
                break;
            }
            if text.starts_with('-') && text.len() > 1 {
                let valued = spec.valued.contains(&text.as_str());
                own.push(text);
                at += 1;
                if valued && let Some(value) = words.get(at) {
                    own.push(shown(value));
                    at += 1;
                }
                continue;
            }
            let wanted = match spec.ends {
                Ends::Options => 0,
                Ends::Dashes(count) => count,
            };
            if operands == wanted {
                break;
            }
            operands += 1;
            own.push(text);
            at += 1;
        }
    }
    let mut environment = Vec::new();
    while let Some(assignment) = words.get(at).filter(|_| spec.assigns).and_then(assigned) {
        environment.push(assignment);
        at += 1;
    }
    let end = words.get(at.checked_sub(1)?)?.span.end.max(environment.last().map_or(0, |last| last.span.end));
    let span = Span { start: words.first()?.span.start, end };
    let kind = (spec.make)(&own);
    // What a wrapper prints of itself (`sudo -l`, `command -v aws`) is a command of its own.
    if matches!(spec.lead, ["command"])
        && own.iter().any(|flag| flag.starts_with("-v") || flag.starts_with("-V"))
    {
        return None;
    }
    if matches!(spec.lead, ["env"]) && words.get(at).is_none() {
        return None;
    }
    if !environment.is_empty() {
        unwrapped.environment.to_mut().extend(environment);
    }
    unwrapped.words = match std::mem::take(&mut unwrapped.words) {
        Cow::Borrowed(words) => Cow::Borrowed(words.get(at..).unwrap_or_default()),
        Cow::Owned(mut words) => {
            words.drain(..at.min(words.len()));
            Cow::Owned(words)
        }
    };
    if matches!(kind, WrapperKind::Watch { .. })
        && let Some(words) = unquoted(&unwrapped.words)
    {
        unwrapped.words = Cow::Owned(words);
    }
    Some(Wrapper { kind, span })
}

/// `watch 'aws … | jq'` hands its only argument to a shell; one that is a single command is read as such.
fn unquoted(words: &[Word]) -> Option<Vec<Word>> {
    let [only] = words else { return None };
    let text = only.literal().filter(|text| text.contains(' '))?;
    let script = parse(&text);
    let [statement] = script.statements.as_slice() else { return None };
    let Shape::Simple(command) = &statement.shape else { return None };
    let span = only.span;
    (command.redirects.is_empty() && command.assignments.is_empty())
        .then(|| command.words.iter().map(|word| Word { span, parts: word.parts.clone() }).collect())
}

/// Whether the words are those of a wrapper; the first one has been compared.
fn leads(words: &[Word], lead: &[&str]) -> bool {
    words.len() >= lead.len()
        && lead
            .iter()
            .zip(words)
            .skip(1)
            .all(|(wanted, word)| word.literal().is_some_and(|text| text == *wanted))
}

/// The word if it is known, else nothing that could be mistaken for a name.
fn shown(word: &Word) -> String {
    word.literal().map_or_else(|| "\u{0}".to_owned(), std::borrow::Cow::into_owned)
}

/// `NAME=value` as an argument.
fn assigned(word: &Word) -> Option<Assignment> {
    let Some(WordPart::Text { text, quoted }) = word.parts.first() else { return None };
    let length = name_length(text);
    if length == 0 || text.as_bytes().get(length) != Some(&b'=') {
        return None;
    }
    let name = text.get(..length)?.to_owned();
    let rest = text.get(length + 1..)?;
    let mut parts = Vec::new();
    if !rest.is_empty() {
        parts.push(WordPart::Text { text: rest.to_owned(), quoted: *quoted });
    }
    parts.extend(word.parts.iter().skip(1).cloned());
    let start = (word.span.start + length + 1).min(word.span.end);
    let value = Word { span: Span { start, end: word.span.end }, parts };
    Some(Assignment { name, value, exported: false, span: word.span })
}

fn first_operand(own: &[String], valued: &[&str]) -> Option<String> {
    let mut words = own.iter();
    while let Some(word) = words.next() {
        if valued.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            return Some(word.clone()).filter(|word| word != "\u{0}");
        }
    }
    None
}

fn value_of(own: &[String], flags: &[&str]) -> Option<String> {
    own.iter().enumerate().find_map(|(at, word)| {
        flags.iter().find_map(|flag| {
            if word == flag {
                own.get(at + 1).cloned()
            } else {
                let rest = word.strip_prefix(flag)?;
                let glued = flag.len() == 2 && !rest.is_empty();
                rest.strip_prefix('=').or_else(|| Some(rest).filter(|_| glued)).map(str::to_owned)
            }
        })
    })
}

/// Whether one of the options that name a folder is given.
fn goes(own: &[String], flags: &[&str]) -> bool {
    value_of(own, flags).is_some()
}

const AWS_VAULT: &[&str] =
    &["-d", "--duration", "--region", "--mfa-token", "-t", "--backend", "--prompt", "--keychain"];
const AWS_OKTA: &[&str] =
    &["-t", "--assume-role-ttl", "--session-ttl", "-b", "--backend", "--mfa-provider", "--mfa-factor-type"];
const SAML2AWS: &[&str] =
    &["-p", "--profile", "-a", "--idp-account", "--exec-profile", "--role", "--username"];

fn credential(tool: &str, profile: Option<String>) -> WrapperKind {
    WrapperKind::Credential { tool: tool.to_owned(), profile }
}

const SPECS: &[Spec] = &[
    Spec {
        lead: &["aws-vault", "exec"],
        make: |own| credential("aws-vault", first_operand(own, AWS_VAULT)),
        valued: AWS_VAULT,
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["aws-okta", "exec"],
        make: |own| credential("aws-okta", first_operand(own, AWS_OKTA)),
        valued: AWS_OKTA,
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["saml2aws", "exec"],
        make: |own| credential("saml2aws", value_of(own, &["--exec-profile", "-p", "--profile"])),
        valued: SAML2AWS,
        ends: Ends::Dashes(0),
        assigns: false,
    },
    Spec {
        lead: &["granted", "exec"],
        make: |own| credential("granted", first_operand(own, &[])),
        valued: &[],
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["assume"],
        make: |own| credential("assume", first_operand(own, &["--exec", "-r", "--region"])),
        valued: &["-r", "--region"],
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["leapp", "session", "exec"],
        make: |_| credential("leapp", None),
        valued: &[],
        ends: Ends::Dashes(0),
        assigns: false,
    },
    Spec {
        lead: &["awsume"],
        make: |own| credential("awsume", first_operand(own, &[])),
        valued: &[],
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["op", "run"],
        make: |_| WrapperKind::Environment,
        valued: &["--env-file", "--account"],
        ends: Ends::Dashes(0),
        assigns: false,
    },
    Spec {
        lead: &["doppler", "run"],
        make: |_| WrapperKind::Environment,
        valued: &["-p", "--project", "-c", "--config", "--scope", "-t", "--token"],
        ends: Ends::Dashes(0),
        assigns: false,
    },
    Spec {
        lead: &["chamber", "exec"],
        make: |_| WrapperKind::Environment,
        valued: &["-b", "--backend", "--backend-s3-bucket"],
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["direnv", "exec"],
        make: |_| WrapperKind::Environment,
        valued: &[],
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["dotenv"],
        make: |_| WrapperKind::Environment,
        valued: &["-e", "-f", "-c"],
        ends: Ends::Dashes(0),
        assigns: false,
    },
    Spec {
        lead: &["env"],
        make: |own| match own {
            [] => WrapperKind::Assignments,
            _ if goes(own, &["-C", "--chdir"]) => WrapperKind::Folder,
            _ => WrapperKind::Environment,
        },
        valued: &["-u", "--unset", "-C", "--chdir", "-S"],
        ends: Ends::Options,
        assigns: true,
    },
    Spec {
        lead: &["sudo"],
        make: |own| match goes(own, &["-D", "--chdir", "-R", "--chroot"]) {
            true => WrapperKind::Folder,
            false => WrapperKind::Privilege,
        },
        valued: &["-u", "--user", "-g", "--group", "-h", "-p", "-C", "-D", "--chdir", "-R", "--chroot", "-T"],
        ends: Ends::Options,
        assigns: true,
    },
    Spec {
        lead: &["doas"],
        make: |_| WrapperKind::Privilege,
        valued: &["-u", "-C"],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["watch"],
        make: |own| WrapperKind::Watch {
            seconds: value_of(own, &["-n", "--interval"]).unwrap_or_else(|| "2".to_owned()),
        },
        valued: &["-n", "--interval", "-q", "--equexit"],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["timeout"],
        make: |own| WrapperKind::Timeout { limit: first_operand(own, TIMEOUT).unwrap_or_default() },
        valued: TIMEOUT,
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["gtimeout"],
        make: |own| WrapperKind::Timeout { limit: first_operand(own, TIMEOUT).unwrap_or_default() },
        valued: TIMEOUT,
        ends: Ends::Dashes(1),
        assigns: false,
    },
    Spec {
        lead: &["time"],
        make: |_| WrapperKind::Other,
        valued: &["-f", "-o"],
        ends: Ends::Options,
        assigns: true,
    },
    Spec { lead: &["nohup"], make: |_| WrapperKind::Other, valued: &[], ends: Ends::Options, assigns: false },
    Spec {
        lead: &["command"],
        make: |_| WrapperKind::Other,
        valued: &[],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["builtin"],
        make: |_| WrapperKind::Other,
        valued: &[],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["exec"],
        make: |_| WrapperKind::Other,
        valued: &["-a"],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["nice"],
        make: |_| WrapperKind::Other,
        valued: &["-n", "--adjustment"],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["ionice"],
        make: |_| WrapperKind::Other,
        valued: &["-c", "-n"],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["caffeinate"],
        make: |_| WrapperKind::Other,
        valued: &["-t", "-w"],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["stdbuf"],
        make: |_| WrapperKind::Other,
        valued: &["-i", "-o", "-e"],
        ends: Ends::Options,
        assigns: false,
    },
    Spec {
        lead: &["unbuffer"],
        make: |_| WrapperKind::Other,
        valued: &[],
        ends: Ends::Options,
        assigns: false,
    },
];

const TIMEOUT: &[&str] = &["-k", "--kill-after", "-s", "--signal"];
