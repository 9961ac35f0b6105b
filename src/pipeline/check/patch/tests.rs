use super::super::answer;
use super::super::documents::read;
use super::super::tests::{across_accounts, check, edited, generated, pipeline};
use super::*;
use serde_json::json;

type Documents = BTreeMap<String, String>;

/// The documents with what the check proposes.
fn mended(documents: &Documents, patches: &[Patch]) -> Documents {
    let mut documents = documents.clone();
    for patch in patches {
        for it in &patch.replaced {
            let text = edited(&documents[&it.document], |statements| {
                statements[it.index] = it.statement.clone();
            });
            documents.insert(it.document.clone(), text);
        }
        if patch.statements.is_empty() {
            continue;
        }
        let none = json!({"Version": "2012-10-17", "Statement": []}).to_string();
        assert_eq!(patch.missing, !documents.contains_key(&patch.document), "{patch:?}");
        let there = documents.get(&patch.document).unwrap_or(&none);
        let text = edited(there, |statements| {
            statements.extend(patch.statements.iter().map(Statement::to_value));
        });
        documents.insert(patch.document.clone(), text);
    }
    documents
}

fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// Every document that lacks one action, one ARN or one statement of those that are generated.
fn wanting(documents: &Documents, names: &[&str]) -> Vec<(String, Documents)> {
    let mut all = Vec::new();
    for name in names {
        let policy: Value = serde_json::from_str(&documents[*name]).unwrap();
        for (index, statement) in policy["Statement"].as_array().unwrap().iter().enumerate() {
            if statement["Effect"] == "Deny" {
                continue;
            }
            let mut without = |what: String, edit: &dyn Fn(&mut Vec<Value>)| {
                let mut documents = documents.clone();
                let text = edited(&documents[*name], edit);
                documents.insert((*name).to_owned(), text);
                all.push((format!("{name} {} {what}", statement["Sid"]), documents));
            };
            without("whole".to_owned(), &|it| {
                it.remove(index);
            });
            for element in ["Action", "Resource"] {
                let there = listed(&statement[element]);
                for one in there.iter().filter(|_| there.len() > 1) {
                    let rest: Vec<_> = there.iter().filter(|it| *it != one).cloned().collect();
                    without(one.to_string(), &|it| it[index][element] = json!(rest));
                }
            }
        }
    }
    all
}

/// The statements of every document, without their ids and in no order.
fn statements(documents: &Documents) -> BTreeMap<&String, BTreeSet<String>> {
    let read = |text: &String| {
        let policy: Value = serde_json::from_str(text).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        statements
            .map(|it| {
                let mut it = it.clone();
                it.as_object_mut().unwrap().remove("Sid");
                it.to_string()
            })
            .collect()
    };
    documents.iter().map(|(name, text)| (name, read(text))).collect()
}

/// What is proposed, without the question of what could be taken away, which takes longer.
fn proposed(pipeline: &Pipeline, what: &str, documents: &Documents) -> Vec<Patch> {
    let setup = read(pipeline, "policies", documents, &Vec::new()).unwrap();
    let mut requests = answer::requests(pipeline, &setup);
    // Nobody else's needs have to do with a role's own document.
    let own = PrincipalKind::ALL.into_iter().find(|kind| what.starts_with(&format!("{kind}.json")));
    requests.retain(|it| own.is_none_or(|kind| it.need.principal == kind));
    let answers = answer::all(pipeline, &setup, &requests);
    assert!(answers.iter().any(|it| matches!(it.outcome, Outcome::Denied(_))), "{what}");
    all(pipeline, &setup, &requests, &answers)
}

fn is_mended(pipeline: &Pipeline, what: &str, documents: &Documents) {
    let patches = proposed(pipeline, what, documents);
    let mended = mended(documents, &patches);
    // Another test holds that these are sufficient and minimal.
    if statements(&mended) == statements(&generated(pipeline)) {
        return;
    }
    let after = check(pipeline, &mended);
    let denied: Vec<_> = after.denied().map(|(answer, _)| answer).collect();
    assert!(after.sufficient(), "{what}: {denied:?} with {patches:#?}");
    assert!(after.minimal(), "{what}: {:?} with {patches:#?}", after.surplus);
}

#[test]
fn whatever_is_missing_the_proposal_makes_up_for_it_and_for_nothing_else() {
    let pipeline = pipeline("crawler");
    let names = ["runner.json", "analyst.json", "crawler.json", "export.json"];
    let all = wanting(&generated(&pipeline), &names);
    assert!(all.len() > 100, "{}", all.len());
    for (what, documents) in all {
        is_mended(&pipeline, &what, &documents);
    }
}

#[test]
fn what_another_accounts_bucket_and_key_lack_is_proposed_as_well() {
    let pipeline = across_accounts();
    let all = wanting(&generated(&pipeline), &["lake-bucket.json", "lake-key.json"]);
    assert!(all.len() > 30, "{}", all.len());
    for (what, documents) in all {
        is_mended(&pipeline, &what, &documents);
    }
}

/// The statement that has the rest takes what is missing.
#[test]
fn one_missing_arn_is_added_to_the_statement_that_has_the_rest() {
    let pipeline = pipeline("direct");
    let documents = generated(&pipeline);
    let policy: Value = serde_json::from_str(&documents["runner.json"]).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let index = statements.iter().position(|it| it["Sid"] == "ReadCatalog").unwrap();
    let mut without = documents.clone();
    let text = edited(&documents["runner.json"], |it| {
        it[index]["Resource"].as_array_mut().unwrap().pop();
    });
    without.insert("runner.json".to_owned(), text);
    let check = check(&pipeline, &without);
    let [patch] = check.patches.as_slice() else { panic!("{:?}", check.patches) };
    assert_eq!(
        (patch.to, patch.statements.len()),
        (DocumentKind::Identity(PrincipalKind::Runner), 0)
    );
    let [replaced] = patch.replaced.as_slice() else { panic!("{:?}", patch.replaced) };
    assert_eq!((replaced.index, &replaced.statement), (index, &statements[index]));
}

#[test]
fn a_missing_key_policy_is_proposed_with_its_administration() {
    let pipeline = pipeline("direct");
    let documents = generated(&pipeline);
    let mut without = documents.clone();
    without.remove("lake-key.json");
    let before = check(&pipeline, &without);
    let [patch] = before.patches.as_slice() else { panic!("{:?}", before.patches) };
    assert_eq!((patch.to, patch.document.as_str()), (DocumentKind::Key, "lake-key.json"));
    let wanted: Value = serde_json::from_str(&documents["lake-key.json"]).unwrap();
    let made: Value =
        serde_json::from_str(&mended(&without, &before.patches)["lake-key.json"]).unwrap();
    assert_eq!(made, wanted);
    is_mended(&pipeline, "no key policy", &without);
    let mut narrow = documents.clone();
    let text = edited(&documents["lake-key.json"], |it| it[0]["Action"] = json!("kms:DescribeKey"));
    narrow.insert("lake-key.json".to_owned(), text);
    is_mended(&pipeline, "a key policy that leaves too little", &narrow);
}

#[test]
fn trust_that_is_missing_is_proposed() {
    let pipeline = pipeline("direct");
    let documents = generated(&pipeline);
    for (what, principal) in [
        ("another service", json!({"Service": "rds.amazonaws.com"})),
        ("another account", json!({"AWS": "arn:aws:iam::999999999999:root"})),
    ] {
        for name in ["export-trust.json", "runner-trust.json"] {
            let mut wrong = documents.clone();
            let text = edited(&documents[name], |it| it[0]["Principal"] = principal.clone());
            wrong.insert(name.to_owned(), text);
            let before = check(&pipeline, &wrong);
            let [patch] = before.patches.as_slice() else { panic!("{what}: {:?}", before.patches) };
            assert_eq!(patch.document, name);
            let after = check(&pipeline, &mended(&wrong, &before.patches));
            assert!(after.sufficient() && after.minimal(), "{what}: {:?}", after.surplus);
        }
    }
}
