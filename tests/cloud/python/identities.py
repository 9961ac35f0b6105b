"""Who calls: signatures, sessions, session policies, and what the denied are told."""

import datetime
import json
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from common import ACCOUNT, ADMIN, CLOUD, KEY, NOBODY, REGION, client, fails

me = client("sts").get_caller_identity()
assert me["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/admin" and me["Account"] == ACCOUNT
assert me["UserId"].startswith("AIDA")

# Nobody may do anything but ask who they are.
assert client("sts", NOBODY).get_caller_identity()["Arn"].endswith(":user/nobody")
who = f"User: arn:aws:iam::{ACCOUNT}:user/nobody is not authorized to perform: "
with fails("AccessDenied", 403, who + "rds:DescribeDBInstances on resource: "):
    client("rds", NOBODY).describe_db_instances()
with fails("AccessDeniedException", 400, who + "glue:GetDatabase on resource: "):
    client("glue", NOBODY).get_database(Name="lake")
with fails("AccessDeniedException", 400, who + "athena:GetWorkGroup on resource: "):
    client("athena", NOBODY).get_work_group(WorkGroup="primary")
with fails("AccessDeniedException", 400, "because no identity-based policy allows the kms:DescribeKey action"):
    client("kms", NOBODY).describe_key(KeyId=KEY)
with fails("AccessDenied", 403, who + "iam:GetRole on resource: "):
    client("iam", NOBODY).get_role(RoleName="export")
with fails("AccessDenied", 403, "s3:ListBucket"):
    client("s3", NOBODY).list_objects_v2(Bucket="lake-bucket")

# Wrong secrets and unknown keys, as each protocol says it.
wrong = (ADMIN[0], "wrong", None)
unknown = ("AKIAUNKNOWNUNKNOWN00", "x", None)
for service, call, mismatch, invalid in [
    ("sts", lambda c: c.get_caller_identity(), ("SignatureDoesNotMatch", 403), ("InvalidClientTokenId", 403)),
    ("rds", lambda c: c.describe_db_instances(), ("SignatureDoesNotMatch", 403), ("InvalidClientTokenId", 403)),
    ("iam", lambda c: c.list_roles(), ("SignatureDoesNotMatch", 403), ("InvalidClientTokenId", 403)),
    ("glue", lambda c: c.get_databases(), ("InvalidSignatureException", 400), ("UnrecognizedClientException", 400)),
    ("athena", lambda c: c.list_work_groups(), ("InvalidSignatureException", 400), ("UnrecognizedClientException", 400)),
    ("kms", lambda c: c.list_keys(), ("InvalidSignatureException", 400), ("UnrecognizedClientException", 400)),
    ("s3", lambda c: c.list_buckets(), ("SignatureDoesNotMatch", 403), ("InvalidAccessKeyId", 403)),
]:
    call(client(service))
    with fails(*mismatch):
        call(client(service, wrong))
    with fails(*invalid):
        call(client(service, unknown))
with fails("SignatureDoesNotMatch", 403, "region"):
    client("rds", region="us-west-2").describe_db_instances()


def signed(at, service="sts", body=b"Action=GetCallerIdentity&Version=2011-06-15"):
    """A request that was signed at another time."""
    request = AWSRequest("POST", CLOUD["endpoint"] + "/", data=body,
                         headers={"Content-Type": "application/x-www-form-urlencoded"})
    auth = SigV4Auth(Credentials(*ADMIN[:2]), service, REGION)
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    auth._inject_signature_to_request(request, signature)
    prepared = request.prepare()
    try:
        with urllib.request.urlopen(urllib.request.Request(prepared.url, body, dict(prepared.headers))) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


now = datetime.datetime.now(datetime.timezone.utc)
assert signed(now)[0] == 200
status, text = signed(now - datetime.timedelta(minutes=16))
assert status == 403 and "Signature expired" in text, text
status, text = signed(now + datetime.timedelta(minutes=16))
assert status == 403 and "not yet current" in text, text

# Unsigned requests.
for headers, body, expected in [
    ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=GetCallerIdentity", "MissingAuthenticationToken"),
    ({"X-Amz-Target": "TrentService.ListKeys"}, b"{}", "MissingAuthenticationToken"),
]:
    try:
        urllib.request.urlopen(urllib.request.Request(CLOUD["endpoint"] + "/", body, headers))
        raise AssertionError("an unsigned request was answered")
    except urllib.error.HTTPError as error:
        assert expected in error.read().decode()

# Sessions of roles: the trust policy decides, and its conditions count.
sts = client("sts")
role = f"arn:aws:iam::{ACCOUNT}:role/analyst"
with fails("AccessDenied", 403, "sts:AssumeRole"):
    sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/untrusting", RoleSessionName="x1")
with fails("AccessDenied", 403):
    sts.assume_role(RoleArn=role, RoleSessionName="without-id")
with fails("AccessDenied", 403):
    client("sts", NOBODY).assume_role(RoleArn=role, RoleSessionName="nobody", ExternalId="secret")
with fails("ValidationError", 400):
    sts.assume_role(RoleArn=role, RoleSessionName="no spaces", ExternalId="secret")
with fails("MalformedPolicyDocument", 400):
    sts.assume_role(RoleArn=role, RoleSessionName="s1", ExternalId="secret", Policy="{}")


def assume(**more):
    given = sts.assume_role(RoleArn=role, RoleSessionName="anna", ExternalId="secret", **more)
    assert given["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/analyst/anna"
    credentials = given["Credentials"]
    assert credentials["Expiration"] > now
    return credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]


admin = client("s3")
admin.put_object(Bucket="plain-bucket", Key="public/a", Body=b"a")
admin.put_object(Bucket="lake-bucket", Key="public/a", Body=b"a", ServerSideEncryption="AES256")
admin.put_object(Bucket="lake-bucket", Key="private/b", Body=b"b", ServerSideEncryption="AES256")
admin.put_object(Bucket="lake-bucket", Key="public/sealed", Body=b"c")
anna = assume()
assert client("sts", anna).get_caller_identity()["Arn"].endswith("assumed-role/analyst/anna")
s3 = client("s3", anna)
assert s3.get_object(Bucket="lake-bucket", Key="public/a")["Body"].read() == b"a"
assert [found["Key"] for found in s3.list_objects_v2(Bucket="lake-bucket", Prefix="public/")["Contents"]] == ["public/a", "public/sealed"]
session = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/analyst/anna is not authorized to perform: "
with fails("AccessDenied", 403, session + "s3:GetObject on resource: "):
    s3.get_object(Bucket="lake-bucket", Key="private/b")
with fails("AccessDenied", 403, session + "s3:ListBucket"):
    s3.list_objects_v2(Bucket="lake-bucket", Prefix="private/")
# Without s3:ListBucket on it, what is missing is forbidden.
with fails("AccessDenied", 403):
    s3.get_object(Bucket="lake-bucket", Key="public/missing")
# An object under a KMS key needs the key, too.
with fails("AccessDenied", 403, session + "kms:Decrypt on resource: " + KEY):
    s3.get_object(Bucket="lake-bucket", Key="public/sealed")

# A session policy only takes away.
narrow = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::plain-bucket/*"}}
limited = client("s3", assume(Policy=json.dumps(narrow)))
with fails("AccessDenied", 403, "because no session policy allows the s3:GetObject action"):
    limited.get_object(Bucket="lake-bucket", Key="public/a")
with fails("AccessDenied", 403, "because no identity-based policy allows"):
    limited.get_object(Bucket="plain-bucket", Key="public/a")

# A token of somebody else's.
with fails("InvalidClientTokenId", 403):
    client("sts", (anna[0], anna[1], "other")).get_caller_identity()
with fails("InvalidToken", 400):
    client("s3", (anna[0], anna[1], "other")).list_buckets()

# Roles and their documents.
iam = client("iam")
export = iam.get_role(RoleName="export")["Role"]
assert export["Path"] == "/pipeline/" and export["Arn"].endswith("role/pipeline/export")
assert export["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "export.rds.amazonaws.com"}
assert iam.list_role_policies(RoleName="export")["PolicyNames"] == ["export"]
document = iam.get_role_policy(RoleName="export", PolicyName="export")["PolicyDocument"]
assert document["Statement"][0]["Action"][0] == "s3:PutObject*"
assert iam.list_attached_role_policies(RoleName="export")["AttachedPolicies"] == []
with fails("NoSuchEntity", 404):
    iam.get_role(RoleName="missing")
with fails("NoSuchEntity", 404):
    iam.get_role_policy(RoleName="export", PolicyName="missing")
assert {role["RoleName"] for role in iam.list_roles()["Roles"]} == {"analyst", "crawler", "export", "untrusting"}

# The whole account, in pages.
pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 4}))
assert len(pages) == 2 and pages[0]["IsTruncated"] and not pages[1]["IsTruncated"]
people = {user["UserName"]: user for page in pages for user in page["UserDetailList"]}
assert people["admin"]["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == "*" and people["nobody"]["UserPolicyList"] == []
roles = {role["RoleName"]: role for page in pages for role in page["RoleDetailList"]}
assert set(roles) == {"analyst", "crawler", "export", "untrusting"}
assert roles["export"]["RolePolicyList"] == [{"PolicyName": "export", "PolicyDocument": document}]
assert iam.get_account_authorization_details(Filter=["Role"])["UserDetailList"] == []
with fails("AccessDenied", 403, who + "iam:GetAccountAuthorizationDetails"):
    client("iam", NOBODY).get_account_authorization_details()

# Presigned URLs.
url = client("s3", signature_version="s3v4").generate_presigned_url("get_object", Params={"Bucket": "lake-bucket", "Key": "public/a"}, ExpiresIn=60)
assert urllib.request.urlopen(url).read() == b"a"
try:
    urllib.request.urlopen(url.replace("public/a", "private/b"))
    raise AssertionError("a changed URL was answered")
except urllib.error.HTTPError as error:
    assert error.code == 403
