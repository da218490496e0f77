"""Images go between our registries, Debian's and themselves by skopeo."""

import json
import socket

import pytest
from registries import ECR, DebianRegistry, password, skopeo

WORLD = {
    "repositories": [{"name": "shop-api"}],
    "registries": {
        "ghcr.example": {"repositories": [{"name": "owner/app", "tags": {
            "1": {"layers": [30000, 70000], "config": {"cmd": ["run"]}},
            "docker": {"docker": True},
            "both": {"platforms": ["linux/amd64", "linux/arm64/v8"]},
        }}]},
        "hub.example": {"repositories": [{"name": "app", "tags": {"1": {}}}], "auth": "token", "users": {"ann": "pw"}},
    },
}


@pytest.fixture
def debian(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "debian"
    folder.mkdir()
    registry = DebianRegistry(folder, port)
    yield registry
    registry.stop()


def at(sim, name):
    return f"docker://127.0.0.1:{sim.port}/{name}"


def test_copies_both_ways(simulator, debian):
    sim = simulator(world=WORLD)
    credentials = ":".join(password(sim))
    source = at(sim, "ghcr.example/owner/app")
    ours = ["--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests"]
    theirs = f"docker://{debian.address}/app"
    for tag, more in (("1", []), ("docker", []), ("both", ["--all"])):
        skopeo("copy", *ours, *more, f"{source}:{tag}", f"{theirs}:{tag}")
        skopeo("copy", *ours, *more, "--dest-creds", credentials, f"{theirs}:{tag}", at(sim, f"{ECR}/shop-api:{tag}"))
        # And onwards, from ECR by its short name.
        skopeo("copy", *ours, *more, "--src-creds", credentials, at(sim, f"shop-api:{tag}"), at(sim, f"new.example/a:{tag}"))
        raw = [
            skopeo("inspect", "--raw", "--tls-verify=false", f"{source}:{tag}"),
            skopeo("inspect", "--raw", "--tls-verify=false", f"{theirs}:{tag}"),
            skopeo("inspect", "--raw", "--tls-verify=false", "--creds", credentials, at(sim, f"shop-api:{tag}")),
            skopeo("inspect", "--raw", "--tls-verify=false", at(sim, f"new.example/a:{tag}")),
        ]
        assert len(set(raw)) == 1, tag
    seen = json.loads(skopeo("inspect", "--tls-verify=false", f"{source}:1"))
    assert seen["Architecture"] == "amd64" and seen["RepoTags"] == ["1", "both", "docker"]
    details = sim.client("ecr").describe_images(repositoryName="shop-api", imageIds=[{"imageTag": "1"}])["imageDetails"]
    assert details[0]["imageDigest"] == seen["Digest"]


def test_signs_in(simulator):
    sim = simulator(world=WORLD)
    assert "Name" in skopeo("inspect", "--tls-verify=false", "--creds", "ann:pw", at(sim, "hub.example/app:1"))
    skopeo("inspect", "--tls-verify=false", "--creds", "ann:no", at(sim, "hub.example/app:1"), fails=True)
    skopeo("inspect", "--tls-verify=false", at(sim, "hub.example/app:1"), fails=True)
    # Where a registry has a token server, ECR's passwords are good there, too.
    skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--src-creds", "ann:pw",
           "--dest-creds", ":".join(password(sim)), at(sim, "hub.example/app:1"), at(sim, "shop-api:1"))
    said = skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--src-creds", "ann:pw",
                  "--dest-creds", ":".join(password(sim)), at(sim, "hub.example/app:1"), at(sim, "none:1"), fails=True)
    assert "does not exist in the registry with id" in said


def test_a_lie_is_found_out(simulator):
    sim = simulator(world=WORLD)
    lie = {"match": {"service": "registry", "operation": "GetBlob"}, "effect": {"kind": "corrupt"}}
    sim.admin("POST", "behave", {"faults": [lie]})
    skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", at(sim, "ghcr.example/owner/app:1"),
           at(sim, "new.example/a:1"), fails=True)
