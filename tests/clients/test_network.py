"""EC2, RDS, Elastic Load Balancing and CloudWatch: what a deployment looks at."""

import json
import urllib.request
from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from conftest import until
from worlds import standing

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/orders/0123456789abcdef"
NETWORK = {
    "vpcs": [{"id": "vpc-0a", "cidr": "10.1.0.0/16", "name": "orders"}],
    "subnets": [
        {"id": "subnet-0pub", "vpc": "vpc-0a", "zone": "eu-west-1a", "cidr": "10.1.0.0/20", "name": "public-a", "map_public_ip": True},
        {"id": "subnet-0aa0", "vpc": "vpc-0a", "zone": "eu-west-1b", "cidr": "10.1.16.0/20", "name": "private-b"},
        *({"id": f"subnet-{n}", "vpc": "vpc-0a"} for n in range(6)),
    ],
    "security_groups": [
        {"id": "sg-0bb0", "vpc": "vpc-0a", "name": "orders", "ingress": [{"from": 8080, "to": 8080, "cidrs": ["10.1.0.0/16"]}]},
        {"id": "sg-0db", "vpc": "vpc-0a", "name": "db", "ingress": [{"from": 5432, "to": 5432, "groups": ["sg-0bb0"]}]},
    ],
    "endpoints": [{"vpc": "vpc-0a", "service": "ecr.api", "subnets": ["subnet-0aa0"]}, {"vpc": "vpc-0a", "service": "s3"}],
    "route_tables": [{"id": "rtb-0pub", "vpc": "vpc-0a", "subnets": ["subnet-0pub"], "routes": {"0.0.0.0/0": "igw-0a"}}],
}


def watched(sim, service, found):
    """A client whose answers are compared with its model."""
    client = sim.client(service)

    def check(http_response, parsed, model, **_):
        if http_response.status_code != 200 or not model.output_shape or "xml" not in http_response.headers["content-type"]:
            return
        root = ElementTree.fromstring(http_response.content)
        ec2 = model.service_model.metadata["protocol"] == "ec2"
        found.extend(strangers(model.output_shape, root if ec2 else root[0], model.name, ec2))

    client.meta.events.register("after-call.*", check)
    return client


def strangers(shape, element, path, ec2):
    """Elements that the model does not know, or lists of other items than it names."""
    known = {m.serialization.get("name", n): m for n, m in getattr(shape, "members", {}).items()}
    for child in element:
        name = child.tag.split("}")[1]
        if ec2 and "." not in path and name == "requestId":
            continue
        if shape.type_name == "list":
            wanted = shape.member.serialization.get("name", "member")
            if name != wanted:
                yield f"{path}: {name} is not {wanted}"
            else:
                yield from strangers(shape.member, child, f"{path}[]", ec2)
        elif name in known:
            yield from strangers(known[name], child, f"{path}.{name}", ec2)
        else:
            yield f"{path}.{name} is unknown"


def test_the_network_is_what_the_world_says(simulator):
    sim = simulator(world=standing(network=NETWORK))
    found = []
    ec2 = watched(sim, "ec2", found)
    assert [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"]] == ["vpc-0a"]
    by_id = ec2.describe_subnets(SubnetIds=["subnet-0aa0"])["Subnets"][0]
    assert (by_id["AvailabilityZone"], by_id["AvailabilityZoneId"], by_id["CidrBlock"]) == ("eu-west-1b", "euw1-az2", "10.1.16.0/20")
    assert by_id["Tags"] == [{"Key": "Name", "Value": "private-b"}]
    for filters, ids in [
        ([{"Name": "tag:Name", "Values": ["public-*", "none"]}], ["subnet-0pub"]),
        ([{"Name": "vpc-id", "Values": ["vpc-0a"]}, {"Name": "map-public-ip-on-launch", "Values": ["true"]}], ["subnet-0pub"]),
        ([{"Name": "vpc-id", "Values": ["vpc-none"]}], []),
    ]:
        assert [s["SubnetId"] for s in ec2.describe_subnets(Filters=filters)["Subnets"]] == ids
    pages = ec2.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5})
    assert [len(p["Subnets"]) for p in pages] == [5, 3]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": ["vpc-0a"]}])["RouteTables"]
    routes = {t["RouteTableId"]: [r.get("GatewayId") for r in t["Routes"]] for t in tables}
    assert routes["rtb-0pub"] == ["local", "igw-0a"]
    assert sorted(a["Main"] for t in tables for a in t["Associations"]) == [False, True]
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert [(e["ServiceName"], e["VpcEndpointType"]) for e in endpoints] == [
        ("com.amazonaws.eu-west-1.ecr.api", "Interface"), ("com.amazonaws.eu-west-1.s3", "Gateway")]
    groups = {g["GroupName"]: g for g in ec2.describe_security_groups()["SecurityGroups"]}
    assert set(groups) == {"orders", "db", "default"}
    assert groups["db"]["IpPermissions"][0]["UserIdGroupPairs"] == [{"GroupId": "sg-0bb0", "UserId": "111122223333"}]
    assert groups["orders"]["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": ["sg-0db"]}])["SecurityGroupRules"]
    assert sorted(r["IsEgress"] for r in rules) == [False, True]
    assert found == []


@pytest.mark.parametrize(
    ("call", "given", "code"),
    [
        ("describe_subnets", {"SubnetIds": ["subnet-none"]}, "InvalidSubnetID.NotFound"),
        ("describe_vpcs", {"VpcIds": ["vpc-none"]}, "InvalidVpcID.NotFound"),
        ("describe_security_groups", {"GroupIds": ["sg-none"]}, "InvalidGroup.NotFound"),
        ("describe_network_interfaces", {"NetworkInterfaceIds": ["eni-none"]}, "InvalidNetworkInterfaceID.NotFound"),
        ("describe_subnets", {"Filters": [{"Name": "colour", "Values": ["red"]}]}, "InvalidParameterValue"),
        ("describe_subnets", {"MaxResults": 2}, "InvalidParameterValue"),
        ("describe_subnets", {"DryRun": True}, "DryRunOperation"),
        ("describe_instances", {}, "UnknownOperationException"),
    ],
)
def test_ec2_refuses_in_its_own_form(simulator, call, given, code):
    sim = simulator(world={"network": NETWORK})
    with pytest.raises(ClientError) as refused:
        getattr(sim.client("ec2", parameter_validation=False), call)(**given)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["RequestId"]


def test_rules_are_added_once_taken_away_and_recorded(simulator):
    sim = simulator(world={"network": NETWORK})
    ec2 = sim.client("ec2")
    opening = [{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}]
    made = ec2.authorize_security_group_ingress(GroupId="sg-0db", IpPermissions=opening)["SecurityGroupRules"][0]
    assert (made["CidrIpv4"], made["FromPort"], made["IsEgress"]) == ("0.0.0.0/0", 5432, False)
    with pytest.raises(ClientError, match="InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId="sg-0db", IpPermissions=opening)
    for wrong, code in [
        ([{**opening[0], "IpRanges": [{"CidrIp": "everybody"}]}], "InvalidParameterValue"),
        ([{**opening[0], "IpRanges": [], "UserIdGroupPairs": [{"GroupId": "sg-none"}]}], "InvalidGroup.NotFound"),
    ]:
        with pytest.raises(ClientError, match=code):
            ec2.authorize_security_group_ingress(GroupId="sg-0db", IpPermissions=wrong)
    sim.kill()
    sim.start()
    ec2 = sim.client("ec2")
    ec2.revoke_security_group_ingress(GroupId="sg-0db", SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])
    with pytest.raises(ClientError, match="InvalidPermission.NotFound"):
        ec2.revoke_security_group_ingress(GroupId="sg-0db", IpPermissions=opening)
    assert len(ec2.describe_security_groups(GroupIds=["sg-0db"])["SecurityGroups"][0]["IpPermissions"]) == 1
    outcomes = [(c["operation"], c["outcome"]) for c in sim.admin("GET", "record")["calls"]]
    assert outcomes.count(("AuthorizeSecurityGroupIngress", "took_effect")) == 1
    assert outcomes.count(("AuthorizeSecurityGroupIngress", "refused")) == 3
    assert outcomes.count(("RevokeSecurityGroupIngress", "took_effect")) == 1


def test_a_task_has_an_interface(simulator):
    sim = simulator(world=standing(network=NETWORK))
    found = []
    ecs, ec2 = sim.client("ecs"), watched(sim, "ec2", found)
    task = ecs.describe_tasks(cluster="main", tasks=ecs.list_tasks(cluster="main")["taskArns"])["tasks"][0]
    details = {d["name"]: d["value"] for d in task["attachments"][0]["details"]}
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])["NetworkInterfaces"][0]
    assert interface["PrivateIpAddress"] == details["privateIPv4Address"]
    assert (interface["SubnetId"], interface["VpcId"]) == ("subnet-0aa0", "vpc-0a")
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 2
    ecs.update_service(cluster="main", service="api", desiredCount=0)
    assert until(lambda: ec2.describe_network_interfaces()["NetworkInterfaces"] == [])
    assert found == []


def test_databases_are_instances_and_clusters(simulator):
    sim = simulator(world={"databases": [
        {"id": "orders", "version": "15.12", "public": False, "subnets": ["subnet-1"], "security_groups": ["sg-1"]},
        {"id": "billing-1", "engine": "aurora-postgresql", "version": "16.4", "cluster": "billing", "data_api": True},
        {"id": "billing-2", "engine": "aurora-postgresql", "version": "16.4", "cluster": "billing"},
    ]})
    found = []
    rds = watched(sim, "rds", found)
    one = rds.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"][0]
    assert (one["Engine"], one["EngineVersion"], one["PubliclyAccessible"], one["Endpoint"]["Port"]) == ("postgres", "15.12", False, 5432)
    assert one["Endpoint"]["Address"].startswith("orders.") and one["Endpoint"]["Address"].endswith(".eu-west-1.rds.amazonaws.com")
    assert len(rds.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": ["billing"]}])["DBInstances"]) == 2
    [cluster] = rds.describe_db_clusters()["DBClusters"]
    assert cluster["HttpEndpointEnabled"] is True
    assert [m["IsClusterWriter"] for m in cluster["DBClusterMembers"]] == [True, False]
    assert [v["EngineVersion"] for v in rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"]] == ["15.12"]
    for call, given, code in [
        (rds.describe_db_instances, {"DBInstanceIdentifier": "none"}, "DBInstanceNotFound"),
        (rds.describe_db_clusters, {"DBClusterIdentifier": "none"}, "DBClusterNotFoundFault"),
        (rds.delete_db_instance, {"DBInstanceIdentifier": "orders"}, "UnknownOperationException"),
    ]:
        with pytest.raises(ClientError) as refused:
            call(**given)
        assert refused.value.response["Error"]["Code"] == code
    assert rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="orders") is None
    assert found == []


def test_targets_are_the_tasks_of_a_service(simulator):
    world = standing(
        target_groups=[{"name": "orders", "arn": GROUP, "health_path": "/health"}, {"name": "other"}],
        load_balancers=[{"name": "front", "listeners": [{"target_group": "orders", "rules": [
            {"priority": 1, "path": "/old/*", "target_group": "orders"}]}]}],
    )
    world["services"][0]["create"]["loadBalancers"] = [{"targetGroupArn": GROUP, "containerName": "api", "containerPort": 8080}]
    sim = simulator(world=world)
    found = []
    elb, ecs = watched(sim, "elbv2", found), sim.client("ecs")
    health = lambda: elb.describe_target_health(TargetGroupArn=GROUP)["TargetHealthDescriptions"]
    assert [(t["Target"]["Port"], t["TargetHealth"]["State"]) for t in health()] == [(8080, "healthy")] * 2
    ecs.update_service(cluster="main", service="api", desiredCount=1)
    assert until(lambda: "draining" in [t["TargetHealth"]["State"] for t in health()])
    assert until(lambda: len(health()) == 1)
    asked = elb.describe_target_health(TargetGroupArn=GROUP, Targets=[{"Id": "10.9.9.9", "Port": 8080}])
    assert asked["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotRegistered"
    [balancer] = elb.describe_load_balancers(Names=["front"])["LoadBalancers"]
    [group] = elb.describe_target_groups(LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"]
    assert (group["TargetGroupArn"], group["HealthCheckPath"]) == (GROUP, "/health")
    [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    assert [r["Priority"] for r in rules] == ["1", "default"]
    for call, given, code in [
        (elb.describe_target_health, {"TargetGroupArn": GROUP[:-1] + "0"}, "TargetGroupNotFound"),
        (elb.describe_load_balancers, {"Names": ["none"]}, "LoadBalancerNotFound"),
    ]:
        with pytest.raises(ClientError) as refused:
            call(**given)
        assert refused.value.response["Error"]["Code"] == code
    assert found == []


METRIC = {"namespace": "AWS/ApplicationELB", "metric": "HTTPCode_Target_5XX_Count", "dimensions": {"LoadBalancer": "app/front/1"}}
DIMENSIONS = [{"Name": "LoadBalancer", "Value": "app/front/1"}]


def test_metrics_have_the_values_of_the_world_until_others_come(simulator):
    sim = simulator(world={"metrics": [{**METRIC, "values": [1, 2, 3]}]})
    watch = sim.client("cloudwatch")
    now = datetime.now(timezone.utc)
    asked = {"Namespace": METRIC["namespace"], "MetricName": METRIC["metric"], "Dimensions": DIMENSIONS,
             "StartTime": now - timedelta(minutes=10), "EndTime": now + timedelta(minutes=1), "Period": 60}
    points = watch.get_metric_statistics(**asked, Statistics=["Sum", "Maximum"])["Datapoints"]
    assert sorted(p["Sum"] for p in points) == [1.0, 2.0, 3.0]
    assert all(isinstance(p["Timestamp"], datetime) for p in points)
    query = {"Id": "errors", "MetricStat": {"Metric": {k: asked[k] for k in ("Namespace", "MetricName", "Dimensions")}, "Period": 60, "Stat": "Sum"}}
    span = {"StartTime": asked["StartTime"], "EndTime": asked["EndTime"]}
    data = watch.get_metric_data(MetricDataQueries=[query], **span, ScanBy="TimestampAscending")["MetricDataResults"][0]
    assert (data["Values"], data["StatusCode"]) == ([1.0, 2.0, 3.0], "Complete")
    assert data["Timestamps"] == sorted(data["Timestamps"])
    assert [m["MetricName"] for m in watch.list_metrics(Namespace=METRIC["namespace"])["Metrics"]] == [METRIC["metric"]]
    assert watch.list_metrics(Namespace="None")["Metrics"] == []
    sim.admin("POST", "behave", {"metrics": [{**METRIC, "values": [50]}]})
    values = lambda: watch.get_metric_data(MetricDataQueries=[query], **span)["MetricDataResults"][0]["Values"]
    assert max(values()) >= 50
    with pytest.raises(ClientError, match="StartTime must be less than"):
        watch.get_metric_statistics(**{**asked, "StartTime": asked["EndTime"]}, Statistics=["Sum"])
    with pytest.raises(ClientError) as refused:
        watch.get_metric_data(MetricDataQueries=[{"Id": "e", "Expression": "SUM(METRICS())"}], **span)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_the_command_line_asks_them_too(simulator):
    sim = simulator(world=standing(network=NETWORK, metrics=[{**METRIC, "values": [4]}], databases=[{"id": "orders", "version": "15.12"}]))
    for arguments, read in [
        (("ec2", "describe-subnets", "--subnet-ids", "subnet-0aa0"), lambda o: o["Subnets"][0]["VpcId"] == "vpc-0a"),
        (("rds", "describe-db-instances"), lambda o: o["DBInstances"][0]["DBInstanceIdentifier"] == "orders"),
        (("elbv2", "describe-target-groups"), lambda o: o["TargetGroups"] == []),
        (("cloudwatch", "list-metrics"), lambda o: o["Metrics"][0]["MetricName"] == METRIC["metric"]),
        (("secretsmanager", "create-secret", "--name", "orders/db", "--secret-string", "x"), lambda o: o["Name"] == "orders/db"),
    ]:
        code, output, error = sim.aws(*arguments)
        assert code == 0 and read(output), (arguments, error)


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_subnets", "UnauthorizedOperation"),
        ("rds", "describe_db_instances", "AccessDenied"),
        ("cloudwatch", "list_metrics", "AccessDenied"),
        ("secretsmanager", "list_secrets", "AccessDeniedException"),
        ("apprunner", "list_services", "AccessDeniedException"),
    ],
)
def test_each_service_says_in_its_own_words_that_it_does_not_let_in(simulator, service, call, code):
    sim = simulator()
    sim.admin("POST", "behave", {"faults": [{"match": {"service": service}, "effect": {"kind": "denied"}}]})
    with pytest.raises(ClientError) as refused:
        getattr(sim.client(service), call)()
    assert refused.value.response["Error"]["Code"] == code
    stranger = {**sim.person(), "access_key_id": "ASIANOBODYNOBODYNOBO"}
    with pytest.raises(ClientError) as unknown_key:
        getattr(sim.client(service, person=stranger), call)()
    assert unknown_key.value.response["Error"]["Code"] in ("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException")


def test_alarms_are_those_that_were_named_and_change_by_a_call(simulator):
    sim = simulator(world={"alarms": {"orders-5xx": "OK", "orders-slow": "ALARM", "billing": "INSUFFICIENT_DATA"}})
    watch = sim.client("cloudwatch")
    states = lambda **more: {a["AlarmName"]: a["StateValue"] for a in watch.describe_alarms(**more)["MetricAlarms"]}
    assert states(AlarmNamePrefix="orders") == {"orders-5xx": "OK", "orders-slow": "ALARM"}
    assert states(StateValue="ALARM") == {"orders-slow": "ALARM"}
    watch.set_alarm_state(AlarmName="orders-5xx", StateValue="ALARM", StateReason="by hand")
    [alarm] = watch.describe_alarms(AlarmNames=["orders-5xx"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "by hand")
    assert isinstance(alarm["StateUpdatedTimestamp"], datetime)
    with pytest.raises(ClientError) as refused:
        watch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x")
    assert refused.value.response["Error"]["Code"] in ("ResourceNotFound", "ResourceNotFoundException")
    outcomes = [(c["service"], c["operation"], c["outcome"]) for c in sim.admin("GET", "record")["calls"]]
    assert outcomes == [("cloudwatch", "SetAlarmState", "took_effect"), ("cloudwatch", "SetAlarmState", "refused")]
    assert watch.get_waiter("alarm_exists").wait(AlarmNames=["billing"]) is None


def test_cloudwatch_answers_in_every_protocol(simulator):
    """The newest clients speak CBOR; older ones JSON and Query, signed here by botocore."""
    sim = simulator(world={"metrics": [{**METRIC, "values": [7]}]})
    person = sim.person()
    keys = Credentials(person["access_key_id"], person["secret_access_key"], person["session_token"])

    def ask(headers, body):
        request = AWSRequest("POST", f"{sim.endpoint}/", headers=headers, data=body)
        SigV4Auth(keys, "monitoring", "eu-west-1").add_auth(request)
        sent = urllib.request.Request(request.url, data=body.encode(), headers=dict(request.headers))
        with urllib.request.urlopen(sent, timeout=10) as answer:
            return answer.headers["content-type"], answer.read().decode()

    now = datetime.now(timezone.utc)
    start, end = ((now + timedelta(minutes=m)).strftime("%Y-%m-%dT%H:%M:%SZ") for m in (-5, 1))
    kind, text = ask(
        {"content-type": "application/x-www-form-urlencoded"},
        f"Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FApplicationELB&MetricName={METRIC['metric']}"
        "&Dimensions.member.1.Name=LoadBalancer&Dimensions.member.1.Value=app%2Ffront%2F1"
        f"&StartTime={start}&EndTime={end}&Period=60&Statistics.member.1=Sum",
    )
    root = ElementTree.fromstring(text)
    space = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
    assert kind == "text/xml" and [float(e.text) for e in root.iter(f"{space}Sum")] == [7.0]
    kind, text = ask(
        {"content-type": "application/x-amz-json-1.0", "x-amz-target": "GraniteServiceVersion20100801.ListMetrics"},
        json.dumps({"Namespace": METRIC["namespace"]}),
    )
    assert kind == "application/x-amz-json-1.0" and json.loads(text)["Metrics"][0]["MetricName"] == METRIC["metric"]
