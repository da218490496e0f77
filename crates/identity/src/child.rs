//! What a child process may know: an allow-listed environment in which every road to credentials leads to the pin.

use crate::endpoint::write_private;
use crate::session::CREDENTIAL_VARIABLES;
use crate::{CredentialsEndpoint, Env};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Passed on as they are: what programs need to run, to speak the operator's language and to trust the right roots.
const PASSED: [&str; 27] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
    "LANG",
    "LANGUAGE",
    "AWS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    // Windows cannot start programs without these.
    "SYSTEMROOT",
    "SystemRoot",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "ProgramData",
];
/// Where the operator's own credentials are.
const HOMES: [&str; 4] = ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"];
const PASSED_PREFIXES: [&str; 3] = ["LC_", "DOCKER_", "TF_VAR_"];
const PROXIES: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// What a child is told of its identity.
#[derive(Debug)]
pub struct ChildAccess<'a> {
    /// Where it gets credentials.
    pub endpoint: &'a CredentialsEndpoint,
    /// The generated files of profiles.
    pub files: &'a ChildFiles,
    /// The pin's region.
    pub region: &'a str,
    /// In practice, where all of AWS is.
    pub practice: Option<Practice<'a>>,
}

/// What is different for a child of a practice run.
#[derive(Debug, Clone, Copy)]
pub struct Practice<'a> {
    /// The simulator, `http://127.0.0.1:PORT`.
    pub simulator: &'a str,
    /// An empty folder that is the child's home: the operator's own has real credentials.
    pub home: &'a Path,
}

/// A generated pair of config and credentials files; removed when dropped.
#[derive(Debug)]
pub struct ChildFiles {
    config: PathBuf,
    credentials: PathBuf,
}

/// Why a child gets no environment; it is not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChildError {
    /// A step names a variable that would lead around the pin.
    #[error(
        "the step sets {name}, which would lead around the account pin; remove it, the run sets what is needed"
    )]
    LeadsAround {
        /// The variable.
        name: String,
    },
    /// A step names a region other than the pin's.
    #[error(
        "the step sets {name} to {found} and the run is pinned to {expected}; remove it or change the plan's target"
    )]
    OtherRegion {
        /// The variable.
        name: String,
        /// The region that the step names.
        found: String,
        /// The pin's region.
        expected: String,
    },
    /// No environment can hold this.
    #[error("the variable `{name}` cannot be set: {why}")]
    NotAVariable {
        /// Its name, without control characters.
        name: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A name that no file of profiles can hold.
    #[error("`{name}` cannot be the name of a profile; use letters, digits and _ - / . % @ : +")]
    BadProfile {
        /// The name.
        name: String,
    },
    /// A file could not be written.
    #[error("{path} could not be written: {why}; the child was not started")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
}

impl ChildFiles {
    /// Writes the pair into `folder` (the run's, and only this child's): every profile in `profiles`, and `default`,
    /// has the region and no credentials of its own, so every client goes on to the container endpoint; a profile that
    /// is not in it is one that the child cannot find.
    ///
    /// # Errors
    /// [`ChildError::BadProfile`], [`ChildError::Unwritable`].
    pub fn write<'a>(
        folder: &Path,
        profiles: impl IntoIterator<Item = &'a str>,
        region: &str,
        practice: Option<Practice<'_>>,
    ) -> Result<Self, ChildError> {
        let names: BTreeSet<&str> = profiles.into_iter().chain(["default"]).collect();
        let mut text = String::from(
            "# Written by Holdpoint for one program that it starts, and removed after its end.\n",
        );
        for name in names {
            // Only what the CLI and the SDKs read alike: the CLI splits names like a shell.
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b))
            {
                return Err(ChildError::BadProfile { name: shown(name) });
            }
            let heading =
                if name == "default" { "[default]".to_owned() } else { format!("[profile {name}]") };
            text.push_str(&format!("{heading}\nregion = {region}\n"));
            if let Some(practice) = practice {
                text.push_str(&format!("endpoint_url = {}\n", practice.simulator));
            }
        }
        // The name of an existing file is not reused: a child of another attempt may still hold it.
        let files = Self { config: folder.join("aws-config"), credentials: folder.join("aws-credentials") };
        for (path, bytes) in [(&files.config, text.as_str()), (&files.credentials, "")] {
            let unwritable =
                |e: std::io::Error| ChildError::Unwritable { path: path.clone(), why: e.to_string() };
            match std::fs::remove_file(path) {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(unwritable(e)),
            }
            write_private(path, bytes.as_bytes()).map_err(unwritable)?;
        }
        Ok(files)
    }

    /// The value of `AWS_CONFIG_FILE`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The value of `AWS_SHARED_CREDENTIALS_FILE`.
    pub fn credentials(&self) -> &Path {
        &self.credentials
    }
}

impl Drop for ChildFiles {
    fn drop(&mut self) {
        // They hold no secret; what cannot be removed is no reason to stop.
        drop(std::fs::remove_file(&self.config));
        drop(std::fs::remove_file(&self.credentials));
    }
}

/// The whole environment of a child process: what of `env` is on the allow-list, what the step names, and the pin.
/// Start the child with exactly this (`env_clear`).
///
/// # Errors
/// [`ChildError`] when the step names what would lead around the pin, or what no environment can hold.
pub fn child_env(
    env: &Env,
    access: &ChildAccess<'_>,
    named: &BTreeMap<String, String>,
) -> Result<BTreeMap<OsString, OsString>, ChildError> {
    let practice = access.practice;
    let mut child: BTreeMap<OsString, OsString> = env
        .iter()
        .filter(|(name, _)| name.to_str().is_some_and(|name| is_passed(name, practice.is_some())))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in named {
        check(name, value, access.region)?;
        child.insert(name.into(), value.into());
    }
    lead_to_the_pin(&mut child, access);
    Ok(child)
}

/// Sets what leads every client to the pin, and nothing else does.
pub(crate) fn lead_to_the_pin(child: &mut BTreeMap<OsString, OsString>, access: &ChildAccess<'_>) {
    let mut set = |name: &str, value: &OsStr| {
        child.insert(name.into(), value.to_owned());
    };
    set("AWS_REGION", access.region.as_ref());
    set("AWS_DEFAULT_REGION", access.region.as_ref());
    set("AWS_EC2_METADATA_DISABLED", "true".as_ref());
    set("AWS_CONFIG_FILE", access.files.config.as_os_str());
    set("AWS_SHARED_CREDENTIALS_FILE", access.files.credentials.as_os_str());
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", access.endpoint.uri().as_ref());
    set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", access.endpoint.token_file().as_os_str());
    // A pager would wait for a key that nobody presses.
    set("AWS_PAGER", "".as_ref());
    match access.practice {
        Some(practice) => {
            set("AWS_ENDPOINT_URL", practice.simulator.as_ref());
            set("HOME", practice.home.as_os_str());
            if cfg!(windows) {
                set("USERPROFILE", practice.home.as_os_str());
            }
        }
        None => {
            // The session's own calls go there: a child that went to AWS instead would be in another world.
            for (name, value) in access.endpoint.endpoint_variables() {
                set(name, value.as_ref());
            }
            bypass_proxy(child);
        }
    }
}

fn is_passed(name: &str, practice: bool) -> bool {
    let real = PROXIES.contains(&name) || HOMES.contains(&name) || name.starts_with("DOCKER_");
    if practice && real {
        // A proxy would carry the simulator's calls away; registries and the operator's folders are real.
        return false;
    }
    PASSED.contains(&name) || PROXIES.contains(&name) || PASSED_PREFIXES.iter().any(|p| name.starts_with(p))
}

/// A proxy must not be asked for the credentials endpoint.
fn bypass_proxy(child: &mut BTreeMap<OsString, OsString>) {
    let has_proxy = PROXIES.iter().any(|name| child.contains_key(OsStr::new(name)));
    if !has_proxy {
        return;
    }
    let known = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| child.get(OsStr::new(name)).cloned());
    let mut rules = known.unwrap_or_default();
    if !rules.is_empty() {
        rules.push(",");
    }
    rules.push("127.0.0.1");
    child.insert("NO_PROXY".into(), rules.clone());
    child.insert("no_proxy".into(), rules);
}

fn check(name: &str, value: &str, region: &str) -> Result<(), ChildError> {
    let not = |why| Err(ChildError::NotAVariable { name: shown(name), why });
    if name.is_empty() || name.contains(['=', '\0']) {
        return not("a name is not empty and has no = and no NUL");
    }
    if value.contains('\0') {
        return not("its value has a NUL");
    }
    // The profile's name may be chosen: every name in the generated files leads to the pin.
    if name == "AWS_PROFILE" || name == "AWS_DEFAULT_PROFILE" {
        return Ok(());
    }
    if name == "AWS_REGION" || name == "AWS_DEFAULT_REGION" {
        if value == region {
            return Ok(());
        }
        return Err(ChildError::OtherRegion {
            name: name.to_owned(),
            found: shown(value),
            expected: region.to_owned(),
        });
    }
    let leads_around = CREDENTIAL_VARIABLES.contains(&name)
        || ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CREDENTIAL_FILE", "BOTO_CONFIG"]
            .contains(&name)
        || name == "AWS_EC2_METADATA_DISABLED"
        || name == "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
        || name.starts_with("AWS_ENDPOINT_URL")
        || name.starts_with("AWS_LOGIN_");
    if leads_around { Err(ChildError::LeadsAround { name: name.to_owned() }) } else { Ok(()) }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
