//! Amazon ECR: what a tag names.

use crate::ecs::typed;
use crate::wire::{Nature, call};
use crate::{CallError, Cloud, Millis};
use serde::Deserialize;
use serde_json::json;

/// An image as ECR describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaggedImage {
    /// Digest of the manifest or index that the reference names.
    #[serde(rename = "imageDigest")]
    pub digest: String,
    /// When it was pushed.
    #[serde(rename = "imagePushedAt")]
    pub pushed_at: Option<Millis>,
    /// Its tags.
    #[serde(rename = "imageTags")]
    pub tags: Vec<String>,
}

/// A reference to ECR, taken apart: registry, region, repository, and what is looked for in it.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    registry: &'a str,
    region: &'a str,
    repository: &'a str,
    id: (&'static str, &'a str),
}

impl Cloud {
    /// What a reference to ECR in this region names, by `<account>.dkr.ecr.<region>.amazonaws.com/…`. `None` for one that
    /// is elsewhere, and for an image that is not there.
    pub async fn ecr_image(&self, reference: &str) -> Result<Option<TaggedImage>, CallError> {
        let Some(place) = Place::of(reference).filter(|place| self.region.as_deref() == Some(place.region))
        else {
            return Ok(None);
        };
        let name = "ecr:DescribeImages";
        let (member, value) = place.id;
        let input = json!({
            "registryId": place.registry, "repositoryName": place.repository, "imageIds": [{member: value}],
        });
        match call!(self, ecr.describe_images, Nature::Read, name, input) {
            Err(CallError::Refused { code, .. })
                if matches!(code.as_str(), "ImageNotFoundException" | "RepositoryNotFoundException") =>
            {
                Ok(None)
            }
            answer => Ok(typed::<Vec<TaggedImage>>(name, &answer?, "imageDetails")?.into_iter().next()),
        }
    }
}

impl<'a> Place<'a> {
    fn of(reference: &'a str) -> Option<Self> {
        let (host, rest) = reference.split_once('/')?;
        let parts: Vec<&str> = host.split('.').collect();
        let [registry, "dkr", "ecr", region, "amazonaws", "com", ..] = *parts.as_slice() else { return None };
        let (repository, id) = match rest.split_once('@') {
            Some((name, digest)) => {
                (name.split_once(':').map_or(name, |(name, _)| name), ("imageDigest", digest))
            }
            None => {
                let (name, tag) = rest.rsplit_once(':').unwrap_or((rest, "latest"));
                (name, ("imageTag", tag))
            }
        };
        Some(Self { registry, region, repository, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let table = [
            ("team/api:1.4", Some(("team/api", ("imageTag", "1.4")))),
            ("api", Some(("api", ("imageTag", "latest")))),
            ("api@sha256:a", Some(("api", ("imageDigest", "sha256:a")))),
            ("api:1@sha256:a", Some(("api", ("imageDigest", "sha256:a")))),
        ];
        for (rest, expected) in table {
            let reference = format!("{host}/{rest}");
            let found = Place::of(&reference).map(|place| (place.repository, place.id));
            assert_eq!(found, expected, "{rest}");
        }
        assert_eq!(Place::of("public.ecr.aws/nginx/nginx:1"), None);
        assert_eq!(Place::of("api:1"), None);
    }
}
