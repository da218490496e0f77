//! A request as somebody wrote it for curl or wget, and the step that it is imported as, ask the same of a server: method,
//! address, headers and body. The command runs in a shell, its plan live, against a listener of the test.
#![expect(clippy::disallowed_methods, reason = "the command runs as in somebody's shell")]

use crate::live::Live;
use crate::terminal::Terminal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

/// What each program says of itself, and of the connection; the answer is the same for all of it.
const OWN: [&str; 6] = ["host", "user-agent", "accept-encoding", "connection", "content-length", "te"];

/// What was asked.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

/// A listener that writes down what it is asked.
struct Server {
    host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    fn open() -> Self {
        // What a guide asks of `127.0.0.1` is not lifted: it is this machine. This is it as well, by another address.
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        let server = Self { host: listener.local_addr().unwrap().to_string(), asked: Arc::default() };
        let asked = Arc::clone(&server.asked);
        std::thread::spawn(move || {
            for wire in listener.incoming().map_while(Result::ok) {
                // A connection that is opened and not used asks nothing.
                let Some((one, wire)) = read(wire) else { continue };
                let path = one.path.clone();
                let is_head = one.method == "HEAD";
                // Who has its answer may look at once.
                asked.lock().unwrap().push(one);
                answer(wire, &path, is_head);
            }
        });
        server
    }

    /// What was asked since it was looked at last.
    fn taken(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn read(wire: TcpStream) -> Option<(Asked, TcpStream)> {
    let mut reader = BufReader::new(wire);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut first = line.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8(body).unwrap();
    headers.retain(|name, value| !OWN.contains(&name.as_str()) && (name != "accept" || value != "*/*"));
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Some((Asked { method, path, headers, body }, reader.into_inner()))
}

fn answer(mut wire: TcpStream, path: &str, is_head: bool) {
    let (status, more) = match path {
        "/moved" => ("302 Found", "location: /health\r\n"),
        _ => (
            "200 OK",
            "access-control-allow-origin: https://app.example\r\naccess-control-allow-methods: PUT\r\naccess-control-allow-headers: content-type\r\n",
        ),
    };
    let said = if is_head { "" } else { "{\"ok\":true}" };
    let head = format!(
        "HTTP/1.1 {status}\r\n{more}content-type: application/json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{said}"
    );
    // Who asked may not wait for the answer.
    let _ = wire.write_all(head.as_bytes());
}

const CASES: [&str; 11] = [
    "curl -fsS http://HOST/health",
    "curl -sS -f -H 'X-Trace: a b' -H 'Accept: application/json' 'http://HOST/a%20b?x=1&y=%2F'",
    "curl -fsSI http://HOST/",
    "curl -fsS -A 'monitor/1' http://HOST/health",
    "curl -fsS -X OPTIONS -H 'Origin: https://app.example' -H 'Access-Control-Request-Method: PUT' -H 'Access-Control-Request-Headers: content-type' http://HOST/cors",
    "curl -fsSL http://HOST/moved",
    "wget -q --spider http://HOST/health",
    "curl -fsS -H 'Content-Type: text/plain' -d 'a=1&b=two words' http://HOST/jobs",
    "curl -fsS --json '{\"n\": 1, \"s\": \"x\"}' http://HOST/jobs",
    "curl -fsS -X PUT -H 'Content-Type: application/json' --data-raw '{\"a\":[1,2]}' http://HOST/jobs/7",
    "curl -fsS -X DELETE http://HOST/jobs/7",
];

#[test]
fn a_request_asks_what_its_command_asks() {
    for program in ["curl", "wget", "script"] {
        if !["/usr/local/bin", "/usr/bin", "/bin"]
            .iter()
            .any(|folder| std::path::Path::new(folder).join(program).is_file())
        {
            println!("skipped: there is no {program} on this machine");
            return;
        }
    }
    let (live, server) = (Live::open(), Server::open());
    let differ: Vec<String> =
        CASES.iter().enumerate().filter_map(|(at, case)| check(&live, &server, at, case)).collect();
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

/// Asks both; how they differ.
fn check(live: &Live, server: &Server, at: usize, case: &str) -> Option<String> {
    let command = case.replace("HOST", &server.host);
    let ran = Command::new("sh").args(["-c", &command]).output().unwrap();
    assert!(ran.status.success(), "{command}: {ran:?}");
    let by_hand = server.taken();
    assert!(!by_hand.is_empty(), "{command} asked nothing");

    let guide = format!(
        "# Requests\n\n**Account:** 111122223333\n**Region:** eu-west-1\n\n## Step 1: ask\n\n```bash\n{command}\n```\n"
    );
    let guide = live.home.file(&format!("ask-{at}.md"), guide);
    let plan = guide.with_extension("plan.md");
    let (guide, plan) = (guide.to_str().unwrap(), plan.to_str().unwrap());
    live.home.run(&["import", guide, "-o", plan]).exits(0);
    let text = std::fs::read_to_string(plan).unwrap();
    assert!(text.contains("uses: http."), "{command} is not lifted:\n{text}");
    let env = live.env();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // What changes something is confirmed by a phrase, which is its method and address.
    let phrase = format!("{} http://{}{}", by_hand[0].method, server.host, by_hand[0].path);
    let typed = format!("type `{phrase}` to go on:");
    let walk = Terminal::open(&live.home, &env, &["run", plan, "--profile", "shop", "--trust"]);
    let ran = walk.answers(&[(&typed, &phrase)]);
    let by_step = server.taken();
    if ran.code != Some(0) {
        return Some(format!("{command}: the step does not end well\n{text}\n{}", ran.out));
    }
    (by_hand != by_step)
        .then(|| format!("{command}\n  by hand: {by_hand:#?}\n  by step: {by_step:#?}\n{text}"))
}
