//! The editor: what it writes both grammars read as it is meant, and every byte outside of an edit stays.

use crate::texts::{listed, made};
use holdpoint_identity::FileKind;
use holdpoint_identity::config::{BadEdit, Doc, Grammar, Pair, SectionId, read};
use proptest::prelude::*;

fn pair(key: &str, value: &str) -> Pair {
    Pair::new(key, value).unwrap()
}

#[test]
fn every_text_comes_back_byte_for_byte() {
    for text in listed().into_iter().chain(made(2_000)) {
        assert_eq!(Doc::new(text.kind, &text.text).text(), text.text, "{}", text.name);
    }
}

/// What is there, the edit, what is there after it.
#[test]
fn edits_touch_their_own_lines() {
    type Edit = fn(&mut Doc);
    let a = || SectionId::profile("a");
    let set: Edit = |doc| doc.set(&SectionId::profile("a"), &pair("region", "new")).unwrap();
    let unset: Edit = |doc| assert!(doc.unset(&SectionId::profile("a"), "region"));
    let add: Edit = |doc| {
        doc.add_section(&SectionId::profile("a"), &[pair("region", "new")]).unwrap();
    };
    let remove: Edit = |doc| assert!(doc.remove_section(&SectionId::profile("a")));
    let rename: Edit = |doc| doc.rename_section(&SectionId::profile("a"), &SectionId::profile("c")).unwrap();
    for (name, before, edit, after) in [
        ("value", "[profile a]\nregion = old\nx = y\n", set, "[profile a]\nregion = new\nx = y\n"),
        ("spacing stays", "[profile a]\nRegion  =old\n", set, "[profile a]\nRegion  =new\n"),
        (
            "crlf",
            "[profile a]\r\nx = y\r\n\r\n[profile b]\r\n",
            set,
            "[profile a]\r\nx = y\r\nregion = new\r\n\r\n[profile b]\r\n",
        ),
        ("no last line end", "[profile a]", set, "[profile a]\nregion = new\n"),
        ("comment behind", "[profile a]\nregion = old # why\n", set, "[profile a]\n# why\nregion = new\n"),
        (
            "continuation",
            "[profile a]\nregion = old\n  more\nx = y\n",
            set,
            "[profile a]\nregion = new\nx = y\n",
        ),
        (
            "comment of the next",
            "[profile a]\nx = y\n\n# next\n[profile b]\n",
            set,
            "[profile a]\nx = y\nregion = new\n\n# next\n[profile b]\n",
        ),
        (
            "other's key",
            "[profile b]\nregion = old\n[profile a]\n",
            set,
            "[profile b]\nregion = old\n[profile a]\nregion = new\n",
        ),
        ("remove key", "[profile a]\nregion = old\n  more\nx = y\n", unset, "[profile a]\nx = y\n"),
        ("add to nothing", "", add, "[profile a]\nregion = new\n"),
        ("add behind", "[profile b]\nx = y", add, "[profile b]\nx = y\n\n[profile a]\nregion = new\n"),
        ("add behind blank", "[profile b]\n\n", add, "[profile b]\n\n[profile a]\nregion = new\n"),
        ("remove section", "[profile a]\nx = y\n\n# b\n[profile b]\n", remove, "# b\n[profile b]\n"),
        ("rename", "# a\n[profile a] # its\nx = y\n", rename, "# a\n[profile c]\nx = y\n"),
    ] {
        let mut doc = Doc::new(FileKind::Config, before);
        edit(&mut doc);
        assert_eq!(doc.text(), after, "{name}");
    }
    let mut doc = Doc::new(FileKind::Config, "[profile a]\n");
    assert_eq!(
        doc.set(&SectionId::profile("b"), &pair("x", "y")),
        Err(BadEdit::Missing(SectionId::profile("b")))
    );
    assert_eq!(doc.add_section(&a(), &[]), Err(BadEdit::Exists(a())));
    assert_eq!(doc.add_section(&SectionId::profile("a b"), &[]), Err(BadEdit::Name("a b".to_owned())));
}

#[test]
fn what_the_grammars_would_read_differently_is_no_pair() {
    for (key, value) in [
        ("", "x"),
        ("a b", "x"),
        ("a:b", "x"),
        ("A", "x"),
        ("a=b", "x"),
        ("a\n", "x"),
        ("ä", "x"),
        ("a", ""),
        ("a", "x\ny"),
        ("a", "x\ry"),
        ("a", " x"),
        ("a", "x "),
        ("a", "#x"),
        ("a", ";x"),
        ("a", "x # y"),
        ("a", "x ;y"),
        ("a", "x\ty"),
        ("a", "x\0"),
        ("a", "\u{a0}x"),
        ("a", "x\u{2028}y"),
        ("a", "x\u{85}"),
    ] {
        assert!(Pair::new(key, value).is_err(), "{key:?} {value:?}");
    }
    for (key, value) in
        [("a", "x#y"), ("a", "a = b"), ("a", "[x]"), ("a", "ä ö"), ("a.b/c%@+-_", "x:y"), ("a", "%(x)s")]
    {
        assert!(Pair::new(key, value).is_ok(), "{key:?} {value:?}");
    }
}

proptest! {
    /// Whatever the file: after a key was set, taking that one line out again gives the file from before.
    #[test]
    fn no_byte_outside_of_an_edit_is_lost(pick in 0usize..2_000, key in "[a-z_]{3,8}zz", value in "\\PC{1,12}") {
        let text = &made(pick + 1)[pick];
        let Ok(pair) = Pair::new(key.as_str(), value.as_str()) else { return Ok(()) };
        let mut doc = Doc::new(text.kind, &text.text);
        for id in doc.sections() {
            let mut edited = doc.clone();
            edited.set(&id, &pair).unwrap();
            let after = edited.text();
            let line = format!("{key} = {value}");
            prop_assert_eq!(after.matches(&line).count(), 1);
            let at = after.find(&line).unwrap();
            let end = at + line.len() + after[at + line.len()..].find('\n').map_or(0, |n| n + 1);
            let back = format!("{}{}", &after[..at], &after[end..]);
            let is_same = back == text.text || back.strip_suffix('\n') == Some(&text.text)
                || back.strip_suffix("\r\n") == Some(&text.text);
            prop_assert!(is_same, "{:?} became {:?}", text.text, after);
            prop_assert!(edited.unset(&id, &key));
        }
        let id = SectionId::profile("new-one");
        doc.add_section(&id, std::slice::from_ref(&pair)).unwrap();
        prop_assert!(doc.text().starts_with(&text.text));
    }

    /// Whatever pair is let through: both grammars read it as it was meant.
    #[test]
    fn both_grammars_read_what_is_written(key in "[a-z_.%@+/-]{1,12}", value in "\\PC{1,24}") {
        let Ok(pair) = Pair::new(key.as_str(), value.as_str()) else { return Ok(()) };
        let mut doc = Doc::new(FileKind::Config, "");
        let id = SectionId::profile("new-one");
        doc.add_section(&id, &[pair]).unwrap();
        for grammar in [Grammar::Sdk, Grammar::Botocore] {
            let reading = read(grammar, FileKind::Config, &doc.text()).unwrap();
            let section = reading.section(&id).unwrap();
            prop_assert_eq!(section.get(&key), Some(value.as_str()), "{:?}", grammar);
            prop_assert_eq!(section.values.len(), 1);
        }
    }
}
