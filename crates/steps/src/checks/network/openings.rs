//! Which rules of security groups open a database to the world.

use holdpoint_cloud::{Opening, SecurityGroup};
use holdpoint_plan::openings::{Breadth, breadth, databases};

/// Why it is refused, in a judgement.
pub(crate) const WHY: &str = "no database port is open to the internet or to a wide range of addresses: a database is \
                              reached from its clients' security groups (SOC 2 CC6.6, ISO 27001 A.8.20)";

/// Each rule that opens a database's port too widely, in words.
pub(crate) fn dangers(groups: &[SecurityGroup]) -> Vec<String> {
    let mut found = Vec::new();
    for group in groups {
        for opening in group.inbound.iter().filter(|opening| is_wide(&opening.source)) {
            let open: Vec<String> = databases(&opening.protocol, opening.from, opening.to)
                .into_iter()
                .map(|(port, name)| format!("{port} ({name})"))
                .collect();
            match open.as_slice() {
                [] => {}
                [one] => {
                    found.push(format!("{} ({}) opens {one} to {}", group.id, group.name, opening.source))
                }
                [first, ..] => found.push(format!(
                    "{} ({}) opens {} database ports, {first} among them, to {}",
                    group.id,
                    group.name,
                    open.len(),
                    opening.source
                )),
            }
        }
    }
    found
}

/// Whether a rule opens a TCP port.
pub(crate) fn opens(opening: &Opening, port: u16) -> bool {
    match opening.protocol.as_str() {
        "-1" => true,
        "tcp" | "6" => {
            let (from, to) = (opening.from.unwrap_or(0), opening.to.unwrap_or(u16::MAX));
            (from..=to).contains(&port)
        }
        _ => false,
    }
}

/// Whether a source is more of the internet than one site. Groups and prefix lists are not ranges.
fn is_wide(source: &str) -> bool {
    matches!(breadth(source), Breadth::Wide | Breadth::World)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_open_to_the_world_is_found_and_nothing_else() {
        let table = [
            ("tcp", Some(5432), Some(5432), "0.0.0.0/0", true),
            ("tcp", Some(5432), Some(5432), "::/0", true),
            ("tcp", Some(0), Some(65535), "0.0.0.0/0", true),
            ("-1", None, None, "0.0.0.0/0", true),
            ("6", Some(3000), Some(4000), "0.0.0.0/1", true),
            ("tcp", Some(6379), Some(6379), "203.0.0.0/16", true),
            ("tcp", Some(5432), Some(5432), "10.0.0.0/7", true),
            ("tcp", Some(443), Some(443), "0.0.0.0/0", false),
            ("udp", Some(5432), Some(5432), "0.0.0.0/0", false),
            ("tcp", Some(5432), Some(5432), "10.0.0.0/8", false),
            ("tcp", Some(5432), Some(5432), "172.16.0.0/12", false),
            ("tcp", Some(5432), Some(5432), "203.0.113.7/32", false),
            ("tcp", Some(5432), Some(5432), "fd00::/8", false),
            ("tcp", Some(5432), Some(5432), "sg-1", false),
            ("tcp", Some(5432), Some(5432), "pl-1", false),
        ];
        for (protocol, from, to, source, danger) in table {
            let opening =
                Opening { protocol: protocol.into(), from, to, source: source.into(), description: None };
            let group = SecurityGroup {
                id: "sg-9".into(),
                name: "db".into(),
                inbound: vec![opening],
                ..SecurityGroup::default()
            };
            let found = dangers(&[group]);
            assert_eq!(!found.is_empty(), danger, "{protocol} {from:?} {source}: {found:?}");
            assert!(found.iter().all(|text| text.contains("sg-9") && text.contains(source)), "{found:?}");
        }
    }
}
