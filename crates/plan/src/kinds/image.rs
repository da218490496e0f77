//! Images: looked at, copied between registries by digest, built.

use super::table::{KindSpec, OutputSpec, PracticeMode, spec};
use crate::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `with` of `image.inspect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageInspect {
    /// The image: `host/repository:tag`, `host/repository@sha256:…`, or both.
    pub image: String,
    /// Which image of an index is looked at, e.g. `linux/arm64`; its only one, or `linux/amd64`, when absent.
    pub platform: Option<String>,
}

/// `expect` of `image.inspect`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImageInspectExpect {
    /// Whether there is such an image; `true` when absent.
    pub exists: Option<bool>,
    /// A platform that must be offered, e.g. `linux/amd64`.
    pub platform: Option<String>,
    /// What the reference must lead to.
    pub digest: Option<String>,
    /// Whether the image must say what runs in it: an entry point or a command.
    pub command: Option<bool>,
    /// Ports that it must expose.
    pub ports: Vec<u16>,
    /// Labels that it must have.
    pub labels: BTreeMap<String, String>,
    /// Paths that must be in it: the tools of health checks, for instance `/usr/bin/curl`.
    pub files: Vec<String>,
    /// Paths that must not be in it.
    pub files_lack: Vec<String>,
    /// What ECR's scan may have found at most.
    pub scan: Option<ScanLimits>,
}

/// Findings of a scan by severity. What is not named may be any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScanLimits {
    /// Critical ones.
    pub critical: Option<u64>,
    /// High ones.
    pub high: Option<u64>,
    /// Medium ones.
    pub medium: Option<u64>,
    /// Low ones.
    pub low: Option<u64>,
}

/// `with` of `image.mirror`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageMirror {
    /// The image: `host/repository:tag`, `host/repository@sha256:…`, or both.
    pub from: String,
    /// The repository and the tag that it gets: `host/repository:tag`; the source's tag when absent.
    pub to: String,
    /// `linux/amd64` when absent; `all` for the whole index.
    pub platform: Option<String>,
    /// More tags that it gets.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether a repository of ECR is created when it is missing.
    #[serde(default)]
    pub create_repository: bool,
    /// Layers at once, 4 when absent.
    pub concurrency: Option<u8>,
}

/// `expect` of `image.mirror`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImageMirrorExpect {
    /// What must stand at the target.
    pub digest: Option<String>,
    /// A platform that must be offered there.
    pub platform: Option<String>,
}

/// `with` of `image.build`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageBuild {
    /// Folder of the context, relative to the plan's folder.
    pub context: String,
    /// The Dockerfile, relative to the context; `Dockerfile` when absent.
    pub dockerfile: Option<String>,
    /// Names that it gets, `host/repository:tag`; the first is what is compared and named in outputs.
    pub tags: Vec<String>,
    /// `linux/amd64` when absent.
    pub platform: Option<String>,
    /// Build arguments. They reach Docker by its environment, and are no place for secrets: they stay in the image.
    #[serde(default)]
    pub build_args: BTreeMap<String, String>,
    /// Secrets by id, from secret variables: what `RUN --mount=type=secret,id=…` reads.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The stage that is built; the last one when absent.
    pub target: Option<String>,
    /// Whether layers of earlier builds may be used; they may when absent.
    pub cache: Option<bool>,
    /// Whether it is pushed, `false` when absent: then it is left in this machine's Docker.
    #[serde(default)]
    pub push: bool,
}

/// `expect` of `image.build`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImageBuildExpect {
    /// Whether what was pushed must be another image than the one before.
    pub changed: Option<bool>,
}

pub(super) fn list() -> [KindSpec; 3] {
    [
        KindSpec {
            outputs: INSPECT,
            ..spec::<ImageInspect, ImageInspectExpect>(
                "image.inspect",
                "image",
                "An image in its registry: platforms, digests, what runs in it, files, findings. Docker is not needed.",
                Effect::Read,
            )
        },
        KindSpec {
            outputs: MIRROR,
            default_undo: None,
            practice: PracticeMode::Sim,
            ..spec::<ImageMirror, ImageMirrorExpect>(
                "image.mirror",
                "image",
                "Copies an image from registry to registry by digest, layer by layer. Docker is not needed.",
                Effect::Idempotent,
            )
        },
        KindSpec {
            outputs: BUILD,
            practice: PracticeMode::NotPractised,
            ..spec::<ImageBuild, ImageBuildExpect>(
                "image.build",
                "image",
                "Builds an image by `docker buildx` for a platform, and pushes it where that is asked for.",
                Effect::Once,
            )
        },
    ]
}

const BUILD: &[OutputSpec] = &[
    OutputSpec { name: "digest", doc: "What was built." },
    OutputSpec { name: "previous_digest", doc: "What the first tag led to before, or null." },
    OutputSpec {
        name: "changed",
        doc: "Whether it is another image than before; null where nothing was pushed.",
    },
    OutputSpec { name: "image", doc: "What was pushed, as `host/repository@sha256:…`, or null." },
];

const INSPECT: &[OutputSpec] = &[
    OutputSpec { name: "digest", doc: "What the reference leads to." },
    OutputSpec { name: "manifest_digest", doc: "The image for the platform: best what a deployment names." },
    OutputSpec { name: "image", doc: "The same as `host/repository@sha256:…`." },
    OutputSpec { name: "platform", doc: "What runs it, by its configuration." },
    OutputSpec { name: "platforms", doc: "All platforms that the reference offers." },
    OutputSpec { name: "config_digest", doc: "Its configuration, Docker's image id." },
    OutputSpec { name: "command", doc: "Its arguments, or what runs." },
    OutputSpec { name: "entrypoint", doc: "What runs." },
    OutputSpec { name: "exposed_ports", doc: "Ports that it exposes, as `8080/tcp`." },
    OutputSpec { name: "size", doc: "Bytes of its layers, as they are stored." },
    OutputSpec { name: "labels", doc: "Its labels." },
    OutputSpec { name: "created", doc: "When it was made, by its own word." },
    OutputSpec { name: "findings", doc: "Findings of ECR's scan by severity, or null where there is none." },
];

const MIRROR: &[OutputSpec] = &[
    OutputSpec { name: "source_digest", doc: "What the source's reference led to." },
    OutputSpec { name: "digest", doc: "What stands at the target." },
    OutputSpec { name: "image", doc: "The same as `host/repository@sha256:…`." },
    OutputSpec { name: "platform", doc: "Its platforms." },
    OutputSpec { name: "copied_bytes", doc: "Bytes that were sent." },
    OutputSpec { name: "skipped_layers", doc: "Layers that were there." },
    OutputSpec {
        name: "mounted_layers",
        doc: "Layers that the registry took from another of its repositories.",
    },
];
