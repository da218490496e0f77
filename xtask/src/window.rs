//! How long a window takes from its start to a page that answers, by WebDriver.

use crate::http;
use crate::tool::{Failure, Tool, find};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a page.
const LONGEST: Duration = Duration::from_secs(30);

/// A driver of WebKit windows on a screen of its own, as long as it lives.
pub(crate) struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts it; `None` where its programs are not on this machine.
    pub(crate) fn start(home: &Path) -> Result<Option<Self>, Failure> {
        if find("xvfb-run").is_none() || find("WebKitWebDriver").is_none() {
            return Ok(None);
        }
        let port = free_port()?;
        let line = [
            "-a",
            "-s",
            "-screen 0 1280x800x24",
            "WebKitWebDriver",
            "--host=127.0.0.1",
            &format!("--port={port}"),
        ];
        let tool = Tool::new("xvfb-run", line)
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("HOLDPOINT_HOME", home);
        let mut command = tool.into_command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: the screen ends with the driver.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let started = Instant::now();
        let child = command
            .spawn()
            .map_err(|source| Failure::Start { line: "xvfb-run WebKitWebDriver".to_owned(), source })?;
        let driver = Self { child, port };
        while http::request("GET", port, "/status", "").is_err() {
            if started.elapsed() > LONGEST {
                return Err(Failure::Other("WebKitWebDriver does not answer".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(driver))
    }

    /// Opens a window and waits until its page shows a heading.
    pub(crate) fn opens(&self, program: &Path) -> Result<Duration, Failure> {
        let options = json!({ "binary": program.display().to_string(), "args": [] });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let started = Instant::now();
        let session = http::post(self.port, "/session", &wanted.to_string())?;
        let session: Value = serde_json::from_str(&session)
            .map_err(|error| Failure::Other(format!("failed to read the driver's answer: {error}")))?;
        let id = session["value"]["sessionId"].as_str().unwrap_or_default().to_owned();
        let heading = json!({ "using": "css selector", "value": "h1" }).to_string();
        let took = loop {
            if http::post(self.port, &format!("/session/{id}/element"), &heading).is_ok() {
                break started.elapsed();
            }
            if started.elapsed() > LONGEST {
                return Err(Failure::Other(format!("{} shows no heading", program.display())));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        http::request("DELETE", self.port, &format!("/session/{id}"), "")?;
        Ok(took)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The whole group: xvfb-run leaves its screen behind when only it is ended.
        let group = format!("-{}", self.child.id());
        let _ = Tool::new("kill", ["--", group.as_str()]).output();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16, Failure> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    port.map(|address| address.port())
        .map_err(|error| Failure::Other(format!("there is no free port: {error}")))
}
