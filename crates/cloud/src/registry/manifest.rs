//! Manifests: bytes as the registry gave them, and what they say. The bytes are kept, since a digest is of them.

use super::digest::Digest;
use super::error::RegistryFault;
use super::platform::Platform;
use hyper::body::Bytes;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Longest manifest: what Docker's registry takes (4 MiB).
pub(crate) const LONGEST: usize = 4 * 1024 * 1024;

/// Largest content that a manifest may name: 1 TiB, far above any layer, and so little that sums of sizes are numbers.
const LARGEST: u64 = 1 << 40;

/// Media types that are asked for, newest first.
pub(crate) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
const IMAGES: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

/// A manifest by its bytes.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Its digest, computed of the bytes.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// As the registry gave it.
    pub bytes: Bytes,
    /// What it says.
    pub content: Content,
}

/// What a manifest says.
#[derive(Debug, Clone)]
pub enum Content {
    /// A list of manifests, one a platform.
    Index(Vec<Descriptor>),
    /// One image.
    Image {
        /// Its configuration.
        config: Descriptor,
        /// Its layers, lowest first.
        layers: Vec<Descriptor>,
    },
}

impl Content {
    fn sizes(&self) -> impl Iterator<Item = u64> {
        let (first, others) = match self {
            Self::Index(entries) => (None, entries),
            Self::Image { config, layers } => (Some(config), layers),
        };
        first.into_iter().chain(others).map(|one| one.size)
    }
}

/// What stands for content in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Its media type.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Where else it may be had; with a foreign media type, the only place.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Of an index's entry: what runs it.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Free text.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Whether registries leave it where `urls` say: base layers that may not be distributed.
    pub fn is_foreign(&self) -> bool {
        !self.urls.is_empty()
            && (self.media_type.contains(".foreign.") || self.media_type.contains(".nondistributable."))
    }

    /// Whether it is an attestation of another entry, and no image.
    pub fn is_attestation(&self) -> bool {
        let unknown = self.platform.as_ref().is_some_and(Platform::is_unknown);
        unknown
            || self
                .annotations
                .get("vnd.docker.reference.type")
                .is_some_and(|kind| kind.contains("attestation"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    schema_version: Option<u64>,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

impl Manifest {
    /// Reads one. `media_type` is what the registry says; the manifest's own word counts when it says none. `what` names
    /// it in errors.
    pub(crate) fn read(what: &str, media_type: &str, bytes: Bytes) -> Result<Self, RegistryFault> {
        let digest = Digest::of(&bytes);
        let broken = |why: String| RegistryFault::BadManifest { what: what.to_owned(), why };
        let written: Written = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        let said = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let own = written.media_type.clone().unwrap_or_default();
        // Storage that knows no media types says text or JSON; then the manifest's own word counts.
        let generic =
            matches!(said.as_str(), "" | "application/json" | "text/plain" | "application/octet-stream");
        let media_type = match (generic, own.is_empty()) {
            (true, false) => own,
            (true, true) if written.manifests.is_some() => INDEXES[0].to_owned(),
            (true, true) => IMAGES[0].to_owned(),
            (false, _) => said,
        };
        let unknown =
            || RegistryFault::UnknownManifest { what: what.to_owned(), media_type: media_type.clone() };
        if written.schema_version == Some(1)
            || media_type.contains("manifest.v1+") && media_type.contains("docker")
        {
            return Err(RegistryFault::UnknownManifest {
                what: what.to_owned(),
                media_type: "the first version of Docker's manifests, which registries give up".to_owned(),
            });
        }
        let content = if INDEXES.contains(&media_type.as_str()) {
            Content::Index(
                written.manifests.ok_or_else(|| broken("it is an index without `manifests`".to_owned()))?,
            )
        } else if IMAGES.contains(&media_type.as_str()) {
            Content::Image {
                config: written.config.ok_or_else(|| broken("it has no `config`".to_owned()))?,
                layers: written.layers.unwrap_or_default(),
            }
        } else {
            return Err(unknown());
        };
        if let Some(size) = content.sizes().find(|size| *size > LARGEST) {
            return Err(broken(format!(
                "it names content of {size} bytes, more than the {LARGEST} that are taken"
            )));
        }
        Ok(Self { digest, media_type, bytes, content })
    }

    /// The entries of an index that are images.
    pub fn images(&self) -> Vec<&Descriptor> {
        match &self.content {
            Content::Index(entries) => entries.iter().filter(|entry| !entry.is_attestation()).collect(),
            Content::Image { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(media_type: &str, json: &Value) -> Result<Manifest, RegistryFault> {
        Manifest::read("r.example/a:1", media_type, Bytes::from(json.to_string()))
    }

    fn descriptor(media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": Digest::of(b"x"), "size": 1})
    }

    #[test]
    fn kinds_of_manifests() {
        let image = json!({"schemaVersion": 2, "config": descriptor("c"), "layers": [descriptor("l")]});
        for media_type in [IMAGES[0], IMAGES[1], "", "application/json; charset=utf-8"] {
            assert!(
                matches!(read(media_type, &image).unwrap().content, Content::Image { .. }),
                "{media_type}"
            );
        }
        let index = json!({"schemaVersion": 2, "manifests": [descriptor(IMAGES[0])]});
        for media_type in [INDEXES[0], INDEXES[1], ""] {
            assert!(matches!(read(media_type, &index).unwrap().content, Content::Index(_)), "{media_type}");
        }
        for (media_type, json) in [
            ("application/vnd.example.thing.v1+json", &image),
            ("application/vnd.docker.distribution.manifest.v1+prettyjws", &json!({"schemaVersion": 1})),
            ("", &json!({"schemaVersion": 1, "fsLayers": []})),
        ] {
            let error = read(media_type, json).unwrap_err();
            assert!(matches!(error, RegistryFault::UnknownManifest { .. }), "{error}");
        }
        let cut = Manifest::read("a", IMAGES[0], Bytes::from_static(b"{\"schemaVersion\":"));
        assert!(matches!(cut, Err(RegistryFault::BadManifest { .. })));
        let mut huge = descriptor("l");
        huge["size"] = json!(u64::MAX);
        let huge = json!({"schemaVersion": 2, "config": descriptor("c"), "layers": [huge.clone(), huge]});
        let error = read(IMAGES[0], &huge).unwrap_err();
        assert!(error.to_string().contains("18446744073709551615 bytes"), "{error}");
        let bad = json!({"schemaVersion": 2, "config": {"digest": "sha256:12", "size": 1}});
        assert!(matches!(read(IMAGES[0], &bad), Err(RegistryFault::BadManifest { .. })));
    }

    #[test]
    fn attestations_are_no_images() {
        let mut attestation = descriptor(IMAGES[0]);
        attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
        let mut image = descriptor(IMAGES[0]);
        image["platform"] = json!({"os": "linux", "architecture": "amd64"});
        let index =
            read(INDEXES[0], &json!({"schemaVersion": 2, "manifests": [attestation, image]})).unwrap();
        assert_eq!(index.images().len(), 1);
    }
}
