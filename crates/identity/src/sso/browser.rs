//! Sign-in by a browser on this machine: authorization code with PKCE (RFC 7636), returned to loopback (RFC 8252).

use super::client::{self, Service};
use super::device;
use super::document::Document;
use super::error::{SignInError, Trouble};
use super::events::SignInEvent;
use super::landing::{Landed, Landing};
use super::registration::{Registration, scopes_for};
use super::session::SsoSession;
use super::sign_in::UnderWay;
use super::standing::Keeping;
use super::tokens::Desk;
use super::vanity::Portal;
use aws_sdk_ssooidc::error::ProvideErrorMetadata as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use url::Url;

/// The address that is registered: AWS takes any port of it.
const REDIRECT: &str = "http://127.0.0.1/oauth/callback";
const GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];

/// How it ended.
pub(crate) enum Came {
    Back(Box<Document>),
    /// Nobody could open a browser, and why.
    NoBrowser(String),
}

pub(crate) async fn sign_in(
    desk: &Desk,
    session: &SsoSession,
    portal: &Portal,
    keeping: Keeping,
    under: &UnderWay,
) -> Result<Came, SignInError> {
    let registration = registered(desk, session, portal, keeping).await?;
    let state = random(32)?;
    // 64 characters, of those that RFC 7636 allows.
    let verifier = random(48)?;
    // Listening before the address is given out: a browser that already knows the person is back at once.
    let mut landing = Landing::open(&state).await?;
    let redirect = landing.address();
    let endpoint = client::endpoint(&desk.env, Service::Oidc, &portal.region).await;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let url = authorize(&endpoint, &registration.id, &redirect, &state, &scopes_for(session), &challenge)?;
    let unproven = Unproven { desk, session, keeping, client: &registration.id, is_forgotten: true };
    under.tell(SignInEvent::Open { url });
    let mut no_browser = under.no_browser.subscribe();
    let patience = desk.patience;
    let waited = tokio::time::timeout(patience, async {
        loop {
            tokio::select! {
                landed = landing.next() => match landed {
                    Landed::Code(code) => return Ok(Ok(code)),
                    Landed::Error { error, why } => return Err(refused(session, &error, why)),
                    Landed::Foreign => under.tell(SignInEvent::Foreign),
                },
                Ok(why) = no_browser.wait_for(Option::is_some) => {
                    return Ok(Err(why.clone().unwrap_or_default()));
                }
            }
        }
    })
    .await;
    let code = match waited {
        Ok(Ok(Ok(code))) => {
            unproven.keep();
            code
        }
        // No page was asked for it: nothing is known, and the code registers a client of its own.
        Ok(Ok(Err(why))) => {
            unproven.keep();
            return Ok(Came::NoBrowser(why));
        }
        Ok(Err(error)) => return Err(error),
        Err(_) => {
            return Err(SignInError::BrowserNever { session: session.name.clone(), after: patience });
        }
    };
    under.tell(SignInEvent::Returned);
    let config = client::sdk_config(&desk.env, Service::Oidc, &portal.region, 3)?;
    let asked = aws_sdk_ssooidc::Client::new(&config)
        .create_token()
        .grant_type(GRANTS[0])
        .client_id(&registration.id)
        .client_secret(registration.secret.expose())
        .code(code.expose())
        .code_verifier(verifier)
        .redirect_uri(redirect)
        .send()
        .await;
    match asked {
        Ok(given) => device::token_of(desk, session, portal, &registration, &endpoint, &given)
            .map(|document| Came::Back(Box::new(document))),
        Err(error) => {
            desk.store.forget_registration(session, keeping, &registration.id);
            let Some(answer) = error.as_service_error() else {
                return Err(client::trouble(&endpoint, &error).into());
            };
            let why = client::words_of(answer, None);
            match answer.code().unwrap_or_default() {
                "AccessDeniedException" => Err(SignInError::Denied { session: session.name.clone(), why }),
                "InvalidGrantException"
                | "ExpiredTokenException"
                | "InvalidRequestException"
                | "InvalidClientException"
                | "UnauthorizedClientException" => {
                    Err(SignInError::BadState { session: session.name.clone(), why })
                }
                _ => Err(client::trouble(&endpoint, &error).into()),
            }
        }
    }
}

/// A client whose page is open. AWS shows one that it has forgotten an error and never comes back: whoever gives up, by
/// a cancel or by waiting in vain, leaves it behind, and the next sign-in registers anew.
struct Unproven<'a> {
    desk: &'a Desk,
    session: &'a SsoSession,
    keeping: Keeping,
    client: &'a str,
    is_forgotten: bool,
}

impl Unproven<'_> {
    fn keep(mut self) {
        self.is_forgotten = false;
    }
}

impl Drop for Unproven<'_> {
    fn drop(&mut self) {
        if self.is_forgotten {
            self.desk.store.forget_registration(self.session, self.keeping, self.client);
        }
    }
}

/// The client of the session for the browser: one that is kept, or a new one.
async fn registered(
    desk: &Desk,
    session: &SsoSession,
    portal: &Portal,
    keeping: Keeping,
) -> Result<Registration, SignInError> {
    if let Some(kept) = desk.store.registration(session, keeping, true, desk.clock.now()) {
        return Ok(kept);
    }
    let (scopes, grants) = (scopes_for(session), GRANTS.map(str::to_owned).to_vec());
    let config = client::sdk_config(&desk.env, Service::Oidc, &portal.region, 3)?;
    let asked = aws_sdk_ssooidc::Client::new(&config)
        .register_client()
        .client_name(format!("holdpoint-{}", session.name))
        .client_type("public")
        .set_scopes(Some(scopes.clone()))
        .set_grant_types(Some(grants.clone()))
        .redirect_uris(REDIRECT)
        .issuer_url(&portal.start_url)
        .send()
        .await;
    device::registration_of(desk, session, portal, keeping, asked, Some(scopes), Some(grants)).await
}

fn authorize(
    endpoint: &str,
    client: &str,
    redirect: &str,
    state: &str,
    scopes: &[String],
    challenge: &str,
) -> Result<String, SignInError> {
    let mut url = Url::parse(&format!("{endpoint}/authorize"))
        .map_err(|error| Trouble::Unreachable { endpoint: endpoint.to_owned(), why: error.to_string() })?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", client)
        .append_pair("redirect_uri", redirect)
        .append_pair("state", state)
        .append_pair("code_challenge_method", "S256")
        .append_pair("scopes", &scopes.join(" "))
        .append_pair("code_challenge", challenge);
    // A form writes a space as `+`, which not every server reads as one in an address.
    let query = url.query().unwrap_or_default().replace('+', "%20");
    url.set_query(Some(&query));
    Ok(url.into())
}

fn refused(session: &SsoSession, error: &str, why: String) -> SignInError {
    let session = session.name.clone();
    match error {
        "access_denied" => SignInError::Denied { session, why },
        _ if why.is_empty() => SignInError::Refused { session, why: error.to_owned() },
        _ => SignInError::Refused { session, why: format!("{error}: {why}") },
    }
}

fn random(bytes: usize) -> Result<String, Trouble> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| Trouble::NoRandom { why: error.to_string() })?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_what_the_cli_says() {
        let scopes = ["sso:account:access".to_owned(), "other".to_owned()];
        let url = authorize(
            "https://oidc.eu-west-1.amazonaws.com",
            "id",
            "http://127.0.0.1:5/oauth/callback",
            "st",
            &scopes,
            "ch",
        );
        assert_eq!(
            url.unwrap(),
            "https://oidc.eu-west-1.amazonaws.com/authorize?response_type=code&client_id=id\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A5%2Foauth%2Fcallback&state=st&code_challenge_method=S256\
             &scopes=sso%3Aaccount%3Aaccess%20other&code_challenge=ch"
        );
    }

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_the_one_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let made = random(48).unwrap();
        assert!(made.len() == 64 && made != random(48).unwrap(), "{made}");
    }
}
