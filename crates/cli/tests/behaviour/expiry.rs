//! A live run whose role keys, access token, refresh token or whole sign-in end before every one of its steps: it renews
//! what it can, pauses for what it cannot, and ends as if nothing had been.

use crate::account;
use crate::home::{Home, Running};
use serde_json::{Value, json};

const CONFIG: &str = "[profile deploy]
sso_session = practice
sso_account_id = 111122223333
sso_role_name = Deployer
region = eu-west-1

[sso-session practice]
sso_start_url = https://practice.example/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
";

const HEAD: &str = "---
holdpoint:
  version: 1
  title: A worker for the shop
  target: { account: \"111122223333\", region: eu-west-1, role: Deployer }
---
# A worker for the shop

## Release

```yaml stage
id: release
```
";

/// The steps that matter. Before each of them something may end.
const STEPS: [&str; 5] = [
    "id: before
uses: ecs.check
with: { cluster: shop, service: api }
expect: { running: 1 }",
    "id: register
uses: ecs.register
with: { from: \"{{ steps.before.outputs.task_definition }}\", set: { api: { environment: { JOBS: \"4\" } } } }",
    "id: deploy
uses: ecs.deploy
with: { cluster: shop, service: api, task_definition: \"{{ steps.register.outputs.task_definition }}\" }
undo: { uses: ecs.rollback, with: { cluster: shop, service: api, to: pinned } }",
    "id: scale
uses: ecs.scale
with: { cluster: shop, service: api, desired_count: 2 }
undo: { uses: ecs.rollback, with: { cluster: shop, service: api, to: pinned } }",
    "id: after
uses: ecs.check
with: { cluster: shop, service: api }
expect: { running: 2, rollout: completed }
timeout: 1m",
];

/// An account with people who sign in, that a live run is pointed at.
struct Aws {
    home: Home,
    port: u16,
    simulator: Running,
}

impl Aws {
    fn open() -> Self {
        let home = Home::new();
        let (simulator, port) = account::simulate(&home, &home.kept().with_file_name("aws"));
        let aws = Self { home, port, simulator };
        let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:1.0";
        aws.post(
            "furnish",
            &json!({
                "account": "111122223333", "region": "eu-west-1", "role": "Deployer", "clusters": ["shop"],
                "task_definitions": [{
                    "family": "api", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
                    "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
                    "containerDefinitions": [{ "name": "api", "image": image, "essential": true }],
                }],
                "services": [{
                    "cluster": "shop", "name": "api", "task_definition": "api", "desired": 1,
                    "create": { "launchType": "FARGATE", "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-0a1b2c3d4e5f60001"] } } },
                }],
            }),
        );
        aws.post("behave", &json!({ "sso": { "approve": "auto:practice.operator", "interval": 1 } }));
        aws
    }

    fn post(&self, call: &str, body: &Value) -> Value {
        account::admin(self.port, "POST", call, body)
    }

    fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn env(&self) -> Vec<(&'static str, String)> {
        let file = |name: &str| {
            self.home.file(name, if name == "config" { CONFIG } else { "" }).display().to_string()
        };
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_CONFIG_FILE", file("config")),
            ("AWS_SHARED_CREDENTIALS_FILE", file("credentials")),
        ]
    }

    fn run(&self, args: &[&str]) -> crate::home::Ran {
        let env = self.env();
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.home.run_with(&env, args)
    }

    fn sign_in(&self) {
        self.run(&["login", "practice", "--device", "--no-browser"]).exits(0);
    }

    /// The calls that took effect, in order.
    fn effects(&self) -> Vec<String> {
        let record = account::admin(self.port, "GET", "record", &json!({}));
        let calls = record["calls"].as_array().cloned().unwrap_or_default();
        let took = calls.iter().filter(|call| call["outcome"] == "took_effect");
        took.map(|call| call["operation"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.simulator.child.kill();
        let _ = self.simulator.child.wait();
    }
}

/// A plan in which `what` ends before step `at`: a step of its own asks the account's switch, once.
fn plan(endpoint: &str, what: &[&str], at: Option<usize>) -> String {
    let mut text = HEAD.to_owned();
    for (index, step) in STEPS.iter().enumerate() {
        if at == Some(index) {
            let ends: String = what
                .iter()
                .map(|what| {
                    format!(
                        "curl -sf -X POST -d '{{\"what\": \"{what}\"}}' {endpoint}/_holdpoint/sso/expire\n"
                    )
                })
                .collect();
            text.push_str(&format!(
                "\n```yaml step\nid: ends\nuses: shell\neffect: read\n```\n\n```bash\nset -e\n{ends}```\n"
            ));
        }
        text.push_str(&format!("\n```yaml step\n{step}\n```\n"));
    }
    text
}

/// Walks with `what` ending before each step in turn; `pauses` says whether somebody has to sign in again.
fn check(what: &[&str], pauses: bool) {
    let calm = Aws::open();
    calm.sign_in();
    calm.home.file("plan.md", plan(&calm.endpoint(), &[], None));
    calm.run(&["run", "plan.md", "--trust", "--profile", "deploy"]).exits(0);
    let expected = calm.effects();
    assert_eq!(expected, ["RegisterTaskDefinition", "UpdateService", "UpdateService"]);
    for at in 0..STEPS.len() {
        let aws = Aws::open();
        aws.sign_in();
        aws.home.file("plan.md", plan(&aws.endpoint(), what, Some(at)));
        let mut ran = aws.run(&["run", "plan.md", "--trust", "--profile", "deploy"]);
        if pauses {
            assert_eq!(ran.code, Some(3), "{what:?} before step {at}: {ran:?}");
            assert!(ran.err.contains("holdpoint login"), "{what:?} before step {at}: {ran:?}");
            aws.sign_in();
            ran = aws.run(&["resume", "last"]);
        }
        assert_eq!(ran.code, Some(0), "{what:?} before step {at}: {ran:?}");
        assert_eq!(aws.effects(), expected, "{what:?} before step {at}");
        aws.run(&["verify", "last"]).exits(0).says(&["intact"]);
    }
}

#[test]
fn of_role_keys_is_no_matter() {
    check(&["role"], false);
}

#[test]
fn of_the_access_token_is_no_matter() {
    check(&["access", "role"], false);
}

#[test]
fn of_the_refresh_token_asks_for_a_sign_in() {
    check(&["refresh", "access", "role"], true);
}

#[test]
fn of_the_whole_session_asks_for_a_sign_in() {
    check(&["session", "role"], true);
}
