//! Layers by ECR's API. Their bytes were taken care of before (see `registry::facts`); here the world learns of it.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::ecr::Asked;

/// What AWS tells clients to send at a time.
const PART_SIZE: u64 = 10 << 20;

pub(crate) fn availability(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let repository = asked.repository()?;
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    for digest in asked.input["layerDigests"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !crate::registry::is_digest(digest) {
            failures.push(json!({
                "layerDigest": digest, "failureCode": "InvalidLayerDigest",
                "failureReason": "Invalid layer digest specified",
            }));
            continue;
        }
        layers.push(match repository.blobs.get(digest) {
            Some(size) => json!({
                "layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": size,
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
            }),
            None => json!({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}),
        });
    }
    Ok(json!({"layers": layers, "failures": failures}))
}

pub(crate) fn initiate(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    asked.repository()?;
    Ok(json!({"uploadId": asked.input["_uploadId"], "partSize": PART_SIZE}))
}

pub(crate) fn part(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    asked.repository()?;
    Ok(json!({
        "registryId": asked.account,
        "repositoryName": asked.input["repositoryName"],
        "uploadId": asked.input["uploadId"],
        "lastByteReceived": asked.input["_received"],
    }))
}

pub(crate) fn complete(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let digest = asked.input["_stored"]["digest"].as_str().unwrap_or_default().to_owned();
    let size = asked.input["_stored"]["size"].as_u64().unwrap_or_default();
    asked.repository_mut()?.blobs.insert(digest.clone(), size);
    Ok(json!({
        "registryId": asked.account,
        "repositoryName": asked.input["repositoryName"],
        "uploadId": asked.input["uploadId"],
        "layerDigest": digest,
    }))
}

pub(crate) fn download(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let digest = asked.required("layerDigest")?;
    let repository = asked.repository()?;
    if !repository.blobs.contains_key(&digest) {
        return Err(AwsError::new(
            "LayersNotFoundException",
            format!(
                "Layers with digests '[{digest}]' are not found in the repository with name '{}' in the registry with id '{}'",
                asked.text("repositoryName").unwrap_or_default(),
                asked.account
            ),
        ));
    }
    // The world does not know where it is served; the answer gets the address that was asked.
    Ok(json!({"downloadUrl": crate::registry::link(asked.env, &digest), "layerDigest": digest}))
}
