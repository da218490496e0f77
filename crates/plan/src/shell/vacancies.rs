//! What was to be filled in: `<arn>`, `YOUR_TOKEN`, `service/…`; and the templates of plans, which are filled in later.

use super::model::WordPart;

/// Longest text in angle brackets that is still a name.
const LONGEST: usize = 60;
/// Longest template that is looked for.
const LONGEST_TEMPLATE: usize = 200;

/// Bytes of `<name>` at the start of unquoted text. Redirects have a blank or nothing before their second mark.
pub(super) fn bracketed(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let length = inner.bytes().take(LONGEST + 1).take_while(|byte| is_named(*byte)).count();
    let name = inner.get(..length)?;
    let named = name.starts_with(|c: char| c.is_alphanumeric()) && !name.ends_with([' ', '/']);
    let closed =
        inner.as_bytes().get(length) == Some(&b'>') && inner.as_bytes().get(length + 1) != Some(&b'>');
    (named && closed && length <= LONGEST).then_some(length + 2)
}

fn is_named(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b" -_./:@'".contains(&byte)
}

/// Bytes of `{{ vars.x }}` at the start of a text. `{{.Names}}` is Docker's and not ours.
pub(super) fn template(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("{{")?;
    let body = inner.trim_start_matches(['-', ' ']);
    let ours =
        ["vars.", "target.", "steps.", "run.", "env.", "item."].iter().any(|lead| body.starts_with(lead));
    if !ours {
        return None;
    }
    let end = inner.bytes().take(LONGEST_TEMPLATE).position(|byte| byte == b'}' || byte == b'\n')?;
    inner.as_bytes().get(end..end + 2).filter(|close| *close == b"}}").map(|_| end + 4)
}

/// What values are called.
const VALUES: [&str; 24] = [
    "account", "arn", "bucket", "cluster", "digest", "domain", "email", "host", "id", "image", "key", "name",
    "password", "port", "region", "secret", "service", "sha", "tag", "token", "url", "user", "username",
    "version",
];

/// How the name of something begins that the reader has, in the languages that plans are written in.
const YOURS: [&str; 11] =
    ["YOUR_", "TU_", "SEU_", "SUA_", "VOTRE_", "DEIN_", "DEINE_", "IHR_", "IHRE_", "TUO_", "TUA_"];

/// What a name asks for that says "yours": `API_TOKEN` of `YOUR_API_TOKEN`, `CLAVE` of `TU_CLAVE`.
pub(crate) fn yours(word: &str) -> Option<&str> {
    let rest = YOURS.iter().find_map(|yours| word.strip_prefix(yours))?;
    rest.bytes().any(|byte| byte.is_ascii_uppercase()).then_some(rest)
}

/// Takes the vacancies out of the text of a word's parts.
pub(super) fn found_in(parts: Vec<WordPart>) -> Vec<WordPart> {
    // Most words have none, and stay as they were read.
    let may_hold = |part: &WordPart| match part {
        WordPart::Text { text, .. } => {
            text.ends_with("...") || text.bytes().any(|byte| byte != b'.' && may_begin(byte))
        }
        WordPart::Variable { .. }
        | WordPart::Command(_)
        | WordPart::Arithmetic(_)
        | WordPart::Glob(_)
        | WordPart::Placeholder(_)
        | WordPart::Template(_) => false,
    };
    if !parts.iter().any(may_hold) {
        return parts;
    }
    let last = parts.len().saturating_sub(1);
    let path = matches!(parts.first(), Some(WordPart::Text { text, .. }) if text.starts_with('.'));
    let mut found = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        match part {
            WordPart::Text { text, quoted } => split(text, quoted, index == last && !path, &mut found),
            WordPart::Variable { .. }
            | WordPart::Command(_)
            | WordPart::Arithmetic(_)
            | WordPart::Glob(_)
            | WordPart::Placeholder(_)
            | WordPart::Template(_) => found.push(part),
        }
    }
    found
}

/// The first thing that was to be filled in, in a text that no shell reads: a value of a step, the body of a heredoc. What may
/// be markup, a template or an abbreviation of prose is none.
pub(crate) fn vacancy(text: &str) -> Option<std::ops::Range<usize>> {
    let marks =
        text.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'<' | b'%') || byte.is_ascii_uppercase());
    let mut done = 0;
    for (at, byte) in marks {
        if at < done {
            continue;
        }
        let (Some(rest), Some(before)) = (text.get(at..), text.get(..at)) else { continue };
        let previous = before.chars().next_back();
        let length = match byte {
            b'<' => in_quotes(rest),
            b'%' => percented(rest, previous, true),
            _ if previous.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$')) => None,
            _ if before.ends_with("${") => None,
            _ => {
                let word =
                    rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                done = at + word;
                rest.get(..word)
                    .filter(|word| yours(word).is_some() || is_told(word))
                    .map(str::len)
                    .or_else(|| made_up(rest, before))
            }
        };
        if let Some(length) = length {
            return Some(at..at + length);
        }
    }
    None
}

/// Without one of these, or a mark, there is none in a text.
const WORDS: [&str; 12] = [
    "CHANGE", "REPLACE", "FILL", "TBD", "TODO", "_ARN", "XXXX", "xxxx", "-xxx", "YYYYMMDD", "your-", "your_",
];

/// Whether anything in a text could be one: most scripts have nothing like it, and need not be looked through.
pub(crate) fn may_be_vacant(text: &str) -> bool {
    let bytes = text.as_bytes();
    let braced = |at: usize| {
        bytes.get(at) == Some(&b'{') && at.checked_sub(1).and_then(|at| bytes.get(at)) != Some(&b'$')
    };
    text.contains(['<', '%', '…'])
        || text.contains("...")
        || text.match_indices('[').any(|(at, _)| in_brackets(text.get(at..).unwrap_or_default()).is_some())
        || (0..bytes.len()).any(braced)
        || WORDS.iter().any(|word| text.contains(word))
        || bytes.windows(2).any(|pair| matches!(pair, [b'-', b'A'..=b'Z']))
        || YOURS.iter().any(|word| text.contains(word))
}

/// Splits one piece of text. `ends` says that the word ends with it.
fn split(text: String, quoted: bool, ends: bool, found: &mut Vec<WordPart>) {
    let mut from = 0;
    let mut at = 0;
    while let Some(next) =
        text.as_bytes().get(at..).and_then(|rest| rest.iter().position(|byte| may_begin(*byte)))
    {
        at += next;
        let rest = text.get(at..).unwrap_or_default();
        let vacancy = here(rest, text.get(..at).unwrap_or_default(), quoted, ends);
        let Some((length, ours)) = vacancy else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        push(text.get(from..at).unwrap_or_default(), quoted, found);
        let piece = text.get(at..at + length).unwrap_or_default().to_owned();
        found.push(if ours { WordPart::Template(piece) } else { WordPart::Placeholder(piece) });
        at += length;
        from = at;
    }
    match from {
        0 if text.is_empty() => {}
        0 => found.push(WordPart::Text { text, quoted }),
        _ => push(text.get(from..).unwrap_or_default(), quoted, found),
    }
}

/// Whether [`here`] may find a vacancy at this byte; the first one of a character where it is not ASCII.
fn may_begin(byte: u8) -> bool {
    byte.is_ascii_uppercase() || matches!(byte, b'{' | b'%' | b'<' | b'.' | 0xE2 | b'x' | b'y')
}

fn push(text: &str, quoted: bool, found: &mut Vec<WordPart>) {
    if !text.is_empty() {
        found.push(WordPart::Text { text: text.to_owned(), quoted });
    }
}

/// Length of the vacancy at this place, and whether it is a template.
fn here(rest: &str, before: &str, quoted: bool, ends: bool) -> Option<(usize, bool)> {
    let previous = before.chars().next_back();
    match rest.as_bytes().first()? {
        b'{' => {
            if let Some(length) = template(rest) {
                return Some((length, true));
            }
            let length = moustached(rest).or_else(|| braced(rest, previous, quoted))?;
            Some((length, false))
        }
        b'%' => percented(rest, previous, quoted).map(|length| (length, false)),
        b'<' if quoted => in_quotes(rest).map(|length| (length, false)),
        b'.' if ends && rest == "..." && (!quoted || before.ends_with("://")) => {
            let told = previous.is_none_or(|c| c.is_alphanumeric() || c == '/');
            told.then_some((3, false))
        }
        0xE2 if rest.starts_with('…') => Some(('…'.len_utf8(), false)),
        b'y' => lower_yours(rest, before).map(|length| (length, false)),
        byte if byte.is_ascii_uppercase() || *byte == b'x' => {
            let starts = previous.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
            if !starts {
                return None;
            }
            if rest == "TODO" && before.is_empty() {
                return Some((rest.len(), false));
            }
            shouted(rest)
                .or_else(|| made_up(rest, before))
                .or_else(|| day(rest, before))
                .map(|length| (length, false))
        }
        _ => None,
    }
}

/// `{{ user.cluster }}`: a template of another tool, which somebody fills in before. Go's `{{.Names}}` and `{{end}}` are options
/// of a command.
fn moustached(rest: &str) -> Option<usize> {
    const OF_GO: [&str; 5] = ["end", "else", "break", "continue", "json"];
    let inner = rest.strip_prefix("{{")?;
    let end = inner.get(..inner.len().min(LONGEST).min(inner.find('\n').unwrap_or(LONGEST)))?.find("}}")?;
    let name = inner.get(..end)?.trim();
    let named = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !OF_GO.contains(&name);
    named.then_some(end + 4)
}

/// `{account-id}` outside of quotes, where a shell sees only itself.
fn braced(rest: &str, previous: Option<char>, quoted: bool) -> Option<usize> {
    if quoted || matches!(previous, Some('$' | '@' | '%' | '#' | '{')) {
        return None;
    }
    let inner = rest.strip_prefix('{')?;
    let length = inner
        .bytes()
        .take(LONGEST)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .count();
    let named = inner.starts_with(|c: char| c.is_ascii_alphabetic()) && length > 1;
    (named && inner.as_bytes().get(length) == Some(&b'}')).then_some(length + 2)
}

/// `%CLUSTER%`, as the variables of another shell are written. `%C3%BC` is a letter of an address, and in quotes
/// `'%ERROR%'` is a pattern of CloudWatch Logs or SQL, so that only what is named like a value counts there.
fn percented(rest: &str, previous: Option<char>, quoted: bool) -> Option<usize> {
    let inner = rest.strip_prefix('%')?;
    let length = inner
        .bytes()
        .take(LONGEST)
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        .count();
    let name = inner.get(..length)?;
    let named = length >= 3
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && inner.as_bytes().get(length) == Some(&b'%')
        && inner.as_bytes().get(length + 1) != Some(&b'%')
        && previous != Some('%');
    let value = !quoted
        || (!matches!(previous, Some('\'' | '"'))
            && (name.contains('_') || VALUES.contains(&name.to_ascii_lowercase().as_str())));
    (named && value).then_some(length + 2)
}

/// `"<your_token>"`: in quotes a name in angle brackets may be markup, so only what is named like a value counts.
fn in_quotes(rest: &str) -> Option<usize> {
    let length = bracketed(rest)?;
    let name = rest.get(1..length - 1)?;
    let lower = name.to_ascii_lowercase();
    let value = name.contains(['-', '_', ' '])
        || VALUES.contains(&lower.as_str())
        || name.bytes().all(|byte| byte.is_ascii_uppercase());
    let near = rest.as_bytes().get(..rest.len().min(200)).unwrap_or_default();
    let markup = name.contains(['/', ':', '.']) || near.windows(2).any(|pair| pair == b"</");
    (value && !markup).then_some(length)
}

/// `YOUR_…`, `CHANGEME`, `TASK_ARN`, `XXXX` at the start of a text that begins a name.
fn shouted(rest: &str) -> Option<usize> {
    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let word = rest.get(..length)?;
    let named = yours(word).is_some();
    let told = is_told(word);
    // `--tasks TASK_ARN`: a real one begins with `arn:`.
    let arn = word == rest && word.ends_with("_ARN") && !word.contains(|c: char| c.is_ascii_lowercase());
    let crossed =
        length >= 4 && (word.bytes().all(|byte| byte == b'x') || word.bytes().all(|byte| byte == b'X'));
    (named || told || arn || crossed).then_some(length)
}

/// What the ids of AWS begin with; the rest of one is of small hexadecimal digits.
const IDS: [&str; 15] = [
    "acl-",
    "ami-",
    "eipalloc-",
    "eni-",
    "i-",
    "igw-",
    "lt-",
    "nat-",
    "rtb-",
    "sg-",
    "snap-",
    "subnet-",
    "tgw-",
    "vol-",
    "vpc-",
];

/// `YYYYYYYY` of `sg-YYYYYYYY`, `xxxxx` of `vpc-xxxxx`: the rest of an id that no resource has.
fn made_up(rest: &str, before: &str) -> Option<usize> {
    let lead = IDS.iter().find_map(|lead| before.strip_suffix(lead))?;
    if lead.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return None;
    }
    let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let id = rest.get(..length)?;
    let crossed = length >= 3 && id.bytes().all(|byte| matches!(byte, b'x' | b'X'));
    let loud = length >= 4 && id.bytes().any(|byte| byte.is_ascii_uppercase());
    let ends = !rest.get(length..)?.starts_with(['-', '_', '.']);
    ((crossed || loud) && ends).then_some(length)
}

/// What `your-…` may be about; `your-team-cluster` may be what a cluster is called.
const OWN: [&str; 44] = [
    "access",
    "account",
    "api",
    "app",
    "arn",
    "aws",
    "backend",
    "bucket",
    "cluster",
    "container",
    "db",
    "database",
    "distribution",
    "domain",
    "ecr",
    "email",
    "endpoint",
    "frontend",
    "function",
    "group",
    "host",
    "id",
    "image",
    "instance",
    "key",
    "lambda",
    "name",
    "org",
    "password",
    "profile",
    "project",
    "region",
    "repo",
    "repository",
    "role",
    "secret",
    "server",
    "service",
    "stack",
    "subnet",
    "tag",
    "token",
    "url",
    "vpc",
];

/// `your-cluster-name`, `your_bucket`.
fn lower_yours(rest: &str, before: &str) -> Option<usize> {
    let tail = rest.strip_prefix("your-").or_else(|| rest.strip_prefix("your_"))?;
    if before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return None;
    }
    let length =
        tail.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
    let name = tail.get(..length)?;
    name.split(['-', '_']).all(|word| OWN.contains(&word)).then_some(rest.len() - tail.len() + length)
}

/// `YYYYMMDD` in a name: a day that somebody is to write.
fn day(rest: &str, before: &str) -> Option<usize> {
    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let named = before.ends_with(['-', '_', '/', '.']);
    (named && matches!(rest.get(..length)?, "YYYYMMDD" | "YYYYMMDDHHMM" | "YYYYMMDDHHMMSS")).then_some(length)
}

/// `[SNAPSHOT_ID]` at the start of a word: a name in brackets, and no set of letters to match.
pub(super) fn in_brackets(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let shouted = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let length = inner.bytes().take(LONGEST).take_while(shouted).count();
    let closed = inner.as_bytes().get(length) == Some(&b']');
    let ends = inner.as_bytes().get(length + 1).is_none_or(u8::is_ascii_whitespace);
    (closed && ends && inner.get(..length)?.contains('_')).then_some(length + 2)
}

/// Words that say that something is to stand there.
fn is_told(word: &str) -> bool {
    matches!(word, "CHANGEME" | "CHANGE_ME" | "REPLACEME" | "REPLACE_ME" | "FILL_ME_IN" | "FILLMEIN" | "TBD")
}
