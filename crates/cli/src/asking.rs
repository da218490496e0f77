//! Questions at the terminal.

use crate::output;
use holdpoint_api::Problem;
use std::io::BufRead as _;

/// A line; `None` when standard input has ended.
pub(crate) fn ask(question: &str) -> Result<Option<String>, Problem> {
    output::question(question);
    let mut answer = String::new();
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(answer.trim().to_owned())),
        Err(error) => Err(Problem::new(format!("standard input cannot be read: {error}"))),
    }
}

/// Yes or no; no when nothing is said.
pub(crate) fn yes(question: &str) -> Result<bool, Problem> {
    let answer = ask(&format!("{question} [y/N]"))?;
    Ok(answer.is_some_and(|answer| ["y", "yes"].contains(&answer.to_lowercase().as_str())))
}

/// A secret, not shown while it is typed.
pub(crate) fn secret(name: &str) -> Result<String, Problem> {
    rpassword::prompt_password(format!("{name} (not shown): "))
        .map_err(|error| Problem::new(format!("{name} cannot be asked for: {error}")))
}
