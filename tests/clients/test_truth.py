"""What Holdpoint says of a deployment beside what AWS's own waiter says, scenario by scenario; `docs/truth.md` is written from it.

Each scenario befalls the same deployment twice: walked as a plan in practice, and sent by boto3, whose waiter then judges it. The
waiter is AWS's: 40 looks, one every 15 seconds, of the simulator's clock, which goes faster. `UPDATE=1` writes the page.
"""

import concurrent.futures
import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from conftest import Simulator, until

ROOT = Path(__file__).resolve().parents[2]
PLANS = Path(__file__).parent / "plans"
PAGE = ROOT / "docs" / "truth.md"
SCENARIOS = {path.stem for path in (ROOT / "crates/sim/scenarios").glob("*.yaml")}
#: Those that befall no deployment of ECS, with what they befall and why no waiter stands beside them.
ELSEWHERE = {
    "half_answers": ("calls whose answers break off", "boto3 takes half of an answer for a whole one that is empty: there is nothing to set beside"),
    "registry_lies": ("blobs of a registry", "an image is copied, nothing is deployed"),
    "registry_throttles": ("calls of a registry", "an image is copied, nothing is deployed"),
    "wrong_account": ("the look at the account before a run", "the run does not begin, and no call that a waiter could follow is sent"),
    "auto_deploy_off": ("pushes of images for App Runner", "nothing fails: nothing is deployed until somebody asks"),
    "create_failed": ("App Runner", "there is no waiter; its row is that of App Runner"),
    "operation_rolls_back": ("App Runner", "there is no waiter; its row is that of App Runner"),
    "operation_stuck": ("App Runner", "there is no waiter; its row is that of App Runner"),
}
#: A new service that crashes for ever has its one task now and then: what the waiter says depends on when it looks. Laid over
#: the scenario, the first leaves the container up for longer than eight looks take, and the second lets it never come up.
BY_CHANCE = {
    "first_deployment_fails": [
        {"tasks": [{"match": {"deployed_by": ["create"]}, "behaviour": {"exit": {"after": 120, "code": 1}}}]},
        {"tasks": [{"match": {"deployed_by": ["create"]}, "behaviour": {"pull_error": "CannotPullContainerError: no route"}}]},
    ],
}
#: Those that need another plan than `rolling`.
PLAN = {"first_deployment_fails": "first"}
#: Those that befall an update of a service of ECS Express Mode as well, which AWS's own alarm brings back.
EXPRESS = ["alarm_rolls_back", "blue_green_fails_in_bake"]
#: The service of each plan.
SERVICE = {"first": "queue", "rolling": "shop", "express": "site"}
#: Those that befall the App Runner services of the plan `apps` as well.
APPS = [
    "crash_loop", "crash_after_start", "unhealthy", "wrong_architecture", "exits_zero", "image_missing", "pull_denied",
    "first_deployment_fails", "create_failed", "operation_rolls_back", "operation_stuck",
]
#: What a person did, whom practice stands in for.
PERSON = {"expired": "Deployed, after somebody signed in again.", "hook_waits": "Asked; deployed, after somebody let it go on."}
#: Plan seconds in a second. Slow enough that a busy machine does not make a deadline out of its own slowness.
SPEED = 120
WAITER_SPEED = 60
#: Where the waiter would meet one thing or another by how busy the machine is: reads lag by so many seconds of the simulator.
SLOWER = {"lagging": 1}

HEAD = """<!-- Written by tests/clients/test_truth.py: UPDATE=1 python -m pytest tests/clients/test_truth.py, with HOLDPOINT_BIN set -->

# What is true of a deployment, and what a waiter says of it

Each of the simulator's [scenarios](simulator.md) befalls the same deployment twice. Once Holdpoint walks it as a step, and once boto3
sends the same calls and then asks AWS's own waiter (`services_stable`, which `aws ecs wait services-stable` is too): 40 looks, one
every 15 seconds of the simulator's clock. The waiter asks whether the service is calm, not whether what was deployed runs: after a
rollback the old revision is calm, and the waiter says so. A test makes this page and compares it. How soon each of the two says it
stands in [how it is tested](how-it-is-tested.md#speed).

## Amazon ECS

"""
EXPRESS_HEAD = """
## ECS Express Mode

The same beside an update of a service of Express Mode, which is a canary deployment with an alarm that AWS makes with the service.

"""
APPS_HEAD = """
## App Runner

AWS's clients have no waiter for App Runner; scripts look at the service's status, so that stands beside it. Two services: the front is
created, then the shop is updated; the row is about the one that failed.

"""
REST_HEAD = """
## Scenarios without a row of Amazon ECS

They stand in the tests alone: `crates/cli/tests/failures.yaml` says how each is walked and what it must be recognised as.

"""


def program():
    found = os.environ.get("HOLDPOINT_BIN")
    if not found:
        pytest.skip("skipped: HOLDPOINT_BIN is not set, and the example `serve` cannot walk a plan")
    return found


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def rest():
    rows = [[f"`{scenario}`", *said] for scenario, said in sorted(ELSEWHERE.items())]
    return REST_HEAD + table(["scenario", "what it befalls", "why no waiter stands beside it"], rows)


def steady(text):
    """Without what is another one in each run."""
    text = re.sub(r"ecs-svc/\d+", "ecs-svc/…", text)
    text = re.sub(r"(AWSReservedSSO_\w+?)_[0-9a-f]{16}", r"\1_…", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", text)
    text = re.sub(r"for \d+ min", "for … min", text)
    return text if len(text) <= 240 else text[:239].rsplit(" ", 1)[0] + " …"


class Walk:
    """A plan walked in practice, in a home of its own."""

    def __init__(self, home, plan, scenario):
        self.home = home
        self.done = PERSON.get(scenario, "Deployed.")
        home.mkdir(parents=True)
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "HOLDPOINT_HOME": str(home / "kept"),
            "AWS_EC2_METADATA_DISABLED": "true", "HOLDPOINT_SECRET_TOKEN": "tk-7f3c9a51d2e84b60",
        }
        self.ran = self.holdpoint(
            "run", str(plan), "--practice", "--scenario", scenario, "--auto-sign", "--trust", "--speed", str(SPEED)
        )
        told = self.holdpoint("report", "last", "--format", "json")
        assert told.returncode == 0, (scenario, self.ran.stdout, self.ran.stderr, told.stderr)
        report = json.loads(told.stdout)
        self.succeeded = report["outcome"]["end"] == "done"
        assert (self.ran.returncode == 0) == self.succeeded, (scenario, self.ran.stdout, self.ran.stderr)
        diagnoses = [one["diagnosis"] for one in report["diagnoses"]]
        self.headline = steady(diagnoses[-1]["headline"]) if diagnoses else ""
        self.known = diagnoses[-1]["known"] if diagnoses else []
        #: The revision that was followed to its end.
        found = (one["value"] for one in report["outputs"] if (one["step"], one["name"]) == ("deploy", "task_definition"))
        self.deployed = next(found, "")

    def holdpoint(self, *words):
        return subprocess.run(
            [program(), *words], env=self.env, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False
        )

    def simulators(self):
        """Addresses of the simulators that still stand, each with its process."""
        for told in self.home.glob("kept/runs/*/sim/sim.json"):
            yield json.loads(told.read_text())

    def end(self):
        for simulator in self.simulators():
            os.kill(simulator["pid"], 15)

    def says(self):
        return self.done if self.succeeded else self.headline

    def knows(self):
        return self.known[0]["title"] if self.known else ""


def waiter(folder, scenario, plan):
    """The same deployment by boto3: what the waiter says, and the revision that serves then."""
    speed = SLOWER.get(scenario, WAITER_SPEED)
    sim = Simulator(folder, scenario=scenario, speed=speed).start()
    try:
        sim.furnish(json.loads((PLANS / f"{plan}.world.json").read_text()))
        ecs = sim.client("ecs", retries=20)
        service = SERVICE[plan]
        try:
            deploy(ecs, plan)
            wait = {"Delay": 15 / speed, "MaxAttempts": 40}
            ecs.get_waiter("services_stable").wait(cluster="main", services=[service], WaiterConfig=wait)
            verdict = "stable"
        except ClientError as refusal:
            verdict = f"is not asked: {refusal.operation_name} ends with {refusal.response['Error']['Code']}"
        except WaiterError as end:
            code = (end.last_response.get("Error") or {}).get("Code")
            verdict = f"ends with {code}" if code else "not stable in 10 minutes"
        # Somebody whose keys are new looks.
        second = sim.client("ecs", person=sim.person(1), retries=20)
        [shown] = second.describe_services(cluster="main", services=[service])["services"]
        if shown["status"] != "ACTIVE":
            return verdict, "nothing"
        serves = [of["taskDefinition"].rsplit("/", 1)[-1] for of in shown["deployments"] if of["rolloutState"] == "COMPLETED"]
        return verdict, ", ".join(serves) or "nothing"
    finally:
        sim.stop()


def by_chance(folder, scenario, plan, verdict):
    """Both of what the waiter may say, from the two cases between which the scenario falls; what it said must be one of them."""
    said = []
    for number, over in enumerate(BY_CHANCE[scenario]):
        file = folder / f"{scenario}-{number}.json"
        file.write_text(json.dumps(over))
        said.append(waiter(folder / f"waiter-{scenario}-{number}", f"{scenario}+{file}", plan)[0])
    up, down = said
    assert up != down and verdict in said, (scenario, verdict, said)
    return f"{up} if it looks while the container is up, else {down}"


def deploy(ecs, plan):
    if plan == "first":
        network = {"subnets": ["subnet-0a1b2c3d4e5f60001"], "securityGroups": ["sg-0a1b2c3d4e5f60002"]}
        ecs.create_service(
            cluster="main", serviceName="queue", taskDefinition="queue:1", desiredCount=1, launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": network},
        )
        return
    if plan == "express":
        roles = {role: f"arn:aws:iam::111122223333:role/site-{name}" for role, name in (
            ("executionRoleArn", "execution"), ("infrastructureRoleArn", "infrastructure"))}
        container = {"image": "registry.example/site:1", "containerPort": 8080}
        site = ecs.create_express_gateway_service(
            serviceName="site", cluster="main", healthCheckPath="/health", primaryContainer=container, **roles
        )["service"]
        listed = lambda: ecs.list_service_deployments(cluster="main", service="site")["serviceDeployments"]
        assert until(lambda: [of["status"] for of in listed()] == ["SUCCESSFUL"], 60), listed()
        ecs.update_express_gateway_service(serviceArn=site["serviceArn"], primaryContainer={"image": "registry.example/site:2"})
        return
    world = json.loads((PLANS / "rolling.world.json").read_text())
    [definition] = [one for one in world["task_definitions"] if one["family"] == "shop"]
    definition["containerDefinitions"][0]["image"] = "registry.example/shop:2"
    registered = ecs.register_task_definition(**definition)["taskDefinition"]
    ecs.update_service(cluster="main", service="shop", taskDefinition=registered["taskDefinitionArn"])


def ecs_row(folder, scenario, plan=None):
    plan = plan or PLAN.get(scenario, "rolling")
    walk = Walk(folder / f"walk-{plan}-{scenario}", PLANS / f"{plan}.plan.md", scenario)
    try:
        verdict, serves = waiter(folder / f"waiter-{plan}-{scenario}", scenario, plan)
        if scenario in BY_CHANCE:
            verdict = by_chance(folder, scenario, plan, verdict)
    finally:
        walk.end()
    return walk, [f"`{scenario}`", walk.says(), walk.knows(), verdict, serves]


def app_row(folder, scenario):
    plan = ROOT / "crates/cli/tests/plans/apps.plan.md"
    walk = Walk(folder / f"apps-{scenario}", plan, scenario)
    try:
        [simulator] = walk.simulators()
        endpoint = f"http://127.0.0.1:{simulator['port']}"
        with urllib.request.urlopen(f"{endpoint}/_holdpoint/people", timeout=10) as answer:
            person = json.load(answer)["people"][0]
        client = boto3.client(
            "apprunner", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id=person["access_key_id"],
            aws_secret_access_key=person["secret_access_key"], aws_session_token=person["session_token"],
        )
        name = "shop" if "shop-front" not in walk.headline else "shop-front"
        [status] = [of["Status"] for of in client.list_services()["ServiceSummaryList"] if of["ServiceName"] == name]
        assert client.waiter_names == []
    finally:
        walk.end()
    return walk, [f"`{scenario}`", walk.says(), walk.knows(), f"{name} is {status}"]


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """Every scenario, some at a time: most of it is waiting."""
    program()
    folder = tmp_path_factory.mktemp("truth")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ecs = pool.map(lambda scenario: ecs_row(folder, scenario), sorted(SCENARIOS - set(ELSEWHERE)))
        express = pool.map(lambda scenario: ecs_row(folder, scenario, "express"), EXPRESS)
        apps = pool.map(lambda scenario: app_row(folder, scenario), APPS)
        return list(ecs), list(express), list(apps)


def test_every_scenario_that_fails_names_a_known_problem(walked):
    nameless = [row[:2] for rows in walked for walk, row in rows if not walk.succeeded and not walk.known]
    assert nameless == []


def test_what_is_said_is_never_better_than_what_is_true(walked):
    """A deployment that is told as done serves the new revision, whatever the waiter says."""
    for walk, row in walked[0]:
        scenario = row[0].strip("`")
        if walk.succeeded and PLAN.get(scenario, "rolling") == "rolling":
            assert walk.deployed.endswith("/shop:2"), (row, walk.deployed)
            # Where reads lag, both the waiter and the look after it see what was before.
            assert scenario in SLOWER or row[4] == "shop:2" or row[3] != "stable", row
        elif not walk.succeeded:
            assert row[4] in ("shop:1", "nothing"), row
    for walk, row in walked[1]:
        # Its revision is named after cluster and service; the second would be the update's.
        assert not walk.succeeded and row[4].endswith(":1"), row


def test_the_page_is_current(walked):
    columns = ["scenario", "Holdpoint says", "known problem", "the waiter says", "what serves then"]
    ecs, express = (table(columns, [row for _, row in rows]) for rows in walked[:2])
    apps = table(["scenario", "Holdpoint says", "known problem", "the service says"], [row for _, row in walked[2]])
    page = f"{HEAD}{ecs}{EXPRESS_HEAD}{express}{APPS_HEAD}{apps}{rest()}"
    if os.environ.get("UPDATE"):
        PAGE.write_text(page)
    assert PAGE.exists() and PAGE.read_text() == page, "docs/truth.md is not current: run this test with UPDATE=1"


def test_those_left_out_exist():
    named = [ELSEWHERE, APPS, EXPRESS, PLAN, BY_CHANCE]
    assert set().union(*named) <= SCENARIOS
