//! Tools in a script that would pick an identity of their own.

/// Each with the subcommands that start something under another identity; none means any.
const WRAPPERS: [(&str, &[&str]); 9] = [
    ("aws-okta", &["exec", "env"]),
    ("aws-vault", &["exec", "export"]),
    ("aws-sso", &["exec", "eval"]),
    ("saml2aws", &["exec", "script"]),
    ("granted", &["exec", "credential-process"]),
    ("assume", &[]),
    ("awsume", &[]),
    ("okta-aws-cli", &[]),
    ("aws-sudo", &[]),
];

/// The first command of a shell script that would choose its own identity, as written: `aws-vault exec`. Comments do
/// not count; the inside of quotes does, since `sh -c "…"` runs it.
pub fn wrapper_in(script: &str) -> Option<&str> {
    // `sh -c "aws-vault exec …"` begins a command at the quote, `aws-vault --backend "file" exec …` goes on after it.
    [true, false].into_iter().find_map(|quotes_end| {
        commands(script, quotes_end).iter().find_map(|words| wrapper_of(script, words))
    })
}

/// A word and where it stands.
type Word = (usize, usize);

fn wrapper_of<'a>(script: &'a str, words: &[Word]) -> Option<&'a str> {
    let text = |word: &Word| &script[word.0..word.1];
    // What may stand before the command itself: assignments, and words that run the next one.
    const BEFORE: [&str; 16] = [
        "sudo", "env", "exec", "command", "time", "nohup", "eval", "then", "do", "else", "if", "while",
        "until", "!", "{", "xargs",
    ];
    let at = words.iter().position(|word| {
        let text = text(word);
        !BEFORE.contains(&text) && !text.starts_with('-') && !text.contains('=')
    })?;
    let name = text(&words[at]);
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let (_, subcommands) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name)?;
    if subcommands.is_empty() {
        return Some(text(&words[at]));
    }
    let own = words[at + 1..].iter().take_while(|word| text(word) != "--");
    let end = own.into_iter().find(|word| subcommands.contains(&text(word)))?.1;
    Some(&script[words[at].0..end])
}

/// Simple commands as lists of words; every operator ends a command, and a quote does or only ends a word.
fn commands(script: &str, quotes_end: bool) -> Vec<Vec<Word>> {
    let mut all = Vec::new();
    let mut words = Vec::new();
    let mut start = None;
    let mut comment = false;
    let mut after_backslash = false;
    for (at, c) in script.char_indices() {
        if comment {
            comment = c != '\n';
            continue;
        }
        if c == '#' && start.is_none() {
            comment = true;
            continue;
        }
        // A backslash at a line's end joins the lines.
        let joined = after_backslash && (c == '\n' || c == '\r');
        after_backslash = c == '\\';
        let ends_command = ("\n;|&()`".contains(c) && !joined) || (quotes_end && "\"'".contains(c));
        if ends_command || c.is_whitespace() || "\\$\"'".contains(c) {
            words.extend(start.take().map(|from| (from, at)));
        } else if start.is_none() {
            start = Some(at);
        }
        if ends_command && !words.is_empty() {
            all.push(std::mem::take(&mut words));
        }
    }
    words.extend(start.map(|from| (from, script.len())));
    all.push(words);
    all
}
