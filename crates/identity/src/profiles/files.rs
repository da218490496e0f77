//! The two files of profiles: where they are, their text, and the SDK's reading of them.

use crate::Env;
use aws_config::profile::ProfileSet;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::Fs;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// The largest file of profiles that is read, in bytes (32 MiB; 10,000 profiles are about 2 MiB).
const LARGEST: u64 = 32 * 1024 * 1024;

/// The variable that names a file, and its name below `~/.aws`.
const CONFIG: (&str, &str) = ("AWS_CONFIG_FILE", "config");
const CREDENTIALS: (&str, &str) = ("AWS_SHARED_CREDENTIALS_FILE", "credentials");

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// `~/.aws/config`, or what `AWS_CONFIG_FILE` names.
    Config,
    /// `~/.aws/credentials`, or what `AWS_SHARED_CREDENTIALS_FILE` names.
    Credentials,
}

/// A file of profiles that cannot be used. It is left as it is.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProfilesError {
    /// The system refuses to read it, or it is not a file.
    #[error("{path} cannot be read: {why}; nothing was changed, make it a file that you may read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// It is longer than any file of profiles.
    #[error(
        "{path} has more than {limit} bytes; point AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE at the right file"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// It is not text as AWS's tools read it.
    #[error("{path}, line {line}: {what}; save the file as UTF-8 without a byte order mark")]
    NotText {
        /// The file.
        path: PathBuf,
        /// Line of the first offending byte, from 1.
        line: usize,
        /// What it is.
        what: &'static str,
    },
    /// The SDK's parser refuses it.
    #[error("{path}, line {line}: {what}; correct this line, every profile of the file waits for it")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Line, from 1; 0 when the parser names none.
        line: usize,
        /// The parser's words.
        what: String,
    },
}

/// A file as it was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) kind: FileKind,
    /// `None` when there is neither a variable nor a home folder.
    pub(crate) path: Option<PathBuf>,
    /// The variable that named it.
    pub(crate) by: Option<&'static str>,
    /// `None` when there is no such file.
    pub(crate) text: Option<String>,
}

/// Both files of an environment.
pub(crate) struct Files {
    pub(crate) config: Found,
    pub(crate) credentials: Found,
}

/// Reads both files once. A missing file is not an error; one that is there and cannot be used is.
pub(crate) fn read(env: &Env) -> Result<Files, ProfilesError> {
    Ok(Files {
        config: find(env, FileKind::Config, CONFIG.0, CONFIG.1)?,
        credentials: find(env, FileKind::Credentials, CREDENTIALS.0, CREDENTIALS.1)?,
    })
}

/// Where both files are looked for; none without a home folder.
pub(crate) fn paths(env: &Env) -> Vec<PathBuf> {
    [CONFIG, CREDENTIALS].into_iter().filter_map(|(variable, name)| place(env, variable, name).0).collect()
}

/// Where one of the two files is, whether it is there or not; `None` without a home folder.
pub(crate) fn path_of(env: &Env, kind: FileKind) -> Option<PathBuf> {
    let (variable, name) = match kind {
        FileKind::Config => CONFIG,
        FileKind::Credentials => CREDENTIALS,
    };
    place(env, variable, name).0
}

impl Files {
    pub(crate) fn each(&self) -> [&Found; 2] {
        [&self.config, &self.credentials]
    }

    /// The texts, for the SDK to parse without reading the files again.
    pub(crate) fn for_sdk(&self) -> EnvConfigFiles {
        sources(&self.each())
    }

    /// The SDK's own reading of the two files.
    pub(crate) async fn parse(&self, selected: &str) -> Result<ProfileSet, ProfilesError> {
        let error = match load(&self.each(), selected).await {
            Ok(set) => return Ok(set),
            Err(error) => error,
        };
        // The parser does not say which text it means when it is given texts: the one that fails alone.
        for file in self.each() {
            if let Err(alone) = load(&[file], selected).await {
                return Err(broken(file, &alone));
            }
        }
        Err(broken(&self.config, &error))
    }
}

async fn load(files: &[&Found], selected: &str) -> Result<ProfileSet, String> {
    let env = aws_types::os_shim_internal::Env::from_slice(&[]);
    let selected = Cow::Owned(selected.to_owned());
    aws_config::profile::load(&Fs::from_slice(&[]), &env, &sources(files), Some(selected)).await.map_err(
        |error| {
            let error: &dyn std::error::Error = &error;
            error.source().unwrap_or(error).to_string()
        },
    )
}

fn sources(files: &[&Found]) -> EnvConfigFiles {
    let mut builder = EnvConfigFiles::builder();
    for file in files {
        let kind = match file.kind {
            FileKind::Config => EnvConfigFileKind::Config,
            FileKind::Credentials => EnvConfigFileKind::Credentials,
        };
        builder = builder.with_contents(kind, file.text.as_deref().unwrap_or_default());
    }
    builder.build()
}

/// The SDK says `error parsing PATH on line N:\n  MESSAGE` and has no accessors for the parts.
fn broken(file: &Found, message: &str) -> ProfilesError {
    let path = file.path.clone().unwrap_or_default();
    let parts = message.split_once(" on line ").and_then(|(_, rest)| rest.split_once(':'));
    let (line, what) = match parts {
        Some((line, what)) => (line.trim().parse().unwrap_or(0), what.trim().to_owned()),
        None => (0, message.to_owned()),
    };
    ProfilesError::Broken { path, line, what }
}

fn find(env: &Env, kind: FileKind, variable: &'static str, name: &str) -> Result<Found, ProfilesError> {
    let (path, by) = place(env, variable, name);
    let text = path.as_deref().map(text_of).transpose()?.flatten();
    Ok(Found { kind, path, by, text })
}

fn place(env: &Env, variable: &'static str, name: &str) -> (Option<PathBuf>, Option<&'static str>) {
    match env.get(variable) {
        Some(given) => (Some(expand(env, given)), Some(variable)),
        None => (env.home().map(|home| home.join(".aws").join(name)), None),
    }
}

/// `~/x` is below the home folder, as the SDK and the CLI have it.
fn expand(env: &Env, given: &str) -> PathBuf {
    let path = Path::new(given);
    match (path.strip_prefix("~"), env.home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_), None) | (Err(_), _) => path.to_owned(),
    }
}

fn text_of(path: &Path) -> Result<Option<String>, ProfilesError> {
    let unreadable = |why: String| ProfilesError::Unreadable { path: path.to_owned(), why };
    let length = match std::fs::metadata(path) {
        Ok(about) if about.is_dir() => return Err(unreadable("it is a folder".to_owned())),
        Ok(about) => about.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    if length > LARGEST {
        return Err(ProfilesError::TooLarge { path: path.to_owned(), limit: LARGEST });
    }
    // A device has no length, and may have no end.
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > LARGEST {
        return Err(ProfilesError::TooLarge { path: path.to_owned(), limit: LARGEST });
    }
    let not_text = |line, what| ProfilesError::NotText { path: path.to_owned(), line, what };
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(not_text(1, "it begins with a byte order mark, which the AWS CLI and SDKs refuse"));
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(not_text(1, "it is UTF-16"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.iter().filter(|b| **b == b'\n').count() + 1;
            Err(not_text(line, "it has bytes that are not UTF-8"))
        }
    }
}
