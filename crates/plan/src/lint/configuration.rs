//! Defects of a Terraform file that a plan works with, found before anything is planned.

use super::containers::latest_tag;
use super::{hcl, opened};
use crate::findings::{Findings, short};
use crate::{Diagnostic, Edit, Fix, Severity, Span};

/// Reads a file of Terraform (`*.tf`) that stands beside a plan and says what a deployment would be sorry for: a task
/// definition without `skip_destroy`, an image that is whatever `latest` is, and a database that is opened to the world. Places are bytes of that file. What cannot be
/// read as Terraform gives no finding. Time is linear in the text.
pub fn configuration(text: &str) -> Vec<Diagnostic> {
    let mut findings = Findings::new(text);
    for resource in hcl::of(text, |range| Span { start: range.start, end: range.end }) {
        if resource.kind == "aws_ecs_task_definition" {
            kept_revision(&resource, &mut findings);
        }
        opened::resource(&resource, &mut findings);
    }
    images(text, &mut findings);
    findings.sorted()
}

/// Without `skip_destroy` the revision that a rollback needs is deregistered by the apply that replaces it.
pub(super) fn kept_revision(resource: &hcl::Resource, findings: &mut Findings<'_>) {
    if resource.attributes.iter().any(|attribute| attribute.name == "skip_destroy") {
        return;
    }
    findings.add(
        Severity::Warning,
        "skip-destroy",
        resource.span,
        "when Terraform replaces this task definition it deregisters the old revision, which a rollback would need",
        Some("Write `skip_destroy = true` into it.".to_owned()),
        Some(Fix {
            title: "Add `skip_destroy = true`".to_owned(),
            edits: vec![Edit::insert(resource.inside, "\n  skip_destroy = true")],
        }),
    );
}

/// `image = "shop/api"`, `"image": "${aws_ecr_repository.api.repository_url}:latest"`.
fn images(text: &str, findings: &mut Findings<'_>) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let code = line.trim_start();
        if code.starts_with(['#', '/', '*']) {
            continue;
        }
        let Some((key, value)) = code.split_once(['=', ':']) else { continue };
        let key = key.trim().trim_matches('"');
        let value = value.trim_start();
        let Some(image) = value.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(text, _)| text)
        else {
            continue;
        };
        // What is not written out may have a digest or a tag of its own.
        let whole = image.ends_with('}') && image.contains("${");
        if !matches!(key, "image" | "image_identifier") || image.is_empty() || whole || !latest_tag(image) {
            continue;
        }
        let Some(inside) = line.find(image) else { continue };
        findings.add(
            Severity::Warning,
            "latest-only",
            Span { start: start + inside, end: start + inside + image.len() },
            format!(
                "`{}` is whatever `latest` is when a task starts: two tasks can run different images, and no rollback finds the old one",
                short(image)
            ),
            Some("Name a tag that is never used again, or best the digest (`image.inspect` gives it).".to_owned()),
            None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::configuration;

    fn codes(text: &str) -> Vec<(String, usize)> {
        configuration(text).into_iter().map(|one| (one.code, one.line)).collect()
    }

    #[test]
    fn what_a_deployment_would_be_sorry_for() {
        let text = "resource \"aws_ecs_task_definition\" \"api\" {\n  family = \"api\"\n  container_definitions = jsonencode([{\n    name  = \"api\"\n    image = \"${aws_ecr_repository.api.repository_url}:latest\"\n  }])\n}\n";
        assert_eq!(codes(text), [("skip-destroy".to_owned(), 1), ("latest-only".to_owned(), 5)]);
        let plain = "locals {\n  image = \"shop/api\"\n}\n";
        assert_eq!(codes(plain), [("latest-only".to_owned(), 2)]);
        let open = "resource \"aws_security_group\" \"db\" {\n  tags = {\n    cidr_blocks = \"0.0.0.0/0\"\n  }\n  ingress {\n    protocol    = \"tcp\"\n    from_port   = 5432\n    to_port     = 5432\n    cidr_blocks = [\n      \"0.0.0.0/0\",\n    ]\n  }\n}\n";
        assert_eq!(codes(open), [("database-open".to_owned(), 5)]);
        assert_eq!(codes(&open.replace("ingress", "egress")), []);
    }

    #[test]
    fn what_is_as_it_should_be() {
        let text = "resource \"aws_ecs_task_definition\" \"api\" {\n  skip_destroy = true\n  family = \"api\"\n}\n# image = \"shop/api:latest\"\nlocals {\n  a = { image = var.image }\n  image = \"shop/api@sha256:00\"\n  image = \"${var.repository}:${var.tag}\"\n  image = \"${var.image}\"\n  image = \"shop/api:1.4\"\n}\n";
        assert_eq!(codes(text), []);
        assert_eq!(codes("image = \"\nresource \"aws_ecs_task_definition\" \"open\" {\n"), []);
    }
}
