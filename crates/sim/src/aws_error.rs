//! An error as AWS answers it: a code, an HTTP status, a message.

use serde::{Deserialize, Serialize};

/// What a client sees as a typed exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwsError {
    pub(crate) code: String,
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl AwsError {
    /// A client error (HTTP 400), which is what nearly every ECS and Logs error is.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), status: 400, message: message.into() }
    }

    pub(crate) fn with_status(code: &str, status: u16, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), status, message: message.into() }
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterException", message)
    }

    pub(crate) fn client(message: impl Into<String>) -> Self {
        Self::new("ClientException", message)
    }

    /// What the simulator does not do, said by name so that nobody takes silence for success.
    pub(crate) fn not_implemented(service: &str, operation: &str) -> Self {
        Self::with_status(
            "UnknownOperationException",
            501,
            format!("holdpoint simulator does not implement {service}:{operation}"),
        )
    }
}
