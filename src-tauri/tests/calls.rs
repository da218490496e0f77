//! The commands as the page calls them, without a screen: who may call, and what is answered to nonsense.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use holdpoint_api::CALLS;
use holdpoint_desktop::{Core, builder, window};
use holdpoint_identity::Env;
use serde_json::{Value, json};
use std::path::Path;
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tempfile::TempDir;

const PAGE: &str = if cfg!(windows) { "http://tauri.localhost" } else { "tauri://localhost" };

#[test]
fn the_page_asks_and_is_answered() {
    let (_home, _app, main, _) = console();
    let home = call(&main, PAGE, "rpc", json!({ "name": "home.view", "args": {} })).unwrap();
    assert_eq!(home["open_at_start"], "/plans/one.md");
    assert_eq!(home["open"], json!([]));
    let refused = call(&main, PAGE, "rpc", json!({ "name": "no.such", "args": {} })).unwrap_err();
    assert_eq!(refused["message"], "there is no call `no.such`");
}

#[test]
fn nobody_else_is_answered() {
    let (_home, _app, main, other) = console();
    let ask = json!({ "name": "home.view", "args": {} });
    for (whose, from, at) in
        [("another window", &other, PAGE), ("another origin", &main, "https://example.com")]
    {
        for (command, args) in
            [("rpc", &ask), ("pick_plan", &json!({})), ("unsubscribe", &json!({ "channel": 1 }))]
        {
            let said = call(from, at, command, args.clone());
            assert!(said.is_err(), "{whose} may call {command}: {said:?}");
        }
    }
}

#[test]
fn a_console_that_cannot_open_says_why_in_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let core =
        Core::open(&Env::new([("HOLDPOINT_HOME", file.as_os_str())]), Path::new("/nowhere/console"), None);
    let (_app, main, _) = windows(core);
    let refused = call(&main, PAGE, "rpc", json!({ "name": "home.view", "args": {} })).unwrap_err();
    assert!(refused["message"].as_str().unwrap().contains("could not be made"), "{refused}");
    assert_ne!(refused["hints"], json!([]), "{refused}");
}

#[test]
fn nonsense_is_refused_and_breaks_nothing() {
    let (_home, _app, main, _) = console();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for known in CALLS {
        for _ in 0..40 {
            let args = chance.value(0);
            // A dialog of the system is nothing that a test without a screen could answer; calls of the list are.
            let answer = call(&main, PAGE, "rpc", json!({ "name": known.name, "args": args }));
            if let Err(problem) = answer {
                let text = problem.to_string();
                assert!(
                    !text.contains("failed inside Holdpoint"),
                    "{} panicked on {args}: {text}",
                    known.name
                );
            }
        }
    }
    assert!(call(&main, PAGE, "rpc", json!({ "name": "home.view", "args": {} })).is_ok());
}

#[test]
fn the_window_goes_nowhere_else() {
    for own in [PAGE, &format!("{PAGE}/index.html#/run/x")] {
        assert!(window::is_own(&Url::parse(own).unwrap()), "{own}");
    }
    for foreign in [
        "https://example.com/",
        "http://localhost:5173/",
        "file:///etc/hostname",
        "data:text/html,x",
        "about:blank",
        "tauri://elsewhere/",
    ] {
        assert!(!window::is_own(&Url::parse(foreign).unwrap()), "{foreign}");
    }
}

type Windows = (App<MockRuntime>, WebviewWindow<MockRuntime>, WebviewWindow<MockRuntime>);

fn console() -> (TempDir, App<MockRuntime>, WebviewWindow<MockRuntime>, WebviewWindow<MockRuntime>) {
    let home = tempfile::tempdir().unwrap();
    let env = Env::new([("HOLDPOINT_HOME", home.path()), ("HOME", home.path())]);
    let core = Core::open(&env, Path::new("/nowhere/console"), Some("/plans/one.md".into()));
    let (app, main, other) = windows(core);
    (home, app, main, other)
}

fn windows(core: Core) -> Windows {
    let app = builder(mock_builder(), core).build(tauri::generate_context!(test = true)).unwrap();
    let open = |label: &str| WebviewWindowBuilder::new(&app, label, WebviewUrl::default()).build().unwrap();
    let (main, other) = (open(window::LABEL), open("other"));
    (app, main, other)
}

fn call(from: &WebviewWindow<MockRuntime>, at: &str, command: &str, args: Value) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: command.into(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: at.parse().unwrap(),
        body: InvokeBody::Json(args),
        headers: tauri::http::HeaderMap::default(),
        invoke_key: INVOKE_KEY.to_owned(),
    };
    get_ipc_response(from, request).map(|body| body.deserialize().unwrap())
}

/// Splitmix64: the same nonsense at every run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.next() % of.len() as u64).unwrap();
        of[at]
    }

    /// Often the right names with wrong values: what is refused first hides what comes after it.
    fn value(&mut self, depth: u32) -> Value {
        match self.next() % if depth == 0 { 3 } else { 9 } {
            0..=2 if depth < 3 => {
                let names = [
                    "run",
                    "path",
                    "digest",
                    "mode",
                    "profile",
                    "scenario",
                    "speed",
                    "target",
                    "vars",
                    "hold",
                    "decision",
                    "person",
                    "reason",
                    "step",
                    "item",
                    "on",
                    "evidence",
                    "fields",
                    "option",
                    "phrase",
                    "choice",
                    "name",
                    "value",
                    "after_line",
                    "format",
                ];
                (0..self.next() % 8)
                    .map(|_| (self.pick(&names).to_owned(), self.value(depth + 1)))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }
            3 => Value::Null,
            4 => json!(self.next() & 1 == 0),
            5 => json!(f64::from_bits(self.next())),
            6 => json!(self.next()),
            7 => json!([self.value(depth + 1)]),
            _ => json!(self.pick(&[
                "",
                "\u{0}",
                "..",
                "../../x",
                "/",
                "practice",
                "live",
                "go",
                "no_go",
                "stage:x",
                "step:",
                "html",
                "retry",
                "𝕏\u{202e}",
                "run-1",
                "-1",
                "{{ vars.x }}",
            ])),
        }
    }
}
