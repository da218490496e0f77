//! `holdpoint image inspect` and `holdpoint image mirror`, against the simulator's registries and against a real one:
//! what they print, for people and for programs, and how they end when a registry is not as it should be.

use crate::place::{Place, Ran};
use crate::servers::{AUTH, Odd, Registry, Simulator, has};
use serde_json::{Value, json};

/// An index of two platforms, in a registry that anybody may read and write.
const API: &str = "ghcr.example/shop/api";

/// A place with a simulator whose registries hold an image.
struct Scene {
    place: Place,
    simulator: Simulator,
}

impl Scene {
    fn new() -> Self {
        let place = Place::new();
        let simulator = Simulator::start(&place);
        let tags = json!({
            "1.4": {"platforms": ["linux/amd64", "linux/arm64"], "layers": [40_000, 3_000],
                "config": {"entrypoint": ["/app"], "cmd": ["serve"], "exposed_ports": [8080]}},
            "one": {"platforms": ["linux/arm64"], "layers": [2_000]},
        });
        let closed = json!({"auth": "basic", "users": {"ann": "pw-of-ann"}, "repositories": [
            {"name": "shop/api", "tags": {"1.4": {"layers": [1_000]}}}]});
        let registries = json!({
            "ghcr.example": {"repositories": [{"name": "shop/api", "tags": tags}]},
            "closed.example": closed,
        });
        simulator.post("behave", &json!({"registries": registries}));
        Self { place, simulator }
    }

    /// How an image of a registry is named where the simulator is that registry.
    fn at(&self, image: &str) -> String {
        format!("{}/{image}", self.simulator.endpoint.trim_start_matches("http://"))
    }

    /// From now on this happens to the requests of one kind.
    fn fault(&self, operation: &str, effect: Value) {
        let fault = json!({"match": {"service": "registry", "operation": operation}, "effect": effect});
        self.simulator.post("behave", &json!({"faults": [fault]}));
    }

    fn inspect(&self, image: &str, more: &[&str]) -> Ran {
        self.place.holdpoint(&[&["image", "inspect", &self.at(image)], more].concat())
    }

    fn mirror(&self, from: &str, to: &str, more: &[&str]) -> Ran {
        self.place.holdpoint(&[&["image", "mirror", &self.at(from), &self.at(to)], more].concat())
    }

    fn mirrored(&self, from: &str, to: &str, more: &[&str]) -> Value {
        json_of(&self.mirror(from, to, &[more, &["--json"]].concat()).exits(0))
    }
}

/// Standard output is one JSON value and nothing else.
#[track_caller]
fn json_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|why| panic!("no JSON ({why}): {ran:?}"))
}

#[test]
fn an_image_is_told_to_people_and_to_programs() {
    let scene = Scene::new();
    let image = format!("{API}:1.4");
    let told = scene.inspect(&image, &[]).exits(0);
    told.says(&[
        "platform     linux/amd64",
        "offered      linux/amd64 linux/arm64",
        "entry point  /app",
        "ports        8080",
    ]);
    let found = json_of(&scene.inspect(&image, &["--json"]).exits(0));
    assert_eq!((&found["platform"], &found["command"]), (&json!("linux/amd64"), &json!(["serve"])));
    assert_eq!(found["layers"].as_array().unwrap().len(), 2);
    assert_ne!(found["digest"], found["manifest_digest"], "an index and the image in it");
    let other = json_of(&scene.inspect(&image, &["--json", "--platform", "linux/arm64"]).exits(0));
    assert_eq!((&other["digest"], &other["platform"]), (&found["digest"], &json!("linux/arm64")));
    assert_ne!(other["manifest_digest"], found["manifest_digest"]);
    // What is named by digest is that image, whatever its tag leads to.
    let by_digest = format!("{API}@{}", found["manifest_digest"].as_str().unwrap());
    let again = json_of(&scene.inspect(&by_digest, &["--json"]).exits(0));
    assert_eq!(again["digest"], found["manifest_digest"]);
}

#[test]
fn what_an_image_is_not_fit_for_is_said_with_the_known_problem_that_would_come_of_it() {
    let scene = Scene::new();
    let known =
        ["Known problem: The image is built for another processor", "repair: Build again for the platform"];
    // It can be looked at, and would not run: what was found stands on standard output, what is wrong beside it.
    let one = scene.inspect(&format!("{API}:one"), &[]).exits(0);
    let one = one.says(&["wanted linux/amd64, offered linux/arm64"]).says(&known);
    assert!(!one.out.contains("Known problem"), "{one:?}");
    scene.inspect(&format!("{API}:one"), &["--platform", "linux/amd64"]).exits(1).says(&known);
    let port = scene.inspect(&format!("{API}:1.4"), &["--port", "3000"]).exits(0);
    port.says(&[
        "listens on 8080",
        "asked on port 3000",
        "Known problem: App Runner's health check does not pass",
    ]);
    let fits = scene.inspect(&format!("{API}:1.4"), &["--port", "8080", "--json"]).exits(0);
    assert!(!format!("{fits:?}").contains("Known problem"), "{fits:?}");
    let meant = scene.inspect(&format!("{API}:one"), &["--platform", "linux/arm64"]).exits(0);
    assert!(!format!("{meant:?}").contains("Known problem"), "{meant:?}");
}

#[test]
fn an_image_that_is_not_to_be_had_says_why_and_ends_with_1() {
    let scene = Scene::new();
    let refused = |image: &str, more: &[&str], says: &[&str]| {
        for asked in [more.to_vec(), [more, &["--json"]].concat()] {
            let ran = scene.inspect(image, &asked).exits(1).says(says);
            assert_eq!(ran.out, "", "standard output is for what was found");
        }
        scene.mirror(image, "copies.example/shop:x", more).exits(1).says(says);
    };
    refused(
        &format!("{API}:1.4"),
        &["--platform", "linux/s390x"],
        &["is not for linux/s390x", "linux/amd64, linux/arm64", "buildx"],
    );
    refused(
        &format!("{API}:one"),
        &["--platform", "linux/amd64"],
        &["is not for linux/amd64: it is for linux/arm64"],
    );
    refused(&format!("{API}:9"), &[], &["is not there", "Compare the repository and the tag"]);
    refused("ghcr.example/shop/nothing:1", &[], &["is not there"]);
    refused("closed.example/shop/api:1.4", &[], &["refused", "docker login"]);
}

#[test]
fn words_that_are_off_are_said_before_anything_is_asked() {
    let place = Place::new();
    place.holdpoint(&["image", "inspect", "Not An Image"]).exits(1).says(&["Not An Image"]);
    let image = "ghcr.example/shop/api:1.4";
    place.holdpoint(&["image", "inspect", image, "--platform", "amd64"]).exits(1).says(&["amd64"]);
    place.holdpoint(&["image", "inspect"]).exits(2);
    place.holdpoint(&["image", "mirror", image]).exits(2);
    place.holdpoint(&["image", "mirror", image, "r.example/x", "--concurrency", "0"]).exits(2);
    place.holdpoint(&["image", "inspect", "127.0.0.1:1/shop:1"]).exits(1).says(&["cannot be reached"]);
}

#[test]
fn a_copy_is_whole_and_a_second_one_sends_nothing() {
    let scene = Scene::new();
    let from = format!("{API}:1.4");
    let first = scene.mirrored(&from, "copies.example/shop/api", &["--tag", "live"]);
    assert_eq!(
        (&first["copied"], &first["present"], &first["platform"]),
        (&json!(3), &json!(0), &json!("linux/amd64"))
    );
    assert!(scene.simulator.has_image("copies.example/shop/api", "live"));
    for tag in ["1.4", "live"] {
        let found = json_of(&scene.inspect(&format!("copies.example/shop/api:{tag}"), &["--json"]).exits(0));
        assert_eq!(found["digest"], first["digest"], "{tag}");
    }
    let put = ["StartUpload", "PutManifest"].map(|operation| format!("registry:{operation}"));
    let before = put.each_ref().map(|operation| scene.simulator.answered(operation));
    let second = scene.mirrored(&from, "copies.example/shop/api", &["--tag", "live"]);
    assert_eq!((&second["copied"], &second["copied_bytes"]), (&json!(0), &json!(0)));
    assert_eq!(second["digest"], first["digest"]);
    let after = put.each_ref().map(|operation| scene.simulator.answered(operation));
    assert_eq!(before, after, "nothing was uploaded or named again");
    // All platforms: the same digest as at the source; what one platform brought is not sent again.
    let all = scene.mirrored(&from, "copies.example/shop/api:all", &["--platform", "all"]);
    assert_eq!(all["digest"], all["source_digest"]);
    assert!(all["present"].as_u64().unwrap() >= 1, "{all}");
    let told = scene.mirror(&from, "copies.example/shop/more:1.4", &["--concurrency", "1"]).exits(0);
    let last = told.out.lines().last().unwrap();
    assert!(last.contains("/shop/more@sha256:"), "the image by its digest, for a script: {told:?}");
    told.says(&["layers to copy"]);
}

/// What a registry does to every request of a kind, and what is said.
#[test]
fn a_registry_that_lies_or_breaks_is_named_and_nothing_gets_a_name() {
    let cases: [(&str, &str, Value, &[&str]); 8] = [
        (
            "a wrong byte",
            "GetBlob",
            json!({"kind": "corrupt"}),
            &["is not what it should be: expected sha256:"],
        ),
        ("a manifest with a wrong byte", "GetManifest", json!({"kind": "corrupt"}), &["cannot be read"]),
        ("half a layer", "GetBlob", json!({"kind": "truncate"}), &["Check the network"]),
        (
            "where machines get credentials",
            "GetBlob",
            json!({"kind": "redirect", "location": "http://169.254.169.254/latest/meta-data"}),
            &["169.254.169.254 is refused"],
        ),
        (
            "to a place without a registry",
            "GetBlob",
            json!({"kind": "redirect", "location": "http://127.0.0.1:1/blob"}),
            &["cannot be reached"],
        ),
        (
            "always 429",
            "GetBlob",
            json!({"kind": "too_many", "retry_after": 0}),
            &["throttled", "in a row", "Wait some minutes"],
        ),
        (
            "a page in place of a manifest",
            "GetManifest",
            json!({"kind": "status", "status": 403}),
            &["refused"],
        ),
        (
            "an error of its own",
            "PutManifest",
            json!({"kind": "error", "code": "MANIFEST_INVALID", "status": 400, "message": "manifest invalid"}),
            &["manifest invalid"],
        ),
    ];
    for (what, operation, effect, says) in cases {
        let scene = Scene::new();
        scene.fault(operation, effect);
        let ran = scene.mirror(&format!("{API}:1.4"), "copies.example/shop/api:1.4", &["--json"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{what}: {ran:?}");
        ran.says(says);
        assert!(!scene.simulator.has_image("copies.example/shop/api", "1.4"), "{what}: it got a name");
    }
}

#[test]
fn what_a_registry_does_once_is_waited_out() {
    let scene = Scene::new();
    let once = |operation: &str, nth: u64, effect: Value| json!({"match": {"service": "registry", "operation": operation, "nth": nth}, "effect": effect});
    scene.simulator.post(
        "behave",
        &json!({"faults": [
            once("GetManifest", 1, json!({"kind": "too_many", "retry_after": 0})),
            once("GetBlob", 2, json!({"kind": "truncate"})),
            once("StartUpload", 1, json!({"kind": "too_many", "retry_after": 0})),
        ]}),
    );
    let copied = scene.mirrored(&format!("{API}:1.4"), "copies.example/shop/api:1.4", &[]);
    let found = json_of(&scene.inspect("copies.example/shop/api:1.4", &["--json"]).exits(0));
    assert_eq!(found["digest"], copied["digest"]);
}

#[test]
fn a_manifest_of_an_unknown_type_is_shown_by_its_type() {
    let place = Place::new();
    let chart = "application/vnd.cncf.helm.chart.v9+json";
    let odd = Odd::start(chart, r#"{"schemaVersion":9}"#);
    for words in [vec!["inspect"], vec!["inspect", "--json"]] {
        let image = format!("{}/shop/chart:1", odd.host);
        let ran = place.holdpoint(&[&["image"], &words[..], &[image.as_str()]].concat()).exits(1);
        assert_eq!(ran.out, "");
        ran.says(&["is no image that this version knows", chart]);
    }
    let page = Odd::start("text/html", "<html>Sign in</html>");
    let ran = place.holdpoint(&["image", "inspect", &format!("{}/shop/api:1", page.host)]).exits(1);
    assert_eq!(ran.out, "");
}

/// Debian's registry, with a login that Docker keeps.
#[test]
fn a_real_registry_takes_a_copy_and_gives_it_back() {
    let scene = Scene::new();
    let Some(registry) = Registry::start(&scene.place) else { return };
    let to = format!("{}/shop/api:live", registry.host);
    let copy = ["image", "mirror", &scene.at(&format!("{API}:1.4")), &to, "--json"];
    // Nobody is logged in there.
    scene.place.holdpoint(&copy).exits(1).says(&["refused", "docker login"]);
    let config = json!({"auths": {registry.host.clone(): {"auth": AUTH}}});
    scene.place.file(".docker/config.json", &config.to_string());
    let copied = json_of(&scene.place.holdpoint(&copy).exits(0));
    let again = json_of(&scene.place.holdpoint(&copy).exits(0));
    assert_eq!((&again["digest"], &again["copied"]), (&copied["digest"], &json!(0)));
    let found = json_of(&scene.place.holdpoint(&["image", "inspect", &to, "--json"]).exits(0));
    assert_eq!((&found["digest"], &found["platform"]), (&copied["digest"], &json!("linux/amd64")));
    let back = scene.at("back.example/shop/api:live");
    let back = json_of(&scene.place.holdpoint(&["image", "mirror", &to, &back, "--json"]).exits(0));
    assert_eq!(back["digest"], copied["digest"]);
    let missing = format!("{}/shop/api:9", registry.host);
    scene.place.holdpoint(&["image", "inspect", &missing]).exits(1).says(&["is not there"]);
    if has("skopeo") {
        let words = ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", &format!("docker://{to}")];
        scene.place.run("skopeo", &words).exits(0).says(&[copied["digest"].as_str().unwrap()]);
    }
}
