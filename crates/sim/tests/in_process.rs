//! The library as the command line links it: begin, one folder one process, go on after an end, end for idleness.
//! What AWS's clients see of it is tested in tests/clients.

#![expect(clippy::unwrap_used, reason = "a helper of a test that cannot go on fails the test")]

use std::path::PathBuf;
use std::time::Duration;

use holdpoint_sim::{Options, Running, SimError, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A folder of its own for each test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("holdpoint-sim-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn options(&self) -> Options {
        Options { speed: 100.0, ..Options::new(&self.0) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn ask(running: &Running, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", running.port())).await.unwrap();
    let body = body.to_string();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn end(running: Running) {
    running.shutdown();
    running.finished().await.unwrap();
}

#[tokio::test]
async fn it_says_where_it_listens_and_goes_on_where_it_was() {
    let folder = Folder::new("goes-on");
    let running = serve(folder.options()).await.unwrap();
    let said: Value = serde_json::from_slice(&std::fs::read(folder.0.join("sim.json")).unwrap()).unwrap();
    assert_eq!(said["port"], running.port());
    assert_eq!(said["scenario"], "healthy");
    let (status, furnished) = ask(&running, "POST", "/_holdpoint/furnish", &json!({})).await;
    assert_eq!((status, furnished["account"].as_str()), (200, Some("111122223333")));
    assert!(matches!(serve(folder.options()).await, Err(SimError::Journal(_))), "one process a folder");
    let port = running.port();
    end(running).await;
    assert!(!folder.0.join("sim.json").exists());
    let again = serve(folder.options()).await.unwrap();
    assert_eq!(again.port(), port);
    let (_, people) = ask(&again, "GET", "/_holdpoint/people", &json!({})).await;
    assert_eq!(people["people"], furnished["people"]);
    end(again).await;
}

#[tokio::test]
async fn it_ends_for_idleness() {
    let folder = Folder::new("idle");
    let running =
        serve(Options { idle_exit: Some(Duration::from_millis(50)), ..folder.options() }).await.unwrap();
    running.finished().await.unwrap();
}

#[tokio::test]
async fn a_call_without_a_signature_is_refused() {
    let folder = Folder::new("unsigned");
    let running = serve(folder.options()).await.unwrap();
    let (status, answer) = ask(&running, "POST", "/", &json!({})).await;
    assert_eq!((status, answer["__type"].as_str()), (501, Some("UnknownOperationException")));
    let (status, _) = ask(&running, "GET", "/_holdpoint/nothing", &json!({})).await;
    assert_eq!(status, 404);
    end(running).await;
}

#[tokio::test]
async fn what_cannot_be_served_is_said() {
    let folder = Folder::new("refused");
    let check = async |options: Options, said: &str| {
        let error = serve(options).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    };
    check(Options { speed: 0.0, ..folder.options() }, "--speed").await;
    check(Options { scenario: Some("crashloop".to_owned()), ..folder.options() }, "crash_loop").await;
    let file = folder.0.with_extension("yaml");
    std::fs::write(&file, "faults: [{effects: {}}]").unwrap();
    check(Options { scenario: Some(file.display().to_string()), ..folder.options() }, "not valid").await;
    std::fs::remove_file(&file).unwrap();
    let taken = serve(folder.options()).await.unwrap();
    let other = Folder::new("refused-port");
    check(Options { port: Some(taken.port()), ..other.options() }, "--port").await;
    end(taken).await;
    check(Options { seed: 7, ..folder.options() }, "--seed 1").await;
}
