//! Codes of defects in deployments, ways back and Terraform.

use super::{Chapter, NOTE, WARNING, WARNING_OR_NOTE, spec};

pub(super) const DEPLOYMENTS: Chapter = Chapter {
    title: "Deployments and ways back",
    lint: true,
    codes: &[
        spec(
            "old-revision",
            WARNING_OR_NOTE,
            "A deployment after a new revision was registered that does not name it.",
            "Without a task definition ECS starts the revision that the service has already: the new one is never deployed.",
            "Add `--task-definition`, or in a step `task_definition: \"{{ steps.register.outputs.task_definition }}\"`. After a `terraform apply` it is a note: see whether Terraform moves the service itself.",
            "aws ecs register-task-definition --family api --cli-input-json file://api.json\naws ecs update-service --cluster shop --service api --force-new-deployment",
        ),
        spec(
            "previous-revision",
            WARNING,
            "The newest active revision is taken for the one that ran before.",
            "A family without a number is its newest active revision: after a bad deployment, the bad one.",
            "Note `services[0].taskDefinition` of the service before the first change; `to: pinned` does.",
            "PREVIOUS=$(aws ecs describe-task-definition --task-definition api --query taskDefinition.revision)",
        ),
        spec(
            "wait-proves-nothing",
            WARNING_OR_NOTE,
            "A sign of the end that is there from the beginning.",
            "A new deployment is `PRIMARY` at once, and the counts are equal while the old tasks still run.",
            "Look for `rolloutState` `COMPLETED` of the deployment with the new task definition; `ecs.wait` and `ecs.deploy` do.",
            "aws ecs describe-services --cluster shop --services api\n# Expected: \"status\": \"PRIMARY\"",
        ),
        spec(
            "stable-is-not-new",
            NOTE,
            "`services-stable` after a deployment, and nothing looks at which revision runs.",
            "A service that ECS has rolled back is stable, too.",
            "Compare the service's task definition with what was deployed.",
            "aws ecs update-service --cluster shop --service api --task-definition api:12\naws ecs wait services-stable --cluster shop --services api",
        ),
        spec(
            "sleep-as-wait",
            NOTE,
            "A wait for the clock and not for what should happen.",
            "Too short on a bad day, too long on a good one.",
            "Wait for the thing itself: `ecs.wait`, `apprunner.wait`, an `http.check` with a timeout.",
            "sleep 180",
        ),
        spec(
            "endless",
            WARNING_OR_NOTE,
            "A command that follows something until somebody stops it.",
            "A step with it never ends.",
            "Leave the flag out, or use `logs.expect`.",
            "aws logs tail /ecs/api --follow",
        ),
        spec(
            "half-a-set",
            WARNING_OR_NOTE,
            "A way back for some of the services that change together.",
            "With one of two at the old version, work is done twice, or by nobody.",
            "Write one way back for all of them, in order. A note where other sections take back the rest.",
            "## Rollback\n\n    aws ecs update-service --cluster shop --service api --task-definition api:11\n\n(and nothing about the worker)",
        ),
        spec(
            "rollback-behind-terraform",
            WARNING,
            "A way back by hand for what Terraform manages.",
            "Terraform does not know of it, and its next `apply` brings the bad version back.",
            "Put the old version into the configuration as part of the way back.",
            "terraform apply tfplan … and under Rollback: aws ecs update-service --task-definition api:11",
        ),
        spec(
            "log-group",
            WARNING,
            "A log group that cannot exist.",
            "App Runner puts the service's id behind its name, and CloudWatch Logs takes only letters, digits and `.-_/#`.",
            "Write `/aws/apprunner/<name>/<service id>/service` (or `/application`).",
            "aws logs tail /aws/apprunner/shop-backend/service",
        ),
        spec(
            "query-editor",
            WARNING,
            "The query editor of RDS, and no word about the Data API.",
            "It works only for Aurora with the Data API switched on; for any other database there is nothing to choose.",
            "Look at `HttpEndpointEnabled`, or run the SQL by a task inside of the VPC (`ecs.run_task`).",
            "Open the RDS query editor and run the migration.",
        ),
        spec(
            "database-open",
            WARNING_OR_NOTE,
            "The port of a database is opened to the internet, or the database itself is made public. A note where it is one site's addresses.",
            "What is opened for a migration is forgotten open; scanners find it within minutes (SOC 2 CC6.6, ISO 27001 A.8.20).",
            "Allow the security group of who needs it; do the work inside of the VPC (`ecs.run_task`), and let `network.check` hold it.",
            "aws ec2 authorize-security-group-ingress --group-id sg-0db --protocol tcp --port 5432 --cidr 0.0.0.0/0",
        ),
    ],
};

pub(super) const TERRAFORM: Chapter = Chapter {
    title: "Terraform",
    lint: true,
    codes: &[
        spec(
            "unreviewed-apply",
            WARNING,
            "`terraform apply` without the reviewed plan file, or with `-auto-approve`.",
            "It makes a new plan and applies that one: between review and apply the world has moved.",
            "`plan -out=tfplan`, review, `apply tfplan`; or `terraform.plan` and `terraform.apply`.",
            "terraform plan -var-file=prod.tfvars\nterraform apply -var-file=prod.tfvars",
        ),
        spec(
            "task-definition-in-place",
            WARNING,
            "A plan that expects a task definition to be changed in place.",
            "Task definitions are immutable: Terraform says `-/+`, and a reader who was told `~` is alarmed, or no longer looks.",
            "Expect a replacement for it, and no destroyed service.",
            "# ~ aws_ecs_task_definition.api (will be updated)",
        ),
        spec(
            "skip-destroy",
            WARNING,
            "A task definition of Terraform without `skip_destroy`.",
            "When it is replaced the old revision is deregistered, which a rollback would need.",
            "Write `skip_destroy = true` into it.",
            "resource \"aws_ecs_task_definition\" \"api\" {\n  family = \"api\"\n}",
        ),
    ],
};
