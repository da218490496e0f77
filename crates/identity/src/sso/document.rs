//! A token as the AWS CLI and the SDKs write it to `~/.aws/sso/cache`.
//!
//! Members: botocore's `SSOTokenProvider` and the CLI's `SSOTokenFetcherAuth`; the Rust SDK reads keys in any case
//! (aws-config, `sso/cache.rs`), so this does too. Members that nobody here knows are kept.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use holdpoint_redact::Secret;
use holdpoint_vault::SecretBytes;
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

/// A kept token with what renews it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    pub(crate) start_url: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) access: Secret,
    pub(crate) expires_at: SystemTime,
    pub(crate) client: Option<Client>,
    pub(crate) refresh: Option<Secret>,
    rest: Rest,
}

/// The registration by which a token is renewed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    /// When the registration ends; a token without it is not renewed by anybody.
    pub(crate) ends: Option<SystemTime>,
}

/// What nobody here knows: it may hold anything, so it is not shown.
#[derive(Clone, Default, PartialEq)]
struct Rest(Map<String, Value>);

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Document {
    /// A token as AWS just gave it.
    pub(crate) fn new(
        start_url: &str,
        region: &str,
        access: &str,
        expires_at: SystemTime,
        client: Client,
        refresh: Option<&str>,
    ) -> Self {
        Self {
            start_url: Some(start_url.to_owned()),
            region: Some(region.to_owned()),
            access: Secret::new(access),
            expires_at: whole(expires_at),
            client: Some(client),
            refresh: refresh.map(Secret::new),
            rest: Rest::default(),
        }
    }

    /// The same with what `other` holds and nobody here knows.
    pub(crate) fn with_rest_of(mut self, other: &Self) -> Self {
        self.rest = other.rest.clone();
        self
    }

    /// Reads a file's bytes. The error says what is wrong and quotes nothing.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err("it is empty".to_owned());
        }
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| format!("it breaks off or is no JSON, line {}", error.line()))?;
        let Value::Object(mut members) = value else { return Err("it is no JSON object".to_owned()) };
        let mut text = |name: &str| take(&mut members, name);
        let access = text("accessToken")?.ok_or("it has no accessToken")?;
        let expires_at = text("expiresAt")?.ok_or("it has no expiresAt")?;
        let expires_at = time(&expires_at).ok_or("its expiresAt is no time")?;
        let ends = text("registrationExpiresAt")?;
        // A registration whose end cannot be read is one that cannot be used: not a reason to refuse the token.
        let ends = ends.as_deref().and_then(time);
        let client = match (text("clientId")?, text("clientSecret")?) {
            (Some(id), Some(secret)) => Some(Client { id, secret: Secret::new(secret), ends }),
            (None, _) | (_, None) => None,
        };
        Ok(Self {
            start_url: text("startUrl")?,
            region: text("region")?,
            access: Secret::new(access),
            expires_at,
            client,
            refresh: text("refreshToken")?.map(Secret::new),
            rest: Rest(members),
        })
    }

    /// The file's bytes.
    pub(crate) fn write(&self) -> SecretBytes {
        let mut members = Map::new();
        let mut put = |name: &str, value: &str| members.insert(name.to_owned(), Value::from(value));
        if let Some(url) = &self.start_url {
            put("startUrl", url);
        }
        if let Some(region) = &self.region {
            put("region", region);
        }
        put("accessToken", self.access.expose());
        put("expiresAt", &stamp(self.expires_at));
        if let Some(client) = &self.client {
            put("clientId", &client.id);
            put("clientSecret", client.secret.expose());
            if let Some(ends) = client.ends {
                put("registrationExpiresAt", &stamp(ends));
            }
        }
        if let Some(refresh) = &self.refresh {
            put("refreshToken", refresh.expose());
        }
        members.extend(self.rest.0.clone());
        SecretBytes::new(Value::Object(members).to_string().into_bytes())
    }

    /// Time that is left of the access token; zero when it has ended.
    pub(crate) fn left(&self, now: SystemTime) -> Duration {
        self.expires_at.duration_since(now).unwrap_or_default()
    }

    /// What a renewal needs, when everything is there and the registration still runs. `Err` says what is missing.
    pub(crate) fn renewal(&self, now: SystemTime) -> Result<(&Client, &Secret), String> {
        let refresh = self.refresh.as_ref().ok_or("it was given without a refresh token")?;
        let client = self.client.as_ref().ok_or("the client that renews it is not kept with it")?;
        match client.ends {
            Some(ends) if ends > now => Ok((client, refresh)),
            Some(ends) => {
                Err(format!("the registration of the client that renews it ended at {}", stamp(ends)))
            }
            None => Err("when the registration of its client ends is not kept with it".to_owned()),
        }
    }

    /// Whether the same access token is held.
    pub(crate) fn same_token(&self, other: &Self) -> bool {
        self.access == other.access
    }
}

/// `%Y-%m-%dT%H:%M:%SZ`, as all of AWS's tools read it.
pub(crate) fn stamp(at: SystemTime) -> String {
    // Times are those that were parsed, or a clock's with some days added: never outside of what the format can say.
    DateTime::from(whole(at)).fmt(Format::DateTime).unwrap_or_default()
}

/// A time of a cache file: with `Z`, with an offset, and `UTC` at its end, as old CLIs wrote it.
pub(crate) fn time(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let text = match text.strip_suffix("UTC") {
        Some(rest) => format!("{}Z", rest.trim_end()),
        None => text.to_owned(),
    };
    let at = DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(at).ok()
}

/// Whole seconds: what is written is what is held.
fn whole(at: SystemTime) -> SystemTime {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

/// Takes a member out, its name in any case; the exact one wins.
fn take(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    let exact = members.shift_remove(name);
    let others: Vec<String> = members.keys().filter(|k| k.eq_ignore_ascii_case(name)).cloned().collect();
    let mut found = exact;
    for other in others {
        let value = members.shift_remove(&other);
        found = found.or(value);
    }
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(format!("its {name} is no text"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: SystemTime = SystemTime::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        END + Duration::from_secs(seconds)
    }

    #[test]
    fn times_of_every_writer_are_read() {
        for (text, seconds) in [
            ("2026-11-21T00:00:00Z", Some(1_795_219_200)),
            ("2026-11-21T00:00:00UTC", Some(1_795_219_200)),
            ("2026-11-21T01:00:00+01:00", Some(1_795_219_200)),
            ("2026-11-21T00:00:00+00:00", Some(1_795_219_200)),
            ("2026-11-21", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(time(text), seconds.map(at), "{text}");
        }
        assert_eq!(stamp(at(1_795_219_200) + Duration::from_millis(900)), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn a_token_survives_reading_and_writing_with_what_nobody_here_knows() {
        let text = r#"{"StartUrl":"https://corp.example/start","region":"eu-west-1","ACCESSTOKEN":"acc","expiresAt":"2026-11-21T00:00:00UTC",
            "clientId":"id","clientSecret":"sec","registrationExpiresAt":"2027-01-01T00:00:00Z","refreshToken":"ref","sessionId":7,"tag":{"a":[1]}}"#;
        let read = Document::read(text.as_bytes()).unwrap();
        let written: Value = serde_json::from_slice(read.write().expose()).unwrap();
        assert_eq!(
            written,
            serde_json::json!({"startUrl":"https://corp.example/start","region":"eu-west-1","accessToken":"acc",
                "expiresAt":"2026-11-21T00:00:00Z","clientId":"id","clientSecret":"sec",
                "registrationExpiresAt":"2027-01-01T00:00:00Z","refreshToken":"ref","sessionId":7,"tag":{"a":[1]}})
        );
        assert_eq!(Document::read(read.write().expose()).unwrap(), read);
        let shown = format!("{read:?}");
        assert!(!["acc\"", "sec\"", "ref\"", "[1]"].iter().any(|secret| shown.contains(secret)), "{shown}");
    }

    #[test]
    fn what_is_no_token_is_refused_with_a_reason_that_quotes_nothing() {
        for (text, why) in [
            ("", "empty"),
            ("  \n", "empty"),
            (r#"{"accessToken":"secret-a"#, "breaks off"),
            ("[]", "no JSON object"),
            (r#"{"expiresAt":"2026-11-21T00:00:00Z"}"#, "no accessToken"),
            (r#"{"accessToken":"secret-a"}"#, "no expiresAt"),
            (r#"{"accessToken":"secret-a","expiresAt":"secret-b"}"#, "no time"),
            (r#"{"accessToken":["secret-a"],"expiresAt":"2026-11-21T00:00:00Z"}"#, "no text"),
        ] {
            let error = Document::read(text.as_bytes()).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret-"), "{text}: {error}");
        }
    }

    #[test]
    fn a_renewal_needs_everything() {
        let now = at(1_795_219_200);
        let whole = r#"{"accessToken":"a","expiresAt":"2026-11-21T00:00:00Z","clientId":"i","clientSecret":"s","registrationExpiresAt":"2027-01-01T00:00:00Z","refreshToken":"r"}"#;
        assert!(Document::read(whole.as_bytes()).unwrap().renewal(now).is_ok());
        for (from, to, why) in [
            ("refreshToken", "other", "without a refresh token"),
            ("clientSecret", "other", "the client that renews"),
            ("registrationExpiresAt", "other", "when the registration"),
            ("2027-01-01", "2026-11-20", "ended at 2026-11-20"),
        ] {
            let cut = Document::read(whole.replace(from, to).as_bytes()).unwrap();
            let error = cut.renewal(now).unwrap_err();
            assert!(error.contains(why), "{from}: {error}");
        }
    }
}
