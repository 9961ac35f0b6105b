//! What may be written in `snaplake.toml`. The parser, the JSON Schema and the reference page are
//! all read off these tables.

mod data;
mod lake_formation;
mod operations;

use super::rules::{self, Rule};

/// A table of the file.
pub(super) struct Section {
    /// What it is about, in one sentence.
    pub doc: &'static str,
    /// What may stand in it.
    pub keys: &'static [&'static [Key]],
    /// Groups of keys of which exactly one must be given.
    pub one_of: &'static [&'static [&'static str]],
}

/// A key of a table.
pub(super) struct Key {
    /// The key.
    pub name: &'static str,
    /// What stands behind it.
    pub shape: Shape,
    /// What happens when it is left out.
    pub absent: Absent,
    /// What it means, in a sentence or two.
    pub doc: &'static str,
    /// A value, in TOML.
    pub example: &'static str,
}

/// What happens when a key is left out.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    /// That is an error.
    Refused,
    /// Nothing.
    Fine,
    /// It means this text.
    Text(&'static str),
    /// It means this number.
    Number(i64),
    /// It means `false`.
    False,
    /// It means something that depends on other keys, as the words say.
    Derived(&'static str),
}

/// What stands behind a key.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Text.
    Text(&'static Rule),
    /// One of these words, or text that follows the rule.
    Choice {
        /// The words.
        words: &'static [&'static str],
        /// What else may stand there.
        or: Option<&'static Rule>,
    },
    /// A whole number.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// `true` or `false`.
    Switch,
    /// A list of texts.
    Texts(&'static Rule),
    /// Keys of the user's own.
    Map {
        /// What the keys must be.
        key: &'static Rule,
        /// What the values must be.
        value: &'static Rule,
        /// How many there may be.
        max: usize,
    },
    /// A table.
    Table(&'static Section),
    /// A list of tables.
    Tables(&'static Section),
}

impl Section {
    /// Every key of the table.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().copied().flatten()
    }

    /// One key of the table.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// The whole file.
pub(super) static FILE: Section = Section {
    doc: "A pipeline, or several: what stands outside `[[pipelines]]` then holds for each of them \
          that does not say otherwise.",
    keys: &[
        &PIPELINE_KEYS,
        &lake_formation::KEYS,
        &operations::KEYS,
        &[Key {
            name: "pipelines",
            shape: Shape::Tables(&PIPELINE),
            absent: Absent::Fine,
            doc: "Several pipelines in one file. Each has a name of its own, and its keys take \
                  the place of the file's.",
            example: "",
        }],
    ],
    one_of: &[],
};

/// One pipeline.
pub(super) static PIPELINE: Section = Section {
    doc: "One pipeline.",
    keys: &[&PIPELINE_KEYS, &lake_formation::KEYS, &operations::KEYS],
    one_of: &[],
};

static PIPELINE_KEYS: [Key; 17] = [
    Key {
        name: "name",
        shape: Shape::Text(&rules::NAME),
        absent: Absent::Refused,
        doc: "The prefix of every name that the pipeline makes: roles, policies, crawler, \
              snapshots, exports.",
        example: "\"shop\"",
    },
    Key {
        name: "account",
        shape: Shape::Text(&rules::ACCOUNT),
        absent: Absent::Refused,
        doc: "The id of the AWS account that the database and the lake are in.",
        example: "\"123456789012\"",
    },
    Key {
        name: "region",
        shape: Shape::Text(&rules::REGION),
        absent: Absent::Refused,
        doc: "The region of the database; the bucket, the key and the catalog are in the same one, \
              as exports demand. The partition follows from it.",
        example: "\"ap-northeast-1\"",
    },
    Key {
        name: "source",
        shape: Shape::Table(&SOURCE),
        absent: Absent::Refused,
        doc: "The database to export.",
        example: "",
    },
    Key {
        name: "lake",
        shape: Shape::Table(&LAKE),
        absent: Absent::Refused,
        doc: "Where the exports go.",
        example: "",
    },
    Key {
        name: "catalog",
        shape: Shape::Table(&CATALOG),
        absent: Absent::Fine,
        doc: "The Glue database that the tables appear in.",
        example: "",
    },
    Key {
        name: "athena",
        shape: Shape::Table(&ATHENA),
        absent: Absent::Fine,
        doc: "How Athena reads the lake.",
        example: "",
    },
    Key {
        name: "views",
        shape: Shape::Tables(&data::VIEW),
        absent: Absent::Fine,
        doc: "Views to create over the published tables, in any order.",
        example: "",
    },
    Key {
        name: "typed_views",
        shape: Shape::Table(&data::TYPED_VIEWS),
        absent: Absent::Fine,
        doc: "Views that give columns their own types again, where an export holds text or bytes.",
        example: "",
    },
    Key {
        name: "verify",
        shape: Shape::Table(&data::VERIFY),
        absent: Absent::Fine,
        doc: "Bounds on how much an export may differ from what is live.",
        example: "",
    },
    Key {
        name: "checks",
        shape: Shape::Tables(&data::CHECK),
        absent: Absent::Fine,
        doc: "Queries over each new export, before anything of it goes live, that must return no rows.",
        example: "",
    },
    Key {
        name: "freshness",
        shape: Shape::Tables(&data::FRESHNESS),
        absent: Absent::Fine,
        doc: "How old the newest row of a table may be when its export goes live.",
        example: "",
    },
    Key {
        name: "existing",
        shape: Shape::Table(&EXISTING),
        absent: Absent::Fine,
        doc: "What exists already and is used rather than made.",
        example: "",
    },
    Key {
        name: "retention",
        shape: Shape::Table(&RETENTION),
        absent: Absent::Fine,
        doc: "How much history is kept.",
        example: "",
    },
    Key {
        name: "tags",
        shape: Shape::Map { key: &rules::TAG_KEY, value: &rules::TAG_VALUE, max: 45 },
        absent: Absent::Fine,
        doc: "Tags of everything that the pipeline makes. AWS takes 50 on a resource; some are \
              kept for the pipeline's own.",
        example: "{ team = \"data\" }",
    },
    Key {
        name: "iam",
        shape: Shape::Table(&IAM),
        absent: Absent::Fine,
        doc: "Where roles and policies live, who may take them, and what bounds them.",
        example: "",
    },
    Key {
        name: "rehearsal",
        shape: Shape::Table(&REHEARSAL),
        absent: Absent::Fine,
        doc: "What a rehearsal reads instead of the production database.",
        example: "",
    },
];

static SOURCE: Section = Section {
    doc: "The database to export.",
    keys: &[&[
        Key {
            name: "engine",
            shape: Shape::Choice {
                words: &["mysql", "mariadb", "postgres", "aurora-mysql", "aurora-postgresql"],
                or: None,
            },
            absent: Absent::Refused,
            doc: "The database engine, by RDS's name for it.",
            example: "\"aurora-mysql\"",
        },
        Key {
            name: "cluster",
            shape: Shape::Text(&rules::RDS_IDENTIFIER),
            absent: Absent::Fine,
            doc: "The identifier of the DB cluster: Aurora, or Multi-AZ with two readable standbys.",
            example: "\"shop-production\"",
        },
        Key {
            name: "instance",
            shape: Shape::Text(&rules::RDS_IDENTIFIER),
            absent: Absent::Fine,
            doc: "The identifier of the DB instance.",
            example: "\"shop-production\"",
        },
        Key {
            name: "snapshot",
            shape: Shape::Choice {
                words: &["latest-automated", "latest-manual", "create"],
                or: Some(&rules::SNAPSHOT_ARN),
            },
            absent: Absent::Text("latest-automated"),
            doc: "Which snapshot a run exports: the newest automated or manual one, one that the \
                  run makes, or the one with this ARN.",
            example: "\"create\"",
        },
        Key {
            name: "database",
            shape: Shape::Text(&rules::DATABASE),
            absent: Absent::Refused,
            doc: "The database inside the instance or cluster.",
            example: "\"shop\"",
        },
        Key {
            name: "tables",
            shape: Shape::Texts(&rules::TABLE),
            absent: Absent::Derived("all tables of the database"),
            doc: "The tables to export: `database.table` (or `table`) for MySQL and MariaDB, \
                  `database.schema.table` (or `schema.table`) for PostgreSQL.",
            example: "[\"shop.customers\", \"shop.orders\"]",
        },
    ]],
    one_of: &[&["cluster", "instance"]],
};

static LAKE: Section = Section {
    doc: "Where the exports go.",
    keys: &[&[
        Key {
            name: "bucket",
            shape: Shape::Text(&rules::BUCKET),
            absent: Absent::Refused,
            doc: "The bucket. Its access logs go to a second one, `<bucket>-logs`.",
            example: "\"example-shop-lake\"",
        },
        Key {
            name: "prefix",
            shape: Shape::Text(&rules::PREFIX),
            absent: Absent::Text("exports"),
            doc: "The folder of the bucket that exports are written under.",
            example: "\"rds/exports\"",
        },
        Key {
            name: "key",
            shape: Shape::Choice { words: &["create"], or: Some(&rules::KEY_ARN) },
            absent: Absent::Text("create"),
            doc: "The KMS key that everything in the bucket is encrypted with: one that Terraform \
                  makes, or the one with this ARN.",
            example: "\"arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\"",
        },
    ]],
    one_of: &[],
};

static CATALOG: Section = Section {
    doc: "The Glue database that the tables appear in.",
    keys: &[&[
        Key {
            name: "database",
            shape: Shape::Text(&rules::GLUE_DATABASE),
            absent: Absent::Derived("the name, with `_` for `-`"),
            doc: "The Glue database. A second one, `<database>_staging`, holds exports under test.",
            example: "\"shop_lake\"",
        },
        Key {
            name: "mode",
            shape: Shape::Choice { words: &["direct", "crawler", "history"], or: None },
            absent: Absent::Text("direct"),
            doc: "How tables get into the catalog: registered from the export's own manifests \
                  (`direct`), found by a Glue crawler (`crawler`), or registered with each export as \
                  a partition of its own, by the date of its snapshot (`history`).",
            example: "\"crawler\"",
        },
        Key {
            name: "partition",
            shape: Shape::Text(&rules::COLUMN),
            absent: Absent::Text("snapshot_date"),
            doc: "With `mode = \"history\"`: the column that holds the date of the snapshot.",
            example: "\"exported_on\"",
        },
        Key {
            name: "time_zone",
            shape: Shape::Text(&rules::TIME_ZONE),
            absent: Absent::Text("UTC"),
            doc: "With `mode = \"history\"`: the time zone in which a snapshot's date is taken.",
            example: "\"Asia/Tokyo\"",
        },
        Key {
            name: "new_columns",
            shape: Shape::Choice { words: &["allow", "warn", "refuse"], or: None },
            absent: Absent::Text("allow"),
            doc: "What happens when an export has a column that the live table lacks: it goes live, \
                  it goes live with a warning, or nothing of the export goes live.",
            example: "\"warn\"",
        },
        Key {
            name: "dropped_columns",
            shape: Shape::Choice { words: &["allow", "warn", "refuse"], or: None },
            absent: Absent::Text("warn"),
            doc: "What happens when an export lacks a column that the live table has, likewise.",
            example: "\"refuse\"",
        },
        Key {
            name: "changed_columns",
            shape: Shape::Choice { words: &["allow", "warn", "refuse"], or: None },
            absent: Absent::Text("warn"),
            doc: "What happens when a column has another type than in the live table, likewise. With \
                  `mode = \"history\"` that is always refused: Athena reads no table whose partitions \
                  disagree on a type.",
            example: "\"refuse\"",
        },
        Key {
            name: "tables",
            shape: Shape::Choice { words: &["run", "terraform"], or: None },
            absent: Absent::Text("run"),
            doc: "Who makes the live tables: runs, or Terraform, which makes those that `tables` \
                  lists. Runs fill them either way, and that is no drift.",
            example: "\"terraform\"",
        },
    ]],
    one_of: &[],
};

static ATHENA: Section = Section {
    doc: "How Athena reads the lake.",
    keys: &[&[
        Key {
            name: "workgroup",
            shape: Shape::Text(&rules::WORKGROUP),
            absent: Absent::Derived("the name"),
            doc: "The workgroup that queries run in. Its settings override the client's.",
            example: "\"analytics\"",
        },
        Key {
            name: "scan_limit",
            shape: Shape::Text(&rules::SCAN_LIMIT),
            absent: Absent::Text("1 TB"),
            doc: "The most that one query may scan before Athena cancels it.",
            example: "\"100 GB\"",
        },
        Key {
            name: "results",
            shape: Shape::Text(&rules::RESULTS),
            absent: Absent::Derived(
                "`athena-results`, and `athena-results/<name>` in a bucket that exists",
            ),
            doc: "The folder of the bucket that results are written under. Whoever queries can read \
                  what is in it.",
            example: "\"query-results/shop\"",
        },
    ]],
    one_of: &[],
};

static EXISTING: Section = Section {
    doc: "What exists already and is used rather than made. Terraform leaves it alone; what its owner \
          has to add is written to `policies/owner`. For the key, write its ARN under `lake`.",
    keys: &[&[
        Key {
            name: "bucket",
            shape: Shape::Switch,
            absent: Absent::False,
            doc: "Whether the bucket that `lake` names exists. Its access logs, versions and lifecycle are \
                  then its owner's.",
            example: "true",
        },
        Key {
            name: "bucket_account",
            shape: Shape::Text(&rules::ACCOUNT),
            absent: Absent::Derived("the pipeline's account"),
            doc: "The account that owns the bucket.",
            example: "\"210987654321\"",
        },
        Key {
            name: "database",
            shape: Shape::Switch,
            absent: Absent::False,
            doc: "Whether the Glue database that `catalog` names exists.",
            example: "true",
        },
        Key {
            name: "staging_database",
            shape: Shape::Switch,
            absent: Absent::False,
            doc: "Whether the Glue database `<database>_staging` exists.",
            example: "true",
        },
        Key {
            name: "workgroup",
            shape: Shape::Switch,
            absent: Absent::False,
            doc: "Whether the workgroup that `athena` names exists. It must write where this pipeline's \
                  results go.",
            example: "true",
        },
        Key {
            name: "export_role",
            shape: Shape::Text(&rules::ROLE_ARN),
            absent: Absent::Derived("a role that Terraform makes"),
            doc: "The ARN of the role under which RDS writes exports.",
            example: "\"arn:aws:iam::123456789012:role/rds-export\"",
        },
        Key {
            name: "crawler_role",
            shape: Shape::Text(&rules::ROLE_ARN),
            absent: Absent::Derived("a role that Terraform makes"),
            doc: "The ARN of the role under which the Glue crawler works.",
            example: "\"arn:aws:iam::123456789012:role/glue-crawler\"",
        },
        Key {
            name: "runner_role",
            shape: Shape::Text(&rules::ROLE_ARN),
            absent: Absent::Derived("a role that Terraform makes"),
            doc: "The ARN of the role that runs the pipeline.",
            example: "\"arn:aws:iam::123456789012:role/ci\"",
        },
        Key {
            name: "analyst_role",
            shape: Shape::Text(&rules::ROLE_ARN),
            absent: Absent::Derived("a role that Terraform makes"),
            doc: "The ARN of the role that queries the tables.",
            example: "\"arn:aws:iam::123456789012:role/analyst\"",
        },
    ]],
    one_of: &[],
};

static RETENTION: Section = Section {
    doc: "How much history is kept.",
    keys: &[&[Key {
        name: "exports",
        shape: Shape::Number { min: 1, max: 1000 },
        absent: Absent::Number(3),
        doc: "How many exports stay in the bucket, the live one included. What is live is never \
              deleted, and a rollback can go back as far as exports are kept.",
        example: "7",
    }]],
    one_of: &[],
};

static IAM: Section = Section {
    doc: "Where roles and policies live, who may take them, and what bounds them.",
    keys: &[&[
        Key {
            name: "path",
            shape: Shape::Text(&rules::IAM_PATH),
            absent: Absent::Text("/"),
            doc: "The path of the roles and policies.",
            example: "\"/snaplake/\"",
        },
        Key {
            name: "permissions_boundary",
            shape: Shape::Text(&rules::BOUNDARY_ARN),
            absent: Absent::Fine,
            doc: "The ARN of the policy that bounds every role.",
            example: "\"arn:aws:iam::123456789012:policy/boundary\"",
        },
        Key {
            name: "runners",
            shape: Shape::Texts(&rules::PRINCIPAL_ARN),
            absent: Absent::Derived("whoever the account lets"),
            doc: "Who may take the role that runs the pipeline.",
            example: "[\"arn:aws:iam::123456789012:role/ci\"]",
        },
        Key {
            name: "analysts",
            shape: Shape::Texts(&rules::PRINCIPAL_ARN),
            absent: Absent::Derived("whoever the account lets"),
            doc: "Who may take the role that queries the tables.",
            example: "[\"arn:aws:iam::123456789012:role/analysts\"]",
        },
        Key {
            name: "confused_deputy_conditions",
            shape: Shape::Switch,
            absent: Absent::False,
            doc: "Whether to set conditions that AWS does not document its export service and \
                  crawlers to meet: `aws:SourceArn` and `aws:SourceAccount` in the trust of their \
                  roles, and `iam:PassedToService` where the export role is passed.",
            example: "true",
        },
    ]],
    one_of: &[],
};

static REHEARSAL: Section = Section {
    doc: "What a rehearsal reads instead of the production database.",
    keys: &[&[Key {
        name: "source",
        shape: Shape::Text(&rules::REHEARSAL_URL),
        absent: Absent::Refused,
        doc: "`sqlite:<file>`, relative to the configuration file, whose tables are read as the \
              source's engine; or a server of that engine, `postgres://<user>@<host>/<database>` or \
              `mysql://<user>@<host>/<database>` (also `postgresql:` and `mariadb:`). To PostgreSQL, `sslmode` and \
              `sslrootcert` say how it is encrypted, as with libpq; to the others nothing is. A \
              password comes from `PGPASSWORD` or `MYSQL_PWD`; in the URL it works but is readable \
              here. All connections read one snapshot, taken when the rehearsal begins.",
        example: "\"sqlite:shop.db\"",
    }]],
    one_of: &[],
};
