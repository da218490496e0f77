//! Installs what is missing, and only that.

use crate::front;
use crate::tool::{Failure, Tool, find, twice};

/// Debian's names of what the window links and what builds it.
const BUILD: &[&str] = &[
    "build-essential",
    "file",
    "libayatana-appindicator3-dev",
    "libdbus-1-dev",
    "librsvg2-dev",
    "libssl-dev",
    "libwebkit2gtk-4.1-dev",
    "libxdo-dev",
    "pkg-config",
];

/// Debian's names of what tests besides need: a screen, a driver of the real window, a look at it; a bus and a keyring
/// of their own; a registry of images and a client of it; kills and failures at system calls.
const TEST: &[&str] = &[
    "dbus",
    "dbus-daemon",
    "docker-registry",
    "gnome-keyring",
    "imagemagick",
    "skopeo",
    "strace",
    "webkit2gtk-driver",
    "xvfb",
];

/// Everything to build and to test; builds the UI.
pub(crate) fn all() -> Result<(), Failure> {
    system(true)?;
    front::build()?;
    println!("\nset up: try `cargo xtask demo` or `cargo xtask test`");
    Ok(())
}

/// The system's packages; those for tests only when asked for.
pub(crate) fn system(tests: bool) -> Result<(), Failure> {
    println!("system packages");
    let Some(query) = find("dpkg-query") else {
        println!(
            "  this is no Debian; Tauri 2's prerequisites must be there (v2.tauri.app/start/prerequisites)"
        );
        return Ok(());
    };
    let installed = |package: &&&str| {
        let ask = Tool::new(&query, ["-W", "-f", "${db:Status-Status}", package]);
        ask.output_quietly().is_some_and(|status| status == "installed")
    };
    let mut wanted: Vec<&str> = BUILD.to_vec();
    if tests {
        wanted.extend(TEST);
        if !python_can_make_environments() {
            wanted.push("python3-venv");
        }
    }
    let missing: Vec<&str> = wanted.iter().filter(|package| !installed(package)).copied().collect();
    if missing.is_empty() {
        println!("  all there");
        return Ok(());
    }
    println!("  missing: {}", missing.join(" "));
    let update = ["apt-get", "update"];
    let install: Vec<&str> = ["apt-get", "install", "-y", "--no-install-recommends"]
        .into_iter()
        .chain(missing.iter().copied())
        .collect();
    let prefix: &[&str] = if is_root() {
        &["env", "DEBIAN_FRONTEND=noninteractive"]
    } else if Tool::new("sudo", ["-n", "true"]).succeeds() {
        &["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    } else {
        return Err(Failure::Other(format!(
            "system packages are missing and this user may not install them; run\n  sudo {} && sudo {}",
            update.join(" "),
            install.join(" ")
        )));
    };
    let as_root = |line: &[&str]| {
        let mut words = prefix.iter().chain(line).copied();
        let program = words.next().unwrap_or("env");
        Tool::new(program, words).run()
    };
    twice(|| {
        as_root(&update)?;
        as_root(&install)
    })
}

fn is_root() -> bool {
    Tool::new("id", ["-u"]).output_quietly().is_some_and(|id| id == "0")
}

fn python_can_make_environments() -> bool {
    Tool::new("python3", ["-c", "import venv, ensurepip"]).succeeds()
}
