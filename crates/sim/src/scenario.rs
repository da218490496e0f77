//! Scenarios: what goes wrong, when, and for whom. Built-in ones by name, or a file in YAML or JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::behaviour::{Behaviour, Check, Exit, LogLine, Origin, Revisions, Rule, TaskMatch};
use crate::fault::{Effect, Fault, FaultMatch};
use crate::images::Image;

/// The built-in scenarios.
pub const BUILTIN: [&str; 9] = [
    "healthy",
    "crash_loop",
    "wrong_architecture",
    "unhealthy",
    "slow",
    "throttled",
    "denied",
    "wrong_account",
    "expired",
];

/// A scenario, read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// A built-in one that this adds to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
    #[serde(default)]
    pub(crate) faults: Vec<Fault>,
    #[serde(default)]
    pub(crate) tasks: Vec<Rule>,
    #[serde(default)]
    pub(crate) images: BTreeMap<String, Image>,
    #[serde(default)]
    pub(crate) identity: Identity,
    /// Patterns of names of secrets that do not exist, whatever a world says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets_missing: Vec<String>,
}

/// What is odd about the credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// The account that the people's sessions belong to, instead of the world's.
    #[serde(default)]
    pub(crate) account: Option<String>,
    /// Each access key is good for so many calls.
    #[serde(default)]
    pub(crate) expire_after_calls: Option<u64>,
    /// Only so many keys end by it; without it, all.
    #[serde(default)]
    pub(crate) expire_keys: Option<u64>,
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Neither a built-in name nor a file.
    #[error("no scenario {name:?}: it is neither a file nor one of {}", BUILTIN.join(", "))]
    Unknown {
        /// As given.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot read the scenario {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a scenario.
    #[error("the scenario {path} is not valid: {reason}; its form is in docs/simulator.md")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
}

impl Scenario {
    /// A built-in scenario's name or a file's path → its name and itself, with its base laid under it.
    pub(crate) fn load(name: &str) -> Result<(String, Self), ScenarioError> {
        if let Some(builtin) = Self::builtin(name) {
            return Ok((name.replace('-', "_"), builtin));
        }
        let path = PathBuf::from(name);
        if !path.is_file() {
            return Err(ScenarioError::Unknown { name: name.to_owned() });
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ScenarioError::Unreadable { path: path.clone(), source })?;
        let mut read: Self = if path.extension().is_some_and(|e| e == "json") {
            serde_json::from_str(&text).map_err(|e| e.to_string())
        } else {
            serde_saphyr::from_str(&text).map_err(|e| e.to_string())
        }
        .map_err(|reason| ScenarioError::Invalid { path: path.clone(), reason })?;
        if let Some(base) = read.base.take() {
            let mut under = Self::builtin(&base).ok_or_else(|| ScenarioError::Invalid {
                path: path.clone(),
                reason: format!("base {base:?} is none of {}", BUILTIN.join(", ")),
            })?;
            // Its own faults are asked first; its own behaviours are laid on last.
            read.faults.append(&mut under.faults);
            read.secrets_missing.append(&mut under.secrets_missing);
            under.tasks.append(&mut read.tasks);
            read.tasks = under.tasks;
            read.identity.account = read.identity.account.or(under.identity.account);
            read.identity.expire_after_calls =
                read.identity.expire_after_calls.or(under.identity.expire_after_calls);
            read.identity.expire_keys = read.identity.expire_keys.or(under.identity.expire_keys);
        }
        Ok((name.to_owned(), read))
    }

    fn builtin(name: &str) -> Option<Self> {
        let mut scenario = Self::default();
        match name.replace('-', "_").as_str() {
            "healthy" => {}
            "crash_loop" => scenario.tasks.push(broken(Behaviour {
                logs: Some(lines(&[
                    (0.2, "starting"),
                    (0.8, "checking the database schema"),
                    (1.5, "Traceback (most recent call last):"),
                    (1.5, "  File \"/app/main.py\", line 41, in <module>"),
                    (1.5, "    check_schema(connection)"),
                    (1.6, "psycopg.errors.UndefinedTable: relation \"tasks\" does not exist"),
                ])),
                exit: Some(Exit { after: 2.0, code: 1, reason: None }),
                ..Behaviour::default()
            })),
            "wrong_architecture" => scenario.tasks.push(broken(Behaviour {
                logs: Some(lines(&[(0.1, "exec /app/entrypoint.sh: exec format error")])),
                exit: Some(Exit { after: 0.2, code: 255, reason: None }),
                ..Behaviour::default()
            })),
            "unhealthy" => scenario.tasks.push(broken(Behaviour {
                health: Some(Check::Failing),
                target: Some(Check::Failing),
                ..Behaviour::default()
            })),
            "slow" => scenario.tasks.push(Rule {
                matches: TaskMatch {
                    deployed_by: Some(vec![Origin::Create, Origin::Update, Origin::RunTask]),
                    ..TaskMatch::default()
                },
                behaviour: Behaviour { slow: Some(5.0), ..Behaviour::default() },
            }),
            "throttled" => scenario.faults.push(Fault {
                matches: FaultMatch { share: Some(0.5), ..FaultMatch::default() },
                effect: Effect::Error {
                    code: "ThrottlingException".to_owned(),
                    status: 400,
                    message: "Rate exceeded".to_owned(),
                },
            }),
            "denied" => {
                for operation in ["UpdateService", "RegisterTaskDefinition"] {
                    scenario.faults.push(Fault {
                        matches: FaultMatch {
                            service: Some("ecs".to_owned()),
                            operation: Some(operation.to_owned()),
                            ..FaultMatch::default()
                        },
                        effect: Effect::Denied,
                    });
                }
            }
            "wrong_account" => scenario.identity.account = Some("999988887777".to_owned()),
            // The keys of before the first sign-in: a run pauses, somebody signs in, and it goes on to its end.
            "expired" => {
                scenario.identity =
                    Identity { account: None, expire_after_calls: Some(25), expire_keys: Some(1) };
            }
            _ => return None,
        }
        Some(scenario)
    }
}

/// A behaviour of new revisions that an update brings.
fn broken(behaviour: Behaviour) -> Rule {
    Rule {
        matches: TaskMatch {
            deployed_by: Some(vec![Origin::Update]),
            revisions: Revisions::New,
            ..TaskMatch::default()
        },
        behaviour,
    }
}

fn lines(of: &[(f64, &str)]) -> Vec<LogLine> {
    of.iter().map(|(after, line)| LogLine { after: *after, line: (*line).to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_is_there_under_both_spellings() {
        for name in BUILTIN {
            assert!(Scenario::load(name).is_ok(), "{name}");
            assert_eq!(Scenario::load(&name.replace('_', "-")).unwrap().0, name);
        }
        let error = Scenario::load("crashloop").unwrap_err().to_string();
        assert!(error.contains("crash_loop"), "{error}");
    }
}
