//! App Runner.

use super::Call;
use super::aws::{Aws, Operation, own};
use super::aws_deployment::tags;
use super::flags::Flag;
use super::flags::Takes::{Many, One};
use super::shorthand::{Members, structure};
use super::verdict::{Answer, Draft, Keep, keep};
use serde_json::Value;

const SERVICE: &[Flag] = &[("--service-arn", One)];

pub(crate) const ALL: &[Operation] = &[
    Operation { service: "apprunner", name: "start-deployment", flags: SERVICE, lift: act },
    Operation { service: "apprunner", name: "pause-service", flags: SERVICE, lift: act },
    Operation { service: "apprunner", name: "resume-service", flags: SERVICE, lift: act },
    Operation { service: "apprunner", name: "delete-service", flags: SERVICE, lift: act },
    Operation { service: "apprunner", name: "describe-service", flags: SERVICE, lift: describe },
    Operation {
        service: "apprunner",
        name: "update-service",
        flags: &[
            ("--service-arn", One),
            ("--auto-scaling-configuration-arn", One),
            ("--instance-configuration", One),
            ("--health-check-configuration", One),
            ("--source-configuration", One),
            ("--network-configuration", One),
        ],
        lift: update,
    },
    Operation {
        service: "apprunner",
        name: "create-service",
        flags: &[
            ("--service-name", One),
            ("--source-configuration", One),
            ("--instance-configuration", One),
            ("--health-check-configuration", One),
            ("--auto-scaling-configuration-arn", One),
            ("--network-configuration", One),
            ("--tags", Many),
        ],
        lift: create,
    },
];

fn act(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    let service = service(aws)?;
    let (uses, verb) = match aws.name {
        "start-deployment" => ("apprunner.deploy", "deploy"),
        "pause-service" => ("apprunner.pause", "pause"),
        "resume-service" => ("apprunner.resume", "resume"),
        _ => ("apprunner.delete", "delete"),
    };
    Ok(Draft::of(uses, format!("{verb}_{}", short(&service))).with("service", service).into())
}

fn describe(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    let service = service(aws)?;
    let mut draft =
        Draft::of("apprunner.check", format!("check_{}", short(&service))).with("service", service);
    if let Some(sets) = aws.captured(&[
        ("Service.ServiceUrl", "host"),
        ("Service.Status", "status"),
        ("Service.ServiceId", "service_id"),
        ("Service.ServiceArn", "service_arn"),
    ])? {
        draft.name = super::values::var_name(&sets.0);
        draft.sets = Some(sets);
        return Ok(draft.into());
    }
    aws.shown_only()?;
    let said = aws.call.scene.said(1);
    let all = said.all();
    let mut status = None;
    for word in ["RUNNING", "PAUSED", "CREATE_FAILED", "OPERATION_IN_PROGRESS", "DELETED"] {
        if all.contains(word) && status.replace(word).is_some() {
            return keep("several states will do, and a check knows one");
        }
    }
    if status.is_none() && !said.is_empty() {
        return keep("what should come of it is said in words that no check knows");
    }
    Ok(draft.expects("status", status).into())
}

fn update(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    let options = &aws.options;
    options.refuse(
        &["--source-configuration", "--network-configuration"],
        "gives the whole of a configuration; `apprunner.update` changes what it names and leaves the rest",
    )?;
    let service = service(aws)?;
    let mut draft =
        Draft::of("apprunner.update", format!("update_{}", short(&service))).with("service", service);
    if let Some(text) = options.one("--instance-configuration") {
        draft = instance(draft, text, true)?;
    }
    if let Some(text) = options.one("--health-check-configuration") {
        draft = health(draft, text, true)?;
    }
    let draft = draft.maybe("auto_scaling", scaling(aws)?);
    if draft.with.len() < 2 {
        return keep("it changes nothing");
    }
    Ok(draft.into())
}

fn create(aws: &Aws<'_, '_, '_>) -> Result<Answer, Keep> {
    aws.shown_only()?;
    const FLAG: &str = "--source-configuration";
    let options = &aws.options;
    let name = options.needed("--service-name")?;
    let mut source = Members::of(FLAG, structure(FLAG, &options.needed(FLAG)?)?)?;
    let Some(mut image) = source.inner("ImageRepository")? else {
        return keep("it builds from a repository of code, and `apprunner.create` takes an image");
    };
    let Some(identifier) = image.text("ImageIdentifier")? else { return keep("it names no image") };
    let kind = image.text("ImageRepositoryType")?;
    // AWS deploys pushed images by itself where nothing else is said; the kind does not.
    let auto_deploy = match source.flag("AutoDeploymentsEnabled")? {
        Some(flag) => flag,
        None => {
            return keep(
                "it does not say whether a pushed image is deployed by itself, and AWS's answer depends on the image",
            );
        }
    };
    let mut draft = Draft::of("apprunner.create", format!("create_{}", short(&name)))
        .with("name", name)
        .with("image", identifier)
        .maybe("image_type", kind)
        .with("auto_deploy", auto_deploy);
    if let Some(mut configuration) = image.inner("ImageConfiguration")? {
        draft = draft
            .maybe("port", configuration.number("Port")?)
            .maybe("start_command", configuration.text("StartCommand")?);
        for (from, to) in
            [("RuntimeEnvironmentVariables", "environment"), ("RuntimeEnvironmentSecrets", "secrets")]
        {
            if let Some(value) = configuration.value(from) {
                let Value::Object(map) = value else { return keep(format!("`{from}` is no structure")) };
                if let Some((name, _)) =
                    map.iter().find(|(name, _)| to == "environment" && super::values::is_secret(name))
                {
                    return keep(format!("`{name}` is a secret that stands in the text"));
                }
                draft = draft.with(to, map);
            }
        }
        configuration.done()?;
    }
    image.done()?;
    if let Some(mut access) = source.inner("AuthenticationConfiguration")? {
        draft = draft.maybe("access_role", access.text("AccessRoleArn")?);
        access.done()?;
    }
    source.done()?;
    if let Some(text) = options.one("--instance-configuration") {
        draft = instance(draft, text, false)?;
    }
    if let Some(text) = options.one("--health-check-configuration") {
        draft = health(draft, text, false)?;
    }
    if let Some(text) = options.one("--network-configuration") {
        draft = network(draft, text)?;
    }
    Ok(draft
        .maybe("auto_scaling", scaling(aws)?)
        .maybe("tags", tags(&options.all("--tags"), "Key", "Value")?)
        .into())
}

fn instance(draft: Draft, text: &str, whole: bool) -> Result<Draft, Keep> {
    const FLAG: &str = "--instance-configuration";
    let mut from = Members::of(FLAG, structure(FLAG, text)?)?;
    let (cpu, memory, role) = (from.text("Cpu")?, from.text("Memory")?, from.text("InstanceRoleArn")?);
    from.done()?;
    if whole && (cpu.is_none() || memory.is_none() || role.is_none()) {
        return keep(format!("what AWS makes of members that `{FLAG}` leaves out is not known"));
    }
    Ok(draft.maybe("cpu", cpu).maybe("memory", memory).maybe("instance_role", role))
}

fn health(draft: Draft, text: &str, whole: bool) -> Result<Draft, Keep> {
    const FLAG: &str = "--health-check-configuration";
    let mut from = Members::of(FLAG, structure(FLAG, text)?)?;
    let mut health = Draft::default()
        .maybe("protocol", from.text("Protocol")?)
        .maybe("path", from.text("Path")?)
        .maybe("interval", from.text("Interval")?.map(|seconds| format!("{seconds}s")))
        .maybe("timeout", from.text("Timeout")?.map(|seconds| format!("{seconds}s")))
        .maybe("healthy", from.number("HealthyThreshold")?)
        .maybe("unhealthy", from.number("UnhealthyThreshold")?)
        .with;
    from.done()?;
    if whole && health.len() < 6 {
        return keep(format!("what AWS makes of members that `{FLAG}` leaves out is not known"));
    }
    // AWS connects where nothing else is said; the kind asks for the path that is named.
    if !health.contains_key("protocol") {
        health.insert("protocol".into(), "TCP".into());
    }
    Ok(draft.with("health", health))
}

fn network(draft: Draft, text: &str) -> Result<Draft, Keep> {
    const FLAG: &str = "--network-configuration";
    let mut from = Members::of(FLAG, structure(FLAG, text)?)?;
    let mut draft = draft;
    if let Some(mut egress) = from.inner("EgressConfiguration")? {
        let (kind, connector) = (egress.text("EgressType")?, egress.text("VpcConnectorArn")?);
        egress.done()?;
        match (kind.as_deref(), connector) {
            (Some("VPC"), Some(arn)) => draft = draft.with("vpc_connector", arn),
            (Some("DEFAULT"), None) => {}
            _ => return keep(format!("`{FLAG}` does not say plainly where connections go out")),
        }
    }
    if let Some(mut ingress) = from.inner("IngressConfiguration")? {
        draft = draft.maybe("public", ingress.flag("IsPubliclyAccessible")?);
        ingress.done()?;
    }
    draft = draft.maybe("ip_type", from.text("IpAddressType")?);
    from.done()?;
    Ok(draft)
}

fn scaling(aws: &Aws<'_, '_, '_>) -> Result<Option<String>, Keep> {
    let arn = aws.options.one("--auto-scaling-configuration-arn").map(str::to_owned);
    if let Some(arn) = &arn {
        own(aws.call, arn)?;
    }
    Ok(arn)
}

fn service(aws: &Aws<'_, '_, '_>) -> Result<String, Keep> {
    let arn = aws.options.needed("--service-arn")?;
    own(aws.call, &arn)?;
    Ok(whole(aws.call, arn))
}

/// An ARN that is cut short by dots is to be filled in.
fn whole(call: &Call<'_, '_>, arn: String) -> String {
    if arn.ends_with("...") || arn.ends_with('…') { call.values().placeholder("service-arn") } else { arn }
}

/// The name of a service in its ARN.
fn short(arn: &str) -> String {
    match arn.split(":service/").nth(1) {
        Some(rest) => rest.split('/').next().unwrap_or(rest).to_owned(),
        None => arn.to_owned(),
    }
}
