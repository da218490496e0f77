//! How a value is written into a keychain's items, and told from anything else that may stand there.
//!
//! Text only (KWallet keeps nothing else), with a digest, so that a value that was edited or cut is damage and never a
//! value. Where an item is limited (Windows: 2,560 bytes) the text is split over numbered parts under a generation
//! drawn anew for each write; the head names generation, count and digest and is written last. Whoever reads finds the
//! old head with the old parts or the new head with the new parts, and a write that broke off is never a value.

use crate::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Begins every item of ours; the number is the envelope's format.
const MARK: &str = "holdpoint1";
/// Room that a part's mark, generation and number take, in bytes.
const PART_HEADER: usize = 48;

/// What is written for one value.
pub(super) struct Sealed {
    /// The item under the value's own name, written last.
    pub(super) head: SecretBytes,
    /// Items beside it, written first; none when the value fits into the head.
    pub(super) parts: Vec<SecretBytes>,
}

/// What the head says.
pub(super) enum Head {
    /// The value itself.
    Value(SecretBytes),
    /// The value is in parts.
    Parts(Parts),
}

/// Where the parts are and what they must add up to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// Drawn anew for each write.
    pub(super) generation: String,
    /// How many there are.
    pub(super) count: usize,
    digest: String,
}

/// The items for `value`, none longer than `limit` bytes.
pub(super) fn seal(value: &[u8], limit: Option<usize>, generation: &str) -> Sealed {
    let digest = digest(value);
    let text = Zeroizing::new(STANDARD.encode(value));
    let whole = format!("{MARK} v {digest} {}", text.as_str());
    match limit {
        Some(limit) if whole.len() > limit => {
            drop(Zeroizing::new(whole));
            let chunks: Vec<&[u8]> =
                text.as_bytes().chunks(limit.saturating_sub(PART_HEADER).max(4)).collect();
            let part = |(i, chunk): (usize, &&[u8])| {
                let mut bytes = format!("{MARK} c {generation} {i} ").into_bytes();
                bytes.extend_from_slice(chunk);
                SecretBytes::new(bytes)
            };
            let parts: Vec<_> = chunks.iter().enumerate().map(part).collect();
            let head = format!("{MARK} p {generation} {} {digest}", parts.len());
            Sealed { head: SecretBytes::new(head.into_bytes()), parts }
        }
        Some(_) | None => Sealed { head: SecretBytes::new(whole.into_bytes()), parts: Vec::new() },
    }
}

/// Reads a head; `None` when it is none of ours or was altered.
pub(super) fn open(head: &[u8]) -> Option<Head> {
    let mut words = std::str::from_utf8(head).ok()?.split(' ');
    if words.next()? != MARK {
        return None;
    }
    match words.next()? {
        "v" => {
            let (digest, text) = (words.next()?, words.next()?);
            value(text.as_bytes(), digest).map(Head::Value).filter(|_| words.next().is_none())
        }
        "p" => {
            let (generation, count, digest) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
            let parts = Parts { generation: generation.to_owned(), count, digest: digest.to_owned() };
            // More than the longest value needs at the smallest limit is nobody's head.
            (words.next().is_none() && (1..=1024).contains(&count)).then_some(Head::Parts(parts))
        }
        _ => None,
    }
}

/// The value of `parts`, from the items in their order; `None` when one is not its own or they do not add up.
pub(super) fn join(parts: &Parts, items: &[SecretBytes]) -> Option<SecretBytes> {
    let mut text = Zeroizing::new(Vec::new());
    for (i, item) in items.iter().enumerate() {
        let header = format!("{MARK} c {} {i} ", parts.generation);
        text.extend_from_slice(item.expose().strip_prefix(header.as_bytes())?);
    }
    (items.len() == parts.count).then(|| value(&text, &parts.digest)).flatten()
}

fn value(text: &[u8], expected: &str) -> Option<SecretBytes> {
    let value = SecretBytes::new(STANDARD.decode(text).ok()?);
    (digest(value.expose()) == expected).then_some(value)
}

fn digest(value: &[u8]) -> String {
    Sha256::digest(value).iter().take(16).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Head, join, open, seal};
    use crate::SecretBytes;

    fn read(head: &[u8], parts: &[SecretBytes]) -> Option<Vec<u8>> {
        match open(head)? {
            Head::Value(value) => parts.is_empty().then(|| value.expose().to_vec()),
            Head::Parts(said) => join(&said, parts).map(|value| value.expose().to_vec()),
        }
    }

    #[test]
    fn values_come_back_and_items_keep_the_limit() {
        for len in [0, 1, 1850, 1900, 2560, 20_000, 65_536] {
            let value: Vec<u8> = (0..len).map(|i| (i * 31 % 256) as u8).collect();
            for limit in [None, Some(2560)] {
                let sealed = seal(&value, limit, "00112233aabbccdd");
                let longest = sealed.parts.iter().chain([&sealed.head]).map(|item| item.expose().len()).max();
                assert!(limit.is_none_or(|limit| longest.unwrap() <= limit), "{len}: {longest:?}");
                assert_eq!(limit.is_none() || len <= 1850, sealed.parts.is_empty(), "{len} {limit:?}");
                assert_eq!(read(sealed.head.expose(), &sealed.parts).unwrap(), value, "{len} {limit:?}");
            }
        }
    }

    #[test]
    fn whatever_was_altered_cut_or_mixed_is_no_value() {
        let (one, two) = (vec![1; 5000], vec![2; 5000]);
        let (old, new) = (seal(&one, Some(2560), "aaaa"), seal(&two, Some(2560), "bbbb"));
        assert!(read(new.head.expose(), &old.parts).is_none(), "parts of another generation");
        assert!(read(new.head.expose(), &new.parts[1..]).is_none(), "a part is missing");
        let swapped = [new.parts[1].clone(), new.parts[0].clone(), new.parts[2].clone()];
        assert!(read(new.head.expose(), &swapped).is_none(), "out of order");
        let whole = seal(b"value", None, "aaaa").head;
        for at in 0..whole.expose().len() {
            let mut bad = whole.expose().to_vec();
            bad[at] ^= 1;
            assert!(read(&bad, &[]).is_none(), "byte {at}");
            assert!(read(&whole.expose()[..at], &[]).is_none(), "cut at {at}");
        }
        for junk in [
            "",
            "holdpoint1",
            "holdpoint1 x",
            "holdpoint1 p g 99999999999 d",
            "holdpoint1 p g 0 d",
            "hunter2",
        ] {
            assert!(read(junk.as_bytes(), &[]).is_none(), "{junk}");
        }
        assert!(read(&[0xff, 0xfe], &[]).is_none());
    }
}
