//! A person's home with an AWS configuration, and a simulator that is their Identity Center.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_holdpoint");

/// Two sessions' worth of profiles: by permission set, one that is not assigned, and roles that are taken on.
const CONFIG: &str = "\
[sso-session corp]
sso_start_url = https://corp.example/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access

[profile deploy]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Deployer
region = eu-west-1

[profile unassigned]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Auditor
region = eu-west-1

[profile target]
role_arn = arn:aws:iam::444455556666:role/Target
source_profile = deploy
external_id = x-1
duration_seconds = 900
region = eu-central-1

[profile target-without-id]
role_arn = arn:aws:iam::444455556666:role/Target
source_profile = deploy
region = eu-central-1

[profile too-long]
role_arn = arn:aws:iam::444455556666:role/Target
source_profile = deploy
external_id = x-1
duration_seconds = 7200
region = eu-central-1

[profile second-factor]
role_arn = arn:aws:iam::444455556666:role/Target
source_profile = deploy
mfa_serial = arn:aws:iam::111122223333:mfa/deploy.bot
region = eu-central-1

[profile by-environment]
role_arn = arn:aws:iam::444455556666:role/Target
credential_source = Environment
external_id = x-1
region = eu-central-1

[profile by-web]
role_arn = arn:aws:iam::555566667777:role/Ci
web_identity_token_file = WEB_TOKEN
region = eu-central-1

[profile by-aws-login]
login_session = arn:aws:iam::111122223333:user/deploy.bot
region = eu-west-1
";

/// The person's home and their Identity Center. The simulator ends with it.
pub(crate) struct Center {
    folder: TempDir,
    simulator: Child,
    port: u16,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Center {
    /// Furnished, and nobody has signed in. Who is asked says yes at once.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let config = folder.path().join(".aws/config");
        std::fs::create_dir_all(config.parent().unwrap()).unwrap();
        let web = folder.path().join("web-token");
        std::fs::write(&web, "a-web-token").unwrap();
        std::fs::write(config, CONFIG.replace("WEB_TOKEN", web.to_str().unwrap())).unwrap();
        let mut command = bare(folder.path(), PROGRAM);
        let state = folder.path().join("sim");
        command.arg("sim").arg("--state").arg(state).stdout(Stdio::piped());
        let mut simulator = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(simulator.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let port = told["endpoint"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        let center = Self { folder, simulator, port };
        center.post("furnish", &json!({
            "sso": {"instances": [{
                "start_url": "https://corp.example/start", "region": "eu-west-1", "people": ["mara.example"],
                "accounts": [
                    {"id": "111122223333", "name": "orders", "email": "orders@corp.example", "roles": ["Deployer", "Reader"]},
                    {"id": "444455556666", "name": "target", "email": "target@corp.example", "roles": ["Reader"]},
                ],
            }]},
            "users": [{"name": "deploy.bot", "mfa_code": "123456"}],
            "roles": [
                {"account": "444455556666", "name": "Target", "trust": {"external_id": "x-1", "max_seconds": 3600}},
                {"account": "555566667777", "name": "Ci", "trust": {}},
            ],
            "web_identities": [{
                "token": "a-web-token", "provider": "tokens.ci.example", "subject": "repo:orders",
                "audience": "sts.amazonaws.com",
            }],
        }));
        center.behave(&json!({"sso": {"approve": "auto:mara.example", "interval": 0}}));
        center
    }

    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// An executable script in the home.
    pub(crate) fn script(&self, name: &str, content: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.file(name, content);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    pub(crate) fn behave(&self, how: &Value) {
        self.post("behave", how);
    }

    pub(crate) fn expire(&self, what: &str) {
        self.post("sso/expire", &json!({"what": what}));
    }

    /// How often the simulator answered an operation, as `sso-oidc:CreateToken`.
    pub(crate) fn answered(&self, operation: &str) -> u64 {
        ask(self.port, "GET", "record", "")["answered"][operation].as_u64().unwrap_or(0)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        ask(self.port, "POST", path, &body.to_string())
    }

    /// A program in this home, with AWS where the simulator is.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = bare(self.home(), program);
        command.args(args).env("AWS_ENDPOINT_URL", self.endpoint());
        command
    }

    /// `holdpoint` to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(PROGRAM, args))
    }

    pub(crate) fn run_with(&self, env: &[(&str, &str)], args: &[&str]) -> Ran {
        let mut command = self.command(PROGRAM, args);
        command.envs(env.iter().copied());
        Ran::of(command)
    }

    /// Signed in by a code.
    pub(crate) fn signed_in() -> Self {
        let center = Self::new();
        center.run(&["login", "--device"]).exits(0);
        center
    }
}

impl Drop for Center {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.simulator.kill();
        let _ = self.simulator.wait();
    }
}

impl Ran {
    pub(crate) fn of(mut command: Command) -> Self {
        let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        texts.iter().for_each(|text| assert!(self.out.contains(text), "no {text:?} in\n{}", self.out));
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, texts: &[&str]) -> Self {
        texts.iter().for_each(|text| assert!(self.err.contains(text), "no {text:?} in\n{}", self.err));
        self
    }
}

/// A program with a home and a PATH, and no other environment.
#[expect(clippy::disallowed_methods, reason = "the program under test, with an environment of its own")]
fn bare(home: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home).env("USER", "tester");
    command.env("HOLDPOINT_HOME", home.join("holdpoint")).env("AWS_EC2_METADATA_DISABLED", "true");
    // The tools of this machine that are found by their own managers.
    for name in ["PYENV_ROOT", "PYENV_VERSION"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.current_dir(home);
    command
}

fn ask(port: u16, method: &str, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /_holdpoint/{path} HTTP/1.0\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{path}: {answer}");
    serde_json::from_str(body).unwrap()
}

/// Waits for a file that a program writes; one that never comes is a failure with a name.
pub(crate) fn await_file(path: &Path) -> String {
    for _ in 0..24_000 {
        if let Ok(text) = std::fs::read_to_string(path) {
            return text;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{} was not written within two minutes", path.display());
}

/// Whether a program of this machine runs; said loudly when it does not.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub(crate) fn has(center: &Center, program: &str, args: &[&str]) -> bool {
    let found = center.command(program, args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let runs = found.is_ok_and(|status| status.success());
    if !runs {
        println!("skipped: {program} is not installed: `cargo xtask setup`");
    }
    runs
}
