//! Marks that word processors and chats put in place of those that a shell knows.

use super::cursor::Cursor;

impl Cursor<'_> {
    /// Steps over a blank that is none for a shell, and says so.
    pub(super) fn odd_blank(&mut self) -> bool {
        if !self.odd_blank_here() {
            return false;
        }
        let start = self.at;
        self.next_char();
        let message = "this blank is a no-break or invisible one, which a shell takes as part of a word; type a plain blank";
        self.problem(start, self.at, message, Some(" "));
        true
    }

    /// Whether a blank stands here that a shell takes as part of a word.
    pub(super) fn odd_blank_here(&self) -> bool {
        matches!(
            self.rest().chars().next(),
            Some(
                '\u{a0}' | '\u{2000}'
                    ..='\u{200b}'
                        | '\u{2028}'
                        | '\u{2029}'
                        | '\u{202f}'
                        | '\u{205f}'
                        | '\u{3000}'
                        | '\u{feff}'
                        | '\u{2060}'
            )
        )
    }

    /// Reports a curly quote, or a long dash where an option begins.
    pub(super) fn odd_mark(&mut self, first: bool) {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return };
        let end = self.at + c.len_utf8();
        match c {
            '“' | '”' | '„' | '‟' | '″' => {
                let message = format!("`{c}` is no quote for a shell; type \"");
                self.problem(self.at, end, message, Some("\""));
            }
            '‘' | '’' | '‚' | '‛' | '′' => {
                let message = format!("`{c}` is no quote for a shell; type '");
                self.problem(self.at, end, message, Some("'"));
            }
            '–' | '—' | '−' | '‐' | '‑' if first => {
                let name = rest.get(c.len_utf8()..).unwrap_or_default();
                let letters = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
                let meant = if letters > 1 { "--" } else { "-" };
                self.problem(
                    self.at,
                    end,
                    format!("`{c}` begins no option for a shell; type {meant}"),
                    Some(meant),
                );
            }
            _ => {}
        }
    }
}
