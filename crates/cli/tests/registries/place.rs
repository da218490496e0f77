//! A home of its own for each test, with helpers of keychains in PATH that tell when they are started.

use serde_json::{Value, json};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_holdpoint");
/// Every helper that Docker's client would take by itself, and those that people configure.
const KEYCHAINS: [&str; 6] = ["osxkeychain", "desktop", "secretservice", "pass", "wincred", "ecr-login"];
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A home folder.
pub(crate) struct Place {
    folder: TempDir,
    /// More of the environment.
    pub(crate) env: Vec<(String, String)>,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(PROGRAM, bin.join("docker-credential-holdpoint")).unwrap();
        let place = Self { folder, env: Vec::new() };
        for keychain in KEYCHAINS {
            let called = place.path().join("called");
            let script = format!("#!/bin/sh\necho {keychain} >> '{}'\nexit 1\n", called.display());
            place.program(&format!("bin/docker-credential-{keychain}"), &script);
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file in the home.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A script in the home.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.file(name, script);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The operator's own Docker, as a Mac's or a desktop's: everything in a keychain, with a login in plain besides.
    pub(crate) fn own_docker(&self) -> Value {
        let config = json!({
            "auths": {"other.example": {"auth": "cGxhbjpwbGFudGVkLXdvcmQ="}},
            "credsStore": "osxkeychain",
            "currentContext": "default",
            "plugins": {"hello": {"of": "the operator"}},
        });
        self.file(".docker/config.json", &config.to_string());
        let said =
            r#"{"SchemaVersion":"0.1.0","Vendor":"x.example","Version":"1","ShortDescription":"says hello"}"#;
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = docker-cli-plugin-metadata ]; then echo '{said}'; else echo hello from a plugin; fi\n"
        );
        self.program(".docker/cli-plugins/docker-hello", &script);
        config
    }

    /// A profile with the keys of a person of the simulator, which it also leads to.
    pub(crate) fn profile(&mut self, name: &str, endpoint: &str, person: &Value) {
        let key = |member: &str| person[member].as_str().unwrap().to_owned();
        let text = format!(
            "[profile {name}]\nregion = eu-west-1\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
            key("access_key_id"),
            key("secret_access_key"),
            key("session_token")
        );
        self.file(".aws/config", &text);
        self.env.push(("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned()));
    }

    /// A profile `corp` and its session, whose token has ended and that cannot be renewed, as the AWS CLI leaves it.
    pub(crate) fn expired_sign_in(&self) {
        let config = "[profile corp]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Deployer\n\
                      [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n";
        self.file(".aws/config", config);
        let token = json!({
            "startUrl": "https://corp.example/start",
            "region": "eu-west-1",
            "accessToken": "an-old-token",
            "expiresAt": "2020-01-01T00:00:00Z",
        });
        // The SHA-1 of `corp`.
        self.file(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", &token.to_string());
    }

    /// A command in this home and in no other environment.
    #[expect(clippy::disallowed_methods, reason = "programs under test, with an environment of their own")]
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env_clear().env("PATH", format!("{}:{PATH}", self.path().join("bin").display()));
        command.env("HOME", self.path()).env("HOLDPOINT_HOME", self.path().join("holdpoint"));
        command.env("USER", "tester").env("AWS_EC2_METADATA_DISABLED", "true").current_dir(self.path());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Ran {
        ran(self.command(program, args), b"")
    }

    /// Runs ours.
    pub(crate) fn holdpoint(&self, args: &[&str]) -> Ran {
        self.run(PROGRAM, args)
    }

    /// Asks the helper as a client does.
    pub(crate) fn helper(&self, verb: &str, input: &[u8]) -> Ran {
        let helper = self.path().join("bin/docker-credential-holdpoint");
        ran(self.command(helper.to_str().unwrap(), &[verb]), input)
    }

    /// Fails unless a keychain's helper was started, and forgets that it was.
    #[track_caller]
    pub(crate) fn keychain_was_asked(&self) {
        std::fs::remove_file(self.path().join("called")).unwrap();
    }

    /// Fails when a keychain's helper was ever started.
    #[track_caller]
    pub(crate) fn no_keychain(&self) {
        let called = std::fs::read_to_string(self.path().join("called")).unwrap_or_default();
        assert_eq!(called, "", "a keychain's helper was started");
    }
}

/// Runs a command to its end.
pub(crate) fn ran(mut command: Command, input: &[u8]) -> Ran {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that ends without reading closes its end: that is its own business.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

impl Ran {
    /// Fails unless it ended with this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// Fails unless it said all these, on whichever stream.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        let said = format!("--- out\n{}\n--- err\n{}", self.out, self.err);
        texts.iter().for_each(|text| assert!(said.contains(text), "no {text:?} in\n{said}"));
        self
    }

    /// Fails when it said one of these.
    #[track_caller]
    pub(crate) fn hides(self, texts: &[&str]) -> Self {
        let said = format!("--- out\n{}\n--- err\n{}", self.out, self.err);
        texts.iter().for_each(|text| assert!(!said.contains(text), "{text:?} in\n{said}"));
        self
    }
}
