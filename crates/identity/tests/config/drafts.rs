//! Drafts on a real disk: checked, applied, refused, taken back.

use crate::texts::listed;
use holdpoint_identity::FileKind;
use holdpoint_identity::config::{
    Doc, Draft, EditError, Grammar, Mend, Pair, SectionId, Undo, apply, differences, mend, read, undo,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(text: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(place.config(), text).unwrap();
        place
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn backups(&self) -> PathBuf {
        self.folder.path().join("home/backups")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.config()).unwrap()
    }

    fn apply(&self, draft: &Draft) -> Result<Undo, EditError> {
        apply(draft, &self.backups(), at())
    }
}

fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn set_region(path: &Path, profile: &str, region: &str) -> Result<Draft, EditError> {
    Draft::of(path, FileKind::Config, |text| {
        let mut doc = Doc::new(FileKind::Config, text);
        let id = SectionId::profile(profile);
        doc.set(&id, &Pair::new("region", region)?)?;
        Ok((doc.text(), BTreeSet::from([id])))
    })
}

fn rewrite(path: &Path, after: &str, touched: &[&str]) -> Result<Draft, EditError> {
    let touched = touched.iter().map(|name| SectionId::profile(*name)).collect();
    Draft::of(path, FileKind::Config, |_| Ok((after.to_owned(), touched)))
}

const TEXT: &str = "# mine\n[profile a]\nregion = old\naws_secret_access_key = planted\n";

#[test]
fn a_draft_is_shown_applied_and_taken_back() {
    let place = Place::new(TEXT);
    let draft = set_region(&place.config(), "a", "new").unwrap();
    assert_eq!(place.text(), TEXT, "nothing is written before it is applied");
    assert!(draft.diff().contains("-region = old\n+region = new\n"), "{}", draft.diff());
    assert!(!draft.diff().contains("planted") && !format!("{draft:?}").contains("planted"));
    let done = place.apply(&draft).unwrap();
    assert_eq!(place.text(), TEXT.replace("old", "new"));
    assert_eq!(fs::read_to_string(done.backup.as_ref().unwrap()).unwrap(), TEXT);
    assert!(done.backup.as_ref().unwrap().ends_with("20270115T080000Z-config"), "{done:?}");
    // In another process the undo is read from JSON.
    let done: Undo = serde_json::from_str(&serde_json::to_string(&done).unwrap()).unwrap();
    undo(&done, &place.backups()).unwrap();
    assert_eq!(place.text(), TEXT);
}

#[test]
fn a_file_that_somebody_else_changed_is_left_alone() {
    let place = Place::new(TEXT);
    let draft = set_region(&place.config(), "a", "new").unwrap();
    fs::write(place.config(), "[profile b]\n").unwrap();
    let refused = place.apply(&draft).unwrap_err();
    assert!(matches!(refused, EditError::ChangedSince { .. }), "{refused}");
    assert_eq!(place.text(), "[profile b]\n");
    assert!(
        !place.backups().exists() || fs::read_dir(place.backups()).unwrap().count() == 1,
        "only the lock"
    );

    let place = Place::new(TEXT);
    let done = place.apply(&set_region(&place.config(), "a", "new").unwrap()).unwrap();
    fs::write(place.config(), "[profile c]\n").unwrap();
    let refused = undo(&done, &place.backups()).unwrap_err();
    assert!(matches!(refused, EditError::ChangedSince { .. }), "{refused}");
    assert_eq!(place.text(), "[profile c]\n");
}

#[test]
fn a_file_that_was_not_there_is_made_for_its_user_and_taken_away_again() {
    let place = Place::new("");
    let path = place.folder.path().join("new/.aws/config");
    let draft = rewrite(&path, "[profile a]\nregion = x\n", &["a"]).unwrap();
    let done = place.apply(&draft).unwrap();
    #[cfg(unix)]
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    undo(&done, &place.backups()).unwrap();
    assert!(!path.exists());
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[test]
fn mode_and_symbolic_link_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let place = Place::new(TEXT);
    fs::set_permissions(place.config(), fs::Permissions::from_mode(0o640)).unwrap();
    let links = place.folder.path().join("links");
    fs::create_dir(&links).unwrap();
    symlink("../config", links.join("inner")).unwrap();
    let link = links.join("outer");
    symlink("inner", &link).unwrap();
    place.apply(&set_region(&link, "a", "new").unwrap()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!((place.text(), mode(&place.config())), (TEXT.replace("old", "new"), 0o640));
    symlink("round", links.join("round")).unwrap();
    assert!(set_region(&links.join("round"), "a", "new").unwrap_err().to_string().contains("circle"));
}

/// What is refused: a result that would not be read as it was meant, or somebody else's section in it.
#[test]
fn a_result_that_is_read_in_two_ways_is_refused() {
    let before = "[profile a]\nregion = x\n[profile b]\nregion = y\n";
    for (after, touched, why) in [
        ("[profile a]\nregion = z # why\n[profile b]\nregion = y\n", "a", "read in two ways"),
        ("[profile a]\nregion = z\n[profile b]\nregion = other\n", "a", "does not mean to change"),
        ("[profile a]\nregion = z\n", "a", "does not mean to change"),
        (
            "[profile a]\nregion = z\n[profile a]\n[profile b]\nregion = y\n",
            "a",
            "the AWS CLI and boto3 could not read",
        ),
        ("[profile a]\nregion\n[profile b]\nregion = y\n", "a", "the AWS SDKs could not read"),
        (
            "[DEFAULT]\noutput = x\n[profile a]\nregion = x\n[profile b]\nregion = y\n",
            "a",
            "does not mean to change",
        ),
        ("\u{feff}[profile a]\nregion = x\n[profile b]\nregion = y\n", "a", "line 1"),
        ("[profile a]\nregion : z\n[profile b]\nregion = y\n", "a", "could not read"),
    ] {
        let place = Place::new(before);
        let refused = rewrite(&place.config(), after, &[touched]).unwrap_err();
        assert!(matches!(refused, EditError::ReadDifferently { .. }), "{after}: {refused}");
        assert!(refused.to_string().contains(why), "{after}: {refused}");
    }
    // What was read in two ways before, in somebody else's section, is no reason to refuse.
    let place = Place::new("[profile a]\nregion = x\n[profile b]\nregion = y # old\n");
    set_region(&place.config(), "a", "z").unwrap();
    // In a file that one of the two cannot read nothing is edited.
    let place = Place::new("[profile a]\nregion = x\n[profile b]\n[profile b]\n");
    assert!(set_region(&place.config(), "a", "z").unwrap_err().to_string().contains("holdpoint doctor"));
}

#[test]
fn ten_writers_at_once_lose_nothing() {
    let text: String = (0..10).map(|i| format!("[profile p{i}]\nregion = 0\n")).collect();
    let place = Place::new(&text);
    std::thread::scope(|scope| {
        for i in 0..10 {
            let place = &place;
            scope.spawn(move || {
                let mut done = 0;
                while done < 20 {
                    let draft =
                        set_region(&place.config(), &format!("p{i}"), &(done + 1).to_string()).unwrap();
                    match place.apply(&draft) {
                        Ok(_) => done += 1,
                        Err(EditError::ChangedSince { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
    });
    let expected: String = (0..10).map(|i| format!("[profile p{i}]\nregion = 20\n")).collect();
    assert_eq!(place.text(), expected);
    assert_eq!(fs::read_dir(place.backups()).unwrap().count(), 201, "a backup each, and the lock");
}

/// The test program runs itself with a limit on the size of files, which the system enforces as it does a full disk.
#[cfg(unix)]
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the limit is set for a child; the child is told where to write"
)]
fn on_a_full_disk_the_old_file_stays_whole() {
    let name = "drafts::on_a_full_disk_the_old_file_stays_whole";
    if let Some(folder) = std::env::var_os("HOLDPOINT_TEST_FULL_DISK") {
        let path = Path::new(&folder).join("config");
        let long = "x".repeat(100_000);
        let draft = set_region(&path, "a", &long).unwrap();
        let refused = apply(&draft, &Path::new(&folder).join("backups"), at()).unwrap_err();
        assert!(matches!(refused, EditError::Io { what: "written", .. }), "{refused}");
        return;
    }
    let place = Place::new(TEXT);
    let program = std::env::current_exe().unwrap();
    let done = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact --nocapture \"$1\""])
        .arg(program)
        .arg(name)
        .env("HOLDPOINT_TEST_FULL_DISK", place.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(place.text(), TEXT);
    let left: Vec<_> = fs::read_dir(place.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".holdpoint")), "{left:?}");
}

/// What is there, the repair, what is there after it. The SDKs' reading stays, the AWS CLI's becomes the same.
#[test]
fn repairs_change_no_meaning() {
    for (name, before, repair, after) in [
        ("mark", "\u{feff}[profile a]\nregion = x\n", Mend::Encoding, "[profile a]\nregion = x\n"),
        ("cr", "[profile a]\rregion = x\r", Mend::Encoding, "[profile a]\nregion = x\n"),
        ("fine", "[profile a]\r\nregion = x\r\n", Mend::Encoding, "[profile a]\r\nregion = x\r\n"),
        (
            "comments",
            "[profile a] # one\nregion = x ; two\noutput = y#no\ns3 =\n  k = v # part\n",
            Mend::InlineComments,
            "# one\n[profile a]\n; two\nregion = x\noutput = y#no\ns3 =\n  k = v # part\n",
        ),
        (
            "sections",
            "[profile a]\nregion = x\n\n# b\n[profile b]\nk = 1\n[profile a]\noutput = y\n",
            Mend::Duplicates,
            "[profile a]\nregion = x\noutput = y\n\n# b\n[profile b]\nk = 1\n",
        ),
        (
            "sections and keys",
            "[profile a]\nregion = x\n[profile a]\n# new\nregion = z\n[profile a]\nk = 1\n",
            Mend::Duplicates,
            "[profile a]\n# region = x\n# new\nregion = z\nk = 1\n",
        ),
        (
            "keys",
            "[profile a]\nregion = x\nREGION = z\n",
            Mend::Duplicates,
            "[profile a]\n# region = x\nREGION = z\n",
        ),
        (
            "session",
            "[sso-session s]\nsso_start_url = u\nsso_region = r\n[profile a]\nsso_session = s\nsso_start_url = u\nsso_region = q\n",
            Mend::SsoBeside,
            "[sso-session s]\nsso_start_url = u\nsso_region = r\n[profile a]\nsso_session = s\nsso_region = q\n",
        ),
    ] {
        let place = Place::new(before);
        let draft = mend(&place.config(), FileKind::Config, &repair).unwrap();
        place.apply(&draft).unwrap();
        assert_eq!(place.text(), after, "{name}");
        let again = mend(&place.config(), FileKind::Config, &repair).unwrap();
        assert!(again.is_empty(), "{name}: {}", again.diff());
    }
    let place = Place::new("");
    let utf16: Vec<u8> =
        "\u{feff}[profile a]\r\nregion = x\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(place.config(), utf16).unwrap();
    place.apply(&mend(&place.config(), FileKind::Config, &Mend::Encoding).unwrap()).unwrap();
    assert_eq!(place.text(), "[profile a]\r\nregion = x\r\n");
    fs::write(place.config(), [0xC0, 0xFF, 0x00]).unwrap();
    let refused = mend(&place.config(), FileKind::Config, &Mend::Encoding).unwrap_err();
    assert!(matches!(refused, EditError::NotText { .. }), "{refused}");
}

/// Over all texts: a repair that is let through leaves the SDKs' reading as it was, and no new difference.
#[test]
fn repairs_of_all_texts_are_refused_or_right() {
    let mut repaired = 0;
    for text in listed() {
        for repair in [Mend::InlineComments, Mend::Duplicates, Mend::SsoBeside] {
            let place = Place::new(&text.text);
            let Ok(draft) = mend(&place.config(), text.kind, &repair) else { continue };
            if draft.is_empty() {
                continue;
            }
            repaired += 1;
            let (was, will) =
                (read(Grammar::Sdk, text.kind, &text.text), read(Grammar::Sdk, text.kind, draft.after()));
            let (was, will) = (was.unwrap(), will.unwrap());
            let values = |reading: &holdpoint_identity::config::Reading| {
                let all = reading.sections.iter().flat_map(|(id, section)| {
                    section.values.iter().map(|(key, value)| (id.clone(), key.clone(), value.text.clone()))
                });
                all.collect::<Vec<_>>()
            };
            if repair != Mend::SsoBeside {
                assert_eq!(values(&was), values(&will), "{}", text.name);
            }
            let was_readable = read(Grammar::Botocore, text.kind, &text.text).is_ok();
            if let (Ok(botocore), true) = (read(Grammar::Botocore, text.kind, draft.after()), was_readable) {
                let told = differences(&will, &botocore);
                assert!(
                    told.iter().all(|d| !draft.touched().contains(&d.section)),
                    "{}: {told:?}",
                    text.name
                );
            }
        }
    }
    assert!(repaired >= 6, "{repaired}");
}

#[test]
fn a_folder_a_huge_file_and_binary_noise_are_refused_in_words() {
    let place = Place::new("");
    let refused = set_region(place.folder.path(), "a", "x").unwrap_err();
    assert!(matches!(refused, EditError::Io { what: "read", .. }), "{refused}");
    let noise: Vec<u8> =
        (0..50_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect();
    fs::write(place.config(), noise).unwrap();
    let refused = set_region(&place.config(), "a", "x").unwrap_err();
    assert!(matches!(refused, EditError::NotText { .. }), "{refused}");
}
