//! Hosts of registries, and which of them are ECR's.

use std::fmt;

/// A private registry of ECR, as its host names it.
///
/// Hosts: Amazon ECR User Guide, "Private registry authentication" and "Making requests over IPv6", and what
/// amazon-ecr-credential-helper accepts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EcrRegistry {
    /// The host, in lower case and without a port.
    pub host: String,
    /// Twelve digits.
    pub account: String,
    /// As `eu-west-1`.
    pub region: String,
    /// `aws`, `aws-cn`, `aws-us-gov`, `aws-eusc`, `aws-iso…`.
    pub partition: &'static str,
    /// Whether the host is one of validated cryptography.
    pub fips: bool,
    /// Whether the host answers on IPv6 too (`dkr-ecr`).
    pub dual_stack: bool,
}

/// Text that cannot be the host of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{shown}` is not the host of a registry: {why}; give it as in an image's name, for instance registry.example or 127.0.0.1:5000"
)]
pub struct BadHost {
    shown: String,
    why: &'static str,
}

/// Longest name of a host (RFC 1035) with a port.
const LONGEST: usize = 253 + 6;

/// Endings of hosts, with the partition that they belong to; `dkr-ecr` hosts have endings of their own.
const ENDINGS: [(&str, &str, bool); 9] = [
    ("amazonaws.com.cn", "aws-cn", false),
    ("amazonaws.com", "aws", false),
    ("amazonaws.eu", "aws-eusc", false),
    ("c2s.ic.gov", "aws-iso", false),
    ("sc2s.sgov.gov", "aws-iso-b", false),
    ("cloud.adc-e.uk", "aws-iso-e", false),
    ("csp.hci.ic.gov", "aws-iso-f", false),
    ("on.aws", "aws", true),
    ("on.amazonwebservices.com.cn", "aws-cn", true),
];

/// The host in what a client asks for: `https://host[:port]/path` and `host[:port]`, in lower case. The port stays,
/// since registries on one host differ by it; 443 is dropped, which is what no port means.
///
/// # Errors
/// [`BadHost`].
pub fn host_of(asked: &str) -> Result<String, BadHost> {
    let bad = |why| BadHost { shown: shown(asked), why };
    let trimmed = asked.trim();
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| {
            let (head, rest) = trimmed.split_at_checked(scheme.len())?;
            head.eq_ignore_ascii_case(scheme).then_some(rest)
        })
        .unwrap_or(trimmed);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(bad("it names no host"));
    }
    if authority.len() > LONGEST {
        return Err(bad("it is longer than any host"));
    }
    if authority.contains('@') {
        return Err(bad("it names a user"));
    }
    let lower = authority.to_ascii_lowercase();
    let (name, port) = match lower.strip_prefix('[') {
        Some(v6) => {
            let (name, after) = v6.split_once(']').ok_or_else(|| bad("a [ is not closed"))?;
            if name.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(bad("what is in brackets is no IPv6 address"));
            }
            (format!("[{name}]"), after)
        }
        None => {
            let end = lower.find(':').unwrap_or(lower.len());
            (lower[..end].to_owned(), &lower[end..])
        }
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !name.starts_with('[') && (name.is_empty() || !name.chars().all(plain) || name.starts_with(['-', '.']))
    {
        return Err(bad("a host has letters, digits, dots and hyphens"));
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(name),
        Some("443") => Ok(name),
        Some(number) if number.parse::<u16>().is_ok_and(|n| n > 0) => Ok(format!("{name}:{number}")),
        Some(_) | None => Err(bad("its port is no number from 1 to 65535")),
    }
}

/// The private registry of ECR that a host is; `None` for every other host, `public.ecr.aws` among them.
pub fn registry_of(asked: &str) -> Option<EcrRegistry> {
    let host = host_of(asked).ok()?;
    let (account, rest) = host.split_once('.')?;
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (dual_stack, rest) = match rest.strip_prefix("dkr.ecr") {
        Some(rest) => (false, rest),
        None => (true, rest.strip_prefix("dkr-ecr")?),
    };
    let (fips, rest) = match rest.strip_prefix("-fips") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (region, ending) = rest.strip_prefix('.')?.split_once('.')?;
    let (_, partition, _) =
        ENDINGS.iter().find(|(known, _, dual)| *known == ending && *dual == dual_stack)?;
    let is_region = region.contains('-')
        && region.starts_with(|c: char| c.is_ascii_lowercase())
        && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_region {
        return None;
    }
    let partition = match *partition {
        "aws" if region.starts_with("us-gov-") => "aws-us-gov",
        partition => partition,
    };
    Some(EcrRegistry {
        account: account.to_owned(),
        region: region.to_owned(),
        partition,
        fips,
        dual_stack,
        host,
    })
}

impl EcrRegistry {
    /// The hosts of an account's registry in a region: the plain one first, then the one that answers on IPv6 too.
    /// Clients look a host up exactly as it is written. Those of validated cryptography are left out: few regions
    /// have them, and some clients ask for every host that they are told of.
    pub fn hosts(account: &str, region: &str) -> Vec<String> {
        let (ending, dual) = if region.starts_with("cn-") {
            ("amazonaws.com.cn", Some("on.amazonwebservices.com.cn"))
        } else if region.starts_with("eusc-") {
            ("amazonaws.eu", None)
        } else {
            ("amazonaws.com", Some("on.aws"))
        };
        let plain = format!("{account}.dkr.ecr.{region}.{ending}");
        let dual = dual.map(|dual| format!("{account}.dkr-ecr.{region}.{dual}"));
        std::iter::once(plain).chain(dual).collect()
    }
}

impl fmt::Display for EcrRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

fn shown(text: &str) -> String {
    // What stands before an @ may be a password.
    let text = text.rsplit('@').next().unwrap_or(text);
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
