//! The wire protocol of docker's credential helpers: what is asked is parsed, what is answered is printed, and no
//! more. Who answers is the edge's business.
//!
//! The client starts `docker-credential-NAME VERB`, writes to its standard input, and reads its standard output. Facts
//! as in docker/docker-credential-helpers, `credentials/credentials.go` and `client/client.go`: errors are read from
//! standard **output**, the exit code is 1, and one exact text means "there is nothing here, go on without a login".
//! Every other text reaches the person, so an ended session is never told as "not found".

use crate::SecretBytes;
use holdpoint_redact::Secret;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The exact text on which docker goes on anonymously. Said only for a registry that is not ours.
pub const NOT_FOUND: &str = "credentials not found in native keychain";

/// Other exact texts on which some clients go on anonymously (Spring Boot's among them): never said.
const TAKEN_FOR_NOT_FOUND: [&str; 3] = [NOT_FOUND, "no credentials server URL", "no credentials username"];

/// The longest input that is read, in bytes. Read one byte more than this and hand it to [`parse`]: it says so.
pub const LONGEST_INPUT: usize = 64 * 1024;

/// What the client wants, from its only argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// The login of one registry.
    Get,
    /// Keep a login (`docker login`).
    Store,
    /// Forget a login (`docker logout`).
    Erase,
    /// Which registries there are logins for.
    List,
    /// Who this helper is.
    Version,
}

impl Verb {
    /// Whether the client writes something to standard input. [`Verb::List`] and [`Verb::Version`] have nothing to
    /// wait for: a person who tries them at a terminal gets the answer at once.
    pub fn reads_input(self) -> bool {
        matches!(self, Self::Get | Self::Store | Self::Erase)
    }
}

/// A registry as the client names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Server {
    /// The bytes as they came, trimmed: the answer repeats them.
    pub url: String,
    /// Host and port alone, in lower case: `111122223333.dkr.ecr.eu-west-1.amazonaws.com`, `localhost:5000`.
    pub host: String,
}

/// What is asked.
#[derive(Debug)]
pub enum Request {
    /// The login for a registry.
    Get(Server),
    /// Keep this login.
    Store {
        /// The registry.
        server: Server,
        /// The user's name.
        username: String,
        /// The password or token.
        secret: Secret,
    },
    /// Forget the login for a registry.
    Erase(Server),
    /// Which registries are known, with their user's names.
    List,
    /// Who this helper is.
    Version,
}

/// What is answered.
#[derive(Debug)]
pub enum Answer {
    /// A login; `url` is [`Server::url`] of the request.
    Login {
        /// The registry as it was asked for.
        url: String,
        /// The user's name (`AWS` for ECR; `<token>` says that the secret is an identity token).
        username: String,
        /// The password or token.
        secret: Secret,
    },
    /// This registry is not ours: the client goes on without a login.
    NotOurs,
    /// Stored or erased.
    Done,
    /// Registry to user's name.
    List(BTreeMap<String, String>),
    /// Name and version.
    Version(String),
    /// It failed, in words for the person: what, where and the next action.
    Failed(String),
}

/// What the helper writes and how it exits.
pub struct Output {
    /// Bytes for standard output; may hold a secret.
    pub stdout: SecretBytes,
    /// The exit code.
    pub code: u8,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({:?}, exit {})", self.stdout, self.code)
    }
}

/// What cannot be understood. None of the texts is [`NOT_FOUND`], and none repeats the input.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadRequest {
    /// Not exactly one argument, or an unknown one.
    #[error("a docker credential helper takes one of get, store, erase, list, version as its only argument")]
    Verb,
    /// Nothing on standard input.
    #[error("no registry was named on standard input; docker writes it there")]
    Empty,
    /// Too much on standard input.
    #[error("standard input is longer than {LONGEST_INPUT} bytes; a registry or a login is expected")]
    TooLong,
    /// Not UTF-8.
    #[error("standard input is not UTF-8; a registry or a login is expected")]
    NotText,
    /// Not a host with or without scheme, port and path.
    #[error("standard input does not name a registry: {0}")]
    Server(&'static str),
    /// `store` without a well-formed login.
    #[error("standard input is no login: {0}")]
    Login(&'static str),
}

/// The verb of a command line without the program's name.
///
/// # Errors
/// [`BadRequest::Verb`].
pub fn verb<S: AsRef<str>>(arguments: &[S]) -> Result<Verb, BadRequest> {
    match arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>().as_slice() {
        ["get"] => Ok(Verb::Get),
        ["store"] => Ok(Verb::Store),
        ["erase"] => Ok(Verb::Erase),
        ["list"] => Ok(Verb::List),
        // The reference helpers know both.
        ["version" | "--version"] => Ok(Verb::Version),
        _ => Err(BadRequest::Verb),
    }
}

/// What is asked, from the verb and the bytes of standard input.
///
/// # Errors
/// [`BadRequest`] for whatever is not the protocol; nothing of the input is repeated in it.
pub fn parse(verb: Verb, input: &[u8]) -> Result<Request, BadRequest> {
    match verb {
        Verb::Get => server(input).map(Request::Get),
        Verb::Erase => server(input).map(Request::Erase),
        Verb::Store => login(input),
        Verb::List => Ok(Request::List),
        Verb::Version => Ok(Request::Version),
    }
}

/// The bytes and the exit code of an answer.
pub fn print(answer: &Answer) -> Output {
    let (text, code) = match answer {
        Answer::Login { url, username, secret } => {
            let login = Login { server_url: url, username, secret: secret.expose() };
            return Output { stdout: json_line(&login), code: 0 };
        }
        Answer::List(logins) => return Output { stdout: json_line(logins), code: 0 },
        Answer::Done => (String::new(), 0),
        Answer::Version(version) => (format!("{}\n", one_line(version)), 0),
        Answer::NotOurs => (format!("{NOT_FOUND}\n"), 1),
        Answer::Failed(said) => (format!("{}\n", failure(said)), 1),
    };
    Output { stdout: SecretBytes::new(text.into_bytes()), code }
}

#[derive(Serialize)]
struct Login<'a> {
    #[serde(rename = "ServerURL")]
    server_url: &'a str,
    #[serde(rename = "Username")]
    username: &'a str,
    #[serde(rename = "Secret")]
    secret: &'a str,
}

/// Unknown members are passed over: a later docker may send more.
#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "ServerURL", default)]
    server_url: String,
    #[serde(rename = "Username", default)]
    username: String,
    #[serde(rename = "Secret", default = "no_secret", deserialize_with = "secret")]
    secret: Secret,
}

fn no_secret() -> Secret {
    Secret::new("")
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    String::deserialize(from).map(Secret::new)
}

fn text(input: &[u8]) -> Result<&str, BadRequest> {
    if input.len() > LONGEST_INPUT {
        return Err(BadRequest::TooLong);
    }
    let text = std::str::from_utf8(input).map_err(|_| BadRequest::NotText)?.trim();
    if text.is_empty() { Err(BadRequest::Empty) } else { Ok(text) }
}

fn server(input: &[u8]) -> Result<Server, BadRequest> {
    server_of(text(input)?)
}

fn server_of(url: &str) -> Result<Server, BadRequest> {
    if url.chars().any(char::is_control) {
        return Err(BadRequest::Server("it has control characters or several lines"));
    }
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some(_) => return Err(BadRequest::Server("its scheme is neither https nor http")),
        None => url,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    if host.is_empty() {
        return Err(BadRequest::Server("it has no host"));
    }
    if !host.chars().all(fits) {
        return Err(BadRequest::Server("its host has characters that no host has"));
    }
    let (name, port) = match host.rfind(':') {
        // In `[::1]` the last colon belongs to the address.
        Some(at) if !host[at..].contains(']') => (&host[..at], Some(&host[at + 1..])),
        Some(_) | None => (host, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
        return Err(BadRequest::Server("its port is not between 1 and 65535"));
    }
    let bracketed = name.starts_with('[') && name.ends_with(']') && name.len() > 2;
    if name.is_empty() || (!bracketed && name.contains(['[', ']', ':'])) {
        return Err(BadRequest::Server("it has no host"));
    }
    Ok(Server { url: url.to_owned(), host: host.to_ascii_lowercase() })
}

fn login(input: &[u8]) -> Result<Request, BadRequest> {
    let text = text(input)?;
    let no_object = BadRequest::Login("it is not a JSON object of ServerURL, Username and Secret");
    // serde would also take the three in an array.
    if !text.starts_with('{') {
        return Err(no_object);
    }
    let Ok(sent) = serde_json::from_str::<Sent>(text) else { return Err(no_object) };
    if sent.server_url.trim().is_empty() {
        return Err(BadRequest::Login("its ServerURL is missing"));
    }
    if sent.username.is_empty() {
        return Err(BadRequest::Login("its Username is missing"));
    }
    let server = server_of(sent.server_url.trim())?;
    Ok(Request::Store { server, username: sent.username, secret: sent.secret })
}

fn json_line<T: Serialize>(value: &T) -> SecretBytes {
    // Strings alone are printed; writing them to memory does not fail.
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    SecretBytes::new(bytes)
}

/// One line that cannot be mistaken for "not found", however the cause is worded: docker compares the trimmed whole.
fn failure(said: &str) -> String {
    let line = one_line(said);
    if line.is_empty() || TAKEN_FOR_NOT_FOUND.contains(&line.as_str()) {
        return "Holdpoint has no login for this registry and cannot say why; run `holdpoint doctor`"
            .to_owned();
    }
    line
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
