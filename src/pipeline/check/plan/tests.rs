//! What a plan leaves open, and what it says in other places than one looks first.

use super::{PlanError, read};
use crate::pipeline::check::tests::{generated, pipeline};
use crate::pipeline::check::{Attached, Check, Outcome, Setup};
use crate::pipeline::{Pipeline, PrincipalKind};
use serde_json::{Value, json};

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn everything(effect: &str) -> String {
    json!({"Version": "2012-10-17",
        "Statement": {"Effect": effect, "Action": "*", "Resource": "*"}})
    .to_string()
}

/// A plan of one pipeline, all of it known, to be changed.
struct Plan {
    pipeline: Pipeline,
    resources: Vec<Value>,
    unknown: Vec<(String, Value)>,
    configured: Vec<Value>,
    more: Value,
}

impl Plan {
    fn new() -> Self {
        let pipeline = pipeline("direct");
        let documents = generated(&pipeline);
        let mut plan = Self {
            resources: Vec::new(),
            unknown: Vec::new(),
            configured: Vec::new(),
            more: json!({}),
            pipeline: pipeline.clone(),
        };
        for kind in pipeline.principals().iter().map(|it| it.kind) {
            let name = pipeline.role_name(kind);
            let arn = pipeline.role_arn(kind);
            let trust = &documents[&format!("{kind}-trust.json")];
            plan.add(
                &format!("aws_iam_role.{kind}"),
                json!({"name": name, "path": "/snaplake/",
                "arn": arn, "assume_role_policy": trust}),
            );
            let own = &documents[&format!("{kind}.json")];
            plan.add(
                &format!("aws_iam_role_policy.{kind}"),
                json!({"name": name, "role": name, "policy": own}),
            );
        }
        let bucket = pipeline.lake.bucket.clone();
        plan.add("aws_s3_bucket.lake", json!({"bucket": bucket}));
        plan.add(
            "aws_s3_bucket_policy.lake",
            json!({"bucket": bucket, "policy": documents["lake-bucket.json"]}),
        );
        plan.add(
            "aws_kms_key.lake",
            json!({"arn": pipeline.key_arn(), "policy": documents["lake-key.json"]}),
        );
        plan
    }

    fn add(&mut self, address: &str, values: Value) {
        let (kind, name) = address.split_once('.').unwrap();
        self.resources.push(json!({"address": address, "mode": "managed", "type": kind,
            "name": name, "values": values}));
    }

    fn remove(&mut self, address: &str) {
        let count = self.resources.len();
        self.resources.retain(|it| it["address"] != address);
        assert_eq!(self.resources.len() + 1, count, "{address}");
    }

    fn values(&mut self, address: &str) -> &mut Value {
        let found = self.resources.iter_mut().find(|it| it["address"] == address);
        &mut found.unwrap()["values"]
    }

    /// Makes an attribute known after apply, and says what it refers to.
    fn open(&mut self, address: &str, attribute: &str, references: &[&str]) {
        let values = self.values(address).as_object_mut().unwrap();
        values.remove(attribute);
        self.unknown.push((address.to_owned(), json!({attribute: true})));
        self.configured.push(json!({"address": address,
            "expressions": {attribute: {"references": references}}}));
    }

    fn text(&self) -> String {
        let changes: Vec<_> = self
            .unknown
            .iter()
            .map(|(address, open)| {
                json!({"address": address,
                "change": {"actions": ["create"], "after_unknown": open}})
            })
            .collect();
        let mut plan = json!({
            "format_version": "1.2",
            "planned_values": {"root_module": {"resources": self.resources}},
            "resource_changes": changes,
            "configuration": {"root_module": {"resources": self.configured}},
        });
        let more = self.more.as_object().unwrap().clone();
        plan.as_object_mut().unwrap().extend(more);
        plan.to_string()
    }

    fn setup(&self) -> Setup {
        read(&self.pipeline, "plan.json", &self.text(), &Vec::new()).unwrap()
    }

    /// What is unknown of the runner: of what may deny, and of what only allows.
    fn doubts(&self) -> (Vec<String>, Vec<String>) {
        let setup = self.setup();
        let role = &setup.roles[&PrincipalKind::Runner];
        (role.unknown.clone(), role.unknown_grants.clone())
    }
}

#[test]
fn a_plan_in_which_all_is_known_leaves_no_doubt() {
    let plan = Plan::new();
    let setup = plan.setup();
    assert_eq!(setup.notes, Vec::<String>::new());
    let check = Check::run(&plan.pipeline, &setup);
    assert!(check.sufficient() && check.minimal() && check.unknown.is_empty());
}

#[test]
fn a_policy_of_an_unknown_role_may_be_any_roles() {
    for (kind, policy) in [
        ("aws_iam_role_policy", json!({"name": "x", "policy": everything("Allow")})),
        ("aws_iam_role_policy_attachment", json!({"policy_arn": ADMINISTRATOR})),
    ] {
        let mut plan = Plan::new();
        let address = format!("{kind}.x");
        plan.add(&address, policy);
        plan.open(&address, "role", &["local.role"]);
        let told = format!("`{address}` may be this role's: `{address}.role` is known after apply");
        assert_eq!(plan.doubts(), (vec![], vec![told]), "what only allows denies nothing");
        for kind in plan.pipeline.principals().iter().map(|it| it.kind) {
            assert_eq!(plan.setup().roles[&kind].unknown_grants.len(), 1, "{kind}");
        }
        let check = Check::run(&plan.pipeline, &plan.setup());
        assert!(check.sufficient(), "what only allows denies nothing");
        assert!(!check.minimal(), "it may grant what nothing needs");
        // One that refers to another role is that role's.
        plan.configured.clear();
        plan.open(&address, "role", &["aws_iam_role.export.id", "aws_iam_role.export"]);
        assert_eq!(plan.doubts(), (vec![], vec![]));
        assert_eq!(plan.setup().roles[&PrincipalKind::Export].identity.len(), 2);
    }
    let mut plan = Plan::new();
    plan.add("aws_iam_role_policy.x", json!({"name": "x", "policy": everything("Deny")}));
    plan.open("aws_iam_role_policy.x", "role", &["each.value"]);
    assert_eq!(plan.doubts().0.len(), 1, "what denies may deny");
    // Nor is the runner's own policy nobody's.
    let mut plan = Plan::new();
    plan.open("aws_iam_role_policy.runner", "role", &["local.role"]);
    let check = Check::run(&plan.pipeline, &plan.setup());
    assert_eq!(check.denied().count(), 0);
    assert!(check.undecided() > 20);
}

#[test]
fn roles_of_an_attachment_may_be_unknown() {
    let mut plan = Plan::new();
    plan.add("aws_iam_policy_attachment.a", json!({"policy_arn": ADMINISTRATOR}));
    plan.open("aws_iam_policy_attachment.a", "roles", &["local.roles"]);
    assert_eq!(plan.doubts().1.len(), 1);
    plan.configured.clear();
    let two = [
        "aws_iam_role.export.id",
        "aws_iam_role.export",
        "aws_iam_role.runner.id",
        "aws_iam_role.runner",
    ];
    plan.open("aws_iam_policy_attachment.a", "roles", &two);
    let setup = plan.setup();
    for (kind, count) in
        [(PrincipalKind::Export, 2), (PrincipalKind::Runner, 2), (PrincipalKind::Analyst, 1)]
    {
        assert_eq!(setup.roles[&kind].identity.len(), count, "{kind}");
        assert!(setup.roles[&kind].unknown_grants.is_empty(), "{kind}");
    }
}

#[test]
fn lists_and_blocks_that_come_with_apply_are_unknown() {
    for attribute in ["managed_policy_arns", "inline_policy"] {
        let mut plan = Plan::new();
        plan.open("aws_iam_role.runner", attribute, &["aws_iam_policy.x.arn", "aws_iam_policy.x"]);
        let told = format!("`aws_iam_role.runner.{attribute}` is known after apply");
        assert_eq!(plan.doubts(), (vec![told], vec![]));
        // Of a role to be made, the provider says so where the configuration sets nothing.
        plan.configured = vec![json!({"address": "aws_iam_role.runner", "expressions": {}})];
        assert_eq!(plan.doubts(), (vec![], vec![]));
    }
    let mut plan = Plan::new();
    plan.add("aws_iam_policy.x", json!({"name": "x", "policy": everything("Allow")}));
    let meant = ["aws_iam_policy.x.arn", "aws_iam_policy.x"];
    plan.open("aws_iam_role.runner", "managed_policy_arns", &meant);
    assert_eq!(plan.doubts(), (vec![], vec![]));
    assert_eq!(plan.setup().roles[&PrincipalKind::Runner].identity.len(), 2);
}

#[test]
fn a_bucket_has_one_policy_and_it_may_be_unknown_which() {
    let deny = json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*",
        "Action": "s3:*", "Resource": "arn:aws:s3:::x"}})
    .to_string();
    let mut plan = Plan::new();
    plan.values("aws_s3_bucket_policy.lake")["policy"] = json!(deny);
    plan.open("aws_s3_bucket_policy.lake", "bucket", &["local.bucket"]);
    let Attached::Unknown(why) = plan.setup().bucket else { panic!("{:?}", plan.setup().bucket) };
    assert!(why.starts_with("`aws_s3_bucket_policy.lake` may be the policy of"), "{why}");
    // Of a bucket that is known to be another, it is not.
    let mut plan = Plan::new();
    plan.add("aws_s3_bucket.other", json!({"bucket": "other"}));
    plan.add("aws_s3_bucket_policy.other", json!({"policy": deny}));
    plan.open("aws_s3_bucket_policy.other", "bucket", &["aws_s3_bucket.other.id"]);
    let setup = plan.setup();
    assert!(matches!(&setup.bucket, Attached::Known(it) if it.name == "aws_s3_bucket_policy.lake"));
    assert!(setup.notes.is_empty(), "{:?}", setup.notes);
    // Two of one bucket.
    let mut plan = Plan::new();
    let bucket = plan.pipeline.lake.bucket.clone();
    plan.add("aws_s3_bucket_policy.two", json!({"bucket": bucket, "policy": deny}));
    let Attached::Unknown(why) = plan.setup().bucket else { panic!("{:?}", plan.setup().bucket) };
    assert!(why.contains("which has only one"), "{why}");
}

#[test]
fn what_others_take_away_does_not_count() {
    let exclusive = "aws_iam_role_policies_exclusive.x";
    let mut plan = Plan::new();
    let name = plan.pipeline.role_name(PrincipalKind::Runner);
    plan.add(exclusive, json!({"role_name": name, "policy_names": []}));
    let setup = plan.setup();
    let role = &setup.roles[&PrincipalKind::Runner];
    assert!(role.identity.is_empty());
    assert_eq!(
        role.unknown_grants,
        [format!("`{exclusive}` takes `aws_iam_role_policy.runner` away, which it does not name")]
    );
    plan.values(exclusive)["policy_names"] = json!([name]);
    assert_eq!(plan.doubts(), (vec![], vec![]));
    plan.values(exclusive)["policy_names"] = json!([name, "by-hand"]);
    let (unknown, _) = plan.doubts();
    assert!(unknown[0].contains("`by-hand`, which `aws_iam_role_policies_exclusive.x` keeps"));
    // By reference, as in the plan of a role that is yet to be made.
    let meant = ["aws_iam_role_policy.runner.name", "aws_iam_role_policy.runner"];
    plan.open(exclusive, "policy_names", &meant);
    assert_eq!(plan.doubts(), (vec![], vec![]));
    assert_eq!(plan.setup().roles[&PrincipalKind::Runner].identity.len(), 1);
}

#[test]
fn a_list_of_attachments_attaches_and_detaches() {
    let mut plan = Plan::new();
    let name = plan.pipeline.role_name(PrincipalKind::Runner);
    let address = "aws_iam_role_policy_attachments_exclusive.x";
    plan.add(address, json!({"role_name": name, "policy_arns": [ADMINISTRATOR]}));
    let identity = |plan: &Plan| -> Vec<String> {
        let setup = plan.setup();
        setup.roles[&PrincipalKind::Runner].identity.iter().map(|it| it.name.clone()).collect()
    };
    assert_eq!(identity(&plan).len(), 2, "{:?}", identity(&plan));
    assert!(identity(&plan)[1].starts_with("AdministratorAccess"));
    let other = "arn:aws:iam::aws:policy/AmazonS3FullAccess";
    plan.add("aws_iam_role_policy_attachment.y", json!({"role": name, "policy_arn": other}));
    assert_eq!(identity(&plan).len(), 2, "{:?}", identity(&plan));
    assert_eq!(
        plan.doubts().1,
        [format!(
            "`{address}` takes `aws_iam_role_policy_attachment.y` away, which it does not name"
        )]
    );
}

#[test]
fn of_a_plan_that_is_not_the_whole_everything_is_doubtful() {
    for more in [
        json!({"complete": false}),
        json!({"deferred_changes": [{"reason": "resource_config_unknown",
            "resource_change": {"address": "aws_iam_role_policy.z"}}]}),
    ] {
        let mut plan = Plan::new();
        plan.more = more;
        assert_eq!(plan.doubts().0.len(), 1);
        assert_eq!(plan.setup().notes.len(), 1);
        plan.remove("aws_s3_bucket_policy.lake");
        assert!(matches!(plan.setup().bucket, Attached::Unknown(_)));
    }
}

#[test]
fn what_is_forgotten_stays_in_aws() {
    let mut plan = Plan::new();
    let before = plan.values("aws_iam_role_policy.runner").clone();
    plan.remove("aws_iam_role_policy.runner");
    plan.more = json!({"resource_changes": [{"address": "aws_iam_role_policy.runner",
        "mode": "managed", "type": "aws_iam_role_policy", "name": "runner",
        "change": {"actions": ["forget"], "before": before, "after": null,
            "after_unknown": {}}}]});
    let setup = plan.setup();
    assert!(Check::run(&plan.pipeline, &setup).sufficient());
    assert!(setup.notes[0].contains("out of the state and leaves it in AWS"), "{:?}", setup.notes);
}

#[test]
fn what_has_a_say_elsewhere_is_told() {
    let mut plan = Plan::new();
    let open = json!({"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*",
        "Resource": "*"}]});
    plan.add("aws_vpc_endpoint.open", json!({"policy": open.to_string()}));
    plan.add("aws_organizations_policy.tags", json!({"type": "TAG_POLICY", "content": "{}"}));
    assert!(plan.setup().notes.is_empty(), "{:?}", plan.setup().notes);
    plan.add("aws_vpc_endpoint.s3", json!({"policy": everything("Deny")}));
    plan.add("aws_organizations_policy.x", json!({"content": everything("Deny")}));
    plan.add("aws_organizations_policy_attachment.x", json!({"policy_id": "p-1"}));
    let notes = plan.setup().notes;
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes.iter().all(|it| it.contains("is not taken into account")), "{notes:?}");
    plan.add(
        "aws_glue_resource_policy.x",
        json!({"policy": json!({"Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Principal": "*", "Action": "glue:*",
            "Resource": "*"}}).to_string()}),
    );
    assert_eq!(plan.doubts().0.len(), 1);
}

#[test]
fn the_role_of_the_pipelines_account_is_taken() {
    let mut plan = Plan::new();
    let name = plan.pipeline.role_name(PrincipalKind::Runner);
    let other = json!({"address": "aws_iam_role.other", "mode": "managed", "type": "aws_iam_role",
        "name": "other", "values": {"name": name, "assume_role_policy": everything("Allow"),
            "arn": format!("arn:aws:iam::999999999999:role/{name}")}});
    plan.resources.insert(0, other.clone());
    let error = read(&plan.pipeline, "p", &plan.text(), &Vec::new());
    let setup = error.unwrap();
    assert_eq!(
        setup.roles[&PrincipalKind::Runner].arn,
        plan.pipeline.role_arn(PrincipalKind::Runner)
    );
    assert!(setup.notes[0].contains("`aws_iam_role.runner` is taken"), "{:?}", setup.notes);
    plan.remove("aws_iam_role.runner");
    let setup = plan.setup();
    assert!(!setup.roles.contains_key(&PrincipalKind::Runner));
    assert!(setup.notes[0].contains("it is of the account 999999999999"), "{:?}", setup.notes);
    // One of the same account with another path comes after that with the pipeline's ARN.
    let mut plan = Plan::new();
    let mut twin = other;
    twin["values"] = json!({"name": name, "path": "/dev/", "assume_role_policy": "{}"});
    plan.resources.insert(0, twin);
    assert_eq!(
        plan.setup().roles[&PrincipalKind::Runner].arn,
        plan.pipeline.role_arn(PrincipalKind::Runner)
    );
}

#[test]
fn a_policy_that_is_none_is_no_missing_one() {
    let wrong = |value: Value| {
        let mut plan = Plan::new();
        plan.values("aws_iam_role_policy.runner")["policy"] = value;
        match read(&plan.pipeline, "p", &plan.text(), &Vec::new()) {
            Err(PlanError::Documents(errors)) => errors[0].clone(),
            other => panic!("{other:?}"),
        }
    };
    for (value, told) in [(json!(5), "`policy` is a number"), (json!({}), "`policy` is an object")]
    {
        let error = wrong(value);
        assert_eq!(error.name, "aws_iam_role_policy.runner");
        assert!(error.errors.to_string().contains(told), "{}", error.errors);
    }
    wrong(json!(""));
    let mut plan = Plan::new();
    plan.values("aws_iam_role_policy.runner")["policy"] = Value::Null;
    assert_eq!(plan.doubts().0, ["`aws_iam_role_policy.runner.policy` has no value here"]);
    // What AWS would not save is no policy, either.
    let of_all = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*",
        "Resource": "*", "Principal": "*"}});
    let error = wrong(json!(of_all.to_string()));
    assert!(error.errors.to_string().contains("statement 0 has a `Principal`"), "{}", error.errors);
}

#[test]
fn what_terraform_does_not_write_is_refused() {
    let pipeline = pipeline("direct");
    let told = |text: Value| match read(&pipeline, "p", &text.to_string(), &Vec::new()) {
        Ok(setup) => panic!("{setup:?}"),
        Err(error) => error.to_string(),
    };
    for (text, why) in [
        (json!({"format_version": "2.0", "values": {}}), "format 2.0"),
        (json!({"format_version": "0", "values": {}}), "format 0"),
        (json!({"format_version": 1, "values": {}}), "neither a plan nor a state"),
        (json!({"format_version": "1.0", "values": 5}), "`values` is not an object"),
        (
            json!({"format_version": "1.0", "values": {"root_module": {"resources": "x"}}}),
            "`resources` is not a list",
        ),
        (
            json!({"format_version": "1.0", "values": {"root_module": {"resources":
            [{"address": 1}]}}}),
            "`address of resources` is not a text",
        ),
        (
            json!({"format_version": "1.0", "values": {"root_module": {"child_modules": [3]}}}),
            "`module` is not an object",
        ),
    ] {
        assert!(told(text).contains(why), "{why}");
    }
    for version in ["0.1", "0.2", "1.0", "1.9"] {
        let text = json!({"format_version": version, "values": {"root_module": {}}}).to_string();
        assert!(read(&pipeline, "p", &text, &Vec::new()).is_ok(), "{version}");
    }
}

/// As the provider (5.100) does: of two conditions with one test and variable it joins the values.
#[test]
fn conditions_of_a_document_that_is_put_off_are_joined() {
    let mut plan = Plan::new();
    let condition = |value: &str| {
        json!({"test": "StringLike", "variable": "s3:prefix",
        "values": [value]})
    };
    let mut document = json!({"address": "data.aws_iam_policy_document.d", "mode": "data",
        "type": "aws_iam_policy_document", "name": "d"});
    document["values"] = json!({"statement": [{"actions": ["s3:ListBucket"], "resources": ["*"],
        "condition": [condition("exports/*"), condition("other/*")]}]});
    plan.resources.push(document);
    plan.open("aws_iam_role_policy.runner", "policy", &["data.aws_iam_policy_document.d.json"]);
    let setup = plan.setup();
    let policy = &setup.roles[&PrincipalKind::Runner].identity[0].policy;
    let [condition] = policy.statements()[0].conditions.as_slice() else { panic!("{policy:?}") };
    assert_eq!(condition.values, ["exports/*", "other/*"]);
    let check = Check::run(&plan.pipeline, &setup);
    assert!(check.answers.iter().any(|it| matches!(it.outcome, Outcome::Denied(_))));
}
