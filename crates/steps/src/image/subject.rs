//! What both kinds speak of: references and platforms of a plan, repositories of ECR, failures in words.

use holdpoint_cloud::registry::{ImageRef, Platform, RegistryFault};
use holdpoint_engine::{ActError, Task};
use holdpoint_identity::registries::{EcrRegistry, registry_of};
use holdpoint_run::Diagnosis;

/// The platform of a plan that names none: Fargate's and App Runner's.
pub(super) const USUAL: &str = "linux/amd64";

pub(super) fn reference(text: &str) -> Result<ImageRef, Diagnosis> {
    text.parse().map_err(|error| Diagnosis::of(format!("{error}")).hint("Correct the step in the plan."))
}

pub(super) fn platform(text: &str) -> Result<Platform, Diagnosis> {
    text.parse().map_err(|error| Diagnosis::of(format!("{error}")).hint("Correct the step in the plan."))
}

/// The registry of ECR that an image is in, where this run's own calls reach it.
pub(super) fn ecr_of(task: &Task, image: &ImageRef) -> Option<EcrRegistry> {
    registry_of(image.host()).filter(|registry| registry.region == task.region)
}

/// A registry's failure, with what may be done.
pub(super) fn told(what: &str, fault: &RegistryFault) -> Diagnosis {
    let diagnosis = Diagnosis::of(format!("{what}: {fault}"));
    match fault {
        RegistryFault::Denied { host, message, with_login, .. } => {
            let diagnosis = diagnosis.says("What the registry says", message.clone());
            match (registry_of(host).is_some(), with_login) {
                (true, _) => diagnosis
                    .hint("Allow the role to read or write this repository: its own rights, and the repository's policy.")
                    .hint("A repository in another account is opened by its policy, in that account."),
                (false, true) => diagnosis.hint("Is the login that Docker keeps for this host still good? Log in again."),
                (false, false) => diagnosis.hint(format!(
                    "Log in with `docker login {host}`, or map the host to a profile: `holdpoint registry map {host} PROFILE`."
                )),
            }
        }
        RegistryFault::Missing { message, .. } => diagnosis
            .says("What the registry says", message.clone())
            .hint("Compare the repository and the tag with what was pushed."),
        RegistryFault::Lying { expected, found, .. } => diagnosis
            .says("Expected", expected.to_string())
            .says("Found", found.to_string())
            .hint("The registry, or something between, does not hand out what was put there: do not deploy from it."),
        RegistryFault::Size { .. } => diagnosis
            .hint("The registry, or something between, does not hand out what was put there: do not deploy from it."),
        RegistryFault::Platform { wanted, offered, .. } => diagnosis
            .says("Platform", format!("wanted {wanted}, offered {offered}"))
            .hint(format!("Build the image for {wanted}: `docker buildx build --platform {wanted}`.")),
        RegistryFault::Answered { message, .. } => diagnosis.says("What the registry says", message.clone()),
        RegistryFault::NoLogin { .. } => diagnosis.hint("Sign in again, then retry."),
        RegistryFault::Throttled { .. } => diagnosis.hint("Wait some minutes, then retry: what is there is not sent again."),
        RegistryFault::Unconnected { .. } | RegistryFault::Lost { .. } => {
            diagnosis.hint("Check the network, then retry: what is there is not sent again.")
        }
        RegistryFault::Reference(_)
        | RegistryFault::Address(_)
        | RegistryFault::NotARegistry { .. }
        | RegistryFault::BadManifest { .. }
        | RegistryFault::UnknownManifest { .. } => diagnosis,
    }
}

/// What a failed action means.
pub(super) fn act_told(what: &str, fault: &RegistryFault) -> ActError {
    match fault.may_have_taken_effect() {
        true => ActError::Ambiguous(told(what, fault)),
        false => ActError::Refused(told(what, fault)),
    }
}
