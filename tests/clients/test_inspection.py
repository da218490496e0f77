"""The inspection page, and the facts beside it."""

import urllib.request
from html.parser import HTMLParser

from test_apprunner import IMAGE, arn, source
from test_apprunner import standing as app_runner
from test_network import NETWORK
from worlds import standing

VOID = {"meta"}


class Page(HTMLParser):
    """Cells, and whatever was opened and not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.loads = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.loads += [value for name, value in attributes if name in ("src", "href") and not value.startswith("/_holdpoint/")]
        if tag not in VOID and tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_shows_what_exists_and_what_was_called(simulator):
    world = {**standing(network=NETWORK, secrets=[{"name": "orders/db", "value": "swordfish"}],
                        databases=[{"id": "orders", "version": "15.12"}]), **app_runner()}
    sim = simulator("crash_loop", world=world)
    runner = sim.client("apprunner")
    runner.update_service(ServiceArn=arn(runner), SourceConfiguration=source(IMAGE.replace("1.0", "1.1")))
    with urllib.request.urlopen(f"{sim.endpoint}/_holdpoint/", timeout=10) as answer:
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        html = answer.read().decode()
    page = Page(html)
    assert page.open == [] and page.loads == []
    for shown in ("crash_loop", "orders", "OPERATION_IN_PROGRESS", "orders/db", "subnet-0aa0", "15.12", "UpdateService",
                  "took_effect", "apprunner:ListServices", "api.orders.example", "/ecs/orders"):
        assert shown in page.text, shown
    assert "swordfish" not in html and "<script" not in html


def test_facts_tell_of_operations(simulator):
    sim = simulator(world=app_runner())
    runner = sim.client("apprunner")
    started = runner.start_deployment(ServiceArn=arn(runner))["OperationId"]
    fact = sim.admin("GET", "facts")["operations"][-1]
    assert (fact["id"], fact["type"], fact["terminal_at"], fact["service"]) == (started, "START_DEPLOYMENT", None, "orders")
