//! What the file means, after defaults and checks: every value here is one that AWS would take.

use std::collections::BTreeMap;
use std::fmt;

/// The settings of one pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The prefix of every name that the pipeline makes: roles, policies, crawler, export tasks.
    pub name: String,
    /// The twelve digits of the account that the pipeline lives in.
    pub account: String,
    /// The region of the database, the bucket, the key and the catalog.
    pub region: String,
    /// The database to export.
    pub source: Source,
    /// Where the exports go.
    pub lake: Lake,
    /// The Glue database that the tables appear in.
    pub catalog: Catalog,
    /// How Athena reads them.
    pub athena: Athena,
    /// What Lake Formation governs; none where it governs nothing of the pipeline.
    pub lake_formation: Option<super::LakeFormation>,
    /// The views, in the order in which they can be created: each after those that it reads.
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
    pub cost: super::CostSettings,
    /// Where the journals of runs are.
    pub journal: super::JournalPlace,
    /// Who is told of a run's start and end.
    pub notify: super::NotifySettings,
    /// What a rehearsal reads instead of the production database.
    pub rehearsal: Option<RehearsalSource>,
}

/// A database engine whose snapshots RDS exports to S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    /// RDS for MySQL.
    MySql,
    /// RDS for MariaDB.
    MariaDb,
    /// RDS for PostgreSQL.
    Postgres,
    /// Aurora MySQL.
    AuroraMySql,
    /// Aurora PostgreSQL.
    AuroraPostgres,
}

/// What engines have in common when it comes to names, types and the forms of `ExportOnly`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EngineFamily {
    /// MySQL, MariaDB and Aurora MySQL: a schema is a database.
    MySql,
    /// PostgreSQL and Aurora PostgreSQL: databases hold schemas, which hold tables.
    Postgres,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 5] =
        [Self::MySql, Self::MariaDb, Self::Postgres, Self::AuroraMySql, Self::AuroraPostgres];

    /// The name that RDS and the configuration use: `aurora-postgresql`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
            Self::Postgres => "postgres",
            Self::AuroraMySql => "aurora-mysql",
            Self::AuroraPostgres => "aurora-postgresql",
        }
    }

    /// The family that the engine's dialect belongs to.
    #[must_use]
    pub fn family(self) -> EngineFamily {
        match self {
            Self::MySql | Self::MariaDb | Self::AuroraMySql => EngineFamily::MySql,
            Self::Postgres | Self::AuroraPostgres => EngineFamily::Postgres,
        }
    }

    /// Whether this is Aurora, whose snapshots are always a cluster's.
    #[must_use]
    pub fn is_aurora(self) -> bool {
        matches!(self, Self::AuroraMySql | Self::AuroraPostgres)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The database to export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The engine.
    pub engine: Engine,
    /// The DB instance or the cluster.
    pub kind: SourceKind,
    /// Which snapshot to export.
    pub snapshot: SnapshotChoice,
    /// The database inside the instance or cluster.
    pub database: String,
    /// The tables to export; empty means all of the database's.
    pub tables: Vec<TableRef>,
}

/// A DB instance or a DB cluster, by its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// An Aurora or Multi-AZ DB cluster.
    Cluster(String),
    /// A DB instance.
    Instance(String),
}

impl SourceKind {
    /// The identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Cluster(id) | Self::Instance(id) => id,
        }
    }

    /// Whether it is a cluster.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }
}

/// Which snapshot a run exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotChoice {
    /// The newest one that RDS made by itself.
    LatestAutomated,
    /// The newest one that a person or a program made.
    LatestManual,
    /// A new one, made by the run and deleted by it when its export is pruned.
    Create,
    /// This one.
    Arn(String),
}

/// A table of the source database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableRef {
    /// The database.
    pub database: String,
    /// The schema; MySQL's is the database.
    pub schema: String,
    /// The table's own name.
    pub name: String,
}

impl TableRef {
    /// The table as `ExportOnly` of `StartExportTask` wants it: `db.table` for MySQL's family,
    /// `db.schema.table` for PostgreSQL's.
    ///
    /// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartExportTask.html>
    #[must_use]
    pub fn export_only(&self, family: EngineFamily) -> String {
        match family {
            EngineFamily::MySql => format!("{}.{}", self.database, self.name),
            EngineFamily::Postgres => {
                format!("{}.{}.{}", self.database, self.schema, self.name)
            }
        }
    }

    /// The folder under an export's own prefix that holds the table's files:
    /// `<database>/<schema>.<table>`.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{}/{}.{}", self.database, self.schema, self.name)
    }
}

impl fmt::Display for TableRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// Where the exports go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lake {
    /// The bucket.
    pub bucket: String,
    /// The key prefix of all exports, without slashes at either end; never empty.
    pub prefix: String,
    /// The KMS key that everything in the bucket is encrypted with.
    pub key: KeyChoice,
}

/// The KMS key of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChoice {
    /// Terraform makes one.
    Create,
    /// The ARN of one that exists.
    Existing(String),
}

/// The Glue database that the tables appear in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// The live database.
    pub database: String,
    /// How tables get into it.
    pub mode: CatalogMode,
    /// In history mode: the column that holds the date of the snapshot.
    pub partition: String,
    /// In history mode: the time zone in which that date is taken, by its IANA name.
    pub time_zone: String,
    /// What may change in the columns of a live table.
    pub columns: ColumnPolicy,
    /// Who makes the live tables.
    pub tables: TableMaker,
}

/// Who makes the live tables. What they show is always the runs' to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableMaker {
    /// Runs, as exports have them.
    Run,
    /// Terraform, by name; runs fill them.
    Terraform,
}

/// What may change in the columns of a live table when an export goes live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnPolicy {
    /// Columns that the live table lacks.
    pub new: Stance,
    /// Columns that only the live table has.
    pub dropped: Stance,
    /// Columns whose type is another.
    pub changed: Stance,
}

/// How a change is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// Nothing is said of it but in the report.
    Allow,
    /// It goes live with a warning.
    Warn,
    /// Nothing of the export goes live.
    Refuse,
}

/// How tables get into the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogMode {
    /// The run registers them from the export's own manifests.
    Direct,
    /// A Glue crawler finds them.
    Crawler,
    /// The run registers them, and each export is a partition of its own: by its snapshot's date.
    History,
}

/// How Athena reads the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Athena {
    /// The workgroup.
    pub workgroup: String,
    /// The most that one query may scan, in bytes; at least 10,000,000.
    pub scan_limit: u64,
    /// The key prefix of the results, without slashes at either end.
    pub results: String,
}

/// A view in the live database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: String,
    /// One `SELECT` or `WITH` statement without a semicolon.
    pub sql: String,
}

/// Views that give columns their own types again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedViews {
    /// What the view's name has behind the table's.
    pub suffix: String,
    /// The type of PostgreSQL's `numeric` columns: `decimal(38,9)`.
    pub numeric: String,
}

/// What each export has to fulfil before it goes live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// Queries that must return no rows.
    pub queries: Vec<DataCheck>,
    /// How old the newest rows may be.
    pub freshness: Vec<Freshness>,
    /// How much the rows of a table may change, in percent; none for no bound.
    pub row_change: Option<u32>,
    /// The same for single tables, by their names in the catalog.
    pub row_change_of: BTreeMap<String, Option<u32>>,
}

impl Checks {
    /// Whether there is nothing to check.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty() && self.freshness.is_empty() && !self.bounds_rows()
    }

    /// Whether the rows of any table are bound.
    #[must_use]
    pub fn bounds_rows(&self) -> bool {
        self.row_change.is_some() || self.row_change_of.values().any(Option::is_some)
    }

    /// How much the rows of a table may change, in percent; none for no bound.
    #[must_use]
    pub fn row_change(&self, table: &str) -> Option<u32> {
        self.row_change_of.get(table).copied().unwrap_or(self.row_change)
    }
}

/// A query that must return no rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataCheck {
    /// Its name.
    pub name: String,
    /// One `SELECT` or `WITH` statement without a semicolon.
    pub sql: String,
}

/// How old the newest row of a table may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// The table, by its name in the catalog.
    pub table: String,
    /// A column with dates or timestamps.
    pub column: String,
    /// How old its greatest value may be, in seconds.
    pub max_age: u64,
}

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How many exports stay in the bucket, the live one included; at least 1.
    pub exports: u32,
}

/// Where roles and policies live, and what bounds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamSettings {
    /// The path of roles and policies: starts and ends with a slash.
    pub path: String,
    /// The ARN of the policy that bounds every role.
    pub permissions_boundary: Option<String>,
    /// Who may take the runner's role: ARNs of roles, users, or of the account's root.
    pub runners: Vec<String>,
    /// Who may take the analyst's role, likewise.
    pub analysts: Vec<String>,
    /// Whether conditions are set that AWS's services are expected, but not documented, to meet:
    /// `aws:SourceArn` and `aws:SourceAccount` in the trust of service roles, and
    /// `iam:PassedToService` where the export role is passed.
    pub confused_deputy_conditions: bool,
}

/// What exists already and is used rather than made. The lake's key is chosen by [`KeyChoice`].
#[expect(clippy::struct_excessive_bools, reason = "each speaks of a resource of its own")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Existing {
    /// Whether the bucket exists.
    pub bucket: bool,
    /// The twelve digits of the account that owns the bucket, where it is not the pipeline's.
    pub bucket_account: Option<String>,
    /// Whether the live Glue database exists.
    pub database: bool,
    /// Whether the staging Glue database exists.
    pub staging_database: bool,
    /// Whether the workgroup exists.
    pub workgroup: bool,
    /// The ARN of the role under which RDS writes exports.
    pub export_role: Option<String>,
    /// The ARN of the crawler's role.
    pub crawler_role: Option<String>,
    /// The ARN of the role that runs the pipeline.
    pub runner_role: Option<String>,
    /// The ARN of the role that queries the tables.
    pub analyst_role: Option<String>,
}

/// What a rehearsal reads instead of the production database.
#[derive(Clone, PartialEq, Eq)]
pub struct RehearsalSource {
    /// `sqlite:FILE`, relative to the configuration file, `postgres://…` or `mysql://…`. It may hold a
    /// password.
    pub url: String,
}

/// Without what may be a password.
impl fmt::Debug for RehearsalSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("RehearsalSource").field("url", &format!("{scheme}:…")).finish()
    }
}
