"""Faults that strike what services do by themselves, slow answers, and those of a file."""

import json
import time
import urllib.request

from botocore.exceptions import ReadTimeoutError
from common import ACCOUNT, CLOUD, KEY, REGION, client, fails

rds, s3, kms, athena, sts = (client(name) for name in ("rds", "s3", "kms", "athena", "sts"))
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipeline/export"

# From `--faults FILE`: the second call, once.
sts.get_caller_identity()
with fails("ServiceUnavailable", 503):
    sts.get_caller_identity()
sts.get_caller_identity()


def fault(effect, operation, **more):
    body = json.dumps([{"operation": operation, "effect": effect, **more}]).encode()
    request = urllib.request.Request(CLOUD["endpoint"] + "/_snaplake/faults", body, {"Content-Type": "application/json"}, method="POST")
    urllib.request.urlopen(request).read()


# --- Slow answers, and none -----------------------------------------------------------------------
s3.put_object(Bucket="plain-bucket", Key="k", Body=b"0123456789" * 1000)
fault({"slow_response": {"millis": 600}}, "GetObject")
begun = time.monotonic()
assert s3.get_object(Bucket="plain-bucket", Key="k")["Body"].read() == b"0123456789" * 1000
assert time.monotonic() - begun >= 0.5
fault({"delay": {"millis": 300}}, "GetObject")
begun = time.monotonic()
s3.get_object(Bucket="plain-bucket", Key="k")["Body"].read()
assert time.monotonic() - begun >= 0.3
fault("timeout", "DescribeDBClusters")
impatient = client("rds", read_timeout=1)
try:
    impatient.describe_db_clusters()
    raise AssertionError("an answer came")
except ReadTimeoutError:
    pass
assert impatient.describe_db_clusters()["DBClusters"]

# --- Lists that lag ---------------------------------------------------------------------------------
keys = lambda: [one["Key"] for one in s3.list_objects_v2(Bucket="plain-bucket", Prefix="lag/").get("Contents", [])]  # noqa: E731
s3.put_object(Bucket="plain-bucket", Key="lag/new", Body=b"x")
fault({"list_lags": {"seconds": 3600}}, "ListObjectsV2")
assert keys() == [] and keys() == ["lag/new"]
assert s3.get_object(Bucket="plain-bucket", Key="lag/new")["Body"].read() == b"x"


# --- Exports ----------------------------------------------------------------------------------------
def export(id):
    rds.start_export_task(
        ExportTaskIdentifier=id, SourceArn=f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:before-launch", S3BucketName="lake-bucket", S3Prefix="e",
        IamRoleArn=ROLE, KmsKeyId=KEY)
    while (task := rds.describe_export_tasks(ExportTaskIdentifier=id)["ExportTasks"][0])["Status"] not in ("COMPLETE", "FAILED"):
        pass
    return task, [one["Key"] for one in s3.list_objects_v2(Bucket="lake-bucket", Prefix=f"e/{id}/").get("Contents", [])]


task, whole = export("whole")
assert task["Status"] == "COMPLETE" and "WarningMessage" not in task, task
fault({"skip_tables": {"tables": ["orders"]}}, "StartExportTask")
task, left = export("skipping")
assert task["Status"] == "COMPLETE", task
warning = json.loads(task["WarningMessage"])
assert [one["tableName"] for one in warning["skippedTables"]] == ["shop.orders"], warning
assert not any("shop.orders" in key for key in left) and any("shop.customers" in key and key.endswith(".parquet") for key in left), left
manifest = next(key for key in left if "export_tables_info" in key)
statuses = {one["target"]: one["status"] for one in json.loads(s3.get_object(Bucket="lake-bucket", Key=manifest)["Body"].read())["perTableStatus"]}
assert statuses == {"shop.customers": "COMPLETE", "shop.orders": "SKIPPED"}, statuses

# A query reads what a list tells: a lagging one hides the newest files, and nothing else.
athena_sql = "CREATE EXTERNAL TABLE IF NOT EXISTS lake.c (id int) STORED AS PARQUET LOCATION 's3://lake-bucket/e/whole/shop/shop.customers/'"


def query(sql):
    id = athena.start_query_execution(QueryString=sql)["QueryExecutionId"]
    while (status := athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"])["State"] in ("QUEUED", "RUNNING"):
        pass
    assert status["State"] == "SUCCEEDED", status
    rows = athena.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"]
    return rows[-1]["Data"][0]["VarCharValue"] if rows else None


query(athena_sql)
assert query("SELECT count(*) FROM lake.c") == "100"
fault({"list_lags": {"seconds": 10**9}}, "s3:ListBucket", service="athena.amazonaws.com")
assert query("SELECT count(*) FROM lake.c") == "0"
assert query("SELECT count(*) FROM lake.c") == "100"

# The key is disabled, or is to be deleted, when some of the objects are there already; then the role is gone.
fault({"disable_key": {"key": "alias/lake"}}, "s3:PutObject", service="export.rds.amazonaws.com", after=2)
task, some = export("keyless")
assert task["Status"] == "FAILED" and "Error code: KMS.DisabledException" in task["FailureCause"], task
assert 0 < len(some) < len(whole), some
kms.enable_key(KeyId=KEY)
fault({"schedule_key_deletion": {"key": KEY}}, "s3:PutObject", service="export.rds.amazonaws.com", after=2)
task, some = export("doomed")
assert task["Status"] == "FAILED" and "Error code: KMS.KMSInvalidStateException" in task["FailureCause"], task
assert 0 < len(some) < len(whole), some
kms.cancel_key_deletion(KeyId=KEY)
kms.enable_key(KeyId=KEY)
fault({"delete_role": {"arn": ROLE}}, "s3:PutObject", service="export.rds.amazonaws.com", after=2)
task, some = export("roleless")
assert task["Status"] == "FAILED" and "s3:PutObject" in task["FailureCause"], task
assert 0 < len(some) < len(whole), some
with fails("IamRoleNotFound", 404):
    export("again")
