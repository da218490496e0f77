//! The doctor on machines that have something: what is found, what the repair does, and that examining changes nothing.

use holdpoint_identity::Env;
use holdpoint_identity::doctor::{Code, Examine, Finding, Repair, RepairError, Weight, examine, repair};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A machine in a folder.
struct Machine {
    folder: tempfile::TempDir,
    env: BTreeMap<String, String>,
    patience: Duration,
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut machine = Self { folder, env: BTreeMap::new(), patience: Duration::ZERO };
        let home = machine.path("").to_str().unwrap().to_owned();
        machine = machine
            .env("HOME", &home)
            .env("PATH", &format!("{home}/bin"))
            .env("AWS_EC2_METADATA_DISABLED", "true");
        for tool in ["aws", "docker", "terraform", "git", "jq"] {
            machine = machine.program(tool);
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.replace("HOME", self.folder.path().to_str().unwrap()));
        self
    }

    fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        let folder = path.parent().unwrap().to_owned();
        fs::create_dir_all(&folder).unwrap();
        if folder != self.folder.path() {
            mode(&folder, 0o700);
        }
        fs::write(&path, bytes).unwrap();
        mode(&path, 0o600);
        self
    }

    fn program(self, name: &str) -> Self {
        let path = self.path("bin").join(name);
        let machine = self.file(&format!("bin/{name}"), "#!/bin/sh\n");
        mode(&path, 0o700);
        machine
    }

    fn open(self, name: &str, bits: u32) -> Self {
        mode(&self.path(name), bits);
        self
    }

    async fn examine(&self) -> Vec<Finding> {
        let env = Env::new(self.env.iter());
        let home = self.path("holdpoint");
        examine(&Examine { env: &env, home: &home, vault: None, now: now(), patience: self.patience }).await
    }

    /// What was found, what is fine left out.
    async fn ills(&self) -> Vec<Finding> {
        let before = tree(self.folder.path());
        let found = self.examine().await;
        assert_eq!(tree(self.folder.path()), before, "examining changes nothing");
        for finding in &found {
            let told =
                format!("{finding:?} {}", finding.repair.as_ref().map(Repair::preview).unwrap_or_default());
            assert!(!told.contains("planted"), "{told}");
        }
        found.into_iter().filter(|finding| finding.weight != Weight::Ok).collect()
    }

    fn repair(&self, finding: &Finding) -> Result<(), RepairError> {
        repair(finding.repair.as_ref().unwrap(), &self.path("holdpoint/backups"), now()).map(|_| ())
    }
}

#[cfg(unix)]
fn mode(path: &Path, bits: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
}

#[cfg(not(unix))]
fn mode(_: &Path, _: u32) {}

fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(tree(&entry.path()));
            found.insert(entry.path(), Vec::new());
        } else {
            found.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
    found
}

const CONFIG: &str = ".aws/config";
const SSO: &str = "[sso-session s]\nsso_start_url = https://s.example/start\nsso_region = eu-central-1\n";

fn token(ends: &str, more: &str) -> String {
    format!(
        "{{\"startUrl\": \"https://s.example/start\", \"accessToken\": \"planted\", \"expiresAt\": \"{ends}\"{more}}}"
    )
}

/// A name, the machine, and what is found on it.
type Case = (&'static str, Machine, Vec<(&'static str, Weight)>);

fn machines() -> Vec<Case> {
    use Weight::{Note, Problem, Warning};
    let m = Machine::new;
    let sso = |profile: &str| {
        format!(
            "{SSO}[profile a]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = R\n{profile}"
        )
    };
    vec![
        ("a bare machine", m(), vec![]),
        ("a good file", m().file(CONFIG, sso("region = x\n")), vec![]),
        ("a mark", m().file(CONFIG, format!("\u{feff}{}", sso(""))), vec![("config-encoding", Problem)]),
        ("utf-16", m().file(CONFIG, [0xFF, 0xFE, b'#', 0, b'\n', 0]), vec![("config-encoding", Problem)]),
        ("no text", m().file(CONFIG, b"[profile a]\n\xFF\xFE\n"), vec![("config-encoding", Problem)]),
        ("carriage returns", m().file(CONFIG, "[profile a]\rregion = x\r"), vec![("config-encoding", Problem), ("clients-differ", Warning)]),
        ("mixed ends", m().file(CONFIG, "[profile a]\r\nregion = x\n"), vec![("config-line-ends", Note)]),
        ("a folder", m().file(".aws/config/x", ""), vec![("config-unreadable", Problem)]),
        (
            "broken lines",
            m().file(CONFIG, "[profile a\n[profile b]\nregion\n"),
            vec![
                ("config-broken", Problem),
                ("config-broken", Problem),
                ("config-broken", Problem),
                ("config-broken", Problem),
                ("clients-differ", Warning),
            ],
        ),
        (
            "twice",
            m().file(CONFIG, "[profile a]\nregion = x\n[profile a]\nregion = y\n"),
            vec![("config-broken", Problem), ("config-broken", Problem), ("clients-differ", Warning)],
        ),
        (
            "twice, with a mark and a comment behind",
            m().file(CONFIG, "\u{feff}[profile a]\nregion = x # y\n[profile a]\noutput = json\n"),
            vec![("config-encoding", Problem)],
        ),
        ("a comment behind", m().file(CONFIG, "[profile a]\nregion = x # y\n"), vec![("config-differs", Warning)]),
        (
            "DEFAULT",
            m().file(CONFIG, "[DEFAULT]\nregion = x\n[profile a]\noutput = json\n"),
            vec![("config-differs", Warning), ("config-ignored", Warning), ("config-default", Warning)],
        ),
        ("an ignored section", m().file(CONFIG, "[a]\nregion = x\n"), vec![("config-ignored", Warning)]),
        ("an open block", m().file(CONFIG, "# holdpoint: generated for session s\n[profile a]\n"), vec![("config-block", Warning)]),
        ("a missing source", m().file(CONFIG, "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = gone\n"), vec![("profile-broken", Warning)]),
        ("the url beside", m().file(CONFIG, sso("sso_region = eu-central-1\n")), vec![("sso-beside", Warning)]),
        ("another url beside", m().file(CONFIG, sso("sso_region = us-east-1\n")), vec![("sso-beside", Problem)]),
        (
            "keys beside a profile",
            m().file(CONFIG, sso("")).env("AWS_PROFILE", "a").env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "planted"),
            vec![("two-sources", Warning), ("clients-differ", Warning)],
        ),
        (
            "half a key",
            m().env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            vec![("keys-incomplete", Problem), ("clients-differ", Warning)],
        ),
        (
            "a temporary key without token",
            m().env("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "planted"),
            vec![("keys-incomplete", Problem)],
        ),
        (
            "two profiles",
            m().file(CONFIG, sso("[profile b]\nregion = x\n")).env("AWS_PROFILE", "a").env("AWS_DEFAULT_PROFILE", "b"),
            vec![("two-profiles", Warning), ("clients-differ", Warning), ("clients-differ", Warning)],
        ),
        (
            "two regions",
            m().env("AWS_REGION", "eu-west-1").env("AWS_DEFAULT_REGION", "eu-west-2"),
            vec![("two-regions", Warning), ("clients-differ", Warning)],
        ),
        (
            "a profile that is nowhere",
            m().file(CONFIG, sso("")).env("AWS_PROFILE", "A"),
            vec![("profile-missing", Problem), ("clients-differ", Warning)],
        ),
        ("another endpoint", m().env("AWS_ENDPOINT_URL", "http://me:planted@127.0.0.1:9/?planted"), vec![("endpoint-override", Note)]),
        ("a torn cache", m().file(".aws/sso/cache/a.json", "{\"accessToken\": \"planted").file(".aws/cli/cache/b.json", ""), vec![("cache-torn", Warning), ("cache-torn", Warning)]),
        ("a stale cache", m().file(".aws/sso/cache/a.json", token("2026-01-01T00:00:00UTC", "")), vec![("cache-stale", Note)]),
        (
            "a sign-in that can be renewed is not stale",
            m().file(".aws/sso/cache/a.json", token("2026-11-01T00:00:00Z", ", \"refreshToken\": \"planted\", \"registrationExpiresAt\": \"2027-03-01T00:00:00Z\"")),
            vec![],
        ),
        (
            "a registration that ends",
            m().file(".aws/sso/cache/a.json", token("2027-01-15T09:00:00Z", ", \"refreshToken\": \"planted\", \"registrationExpiresAt\": \"2027-01-18T00:00:00Z\"")),
            vec![("registration-ends", Note)],
        ),
        (
            "an open cache",
            m().file(".aws/sso/cache/a.json", token("2027-01-15T09:00:00Z", "")).open(".aws/sso/cache/a.json", 0o644).open(".aws/sso/cache", 0o755),
            vec![("open-to-others", Problem), ("open-to-others", Problem)],
        ),
        ("open keys", m().file(".aws/credentials", "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = planted\n").open(".aws/credentials", 0o640), vec![("open-to-others", Warning)]),
        ("an open config without keys is nobody's harm", m().file(CONFIG, sso("")).open(CONFIG, 0o644), vec![]),
        ("our own folder", m().file("holdpoint/ledger.db", "").open("holdpoint", 0o755), vec![("open-to-others", Problem)]),
        ("docker torn", m().file(".docker/config.json", "{\"auths\": "), vec![("docker-broken", Problem)]),
        ("docker plain", m().file(".docker/config.json", "{\"auths\": {\"registry.example\": {\"auth\": \"planted\"}, \"other.example\": {}}}"), vec![("docker-plain", Warning)]),
        ("docker helper", m().file(".docker/config.json", "{\"credHelpers\": {\"registry.example\": \"gone\"}}"), vec![("docker-helper", Problem)]),
        (
            "docker keychain",
            m().program("docker-credential-secretservice").file(".docker/config.json", "{\"credsStore\": \"secretservice\", \"auths\": {\"111122223333.dkr.ecr.eu-central-1.amazonaws.com\": {}}}"),
            vec![("docker-keychain", Note)],
        ),
        (
            "docker keychain with a helper of its own",
            m().program("docker-credential-secretservice").program("docker-credential-holdpoint").file(".docker/config.json", "{\"credsStore\": \"secretservice\", \"auths\": {\"111122223333.dkr.ecr.eu-central-1.amazonaws.com\": {}}, \"credHelpers\": {\"111122223333.dkr.ecr.eu-central-1.amazonaws.com\": \"holdpoint\"}}"),
            vec![],
        ),
        ("docker picks", m().program("docker-credential-desktop"), vec![("docker-picks", Note)]),
        ("no tools", m().env("PATH", "HOME/nowhere"), vec![("tool-missing", Note); 5]),
        ("a proxy", m().env("HTTPS_PROXY", "http://me:planted@proxy.example:3128").env("NO_PROXY", "intern.example"), vec![("proxy-loopback", Warning)]),
        ("a proxy with exceptions", m().env("HTTPS_PROXY", "http://proxy.example:3128").env("NO_PROXY", "localhost, 127.0.0.1"), vec![]),
        ("a bad proxy", m().env("HTTPS_PROXY", "http://").env("NO_PROXY", "*"), vec![("proxy-bad", Problem)]),
        ("a bundle that is gone", m().env("AWS_CA_BUNDLE", "HOME/gone.pem"), vec![("ca-bundle", Problem)]),
        ("a bundle that is none", m().file("x.pem", "planted").env("SSL_CERT_FILE", "HOME/x.pem"), vec![("ca-bundle", Problem)]),
        ("no home", { let mut machine = m(); machine.env.remove("HOME"); machine }, vec![("home-missing", Problem)]),
    ]
}

#[cfg(unix)]
#[tokio::test]
async fn each_machine_has_what_it_has() {
    let mut wrong = Vec::new();
    for (name, machine, expected) in machines() {
        let found = machine.ills().await;
        let told: Vec<_> = found.iter().map(|finding| (finding.code.name(), finding.weight)).collect();
        if told != expected {
            let said: Vec<_> = found.iter().map(|finding| &finding.said).collect();
            wrong.push(format!("{name}: {told:?} and not {expected:?}: {said:#?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.join(
            "
"
        )
    );
}

/// Every kind that the table can make is in it, so that a kind nobody makes is noticed.
#[cfg(unix)]
#[test]
fn every_kind_is_met() {
    let met: Vec<_> =
        machines().into_iter().flat_map(|(_, _, expected)| expected).map(|(code, _)| code).collect();
    // Met elsewhere: the clock below, the vault in the command line's tests.
    let elsewhere = ["clock-skew", "clock-unknown", "vault-closed"];
    for code in Code::ALL {
        assert!(met.contains(&code.name()) || elsewhere.contains(&code.name()), "{code}");
    }
}

/// Repairs, made one after the other as a person would, leave a machine without what they repair.
#[cfg(unix)]
#[tokio::test]
async fn repairs_heal() {
    let mut repaired = 0;
    for (name, machine, _) in machines() {
        for _ in 0..10 {
            let found = machine.ills().await;
            let next = found.iter().find(|finding| finding.repair.as_ref().is_some_and(Repair::is_automatic));
            let Some(finding) = next else { break };
            let key = |finding: &Finding| (finding.code, finding.repair.as_ref().map(Repair::preview));
            assert!(!finding.repair.as_ref().unwrap().preview().is_empty());
            machine.repair(finding).unwrap();
            repaired += 1;
            // What it heals may bring to light what it hid, but it is healed.
            let after = machine.ills().await;
            assert!(!after.iter().any(|left| key(left) == key(finding)), "{name}: {after:#?}");
        }
        let left = machine.ills().await;
        let automatic = |finding: &&Finding| finding.repair.as_ref().is_some_and(Repair::is_automatic);
        assert_eq!(left.iter().find(automatic).map(|finding| finding.code), None, "{name}");
        if name.starts_with("twice, with a mark") {
            let text = fs::read_to_string(machine.path(CONFIG)).unwrap();
            assert_eq!(text, "[profile a]\n# y\nregion = x\noutput = json\n");
        }
    }
    assert!(repaired >= 13, "{repaired}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_repair_of_something_that_changed_since_is_refused() {
    let machine = Machine::new()
        .file(CONFIG, "[profile a]\nregion = x # y\n")
        .file(".aws/cli/cache/a.json", "{}")
        .open(".aws/cli/cache/a.json", 0o644);
    let found = machine.ills().await;
    let of = |code: &str| found.iter().find(|finding| finding.code.name() == code).unwrap();
    fs::write(machine.path(CONFIG), "[profile b]\n").unwrap();
    mode(&machine.path(".aws/cli/cache/a.json"), 0o666);
    for code in ["config-differs", "open-to-others"] {
        let refused = machine.repair(of(code)).unwrap_err();
        assert!(refused.to_string().contains("changed by another program"), "{refused}");
    }
    assert_eq!(fs::read_to_string(machine.path(CONFIG)).unwrap(), "[profile b]\n");
    let yours = Repair::Command("unset X".to_owned());
    assert!(matches!(repair(&yours, Path::new("/nowhere"), now()), Err(RepairError::Yours(_))));
}

/// An endpoint that answers each connection with this.
async fn endpoint(answer: String) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            // Nothing is signed: the clock may be too far off for that.
            assert!(
                request[..read].starts_with(b"HEAD / ")
                    && !String::from_utf8_lossy(&request).contains("uthorization")
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[cfg(unix)]
#[tokio::test]
async fn the_clock_is_compared_with_the_endpoint_that_would_be_called() {
    // The machine's clock says 2027-01-15 08:00:00 UTC.
    for (date, code, weight, words) in [
        ("Date: Fri, 15 Jan 2027 08:00:10 GMT\r\n", "clock-skew", Weight::Ok, "agrees"),
        ("Date: Fri, 15 Jan 2027 08:02:00 GMT\r\n", "clock-skew", Weight::Warning, "120 seconds behind"),
        ("Date: Fri, 15 Jan 2027 07:00:00 GMT\r\n", "clock-skew", Weight::Problem, "3600 seconds ahead"),
        ("Date: soon\r\n", "clock-unknown", Weight::Note, "its date is none"),
        ("", "clock-unknown", Weight::Note, "no date"),
    ] {
        // A refusal tells the time as well as a welcome does.
        let url = endpoint(format!(
            "HTTP/1.1 403 Forbidden\r\n{date}Content-Length: 0\r\nConnection: close\r\n\r\n"
        ))
        .await;
        let mut machine = Machine::new().env("AWS_ENDPOINT_URL_STS", &url);
        machine.patience = Duration::from_secs(20);
        let found = machine.examine().await;
        let clock = found.iter().find(|finding| finding.code.name().starts_with("clock")).unwrap();
        assert_eq!((clock.code.name(), clock.weight), (code, weight), "{date}: {clock:?}");
        assert!(clock.said.contains(words), "{}", clock.said);
    }
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let mut machine = Machine::new().env("AWS_ENDPOINT_URL", &url);
    machine.patience = Duration::from_secs(20);
    let found = machine.examine().await;
    assert!(
        found.iter().any(|finding| finding.code.name() == "clock-unknown" && finding.weight == Weight::Note)
    );
}

#[tokio::test]
async fn ten_thousand_broken_lines_are_told_shortly() {
    let machine = Machine::new().file(CONFIG, format!("[profile a]\n{}", "loose\n".repeat(10_000)));
    let found = machine.examine().await;
    let broken: Vec<_> = found.iter().filter(|finding| finding.code.name() == "config-broken").collect();
    assert_eq!(broken.len(), 21);
    assert!(broken.iter().any(|finding| finding.said.starts_with("and ")), "{broken:#?}");
}

/// Three thousand profiles, each of them wrong in three ways, are healed in three repairs.
#[cfg(unix)]
#[tokio::test]
async fn thousands_of_wrong_profiles_are_healed() {
    let mut text = SSO.to_owned();
    let mut expected = SSO.to_owned();
    for i in 0..3_000 {
        let own = format!("[profile p{i}]\nsso_session = s\nsso_account_id = {i:012}\nsso_role_name = R\n");
        text.push_str(&format!("{own}sso_region = eu-central-1\nregion = eu-west-1 # {i}\n"));
        expected.push_str(&format!("{own}# {i}\nregion = eu-west-1\noutput = json\n"));
    }
    for i in 0..3_000 {
        text.push_str(&format!("[profile p{i}]\noutput = json\n"));
    }
    let machine = Machine::new().file(CONFIG, &text);
    let mut repairs = 0;
    loop {
        let found = machine.examine().await;
        let Some(finding) = found.iter().find(|finding| finding.repair.is_some()) else { break };
        machine.repair(finding).unwrap();
        repairs += 1;
        assert!(repairs < 10, "{finding:?}");
    }
    assert_eq!(repairs, 3);
    let healed = fs::read_to_string(machine.path(CONFIG)).unwrap();
    assert!(healed == expected, "{}", &healed[..2_000]);
}

/// The list in `docs/doctor.md` is that of the program.
#[test]
fn the_documented_kinds_are_those_that_there_are() {
    let mut list = String::from("| code | what | what it means, and what the repair does |\n|---|---|---|\n");
    for code in Code::ALL {
        list.push_str(&format!("| `{}` | {} | {} |\n", code.name(), code.title(), code.meaning()));
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/doctor.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains(&list), "docs/doctor.md does not have this list:\n{list}");
}
