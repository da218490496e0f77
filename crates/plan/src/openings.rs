//! What a rule of a security group opens: the ports of databases, and how much of the world a source is.

use core::net::IpAddr;

/// Ports that databases and caches listen on by default.
pub const DATABASES: [(u16, &str); 14] = [
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2484, "Oracle"),
    (3306, "MySQL"),
    (5432, "PostgreSQL"),
    (5439, "Redshift"),
    (6379, "Redis"),
    (6380, "Redis"),
    (8182, "Neptune"),
    (9042, "Cassandra"),
    (9200, "OpenSearch"),
    (11211, "Memcached"),
    (27017, "MongoDB"),
    (50000, "Db2"),
];

/// Narrowest public ranges that still count as wide, by prefix length: /24 of IPv4 and /48 of IPv6 are a site's own.
const NARROW_V4: u8 = 24;
const NARROW_V6: u8 = 48;

/// How much of the world a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// Private addresses, another group, a list of prefixes, or nothing that can be told.
    Inside,
    /// Public addresses of one site: outside of the VPC.
    Site,
    /// Public addresses of more than one site.
    Wide,
    /// All of the internet, or half of it.
    World,
}

/// How much of the world a source of a rule is: a range such as `0.0.0.0/0`, or whatever else stands there.
pub fn breadth(source: &str) -> Breadth {
    let Some((address, length)) = source.split_once('/') else { return Breadth::Inside };
    let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u8>()) else {
        return Breadth::Inside;
    };
    let (private, narrow) = match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            // A range is private when all of it is: 10.0.0.0/7 is not.
            let private = (address.is_private() && length >= private_length(first))
                || (first == 100 && (64..128).contains(&second) && length >= 10)
                || (address.is_loopback() && length >= 8);
            (private, NARROW_V4)
        }
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            ((first & 0xfe00) == 0xfc00 && length >= 7 || address.is_loopback(), NARROW_V6)
        }
    };
    match length {
        _ if private => Breadth::Inside,
        0 | 1 => Breadth::World,
        length if length < narrow => Breadth::Wide,
        _ => Breadth::Site,
    }
}

/// The length of the private range that begins so (RFC 1918).
fn private_length(first: u8) -> u8 {
    match first {
        10 => 8,
        172 => 12,
        _ => 16,
    }
}

/// The databases whose ports a rule opens. `protocol` as AWS writes it: `tcp`, its number, or `-1` for all; without ports
/// it is all ports.
pub fn databases(protocol: &str, from: Option<u16>, to: Option<u16>) -> Vec<(u16, &'static str)> {
    let ports = match protocol {
        "-1" | "all" => 0..=u16::MAX,
        "tcp" | "6" => from.unwrap_or(0)..=to.unwrap_or(u16::MAX),
        _ => return Vec::new(),
    };
    DATABASES.into_iter().filter(|(port, _)| ports.contains(port)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        let table = [
            ("0.0.0.0/0", Breadth::World),
            ("::/0", Breadth::World),
            ("128.0.0.0/1", Breadth::World),
            ("203.0.0.0/16", Breadth::Wide),
            ("10.0.0.0/7", Breadth::Wide),
            ("2001:db8::/32", Breadth::Wide),
            ("203.0.113.0/24", Breadth::Site),
            ("203.0.113.7/32", Breadth::Site),
            ("10.0.0.0/8", Breadth::Inside),
            ("172.16.0.0/12", Breadth::Inside),
            ("192.168.1.0/24", Breadth::Inside),
            ("100.64.0.0/10", Breadth::Inside),
            ("fd00::/8", Breadth::Inside),
            ("sg-1", Breadth::Inside),
            ("${MY_IP}/32", Breadth::Inside),
        ];
        for (source, expected) in table {
            assert_eq!(breadth(source), expected, "{source}");
        }
    }

    #[test]
    fn ports() {
        assert_eq!(databases("tcp", Some(5432), Some(5432)), [(5432, "PostgreSQL")]);
        assert_eq!(databases("-1", None, None).len(), DATABASES.len());
        assert_eq!(databases("tcp", None, None).len(), DATABASES.len());
        assert!(databases("udp", Some(5432), Some(5432)).is_empty());
        assert!(databases("tcp", Some(443), Some(443)).is_empty());
    }
}
