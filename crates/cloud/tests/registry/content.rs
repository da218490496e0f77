//! Images made up for tests: layers, configurations, manifests and indexes.

use holdpoint_cloud::Pace;
use holdpoint_cloud::registry::{Digest, ImageRef, Logins, Mirror, Platform, Registries, Route, Wanted};
use holdpoint_identity::registries::Login;
use holdpoint_redact::Secret;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Content by digest, and manifests with their types.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) blobs: Vec<Vec<u8>>,
    /// Type and bytes; the last one is the top.
    pub(crate) manifests: Vec<(String, Vec<u8>)>,
}

impl Content {
    /// An image of these layers.
    pub(crate) fn image(platform: &str, layers: &[Vec<u8>]) -> Self {
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = json!({
            "os": os, "architecture": architecture, "created": "2026-01-01T00:00:00Z",
            "config": {"Entrypoint": ["/app"], "Cmd": ["serve"], "ExposedPorts": {"8080/tcp": {}}, "Labels": {"of": platform}},
            "rootfs": {"type": "layers", "diff_ids": []},
        });
        let config = config.to_string().into_bytes();
        let layer = |bytes: &Vec<u8>| descriptor(OCI_LAYER, bytes);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_IMAGE, "config": descriptor(OCI_CONFIG, &config),
            "layers": layers.iter().map(layer).collect::<Vec<_>>(),
        });
        let mut blobs = layers.to_vec();
        blobs.push(config);
        Self { blobs, manifests: vec![(OCI_IMAGE.to_owned(), manifest.to_string().into_bytes())] }
    }

    /// An index of these images, with an attestation as BuildKit makes them.
    pub(crate) fn index(images: &[(&str, Self)]) -> Self {
        let mut all = Self::default();
        let mut entries: Vec<Value> = Vec::new();
        for (platform, image) in images {
            let (os, architecture) = platform.split_once('/').unwrap();
            let mut entry = descriptor(OCI_IMAGE, &image.manifests[0].1);
            entry["platform"] = json!({"os": os, "architecture": architecture});
            entries.push(entry);
            all.blobs.extend(image.blobs.clone());
            all.manifests.extend(image.manifests.clone());
        }
        let attestation = Self::image("unknown/unknown", &[b"attested".to_vec()]);
        let mut entry = descriptor(OCI_IMAGE, &attestation.manifests[0].1);
        entry["platform"] = json!({"os": "unknown", "architecture": "unknown"});
        entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
        entries.push(entry);
        all.blobs.extend(attestation.blobs);
        all.manifests.extend(attestation.manifests);
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
        all.manifests.push((OCI_INDEX.to_owned(), index.to_string().into_bytes()));
        all
    }

    /// Digest of the top.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.manifests.last().unwrap().1)
    }
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len()})
}

/// Bytes that no compression makes small, by a number.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Waits take no time and are remembered.
#[derive(Debug, Default)]
pub(crate) struct Waits(pub(crate) Mutex<Vec<Duration>>);

#[async_trait::async_trait]
impl Pace for Waits {
    async fn pause(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
        tokio::task::yield_now().await;
    }
}

/// One login for every host that is named.
pub(crate) struct Known(pub(crate) Vec<(String, String, String)>);

#[async_trait::async_trait]
impl Logins for Known {
    async fn login(&self, host: &str) -> Result<Option<Login>, String> {
        let found = self.0.iter().find(|(known, _, _)| known == host);
        Ok(found.map(|(_, user, password)| Login {
            username: user.clone(),
            secret: Secret::new(password.as_str()),
            ends_at: None,
        }))
    }
}

/// A client without logins.
pub(crate) fn anonymous() -> (Registries, Arc<Waits>) {
    with_logins(Vec::new())
}

pub(crate) fn with_logins(logins: Vec<(String, String, String)>) -> (Registries, Arc<Waits>) {
    let waits = Arc::new(Waits::default());
    (Registries::new(Route::Live, Arc::new(Known(logins)), waits.clone()), waits)
}

pub(crate) fn reference(text: &str) -> ImageRef {
    text.parse().unwrap()
}

/// A copy for linux/amd64.
pub(crate) fn mirror(from: &str, to: &str, tag: &str) -> Mirror {
    let platform: Platform = "linux/amd64".parse().unwrap();
    Mirror {
        from: reference(from),
        to: reference(to),
        wanted: Wanted::One(platform),
        tags: vec![tag.to_owned()],
    }
}
