//! Manifests as the OCI image specification 1.1 and Docker's schema 2 write them: what they are made of, and for which platform.

use std::sync::Arc;

use serde_json::Value;

use crate::clock::Micros;
use crate::seeded::{digest, hex};

pub(crate) const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What a descriptor points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    /// `os/architecture[/variant]`, in an index.
    pub(crate) platform: Option<String>,
}

/// What a manifest is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Image { config: Descriptor, layers: Vec<Descriptor> },
    Index { manifests: Vec<Descriptor> },
}

/// A manifest that a repository holds.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) media_type: String,
    /// The very bytes: the digest is over them.
    pub(crate) text: Arc<str>,
    pub(crate) digest: String,
    pub(crate) kind: Kind,
    /// The manifest that this one is about.
    pub(crate) subject: Option<String>,
    pub(crate) artifact_type: Option<String>,
    pub(crate) annotations: Value,
    /// Of an image, by its config.
    pub(crate) platform: Option<String>,
    pub(crate) pushed_at: Micros,
}

/// Why a text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("Invalid JSON syntax")]
    Syntax,
    #[error("unsupported media type {0:?}")]
    MediaType(String),
    #[error("mediaType {inside:?} does not agree with {outside:?}")]
    Disagrees { inside: String, outside: String },
    #[error("schemaVersion is not 2")]
    Schema,
    #[error("{0} is missing or not a descriptor")]
    Descriptor(String),
}

impl Manifest {
    /// Reads a manifest; without a media type the one that it names itself is used, or what its members say.
    pub(crate) fn read(
        text: &str,
        media_type: Option<&str>,
        platform: Option<String>,
        pushed_at: Micros,
    ) -> Result<Self, Unreadable> {
        let value: Value = serde_json::from_str(text).map_err(|_| Unreadable::Syntax)?;
        if !value.is_object() {
            return Err(Unreadable::Syntax);
        }
        let inside = value["mediaType"].as_str();
        let guessed = if value["manifests"].is_array() { OCI_INDEX } else { OCI_IMAGE };
        let media_type = media_type.or(inside).unwrap_or(guessed);
        if !known_media_type(media_type) {
            return Err(Unreadable::MediaType(media_type.to_owned()));
        }
        if let Some(inside) = inside.filter(|inside| *inside != media_type) {
            return Err(Unreadable::Disagrees { inside: inside.to_owned(), outside: media_type.to_owned() });
        }
        if value["schemaVersion"] != 2 {
            return Err(Unreadable::Schema);
        }
        let list = |member: &str| -> Result<Vec<Descriptor>, Unreadable> {
            let items = value[member].as_array().ok_or_else(|| Unreadable::Descriptor(member.to_owned()))?;
            let read = |(index, item): (usize, &Value)| {
                descriptor(item).ok_or_else(|| Unreadable::Descriptor(format!("{member}[{index}]")))
            };
            items.iter().enumerate().map(read).collect()
        };
        let kind = if is_index(media_type) {
            Kind::Index { manifests: list("manifests")? }
        } else {
            let config =
                descriptor(&value["config"]).ok_or_else(|| Unreadable::Descriptor("config".to_owned()))?;
            Kind::Image { config, layers: list("layers")? }
        };
        let config_type = match &kind {
            Kind::Image { config, .. } => Some(config.media_type.clone()),
            Kind::Index { .. } => None,
        };
        Ok(Self {
            media_type: media_type.to_owned(),
            text: text.into(),
            digest: sha256(text.as_bytes()),
            kind,
            subject: value["subject"]["digest"].as_str().map(str::to_owned),
            artifact_type: value["artifactType"].as_str().map(str::to_owned).or(config_type),
            annotations: value["annotations"].clone(),
            platform,
            pushed_at,
        })
    }

    pub(crate) fn is_index(&self) -> bool {
        is_index(&self.media_type)
    }

    /// Blobs that it needs. Layers with urls of their own (foreign ones) are needed like any other here.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let (config, layers) = match &self.kind {
            Kind::Image { config, layers } => (Some(config), layers.as_slice()),
            Kind::Index { .. } => (None, [].as_slice()),
        };
        config.into_iter().chain(layers)
    }

    /// Manifests that it needs.
    pub(crate) fn children(&self) -> &[Descriptor] {
        match &self.kind {
            Kind::Index { manifests } => manifests,
            Kind::Image { .. } => &[],
        }
    }

    /// Bytes of what it is made of, compressed.
    pub(crate) fn size(&self) -> u64 {
        self.blobs().map(|blob| blob.size).sum()
    }
}

/// Whether manifests of that type are taken at all.
pub(crate) fn known_media_type(media_type: &str) -> bool {
    [OCI_IMAGE, OCI_INDEX, DOCKER_IMAGE, DOCKER_LIST].contains(&media_type)
}

fn is_index(media_type: &str) -> bool {
    [OCI_INDEX, DOCKER_LIST].contains(&media_type)
}

/// `os/architecture[/variant]` of a config, or of a platform of an index.
pub(crate) fn platform_of(value: &Value) -> Option<String> {
    let (os, architecture) = (value["os"].as_str()?, value["architecture"].as_str()?);
    Some(match value["variant"].as_str().filter(|variant| !variant.is_empty()) {
        Some(variant) => format!("{os}/{architecture}/{variant}"),
        None => format!("{os}/{architecture}"),
    })
}

/// `sha256:` and 64 lower-case hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|rest| {
        rest.len() == 64 && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&digest(&[bytes])))
}

fn descriptor(value: &Value) -> Option<Descriptor> {
    let digest = value["digest"].as_str().filter(|digest| is_digest(digest))?;
    Some(Descriptor {
        media_type: value["mediaType"].as_str()?.to_owned(),
        digest: digest.to_owned(),
        size: value["size"].as_u64()?,
        platform: platform_of(&value["platform"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_manifest_is() {
        let d = format!("sha256:{}", "a".repeat(64));
        let config = json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": d, "size": 7});
        let image = json!({"schemaVersion": 2, "config": config, "layers": [config]});
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
            {"mediaType": OCI_IMAGE, "digest": d, "size": 7,
             "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}
        ]});
        let bad = json!({"schemaVersion": 2, "config": {"digest": "md5:00"}, "layers": []});
        type Case<'a> = (&'a str, String, Option<&'a str>, Result<usize, Unreadable>);
        let table: [Case<'_>; 7] = [
            ("image", image.to_string(), Some(OCI_IMAGE), Ok(2)),
            ("guessed", image.to_string(), None, Ok(2)),
            ("index", index.to_string(), None, Ok(0)),
            ("no json", "{".to_owned(), None, Err(Unreadable::Syntax)),
            (
                "unknown",
                image.to_string(),
                Some("text/plain"),
                Err(Unreadable::MediaType("text/plain".to_owned())),
            ),
            (
                "other",
                index.to_string(),
                Some(DOCKER_LIST),
                Err(Unreadable::Disagrees { inside: OCI_INDEX.to_owned(), outside: DOCKER_LIST.to_owned() }),
            ),
            ("digest", bad.to_string(), None, Err(Unreadable::Descriptor("config".to_owned()))),
        ];
        for (name, text, media_type, expected) in table {
            let read = Manifest::read(&text, media_type, None, 0);
            assert_eq!(read.as_ref().map(|m| m.blobs().count()).map_err(Clone::clone), expected, "{name}");
        }
        let read = Manifest::read(&index.to_string(), None, None, 0).unwrap();
        assert_eq!(read.children()[0].platform.as_deref(), Some("linux/arm64/v8"));
    }
}
