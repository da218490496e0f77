//! Answers and errors in the form of each service: JSON, query XML, EC2's XML, CBOR, REST JSON, OAuth's, and pages.

use serde_json::{Value, json};

use super::query::{Lists, as_moment, xml};
use super::{cbor, form, is_page, is_rpc, pages};
use crate::aws_error::AwsError;
use crate::core::{Delivery, Reply, Request};
use crate::journal::CallLine;

/// An answer; `host` is the name and port by which the client reached the simulator.
pub(crate) fn success(call: &CallLine, answer: &Value, host: &str) -> Reply {
    if is_page(&call.operation) {
        return page_or_redirect(answer, &call.request_id);
    }
    let id = &call.request_id;
    if call.service == "cloudwatch" {
        return undressed(200, &json!({"operation": call.operation, "answer": answer}), id);
    }
    let (kind, body) = match call.service.as_str() {
        "sts" => {
            ("text/xml", answer_xml(&call.operation, answer, id, "https://sts.amazonaws.com/doc/2011-06-15/"))
        }
        "iam" => {
            ("text/xml", answer_xml(&call.operation, answer, id, "https://iam.amazonaws.com/doc/2010-05-08/"))
        }
        "ec2" => ("text/xml;charset=UTF-8", answer_ec2(&call.operation, answer, id)),
        "rds" => ("text/xml", answer_listed(&call.operation, answer, id, RDS, Lists::Named)),
        "elasticloadbalancing" => {
            ("text/xml", answer_listed(&call.operation, answer, id, BALANCING, Lists::Members))
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
        "sso" | "sso-oidc" | "signin" | "rds-data" => ("application/json", answer.to_string()),
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
    if service == "cloudwatch" {
        let body = json!({"operation": operation, "code": error.code, "message": error.message});
        return undressed(error.status, &body, request_id);
    }
    let named = json!({"__type": error.code, "message": error.message});
    let (kind, body) = match service {
        "sts" => ("text/xml", error_xml(error, request_id, "https://sts.amazonaws.com/doc/2011-06-15/")),
        "iam" => ("text/xml", error_xml(error, request_id, "https://iam.amazonaws.com/doc/2010-05-08/")),
        "ec2" => ("text/xml;charset=UTF-8", error_ec2(error, request_id)),
        "rds" => ("text/xml", error_xml(error, request_id, RDS)),
        "elasticloadbalancing" => ("text/xml", error_xml(error, request_id, BALANCING)),
        "sso-oidc" => {
            let body = json!({"error": oauth_name(&error.code), "error_description": error.message});
            let code = format!("{}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/", error.code);
            return reply(error.status, "application/json", body.to_string(), request_id, Some(&code));
        }
        "sso" => {
            let kind = format!("com.amazonaws.switchboard.portal#{}", error.code);
            ("application/json", json!({"message": error.message, "__type": kind}).to_string())
        }
        // Its name stands in the header alone.
        "rds-data" => ("application/json", json!({"message": error.message}).to_string()),
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

const RDS: &str = "http://rds.amazonaws.com/doc/2014-10-31/";
const BALANCING: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
const CLOUDWATCH: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";
const EC2: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";
/// An answer of a service that speaks several protocols, before it is known by which it was asked.
const UNDRESSED: &str = "application/x-undressed+json";
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

fn undressed(status: u16, body: &Value, request_id: &str) -> Reply {
    reply(status, UNDRESSED, body.to_string(), request_id, None)
}

/// Gives an answer of CloudWatch the form in which it was asked: CBOR, JSON 1.0 or Query. Any other stays as it is.
pub(crate) fn dress(request: &Request, undressed: Reply) -> Reply {
    let header = |name: &str| {
        undressed.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    if header("content-type") != UNDRESSED {
        return undressed;
    }
    let body: Value = serde_json::from_slice(&undressed.body).unwrap_or(Value::Null);
    let id = header("x-amzn-requestid");
    let (status, delivery) = (undressed.status, undressed.delivery);
    let mut reply = match (body["code"].as_str(), is_rpc(request), request.header("x-amz-target")) {
        (None, true, _) => reply_bytes(status, "application/cbor", cbor::write(&body["answer"]), &id),
        // An operation without an output answers an empty object (Smithy, AWS JSON 1.0).
        (None, false, Some(_)) if body["answer"].is_null() => {
            reply(status, JSON_1_0, "{}".to_owned(), &id, None)
        }
        (None, false, Some(_)) => reply(status, JSON_1_0, plain(&body["answer"]).to_string(), &id, None),
        (None, false, None) => {
            let operation = body["operation"].as_str().unwrap_or_default();
            let text = answer_listed(operation, &body["answer"], &id, CLOUDWATCH, Lists::Members);
            reply(status, "text/xml", text, &id, None)
        }
        (Some(code), rpc, target) => {
            let message = body["message"].as_str().unwrap_or_default();
            let named = json!({"__type": format!("com.amazonaws.cloudwatch#{code}"), "message": message});
            let error = AwsError::with_status(code, status, message);
            let mut reply = match (rpc, target) {
                (true, _) => reply_bytes(status, "application/cbor", cbor::write(&named), &id),
                (false, Some(_)) => reply(status, JSON_1_0, named.to_string(), &id, None),
                (false, None) => reply(status, "text/xml", error_xml(&error, &id, CLOUDWATCH), &id, None),
            };
            // By this header a client of the newer protocols finds the code that Query would have had.
            let fault = if status >= 500 { "Receiver" } else { "Sender" };
            reply.headers.push(("x-amzn-query-error".to_owned(), format!("{code};{fault}")));
            reply
        }
    };
    if is_rpc(request) {
        reply.headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned()));
    }
    reply.delivery = delivery;
    reply
}

/// JSON writes moments as epoch seconds.
fn plain(value: &Value) -> Value {
    if let Some(at) = as_moment(value) {
        return json!(crate::clock::epoch_seconds(at));
    }
    if let Some(list) = value.as_array() {
        return list.iter().map(plain).collect();
    }
    match value.as_object() {
        Some(map) => map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), plain(v))).collect(),
        None => value.clone(),
    }
}

fn answer_ec2(operation: &str, answer: &Value, request_id: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"{EC2}\"><requestId>{request_id}</requestId>{}\
         </{operation}Response>",
        xml(answer, Lists::Named)
    )
}

fn error_ec2(error: &AwsError, request_id: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors>\
         <RequestID>{request_id}</RequestID></Response>",
        pages::escaped(&error.code),
        pages::escaped(&error.message)
    )
}

fn answer_listed(operation: &str, answer: &Value, request_id: &str, namespace: &str, lists: Lists) -> String {
    // An operation without an output has no result element.
    let result = if answer.is_null() {
        String::new()
    } else {
        format!("<{operation}Result>{}</{operation}Result>", xml(answer, lists))
    };
    format!(
        "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{request_id}</RequestId>\
         </ResponseMetadata></{operation}Response>"
    )
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

fn reply_bytes(status: u16, kind: &str, body: Vec<u8>, request_id: &str) -> Reply {
    Reply { body, ..reply(status, kind, String::new(), request_id, None) }
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
