//! Bytes → text: UTF-8, UTF-16 with or without a mark, else the encoding that the bytes look like, with a finding.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Largest plan that is read, in bytes. A plan is written by people; the five longest we know have under 100 KiB.
pub const LARGEST: usize = 16 * 1024 * 1024;

/// Text and what to say about it.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// Code, message, hint; all stand at the start of the file.
    pub(crate) remarks: Vec<Remark>,
}

/// A finding about the file as a whole.
#[derive(Debug)]
pub(crate) struct Remark {
    pub(crate) code: &'static str,
    pub(crate) fatal: bool,
    pub(crate) at: usize,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

/// Decodes the bytes of a file. What is too large or binary gives empty text and a fatal remark.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    if bytes.len() > LARGEST {
        return refused(
            "too-large",
            format!("the file has {} bytes; a plan may have {LARGEST}", bytes.len()),
            "Is this the right file? A plan is text; move attachments out of it.",
        );
    }
    let (encoding, mark) = encoding_of(bytes);
    let body = bytes.get(mark..).unwrap_or_default();
    if encoding == UTF_8 {
        return finish(String::from_utf8_lossy(body).into_owned(), Vec::new());
    }
    let utf16 = encoding == UTF_16LE || encoding == UTF_16BE;
    if !utf16 && bytes.iter().take(64 * 1024).filter(|byte| **byte == 0).count() > 8 {
        return refused(
            "not-text",
            "the file is not text (it has NUL bytes and is not UTF-8)".to_owned(),
            "Is this the right file? A plan is Markdown.",
        );
    }
    let (text, lossy) = encoding.decode_without_bom_handling(body);
    let (place, message) = if utf16 {
        (0, format!("the file is {}, not UTF-8", encoding.name()))
    } else {
        let at = std::str::from_utf8(body).err().map_or(0, |error| error.valid_up_to());
        // Everything before the first bad byte is UTF-8; in the other encoding it is as long or longer.
        let place = encoding.decode_without_bom_handling(body.get(..at).unwrap_or_default()).0.len();
        let name = name_of(encoding);
        (place.min(text.len()), format!("the file is not UTF-8 (byte {at} cannot be); it is read as {name}"))
    };
    let hint = if utf16 { "It is read as that. Save it as UTF-8." } else { "Save it as UTF-8." };
    let mut remarks = vec![Remark { code: "encoding", fatal: false, at: place, message, hint }];
    if lossy {
        remarks.push(replaced());
    }
    finish(text.into_owned(), remarks)
}

/// The encoding of a file, and the bytes of its mark. What a mark says counts; text that is UTF-8 is UTF-8; else it is what
/// it looks most like.
pub(crate) fn encoding_of(bytes: &[u8]) -> (&'static Encoding, usize) {
    if let Some(marked) = Encoding::for_bom(bytes) {
        let sound =
            marked.0 != UTF_8 || std::str::from_utf8(bytes.get(marked.1..).unwrap_or_default()).is_ok();
        return if sound { marked } else { (guessed(bytes.get(marked.1..).unwrap_or_default()), marked.1) };
    }
    if let Some(utf16) = unmarked_utf16(bytes) {
        return (utf16, 0);
    }
    if std::str::from_utf8(bytes).is_ok() { (UTF_8, 0) } else { (guessed(bytes), 0) }
}

/// The name that people know an encoding by.
pub(crate) fn name_of(encoding: &'static Encoding) -> String {
    match encoding.name().strip_prefix("windows-") {
        Some(page) => format!("Windows-{page}"),
        None => encoding.name().to_owned(),
    }
}

/// UTF-16 without a mark: every other byte of its line ends, spaces and marks of Markdown is zero.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(64 * 1024))?;
    let units = head.len() / 2;
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let (encoding, some, few) = if odd > even { (UTF_16LE, odd, even) } else { (UTF_16BE, even, odd) };
    if units < 8 || bytes.len() % 2 == 1 || some * 20 < units || few * 20 > some {
        return None;
    }
    let (text, lossy) = encoding.decode_without_bom_handling(head);
    (!lossy && !text.contains('\0')).then_some(encoding)
}

/// What bytes that are not UTF-8 look like.
fn guessed(bytes: &[u8]) -> &'static Encoding {
    // Much UTF-8 and a few stray bytes: every byte of Windows-1252 is a character, so none is lost, and repairing it
    // brings the UTF-8 back.
    if mostly_utf8(bytes) {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 4 * bad
}

fn finish(text: String, mut remarks: Vec<Remark>) -> Decoded {
    if let Some(at) = text.find('\0') {
        remarks.push(Remark {
            code: "nul",
            fatal: false,
            at,
            message: "the text has a NUL character".to_owned(),
            hint: "Delete it; nothing after it may be what it seems in other programs.",
        });
    }
    Decoded { text, remarks }
}

fn refused(code: &'static str, message: String, hint: &'static str) -> Decoded {
    Decoded { text: String::new(), remarks: vec![Remark { code, fatal: true, at: 0, message, hint }] }
}

fn replaced() -> Remark {
    Remark {
        code: "encoding-lossy",
        fatal: false,
        at: 0,
        message: "some bytes of the file are no text in its encoding; they are shown as `\u{fffd}`"
            .to_owned(),
        hint: "Save it as UTF-8 from the program it comes from.",
    }
}
