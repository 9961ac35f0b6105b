//! `snaplake iam evaluate`.

use super::support;
use std::io::Write as _;
use std::process::{Output, Stdio};

const ALLOWED: &str = r#"{"name": "may read", "request": {"principal": "arn:aws:iam::111122223333:role/x", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}, "identity_policies": [{"name": "p", "policy": {"Version": "2012-10-17", "Statement": {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}}]}"#;
const DENIED: &str = r#"{"name": "nobody \"else\"", "request": {"principal": "anonymous", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}}"#;

/// Runs the command over what stands on standard input.
fn evaluate(input: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut child = support::snaplake(folder.path())
        .args(["iam", "evaluate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<&str> {
    std::str::from_utf8(&output.stdout).unwrap().lines().collect()
}

#[test]
fn one_line_comes_out_for_each_case() {
    let output = evaluate(format!("{ALLOWED}\n{DENIED}\n").as_bytes());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        lines(&output),
        [
            r#"{"name":"may read","decision":"allowed","decided_by":"identity_policies","statement":{"document":"p","index":0,"sid":"Read"}}"#,
            r#"{"name":"nobody \"else\"","decision":"implicitly_denied","decided_by":"resource_policy","statement":null}"#,
        ]
    );
}

#[test]
fn every_form_of_input_gives_the_same() {
    let wanted = evaluate(format!("{ALLOWED}\n{DENIED}").as_bytes());
    let pretty: serde_json::Value =
        serde_json::from_str(&format!("[{ALLOWED}, {DENIED}]")).unwrap();
    for input in [
        format!("[{ALLOWED}, {DENIED}]"),
        serde_json::to_string_pretty(&pretty).unwrap(),
        format!("{:#}\n{:#}", pretty[0], pretty[1]),
        format!("\u{feff}{ALLOWED}\r\n\r\n{DENIED}\r\n"),
    ] {
        let output = evaluate(input.as_bytes());
        assert_eq!(lines(&output), lines(&wanted), "{input}");
        assert_eq!(output.status.code(), Some(0));
    }
    let single = evaluate(ALLOWED.as_bytes());
    assert_eq!(lines(&single), lines(&wanted)[..1]);
}

#[test]
fn a_malformed_case_is_a_line_with_an_error_and_the_others_still_run() {
    let unknown = ALLOWED.replace("\"Sid\"", "\"Siid\"").replace("may read", "unknown element");
    let operator = ALLOWED
        .replace(
            "\"Resource\": \"*\"",
            r#""Resource": "*", "Condition": {"StringMatches": {"a:b": "c"}}"#,
        )
        .replace("may read", "unknown operator");
    let input =
        format!("{unknown}\n{ALLOWED}\nno JSON at all\n{operator}\n{{\"name\": \"cut\n{DENIED}\n");
    let output = evaluate(input.as_bytes());
    assert_eq!(output.status.code(), Some(2));
    let answers: Vec<serde_json::Value> =
        lines(&output).into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(&str, bool)> = answers
        .iter()
        .map(|it| (it["name"].as_str().unwrap_or("?"), it.get("error").is_some()))
        .collect();
    assert_eq!(
        told,
        [
            ("unknown element", true),
            ("may read", false),
            ("?", true),
            ("unknown operator", true),
            ("?", true),
            ("nobody \"else\"", false),
        ]
    );
    let error = |index: usize| answers[index]["error"].as_str().unwrap();
    assert_eq!(
        error(0),
        "`identity_policies[0]`: line 1, column 41: a statement has no element `Siid` (did you mean `Sid`?)"
    );
    assert!(
        error(3).contains("line 1, column 132: there is no condition operator `StringMatches`"),
        "{}",
        error(3)
    );
}

#[test]
fn what_holds_no_cases_is_refused() {
    for (input, wanted) in
        [(&b""[..], "holds no cases"), (b"[]", "holds no cases"), (b"\xff", "is no UTF-8")]
    {
        let output = evaluate(input);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(wanted));
        assert!(output.stdout.is_empty());
    }
    let folder = tempfile::tempdir().unwrap();
    let output =
        support::snaplake(folder.path()).args(["iam", "evaluate", "gone.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no file `gone.json`"));
}
