"""RunTask: overrides, tokens, how it ends, and where a task is in the network."""

import ipaddress

import pytest
from botocore.exceptions import ClientError
from conftest import until
from worlds import GROUP, standing, task_definition

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0aa0", "subnet-0aa1"], "securityGroups": ["sg-0bb0"], "assignPublicIp": "ENABLED"}}
MIGRATES = [{
    "match": {"deployed_by": ["run_task"], "command": "alembic upgrade *"},
    "behaviour": {"logs": [{"after": 0.2, "line": "Running upgrade 41 -> 42"}], "exit": {"after": 1, "code": 0}},
}, {
    "match": {"deployed_by": ["run_task"], "command": "alembic downgrade *"},
    "behaviour": {"logs": [{"after": 0.2, "line": "Can't locate revision"}], "exit": {"after": 1, "code": 255}},
}]


def run(ecs, *command, **more):
    overrides = {"containerOverrides": [{"name": "api", "command": list(command), "environment": [{"name": "A", "value": "1"}]}]}
    return ecs.run_task(
        cluster="main", taskDefinition="api", launchType="FARGATE", networkConfiguration=NETWORK,
        overrides={**overrides, **more.pop("sizes", {})}, **more,
    )


def described(ecs, arn):
    return ecs.describe_tasks(cluster="main", tasks=[arn])["tasks"][0]


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as refusal:
        call(*arguments, **named)
    return refusal.value.response["Error"]


@pytest.mark.parametrize("way,code,line", [("upgrade", 0, "Running upgrade 41 -> 42"), ("downgrade", 255, "Can't locate revision")])
def test_a_migration_runs_to_its_end(simulator, way, code, line):
    sim = simulator(world=standing(behaviours=MIGRATES))
    ecs = sim.client("ecs")
    sizes = {"cpu": "512", "memory": "1024"}
    answer = run(ecs, "alembic", way, "head", startedBy="release-7", sizes=sizes, enableExecuteCommand=True)
    [task] = answer["tasks"]
    assert (task["startedBy"], task["group"], task["cpu"], task["memory"]) == ("release-7", "family:api", "512", "1024")
    assert task["enableExecuteCommand"] and answer["failures"] == []
    assert task["overrides"]["containerOverrides"][0]["command"] == ["alembic", way, "head"]
    ecs.get_waiter("tasks_stopped").wait(cluster="main", tasks=[task["taskArn"]], WaiterConfig={"Delay": 1})
    done = described(ecs, task["taskArn"])
    assert (done["stopCode"], done["containers"][0]["exitCode"]) == ("EssentialContainerExited", code)
    stream = f"ecs/api/{task['taskArn'].rsplit('/', 1)[1]}"
    events = sim.client("logs").get_log_events(logGroupName=GROUP, logStreamName=stream)["events"]
    assert [e["message"] for e in events] == [line]
    listed = ecs.list_tasks(cluster="main", startedBy="release-7", desiredStatus="STOPPED")["taskArns"]
    assert listed == [task["taskArn"]]


def test_a_token_runs_once(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    first = run(ecs, "true", clientToken="once", count=2)
    again = run(ecs, "true", clientToken="once", count=2)
    assert [t["taskArn"] for t in again["tasks"]] == [t["taskArn"] for t in first["tasks"]]
    assert refused(run, ecs, "false", clientToken="once", count=2)["Code"] == "ConflictException"
    other = run(ecs, "true", clientToken="twice", count=2)
    assert not {t["taskArn"] for t in other["tasks"]} & {t["taskArn"] for t in first["tasks"]}
    outcomes = [c["outcome"] for c in sim.admin("GET", "record")["calls"] if c["operation"] == "RunTask"]
    assert outcomes == ["took_effect", "no_effect", "refused", "took_effect"]


def test_what_is_refused(simulator):
    ecs = simulator(world=standing()).client("ecs")
    common = dict(cluster="main", taskDefinition="api", networkConfiguration=NETWORK)
    for more, said in [
        ({"overrides": {"containerOverrides": [{"name": "web"}]}}, "Override for container named web is not a container in the TaskDefinition."),
        ({"overrides": {"cpu": "300"}}, "No Fargate configuration exists for given values: 300 CPU, 512 memory"),
        ({"count": 11}, "count must be between 1 and 10."),
        ({"launchType": "EC2"}, "No Container Instances were found in your cluster."),
        ({"launchType": "FARGATE", "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "both a launch type and capacity provider"),
    ]:
        error = refused(ecs.run_task, **common, **more)
        assert error["Code"] == "InvalidParameterException" and said in error["Message"], error


def test_each_task_has_addresses_of_its_own(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    arns = [run(ecs, "serve")["tasks"][0]["taskArn"] for _ in range(3)]
    before = described(ecs, arns[0])["attachments"][0]
    if before["status"] == "PRECREATED":
        assert [d["name"] for d in before["details"]] == ["subnetId"]
    assert until(lambda: all(described(ecs, arn)["lastStatus"] == "RUNNING" for arn in arns))
    ec2 = sim.client("ec2")
    seen = set()
    for arn in arns:
        task = described(ecs, arn)
        [attachment] = task["attachments"]
        details = {d["name"]: d["value"] for d in attachment["details"]}
        assert attachment["status"] == "ATTACHED"
        [interface] = ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])["NetworkInterfaces"]
        assert interface["PrivateIpAddress"] == details["privateIPv4Address"]
        assert interface["SubnetId"] == details["subnetId"] and details["subnetId"] in NETWORK["awsvpcConfiguration"]["subnets"]
        assert interface["MacAddress"] == details["macAddress"]
        assert [g["GroupId"] for g in interface["Groups"]] == ["sg-0bb0"]
        assert task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] == interface["PrivateIpAddress"]
        public = interface["Association"]["PublicIp"]
        assert ipaddress.ip_address(public) in ipaddress.ip_network("198.18.0.0/15")
        seen |= {interface["NetworkInterfaceId"], interface["PrivateIpAddress"], public}
    assert len(seen) == 9
    ecs.stop_task(cluster="main", task=arns[0])
    assert until(lambda: described(ecs, arns[0])["lastStatus"] == "STOPPED")
    gone = described(ecs, arns[0])["attachments"][0]
    assert gone["status"] == "DELETED"
    eni = next(d["value"] for d in gone["details"] if d["name"] == "networkInterfaceId")
    assert refused(ec2.describe_network_interfaces, NetworkInterfaceIds=[eni])["Code"] == "InvalidNetworkInterfaceID.NotFound"


def test_the_service_s_own_tasks_are_private(simulator):
    sim = simulator(world=standing())
    interfaces = sim.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    assert len(interfaces) == 2 and not any("Association" in i for i in interfaces)


def test_targets_of_a_load_balancer(simulator):
    world = standing()
    group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef"
    world["services"][0]["create"]["loadBalancers"] = [{"targetGroupArn": group, "containerName": "api", "containerPort": 8080}]
    sim = simulator("unhealthy", world=world)
    ecs = sim.client("ecs")
    elb = sim.client("elbv2")

    def states():
        found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return sorted(t["TargetHealth"]["State"] for t in found)

    assert states() == ["healthy", "healthy"]
    ecs.register_task_definition(**task_definition(tag="1.1"))
    ecs.update_service(cluster="main", service="api", taskDefinition="api")
    assert until(lambda: "unhealthy" in states())
    assert until(lambda: "draining" in states())
    assert until(lambda: states() == ["healthy", "healthy"])


def test_tasks_are_in_their_subnet(simulator):
    network = {"vpcs": [{"id": "vpc-0a"}], "subnets": [{"id": "subnet-0aa0", "vpc": "vpc-0a", "zone": "eu-west-1c", "cidr": "10.9.8.0/28"}],
               "security_groups": [{"id": "sg-0bb0", "vpc": "vpc-0a", "name": "api"}]}
    ecs = simulator(world=standing(network=network)).client("ecs")
    only = {"awsvpcConfiguration": {"subnets": ["subnet-0aa0"], "securityGroups": ["sg-0bb0"]}}
    [task] = ecs.run_task(cluster="main", taskDefinition="api", networkConfiguration=only)["tasks"]
    assert until(lambda: described(ecs, task["taskArn"])["lastStatus"] == "RUNNING")
    found = described(ecs, task["taskArn"])
    assert found["availabilityZone"] == "eu-west-1c"
    address = found["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    assert ipaddress.ip_address(address) in ipaddress.ip_network("10.9.8.0/28")
    nowhere = {"awsvpcConfiguration": {"subnets": ["subnet-0ff0"]}}
    error = refused(ecs.run_task, cluster="main", taskDefinition="api", networkConfiguration=nowhere)
    assert error["Message"] == (
        "Error retrieving subnet information for [subnet-0ff0]: The subnet ID 'subnet-0ff0' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
    )


def test_a_secret_that_cannot_be_had(simulator):
    world = standing(secrets=[{"name": "orders/db", "keys": ["url"]}, {"name": "orders/old", "deleted": True}])
    ecs = simulator(world=world).client("ecs")
    for reference, said in [("orders/none", "ResourceNotFoundException"), ("orders/old", "marked for deletion")]:
        arn = f"arn:aws:secretsmanager:eu-west-1:111122223333:secret:{reference}"
        ecs.register_task_definition(**task_definition(secrets=[{"name": "DB", "valueFrom": arn}]))
        [task] = ecs.run_task(cluster="main", taskDefinition="api", networkConfiguration=NETWORK)["tasks"]
        assert until(lambda: described(ecs, task["taskArn"])["lastStatus"] == "STOPPED")
        done = described(ecs, task["taskArn"])
        assert done["stopCode"] == "TaskFailedToStart" and said in done["stoppedReason"], done["stoppedReason"]
        assert done["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets or registry auth")
