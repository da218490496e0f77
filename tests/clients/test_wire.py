"""No answer has a member that AWS's own API model does not know, or of another type."""

import json

from conftest import until
from test_rollout import deploy, ended
from worlds import GROUP, standing

# Newer than the model that the oldest supported SDK carries.
NEWER = {"thresholdConfiguration", "resetOnHealthyTask"}
TYPES = {
    "string": str, "integer": int, "long": int, "boolean": bool, "double": (int, float), "float": (int, float),
    "timestamp": (int, float), "list": list, "map": dict, "structure": dict,
}


def strangers(shape, value, path):
    if not isinstance(value, TYPES[shape.type_name]) or (shape.type_name != "boolean" and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                yield from strangers(shape.members[name], member, f"{path}.{name}")
            elif name not in NEWER:
                yield f"{path}.{name} is unknown"
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from strangers(shape.member, member, f"{path}[{index}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"


def test_every_answer_fits_the_model(simulator):
    sim = simulator("crash_loop", world=standing())
    found, asked = [], set()

    def watch(client):
        def check(http_response, parsed, model, **_):
            asked.add(model.name)
            if http_response.status_code == 200 and model.output_shape:
                found.extend(strangers(model.output_shape, json.loads(http_response.content), model.name))

        client.meta.events.register("after-call.*", check)
        return client

    ecs, logs = watch(sim.client("ecs")), watch(sim.client("logs"))
    service = deploy(ecs)
    until(lambda: any(d["failedTasks"] for d in ecs.describe_services(cluster="main", services=["api"])["services"][0]["deployments"]))
    ended(ecs, service)
    ecs.describe_clusters(clusters=["main", "none"], include=["TAGS", "SETTINGS"])
    ecs.list_clusters()
    ecs.list_services(cluster="main")
    ecs.describe_task_definition(taskDefinition="api", include=["TAGS"])
    ecs.list_task_definitions()
    ecs.list_task_definition_families()
    ecs.list_service_deployments(cluster="main", service="api")
    ecs.describe_service_revisions(serviceRevisionArns=[
        d["targetServiceRevisionArn"] for d in ecs.list_service_deployments(cluster="main", service="api")["serviceDeployments"]
    ])
    for status in ("RUNNING", "STOPPED"):
        ecs.describe_tasks(cluster="main", tasks=ecs.list_tasks(cluster="main", desiredStatus=status)["taskArns"], include=["TAGS"])
    arn = service["serviceArn"]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "orders"}])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "orders"}]
    ecs.untag_resource(resourceArn=arn, tagKeys=["team"])
    ecs.update_service(cluster="main", service="api", desiredCount=0)
    ecs.delete_service(cluster="main", service="api", force=True)
    ecs.deregister_task_definition(taskDefinition="api:2")
    logs.describe_log_groups()
    [*streams] = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    logs.get_log_events(logGroupName=GROUP, logStreamName=streams[0]["logStreamName"])
    logs.filter_log_events(logGroupName=GROUP)
    assert found == []
    assert len(asked) >= 20
