//! What is told about a secret without opening it.

use serde::{Deserialize, Serialize};

/// The longest [`ItemNote::what`] that is kept, in bytes. With JSON's escapes and the rest of the note it stays below
/// the 256 characters that Windows takes for a credential's comment (`CRED_MAX_STRING_LENGTH`).
pub const LONGEST_NOTE: usize = 80;

/// A name in the vault and what is told about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name that [`Vault::get`](crate::Vault::get) takes.
    pub name: String,
    /// What was said of it when it was stored.
    pub note: ItemNote,
}

/// What a value is and how long it is of use: kept outside of the secret, in plain, so that listing opens nothing.
///
/// It is a hint for people. What a token is worth stands in the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemNote {
    /// In words, as `SSO session corp`. At most [`LONGEST_NOTE`] bytes are kept, and no control characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// When the value ends, in seconds since 1970, when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<i64>,
}

impl ItemNote {
    /// The note as stores keep it: without control characters and cut at a character's border.
    pub(crate) fn kept(&self) -> Self {
        let mut what = String::new();
        for c in self.what.chars().filter(|c| !c.is_control()) {
            if what.len() + c.len_utf8() > LONGEST_NOTE {
                break;
            }
            what.push(c);
        }
        Self { what, ends_at: self.ends_at }
    }

    /// Whether nothing is told.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{ItemNote, LONGEST_NOTE};

    #[test]
    fn a_note_is_cut_at_a_character_and_shows_no_controls() {
        let note = ItemNote { what: format!("a\n\u{1b}[31m{}", "é".repeat(60)), ends_at: Some(7) };
        let kept = note.kept();
        assert!(kept.what.len() <= LONGEST_NOTE && kept.what.starts_with("a[31mé"), "{kept:?}");
        assert_eq!(kept.what.len(), 5 + 37 * 2);
        assert_eq!(kept.ends_at, Some(7));
        assert_eq!(kept.kept(), kept);
    }
}
