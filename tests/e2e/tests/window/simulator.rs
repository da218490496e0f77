//! A simulated AWS beside the window: who may sign in, and where a person allows it.

use crate::stage::{PATIENCE, Stage, cli_program, started_by_a_test};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// `holdpoint sim`, ended with the test.
pub(crate) struct Simulator {
    process: Child,
    port: u16,
}

impl Simulator {
    /// Starts it in the folder of a stage, and furnishes it.
    pub(crate) async fn start(stage: &Stage, world: &Value) -> Self {
        let state = stage.file("sim");
        let mut command = started_by_a_test(&cli_program());
        command.arg("sim").arg("--state").arg(&state).stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.spawn().unwrap();
        let started = Instant::now();
        let port = loop {
            let told = std::fs::read(state.join("sim.json")).unwrap_or_default();
            let told: Value = serde_json::from_slice(&told).unwrap_or_default();
            if let Some(port) = told["port"].as_u64() {
                break u16::try_from(port).unwrap();
            }
            assert!(started.elapsed() < PATIENCE, "the simulator does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let simulator = Self { process, port };
        simulator.post("/_holdpoint/furnish", world);
        simulator
    }

    /// Where clients reach it.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends JSON to its admin API.
    pub(crate) fn post(&self, path: &str, body: &Value) {
        self.send(path, "application/json", &body.to_string());
    }

    /// Allows a device as a person, as the form of its page does.
    pub(crate) fn allow(&self, code: &str, person: &str) {
        let form = format!("user_code={code}&person={person}&decision=allow");
        self.send("/_holdpoint/device", "application/x-www-form-urlencoded", &form);
    }

    fn send(&self, path: &str, kind: &str, body: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
