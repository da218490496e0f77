//! Start URLs of a company's own: where they lead.
//!
//! The AWS CLI (2.35.13 and later, `customizations/sso/resolve.py`) asks the address with HEAD, follows one redirect,
//! and takes it when it ends at a host of AWS; the token stays under the configured address. Hosts that it did not
//! know as AWS's could not be used any more (aws-cli#10464, #10502), so here an address that leads nowhere is taken as
//! it stands: AWS decides.

use super::client::{Service, is_replaced};
use super::error::SignInError;
use super::session::SsoSession;
use crate::{Env, http};
use url::{Host, Url};

/// Below these AWS alone has hosts. `amazonaws.com` itself is not among them: anybody has a bucket there.
const OWNED: [&str; 6] = [
    "app.aws",
    "awsapps.com",
    "awsapps.cn",
    "portal.amazonaws.com",
    "portal.amazonaws.com.cn",
    "portal.amazonaws.eu",
];
/// Issuers: names, of which some have no address.
const ISSUERS: [&str; 4] = [
    "identitycenter.amazonaws.com",
    "identitycenter.amazonaws.com.cn",
    "identitycenter.amazonaws.eu",
    "identitycenter.us-gov.amazonaws.com",
];

/// What the services are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Portal {
    pub(crate) start_url: String,
    pub(crate) region: String,
}

/// The portal of a session. Asks the network only for an address of a company's own.
pub(crate) async fn portal_of(env: &Env, session: &SsoSession) -> Result<Portal, SignInError> {
    let configured = Portal { start_url: session.start_url.clone(), region: session.region.clone() };
    let no_portal = |why: String| SignInError::NoPortal { url: session.start_url.clone(), why };
    let url = Url::parse(&session.start_url).map_err(|error| no_portal(error.to_string()))?;
    // Who replaces AWS's endpoints has said where Identity Center is.
    if is_owned(&url) || is_replaced(env, Service::Oidc) {
        return Ok(configured);
    }
    if url.scheme() != "https" {
        return Err(no_portal("it does not begin with https://".to_owned()));
    }
    match http::redirect_of(env, url.as_str()).await {
        Ok(Some(location)) => led(&url, &location, &session.region).map_err(no_portal),
        Ok(None) => Ok(configured),
        Err(why) => {
            tracing::warn!(
                why,
                url = session.start_url,
                "the start URL could not be asked; it is taken as it stands"
            );
            Ok(configured)
        }
    }
}

/// Where a redirect leads.
fn led(from: &Url, location: &str, region: &str) -> Result<Portal, String> {
    let mut to = from.join(location).map_err(|error| format!("it redirects to no address: {error}"))?;
    if to.scheme() != "https" || !is_owned(&to) {
        return Err(format!("it redirects to {}, which is not AWS's", to.host_str().unwrap_or("nowhere")));
    }
    to.set_query(None);
    to.set_fragment(None);
    let region = region_of(to.host_str().unwrap_or_default()).unwrap_or(region).to_owned();
    Ok(Portal { start_url: to.as_str().trim_end_matches('/').to_owned(), region })
}

fn is_owned(url: &Url) -> bool {
    let Some(Host::Domain(host)) = url.host() else { return false };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let below = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|h| h.ends_with('.'));
    ISSUERS.contains(&host.as_str()) || OWNED.iter().any(|domain| below(domain))
}

/// The region in `INSTANCE.portal.REGION.app.aws` and `INSTANCE.REGION.portal.amazonaws.com`.
fn region_of(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        [_, "portal", region, "app", "aws"] | [_, region, "portal", "amazonaws", ..] => Some(region),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_aws_are_known_and_no_others() {
        for (url, owned) in [
            ("https://corp.awsapps.com/start", true),
            ("https://start.us-gov-home.awsapps.com/directory/d-1", true),
            ("https://start.home.awsapps.cn/directory/d-1", true),
            ("https://ssoins-1.portal.eu-west-1.app.aws", true),
            ("https://ssoins-1.cn-north-1.portal.amazonaws.com.cn", true),
            ("https://identitycenter.us-gov.amazonaws.com/ssoins-1", true),
            ("https://IDENTITYCENTER.amazonaws.com./ssoins-1", true),
            ("https://aws.corp.example/start", false),
            ("https://evil.s3.amazonaws.com/start", false),
            ("https://notawsapps.com/start", false),
            ("https://awsapps.com.evil.example/start", false),
            ("https://127.0.0.1/start", false),
        ] {
            assert_eq!(is_owned(&Url::parse(url).unwrap()), owned, "{url}");
        }
    }

    #[test]
    fn a_redirect_is_followed_to_aws_alone() {
        let from = Url::parse("https://aws.corp.example/start").unwrap();
        for (location, expected) in [
            (
                "https://ssoins-1.portal.us-east-2.app.aws/?x=1#y",
                Ok(("https://ssoins-1.portal.us-east-2.app.aws", "us-east-2")),
            ),
            (
                "https://ssoins-1.us-east-2.portal.amazonaws.com/",
                Ok(("https://ssoins-1.us-east-2.portal.amazonaws.com", "us-east-2")),
            ),
            ("https://d-1.awsapps.com/start/", Ok(("https://d-1.awsapps.com/start", "eu-west-1"))),
            ("http://d-1.awsapps.com/start", Err("not AWS's")),
            ("https://evil.example/start", Err("evil.example")),
            ("/elsewhere", Err("aws.corp.example")),
            ("https://[", Err("no address")),
        ] {
            match (led(&from, location, "eu-west-1"), expected) {
                (Ok(portal), Ok((url, region))) => {
                    assert_eq!((portal.start_url.as_str(), portal.region.as_str()), (url, region));
                }
                (Err(why), Err(part)) => assert!(why.contains(part), "{location}: {why}"),
                (found, expected) => panic!("{location}: {found:?}, not {expected:?}"),
            }
        }
    }

    /// Answers that need no network.
    #[tokio::test]
    async fn only_an_address_of_a_company_s_own_is_asked() {
        let replaced = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
        for (vars, url, expected) in [
            (&[][..], "https://corp.awsapps.com/start", Ok("https://corp.awsapps.com/start")),
            (&replaced[..], "https://aws.corp.example/start", Ok("https://aws.corp.example/start")),
            (&replaced[..], "http://aws.corp.example/start", Ok("http://aws.corp.example/start")),
            (&[][..], "http://aws.corp.example/start", Err("https")),
            (&[][..], "corp.example", Err("relative URL")),
            // Nobody listens at port 9 of this machine: AWS decides about what cannot be asked.
            (&[][..], "https://127.0.0.1:9/start", Ok("https://127.0.0.1:9/start")),
        ] {
            let session = SsoSession {
                name: "corp".to_owned(),
                start_url: url.to_owned(),
                region: "eu-west-1".to_owned(),
                scopes: Vec::new(),
                legacy: false,
                profiles: 1,
            };
            let found = portal_of(&Env::new(vars.iter().copied()), &session).await;
            match (found, expected) {
                (Ok(portal), Ok(url)) => {
                    assert_eq!((portal.start_url.as_str(), portal.region.as_str()), (url, "eu-west-1"))
                }
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{url}: {error}"),
                (found, _) => panic!("{url}: {found:?}"),
            }
        }
    }
}
