//! Who acts in a pipeline.

use super::{CatalogMode, Pipeline};
use std::fmt;

/// A role in the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PrincipalKind {
    /// The role under which RDS writes an export to S3.
    Export,
    /// The role under which a Glue crawler reads the lake and writes the catalog.
    Crawler,
    /// Whoever runs the pipeline.
    Runner,
    /// Whoever asks Athena about the published tables.
    Analyst,
}

impl PrincipalKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Export, Self::Crawler, Self::Runner, Self::Analyst];

    /// The word for it, in names, files and reports.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Crawler => "crawler",
            Self::Runner => "runner",
            Self::Analyst => "analyst",
        }
    }
}

impl fmt::Display for PrincipalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Who may take a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusted {
    /// An AWS service.
    Service(&'static str),
    /// These IAM principals, by ARN.
    Arns(Vec<String>),
}

/// One principal of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Which.
    pub kind: PrincipalKind,
    /// The name of its role.
    pub name: String,
    /// The ARN of its role.
    pub arn: String,
    /// Who may take the role.
    pub trusted: Trusted,
    /// What it does, in one sentence.
    pub description: &'static str,
}

impl Pipeline {
    /// The principals of this pipeline: a crawler only in crawler mode.
    #[must_use]
    pub fn principals(&self) -> Vec<Principal> {
        PrincipalKind::ALL
            .into_iter()
            .filter(|kind| {
                *kind != PrincipalKind::Crawler || self.catalog.mode == CatalogMode::Crawler
            })
            .map(|kind| self.principal(kind))
            .collect()
    }

    /// One principal, whether or not this pipeline has it.
    #[must_use]
    pub fn principal(&self, kind: PrincipalKind) -> Principal {
        let (trusted, description) = match kind {
            PrincipalKind::Export => (
                Trusted::Service("export.rds.amazonaws.com"),
                "RDS writes snapshot exports to the lake bucket under this role",
            ),
            PrincipalKind::Crawler => (
                Trusted::Service("glue.amazonaws.com"),
                "The Glue crawler reads exports and registers their tables under this role",
            ),
            PrincipalKind::Runner => (
                Trusted::Arns(self.iam.runners.clone()),
                "Runs the pipeline: snapshot, export, verification, publication, pruning",
            ),
            PrincipalKind::Analyst => (
                Trusted::Arns(self.iam.analysts.clone()),
                "Queries the published tables through Athena",
            ),
        };
        Principal {
            kind,
            name: self.role_name(kind),
            arn: self.role_arn(kind),
            trusted,
            description,
        }
    }
}
