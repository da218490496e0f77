//! Names that AWS will refuse, found before it is asked.

use super::hcl;
use super::scene::{Scene, plain};
use crate::findings::Findings;
use crate::{Edit, Fix, Severity, Span, limits};

/// Operations of the AWS CLI that give a name: service, operation, option, the rule for it.
const GIVEN: [(&str, &str, &str, &str); 19] = [
    ("ecs", "create-cluster", "--cluster-name", "ecs.cluster"),
    ("ecs", "create-service", "--service-name", "ecs.service"),
    ("ecs", "register-task-definition", "--family", "ecs.task_definition"),
    ("apprunner", "create-service", "--service-name", "apprunner.service"),
    (
        "apprunner",
        "create-auto-scaling-configuration",
        "--auto-scaling-configuration-name",
        "apprunner.auto_scaling",
    ),
    ("apprunner", "create-vpc-connector", "--vpc-connector-name", "apprunner.vpc_connector"),
    ("elbv2", "create-load-balancer", "--name", "elb.load_balancer"),
    ("elbv2", "create-target-group", "--name", "elb.target_group"),
    ("ecr", "create-repository", "--repository-name", "ecr.repository"),
    ("iam", "create-role", "--role-name", "iam.role"),
    ("iam", "create-policy", "--policy-name", "iam.policy"),
    ("iam", "create-instance-profile", "--instance-profile-name", "iam.instance_profile"),
    ("secretsmanager", "create-secret", "--name", "secrets.secret"),
    ("s3api", "create-bucket", "--bucket", "s3.bucket"),
    ("rds", "create-db-instance", "--db-instance-identifier", "rds.instance"),
    ("rds", "create-db-cluster", "--db-cluster-identifier", "rds.cluster"),
    ("lambda", "create-function", "--function-name", "lambda.function"),
    ("dynamodb", "create-table", "--table-name", "dynamodb.table"),
    ("logs", "create-log-group", "--log-group-name", "logs.group"),
];

/// Kinds of step that give a name: kind, JSON pointer into `with`, the rule for it.
const TYPED: [(&str, &str, &str); 6] = [
    ("ecs.create", "/service", "ecs.service"),
    ("ecs.register", "/definition/family", "ecs.task_definition"),
    ("express.deploy", "/name", "ecs.service"),
    ("apprunner.create", "/name", "apprunner.service"),
    ("apprunner.create", "/auto_scaling/name", "apprunner.auto_scaling"),
    ("apprunner.create", "/vpc_connector/name", "apprunner.vpc_connector"),
];

pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings<'_>) {
    for call in &scene.calls {
        let Some((service, operation)) = call.aws() else { continue };
        for (_, _, option, rule) in GIVEN.iter().filter(|given| (given.0, given.1) == (service, operation)) {
            if let Some(arg) = call.option(option).filter(|arg| arg.known) {
                // With a variable in it the place holds its name, which is not to be replaced.
                let written = scene.text.get(arg.span.start..arg.span.end) == Some(arg.text.as_str());
                judge(rule, &arg.text, arg.span, written, findings);
            }
        }
        if (service, operation) == ("s3", "mb")
            && let Some(arg) = call.bare().nth(2).filter(|arg| arg.known)
            && let Some(bucket) = arg.text.strip_prefix("s3://")
        {
            judge("s3.bucket", bucket.trim_end_matches('/'), arg.span, false, findings);
        }
    }
    for (_, draft) in scene.typed() {
        let action = &draft.step.action;
        for (_, pointer, rule) in TYPED.iter().filter(|typed| typed.0 == action.uses) {
            let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
            let Some(name) = action.with.pointer(parent).and_then(|value| plain(value, key)) else {
                continue;
            };
            judge(rule, name, scene.place(draft, name), false, findings);
        }
    }
    for resource in hcl::resources(scene) {
        for rule in limits::rules_of_terraform(&resource.kind) {
            let named = resource.attributes.iter().filter(|attribute| attribute.name == rule.terraform.1);
            for (attribute, name) in
                named.filter_map(|attribute| Some((attribute, attribute.text.as_deref()?)))
            {
                judge(rule.kind, name, attribute.span, false, findings);
            }
        }
    }
}

fn judge(rule: &str, name: &str, span: Span, written: bool, findings: &mut Findings<'_>) {
    if name.contains(['<', '>', '$', '{']) {
        return;
    }
    let Some(unfit) = limits::rule(rule).and_then(|rule| rule.check(name).err()) else { return };
    let fix = unfit.proposal.as_ref().filter(|_| written).map(|proposal| Fix {
        title: format!("Write `{proposal}`"),
        edits: vec![Edit::replace(span, proposal.clone())],
    });
    findings.add(
        Severity::Warning,
        "name-limit",
        span,
        format!("AWS will refuse this name ({rule}): {}", unfit.why),
        unfit.proposal.map(|proposal| format!("`{proposal}` would do; change it wherever it is used.")),
        fix,
    );
}
