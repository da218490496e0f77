//! Where a Query call goes.

use super::Service;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;

/// An address and the region that is signed for.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) region: Region,
}

/// The address that the configuration gives, in the SDK's own order: what a program set, then the service's own
/// setting (`AWS_ENDPOINT_URL_EC2`, `services` of a profile), then the common one; AWS's own address otherwise.
pub(crate) fn place(config: &SdkConfig, service: Service) -> Result<Place, String> {
    let region = config.region().cloned().ok_or("there is no region")?;
    let configured = || config.endpoint_url().map(str::to_owned);
    let url = if config.get_origin("endpoint_url").is_client_config() {
        configured()
    } else {
        of_service(config, service).or_else(configured)
    };
    let url = match url {
        Some(url) => url,
        None => of_aws(config, service, region.as_ref())?,
    };
    Ok(Place { url, region })
}

fn of_service(config: &SdkConfig, service: Service) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service.id())
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    config.service_config()?.load_config(key)
}

/// From the endpoint rules of these services' models: they differ by partition alone.
fn of_aws(config: &SdkConfig, service: Service, region: &str) -> Result<String, String> {
    let asked = [("FIPS", config.use_fips()), ("dual-stack", config.use_dual_stack())];
    if let Some((kind, _)) = asked.iter().find(|(_, asked)| asked.unwrap_or_default()) {
        return Err(format!(
            "{kind} endpoints of {} are not known here: set `endpoint_url` for it in the profile's `services`, or \
             switch {kind} endpoints off",
            service.id()
        ));
    }
    if !is_label(region) {
        return Err(format!("`{region}` is no region"));
    }
    Ok(format!("https://{}.{region}.{}", service.signing_name(), suffix(region)))
}

/// The partition's domain, by the beginning of the region's name (`partitions.json` of AWS's models).
fn suffix(region: &str) -> &'static str {
    let of = [
        ("cn-", "amazonaws.com.cn"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("eusc-", "amazonaws.eu"),
    ];
    of.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// Letters, digits and hyphens only: a region is part of a host's name.
fn is_label(region: &str) -> bool {
    !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
