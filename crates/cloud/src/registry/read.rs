//! What a registry holds: manifests by tag or digest, and whether content is there.

use super::client::{Ask, Registries, Right, Spot};
use super::digest::Digest;
use super::error::RegistryFault;
use super::manifest::{ACCEPTED, Content, Descriptor, LONGEST, Manifest};
use super::platform::Platform;
use super::reference::ImageRef;
use http_body_util::{BodyExt as _, Limited};
use hyper::Method;
use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// Longest pause within a body.
pub(crate) const STALLED: Duration = Duration::from_secs(60);

/// An image's configuration, as far as it is used.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Configuration {
    /// Operating system.
    #[serde(default)]
    pub os: String,
    /// Processor.
    #[serde(default)]
    pub architecture: String,
    /// Variant of the processor.
    pub variant: Option<String>,
    /// When it was made.
    pub created: Option<String>,
    /// What a container is started with.
    #[serde(default)]
    pub config: Start,
}

/// What a container of an image is started with.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Start {
    /// What runs.
    pub entrypoint: Option<Vec<String>>,
    /// Its arguments, or what runs.
    pub cmd: Option<Vec<String>>,
    /// Ports, as `8080/tcp`.
    pub exposed_ports: Option<Map<String, Value>>,
    /// Labels.
    pub labels: Option<Map<String, Value>>,
    /// Working directory.
    pub working_dir: Option<String>,
    /// User.
    pub user: Option<String>,
    /// `PATH` of its environment, of which nothing else is kept.
    #[serde(rename = "Env", deserialize_with = "path_of")]
    pub path: Option<String>,
}

/// `PATH` among variables as `NAME=value`.
fn path_of<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let variables = Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(variables.iter().find_map(|variable| variable.strip_prefix("PATH=")).map(str::to_owned))
}

impl Configuration {
    /// What runs the image.
    pub fn platform(&self) -> Platform {
        let variant = self.variant.clone().filter(|variant| !variant.is_empty());
        Platform { os: self.os.clone(), architecture: self.architecture.clone(), variant }
    }
}

/// An image that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// What the reference leads to: an index, or the image itself.
    pub top: Manifest,
    /// The image.
    pub image: Manifest,
    /// What runs it, by its configuration.
    pub platform: Platform,
    /// Its configuration.
    pub configuration: Configuration,
    /// All platforms that the reference offers.
    pub platforms: Vec<Platform>,
}

impl Registries {
    /// The manifest that a reference leads to; its digest is checked where the reference names one.
    ///
    /// # Errors
    /// [`RegistryFault`]; [`RegistryFault::Missing`] for one that is not there.
    pub async fn manifest(&self, image: &ImageRef) -> Result<Manifest, RegistryFault> {
        let what = image.to_string();
        let spot = Spot::Path(format!("manifests/{}", image.wanted()));
        let mut ask = Ask::new(image, Right::Pull, Method::GET, spot, &what);
        ask.headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        let answer = self.ask(ask).await?;
        let media_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let bytes = whole(answer, image, &what, LONGEST).await?;
        if let Some(expected) = image.digest().filter(|digest| !digest.fits(&bytes)) {
            return Err(RegistryFault::Lying {
                what: "the manifest".to_owned(),
                host: image.host().to_owned(),
                expected: expected.clone(),
                found: Digest::of(&bytes),
            });
        }
        let manifest = Manifest::read(&what, &media_type, bytes)?;
        // One that is asked for by another algorithm keeps the digest that it was asked for by.
        Ok(match image.digest() {
            Some(digest) => Manifest { digest: digest.clone(), ..manifest },
            None => manifest,
        })
    }

    /// The digest that a tag leads to; `None` when there is no such tag or repository.
    ///
    /// # Errors
    /// [`RegistryFault`].
    pub async fn digest(&self, image: &ImageRef) -> Result<Option<Digest>, RegistryFault> {
        match self.manifest(image).await {
            Ok(manifest) => Ok(Some(manifest.digest)),
            Err(fault) if fault.is_missing() => Ok(None),
            // What stands there is not ours to understand, only to be told from what we put there.
            Err(RegistryFault::UnknownManifest { .. } | RegistryFault::BadManifest { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Whether a blob is there.
    ///
    /// # Errors
    /// [`RegistryFault`].
    pub async fn has_blob(&self, image: &ImageRef, digest: &Digest) -> Result<bool, RegistryFault> {
        let spot = Spot::Path(format!("blobs/{digest}"));
        // Asked with the right to push: the same token serves the upload that may follow.
        let ask = Ask::new(image, Right::Push, Method::HEAD, spot, format!("the blob {}", digest.short()));
        match self.ask(ask).await {
            Ok(_) => Ok(true),
            Err(fault) if fault.is_missing() => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// A small blob as a whole, checked.
    ///
    /// # Errors
    /// [`RegistryFault`].
    pub async fn small_blob(&self, image: &ImageRef, blob: &Descriptor) -> Result<Bytes, RegistryFault> {
        let what = format!("the configuration of {image}");
        let spot = Spot::Path(format!("blobs/{}", blob.digest));
        let answer = self.ask(Ask::new(image, Right::Pull, Method::GET, spot, &what)).await?;
        let bytes = whole(answer, image, &what, LONGEST).await?;
        match blob.digest.fits(&bytes) {
            true => Ok(bytes),
            false => Err(RegistryFault::Lying {
                what,
                host: image.host().to_owned(),
                expected: blob.digest.clone(),
                found: Digest::of(&bytes),
            }),
        }
    }

    /// What an image is built for: the platforms that its index names, else that of its configuration.
    ///
    /// # Errors
    /// [`RegistryFault`].
    pub async fn platforms(&self, image: &ImageRef) -> Result<Vec<Platform>, RegistryFault> {
        let top = self.manifest(image).await?;
        let named: Vec<Platform> = top.images().iter().filter_map(|entry| entry.platform.clone()).collect();
        match &top.content {
            Content::Index(_) => Ok(named),
            Content::Image { .. } => self.find_in(image, top, None).await.map(|found| found.platforms),
        }
    }

    /// The image behind a reference for a platform; without one, the only image, or the one for `linux/amd64`.
    ///
    /// # Errors
    /// [`RegistryFault`]; [`RegistryFault::Platform`] names what is offered instead.
    pub async fn find(&self, image: &ImageRef, wanted: Option<&Platform>) -> Result<Found, RegistryFault> {
        let top = self.manifest(image).await?;
        self.find_in(image, top, wanted).await
    }

    /// The same in a manifest that was read before.
    pub(crate) async fn find_in(
        &self,
        image: &ImageRef,
        top: Manifest,
        wanted: Option<&Platform>,
    ) -> Result<Found, RegistryFault> {
        let not_for = |wanted: &Platform, offered: &[Platform]| RegistryFault::Platform {
            what: image.to_string(),
            wanted: wanted.to_string(),
            offered: listed(offered),
        };
        let entries = top.images();
        let offered: Vec<Platform> = entries.iter().filter_map(|entry| entry.platform.clone()).collect();
        let chosen = match &top.content {
            Content::Image { .. } => top.clone(),
            Content::Index(_) => {
                let usual = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
                let entry = match (wanted, entries.as_slice()) {
                    (None, [only]) => Some(*only),
                    (wanted, entries) => wanted.unwrap_or(&usual).pick(entries),
                };
                let entry = entry.ok_or_else(|| not_for(wanted.unwrap_or(&usual), &offered))?;
                self.manifest(&image.at(&entry.digest)).await?
            }
        };
        let Content::Image { config, .. } = &chosen.content else {
            let why = "an index leads to another index where an image should be".to_owned();
            return Err(RegistryFault::BadManifest { what: image.to_string(), why });
        };
        let bytes = self.small_blob(image, config).await?;
        // What is no image, a chart or a signature, has a configuration of its own.
        let configuration: Configuration =
            serde_json::from_slice(&bytes).map_err(|error| RegistryFault::BadManifest {
                what: format!("the configuration of {image}"),
                why: error.to_string(),
            })?;
        let platform = configuration.platform();
        if let Some(wanted) = wanted.filter(|wanted| !platform.fits(wanted)) {
            return Err(not_for(wanted, &[platform]));
        }
        let platforms = if offered.is_empty() { vec![platform.clone()] } else { offered };
        Ok(Found { top, image: chosen, platform, configuration, platforms })
    }
}

/// Platforms in words.
pub(crate) fn listed(platforms: &[Platform]) -> String {
    match platforms {
        [] => "no platform that it names".to_owned(),
        platforms => platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

async fn whole(
    answer: Response<Incoming>,
    image: &ImageRef,
    what: &str,
    longest: usize,
) -> Result<Bytes, RegistryFault> {
    let host = image.host().to_owned();
    let lost = |why: String| RegistryFault::Lost { host: host.clone(), what: what.to_owned(), why };
    match tokio::time::timeout(STALLED, Limited::new(answer.into_body(), longest).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(RegistryFault::BadManifest {
            what: what.to_owned(),
            why: format!("it is longer than {longest} bytes"),
        }),
        Ok(Err(error)) => Err(lost(error.to_string())),
        Err(_) => Err(lost(format!("not all of it came within {} s", STALLED.as_secs()))),
    }
}
