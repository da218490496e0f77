//! One call: JSON in, JSON out, through the SDK's signing, endpoint, transport and error parsing.

use crate::error::{CallError, Reached, classify};
use crate::pace::Pacer;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// Throttled calls in a row after which one gives up: at 95 % throttling one call in 10⁹ gets here.
const THROTTLED: u32 = 400;
/// Times that a read is sent whose answers are lost.
const LOST: u32 = 4;

/// What AWS answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The answer's JSON; members that are null are left out.
    pub body: Value,
    /// To be found in CloudTrail.
    pub request_id: Option<String>,
}

/// Whether a call may be repeated when its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It changes nothing.
    Read,
    /// It changes something.
    Change,
}

/// Sends one operation of an SDK client with `input` as its JSON.
macro_rules! call {
    ($cloud:expr, $client:ident . $operation:ident, $nature:expr, $name:expr, $input:expr) => {{
        let input = serde_json::to_vec(&$input).unwrap_or_default();
        let cloud = $cloud;
        crate::wire::send($nature, $name, &cloud.pacer, || {
            let (carrier, seen) = crate::wire::Carrier::new(&input);
            let sent = cloud.$client.$operation().customize().interceptor(carrier).send();
            (async move { sent.await.map(drop) }, seen)
        })
        .await
    }};
}
pub(crate) use call;

pub(crate) async fn send<E, F>(
    nature: Nature,
    name: &str,
    pacer: &Pacer,
    attempt: impl Fn() -> (F, Arc<Mutex<Seen>>),
) -> Result<Answer, CallError>
where
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<(), SdkError<E, HttpResponse>>>,
{
    answer(name, send_seen(nature, name, pacer, attempt).await?)
}

/// Sends until there is an answer or a reason to give up, and returns what was seen of the answer.
pub(crate) async fn send_seen<E, F>(
    nature: Nature,
    name: &str,
    pacer: &Pacer,
    attempt: impl Fn() -> (F, Arc<Mutex<Seen>>),
) -> Result<Seen, CallError>
where
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<(), SdkError<E, HttpResponse>>>,
{
    let mut throttled = 0;
    let mut lost = 0;
    loop {
        let (future, seen) = attempt();
        let result = future.await;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        let reached = if seen.sent { Reached::Network } else { Reached::Nothing };
        let error = match result {
            Ok(()) => {
                pacer.passed();
                return Ok(seen);
            }
            Err(error) => match whole(&error) {
                Some(body) => {
                    pacer.passed();
                    return Ok(Seen { body: Some(body), ..seen });
                }
                None => classify(name, reached, seen.request_id, &error),
            },
        };
        tracing::debug!(call = name, %error, "call failed");
        if let CallError::Throttled { call, .. } = error {
            throttled += 1;
            if throttled >= THROTTLED {
                return Err(CallError::Throttled { call, tries: throttled });
            }
            pacer.throttled().await;
        } else if nature == Nature::Read && error.is_transient() && lost + 1 < LOST {
            lost += 1;
            pacer.lost(lost).await;
        } else {
            return Err(error);
        }
    }
}

/// The body of an answer that is a success and a whole JSON document, which the SDK could not read: one of its members is
/// of another type than its model says. Who needs that member says so; for all others the answer is as good as any.
fn whole<E>(error: &SdkError<E, HttpResponse>) -> Option<Vec<u8>> {
    let SdkError::ResponseError(answer) = error else { return None };
    let bytes = answer.raw().body().bytes().filter(|_| answer.raw().status().is_success())?;
    serde_json::from_slice::<Value>(bytes).ok().filter(Value::is_object).map(|_| bytes.to_vec())
}

fn answer(name: &str, seen: Seen) -> Result<Answer, CallError> {
    let mut body: Value = match seen.body.as_deref() {
        None | Some([]) => Value::Object(serde_json::Map::new()),
        Some(bytes) => serde_json::from_slice(bytes)
            .map_err(|error| CallError::Ambiguous { call: name.to_owned(), why: error.to_string() })?,
    };
    without_nulls(&mut body);
    Ok(Answer { body, request_id: seen.request_id })
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What was seen of one attempt.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    sent: bool,
    request_id: Option<String>,
    /// The answer's body, whatever its form.
    pub(crate) body: Option<Vec<u8>>,
}

/// Puts our body into the request before it is signed and keeps the answer's.
#[derive(Debug)]
pub(crate) struct Carrier {
    body: Vec<u8>,
    seen: Arc<Mutex<Seen>>,
}

impl Carrier {
    pub(crate) fn new(body: &[u8]) -> (Self, Arc<Mutex<Seen>>) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        (Self { body: body.to_vec(), seen: Arc::clone(&seen) }, seen)
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Intercept for Carrier {
    fn name(&self) -> &'static str {
        "Carrier"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        *request.body_mut() = SdkBody::from(self.body.clone());
        request.headers_mut().insert("content-length", self.body.len().to_string());
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.note(|seen| seen.sent = true);
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let id = context.response().headers().get("x-amzn-requestid").map(str::to_owned);
        self.note(|seen| seen.request_id = id);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().map(<[u8]>::to_vec);
        self.note(|seen| seen.body = body);
        Ok(())
    }
}
