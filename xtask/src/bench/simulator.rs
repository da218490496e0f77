//! A simulator to measure against.

use crate::tool::{Failure, Tool, folder};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A simulator that ends with us.
pub(super) struct Simulator {
    child: Child,
    /// Where it listens on loopback.
    pub(super) port: u16,
}

impl Simulator {
    pub(super) fn start(ours: &Path, state: &Path) -> Result<Self, Failure> {
        folder(state)?;
        let told: PathBuf = state.join("sim.json");
        if told.exists() {
            std::fs::remove_file(&told).map_err(|source| Failure::File {
                what: "remove",
                path: told.display().to_string(),
                source,
            })?;
        }
        let tool = Tool::new(ours, ["sim", "--state", &state.display().to_string()]);
        let mut command = tool.into_command();
        command.stdout(Stdio::null());
        let child =
            command.spawn().map_err(|source| Failure::Start { line: "holdpoint sim".to_owned(), source })?;
        let mut simulator = Self { child, port: 0 };
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            let text = std::fs::read_to_string(&told).unwrap_or_default();
            let port = serde_json::from_str::<Value>(&text).ok().and_then(|value| value["port"].as_u64());
            if let Some(port) = port.and_then(|port| u16::try_from(port).ok()) {
                simulator.port = port;
                return Ok(simulator);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::Other("the simulator did not say within 20 seconds where it listens".to_owned()))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
