//! Calls to the portal: each in its turn, and again while that may help.

use super::pacer::Pacer;
use super::tree::{Account, PortalError};
use crate::Env;
use crate::sso::{Service, SsoSession, Tokens, endpoint, sdk_config, trouble_of};
use aws_sdk_sso::Client;
use aws_sdk_sso::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::sync::Arc;
use std::time::Duration;

/// How often a call is tried that was refused for its pace, and one that failed otherwise.
const REFUSALS: u32 = 10;
const FAILURES: u32 = 4;
/// Accounts of a page; AWS takes 1 to 100.
const PAGE: i32 = 100;

/// Calls of one refresh.
pub(super) struct Asker {
    client: Client,
    endpoint: String,
    tokens: Tokens,
    session: SsoSession,
    pacer: Arc<Pacer>,
}

impl Asker {
    pub(super) async fn new(env: &Env, tokens: &Tokens, session: &SsoSession) -> Result<Self, PortalError> {
        let token = tokens.token(session).await?;
        // One attempt a call: the pace and the second try are ours.
        let config = sdk_config(env, Service::Portal, &token.region, 1)?;
        Ok(Self {
            client: Client::new(&config),
            endpoint: endpoint(env, Service::Portal, &token.region).await,
            tokens: tokens.clone(),
            session: session.clone(),
            pacer: tokens.pacer(session),
        })
    }

    /// A page of accounts and where the next one begins.
    pub(super) async fn accounts(
        &self,
        from: Option<String>,
    ) -> Result<(Vec<Account>, Option<String>), PortalError> {
        let answer = self
            .asked(|token| {
                let call = self.client.list_accounts().access_token(token).max_results(PAGE);
                call.set_next_token(from.clone()).send()
            })
            .await?;
        let page = answer.account_list().iter().filter_map(|account| {
            Some(Account {
                id: account.account_id()?.to_owned(),
                name: account.account_name().unwrap_or_default().to_owned(),
                email: account.email_address().unwrap_or_default().to_owned(),
                roles: Vec::new(),
                known_since: None,
            })
        });
        Ok((page.collect(), answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned)))
    }

    pub(super) async fn roles(&self, account: &str) -> Result<Vec<String>, PortalError> {
        let mut roles = Vec::new();
        let mut from = None;
        loop {
            let answer = self
                .asked(|token| {
                    let call = self.client.list_account_roles().access_token(token).account_id(account);
                    call.max_results(PAGE).set_next_token(from.clone()).send()
                })
                .await?;
            roles.extend(answer.role_list().iter().filter_map(|role| role.role_name().map(str::to_owned)));
            match answer.next_token().filter(|token| !token.is_empty()) {
                Some(token) => from = Some(token.to_owned()),
                None => break,
            }
        }
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }

    /// One call in its turn, again while the portal refuses the pace and a few times when it fails.
    async fn asked<T, E, F>(&self, call: impl Fn(String) -> F) -> Result<T, PortalError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let (mut refusals, mut failures) = (0, 0);
        loop {
            let token = self.tokens.token(&self.session).await?;
            self.pacer.turn().await;
            let error = match call(token.secret.expose().to_owned()).await {
                Ok(answer) => {
                    self.pacer.went();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            match error.raw_response().map(|answer| answer.status().as_u16()) {
                Some(401) => return Err(PortalError::Ended { session: self.session.name.clone() }),
                Some(429) => {
                    self.pacer.refused(error.raw_response().and_then(retry_after));
                    refusals += 1;
                    if refusals < REFUSALS {
                        continue;
                    }
                }
                Some(400..500) => {}
                Some(_) | None => {
                    failures += 1;
                    if failures < FAILURES {
                        tokio::time::sleep(Duration::from_millis(200) * 2_u32.pow(failures)).await;
                        continue;
                    }
                }
            }
            return Err(trouble_of(&self.endpoint, &error).into());
        }
    }
}

/// `Retry-After`: seconds, or a time, which is then counted from the answer's own `Date`.
fn retry_after(answer: &HttpResponse) -> Option<Duration> {
    let text = answer.headers().get("retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = |text: &str| DateTime::from_str(text.trim(), Format::HttpDate).ok();
    let (until, now) = (at(text)?, at(answer.headers().get("date")?)?);
    Some(Duration::from_secs(u64::try_from(until.secs() - now.secs()).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_read_as_seconds_and_as_a_time() {
        for (given, expected) in [
            (vec![("retry-after", "3")], Some(3)),
            (
                vec![
                    ("retry-after", "Sat, 21 Nov 2026 00:00:07 GMT"),
                    ("date", "Sat, 21 Nov 2026 00:00:00 GMT"),
                ],
                Some(7),
            ),
            (
                vec![
                    ("retry-after", "Sat, 21 Nov 2026 00:00:00 GMT"),
                    ("date", "Sat, 21 Nov 2026 00:00:07 GMT"),
                ],
                Some(0),
            ),
            (vec![("retry-after", "Sat, 21 Nov 2026 00:00:07 GMT")], None),
            (vec![("retry-after", "soon")], None),
            (vec![], None),
        ] {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(429).unwrap();
            let mut answer = HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty());
            for (name, value) in &given {
                answer.headers_mut().insert(*name, *value);
            }
            assert_eq!(retry_after(&answer), expected.map(Duration::from_secs), "{given:?}");
        }
    }
}
