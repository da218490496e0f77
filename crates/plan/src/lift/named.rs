//! Where scripts name a cluster, a service, an ARN, an address or a registry themselves.

use std::collections::HashSet;

/// Options whose value is the name of a cluster or a service; elsewhere the same word may be anything.
const NAMING: [&str; 6] =
    ["--cluster", "--clusters", "--cluster-name", "--service", "--services", "--service-name"];

/// What some scripts name.
#[derive(Debug, Default)]
pub(crate) struct Named<'t> {
    pieces: HashSet<&'t str>,
    /// After an option that names clusters or services.
    flagged: HashSet<&'t str>,
}

impl<'t> Named<'t> {
    pub(crate) fn of(scripts: impl Iterator<Item = &'t str>) -> Self {
        let mut found = Self::default();
        for script in scripts {
            for piece in pieces(script) {
                found.pieces.insert(piece.text);
                if piece.flagged {
                    found.flagged.insert(piece.text);
                }
            }
        }
        found
    }

    /// Whether one of them names a value.
    pub(crate) fn has(&self, value: &str) -> bool {
        if speaks_for_itself(value) { self.pieces.contains(value) } else { self.flagged.contains(value) }
    }
}

/// A word of a script, or the part of one that may have a name: host of an address, registry of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'t> {
    pub(crate) at: usize,
    pub(crate) text: &'t str,
    /// It is the value of an option that names clusters or services.
    pub(crate) flagged: bool,
}

/// Whether a value is what it is wherever it stands: an ARN, an address, a registry.
pub(crate) fn speaks_for_itself(value: &str) -> bool {
    value.starts_with("arn:") || value.contains("://") || value.contains(".dkr.ecr.")
}

/// The words of a script and the beginnings of those that are addresses or images, in order. Quotes end a word.
pub(crate) fn pieces(script: &str) -> Vec<Piece<'_>> {
    let ends = |c: char| c.is_whitespace() || "\"'`=,;()<>|&[]{}".contains(c);
    let mut found = Vec::new();
    let mut flag = false;
    let mut at = 0;
    for text in script.split(ends) {
        let own = at;
        at += text.len();
        // A list of names goes on until the command ends, or another option comes.
        let end = script.get(at..).and_then(|rest| rest.chars().next());
        let over = matches!(end, Some(';' | '|' | '&' | '(' | ')')) || end == Some('\n') && text != "\\";
        at += script.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let flagged = flag;
        flag &= !over;
        if text.is_empty() || text == "\\" {
            continue;
        }
        if text.starts_with('-') {
            flag = !over && NAMING.contains(&text);
            continue;
        }
        if text.starts_with('#') {
            flag = false;
            continue;
        }
        found.push(Piece { at: own, text, flagged });
        let host = text.find("://").map_or(0, |end| end + 3);
        if let Some(end) = text.get(host..).and_then(|rest| rest.find(['/', '?', '#'])) {
            let lead = text.get(..host + end).unwrap_or_default();
            found.push(Piece { at: own, text: lead, flagged: false });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Named, pieces};

    #[test]
    fn words_are_told_with_their_places() {
        let script =
            "aws ecs wait services-stable --cluster shop-prod \\\n  --services 'api' && git push origin main";
        for piece in pieces(script) {
            assert_eq!(script.get(piece.at..piece.at + piece.text.len()), Some(piece.text));
        }
        let named = Named::of([script].into_iter());
        assert!(named.has("shop-prod") && named.has("api"));
        assert!(!named.has("main") && !named.has("origin") && !named.has("wait"));
    }

    #[test]
    fn what_speaks_for_itself_is_found_anywhere_whole() {
        let script = "curl https://api.shop.example/health\ndocker push 111122223333.dkr.ecr.eu-central-1.amazonaws.com/api:1\nX=arn:aws:iam::111122223333:role/run";
        let named = Named::of([script].into_iter());
        for value in [
            "https://api.shop.example",
            "111122223333.dkr.ecr.eu-central-1.amazonaws.com",
            "arn:aws:iam::111122223333:role/run",
        ] {
            assert!(named.has(value), "{value}");
        }
        assert!(!named.has("https://api.shop") && !named.has("arn:aws:iam::111122223333:role/ru"));
    }
}
