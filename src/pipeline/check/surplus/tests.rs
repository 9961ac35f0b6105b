use super::super::tests::{across_accounts, check, edited, find, generated, pipeline};
use super::*;
use serde_json::{Value, json};

const FOREIGN: &str = "arn:aws:iam::999999999999:root";
const BUCKET: &str = "arn:aws:s3:::example-shop-lake";

/// What is not needed of a pipeline's documents with one of them changed.
fn found(
    pipeline: &Pipeline,
    name: &str,
    edit: impl FnOnce(&mut Vec<Value>),
) -> crate::pipeline::check::Check {
    let mut documents = generated(pipeline);
    let text = edited(&documents[name], edit);
    documents.insert(name.to_owned(), text);
    check(pipeline, &documents)
}

fn kinds(pipeline: &Pipeline, name: &str, edit: impl FnOnce(&mut Vec<Value>)) -> Vec<SurplusKind> {
    let check = found(pipeline, name, edit);
    assert!(check.sufficient(), "{:?}", check.denied().map(|(it, _)| it).collect::<Vec<_>>());
    check.surplus.into_iter().map(|it| it.kind).collect()
}

fn principal(principal: &str) -> SurplusKind {
    SurplusKind::Principal { principal: principal.to_owned(), elsewhere: false }
}

fn open(needed: &[&str]) -> SurplusKind {
    let needed = needed.iter().map(|it| (*it).to_owned()).collect();
    SurplusKind::WidePrincipal { principal: "*".to_owned(), open: true, needed }
}

#[test]
fn who_may_take_a_role_beside_those_who_are_to_is_told() {
    let pipeline = pipeline("direct");
    let root = "arn:aws:iam::123456789012:root";
    let found = |principal: Value, conditions: Option<Value>| {
        kinds(&pipeline, "runner-trust.json", |it| {
            it[0]["Principal"] = principal;
            if let Some(conditions) = conditions {
                it[0]["Condition"] = conditions;
            }
        })
    };
    assert_eq!(found(json!({"AWS": "*"}), None), [open(&[root])]);
    assert_eq!(found(json!("*"), None), [open(&[root])]);
    assert_eq!(found(json!({"AWS": "123456789012"}), None), []);
    assert_eq!(found(json!({"AWS": [root, FOREIGN]}), None), [principal(FOREIGN)]);
    let service = json!({"AWS": root, "Service": "ec2.amazonaws.com"});
    assert_eq!(found(service, None), [principal("ec2.amazonaws.com")]);
    // A circle is drawn around those who are let in, and it is wider than need be.
    let within = json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}});
    let wide = |open| SurplusKind::WidePrincipal {
        principal: "*".to_owned(),
        open,
        needed: vec![root.to_owned()],
    };
    assert_eq!(found(json!({"AWS": "*"}), Some(within)), [wide(false)]);
    let none = json!({"StringEqualsIfExists": {"aws:PrincipalAccount": "123456789012"}});
    assert_eq!(found(json!({"AWS": "*"}), Some(none)), [wide(true)]);
    let any = json!({"StringLike": {"aws:PrincipalAccount": "*"}});
    assert_eq!(found(json!({"AWS": "*"}), Some(any)), [wide(true)]);
}

#[test]
fn whom_a_key_or_bucket_of_the_pipeline_lets_in_besides_is_told() {
    let pipeline = pipeline("direct");
    let found = kinds(&pipeline, "lake-key.json", |it| {
        let own = it[0]["Principal"]["AWS"].clone();
        it[0]["Principal"]["AWS"] = json!([own, FOREIGN]);
    });
    assert_eq!(found, [principal(FOREIGN)]);
    let found = kinds(&pipeline, "lake-key.json", |it| {
        it.push(json!({"Effect": "Allow", "Principal": {"AWS": FOREIGN}, "Action": "kms:Decrypt",
            "Resource": "*"}));
    });
    assert_eq!(found, [principal(FOREIGN)]);
    let bucket = |principal: Value| {
        kinds(&pipeline, "lake-bucket.json", |it| {
            it.push(json!({"Effect": "Allow", "Principal": principal, "Action": "s3:*",
                "Resource": [BUCKET, format!("{BUCKET}/*")]}));
        })
    };
    assert_eq!(bucket(json!({"AWS": FOREIGN})), [principal(FOREIGN)]);
    let service = "logging.s3.amazonaws.com";
    assert_eq!(bucket(json!({"Service": service})), [principal(service)]);
    assert_eq!(bucket(json!("*")), [open(&[])]);
    let found = kinds(&pipeline, "lake-bucket.json", |it| {
        it.push(
            json!({"Effect": "Allow", "NotPrincipal": {"AWS": FOREIGN}, "Action": "s3:GetObject",
            "Resource": format!("{BUCKET}/*")}),
        );
    });
    assert_eq!(found, [SurplusKind::Negated { element: "NotPrincipal" }]);
}

#[test]
fn of_a_bucket_that_serves_others_too_only_the_pipelines_statements_are_judged() {
    let pipeline = across_accounts();
    let analyst = pipeline.role_arn(PrincipalKind::Analyst);
    let extra = |it: &mut Vec<Value>| {
        find(it, "AnalystReadObjects")["Principal"]["AWS"] = json!([analyst, FOREIGN]);
    };
    assert_eq!(kinds(&pipeline, "lake-bucket.json", extra), [principal(FOREIGN)]);
    let whole = "arn:aws:iam::123456789012:root";
    let found_root = kinds(&pipeline, "lake-bucket.json", |it| {
        find(it, "AnalystReadObjects")["Principal"]["AWS"] = json!(whole);
    });
    assert_eq!(
        found_root,
        [SurplusKind::WidePrincipal {
            principal: whole.to_owned(),
            open: false,
            needed: vec![analyst.clone()]
        }]
    );
    let bucket = pipeline.bucket_arn();
    let pushed = |principal: Value| {
        let statement = json!({"Sid": "More", "Effect": "Allow", "Principal": principal,
            "Action": "s3:*", "Resource": [bucket, format!("{bucket}/*")]});
        found(&pipeline, "lake-bucket.json", |it| it.push(statement))
    };
    let others = pushed(json!({"AWS": FOREIGN}));
    assert_eq!(others.surplus, []);
    let exempt = others.exempt.iter().find(|it| it.statement.sid.as_deref() == Some("More"));
    assert_eq!(exempt.unwrap().why, "it is for others than the pipeline's principals");
    let everyone = pushed(json!("*"));
    let more = everyone.surplus.iter().filter(|it| it.statement.sid.as_deref() == Some("More"));
    assert_eq!(more.map(|it| it.kind.clone()).collect::<Vec<_>>(), [open(&[])]);
}

#[test]
fn a_condition_has_to_be_as_narrow_as_the_needs() {
    let pipeline = pipeline("direct");
    let with = |sid: &str, condition: Value| {
        kinds(&pipeline, "runner.json", |it| {
            let prefix = it.iter().position(|it| {
                it["Sid"].as_str().is_some_and(|it| it.starts_with(sid))
                    && !it["Condition"].to_string().contains("athena-results")
            });
            it[prefix.unwrap()]["Condition"] = condition;
        })
    };
    let wide = |found: Vec<SurplusKind>, key: &str| {
        found.iter().any(|it| matches!(it, SurplusKind::WideCondition { key: of, .. } if of == key))
    };
    for condition in [
        json!({"StringLike": {"s3:prefix": "*"}}),
        json!({"Null": {"s3:prefix": "false"}}),
        json!({"StringNotEquals": {"s3:prefix": "zzz"}}),
        json!({"StringLike": {"s3:prefix": "e*"}}),
        json!({"StringLike": {"s3:prefix": ["exports/*", "other/*"]}}),
        json!({"StringLike": {"s3:prefix": ["exports/*", "EXPORTS/*"]}}),
        json!({"StringLikeIfExists": {"s3:prefix": "exports/*"}}),
        json!({"ForAllValues:StringLike": {"s3:prefix": "exports/*"}}),
    ] {
        assert!(wide(with("ListObjects", condition.clone()), "s3:prefix"), "{condition}");
    }
    for condition in [
        json!({"StringLike": {"S3:Prefix": ["exports/*", "exports/x*"]}}),
        json!({"StringLike": {"s3:prefix": "exports/*"}, "Null": {"s3:prefix": "false"}}),
    ] {
        assert_eq!(with("ListObjects", condition), []);
    }
    for condition in [
        json!({"BoolIfExists": {"kms:GrantIsForAWSResource": "true"}}),
        json!({"Null": {"kms:GrantIsForAWSResource": "false"}}),
        json!({"Bool": {"kms:GrantIsForAWSResource": ["true", "false"]}}),
    ] {
        assert!(
            wide(with("ShareKey", condition.clone()), "kms:GrantIsForAWSResource"),
            "{condition}"
        );
    }
    let same = json!({"StringEquals": {"kms:GrantIsForAWSResource": "true"}});
    assert_eq!(with("ShareKey", same), []);
}

/// To take these away would take away what is right.
#[test]
fn nothing_is_said_of_grants_behind_a_need_that_is_denied() {
    let pipeline = pipeline("direct");
    let narrow = found(&pipeline, "runner.json", |it| {
        let read = find(it, "ReadObjects");
        let text = read.to_string().replace("/exports/*", "/exports/2024/*");
        *read = serde_json::from_str(&text).unwrap();
    });
    assert!(!narrow.sufficient());
    assert_eq!(narrow.surplus, []);
    let denied = found(&pipeline, "runner.json", |it| {
        it.push(json!({"Sid": "Mfa", "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}));
    });
    assert!(!denied.sufficient());
    assert_eq!(denied.surplus, []);
    let mut documents = generated(&pipeline);
    documents.remove("lake-key.json");
    let check = check(&pipeline, &documents);
    assert!(!check.sufficient());
    assert_eq!(check.surplus, []);
}

/// Whoever took away what it repeats would keep what has to go.
#[test]
fn a_grant_of_everything_makes_no_other_needless() {
    let pipeline = pipeline("direct");
    for (action, resource) in [("*", "*"), ("s3:*", "*"), ("s3:GetObject", "arn:aws:s3:::*")] {
        let check = found(&pipeline, "runner.json", |it| {
            it.push(json!({"Sid": "X", "Effect": "Allow", "Action": action, "Resource": resource}));
        });
        assert!(check.sufficient());
        assert!(!check.surplus.is_empty());
        for found in &check.surplus {
            assert_eq!(found.statement.sid.as_deref(), Some("X"), "{action}: {found:?}");
            assert!(
                matches!(
                    found.kind,
                    SurplusKind::WideAction { .. } | SurplusKind::WideResource { .. }
                ),
                "{action}: {found:?}"
            );
        }
    }
    let check = found(&pipeline, "runner.json", |it| {
        it.push(json!({"Sid": "X", "Effect": "Allow", "Action": "s3:GetObject",
            "NotResource": "arn:aws:s3:::elsewhere/*"}));
    });
    let kinds: Vec<_> = check.surplus.into_iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [SurplusKind::Negated { element: "NotResource" }]);
}

#[test]
fn wildcards_keep_to_the_fields_of_an_arn() {
    let catalog = "arn:aws:glue:*:123456789012:catalog";
    assert!(touches_arn(catalog, "arn:aws:glue:eu-west-1:123456789012:catalog"));
    assert!(!touches_arn(catalog, "arn:aws:glue:eu-west-1:123456789012:table/shop/*"));
    assert!(touches_arn("arn:aws:glue:*", "arn:aws:glue:eu-west-1:123456789012:catalog"));
    assert!(touches_arn("arn:aws:glue:*:catalog", "arn:aws:glue:eu-west-1:123456789012:catalog"));
    assert!(touches_arn("*", "arn:aws:s3:::lake/*") && !touches_arn("arn:aws:s3:::*", "*"));
    assert!(touches_arn("arn:aws:s3:::lake*", "arn:aws:s3:::lake/exports/*"));
}
