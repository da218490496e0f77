//! The parts of an ARN that GetCallerIdentity answers.
//!
//! Forms: IAM User Guide, "IAM identifiers" and "AWS STS: GetCallerIdentity".

/// Who an ARN says is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal<'a> {
    /// `assumed-role/<role>/<session>`; the role's path is not in it.
    Role { role: &'a str, session: &'a str },
    /// `user/<path…>/<name>`
    User { name: &'a str },
    /// `federated-user/<name>`
    Federated { name: &'a str },
    /// `root`
    Root,
}

/// An Identity Center role's permission set: of `AWSReservedSSO_Deployer_0123456789abcdef` it is `Deployer`.
pub(crate) fn permission_set(role: &str) -> Option<&str> {
    let (set, hash) = role.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (is_hash && !set.is_empty()).then_some(set)
}

/// Partition, account and principal of a caller's ARN.
pub(crate) fn caller(arn: &str) -> Option<(&str, &str, Principal<'_>)> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    if scheme != "arn" || !partition.starts_with("aws") || !region.is_empty() || !is_account(account) {
        return None;
    }
    let principal = match (service, resource.split_once('/')) {
        ("iam", None) if resource == "root" => Principal::Root,
        ("iam", Some(("user", path))) => Principal::User { name: last(path)? },
        ("sts", Some(("assumed-role", rest))) => {
            let (role, session) = rest.split_once('/')?;
            if role.is_empty() || session.is_empty() {
                return None;
            }
            Principal::Role { role, session }
        }
        ("sts", Some(("federated-user", name))) => Principal::Federated { name: last(name)? },
        (_, Some(_) | None) => return None,
    };
    Some((partition, account, principal))
}

/// Twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn last(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|name| !name.is_empty())
}
