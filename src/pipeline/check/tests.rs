use super::documents::read;
use super::*;
use crate::config;
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn pipeline(mode: &str) -> Pipeline {
    let text = include_str!("../../../examples/snapshot-to-athena/snaplake.toml");
    let text = text.replace("mode = \"direct\"", &format!("mode = {mode:?}"));
    let config = config::parse(Path::new("snaplake.toml"), &text).unwrap();
    Pipeline::from_config(&config).unwrap()
}

/// The documents that are generated, by name.
pub(super) fn generated(pipeline: &Pipeline) -> BTreeMap<String, String> {
    let documents = pipeline.documents();
    let name = |file: &str| file.trim_start_matches("policies/").to_owned();
    documents.iter().map(|it| (name(&it.file), it.to_json())).collect()
}

fn check(pipeline: &Pipeline, documents: &BTreeMap<String, String>) -> Check {
    let setup = read(pipeline, "policies", documents, &Vec::new()).unwrap();
    Check::run(pipeline, &setup)
}

/// The document with its statements changed.
fn edited(text: &str, edit: impl FnOnce(&mut Vec<Value>)) -> String {
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
        assert!(check.answers.iter().all(|answer| answer.caveats.is_empty()));
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

fn find<'a>(statements: &'a mut [Value], sid: &str) -> &'a mut Value {
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

mod from_terraform {
    use super::*;
    use crate::pipeline::check::plan;

    const MANAGED: &str = "managed";

    fn resource(kind: &str, name: &str, module: &str, values: &Value) -> Value {
        let prefix = if module.is_empty() { String::new() } else { format!("{module}.") };
        json!({"address": format!("{prefix}{kind}.{name}"), "mode": MANAGED, "type": kind,
            "name": name, "values": values})
    }

    /// A plan whose child module `roles` has the runner's role; its policy is made in the root and
    /// handed in by a variable, so that nothing but references tells whose it is.
    fn plan(pipeline: &Pipeline, known: bool) -> String {
        let documents = generated(pipeline);
        let policy = documents["runner.json"].clone();
        let role = resource(
            "aws_iam_role",
            "runner",
            "module.roles",
            &json!({
                "name": pipeline.role_name(PrincipalKind::Runner), "path": "/snaplake/",
                "assume_role_policy": documents["runner-trust.json"],
            }),
        );
        let attachment =
            resource("aws_iam_role_policy_attachment", "runner", "module.roles", &json!({}));
        let key = resource("aws_kms_key", "lake", "", &json!({}));
        let text =
            if known { json!({"name": "p", "policy": policy}) } else { json!({"name": "p"}) };
        let policy = resource("aws_iam_policy", "runner", "", &text);
        let unknown = |address: &str, what: Value| json!({"address": address, "change": {"after_unknown": what}});
        json!({
            "format_version": "1.2",
            "planned_values": {"root_module": {
                "resources": [key, policy],
                "child_modules": [{"address": "module.roles", "resources": [role, attachment]}],
            }},
            "resource_changes": [
                unknown("aws_iam_policy.runner", json!({"arn": true, "policy": !known})),
                unknown("module.roles.aws_iam_role_policy_attachment.runner",
                    json!({"role": true, "policy_arn": true})),
            ],
            "configuration": {"root_module": {
                "resources": [
                    {"address": "aws_kms_key.lake", "expressions": {}},
                    {"address": "aws_iam_policy.runner", "expressions": {"policy": {}}},
                ],
                "module_calls": {"roles": {
                    "expressions": {"policy_arn": {"references":
                        ["aws_iam_policy.runner.arn", "aws_iam_policy.runner"]}},
                    "module": {"resources": [
                        {"address": "aws_iam_role.runner", "expressions": {}},
                        {"address": "aws_iam_role_policy_attachment.runner", "expressions": {
                            "role": {"references": ["aws_iam_role.runner.id", "aws_iam_role.runner"]},
                            "policy_arn": {"references": ["var.policy_arn"]},
                        }},
                    ]},
                }},
            }},
        })
        .to_string()
    }

    #[test]
    fn references_are_followed_through_modules() {
        let pipeline = pipeline("direct");
        let text = plan(&pipeline, true);
        let setup = plan::read(&pipeline, "plan.json", &text, &Vec::new()).unwrap();
        let role = &setup.roles[&PrincipalKind::Runner];
        assert_eq!(role.arn, pipeline.role_arn(PrincipalKind::Runner));
        assert_eq!(role.identity.len(), 1);
        assert!(role.unknown.is_empty(), "{:?}", role.unknown);
        let Attached::Known(key) = &setup.key else { panic!("{:?}", setup.key) };
        assert_eq!(key.name, "aws_kms_key.lake (the default key policy)");
        let check = Check::run(&pipeline, &setup);
        let denied: Vec<_> = check
            .denied()
            .filter(|(answer, _)| answer.principal == PrincipalKind::Runner)
            .map(|(answer, _)| &answer.action)
            .collect();
        assert!(denied.is_empty(), "{denied:?}");
        // The bucket is not in the plan, so what is allowed there is told with that caveat.
        let bucket = check.answers.iter().find(|it| {
            it.principal == PrincipalKind::Runner && it.action == "s3:GetBucketLocation"
        });
        let bucket = bucket.unwrap();
        assert!(bucket.caveats.iter().any(|it| it.contains("not managed here")), "{bucket:?}");
        assert!(!check.sufficient(), "the other roles are not there");
    }

    #[test]
    fn what_comes_with_apply_is_unknown() {
        let pipeline = pipeline("direct");
        let text = plan(&pipeline, false);
        let setup = plan::read(&pipeline, "plan.json", &text, &Vec::new()).unwrap();
        assert_eq!(
            setup.roles[&PrincipalKind::Runner].unknown,
            ["`aws_iam_policy.runner.policy` is known after apply"]
        );
        let check = Check::run(&pipeline, &setup);
        assert!(check.undecided() > 20);
        assert!(check.denied().all(|(answer, _)| answer.principal != PrincipalKind::Runner));
    }

    fn state(pipeline: &Pipeline, inline: &str) -> String {
        let boundary = "arn:aws:iam::123456789012:policy/boundary";
        let everything_of = |service: &str| {
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
                "Action": format!("{service}:*"), "Resource": "*"}})
            .to_string()
        };
        let role = resource(
            "aws_iam_role",
            "export",
            "",
            &json!({
                "name": "hand-made", "arn": "arn:aws:iam::123456789012:role/hand-made",
                "assume_role_policy": generated(pipeline)["export-trust.json"],
                "permissions_boundary": boundary,
                "managed_policy_arns": [
                    "arn:aws:iam::aws:policy/AmazonS3FullAccess",
                    "arn:aws:iam::aws:policy/NobodyKnowsThis",
                ],
                "inline_policy": [{"name": "i", "policy": inline.replace("SQS", &everything_of("sqs"))}],
            }),
        );
        let bound = resource(
            "aws_iam_policy",
            "boundary",
            "",
            &json!({"arn": boundary, "policy": everything_of("sqs")}),
        );
        json!({"format_version": "1.0",
            "values": {"root_module": {"resources": [role, bound]}}})
        .to_string()
    }

    #[test]
    fn managed_policies_boundaries_and_state_are_read() {
        let pipeline = pipeline("direct");
        let none = Vec::new();
        let error = plan::read(&pipeline, "s", &state(&pipeline, "{}"), &none).unwrap_err();
        let plan::PlanError::Documents(errors) = error else { panic!("{error:?}") };
        assert_eq!(errors[0].name, "aws_iam_role.export.inline_policy[0] i");
        let text = state(&pipeline, "SQS");
        let setup = plan::read(&pipeline, "s", &text, &none).unwrap();
        let role = &setup.roles[&PrincipalKind::Export];
        assert!(role.identity.iter().any(|it| it.name.starts_with("AmazonS3FullAccess")));
        assert_eq!(role.unknown, ["AWS manages `NobodyKnowsThis`, whose text is not known here"]);
        assert!(matches!(&role.boundary, Attached::Known(_)), "{:?}", role.boundary);
        let check = Check::run(&pipeline, &setup);
        // The boundary allows nothing of S3; an unknown policy cannot mend that.
        let put = check.answers.iter().find(|it| it.action == "s3:PutObject*").unwrap();
        let Outcome::Denied(denial) = &put.outcome else { panic!("{put:?}") };
        assert_eq!(denial.evaluation.decided_by, Layer::Boundary);
        assert!(plan::read(&pipeline, "s", "{}", &none).is_err());
        assert!(plan::read(&pipeline, "s", "[", &none).is_err());
        let nobody = vec![(PrincipalKind::Runner, "nobody".to_owned())];
        assert!(matches!(
            plan::read(&pipeline, "s", &text, &nobody),
            Err(plan::PlanError::NoRole(name)) if name == "nobody"
        ));
    }

    #[test]
    fn of_a_document_that_is_put_off_the_known_statements_are_used() {
        let pipeline = pipeline("direct");
        let role = resource(
            "aws_iam_role",
            "analyst",
            "",
            &json!({
            "name": pipeline.role_name(PrincipalKind::Analyst), "path": "/snaplake/"}),
        );
        let own = resource(
            "aws_iam_role_policy",
            "analyst",
            "",
            &json!({
            "role": pipeline.role_name(PrincipalKind::Analyst)}),
        );
        let block = |action: &str, resources: Value, effect: Value| {
            json!({"sid": "", "effect": effect, "actions": [action], "resources": resources,
                "condition": []})
        };
        let workgroup = pipeline.workgroup_arn();
        let mut document = resource(
            "aws_iam_policy_document",
            "analyst",
            "data",
            &json!({
                "statement": [
                    block("athena:*", json!([workgroup]), Value::Null),
                    block("s3:GetObject", json!([pipeline.object_arn("exports/*"), null]), Value::Null),
                    block("kms:Decrypt", json!([null]), Value::Null),
                ],
            }),
        );
        document["mode"] = json!("data");
        let plan = |document: &Value, deny: bool| {
            let mut document = document.clone();
            if deny {
                document["values"]["statement"][2]["effect"] = json!("Deny");
            }
            json!({
                "format_version": "1.2",
                "planned_values": {"root_module": {"resources": [role, own, document]}},
                "resource_changes": [
                    {"address": "aws_iam_role_policy.analyst",
                        "change": {"after_unknown": {"policy": true}}},
                    {"address": "data.aws_iam_policy_document.analyst",
                        "change": {"after_unknown": {"json": true, "statement": [
                            {"actions": [false], "resources": [false]},
                            {"actions": [false], "resources": [false, true]},
                            {"actions": [false], "resources": [true]},
                        ]}}},
                ],
                "configuration": {"root_module": {"resources": [
                    {"address": "aws_iam_role_policy.analyst", "expressions": {"policy":
                        {"references": ["data.aws_iam_policy_document.analyst.json"]}}},
                ]}},
            })
            .to_string()
        };
        let text = plan(&document, false);
        let setup = plan::read(&pipeline, "p", &text, &Vec::new()).unwrap();
        let check = Check::run(&pipeline, &setup);
        let of = |check: &Check, action: &str| {
            let found = check
                .answers
                .iter()
                .find(|it| it.principal == PrincipalKind::Analyst && it.action == action);
            found.unwrap().clone()
        };
        let query = of(&check, "athena:GetQueryResults");
        assert!(matches!(query.outcome, Outcome::Allowed(_)), "{query:?}");
        assert!(query.caveats.is_empty(), "what only allows denies nothing: {:?}", query.caveats);
        assert!(matches!(of(&check, "s3:GetObject").outcome, Outcome::Allowed(_)));
        assert!(matches!(of(&check, "kms:Decrypt").outcome, Outcome::Unknown(_)));
        assert!(matches!(of(&check, "glue:GetDatabase").outcome, Outcome::Unknown(_)));
        // A statement that may deny leaves a doubt on everything.
        let setup = plan::read(&pipeline, "p", &plan(&document, true), &Vec::new()).unwrap();
        let check = Check::run(&pipeline, &setup);
        assert_eq!(of(&check, "athena:GetQueryResults").caveats.len(), 1);
        let errored = json!({"format_version": "1.2", "errored": true, "planned_values": {}});
        assert!(matches!(
            plan::read(&pipeline, "p", &errored.to_string(), &Vec::new()),
            Err(plan::PlanError::Errored)
        ));
    }
}
