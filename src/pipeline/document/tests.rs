use super::*;
use crate::config;
use crate::iam::{Policies, Request, RequestPrincipal, evaluate};
use crate::pipeline::Limit;
use std::path::Path;

fn example(change: impl Fn(&str) -> String) -> Pipeline {
    let text = include_str!("../../../examples/snapshot-to-athena/snaplake.toml");
    let config = config::parse(Path::new("snaplake.toml"), &change(text)).unwrap();
    Pipeline::from_config(&config).unwrap()
}

/// Pipelines of every shape that changes what is needed.
fn shapes() -> Vec<Pipeline> {
    let views = "[[views]]\nname = \"v\"\nsql = \"SELECT 1 FROM orders\"\n";
    let mut shapes = Vec::new();
    for snapshot in ["latest-automated", "latest-manual", "create"] {
        for mode in ["direct", "crawler"] {
            for views in [views, ""] {
                for instance in [false, true] {
                    shapes.push(example(|text| {
                        let text = text
                            .split("[[views]]")
                            .next()
                            .unwrap()
                            .replace("\"latest-automated\"", &format!("{snapshot:?}"))
                            .replace("mode = \"direct\"", &format!("mode = {mode:?}"));
                        let text = if instance {
                            text.replace("aurora-mysql", "mysql").replace("cluster =", "instance =")
                        } else {
                            text
                        };
                        text + views
                    }));
                }
            }
        }
    }
    shapes
}

#[test]
fn every_document_of_every_shape_fits() {
    for pipeline in shapes() {
        for document in pipeline.documents() {
            document.check_size().unwrap();
            let mut sids: Vec<_> = document.statements.iter().map(|one| &one.sid).collect();
            sids.dedup();
            assert_eq!(sids.len(), document.statements.len(), "{}", document.file);
        }
    }
}

#[test]
fn each_right_is_granted_in_one_statement() {
    for pipeline in shapes() {
        for document in pipeline.documents() {
            let DocumentKind::Identity(_) = document.kind else { continue };
            for statement in &document.statements {
                assert!(!statement.needs.is_empty(), "{} has no need", statement.sid);
                assert!(statement.sid != "Other", "{:?} have no name", statement.actions);
            }
            for need in pipeline.needs() {
                let DocumentKind::Identity(principal) = document.kind else { continue };
                if need.principal != principal {
                    continue;
                }
                let serving: Vec<_> =
                    document.statements.iter().filter(|one| one.needs.contains(&need)).collect();
                assert_eq!(serving.len(), 1, "{need:?}");
            }
        }
    }
}

#[test]
fn rights_on_everything_are_only_those_that_aws_scopes_to_nothing() {
    for pipeline in shapes() {
        for document in pipeline.documents() {
            for statement in &document.statements {
                let wide = statement.resources.iter().any(|resource| resource == "*");
                assert!(
                    !wide
                        || statement.actions == ["rds:CancelExportTask"]
                        || document.kind == DocumentKind::Key,
                    "{statement:?}"
                );
            }
        }
    }
}

#[test]
fn the_same_pipeline_gives_the_same_bytes() {
    let texts = |pipeline: &Pipeline| -> Vec<String> {
        pipeline.documents().iter().map(Document::to_json).collect()
    };
    for pipeline in shapes() {
        assert_eq!(texts(&pipeline), texts(&pipeline.clone()));
    }
}

/// What a principal asks for, and the resource policies that have a say in it.
struct Asked {
    requests: Vec<(Request, Option<NamedPolicy>)>,
}

impl Asked {
    fn by(pipeline: &Pipeline, principal: PrincipalKind) -> Self {
        let documents = pipeline.documents();
        let named = |kind| {
            documents.iter().find(|one| one.kind == kind).map(|one| one.named_policy().unwrap())
        };
        let (key, bucket) = (named(DocumentKind::Key), named(DocumentKind::Bucket));
        let arn = RequestPrincipal::parse(&pipeline.role_arn(principal)).unwrap();
        let needs = pipeline.needs().into_iter().filter(|need| need.principal == principal);
        let mut examples: Vec<_> =
            needs.flat_map(|need| need.examples().collect::<Vec<_>>()).collect();
        let order =
            |one: &super::super::Example| (one.action, one.resource.clone(), one.context.clone());
        examples.sort_by_key(order);
        examples.dedup();
        let requests = examples.into_iter().map(|example| {
            let resource = match example.resource.split(':').nth(2) {
                Some("kms") => key.clone(),
                Some("s3") => bucket.clone(),
                _ => None,
            };
            // Of what a documented wildcard stands for, its bare form is one.
            let action = example.action.replace('*', "");
            let mut request = Request::new(arn.clone(), action, example.resource);
            for (key, value) in example.context {
                request = request.with(key, value);
            }
            (request, resource)
        });
        Self { requests: requests.collect() }
    }

    fn all_allowed(&self, document: &Document) -> bool {
        let identity = vec![document.named_policy().unwrap()];
        let mut policies = Policies { identity, ..Policies::default() };
        self.requests.iter().all(|(request, resource)| {
            policies.resource.clone_from(resource);
            evaluate(request, &policies).allowed()
        })
    }
}

fn without(document: &Document, at: usize, take: impl Fn(&mut Statement)) -> Document {
    let mut less = document.clone();
    take(&mut less.statements[at]);
    if less.statements[at].actions.is_empty() || less.statements[at].resources.is_empty() {
        less.statements.remove(at);
    }
    less
}

#[test]
fn the_documents_meet_every_need_and_with_any_right_taken_away_they_do_not() {
    // Every third shape has every snapshot choice, mode, kind and both with and without views.
    for pipeline in shapes().into_iter().step_by(3) {
        for document in pipeline.documents() {
            let DocumentKind::Identity(principal) = document.kind else { continue };
            let asked = Asked::by(&pipeline, principal);
            assert!(asked.all_allowed(&document), "{}", document.file);
            for (at, statement) in document.statements.iter().enumerate() {
                for (item, action) in statement.actions.iter().enumerate() {
                    let less = without(&document, at, |one| drop(one.actions.remove(item)));
                    assert!(!asked.all_allowed(&less), "{}: {action}", document.file);
                }
                for (item, resource) in statement.resources.iter().enumerate() {
                    let less = without(&document, at, |one| drop(one.resources.remove(item)));
                    assert!(!asked.all_allowed(&less), "{}: {resource}", document.file);
                }
            }
        }
    }
}

#[test]
fn the_text_is_as_the_policy_language_prints_it() {
    for document in example(str::to_owned).documents() {
        assert_eq!(document.to_json().trim(), document.policy().unwrap().to_json().trim());
    }
}

#[test]
fn conditions_against_confused_deputies_are_there_when_asked_for() {
    let asked = example(|text| text.replace("[iam]", "[iam]\nconfused_deputy_conditions = true"));
    let trust = |pipeline: &Pipeline| {
        let documents = pipeline.documents();
        let kind = DocumentKind::Trust(PrincipalKind::Export);
        documents.into_iter().find(|one| one.kind == kind).unwrap().to_json()
    };
    assert!(!trust(&example(str::to_owned)).contains("aws:Source"));
    assert!(trust(&asked).contains("aws:SourceAccount"));
    assert!(trust(&asked).contains("arn:aws:rds:ap-northeast-1:123456789012:*"));
    let pass = asked.needs().into_iter().find(|need| need.action == "iam:PassRole").unwrap();
    assert_eq!(
        pass.limits,
        [Limit::new("StringEquals", "iam:PassedToService", "export.rds.amazonaws.com")]
    );
}
