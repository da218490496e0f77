//! Images: what a reference resolves to. A tag leads to a digest made from name and tag until it is pushed again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::behaviour::Behaviour;
use crate::seeded::{digest, hex};

/// What a world or scenario says of an image reference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// `os/architecture`, `linux/amd64` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<String>,
    /// Not in its registry.
    #[serde(default)]
    pub(crate) missing: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behaviour: Option<Behaviour>,
}

/// A reference taken apart: `name[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
}

impl Reference {
    pub(crate) fn parse(text: &str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(r, d)| (r, Some(d.to_owned())));
        // A colon before the last slash belongs to the registry's port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (rest, None),
        };
        Self { name: name.to_owned(), tag, digest }
    }
}

/// All images that something was said of.
#[derive(Debug, Default)]
pub(crate) struct Images {
    known: BTreeMap<String, Image>,
}

impl Images {
    pub(crate) fn set(&mut self, reference: &str, image: Image) {
        self.known.insert(normal(reference), image);
    }

    /// The digest that a deployment beginning now would get.
    pub(crate) fn resolve(&self, reference: &str) -> String {
        let parsed = Reference::parse(reference);
        if let Some(digest) = parsed.digest {
            return digest;
        }
        let normal = normal(reference);
        match self.known.get(&normal).and_then(|image| image.digest.clone()) {
            Some(digest) => digest,
            None => format!("sha256:{}", hex(&digest(&[b"image", normal.as_bytes()]))),
        }
    }

    /// What is said of a reference; a digest-pinned one finds the image of its name whose digest it is.
    pub(crate) fn find(&self, reference: &str) -> Option<&Image> {
        let parsed = Reference::parse(reference);
        match &parsed.digest {
            None => self.known.get(&normal(reference)),
            Some(digest) => self.known.get(reference).or_else(|| {
                self.known
                    .iter()
                    .find(|(known, _)| {
                        Reference::parse(known).name == parsed.name && self.resolve(known) == *digest
                    })
                    .map(|(_, image)| image)
            }),
        }
    }
}

fn normal(reference: &str) -> String {
    let parsed = Reference::parse(reference);
    match (&parsed.tag, &parsed.digest) {
        (None, None) => format!("{}:latest", parsed.name),
        _ => reference.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (text, name, tag, digest) in [
            ("api", "api", None, None),
            ("localhost:5000/api", "localhost:5000/api", None, None),
            ("localhost:5000/api:1", "localhost:5000/api", Some("1"), None),
            ("r.example/api:1@sha256:ab", "r.example/api", Some("1"), Some("sha256:ab")),
        ] {
            let parsed = Reference::parse(text);
            assert_eq!(
                (parsed.name.as_str(), parsed.tag.as_deref(), parsed.digest.as_deref()),
                (name, tag, digest)
            );
        }
    }

    #[test]
    fn a_pushed_tag_moves_and_a_digest_stays() {
        let mut images = Images::default();
        let before = images.resolve("r.example/api:1");
        assert_eq!(before, images.resolve("r.example/api:1"));
        assert_eq!(images.resolve("api"), images.resolve("api:latest"));
        images.set("r.example/api:1", Image { digest: Some("sha256:00".into()), ..Image::default() });
        assert_eq!(images.resolve("r.example/api:1"), "sha256:00");
        assert_eq!(images.resolve(&format!("r.example/api@{before}")), before);
        assert!(images.find("r.example/api@sha256:00").is_some());
    }
}
