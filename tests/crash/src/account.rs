//! A run's practice account, asked what was really done to it: its own record, not what the console says.

use crate::home::{Home, LOOK, Running};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Looks at a simulator that ends; ten seconds of them.
const LOOKS: u32 = 2000;

/// What may differ between two runs that did the same: the token of a create, made from the run's id.
const TOKEN: &str = "clientToken";

/// The simulator of a run, started again when it has ended.
pub struct Account {
    port: u16,
    folder: PathBuf,
    run: String,
    own: Option<Running>,
}

impl Account {
    /// Of a run.
    pub fn of(home: &Home, run: &str) -> Self {
        let folder = home.folder(run).join("sim");
        if let Some(port) = alive(&folder) {
            return Self { port, folder, run: run.to_owned(), own: None };
        }
        let (own, port) = simulate(home, &folder);
        Self { port, folder, run: run.to_owned(), own: Some(own) }
    }

    /// The calls that took effect, in order, with everything that was asked, and without what is each run's own.
    pub fn effects(&self) -> Vec<String> {
        let asked = self.asked();
        let record = self.get("/_holdpoint/record");
        let calls = record["calls"].as_array().unwrap().iter();
        let effects = calls.filter(|call| call["outcome"] == "took_effect").map(|call| {
            let input = &asked[call["request_id"].as_str().unwrap()];
            format!("{} {input}", call["operation"].as_str().unwrap())
        });
        effects.collect()
    }

    /// Names of the calls that took effect, in order.
    pub fn operations(&self) -> Vec<String> {
        self.effects().iter().map(|effect| effect.split(' ').next().unwrap().to_owned()).collect()
    }

    /// Each service deployment: whose, what, why, and what became of it.
    pub fn deployments(&self) -> Vec<String> {
        let facts = self.get("/_holdpoint/facts");
        let told = |fact: &Value| {
            let of = ["service", "task_definition", "origin", "status", "rollout_state", "failed_tasks"];
            of.map(|name| fact[name].to_string()).join(" ")
        };
        facts["deployments"].as_array().unwrap().iter().map(told).collect()
    }

    /// Each service that stands, with what it runs: of ECS its revision, tasks that are healthy of those wanted, and
    /// their images; of App Runner its status and image.
    pub fn services(&self) -> Vec<String> {
        let estate = self.get("/_holdpoint/estate");
        let places = estate["places"].as_array().unwrap();
        let of_ecs = list(places, "clusters").flat_map(|cluster| {
            cluster["services"].as_array().unwrap().iter().map(move |service| of_cluster(cluster, service))
        });
        let of_app_runner = list(places, "app_runner").map(|service| {
            let [name, status, image] = ["name", "status", "image"].map(|member| last_part(&service[member]));
            let private = if service["public"] == true { "" } else { ", private" };
            format!("{name} {status} {image}{private}")
        });
        of_ecs.chain(of_app_runner).collect()
    }

    /// Where its simulator listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What a host's containers answer, with their task definition's revision.
    pub fn answer(&self, host: &str, path: &str) -> (Value, String) {
        let (head, body) = ask(self.port, "GET", &format!("/_host/{host}{path}")).unwrap();
        let revision =
            head.lines().find_map(|line| line.strip_prefix("x-sim-revision: ")).unwrap_or_default();
        (serde_json::from_str(&body).unwrap(), revision.to_owned())
    }

    fn get(&self, path: &str) -> Value {
        serde_json::from_str(&ask(self.port, "GET", path).unwrap().1).unwrap()
    }

    /// Parameters by request id.
    fn asked(&self) -> BTreeMap<String, String> {
        let journal = std::fs::read_to_string(self.folder.join("journal.jsonl")).unwrap();
        let lines = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let calls = lines.filter(|line| line["k"] == "call").map(|mut line| {
            if let Some(input) = line["input"].as_object_mut() {
                input.remove(TOKEN);
            }
            let input = line["input"].to_string().replace(&self.run, "RUN");
            (line["request_id"].as_str().unwrap().to_owned(), input)
        });
        calls.collect()
    }
}

fn list<'a>(places: &'a [Value], member: &'a str) -> impl Iterator<Item = &'a Value> {
    places.iter().flat_map(move |place| place[member].as_array().unwrap())
}

fn of_cluster(cluster: &Value, service: &Value) -> String {
    let tasks = cluster["tasks"].as_array().unwrap().iter();
    let running = tasks.filter(|task| task["service"] == service["name"] && task["stopped"].is_null());
    let images: BTreeSet<String> = running.map(|task| last_part(&task["image"])).collect();
    let revision = last_part(&service["task_definition"]);
    let images: String = images.iter().map(|image| format!(", {image}")).collect();
    let [cluster, name] = [cluster, service].map(|of| of["name"].as_str().unwrap());
    format!("{cluster}/{name} {revision} {} of {}{images}", service["healthy"], service["desired"])
}

/// Without registry, account and digest, which say nothing here.
fn last_part(value: &Value) -> String {
    let text = value.as_str().unwrap();
    text.rsplit('/').next().unwrap().split('@').next().unwrap().to_owned()
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(mut own) = self.own.take() {
            end(&self.folder);
            // Ended, or never to be: either way the test has what it asked for.
            let _ = own.child.wait();
        }
    }
}

/// Ends the simulator of a state folder, if one lives there.
pub fn end(folder: &Path) {
    if let Some(port) = alive(folder) {
        // It may have ended in between.
        let _ = ask(port, "POST", "/_holdpoint/shutdown");
        // What it takes away when it ends must not go while somebody copies the folder.
        let mut looks = (0..LOOKS).map(|_| folder.join("sim.json").exists());
        while looks.next() == Some(true) {
            std::thread::sleep(LOOK);
        }
    }
}

/// The people of a simulator, furnished with nothing else: who they are, and their keys.
pub fn people(folder: &Path) -> Vec<Value> {
    let port = alive(folder).unwrap();
    ask(port, "POST", "/_holdpoint/furnish").unwrap();
    let told: Value = serde_json::from_str(&ask(port, "GET", "/_holdpoint/people").unwrap().1).unwrap();
    told["people"].as_array().unwrap().clone()
}

/// Process id of the simulator of a state folder, if one lives there.
pub fn pid(folder: &Path) -> Option<u32> {
    let told = told(folder)?;
    alive(folder)?;
    u32::try_from(told["pid"].as_u64()?).ok()
}

fn told(folder: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(folder.join("sim.json")).ok()?).ok()
}

/// Starts a simulator on a folder, and waits until it listens.
pub fn simulate(home: &Home, folder: &Path) -> (Running, u16) {
    let mut own = home.start(home.command(&["sim", "--state", folder.to_str().unwrap(), "--speed", "2000"]));
    for _ in 0..6000 {
        if let Some(port) = alive(folder) {
            return (own, port);
        }
        let folder = folder.display();
        assert!(own.child.try_wait().unwrap().is_none(), "the simulator of {folder} ended: {:?}", own.end());
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the simulator of {} does not listen", folder.display());
}

/// What the simulator's own API answers.
pub fn admin(port: u16, method: &str, call: &str, body: &Value) -> Value {
    let (head, answer) = ask_with(port, method, &format!("/_holdpoint/{call}"), &body.to_string()).unwrap();
    assert!(head.contains(" 200 "), "{call}: {head} {answer}");
    serde_json::from_str(&answer).unwrap_or(Value::Null)
}

fn alive(folder: &Path) -> Option<u16> {
    let told = told(folder)?;
    let port = u16::try_from(told["port"].as_u64()?).ok()?;
    let health: Value = serde_json::from_str(&ask(port, "GET", "/_holdpoint/health").ok()?.1).ok()?;
    (health["pid"] == told["pid"]).then_some(port)
}

/// One request as HTTP/1.0, whose answer ends with the connection: head and body.
fn ask(port: u16, method: &str, path: &str) -> std::io::Result<(String, String)> {
    ask_with(port, method, path, "{}")
}

fn ask_with(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\n\r\n{body}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Ok((head.to_lowercase(), body.to_owned()))
}
