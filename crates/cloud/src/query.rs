//! Calls of the Query protocol: EC2, RDS, Elastic Load Balancing and CloudWatch, each a handful of reads; and, by JSON,
//! CloudWatch's changes, the two reads of Parameter Store, whose SDK is among the largest, and statements of the RDS Data API.
//!
//! The SDK's own orchestrator signs and sends them with the credentials, the HTTP client, the time limits and the
//! clock of the configuration, as a generated client would; only the form that goes out and the XML that comes back
//! are ours (docs/adr/0040).

mod data;
mod ec2;
mod endpoint;
mod load_balancers;
mod metrics;
mod parameters;
mod rds;
mod tree;

pub use data::{Rows, Statement};
pub use ec2::{NetworkInterface, Opening, Route, RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint};
pub use load_balancers::TargetHealth;
pub use metrics::{Alarm, Datapoint, Meter};
pub use parameters::ParameterFacts;
pub use rds::{Database, DatabaseCluster};

use crate::wire::{Answer, Carrier, Nature, send, send_seen};
use crate::{CallError, Cloud};
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::identity::{SharedIdentityCache, SharedIdentityResolver};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::SigningRegion;
use aws_types::{SdkConfig, SigningName};
use endpoint::Place;
use tree::Tree;

/// A service that is spoken to in forms, or in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Ec2,
    Rds,
    LoadBalancers,
    CloudWatch,
    /// Systems Manager, of which only Parameter Store is asked.
    Parameters,
    /// The Data API of RDS, by REST.
    Data,
}

impl Service {
    /// The version of its API, as its model says.
    fn version(self) -> &'static str {
        match self {
            Self::Ec2 => "2016-11-15",
            Self::Rds => "2014-10-31",
            Self::LoadBalancers => "2015-12-01",
            Self::CloudWatch => "2010-08-01",
            Self::Parameters => "2014-11-06",
            Self::Data => "2018-08-01",
        }
    }

    /// What it is called in a policy, in a signature's scope and in its host's name; the three agree for these
    /// but for CloudWatch's policies.
    fn signing_name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Rds => "rds",
            Self::LoadBalancers => "elasticloadbalancing",
            Self::CloudWatch => "monitoring",
            Self::Parameters => "ssm",
            Self::Data => "rds-data",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::CloudWatch => "cloudwatch",
            Self::Ec2 | Self::Rds | Self::LoadBalancers | Self::Parameters | Self::Data => {
                self.signing_name()
            }
        }
    }

    /// Its `serviceId`, by which an endpoint of its own is configured.
    fn id(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Rds => "RDS",
            Self::LoadBalancers => "Elastic Load Balancing v2",
            Self::CloudWatch => "CloudWatch",
            Self::Parameters => "SSM",
            Self::Data => "RDS Data",
        }
    }
}

/// What Query calls are made with.
#[derive(Clone)]
pub(crate) struct Query {
    config: SdkConfig,
    limits: TimeoutConfig,
    identities: SharedIdentityCache,
}

/// How a call is written.
#[derive(Debug, Clone)]
enum Speech {
    /// Query: a form goes out, XML comes back.
    Form,
    /// AWS JSON of a version, under this target.
    Json { version: &'static str, target: String },
    /// REST with JSON, at this path.
    Rest { path: &'static str },
}

/// A form: names and values, in order.
pub(crate) type Form = Vec<(String, String)>;

impl Query {
    pub(crate) fn new(config: &SdkConfig, limits: TimeoutConfig) -> Self {
        // A cache of its own, as a generated client has: one that is kept with the client renews before expiry.
        let identities = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        Self { config: config.clone(), limits, identities }
    }

    fn operation(
        &self,
        service: Service,
        operation: &'static str,
        place: &Place,
        carrier: Carrier,
        speech: Speech,
    ) -> Operation<String, (), Refusal> {
        let mut settings = Layer::new("query");
        settings
            .store_put(AuthSchemeOptionResolverParams::new(()))
            .store_put(SigningName::from_static(service.signing_name()))
            .store_put(SigningRegion::from(place.region.clone()))
            .store_put(SigV4OperationSigningConfig::default());
        let mut parts = RuntimeComponentsBuilder::new("query")
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
            .with_identity_cache(Some(self.identities.clone()));
        if let Some(provider) = self.config.credentials_provider() {
            parts.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(provider));
        }
        if let Some(client) = self.config.http_client() {
            parts.set_http_client(Some(client));
        }
        parts.set_sleep_impl(self.config.sleep_impl());
        parts.set_time_source(self.config.time_source());
        parts.push_interceptor(carrier);
        let plugin = StaticRuntimePlugin::new().with_config(settings.freeze()).with_runtime_components(parts);
        let mut builder = Operation::builder()
            .service_name(service.id())
            .operation_name(operation)
            .endpoint_url(&place.url)
            .no_retry()
            .timeout_config(self.limits.clone());
        if let Some(client) = self.config.http_client() {
            builder = builder.http_client(client);
        }
        if let Some(version) = self.config.behavior_version() {
            builder = builder.behavior_version(version);
        }
        builder
            .runtime_plugin(plugin)
            .serializer(move |_: String| request(&speech))
            .deserializer(judged)
            .build()
    }
}

impl Cloud {
    /// Sends a read, by its name (`ec2:DescribeSubnets`), and hands the answer's tree to `read`.
    pub(crate) async fn query<T>(
        &self,
        service: Service,
        operation: &'static str,
        fields: &Form,
        read: impl Fn(Tree<'_>) -> T,
    ) -> Result<T, CallError> {
        let name = format!("{}:{operation}", service.prefix());
        let place = endpoint::place(&self.query.config, service)
            .map_err(|why| CallError::Unreachable { call: name.clone(), why })?;
        let body = form(service, operation, fields);
        let seen = send_seen(Nature::Read, &name, &self.pacer, || {
            let (carrier, seen) = Carrier::new(body.as_bytes());
            let sent = self.query.operation(service, operation, &place, carrier, Speech::Form);
            (async move { sent.invoke(String::new()).await }, seen)
        })
        .await?;
        let bad = |why: String| CallError::Ambiguous { call: name.clone(), why };
        let text =
            String::from_utf8(seen.body.unwrap_or_default()).map_err(|error| bad(error.to_string()))?;
        let document = tree::parse(&text).map_err(|why| bad(format!("its answer is no XML: {why}")))?;
        Ok(read(Tree::of(&document)))
    }

    /// Sends a call of CloudWatch that changes something. `input` is sent as it is.
    pub(crate) async fn change_cloudwatch(
        &self,
        operation: &'static str,
        input: &serde_json::Value,
    ) -> Result<Answer, CallError> {
        let target = format!("GraniteServiceVersion20100801.{operation}");
        self.ask_json(Nature::Change, Service::CloudWatch, operation, target, input).await
    }

    /// Sends a call in JSON.
    async fn ask_json(
        &self,
        nature: Nature,
        service: Service,
        operation: &'static str,
        target: String,
        input: &serde_json::Value,
    ) -> Result<Answer, CallError> {
        // As each model says.
        let version = if service == Service::Parameters { "1.1" } else { "1.0" };
        self.ask(nature, service, operation, &Speech::Json { version, target }, input).await
    }

    /// Sends a call whose input is JSON, in either of the ways that JSON is sent.
    async fn ask(
        &self,
        nature: Nature,
        service: Service,
        operation: &'static str,
        speech: &Speech,
        input: &serde_json::Value,
    ) -> Result<Answer, CallError> {
        let name = format!("{}:{operation}", service.prefix());
        let place = endpoint::place(&self.query.config, service)
            .map_err(|why| CallError::Unreachable { call: name.clone(), why })?;
        let body = input.to_string();
        send(nature, &name, &self.pacer, || {
            let (carrier, seen) = Carrier::new(body.as_bytes());
            let speech = speech.clone();
            let sent = self.query.operation(service, operation, &place, carrier, speech);
            (async move { sent.invoke(String::new()).await }, seen)
        })
        .await
    }

    /// Reads page after page until no further one is announced in `token`, which is sent back as `ask`.
    pub(crate) async fn query_pages<T>(
        &self,
        service: Service,
        operation: &'static str,
        fields: Form,
        (token, ask): (&'static str, &'static str),
        read: impl Fn(Tree<'_>) -> Vec<T>,
    ) -> Result<Vec<T>, CallError> {
        let mut found = Vec::new();
        let mut at: Option<String> = None;
        loop {
            let mut fields = fields.clone();
            fields.extend(at.iter().map(|at| (ask.to_owned(), at.clone())));
            let page = |tree: Tree<'_>| (read(tree), tree.text(token).filter(|token| !token.is_empty()));
            let (items, next) = self.query(service, operation, &fields, page).await?;
            found.extend(items);
            // An endpoint that repeats its token would otherwise be asked for ever.
            if next.is_none() || next == at {
                return Ok(found);
            }
            at = next;
        }
    }
}

/// `Filter.1.Name`, `Filter.1.Value.1` …, as EC2 numbers them.
pub(crate) fn filters(filters: &[(&str, &[String])]) -> Form {
    let mut fields = Form::new();
    for (number, (name, values)) in (1..).zip(filters) {
        fields.push((format!("Filter.{number}.Name"), (*name).to_owned()));
        for (at, value) in (1..).zip(*values) {
            fields.push((format!("Filter.{number}.Value.{at}"), value.clone()));
        }
    }
    fields
}

fn form(service: Service, operation: &str, fields: &Form) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", operation).append_pair("Version", service.version());
    form.extend_pairs(fields);
    form.finish()
}

/// The carrier puts the body in before it is signed.
fn request(speech: &Speech) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_method("POST")?;
    request.set_uri(match speech {
        Speech::Form | Speech::Json { .. } => "/",
        Speech::Rest { path } => path,
    })?;
    match speech {
        Speech::Rest { .. } => {
            request.headers_mut().insert("content-type", "application/json");
        }
        Speech::Form => {
            let form = "application/x-www-form-urlencoded; charset=utf-8";
            request.headers_mut().insert("content-type", form);
        }
        Speech::Json { version, target } => {
            request.headers_mut().insert("content-type", format!("application/x-amz-json-{version}"));
            request.headers_mut().insert("x-amz-target", target.clone());
        }
    }
    Ok(request)
}

/// An error as AWS writes it: code and message in an `Error`, in `Errors` or not.
#[derive(Debug)]
pub(crate) struct Refusal(ErrorMetadata);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

fn judged(response: &HttpResponse) -> Result<(), OrchestratorError<Refusal>> {
    if response.status().is_success() {
        return Ok(());
    }
    let mut meta = ErrorMetadata::builder();
    let body = response.body().bytes().unwrap_or_default();
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(document) = tree::parse(text)
        && let Some((code, message)) = Tree::of(&document).error()
    {
        meta = meta.code(code).message(message);
    } else if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        // An endpoint that does not know the protocol at all may answer in another one. REST names the error in a header,
        // with what the model's own address adds behind a colon.
        let named = response.headers().get("x-amzn-errortype").and_then(|kind| kind.split(':').next());
        let kind = value["__type"].as_str().or(named);
        let kind = kind.and_then(|kind| kind.rsplit('#').next()).map(str::to_owned);
        let message = value["message"].as_str().or(value["Message"].as_str()).map(str::to_owned);
        meta = meta.code(kind.unwrap_or_default()).message(message.unwrap_or_default());
    }
    Err(OrchestratorError::operation(Refusal(meta.build())))
}

#[cfg(test)]
mod tests;
