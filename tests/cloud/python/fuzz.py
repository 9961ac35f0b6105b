"""Hostile HTTP: a corpus of known nasties, then random ones from a seed, with and without a valid
signature. The server must live, answer with HTTP, keep to its own folder and to loopback.

SNAPLAKE_FUZZ_SECONDS (8) says how long the random part lasts, SNAPLAKE_FUZZ_SEED (a fixed one) which.
"""

import contextlib
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import random
import socket
import time
import urllib.parse
import xml.etree.ElementTree as xml

from common import ACCOUNT, ADMIN, CLOUD, KEY, REGION, client

SECONDS = float(os.environ.get("SNAPLAKE_FUZZ_SECONDS", "8"))
SEED = int(os.environ.get("SNAPLAKE_FUZZ_SEED", "20131"))
HOST, PORT = urllib.parse.urlsplit(CLOUD["endpoint"]).netloc.split(":")
SECRET = "CANARY-4711-do-not-tell"

# What lies beside the cloud's own folder must neither be told nor touched.
pathlib.Path("canary/deep").mkdir(parents=True)
pathlib.Path("canary/secret.txt").write_text(SECRET)
pathlib.Path("canary/deep/secret.txt").write_text(SECRET)


def outside():
    """Every file that is not the cloud's, with its content."""
    tree = {}
    for path in sorted(pathlib.Path(".").rglob("*")):
        if path.parts[0] != "cloud" and path.name != "cloud.log":
            tree[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return tree


def signed(service, method, target, headers, body, secret=ADMIN[1]):
    """The headers and the signature of a request, whatever its path and body are."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    digest = hashlib.sha256(body).hexdigest()
    path, _, query = target.partition("?")
    pairs = sorted((urllib.parse.quote(name, safe="-_.~"), urllib.parse.quote(value, safe="-_.~"))
                   for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True))
    covered = {"host": f"{HOST}:{PORT}", "x-amz-content-sha256": digest, "x-amz-date": stamp}
    covered |= {name.lower(): " ".join(value.split()) for name, value in headers if name.lower().startswith(("x-amz-", "content-type"))}
    names = ";".join(sorted(covered))
    canonical = "\n".join([method, path, "&".join(f"{name}={value}" for name, value in pairs),
                           *(f"{name}:{covered[name]}" for name in sorted(covered)), "", names, digest])
    scope = f"{day}/{REGION}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (day, REGION, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return [*headers, ("x-amz-content-sha256", digest), ("x-amz-date", stamp),
            ("Authorization", f"AWS4-HMAC-SHA256 Credential={ADMIN[0]}/{scope}, SignedHeaders={names}, Signature={signature}")]


def raw(method, target, headers, body, length=True):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}:{PORT}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def send(data, what, patient=False):
    """Sends bytes as they are; the answer is HTTP, or the connection ends. When nothing comes for a
    while the server may be waiting for more: the client then stops sending, unless it is patient."""
    answer = b""
    try:
        with socket.create_connection((HOST, int(PORT)), timeout=20) as connection:
            # What is refused before it had all come is answered, or reset.
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
            connection.settimeout(20 if patient else 0.2)
            head = data.startswith(b"HEAD")
            while len(answer) < 4_000_000 and not complete(answer, head):
                try:
                    piece = connection.recv(65536)
                except ConnectionError:
                    break
                except TimeoutError:
                    if patient or connection.gettimeout() == 20:
                        raise
                    connection.settimeout(20)
                    with contextlib.suppress(OSError):
                        connection.shutdown(socket.SHUT_WR)
                    continue
                if not piece:
                    break
                answer += piece
    except TimeoutError:
        raise AssertionError(f"no end within 20 seconds: {what}: {data[:300]!r}") from None
    check(answer, data, what)
    return answer


def complete(answer, bodiless=False):
    """Whether this is one whole answer."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    if separator and (bodiless or head[9:12] in (b"204", b"304") or body.endswith(b"\r\n0\r\n\r\n")):
        return True
    length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(separator) and bool(length) and len(body) >= int(length[0].split(b":")[1])


def check(answer, data, what):
    assert SECRET.encode() not in answer, f"the canary was told: {what}: {data[:300]!r}"
    if not answer:
        return
    assert answer.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")), f"no HTTP: {what}: {answer[:200]!r}"
    status = int(answer[9:12])
    assert 100 <= status < 600 and status != 500, f"{status}: {what}: {data[:600]!r}\n{answer[:600]!r}"
    head, _, body = answer.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    assert head.count(b"\r\n") < 60, "headers were split"
    if status < 300 or not body or b"chunked" in head.lower() or data.startswith(b"HEAD") or answer.count(b"HTTP/1.1 ") > 1:
        return
    # What is refused is refused in a form that a client can read.
    kind = head.lower()
    try:
        if b"json" in kind:
            json.loads(body)
        elif b"xml" in kind:
            xml.fromstring(body)
    except ValueError as error:
        raise AssertionError(f"no {kind!r}: {what}: {data[:600]!r}\n{body[:600]!r}") from error
    except xml.ParseError as error:
        raise AssertionError(f"no {kind!r}: {what}: {data[:600]!r}\n{body[:600]!r}") from error


def alive():
    answer = send(raw("POST", "/", signed("sts", "POST", "/", FORM, b"Action=GetCallerIdentity&Version=2011-06-15"),
                      b"Action=GetCallerIdentity&Version=2011-06-15"), "alive", patient=True)
    assert answer.startswith(b"HTTP/1.1 200"), f"the server is ill: {answer[:300]!r}"
    log = pathlib.Path("cloud.log").read_text(errors="replace")
    assert "panicked" not in log, log[-3000:]


FORM = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]


def target(service, operation):
    prefix = {"glue": "AWSGlue", "athena": "AmazonAthena", "kms": "TrentService"}[service]
    return [("X-Amz-Target", f"{prefix}.{operation}"), ("Content-Type", "application/x-amz-json-1.1")]


# Valid requests, for what is wrong to be all that is wrong.
JSON = {
    "glue": {
        "GetDatabases": {}, "GetTables": {"DatabaseName": "lake"}, "GetCrawler": {"Name": "lake-crawler"},
        "CreateTable": {"DatabaseName": "lake", "TableInput": {"Name": "t", "StorageDescriptor": {"Location": "s3://lake-bucket/x/", "Columns": [{"Name": "a", "Type": "int"}]}}},
        "GetPartitions": {"DatabaseName": "lake", "TableName": "t", "Expression": "a = 1 AND b > 'x'", "MaxResults": 10},
        "UpdateTable": {"DatabaseName": "lake", "TableInput": {"Name": "t"}}, "BatchCreatePartition": {"DatabaseName": "lake", "TableName": "t", "PartitionInputList": [{"Values": ["1"]}]},
        "UpdateCrawler": {"Name": "lake-crawler", "Targets": {"S3Targets": [{"Path": "s3://lake-bucket/e/"}]}, "Configuration": "{\"Version\": 1.0}"},
    },
    "athena": {
        "StartQueryExecution": {"QueryString": "SELECT 1 AS a", "QueryExecutionContext": {"Database": "lake"}, "ExecutionParameters": ["1"]},
        "GetQueryResults": {"QueryExecutionId": "00000000-0000-0000-0000-000000000000", "MaxResults": 5, "NextToken": "x"},
        "ListTableMetadata": {"CatalogName": "AwsDataCatalog", "DatabaseName": "lake", "Expression": ".*"},
        "CreatePreparedStatement": {"StatementName": "ps", "WorkGroup": "primary", "QueryStatement": "SELECT ?"},
    },
    "kms": {
        "DescribeKey": {"KeyId": KEY}, "Encrypt": {"KeyId": KEY, "Plaintext": "eA=="}, "Decrypt": {"CiphertextBlob": "eA=="},
        "CreateGrant": {"KeyId": KEY, "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:user/nobody", "Operations": ["Decrypt"]},
        "GenerateDataKey": {"KeyId": KEY, "KeySpec": "AES_256", "EncryptionContext": {"a": "b"}},
    },
}
QUERY = {
    "rds": ["Action=DescribeDBSnapshots&MaxRecords=20", "Action=DescribeExportTasks&Filters.Filter.1.Name=status&Filters.Filter.1.Values.Value.1=complete",
            f"Action=StartExportTask&ExportTaskIdentifier=f&SourceArn=arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:missing&S3BucketName=lake-bucket&IamRoleArn=arn:aws:iam::{ACCOUNT}:role/x&KmsKeyId=k&S3Prefix=a&ExportOnly.member.1=b",
            "Action=CreateDBSnapshot&DBInstanceIdentifier=missing&DBSnapshotIdentifier=s&Tags.Tag.1.Key=a&Tags.Tag.1.Value=b"],
    "sts": ["Action=GetCallerIdentity", f"Action=AssumeRole&RoleArn=arn:aws:iam::{ACCOUNT}:role/analyst&RoleSessionName=me&DurationSeconds=900&Policy=%7B%7D"],
    "iam": ["Action=GetRole&RoleName=crawler", "Action=ListRoles&MaxItems=1&Marker=x"],
}
S3 = [("GET", "/plain-bucket/?list-type=2&prefix=a&max-keys=3&continuation-token=x", b""), ("PUT", "/plain-bucket/key", b"content"),
      ("GET", "/plain-bucket/key", b""), ("HEAD", "/plain-bucket/key", b""), ("POST", "/plain-bucket/?delete", b"<Delete><Object><Key>k</Key></Object></Delete>"),
      ("POST", "/plain-bucket/key?uploads", b""), ("PUT", "/plain-bucket/key?partNumber=1&uploadId=x", b"part"),
      ("POST", "/plain-bucket/key?uploadId=x", b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"),
      ("GET", "/plain-bucket/?policy", b""), ("DELETE", "/plain-bucket/key", b"")]
PATHS = ["/..", "/../..", "/../canary/secret.txt", "/plain-bucket/../../canary/secret.txt", "/plain-bucket/../../../canary/secret.txt",
         "/plain-bucket/%2e%2e/%2e%2e/canary/secret.txt", "/plain-bucket/..%2f..%2fcanary%2fsecret.txt", "/plain-bucket/....//....//canary/secret.txt",
         "/plain-bucket//etc/passwd", "/plain-bucket/%00", "/plain-bucket/%ff%fe", "/plain-bucket/" + "a" * 3000, "/plain-bucket/" + "a/" * 500,
         "/%2e%2e", "/./plain-bucket/./key", "/plain-bucket/..", "/plain-bucket/.", "/plain-bucket/a/../../../canary/x", "/plain-bucket/\\..\\..\\canary",
         "/plain-bucket%2f..%2f..%2fcanary/secret.txt", "//canary/secret.txt", "/plain-bucket/con/..%5c", "/_snaplake/../canary", "/canary/secret.txt", "*", "/%", "/plain-bucket/%zz"]
DEEP = b"[" * 100_000 + b"]" * 100_000
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>'
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>'
BODIES = [b"", b"{", b"null", b"[]", b"\"x\"", b"1e999", b"{\"a\":1,\"a\":2}", b"\xff\xfe\x00", DEEP, b"{" * 5000, b"\x00" * 1000, b"{\"KeyId\":{}}",
          b"{\"DatabaseName\":\"..\",\"Name\":\"../../canary\"}", b"{\"QueryString\":\"\\u0000\\ud800\"}", b"&=&=&&&==%%%", b"Action=", b"Action=%ff", b"Action=GetRole&Action=GetRole",
          b"Action=DescribeDBSnapshots&MaxRecords=-1", b"Action=DescribeDBSnapshots&MaxRecords=99999999999999999999", b"Action=" + b"A" * 100_000,
          b"&".join(b"A.%d.B.%d=x" % (n, n) for n in range(2000)), b"Action=DescribeExportTasks&Filters.Filter.4294967296.Name=x", BOMB, EXTERNAL,
          b"<Delete>" * 20_000, b"<Delete><Object><Key>../../canary/secret.txt</Key></Object></Delete>", b"<a", b"<Tagging xmlns='x'/>", b"\xef\xbb\xbf<Delete/>"]


def corpus():
    """Known nasties: (what, bytes)."""
    for path in PATHS:
        for method in ("GET", "PUT", "DELETE"):
            yield "a path", raw(method, path, [], b"x" if method == "PUT" else b"")
            body = b"evil" if method == "PUT" else b""
            yield "a signed path", raw(method, path, signed("s3", method, path, [], body), body)
        yield "a copy", raw("PUT", "/plain-bucket/copy", signed("s3", "PUT", "/plain-bucket/copy", [("x-amz-copy-source", path)], b""), b"")
    for body in BODIES:
        for service, operations in JSON.items():
            for operation in [*list(operations)[-2:], "../x"]:
                headers = target(service, operation)
                yield "a body", raw("POST", "/", signed(service, "POST", "/", headers, body), body)
        for service in (*QUERY, "sns", ".."):
            yield "a form", raw("POST", "/", signed(service, "POST", "/", FORM, body), body)
        for method, path, _ in S3[1:7:2]:
            yield "an object's body", raw(method, path, signed("s3", method, path, [], body), body)
        yield "the admin's body", raw("POST", "/_snaplake/faults", [("Content-Type", "application/json")], body)
    good = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = signed("sts", "POST", "/", FORM, good)
    whole = raw("POST", "/", headers, good)
    lines = lambda *more: raw("POST", "/", [*headers, *more], good)  # noqa: E731
    yield "a huge header", lines(("X-Huge", "h" * 600_000))
    yield "many headers", lines(*((f"X-{n}", "v") for n in range(5000)))
    yield "two lengths", lines(("Content-Length", "5"))
    yield "length and chunks", lines(("Transfer-Encoding", "chunked"))
    yield "a negative length", raw("POST", "/", [*headers, ("Content-Length", "-1")], good, False)
    yield "a length that is none", raw("POST", "/", [*headers, ("Content-Length", "1e3")], good, False)
    yield "a length that never comes", raw("POST", "/", [*headers, ("Content-Length", "100000")], good, False)
    yield "a length beyond all", raw("POST", "/", [*headers, ("Content-Length", str(2**64))], good, False)
    yield "no length", raw("POST", "/", headers, good, False)
    chunked = [*headers, ("Transfer-Encoding", "chunked")]
    for chunks in (b"zz\r\nabc\r\n0\r\n\r\n", b"5\r\nab", b"ffffffffffffffff\r\nx", b"-1\r\n", b"3;" + b"x" * 100_000 + b"\r\nabc\r\n0\r\n\r\n",
                   b"1\r\na" * 3, b"0\r\n" + b"T: x\r\n" * 5000 + b"\r\n", b"5\r\nhello\r\n0\r\n\r\n"):
        yield "chunks", raw("POST", "/", chunked, chunks, False)
        yield "chunks of an object", raw("PUT", "/plain-bucket/chunked", [("Transfer-Encoding", "chunked"), *signed("s3", "PUT", "/plain-bucket/chunked", [], b"hello")], chunks, False)
    streaming = [("x-amz-decoded-content-length", "5"), ("Content-Encoding", "aws-chunked")]
    for piece in (b"5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\n\r\n", b"zz", b"ffffffff;chunk-signature=\r\n", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:xx\r\n\r\n"):
        for kind in ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
            own = [pair for pair in signed("s3", "PUT", "/plain-bucket/s", streaming, piece) if pair[0] != "x-amz-content-sha256"]
            yield "a stream", raw("PUT", "/plain-bucket/s", [*own, ("x-amz-content-sha256", kind)], piece)
    for line in (b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET http://evil/ HTTP/1.1\r\n\r\n",
                 b"CONNECT evil:443 HTTP/1.1\r\nHost: evil\r\n\r\n", b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", b"A" * 200_000,
                 b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n", b"\x00" * 4096, b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"):
        yield "a line", line
    for cut in (10, 40, 100, 300, len(whole) - 1):
        yield "cut off", whole[:cut]
    yield "two at once", whole + whole
    yield "one and rubbish", whole + b"\x00\xff rubbish"
    for header in ("", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f/g, SignedHeaders=, Signature=",
                   "AWS4-HMAC-SHA256 Credential=////,SignedHeaders=;;;,Signature=zz", "Basic xxx", "AWS4-ECDSA-P256-SHA256 Credential=x", "AWS4-HMAC-SHA256 " + "Credential=x," * 5000, "Ä"):
        yield "an authorization", raw("POST", "/", [*FORM, ("Authorization", header)], good)
        yield "an object's authorization", raw("GET", "/plain-bucket/key", [("Authorization", header)], b"")
    for query in ("X-Amz-Signature=x", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x&X-Amz-Date=x&X-Amz-Expires=-1&X-Amz-SignedHeaders=host&X-Amz-Signature=x",
                  "list-type=2&max-keys=-1", "list-type=2&max-keys=99999999999", "list-type=2&continuation-token=%00", "uploads&max-uploads=x", "partNumber=0&uploadId=../../x", "versionId=../.."):
        yield "a query", raw("GET", f"/plain-bucket/?{query}", signed("s3", "GET", f"/plain-bucket/?{query}", [], b""), b"")
        yield "an upload", raw("PUT", f"/plain-bucket/key?{query}", signed("s3", "PUT", f"/plain-bucket/key?{query}", [], b"x"), b"x")
    for value in ("bytes=-", "bytes=5-1", "bytes=0-99999999999999999999", "bytes=a-b", "bytes=0-1,2-3", "x"):
        yield "a range", raw("GET", "/plain-bucket/key", signed("s3", "GET", "/plain-bucket/key", [("Range", value)], b""), b"")


def mutated(random_, data):
    """A few random changes of bytes."""
    data = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(data) + 1)
        choice = random_.random()
        if choice < 0.3 and data:
            data[at % len(data)] = random_.randrange(256)
        elif choice < 0.5:
            data[at:at] = random_.randbytes(random_.randint(1, 20))
        elif choice < 0.7:
            del data[at : at + random_.randint(1, 40)]
        elif choice < 0.85:
            data[at:at] = data[at : at + random_.randint(1, 200)] * random_.randint(1, 5)
        else:
            data[at:at] = random_.choice([b"..", b"/../", b"%00", b"\x00", b"\r\n", b"\xff", b"{", b"]", b"<", b"&", b"=", b"99999999999999999999", b"-1", b"'", b'"', b"\\u0000", "😀".encode()])
    return bytes(data)


def strange(random_, value, depth=0):
    """A JSON value with something in it replaced."""
    odd = [None, True, -1, 2**63, 1e308, "", "..", "../../canary", "a" * 5000, "\x00", "😀", [], {}, [[]], {"": ""}, "s3://../..", "s3://lake-bucket/../../canary/", "file:///etc/passwd", "'; DROP TABLE t; --"]
    if random_.random() < 0.25 or depth > 5:
        return random_.choice(odd)
    if isinstance(value, dict):
        changed = {name: strange(random_, inner, depth + 1) if random_.random() < 0.5 else inner for name, inner in value.items()}
        if random_.random() < 0.2:
            changed[random_.choice(["Extra", "MaxResults", "NextToken", ""])] = random_.choice(odd)
        return changed
    if isinstance(value, list):
        return [strange(random_, inner, depth + 1) for inner in value] * random_.randint(0, 3)
    if isinstance(value, str) and random_.random() < 0.5:
        return mutated(random_, value.encode()).decode("utf-8", "replace")
    return random_.choice(odd)


WORDS = "SELECT FROM WHERE ( ) , * 1 'a' \"b\" ? CREATE TABLE AS WITH INSERT INTO VALUES UNLOAD TO 's3://lake-bucket/../../canary/' format = 'PARQUET' PREPARE x EXECUTE USING DROP VIEW t lake . ; -- /* \x00 ARRAY [ ] partitioned_by SHOW EXPLAIN CAST OVER DATE '2020-01-01' UNION ALL".split(" ")


def random_one(random_):
    kind = random_.random()
    if kind < 0.4:
        service = random_.choice(list(JSON))
        operation = random_.choice(list(JSON[service]))
        body = json.dumps(strange(random_, JSON[service][operation])).encode()
        if service == "athena" and operation == "StartQueryExecution" and random_.random() < 0.7:
            body = json.dumps({"QueryString": " ".join(random_.choices(WORDS, k=random_.randint(1, 25))), "QueryExecutionContext": {"Database": "lake"}}).encode()
        if random_.random() < 0.3:
            body = mutated(random_, body)
        headers, method, path = target(service, operation), "POST", "/"
    elif kind < 0.65:
        service = random_.choice(list(QUERY))
        body = mutated(random_, random_.choice(QUERY[service]).encode())
        headers, method, path = FORM, "POST", "/"
    else:
        service = "s3"
        method, path, body = random_.choice(S3)
        if random_.random() < 0.5:
            path = "/" + urllib.parse.quote(mutated(random_, path[1:].encode()), safe="/?&=%.~-_" if random_.random() < 0.5 else "/?&=.~-_")
        body = mutated(random_, body) if random_.random() < 0.6 else body
        headers = [(random_.choice(["x-amz-server-side-encryption", "x-amz-meta-x", "x-amz-copy-source", "x-amz-acl"]), random_.choice(["aws:kms", "..", "x" * 3000, "/plain-bucket/key"]))] if random_.random() < 0.3 else []
    if random_.random() < 0.85:
        headers = signed(service, method, path, headers, body)
    data = raw(method, path, headers, body)
    # Half of them are broken as HTTP, too.
    return mutated(random_, data) if random_.random() < 0.35 else data


# Bound to loopback, and to nothing else.
listening = [line.split()[1] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
own = [address for address in listening if int(address.split(":")[1], 16) == int(PORT)]
assert own and all(address.startswith("0100007F:") for address in own), own
assert HOST == "127.0.0.1"

before = outside()
alive()
count = 0
for what, data in corpus():
    send(data, what)
    count += 1
    if count % 200 == 0:
        alive()
alive()
# A client that stops in the middle must not hold up the others.
idle = [socket.create_connection((HOST, int(PORT))) for _ in range(50)]
for connection in idle:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")
alive()
for connection in idle:
    connection.close()

chance = random.Random(SEED)
end, tried = time.monotonic() + SECONDS, 0
while time.monotonic() < end:
    send(random_one(chance), f"seed {SEED}, number {tried}")
    tried += 1
    if tried % 200 == 0:
        alive()
alive()
assert outside() == before, set(outside().items()) ^ set(before.items())
# What was written is where it belongs, and nothing escaped within the folder either.
for path in pathlib.Path("cloud").rglob("*"):
    assert pathlib.Path("cloud").resolve() in path.resolve().parents, path
# The right callers are still served.
assert client("glue").get_databases()["DatabaseList"]
print(f"{count} known and {tried} random requests from seed {SEED}")
