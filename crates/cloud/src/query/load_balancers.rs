//! Elastic Load Balancing: how targets are.

use super::Service;
use crate::{CallError, Cloud};
use serde::Serialize;

/// How one target of a group is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TargetHealth {
    /// An instance, or an address.
    pub id: String,
    /// Its port.
    pub port: Option<u16>,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused`, `unavailable`.
    pub state: String,
    /// Why it is not healthy, e.g. `Target.ResponseCodeMismatch`.
    pub reason: Option<String>,
    /// The same in words.
    pub description: Option<String>,
}

impl Cloud {
    /// The targets of a group; `None` when the group does not exist.
    pub async fn target_health(&self, group_arn: &str) -> Result<Option<Vec<TargetHealth>>, CallError> {
        let fields = vec![("TargetGroupArn".to_owned(), group_arn.to_owned())];
        let found = self.query(Service::LoadBalancers, "DescribeTargetHealth", &fields, |tree| {
            tree.items("TargetHealthDescriptions")
                .map(|item| {
                    let (target, health) = (item.get("Target"), item.get("TargetHealth"));
                    let of_health = |name: &str| {
                        health.and_then(|health| health.text(name)).filter(|text| !text.is_empty())
                    };
                    TargetHealth {
                        id: target.map(|target| target.or_empty("Id")).unwrap_or_default(),
                        port: target.and_then(|target| target.number("Port")),
                        state: of_health("State").unwrap_or_default(),
                        reason: of_health("Reason"),
                        description: of_health("Description"),
                    }
                })
                .collect()
        });
        match found.await {
            Err(error)
                if error
                    .code()
                    .is_some_and(|code| code.trim_end_matches("Exception") == "TargetGroupNotFound") =>
            {
                Ok(None)
            }
            found => Ok(Some(found?)),
        }
    }
}
