//! AWS's own clients, in a Python environment of their own under the target folder.

use crate::place::{root, target};
use crate::tool::{Failure, Tool, twice};
use std::fs;
use std::path::PathBuf;

/// What the client tests and the bench need: AWS's library and command line, and what runs the tests.
const REQUIREMENTS: &str = "tests/clients/requirements.txt";

/// The environment's programs, installed if they are not.
pub(crate) fn programs() -> Result<PathBuf, Failure> {
    let home = target().join("python-clients");
    let programs = home.join("bin");
    let stamp = home.join("installed");
    let wanted = root().join(REQUIREMENTS);
    let wanted_text = fs::read_to_string(&wanted).map_err(|source| Failure::File {
        what: "read",
        path: REQUIREMENTS.to_owned(),
        source,
    })?;
    if fs::read_to_string(&stamp).is_ok_and(|text| text == wanted_text) {
        return Ok(programs);
    }
    println!("AWS's clients, for tests only, in {}", home.display());
    Tool::new("python3", ["-m", "venv", &home.display().to_string()]).run()?;
    let wanted = wanted.display().to_string();
    twice(|| Tool::new(programs.join("python"), ["-m", "pip", "install", "--quiet", "-r", &wanted]).run())?;
    crate::tool::write(&stamp, &wanted_text)?;
    Ok(programs)
}
