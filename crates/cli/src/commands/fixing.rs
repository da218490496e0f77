//! `check --fix`: the repairs that findings offer, shown as a diff before anything is written.

use crate::{asking, output};
use holdpoint_api::{Problem, save_whole};
use holdpoint_plan::{Reading, mend, read};
use holdpoint_redact::Redactor;
use similar::TextDiff;
use std::path::Path;

/// What Windows' editors put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Carries out the repairs, if the operator wants them. The plan as it is then, or `None` where nothing was written.
pub(crate) fn fix(
    path: &str,
    bytes: &[u8],
    reading: &Reading,
    yes: bool,
) -> Result<Option<Reading>, Problem> {
    let mended = mend(reading);
    if mended.done.is_empty() {
        output::note("nothing here is repaired by one edit");
        return Ok(None);
    }
    let mark: &[u8] = if bytes.starts_with(MARK) { MARK } else { b"" };
    let body = bytes.strip_prefix(mark).unwrap_or(bytes);
    let text = reading.text.strip_prefix('\u{feff}').unwrap_or(&reading.text);
    if body != text.as_bytes() {
        return Err(Problem::new(format!("{path} is not UTF-8, and is not written in another encoding"))
            .hint("save it as UTF-8, or import it with --repair"));
    }
    let new = mended.text.strip_prefix('\u{feff}').unwrap_or(&mended.text);
    let diff = TextDiff::from_lines(text, new);
    let shown = diff.unified_diff().context_radius(2).header(path, path).to_string();
    let redactor = Redactor::new([]);
    output::line(redactor.redact_str(shown.trim_end()));
    mended.done.iter().for_each(|(code, title)| output::note(format!("{code}: {title}")));
    if !yes && !asking::yes(&format!("write {} repairs to {path}?", mended.done.len()))? {
        output::note("nothing was written; --yes writes without asking");
        return Ok(None);
    }
    save_whole(Path::new(path), &[mark, new.as_bytes()].concat(), true)?;
    Ok(Some(read(&[mark, new.as_bytes()].concat())))
}
