//! Sign-in by the clock: stories of calls with their moments, folded as a journal is. What clients see of it is in tests/clients.

use serde_json::{Value, json};

use crate::clock::SECOND;
use crate::journal::{CallLine, Line, VERSION};
use crate::people::Caller;
use crate::scenario::Scenario;
use crate::world::{World, changes};

const START: &str = "https://practice.example/start";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// 2026-01-01T00:00:00Z.
const BORN: u64 = 1_767_225_600 * SECOND;

/// A world and the lines that made it.
struct Story {
    world: World,
    lines: Vec<Line>,
    answers: Vec<String>,
    client: Value,
}

impl Story {
    fn new(switches: Value) -> Self {
        let mut story =
            Self { world: World::new(7), lines: Vec::new(), answers: Vec::new(), client: Value::Null };
        let _ = story.take(Line::Start {
            version: VERSION,
            t: 0,
            wall: BORN,
            seed: 7,
            speed: 60.0,
            name: "healthy".to_owned(),
            scenario: Box::new(Scenario::default()),
        });
        let _ =
            story.take(Line::Furnish { t: 0, world: Box::new(serde_json::from_value(json!({})).unwrap()) });
        story.switch(0, switches);
        let asked = json!({
            "clientName": "story", "clientType": "public", "scopes": ["sso:account:access"],
            "grantTypes": [DEVICE, "refresh_token"],
        });
        let given = story.call(0, "sso-oidc", "RegisterClient", asked).unwrap();
        story.client = json!({"clientId": given["clientId"], "clientSecret": given["clientSecret"]});
        story
    }

    fn take(&mut self, line: Line) -> Result<Value, String> {
        let answer = self.world.apply(&line).map_err(|error| error.code);
        self.answers.push(format!("{answer:?}"));
        self.lines.push(line);
        answer
    }

    fn switch(&mut self, at: u64, switches: Value) {
        let change = serde_json::from_value(json!({ "sso": switches })).unwrap();
        let _ = self.take(Line::Behave { t: at * SECOND, change: Box::new(change) });
    }

    /// A call so many seconds after the beginning; the code of its error when it is refused.
    fn call(&mut self, at: u64, service: &str, operation: &str, input: Value) -> Result<Value, String> {
        let call = CallLine {
            t: at * SECOND,
            request_id: String::new(),
            caller: Caller::unsigned("anonymous"),
            region: "eu-west-1".to_owned(),
            service: service.to_owned(),
            operation: operation.to_owned(),
            input,
            refused: None,
        };
        if changes(service, operation) {
            self.take(Line::Call(Box::new(call)))
        } else {
            self.world.read(&call).map_err(|error| error.code)
        }
    }

    fn token(&mut self, at: u64, more: Value) -> Result<Value, String> {
        let mut input = self.client.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.call(at, "sso-oidc", "CreateToken", input)
    }

    fn device(&mut self, at: u64) -> Value {
        let mut input = self.client.clone();
        input["startUrl"] = json!(START);
        self.call(at, "sso-oidc", "StartDeviceAuthorization", input).unwrap()
    }

    fn poll(&mut self, at: u64, device: &Value) -> Result<Value, String> {
        self.token(at, json!({"grantType": DEVICE, "deviceCode": device["deviceCode"]}))
    }

    fn refresh(&mut self, at: u64, token: &Value) -> Result<Value, String> {
        self.token(at, json!({"grantType": "refresh_token", "refreshToken": token["refreshToken"]}))
    }

    fn accounts(&mut self, at: u64, token: &Value) -> Result<Value, String> {
        self.call(at, "sso", "ListAccounts", json!({"accessToken": token["accessToken"]}))
    }
}

fn outcome(answer: &Result<Value, String>) -> &str {
    answer.as_ref().map_or_else(String::as_str, |_| "ok")
}

#[test]
fn a_device_is_polled() {
    let mut story = Story::new(json!({"interval": 5}));
    let device = story.device(0);
    for (at, expected) in [
        (0, "AuthorizationPendingException"),
        (5, "AuthorizationPendingException"),
        (9, "SlowDownException"),
        // Ten seconds are to lie between now, and these are nine.
        (18, "SlowDownException"),
        (33, "AuthorizationPendingException"),
    ] {
        assert_eq!(outcome(&story.poll(at, &device)), expected, "at {at} s");
    }
    let decided =
        json!({"user_code": device["userCode"], "person": "practice.operator", "decision": "allow"});
    story.call(40, "sso-oidc", "DecideDevice", decided).unwrap();
    assert_eq!(outcome(&story.poll(41, &device)), "SlowDownException", "an approval does not forgive haste");
    assert_eq!(outcome(&story.poll(61, &device)), "ok");
    assert_eq!(outcome(&story.poll(100, &device)), "InvalidGrantException");
    let late = story.device(100);
    assert_eq!(outcome(&story.poll(699, &late)), "AuthorizationPendingException");
    assert_eq!(outcome(&story.poll(710, &late)), "ExpiredTokenException");
    let decided = json!({"user_code": late["userCode"], "person": "practice.operator", "decision": "allow"});
    assert_eq!(
        outcome(&story.call(710, "sso-oidc", "DecideDevice", decided)),
        "InvalidRequestException",
        "a code that has ended cannot be approved"
    );
}

#[test]
fn everything_lasts_as_long_as_it_says() {
    let mut story = Story::new(json!({"approve": "auto:practice.operator"}));
    let device = story.device(0);
    let first = story.poll(0, &device).unwrap();
    assert_eq!(first["expiresIn"], 3600);
    for (at, expected) in [(3599, "ok"), (3600, "UnauthorizedException")] {
        assert_eq!(outcome(&story.accounts(at, &first)), expected, "at {at} s");
    }
    let second = story.refresh(27_000, &first).unwrap();
    assert_eq!(second["expiresIn"], 1800, "no token outlives its session");
    assert_eq!(outcome(&story.refresh(27_001, &first)), "InvalidGrantException");
    assert_eq!(outcome(&story.accounts(28_799, &second)), "ok");
    assert_eq!(outcome(&story.accounts(28_800, &second)), "UnauthorizedException");
    assert_eq!(outcome(&story.refresh(28_800, &second)), "InvalidGrantException");
    // The registration ends 90 days after it was made.
    let device = story.device(7_775_900);
    assert_eq!(outcome(&story.poll(7_775_999, &device)), "ok");
    assert_eq!(outcome(&story.poll(7_776_000, &device)), "InvalidClientException");
}

#[test]
fn a_read_leaves_the_time_of_the_world_alone() {
    let mut story = Story::new(json!({"approve": "auto:practice.operator"}));
    let device = story.device(0);
    let token = story.poll(0, &device).unwrap();
    let before = story.world.env.t;
    let _ = story.accounts(1000, &token);
    assert_eq!(story.world.env.t, before);
}

#[test]
fn a_replay_hands_out_the_same() {
    let mut story = Story::new(json!({"approve": "auto:practice.operator", "slow_down": 1, "pending": 2}));
    let device = story.device(0);
    for at in [0, 10, 20, 30] {
        let _ = story.poll(at, &device);
    }
    let other = story.device(40);
    let token = [50, 60, 70].map(|at| story.poll(at, &other)).into_iter().find_map(Result::ok).unwrap();
    let _ = story.refresh(80, &token);
    let _ = story.refresh(81, &token);
    let asked = json!({
        "accessToken": token["accessToken"], "accountId": "111122223333", "roleName": "Deployer",
    });
    story.call(90, "sso", "GetRoleCredentials", asked).unwrap();
    let mut again = World::new(7);
    let replayed: Vec<String> = story
        .lines
        .iter()
        .map(|line| {
            // As it comes back from the disk.
            let line: Line = serde_json::from_str(&serde_json::to_string(line).unwrap()).unwrap();
            format!("{:?}", again.apply(&line).map_err(|error| error.code))
        })
        .collect();
    assert_eq!(replayed, story.answers);
    let now = BORN + 100 * SECOND;
    assert_eq!(again.sso.state(&again.people, now), story.world.sso.state(&story.world.people, now));
    assert_eq!(again.sso.state(&again.people, now)["reused_refresh_tokens"], 1);
}
