"""Writes seed.json and the database behind it."""

import copy
import json
import pathlib
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
        {"name": "policed-bucket", "policy": {"name": "bucket-policy", "document": policy(
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::policed-bucket/*",
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}})}},
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
        # The file is written by the test that exports it.
        {"id": "flights", "engine": "mysql", "database": "nyc", "source_url": "sqlite:flights.db",
         "snapshots": [{"name": "year-2013", "hours_ago": 1}]},
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
with open("faults.json", "w", encoding="utf-8") as file:
    json.dump([{"service": "sts", "after": 1, "effect": {"error": {"status": 503, "code": "ServiceUnavailable"}}}], file)

# --- The same cloud under the policies that AWS's pages give as examples --------------------------
documented = copy.deepcopy(seed)
roles = {role["arn"].rsplit("/", 1)[1]: role for role in documented["roles"]}
catalog = lambda *resources: [f"arn:aws:glue:{REGION}:{ACCOUNT}:{one}" for one in ("catalog", *resources)]  # noqa: E731
managed = json.loads(pathlib.Path(__file__).parents[3].joinpath("src/iam/managed/data.json").read_text())["policies"]
aws = {policy["arn"].rsplit("/", 1)[1]: policy["document"] for policy in managed}
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.Setup.html
roles["export"]["policies"] = [{"name": "ExportPolicy", "document": policy(allow(
    ["s3:PutObject*", "s3:ListBucket", "s3:GetObject*", "s3:DeleteObject*", "s3:GetBucketLocation"],
    ["arn:aws:s3:::lake-bucket", "arn:aws:s3:::lake-bucket/*"]))}]
# https://docs.aws.amazon.com/glue/latest/dg/crawler-prereqs.html: the managed policy, and "at a minimum"
# this for the data.
roles["crawler"]["policies"] = [
    {"name": "AWSGlueServiceRole", "document": aws["AWSGlueServiceRole"]},
    {"name": "source", "document": policy(allow(["s3:GetObject"], ["arn:aws:s3:::lake-bucket/exports*"]))},
]
workgroup = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/primary"
analyst = [
    # https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html#example3-user-access
    {"name": "workgroup", "document": policy(
        allow(["athena:ListEngineVersions", "athena:ListWorkGroups", "athena:ListDataCatalogs", "athena:ListDatabases", "athena:GetDatabase",
               "athena:ListTableMetadata", "athena:GetTableMetadata"], "*"),
        allow(["athena:GetWorkGroup", "athena:BatchGetQueryExecution", "athena:GetQueryExecution", "athena:ListQueryExecutions",
               "athena:StartQueryExecution", "athena:StopQueryExecution", "athena:GetQueryResults", "athena:GetQueryResultsStream"], [workgroup]))},
    # https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena-prepared-statements.html
    {"name": "prepared", "document": policy(allow(
        ["athena:StartQueryExecution", "athena:CreatePreparedStatement", "athena:UpdatePreparedStatement", "athena:GetPreparedStatement",
         "athena:DeletePreparedStatement", "athena:ListPreparedStatements"], [workgroup]))},
    # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html: the
    # statement with the database `default`, and those of CREATE TABLE, SHOW TABLES and MSCK REPAIR TABLE.
    {"name": "catalog", "document": policy(
        allow(["glue:GetDatabase", "glue:GetDatabases", "glue:CreateDatabase"], catalog("database/default")),
        allow(["glue:GetDatabase", "glue:GetDatabases"], catalog("database/lake")),
        allow(["glue:GetTables", "glue:GetTable", "glue:GetPartitions", "glue:CreateTable"], catalog("database/lake", "table/lake/*")),
        allow(["glue:GetDatabase", "glue:GetTables"], catalog("database/lake", "table/lake/*")),
        allow(["glue:GetDatabase", "glue:CreateDatabase", "glue:GetTable", "glue:GetPartitions", "glue:GetPartition",
               "glue:BatchCreatePartition"], catalog("database/lake", "table/lake/*")))},
    # https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html: a bucket's objects.
    {"name": "objects", "document": policy(
        allow(["s3:ListBucket"], ["arn:aws:s3:::lake-bucket"]), allow("s3:*Object", ["arn:aws:s3:::lake-bucket/*"]))},
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAthenaFullAccess.html: where
    # results go, for another bucket.
    {"name": "results", "document": policy(*(
        {**one, "Resource": ["arn:aws:s3:::lake-bucket", "arn:aws:s3:::lake-bucket/athena-results/*"]}
        for one in aws["AmazonAthenaFullAccess"]["Statement"] if one["Sid"] == "BaseQueryResultsPermissions"))},
]
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html, KmsKeyId; the role is
# passed as https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html has it.
starter = [{"name": "starter", "document": policy(
    allow(["rds:StartExportTask", "rds:DescribeExportTasks"], "*"),
    allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/pipeline/export"))}]
people = ["user/starter", "user/analyst", "role/pipeline/export", "role/crawler"]
users = {"AWS": [f"arn:aws:iam::{ACCOUNT}:{who}" for who in people]}
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html: key users.
documented["keys"][0]["policy"]["document"] = policy(
    allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    allow(["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"], "*", Principal=users),
    allow(["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "*", Principal=users, Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}}),
)
documented["users"] += [
    {"arn": f"arn:aws:iam::{ACCOUNT}:user/analyst", "policies": analyst, "access_key_id": "AKIAANALYSTANALYST01", "secret_access_key": "analyst-secret"},
    {"arn": f"arn:aws:iam::{ACCOUNT}:user/starter", "policies": starter, "access_key_id": "AKIASTARTERSTARTER01", "secret_access_key": "starter-secret"},
]
with open("documented.json", "w", encoding="utf-8") as file:
    json.dump(documented, file)
