//! Amazon ECR: whether a repository is there, and what its scans found.

use crate::wire::{Nature, call};
use crate::{CallError, Cloud};
use serde_json::{Value, json};

impl Cloud {
    /// A repository as AWS writes it; `None` when there is none of that name.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn repository(&self, account: &str, name: &str) -> Result<Option<Value>, CallError> {
        let call_name = "ecr:DescribeRepositories";
        let input = json!({"registryId": account, "repositoryNames": [name]});
        match call!(self, ecr.describe_repositories, Nature::Read, call_name, input) {
            Ok(answer) => Ok(answer.body["repositories"].get(0).cloned()),
            Err(error) if error.code() == Some("RepositoryNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How the scan of an image stands: `{"imageScanStatus": …, "imageScanFindings": {"findingSeverityCounts": …}}`;
    /// `None` when it was never scanned.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn image_scan(
        &self,
        account: &str,
        repository: &str,
        digest: &str,
    ) -> Result<Option<Value>, CallError> {
        let call_name = "ecr:DescribeImageScanFindings";
        let input = json!({
            "registryId": account, "repositoryName": repository, "imageId": {"imageDigest": digest}, "maxResults": 1,
        });
        match call!(self, ecr.describe_image_scan_findings, Nature::Read, call_name, input) {
            Ok(answer) => Ok(Some(answer.body)),
            Err(error) if error.code() == Some("ScanNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
