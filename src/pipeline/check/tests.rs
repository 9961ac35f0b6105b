use super::documents::read;
use super::*;
use crate::config;
use crate::iam::Layer;
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn pipeline(mode: &str) -> Pipeline {
    let text = include_str!("../../../examples/snapshot-to-athena/snaplake.toml");
    let text = text.replace("mode = \"direct\"", &format!("mode = {mode:?}"));
    let config = config::parse(Path::new("snaplake.toml"), &text).unwrap();
    Pipeline::from_config(&config).unwrap()
}

/// A pipeline whose bucket and key are another account's.
pub(super) fn across_accounts() -> Pipeline {
    let text = include_str!("../../../examples/cross-account-lake/snaplake.toml");
    let config = config::parse(Path::new("snaplake.toml"), text).unwrap();
    Pipeline::from_config(&config).unwrap()
}

/// The documents that are generated, by name.
pub(super) fn generated(pipeline: &Pipeline) -> BTreeMap<String, String> {
    let documents = pipeline.documents();
    let name =
        |file: &str| file.trim_start_matches("policies/").trim_start_matches("owner/").to_owned();
    documents.iter().map(|it| (name(&it.file), it.to_json())).collect()
}

pub(super) fn check(pipeline: &Pipeline, documents: &BTreeMap<String, String>) -> Check {
    let setup = read(pipeline, "policies", documents, &Vec::new()).unwrap();
    Check::run(pipeline, &setup)
}

/// The document with its statements changed.
pub(super) fn edited(text: &str, edit: impl FnOnce(&mut Vec<Value>)) -> String {
    let mut policy: Value = serde_json::from_str(text).unwrap();
    edit(policy["Statement"].as_array_mut().unwrap());
    policy.to_string()
}

#[test]
fn what_is_generated_is_sufficient_and_minimal() {
    for mode in ["direct", "crawler"] {
        let pipeline = pipeline(mode);
        let check = check(&pipeline, &generated(&pipeline));
        let denied: Vec<_> = check.denied().map(|(answer, _)| &answer.action).collect();
        assert!(check.sufficient(), "{denied:?}");
        assert!(check.minimal(), "{:#?}", check.surplus);
        assert_eq!((check.undecided(), check.unknown.len()), (0, 0));
        for width in &check.widths {
            assert_eq!(width.actions, width.needed_actions, "{width:?}");
        }
    }
}

/// Every action of every statement of every role, one at a time.
#[test]
fn without_any_one_action_some_need_is_denied_and_a_patch_mends_it() {
    let pipeline = pipeline("crawler");
    let documents = generated(&pipeline);
    let mut actions = 0;
    for kind in PrincipalKind::ALL {
        let name = format!("{kind}.json");
        let policy: Value = serde_json::from_str(&documents[&name]).unwrap();
        for (index, statement) in policy["Statement"].as_array().unwrap().iter().enumerate() {
            let listed = match &statement["Action"] {
                Value::Array(actions) => actions.clone(),
                one => vec![one.clone()],
            };
            for action in &listed {
                actions += 1;
                let mut without = documents.clone();
                let text = edited(&documents[&name], |statements| {
                    let rest: Vec<_> = listed.iter().filter(|it| *it != action).cloned().collect();
                    if rest.is_empty() {
                        statements.remove(index);
                    } else {
                        statements[index]["Action"] = json!(rest);
                    }
                });
                without.insert(name.clone(), text);
                let setup = read(&pipeline, "policies", &without, &Vec::new()).unwrap();
                let answers = answer::all(&pipeline, &setup, &answer::requests(&pipeline, &setup));
                let denied = answers.iter().find_map(|answer| match &answer.outcome {
                    Outcome::Denied(denial) => Some((answer, denial)),
                    _ => None,
                });
                let (answer, denial) = denied.expect("a need is denied");
                assert_eq!(answer.principal, kind);
                assert!(crate::iam::compose::covers(action.as_str().unwrap(), &denial.action));
                let explanation = denial.explanation.as_ref().expect("an explanation");
                assert!(!explanation.changes.is_empty(), "{kind} {action} has no patch");
            }
        }
    }
    assert!(actions > 30, "{actions}");
}

fn surplus(name: &str, edit: impl FnOnce(&mut Vec<Value>)) -> Vec<SurplusKind> {
    let pipeline = pipeline("direct");
    let mut documents = generated(&pipeline);
    let text = edited(&documents[name], edit);
    documents.insert(name.to_owned(), text);
    let check = check(&pipeline, &documents);
    assert!(check.sufficient(), "a wider policy denies nothing");
    check.surplus.into_iter().map(|surplus| surplus.kind).collect()
}

pub(super) fn find<'a>(statements: &'a mut [Value], sid: &str) -> &'a mut Value {
    statements.iter_mut().find(|it| it["Sid"] == sid).expect(sid)
}

#[test]
fn what_is_added_is_surplus() {
    let extra = json!({"Sid": "Extra", "Effect": "Allow", "Action": "sqs:SendMessage",
        "Resource": "*"});
    assert_eq!(surplus("runner.json", |it| it.push(extra)), [SurplusKind::Statement]);
    let found = surplus("runner.json", |it| {
        find(it, "Export")["Action"].as_array_mut().unwrap().push(json!("rds:DeleteDBCluster"));
    });
    let action = "rds:DeleteDBCluster".to_owned();
    assert_eq!(found, [SurplusKind::Action { action, elsewhere: false }]);
}

#[test]
fn what_is_granted_twice_is_surplus_in_both_places() {
    let found = surplus("runner.json", |it| {
        let mut copy = find(it, "Export").clone();
        copy["Sid"] = json!("ExportAgain");
        it.push(copy);
    });
    assert!(found.len() >= 4, "{found:?}");
    assert!(found.iter().all(|kind| matches!(
        kind,
        SurplusKind::Action { elsewhere: true, .. } | SurplusKind::Resource { elsewhere: true, .. }
    )));
}

#[test]
fn what_is_wider_than_its_need_is_surplus() {
    let found = surplus("runner.json", |it| find(it, "Export")["Resource"] = json!("*"));
    let [SurplusKind::WideResource { resource, needed }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(resource, "*");
    assert_eq!(needed.len(), 1);
    let found = surplus("analyst.json", |it| find(it, "Query")["Action"] = json!("athena:*"));
    let [SurplusKind::WideAction { surplus: wide, .. }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert!(wide.iter().any(|action| action == "athena:DeleteWorkGroup"), "{wide:?}");
    let found = surplus("runner.json", |it| {
        find(it, "PassExportRole").as_object_mut().unwrap().remove("Condition");
        find(it, "ShareKeyWithExport").as_object_mut().unwrap().remove("Condition");
    });
    assert!(
        matches!(found.as_slice(), [.., SurplusKind::Unlimited { key, .. }]
            if key == "kms:GrantIsForAWSResource"),
        "{found:?}"
    );
    let found = surplus("runner.json", |it| {
        it.push(json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}));
    });
    assert!(found.contains(&SurplusKind::Negated { element: "NotAction" }), "{found:?}");
}

#[test]
fn a_missing_role_or_key_policy_is_told() {
    let pipeline = pipeline("direct");
    let mut documents = generated(&pipeline);
    documents.remove("lake-key.json");
    let check = check(&pipeline, &documents);
    let keys: Vec<_> = check.denied().filter(|(it, _)| it.action.starts_with("kms:")).collect();
    assert!(!keys.is_empty());
    assert!(check.denied().all(|(answer, _)| answer.action.starts_with("kms:")));
}

#[test]
fn an_unknown_policy_leaves_an_answer_open_and_is_never_assumed() {
    let pipeline = pipeline("direct");
    let mut setup = read(&pipeline, "policies", &generated(&pipeline), &Vec::new()).unwrap();
    let role = setup.roles.get_mut(&PrincipalKind::Runner).unwrap();
    role.identity.clear();
    role.unknown.push("`aws_iam_policy.runner` comes with apply".to_owned());
    let check = Check::run(&pipeline, &setup);
    let runner = check
        .answers
        .iter()
        .filter(|it| it.principal == PrincipalKind::Runner && it.step.is_some());
    assert!(runner.clone().count() > 20);
    assert!(runner.clone().all(|it| matches!(it.outcome, Outcome::Unknown(_))));
    assert!(!check.sufficient());
    assert_eq!(check.denied().count(), 0);
}

#[test]
fn a_role_that_nobody_may_take_is_told() {
    let pipeline = pipeline("direct");
    let mut documents = generated(&pipeline);
    let text = documents["export-trust.json"].replace("export.rds", "ec2");
    documents.insert("export-trust.json".to_owned(), text);
    let check = check(&pipeline, &documents);
    let (answer, _) = check.denied().next().expect("a denial");
    assert_eq!((answer.principal, answer.step), (PrincipalKind::Export, None));
}

/// The generated documents with one of them changed, and what the check says of them.
fn with(name: &str, edit: impl FnOnce(&mut Vec<Value>)) -> Check {
    let pipeline = pipeline("direct");
    let mut documents = generated(&pipeline);
    let text = edited(&documents[name], edit);
    documents.insert(name.to_owned(), text);
    let mut setup = read(&pipeline, "policies", &documents, &Vec::new()).unwrap();
    setup.now = Some("2026-11-27T04:00:00Z".parse().unwrap());
    Check::run(&pipeline, &setup)
}

fn denied(check: &Check) -> Vec<(PrincipalKind, &str, &str)> {
    let all = check.denied();
    all.map(|(it, denial)| (it.principal, it.action.as_str(), denial.resource.as_str())).collect()
}

fn unknown(check: &Check) -> Vec<(PrincipalKind, &str, &[String])> {
    let all = check.answers.iter();
    all.filter_map(|it| match &it.outcome {
        Outcome::Unknown(why) => Some((it.principal, it.action.as_str(), why.as_slice())),
        _ => None,
    })
    .collect()
}

const OBJECTS: &str = "arn:aws:s3:::example-shop-lake";

#[test]
fn a_grant_that_is_narrower_than_its_need_is_told() {
    for below in ["x*", "x1", "*1", "??", "z*", "?*", "*/*", "*z"] {
        let check = with("runner.json", |it| {
            find(it, "ReadObjects")["Resource"] = json!([
                format!("{OBJECTS}/athena-results/*"),
                format!("{OBJECTS}/exports/{below}"),
            ]);
        });
        let denied = denied(&check);
        assert!(!denied.is_empty(), "exports/{below} is taken for exports/*");
        assert!(denied.iter().all(|(_, action, _)| *action == "s3:GetObject"), "{denied:?}");
        // What is proposed is what is needed, not the text that showed it.
        let [patch] = check.patches.as_slice() else { panic!("{:?}", check.patches) };
        let patch = patch.replaced[0].statement.to_string();
        assert!(patch.contains(&format!("{OBJECTS}/exports/*")), "{patch}");
    }
    let check = with("runner.json", |it| {
        for statement in it {
            let text = statement.to_string();
            if text.contains("s3:prefix") {
                *statement =
                    serde_json::from_str(&text.replace("exports/*", "exports/x*")).unwrap();
            }
        }
    });
    assert!(denied(&check).iter().any(|(_, action, _)| *action == "s3:ListBucket"));
    let check = with("runner.json", |it| {
        for statement in it {
            let text = statement.to_string().replace("table/shop/*", "table/shop/x*");
            *statement = serde_json::from_str(&text).unwrap();
        }
    });
    assert!(denied(&check).iter().any(|(_, action, _)| *action == "glue:GetTables"));
}

#[test]
fn grants_that_cover_a_need_together_suffice() {
    let check = with("runner.json", |it| {
        find(it, "ReadObjects")["Resource"] = json!([
            format!("{OBJECTS}/athena-results/*"),
            format!("{OBJECTS}/exports/"),
            format!("{OBJECTS}/exports/?*"),
        ]);
    });
    assert!(check.sufficient(), "{:?}", denied(&check));
}

#[test]
fn a_denial_of_a_part_is_told_with_an_example() {
    let deny = |action: &str, resource: &str| {
        let mut statement = json!({"Sid": "X", "Effect": "Deny", "Action": action});
        statement["Resource"] = json!(resource);
        statement
    };
    let part = format!("{OBJECTS}/exports/2024/*");
    let check = with("runner.json", |it| it.push(deny("s3:GetObject", &part)));
    assert!(denied(&check).iter().all(|it| it.2.starts_with(&part[..part.len() - 1])));
    assert!(denied(&check).len() > 1);
    let table = "arn:aws:glue:*:123456789012:table/shop/orders";
    let check = with("analyst.json", |it| it.push(deny("glue:*", table)));
    let found = denied(&check);
    assert!(!found.is_empty());
    assert!(found.iter().all(|it| it.2.ends_with(":table/shop/orders")), "{found:?}");
    let check = with("lake-bucket.json", |it| {
        let mut statement = deny("s3:GetObject", &part);
        statement["Principal"] = json!("*");
        it.push(statement);
    });
    assert!(denied(&check).iter().any(|it| it.0 == PrincipalKind::Analyst));
    let check = with("runner.json", |it| {
        let mut statement = deny("s3:ListBucket", OBJECTS);
        statement["Condition"] = json!({"StringLike": {"s3:prefix": "exports/2024/*"}});
        it.push(statement);
    });
    assert!(denied(&check).iter().all(|it| it.1 == "s3:ListBucket"));
    assert!(!denied(&check).is_empty());
    // What denies elsewhere is no concern.
    let elsewhere = format!("{OBJECTS}/other/*");
    let check = with("runner.json", |it| it.push(deny("s3:GetObject", &elsewhere)));
    assert!(check.sufficient(), "{:?}", denied(&check));
    let check = with("runner.json", |it| {
        it.push(json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "*"}));
    });
    assert!(check.sufficient());
}

#[test]
fn a_grant_of_all_but_a_part_is_told() {
    let check = with("runner.json", |it| {
        let reading = find(it, "ReadObjects").as_object_mut().unwrap();
        reading.remove("Resource");
        reading.insert("NotResource".to_owned(), json!(format!("{OBJECTS}/exports/2024/*")));
    });
    assert!(!denied(&check).is_empty());
    assert!(denied(&check).iter().all(|it| it.2.contains("exports/2024/")), "{:?}", denied(&check));
}

#[test]
fn what_another_account_has_to_add_is_proposed_as_it_is_needed() {
    let text = include_str!("../../../examples/cross-account-lake/snaplake.toml");
    let config = config::parse(Path::new("snaplake.toml"), text).unwrap();
    let pipeline = Pipeline::from_config(&config).unwrap();
    let documents = pipeline.documents();
    let mut documents: BTreeMap<String, String> = documents
        .iter()
        .map(|it| (it.file.rsplit('/').next().unwrap().to_owned(), it.to_json()))
        .collect();
    assert!(check(&pipeline, &documents).sufficient());
    let without = edited(&documents["lake-bucket.json"], |it| {
        it.retain(|it| it["Effect"] == "Deny" || !it["Action"].to_string().contains("GetObject\""));
    });
    documents.insert("lake-bucket.json".to_owned(), without);
    let check = check(&pipeline, &documents);
    let (_, denial) = check
        .denied()
        .find(|(it, _)| it.principal == PrincipalKind::Runner && it.action == "s3:GetObject")
        .expect("a denial");
    let change = &denial.explanation.as_ref().unwrap().changes[0];
    assert_eq!(change.document.as_deref(), Some("lake-bucket.json"));
    let resource = change.statement().unwrap().resource.clone().unwrap();
    let [resource] = resource.listed().as_slice() else { panic!("{resource:?}") };
    assert!(resource.ends_with("/*"), "{resource}");
}

#[test]
fn what_is_unknown_and_could_deny_leaves_open_what_it_concerns() {
    let pipeline = pipeline("direct");
    let setup = read(&pipeline, "policies", &generated(&pipeline), &Vec::new()).unwrap();
    let open = |change: &dyn Fn(&mut Setup)| {
        let mut setup = setup.clone();
        change(&mut setup);
        let check = Check::run(&pipeline, &setup);
        assert!(!check.sufficient());
        assert_eq!(check.denied().count(), 0, "{:?}", denied(&check));
        let services: Vec<String> = unknown(&check)
            .iter()
            .map(|(kind, action, _)| format!("{kind} {}", action.split_once(':').unwrap().0))
            .collect();
        assert!(!check.unknown.is_empty());
        services.into_iter().collect::<std::collections::BTreeSet<_>>()
    };
    let why = || Attached::Unknown("not to be read".to_owned());
    let found = open(&|it| it.bucket = why());
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["analyst s3", "export s3", "runner s3"]);
    let found = open(&|it| it.key = why());
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["analyst kms", "export kms", "runner kms"]);
    let runner = |it: &mut Setup, change: &dyn Fn(&mut Role)| {
        change(it.roles.get_mut(&PrincipalKind::Runner).unwrap());
    };
    let found = open(&|it| runner(it, &|role| role.boundary = why()));
    assert!(found.contains("runner glue") && !found.contains("analyst glue"), "{found:?}");
    let found = open(&|it| runner(it, &|role| role.unknown.push("attached".to_owned())));
    assert!(found.contains("runner glue") && !found.contains("analyst glue"), "{found:?}");
    let found = open(&|it| {
        it.roles.remove(&PrincipalKind::Runner);
        it.unread.insert(PrincipalKind::Runner, "iam:GetRole is denied".to_owned());
    });
    assert!(found.contains("runner sts") && found.contains("runner glue"), "{found:?}");
}

#[test]
fn what_aws_sends_with_every_request_has_its_value() {
    let deny = |condition: Value| {
        let mut statement = json!({"Sid": "X", "Effect": "Deny", "Action": "*", "Resource": "*"});
        statement["Condition"] = condition;
        with("runner.json", |it| it.push(statement))
    };
    let time = |operator: &str| json!({operator: {"aws:CurrentTime": "2026-01-01T00:00:00Z"}});
    assert!(denied(&deny(time("DateGreaterThan"))).len() > 20);
    assert!(deny(time("DateLessThan")).sufficient());
    let region = |region: &str| json!({"StringNotEquals": {"aws:RequestedRegion": region}});
    let elsewhere = deny(region("us-east-1"));
    assert!(denied(&elsewhere).iter().any(|it| it.1 == "s3:GetObject"));
    let here = deny(region("ap-northeast-1"));
    assert!(denied(&here).is_empty(), "{:?}", denied(&here));
    assert!(unknown(&here).iter().all(|it| it.1 == "iam:PassRole"), "{:?}", unknown(&here));
    let via = json!({"StringEquals": {"kms:ViaService": "s3.ap-northeast-1.amazonaws.com"}});
    let check = with("analyst.json", |it| find(it, "UseLakeKey")["Condition"] = via);
    assert!(check.sufficient(), "{:?}", denied(&check));
}

#[test]
fn what_hangs_on_the_caller_is_not_known_and_names_the_key() {
    for (key, condition) in [
        ("aws:SourceIp", json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})),
        ("aws:SourceIp", json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})),
        ("aws:SourceVpce", json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})),
        ("aws:PrincipalOrgID", json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})),
        ("aws:ResourceTag/env", json!({"StringEquals": {"aws:ResourceTag/env": "prod"}})),
    ] {
        let check = with("lake-bucket.json", |it| {
            it.push(json!({"Sid": "X", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": [OBJECTS, format!("{OBJECTS}/*")], "Condition": condition}));
        });
        assert!(denied(&check).is_empty(), "{key}: {:?}", denied(&check));
        let unknown = unknown(&check);
        assert!(unknown.iter().any(|it| it.1 == "s3:ListBucket"), "{key}: {unknown:?}");
        assert!(unknown.iter().all(|it| it.1.starts_with("s3:")), "{key}: {unknown:?}");
        let named = unknown.iter().flat_map(|it| it.2).all(|why| why.contains(key));
        assert!(named, "{key}: {unknown:?}");
    }
    let tagged = json!({"StringEquals": {"aws:PrincipalTag/team": "data"}});
    let check = with("runner.json", |it| find(it, "ReadObjects")["Condition"] = tagged);
    assert!(denied(&check).is_empty(), "{:?}", denied(&check));
    assert!(unknown(&check).iter().all(|it| it.1 == "s3:GetObject"), "{:?}", unknown(&check));
    // A denial that holds whoever asks stays one.
    let check = with("runner.json", |it| {
        find(it, "ReadObjects")["Condition"] =
            json!({"StringEquals": {"aws:PrincipalTag/team": "data"}});
        it.push(json!({"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}));
    });
    assert!(unknown(&check).is_empty(), "{:?}", unknown(&check));
    assert!(!denied(&check).is_empty());
}

#[test]
fn what_the_simulator_denies_is_not_known_to_be_allowed() {
    let pipeline = pipeline("direct");
    let setup = read(&pipeline, "policies", &generated(&pipeline), &Vec::new()).unwrap();
    let questions = questions(&pipeline, &setup);
    let asked: std::collections::BTreeSet<usize> =
        questions.iter().flat_map(|it| it.needs.clone()).collect();
    assert_eq!(asked.len(), pipeline.needs().len(), "every need is asked about");
    let mut check = Check::run(&pipeline, &setup);
    let opinion = |question: &Question, allowed| Opinion { question: question.clone(), allowed };
    let agree: Vec<_> = questions.iter().map(|it| opinion(it, it.expected)).collect();
    check.compare(&agree);
    assert!(check.sufficient() && check.differences.is_empty());
    let one = questions.iter().find(|it| it.action == "iam:PassRole").unwrap();
    check.compare(&[opinion(one, false)]);
    assert_eq!(check.differences.len(), 1);
    assert!(!check.sufficient());
    let unknown = unknown(&check);
    assert_eq!(unknown.len(), one.needs.len());
    assert!(unknown.iter().all(|it| it.1 == "iam:PassRole"), "{unknown:?}");
}

/// Set-ups that are read from Terraform.
mod from_terraform;
