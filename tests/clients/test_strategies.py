"""Blue/green, linear and canary: stages, traffic, hooks, and the ways back."""

import collections
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import until
from test_rollout import deploy, describe, ended, in_flight
from worlds import standing, task_definition

ELB = "arn:aws:elasticloadbalancing:eu-west-1:111122223333"
BALANCED = {
    "targetGroupArn": f"{ELB}:targetgroup/blue/0123456789abcdef",
    "containerName": "api",
    "containerPort": 8080,
    "advancedConfiguration": {
        "alternateTargetGroupArn": f"{ELB}:targetgroup/green/0123456789abcdef",
        "productionListenerRule": f"{ELB}:listener-rule/app/orders/0123456789abcdef/0123456789abcdef/0123456789abcdef",
        "testListenerRule": f"{ELB}:listener-rule/app/orders/0123456789abcdef/0123456789abcdef/fedcba9876543210",
        "roleArn": "arn:aws:iam::111122223333:role/infrastructure",
    },
}
STAGES = [
    "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP",
]
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:smoke"


def balanced(**configuration):
    world = standing({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, **configuration})
    world["services"][0]["create"]["loadBalancers"] = [BALANCED]
    world["hosts"].append({"host": "test.orders.example", "cluster": "main", "service": "api", "test": True})
    return world


def pause(stage, **timeout):
    hook = {"targetType": "PAUSE", "lifecycleStages": [stage]}
    return {**hook, "timeoutConfiguration": timeout} if timeout else hook


def function(stage):
    return {"hookTargetArn": LAMBDA, "roleArn": "arn:aws:iam::111122223333:role/hooks", "lifecycleStages": [stage]}


def waiting(ecs, service):
    """The hook that waits for somebody, once one does."""
    def hook():
        details = in_flight(ecs, service).get("lifecycleHookDetails", [])
        return next((d for d in details if d["status"] == "AWAITING_ACTION"), None)

    found = until(hook)
    assert found, in_flight(ecs, service)
    return found


def serving(sim, host="api.orders.example", count=20):
    """How many requests of some came to which revision."""
    revisions = collections.Counter()
    for _ in range(count):
        with urllib.request.urlopen(f"{sim.endpoint}/_host/{host}/", timeout=5) as answer:
            revisions[answer.headers["x-sim-revision"]] += 1
    return revisions


def refused(call, **arguments):
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    return refusal.value.response["Error"]


def test_blue_green_goes_through_its_stages_and_nobody_waits(simulator):
    sim = simulator(world=balanced(), speed=30)
    ecs = sim.client("ecs")
    before = set(ecs.list_tasks(cluster="main", serviceName="api")["taskArns"])
    service = deploy(ecs)
    seen, counts = [], []

    def watched():
        now = in_flight(ecs, service)
        stage = now.get("lifecycleStage")
        if stage and stage not in seen:
            seen.append(stage)
        counts.append(describe(ecs)["runningCount"])
        return now["status"] == "SUCCESSFUL" and now

    done = until(watched, 60)
    assert done, in_flight(ecs, service)
    assert [s for s in STAGES if s in seen] == seen and {"SCALE_UP", "BAKE_TIME"} <= set(seen)
    assert min(counts) >= 2 and max(counts) == 4
    assert done["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100
    assert done["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"] == 0
    after = ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]
    assert len(after) == 2 and not before & set(after)
    assert serving(sim) == {"api:2": 20}
    # The roles of the two target groups are changed by each deployment.
    alternate = BALANCED["advancedConfiguration"]["alternateTargetGroupArn"]
    health = sim.client("elbv2").describe_target_health(TargetGroupArn=alternate)["TargetHealthDescriptions"]
    assert [t["TargetHealth"]["State"] for t in health] == ["healthy", "healthy"]
    ecs.get_waiter("services_stable").wait(cluster="main", services=["api"])


def test_a_pause_waits_until_somebody_lets_it_go_on(simulator):
    sim = simulator(world=balanced(lifecycleHooks=[pause("POST_TEST_TRAFFIC_SHIFT")]))
    ecs = sim.client("ecs")
    service = deploy(ecs)
    hook = waiting(ecs, service)
    now = in_flight(ecs, service)
    assert (now["status"], now["lifecycleStage"]) == ("IN_PROGRESS", "POST_TEST_TRAFFIC_SHIFT")
    assert (hook["targetType"], hook["timeoutAction"]) == ("PAUSE", "ROLLBACK")
    assert hook["hookId"].startswith("ecs-pause-") and "targetArn" not in hook
    assert hook["expiresAt"] > now["startedAt"]
    # Both stand; production is blue, tests are green.
    assert serving(sim) == {"api:1": 20}
    assert serving(sim, "test.orders.example") == {"api:2": 20}
    arn = service["currentServiceDeployment"]
    wrong = refused(ecs.continue_service_deployment, serviceDeploymentArn=arn, hookId="ecs-pause-other")
    assert wrong["Code"] == "InvalidParameterException"
    nobody = refused(ecs.continue_service_deployment, serviceDeploymentArn=arn + "x", hookId=hook["hookId"])
    assert nobody["Code"] == "ServiceDeploymentNotFoundException"
    answer = ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"], action="CONTINUE")
    assert answer["serviceDeploymentArn"] == arn
    again = refused(ecs.continue_service_deployment, serviceDeploymentArn=arn, hookId=hook["hookId"])
    assert again["Code"] == "InvalidParameterException"
    assert ended(ecs, service)["status"] == "SUCCESSFUL"
    [call] = [c for c in sim.admin("GET", "record")["calls"] if c["operation"] == "ContinueServiceDeployment" and c["outcome"] == "took_effect"]
    assert call["actor"].endswith("/practice.operator")


@pytest.mark.parametrize("stage", ["PRE_SCALE_UP", "POST_SCALE_UP", "PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"])
def test_a_pause_is_rolled_back_in_every_stage(simulator, stage):
    sim = simulator(world=balanced(lifecycleHooks=[pause(stage)]))
    ecs = sim.client("ecs")
    service = deploy(ecs)
    hook = waiting(ecs, service)
    ecs.continue_service_deployment(
        serviceDeploymentArn=service["currentServiceDeployment"], hookId=hook["hookId"], action="ROLLBACK"
    )
    done = ended(ecs, service)
    assert done["status"] == "ROLLBACK_SUCCESSFUL", done
    assert stage in done["statusReason"]
    assert done["targetServiceRevision"]["requestedProductionTrafficWeight"] == 0
    assert serving(sim) == {"api:1": 20}
    assert until(lambda: len(ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]) == 2)


@pytest.mark.parametrize("action,status", [("CONTINUE", "SUCCESSFUL"), ("ROLLBACK", "ROLLBACK_SUCCESSFUL")])
def test_a_pause_that_nobody_answers_times_out(simulator, action, status):
    ecs = simulator(world=balanced(lifecycleHooks=[pause("POST_SCALE_UP", timeoutInMinutes=1, action=action)])).client("ecs")
    service = deploy(ecs)
    assert waiting(ecs, service)["timeoutAction"] == action
    assert ended(ecs, service)["status"] == status


def test_functions_succeed_fail_and_take_their_time(simulator):
    sim = simulator(world=balanced(lifecycleHooks=[function("TEST_TRAFFIC_SHIFT"), pause("PRE_SCALE_UP")]))
    ecs = sim.client("ecs")
    sim.admin("POST", "behave", {"hooks": [{"function": "*:smoke", "answer": "in_progress"}]})
    service = deploy(ecs)
    hook = waiting(ecs, service)
    ecs.continue_service_deployment(serviceDeploymentArn=service["currentServiceDeployment"], hookId=hook["hookId"])
    running = until(lambda: next((h for h in in_flight(ecs, service)["lifecycleHookDetails"] if h["targetType"] == "AWS_LAMBDA"), None))
    assert (running["status"], running["targetArn"]) == ("IN_PROGRESS", LAMBDA)
    sim.admin("POST", "behave", {"hooks": [{"function": "*:smoke", "answer": "failed"}]})
    done = ended(ecs, service)
    assert done["status"] == "ROLLBACK_SUCCESSFUL"
    assert done["lifecycleHookDetails"][0]["status"] == "FAILED"
    assert LAMBDA in done["rollback"]["reason"]
    sim.admin("POST", "behave", {"hooks": [{"answer": "succeeded"}]})
    second = ecs.update_service(cluster="main", service="api", taskDefinition="api:2")["service"]
    hook = waiting(ecs, second)
    ecs.continue_service_deployment(serviceDeploymentArn=second["currentServiceDeployment"], hookId=hook["hookId"])
    assert ended(ecs, second)["status"] == "SUCCESSFUL"


@pytest.mark.parametrize("strategy,shares", [
    ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 25, "stepBakeTimeInMinutes": 1}}, [0, 25, 50, 75, 100]),
    ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 10, "canaryBakeTimeInMinutes": 1}}, [0, 10, 100]),
])
def test_traffic_goes_over_in_steps(simulator, strategy, shares):
    sim = simulator(world=balanced(**strategy, lifecycleHooks=[pause("PRE_PRODUCTION_TRAFFIC_SHIFT")]))
    ecs = sim.client("ecs")
    service = deploy(ecs)
    arn = service["currentServiceDeployment"]
    for share in shares[:-1]:
        hook = waiting(ecs, service)
        now = in_flight(ecs, service)
        assert now["targetServiceRevision"]["requestedProductionTrafficWeight"] == share
        assert now["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"] == 100 - share
        assert serving(sim).get("api:2", 0) == share // 5
        ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook["hookId"])
    assert ended(ecs, service)["status"] == "SUCCESSFUL"


def test_an_alarm_in_the_bake_time_rolls_back(simulator):
    sim = simulator("blue_green_fails_in_bake", world=standing({}))
    ecs = sim.client("ecs")
    assert describe(ecs)["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    service = deploy(ecs)
    done = ended(ecs, service)
    assert done["status"] == "ROLLBACK_SUCCESSFUL"
    assert done["alarms"] == {"status": "TRIGGERED", "alarmNames": ["orders-5xx"], "triggeredAlarmNames": ["orders-5xx"]}
    assert describe(ecs)["taskDefinition"].endswith("api:1")


def test_stopping_by_hand(simulator):
    sim = simulator("hook_waits", world=standing({}))
    ecs = sim.client("ecs")
    first = deploy(ecs)
    waiting(ecs, first)
    ecs.stop_service_deployment(serviceDeploymentArn=first["currentServiceDeployment"], stopType="ROLLBACK")
    assert ended(ecs, first)["status"] == "ROLLBACK_SUCCESSFUL"
    second = ecs.update_service(cluster="main", service="api", taskDefinition="api:2")["service"]
    hook = waiting(ecs, second)
    ecs.stop_service_deployment(serviceDeploymentArn=second["currentServiceDeployment"], stopType="ABORT")
    assert ended(ecs, second)["status"] == "STOPPED"
    late = refused(
        ecs.continue_service_deployment, serviceDeploymentArn=second["currentServiceDeployment"], hookId=hook["hookId"]
    )
    assert "terminal states" in late["Message"]
    assert describe(ecs)["runningCount"] >= 2


def test_a_newer_deployment_takes_over_from_one_that_waits(simulator):
    ecs = simulator("hook_waits", world=standing({})).client("ecs")
    first = deploy(ecs)
    waiting(ecs, first)
    second = deploy(ecs)
    assert in_flight(ecs, first)["status"] == "STOPPED"
    hook = waiting(ecs, second)
    ecs.continue_service_deployment(serviceDeploymentArn=second["currentServiceDeployment"], hookId=hook["hookId"])
    assert ended(ecs, second)["status"] == "SUCCESSFUL"
    assert until(lambda: len(describe(ecs)["deployments"]) == 1)


def test_a_rollback_that_fails(simulator):
    sim = simulator("hook_waits", world=standing({}))
    ecs = sim.client("ecs")
    sim.admin("POST", "behave", {"incidents": [{"rollback_fails": "the role may not alter the listener rule"}]})
    service = deploy(ecs)
    hook = waiting(ecs, service)
    ecs.continue_service_deployment(
        serviceDeploymentArn=service["currentServiceDeployment"], hookId=hook["hookId"], action="ROLLBACK"
    )
    done = ended(ecs, service)
    assert (done["status"], done["statusReason"]) == ("ROLLBACK_FAILED", "the role may not alter the listener rule")


def test_a_service_deleted_while_it_waits(simulator):
    ecs = simulator("hook_waits", world=standing({})).client("ecs")
    service = deploy(ecs)
    waiting(ecs, service)
    ecs.delete_service(cluster="main", service="api", force=True)
    assert in_flight(ecs, service)["status"] == "STOPPED"
    assert until(lambda: describe(ecs)["status"] == "INACTIVE")


def test_a_first_deployment_passes_its_hooks(simulator):
    ecs = simulator(world={"clusters": ["main"], "log_groups": [{"name": "/ecs/orders"}]}).client("ecs")
    ecs.register_task_definition(**task_definition())
    service = ecs.create_service(
        cluster="main", serviceName="api", taskDefinition="api", desiredCount=1, launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-0aa0"]}}, loadBalancers=[BALANCED],
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": [pause("POST_SCALE_UP")]},
    )["service"]
    hook = waiting(ecs, service)
    ecs.continue_service_deployment(serviceDeploymentArn=service["currentServiceDeployment"], hookId=hook["hookId"])
    assert ended(ecs, service)["status"] == "SUCCESSFUL"


def test_what_ecs_refuses(simulator):
    ecs = simulator(world=balanced()).client("ecs")
    for configuration, said in [
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 1.0}}, "stepPercent"),
        ({"lifecycleHooks": [pause("PRODUCTION_TRAFFIC_SHIFT")]}, "Invalid lifecycle stage provided for Pause Hook"),
        ({"strategy": "ROLLING", "lifecycleHooks": [pause("POST_SCALE_UP")]}, "ROLLING"),
    ]:
        error = refused(ecs.update_service, cluster="main", service="api", deploymentConfiguration=configuration)
        assert error["Code"] == "InvalidParameterException" and said in error["Message"], error
    plain = {key: value for key, value in BALANCED.items() if key != "advancedConfiguration"}
    error = refused(ecs.update_service, cluster="main", service="api", loadBalancers=[plain])
    assert "alternateTargetGroupArn" in error["Message"]
    error = refused(ecs.update_service, cluster="main", service="api", loadBalancers=[{**BALANCED, "containerPort": 9}])
    assert error["Message"] == "The container api did not have a container port 9 defined."
    assert describe(ecs)["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"


def test_a_killed_simulator_waits_on_at_the_same_hook(simulator):
    sim = simulator("hook_waits", world=standing({}))
    ecs = sim.client("ecs")
    service = deploy(ecs)
    hook = waiting(ecs, service)
    sim.kill()
    sim.start()
    ecs = sim.client("ecs")
    assert waiting(ecs, service) == hook
    ecs.continue_service_deployment(serviceDeploymentArn=service["currentServiceDeployment"], hookId=hook["hookId"])
    assert ended(ecs, service)["status"] == "SUCCESSFUL"
