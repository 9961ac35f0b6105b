"""Makes, on a test endpoint, what `snaplake.toml` says exists already.

    AWS_ENDPOINT_URL=http://127.0.0.1:5000 python3 make-them.py

It refuses to run without AWS_ENDPOINT_URL, so that it never touches an account. It prints the ARN of the
key that it made, whose id no test endpoint lets one choose, and with `--policies DIR` adds the statements
of `DIR/owner` to what it makes, as the owners would.
"""

import json
import os
import pathlib
import sys

import boto3

if "AWS_ENDPOINT_URL" not in os.environ:
    sys.exit("set AWS_ENDPOINT_URL to a test endpoint")
REGION, ACCOUNT = "ap-northeast-1", "123456789012"
BUCKET, DATABASE, WORKGROUP, ROLE = "example-platform-lake", "platform_orders", "platform", "rds-export"
policies = pathlib.Path(sys.argv[sys.argv.index("--policies") + 1]) if "--policies" in sys.argv else None


def client(service):
    return boto3.client(service, region_name=REGION)


def statements(name, key):
    """A policy that an owner is asked to add, for the key that is really there."""
    text = (policies / "owner" / f"{name}.json").read_text()
    return text.replace("1234abcd-12ab-34cd-56ef-1234567890ab", key)


kms, s3, iam = client("kms"), client("s3"), client("iam")
key = kms.create_key(Description="The platform's lake")["KeyMetadata"]
s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
s3.put_bucket_encryption(
    Bucket=BUCKET,
    ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}}]
    },
)
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "export.rds.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
iam.create_role(RoleName=ROLE, Path="/platform/", AssumeRolePolicyDocument=json.dumps(trust))
client("glue").create_database(DatabaseInput={"Name": DATABASE})
client("athena").create_work_group(
    Name=WORKGROUP,
    Configuration={
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {
            "OutputLocation": f"s3://{BUCKET}/athena-results/orders/",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": key["Arn"]},
        },
    },
    Tags=[{"Key": "team", "Value": "platform"}],
)
if policies:
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=statements("lake-key", key["KeyId"]))
    s3.put_bucket_policy(Bucket=BUCKET, Policy=statements("lake-bucket", key["KeyId"]))
    iam.put_role_policy(RoleName=ROLE, PolicyName="lake", PolicyDocument=statements("export", key["KeyId"]))
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=statements("export-trust", key["KeyId"]))
print(key["Arn"])
