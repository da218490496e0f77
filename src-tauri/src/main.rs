//! `holdpoint-console [PLAN]`: the window; with a plan it opens at that plan.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use holdpoint_desktop::{Core, builder, window};
use holdpoint_identity::Env;
use std::ffi::OsString;
use std::process::ExitCode;

const USAGE: &str =
    "usage: holdpoint-console [PLAN]\n\nOpens Holdpoint's window, at the plan when one is named.\n";

fn main() -> ExitCode {
    // No secret reaches a log: values are redacted before.
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
    let plan = match plan(std::env::args_os().skip(1).collect()) {
        Ok(plan) => plan,
        Err(Said::Asked(text)) => return say(&mut std::io::stdout(), &text, ExitCode::SUCCESS),
        Err(Said::Usage(text)) => return say(&mut std::io::stderr(), &text, ExitCode::from(2)),
    };
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return failed(&format!("this program does not find itself: {error}")),
    };
    let core = Core::open(&Env::new(std::env::vars_os()), &program, plan);
    let run = builder(tauri::Builder::default(), core).setup(|app| {
        window::open(app)?;
        Ok(())
    });
    match run.run(tauri::generate_context!()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("the window cannot open: {error}")),
    }
}

/// Why there is no window, and none was meant to be.
enum Said {
    Asked(String),
    Usage(String),
}

/// The plan that the arguments name, as an absolute path: the page shows it, and the folder it was named in is gone.
fn plan(arguments: Vec<OsString>) -> Result<Option<String>, Said> {
    let mut arguments = arguments.into_iter();
    let (first, more) = (arguments.next(), arguments.next());
    let Some(first) = first else { return Ok(None) };
    if first == "--version" || first == "-V" {
        return Err(Said::Asked(format!("holdpoint-console {}\n", env!("CARGO_PKG_VERSION"))));
    }
    if first == "--help" || first == "-h" {
        return Err(Said::Asked(USAGE.to_owned()));
    }
    if more.is_some() || first.to_string_lossy().starts_with('-') {
        return Err(Said::Usage(format!("{} is no plan\n\n{USAGE}", first.display())));
    }
    let path = std::path::absolute(&first)
        .map_err(|error| Said::Usage(format!("{} cannot be opened: {error}\n", first.display())))?;
    let text = path.to_str().map(str::to_owned);
    text.map(Some).ok_or_else(|| Said::Usage(format!("{} is not UTF-8: rename it\n", path.display())))
}

fn failed(why: &str) -> ExitCode {
    say(&mut std::io::stderr(), &format!("{why}\n"), ExitCode::FAILURE)
}

fn say(to: &mut impl std::io::Write, text: &str, code: ExitCode) -> ExitCode {
    // Where the terminal is gone there is nobody to tell.
    let _ = to.write_all(text.as_bytes());
    let _ = to.flush();
    code
}
