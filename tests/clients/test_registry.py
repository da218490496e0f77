"""The distribution API of every registry, down to its edges."""

import gzip
import http.client
import io
import json
import tarfile

import pytest
from conftest import until
from registries import (
    ACCOUNT, DOCKER_IMAGE, ECR, OCI_IMAGE, OCI_INDEX, Registry, digest, password,
)

WORLD = {
    "repositories": [
        {"name": "shop-api", "tags": {
            "1.4": {"layers": [20000, 5000], "files": ["/usr/bin/curl"],
                    "config": {"entrypoint": ["/app"], "cmd": ["serve"], "exposed_ports": [8080], "env": {"A": "b"}}},
            "arm": {"platforms": ["linux/arm64"]},
            "both": {"platforms": ["linux/amd64", "linux/arm64"]},
        }, "immutable": False},
        {"name": "fixed", "immutable": True},
    ],
    "registries": {
        "ghcr.example": {"repositories": [{"name": "owner/app", "tags": {"1": {}}}]},
        "basic.example": {"repositories": [{"name": "app", "tags": {"1": {}}}], "auth": "basic", "users": {"ann": "pw"}},
    },
}


def ecr(sim):
    return Registry(sim, password(sim))


def test_who_asks(simulator):
    sim = simulator(world=WORLD)
    nobody, somebody = Registry(sim), ecr(sim)
    ping = nobody.ask("GET", "/v2/")
    assert (ping.status, ping.code) == (401, "UNAUTHORIZED")
    assert ping.challenges == [f'Basic realm="https://{ECR}/",service="ecr.amazonaws.com"']
    assert ping.headers["docker-distribution-api-version"] == "registry/2.0"
    assert somebody.ask("GET", "/v2/").status == 200
    assert nobody.ask("GET", "/v2/shop-api/tags/list").status == 401
    assert somebody.ask("GET", "/v2/shop-api/tags/list").json == {"name": "shop-api", "tags": ["1.4", "arm", "both"]}
    # The same repository by its whole name, and by that of its registry.
    assert somebody.ask("GET", f"/v2/{ECR}/shop-api/tags/list").json["tags"] == ["1.4", "arm", "both"]
    assert somebody.ask("GET", "/v2/shop-api/tags/list", host=ECR).json["tags"] == ["1.4", "arm", "both"]
    # Neither a foreign password nor one that expired.
    assert Registry(sim, ("AWS", "nonsense")).ask("GET", "/v2/shop-api/tags/list").status == 400
    sim.admin("POST", "behave", {"ecr": {"seconds": 1}})
    short = password(sim)
    late = until(lambda: (a := Registry(sim, short).ask("GET", "/v2/shop-api/tags/list")).status == 403 and a)
    assert late.code == "DENIED" and "expired" in late.message
    # Another account's registry stays closed.
    other = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/app"
    closed = somebody.ask("GET", f"/v2/{other}/tags/list")
    assert (closed.status, closed.code) == (403, "DENIED")
    # Other registries, each in its own way.
    assert nobody.ask("GET", "/v2/ghcr.example/owner/app/tags/list").status == 200
    basic = nobody.ask("GET", "/v2/basic.example/app/tags/list")
    assert basic.status == 401 and basic.challenges == ['Basic realm="Registry Realm"']
    assert Registry(sim, ("ann", "pw")).ask("GET", "/v2/basic.example/app/tags/list").status == 200
    assert Registry(sim, ("ann", "no")).ask("GET", "/v2/basic.example/app/tags/list").status == 401


def test_a_token_server(simulator):
    sim = simulator(world={"registries": {"hub.example": {
        "repositories": [{"name": "app", "tags": {"1": {}}}], "auth": "token", "users": {"ann": "pw"}, "public": True,
    }}})
    nobody = Registry(sim)
    name = "hub.example/app"
    refused = nobody.ask("GET", f"/v2/{name}/manifests/1")
    assert refused.status == 401
    assert refused.challenges == [
        f'Bearer realm="http://127.0.0.1:{sim.port}/_registry/token",service="holdpoint-sim",scope="repository:{name}:pull"'
    ]
    assert nobody.ask("GET", "/v2/").challenges[0].startswith("Bearer ")

    def token(scope, client=nobody):
        return client.ask("GET", f"/_registry/token?service=holdpoint-sim&scope={scope}").json["token"]

    pull = Registry(sim, token=token(f"repository:{name}:pull"))
    assert pull.ask("GET", f"/v2/{name}/manifests/1").status == 200
    # What was not asked for, or is not granted to nobody in particular, is refused.
    for scope in (f"repository:{name}:pull", f"repository:{name}:pull,push", "repository:hub.example/other:push"):
        denied = Registry(sim, token=token(scope)).ask("POST", f"/v2/{name}/blobs/uploads/")
        assert denied.status == 401 and 'error="insufficient_scope"' in denied.challenges[0], scope
    ann = Registry(sim, ("ann", "pw"))
    push = Registry(sim, token=token(f"repository:{name}:pull,push", ann))
    assert push.ask("POST", f"/v2/{name}/blobs/uploads/").status == 202
    assert Registry(sim, ("ann", "no")).ask("GET", "/_registry/token").status == 401
    assert Registry(sim, token="a.b.c").ask("GET", f"/v2/{name}/manifests/1").status == 401
    form = f"grant_type=password&username=ann&password=pw&scope=repository:{name}:push&service=x"
    assert nobody.ask("POST", "/_registry/token", form.encode()).json["expires_in"] == 300


def test_what_a_world_brings_is_real(simulator):
    sim = simulator(world=WORLD)
    client = ecr(sim)
    found = client.ask("GET", "/v2/shop-api/manifests/1.4", accept=OCI_IMAGE)
    assert found.headers["content-type"] == OCI_IMAGE
    assert found.headers["docker-content-digest"] == digest(found.body)
    manifest = found.json
    assert [layer["size"] for layer in manifest["layers"]] == [20000, 5000]

    def blob(of):
        sent = client.ask("GET", f"/v2/shop-api/blobs/{of}")
        # As ECR does: the bytes are elsewhere, by a link that needs no credentials.
        assert sent.status == 307
        data = Registry(sim).ask("GET", sent.headers["location"]).body
        assert digest(data) == of
        return data

    config = json.loads(blob(manifest["config"]["digest"]))
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["config"] == {
        "Entrypoint": ["/app"], "Cmd": ["serve"], "ExposedPorts": {"8080/tcp": {}}, "Env": ["A=b"],
    }
    layers = [blob(layer["digest"]) for layer in manifest["layers"]]
    assert [digest(gzip.decompress(layer)) for layer in layers] == config["rootfs"]["diff_ids"]
    with tarfile.open(fileobj=io.BytesIO(layers[0])) as tar:
        names = tar.getnames()
        assert names[0] == "usr/bin/curl" and tar.getmember("usr/bin/curl").mode == 0o755
    index = client.ask("GET", "/v2/shop-api/manifests/both").json
    assert index["mediaType"] == OCI_INDEX
    assert [m["platform"]["architecture"] for m in index["manifests"]] == ["amd64", "arm64"]
    # Posted again, nothing moves.
    before = client.ask("GET", "/v2/shop-api/manifests/both").headers["docker-content-digest"]
    sim.furnish(WORLD)
    assert client.ask("HEAD", "/v2/shop-api/manifests/both").headers["docker-content-digest"] == before


def test_blobs_and_ranges(simulator):
    sim = simulator(world=WORLD)
    client = Registry(sim)
    name = "ghcr.example/owner/app"
    data = bytes(range(256)) * 40
    known = client.push_blob(name, data)
    head = client.ask("HEAD", f"/v2/{name}/blobs/{known}")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(data)), b"")
    part = client.ask("GET", f"/v2/{name}/blobs/{known}", range="bytes=100-199")
    assert part.status == 206 and part.body == data[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(data)}"
    assert client.ask("GET", f"/v2/{name}/blobs/{known}", range="bytes=-10").body == data[-10:]
    beyond = client.ask("GET", f"/v2/{name}/blobs/{known}", range=f"bytes={len(data)}-")
    assert (beyond.status, beyond.code) == (416, "RANGE_INVALID")
    unknown = client.ask("GET", f"/v2/{name}/blobs/{digest(b'other')}")
    assert (unknown.status, unknown.code) == (404, "BLOB_UNKNOWN")
    # A blob of one repository is none of another's.
    assert client.ask("HEAD", f"/v2/ghcr.example/other/blobs/{known}").status == 404
    assert client.ask("DELETE", f"/v2/{name}/blobs/{known}").status == 202
    assert client.ask("HEAD", f"/v2/{name}/blobs/{known}").status == 404


def test_uploads_in_chunks(simulator):
    sim = simulator(world=WORLD)
    client = Registry(sim)
    name = "ghcr.example/owner/app"
    data = b"0123456789" * 1000
    begun = client.ask("POST", f"/v2/{name}/blobs/uploads/")
    assert begun.status == 202 and begun.headers["range"] == "0-0"
    place = begun.headers["location"]
    assert begun.headers["docker-upload-uuid"] in place
    first = client.ask("PATCH", place, data[:4000], content_range="0-3999")
    assert first.status == 202 and first.headers["range"] == "0-3999"
    # Out of order, overlapping, or of another length than it says.
    for wrong, body in (("5000-5999", data[:1000]), ("3999-4998", data[:1000]), ("4000-4998", data[:1000]), ("x", b"y")):
        refused = client.ask("PATCH", place, body, content_range=wrong)
        assert refused.status == 416 and refused.headers["range"] == "0-3999", wrong
    sim.kill()
    sim.start()
    # Resumed by where it stands, after a kill too.
    status = client.ask("GET", place)
    assert status.status == 204 and status.headers["range"] == "0-3999"
    assert client.ask("PATCH", place, data[4000:8000]).headers["range"] == "0-7999"
    done = client.ask("PUT", f"{place}?digest={digest(data)}", data[8000:], content_range="8000-9999")
    assert done.status == 201 and done.headers["docker-content-digest"] == digest(data)
    assert client.ask("GET", done.headers["location"]).body == data
    # Over is over.
    gone = client.ask("PATCH", place, b"x")
    assert (gone.status, gone.code) == (404, "BLOB_UPLOAD_UNKNOWN")
    # Whole in one request.
    assert client.ask("POST", f"/v2/{name}/blobs/uploads/?digest={digest(b'one')}", b"one").status == 201
    # Another repository's upload is not found; a cancelled one is gone.
    place = client.ask("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    assert client.ask("PATCH", place.replace("owner/app", "owner/other"), b"x").status == 404
    assert client.ask("DELETE", place).status == 204
    assert client.ask("GET", place).status == 404


def test_digests_are_checked(simulator):
    sim = simulator(world=WORLD)
    client = Registry(sim)
    name = "ghcr.example/owner/app"
    for wrong in (digest(b"other"), "sha256:abc", "md5:" + "0" * 32, "sha256:" + "A" * 64):
        place = client.ask("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
        refused = client.ask("PUT", f"{place}?digest={wrong}", b"data")
        assert (refused.status, refused.code) == (400, "DIGEST_INVALID"), wrong
    place = client.ask("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    assert client.ask("PUT", place, b"data").code == "DIGEST_INVALID"
    manifest, _ = client.push_image(name, "ok")
    refused = client.ask("PUT", f"/v2/{name}/manifests/{digest(b'x')}", manifest, content_type=OCI_IMAGE)
    assert (refused.status, refused.code) == (400, "DIGEST_INVALID")


def test_mounts(simulator):
    sim = simulator(world=WORLD)
    client = Registry(sim)
    blob = client.push_blob("ghcr.example/owner/app", b"shared")
    mounted = client.ask("POST", f"/v2/ghcr.example/owner/new/blobs/uploads/?mount={blob}&from=ghcr.example/owner/app")
    assert mounted.status == 201 and mounted.headers["docker-content-digest"] == blob
    assert client.ask("GET", f"/v2/ghcr.example/owner/new/blobs/{blob}").body == b"shared"
    # Not from another registry, and not what is not there: an upload begins instead.
    for query in (f"mount={blob}&from=elsewhere.example/app", f"mount={digest(b'?')}&from=ghcr.example/owner/app", f"mount={blob}"):
        assert client.ask("POST", f"/v2/ghcr.example/owner/third/blobs/uploads/?{query}").status == 202, query
    # ECR mounts where its account says so.
    aws, api = ecr(sim), sim.client("ecr")
    blob = aws.push_blob("shop-api", b"of the account")
    path = f"/v2/fixed/blobs/uploads/?mount={blob}&from=shop-api"
    assert aws.ask("POST", path).status == 202
    api.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert aws.ask("POST", path).status == 201


def test_manifests(simulator):
    sim = simulator(world=WORLD)
    client = Registry(sim)
    name = "ghcr.example/owner/app"
    manifest, put = client.push_image(name, "2.0")
    assert put.status == 201 and put.headers["docker-content-digest"] == digest(manifest)
    for reference in ("2.0", digest(manifest)):
        found = client.ask("GET", f"/v2/{name}/manifests/{reference}")
        assert (found.status, found.body, found.headers["content-type"]) == (200, manifest, OCI_IMAGE)
    head = client.ask("HEAD", f"/v2/{name}/manifests/2.0")
    assert (head.headers["content-length"], head.body) == (str(len(manifest)), b"")
    # Who does not know the type does not get it.
    refused = client.ask("GET", f"/v2/{name}/manifests/2.0", accept=DOCKER_IMAGE)
    assert (refused.status, refused.code) == (404, "MANIFEST_UNKNOWN")
    assert client.ask("GET", f"/v2/{name}/manifests/2.0", accept=f"{DOCKER_IMAGE}, */*;q=0.1").status == 200
    for body, kind, code in (
        (b"{", OCI_IMAGE, "MANIFEST_INVALID"),
        (b"[]", OCI_IMAGE, "MANIFEST_INVALID"),
        (b"\xff\xfe", OCI_IMAGE, "MANIFEST_INVALID"),
        (manifest, "text/plain", "MANIFEST_INVALID"),
        (manifest, DOCKER_IMAGE, "MANIFEST_INVALID"),
        (manifest.replace(b'"schemaVersion": 2', b'"schemaVersion": 1'), OCI_IMAGE, "MANIFEST_INVALID"),
        (manifest.replace(digest(b"layer").encode(), digest(b"none").encode()), OCI_IMAGE, "MANIFEST_BLOB_UNKNOWN"),
        (json.dumps({"schemaVersion": 2, "manifests": [
            {"mediaType": OCI_IMAGE, "digest": digest(b"none"), "size": 4}]}).encode(), OCI_INDEX, "MANIFEST_BLOB_UNKNOWN"),
    ):
        refused = client.ask("PUT", f"/v2/{name}/manifests/bad", body, content_type=kind)
        assert (refused.status, refused.code) == (400, code), body
    assert client.ask("PUT", f"/v2/{name}/manifests/-bad", manifest, content_type=OCI_IMAGE).code == "TAG_INVALID"
    too_large = client.ask("PUT", f"/v2/{name}/manifests/bad", b" " * (5 << 20), content_type=OCI_IMAGE)
    assert too_large.status == 413
    assert client.ask("GET", f"/v2/{name}/manifests/bad").code == "MANIFEST_UNKNOWN"
    # A tag is taken away, then the manifest.
    assert client.ask("DELETE", f"/v2/{name}/manifests/2.0").status == 202
    assert client.ask("GET", f"/v2/{name}/manifests/{digest(manifest)}").status == 200
    assert client.ask("DELETE", f"/v2/{name}/manifests/{digest(manifest)}").status == 202
    assert client.ask("GET", f"/v2/{name}/manifests/{digest(manifest)}").status == 404


def test_tags_page_and_referrers(simulator):
    sim = simulator(world=WORLD)
    client = Registry(sim)
    name = "ghcr.example/pages"
    for tag in ("a", "b", "c", "d", "e"):
        manifest, _ = client.push_image(name, tag)
    page = client.ask("GET", f"/v2/{name}/tags/list?n=2")
    seen = page.json["tags"]
    while "link" in page.headers:
        page = client.ask("GET", page.headers["link"].split("<")[1].split(">")[0])
        seen += page.json["tags"]
    assert seen == ["a", "b", "c", "d", "e"]
    assert client.ask("GET", f"/v2/{name}/tags/list?n=x").code == "PAGINATION_NUMBER_INVALID"
    assert client.ask("GET", "/v2/ghcr.example/none/tags/list").code == "NAME_UNKNOWN"
    empty = client.ask("GET", f"/v2/{name}/referrers/{digest(manifest)}")
    assert (empty.json["manifests"], empty.headers["content-type"]) == ([], OCI_INDEX)
    subject = {"mediaType": OCI_IMAGE, "digest": digest(manifest), "size": len(manifest)}
    signature, put = client.push_image(name, None, layers=(b"sig",), subject=subject, artifactType="application/x.sig")
    assert put.headers["oci-subject"] == digest(manifest)
    found = client.ask("GET", f"/v2/{name}/referrers/{digest(manifest)}?artifactType=application/x.sig")
    assert [m["digest"] for m in found.json["manifests"]] == [digest(signature)]
    assert client.ask("GET", f"/v2/{name}/referrers/{digest(manifest)}?artifactType=x").json["manifests"] == []


def test_what_only_ecr_says(simulator):
    sim = simulator(world=WORLD)
    client = ecr(sim)
    for method, path in (("POST", "blobs/uploads/"), ("GET", "tags/list"), ("GET", "manifests/1")):
        missing = client.ask(method, f"/v2/none/{path}")
        assert (missing.status, missing.code) == (404, "NAME_UNKNOWN")
        assert missing.message == f"The repository with name 'none' does not exist in the registry with id '{ACCOUNT}'"
    assert client.ask("GET", "/v2/shop-api/manifests/9").message == "Requested image not found"
    first, put = client.push_image("fixed", "1")
    assert put.status == 201
    again = client.ask("PUT", "/v2/fixed/manifests/1", first, content_type=OCI_IMAGE)
    assert again.status == 201
    _, moved = client.push_image("fixed", "1", layers=(b"other",))
    assert (moved.status, moved.code) == (400, "TAG_INVALID")
    assert "cannot be overwritten because the repository is immutable" in moved.message
    assert client.ask("DELETE", "/v2/fixed/manifests/1").status == 405


def test_everything_outlives_a_kill(simulator):
    sim = simulator(world=WORLD)
    client = ecr(sim)
    manifest, _ = client.push_image("shop-api", "new", layers=(b"x" * 300_000,))
    sim.kill()
    sim.start()
    assert client.ask("GET", "/v2/shop-api/manifests/new").body == manifest
    link = client.ask("GET", f"/v2/shop-api/blobs/{digest(b'x' * 300_000)}").headers["location"]
    assert client.ask("GET", link).body == b"x" * 300_000
    assert "both" in client.ask("GET", "/v2/shop-api/tags/list").json["tags"]
    assert sim.client("ecr").describe_images(repositoryName="shop-api", imageIds=[{"imageTag": "new"}])
    calls = [call["operation"] for call in sim.admin("GET", "record")["calls"] if call["service"] == "registry"]
    assert calls == ["PutBlob", "PutBlob", "PutManifest"]


def test_faults_of_registries(simulator):
    sim = simulator(world=WORLD)
    client = Registry(sim)
    name = "ghcr.example/owner/app"
    blob = client.push_blob(name, b"0123456789" * 100)

    def behave(effect, operation="GetBlob"):
        match = {"service": "registry", "operation": operation, "repository": "ghcr.example/*", "nth": 1}
        sim.admin("POST", "behave", {"faults": [{"match": match, "effect": effect}]})
        return client.ask("GET", f"/v2/{name}/blobs/{blob}")

    slow = behave({"kind": "too_many", "retry_after": 2})
    assert (slow.status, slow.code, slow.headers["retry-after"]) == (429, "TOOMANYREQUESTS", "2")
    assert "retry-after" not in behave({"kind": "too_many"}).headers
    lie = behave({"kind": "corrupt"})
    assert lie.status == 200 and len(lie.body) == 1000 and digest(lie.body) != blob
    moved = behave({"kind": "redirect", "location": "http://elsewhere.example/x"})
    assert (moved.status, moved.headers["location"]) == (307, "http://elsewhere.example/x")
    assert behave({"kind": "denied"}).code == "DENIED"
    assert behave({"kind": "status", "status": 503}).status == 503
    with pytest.raises(http.client.IncompleteRead):
        behave({"kind": "truncate"})
    with pytest.raises(OSError):
        behave({"kind": "reset"})
    assert client.ask("GET", f"/v2/{name}/blobs/{blob}").status == 200
    assert sim.admin("GET", "record")["throttled"] == {"registry:GetBlob": 2}


def test_scenarios_of_registries(simulator):
    name = "ghcr.example/owner/app"
    sim = simulator("registry_lies", world=WORLD)
    client = Registry(sim)
    blob = client.push_blob(name, b"0123456789" * 100)
    path = f"/v2/{name}/blobs/{blob}"
    assert digest(client.ask("GET", path).body) != blob
    with pytest.raises(http.client.IncompleteRead):
        client.ask("GET", path)
    assert client.ask("GET", path).headers["location"] == "http://elsewhere.example/blob"
    assert digest(client.ask("GET", path).body) == blob
    sim = simulator("registry_throttles", world=WORLD)
    client = Registry(sim)
    begun = client.ask("POST", f"/v2/{name}/blobs/uploads/").headers["location"]
    done = f"{begun}?digest={digest(b'data')}"
    slow = client.ask("PUT", done, b"data")
    assert (slow.status, slow.headers["retry-after"]) == (429, "1")
    assert client.ask("PUT", done, b"data").status == 201
    slow = client.ask("POST", f"/v2/{name}/blobs/uploads/")
    assert slow.status == 429 and "retry-after" not in slow.headers
