//! `doctor`: what is wrong with the machine's AWS set-up, and its repair when that is asked for. No ledger is opened.

use crate::args::Doctor;
use crate::exit::Exit;
use crate::{asking, output};
use holdpoint_api::Problem;
use holdpoint_identity::doctor::{Code, Done, Examine, Finding, Repair, Weight, examine, repair};
use holdpoint_identity::{Env, Places};
use holdpoint_redact::Secret;
use holdpoint_vault::{Choice, Opened, Patience, VaultError};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// One examination repairs one file once; a machine has not this many.
const MOST_REPAIRS: usize = 200;

/// Examines, and repairs what `--repair` names.
pub(crate) async fn doctor(args: &Doctor, env: &Env) -> Result<Exit, Problem> {
    let codes = codes_of(&args.repair)?;
    if args.json && !codes.is_empty() && !args.yes {
        return Err(Problem::new("with --json nobody can be asked: add --yes to --repair").code("usage"));
    }
    let places = Places::of(env).ok_or_else(|| Problem::new("no home folder: set HOME or HOLDPOINT_HOME"))?;
    let vault = vault(env, &places.home);
    let patience = Duration::from_secs(if args.offline { 0 } else { 4 });
    let mut done = Vec::new();
    let mut left: BTreeSet<(Code, String)> = BTreeSet::new();
    let found = loop {
        let found = look(env, &places.home, vault.as_ref(), patience).await;
        let next = found.iter().find_map(|finding| {
            let repair = finding.repair.as_ref().filter(|repair| repair.is_automatic())?;
            let key = (finding.code, repair.preview());
            (codes.contains(&finding.code) && !left.contains(&key)).then_some((finding, repair, key))
        });
        let Some((finding, cure, key)) = next.filter(|_| done.len() < MOST_REPAIRS) else { break found };
        if !args.json {
            tell(finding);
            output::raw(&cure.preview());
        }
        // Whatever comes of it, the same repair is not tried twice.
        left.insert(key);
        if !args.yes && !asking::yes("Repair it so?")? {
            continue;
        }
        match repair(cure, &places.home.join("backups"), now()) {
            Ok(what) => done.push(json!({"code": finding.code, "done": made(&what)})),
            Err(error) => {
                output::error(&error.to_string());
                done.push(json!({"code": finding.code, "failed": error.to_string()}));
            }
        }
        if let (false, Some(last)) = (args.json, done.last()) {
            output::line(format!("  {}", last["done"].as_str().unwrap_or("left as it is")));
        }
    };
    report(args, &found, &done);
    let is_ill = found.iter().any(|finding| finding.weight == Weight::Problem);
    Ok(if is_ill { Exit::Failed } else { Exit::Done })
}

async fn look(
    env: &Env,
    home: &Path,
    vault: Option<&Result<Opened, VaultError>>,
    patience: Duration,
) -> Vec<Finding> {
    let vault = vault.map(|opened| opened.as_ref().map(|opened| &*opened.vault as _));
    examine(&Examine { env, home, vault, now: now(), patience }).await
}

/// A home that has no vault yet gets none by being examined.
fn vault(env: &Env, home: &Path) -> Option<Result<Opened, VaultError>> {
    let passphrase = env.get("HOLDPOINT_VAULT_PASSPHRASE").map(Secret::new);
    home.join("vault")
        .is_dir()
        .then(|| holdpoint_vault::open(home, Choice::Auto, passphrase.as_ref(), Patience::default()))
}

#[expect(clippy::disallowed_methods, reason = "the edge tells the time")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn codes_of(names: &[String]) -> Result<BTreeSet<Code>, Problem> {
    let mut codes = BTreeSet::new();
    for name in names {
        match Code::ALL.iter().find(|code| code.name() == name) {
            Some(code) => {
                codes.insert(*code);
            }
            None if name == "all" => codes.extend(Code::ALL),
            None => {
                let known: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
                return Err(Problem::new(format!("`{name}` is no kind of finding"))
                    .code("usage")
                    .hint(format!("`all`, or one of {}", known.join(", "))));
            }
        }
    }
    Ok(codes)
}

fn made(done: &Done) -> String {
    match done {
        Done::Edited(undo) => match &undo.backup {
            Some(backup) => format!("changed; as it was: {}", backup.display()),
            None => "made".to_owned(),
        },
        Done::Chmod => "permissions changed".to_owned(),
        Done::Removed(count) => format!("{count} moved to the backups"),
    }
}

fn report(args: &Doctor, found: &[Finding], done: &[Value]) {
    if args.json {
        output::json(&json!({
            "findings": found.iter().map(as_json).collect::<Vec<_>>(),
            "repairs": done,
        }));
        return;
    }
    for finding in found.iter().filter(|finding| args.all || finding.weight != Weight::Ok) {
        tell(finding);
        match &finding.repair {
            Some(Repair::Command(text)) => {
                text.lines().for_each(|line| output::line(format!("      {line}")))
            }
            Some(Repair::Edit(_) | Repair::Chmod { .. } | Repair::Remove(_)) => {
                output::line(format!("      holdpoint doctor --repair {}", finding.code));
            }
            None => {}
        }
    }
    let count = |weight| found.iter().filter(|finding| finding.weight == weight).count();
    output::line(format!(
        "{} problems, {} warnings, {} notes; {} things are fine",
        count(Weight::Problem),
        count(Weight::Warning),
        count(Weight::Note),
        count(Weight::Ok)
    ));
}

fn tell(finding: &Finding) {
    let weight = match finding.weight {
        Weight::Ok => "fine",
        Weight::Note => "note",
        Weight::Warning => "warning",
        Weight::Problem => "problem",
    };
    output::line(format!("{weight}  {}  {}", finding.code, finding.code.title()));
    if let Some(spot) = &finding.spot {
        output::line(format!("      {spot}"));
    }
    output::line(format!("      {}", finding.said));
}

fn as_json(finding: &Finding) -> Value {
    let path: Option<&PathBuf> = finding.spot.as_ref().map(|spot| &spot.path);
    json!({
        "code": finding.code,
        "title": finding.code.title(),
        "weight": finding.weight,
        "said": finding.said,
        "path": path,
        "line": finding.spot.as_ref().and_then(|spot| spot.line),
        "repair": finding.repair.as_ref().map(|repair| json!({
            "preview": repair.preview(),
            "automatic": repair.is_automatic(),
        })),
    })
}
