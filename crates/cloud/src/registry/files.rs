//! Whether an image contains files: its layers are looked into as they come, from the top, until all is known.
//!
//! Layers and whiteouts: OCI image specification, "Image Layer Filesystem Changeset". Links to folders (`/bin` → `usr/bin`)
//! are followed.

use super::blob::BlobReader;
use super::client::Registries;
use super::error::RegistryFault;
use super::manifest::{Content, Descriptor, Manifest};
use super::reference::ImageRef;
use flate2::read::MultiGzDecoder;
use hyper::body::Bytes;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Names that are kept at most: of an image with more, none is believed to be absent.
const NAMES: usize = 2_000_000;
/// Links that lead to links.
const LINKS: usize = 16;
/// Pieces that wait to be unpacked.
const WAITING: usize = 4;

/// What was seen of an image's files so far.
#[derive(Debug, Default)]
struct Seen {
    names: HashSet<String>,
    links: HashMap<String, String>,
    /// Removed by an upper layer, with everything below.
    gone: HashSet<String>,
    /// Folders whose lower contents an upper layer hides.
    opaque: HashSet<String>,
}

impl Registries {
    /// Which of these paths an image contains. Reading ends as soon as all of them were seen.
    ///
    /// # Errors
    /// [`RegistryFault`]; a layer that cannot be unpacked is [`RegistryFault::BadManifest`].
    pub async fn files_in(
        &self,
        image: &ImageRef,
        manifest: &Manifest,
        paths: &[String],
    ) -> Result<BTreeMap<String, bool>, RegistryFault> {
        let wanted: BTreeSet<String> = paths.iter().map(|path| normal(path)).collect();
        let mut seen = Seen::default();
        if let Content::Image { layers, .. } = &manifest.content {
            for layer in layers.iter().rev().filter(|layer| !layer.is_foreign()) {
                if wanted.iter().all(|path| seen.has(path)) {
                    break;
                }
                seen = self.look_into(image, layer, &wanted, seen).await?;
            }
        }
        Ok(paths.iter().map(|path| (path.clone(), seen.has(&normal(path)))).collect())
    }

    async fn look_into(
        &self,
        image: &ImageRef,
        layer: &Descriptor,
        wanted: &BTreeSet<String>,
        seen: Seen,
    ) -> Result<Seen, RegistryFault> {
        let (pieces, waiting) = mpsc::channel(WAITING);
        let mut reader = BlobReader::new(self, image, layer, "the layer");
        let wanted = wanted.clone();
        let unpacking = tokio::task::spawn_blocking(move || {
            let mut seen = seen;
            let done = seen.unpack(Pieces { waiting, at: Bytes::new(), failed: false }, &wanted);
            (seen, done)
        });
        let feeding = async {
            loop {
                match reader.next().await {
                    // Nobody waits any more: all that is wanted was seen.
                    Ok(Some(piece)) => {
                        if pieces.send(Ok(piece)).await.is_err() {
                            return Ok(());
                        }
                    }
                    Ok(None) => return Ok(()),
                    Err(fault) => {
                        drop(pieces.send(Err(())).await);
                        return Err(fault);
                    }
                }
            }
        };
        let fed = feeding.await;
        drop(pieces);
        fed?;
        let broken = |why: String| RegistryFault::BadManifest {
            what: format!("the layer {} of {image}", layer.digest),
            why,
        };
        let (seen, done) = unpacking.await.map_err(|error| broken(error.to_string()))?;
        done.map_err(|error| broken(error.to_string()))?;
        Ok(seen)
    }
}

impl Seen {
    /// Reads the names of a layer, until all that is wanted was seen.
    fn unpack(&mut self, pieces: Pieces, wanted: &BTreeSet<String>) -> io::Result<()> {
        let mut archive = tar::Archive::new(unpacked(pieces)?);
        let mut below = Seen::default();
        let mut names = Vec::new();
        for entry in archive.entries()? {
            let entry = entry?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = normal(&path);
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if name == ".wh..wh..opq" {
                below.opaque.insert(folder.to_owned());
                continue;
            }
            if let Some(removed) = name.strip_prefix(".wh.") {
                below.gone.insert(normal(&format!("{folder}/{removed}")));
                continue;
            }
            if self.is_hidden(&path) {
                continue;
            }
            if entry.header().entry_type().is_symlink()
                && let Some(target) = entry.link_name_bytes()
            {
                let target = String::from_utf8_lossy(&target).into_owned();
                let target = if target.starts_with('/') { target } else { format!("{folder}/{target}") };
                self.links.entry(path.clone()).or_insert_with(|| normal(&target));
            }
            names.push(path.clone());
            self.names.insert(path);
            if self.names.len() > NAMES {
                return Err(io::Error::other(format!("it has more than {NAMES} files")));
            }
            if wanted.iter().all(|path| self.names.contains(path)) {
                return Ok(());
            }
        }
        // What this layer removes is removed from those below it only.
        self.gone.extend(below.gone.into_iter().filter(|gone| !names.contains(gone)));
        self.opaque.extend(below.opaque);
        // A file in the place of a folder hides what was below the folder.
        Ok(())
    }

    /// Whether an upper layer removed a path, or one that it is in.
    fn is_hidden(&self, path: &str) -> bool {
        let mut at = path;
        loop {
            if self.gone.contains(at) {
                return true;
            }
            match at.rsplit_once('/') {
                Some((folder, _)) if self.opaque.contains(folder) => return true,
                Some((folder, _)) => at = folder,
                None => return !at.is_empty() && self.opaque.contains(""),
            }
        }
    }

    /// Whether a path is there, by itself or through links to folders.
    fn has(&self, path: &str) -> bool {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            if self.names.contains(&path) {
                return true;
            }
            let ends = path.match_indices('/').map(|(at, _)| at);
            let link = ends.filter_map(|at| Some((at, self.links.get(&path[..at])?))).next();
            let Some((at, target)) = link else { return false };
            path = normal(&format!("{target}{}", &path[at..]));
        }
        false
    }
}

/// Without a slash at the beginning, `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// By what it begins with, whatever its media type says: registries hold all of these under the same one.
fn unpacked(mut pieces: Pieces) -> io::Result<Box<dyn Read>> {
    let mut head = [0; 4];
    let mut filled = 0;
    while filled < head.len() {
        match pieces.read(&mut head[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    let whole = io::Cursor::new(head[..filled].to_vec()).chain(pieces);
    Ok(match head {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(whole);
            Box::new(decoder.map_err(|error| io::Error::other(error.to_string()))?)
        }
        _ => Box::new(whole),
    })
}

/// What comes, as something to read from.
struct Pieces {
    waiting: mpsc::Receiver<Result<Bytes, ()>>,
    at: Bytes,
    failed: bool,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at.is_empty() {
            match self.waiting.blocking_recv() {
                Some(Ok(piece)) => self.at = piece,
                Some(Err(())) => self.failed = true,
                None if self.failed => return Err(io::Error::other("its registry failed")),
                None => return Ok(0),
            }
        }
        let piece = self.at.split_to(self.at.len().min(into.len()));
        into[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A layer: files by name, links as `name -> target`.
    fn layer(names: &[&str]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for name in names {
            let mut header = tar::Header::new_gnu();
            header.set_size(0);
            match name.split_once(" -> ") {
                Some((name, target)) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    builder.append_link(&mut header, name, target).unwrap();
                }
                None => builder.append_data(&mut header, name, io::empty()).unwrap(),
            }
        }
        builder.into_inner().unwrap()
    }

    fn pieces(bytes: &[u8]) -> Pieces {
        let (sender, waiting) = mpsc::channel(bytes.len() / 100 + 1);
        for piece in bytes.chunks(100) {
            sender.try_send(Ok(Bytes::copy_from_slice(piece))).unwrap();
        }
        Pieces { waiting, at: Bytes::new(), failed: false }
    }

    /// Whether the image of these layers, lowest first, has a path.
    fn has(layers: &[&[&str]], path: &str) -> bool {
        let wanted = BTreeSet::from([normal(path)]);
        let mut seen = Seen::default();
        for names in layers.iter().rev() {
            seen.unpack(pieces(&layer(names)), &wanted).unwrap();
        }
        seen.has(&normal(path))
    }

    #[test]
    fn upper_layers_hide_lower_ones() {
        let curl = "/usr/bin/curl";
        assert!(has(&[&["usr/bin/curl"]], curl));
        assert!(has(&[&["./usr/bin/curl"], &["etc/x"]], curl));
        assert!(!has(&[&["usr/bin/curl"], &["usr/bin/.wh.curl"]], curl));
        assert!(!has(&[&["usr/bin/curl"], &["usr/.wh.bin"]], curl));
        assert!(!has(&[&["usr/bin/curl"], &["usr/bin/.wh..wh..opq", "usr/bin/wget"]], curl));
        assert!(has(&[&["usr/bin/curl"], &["usr/bin/.wh..wh..opq", "usr/bin/wget"]], "/usr/bin/wget"));
        assert!(has(&[&["usr/bin/curl"], &["usr/bin/.wh.curl"], &["usr/bin/curl"]], curl));
        assert!(has(&[&["usr/bin/curl"], &["usr/bin/.wh.curl", "usr/bin/curl"]], curl));
        assert!(!has(&[&["opt/curl"]], curl));
    }

    #[test]
    fn links_to_folders_are_followed() {
        let image: &[&[&str]] = &[&["bin -> usr/bin", "usr/bin/sh", "lib -> /bin", "loop -> loop"]];
        assert!(has(image, "/bin/sh") && has(image, "/lib/sh"));
        assert!(!has(image, "/bin/curl") && !has(image, "/loop/sh"));
    }

    #[test]
    fn all_compressions_are_told_by_their_beginning() {
        use std::io::Write as _;
        let plain = layer(&["a/b"]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        let zstd =
            ruzstd::encoding::compress_to_vec(plain.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        for bytes in [plain, gzip.finish().unwrap(), zstd] {
            let mut seen = Seen::default();
            seen.unpack(pieces(&bytes), &BTreeSet::from(["a/b".to_owned()])).unwrap();
            assert!(seen.has("a/b"));
        }
        assert!(Seen::default().unpack(pieces(&[0x1f, 0x8b, 8, 0, 0]), &BTreeSet::new()).is_err());
    }
}
