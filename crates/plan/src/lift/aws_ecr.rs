//! ECR: what looks at images. Sign-ins stand in [`piped`](super::piped).

use super::aws::{Aws, Operation};
use super::flags::Takes::{Many, One};
use super::shorthand::{Members, structures};
use super::verdict::{Answer, Draft, Keep, keep};

pub(crate) const ALL: &[Operation] = &[Operation {
    service: "ecr",
    name: "describe-images",
    flags: &[("--repository-name", One), ("--image-ids", Many), ("--registry-id", One)],
    lift: inspect,
}];

fn inspect(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    let options = &aws.options;
    let facts = &aws.call.context().facts;
    let account = options.one("--registry-id").map(str::to_owned).or_else(|| facts.account.clone());
    let (Some(account), Some(region)) = (account, facts.region.clone()) else {
        return keep("the registry is not known without the account and region of the target");
    };
    let repository = options.needed("--repository-name")?;
    let words = options.all("--image-ids");
    if words.is_empty() {
        return keep("it lists all images of a repository");
    }
    let ids = structures("--image-ids", &words)?;
    let mut ids = ids.into_iter();
    let (Some(id), None) = (ids.next(), ids.next()) else {
        return keep("it looks at several images at once");
    };
    let mut id = Members::of("--image-ids", id)?;
    let reference = match (id.text("imageTag")?, id.text("imageDigest")?) {
        (Some(tag), None) => format!(":{tag}"),
        (None, Some(digest)) => format!("@{digest}"),
        (Some(_), Some(_)) | (None, None) => {
            return keep("it names an image in a way that is not known here");
        }
    };
    id.done()?;
    let mut draft = Draft::of("image.inspect", format!("inspect_{repository}"))
        .with("image", format!("{account}.dkr.ecr.{region}.amazonaws.com/{repository}{reference}"));
    match aws.captured(&[("imageDetails[0].imageDigest", "digest")])? {
        Some(sets) => draft.sets = Some(sets),
        None => aws.shown_only()?,
    }
    Ok(draft.into())
}
