"""Killed and started again, a simulator goes on where it was."""

import json
import subprocess

import pytest
from conftest import until
from test_rollout import deploy, describe, ended, in_flight
from worlds import GROUP, standing


def test_a_rollout_goes_on_after_a_kill(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    service = deploy(ecs)
    before = sim.admin("GET", "record")
    port = sim.port
    sim.kill()
    sim.start()
    assert sim.port == port
    assert sim.admin("GET", "record")["calls"] == before["calls"]
    # The same keys, ids and clients serve on.
    assert in_flight(ecs, service)["serviceDeploymentArn"] == service["currentServiceDeployment"]
    assert ended(ecs, service)["status"] == "SUCCESSFUL"
    assert describe(ecs)["deployments"][0]["id"] == service["deployments"][0]["id"]


def test_nothing_that_was_seen_is_lost(simulator):
    sim = simulator("crash_loop", world=standing(), speed=20)
    ecs = sim.client("ecs")
    service = deploy(ecs)
    for _ in range(4):
        goal = len(describe(ecs)["events"]) + 1
        until(lambda goal=goal: len(describe(ecs)["events"]) >= goal, 5)
        seen = (describe(ecs)["events"], sim.client("logs").filter_log_events(logGroupName=GROUP)["events"])
        sim.kill()
        sim.start()
        now = (describe(ecs)["events"], sim.client("logs").filter_log_events(logGroupName=GROUP)["events"])
        assert now[0][-len(seen[0]):] == seen[0]
        assert [e["eventId"] for e in seen[1]] == [e["eventId"] for e in now[1]][: len(seen[1])]
    assert ended(ecs, service)["status"] == "ROLLBACK_SUCCESSFUL"


def test_the_clock_stands_while_no_process_runs(simulator):
    sim = simulator(world=standing())
    elapsed = sim.admin("GET", "health")["elapsed"]
    sim.kill()
    sim.start()
    # Only what was written counts, so that the clock cannot have run on.
    assert sim.admin("GET", "health")["elapsed"] < elapsed + 5


def test_a_torn_last_line_is_dropped_and_damage_is_named(simulator):
    sim = simulator(world=standing())
    sim.kill()
    journal = sim.folder / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"k":"call","t":')
    sim.start()
    assert describe(sim.client("ecs"))["runningCount"] == 2
    sim.kill()
    journal.write_bytes(whole.replace(b'"k":"furnish"', b'"k":"furnash"'))
    with pytest.raises(RuntimeError, match="line 2"):
        sim.start()


def test_one_process_a_folder_and_one_seed(simulator):
    sim = simulator()
    again = subprocess.run(sim.process.args, capture_output=True, text=True, timeout=20, check=False)
    assert again.returncode != 0 and "already serves" in again.stderr
    sim.kill()
    sim.seed = 2
    with pytest.raises(RuntimeError, match="--seed 1"):
        sim.start()


def test_the_same_seed_and_calls_give_the_same_ids(simulator):
    worlds = []
    for _ in range(2):
        sim = simulator(world=standing())
        service = describe(sim.client("ecs"))
        tasks = sim.client("ecs").list_tasks(cluster="main")["taskArns"]
        worlds.append((service["deployments"][0]["id"], tasks, sim.person()["access_key_id"]))
    assert worlds[0] == worlds[1]


def test_shutdown_ends_the_process_and_its_address(simulator):
    sim = simulator()
    health = sim.admin("GET", "health")
    assert health["ok"] and health["pid"] == sim.process.pid
    assert json.loads((sim.folder / "sim.json").read_text())["pid"] == sim.process.pid
    sim.admin("POST", "shutdown")
    assert sim.process.wait(timeout=20) == 0
    assert not (sim.folder / "sim.json").exists()


def test_changes_survive_a_restart(simulator):
    sim = simulator(world=standing())
    pushed = "sha256:" + "7" * 64
    sim.admin("POST", "behave", {
        "images": {"registry.example/api:1.1": {"digest": pushed}},
        "behaviours": [{"match": {"service": "api"}, "behaviour": {"exit": {"after": 1, "code": 9}}}],
    })
    sim.kill()
    sim.start()
    ecs = sim.client("ecs")
    assert ended(ecs, deploy(ecs))["status"] == "ROLLBACK_SUCCESSFUL"
    stopped = ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    containers = [t["containers"][0] for t in ecs.describe_tasks(cluster="main", tasks=stopped)["tasks"]]
    assert (9, pushed) in {(c.get("exitCode"), c.get("imageDigest")) for c in containers}
