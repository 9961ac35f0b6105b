//! The model: names, ARNs, principals, steps, needs. Pure.
//!
//! Terraform, policies, the permission check, the rehearsal, the run and the report are all read
//! off one [`Pipeline`]; nothing is named twice.

pub mod check;
pub mod cost;
mod document;
mod held;
mod lake_formation;
mod names;
mod need;
mod needs;
mod principal;
mod step;

pub use document::{Document, DocumentKind, Effect, Statement, StatementPrincipal, TooLong};
pub use held::Held;
pub use lake_formation::{LakeGrant, LakePlace};
pub use names::PLACEHOLDER_KEY_ID;
pub use need::{Example, Limit, Need};
pub use principal::{Principal, PrincipalKind, Trusted};
pub use step::Step;

pub use crate::config::{
    Athena, Catalog, CatalogMode, Checks, ColumnPolicy, CostSettings, DataCheck, Engine,
    EngineFamily, Existing, Freshness, IamSettings, JournalPlace, KeyChoice, Lake, LakeFormation,
    Moment, NotifySettings, Registration, RehearsalSource, Retention, SecretSource, SnapshotChoice,
    Source, SourceKind, Stance, TableMaker, TableRef, TypedViews, View, table_names,
};

use crate::config::{Config, ConfigErrors, Settings};
use std::collections::BTreeMap;

/// One pipeline, with every name settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The prefix of every name that the pipeline makes.
    pub name: String,
    /// The twelve digits of its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// The partition of the region: `aws`, `aws-cn`, `aws-us-gov`…
    pub partition: &'static str,
    /// The database to export.
    pub source: Source,
    /// Where the exports go.
    pub lake: Lake,
    /// The Glue database that the tables appear in.
    pub catalog: Catalog,
    /// How Athena reads them.
    pub athena: Athena,
    /// What Lake Formation governs; none where it governs nothing of the pipeline.
    pub lake_formation: Option<LakeFormation>,
    /// The views, each after those that it reads.
    pub views: Vec<View>,
    /// Views that give columns their own types again; none unless asked for.
    pub typed_views: Option<TypedViews>,
    /// What each export has to fulfil before it goes live.
    pub checks: Checks,
    /// What exists already and is used rather than made.
    pub existing: Existing,
    /// How much history is kept.
    pub retention: Retention,
    /// Tags of everything that the pipeline makes, besides its own.
    pub tags: BTreeMap<String, String>,
    /// Where roles and policies live, and what bounds them.
    pub iam: IamSettings,
    /// What `snaplake cost` reckons with.
    pub cost: CostSettings,
    /// Where the journals of runs are.
    pub journal: JournalPlace,
    /// Who is told of a run's start and end.
    pub notify: NotifySettings,
    /// What a rehearsal reads instead of the production database.
    pub rehearsal: Option<RehearsalSource>,
}

impl Pipeline {
    /// The one pipeline of a configuration.
    ///
    /// # Errors
    ///
    /// The configuration has several, and one has to be chosen by name: [`Config::select`].
    pub fn from_config(config: &Config) -> Result<Self, ConfigErrors> {
        Ok(Self::from(config.select(None)?))
    }

    /// Whether runs make views: those of the configuration, or typed ones.
    #[must_use]
    pub fn makes_views(&self) -> bool {
        !self.views.is_empty() || self.typed_views.is_some()
    }

    /// The names of the live tables that Terraform makes, sorted; empty where runs make them.
    #[must_use]
    pub fn terraform_tables(&self) -> Vec<String> {
        if self.catalog.tables == TableMaker::Run {
            return Vec::new();
        }
        let names = table_names(self.source.engine.family(), &self.source.tables);
        let mut names: Vec<String> = names.into_values().collect();
        names.sort();
        names
    }

    /// Every pipeline of a configuration, in its order.
    #[must_use]
    pub fn all(config: &Config) -> Vec<Self> {
        config.pipelines.iter().map(Self::from).collect()
    }
}

impl From<&Settings> for Pipeline {
    fn from(settings: &Settings) -> Self {
        let settings = settings.clone();
        Self {
            partition: crate::config::partition(&settings.region),
            name: settings.name,
            account: settings.account,
            region: settings.region,
            source: settings.source,
            lake: settings.lake,
            catalog: settings.catalog,
            athena: settings.athena,
            lake_formation: settings.lake_formation,
            views: settings.views,
            typed_views: settings.typed_views,
            checks: settings.checks,
            existing: settings.existing,
            retention: settings.retention,
            tags: settings.tags,
            iam: settings.iam,
            cost: settings.cost,
            journal: settings.journal,
            notify: settings.notify,
            rehearsal: settings.rehearsal,
        }
    }
}
