//! Docker's client and skopeo, with a registry that wants a login.

use crate::place::{PROGRAM, Place, Ran, ran};
use crate::servers::{CONFIG_DIGEST, PASSWORD, Registry, Simulator, has};
use serde_json::{Value, json};

/// A place with a registry that is mapped to a profile; `None` where there is no registry to run.
struct Scene {
    place: Place,
    simulator: Simulator,
    registry: Registry,
}

impl Scene {
    fn new() -> Option<Self> {
        let mut place = Place::new();
        let registry = Registry::start(&place)?;
        let simulator = Simulator::start(&place);
        place.profile("deployer", &simulator.endpoint, &simulator.people[0]);
        Some(Self { place, simulator, registry })
    }

    fn mapped() -> Option<Self> {
        let scene = Self::new()?;
        scene.place.holdpoint(&["registry", "map", &scene.registry.host, "deployer"]).exits(0);
        Some(scene)
    }

    /// Asks for the image's manifest.
    fn inspect(&self, client: &str, before: &[&str]) -> Ran {
        let image = format!("{}/app:1", self.registry.host);
        let words = match client {
            "docker" => ["docker", "manifest", "inspect", "--insecure"].map(str::to_owned).to_vec(),
            _ => ["skopeo", "inspect", "--raw", "--tls-verify=false"].map(str::to_owned).to_vec(),
        };
        let image = if client == "docker" { image } else { format!("docker://{image}") };
        let words: Vec<&str> =
            before.iter().copied().chain(words.iter().map(String::as_str)).chain([image.as_str()]).collect();
        self.place.run(words[0], &words[1..])
    }

    fn under_holdpoint(&self, client: &str) -> Ran {
        self.inspect(client, &[PROGRAM, "exec", "--profile", "deployer", "--"])
    }
}

/// A program under `exec` gets its logins from the process that started it, whatever the operator's own Docker says.
fn a_program_gets_its_logins_from_holdpoint(client: &str) {
    if !has(client) {
        return;
    }
    let Some(scene) = Scene::mapped() else { return };
    scene.place.own_docker();
    if client == "docker" {
        // By itself it does start the keychain's helper: what is watched for would be seen.
        scene.inspect(client, &[]);
        scene.place.keychain_was_asked();
    }
    scene.under_holdpoint(client).exits(0).says(&[CONFIG_DIGEST]).hides(&[PASSWORD]);
    scene.place.no_keychain();
    // Without the mapping the registry is nobody's: the client goes on without a login, and is refused there.
    scene.place.holdpoint(&["registry", "unmap", &scene.registry.host]).exits(0);
    let refused = scene.under_holdpoint(client);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    refused.hides(&[CONFIG_DIGEST, "holdpoint:"]);
    scene.place.no_keychain();
}

#[test]
fn docker_gets_its_logins_from_holdpoint() {
    a_program_gets_its_logins_from_holdpoint("docker");
}

#[test]
fn skopeo_gets_its_logins_from_holdpoint() {
    a_program_gets_its_logins_from_holdpoint("skopeo");
}

/// With the helper in the operator's own configuration, clients use it without `exec`.
#[test]
fn clients_use_the_helper_that_was_installed() {
    let Some(scene) = Scene::mapped() else { return };
    scene.place.holdpoint(&["registry", "install", "--yes"]).exits(0);
    for client in ["docker", "skopeo"] {
        if has(client) {
            scene.inspect(client, &[]).exits(0).says(&[CONFIG_DIGEST]).hides(&[PASSWORD]);
        }
    }
    scene.place.no_keychain();
}

/// In one `exec` a hundred questions are one call.
#[test]
fn a_program_asks_often_and_ecr_is_asked_once() {
    let Some(scene) = Scene::mapped() else { return };
    let before = scene.simulator.answered("ecr:GetAuthorizationToken");
    let host = &scene.registry.host;
    let script = format!(
        "for n in $(seq 100); do echo {host} | docker-credential-holdpoint get > got.$n & done; wait; sort -u got.* | wc -l; cat got.1"
    );
    let said = scene.place.holdpoint(&["exec", "--profile", "deployer", "--", "sh", "-c", &script]).exits(0);
    assert!(said.out.starts_with("1\n") && said.out.contains(PASSWORD), "{said:?}");
    assert_eq!(scene.simulator.answered("ecr:GetAuthorizationToken") - before, 1);
    // For ECR's own hosts the program's own identity answers, without any mapping.
    let script = "echo 222233334444.dkr.ecr.eu-west-1.amazonaws.com | docker-credential-holdpoint get";
    scene
        .place
        .holdpoint(&["exec", "--profile", "deployer", "--", "sh", "-c", script])
        .exits(0)
        .says(&[PASSWORD]);
}

/// A program's Docker is isolated, and has what the operator set up but no login.
#[test]
fn a_programs_docker_keeps_plugins_and_settings_and_is_removed() {
    let Some(scene) = Scene::mapped() else { return };
    let own = scene.place.own_docker().to_string();
    let script =
        "echo \"at $DOCKER_CONFIG\"; stat -c %a \"$DOCKER_CONFIG\"; cat \"$DOCKER_CONFIG/config.json\"";
    let said = scene.place.holdpoint(&["exec", "--profile", "deployer", "--", "sh", "-c", script]).exits(0);
    let said = said.says(&["\n700\n"]).hides(&["osxkeychain", "cGxhbjpwbGFudGVkLXdvcmQ="]);
    let config: Value = serde_json::from_str(said.out.split_once("\n700\n").unwrap().1).unwrap();
    assert_eq!(config["credsStore"], "holdpoint");
    assert_eq!(config["credHelpers"][&scene.registry.host], "holdpoint");
    assert_eq!(config["plugins"], json!({"hello": {"of": "the operator"}}));
    let folder = said.out.lines().next().unwrap().strip_prefix("at ").unwrap();
    assert!(!std::path::Path::new(folder).exists(), "{folder} is left");
    if has("docker") {
        let under = ["exec", "--profile", "deployer", "--", "docker"];
        let hello = [under.as_slice(), &["hello"]].concat();
        scene.place.holdpoint(&hello).exits(0).says(&["hello from a plugin"]);
        // A script's own login is kept for its time, in memory, and works for the client.
        scene.place.file("pw", PASSWORD);
        scene.place.holdpoint(&["registry", "unmap", &scene.registry.host]).exits(0);
        let host = &scene.registry.host;
        let stored = format!("{{\"ServerURL\":\"{host}\",\"Username\":\"AWS\",\"Secret\":\"$(cat pw)\"}}");
        let script = format!(
            "cat > in <<EOF\n{stored}\nEOF\ndocker-credential-holdpoint store < in && docker manifest inspect --insecure {host}/app:1 && grep -rl {PASSWORD} \"$DOCKER_CONFIG\" || echo not on disk"
        );
        let logged_in = scene.place.holdpoint(&["exec", "--profile", "deployer", "--", "sh", "-c", &script]);
        logged_in.exits(0).says(&[CONFIG_DIGEST, "not on disk"]);
    }
    assert_eq!(std::fs::read_to_string(scene.place.path().join(".docker/config.json")).unwrap(), own);
    scene.place.no_keychain();
}

/// The helper outlives the process that it asked: it says so, and does not say "not found".
#[test]
fn a_helper_whose_parent_has_ended_says_so() {
    let Some(scene) = Scene::mapped() else { return };
    let script = "echo \"$HOLDPOINT_REGISTRY_FILE\"";
    let said = scene.place.holdpoint(&["exec", "--profile", "deployer", "--", "sh", "-c", script]).exits(0);
    let helper = scene.place.path().join("bin/docker-credential-holdpoint");
    let mut command = scene.place.command(helper.to_str().unwrap(), &["get"]);
    command.env("HOLDPOINT_REGISTRY_FILE", said.out.trim());
    let gone = ran(command, scene.registry.host.as_bytes()).exits(1).says(&["has ended"]);
    assert!(!gone.out.contains("not found in native keychain"), "{gone:?}");
}

/// A sign-in that is over is told by the client, although the client itself only says that it has no login.
#[test]
fn a_client_tells_why_there_is_no_login() {
    let Some(scene) = Scene::mapped() else { return };
    scene.place.holdpoint(&["registry", "install", "--yes"]).exits(0);
    // The person's keys end at the simulator, as a role's do after its hour.
    let person = scene.simulator.people[0]["name"].clone();
    scene.simulator.post("sign-in", &json!({ "name": person }));
    for client in ["docker", "skopeo"] {
        if has(client) {
            let refused = scene.inspect(client, &[]);
            assert_ne!(refused.code, Some(0), "{refused:?}");
            refused.says(&["no login for", &scene.registry.host]).hides(&[PASSWORD]);
        }
    }
    scene.place.no_keychain();
}

/// The value for Docker 28.3 and newer is printed where nobody looks over a shoulder, and only for such a client.
#[test]
fn logins_in_a_variable_are_for_clients_that_read_it() {
    let Some(scene) = Scene::mapped() else { return };
    let host = &scene.registry.host;
    scene.place.program("bin/docker", "#!/bin/sh\necho 'Docker version 28.2.2, build e6534b4'\n");
    scene.place.holdpoint(&["registry", "auth-config", host]).exits(1).says(&["28.3"]).hides(&[PASSWORD]);
    scene.place.program("bin/docker", "#!/bin/sh\necho 'Docker version 28.3.0, build 38b7060'\n");
    let said = scene.place.holdpoint(&["registry", "auth-config", host]).exits(0);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(value, json!({"auths": {host: {"auth": "QVdTOnB3LW9mLXRoZS10ZXN0LXJlZ2lzdHJ5"}}}));
}

/// Nobody has to guess why a pull is refused: the sign-in is over, and the client shows how to sign in.
#[test]
fn a_client_shows_that_the_sign_in_is_over() {
    let place = Place::new();
    let Some(registry) = Registry::start(&place) else { return };
    place.expired_sign_in();
    place.holdpoint(&["registry", "map", &registry.host, "corp"]).exits(0);
    place.holdpoint(&["registry", "install", "--yes"]).exits(0);
    let image = format!("{}/app:1", registry.host);
    if has("docker") {
        let refused = place.run("docker", &["manifest", "inspect", "--insecure", &image]);
        assert_ne!(refused.code, Some(0), "{refused:?}");
        refused.says(&["corp", "holdpoint login"]);
    }
    if has("skopeo") {
        let image = format!("docker://{image}");
        let refused = place.run("skopeo", &["inspect", "--raw", "--tls-verify=false", &image]);
        assert_ne!(refused.code, Some(0), "{refused:?}");
        refused.says(&["corp", "holdpoint login"]);
    }
    place.no_keychain();
}
