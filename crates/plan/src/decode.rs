//! Bytes → text: UTF-8, UTF-16 with a mark, else Windows-1252 with a finding.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

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
    if let Some((encoding, mark)) =
        Encoding::for_bom(bytes).filter(|(encoding, _)| *encoding == UTF_16LE || *encoding == UTF_16BE)
    {
        let (text, lossy) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        let mut remarks = vec![Remark {
            code: "encoding",
            fatal: false,
            at: 0,
            message: format!("the file is {}, not UTF-8", encoding.name()),
            hint: "It is read as that. Save it as UTF-8.",
        }];
        if lossy {
            remarks.push(replaced());
        }
        return finish(text.into_owned(), remarks);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => finish(text.to_owned(), Vec::new()),
        Err(error) => {
            let at = error.valid_up_to();
            let nul = bytes.iter().take(64 * 1024).filter(|byte| **byte == 0).count();
            if nul > 8 {
                return refused(
                    "not-text",
                    "the file is not text (it has NUL bytes and is not UTF-8)".to_owned(),
                    "Is this the right file? A plan is Markdown.",
                );
            }
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            // Everything before the first bad byte is UTF-8; read as Windows-1252 it is as long or longer.
            let place = WINDOWS_1252.decode_without_bom_handling(bytes.get(..at).unwrap_or_default()).0.len();
            finish(
                text.into_owned(),
                vec![Remark {
                    code: "encoding",
                    fatal: false,
                    at: place,
                    message: format!(
                        "the file is not UTF-8 (byte {at} cannot be); it is read as Windows-1252"
                    ),
                    hint: "Save it as UTF-8.",
                }],
            )
        }
    }
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
