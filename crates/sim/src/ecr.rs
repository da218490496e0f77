//! ECR's API: repositories, images, layers, scans and policies of an account's registry, and the token that opens it.
//! The content is that of [`crate::registry`], which also serves it under `/v2/`.

mod images;
mod layers;
mod policies;
mod repositories;
mod scans;
mod token;

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::people::Caller;
use crate::registry::{Place, Registry, Repository, ecr_host};
use crate::world::Env;

pub(crate) use self::token::EcrSwitches;

/// A call that is being answered.
pub(crate) struct Asked<'a> {
    pub(crate) env: &'a mut Env,
    pub(crate) input: &'a Value,
    /// The account whose registry is meant.
    pub(crate) account: String,
}

/// Answers one call.
pub(crate) fn serve(
    switches: &EcrSwitches,
    env: &mut Env,
    caller: &Caller,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    // What was found out on disk before: see `registry::facts`.
    if let Ok(refused) = serde_json::from_value::<AwsError>(input["_refused"].clone()) {
        return Err(refused);
    }
    let account = input["registryId"].as_str().unwrap_or(&env.account).to_owned();
    if account != env.account && operation != "GetAuthorizationToken" {
        return Err(AwsError::new(
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: ecr:{operation} on resource: arn:aws:ecr:{}:{account}:repository/{} \
                 because no resource-based policy allows the ecr:{operation} action",
                caller.arn,
                env.region,
                input["repositoryName"].as_str().unwrap_or("*"),
            ),
        ));
    }
    let asked = &mut Asked { env, input, account };
    match operation {
        "GetAuthorizationToken" => token::issue(switches, asked, caller),
        "CreateRepository" => repositories::create(asked),
        "DescribeRepositories" => repositories::describe(asked),
        "DeleteRepository" => repositories::delete(asked),
        "PutImageTagMutability" => repositories::put_mutability(asked),
        "PutImageScanningConfiguration" => repositories::put_scanning(asked),
        "TagResource" => repositories::tag(asked),
        "UntagResource" => repositories::untag(asked),
        "ListTagsForResource" => repositories::list_tags(asked),
        "DescribeRegistry" => repositories::registry(asked),
        "GetAccountSetting" => repositories::setting(asked),
        "PutAccountSetting" => repositories::put_setting(asked),
        "DescribeImages" => images::describe(asked),
        "ListImages" => images::list(asked),
        "BatchGetImage" => images::batch_get(asked),
        "PutImage" => images::put(asked),
        "BatchDeleteImage" => images::batch_delete(asked),
        "BatchCheckLayerAvailability" => layers::availability(asked),
        "InitiateLayerUpload" => layers::initiate(asked),
        "UploadLayerPart" => layers::part(asked),
        "CompleteLayerUpload" => layers::complete(asked),
        "GetDownloadUrlForLayer" => layers::download(asked),
        "DescribeImageScanFindings" => scans::findings(asked),
        "StartImageScan" => scans::start(asked),
        "PutLifecyclePolicy" | "GetLifecyclePolicy" | "DeleteLifecyclePolicy" => {
            policies::lifecycle(asked, operation)
        }
        "SetRepositoryPolicy" | "GetRepositoryPolicy" | "DeleteRepositoryPolicy" => {
            policies::repository(asked, operation)
        }
        other => Err(AwsError::not_implemented("ecr", other)),
    }
}

impl Asked<'_> {
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.input[member].as_str()
    }

    /// A member that has to be there.
    pub(crate) fn required(&self, member: &str) -> Result<String, AwsError> {
        self.text(member).filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| {
            AwsError::invalid_parameter(format!(
                "Invalid parameter at '{member}' failed to satisfy constraint: 'must not be null'"
            ))
        })
    }

    pub(crate) fn host(&self) -> String {
        ecr_host(&self.account, &self.env.region)
    }

    pub(crate) fn place(&self) -> Result<Place, AwsError> {
        Ok(Place { host: self.host(), repository: self.required("repositoryName")? })
    }

    pub(crate) fn registry(&mut self) -> &mut Registry {
        let host = self.host();
        self.env.images.registries.registry_mut(&host)
    }

    pub(crate) fn repository(&self) -> Result<&Repository, AwsError> {
        let place = self.place()?;
        self.env.images.registries.repository(&place).ok_or_else(|| self.no_repository(&place.repository))
    }

    pub(crate) fn repository_mut(&mut self) -> Result<&mut Repository, AwsError> {
        let place = self.place()?;
        let none = self.no_repository(&place.repository);
        self.env.images.registries.repository_mut(&place).ok_or(none)
    }

    pub(crate) fn no_repository(&self, name: &str) -> AwsError {
        AwsError::new(
            "RepositoryNotFoundException",
            format!(
                "The repository with name '{name}' does not exist in the registry with id '{}'",
                self.account
            ),
        )
    }

    /// A page of a list: `maxResults` of at most 1000, 100 unless given, from where `nextToken` says.
    pub(crate) fn page<T>(&self, items: Vec<T>) -> Result<(Vec<T>, Option<String>), AwsError> {
        let most = self.input["maxResults"].as_u64().unwrap_or(100);
        if !(1..=1000).contains(&most) {
            return Err(AwsError::invalid_parameter(
                "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must be between 1 and 1000'",
            ));
        }
        let from = match self.text("nextToken") {
            None => 0,
            Some(token) => {
                token.strip_prefix("page-").and_then(|n| n.parse::<usize>().ok()).ok_or_else(|| {
                    AwsError::invalid_parameter(
                        "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid token'",
                    )
                })?
            }
        };
        let (count, most) = (items.len(), usize::try_from(most).unwrap_or(usize::MAX));
        let page: Vec<T> = items.into_iter().skip(from).take(most).collect();
        let next = from + page.len();
        Ok((page, (next < count).then(|| format!("page-{next}"))))
    }
}
