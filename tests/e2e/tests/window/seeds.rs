//! Notes as people really write them open as guides. They are not part of this repository; where they are missing
//! the test says so.

use crate::stage::{Stage, root};
use std::io::Write as _;
use std::path::PathBuf;

#[tokio::test]
#[ignore = "needs a screen and the built window: cargo xtask e2e"]
async fn the_seeds_open_as_guides() {
    let Some(stage) = Stage::set("seeds") else { return };
    let mut seeds: Vec<PathBuf> = std::fs::read_dir(root().join("../shared/seeds"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt" || extension == "md"))
        .collect();
    seeds.sort();
    if seeds.is_empty() {
        std::io::stderr()
            .write_all(b"SKIPPED seeds: ../shared/seeds is not beside this repository.\n")
            .unwrap();
        return;
    }
    for (number, seed) in seeds.iter().enumerate() {
        let window = stage.window(&[seed.to_str().unwrap()]).await;
        let blocks = window.until("the guide", "return document.querySelector('[data-testid=trust]') !== null && document.querySelectorAll('[id^=line-]').length").await;
        assert!(blocks.as_u64().is_some_and(|blocks| blocks > 5), "seed {number}: {blocks} blocks");
        assert!(window.text().await.contains("guide"), "seed {number} is not shown as a guide");
        window.picture(&format!("seed-{number}")).await;
        window.close().await;
    }
}
