//! The UI's packages and its build.

use crate::place::root;
use crate::tool::{Failure, Tool, find, twice};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Oldest Node.js that vite 8 runs on.
const NODE: (u32, u32) = (20, 19);

/// An npm command line in `ui/`.
pub(crate) fn npm(arguments: &[&str]) -> Result<Tool, Failure> {
    node()?;
    let npm = find("npm").ok_or_else(|| Failure::Missing {
        tool: "npm".to_owned(),
        next: "it comes with Node.js 20.19 or newer".to_owned(),
    })?;
    Ok(Tool::new(npm, arguments).within(&root().join("ui")))
}

/// Installs the packages of the lock file, unless they are there already.
pub(crate) fn packages() -> Result<(), Failure> {
    let ui = root().join("ui");
    if changed(&ui.join("node_modules/.package-lock.json")) >= changed(&ui.join("package-lock.json")) {
        println!("  the UI's packages are there");
        return Ok(());
    }
    twice(|| npm(&["ci", "--no-audit", "--no-fund"])?.run())
}

/// Builds what the window shows.
pub(crate) fn build() -> Result<(), Failure> {
    packages()?;
    npm(&["run", "build"])?.run()
}

fn node() -> Result<(), Failure> {
    let missing = |found: &str| Failure::Missing {
        tool: format!("Node.js {}.{} or newer", NODE.0, NODE.1),
        next: format!("found {found}; install it from your system's packages or from nodejs.org"),
    };
    let node = find("node").ok_or_else(|| missing("none"))?;
    let version = Tool::new(node, ["--version"]).output()?;
    let version = version.trim();
    let mut parts = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
        return Err(missing(version));
    };
    if (major, minor) < NODE { Err(missing(version)) } else { Ok(()) }
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
