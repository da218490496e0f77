"""Signing in: registration, the browser with PKCE, the device, refresh, and every way in which it fails."""

import time

import pytest
from identity_center import (
    CALLBACK, DEVICE, SCOPE, START, Request, approve, came_back, legacy, refresh, register, signed_in, unsigned, visit,
)
from test_identity import refusal


def poll(sim, client, device):
    return unsigned(sim, "sso-oidc").create_token(**client, grantType=DEVICE, deviceCode=device["deviceCode"])


def start(sim, client, url=START):
    return unsigned(sim, "sso-oidc").start_device_authorization(**client, startUrl=url)


def test_registration(simulator):
    sim = simulator()
    oidc = unsigned(sim, "sso-oidc")
    given = oidc.register_client(clientName="x", clientType="public")
    assert 89 * 86400 < given["clientSecretExpiresAt"] - time.time() < 91 * 86400
    # As long as AWS's: what keeps it must hold it.
    assert len(given["clientSecret"]) > 1000
    public = {"clientName": "x", "clientType": "public"}
    assert refusal(oidc.register_client, clientName="x", clientType="confidential")[0] == "InvalidClientMetadataException"
    assert refusal(oidc.register_client, **public, grantTypes=["password"])[0] == "UnsupportedGrantTypeException"
    for uri in ["http://app.example/cb", "nonsense", "http://127.0.0.1/cb#part"]:
        code = refusal(oidc.register_client, **public, redirectUris=[uri])[0]
        assert code == "InvalidRedirectUriException", uri
    assert refusal(oidc.register_client, **public, issuerUrl="https://other.example/start")[0] == "InvalidRequestException"
    assert refusal(oidc.register_client, **public, grantTypes=["authorization_code"])[0] == "InvalidRequestException"
    browser = public | {"grantTypes": ["authorization_code"], "issuerUrl": START, "redirectUris": [CALLBACK]}
    assert refusal(oidc.register_client, **browser)[0] == "InvalidScopeException"
    assert oidc.register_client(**browser, scopes=[SCOPE])["clientId"]


def test_a_browser_with_pkce(simulator):
    sim = simulator()
    approve(sim)
    request = Request(register(sim))
    status, location, _ = visit(sim, "GET", request.path)
    assert status == 302 and location.startswith("http://127.0.0.1:45678/oauth/callback?")
    back = came_back(location)
    assert back["state"] == "state-1"
    tokens = request.exchange(sim, back["code"])
    assert tokens["tokenType"] == "Bearer" and tokens["expiresIn"] == 3600 and tokens["refreshToken"]
    accounts = unsigned(sim, "sso").list_accounts(accessToken=tokens["accessToken"])["accountList"]
    assert [a["accountId"] for a in accounts] == ["111122223333"]
    code, message, status = refusal(request.exchange, sim, back["code"])
    assert (code, status) == ("InvalidGrantException", 400), "a code is good once"
    assert message.startswith("Invalid authorization code") or message


@pytest.mark.parametrize("wrong", [
    {"codeVerifier": "v" * 43},
    {"redirectUri": "http://127.0.0.1:1/oauth/callback"},
    {"code": "nonsense"},
])
def test_a_wrong_exchange_is_refused(simulator, wrong):
    sim = simulator()
    approve(sim)
    request = Request(register(sim))
    code = came_back(visit(sim, "GET", request.path)[1])["code"]
    assert refusal(request.exchange, sim, **({"code": code} | wrong))[0] == "InvalidGrantException"
    if "code" not in wrong:
        assert refusal(request.exchange, sim, code)[0] == "InvalidGrantException", "tried is spent"


def test_a_code_of_another_client_and_one_that_ended(simulator):
    sim = simulator()
    approve(sim)
    request = Request(register(sim))
    code = came_back(visit(sim, "GET", request.path)[1])["code"]
    assert refusal(request.exchange, sim, code, **register(sim))[0] == "InvalidGrantException"
    sim.admin("POST", "behave", {"sso": {"code_seconds": 0}})
    late = came_back(visit(sim, "GET", request.path)[1])["code"]
    assert refusal(request.exchange, sim, late)[0] == "InvalidGrantException"


def test_nobody_is_sent_to_an_address_that_was_not_registered(simulator):
    sim = simulator()
    approve(sim)
    client = register(sim)
    for more in [{"redirect_uri": "http://evil.example/"}, {"redirect_uri": CALLBACK + "/x"}, {"client_id": "none"}]:
        status, location, page = visit(sim, "GET", Request(client, **more).path)
        assert (status, location) == (400, None) and "cannot go on" in page
    for more, error in [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scopes": "sso:account:access codewhisperer:analysis"}, "invalid_scope"),
    ]:
        status, location, _ = visit(sim, "GET", Request(client, **more).path)
        back = came_back(location)
        assert (status, back["error"], back["state"], "code" in back) == (302, error, "state-1", False)


def test_a_person_picks_who_they_are(simulator):
    sim = simulator()
    request = Request(register(sim))
    status, location, page = visit(sim, "GET", request.path)
    assert (status, location) == (200, None)
    assert "practice.second" in page and "botocore-client-test" in page and "not AWS" in page
    decided = request.fields | {"person": "practice.second", "decision": "allow"}
    status, location, _ = visit(sim, "POST", "/_holdpoint/authorize", decided)
    tokens = request.exchange(sim, came_back(location)["code"])
    assert tokens["accessToken"]
    assert [s["person"] for s in sim.admin("GET", "sso")["sessions"]] == ["practice.second"]
    _, location, _ = visit(sim, "POST", "/_holdpoint/authorize", decided | {"decision": "deny"})
    assert came_back(location)["error"] == "access_denied"
    # Neither the address of the browser nor a page from elsewhere decides.
    query = Request(request.client, decision="allow", person="practice.second").path
    assert visit(sim, "GET", query)[:2] == (200, None)
    elsewhere = visit(sim, "POST", "/_holdpoint/authorize", decided, {"Sec-Fetch-Site": "cross-site"})
    assert elsewhere[:2] == (403, None)


def test_names_on_the_page_are_text(simulator):
    sim = simulator()
    client = register(sim, clientName="<script>alert(1)</script>")
    _, _, page = visit(sim, "GET", Request(client, state='"><script>').path)
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_never_and_denied(simulator):
    sim = simulator()
    request = Request(register(sim))
    approve(sim, "never")
    status, location, page = visit(sim, "GET", request.path)
    assert (status, location) == (200, None) and "<form" not in page
    approve(sim, "deny")
    assert came_back(visit(sim, "GET", request.path)[1])["error"] == "access_denied"
    device = start(sim, request.client)
    assert refusal(poll, sim, request.client, device)[0] == "AccessDeniedException"


def test_a_device(simulator):
    sim = simulator()
    approve(sim, "hand", interval=0)
    client = register(sim)
    device = start(sim, client, START + "/#/")
    assert device["verificationUri"] == f"{sim.endpoint}/_holdpoint/device"
    assert device["verificationUriComplete"].endswith(f"?user_code={device['userCode']}")
    assert device["expiresIn"] == 600
    code, message, status = refusal(poll, sim, client, device)
    assert (code, status) == ("AuthorizationPendingException", 400)
    assert [w["user_code"] for w in sim.admin("GET", "sso")["waiting"]] == [device["userCode"]]
    page = visit(sim, "GET", f"/_holdpoint/device?user_code={device['userCode'].lower()}")[2]
    assert device["userCode"] in page and "practice.operator" in page
    assert "No sign-in waits" in visit(sim, "GET", "/_holdpoint/device?user_code=NONE")[2]
    decided = {"user_code": device["userCode"], "person": "practice.operator", "decision": "allow"}
    assert visit(sim, "POST", "/_holdpoint/device", decided | {"person": "nobody"})[0] == 400
    assert visit(sim, "POST", "/_holdpoint/device", decided)[0] == 200
    assert poll(sim, client, device)["refreshToken"]
    assert refusal(poll, sim, client, device)[0] == "InvalidGrantException", "a device code is good once"


def test_a_denied_device(simulator):
    sim = simulator()
    client = register(sim)
    device = start(sim, client)
    visit(sim, "POST", "/_holdpoint/device", {"user_code": device["userCode"], "decision": "deny"})
    assert refusal(poll, sim, client, device)[0] == "AccessDeniedException"


def test_haste_is_answered_slow_down(simulator):
    sim = simulator()
    approve(sim, "hand", interval=30)
    client = register(sim)
    device = start(sim, client)
    assert device["interval"] == 30
    codes = [refusal(poll, sim, client, device)[0] for _ in range(3)]
    assert codes == ["AuthorizationPendingException", "SlowDownException", "SlowDownException"]


def test_slow_down_and_pending_by_switch(simulator):
    sim = simulator()
    approve(sim, slow_down=1, pending=3, interval=0)
    client = register(sim)
    device = start(sim, client)
    assert refusal(poll, sim, client, device)[0] == "SlowDownException"
    # From here on five seconds are to lie between two polls.
    assert refusal(poll, sim, client, device)[0] == "SlowDownException"
    other = start(sim, client)
    codes = [refusal(poll, sim, client, other)[0] for _ in range(3)]
    assert codes == ["AuthorizationPendingException"] * 3
    assert poll(sim, client, other)["accessToken"]


def test_a_device_that_waited_too_long(simulator):
    sim = simulator()
    approve(sim, device_seconds=0)
    client = register(sim)
    assert refusal(poll, sim, client, start(sim, client))[0] == "ExpiredTokenException"


def test_clients_are_checked(simulator):
    sim = simulator()
    client = register(sim)
    wrong = client | {"clientSecret": "x"}
    code, _, status = refusal(start, sim, wrong)
    assert (code, status) == ("InvalidClientException", 401)
    assert refusal(start, sim, client, "https://other.example/start")[0] == "InvalidRequestException"
    only_code = register(sim, grantTypes=["authorization_code"])
    assert refusal(start, sim, only_code)[0] == "UnauthorizedClientException"
    oidc = unsigned(sim, "sso-oidc")
    assert refusal(oidc.create_token, **client, grantType="password")[0] == "UnsupportedGrantTypeException"
    assert refusal(oidc.create_token, **client, grantType=DEVICE)[0] == "InvalidRequestException"
    sim.admin("POST", "sso/expire", {"what": "client"})
    assert refusal(start, sim, client)[:3:2] == ("InvalidClientException", 401)


def test_refresh_tokens_are_good_once(simulator):
    sim = simulator()
    tokens, client = signed_in(sim)
    again = refresh(sim, client, tokens["refreshToken"])
    assert again["accessToken"] != tokens["accessToken"] and again["refreshToken"] != tokens["refreshToken"]
    code, message, status = refusal(refresh, sim, client, tokens["refreshToken"])
    assert (code, status) == ("InvalidGrantException", 400)
    assert sim.admin("GET", "sso")["reused_refresh_tokens"] == 1
    assert refusal(refresh, sim, register(sim), again["refreshToken"])[0] == "InvalidGrantException"
    assert refusal(refresh, sim, client, again["refreshToken"], scope=["other"])[0] == "InvalidScopeException"
    assert refresh(sim, client, again["refreshToken"], scope=[SCOPE])["accessToken"]
    # What was handed out before goes on until its own end.
    assert unsigned(sim, "sso").list_accounts(accessToken=tokens["accessToken"])["accountList"]


def test_a_legacy_client_gets_no_refresh_token_and_eight_hours(simulator):
    sim = simulator()
    approve(sim)
    client = legacy(sim)
    tokens = poll(sim, client, start(sim, client))
    assert tokens.get("refreshToken") is None and tokens["expiresIn"] == 28800


@pytest.mark.parametrize(("what", "listing", "renewing"), [
    ("access", "UnauthorizedException", None),
    ("refresh", None, "InvalidGrantException"),
    ("session", "UnauthorizedException", "InvalidGrantException"),
    ("client", None, "InvalidClientException"),
])
def test_what_is_ended_at_once(simulator, what, listing, renewing):
    sim = simulator()
    tokens, client = signed_in(sim)
    other, other_client = signed_in(sim, person="practice.second")
    person = {} if what == "client" else {"person": "practice.operator"}
    sim.admin("POST", "sso/expire", {"what": what} | person)
    portal = unsigned(sim, "sso")

    def outcome(call, *arguments, **members):
        try:
            call(*arguments, **members)
        except portal.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return None

    assert outcome(portal.list_accounts, accessToken=tokens["accessToken"]) == listing
    assert outcome(refresh, sim, client, tokens["refreshToken"]) == renewing
    if what != "client":
        assert outcome(portal.list_accounts, accessToken=other["accessToken"]) is None
        assert outcome(refresh, sim, other_client, other["refreshToken"]) is None


def test_faults_hit_sign_in_too(simulator):
    sim = simulator()
    tokens, client = signed_in(sim)
    sim.admin("POST", "behave", {"faults": [
        {"match": {"service": "sso-oidc", "operation": "CreateToken", "nth": 1},
         "effect": {"kind": "error", "code": "InternalServerException", "status": 500, "message": "Unexpected"}},
        {"match": {"service": "sso", "actor": "practice.operator", "nth": 1}, "effect": {"kind": "status", "status": 503}},
    ]})
    assert refusal(refresh, sim, client, tokens["refreshToken"])[::2] == ("InternalServerException", 500)
    tokens = refresh(sim, client, tokens["refreshToken"])
    portal = unsigned(sim, "sso")
    assert refusal(portal.list_accounts, accessToken=tokens["accessToken"])[2] == 503
    assert portal.list_accounts(accessToken=tokens["accessToken"])["accountList"]


def test_tokens_survive_a_kill(simulator):
    sim = simulator()
    tokens, client = signed_in(sim)
    waiting = start(sim, client)
    sim.kill()
    sim.start()
    assert unsigned(sim, "sso").list_accounts(accessToken=tokens["accessToken"])["accountList"]
    assert poll(sim, client, waiting)["accessToken"]
    again = refresh(sim, client, tokens["refreshToken"])
    sim.kill()
    sim.start()
    assert refusal(refresh, sim, client, tokens["refreshToken"])[0] == "InvalidGrantException"
    assert refresh(sim, client, again["refreshToken"])["accessToken"]
    assert sim.admin("GET", "sso")["reused_refresh_tokens"] == 1


def test_mistakes_are_named(simulator):
    sim = simulator()
    with pytest.raises(ValueError, match="approve"):
        approve(sim, "auto")
    with pytest.raises(ValueError, match="what"):
        sim.admin("POST", "sso/expire", {"person": "practice.operator"})
    with pytest.raises(ValueError, match="twelve digits"):
        sim.admin("POST", "furnish", {"sso": {"instances": [
            {"start_url": "https://a.example/start", "accounts": [{"id": "1", "name": "x"}]}]}})
