"""What credentials open beside deployments: the console, a registry; and a clock that is off."""

import base64
import datetime
import email.utils
import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.exceptions import ClientError
from test_identity import refusal


def federation(sim, **fields):
    query = urllib.parse.urlencode(fields)
    try:
        with urllib.request.urlopen(f"{sim.endpoint}/federation?{query}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def session(person, **more):
    given = {
        "sessionId": person["access_key_id"], "sessionKey": person["secret_access_key"],
        "sessionToken": person["session_token"],
    }
    return json.dumps(given | more)


def test_a_link_to_the_console(simulator):
    sim = simulator(world={"users": [{"name": "deploy.bot"}]})
    status, body = federation(sim, Action="getSigninToken", SessionDuration=3600, Session=session(sim.person()))
    assert status == 200
    token = json.loads(body)["SigninToken"]
    destination = "https://console.aws.amazon.com/ecs/"
    sim.kill()
    sim.start()
    status, page = federation(sim, Action="login", Issuer="x", Destination=destination, SigninToken=token)
    assert status == 200 and sim.person()["arn"] in page and destination in page
    assert federation(sim, Action="login", Destination=destination, SigninToken="nonsense")[0] == 400
    assert federation(sim, Action="login", Destination="javascript:alert(1)", SigninToken=token)[0] == 400
    for wrong in [
        session(sim.person(), sessionKey="x"), session(sim.person(), sessionToken="x"), "{", "{}",
        session(sim.admin("GET", "people")["users"][0]),
    ]:
        assert federation(sim, Action="getSigninToken", Session=wrong)[0] == 400, wrong
    late = federation(sim, Action="getSigninToken", SessionDuration=60, Session=session(sim.person()))
    assert late[0] == 400
    assert federation(sim, Action="getLogoutToken")[0] == 501
    # Time passes: the token is good for a quarter of an hour.
    sim.admin("POST", "behave", {"skew_seconds": 901})
    assert federation(sim, Action="login", Destination=destination, SigninToken=token)[0] == 400


def test_a_registry_token(simulator):
    sim = simulator()
    ecr = sim.client("ecr")
    given = ecr.get_authorization_token()["authorizationData"]
    assert [d["proxyEndpoint"] for d in given] == ["https://111122223333.dkr.ecr.eu-west-1.amazonaws.com"]
    user, password = base64.b64decode(given[0]["authorizationToken"]).decode().split(":", 1)
    # As long as AWS's.
    assert user == "AWS" and len(password) > 2000
    left = (given[0]["expiresAt"] - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 12 * 3600 - 60 < left <= 12 * 3600
    again = ecr.get_authorization_token(registryIds=["111122223333", "444455556666"])["authorizationData"]
    assert len(again) == 2 and again[1]["proxyEndpoint"].startswith("https://444455556666.")
    assert refusal(ecr.get_authorization_token, registryIds=["x" * 12])[0] == "InvalidParameterException"
    sim.admin("POST", "behave", {"ecr": {"password": "open sesame", "proxy_endpoint": "http://127.0.0.1:5000", "seconds": 60}})
    switched = ecr.get_authorization_token()["authorizationData"][0]
    assert base64.b64decode(switched["authorizationToken"]) == b"AWS:open sesame"
    assert switched["proxyEndpoint"] == "http://127.0.0.1:5000"
    assert (switched["expiresAt"] - datetime.datetime.now(datetime.timezone.utc)).total_seconds() <= 60
    sim.kill()
    sim.start()
    assert ecr.get_authorization_token()["authorizationData"][0]["proxyEndpoint"] == "http://127.0.0.1:5000"
    assert refusal(ecr.describe_pull_through_cache_rules)[2] == 501


def test_a_registry_token_is_refused_as_aws_does(simulator, tmp_path):
    scenario = tmp_path / "denied.yaml"
    scenario.write_text(
        "faults: [{ match: { service: ecr, nth: 1 }, effect: { kind: denied } }]\nidentity: { expire_after_calls: 1 }\n"
    )
    sim = simulator(scenario)
    ecr = sim.client("ecr")
    code, message, _ = refusal(ecr.get_authorization_token)
    assert code == "AccessDeniedException" and "ecr:GetAuthorizationToken on resource: *" in message
    assert refusal(ecr.get_authorization_token)[0] == "ExpiredTokenException"


@pytest.mark.parametrize(("skew", "said"), [(600, "Signature expired: "), (-600, "Signature not yet current: ")])
def test_a_clock_that_is_off(simulator, skew, said):
    sim = simulator()
    sim.admin("POST", "behave", {"skew_seconds": skew})
    code, message, status = refusal(sim.client("sts").get_caller_identity)
    assert (code, status) == ("SignatureDoesNotMatch", 403) and message.startswith(said)
    code, message, status = refusal(sim.client("ecs").list_clusters)
    assert (code, status) == ("InvalidSignatureException", 400) and message.startswith(said)
    # The Date header tells by how much.
    with pytest.raises(ClientError) as raised:
        sim.client("sts").get_caller_identity()
    date = raised.value.response["ResponseMetadata"]["HTTPHeaders"]["date"]
    shown = email.utils.parsedate_to_datetime(date).timestamp()
    assert abs(shown - time.time() - skew) < 30
    sim.kill()
    sim.start()
    assert refusal(sim.client("sts").get_caller_identity)[0] == "SignatureDoesNotMatch"
    sim.admin("POST", "behave", {"skew_seconds": 120 if skew > 0 else -120})
    assert sim.client("sts").get_caller_identity()["Account"] == "111122223333", "five minutes are allowed"
