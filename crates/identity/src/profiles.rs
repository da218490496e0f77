//! The profiles of `~/.aws/config` and `~/.aws/credentials`, as the SDK reads them, each with what is wrong with it.
//!
//! Holds no secret: of keys, tokens and commands only their presence is kept.

pub(crate) mod chain;
pub(crate) mod files;
mod scan;

use crate::Env;
pub use files::{FileKind, ProfilesError};
use serde::Serialize;
use std::collections::HashMap;
use std::path::PathBuf;

/// Every profile, in the order in which the files name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profiles {
    /// The profiles.
    pub profiles: Vec<Profile>,
    /// The files, config first.
    pub files: Vec<ProfileFile>,
    /// Remarks that belong to no single profile: ignored and repeated sections.
    pub problems: Vec<FileProblem>,
    /// Why there are no profiles, when there are none.
    pub explanation: Option<String>,
}

/// One profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Its name, case as written.
    pub name: String,
    /// Where its credentials come from.
    pub kind: Kind,
    /// Twelve digits, when the profile says; only STS knows for certain.
    pub account: Option<String>,
    /// Role or permission set, when the profile says.
    pub role: Option<String>,
    /// Its own region; profiles inherit none.
    pub region: Option<String>,
    /// The `[sso-session]` that it names.
    pub sso_session: Option<String>,
    /// The sign-in at the end of its chain: the name of an `[sso-session]`, the start URL of a legacy profile.
    pub sign_in: Option<String>,
    /// Where it stands.
    pub from: Vec<Place>,
    /// What would keep it from working, or makes other AWS tools read it differently. Whole sentences.
    pub problems: Vec<String>,
}

/// Where a profile's credentials come from, in the SDK's order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// `role_arn` with the credentials of another profile.
    AssumeRole {
        /// `source_profile`.
        source: String,
    },
    /// `role_arn` with `credential_source`.
    CredentialSource {
        /// `Environment`, `Ec2InstanceMetadata` or `EcsContainer`.
        source: String,
    },
    /// `web_identity_token_file` with `role_arn`.
    WebIdentity,
    /// `sso_session`.
    SsoSession,
    /// `sso_start_url` in the profile itself: without refresh.
    LegacySso,
    /// `login_session`, from `aws login`.
    Login,
    /// `credential_process`.
    Process,
    /// Access keys in the file.
    Static,
    /// Settings, and no credentials.
    RegionOnly,
}

/// A file of profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileFile {
    /// Which of the two.
    pub kind: FileKind,
    /// Its path; `None` when there is no home folder to look in.
    pub path: Option<PathBuf>,
    /// Whether it is there.
    pub found: bool,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which file.
    pub file: FileKind,
    /// Line, from 1.
    pub line: usize,
}

/// A remark on a line that belongs to no profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// Where.
    pub place: Place,
    /// A whole sentence.
    pub text: String,
}

/// Every profile of the environment's two files. Missing files give an empty list with an explanation.
///
/// # Errors
/// [`ProfilesError`] when a file is there and cannot be read or parsed.
pub async fn profiles(env: &Env) -> Result<Profiles, ProfilesError> {
    let files = files::read(env)?;
    let set = files.parse("default").await?;
    let mut found =
        Profiles { profiles: Vec::new(), files: Vec::new(), problems: Vec::new(), explanation: None };
    let mut index: HashMap<&str, usize> = HashMap::new();
    for file in files.each() {
        found.files.push(ProfileFile {
            kind: file.kind,
            path: file.path.clone(),
            found: file.text.is_some(),
        });
        let (headings, remarks) = scan::scan(file);
        for heading in headings {
            let Some(profile) = set.get_profile(heading.name) else { continue };
            let at = *index.entry(heading.name).or_insert_with(|| {
                found.profiles.push(chain::describe(&set, profile));
                found.profiles.len() - 1
            });
            found.profiles[at].from.push(Place { file: file.kind, line: heading.line });
        }
        for remark in remarks {
            let place = Place { file: file.kind, line: remark.line };
            match remark.profile.and_then(|name| index.get(name)) {
                Some(at) => {
                    found.profiles[*at].problems.push(format!("line {}: {}", remark.line, remark.text))
                }
                None => found.problems.push(FileProblem { place, text: remark.text }),
            }
        }
    }
    if found.profiles.is_empty() {
        found.explanation = Some(explain_none(&files));
    }
    Ok(found)
}

/// Where the two files are looked for, config first; none without a home folder.
pub fn profile_files(env: &Env) -> Vec<PathBuf> {
    files::paths(env)
}

/// What the AWS CLI names the cache of a sign-in by: SHA-1, in hexadecimal, of the name of its `[sso-session]`, or of
/// the start URL of a legacy profile.
pub fn session_key(name: &str) -> String {
    use sha1::{Digest as _, Sha1};
    Sha1::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why there is no profile: which files were looked for, and what makes one.
pub(crate) fn explain_none(files: &files::Files) -> String {
    let each = files.each().map(|file| match (&file.path, &file.text, file.by) {
        (None, _, _) => "there is no home folder to look in (HOME is not set)".to_owned(),
        (Some(path), Some(_), _) => format!("{} names no profile", path.display()),
        (Some(path), None, None) => format!("{} does not exist", path.display()),
        (Some(path), None, Some(by)) => format!("{}, which {by} names, does not exist", path.display()),
    });
    format!("no profiles: {}, and {}; `aws configure sso` makes one", each[0], each[1])
}
