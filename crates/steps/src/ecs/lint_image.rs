//! The program of a health check, looked for in the image itself: its layers are read, as `image.inspect` reads them.

use super::definition::containers;
use super::lint::{Finding, asked_with, name};
use holdpoint_cloud::registry::{ImageRef, Platform, Registries, RegistryFault};
use holdpoint_engine::Task;
use holdpoint_run::Mode;
use serde_json::{Map, Value};

/// Where Docker looks for programs when neither image nor task says so (`DefaultPathEnv` of moby).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Puts what the images say in place of what was unknown about the tools of their health checks.
pub(super) async fn look(
    registries: &Registries,
    task: &Task,
    definition: &Map<String, Value>,
    findings: &mut Vec<Finding>,
) {
    for container in containers(definition) {
        let programs = programs(container);
        if programs.is_empty() {
            continue;
        }
        let (name, image) = (name(container), container["image"].as_str().unwrap_or_default());
        let place = findings.iter().position(|f| f.rule == "tool" && f.container.as_ref() == Some(&name));
        let doubt = |text: String| Finding { rule: "tool", container: Some(name.clone()), text };
        task.progress.says(format!("looking into the layers of {image}"));
        match missing(registries, container, definition, &programs).await {
            Ok(missing) => {
                let at = place.unwrap_or(findings.len());
                if place.is_some() {
                    findings.remove(at);
                }
                for program in missing.iter().rev() {
                    let text = format!(
                        "the health check runs `{program}`, which is not in the image `{image}`: it always fails"
                    );
                    findings.insert(at, doubt(text));
                }
            }
            Err(fault) => {
                tracing::debug!(%fault, image, "the image of a health check cannot be looked into");
                // The practice registry holds what its world names, and tasks run other images all the same.
                let is_practice = task.mode == Mode::Practice && fault.is_missing();
                if let Some(finding) = place.and_then(|at| findings.get_mut(at))
                    && !is_practice
                {
                    finding.text = format!("{} (the image could not be looked into: {fault})", finding.text);
                }
            }
        }
    }
}

/// The programs of a health check that the image does not have.
async fn missing(
    registries: &Registries,
    container: &Value,
    definition: &Map<String, Value>,
    programs: &[String],
) -> Result<Vec<String>, RegistryFault> {
    let image: ImageRef = container["image"].as_str().unwrap_or_default().parse()?;
    let found = registries.find(&image, platform(definition).as_ref()).await?;
    let path = own_path(container).or(found.configuration.config.path.as_deref()).unwrap_or(PATH);
    let places: Vec<(&String, Vec<String>)> =
        programs.iter().map(|program| (program, places(program, path))).collect();
    let paths: Vec<String> = places.iter().flat_map(|(_, places)| places).cloned().collect();
    let has = registries.files_in(&image, &found.image, &paths).await?;
    let is_there = |places: &[String]| places.iter().any(|place| has.get(place).copied().unwrap_or_default());
    Ok(places.iter().filter(|(_, places)| !is_there(places)).map(|(program, _)| (*program).clone()).collect())
}

/// What a health check needs in the image: its program, or a shell and what the shell is certain to run.
fn programs(container: &Value) -> Vec<String> {
    let command = container["healthCheck"]["command"].as_array();
    let words: Vec<&str> = command.into_iter().flatten().filter_map(Value::as_str).collect();
    match words.as_slice() {
        // A relative path is one from the working directory; it is not looked for.
        ["CMD", program, ..] if program.contains(' ') || is_relative(program) => Vec::new(),
        ["CMD", program, ..] => vec![(*program).to_owned()],
        ["CMD-SHELL", line, ..] => {
            let mut all = vec!["/bin/sh".to_owned()];
            let first = line.split_whitespace().next().filter(|word| word.starts_with('/'));
            all.extend(first.or_else(|| asked_with(line)).map(str::to_owned));
            all
        }
        _ => Vec::new(),
    }
}

fn is_relative(program: &str) -> bool {
    program.contains('/') && !program.starts_with('/')
}

/// Where a program may be.
fn places(program: &str, path: &str) -> Vec<String> {
    if program.starts_with('/') {
        return vec![program.to_owned()];
    }
    let folders = path.split(':').filter(|folder| folder.starts_with('/'));
    folders.map(|folder| format!("{}/{program}", folder.trim_end_matches('/'))).collect()
}

/// `PATH` as the task definition sets it.
fn own_path(container: &Value) -> Option<&str> {
    let set = container["environment"].as_array()?.iter().find(|variable| variable["name"] == "PATH")?;
    set["value"].as_str()
}

/// Fargate's platform, as the definition has it; X86_64 where it says nothing.
fn platform(definition: &Map<String, Value>) -> Option<Platform> {
    let of = definition.get("runtimePlatform").unwrap_or(&Value::Null);
    let os = of["operatingSystemFamily"].as_str().unwrap_or("LINUX");
    if !os.eq_ignore_ascii_case("LINUX") {
        return None;
    }
    let arm = of["cpuArchitecture"].as_str() == Some("ARM64");
    if arm { "linux/arm64" } else { "linux/amd64" }.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_check_needs_in_its_image() {
        let table: [(Value, &[&str]); 7] = [
            (json!(["CMD", "/app/healthy"]), &["/app/healthy"]),
            (json!(["CMD", "curl", "-f", "http://localhost/"]), &["curl"]),
            (json!(["CMD", "./healthy"]), &[]),
            (json!(["CMD-SHELL", "wget -q http://localhost/ || exit 1"]), &["/bin/sh", "wget"]),
            (json!(["CMD-SHELL", "/app/healthy --deep"]), &["/bin/sh", "/app/healthy"]),
            (json!(["CMD-SHELL", "test -f /tmp/up"]), &["/bin/sh"]),
            (json!(["NONE"]), &[]),
        ];
        for (command, expected) in table {
            assert_eq!(programs(&json!({"healthCheck": {"command": command}})), expected, "{command}");
        }
        assert_eq!(places("curl", "/usr/bin:relative:/opt/"), ["/usr/bin/curl", "/opt/curl"]);
        let container = json!({"environment": [{"name": "PATH", "value": "/opt/bin"}]});
        assert_eq!(own_path(&container), Some("/opt/bin"));
    }

    #[test]
    fn the_platform_is_the_definitions() {
        let of = |of: Value| {
            let definition = json!({"runtimePlatform": of});
            platform(definition.as_object().unwrap()).map(|platform| platform.to_string())
        };
        assert_eq!(of(Value::Null).as_deref(), Some("linux/amd64"));
        assert_eq!(of(json!({"cpuArchitecture": "ARM64"})).as_deref(), Some("linux/arm64"));
        assert_eq!(of(json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"})), None);
    }
}
