//! Which request of the distribution API it is.

use url::form_urlencoded;

/// A request of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Ping,
    Token,
    /// Where ECR sends clients for the bytes of a layer.
    Layer {
        digest: String,
    },
    Manifest {
        name: String,
        reference: String,
    },
    Blob {
        name: String,
        digest: String,
    },
    Uploads {
        name: String,
    },
    Upload {
        name: String,
        id: String,
    },
    Tags {
        name: String,
    },
    Referrers {
        name: String,
        digest: String,
    },
    Unknown,
}

/// Whether a registry serves that path.
pub(crate) fn is_path(path: &str) -> bool {
    path == "/v2" || path.starts_with("/v2/") || path.starts_with("/_registry/")
}

impl Route {
    pub(crate) fn read(path: &str) -> Self {
        if let Some(rest) = path.strip_prefix("/_registry/") {
            return match rest.split_once('/') {
                None if rest == "token" => Self::Token,
                Some(("layers", digest)) => Self::Layer { digest: decoded(digest) },
                _ => Self::Unknown,
            };
        }
        let rest = path.strip_prefix("/v2").unwrap_or_default().trim_start_matches('/');
        if rest.is_empty() {
            return Self::Ping;
        }
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Self::named(name, |name| Self::Tags { name });
        }
        // A repository's name may itself have a part called `blobs` or `manifests`, so the last one counts.
        if let Some((name, id)) = rest.rsplit_once("/blobs/uploads/") {
            return Self::named(name, |name| match id {
                "" => Self::Uploads { name },
                id => Self::Upload { name, id: id.to_owned() },
            });
        }
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Self::named(name, |name| Self::Uploads { name });
        }
        for (part, make) in [
            ("/manifests/", Self::manifest as fn(String, String) -> Self),
            ("/blobs/", Self::blob),
            ("/referrers/", Self::referrers),
        ] {
            if let Some((name, last)) = rest.rsplit_once(part)
                && !last.contains('/')
                && !last.is_empty()
            {
                return Self::named(name, |name| make(name, decoded(last)));
            }
        }
        Self::Unknown
    }

    fn manifest(name: String, reference: String) -> Self {
        Self::Manifest { name, reference }
    }

    fn blob(name: String, digest: String) -> Self {
        Self::Blob { name, digest }
    }

    fn referrers(name: String, digest: String) -> Self {
        Self::Referrers { name, digest }
    }

    fn named(name: &str, make: impl FnOnce(String) -> Self) -> Self {
        if name.is_empty() { Self::Unknown } else { make(decoded(name)) }
    }

    /// The name of the repository that it is about.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. }
            | Self::Tags { name }
            | Self::Referrers { name, .. } => Some(name),
            Self::Ping | Self::Token | Self::Layer { .. } | Self::Unknown => None,
        }
    }

    /// The operation's name, for faults, counts and the record; `None` when that method is not done there.
    pub(crate) fn operation(&self, method: &str, mounts: bool) -> Option<&'static str> {
        Some(match (self, method) {
            (Self::Ping, "GET" | "HEAD") => "Ping",
            (Self::Token, "GET" | "POST") => "GetToken",
            (Self::Layer { .. }, "GET" | "HEAD") => "DownloadLayer",
            (Self::Manifest { .. }, "GET") => "GetManifest",
            (Self::Manifest { .. }, "HEAD") => "HeadManifest",
            (Self::Manifest { .. }, "PUT") => "PutManifest",
            (Self::Manifest { .. }, "DELETE") => "DeleteManifest",
            (Self::Blob { .. }, "GET") => "GetBlob",
            (Self::Blob { .. }, "HEAD") => "HeadBlob",
            (Self::Blob { .. }, "DELETE") => "DeleteBlob",
            (Self::Uploads { .. }, "POST") if mounts => "MountBlob",
            (Self::Uploads { .. }, "POST") => "StartUpload",
            (Self::Upload { .. }, "PATCH") => "PatchUpload",
            (Self::Upload { .. }, "PUT") => "CompleteUpload",
            (Self::Upload { .. }, "GET" | "HEAD") => "GetUpload",
            (Self::Upload { .. }, "DELETE") => "CancelUpload",
            (Self::Tags { .. }, "GET" | "HEAD") => "ListTags",
            (Self::Referrers { .. }, "GET" | "HEAD") => "ListReferrers",
            _ => return None,
        })
    }
}

/// The query's values of a name, in order.
pub(crate) fn values(query: &str, name: &str) -> Vec<String> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

pub(crate) fn value(query: &str, name: &str) -> Option<String> {
    values(query, name).into_iter().next()
}

/// Percent-decoded; a plus is a plus.
fn decoded(text: &str) -> String {
    let escaped = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(escaped.as_bytes()).next().map_or_else(String::new, |(key, _)| key.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let manifest = |name: &str, reference: &str| Route::Manifest {
            name: name.to_owned(),
            reference: reference.to_owned(),
        };
        for (path, route) in [
            ("/v2", Route::Ping),
            ("/v2/", Route::Ping),
            ("/v2/shop/api/manifests/1.4", manifest("shop/api", "1.4")),
            (
                "/v2/ghcr.example/a/manifests/manifests/sha256%3Aab",
                manifest("ghcr.example/a/manifests", "sha256:ab"),
            ),
            ("/v2/a/blobs/uploads/", Route::Uploads { name: "a".into() }),
            ("/v2/a/blobs/uploads", Route::Uploads { name: "a".into() }),
            ("/v2/a/blobs/uploads/x-1", Route::Upload { name: "a".into(), id: "x-1".into() }),
            ("/v2/a/blobs/sha256:ab", Route::Blob { name: "a".into(), digest: "sha256:ab".into() }),
            ("/v2/a/tags/list", Route::Tags { name: "a".into() }),
            ("/v2/_catalog", Route::Unknown),
            ("/_registry/token", Route::Token),
            ("/_registry/layers/sha256:ab", Route::Layer { digest: "sha256:ab".into() }),
        ] {
            assert_eq!(Route::read(path), route, "{path}");
        }
    }
}
