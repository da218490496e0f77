//! Signature Version 4, verified as AWS verifies it (IAM User Guide, "Create a signed AWS API request").

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::clock::{Micros, SECOND, basic_iso8601, parse_basic_iso8601};
use crate::seeded::{digest, hex};

/// AWS accepts a clock that is at most five minutes off.
const SKEW: Micros = 300 * SECOND;

/// What is signed of a request.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// Lower-case names.
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

/// The `Authorization` header, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) access_key_id: String,
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    signed_headers: Vec<String>,
    signature: String,
}

/// Why a signature is not accepted, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected(pub(crate) String);

impl Authorization {
    /// Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; `None` when it is not that.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let rest = header.strip_prefix("AWS4-HMAC-SHA256")?;
        let part = |name: &str| {
            rest.split(',').find_map(|p| p.trim().strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let credential = part("Credential")?;
        let mut scope = credential.split('/');
        let (access_key_id, date) = (scope.next()?.to_owned(), scope.next()?.to_owned());
        let (region, service) = (scope.next()?.to_owned(), scope.next()?.to_owned());
        if scope.next() != Some("aws4_request") {
            return None;
        }
        let signed_headers = part("SignedHeaders")?.split(';').map(str::to_owned).collect();
        Some(Self { access_key_id, date, region, service, signed_headers, signature: part("Signature")? })
    }

    /// Compares the signature with the one that `secret` gives, and the request's date with `now`.
    pub(crate) fn verify(&self, secret: &str, request: &Signed<'_>, now: Micros) -> Result<(), Rejected> {
        let header =
            |name: &str| request.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let stamp = header("x-amz-date").ok_or_else(|| {
            Rejected("AWS authentication requires a valid Date or x-amz-date header".to_owned())
        })?;
        let at = parse_basic_iso8601(stamp).ok_or_else(|| {
            Rejected(format!("Date in X-Amz-Date header must be in ISO8601 basic format: {stamp}"))
        })?;
        if !stamp.starts_with(&self.date) {
            return Err(Rejected(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
                    .to_owned(),
            ));
        }
        if at + SKEW < now {
            let (earliest, now) = (basic_iso8601(now - SKEW), basic_iso8601(now));
            return Err(Rejected(format!(
                "Signature expired: {stamp} is now earlier than {earliest} ({now} - 5 min.)"
            )));
        }
        if at > now + SKEW {
            let (latest, now) = (basic_iso8601(now + SKEW), basic_iso8601(now));
            return Err(Rejected(format!(
                "Signature not yet current: {stamp} is still later than {latest} ({now} + 5 min.)"
            )));
        }
        if !self.signed_headers.iter().any(|name| name == "host") {
            return Err(Rejected("'Host' must be a 'SignedHeader' in the AWS Authorization.".to_owned()));
        }
        let payload = hex(&digest(&[request.body]));
        // A client that names its payload's hash is held to it.
        if header("x-amz-content-sha256").is_some_and(|named| named != payload && named != "UNSIGNED-PAYLOAD")
        {
            return Err(mismatch());
        }
        let payload = header("x-amz-content-sha256").unwrap_or(&payload);
        let canonical = self.canonical_request(request, payload)?;
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let to_sign =
            format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex(&digest(&[canonical.as_bytes()])));
        let mut key = sign(format!("AWS4{secret}").as_bytes(), &self.date);
        for part in [self.region.as_str(), self.service.as_str(), "aws4_request"] {
            key = sign(&key, part);
        }
        if hex(&sign(&key, &to_sign)) == self.signature { Ok(()) } else { Err(mismatch()) }
    }

    fn canonical_request(&self, request: &Signed<'_>, payload: &str) -> Result<String, Rejected> {
        let mut headers = String::new();
        for name in &self.signed_headers {
            let values: Vec<String> = request
                .headers
                .iter()
                .filter(|(n, _)| n == name)
                .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            if values.is_empty() {
                return Err(mismatch());
            }
            headers.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        let mut query: Vec<String> = request
            .query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
            .collect();
        query.sort();
        Ok(format!(
            "{}\n{}\n{}\n{headers}\n{}\n{payload}",
            request.method,
            if request.path.is_empty() { "/" } else { request.path },
            query.join("&"),
            self.signed_headers.join(";"),
        ))
    }
}

fn mismatch() -> Rejected {
    Rejected(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details."
            .to_owned(),
    )
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes a key of any length; the constructor's error cannot happen, and an empty key would only fail to match.
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The `get-vanilla-query-order-key-case` case of AWS's published Signature Version 4 test suite.
    #[test]
    fn accepts_the_published_case_and_nothing_near_it() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                      SignedHeaders=host;x-amz-date, \
                      Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
        let headers = [
            ("host".to_owned(), "example.amazonaws.com".to_owned()),
            ("x-amz-date".to_owned(), "20150830T123600Z".to_owned()),
        ];
        let request = |query| Signed { method: "GET", path: "/", query, headers: &headers, body: b"" };
        let now = parse_basic_iso8601("20150830T123700Z").unwrap();
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let auth = Authorization::parse(header).unwrap();
        assert_eq!(auth.verify(secret, &request("Param2=value2&Param1=value1"), now), Ok(()));
        assert!(auth.verify(secret, &request("Param2=value2&Param1=other"), now).is_err());
        assert!(auth.verify("other", &request("Param2=value2&Param1=value1"), now).is_err());
        let late =
            auth.verify(secret, &request("Param2=value2&Param1=value1"), now + 360 * SECOND).unwrap_err();
        assert!(late.0.starts_with("Signature expired: 20150830T123600Z"), "{late:?}");
    }
}
