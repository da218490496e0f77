//! Which addresses may be asked by a name that a plan or an answer gives: never link-local ones and never a cloud's
//! metadata service, by whatever name, literal or redirect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Names of metadata services.
const METADATA_NAMES: [&str; 7] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.com",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
];

/// Addresses of metadata services outside the link-local ranges.
const METADATA_ADDRESSES: [IpAddr; 5] = [
    // Alibaba Cloud, Oracle Cloud, Azure's wire server.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // EC2's instance metadata and Pod Identity over IPv6 (EC2 user guide, "Instance metadata service").
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0023)),
];

/// Why an address is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// No URL, or not http(s).
    #[error("`{0}` is no http or https address")]
    NotHttp(String),
    /// It carries a user name or password.
    #[error("the address of {0} carries a user name or password: use a header from a secret variable")]
    Credentials(String),
    /// A metadata service or a link-local address.
    #[error("{host} is refused: it is {what}, where credentials of machines are handed out")]
    Forbidden {
        /// The host as written.
        host: String,
        /// What it is.
        what: String,
    },
}

/// Reads an address and refuses what its name or literal already shows. The URL standard reads `0x7f.1`,
/// `2852039166` and `[::ffff:a9fe:a9fe]` as the IP addresses that they are.
pub fn read(text: &str) -> Result<Url, Unreachable> {
    let url = Url::parse(text).map_err(|_| Unreachable::NotHttp(text.to_owned()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Unreachable::NotHttp(text.to_owned()));
    }
    let host = url.host().ok_or_else(|| Unreachable::NotHttp(text.to_owned()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Unreachable::Credentials(host.to_string()));
    }
    let forbidden = |what: &str| Unreachable::Forbidden { host: host.to_string(), what: what.to_owned() };
    match &host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            if METADATA_NAMES.contains(&name.as_str()) {
                return Err(forbidden("a metadata service"));
            }
        }
        Host::Ipv4(address) => allow(IpAddr::V4(*address), &host.to_string())?,
        Host::Ipv6(address) => allow(IpAddr::V6(*address), &host.to_string())?,
    }
    Ok(url)
}

/// Refuses a resolved address. The connection is made to the very address that was checked.
pub fn allow(address: IpAddr, host: &str) -> Result<(), Unreachable> {
    match forbidden(address) {
        Some(what) => {
            let host =
                if host == address.to_string() { host.to_owned() } else { format!("{host} ({address})") };
            Err(Unreachable::Forbidden { host, what: what.to_owned() })
        }
        None => Ok(()),
    }
}

fn forbidden(address: IpAddr) -> Option<&'static str> {
    if METADATA_ADDRESSES.contains(&address) {
        return Some("a metadata service");
    }
    match address {
        IpAddr::V4(v4) if v4.is_link_local() => Some("a link-local address"),
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Some("no address of a host"),
        IpAddr::V4(v4) if v4.is_multicast() || v4.is_broadcast() => Some("no address of a host"),
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => forbidden(IpAddr::V4(v4)),
            None if v6.segments()[0] & 0xffc0 == 0xfe80 => Some("a link-local address"),
            None if v6.is_multicast() || v6.is_unspecified() => Some("no address of a host"),
            None => None,
        },
    }
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = v6.segments();
    let v4 = |high: u16, low: u16| {
        let (high, low) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(high[0], high[1], low[0], low[1]))
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_refused_in_every_spelling() {
        for text in [
            "http://169.254.169.254/latest/meta-data/",
            "http://169.254.170.2/v2/credentials",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://169.254.43518/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:a9fe:a9fe::]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://metadata.google.internal/",
            "http://METADATA.google.internal./",
            "http://instance-data/",
            "http://100.100.100.200/",
            "http://0/",
            "http://[::]/",
            "http://１６９.254.169.254/",
        ] {
            let refused = read(text);
            assert!(matches!(refused, Err(Unreachable::Forbidden { .. })), "{text}: {refused:?}");
        }
    }

    #[test]
    fn ordinary_addresses_are_not() {
        for text in [
            "https://api.broker.example/health",
            "http://127.0.0.1:8080/",
            "http://10.0.3.4/",
            "http://[::1]/",
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
        assert!(matches!(read("ftp://a.example/"), Err(Unreachable::NotHttp(_))));
        assert!(matches!(read("https://u:p@a.example/"), Err(Unreachable::Credentials(_))));
    }
}
