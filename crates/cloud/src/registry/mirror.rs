//! From registry to registry, by digest: what would be copied, copying it, and putting it under its names.
//!
//! Nothing is under a name before all of it is there and is what its digests say; what is there already is not sent again,
//! so that a copy that was interrupted goes on where it was.

use super::client::Registries;
use super::digest::Digest;
use super::error::RegistryFault;
use super::manifest::{Content, Descriptor, Manifest};
use super::platform::Platform;
use super::read::listed;
use super::reference::ImageRef;
use super::upload::Arrived;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// Manifests below an index that are copied at most.
const MANIFESTS: usize = 500;
/// Indexes within indexes.
const DEPTH: usize = 3;
/// Questions at once whether something is there.
const QUESTIONS: usize = 8;

/// What of an image is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The image of one platform, without the index around it.
    One(Platform),
    /// All platforms with their index, or the image as it is.
    All,
}

/// A copy that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Where from.
    pub from: ImageRef,
    /// Which repository, without a digest.
    pub to: ImageRef,
    /// Which platform.
    pub wanted: Wanted,
    /// Names in the repository; with none it is there by its digest alone.
    pub tags: Vec<String>,
}

/// Where a blob stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// The target has it.
    Present,
    /// Another repository of the same registry has it: it is mounted where the registry can do that.
    Neighbour,
    /// It is to be copied.
    Missing,
    /// It stays where its `urls` say: registries do not take it.
    Foreign,
}

/// A layer or a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its digest, size and media type.
    pub descriptor: Descriptor,
    /// `the layer`, `the configuration`.
    pub what: &'static str,
    /// Where it stands.
    pub stands: Stands,
}

/// What a copy would do.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The source by its digest, which is what is copied even when its tag moves meanwhile.
    pub source: ImageRef,
    /// What the source's reference leads to: an index, or the image.
    pub source_digest: Digest,
    /// What will stand at the target.
    pub digest: Digest,
    /// The platforms of it.
    pub platforms: Vec<Platform>,
    /// Manifests to put, those below an index first.
    pub manifests: Vec<Manifest>,
    /// Content to bring, each once.
    pub blobs: Vec<Blob>,
    /// Names, and what they lead to now.
    pub tags: Vec<(String, Option<Digest>)>,
    /// Whether the target has the manifest, and so everything below it.
    pub is_there: bool,
}

/// News of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many of its bytes are there.
    Reached(u64),
    /// All of it was sent.
    Copied,
    /// It was mounted.
    Mounted,
}

/// Who hears of the blobs of a copy.
pub type Told = Arc<dyn Fn(&Digest, Step) + Send + Sync>;

/// What a copy did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Bytes that were sent.
    pub bytes: u64,
    /// Blobs that were sent.
    pub copied: u64,
    /// Blobs that were mounted.
    pub mounted: u64,
    /// Blobs that were there.
    pub present: u64,
}

impl Survey {
    /// Bytes of the blobs that stand so.
    pub fn bytes(&self, stands: Stands) -> u64 {
        self.of(stands).map(|blob| blob.descriptor.size).sum()
    }

    /// The blobs that stand so.
    pub fn of(&self, stands: Stands) -> impl Iterator<Item = &Blob> {
        self.blobs.iter().filter(move |blob| blob.stands == stands)
    }

    /// Whether something is to be brought.
    pub fn needs_blobs(&self) -> bool {
        self.blobs.iter().any(|blob| matches!(blob.stands, Stands::Missing | Stands::Neighbour))
    }

    /// Names that do not lead to it yet.
    pub fn missing_tags(&self) -> Vec<&str> {
        let other = |found: &&(String, Option<Digest>)| found.1.as_ref() != Some(&self.digest);
        self.tags.iter().filter(other).map(|(tag, _)| tag.as_str()).collect()
    }
}

impl Registries {
    /// Reads what a copy would do. Changes nothing.
    ///
    /// # Errors
    /// [`RegistryFault`].
    pub async fn survey(&self, mirror: &Mirror) -> Result<Survey, RegistryFault> {
        let (top, manifests, platforms) = match &mirror.wanted {
            Wanted::One(platform) => {
                let found = self.find(&mirror.from, Some(platform)).await?;
                (found.top.digest, vec![found.image], vec![found.platform])
            }
            Wanted::All => {
                let top = self.manifest(&mirror.from).await?;
                let platforms = self.platforms_of(&mirror.from, top.clone(), &mirror.wanted).await?;
                let mut manifests = Vec::new();
                self.below(&mirror.from, &top, &mut manifests).await?;
                (top.digest.clone(), manifests, platforms)
            }
        };
        let Some(last) = manifests.last() else {
            let why = "it leads to nothing".to_owned();
            return Err(RegistryFault::BadManifest { what: mirror.from.to_string(), why });
        };
        let digest = last.digest.clone();
        let mut tags = Vec::new();
        let mut is_there = false;
        for tag in &mirror.tags {
            let found = self.digest(&mirror.to.tagged(tag)?).await?;
            is_there = is_there || found.as_ref() == Some(&digest);
            tags.push((tag.clone(), found));
        }
        if !is_there {
            is_there = self.digest(&mirror.to.at(&digest)).await?.is_some();
        }
        let blobs = self.stand(mirror, blobs_of(&manifests), is_there).await?;
        let source = mirror.from.at(&top);
        Ok(Survey { source, source_digest: top, digest, platforms, manifests, blobs, tags, is_there })
    }

    /// Brings the blobs that are not there, several at once, each checked while it passes.
    ///
    /// # Errors
    /// [`RegistryFault`] of the first that fails; those that are under way end with it.
    pub async fn copy_blobs(
        &self,
        mirror: &Mirror,
        survey: &Survey,
        concurrency: usize,
        told: Told,
    ) -> Result<Moved, RegistryFault> {
        let wanted = |blob: &&Blob| matches!(blob.stands, Stands::Missing | Stands::Neighbour);
        let mut queue: Vec<Blob> = survey.blobs.iter().filter(wanted).cloned().collect();
        // The largest first: none is left over for the end.
        queue.sort_by_key(|blob| std::cmp::Reverse(blob.descriptor.size));
        let workers = concurrency.clamp(1, 32).min(queue.len());
        let queue = Arc::new(Mutex::new(VecDeque::from(queue)));
        let mut working = JoinSet::new();
        for _ in 0..workers {
            let (registries, queue, told) = (self.clone(), Arc::clone(&queue), Arc::clone(&told));
            let (to, from) = (mirror.to.clone(), survey.source.clone());
            working.spawn(async move {
                let mut moved = Moved::default();
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(Blob { descriptor, what, .. }) = next else {
                        return Ok::<_, RegistryFault>(moved);
                    };
                    let reached = |at| told(&descriptor.digest, Step::Reached(at));
                    match registries.push_blob(&to, &from, &descriptor, what, &reached).await? {
                        Arrived::Mounted => {
                            moved.mounted += 1;
                            told(&descriptor.digest, Step::Mounted);
                        }
                        Arrived::Copied => {
                            moved.copied += 1;
                            moved.bytes += descriptor.size;
                            told(&descriptor.digest, Step::Copied);
                        }
                    }
                }
            });
        }
        let present = survey.of(Stands::Present).count() as u64;
        let mut moved = Moved { present, ..Moved::default() };
        while let Some(done) = working.join_next().await {
            let done = done.unwrap_or_else(|error| {
                Err(RegistryFault::Lost {
                    host: mirror.to.host().to_owned(),
                    what: "a copy".to_owned(),
                    why: error.to_string(),
                })
            })?;
            moved.bytes += done.bytes;
            moved.copied += done.copied;
            moved.mounted += done.mounted;
        }
        Ok(moved)
    }

    /// Puts the manifests by their digests, and the last one under every name that does not lead to it yet.
    ///
    /// # Errors
    /// [`RegistryFault`].
    pub async fn put_names(&self, mirror: &Mirror, survey: &Survey) -> Result<(), RegistryFault> {
        let Some((top, below)) = survey.manifests.split_last() else { return Ok(()) };
        if !survey.is_there {
            for manifest in below {
                self.put_manifest(&mirror.to.at(&manifest.digest), manifest).await?;
            }
        }
        if mirror.tags.is_empty() && !survey.is_there {
            self.put_manifest(&mirror.to.at(&top.digest), top).await?;
        }
        for tag in survey.missing_tags() {
            self.put_manifest(&mirror.to.tagged(tag)?, top).await?;
        }
        Ok(())
    }

    /// Reads from the target that every name leads to the digest, and that what is there is for the platform.
    ///
    /// # Errors
    /// [`RegistryFault`].
    pub async fn verify(&self, mirror: &Mirror, digest: &Digest) -> Result<Vec<Platform>, RegistryFault> {
        let mut top = None;
        for tag in &mirror.tags {
            let name = mirror.to.tagged(tag)?;
            let manifest = self.manifest(&name).await?;
            if manifest.digest != *digest {
                return Err(RegistryFault::Lying {
                    what: format!("the tag {name}"),
                    host: mirror.to.host().to_owned(),
                    expected: digest.clone(),
                    found: manifest.digest,
                });
            }
            top = Some(manifest);
        }
        let at = mirror.to.at(digest);
        let top = match top {
            Some(top) => top,
            None => self.manifest(&at).await?,
        };
        self.platforms_of(&at, top, &mirror.wanted).await
    }

    /// The platforms of a manifest. What is no image, a chart for instance, runs nowhere and is copied all the same.
    async fn platforms_of(
        &self,
        image: &ImageRef,
        top: Manifest,
        wanted: &Wanted,
    ) -> Result<Vec<Platform>, RegistryFault> {
        match (wanted, &top.content) {
            (Wanted::One(platform), _) => {
                self.find_in(image, top, Some(platform)).await.map(|found| found.platforms)
            }
            (Wanted::All, Content::Index(_)) => {
                Ok(top.images().iter().filter_map(|entry| entry.platform.clone()).collect())
            }
            (Wanted::All, Content::Image { .. }) => {
                Ok(self.find_in(image, top, None).await.map(|found| found.platforms).unwrap_or_default())
            }
        }
    }

    /// A manifest and all below it, those below first, each once.
    async fn below(
        &self,
        from: &ImageRef,
        top: &Manifest,
        found: &mut Vec<Manifest>,
    ) -> Result<(), RegistryFault> {
        // Breadth first, then turned round: what is put first is what others name.
        let mut order: Vec<Manifest> = vec![top.clone()];
        let mut seen: BTreeSet<Digest> = BTreeSet::from([top.digest.clone()]);
        let (mut at, mut depth_ends, mut depth) = (0, 1, 0);
        while at < order.len() {
            if at == depth_ends {
                depth += 1;
                depth_ends = order.len();
            }
            if let Content::Index(entries) = &order[at].content {
                if depth >= DEPTH {
                    let why = format!("indexes within indexes, more than {DEPTH} deep");
                    return Err(RegistryFault::BadManifest { what: from.to_string(), why });
                }
                let next: Vec<Digest> = entries
                    .iter()
                    .map(|entry| entry.digest.clone())
                    .filter(|digest| !seen.contains(digest))
                    .collect();
                for digest in next {
                    if seen.insert(digest.clone()) {
                        if order.len() >= MANIFESTS {
                            let why = format!("it leads to more than {MANIFESTS} manifests");
                            return Err(RegistryFault::BadManifest { what: from.to_string(), why });
                        }
                        order.push(self.manifest(&from.at(&digest)).await?);
                    }
                }
            }
            at += 1;
        }
        order.reverse();
        found.append(&mut order);
        Ok(())
    }

    /// Asks where each blob stands.
    async fn stand(
        &self,
        mirror: &Mirror,
        blobs: Vec<Blob>,
        is_there: bool,
    ) -> Result<Vec<Blob>, RegistryFault> {
        let is_neighbour =
            mirror.from.host() == mirror.to.host() && mirror.from.repository() != mirror.to.repository();
        let known = |blob: &Blob| match blob.descriptor.is_foreign() {
            true => Some(Stands::Foreign),
            // A registry takes a manifest only when it has all that it names.
            false if is_there => Some(Stands::Present),
            false => None,
        };
        let mut stood: Vec<Blob> = Vec::with_capacity(blobs.len());
        let mut open: VecDeque<(usize, Digest)> = VecDeque::new();
        for blob in blobs {
            match known(&blob) {
                Some(stands) => stood.push(Blob { stands, ..blob }),
                None => {
                    open.push_back((stood.len(), blob.descriptor.digest.clone()));
                    stood.push(blob);
                }
            }
        }
        let mut asking = JoinSet::new();
        loop {
            while asking.len() < QUESTIONS
                && let Some((index, digest)) = open.pop_front()
            {
                let (registries, to) = (self.clone(), mirror.to.clone());
                asking.spawn(
                    async move { registries.has_blob(&to, &digest).await.map(|there| (index, there)) },
                );
            }
            let Some(answer) = asking.join_next().await else { return Ok(stood) };
            let answer = answer.unwrap_or_else(|error| {
                let (host, what) = (mirror.to.host().to_owned(), "a question".to_owned());
                Err(RegistryFault::Lost { host, what, why: error.to_string() })
            });
            let (index, there) = answer?;
            if let Some(blob) = stood.get_mut(index) {
                blob.stands = match there {
                    true => Stands::Present,
                    false if is_neighbour => Stands::Neighbour,
                    false => Stands::Missing,
                };
            }
        }
    }
}

impl Mirror {
    /// What is wanted, in words.
    pub fn platform(&self) -> String {
        match &self.wanted {
            Wanted::One(platform) => platform.to_string(),
            Wanted::All => "all".to_owned(),
        }
    }
}

/// Platforms in words; `none` for what runs nowhere.
pub fn in_words(platforms: &[Platform]) -> String {
    match platforms {
        [] => "none".to_owned(),
        platforms => listed(platforms),
    }
}

/// Layers and configurations of all manifests, each once.
fn blobs_of(manifests: &[Manifest]) -> Vec<Blob> {
    let mut seen = BTreeSet::new();
    let mut blobs = Vec::new();
    for manifest in manifests {
        let Content::Image { config, layers } = &manifest.content else { continue };
        let all = layers.iter().map(|layer| (layer, "the layer")).chain([(config, "the configuration")]);
        for (descriptor, what) in all {
            if seen.insert(descriptor.digest.clone()) {
                blobs.push(Blob { descriptor: descriptor.clone(), what, stands: Stands::Missing });
            }
        }
    }
    blobs
}
