//! Passwords that somebody wrote down in a sentence, a list or a table: `Password: …` beside a user or a database.

use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Lines around a password in which whom it belongs to is looked for.
const NEAR: usize = 2;

/// "Password: x", "Das Passwort lautet x", "| Password | x |": the value is the second group.
static SAID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(password|passphrase|passwort|kennwort|mot de passe|contraseña|clave|senha|wachtwoord|hasło|heslo|пароль|parola|şifre|lösenord|パスワード|密码|密碼|비밀번호)(?:\s+(?:for|of|für|von|pour|para|di|voor|для)\s+\S+)?[*_"`]*\s*(?:is|ist|lautet|est|es|é|:|=|：|\|)+[\s*_"'`|]*([^\s"'`|,;：]{6,64})"#,
    )
    .ok()
});

/// Whom or what a password is of.
const OF: [&str; 38] = [
    "user",
    "login",
    "account",
    "admin",
    "root",
    "db ",
    "database",
    "host",
    "postgres",
    "mysql",
    "server",
    "benutzer",
    "datenbank",
    "konto",
    "utilisateur",
    "identifiant",
    "base de données",
    "compte",
    "usuario",
    "base de datos",
    "cuenta",
    "usuário",
    "banco de dados",
    "conta",
    "utente",
    "gebruiker",
    "użytkownik",
    "baza",
    "пользовател",
    "база",
    "користувач",
    "kullanıcı",
    "användare",
    "ユーザ",
    "データベース",
    "用户",
    "使用者",
    "사용자",
];

/// Where passwords are kept, and what is said instead of one.
const NONE: [&str; 40] = [
    "1password",
    "lastpass",
    "bitwarden",
    "keepass",
    "dashlane",
    "vault",
    "secret",
    "ssm",
    "parameter",
    "keychain",
    "stored",
    "rotated",
    "generated",
    "example",
    "changeme",
    "change-me",
    "change_me",
    "password",
    "passwort",
    "redacted",
    "hidden",
    "unknown",
    "required",
    "optional",
    "policy",
    "reset",
    "none",
    "empty",
    "below",
    "above",
    "your",
    "dein",
    "todo",
    "tbd",
    "xxxx",
    "****",
    "••",
    "...",
    "…",
    "minimum",
];

/// Where the passwords stand.
pub(crate) fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let captures = SAID.iter().flat_map(|said| said.captures_iter(text));
    for said in captures {
        let (Some(label), Some(value)) = (said.get(1), said.get(2)) else { continue };
        let trimmed = value.as_str().trim_end_matches(['.', ')', '*', '_', ':', '>']);
        let whole = text.get(..label.start()).and_then(|before| before.chars().next_back());
        // `DB_PASSWORD=`, `--password` and `$PASSWORD` are judged as arguments and assignments.
        let word =
            !whole.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '{' | '.' | '/'));
        if word && is_password(trimmed) && (is_mixed(trimmed) || is_near(text, label.start())) {
            found.push(value.start()..value.start() + trimmed.len());
        }
    }
    found
}

/// Whether it may be one: no word of a sentence, no place, no rule, nothing that stands for one.
fn is_password(value: &str) -> bool {
    let lower = value.to_lowercase();
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    let letters = value.chars().any(char::is_alphabetic);
    let signs = value.bytes().any(|byte| b"!@#^&*+=~?%$".contains(&byte));
    let address = value.contains("://")
        || value.split_once('@').is_some_and(|(name, host)| {
            host.contains('.')
                && !name.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        });
    let counted = value.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['-', '+', '–'])
        && value.starts_with(|c: char| c.is_ascii_digit());
    value.len() >= 6
        && letters
        && (digits || signs)
        && !NONE.iter().any(|word| lower.contains(word))
        && !value.contains(['<', '>', '{', '}', '(', ')', '[', '/', '\\'])
        && !value.starts_with(['$', '%', '-', '~', '.'])
        && !lower.starts_with("arn:")
        && !(address || counted)
}

/// Small and capital letters with digits or signs: nobody writes that by chance after "password".
fn is_mixed(value: &str) -> bool {
    value.len() >= 8
        && value.chars().any(char::is_lowercase)
        && value.chars().any(char::is_uppercase)
        && value.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_punctuation())
}

/// Whether a user, a host or a database is named in the lines around a place.
fn is_near(text: &str, at: usize) -> bool {
    let mut start = at;
    for _ in 0..=NEAR {
        start = text
            .get(..start.saturating_sub(1))
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |end| end + 1);
    }
    let rest = text.get(at..).unwrap_or_default();
    let end = rest.match_indices('\n').nth(NEAR).map_or(text.len(), |(end, _)| at + end);
    let around = text.get(start..end).unwrap_or_default().to_lowercase();
    OF.iter().any(|word| around.contains(word))
}

#[cfg(test)]
mod tests {
    use super::passwords;

    fn found(text: &str) -> Vec<&str> {
        passwords(text).into_iter().filter_map(|place| text.get(place)).collect()
    }

    #[test]
    fn passwords_in_sentences_are_found() {
        for (text, password) in [
            ("DB user: shop_admin\nPassword: Winter-2031!\n", "Winter-2031!"),
            ("| User | shop |\n| Password | k9trellis# |\n", "k9trellis#"),
            ("Benutzer `shop`, das Passwort lautet `Regen7schirm`.", "Regen7schirm"),
            ("- **Mot de passe** : `Tr0mbone42` (utilisateur `app`)", "Tr0mbone42"),
            ("Der Zugang:\n\nKennwort: gras4huepfer\nDatenbank: shop", "gras4huepfer"),
            ("the password is Quartz!77lamp for now", "Quartz!77lamp"),
            ("用户: shop\n密码：haus9tuer!", "haus9tuer!"),
        ] {
            assert_eq!(found(text), [password], "{text}");
        }
    }

    #[test]
    fn what_only_speaks_of_passwords_is_none() {
        for text in [
            "User: shop\nPassword: see 1Password",
            "User: shop\nPassword: 1Password, entry shop2",
            "Password policy: 12-characters for each user",
            "Password: rotated on 2031-01-02 by the db user",
            "user shop, password: stored2 in Secrets Manager",
            "DB user: shop\nPassword: `$DB_PASSWORD1`",
            "DB user: shop\nPassword: <from-vault-2>",
            "DB user: shop\nPassword: ********",
            "DB user: shop\nPassword: arn:aws:secretsmanager:eu-central-1:111122223333:secret:x",
            "DB user: shop\nPassword: prod/db/password-2",
            "User: shop\nPassword: ask ops2@shop.example",
            "User: shop\nPassword: ops2@shop.example",
            "DB_PASSWORD=hunter22 user",
            "The user sets the password himself2",
            "A passwordless login: user1234",
            "Password: {{ vars.password2 }} of the user",
            "Password: EXAMPLE-pass1 of the user",
        ] {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }
}
