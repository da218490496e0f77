//! The simulator without its sockets: a world, its journal and its clock, asked one request at a time.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::aws_error::AwsError;
use crate::clock::{Clock, Micros, SECOND, wall_now};
use crate::fault::{CallView, Effect};
use crate::hosts::Traffic;
use crate::journal::{CallLine, Journal, JournalError, Line};
use crate::people::Caller;
use crate::seeded::Seeded;
use crate::sigv4::{Authorization, Signed};
use crate::sts;
use crate::world::{World, changes};

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// How an answer goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    Truncated,
    Drip { bytes: usize, every_ms: u64 },
    Reset,
    Silence,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delivery: Delivery,
}

/// A call that was let in, and what its answer will suffer.
pub(crate) struct Admitted {
    call: CallLine,
    effect: Option<Effect>,
}

impl Admitted {
    /// Milliseconds to wait before it is applied.
    pub(crate) fn delay_ms(&self) -> Option<u64> {
        match self.effect {
            Some(Effect::Delay { ms }) => Some(ms),
            Some(
                Effect::Error { .. }
                | Effect::Denied
                | Effect::Reset { .. }
                | Effect::Silence { .. }
                | Effect::Status { .. }
                | Effect::Truncate
                | Effect::Drip { .. },
            )
            | None => None,
        }
    }
}

pub(crate) struct Core {
    pub(crate) world: World,
    journal: Journal,
    clock: Clock,
    /// Request ids and dice of faults: no part of the world, as reads use them too.
    wire: Seeded,
    calls_of_key: BTreeMap<String, u64>,
    pub(crate) traffic: Traffic,
    /// Calls of this session that were not throttled, by service and operation, reads too.
    pub(crate) answered: BTreeMap<String, u64>,
    /// Elapsed moment of the last request.
    pub(crate) active_at: Micros,
}

impl Core {
    /// Folds the journal, then begins a session in it. `line_count` keeps request ids of this session apart from earlier ones.
    pub(crate) fn begin(
        mut world: World,
        mut journal: Journal,
        lines: &[Line],
        start: impl FnOnce(Micros) -> Line,
        seed: u64,
    ) -> Result<Self, JournalError> {
        for line in lines {
            // What a call answered then is of no interest now.
            let _ = world.apply(line);
        }
        let resumed_at = lines.last().map_or(0, Line::t);
        let line = start(resumed_at);
        journal.append(&line)?;
        let _ = world.apply(&line);
        let wire = Seeded::starting_at(seed, "wire", lines.len() as u64 * 1_000_000);
        Ok(Self {
            world,
            journal,
            clock: Clock::start(resumed_at),
            wire,
            calls_of_key: BTreeMap::new(),
            traffic: Traffic::default(),
            answered: BTreeMap::new(),
            active_at: resumed_at,
        })
    }

    pub(crate) fn elapsed(&self) -> Micros {
        self.clock.elapsed()
    }

    /// Lets happen what is due; on disk before it can be seen.
    pub(crate) fn tick(&mut self) -> Result<(), JournalError> {
        let t = self.clock.elapsed();
        // The wall clock was set, or the machine slept: timestamps follow it.
        let wall = wall_now();
        if self.world.env.epoch.wall(t).abs_diff(wall) > 2 * SECOND {
            self.take_in(&Line::Wall { t, wall }).map(|_| ())?;
        }
        if self.world.env.schedule.next().is_some_and(|next| next <= t) {
            self.take_in(&Line::Tick { t }).map(|_| ())?;
        }
        Ok(())
    }

    /// The session's last line: the clock goes on from it.
    pub(crate) fn end(&mut self) -> Result<(), JournalError> {
        let t = self.clock.elapsed();
        self.take_in(&Line::Tick { t }).map(|_| ())
    }

    /// Journals a line and applies it.
    pub(crate) fn take_in(&mut self, line: &Line) -> Result<Result<Value, AwsError>, JournalError> {
        self.journal.append(line)?;
        Ok(self.world.apply(line))
    }

    /// Authenticates a call and asks the faults. An error is the finished refusal.
    pub(crate) fn admit(&mut self, request: &Request) -> Result<Result<Admitted, Reply>, JournalError> {
        self.tick()?;
        self.active_at = self.clock.elapsed();
        let request_id = self.wire.uuid();
        let (service, operation, input) = match read_call(request) {
            Ok(call) => call,
            Err((service, error)) => return Ok(Err(refusal(service, &error, &request_id))),
        };
        let (caller, region) = match self.authenticate(request, service) {
            Ok(authentic) => authentic,
            Err(error) => return Ok(Err(refusal(service, &error, &request_id))),
        };
        if let Some(limit) = self.world.env.scenario.identity.expire_after_calls {
            let count = self.calls_of_key.entry(caller.access_key_id.clone()).or_default();
            *count += 1;
            if *count > limit {
                let line = Line::Count {
                    t: self.clock.elapsed(),
                    throttled: None,
                    expired_key: Some(caller.access_key_id.clone()),
                    faults: None,
                };
                self.take_in(&line).map(|_| ())?;
                return Ok(Err(refusal(service, &expired(service), &request_id)));
            }
        }
        let changing = changes(service, &operation);
        let view = CallView { service, operation: &operation, actor: &caller.name, changing };
        let effect = self.world.faults.hit(&view, &mut self.wire);
        let call = CallLine {
            t: 0,
            request_id,
            caller,
            region,
            service: service.to_owned(),
            operation,
            input,
            refused: None,
        };
        Ok(Ok(Admitted { call, effect }))
    }

    /// Applies a call that was let in, unless its fault forbids, and makes its answer.
    pub(crate) fn execute(&mut self, admitted: Admitted) -> Result<Reply, JournalError> {
        self.tick()?;
        let Admitted { mut call, effect } = admitted;
        let changing = changes(&call.service, &call.operation);
        if effect.is_none() {
            self.count(&call);
        }
        if let Some(effect) = &effect {
            let refused = match effect {
                Effect::Error { code, status, message } => Some(AwsError::with_status(
                    // STS names it without the suffix that the JSON services have.
                    if call.service == "sts" && code == "ThrottlingException" { "Throttling" } else { code },
                    *status,
                    message.clone(),
                )),
                Effect::Denied => Some(denied(&call, &self.world)),
                Effect::Reset { .. }
                | Effect::Silence { .. }
                | Effect::Status { .. }
                | Effect::Truncate
                | Effect::Drip { .. }
                | Effect::Delay { .. } => None,
            };
            let throttled = refused
                .as_ref()
                .filter(|e| e.code.starts_with("Throttling"))
                .map(|_| format!("{}:{}", call.service, call.operation));
            let is_throttled = throttled.is_some();
            if !is_throttled {
                self.count(&call);
            }
            let faults = Some(self.world.faults.counts());
            self.take_in(&Line::Count { t: self.clock.elapsed(), throttled, expired_key: None, faults })
                .map(|_| ())?;
            if let Some(error) = refused {
                let reply = refusal(&call.service, &error, &call.request_id);
                if changing && !is_throttled {
                    call.t = self.clock.elapsed();
                    call.refused = Some(error);
                    let _ = self.take_in(&Line::Call(Box::new(call)))?;
                }
                return Ok(reply);
            }
        }
        let answer = if effect.as_ref().is_none_or(Effect::applies) {
            call.t = self.clock.elapsed();
            if changing { self.take_in(&Line::Call(Box::new(call.clone())))? } else { self.world.read(&call) }
        } else {
            Ok(Value::Null)
        };
        let mut reply = match &answer {
            Ok(answer) => success(&call, answer),
            Err(error) => refusal(&call.service, error, &call.request_id),
        };
        match effect {
            None | Some(Effect::Error { .. } | Effect::Denied | Effect::Delay { .. }) => {}
            Some(Effect::Reset { .. }) => reply.delivery = Delivery::Reset,
            Some(Effect::Silence { .. }) => reply.delivery = Delivery::Silence,
            Some(Effect::Truncate) => reply.delivery = Delivery::Truncated,
            Some(Effect::Drip { bytes, every_ms }) => reply.delivery = Delivery::Drip { bytes, every_ms },
            Some(Effect::Status { status, .. }) => {
                let body = format!("<html><body><h1>{status} Service Unavailable</h1></body></html>");
                let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
                reply = Reply { status, headers, body: body.into(), delivery: Delivery::Whole };
            }
        }
        Ok(reply)
    }

    fn count(&mut self, call: &CallLine) {
        *self.answered.entry(format!("{}:{}", call.service, call.operation)).or_default() += 1;
    }

    fn authenticate(&self, request: &Request, service: &str) -> Result<(Caller, String), AwsError> {
        let is_sts = service == "sts";
        let refuse = |sts: &str, json: &str, message: &str| {
            if is_sts { AwsError::with_status(sts, 403, message) } else { AwsError::new(json, message) }
        };
        let signature = |message: &str| refuse("SignatureDoesNotMatch", "InvalidSignatureException", message);
        let Some(header) = request.header("authorization") else {
            return Err(refuse(
                "MissingAuthenticationToken",
                "MissingAuthenticationTokenException",
                if is_sts {
                    "Request is missing Authentication Token"
                } else {
                    "Missing Authentication Token"
                },
            ));
        };
        let authorization = Authorization::parse(header).ok_or_else(|| {
            refuse(
                "IncompleteSignature",
                "IncompleteSignatureException",
                "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.",
            )
        })?;
        let invalid = || {
            refuse(
                "InvalidClientTokenId",
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        };
        let credentials = self.world.people.find(&authorization.access_key_id).ok_or_else(invalid)?;
        if request.header("x-amz-security-token") != Some(&credentials.token) {
            return Err(invalid());
        }
        if authorization.service != service {
            return Err(signature(&format!("Credential should be scoped to correct service: '{service}'. ")));
        }
        let signed = Signed {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &request.headers,
            body: &request.body,
        };
        let now = wall_now();
        authorization.verify(&credentials.secret, &signed, now).map_err(|rejected| signature(&rejected.0))?;
        if credentials.expired || credentials.expires.is_some_and(|at| at <= now) {
            return Err(expired(service));
        }
        Ok((credentials.caller.clone(), authorization.region))
    }
}

/// Service, operation and input of a call; an error names the service in whose protocol to answer.
fn read_call(request: &Request) -> Result<(&'static str, String, Value), (&'static str, AwsError)> {
    if let Some(target) = request.header("x-amz-target") {
        let (prefix, operation) = target.split_once('.').unwrap_or((target, ""));
        let service = match prefix {
            "AmazonEC2ContainerServiceV20141113" => "ecs",
            "Logs_20140328" => "logs",
            other => return Err(("json", AwsError::not_implemented(other, operation))),
        };
        let body = if request.body.is_empty() { b"{}" } else { request.body.as_slice() };
        let input: Value = serde_json::from_slice(body).map_err(|_| {
            (service, AwsError::new("SerializationException", "The request body is not valid JSON."))
        })?;
        if !input.is_object() {
            return Err((
                service,
                AwsError::new("SerializationException", "The request body is not a JSON object."),
            ));
        }
        return Ok((service, operation.to_owned(), input));
    }
    let form =
        request.header("content-type").is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"));
    if form {
        let fields = read_form(&String::from_utf8_lossy(&request.body));
        let operation = fields["Action"].as_str().unwrap_or_default().to_owned();
        if fields["Version"] == "2011-06-15" {
            return Ok(("sts", operation, fields));
        }
        let version = fields["Version"].as_str().unwrap_or("without version");
        return Err(("sts", AwsError::not_implemented(&format!("query API {version}"), &operation)));
    }
    Err(("json", AwsError::not_implemented(&request.method, &request.path)))
}

fn read_form(body: &str) -> Value {
    let mut fields = Map::new();
    for pair in body.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        fields.insert(decoded(name), json!(decoded(value)));
    }
    Value::Object(fields)
}

/// Undoes percent-encoding, with `+` as a space.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .flatten();
        match escape {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn expired(service: &str) -> AwsError {
    let message = "The security token included in the request is expired";
    if service == "sts" {
        AwsError::with_status("ExpiredToken", 403, message)
    } else {
        AwsError::new("ExpiredTokenException", message)
    }
}

fn denied(call: &CallLine, world: &World) -> AwsError {
    let place = format!("arn:aws:{}:{}:{}", call.service, call.region, call.caller.account);
    let text = |member: &str, default: &str| call.input[member].as_str().unwrap_or(default).to_owned();
    let bare = |reference: String| reference.rsplit('/').next().unwrap_or_default().to_owned();
    let resource = match call.operation.as_str() {
        "UpdateService" | "DeleteService" => {
            format!("{place}:service/{}/{}", bare(text("cluster", "default")), bare(text("service", "")))
        }
        "CreateService" => {
            format!("{place}:service/{}/{}", bare(text("cluster", "default")), text("serviceName", ""))
        }
        "RegisterTaskDefinition" => {
            let family = text("family", "");
            let estate = world.estates.get(&(call.caller.account.clone(), call.region.clone()));
            let revision =
                estate.and_then(|e| e.ecs.families.get(&family)?.last()).map_or(1, |d| d.revision + 1);
            format!("{place}:task-definition/{family}:{revision}")
        }
        _ => "*".to_owned(),
    };
    let message = format!(
        "User: {} is not authorized to perform: {}:{} on resource: {resource} because no identity-based policy allows the {}:{} action",
        call.caller.arn, call.service, call.operation, call.service, call.operation
    );
    if call.service == "sts" {
        AwsError::with_status("AccessDenied", 403, message)
    } else {
        AwsError::new("AccessDeniedException", message)
    }
}

fn success(call: &CallLine, answer: &Value) -> Reply {
    let (kind, body) = if call.service == "sts" {
        ("text/xml", sts::answer_xml(&call.operation, answer, &call.request_id))
    } else {
        ("application/x-amz-json-1.1", answer.to_string())
    };
    reply(200, kind, body, &call.request_id, None)
}

fn refusal(service: &str, error: &AwsError, request_id: &str) -> Reply {
    let (kind, body) = if service == "sts" {
        ("text/xml", sts::error_xml(error, request_id))
    } else {
        ("application/x-amz-json-1.1", json!({"__type": error.code, "message": error.message}).to_string())
    };
    reply(error.status, kind, body, request_id, Some(&error.code))
}

fn reply(status: u16, kind: &str, body: String, request_id: &str, code: Option<&str>) -> Reply {
    let mut headers = vec![
        ("content-type".to_owned(), kind.to_owned()),
        ("x-amzn-requestid".to_owned(), request_id.to_owned()),
    ];
    if let Some(code) = code {
        headers.push(("x-amzn-errortype".to_owned(), code.to_owned()));
    }
    Reply { status, headers, body: body.into(), delivery: Delivery::Whole }
}
