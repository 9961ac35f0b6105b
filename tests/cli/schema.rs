//! `snaplake schema`, judged by Python's jsonschema: what the parser takes, the schema takes; what
//! the schema refuses, the parser refuses.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail this way")]

use crate::support::{repository, snaplake, tool};
use std::process::{Command, Stdio};

const JUDGE: &str = "
import json, sys, tomllib
from jsonschema import Draft202012Validator
given = json.load(sys.stdin)
Draft202012Validator.check_schema(given['schema'])
judge = Draft202012Validator(given['schema'])
print(json.dumps([judge.is_valid(tomllib.loads(text)) for text in given['texts']]))
";

fn schema() -> serde_json::Value {
    let output = snaplake(repository()).arg("schema").output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Files, and whether they have the right keys and kinds of values.
fn texts() -> Vec<(String, bool)> {
    let example =
        std::fs::read_to_string(repository().join("examples/snapshot-to-athena/snaplake.toml"))
            .unwrap();
    let several = "account = \"123456789012\"\nregion = \"eu-west-1\"\n\
         [source]\nengine = \"mysql\"\ndatabase = \"a\"\n\
         [[pipelines]]\nname = \"one\"\nsource = { instance = \"a\" }\nlake = { bucket = \"aaa\" }\n";
    let mut texts =
        vec![(example.clone(), true), (several.to_owned(), true), (String::new(), false)];
    for (from, to) in [
        ("name = \"shop\"", "nam = \"shop\""),
        ("name = \"shop\"", "name = 1"),
        ("name = \"shop\"", "name = \"-\""),
        ("region = \"ap-northeast-1\"", ""),
        ("engine = \"aurora-mysql\"", "engine = \"oracle\""),
        ("engine = \"aurora-mysql\"", ""),
        ("cluster = \"shop-prod\"", ""),
        ("cluster = \"shop-prod\"", "cluster = \"a\"\ninstance = \"b\""),
        ("snapshot = \"latest-automated\"", "snapshot = \"latest\""),
        ("\"shop.categories\"", "5"),
        ("[lake]", "[lakes]"),
        ("bucket = \"example-shop-lake\"", "bucket = \"UPPER\""),
        ("key = \"create\"", "key = true"),
        ("mode = \"direct\"", "mode = \"both\""),
        ("exports = 3", "exports = 0"),
        ("exports = 3", "exports = 3.5"),
        ("service = \"shop\"", "service = 7"),
        ("path = \"/snaplake/\"", "path = \"/snaplake/\"\nconfused_deputy_conditions = 1"),
        ("name = \"daily_sales\"", ""),
        ("name = \"daily_sales\"", "name = \"daily_sales\"\nfile = \"x\""),
        ("[rehearsal]\nsource", "[rehearsal]\nsauce"),
    ] {
        assert!(example.contains(from), "{from}");
        texts.push((example.replacen(from, to, 1), false));
    }
    texts
}

fn parses(text: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("snaplake.toml"), text).unwrap();
    let output = snaplake(folder.path()).args(["generate", "--check"]).output().unwrap();
    // Nothing was generated there, so a good configuration differs from what is on disk.
    match output.status.code() {
        Some(1) => true,
        Some(2) => false,
        other => panic!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn schema_and_parser_agree() {
    let texts = texts();
    for (text, good) in &texts {
        assert_eq!(parses(text), *good, "{text}");
    }
    let Some(python) = tool("python3") else { return };
    let texts_only: Vec<&String> = texts.iter().map(|(text, _)| text).collect();
    let given = serde_json::json!({ "schema": schema(), "texts": texts_only });
    let mut judge = Command::new(python)
        .args(["-c", JUDGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(judge.stdin.take().unwrap(), &given).unwrap();
    let output = judge.wait_with_output().unwrap();
    assert!(output.status.success(), "Python's jsonschema could not judge");
    let judged: Vec<bool> = serde_json::from_slice(&output.stdout).unwrap();
    for ((text, good), judged) in texts.iter().zip(judged) {
        assert_eq!(judged, *good, "{text}");
    }
}

#[test]
fn the_page_is_the_committed_one() {
    let output = snaplake(repository()).args(["schema", "--page"]).output().unwrap();
    let committed = std::fs::read(repository().join("docs/configuration.md")).unwrap();
    assert!(output.stdout == committed, "run `snaplake schema --page > docs/configuration.md`");
}
