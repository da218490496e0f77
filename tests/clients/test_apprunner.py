"""App Runner: services, their operations, and what they end in."""

import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import until
from test_wire import Watch

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/orders:1.0"
ROLE = "arn:aws:iam::111122223333:role/service-role/AppRunnerECRAccessRole"


def source(image=IMAGE, auto=False, **configuration):
    return {
        "ImageRepository": {
            "ImageIdentifier": image,
            "ImageRepositoryType": "ECR",
            "ImageConfiguration": {"Port": "8000", **configuration},
        },
        "AuthenticationConfiguration": {"AccessRoleArn": ROLE},
        "AutoDeploymentsEnabled": auto,
    }


def standing(status="RUNNING", auto=False, **more):
    create = {"SourceConfiguration": source(auto=auto), **more.pop("create", {})}
    return {"apprunner": {"services": [{"name": "orders", "create": create, "status": status}]}, **more}


def arn(runner, name="orders"):
    return next(s["ServiceArn"] for s in runner.list_services()["ServiceSummaryList"] if s["ServiceName"] == name)


def service(runner, of):
    return runner.describe_service(ServiceArn=of)["Service"]


def operation(runner, of, wanted):
    return next(o for o in runner.list_operations(ServiceArn=of)["OperationSummaryList"] if o["Id"] == wanted)


def ended(runner, of, wanted):
    """The operation when it has ended, and the service."""
    until(lambda: "EndedAt" in operation(runner, of, wanted), 40)
    return operation(runner, of, wanted)["Status"], service(runner, of)["Status"]


def lines(sim, of, kind, stream=None):
    name, ident = of.split("/")[1:]
    more = {"logStreamNames": [stream]} if stream else {}
    try:
        events = sim.client("logs").filter_log_events(logGroupName=f"/aws/apprunner/{name}/{ident}/{kind}", **more)
    except ClientError:
        return []
    return [e["message"] for e in events["events"]]


def asked(sim, url, path="/"):
    request = urllib.request.Request(f"{sim.endpoint}{path}", headers={"host": url})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers.get("x-sim-task"), answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, None, refusal.read()


def test_a_service_is_created_answers_and_is_deleted(simulator):
    sim = simulator(speed=100)
    runner = sim.client("apprunner")
    made = runner.create_service(ServiceName="orders", SourceConfiguration=source())
    of, url = made["Service"]["ServiceArn"], made["Service"]["ServiceUrl"]
    assert made["Service"]["Status"] == "OPERATION_IN_PROGRESS"
    assert operation(runner, of, made["OperationId"])["Type"] == "CREATE_SERVICE"
    assert asked(sim, url)[0] == 404
    assert ended(runner, of, made["OperationId"]) == ("SUCCEEDED", "RUNNING")
    assert asked(sim, url)[0] == 200
    told = lines(sim, of, "service", "events")
    assert told[-1] == "[AppRunner] Service status is set to RUNNING."
    assert "[AppRunner] Performing health check on protocol `TCP` [Port: '8000']." in told
    assert until(lambda: lines(sim, of, "application") == ["starting", "listening on 0.0.0.0:8000"])
    body = service(runner, of)
    assert body["InstanceConfiguration"] == {"Cpu": "1024", "Memory": "2048"}
    assert body["AutoScalingConfigurationSummary"]["AutoScalingConfigurationName"] == "DefaultConfiguration"
    assert body["HealthCheckConfiguration"]["UnhealthyThreshold"] == 5
    gone = runner.delete_service(ServiceArn=of)
    assert ended(runner, of, gone["OperationId"]) == ("SUCCEEDED", "DELETED")
    assert runner.list_services()["ServiceSummaryList"] == []
    assert asked(sim, url)[0] == 404
    # The name is free again, under another address.
    again = runner.create_service(ServiceName="orders", SourceConfiguration=source())["Service"]
    assert again["ServiceUrl"] != url


@pytest.mark.parametrize(
    ("world", "last", "said"),
    [
        ({"images": {IMAGE: {"missing": True}}}, "service", "Reason: ECR image doesn't exist."),
        ({"images": {IMAGE: {"platform": "linux/arm64"}}}, "application", "exec format error"),
        ({"behaviours": [{"behaviour": {"exit": {"after": 1, "code": 0}}}]}, "service", "Container exit code: 0"),
        ({"behaviours": [{"behaviour": {"health": "failing"}}]}, "service", "Failure reason : Health check failed."),
        ({"behaviours": [{"behaviour": {"operation": "fails"}}]}, "service", "failed."),
    ],
)
def test_a_creation_fails_and_can_be_repaired(simulator, world, last, said):
    sim = simulator(world=world, speed=200)
    runner = sim.client("apprunner")
    made = runner.create_service(ServiceName="orders", SourceConfiguration=source())
    of = made["Service"]["ServiceArn"]
    assert ended(runner, of, made["OperationId"]) == ("FAILED", "CREATE_FAILED")
    assert until(lambda: any(said in line for line in lines(sim, of, last)))
    with pytest.raises(ClientError, match="it isn't in RUNNING state") as refused:
        runner.start_deployment(ServiceArn=of)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    sim.admin("POST", "behave", {
        "images": {IMAGE: {}},
        "behaviours": [{"behaviour": {"exit": None, "health": "passing", "operation": "normal"}}],
    })
    if "exit" in str(world):
        # A behaviour cannot be taken back by saying nothing: this one ends long after it is healthy.
        sim.admin("POST", "behave", {"behaviours": [{"behaviour": {"exit": {"after": 9e6, "code": 0}}}]})
    repaired = runner.update_service(ServiceArn=of, InstanceConfiguration={"Cpu": "2 vCPU", "Memory": "4 GB"})
    assert ended(runner, of, repaired["OperationId"]) == ("SUCCEEDED", "RUNNING")
    assert service(runner, of)["InstanceConfiguration"] == {"Cpu": "2048", "Memory": "4096"}


def test_a_failed_update_rolls_back_to_what_ran(simulator):
    sim = simulator("crash_loop", world=standing(), speed=200)
    runner = sim.client("apprunner")
    of = arn(runner)
    before = service(runner, of)
    task = asked(sim, before["ServiceUrl"])[1]
    broken = runner.update_service(ServiceArn=of, SourceConfiguration=source(IMAGE.replace("1.0", "1.1")))
    assert broken["Service"]["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"].endswith("1.1")
    assert until(lambda: operation(runner, of, broken["OperationId"])["Status"] == "ROLLBACK_IN_PROGRESS")
    assert service(runner, of)["Status"] == "OPERATION_IN_PROGRESS"
    assert ended(runner, of, broken["OperationId"]) == ("ROLLBACK_SUCCEEDED", "RUNNING")
    assert service(runner, of)["SourceConfiguration"] == before["SourceConfiguration"]
    assert asked(sim, before["ServiceUrl"])[1] == task
    assert any("Container exit code: 1" in line for line in lines(sim, of, "service"))
    assert until(lambda: any("UndefinedTable" in line for line in lines(sim, of, "application")))


def test_a_rollback_can_fail_too(simulator):
    rule = {"match": {"deployed_by": ["update", "rollback"]}, "behaviour": {"health": "failing"}}
    sim = simulator(world=standing(behaviours=[rule]), speed=400)
    runner = sim.client("apprunner")
    of = arn(runner)
    started = runner.start_deployment(ServiceArn=of)["OperationId"]
    assert ended(runner, of, started) == ("ROLLBACK_FAILED", "RUNNING")


def test_a_deployment_whose_image_is_gone_fails_without_a_rollback(simulator):
    sim = simulator(world=standing(), speed=200)
    runner = sim.client("apprunner")
    of = arn(runner)
    sim.admin("POST", "behave", {"images": {IMAGE: {"missing": True}}})
    started = runner.start_deployment(ServiceArn=of)["OperationId"]
    assert ended(runner, of, started) == ("FAILED", "RUNNING")


def test_one_operation_at_a_time(simulator):
    sim = simulator(world=standing(behaviours=[{"behaviour": {"operation": "stuck"}}]))
    runner = sim.client("apprunner")
    of = arn(runner)
    stuck = runner.update_service(ServiceArn=of, InstanceConfiguration={"Cpu": "512", "Memory": "1024"})
    assert until(lambda: operation(runner, of, stuck["OperationId"])["Status"] == "IN_PROGRESS")
    for call in (runner.update_service, runner.pause_service, runner.delete_service, runner.resume_service):
        with pytest.raises(ClientError, match="in the current state: OPERATION_IN_PROGRESS") as refused:
            call(ServiceArn=of)
        assert refused.value.response["Error"]["Code"] == "InvalidStateException"
    with pytest.raises(ClientError, match="isn't in RUNNING state"):
        runner.start_deployment(ServiceArn=of)
    outcomes = [c["outcome"] for c in sim.admin("GET", "record")["calls"]]
    assert outcomes == ["took_effect"] + ["refused"] * 5
    # Killed and started again it is still stuck, until what holds it lets go.
    sim.kill()
    sim.start()
    runner = sim.client("apprunner")
    assert operation(runner, of, stuck["OperationId"])["Status"] == "IN_PROGRESS"
    sim.admin("POST", "behave", {"behaviours": [{"behaviour": {"operation": "normal"}}], "running": True})
    assert ended(runner, of, stuck["OperationId"]) == ("SUCCEEDED", "RUNNING")


def test_a_paused_service_answers_nobody_and_resumes_what_ran(simulator):
    sim = simulator(world=standing(auto=True), speed=200)
    runner = sim.client("apprunner")
    of = arn(runner)
    url = service(runner, of)["ServiceUrl"]
    ran = asked(sim, url)[2]
    paused = runner.pause_service(ServiceArn=of)["OperationId"]
    assert ended(runner, of, paused) == ("SUCCEEDED", "PAUSED")
    assert asked(sim, url)[0] == 404
    with pytest.raises(ClientError, match="isn't in RUNNING state"):
        runner.start_deployment(ServiceArn=of)
    # An image pushed meanwhile is not deployed by the resumption.
    sim.admin("POST", "behave", {"images": {IMAGE: {"digest": "sha256:" + "7" * 64}}})
    resumed = runner.resume_service(ServiceArn=of)["OperationId"]
    assert ended(runner, of, resumed) == ("SUCCEEDED", "RUNNING")
    assert asked(sim, url)[2] == ran
    assert len(runner.list_operations(ServiceArn=of)["OperationSummaryList"]) == 3


@pytest.mark.parametrize("auto", [True, False])
def test_a_push_deploys_where_that_is_on(simulator, auto):
    sim = simulator(world=standing(auto=auto), speed=200)
    runner = sim.client("apprunner")
    of = arn(runner)
    sim.admin("POST", "behave", {"images": {IMAGE: {"digest": "sha256:" + "7" * 64}}})
    operations = runner.list_operations(ServiceArn=of)["OperationSummaryList"]
    assert [o["Type"] for o in operations] == ["START_DEPLOYMENT", "CREATE_SERVICE"][1 - auto:]
    if auto:
        assert ended(runner, of, operations[0]["Id"]) == ("SUCCEEDED", "RUNNING")
        # The same content pushed again is nothing new.
        sim.admin("POST", "behave", {"images": {IMAGE: {"digest": "sha256:" + "7" * 64}}})
        assert len(runner.list_operations(ServiceArn=of)["OperationSummaryList"]) == 2


def test_a_private_service_does_not_answer_from_outside(simulator):
    private = {"NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": False}}}
    sim = simulator(world=standing(create=private), speed=400)
    runner = sim.client("apprunner")
    of = arn(runner)
    assert asked(sim, service(runner, of)["ServiceUrl"])[0] == 404
    made = runner.create_vpc_ingress_connection(
        ServiceArn=of, VpcIngressConnectionName="orders-in", IngressVpcConfiguration={"VpcId": "vpc-1", "VpcEndpointId": "vpce-1"}
    )["VpcIngressConnection"]
    ingress = {"VpcIngressConnectionArn": made["VpcIngressConnectionArn"]}
    describe = lambda: runner.describe_vpc_ingress_connection(**ingress)["VpcIngressConnection"]["Status"]
    assert until(lambda: describe() == "AVAILABLE")
    # A service that still has one cannot be deleted; afterwards it can.
    deleted = runner.delete_service(ServiceArn=of)["OperationId"]
    assert ended(runner, of, deleted) == ("FAILED", "DELETE_FAILED")
    runner.delete_vpc_ingress_connection(**ingress)
    assert until(lambda: describe() == "DELETED")
    deleted = runner.delete_service(ServiceArn=of)["OperationId"]
    assert ended(runner, of, deleted) == ("SUCCEEDED", "DELETED")


def test_the_health_check_asks_the_path_that_is_configured(simulator):
    routes = [{"path": "/health", "status": 200}, {"path": "/", "status": 401}]
    sim = simulator(world=standing(behaviours=[{"behaviour": {"routes": routes}}]), speed=400)
    runner = sim.client("apprunner")
    of = arn(runner)
    for path, status in (("/", "ROLLBACK_SUCCEEDED"), ("/health", "SUCCEEDED")):
        check = {"Protocol": "HTTP", "Path": path}
        updated = runner.update_service(ServiceArn=of, HealthCheckConfiguration=check)["OperationId"]
        assert ended(runner, of, updated)[0] == status, path


def test_secrets_are_read_when_a_version_is_deployed(simulator):
    secrets = [{"name": "orders/db", "keys": ["password"]}]
    sim = simulator(world=standing(secrets=secrets, parameters=[{"name": "/orders/mode"}]), speed=200)
    runner = sim.client("apprunner")
    of = arn(runner)
    known = sim.client("secretsmanager").describe_secret(SecretId="orders/db")["ARN"]
    parameter = sim.client("ssm").get_parameter(Name="/orders/mode")["Parameter"]["ARN"]
    for secret, status in (
        (known, "SUCCEEDED"), (known.replace("orders/db", "orders/no"), "ROLLBACK_SUCCEEDED"),
        (parameter, "SUCCEEDED"), (parameter.replace("mode", "none"), "ROLLBACK_SUCCEEDED"),
    ):
        wanted = source(RuntimeEnvironmentSecrets={"PASSWORD": secret})
        updated = runner.update_service(ServiceArn=of, SourceConfiguration=wanted)["OperationId"]
        assert ended(runner, of, updated)[0] == status
    for missing in ("orders/no", "parameter/orders/none"):
        assert any(missing in line for line in lines(sim, of, "service")), missing


def test_what_is_refused_is_refused_in_the_words_of_aws(simulator):
    sim = simulator(world=standing())
    runner = sim.client("apprunner", parameter_validation=False)
    long = "a-name-that-is-longer-than-it-may-be-x"
    for call, given, said in [
        (runner.create_auto_scaling_configuration, {"AutoScalingConfigurationName": long},
         "failed to satisfy constraint: Member must have length less than or equal to 32"),
        (runner.create_service, {"ServiceName": "abc", "SourceConfiguration": source()},
         "Value 'abc' at 'serviceName' failed to satisfy constraint: Member must have length greater than or equal to 4"),
        (runner.create_service, {"ServiceName": "orders", "SourceConfiguration": source()},
         "Service with the provided name already exists: orders."),
        (runner.create_service, {"ServiceName": "other", "SourceConfiguration": source("registry.example/api:1")},
         "Member must satisfy regular expression pattern"),
        (runner.create_service, {"ServiceName": "other", "SourceConfiguration": {
            **source(), "AuthenticationConfiguration": {}}}, "Authentication configuration is invalid."),
        (runner.create_service, {"ServiceName": "other", "SourceConfiguration": source(
            RuntimeEnvironmentVariables={"AWSAPPRUNNER_PORT": "1"})}, "keys with a prefix of AWSAPPRUNNER are reserved"),
        (runner.create_service, {"ServiceName": "other", "SourceConfiguration": source(
            RuntimeEnvironmentSecrets={"AWSAPPRUNNERKEY": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:k"})},
         "keys with a prefix of AWSAPPRUNNER are reserved"),
        (runner.create_vpc_connector, {"VpcConnectorName": "orders", "Subnets": []}, "At least one subnet"),
        (runner.create_service, {"ServiceName": "other", "SourceConfiguration": source(), "NetworkConfiguration": {
            "EgressConfiguration": {"EgressType": "VPC"}}}, "VpcConnectorArn must be specified"),
    ]:
        with pytest.raises(ClientError) as refused:
            call(**given)
        error = refused.value.response["Error"]
        assert error["Code"] == "InvalidRequestException" and said in error["Message"], error
    with pytest.raises(ClientError) as unknown:
        runner.describe_service(ServiceArn=arn(runner)[:-1] + "0")
    assert unknown.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as refused:
        runner.associate_custom_domain(ServiceArn=arn(runner), DomainName="orders.example")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_every_answer_fits_the_model(simulator):
    sim = simulator(world=standing(), speed=400)
    watch = Watch()
    runner = watch(sim.client("apprunner"))
    scaling = runner.create_auto_scaling_configuration(
        AutoScalingConfigurationName="orders", MinSize=1, MaxSize=4, Tags=[{"Key": "team", "Value": "orders"}]
    )["AutoScalingConfiguration"]
    second = runner.create_auto_scaling_configuration(AutoScalingConfigurationName="orders", MaxSize=5)["AutoScalingConfiguration"]
    assert (scaling["Latest"], second["AutoScalingConfigurationRevision"]) == (True, 2)
    listed = runner.list_auto_scaling_configurations(AutoScalingConfigurationName="orders")
    assert len(listed["AutoScalingConfigurationSummaryList"]) == 1
    short = scaling["AutoScalingConfigurationArn"].rsplit("/", 2)[0]
    latest = runner.describe_auto_scaling_configuration(AutoScalingConfigurationArn=short)["AutoScalingConfiguration"]
    assert latest["AutoScalingConfigurationArn"] == second["AutoScalingConfigurationArn"]
    connector = runner.create_vpc_connector(VpcConnectorName="orders", Subnets=["subnet-1"], SecurityGroups=["sg-1"])["VpcConnector"]
    runner.describe_vpc_connector(VpcConnectorArn=connector["VpcConnectorArn"])
    observed = runner.create_observability_configuration(
        ObservabilityConfigurationName="orders", TraceConfiguration={"Vendor": "AWSXRAY"}
    )["ObservabilityConfiguration"]["ObservabilityConfigurationArn"]
    made = runner.create_service(
        ServiceName="billing", SourceConfiguration=source(), AutoScalingConfigurationArn=latest["AutoScalingConfigurationArn"],
        NetworkConfiguration={"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": connector["VpcConnectorArn"]}},
        ObservabilityConfiguration={"ObservabilityEnabled": True, "ObservabilityConfigurationArn": observed},
        HealthCheckConfiguration={"Protocol": "HTTP", "Path": "/"}, Tags=[{"Key": "team", "Value": "orders"}],
    )
    of = made["Service"]["ServiceArn"]
    assert ended(runner, of, made["OperationId"]) == ("SUCCEEDED", "RUNNING")
    assert runner.list_services_for_auto_scaling_configuration(
        AutoScalingConfigurationArn=latest["AutoScalingConfigurationArn"])["ServiceArnList"] == [of]
    for call, given in [
        (runner.delete_auto_scaling_configuration, {"AutoScalingConfigurationArn": latest["AutoScalingConfigurationArn"]}),
        (runner.delete_vpc_connector, {"VpcConnectorArn": connector["VpcConnectorArn"]}),
        (runner.delete_observability_configuration, {"ObservabilityConfigurationArn": observed}),
    ]:
        with pytest.raises(ClientError):
            call(**given)
    runner.update_default_auto_scaling_configuration(AutoScalingConfigurationArn=scaling["AutoScalingConfigurationArn"])
    runner.tag_resource(ResourceArn=of, Tags=[{"Key": "stage", "Value": "test"}])
    runner.untag_resource(ResourceArn=of, TagKeys=["team"])
    assert runner.list_tags_for_resource(ResourceArn=of)["Tags"] == [{"Key": "stage", "Value": "test"}]
    for listing in (runner.list_services, runner.list_vpc_connectors, runner.list_vpc_ingress_connections,
                    runner.list_observability_configurations, runner.list_auto_scaling_configurations):
        listing()
    gone = runner.delete_service(ServiceArn=of)
    assert ended(runner, of, gone["OperationId"]) == ("SUCCEEDED", "DELETED")
    runner.delete_vpc_connector(VpcConnectorArn=connector["VpcConnectorArn"])
    runner.delete_observability_configuration(ObservabilityConfigurationArn=observed)
    runner.delete_auto_scaling_configuration(AutoScalingConfigurationArn=second["AutoScalingConfigurationArn"])
    assert watch.found == []


def test_pages_of_services_and_operations(simulator):
    services = [{"name": f"orders-{n}", "create": {"SourceConfiguration": source()}} for n in range(5)]
    sim = simulator(world={"apprunner": {"services": services}})
    runner = sim.client("apprunner")
    names, token = [], {}
    while True:
        page = runner.list_services(MaxResults=2, **token)
        names += [s["ServiceName"] for s in page["ServiceSummaryList"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert names == [s["name"] for s in services]


def test_a_deployment_goes_on_after_a_kill(simulator):
    sim = simulator(world=standing(), speed=60)
    runner = sim.client("apprunner")
    of = arn(runner)
    started = runner.start_deployment(ServiceArn=of)["OperationId"]
    for _ in range(3):
        seen = lines(sim, of, "service", "events")
        sim.kill()
        sim.start()
        assert lines(sim, of, "service", "events")[: len(seen)] == seen
    assert ended(sim.client("apprunner"), of, started) == ("SUCCEEDED", "RUNNING")


def test_the_command_line_does_it_too(simulator):
    sim = simulator(world=standing(), speed=200)
    code, listed, error = sim.aws("apprunner", "list-services")
    assert code == 0, error
    of = listed["ServiceSummaryList"][0]["ServiceArn"]
    code, started, error = sim.aws("apprunner", "start-deployment", "--service-arn", of)
    assert code == 0, error
    assert ended(sim.client("apprunner"), of, started["OperationId"]) == ("SUCCEEDED", "RUNNING")
    code, _, error = sim.aws("apprunner", "pause-service", "--service-arn", of[:-1] + "0")
    assert code != 0 and "ResourceNotFoundException" in error


@pytest.mark.parametrize(
    ("scenario", "call", "status"),
    [
        ("operation_rolls_back", "start", ("ROLLBACK_SUCCEEDED", "RUNNING")),
        ("operation_rolls_back", "update", ("ROLLBACK_SUCCEEDED", "RUNNING")),
        ("operation_rolls_back", "pause", ("SUCCEEDED", "PAUSED")),
        ("operation_rolls_back", "create", ("SUCCEEDED", "RUNNING")),
        ("create_failed", "create", ("FAILED", "CREATE_FAILED")),
        ("create_failed", "start", ("SUCCEEDED", "RUNNING")),
        ("exits_zero", "create", ("FAILED", "CREATE_FAILED")),
        ("exits_zero", "start", ("ROLLBACK_SUCCEEDED", "RUNNING")),
        ("crash_loop", "start", ("ROLLBACK_SUCCEEDED", "RUNNING")),
        ("wrong_architecture", "update", ("ROLLBACK_SUCCEEDED", "RUNNING")),
        ("image_missing", "start", ("FAILED", "RUNNING")),
        ("image_missing", "update", ("ROLLBACK_SUCCEEDED", "RUNNING")),
        ("pull_denied", "create", ("FAILED", "CREATE_FAILED")),
        ("secret_missing", "update", ("ROLLBACK_SUCCEEDED", "RUNNING")),
        ("operation_stuck", "create", ("SUCCEEDED", "RUNNING")),
        ("healthy", "start", ("SUCCEEDED", "RUNNING")),
    ],
)
def test_scenarios(simulator, scenario, call, status):
    sim = simulator(scenario, world=standing(), speed=400)
    runner = sim.client("apprunner")
    of = arn(runner)
    secret = {"PASSWORD": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-a1b2c3"}
    if call == "start":
        begun = runner.start_deployment(ServiceArn=of)["OperationId"]
    elif call == "update":
        begun = runner.update_service(
            ServiceArn=of, SourceConfiguration=source(IMAGE.replace("1.0", "1.1"), RuntimeEnvironmentSecrets=secret)
        )["OperationId"]
    elif call == "pause":
        begun = runner.pause_service(ServiceArn=of)["OperationId"]
    else:
        made = runner.create_service(ServiceName="billing", SourceConfiguration=source())
        of, begun = made["Service"]["ServiceArn"], made["OperationId"]
    assert ended(runner, of, begun) == status


def test_a_stuck_operation_is_held(simulator):
    sim = simulator("operation_stuck", world=standing(), speed=400)
    runner = sim.client("apprunner")
    runner.start_deployment(ServiceArn=arn(runner))
    assert until(lambda: sim.admin("GET", "facts")["operations"][-1]["held"])
    assert sim.admin("GET", "facts")["operations"][-1]["status"] == "IN_PROGRESS"


def test_going_back_to_what_ran_is_nothing_new(simulator):
    sim = simulator("crash_loop", world=standing(), speed=400)
    runner = sim.client("apprunner")
    of = arn(runner)
    digest = sim.admin("GET", "estate")["places"][0]["app_runner"][0]["running"]
    pinned = source(IMAGE.replace(":1.0", f"@{digest}"))
    back = runner.update_service(ServiceArn=of, SourceConfiguration=pinned)["OperationId"]
    assert ended(runner, of, back) == ("SUCCEEDED", "RUNNING")


def test_automatic_deployments_can_be_off_whatever_the_world_says(simulator):
    sim = simulator("auto_deploy_off", world=standing(auto=True))
    runner = sim.client("apprunner")
    of = arn(runner)
    assert service(runner, of)["SourceConfiguration"]["AutoDeploymentsEnabled"] is False
    sim.admin("POST", "behave", {"images": {IMAGE: {"digest": "sha256:" + "7" * 64}}})
    assert len(runner.list_operations(ServiceArn=of)["OperationSummaryList"]) == 1


def test_an_index_without_the_platform_cannot_be_copied(simulator):
    sim = simulator(world=standing(images={IMAGE.replace("1.0", "1.1"): {"platforms": ["linux/arm64"]}}), speed=400)
    runner = sim.client("apprunner")
    of = arn(runner)
    begun = runner.update_service(ServiceArn=of, SourceConfiguration=source(IMAGE.replace("1.0", "1.1")))["OperationId"]
    assert ended(runner, of, begun) == ("ROLLBACK_SUCCEEDED", "RUNNING")
    assert any("Failure reason : Failed to copy the image from ECR." in line for line in lines(sim, of, "service"))
