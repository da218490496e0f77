"""CloudWatch Logs: what is put can be got and filtered, in pages."""

import time

from worlds import GROUP, standing


def test_put_get_and_filter(simulator):
    logs = simulator().client("logs")
    logs.create_log_group(logGroupName="/app", tags={"team": "orders"})
    logs.put_retention_policy(logGroupName="/app", retentionInDays=14)
    [group] = logs.describe_log_groups(logGroupNamePrefix="/a")["logGroups"]
    assert group["retentionInDays"] == 14
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"team": "orders"}
    now = int(time.time() * 1000)
    for stream, offset in [("a/1", 0), ("b/1", 1)]:
        logs.create_log_stream(logGroupName="/app", logStreamName=stream)
        logs.put_log_events(
            logGroupName="/app", logStreamName=stream,
            logEvents=[{"timestamp": now + 2 * n + offset, "message": f"{stream} line {n} {'ERROR' if n % 3 == 0 else 'fine'}"} for n in range(10)],
        )
    every = logs.filter_log_events(logGroupName="/app")["events"]
    assert [e["timestamp"] for e in every] == [now + n for n in range(20)]
    assert len({e["eventId"] for e in every}) == 20
    errors = logs.filter_log_events(logGroupName="/app", logStreamNamePrefix="a/", filterPattern='ERROR -"line 9"')["events"]
    assert [e["message"] for e in errors] == [f"a/1 line {n} ERROR" for n in (0, 3, 6)]
    window = logs.filter_log_events(logGroupName="/app", startTime=now + 5, endTime=now + 8)["events"]
    assert [e["timestamp"] - now for e in window] == [5, 6, 7, 8]
    pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName="/app", PaginationConfig={"PageSize": 7}))
    assert [len(page["events"]) for page in pages] == [7, 7, 6]
    streams = logs.describe_log_streams(logGroupName="/app", orderBy="LastEventTime", descending=True)["logStreams"]
    assert [s["logStreamName"] for s in streams] == ["b/1", "a/1"]


def test_the_forward_token_stays_at_the_end(simulator):
    logs = simulator().client("logs")
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="s")
    now = int(time.time() * 1000)
    put = {"logGroupName": "/app", "logStreamName": "s"}
    logs.put_log_events(**put, logEvents=[{"timestamp": now + n, "message": str(n)} for n in range(5)])
    page = logs.get_log_events(**put, startFromHead=True, limit=3)
    assert [e["message"] for e in page["events"]] == ["0", "1", "2"]
    page = logs.get_log_events(**put, startFromHead=True, nextToken=page["nextForwardToken"])
    assert [e["message"] for e in page["events"]] == ["3", "4"]
    at_end = logs.get_log_events(**put, startFromHead=True, nextToken=page["nextForwardToken"])
    assert at_end["events"] == [] and at_end["nextForwardToken"] == page["nextForwardToken"]
    logs.put_log_events(**put, logEvents=[{"timestamp": now + 9, "message": "9"}])
    more = logs.get_log_events(**put, startFromHead=True, nextToken=at_end["nextForwardToken"])
    assert [e["message"] for e in more["events"]] == ["9"]
    tail = logs.get_log_events(**put, limit=2)
    assert [e["message"] for e in tail["events"]] == ["4", "9"]
    before = logs.get_log_events(**put, limit=2, nextToken=tail["nextBackwardToken"])
    assert [e["message"] for e in before["events"]] == ["2", "3"]


def test_too_old_and_too_new_are_said(simulator):
    logs = simulator().client("logs")
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="s")
    now = int(time.time() * 1000)
    day = 86_400_000
    times = [now - 20 * day, now - 15 * day, now, now + day]
    answer = logs.put_log_events(
        logGroupName="/app", logStreamName="s", logEvents=[{"timestamp": at, "message": "m"} for at in times]
    )
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 3}
    assert len(logs.filter_log_events(logGroupName="/app")["events"]) == 1


def test_containers_write_to_their_streams(simulator):
    behaviour = {"logs": [{"after": 0, "line": "orders ${digest}"}, {"after": 1, "line": "listening on 0.0.0.0:8080"}]}
    sim = simulator(world=standing(behaviours=[{"match": {"service": "api"}, "behaviour": behaviour}]))
    ecs, logs = sim.client("ecs"), sim.client("logs")
    for arn in ecs.list_tasks(cluster="main", serviceName="api")["taskArns"]:
        stream = f"ecs/api/{arn.rsplit('/')[-1]}"
        lines = [e["message"] for e in logs.get_log_events(logGroupName=GROUP, logStreamName=stream)["events"]]
        assert lines[0].startswith("orders sha256:") and lines[1] == "listening on 0.0.0.0:8080"
