//! `http.check` and `http.request`.

use super::Dur;
use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

macro_rules! call {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Address, with `https://` or `http://`.
            pub url: String,
            /// HTTP method; `GET` when absent, `OPTIONS` for a preflight.
            pub method: Option<String>,
            /// Request headers. A value that comes from a secret is redacted everywhere.
            #[serde(default)]
            pub headers: BTreeMap<String, String>,
            /// Request body as text.
            pub body: Option<String>,
            /// Request body as JSON; sets `content-type` when no header does.
            pub json: Option<Value>,
            /// Follow redirects; false when absent.
            #[serde(default)]
            pub follow_redirects: bool,
            /// Longest time for one answer; 30s when absent.
            pub timeout: Option<Dur>,
            $($(#[$field_doc])* pub $field: $kind,)*
        }
    };
}

call!(
    /// `with` of `http.check`.
    HttpCheck {
        /// Ask as a browser does before a cross-origin request (CORS).
        preflight: Option<Preflight>,
        /// Send the request twice and compare the second answer's time with the first's.
        #[serde(default)]
        twice: bool,
        /// The host `task` of `url` is the address of a running task, looked up at each try.
        task: Option<TaskHost>,
    }
);

call!(
    /// `with` of `http.request`.
    HttpRequest {
        /// A phrase that must be typed before the request is sent.
        confirm: String,
    }
);

/// A running task of a service's primary deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskHost {
    /// Cluster name or ARN.
    pub cluster: String,
    /// Service.
    pub service: String,
    /// Which of its addresses; `public` when absent.
    pub address: Option<TaskAddress>,
}

/// Which address of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TaskAddress {
    /// The one that the internet reaches.
    Public,
    /// The one inside its VPC.
    Private,
}

/// A CORS preflight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preflight {
    /// `Origin`, e.g. `https://app.example.com`.
    pub origin: String,
    /// `Access-Control-Request-Method`; `GET` when absent.
    pub method: Option<String>,
    /// `Access-Control-Request-Headers`.
    #[serde(default)]
    pub headers: Vec<String>,
}

/// `expect` of `http.check` and `http.request`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpExpect {
    /// Status code, or a list of those that will do; any below 400 when absent.
    pub status: Option<StatusSet>,
    /// JSON that the body must contain: objects may have more keys, lists and scalars must be equal.
    pub json: Option<Value>,
    /// Texts that the body must contain.
    pub body_contains: Vec<String>,
    /// Texts that the body must not contain.
    pub body_lacks: Vec<String>,
    /// Response headers: a value, `true` for present, `false` for absent.
    pub headers: BTreeMap<String, HeaderRule>,
    /// Host that a redirect must point to.
    pub redirect_host: Option<String>,
    /// Where a redirect must point to, in parts: the authorize URL of a sign-in, for one.
    pub redirect: Option<RedirectRule>,
    /// What `Access-Control-Allow-Origin` must allow: this origin, or `*`.
    pub allow_origin: Option<String>,
    /// What `Access-Control-Allow-Origin` must be: this origin, and not `*`.
    pub allow_origin_exactly: Option<String>,
    /// The `origin` of the preflight must not be allowed, neither by name nor by `*`.
    pub origin_refused: bool,
    /// Headers that `Access-Control-Allow-Headers` must allow.
    pub allow_headers: Vec<String>,
    /// Longest time of the second answer (needs `twice`).
    pub second_faster_than: Option<Dur>,
    /// Longest time of the first answer.
    pub faster_than: Option<Dur>,
}

/// Where a redirect must point to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectRule {
    /// `https` or `http`.
    pub scheme: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Path.
    pub path: Option<String>,
    /// Parameters of the query: a value, `true` for present, `false` for absent.
    pub query: BTreeMap<String, HeaderRule>,
    /// Host of the parameter `redirect_uri`, where a sign-in sends the browser back to.
    pub redirect_uri_host: Option<String>,
    /// Words that the parameter `scope` must contain.
    pub scopes: Vec<String>,
    /// A proof key for the code exchange (PKCE) must be sent, by S256.
    pub pkce: bool,
}

/// One status code or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet(pub Vec<u16>);

impl Serialize for StatusSet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => to.serialize_u16(*one),
            many => to.collect_seq(many),
        }
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let code = |value: &Value| {
            value.as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| (100..600).contains(code))
        };
        let codes = match &value {
            Value::Array(list) => list.iter().map(code).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                code(&value).map(|one| vec![one])
            }
        };
        match codes {
            Some(codes) if !codes.is_empty() => Ok(Self(codes)),
            _ => Err(de::Error::custom(format!(
                "{value} is no status code from 100 to 599, nor a list of them"
            ))),
        }
    }
}

impl JsonSchema for StatusSet {
    fn schema_name() -> Cow<'static, str> {
        "StatusSet".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 100, "maximum": 599 },
            { "type": "array", "minItems": 1, "items": { "type": "integer", "minimum": 100, "maximum": 599 } },
        ] })
    }
}

/// What a response header must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderRule {
    /// Present, whatever its value.
    Present,
    /// Not there.
    Absent,
    /// Equal to this, apart from white space around it.
    Is(String),
}

impl Serialize for HeaderRule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Present => to.serialize_bool(true),
            Self::Absent => to.serialize_bool(false),
            Self::Is(text) => to.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for HeaderRule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::Bool(true) => Ok(Self::Present),
            Value::Bool(false) => Ok(Self::Absent),
            Value::String(text) => Ok(Self::Is(text)),
            Value::Number(number) => Ok(Self::Is(number.to_string())),
            other @ (Value::Null | Value::Array(_) | Value::Object(_)) => Err(de::Error::custom(format!(
                "{other} is no rule for a header: write its value, true or false"
            ))),
        }
    }
}

impl JsonSchema for HeaderRule {
    fn schema_name() -> Cow<'static, str> {
        "HeaderRule".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "boolean", "integer"] })
    }
}

const OUTPUTS: &[OutputSpec] = &[
    OutputSpec { name: "status", doc: "Status code of the (first) answer." },
    OutputSpec { name: "body", doc: "Body of the (first) answer as text, at most 64 KiB, redacted." },
    OutputSpec { name: "json", doc: "Body as JSON, or null." },
    OutputSpec { name: "headers", doc: "Response headers by lowercase name." },
    OutputSpec { name: "milliseconds", doc: "Time of the (first) answer." },
    OutputSpec { name: "second_milliseconds", doc: "Time of the second answer, or null." },
];

pub(super) fn list() -> [KindSpec; 2] {
    [
        KindSpec {
            outputs: OUTPUTS,
            practice: PracticeMode::StandIn,
            ..spec::<HttpCheck, HttpExpect>(
                "http.check",
                "http",
                "A request that changes nothing, and what its answer must be.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: OUTPUTS,
            practice: PracticeMode::StandIn,
            ..spec::<HttpRequest, HttpExpect>(
                "http.request",
                "http",
                "A request that changes something, sent after a typed confirmation.",
                Effect::Once,
            )
        },
    ]
}
