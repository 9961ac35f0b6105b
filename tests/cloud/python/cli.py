"""The AWS CLI, unmodified: what somebody types who looks at an export."""

import json
import os
import pathlib
import subprocess
import sys

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


assert aws("sts", "get-caller-identity")["Account"] == ACCOUNT
arn = aws("rds", "describe-db-snapshots", "--db-snapshot-identifier", "before-launch")["DBSnapshots"][0]["DBSnapshotArn"]
aws("rds", "start-export-task", "--export-task-identifier", "typed", "--source-arn", arn, "--s3-bucket-name", "lake-bucket",
    "--iam-role-arn", f"arn:aws:iam::{ACCOUNT}:role/pipeline/export", "--kms-key-id", KEY, "--export-only", "shop.orders")
while aws("rds", "describe-export-tasks", "--export-task-identifier", "typed")["ExportTasks"][0]["Status"] != "COMPLETE":
    pass
listed = aws("s3", "ls", "--recursive", "s3://lake-bucket/typed/")
assert "export_info_typed.json" in listed and ".gz.parquet" in listed, listed
aws("s3", "cp", "s3://lake-bucket/typed/export_info_typed.json", "info.json")
assert json.loads(pathlib.Path("info.json").read_text())["exportTaskIdentifier"] == "typed"
pathlib.Path("large").write_bytes(b"0123456789abcdef" * 1_000_000)
aws("s3", "cp", "large", "s3://plain-bucket/large")
aws("s3", "cp", "s3://plain-bucket/large", "back")
assert pathlib.Path("back").read_bytes() == pathlib.Path("large").read_bytes()
aws("s3", "rm", "--recursive", "s3://plain-bucket/")
id = aws("athena", "start-query-execution", "--query-string", "SHOW TABLES IN lake")["QueryExecutionId"]
while (state := aws("athena", "get-query-execution", "--query-execution-id", id)["QueryExecution"]["Status"]["State"]) in ("QUEUED", "RUNNING"):
    pass
assert state == "SUCCEEDED"
assert aws("glue", "get-databases", "--query", "DatabaseList[].Name") == ["default", "lake"]
aws("rds", "describe-db-snapshots", "--db-snapshot-identifier", "missing", fails="DBSnapshotNotFound")
