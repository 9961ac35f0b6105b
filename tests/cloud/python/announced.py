"""boto3 and the AWS CLI with nothing but what `snaplake cloud` prints for a shell: no argument names a region, an
endpoint or credentials."""

import os
import pathlib
import subprocess
import sys

import boto3

assert boto3.client("s3").list_buckets()["Buckets"] == []
assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
glue = boto3.client("glue")
glue.create_database(DatabaseInput={"Name": "announced"})
assert "announced" in [database["Name"] for database in glue.get_databases()["DatabaseList"]]
assert boto3.client("rds").describe_db_snapshots()["DBSnapshots"] == []
assert isinstance(boto3.client("athena").list_work_groups()["WorkGroups"], list)

aws = pathlib.Path(sys.executable).with_name("aws")
if aws.exists():
    commands = [["s3", "ls"], ["glue", "get-databases"], ["sts", "get-caller-identity"]]
    # In us-east-1, version 1 of the CLI calls rds.amazonaws.com whatever AWS_ENDPOINT_URL says.
    if glue.meta.region_name != "us-east-1":
        commands.append(["rds", "describe-db-snapshots"])
    for command in commands:
        done = subprocess.run([aws, *command], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (command, done.stderr)
elif os.environ.get("CI"):
    raise SystemExit("the AWS CLI is missing")
