//! Files of the plan's folder and the repository that they are in: `file.assert`, `git.state`, `git.apply`.

use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use crate::kinds::account::NothingMore;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `with` of `file.assert`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileAssert {
    /// Files, and what must hold of each.
    pub files: Vec<FileRule>,
}

/// What must hold of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// Path, relative to the plan's folder, which it may not leave.
    pub path: String,
    /// Whether it exists; true when absent.
    pub exists: Option<bool>,
    /// Texts that it must contain.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Texts that it must not contain.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Regular expressions, each of which must match somewhere; `^` and `$` are those of a line.
    #[serde(default)]
    pub matches: Vec<String>,
    /// Its SHA-256.
    pub sha256: Option<String>,
    /// Values of a Terraform file by path: `resource.aws_db_instance.main.engine_version`. `null` for one that must not be
    /// there. What is no literal is compared as it is written: `var.engine_version`.
    #[serde(default)]
    pub hcl: BTreeMap<String, Value>,
    /// Values of a JSON file by JSON pointer: `/services/0/name`. `null` for one that must not be there.
    #[serde(default)]
    pub json: BTreeMap<String, Value>,
    /// Values of a YAML file by JSON pointer. `null` for one that must not be there.
    #[serde(default)]
    pub yaml: BTreeMap<String, Value>,
}

/// `with` of `git.state`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GitState {
    /// Folder in the repository, relative to the plan's folder, which it may not leave; the plan's folder when absent.
    pub dir: Option<String>,
}

/// `expect` of `git.state`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GitStateExpect {
    /// Whether nothing is changed or new that is not committed.
    pub clean: Option<bool>,
    /// Name of the branch.
    pub branch: Option<String>,
    /// The commit, whole or its first digits.
    pub commit: Option<String>,
    /// How many commits the branch has that its upstream lacks.
    pub ahead: Option<u32>,
    /// How many commits its upstream has that it lacks, as of the last fetch.
    pub behind: Option<u32>,
    /// A commit, tag or branch that the history must contain.
    pub contains_commit: Option<String>,
    /// Files that must be as they were.
    pub unchanged_since: Option<UnchangedSince>,
}

/// Files that must be as they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnchangedSince {
    /// The commit, tag or branch that they are compared with.
    pub base: String,
    /// Paths in the folder; all when absent.
    #[serde(default)]
    pub paths: Vec<String>,
}

/// `with` of `git.apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitApply {
    /// The patch, a file relative to the plan's folder, which it may not leave.
    pub patch: String,
    /// SHA-256 of the patch. Another one is refused.
    pub sha256: String,
    /// Folder in the repository that the patch's paths start from, relative to the plan's folder, which it may not leave;
    /// the plan's folder when absent.
    pub dir: Option<String>,
    /// Fall back to a three-way merge where the patch does not fit; false when absent. Conflicts are never left behind.
    #[serde(default)]
    pub three_way: bool,
    /// Only look whether it would apply; false when absent.
    #[serde(default)]
    pub check_only: bool,
    /// Take the patch back instead; false when absent. A rollback does that.
    #[serde(default)]
    pub reverse: bool,
}

/// `expect` of `git.apply`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GitApplyExpect {
    /// Exactly the files that the patch touches.
    pub files: Option<Vec<String>>,
}

const fn output(name: &'static str, doc: &'static str) -> OutputSpec {
    OutputSpec { name, doc }
}

pub(super) fn list() -> [KindSpec; 3] {
    [
        KindSpec {
            practice: PracticeMode::Local,
            outputs: const {
                &[
                    output("files", "How many files were looked at."),
                    output("sha256", "SHA-256 of each file that exists, by its path."),
                ]
            },
            ..spec::<FileAssert, NothingMore>(
                "file.assert",
                "files",
                "What files of the plan's folder must and must not say.",
                Effect::Read,
            )
        },
        KindSpec {
            practice: PracticeMode::Local,
            outputs: const {
                &[
                    output("commit", "The commit."),
                    output("short", "Its first digits, as git shortens it: an image's tag."),
                    output("branch", "The branch, or null where there is none."),
                    output("dirty", "Whether something is changed or new that is not committed."),
                    output("changed_files", "What is changed or new."),
                    output("ahead", "Commits that the upstream lacks, or null without an upstream."),
                    output(
                        "behind",
                        "Commits of the upstream that are missing, or null without an upstream.",
                    ),
                ]
            },
            ..spec::<GitState, GitStateExpect>(
                "git.state",
                "git",
                "What a repository's working copy is at.",
                Effect::Read,
            )
        },
        KindSpec {
            practice: PracticeMode::Local,
            default_undo: Some("takes the patch back, where this step applied it"),
            outputs: const {
                &[
                    output("applied", "Whether this step changed files."),
                    output("already_applied", "Whether the patch was there before."),
                    output("files", "The files that the patch touches."),
                ]
            },
            ..spec::<GitApply, GitApplyExpect>(
                "git.apply",
                "git",
                "Applies a patch to the working copy, once; in practice to a copy of it.",
                Effect::Idempotent,
            )
        },
    ]
}
