//! Renewal of a token: ahead of need, once for all who wait, beside tools that take no lock.
//!
//! A refresh token is good for one use. So the renewal holds a lock between processes, reads what is kept before and
//! after its call, and takes what another tool has written meanwhile over what it was refused.

use super::cache::Found;
use super::client::{self, Service};
use super::document::{Client, Document};
use super::error::{TokenError, Trouble};
use super::lock;
use super::session::SsoSession;
use super::standing::Keeping;
use super::tokens::{AHEAD, Desk, blocking};
use aws_sdk_ssooidc::error::ProvideErrorMetadata as _;
use holdpoint_redact::Secret;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Time between two tries while the token is still good (the Rust SDK's `MIN_TIME_BETWEEN_REFRESH`).
const BETWEEN: Duration = Duration::from_secs(30);
/// After a refusal the file is read this often, with this pause: another tool's renewal is written after its answer.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// The kept token, renewed when it is due. A `refused` one, which AWS has ended before its time, is due whatever its time.
pub(crate) async fn renewed(
    desk: &Arc<Desk>,
    session: &SsoSession,
    refused: Option<&Secret>,
) -> Result<Document, TokenError> {
    let is_refused = |document: &Document| refused.is_some_and(|refused| *refused == document.access);
    let line = desk.line(session);
    let _gate = line.gate.lock().await;
    let (keeping, found) = load(desk, session).await?;
    let now = desk.clock.now();
    let tried = line.held().tried;
    if let Found::One(document) = &found
        && !is_refused(document)
        && is_good_enough(document, tried, now)
    {
        return Ok(document.clone());
    }
    if matches!(found, Found::Nothing) {
        return Err(TokenError::SignedOut { session: session.name.clone() });
    }
    let home = desk.home().ok_or(Trouble::NoHome)?;
    let lock = match (lock::take(home, &session.key()).await, found) {
        (Ok(lock), _) => lock,
        // A full disk may refuse the lock as well: what is held is good to its end.
        (Err(error), Found::One(document))
            if document.left(now) > Duration::ZERO && !is_refused(&document) =>
        {
            tracing::warn!(%error, "the sign-in is not renewed while its lock cannot be taken");
            return Ok(document);
        }
        (Err(error), _) => return Err(error.into()),
    };
    // Whoever held the lock may have renewed it, or tried in vain a moment ago.
    let tried = lock.note().strip_prefix("tried ").and_then(|at| at.parse().ok()).map(at_second);
    let document = match reload(desk, session, keeping).await? {
        Found::One(document) => document,
        Found::Nothing => return Err(TokenError::SignedOut { session: session.name.clone() }),
        Found::Torn { path, why } => {
            return Err(TokenError::Torn { session: session.name.clone(), path, why });
        }
    };
    let now = desk.clock.now();
    if !is_refused(&document) && is_good_enough(&document, tried, now) {
        return Ok(document);
    }
    // A refresh token is spent by asking: never while its successor could not be written.
    let (on, of, over) = (desk.clone(), session.clone(), document.clone());
    let probed: Result<(), Trouble> = blocking(move || on.store.probe_over(&of, keeping, &over)).await;
    if let Err(error) = probed {
        if document.left(now) == Duration::ZERO || is_refused(&document) {
            return Err(error.into());
        }
        tracing::warn!(%error, "the sign-in is not renewed while it could not be written");
        return Ok(document);
    }
    line.held().tried = Some(now);
    lock.leave(&format!("tried {}", second_of(now)));
    match renew(desk, session, keeping, &document).await {
        Ok(document) => Ok(document),
        // What is held is good to its end: a renewal ahead of need that fails is tried again.
        Err(error) if document.left(desk.clock.now()) > Duration::ZERO && !is_refused(&document) => {
            tracing::warn!(%error, session = session.name, "the sign-in was not renewed; the token is used to its end");
            Ok(document)
        }
        Err(error) => Err(error),
    }
}

/// Whether a token is given out as it is: it has time left, or a renewal was tried just now and it has not ended.
fn is_good_enough(document: &Document, tried: Option<SystemTime>, now: SystemTime) -> bool {
    let left = document.left(now);
    let is_recent = tried.is_some_and(|tried| now.duration_since(tried).is_ok_and(|since| since < BETWEEN));
    left > AHEAD || (left > Duration::ZERO && is_recent)
}

async fn renew(
    desk: &Arc<Desk>,
    session: &SsoSession,
    keeping: Keeping,
    start: &Document,
) -> Result<Document, TokenError> {
    let mut document = start.clone();
    // Twice: once more with what another tool wrote, when that is due as well.
    for _ in 0..2 {
        let now = desk.clock.now();
        let (client, refresh) = match document.renewal(now) {
            Ok((client, refresh)) => (client.clone(), refresh.clone()),
            Err(why) => return Err(TokenError::Expired { session: session.name.clone(), why }),
        };
        match call(desk, session, &document, &client, &refresh).await? {
            Answer::Renewed(fresh) => {
                return keep(desk, session, keeping, &document, (*fresh).with_rest_of(&document)).await;
            }
            Answer::Ended(why) => {
                // The next sign-in would take it to a page that never comes back.
                let (on, of) = (desk.clone(), session.clone());
                let forgotten: Result<(), Trouble> = blocking(move || {
                    on.store.forget_registration(&of, keeping, &client.id);
                    Ok(())
                })
                .await;
                forgotten?;
                return Err(TokenError::Expired { session: session.name.clone(), why });
            }
            Answer::Refused => match written_since(desk, session, keeping, &document).await? {
                Some(other) if other.left(desk.clock.now()) > AHEAD => return Ok(other),
                Some(other) => document = other,
                None => return Err(TokenError::InvalidGrant { session: session.name.clone() }),
            },
        }
    }
    if document.left(desk.clock.now()) > Duration::ZERO {
        return Ok(document);
    }
    Err(TokenError::InvalidGrant { session: session.name.clone() })
}

enum Answer {
    Renewed(Box<Document>),
    /// The refresh token is not taken.
    Refused,
    /// The registration is not.
    Ended(String),
}

async fn call(
    desk: &Desk,
    session: &SsoSession,
    document: &Document,
    client: &Client,
    refresh: &Secret,
) -> Result<Answer, TokenError> {
    // Where it was given: a start URL of a company's own may lead to another region than the configured one.
    let region = document.region.as_deref().unwrap_or(&session.region);
    let config = client::sdk_config(&desk.env, Service::Oidc, region, 3)?;
    let asked = aws_sdk_ssooidc::Client::new(&config)
        .create_token()
        .grant_type("refresh_token")
        .client_id(&client.id)
        .client_secret(client.secret.expose())
        .refresh_token(refresh.expose())
        .send()
        .await;
    let given = match asked {
        Ok(given) => given,
        Err(error) => {
            let code = error.as_service_error().and_then(|answer| answer.code()).unwrap_or_default();
            return match code {
                "InvalidGrantException" | "AccessDeniedException" => Ok(Answer::Refused),
                "InvalidClientException" | "UnauthorizedClientException" | "ExpiredTokenException" => {
                    Ok(Answer::Ended(format!("AWS no longer knows the client that renews it ({code})")))
                }
                _ => {
                    let endpoint = client::endpoint(&desk.env, Service::Oidc, region).await;
                    Err(client::trouble(&endpoint, &error).into())
                }
            };
        }
    };
    let Some(access) = given.access_token() else {
        let endpoint = client::endpoint(&desk.env, Service::Oidc, region).await;
        return Err(Trouble::Answered { endpoint, why: "a renewal without a token".to_owned() }.into());
    };
    let life = Duration::from_secs(u64::try_from(given.expires_in()).unwrap_or_default());
    // Without a new one the old refresh token goes on, as the Rust SDK has it.
    let next = given.refresh_token().unwrap_or_else(|| refresh.expose());
    let ends = desk.clock.now() + life;
    let fresh = Document::new(&session.start_url, region, access, ends, client.clone(), Some(next));
    Ok(Answer::Renewed(Box::new(fresh)))
}

/// Keeps a fresh token, unless somebody signed out meanwhile or wrote a newer one.
async fn keep(
    desk: &Arc<Desk>,
    session: &SsoSession,
    keeping: Keeping,
    before: &Document,
    fresh: Document,
) -> Result<Document, TokenError> {
    let (desk, session, before) = (desk.clone(), session.clone(), before.clone());
    blocking(move || {
        let there = match keeping {
            Keeping::Shared => desk.store.load(&session, keeping),
            // Only Holdpoint writes there, and it holds the lock: whether the item is there is all there is to know.
            Keeping::Vault => desk.store.told(&session).map(|told| match told {
                Some(_) => Found::One(before.clone()),
                None => Found::Nothing,
            }),
        };
        match there {
            Ok(Found::Nothing) => return Err(TokenError::SignedOut { session: session.name }),
            Ok(Found::One(other)) if !other.same_token(&before) && other.expires_at > fresh.expires_at => {
                return Ok(other);
            }
            // Torn is what another writer is at, or nothing to lose; and who cannot read may yet write.
            Ok(Found::One(_) | Found::Torn { .. }) | Err(_) => {}
        }
        if let Err(error) = desk.save(&session, keeping, &fresh) {
            // The refresh token was used up: what came for it must not be lost. It is held and written later.
            tracing::warn!(%error, session = session.name, "the renewed sign-in could not be written; it is held");
        }
        Ok(fresh)
    })
    .await
}

/// What another tool has written since `seen` was read, if anything.
async fn written_since(
    desk: &Arc<Desk>,
    session: &SsoSession,
    keeping: Keeping,
    seen: &Document,
) -> Result<Option<Document>, TokenError> {
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match reload(desk, session, keeping).await? {
            Found::One(other) if !other.same_token(seen) || other.refresh != seen.refresh => {
                return Ok(Some(other));
            }
            Found::One(_) | Found::Torn { .. } => {}
            Found::Nothing => return Err(TokenError::SignedOut { session: session.name.clone() }),
        }
    }
    Ok(None)
}

async fn load(desk: &Arc<Desk>, session: &SsoSession) -> Result<(Keeping, Found<Document>), Trouble> {
    let (desk, session) = (desk.clone(), session.clone());
    blocking(move || desk.load(&session)).await
}

/// Reads again what another process may have written. Of a vault's token the note is asked first, so that a process
/// opens the item once and not for each renewal.
async fn reload(
    desk: &Arc<Desk>,
    session: &SsoSession,
    keeping: Keeping,
) -> Result<Found<Document>, Trouble> {
    let (desk, session) = (desk.clone(), session.clone());
    blocking(move || {
        let held = desk.line(&session).held().document.clone();
        if let Some(document) = held {
            if desk.line(&session).held().is_unsaved {
                return Ok(Found::One(document));
            }
            if keeping == Keeping::Vault {
                match desk.store.told(&session)? {
                    Some(told) if told.is_of(&session, &document) => {
                        return Ok(Found::One(document));
                    }
                    Some(_) | None => {}
                }
            }
        }
        desk.reload(&session, keeping).map(|(_, found)| found)
    })
    .await
}

fn second_of(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn at_second(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
