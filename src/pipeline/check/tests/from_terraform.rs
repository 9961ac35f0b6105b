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
    let text = if known { json!({"name": "p", "policy": policy}) } else { json!({"name": "p"}) };
    let policy = resource("aws_iam_policy", "runner", "", &text);
    let unknown =
        |address: &str, what: Value| json!({"address": address, "change": {"after_unknown": what}});
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
    // The bucket is not in the plan, so its policy may deny what the role's allows.
    let bucket = check
        .answers
        .iter()
        .find(|it| it.principal == PrincipalKind::Runner && it.action == "s3:GetBucketLocation");
    let Outcome::Unknown(why) = &bucket.unwrap().outcome else { panic!("{bucket:?}") };
    assert!(why.iter().any(|it| it.contains("not managed here")), "{why:?}");
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

#[test]
fn a_role_whose_name_comes_with_apply_may_be_anyones() {
    let pipeline = pipeline("direct");
    let mut text: Value = serde_json::from_str(&plan(&pipeline, true)).unwrap();
    let module = &mut text["planned_values"]["root_module"]["child_modules"][0];
    module["resources"][0]["values"].as_object_mut().unwrap().remove("name");
    let address = "module.roles.aws_iam_role.runner";
    let change = json!({"address": address, "change": {"after_unknown": {"name": true}}});
    text["resource_changes"].as_array_mut().unwrap().push(change);
    let setup = plan::read(&pipeline, "p", &text.to_string(), &Vec::new()).unwrap();
    let check = Check::run(&pipeline, &setup);
    assert_eq!(check.denied().count(), 0, "{:?}", denied(&check));
    let runner = |it: &&Answer| it.principal == PrincipalKind::Runner;
    let open = check.answers.iter().filter(runner);
    assert!(open.clone().any(|it| it.step.is_none()), "nor is it known who may take it");
    for answer in open {
        let Outcome::Unknown(why) = &answer.outcome else { panic!("{answer:?}") };
        assert_eq!(why, &[format!("`{address}.name` is known after apply")]);
    }
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
    // What is put off only allows, and so denies nothing.
    assert!(matches!(query.outcome, Outcome::Allowed(_)), "{query:?}");
    let known = Setup { bucket: Attached::Absent, ..setup };
    let check = Check::run(&pipeline, &known);
    assert!(matches!(of(&check, "s3:GetObject").outcome, Outcome::Allowed(_)));
    assert!(matches!(of(&check, "kms:Decrypt").outcome, Outcome::Unknown(_)));
    assert!(matches!(of(&check, "glue:GetDatabase").outcome, Outcome::Unknown(_)));
    // A statement that may deny leaves a doubt on everything.
    let setup = plan::read(&pipeline, "p", &plan(&document, true), &Vec::new()).unwrap();
    let check = Check::run(&pipeline, &setup);
    let query = of(&check, "athena:GetQueryResults");
    let Outcome::Unknown(why) = &query.outcome else { panic!("{query:?}") };
    assert_eq!(why.len(), 1, "{why:?}");
    let errored = json!({"format_version": "1.2", "errored": true, "planned_values": {}});
    assert!(matches!(
        plan::read(&pipeline, "p", &errored.to_string(), &Vec::new()),
        Err(plan::PlanError::Errored)
    ));
}
