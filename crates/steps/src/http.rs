//! HTTP: `http.check` reads, `http.request` changes something after a typed confirmation.
//!
//! One connection a request, HTTP/1.1, made by ourselves: every hop's name, literal and resolved address is checked,
//! and the connection goes to the very address that was checked. Proxies are not used.

mod exchange;
mod judge;
mod redirect;
mod task;

pub(crate) use exchange::Route;

use crate::failure::{arguments, strange};
use async_trait::async_trait;
use exchange::{Ask, NoReply, Reply, exchange};
use holdpoint_cloud::Cloud;
use holdpoint_cloud::address;
use holdpoint_engine::{ActError, Ending, Executor, ITS_ANSWER, Observation, Task};
use holdpoint_plan::kinds::{Dur, HttpCheck, HttpExpect, HttpRequest, Preflight, TaskHost};
use holdpoint_run::{ActionPlan, Ask as Question, Diagnosis, Intent, OutputValue, Receipt, Said};
use judge::{Exchanged, judge};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Longest time for one answer where the plan says nothing.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest text of a body in outputs.
const OUTPUT: usize = 64 * 1024;

/// The kinds of this family.
pub(crate) fn executors(cloud: &Cloud, route: Route, assumed: bool) -> Vec<Arc<dyn Executor>> {
    vec![
        Arc::new(CheckAnswer { cloud: cloud.clone(), route, assumed }),
        Arc::new(SendRequest { route, assumed }),
    ]
}

/// The kind `http.check`.
struct CheckAnswer {
    cloud: Cloud,
    route: Route,
    /// The practice world answers as the plan expects: that is marked.
    assumed: bool,
}

#[async_trait]
impl Executor for CheckAnswer {
    fn kind(&self) -> &'static str {
        "http.check"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: HttpCheck = arguments(&task.with)?;
        address::read(&with.url).map_err(refused)?;
        if with.task.is_some() {
            task::check(&with.url)?;
        }
        let method =
            with.method.as_deref().unwrap_or(if with.preflight.is_some() { "OPTIONS" } else { "GET" });
        Ok(Intent { summary: format!("{method} {}", bare(&with.url)), ..Intent::default() })
    }

    async fn act(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        Err(ActError::Refused(Diagnosis::of("`http.check` changes nothing")))
    }

    async fn observe(&self, _: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Observation, Diagnosis> {
        Ok(Observation::TookNoEffect { why: "`http.check` changes nothing".into() })
    }

    async fn follow(&self, task: &Task, _: &Intent, _: &[Receipt]) -> Ending {
        match self.check(task).await {
            Ok(ending) => ending,
            Err(diagnosis) => Ending::Failed(diagnosis),
        }
    }

    fn explains(&self, outputs: &BTreeMap<String, OutputValue>) -> Vec<Said> {
        answered(outputs)
    }
}

impl CheckAnswer {
    async fn check(&self, task: &Task) -> Result<Ending, Diagnosis> {
        let with: HttpCheck = arguments(&task.with)?;
        let expect: HttpExpect = arguments(&task.expect)?;
        let mut ask =
            ask(&with.url, with.method.as_deref(), &with.headers, with.body, with.json, with.timeout);
        ask.follow_redirects = with.follow_redirects;
        if let Some(preflight) = &with.preflight {
            as_preflight(&mut ask, with.method.is_none(), preflight);
        }
        let host = with.task.as_ref();
        let (reply, took) = self.timed(task, host, &ask).await?;
        let second = if with.twice { Some(self.timed(task, host, &ask).await?.1) } else { None };
        Ok(ending(&expect, Exchanged { reply, took, second, origin: origin(&ask) }, self.assumed))
    }

    async fn timed(
        &self,
        task: &Task,
        host: Option<&TaskHost>,
        ask: &Ask,
    ) -> Result<(Reply, Duration), Diagnosis> {
        let mut ask = ask.clone();
        if let Some(host) = host {
            ask.url = task::resolved(&self.cloud, host, &ask.url).await?;
        }
        let began = Stopwatch::start();
        let reply = exchange(self.route, &ask).await.map_err(|error| unanswered(task, &error))?;
        Ok((reply, began.read()))
    }
}

/// The kind `http.request`.
struct SendRequest {
    route: Route,
    /// The practice world answers as the plan expects: that is marked.
    assumed: bool,
}

#[async_trait]
impl Executor for SendRequest {
    fn kind(&self) -> &'static str {
        "http.request"
    }

    async fn prepare(&self, task: &Task) -> Result<Intent, Diagnosis> {
        let with: HttpRequest = arguments(&task.with)?;
        address::read(&with.url).map_err(refused)?;
        let method = with.method.clone().unwrap_or_else(|| "GET".into());
        // Names of headers only: their values may be secrets.
        let headers: Vec<&String> = with.headers.keys().collect();
        let body = with.body.clone().or_else(|| with.json.as_ref().map(Value::to_string));
        let input = json!({"method": method, "url": with.url, "headers": headers, "body": body});
        Ok(Intent {
            summary: format!("{method} {}", bare(&with.url)),
            actions: vec![ActionPlan { call: "http".into(), input }],
            ask: Some(Question {
                instructions: format!("This sends {method} {} once.", bare(&with.url)),
                phrase: Some(with.confirm),
                ..Question::default()
            }),
            ..Intent::default()
        })
    }

    async fn act(&self, task: &Task, _: &Intent, _: usize, _: &[Receipt]) -> Result<Receipt, ActError> {
        let with: HttpRequest = arguments(&task.with).map_err(ActError::Refused)?;
        let mut ask =
            ask(&with.url, with.method.as_deref(), &with.headers, with.body, with.json, with.timeout);
        ask.follow_redirects = with.follow_redirects;
        let began = Stopwatch::start();
        match exchange(self.route, &ask).await {
            Ok(reply) => {
                let took = u64::try_from(began.read().as_millis()).unwrap_or(u64::MAX);
                let body: String = String::from_utf8_lossy(&reply.body).chars().take(OUTPUT).collect();
                Ok(Receipt {
                    external: Vec::new(),
                    request_id: reply.headers.get("x-request-id").cloned(),
                    body: json!({
                        "status": reply.status, "headers": reply.headers, "body": body, "url": reply.url,
                        "redirect_host": reply.redirect_host, "truncated": reply.truncated, "milliseconds": took,
                    }),
                })
            }
            Err(error) if error.may_have_arrived() => Err(ActError::Ambiguous(unanswered(task, &error))),
            Err(error) => Err(ActError::Refused(unanswered(task, &error))),
        }
    }

    async fn observe(
        &self,
        task: &Task,
        intent: &Intent,
        _: usize,
        _: &[Receipt],
    ) -> Result<Observation, Diagnosis> {
        let with: HttpRequest = arguments(&task.with)?;
        Ok(Observation::Unsettled(
            Diagnosis::of(format!("Whether {} arrived is not known: its answer was lost", intent.summary))
                .says("Why", "a request of this kind says nothing by which its effect could be read")
                .hint(format!("Look in the log of {} whether it arrived, then say so.", bare(&with.url))),
        ))
    }

    async fn follow(&self, task: &Task, _: &Intent, receipts: &[Receipt]) -> Ending {
        let expect: HttpExpect = match arguments(&task.expect) {
            Ok(expect) => expect,
            Err(diagnosis) => return Ending::Failed(diagnosis),
        };
        let Some(body) = receipts.first().map(|receipt| &receipt.body) else {
            return Ending::Failed(strange("it has no receipt"));
        };
        if body["status"].is_null() {
            // The operator said that it arrived: there is no answer to judge.
            return Ending::Succeeded {
                outputs: BTreeMap::new(),
                secret_outputs: BTreeMap::new(),
                judgements: Vec::new(),
                note: Some("the answer was lost, so that nothing of it was judged".into()),
            };
        }
        let headers = body["headers"].as_object().into_iter().flatten();
        let reply = Reply {
            status: body["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default(),
            headers: headers
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            body: body["body"].as_str().unwrap_or_default().as_bytes().to_vec(),
            truncated: body["truncated"] == true,
            redirect_host: body["redirect_host"].as_str().map(str::to_owned),
            url: body["url"].as_str().unwrap_or_default().to_owned(),
        };
        let took = Duration::from_millis(body["milliseconds"].as_u64().unwrap_or_default());
        let header =
            |(name, value): (&String, &String)| name.eq_ignore_ascii_case("origin").then(|| value.clone());
        let origin =
            arguments::<HttpRequest>(&task.with).ok().and_then(|with| with.headers.iter().find_map(header));
        ending(&expect, Exchanged { reply, took, second: None, origin }, self.assumed)
    }

    fn explains(&self, outputs: &BTreeMap<String, OutputValue>) -> Vec<Said> {
        answered(outputs)
    }
}

fn ask(
    url: &str,
    method: Option<&str>,
    headers: &BTreeMap<String, String>,
    body: Option<String>,
    json: Option<Value>,
    timeout: Option<Dur>,
) -> Ask {
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    if json.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".into(), "application/json".into()));
    }
    let body = json.map(|json| json.to_string()).or(body).unwrap_or_default();
    Ask {
        url: url.to_owned(),
        method: method.unwrap_or("GET").to_ascii_uppercase(),
        headers,
        body: body.into_bytes(),
        follow_redirects: false,
        timeout: timeout.map_or(TIMEOUT, Dur::get),
    }
}

/// What a browser sends before a cross-origin request (Fetch standard, "CORS-preflight fetch").
fn as_preflight(ask: &mut Ask, method_is_free: bool, preflight: &Preflight) {
    if method_is_free {
        "OPTIONS".clone_into(&mut ask.method);
    }
    let method = preflight.method.clone().unwrap_or_else(|| "GET".into());
    ask.headers.push(("origin".into(), preflight.origin.clone()));
    ask.headers.push(("access-control-request-method".into(), method));
    if !preflight.headers.is_empty() {
        let names: Vec<String> = preflight.headers.iter().map(|name| name.to_ascii_lowercase()).collect();
        ask.headers.push(("access-control-request-headers".into(), names.join(",")));
    }
}

fn origin(ask: &Ask) -> Option<String> {
    ask.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("origin")).map(|(_, value)| value.clone())
}

fn ending(expect: &HttpExpect, exchanged: Exchanged, assumed: bool) -> Ending {
    let mut judgements = judge(expect, &exchanged);
    judgements.iter_mut().for_each(|judgement| judgement.assumed = assumed);
    let Exchanged { reply, took, second, .. } = exchanged;
    let text: String = String::from_utf8_lossy(&reply.body).chars().take(OUTPUT).collect();
    let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let millis = |took: Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let outputs = [
        ("status", json!(reply.status)),
        ("body", json!(text)),
        ("json", json),
        ("headers", json!(reply.headers)),
        ("milliseconds", json!(millis(took))),
        ("second_milliseconds", json!(second.map(millis))),
    ];
    Ending::Succeeded {
        outputs: outputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), OutputValue::plain(value)))
            .collect(),
        secret_outputs: BTreeMap::new(),
        judgements,
        note: None,
    }
}

/// The answer's body, where it is a text: what refuses a request says why in it.
fn answered(outputs: &BTreeMap<String, OutputValue>) -> Vec<Said> {
    let body = outputs.get("body").and_then(OutputValue::seen);
    let text = body.as_ref().and_then(Value::as_str).unwrap_or_default().trim();
    let other = |letter: char| letter == '\u{fffd}' || (letter.is_control() && !"\r\n\t".contains(letter));
    if text.is_empty() || text.contains(other) {
        return Vec::new();
    }
    vec![Said { who: ITS_ANSWER.into(), what: text.replace('\r', "") }]
}

fn refused(error: address::Unreachable) -> Diagnosis {
    Diagnosis::of(error.to_string()).hint("Correct the address in the plan.")
}

fn unanswered(task: &Task, error: &NoReply) -> Diagnosis {
    let diagnosis = Diagnosis::of(format!("No answer: {error}"));
    match task.mode {
        holdpoint_run::Mode::Practice => {
            diagnosis.hint("In practice the host must be in the practice world (`hosts`).")
        }
        holdpoint_run::Mode::Live => diagnosis.hint("Is the address right, and reachable from this machine?"),
    }
}

/// The address without its query: tokens travel there.
fn bare(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// Time of an answer. Real time: an answer is not faster because a practice run is.
struct Stopwatch(tokio::time::Instant);

impl Stopwatch {
    fn start() -> Self {
        Self(tokio::time::Instant::now())
    }

    fn read(&self) -> Duration {
        self.0.elapsed()
    }
}

/// One JSON call of ours to a server of ours: status and answer.
pub(crate) async fn send_json(
    route: Route,
    method: &str,
    url: &str,
    body: Option<&Value>,
) -> Result<(u16, Value), String> {
    let ask = ask(url, Some(method), &BTreeMap::new(), None, body.cloned(), None);
    let reply = exchange(route, &ask).await.map_err(|error| error.to_string())?;
    Ok((reply.status, serde_json::from_slice(&reply.body).unwrap_or_default()))
}
