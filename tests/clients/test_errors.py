"""Mistakes are answered as AWS answers them."""

import pytest
from botocore.exceptions import ClientError
from worlds import GROUP, NETWORK, standing, task_definition

SECRET = [{"name": "DATABASE_URL", "valueFrom": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders/db"}]
CHECK = {"command": ["CMD-SHELL", "curl -f http://localhost:8080/health"]}
MISTAKES = [
    ("describe_services", {"cluster": "none", "services": ["api"]}, "ClusterNotFoundException", "Cluster not found."),
    ("update_service", {"cluster": "main", "service": "none"}, "ServiceNotFoundException", "Service not found."),
    ("update_service", {"cluster": "main", "service": "api", "taskDefinition": "none"}, "ClientException", "TaskDefinition not found."),
    ("update_service", {"cluster": "main", "service": "api", "taskDefinition": "old:1"}, "ClientException", "TaskDefinition is inactive"),
    ("delete_service", {"cluster": "main", "service": "api"}, "InvalidParameterException", "The service cannot be stopped while it is scaled above 0."),
    ("describe_task_definition", {"taskDefinition": "none"}, "ClientException", "Unable to describe task definition."),
    ("create_service", {"cluster": "main", "serviceName": "api", "taskDefinition": "api", "desiredCount": 1, "networkConfiguration": NETWORK},
     "InvalidParameterException", "Creation of service was not idempotent."),
    ("create_service", {"cluster": "main", "serviceName": "web", "taskDefinition": "api", "desiredCount": 1},
     "InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified."),
    ("stop_task", {"cluster": "main", "task": "0" * 32}, "InvalidParameterException", "The referenced task was not found."),
    ("list_tasks", {"cluster": "main", "serviceName": "none"}, "ServiceNotFoundException", "Service not found."),
    ("deregister_task_definition", {"taskDefinition": "api"}, "ClientException", "Task definition revision must be specified."),
    ("register_task_definition", {**task_definition(), "cpu": "300"}, "ClientException",
     "No Fargate configuration exists for given values: 300 CPU, 512 memory. See the Amazon ECS documentation for the valid values."),
    ("register_task_definition", {**task_definition(), "networkMode": "bridge"}, "ClientException", "Fargate only supports network mode 'awsvpc'."),
    ("register_task_definition", {**task_definition(), "family": "a b"}, "ClientException", "Family contains invalid characters."),
    ("register_task_definition", {**task_definition(secrets=SECRET), "executionRoleArn": ""}, "ClientException",
     "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."),
    ("register_task_definition", task_definition(secrets=[{"name": "VERSION", "valueFrom": SECRET[0]["valueFrom"]}]), "ClientException",
     "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'VERSION'."),
    ("register_task_definition", task_definition(secrets=SECRET * 2), "ClientException",
     "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'DATABASE_URL'."),
    ("register_task_definition", task_definition(healthCheck={"command": []}), "ClientException",
     "Health check command should not be null or empty."),
    ("register_task_definition", task_definition(healthCheck={"command": ["CMD-SHELL", ""]}), "ClientException",
     "Health check command should not be null or empty."),
    ("register_task_definition", task_definition(healthCheck={**CHECK, "startPeriod": 301}), "ClientException",
     "Health check startPeriod must be between 0 and 300: 301"),
    ("register_task_definition", task_definition(healthCheck={**CHECK, "interval": 4}), "ClientException",
     "Health check interval must be between 5 and 300: 4"),
    ("register_task_definition", task_definition(healthCheck={**CHECK, "timeout": 61}), "ClientException",
     "Health check timeout must be between 2 and 60: 61"),
    ("register_task_definition", task_definition(healthCheck={**CHECK, "retries": 0}), "ClientException",
     "Health check retries must be between 1 and 10: 0"),
    ("update_service", {"cluster": "main", "service": "api", "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}},
     "InvalidParameterException", "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."),
    ("update_service", {"cluster": "main", "service": "api", "deploymentConfiguration": {"minimumHealthyPercent": 200, "maximumPercent": 100}},
     "InvalidParameterException", "maximumPercent 100 leaves no room for minimumHealthyPercent 200."),
    ("create_service", {"cluster": "main", "serviceName": "web", "taskDefinition": "api", "desiredCount": 1, "networkConfiguration": NETWORK,
                        "deploymentConfiguration": {"maximumPercent": 100}},
     "InvalidParameterException", "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."),
    ("update_service", {"cluster": "main", "service": "api", "healthCheckGracePeriodSeconds": 60},
     "InvalidParameterException", "Health check grace period is only valid for services configured to use load balancers"),
    ("list_container_instances", {"cluster": "main"}, "UnknownOperationException",
     "holdpoint simulator does not implement ecs:ListContainerInstances"),
]


def test_ecs(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    ecs.register_task_definition(**task_definition("old"))
    ecs.deregister_task_definition(taskDefinition="old:1")
    for operation, members, code, message in MISTAKES:
        with pytest.raises(ClientError) as raised:
            getattr(ecs, operation)(**members)
        error = raised.value.response["Error"]
        assert (error["Code"], error["Message"]) == (code, message), operation
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_services(cluster="none")
    missing = ecs.describe_services(cluster="main", services=["api", "none"])
    assert [s["serviceName"] for s in missing["services"]] == ["api"]
    assert missing["failures"] == [
        {"arn": "arn:aws:ecs:eu-west-1:111122223333:service/main/none", "reason": "MISSING"}
    ]
    refused = [c["operation"] for c in sim.admin("GET", "record")["calls"] if c["outcome"] == "refused"]
    assert refused.count("RegisterTaskDefinition") == 12 and refused.count("UpdateService") == 6


def test_logs(simulator):
    logs = simulator(world={"log_groups": [{"name": GROUP}]}).client("logs")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log group does not exist."):
        logs.filter_log_events(logGroupName="/none")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log stream does not exist."):
        logs.get_log_events(logGroupName=GROUP, logStreamName="none")
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=GROUP)
    with pytest.raises(logs.exceptions.InvalidParameterException, match="does not implement JSON"):
        logs.filter_log_events(logGroupName=GROUP, filterPattern="{ $.level = \"ERROR\" }")
    with pytest.raises(ClientError, match="does not implement logs:StartQuery"):
        logs.start_query(logGroupName=GROUP, startTime=0, endTime=1, queryString="fields @message")


def test_other_services_are_refused_by_name(simulator):
    sim = simulator()
    for service, call, named in [
        ("ecr", "describe_pull_through_cache_rules", "ecr:DescribePullThroughCacheRules"),
        ("dynamodb", "list_tables", "DynamoDB_20120810:ListTables"),
        ("iam", "list_roles", "ListRoles"),
        ("s3", "list_buckets", "GET:/"),
    ]:
        with pytest.raises(ClientError) as raised:
            getattr(sim.client(service), call)()
        answer = raised.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501, service
        if service != "s3":  # which reads its errors as XML only
            assert named in answer["Error"]["Message"], service


def test_a_mistake_in_a_world_is_named_and_leaves_nothing(simulator):
    sim = simulator()
    for world, named in [
        ({"accounts": "1"}, "unknown field `accounts`"),
        ({"account": "12"}, "twelve digits"),
        ({"services": [{"name": "api", "task_definition": "none"}]}, "services: api: TaskDefinition not found."),
        ({"task_definitions": [{"family": "api"}]}, "task_definitions[0]: Container list cannot be empty."),
    ]:
        with pytest.raises(ValueError, match=named.replace("[", "\\[").replace("]", "\\]")):
            sim.admin("POST", "furnish", world)
    assert sim.client("ecs").list_clusters()["clusterArns"] == []
