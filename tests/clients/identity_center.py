"""Signing in to the simulator's Identity Center as a client does: by code with PKCE, or by device."""

import base64
import hashlib
import http.client
import secrets
import urllib.parse

import boto3
import botocore
import botocore.config

START = "https://practice.example/start"
CALLBACK = "http://127.0.0.1/oauth/callback"
SCOPE = "sso:account:access"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def unsigned(sim, service, retries=0):
    config = botocore.config.Config(
        signature_version=botocore.UNSIGNED, retries={"total_max_attempts": retries + 1, "mode": "standard"}
    )
    return boto3.client(service, endpoint_url=sim.endpoint, region_name="eu-west-1", config=config)


def register(sim, **more):
    """A client's registration, as the AWS CLI asks for one."""
    asked = {
        "clientName": "botocore-client-test",
        "clientType": "public",
        "grantTypes": ["authorization_code", "refresh_token", DEVICE],
        "redirectUris": [CALLBACK],
        "issuerUrl": START,
        "scopes": [SCOPE],
    }
    asked.update(more)
    given = unsigned(sim, "sso-oidc").register_client(**{k: v for k, v in asked.items() if v is not None})
    return {"clientId": given["clientId"], "clientSecret": given["clientSecret"]}


def legacy(sim):
    """A registration of a profile without an sso-session: no scopes, no grants, device only."""
    return register(sim, grantTypes=None, redirectUris=None, issuerUrl=None, scopes=None)


def visit(sim, method, path, fields=None, headers=None):
    """What a browser does, without following where it leads: (status, location, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=10)
    body = urllib.parse.urlencode(fields) if fields is not None else None
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    connection.request(method, path, body=body, headers=kind | (headers or {}))
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers.get("Location"), text


class Request:
    """One authorization request."""

    def __init__(self, client, **more):
        self.client = client
        self.verifier = secrets.token_urlsafe(48)
        self.redirect = "http://127.0.0.1:45678/oauth/callback"
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        self.fields = {
            "response_type": "code",
            "client_id": client["clientId"],
            "redirect_uri": self.redirect,
            "state": "state-1",
            "code_challenge_method": "S256",
            "code_challenge": challenge,
            "scopes": SCOPE,
        } | more

    @property
    def path(self):
        return "/authorize?" + urllib.parse.urlencode(self.fields)

    def exchange(self, sim, code, **more):
        asked = {"grantType": "authorization_code", "code": code, "redirectUri": self.redirect, "codeVerifier": self.verifier}
        return unsigned(sim, "sso-oidc").create_token(**(self.client | asked | more))


def came_back(location):
    """The fields with which the browser came back to the client."""
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))


def approve(sim, who="auto:practice.operator", **more):
    sim.admin("POST", "behave", {"sso": {"approve": who} | more})


def signed_in(sim, client=None, person="practice.operator"):
    """Tokens by PKCE, with the registration that they belong to."""
    approve(sim, f"auto:{person}")
    request = Request(client or register(sim))
    _, location, _ = visit(sim, "GET", request.path)
    return request.exchange(sim, came_back(location)["code"]), request.client


def refresh(sim, client, token, **more):
    return unsigned(sim, "sso-oidc").create_token(**client, grantType="refresh_token", refreshToken=token, **more)
