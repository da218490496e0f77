"""Calls that go wrong on their way, and what became of them."""

import json

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, HTTPClientError, ResponseStreamingError
from conftest import until
from worlds import standing, task_definition

LOST = (ConnectionClosedError, EndpointConnectionError, HTTPClientError, ResponseStreamingError, ClientError)


def faulty(tmp_path, *faults):
    scenario = tmp_path / "faults.json"
    scenario.write_text(json.dumps({"faults": list(faults)}))
    return scenario


def test_half_of_all_calls_throttled_and_a_retrying_client_gets_through(simulator):
    sim = simulator("throttled", world=standing())
    ecs = sim.client("ecs", retries=30)
    codes = []
    bare = sim.client("ecs")
    for _ in range(40):
        try:
            bare.list_clusters()
            codes.append("fine")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert 8 <= codes.count("ThrottlingException") <= 32
    ecs.register_task_definition(**task_definition())
    record = sim.admin("GET", "record")
    assert [c["outcome"] for c in record["calls"]] == ["took_effect"]
    assert record["throttled"]["ecs:ListClusters"] == codes.count("ThrottlingException")


@pytest.mark.parametrize(
    "effect, applied",
    [
        ({"kind": "reset"}, False),
        ({"kind": "reset", "applied": True}, True),
        ({"kind": "status", "status": 503}, False),
        ({"kind": "status", "status": 500, "applied": True}, True),
        ({"kind": "truncate"}, True),
    ],
)
def test_an_answer_lost_on_the_way(simulator, tmp_path, effect, applied):
    match = {"service": "ecs", "operation": "RegisterTaskDefinition", "nth": 1}
    sim = simulator(faulty(tmp_path, {"match": match, "effect": effect}))
    ecs = sim.client("ecs")
    # Of a body that breaks off, botocore from 1.44 on makes an empty answer instead of an error.
    try:
        assert "taskDefinition" not in ecs.register_task_definition(**task_definition())
        assert effect["kind"] == "truncate"
    except LOST:
        pass
    assert len(ecs.list_task_definitions()["taskDefinitionArns"]) == int(applied)
    assert [c["outcome"] for c in sim.admin("GET", "record")["calls"]] == ["took_effect"] * int(applied)
    ecs.register_task_definition(**task_definition())


def test_slow_answers_arrive_whole(simulator, tmp_path):
    sim = simulator(
        faulty(
            tmp_path,
            {"match": {"operation": "ListClusters"}, "effect": {"kind": "drip", "bytes": 5, "every_ms": 1}},
            {"match": {"operation": "ListServices"}, "effect": {"kind": "delay", "ms": 20}},
        ),
        world=standing(),
    )
    ecs = sim.client("ecs")
    assert len(ecs.list_clusters()["clusterArns"]) == 1
    assert len(ecs.list_services(cluster="main")["serviceArns"]) == 1


def test_no_answer_at_all(simulator, tmp_path):
    match = {"operation": "RegisterTaskDefinition", "nth": 1}
    sim = simulator(faulty(tmp_path, {"match": match, "effect": {"kind": "silence", "applied": True}}))
    impatient = sim.client("ecs", read_timeout=0.3)
    with pytest.raises(HTTPClientError):
        impatient.register_task_definition(**task_definition())
    assert [c["outcome"] for c in sim.admin("GET", "record")["calls"]] == ["took_effect"]


def test_a_fault_put_in_while_it_runs_wins_and_a_nth_call_is_hit_once(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    effect = {"kind": "error", "code": "ServerException", "status": 500, "message": "Service unavailable"}
    sim.admin("POST", "behave", {"faults": [{"match": {"operation": "ListClusters", "nth": 2}, "effect": effect}]})
    ecs.list_clusters()
    with pytest.raises(ecs.exceptions.ServerException):
        ecs.list_clusters()
    ecs.list_clusters()


def test_reads_that_lag_answer_with_what_was(simulator, tmp_path):
    match = {"service": "ecs", "operation": "DescribeServices"}
    sim = simulator(faulty(tmp_path, {"match": match, "effect": {"kind": "stale", "seconds": 40}}), world=standing(), speed=20)
    ecs = sim.client("ecs")
    shown = lambda: ecs.describe_services(cluster="main", services=["api"])["services"][0]["desiredCount"]
    before = shown()
    updated = ecs.update_service(cluster="main", service="api", desiredCount=before + 1)
    assert updated["service"]["desiredCount"] == before + 1, "the call itself answers with what is true"
    assert shown() == before
    listed = ecs.list_tasks(cluster="main", serviceName="api")
    assert listed["taskArns"], "another read does not lag"
    assert until(lambda: shown() == before + 1)
    # What lags is no other world after a restart.
    sim.kill()
    sim.start()
    assert shown_by(sim) == before + 1


def shown_by(sim):
    return sim.client("ecs").describe_services(cluster="main", services=["api"])["services"][0]["desiredCount"]


def test_members_of_answers_are_others(simulator, tmp_path):
    members = [
        {"path": "/services/*/status", "was": "ACTIVE", "value": "CONTEMPLATING"},
        {"path": "/services/*/novelty", "value": {"of": "tomorrow"}},
    ]
    match = {"service": "ecs", "operation": "DescribeServices", "nth": 1}
    sim = simulator(faulty(tmp_path, {"match": match, "effect": {"kind": "alter", "members": members}}), world=standing())
    ecs = sim.client("ecs")
    shown = lambda: ecs.describe_services(cluster="main", services=["api"])["services"][0]["status"]
    assert [shown(), shown()] == ["CONTEMPLATING", "ACTIVE"]
