//! `holdpoint logs`: the logs behind a service's name, as one, and followed.

use crate::account::{self, admin, simulate};
use crate::home::{Home, repository};
use serde_json::{Value, json};

#[test]
fn logs_of_a_service_are_found_by_its_name_and_followed() {
    let home = Home::new();
    let state = home.kept().join("runs/alone/sim");
    let (simulator, port) = simulate(&home, &state);
    let world = std::fs::read(repository("plans/ecs-api-and-worker.world.json")).unwrap();
    let world: Value = serde_json::from_slice(&world).unwrap();
    let furnished = admin(port, "POST", "furnish", &world);
    let person = &furnished["people"][0];
    let of = |name: &str| person[name].as_str().unwrap();
    let endpoint = format!("http://127.0.0.1:{port}");
    let env = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", of("access_key_id")),
        ("AWS_SECRET_ACCESS_KEY", of("secret_access_key")),
        ("AWS_SESSION_TOKEN", of("session_token")),
    ];
    let service = ["logs", "--service", "broker/broker-api"];
    let ago = [&service[..], &["--since", "2d"]].concat();
    let told = home.run_with(&env, &ago).exits(0).says(&["Broker API 2.3.0 starting", "listening on"]);
    assert_eq!(
        told.out.matches("started 4 background jobs").count(),
        2,
        "a line of each task, once: {told:?}"
    );
    let wanted = [&ago[..], &["--grep", "^started \\d", "--json"]].concat();
    let told = home.run_with(&env, &wanted).exits(0);
    let lines: Vec<Value> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["group"], "/ecs/broker-api");

    // Nothing stands in the last minute; what comes is followed, and its escapes do not reach the terminal.
    home.run_with(&env, &[&service[..], &["--since", "1m"]].concat()).exits(0);
    let mut command = home.command(&[&service[..], &["--since", "1m", "--follow"]].concat());
    command.envs(env);
    let mut following = home.start(command);
    let line = "\u{1b}[31mnew\u{1b}[0m line";
    let behaviour = json!({"logs": [{"after": 0.1, "line": line}]});
    let behave = json!({"behaviours": [{"match": {"service": "broker-api"}, "behaviour": behaviour}], "running": true});
    admin(port, "POST", "behave", &behave);
    while following.out().matches("  new line\n").count() < 2 {
        assert!(following.child.try_wait().unwrap().is_none(), "{:?}", following.end());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    following.child.kill().unwrap();
    let told = following.end();
    assert_eq!(told.out.matches("new line").count(), 2, "{told:?}");

    home.run_with(&env, &["logs", "--service", "broker/broker-ap"])
        .exits(1)
        .complains(&["no service `broker-ap`"]);
    home.run_with(&env, &["logs", "--group", "/ecs/nope"]).exits(1).complains(&["no log group /ecs/nope"]);
    home.run_with(&env, &["logs"]).exits(2).complains(&["--service CLUSTER/SERVICE"]);
    home.run_with(&env, &["logs", "--group", "x", "--grep", "("]).exits(2).complains(&["--grep"]);
    home.run_with(&env, &["logs", "--group", "x", "--since", "soon"]).exits(2).complains(&["--since soon"]);
    account::end(&state);
    simulator.end().exits(0);
}

#[test]
fn what_a_script_says_moves_no_terminal() {
    let home = Home::new();
    let head = "---\nholdpoint:\n  version: 1\n  title: A script\n  target: { account: \"111122223333\", region: eu-central-1, role: Deployer }\n---\n";
    let step = "# A script\n\n## Do it\n\n```yaml stage\nid: do\n```\n\n```yaml step\nid: look\nuses: shell\neffect: read\n```\n\n";
    let says = r"printf '\033]0;title\007\033[2Jshown\rover\342\200\256turned\n'";
    let plan = home.file("script.plan.md", format!("{head}{step}```bash\n{says}\n{says} >&2\nexit 3\n```\n"));
    let told = home.run(&["run", plan.to_str().unwrap(), "--practice", "--trust"]).exits(1);
    let all = format!("{}{}", told.out, told.err);
    let shown = "shown\\u{d}over\\u{202e}turned";
    assert_eq!(all.matches(shown).count(), 3, "two lines as they come, and the last words: {all}");
    let moves = |one: char| (one.is_control() && one != '\n') || one == '\u{202e}';
    assert!(!all.contains(moves), "{all:?}");
    let told = home.run(&["show", "last"]).exits(0);
    assert!(told.out.contains(shown) && !told.out.contains(moves), "{told:?}");
}
