"""A stand-in for an account with the roles, bucket and key of a generated project.

Usage: live_account.py FOLDER   (the folder of the generated policies)

moto holds them; iam:SimulatePrincipalPolicy, which it lacks, says yes to everything but
s3:DeleteObject. Prints the endpoint, and serves until its stdin is closed.
"""

import io
import pathlib
import sys
import threading
import urllib.parse

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

PLACEHOLDER = "00000000-0000-0000-0000-000000000000"
ANSWER = """<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member>
<EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>
<EvalDecision>{decision}</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"""

moto = DomainDispatcherApplication(create_backend_app)


def application(environ, start):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    if b"Action=SimulatePrincipalPolicy" not in body:
        return moto(environ, start)
    form = urllib.parse.parse_qs(body.decode())
    action = form["ActionNames.member.1"][0]
    decision = "implicitDeny" if action == "s3:DeleteObject" else "allowed"
    text = ANSWER.format(action=action, resource=form["ResourceArns.member.1"][0], decision=decision)
    start("200 OK", [("Content-Type", "text/xml")])
    return [text.replace("&", "&amp;").encode()]


def seed(endpoint, folder):
    def client(service):
        return boto3.client(service, endpoint_url=endpoint, region_name="ap-northeast-1",
                            aws_access_key_id="x", aws_secret_access_key="x")

    kms, iam, s3 = client("kms"), client("iam"), client("s3")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/shop-lake", TargetKeyId=key)

    def policy(name):
        return (folder / f"{name}.json").read_text().replace(PLACEHOLDER, key)

    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy("lake-key"))
    s3.create_bucket(Bucket="example-shop-lake",
                     CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_bucket_policy(Bucket="example-shop-lake", Policy=policy("lake-bucket"))
    for role in ("export", "runner", "analyst"):
        name = f"shop-{role}"
        iam.create_role(RoleName=name, Path="/snaplake/",
                        AssumeRolePolicyDocument=policy(f"{role}-trust"))
        if role == "analyst":
            made = iam.create_policy(PolicyName=name, PolicyDocument=policy(role))
            iam.attach_role_policy(RoleName=name, PolicyArn=made["Policy"]["Arn"])
        else:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(role))


def main():
    server = make_server("127.0.0.1", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    seed(endpoint, pathlib.Path(sys.argv[1]))
    print(endpoint, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
