//! The child modules: lake, export, catalog, athena, runner; Lake Formation's where it is used.

mod lake_formation;

use super::module::{Module, Output};
use super::substitute::Substitutions;
use super::{GenerateError, statements, templates};
use crate::pipeline::{CatalogMode, Document, KeyChoice, Pipeline, PrincipalKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The model's policies as JSON, by file name without `policies/` and `.json`: `runner-trust`.
pub type Policies = BTreeMap<String, Value>;

/// Reads the policies off the model.
#[must_use]
pub fn policies(documents: &[Document]) -> Policies {
    documents
        .iter()
        .map(|document| (stem(&document.file).to_owned(), document.to_value()))
        .collect()
}

fn stem(file: &str) -> &str {
    let name = file.rsplit_once('/').map_or(file, |(_, name)| name);
    name.strip_suffix(".json").unwrap_or(name)
}

/// Every child module, in the order in which the root calls them. Where all that a module would make
/// exists already, there is no such module.
///
/// # Errors
/// When the model lacks a policy or a template does not fit.
pub fn all(pipeline: &Pipeline, policies: &Policies) -> Result<Vec<Module>, GenerateError> {
    let maker = Maker { pipeline, policies };
    let all = [
        maker.lake()?,
        maker.export()?,
        maker.catalog()?,
        maker.athena()?,
        maker.runner()?,
        maker.lake_formation()?,
    ];
    Ok(all.into_iter().flatten().collect())
}

/// The text, the outputs and the policies of a principal that people or programs take.
type PrincipalParts = (String, Vec<Output>, Vec<(&'static str, String)>);

struct Maker<'a> {
    pipeline: &'a Pipeline,
    policies: &'a Policies,
}

impl Maker<'_> {
    fn policy(&self, name: &str) -> Result<&Value, GenerateError> {
        self.policies.get(name).ok_or_else(|| GenerateError::MissingPolicy(name.to_owned()))
    }

    /// A policy as a data source, as text.
    fn document(
        &self,
        id: &str,
        name: &str,
        names: &Substitutions,
    ) -> Result<String, GenerateError> {
        let text =
            templates::terraform("policy", statements::document(id, self.policy(name)?, names))?;
        Ok(text.trim_end().to_owned())
    }

    /// What the variables of every child module stand for.
    fn names(&self) -> Substitutions {
        let pipeline = self.pipeline;
        let names = Substitutions::new(pipeline.partition, &pipeline.region, &pipeline.account)
            .name("s3", pipeline.lake.prefix.as_str(), "var.prefix")
            .name("s3", pipeline.results_prefix().trim_end_matches('/'), "var.results_prefix")
            .name("glue:crawler", pipeline.crawler_name(), "var.crawler_name")
            .name("athena", pipeline.athena.workgroup.as_str(), "var.workgroup")
            .name("rds", pipeline.source.kind.id(), "var.source_id")
            .name("rds", pipeline.name.as_str(), "var.name");
        ["glue:database", "glue:table", "glue:userDefinedFunction"].into_iter().fold(
            names,
            |names, scope| {
                names.name(scope, pipeline.catalog.database.as_str(), "var.database").name(
                    scope,
                    pipeline.staging_database(),
                    "var.staging_database",
                )
            },
        )
    }

    /// As [`Self::names`], for modules that are told the bucket and the key by ARN.
    fn names_outside_lake(&self) -> Substitutions {
        let pipeline = self.pipeline;
        self.names()
            .arn(pipeline.bucket_arn(), "var.bucket_arn")
            .arn(pipeline.key_arn(), "var.key_arn")
            .arn(pipeline.role_arn(PrincipalKind::Export), "var.export_role_arn")
            .arn(pipeline.role_arn(PrincipalKind::Crawler), "var.crawler_role_arn")
    }

    /// Whether a principal's role exists already.
    fn exists(&self, kind: PrincipalKind) -> bool {
        self.pipeline.existing_role(kind).is_some()
    }

    fn role_name(&self, kind: PrincipalKind) -> (&'static str, String) {
        ("role_name", super::hcl::quoted(&self.pipeline.role_name(kind)))
    }

    fn lake(&self) -> Result<Option<Module>, GenerateError> {
        let makes_key = self.pipeline.lake.key == KeyChoice::Create;
        let makes_bucket = !self.pipeline.existing.bucket;
        let mut module = Module {
            name: "lake",
            title: "the bucket and its key",
            about: "The bucket that holds exports and query results, private, versioned, encrypted with one \
                KMS key, reachable over TLS only; the bucket that takes its access logs; and, unless one \
                is given, the key. Exports never expire here: only a run's prune, which knows which of them \
                live tables point at, deletes them.",
            bodies: Vec::new(),
            outputs: Vec::new(),
            policies: Vec::new(),
            sources: vec![
                ("bucket", "local.bucket".to_owned()),
                ("key_arn", "local.key_arn".to_owned()),
            ],
        };
        match (makes_bucket, makes_key) {
            (false, false) => return Ok(None),
            (false, true) => {
                module.title = "the lake's key";
                module.about = "The KMS key that exports and query results are encrypted with. The \
                    bucket that holds them exists already and is its owner's.";
            }
            (true, _) => self.bucket(makes_key, &mut module)?,
        }
        if makes_key {
            let policy = statements::encoded(self.policy("lake-key")?, &self.names(), 1);
            module.bodies.push((
                "key.tf",
                templates::terraform("lake/key.tf", json!({ "policy": policy }))?,
            ));
            module.policies.push(("key_policy", "policies/lake-key.json".to_owned()));
            module.outputs.push(Output::new(
                "key_policy",
                "The key's policy, as JSON.",
                "aws_kms_key.lake.policy",
            ));
        }
        let key_arn = if makes_key { "aws_kms_key.lake.arn" } else { "var.key_arn" };
        let key =
            Output::new("key_arn", "ARN of the key that the lake is encrypted with.", key_arn);
        let at = module.outputs.iter().position(|output| output.name.ends_with("_policy"));
        module.outputs.insert(at.unwrap_or(0), key);
        Ok(Some(module))
    }

    /// The bucket and the one that takes its access logs.
    fn bucket(&self, makes_key: bool, module: &mut Module) -> Result<(), GenerateError> {
        let names = self.names().arn(self.pipeline.bucket_arn(), "aws_s3_bucket.lake.arn");
        let key_arn = if makes_key { "aws_kms_key.lake.arn" } else { "var.key_arn" };
        let bucket_names = names
            .clone()
            .arn(self.pipeline.key_arn(), key_arn)
            .arn(self.pipeline.role_arn(PrincipalKind::Export), "var.export_role_arn");
        let log_bucket =
            format!("arn:{}:s3:::{}", self.pipeline.partition, self.pipeline.log_bucket());
        let log_names = names.arn(log_bucket, "aws_s3_bucket.logs.arn");
        let logs = self.document("logs", "log-bucket", &log_names)?;
        let bucket = self.document("bucket", "lake-bucket", &bucket_names)?;
        let data = json!({ "key_arn": key_arn, "makes_key": makes_key, "policy": bucket });
        module.bodies = vec![
            ("main.tf", templates::terraform("lake/main.tf", data)?),
            ("logs.tf", templates::terraform("lake/logs.tf", json!({ "policy": logs }))?),
        ];
        module.policies = vec![
            ("bucket_policy", "policies/lake-bucket.json".to_owned()),
            ("log_bucket_policy", "policies/log-bucket.json".to_owned()),
        ];
        module.outputs = vec![
            Output::new("bucket", "Name of the lake bucket.", "aws_s3_bucket.lake.id"),
            Output::new("bucket_arn", "ARN of the lake bucket.", "aws_s3_bucket.lake.arn"),
            Output::new(
                "log_bucket",
                "Name of the bucket that takes access logs.",
                "aws_s3_bucket.logs.id",
            ),
            Output::new(
                "bucket_policy",
                "The bucket's policy, as JSON.",
                "data.aws_iam_policy_document.bucket.json",
            ),
            Output::new(
                "log_bucket_policy",
                "The log bucket's policy, as JSON.",
                "data.aws_iam_policy_document.logs.json",
            ),
        ];
        Ok(())
    }

    fn export(&self) -> Result<Option<Module>, GenerateError> {
        if self.exists(PrincipalKind::Export) {
            return Ok(None);
        }
        let names = self.names_outside_lake();
        let principal = self.pipeline.principal(PrincipalKind::Export);
        let body = templates::terraform(
            "export/main.tf",
            json!({
                "description": principal.description,
                "trust": self.document("trust", "export-trust", &names)?,
                "policy": self.document("export", "export", &names)?,
            }),
        )?;
        Ok(Some(Module {
            name: "export",
            title: "the role of RDS",
            about: "The role under which RDS writes snapshot exports to the lake: trusted by \
                export.rds.amazonaws.com alone, allowed to write under the exports' prefix and nowhere else.",
            bodies: vec![("main.tf", body)],
            outputs: vec![
                Output::new(
                    "role_arn",
                    "ARN of the role to give to StartExportTask.",
                    "aws_iam_role.export.arn",
                ),
                Output::new(
                    "policy",
                    "The role's policy, as JSON.",
                    "data.aws_iam_policy_document.export.json",
                ),
                Output::new(
                    "trust_policy",
                    "The role's trust policy, as JSON.",
                    "data.aws_iam_policy_document.trust.json",
                ),
            ],
            policies: vec![
                ("policy", "policies/export.json".to_owned()),
                ("trust_policy", "policies/export-trust.json".to_owned()),
            ],
            sources: vec![self.role_name(PrincipalKind::Export)],
        }))
    }

    fn catalog(&self) -> Result<Option<Module>, GenerateError> {
        let existing = &self.pipeline.existing;
        let crawler = self.pipeline.catalog.mode == CatalogMode::Crawler;
        let (live, staging) = (!existing.database, !existing.staging_database);
        let tables = self.pipeline.terraform_tables();
        if !(live || staging || crawler || !tables.is_empty()) {
            return Ok(None);
        }
        let mut module = Module {
            name: "catalog",
            title: "the Glue databases",
            about: "The Glue database that analysts see and the one in which a run checks an export before \
                publishing it; in crawler mode also the crawler and its role. What tables and views show is \
                published by runs, not by Terraform.",
            bodies: Vec::new(),
            outputs: Vec::new(),
            policies: Vec::new(),
            sources: vec![
                ("database", "local.database".to_owned()),
                ("staging_database", "local.staging_database".to_owned()),
                ("crawler_name", "local.crawler_name".to_owned()),
                ("crawler_role_arn", "local.crawler_role_arn".to_owned()),
            ],
        };
        if live || staging {
            let makes_tables = !tables.is_empty();
            let data = json!({ "live": live, "staging": staging, "makes_tables": makes_tables });
            module.bodies.push(("main.tf", templates::terraform("catalog/main.tf", data)?));
        }
        if live {
            module.outputs.push(Output::new(
                "database",
                "Name of the Glue database that holds published tables and views.",
                "aws_glue_catalog_database.live.name",
            ));
        }
        if staging {
            module.outputs.push(Output::new(
                "staging_database",
                "Name of the Glue database in which a run checks an export.",
                "aws_glue_catalog_database.staging.name",
            ));
        }
        if !tables.is_empty() {
            let database =
                if live { "aws_glue_catalog_database.live.name" } else { "var.database" };
            let data = json!({
                "database": database,
                "partition": self.pipeline.partition().is_some(),
            });
            module.bodies.push(("tables.tf", templates::terraform("catalog/tables.tf", data)?));
            module.outputs.push(Output::new(
                "tables",
                "Names of the tables that Terraform makes.",
                "sort([for table in aws_glue_catalog_table.live : table.name])",
            ));
        }
        if crawler {
            self.crawler(staging, &mut module)?;
        }
        Ok(Some(module))
    }

    /// The crawler and, unless one is given, its role.
    fn crawler(&self, staging: bool, module: &mut Module) -> Result<(), GenerateError> {
        let makes_role = !self.exists(PrincipalKind::Crawler);
        let names = self.names_outside_lake();
        let principal = self.pipeline.principal(PrincipalKind::Crawler);
        let database =
            if staging { "aws_glue_catalog_database.staging.name" } else { "var.staging_database" };
        let body = templates::terraform(
            "catalog/crawler.tf",
            json!({
                "description": principal.description,
                "trust": self.document("trust", "crawler-trust", &names)?,
                "policy": self.document("crawler", "crawler", &names)?,
                "makes_role": makes_role,
                "role": if makes_role { "aws_iam_role.crawler.arn" } else { "var.crawler_role_arn" },
                "database": database,
            }),
        )?;
        module.bodies.push(("crawler.tf", body));
        module.outputs.push(Output::new(
            "crawler_name",
            "Name of the Glue crawler.",
            "aws_glue_crawler.staging.name",
        ));
        if makes_role {
            module.outputs.extend([
                Output::new(
                    "crawler_role_arn",
                    "ARN of the role under which the Glue crawler works.",
                    "aws_iam_role.crawler.arn",
                ),
                Output::new(
                    "crawler_policy",
                    "The crawler role's policy, as JSON.",
                    "data.aws_iam_policy_document.crawler.json",
                ),
                Output::new(
                    "crawler_trust_policy",
                    "The crawler role's trust policy, as JSON.",
                    "data.aws_iam_policy_document.trust.json",
                ),
            ]);
            module.policies = vec![
                ("crawler_policy", "policies/crawler.json".to_owned()),
                ("crawler_trust_policy", "policies/crawler-trust.json".to_owned()),
            ];
            module.sources.push(self.role_name(PrincipalKind::Crawler));
        }
        Ok(())
    }

    fn athena(&self) -> Result<Option<Module>, GenerateError> {
        let makes_workgroup = !self.pipeline.existing.workgroup;
        let makes_analyst = !self.exists(PrincipalKind::Analyst);
        let mut module = Module {
            name: "athena",
            title: "the workgroup and the analysts' policy",
            about: "The Athena workgroup, whose settings (results location, encryption, scan limit) win over \
                any client's, and the policy that lets analysts query the published tables through it.",
            bodies: Vec::new(),
            outputs: Vec::new(),
            policies: Vec::new(),
            sources: vec![("workgroup", "local.workgroup".to_owned())],
        };
        match (makes_workgroup, makes_analyst) {
            (false, false) => return Ok(None),
            (true, false) => {
                module.title = "the workgroup";
                module.about = "The Athena workgroup, whose settings (results location, encryption, \
                    scan limit) win over any client's.";
            }
            (false, true) => {
                module.title = "the analysts' policy";
                module.about = "The policy that lets analysts query the published tables through the \
                    workgroup, which exists already, and the role that carries it.";
            }
            (true, true) => {}
        }
        if makes_workgroup {
            let data = json!({ "elsewhere": self.pipeline.existing.bucket_account.is_some() });
            module.bodies.push(("main.tf", templates::terraform("athena/main.tf", data)?));
            module.outputs.push(Output::new(
                "workgroup",
                "Name of the Athena workgroup.",
                "aws_athena_workgroup.lake.name",
            ));
        }
        if makes_analyst {
            let (analyst, outputs, policies) = self.principal(PrincipalKind::Analyst)?;
            module.bodies.push(("analyst.tf", analyst));
            module.outputs.extend(outputs);
            module.policies = policies;
            module.sources.push(self.role_name(PrincipalKind::Analyst));
        }
        Ok(Some(module))
    }

    fn runner(&self) -> Result<Option<Module>, GenerateError> {
        if self.exists(PrincipalKind::Runner) {
            return Ok(None);
        }
        let (body, outputs, policies) = self.principal(PrincipalKind::Runner)?;
        Ok(Some(Module {
            name: "runner",
            title: "the policy of whoever runs the pipeline",
            about: "The policy that a run of the pipeline needs, each statement named after the step that \
                needs it, and the role that carries it.",
            bodies: vec![("main.tf", body)],
            outputs,
            policies,
            sources: vec![self.role_name(PrincipalKind::Runner)],
        }))
    }

    /// A principal that people or programs take: its managed policy, and its role where somebody is
    /// trusted to take it.
    fn principal(&self, kind: PrincipalKind) -> Result<PrincipalParts, GenerateError> {
        let names = self.names_outside_lake();
        let id = kind.id();
        let principal = self.pipeline.principal(kind);
        let trust_name = format!("{id}-trust");
        let trusted = self.policies.contains_key(&trust_name);
        let trust =
            if trusted { self.document("trust", &trust_name, &names)? } else { String::new() };
        let body = templates::terraform(
            "principal.tf",
            json!({
                "id": id,
                "sentence": principal.description,
                "description": principal.description,
                "policy": self.document(id, id, &names)?,
                "trust": trust,
            }),
        )?;
        let mut outputs = vec![
            Output::new(
                "policy_arn",
                "ARN of the policy, to attach to other roles.",
                &format!("aws_iam_policy.{id}.arn"),
            ),
            Output::new(
                "policy",
                "The policy, as JSON.",
                &format!("data.aws_iam_policy_document.{id}.json"),
            ),
        ];
        let mut policies = vec![("policy", format!("policies/{id}.json"))];
        if trusted {
            outputs.extend([
                Output::new("role_arn", "ARN of the role.", &format!("aws_iam_role.{id}.arn")),
                Output::new(
                    "trust_policy",
                    "The role's trust policy, as JSON.",
                    "data.aws_iam_policy_document.trust.json",
                ),
            ]);
            policies.push(("trust_policy", format!("policies/{trust_name}.json")));
        }
        Ok((body, outputs, policies))
    }
}
