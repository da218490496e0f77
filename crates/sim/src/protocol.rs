//! Which call a request is: AWS's JSON, query and REST protocols, and the pages that a browser opens.

mod answer;
mod cbor;
mod form;
mod pages;
pub(crate) mod query;

use serde_json::{Map, Value, json};

use crate::aws_error::AwsError;
use crate::core::Request;

pub(crate) use self::answer::{dress, refusal, success};
pub(crate) use self::form::{encoded, fields};
pub(crate) use self::pages::escaped;

/// How a call proves who it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Signature Version 4.
    Signature,
    /// By what it carries: a bearer token, a client's secret, a web identity. Its service judges that.
    Content,
}

/// A call, read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) service: &'static str,
    pub(crate) operation: String,
    pub(crate) input: Value,
    pub(crate) proof: Proof,
}

/// A page for a person's browser, rather than a call of a client.
pub(crate) fn is_page(operation: &str) -> bool {
    ["Authorize", "DevicePage", "DecideDevice", "login"].contains(&operation)
}

/// A path under the admin API that is a page for a person, and goes the way of calls.
pub(crate) fn is_page_path(path: &str) -> bool {
    matches!(path, "/_holdpoint/device" | "/_holdpoint/authorize")
}

/// Service, operation and input of a call; an error names the service in whose protocol to answer.
pub(crate) fn read(request: &Request) -> Result<Read, (&'static str, AwsError)> {
    if let Some(target) = request.header("x-amz-target") {
        return read_json(request, target);
    }
    if is_rpc(request) {
        return read_rpc(request);
    }
    if let Some(read) = read_rest(request) {
        return read;
    }
    let form =
        request.header("content-type").is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"));
    if form {
        return read_query(request);
    }
    Err(("json", AwsError::not_implemented(&request.method, &request.path)))
}

/// Smithy's RPC v2 with CBOR.
fn is_rpc(request: &Request) -> bool {
    request.header("smithy-protocol") == Some("rpc-v2-cbor")
}

/// `/service/<name>/operation/<operation>`.
fn read_rpc(request: &Request) -> Result<Read, (&'static str, AwsError)> {
    let path: Vec<&str> = request.path.split('/').collect();
    let (service, operation) = match path.as_slice() {
        ["", "service", service, "operation", operation] => (*service, *operation),
        _ => return Err(("json", AwsError::not_implemented(&request.method, &request.path))),
    };
    if service != CLOUDWATCH {
        return Err(("json", AwsError::not_implemented(service, operation)));
    }
    let input = cbor::read(&request.body).filter(Value::is_object).ok_or_else(|| {
        ("cloudwatch", AwsError::new("SerializationException", "The request body is not valid CBOR."))
    })?;
    Ok(Read { service: "cloudwatch", operation: operation.to_owned(), input, proof: Proof::Signature })
}

/// The name of CloudWatch's service in its model.
const CLOUDWATCH: &str = "GraniteServiceVersion20100801";

fn read_json(request: &Request, target: &str) -> Result<Read, (&'static str, AwsError)> {
    let (prefix, operation) = target.split_once('.').unwrap_or((target, ""));
    let service = match prefix {
        "AmazonEC2ContainerServiceV20141113" => "ecs",
        "Logs_20140328" => "logs",
        "AmazonEC2ContainerRegistry_V20150921" => "ecr",
        "AppRunner" => "apprunner",
        "secretsmanager" => "secretsmanager",
        "AmazonSSM" => "ssm",
        CLOUDWATCH => "cloudwatch",
        other => return Err(("json", AwsError::not_implemented(other, operation))),
    };
    let input = object(&request.body)
        .map_err(|message| (service, AwsError::new("SerializationException", message)))?;
    Ok(Read { service, operation: operation.to_owned(), input, proof: Proof::Signature })
}

fn read_query(request: &Request) -> Result<Read, (&'static str, AwsError)> {
    let input = fields(&String::from_utf8_lossy(&request.body));
    let operation = input["Action"].as_str().unwrap_or_default().to_owned();
    let service = match input["Version"].as_str() {
        Some("2011-06-15") => "sts",
        Some("2010-05-08") => "iam",
        Some("2016-11-15") => "ec2",
        Some("2014-10-31") => "rds",
        Some("2015-12-01") => "elasticloadbalancing",
        Some("2010-08-01") => "cloudwatch",
        version => {
            let version = version.unwrap_or("without version");
            return Err(("sts", AwsError::not_implemented(&format!("query API {version}"), &operation)));
        }
    };
    let input = if ["sts", "iam"].contains(&service) { input } else { query::nested(&input) };
    let proof = if operation == "AssumeRoleWithWebIdentity" { Proof::Content } else { Proof::Signature };
    Ok(Read { service, operation, input, proof })
}

/// The REST calls of sign-in, and pages; `None` when the request is none of them.
fn read_rest(request: &Request) -> Option<Result<Read, (&'static str, AwsError)>> {
    let query = fields(&request.query);
    let read = |service: &'static str, operation: &str, input: Value| {
        Some(Ok(Read { service, operation: operation.to_owned(), input, proof: Proof::Content }))
    };
    let body = |operation: &str| match object(&request.body) {
        Ok(input) => read("sso-oidc", operation, input),
        Err(message) => Some(Err(("sso-oidc", AwsError::new("InvalidRequestException", message)))),
    };
    if let Some(operation) = data_operation(request) {
        let input = object(&request.body)
            .map_err(|message| ("rds-data", AwsError::new("SerializationException", message)));
        return Some(input.map(|input| Read {
            service: "rds-data",
            operation: operation.to_owned(),
            input,
            proof: Proof::Signature,
        }));
    }
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/client/register") => body("RegisterClient"),
        ("POST", "/device_authorization") => body("StartDeviceAuthorization"),
        ("POST", "/token") if query["aws_iam"].is_null() => body("CreateToken"),
        ("POST", "/token") => {
            Some(Err(("sso-oidc", AwsError::not_implemented("sso-oidc", "CreateTokenWithIAM"))))
        }
        ("GET", "/authorize") => read("sso-oidc", "Authorize", without_decision(query)),
        ("POST", "/_holdpoint/authorize") => {
            read("sso-oidc", "Authorize", fields(&String::from_utf8_lossy(&request.body)))
        }
        ("GET", "/_holdpoint/device") => read("sso-oidc", "DevicePage", query),
        ("POST", "/_holdpoint/device") => {
            read("sso-oidc", "DecideDevice", fields(&String::from_utf8_lossy(&request.body)))
        }
        ("GET", "/assignment/accounts") => read("sso", "ListAccounts", portal_input(request, &query)),
        ("GET", "/assignment/roles") => read("sso", "ListAccountRoles", portal_input(request, &query)),
        ("GET", "/federation/credentials") => {
            read("sso", "GetRoleCredentials", portal_input(request, &query))
        }
        ("POST", "/logout") => read("sso", "Logout", portal_input(request, &query)),
        ("GET", "/federation") => {
            let action = query["Action"].as_str().unwrap_or_default().to_owned();
            read("signin", &action, query)
        }
        ("POST", "/federation") => {
            let input = fields(&String::from_utf8_lossy(&request.body));
            let action = input["Action"].as_str().unwrap_or_default().to_owned();
            read("signin", &action, input)
        }
        _ => None,
    }
}

/// The operation of the RDS Data API that a path is.
fn data_operation(request: &Request) -> Option<&'static str> {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/Execute") => Some("ExecuteStatement"),
        ("POST", "/BatchExecute") => Some("BatchExecuteStatement"),
        ("POST", "/BeginTransaction") => Some("BeginTransaction"),
        ("POST", "/CommitTransaction") => Some("CommitTransaction"),
        ("POST", "/RollbackTransaction") => Some("RollbackTransaction"),
        ("POST", "/ExecuteSql") => Some("ExecuteSql"),
        _ => None,
    }
}

/// What the browser is sent with decides nothing: that is for the page's form, or for the switch of a test.
fn without_decision(mut query: Value) -> Value {
    if let Some(map) = query.as_object_mut() {
        map.remove("decision");
        map.remove("person");
    }
    query
}

/// The portal's input by the names of its model; the token travels in a header.
fn portal_input(request: &Request, query: &Value) -> Value {
    let mut input = Map::new();
    if let Some(token) = request.header("x-amz-sso_bearer_token") {
        input.insert("accessToken".to_owned(), json!(token));
    }
    for (name, member) in [
        ("account_id", "accountId"),
        ("role_name", "roleName"),
        ("next_token", "nextToken"),
        ("max_result", "maxResults"),
    ] {
        if let Some(value) = query[name].as_str() {
            input.insert(member.to_owned(), json!(value));
        }
    }
    Value::Object(input)
}

fn object(body: &[u8]) -> Result<Value, &'static str> {
    let body = if body.is_empty() { b"{}" } else { body };
    let input: Value = serde_json::from_slice(body).map_err(|_| "The request body is not valid JSON.")?;
    if input.is_object() { Ok(input) } else { Err("The request body is not a JSON object.") }
}
