#!/usr/bin/env python3
"""Builds src/iam/managed/data.json: the AWS managed policies that pipelines like these come with.

The permission check reads them where a role has one attached, so that it can say what the role is
granted. Their texts are AWS's; moto (PyPI, Apache-2.0) carries them all:

    python3 scripts/build-managed-policies.py    in an environment that has moto
"""

import json
import pathlib
import re

import moto
from moto.iam.aws_managed_policies import aws_managed_policies_data

FILE = pathlib.Path(__file__).resolve().parent.parent / "src/iam/managed/data.json"

NAMES = """
AdministratorAccess PowerUserAccess
AmazonAthenaFullAccess AWSQuicksightAthenaAccess
AmazonEventBridgeFullAccess AmazonEventBridgeSchedulerFullAccess AWSStepFunctionsFullAccess
AmazonRDSFullAccess AmazonRDSReadOnlyAccess AmazonRDSDataFullAccess
AmazonS3FullAccess AmazonS3ReadOnlyAccess
AmazonSNSFullAccess AmazonSQSFullAccess SecretsManagerReadWrite
AWSGlueConsoleFullAccess AWSGlueServiceRole AWSLakeFormationDataAdmin
AWSKeyManagementServicePowerUser CloudWatchLogsFullAccess CloudWatchFullAccess
AWSLambdaBasicExecutionRole AWSLambdaExecute AWSLambdaRole AWSLambdaVPCAccessExecutionRole
AWSLambda_FullAccess AmazonVPCFullAccess IAMFullAccess
""".split()


def main():
    known = json.loads(aws_managed_policies_data)
    policies = []
    for name in sorted(NAMES):
        policy = known[name]
        arn = f"arn:aws:iam::aws:policy{policy.get('Path', '/')}{name}"
        updated = re.match(r"\d{4}-\d\d-\d\d", policy.get("UpdateDate") or policy["CreateDate"])[0]
        policies.append({"arn": arn, "version": policy["DefaultVersionId"], "updated": updated, "document": policy["Document"]})
    rows = ",\n".join(json.dumps(policy, sort_keys=True, separators=(",", ":")) for policy in policies)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(f'{{"source":"moto {moto.__version__}","policies":[\n{rows}\n]}}\n')


if __name__ == "__main__":
    main()
