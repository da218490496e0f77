//! Secrets among the arguments of a program: every process of the machine can read them, and the shell remembers them.

use super::calls::{Arg, Call};
use super::scene::Scene;
use crate::findings::Findings;
use crate::{Severity, Span};

/// Options whose value is a secret, whatever the program.
const SECRET: [&str; 17] = [
    "--token",
    "--password",
    "--passwd",
    "--api-key",
    "--apikey",
    "--api-token",
    "--secret",
    "--secret-key",
    "--secret-access-key",
    "--access-token",
    "--auth-token",
    "--bearer-token",
    "--client-secret",
    "--secret-string",
    "--master-user-password",
    "--jwt",
    "--private-key",
];

/// Headers of a request whose value is a secret.
const HEADERS: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-auth-token",
    "private-token",
    "x-vault-token",
    "x-amz-security-token",
    "cookie",
];

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for call in &scene.calls {
        let Some((span, what)) = secret(call) else { continue };
        findings.add(
            Severity::Warning,
            "secret-on-command-line",
            span,
            format!("{what} of `{}` is a secret among its arguments: every process of the machine can read it there", call.program),
            Some(remedy(call)),
            super::handover::fix(scene, call, span),
        );
    }
}

fn remedy(call: &Call) -> String {
    match call.program.as_str() {
        "curl" => "Put the header into a file that only you can read and write `-H @file`, or use an `http.check` step with a secret variable.".to_owned(),
        "docker" | "podman" | "nerdctl" => "Write `--password-stdin` and pipe the password in.".to_owned(),
        "mysql" | "mariadb" | "mysqldump" => "Let the client read it from an option file (`--defaults-extra-file`).".to_owned(),
        "aws" => "Write `file://…` with a file that only you can read.".to_owned(),
        _ => "Hand it over by an environment variable, a file or standard input.".to_owned(),
    }
}

/// The first secret argument: where, and what it is called.
fn secret(call: &Call) -> Option<(Span, String)> {
    let program = call.program.as_str();
    if matches!(program, "echo" | "printf" | "export" | "read" | "test" | "[" | "grep" | "cat" | "man") {
        return None;
    }
    let mut before: Option<&str> = None;
    for arg in &call.args {
        let text = arg.text.as_str();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (Some(name), value),
            _ => (before, text),
        };
        before = (text.starts_with('-')).then_some(text);
        let Some(name) = name else { continue };
        let lower = name.to_ascii_lowercase();
        if SECRET.contains(&lower.as_str()) && is_value(value) && !(program == "aws" && lower == "--token") {
            return Some((arg.span, format!("`{lower}`")));
        }
        if is_request(program)
            && matches!(name, "-H" | "--header")
            && let Some(header) = secret_header(value)
        {
            return Some((arg.span, format!("the header `{header}`")));
        }
        if program == "curl"
            && matches!(name, "-u" | "--user")
            && value.split_once(':').is_some_and(|(_, password)| is_value(password))
        {
            return Some((arg.span, format!("`{name}`")));
        }
        if matches!(program, "terraform" | "tofu")
            && name == "-var"
            && value.split_once('=').is_some_and(|(name, value)| is_secret_name(name) && is_value(value))
        {
            return Some((arg.span, "`-var`".to_owned()));
        }
    }
    short(call)
}

/// Options of one letter, which are secret for some programs only.
fn short(call: &Call) -> Option<(Span, String)> {
    let joined = |letter: &str| {
        call.args
            .iter()
            .find(|arg| arg.text.len() > 2 && arg.text.starts_with(letter) && !arg.text.starts_with("--"))
    };
    let found: Option<&Arg> = match call.program.as_str() {
        "mysql" | "mariadb" | "mysqldump" | "mysqladmin" => joined("-p"),
        "sshpass" => joined("-p").or_else(|| call.option("-p")),
        "redis-cli" => call.option("-a"),
        "docker" | "podman" | "nerdctl" | "helm" if call.args.iter().any(|arg| arg.text == "login") => {
            call.option("-p")
        }
        "http" | "https" | "xh" => call.args.iter().find(|arg| {
            arg.text.split_once(':').is_some_and(|(name, value)| is_secret_header(name) && is_value(value))
        }),
        "aws" if call.is_aws("ssm", "put-parameter") && call.value("--type") == Some("SecureString") => {
            call.option("--value")
        }
        _ => None,
    };
    found.filter(|arg| is_value(arg.text.as_str())).map(|arg| (arg.span, "the password".to_owned()))
}

fn is_request(program: &str) -> bool {
    matches!(program, "curl" | "wget")
}

fn secret_header(value: &str) -> Option<String> {
    let (name, value) = value.split_once(':')?;
    (is_secret_header(name) && is_value(value.trim())).then(|| name.trim().to_owned())
}

fn is_secret_header(name: &str) -> bool {
    HEADERS.contains(&name.trim().to_ascii_lowercase().as_str())
}

fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["password", "passwd", "token", "api_key", "private_key", "secret_key", "client_secret"]
        .iter()
        .any(|end| lower.ends_with(end))
}

/// A value that stands there itself, and not a file or standard input that holds it.
fn is_value(value: &str) -> bool {
    !value.is_empty()
        && value != "-"
        && !value.starts_with("file://")
        && !value.starts_with("fileb://")
        && !value.starts_with('@')
        && !value.starts_with('-')
        || value.starts_with("-p") && value.len() > 2
}
