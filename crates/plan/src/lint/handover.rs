//! Repairs that take a secret off a command line: it comes by standard input or by the environment, out of a secret variable
//! of the plan where it stood there itself.

use super::amend;
use super::calls::Call;
use super::scene::{Listing, Scene};
use crate::{Edit, Fix, Span};

/// The repair for a secret argument, where there is one that surely does the same.
pub(crate) fn fix(scene: &Scene<'_>, call: &Call, secret: Span) -> Option<Fix> {
    let listing = scene.listing_of(call)?;
    if call.nested || !matches!(listing.fence.language(), "bash" | "zsh") || !listing.is_flush(scene.text) {
        return None;
    }
    let own = scene.text.get(call.span.start..call.span.end)?;
    let raw = scene.text.get(secret.start..secret.end)?;
    let program = call.program.as_str();
    let takes_input = own.contains('<') || own.contains("@-") || own.contains("-stdin");
    match program {
        "docker" | "podman" | "nerdctl" if !takes_input => {
            let flag = call
                .args
                .iter()
                .position(|arg| arg.span == secret)
                .and_then(|at| call.args.get(at.checked_sub(1)?))?;
            let value = Value::of(raw, "registry_password")?;
            let mut edits = vec![
                Edit::replace(Span { start: flag.span.start, end: secret.end }, "--password-stdin"),
                Edit::insert(call.span.end, format!(" <<< {}", value.written)),
            ];
            handed(scene, listing, &value, &mut edits)?;
            Some(Fix { title: "Hand the password over by standard input".to_owned(), edits })
        }
        "curl" if !takes_input && (raw.contains(": ") || raw.contains(":")) && !raw.starts_with("--") => {
            let bare = unquoted(raw)?;
            let (name, rest) = bare.split_once(':')?;
            let rest = rest.trim_start();
            let (scheme, token) = rest
                .rsplit_once(' ')
                .map_or((String::new(), rest), |(scheme, token)| (format!("{scheme} "), token));
            let value = Value::of(token, "api_token")?;
            let inner = value.written.trim_matches('"');
            let mut edits = vec![
                Edit::replace(secret, "@-"),
                Edit::insert(call.span.end, format!(" <<< \"{name}: {scheme}{inner}\"")),
            ];
            // A user and a password are no header.
            let header = call
                .args
                .iter()
                .position(|arg| arg.span == secret)
                .and_then(|at| call.args.get(at.checked_sub(1)?))?;
            if !matches!(header.text.as_str(), "-H" | "--header") {
                return None;
            }
            handed(scene, listing, &value, &mut edits)?;
            Some(Fix { title: "Hand the header over by standard input".to_owned(), edits })
        }
        "mysql" | "mariadb" | "mysqldump" | "mysqladmin" => {
            let value =
                Value::of(raw.strip_prefix("-p").or_else(|| raw.strip_prefix("\"-p"))?, "database_password")?;
            let after = scene.text.get(secret.end..)?;
            let gap = usize::from(after.starts_with(' '));
            let mut edits = vec![
                Edit::insert(call.span.start, format!("MYSQL_PWD={} ", value.written)),
                Edit::replace(Span { start: secret.start, end: secret.end + gap }, ""),
            ];
            handed(scene, listing, &value, &mut edits)?;
            Some(Fix { title: "Hand the password over by the environment".to_owned(), edits })
        }
        _ => None,
    }
}

/// What stands for the secret in the script.
struct Value {
    /// `"$NAME"`.
    written: String,
    /// The plan's variable that it comes from, where it stood there itself.
    made: Option<&'static str>,
}

impl Value {
    fn of(raw: &str, name: &'static str) -> Option<Self> {
        let bare = raw.trim_matches('"');
        if let Some(variable) = bare.strip_prefix('$') {
            let variable = variable.trim_start_matches('{').trim_end_matches('}');
            let plain = !variable.is_empty()
                && variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return plain.then(|| Self { written: format!("\"${variable}\""), made: None });
        }
        let plain = unquoted(raw)?;
        (!plain.is_empty() && !plain.contains(['$', '`']))
            .then(|| Self { written: format!("\"${}\"", name.to_ascii_uppercase()), made: Some(name) })
    }
}

/// A word without its quotes; `None` where they are not around the whole of it.
fn unquoted(raw: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(inner) = raw.strip_prefix(quote) {
            return inner.strip_suffix(quote).filter(|inner| !inner.contains(quote));
        }
    }
    (!raw.contains(['"', '\'', '\\'])).then_some(raw)
}

/// Declares the variable and hands it to the script. `None` where that cannot be put in.
fn handed(scene: &Scene<'_>, listing: &Listing<'_>, value: &Value, edits: &mut Vec<Edit>) -> Option<()> {
    let Some(name) = value.made else { return Some(()) };
    let owner = listing.owner?;
    let known = scene.vars.iter().find(|var| var.name == name);
    if known.is_some_and(|var| !var.secret) {
        return None;
    }
    if known.is_none() {
        edits.insert(0, amend::declare(scene, name, "{ secret: true }")?);
    }
    let env = [(name.to_ascii_uppercase(), format!("\"{{{{ vars.{name} }}}}\""))];
    edits.insert(0, amend::add_environment(scene, owner, &env)?);
    Some(())
}
