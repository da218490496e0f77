"""The distribution API, spoken by hand."""

import base64
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import time

import pytest

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

ACCOUNT = "111122223333"
ECR = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def password(sim, person=None, **more):
    """`AWS` and the password that GetAuthorizationToken gives."""
    data = sim.client("ecr", person=person).get_authorization_token(**more)["authorizationData"][0]
    user, secret = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
    return user, secret


class Answer:
    def __init__(self, raw):
        self.status = raw.status
        self.headers = {name.lower(): value for name, value in raw.getheaders()}
        self.challenges = raw.headers.get_all("www-authenticate") or []
        self.body = raw.read()

    @property
    def code(self):
        return self.json["errors"][0]["code"]

    @property
    def message(self):
        return self.json["errors"][0]["message"]

    @property
    def json(self):
        return json.loads(self.body)


class Registry:
    """One client of `/v2/`, with the credentials that it shows each time."""

    def __init__(self, sim, credentials=None, token=None):
        self.port = sim.port
        self.headers = {}
        if credentials:
            self.headers["authorization"] = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
        if token:
            self.headers["authorization"] = f"Bearer {token}"

    def ask(self, method, path, body=None, **headers):
        if path.startswith("http://"):
            path = "/" + path.split("/", 3)[3]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers={**self.headers, **named})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def push_blob(self, name, data):
        begun = self.ask("POST", f"/v2/{name}/blobs/uploads/")
        assert begun.status == 202, begun.body
        done = self.ask("PUT", f"{begun.headers['location']}?digest={digest(data)}", data)
        assert done.status == 201, done.body
        return digest(data)

    def push_image(self, name, tag, layers=(b"layer",), architecture="amd64", media_type=OCI_IMAGE, **more):
        config = json.dumps({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
        self.push_blob(name, config.encode())
        for layer in layers:
            self.push_blob(name, layer)
        manifest = json.dumps({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": {"mediaType": CONFIG, "digest": digest(config.encode()), "size": len(config)},
            "layers": [{"mediaType": LAYER, "digest": digest(layer), "size": len(layer)} for layer in layers],
            **more,
        }).encode()
        reference = tag or digest(manifest)
        return manifest, self.ask("PUT", f"/v2/{name}/manifests/{reference}", manifest, content_type=media_type)


class DebianRegistry:
    """Debian's `docker-registry`, on a port of its own."""

    def __init__(self, folder, port):
        program = shutil.which("docker-registry")
        if not program:
            pytest.skip("docker-registry is not installed: `cargo xtask setup` brings it")
        self.address = f"127.0.0.1:{port}"
        config = folder / "registry.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {folder}/blobs}}\n"
            f"http: {{addr: '{self.address}'}}\n"
        )
        self.process = subprocess.Popen([program, "serve", str(config)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        limit = time.monotonic() + 20
        while time.monotonic() < limit:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/v2/")
                connection.getresponse().read()
                return
            except OSError:
                time.sleep(0.05)
        pytest.fail("docker-registry does not answer")

    def stop(self):
        self.process.kill()
        self.process.wait()


def skopeo(*arguments, fails=False):
    """Runs skopeo; answers what it printed."""
    program = shutil.which("skopeo")
    if not program:
        pytest.skip("skopeo is not installed: `cargo xtask setup` brings it")
    done = subprocess.run(
        [program, "--insecure-policy", *arguments], capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"},
    )
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout
