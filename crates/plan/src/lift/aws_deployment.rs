//! Structures of ECS that services and tasks share: how deployments go, network, load balancers, tags.

use super::shorthand::{Members, structure, structures};
use super::verdict::{Keep, keep};
use serde_json::{Map, Value, json};

/// `--deployment-configuration`.
pub(crate) fn deployment(text: &str) -> Result<Value, Keep> {
    const FLAG: &str = "--deployment-configuration";
    let mut from = Members::of(FLAG, structure(FLAG, text)?)?;
    let mut rules = Map::new();
    put(&mut rules, "minimum_healthy_percent", from.number("minimumHealthyPercent")?);
    put(&mut rules, "maximum_percent", from.number("maximumPercent")?);
    if let Some(mut breaker) = from.inner("deploymentCircuitBreaker")? {
        let mut written = Map::new();
        let (Some(enable), Some(rollback)) = (breaker.flag("enable")?, breaker.flag("rollback")?) else {
            return keep("the circuit breaker says not both, `enable` and `rollback`");
        };
        written.insert("enable".into(), enable.into());
        written.insert("rollback".into(), rollback.into());
        if let Some(mut threshold) = breaker.inner("thresholdConfiguration")? {
            let kind = threshold.text("type")?;
            let value = threshold.number("value")?;
            threshold.done()?;
            written.insert("threshold".into(), json!({ "type": kind, "value": value }));
        }
        put(&mut written, "reset_on_healthy_task", breaker.flag("resetOnHealthyTask")?);
        breaker.done()?;
        rules.insert("circuit_breaker".into(), written.into());
    }
    put(&mut rules, "strategy", from.text("strategy")?);
    put(&mut rules, "bake", from.text("bakeTimeInMinutes")?.map(|minutes| format!("{minutes}m")));
    if let Some(mut alarms) = from.inner("alarms")? {
        let names = alarms.list("alarmNames")?.unwrap_or_default();
        let (Some(enable), Some(rollback)) = (alarms.flag("enable")?, alarms.flag("rollback")?) else {
            return keep("the alarms say not both, `enable` and `rollback`");
        };
        alarms.done()?;
        rules.insert("alarms".into(), json!({ "names": names, "enable": enable, "rollback": rollback }));
    }
    from.done()?;
    Ok(rules.into())
}

/// `--network-configuration`.
pub(crate) fn network(text: &str) -> Result<Value, Keep> {
    const FLAG: &str = "--network-configuration";
    let mut from = Members::of(FLAG, structure(FLAG, text)?)?;
    let Some(mut vpc) = from.inner("awsvpcConfiguration")? else {
        return keep(format!("`{FLAG}` has no `awsvpcConfiguration`"));
    };
    from.done()?;
    let mut written = Map::new();
    let subnets = vpc.list("subnets")?.unwrap_or_default();
    if subnets.is_empty() {
        return keep(format!("`{FLAG}` names no subnets"));
    }
    let groups = vpc.list("securityGroups")?;
    if subnets.iter().chain(groups.iter().flatten()).any(|id| id.contains([' ', ',']) || id.is_empty()) {
        return keep(format!("a list in `{FLAG}` is no list of ids"));
    }
    written.insert("subnets".into(), json!(subnets));
    put(&mut written, "security_groups", groups);
    match vpc.text("assignPublicIp")?.as_deref() {
        Some("ENABLED") => written.insert("assign_public_ip".into(), true.into()),
        Some("DISABLED") | None => None,
        Some(_) => return keep("whether tasks get a public address is only known when it runs"),
    };
    vpc.done()?;
    Ok(written.into())
}

/// `--load-balancers`.
pub(crate) fn load_balancers(words: &[String]) -> Result<Value, Keep> {
    const FLAG: &str = "--load-balancers";
    let mut list = Vec::new();
    for one in structures(FLAG, words)? {
        let mut from = Members::of(FLAG, one)?;
        let (Some(group), Some(container), Some(port)) =
            (from.text("targetGroupArn")?, from.text("containerName")?, from.number("containerPort")?)
        else {
            return keep(format!("`{FLAG}` names no target group, container and port"));
        };
        from.done()?;
        list.push(json!({ "target_group": group, "container": container, "port": port }));
    }
    Ok(list.into())
}

/// `--tags key=…,value=…`.
pub(crate) fn tags(words: &[String], key: &str, value: &str) -> Result<Option<Value>, Keep> {
    if words.is_empty() {
        return Ok(None);
    }
    let mut map = Map::new();
    for one in structures("--tags", words)? {
        let mut from = Members::of("--tags", one)?;
        let (Some(name), Some(text)) = (from.text(key)?, from.text(value)?) else {
            return keep("a tag has no key or no value");
        };
        from.done()?;
        map.insert(name, text.into());
    }
    Ok(Some(map.into()))
}

fn put(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}
