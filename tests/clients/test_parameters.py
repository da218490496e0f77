"""Parameter Store: parameters by name, path and filter, their versions, and containers that ask for them."""

import pytest
from botocore.exceptions import ClientError
from conftest import until
from test_wire import Watch
from worlds import standing, task_definition


def refusal(call, **given):
    with pytest.raises(ClientError) as refused:
        call(**given)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_a_parameter_lives_and_ends(simulator):
    sim = simulator(world={"parameters": [
        {"name": "/orders/db/url", "value": "postgres://db", "description": "where"},
        {"name": "/orders/db/password"},
        {"name": "/orders/mode", "value": "live", "type": "String"},
        {"name": "billing", "value": "a,b", "type": "StringList"},
    ]})
    watch = Watch()
    ssm = watch(sim.client("ssm"))
    names = lambda **more: [p["Name"] for p in ssm.describe_parameters(**more)["Parameters"]]
    assert names() == ["/orders/db/password", "/orders/db/url", "/orders/mode", "billing"]
    assert names(ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/orders/db"]}]) == names()[:2]
    assert names(ParameterFilters=[{"Key": "Path", "Option": "OneLevel", "Values": ["/orders"]}]) == ["/orders/mode"]
    assert names(Filters=[{"Key": "Type", "Values": ["SecureString"]}]) == names()[:2]
    pages = ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["Parameters"]) for page in pages] == [3, 1]
    told = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["/orders/db/url"]}])["Parameters"][0]
    assert (told["Description"], told["KeyId"], told["Version"]) == ("where", "alias/aws/ssm", 1)
    assert "Value" not in told

    sealed = ssm.get_parameter(Name="/orders/db/url")["Parameter"]
    assert sealed["Value"] != "postgres://db" and sealed["ARN"].endswith(":parameter/orders/db/url")
    opened = ssm.get_parameter(Name=sealed["ARN"], WithDecryption=True)["Parameter"]
    assert opened["Value"] == "postgres://db"
    some = ssm.get_parameters(Names=["/orders/mode", "/orders/nothing"])
    assert [p["Value"] for p in some["Parameters"]] == ["live"] and some["InvalidParameters"] == ["/orders/nothing"]
    below = lambda **more: [p["Name"] for p in ssm.get_parameters_by_path(Path="/orders", **more)["Parameters"]]
    assert (below(), len(below(Recursive=True))) == (["/orders/mode"], 3)

    assert ssm.put_parameter(Name="/orders/new", Value="1", Type="String", Tags=[{"Key": "team", "Value": "orders"}])["Version"] == 1
    assert ssm.put_parameter(Name="/orders/new", Value="2", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="/orders/new:1")["Parameter"]["Value"] == "1"
    assert names(ParameterFilters=[{"Key": "tag:team", "Values": ["orders"]}]) == ["/orders/new"]
    ssm.delete_parameter(Name="/orders/new")
    gone = ssm.delete_parameters(Names=["/orders/mode", "/orders/new"])
    assert (gone["DeletedParameters"], gone["InvalidParameters"]) == (["/orders/mode"], ["/orders/new"])
    for call, given, code in [
        (ssm.get_parameter, {"Name": "/orders/new"}, "ParameterNotFound"),
        (ssm.get_parameter, {"Name": "billing:7"}, "ParameterVersionNotFound"),
        (ssm.delete_parameter, {"Name": "/orders/new"}, "ParameterNotFound"),
        (ssm.put_parameter, {"Name": "billing", "Value": "x"}, "ParameterAlreadyExists"),
        (ssm.put_parameter, {"Name": "/orders/untyped", "Value": "x"}, "ValidationException"),
        (ssm.put_parameter, {"Name": "orders/x", "Value": "x", "Type": "String"}, "ValidationException"),
        (ssm.put_parameter, {"Name": "/aws/x", "Value": "x", "Type": "String"}, "AccessDeniedException"),
        (ssm.put_parameter, {"Name": "/big", "Value": "x" * 5000, "Type": "String"}, "ValidationException"),
        (ssm.get_parameter_history, {"Name": "billing"}, "UnknownOperationException"),
    ]:
        assert refusal(call, **given)[0] == code, given
    assert watch.found == []


def test_values_are_in_no_record_and_survive_a_kill(simulator):
    sim = simulator()
    sim.client("ssm").put_parameter(Name="/orders/db", Value="swordfish", Type="SecureString")
    sim.kill()
    sim.start()
    assert sim.client("ssm").get_parameter(Name="/orders/db", WithDecryption=True)["Parameter"]["Value"] == "swordfish"
    record = sim.admin("GET", "record")["calls"]
    assert [(c["operation"], c["outcome"]) for c in record] == [("PutParameter", "took_effect")]
    assert "swordfish" not in str(record) + str(sim.admin("GET", "estate"))


def test_a_denied_call_names_the_parameter(simulator, tmp_path):
    scenario = tmp_path / "denied.yaml"
    scenario.write_text("faults: [{ match: { service: ssm }, effect: { kind: denied } }]\n")
    code, message = refusal(simulator(scenario).client("ssm").get_parameter, Name="/orders/db")
    assert code == "AccessDeniedException" and "ssm:GetParameter on resource: arn:aws:ssm:" in message
    assert ":parameter/orders/db " in message


def asking(*references):
    secrets = [{"name": f"S{number}", "valueFrom": reference} for number, reference in enumerate(references)]
    return task_definition(tag="2.0", secrets=secrets)


def test_a_task_whose_parameter_is_missing_says_so_as_ecs_does(simulator):
    sim = simulator(world=standing(parameters=[{"name": "/orders/there"}]))
    ecs = sim.client("ecs")
    reference = f"arn:aws:ssm:{sim.world['region']}:{sim.world['account']}:parameter/orders/gone"
    registered = ecs.register_task_definition(**asking("/orders/there", reference, "bare"))["taskDefinition"]
    [task] = ecs.run_task(cluster="main", taskDefinition=registered["taskDefinitionArn"], launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0aa0"]}})["tasks"]

    def ended():
        [seen] = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"]
        return seen if seen["lastStatus"] == "STOPPED" else None

    stopped = until(ended)
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"] == (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to "
        "retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /orders/gone,bare")


def test_until_somebody_names_one_every_parameter_is_there(simulator, tmp_path):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    registered = ecs.register_task_definition(**asking("/orders/any"))["taskDefinition"]
    ecs.update_service(cluster="main", service="api", taskDefinition=registered["taskDefinitionArn"])
    done = lambda: ecs.describe_services(cluster="main", services=["api"])["services"][0]["deployments"][0]["rolloutState"] == "COMPLETED"
    assert until(done, 60)
