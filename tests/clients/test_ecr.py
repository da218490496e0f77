"""ECR's API by boto3 and the AWS CLI, and what ECS and App Runner make of what a registry holds."""

import base64
import json
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import until
from registries import ACCOUNT, ECR, OCI_IMAGE, Registry, digest, password
from test_rollout import ended
from worlds import standing, task_definition


def refusal(call, **given):
    with pytest.raises(ClientError) as raised:
        call(**given)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_repositories(simulator):
    sim = simulator()
    ecr = sim.client("ecr")
    made = ecr.create_repository(repositoryName="shop/api", tags=[{"Key": "team", "Value": "shop"}])["repository"]
    assert made["repositoryUri"] == f"{ECR}/shop/api"
    assert made["repositoryArn"] == f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/shop/api"
    assert (made["imageTagMutability"], made["imageScanningConfiguration"]) == ("MUTABLE", {"scanOnPush": False})
    assert refusal(ecr.create_repository, repositoryName="shop/api") == (
        "RepositoryAlreadyExistsException",
        f"The repository with name 'shop/api' already exists in the registry with id '{ACCOUNT}'",
    )
    assert refusal(sim.client("ecr", parameter_validation=False).create_repository, repositoryName="S")[0] == (
        "InvalidParameterException")
    assert refusal(ecr.describe_repositories, repositoryNames=["none"]) == (
        "RepositoryNotFoundException",
        f"The repository with name 'none' does not exist in the registry with id '{ACCOUNT}'",
    )
    for name in ("a1", "b1", "c1"):
        ecr.create_repository(repositoryName=name)
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 3})
    assert [r["repositoryName"] for page in pages for r in page["repositories"]] == ["a1", "b1", "c1", "shop/api"]
    arn = made["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "stage", "Value": "one"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "stage", "Value": "one"}]
    policy = json.dumps({"rules": [{"rulePriority": 1, "selection": {
        "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}, "action": {"type": "expire"}}]})
    assert refusal(ecr.get_lifecycle_policy, repositoryName="a1")[0] == "LifecyclePolicyNotFoundException"
    ecr.put_lifecycle_policy(repositoryName="a1", lifecyclePolicyText=policy)
    assert ecr.get_lifecycle_policy(repositoryName="a1")["lifecyclePolicyText"] == policy
    ecr.put_image_tag_mutability(repositoryName="a1", imageTagMutability="IMMUTABLE")
    assert ecr.describe_repositories(repositoryNames=["a1"])["repositories"][0]["imageTagMutability"] == "IMMUTABLE"
    Registry(sim, password(sim)).push_image("b1", "1")
    assert refusal(ecr.delete_repository, repositoryName="b1")[0] == "RepositoryNotEmptyException"
    ecr.delete_repository(repositoryName="b1", force=True)
    assert refusal(ecr.list_images, repositoryName="b1")[0] == "RepositoryNotFoundException"
    code, listed, _ = sim.aws("ecr", "describe-repositories", "--query", "repositories[].repositoryName")
    assert (code, listed) == (0, ["a1", "c1", "shop/api"])


def test_layers_and_images_by_the_api(simulator):
    sim = simulator(world={"repositories": [{"name": "api"}]})
    ecr = sim.client("ecr")
    layer = bytes(range(256)) * 24_000  # two parts
    config = json.dumps({"os": "linux", "architecture": "arm64"}).encode()

    def upload(data, size=5 << 20, name=None):
        begun = ecr.initiate_layer_upload(repositoryName="api")
        assert begun["partSize"] == 10485760
        for first in range(0, len(data), size):
            part = data[first:first + size]
            sent = ecr.upload_layer_part(repositoryName="api", uploadId=begun["uploadId"], partFirstByte=first,
                                         partLastByte=first + len(part) - 1, layerPartBlob=part)
            assert sent["lastByteReceived"] == first + len(part) - 1
        return ecr.complete_layer_upload(
            repositoryName="api", uploadId=begun["uploadId"], layerDigests=[name or digest(data)]
        )["layerDigest"]

    assert upload(layer) == digest(layer) and upload(config) == digest(config)
    assert refusal(upload, data=layer)[0] == "LayerAlreadyExistsException"
    assert refusal(upload, data=b"x" * 3_000_000, size=1_000_000)[0] == "LayerPartTooSmallException"
    assert refusal(upload, data=b"x", name=digest(b"y"))[0] == "InvalidLayerException"
    assert refusal(upload, data=b"")[0] == "EmptyUploadException"
    begun = ecr.initiate_layer_upload(repositoryName="api")["uploadId"]
    part = {"repositoryName": "api", "uploadId": begun, "layerPartBlob": b"abc"}
    assert refusal(ecr.upload_layer_part, partFirstByte=5, partLastByte=7, **part)[0] == "InvalidLayerPartException"
    part["uploadId"] = "00000000-0000-4000-a000-000000000000"
    assert refusal(ecr.upload_layer_part, partFirstByte=0, partLastByte=2, **part)[0] == "UploadNotFoundException"
    states = ecr.batch_check_layer_availability(repositoryName="api", layerDigests=[digest(layer), digest(b"?"), "x:0"])
    assert [x["layerAvailability"] for x in states["layers"]] == ["AVAILABLE", "UNAVAILABLE"]
    assert states["failures"][0]["failureCode"] == "InvalidLayerDigest"

    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": OCI_IMAGE,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(layer), "size": len(layer)}],
    })
    put = {"repositoryName": "api", "imageManifest": manifest, "imageTag": "1"}
    image = ecr.put_image(**put)["image"]
    assert image["imageId"] == {"imageDigest": digest(manifest.encode()), "imageTag": "1"}
    assert refusal(ecr.put_image, **put)[0] == "ImageAlreadyExistsException"
    assert refusal(ecr.put_image, **{**put, "imageManifest": "{"}) == (
        "InvalidParameterException", "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    )
    unknown = manifest.replace(digest(layer), digest(b"?"))
    assert refusal(ecr.put_image, **{**put, "imageManifest": unknown})[0] == "LayersNotFoundException"
    named = {**put, "imageDigest": digest(b"?"), "imageTag": "2"}
    assert refusal(ecr.put_image, **named)[0] == "ImageDigestDoesNotMatchException"
    ecr.put_image_tag_mutability(repositoryName="api", imageTagMutability="IMMUTABLE")
    other = manifest.replace('"schemaVersion": 2', '"schemaVersion":  2')
    assert refusal(ecr.put_image, **{**put, "imageManifest": other})[0] == "ImageTagAlreadyExistsException"

    detail = ecr.describe_images(repositoryName="api")["imageDetails"][0]
    assert (detail["imageTags"], detail["imageSizeInBytes"]) == (["1"], len(layer) + len(config))
    assert refusal(ecr.describe_images, repositoryName="api", imageIds=[{"imageTag": "9"}])[0] == "ImageNotFoundException"
    got = ecr.batch_get_image(repositoryName="api", imageIds=[{"imageTag": "1"}, {"imageTag": "9"}, {"imageDigest": "x"}])
    assert got["images"][0]["imageManifest"] == manifest
    assert [f["failureCode"] for f in got["failures"]] == ["ImageNotFound", "InvalidImageDigest"]
    link = ecr.get_download_url_for_layer(repositoryName="api", layerDigest=digest(layer))["downloadUrl"]
    with urllib.request.urlopen(link, timeout=20) as sent:
        assert sent.read() == layer
    assert refusal(ecr.get_download_url_for_layer, repositoryName="api", layerDigest=digest(b"?"))[0] == "LayersNotFoundException"
    # Nothing of the bytes is in the journal.
    assert (sim.folder / "journal.jsonl").stat().st_size < 100_000

    gone = ecr.batch_delete_image(repositoryName="api", imageIds=[{"imageTag": "1"}, {"imageTag": "1"}])
    assert gone["imageIds"] == [{"imageDigest": digest(manifest.encode()), "imageTag": "1"}]
    assert gone["failures"][0]["failureCode"] == "ImageNotFound"


def test_lists_and_indexes(simulator):
    sim = simulator(world={"repositories": [{"name": "api", "tags": {
        "1": {}, "both": {"platforms": ["linux/amd64", "linux/arm64"]}}}]})
    ecr = sim.client("ecr")
    ids = ecr.list_images(repositoryName="api", filter={"tagStatus": "TAGGED"})["imageIds"]
    assert sorted(i["imageTag"] for i in ids) == ["1", "both"]
    untagged = ecr.list_images(repositoryName="api", filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert len(untagged) == 2
    held = ecr.batch_delete_image(repositoryName="api", imageIds=untagged)
    assert {f["failureCode"] for f in held["failures"]} == {"ImageReferencedByManifestList"}
    pages = ecr.get_paginator("list_images").paginate(repositoryName="api", PaginationConfig={"PageSize": 1})
    assert sum(len(page["imageIds"]) for page in pages) == 4


def test_scans(simulator):
    sim = simulator(world={"repositories": [
        {"name": "bad", "tags": {"1": {}}, "scan": {"critical": 1, "high": 3}}, {"name": "new", "tags": {"1": {}}},
    ]})
    ecr = sim.client("ecr")
    tag = {"imageTag": "1"}
    found = ecr.describe_image_scan_findings(repositoryName="bad", imageId=tag)
    assert found["imageScanStatus"]["status"] == "COMPLETE"
    assert found["imageScanFindings"]["findingSeverityCounts"] == {"CRITICAL": 1, "HIGH": 3}
    assert [f["severity"] for f in found["imageScanFindings"]["findings"]] == ["CRITICAL", "HIGH", "HIGH", "HIGH"]
    summary = ecr.describe_images(repositoryName="bad")["imageDetails"][0]["imageScanFindingsSummary"]
    assert summary["findingSeverityCounts"]["CRITICAL"] == 1
    assert refusal(ecr.describe_image_scan_findings, repositoryName="new", imageId=tag)[0] == "ScanNotFoundException"
    assert ecr.start_image_scan(repositoryName="new", imageId=tag)["imageScanStatus"]["status"] == "IN_PROGRESS"
    assert refusal(ecr.start_image_scan, repositoryName="new", imageId=tag)[0] == "LimitExceededException"
    ecr.get_waiter("image_scan_complete").wait(repositoryName="new", imageId=tag, WaiterConfig={"Delay": 1})
    clean = ecr.describe_image_scan_findings(repositoryName="new", imageId=tag)["imageScanFindings"]
    assert clean["findings"] == []


def test_another_account_needs_a_policy(simulator):
    sim = simulator(world={"repositories": [{"name": "api", "tags": {"1": {}}}]})
    other = sim.client("sts").assume_role(RoleArn="arn:aws:iam::444455556666:role/Reader", RoleSessionName="reader")["Credentials"]
    person = {name: other[member] for name, member in (
        ("access_key_id", "AccessKeyId"), ("secret_access_key", "SecretAccessKey"), ("session_token", "SessionToken"))}
    theirs = sim.client("ecr", person=person)
    assert refusal(theirs.describe_images, registryId=ACCOUNT, repositoryName="api")[0] == "AccessDeniedException"
    client = Registry(sim, password(sim, person=person))
    refused = client.ask("GET", f"/v2/{ECR}/api/manifests/1")
    assert (refused.status, refused.code) == (403, "DENIED") and "ecr:BatchGetImage" in refused.message
    allow = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "ecr:*"}]}
    sim.client("ecr").set_repository_policy(repositoryName="api", policyText=json.dumps(allow))
    assert client.ask("GET", f"/v2/{ECR}/api/manifests/1").status == 200


REPOSITORY = {"name": "api", "tags": {
    "1.0": {}, "arm": {"platforms": ["linux/arm64"]}, "no-amd": {"platforms": ["linux/arm64", "linux/s390x"]},
    "both": {"platforms": ["linux/amd64", "linux/arm64"]},
}}


def deployed(sim, tag):
    ecs = sim.client("ecs")
    definition = task_definition()
    definition["containerDefinitions"][0]["image"] = f"{ECR}/api:{tag}"
    arn = ecs.register_task_definition(**definition)["taskDefinition"]["taskDefinitionArn"]
    service = ecs.update_service(cluster="main", service="api", taskDefinition=arn)["service"]
    final = ended(ecs, service)
    stopped = ecs.list_tasks(cluster="main", desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=stopped)["tasks"] if stopped else []
    mine = [t for t in tasks if t["taskDefinitionArn"] == arn]
    running = ecs.list_tasks(cluster="main", desiredStatus="RUNNING")["taskArns"]
    runs = [t for t in ecs.describe_tasks(cluster="main", tasks=running)["tasks"] if t["taskDefinitionArn"] == arn]
    return final["status"], mine, runs


def test_ecs_pulls_what_the_registry_holds(simulator):
    world = standing(repositories=[REPOSITORY])
    world["task_definitions"][0]["containerDefinitions"][0]["image"] = f"{ECR}/api:1.0"
    sim = simulator(world=world)
    client = Registry(sim, password(sim))
    manifest, _ = client.push_image("api", "2.0")
    status, _, running = deployed(sim, "2.0")
    assert status == "SUCCESSFUL"
    assert {c["imageDigest"] for t in running for c in t["containers"]} == {digest(manifest)}
    assert deployed(sim, "both")[0] == "SUCCESSFUL"


@pytest.mark.parametrize(("tag", "reason", "exit_code"), [
    ("none", "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref", None),
    ("no-amd", "image Manifest does not contain descriptor matching platform 'linux/amd64'", None),
    ("arm", "Essential container in task exited", 255),
])
def test_ecs_fails_on_what_it_cannot_run(simulator, tag, reason, exit_code):
    world = standing(repositories=[REPOSITORY])
    world["task_definitions"][0]["containerDefinitions"][0]["image"] = f"{ECR}/api:1.0"
    sim = simulator(world=world)
    status, stopped, _ = deployed(sim, tag)
    assert status == "ROLLBACK_SUCCESSFUL"
    # The others were stopped by the rollback.
    failed = [t for t in stopped if t["stopCode"] in ("TaskFailedToStart", "EssentialContainerExited")]
    assert failed and {reason in t["stoppedReason"] for t in failed} == {True}
    assert {t["containers"][0].get("exitCode") for t in failed} == {exit_code}


def test_a_push_starts_app_runner(simulator):
    source = {"ImageRepository": {"ImageIdentifier": f"{ECR}/api:1.0", "ImageRepositoryType": "ECR"},
              "AutoDeploymentsEnabled": True,
              "AuthenticationConfiguration": {"AccessRoleArn": f"arn:aws:iam::{ACCOUNT}:role/access"}}
    sim = simulator(world={"repositories": [REPOSITORY], "apprunner": {"services": [
        {"name": "shop-web", "create": {"SourceConfiguration": source}}]}})
    apprunner = sim.client("apprunner")
    arn = apprunner.list_services()["ServiceSummaryList"][0]["ServiceArn"]

    def deployments():
        listed = apprunner.list_operations(ServiceArn=arn)["OperationSummaryList"]
        return [o for o in listed if o["Type"] == "START_DEPLOYMENT"]

    assert deployments() == []
    Registry(sim, password(sim)).push_image("api", "1.0", layers=(b"new",))
    assert until(lambda: [o for o in deployments() if o["Status"] == "SUCCEEDED"])
    # A tag pushed from outside does the same.
    sim.admin("POST", "behave", {"repositories": [{"name": "api", "tags": {"1.0": {"layers": [9000]}}}]})
    assert until(lambda: len(deployments()) == 2)


def test_the_password_is_what_docker_logs_in_with(simulator):
    sim = simulator()
    code, secret, said = sim.aws("ecr", "get-login-password")
    assert code == 0, said
    assert Registry(sim, ("AWS", secret.strip())).ask("GET", "/v2/").status == 200
    data = json.loads(base64.b64decode(secret.strip()))
    assert set(data) == {"payload", "datakey", "version", "type", "expiration"}
