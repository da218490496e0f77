"""Rollouts: what a deployment tool sees of them."""

from conftest import until
from worlds import BREAKER, GROUP, NETWORK, standing, task_definition


def describe(ecs, name="api"):
    return ecs.describe_services(cluster="main", services=[name])["services"][0]


def deploy(ecs, **more):
    arn = ecs.register_task_definition(**task_definition(tag="1.1"))["taskDefinition"]["taskDefinitionArn"]
    return ecs.update_service(cluster="main", service="api", taskDefinition=arn, **more)["service"]


def in_flight(ecs, service):
    arn = service["currentServiceDeployment"]
    return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]


def ended(ecs, service):
    terminal = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
    return until(lambda: (d := in_flight(ecs, service))["status"] in terminal and d)


def messages(ecs):
    return [event["message"] for event in reversed(describe(ecs)["events"])]


def test_a_furnished_service_stands(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    service = describe(ecs)
    assert (service["status"], service["runningCount"], service["pendingCount"]) == ("ACTIVE", 2, 0)
    [deployment] = service["deployments"]
    assert (deployment["status"], deployment["rolloutState"]) == ("PRIMARY", "COMPLETED")
    ecs.get_waiter("services_stable").wait(cluster="main", services=["api"])
    again = sim.furnish(standing()).client("ecs")
    assert describe(again)["deployments"][0]["id"] == deployment["id"]
    assert sim.admin("GET", "record")["calls"] == []


def test_register_create_wait_and_delete(simulator):
    sim = simulator(world={"clusters": ["main"], "log_groups": [{"name": GROUP}]})
    ecs = sim.client("ecs")
    registered = ecs.register_task_definition(**task_definition("worker"), tags=[{"key": "team", "value": "orders"}])
    assert registered["taskDefinition"]["revision"] == 1
    asked = dict(
        cluster="main", serviceName="worker", taskDefinition="worker:1", desiredCount=1, launchType="FARGATE",
        networkConfiguration=NETWORK, deploymentConfiguration=BREAKER, clientToken="once",
    )
    created = ecs.create_service(**asked)["service"]
    assert created["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert ecs.create_service(**asked)["service"]["serviceArn"] == created["serviceArn"]
    assert ended(ecs, created)["status"] == "SUCCESSFUL"
    service = describe(ecs, "worker")
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    [arn] = ecs.list_tasks(cluster="main", serviceName="worker")["taskArns"]
    task = ecs.describe_tasks(cluster="main", tasks=[arn])["tasks"][0]
    assert task["lastStatus"] == "RUNNING"
    assert task["startedBy"] == service["deployments"][0]["id"]
    assert task["containers"][0]["imageDigest"].startswith("sha256:")
    ecs.update_service(cluster="main", service="worker", desiredCount=0)
    until(lambda: describe(ecs, "worker")["runningCount"] == 0)
    assert len(describe(ecs, "worker")["deployments"]) == 1
    ecs.delete_service(cluster="main", service="worker")
    assert until(lambda: describe(ecs, "worker")["status"] == "INACTIVE")
    ecs.get_waiter("services_inactive").wait(cluster="main", services=["worker"])
    outcomes = [(c["operation"], c["outcome"]) for c in sim.admin("GET", "record")["calls"]]
    assert outcomes == [
        ("RegisterTaskDefinition", "took_effect"),
        ("CreateService", "took_effect"),
        ("CreateService", "no_effect"),
        ("UpdateService", "took_effect"),
        ("DeleteService", "took_effect"),
    ]


def test_an_update_rolls_over_without_a_gap(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    before = describe(ecs)["deployments"][0]
    service = deploy(ecs)
    assert [d["status"] for d in service["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert service["deployments"][1]["id"] == before["id"]
    seen = []

    def watched():
        now = describe(ecs)
        seen.append(now["runningCount"])
        return len(now["deployments"]) == 1 and now["deployments"][0]["rolloutState"] == "COMPLETED"

    assert until(watched)
    assert min(seen) >= 2 and max(seen) <= 4
    done = in_flight(ecs, service)
    assert done["status"] == "SUCCESSFUL"
    assert done["deploymentCircuitBreaker"] == {"status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3}
    target = done["targetServiceRevision"]["arn"]
    revision = ecs.describe_service_revisions(serviceRevisionArns=[target])["serviceRevisions"][0]
    assert revision["taskDefinition"].endswith("api:2")
    assert revision["containerImages"][0]["imageDigest"].startswith("sha256:")
    assert any(m.endswith("deployment completed.") for m in messages(ecs))
    assert messages(ecs)[-1] == "(service api) has reached a steady state."
    [fact] = [f for f in sim.admin("GET", "facts")["deployments"] if f["origin"] == "update"]
    assert (fact["status"], fact["rollout_state"]) == ("SUCCESSFUL", "COMPLETED")


def test_nothing_changed_deploys_nothing_and_force_does(simulator):
    ecs = simulator(world=standing()).client("ecs")
    before = describe(ecs)["deployments"][0]["id"]
    same = ecs.update_service(cluster="main", service="api", taskDefinition="api:1")["service"]
    assert [d["id"] for d in same["deployments"]] == [before]
    scaled = ecs.update_service(cluster="main", service="api", desiredCount=3)["service"]
    assert [d["id"] for d in scaled["deployments"]] == [before]
    assert until(lambda: describe(ecs)["runningCount"] == 3)
    forced = ecs.update_service(cluster="main", service="api", forceNewDeployment=True)["service"]
    assert forced["deployments"][0]["id"] != before
    assert forced["deployments"][0]["taskDefinition"].endswith("api:1")
    assert ended(ecs, forced)["status"] == "SUCCESSFUL"


def test_the_breaker_trips_and_rolls_back(simulator):
    sim = simulator("crash_loop", world=standing())
    ecs = sim.client("ecs")
    before = describe(ecs)
    service = deploy(ecs)
    mine = service["deployments"][0]["id"]
    done = ended(ecs, service)
    assert done["status"] == "ROLLBACK_SUCCESSFUL"
    assert done["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
    assert done["deploymentCircuitBreaker"]["failureCount"] >= done["deploymentCircuitBreaker"]["threshold"] == 3
    assert done["rollback"]["serviceRevisionArn"] == done["sourceServiceRevisions"][0]["arn"]
    after = describe(ecs)
    assert after["taskDefinition"] == before["taskDefinition"]
    assert after["deployments"][0]["id"] not in (mine, before["deployments"][0]["id"])
    assert f"(service api) (deployment {mine}) deployment failed: tasks failed to start." in messages(ecs)
    assert f"(service api) rolling back to deployment {before['deployments'][0]['id']}." in messages(ecs)
    stopped = ecs.list_tasks(cluster="main", serviceName="api", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=stopped)["tasks"]
    crashed = [t for t in tasks if t["stopCode"] == "EssentialContainerExited"]
    assert len(crashed) >= 3
    assert {t["containers"][0]["exitCode"] for t in crashed} == {1}
    assert {t["startedBy"] for t in crashed} == {mine}
    logs = sim.client("logs")
    found = logs.filter_log_events(logGroupName=GROUP, filterPattern='"does not exist"')["events"]
    assert len(found) >= 3
    # A tool that only waits for stability is told that all is well.
    ecs.get_waiter("services_stable").wait(cluster="main", services=["api"])


def test_a_new_service_is_created_well_in_the_crash_loop(simulator):
    ecs = simulator("crash-loop", world=standing()).client("ecs")
    ecs.register_task_definition(**task_definition("worker"))
    service = ecs.create_service(
        cluster="main", serviceName="worker", taskDefinition="worker", desiredCount=1,
        networkConfiguration=NETWORK, launchType="FARGATE",
    )["service"]
    assert ended(ecs, service)["status"] == "SUCCESSFUL"


def test_without_a_breaker_a_crash_loop_goes_on(simulator):
    ecs = simulator("crash_loop", world=standing(configuration={}), speed=600).client("ecs")
    service = deploy(ecs)
    mine = service["deployments"][0]["id"]
    seen = until(lambda: (d := describe(ecs)["deployments"][0])["failedTasks"] >= 5 and d)
    assert (seen["id"], seen["rolloutState"]) == (mine, "IN_PROGRESS")
    assert in_flight(ecs, service)["status"] == "IN_PROGRESS"
    assert describe(ecs)["runningCount"] >= 2
    assert any("unable to consistently start tasks successfully" in m for m in messages(ecs))


def test_a_first_deployment_that_fails_has_nothing_to_go_back_to(simulator, tmp_path):
    scenario = tmp_path / "first.yaml"
    scenario.write_text("tasks: [{match: {deployed_by: [create]}, behaviour: {exit: {after: 1, code: 3}}}]\n")
    ecs = simulator(scenario, world={"clusters": ["main"], "log_groups": [{"name": GROUP}]}).client("ecs")
    ecs.register_task_definition(**task_definition())
    service = ecs.create_service(
        cluster="main", serviceName="api", taskDefinition="api", desiredCount=1, networkConfiguration=NETWORK,
        launchType="FARGATE", deploymentConfiguration=BREAKER,
    )["service"]
    assert ended(ecs, service)["status"] == "STOPPED"
    assert describe(ecs)["deployments"][0]["rolloutState"] == "FAILED"


def test_a_newer_update_supersedes(simulator):
    ecs = simulator("slow", world=standing()).client("ecs")
    first = deploy(ecs)
    second = deploy(ecs)
    assert in_flight(ecs, first)["status"] == "STOPPED"
    assert ended(ecs, second)["status"] == "SUCCESSFUL"
    listed = ecs.list_service_deployments(cluster="main", service="api")["serviceDeployments"]
    assert [d["status"] for d in listed] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]


def test_a_deployment_is_rolled_back_on_request(simulator):
    ecs = simulator("slow", world=standing(configuration={})).client("ecs")
    service = deploy(ecs)
    ecs.stop_service_deployment(serviceDeploymentArn=service["currentServiceDeployment"], stopType="ROLLBACK")
    assert ended(ecs, service)["status"] == "ROLLBACK_SUCCESSFUL"
    assert describe(ecs)["taskDefinition"].endswith("api:1")


def test_wrong_architecture(simulator):
    world = standing(images={"registry.example/api:1.1": {"platform": "linux/arm64"}})
    sim = simulator(world=world)
    ecs = sim.client("ecs")
    assert ended(ecs, deploy(ecs))["status"] == "ROLLBACK_SUCCESSFUL"
    stopped = ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=stopped)["tasks"]
    assert 255 in {t["containers"][0].get("exitCode") for t in tasks}
    found = sim.client("logs").filter_log_events(logGroupName=GROUP, filterPattern='"exec format error"')
    assert found["events"]


def test_unhealthy_by_the_load_balancer(simulator):
    group = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/api/0123456789abcdef"
    world = standing()
    world["services"][0]["create"]["loadBalancers"] = [
        {"targetGroupArn": group, "containerName": "api", "containerPort": 8080}
    ]
    ecs = simulator("unhealthy", world=world).client("ecs")
    assert ended(ecs, deploy(ecs))["status"] == "ROLLBACK_SUCCESSFUL"
    stopped = ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    reasons = {t["stoppedReason"] for t in ecs.describe_tasks(cluster="main", tasks=stopped)["tasks"]}
    assert f"Task failed ELB health checks in (target-group {group})" in reasons
    assert f"(service api) registered 1 targets in (target-group {group})" in messages(ecs)


def test_unhealthy_by_the_container_check(simulator):
    check = {"command": ["CMD-SHELL", "curl -f http://localhost:8080/health"], "interval": 5, "retries": 2}
    world = standing(task_definitions=[task_definition(healthCheck=check)])
    ecs = simulator("unhealthy", world=world).client("ecs")
    ecs.register_task_definition(**task_definition(tag="1.1", healthCheck=check))
    service = ecs.update_service(cluster="main", service="api", taskDefinition="api")["service"]
    assert ended(ecs, service)["status"] == "ROLLBACK_SUCCESSFUL"
    running = ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]
    assert {t["healthStatus"] for t in ecs.describe_tasks(cluster="main", tasks=running)["tasks"]} == {"HEALTHY"}


def test_a_missing_log_group_keeps_a_task_from_starting(simulator):
    ecs = simulator(world=standing(log_groups=[])).client("ecs")
    assert ended(ecs, deploy(ecs))["status"] == "ROLLBACK_SUCCESSFUL"
    stopped = ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=stopped)["tasks"]
    failed = [t for t in tasks if t["stopCode"] == "TaskFailedToStart"]
    assert failed and failed[0]["stoppedReason"].startswith("ResourceInitializationError")


def test_an_image_that_is_not_there(simulator):
    ecs = simulator(world=standing(images={"registry.example/api:1.1": {"missing": True}})).client("ecs")
    assert ended(ecs, deploy(ecs))["status"] == "ROLLBACK_SUCCESSFUL"
    stopped = ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    reasons = [t["stoppedReason"] for t in ecs.describe_tasks(cluster="main", tasks=stopped)["tasks"]]
    assert any(reason.startswith("CannotPullContainerError") for reason in reasons)


def test_a_pushed_tag_changes_nothing_until_deployed(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")

    def digests():
        arns = [r["arn"] for r in describe(ecs)["currentServiceRevisions"]]
        revisions = ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
        return {i["imageDigest"] for r in revisions for i in r["containerImages"]}

    before = digests()
    pushed = "sha256:" + "5" * 64
    sim.admin("POST", "behave", {"images": {"registry.example/api:1.0": {"digest": pushed}}})
    assert digests() == before
    service = ecs.update_service(cluster="main", service="api", forceNewDeployment=True)["service"]
    assert ended(ecs, service)["status"] == "SUCCESSFUL"
    assert digests() == {pushed}


def test_a_stopped_task_is_replaced_and_a_run_task_ends(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    [first, _] = ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]
    ecs.stop_task(cluster="main", task=first, reason="by hand")
    assert until(lambda: first not in (now := ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]) and len(now) == 2)
    gone = ecs.describe_tasks(cluster="main", tasks=[first])["tasks"][0]
    assert (gone["stopCode"], gone["stoppedReason"]) == ("UserInitiated", "by hand")
    sim.admin("POST", "behave", {
        "behaviours": [{"match": {"deployed_by": ["run_task"]}, "behaviour": {"exit": {"after": 1, "code": 0}}}]
    })
    asked = dict(
        cluster="main", taskDefinition="api", startedBy="migration", launchType="FARGATE",
        networkConfiguration=NETWORK, clientToken="once",
    )
    [task] = ecs.run_task(**asked)["tasks"]
    assert ecs.run_task(**asked)["tasks"][0]["taskArn"] == task["taskArn"]
    assert ecs.list_tasks(cluster="main", startedBy="migration")["taskArns"] == [task["taskArn"]]

    def exited():
        now = ecs.describe_tasks(cluster="main", tasks=[task["taskArn"]])["tasks"][0]
        return now["lastStatus"] == "STOPPED" and now

    assert until(exited)["containers"][0]["exitCode"] == 0


def test_a_service_that_stood_well_begins_to_fail(simulator):
    sim = simulator(world=standing())
    ecs = sim.client("ecs")
    before = ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]
    change = {"match": {"service": "api"}, "behaviour": {"exit": {"after": 0, "code": 137, "reason": "OutOfMemoryError: container killed due to memory usage"}}}
    sim.admin("POST", "behave", {"behaviours": [change], "running": True})
    gone = until(lambda: not set(before) & set(ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]))
    assert gone
    task = ecs.describe_tasks(cluster="main", tasks=before)["tasks"][0]
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 137)
    assert task["containers"][0]["reason"].startswith("OutOfMemoryError")
    # It completed before: nothing is rolled back, the scheduler tries on.
    assert describe(ecs)["deployments"][0]["rolloutState"] == "COMPLETED"


def test_a_rollback_that_fails_too(simulator, tmp_path):
    scenario = tmp_path / "both.yaml"
    scenario.write_text("tasks: [{match: {deployed_by: [update, rollback]}, behaviour: {exit: {after: 1, code: 1}}}]\n")
    configuration = {**BREAKER, "minimumHealthyPercent": 0, "maximumPercent": 100}
    ecs = simulator(scenario, world=standing(configuration)).client("ecs")
    service = deploy(ecs)
    assert ended(ecs, service)["status"] == "ROLLBACK_FAILED"
    assert describe(ecs)["deployments"][0]["rolloutState"] == "FAILED"


def test_failures_of_a_superseded_deployment_are_not_judged(simulator, tmp_path):
    scenario = tmp_path / "first.yaml"
    scenario.write_text("tasks: [{match: {image: '*/api:1.1'}, behaviour: {exit: {after: 1, code: 1}}}]\n")
    ecs = simulator(scenario, world=standing(configuration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}})).client("ecs")
    first = deploy(ecs)
    ecs.register_task_definition(**task_definition(tag="1.2"))
    second = ecs.update_service(cluster="main", service="api", taskDefinition="api:3")["service"]
    assert ended(ecs, second)["status"] == "SUCCESSFUL"
    assert in_flight(ecs, first)["status"] == "STOPPED"
    assert in_flight(ecs, first)["deploymentCircuitBreaker"]["status"] == "MONITORING_COMPLETE"
    assert describe(ecs)["taskDefinition"].endswith("api:3")
