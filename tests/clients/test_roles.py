"""STS and IAM: roles with conditions, chains, one-time codes, web identities, users, aliases."""

import datetime

import boto3
import pytest
from identity_center import signed_in, unsigned
from test_identity import refusal

HOME = "111122223333"
OTHER = "444455556666"


def world(*roles, **more):
    return {"roles": list(roles), "users": [{"name": "deploy.bot"}]} | more


def arn(name, account=HOME):
    return f"arn:aws:iam::{account}:role/{name}"


def keys(given):
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given.get("SessionToken"),
    }


def user(sim, index=0):
    given = sim.admin("GET", "people")["users"][index]
    return given, {
        "aws_access_key_id": given["access_key_id"], "aws_secret_access_key": given["secret_access_key"],
        "aws_session_token": None,
    }


def assume(sts, role, name="run-7", **more):
    return sts.assume_role(RoleArn=arn(role) if "/" not in role else role, RoleSessionName=name, **more)


@pytest.mark.parametrize(("trust", "right", "wrong"), [
    ({"external_id": "x-1"}, {"ExternalId": "x-1"}, {"ExternalId": "x-2"}),
    ({"external_id": "x-1"}, {"ExternalId": "x-1"}, {}),
    ({"source_identity": True}, {"SourceIdentity": "ann"}, {}),
    ({"session_name": "run-*"}, {"name": "run-9"}, {"name": "ann"}),
])
def test_conditions(simulator, trust, right, wrong):
    sim = simulator(world=world({"name": "Reader", "trust": trust}))
    sts = sim.client("sts")
    assert assume(sts, "Reader", **right)["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{HOME}:assumed-role/Reader/")
    code, message, status = refusal(assume, sts, "Reader", **wrong)
    assert (code, status) == ("AccessDenied", 403)
    assert message == (
        f"User: {sim.person()['arn']} is not authorized to perform: sts:AssumeRole on resource: {arn('Reader')}"
    )


def test_who_is_trusted(simulator):
    sim = simulator(world=world(
        {"name": "ForDeployers", "trust": {"principals": [f"arn:aws:iam::{HOME}:role/AWSReservedSSO_Deployer_*"]}},
        {"name": "ForTheBot", "trust": {"principals": [f"arn:aws:iam::{HOME}:user/deploy.bot"]}},
        {"name": "Deployed", "account": OTHER, "trust": {"principals": [arn("ForDeployers")]}},
    ))
    person, bot = sim.client("sts"), sim.client("sts", **user(sim)[1])
    chain = assume(person, "ForDeployers")["Credentials"]
    assert refusal(assume, person, "ForTheBot")[0] == "AccessDenied"
    assert assume(bot, "ForTheBot")
    assert refusal(assume, bot, "ForDeployers")[0] == "AccessDenied"
    assert refusal(assume, person, "Absent")[0] == "AccessDenied", "AWS does not say that there is no such role"
    target = arn("Deployed", OTHER)
    assert refusal(assume, person, target)[0] == "AccessDenied"
    inner = assume(sim.client("sts", **keys(chain)), target)
    assert inner["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{OTHER}:assumed-role/Deployed/run-7"


def test_a_source_identity_stays(simulator):
    sim = simulator(world=world({"name": "First"}, {"name": "Second"}))
    first = assume(sim.client("sts"), "First", SourceIdentity="run-7-ann")
    chained = sim.client("sts", **keys(first["Credentials"]))
    second = assume(chained, "Second")
    assert second["SourceIdentity"] == "run-7-ann"
    assert assume(chained, "Second", SourceIdentity="run-7-ann")
    code, message, _ = refusal(assume, chained, "Second", SourceIdentity="somebody")
    assert code == "AccessDenied" and "sts:SetSourceIdentity" in message
    sim.kill()
    sim.start()
    assert assume(chained, "Second")["SourceIdentity"] == "run-7-ann"


def test_how_long(simulator):
    sim = simulator(world=world({"name": "Short"}, {"name": "Long", "trust": {"max_seconds": 28800}}))
    bot, person = sim.client("sts", **user(sim)[1]), sim.client("sts")
    ends = assume(bot, "Long", DurationSeconds=28800)["Credentials"]["Expiration"]
    left = (ends - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 28700 < left <= 28800
    assert "MaxSessionDuration" in refusal(assume, bot, "Short", DurationSeconds=7200)[1]
    code, message, status = refusal(assume, person, "Long", DurationSeconds=7200)
    assert (code, status) == ("ValidationError", 400) and "1 hour session limit" in message
    client = sim.client("sts", **user(sim)[1], parameter_validation=False)
    for seconds in [899, 43201]:
        assert refusal(assume, client, "Long", DurationSeconds=seconds)[0] == "ValidationError"


def test_one_time_codes(simulator):
    sim = simulator(world=world({"name": "Guarded", "trust": {"mfa": True}}))
    given, pair = user(sim)
    bot, serial = sim.client("sts", **pair), given["mfa_serial"]
    assert refusal(assume, bot, "Guarded")[0] == "AccessDenied"
    assert "invalid MFA one time pass code" in refusal(
        assume, bot, "Guarded", SerialNumber=serial, TokenCode="000000")[1]
    assert "serial number is valid" in refusal(
        assume, bot, "Guarded", SerialNumber=serial + "x", TokenCode="123456")[1]
    assert "must provide both" in refusal(assume, bot, "Guarded", TokenCode="123456")[1]
    assert assume(bot, "Guarded", SerialNumber=serial, TokenCode="123456")
    # A session that was begun with a code carries it.
    plain = bot.get_session_token()["Credentials"]
    assert refusal(assume, sim.client("sts", **keys(plain)), "Guarded")[0] == "AccessDenied"
    strong = bot.get_session_token(SerialNumber=serial, TokenCode="123456", DurationSeconds=900)["Credentials"]
    session = sim.client("sts", **keys(strong))
    assert session.get_caller_identity()["Arn"] == f"arn:aws:iam::{HOME}:user/deploy.bot"
    assert assume(session, "Guarded")
    assert "session credentials" in refusal(session.get_session_token)[1]
    assert refusal(sim.client("sts").get_session_token)[0] == "AccessDenied"
    # Whoever signs in through Identity Center has no device of IAM.
    assert refusal(assume, sim.client("sts"), "Guarded", SerialNumber=serial, TokenCode="123456")[0] == "AccessDenied"


def test_users_and_their_keys(simulator):
    sim = simulator(world=world())
    given, pair = user(sim)
    sts = sim.client("sts", **pair)
    identity = sts.get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{HOME}:user/deploy.bot" and identity["UserId"].startswith("AIDA")
    assert given["access_key_id"].startswith("AKIA") and given["session_token"] is None
    assert sts.get_access_key_info(AccessKeyId=sim.person()["access_key_id"])["Account"] == HOME
    assert refusal(sts.get_access_key_info, AccessKeyId="AKIAAAAAAAAAAAAAAAAA")[0] == "ValidationError"
    stray = pair | {"aws_session_token": "stray"}
    assert refusal(sim.client("sts", **stray).get_caller_identity)[0] == "InvalidClientTokenId"
    sim.admin("POST", "sso/expire", {"what": "role"})
    assert sts.get_caller_identity(), "long-term keys have no end"


def test_a_web_identity(simulator):
    provider = "tokens.ci.example"
    sim = simulator(world=world(
        {"name": "FromCi", "trust": {"principals": [f"arn:aws:iam::{HOME}:oidc-provider/{provider}"]}},
        {"name": "Other", "trust": {"principals": [f"arn:aws:iam::{HOME}:root"]}},
        web_identities=[
            {"token": "good", "provider": provider, "subject": "repo:orders"},
            {"token": "late", "provider": provider, "subject": "repo:orders", "expired": True},
        ],
    ))
    sts = unsigned(sim, "sts")

    def ask(token, role="FromCi"):
        return sts.assume_role_with_web_identity(RoleArn=arn(role), RoleSessionName="ci-1", WebIdentityToken=token)

    given = ask("good")
    assert given["SubjectFromWebIdentityToken"] == "repo:orders" and given["Audience"] == "sts.amazonaws.com"
    who = sim.client("sts", **keys(given["Credentials"])).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{HOME}:assumed-role/FromCi/ci-1"
    assert refusal(ask, "nonsense")[::2] == ("InvalidIdentityToken", 400)
    assert refusal(ask, "late")[::2] == ("ExpiredTokenException", 400)
    assert refusal(ask, "good", role="Other")[::2] == ("AccessDenied", 403)


def test_a_chain_from_identity_center(simulator):
    sim = simulator(world=world(
        {"name": "Target", "account": OTHER, "trust": {"principals": [f"arn:aws:iam::{HOME}:root"], "source_identity": True}},
    ))
    token = signed_in(sim)[0]["accessToken"]
    given = unsigned(sim, "sso").get_role_credentials(accessToken=token, accountId=HOME, roleName="Deployer")
    role = given["roleCredentials"]
    base = boto3.Session(role["accessKeyId"], role["secretAccessKey"], role["sessionToken"], region_name="eu-west-1")
    sts = base.client("sts", endpoint_url=sim.endpoint)
    target = assume(sts, arn("Target", OTHER), SourceIdentity="practice.operator")
    who = sim.client("sts", **keys(target["Credentials"])).get_caller_identity()
    assert who["Account"] == OTHER


def test_aliases(simulator):
    accounts = [{"id": OTHER, "name": "payroll", "alias": "payroll-prod", "roles": ["Deployer"]}]
    sim = simulator(world=world(
        {"name": "There", "account": OTHER}, alias="orders-prod",
        sso={"instances": [{"start_url": "https://practice.example/start", "accounts": accounts}]},
    ))
    assert sim.client("iam").list_account_aliases()["AccountAliases"] == ["orders-prod"]
    there = assume(sim.client("sts"), arn("There", OTHER))["Credentials"]
    assert sim.client("iam", **keys(there)).list_account_aliases()["AccountAliases"] == ["payroll-prod"]
    assert refusal(sim.client("iam").list_users)[2] == 501


def test_mistakes_in_a_world_are_named(simulator):
    sim = simulator()
    for wrong, named in [
        ({"roles": [{"name": "R", "trust": {"max_seconds": 60}}]}, "max_seconds"),
        ({"users": [{"name": "a b"}]}, "users"),
        ({"roles": [{"name": "R", "trust": {"extern": 1}}]}, "extern"),
    ]:
        with pytest.raises(ValueError, match=named):
            sim.admin("POST", "furnish", wrong)
