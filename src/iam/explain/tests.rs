use super::*;
use crate::iam::{NamedPolicy, Policy, RequestPrincipal};

fn policy(name: &str, text: &str) -> NamedPolicy {
    NamedPolicy::new(name, Policy::parse(text).unwrap())
}

fn request() -> Request {
    Request::new(
        RequestPrincipal::parse("arn:aws:sts::111122223333:assumed-role/runner/r").unwrap(),
        "s3:PutObject",
        "arn:aws:s3:::lake/key",
    )
}

#[test]
fn a_missing_action_names_the_statement_that_comes_closest() {
    let policies = Policies {
        identity: vec![policy(
            "policies/runner.json",
            r#"{"Version":"2012-10-17","Statement":[
                {"Sid":"Glue","Effect":"Allow","Action":"glue:*","Resource":"*"},
                {"Sid":"Lake","Effect":"Allow","Action":["s3:PutObject"],"Resource":"arn:aws:s3:::lake/*",
                 "Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}]}"#,
        )],
        ..Policies::default()
    };
    let explanation = evaluate(&request(), &policies).explain(&request(), &policies);
    insta::assert_snapshot!(explanation, @"`arn:aws:sts::111122223333:assumed-role/runner/r` may not `s3:PutObject` on `arn:aws:s3:::lake/key`: no statement of the principal's policies allows it; statement `Lake` of `policies/runner.json` comes closest, but `StringEquals` wants `aws:SourceVpc` to be `vpc-1` and the request does not carry it");
    assert_eq!(explanation.changes.len(), 1);
    insta::assert_snapshot!(explanation.changes[0].to_value(), @r#"{"layer":"identity_policies","level":null,"document":"policies/runner.json","edit":"add","index":null,"statement":{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::lake/key"}}"#);
}

/// `kms:Decrypt` is nothing that a statement on exports could be about, though its resource is `*`.
#[test]
fn what_comes_closest_is_of_the_same_service() {
    let lines = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"CancelExport","Effect":"Allow","Action":"rds:CancelExportTask","Resource":"*"},
        {"Sid":"UseLakeKey","Effect":"Allow","Action":["kms:DescribeKey","kms:GenerateDataKey"],
         "Resource":"arn:aws:kms:eu-west-1:111122223333:key/k"}]}"#;
    let policies = Policies { identity: vec![policy("runner", lines)], ..Policies::default() };
    let ask = |action: &str, resource: &str| {
        let request = Request { action: action.into(), resource: resource.into(), ..request() };
        evaluate(&request, &policies).explain(&request, &policies).nearest
    };
    let nearest = ask("s3:GetObject", "arn:aws:s3:::lake/key");
    assert_eq!(nearest, None);
    let role = "arn:aws:iam::111122223333:role/export";
    assert_eq!(ask("iam:PassRole", role), None);
    let nearest = ask("rds:StartExportTask", "*").unwrap();
    assert_eq!(nearest.statement.sid.as_deref(), Some("CancelExport"));
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
    let delegated = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*",
        "Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Resource":"*"}}"#;
    let policies = Policies { resource: Some(policy("key", delegated)), ..policies };
    let request = Request { action: "kms:Decrypt".into(), resource: key.into(), ..request() };
    let nearest = evaluate(&request, &policies).explain(&request, &policies).nearest.unwrap();
    assert_eq!(nearest.statement.sid.as_deref(), Some("UseLakeKey"));
}

/// A key whose policy grants one thing to one role has nobody who could change it.
#[test]
fn a_key_without_a_policy_is_left_to_its_account() {
    let request = Request {
        action: "kms:Decrypt".into(),
        resource: "arn:aws:kms:eu-west-1:111122223333:key/k".into(),
        ..request()
    };
    let own = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}}"#;
    let policies = Policies { identity: vec![policy("p", own)], ..Policies::default() };
    let explanation = evaluate(&request, &policies).explain(&request, &policies);
    let [change] = explanation.changes.as_slice() else { panic!("{:?}", explanation.changes) };
    insta::assert_snapshot!(change.statement().unwrap().to_value(), @r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}"#);
    assert!(evaluate(&request, &change.apply(&policies).unwrap()).allowed());
}

#[test]
fn every_layer_in_the_way_is_mended() {
    let deny = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"},
        {"Effect":"Deny","Principal":"*","NotAction":"s3:GetObject","Resource":"*"}]}"#;
    let scp = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
    let policies = Policies {
        resource: Some(policy("bucket", deny)),
        boundaries: vec![policy("boundary", scp)],
        scps: vec![vec![policy("root", scp)], vec![]],
        rcps: vec![vec![policy("rcp", deny)]],
        endpoint: vec![policy("endpoint", deny)],
        session: Some(policy("session", scp)),
        ..Policies::default()
    };
    let explanation = evaluate(&request(), &policies).explain(&request(), &policies);
    let mended = explanation
        .changes
        .iter()
        .fold(policies, |policies, change| change.apply(&policies).unwrap());
    assert!(evaluate(&request(), &mended).allowed(), "{:#?}", explanation.changes);
    let layers: Vec<&str> = explanation.changes.iter().map(|it| it.layer.name()).collect();
    assert_eq!(layers.len(), 10, "{layers:?}");
    // A denial is narrowed, not taken away.
    assert!(explanation.changes.iter().all(|it| !matches!(it.edit, Edit::Remove(_))));
}

#[test]
fn what_no_policy_could_allow_has_no_change() {
    let request = Request::new(
        RequestPrincipal::parse("arn:aws:iam::111122223333:root").unwrap(),
        "sts:AssumeRole",
        "arn:aws:iam::111122223333:role/x",
    );
    let explanation =
        evaluate(&request, &Policies::default()).explain(&request, &Policies::default());
    assert_eq!(explanation.changes, []);
    assert!(explanation.to_string().ends_with("AWS does not take it from an account's root user"));
}

#[test]
fn a_condition_that_holds_is_not_what_is_in_the_way() {
    let policies = Policies {
        identity: vec![policy(
            "p",
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",
                "Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333","aws:SourceVpc":"vpc-1"}}}}"#,
        )],
        ..Policies::default()
    };
    let told = evaluate(&request(), &policies).explain(&request(), &policies).to_string();
    assert!(told.contains("aws:SourceVpc") && !told.contains("aws:PrincipalAccount"), "{told}");
}
