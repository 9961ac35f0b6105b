"""Time that hardly passes: states stay until the clock is moved, queries queue, and quotas hold.

The cloud runs at a thousandth of real time."""

import json
import time
import urllib.request

from botocore.exceptions import ClientError
from common import ACCOUNT, CLOUD, KEY, REGION, client, fails

rds, glue, athena = (client(name) for name in ("rds", "glue", "athena"))
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"


def admin(method, path, body):
    request = urllib.request.Request(f"{CLOUD['endpoint']}/_snaplake/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def pass_time(seconds):
    admin("POST", "clock", {"advance_seconds": seconds})


# --- Snapshots take minutes, exports longer; five of an account, one of a snapshot ---------------
for number in range(6):
    assert rds.create_db_snapshot(DBInstanceIdentifier="shop-prod", DBSnapshotIdentifier=f"q{number}")["DBSnapshot"]["Status"] == "creating"
assert rds.describe_db_snapshots(DBSnapshotIdentifier="q0")["DBSnapshots"][0]["Status"] == "creating"
pass_time(600)
assert rds.describe_db_snapshots(DBSnapshotIdentifier="q0")["DBSnapshots"][0]["Status"] == "available"


def export(number, snapshot=None):
    return rds.start_export_task(
        ExportTaskIdentifier=f"q{number}", SourceArn=f"{ARN}:snapshot:q{number if snapshot is None else snapshot}", S3BucketName="lake-bucket",
        IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline/export", KmsKeyId=KEY)["Status"]


def task(number):
    return rds.describe_export_tasks(ExportTaskIdentifier=f"q{number}")["ExportTasks"][0]


assert [export(number) for number in range(5)] == ["STARTING"] * 5
with fails("ExportTaskLimitReachedFault", 400):
    export(5)
with fails("ExportTaskAlreadyExists", 400):
    export(9, snapshot=0)
assert [task(number)["Status"] for number in range(5)] == ["STARTING"] * 5
pass_time(10 * 60 + 1)
shown = task(0)
assert shown["Status"] == "IN_PROGRESS" and shown["PercentProgress"] < 100 and "TaskEndTime" not in shown, shown
early = shown["PercentProgress"]
pass_time(5 * 60)
assert early < task(0)["PercentProgress"] < 100
with fails("ExportTaskLimitReachedFault", 400):
    export(5)
pass_time(3600)
assert [task(number)["Status"] for number in range(5)] == ["COMPLETE"] * 5
assert export(5) == "STARTING"

# --- Crawlers take minutes ----------------------------------------------------------------------
glue.update_crawler(Name="lake-crawler", Targets={"S3Targets": [{"Path": "s3://lake-bucket/q0/"}]})
glue.start_crawler(Name="lake-crawler")
assert glue.get_crawler(Name="lake-crawler")["Crawler"]["State"] == "RUNNING"
assert glue.get_crawler_metrics(CrawlerNameList=["lake-crawler"])["CrawlerMetricsList"][0]["TimeLeftSeconds"] > 0
pass_time(30)
shown = glue.get_crawler(Name="lake-crawler")["Crawler"]
assert shown["State"] == "RUNNING" and shown["CrawlElapsedTime"] >= 30_000, shown
with fails("CrawlerRunningException", 400):
    glue.start_crawler(Name="lake-crawler")
pass_time(45)
assert glue.get_crawler(Name="lake-crawler")["Crawler"]["State"] in ("RUNNING", "STOPPING")
pass_time(600)
shown = glue.get_crawler(Name="lake-crawler")["Crawler"]
assert shown["State"] == "READY" and shown["LastCrawl"]["Status"] == "SUCCEEDED", shown

# --- Queries queue; 20 DDL and 200 DML at a time --------------------------------------------------
def start(sql):
    return athena.start_query_execution(QueryString=sql)["QueryExecutionId"]


def state(id):
    return athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]["State"]


def exceeded(sql):
    try:
        start(sql)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "TooManyRequestsException", error
        assert error.response["Reason"] == "CONCURRENT_QUERY_LIMIT_EXCEEDED", error.response
    else:
        raise AssertionError(f"one more was taken: {sql}")


ddl = [start(f"CREATE DATABASE d{number}") for number in range(20)]
exceeded("CREATE DATABASE one_too_many")
dml = [start(f"SELECT {number}") for number in range(200)]
exceeded("SELECT 1")
assert {state(id) for id in (ddl[0], ddl[-1], dml[0], dml[-1])} == {"QUEUED"}
with fails("InvalidRequestException", 400, "Current state: QUEUED"):
    athena.get_query_results(QueryExecutionId=dml[0])
athena.stop_query_execution(QueryExecutionId=dml[0])
assert state(dml[0]) == "CANCELLED"
start("SELECT 'the room that it left'")
exceeded("SELECT 1")
pass_time(60)
assert {state(id) for id in ddl} == {"SUCCEEDED"} and {state(id) for id in dml[1:]} == {"SUCCEEDED"}
start("CREATE DATABASE there_is_room_again")

# --- Rates, for those who ask for them ------------------------------------------------------------
admin("POST", "faults", [{"service": "athena", "operation": "ListWorkGroups", "effect": {"rate": {"per_second": 3}}}])
throttled = 0
for _ in range(40):
    try:
        athena.list_work_groups()
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ThrottlingException", error
        throttled += 1
assert throttled > 0
time.sleep(1.1)
athena.list_work_groups()
with urllib.request.urlopen(urllib.request.Request(f"{CLOUD['endpoint']}/_snaplake/faults", method="DELETE")) as answer:
    assert json.loads(answer.read())["faults"] == []
for _ in range(20):
    athena.list_work_groups()
