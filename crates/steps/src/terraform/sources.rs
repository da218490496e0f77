//! A configuration's own files: its providers, its local modules, its commands. What cannot be parsed is not judged.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use holdpoint_run::Diagnosis;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

/// Largest file that is read; Terraform's own are some kilobytes.
const LARGEST: u64 = 4 << 20;
/// Files of one folder that are read.
const FILES: usize = 2_000;

/// What the files of one folder say.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Providers by their source (`hashicorp/aws`), or their name where no source is given.
    pub(crate) providers: BTreeSet<String>,
    /// Sources of local modules, as written.
    pub(crate) modules: Vec<String>,
    /// A backend that is not local, or a cloud.
    pub(crate) has_backend: bool,
    /// Commands of `local-exec`.
    pub(crate) commands: Vec<Command>,
}

/// A command that Terraform starts on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// `file:line`.
    pub(crate) place: String,
    /// The resource that it belongs to.
    pub(crate) of: String,
    /// As written.
    pub(crate) text: String,
}

/// Reads the `*.tf` files of a folder, and of it alone.
pub(crate) fn read(folder: &Path) -> Result<Found, Diagnosis> {
    let unreadable = |error: std::io::Error| {
        Diagnosis::of(format!("{} cannot be read: {error}", folder.display()))
            .hint("See that the folder of the configuration is there and can be read.")
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tf"))
        .collect();
    files.sort();
    let mut found = Found::default();
    let (mut used, mut sources) = (BTreeSet::new(), BTreeMap::new());
    for path in files.iter().take(FILES) {
        if std::fs::metadata(path).map_or(true, |meta| meta.len() > LARGEST) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let Ok(body) = hcl_edit::parser::parse_body(&text) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        one(&body, &text, &name, &mut found, &mut used, &mut sources);
    }
    // What is named and not used by a resource is still installed.
    found.providers = used
        .into_iter()
        .map(|name| sources.get(&name).cloned().unwrap_or(name))
        .chain(sources.values().cloned())
        .collect();
    found.providers.retain(|source| source != "terraform.io/builtin/terraform");
    Ok(found)
}

/// Names of the variables of a folder that are declared sensitive.
pub(crate) fn sensitive(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "tf"));
    let texts = files.take(FILES).filter_map(|path| {
        std::fs::metadata(&path).ok().filter(|meta| meta.len() <= LARGEST)?;
        std::fs::read_to_string(path).ok()
    });
    let bodies = texts.filter_map(|text| hcl_edit::parser::parse_body(&text).ok());
    let mut names = Vec::new();
    for body in bodies {
        for block in body.get_blocks("variable") {
            let set = block
                .body
                .get_attribute("sensitive")
                .is_some_and(|own| own.value.to_string().trim() == "true");
            names.extend(block.labels.first().filter(|_| set).map(|label| label.as_str().to_owned()));
        }
    }
    names
}

fn one(
    body: &Body,
    text: &str,
    file: &str,
    found: &mut Found,
    used: &mut BTreeSet<String>,
    sources: &mut BTreeMap<String, String>,
) {
    for block in body.blocks() {
        let label = |at: usize| block.labels.get(at).map(|label| label.as_str()).unwrap_or_default();
        match block.ident.as_str() {
            "resource" | "data" => {
                let named = block.body.get_attribute("provider").map(|own| own.value.to_string());
                let named = named.map(|text| text.trim().split('.').next().unwrap_or_default().to_owned());
                let prefix = label(0).split('_').next().unwrap_or_default().to_owned();
                used.insert(named.unwrap_or(prefix));
                let of = format!("{}.{}", label(0), label(1));
                found
                    .commands
                    .extend(block.body.blocks().filter_map(|inner| command(inner, text, file, &of)));
            }
            "provider" => {
                used.insert(label(0).to_owned());
            }
            "module" => {
                if let Some(source) =
                    block.body.get_attribute("source").and_then(|source| literal(&source.value))
                    && (source.starts_with("./") || source.starts_with("../"))
                {
                    found.modules.push(source);
                }
            }
            "terraform" => {
                for inner in block.body.blocks() {
                    match inner.ident.as_str() {
                        "backend" => {
                            found.has_backend |=
                                inner.labels.first().is_some_and(|kind| kind.as_str() != "local")
                        }
                        "cloud" => found.has_backend = true,
                        "required_providers" => {
                            for wanted in inner.body.attributes() {
                                let name = wanted.key.as_str().to_owned();
                                let source = source_of(&wanted.value).unwrap_or_else(|| name.clone());
                                sources.insert(name, source);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn source_of(value: &Expression) -> Option<String> {
    let Expression::Object(object) = value else { return None };
    object.iter().find_map(|(key, value)| {
        let name = key.as_ident().map(|ident| ident.as_str().to_owned());
        let name = name.or_else(|| key.as_expr().and_then(literal))?;
        (name == "source").then(|| literal(value.expr()))?
    })
}

fn literal(value: &Expression) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn command(block: &Block, text: &str, file: &str, of: &str) -> Option<Command> {
    let is_local = block.ident.as_str() == "provisioner"
        && block.labels.first().is_some_and(|kind| kind.as_str() == "local-exec");
    let attribute = block.body.get_attribute("command").filter(|_| is_local)?;
    let line =
        attribute.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let written = match literal(&attribute.value) {
        Some(text) => text,
        None => attribute.value.span().and_then(|span| text.get(span)).unwrap_or_default().to_owned(),
    };
    Some(Command { place: format!("{file}:{line}"), of: of.to_owned(), text: written })
}

/// The first `docker pull` of a command that does not say for which platform.
pub(crate) fn pull_without_platform(command: &str) -> Option<String> {
    static PULL: OnceLock<Option<Regex>> = OnceLock::new();
    let pull = PULL
        .get_or_init(|| Regex::new(r"(?:^|[\s;&|(`])(?:docker|podman)\s+(?:image\s+)?pull\b").ok())
        .as_ref()?;
    // A backslash at its end makes the next line the same command.
    let joined = command.replace("\\\r\n", " ").replace("\\\n", " ");
    let parts = joined.split(['\n', ';']).flat_map(|line| line.split("&&")).flat_map(|part| part.split("||"));
    parts
        .map(str::trim)
        .find(|part| pull.is_match(part) && !part.contains("--platform"))
        .map(|part| part.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Found {
        let folder = std::env::temp_dir().join(format!(
            "holdpoint-sources-{:x}",
            text.len() * 31 + text.bytes().map(usize::from).sum::<usize>()
        ));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("main.tf"), text).unwrap();
        std::fs::write(folder.join("broken.tf"), "resource {{{").unwrap();
        let found = read(&folder).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        found
    }

    #[test]
    fn providers_modules_and_backends_are_found() {
        let found = of(concat!(
            "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\", version = \"~> 5\" }\n  }\n",
            "  backend \"s3\" {}\n}\nresource \"aws_lb\" \"a\" {}\nresource \"terraform_data\" \"b\" {}\n",
            "data \"http\" \"c\" {}\nmodule \"m\" { source = \"../shared\" }\nmodule \"n\" { source = \"org/n/aws\" }\n",
        ));
        let providers: Vec<&str> = found.providers.iter().map(String::as_str).collect();
        assert_eq!(providers, ["hashicorp/aws", "http", "terraform"]);
        assert_eq!(found.modules, ["../shared"]);
        assert!(found.has_backend);
    }

    #[test]
    fn commands_are_found_in_strings_templates_and_heredocs() {
        let found = of(concat!(
            "resource \"null_resource\" \"a\" {\n  provisioner \"local-exec\" {\n    command = \"docker pull x\"\n  }\n}\n",
            "resource \"null_resource\" \"b\" {\n  provisioner \"local-exec\" {\n    command = <<-EOT\n      echo hi\n",
            "      docker pull ${var.image}\n    EOT\n  }\n}\n",
        ));
        let pulls: Vec<_> =
            found.commands.iter().filter_map(|one| pull_without_platform(&one.text)).collect();
        assert_eq!(pulls, ["docker pull x", "docker pull ${var.image}"]);
        assert_eq!(
            (found.commands[0].place.as_str(), found.commands[0].of.as_str()),
            ("main.tf:3", "null_resource.a")
        );
    }

    #[test]
    fn a_platform_anywhere_in_the_command_will_do() {
        for (text, found) in [
            ("docker pull --platform linux/amd64 x", false),
            ("docker pull x \\\n  --platform linux/amd64", false),
            ("docker image pull x && docker tag x y", true),
            ("docker pull --platform linux/amd64 x; docker pull y", true),
            ("echo docker-pull", false),
            ("cd a && sudo docker  pull y", true),
            ("docker push y", false),
        ] {
            assert_eq!(pull_without_platform(text).is_some(), found, "{text}");
        }
    }
}
