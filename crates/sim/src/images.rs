//! Images: what a reference resolves to. A tag leads to a digest made from name and tag until it is pushed again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::behaviour::Behaviour;
use crate::registry::{Place, Registries};
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
    /// Of an index: the platforms that it leads to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) platforms: Vec<String>,
    /// Not in its registry.
    #[serde(default)]
    pub(crate) missing: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behaviour: Option<Behaviour>,
}

impl Image {
    /// Whether it has something that runs on `os/architecture`.
    pub(crate) fn runs_on(&self, platform: &str) -> bool {
        if self.platforms.is_empty() {
            return same_platform(self.platform.as_deref().unwrap_or("linux/amd64"), platform);
        }
        self.platforms.iter().any(|offered| same_platform(offered, platform))
    }

    /// Why a task for `os/architecture` cannot pull it, in the words of Fargate's container agent.
    pub(crate) fn pull_failure(&self, reference: &str, platform: &str) -> Option<String> {
        if self.missing {
            return Some(format!(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {reference}: \
                 {reference}: not found"
            ));
        }
        // An image of one platform is pulled whatever that is, and fails when it is started.
        (!self.platforms.is_empty() && !self.runs_on(platform)).then(|| {
            format!(
                "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain \
                 descriptor matching platform '{platform}'"
            )
        })
    }
}

/// `linux/arm64/v8` is a `linux/arm64`.
fn same_platform(offered: &str, wanted: &str) -> bool {
    offered.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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

/// All images that something was said of, and all that registries hold.
#[derive(Debug, Clone)]
pub(crate) struct Images {
    known: BTreeMap<String, Image>,
    pub(crate) registries: Registries,
    /// What the registries' repositories hold, by `<host>/<repository>:<tag>` and `…@<digest>`.
    held: BTreeMap<String, Image>,
    /// What is not in a repository that is there.
    absent: Image,
}

impl Default for Images {
    fn default() -> Self {
        let absent = Image { missing: true, ..Image::default() };
        Self { known: BTreeMap::new(), registries: Registries::default(), held: BTreeMap::new(), absent }
    }
}

impl Images {
    pub(crate) fn set(&mut self, reference: &str, image: Image) {
        self.known.insert(normal(reference), image);
        self.refresh(&Registries::place_of_image(&Reference::parse(reference).name));
    }

    /// Takes over what a repository holds since now.
    pub(crate) fn refresh(&mut self, place: &Place) {
        let Some(repository) = self.registries.repository(place) else { return };
        let mut held = BTreeMap::new();
        for (digest, manifest) in &repository.manifests {
            let platforms = repository.platforms(manifest);
            let mut image = Image { digest: Some(digest.clone()), ..Image::default() };
            if manifest.is_index() {
                image.platforms = platforms;
            } else {
                image.platform = platforms.into_iter().next();
            }
            let tags = repository.tags_of(digest).into_iter().map(|tag| format!("{place}:{tag}"));
            for key in tags.chain([format!("{place}@{digest}")]) {
                let mut image = image.clone();
                if let Some(said) = self.known.get(&key).or_else(|| self.known.get(&familiar(&key))) {
                    image.behaviour.clone_from(&said.behaviour);
                    image.missing = said.missing;
                }
                held.insert(key, image);
            }
        }
        let (of_tags, of_digests) = (format!("{place}:"), format!("{place}@"));
        self.held.retain(|key, _| !key.starts_with(&of_tags) && !key.starts_with(&of_digests));
        self.held.append(&mut held);
    }

    /// The digest that a deployment beginning now would get.
    pub(crate) fn resolve(&self, reference: &str) -> String {
        let parsed = Reference::parse(reference);
        if let Some(digest) = parsed.digest {
            return digest;
        }
        let normal = normal(reference);
        match self.find(reference).and_then(|image| image.digest.clone()) {
            Some(digest) => digest,
            None => format!("sha256:{}", hex(&digest(&[b"image", normal.as_bytes()]))),
        }
    }

    /// What a reference leads to: in the registry when its repository is there, otherwise what is said of it.
    /// `None`: nothing is known, and it is as images usually are.
    pub(crate) fn find(&self, reference: &str) -> Option<&Image> {
        let parsed = Reference::parse(reference);
        let place = Registries::place_of_image(&parsed.name);
        if self.registries.repository(&place).is_none() {
            return self.said(reference, &parsed);
        }
        let key = match (&parsed.digest, &parsed.tag) {
            (Some(digest), _) => format!("{place}@{digest}"),
            (None, tag) => format!("{place}:{}", tag.as_deref().unwrap_or("latest")),
        };
        self.held.get(&key).or_else(|| self.said(reference, &parsed)).or(Some(&self.absent))
    }

    /// What is said of a reference; a digest-pinned one finds the image of its name whose digest it is.
    fn said(&self, reference: &str, parsed: &Reference) -> Option<&Image> {
        match &parsed.digest {
            None => self.known.get(&normal(reference)),
            Some(pinned) => self.known.get(reference).or_else(|| {
                let made = |known: &str| format!("sha256:{}", hex(&digest(&[b"image", known.as_bytes()])));
                self.known
                    .iter()
                    .find(|(known, image)| {
                        Reference::parse(known).name == parsed.name
                            && image.digest.clone().unwrap_or_else(|| made(known)) == *pinned
                    })
                    .map(|(_, image)| image)
            }),
        }
    }
}

/// As Docker Hub's images are written in task definitions.
fn familiar(key: &str) -> String {
    let short = key.strip_prefix("docker.io/").unwrap_or(key);
    short.strip_prefix("library/").unwrap_or(short).to_owned()
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
    fn platforms_of_images_and_indexes() {
        let one = Image { platform: Some("linux/arm64/v8".into()), ..Image::default() };
        let many = Image { platforms: vec!["linux/arm64".into(), "linux/s390x".into()], ..Image::default() };
        assert!(one.runs_on("linux/arm64") && !one.runs_on("linux/amd64") && !one.runs_on("linux/arm"));
        assert_eq!(one.pull_failure("r.example/a:1", "linux/amd64"), None);
        assert!(many.pull_failure("r.example/a:1", "linux/arm64").is_none());
        let failure = many.pull_failure("r.example/a:1", "linux/amd64").unwrap();
        assert!(
            failure.ends_with("does not contain descriptor matching platform 'linux/amd64'"),
            "{failure}"
        );
        assert!(Image::default().runs_on("linux/amd64"));
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
