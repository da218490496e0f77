//! Images go to and fro between our copy, `skopeo` and Debian's `docker-registry`.

use crate::content::{Content, anonymous, mirror, noise};
use crate::debian::{Debian, has};
use crate::fake::Fake;
use holdpoint_cloud::registry::{Digest, Mirror, Wanted};
use serde_json::Value;
use std::process::Command;
use std::sync::Arc;

async fn copy(mirror: &Mirror) {
    let (registries, _) = anonymous();
    let survey = registries.survey(mirror).await.unwrap();
    registries.copy_blobs(mirror, &survey, 4, Arc::new(|_, _| {})).await.unwrap();
    registries.put_names(mirror, &survey).await.unwrap();
    registries.verify(mirror, &survey.digest).await.unwrap();
}

fn skopeo(words: &[&str]) -> String {
    #[expect(clippy::disallowed_methods, reason = "the peer, by its own command line")]
    let output = Command::new("skopeo").args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn through_debians_registry_and_skopeo_and_back() {
    let (Some(first), Some(second), true) = (Debian::start(), Debian::start(), has("skopeo")) else { return };
    let amd = Content::image("linux/amd64", &[noise(1, 3_000_000), noise(2, 20_000)]);
    let arm = Content::image("linux/arm64", &[noise(3, 30_000)]);
    let index = Content::index(&[("linux/amd64", amd.clone()), ("linux/arm64", arm)]);
    let ours = Fake::with(&[], "app:1", &index).await;

    // Ours writes what skopeo reads: the whole index, byte by byte.
    let all = mirror(&format!("{}/app:1", ours.host), &format!("{}/shop/api", first.host), "v1");
    let all = Mirror { wanted: Wanted::All, ..all };
    copy(&all).await;
    let raw =
        skopeo(&["inspect", "--tls-verify=false", "--raw", &format!("docker://{}/shop/api:v1", first.host)]);
    assert_eq!(Digest::of(raw.as_bytes()), index.digest());

    // skopeo writes what ours reads: one platform of it.
    let (from, to) =
        (format!("docker://{}/shop/api:v1", first.host), format!("docker://{}/theirs:v1", second.host));
    skopeo(&[
        "copy",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        "--override-arch",
        "amd64",
        &from,
        &to,
    ]);
    let back = mirror(&format!("{}/theirs:v1", second.host), &format!("{}/back", first.host), "v1");
    copy(&back).await;
    let said = skopeo(&["inspect", "--tls-verify=false", &format!("docker://{}/back:v1", first.host)]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["Digest"], amd.digest().as_str());
    assert_eq!(said["Architecture"], "amd64");
}

#[tokio::test(flavor = "multi_thread")]
async fn debians_registry_mounts_and_keeps_what_is_there() {
    let Some(registry) = Debian::start() else { return };
    let content = Content::image("linux/amd64", &[noise(1, 300_000), noise(2, 20_000)]);
    let ours = Fake::with(&[], "app:1", &content).await;
    let first = mirror(&format!("{}/app:1", ours.host), &format!("{}/one", registry.host), "v1");
    copy(&first).await;
    let (registries, _) = anonymous();
    let second = mirror(&format!("{}/one:v1", registry.host), &format!("{}/two", registry.host), "v1");
    let survey = registries.survey(&second).await.unwrap();
    let moved = registries.copy_blobs(&second, &survey, 4, Arc::new(|_, _| {})).await.unwrap();
    assert_eq!((moved.mounted, moved.bytes), (3, 0));
    registries.put_names(&second, &survey).await.unwrap();
    assert!(registries.survey(&second).await.unwrap().is_there);
}
