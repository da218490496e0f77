//! Registries that lie, cut short, or lead elsewhere: a clear word, and nothing under a name.

use crate::content::{Content, anonymous, mirror, noise, with_logins};
use crate::fake::{Fake, Fault};
use holdpoint_cloud::registry::{Digest, RegistryFault};
use std::sync::Arc;

fn image() -> Content {
    Content::image("linux/amd64", &[noise(1, 400_000), noise(2, 3_000)])
}

/// The fault of a copy that must not arrive.
async fn fails(source: &[Fault]) -> RegistryFault {
    let content = image();
    let (from, to) = (Fake::with(source, "app:1", &content).await, Fake::start(&[]).await);
    let (registries, _) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    let fault = match registries.survey(&mirror).await {
        Ok(survey) => registries.copy_blobs(&mirror, &survey, 1, Arc::new(|_, _| {})).await.unwrap_err(),
        Err(fault) => fault,
    };
    assert_eq!(to.manifest("copy", "v1"), None, "{source:?}: nothing is tagged");
    assert_eq!(to.open_uploads(), 0, "{source:?}: no upload is left behind");
    for blob in &content.blobs[..1] {
        assert!(!to.has("copy", &Digest::of(blob)), "{source:?}");
    }
    assert!(fault.to_string().contains(from.host.as_str()), "{fault}");
    fault
}

#[tokio::test]
async fn another_content_is_named_with_both_digests() {
    // The configuration is read first, so it is what is found to lie.
    let fault = fails(&[Fault::Flip]).await;
    let RegistryFault::Lying { expected, found, .. } = &fault else { panic!("{fault}") };
    assert_eq!(*expected, Digest::of(image().blobs.last().unwrap()));
    assert!(found != expected && fault.to_string().contains(found.as_str()), "{fault}");
}

#[tokio::test]
async fn a_layer_that_lies_is_named() {
    let content = image();
    let (from, to) = (Fake::with(&[], "app:1", &content).await, Fake::start(&[]).await);
    let (registries, _) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    let survey = registries.survey(&mirror).await.unwrap();
    from.fault(Fault::Flip);
    let fault = registries.copy_blobs(&mirror, &survey, 1, Arc::new(|_, _| {})).await.unwrap_err();
    let expected = Digest::of(&content.blobs[0]);
    assert!(fault.to_string().contains(&format!("the layer from {}", from.host)), "{fault}");
    assert!(fault.to_string().contains(&format!("expected {expected}")), "{fault}");
    assert!(!to.has("copy", &expected) && to.open_uploads() == 0);
}

#[tokio::test]
async fn a_manifest_that_is_not_its_digest_is_refused() {
    let content = image();
    let from = Fake::with(&[Fault::FlipManifest], "app:1", &content).await;
    let (registries, _) = anonymous();
    let by_digest = format!("{}/app@{}", from.host, content.digest());
    let fault = registries.manifest(&by_digest.parse().unwrap()).await.unwrap_err();
    assert!(matches!(fault, RegistryFault::Lying { .. }), "{fault}");
}

#[tokio::test]
async fn a_layer_that_ends_too_soon_again_and_again_is_given_up() {
    let content = image();
    let (from, to) = (Fake::with(&[], "app:1", &content).await, Fake::start(&[]).await);
    let (registries, _) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    let survey = registries.survey(&mirror).await.unwrap();
    from.fault(Fault::AlwaysCut(1_000));
    from.fault(Fault::NoRanges);
    let fault = registries.copy_blobs(&mirror, &survey, 1, Arc::new(|_, _| {})).await.unwrap_err();
    assert!(fault.to_string().contains("1000 of 400000 bytes came"), "{fault}");
    assert_eq!(to.manifest("copy", "v1"), None);
}

#[tokio::test]
async fn another_length_is_refused_before_it_is_read() {
    let content = image();
    let from = Fake::with(&[], "app:1", &content).await;
    let to = Fake::start(&[]).await;
    let (registries, _) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    let survey = registries.survey(&mirror).await.unwrap();
    from.fault(Fault::Announce(1_000_000));
    let fault = registries.copy_blobs(&mirror, &survey, 1, Arc::new(|_, _| {})).await.unwrap_err();
    let RegistryFault::Size { size: 400_000, found: 1_000_000, .. } = &fault else { panic!("{fault}") };
}

#[tokio::test]
async fn a_redirect_to_credentials_of_machines_is_refused() {
    for place in ["http://169.254.169.254", "http://[::ffff:a9fe:a9fe]", "http://metadata.google.internal"] {
        let content = image();
        let from = Fake::with(&[Fault::Redirect(place.into())], "app:1", &content).await;
        let (registries, _) = anonymous();
        let mirror = mirror(&format!("{}/app:1", from.host), "127.0.0.1:9/copy", "v1");
        let fault = registries.survey(&mirror).await.unwrap_err();
        assert!(matches!(fault, RegistryFault::Address(_)), "{place}: {fault}");
    }
}

#[tokio::test]
async fn a_login_stays_behind_when_a_redirect_leads_elsewhere() {
    let content = image();
    let storage = Fake::with(&[], "app:1", &content).await;
    let basic = "Basic dXNlcjpodW50ZXIyLXRoZS1zZWNvbmQ=".to_owned();
    let faults = [Fault::Basic(basic.clone()), Fault::Redirect(format!("http://{}", storage.host))];
    let (from, to) = (Fake::with(&faults, "app:1", &content).await, Fake::start(&[]).await);
    let login = (from.host.clone(), "user".to_owned(), "hunter2-the-second".to_owned());
    let (registries, _) = with_logins(vec![login]);
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    let survey = registries.survey(&mirror).await.unwrap();
    registries.copy_blobs(&mirror, &survey, 2, Arc::new(|_, _| {})).await.unwrap();
    assert!(from.shown().contains(&Some(basic)));
    assert!(
        storage.shown().len() >= 3 && storage.shown().iter().all(Option::is_none),
        "{:?}",
        storage.shown()
    );
    assert!(to.shown().iter().all(Option::is_none));
}
