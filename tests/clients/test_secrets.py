"""Secrets Manager: secrets by name, their versions, and their end."""

import json

import pytest
from botocore.exceptions import ClientError
from test_wire import Watch


def refusal(call, **given):
    with pytest.raises(ClientError) as refused:
        call(**given)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_a_secret_lives_and_ends(simulator):
    sim = simulator(world={"secrets": [
        {"name": "orders/db", "keys": ["username", "password"]},
        {"name": "orders/gone", "deleted": True},
        {"name": "orders/old", "value": "x", "rotated_days": 40},
    ]})
    watch = Watch()
    secrets = watch(sim.client("secretsmanager"))
    names = lambda **more: [s["Name"] for s in secrets.list_secrets(**more)["SecretList"]]
    assert names() == ["orders/db", "orders/old"]
    assert "orders/gone" in names(IncludePlannedDeletion=True)
    assert names(Filters=[{"Key": "name", "Values": ["orders/o"]}]) == ["orders/old"]
    old = secrets.describe_secret(SecretId="orders/old")
    assert old["RotationEnabled"] and old["LastRotatedDate"] < old["CreatedDate"]
    arn = secrets.describe_secret(SecretId="orders/db")["ARN"]
    assert secrets.describe_secret(SecretId=arn[:-7])["ARN"] == arn
    assert set(json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])) == {"username", "password"}
    made = secrets.create_secret(Name="orders/new", SecretString="1", ClientRequestToken="t" * 32)
    assert secrets.create_secret(Name="orders/new", SecretString="1", ClientRequestToken="t" * 32)["ARN"] == made["ARN"]
    secrets.put_secret_value(SecretId="orders/new", SecretString="2")
    value = lambda stage: secrets.get_secret_value(SecretId="orders/new", VersionStage=stage)["SecretString"]
    assert (value("AWSCURRENT"), value("AWSPREVIOUS")) == ("2", "1")
    secrets.update_secret(SecretId="orders/new", Description="new", SecretBinary=b"3")
    assert secrets.get_secret_value(SecretId="orders/new")["SecretBinary"] == b"3"
    assert len(secrets.list_secret_version_ids(SecretId="orders/new")["Versions"]) == 2
    secrets.tag_resource(SecretId="orders/new", Tags=[{"Key": "team", "Value": "orders"}])
    secrets.untag_resource(SecretId="orders/new", TagKeys=["team"])
    secrets.delete_secret(SecretId="orders/new", RecoveryWindowInDays=7)
    assert refusal(secrets.get_secret_value, SecretId="orders/new")[0] == "InvalidRequestException"
    secrets.restore_secret(SecretId="orders/new")
    assert value("AWSPREVIOUS") == "2"
    secrets.delete_secret(SecretId="orders/new", ForceDeleteWithoutRecovery=True)
    for call, given, code in [
        (secrets.describe_secret, {"SecretId": "orders/new"}, "ResourceNotFoundException"),
        (secrets.create_secret, {"Name": "orders/db", "SecretString": "x"}, "ResourceExistsException"),
        (secrets.create_secret, {"Name": "orders/gone", "SecretString": "x"}, "InvalidRequestException"),
        (secrets.delete_secret, {"SecretId": "orders/db", "RecoveryWindowInDays": 1}, "InvalidParameterException"),
        (secrets.rotate_secret, {"SecretId": "orders/db"}, "UnknownOperationException"),
    ]:
        assert refusal(call, **given)[0] == code
    assert watch.found == []


def test_values_are_in_no_record_and_survive_a_kill(simulator):
    sim = simulator()
    secrets = sim.client("secretsmanager")
    secrets.create_secret(Name="orders/db", SecretString="swordfish")
    sim.kill()
    sim.start()
    assert sim.client("secretsmanager").get_secret_value(SecretId="orders/db")["SecretString"] == "swordfish"
    record = sim.admin("GET", "record")["calls"]
    assert [(c["operation"], c["outcome"]) for c in record] == [("CreateSecret", "took_effect")]
    assert "swordfish" not in str(record) + str(sim.admin("GET", "estate"))


def test_a_scenario_has_secrets_missing(simulator, tmp_path):
    scenario = tmp_path / "missing.yaml"
    scenario.write_text('secrets_missing: ["orders/*"]\n')
    sim = simulator(scenario, world={"secrets": [{"name": "orders/db"}, {"name": "billing/db"}]})
    secrets = sim.client("secretsmanager")
    assert [s["Name"] for s in secrets.list_secrets()["SecretList"]] == ["billing/db"]
    assert refusal(secrets.describe_secret, SecretId="orders/db") == (
        "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
