//! What App Runner refuses, found before anything is sent: names, sizes, commands, references.

use holdpoint_plan::kinds::{AppHealth, AutoScaling, Connector, ImageType, ScalingSizes};
use holdpoint_plan::limits as names;
use holdpoint_run::Diagnosis;

/// Memory in MiB that each processor size takes.
/// From the App Runner developer guide, "Managing App Runner service instances": vCPU and memory.
const SIZES: &[(&str, &[&str])] = &[
    ("256", &["512", "1024"]),
    ("512", &["1024"]),
    ("1024", &["2048", "3072", "4096"]),
    ("2048", &["4096", "6144"]),
    ("4096", &["8192", "10240", "12288"]),
];

/// What is wrong with a step's arguments, gathered so that all of it is said at once.
#[derive(Debug, Default)]
pub(crate) struct Wrong(Vec<String>, Vec<String>);

impl Wrong {
    /// A name of a kind that `names` knows, e.g. `apprunner.service`.
    pub(crate) fn name(&mut self, kind: &str, name: &str) {
        let Some(unfit) = names::rule(kind).and_then(|rule| rule.check(name).err()) else { return };
        self.0.push(format!("{kind}: {}", unfit.why));
        if let Some(proposal) = unfit.proposal {
            self.1.push(format!("`{proposal}` would do instead of `{name}`."));
        }
    }

    /// A command is one line (pattern `[^\x0a\x0d]+` of the API).
    pub(crate) fn command(&mut self, command: Option<&str>) {
        if command.is_some_and(|command| command.contains(['\n', '\r'])) {
            self.0.push("start_command: App Runner takes one line".into());
            self.1.push(
                "Put several commands into a script of the image, or join them with `&&` under `sh -c`."
                    .into(),
            );
        }
    }

    /// Processor and memory that go together.
    pub(crate) fn sizes(&mut self, cpu: Option<&str>, memory: Option<&str>) {
        let (wanted_cpu, wanted_memory) = (cpu.map(cpu_units), memory.map(memory_mib));
        if let (Some(cpu), Some(None)) = (cpu, &wanted_cpu) {
            self.0.push(format!("cpu: `{cpu}` is none of 0.25, 0.5, 1, 2 and 4 vCPU"));
        }
        if let (Some(memory), Some(None)) = (memory, &wanted_memory) {
            self.0.push(format!("memory: `{memory}` is none of 0.5, 1, 2, 3, 4, 6, 8, 10 and 12 GB"));
        }
        if let (Some(Some(cpu)), Some(Some(memory))) = (wanted_cpu, wanted_memory) {
            let fits = SIZES.iter().find(|(of, _)| *of == cpu).map(|(_, fits)| *fits).unwrap_or_default();
            if !fits.contains(&memory.as_str()) {
                self.0.push(format!(
                    "memory: {cpu} CPU units go with {} MiB, not with {memory}",
                    fits.join(", ")
                ));
            }
        }
    }

    /// Seconds and counts of a health check, each 1 to 20.
    pub(crate) fn health(&mut self, health: Option<&AppHealth>) {
        let Some(health) = health else { return };
        for (name, length) in [("interval", health.interval), ("timeout", health.timeout)] {
            let Some(length) = length.map(|length| length.get().as_millis()) else { continue };
            if length % 1000 != 0 || !(1_000..=20_000).contains(&length) {
                self.0.push(format!("health.{name}: whole seconds from 1s to 20s"));
            }
        }
        for (name, count) in [("healthy", health.healthy), ("unhealthy", health.unhealthy)] {
            if count.is_some_and(|count| !(1..=20).contains(&count)) {
                self.0.push(format!("health.{name}: 1 to 20"));
            }
        }
    }

    /// Names and numbers of what is made on the way.
    pub(crate) fn requisites(&mut self, scaling: Option<&AutoScaling>, connector: Option<&Connector>) {
        if let Some(AutoScaling::Of(ScalingSizes { name, min, max, concurrency })) = scaling {
            self.name("apprunner.auto_scaling", name);
            if min.is_some_and(|min| !(1..=25).contains(&min)) {
                self.0.push("auto_scaling.min: 1 to 25".into());
            }
            if *max == Some(0) || matches!((min, max), (Some(min), Some(max)) if min > max) {
                self.0.push("auto_scaling.max: at least 1, and not below min".into());
            }
            if concurrency.is_some_and(|concurrency| !(1..=200).contains(&concurrency)) {
                self.0.push("auto_scaling.concurrency: 1 to 200".into());
            }
        }
        if let Some(Connector::Of(place)) = connector {
            self.name("apprunner.vpc_connector", &place.name);
            if place.subnets.is_empty() {
                self.0.push("vpc_connector.subnets: at least one; none is chosen for you".into());
            }
        }
    }

    /// An image that App Runner can pull at all, with the role that it needs.
    pub(crate) fn image(&mut self, image: &str, of: ImageType, access_role: Option<&str>) {
        let private = is_private_ecr(image);
        match of {
            ImageType::Ecr if !private => {
                self.0.push(format!(
                    "image: `{image}` is in neither ECR nor ECR Public, which App Runner pulls from"
                ));
                self.1.push("Copy it to ECR first, with `image.mirror`.".into());
            }
            ImageType::Ecr if access_role.is_none() => {
                self.0.push("access_role: App Runner pulls from ECR with a role, and none is named".into());
                self.1.push("Name a role that build.apprunner.amazonaws.com may assume, with AWSAppRunnerServicePolicyForECRAccess.".into());
            }
            ImageType::Ecr => {}
            ImageType::EcrPublic if private => {
                self.0.push(format!("image_type: `{image}` is in ECR, not in ECR Public"));
            }
            ImageType::EcrPublic => {}
        }
    }

    /// Nothing, or all of it.
    pub(crate) fn done(self, what: &str) -> Result<(), Diagnosis> {
        let Self(wrong, hints) = self;
        if wrong.is_empty() {
            return Ok(());
        }
        let mut diagnosis = Diagnosis::of(format!("{what} would be refused: {}", wrong.join("; ")));
        diagnosis.hints = hints;
        Err(diagnosis.hint("Nothing was sent: correct the plan."))
    }
}

/// The kind of an image's repository, from its reference.
pub(crate) fn image_type(image: &str) -> ImageType {
    if image.starts_with("public.ecr.aws/") { ImageType::EcrPublic } else { ImageType::Ecr }
}

/// As the API names it.
pub(crate) fn image_type_word(of: ImageType) -> &'static str {
    match of {
        ImageType::Ecr => "ECR",
        ImageType::EcrPublic => "ECR_PUBLIC",
    }
}

/// `1 vCPU` and `1024` are the same; App Runner answers the latter.
pub(crate) fn cpu_units(text: &str) -> Option<String> {
    let units = match text.strip_suffix("vCPU").map(str::trim) {
        Some("0.25") => "256",
        Some("0.5") => "512",
        Some("1") => "1024",
        Some("2") => "2048",
        Some("4") => "4096",
        Some(_) => return None,
        None => text.trim(),
    };
    SIZES.iter().any(|(of, _)| *of == units).then(|| units.to_owned())
}

/// `2 GB` and `2048` are the same; App Runner answers the latter.
pub(crate) fn memory_mib(text: &str) -> Option<String> {
    let mib = match text.strip_suffix("GB").map(str::trim) {
        Some("0.5") => "512".to_owned(),
        Some(whole) => (whole.parse::<u32>().ok()?.checked_mul(1024)?).to_string(),
        None => text.trim().to_owned(),
    };
    SIZES.iter().any(|(_, fits)| fits.contains(&mib.as_str())).then_some(mib)
}

fn is_private_ecr(image: &str) -> bool {
    let host = image.split('/').next().unwrap_or_default();
    let parts: Vec<&str> = host.split('.').collect();
    matches!(parts.as_slice(), [account, "dkr", "ecr", _, "amazonaws", "com", ..]
        if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop-api:1.4";

    fn said(wrong: impl FnOnce(&mut Wrong)) -> String {
        let mut found = Wrong::default();
        wrong(&mut found);
        found
            .done("The service")
            .err()
            .map(|found| format!("{} {}", found.headline, found.hints.join(" ")))
            .unwrap_or_default()
    }

    #[test]
    fn what_would_be_refused_is_said_with_what_would_do() {
        let table: Vec<(String, &str)> = vec![
            (said(|w| w.name("apprunner.auto_scaling", &"a".repeat(33))), "at most 32"),
            (said(|w| w.name("apprunner.service", "abc")), "at least 4"),
            (said(|w| w.command(Some("a\nb"))), "one line"),
            (said(|w| w.sizes(Some("1 vCPU"), Some("12 GB"))), "2048, 3072, 4096"),
            (said(|w| w.sizes(Some("3 vCPU"), None)), "0.25, 0.5, 1, 2 and 4"),
            (said(|w| w.image(ECR, ImageType::Ecr, None)), "access_role"),
            (said(|w| w.image("ghcr.example/a:1", ImageType::Ecr, Some("r"))), "image.mirror"),
            (said(|w| w.image(ECR, ImageType::EcrPublic, None)), "not in ECR Public"),
        ];
        for (said, wanted) in table {
            assert!(said.contains(wanted), "{said:?} does not say {wanted:?}");
        }
        assert_eq!(said(|w| w.sizes(Some("0.25 vCPU"), Some("0.5 GB"))), "");
        assert_eq!(said(|w| w.sizes(Some("4096"), Some("12 GB"))), "");
        assert_eq!(said(|w| w.image("public.ecr.aws/nginx/nginx:1", ImageType::EcrPublic, None)), "");
        assert_eq!(said(|w| w.image(ECR, ImageType::Ecr, Some("arn:aws:iam::111122223333:role/pull"))), "");
    }
}
