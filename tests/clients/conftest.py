"""A simulator of its own for each test, driven by AWS's own clients.

The server is `$HOLDPOINT_BIN sim …`, or the program in `$SIM_EXAMPLE` (crates/sim/examples/serve.rs, built) with the same arguments.
"""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import botocore.config
import pytest


class Simulator:
    """One simulator process and the clients of its people."""

    def __init__(self, folder, scenario=None, speed=60.0, seed=1):
        self.folder = Path(folder)
        self.scenario = scenario
        self.speed = speed
        self.seed = seed
        self.process = None
        self.world = None

    def start(self):
        program = os.environ.get("HOLDPOINT_BIN") or os.environ.get("SIM_EXAMPLE")
        if not program:
            pytest.fail("set HOLDPOINT_BIN to the holdpoint program, or SIM_EXAMPLE to the built example `serve`")
        address = self.folder / "sim.json"
        address.unlink(missing_ok=True)
        command = [program, "sim", "--state", str(self.folder), "--speed", str(self.speed), "--seed", str(self.seed)]
        if self.scenario:
            command += ["--scenario", str(self.scenario)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until(lambda: address.exists() or self.process.poll() is not None, 20)
        if self.process.poll() is not None:
            raise RuntimeError(self.process.stderr.read().decode())
        self.port = json.loads(address.read_text())["port"]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.kill()

    def admin(self, method, action, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_holdpoint/{action}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            raise ValueError(json.load(refusal)["error"]) from refusal

    def furnish(self, world=None):
        self.world = self.admin("POST", "furnish", world or {})
        return self

    def person(self, index=0):
        return self.admin("GET", "people")["people"][index]

    def client(self, service, person=None, retries=0, read_timeout=10, parameter_validation=True, **more):
        person = person or self.person()
        given = {
            "aws_access_key_id": person["access_key_id"],
            "aws_secret_access_key": person["secret_access_key"],
            "aws_session_token": person["session_token"],
            "region_name": self.world["region"],
        }
        given.update(more)
        config = botocore.config.Config(
            retries={"total_max_attempts": retries + 1, "mode": "standard"}, read_timeout=read_timeout,
            parameter_validation=parameter_validation,
        )
        return boto3.client(service, endpoint_url=self.endpoint, config=config, **given)

    def environment(self, person=None):
        """What a child such as the AWS CLI needs, and nothing of the caller's own AWS configuration."""
        person = person or self.person()
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": person["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": person["secret_access_key"],
            "AWS_SESSION_TOKEN": person["session_token"],
            "AWS_DEFAULT_REGION": self.world["region"],
            "AWS_PAGER": "",
        }

    def aws(self, *arguments, person=None):
        """Runs the AWS CLI; answers (exit code, output as JSON when it is JSON, standard error)."""
        done = subprocess.run(
            ["aws", *arguments], env=self.environment(person), capture_output=True, text=True, timeout=60, check=False
        )
        try:
            output = json.loads(done.stdout)
        except ValueError:
            output = done.stdout
        return done.returncode, output, done.stderr


def until(ready, seconds=20):
    """Asks until it is so; a limit keeps a broken test from hanging, nothing is judged by time."""
    limit = time.monotonic() + seconds
    while True:
        answer = ready()
        if answer or time.monotonic() > limit:
            return answer
        time.sleep(0.02)


@pytest.fixture
def simulator(tmp_path):
    started = []

    def start(scenario=None, world=None, **options):
        sim = Simulator(tmp_path / f"state-{len(started)}", scenario=scenario, **options)
        started.append(sim)
        sim.start()
        return sim.furnish(world)

    yield start
    for sim in started:
        sim.stop()
