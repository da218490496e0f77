"""The access portal: accounts, roles, credentials, their limits, and the SDK's own SSO provider on top."""

import datetime
import hashlib
import json
import os
import subprocess
import sys

from identity_center import START, Request, approve, came_back, legacy, refresh, register, signed_in, unsigned, visit
from test_identity import refusal
from worlds import standing


def organisation(**more):
    accounts = [
        {"id": "111122223333", "name": "orders-prod", "email": "orders-prod@accounts.example",
         "roles": ["Deployer", {"name": "Admin", "people": ["practice.second"]}]},
        {"id": "444455556666", "name": "orders-test", "email": "orders-test@accounts.example", "roles": ["Deployer", "ReadOnly"]},
        {"id": "555566667777", "name": "payroll", "roles": [{"name": "ReadOnly", "people": ["practice.second"]}]},
    ]
    return {"sso": {"instances": [{"start_url": START, "accounts": accounts} | more]}}


def test_accounts_and_roles_are_those_of_the_person(simulator):
    sim = simulator(world=organisation())
    portal = unsigned(sim, "sso")
    mine = signed_in(sim)[0]["accessToken"]
    theirs = signed_in(sim, person="practice.second")[0]["accessToken"]
    names = [a["accountName"] for a in portal.list_accounts(accessToken=mine)["accountList"]]
    assert names == ["orders-prod", "orders-test"]
    assert len(portal.list_accounts(accessToken=theirs)["accountList"]) == 3
    roles = portal.list_account_roles(accessToken=mine, accountId="111122223333")["roleList"]
    assert roles == [{"roleName": "Deployer", "accountId": "111122223333"}]
    assert refusal(portal.list_account_roles, accessToken=mine, accountId="555566667777")[::2] == ("ForbiddenException", 403)
    unknown = refusal(portal.list_account_roles, accessToken=mine, accountId="000000000000")
    assert unknown[::2] == ("ResourceNotFoundException", 404)


def test_pages(simulator):
    accounts = [{"id": f"1111{n:08}", "name": f"account-{n}", "roles": ["Deployer"]} for n in range(250)]
    sim = simulator(world={"sso": {"instances": [{"start_url": START, "accounts": accounts}]}})
    token = signed_in(sim)[0]["accessToken"]
    portal = unsigned(sim, "sso")
    assert len(portal.list_accounts(accessToken=token)["accountList"]) == 20
    first = portal.list_accounts(accessToken=token, maxResults=30)
    assert len(first["accountList"]) == 30 and first["nextToken"]
    pages = portal.get_paginator("list_accounts").paginate(accessToken=token)
    seen = [a["accountName"] for page in pages for a in page["accountList"]]
    assert seen == [f"account-{n}" for n in range(250)]
    for wrong in [{"maxResults": 101}, {"nextToken": "x"}]:
        code = refusal(portal.list_accounts, accessToken=token, **wrong)[0]
        assert code == "InvalidRequestException", wrong


def test_credentials_of_a_role_are_that_role(simulator):
    sim = simulator(world=standing() | organisation(role_seconds=1800))
    token = signed_in(sim)[0]["accessToken"]
    portal = unsigned(sim, "sso")

    def keys(account, role):
        given = portal.get_role_credentials(accessToken=token, accountId=account, roleName=role)["roleCredentials"]
        left = given["expiration"] / 1000 - datetime.datetime.now().timestamp()
        assert 1700 < left <= 1800
        return {
            "aws_access_key_id": given["accessKeyId"],
            "aws_secret_access_key": given["secretAccessKey"],
            "aws_session_token": given["sessionToken"],
        }

    prod = keys("111122223333", "Deployer")
    arn = sim.client("sts", **prod).get_caller_identity()["Arn"]
    # The same principal as the furnished session of that person.
    assert arn == sim.person()["arn"]
    assert sim.client("ecs", **prod).describe_services(cluster="main", services=["api"])["services"]
    test = keys("444455556666", "ReadOnly")
    arn = sim.client("sts", **test).get_caller_identity()["Arn"]
    assert arn.startswith("arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_ReadOnly_")
    assert sim.client("ecs", **test).list_clusters()["clusterArns"] == []
    for account, role in [("111122223333", "Admin"), ("111122223333", "None"), ("555566667777", "ReadOnly")]:
        code, message, status = refusal(
            portal.get_role_credentials, accessToken=token, accountId=account, roleName=role
        )
        assert (code, message, status) == ("ForbiddenException", "No access", 403)
    sim.kill()
    sim.start()
    assert sim.client("sts", **prod).get_caller_identity()["Account"] == "111122223333"
    sim.admin("POST", "sso/expire", {"what": "role", "person": "practice.operator"})
    assert refusal(sim.client("sts", **prod).get_caller_identity)[::2] == ("ExpiredToken", 403)
    assert refusal(sim.client("ecs", **prod).list_clusters)[0] == "ExpiredTokenException"
    assert sim.client("sts").get_caller_identity(), "the furnished people have no end"


def test_tokens_that_are_worth_nothing(simulator):
    sim = simulator()
    portal = unsigned(sim, "sso")
    wrong = ("UnauthorizedException", "Session token not found or invalid", 401)
    assert refusal(portal.list_accounts, accessToken="nonsense") == wrong
    # A token for something else opens no account.
    client = register(sim, scopes=["codewhisperer:analysis"])
    request = Request(client, scopes="codewhisperer:analysis")
    approve(sim)
    other = request.exchange(sim, came_back(visit(sim, "GET", request.path)[1])["code"])
    assert refusal(portal.list_accounts, accessToken=other["accessToken"]) == wrong
    tokens, client = signed_in(sim)
    portal.logout(accessToken=tokens["accessToken"])
    assert refusal(portal.list_accounts, accessToken=tokens["accessToken"]) == wrong
    assert refusal(refresh, sim, client, tokens["refreshToken"])[0] == "InvalidGrantException"
    assert refusal(portal.logout, accessToken=tokens["accessToken"]) == wrong


def test_twenty_calls_a_second(simulator):
    sim = simulator()
    portal = unsigned(sim, "sso")
    token = signed_in(sim)[0]["accessToken"]
    sim.admin("POST", "behave", {"sso": {"rate": {"per_second": 1, "retry_after": 7}}})
    answers = [portal.list_accounts(accessToken=token)["ResponseMetadata"]]
    # The bucket gets one call a second, and this asks faster than that.
    while answers[-1]["HTTPStatusCode"] == 200 and len(answers) < 500:
        try:
            answers.append(portal.list_accounts(accessToken=token)["ResponseMetadata"])
        except portal.exceptions.TooManyRequestsException as error:
            answers.append(error.response["ResponseMetadata"])
    assert answers[-1]["HTTPStatusCode"] == 429 and answers[-1]["HTTPHeaders"]["retry-after"] == "7"
    record = sim.admin("GET", "record")
    assert record["throttled"] == {"sso:ListAccounts": 1}
    assert record["answered"]["sso:ListAccounts"] == len(answers) - 1
    # Somebody else has a bucket of their own, and none is for all.
    second = signed_in(sim, person="practice.second")[0]["accessToken"]
    assert portal.list_accounts(accessToken=second)
    sim.admin("POST", "behave", {"sso": {"rate": {"per_second": 0}}})
    for _ in range(30):
        portal.list_accounts(accessToken=token)


def profile_home(sim, folder, tokens, client, left):
    """A home with an sso-session profile and the token where the AWS CLI keeps it, `left` seconds before its end."""
    home = folder / "home" / ".aws"
    (home / "sso" / "cache").mkdir(parents=True)
    (home / "config").write_text(
        "[profile orders]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Deployer\nregion = eu-west-1\n"
        f"[sso-session corp]\nsso_start_url = {START}\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n"
    )
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    now = datetime.datetime.now(datetime.timezone.utc)
    kept = {
        "startUrl": START,
        "region": "eu-west-1",
        "accessToken": tokens["accessToken"],
        "expiresAt": (now + datetime.timedelta(seconds=left)).strftime(stamp),
        "clientId": client["clientId"],
        "clientSecret": client["clientSecret"],
        "registrationExpiresAt": (now + datetime.timedelta(days=80)).strftime(stamp),
        "refreshToken": tokens["refreshToken"],
    }
    cache = home / "sso" / "cache" / (hashlib.sha1(b"corp").hexdigest() + ".json")
    cache.write_text(json.dumps(kept))
    return home, cache


def neighbour(sim, home, *command):
    """Runs a client that knows nothing but that home and the endpoint."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home.parent),
        "AWS_ENDPOINT_URL": sim.endpoint,
        "AWS_PROFILE": "orders",
        "AWS_PAGER": "",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_botocore_refreshes_and_gets_credentials(simulator, tmp_path):
    sim = simulator(world=organisation())
    tokens, client = signed_in(sim)
    home, cache = profile_home(sim, tmp_path, tokens, client, left=300)
    asks = "import botocore.session as b; print(b.Session().create_client('sts').get_caller_identity()['Arn'])"
    code, output, error = neighbour(sim, home, sys.executable, "-c", asks)
    assert (code, output.strip()) == (0, sim.person()["arn"]), error
    kept = json.loads(cache.read_text())
    assert kept["accessToken"] != tokens["accessToken"] and kept["refreshToken"] != tokens["refreshToken"]
    answered = sim.admin("GET", "record")["answered"]
    # One for the sign-in, one for the refresh.
    assert answered["sso-oidc:CreateToken"] == 2 and answered["sso:GetRoleCredentials"] == 1
    sim.admin("POST", "sso/expire", {"what": "session"})
    code, _, error = neighbour(sim, home, sys.executable, "-c", asks)
    assert code != 0 and "UnauthorizedSSOTokenError" in error, error


def test_the_command_line_reads_an_sso_profile(simulator, tmp_path):
    sim = simulator(world=organisation())
    tokens, client = signed_in(sim)
    home, _ = profile_home(sim, tmp_path, tokens, client, left=3000)
    code, output, error = neighbour(sim, home, "aws", "sts", "get-caller-identity")
    assert code == 0, error
    assert json.loads(output)["Arn"] == sim.person()["arn"]


def test_several_organisations(simulator):
    other = {"start_url": "https://other.example/start", "people": ["ann.other"],
             "accounts": [{"id": "222233334444", "name": "other", "roles": ["Operator"]}]}
    world = organisation()
    world["sso"]["instances"].append(other)
    sim = simulator(world=world)
    sim.admin("POST", "behave", {"sso": {"approve": "auto:ann.other"}})
    client = legacy(sim)
    oidc = unsigned(sim, "sso-oidc")

    def signed_in_at(url):
        device = oidc.start_device_authorization(**client, startUrl=url)
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        return oidc.create_token(**client, grantType=grant, deviceCode=device["deviceCode"])["accessToken"]

    accounts = unsigned(sim, "sso").list_accounts(accessToken=signed_in_at("https://other.example/start"))
    assert [a["accountId"] for a in accounts["accountList"]] == ["222233334444"]
    assert refusal(signed_in_at, START)[0] == "AccessDeniedException", "ann is nobody there"
