//! Input that nobody means well with, and input that broke off: shapes, sizes, and cuts of every twin.

use crate::common::{entries, home};
use crate::laws;
use holdpoint_plan::import::{ImportOptions, ImportState, import};
use holdpoint_plan::{LARGEST, read};

/// All laws at once.
fn hold(text: &str) {
    laws::reading(text.as_bytes());
    laws::imported(text.as_bytes());
}

/// The twins, of which each is cut by a test of its own: the runner has several at a time.
const TWINS: [&str; 5] = [
    "agents-on-app-runner",
    "ecs-api-and-worker",
    "ecs-migrations-at-start",
    "private-database",
    "reapply-a-patch",
];

/// Ends a twin before every seventh of its bytes, inside of characters too; with `HOLDPOINT_CUTS` before every one of them.
/// That nothing is lost is asked of each cut. Whether the result reads well and stays as it is takes five readings more: that
/// is asked of every fifth cut, and of all with `HOLDPOINT_CUTS`.
fn cut(name: &str) {
    let bytes = std::fs::read(home().join("tests/twins").join(format!("{name}.md"))).expect("a twin");
    let whole = whole();
    for (nth, end) in (0..bytes.len()).step_by(if whole { 1 } else { 7 }).enumerate() {
        match whole || nth.is_multiple_of(5) {
            true => laws::imported(&bytes[..end]),
            false => laws::kept(&bytes[..end]),
        };
    }
}

#[expect(clippy::disallowed_methods, reason = "a person says by it that the whole sweep is to be run")]
fn whole() -> bool {
    std::env::var_os("HOLDPOINT_CUTS").is_some()
}

#[test]
fn every_twin_is_cut() {
    let there: Vec<String> = entries(&home().join("tests/twins"))
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_str()?.strip_suffix(".md")?.to_owned()))
        .filter(|name| !name.ends_with(".checked"))
        .collect();
    assert_eq!(there, TWINS);
}

#[test]
fn agents_on_app_runner_cut_anywhere() {
    cut(TWINS[0]);
}

#[test]
fn ecs_api_and_worker_cut_anywhere() {
    cut(TWINS[1]);
}

#[test]
fn ecs_migrations_at_start_cut_anywhere() {
    cut(TWINS[2]);
}

#[test]
fn private_database_cut_anywhere() {
    cut(TWINS[3]);
}

#[test]
fn reapply_a_patch_cut_anywhere() {
    cut(TWINS[4]);
}

#[test]
fn what_is_never_closed() {
    for open in [
        "```bash\naws s3 ls\n",
        "~~~~\n```bash\nls\n```\n",
        "- ```bash\n  ls\n",
        "> ```bash\n> ls\n",
        "<!-- hp: id=a\n\n```bash\nls\n```\n",
        "<details>\n\n```bash\nls\n```\n",
        "<script>\n```bash\nls\n```\n",
        "<![CDATA[\n```bash\nls\n```\n",
        "---\ntitle: x\n\n```bash\nls\n```\n",
        "---\nholdpoint:\n  version: 1\n",
        "```bash\ncat <<EOF\nx\n```\n",
        "```bash\necho 'a\n```\n\n```bash\nls\n```\n",
        "```bash\nls \\\n```\n",
        "| a | Status |\n|---|---|\n| `x",
        "[a](",
        "**",
    ] {
        hold(open);
        hold(&format!("# Plan\n\n## Step 1: go\n\n{open}"));
        hold(&format!("# Plan\r\n\r\n## Step 1: go\r\n\r\n{}", open.replace('\n', "\r\n")));
    }
}

#[test]
fn fences_inside_of_fences() {
    for text in [
        "````markdown\n```bash\nls\n```\n````\n",
        "```bash\n~~~\nls\n~~~\n```\n",
        "~~~bash\n```\nls\n```\n~~~\n",
        "````bash\n```yaml step\nid: a\nuses: shell\n```\n````\n",
        "```yaml step\nid: a\nuses: shell\n```\n````bash\n```\nls\n```\n````\n",
        "- one\n  ````bash\n  ```\n  ls\n  ```\n  ````\n",
        "> ````bash\n> ```\n> ls\n> ```\n> ````\n",
        "1. a\n\n   - b\n\n     > ```bash\n     > ls\n     > ```\n",
        "\t```bash\n\tls\n\t```\n",
        "-\t```bash\n\tls\n\t```\n",
        "```bash\r\nls\r\n```\r\n- ```bash\r\n  ls\r\n  ```\r\n",
        "\u{feff}# A\n\n```bash\nls\n```\n",
        "Step do: D\r\r\ro\n  step : Do\n",
    ] {
        hold(text);
    }
}

/// Deeper than anybody writes: it ends, and it is not the stack that ends it.
#[test]
fn deep_nesting() {
    let nested = |open: &str, inside: &str, close: &str, depth: usize| {
        format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
    };
    let list: String = (0..300).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect();
    let yaml: String = (0..400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    for text in [
        nested("> ", "```bash\nls\n```", "", 2_000),
        nested("- ", "x", "", 2_000),
        list,
        nested("[", "a", "](b)", 3_000),
        nested("*", "a", "*", 6_000),
        nested("<b>", "a", "</b>", 3_000),
        format!("---\n{yaml}---\n# A\n"),
        format!("---\nholdpoint: {}\n---\n# A\n", nested("[", "1", "]", 5_000)),
        format!("---\nholdpoint: {}\n---\n# A\n", nested("{a: ", "1", "}", 5_000)),
        format!("# A\n\n```yaml step\nid: a\nwith: {}\n```\n", nested("[", "1", "]", 5_000)),
    ] {
        hold(&text);
    }
    for (open, close) in [
        ("$(", ")"),
        ("(", ")"),
        ("{ ", ";}"),
        ("${a:-", "}"),
        ("`", "`"),
        ("\"$(", ")\""),
        ("if true; then ", "; fi"),
        ("! ", ""),
        ("sudo ", ""),
        ("env -i ", ""),
        ("bash -c '", "'"),
        ("$((", "))"),
        ("<(", ")"),
    ] {
        for closed in [close, ""] {
            let script = nested(open, "aws s3 ls", closed, 2_000);
            laws::script(&script);
            hold(&format!("# A\n\n```bash\n{script}\n```\n"));
        }
    }
}

/// YAML that refers to itself, or that is small and would be large.
#[test]
fn anchors_that_go_round() {
    let bomb: String = (0..40).map(|at| format!("    b{}: &b{at} [*b{0}, *b{0}, *b{0}]\n", at + 1)).collect();
    for yaml in [
        "a: &a [*a]".to_owned(),
        "a: &a { b: *a }".to_owned(),
        "a: &a\n  b: &b [*a]\n  c: *b".to_owned(),
        "a: *nobody".to_owned(),
        "<<: &a { <<: *a }".to_owned(),
        "? &a [*a]\n: x".to_owned(),
        format!("b0: &b0 x\n{bomb}"),
    ] {
        let inside = yaml.replace('\n', "\n  ");
        hold(&format!("---\nholdpoint:\n  version: 1\n  {inside}\n---\n# A\n\n```bash\nls\n```\n"));
        hold(&format!("---\n{yaml}\n---\n# A\n\n```bash\nls\n```\n"));
        hold(&format!("# A\n\n```yaml step\nid: s\nuses: shell\nwith:\n  {inside}\n```\n"));
    }
}

#[test]
fn lines_without_an_end() {
    for piece in ["a", "`x` ", "[", "- [ ] "] {
        let text = piece.repeat(32 * 1024 / piece.len());
        hold(&text);
        hold(&format!("# A\n\n```bash\n{text}\n```\n"));
    }
    let most = vec![b'a'; LARGEST];
    let done = import(&most, &ImportOptions::default());
    assert_eq!((done.state, done.bytes == most), (ImportState::NothingToWalk, true));
    let more = vec![b'a'; LARGEST + 1];
    let done = import(&more, &ImportOptions { repair: true, ..ImportOptions::default() });
    assert_eq!((done.state, done.bytes == more), (ImportState::Unchanged, true));
    assert_eq!(done.reading.diagnostics.first().map(|finding| finding.code.as_str()), Some("too-large"));
}

/// A hundred megabytes are refused by their number, with words, and nothing of them is lost.
#[test]
fn one_line_of_a_hundred_megabytes_is_refused() {
    let much = vec![b'a'; 100 * 1024 * 1024];
    let reading = read(&much);
    let [refused] = reading.diagnostics.as_slice() else { panic!("{:?}", reading.diagnostics) };
    assert_eq!(refused.code, "too-large");
    assert!(refused.message.contains("104857600") && refused.hint.is_some(), "{refused:?}");
    assert!(reading.text.is_empty() && !reading.is_runnable());
}

/// More commands than a plan may have steps: what fits is lifted, the rest is left alone, and the result is sound.
#[test]
fn more_commands_than_steps() {
    let mut text = String::from("# Plan\n\n## Step 1: look\n\n");
    for number in 0..2_100 {
        text.push_str(&format!(
            "```bash\naws ecs describe-services --cluster c --services s{number}\n```\n\n"
        ));
    }
    let done = laws::imported(text.as_bytes());
    assert_eq!(done.state, ImportState::Imported);
    assert!(done.reading.is_runnable(), "{:?}", done.reading.diagnostics.first());
    assert_eq!((done.reading.plan.steps().count(), done.left.len()), (2_000, 100));
    assert!(done.left.iter().all(|left| left.why.contains("2,000 steps")));

    let many: String =
        (0..2_100).map(|number| format!("aws ecs describe-clusters --clusters c{number}\n")).collect();
    let done = laws::imported(format!("# Plan\n\n## Step 1: look\n\n```bash\n{many}```\n").as_bytes());
    assert_eq!((done.state, done.reading.plan.steps().count()), (ImportState::Imported, 1));
}
