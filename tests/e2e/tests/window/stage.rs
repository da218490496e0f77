//! A home, a WebDriver and a window of a test's own.

use fantoccini::error::CmdError;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// Longest wait for anything that the window shows. Generous: the machine may be busy with something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(40);

/// What is kept between windows: `HOLDPOINT_HOME` and a folder for reports.
pub(crate) struct Stage {
    name: &'static str,
    folder: TempDir,
    /// What the window's environment has beside the usual.
    env: Vec<(&'static str, String)>,
}

/// One window, and the driver that holds it.
pub(crate) struct Window {
    pub(crate) client: Client,
    driver: Child,
    name: &'static str,
}

impl Stage {
    /// `None`, said loudly, where a tool is missing.
    pub(crate) fn set(name: &'static str) -> Option<Self> {
        let missing: Vec<String> = [
            (!window_program().is_file()).then(|| format!("the window ({})", window_program().display())),
            (!cli_program().is_file()).then(|| format!("the command line ({})", cli_program().display())),
            on_path("WebKitWebDriver").is_none().then(|| "WebKitWebDriver".to_owned()),
            env("DISPLAY").is_none().then(|| "a screen (DISPLAY)".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if missing.is_empty() {
            return Some(Self { name, folder: tempfile::tempdir().unwrap(), env: Vec::new() });
        }
        let said = format!("SKIPPED {name}: {} missing. Run it by `cargo xtask e2e`.\n", missing.join(", "));
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        None
    }

    /// Gives the windows of this stage a variable.
    pub(crate) fn set_env(&mut self, name: &'static str, value: String) {
        self.env.push((name, value));
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A file of this test's own.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Opens a window on this home.
    pub(crate) async fn window(&self, arguments: &[&str]) -> Window {
        let driver_log = std::fs::File::create(self.file("driver.log")).unwrap();
        let port = free_port();
        let mut command = started_by_a_test(&on_path("WebKitWebDriver").unwrap());
        command.arg("--host=127.0.0.1").arg(format!("--port={port}"));
        command.env("TAURI_AUTOMATION", "true").env("TAURI_WEBVIEW_AUTOMATION", "true");
        command.env("HOLDPOINT_HOME", self.home()).env("HOLDPOINT_CLI", cli_program());
        // Nothing of whoever runs the tests: no profile, no key, no cache of a browser.
        command.env("HOME", self.folder.path()).env("XDG_DATA_HOME", self.file("data"));
        command.env("XDG_CACHE_HOME", self.file("cache")).env("XDG_CONFIG_HOME", self.file("config"));
        command.env("USER", "operator").env_remove("AWS_PROFILE").env_remove("AWS_ACCESS_KEY_ID");
        command.envs(self.env.iter().map(|(name, value)| (*name, value)));
        command.stdin(Stdio::null()).stdout(driver_log.try_clone().unwrap()).stderr(driver_log);
        let driver = command.spawn().unwrap();

        let options = json!({ "binary": window_program(), "args": arguments });
        let capabilities: Capabilities =
            [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
        let started = Instant::now();
        let address = format!("http://127.0.0.1:{port}");
        let client = loop {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            match builder.capabilities(capabilities.clone()).connect(&address).await {
                Ok(client) => break client,
                // The driver does not listen yet.
                Err(_) if started.elapsed() < PATIENCE => tokio::time::sleep(LOOK).await,
                Err(error) => panic!("no session with the window: {error}"),
            }
        };
        Window { client, driver, name: self.name }
    }
}

impl Drop for Stage {
    /// Practice accounts outlive a killed window; those of a test that failed half-way end here.
    fn drop(&mut self) {
        let Ok(runs) = std::fs::read_dir(self.home().join("runs")) else { return };
        for run in runs.flatten() {
            let told = std::fs::read(run.path().join("sim/sim.json")).unwrap_or_default();
            let told: Value = serde_json::from_slice(&told).unwrap_or_default();
            if let Some(pid) = told["pid"].as_u64() {
                kill(u32::try_from(pid).unwrap_or(0));
            }
        }
    }
}

impl Window {
    /// Runs a script in the page and gives what it returns.
    pub(crate) async fn script(&self, script: &str) -> Result<Value, CmdError> {
        self.client.execute(script, vec![]).await
    }

    /// Waits until a script gives something else than null or false.
    pub(crate) async fn until(&self, what: &str, script: &str) -> Value {
        let started = Instant::now();
        loop {
            let seen = self.script(script).await;
            if let Ok(seen) = &seen
                && !matches!(seen, Value::Null | Value::Bool(false))
            {
                return seen.clone();
            }
            if started.elapsed() > PATIENCE {
                let text = self.script("return document.body.innerText").await;
                panic!("{}: waited in vain for {what}; last {seen:?}; the page says {text:?}", self.name);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes a picture of what shows, light and dark.
    pub(crate) async fn picture(&self, name: &str) {
        let folder = target().join("e2e");
        std::fs::create_dir_all(&folder).unwrap();
        for scheme in ["light", "dark"] {
            let set = format!("document.documentElement.dataset.scheme = '{scheme}'; return true");
            self.script(&set).await.unwrap();
            // The page is newer than its picture until it was painted, twice to be sure, with its own letters.
            let painted = "const done = arguments[0]; document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))";
            self.client.execute_async(painted, vec![]).await.unwrap();
            let png = self.client.screenshot().await.unwrap();
            std::fs::write(folder.join(format!("{name}-{scheme}.png")), png).unwrap();
        }
        self.script("delete document.documentElement.dataset.scheme; return true").await.unwrap();
    }

    /// Kills the window as a crash would: nothing of it gets to say anything more.
    pub(crate) fn kill(self) {
        let windows = children_of(self.driver.id());
        assert!(!windows.is_empty(), "{}: the driver has no window", self.name);
        for window in windows {
            kill(window);
        }
    }

    /// Closes the window.
    pub(crate) async fn close(self) {
        let ended = self.client.clone().close().await;
        assert!(ended.is_ok(), "{}: the window did not close: {ended:?}", self.name);
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        for window in children_of(self.driver.id()) {
            kill(window);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn target() -> PathBuf {
    env("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn window_program() -> PathBuf {
    program("HOLDPOINT_WINDOW", "holdpoint-console")
}

/// `holdpoint`.
pub(crate) fn cli_program() -> PathBuf {
    program("HOLDPOINT_BIN", "holdpoint")
}

fn program(named_by: &str, name: &str) -> PathBuf {
    env(named_by).map_or_else(|| target().join("debug").join(name), PathBuf::from)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Processes whose parent is `pid`: fourth field of `/proc/<pid>/stat`, after the name in parentheses (proc(5)).
fn children_of(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if parent.and_then(|parent| parent.parse().ok()) == Some(pid) {
            found.push(child);
        }
    }
    found
}

fn kill(pid: u32) {
    if pid > 1 {
        let _ = started_by_a_test(Path::new("kill"))
            .arg("-9")
            .arg(pid.to_string())
            .stderr(Stdio::null())
            .status();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test starts the programs that it drives")]
pub(crate) fn started_by_a_test(program: &Path) -> Command {
    Command::new(program)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: what it drives is named in the environment"
)]
fn env(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
