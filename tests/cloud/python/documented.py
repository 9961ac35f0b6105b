"""The pipeline under the policies that AWS's own pages give as examples, each statement by itself
needed: `documented.json` (seed.py) holds them with their pages."""

import io
import json
import urllib.request

import pyarrow.parquet as parquet
from common import ACCOUNT, ADMIN, CLOUD, KEY, REGION, client, fails

ANALYST = ("AKIAANALYSTANALYST01", "analyst-secret", None)
STARTER = ("AKIASTARTERSTARTER01", "starter-secret", None)
rds, s3, glue = client("rds", STARTER), client("s3"), client("glue")

rds.start_export_task(
    ExportTaskIdentifier="documented", SourceArn=f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:before-launch", S3BucketName="lake-bucket",
    S3Prefix="exports", IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline/export", KmsKeyId=KEY)
while (task := rds.describe_export_tasks(ExportTaskIdentifier="documented")["ExportTasks"][0])["Status"] not in ("COMPLETE", "FAILED"):
    pass
assert task["Status"] == "COMPLETE", task

glue.update_crawler(Name="lake-crawler", Targets={"S3Targets": [{"Path": "s3://lake-bucket/exports/documented/shop/"}]},
                    Configuration=json.dumps({"Version": 1.0, "Grouping": {"TableLevelConfiguration": 5}}))
glue.start_crawler(Name="lake-crawler")
while (shown := glue.get_crawler(Name="lake-crawler")["Crawler"])["State"] != "READY":
    pass
assert shown["LastCrawl"]["Status"] == "SUCCEEDED", shown["LastCrawl"]

athena = client("athena", ANALYST)


def run(sql, **more):
    id = athena.start_query_execution(QueryString=sql, WorkGroup="primary", QueryExecutionContext={"Database": "lake"}, **more)["QueryExecutionId"]
    while (status := athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"])["State"] in ("QUEUED", "RUNNING"):
        pass
    return id, status


def rows(sql, **more):
    id, status = run(sql, **more)
    assert status["State"] == "SUCCEEDED", status
    return [[cell.get("VarCharValue") for cell in row["Data"]] for row in athena.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"]]


tables = {table["Name"] for table in glue.get_tables(DatabaseName="lake")["TableList"]}
assert {"shop_customers", "shop_orders"} <= tables, tables
assert rows("SELECT count(*) AS n FROM shop_customers") == [["n"], ["100"]]
assert rows("SELECT count(*) AS n FROM shop_orders WHERE id > ?", ExecutionParameters=["2400"]) == [["n"], ["100"]]

# Prepared statements, by the page's example for them.
athena.create_prepared_statement(StatementName="by_id", WorkGroup="primary", QueryStatement="SELECT name FROM shop_customers WHERE id = ?")
assert rows("EXECUTE by_id USING 7") == [["name"], ["客 7"]]
assert rows("EXECUTE by_id", ExecutionParameters=["8"])[1] == ["客 8"]
assert run("PREPARE other FROM SELECT ? AS x")[1]["State"] == "SUCCEEDED"
assert [one["StatementName"] for one in athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]] == ["by_id", "other"]
assert run("DEALLOCATE PREPARE other")[1]["State"] == "SUCCEEDED"
with fails("InvalidRequestException", 400, "was not found"):
    run("EXECUTE other USING 1")

# What writes: a table of a query, more rows, and files for others.
id, status = run("CREATE TABLE few WITH (external_location = 's3://lake-bucket/made/few/', partitioned_by = ARRAY['kind']) AS SELECT id, name, CASE WHEN id < 5 THEN 'low' ELSE 'high' END AS kind FROM shop_customers WHERE id < 10")
assert status["State"] == "SUCCEEDED", status
assert athena.get_query_results(QueryExecutionId=id)["UpdateCount"] == 9
shown = athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]
assert shown["SubstatementType"] == "CREATE_TABLE_AS_SELECT" and shown["StatementType"] == "DDL", shown
manifest = shown["Statistics"]["DataManifestLocation"].split("/", 3)[3]
files = s3.get_object(Bucket="lake-bucket", Key=manifest)["Body"].read().decode().split()
assert len(files) == 2 and all(file.startswith("s3://lake-bucket/made/few/kind=") for file in files), files
id, status = run("INSERT INTO few VALUES (100, 'more', 'new')")
assert status["State"] == "SUCCEEDED", status
assert athena.get_query_results(QueryExecutionId=id)["UpdateCount"] == 1
assert rows("SELECT kind, count(*) AS n FROM few GROUP BY kind ORDER BY kind")[1:] == [["high", "5"], ["low", "4"], ["new", "1"]]
assert run("UNLOAD (SELECT id, name FROM few WHERE kind = 'low') TO 's3://lake-bucket/made/out/' WITH (format = 'PARQUET')")[1]["State"] == "SUCCEEDED"
found = [one["Key"] for one in s3.list_objects_v2(Bucket="lake-bucket", Prefix="made/out/")["Contents"]]
table = parquet.read_table(io.BytesIO(s3.get_object(Bucket="lake-bucket", Key=found[0])["Body"].read()))
assert sorted(table.column("id").to_pylist()) == [1, 2, 3, 4] and table.schema.names == ["id", "name"], table
_, status = run("UNLOAD (SELECT 1 AS x) TO 's3://lake-bucket/made/out/' WITH (format = 'PARQUET')")
assert status["State"] == "FAILED" and "HIVE_PATH_ALREADY_EXISTS" in status["StateChangeReason"], status

# No access was denied, and each that a service made is explained by a page.
with urllib.request.urlopen(f"{CLOUD['endpoint']}/_snaplake/accesses") as answer:
    accesses = json.loads(answer.read())["accesses"]
assert not [access for access in accesses if not access["allowed"]], [a for a in accesses if not a["allowed"]][:3]
assert not [access for access in accesses if access["service"] and access["action"][:4] != "kms:" and not access["reason"]]
made = {(access["service"], access["action"]) for access in accesses}
assert {("athena.amazonaws.com", "glue:CreateTable"), ("athena.amazonaws.com", "glue:BatchCreatePartition")} <= made

# Where the examples do not reach, they do not allow.
_, status = run("CREATE TABLE elsewhere WITH (external_location = 's3://plain-bucket/made/') AS SELECT 1 AS x")
assert status["State"] == "FAILED" and "s3:" in status["StateChangeReason"], status
with fails("AccessDeniedException", 400):
    athena.start_query_execution(QueryString="SELECT 1", WorkGroup="strict")
with fails("AccessDenied", 403):
    client("rds", ANALYST).describe_db_instances()
