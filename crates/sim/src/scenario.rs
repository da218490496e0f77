//! Scenarios: what goes wrong, when, and for whom. Built-in ones by name, or a file in YAML or JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::behaviour::Rule;
use crate::ecs::configuration;
use crate::ecs::incidents::{HookRule, Incident};
use crate::fault::Fault;
use crate::images::Image;

/// The built-in scenarios: name and file, those that came first first.
const FILES: &[(&str, &str)] = &[
    ("healthy", include_str!("../scenarios/healthy.yaml")),
    ("crash_loop", include_str!("../scenarios/crash_loop.yaml")),
    ("wrong_architecture", include_str!("../scenarios/wrong_architecture.yaml")),
    ("unhealthy", include_str!("../scenarios/unhealthy.yaml")),
    ("slow", include_str!("../scenarios/slow.yaml")),
    ("throttled", include_str!("../scenarios/throttled.yaml")),
    ("denied", include_str!("../scenarios/denied.yaml")),
    ("wrong_account", include_str!("../scenarios/wrong_account.yaml")),
    ("expired", include_str!("../scenarios/expired.yaml")),
    ("crash_after_start", include_str!("../scenarios/crash_after_start.yaml")),
    ("exits_zero", include_str!("../scenarios/exits_zero.yaml")),
    ("slow_start", include_str!("../scenarios/slow_start.yaml")),
    ("image_missing", include_str!("../scenarios/image_missing.yaml")),
    ("pull_denied", include_str!("../scenarios/pull_denied.yaml")),
    ("no_log_group", include_str!("../scenarios/no_log_group.yaml")),
    ("secret_missing", include_str!("../scenarios/secret_missing.yaml")),
    ("no_capacity", include_str!("../scenarios/no_capacity.yaml")),
    ("breaker_off", include_str!("../scenarios/breaker_off.yaml")),
    ("first_deployment_fails", include_str!("../scenarios/first_deployment_fails.yaml")),
    ("blue_green_fails_in_bake", include_str!("../scenarios/blue_green_fails_in_bake.yaml")),
    ("alarm_rolls_back", include_str!("../scenarios/alarm_rolls_back.yaml")),
    ("hook_waits", include_str!("../scenarios/hook_waits.yaml")),
    ("hook_fails", include_str!("../scenarios/hook_fails.yaml")),
    ("hook_times_out", include_str!("../scenarios/hook_times_out.yaml")),
    ("superseded", include_str!("../scenarios/superseded.yaml")),
    ("service_deleted", include_str!("../scenarios/service_deleted.yaml")),
    ("connections_break", include_str!("../scenarios/connections_break.yaml")),
    ("half_answers", include_str!("../scenarios/half_answers.yaml")),
    ("lagging", include_str!("../scenarios/lagging.yaml")),
    ("registry_throttles", include_str!("../scenarios/registry_throttles.yaml")),
    ("registry_lies", include_str!("../scenarios/registry_lies.yaml")),
    ("create_failed", include_str!("../scenarios/create_failed.yaml")),
    ("operation_stuck", include_str!("../scenarios/operation_stuck.yaml")),
    ("operation_rolls_back", include_str!("../scenarios/operation_rolls_back.yaml")),
    ("auto_deploy_off", include_str!("../scenarios/auto_deploy_off.yaml")),
];

/// A built-in scenario, for whoever lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builtin {
    /// Its name, as `--scenario` takes it.
    pub name: &'static str,
    /// What happens, in a sentence.
    pub about: String,
}

/// The built-in scenarios.
pub fn builtin() -> Vec<Builtin> {
    FILES
        .iter()
        .map(|(name, text)| {
            let read = serde_saphyr::from_str::<Scenario>(text).unwrap_or_default();
            Builtin { name, about: read.about.unwrap_or_default() }
        })
        .collect()
}

fn names() -> String {
    FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// A scenario, read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What happens, in a sentence. For readers; it is left out of what is journaled.
    #[serde(default, skip_serializing)]
    pub(crate) about: Option<String>,
    /// The built-in one, or several with `+` between, that this adds to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
    #[serde(default)]
    pub(crate) faults: Vec<Fault>,
    #[serde(default)]
    pub(crate) tasks: Vec<Rule>,
    #[serde(default)]
    pub(crate) images: BTreeMap<String, Image>,
    /// What befalls deployments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) incidents: Vec<Incident>,
    /// What lifecycle hooks' functions answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hooks: Vec<HookRule>,
    /// Laid over the `deploymentConfiguration` of services that are furnished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) standing: Option<Value>,
    #[serde(default)]
    pub(crate) identity: Identity,
    /// Patterns of names of secrets that do not exist, whatever a world says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets_missing: Vec<String>,
    /// Patterns of names of parameters that do not exist, whatever a world says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parameters_missing: Vec<String>,
    /// Whether App Runner services that are furnished deploy pushed images by themselves, whatever their world says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auto_deploy: Option<bool>,
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
    #[error(
        "no scenario {name:?}: it is neither a file nor one of {}, nor several of those with + between",
        names()
    )]
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
    /// A built-in scenario's name, several with `+` between, or a file's path → its name and itself, with its base laid under it.
    pub(crate) fn load(name: &str) -> Result<(String, Self), ScenarioError> {
        let path = PathBuf::from(name);
        if Self::builtin(name).is_none() && path.is_file() {
            return Ok((name.to_owned(), Self::file(path)?));
        }
        let (mut named, mut whole) = (Vec::new(), Self::default());
        for part in name.split('+') {
            match Self::builtin(part) {
                Some(builtin) => {
                    named.push(part.replace('-', "_"));
                    whole = builtin?.over(whole);
                }
                None if PathBuf::from(part).is_file() => {
                    named.push(part.to_owned());
                    whole = Self::file(PathBuf::from(part))?.over(whole);
                }
                None => return Err(ScenarioError::Unknown { name: name.to_owned() }),
            }
        }
        Ok((named.join("+"), whole))
    }

    fn file(path: PathBuf) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ScenarioError::Unreadable { path: path.clone(), source })?;
        Self::read(&text, path)
    }

    /// A built-in one; both spellings lead to it.
    fn builtin(name: &str) -> Option<Result<Self, ScenarioError>> {
        let name = name.replace('-', "_");
        let (known, text) = FILES.iter().find(|(known, _)| **known == name)?;
        Some(Self::read(text, PathBuf::from(format!("{known}.yaml"))))
    }

    fn read(text: &str, path: PathBuf) -> Result<Self, ScenarioError> {
        let invalid = |reason: String| ScenarioError::Invalid { path: path.clone(), reason };
        let mut read: Self = if path.extension().is_some_and(|e| e == "json") {
            serde_json::from_str(text).map_err(|e| invalid(e.to_string()))?
        } else {
            serde_saphyr::from_str(text).map_err(|e| invalid(e.to_string()))?
        };
        read.about = None;
        let Some(base) = read.base.take() else { return Ok(read) };
        let mut under = Self::default();
        for part in base.split('+') {
            let builtin = Self::builtin(part)
                .ok_or_else(|| invalid(format!("base {part:?} is none of {}", names())))?;
            under = builtin?.over(under);
        }
        Ok(read.over(under))
    }

    /// Laid over another one: its own faults are asked first, its own behaviours are laid on last.
    fn over(mut self, mut under: Self) -> Self {
        self.faults.append(&mut under.faults);
        under.tasks.append(&mut self.tasks);
        under.incidents.append(&mut self.incidents);
        under.hooks.append(&mut self.hooks);
        under.images.append(&mut self.images);
        under.secrets_missing.append(&mut self.secrets_missing);
        under.parameters_missing.append(&mut self.parameters_missing);
        let standing = match (under.standing, self.standing) {
            (Some(mut standing), Some(over)) => {
                configuration::merge(&mut standing, &over);
                Some(standing)
            }
            (under, over) => over.or(under),
        };
        let (identity, before) = (self.identity, under.identity);
        Self {
            about: None,
            base: None,
            faults: self.faults,
            tasks: under.tasks,
            images: under.images,
            incidents: under.incidents,
            hooks: under.hooks,
            standing,
            identity: Identity {
                account: identity.account.or(before.account),
                expire_after_calls: identity.expire_after_calls.or(before.expire_after_calls),
                expire_keys: identity.expire_keys.or(before.expire_keys),
            },
            secrets_missing: under.secrets_missing,
            parameters_missing: under.parameters_missing,
            auto_deploy: self.auto_deploy.or(under.auto_deploy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_is_there_under_both_spellings() {
        for Builtin { name, about } in builtin() {
            assert!(about.ends_with('.'), "{name}: {about:?}");
            assert_eq!(Scenario::load(&name.replace('_', "-")).unwrap().0, name);
        }
        let error = Scenario::load("crashloop").unwrap_err().to_string();
        assert!(error.contains("crash_loop"), "{error}");
    }

    #[test]
    fn every_file_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".yaml", ""))
            .collect();
        let mut listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        files.sort();
        listed.sort_unstable();
        assert_eq!(files, listed);
    }

    #[test]
    fn several_make_one() {
        let (name, both) = Scenario::load("crash-loop+throttled+wrong_account").unwrap();
        assert_eq!(name, "crash_loop+throttled+wrong_account");
        assert_eq!((both.tasks.len(), both.faults.len()), (1, 1));
        assert_eq!(both.identity.account.as_deref(), Some("999988887777"));
        let (_, off) = Scenario::load("breaker_off+alarm_rolls_back").unwrap();
        let standing = off.standing.unwrap();
        assert_eq!(standing["deploymentCircuitBreaker"]["enable"], false);
        assert_eq!(standing["alarms"]["rollback"], true);
        assert!(Scenario::load("crash_loop+nothing").unwrap_err().to_string().contains("crash_loop+nothing"));
    }
}
