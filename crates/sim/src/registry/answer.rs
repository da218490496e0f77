//! What a registry answers: bodies from memory or from a file, and errors in the form of the distribution specification.

use hyper::header::HeaderValue;
use serde_json::json;

/// A refusal, as `{"errors": [{"code", "message", "detail"}]}`, or in plain text where a registry's front says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// Empty: the message is the whole body.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), headers: Vec::new() }
    }

    pub(crate) fn plain(status: u16, text: &str) -> Self {
        Self::new(status, "", text)
    }

    pub(crate) fn challenged(self, challenge: String) -> Self {
        self.with("www-authenticate", challenge)
    }

    pub(crate) fn with(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    pub(crate) fn answer(&self) -> Answer {
        let (kind, body) = if self.code.is_empty() {
            ("text/plain; charset=utf-8", self.message.clone())
        } else {
            let error = json!({"code": self.code, "message": self.message, "detail": null});
            ("application/json; charset=utf-8", json!({ "errors": [error] }).to_string())
        };
        let mut answer = Answer::of(self.status).with("content-type", kind);
        for (name, value) in &self.headers {
            answer = answer.with(name, value);
        }
        answer.body = Content::Bytes(body.into_bytes());
        answer
    }
}

/// Where the bytes of an answer are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    /// Part of a file.
    File {
        path: std::path::PathBuf,
        from: u64,
        length: u64,
    },
}

impl Content {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }
}

/// An answer that is not sent yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, HeaderValue)>,
    pub(crate) body: Content,
}

impl Answer {
    pub(crate) fn of(status: u16) -> Self {
        let answer = Self { status, headers: Vec::new(), body: Content::Bytes(Vec::new()) };
        answer.with("docker-distribution-api-version", "registry/2.0")
    }

    /// A header; one whose value cannot travel is left out.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name.to_owned(), value));
        }
        self
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let mut answer = Self::of(status).with("content-type", "application/json");
        answer.body = Content::Bytes(body.to_string().into_bytes());
        answer
    }
}
