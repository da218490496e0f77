//! Which language a script is in: by the word behind its fence, and by lines that no POSIX shell would write.

/// What a fence says of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// Nothing: the text decides.
    #[default]
    Unsaid,
    /// `bash`, `sh`, `zsh`, `shell`: commands, with or without prompts.
    Posix,
    /// `console`, `shell-session`: commands behind prompts and what they printed.
    Session,
    /// A language with other rules, by its name.
    Other(&'static str),
}

impl Dialect {
    /// By the info string of a fence.
    pub fn of_info(info: &str) -> Self {
        let word = info
            .trim()
            .trim_start_matches(['{', '.'])
            .split([' ', ',', '{', '}', ':', '\t'])
            .next()
            .unwrap_or_default();
        match word.to_ascii_lowercase().as_str() {
            "bash" | "sh" | "zsh" | "shell" | "ksh" | "dash" | "shellscript" | "ash" => Self::Posix,
            "console" | "shell-session" | "shellsession" | "sh-session" | "bash-session" | "terminal"
            | "session" => Self::Session,
            "powershell" | "ps1" | "pwsh" | "ps" => Self::Other("PowerShell"),
            "cmd" | "bat" | "batch" | "dos" | "dosbatch" => Self::Other("the Windows command prompt"),
            "fish" => Self::Other("fish"),
            _ => Self::Unsaid,
        }
    }
}

/// The language of a line that is not POSIX, and how many bytes from its start belong to it with its continuations.
pub(super) fn foreign(text: &str) -> Option<(&'static str, usize)> {
    let line = text.split('\n').next().unwrap_or_default().trim_end();
    let language = if powershell(line) {
        "PowerShell"
    } else if command_prompt(line) {
        "the Windows command prompt"
    } else if ["set -x ", "set -gx ", "set -Ux "].iter().any(|lead| named_after(line, lead)) {
        "fish"
    } else {
        return None;
    };
    let mut end = 0;
    let mut open = 0_usize;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        end += line.len();
        open += bare.matches('{').count();
        open = open.saturating_sub(bare.matches('}').count());
        let goes_on = bare.ends_with(" `") || bare.ends_with(" ^") || bare.ends_with('|');
        if !goes_on && open == 0 {
            break;
        }
    }
    let length = text.get(..end).unwrap_or(text).trim_end().len();
    Some((language, length))
}

fn powershell(line: &str) -> bool {
    const VERBS: [&str; 34] = [
        "Add",
        "Clear",
        "Compress",
        "Connect",
        "Convert",
        "ConvertFrom",
        "ConvertTo",
        "Copy",
        "Disable",
        "Enable",
        "Expand",
        "Export",
        "ForEach",
        "Format",
        "Get",
        "Import",
        "Install",
        "Invoke",
        "Join",
        "Measure",
        "Move",
        "New",
        "Out",
        "Read",
        "Remove",
        "Restart",
        "Select",
        "Set",
        "Start",
        "Stop",
        "Test",
        "Update",
        "Wait",
        "Write",
    ];
    let first = line.split([' ', '\t', ';', '|']).next().unwrap_or_default();
    let cmdlet = first.split_once('-').is_some_and(|(verb, noun)| {
        VERBS.contains(&verb)
            && noun.starts_with(|c: char| c.is_ascii_uppercase())
            && noun.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let ticks = line.bytes().filter(|byte| *byte == b'`').count();
    cmdlet
        || line.starts_with("$env:")
        || line.starts_with("$Env:")
        || assigns(line)
        || (line.starts_with("PS ") && line.contains("> "))
        || line.starts_with("foreach (")
        || line.starts_with("param (")
        || (line.ends_with(" `") && ticks % 2 == 1)
}

/// `$name = …` as PowerShell writes it.
fn assigns(line: &str) -> bool {
    let Some(rest) = line.strip_prefix('$') else { return false };
    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let after = rest.get(length..).unwrap_or_default();
    let sign = after.trim_start();
    length > 0
        && !after.starts_with(':')
        && (sign.starts_with("= ") || (after.starts_with('=') && !sign.starts_with("==")))
}

fn command_prompt(line: &str) -> bool {
    let lower = line.get(..line.len().min(12)).unwrap_or_default().to_ascii_lowercase();
    let sets = lower.starts_with("set ") && {
        let rest = line
            .get(4..)
            .unwrap_or_default()
            .trim_start()
            .trim_start_matches("/a ")
            .trim_start_matches("/p ");
        let name = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        name > 0 && rest.as_bytes().get(name) == Some(&b'=')
    };
    let prompt = line.as_bytes().get(1..3) == Some(b":\\") && line.contains('>');
    sets || prompt
        || lower.starts_with("@echo ")
        || lower.starts_with("rem ")
        || lower == "setlocal"
        || (line.ends_with(" ^") && !line.contains('\''))
}

fn named_after(line: &str, lead: &str) -> bool {
    line.strip_prefix(lead).is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && rest.contains(' ')
    })
}
