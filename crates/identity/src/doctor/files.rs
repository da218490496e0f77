//! The two files of profiles: can they be read, by whom, and alike.

use super::{Code, Examine, Finding, Weight};
use crate::config::{
    Doc, Draft, EditError, Fault, Grammar, Mend, SectionId, SectionKind, differences, mend, plain_text, read,
};
use crate::profiles::files::path_of;
use crate::{FileKind, profiles};
use std::path::Path;

/// More findings of one kind in one file are counted, not listed.
const MOST: usize = 20;

/// The largest file that is looked into, in bytes; as `profiles` has it.
const LARGEST: usize = 32 * 1024 * 1024;

/// Examines both files.
pub(super) async fn examine(with: &Examine<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for kind in [FileKind::Config, FileKind::Credentials] {
        let Some(path) = path_of(with.env, kind) else {
            if kind == FileKind::Config {
                let said =
                    "there is no home folder: set HOME, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE";
                found.push(Finding::new(Code::HomeMissing, Weight::Problem, said));
            }
            continue;
        };
        of_file(&path, kind, &mut found);
    }
    found.extend(of_profiles(with).await);
    found
}

fn of_file(path: &Path, kind: FileKind, found: &mut Vec<Finding>) {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => {
            let said =
                format!("{} cannot be read ({error}): make it a file that you may read", path.display());
            found.push(Finding::new(Code::ConfigUnreadable, Weight::Problem, said).at(path, None));
            return;
        }
    };
    if bytes.len() > LARGEST {
        let said = format!(
            "{} has {} bytes, more than any file of profiles: point at the right one",
            path.display(),
            bytes.len()
        );
        found.push(Finding::new(Code::ConfigUnreadable, Weight::Problem, said).at(path, None));
        return;
    }
    let plain = plain_text(&bytes);
    if plain.as_deref().map(str::as_bytes) != Some(bytes.as_slice()) {
        let (line, what) = oddity(&bytes);
        let said = format!("{what}: the AWS CLI, the SDKs or both refuse the whole file");
        let finding = Finding::new(Code::ConfigEncoding, Weight::Problem, said).at(path, Some(line));
        found.push(finding.with_draft(mend(path, kind, &Mend::Encoding)));
        return;
    }
    let text = plain.unwrap_or_default();
    let before = found.len();
    of_text(path, kind, &text, found);
    if found.len() == before {
        found.push(
            Finding::fine(Code::ConfigBroken, format!("{} is read alike by all tools", path.display()))
                .at(path, None),
        );
    }
}

/// What a text that is not plain UTF-8 begins to be odd with, and where.
fn oddity(bytes: &[u8]) -> (usize, &'static str) {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => (1, "the file begins with a byte order mark"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => (1, "the file is UTF-16"),
        _ => match std::str::from_utf8(bytes) {
            Ok(_) => (1, "the file's lines end in carriage returns alone"),
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                (line, "the file has bytes that are not UTF-8 text; correct them by hand")
            }
        },
    }
}

fn of_text(path: &Path, kind: FileKind, text: &str, found: &mut Vec<Finding>) {
    let start = found.len();
    let sdk = read(Grammar::Sdk, kind, text);
    let botocore = read(Grammar::Botocore, kind, text);
    for (grammar, reading) in [(Grammar::Sdk, &sdk), (Grammar::Botocore, &botocore)] {
        if let Err(faults) = reading {
            found.extend(faults.iter().map(|fault| broken(path, grammar, fault)));
        }
    }
    if sdk.is_ok() && botocore.is_err() {
        let draft = mend(path, kind, &Mend::Duplicates);
        repairs(&mut found[start..], Code::ConfigBroken, draft);
    }
    if let Ok(reading) = &sdk {
        for (line, said) in &reading.ignored {
            found.push(
                Finding::new(Code::ConfigIgnored, Weight::Warning, said.as_str()).at(path, Some(*line)),
            );
        }
    }
    if let (Ok(sdk), Ok(botocore)) = (&sdk, &botocore) {
        for (line, said) in &botocore.ignored {
            found.push(
                Finding::new(Code::ConfigIgnored, Weight::Warning, said.as_str()).at(path, Some(*line)),
            );
        }
        let from = found.len();
        for told in differences(sdk, botocore) {
            found.push(
                Finding::new(Code::ConfigDiffers, Weight::Warning, told.said).at(path, Some(told.line)),
            );
        }
        let draft = mend(path, kind, &Mend::InlineComments);
        repairs(&mut found[from..], Code::ConfigDiffers, draft);
    }
    for (at, line) in text.lines().enumerate() {
        let at = Some(at + 1);
        if line.trim_end() == "[DEFAULT]" {
            let said = "the keys of [DEFAULT] belong to every profile for the AWS CLI, and to none for the SDKs: write [default], or the keys into the profiles that need them";
            found.push(Finding::new(Code::ConfigDefault, Weight::Warning, said).at(path, at));
        }
        let owner = line.trim_end().strip_prefix("# holdpoint: generated for session ");
        if let Some(owner) = owner
            && let Err(open) = Doc::new(kind, text).block(owner)
        {
            found.push(Finding::new(Code::ConfigBlock, Weight::Warning, open.to_string()).at(path, at));
        }
    }
    let (all, crlf) = (text.matches('\n').count(), text.matches("\r\n").count());
    if crlf > 0 && crlf < all {
        let said = format!("{crlf} of {all} lines end in CRLF and the others in LF");
        found.push(Finding::new(Code::ConfigLineEnds, Weight::Note, said).at(path, None));
    }
    if let Ok(reading) = &sdk
        && kind == FileKind::Config
    {
        for (id, section) in &reading.sections {
            let session = section.get("sso_session").filter(|_| id.kind == SectionKind::Profile);
            let Some(session) = session else { continue };
            let theirs = reading.section(&SectionId::sso_session(session));
            for key in ["sso_start_url", "sso_region"] {
                let Some(own) = section.values.get(key) else { continue };
                let is_same = theirs.and_then(|theirs| theirs.get(key)) == Some(own.text.as_str());
                let (weight, said) = match is_same {
                    true => (
                        Weight::Warning,
                        format!(
                            "{key} of {id} stands in [sso-session {session}], too: the Rust SDK refuses the profile"
                        ),
                    ),
                    false => (
                        Weight::Problem,
                        format!(
                            "{key} of {id} is another one than that of [sso-session {session}]: the AWS CLI and the Rust SDK refuse the profile; keep the one that is right"
                        ),
                    ),
                };
                found.push(Finding::new(Code::SsoBeside, weight, said).at(path, Some(own.line)));
            }
        }
        if found[start..].iter().any(|finding| finding.code == Code::SsoBeside) {
            repairs(&mut found[start..], Code::SsoBeside, mend(path, kind, &Mend::SsoBeside));
        }
    }
    shorten(path, found, start);
}

fn broken(path: &Path, grammar: Grammar, fault: &Fault) -> Finding {
    let said = format!(
        "{}: {grammar} refuse the whole file for it; {} (column {})",
        fault.what, fault.next, fault.column
    );
    Finding::new(Code::ConfigBroken, Weight::Problem, said).at(path, Some(fault.line))
}

/// One draft repairs all findings of a kind; it stands at the first, and where it would not help at none.
fn repairs(findings: &mut [Finding], code: Code, draft: Result<Draft, EditError>) {
    let of = |finding: &Finding| finding.code == code;
    // A warning is what a draft can heal; a problem of the same kind may be its author's to decide.
    let at = findings.iter().position(|finding| of(finding) && finding.weight == Weight::Warning);
    if let Some(first) = at.or_else(|| findings.iter().position(of)).and_then(|at| findings.get_mut(at))
        && let Ok(draft) = draft
        && !draft.is_empty()
    {
        first.repair = Some(super::Repair::Edit(draft));
    }
}

/// A file of ten thousand broken lines is one to be looked at as a whole.
fn shorten(path: &Path, found: &mut Vec<Finding>, start: usize) {
    for code in Code::ALL {
        let all = found[start..].iter().filter(|finding| finding.code == *code).count();
        if all <= MOST {
            continue;
        }
        let weight =
            found[start..].iter().filter(|f| f.code == *code).map(|f| f.weight).max().unwrap_or(Weight::Note);
        let (mut kept, mut at) = (0, 0);
        found.retain(|finding| {
            at += 1;
            let is_one = at > start && finding.code == *code;
            kept += usize::from(is_one);
            !is_one || kept <= MOST || finding.repair.is_some()
        });
        let said = format!("and {} more of the same in {}", all - MOST, path.display());
        found.push(Finding::new(*code, weight, said).at(path, None));
    }
}

/// What the profiles themselves lack. Lines that are read in two ways are told above.
async fn of_profiles(with: &Examine<'_>) -> Vec<Finding> {
    let Ok(all) = profiles(with.env).await else { return Vec::new() };
    let mut found = Vec::new();
    for profile in &all.profiles {
        let place = profile.from.first();
        let path =
            place.and_then(|place| all.files.iter().find(|file| file.kind == place.file)?.path.clone());
        for problem in &profile.problems {
            if problem.starts_with("line ") || problem.contains("beside sso_session") {
                continue;
            }
            let said = format!("profile `{}`: {problem}", profile.name);
            let finding = Finding::new(Code::ProfileBroken, Weight::Warning, said);
            found.push(match &path {
                Some(path) => finding.at(path, place.map(|place| place.line)),
                None => finding,
            });
        }
    }
    let path = all.files.iter().find_map(|file| file.path.clone()).unwrap_or_default();
    shorten(&path, &mut found, 0);
    found
}
