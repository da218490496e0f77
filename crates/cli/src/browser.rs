//! The person's browser: the program that `BROWSER` names, else the system's.

use holdpoint_identity::Env;
use std::process::Stdio;

/// Opens an address, and does not wait for the browser.
///
/// # Errors
/// Why none was opened.
pub(crate) fn open(env: &Env, url: &str) -> Result<(), String> {
    let Some(named) = env.get("BROWSER") else {
        return open::that_detached(url).map_err(|error| error.to_string());
    };
    // A list of programs, each with `%s` where the address goes, or at its end (as Python and Debian read it).
    let mut why = String::new();
    // A drive's letter ends with a colon.
    let between = if cfg!(windows) { ';' } else { ':' };
    for one in named.split(between).map(str::trim).filter(|one| !one.is_empty()) {
        let mut words = one.split_whitespace();
        let Some(program) = words.next() else { continue };
        let mut words: Vec<String> = words.map(|word| word.replace("%s", url)).collect();
        if !one.contains("%s") {
            words.push(url.to_owned());
        }
        #[expect(clippy::disallowed_methods, reason = "the person's browser runs as the person started it")]
        let mut command = std::process::Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(_) => return Ok(()),
            Err(error) => why = format!("{program}: {error}"),
        }
    }
    Err(format!("BROWSER is `{named}` ({why})"))
}
