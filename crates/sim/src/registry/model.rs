//! What registries hold: repositories, their blobs, manifests and tags. Part of the world, so it knows no disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Micros;
use crate::registry::manifest::Manifest;

/// How a registry wants to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Auth {
    /// Anybody may do anything.
    #[default]
    Anonymous,
    /// A name and a password with each request.
    Basic,
    /// A token from the registry's token server.
    Token,
    /// ECR's: `AWS` and the password of GetAuthorizationToken.
    Ecr,
}

/// All registries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registries {
    pub(crate) hosts: BTreeMap<String, Registry>,
    /// The home account's ECR, whose repositories have names without a host.
    pub(crate) home: Option<String>,
}

/// One registry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    pub(crate) auth: Auth,
    /// Name to password.
    pub(crate) users: BTreeMap<String, String>,
    /// Who has no name may pull.
    pub(crate) public: bool,
    /// ECR's: layers may be mounted from one repository to another (the account setting `BLOB_MOUNTING`).
    pub(crate) mounts: bool,
    pub(crate) repositories: BTreeMap<String, Repository>,
}

/// What was found wrong in an image; from when on that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// By severity, upper case.
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) completes_at: Micros,
}

/// One repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repository {
    pub(crate) created_at: Micros,
    /// Digest to size.
    pub(crate) blobs: BTreeMap<String, u64>,
    pub(crate) manifests: BTreeMap<String, Manifest>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) immutable: bool,
    pub(crate) scan_on_push: bool,
    /// What scans find here.
    pub(crate) findings: BTreeMap<String, u64>,
    pub(crate) scans: BTreeMap<String, Scan>,
    pub(crate) lifecycle: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) encryption: Option<serde_json::Value>,
}

/// A repository's address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) repository: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)
    }
}

/// What putting a manifest did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Put {
    /// The manifest, or its tag, was not there before.
    pub(crate) changed: bool,
    /// The tag leads to it since now.
    pub(crate) tagged: bool,
}

/// Why a manifest is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    Blobs(Vec<String>),
    Manifests(Vec<String>),
    /// The tag leads elsewhere and may not be moved.
    Immutable(String),
}

impl Registries {
    /// Where a name under `/v2/` is. The first part is a host when it looks like one, as in a reference;
    /// otherwise all of it is a repository of the home account, or of no registry at all.
    pub(crate) fn place(&self, name: &str) -> Place {
        let home = self.home.clone().unwrap_or_default();
        if let Some((host, rest)) = name.split_once('/')
            && is_host(host)
            // ECR's names may have dots in their first part, too.
            && self.repository(&Place { host: home.clone(), repository: name.to_owned() }).is_none()
        {
            return Place { host: host.to_owned(), repository: rest.to_owned() };
        }
        Place { host: home, repository: name.to_owned() }
    }

    /// Where the image of a task definition is: a name without a host is Docker Hub's.
    pub(crate) fn place_of_image(name: &str) -> Place {
        match name.split_once('/') {
            Some((host, rest)) if is_host(host) => {
                Place { host: host.to_owned(), repository: rest.to_owned() }
            }
            Some(_) => Place { host: "docker.io".to_owned(), repository: name.to_owned() },
            None => Place { host: "docker.io".to_owned(), repository: format!("library/{name}") },
        }
    }

    pub(crate) fn repository(&self, place: &Place) -> Option<&Repository> {
        self.hosts.get(&place.host)?.repositories.get(&place.repository)
    }

    pub(crate) fn repository_mut(&mut self, place: &Place) -> Option<&mut Repository> {
        self.hosts.get_mut(&place.host)?.repositories.get_mut(&place.repository)
    }

    /// The registry of a host; ECR's are there for every account, and others come to be when something is put there.
    pub(crate) fn registry_mut(&mut self, host: &str) -> &mut Registry {
        self.hosts.entry(host.to_owned()).or_insert_with(|| Registry {
            auth: if ecr_owner(host).is_some() { Auth::Ecr } else { Auth::Anonymous },
            ..Registry::default()
        })
    }

    /// How a host wants to be asked, whether anything is there or not.
    pub(crate) fn auth(&self, host: &str) -> Auth {
        if ecr_owner(host).is_some() {
            return Auth::Ecr;
        }
        self.hosts.get(host).map_or(Auth::Anonymous, |registry| registry.auth)
    }
}

impl Repository {
    /// A tag or a digest → the manifest.
    pub(crate) fn find(&self, reference: &str) -> Option<&Manifest> {
        let digest = if reference.contains(':') { reference } else { self.tags.get(reference)? };
        self.manifests.get(digest)
    }

    /// Takes a manifest in, and lets a tag lead to it.
    pub(crate) fn put(&mut self, manifest: Manifest, tag: Option<&str>) -> Result<Put, Refused> {
        let missing: Vec<String> =
            manifest.blobs().map(|b| b.digest.clone()).filter(|d| !self.blobs.contains_key(d)).collect();
        if !missing.is_empty() {
            return Err(Refused::Blobs(missing));
        }
        let missing: Vec<String> = manifest
            .children()
            .iter()
            .map(|child| child.digest.clone())
            .filter(|digest| !self.manifests.contains_key(digest))
            .collect();
        if !missing.is_empty() {
            return Err(Refused::Manifests(missing));
        }
        let before = tag.and_then(|tag| self.tags.get(tag));
        let tagged = tag.is_some() && before != Some(&manifest.digest);
        if let Some(tag) = tag.filter(|_| self.immutable && tagged && before.is_some()) {
            return Err(Refused::Immutable(tag.to_owned()));
        }
        let digest = manifest.digest.clone();
        let is_new = !self.manifests.contains_key(&digest);
        if is_new {
            if self.scan_on_push && !manifest.is_index() {
                let scan = Scan { counts: self.findings.clone(), completes_at: manifest.pushed_at };
                self.scans.insert(digest.clone(), scan);
            }
            self.manifests.insert(digest.clone(), manifest);
        }
        if let Some(tag) = tag {
            self.tags.insert(tag.to_owned(), digest);
        }
        Ok(Put { changed: is_new || tagged, tagged })
    }

    /// Takes a manifest and its tags away.
    pub(crate) fn remove(&mut self, digest: &str) -> bool {
        self.tags.retain(|_, to| to != digest);
        self.scans.remove(digest);
        self.manifests.remove(digest).is_some()
    }

    /// The tags of a manifest.
    pub(crate) fn tags_of(&self, digest: &str) -> Vec<&str> {
        self.tags.iter().filter(|(_, to)| *to == digest).map(|(tag, _)| tag.as_str()).collect()
    }

    /// The platforms of a manifest; those of an index without the attestations (`unknown/unknown`).
    pub(crate) fn platforms(&self, manifest: &Manifest) -> Vec<String> {
        let of_child = |digest: &str| self.manifests.get(digest).and_then(|m| m.platform.clone());
        if !manifest.is_index() {
            return manifest.platform.clone().into_iter().collect();
        }
        let children = manifest.children().iter();
        children
            .filter_map(|child| child.platform.clone().or_else(|| of_child(&child.digest)))
            .filter(|platform| platform != "unknown/unknown")
            .collect()
    }
}

/// The ECR of an account in a region.
pub(crate) fn ecr_host(account: &str, region: &str) -> String {
    format!("{account}.dkr.ecr.{region}.amazonaws.com")
}

/// The account and region of an ECR's host.
pub(crate) fn ecr_owner(host: &str) -> Option<(&str, &str)> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let region = rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    is_account.then_some((account, region))
}

fn is_host(part: &str) -> bool {
    part.contains('.') || part.contains(':') || part == "localhost"
}
