//! The credential helper's side of the endpoint: one question, one answer, no runtime. A client starts the helper for
//! every image, so its start is what an operator feels.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest question and answer: far more than a login needs.
pub(crate) const LONGEST: usize = 256 * 1024;
/// A port of this machine opens at once or not at all.
const CONNECT: Duration = Duration::from_secs(5);
/// The other side may have to renew credentials and to ask ECR, which have their own limits.
const ANSWER: Duration = Duration::from_secs(90);

/// What a helper asks.
#[derive(Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// A login for a host.
    Get {
        /// As the client gave it.
        host: String,
    },
    /// A client has logged in by itself.
    Store {
        /// As the client gave it.
        host: String,
        /// The user.
        username: String,
        /// The password.
        secret: String,
    },
    /// A client logs out.
    Erase {
        /// As the client gave it.
        host: String,
    },
    /// Which hosts there are.
    List,
}

/// What it is told.
#[derive(Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// A login.
    Login {
        /// The user.
        username: String,
        /// The password.
        secret: String,
    },
    /// Hosts and their users.
    Hosts {
        /// User by host.
        hosts: BTreeMap<String, String>,
    },
    /// It is done.
    Done,
    /// The host is nobody's: a client goes on without a login.
    Nobodys,
    /// It failed, in words for the operator.
    Failed {
        /// The words.
        said: String,
    },
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The run or command that opened the endpoint has ended.
    #[error(
        "the Holdpoint run or command that this process belongs to has ended ({path}: {why}): start it again"
    )]
    Gone {
        /// The file that tells where to ask.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
    /// Something else answered, or nothing in time.
    #[error("Holdpoint did not answer for the registry ({why}): try again")]
    NoAnswer {
        /// What was wrong.
        why: String,
    },
}

/// Asks the endpoint that `file` names.
///
/// # Errors
/// [`AskError`].
pub fn ask(file: &Path, question: &Question) -> Result<Reply, AskError> {
    let gone = |why| AskError::Gone { path: file.to_owned(), why };
    let text = std::fs::read(file).map_err(gone)?;
    let place: Place = serde_json::from_slice(&text)
        .map_err(|_| AskError::NoAnswer { why: format!("{} cannot be read", file.display()) })?;
    if !place.address.ip().is_loopback() {
        return Err(AskError::NoAnswer { why: format!("{} names another machine", file.display()) });
    }
    let body = serde_json::to_vec(question).map_err(|error| AskError::NoAnswer { why: error.to_string() })?;
    let mut stream = TcpStream::connect_timeout(&place.address, CONNECT).map_err(gone)?;
    let broke = |error: io::Error| AskError::NoAnswer { why: error.to_string() };
    stream.set_read_timeout(Some(ANSWER)).map_err(broke)?;
    stream.set_write_timeout(Some(CONNECT)).map_err(broke)?;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        place.address,
        place.token,
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).map_err(broke)?;
    let mut answer = Vec::new();
    stream.take(LONGEST as u64).read_to_end(&mut answer).map_err(broke)?;
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let body = at.and_then(|at| answer.get(at + 4..)).unwrap_or_default();
    // The error's own words may quote a password.
    serde_json::from_slice(body)
        .map_err(|_| AskError::NoAnswer { why: "its answer cannot be read".to_owned() })
}

#[derive(Deserialize)]
struct Place {
    address: SocketAddr,
    token: String,
}

/// No password.
impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Get { host } => write!(f, "Get({host})"),
            Self::Store { host, username, .. } => write!(f, "Store({host}, {username}, …)"),
            Self::Erase { host } => write!(f, "Erase({host})"),
            Self::List => f.write_str("List"),
        }
    }
}

/// No password.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login { username, .. } => write!(f, "Login({username}, …)"),
            Self::Hosts { hosts } => write!(f, "Hosts({hosts:?})"),
            Self::Done => f.write_str("Done"),
            Self::Nobodys => f.write_str("Nobodys"),
            Self::Failed { said } => write!(f, "Failed({said})"),
        }
    }
}
