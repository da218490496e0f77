//! What registries say of images, and how they want to be asked.

use crate::content::{Content, OCI_INDEX, anonymous, noise, reference, with_logins};
use crate::fake::{Fake, Fault};
use holdpoint_cloud::registry::RegistryFault;

#[tokio::test]
async fn an_image_behind_an_index_is_found_with_its_configuration() {
    let amd = Content::image("linux/amd64", &[noise(1, 10)]);
    let arm = Content::image("linux/arm64", &[noise(2, 10)]);
    let index = Content::index(&[("linux/arm64", arm), ("linux/amd64", amd.clone())]);
    let fake = Fake::with(&[], "app:1", &index).await;
    let (registries, _) = anonymous();
    let found = registries.find(&reference(&format!("{}/app:1", fake.host)), None).await.unwrap();
    assert_eq!(
        (found.top.media_type.as_str(), found.top.digest, found.image.digest),
        (OCI_INDEX, index.digest(), amd.digest())
    );
    assert_eq!(
        found.platforms.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["linux/arm64", "linux/amd64"]
    );
    assert_eq!(found.configuration.config.entrypoint, Some(vec!["/app".to_owned()]));
}

#[tokio::test]
async fn a_configuration_that_contradicts_its_index_is_not_believed() {
    let arm = Content::image("linux/arm64", &[noise(2, 10)]);
    let index = Content::index(&[("linux/amd64", arm)]);
    let fake = Fake::with(&[], "app:1", &index).await;
    let (registries, _) = anonymous();
    let wanted = "linux/amd64".parse().unwrap();
    let fault =
        registries.find(&reference(&format!("{}/app:1", fake.host)), Some(&wanted)).await.unwrap_err();
    assert!(fault.to_string().ends_with("is not for linux/amd64: it is for linux/arm64"), "{fault}");
}

#[tokio::test]
async fn what_is_no_image_is_named() {
    let mut content = Content::image("linux/amd64", &[noise(1, 10)]);
    content.manifests[0].0 = "application/vnd.example.thing.v1+json".into();
    let fake = Fake::with(&[], "app:1", &content).await;
    let (registries, _) = anonymous();
    let fault = registries.manifest(&reference(&format!("{}/app:1", fake.host))).await.unwrap_err();
    assert!(fault.to_string().contains("its type is application/vnd.example.thing.v1+json"), "{fault}");
    let missing = registries.manifest(&reference(&format!("{}/app:2", fake.host))).await.unwrap_err();
    assert!(missing.is_missing() && missing.to_string().contains("manifest unknown"), "{missing}");
}

#[tokio::test]
async fn a_token_is_fetched_once_and_for_its_repository() {
    let content = Content::image("linux/amd64", &[noise(1, 10)]);
    let realm = Fake::start(&[]).await;
    let fake = Fake::with(&[Fault::Bearer(format!("http://{}/token", realm.host))], "app:1", &content).await;
    let (registries, _) = anonymous();
    let image = reference(&format!("{}/app:1", fake.host));
    registries.find(&image, None).await.unwrap();
    assert_eq!(realm.seen(), ["GET /token?service=fake&scope=repository%3Aapp%3Apull"]);
    assert_eq!(realm.shown(), [None]);
    // With a login it is shown to who gives tokens, and to nobody else.
    let login = (fake.host.clone(), "user".to_owned(), "secret-word".to_owned());
    let (registries, _) = with_logins(vec![login]);
    registries.find(&image, None).await.unwrap();
    assert!(realm.shown()[1].as_deref().is_some_and(|shown| shown.starts_with("Basic ")));
    assert!(fake.shown().iter().flatten().all(|shown| shown == "Bearer t0ken"));
}

#[tokio::test]
async fn a_registry_that_refuses_says_whether_there_was_a_login() {
    let content = Content::image("linux/amd64", &[noise(1, 10)]);
    let fake = Fake::with(&[Fault::Basic("Basic nobody".into())], "app:1", &content).await;
    let image = reference(&format!("{}/app:1", fake.host));
    for (logins, expected) in
        [(vec![], false), (vec![(fake.host.clone(), "u".to_owned(), "wrong".to_owned())], true)]
    {
        let fault = with_logins(logins).0.manifest(&image).await.unwrap_err();
        let RegistryFault::Denied { with_login, .. } = fault else { panic!("{fault}") };
        assert_eq!(with_login, expected);
    }
}
