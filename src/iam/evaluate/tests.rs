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

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";
const ROLE: &str = "arn:aws:iam::111122223333:role/x";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/x/s";
const USER: &str = "arn:aws:iam::111122223333:user/u";
const ROOT: &str = "arn:aws:iam::111122223333:root";

fn decrypt_grant(grantee: &str) -> Policies {
    let grant = crate::iam::KmsGrant {
        id: "g".to_owned(),
        grantee_principal: grantee.to_owned(),
        operations: vec!["Decrypt".to_owned()],
        ..Default::default()
    };
    Policies { grants: vec![grant], ..Policies::default() }
}

fn decided(principal: &str, policies: &Policies) -> (bool, Layer) {
    let answer = evaluate(&request(principal, "kms:Decrypt", KEY), policies);
    (answer.allowed(), answer.decided_by)
}

/// A bucket's policy with these statements.
fn bucket(statements: &str) -> Policies {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Policies { resource: Some(policy("bucket", &text)), ..Policies::default() }
}

fn reads(principal: &str, policies: &Policies) -> Evaluation {
    let mut request = request(principal, "s3:GetObject", "arn:aws:s3:::b/k");
    request.resource_account = Some("111122223333".to_owned());
    evaluate(&request, policies)
}

/// As a resource policy that names the role is; AWS's pages do not speak of it for grants.
#[test]
fn a_grant_to_a_role_lies_within_its_boundary_and_session_policy() {
    for principal in [ROLE, SESSION] {
        let open = decrypt_grant(ROLE);
        assert_eq!(decided(principal, &open), (true, Layer::Grant));
        let narrow = || allow("narrow", "s3:*", "*");
        let wide = || allow("wide", "kms:*", "*");
        for (boundary, session, allowed) in [
            (Some(narrow()), None, false),
            (None, Some(narrow()), false),
            (Some(wide()), Some(narrow()), false),
            (Some(narrow()), Some(wide()), false),
            (Some(wide()), Some(wide()), true),
        ] {
            let policies =
                Policies { boundaries: boundary.into_iter().collect(), session, ..open.clone() };
            assert_eq!(decided(principal, &policies).0, allowed, "{principal}");
        }
    }
    let bounded = Policies { boundaries: vec![allow("n", "s3:*", "*")], ..decrypt_grant(SESSION) };
    assert_eq!(decided(SESSION, &bounded), (true, Layer::Grant), "the session itself is named");
}

#[test]
fn a_grant_to_a_service_is_for_that_service() {
    let policies = decrypt_grant("rds.amazonaws.com");
    assert_eq!(decided("rds.amazonaws.com", &policies), (true, Layer::Grant));
    assert_eq!(decided("glue.amazonaws.com", &policies), (false, Layer::Resource));
    assert_eq!(decided("anonymous", &policies), (false, Layer::Resource));
}

/// Among the grantees that `CreateGrant` takes are accounts: what lets the account in leaves it to
/// the account's own policies, as a key policy does.
#[test]
fn a_grant_to_an_account_lets_its_own_policies_decide() {
    let mut policies = decrypt_grant(ROOT);
    for principal in [USER, ROLE, SESSION] {
        assert_eq!(decided(principal, &policies), (false, Layer::Identity), "{principal}");
    }
    assert_eq!(decided(ROOT, &policies), (true, Layer::Grant));
    policies.identity = vec![allow("p", "kms:*", "*")];
    for principal in [USER, ROLE, SESSION] {
        assert_eq!(decided(principal, &policies), (true, Layer::Identity), "{principal}");
    }
    let stranger = "arn:aws:iam::444455556666:user/u";
    assert_eq!(decided(stranger, &policies), (false, Layer::Resource));
    policies.grants = decrypt_grant("arn:aws:iam::444455556666:root").grants;
    assert_eq!(decided(stranger, &policies), (true, Layer::Identity));
    assert_eq!(decided(USER, &policies), (false, Layer::Resource));
}

#[test]
fn the_first_of_the_strongest_statements_is_named() {
    let of = |principal: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"s3:*","Resource":"*"}}"#
        )
    };
    let index = |statements: &[&str]| {
        let texts: Vec<String> = statements.iter().map(|it| of(it)).collect();
        reads(SESSION, &bucket(&texts.join(","))).statement.unwrap().index
    };
    assert_eq!(index(&[SESSION, SESSION, "*"]), 0);
    assert_eq!(index(&[ROLE, ROLE]), 0);
    assert_eq!(index(&[ROOT, ROLE, SESSION]), 2);
    assert_eq!(index(&[ROOT, ROLE, ROLE]), 1);
}

#[test]
fn the_account_in_a_policy_is_its_root_user_himself() {
    let policies = bucket(
        r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}"#,
    );
    assert_eq!(reads(ROOT, &policies).decided_by, Layer::Resource);
    assert_eq!(reads(USER, &policies).decided_by, Layer::Identity);
}

/// `Deny` beside `Allow` for everyone.
fn denies(principal: &str, deny: &str) -> bool {
    let policies = bucket(&format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}},
           {{"Effect":"Deny",{deny},"Action":"s3:*","Resource":"*"}}"#
    ));
    reads(principal, &policies).decision == Decision::ExplicitlyDenied
}

#[test]
fn a_denial_of_everybody_but_everybody_is_none() {
    for list in [r#""*""#, r#"{"AWS":"*"}"#, r#"{"AWS":["*","444455556666"]}"#] {
        for principal in [USER, SESSION, ROOT, "glue.amazonaws.com", "anonymous"] {
            assert!(!denies(principal, &format!(r#""NotPrincipal":{list}"#)), "{list} {principal}");
        }
    }
}

/// The page says what must be listed, and not what an account alone spares: everyone in it, as a
/// `Principal` with the account is everyone in it.
#[test]
fn an_account_alone_spares_everyone_in_it() {
    let list = r#""NotPrincipal":{"AWS":["111122223333","arn:aws:iam::444455556666:user/v"]}"#;
    for principal in [USER, ROLE, SESSION, ROOT] {
        assert!(!denies(principal, list), "{principal}");
    }
    assert!(denies("arn:aws:iam::444455556666:user/v", list), "his account is not listed");
}

#[test]
fn users_of_an_identity_provider_are_of_no_account() {
    let provider = "arn:aws:iam::111122223333:saml-provider/idp";
    assert!(!denies(provider, r#""Principal":{"AWS":"111122223333"}"#));
    assert!(denies(provider, &format!(r#""Principal":{{"Federated":"{provider}"}}"#)));
    assert!(!denies(provider, &format!(r#""NotPrincipal":{{"Federated":"{provider}"}}"#)));
    assert!(denies(provider, r#""NotPrincipal":{"AWS":"111122223333"}"#));
    assert!(!denies(USER, r#""Principal":{"Federated":"*"}"#), "a user is of no provider");
    // Nor do the keys speak of an account.
    let keys = |key: &str| {
        denies(provider, &format!(r#""Condition":{{"Null":{{"{key}":"false"}}}},"Principal":"*""#))
    };
    assert!(!keys("aws:PrincipalAccount") && !keys("aws:PrincipalArn"));
    assert!(keys("aws:ResourceAccount"));
}

/// AWS asks for a set operator where a key has several values, and does not say what happens without:
/// one that equals is enough, and the negated operator is the opposite.
#[test]
fn several_values_without_a_set_operator() {
    let holds = |operator: &str, values: [&str; 2]| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*",
                "Condition":{{"{operator}":{{"aws:TagKeys":"a"}}}}}}}}"#
        );
        let policies = Policies { identity: vec![policy("p", &text)], ..Policies::default() };
        let request = request(USER, "s3:GetObject", "arn:aws:s3:::b/k").with("aws:TagKeys", values);
        evaluate(&request, &policies).allowed()
    };
    assert!(holds("StringEquals", ["a", "b"]) && holds("StringEquals", ["b", "a"]));
    assert!(!holds("StringEquals", ["b", "c"]));
    assert!(holds("StringNotEquals", ["b", "c"]));
    assert!(!holds("StringNotEquals", ["a", "b"]) && !holds("StringNotEquals", ["b", "a"]));
}
