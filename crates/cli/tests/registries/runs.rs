//! A script of a run: its Docker is isolated, and its logins come from the run.

use crate::place::Place;
use crate::servers::{PASSWORD, Registry, Simulator, has};

/// A plan with one script that only reads, and ends with the first thing that is not as it should be.
fn plan(script: &str) -> String {
    format!(
        "---\nholdpoint:\n  version: 1\n  title: Looks at images\n  target: {{ account: \"111122223333\", region: eu-west-1 }}\n---\n\
         # Looks at images\n\n## Look\n\n```yaml stage\nid: look\n```\n\n```yaml step\nid: look_at\nuses: shell\neffect: read\n```\n\n\
         ```bash\nset -euo pipefail\n{script}\n```\n"
    )
}

/// What holds in practice and live.
const ISOLATED: &str = r#"test "$(stat -c %a "$DOCKER_CONFIG")" = 700
grep -q '"credsStore": "holdpoint"' "$DOCKER_CONFIG/config.json"
if grep -q -e osxkeychain -e cGxhbjpwbGFudGVkLXdvcmQ= "$DOCKER_CONFIG/config.json"; then exit 41; fi
echo 111122223333.dkr.ecr.eu-west-1.amazonaws.com | docker-credential-holdpoint get | grep -q '"Username":"AWS"' || exit 42
said=$(echo registry.example | docker-credential-holdpoint get || true)
test "$said" = "credentials not found in native keychain" || exit 43
echo "isolated in $DOCKER_CONFIG""#;

#[test]
fn in_practice_a_script_meets_no_login_of_the_operator() {
    let place = Place::new();
    place.own_docker();
    place.file("plan.md", &plan(ISOLATED));
    let ran = place.holdpoint(&["run", "plan.md", "--practice", "--trust", "--speed", "2000"]);
    let ran = ran.exits(0).says(&["isolated in "]);
    let folder = ran.out.split_once("isolated in ").unwrap().1.lines().next().unwrap();
    assert!(!std::path::Path::new(folder.trim()).exists(), "{folder} is left");
    place.no_keychain();
}

#[test]
fn live_a_script_pulls_with_the_login_of_the_run() {
    let mut place = Place::new();
    let Some(registry) = Registry::start(&place) else { return };
    if !has("docker") {
        return;
    }
    let simulator = Simulator::start(&place);
    place.profile("deployer", &simulator.endpoint, &simulator.people[0]);
    place.own_docker();
    place.holdpoint(&["registry", "map", &registry.host, "deployer"]).exits(0);
    let pull =
        format!("docker manifest inspect --insecure {}/app:1 | grep -c sha256:c5b1d636", registry.host);
    place.file("plan.md", &plan(&format!("{ISOLATED}\n{pull}\ndocker hello")));
    let ran = place.holdpoint(&["run", "plan.md", "--profile", "deployer", "--trust"]);
    ran.exits(0).says(&["isolated in ", "hello from a plugin"]).hides(&[PASSWORD]);
    place.no_keychain();
}

/// Gets the password, sees that it is the right one by its SHA-256, and prints it.
const PRINTS: &str = r#"get() {
  echo 111122223333.dkr.ecr.eu-west-1.amazonaws.com | docker-credential-holdpoint get | sed 's/.*"Secret":"//; s/".*//'
}
test "$(get | sha256sum | cut -c1-16)" = 19da2801c5cb9bbb || exit 44
get
get >&2
printf %s "AWS:$(get)" | base64 -w0
echo
echo went on"#;

/// A script may print its login, whole or in base64; nothing that the run keeps or shows has it.
#[test]
fn a_login_that_a_script_prints_is_kept_nowhere() {
    let mut place = Place::new();
    let simulator = Simulator::start(&place);
    place.profile("deployer", &simulator.endpoint, &simulator.people[0]);
    place.file("plan.md", &plan(PRINTS));
    let ran = place.holdpoint(&["run", "plan.md", "--profile", "deployer", "--trust"]).exits(0);
    let in_base64 = "LW9mLXRoZS10ZXN0LXJl";
    ran.says(&["went on", "‹redacted›"]).hides(&[PASSWORD, in_base64]);
    let report = place.holdpoint(&["report", "last", "--format", "json"]).exits(0).says(&["went on"]);
    report.hides(&[PASSWORD, in_base64]);
    for file in below(&place.path().join("holdpoint")) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!found(PASSWORD) && !found(in_base64), "{}", file.display());
    }
}

fn below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}
