//! A plan walked in practice: to its end, into a crash loop and back, and through a crash of the window.

use crate::stage::{Stage, cli_program, started_by_a_test};
use serde_json::Value;

const OVER: &[&str] = &["succeeded", "failed", "rolled_back", "aborted", "needs_decision"];

#[tokio::test]
#[ignore = "needs a screen and the built window: cargo xtask e2e"]
async fn a_plan_is_walked_to_its_end() {
    let Some(stage) = Stage::set("healthy") else { return };
    let window = stage.window(&[]).await;
    window.practise_the_example("healthy", 100, true).await;
    assert_eq!(window.work_until(OVER, None, Some("healthy")).await, "succeeded", "{}", window.text().await);
    window.picture("healthy-done").await;

    let html = window.export("html", &stage.file("report.html"), Some("report")).await;
    assert!(html.to_lowercase().starts_with("<!doctype html>"), "{html:.200}");
    for part in ["Broker 2.4", "broker-worker", "practice", "111122223333", "A date is set for closing CORS"]
    {
        assert!(html.contains(part), "the report lacks `{part}`");
    }
    // Its journal is the one script in it, and is data.
    let html = html.replacen("<script type=\"application/json\" id=\"journal\">", "", 1);
    for foreign in ["<script", "src=\"http", "href=\"http://", "@import"] {
        assert!(!html.contains(foreign), "the report is not self-contained: `{foreign}`");
    }
    let markdown = window.export("markdown", &stage.file("report.md"), None).await;
    assert!(markdown.starts_with('#') || markdown.starts_with("---"), "{markdown:.200}");
    window.close().await;
    journal_is_intact(&stage, "succeeded");
}

#[tokio::test]
#[ignore = "needs a screen and the built window: cargo xtask e2e"]
async fn a_crash_loop_is_diagnosed_and_rolled_back() {
    let Some(stage) = Stage::set("crash_loop") else { return };
    let window = stage.window(&[]).await;
    window.practise_the_example("crash_loop", 100, false).await;
    assert_eq!(window.work_until(OVER, None, None).await, "needs_decision", "{}", window.text().await);
    let diagnosis = window
        .until("the diagnosis", "return document.querySelector('[data-testid=diagnosis]')?.innerText")
        .await;
    window.picture("crash-loop-diagnosis").await;
    let diagnosis = diagnosis.as_str().unwrap_or_default();
    for part in ["exit", "Last lines", "Known problem", "Repair"] {
        assert!(
            diagnosis.to_lowercase().contains(&part.to_lowercase()),
            "the diagnosis lacks `{part}`:\n{diagnosis}"
        );
    }

    window.click("choice-rollback").await;
    window.fill("[data-testid='accept-terraform:apply_worker']", "The commit is reverted, too").await;
    window.fill("[data-testid=rollback-reason]", "The API does not start").await;
    window.picture("crash-loop-rollback").await;
    window.click("confirm-rollback").await;
    // What nothing has to be done about is said by a person.
    let asks = ["waiting_for_person", "failed", "aborted"];
    assert_eq!(window.work_until(&asks, None, None).await, "waiting_for_person");
    window.fill("[data-testid=phrase]", "left as it is").await;
    window.click("answer").await;
    assert_eq!(window.work_until(&["rolled_back", "failed", "aborted"], None, None).await, "rolled_back");
    window.picture("crash-loop-rolled-back").await;

    let html = window.export("html", &stage.file("report.html"), None).await;
    assert!(html.contains("The API does not start"), "the report does not say why it was rolled back");
    window.close().await;
    journal_is_intact(&stage, "rolled_back");
}

#[tokio::test]
#[ignore = "needs a screen and the built window: cargo xtask e2e"]
async fn a_killed_window_is_resumed() {
    let Some(stage) = Stage::set("killed") else { return };
    let window = stage.window(&[]).await;
    window.practise_the_example("healthy", 20, false).await;
    // In the middle of a step that changes something: what it did is found out by looking, not by doing it again.
    window.work_until(OVER, Some("Apply that plan"), None).await;
    window.kill();

    let again = stage.window(&[]).await;
    open_the_run(&again).await;
    again.until("the interruption", "return document.querySelector('[data-testid=resume]') !== null").await;
    again.picture("interrupted").await;
    again.click("resume").await;
    again.work_until(OVER, Some("The jobs have started"), None).await;

    // Held: meanwhile a second window may look, and nothing else before it takes the run over.
    let other = stage.window(&[]).await;
    open_the_run(&other).await;
    other
        .until("the other window to be read only", "return document.body.innerText.includes('Read only: ')")
        .await;
    let acts = "return [...document.querySelectorAll('[data-testid=go],[data-testid=no-go],[data-testid=resume]')].filter((one) => !one.disabled).length";
    assert_eq!(
        other.script(acts).await.unwrap(),
        Value::from(0),
        "a window that does not drive a run offers to"
    );
    other.picture("read-only").await;
    other.click("take-over").await;
    again.until("the first window to let go", "return document.body.innerText.includes('Read only: ')").await;
    again.close().await;

    assert_eq!(other.work_until(OVER, None, None).await, "succeeded", "{}", other.text().await);
    other.close().await;
    journal_is_intact(&stage, "succeeded");
}

#[tokio::test]
#[ignore = "needs a screen and the built window: cargo xtask e2e"]
async fn a_plan_named_as_argument_opens_at_once() {
    let Some(stage) = Stage::set("argument") else { return };
    let plan = stage.file("notes.md");
    std::fs::write(&plan, "# Friday's deployment\n\n- [ ] Tell the others\n\n```bash\nls -la\n```\n")
        .unwrap();
    let window = stage.window(&[plan.to_str().unwrap()]).await;
    window
        .until("the plan", "return document.querySelector('h1')?.innerText.includes(\"Friday's deployment\")")
        .await;
    window.picture("argument").await;
    window.close().await;

    let missing = stage.file("gone.md");
    let window = stage.window(&[missing.to_str().unwrap()]).await;
    window.until("the reason", "return document.body.innerText.includes('cannot be opened')").await;
    window.picture("argument-missing").await;
    window.close().await;
}

/// Opens the one run that Home lists.
async fn open_the_run(window: &crate::stage::Window) {
    window.until("the run on Home", "const run = document.querySelector('[data-testid^=run-] button'); run?.click(); return run !== null").await;
    window.until("the run", "return document.querySelector('[data-testid=run-status]') !== null").await;
}

/// The command line agrees with the window about how it ended, and finds the journal whole.
fn journal_is_intact(stage: &Stage, ended: &str) {
    let holdpoint = |arguments: &[&str]| {
        let mut command = started_by_a_test(&cli_program());
        let done = command.args(arguments).env("HOLDPOINT_HOME", stage.home()).output().unwrap();
        (done.status, String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (_, runs) = holdpoint(&["runs", "--json"]);
    let runs: Value = serde_json::from_str(&runs).unwrap();
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
    assert_eq!(runs[0]["status"], ended, "{runs}");
    let (status, said) = holdpoint(&["verify", runs[0]["id"].as_str().unwrap()]);
    assert!(status.success(), "{said}");
}
