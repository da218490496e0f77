//! What a test or a person alters while it runs: who approves, how fast the portal lets call, how long things last.

use serde::{Deserialize, Serialize};

/// Who answers a sign-in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Approve {
    /// A person, on the page.
    #[default]
    Hand,
    /// This person, at once.
    Auto(String),
    Deny,
    Never,
}

impl TryFrom<String> for Approve {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "hand" => Ok(Self::Hand),
            "deny" => Ok(Self::Deny),
            "never" => Ok(Self::Never),
            _ => text
                .strip_prefix("auto:")
                .filter(|name| !name.is_empty())
                .map(|name| Self::Auto(name.to_owned()))
                .ok_or_else(|| format!("approve: {text:?} is none of hand, auto:<person>, deny, never")),
        }
    }
}

impl From<Approve> for String {
    fn from(approve: Approve) -> Self {
        match approve {
            Approve::Hand => "hand".to_owned(),
            Approve::Auto(person) => format!("auto:{person}"),
            Approve::Deny => "deny".to_owned(),
            Approve::Never => "never".to_owned(),
        }
    }
}

/// How fast one person may call the portal. AWS lets about 20 calls a second (fwdcloudsec/granted #458).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// 0 lets everything through.
    pub(crate) per_second: u32,
    /// Seconds that a refusal names in `Retry-After`; AWS sends none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
}

impl Default for Rate {
    fn default() -> Self {
        Self { per_second: 20, retry_after: None }
    }
}

/// The switches; a member that is not given stays as it is. Lifetimes are for what is issued from now on, and win over the instance's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switches {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approve: Option<Approve>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<Rate>,
    /// The next so many polls are answered SlowDown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slow_down: Option<u64>,
    /// The first so many polls of each device are answered AuthorizationPending, whatever was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<u64>,
    /// Seconds between polls; 0 never answers SlowDown for haste.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) access_token_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh: Option<bool>,
}

impl Switches {
    /// Takes over the members that are given.
    pub(crate) fn overlay(&mut self, over: &Self) {
        fn take<T: Clone>(under: &mut Option<T>, over: &Option<T>) {
            if over.is_some() {
                under.clone_from(over);
            }
        }
        take(&mut self.approve, &over.approve);
        take(&mut self.rate, &over.rate);
        take(&mut self.slow_down, &over.slow_down);
        take(&mut self.pending, &over.pending);
        take(&mut self.interval, &over.interval);
        take(&mut self.device_seconds, &over.device_seconds);
        take(&mut self.code_seconds, &over.code_seconds);
        take(&mut self.access_token_seconds, &over.access_token_seconds);
        take(&mut self.session_seconds, &over.session_seconds);
        take(&mut self.client_seconds, &over.client_seconds);
        take(&mut self.role_seconds, &over.role_seconds);
        take(&mut self.refresh, &over.refresh);
    }

    pub(crate) fn approve(&self) -> Approve {
        self.approve.clone().unwrap_or_default()
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate.unwrap_or_default()
    }

    /// Whether this poll is one of those that are to be answered SlowDown; counts it.
    pub(super) fn slows_down(&mut self) -> bool {
        match &mut self.slow_down {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            Some(_) | None => false,
        }
    }
}
