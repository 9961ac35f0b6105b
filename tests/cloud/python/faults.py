"""Faults on request: each does what it says, once, to the call that it names."""

import json
import urllib.request

from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ResponseStreamingError
from common import ACCOUNT, CLOUD, KEY, REGION, client, fails


def admin(method, path, body=None):
    request = urllib.request.Request(
        CLOUD["endpoint"] + "/_snaplake/" + path,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def fault(effect, operation, **more):
    admin("POST", "faults", [{"operation": operation, "effect": effect, **more}])


rds, s3, glue, kms = (client(name) for name in ("rds", "s3", "glue", "kms"))
fault("throttle", "DescribeDBInstances", service="rds", after=1)
rds.describe_db_instances()
with fails("Throttling", 400):
    rds.describe_db_instances()
rds.describe_db_instances()
fault("throttle", "GetDatabases")
with fails("ThrottlingException", 400):
    glue.get_databases()
fault("throttle", "ListBuckets")
with fails("SlowDown", 503):
    s3.list_buckets()
fault({"error": {"status": 500, "code": "InternalFailure"}}, "ListKeys", times=2)
for _ in range(2):
    with fails("InternalFailure", 500):
        kms.list_keys()
kms.list_keys()

fault("cut", "CreateDatabase")
try:
    glue.create_database(DatabaseInput={"Name": "cut"})
    raise AssertionError("the connection held")
except ConnectionClosedError:
    pass
with fails("EntityNotFoundException"):
    glue.get_database(Name="cut")
# The effect without the answer.
fault("lost_response", "CreateDatabase")
try:
    glue.create_database(DatabaseInput={"Name": "lost"})
    raise AssertionError("the answer came")
except ConnectionClosedError:
    pass
assert glue.get_database(Name="lost")["Database"]["Name"] == "lost"
s3.put_object(Bucket="plain-bucket", Key="k", Body=b"x" * 100_000)
fault("cut_response", "GetObject")
try:
    s3.get_object(Bucket="plain-bucket", Key="k")["Body"].read()
    raise AssertionError("the whole came")
except (HTTPClientError, ResponseStreamingError, ConnectionClosedError, ClientError):
    pass
assert len(s3.get_object(Bucket="plain-bucket", Key="k")["Body"].read()) == 100_000

# Exports that go wrong.
snapshot = f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:before-launch"


def export(id, **more):
    rds.start_export_task(
        ExportTaskIdentifier=id, SourceArn=snapshot, S3BucketName="lake-bucket", S3Prefix="e",
        IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline/export", KmsKeyId=KEY, **more,
    )
    while (task := rds.describe_export_tasks(ExportTaskIdentifier=id)["ExportTasks"][0])["Status"] not in ("COMPLETE", "FAILED"):
        pass
    parts = [one["Key"] for one in s3.list_objects_v2(Bucket="lake-bucket", Prefix=f"e/{id}/").get("Contents", []) if one["Key"].endswith(".parquet")]
    return task, sorted(parts)


_, whole = export("good")
fault({"export_fails": {"cause": "an internal error"}}, "StartExportTask")
task, parts = export("failing")
assert task["Status"] == "FAILED" and task["FailureCause"] == "an internal error" and not parts
fault("missing_part", "StartExportTask")
task, parts = export("missing")
assert task["Status"] == "COMPLETE" and len(parts) == len(whole) - 1, parts
fault("corrupt_footer", "StartExportTask")
task, parts = export("corrupt")
assert task["Status"] == "COMPLETE" and len(parts) == len(whole)
fault({"disable_key": {"key": "alias/lake"}}, "DescribeDBInstances")
rds.describe_db_instances()
assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Disabled"
fault({"delete_role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/pipeline/export"}}, "DescribeDBInstances")
rds.describe_db_instances()
kms.enable_key(KeyId=KEY)
with fails("IamRoleNotFound", 404):
    export("without-role")

assert admin("GET", "faults")["faults"] == []
before = admin("GET", "clock")["now"]
assert admin("POST", "clock", {"advance_seconds": 86400})["now"][:10] > before[:10]
accesses = admin("GET", "accesses")["accesses"]
denied = [access for access in accesses if not access["allowed"]]
assert not denied, denied[:3]
assert any(access["service"] == "export.rds.amazonaws.com" and access["reason"]["source"].startswith("https://docs.aws") for access in accesses)
try:
    admin("POST", "faults", [{"effect": "explode"}])
    raise AssertionError("an unknown fault was taken")
except urllib.error.HTTPError as error:
    assert error.code == 400
