"""ECS Express Mode: a service for the web from an image and two roles."""

import json
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import until
from test_rollout import ended
from test_wire import Watch

ROLES = {
    "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
    "infrastructureRoleArn": "arn:aws:iam::111122223333:role/infrastructure",
}


def create(ecs, **more):
    container = {"image": "registry.example/web:1.0", "containerPort": 8080, "environment": [{"name": "MODE", "value": "live"}]}
    asked = {**ROLES, "serviceName": "web", "primaryContainer": container, "healthCheckPath": "/health"}
    return ecs.create_express_gateway_service(**{**asked, **more})["service"]


def express(ecs, arn):
    return ecs.describe_express_gateway_service(serviceArn=arn)["service"]


def behind(ecs):
    return ecs.describe_services(cluster="default", services=["web"])["services"][0]


def test_from_creation_to_deletion(simulator):
    sim = simulator(world={})
    watch = Watch()
    ecs = watch(sim.client("ecs"))
    made = create(ecs, tags=[{"key": "team", "value": "orders"}])
    assert made["status"]["statusCode"] == "ACTIVE"
    assert made["serviceArn"].endswith("service/default/web")
    [configuration] = made["activeConfigurations"]
    assert (configuration["cpu"], configuration["memory"], configuration["healthCheckPath"]) == ("256", "512", "/health")
    assert configuration["scalingTarget"]["minTaskCount"] == 1
    [path] = configuration["ingressPaths"]
    assert path["accessType"] == "PUBLIC" and path["endpoint"].startswith("https://web-")
    service = behind(ecs)
    assert (service["resourceManagementType"], service["deploymentConfiguration"]["strategy"]) == ("ECS", "CANARY")
    assert ended(ecs, service)["status"] == "SUCCESSFUL"
    host = path["endpoint"].removeprefix("https://").rstrip("/")
    with urllib.request.urlopen(f"{sim.endpoint}/_host/{host}/", timeout=5) as answer:
        assert json.load(answer)["image"] == "registry.example/web:1.0"
    group = configuration["primaryContainer"]["awsLogsConfiguration"]["logGroup"]
    assert sim.client("logs").filter_log_events(logGroupName=group)["events"]
    updated = ecs.update_express_gateway_service(serviceArn=made["serviceArn"], primaryContainer={"image": "registry.example/web:1.1"})["service"]
    target = updated["targetConfiguration"]
    assert target["primaryContainer"]["image"] == "registry.example/web:1.1"
    # What was not given stays.
    assert target["primaryContainer"]["containerPort"] == 8080 and target["primaryContainer"]["environment"]
    assert target["taskDefinitionArn"] != configuration["taskDefinitionArn"]
    assert len(express(ecs, made["serviceArn"])["activeConfigurations"]) == 2
    assert ended(ecs, behind(ecs))["status"] == "SUCCESSFUL"
    assert len(express(ecs, made["serviceArn"])["activeConfigurations"]) == 1
    gone = ecs.delete_express_gateway_service(serviceArn=made["serviceArn"])["service"]
    assert gone["status"]["statusCode"] == "DRAINING"
    assert until(lambda: express(ecs, made["serviceArn"])["status"]["statusCode"] == "INACTIVE")
    assert create(ecs)["status"]["statusCode"] == "ACTIVE"
    assert watch.found == []


def test_an_update_that_fails_is_rolled_back(simulator):
    sim = simulator(world={})
    ecs = sim.client("ecs")
    made = create(ecs)
    assert ended(ecs, behind(ecs))["status"] == "SUCCESSFUL"
    sim.admin("POST", "behave", {"incidents": [{"stage": "BAKE_TIME", "after": 5, "alarms": ["*"]}]})
    ecs.update_express_gateway_service(serviceArn=made["serviceArn"], primaryContainer={"image": "registry.example/web:1.1"})
    done = ended(ecs, behind(ecs))
    assert (done["status"], done["alarms"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert until(lambda: len(express(ecs, made["serviceArn"])["activeConfigurations"]) == 1)
    [configuration] = express(ecs, made["serviceArn"])["activeConfigurations"]
    assert configuration["primaryContainer"]["image"] == "registry.example/web:1.0"


def test_scaling_alone_deploys_nothing(simulator):
    ecs = simulator(world={}).client("ecs")
    made = create(ecs)
    assert ended(ecs, behind(ecs))["status"] == "SUCCESSFUL"
    before = behind(ecs)["currentServiceDeployment"]
    ecs.update_express_gateway_service(serviceArn=made["serviceArn"], scalingTarget={"minTaskCount": 3})
    assert until(lambda: behind(ecs)["runningCount"] == 3)
    assert behind(ecs)["currentServiceDeployment"] == before


def test_what_is_refused(simulator):
    ecs = simulator(world={}).client("ecs")

    def refused(call, **arguments):
        with pytest.raises(ClientError) as refusal:
            call(**arguments)
        return refusal.value.response["Error"]

    for more, code, said in [
        ({"primaryContainer": {"image": ""}}, "InvalidParameterException", "image"),
        ({"infrastructureRoleArn": "infrastructure"}, "InvalidParameterException", "infrastructureRoleArn"),
        ({"healthCheckPath": "health"}, "InvalidParameterException", "forward slash"),
        ({"cpu": "300"}, "InvalidParameterException", "No Fargate configuration"),
        ({"taskDefinitionArn": "web:1"}, "InvalidParameterException", "together with taskDefinitionArn"),
        ({"cluster": "other"}, "ClusterNotFoundException", ""),
        ({"scalingTarget": {"minTaskCount": 3, "maxTaskCount": 2}}, "InvalidParameterException", "minTaskCount"),
    ]:
        error = refused(create, ecs=ecs, **more)
        assert error["Code"] == code and said in error["Message"], error
    nothing = "arn:aws:ecs:eu-west-1:111122223333:service/default/web"
    assert refused(ecs.describe_express_gateway_service, serviceArn=nothing)["Code"] == "ResourceNotFoundException"
    assert refused(ecs.update_express_gateway_service, serviceArn=nothing)["Code"] == "ServiceNotFoundException"
    create(ecs)
    assert "not idempotent" in refused(create, ecs=ecs)["Message"]
