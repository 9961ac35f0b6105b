"""S3: objects, ranges, lists, multipart uploads, encryption, settings."""

import http.client
import io
import urllib.parse

from common import CLOUD, KEY, REGION, client, fails

s3 = client("s3")
BUCKET = "plain-bucket"

# Odd keys stay themselves, and stay inside.
odd = ["a", "a/b", "a/", "../../etc/passwd", "..", "日本/表.parquet", "with space", "plus+and&more", "%2e%2e/x", "a//b", "x" * 1024, "tab\tkey", 'quote"<>']
for number, key in enumerate(odd):
    s3.put_object(Bucket=BUCKET, Key=key, Body=str(number).encode())
for number, key in enumerate(odd):
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == str(number).encode(), key
assert [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == sorted(odd, key=str.encode)
with fails("KeyTooLongError", 400):
    s3.put_object(Bucket=BUCKET, Key="y" * 1025, Body=b"")
# A raw path with dots, as no client would send it.
host = urllib.parse.urlparse(CLOUD["endpoint"])
connection = http.client.HTTPConnection(host.hostname, host.port)
connection.request("GET", "/plain-bucket/../../../../etc/passwd")
assert connection.getresponse().status in (400, 403, 404)

# Multi-delete, quiet and not.
deleted = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in odd[:5]]})["Deleted"]
assert sorted(one["Key"] for one in deleted) == sorted(odd[:5])
assert "Deleted" not in s3.delete_objects(Bucket=BUCKET, Delete={"Quiet": True, "Objects": [{"Key": key} for key in odd[5:]]})
assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0

# Content, metadata, ranges, conditions.
put = s3.put_object(Bucket=BUCKET, Key="data", Body=b"0123456789", ContentType="text/plain", Metadata={"colour": "blue"})
assert put["ServerSideEncryption"] == "AES256"
got = s3.get_object(Bucket=BUCKET, Key="data")
assert got["Body"].read() == b"0123456789" and got["ContentType"] == "text/plain"
assert got["Metadata"] == {"colour": "blue"} and got["ETag"] == put["ETag"]
head = s3.head_object(Bucket=BUCKET, Key="data")
assert head["ContentLength"] == 10 and head["ETag"] == put["ETag"]
for asked, expected, shown in [("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=8-", b"89", "bytes 8-9/10"), ("bytes=5-100", b"56789", "bytes 5-9/10")]:
    part = s3.get_object(Bucket=BUCKET, Key="data", Range=asked)
    assert part["Body"].read() == expected and part["ContentRange"] == shown, asked
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
with fails("InvalidRange", 416):
    s3.get_object(Bucket=BUCKET, Key="data", Range="bytes=10-")
assert s3.get_object(Bucket=BUCKET, Key="data", IfMatch=put["ETag"])["ContentLength"] == 10
with fails("PreconditionFailed", 412):
    s3.get_object(Bucket=BUCKET, Key="data", IfMatch='"other"')
with fails("304", 304):
    s3.get_object(Bucket=BUCKET, Key="data", IfNoneMatch=put["ETag"])
with fails("PreconditionFailed", 412):
    s3.put_object(Bucket=BUCKET, Key="data", Body=b"x", IfNoneMatch="*")
with fails("NoSuchKey", 404):
    s3.get_object(Bucket=BUCKET, Key="missing")
with fails("404", 404):
    s3.head_object(Bucket=BUCKET, Key="missing")
with fails("NoSuchBucket", 404):
    s3.get_object(Bucket="no-such-bucket", Key="missing")
s3.delete_object(Bucket=BUCKET, Key="missing")

# Lists with delimiters and continuation, both versions.
names = [f"exports/{day:02}/{part}" for day in range(1, 8) for part in ("a", "b")] + ["exports/readme", "top"]
for name in names:
    s3.put_object(Bucket=BUCKET, Key=name, Body=b"")
for operation in ("list_objects_v2", "list_objects"):
    for size in (1, 2, 3, 1000):
        keys, prefixes = [], []
        for page in s3.get_paginator(operation).paginate(Bucket=BUCKET, Prefix="exports/", Delimiter="/", PaginationConfig={"PageSize": size}):
            keys += [found["Key"] for found in page.get("Contents", [])]
            prefixes += [found["Prefix"] for found in page.get("CommonPrefixes", [])]
            assert len(page.get("Contents", [])) + len(page.get("CommonPrefixes", [])) <= size
        assert keys == ["exports/readme"], (operation, size, keys)
        assert prefixes == [f"exports/{day:02}/" for day in range(1, 8)], (operation, size, prefixes)
    keys = [found["Key"] for page in s3.get_paginator(operation).paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 4}) for found in page["Contents"]]
    assert keys == sorted(names + ["data"]), (operation, keys)
assert [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET, StartAfter="exports/07/a")["Contents"]] == ["exports/07/b", "exports/readme", "top"]
assert s3.list_objects_v2(Bucket=BUCKET, MaxKeys=0)["KeyCount"] == 0
with fails("InvalidArgument", 400):
    s3.list_objects_v2(Bucket=BUCKET, ContinuationToken="made-up")

# Encryption: the bucket's default, the client's wish, another key.
assert s3.put_object(Bucket="lake-bucket", Key="sealed", Body=b"x")["SSEKMSKeyId"] == KEY
assert s3.head_object(Bucket="lake-bucket", Key="sealed")["ServerSideEncryption"] == "aws:kms"
assert s3.put_object(Bucket="lake-bucket", Key="open", Body=b"x", ServerSideEncryption="AES256")["ServerSideEncryption"] == "AES256"
with_bucket_key = s3.put_object(Bucket=BUCKET, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/lake", BucketKeyEnabled=True)
assert with_bucket_key["SSEKMSKeyId"] == KEY and with_bucket_key["BucketKeyEnabled"]
with fails("KMS.NotFoundException", 400):
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY.replace("1111", "2222"))
client("kms").disable_key(KeyId=KEY)
with fails("KMS.DisabledException", 400):
    s3.get_object(Bucket="lake-bucket", Key="sealed")
client("kms").schedule_key_deletion(KeyId=KEY)
with fails("KMS.KMSInvalidStateException", 400):
    s3.get_object(Bucket="lake-bucket", Key="sealed")
client("kms").cancel_key_deletion(KeyId=KEY)
client("kms").enable_key(KeyId=KEY)
assert s3.get_object(Bucket="lake-bucket", Key="sealed")["Body"].read() == b"x"

# Multipart: by hand, and as boto3 does it for large files.
upload = s3.create_multipart_upload(Bucket="lake-bucket", Key="big")["UploadId"]
parts = [b"a" * (5 * 1024 * 1024), b"b" * 1024]
tags = [s3.upload_part(Bucket="lake-bucket", Key="big", UploadId=upload, PartNumber=n, Body=part)["ETag"] for n, part in enumerate(parts, 1)]
assert [part["PartNumber"] for part in s3.list_parts(Bucket="lake-bucket", Key="big", UploadId=upload)["Parts"]] == [1, 2]
listed = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]
with fails("InvalidPartOrder", 400):
    s3.complete_multipart_upload(Bucket="lake-bucket", Key="big", UploadId=upload, MultipartUpload={"Parts": listed[::-1]})
with fails("InvalidPart", 400):
    s3.complete_multipart_upload(Bucket="lake-bucket", Key="big", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 3, "ETag": tags[0]}]})
done = s3.complete_multipart_upload(Bucket="lake-bucket", Key="big", UploadId=upload, MultipartUpload={"Parts": listed})
assert done["ETag"].endswith('-2"')
assert s3.get_object(Bucket="lake-bucket", Key="big")["Body"].read() == b"".join(parts)
upload = s3.create_multipart_upload(Bucket=BUCKET, Key="never")["UploadId"]
s3.abort_multipart_upload(Bucket=BUCKET, Key="never", UploadId=upload)
with fails("NoSuchUpload", 404):
    s3.list_parts(Bucket=BUCKET, Key="never", UploadId=upload)
content = bytes(range(256)) * (40 * 1024)
s3.upload_fileobj(io.BytesIO(content), BUCKET, "large")
target = io.BytesIO()
s3.download_fileobj(BUCKET, "large", target)
assert target.getvalue() == content

# Settings.
assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["lake-bucket", "plain-bucket", "policed-bucket"]
assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == REGION
assert s3.head_bucket(Bucket=BUCKET)["BucketRegion"] == REGION
rule = s3.get_bucket_encryption(Bucket="lake-bucket")["ServerSideEncryptionConfiguration"]["Rules"][0]
assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
assert "Status" not in s3.get_bucket_versioning(Bucket=BUCKET)
with fails("NoSuchBucketPolicy", 404):
    s3.get_bucket_policy(Bucket=BUCKET)
assert s3.get_bucket_tagging(Bucket="lake-bucket")["TagSet"] == [{"Key": "team", "Value": "data"}]
with fails("NoSuchTagSet", 404):
    s3.get_bucket_tagging(Bucket=BUCKET)
with fails("404", 404):
    s3.head_bucket(Bucket="no-such-bucket")

# Conditional writes (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)
first = s3.put_object(Bucket=BUCKET, Key="lock", Body=b"1", IfNoneMatch="*")["ETag"]
with fails("PreconditionFailed", 412):
    s3.put_object(Bucket=BUCKET, Key="lock", Body=b"2", IfNoneMatch="*")
second = s3.put_object(Bucket=BUCKET, Key="lock", Body=b"3", IfMatch=first)["ETag"]
assert second != first
with fails("PreconditionFailed", 412):
    s3.put_object(Bucket=BUCKET, Key="lock", Body=b"4", IfMatch=first)
with fails("NoSuchKey", 404):
    s3.put_object(Bucket=BUCKET, Key="nothing", Body=b"5", IfMatch=first)
assert s3.get_object(Bucket=BUCKET, Key="lock")["Body"].read() == b"3"
