//! Where things stand in a file of profiles, and what other AWS tools would read differently.
//!
//! What a profile means is the SDK's to say; this finds its place, and the lines that botocore (the AWS CLI) refuses
//! or reads as something else: repeated sections and keys, comments after values, ignored sections.

use super::files::{FileKind, Found};
use std::collections::{HashMap, HashSet};

/// A profile's heading.
pub(crate) struct Heading<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: usize,
}

/// A remark on a line; `profile` when it is about one.
pub(crate) struct Remark<'a> {
    pub(crate) profile: Option<&'a str>,
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Headings of profiles in their order, and remarks.
pub(crate) fn scan(file: &Found) -> (Vec<Heading<'_>>, Vec<Remark<'_>>) {
    let mut headings = Vec::new();
    let mut remarks = Vec::new();
    let mut sections: HashMap<&str, usize> = HashMap::new();
    let mut keys: HashSet<String> = HashSet::new();
    let mut profile = None;
    let (mut unprefixed_default, mut has_prefixed_default) = (None, false);
    for (index, line) in file.text.as_deref().unwrap_or_default().lines().enumerate() {
        let number = index + 1;
        if let Some(rest) = line.strip_prefix('[') {
            keys.clear();
            let Some((section, _)) = rest.split_once(']') else { continue };
            let section = section.trim_matches([' ', '\t']);
            profile = None;
            match name_of(section, file.kind) {
                Ok(Some(name)) => {
                    profile = Some(name);
                    headings.push(Heading { name, line: number });
                }
                Ok(None) => {}
                Err(text) => remarks.push(Remark { profile: None, line: number, text }),
            }
            if section == "default" && file.kind == FileKind::Config {
                unprefixed_default = Some(number);
            }
            has_prefixed_default |= profile == Some("default") && section != "default";
            if let Some(first) = sections.get(section) {
                let text = format!(
                    "[{section}] stands twice, first on line {first}: the AWS CLI refuses the whole file, the SDKs merge the two"
                );
                remarks.push(Remark { profile, line: number, text });
            } else {
                sections.insert(section, number);
            }
        } else if !line.starts_with([' ', '\t', '#', ';'])
            && let Some((key, value)) = line.split_once('=')
        {
            let key = key.trim_matches([' ', '\t']).to_ascii_lowercase();
            if [" #", " ;", "\t#", "\t;"].iter().any(|mark| value.contains(mark)) {
                let text = format!(
                    "`{key}` has a comment after its value: the AWS CLI reads it as part of the value"
                );
                remarks.push(Remark { profile, line: number, text });
            }
            if keys.contains(&key) {
                let text = format!(
                    "`{key}` stands twice: the AWS CLI refuses the whole file, the SDKs take the last"
                );
                remarks.push(Remark { profile, line: number, text });
            } else {
                keys.insert(key);
            }
        }
    }
    if let (Some(line), true) = (unprefixed_default, has_prefixed_default) {
        let text = "[default] is ignored: [profile default] replaces it as a whole".to_owned();
        remarks.push(Remark { profile: Some("default"), line, text });
    }
    (headings, remarks)
}

/// The profile that a section's heading names; `None` for sections of another kind, an error when it is ignored.
fn name_of(section: &str, kind: FileKind) -> Result<Option<&str>, String> {
    let parts =
        section.split_once([' ', '\t']).map(|(prefix, name)| (prefix, name.trim_matches([' ', '\t'])));
    let fits = |name: &str| {
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b)) && !name.is_empty()
    };
    match (kind, parts) {
        (FileKind::Config, Some(("profile", name))) if fits(name) => Ok(Some(name)),
        (FileKind::Credentials, None) if fits(section) => Ok(Some(section)),
        (FileKind::Config, Some(("profile", _))) | (FileKind::Credentials, None) => Err(format!(
            "[{section}] is ignored: a profile's name has only letters, digits and _ - / . % @ : +"
        )),
        (FileKind::Config, None) if section == "default" => Ok(Some(section)),
        (FileKind::Config, None) => {
            Err(format!("[{section}] is ignored: in this file a profile's heading is [profile {section}]"))
        }
        (FileKind::Config, Some(_)) => Ok(None),
        (FileKind::Credentials, Some((_, name))) => {
            Err(format!("[{section}] is ignored: in the credentials file the heading is [{name}]"))
        }
    }
}
