"""What containers answer over HTTP, by the host map."""

import json
import urllib.error
import urllib.request

from conftest import until
from test_rollout import deploy, ended
from worlds import standing

ROUTES = [
    {"path": "/health", "json": {"status": "ok", "version": "${env.VERSION}", "tag": "${tag}", "kept": "${other}"}},
    {"path": "/api/*", "method": "GET", "json": ["${revision}"], "first_ms": 5,
     "cors": {"origins": ["https://app.example"], "methods": ["GET"], "headers": ["authorization"], "max_age": 60}},
    {"path": "/old", "status": 301, "headers": {"location": "https://api.orders.example/new"}},
]


def world():
    return standing(behaviours=[{"match": {"service": "api"}, "behaviour": {"routes": ROUTES}}])


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(sim, path, method="GET", host=None, **headers):
    if host:
        headers["Host"] = host
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"{sim.endpoint}{path}", method=method, headers=named)
    try:
        with urllib.request.build_opener(Unfollowed).open(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, dict(answer.headers), answer.read()


def test_by_name_and_by_path(simulator):
    sim = simulator(world=world())
    for path, host in [("/health", "api.orders.example"), ("/_host/api.orders.example/health", None)]:
        status, headers, body = ask(sim, path, host=host)
        assert (status, headers["x-sim-revision"]) == (200, "api:1")
        assert json.loads(body) == {"status": "ok", "version": "1.0", "tag": "1.0", "kept": "${other}"}
    assert ask(sim, "/_host/api.orders.example/none")[0] == 404
    assert ask(sim, "/_host/unknown.example/")[0] == 404
    status, headers, _ = ask(sim, "/old", host="api.orders.example")
    assert (status, headers["location"]) == (301, "https://api.orders.example/new")
    assert ask(sim, "/health", method="HEAD", host="api.orders.example")[2] == b""


def test_cors(simulator):
    sim = simulator(world=world())
    status, headers, _ = ask(
        sim, "/_host/api.orders.example/api/orders", method="OPTIONS", Origin="https://app.example",
        Access_Control_Request_Method="GET", Access_Control_Request_Headers="Authorization",
    )
    assert status == 204
    assert headers["access-control-allow-origin"] == "https://app.example"
    assert headers["access-control-allow-methods"] == "GET"
    refused = ask(
        sim, "/_host/api.orders.example/api/orders", method="OPTIONS", Origin="https://evil.example",
        Access_Control_Request_Method="GET",
    )
    assert refused[0] == 403 and "access-control-allow-origin" not in refused[1]
    simple = ask(sim, "/_host/api.orders.example/api/orders", Origin="https://app.example")
    assert simple[1]["access-control-allow-origin"] == "https://app.example"


def test_the_new_revision_answers_after_the_rollout_only(simulator):
    sim = simulator(world=world())
    ecs = sim.client("ecs")
    service = deploy(ecs)
    assert ended(ecs, service)["status"] == "SUCCESSFUL"
    assert json.loads(ask(sim, "/_host/api.orders.example/health")[2])["version"] == "1.1"
    ecs.update_service(cluster="main", service="api", desiredCount=0)
    assert until(lambda: ask(sim, "/_host/api.orders.example/health")[0] == 503)
    ecs.delete_service(cluster="main", service="api")


def test_a_host_of_a_service_to_come(simulator):
    sim = simulator(world={"clusters": ["main"], "hosts": [{"host": "new.example", "cluster": "main", "service": "new"}]})
    status, _, body = ask(sim, "/", host="new.example")
    assert status == 502 and b"does not exist" in body
