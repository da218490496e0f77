"""The worlds that tests furnish."""

GROUP = "/ecs/orders"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0aa0"], "securityGroups": ["sg-0bb0"]}}
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def task_definition(family="api", tag="1.0", **more):
    container = {
        "name": family,
        "image": f"registry.example/{family}:{tag}",
        "portMappings": [{"containerPort": 8080}],
        "environment": [{"name": "VERSION", "value": tag}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": GROUP, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"},
        },
    }
    container.update(more)
    return {
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
        "containerDefinitions": [container],
    }


def standing(configuration=None, desired=2, **more):
    """A cluster with one service, `api`, that has stood for long."""
    world = {
        "clusters": ["main"],
        "task_definitions": [task_definition()],
        "services": [
            {
                "cluster": "main",
                "name": "api",
                "task_definition": "api",
                "desired": desired,
                "create": {
                    "launchType": "FARGATE",
                    "networkConfiguration": NETWORK,
                    "deploymentConfiguration": BREAKER if configuration is None else configuration,
                },
            }
        ],
        "log_groups": [{"name": GROUP}],
        "hosts": [{"host": "api.orders.example", "cluster": "main", "service": "api"}],
    }
    world.update(more)
    return world
