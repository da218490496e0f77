//! Where the tasks of a service can be reached, asked afresh each time: a task gets new addresses when it is replaced.

use super::definition::short;
use holdpoint_cloud::{AttachedTask, Cloud, Deployment};
use serde_json::{Value, json};

/// Addresses of the running tasks of a deployment.
pub(super) struct Addresses {
    /// `{task, private_ip, public_ip}` of each.
    pub(super) list: Vec<Value>,
    /// Why public addresses are not known, where they are not.
    pub(super) note: Option<String>,
}

impl Addresses {
    /// The first address of a kind.
    pub(super) fn first(&self, kind: &str) -> Value {
        self.list.iter().map(|one| one[kind].clone()).find(|address| !address.is_null()).unwrap_or_default()
    }

    /// How many have a public address.
    pub(super) fn with_public(&self) -> usize {
        self.list.iter().filter(|one| !one["public_ip"].is_null()).count()
    }
}

/// Asks. ECS tells the private address; EC2 tells the public one by the task's network interface.
pub(super) async fn of(cloud: &Cloud, tasks: &[AttachedTask], primary: &Deployment) -> Addresses {
    let own: Vec<&AttachedTask> = tasks
        .iter()
        .filter(|task| {
            task.started_by.as_deref() == Some(primary.id.as_str()) && task.last_status == "RUNNING"
        })
        .collect();
    let ids: Vec<String> =
        own.iter().filter_map(|task| task.network("networkInterfaceId").map(str::to_owned)).collect();
    let (interfaces, note) = match ids.is_empty() {
        true => (Vec::new(), None),
        false => match cloud.network_interfaces(&ids).await {
            Ok(found) => (found, None),
            Err(error) => (Vec::new(), Some(format!("public addresses are not known: {error}"))),
        },
    };
    let list = own.iter().map(|task| {
        let id = task.network("networkInterfaceId");
        let interface = interfaces.iter().find(|found| Some(found.id.as_str()) == id);
        let private = task.network("privateIPv4Address").map(str::to_owned);
        json!({
            "task": short(&task.task_arn),
            "private_ip": private.or_else(|| interface.and_then(|found| found.private_ip.clone())),
            "public_ip": interface.and_then(|found| found.public_ip.clone()),
        })
    });
    Addresses { list: list.collect(), note }
}
