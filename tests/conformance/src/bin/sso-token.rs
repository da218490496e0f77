//! A process of its own that needs a session's token: prints the digest of what it was given.
//!
//! `sso-token SESSION`, with its environment as every Holdpoint has it.

use holdpoint_identity::{Env, Tokens, sso_sessions};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let said = asked().await;
    let (text, code) = match &said {
        Ok(digest) => (digest, ExitCode::SUCCESS),
        Err(why) => (why, ExitCode::FAILURE),
    };
    // A reader that has gone has seen the exit code.
    drop(writeln!(std::io::stdout(), "{text}"));
    code
}

async fn asked() -> Result<String, String> {
    let env = Env::new(std::env::vars_os());
    let name = std::env::args().nth(1).ok_or("name a session")?;
    let sessions = sso_sessions(&env).await.map_err(|error| error.to_string())?;
    let session = sessions.into_iter().find(|s| s.name == name).ok_or("there is no such session")?;
    let token = Tokens::of(&env).token(&session).await.map_err(|error| error.to_string())?;
    Ok(Sha256::digest(token.secret.expose()).iter().map(|byte| format!("{byte:02x}")).collect())
}
