//! What changes a registry, as the journal has it: the same for a client's push and for what a world brings.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::Micros;
use crate::registry::content::Stocked;
use crate::registry::manifest::{Manifest, Unreadable};
use crate::registry::model::{Auth, Place, Refused, ecr_owner};
use crate::world::Env;

/// Applies a change that a client asked for under `/v2/`.
pub(crate) fn serve(env: &mut Env, operation: &str, input: &Value) -> Result<Value, AwsError> {
    let text = |member: &str| input[member].as_str().unwrap_or_default().to_owned();
    let place = Place { host: text("host"), repository: text("repository") };
    let digest = text("digest");
    if env.images.registries.auth(&place.host) == Auth::Ecr
        && env.images.registries.repository(&place).is_none()
    {
        return Err(name_unknown(&place));
    }
    let now = env.now();
    let answer = match operation {
        "PutBlob" | "MountBlob" => {
            let size = input["size"].as_u64().unwrap_or_default();
            let repository = stands(env, &place, now);
            let known = repository.blobs.insert(digest, size).is_some();
            env.no_effect = known;
            Ok(Value::Null)
        }
        "PutManifest" => put_manifest(env, &place, input, now),
        "DeleteManifest" | "DeleteTag" | "DeleteBlob" => {
            let tag = text("tag");
            let gone =
                env.images.registries.repository_mut(&place).is_some_and(|repository| match operation {
                    "DeleteTag" => repository.tags.remove(&tag).is_some(),
                    "DeleteBlob" => repository.blobs.remove(&digest).is_some(),
                    _ => repository.remove(&digest),
                });
            let code = if operation == "DeleteBlob" { "BLOB_UNKNOWN" } else { "MANIFEST_UNKNOWN" };
            if gone { Ok(Value::Null) } else { Err(AwsError::with_status(code, 404, "it is not there")) }
        }
        other => Err(AwsError::with_status("UNSUPPORTED", 405, format!("{other} is not done here"))),
    };
    env.images.refresh(&place);
    answer
}

/// Puts what was stocked in place: what exists stays unless `moves`.
pub(crate) fn enter(env: &mut Env, of: &Stocked, moves: bool) {
    let now = env.now();
    let registry = env.images.registries.registry_mut(&of.place.host);
    if let Some(auth) = of.auth {
        registry.auth = auth;
        registry.users.clone_from(&of.users);
        registry.public = of.public;
    }
    let Some(goods) = &of.goods else { return };
    let repository = stands(env, &of.place, now);
    repository.immutable |= goods.immutable;
    repository.scan_on_push |= goods.scan_on_push;
    if let Some(scan) = &goods.scan {
        repository.findings = scan.iter().map(|(name, n)| (name.to_uppercase(), *n)).collect();
    }
    repository.blobs.extend(goods.blobs.iter().cloned());
    for (media_type, text, platform) in &goods.manifests {
        // They were made here, so they can be read.
        let Ok(manifest) = Manifest::read(text, Some(media_type), platform.clone(), now) else { continue };
        let digest = manifest.digest.clone();
        let scanned = goods.scan.is_some() && !manifest.is_index();
        repository.manifests.entry(digest.clone()).or_insert(manifest);
        if scanned {
            let counts = repository.findings.clone();
            let scan = crate::registry::Scan { counts, completes_at: now };
            repository.scans.entry(digest).or_insert(scan);
        }
    }
    let mut pushed = Vec::new();
    for (tag, digest) in &goods.tags {
        if repository.tags.contains_key(tag) && !moves {
            continue;
        }
        if repository.tags.insert(tag.clone(), digest.clone()).as_ref() != Some(digest) {
            pushed.push(format!("{}:{tag}", of.place));
        }
    }
    if moves {
        env.pushes.extend(pushed);
    }
    env.images.refresh(&of.place);
}

/// The refusal of a repository that is not there, in ECR's words where it is ECR's.
pub(crate) fn name_unknown(place: &Place) -> AwsError {
    let message = match ecr_owner(&place.host) {
        Some((account, _)) => format!(
            "The repository with name '{}' does not exist in the registry with id '{account}'",
            place.repository
        ),
        None => "repository name not known to registry".to_owned(),
    };
    AwsError::with_status("NAME_UNKNOWN", 404, message)
}

fn put_manifest(env: &mut Env, place: &Place, input: &Value, now: Micros) -> Result<Value, AwsError> {
    let is_ecr = ecr_owner(&place.host).is_some();
    let platform = input["platform"].as_str().map(str::to_owned);
    let text = input["manifest"].as_str().unwrap_or_default();
    let manifest = Manifest::read(text, input["media_type"].as_str(), platform, now)
        .map_err(|reason| invalid(&reason, is_ecr))?;
    let (digest, subject) = (manifest.digest.clone(), manifest.subject.clone());
    let tag = input["tag"].as_str();
    let repository = stands(env, place, now);
    let put = repository.put(manifest, tag).map_err(|refused| match refused {
        Refused::Blobs(digests) | Refused::Manifests(digests) => AwsError::with_status(
            "MANIFEST_BLOB_UNKNOWN",
            400,
            format!("blob unknown to registry: {}", digests.join(", ")),
        ),
        Refused::Immutable(tag) => AwsError::with_status(
            "TAG_INVALID",
            400,
            format!(
                "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the \
                 repository is immutable.",
                place.repository
            ),
        ),
    })?;
    env.no_effect = !put.changed;
    if let Some(tag) = tag.filter(|_| put.tagged) {
        env.pushes.push(format!("{place}:{tag}"));
    }
    Ok(json!({"digest": digest, "subject": subject}))
}

fn invalid(reason: &Unreadable, is_ecr: bool) -> AwsError {
    let message = if is_ecr {
        format!("Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{reason}'")
    } else {
        format!("manifest invalid: {reason}")
    };
    AwsError::with_status("MANIFEST_INVALID", 400, message)
}

fn stands<'a>(env: &'a mut Env, place: &Place, now: Micros) -> &'a mut crate::registry::Repository {
    let registry = env.images.registries.registry_mut(&place.host);
    registry.repositories.entry(place.repository.clone()).or_insert_with(|| crate::registry::Repository {
        created_at: now,
        ..crate::registry::Repository::default()
    })
}
