//! Filters of EC2's describe calls: each names what it looks at, and any of its values may fit.

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::behaviour::glob;
use crate::protocol::query::{items, texts};

/// Those of `all` that were asked for by id, if any were, and fit all filters.
/// `field` answers what a filter's name means for one of them; `None` for a name that EC2 does not know.
pub(crate) fn asked<'a, T>(
    all: impl IntoIterator<Item = &'a T>,
    input: &Value,
    ids: &[&str],
    id: impl Fn(&T) -> &str,
    absent: impl Fn(&str) -> AwsError,
    field: impl Fn(&T, &str) -> Option<Vec<String>>,
) -> Result<Vec<&'a T>, AwsError>
where
    T: 'a,
{
    let all: Vec<&T> = all.into_iter().collect();
    if let Some(unknown) = ids.iter().find(|wanted| !all.iter().any(|one| id(one) == **wanted)) {
        return Err(absent(unknown));
    }
    let filters: Vec<(String, Vec<String>)> = items(&input["Filter"])
        .into_iter()
        .map(|filter| {
            let name = filter["Name"].as_str().unwrap_or_default().to_owned();
            (name, texts(&filter["Value"]).into_iter().map(str::to_owned).collect())
        })
        .collect();
    let mut fitting = Vec::new();
    for one in all {
        if !ids.is_empty() && !ids.contains(&id(one)) {
            continue;
        }
        let mut fits = true;
        for (name, values) in &filters {
            let is = field(one, name).ok_or_else(|| invalid(name))?;
            fits &= values.iter().any(|wanted| is.iter().any(|value| glob(wanted, value)));
        }
        if fits {
            fitting.push(one);
        }
    }
    Ok(fitting)
}

/// What `tag:<key>`, `tag-key` and the like mean for something that has a name and no other tags.
pub(crate) fn of_tag(name: Option<&str>, filter: &str) -> Option<Vec<String>> {
    let owned = |text: Option<&str>| text.map(str::to_owned).into_iter().collect::<Vec<_>>();
    match filter {
        "tag-key" => Some(owned(name.map(|_| "Name"))),
        "tag:Name" => Some(owned(name)),
        other => other.strip_prefix("tag:").map(|_| Vec::new()),
    }
}

fn invalid(filter: &str) -> AwsError {
    AwsError::new("InvalidParameterValue", format!("The filter '{filter}' is invalid"))
}
