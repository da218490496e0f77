//! Whether an image can run here at all, asked of its registry before anything is sent.

use holdpoint_cloud::registry::{ImageRef, Platform, Registries, RegistryFault, Start};
use holdpoint_engine::Task;
use holdpoint_run::{Diagnosis, Mode};

/// The only platform that App Runner runs (App Runner developer guide, "Service based on a source image").
pub(super) const PLATFORM: &str = "linux/amd64";

/// What an operator should know of an image before it is deployed: that it is not there, has no command, listens on
/// another port. One for another platform is refused, because its deployment fails for certain. A registry that cannot be
/// asked is said, and stops nothing: App Runner asks it with a role of its own.
pub(crate) async fn notes(
    registries: &Registries,
    task: &Task,
    image: &str,
    command: Option<&str>,
    port: &str,
) -> Result<Vec<String>, Diagnosis> {
    let Ok(reference) = image.parse::<ImageRef>() else { return Ok(Vec::new()) };
    let Ok(platform) = PLATFORM.parse::<Platform>() else { return Ok(Vec::new()) };
    match registries.find(&reference, Some(&platform)).await {
        Ok(found) => Ok(of_start(&found.configuration.config, image, command, port)),
        Err(RegistryFault::Platform { offered, .. }) => Err(Diagnosis::of(format!(
            "{image} is not for {PLATFORM}, which is all that App Runner runs"
        ))
        .says("Image", image)
        .says("Platform", format!("wanted {PLATFORM}, offered {offered}"))
        .hint(format!(
            "Build it for {PLATFORM} (`docker buildx build --platform {PLATFORM}`), push it, then retry."
        ))),
        // In practice the registry holds only what its world names, and tasks run other images all the same.
        Err(fault) if task.mode == Mode::Practice => {
            tracing::debug!(%fault, "the practice registry does not have the image");
            Ok(Vec::new())
        }
        Err(fault) if fault.is_missing() => Ok(vec![format!(
            "There is no image {image} now: unless it is pushed first, the deployment fails."
        )]),
        Err(fault) => Ok(vec![format!("The image could not be looked at before: {fault}.")]),
    }
}

fn of_start(start: &Start, image: &str, command: Option<&str>, port: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let none = |words: &Option<Vec<String>>| words.as_ref().is_none_or(Vec::is_empty);
    if command.is_none_or(str::is_empty) && none(&start.entrypoint) && none(&start.cmd) {
        notes.push(format!(
            "{image} has neither ENTRYPOINT nor CMD, and no `start_command` is set: its container cannot start."
        ));
    }
    let exposed: Vec<&str> = start
        .exposed_ports
        .iter()
        .flatten()
        .map(|(exposed, _)| exposed.split('/').next().unwrap_or(exposed))
        .collect();
    if !exposed.is_empty() && !exposed.contains(&port) {
        notes.push(format!(
            "{image} says that it listens on {}, and App Runner will ask port {port}.",
            exposed.join(", ")
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_image_without_a_command_and_one_of_another_port_are_said() {
        let table = [
            (json!({"Cmd": ["serve"], "ExposedPorts": {"8080/tcp": {}}}), None, 0),
            (json!({"Entrypoint": ["/app"]}), None, 0),
            (json!({}), Some("serve"), 0),
            (json!({}), None, 1),
            (json!({"Cmd": []}), Some(""), 1),
            (json!({"ExposedPorts": {"3000/tcp": {}}}), None, 2),
        ];
        for (config, command, count) in table {
            let start: Start = serde_json::from_value(config.clone()).unwrap();
            assert_eq!(of_start(&start, "shop:1", command, "8080").len(), count, "{config}");
        }
    }
}
