"""How deployments fail, and what ECS says of it: capacity, alarms, thresholds, images, secrets, somebody else."""

import pytest
from conftest import until
from test_rollout import deploy, describe, ended, in_flight, messages
from worlds import BREAKER, GROUP, NETWORK, standing, task_definition

CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


def breaker(**more):
    return {"deploymentCircuitBreaker": {"enable": True, "rollback": True, **more}}


def stopped(ecs):
    arns = ecs.list_tasks(cluster="main", serviceName="api", desiredStatus="STOPPED")["taskArns"]
    return ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else []


@pytest.mark.parametrize("scenario,code,reason", [
    ("image_missing", "TaskFailedToStart", "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref registry.example/api:1.1: registry.example/api:1.1: not found"),
    ("pull_denied", "TaskFailedToStart", "403 Forbidden"),
    ("no_log_group", "TaskFailedToStart", "The specified log group does not exist"),
    ("secret_missing", "TaskFailedToStart", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-db"),
    ("exits_zero", "EssentialContainerExited", "Essential container in task exited"),
    ("crash_after_start", "EssentialContainerExited", "Essential container in task exited"),
    ("wrong_architecture", "EssentialContainerExited", "Essential container in task exited"),
])
def test_tasks_that_fail_trip_the_breaker(simulator, scenario, code, reason):
    ecs = simulator(scenario, world=standing()).client("ecs")
    secrets = [{"name": "DB", "valueFrom": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-db"}]
    ecs.register_task_definition(**task_definition(tag="1.1", secrets=secrets))
    service = ecs.update_service(cluster="main", service="api", taskDefinition="api")["service"]
    done = ended(ecs, service)
    assert done["status"] == "ROLLBACK_SUCCESSFUL"
    assert done["rollback"]["reason"] == done["statusReason"]
    failed = [t for t in stopped(ecs) if t["stopCode"] == code]
    assert len(failed) >= 3
    assert all(reason in t["stoppedReason"] for t in failed), failed[0]["stoppedReason"]
    codes = {t["containers"][0].get("exitCode") for t in failed}
    assert codes == {{"exits_zero": 0, "crash_after_start": 1, "wrong_architecture": 255}.get(scenario)}


def test_no_capacity(simulator):
    ecs = simulator("no_capacity", world=standing(), speed=120).client("ecs")
    service = deploy(ecs)
    done = ended(ecs, service)
    assert done["status"] == "ROLLBACK_SUCCESSFUL"
    said = [m for m in messages(ecs) if "unable to place" in m]
    # It is said once for as long as the cause stays.
    assert said == [
        f"(service api) was unable to place a task. Reason: {CAPACITY}. For more information, see the Troubleshooting section "
        "of the Amazon ECS Developer Guide."
    ]
    assert [t for t in stopped(ecs) if t["taskDefinitionArn"].endswith(":2")] == []
    ecs.register_task_definition(**task_definition("migrate"))
    ran = ecs.run_task(cluster="main", taskDefinition="migrate", networkConfiguration=NETWORK, count=2)
    assert (ran["tasks"], ran["failures"]) == ([], [{"reason": CAPACITY}] * 2)


def test_capacity_comes_back(simulator):
    sim = simulator("no_capacity", world=standing(configuration={}), speed=120)
    ecs = sim.client("ecs")
    service = deploy(ecs)
    assert until(lambda: any("unable to place" in m for m in messages(ecs)))
    assert in_flight(ecs, service)["status"] == "IN_PROGRESS"
    sim.admin("POST", "behave", {"behaviours": [{"behaviour": {"no_capacity": ""}}]})
    assert ended(ecs, service)["status"] == "SUCCESSFUL"


def test_nothing_is_placed_on_instances_that_there_are_not(simulator):
    ecs = simulator(world={"clusters": ["main"], "log_groups": [{"name": GROUP}]}).client("ecs")
    ecs.register_task_definition(**task_definition())
    ecs.create_service(
        cluster="main", serviceName="api", taskDefinition="api", desiredCount=1, launchType="EC2", networkConfiguration=NETWORK
    )
    said = until(lambda: next((m for m in messages(ecs) if "unable to place" in m), None))
    assert "because no container instance met all of its requirements. Reason: No Container Instances were found" in said
    started = ecs.start_task(cluster="main", taskDefinition="api", containerInstances=["0123"], networkConfiguration=NETWORK)
    assert [f["reason"] for f in started["failures"]] == ["MISSING"]


@pytest.mark.parametrize("threshold,trips", [
    ({"type": "COUNT", "value": 5}, 5), ({"type": "UNBOUNDED_PERCENT", "value": 50}, 1), ({"type": "BOUNDED_PERCENT", "value": 50}, 3),
])
def test_the_threshold_is_as_configured(simulator, threshold, trips):
    ecs = simulator("crash_loop", world=standing(breaker(thresholdConfiguration=threshold)), speed=200).client("ecs")
    done = ended(ecs, deploy(ecs))
    assert done["status"] == "ROLLBACK_SUCCESSFUL"
    assert done["deploymentCircuitBreaker"]["threshold"] == trips
    assert done["deploymentCircuitBreaker"]["failureCount"] == trips


@pytest.mark.parametrize("reset", [True, False])
def test_a_healthy_task_resets_the_count_unless_told_otherwise(simulator, tmp_path, reset):
    # While both revisions bake, each new task is healthy for a while and then ends: with a reset that never trips.
    scenario = tmp_path / "later.yaml"
    scenario.write_text("tasks: [{match: {deployed_by: [update]}, behaviour: {exit: {after: 14, code: 1}}}]\n")
    configuration = breaker(resetOnHealthyTask=reset, thresholdConfiguration={"type": "COUNT", "value": 4})
    world = standing({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1440, **configuration}, desired=1)
    ecs = simulator(scenario, world=world, speed=200).client("ecs")
    service = deploy(ecs)
    if reset:
        assert until(lambda: len([t for t in stopped(ecs) if t["taskDefinitionArn"].endswith(":2")]) >= 6)
        now = in_flight(ecs, service)
        assert now["deploymentCircuitBreaker"]["failureCount"] <= 1 and now["status"] == "IN_PROGRESS"
    else:
        done = ended(ecs, service)
        assert (done["status"], done["deploymentCircuitBreaker"]["failureCount"]) == ("ROLLBACK_SUCCESSFUL", 4)


def test_breaker_off_goes_on_for_ever(simulator):
    ecs = simulator("breaker_off", world=standing(), speed=600).client("ecs")
    assert describe(ecs)["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"] is False
    service = deploy(ecs)
    assert until(lambda: describe(ecs)["deployments"][0]["failedTasks"] >= 6)
    now = in_flight(ecs, service)
    assert (now["status"], now["deploymentCircuitBreaker"]["status"]) == ("IN_PROGRESS", "DISABLED")


def test_a_first_deployment_that_fails(simulator):
    world = {"clusters": ["main"], "log_groups": [{"name": GROUP}]}
    ecs = simulator("first_deployment_fails", world=world).client("ecs")
    ecs.register_task_definition(**task_definition())
    service = ecs.create_service(
        cluster="main", serviceName="api", taskDefinition="api", desiredCount=1, networkConfiguration=NETWORK,
        launchType="FARGATE", deploymentConfiguration=BREAKER,
    )["service"]
    done = ended(ecs, service)
    assert (done["status"], done["deploymentCircuitBreaker"]["status"]) == ("STOPPED", "TRIGGERED")
    assert "rollback" not in done
    [deployment] = describe(ecs)["deployments"]
    assert (deployment["rolloutState"], deployment["rolloutStateReason"]) == (
        "FAILED", "ECS deployment circuit breaker: tasks failed to start."
    )
    # It starts nothing any more, until somebody deploys again.
    assert until(lambda: describe(ecs)["runningCount"] + describe(ecs)["pendingCount"] == 0)
    again = ecs.update_service(cluster="main", service="api", forceNewDeployment=True)["service"]
    assert ended(ecs, again)["status"] == "SUCCESSFUL"


def test_an_alarm_rolls_back(simulator):
    ecs = simulator("alarm_rolls_back", world=standing({})).client("ecs")
    service = deploy(ecs)
    mine = service["deployments"][0]["id"]
    assert in_flight(ecs, service)["alarms"] == {"status": "MONITORING", "alarmNames": ["orders-5xx"]}
    done = ended(ecs, service)
    assert (done["status"], done["alarms"]["status"]) == ("ROLLBACK_SUCCESSFUL", "TRIGGERED")
    assert f"(service api) (deployment {mine}) deployment failed: alarm detected." in messages(ecs)
    assert done["deploymentCircuitBreaker"]["status"] == "DISABLED"


def test_an_alarm_without_rollback_stops(simulator):
    world = standing({"alarms": {"alarmNames": ["orders-5xx"], "enable": True, "rollback": False}})
    sim = simulator(world=world)
    ecs = sim.client("ecs")
    service = deploy(ecs)
    assert until(lambda: in_flight(ecs, service)["status"] == "IN_PROGRESS")
    sim.admin("POST", "behave", {"alarms": {"orders-5xx": "ALARM"}})
    done = in_flight(ecs, service)
    assert (done["status"], describe(ecs)["deployments"][0]["rolloutState"]) == ("STOPPED", "FAILED")
    # An alarm that is up already is no measure of the next deployment.
    second = ecs.update_service(cluster="main", service="api", forceNewDeployment=True)["service"]
    assert in_flight(ecs, second)["alarms"]["status"] == "DISABLED"
    assert ended(ecs, second)["status"] == "SUCCESSFUL"


def test_somebody_else_deploys_in_between(simulator):
    ecs = simulator("superseded", world=standing()).client("ecs")
    service = deploy(ecs)
    assert until(lambda: in_flight(ecs, service)["status"] == "STOPPED")
    newest = describe(ecs)
    assert newest["currentServiceDeployment"] != service["currentServiceDeployment"]
    assert ended(ecs, newest)["status"] == "SUCCESSFUL"
    assert describe(ecs)["taskDefinition"].endswith("api:1")


def test_early_success(simulator):
    criteria = {"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED"}
    world = standing({"minimumHealthyPercent": 50, "maximumPercent": 100, "earlySuccessCriteria": criteria}, desired=4)
    ecs = simulator(world=world, speed=20).client("ecs")
    service = deploy(ecs)
    done = ended(ecs, service)
    assert done["status"] == "SUCCESSFUL"
    assert done["targetServiceRevision"]["runningTaskCount"] < 4
    assert until(lambda: len(describe(ecs)["deployments"]) == 1 and describe(ecs)["runningCount"] == 4)


def test_an_empty_reason(simulator, tmp_path):
    scenario = tmp_path / "silent.yaml"
    scenario.write_text(
        "tasks: [{match: {deployed_by: [update], revisions: new}, behaviour: {exit: {after: 1, code: 137, stopped_reason: ''}}}]\n"
    )
    ecs = simulator(scenario, world=standing()).client("ecs")
    deploy(ecs)
    task = until(lambda: next((t for t in stopped(ecs) if t.get("stopCode") == "EssentialContainerExited"), None))
    assert (task["stoppedReason"], task["containers"][0]["exitCode"]) == ("", 137)


def test_scenarios_are_composed(simulator):
    sim = simulator("crash_loop+throttled", world=standing())
    ecs = sim.client("ecs", retries=8)
    assert ended(ecs, deploy(ecs))["status"] == "ROLLBACK_SUCCESSFUL"
    assert sum(sim.admin("GET", "record")["throttled"].values()) > 0
    assert sim.admin("GET", "health")["scenario"] == "crash_loop+throttled"
