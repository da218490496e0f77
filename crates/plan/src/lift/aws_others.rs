//! AWS: who somebody is, secrets, databases, networks.

use super::Output;
use super::aws::{Aws, Operation, own};
use super::flags::Takes::{Many, Nothing, One};
use super::verdict::{Answer, Draft, Keep, keep};
use crate::shell::{Script, Shape, unwrap_command};
use serde_json::json;

pub(crate) const ALL: &[Operation] = &[
    Operation { service: "sts", name: "get-caller-identity", flags: &[], lift: identity },
    Operation {
        service: "secretsmanager",
        name: "describe-secret",
        flags: &[("--secret-id", One)],
        lift: secret,
    },
    Operation {
        service: "rds",
        name: "describe-db-instances",
        flags: &[("--db-instance-identifier", One)],
        lift: database,
    },
    Operation {
        service: "rds",
        name: "describe-db-clusters",
        flags: &[("--db-cluster-identifier", One)],
        lift: database,
    },
    Operation {
        service: "rds-data",
        name: "execute-statement",
        flags: &[
            ("--resource-arn", One),
            ("--secret-arn", One),
            ("--sql", One),
            ("--database", One),
            ("--schema", One),
            ("--include-result-metadata", Nothing),
            ("--no-include-result-metadata", Nothing),
            ("--format-records-as", One),
        ],
        lift: statement,
    },
    Operation { service: "ec2", name: "describe-subnets", flags: &[("--subnet-ids", Many)], lift: subnets },
];

/// Whether a script gives the account that it runs in.
pub(crate) fn is_account(script: &Script) -> bool {
    let [statement] = script.statements.as_slice() else { return false };
    let Shape::Simple(command) = &statement.shape else { return false };
    let unwrapped = unwrap_command(command);
    let words: Vec<_> = unwrapped.words.iter().map_while(|word| word.literal()).collect();
    if words.len() != unwrapped.words.len() || !command.redirects.is_empty() {
        return false;
    }
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let pairs = |name: &str, values: &[&str]| {
        words.iter().any(|word| {
            word.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('='))
                .is_some_and(|value| values.contains(&value))
        }) || words
            .windows(2)
            .any(|pair| matches!(pair, [flag, value] if *flag == name && values.contains(value)))
    };
    words.starts_with(&["aws", "sts", "get-caller-identity"])
        && pairs("--query", &["Account", "'Account'"])
        && pairs("--output", &["text"])
        && !words.iter().any(|word| word.starts_with("--endpoint") || word.starts_with("--profile"))
}

fn identity(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    match aws.call.output {
        Output::Screen => Ok(Answer::Absorb(
            "Holdpoint asserts the account and role of the target before each step that changes something"
                .to_owned(),
        )),
        Output::Searched { .. } | Output::Variable(_) => {
            aws.shown_only()?;
            keep("its output is needed")
        }
    }
}

fn secret(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    let name = aws.options.needed("--secret-id")?;
    own(aws.call, &name)?;
    let mut draft =
        Draft::of("secrets.check", format!("secret_{}", name.rsplit(['/', ':']).next().unwrap_or("there")))
            .with("secrets", json!([name]));
    draft.sets = None;
    aws.shown_only()?;
    let said = aws.call.scene.said(1);
    if !said.is_empty() && !said.all().to_lowercase().contains("exist") {
        return keep("what should come of it is said in words that no check knows");
    }
    Ok(draft.into())
}

fn database(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    let options = &aws.options;
    let (member, name) = match options.one("--db-instance-identifier") {
        Some(name) => ("database", name.to_owned()),
        None => ("cluster", options.needed("--db-cluster-identifier")?),
    };
    own(aws.call, &name)?;
    let said = aws.call.scene.said(1);
    let all = said.all().to_lowercase();
    if !all.contains("available") || all.contains("unavailable") || all.contains("not available") {
        return keep("it shows a database; nothing says which state it must be in");
    }
    Ok(Draft::of("rds.check", format!("database_{name}"))
        .with(member, name)
        .expects("status", Some("available"))
        .expects("version", said.word_after("EngineVersion"))
        .into())
}

/// A statement that only reads is a look at the schema, with its rows as an output.
fn statement(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    let options = &aws.options;
    let (cluster, secret) = (options.needed("--resource-arn")?, options.needed("--secret-arn")?);
    let sql = options.needed("--sql")?;
    own(aws.call, &cluster)?;
    own(aws.call, &secret)?;
    if let Err(why) = crate::sql::only_reads(&sql) {
        return keep(format!("its statement is not sure to only read: {why}"));
    }
    // `arn:aws:rds:eu-west-1:111122223333:cluster:orders`
    let Some((_, name)) = cluster.split_once(":cluster:").filter(|(_, name)| !name.contains("{{")) else {
        return keep("its `--resource-arn` is not the ARN of a cluster");
    };
    if !aws.call.scene.said(1).is_empty() {
        return keep("what should come of it is said in words that no check knows");
    }
    let draft = Draft::of("schema.check", format!("tables_{name}"))
        .with("cluster", name.to_owned())
        .with("secret", secret)
        .with("sql", sql);
    let draft = match options.one("--database") {
        Some(database) => draft.with("database", database.to_owned()),
        None => draft,
    };
    Ok(match options.one("--schema") {
        Some(schema) => draft.with("schema", schema.to_owned()),
        None => draft,
    }
    .into())
}

fn subnets(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    let ids = aws.options.all("--subnet-ids");
    if ids.is_empty() || !aws.call.scene.said(1).is_empty() {
        return keep("it shows subnets; what they must be is said in words that no check knows");
    }
    // The command says nothing of databases, which the check would look for by itself.
    Ok(Draft::of("network.check", "subnets")
        .with("subnets", json!(ids))
        .expects("no_public_database", Some(false))
        .into())
}
