//! Who may use whom, as the one table that decides it.

use crate::{Finding, Metadata, Reach};
use regex::Regex;

/// What one of our crates may use of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrow {
    /// The crate, without `holdpoint-`.
    pub of: &'static str,
    /// In the product.
    pub may_use: &'static [&'static str],
    /// In its tests besides.
    pub tests_may_use: &'static [&'static str],
}

const fn arrow(of: &'static str, may_use: &'static [&'static str]) -> Arrow {
    Arrow { of, may_use, tests_may_use: &[] }
}

/// The drawing of `ARCHITECTURE.md`. A crate that is not here may not exist.
pub const ARROWS: &[Arrow] = &[
    arrow("redact", &[]),
    arrow("known", &["redact"]),
    arrow("plan", &["redact"]),
    arrow("run", &["plan"]),
    arrow("report", &["plan", "run", "known", "redact"]),
    arrow("vault", &["redact"]),
    arrow("identity", &["vault", "redact"]),
    arrow("cloud", &["identity", "redact"]),
    // Their sweeps are counted with those of the program.
    Arrow { of: "ledger", may_use: &["run"], tests_may_use: &["crash", "plan"] },
    Arrow { of: "engine", may_use: &["plan", "run", "ledger", "known", "redact"], tests_may_use: &["crash"] },
    arrow("steps", &["engine", "plan", "run", "cloud", "identity", "redact"]),
    arrow(
        "api",
        &["plan", "run", "report", "engine", "ledger", "identity", "vault", "cloud", "known", "redact"],
    ),
    // Edges: what they name besides api and steps are the types that those two speak (docs/adr/0007).
    Arrow {
        of: "cli",
        may_use: &["api", "steps", "sim", "engine", "identity", "plan", "run", "redact", "vault"],
        // What the program prints where no run begins is recognised, as a run's diagnosis is; homes and accounts of tests.
        tests_may_use: &["known", "crash"],
    },
    arrow("desktop", &["api", "steps", "identity"]),
    arrow("bridge", &["api", "steps", "identity"]),
    arrow("sim", &[]),
    // Suites that need the simulator beside them in one process, and are no part of the product.
    arrow(
        "conformance",
        &["api", "engine", "steps", "plan", "run", "cloud", "identity", "vault", "redact", "sim"],
    ),
    arrow("crash", &[]),
    arrow("e2e", &[]),
    arrow("house", &[]),
    arrow("xtask", &[]),
];

/// Foreign crates with one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// Pattern of their names.
    pub names: &'static str,
    /// Ours who may name them in a manifest.
    pub owners: &'static [&'static str],
    /// Why nobody else.
    pub why: &'static str,
}

/// Who owns what. `deny.toml` says the same with `wrappers`, for who has cargo-deny.
pub const OWNERS: &[Owned] = &[
    Owned {
        names: "^aws-(sdk-.*|config|runtime|sigv4)$",
        owners: &["identity", "cloud"],
        why: "AWS is reached through identity (who we are) and cloud (what is there), so that the account pin cannot be passed by",
    },
    Owned {
        names: "^(oci-client|oci-spec|docker_credential)$",
        owners: &["cloud"],
        why: "registries are asked by cloud alone, which verifies every digest that it hands on",
    },
    Owned {
        names: "^(rusqlite|libsqlite3-sys|sqlx|diesel)$",
        owners: &["ledger"],
        why: "a run is stored by the ledger alone: append is the only write",
    },
    Owned {
        names: "^(tauri|tauri-build|tauri-plugin-.*|wry|tao|muda)$",
        owners: &["desktop"],
        why: "only the shell knows that there is a window: everything else must run without one",
    },
    Owned {
        names: "^(keyring|keyring-core|.*-keyring-store|secret-service|security-framework)$",
        owners: &["vault"],
        why: "secrets at rest have one owner",
    },
    Owned {
        names: "^(chrono|time|lazy_static|once_cell|serde_yaml|openssl|native-tls)$",
        owners: &[],
        why: "turned down: jiff for times, std's LazyLock, serde-saphyr for YAML, rustls for TLS",
    },
];

/// Crates without any IO.
pub const PURE: &[&str] = &["plan", "known", "run", "report", "redact"];

/// What a pure crate cannot reach, however deep.
pub const UNREACHABLE: &str = "^(tokio|mio|socket2|hyper|hyper-util|reqwest|ureq|rustls|native-tls|rusqlite|async-std|smol|tempfile|keyring|aws-.*|tauri|wry|nix|rustix)$";

/// Arrows of ours that are not in [`ARROWS`].
pub fn our_arrows(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.ours() {
        let Some(arrow) = ARROWS.iter().find(|arrow| arrow.of == short(&package.name)) else {
            findings.push(Finding {
                place: package.folder.clone(),
                rule: "arrows",
                found: format!("the crate {} is not in the drawing", package.name),
                why: "every crate has its place in ARCHITECTURE.md and in tests/house/src/arrows.rs before it has code",
            });
            continue;
        };
        for (reach, used) in &package.uses {
            let Some(used) = used.strip_prefix("holdpoint-") else { continue };
            let in_tests = *reach == Reach::Tests && arrow.tests_may_use.contains(&used);
            if !arrow.may_use.contains(&used) && !in_tests {
                findings.push(Finding {
                    place: format!("{}/Cargo.toml", package.folder),
                    rule: "arrows",
                    found: format!("{} uses {used}", short(&package.name)),
                    why: "this arrow is not in the drawing of ARCHITECTURE.md: move the code to who may use it, or change the drawing with an ADR",
                });
            }
        }
    }
    findings
}

/// Foreign crates named by somebody who does not own them.
pub fn foreign_owners(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for owned in OWNERS {
        let Ok(names) = Regex::new(owned.names) else { continue };
        for package in metadata.ours().filter(|package| !owned.owners.contains(&short(&package.name))) {
            for (_, used) in package.uses.iter().filter(|(_, used)| names.is_match(used)) {
                findings.push(Finding {
                    place: format!("{}/Cargo.toml", package.folder),
                    rule: "owners",
                    found: format!(
                        "{} uses {used}, which belongs to {}",
                        short(&package.name),
                        if owned.owners.is_empty() {
                            "nobody".to_owned()
                        } else {
                            owned.owners.join(" and ")
                        }
                    ),
                    why: owned.why,
                });
            }
        }
    }
    findings
}

/// What the pure crates reach and must not.
pub fn pure_crates(metadata: &Metadata) -> Vec<Finding> {
    let Ok(unreachable) = Regex::new(UNREACHABLE) else { return Vec::new() };
    let mut findings = Vec::new();
    for name in PURE {
        for reached in metadata.closure(&format!("holdpoint-{name}")) {
            if unreachable.is_match(reached) {
                findings.push(Finding {
                    place: format!("crates/{name}/Cargo.toml"),
                    rule: "pure",
                    found: format!("{name} links {reached}"),
                    why: "a pure crate has no IO, no clock and no runtime: it is tested by tables and runs anywhere",
                });
            }
        }
    }
    findings
}

fn short(name: &str) -> &str {
    name.strip_prefix("holdpoint-").unwrap_or(name)
}
