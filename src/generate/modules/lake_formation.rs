//! The module of Lake Formation's permissions.

use super::Maker;
use crate::generate::module::{Module, Output};
use crate::generate::{GenerateError, hcl, templates};
use crate::pipeline::LakePlace;
use serde_json::json;

impl Maker<'_> {
    /// The permissions, where Lake Formation governs the databases.
    pub(super) fn lake_formation(&self) -> Result<Option<Module>, GenerateError> {
        let Some(settings) = &self.pipeline.lake_formation else { return Ok(None) };
        let (mut databases, mut tables, mut writers) = (Vec::new(), Vec::new(), Vec::new());
        for grant in self.pipeline.lake_grants() {
            let principal = format!("var.{}_role_arn", grant.principal.id());
            let permissions: Vec<String> =
                grant.permissions.iter().map(|name| hcl::quoted(name)).collect();
            let permissions = format!("[{}]", permissions.join(", "));
            let (rows, database) = match &grant.place {
                LakePlace::Location => {
                    writers.push((grant.principal.id().to_owned(), principal));
                    continue;
                }
                LakePlace::Database(database) => (&mut databases, database),
                LakePlace::Tables(database) => (&mut tables, database),
            };
            let staging = *database == self.pipeline.staging_database();
            let (variable, which) = if staging {
                ("var.staging_database", "staging")
            } else {
                ("var.database", "live")
            };
            let row = [
                ("principal", principal),
                ("database", variable.to_owned()),
                ("permissions", permissions),
            ];
            rows.push((format!("{}_{which}", grant.principal.id()), hcl::object(&row, 2)));
        }
        let body = templates::terraform(
            "lake_formation/main.tf",
            json!({
                "databases": object(&databases),
                "tables": object(&tables),
                "writers": object(&writers),
                "registered": settings.registered(),
                "registers": self.pipeline.location_role().is_some(),
            }),
        )?;
        let mut outputs = vec![Output::new(
            "permissions",
            "What each role may do with the tables of each database.",
            "{ for key, grant in aws_lakeformation_permissions.tables : key => sort(grant.permissions) }",
        )];
        if self.pipeline.location_role().is_some() {
            outputs.push(Output::new(
                "location_arn",
                "ARN of the folder that is registered.",
                "aws_lakeformation_resource.exports.arn",
            ));
        }
        Ok(Some(Module {
            name: "lake_formation",
            title: "Lake Formation's permissions",
            about: "What Lake Formation allows each role on the databases, their tables and, where it is \
                registered, the folder of the exports. Grants of IAMAllowedPrincipals are the account's and \
                are left as they are. Whoever applies this must be an administrator of the data lake.",
            bodies: vec![("main.tf", body)],
            outputs,
            policies: Vec::new(),
            sources: Vec::new(),
        }))
    }
}

fn object(rows: &[(String, String)]) -> String {
    let rows: Vec<(&str, String)> =
        rows.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    hcl::object(&rows, 1)
}
