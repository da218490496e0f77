//! Five hundred planted secrets, said by a script in every form that programs write them in: none is in plain in anything
//! that the run stores or shows.

use crate::home::{Home, Ran};
use std::path::Path;

const COUNT: usize = 500;

/// Says each of its secrets in the form of its turn: as it is, in base64, URL-escaped, JSON-escaped, cut by colours, in
/// an address, in a header, and as a file's name in an error.
const SCRIPT: &str = r#"import base64, json, os, sys, time, urllib.parse
for i in range(500):
    s = os.environ["S%03d" % i]
    forms = [
        s,
        base64.b64encode(s.encode()).decode(),
        urllib.parse.quote(s, safe=""),
        json.dumps({"error": s}),
        s[: len(s) // 2] + "\x1b[1;31m" + s[len(s) // 2 :] + "\x1b[0m",
        "https://deploy:" + urllib.parse.quote(s, safe="") + "@registry.example/v2/",
        "Authorization: Basic " + base64.b64encode(("AWS:" + s).encode()).decode(),
    ]
    out = sys.stderr if i % 3 == 0 else sys.stdout
    text = "step %d said " % i + forms[i % len(forms)] + " and went on\n"
    half = len(text) // 2
    out.write(text[:half]); out.flush()
    out.write(text[half:]); out.flush()
try:
    open("/no-such-folder/" + os.environ["S007"])
except OSError as error:
    print(error)
sys.exit(EXIT)
"#;

/// Numbers without a pattern, the same at every run (SplitMix64).
fn secrets() -> Vec<String> {
    let mut state = 11_u64;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let alphabet: Vec<char> = ('!'..='~').collect();
    let mut one = || {
        let length = 12 + next() % 50;
        (0..length).map(|_| alphabet[(next() % alphabet.len() as u64) as usize]).collect()
    };
    (0..COUNT).map(|_| one()).collect()
}

fn plan(exit: u8) -> String {
    let each = |line: &dyn Fn(usize) -> String| (0..COUNT).map(line).collect::<String>();
    let vars = each(&|i| format!("    s{i:03}: {{ secret: true }}\n"));
    let env = each(&|i| format!("    S{i:03}: \"{{{{ vars.s{i:03} }}}}\"\n"));
    let script = SCRIPT.replace("EXIT", &exit.to_string());
    format!(
        "---\nholdpoint:\n  version: 1\n  title: Says everything\n  target: {{ account: \"111122223333\", region: eu-central-1 }}\n  \
         vars:\n{vars}---\n# Says everything\n\n## Say\n\n```yaml stage\nid: say\n```\n\n```yaml step\nid: tell\nuses: shell\neffect: read\n\
         with:\n  env:\n{env}```\n\n```bash\nexec python3 - <<'PYTHON'\n{script}PYTHON\n```\n"
    )
}

/// All bytes below a folder, and names.
fn below(folder: &Path, all: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(path.to_string_lossy().bytes());
        match path.is_dir() {
            true => below(&path, all),
            false => all.extend(std::fs::read(&path).unwrap_or_default()),
        }
    }
}

fn check(exit: u8, code: i32) {
    let home = Home::new();
    home.file("plan.md", plan(exit));
    let secrets = secrets();
    let given: Vec<(String, &str)> =
        secrets.iter().enumerate().map(|(i, s)| (format!("HOLDPOINT_SECRET_S{i:03}"), s.as_str())).collect();
    let mut env: Vec<(&str, &str)> = given.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    env.push(("RUST_LOG", "trace"));
    let ran: Ran =
        home.run_with(&env, &["run", "plan.md", "--trust", "--practice", "--auto-sign", "--speed", "2000"]);
    assert_eq!(ran.code, Some(code), "{}", ran.err.chars().take(3000).collect::<String>());
    let mut stored = Vec::new();
    below(&home.kept(), &mut stored);
    let reports: Vec<Ran> = ["md", "html", "json"]
        .map(|format| home.run(&["report", "last", "--format", format]).exits(0))
        .into_iter()
        .chain([home.run(&["show", "last", "--json"])])
        .collect();
    for text in [&ran.out, &ran.err].into_iter().chain(reports.iter().flat_map(|one| [&one.out, &one.err])) {
        stored.extend(text.bytes());
    }
    let stored = String::from_utf8_lossy(&stored).replace("\x1b[1;31m", "");
    for i in [0, 250, COUNT - 1] {
        assert!(stored.contains(&format!("step {i} said ")), "the text around value {i} is lost");
    }
    for (i, secret) in secrets.iter().enumerate() {
        let json = serde_json::to_string(secret).unwrap();
        for form in [secret.as_str(), json.trim_matches('"')] {
            let at = stored.find(form).map(|at| {
                let from = stored.floor_char_boundary(at.saturating_sub(120));
                stored[from..stored.ceil_char_boundary((at + 80).min(stored.len()))].to_owned()
            });
            assert_eq!(at, None, "value {i} is plain");
        }
    }
}

#[test]
fn are_in_nothing_that_a_run_keeps_or_says() {
    check(0, 0);
}

#[test]
fn are_in_nothing_that_a_failure_keeps_or_says() {
    check(3, 1);
}
