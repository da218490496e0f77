"""Who is calling: STS, signatures, the account, expiry, denial."""

import urllib.error
import urllib.request

import boto3
import botocore
import botocore.config
import pytest
from botocore.exceptions import ClientError
from worlds import NETWORK, standing, task_definition


def refusal(call, *arguments, **members):
    with pytest.raises(ClientError) as raised:
        call(*arguments, **members)
    answer = raised.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_people_sign_in_through_identity_center(simulator):
    sim = simulator()
    identity = sim.client("sts").get_caller_identity()
    assert identity["Account"] == "111122223333"
    arn = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Deployer_"
    assert identity["Arn"].startswith(arn) and identity["Arn"].endswith("/practice.operator")
    assert len(identity["Arn"].removeprefix(arn).split("/")[0]) == 16
    assert identity["UserId"].startswith("AROA") and identity["UserId"].endswith(":practice.operator")
    assert identity["ResponseMetadata"]["RequestId"]
    second = sim.client("sts", person=sim.person(1)).get_caller_identity()
    assert second["Arn"].endswith("/practice.second") and second["UserId"] != identity["UserId"]


def test_assume_role(simulator):
    sim = simulator()
    sts = sim.client("sts")
    answer = sts.assume_role(
        RoleArn="arn:aws:iam::444455556666:role/path/Reader", RoleSessionName="ann", SourceIdentity="ann@example"
    )
    assert answer["SourceIdentity"] == "ann@example"
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::444455556666:assumed-role/Reader/ann"
    keys = answer["Credentials"]
    inner = sim.client(
        "sts", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert inner.get_caller_identity()["Account"] == "444455556666"
    assert sim.admin("GET", "record")["calls"] == []
    assert refusal(sts.assume_role, RoleArn="arn:aws:iam::444455556666:role/Reader", RoleSessionName="a b")[0] == "ValidationError"
    assert refusal(sts.get_federation_token, Name="ann")[2] == 501


def test_a_wrong_secret_is_not_taken(simulator):
    sim = simulator()
    wrong = {"aws_secret_access_key": "x" * 40}
    assert refusal(sim.client("sts", **wrong).get_caller_identity)[::2] == ("SignatureDoesNotMatch", 403)
    assert refusal(sim.client("ecs", **wrong).list_clusters)[::2] == ("InvalidSignatureException", 400)
    unknown = {"aws_access_key_id": "ASIAAAAAAAAAAAAAAAAA"}
    assert refusal(sim.client("sts", **unknown).get_caller_identity)[::2] == ("InvalidClientTokenId", 403)
    assert refusal(sim.client("ecs", **unknown).list_clusters)[0] == "UnrecognizedClientException"
    token = {"aws_session_token": "stale"}
    assert refusal(sim.client("logs", **token).describe_log_groups)[0] == "UnrecognizedClientException"


def test_an_unsigned_call_is_not_taken(simulator):
    sim = simulator()
    unsigned = botocore.config.Config(signature_version=botocore.UNSIGNED)
    options = {"endpoint_url": sim.endpoint, "region_name": "eu-west-1", "config": unsigned}
    assert refusal(boto3.client("ecs", **options).list_clusters)[0] == "MissingAuthenticationTokenException"
    assert refusal(boto3.client("sts", **options).get_caller_identity)[::2] == ("MissingAuthenticationToken", 403)


def test_keys_expire_and_a_new_sign_in_helps(simulator, tmp_path):
    scenario = tmp_path / "soon.yaml"
    scenario.write_text("identity: { expire_after_calls: 2 }\n")
    sim = simulator(scenario)
    ecs = sim.client("ecs")
    ecs.list_clusters()
    ecs.list_clusters()
    assert refusal(ecs.list_clusters)[0] == "ExpiredTokenException"
    assert refusal(sim.client("sts").get_caller_identity)[::2] == ("ExpiredToken", 403)
    assert sim.person()["expired"]
    fresh = sim.admin("POST", "sign-in", {"name": "practice.operator"})
    assert sim.client("sts", person=fresh).get_caller_identity()["Arn"].endswith("/practice.operator")


def test_credentials_of_another_account(simulator):
    sim = simulator("wrong_account", world=standing())
    assert sim.client("sts").get_caller_identity()["Account"] == "999988887777"
    code, message, _ = refusal(sim.client("ecs").describe_services, cluster="main", services=["api"])
    assert (code, message) == ("ClusterNotFoundException", "Cluster not found.")


def test_another_region_is_empty(simulator):
    sim = simulator(world=standing())
    elsewhere = sim.client("ecs", region_name="us-east-1")
    assert elsewhere.list_clusters()["clusterArns"] == []


def test_denied(simulator):
    sim = simulator("denied", world=standing())
    ecs = sim.client("ecs")
    code, message, _ = refusal(ecs.update_service, cluster="main", service="api", forceNewDeployment=True)
    arn = sim.client("sts").get_caller_identity()["Arn"]
    assert code == "AccessDeniedException"
    assert message == (
        f"User: {arn} is not authorized to perform: ecs:UpdateService on resource: "
        "arn:aws:ecs:eu-west-1:111122223333:service/main/api because no identity-based policy allows the "
        "ecs:UpdateService action"
    )
    assert refusal(ecs.register_task_definition, **task_definition())[0] == "AccessDeniedException"
    assert [c["outcome"] for c in sim.admin("GET", "record")["calls"]] == ["refused", "refused"]
    created = ecs.create_service(
        cluster="main", serviceName="worker", taskDefinition="api", desiredCount=1, networkConfiguration=NETWORK
    )
    assert created["service"]["status"] == "ACTIVE"


def test_the_admin_api_answers_no_name_of_a_web_page(simulator):
    sim = simulator()
    request = urllib.request.Request(f"{sim.endpoint}/_holdpoint/people", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=5)
    assert raised.value.code == 403
