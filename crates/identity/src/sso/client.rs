//! Calls to Identity Center, which nobody signs: endpoints, proxies and trust of the environment, and nothing else.

use super::error::Trouble;
use crate::Env;
use crate::http;
use crate::whoami::in_words;
use aws_sdk_ssooidc::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_ssooidc::config::{BehaviorVersion, Region};
use aws_sdk_ssooidc::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use std::time::Duration;

/// A service of Identity Center, as the variables of endpoints name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Registration and tokens.
    Oidc,
    /// The access portal: accounts, roles, role credentials.
    Portal,
}

impl Service {
    fn variable(self) -> &'static str {
        match self {
            Self::Oidc => "AWS_ENDPOINT_URL_SSO_OIDC",
            Self::Portal => "AWS_ENDPOINT_URL_SSO",
        }
    }

    /// The first label of its host.
    fn label(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Portal => "portal.sso",
        }
    }

    /// The endpoint that the environment puts in the place of AWS's own.
    fn replaced(self, env: &Env) -> Option<&str> {
        if env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|set| set.eq_ignore_ascii_case("true"))
        {
            return None;
        }
        env.get(self.variable()).or_else(|| env.get("AWS_ENDPOINT_URL")).map(|url| url.trim_end_matches('/'))
    }
}

/// The configuration of a service's client. Files of profiles are not asked: a session belongs to none of them.
pub(crate) fn sdk_config(
    env: &Env,
    service: Service,
    region: &str,
    attempts: u32,
) -> Result<SdkConfig, Trouble> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(20))
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .timeout_config(timeouts)
        .use_fips(is_on(env, "AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_on(env, "AWS_USE_DUALSTACK_ENDPOINT"))
        .http_client(http::live(env)?);
    config.set_endpoint_url(service.replaced(env).map(str::to_owned));
    Ok(config.build())
}

/// A service's address, as the SDK's own rules have it: every partition has its own domains.
pub(crate) async fn endpoint(env: &Env, service: Service, region: &str) -> String {
    if let Some(replaced) = service.replaced(env) {
        return replaced.to_owned();
    }
    // The rules of both services differ by the first label alone.
    let params = Params::builder()
        .region(region)
        .use_fips(is_on(env, "AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_on(env, "AWS_USE_DUALSTACK_ENDPOINT"))
        .build();
    let resolver = DefaultResolver::new();
    let resolved = match &params {
        Ok(params) => ResolveEndpoint::resolve_endpoint(&resolver, params).await.ok(),
        Err(_) => None,
    };
    // A region that the rules do not know: what AWS's newest regions are called until the SDK learns them.
    let url = resolved
        .map_or_else(|| format!("https://oidc.{region}.amazonaws.com"), |endpoint| endpoint.url().to_owned());
    url.trim_end_matches('/').replacen("://oidc", &format!("://{}", service.label()), 1)
}

/// Whether the environment puts an endpoint in the place of AWS's own.
pub(crate) fn is_replaced(env: &Env, service: Service) -> bool {
    service.replaced(env).is_some()
}

/// What a failed call means where nobody knows better.
pub(crate) fn trouble<E>(endpoint: &str, error: &SdkError<E, HttpResponse>) -> Trouble
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let endpoint = endpoint.to_owned();
    if let Some(answer) = error.as_service_error() {
        let code = answer.code().unwrap_or_default();
        let status = error.raw_response().map(|response| response.status().as_u16());
        let is_throttle =
            ["SlowDownException", "TooManyRequestsException", "ThrottlingException"].contains(&code);
        if is_throttle || status == Some(429) {
            return Trouble::Throttled { endpoint };
        }
        return Trouble::Answered { endpoint, why: words_of(answer, status) };
    }
    if let Some(response) = error.raw_response() {
        let why = format!("HTTP {} that is no answer of AWS (a proxy's page?)", response.status().as_u16());
        return Trouble::Answered { endpoint, why };
    }
    Trouble::Unreachable { endpoint, why: in_words(error) }
}

/// Code and words of an answer, as far as there are any.
pub(crate) fn words_of(answer: &impl ProvideErrorMetadata, status: Option<u16>) -> String {
    match (answer.code(), answer.message(), status) {
        (Some(code), Some(message), _) if !message.is_empty() => format!("{code}: {message}"),
        (Some(code), _, _) => code.to_owned(),
        (None, Some(message), _) if !message.is_empty() => message.to_owned(),
        (None, _, Some(status)) => format!("HTTP {status}"),
        (None, _, None) => "an error without a name".to_owned(),
    }
}

fn is_on(env: &Env, name: &str) -> bool {
    env.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_partition_has_its_own_domain_and_the_environment_may_replace_it() {
        for (vars, region, oidc, portal) in [
            (
                vec![],
                "eu-west-1",
                "https://oidc.eu-west-1.amazonaws.com",
                "https://portal.sso.eu-west-1.amazonaws.com",
            ),
            (
                vec![],
                "cn-north-1",
                "https://oidc.cn-north-1.amazonaws.com.cn",
                "https://portal.sso.cn-north-1.amazonaws.com.cn",
            ),
            (
                vec![],
                "us-gov-west-1",
                "https://oidc.us-gov-west-1.amazonaws.com",
                "https://portal.sso.us-gov-west-1.amazonaws.com",
            ),
            (
                vec![],
                "eusc-de-east-1",
                "https://oidc.eusc-de-east-1.amazonaws.eu",
                "https://portal.sso.eusc-de-east-1.amazonaws.eu",
            ),
            (
                vec![("AWS_USE_FIPS_ENDPOINT", "true")],
                "us-east-1",
                "https://oidc-fips.us-east-1.amazonaws.com",
                "https://portal.sso-fips.us-east-1.amazonaws.com",
            ),
            (
                vec![
                    ("AWS_ENDPOINT_URL", "http://127.0.0.1:7/"),
                    ("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:8"),
                ],
                "eu-west-1",
                "http://127.0.0.1:7",
                "http://127.0.0.1:8",
            ),
            (
                vec![
                    ("AWS_ENDPOINT_URL", "http://127.0.0.1:7"),
                    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
                ],
                "eu-west-1",
                "https://oidc.eu-west-1.amazonaws.com",
                "https://portal.sso.eu-west-1.amazonaws.com",
            ),
        ] {
            let env = Env::new(vars);
            assert_eq!(endpoint(&env, Service::Oidc, region).await, oidc);
            assert_eq!(endpoint(&env, Service::Portal, region).await, portal);
        }
    }
}
