//! Copies between registries that behave, are cut, and have part of it already.

use crate::content::{Content, Waits, anonymous, mirror, noise, reference};
use crate::fake::{Fake, Fault};
use holdpoint_cloud::registry::{
    Digest, Mirror, Moved, Registries, RegistryFault, Stands, Step, Told, Wanted,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

fn image() -> Content {
    Content::image("linux/amd64", &[noise(1, 700_000), noise(2, 3_000), noise(3, 90_000)])
}

/// Walks a copy to its end, as the step does.
async fn copy(registries: &Registries, mirror: &Mirror) -> Result<Moved, RegistryFault> {
    let survey = registries.survey(mirror).await?;
    let moved = registries.copy_blobs(mirror, &survey, 3, Arc::new(|_, _| {})).await?;
    registries.put_names(mirror, &survey).await?;
    registries.verify(mirror, &survey.digest).await?;
    Ok(moved)
}

/// A copy between two registries with these faults arrives whole; the target's requests and the waits come back.
async fn arrives(source: &[Fault], target: &[Fault]) -> (Moved, Vec<String>, Arc<Waits>) {
    let content = image();
    let (from, to) = (Fake::with(source, "app:1", &content).await, Fake::start(target).await);
    let (registries, waits) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    let moved =
        copy(&registries, &mirror).await.unwrap_or_else(|fault| panic!("{source:?} {target:?}: {fault}"));
    assert_eq!(to.manifest("copy", "v1").as_deref(), Some(content.manifests[0].1.as_slice()));
    for blob in &content.blobs {
        assert!(to.has("copy", &Digest::of(blob)), "{source:?} {target:?}");
    }
    assert_eq!(to.open_uploads(), 0, "{source:?} {target:?}: no upload is left behind");
    (moved, to.seen(), waits)
}

#[tokio::test]
async fn a_copy_arrives_whatever_is_cut() {
    for (source, target) in [
        (vec![], vec![]),
        (vec![Fault::Cut(1_000), Fault::Cut(200_000), Fault::Cut(0)], vec![]),
        (vec![Fault::Cut(300_000), Fault::NoRanges], vec![]),
        (vec![], vec![Fault::CutUpload(100_000)]),
        (vec![], vec![Fault::CutUpload(1), Fault::CutUpload(60_000)]),
        (vec![], vec![Fault::ForgetUpload(100_000), Fault::ForgetUpload(1)]),
        (vec![Fault::Cut(350_000)], vec![Fault::CutUpload(600_000), Fault::ForgetUpload(1)]),
        (vec![Fault::NoRanges], vec![Fault::CutUpload(500_000)]),
        (vec![Fault::Refuse("/blobs/", 502, None)], vec![Fault::Refuse("/blobs/sha256", 500, None)]),
    ] {
        let (moved, _, _) = arrives(&source, &target).await;
        assert_eq!((moved.copied, moved.present, moved.mounted), (4, 0, 0), "{source:?} {target:?}");
    }
}

#[tokio::test]
async fn an_upload_goes_on_where_the_registry_says_that_it_is() {
    let content = Content::image("linux/amd64", &[noise(1, 5_000_000)]);
    let (from, to) =
        (Fake::with(&[], "app:1", &content).await, Fake::start(&[Fault::CutUpload(4_500_000)]).await);
    let (registries, _) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    copy(&registries, &mirror).await.unwrap();
    let seen = to.seen();
    let of = |method: &str| seen.iter().filter(|line| line.starts_with(method)).count();
    // Two blobs are begun; one of them is asked how far it came, and gone on with.
    assert_eq!((of("POST"), of("PATCH"), of("GET /v2/copy/blobs/uploads")), (2, 3, 1), "{seen:#?}");
}

#[tokio::test]
async fn throttled_requests_wait_as_long_as_the_registry_says() {
    let refuse = |part, wait| Fault::Refuse(part, 429, wait);
    let (_, _, waits) = arrives(
        &[refuse("/manifests/", Some("7")), refuse("/blobs/", Some("2"))],
        &[refuse("uploads", Some("3")), refuse("u1", Some("4")), refuse("/manifests/v1", Some("5"))],
    )
    .await;
    let waits: Vec<u64> = waits.0.lock().unwrap().iter().map(std::time::Duration::as_secs).collect();
    for expected in [7, 2, 3, 5] {
        assert!(waits.contains(&expected), "{expected} in {waits:?}");
    }
}

#[tokio::test]
async fn what_never_ends_is_given_up() {
    let content = image();
    let always: Vec<Fault> = (0..40).map(|_| Fault::Refuse("/manifests/", 429, Some("1"))).collect();
    let from = Fake::with(&always, "app:1", &content).await;
    let (registries, waits) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), "127.0.0.1:9/copy", "v1");
    let fault = copy(&registries, &mirror).await.unwrap_err();
    assert!(matches!(fault, RegistryFault::Throttled { tries: 12, .. }), "{fault}");
    assert_eq!(waits.0.lock().unwrap().len(), 11);
}

#[tokio::test]
async fn what_is_there_is_not_sent_again() {
    let content = image();
    let (from, to) = (Fake::with(&[], "app:1", &content).await, Fake::start(&[]).await);
    let (registries, _) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    copy(&registries, &mirror).await.unwrap();
    let sent = to.seen().len();
    // Everything: one look at the name tells.
    let survey = registries.survey(&mirror).await.unwrap();
    assert!(survey.is_there && !survey.needs_blobs() && survey.missing_tags().is_empty());
    assert_eq!(to.seen()[sent..], ["GET /v2/copy/manifests/v1"]);
    // Another name for it: a manifest and nothing else.
    let other = Mirror { tags: vec!["v2".into()], ..mirror.clone() };
    let sent = to.seen().len();
    let moved = copy(&registries, &other).await.unwrap();
    assert_eq!((moved.bytes, moved.present), (0, 4));
    assert!(!to.seen()[sent..].iter().any(|line| line.contains("/blobs/uploads")));
    // A newer image that shares its layers: only what is new.
    let mut layers = content.blobs[..3].to_vec();
    layers.push(noise(9, 10_000));
    let newer = Content::image("linux/amd64", &layers);
    from.hold("app:2", &newer);
    let newer = Mirror { from: reference(&format!("{}/app:2", from.host)), ..mirror };
    let moved = copy(&registries, &newer).await.unwrap();
    assert_eq!((moved.copied, moved.present, moved.bytes), (1, 4, 10_000));
}

#[tokio::test]
async fn neighbours_are_mounted() {
    let content = image();
    for (faults, mounted) in [(vec![], 4), (vec![Fault::NoMounts], 0)] {
        let fake = Fake::with(&faults, "app:1", &content).await;
        let (registries, _) = anonymous();
        let mirror = mirror(&format!("{}/app:1", fake.host), &format!("{}/copy", fake.host), "v1");
        let survey = registries.survey(&mirror).await.unwrap();
        assert_eq!(survey.of(Stands::Neighbour).count(), 4);
        let moved = copy(&registries, &mirror).await.unwrap();
        assert_eq!((moved.mounted, moved.copied), (mounted, 4 - mounted));
    }
}

#[tokio::test]
async fn one_platform_or_all_of_them() {
    let amd = Content::image("linux/amd64", &[noise(1, 10_000)]);
    let arm = Content::image("linux/arm64", &[noise(2, 10_000)]);
    let index = Content::index(&[("linux/arm64", arm), ("linux/amd64", amd.clone())]);
    let (from, to) = (Fake::with(&[], "app:1", &index).await, Fake::start(&[]).await);
    let (registries, _) = anonymous();
    let one = mirror(&format!("{}/app:1", from.host), &format!("{}/one", to.host), "v1");
    let survey = registries.survey(&one).await.unwrap();
    assert_eq!((survey.source_digest.clone(), survey.digest.clone()), (index.digest(), amd.digest()));
    copy(&registries, &one).await.unwrap();
    assert_eq!(to.manifest("one", "v1"), Some(amd.manifests[0].1.clone()));
    let all = Mirror { wanted: Wanted::All, to: reference(&format!("{}/all", to.host)), ..one.clone() };
    let moved = copy(&registries, &all).await.unwrap();
    assert_eq!(to.manifest("all", "v1"), Some(index.manifests.last().unwrap().1.clone()));
    assert_eq!(moved.copied, 6, "the attestation belongs to it");
    for (_, bytes) in &index.manifests {
        assert!(to.manifest("all", Digest::of(bytes).as_str()).is_some());
    }
    let none = Mirror { wanted: Wanted::One("windows/amd64".parse().unwrap()), ..one };
    let fault = registries.survey(&none).await.unwrap_err();
    assert!(
        fault.to_string().ends_with("is not for windows/amd64: it is for linux/arm64, linux/amd64"),
        "{fault}"
    );
}

#[tokio::test]
async fn foreign_layers_stay_where_they_are() {
    let mut content = image();
    let mut manifest: serde_json::Value = serde_json::from_slice(&content.manifests[0].1).unwrap();
    manifest["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into();
    manifest["layers"][0]["urls"] = serde_json::json!(["https://layers.example/base"]);
    content.manifests[0].1 = manifest.to_string().into_bytes();
    let (from, to) = (Fake::with(&[], "app:1", &content).await, Fake::start(&[]).await);
    let (registries, _) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    assert_eq!(copy(&registries, &mirror).await.unwrap().copied, 3);
    assert!(!from.seen().iter().any(|line| line.contains(Digest::of(&content.blobs[0]).as_str())));
}

#[tokio::test]
async fn progress_reaches_every_size() {
    let content = image();
    let (from, to) = (Fake::with(&[], "app:1", &content).await, Fake::start(&[]).await);
    let (registries, _) = anonymous();
    let mirror = mirror(&format!("{}/app:1", from.host), &format!("{}/copy", to.host), "v1");
    let survey = registries.survey(&mirror).await.unwrap();
    let heard: Arc<Mutex<BTreeMap<Digest, u64>>> = Arc::default();
    let told: Told = {
        let heard = Arc::clone(&heard);
        Arc::new(move |digest, step| {
            if let Step::Reached(at) = step {
                heard.lock().unwrap().insert(digest.clone(), at);
            }
        })
    };
    registries.copy_blobs(&mirror, &survey, 4, told).await.unwrap();
    let expected = content.blobs.iter().map(|blob| (Digest::of(blob), blob.len() as u64)).collect();
    assert_eq!(*heard.lock().unwrap(), expected);
}
