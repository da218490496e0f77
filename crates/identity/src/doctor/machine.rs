//! The machine: tools, proxies, certificates, the clock.

use super::{Code, Examine, Finding, Repair, Weight};
use crate::{Env, http};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Tools that plans use, and what for.
const TOOLS: [(&str, &str); 5] = [
    ("aws", "scripts of plans, and sign-ins from a shell"),
    ("docker", "steps that build or push images"),
    ("terraform", "steps that apply Terraform"),
    ("git", "the revision of a plan, and steps that check out sources"),
    ("jq", "scripts of plans that read JSON"),
];

/// AWS refuses signatures that are more than five minutes off; this leaves room for the way there.
const REFUSED: Duration = Duration::from_secs(270);
/// Worth a word: a laptop's clock is right within a second.
const ODD: Duration = Duration::from_secs(30);

/// Examines tools, proxies and certificates.
pub(super) fn examine(with: &Examine<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (tool, what_for) in TOOLS {
        if program(with.env, tool).is_none() {
            let said = format!("`{tool}` is not on the PATH; needed for {what_for}");
            found.push(Finding::new(Code::ToolMissing, Weight::Note, said));
        }
    }
    if found.is_empty() {
        found.push(Finding::fine(Code::ToolMissing, "the tools that plans often use are installed"));
    }
    proxies(with.env, &mut found);
    certificates(with.env, &mut found);
    found
}

/// A program on the environment's PATH.
pub(super) fn program(env: &Env, name: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
    std::env::split_paths(env.os("PATH")?)
        .flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))))
        .find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

fn proxies(env: &Env, found: &mut Vec<Finding>) {
    if let Err(bad) = http::live(env) {
        found.push(Finding::new(Code::ProxyBad, Weight::Problem, bad.to_string()));
    }
    let set = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let Some(variable) = set.into_iter().find(|variable| env.get(variable).is_some()) else { return };
    let except = env.get("NO_PROXY").or_else(|| env.get("no_proxy")).unwrap_or_default();
    let excepts = |host: &str| except.split(',').map(str::trim).any(|rule| rule == "*" || rule == host);
    // Some clients read 127.0.0.0/8, and some only the address itself.
    let missing: Vec<_> = ["127.0.0.1", "localhost"].into_iter().filter(|host| !excepts(host)).collect();
    if missing.is_empty() {
        found.push(Finding::fine(
            Code::ProxyLoopback,
            format!("{variable} is set, and this machine is excepted from it"),
        ));
        return;
    }
    let said = format!(
        "{variable} is set and NO_PROXY does not except {}: tools would ask the proxy for the credentials that this machine hands out",
        missing.join(" and ")
    );
    let rules = [except, "127.0.0.1", "localhost", "169.254.169.254", "169.254.170.2"];
    let rules: Vec<_> = rules.into_iter().filter(|rule| !rule.is_empty()).collect();
    let command = format!("export NO_PROXY='{}'", rules.join(","));
    found.push(Finding::new(Code::ProxyLoopback, Weight::Warning, said).with(Repair::Command(command)));
}

fn certificates(env: &Env, found: &mut Vec<Finding>) {
    let variables =
        ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];
    for variable in variables {
        let Some(path) = env.get(variable).map(PathBuf::from) else { continue };
        let why = match std::fs::read(&path) {
            Ok(bytes) if bytes.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") => None,
            Ok(_) => Some("it has no certificate in it".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            let said = format!(
                "{variable} names {}, and {why}: name a PEM file of certificates, or unset it",
                path.display()
            );
            let finding = Finding::new(Code::CaBundle, Weight::Problem, said).at(&path, None);
            found.push(finding.with(Repair::Command(format!("unset {variable}"))));
        }
    }
}

/// Compares the clock with that of the endpoint that would be called, by an unsigned request.
pub(super) async fn clock(with: &Examine<'_>) -> Vec<Finding> {
    if with.patience == Duration::ZERO {
        return Vec::new();
    }
    let env = with.env;
    let region = env.get("AWS_REGION").or_else(|| env.get("AWS_DEFAULT_REGION")).unwrap_or("us-east-1");
    let is_region = region.len() < 40
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let region = if is_region { region } else { "us-east-1" };
    let override_url = env.get("AWS_ENDPOINT_URL_STS").or_else(|| env.get("AWS_ENDPOINT_URL"));
    let url = override_url.map_or_else(|| format!("https://sts.{region}.{domain}/"), str::to_owned);
    let host = url.split("://").nth(1).unwrap_or(&url).split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default().to_owned();
    vec![match date_of(env, &url, with.patience).await {
        Ok(theirs) => compare(&host, with.now, theirs),
        Err(why) => {
            let said = format!(
                "{host} did not tell the time ({why}); when this machine is online, check proxy and firewall"
            );
            Finding::new(Code::ClockUnknown, Weight::Note, said)
        }
    }]
}

fn compare(host: &str, ours: SystemTime, theirs: SystemTime) -> Finding {
    let (off, how) = match ours.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let said = format!("this machine's clock is {} seconds {how} that of {host}", off.as_secs());
    if off > REFUSED {
        let said = format!(
            "{said}: AWS refuses signatures that are five minutes off; switch on the automatic setting of the time"
        );
        Finding::new(Code::ClockSkew, Weight::Problem, said)
    } else if off > ODD {
        Finding::new(
            Code::ClockSkew,
            Weight::Warning,
            format!("{said}: set it before AWS refuses its signatures"),
        )
    } else {
        Finding::fine(Code::ClockSkew, format!("this machine's clock agrees with that of {host}"))
    }
}

async fn date_of(env: &Env, url: &str, patience: Duration) -> Result<SystemTime, String> {
    let connector = http::connector(env, patience).map_err(|bad| bad.to_string())?;
    let mut request = HttpRequest::empty();
    request.set_method("HEAD").map_err(|error| error.to_string())?;
    request.set_uri(url).map_err(|_| "its address is no URL".to_owned())?;
    let answer = tokio::time::timeout(patience, connector.call(request)).await;
    let answer = answer.map_err(|_| "no answer in time".to_owned())?;
    let answer = answer.map_err(|error| crate::whoami::in_words(&error))?;
    let date = answer.headers().get("date").ok_or("its answer has no date")?;
    let date = DateTime::from_str(date, Format::HttpDate).map_err(|_| "its date is none".to_owned())?;
    SystemTime::try_from(date).map_err(|_| "its date is none".to_owned())
}
