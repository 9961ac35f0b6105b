use super::*;
use crate::iam::{Decision, Policy};

fn policy(name: &str, text: &str) -> NamedPolicy {
    NamedPolicy::new(name, Policy::parse(text).unwrap())
}

fn allow(name: &str, action: &str, resource: &str) -> NamedPolicy {
    policy(
        name,
        &format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Sid":"S","Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
        ),
    )
}

fn request(principal: &str, action: &str, resource: &str) -> Request {
    Request::new(RequestPrincipal::parse(principal).unwrap(), action, resource)
}

#[test]
fn an_identity_policy_allows() {
    let policies = Policies {
        identity: vec![allow("p", "s3:Get*", "arn:aws:s3:::b/*")],
        ..Policies::default()
    };
    let role = "arn:aws:iam::111122223333:role/x";
    let answer = evaluate(&request(role, "S3:GetObject", "arn:aws:s3:::b/k"), &policies);
    assert!(answer.allowed());
    assert_eq!(answer.statement.unwrap().sid.as_deref(), Some("S"));
    let answer = evaluate(&request(role, "s3:PutObject", "arn:aws:s3:::b/k"), &policies);
    assert_eq!((answer.decision, answer.decided_by), (Decision::ImplicitlyDenied, Layer::Identity));
}

#[test]
fn a_key_policy_must_let_the_account_in() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    let role = "arn:aws:sts::111122223333:assumed-role/x/s";
    let mut policies = Policies { identity: vec![allow("p", "kms:*", "*")], ..Policies::default() };
    let answer = evaluate(&request(role, "kms:Decrypt", key), &policies);
    assert_eq!((answer.decision, answer.decided_by), (Decision::ImplicitlyDenied, Layer::Resource));
    assert!(evaluate(&request(role, "kms:ListKeys", "*"), &policies).allowed());
    policies.resource = Some(policy(
        "key",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}}"#,
    ));
    assert!(evaluate(&request(role, "kms:Decrypt", key), &policies).allowed());
    policies.identity.clear();
    let answer = evaluate(&request(role, "kms:Decrypt", key), &policies);
    assert_eq!((answer.decision, answer.decided_by), (Decision::ImplicitlyDenied, Layer::Identity));
}
