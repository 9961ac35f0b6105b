use super::*;
use crate::config;
use crate::iam::{Policies, Request, RequestPrincipal, evaluate};
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

/// Whether a need is met, example by example.
fn met(need: &Need, policies: &Policies, arn: &str) -> bool {
    need.examples().all(|example| {
        let principal = RequestPrincipal::parse(arn).unwrap();
        let action = example.action.replace('*', "");
        let mut request = Request::new(principal, action, example.resource);
        for (key, value) in example.context {
            request = request.with(key, value);
        }
        evaluate(&request, policies).allowed()
    })
}

fn policies(pipeline: &Pipeline, identity: Value, resource: &str) -> Policies {
    let document = |kind| pipeline.documents().into_iter().find(|one| one.kind == kind);
    let identity = Policy::parse(&identity.to_string()).unwrap();
    let resource = if resource.contains(":kms:") {
        document(DocumentKind::Key)
    } else if resource.contains(":s3:") {
        document(DocumentKind::Bucket)
    } else {
        None
    };
    Policies {
        identity: vec![NamedPolicy::new("identity", identity)],
        resource: resource.map(|document| document.named_policy().unwrap()),
        ..Policies::default()
    }
}

fn all_met(pipeline: &Pipeline, principal: PrincipalKind, identity: &Value) -> bool {
    let arn = pipeline.role_arn(principal);
    pipeline.needs().iter().filter(|need| need.principal == principal).all(|need| {
        need.resources.iter().all(|resource| {
            met(need, &policies(pipeline, identity.clone(), resource), &arn)
        })
    })
}

#[test]
fn the_documents_meet_every_need_and_with_any_right_taken_away_they_do_not() {
    for pipeline in shapes() {
        for document in pipeline.documents() {
            let DocumentKind::Identity(principal) = document.kind else { continue };
            assert!(all_met(&pipeline, principal, &document.to_value()), "{}", document.file);
            for (at, statement) in document.statements.iter().enumerate() {
                for list in [statement.actions.len(), statement.resources.len()] {
                    let actions = list == statement.actions.len();
                    for item in 0..list {
                        let mut less = document.clone();
                        let statement = &mut less.statements[at];
                        let taken = if actions {
                            statement.actions.remove(item)
                        } else {
                            statement.resources.remove(item)
                        };
                        if statement.actions.is_empty() || statement.resources.is_empty() {
                            less.statements.remove(at);
                        }
                        assert!(
                            !all_met(&pipeline, principal, &less.to_value()),
                            "{}: nothing needs {taken}",
                            document.file
                        );
                    }
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
