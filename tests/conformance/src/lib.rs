//! A practice account in this process, and steps walked in it as the engine walks them.
//!
//! It links the simulator, which no product but `cli` does (docs/adr/0022).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a suite stops at what it did not expect")]

mod asked;
pub mod cases;
mod drawer;
mod tap;

pub use asked::Asked;
pub use drawer::Drawer;
pub use tap::{Call, Tap};

use holdpoint_engine::{ActError, Began, Ending, Executor, MachineClock, Observation, Progress, Task};
use holdpoint_identity::Env;
use holdpoint_plan::{Action, Effect, Plan, Practice, Script, Span, Step, StepId, Target};
use holdpoint_run::{Answer, Intent, Mode, Pin, Receipt, RunId, Work};
use holdpoint_sim::Options;
use holdpoint_steps::{Simulator, Workshop};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Plan time runs so much faster than real time.
pub const SPEED: f64 = 60.0;

/// Where programs are looked for.
const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin";

/// A practice account with a service `api` of two tasks in the cluster `main`.
pub struct Room {
    /// Executors and desk.
    pub workshop: Workshop,
    /// The simulator.
    pub simulator: Simulator,
    /// Time.
    pub clock: Arc<MachineClock>,
    /// What steps sealed and kept.
    pub safe: Arc<Drawer>,
    /// What steps asked while they were followed.
    pub asked: Arc<Asked>,
    folder: TempDir,
    running: holdpoint_sim::Running,
    tap: Option<Tap>,
}

impl Room {
    /// Opens one, in a scenario.
    pub async fn open(scenario: &str) -> Self {
        Self::open_with(scenario, PROGRAMS).await
    }

    /// The same, where programs are looked for in `path`.
    pub async fn open_with(scenario: &str, path: &str) -> Self {
        Self::opened(scenario, &world(), path, false).await
    }

    /// The same, with everything that is asked of the simulator written down.
    pub async fn tapped(scenario: &str, path: &str) -> Self {
        Self::opened(scenario, &world(), path, true).await
    }

    /// The same, furnished so.
    pub async fn furnished(scenario: &str, world: &Value) -> Self {
        Self::opened(scenario, world, PROGRAMS, false).await
    }

    async fn opened(scenario: &str, world: &Value, path: &str, tapped: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let mut state = folder.path().join("sim");
        let scenario = Some(scenario.to_owned());
        let running =
            holdpoint_sim::serve(Options { speed: SPEED, scenario, ..Options::new(&state) }).await.unwrap();
        let tap = if tapped {
            let (tap, behind) = behind_a_tap(&state).await;
            state = behind;
            Some(tap)
        } else {
            None
        };
        let simulator = Simulator::attach(&state).await.expect("a simulator that listens is attached to");
        let furnished = simulator.furnish(world).await.unwrap();
        let clock = Arc::new(MachineClock::new(SPEED));
        let path = [("PATH", path)];
        let workshop = holdpoint_steps::Practice {
            env: Env::new(path),
            simulator: simulator.clone(),
            furnished,
            operator: None,
            target: Target {
                account: "111122223333".into(),
                region: "eu-west-1".into(),
                role: Some("Deployer".into()),
            },
            assumed: false,
            clock: clock.clone(),
            folder: folder.path().to_owned(),
            program: "/nowhere/holdpoint".into(),
        }
        .open()
        .unwrap();
        Self { workshop, simulator, clock, safe: Arc::default(), asked: Arc::default(), folder, running, tap }
    }

    /// The executor of a kind.
    pub fn executor(&self, kind: &str) -> Arc<dyn Executor> {
        Arc::clone(self.workshop.registry.get(kind).unwrap_or_else(|| panic!("no executor of {kind}")))
    }

    /// A step in hand.
    pub fn task(&self, name: &str, uses: &str, with: Value) -> Task {
        let id = StepId::new(name).unwrap();
        let effect = holdpoint_plan::kind(uses).map_or(Effect::Once, |kind| kind.effect);
        let action = Action { uses: uses.into(), with: with.clone(), expect: json!({}), script: None };
        let step = Step {
            id: id.clone(),
            title: id.to_string(),
            action,
            when: None,
            needs: Vec::new(),
            effect,
            outputs: BTreeMap::new(),
            hold: None,
            estimate: None,
            timeout: None,
            retry: 0,
            after: Vec::new(),
            undo: None,
            schema: None,
            practice: None,
            items: Vec::new(),
            prose: None,
            span: Span::default(),
        };
        let work = Work::forward(id);
        Task {
            run: RunId::new("CONFORMANCE").unwrap(),
            mode: Mode::Practice,
            progress: Progress::silent(work.clone()),
            work,
            attempt: 1,
            step: Arc::new(step),
            uses: uses.into(),
            with,
            expect: json!({}),
            script: None,
            region: "eu-west-1".into(),
            account: "111122223333".into(),
            folder: self.folder.path().to_owned(),
            pins: Arc::default(),
            began: Arc::default(),
            answer: None,
            secrets: Arc::default(),
            timeout: None,
            clock: self.clock.clone(),
            asks: self.asked.clone(),
            stops: holdpoint_engine::Stops::never(),
            safe: self.safe.clone(),
            scratch: self.scratch(name),
        }
    }

    fn scratch(&self, id: &str) -> PathBuf {
        let scratch = self.folder.path().join("scratch").join(id);
        std::fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    /// A step as its default undo, in the lane of undo.
    pub fn undo(&self, task: &Task) -> Option<Task> {
        let action = self.executor(&task.uses).undo(&task.step.action)?;
        let with = render_pinned(&action.with, &task.pins);
        Some(Task { work: Work::undo(task.work.step.clone()), uses: action.uses, with, ..task.clone() })
    }

    /// Everything that a task's kind pins, as it is now.
    pub async fn pin(&self, task: &Task) -> Task {
        let executor = self.executor(&task.uses);
        let mut pins = BTreeMap::new();
        for key in executor.pins(&task.with) {
            let content = executor.pin(task, &key).await.unwrap();
            pins.insert(key.clone(), Pin { key, content, sealed: None });
        }
        Task { pins: Arc::new(pins), ..task.clone() }
    }

    /// Calls that took effect so far, as `operation` words in order.
    pub async fn effects(&self) -> Vec<String> {
        let record = self.simulator.record().await.unwrap();
        let calls = record["calls"].as_array().cloned().unwrap_or_default();
        let took = calls.iter().filter(|call| {
            let services = ["apprunner", "ecr", "ecs", "registry"];
            let watched = services.iter().any(|service| call["service"] == *service);
            call["outcome"] == "took_effect" && watched
        });
        took.map(|call| call["operation"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Calls since this was asked last, reads too, of a room that is tapped.
    pub fn calls(&self) -> Vec<Call> {
        self.tap.as_ref().map(Tap::taken).unwrap_or_default()
    }

    /// Lets the next call of a service's operation fail in one way.
    pub async fn fault(&self, service: &str, operation: &str, effect: Value) {
        let fault =
            json!({"match": {"service": service, "operation": operation, "nth": 1}, "effect": effect});
        self.simulator.behave(&json!({"faults": [fault]})).await.unwrap();
    }

    /// Ends it.
    pub async fn close(self) {
        self.running.shutdown();
        self.running.finished().await.unwrap();
    }

    /// Where the plan's files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A wire to the simulator of a state folder, and a folder in which a client finds that wire in its place.
async fn behind_a_tap(state: &Path) -> (Tap, PathBuf) {
    let mut told: Value = serde_json::from_slice(&std::fs::read(state.join("sim.json")).unwrap()).unwrap();
    let port = u16::try_from(told["port"].as_u64().unwrap()).unwrap();
    let tap = Tap::open((std::net::Ipv4Addr::LOCALHOST, port).into()).await;
    told["port"] = json!(tap.address().port());
    let behind = state.with_file_name("tapped");
    std::fs::create_dir(&behind).unwrap();
    std::fs::write(behind.join("sim.json"), told.to_string()).unwrap();
    (tap, behind)
}

/// Walks a step as the engine does when nothing goes wrong.
pub async fn walk(executor: &dyn Executor, task: &Task) -> Ending {
    let (intent, receipts) = act_all(executor, task).await;
    executor.follow(task, &intent, &receipts).await
}

/// Prepares, and sends every action.
pub async fn act_all(executor: &dyn Executor, task: &Task) -> (Intent, Vec<Receipt>) {
    let intent = executor.prepare(task).await.unwrap();
    let mut receipts = Vec::new();
    for action in 0..intent.actions.len() {
        receipts.push(executor.act(task, &intent, action, &receipts).await.unwrap());
    }
    (intent, receipts)
}

/// Walks a step whose answers are lost: an action is settled by looking, and sent again only when it took no effect. How
/// many answers were lost comes with its ending.
pub async fn walk_settling(executor: &dyn Executor, task: &Task) -> (Ending, u32) {
    let intent = executor.prepare(task).await.unwrap();
    let mut receipts = Vec::new();
    let (mut action, mut lost) = (0, 0);
    while action < intent.actions.len() {
        match executor.act(task, &intent, action, &receipts).await {
            Ok(receipt) => receipts.push(receipt),
            Err(ActError::Refused(diagnosis)) => panic!("refused: {diagnosis:?}"),
            Err(ActError::Ambiguous(_)) => {
                lost += 1;
                match executor.observe(task, &intent, action, &receipts).await.unwrap() {
                    Observation::TookEffect(receipt) => receipts.push(receipt),
                    Observation::TookNoEffect { .. } => continue,
                    Observation::Unsettled(diagnosis) => panic!("unsettled: {diagnosis:?}"),
                }
            }
        }
        action += 1;
    }
    (executor.follow(task, &intent, &receipts).await, lost)
}

/// The step has begun: what comes after may refer to it.
pub fn began(task: &Task, name: &str, at: holdpoint_run::At) -> Task {
    let mut began = (*task.began).clone();
    began.insert(name.into(), Began { at, receipts: Vec::new(), world: json!({}) });
    Task { began: Arc::new(began), ..task.clone() }
}

/// With an answer of a person.
pub fn answered(task: &Task, answer: Answer) -> Task {
    Task { answer: Some(answer), ..task.clone() }
}

/// With a script in the fence after it; what stands for it in practice is the script itself.
pub fn scripted(task: &Task, script: &str) -> Task {
    let mut step = (*task.step).clone();
    step.action.script = Some(Script { language: "bash".into(), text: script.into(), span: Span::default() });
    step.practice = Some(Practice { command: Some(script.into()), skip: None });
    Task { step: Arc::new(step), script: Some(script.into()), ..task.clone() }
}

/// Outputs of an ending that must be a success whose judgements hold.
pub fn succeeded(ending: Ending) -> BTreeMap<String, Value> {
    match ending {
        Ending::Succeeded { outputs, judgements, .. } => {
            let broken: Vec<_> = judgements.iter().filter(|judgement| !judgement.holds).collect();
            assert!(broken.is_empty(), "{broken:?}");
            outputs.into_iter().map(|(name, output)| (name, output.value.unwrap_or_default())).collect()
        }
        ending @ (Ending::Failed(_)
        | Ending::RolledBackByAws(_)
        | Ending::Superseded(_)
        | Ending::NotPractised(_)) => panic!("not a success: {ending:?}"),
    }
}

/// The plan and the world of the demo.
pub fn demo() -> (Plan, holdpoint_steps::World) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plans/ecs-api-and-worker.plan.md");
    let reading = holdpoint_plan::read(&std::fs::read(&path).unwrap());
    let world = holdpoint_steps::furnish(&reading.plan, &path).unwrap();
    (reading.plan, world)
}

fn render_pinned(with: &Value, pins: &BTreeMap<String, Pin>) -> Value {
    let pinned: serde_json::Map<String, Value> =
        pins.iter().map(|(key, pin)| (key.clone(), pin.content.clone().unwrap_or_default())).collect();
    holdpoint_plan::render(with, &json!({"pinned": pinned})).unwrap()
}

/// An App Runner service by digest: what it runs is known, whoever asks.
fn app(name: &str) -> Value {
    let digest = "4".repeat(64);
    json!({"SourceConfiguration": {
        "AutoDeploymentsEnabled": false,
        "AuthenticationConfiguration": {"AccessRoleArn": "arn:aws:iam::111122223333:role/pull"},
        "ImageRepository": {
            "ImageIdentifier": format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/{name}@sha256:{digest}"),
            "ImageRepositoryType": "ECR",
            "ImageConfiguration": {"Port": "8080", "RuntimeEnvironmentVariables": {"MODE": "old"}},
        },
    }})
}

/// One by a tag of the practice account's own registry.
fn by_tag() -> Value {
    let mut create = app("tagged");
    let image = json!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/tagged:live");
    create["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"] = image;
    create
}

/// What the Data API of the cluster `orders` finds.
fn tables() -> Value {
    json!([
        {"name": "alembic_version", "columns": {"version_num": "varchar(32) not null"}, "rows": [{"version_num": "0012"}]},
        {"name": "orders", "columns": {
            "id": "uuid not null", "note": "text", "total": "numeric(10, 2)", "placed": "timestamptz not null",
        }, "rows": [{"id": "a"}, {"id": "b"}]},
        {"name": "lines", "columns": {"order_id": "uuid not null", "line": "integer not null"}},
        {"name": "jobs", "schema": "queue", "columns": {"id": "bigint not null"}},
    ])
}

fn world() -> Value {
    json!({
        "clusters": ["main"],
        "registries": {"ghcr.example": {"repositories": [{"name": "shop/api", "tags": {"1.4": {
            "platforms": ["linux/amd64", "linux/arm64"], "layers": [40_000, 3_000],
            "config": {"entrypoint": ["/app"], "exposed_ports": [8080]}, "files": ["/usr/bin/curl"],
        }}}]}},
        "repositories": [{"name": "shop-web", "scan": {"critical": 0, "high": 2}, "tags": {"7": {
            "platforms": ["linux/amd64"], "layers": [20_000], "config": {"cmd": ["serve"]},
        }, "arm": {"platforms": ["linux/arm64"], "layers": [20_000]}}}, {"name": "tagged", "tags": {"live": {"layers": [1000]}}}],
        "task_definitions": [{
            "family": "api", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
            "containerDefinitions": [{
                "name": "app", "image": "registry.example/api:1", "essential": true,
                "portMappings": [{"containerPort": 8080}],
                "logConfiguration": {"logDriver": "awslogs", "options": {
                    "awslogs-group": "/ecs/api", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "x"}},
            }],
        }],
        "services": [{"cluster": "main", "name": "api", "task_definition": "api", "desired": 2, "create": {
            "launchType": "FARGATE",
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        }}],
        "apprunner": {"services": [
            {"name": "shop", "create": app("shop")},
            {"name": "rests", "status": "PAUSED", "create": app("rests")},
            {"name": "tagged", "create": by_tag()},
        ], "vpc_connectors": [{"VpcConnectorName": "orders", "Subnets": ["subnet-1"]}]},
        "log_groups": [{"name": "/ecs/api"}, {"name": "/ecs/empty"}],
        "network": {
            "vpcs": [{"id": "vpc-1", "cidr": "10.1.0.0/16"}],
            "subnets": [
                {"id": "subnet-1", "vpc": "vpc-1", "zone": "eu-west-1a", "cidr": "10.1.0.0/20", "name": "public-a"},
                {"id": "subnet-2", "vpc": "vpc-1", "zone": "eu-west-1b", "cidr": "10.1.16.0/20"},
            ],
            "route_tables": [{"vpc": "vpc-1", "subnets": ["subnet-1"], "routes": {"0.0.0.0/0": "igw-1"}}],
            "security_groups": [
                {"id": "sg-api", "vpc": "vpc-1", "name": "api"},
                {"id": "sg-db", "vpc": "vpc-1", "name": "db", "ingress": [
                    {"protocol": "tcp", "from": 5432, "to": 5432, "groups": ["sg-api"]}]},
                {"id": "sg-open", "vpc": "vpc-1", "name": "open", "ingress": [
                    {"protocol": "tcp", "from": 5000, "to": 6000, "cidrs": ["0.0.0.0/0"]}]},
            ],
            "endpoints": [{"vpc": "vpc-1", "service": "s3", "state": "available"}],
        },
        "databases": [
            {"id": "orders-1", "engine": "aurora-postgresql", "version": "15.12", "cluster": "orders", "data_api": true,
             "public": false, "vpc": "vpc-1", "name": "shop", "tables": tables()},
            {"id": "quiet-1", "engine": "aurora-postgresql", "version": "15.12", "cluster": "quiet", "public": false, "vpc": "vpc-1"},
            {"id": "plain", "engine": "postgres", "version": "15.7", "public": false, "vpc": "vpc-1"},
        ],
        "metrics": [{"namespace": "Shop", "metric": "errors", "dimensions": {"Service": "api"}, "values": [0, 1, 3],
            "period": 60, "unit": "Count"}],
        "secrets": [{"name": "orders/db", "keys": ["username", "password"]}, {"name": "orders/token", "value": "made-up"}],
        "parameters": [{"name": "/orders/url", "value": "made-up"}, {"name": "/orders/mode", "value": "made-up", "type": "String"}],
        "hosts": [{"host": "api.example", "cluster": "main", "service": "api"}],
        "behaviours": [{"match": {"service": "api"}, "behaviour": {"routes": [
            {"path": "/health", "json": {"status": "ok", "revision": "${revision}"}},
            {"path": "/old", "status": 302, "headers": {"location": "http://169.254.169.254/latest/"}},
            {"method": "POST", "path": "/jobs", "status": 201},
        ]}}],
    })
}
