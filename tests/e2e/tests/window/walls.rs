//! What the page cannot do, tried in the real window.

use crate::stage::Stage;
use serde_json::{Value, json};

#[tokio::test]
#[ignore = "needs a screen and the built window: cargo xtask e2e"]
async fn the_page_cannot_leave_nor_reach_beyond_its_calls() {
    let Some(stage) = Stage::set("walls") else { return };
    let window = stage.window(&[]).await;
    window.until("Home", "return document.querySelector('[data-testid=open-plan]') !== null").await;

    let script = |body: &str| {
        let script = format!(
            "const done = arguments[arguments.length - 1]; const say = (what) => done(String(what)); {body}"
        );
        let client = window.client.clone();
        async move { client.execute_async(&script, vec![]).await.unwrap().as_str().unwrap_or_default().to_owned() }
    };

    // Nothing of the framework or of its plugins is open to the page, only what the capability names.
    for command in [
        "plugin:window|close",
        "plugin:window|create",
        "plugin:webview|create_webview_window",
        "plugin:webview|print",
        "plugin:app|version",
        "plugin:path|resolve_directory",
        "plugin:event|emit",
        "plugin:dialog|open",
        "plugin:dialog|save",
        "plugin:fs|read_text_file",
        "plugin:shell|execute",
        "plugin:http|fetch",
        "no_such_command",
    ] {
        let said = script(&format!(
            "window.__TAURI_INTERNALS__.invoke('{command}', {{}}).then(() => say('allowed'), (why) => say('refused: ' + why))"
        ))
        .await;
        assert!(said.starts_with("refused"), "{command}: {said}");
    }

    // Arguments that fit nothing are refused, and end nothing.
    for (name, args) in [
        ("no.such_call", json!({})),
        ("run.view", json!({ "run": "../../etc/passwd" })),
        ("run.view", json!({ "run": 7 })),
        ("run.start", json!({})),
        ("plan.open", json!({ "path": "\u{0}" })),
        ("plan.open", json!({ "path": "/", "more": true })),
        ("run.sign", json!({ "run": "x", "hold": "", "decision": "perhaps", "person": "", "reason": null })),
        ("report.export", json!([])),
        ("home.view", Value::Null),
    ] {
        let said = script(&format!(
            "window.__TAURI_INTERNALS__.invoke('rpc', {{ name: {name:?}, args: {args} }}).then(() => say('allowed'), (why) => say('refused: ' + JSON.stringify(why)))"
        ))
        .await;
        assert!(said.starts_with("refused"), "{name} {args}: {said}");
    }

    // Inline scripts, evaluation, other origins, frames and other windows.
    let evaluated = script("try { (0, eval)('1'); say('evaluated') } catch (why) { say('refused') }").await;
    assert_eq!(evaluated, "refused", "the policy lets the page evaluate text");
    let inline = script("window.inline = 0; const one = document.createElement('script'); one.textContent = 'window.inline = 1'; document.head.append(one); say(window.inline)").await;
    assert_eq!(inline, "0", "an inline script ran");
    let fetched =
        script("fetch('http://127.0.0.1:9/').then(() => say('fetched'), () => say('refused'))").await;
    assert_eq!(fetched, "refused");
    let violated = script("document.addEventListener('securitypolicyviolation', (event) => say(event.effectiveDirective), { once: true }); const frame = document.createElement('iframe'); frame.src = 'https://example.com/'; document.body.append(frame)").await;
    assert!(violated.starts_with("frame-src"), "{violated}");
    let opened = script("say(window.open('https://example.com/'))").await;
    assert_eq!(opened, "null", "another window opened");
    assert_eq!(script("say(Object.isFrozen(Object.prototype))").await, "true");
    assert_eq!(script("say('__TAURI__' in window)").await, "false");

    let here = window.client.current_url().await.unwrap();
    let _ = window.script("location.href = 'https://example.com/'; return true").await;
    let _ = window.script("location.href = 'file:///etc/hostname'; return true").await;
    window
        .until(
            "the page to still be there",
            "return document.querySelector('[data-testid=open-plan]') !== null",
        )
        .await;
    let now = window.client.current_url().await.unwrap();
    assert_eq!((now.scheme(), now.host_str()), (here.scheme(), here.host_str()));
    window.close().await;
}
