//! The simulator without its sockets: a world, its journal and its clock, asked one request at a time.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::clock::{Clock, Micros, SECOND, http_date, wall_now};
use crate::fault::{CallView, Effect};
use crate::furnish::{Change, Furnishing};
use crate::hosts::Traffic;
use crate::journal::{CallLine, Journal, JournalError, Line};
use crate::pace::Pace;
use crate::people::Caller;
use crate::protocol::{Proof, read, refusal, success};
use crate::refusals::{Refused, denied, is_throttling, refused, signing_name, throttled};
use crate::registry::{Holder, Wanted};
use crate::seeded::Seeded;
use crate::sigv4::{Authorization, Signed};
use crate::world::{World, changes, skewed};

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
    pub(crate) call: CallLine,
    effect: Option<Effect>,
    /// The name and port by which the client reached the simulator.
    host: String,
}

impl Admitted {
    /// Whether it will take effect, for all that goes wrong with its answer.
    pub(crate) fn applies(&self) -> bool {
        self.effect.as_ref().is_none_or(Effect::applies)
    }

    /// Milliseconds to wait before it is applied.
    pub(crate) fn delay_ms(&self) -> Option<u64> {
        if let Some(Effect::Delay { ms }) = self.effect { Some(ms) } else { None }
    }
}

pub(crate) struct Core {
    pub(crate) world: World,
    journal: Journal,
    clock: Clock,
    /// Request ids and dice of faults: no part of the world, as reads use them too.
    wire: Seeded,
    calls_of_key: BTreeMap<String, u64>,
    pace: Pace,
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
            pace: Pace::default(),
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
        let call = match read(request) {
            Ok(call) => call,
            Err((service, error)) => return Ok(Err(refusal(service, "", &error, &request_id))),
        };
        let (service, operation, input) = (call.service, call.operation, call.input);
        let proven = match call.proof {
            Proof::Signature => self.authenticate(request, service),
            Proof::Content => Ok(self.by_content(service, &input)),
        };
        let (caller, region) = match proven {
            Ok(authentic) => authentic,
            Err(error) => return Ok(Err(refusal(service, &operation, &error, &request_id))),
        };
        if service == "sso"
            && !self.pace.lets(&caller.name, self.world.sso.switches.rate(), self.clock.elapsed())
        {
            return self.too_fast(&operation, &request_id).map(Err);
        }
        if let Some(limit) = self.world.env.scenario.identity.expire_after_calls
            && call.proof == Proof::Signature
        {
            let count = self.calls_of_key.entry(caller.access_key_id.clone()).or_default();
            *count += 1;
            let may_end =
                self.world.env.scenario.identity.expire_keys.is_none_or(|keys| self.world.keys_ended < keys);
            if *count > limit && may_end {
                let line = Line::Count {
                    t: self.clock.elapsed(),
                    throttled: None,
                    expired_key: Some(caller.access_key_id.clone()),
                    faults: None,
                };
                self.take_in(&line).map(|_| ())?;
                return Ok(Err(refusal(
                    service,
                    &operation,
                    &refused(service, Refused::Expired),
                    &request_id,
                )));
            }
        }
        let changing = changes(service, &operation);
        let view =
            CallView { service, operation: &operation, actor: &caller.name, changing, repository: None };
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
        let host = request.header("host").unwrap_or_default().to_owned();
        Ok(Ok(Admitted { call, effect, host }))
    }

    /// A caller that is known by what the call carries, if at all; the service judges that when it serves.
    fn by_content(&self, service: &str, input: &Value) -> (Caller, String) {
        let holder = match service {
            "sso" => input["accessToken"].as_str().and_then(|token| self.world.sso.holder(token)),
            _ => None,
        };
        let home = self.world.home.as_ref();
        let region = home.map_or_else(|| "eu-west-1".to_owned(), |home| home.region.clone());
        (Caller::unsigned(holder.unwrap_or("anonymous")), region)
    }

    /// The portal's refusal of a caller that is too fast; counted, not recorded.
    fn too_fast(&mut self, operation: &str, request_id: &str) -> Result<Reply, JournalError> {
        let line = Line::Count {
            t: self.clock.elapsed(),
            throttled: Some(format!("sso:{operation}")),
            expired_key: None,
            faults: None,
        };
        self.take_in(&line).map(|_| ())?;
        let error = AwsError::with_status("TooManyRequestsException", 429, "Too many requests");
        let mut reply = refusal("sso", operation, &error, request_id);
        if let Some(seconds) = self.world.sso.switches.rate().retry_after {
            reply.headers.push(("retry-after".to_owned(), seconds.to_string()));
        }
        Ok(reply)
    }

    /// Applies a call that was let in, unless its fault forbids, and makes its answer.
    pub(crate) fn execute(&mut self, admitted: Admitted) -> Result<Reply, JournalError> {
        self.tick()?;
        let Admitted { mut call, effect, host } = admitted;
        let changing = changes(&call.service, &call.operation);
        if effect.is_none() {
            self.count(&call);
        }
        if let Some(effect) = &effect {
            let refused = match effect {
                // Each service names it in its own way.
                Effect::Error { code, status, message } if code == "ThrottlingException" => {
                    Some(throttled(&call.service, *status, message))
                }
                Effect::Error { code, status, message } => {
                    Some(AwsError::with_status(code, *status, message.clone()))
                }
                Effect::Denied => Some(denied(&call, &self.world)),
                Effect::TooMany { .. } => {
                    Some(AwsError::with_status("TooManyRequestsException", 429, "Too many requests"))
                }
                Effect::Redirect { .. } => {
                    Some(AwsError::with_status("TemporaryRedirect", 307, "It was sent elsewhere."))
                }
                Effect::Reset { .. }
                | Effect::Silence { .. }
                | Effect::Status { .. }
                | Effect::Truncate
                | Effect::Drip { .. }
                | Effect::Corrupt
                | Effect::Delay { .. }
                | Effect::Stale { .. }
                | Effect::Alter { .. } => None,
            };
            let throttled = refused
                .as_ref()
                .filter(|e| is_throttling(e))
                .map(|_| format!("{}:{}", call.service, call.operation));
            let is_throttled = throttled.is_some();
            if !is_throttled {
                self.count(&call);
            }
            let faults = Some(self.world.faults.counts());
            self.take_in(&Line::Count { t: self.clock.elapsed(), throttled, expired_key: None, faults })
                .map(|_| ())?;
            if let Some(error) = refused {
                let mut reply = refusal(&call.service, &call.operation, &error, &call.request_id);
                reply.headers.extend(effect.header());
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
            match &effect {
                _ if changing => self.take_in(&Line::Call(Box::new(call.clone())))?,
                Some(Effect::Stale { seconds }) => self.world.read_as_of(&call, *seconds),
                Some(_) | None => self.world.read(&call),
            }
        } else {
            Ok(Value::Null)
        };
        let answer = answer.map(|mut answer| {
            if let Some(Effect::Alter { members }) = &effect {
                members.iter().for_each(|member| member.alter(&mut answer));
            }
            answer
        });
        let mut reply = match &answer {
            Ok(answer) => success(&call, answer, &host),
            Err(error) => refusal(&call.service, &call.operation, error, &call.request_id),
        };
        match effect {
            None
            | Some(
                Effect::Error { .. }
                | Effect::Denied
                | Effect::Delay { .. }
                | Effect::TooMany { .. }
                | Effect::Redirect { .. }
                | Effect::Stale { .. }
                | Effect::Alter { .. },
            ) => {}
            Some(Effect::Corrupt) => {
                if let Some(first) = reply.body.first_mut() {
                    *first ^= 1;
                }
            }
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

    /// A registry's request comes in.
    pub(crate) fn begin_registry(&mut self) -> Result<(), JournalError> {
        self.tick()?;
        self.active_at = self.clock.elapsed();
        Ok(())
    }

    /// Looks at the world at this very moment, and leaves it at the one that a replay would come to.
    pub(crate) fn at_its_moment<T>(&mut self, look: impl FnOnce(&World) -> T) -> T {
        let was = self.world.env.t;
        self.world.env.t = was.max(self.clock.elapsed());
        let seen = look(&self.world);
        self.world.env.t = was;
        seen
    }

    /// The fault that hits a registry's request, if any; counted like a call.
    pub(crate) fn hit_registry(
        &mut self,
        operation: &str,
        actor: &str,
        repository: Option<&str>,
        changing: bool,
    ) -> Result<Option<Effect>, JournalError> {
        let view = CallView { service: "registry", operation, actor, changing, repository };
        let effect = self.world.faults.hit(&view, &mut self.wire);
        let is_throttled = match &effect {
            Some(Effect::TooMany { .. }) => true,
            Some(Effect::Error { code, .. }) => code.starts_with("Throttling"),
            Some(
                Effect::Denied
                | Effect::Reset { .. }
                | Effect::Silence { .. }
                | Effect::Status { .. }
                | Effect::Truncate
                | Effect::Drip { .. }
                | Effect::Delay { .. }
                | Effect::Corrupt
                | Effect::Redirect { .. }
                | Effect::Stale { .. }
                | Effect::Alter { .. },
            )
            | None => false,
        };
        let name = format!("registry:{operation}");
        if !is_throttled {
            *self.answered.entry(name.clone()).or_default() += 1;
        }
        if effect.is_some() {
            let line = Line::Count {
                t: self.clock.elapsed(),
                throttled: is_throttled.then_some(name),
                expired_key: None,
                faults: Some(self.world.faults.counts()),
            };
            self.take_in(&line).map(|_| ())?;
        }
        Ok(effect)
    }

    /// Journals and applies what a registry's request changes.
    pub(crate) fn change_registry(
        &mut self,
        holder: &Holder,
        operation: &str,
        input: Value,
    ) -> Result<Result<Value, AwsError>, JournalError> {
        self.tick()?;
        let home = self.world.home.as_ref();
        let call = CallLine {
            t: self.clock.elapsed(),
            request_id: self.wire.uuid(),
            caller: Caller {
                account: holder.account.clone(),
                arn: holder.arn.clone(),
                ..Caller::unsigned(&holder.name)
            },
            region: home.map_or_else(|| "eu-west-1".to_owned(), |home| home.region.clone()),
            service: "registry".to_owned(),
            operation: operation.to_owned(),
            input,
            refused: None,
        };
        self.take_in(&Line::Call(Box::new(call)))
    }

    /// An id that nobody had before.
    pub(crate) fn new_id(&mut self) -> String {
        self.wire.uuid()
    }

    /// What is to be made on disk before a world or a change is taken in; `None`: nothing, or it cannot be read.
    pub(crate) fn to_stock(&self, path: &str, body: &[u8]) -> Option<Wanted> {
        let wanted = if path.ends_with("/furnish") {
            let body = if body.is_empty() { b"{}" } else { body };
            let world: Furnishing = serde_json::from_slice(body).ok()?;
            if self.world.furnished.contains(&world.digest()) {
                return None;
            }
            Wanted {
                account: world.account,
                region: world.region,
                repositories: world.repositories,
                registries: world.registries,
            }
        } else {
            let change: Change = serde_json::from_slice(body).ok()?;
            let home = self.world.home.as_ref()?;
            Wanted {
                account: home.account.clone(),
                region: home.region.clone(),
                repositories: change.repositories,
                registries: change.registries,
            }
        };
        (!wanted.repositories.is_empty() || !wanted.registries.is_empty()).then_some(wanted)
    }

    /// The wall time by the service's clock.
    pub(crate) fn service_now(&self) -> Micros {
        skewed(wall_now(), self.world.env.skew)
    }

    /// The Date header, when it is not that of the machine.
    pub(crate) fn odd_date(&self) -> Option<String> {
        (self.world.env.skew != 0).then(|| http_date(self.service_now()))
    }

    fn count(&mut self, call: &CallLine) {
        *self.answered.entry(format!("{}:{}", call.service, call.operation)).or_default() += 1;
    }

    fn authenticate(&self, request: &Request, service: &str) -> Result<(Caller, String), AwsError> {
        let refuse = |why: Refused<'_>| refused(service, why);
        let header = request.header("authorization").ok_or_else(|| refuse(Refused::Unsigned))?;
        let authorization = Authorization::parse(header).ok_or_else(|| refuse(Refused::Incomplete))?;
        let unknown = || refuse(Refused::Unknown);
        let credentials = self.world.people.find(&authorization.access_key_id).ok_or_else(unknown)?;
        if request.header("x-amz-security-token") != credentials.token.as_deref() {
            return Err(unknown());
        }
        let scope = signing_name(service);
        if authorization.service != scope {
            let message = format!("Credential should be scoped to correct service: '{scope}'. ");
            return Err(refuse(Refused::Signature(&message)));
        }
        let signed = Signed {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &request.headers,
            body: &request.body,
        };
        let now = self.service_now();
        authorization
            .verify(&credentials.secret, &signed, now)
            .map_err(|rejected| refuse(Refused::Signature(&rejected.0)))?;
        if credentials.expired || credentials.expires.is_some_and(|at| at <= now) {
            return Err(refuse(Refused::Expired));
        }
        Ok((credentials.caller.clone(), authorization.region))
    }
}
