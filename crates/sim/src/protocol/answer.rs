//! Answers and errors in the form of each service: JSON 1.1, query XML, REST JSON, OAuth's, and pages.

use serde_json::{Value, json};

use super::{form, is_page, pages};
use crate::aws_error::AwsError;
use crate::core::{Delivery, Reply};
use crate::journal::CallLine;

/// An answer; `host` is the name and port by which the client reached the simulator.
pub(crate) fn success(call: &CallLine, answer: &Value, host: &str) -> Reply {
    if is_page(&call.operation) {
        return page_or_redirect(answer, &call.request_id);
    }
    let id = &call.request_id;
    let (kind, body) = match call.service.as_str() {
        "sts" => {
            ("text/xml", answer_xml(&call.operation, answer, id, "https://sts.amazonaws.com/doc/2011-06-15/"))
        }
        "iam" => {
            ("text/xml", answer_xml(&call.operation, answer, id, "https://iam.amazonaws.com/doc/2010-05-08/"))
        }
        "sso-oidc" if call.operation == "StartDeviceAuthorization" => {
            ("application/json", with_addresses(answer, host).to_string())
        }
        "ecr" if call.operation == "GetDownloadUrlForLayer" => {
            let mut answer = answer.clone();
            let path = answer["downloadUrl"].as_str().unwrap_or_default().to_owned();
            answer["downloadUrl"] = json!(format!("http://{host}{path}"));
            ("application/x-amz-json-1.1", answer.to_string())
        }
        "sso" if answer.is_null() => ("application/json", String::new()),
        "sso" | "sso-oidc" | "signin" => ("application/json", answer.to_string()),
        "apprunner" => (JSON_1_0, answer.to_string()),
        _ => (JSON_1_1, answer.to_string()),
    };
    reply(200, kind, body, id, None)
}

/// A refusal of `service`; `operation` tells pages from calls.
pub(crate) fn refusal(service: &str, operation: &str, error: &AwsError, request_id: &str) -> Reply {
    if is_page(operation) || service == "signin" {
        return reply(error.status, HTML, pages::refused(&error.message), request_id, None);
    }
    let named = json!({"__type": error.code, "message": error.message});
    let (kind, body) = match service {
        "sts" => ("text/xml", error_xml(error, request_id, "https://sts.amazonaws.com/doc/2011-06-15/")),
        "iam" => ("text/xml", error_xml(error, request_id, "https://iam.amazonaws.com/doc/2010-05-08/")),
        "sso-oidc" => {
            let body = json!({"error": oauth_name(&error.code), "error_description": error.message});
            let code = format!("{}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/", error.code);
            return reply(error.status, "application/json", body.to_string(), request_id, Some(&code));
        }
        "sso" => {
            let kind = format!("com.amazonaws.switchboard.portal#{}", error.code);
            ("application/json", json!({"message": error.message, "__type": kind}).to_string())
        }
        // Their models write the member with a capital; what refuses before them does not.
        "apprunner" | "secretsmanager" if is_of_model(&error.code) => {
            let version = if service == "apprunner" { JSON_1_0 } else { JSON_1_1 };
            (version, json!({"__type": error.code, "Message": error.message}).to_string())
        }
        "apprunner" => (JSON_1_0, named.to_string()),
        _ => (JSON_1_1, named.to_string()),
    };
    reply(error.status, kind, body, request_id, Some(&error.code))
}

const JSON_1_0: &str = "application/x-amz-json-1.0";
const JSON_1_1: &str = "application/x-amz-json-1.1";

/// Whether a service throws it by itself, rather than what stands before it.
fn is_of_model(code: &str) -> bool {
    ["InvalidRequest", "InvalidState", "InvalidParameter", "InvalidNextToken", "Resource", "ServiceQuota"]
        .iter()
        .any(|start| code.starts_with(start))
}

const HTML: &str = "text/html; charset=utf-8";

/// `{"location"}` leads on; anything else is a page's content.
fn page_or_redirect(answer: &Value, request_id: &str) -> Reply {
    match answer["location"].as_str() {
        Some(location) => {
            let mut reply = reply(302, HTML, String::new(), request_id, None);
            reply.headers.push(("location".to_owned(), location.to_owned()));
            reply
        }
        None => reply(200, HTML, pages::page(answer), request_id, None),
    }
}

/// The world does not know its own port; the addresses of a device's approval get the one that was asked.
fn with_addresses(answer: &Value, host: &str) -> Value {
    let mut answer = answer.clone();
    let address = format!("http://{host}/_holdpoint/device");
    let code = form::encoded(answer["userCode"].as_str().unwrap_or_default());
    answer["verificationUri"] = json!(address);
    answer["verificationUriComplete"] = json!(format!("{address}?user_code={code}"));
    answer
}

/// The `error` of OAuth (RFC 6749, 8628) that an exception of SSO OIDC carries.
fn oauth_name(code: &str) -> String {
    if code == "InternalServerException" {
        return "server_error".to_owned();
    }
    let mut name = String::new();
    for c in code.trim_end_matches("Exception").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

fn answer_xml(operation: &str, answer: &Value, request_id: &str, namespace: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{}</{operation}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>",
        elements(answer)
    )
}

fn error_xml(error: &AwsError, request_id: &str, namespace: &str) -> String {
    let fault = if error.status >= 500 { "Receiver" } else { "Sender" };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        pages::escaped(&error.code),
        pages::escaped(&error.message)
    )
}

/// An object's members as elements; a list is `member` elements.
fn elements(value: &Value) -> String {
    if let Some(list) = value.as_array() {
        return list.iter().map(|item| format!("<member>{}</member>", elements(item))).collect();
    }
    match value.as_object() {
        Some(map) => {
            map.iter().map(|(name, member)| format!("<{name}>{}</{name}>", elements(member))).collect()
        }
        None => pages::escaped(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    }
}

fn reply(status: u16, kind: &str, body: String, request_id: &str, code: Option<&str>) -> Reply {
    let mut headers = vec![
        ("content-type".to_owned(), kind.to_owned()),
        ("x-amzn-requestid".to_owned(), request_id.to_owned()),
    ];
    if kind == HTML {
        // Nothing on these pages needs more, and no other page may frame them.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        headers.push(("content-security-policy".to_owned(), policy.to_owned()));
        headers.push(("cache-control".to_owned(), "no-store".to_owned()));
        headers.push(("referrer-policy".to_owned(), "no-referrer".to_owned()));
    }
    if let Some(code) = code {
        headers.push(("x-amzn-errortype".to_owned(), code.to_owned()));
    }
    Reply { status, headers, body: body.into(), delivery: Delivery::Whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_have_their_name_in_oauth() {
        for (code, name) in [
            ("AuthorizationPendingException", "authorization_pending"),
            ("SlowDownException", "slow_down"),
            ("InvalidGrantException", "invalid_grant"),
            ("ExpiredTokenException", "expired_token"),
            ("UnsupportedGrantTypeException", "unsupported_grant_type"),
            ("InternalServerException", "server_error"),
        ] {
            assert_eq!(oauth_name(code), name);
        }
    }

    #[test]
    fn lists_and_text_become_elements() {
        let answer = json!({"AccountAliases": ["a&b"], "IsTruncated": false});
        assert_eq!(
            elements(&answer),
            "<AccountAliases><member>a&amp;b</member></AccountAliases><IsTruncated>false</IsTruncated>"
        );
    }
}
