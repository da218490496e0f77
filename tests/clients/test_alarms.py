"""CloudWatch alarms as Terraform and the AWS CLI make them: put, looked at, tagged, deleted, and watched by ECS."""

import pytest
from botocore.exceptions import ClientError
from conftest import until
from worlds import standing, task_definition

CPU = {
    "AlarmName": "api-cpu", "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 10,
    "EvaluationPeriods": 1, "Threshold": 80.0, "ComparisonOperator": "GreaterThanThreshold",
    "Dimensions": [{"Name": "ClusterName", "Value": "main"}, {"Name": "ServiceName", "Value": "api"}],
}
METRIC = {
    "namespace": "AWS/ECS", "metric": "CPUUtilization", "dimensions": {"ClusterName": "main", "ServiceName": "api"},
    "period": 10, "unit": "Percent",
}


def state(watch, name="api-cpu"):
    return next(((a["StateValue"], a["StateReason"]) for a in watch.describe_alarms(AlarmNames=[name])["MetricAlarms"]), None)


def code(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def test_an_alarm_as_terraform_makes_it(simulator):
    """Put, read back, its tags, changed, deleted: the calls of `aws_cloudwatch_metric_alarm`."""
    sim = simulator()
    watch = sim.client("cloudwatch")
    watch.put_metric_alarm(**CPU, TreatMissingData="missing", Tags=[{"Key": "team", "Value": "orders"}])
    [alarm] = watch.describe_alarms(AlarmNames=["api-cpu"])["MetricAlarms"]
    assert {member: alarm[member] for member in CPU} == CPU
    assert (alarm["StateValue"], alarm["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert alarm["ActionsEnabled"] is True and alarm["OKActions"] == []
    arn = alarm["AlarmArn"]
    assert arn == "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:api-cpu"
    watch.tag_resource(ResourceARN=arn, Tags=[{"Key": "tier", "Value": "1"}])
    watch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert watch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "tier", "Value": "1"}]

    watch.set_alarm_state(AlarmName="api-cpu", StateValue="OK", StateReason="by hand")
    watch.put_metric_alarm(**{**CPU, "Threshold": 90.0, "DatapointsToAlarm": 1})
    [alarm] = watch.describe_alarms(AlarmNames=["api-cpu"])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["StateValue"], alarm["DatapointsToAlarm"]) == (90.0, "OK", 1)
    assert watch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "tier", "Value": "1"}]

    watch.delete_alarms(AlarmNames=["api-cpu", "never-was"])
    assert watch.describe_alarms()["MetricAlarms"] == []
    assert code(watch.delete_alarms, AlarmNames=["api-cpu"]) in ("ResourceNotFound", "ResourceNotFoundException")
    assert code(watch.list_tags_for_resource, ResourceARN=arn) == "ResourceNotFoundException"
    outcomes = [(c["operation"], c["outcome"]) for c in sim.admin("GET", "record")["calls"]]
    assert outcomes[0] == ("PutMetricAlarm", "took_effect") and outcomes[-1] == ("DeleteAlarms", "refused")


def test_by_the_command_line_and_after_a_restart(simulator):
    sim = simulator()
    put = [
        "cloudwatch", "put-metric-alarm", "--alarm-name", "slow", "--namespace", "Orders", "--metric-name", "Latency",
        "--extended-statistic", "p99", "--period", "60", "--evaluation-periods", "3", "--datapoints-to-alarm", "2",
        "--threshold", "1.5", "--comparison-operator", "GreaterThanOrEqualToThreshold", "--unit", "Seconds",
        "--alarm-actions", "arn:aws:sns:eu-west-1:111122223333:pager",
    ]
    ended, _, said = sim.aws(*put)
    assert ended == 0, said
    sim.kill()
    sim.start()
    _, answer, _ = sim.aws("cloudwatch", "describe-alarms", "--action-prefix", "arn:aws:sns")
    [alarm] = answer["MetricAlarms"]
    assert (alarm["ExtendedStatistic"], alarm["Threshold"], alarm["Unit"]) == ("p99", 1.5, "Seconds")
    assert sim.aws("cloudwatch", "delete-alarms", "--alarm-names", "slow")[0] == 0
    assert sim.aws("cloudwatch", "describe-alarms")[1]["MetricAlarms"] == []


def test_an_alarm_follows_its_metric(simulator):
    sim = simulator(world={"metrics": [{**METRIC, "values": [95.0] * 6}]})
    watch = sim.client("cloudwatch")
    watch.put_metric_alarm(**CPU)
    assert until(lambda: state(watch)[0] == "ALARM", 20)
    reason = state(watch)[1]
    assert reason.startswith("Threshold Crossed: 1 out of the last 1 datapoints [95.0 (") and "greater than the threshold (80.0)" in reason
    # Nothing is measured of this one: it does not know, or what it is told to think of that.
    watch.put_metric_alarm(**{**CPU, "AlarmName": "none", "MetricName": "None"})
    watch.put_metric_alarm(**{**CPU, "AlarmName": "fine", "MetricName": "None", "TreatMissingData": "notBreaching"})
    assert until(lambda: state(watch, "fine")[0] == "OK", 20)
    assert "treated as [NonBreaching]" in state(watch, "fine")[1]
    assert state(watch, "none")[0] == "INSUFFICIENT_DATA"


def test_what_an_alarm_may_not_be(simulator):
    watch = simulator().client("cloudwatch")
    for change, refused in [
        ({"Period": 45}, "ValidationError"),
        ({"DatapointsToAlarm": 2}, "ValidationError"),
        ({"Threshold": None}, "ValidationError"),
        ({"ExtendedStatistic": "p99"}, "ValidationError"),
        ({"EvaluationPeriods": 8641}, "ValidationError"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "UnknownOperationException"),
    ]:
        given = {member: value for member, value in {**CPU, **change}.items() if value is not None}
        assert code(watch.put_metric_alarm, **given) == refused, change
    assert watch.describe_alarms()["MetricAlarms"] == []


def test_a_deployment_gives_way_to_an_alarm_that_a_call_made(simulator):
    watched = {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "alarms": {"alarmNames": ["api-cpu"], "enable": True, "rollback": True},
    }
    sim = simulator(world=standing(configuration=watched), speed=60)
    watch, ecs = sim.client("cloudwatch"), sim.client("ecs")
    watch.put_metric_alarm(**CPU)
    arn = ecs.register_task_definition(**task_definition(tag="2.0"))["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster="main", service="api", taskDefinition=arn)

    def stands(status):
        [newest, *_] = ecs.list_service_deployments(cluster="main", service="api")["serviceDeployments"]
        return newest["status"] == status

    # An alarm that goes off before the deployment has begun is none of it.
    assert until(lambda: stands("IN_PROGRESS"), 30)
    watch.set_alarm_state(AlarmName="api-cpu", StateValue="ALARM", StateReason="by hand")
    assert until(lambda: stands("ROLLBACK_SUCCESSFUL"), 30)
