//! The bridge over a socket: the page under its policy, calls, and nothing for strangers.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use holdpoint_api::{Config, Console};
use holdpoint_bridge::{POLICY, router};
use holdpoint_identity::Env;
use holdpoint_steps::{AwsOutfitter, SimCommand};
use std::net::Ipv4Addr;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn the_page_is_served_and_its_calls_answered() {
    let (_folder, host) = serving().await;
    let page = ask(&host, "GET / HTTP/1.1", &format!("Host: {host}\r\n"), "").await;
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains(POLICY) && page.ends_with("<p>page</p>"),
        "{page}"
    );
    let home = ask(
        &host,
        "POST /rpc/home.view HTTP/1.1",
        &format!("Host: {host}\r\nOrigin: http://{host}\r\n"),
        "{}",
    )
    .await;
    assert!(home.starts_with("HTTP/1.1 200") && home.contains("\"waiting\":[]"), "{home}");
    let refused = ask(&host, "POST /rpc/no.such HTTP/1.1", &format!("Host: {host}\r\n"), "{}").await;
    assert!(
        refused.starts_with("HTTP/1.1 409") && refused.contains("there is no call `no.such`"),
        "{refused}"
    );
    let nonsense = ask(&host, "POST /rpc/home.view HTTP/1.1", &format!("Host: {host}\r\n"), "{").await;
    assert!(nonsense.starts_with("HTTP/1.1 409") && nonsense.contains("no JSON"), "{nonsense}");
}

#[tokio::test]
async fn strangers_and_other_files_are_refused() {
    let (_folder, host) = serving().await;
    for headers in
        ["Host: rebound.example\r\n".to_owned(), format!("Host: {host}\r\nOrigin: https://example.com\r\n")]
    {
        let said = ask(&host, "POST /rpc/home.view HTTP/1.1", &headers, "{}").await;
        assert!(said.starts_with("HTTP/1.1 403"), "{headers}{said}");
    }
    for path in ["/../secret", "/%2e%2e/secret", "//etc/hostname", "/nothing.js"] {
        let said = ask(&host, &format!("GET {path} HTTP/1.1"), &format!("Host: {host}\r\n"), "").await;
        assert!(said.starts_with("HTTP/1.1 404"), "{path}: {said}");
    }
}

async fn serving() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page");
    std::fs::create_dir(&page).unwrap();
    std::fs::write(page.join("index.html"), "<p>page</p>").unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    let env = Env::new([("HOLDPOINT_HOME", folder.path().join("home"))]);
    let sim = SimCommand { program: "/nowhere/holdpoint".into(), args: Vec::new() };
    let config = Config::of(env.clone(), Arc::new(AwsOutfitter::new(env, sim)), "console", "0").unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let app = router(Console::open(config).unwrap(), page, &host);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (folder, host)
}

async fn ask(host: &str, line: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let request = format!("{line}\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
