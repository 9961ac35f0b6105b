//! What Lake Formation has to allow, beside IAM: read off the same needs as the policies.
//!
//! <https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html> says what each
//! permission allows.

use super::{Need, Pipeline, PrincipalKind, Registration, needs};
use std::collections::{BTreeMap, BTreeSet};

/// What Lake Formation grants permissions on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LakePlace {
    /// A Glue database, by its name.
    Database(String),
    /// Every table of a Glue database, by the database's name.
    Tables(String),
    /// The registered folder of the exports: who may point tables at it.
    Location,
}

/// What one principal is granted on one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeGrant {
    /// Who.
    pub principal: PrincipalKind,
    /// On what.
    pub place: LakePlace,
    /// What: `SELECT`; sorted.
    pub permissions: Vec<&'static str>,
}

impl Pipeline {
    /// The ARN of the role that Terraform registers the exports' folder with, if it does.
    #[must_use]
    pub fn location_role(&self) -> Option<&str> {
        match &self.lake_formation.as_ref()?.location {
            Registration::With(role) => Some(role),
            Registration::No | Registration::Already => None,
        }
    }

    /// What Lake Formation has to grant, by principal and place; nothing where it governs nothing.
    #[must_use]
    pub fn lake_grants(&self) -> Vec<LakeGrant> {
        let Some(lake_formation) = &self.lake_formation else { return Vec::new() };
        let mut grants: BTreeMap<(PrincipalKind, LakePlace), BTreeSet<&'static str>> =
            BTreeMap::new();
        for need in self.needs() {
            for database in [self.catalog.database.clone(), self.staging_database()] {
                if !need.resources.contains(&self.database_arn(&database)) {
                    continue;
                }
                for (on_tables, permission) in permissions(&need) {
                    let place = if on_tables {
                        LakePlace::Tables(database.clone())
                    } else {
                        LakePlace::Database(database.clone())
                    };
                    grants.entry((need.principal, place)).or_default().insert(permission);
                }
            }
            let points = matches!(need.action, "glue:CreateTable" | "glue:UpdateTable");
            if points && lake_formation.registered() {
                let place = (need.principal, LakePlace::Location);
                grants.entry(place).or_default().insert("DATA_LOCATION_ACCESS");
            }
        }
        grants
            .into_iter()
            .map(|((principal, place), permissions)| LakeGrant {
                principal,
                place,
                permissions: permissions.into_iter().collect(),
            })
            .collect()
    }
}

/// The permissions that an action of Glue's takes: whether each is one on tables, and its name. Whoever
/// makes a table may do anything with it, its partitions included
/// (<https://docs.aws.amazon.com/lake-formation/latest/dg/implicit-permissions.html>).
fn permissions(need: &Need) -> Vec<(bool, &'static str)> {
    match need.action {
        "glue:GetDatabase" => vec![(false, "DESCRIBE")],
        "glue:CreateTable" => vec![(false, "CREATE_TABLE")],
        // Athena looks a table up in order to read it.
        "glue:GetTable" if need.via == Some(needs::ATHENA) => {
            vec![(true, "DESCRIBE"), (true, "SELECT")]
        }
        "glue:GetTable" | "glue:GetTables" | "glue:GetPartitions" => vec![(true, "DESCRIBE")],
        "glue:UpdateTable"
        | "glue:UpdatePartition"
        | "glue:BatchCreatePartition"
        | "glue:BatchDeletePartition" => vec![(true, "ALTER")],
        "glue:DeleteTable" => vec![(true, "DROP")],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
