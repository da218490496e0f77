//! How each service says that it does not let somebody in: the codes of the JSON services, of the Query services, and EC2's own.

use crate::aws_error::AwsError;
use crate::journal::CallLine;
use crate::world::World;

/// Why a call is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused<'a> {
    Unsigned,
    /// The header of the signature lacks something.
    Incomplete,
    /// Nobody has this access key, or not with this token.
    Unknown,
    Signature(&'a str),
    Expired,
}

/// The name under which a service is signed for.
pub(crate) fn signing_name(service: &str) -> &str {
    if service == "cloudwatch" { "monitoring" } else { service }
}

/// The refusal in the service's words.
pub(crate) fn refused(service: &str, why: Refused<'_>) -> AwsError {
    if service == "ec2" {
        return match why {
            Refused::Unsigned => AwsError::with_status(
                "MissingAuthenticationToken",
                403,
                "Request is missing Authentication Token",
            ),
            Refused::Expired => AwsError::new("RequestExpired", "Request has expired."),
            Refused::Incomplete | Refused::Unknown | Refused::Signature(_) => AwsError::with_status(
                "AuthFailure",
                401,
                "AWS was not able to validate the provided access credentials",
            ),
        };
    }
    let (query, json, message) = match why {
        Refused::Unsigned => (
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            if is_query(service) {
                "Request is missing Authentication Token"
            } else {
                "Missing Authentication Token"
            },
        ),
        Refused::Incomplete => (
            "IncompleteSignature",
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.",
        ),
        Refused::Unknown => (
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Refused::Signature(message) => ("SignatureDoesNotMatch", "InvalidSignatureException", message),
        Refused::Expired => {
            ("ExpiredToken", "ExpiredTokenException", "The security token included in the request is expired")
        }
    };
    if is_query(service) { AwsError::with_status(query, 403, message) } else { AwsError::new(json, message) }
}

/// A throttled call, named as the service names it.
pub(crate) fn throttled(service: &str, status: u16, message: &str) -> AwsError {
    match service {
        "sso" => AwsError::with_status("TooManyRequestsException", 429, message),
        "ec2" => AwsError::with_status("RequestLimitExceeded", 503, "Request limit exceeded."),
        service if is_query(service) => AwsError::with_status("Throttling", status, message),
        _ => AwsError::with_status("ThrottlingException", status, message),
    }
}

/// Whether an error says that calls come too fast.
pub(crate) fn is_throttling(error: &AwsError) -> bool {
    error.code.starts_with("Throttling")
        || ["TooManyRequestsException", "RequestLimitExceeded"].contains(&error.code.as_str())
}

/// The refusal of a call that no policy allows.
pub(crate) fn denied(call: &CallLine, world: &World) -> AwsError {
    match call.service.as_str() {
        "sso" => return AwsError::with_status("ForbiddenException", 403, "No access"),
        "sso-oidc" => return AwsError::new("AccessDeniedException", "Access denied"),
        _ => {}
    }
    let message = format!(
        "User: {} is not authorized to perform: {}:{} on resource: {} because no identity-based policy allows the {}:{} action",
        call.caller.arn,
        call.service,
        call.operation,
        resource(call, world),
        call.service,
        call.operation
    );
    match call.service.as_str() {
        "ec2" => AwsError::with_status(
            "UnauthorizedOperation",
            403,
            format!("You are not authorized to perform this operation. {message}"),
        ),
        service if is_query(service) => AwsError::with_status("AccessDenied", 403, message),
        "rds-data" => AwsError::with_status("AccessDeniedException", 403, message),
        _ => AwsError::new("AccessDeniedException", message),
    }
}

fn resource(call: &CallLine, world: &World) -> String {
    let place = format!("arn:aws:{}:{}:{}", call.service, call.region, call.caller.account);
    let text = |member: &str, default: &str| call.input[member].as_str().unwrap_or(default).to_owned();
    let bare = |reference: String| reference.rsplit('/').next().unwrap_or_default().to_owned();
    match (call.service.as_str(), call.operation.as_str()) {
        ("ecs", "UpdateService" | "DeleteService") => {
            format!("{place}:service/{}/{}", bare(text("cluster", "default")), bare(text("service", "")))
        }
        ("ecs", "CreateService") => {
            format!("{place}:service/{}/{}", bare(text("cluster", "default")), text("serviceName", ""))
        }
        ("ecs", "RegisterTaskDefinition") => {
            let family = text("family", "");
            let estate = world.estates.get(&(call.caller.account.clone(), call.region.clone()));
            let revision =
                estate.and_then(|e| e.ecs.families.get(&family)?.last()).map_or(1, |d| d.revision + 1);
            format!("{place}:task-definition/{family}:{revision}")
        }
        ("apprunner", "CreateService") => format!("{place}:service/{}/*", text("ServiceName", "")),
        ("apprunner", _) => text("ServiceArn", "*"),
        ("secretsmanager", _) => text("SecretId", "*"),
        ("rds-data", _) => text("resourceArn", "*"),
        ("ssm", _) if call.input["Name"].is_string() => {
            format!("{place}:parameter/{}", text("Name", "").trim_start_matches('/'))
        }
        _ if call.service == "ecr" && call.input["repositoryName"].is_string() => {
            format!("{place}:repository/{}", text("repositoryName", ""))
        }
        _ => "*".to_owned(),
    }
}

/// Services whose errors are named without a suffix.
fn is_query(service: &str) -> bool {
    ["sts", "iam", "rds", "elasticloadbalancing", "cloudwatch"].contains(&service)
}
