//! Basic scanning: what a world says is found in the images of a repository, some seconds after the scan was asked for.

use serde_json::{Value, json};

use crate::aws_error::AwsError;
use crate::clock::{SECOND, epoch_seconds};
use crate::ecr::repositories::with_next;
use crate::ecr::{Asked, images};
use crate::registry::Scan;
use crate::world::Env;

/// How long a scan takes at speed 1.
const TAKES: f64 = 15.0;
/// An image is scanned by hand once in 24 hours.
const ONCE_IN: u64 = 86_400;

pub(crate) fn start(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let repository = asked.repository()?;
    let id = asked.input["imageId"].clone();
    let manifest = images::find(repository, &id).map_err(|_| images::no_image(asked, &id))?;
    let digest = manifest.digest.clone();
    if manifest.is_index() {
        return Err(AwsError::new(
            "UnsupportedImageTypeException",
            format!("The image with digest '{digest}' is a manifest list, which cannot be scanned."),
        ));
    }
    let now = asked.env.now();
    if repository.scans.get(&digest).is_some_and(|scan| now < scan.completes_at + ONCE_IN * SECOND) {
        return Err(AwsError::new(
            "LimitExceededException",
            "The scan quota per image has been exceeded. Wait and try again.",
        ));
    }
    let takes = (TAKES / asked.env.speed * SECOND as f64).round() as u64;
    let scan = Scan { counts: repository.findings.clone(), completes_at: now + takes };
    let answer = of_image(asked, &digest, &id, &scan);
    asked.repository_mut()?.scans.insert(digest, scan);
    Ok(answer)
}

pub(crate) fn findings(asked: &mut Asked<'_>) -> Result<Value, AwsError> {
    let repository = asked.repository()?;
    let id = asked.input["imageId"].clone();
    let manifest = images::find(repository, &id).map_err(|_| images::no_image(asked, &id))?;
    let digest = manifest.digest.clone();
    let scan = repository.scans.get(&digest).ok_or_else(|| {
        AwsError::new(
            "ScanNotFoundException",
            format!(
                "Image scan does not exist for the image with '{{imageDigest:'{digest}'}}' in the repository with name '{}' in the \
                 registry with id '{}'",
                asked.text("repositoryName").unwrap_or_default(),
                asked.account
            ),
        )
    })?;
    let mut answer = of_image(asked, &digest, &id, scan);
    let Some(mut found) = summary(asked.env, scan) else { return Ok(answer) };
    let (page, next) = asked.page(each(scan))?;
    found["findings"] = json!(page);
    answer["imageScanFindings"] = found;
    Ok(with_next(answer, next))
}

/// How far a scan is.
pub(crate) fn status(env: &Env, scan: &Scan) -> Value {
    if scan.completes_at <= env.now() {
        json!({"status": "COMPLETE", "description": "The scan was completed successfully."})
    } else {
        json!({"status": "IN_PROGRESS"})
    }
}

/// What was found, by severity, once it is known.
pub(crate) fn summary(env: &Env, scan: &Scan) -> Option<Value> {
    (scan.completes_at <= env.now()).then(|| {
        json!({
            "imageScanCompletedAt": epoch_seconds(scan.completes_at),
            "vulnerabilitySourceUpdatedAt": epoch_seconds(scan.completes_at),
            "findingSeverityCounts": scan.counts,
        })
    })
}

fn of_image(asked: &Asked<'_>, digest: &str, id: &Value, scan: &Scan) -> Value {
    let mut said = json!({ "imageDigest": digest });
    if let Some(tag) = id["imageTag"].as_str() {
        said["imageTag"] = json!(tag);
    }
    json!({
        "registryId": asked.account,
        "repositoryName": asked.input["repositoryName"],
        "imageId": said,
        "imageScanStatus": status(asked.env, scan),
    })
}

/// Findings for the counts, the worst first; their names are nobody's.
fn each(scan: &Scan) -> Vec<Value> {
    let order = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"];
    let counted = order.iter().flat_map(|severity| {
        let count = scan.counts.get(*severity).copied().unwrap_or_default();
        (1..=count).map(move |n| (*severity, n))
    });
    counted
        .map(|(severity, n)| {
            let name = format!("CVE-2000-{}{n:04}", severity.len());
            json!({
                "name": name,
                "severity": severity,
                "description": format!("A finding of the simulator, number {n} of those that are {severity}."),
                "uri": format!("https://vulnerabilities.example/{name}"),
                "attributes": [
                    {"key": "package_name", "value": "example"}, {"key": "package_version", "value": "1.0.0"}
                ],
            })
        })
        .collect()
}
