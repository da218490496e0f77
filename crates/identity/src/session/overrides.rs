//! The endpoints that replace AWS's own for a session, as the variables that say the same to a child.
//!
//! Order: AWS SDKs reference, "Service-specific endpoints": `AWS_ENDPOINT_URL_<SERVICE>`, the profile's `services`
//! section, `AWS_ENDPOINT_URL`, the profile's `endpoint_url`; none when `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is set.

use crate::Env;
use crate::profiles::files::Files;
use aws_config::profile::ProfileSet;
use aws_runtime::env_config::property::PropertiesKey;
use std::collections::{BTreeMap, BTreeSet};

const ALL: &str = "AWS_ENDPOINT_URL";
const IGNORED: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";

/// Name and value of each variable.
pub(crate) fn of(env: &Env, set: &ProfileSet, files: &Files, profile: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let truth = |value: &str| value.eq_ignore_ascii_case("true");
    if env.get(IGNORED).is_some_and(truth) {
        found.insert(IGNORED.to_owned(), "true".to_owned());
        return found;
    }
    let profile = set.get_profile(profile);
    if let Some(url) = profile.and_then(|profile| profile.get("endpoint_url")) {
        found.insert(ALL.to_owned(), url.to_owned());
    }
    if let Some(services) = profile.and_then(|profile| profile.get("services")) {
        for service in words_before_nothing(files) {
            let key = PropertiesKey::builder()
                .section_key("services")
                .section_name(services)
                .property_name(service.as_str())
                .sub_property_name("endpoint_url")
                .build();
            if let Some(url) = key.ok().and_then(|key| set.other_sections().get(&key)) {
                found.insert(format!("{ALL}_{}", service.to_ascii_uppercase()), url.to_string());
            }
        }
    }
    for (name, value) in env.iter() {
        if let (Some(name), Some(value)) = (name.to_str(), value.to_str())
            && (name == ALL || name.starts_with("AWS_ENDPOINT_URL_"))
            && !value.is_empty()
        {
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}

/// Candidates for a service's name in a `services` section: `s3 =` on a line of its own. The SDK's reading, which is
/// asked for each, has no list of them.
fn words_before_nothing(files: &Files) -> BTreeSet<String> {
    let text = files.config.text.as_deref().unwrap_or_default();
    let names = text.lines().filter_map(|line| line.trim_end().strip_suffix('='));
    let names = names.filter(|line| !line.starts_with([' ', '\t', '#', ';']) && !line.contains('='));
    names.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect()
}
