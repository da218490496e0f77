//! Sign-in with a code that is shown here and typed in any browser (RFC 8628).

use super::client::{self, Service};
use super::document::Document;
use super::error::{SignInError, Trouble};
use super::events::SignInEvent;
use super::registration::{Registration, scopes_for};
use super::session::SsoSession;
use super::sign_in::UnderWay;
use super::standing::Keeping;
use super::tokens::Desk;
use super::vanity::Portal;
use aws_sdk_ssooidc::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;
use aws_sdk_ssooidc::operation::register_client::{RegisterClientError, RegisterClientOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use holdpoint_redact::Secret;
use std::time::{Duration, SystemTime};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between two questions, when AWS says nothing (RFC 8628, 3.2).
const INTERVAL: Duration = Duration::from_secs(5);
/// Added at each `slow_down` (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause that a network without an answer is given.
const LONGEST: Duration = Duration::from_secs(60);

pub(crate) async fn sign_in(
    desk: &Desk,
    session: &SsoSession,
    portal: &Portal,
    keeping: Keeping,
    under: &UnderWay,
) -> Result<Document, SignInError> {
    let registration = registered(desk, session, portal, keeping).await?;
    let endpoint = client::endpoint(&desk.env, Service::Oidc, &portal.region).await;
    let config = client::sdk_config(&desk.env, Service::Oidc, &portal.region, 3)?;
    let begun = aws_sdk_ssooidc::Client::new(&config)
        .start_device_authorization()
        .client_id(&registration.id)
        .client_secret(registration.secret.expose())
        .start_url(&portal.start_url)
        .send()
        .await;
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => {
            // A client that AWS has forgotten is not used again.
            desk.store.forget_registration(session, keeping, &registration.id);
            return Err(refused(session, &endpoint, &error));
        }
    };
    let text = |given: Option<&str>| given.unwrap_or_default().to_owned();
    let life = seconds(begun.expires_in());
    let url = text(begun.verification_uri());
    let complete = begun.verification_uri_complete().map_or_else(|| url.clone(), str::to_owned);
    let device = Secret::new(text(begun.device_code()));
    under.tell(SignInEvent::Code {
        url,
        url_complete: complete,
        user_code: text(begun.user_code()),
        expires_at: desk.clock.now() + life,
    });
    let interval = match seconds(begun.interval()) {
        Duration::ZERO => INTERVAL,
        given => given,
    };
    let asking = asked(desk, session, portal, &registration, &device, &endpoint, interval, under);
    tokio::time::timeout(life, asking).await.unwrap_or(Err(SignInError::CodeExpired))
}

/// Asks until the person has answered.
#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one sign-in, which only this function takes together"
)]
async fn asked(
    desk: &Desk,
    session: &SsoSession,
    portal: &Portal,
    registration: &Registration,
    device: &Secret,
    endpoint: &str,
    mut interval: Duration,
    under: &UnderWay,
) -> Result<Document, SignInError> {
    // One attempt a question: the pace is ours.
    let config = client::sdk_config(&desk.env, Service::Oidc, &portal.region, 1)?;
    let client = aws_sdk_ssooidc::Client::new(&config);
    let mut pause = interval;
    loop {
        tokio::time::sleep(pause).await;
        let asked = client
            .create_token()
            .grant_type(GRANT)
            .client_id(&registration.id)
            .client_secret(registration.secret.expose())
            .device_code(device.expose())
            .send()
            .await;
        let error = match asked {
            Ok(given) => return token_of(desk, session, portal, registration, endpoint, &given),
            Err(error) => error,
        };
        let Some(answer) = error.as_service_error() else {
            // A network that is away for a moment ends no sign-in; it is asked less and less often.
            let trouble = client::trouble(endpoint, &error);
            if !matches!(trouble, Trouble::Unreachable { .. } | Trouble::Answered { .. }) {
                return Err(trouble.into());
            }
            pause = (pause * 2).min(LONGEST);
            continue;
        };
        let why = client::words_of(answer, None);
        let session = session.name.clone();
        match answer.code().unwrap_or_default() {
            "AuthorizationPendingException" => pause = interval,
            "SlowDownException" | "TooManyRequestsException" | "ThrottlingException" => {
                interval += SLOWER;
                pause = interval;
                under.tell(SignInEvent::Slower { interval });
            }
            "ExpiredTokenException" => return Err(SignInError::CodeExpired),
            "AccessDeniedException" => return Err(SignInError::Denied { session, why }),
            "InvalidGrantException"
            | "InvalidRequestException"
            | "InvalidClientException"
            | "UnauthorizedClientException" => return Err(SignInError::BadState { session, why }),
            "InternalServerException" => pause = (pause * 2).min(LONGEST),
            _ => return Err(client::trouble(endpoint, &error).into()),
        }
    }
}

async fn registered(
    desk: &Desk,
    session: &SsoSession,
    portal: &Portal,
    keeping: Keeping,
) -> Result<Registration, SignInError> {
    if let Some(kept) = desk.store.registration(session, keeping, false, desk.clock.now()) {
        return Ok(kept);
    }
    // A legacy profile's token is not renewed, so its client asks for no scope; the others need one to be.
    let scopes = Some(scopes_for(session)).filter(|scopes| !scopes.is_empty());
    let config = client::sdk_config(&desk.env, Service::Oidc, &portal.region, 3)?;
    let asked = aws_sdk_ssooidc::Client::new(&config)
        .register_client()
        .client_name(format!("holdpoint-{}", session.name))
        .client_type("public")
        .set_scopes(scopes.clone())
        .send()
        .await;
    registration_of(desk, session, portal, keeping, asked, scopes, None).await
}

/// Keeps a client that AWS has just registered.
pub(crate) async fn registration_of(
    desk: &Desk,
    session: &SsoSession,
    portal: &Portal,
    keeping: Keeping,
    asked: Result<RegisterClientOutput, SdkError<RegisterClientError, HttpResponse>>,
    scopes: Option<Vec<String>>,
    grants: Option<Vec<String>>,
) -> Result<Registration, SignInError> {
    let endpoint = client::endpoint(&desk.env, Service::Oidc, &portal.region).await;
    let given = asked.map_err(|error| refused(session, &endpoint, &error))?;
    let (Some(id), Some(secret)) = (given.client_id(), given.client_secret()) else {
        return Err(Trouble::Answered { endpoint, why: "a registration without a client".to_owned() }.into());
    };
    let ends = u64::try_from(given.client_secret_expires_at()).unwrap_or_default();
    let registration = Registration {
        id: id.to_owned(),
        secret: Secret::new(secret),
        ends: SystemTime::UNIX_EPOCH + Duration::from_secs(ends),
        scopes,
        grants,
    };
    desk.store.save_registration(session, keeping, &registration)?;
    Ok(registration)
}

/// The token of an answer.
pub(crate) fn token_of(
    desk: &Desk,
    session: &SsoSession,
    portal: &Portal,
    registration: &Registration,
    endpoint: &str,
    given: &CreateTokenOutput,
) -> Result<Document, SignInError> {
    let Some(access) = given.access_token() else {
        let why = "a sign-in without a token".to_owned();
        return Err(Trouble::Answered { endpoint: endpoint.to_owned(), why }.into());
    };
    let ends = desk.clock.now() + seconds(given.expires_in());
    // Under the configured address, whatever it leads to: so the AWS CLI finds it.
    let (url, region) = (&session.start_url, &portal.region);
    Ok(Document::new(url, region, access, ends, registration.client(), given.refresh_token()))
}

/// What a refusal of a session's configuration means.
fn refused<E>(session: &SsoSession, endpoint: &str, error: &SdkError<E, HttpResponse>) -> SignInError
where
    E: aws_sdk_ssooidc::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error() {
        Some(answer)
            if answer.code().is_some_and(|code| code.starts_with("Invalid") || code.starts_with("Un")) =>
        {
            SignInError::Refused { session: session.name.clone(), why: client::words_of(answer, None) }
        }
        Some(_) | None => client::trouble(endpoint, error).into(),
    }
}

fn seconds(given: i32) -> Duration {
    Duration::from_secs(u64::try_from(given).unwrap_or_default())
}
