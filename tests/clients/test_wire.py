"""No answer has a member that AWS's own API model does not know, or of another type."""

import json
from xml.etree import ElementTree

from conftest import until
from identity_center import DEVICE, SCOPE, START, approve, unsigned
from test_rollout import deploy, ended
from worlds import GROUP, standing

# Newer than the model that the oldest supported SDK carries, or sent without being in any.
NEWER = {"thresholdConfiguration", "resetOnHealthyTask", "issuedTokenType", "originSessionId", "aws_sso_app_session_id"}
TYPES = {
    "string": str, "integer": int, "long": int, "boolean": bool, "double": (int, float), "float": (int, float),
    "timestamp": (int, float), "blob": str, "list": list, "map": dict, "structure": dict,
}


def strangers(shape, value, path):
    if not isinstance(value, TYPES[shape.type_name]) or (shape.type_name != "boolean" and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        members = {m.serialization.get("name", name): m for name, m in shape.members.items()}
        for name, member in value.items():
            if name in members:
                yield from strangers(members[name], member, f"{path}.{name}")
            elif name not in NEWER:
                yield f"{path}.{name} is unknown"
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from strangers(shape.member, member, f"{path}[{index}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"


class Watch:
    """Compares every answer of the clients it is given with their model."""

    def __init__(self):
        self.found = []
        self.asked = set()

    def __call__(self, client):
        client.meta.events.register("after-call.*", self.check)
        return client

    def check(self, http_response, parsed, model, **_):
        self.asked.add(model.name)
        if http_response.status_code == 200 and model.output_shape:
            if model.service_model.metadata["protocol"] == "query":
                self.found.extend(unknown(model.output_shape, ElementTree.fromstring(http_response.content)[0], model.name))
            else:
                answer = json.loads(http_response.content)
                if model.service_model.service_name in ("sso", "sso-oidc"):
                    # They write null for what there is not.
                    answer = {name: member for name, member in answer.items() if member is not None}
                self.found.extend(strangers(model.output_shape, answer, model.name))


def unknown(shape, element, path):
    """The same for XML: elements that the model does not know."""
    for child in element:
        name = child.tag.split("}")[1]
        if shape.type_name == "list":
            yield from unknown(shape.member, child, f"{path}[]") if name == "member" else [f"{path}.{name}"]
        elif shape.type_name == "structure" and name in shape.members:
            yield from unknown(shape.members[name], child, f"{path}.{name}")
        else:
            yield f"{path}.{name} is unknown"


def test_every_answer_of_sign_in_fits_the_model(simulator):
    sim = simulator(world={"users": [{"name": "deploy.bot"}], "alias": "orders-prod", "web_identities": [
        {"token": "good", "provider": "tokens.ci.example", "subject": "repo:orders"}]})
    approve(sim)
    watch = Watch()
    oidc, portal, sts = (watch(unsigned(sim, service)) for service in ("sso-oidc", "sso", "sts"))
    registered = oidc.register_client(clientName="x", clientType="public", scopes=[SCOPE])
    client = {"clientId": registered["clientId"], "clientSecret": registered["clientSecret"]}
    device = oidc.start_device_authorization(**client, startUrl=START)
    tokens = oidc.create_token(**client, grantType=DEVICE, deviceCode=device["deviceCode"])
    tokens = oidc.create_token(**client, grantType="refresh_token", refreshToken=tokens["refreshToken"])
    token = {"accessToken": tokens["accessToken"]}
    portal.list_accounts(**token)
    portal.list_account_roles(**token, accountId="111122223333")
    portal.get_role_credentials(**token, accountId="111122223333", roleName="Deployer")
    portal.logout(**token)
    role = {"RoleArn": "arn:aws:iam::111122223333:role/Reader", "RoleSessionName": "run-7"}
    sts.assume_role_with_web_identity(**role, WebIdentityToken="good")
    signed = watch(sim.client("sts"))
    signed.get_caller_identity()
    signed.assume_role(**role, SourceIdentity="ann")
    signed.get_access_key_info(AccessKeyId=sim.person()["access_key_id"])
    bot = sim.admin("GET", "people")["users"][0]
    watch(sim.client("sts", person=bot)).get_session_token()
    watch(sim.client("iam")).list_account_aliases()
    watch(sim.client("ecr")).get_authorization_token()
    assert watch.found == []
    assert len(watch.asked) == 14


def test_every_answer_fits_the_model(simulator):
    sim = simulator("crash_loop", world=standing())
    watch = Watch()
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
    assert watch.found == []
    assert len(watch.asked) >= 20
