//! Sources at the start of a chain: keys in the environment, and a program that prints keys.

use super::RoleError;
use crate::Env;
use crate::whoami::in_words;
use aws_config::credential_process::CredentialProcessProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use holdpoint_redact::Redactor;
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// The profiles on whose way a `credential_process` was started, the outermost first, for Holdpoint inside it.
const ON_THE_WAY: &str = "HOLDPOINT_CREDENTIAL_PROCESS_OF";
/// Of what a program that failed said, this many of its last lines are repeated, and this many characters of each.
const LINES: usize = 4;
const COLUMNS: usize = 800;
/// A program that has printed nothing by then waits for somebody who is not there.
const PATIENCE: Duration = Duration::from_secs(60);

/// `credential_source = Environment`: the keys of the environment as the start of a chain.
#[derive(Debug)]
pub(crate) struct EnvironmentKeys;

impl EnvironmentKeys {
    /// The keys, which must be there.
    pub(crate) fn of(env: &Env, profile: &str) -> Result<Credentials, RoleError> {
        let missing = |name: &str| RoleError::Source {
            profile: profile.to_owned(),
            why: format!(
                "credential_source = Environment, and {name} is not set: set it, or name the keys as a profile and use source_profile"
            ),
        };
        let key = env.get("AWS_ACCESS_KEY_ID").ok_or_else(|| missing("AWS_ACCESS_KEY_ID"))?;
        let secret = env.get("AWS_SECRET_ACCESS_KEY").ok_or_else(|| missing("AWS_SECRET_ACCESS_KEY"))?;
        let token = env.get("AWS_SESSION_TOKEN").map(str::to_owned);
        Ok(Credentials::new(key, secret, token, None, "Environment"))
    }
}

/// `credential_process`: the SDK starts the program and reads its answer; it is given up on after a minute.
#[derive(Debug)]
pub(crate) struct Process {
    profile: String,
    program: CredentialProcessProvider,
}

impl Process {
    /// The program of a profile. It is told on the way to which profiles it was started: one that comes back to its own
    /// profile would start itself without end.
    ///
    /// # Errors
    /// [`RoleError::Source`] when this process was itself started on the way to the profile.
    pub(crate) fn new(env: &Env, profile: &str, command: &str) -> Result<Self, RoleError> {
        let (before, mark) = (env.get(ON_THE_WAY).unwrap_or_default(), mark(env, profile));
        if before.split('.').any(|known| known == mark) {
            return Err(RoleError::Source {
                profile: profile.to_owned(),
                why: format!(
                    "the line `credential_process` of [profile {profile}] leads back to `{profile}` itself: let it start another program, or Holdpoint for another profile"
                ),
            });
        }
        let way = if before.is_empty() { mark } else { format!("{before}.{mark}") };
        let marked = match cfg!(windows) {
            true => format!("set \"{ON_THE_WAY}={way}\"&& {command}"),
            false => format!("export {ON_THE_WAY}={way}; {command}"),
        };
        Ok(Self { profile: profile.to_owned(), program: CredentialProcessProvider::new(marked) })
    }

    async fn keys(&self) -> provider::Result {
        let said = |why: String| {
            provider::error::CredentialsError::from(RoleError::Source { profile: self.profile.clone(), why })
        };
        match tokio::time::timeout(PATIENCE, self.program.provide_credentials()).await {
            Ok(Ok(keys)) => Ok(keys),
            Ok(Err(error)) => Err(said(format!(
                "its credential_process gives no credentials ({}); run the command by hand to see why",
                told(&in_words(&error))
            ))),
            Err(_) => Err(said(format!(
                "its credential_process printed nothing within {} s: it may wait for a sign-in; run the command by hand",
                PATIENCE.as_secs()
            ))),
        }
    }
}

impl ProvideCredentials for Process {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.keys())
    }
}

/// A name for a profile of these files, of letters and digits alone: it goes through a shell. Another file's profile of
/// the same name is another one.
fn mark(env: &Env, profile: &str) -> String {
    let mut hash = Sha256::new();
    for part in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "HOME", "USERPROFILE"] {
        hash.update(env.get(part).unwrap_or_default());
        hash.update([0]);
    }
    hash.update(profile);
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What the SDK says of a program that failed: it repeats all that the program wrote, which may be long, drive the
/// terminal, and hold what must not be shown.
fn told(error: &str) -> String {
    let (before, wrote) = error.split_once("Stderr: ").unwrap_or(("", error));
    // Programs start programs: each would say it again.
    let before = before.rsplit_once("credentials: ").map_or(before, |(_, last)| last);
    // Before anything is cut: half a secret would not be known for one.
    let wrote = Redactor::new([]).redact_str(wrote).into_owned();
    let lines: Vec<String> = wrote.lines().map(plain).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join(" / ");
    let cut = if lines.len() > LINES { "… / " } else { "" };
    if before.is_empty() { format!("{cut}{last}") } else { format!("{before}it wrote: {cut}{last}") }
}

/// A line without what drives a terminal, and not longer than is read.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // A sequence that begins with `[` goes to its first letter; any other is one character long.
            if chars.next() == Some('[') {
                chars.by_ref().find(|c| ('@'..='~').contains(c));
            }
        } else if !c.is_control() {
            text.push(c);
        }
    }
    let text = text.trim();
    match text.char_indices().nth(COLUMNS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn of_a_programs_words_the_last_are_told_without_secrets() {
        let sdk = |wrote: &str| format!("external process exited with code exit status: 1. Stderr: {wrote}");
        for (wrote, expected) in [
            ("no sign-in\n", "it wrote: no sign-in"),
            ("\u{1b}[31mred\u{1b}[0m\u{7} \u{1b}cend\r\n", "it wrote: red end"),
            ("1\n2\n\n3\n4\n5\n", "it wrote: … / 2 / 3 / 4 / 5"),
            (
                format!("aws_secret_access_key={}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").as_str(),
                "it wrote: aws_secret_access_key=‹redacted›",
            ),
            (&"x".repeat(801), &format!("it wrote: {}…", "x".repeat(800))),
        ] {
            let told = told(&sdk(wrote));
            assert_eq!(told, format!("external process exited with code exit status: 1. {expected}"));
        }
        assert_eq!(told("no JSON"), "no JSON");
    }
}
