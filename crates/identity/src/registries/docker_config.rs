//! An isolated configuration of Docker for one child: the operator's contexts, builders, plugins and settings, and of
//! logins nothing but our helper.
//!
//! Docker's client looks a host up in `credHelpers`, then in `credsStore`, then in `auths`; with none of the three it
//! takes a keychain's helper that it finds in PATH (docker/cli, `LoadDefaultConfigFile`). So both are always there.

use crate::Env;
use crate::endpoint::write_private;
use serde_json::{Map, Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The helper's name in a configuration; its program has `docker-credential-` before it.
pub const HELPER: &str = "holdpoint";
/// The helper's program.
pub const HELPER_PROGRAM: &str =
    if cfg!(windows) { "docker-credential-holdpoint.exe" } else { "docker-credential-holdpoint" };

/// Logins, and where they are kept.
const LOGINS: [&str; 3] = ["auths", "credsStore", "credHelpers"];
/// What is shared with the operator's own folder: contexts with their certificates, builders, plugins, keys of signed
/// images, and the certificates of `DOCKER_TLS_VERIFY` without a `DOCKER_CERT_PATH`.
const SHARED: [&str; 7] = ["cli-plugins", "contexts", "buildx", "trust", "ca.pem", "cert.pem", "key.pem"];
/// Helpers of other clouds that ask a program of theirs and no keychain. They stay for their hosts.
const KEPT_HELPERS: [&str; 3] = ["gcloud", "gcr", "acr-env"];
/// A configuration longer than this is none.
const LONGEST: u64 = 4 * 1024 * 1024;

/// The folder; removed when dropped.
#[derive(Debug)]
pub struct DockerConfig {
    folder: PathBuf,
    remarks: Vec<String>,
}

/// Why there is none; the child was not started.
#[derive(Debug, thiserror::Error)]
pub enum DockerConfigError {
    /// Something could not be made.
    #[error("{path} could not be made: {why}; the child was not started")]
    Unwritable {
        /// What.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
}

impl DockerConfig {
    /// The operator's own folder of Docker: `DOCKER_CONFIG`, else `.docker` in the home folder.
    pub fn operators(env: &Env) -> Option<PathBuf> {
        match env.os("DOCKER_CONFIG").filter(|path| !path.is_empty()) {
            Some(path) => Some(path.into()),
            None => Some(env.home()?.join(".docker")),
        }
    }

    /// Makes `folder`, which must not be there, with mode 0700, from the operator's own folder. `hosts` are those that
    /// the helper answers for: most clients ask it for every host, and some (skopeo, podman) only for those named.
    /// `helper` is the program that the helper is: ours.
    ///
    /// # Errors
    /// [`DockerConfigError`].
    pub fn write(
        folder: &Path,
        operators: Option<&Path>,
        hosts: impl IntoIterator<Item = String>,
        helper: &Path,
    ) -> Result<Self, DockerConfigError> {
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |why| DockerConfigError::Unwritable { path, why }
        };
        private_folder(folder).map_err(unwritable(folder))?;
        // From here on a failure removes what there is.
        let mut made = Self { folder: folder.to_owned(), remarks: Vec::new() };
        let mut config = made.settings(operators);
        let mut helpers: Map<String, Value> = hosts.into_iter().map(|host| (host, json!(HELPER))).collect();
        for (host, helper) in made.kept_helpers(operators) {
            helpers.entry(host).or_insert(helper);
        }
        config.insert("credsStore".to_owned(), json!(HELPER));
        config.insert("credHelpers".to_owned(), Value::Object(helpers));
        for name in SHARED {
            let Some(from) = operators.map(|folder| folder.join(name)).filter(|from| from.exists()) else {
                continue;
            };
            // Absolute, since a link is read from its own folder.
            let from = std::path::absolute(&from).unwrap_or(from);
            let to = folder.join(name);
            share(&from, &to).map_err(unwritable(&to))?;
        }
        let bin = made.bin();
        private_folder(&bin).map_err(unwritable(&bin))?;
        link_helper(helper, &bin).map_err(unwritable(&bin))?;
        let file = made.file();
        let text = serde_json::to_vec_pretty(&Value::Object(config)).unwrap_or_default();
        write_private(&file, &text).map_err(unwritable(&file))?;
        Ok(made)
    }

    /// The value of `DOCKER_CONFIG`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its `config.json`, which is also a value of `REGISTRY_AUTH_FILE` for skopeo, podman and buildah.
    pub fn file(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    /// The folder with the helper, for the beginning of `PATH`.
    pub fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// What of the operator's configuration could not be used. Whole sentences.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The operator's settings without logins.
    fn settings(&mut self, operators: Option<&Path>) -> Map<String, Value> {
        let mut settings = self.read(operators);
        for name in LOGINS {
            settings.remove(name);
        }
        settings
    }

    fn kept_helpers(&self, operators: Option<&Path>) -> Map<String, Value> {
        let helpers = match read(operators) {
            Ok(Some(mut config)) => config.remove("credHelpers"),
            Ok(None) | Err(_) => None,
        };
        let Some(Value::Object(helpers)) = helpers else { return Map::new() };
        let kept = |helper: &Value| helper.as_str().is_some_and(|name| KEPT_HELPERS.contains(&name));
        helpers
            .into_iter()
            .filter_map(|(host, helper)| {
                if kept(&helper) {
                    return Some((host, helper));
                }
                // The operator has had a login for this host, and clients that know no `credsStore` need its name.
                super::registry_of(&host).map(|_| (host, json!(HELPER)))
            })
            .collect()
    }

    fn read(&mut self, operators: Option<&Path>) -> Map<String, Value> {
        match read(operators) {
            Ok(config) => config.unwrap_or_default(),
            Err(why) => {
                self.remarks.push(why);
                Map::new()
            }
        }
    }
}

impl Drop for DockerConfig {
    fn drop(&mut self) {
        // Links are removed and not followed. What cannot be removed holds no login that still opens anything.
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Makes the helper in a folder: this program by another name. A link where the system has links, else a copy.
///
/// # Errors
/// The system's.
pub fn link_helper(program: &Path, folder: &Path) -> io::Result<PathBuf> {
    let to = folder.join(HELPER_PROGRAM);
    match fs::remove_file(&to) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let program = std::path::absolute(program)?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(&program, &to)?;
    #[cfg(not(unix))]
    fs::hard_link(&program, &to).or_else(|_| fs::copy(&program, &to).map(drop))?;
    Ok(to)
}

fn read(operators: Option<&Path>) -> Result<Option<Map<String, Value>>, String> {
    let Some(file) = operators.map(|folder| folder.join("config.json")) else { return Ok(None) };
    let unusable = |why: &str| {
        format!(
            "Docker's configuration in {} is not used: {why}; the child gets Docker's defaults.",
            file.display()
        )
    };
    match fs::metadata(&file) {
        Ok(found) if found.len() > LONGEST => return Err(unusable("it is too long")),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(&error.to_string())),
    }
    let bytes = fs::read(&file).map_err(|error| unusable(&error.to_string()))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    // The parser's own words may quote a password.
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(config)) => Ok(Some(config)),
        Ok(_) => Err(unusable("it is no JSON object")),
        Err(error) => Err(unusable(&format!("it is no JSON, from line {} on", error.line()))),
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(unix)]
fn share(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// Links want a privilege there.
#[cfg(not(unix))]
fn share(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        share(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
