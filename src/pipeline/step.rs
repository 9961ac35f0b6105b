//! What a pipeline does, in order.

use std::fmt;

/// A step of a run, or something that is done to the pipeline besides its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Look before acting: identity, source, key, bucket, catalog, workgroup.
    Preflight,
    /// Choose or make the snapshot.
    Snapshot,
    /// Start the export task, or adopt one that is already under way.
    Export,
    /// Wait until the export has ended.
    Await,
    /// Register the export's tables in the staging database, from its manifests.
    Register,
    /// Have the crawler register the export's tables in the staging database.
    Crawl,
    /// Reconcile manifests, objects, Parquet footers, catalog and queries.
    Verify,
    /// Create the views in the staging database and run them.
    StageViews,
    /// Run the configuration's checks on what is staged.
    Checks,
    /// Point the live tables at the verified export.
    Publish,
    /// Create or replace the views of the live database.
    Views,
    /// Empty the staging database.
    CleanUp,
    /// Delete exports past retention, and the snapshots that runs made for them.
    Prune,
    /// Tell people how it went.
    Notify,
    /// Write the report.
    Report,
    /// Point live tables back at the previous export.
    Rollback,
    /// Cancel an export or stop a query that is no longer wanted.
    Cancel,
    /// See what is live and what happened: `status`, `runs`, `verify`.
    LookAround,
    /// An analyst's query.
    Query,
}

impl Step {
    /// Every step: those of a run in their order, then the others.
    pub const ALL: [Self; 19] = [
        Self::Preflight,
        Self::Snapshot,
        Self::Export,
        Self::Await,
        Self::Register,
        Self::Crawl,
        Self::Verify,
        Self::StageViews,
        Self::Checks,
        Self::Publish,
        Self::Views,
        Self::CleanUp,
        Self::Prune,
        Self::Notify,
        Self::Report,
        Self::Rollback,
        Self::Cancel,
        Self::LookAround,
        Self::Query,
    ];

    /// The word for it in journals, reports and statement ids: `stage-views`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Snapshot => "snapshot",
            Self::Export => "export",
            Self::Await => "await",
            Self::Register => "register",
            Self::Crawl => "crawl",
            Self::Verify => "verify",
            Self::StageViews => "stage-views",
            Self::Checks => "checks",
            Self::Publish => "publish",
            Self::Views => "views",
            Self::CleanUp => "clean-up",
            Self::Prune => "prune",
            Self::Notify => "notify",
            Self::Report => "report",
            Self::Rollback => "rollback",
            Self::Cancel => "cancel",
            Self::LookAround => "look-around",
            Self::Query => "query",
        }
    }

    /// What it does, for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Preflight => "look before acting",
            Self::Snapshot => "choose or make the snapshot",
            Self::Export => "start the export",
            Self::Await => "wait for the export",
            Self::Register => "register the tables for a check",
            Self::Crawl => "crawl the tables for a check",
            Self::Verify => "verify the export",
            Self::StageViews => "try the views",
            Self::Checks => "check the data",
            Self::Publish => "publish the tables",
            Self::Views => "publish the views",
            Self::CleanUp => "empty the staging database",
            Self::Prune => "delete exports past retention",
            Self::Notify => "tell people how it went",
            Self::Report => "write the report",
            Self::Rollback => "roll tables back",
            Self::Cancel => "cancel an export or a query",
            Self::LookAround => "look at what is live",
            Self::Query => "query the published tables",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
