//! `shell`: the script in the fence after the step.

use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `with` of `shell`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shell {
    /// Which shell runs the script; without it, the fence's language decides.
    pub shell: Option<ShellName>,
    /// Environment variables. Values reach the script only here; a script is never pasted together.
    pub env: BTreeMap<String, String>,
    /// Working directory, relative to the plan's folder.
    pub dir: Option<String>,
}

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShellName {
    /// GNU Bash.
    Bash,
    /// The system's POSIX shell.
    Sh,
    /// Z shell.
    Zsh,
    /// PowerShell 7.
    Pwsh,
    /// Windows PowerShell 5.
    Powershell,
    /// Windows command prompt.
    Cmd,
}

impl ShellName {
    /// The shell that a fence's language names.
    pub fn from_language(language: &str) -> Option<Self> {
        Some(match language.to_ascii_lowercase().as_str() {
            "bash" | "shell" | "console" | "shell-session" => Self::Bash,
            "sh" => Self::Sh,
            "zsh" => Self::Zsh,
            "pwsh" | "ps1" => Self::Pwsh,
            "powershell" => Self::Powershell,
            "cmd" | "bat" | "batch" => Self::Cmd,
            _ => return None,
        })
    }

    /// As written in a plan.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Sh => "sh",
            Self::Zsh => "zsh",
            Self::Pwsh => "pwsh",
            Self::Powershell => "powershell",
            Self::Cmd => "cmd",
        }
    }
}

/// `expect` of `shell`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShellExpect {
    /// Exit code; 0 when absent.
    pub exit: i32,
    /// Texts that standard output must contain.
    pub stdout_contains: Vec<String>,
    /// Texts that standard output must not contain.
    pub stdout_lacks: Vec<String>,
    /// Texts that standard error must not contain.
    pub stderr_lacks: Vec<String>,
}

pub(super) fn list() -> [KindSpec; 1] {
    [KindSpec {
        practice: PracticeMode::NotPractised,
        takes_script: true,
        open_outputs: true,
        outputs: &[
            OutputSpec { name: "exit", doc: "Exit code." },
            OutputSpec { name: "stdout", doc: "Standard output, trimmed, redacted." },
        ],
        ..spec::<Shell, ShellExpect>(
            "shell",
            "shell",
            "The script in the code fence directly after the step.",
            Effect::Once,
        )
    }]
}
