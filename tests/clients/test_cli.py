"""The AWS CLI, as it comes, by AWS_ENDPOINT_URL."""

import json

from worlds import BREAKER, GROUP, NETWORK, standing, task_definition


def test_a_deployment_by_hand(simulator):
    sim = simulator(world=standing())
    code, who, _ = sim.aws("sts", "get-caller-identity")
    assert (code, who["Account"]) == (0, "111122223333")
    code, registered, error = sim.aws(
        "ecs", "register-task-definition", "--cli-input-json", json.dumps(task_definition("worker"))
    )
    assert code == 0, error
    arn = registered["taskDefinition"]["taskDefinitionArn"]
    code, created, error = sim.aws(
        "ecs", "create-service", "--cluster", "main", "--service-name", "worker", "--task-definition", arn,
        "--desired-count", "1", "--launch-type", "FARGATE", "--network-configuration", json.dumps(NETWORK),
        "--deployment-configuration", json.dumps(BREAKER),
    )
    assert code == 0, error
    assert created["service"]["status"] == "ACTIVE"
    code, _, error = sim.aws("ecs", "wait", "services-stable", "--cluster", "main", "--services", "worker")
    assert code == 0, error
    code, described, _ = sim.aws("ecs", "describe-services", "--cluster", "main", "--services", "worker")
    assert described["services"][0]["runningCount"] == 1
    code, events, error = sim.aws(
        "logs", "filter-log-events", "--log-group-name", GROUP, "--log-stream-name-prefix", "ecs/worker/",
        "--filter-pattern", '"listening on"',
    )
    assert code == 0, error
    assert [e["message"] for e in events["events"]] == ["listening on 0.0.0.0:8080"]


def test_refusals_reach_the_terminal(simulator):
    sim = simulator(world=standing())
    code, _, error = sim.aws("ecs", "describe-services", "--cluster", "none", "--services", "api")
    assert code != 0
    assert "(ClusterNotFoundException) when calling the DescribeServices operation: Cluster not found." in error
    code, _, error = sim.aws("ecs", "list-container-instances", "--cluster", "main")
    assert code != 0 and "does not implement ecs:ListContainerInstances" in error
