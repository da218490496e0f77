//! What was probably meant by the name of something that does not exist.

use holdpoint_cloud::Cloud;
use holdpoint_run::Diagnosis;

/// That there is no such service of ECS, with what was probably meant. What cannot be listed is not proposed.
pub(crate) async fn no_service(cloud: &Cloud, cluster: &str, service: &str) -> Diagnosis {
    let told = Diagnosis::of(format!("There is no service `{service}` in the cluster `{cluster}`")).hint(
        "A service, its task definition's family and its log group may have different names: compare them.",
    );
    match cloud.service_names(cluster).await.ok().and_then(|known| meant(service, &known)) {
        Some(meant) => told.hint(format!("Did you mean `{meant}`?")),
        None => told,
    }
}

/// That something does not exist, with what was probably meant or what there is.
pub(crate) fn absent(name: &str, known: &[String]) -> String {
    match meant(name, known) {
        Some(meant) => format!("does not exist; did you mean `{meant}`?"),
        None if known.is_empty() => "does not exist; there are none".to_owned(),
        None if known.len() <= 12 => format!("does not exist; there are: {}", known.join(", ")),
        None => "does not exist".to_owned(),
    }
}

/// The name that was probably meant: near in spelling, or one that has the same words around others (`/ecs/api` for `api`).
pub(crate) fn meant(name: &str, known: &[String]) -> Option<String> {
    let near = holdpoint_plan::near(name, known.iter().map(String::as_str)).map(str::to_owned);
    near.or_else(|| {
        let last = |text: &str| text.rsplit('/').next().unwrap_or(text).to_ascii_lowercase();
        let wanted = last(name);
        let around = known.iter().filter(|known| {
            let known = last(known);
            !wanted.is_empty() && !known.is_empty() && (known.contains(&wanted) || wanted.contains(&known))
        });
        around.min_by_key(|known| known.len().abs_diff(name.len())).cloned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found_by_spelling_and_by_its_words() {
        let known = ["/ecs/shop-api", "/ecs/shop-worker", "/aws/apprunner/x/application"].map(str::to_owned);
        let table = [
            ("/ecs/shop-apl", Some("/ecs/shop-api")),
            ("shop-api", Some("/ecs/shop-api")),
            ("/ecs/shop-worker-service", Some("/ecs/shop-worker")),
            ("billing", None),
        ];
        for (name, expected) in table {
            assert_eq!(meant(name, &known).as_deref(), expected, "{name}");
        }
    }
}
