"""Clients of the cloud under test, and how an expected error is written."""

import contextlib
import json
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT, REGION = "111122223333", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
CLOUD = json.loads(os.environ["CLOUD"])
ADMIN = ("AKIAADMINADMINADMIN1", "admin-secret", None)
NOBODY = ("AKIANOBODYNOBODYNOB1", "nobody-secret", None)


def client(service, who=ADMIN, region=REGION, **config):
    key, secret, token = who
    made = boto3.client(
        service,
        region_name=region,
        endpoint_url=CLOUD["endpoint"],
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, **config),
    )
    made.meta.events.register("after-call", record)
    return made


def record(model, parsed, **_):
    """Notes an operation whose answer botocore has parsed, for the test that counts them."""
    if (path := os.environ.get("CALLED")) and parsed["ResponseMetadata"]["HTTPStatusCode"] < 300:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{model.service_model.service_name} {model.name}\n")


@contextlib.contextmanager
def fails(code, status=None, saying=None):
    """The block must fail with this error code."""
    try:
        yield
    except ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == code, f"expected {code}, got {got}: {error}"
        if status is not None:
            http = error.response["ResponseMetadata"]["HTTPStatusCode"]
            assert http == status, f"expected status {status}, got {http}: {error}"
        if saying is not None:
            assert saying in str(error), f"{saying!r} is not in {error}"
    else:
        raise AssertionError(f"expected {code}, but the call succeeded")
