//! References of images, read strictly: `[host[:port]/]repository[:tag][@digest]`.
//!
//! Grammar: distribution/reference of the Docker client and the OCI distribution specification, "Pulling manifests".

use super::digest::{BadDigest, Digest};
use std::fmt;
use std::str::FromStr;

/// Longest repository with its host (distribution/reference, `RepositoryNameTotalLengthMax`).
const LONGEST: usize = 255;
/// Longest tag.
const LONGEST_TAG: usize = 128;
/// The host of a reference that names none.
const DOCKER: &str = "docker.io";
/// Its older name.
const DOCKER_INDEX: &str = "index.docker.io";

/// An image by name: a host, a repository, and a tag, a digest or both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageRef {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Text that names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` names no image: {why}; write host/repository:tag or host/repository@sha256:…")]
pub struct BadReference {
    shown: String,
    why: String,
}

impl ImageRef {
    /// The registry, with its port where it has one; `docker.io` where the text names none.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository; on Docker Hub with `library/` where the text has no slash.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag that is written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that is written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Host and repository.
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// What a registry is asked for: the digest where there is one, else the tag, else `latest`.
    pub fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The same repository by digest, without a tag.
    pub fn at(&self, digest: &Digest) -> Self {
        Self { tag: None, digest: Some(digest.clone()), ..self.clone() }
    }

    /// The same repository by tag.
    ///
    /// # Errors
    /// [`BadReference`] for a text that is no tag.
    pub fn tagged(&self, tag: &str) -> Result<Self, BadReference> {
        check_tag(tag).map_err(|why| bad(tag, why))?;
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }
}

impl FromStr for ImageRef {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        if text.is_empty() {
            return Err(bad(text, "it is empty"));
        }
        if text.contains("://") {
            return Err(bad(text, "a reference has no scheme"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest.parse().map_err(|why: BadDigest| bad(text, why.to_string()))?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            Some(_) | None => (rest, None),
        };
        if let Some(tag) = tag {
            check_tag(tag).map_err(|why| bad(text, why))?;
        }
        let (host, repository) = match name.split_once('/') {
            Some((first, rest)) if is_host(first) => (first.to_ascii_lowercase(), rest.to_owned()),
            Some(_) | None => (DOCKER.to_owned(), name.to_owned()),
        };
        let host = if host == DOCKER_INDEX { DOCKER.to_owned() } else { host };
        let repository = match host == DOCKER && !repository.contains('/') {
            true => format!("library/{repository}"),
            false => repository,
        };
        check_host(&host).map_err(|why| bad(text, why))?;
        check_repository(&repository).map_err(|why| bad(text, why))?;
        if host.len() + 1 + repository.len() > LONGEST {
            return Err(bad(text, format!("it is longer than {LONGEST} characters")));
        }
        Ok(Self { host, repository, tag: tag.map(str::to_owned), digest })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

fn bad(shown: &str, why: impl Into<String>) -> BadReference {
    // What stands before an @ may be a password that was put into an address.
    let shown = match shown.split_once("://") {
        Some((_, rest)) => rest.rsplit_once('@').map_or(rest, |(_, rest)| rest),
        None => shown,
    };
    BadReference { shown: shown.chars().filter(|c| !c.is_control()).take(120).collect(), why: why.into() }
}

/// As Docker's clients tell: what has a dot or a port, or is `localhost`, is a host.
fn is_host(first: &str) -> bool {
    first == "localhost"
        || first.contains(['.', ':'])
        || first.starts_with('[')
        || first.chars().any(|c| c.is_ascii_uppercase())
}

fn check_host(host: &str) -> Result<(), String> {
    let (name, port) = match host.strip_prefix('[') {
        Some(v6) => {
            let (name, rest) = v6.split_once(']').ok_or("a [ is not closed")?;
            name.parse::<std::net::Ipv6Addr>().map_err(|_| "what is in brackets is no IPv6 address")?;
            (None, rest)
        }
        None => match host.split_once(':') {
            Some((name, _)) => (Some(name), &host[name.len()..]),
            None => (Some(host), ""),
        },
    };
    if let Some(port) = port.strip_prefix(':') {
        port.parse::<u16>().ok().filter(|port| *port > 0).ok_or("its port is no number from 1 to 65535")?;
    } else if !port.is_empty() {
        return Err("its host is none".to_owned());
    }
    let Some(name) = name else { return Ok(()) };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match name.split('.').all(is_label) {
        true => Ok(()),
        false => Err("its host is none".to_owned()),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` between slashes.
fn check_repository(repository: &str) -> Result<(), String> {
    for part in repository.split('/') {
        if part.is_empty() {
            return Err("a part of the repository is empty".to_owned());
        }
        if part.chars().any(|c| c.is_ascii_uppercase()) {
            return Err("a repository has no capital letters".to_owned());
        }
        if !is_path_part(part) {
            return Err(format!("`{part}` cannot be part of a repository"));
        }
    }
    Ok(())
}

fn is_path_part(part: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = |b: Option<&u8>| b.is_some_and(|b| is_word(*b));
    if !ends(bytes.first()) || !ends(bytes.last()) {
        return false;
    }
    let separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let fits =
        |separator: &str| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-');
    separators.into_iter().all(fits)
}

fn check_tag(tag: &str) -> Result<(), String> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = tag.bytes().all(|b| is_word(b) || b == b'.' || b == b'-');
    match tag.bytes().next() {
        None => Err("its tag is empty".to_owned()),
        Some(first) if is_word(first) && fits && tag.len() <= LONGEST_TAG => Ok(()),
        Some(_) => Err(format!("`{tag}` is no tag")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn check(text: &str, host: &str, repository: &str, tag: Option<&str>, digest: Option<&str>) {
        let read: ImageRef = text.parse().unwrap_or_else(|error| panic!("{error}"));
        let digest_read = read.digest().map(ToString::to_string);
        assert_eq!(
            (read.host(), read.repository(), read.tag(), digest_read.as_deref()),
            (host, repository, tag, digest),
            "{text}"
        );
        assert_eq!(read.to_string().parse(), Ok(read));
    }

    #[test]
    fn references() {
        check("nginx", "docker.io", "library/nginx", None, None);
        check("nginx:1.27", "docker.io", "library/nginx", Some("1.27"), None);
        check("shop/api", "docker.io", "shop/api", None, None);
        check("index.docker.io/nginx", "docker.io", "library/nginx", None, None);
        check("localhost/api", "localhost", "api", None, None);
        check("localhost:5000/a/b:1", "localhost:5000", "a/b", Some("1"), None);
        check("[::1]:5000/api", "[::1]:5000", "api", None, None);
        check("GHCR.example/shop/api:V1", "ghcr.example", "shop/api", Some("V1"), None);
        check(
            &format!("r.example/a__b-.x@{DIGEST}").replace("-.", "--"),
            "r.example",
            "a__b--x",
            None,
            Some(DIGEST),
        );
        check(&format!("r.example:80/api:1@{DIGEST}"), "r.example:80", "api", Some("1"), Some(DIGEST));
    }

    #[test]
    fn not_references() {
        let long = format!("r.example/{}", "a".repeat(250));
        let tag = format!("r.example/a:{}", "t".repeat(129));
        for text in [
            "",
            ":1",
            "r.example/",
            "r.example//a",
            "r.example/A",
            "r.example/a:",
            "r.example/a:-1",
            "r.example/a@sha256:12",
            "r.example/a@md5:d41d8cd98f00b204e9800998ecf8427e",
            "r.example/a@",
            "r.example/a..b",
            "r.example/a___b",
            "r.example/a-",
            "https://r.example/a",
            "r.example:0/a",
            "r.example:x/a",
            "-r.example/a",
            "r..example/a",
            "r.example/a b",
            "r.example/a\n",
            &long,
            &tag,
        ] {
            assert!(text.parse::<ImageRef>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let error = "https://user:hunter2@r.example/a".parse::<ImageRef>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
