//! The elastic network interface of a task: new addresses with each.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::ecs::model::Task;
use crate::ecs::strings;
use crate::world::Env;

/// Where an interface is to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) public: bool,
}

impl Network {
    /// Out of a `networkConfiguration`.
    pub(crate) fn of(configuration: &Value) -> Self {
        let awsvpc = &configuration["awsvpcConfiguration"];
        let list = |member: &str| strings(awsvpc, member).into_iter().map(str::to_owned).collect();
        Self {
            subnets: list("subnets"),
            security_groups: list("securityGroups"),
            public: awsvpc["assignPublicIp"] == "ENABLED",
        }
    }
}

/// An interface, made.
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) mac: String,
    pub(crate) private_ip: String,
    pub(crate) public_ip: Option<String>,
    pub(crate) subnet: String,
    pub(crate) zone: String,
}

/// A new interface beside those of `tasks`. Which subnet AWS picks of several is its own affair.
pub(crate) fn make(env: &mut Env, network: &Network, tasks: &[Task]) -> Made {
    let place = env.ids.number() as usize % network.subnets.len().max(1);
    let subnet = network.subnets.get(place).cloned().unwrap_or_else(|| "subnet-0sim0000000000000".to_owned());
    let known = env.subnets.get(&subnet).cloned();
    let zone = known.as_ref().and_then(|(zone, _)| zone.clone());
    let zone = zone.unwrap_or_else(|| format!("{}{}", env.region, ["a", "b", "c"][place % 3]));
    let cidr = known.map_or_else(|| "10.0.0.0/20".to_owned(), |(_, cidr)| cidr);
    let private_ip = free(env, &cidr, |ip| tasks.iter().any(|t| t.ip == ip));
    let public_ip = network.public.then(|| {
        // It belongs to nobody (RFC 2544).
        free(env, "198.18.0.0/15", |ip| tasks.iter().any(|t| t.public_ip.as_deref() == Some(ip)))
    });
    let h = env.ids.hex(10);
    Made {
        id: format!("eni-{}", env.ids.hex(17)),
        mac: format!("0a:{}:{}:{}:{}:{}", &h[..2], &h[2..4], &h[4..6], &h[6..8], &h[8..10]),
        private_ip,
        public_ip,
        subnet,
        zone,
    }
}

/// An address of a block that no task has; the last one tried when there are a great many.
fn free(env: &mut Env, cidr: &str, taken: impl Fn(&str) -> bool) -> String {
    let (base, bits) = block(cidr).unwrap_or((0x0a00_0000, 20));
    let size = 1u64 << (32 - bits);
    // The first four addresses of a subnet and its last one are AWS's.
    let usable = size.saturating_sub(5).max(1);
    let mut address = String::new();
    for _ in 0..100 {
        let offset = 4.min(size - 1) + env.ids.number() % usable;
        address = Ipv4Addr::from(base.wrapping_add(offset as u32)).to_string();
        if !taken(&address) {
            break;
        }
    }
    address
}

/// `10.0.0.0/20` → its first address and the length of its prefix.
fn block(cidr: &str) -> Option<(u32, u32)> {
    let (base, bits) = cidr.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| (1..=32).contains(bits))?;
    let base: Ipv4Addr = base.parse().ok()?;
    Some((u32::from(base) & (u32::MAX << (32 - bits)), bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        for (cidr, expected) in [
            ("10.0.16.0/20", Some((0x0a00_1000, 20))),
            ("10.0.17.9/20", Some((0x0a00_1000, 20))),
            ("10.0.0.1/32", Some((0x0a00_0001, 32))),
            ("10.0.0.0/33", None),
            ("10.0.0.0", None),
        ] {
            assert_eq!(block(cidr), expected, "{cidr}");
        }
    }
}
