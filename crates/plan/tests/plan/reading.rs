//! What must hold of reading any bytes, and of the pages and values made from the kinds.

use crate::common::{home, same, shown};
use holdpoint_plan::kinds::{
    EcsCreate, EcsRegister, HeaderRule, HttpCheck, HttpExpect, Manual, Soak, StatusSet,
};
use holdpoint_plan::{
    Block, BlockKind, LARGEST, NameUsed, RenderError, Severity, StepId, blocks, kinds, names_used, read,
    render, truth, typed,
};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_example_of_the_format_yields_exactly_these_findings() {
    let folder = home().join("tests/fixture");
    let reading = read(&std::fs::read(folder.join("plan.md")).expect("the fixture"));
    let mut problems = Vec::new();
    same(&shown(&reading), &folder.join("expected.txt"), &mut problems);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn pages_made_from_the_kinds_are_current() {
    let docs = home().join("../../docs");
    let mut problems = Vec::new();
    let schema =
        serde_json::to_string_pretty(&holdpoint_plan::json_schema()).expect("a schema is JSON") + "\n";
    same(&schema, &docs.join("plan.schema.json"), &mut problems);
    same(&holdpoint_plan::kinds_page(), &docs.join("kinds.md"), &mut problems);
    same(&holdpoint_plan::findings_page(), &docs.join("findings.md"), &mut problems);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn too_large_is_refused_and_the_limit_is_read() {
    let large = vec![b'a'; LARGEST + 1];
    let reading = read(&large);
    assert_eq!(reading.diagnostics.first().map(|finding| finding.code.as_str()), Some("too-large"));
    assert!(reading.text.is_empty() && !reading.is_runnable());
    let at_limit = vec![b'\n'; LARGEST];
    assert_eq!(read(&at_limit).text.len(), LARGEST);
}

#[test]
fn hostile_shapes_end() {
    for shape in [
        "# a\n- [ ] x\n",
        ">",
        "[",
        "```yaml step\nid: a\n```\n",
        "<!-- hp: ",
        "*_",
        "| Status |\n|-|\n| x |\n",
        "- ",
        "{{",
        "a\n===\n",
        "🎯",
    ] {
        let text = shape.repeat(60_000 / shape.len());
        let reading = read(text.as_bytes());
        assert_eq!(reading.text.len(), text.len());
        assert!(reading.diagnostics.len() <= 500);
    }
}

#[test]
fn many_findings_are_counted() {
    let mut text = String::from("---\nholdpoint: { version: 1 }\n---\n# T\n");
    for number in 0..700 {
        text.push_str(&format!("```yaml step\nid: s{number}\nuses: nothing.like_it\n```\n"));
    }
    let reading = read(text.as_bytes());
    assert_eq!(reading.diagnostics.len(), 500);
    assert!(reading.diagnostics.iter().any(|finding| finding.code == "too-many"));
}

fn agree(text: &str) {
    let reading = read(text.as_bytes());
    for finding in &reading.diagnostics {
        assert!(reading.text.get(finding.span.start..finding.span.end).is_some(), "{finding:?}");
        assert!(finding.line >= 1 && finding.column >= 1);
    }
    for stage in &reading.plan.stages {
        assert!(reading.text.get(stage.span.start..stage.span.end).is_some());
    }
    for step in reading.plan.steps() {
        assert!(reading.text.get(step.span.start..step.span.end).is_some());
        let _ = names_used(step);
    }
    for block in blocks(text) {
        assert_safe(&block);
    }
}

/// Nothing but the elements that are made here, with nothing but their attributes.
fn assert_safe(block: &Block) {
    let mut rest = block.html.as_str();
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').expect("an element ends") + at;
        let element = &rest[at + 1..end];
        let name: String =
            element.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let known = [
            "p",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "blockquote",
            "pre",
            "code",
            "ul",
            "ol",
            "li",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "em",
            "strong",
            "del",
            "sup",
            "sub",
            "span",
            "br",
            "hr",
            "div",
            "dl",
            "dt",
            "dd",
        ];
        assert!(known.contains(&name.as_str()), "{element}");
        for attribute in element.split('"').step_by(2).filter(|part| part.contains('=')) {
            let attribute = attribute.trim_start_matches(|c: char| c != ' ').trim();
            assert!(["class=", "start=", "data-href="].contains(&attribute), "{attribute} in {element}");
        }
        rest = &rest[end + 1..];
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let reading = read(&bytes);
        agree(&reading.text);
    }

    #[test]
    fn any_scraps_are_read(scraps in proptest::collection::vec(prop_oneof![
        Just("---\n"), Just("holdpoint:\n"), Just("  version: 1\n"), Just("# H\n"), Just("## Step 1\n"), Just("```yaml step\n"), Just("```yaml stage\n"),
        Just("```\n"), Just("id: a\n"), Just("uses: ecs.check\n"), Just("with: { cluster: a"), Just(" }\n"), Just("- [ ] x\n"), Just("<!-- hp: id=b -->"),
        Just("{{ steps.a.outputs.b }}"), Just("\u{feff}"), Just("é✅"), Just("\t"), Just("  "), Just("> "), Just("1. "), Just("\r\n"), Just("needs: [a]\n"),
        Just("<b onclick=x>"), Just("[a](javascript:x)"), Just("![a](https://x/\"y)"), Just("| Status |\n|--|\n| x |\n"), Just("hold: { signatures: 0 }\n"),
    ], 0..40)) {
        agree(&scraps.concat());
    }

    #[test]
    fn a_mutated_plan_is_read(at in 0.0..1.0_f64, gone in 0_usize..60, put in ".{0,8}") {
        let plan = include_str!("../../../../plans/ecs-api-and-worker.plan.md");
        let mut start = (plan.len() as f64 * at) as usize;
        while !plan.is_char_boundary(start) { start -= 1; }
        let mut end = (start + gone).min(plan.len());
        while !plan.is_char_boundary(end) { end += 1; }
        agree(&format!("{}{put}{}", &plan[..start], &plan[end..]));
    }
}

#[test]
fn templates_keep_types_and_are_strict() {
    let context = json!({
        "vars": { "n": 2, "name": "api", "list": [1], "none": null },
        "steps": { "a": { "outputs": { "images": { "api": "sha256:1" }, "ok": true } } },
        "pinned": { "ecs/main/api": { "desired_count": 3 } },
        "run": { "id": "r1" },
    });
    let value = json!({ "count": "{{ vars.n }}", "text": "n={{ vars.n }}, {{ run.id }}\n", "all": ["{{ steps.a.outputs.images }}", 5, true], "pin": "{{ pinned['ecs/main/api'].desired_count }}", "plain": "a } b" });
    let rendered = render(&value, &context).expect("it renders");
    assert_eq!(
        rendered,
        json!({ "count": 2, "text": "n=2, r1\n", "all": [{ "api": "sha256:1" }, 5, true], "pin": 3, "plain": "a } b" })
    );
    let kind = |text: &str| render(&json!(text), &context).expect_err("it is refused");
    assert!(matches!(kind("{{ vars.missing }}"), RenderError::Undefined { .. }));
    assert!(matches!(kind("x {{ steps.b.outputs.c }}"), RenderError::Undefined { .. }));
    assert!(matches!(kind("x {{ vars.list }}"), RenderError::NotText { what: "a list", .. }));
    assert!(matches!(kind("x {{ vars.none }}"), RenderError::NotText { what: "nothing", .. }));
    assert!(matches!(kind("{{ vars. }}"), RenderError::Syntax { .. }));
    assert!(matches!(kind("x {% for a in vars.list %}{% endfor %}"), RenderError::Syntax { .. }));
    assert_eq!(truth("steps.a.outputs.ok and vars.n > 1", &context), Ok(true));
    assert_eq!(truth("vars.name == 'web'", &context), Ok(false));
    assert!(truth("vars.nam == 'web'", &context).is_err());
    assert_eq!(
        render(&json!("{{ vars.name | upper }}-{{ vars.list | tojson }}"), &context),
        Ok(json!("API-[1]"))
    );
}

#[test]
fn an_error_of_a_template_never_quotes_a_value() {
    let context = json!({ "vars": { "token": "hunter2", "n": 1 } });
    for text in [
        "{{ vars.token + vars.n }}",
        "a {{ vars.token.x }}",
        "{{ vars.token | int }}",
        "{{ vars.token.x.y }}",
    ] {
        if let Err(error) = render(&json!(text), &context) {
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}

#[test]
fn names_of_a_step_are_its_lineage() {
    let reading = read(include_bytes!("../../../../plans/ecs-api-and-worker.plan.md"));
    let step = reading.plan.step(&StepId::new("deploy_api").expect("an id")).expect("the step");
    let output = |step: &str, output: &str| NameUsed::Output {
        step: StepId::new(step).expect("an id"),
        output: output.to_owned(),
    };
    assert_eq!(
        names_used(step),
        [
            output("apply_worker", "api_task_definition"),
            output("deploy_api", "task_definition"),
            NameUsed::Var("version".to_owned()),
        ]
    );
}

#[test]
fn rendered_arguments_become_types() {
    let check: HttpCheck = typed(&json!({ "url": "https://x.example", "timeout": "5s", "preflight": { "origin": "https://y.example" } })).expect("a check");
    assert_eq!(check.timeout.map(|length| length.get().as_secs()), Some(5));
    let expect: HttpExpect =
        typed(&json!({ "status": [200, 204], "headers": { "a": true, "b": "x", "c": false } }))
            .expect("an expectation");
    assert_eq!(expect.status, Some(StatusSet(vec![200, 204])));
    assert_eq!(expect.headers.get("b"), Some(&HeaderRule::Is("x".to_owned())));
    assert_eq!(typed::<Manual>(&Value::Null).expect("nothing is needed"), Manual::default());
    assert!(typed::<EcsRegister>(&json!({ "form": "x" })).is_err());
    assert!(typed::<EcsCreate>(&json!({ "cluster": "a" })).is_err());
    assert!(
        typed::<Soak>(&json!({ "for": "5m", "every": "30s", "checks": [{ "uses": "ecs.check" }] })).is_ok()
    );
    assert!(typed::<HttpExpect>(&json!({ "status": 42 })).is_err());
}

#[test]
fn kinds_are_whole() {
    for kind in kinds() {
        assert!(kind.doc.ends_with('.'), "{}", kind.name);
        assert!(
            kind.with_schema().get("type").is_some() && kind.expect_schema().get("type").is_some(),
            "{}",
            kind.name
        );
        let undescribed: Vec<&String> = kind.with_schema()["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, field)| field.get("description").is_none())
            .map(|(name, _)| name)
            .collect();
        assert!(undescribed.is_empty(), "{}: {undescribed:?}", kind.name);
    }
}

#[test]
fn blocks_know_their_steps_and_lines() {
    let text = include_str!("../../../../plans/ecs-api-and-worker.plan.md");
    let all = blocks(text);
    let fence = all.iter().find(|block| matches!(&block.kind, BlockKind::StepFence { id: Some(id) } if id.as_str() == "deploy_api")).expect("the fence");
    assert!(text.lines().nth(fence.start_line - 1).is_some_and(|line| line == "```yaml step"));
    assert!(all.iter().any(
        |block| matches!(&block.kind, BlockKind::Code { owner: Some(id), .. } if id.as_str() == "deploy_api")
    ));
    assert!(all.iter().any(
        |block| matches!(&block.kind, BlockKind::StageFence { id: Some(id) } if id.as_str() == "worker")
    ));
    let lists = all.iter().filter(|block| block.kind == BlockKind::Checklist && block.step.is_some());
    assert_eq!(lists.count(), 2);
    let unowned = all.iter().filter(|block| matches!(&block.kind, BlockKind::Code { owner: None, .. }));
    // Both ways back by hand.
    assert_eq!(unowned.count(), 2);
    assert!(all.windows(2).all(|pair| pair[0].end_line < pair[1].start_line));
}

#[test]
fn hostile_html_is_text() {
    let text = "<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](https://x.example/\"onmouseover=y) ![c](https://x.example/t.png)\n\n```\"><img src=x>\nls\n```\n\n<img src=x onerror=alert(1)> \u{202e}evil\n\n| a | b |\n|:-:|--:|\n| <b>x</b> | `</td>` |\n";
    let html: String = blocks(text)
        .iter()
        .map(|block| {
            assert_safe(block);
            block.html.clone()
        })
        .collect();
    assert!(
        !html.contains("<script")
            && !html.contains("<img")
            && !html.contains(" href")
            && !html.contains(" src=\""),
        "{html}"
    );
    assert!(
        html.contains("data-href=\"https://x.example/%22onmouseover=y\"")
            || html.contains("data-href=\"https://x.example/&quot;onmouseover=y\""),
        "{html}"
    );
    assert!(html.contains("(https://x.example/t.png)") && html.contains("[U+202E]"), "{html}");
}

#[test]
fn deep_nesting_is_shown_flat() {
    for shape in [">", "- ", "1. ", "> - "] {
        let html: String =
            blocks(&format!("{}deep", shape.repeat(5_000))).into_iter().map(|block| block.html).collect();
        assert!(html.matches("<li>").count() + html.matches("<blockquote>").count() <= 24, "{shape}");
        assert!(html.contains("deep"), "{shape}");
    }
}

#[test]
fn only_errors_stop_a_run() {
    let warned = read(b"# T\n\n## Do\n\n- [ ] x \xe2\x80\xae\n");
    assert!(
        warned.is_runnable()
            && warned.diagnostics.iter().any(|finding| finding.severity == Severity::Warning)
    );
}
