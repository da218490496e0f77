//! The simulator, and Debian's `docker-registry` with basic authentication.

use crate::place::{PROGRAM, Place};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};

/// The registry's password, and bcrypt's hash of it (`htpasswd -Bbn AWS …`).
pub(crate) const PASSWORD: &str = "pw-of-the-test-registry";
const HASHED: &str = "AWS:$2y$05$ZkeXTMG3/7YLTqjqbIzV8O4Me4BLdTaSljQYQgjVhvjHkWqtdlFr6";
/// Name and password as `auth` of Docker's configuration has them.
pub(crate) const AUTH: &str = "QVdTOnB3LW9mLXRoZS10ZXN0LXJlZ2lzdHJ5";
/// An image's configuration, and its SHA-256.
const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
pub(crate) const CONFIG_DIGEST: &str =
    "sha256:c5b1d63604f273462ef36fadac3182d43ae6a6138731cf594b314835cf1c034f";

/// A process that ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A simulated AWS.
pub(crate) struct Simulator {
    _process: Served,
    pub(crate) endpoint: String,
    /// Who can sign in.
    pub(crate) people: Value,
}

impl Simulator {
    /// Its ECR hands out the registry's password.
    pub(crate) fn start(place: &Place) -> Self {
        let state = place.path().join("sim");
        let mut command = place.command(PROGRAM, &["sim", "--state", state.to_str().unwrap()]);
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = serde_json::from_str::<Value>(&line).unwrap()["endpoint"].as_str().unwrap().to_owned();
        let mut simulator = Self { _process: Served(child), endpoint, people: Value::Null };
        simulator.people = simulator.post("furnish", &json!({}))["people"].clone();
        simulator.post("behave", &json!({"ecr": {"password": PASSWORD}}));
        simulator
    }

    /// A call of its admin API.
    pub(crate) fn post(&self, call: &str, body: &Value) -> Value {
        let (status, answer) = self.http("POST", call, body.to_string().as_bytes());
        assert_eq!(status, 200, "{call}: {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// How often an operation was answered.
    pub(crate) fn answered(&self, operation: &str) -> u64 {
        let (_, record) = self.http("GET", "record", b"");
        let record: Value = serde_json::from_str(&record).unwrap();
        record["answered"][operation].as_u64().unwrap_or(0)
    }

    /// Whether a tag leads to something in one of its registries, whatever faults befall the calls that read it.
    pub(crate) fn has_image(&self, repository: &str, tag: &str) -> bool {
        let port = self.endpoint.rsplit(':').next().unwrap().parse().unwrap();
        let (status, ..) = http(port, "HEAD", &format!("/v2/{repository}/manifests/{tag}"), &[], b"");
        assert!([200, 404].contains(&status), "{status}");
        status == 200
    }

    fn http(&self, method: &str, call: &str, body: &[u8]) -> (u16, String) {
        let port = self.endpoint.rsplit(':').next().unwrap().parse().unwrap();
        let (status, _, answer) = http(port, method, &format!("/_holdpoint/{call}"), &[], body);
        (status, answer)
    }
}

/// A registry of images with one image, `app:1`.
pub(crate) struct Registry {
    _process: Served,
    pub(crate) host: String,
}

impl Registry {
    /// `None`, and said so, where the program is not installed.
    pub(crate) fn start(place: &Place) -> Option<Self> {
        if !is_there("docker-registry") {
            left_out("docker-registry");
            return None;
        }
        let passwords = place.file("registry/passwords", &format!("{HASHED}\n"));
        let config = json!({
            "version": "0.1",
            "log": {"level": "info"},
            "storage": {"inmemory": {}},
            "http": {"addr": "127.0.0.1:0", "secret": "of the test"},
            "auth": {"htpasswd": {"realm": "test", "path": passwords}},
        });
        let config = place.file("registry/config.yml", &config.to_string());
        let mut command = place.command("docker-registry", &["serve", config.to_str().unwrap()]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let served = Served(child);
        let mut said = String::new();
        let port: u16 = loop {
            let from = said.len();
            assert!(log.read_line(&mut said).unwrap() > 0, "the registry ended: {said}");
            if let Some((_, rest)) = said[from..].split_once("listening on 127.0.0.1:") {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                break digits.parse().unwrap();
            }
        };
        // Read on, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let registry = Self { _process: served, host: format!("127.0.0.1:{port}") };
        registry.push(port);
        Some(registry)
    }

    fn push(&self, port: u16) {
        let login = format!("Basic {AUTH}");
        let login = ("authorization", login.as_str());
        let (status, head, _) = http(port, "POST", "/v2/app/blobs/uploads/", &[login], b"");
        assert_eq!(status, 202, "{head}");
        let place = head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().trim();
        let place = place.splitn(4, '/').nth(3).unwrap();
        let place = format!("/{place}&digest={CONFIG_DIGEST}");
        let octets = ("content-type", "application/octet-stream");
        let (status, head, said) = http(port, "PUT", &place, &[login, octets], CONFIG.as_bytes());
        assert_eq!(status, 201, "{head}{said}");
        let kind = "application/vnd.docker.distribution.manifest.v2+json";
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": CONFIG.len(), "digest": CONFIG_DIGEST},
            "layers": [],
        });
        let (status, _, said) = http(
            port,
            "PUT",
            "/v2/app/manifests/1",
            &[login, ("content-type", kind)],
            manifest.to_string().as_bytes(),
        );
        assert_eq!(status, 201, "{said}");
    }
}

/// Something that answers every request with the same body, as whatever type it says that is. It ends with the tests.
pub(crate) struct Odd {
    pub(crate) host: String,
}

impl Odd {
    pub(crate) fn start(kind: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Who hangs up is not answered, and the next one is.
                let _ = stream.and_then(|stream| answer(stream, kind, body));
            }
        });
        Self { host }
    }
}

fn answer(mut stream: TcpStream, kind: &str, body: &str) -> std::io::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Says that a test is left out.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
fn left_out(program: &str) {
    println!("skipped: {program} is not installed: `cargo xtask setup` installs docker-registry and skopeo");
}

/// Whether a program is installed; a test of it is else left out, and says so.
pub(crate) fn has(program: &str) -> bool {
    let found = is_there(program);
    if !found {
        left_out(program);
    }
    found
}

fn is_there(program: &str) -> bool {
    ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).is_file())
}

fn http(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String, String) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}
