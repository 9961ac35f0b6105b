"""The AWS CLI, unmodified: the whole pipeline by hand, and what somebody types who looks at it."""

import json
import os
import pathlib
import subprocess
import sys

import pyarrow.parquet as parquet
from common import ACCOUNT, ADMIN, CLOUD, KEY, REGION

AWS = pathlib.Path(sys.executable).with_name("aws")
if not AWS.exists():
    if os.environ.get("CI"):
        raise SystemExit("the AWS CLI is missing")
    print("skipped: the AWS CLI is not installed")
    raise SystemExit(0)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": os.getcwd(),
    "AWS_ENDPOINT_URL": CLOUD["endpoint"],
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": ADMIN[0],
    "AWS_SECRET_ACCESS_KEY": ADMIN[1],
    "AWS_PAGER": "",
}


def aws(*arguments, fails=None):
    done = subprocess.run([AWS, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    if fails is not None:
        assert done.returncode != 0 and fails in done.stderr, (arguments, done.stderr)
        return None
    assert done.returncode == 0, (arguments, done.stderr)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return done.stdout


def until(ended, *command, query):
    """Asks again until the answer is one of these; gives every answer."""
    seen = []
    while not seen or seen[-1] not in ended:
        seen.append(aws(*command, "--query", query, "--output", "json"))
        assert len(seen) < 50, seen
    return seen


def export(id, arn, *more):
    aws("rds", "start-export-task", "--export-task-identifier", id, "--source-arn", arn, "--s3-bucket-name", "lake-bucket", "--s3-prefix", "typed",
        "--iam-role-arn", f"arn:aws:iam::{ACCOUNT}:role/pipeline/export", "--kms-key-id", KEY, *more)
    states = until(("COMPLETE", "FAILED"), "rds", "describe-export-tasks", "--export-task-identifier", id, query="ExportTasks[0].Status")
    assert states[-1] == "COMPLETE" and set(states) <= {"STARTING", "IN_PROGRESS", "COMPLETE"}, states


def query(sql, *paging):
    id = aws("athena", "start-query-execution", "--query-string", sql, "--query-execution-context", "Database=lake")["QueryExecutionId"]
    status = until(("SUCCEEDED", "FAILED", "CANCELLED"), "athena", "get-query-execution", "--query-execution-id", id, query="QueryExecution.Status.State")
    assert status[-1] == "SUCCEEDED", aws("athena", "get-query-execution", "--query-execution-id", id)
    rows, token = [], []
    while True:
        page = aws("athena", "get-query-results", "--query-execution-id", id, *paging, *token)
        rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        if "NextToken" not in page:
            return rows
        token = ["--starting-token", page["NextToken"]]


assert aws("sts", "get-caller-identity")["Account"] == ACCOUNT
# Snapshots, and a new one, awaited by the CLI's own waiter.
shown = aws("rds", "describe-db-snapshots", "--db-instance-identifier", "shop-prod", "--query", "DBSnapshots[].DBSnapshotIdentifier")
assert "before-launch" in shown and any(name.startswith("rds:shop-prod-") for name in shown), shown
arn = aws("rds", "create-db-snapshot", "--db-instance-identifier", "shop-prod", "--db-snapshot-identifier", "typed-one")["DBSnapshot"]["DBSnapshotArn"]
until(("available",), "rds", "describe-db-snapshots", "--db-snapshot-identifier", "typed-one", query="DBSnapshots[0].Status")
export("first", arn)

# The objects, listed and read.
listed = aws("s3", "ls", "--recursive", "s3://lake-bucket/typed/first/")
assert "export_info_first.json" in listed and ".gz.parquet" in listed, listed
aws("s3", "cp", "s3://lake-bucket/typed/first/export_info_first.json", "info.json")
assert json.loads(pathlib.Path("info.json").read_text())["exportTaskIdentifier"] == "first"
aws("s3", "sync", "s3://lake-bucket/typed/first/shop/shop.orders/", "orders")
parts = sorted(pathlib.Path("orders").rglob("*.parquet"))
assert sum(parquet.read_table(part).num_rows for part in parts) == 2500, parts

# Crawled, queried, read page by page.
aws("glue", "update-crawler", "--name", "lake-crawler", "--targets", json.dumps({"S3Targets": [{"Path": "s3://lake-bucket/typed/first/shop/"}]}),
    "--configuration", json.dumps({"Version": 1.0, "Grouping": {"TableLevelConfiguration": 5}}))
aws("glue", "start-crawler", "--name", "lake-crawler")
until(("READY",), "glue", "get-crawler", "--name", "lake-crawler", query="Crawler.State")
assert aws("glue", "get-crawler", "--name", "lake-crawler", "--query", "Crawler.LastCrawl.Status") == "SUCCEEDED"
assert sorted(aws("glue", "get-tables", "--database-name", "lake", "--query", "TableList[].Name")) == ["shop_customers", "shop_orders"]
assert query("SELECT count(*) AS n FROM shop_orders") == [["n"], ["2500"]]
ids = query("SELECT id FROM shop_orders WHERE id <= 25 ORDER BY id", "--max-items", "10", "--page-size", "5")
assert ids == [["id"], *([str(number)] for number in range(1, 26))], ids

# The table is moved to a second export, unless somebody else has moved it first.
export("second", arn, "--export-only", "shop.orders")
table = aws("glue", "get-table", "--database-name", "lake", "--name", "shop_orders")["Table"]
wanted = ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
definition = {name: table[name] for name in wanted if name in table}
definition["StorageDescriptor"]["Location"] = definition["StorageDescriptor"]["Location"].replace("/first/", "/second/")
pathlib.Path("table.json").write_text(json.dumps(definition))
swap = ["glue", "update-table", "--database-name", "lake", "--table-input", "file://table.json", "--version-id"]
aws(*swap, "77", fails="ConcurrentModificationException")
aws(*swap, table["VersionId"])
aws(*swap, table["VersionId"], fails="ConcurrentModificationException")
found = aws("glue", "get-table", "--database-name", "lake", "--name", "shop_orders", "--query", "Table.StorageDescriptor.Location")
assert "/second/" in found, found
assert aws("glue", "get-table-versions", "--database-name", "lake", "--table-name", "shop_orders", "--query", "TableVersions[].VersionId") == ["1", "0"]
assert query("SELECT count(*) AS n FROM shop_orders") == [["n"], ["2500"]]

pathlib.Path("large").write_bytes(b"0123456789abcdef" * 1_000_000)
aws("s3", "cp", "large", "s3://plain-bucket/large")
aws("s3", "cp", "s3://plain-bucket/large", "back")
assert pathlib.Path("back").read_bytes() == pathlib.Path("large").read_bytes()
aws("s3", "rm", "--recursive", "s3://plain-bucket/")
assert query("SHOW TABLES IN lake") == [["shop_customers"], ["shop_orders"]]
assert aws("glue", "get-databases", "--query", "DatabaseList[].Name") == ["default", "lake"]
aws("rds", "describe-db-snapshots", "--db-snapshot-identifier", "missing", fails="DBSnapshotNotFound")
