"""The RDS Data API: statements that read, by boto3 and the command line, and every way in which AWS refuses one."""

import json

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:rds:eu-west-1:111122223333:cluster:orders"
TABLES = [
    {"name": "orders", "columns": {"id": "bigint not null", "note": "varchar(80)", "paid": "boolean"},
     "rows": [{"id": 1, "note": "a", "paid": True}, {"id": 2, "paid": False}]},
    {"name": "jobs", "schema": "queue", "columns": {"id": "uuid not null"}},
]
WORLD = {
    "databases": [
        {"id": "orders-1", "engine": "aurora-postgresql", "version": "16.4", "cluster": "orders", "data_api": True, "name": "shop", "tables": TABLES},
        {"id": "quiet-1", "engine": "aurora-postgresql", "version": "16.4", "cluster": "quiet"},
        {"id": "away-1", "engine": "aurora-postgresql", "version": "16.4", "cluster": "away", "data_api": True, "status": "stopped"},
    ],
    "secrets": [{"name": "orders/db", "keys": ["username", "password"]}, {"name": "orders/token", "value": "x"}],
}


@pytest.fixture
def asked(simulator):
    sim = simulator(world=WORLD)
    secret = sim.client("secretsmanager").describe_secret(SecretId="orders/db")["ARN"]
    client = sim.client("rds-data")
    return sim, client, {"resourceArn": ARN, "secretArn": secret}


def test_a_statement_gives_typed_fields(asked):
    _, client, given = asked
    answer = client.execute_statement(**given, database="shop", includeResultMetadata=True, sql="SELECT id, note, paid FROM orders ORDER BY id")
    assert answer["records"] == [
        [{"longValue": 1}, {"stringValue": "a"}, {"booleanValue": True}],
        [{"longValue": 2}, {"isNull": True}, {"booleanValue": False}],
    ]
    assert [c["name"] for c in answer["columnMetadata"]] == ["id", "note", "paid"]
    assert answer["numberOfRecordsUpdated"] == 0
    bare = client.execute_statement(**given, sql="SELECT count(*) FROM orders WHERE note = :note", parameters=[{"name": "note", "value": {"stringValue": "a"}}])
    assert bare["records"] == [[{"longValue": 1}]] and "columnMetadata" not in bare
    formatted = client.execute_statement(**given, sql="SELECT id FROM orders", formatRecordsAs="JSON")
    assert json.loads(formatted["formattedRecords"]) == [{"id": 1}, {"id": 2}] and "records" not in formatted
    elsewhere = client.execute_statement(**given, sql="SELECT table_name FROM information_schema.tables WHERE table_schema = 'queue'")
    assert elsewhere["records"] == [[{"stringValue": "jobs"}]]


def test_a_catalogue_tells_of_columns_as_postgres_does(asked):
    _, client, given = asked
    sql = "SELECT column_name, data_type, udt_name, character_maximum_length, is_nullable FROM information_schema.columns WHERE table_name = 'orders' ORDER BY ordinal_position"
    rows = client.execute_statement(**given, sql=sql)["records"]
    assert [[next(iter(f.values())) for f in row] for row in rows] == [
        ["id", "bigint", "int8", True, "NO"], ["note", "character varying", "varchar", 80, "YES"], ["paid", "boolean", "bool", True, "YES"],
    ]


@pytest.mark.parametrize(
    ("members", "code", "status"),
    [
        ({"sql": "SELECT nope FROM orders"}, "DatabaseErrorException", 400),
        ({"sql": "SELECT id FROM nope"}, "DatabaseErrorException", 400),
        ({"sql": "SELECT id FROM orders", "database": "nope"}, "DatabaseErrorException", 400),
        ({"sql": "SELECT id FROM orders WHERE id = :id"}, "BadRequestException", 400),
        ({"sql": "SELECT 1", "resourceArn": ARN + "s"}, "BadRequestException", 400),
        ({"sql": "SELECT 1", "resourceArn": ARN.replace("orders", "quiet")}, "HttpEndpointNotEnabledException", 400),
        ({"sql": "SELECT 1", "resourceArn": ARN.replace("orders", "away")}, "DatabaseUnavailableException", 504),
        ({"sql": "SELECT 1", "secretArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:none-AbCdEf"}, "SecretsErrorException", 400),
        ({"sql": "SELECT 1", "transactionId": "none"}, "TransactionNotFoundException", 404),
        ({"sql": "DELETE FROM orders"}, "UnknownOperationException", 501),
        ({"sql": "SELECT a.id FROM orders a JOIN jobs b ON a.id = b.id"}, "UnknownOperationException", 501),
    ],
)
def test_what_is_refused_is_refused_by_name(asked, members, code, status):
    _, client, given = asked
    with pytest.raises(ClientError) as refused:
        client.execute_statement(**{**given, **members})
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_a_secret_without_a_user_is_none(asked):
    sim, client, given = asked
    token = sim.client("secretsmanager").describe_secret(SecretId="orders/token")["ARN"]
    with pytest.raises(client.exceptions.InvalidSecretException):
        client.execute_statement(**{**given, "secretArn": token}, sql="SELECT 1")


@pytest.mark.parametrize(
    ("code", "status"),
    [("ForbiddenException", 403), ("StatementTimeoutException", 400), ("DatabaseResumingException", 400), ("ServiceUnavailableError", 503)],
)
def test_other_refusals_come_by_faults(asked, code, status):
    sim, client, given = asked
    sim.admin("POST", "behave", {"faults": [{"match": {"service": "rds-data"}, "effect": {"kind": "error", "code": code, "status": status, "message": "no"}}]})
    with pytest.raises(getattr(client.exceptions, code)):
        client.execute_statement(**given, sql="SELECT 1")


def test_no_other_operation_is_there_and_nobody_unsigned_is_let_in(asked):
    sim, client, given = asked
    for call, more in [
        (client.begin_transaction, {}),
        (client.batch_execute_statement, {"sql": "SELECT 1"}),
        (client.commit_transaction, {"transactionId": "none"}),
    ]:
        with pytest.raises(ClientError) as refused:
            call(**given, **more)
        assert refused.value.response["Error"]["Code"] == "UnknownOperationException"
    sim.admin("POST", "behave", {"faults": [{"match": {"service": "rds-data"}, "effect": {"kind": "denied"}}]})
    with pytest.raises(client.exceptions.AccessDeniedException) as denied:
        client.execute_statement(**given, sql="SELECT 1")
    assert ARN in str(denied.value) and "rds-data:ExecuteStatement" in str(denied.value)
    stranger = {**sim.person(), "access_key_id": "ASIANOBODYNOBODYNOBO"}
    with pytest.raises(ClientError) as unknown:
        sim.client("rds-data", person=stranger).execute_statement(**given, sql="SELECT 1")
    assert unknown.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_the_command_line_asks_too_and_sees_what_changed(asked):
    sim, _, given = asked
    ask = ("rds-data", "execute-statement", "--resource-arn", ARN, "--secret-arn", given["secretArn"], "--sql", "SELECT id FROM orders")
    code, output, error = sim.aws(*ask)
    assert code == 0 and len(output["records"]) == 2, error
    sim.admin("POST", "behave", {"databases": [{"id": "orders-1", "tables": [{"name": "orders", "columns": {"id": "bigint not null"}}]}]})
    code, output, error = sim.aws(*ask)
    assert code == 0 and output["records"] == [], error
