"""The operations that the pipeline by hand does not show, lists in pages, documented errors."""

import json

from common import ACCOUNT, KEY, REGION, client, fails

rds, glue, athena, kms, s3 = (client(name) for name in ("rds", "glue", "athena", "kms", "s3"))
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}"

# --- RDS -------------------------------------------------------------------------------------
with fails("DBInstanceNotFound", 404):
    rds.describe_db_instances(DBInstanceIdentifier="missing")
with fails("DBClusterNotFoundFault", 404):
    rds.describe_db_clusters(DBClusterIdentifier="missing")
with fails("DBSnapshotNotFound", 404):
    rds.describe_db_snapshots(DBSnapshotIdentifier="missing")
with fails("DBClusterSnapshotNotFoundFault", 404):
    rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="missing")
with fails("DBInstanceNotFound", 404):
    rds.create_db_snapshot(DBInstanceIdentifier="missing", DBSnapshotIdentifier="s")
with fails("InvalidParameterValue", 400):
    rds.create_db_snapshot(DBInstanceIdentifier="shop-prod", DBSnapshotIdentifier="bad--name")
with fails("DBSnapshotAlreadyExists", 400):
    rds.create_db_snapshot(DBInstanceIdentifier="shop-prod", DBSnapshotIdentifier="before-launch")
assert rds.describe_db_snapshots(DBInstanceIdentifier="shop-prod", SnapshotType="manual")["DBSnapshots"][0]["DBSnapshotIdentifier"] == "before-launch"
cluster = rds.describe_db_clusters(DBClusterIdentifier="ledger")["DBClusters"][0]
assert cluster["Engine"] == "aurora-postgresql" and cluster["Status"] == "available"
automated = rds.describe_db_cluster_snapshots(DBClusterIdentifier="ledger")["DBClusterSnapshots"][0]
with fails("InvalidDBClusterSnapshotStateFault", 400):
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=automated["DBClusterSnapshotIdentifier"])
rds.create_db_cluster_snapshot(DBClusterIdentifier="ledger", DBClusterSnapshotIdentifier="by-hand")
rds.get_waiter("db_cluster_snapshot_available").wait(DBClusterSnapshotIdentifier="by-hand", WaiterConfig={"Delay": 1})
arn = f"{ARN}:cluster-snapshot:by-hand"
rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
assert rds.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "b", "Value": ""}]
with fails("DBSnapshotNotFound", 404):
    rds.list_tags_for_resource(ResourceName=f"{ARN}:snapshot:missing")
for number in range(25):
    rds.create_db_snapshot(DBInstanceIdentifier="shop-prod", DBSnapshotIdentifier=f"many-{number:02}")
pages = list(rds.get_paginator("describe_db_snapshots").paginate(SnapshotType="manual", PaginationConfig={"PageSize": 20}))
assert [len(page["DBSnapshots"]) for page in pages] == [20, 7]
with fails("InvalidParameterValue", 400):
    rds.describe_db_snapshots(MaxRecords=19)
assert rds.delete_db_snapshot(DBSnapshotIdentifier="many-00")["DBSnapshot"]["DBSnapshotIdentifier"] == "many-00"
with fails("DBSnapshotNotFound", 404):
    rds.delete_db_snapshot(DBSnapshotIdentifier="many-00")

export = dict(
    ExportTaskIdentifier="x1",
    SourceArn=f"{ARN}:snapshot:before-launch",
    S3BucketName="lake-bucket",
    IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/pipeline/export",
    KmsKeyId=KEY,
)


def export_fails(code, status, **changed):
    with fails(code, status):
        rds.start_export_task(**{**export, **changed})


export_fails("DBSnapshotNotFound", 404, SourceArn=f"{ARN}:snapshot:missing")
export_fails("DBClusterSnapshotNotFoundFault", 404, SourceArn=f"{ARN}:cluster-snapshot:missing")
export_fails("DBClusterNotFoundFault", 404, SourceArn=f"{ARN}:cluster:missing")
export_fails("IamRoleNotFound", 404, IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/missing")
export_fails("IamRoleMissingPermissions", 400, IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/untrusting")
export_fails("InvalidS3BucketFault", 400, S3BucketName="no-such-bucket")
export_fails("KMSKeyNotAccessibleFault", 400, KmsKeyId=KEY.replace("1111", "2222"))
export_fails("InvalidExportOnly", 400, ExportOnly=["a.b.c.d"])
export_fails("InvalidParameterValue", 400, S3Prefix="a:b")
export_fails("InvalidParameterValue", 400, ExportTaskIdentifier="no spaces")
with fails("ExportTaskNotFound", 404):
    rds.describe_export_tasks(ExportTaskIdentifier="missing")
with fails("ExportTaskNotFound", 404):
    rds.cancel_export_task(ExportTaskIdentifier="missing")
rds.create_db_snapshot(DBInstanceIdentifier="shop-prod", DBSnapshotIdentifier="fresh")
export_fails("InvalidExportSourceState", 400, SourceArn=f"{ARN}:snapshot:fresh")

# Five at a time, one of a snapshot; a canceled one makes room.
for number in range(1, 6):
    rds.start_export_task(**{**export, "ExportTaskIdentifier": f"n{number}", "SourceArn": f"{ARN}:snapshot:many-{number:02}"})
export_fails("ExportTaskLimitReachedFault", 400)
assert rds.cancel_export_task(ExportTaskIdentifier="n1")["Status"] == "CANCELING"
assert rds.describe_export_tasks(ExportTaskIdentifier="n1")["ExportTasks"][0]["Status"] == "CANCELED"
with fails("InvalidExportTaskStateFault", 400):
    rds.cancel_export_task(ExportTaskIdentifier="n1")
rds.start_export_task(**export)
# A table that is not there fails the task, not the call.
rds.cancel_export_task(ExportTaskIdentifier="n2")
rds.describe_export_tasks(ExportTaskIdentifier="n2")
rds.start_export_task(**{**export, "ExportTaskIdentifier": "bad", "SourceArn": f"{ARN}:snapshot:many-07", "ExportOnly": ["shop.nothing"]})
while (task := rds.describe_export_tasks(ExportTaskIdentifier="bad")["ExportTasks"][0])["Status"] not in ("COMPLETE", "FAILED"):
    pass
assert task["Status"] == "FAILED" and "nothing" in task["FailureCause"], task
while rds.describe_export_tasks(ExportTaskIdentifier="x1")["ExportTasks"][0]["Status"] != "COMPLETE":
    pass
with fails("InvalidExportTaskStateFault", 400):
    rds.cancel_export_task(ExportTaskIdentifier="x1")

# --- KMS -------------------------------------------------------------------------------------
metadata = kms.describe_key(KeyId="alias/lake")["KeyMetadata"]
assert metadata["Arn"] == KEY and metadata["Enabled"] and metadata["KeyState"] == "Enabled"
with fails("NotFoundException", 400):
    kms.describe_key(KeyId="alias/missing")
assert kms.list_aliases(KeyId=KEY)["Aliases"][0]["AliasName"] == "alias/lake"
assert kms.list_keys()["Keys"][0]["KeyArn"] == KEY
assert json.loads(kms.get_key_policy(KeyId=KEY, PolicyName="default")["Policy"])["Statement"]
context = {"aws:s3:arn": "arn:aws:s3:::lake-bucket"}
sealed = kms.encrypt(KeyId=KEY, Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]
assert kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"] == b"secret"
with fails("InvalidCiphertextException", 400):
    kms.decrypt(CiphertextBlob=sealed)
with fails("InvalidCiphertextException", 400):
    kms.decrypt(CiphertextBlob=b"nonsense")
other = {"team": "data"}
again = kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext=context, DestinationKeyId="alias/lake", DestinationEncryptionContext=other)
assert again["SourceKeyId"] == again["KeyId"] == KEY and again["DestinationEncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
assert kms.decrypt(CiphertextBlob=again["CiphertextBlob"], EncryptionContext=other)["Plaintext"] == b"secret"
with fails("InvalidCiphertextException", 400):
    kms.re_encrypt(CiphertextBlob=sealed, DestinationKeyId=KEY)
with fails("NotFoundException", 400):
    kms.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext=context, DestinationKeyId="alias/missing")
key = kms.generate_data_key(KeyId=KEY, KeySpec="AES_256")
assert len(key["Plaintext"]) == 32 and kms.decrypt(CiphertextBlob=key["CiphertextBlob"])["Plaintext"] == key["Plaintext"]
assert "Plaintext" not in kms.generate_data_key_without_plaintext(KeyId=KEY, NumberOfBytes=64)
with fails("ValidationException", 400):
    kms.generate_data_key(KeyId=KEY)
before = len(kms.list_grants(KeyId=KEY)["Grants"])
assert before >= 1, "RDS gave itself a grant at each export"
grant = kms.create_grant(
    KeyId=KEY, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/nobody", Operations=["Decrypt"],
    RetiringPrincipal=f"arn:aws:iam::{ACCOUNT}:user/nobody", Constraints={"EncryptionContextSubset": context},
)
shown = [one for one in kms.list_grants(KeyId=KEY)["Grants"] if one["GrantId"] == grant["GrantId"]][0]
assert shown["Operations"] == ["Decrypt"] and shown["Constraints"] == {"EncryptionContextSubset": context}
nobody = client("kms", ("AKIANOBODYNOBODYNOB1", "nobody-secret", None))
assert nobody.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"] == b"secret"
with fails("AccessDeniedException", 400):
    nobody.encrypt(KeyId=KEY, Plaintext=b"x", EncryptionContext=context)
with fails("AccessDeniedException", 400):
    nobody.decrypt(CiphertextBlob=key["CiphertextBlob"])
# ReEncrypt wants both its halves, ReEncryptTo too.
half = kms.create_grant(KeyId=KEY, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/nobody", Operations=["ReEncryptFrom"])
with fails("AccessDeniedException", 400, "kms:ReEncryptTo"):
    nobody.re_encrypt(CiphertextBlob=sealed, SourceEncryptionContext=context, DestinationKeyId=KEY)
kms.revoke_grant(KeyId=KEY, GrantId=half["GrantId"])
nobody.retire_grant(KeyId=KEY, GrantId=grant["GrantId"])
with fails("AccessDeniedException", 400):
    nobody.decrypt(CiphertextBlob=sealed, EncryptionContext=context)
with fails("NotFoundException", 400):
    kms.revoke_grant(KeyId=KEY, GrantId=grant["GrantId"])
kms.disable_key(KeyId=KEY)
with fails("DisabledException", 400):
    kms.encrypt(KeyId=KEY, Plaintext=b"x")
assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Disabled"
export_fails("KMSKeyNotAccessibleFault", 400, ExportTaskIdentifier="x2")
kms.enable_key(KeyId=KEY)
with fails("ValidationException", 400):
    kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=31)
scheduled = kms.schedule_key_deletion(KeyId=KEY, PendingWindowInDays=7)
assert scheduled["KeyState"] == "PendingDeletion" and scheduled["PendingWindowInDays"] == 7 and scheduled["KeyId"] == KEY
metadata = kms.describe_key(KeyId=KEY)["KeyMetadata"]
assert metadata["KeyState"] == "PendingDeletion" and not metadata["Enabled"] and metadata["DeletionDate"] == scheduled["DeletionDate"]
for refused in (
    lambda: kms.encrypt(KeyId=KEY, Plaintext=b"x"), lambda: kms.enable_key(KeyId=KEY), lambda: kms.schedule_key_deletion(KeyId=KEY),
):
    with fails("KMSInvalidStateException", 400, "is pending deletion"):
        refused()
assert kms.cancel_key_deletion(KeyId=KEY)["KeyId"] == KEY
assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Disabled"
with fails("KMSInvalidStateException", 400, "is not pending deletion"):
    kms.cancel_key_deletion(KeyId=KEY)
kms.enable_key(KeyId=KEY)
assert kms.schedule_key_deletion(KeyId=KEY)["PendingWindowInDays"] == 30
kms.cancel_key_deletion(KeyId=KEY)
kms.enable_key(KeyId=KEY)

# --- Glue ------------------------------------------------------------------------------------
with fails("EntityNotFoundException", 400):
    glue.get_database(Name="missing")
with fails("AlreadyExistsException", 400):
    glue.create_database(DatabaseInput={"Name": "LAKE"})
glue.create_database(DatabaseInput={"Name": "scratch", "Description": "d", "Parameters": {"k": "v"}, "LocationUri": "s3://lake-bucket/"})
made = glue.get_database(Name="Scratch")["Database"]
assert made["Description"] == "d" and made["Parameters"] == {"k": "v"} and made["CatalogId"] == ACCOUNT
for number in range(12):
    glue.create_table(DatabaseName="scratch", TableInput={"Name": f"T{number:02}", "PartitionKeys": [{"Name": "year", "Type": "int"}, {"Name": "month", "Type": "string"}]})
pages = list(glue.get_paginator("get_tables").paginate(DatabaseName="scratch", PaginationConfig={"PageSize": 5}))
assert [len(page["TableList"]) for page in pages] == [5, 5, 2]
assert [table["Name"] for table in glue.get_tables(DatabaseName="scratch", Expression="t0[0-2]")["TableList"]] == ["t00", "t01", "t02"]
with fails("AlreadyExistsException", 400):
    glue.create_table(DatabaseName="scratch", TableInput={"Name": "t00"})
with fails("EntityNotFoundException", 400):
    glue.get_table(DatabaseName="scratch", Name="missing")
with fails("EntityNotFoundException", 400):
    glue.get_tables(DatabaseName="missing")
glue.update_table(DatabaseName="scratch", TableInput={"Name": "t00", "Description": "1"}, SkipArchive=True)
glue.update_table(DatabaseName="scratch", TableInput={"Name": "t00", "Description": "2"})
versions = glue.get_table_versions(DatabaseName="scratch", TableName="t00")["TableVersions"]
assert [(one["VersionId"], one["Table"].get("Description")) for one in versions] == [("2", "2"), ("1", "1")]
assert glue.get_table_version(DatabaseName="scratch", TableName="t00", VersionId="1")["TableVersion"]["Table"]["Description"] == "1"
glue.delete_table_version(DatabaseName="scratch", TableName="t00", VersionId="1")
errors = glue.batch_delete_table(DatabaseName="scratch", TablesToDelete=["t10", "missing"])["Errors"]
assert [error["TableName"] for error in errors] == ["missing"]
glue.delete_table(DatabaseName="scratch", Name="t11")
with fails("EntityNotFoundException", 400):
    glue.delete_table(DatabaseName="scratch", Name="t11")

table = dict(DatabaseName="scratch", TableName="t01")
partitions = [{"Values": [str(year), f"{month:02}"], "StorageDescriptor": {"Location": f"s3://lake-bucket/{year}/{month}/", "Columns": []}} for year in (2025, 2026) for month in range(1, 13)]
assert glue.batch_create_partition(**table, PartitionInputList=partitions)["Errors"] == []
assert len(glue.batch_create_partition(**table, PartitionInputList=partitions[:1])["Errors"]) == 1
with fails("AlreadyExistsException", 400):
    glue.create_partition(**table, PartitionInput=partitions[0])
glue.create_partition(**table, PartitionInput={"Values": ["2030", "01"]})
glue.delete_partition(**table, PartitionValues=["2030", "01"])
with fails("InvalidInputException", 400):
    glue.create_partition(**table, PartitionInput={"Values": ["2027"]})
pages = list(glue.get_paginator("get_partitions").paginate(**table, PaginationConfig={"PageSize": 10}))
assert [len(page["Partitions"]) for page in pages] == [10, 10, 4]
assert [one["Values"] for one in glue.get_partitions(**table, Expression="year = 2026 AND month >= '11'")["Partitions"]] == [["2026", "11"], ["2026", "12"]]
with fails("InvalidInputException", 400):
    glue.get_partitions(**table, Expression="nonsense(year)")
assert glue.get_partition(**table, PartitionValues=["2025", "01"])["Partition"]["StorageDescriptor"]["Location"].endswith("2025/1/")
with fails("EntityNotFoundException", 400):
    glue.get_partition(**table, PartitionValues=["1999", "01"])
assert len(glue.batch_get_partition(**table, PartitionsToGet=[{"Values": ["2025", "01"]}, {"Values": ["1999", "01"]}])["Partitions"]) == 1
glue.update_partition(**table, PartitionValueList=["2025", "01"], PartitionInput={"Values": ["2025", "01"], "Parameters": {"rows": "3"}})
assert glue.get_partition(**table, PartitionValues=["2025", "01"])["Partition"]["Parameters"] == {"rows": "3"}
errors = glue.batch_update_partition(**table, Entries=[
    {"PartitionValueList": [year, "01"], "PartitionInput": {"Values": [year, "01"], "Parameters": {"rows": "4"}}} for year in ("2025", "1999")])["Errors"]
assert [(error["PartitionValueList"], error["ErrorDetail"]["ErrorCode"]) for error in errors] == [(["1999", "01"], "EntityNotFoundException")], errors
assert glue.get_partition(**table, PartitionValues=["2025", "01"])["Partition"]["Parameters"] == {"rows": "4"}
glue.delete_partition(**table, PartitionValues=["2025", "01"])
assert len(glue.batch_delete_partition(**table, PartitionsToDelete=[{"Values": ["2025", "01"]}, {"Values": ["2025", "02"]}])["Errors"]) == 1
glue.delete_database(Name="scratch")
with fails("EntityNotFoundException", 400):
    glue.get_tables(DatabaseName="scratch")

crawler = glue.get_crawler(Name="lake-crawler")["Crawler"]
assert crawler["State"] == "READY" and crawler["DatabaseName"] == "lake"
with fails("EntityNotFoundException", 400):
    glue.get_crawler(Name="missing")
with fails("InvalidInputException", 400):
    glue.update_crawler(Name="lake-crawler", Targets={"S3Targets": [{"Path": "lake-bucket"}]})
with fails("InvalidInputException", 400):
    glue.update_crawler(Name="lake-crawler", RecrawlPolicy={"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}, SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"})
with fails("CrawlerNotRunningException", 400):
    glue.stop_crawler(Name="lake-crawler")
exclude = ["export_*.json"]
glue.update_crawler(
    Name="lake-crawler", Targets={"S3Targets": [{"Path": "s3://lake-bucket/x1/", "Exclusions": exclude}]},
    SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
    Configuration=json.dumps({"Version": 1.0, "Grouping": {"TableLevelConfiguration": 4}}),
)


def crawl():
    glue.start_crawler(Name="lake-crawler")
    with fails("CrawlerRunningException", 400):
        glue.start_crawler(Name="lake-crawler")
    states = ["RUNNING"]
    while states[-1] != "READY":
        shown = glue.get_crawler(Name="lake-crawler")["Crawler"]
        states.append(shown["State"])
    return states, shown["LastCrawl"]


states, last = crawl()
assert last["Status"] == "SUCCEEDED", last
assert list(dict.fromkeys(states)) == ["RUNNING", "STOPPING", "READY"], states
crawled = {table["Name"]: table for table in glue.get_tables(DatabaseName="lake")["TableList"]}
assert {"shop_customers", "shop_orders"} <= set(crawled), list(crawled)
names = [column["Name"] for column in crawled["shop_customers"]["StorageDescriptor"]["Columns"]]
assert names == ["id", "name", "balance"], names
found = glue.get_crawler_metrics(CrawlerNameList=["lake-crawler"])["CrawlerMetricsList"][0]
assert found["TablesCreated"] == 2 and found["LastRuntimeSeconds"] > 60, found
assert [one["State"] for one in glue.list_crawls(CrawlerName="lake-crawler")["Crawls"]] == ["COMPLETED"]
assert glue.list_crawlers()["CrawlerNames"] == ["lake-crawler"]
assert [one["Name"] for one in glue.get_crawlers()["Crawlers"]] == ["lake-crawler"]
glue.start_crawler(Name="lake-crawler")
glue.stop_crawler(Name="lake-crawler")
with fails("CrawlerStoppingException", 400):
    glue.stop_crawler(Name="lake-crawler")
while (stopped := glue.get_crawler(Name="lake-crawler")["Crawler"])["State"] != "READY":
    pass
assert stopped["LastCrawl"]["Status"] == "CANCELLED"
# Under a role that does not trust Glue a crawl fails, and says so.
glue.update_crawler(Name="lake-crawler", Role="untrusting")
_, last = crawl()
assert last["Status"] == "FAILED" and "assume" in last["ErrorMessage"], last
glue.create_crawler(Name="second", Role="crawler", DatabaseName="lake", Targets={"S3Targets": [{"Path": "s3://lake-bucket/"}]})
with fails("AlreadyExistsException", 400):
    glue.create_crawler(Name="second", Role="crawler", Targets={"S3Targets": []})
glue.delete_crawler(Name="second")
with fails("EntityNotFoundException", 400):
    glue.delete_crawler(Name="second")

# --- Athena ----------------------------------------------------------------------------------
strict = athena.get_work_group(WorkGroup="strict")["WorkGroup"]
assert strict["Configuration"]["EnforceWorkGroupConfiguration"] and strict["State"] == "ENABLED"
assert strict["Configuration"]["BytesScannedCutoffPerQuery"] == 10_000_000
with fails("InvalidRequestException", 400, "is not found"):
    athena.get_work_group(WorkGroup="missing")
assert [group["Name"] for group in athena.list_work_groups()["WorkGroups"]] == ["homeless", "primary", "strict"]
with fails("InvalidRequestException", 400, "No output location provided"):
    athena.start_query_execution(QueryString="SELECT 1", WorkGroup="homeless")
with fails("InvalidRequestException", 400):
    athena.start_query_execution(QueryString="SELEC 1")
with fails("InvalidRequestException", 400, "was not found"):
    athena.get_query_execution(QueryExecutionId="00000000-0000-0000-0000-000000000000")


def run(sql, **more):
    id = athena.start_query_execution(QueryString=sql, **more)["QueryExecutionId"]
    while (shown := athena.get_query_execution(QueryExecutionId=id)["QueryExecution"])["Status"]["State"] in ("QUEUED", "RUNNING"):
        pass
    return id, shown


# The workgroup's settings win where it enforces them.
id, shown = run("SELECT 1", WorkGroup="strict", ResultConfiguration={"OutputLocation": "s3://plain-bucket/mine/"})
assert shown["ResultConfiguration"]["OutputLocation"] == f"s3://lake-bucket/strict/{id}.csv", shown
assert shown["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_KMS", "KmsKey": KEY}
id, shown = run("SELECT CAST(1 AS integer)", ResultConfiguration={"OutputLocation": "s3://plain-bucket/mine/"})
assert shown["ResultConfiguration"]["OutputLocation"] == f"s3://plain-bucket/mine/{id}.csv"
results = athena.get_query_results(QueryExecutionId=id)
assert [row["Data"][0]["VarCharValue"] for row in results["ResultSet"]["Rows"]] == ["_col0", "1"]
assert results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"][0]["Type"] == "integer"
token = "t" * 32
first = athena.start_query_execution(QueryString="SELECT 2", ClientRequestToken=token)["QueryExecutionId"]
assert athena.start_query_execution(QueryString="SELECT 2", ClientRequestToken=token)["QueryExecutionId"] == first
with fails("InvalidRequestException", 400):
    athena.get_query_results(QueryExecutionId=athena.start_query_execution(QueryString="SELECT 3")["QueryExecutionId"], MaxResults=1001)
id = athena.start_query_execution(QueryString="SELECT 4")["QueryExecutionId"]
athena.stop_query_execution(QueryExecutionId=id)
assert athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]["State"] == "CANCELLED"
with fails("InvalidRequestException", 400, "Final query state: CANCELLED"):
    athena.get_query_results(QueryExecutionId=id)
athena.stop_query_execution(QueryExecutionId=first)
batch = athena.batch_get_query_execution(QueryExecutionIds=[id, "00000000-0000-0000-0000-000000000000"])
assert len(batch["QueryExecutions"]) == 1 and len(batch["UnprocessedQueryExecutionIds"]) == 1
ids = [one for page in athena.get_paginator("list_query_executions").paginate(WorkGroup="primary", PaginationConfig={"PageSize": 2}) for one in page["QueryExecutionIds"]]
assert id in ids and len(ids) == len(set(ids))
_, shown = run("SHOW TABLES IN lake")
assert shown["StatementType"] in ("UTILITY", "DDL") and shown["Status"]["State"] == "SUCCEEDED", shown
assert athena.get_query_runtime_statistics(QueryExecutionId=id)["QueryRuntimeStatistics"]
_, shown = run("SELECT COUNT(*) FROM shop_orders", QueryExecutionContext={"Database": "lake"})
assert shown["Status"]["State"] == "SUCCEEDED", shown["Status"]
assert shown["Statistics"]["TotalExecutionTimeInMillis"] >= shown["Statistics"]["QueryQueueTimeInMillis"]
assert athena.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
assert athena.get_data_catalog(Name="AwsDataCatalog")["DataCatalog"]["Type"] == "GLUE"
assert [one["Name"] for one in athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]] == ["default", "lake"]
assert athena.get_database(CatalogName="AwsDataCatalog", DatabaseName="lake")["Database"]["Name"] == "lake"
assert "shop_orders" in [one["Name"] for one in athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="lake")["TableMetadataList"]]
assert athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="lake", TableName="shop_orders")["TableMetadata"]["Columns"][0]["Name"] == "id"
with fails("MetadataException", 400):
    athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName="lake", TableName="missing")

# --- Statements that write, and those that a workgroup keeps --------------------------------------
lake = {"QueryExecutionContext": {"Database": "lake"}}
id, shown = run("CREATE TABLE copied AS SELECT id, name FROM shop_customers", **lake)
assert shown["Status"]["State"] == "SUCCEEDED" and shown["SubstatementType"] == "CREATE_TABLE_AS_SELECT", shown
assert shown["ResultConfiguration"]["OutputLocation"] == f"s3://lake-bucket/athena-results/{id}"
results = athena.get_query_results(QueryExecutionId=id)
assert results["UpdateCount"] == 100 and results["ResultSet"]["Rows"] == [], results
assert results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"][0]["Name"] == "rows"
location = glue.get_table(DatabaseName="lake", Name="copied")["Table"]["StorageDescriptor"]["Location"]
assert location.startswith("s3://lake-bucket/athena-results/Unsaved/20") and location.endswith(f"/tables/{id}/"), location
_, shown = run("CREATE TABLE no WITH (external_location = 's3://plain-bucket/no/') AS SELECT 1 AS x", WorkGroup="strict", **lake)
assert shown["Status"]["State"] == "FAILED" and "external_location" in shown["Status"]["StateChangeReason"], shown["Status"]
_, shown = run("EXPLAIN SELECT count(*) FROM copied", **lake)
assert (shown["Status"]["State"], shown["SubstatementType"]) == ("SUCCEEDED", "EXPLAIN"), shown
_, shown = run("CREATE TABLE no WITH (bucketed_by = ARRAY['x'], bucket_count = 2) AS SELECT 1 AS x", **lake)
assert shown["Status"]["StateChangeReason"].startswith("REHEARSAL_CANNOT_RUN"), shown["Status"]
with fails("InvalidRequestException", 400, "262144"):
    athena.start_query_execution(QueryString="SELECT '" + "x" * 262_144 + "'")
id, shown = run("SELECT ? AS a, ? AS b", ExecutionParameters=["'it''s'", "DATE '2020-02-29'"])
assert shown["ExecutionParameters"] == ["'it''s'", "DATE '2020-02-29'"], shown
assert [cell["VarCharValue"] for cell in athena.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"][1]["Data"]] == ["it's", "2020-02-29"]
_, shown = run("SELECT ? AS a", ExecutionParameters=["1", "2"])
assert "expected 1 but found 2" in shown["Status"]["StateChangeReason"], shown["Status"]
kept = dict(WorkGroup="primary", StatementName="kept")
athena.create_prepared_statement(**kept, QueryStatement="SELECT ? AS a", Description="d")
with fails("InvalidRequestException", 400, "already exists"):
    athena.create_prepared_statement(**kept, QueryStatement="SELECT ? AS a")
with fails("InvalidRequestException", 400):
    athena.create_prepared_statement(WorkGroup="primary", StatementName="bad", QueryStatement="DROP TABLE copied")
with fails("InvalidRequestException", 400):
    athena.create_prepared_statement(WorkGroup="primary", StatementName="no-dashes", QueryStatement="SELECT 1")
found = athena.get_prepared_statement(**kept)["PreparedStatement"]
assert (found["QueryStatement"], found["Description"], found["WorkGroupName"]) == ("SELECT ? AS a", "d", "primary")
athena.update_prepared_statement(**kept, QueryStatement="SELECT ? + 1 AS a")
batch = athena.batch_get_prepared_statement(WorkGroup="primary", PreparedStatementNames=["kept", "missing"])
assert len(batch["PreparedStatements"]) == 1 and batch["UnprocessedPreparedStatementNames"][0]["StatementName"] == "missing", batch
id, shown = run("EXECUTE kept USING 41")
assert shown["Query"] == "EXECUTE kept USING 41" and shown["SubstatementType"] == "SELECT", shown
assert athena.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"] == "42"
for number in range(3):
    run(f"PREPARE more_{number} FROM SELECT {number} AS n")
pages = list(athena.get_paginator("list_prepared_statements").paginate(WorkGroup="primary", PaginationConfig={"PageSize": 2})) if athena.can_paginate("list_prepared_statements") else [athena.list_prepared_statements(WorkGroup="primary")]
assert [one["StatementName"] for page in pages for one in page["PreparedStatements"]] == ["kept", "more_0", "more_1", "more_2"]
athena.delete_prepared_statement(**kept)
for call in (athena.get_prepared_statement, athena.delete_prepared_statement):
    with fails("ResourceNotFoundException", 400):
        call(**kept)
with fails("InvalidRequestException", 400, "was not found in workGroup primary"):
    run("EXECUTE kept USING 1")

# --- What is left of the served operations --------------------------------------------------------
assert kms.list_key_policies(KeyId=KEY)["PolicyNames"] == ["default"]
assert kms.get_key_rotation_status(KeyId=KEY)["KeyRotationEnabled"] is False
assert glue.get_tags(ResourceArn=f"arn:aws:glue:{REGION}:{ACCOUNT}:crawler/lake-crawler")["Tags"] == {}
rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="by-hand")
assert "SecureTransport" in s3.get_bucket_policy(Bucket="policed-bucket")["Policy"]
grant = kms.create_grant(KeyId=KEY, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/nobody", Operations=["Decrypt"])
kms.revoke_grant(KeyId=KEY, GrantId=grant["GrantId"])
assert s3.list_objects(Bucket="lake-bucket", MaxKeys=2)["IsTruncated"]

# --- What is not served says so ---------------------------------------------------------------
with fails("UnknownOperationException", 400):
    glue.get_jobs()
with fails("InvalidAction", 400):
    rds.describe_db_engine_versions()
with fails("InvalidAction", 400):
    client("sns").list_topics()
with fails("NotImplemented", 501):
    client("cloudformation").list_stacks()

# --- SNS -------------------------------------------------------------------------------------
sns = client("sns")
topic = f"arn:aws:sns:{REGION}:{ACCOUNT}"
assert sns.publish(TopicArn=f"{topic}:people", Subject="done", Message="3 tables & 陽菜")["MessageId"]
assert sns.publish(TopicArn=f"{topic}:sealed", Message="x")["MessageId"]
with fails("NotFound", 404):
    sns.publish(TopicArn=f"{topic}:missing", Message="x")
with fails("InvalidParameter", 400):
    sns.publish(TopicArn=f"{topic}:people", Message="x", Subject="two\nlines")
with fails("InvalidParameter", 400):
    sns.publish(TopicArn=f"{topic}:people", Message="x" * 262_145)
