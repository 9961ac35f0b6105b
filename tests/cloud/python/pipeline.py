"""The pipeline by hand: snapshots, export, Parquet, catalog, queries, a table's swap."""

import io
import json
import time

import pyarrow.parquet as parquet
from common import ACCOUNT, KEY, client, fails

rds, s3, glue, athena = (client(name) for name in ("rds", "s3", "glue", "athena"))

instance = rds.describe_db_instances(DBInstanceIdentifier="shop-prod")["DBInstances"][0]
assert instance["Engine"] == "mysql" and instance["DBInstanceStatus"] == "available"
snapshots = rds.describe_db_snapshots(DBInstanceIdentifier="shop-prod", SnapshotType="automated")["DBSnapshots"]
latest = max(snapshots, key=lambda snapshot: snapshot["SnapshotCreateTime"])
assert latest["DBSnapshotIdentifier"].startswith("rds:shop-prod-") and latest["Status"] == "available"

# A manual snapshot, awaited by boto3's own waiter.
made = rds.create_db_snapshot(
    DBInstanceIdentifier="shop-prod", DBSnapshotIdentifier="by-hand", Tags=[{"Key": "why", "Value": "test"}]
)["DBSnapshot"]
assert made["Status"] == "creating"
rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier="by-hand", WaiterConfig={"Delay": 1})
assert rds.list_tags_for_resource(ResourceName=made["DBSnapshotArn"])["TagList"] == [{"Key": "why", "Value": "test"}]

export = dict(
    ExportTaskIdentifier="first-export",
    SourceArn=made["DBSnapshotArn"],
    S3BucketName="lake-bucket",
    S3Prefix="exports",
    IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline/export",
    KmsKeyId="alias/lake",
)
started = rds.start_export_task(**export)
assert started["Status"] == "STARTING" and started["KmsKeyId"] == KEY, started
with fails("ExportTaskAlreadyExists", 400):
    rds.start_export_task(**export)
with fails("ExportTaskAlreadyExists", 400):
    rds.start_export_task(**{**export, "ExportTaskIdentifier": "other-name"})
seen = [started["Status"]]
while seen[-1] not in ("COMPLETE", "FAILED"):
    task = rds.describe_export_tasks(ExportTaskIdentifier="first-export")["ExportTasks"][0]
    seen.append(task["Status"])
    assert len(seen) < 20, task
assert seen[-1] == "COMPLETE", task
assert list(dict.fromkeys(seen)) == ["STARTING", "IN_PROGRESS", "COMPLETE"], seen
assert task["PercentProgress"] == 100 and task["TaskEndTime"] > task["TaskStartTime"]
assert rds.describe_export_tasks(Filters=[{"Name": "status", "Values": ["complete"]}])["ExportTasks"]
assert not rds.describe_export_tasks(Filters=[{"Name": "status", "Values": ["failed"]}])["ExportTasks"]

keys = [
    found["Key"]
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket="lake-bucket", Prefix="exports/first-export/", PaginationConfig={"PageSize": 2}
    )
    for found in page["Contents"]
]
info = json.loads(s3.get_object(Bucket="lake-bucket", Key="exports/first-export/export_info_first-export.json")["Body"].read())
assert info["status"] == "COMPLETE" and info["sourceArn"] == made["DBSnapshotArn"], info
tables = [key for key in keys if "export_tables_info_" in key]
targets = [entry["target"] for entry in json.loads(s3.get_object(Bucket="lake-bucket", Key=tables[0])["Body"].read())["perTableStatus"]]
assert sorted(targets) == ["shop.customers", "shop.orders"], targets


def read(table):
    parts = [key for key in keys if f"/{table}/" in key and key.endswith(".parquet")]
    assert parts, keys
    for part in parts:
        whole = s3.get_object(Bucket="lake-bucket", Key=part)
        assert whole["ServerSideEncryption"] == "aws:kms" and whole["SSEKMSKeyId"] == KEY
        yield part, parquet.read_table(io.BytesIO(whole["Body"].read()))


folder = next(part for part, _ in read("shop.customers")).rsplit("/", 2)[0] + "/"
assert sum(table.num_rows for _, table in read("shop.customers")) == 100
assert sum(table.num_rows for _, table in read("shop.orders")) == 2500
_, customers = next(read("shop.customers"))
assert customers.schema.names == ["id", "name", "balance"]

# A table over it.
columns = [{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}, {"Name": "balance", "Type": "decimal(10,2)"}]
definition = {
    "Name": "customers",
    "TableType": "EXTERNAL_TABLE",
    "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
    "StorageDescriptor": {
        "Columns": columns,
        "Location": f"s3://lake-bucket/{folder}",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    },
}
glue.create_table(DatabaseName="lake", TableInput=definition)


def query(sql, **more):
    id = athena.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": "lake"}, **more)["QueryExecutionId"]
    states = []
    while True:
        execution = athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]
        states.append(execution["Status"]["State"])
        if states[-1] not in ("QUEUED", "RUNNING"):
            return id, execution
        time.sleep(0.01)


def rows(id):
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=id, PaginationConfig={"PageSize": 7})
    found = [[cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
    return found[0], found[1:]


id, execution = query("SELECT COUNT(*) AS n, COUNT(name) AS named, SUM(balance) AS total FROM customers")
assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
assert rows(id) == (["n", "named", "total"], [["100", "90", "1262.50"]]), rows(id)
output = execution["ResultConfiguration"]["OutputLocation"]
assert output == f"s3://lake-bucket/athena-results/{id}.csv"
assert s3.get_object(Bucket="lake-bucket", Key=output.split("/", 3)[3])["Body"].read().startswith(b'"n","named","total"')
header, found = rows(query("SELECT id, name FROM customers WHERE id <= 30 ORDER BY id")[0])
assert header == ["id", "name"] and [row[0] for row in found] == [str(n) for n in range(1, 31)]
assert found[9] == ["10", None] and found[0] == ["1", "客 1"]

# A view, and a query over it.
_, execution = query("CREATE OR REPLACE VIEW rich AS SELECT id, balance FROM customers WHERE balance > 20")
assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
assert rows(query("SELECT COUNT(*) FROM rich")[0])[1] == [["20"]]
view = glue.get_table(DatabaseName="lake", Name="rich")["Table"]
assert view["TableType"] == "VIRTUAL_VIEW" and view["ViewOriginalText"].startswith("/* Presto View: ")

# A second export, and the table's swap to it with optimistic locking.
rds.start_export_task(**{**export, "ExportTaskIdentifier": "second-export", "ExportOnly": ["shop.customers"]})
while rds.describe_export_tasks(ExportTaskIdentifier="second-export")["ExportTasks"][0]["Status"] != "COMPLETE":
    pass
before = glue.get_table(DatabaseName="lake", Name="customers")["Table"]
definition["StorageDescriptor"]["Location"] = f"s3://lake-bucket/{folder.replace('first', 'second')}"
with fails("ConcurrentModificationException", 400):
    glue.update_table(DatabaseName="lake", TableInput=definition, VersionId="77")
glue.update_table(DatabaseName="lake", TableInput=definition, VersionId=before["VersionId"])
after = glue.get_table(DatabaseName="lake", Name="customers")["Table"]
assert int(after["VersionId"]) == int(before["VersionId"]) + 1
assert after["StorageDescriptor"]["Location"].endswith("second-export/shop/shop.customers/")
versions = glue.get_table_versions(DatabaseName="lake", TableName="customers")["TableVersions"]
assert [version["VersionId"] for version in versions] == ["1", "0"]
assert rows(query("SELECT COUNT(*) FROM customers")[0])[1] == [["100"]]

_, execution = query("SELECT nothing FROM customers")
assert execution["Status"]["State"] == "FAILED" and "COLUMN_NOT_FOUND" in execution["Status"]["StateChangeReason"], execution["Status"]
