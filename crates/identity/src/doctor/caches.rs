//! What AWS's tools keep of sign-ins: torn, stale, open to others, about to end.

use super::{Code, Examine, Finding, Repair, Weight};
use crate::FileKind;
use crate::profiles::files::path_of;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Cached credentials that ended longer ago than this are only a burden.
const STALE: Duration = Duration::from_secs(30 * 24 * 3600);
/// An end of a registration that is nearer than this is told.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);
/// A cache file is a few KiB; a larger one is none.
const LARGEST: u64 = 1024 * 1024;

/// Examines the caches and the files with keys.
pub(super) fn examine(with: &Examine<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(home) = with.env.home() else { return found };
    let aws = home.join(".aws");
    let login =
        with.env.get("AWS_LOGIN_CACHE_DIRECTORY").map_or_else(|| aws.join("login/cache"), PathBuf::from);
    let mut stale = Vec::new();
    let mut looked_at = 0;
    for folder in [aws.join("sso/cache"), aws.join("cli/cache"), login] {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        found.extend(open_to_others(&folder, 0o700));
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        for path in paths {
            looked_at += 1;
            found.extend(open_to_others(&path, 0o600));
            of_cache(&path, with.now, &mut found, &mut stale);
        }
    }
    if !stale.is_empty() {
        let said = format!("{} cached sign-ins and credentials ended more than 30 days ago", stale.len());
        found.push(Finding::new(Code::CacheStale, Weight::Note, said).with(Repair::Remove(stale)));
    }
    if let Some(path) = path_of(with.env, FileKind::Credentials) {
        found.extend(open_to_others(&path, 0o600));
    }
    if let Some(path) = path_of(with.env, FileKind::Config)
        && has_keys(&path)
    {
        found.extend(open_to_others(&path, 0o600));
    }
    if found.is_empty() && looked_at > 0 {
        found.push(Finding::fine(
            Code::CacheTorn,
            format!("{looked_at} cached sign-ins and credentials are whole and private"),
        ));
    }
    found
}

fn of_cache(path: &Path, now: SystemTime, found: &mut Vec<Finding>, stale: &mut Vec<PathBuf>) {
    let torn = |why: &str| {
        let said = format!(
            "{} is no whole JSON ({why}): the tool that reads it may stop or ask for a sign-in",
            path.display()
        );
        Finding::new(Code::CacheTorn, Weight::Warning, said)
            .at(path, None)
            .with(Repair::Remove(vec![path.to_owned()]))
    };
    let bytes = match std::fs::metadata(path) {
        Ok(about) if about.len() > LARGEST => return found.push(torn("it is larger than any such file")),
        Ok(_) => std::fs::read(path),
        Err(error) => Err(error),
    };
    let Ok(bytes) = bytes else { return };
    let members = match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return found.push(torn("it is no object")),
        Err(_) if bytes.iter().all(u8::is_ascii_whitespace) => return found.push(torn("it is empty")),
        Err(_) => return found.push(torn("it breaks off")),
    };
    let member =
        |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let nested = |outer: &str, inner: &str| time(member(outer)?.get(inner)?.as_str()?);
    let ends = member("expiresAt")
        .and_then(|value| time(value.as_str()?))
        .or_else(|| nested("Credentials", "Expiration"))
        .or_else(|| nested("accessToken", "expiresAt"));
    let renews_until = member("registrationExpiresAt").and_then(|value| time(value.as_str()?));
    let can_renew = member("refreshToken").is_some();
    let last = [ends, renews_until.filter(|_| can_renew)].into_iter().flatten().max();
    if last.is_some_and(|last| now.duration_since(last).is_ok_and(|ago| ago > STALE)) {
        stale.push(path.to_owned());
    }
    if let Some(until) = renews_until.filter(|_| can_renew)
        && let Ok(left) = until.duration_since(now)
        && left < SOON
    {
        let session = member("startUrl").and_then(Value::as_str).unwrap_or("a session");
        let days = left.as_secs() / (24 * 3600);
        let said = format!(
            "the registration that renews the sign-in at {session} ends in {days} days: sign out and in again when it suits you"
        );
        found.push(Finding::new(Code::RegistrationEnds, Weight::Note, said).at(path, None));
    }
}

/// `2026-01-02T03:04:05Z`, and as older versions of the AWS CLI wrote it, with `UTC` at the end.
fn time(text: &str) -> Option<SystemTime> {
    let text = text.strip_suffix("UTC").map_or_else(|| text.to_owned(), |text| format!("{text}Z"));
    let time = DateTime::from_str(&text, Format::DateTimeWithOffset).ok()?;
    SystemTime::try_from(time).ok()
}

fn has_keys(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| {
        String::from_utf8_lossy(&bytes).to_ascii_lowercase().contains("aws_secret_access_key")
    })
}

/// A file or folder with secrets that somebody else may read or write.
#[cfg(unix)]
pub(super) fn open_to_others(path: &Path, to: u32) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let about = std::fs::metadata(path).ok()?;
    let from = about.permissions().mode() & 0o7777;
    if from & 0o077 == 0 {
        return None;
    }
    let weight = if from & 0o027 == 0 { Weight::Warning } else { Weight::Problem };
    let what = if about.is_dir() { "enter or read the folder" } else { "read or write the file" };
    let said = format!("{} has permissions {from:o}: other users of this machine may {what}", path.display());
    // The link's target is what has the permissions.
    let target = std::fs::canonicalize(path).ok()?;
    let repair = Repair::Chmod { path: target, from, to: from & to };
    Some(Finding::new(Code::OpenToOthers, weight, said).at(path, None).with(repair))
}

/// Windows keeps a user's profile folder to its user.
#[cfg(not(unix))]
pub(super) fn open_to_others(_: &Path, _: u32) -> Option<Finding> {
    None
}
