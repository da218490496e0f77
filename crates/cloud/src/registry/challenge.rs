//! `WWW-Authenticate`, as registries write it (RFC 9110, section 11.6.1; the Docker registry's token authentication).

/// How a registry wants to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// With a user and a password in each request.
    Basic,
    /// With a token of another address.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

/// The challenges of these headers that are understood, in order.
pub(crate) fn challenges<'a>(headers: impl IntoIterator<Item = &'a str>) -> Vec<Challenge> {
    headers.into_iter().flat_map(one).collect()
}

fn one(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = header.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let next = after.trim_start();
        match next.strip_prefix('=').filter(|_| !word.is_empty()) {
            Some(value) => {
                let (value, left) = value_of(value.trim_start());
                if let Some((_, parameters)) = found.last_mut() {
                    parameters.push((word.to_ascii_lowercase(), value));
                }
                rest = left;
            }
            None => {
                if !word.is_empty() {
                    found.push((word.to_ascii_lowercase(), Vec::new()));
                }
                rest = next;
            }
        }
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        // A lone `=` would never be passed by.
        rest = rest.strip_prefix('=').unwrap_or(rest);
    }
    found.into_iter().filter_map(|(scheme, parameters)| challenge(&scheme, &parameters)).collect()
}

fn challenge(scheme: &str, parameters: &[(String, String)]) -> Option<Challenge> {
    let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    match scheme {
        "basic" => Some(Challenge::Basic),
        "bearer" => {
            Some(Challenge::Bearer { realm: get("realm")?, service: get("service"), scope: get("scope") })
        }
        _ => None,
    }
}

/// A token or a quoted string, and what comes after it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match (escaped, c) {
            (false, '"') => return (value, &quoted[at + 1..]),
            (false, '\\') => escaped = true,
            (false | true, c) => {
                value.push(c);
                escaped = false;
            }
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_registries() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| Challenge::Bearer {
            realm: realm.into(),
            service: service.map(Into::into),
            scope: scope.map(Into::into),
        };
        let hub = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        for (header, expected) in [
            (
                hub,
                vec![bearer(
                    "https://auth.example/token",
                    Some("registry.example"),
                    Some("repository:a/b:pull,push"),
                )],
            ),
            (
                r#"Basic realm="https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#,
                vec![Challenge::Basic],
            ),
            ("BASIC", vec![Challenge::Basic]),
            (
                r#"Negotiate, Basic realm="a, b=c", bearer realm=x"#,
                vec![Challenge::Basic, bearer("x", None, None)],
            ),
            (r#"Bearer realm="a\"b" , service = "s""#, vec![bearer("a\"b", Some("s"), None)]),
            ("Bearer", vec![]),
            ("", vec![]),
            ("= , ==,,", vec![]),
            (r#"Basic realm="open"#, vec![Challenge::Basic]),
        ] {
            assert_eq!(challenges([header]), expected, "{header}");
        }
    }
}
