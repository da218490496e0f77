//! What each grammar reads from both files together. Of secrets only their presence is kept.

use crate::FileKind;
use crate::config::reading::{Fault, Grammar, Reading, SectionKind, read};
use crate::profiles::files::Files;
use std::collections::BTreeMap;

/// A profile's or session's settings. Secret values are replaced by a mark.
pub(super) type Settings = BTreeMap<String, String>;

/// Both files by one grammar.
#[derive(Default)]
pub(super) struct Both {
    pub(super) profiles: BTreeMap<String, Settings>,
    pub(super) sessions: BTreeMap<String, Settings>,
    /// Profiles whose access key stands in the credentials file.
    pub(super) keys_in_credentials: Vec<String>,
    /// Profiles whose access key stands in the config file.
    pub(super) keys_in_config: Vec<String>,
}

/// Both grammars' readings.
pub(super) struct Merged {
    pub(super) sdk: Result<Both, String>,
    pub(super) botocore: Result<Both, String>,
}

impl Merged {
    pub(super) fn of(files: &Files) -> Self {
        Self { sdk: both(Grammar::Sdk, files), botocore: both(Grammar::Botocore, files) }
    }
}

fn both(grammar: Grammar, files: &Files) -> Result<Both, String> {
    let mut both = Both::default();
    for file in files.each() {
        let text = file.text.as_deref().unwrap_or_default();
        let path = file.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        let refused = |faults: Vec<Fault>| {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            format!("{path}, {first}")
        };
        // In both grammars a key of the credentials file is taken before that of the config file.
        both.take(file.kind, read(grammar, file.kind, text).map_err(refused)?);
    }
    Ok(both)
}

impl Both {
    fn take(&mut self, file: FileKind, reading: Reading) {
        for (id, section) in reading.sections {
            let settings = match id.kind {
                SectionKind::Profile => self.profiles.entry(id.name.clone()).or_default(),
                SectionKind::SsoSession => self.sessions.entry(id.name.clone()).or_default(),
                SectionKind::Services => continue,
            };
            if section.values.contains_key("aws_access_key_id") && id.kind == SectionKind::Profile {
                match file {
                    FileKind::Credentials => self.keys_in_credentials.push(id.name),
                    FileKind::Config => self.keys_in_config.push(id.name),
                }
            }
            let shown = |(key, value): (String, crate::config::reading::Value)| match key.as_str() {
                "aws_access_key_id"
                | "aws_secret_access_key"
                | "aws_session_token"
                | "aws_security_token"
                | "credential_process" => (key, String::from("•")),
                _ => (key, value.text),
            };
            settings.extend(section.values.into_iter().map(shown));
        }
    }
}
