//! Images that a step deploys by a tag: what a tag points to can be another image tomorrow.

use super::containers::latest_tag;
use super::scene::Scene;
use crate::findings::{Findings, short};
use crate::{Level, Severity};
use std::collections::HashSet;

/// Kinds that say which image runs.
const DEPLOY: [&str; 4] = ["ecs.register", "express.deploy", "apprunner.create", "apprunner.update"];

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    if scene.level != Level::Checked {
        return;
    }
    let mut told: HashSet<&str> = HashSet::new();
    for (_, draft) in scene.typed().filter(|(_, draft)| DEPLOY.contains(&draft.step.action.uses.as_str())) {
        let mut images = Vec::new();
        super::containers::collect(&draft.step.action.with, &mut images);
        for image in images {
            // `latest` has a finding of its own; a template may well be a digest.
            let open = image.is_empty() || image.contains("{{") || image.contains(['<', '$']);
            if open || image.contains('@') || latest_tag(image) || !told.insert(image) {
                continue;
            }
            findings.add(
                Severity::Note,
                "image-by-tag",
                scene.place(draft, image),
                format!("`{}` is a tag: whoever pushes it again changes what the next task runs, and what a rollback finds", short(image)),
                Some("Deploy the digest: an `image.inspect`, `image.mirror` or `image.build` before gives it, `image: \"…@{{ steps.<id>.outputs.digest }}\"`. Or make the repository's tags immutable.".to_owned()),
                None,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn images_are_found_wherever_a_step_names_them() {
        let with: Value =
            json!({ "set": { "image": "a:1" }, "containers": [{ "name": "x", "image": "b:2" }] });
        let mut images = Vec::new();
        super::super::containers::collect(&with, &mut images);
        assert_eq!(images, ["a:1", "b:2"]);
    }
}
