"""Writes seed.json and the database behind it."""

import json
import sqlite3

ACCOUNT, REGION = "111122223333", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions, resources, **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def trust(service):
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


with sqlite3.connect("shop.db") as shop:
    shop.execute("CREATE TABLE customers (id INT NOT NULL PRIMARY KEY, name VARCHAR(40), balance DECIMAL(10,2))")
    shop.execute("CREATE TABLE orders (id BIGINT NOT NULL PRIMARY KEY, customer INT, placed DATETIME, note TEXT)")
    shop.executemany(
        "INSERT INTO customers VALUES (?, ?, ?)",
        [(n, None if n % 10 == 0 else f"客 {n}", n / 4) for n in range(1, 101)],
    )
    shop.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?)",
        [(n, n % 100 + 1, f"2026-01-{n % 28 + 1:02} 10:00:00", "n" * (n % 7)) for n in range(1, 2501)],
    )

# The policy that AWS gives as its example for the export role
# (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.Setup.html), and the right
# to the key that S3 asks for.
export = policy(
    allow(
        ["s3:PutObject*", "s3:ListBucket", "s3:GetObject*", "s3:DeleteObject*", "s3:GetBucketLocation"],
        ["arn:aws:s3:::lake-bucket", "arn:aws:s3:::lake-bucket/*"],
    ),
    allow(["kms:GenerateDataKey", "kms:Decrypt"], KEY),
)
crawler = policy(
    allow(["glue:*"], "*"),
    allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject"], ["arn:aws:s3:::lake-bucket", "arn:aws:s3:::lake-bucket/*"]),
    allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:*:*:*:/aws-glue/*"),
    allow("kms:Decrypt", KEY),
)
everything = policy(allow("*", "*"))
seed = {
    "roles": [
        {
            "arn": f"arn:aws:iam::{ACCOUNT}:role/pipeline/export",
            "trust": {"name": "export-trust", "document": trust("export.rds.amazonaws.com")},
            "policies": [{"name": "export", "document": export}],
        },
        {
            "arn": f"arn:aws:iam::{ACCOUNT}:role/crawler",
            "trust": {"name": "crawler-trust", "document": trust("glue.amazonaws.com")},
            "policies": [{"name": "crawler", "document": crawler}],
        },
        {
            "arn": f"arn:aws:iam::{ACCOUNT}:role/analyst",
            "trust": {
                "name": "analyst-trust",
                "document": policy(
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"sts:ExternalId": "secret"}},
                    }
                ),
            },
            "policies": [
                {
                    "name": "analyst",
                    "document": policy(
                        allow("s3:GetObject", "arn:aws:s3:::lake-bucket/public/*"),
                        allow("s3:ListBucket", "arn:aws:s3:::lake-bucket", Condition={"StringLike": {"s3:prefix": "public/*"}}),
                    ),
                }
            ],
        },
        {
            "arn": f"arn:aws:iam::{ACCOUNT}:role/untrusting",
            "trust": {"name": "untrusting-trust", "document": trust("lambda.amazonaws.com")},
        },
    ],
    "users": [
        {"arn": f"arn:aws:iam::{ACCOUNT}:user/admin", "policies": [{"name": "everything", "document": everything}],
         "access_key_id": "AKIAADMINADMINADMIN1", "secret_access_key": "admin-secret"},
        {"arn": f"arn:aws:iam::{ACCOUNT}:user/nobody", "policies": [],
         "access_key_id": "AKIANOBODYNOBODYNOB1", "secret_access_key": "nobody-secret"},
    ],
    "keys": [
        {
            "id": KEY.rsplit("/", 1)[1],
            "aliases": ["alias/lake"],
            "policy": {
                "name": "key",
                "document": policy(allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
            },
        }
    ],
    "buckets": [
        {"name": "lake-bucket", "encryption": {"Kms": {"key": KEY, "bucket_key": False}}, "tags": {"team": "data"}},
        {"name": "plain-bucket"},
    ],
    "databases": [
        {
            "id": "shop-prod",
            "engine": "mysql",
            "database": "shop",
            "source_url": "sqlite:shop.db",
            "snapshots": [{"automated": True, "hours_ago": 30}, {"automated": True, "hours_ago": 6},
                          {"name": "before-launch", "hours_ago": 100}],
        },
        {
            "id": "ledger", "cluster": True, "engine": "aurora-postgresql", "database": "ledger",
            "source_url": "sqlite:shop.db", "snapshots": [{"automated": True, "hours_ago": 2}],
        },
    ],
    "catalog": ["default", "lake"],
    "workgroups": [
        {"name": "primary", "results": "s3://lake-bucket/athena-results/"},
        {"name": "strict", "results": "s3://lake-bucket/strict/", "enforced": True,
         "bytes_scanned_cutoff": 10000000, "encryption": {"Kms": {"key": KEY, "bucket_key": False}}},
        {"name": "homeless"},
    ],
    "crawlers": [
        {"name": "lake-crawler", "role": f"arn:aws:iam::{ACCOUNT}:role/crawler", "database": "lake",
         "paths": ["s3://lake-bucket/exports/"], "configuration": "{\"Version\": 1.0}"},
    ],
    "topics": [
        {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:people"},
        {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:sealed", "key": KEY},
    ],
}
with open("seed.json", "w", encoding="utf-8") as file:
    json.dump(seed, file)
